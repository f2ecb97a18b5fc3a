"""Labels in the files of other tools: what every reader gives, and which file is which.

`label_labelme`, `label_coco` and `label_yolo` read and write. An image is called as its file
says; which frame of which video it is, is told by `place_of`, or by a person.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from storage.errors import StudyError
from storage.labels import Label

FORMATS = ("labelme", "coco", "yolo")
PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
LARGEST = 512 << 20  # bytes of a file of labels
LARGEST_PX = 200_000_000  # pixels of a picture
# What may stand between the name of a video and the number of a frame.
_BETWEEN = re.compile(r"(?:[ _.\-]+(?:frame|img|image|f)?|frame|img|image)[ _.\-]*(\d+)", re.I)
_NUMBERED = re.compile(r"(?:frame|img|image|f)[ _.\-]*(\d+)", re.I)  # as DeepLabCut: img0012
# What Roboflow hangs on to the name of an image: its old ending, and a code with digits in it.
_ROBOFLOW = re.compile(r"_(?:png|jpe?g|bmp|tiff?|webp)\.rf\.[0-9a-z]+$", re.I)

SizeOf = Callable[[str], tuple[int, int] | None]  # name of an image to its width and height

# Why images are left out of which not every animal is outlined.
PARTLY = "images left out with an animal that has no outline: it would be learned as floor"
NO_OUTLINE = "images left out in which nothing is outlined, though something is marked"


@dataclass(frozen=True)
class LabelledImage:
    """The labels of one image in a file of another tool."""

    name: str  # as the file calls it, with the folders it names
    width: int
    height: int
    labels: tuple[Label, ...]
    picture: Path | None = None  # where it lies; None when it is not there
    video: str | None = None  # the video and frame, where the file says so itself
    frame: int | None = None


@dataclass(frozen=True)
class LabelFile:
    """What a file or a folder of labels holds."""

    format: str
    images: tuple[LabelledImage, ...]
    notes: tuple[str, ...] = ()  # what was left out, in words


@dataclass(frozen=True)
class LabelledPicture:
    """One frame on its way out: its picture and its labels."""

    video: str
    frame: int
    pixels: np.ndarray  # (h, w) or (h, w, 3) uint8
    labels: tuple[Label, ...]

    @property
    def stem(self) -> str:
        """What its files are called; `place_of` understands it."""
        return picture_stem(self.video, self.frame)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, px."""
        return self.pixels.shape[1], self.pixels.shape[0]


@dataclass
class Left:
    """What a reader leaves out, counted by reason."""

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, why: str, count: int = 1) -> None:
        """Count what is left out."""
        self.counts[why] = self.counts.get(why, 0) + count

    @property
    def notes(self) -> tuple[str, ...]:
        """A line for each reason."""
        return tuple(f"{count} {why}" for why, count in self.counts.items())


def read_label_file(path: Path, format: str = "auto", size_of: SizeOf | None = None) -> LabelFile:
    """Read LabelMe, COCO or YOLO-seg: a file, or the folder that holds it.

    `size_of` knows the sizes of images that are not there, which YOLO needs.
    """
    from storage import label_coco, label_labelme, label_yolo

    if not path.exists():
        raise StudyError(f"There is no file {path}: check the path.")
    format = detect(path) if format == "auto" else format
    try:
        if format == "labelme":
            return label_labelme.read(path)
        if format == "coco":
            return label_coco.read(path)
        if format == "yolo":
            return label_yolo.read(path, size_of)
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"{path} cannot be read: {error}") from error
    raise StudyError(f"There is no format '{format}'. There are: {', '.join(FORMATS)}.")


def detect(path: Path) -> str:
    """Which format a file or folder has, by what is in it."""
    if path.is_dir():
        if next(path.glob("data.y*ml"), None) or (path / "labels").is_dir():
            return "yolo"
        found = sorted(path.glob("*.json")) or sorted(path.glob("*/*.json"))
        if not found and next(path.glob("*.txt"), None):
            return "yolo"
    else:
        found = [path] if path.suffix.lower() == ".json" else []
        if path.suffix.lower() in (".yaml", ".yml"):
            return "yolo"
    for file in found[:1]:
        keys = read_json(file)
        if isinstance(keys, dict) and "shapes" in keys:
            return "labelme"
        if isinstance(keys, dict) and "images" in keys and "annotations" in keys:
            return "coco"
    raise StudyError(
        f"{path} holds no labels that are known here: give a folder of LabelMe, a COCO file, or "
        "the folder with the data.yaml of YOLO."
    )


