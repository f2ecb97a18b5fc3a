"""Intervals of NWB files as bouts: tables with start_time and stop_time that name a behaviour."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from storage.readers.files import Head, read_values, text_of
from storage.readers.nwb_file import film_of, holds, in_modules, members, own_facts
from storage.readers.poses import rate_of
from storage.readers.scored import FRAMES, SECONDS, Bouts, Recording, checked, table

NAME, TITLE, GIVES = "nwb-bouts", "NWB intervals", "bouts"
KINDS = ("hdf5",)  # of files
FILES = ".nwb with TimeIntervals; each row a bout, or each table a behaviour"
PERSON = "person"
# Tables of a session's course, whose rows are nothing that an animal does.
_COURSE = ("trials", "epochs", "invalid_times")
_BEHAVIOUR = ("behaviour", "behavior", "behavior_name", "behaviour_name", "label", "labels",
              "event", "event_type", "action", "syllable", "state")  # fmt: skip
_TEXTS = ("subject", "target", "annotator", "comment")


def looks_like(head: Head) -> bool:
    """Whether a file is NWB with intervals of behaviour."""
    return holds(head, _tables)


def read(path: Path) -> Bouts:
    """Read the bouts of all tables, in frames where the tables have them, else in seconds."""
    with h5py.File(path) as file:
        found = _tables(file)
        own = own_facts(file)
        name, _, start_s = film_of(file)
        in_frames = all({"start_frame", "stop_frame"} <= set(one) for _, one in found)
        recording = str(own.get("name") or Path(name).stem or path.stem)
        rows, sources = [], set()
        for title, one in found:
            some, source = _rows(title, one, in_frames, recording)
            rows += some
            sources |= source
    start_s = start_s if np.isfinite(start_s) else 0.0
    notes = []
    if start_s and not in_frames:
        rows = [{**row, "start": row["start"] - start_s, "stop": row["stop"] - start_s}
                for row in rows]  # fmt: skip
        notes.append(f"the video begins at {start_s:g} s of the session, which was taken off")
    media = tuple(dict.fromkeys(one for one in (name, str(own.get("file") or "")) if one))
    fps = Fraction(own["fps"]) if own.get("fps") else rate_of(float("nan"))
    about = {recording: Recording(media, None, fps)}
    by_person = sources <= {PERSON}
    unit = FRAMES if in_frames else SECONDS
    bouts = checked(Bouts("nwb", unit, table(rows, recording), about, by_person=by_person))
    return bouts.noting(*notes)


def _tables(file: h5py.File) -> list[tuple[str, Any]]:
    """The tables of intervals that are of behaviour, by name."""
    found = in_modules(file, "TimeIntervals")
    course = [one for one in members(file.get("intervals"), "TimeIntervals")
              if one[0] not in _COURSE]  # fmt: skip
    return [*found, *course]


def _rows(
    title: str, one: Any, in_frames: bool, recording: str
) -> tuple[list[dict[str, Any]], set[str]]:
    """The bouts of one table, and who says so: a person, or a program."""
    names = ("start_frame", "stop_frame") if in_frames else ("start_time", "stop_time")
    start, stop = (read_values(one, name).astype(float).reshape(-1) for name in names)
    texts = {name: _texts(one, name, len(start)) for name in (*_TEXTS, "kind", "source")}
    column = next((name for name in _BEHAVIOUR if _is_text(one, name)), None)
    what = _texts(one, column, len(start)) if column else [title] * len(start)
    more = _texts(one, "modifiers", len(start))
    rows = []
    for row, behaviour in enumerate(what):
        kind = texts["kind"][row] or ("point" if start[row] == stop[row] else "state")
        if kind not in ("state", "point"):
            raise ValueError(f"row {row + 1} of {title} is a {kind!r}, neither state nor point")
        said = {name: texts[name][row] for name in _TEXTS}
        rows.append(
            {"recording": recording, "behaviour": behaviour, **said, "kind": kind,
             "start": start[row], "stop": stop[row],
             "modifiers": json.loads(more[row] or "null")}
        )  # fmt: skip
    return rows, {text for text in texts["source"] if text}


def _is_text(one: Any, name: str) -> bool:
    node = one.get(name)
    return isinstance(node, h5py.Dataset) and node.ndim == 1 and node.dtype.kind in "OSU"


def _texts(one: Any, name: str, n: int) -> list[str | None]:
    """A column of texts, None where a cell is empty or there is no such column."""
    if not _is_text(one, name):
        return [None] * n
    found = [text_of(value).strip() or None for value in read_values(one, name)]
    if len(found) != n:
        raise ValueError(f"its column {name} has {len(found)} rows, and its times {n}")
    return found
