"""The netCDF files of the `movement` package: positions and confidences with named axes.

Written with h5py by the rules of netCDF-4, so that nothing further need be installed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from storage.writers.columns import Column
from storage.writers.provenance import facts_of, program_of
from storage.writers.taking import Taken, pose_array

NAME, TITLE, ENDING = "movement", "movement (netCDF)", ".nc"
HOLDS, MANY, NEEDS = ("tracks",), False, ("tracks", "keypoints")
COLUMNS = (
    Column(
        "position", "px", "Places (time, space, keypoint, individual), from the top left", "NaN"
    ),
    Column(
        "confidence",
        "0 to 1",
        "How sure a place is (time, keypoint, individual); 0 where a person filled a gap",
        "NaN",
    ),
    Column("time", "s", "Time since the first frame, as the video file gives it"),
    Column("space", "", "x (from the left), y (down)"),
    Column("keypoint", "", "Names of the body points"),
    Column("individual", "", "Names of the animals"),
)
AT_ONCE = 4096  # frames


def write(
    videos: Sequence[Taken], what: str, file: Path, step: Callable[[int, int], None]
) -> list[str]:
    """Write the points of one video, some thousand frames at a time."""
    (taken,) = videos
    poses = pose_array(taken)
    frames = poses.shape[-1]
    with h5py.File(file, "w", track_order=True) as out:
        sizes = _write_axes(out, taken)
        position = _variable(out, "position", ("time", "space", "keypoint", "individual"), sizes)
        confidence = _variable(out, "confidence", ("time", "keypoint", "individual"), sizes)
        for first in range(0, frames, AT_ONCE):
            part = np.asarray(poses[..., first : first + AT_ONCE])
            position[first : first + AT_ONCE] = part[:, :, :2].transpose(3, 2, 1, 0)
            confidence[first : first + AT_ONCE] = part[:, :, 2].transpose(2, 1, 0)
            step(min(first + AT_ONCE, frames), frames)
        for name, value in _attributes(taken).items():
            out.attrs[name] = value
    return []


def _write_axes(out: h5py.File, taken: Taken) -> dict[str, int]:
    values: dict[str, Any] = {
        "time": taken.time_s, "space": ["x", "y"], "keypoint": list(taken.points),
        "individual": list(taken.animals.values()),
    }  # fmt: skip
    for number, (name, listed) in enumerate(values.items()):
        kind = np.float64 if name == "time" else h5py.string_dtype()
        axis = out.create_dataset(name, data=np.array(listed, dtype=kind), track_order=True)
        axis.make_scale(name)
        axis.attrs["_Netcdf4Dimid"] = np.int32(number)
    return {name: len(listed) for name, listed in values.items()}


def _variable(
    out: h5py.File, name: str, axes: tuple[str, ...], sizes: dict[str, int]
) -> h5py.Dataset:
    shape = tuple(sizes[axis] for axis in axes)
    made = out.create_dataset(
        name, shape, np.float32, fillvalue=np.nan, track_order=True, compression="gzip",
        compression_opts=1, shuffle=True, chunks=(min(AT_ONCE, shape[0]), *shape[1:]),
    )  # fmt: skip
    made.attrs["_FillValue"] = np.float32(np.nan)
    for number, axis in enumerate(axes):
        made.dims[number].attach_scale(out[axis])
    return made


def _attributes(taken: Taken) -> dict[str, Any]:
    video = taken.video
    found: dict[str, Any] = {
        "ds_type": "poses", "time_unit": "seconds", "source_software": program_of(taken),
        "source_file": video.path.name, "provenance": json.dumps(facts_of(taken)),
    }  # fmt: skip
    # A rate is only said where it is one: movement computes with it.
    return found if video.variable_rate else {"fps": float(video.fps), **found}
