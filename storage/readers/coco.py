"""COCO files of a video, in which every annotation says which track it is of.

An outline is a list of polygons, which together are one animal, or run lengths; a polygon that is
nothing but the box is no outline. Where an annotation has an outline, the animal's centre, length,
width and area are those of its pixels.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from storage.errors import StudyError
from storage.readers.files import Head, read_json
from storage.readers.outlines import (
    LONGEST_SIDE,
    MEASURED,
    Outline,
    Size,
    check_size,
    collect,
    is_box,
    of_polygons,
    of_runs,
)
from storage.readers.poses import BOX, CENTRE, Poses, Rows, box_points, from_rows, rate_of

NAME, TITLE, GIVES = "coco", "COCO with track ids", "tracks"
KINDS = ("json",)  # of files
FILES = "JSON with track_id in the annotations: outlines, boxes and key points"
_FRAME = ("frame", "frame_index", "frame_id", "frame_number")
_TRACK = ("track_id", "instance_id", "tracking_id")
_LAST_NUMBER = re.compile(r"(\d+)(?=\D*$)")


def looks_like(head: Head) -> bool:
    """Whether a file is a COCO file with tracks."""
    found = head.json if head.kind == "json" else None
    if not isinstance(found, dict) or not {"images", "annotations"} <= set(found):
        return False
    notes = found["annotations"]
    return isinstance(notes, list) and bool(notes) and any(_track(one) is not None for one in notes)


def read(path: Path) -> Poses:
    """Read outlines, boxes as their centre and corners, and key points where there are any."""
    found = read_json(path)
    frames, by = _frames(found["images"])
    kinds = {one["id"]: one for one in found.get("categories", [])}
    named, length, rate = _video(found)
    notes = [one for one in found["annotations"] if _track(one) is not None]
    left = len(found["annotations"]) - len(notes)
    sizes = {one["id"]: _size(one) for one in found["images"]}
    drawn = [_outline(one, sizes[one["image_id"]]) for one in notes]
    told = [outline.measures if outline else {} for outline in drawn]
    points, xy, sure = _places(notes, kinds, told)
    frame = np.array([frames[one["image_id"]] for one in notes], dtype=np.int64)
    who = [_name(one, kinds, named) for one in notes]
    whole = {name: _column(told, name) for name in MEASURED if any(told)}
    rows = Rows(frame, who, xy, points, sure, whole=whole)
    n_frames = max(max(frames.values(), default=-1) + 1, length)
    poses = from_rows(path, rows, NAME, n_frames)
    # Unless it says how long the video is, only frames with animals may be listed.
    poses = replace(poses, fps=rate_of(rate), open_ended=not length)
    outlined = [
        (at, name, one)
        for at, name, one in zip(frame.tolist(), who, drawn, strict=True) if one is not None
    ]  # fmt: skip
    known = {size for size in sizes.values() if size is not None}
    if len(known) > 1:
        raise StudyError(f"{path} has pictures of several sizes: export one video alone.")
    poses = replace(poses, outlines=collect(outlined, poses.animals), size=next(iter(known), None))
    return poses.noting(f"frames by {by}", *_said(len(outlined), len(notes), left))


def _said(outlined: int, annotations: int, left: int) -> list[str]:
    """What to tell of the outlines and of what has no track."""
    if not outlined:
        told = ["the centre is that of the box"]
    elif outlined == annotations:
        told = ["the centre is that of the outline"]
    else:
        told = [
            f"the centre is that of the outline; {annotations - outlined} of {annotations} "
            "annotations have none, and the centre of their box"
        ]
    return told + [f"{left} annotations of no track left out"] * bool(left)


def _places(
    notes: list[dict[str, Any]], kinds: dict[Any, Any], told: list[dict[str, float]]
) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Points, and (k, n_points, 2) places and (k, n_points) scores of all annotations."""
    nodes = list(dict.fromkeys(
        str(name) for one in kinds.values() for name in one.get("keypoints", [])
    ))  # fmt: skip
    boxes = np.array([_box(one) for one in notes], dtype=float).reshape(-1, 4)
    corners = () if all(told) else BOX  # an outline says more than a box
    points = tuple(dict.fromkeys((CENTRE, *corners, *nodes)))
    at = [points.index(name) for name in nodes]
    xy = np.full((len(notes), len(points), 2), np.nan)
    placed = box_points(boxes[:, 0], boxes[:, 1], *(boxes[:, :2] + boxes[:, 2:]).T)
    xy[:, : 1 + len(corners)] = placed[:, : 1 + len(corners)]
    sure = np.full(xy.shape[:2], np.nan)
    for row, (one, measures) in enumerate(zip(notes, told, strict=True)):
        sure[row] = _number(one.get("score"))
        if one.get("keypoints"):  # one that is called as the centre is more than that of a box
            xy[row, at], scores = _key_points(one, kinds, nodes)
            sure[row, at] = np.where(np.isfinite(scores), scores, sure[row, at])
        if measures and not (CENTRE in nodes and np.isfinite(xy[row, 0]).all()):
            xy[row, 0] = measures["x_px"], measures["y_px"]
    return points, xy, sure


