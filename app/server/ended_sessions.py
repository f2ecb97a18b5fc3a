"""The sessions that somebody has signed out of, kept until they would have ended anyway.

They lie in the study's folder, so that a copy of a cookie is worth nothing after a new start of
the server either. What is kept are their numbers, which make no cookie.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from app.errors import AppError

FILE = "signed_out.json"
_lock = threading.Lock()
_seen: dict[Path, tuple[tuple[int, ...], dict[str, float]]] = {}  # by file: its state, what it says


def ended_sessions(study: Path) -> Mapping[str, float]:
    """Numbers of the sessions that have ended, each with the time until which it is kept."""
    file = study / FILE
    try:
        found = file.stat()
    except FileNotFoundError:
        return {}
    state = (found.st_mtime_ns, found.st_size, found.st_ino)
    seen = _seen.get(file)
    if seen is None or seen[0] != state:
        seen = _seen[file] = (state, _read(file))
    return seen[1]


def end(study: Path, number: str, until: float) -> None:
    """Write down that a session has ended; those that time has ended are left out."""
    with _lock:
        now = time.time()
        kept = {one: when for one, when in ended_sessions(study).items() if when > now}
        kept[number] = until
        draft = study / f".{FILE}.{secrets.token_hex(4)}"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(kept, file)
            draft.replace(study / FILE)
        finally:
            draft.unlink(missing_ok=True)


def _read(file: Path) -> dict[str, float]:
    try:
        told = json.loads(file.read_text("utf-8"))
        return {str(number): float(until) for number, until in told.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise AppError(
            f"{file} is not readable. Delete it, and {file.with_name('sign_in.key').name} too: "
            "everybody then signs in anew."
        ) from error
