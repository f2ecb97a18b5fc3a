"""Manual scores of EthoVision, and CSV of the same columns as Annolid writes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np
import pandas as pd

from storage.readers.files import Head, look, numbers_of, read_frame, read_sheets
from storage.readers.scored import (
    SECONDS,
    Bouts,
    Event,
    Recording,
    checked,
    pair,
    table,
    unpaired_notes,
)

NAME, TITLE, GIVES = "ethovision", "EthoVision manual scores", "bouts"
KINDS = ("xlsx", "text")  # of files
FILES = "XLSX with Recording time, Behavior and Event; CSV of the same columns"
WANTED = ("Recording time", "Behavior", "Event")
_EVENTS = {"state start": "start", "state stop": "stop", "point event": "point"}


def looks_like(head: Head) -> bool:
    """Whether a file has columns of manual scores."""
    if head.kind == "xlsx":
        return any(_header(rows) is not None for _, rows in read_sheets(head.path))
    return head.kind == "text" and set(WANTED) <= set(head.columns)


def read(path: Path) -> Bouts:
    """Read the scores of every sheet: states paired, points by themselves; times in s."""
    tables, recordings, notes = [], {}, []
    for name, frame in _sheets(path):
        rows, alone = pair(_events(frame))
        tables.append(table(rows, name))
        recordings[name] = Recording((name,))
        notes += unpaired_notes(alone, name)
    if not tables:
        raise ValueError(f"it has no sheet with {', '.join(WANTED)}")
    rows_of = pd.concat(tables, ignore_index=True)
    return checked(Bouts(NAME, SECONDS, rows_of, recordings, notes=tuple(notes)))


def _sheets(path: Path) -> list[tuple[str, pd.DataFrame]]:
    """The recording's name and events of every sheet that has any."""
    if look(path).kind != "xlsx":
        return [(path.stem, read_frame(path))]
    found: dict[str, pd.DataFrame] = {}
    for title, rows in read_sheets(path):
        at = _header(rows)
        if at is None:
            continue
        names = [str(cell).strip() for cell in rows[at] if cell is not None]
        below = rows[at + 1 :]
        units = bool(below) and str(below[0][0] or "").strip().lower() in ("(s)", "s", "")
        cells = [row[: len(names)] for row in (below[1:] if units else below)]
        cells = [row for row in cells if any(cell not in (None, "") for cell in row)]
        above = {
            str(row[0]).strip().rstrip(":").lower(): row[1]
            for row in rows[:at] if len(row) > 1 and row[0] is not None
        }  # fmt: skip
        video = PureWindowsPath(str(above.get("video file") or title)).name
        if video in found:
            raise ValueError(f"two sheets are of {video}")
        found[video] = pd.DataFrame(cells, columns=names, dtype=object).fillna("")
    return list(found.items())


def _header(rows: Sequence[Sequence[Any]]) -> int | None:
    """Which row names the columns."""
    for number, row in enumerate(rows[:100]):
        if set(WANTED) <= {str(cell).strip() for cell in row}:
            return number
    return None


def _events(frame: pd.DataFrame) -> list[Event]:
    time = numbers_of(frame["Recording time"], "Recording time")
    if not np.isfinite(time).all():
        raise ValueError("an event has no Recording time")
    found = []
    for row in range(len(frame)):
        one = frame.iloc[row]
        what = _EVENTS.get(str(one["Event"]).strip().lower())
        if what is None:
            raise ValueError(f"row {row + 1} is a {str(one['Event'])[:40]!r}, no event of a score")
        subject = str(one.get("Subject") or "").strip() or None
        comment = str(one.get("Comment") or "").strip() or None
        behaviour = str(one["Behavior"]).strip()
        found.append(Event(float(time[row]), what, behaviour, subject, comment=comment))
    return found
