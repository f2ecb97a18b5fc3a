"""SLEAP's analysis file: HDF5 with the body points of all animals in every frame of a video."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import h5py
import numpy as np

from storage.writers.columns import Column
from storage.writers.provenance import facts_of
from storage.writers.taking import Taken, pose_array

NAME, TITLE, ENDING = "sleap", "SLEAP analysis", ".analysis.h5"
HOLDS, MANY, NEEDS = ("tracks",), False, ("tracks", "keypoints")
COLUMNS = (
    Column("tracks", "px", "Places (track, xy, node, frame), from the top left", "NaN"),
    Column(
        "point_scores",
        "0 to 1",
        "How sure a place is (track, node, frame); 0 where a person filled a gap",
        "NaN",
    ),
    Column("track_occupancy", "", "1 where an animal has a point (frame, track)"),
    Column("instance_scores, tracking_scores", "", "Not known here (track, frame)", "NaN"),
    Column("track_names", "", "Names of the animals"),
    Column("node_names", "", "Names of the body points"),
    Column("provenance", "JSON", "Where the numbers come from"),
)
AT_ONCE = 65_536  # frames
# The order for MATLAB, as SLEAP writes it: occupancy is the one that is not turned round.
DIMS = {
    "tracks": ("track", "xy", "node", "frame"),
    "point_scores": ("track", "node", "frame"),
    "instance_scores": ("track", "frame"),
    "tracking_scores": ("track", "frame"),
    "track_occupancy": ("frame", "track"),
}


def write(
    videos: Sequence[Taken], what: str, file: Path, step: Callable[[int, int], None]
) -> list[str]:
    """Write the points of one video; an animal at a time is in memory."""
    (taken,) = videos
    poses = pose_array(taken)
    n, points, _, frames = poses.shape
    with h5py.File(file, "w") as out:
        shapes = {"tracks": (n, 2, points, frames), "point_scores": (n, points, frames),
                  "instance_scores": (n, frames), "tracking_scores": (n, frames),
                  "track_occupancy": (frames, n)}  # fmt: skip
        for name, shape in shapes.items():
            kind = np.uint8 if name == "track_occupancy" else np.float32
            fill = None if name == "track_occupancy" else np.nan
            made = out.create_dataset(
                name, shape, kind, fillvalue=fill, compression="gzip", compression_opts=1,
                shuffle=True, chunks=_chunks(name, shape),
            )  # fmt: skip
            made.attrs["dims"] = json.dumps(DIMS[name])
        for animal in range(n):
            for point in range(points):
                out["tracks"][animal, :, point] = poses[animal, point, :2]
                out["point_scores"][animal, point] = poses[animal, point, 2]
            seen = np.isfinite(poses[animal, :, 0]).any(axis=0)
            out["track_occupancy"][:, animal] = seen
            step(animal + 1, n)
        _write_names(out, taken)
    return []


def _chunks(name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The course of one point lies together, as it is written and mostly read."""
    at = DIMS[name].index("frame")
    return tuple(
        min(AT_ONCE, size) if axis == at else 2 if DIMS[name][axis] == "xy" else 1
        for axis, size in enumerate(shape)
    )


def _write_names(out: h5py.File, taken: Taken) -> None:
    out["track_names"] = [name.encode() for name in taken.animals.values()]
    out["node_names"] = [name.encode() for name in taken.points]
    out.create_dataset("edge_names", (0, 2), "S1")
    out.create_dataset("edge_inds", (0, 2), np.int64)
    out["labels_path"], out["video_ind"] = "", 0
    out["video_path"] = taken.video.path.name
    out["provenance"] = json.dumps(facts_of(taken), ensure_ascii=False)
    out.attrs["preset"], out.attrs["format"] = "matlab", "analysis"
