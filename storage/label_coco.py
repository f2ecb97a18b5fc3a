"""COCO: one JSON file with images, categories and annotations.

A segmentation is a list of polygons, which together are one animal, or run lengths, column by
column, as a list or packed into a text. Masks with holes are written as run lengths, all others
as polygons along the edges of their pixels. A crowd (`iscrowd`) is no single animal, and a box is
no outline: an image with one of them is left out, since who is in it is not known whole. CVAT
calls every mask that was painted with its brush a crowd: there each is one animal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from storage.errors import StudyError
from storage.label_files import (
    LARGEST_PX,
    NO_OUTLINE,
    PARTLY,
    LabelFile,
    LabelledImage,
    LabelledPicture,
    Left,
    clean_name,
    distinct,
    find_picture,
    read_json,
    save_json,
    save_picture,
)
from storage.label_masks import outlines, rasterise, run_lengths
from storage.labels import Label, label_of

FILE = "annotations.json"


def read(path: Path) -> LabelFile:
    """Read a COCO file, or the only one of a folder."""
    file = _file(path)
    found = read_json(file)
    keys = ("images", "annotations", "categories")
    whole = isinstance(found, dict) and all(isinstance(found.get(key), list) for key in keys)
    if not whole:
        raise StudyError(f"{file} is no COCO file: it needs images, annotations and categories.")
    listed, annotations, categories = (found[key] for key in keys)
    left = Left()
    try:
        names = {one["id"]: clean_name(one["name"]) for one in categories}
        by_image: dict[Any, list[dict[str, Any]]] = {one["id"]: [] for one in listed}
        for one in annotations:
            by_image[one["image_id"]].append(one)
        images = [_image(file, one, by_image[one["id"]], names, left) for one in listed]
    except (KeyError, TypeError, AttributeError) as error:
        raise StudyError(f"{file} is damaged: {error} is missing or not known in it.") from error
    return LabelFile("coco", tuple(one for one in images if one), left.notes)


def write(folder: Path, frames: Iterable[LabelledPicture]) -> int:
    """Write images and one file of annotations into a folder, and return how many images."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    numbers: dict[str, int] = {}
    for one in frames:
        width, height = one.size
        save_picture(one.pixels, folder / "images" / f"{one.stem}.png")
        images.append(
            {"id": len(images) + 1, "file_name": f"{one.stem}.png", "width": width,
             "height": height, "video": one.video, "frame": one.frame, "empty": not one.labels}
        )  # fmt: skip
        for label in one.labels:
            category = numbers.setdefault(label.class_name, len(numbers) + 1)
            x0, y0, x1, y1 = label.box
            annotations.append(
                {"id": len(annotations) + 1, "image_id": len(images), "category_id": category,
                 "bbox": [x0, y0, x1 - x0, y1 - y0], "area": label.area_px, "iscrowd": 0,
                 "segmentation": _segmentation(label, width, height),
                 **({"track_id": label.animal_id} if label.animal_id else {})}
            )  # fmt: skip
    categories = [{"id": n, "name": name, "supercategory": ""} for name, n in numbers.items()]
    record = {"images": images, "annotations": annotations, "categories": categories}
    save_json(record, folder / FILE)
    return len(images)


def pack(counts: Sequence[int]) -> str:
    """Run lengths as COCO packs them into a text: differences, six bits to a letter.

    >>> pack([6, 1, 40, 4, 5, 4, 5, 4, 21])
    '61X13mN000`0'
    """
    letters = []
    for k, count in enumerate(counts):
        value = int(count) - (int(counts[k - 2]) if k > 2 else 0)
        while True:
            low, value = value & 31, value >> 5
            more = value != (-1 if low & 16 else 0)
            letters.append(chr(48 + (low | 32 if more else low)))
            if not more:
                break
    return "".join(letters)


def unpack(text: str) -> list[int]:
    """Run lengths of a text made by `pack`.

    >>> unpack("61X13mN000`0")
    [6, 1, 40, 4, 5, 4, 5, 4, 21]
    """
    counts: list[int] = []
    value = shift = 0
    for letter in text:
        bits = ord(letter) - 48
        if not 0 <= bits < 64 or shift > 50:
            raise ValueError("its packed run lengths are damaged")
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            if bits & 16:
                value -= 1 << shift
            counts.append(value + (counts[-2] if len(counts) > 2 else 0))
            value = shift = 0
    if shift:
        raise ValueError("its packed run lengths end half way")
    return counts


