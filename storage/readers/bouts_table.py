"""Tables of bouts: those exported here, and any with start and stop in columns of these names."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from storage.readers.files import Head, look, numbers_of, read_frame, whole_numbers
from storage.readers.scored import FRAMES, SECONDS, Bouts, Recording, checked, table

NAME, TITLE, GIVES = "bouts", "Table of bouts", "bouts"
KINDS = ("text", "parquet")  # of files
FILES = "CSV or Parquet with start_frame, stop_frame (the one after the last) or start_s, stop_s"
_STOPS = {"stop_frame_exclusive": "stop_frame"}  # spelled out, as some files have it
_PAIRS = {FRAMES: ("start_frame", "stop_frame"), SECONDS: ("start_s", "stop_s")}
_TEXTS = ("behaviour", "subject", "target", "annotator", "comment")
PERSON = "person"


def looks_like(head: Head) -> bool:
    """Whether a file is a table of bouts."""
    if head.kind == "parquet":
        from pyarrow.parquet import read_schema

        return _unit(set(read_schema(head.path).names)) is not None
    return _unit({_STOPS.get(name, name) for name in head.columns}) is not None


def read(path: Path) -> Bouts:
    """Read bouts, by their frames where the table has these."""
    if look(path).kind == "parquet":
        from pyarrow.parquet import read_table

        frame = read_table(path, page_checksum_verification=True).to_pandas()
    else:
        frame = read_frame(path)
    frame.columns = [_STOPS.get(str(name), str(name)) for name in frame.columns]
    unit = _unit(set(frame.columns))
    if unit is None:
        raise ValueError("it has neither start_frame and stop_frame nor start_s and stop_s")
    start, stop = (numbers_of(frame[name], name) for name in _PAIRS[unit])
    if unit == FRAMES:
        start, stop = (
            whole_numbers(v, n) for v, n in zip((start, stop), _PAIRS[unit], strict=True)
        )
    videos = frame["video"].astype(str) if "video" in frame else [path.stem] * len(frame)
    kinds = frame["kind"].astype(str).str.lower() if "kind" in frame else ["state"] * len(frame)
    texts = {name: frame[name].tolist() for name in _TEXTS if name in frame}
    rows = []
    for row, (video, kind) in enumerate(zip(videos, kinds, strict=True)):
        if kind not in ("state", "point"):
            raise ValueError(f"row {row + 1} is a {kind!r}, neither state nor point")
        said = {name: _text(values[row]) for name, values in texts.items()}
        more = _text(frame["modifiers"].iloc[row]) if "modifiers" in frame else None
        rows.append(
            {
                "behaviour": path.stem, **said, "recording": video, "kind": kind,
                "start": start[row], "stop": stop[row],
                "modifiers": json.loads(more) if more else None,
            }
        )  # fmt: skip
    found = table(rows)
    source = frame["source"].tolist() if "source" in frame else [PERSON] * len(frame)
    found["by_person"] = [_text(one) in (None, PERSON) for one in source]
    if "definition" in frame:
        found["definition"] = [_text(one) for one in frame["definition"]]
    recordings = {str(name): Recording((str(name),)) for name in dict.fromkeys(videos)}
    by_person = bool(found["by_person"].all())
    return checked(Bouts(NAME, unit, found, recordings, by_person=by_person))


def _unit(names: set[str]) -> str | None:
    if {"agent_id", "target_id", "action"} & names:
        return None  # of MABe
    return next((unit for unit, pair in _PAIRS.items() if set(pair) <= names), None)


def _text(value: object) -> str | None:
    """A text, None of an empty cell."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return None
    return str(value).strip() or None
