"""Annolid's tracking CSV: a box, its centre and an outline for every animal and frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from storage.readers.files import Head, numbers_of, read_frame, whole_numbers
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
    rows = Rows(
        whole_numbers(numbers_of(table["frame_number"], "frame_number"), "frame_number"),
        _names(table["instance_name"].tolist(), table.get("tracking_id", table["x1"] * 0).tolist()),
        box_points(*corners, centre=centre),  # type: ignore[misc]
        (CENTRE, *BOX),
        sure,
    )
    notes = ["outlines left out"] if "segmentation" in table and table["segmentation"].any() else []
    return from_rows(path, rows, NAME).noting(*notes)


def _names(instances: list[str], tracks: list[str]) -> list[str]:
    """An instance's name, and its track beside it where one name has several."""
    of: dict[str, set[str]] = {}
    for instance, track in zip(instances, tracks, strict=True):
        of.setdefault(instance, set()).add(track)
    return [
        instance if len(of[instance]) == 1 else f"{instance}_{track}"
        for instance, track in zip(instances, tracks, strict=True)
    ]
