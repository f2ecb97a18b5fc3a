"""Annolid's tracking CSV: a box, its centre and an outline for every animal and frame."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from storage.readers.files import Head, numbers_of, read_frame, whole_numbers
from storage.readers.outlines import MEASURED, Outline, Size, collect, of_text
from storage.readers.poses import BOX, CENTRE, Poses, Rows, box_points, from_rows

NAME, TITLE, GIVES = "annolid", "Annolid", "tracks"
KINDS = ("text",)  # of files
FILES = "..._tracking.csv"
WANTED = ("frame_number", "x1", "y1", "x2", "y2", "cx", "cy", "instance_name")


def looks_like(head: Head) -> bool:
    """Whether a file is a tracking CSV of Annolid."""
    return set(WANTED) <= set(head.columns)


def read(path: Path) -> Poses:
    """Read centres and boxes; an animal is an instance's name, with its track where it has two."""
    table = read_frame(path)
    if lacking := [name for name in WANTED if name not in table]:
        raise ValueError(f"it has no column {lacking[0]}")
    number = {name: numbers_of(table[name], name) for name in WANTED[1:7]}
    centre = np.stack([number["cx"], number["cy"]], axis=1)
    corners = [number[name] for name in ("x1", "y1", "x2", "y2")]
    middle = np.stack([corners[0] + corners[2], corners[1] + corners[3]], axis=1) / 2
    centre = np.where(np.isfinite(centre), centre, middle)
    sure = numbers_of(table["class_score"], "class_score") if "class_score" in table else None
    frame = whole_numbers(numbers_of(table["frame_number"], "frame_number"), "frame_number")
    who = _names(
        table["instance_name"].tolist(), table.get("tracking_id", table["x1"] * 0).tolist()
    )
    drawn, size = _outlines(table)
    told = [outline.measures if outline else {} for outline in drawn]
    whole = {
        name: np.array([one.get(name, np.nan) for one in told], dtype=float)
        for name in MEASURED if any(told)
    }  # fmt: skip
    places = box_points(*corners, centre=centre)  # type: ignore[misc]
    points = (CENTRE,) if all(told) else (CENTRE, *BOX)  # an outline says more than a box
    rows = Rows(frame, who, places[:, : len(points)], points, sure, whole=whole)
    outlined = [
        (at, name, one)
        for at, name, one in zip(frame.tolist(), who, drawn, strict=True) if one is not None
    ]  # fmt: skip
    poses = from_rows(path, rows, NAME)
    return replace(poses, outlines=collect(outlined, poses.animals), size=size)


def _outlines(table: pd.DataFrame) -> tuple[list[Outline | None], Size | None]:
    """The outline of every row, and the size of the pictures, where the file says them."""
    cells = table["segmentation"].tolist() if "segmentation" in table else [""] * len(table)
    found = [of_text(cell) if cell.startswith("{") else (None, None) for cell in cells]
    sizes = {size for _, size in found if size is not None}
    if len(sizes) > 1:
        raise ValueError("its outlines are of pictures of several sizes")
    return [outline for outline, _ in found], next(iter(sizes), None)


def _names(instances: list[str], tracks: list[str]) -> list[str]:
    """An instance's name, and its track beside it where one name has several."""
    of: dict[str, set[str]] = {}
    for instance, track in zip(instances, tracks, strict=True):
        of.setdefault(instance, set()).add(track)
    return [
        instance if len(of[instance]) == 1 else f"{instance}_{track}"
        for instance, track in zip(instances, tracks, strict=True)
    ]
