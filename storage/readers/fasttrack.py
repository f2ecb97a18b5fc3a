"""FastTrack's tracking.txt: head, tail and body of every animal and picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from storage.readers.files import Head, numbers_of, read_frame, whole_numbers
from storage.readers.poses import CENTRE, Poses, Rows, from_rows

NAME, TITLE, GIVES, KINDS = "fasttrack", "FastTrack", "tracks", ("text",)
FILES = "tracking.txt"
POINTS = {CENTRE: "Body", "head": "Head", "tail": "Tail"}
_PLACES = [f"{axis}{part}" for part in POINTS.values() for axis in "xy"]


def looks_like(head: Head) -> bool:
    """Whether a file is a table of FastTrack."""
    return {*_PLACES, "imageNumber", "id"} <= set(head.columns)


def read(path: Path) -> Poses:
    """Read the three points of everybody; pictures are the frames, from 0."""
    table = read_frame(path)
    if lacking := [name for name in (*_PLACES, "imageNumber", "id") if name not in table]:
        raise ValueError(f"it has no column {lacking[0]}")
    values = {name: numbers_of(table[name], name) for name in _PLACES}
    xy = np.stack(
        [np.stack([values[f"{axis}{part}"] for axis in "xy"], -1) for part in POINTS.values()],
        axis=1,
    )
    area = {"area_px": numbers_of(table["areaBody"], "areaBody")} if "areaBody" in table else {}
    frame = whole_numbers(numbers_of(table["imageNumber"], "imageNumber"), "imageNumber")
    names = [str(who) for who in whole_numbers(numbers_of(table["id"], "id"), "id")]
    return from_rows(path, Rows(frame, names, xy, tuple(POINTS), whole=area), NAME)
