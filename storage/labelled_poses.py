"""Poses that people labelled for DeepLabCut or SLEAP, as those programs keep them for training.

Positions are in px with 0, 0 in the centre of the top left pixel. Nothing is unpickled: of a
DeepLabCut project the CSV is read, of SLEAP the HDF5 and the JSON inside.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from storage.errors import StudyError
from storage.label_files import Left, find_picture, place_of
from storage.plain_yaml import read_yaml
from storage.readers.files import is_hdf5, read_values, text_of
from storage.readers.sleap_labels import video_names, video_sources

_SINGLE = "single"  # DeepLabCut: body parts of nobody, such as corners of the arena
_USER, _BODY = 0, 1  # SLEAP: an instance that a person placed; an edge of the skeleton
_CENTRED = 1.1  # SLEAP: the format from which 0, 0 is the centre of a pixel, not its corner


@dataclass(frozen=True, eq=False)
class PosedImage:
    """The poses of everybody in one image or frame."""

    name: str  # of the image, or of the video and frame, as the file says
    points: np.ndarray  # (n animals, k nodes, 2) float64 px; NaN where not labelled
    animals: tuple[str | None, ...]  # names, where the file has them
    video: str | None = None  # file of the video, where the file says it; the folder if need be
    frame: int | None = None
    picture: Path | None = None  # where the image lies


@dataclass(frozen=True, eq=False)
class LabelledPoses:
    """What a project of labelled poses holds."""

    format: str  # dlc or sleap
    nodes: tuple[str, ...]
    edges: tuple[tuple[int, int], ...]  # pairs of nodes; none where the file has no skeleton
    images: tuple[PosedImage, ...]
    notes: tuple[str, ...] = ()
    by_hand: bool = True  # False: a network of that program predicted them, nobody placed any


def is_labelled_poses(path: Path) -> bool:
    """Whether this is a project, a folder or a file of labelled poses."""
    if path.is_dir():
        return bool(_collected(path))
    if path.suffix.lower() == ".slp":
        return True
    return path.name == "config.yaml" or path.name.startswith("CollectedData")


def read_labelled_poses(path: Path) -> LabelledPoses:
    """Read a DeepLabCut project (its folder, config.yaml or CollectedData), or a .slp of SLEAP."""
    if not path.exists():
        raise StudyError(f"There is no file {path}: check the path.")
    try:
        if path.suffix.lower() == ".slp":
            return _sleap(path)
        return _deeplabcut(path)
    except (OSError, KeyError, ValueError, IndexError, TypeError, csv.Error) as error:
        line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise StudyError(f"{path} cannot be read as labelled poses: {line}") from error


def _collected(path: Path) -> list[Path]:
    """The tables of a project: one for each video."""
    if not path.is_dir():
        table = path.with_suffix(".csv")
        return [table] if path.name.startswith("CollectedData") and table.is_file() else []
    return sorted(
        file
        for pattern in ("CollectedData*.csv", "*/CollectedData*.csv", "*/*/CollectedData*.csv")
        for file in path.glob(pattern)
    )


def _deeplabcut(path: Path) -> LabelledPoses:
    path = path.parent if path.name == "config.yaml" else path
    tables, left = _collected(path), Left()
    if not tables:
        raise StudyError(
            f"{path} has no CollectedData*.csv: give the folder of a DeepLabCut project, or open "
            "the project there once and save its labels as CSV."
        )
    nodes: list[str] = []
    rows = [row for table in tables for row in _rows(table, nodes, left)]
    skeleton = _skeleton(tables[0], nodes)
    images = []
    for name, folder, poses in rows:
        points = np.full((len(poses), len(nodes), 2), np.nan)
        for animal, found in enumerate(poses.values()):
            for node, xy in found.items():
                points[animal, nodes.index(node)] = xy
        video, frame = _place(name)
        picture = find_picture(folder, name.split("/")[-1])
        images.append(_posed(name, points, [key or None for key in poses], video, frame, picture))
    return LabelledPoses("dlc", tuple(nodes), skeleton, tuple(images), left.notes)


def _place(name: str) -> tuple[str | None, int | None]:
    """The video and frame that DeepLabCut names an image after: its folder and its number."""
    found = place_of(name, [name.split("/")[-2]]) if "/" in name else None
    return found or (None, None)


def _posed(
    name: str, points: np.ndarray, animals: Sequence[str | None], video: str | None,
    frame: int | None, picture: Path | None,
) -> PosedImage:  # fmt: skip
    """One image with the poses of those of whom any point is labelled."""
    seen = np.isfinite(points).all(axis=2).any(axis=1)
    who = tuple(one for one, there in zip(animals, seen, strict=True) if there)
    return PosedImage(name, points[seen], who, video, frame, picture)


_Poses = dict[str, dict[str, tuple[float, float]]]  # animal, node, position


def _rows(table: Path, nodes: list[str], left: Left) -> Iterator[tuple[str, Path, _Poses]]:
    """Name of the image, its folder and poses of every row; `nodes` is added to."""
    with table.open(newline="", encoding="utf-8-sig") as file:
        lines = [line for line in csv.reader(file) if line]
    heads: dict[str, list[str]] = {}
    while lines and lines[0][0] in ("scorer", "individuals", "bodyparts", "coords"):
        head = lines.pop(0)
        heads[head[0]] = head
    if "bodyparts" not in heads or "coords" not in heads:
        raise StudyError(f"{table} is no table of DeepLabCut: it names no bodyparts and coords.")
    columns = [k for k, word in enumerate(heads["coords"]) if k and word in ("x", "y")]
    animals = heads.get("individuals") or [""] * len(heads["coords"])
    if skipped := {heads["bodyparts"][k] for k in columns if animals[k] == _SINGLE}:
        left.add("body parts that belong to nobody left out", len(skipped))
    columns = [k for k in columns if animals[k] != _SINGLE]
    nodes += [n for n in dict.fromkeys(heads["bodyparts"][k] for k in columns) if n not in nodes]
    for line in lines:
        name = "/".join(line[: columns[0]]).replace("\\", "/").strip("/")
        poses: _Poses = {animals[k]: {} for k in columns}
        values = {k: float(line[k]) if line[k].strip() else np.nan for k in columns}
        for x, y in zip(columns[::2], columns[1::2], strict=True):
            poses[animals[x]][heads["bodyparts"][x]] = (values[x], values[y])
        yield name, table.parent, poses


def _skeleton(table: Path, nodes: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """The edges that the project's config.yaml draws, if it lies where it should."""
    for folder in table.parents[:3]:
        if (folder / "config.yaml").is_file():
            pairs = read_yaml(folder / "config.yaml").get("skeleton")
            found = [pair for pair in pairs if isinstance(pair, list)] if pairs else []
            known = [pair for pair in found if len(pair) == 2 and set(pair) <= set(nodes)]
            return tuple((nodes.index(one), nodes.index(other)) for one, other in known)
    return ()


