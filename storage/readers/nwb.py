"""NWB files with poses of ndx-pose: a PoseEstimation per animal, a series per body point."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from storage.errors import StudyError
from storage.readers.files import Head, read_values, text_of
from storage.readers.nwb_file import (
    OURS,
    film_of,
    in_modules,
    is_nwb,
    members,
    own_facts,
    text_in,
    times_of,
)
from storage.readers.poses import Poses, last_frame

NAME, TITLE, GIVES = "nwb", "NWB with ndx-pose", "tracks"
KINDS = ("hdf5",)  # of files
FILES = ".nwb with PoseEstimation in a processing module; its intervals with --format nwb-bouts"
_PX = {"pixels", "pixel", "px"}
_CM = {"meters": 100.0, "metres": 100.0, "meter": 100.0, "m": 100.0, "centimeters": 1.0,
       "centimetres": 1.0, "cm": 1.0, "millimeters": 0.1, "mm": 0.1}  # fmt: skip
_Course = tuple[str, np.ndarray, np.ndarray]  # point, (n, 2) places and (n,) confidence


def looks_like(head: Head) -> bool:
    """Whether a file is NWB with poses."""
    if head.kind != "hdf5":
        return False
    with h5py.File(head.path) as file:
        return is_nwb(file) and bool(in_modules(file, "PoseEstimation"))


def read(path: Path, part: str | None = None) -> Poses:
    """Read the poses of all animals; where several cameras filmed, `part` names one of theirs."""
    with h5py.File(path) as file:
        chosen = _of_one_camera(path, in_modules(file, "PoseEstimation"), part)
        courses = [_courses(one) for _, one in chosen]
        lengths = {len(xy) for one in courses for _, xy, _ in one}
        if len(lengths) != 1:
            raise ValueError(f"its body points have {sorted(lengths)} rows, which must be one")
        video, n_film, _ = film_of(file)
        first = next(series for _, series in members(chosen[0][1], "PoseEstimationSeries"))
        times = times_of(first, lengths.pop(), n_film)
        unit, factor = _unit([one for _, one in chosen])
        names = tuple(_animal(file, name, one, len(chosen)) for name, one in chosen)
        own = own_facts(file)
        scorer, frame_of = text_in(chosen[0][1], "scorer"), text_in(first, "reference_frame")
        several = len(in_modules(file, "TimeIntervals"))
    points = tuple(dict.fromkeys(point for one in courses for point, _, _ in one))
    shape = (last_frame(path, times.frame) + 1, len(names), len(points))
    xy, sure = np.full((*shape, 2), np.nan), np.full(shape, np.nan)
    for animal, one in enumerate(courses):
        for point, places, confidence in one:
            xy[times.frame, animal, points.index(point)] = places * factor
            sure[times.frame, animal, points.index(point)] = confidence
    fps = Fraction(own["fps"]) if times.fps and own.get("fps") else times.fps
    poses = Poses(
        NAME, names, points, xy, sure, scorer, fps, own.get("px_per_cm"), times.notes, unit,
        video=video,
    )  # fmt: skip
    if several:
        poses = poses.noting("it has intervals, too: import it again with --format nwb-bouts")
    if re.search(r"bottom|lower", frame_of):
        poses = poses.noting(
            f"the file says of its places: {frame_of[:120]!r}. They are taken from the top left, "
            "as trackers write them: look at them in the player"
        )
    return poses


def parts(path: Path) -> list[str]:
    """The first PoseEstimation of every camera, where there are several."""
    with h5py.File(path) as file:
        some = _cameras(in_modules(file, "PoseEstimation"))
        return [one[0][0] for one in some] if len(some) > 1 else []


def _cameras(found: list[tuple[str, Any]]) -> list[list[tuple[str, Any]]]:
    cameras: dict[str, list[tuple[str, Any]]] = {}
    for name, one in found:
        cameras.setdefault(_camera(one), []).append((name, one))
    return list(cameras.values())


def _of_one_camera(
    path: Path, found: list[tuple[str, Any]], part: str | None
) -> list[tuple[str, Any]]:
    """The PoseEstimations of one camera or video; each is an animal."""
    cameras = _cameras(found)
    if part is not None:
        chosen = [some for some in cameras if part in [name for name, _ in some]]
        if not chosen:
            named = ", ".join(name for name, _ in found)
            raise StudyError(f"{path} has no poses '{part}': choose one of {named}.")
        return chosen[0]
    if len(cameras) > 1:
        named = ", ".join(some[0][0] for some in cameras)
        raise StudyError(
            f"{path} has poses of {len(cameras)} cameras or videos: choose one with --recording "
            f"({named})."
        )
    return found


def _camera(one: Any) -> str:
    """What tells one camera's poses from another's."""
    said = [
        link.path
        for name, node in members(one)
        if isinstance(link := one.get(name, getlink=True), h5py.SoftLink)
        and "Skeleton" not in text_of(node.attrs.get("neurodata_type", ""))
    ]
    if "original_videos" in one:
        said += [text_of(video) for video in read_values(one, "original_videos").reshape(-1)]
    return repr(sorted(said))


def _courses(one: Any) -> list[_Course]:
    """Every body point's course, in the order of the skeleton."""
    series = dict(members(one, "PoseEstimationSeries"))
    if not series:
        raise ValueError("an animal has no PoseEstimationSeries")
    found = []
    for point, name in _named(one, series):
        data = read_values(series[name], "data").astype(float)
        if data.ndim != 2 or data.shape[1] != 2:
            raise ValueError(f"{name} has data of the shape {data.shape}, not x and y of frames")
        scale = series[name]["data"].attrs
        data = data * float(scale.get("conversion", 1)) + float(scale.get("offset", 0))
        sure = np.full(len(data), np.nan)
        if "confidence" in series[name]:
            sure = read_values(series[name], "confidence").astype(float).reshape(-1)
        if len(sure) != len(data):
            raise ValueError(f"{name} has {len(sure)} confidences for {len(data)} places")
        found.append((point, data, sure))
    return found


