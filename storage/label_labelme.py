"""LabelMe: one JSON file beside every image.

Shapes of one label and group_id are one animal. Polygons, rectangles, circles and masks are
outlines; points and lines are none and are left out. A mask that polygons cannot say, since it
has a hole, is written as a mask. Which animal it is goes into the description: `animal 2`.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from storage.errors import StudyError
from storage.label_files import (
    LARGEST_PX,
    NO_OUTLINE,
    LabelFile,
    LabelledImage,
    LabelledPicture,
    Left,
    clean_name,
    distinct,
    find_picture,
    picture_size,
    read_json,
    save_json,
    save_picture,
)
from storage.label_masks import circle, fill, outlines
from storage.labels import Label, label_of

VERSION = "5.5.0"  # of LabelMe, whose form this is
_NO_OUTLINE = ("point", "points", "line", "linestrip")


def read(path: Path) -> LabelFile:
    """Read one file, or all of a folder and of the folders in it."""
    files = [path]
    if path.is_dir():
        files = [one for one in sorted(path.rglob("*.json")) if one.is_file()]
    left, images = Left(), []
    for file in files:
        found = read_json(file)
        if isinstance(found, dict) and isinstance(found.get("shapes"), list):
            image = _image(file, found, left)
            if found["shapes"] and not image.labels:  # points alone do not say: nobody is there
                left.add(NO_OUTLINE)
            else:
                images.append(image)
        elif len(files) == 1:
            raise StudyError(f"{file} is no file of LabelMe: it has no shapes.")
        else:
            left.add("JSON files that are not of LabelMe left out")
    return LabelFile("labelme", tuple(images), left.notes)


def write(folder: Path, frames: Iterable[LabelledPicture]) -> int:
    """Write images and JSON files into a folder, and return how many."""
    count = 0
    for one in frames:
        width, height = one.size
        save_picture(one.pixels, folder / f"{one.stem}.png")
        shapes = [shape for k, label in enumerate(one.labels) for shape in _shapes(label, k + 1)]
        record: dict[str, Any] = {
            "version": VERSION, "flags": {}, "shapes": shapes, "imagePath": f"{one.stem}.png",
            "imageData": None, "imageHeight": height, "imageWidth": width,
            "video": one.video, "frame": one.frame,
        }  # fmt: skip
        save_json(record, folder / f"{one.stem}.json")
        count += 1
    return count


def _image(file: Path, found: dict[str, Any], left: Left) -> LabelledImage:
    name = str(found.get("imagePath") or f"{file.stem}.png").replace("\\", "/")
    name = name.removeprefix("./").removeprefix("../")
    picture = find_picture(file.parent, str(found.get("imagePath") or name))
    width, height = found.get("imageWidth"), found.get("imageHeight")
    if not (isinstance(width, int) and isinstance(height, int)):
        if picture is None:
            raise StudyError(f"{file} does not say how large its image is: put {name} beside it.")
        width, height = picture_size(picture)
    if not 0 < width * height <= LARGEST_PX or min(width, height) < 1:
        raise StudyError(f"{file} has an image of {width} x {height} px, which cannot be.")
    video, frame = found.get("video"), found.get("frame")
    said = isinstance(video, str) and isinstance(frame, int)
    labels = distinct(_labels(file, found["shapes"], width, height, left))
    where = (video, frame) if said else (None, None)
    if "/" not in name and not said and file.parent.name:
        name = f"{file.parent.name}/{name}"  # DeepLabCut calls folders after videos
    return LabelledImage(name, width, height, labels, picture, *where)


def _labels(file: Path, shapes: list[Any], width: int, height: int, left: Left) -> Iterator[Label]:
    """The labels of one image: shapes of one group together."""
    groups: dict[tuple[Any, ...], tuple[str, np.ndarray, int | None]] = {}
    for number, shape in enumerate(shapes):
        if not isinstance(shape, dict):
            raise StudyError(f"{file} is damaged: shape {number + 1} is none.")
        kind, group = shape.get("shape_type") or "polygon", shape.get("group_id")
        if kind in _NO_OUTLINE:
            left.add("points and lines left out: they outline nothing")
            continue
        mask = _mask(file, number, shape, kind, width, height)
        name = clean_name(shape.get("label", ""))
        key = (name, group) if isinstance(group, int | str) else ("", number, "alone")
        before = groups.get(key)
        animal = _animal(shape.get("description"))
        groups[key] = (name, mask if before is None else before[1] | mask, animal)
    for name, mask, animal in groups.values():
        if mask.any():
            yield label_of(mask, name, animal)
        else:
            left.add("outlines that enclose no pixel left out")


def _mask(
    file: Path, number: int, shape: dict[str, Any], kind: str, width: int, height: int
) -> np.ndarray:
    try:
        points = np.asarray(shape.get("points"), float).reshape(-1, 2)
        if kind == "mask":
            return _placed(str(shape.get("mask") or ""), points, width, height)
        if kind == "polygon":
            return fill(points, width, height)
        (x0, y0), (x1, y1) = points
        if kind == "rectangle":
            return fill(np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]), width, height)
        if kind == "circle":
            return fill(circle(x0, y0, float(np.hypot(x1 - x0, y1 - y0))), width, height)
    except (TypeError, ValueError, StudyError) as error:
        line = str(error).splitlines()[0] if isinstance(error, StudyError) else "its points are bad"
        raise StudyError(f"{file}: shape {number + 1} cannot be used: {line}") from error
    raise StudyError(f"{file}: shape {number + 1} is a '{kind}', which is not known here.")


def _placed(text: str, points: np.ndarray, width: int, height: int) -> np.ndarray:
    """The mask of a shape `mask`: a PNG in base64, whose top left pixel is the first point."""
    try:
        with Image.open(io.BytesIO(base64.b64decode(text, validate=True))) as picture:
            if picture.width > width or picture.height > height:
                raise StudyError("its mask is larger than the image")
            inside = np.asarray(picture.convert("L")) != 0
    except (binascii.Error, OSError, UnidentifiedImageError) as error:
        raise StudyError("its mask is no PNG in base64") from error
    x0, y0 = (int(value) for value in points[0])
    if x0 < 0 or y0 < 0 or x0 + inside.shape[1] > width or y0 + inside.shape[0] > height:
        raise StudyError("its mask leaves the image")
    mask = np.zeros((height, width), np.uint8)
    mask[y0 : y0 + inside.shape[0], x0 : x0 + inside.shape[1]] = inside
    return mask


def _shapes(label: Label, number: int) -> Iterator[dict[str, Any]]:
    x0, y0, x1, y1 = label.box
    parts = outlines(label.mask)
    common: dict[str, Any] = {
        "label": label.class_name, "group_id": None if len(parts) == 1 else number, "flags": {},
        "description": f"animal {label.animal_id}" if label.animal_id else "",
    }  # fmt: skip
    if any(holes for _, holes in parts):
        corners = [[x0, y0], [x1 - 1, y1 - 1]]
        packed = io.BytesIO()
        Image.fromarray(label.mask.astype(bool)).save(packed, "PNG")
        text = base64.b64encode(packed.getvalue()).decode()
        yield {**common, "group_id": None, "points": corners, "shape_type": "mask", "mask": text}
        return
    for ring, _ in parts:
        points = (ring + np.array([x0, y0])).tolist()
        yield {**common, "points": points, "shape_type": "polygon", "mask": None}


def _animal(description: object) -> int | None:
    found = re.fullmatch(r"animal (\d{1,4})", str(description or "").strip())
    return int(found[1]) or None if found else None