def _sleap(path: Path) -> LabelledPoses:
    if not is_hdf5(path):
        raise StudyError(f"{path} is no file of SLEAP, or is damaged: save it there again.")
    with h5py.File(path) as file:
        metadata = json.loads(text_of(file["metadata"].attrs["json"]))
        centred = float(file["metadata"].attrs.get("format_id", 0)) >= _CENTRED
        frames, instances = read_values(file, "frames"), read_values(file, "instances")
        points = [_xy(read_values(file, name)) for name in ("points", "pred_points")]
        files = video_names(file, np.unique(frames["video"]).tolist())
        loose = {n: one.get("filenames") or one.get("filename") for n, one in
                 video_sources(file).items()}  # fmt: skip
        tracks = [json.loads(text_of(one)) for one in read_values(file, "tracks_json")]
    nodes, edges = _graph(metadata)
    names = [one[1] if isinstance(one, list) else str(one) for one in tracks]
    by_hand = bool((instances["instance_type"] == _USER).any())
    left, images = Left(), []
    for frame in frames:
        listed = instances[int(frame["instance_id_start"]) : int(frame["instance_id_end"])]
        mine = [one for one in listed if not by_hand or one["instance_type"] == _USER]
        if not mine:
            continue
        found = []
        for one in mine:
            source = points[0 if one["instance_type"] == _USER else 1]
            xy = source[int(one["point_id_start"]) : int(one["point_id_end"])]
            if len(xy) != len(nodes):
                raise ValueError("an instance has other nodes than the skeleton")
            found.append(xy if centred else xy - 0.5)
        video, number = int(frame["video"]), int(frame["frame_idx"])
        who = [names[one["track"]] if 0 <= one["track"] < len(names) else None for one in mine]
        where = _where(path, files[video], loose.get(video), number)
        images.append(_posed(where[0], np.array(found), who, *where[1:]))
    if not by_hand:
        left.add(
            "frames have predicted poses, as nobody placed any by hand",
            len(images),
        )
    return LabelledPoses("sleap", nodes, edges, tuple(images), left.notes, by_hand)


def _where(
    path: Path, video: str, source: str | list[str] | None, number: int
) -> tuple[str, str | None, int | None, Path | None]:
    """Name, video, frame and picture of a frame; of loose pictures the one of this number."""
    if not isinstance(source, list):
        return f"{video} frame {number}", video, number, None
    name = str(source[number]).replace("\\", "/")
    return name, None, None, find_picture(path.parent, name)


def _xy(points: np.ndarray) -> np.ndarray:
    """(n, 2) positions; NaN where a point is not visible."""
    xy = np.stack([points["x"], points["y"]], axis=1).astype(float)
    xy[~points["visible"].astype(bool)] = np.nan
    return xy


def _graph(metadata: dict[str, Any]) -> tuple[tuple[str, ...], tuple[tuple[int, int], ...]]:
    """Nodes of the first skeleton in the order of its points, and the edges between them."""
    skeleton = metadata["skeletons"][0]
    graph = skeleton.get("nx_graph", skeleton)
    order = [int(one["id"]) for one in graph["nodes"]]
    names = [str(metadata["nodes"][number]["name"]) for number in order]
    kinds: list[int] = []  # of edges, in the order in which the file first writes them out
    edges = []
    for link in graph["links"]:
        kind = link["type"]
        if "py/reduce" in kind:
            kinds.append(int(kind["py/reduce"][1]["py/tuple"][0]))
            found = kinds[-1]
        else:
            found = kinds[int(kind["py/id"]) - 1]
        if found == _BODY:
            edges.append((order.index(int(link["source"])), order.index(int(link["target"]))))
    return tuple(names), tuple(edges)
