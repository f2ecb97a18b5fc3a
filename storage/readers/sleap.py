"""SLEAP's analysis files: HDF5, in either order of its axes, and CSV."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np

from storage.errors import StudyError
from storage.readers.files import (
    Head,
    is_hdf5,
    numbers_of,
    read_frame,
    read_values,
    text_of,
    whole_numbers,
)
from storage.readers.poses import Poses, Rows, check_frames, from_rows

NAME, TITLE, GIVES = "sleap", "SLEAP analysis", "tracks"
KINDS = ("hdf5", "text")  # of files
FILES = "analysis HDF5 in either order of its axes, and analysis CSV"
# The order for MATLAB, which files without `dims` have. Occupancy is the one not turned round.
AXES = {
    "tracks": ("track", "xy", "node", "frame"),
    "point_scores": ("track", "node", "frame"),
    "track_occupancy": ("frame", "track"),
}
WANTED = {
    "tracks": ("frame", "track", "node", "xy"),
    "point_scores": ("frame", "track", "node"),
    "track_occupancy": ("frame", "track"),
}


def looks_like(head: Head) -> bool:
    """Whether a file is an analysis file of SLEAP."""
    if head.kind == "text":
        return {"track", "frame_idx", "instance.score"} <= set(head.columns)
    if head.kind != "hdf5":
        return False
    with h5py.File(head.path) as file:
        tracks = file.get("tracks")
        return isinstance(tracks, h5py.Dataset) and tracks.ndim == 4 and "node_names" in file


def read(path: Path) -> Poses:
    """Read an analysis file of SLEAP; its frames count from the first of the video."""
    return _read_hdf5(path) if is_hdf5(path) else _read_csv(path)


def _read_hdf5(path: Path) -> Poses:
    with h5py.File(path) as file:
        xy = _axes(file, "tracks")
        scores = _axes(file, "point_scores") if "point_scores" in file else None
        points = tuple(text_of(name) for name in read_values(file, "node_names"))
        named_there = "track_names" in file
        given = [text_of(name) for name in read_values(file, "track_names")] if named_there else []
        there = _axes(file, "track_occupancy") if "track_occupancy" in file else None
    check_frames(path, np.arange(len(xy)))
    confidence = np.full(xy.shape[:3], np.nan) if scores is None else scores
    if there is not None:
        if there.shape != xy.shape[:2]:
            raise ValueError(f"track_occupancy is of {there.shape} frames and tracks")
        xy = np.where(there[:, :, None, None] > 0, xy, np.nan)
    n_animals = xy.shape[1]
    named = given if len(given) == n_animals == len(set(given)) else None
    return Poses(
        source=NAME,
        animals=tuple(named or (f"animal{i + 1}" for i in range(n_animals))),
        points=points,
        xy=xy,
        confidence=confidence,
        notes=() if named else ("the tracks have no names of their own: animal1, animal2, ...",),
    )


def _read_csv(path: Path) -> Poses:
    table = read_frame(path)
    nodes = [name.removesuffix(".x") for name in table.columns if name.endswith(".x")]
    known = {f"{node}.{part}" for node in nodes for part in ("x", "y", "score")}
    odd = set(table.columns) - known - {"track", "frame_idx", "instance.score"}
    lacking = [f"{node}.y" for node in nodes if f"{node}.y" not in table]
    if odd or lacking or not nodes:
        raise ValueError(f"it has no column {', '.join(lacking) or 'of x and y'} beside "
                         f"{', '.join(sorted(odd))}")  # fmt: skip
    xy = np.stack(
        [[numbers_of(table[f"{node}.{axis}"], f"{node}.{axis}") for axis in "xy"] for node in nodes]
    ).transpose(2, 0, 1)
    sure = np.stack(
        [
            numbers_of(table[name], name) if name in table else np.full(len(table), np.nan)
            for name in (f"{node}.score" for node in nodes)
        ],
        axis=1,
    )
    frame = whole_numbers(numbers_of(table["frame_idx"], "frame_idx"), "frame_idx")
    tracks, notes = name_tracks(path, frame, [str(name) for name in table["track"]])
    rows = Rows(frame, tracks, xy, tuple(nodes), sure)
    return from_rows(path, rows, NAME).noting(*notes)


def name_tracks(path: Path, frame: np.ndarray, tracks: list[str]) -> tuple[list[str], list[str]]:
    """The animal of every row, and what to say of it, where rows may be of no track ("").

    An only animal needs no track, and in one frame everybody is somebody else.
    """
    if all(tracks):
        return tracks, []
    if any(tracks):
        raise StudyError(
            f"{path} has {tracks.count('')} instances that belong to no track, beside others that "
            "do: finish tracking in SLEAP, or delete them there."
        )
    counted = np.unique(frame, return_counts=True)[1] if len(frame) else np.zeros(0, int)
    if len(counted) > 1 and counted.max() > 1:
        raise StudyError(
            f"{path} has {counted.max()} animals in a frame and no tracks, so nobody is told from "
            "the others: run the tracker of SLEAP first."
        )
    if len(counted) <= 1:
        return [f"animal{i + 1}" for i in range(len(tracks))], []
    return ["animal1"] * len(tracks), []


def _axes(file: h5py.File, name: str) -> np.ndarray:
    """A dataset with its axes in the order of WANTED, whichever order the file has them in."""
    dims = file[name].attrs.get("dims")
    axes = AXES[name] if dims is None else tuple(json.loads(text_of(dims)))
    values = read_values(file, name).astype(float)
    if sorted(axes) != sorted(WANTED[name]) or values.ndim != len(axes):
        raise ValueError(f"the axes of {name} are {', '.join(axes)}")
    return values.transpose([axes.index(axis) for axis in WANTED[name]])
