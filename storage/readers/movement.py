"""Data sets of `movement`, netCDF4 of poses or of boxes, also with its older names of axes."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from storage.readers.files import Head, read_values, text_of
from storage.readers.poses import BOX, CENTRE, Poses, arrange, check_frames, rate_of

NAME, TITLE, GIVES = "movement", "movement", "tracks"
KINDS = ("hdf5",)  # of files
FILES = "netCDF of poses or bounding boxes"
_SINGULAR = {"individuals": "individual", "keypoints": "keypoint"}
_NEAR = 0.05  # of a frame, by which a time in s may miss one


def looks_like(head: Head) -> bool:
    """Whether a file is a data set of `movement`."""
    if head.kind != "hdf5":
        return False
    with h5py.File(head.path) as file:
        names = {_SINGULAR.get(name, name) for name in file}
        return {"position", "time", "space", "individual"} <= names


def read(path: Path) -> Poses:
    """Read poses, or boxes as their centre and two corners; frames are told by the times."""
    with h5py.File(path) as file:
        names = {_SINGULAR.get(name, name): name for name in file}
        animals = _labels(file, names["individual"])
        space = _labels(file, names["space"])
        is_box = "keypoint" not in names
        points = (CENTRE,) if is_box else _labels(file, names["keypoint"])
        time = read_values(file, "time").astype(float)
        xy = _ordered(file, "position", is_box)
        sure = _ordered(file, "confidence", is_box) if "confidence" in file else None
        size = _ordered(file, "shape", is_box) if is_box and "shape" in file else None
        said = {name: file.attrs[name] for name in file.attrs}
    if space != ("x", "y"):
        raise ValueError(f"its places have the coordinates {', '.join(space)}, not x and y")
    if xy.shape != (len(time), len(animals), len(points), 2):
        raise ValueError(f"its positions have the shape {xy.shape}")
    if is_box and size is not None:
        if size.shape != xy.shape:
            raise ValueError(f"its boxes have the shape {size.shape}")
        xy = np.concatenate([xy, xy - size / 2, xy + size / 2], axis=2)
        points = (CENTRE, *BOX)
    if sure is None:
        sure = np.full(xy.shape[:3], np.nan)
    sure = np.repeat(sure, len(points), axis=2) if is_box else sure
    if sure.shape != xy.shape[:3]:
        raise ValueError(f"its confidences have the shape {sure.shape}")
    fps = rate_of(_number(said.get("fps")))
    frame = _frames(time, text_of(said.get("time_unit", "")), fps)
    n = check_frames(path, frame)
    frame = frame.astype(np.int64)
    scorer = text_of(said.get("source_software", ""))
    return Poses(
        NAME, animals, points, arrange(frame, xy, n), arrange(frame, sure, n), scorer, fps,
        video="",
    )  # fmt: skip


def _frames(time: np.ndarray, unit: str, fps: object) -> np.ndarray:
    """Frame numbers of times, which are in s where the frame rate is known."""
    if unit == "frames" or (not unit and fps is None):
        return time
    if unit and unit not in ("s", "seconds"):
        raise ValueError(f"its times are in {unit}")
    if fps is None:  # of a video whose frames are not evenly spaced
        if (np.diff(time) <= 0).any() or not np.isfinite(time).all():
            raise ValueError("its times do not grow")
        return np.arange(len(time))
    frame = time * float(fps)  # type: ignore[arg-type]
    if (np.abs(frame - np.round(frame)) > _NEAR + 1e-6 * np.abs(frame)).any():
        raise ValueError(f"its times are not those of frames at {float(fps):g}/s")  # type: ignore[arg-type]
    return np.round(frame)


def _ordered(file: h5py.File, name: str, is_box: bool) -> np.ndarray:
    """A variable as (time, individual, keypoint[, space]), whatever the order of its axes."""
    node = file[name]
    axes = [_axis(node, number) for number in range(node.ndim)]
    wanted = ["time", "individual", *([] if is_box else ["keypoint"])]
    wanted += ["space"] if "space" in axes else []
    if sorted(axes) != sorted(wanted):
        raise ValueError(f"the axes of {name} are {', '.join(axes)}")
    values = read_values(file, name).astype(float).transpose([axes.index(one) for one in wanted])
    return values[:, :, None] if is_box else values


def _axis(node: h5py.Dataset, number: int) -> str:
    scale = node.dims[number]
    name = scale[0].name.rpartition("/")[2] if len(scale) else scale.label
    return _SINGULAR.get(name, name)


def _labels(file: h5py.File, name: str) -> tuple[str, ...]:
    return tuple(text_of(value) for value in read_values(file, name).reshape(-1))


def _number(value: object) -> float:
    try:
        return float(np.asarray(value).reshape(-1)[0])
    except (TypeError, ValueError, IndexError):
        return float("nan")
