"""YOLO-seg: images and labels in folders, a line per animal, and a data.yaml that names classes.

A line is the number of a class and the corners of one polygon as shares of width and height.
Holes and further parts are joined to it by bridges of no width, so that one line says the whole
mask. A line that is a box outlines nobody: its image is left out, since a picture with only a part
of its animals would be learned from. The last fifth of the frames of every video is for
validation: never neighbours on both sides of a random choice.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from storage.errors import StudyError
from storage.label_files import (
    NO_OUTLINE,
    PARTLY,
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
FARTHEST = 1.0  # from the middle of the picture may a corner lie, in widths and heights
PARTS = ("labels", "train", "val", "valid", "test")  # folders that say nothing of an image
DIGITS = 8  # of a share: 1e-8 of 10 000 px is 0.0001 px


def read(path: Path, size_of: SizeOf | None = None) -> LabelFile:
    """Read the folder of a data.yaml, or a folder of text files."""
    folder = path if path.is_dir() else path.parent
    names, files = _names(path, folder), _label_files(folder)
    left, images = Left(), []
    for file in files:
        picture = _picture_of(file)
        name = file.relative_to(folder).with_suffix(picture.suffix if picture else ".png")
        size = picture_size(picture) if picture else size_of(name.as_posix()) if size_of else None
        if size is None:
            raise StudyError(
                f"There is no image for {file}, without which nobody knows how large it is: put "
                "the images into a folder images beside the folder labels."
            )
        labels = _labels(file, names, size, left)
        if labels is None:
            continue
        plain = "/".join([*(one for one in name.parts[:-1] if one not in PARTS), name.name])
        images.append(LabelledImage(plain, *size, tuple(labels), picture))
    pictures = {one.stem for one in folder.rglob("*") if one.suffix.lower() in PICTURES}
    if missing := len(pictures - {one.stem for one in files}):
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


def _names(path: Path, folder: Path) -> dict[int, str]:
    """The names of the classes by their numbers; none when no file says them."""
    found = [path] if path.is_file() else sorted(folder.glob("data.y*ml")) or sorted(
        folder.glob("*.y*ml"))  # fmt: skip
    settings = read_yaml(found[0]) if found else {}
    if "kpt_shape" in settings:
        raise StudyError(
            f"{found[0]} is of poses (kpt_shape), whose lines outline nobody: export outlines "
            "(segmentation), or bring the poses in from DeepLabCut or SLEAP."
        )
    said: Any = settings.get("names")
    if isinstance(said, dict):
        return {int(key): clean_name(name) for key, name in said.items() if str(key).isdecimal()}
    if isinstance(said, list):
        return {number: clean_name(name) for number, name in enumerate(said)}
    listed = folder / "classes.txt"
    if listed.is_file():
        lines = listed.read_text(encoding="utf-8-sig").splitlines()
        return {number: clean_name(line) for number, line in enumerate(lines) if line.strip()}
    return {}


def _label_files(folder: Path) -> list[Path]:
    inside = folder / "labels" if (folder / "labels").is_dir() else folder
    every = sorted(one for one in inside.rglob("*.txt") if one.name != "classes.txt")
    # Roboflow lays train/labels and valid/labels beside texts for people.
    kept = [one for one in every if "labels" in one.relative_to(folder).parts[:-1]]
    found = kept or [one for one in every if not one.name.lower().startswith("readme")]
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


def _labels(
    file: Path, names: dict[int, str], size: tuple[int, int], left: Left
) -> list[Label] | None:
    """The labels of one image; None where not all that is marked in it is outlined."""
    lines = [line.split() for line in file.read_text(encoding="utf-8-sig").splitlines()]
    marked = {number: words for number, words in enumerate(lines, 1) if words}
    boxes, labels = 0, []
    for number, words in marked.items():
        kind, shares = _line(f"{file}, line {number}", words, names)
        if len(shares) == 4:
            left.add("boxes without an outline left out")
            boxes += 1
            continue
        mask = fill(np.array(shares).reshape(-1, 2) * size, *size)
        if mask.any():
            labels.append(label_of(mask, names.get(kind, f"class{kind}")))
        else:
            left.add("outlines that enclose no pixel left out")
    if boxes or (marked and not labels):
        left.add(PARTLY if labels else NO_OUTLINE)
        return None
    return labels


def _line(where: str, words: list[str], names: dict[int, str]) -> tuple[int, list[float]]:
    """The number of the class and the shares of one line."""
    try:
        kind, shares = int(float(words[0])), [float(word) for word in words[1:]]
    except (ValueError, OverflowError) as error:
        raise StudyError(f"{where}: that is no line of numbers.") from error
    if names and kind not in names:
        known = ", ".join(str(number) for number in sorted(names)[:20])
        raise StudyError(f"{where}: there is no class {kind}, {SETTINGS} names {known}.")
    if len(shares) != 4 and (
        len(shares) < 6 or len(shares) % 2 or not all(map(math.isfinite, shares))
    ):
        raise StudyError(f"{where}: that is no class with three corners or more.")
    if any(abs(share - 0.5) > FARTHEST for share in shares):
        raise StudyError(
            f"{where}: {max(shares, key=abs):g} is no share of width or height. Lines of poses "
            "(a box and key points) are no outlines."
        )
    return kind, shares


def _corners(label: Label, size: tuple[int, int]) -> str:
    ring: Ring = as_one_ring(outlines(label.mask)) + label.box[:2]
    return " ".join(f"{share:.{DIGITS}f}" for share in (ring / size).reshape(-1))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', "'") + '"'
