"""BENTO's and MARS' annotations (.annot): bouts by channel and behaviour, in s or in frames."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from storage.readers.files import Head, numbers_of, read_text
from storage.readers.poses import rate_of
from storage.readers.scored import FRAMES, SECONDS, Bouts, Recording, checked, table

NAME, TITLE, GIVES = "bento", "BENTO", "bouts"
KINDS = ("text",)  # of files
FILES = ".annot"
_CHANNEL = re.compile(r"(?P<name>\S+?)-{4,}$")
_Block = tuple[str, str, list[list[str]]]  # channel, behaviour, cells of its rows


def looks_like(head: Head) -> bool:
    """Whether a file holds annotations of BENTO."""
    return any(line.strip() == "Bento annotation file" for line in head.lines[:3])


def read(path: Path) -> Bouts:
    """Read all channels; the last frame of a bout is in it, as the durations say."""
    lines = [line.strip() for line in read_text(path).splitlines()]
    said = {
        name.strip(): value.strip()
        for name, mark, value in (line.partition(":") for line in lines[:12]) if mark
    }  # fmt: skip
    rate = rate_of(float(said["Annotation framerate"]))
    if rate is None:
        raise ValueError(f"its frame rate is {said['Annotation framerate']}")
    blocks = _blocks(lines)
    known = _listed(lines, "List of annotations:")
    if strange := [behaviour for _, behaviour, _ in blocks if behaviour not in known]:
        raise ValueError(f"{strange[0]!r} is not in its list of annotations")
    cells = [cell for _, _, rows in blocks for row in rows for cell in row]
    in_frames = bool(cells) and not any(mark in cell for cell in cells for mark in ".eE")
    first = float(said.get("Annotation start frame", "1")) if in_frames else 0.0
    frame = 1.0 if in_frames else 1 / float(rate)
    channels = list(dict.fromkeys(channel for channel, _, _ in blocks))
    rows = [
        {
            "behaviour": behaviour,
            "annotator": channel if len(channels) > 1 else None,
            **_interval(row, frame, first),
        }
        for channel, behaviour, some in blocks for row in some
    ]  # fmt: skip
    media = tuple(one for one in re.split(r"\s+", said.get("Movie file(s)", "")) if one)
    recordings = {
        path.stem: Recording(tuple(re.split(r"[\\/]", one)[-1] for one in media), None, rate)
    }
    notes = [f"channels taken as annotators: {', '.join(channels)}"] if len(channels) > 1 else []
    return checked(
        Bouts(
            NAME, FRAMES if in_frames else SECONDS, table(rows, path.stem), recordings,
            behaviours=tuple(known), notes=tuple(notes),
        )
    )  # fmt: skip


def _listed(lines: list[str], title: str) -> list[str]:
    after = lines[lines.index(title) + 1 :]
    return after[: after.index("") if "" in after else len(after)]


def _blocks(lines: list[str]) -> list[_Block]:
    channel, found = "", []
    rows: list[list[str]] | None = None
    for line in lines:
        if named := _CHANNEL.fullmatch(line):
            channel, rows = named["name"], None
        elif line.startswith(">"):
            rows = []
            found.append((channel, line[1:].strip(), rows))
        elif line.lower().startswith("start"):
            if rows is None or line.split()[:2] != ["Start", "Stop"]:
                raise ValueError(f"it has the line {line[:40]!r} out of place")
        elif rows is not None and line:
            rows.append(line.split())
    if not found:
        raise ValueError("it has no behaviour (a line that begins with >)")
    return found


def _interval(row: list[str], frame: float, first: float) -> dict[str, Any]:
    """Start and stop, with the last frame in it; the duration says whether it is."""
    if len(row) not in (2, 3):
        raise ValueError(f"it has a bout of {len(row)} numbers")
    start, stop, *lasts = numbers_of(row, "a time").tolist()
    duration = lasts[0] if lasts else stop - start + frame
    if not np.isfinite([start, stop, duration]).all():
        raise ValueError("a bout has no time")
    beyond = duration - (stop - start)
    if not -0.1 * frame < beyond < 1.1 * frame:
        raise ValueError(f"a bout from {start:g} to {stop:g} lasts {duration:g}")
    return {"start": start - first, "stop": start + duration - first}
