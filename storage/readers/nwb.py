"""NWB files with poses of ndx-pose: a PoseEstimation per animal, a series per body point."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path, PureWindowsPath
from typing import Any, NamedTuple

import h5py
import numpy as np

from storage.errors import StudyError
from storage.readers.files import Head, read_values, text_of
from storage.readers.nwb_file import (
    OURS,
    Clock,
    clock_of,
    film_of,
    holds,
    in_modules,
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
_TRACK = "track="  # before the names of sleap-io


class _Course(NamedTuple):
    """Where one body point of one animal was."""

    point: str
    xy: np.ndarray  # (n, 2)
    confidence: np.ndarray  # (n,), NaN where the file has none
    clock: Clock


def looks_like(head: Head) -> bool:
    """Whether a file is NWB with poses."""
    return holds(head, lambda file: in_modules(file, "PoseEstimation"))


def read(path: Path, part: str | None = None) -> Poses:
    """Read the poses of all animals; where several cameras filmed, `part` names one of theirs."""
    with h5py.File(path) as file:
        chosen = _of_one_camera(path, in_modules(file, "PoseEstimation"), part)
        courses = [_courses(one) for _, one in chosen]
        video, n_film, _ = film_of(file)
        clocks = [course.clock for one in courses for course in one]
        by_frame = text_in(chosen[0][1], "source_software") == "SLEAP"  # times are of the video
        times = times_of(clocks, n_film, 0.0 if by_frame else None)
        unit, factor = _unit([one for _, one in chosen])
        names = tuple(_animal(file, name, one, len(chosen)) for name, one in chosen)
        own = own_facts(file)
        scorer, frame_of = text_in(chosen[0][1], "scorer"), _reference(chosen[0][1])
        several = len(in_modules(file, "TimeIntervals"))
        video = video or _film(chosen[0][1])
    points = tuple(dict.fromkeys(course.point for one in courses for course in one))
    n_frames = max(last_frame(path, frame) for frame in times.frames) + 1
    shape = (n_frames, len(names), len(points))
    xy, sure = np.full((*shape, 2), np.nan), np.full(shape, np.nan)
    frames = iter(times.frames)
    for animal, one in enumerate(courses):
        for course in one:
            rows, point = next(frames), points.index(course.point)
            xy[rows, animal, point] = course.xy * factor
            sure[rows, animal, point] = course.confidence
    fps = Fraction(own["fps"]) if times.fps and own.get("fps") else times.fps
    poses = Poses(
        NAME, names, points, xy, sure, scorer, fps, own.get("px_per_cm"), times.notes, unit,
        video=video, open_ended=by_frame,
    )  # fmt: skip
    if by_frame and fps == 1:  # what sleap-io writes where it knows no rate
        poses = replace(poses, fps=None).noting("its times are numbers of frames, at no rate")
    if several:
        poses = poses.noting("it has intervals, too: import it again with --format nwb-bouts")
    if re.search(r"bottom|lower", frame_of):
        poses = poses.noting(
            f"the file says of its places: {frame_of[:120]!r}. They are taken from the top left, "
            "as trackers write them: look at them in the player"
        )
    return poses


def parts(path: Path) -> list[str]:
    """The cameras or videos that a file has poses of, where there are several."""
    with h5py.File(path) as file:
        some = _cameras(in_modules(file, "PoseEstimation"))
        return list(some) if len(some) > 1 else []


def _cameras(found: list[tuple[str, Any]]) -> dict[str, list[tuple[str, Any]]]:
    """The PoseEstimations of every camera or video, by what it is called."""
    some: dict[str, list[tuple[str, Any]]] = {}
    for name, one in found:
        some.setdefault(_camera(one), []).append((name, one))
    films = [_film(mine[0][1]) for mine in some.values()]
    if len(set(films)) == len(films) and all(films):
        return dict(zip(films, some.values(), strict=True))
    firsts = [mine[0] for mine in some.values()]
    names = [name for name, _ in firsts]
    if len(set(names)) < len(names):
        names = [f"{one.parent.name.rpartition('/')[2]}/{name}" for name, one in firsts]
    return dict(zip(names, some.values(), strict=True))


def _film(one: Any) -> str:
    """The file of the only video of a PoseEstimation; nothing where it does not say it."""
    if "original_videos" not in one:
        return ""
    paths = read_values(one, "original_videos").reshape(-1)
    return PureWindowsPath(text_of(paths[0])).name if len(paths) == 1 else ""


def _of_one_camera(
    path: Path, found: list[tuple[str, Any]], part: str | None
) -> list[tuple[str, Any]]:
    """The PoseEstimations of one camera or video; each is an animal."""
    cameras = _cameras(found)
    if part is None and len(cameras) == 1:
        return found
    said = ", ".join(cameras)
    if part is None:
        raise StudyError(
            f"{path} has poses of {len(cameras)} cameras or videos: choose one with --recording "
            f"({said})."
        )
    fitting = [name for name in cameras if part in (name, PureWindowsPath(name).stem)]
    if len(fitting) != 1:
        raise StudyError(f"{path} has no poses '{part}': choose one of {said}.")
    return cameras[fitting[0]]


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


def _reference(one: Any) -> str:
    """What the file says of where places begin."""
    return next((text_in(series, "reference_frame") for _, series in
                 members(one, "PoseEstimationSeries")), "")  # fmt: skip


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
        found.append(_Course(point, data, sure, clock_of(series[name], len(data))))
    return found


def _named(one: Any, series: dict[str, Any]) -> list[tuple[str, str]]:
    """Body points and the names of their series, in the order of the skeleton's nodes."""
    if text_in(one, "source_software") == OURS:
        animal = _own_name(one)
        said = {text_of(node.attrs.get("description", "")).removesuffix(f" of {animal}"): name
                for name, node in series.items()}  # fmt: skip
    else:
        said = {name: name for name in series}
    found = {name: node for node in _nodes(one) if (name := _series_of(node, said))}
    rest = {name: point.removeprefix("PoseEstimationSeries") or point
            for point, name in said.items() if name not in found}  # fmt: skip
    return [(point, name) for name, point in {**found, **rest}.items()]


