"""Plain tables of positions: frame, x and y in px, and who where there are several."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from storage.readers.files import Head, numbers_of, read_frame, whole_numbers
from storage.readers.poses import Poses, Rows, from_rows

NAME, TITLE, GIVES, KINDS = "positions", "table of positions", "tracks", ("text",)
FILES = "CSV with frame, x, y (or pos_x, pos_y as Tracktor writes) and id, in px"
_PLACES = (("x", "y"), ("pos_x", "pos_y"), ("x_px", "y_px"))
_OF_IDTRACKER = {"individual", "probability"}  # numbered from 0 there
_WHO = ("id", "animal", "track_id", "track")


def looks_like(head: Head) -> bool:
    """Whether a file is a table of places by frame."""
    return head.kind == "text" and _columns(head.columns) is not None


def read(path: Path) -> Poses:
    """Read where everybody is; frames are numbered as in the file."""
    table = read_frame(path)
    found = _columns(list(table.columns))
    if found is None:
        raise ValueError("it has no frame with x and y")
    axes, who = found
    xy = np.stack([numbers_of(table[axis], axis) for axis in axes], axis=1)
    frame = whole_numbers(numbers_of(table["frame"], "frame"), "frame")
    names = table[who].astype(str).tolist() if who else ["animal1"] * len(table)
    return from_rows(path, Rows(frame, names, xy[:, None]), NAME)


def _columns(names: list[str]) -> tuple[tuple[str, str], str | None] | None:
    axes = next((axes for axes in _PLACES if set(axes) <= set(names)), None)
    if axes is None or "frame" not in names or _OF_IDTRACKER & set(names):
        return None
    return axes, next((name for name in _WHO if name in names), None)
