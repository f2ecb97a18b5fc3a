"""Tracks that were exported here, as CSV or Parquet, of one video."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from storage.errors import StudyError
from storage.readers.files import Head, look, numbers_of, read_frame, whole_numbers
from storage.readers.poses import CENTRE, WHOLE, Poses, Rows, from_rows, rate_of

NAME, TITLE, GIVES = "tracks", "Ethoscribe tracks", "tracks"
KINDS = ("text", "parquet")  # of files
FILES = "CSV or Parquet of ethoscribe export tracks, of one video"
WANTED = ("video", "frame", "time_s", "animal", "x_px", "y_px")


def looks_like(head: Head) -> bool:
    """Whether a file is a table of tracks as it is exported here."""
    if head.kind == "parquet":
        from pyarrow.parquet import read_schema

        return set(WANTED) <= set(read_schema(head.path).names)
    return set(WANTED) <= set(head.columns)


def read(path: Path) -> Poses:
    """Read the tracks of one video, with what was measured of the whole animals."""
    table = _table(path)
    if lacking := [name for name in WANTED if name not in table]:
        raise ValueError(f"it has no column {lacking[0]}")
    names = list(dict.fromkeys(table["video"].astype(str)))
    if len(names) > 1:
        raise StudyError(
            f"{path} has the tracks of {len(names)} videos ({', '.join(names[:5])}): export one "
            "alone with --video."
        )
    points = [name.removesuffix("_x_px") for name in table.columns if name.endswith("_x_px")]
    columns = {name: numbers_of(table[name], name) for name in WHOLE if name in table}
    places = [("x_px", "y_px")] if not points else [(f"{p}_x_px", f"{p}_y_px") for p in points]
    xy = np.stack(
        [np.stack([numbers_of(table[a], a) for a in axes], axis=-1) for axes in places], axis=1
    )
    sure = np.full(xy.shape[:2], np.nan)
    for number, point in enumerate(points):
        name = f"{point}_confidence"
        if name in table:
            sure[:, number] = numbers_of(table[name], name)
    filled = _filled(table)
    for values in (xy, sure, *columns.values()):
        values[filled] = np.nan
    frame = whole_numbers(numbers_of(table["frame"], "frame"), "frame")
    rows = Rows(
        frame, table["animal"].astype(str).tolist(), xy, tuple(points) or (CENTRE,), sure, columns
    )
    poses = replace(from_rows(path, rows, NAME), video=names[0] if names else "")
    if filled.any():
        poses = poses.noting(
            f"places with detected = false, which a person had filled: {int(filled.sum())}, left "
            "out, since the animal was not found there"
        )
    return replace(poses, fps=_rate(frame, numbers_of(table["time_s"], "time_s")),
                   px_per_cm=_scale(table))  # fmt: skip


def _filled(table: Any) -> np.ndarray:
    """(k,) bool: places in which nobody saw the animal, as measures take them."""
    if "detected" not in table:
        return np.zeros(len(table), bool)
    said = table["detected"].astype(str).str.strip().str.lower()
    if strange := sorted(set(said) - {"true", "false", "1", "0"}):
        raise ValueError(f"detected is {strange[0]!r}, neither true nor false")
    there = np.isfinite(numbers_of(table["x_px"], "x_px"))
    return said.isin(["false", "0"]).to_numpy() & there


def _table(path: Path) -> Any:
    if look(path).kind != "parquet":
        return read_frame(path)
    from pyarrow.parquet import read_table

    return read_table(path, page_checksum_verification=True).to_pandas()


def _rate(frame: np.ndarray, time_s: np.ndarray) -> Any:
    first, last = (int(pick(frame)) for pick in (np.argmin, np.argmax)) if len(frame) else (0, 0)
    if first == last:
        return None
    span = time_s[last] - time_s[first]
    return rate_of((frame[last] - frame[first]) / span) if span > 0 else None


def _scale(table: Any) -> float | None:
    """px per cm, of the place that lies farthest out in both."""
    if not {"x_px", "x_cm"} <= set(table.columns):
        return None
    px, cm = numbers_of(table["x_px"], "x_px"), numbers_of(table["x_cm"], "x_cm")
    there = np.isfinite(px) & np.isfinite(cm) & (np.abs(cm) > 0)
    if not there.any():
        return None
    scale = px[there] / cm[there]
    middle = float(np.median(scale))
    if (np.abs(scale / middle - 1) > 1e-3).mean() > 0.1:
        raise ValueError("its px and cm are not in one proportion")
    return middle