def read_json(file: Path) -> Any:
    """What a JSON file holds; StudyError when it is damaged."""
    if file.stat().st_size > LARGEST:
        raise StudyError(f"{file} is larger than {LARGEST >> 20} MB: split it.")
    try:
        return json.loads(file.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise StudyError(f"{file} is no JSON file, or is damaged: save it again.") from error


def place_of(name: str, videos: Sequence[str]) -> tuple[str, int] | None:
    """The video and frame that an image is named after; None when the name does not say.

    >>> place_of("mice_frame000120.png", ["mice", "mi"])
    ('mice', 120)
    >>> place_of("labeled-data/m4s1/img0007.png", ["m4s1"])
    ('m4s1', 7)
    >>> place_of("mice_000120_png.rf.0a1b2c.jpg", ["mice"])
    ('mice', 120)
    >>> place_of("IMG_0007.png", ["m4s1"]) is None
    True
    """
    parts = _without_ending(name).split("/")
    stem, folder = parts[-1], parts[-2] if len(parts) > 1 else ""
    known = {safe_name(video): video for video in videos}
    for safe in sorted(known, key=len, reverse=True):
        rest = _BETWEEN.fullmatch(stem[len(safe) :]) if stem.startswith(safe) else None
        if rest:
            return known[safe], int(rest[1])
    number = _NUMBERED.fullmatch(stem) or re.fullmatch(r"(\d+)", stem)
    return (known[folder], int(number[1])) if folder in known and number else None


def number_of(name: str) -> int | None:
    """The last number in the name of an image, which may be its frame.

    >>> number_of("day2/cam1_0045.png")
    45
    """
    stem = _without_ending(name).rsplit("/", 1)[-1]
    numbers = re.findall(r"\d+", stem)
    return int(numbers[-1]) if numbers and len(numbers[-1]) < 10 else None


def _without_ending(name: str) -> str:
    """The name of an image as it was called before it went through another tool."""
    return _ROBOFLOW.sub("", name.replace("\\", "/").rsplit(".", 1)[0])


def picture_stem(video: str, frame: int) -> str:
    """What the image of a frame is called, without its ending."""
    return f"{safe_name(video)}_frame{frame:06d}"


def safe_name(video: str) -> str:
    """The name of a video as a file can be called."""
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]+', "_", video).strip(". ") or "video"


def picture_size(file: Path) -> tuple[int, int]:
    """Width and height of a picture, px."""
    try:
        with Image.open(file) as picture:
            return picture.size
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise StudyError(f"{file} is no picture, or is damaged: replace it.") from error


def find_picture(folder: Path, name: str) -> Path | None:
    """Where the picture of an image lies: as the file says, or under its bare name."""
    plain = name.replace("\\", "/")
    for place in (folder / plain, folder / "images" / plain, folder / plain.rsplit("/", 1)[-1]):
        try:
            if place.is_file():
                return place
        except (OSError, ValueError):
            return None
    return None


def save_picture(pixels: np.ndarray, file: Path) -> None:
    """Write a picture as PNG, which loses nothing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, compress_level=3)


def save_json(value: Any, file: Path) -> None:
    """Write a JSON file."""
    file.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")


def classes_of(frames: Iterable[LabelledPicture]) -> list[str]:
    """The names of classes in the order of their first use."""
    return list(dict.fromkeys(label.class_name for one in frames for label in one.labels))


def distinct(labels: Iterable[Label]) -> tuple[Label, ...]:
    """Labels of which no two say that they are the same animal: of those, none says it."""
    found = list(labels)
    numbers = [one.animal_id for one in found]
    return tuple(
        replace(one, animal_id=None) if numbers.count(one.animal_id) > 1 else one for one in found
    )


def clean_name(value: object) -> str:
    """The name of a class as labels keep it.

    >>> clean_name("  white  mouse ")
    'white mouse'
    """
    return " ".join(str(value).split())[:60] or "animal"
