"""OCTRON's CSV of each track, below a few lines about the video."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from storage.readers.files import Head, look, numbers_of, read_frame, whole_numbers
from storage.readers.outlines import check_size
from storage.readers.poses import BOX, CENTRE, Poses, Rows, box_points, from_rows

NAME, TITLE, GIVES = "octron", "OCTRON", "tracks"
KINDS = ("text",)  # of files
FILES = "label_track_1.csv, one for each animal; give those of a recording together"
WANTED = ("frame_idx", "track_id", "label", "confidence", "pos_x", "pos_y")
_SIDES = ("bbox_x_min", "bbox_y_min", "bbox_x_max", "bbox_y_max")


def looks_like(head: Head) -> bool:
    """Whether a file is one track of OCTRON."""
    return head.kind == "text" and head.text is not None and _skip(head) is not None


def recording_of(head: Head) -> str:
    """Files with the same answer are the animals of one recording."""
    return f"{head.path.parent}/{_about(head).get('video_name', '')}"


def read(path: Path) -> Poses:
    """Read one track; an animal that fell apart into pieces has the centre of all of them."""
    head = look(path)
    skip, about = _skip(head), _about(head)
    if skip is None:
        raise ValueError("it has no line of names that begins with frame_counter")
    table = read_frame(path, skip)
    if lacking := [name for name in WANTED if name not in table]:
        raise ValueError(f"it has no column {lacking[0]}")
    pieces = {name: _pieces(table, name) for name in ("pos_x", "pos_y", "area", *_SIDES)
              if name in table}  # fmt: skip
    if "area" not in pieces and any(len(one) > 1 for one in pieces["pos_x"]):
        raise ValueError("an animal is in several pieces, and no column area says how large")
    weight = pieces.get("area", [np.ones(len(one)) for one in pieces["pos_x"]])
    centre = np.stack([_centres(pieces[name], weight) for name in ("pos_x", "pos_y")], axis=1)
    points: tuple[str, ...] = (CENTRE,)
    xy = centre[:, None]
    if set(_SIDES) <= set(pieces):
        outer = [
            np.array([(np.min if "min" in name else np.max)(one) for one in pieces[name]])
            for name in _SIDES
        ]
        points, xy = (CENTRE, *BOX), box_points(*outer, centre=centre)  # type: ignore[misc]
    rows = Rows(
        whole_numbers(numbers_of(table["frame_idx"], "frame_idx"), "frame_idx"),
        [
            f"{label}_{track}"
            for label, track in zip(table["label"], table["track_id"], strict=True)
        ],
        xy,
        points,
        np.array([one.mean() for one in _pieces(table, "confidence")]),
        whole={"area_px": np.array([one.sum() for one in weight])} if "area" in pieces else {},
    )
    count = about.get("frame_count", "")
    n = int(count) if count.isdigit() and int(count) <= 20 * len(table) + 200_000 else 0
    sides = [about.get(f"video_{side}", "") for side in ("width", "height")]
    size = check_size(sides) if all(side.isdigit() for side in sides) else None
    poses = replace(from_rows(path, rows, NAME, n), video=about.get("video_name", ""), size=size)
    if any(path.parent.glob("*.zarr")):
        poses = poses.noting("outlines (.zarr) left out")
    several = sum(len(one) > 1 for one in pieces["pos_x"])
    if several:
        poses = poses.noting(f"centre of several pieces, weighted by area: {several} frames")
    return poses


def _skip(head: Head) -> int | None:
    """How many lines lie above the names of the columns."""
    return next(
        (i for i, line in enumerate(head.lines[:20]) if line.startswith("frame_counter,frame_idx")),
        None,
    )


def _about(head: Head) -> dict[str, str]:
    pairs = [line.partition(":") for line in head.lines[: _skip(head) or 0]]
    return {name.strip(): value.strip() for name, mark, value in pairs if mark}


def _pieces(table: pd.DataFrame, name: str) -> list[np.ndarray]:
    """The numbers of every cell: one, or several in brackets."""
    cells = [str(cell).strip("()[] ").rstrip(",") for cell in table[name]]
    parts = [[part for part in cell.replace(" ", "").split(",") if part] or [""] for cell in cells]
    flat = numbers_of(pd.Series([part for cell in parts for part in cell], dtype=object), name)
    return np.split(flat, np.cumsum([len(cell) for cell in parts])[:-1]) if parts else []


def _centres(places: list[np.ndarray], weights: list[np.ndarray]) -> np.ndarray:
    if any(len(place) != len(weight) for place, weight in zip(places, weights, strict=True)):
        raise ValueError("a row has places and areas of different numbers of pieces")
    return np.array(
        [np.average(place, weights=weight) if weight.sum() > 0 else place.mean()
         for place, weight in zip(places, weights, strict=True)]
    )  # fmt: skip
