"""TRex's tables, one for each animal: NPZ or CSV, in cm, where inf means not found."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from storage.readers.files import (
    Head,
    look,
    numbers_of,
    read_arrays,
    read_frame,
    whole_numbers,
)
from storage.readers.poses import CENTRE, Poses, Rows, from_rows, rate_of

NAME, TITLE, GIVES = "trex", "TRex", "tracks"
KINDS = ("npz", "text")  # of files
FILES = "data/video_fish0.npz or .csv, one for each animal; give those of a recording together"
PLACES = {CENTRE: ("X#wcentroid", "Y#wcentroid"), "head": ("X", "Y")}
_MORE = ("frame", "missing", "num_pixels", "cm_per_pixel", "frame_rate", "id")
_NUMBER = re.compile(r"_?(?P<name>(fish|id)\d+)$")
_UNIT = re.compile(r"\s*\((?P<unit>[^)]*)\)$")


def looks_like(head: Head) -> bool:
    """Whether a file is one animal's table of TRex."""
    if head.kind == "npz":
        with zipfile.ZipFile(head.path) as archive:
            names = {name.removesuffix(".npy") for name in archive.namelist()}
    else:
        names = {_UNIT.sub("", name) for name in head.columns}
    return {"frame", "X#wcentroid", "Y#wcentroid"} <= names or {"frame", "missing", "X"} <= names


def recording_of(head: Head) -> str:
    """Files with the same answer are the animals of one recording."""
    return str(head.path.parent / (_NUMBER.sub("", head.path.stem) + head.path.suffix))


def read(path: Path) -> Poses:
    """Read one animal; its frames are numbered as in the video."""
    columns = _arrays(path) if look(path).kind == "npz" else _columns(path)
    frame = whole_numbers(columns["frame"], "frame")
    points = tuple(point for point, axes in PLACES.items() if set(axes) <= set(columns))
    if not points:
        raise ValueError("it has neither X#wcentroid and Y#wcentroid nor X and Y")
    xy = np.stack([np.stack([columns[a] for a in PLACES[point]], -1) for point in points], axis=1)
    xy[~np.isfinite(xy)] = np.nan
    if "missing" in columns:
        xy[columns["missing"] != 0] = np.nan
    whole = {}
    if "num_pixels" in columns:
        area = columns["num_pixels"].astype(float)
        whole["area_px"] = np.where(np.isfinite(area) & np.isfinite(xy[:, 0, 0]), area, np.nan)
    named = _NUMBER.search(path.stem)
    name = named["name"] if named else f"id{int(columns['id'][0])}" if "id" in columns else "fish0"
    poses = from_rows(path, Rows(frame, [name] * len(frame), xy, points, whole=whole), NAME)
    scale, rate = _only(columns, "cm_per_pixel"), _only(columns, "frame_rate")
    poses = replace(poses, unit="cm", fps=rate_of(rate), px_per_cm=1 / scale if scale > 0 else None)
    return poses.noting(
        "positions in cm: TRex takes the picture to be 30 cm wide where no scale was given to it"
    )


def _arrays(path: Path) -> dict[str, np.ndarray]:
    wanted = {*_MORE, *(axis for axes in PLACES.values() for axis in axes)}
    found = read_arrays(path, wanted)
    rows = len(found["frame"])
    for name, values in found.items():
        single = name in ("cm_per_pixel", "frame_rate", "id")
        if values.ndim > 1 or (len(np.atleast_1d(values)) != rows and not single):
            raise ValueError(f"{name} has the shape {values.shape} and frame {rows} rows")
    return {name: np.atleast_1d(values).astype(float) for name, values in found.items()}


def _columns(path: Path) -> dict[str, np.ndarray]:
    table = read_frame(path)
    found = {}
    for given in table.columns:
        name = _UNIT.sub("", given)
        unit = _UNIT.search(given)
        if unit and name.startswith(("X", "Y")) and unit["unit"] not in ("cm", "px"):
            raise ValueError(f"the unit of {name} is {unit['unit']}")
        if name in (*_MORE, *(axis for axes in PLACES.values() for axis in axes)):
            if unit and unit["unit"] == "px":
                raise ValueError(f"{name} is in px and not in cm")
            found[name] = numbers_of(table[given], given)
    return found


def _only(columns: Mapping[str, np.ndarray], name: str) -> float:
    values = columns.get(name)
    return float(values[0]) if values is not None and len(values) else float("nan")
