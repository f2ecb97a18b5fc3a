"""Event logs of The Observer XT, as Excel or CSV."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd

from storage.readers.files import Head, look, read_frame, read_sheets
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

NAME, TITLE, GIVES = "observer", "The Observer XT", "bouts"
KINDS = ("xlsx", "text")  # of files
FILES = "event log with Time_Relative_hmsf (or _sf), Observation, Behavior and Event_Type"
WANTED = ("Observation", "Behavior", "Event_Type")
_TIMES = ("Time_Relative_sf", "Time_Relative_hmsf", "Time_Relative_hms")
_EVENTS = {"state start": "start", "state stop": "stop", "point": "point"}
_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d+(?:[.,]\d+)?)")


def looks_like(head: Head) -> bool:
    """Whether a file is an event log of The Observer."""
    if head.kind == "xlsx":
        return any(_is_header(rows[0]) for _, rows in read_sheets(head.path) if rows)
    return head.kind == "text" and _is_header(head.columns)


def read(path: Path) -> Bouts:
    """Read every observation: states paired, points by themselves; times in s."""
    frame = _table(path)
    column = next((name for name in _TIMES if name in frame), None)
    if column is None:
        raise ValueError(f"it has no column {' or '.join(_TIMES)}")
    tables, notes = [], []
    for name in dict.fromkeys(frame["Observation"].astype(str)):
        some = frame[frame["Observation"].astype(str) == name]
        rows, alone = pair([_event(one, column) for _, one in some.iterrows()])
        tables.append(table(rows, name))
        notes += unpaired_notes(alone, name)
    rows_of = pd.concat(tables, ignore_index=True) if tables else table([])
    recordings = {str(name): Recording((str(name),)) for name in frame["Observation"].unique()}
    return checked(Bouts(NAME, SECONDS, rows_of, recordings, notes=tuple(notes)))


def _is_header(names: list[Any]) -> bool:
    return {*WANTED} <= set(names) and any(name in names for name in _TIMES)


def _table(path: Path) -> pd.DataFrame:
    if look(path).kind != "xlsx":
        return read_frame(path)
    rows = next(rows for _, rows in read_sheets(path) if rows and _is_header(rows[0]))
    names = [str(cell) for cell in rows[0] if cell is not None]
    cells = [row[: len(names)] for row in rows[1:] if any(cell is not None for cell in row)]
    return pd.DataFrame(cells, columns=names, dtype=object).fillna("")


def _event(row: pd.Series, column: str) -> Event:
    what = _EVENTS.get(str(row["Event_Type"]).strip().lower())
    if what is None:
        raise ValueError(f"an event is a {str(row['Event_Type'])[:40]!r}")
    subject = str(row.get("Subject") or "").strip() or None
    comment = str(row.get("Comment") or "").strip() or None
    return Event(_seconds(row[column]), what, str(row["Behavior"]).strip(), subject, None, comment)


def _seconds(value: Any) -> float:
    """s of a number or of h:mm:ss.f.

    >>> _seconds("0:01:02.5"), _seconds(3)
    (62.5, 3.0)
    """
    text = str(value).strip().replace(",", ".")
    clock = _CLOCK.fullmatch(text)
    if clock is None:
        return float(text)
    return 3600 * int(clock[1] or 0) + 60 * int(clock[2]) + float(clock[3])
