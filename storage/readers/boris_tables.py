"""BORIS' exports, aggregated and tabular, with the headers of its old and new versions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np
import pandas as pd

from storage.readers.files import Head, look, numbers_of, read_frame, read_sheets, separator
from storage.readers.poses import rate_of
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

NAME, TITLE, GIVES = "boris-export", "BORIS export", "bouts"
KINDS = ("text", "xlsx")  # of files
FILES = "aggregated or tabular events as CSV, TSV or XLSX"
NOBODY = "No focal subject"
_ROUNDED_S = 0.0021  # times are written to 0.001 s
# What one column is called by the versions of BORIS.
_MEDIA = ("Media file name", "Media file", "Media file path", "Media file(s)")
_OFFSET = "Time offset (s)"
_RATE = ("FPS (frame/s)", "FPS")
_OBSERVATION = "Observation id"


def looks_like(head: Head) -> bool:
    """Whether a file is an export of events from BORIS."""
    if head.kind == "xlsx":
        return any(_header(rows) is not None for _, rows in read_sheets(head.path))
    return head.kind == "text" and _header(_cells(head)) is not None


def read(path: Path) -> Bouts:
    """Read bouts of aggregated events, or pair the starts and stops of tabular ones."""
    frame, before = _table(path)
    _check_offset(list(frame.columns))
    names = {_OBSERVATION: before.get(_OBSERVATION, path.stem)} | before
    for name in (_OBSERVATION, _OFFSET):
        if name not in frame:
            frame[name] = names.get(name, "0" if "offset" in name else path.stem)
    offset = numbers_of(frame[_OFFSET], _OFFSET)
    offset = np.where(np.isfinite(offset), offset, 0.0)
    rows, alone = (_aggregated if "Start (s)" in frame else _tabular)(frame, offset)
    found = table(rows)
    recordings = {
        str(name): _recording(some) for name, some in frame.groupby(_OBSERVATION, sort=False)
    }
    notes = [
        f"{name} is of {len(one.media)} videos, whose times the export adds up"
        for name, one in recordings.items() if len(one.media) > 1
    ]  # fmt: skip
    return checked(
        Bouts("boris", SECONDS, found, recordings, notes=(*unpaired_notes(alone), *notes))
    )


def _cells(head: Head) -> list[list[str]]:
    lines = head.lines[:60]
    mark = separator(max(lines, key=lambda line: "Behavior" in line, default=""))
    return [[cell.strip().strip('"') for cell in line.split(mark)] for line in lines]


def _header(rows: Sequence[Sequence[Any]]) -> int | None:
    """Which row names the columns of events."""
    for number, row in enumerate(rows[:60]):
        names = {str(cell).strip() for cell in row}
        aggregated = {"Subject", "Behavior", "Behavior type", "Start (s)", "Stop (s)"} <= names
        tabular = {"Time", "Subject", "Behavior"} <= names and names & {"Status", "Behavior type"}
        if aggregated or tabular:
            return number
    return None


def _table(path: Path) -> tuple[pd.DataFrame, dict[str, str]]:
    """The events, and what is said above their header."""
    head = look(path)
    if head.kind == "xlsx":
        rows = next(rows for _, rows in read_sheets(path) if _header(rows) is not None)
        cells = [["" if cell is None else str(cell).strip() for cell in row] for row in rows]
    else:
        cells = _cells(head)
    at = _header(cells)
    if at is None:
        raise ValueError("it has no line that names Behavior with Start and Stop, or Time")
    above = {row[0]: row[1] for row in cells[:at] if len(row) > 1 and row[0] and row[1]}
    if head.kind != "xlsx":
        return read_frame(path, at), above
    names = [name for name in cells[at] if name]
    return pd.DataFrame(
        [row[: len(names)] for row in cells[at + 1 :] if any(row)], columns=names, dtype=object
    ), above


def _check_offset(names: list[str]) -> None:
    """Refuse a header that lost its time offset, without which all times would be shifted."""
    strange = [name for name in names if "offset" in name.lower() and name != _OFFSET]
    if strange or (_RATE[0] in names and _OFFSET not in names):
        raise ValueError(f"it has no column {_OFFSET}" + f" but {strange[0]}" * bool(strange))


def _aggregated(frame: pd.DataFrame, offset: np.ndarray) -> tuple[list[dict[str, Any]], list[str]]:
    start, stop = (numbers_of(frame[name], name) for name in ("Start (s)", "Stop (s)"))
    kinds = [str(kind).upper() for kind in frame["Behavior type"]]
    if strange := sorted(set(kinds) - {"STATE", "POINT"}):
        raise ValueError(f"a behaviour is of type {strange[0]}")
    if "Duration (s)" in frame:
        duration = numbers_of(frame["Duration (s)"], "Duration (s)")
        wrong = np.abs(stop - start - duration) > _ROUNDED_S
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise ValueError(
                f"row {row + 1} lasts {duration[row]:g} s from {start[row]:g} to {stop[row]:g}"
            )
    rows = []
    for row in range(len(frame)):
        one = frame.iloc[row]
        rows.append(
            {
                "recording": str(one[_OBSERVATION]),
                "behaviour": str(one["Behavior"]),
                "subject": _subject(one.get("Subject")),
                "kind": kinds[row].lower(),
                "start": start[row] - offset[row],
                "stop": stop[row] - offset[row],
                "modifiers": _modifiers(one),
                "comment": _comment(one, ("Comment start", "Comment stop", "Comment")),
            }
        )
    return rows, []


def _tabular(frame: pd.DataFrame, offset: np.ndarray) -> tuple[list[dict[str, Any]], list[str]]:
    kind = "Status" if "Status" in frame else "Behavior type"
    time = numbers_of(frame["Time"], "Time") - offset
    rows, alone = [], []
    for name in dict.fromkeys(frame[_OBSERVATION]):
        events = []
        for row in np.flatnonzero(frame[_OBSERVATION] == name).tolist():
            one = frame.iloc[row]
            what = str(one[kind]).lower()
            if what not in ("start", "stop", "point"):
                raise ValueError(f"row {row + 1} is a {one[kind]!r}, not START, STOP or POINT")
            subject, said = _subject(one.get("Subject")), _modifiers(one)
            remark = _comment(one, ("Comment",))
            behaviour = str(one["Behavior"])
            events.append(Event(float(time[row]), what, behaviour, subject, said, remark))
        some, left = pair(events)
        rows += [{**one, "recording": str(name)} for one in some]
        alone += left
    return rows, alone


def _subject(value: Any) -> str | None:
    text = str(value or "").strip()
    return None if text in ("", NOBODY) else text


def _modifiers(row: pd.Series) -> dict[str, Any] | None:
    """What is said more closely: one column for each set, or all in one with | between."""
    parts = str(row["Modifiers"]).split("|") if row.get("Modifiers") else []
    found = {f"modifier {i + 1}": part.strip() for i, part in enumerate(parts)}
    for name in row.index:
        if name.startswith("Modifier #"):
            found[f"modifier {name.removeprefix('Modifier #')}"] = str(row[name]).strip()
    return {name: value for name, value in found.items() if value not in ("", "None")} or None


def _comment(row: pd.Series, names: Sequence[str]) -> str | None:
    return "; ".join(dict.fromkeys(str(row[name]) for name in names if row.get(name))) or None


def _recording(rows: pd.DataFrame) -> Recording:
    column = next((column for column in _MEDIA if column in rows), None)
    files = list(dict.fromkeys(rows[column].astype(str))) if column else []
    media = [PureWindowsPath(file).name for file in files if file not in ("", "NA", "LIVE")]
    rates = [rows[column].iloc[0] for column in _RATE if column in rows and len(rows)]
    rate = float(numbers_of(rates[:1], "FPS")[0]) if rates else float("nan")
    return Recording(tuple(media), None, rate_of(rate), len(media) > 1)
