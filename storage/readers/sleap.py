"""SLEAP's analysis files (HDF5): tracks of body points, in either order of their axes."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np

from storage.readers.poses import Poses, check_frames, is_hdf5, read_values, text_of

NAME, TITLE = "sleap", "SLEAP analysis"
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


def detect(path: Path) -> bool:
    """Whether a file is an analysis file of SLEAP."""
    if not is_hdf5(path):
        return False
    with h5py.File(path) as file:
        tracks = file.get("tracks")
        return isinstance(tracks, h5py.Dataset) and tracks.ndim == 4 and "node_names" in file


def read(path: Path) -> Poses:
    """Read an analysis file of SLEAP; its frames count from the first of the video."""
    with h5py.File(path) as file:
        xy = _axes(file, "tracks")
        scores = _axes(file, "point_scores") if "point_scores" in file else None
        points = tuple(text_of(name) for name in read_values(file, "node_names"))
        named_there = "track_names" in file
        given = [text_of(name) for name in read_values(file, "track_names")] if named_there else []
        there = _axes(file, "track_occupancy") if "track_occupancy" in file else None
    check_frames(path, np.arange(len(xy)))
    confidence = np.full(xy.shape[:3], np.nan) if scores is None else scores
    if there is not None and there.shape == xy.shape[:2]:
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


def _axes(file: h5py.File, name: str) -> np.ndarray:
    """A dataset with its axes in the order of WANTED, whichever order the file has them in."""
    dims = file[name].attrs.get("dims")
    axes = AXES[name] if dims is None else tuple(json.loads(text_of(dims)))
    values = read_values(file, name).astype(float)
    if sorted(axes) != sorted(WANTED[name]) or values.ndim != len(axes):
        raise ValueError(f"the axes of {name} are {', '.join(axes)}")
    return values.transpose([axes.index(axis) for axis in WANTED[name]])