def _column(told: list[dict[str, float]], name: str) -> np.ndarray:
    return np.array([one.get(name, np.nan) for one in told], dtype=float)


def _size(image: dict[str, Any]) -> Size | None:
    """Width and height of an image, where the file says them."""
    said = (image.get("width"), image.get("height"))
    return check_size(said) if all(isinstance(side, int) and side for side in said) else None


def _outline(one: dict[str, Any], size: Size | None) -> Outline | None:
    """The pixels of an annotation; None where it has a box alone."""
    said = one.get("segmentation")
    if not said:
        return None
    if isinstance(said, dict):
        return of_runs(said, size)
    rings = [np.asarray(ring, dtype=float).reshape(-1, 2) for ring in said]
    rings = [ring for ring in rings if len(ring) > 2]
    if not rings or is_box(rings, _box(one)):
        return None
    return of_polygons(rings, size or (LONGEST_SIDE, LONGEST_SIDE))


def _video(found: dict[str, Any]) -> tuple[dict[Any, str], int, float]:
    """Names of the animals by track, frames and rate, where the file says them of its video."""
    videos = found.get("videos") or []
    if len(videos) != 1 or not isinstance(videos[0], dict):
        return {}, 0, float("nan")
    named = {one["track_id"]: str(one["name"]) for one in videos[0].get("animals", [])}
    length = videos[0].get("length")
    if not isinstance(length, int) or not 0 <= length <= 20 * len(found["images"]) + 200_000:
        length = 0
    return named, length, _number(videos[0].get("fps"))


def _frames(images: list[dict[str, Any]]) -> tuple[dict[Any, int], str]:
    """The frame of every image, by what the file says of it or the number in its name."""
    key = next((key for key in _FRAME if all(isinstance(one.get(key), int) for one in images)), "")
    if key:
        found = {one["id"]: int(one[key]) for one in images}
    else:
        numbers = [_LAST_NUMBER.search(Path(str(one.get("file_name"))).stem) for one in images]
        if not all(numbers):
            raise ValueError("its images have neither a frame_index nor a number in their names")
        found = {
            one["id"]: int(number[1]) for one, number in zip(images, numbers, strict=True) if number
        }
    if len(found) < len(images) or len(set(found.values())) < len(found):
        raise StudyError("Two images of the COCO file are the same frame: export one video alone.")
    if found and not 0 <= min(found.values()) <= max(found.values()) <= 20 * len(found) + 200_000:
        raise ValueError(f"frame {max(found.values())} of {len(found)} images")
    return found, key or "the numbers in the names of images"


def _track(one: Any) -> Any:
    if not isinstance(one, dict):
        raise ValueError("an annotation is no object")
    said = _attributes(one)
    found = [source.get(key) for source in (one, said) for key in _TRACK]
    found.append(said.get("object_id"))  # as sleap-io writes it
    return next((value for value in found if value is not None and value != -1), None)


def _attributes(one: dict[str, Any]) -> dict[str, Any]:
    found = one.get("attributes")
    return found if isinstance(found, dict) else {}


def _name(one: dict[str, Any], kinds: dict[Any, Any], named: dict[Any, str]) -> str:
    """The animal's own name where the file has it, else its track beside what it is."""
    if _track(one) in named:
        return named[_track(one)]
    said = _attributes(one)
    own = one.get("track_name") or said.get("track_name") or said.get("name")
    if own:
        return str(own)
    kind = kinds.get(one["category_id"], {}).get("name", "animal")
    return f"{kind}{_track(one)}"


def _box(one: dict[str, Any]) -> list[float]:
    box = one.get("bbox")
    if not isinstance(box, list) or len(box) != 4:
        return [np.nan] * 4
    return [_number(value) for value in box]


def _key_points(
    one: dict[str, Any], kinds: dict[Any, Any], nodes: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """(n_nodes, 2) places and (n_nodes,) scores; NaN where not labelled."""
    named = [str(name) for name in kinds[one["category_id"]].get("keypoints", [])]
    values = np.array(one["keypoints"], dtype=float).reshape(-1, 3)
    scores = [_number(value) for value in one.get("keypoint_scores") or [None] * len(named)]
    if len(values) != len(named) or len(scores) != len(named):
        raise ValueError(f"an annotation has {len(values)} key points and its kind {len(named)}")
    xy, sure = np.full((len(nodes), 2), np.nan), np.full(len(nodes), np.nan)
    for name, (x, y, visible), score in zip(named, values, scores, strict=True):
        if visible > 0:
            xy[nodes.index(name)] = x, y
            sure[nodes.index(name)] = score
    return xy, sure


def _number(value: Any) -> float:
    if value is None:
        return float("nan")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{str(value)[:40]!r} is no number")
    return float(value)
