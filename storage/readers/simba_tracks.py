"""SimBA's tables as positions: body points of one video, a row per frame."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd

from storage.readers.files import Head, numbers_of, read_frame
from storage.readers.poses import Poses, rate_of

NAME, TITLE, GIVES = "simba-tracks", "SimBA positions", "tracks"
KINDS = ("text",)  # of files
FILES = "CSV of a SimBA project with <point>_x, _y and _p; rate and scale from its video_info.csv"


def looks_like(head: Head) -> bool:
    """Whether a file is a table of SimBA with body points."""
    return head.kind == "text" and len(points_of(head.columns)) >= 2


def read(path: Path) -> Poses:
    """Read body points; a row is a frame."""
    table = read_frame(path)
    points = points_of(list(table.columns))
    check_whole(list(table.columns), points)
    check_index(table)
    xy = np.stack(
        [np.stack([numbers_of(table[f"{p}_{a}"], f"{p}_{a}") for a in "xy"], -1) for p in points],
        axis=1,
    )
    sure = np.stack([numbers_of(table[f"{point}_p"], f"{point}_p") for point in points], axis=1)
    rate, scale = about(path)
    poses = Poses(
        NAME, ("animal1",), tuple(points), xy[:, None], sure[:, None], fps=rate, px_per_cm=scale
    )
    other = len(table.columns) - 3 * len(points)
    return poses.noting(f"{other} columns that are no body points left out") if other else poses


def points_of(columns: list[str]) -> list[str]:
    """The body points of which there are _x, _y and _p."""
    there = set(columns)
    found = [name.removesuffix("_x") for name in columns if name.endswith("_x")]
    return [point for point in found if {f"{point}_y", f"{point}_p"} <= there]


def check_whole(columns: list[str], points: list[str]) -> None:
    """Refuse a point that lost one of its columns."""
    for name in columns:
        stem, _, part = name.rpartition("_")
        alone = part in ("x", "y", "p") and stem and stem not in points
        if alone and any(f"{stem}_{other}" in columns for other in "xyp" if other != part):
            raise ValueError(f"it has {name} without the others of this point")


def check_index(table: pd.DataFrame) -> None:
    """Refuse rows that are not one frame after another."""
    first = str(table.columns[0])
    if first in ("", "scorer", "bodyparts", "Unnamed: 0", "frame"):
        index = numbers_of(table.iloc[:, 0], "the frame")
        if len(index) and not np.array_equal(index, index[0] + np.arange(len(index))):
            raise ValueError("its rows are not one frame after another")


def about(path: Path) -> tuple[Fraction | None, float | None]:
    """Frame rate and px per cm that the project's logs/video_info.csv has of this video."""
    for folder in list(path.resolve().parents)[:4]:
        info = folder / "logs" / "video_info.csv"
        if not info.is_file():
            continue
        table = read_frame(info)
        mine = table[table["Video"] == path.stem] if "Video" in table else table[:0]
        if len(mine) != 1:
            return None, None
        row = mine.iloc[0]
        scale = float(numbers_of([row.get("pixels/mm", "")], "pixels/mm")[0])
        rate = float(numbers_of([row.get("fps", "")], "fps")[0])
        return rate_of(rate), 10 * scale if scale > 0 else None
    return None, None
