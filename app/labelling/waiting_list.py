"""Which frames of a folder of labels nobody corrected: said in a file beside them, and read again.

A frame outlined by a program is written with `--waiting` as any other. When it comes back with
the very same outlines, nobody corrected it in between: it waits as it did before. One that was
changed with another tool is a person's.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from storage.label_files import LabelledImage, picture_stem
from storage.labels import Label, LabelledFrame

FILE = "waiting.csv"
COLUMNS = ("image", "outlined by", "outlines")


@dataclass(frozen=True)
class Waiting:
    """One frame that was written without anybody having corrected it."""

    origin: str  # as labels keep it: background, network:NAME
    outlines: str  # fingerprint of what was outlined


def write_waiting(folder: Path, frames: Iterable[tuple[str, LabelledFrame]]) -> None:
    """Note frames (with the name of their video) that nobody corrected, if there are any."""
    rows = [
        (picture_stem(video, one.frame), one.origin, fingerprint(one.labels))
        for video, one in frames
        if not one.corrected
    ]
    if rows:
        with (folder / FILE).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([COLUMNS, *rows])


def read_waiting(path: Path) -> dict[str, Waiting]:
    """What was noted beside a file or in a folder of labels, by the stem of its image."""
    file = (path if path.is_dir() else path.parent) / FILE
    try:
        with file.open(newline="", encoding="utf-8") as opened:
            rows = list(csv.reader(opened))
    except (OSError, UnicodeDecodeError, csv.Error):
        return {}
    if not rows or tuple(rows[0]) != COLUMNS:
        return {}  # another file that happens to be called so
    return {row[0]: Waiting(*row[1:]) for row in rows[1:] if len(row) == len(COLUMNS)}


def origin_of(image: LabelledImage, noted: dict[str, Waiting]) -> str | None:
    """Where the outlines of an image come from, if nobody changed what a program outlined."""
    found = noted.get(PurePosixPath(image.name.replace("\\", "/")).stem)
    same = found is not None and found.outlines == fingerprint(image.labels)
    return found.origin if found is not None and same else None


def fingerprint(labels: Sequence[Label]) -> str:
    """The same for the same outlines, in whatever order; which animal is which does not count."""
    told = sorted(f"{one.class_name} {one.box} {one.rle.hex()}" for one in labels)
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]
