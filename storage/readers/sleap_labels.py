"""SLEAP's projects (.slp): what a person placed wins over what the network predicted.

Read by h5py here, because sleap-io installs a package called `tests` for all programs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from storage.errors import StudyError
from storage.readers.files import Head, read_values, text_of
from storage.readers.poses import Poses, Rows, from_rows
from storage.readers.sleap import name_tracks

NAME, TITLE, GIVES = "slp", "SLEAP project", "tracks"
KINDS = ("hdf5",)  # of files
FILES = ".slp with predictions, a person's corrections or both, of one video"
_USER = 0  # an instance that a person placed
_CENTRED = 1.1  # the format from which 0, 0 is the centre of a pixel, not its corner


def looks_like(head: Head) -> bool:
    """Whether a file is a project of SLEAP."""
    if head.kind != "hdf5":
        return False
    with h5py.File(head.path) as file:
        return {"metadata", "frames", "instances", "points", "pred_points"} <= set(file)


def read(path: Path) -> Poses:
    """Read the tracks of a project; its frames count from the first of the video."""
    with h5py.File(path) as file:
        metadata = json.loads(text_of(file["metadata"].attrs["json"]))
        shift = 0.0 if float(file["metadata"].attrs.get("format_id", 0)) >= _CENTRED else 0.5
        frames, instances = read_values(file, "frames"), read_values(file, "instances")
        user, predicted = read_values(file, "points"), read_values(file, "pred_points")
        tracks = [json.loads(text_of(one)) for one in read_values(file, "tracks_json")]
    nodes = _nodes(metadata)
    names = [str(one[1]) if isinstance(one, list) else str(one) for one in tracks]
    if len(set(names)) < len(names):
        raise ValueError(f"two of its tracks have one name ({', '.join(names)[:80]})")
    _one_video(path, frames)
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
    who = [_track(names, int(one["track"])) for _, one in found]
    keep, notes = _tracked(who)
    who, more = name_tracks(path, frame[keep], [who[row] for row in keep])
    order = [name for name in dict.fromkeys(names) if name in who] or list(dict.fromkeys(who))
    rows = Rows(frame[keep], who, xy[keep], nodes, sure[keep], order=order)
    poses = from_rows(path, rows, "sleap")
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


def _one_video(path: Path, frames: np.ndarray) -> None:
    there = np.unique(frames["video"])
    if len(there) > 1:
        raise StudyError(
            f"{path} has labels of {len(there)} videos: export the analysis file of each in SLEAP, "
            "and import these."
        )


def _nodes(metadata: dict[str, Any]) -> tuple[str, ...]:
    """Names of the first skeleton's nodes, in the order of an instance's points."""
    skeleton = metadata["skeletons"][0]
    graph = skeleton.get("nx_graph", skeleton)
    return tuple(str(metadata["nodes"][int(one["id"])]["name"]) for one in graph["nodes"])
