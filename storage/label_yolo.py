"""YOLO-seg: images and labels in folders, a line per animal, and a data.yaml that names classes.

A line is the number of a class and the corners of one polygon as shares of width and height.
Holes and further parts are joined to it by bridges of no width, so that one line says the whole
mask. The last fifth of the frames of every video is for validation: never neighbours on both
sides of a random choice.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from storage.errors import StudyError
from storage.label_files import (
    PICTURES,
    LabelFile,
    LabelledImage,
    LabelledPicture,
    Left,
    SizeOf,
    clean_name,
    picture_size,
    save_picture,
)
from storage.label_masks import Ring, as_one_ring, fill, outlines
from storage.labels import Label, label_of
from storage.plain_yaml import read_yaml

SETTINGS = "data.yaml"
DIGITS = 8  # of a share: 1e-8 of 10 000 px is 0.0001 px


def read(path: Path, size_of: SizeOf | None = None) -> LabelFile:
    """Read the folder of a data.yaml, or a folder of text files."""
    folder = path if path.is_dir() else path.parent
    names = _names(path, folder)
    left, images = Left(), []
    for file in _label_files(folder):
        picture = _picture_of(file)
        name = file.relative_to(folder).with_suffix(picture.suffix if picture else ".png")
        size = picture_size(picture) if picture else size_of(name.as_posix()) if size_of else None
        if size is None:
            raise StudyError(
                f"There is no image for {file}, without which nobody knows how large it is: put "
                "the images into a folder images beside the folder labels."
            )
        labels = tuple(_labels(file, names, size, left))
        plain = "/".join(part for part in name.parts if part not in ("labels", "train", "val"))
        images.append(LabelledImage(plain, *size, labels, picture))
    pictures = {one.stem for one in folder.rglob("*") if one.suffix.lower() in PICTURES}
    if missing := len(pictures - {Path(one.name).stem for one in images}):
        left.add("images without a file of labels left out", missing)
    return LabelFile("yolo", tuple(images), left.notes)


def write(folder: Path, frames: Iterable[LabelledPicture], classes: Sequence[str]) -> int:
    """Write images, labels and data.yaml into a folder, and return how many images.

    The frames come video by video, in order.
    """
    numbers = {name: number for number, name in enumerate(classes)}
    written: dict[str, list[str]] = {}
    for one in frames:
        save_picture(one.pixels, folder / "images" / "train" / f"{one.stem}.png")
        lines = [f"{numbers[label.class_name]} {_corners(label, one.size)}" for label in one.labels]
        file = folder / "labels" / "train" / f"{one.stem}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        written.setdefault(one.video, []).append(one.stem)
    held = [stem for stems in written.values() for stem in stems[len(stems) - len(stems) // 5 :]]
    for kind, ending in (("images", "png"), ("labels", "txt")):
        (folder / kind / "val").mkdir(parents=True, exist_ok=True)
        for stem in held:
            source = folder / kind / "train" / f"{stem}.{ending}"
            source.replace(folder / kind / "val" / source.name)
    listed = "".join(f"  {number}: {_quoted(name)}\n" for name, number in numbers.items())
    validation = "images/val" if held else "images/train"
    text = f"path: .\ntrain: images/train\nval: {validation}\nnames:\n{listed}"
    (folder / SETTINGS).write_text(text, encoding="utf-8")
    return sum(map(len, written.values()))


def _names(path: Path, folder: Path) -> list[str]:
    """The names of the classes in the order of their numbers; [] when no file says them."""
    found = [path] if path.is_file() else sorted(folder.glob("data.y*ml")) or sorted(
        folder.glob("*.y*ml"))  # fmt: skip
    said: Any = read_yaml(found[0]).get("names") if found else None
    if isinstance(said, dict):
        numbered = sorted((int(key), name) for key, name in said.items() if str(key).isdecimal())
        return [clean_name(name) for _, name in numbered]
    if isinstance(said, list):
        return [clean_name(name) for name in said]
    listed = folder / "classes.txt"
    if listed.is_file():
        lines = listed.read_text(encoding="utf-8-sig").splitlines()
        return [clean_name(line) for line in lines if line.strip()]
    return []


def _label_files(folder: Path) -> list[Path]:
    inside = folder / "labels" if (folder / "labels").is_dir() else folder
    found = sorted(one for one in inside.rglob("*.txt") if one.name != "classes.txt")
    if not found:
        raise StudyError(f"{folder} has no labels (text files in the folder labels).")
    return found


def _picture_of(file: Path) -> Path | None:
    """The picture of a file of labels: beside it, or in images where labels is in the path."""
    parts = list(file.parent.parts)
    places = [file.parent]
    if "labels" in parts:
        at = len(parts) - 1 - parts[::-1].index("labels")
        places.append(Path(*parts[:at], "images", *parts[at + 1 :]))
    for place in places:
        for ending in PICTURES:
            for picture in (place / f"{file.stem}{ending}", place / f"{file.stem}{ending.upper()}"):
                if picture.is_file():
                    return picture
    return None


def _labels(file: Path, names: list[str], size: tuple[int, int], left: Left) -> list[Label]:
    width, height = size
    labels = []
    for number, line in enumerate(file.read_text(encoding="utf-8-sig").splitlines(), 1):
        words = line.split()
        if not words:
            continue
        try:
            kind, shares = int(float(words[0])), [float(word) for word in words[1:]]
        except (ValueError, OverflowError) as error:
            raise StudyError(f"{file}, line {number}: that is no line of numbers.") from error
        if len(shares) == 4:
            left.add("boxes without an outline left out")
            continue
        if len(shares) < 6 or len(shares) % 2 or not all(map(math.isfinite, shares)):
            raise StudyError(f"{file}, line {number}: that is no class with three corners or more.")
        if names and not 0 <= kind < len(names):
            raise StudyError(
                f"{file}, line {number}: there is no class {kind}, {SETTINGS} names {len(names)}."
            )
        mask = fill(np.array(shares).reshape(-1, 2) * (width, height), width, height)
        if not mask.any():
            left.add("outlines that enclose no pixel left out")
            continue
        labels.append(label_of(mask, names[kind] if names else f"class{kind}"))
    return labels


def _corners(label: Label, size: tuple[int, int]) -> str:
    ring: Ring = as_one_ring(outlines(label.mask)) + label.box[:2]
    return " ".join(f"{share:.{DIGITS}f}" for share in (ring / size).reshape(-1))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', "'") + '"'