def _series_of(node: str, said: dict[str, str]) -> str | None:
    """The series of a node: of its name, or with what stands before the names of all."""
    if node in said:
        return said[node]
    animal, mark, _ = min(said, key=len).rpartition("_")  # as mouse_nose, mouse_left_ear
    fitting = {
        name for point, name in said.items() for prefix in ("PoseEstimationSeries", animal + mark)
        if point.startswith(prefix) and _plain(point[len(prefix) :]) == _plain(node)
    }  # fmt: skip
    return fitting.pop() if len(fitting) == 1 else None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _nodes(one: Any) -> list[str]:
    """The names of the body points, in ndx-pose from 0.2 those of the skeleton."""
    kept = [skeleton for _, some in members(one.parent, "Skeletons")
            for _, skeleton in members(some, "Skeleton")]  # fmt: skip
    holders = [one, *(node for _, node in members(one, "Skeleton")), *kept]
    named = next((holder for holder in holders if "nodes" in holder), None)
    return [] if named is None else [
        text_of(name) for name in read_values(named, "nodes").reshape(-1)
    ]  # fmt: skip


def _own_name(one: Any) -> str:
    """The animal of a PoseEstimation that this program wrote."""
    return text_in(one, "description").removeprefix("Animal ").rpartition(" of ")[0]


def _animal(file: h5py.File, name: str, one: Any, count: int) -> str:
    """An animal's name: as this program wrote it, that of the file's subject, or the group's."""
    if text_in(one, "source_software") == OURS and _own_name(one):
        return _own_name(one)
    if count > 1 or name.startswith(_TRACK):
        return name.removeprefix(_TRACK)
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
