"""Tracks of the MOTChallenge: a text without names, frames from 1, a box in every row."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from storage.errors import StudyError
from storage.readers.files import Head, numbers_of, read_cells, whole_numbers
from storage.readers.poses import BOX, CENTRE, Poses, Rows, box_points, from_rows

NAME, TITLE, GIVES = "mot", "MOTChallenge", "tracks"
KINDS = ("text",)  # of files
FILES = "gt.txt or results: frame, id, left, top, width, height, confidence, ..."
_WIDTHS = (7, 9, 10)  # as far as the confidence; ground truth with class; results


def looks_like(head: Head) -> bool:
    """Whether a file is a text of boxes with frame and identity, without a header."""
    if head.kind != "text":
        return False
    rows = [line.split(",") for line in head.lines[:20] if line.strip()]
    if not rows or len(rows[0]) not in _WIDTHS or any(len(row) != len(rows[0]) for row in rows):
        return False
    numbers = [[float(cell) for cell in row] for row in rows]
    return all(
        row[0] >= 1 and row[0] == int(row[0]) and row[1] == int(row[1]) and min(row[4:6]) > 0
        for row in numbers
    )


def read(path: Path) -> Poses:
    """Read boxes as their centre and two corners; frame 1 becomes 0."""
    cells = read_cells(path, mark=",")
    columns = [numbers_of([row[i] for row in cells], f"column {i + 1}") for i in range(7)]
    frame = whole_numbers(columns[0], "frame") - 1
    who = whole_numbers(columns[1], "id")
    if (who < 0).any():
        raise StudyError(
            f"{path} has boxes that are nobody's (id -1): these are detections, not tracks. "
            "Track them first."
        )
    left, top, width, height, sure = columns[2:]
    if cells and len(cells[0]) == 9 and any(float(row[7]) < 0 for row in cells):
        raise ValueError("it has 9 columns, and the class in the eighth is below 0: one is lost")
    if not (width > 0).all() or not (height > 0).all():
        raise ValueError("a box has no width or no height")
    rows = Rows(
        frame,
        [str(number) for number in who],
        box_points(left, top, left + width, top + height),
        (CENTRE, *BOX),
        np.where((sure >= 0) & (sure <= 1), sure, np.nan),
    )
    return from_rows(path, rows, NAME).noting("frames counted from 0, one less than in the file")