def _named(one: Any, series: dict[str, Any]) -> list[tuple[str, str]]:
    """Body points and the names of their series, in the order of the skeleton's nodes."""
    if text_in(one, "source_software") == OURS:
        animal = _own_name(one)
        said = {text_of(node.attrs.get("description", "")).removesuffix(f" of {animal}"): name
                for name, node in series.items()}  # fmt: skip
    else:
        said = {name: name for name in series}
    nodes = _nodes(one)
    pairs = [(node, _series_of(node, said)) for node in nodes]
    whole = {name for _, name in pairs} == set(series) and len(pairs) == len(series)
    if whole:
        return [(node, str(name)) for node, name in pairs]
    return [(point.removeprefix("PoseEstimationSeries") or point, name)
            for point, name in said.items()]  # fmt: skip


def _series_of(node: str, said: dict[str, str]) -> str | None:
    """The series of a node: of its name, or with a prefix before it."""
    if node in said:
        return said[node]
    fitting = [name for point, name in said.items() if _plain(point).endswith(_plain(node))]
    return fitting[0] if len(fitting) == 1 else None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _nodes(one: Any) -> list[str]:
    """The names of the body points, in ndx-pose from 0.2 those of the skeleton."""
    holders = [node for _, node in members(one, "Skeleton")] or [one]
    if "nodes" not in holders[0]:
        return []
    return [text_of(name) for name in read_values(holders[0], "nodes").reshape(-1)]


def _own_name(one: Any) -> str:
    """The animal of a PoseEstimation that this program wrote."""
    return text_in(one, "description").removeprefix("Animal ").rpartition(" of ")[0]


def _animal(file: h5py.File, name: str, one: Any, count: int) -> str:
    """An animal's name: as this program wrote it, that of the file's subject, or the group's."""
    if text_in(one, "source_software") == OURS and _own_name(one):
        return _own_name(one)
    if count > 1:
        return name
    own = "" if name.startswith("PoseEstimation") else name  # what the group is, and nobody's name
    return text_in(file.get("general/subject"), "subject_id") or own or "animal1"


def _unit(found: list[Any]) -> tuple[str, float]:
    """px or cm, and by what the places are multiplied to be in it."""
    said = {
        text_of(series["data"].attrs.get("unit", "")).strip().lower()
        for one in found for _, series in members(one, "PoseEstimationSeries")
    }  # fmt: skip
    if said <= _PX:
        return "px", 1.0
    if len(said) == 1 and said <= set(_CM):
        return "cm", _CM[said.pop()]
    raise ValueError(f"its places are in {', '.join(sorted(said)) or 'no unit'}, not in pixels")