def _file(path: Path) -> Path:
    if not path.is_dir():
        return path
    found = sorted(path.glob("*.json")) or sorted(path.glob("*/*.json"))
    if len(found) == 1 or (found and found[0].name == FILE):
        return found[0]
    names = ", ".join(one.name for one in found[:5])
    raise StudyError(f"{path} has {len(found)} JSON files ({names}): give the one that is meant.")


def _image(
    file: Path, one: dict[str, Any], annotations: list[dict[str, Any]], names: dict[Any, str],
    left: Left,
) -> LabelledImage | None:  # fmt: skip
    name, width, height = str(one["file_name"]), one["width"], one["height"]
    if not (isinstance(width, int) and isinstance(height, int)) or not (
        0 < width * height <= LARGEST_PX and width > 0
    ):
        raise StudyError(f"{file}: image {name} has no size in pixels.")
    if not annotations and not one.get("empty"):
        left.add("images without any annotation left out: nobody said that they are empty")
        return None
    if bare := [found for found in annotations if not _is_outlined(found, left)]:
        left.add(NO_OUTLINE if len(bare) == len(annotations) else PARTLY)
        return None
    made = [_label(file, name, found, names, (width, height), left) for found in annotations]
    labels = [label for label in made if label is not None]
    if annotations and not labels:
        left.add(NO_OUTLINE)
        return None
    video, frame = one.get("video"), one.get("frame")
    said = isinstance(video, str) and isinstance(frame, int)
    picture = find_picture(file.parent, name) or find_picture(file.parent.parent, name)
    where = (video, frame) if said else (None, None)
    return LabelledImage(name, width, height, distinct(labels), picture, *where)


def _is_outlined(found: dict[str, Any], left: Left) -> bool:
    if found.get("iscrowd") and _is_of_cvat(found):
        left.add("masks that CVAT calls crowds are one animal each")
        return True
    if found.get("iscrowd"):
        left.add("crowds left out: a crowd is several animals in one mask")
    elif not found.get("segmentation"):
        left.add("boxes without an outline left out")
    else:
        return True
    return False


def _is_of_cvat(found: dict[str, Any]) -> bool:
    """Whether CVAT wrote an annotation: all of its say whether something hides the object."""
    said = found.get("attributes")
    return isinstance(said, dict) and "occluded" in said and not said.get("is_crowd")


def _label(
    file: Path, image: str, found: dict[str, Any], names: dict[Any, str], size: tuple[int, int],
    left: Left,
) -> Label | None:  # fmt: skip
    try:
        mask = _mask(found["segmentation"], size)
    except (TypeError, ValueError, KeyError, OverflowError, StudyError) as error:
        raise StudyError(
            f"{file}: annotation {found.get('id')} of {image} cannot be used: {error}"
        ) from error
    if not mask.any():
        left.add("outlines that enclose no pixel left out")
        return None
    animal = found.get("track_id")
    known = isinstance(animal, int) and not isinstance(animal, bool) and 0 < animal < 1 << 15
    return label_of(mask, names[found["category_id"]], animal if known else None)


def _mask(segmentation: Any, size: tuple[int, int]) -> np.ndarray:
    width, height = size
    if isinstance(segmentation, list):
        rings = [np.asarray(ring, float).reshape(-1, 2) for ring in segmentation]
        return rasterise(rings, width, height)
    if [int(value) for value in segmentation["size"]] != [height, width]:
        raise ValueError("its run lengths are of an image of another size")
    counts = segmentation["counts"]
    lengths = np.asarray(unpack(counts) if isinstance(counts, str) else counts, np.int64)
    if lengths.ndim != 1 or (lengths < 0).any() or int(lengths.sum()) != width * height:
        raise ValueError("its run lengths do not fill the image")
    values = (np.arange(len(lengths)) & 1).astype(np.uint8)
    return np.ascontiguousarray(np.repeat(values, lengths).reshape(width, height).T)


def _segmentation(label: Label, width: int, height: int) -> list[list[float]] | dict[str, Any]:
    parts = outlines(label.mask)
    if any(holes for _, holes in parts):
        counts = run_lengths(label.whole(width, height).T)
        return {"size": [height, width], "counts": pack(counts.tolist())}
    return [(ring + label.box[:2]).reshape(-1).tolist() for ring, _ in parts]
