"""Weights that ultralytics publishes, by name: fetched once, where a network allows it.

Nothing is fetched unless a person names such weights.
"""

from __future__ import annotations

import re
import shutil
import urllib.error
import urllib.request
import uuid
import zipfile
from http.client import HTTPException
from pathlib import Path

from tracking.errors import TrackingError
from tracking.networks import door

NAME = re.compile(r"yolo(v8|9|v9|11|12|26|\d{2})[a-z]-seg\.pt")
WAIT_S = 10.0
LEAST_BYTES = 100_000


def is_published(name: str) -> bool:
    """Whether a name has the form of weights that ultralytics publishes.

    >>> is_published("yolo11n-seg.pt"), is_published("mice.pt")
    (True, False)
    """
    return NAME.fullmatch(name) is not None


def fetch(name: str, folder: Path | None = None, address: str | None = None) -> Path:
    """The whole file of published weights, from ``folder`` if it was fetched before."""
    place = folder or Path.home() / ".cache" / "ethoscribe" / "weights"
    file = place / name
    if zipfile.is_zipfile(file):  # which a file of weights that broke off is not
        return file
    known = {name: address} if address else door.published()
    if name not in known:
        raise TrackingError(
            f"ultralytics publishes no weights called {name}. It has: {', '.join(known)}."
        )
    draft = place / f".{name}.{uuid.uuid4().hex}.part"  # others may fetch it now, too
    try:
        place.mkdir(parents=True, exist_ok=True)
        with urllib.request.urlopen(known[name], timeout=WAIT_S) as answer, draft.open("wb") as out:
            shutil.copyfileobj(answer, out)
        _check_whole(draft, answer.headers.get("Content-Length"))
    except (OSError, ValueError, HTTPException) as error:
        draft.unlink(missing_ok=True)
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise TrackingError(
            f"{name} cannot be fetched from {known[name]} ({reason}). Get it on a computer with a "
            "network and give the file: --weights FILE"
        ) from error
    draft.replace(file)
    return file


def _check_whole(draft: Path, promised: str | None) -> None:
    """OSError if less came than was promised, or something else than weights."""
    size = draft.stat().st_size
    if promised is not None and size != int(promised):
        raise OSError(f"it broke off after {size} of {promised} bytes")
    if size < LEAST_BYTES or not zipfile.is_zipfile(draft):
        raise OSError("what came is no whole file of weights")
