"""SLEAP's projects (.slp): what a person placed wins over what the network predicted.

Read by h5py here, because sleap-io installs a package called `tests` for all programs.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path, PureWindowsPath
from typing import Any

import h5py
import numpy as np

from storage.errors import StudyError
from storage.readers.files import Head, read_values, text_of
from storage.readers.poses import Poses, Rows, from_rows
from storage.readers.sleap import name_tracks

NAME, TITLE, GIVES = "slp", "SLEAP project", "tracks"
KINDS = ("hdf5",)  # of files
FILES = ".slp with predictions, a person's corrections or both; of several videos one at a time"
_USER = 0  # an instance that a person placed
_CENTRED = 1.1  # the format from which 0, 0 is the centre of a pixel, not its corner


def looks_like(head: Head) -> bool:
    """Whether a file is a project of SLEAP."""
    if head.kind != "hdf5":
        return False
    with h5py.File(head.path) as file:
        return {"metadata", "frames", "instances", "points", "pred_points"} <= set(file)


def parts(path: Path) -> list[str]:
    """The videos that a project has labels of, where there are several."""
    with h5py.File(path) as file:
        names = video_names(file, np.unique(read_values(file, "frames")["video"]).tolist())
    return list(names.values()) if len(names) > 1 else []


def read(path: Path, part: str | None = None) -> Poses:
    """Read the tracks of a project; its frames count from the first of the video.

    Of several videos `part` names the one that is meant.
    """
    with h5py.File(path) as file:
        metadata = json.loads(text_of(file["metadata"].attrs["json"]))
        shift = 0.0 if float(file["metadata"].attrs.get("format_id", 0)) >= _CENTRED else 0.5
        frames, instances = read_values(file, "frames"), read_values(file, "instances")
        names = video_names(file, np.unique(frames["video"]).tolist())
        user, predicted = read_values(file, "points"), read_values(file, "pred_points")
        tracks = [json.loads(text_of(one)) for one in read_values(file, "tracks_json")]
    nodes = _nodes(metadata)
    called = [str(one[1]) if isinstance(one, list) else str(one) for one in tracks]
    if len(set(called)) < len(called):
        raise ValueError(f"two of its tracks have one name ({', '.join(called)[:80]})")
    video = _one_video(path, names, part)
    frames = frames[frames["video"] == video]
    found = list(_instances(path, frames, instances))
    xy, sure = np.full((len(found), len(nodes), 2), np.nan), np.full((len(found), len(nodes)), 1.0)
    for row, (_, one) in enumerate(found):
        by_hand = one["instance_type"] == _USER
        points = user if by_hand else predicted
        mine = points[int(one["point_id_start"]) : int(one["point_id_end"])]
        if len(mine) != len(nodes):
            raise ValueError(f"an instance has {len(mine)} points and the skeleton {len(nodes)}")
        xy[row] = np.stack([mine["x"], mine["y"]], axis=1) - shift
        xy[row][~mine["visible"].astype(bool)] = np.nan
        sure[row] = np.nan if by_hand else mine["score"]
    frame = np.array([number for number, _ in found], dtype=np.int64)
    who = [_track(called, int(one["track"])) for _, one in found]
    keep, notes = _tracked(who)
    who, more = name_tracks(path, frame[keep], [who[row] for row in keep])
    order = [name for name in dict.fromkeys(called) if name in who] or list(dict.fromkeys(who))
    rows = Rows(frame[keep], who, xy[keep], nodes, sure[keep], order=order)
    poses = replace(from_rows(path, rows, "sleap"), video=names.get(video, ""))
    corrected = sum(one["instance_type"] == _USER for _, one in found)
    if corrected and corrected < len(found):
        notes.append(f"{corrected} of {len(found)} instances placed by a person: these win")
    return poses.noting(*notes, *more)


def _instances(path: Path, frames: np.ndarray, instances: np.ndarray) -> Any:
    """(frame, instance) of everybody, without predictions that a person put another one for."""
    for frame in frames:
        first, after = int(frame["instance_id_start"]), int(frame["instance_id_end"])
        if not 0 <= first <= after <= len(instances):
            raise ValueError(f"frame {frame['frame_idx']} names instances {first} to {after}")
        listed = instances[first:after]
        by_hand = [one for one in listed if one["instance_type"] == _USER]
        replaced = {int(one["from_predicted"]) for one in by_hand}
        tracks = {int(one["track"]) for one in by_hand if one["track"] >= 0}
        for one in listed:
            gone = int(one["instance_id"]) in replaced or int(one["track"]) in tracks
            if one["instance_type"] == _USER or not gone:
                yield int(frame["frame_idx"]), one


def _track(names: list[str], number: int) -> str:
    if number >= len(names):
        raise ValueError(f"an instance is of track {number}, and there are {len(names)}")
    return names[number] if number >= 0 else ""


def _tracked(who: list[str]) -> tuple[list[int], list[str]]:
    """The rows of those that have a track, where any has one."""
    of_nobody = who.count("")
    if not of_nobody or of_nobody == len(who):
        return list(range(len(who))), []
    keep = [row for row, name in enumerate(who) if name]
    return keep, [f"{of_nobody} instances that belong to no track left out"]


def video_names(file: h5py.File, numbers: list[int]) -> dict[int, str]:
    """What the videos are called, by the numbers that frames have: no two of them alike.

    The name of the file; where two files are called so, with their folders.
    """
    paths = {number: _path_of(one) for number, one in video_sources(file).items()}
    found = {number: paths.get(number) or f"video{number}" for number in numbers}
    short = {number: PureWindowsPath(name).name for number, name in found.items()}
    short = short if len(set(short.values())) == len(short) else found
    if len(set(short.values())) == len(short):
        return short
    return {number: f"{number}: {name}" for number, name in short.items()}


def video_sources(file: h5py.File) -> dict[int, dict[str, Any]]:
    """What the file says of each video, by the numbers that frames have."""
    said = [json.loads(text_of(one)) for one in read_values(file, "videos_json")] if (
        "videos_json" in file) else []  # fmt: skip
    backs = [{"filename": one.get("filename"), **one.get("backend", one)} for one in said]
    inside = [re.match(r"video(\d+)/", str(one.get("dataset") or "")) for one in backs]
    own = [int(one[1]) for one in inside if one]
    keys = own if len(own) == len(backs) else list(range(len(backs)))  # pictures inside the file
    return dict(zip(keys, [_source(file, one) for one in backs], strict=True))


def _source(file: h5py.File, back: dict[str, Any]) -> dict[str, Any]:
    """The film itself; of pictures that lie in the file, the one that they were taken from."""
    group = file.get(str(back.get("dataset") or "/").removesuffix("/video"))
    names = ("source_video", "original_video") if back.get("filename") == "." else ()
    for name in names:
        if isinstance(group, h5py.Group) and name in group and "json" in group[name].attrs:
            told = json.loads(text_of(group[name].attrs["json"]))
            return {"filename": told.get("filename"), **(told.get("backend") or {})}
    return back


def _path_of(backend: dict[str, Any]) -> str:
    """A video's file, or the first of its pictures."""
    name = backend.get("filenames") or backend.get("filename") or ""
    first = str(name[0]) if isinstance(name, list) and name else str(name)
    return "" if first == "." else first  # the pictures lie in the file itself


def _one_video(path: Path, names: dict[int, str], part: str | None) -> int:
    """The number of the video that is meant."""
    if part is None and len(names) == 1:
        return next(iter(names))
    said = ", ".join(names.values())
    if part is None:
        raise StudyError(
            f"{path} has labels of {len(names)} videos: say with --recording which one is meant "
            f"({said})."
        )
    fitting = [
        number for number, name in names.items() if part in (name, PureWindowsPath(name).stem)
    ]
    if len(fitting) != 1:
        raise StudyError(f"{path} has no video '{part}': choose one of {said}.")
    return fitting[0]


def _nodes(metadata: dict[str, Any]) -> tuple[str, ...]:
    """Names of the first skeleton's nodes, in the order of an instance's points."""
    if not metadata["skeletons"]:
        raise ValueError("it has no skeleton: of such files poses alone are read, no masks")
    skeleton = metadata["skeletons"][0]
    graph = skeleton.get("nx_graph", skeleton)
    return tuple(str(metadata["nodes"][int(one["id"])]["name"]) for one in graph["nodes"])
