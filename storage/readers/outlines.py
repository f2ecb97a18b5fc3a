"""The outlines of animals as readers give them back: pixels in a box, and what they measure.

A pixel's place is that of its top left corner's number, as tracking has it: the centre of an
outline is the mean of the numbers of its columns and rows.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from storage.label_coco import unpack
from storage.label_masks import encode, fill, tight

LONGEST_SIDE = 32767  # px of a picture; boxes of outlines are kept in 16 bits
LARGEST_PX = 200_000_000  # pixels of a picture
BOX_PX = 1.0  # a polygon of four corners as near as this to its box is that box
MEASURED = ("length_px", "width_px", "area_px")  # of an outline, beside its centre
Size = tuple[int, int]  # width and height of a picture, px


@dataclass(frozen=True)
class Outline:
    """The pixels of one animal in one frame."""

    x0: int
    y0: int
    mask: np.ndarray  # (height, width) uint8, 0 or 1, no empty row or column at its edges

    @property
    def measures(self) -> dict[str, float]:
        """Centre, full axes of the ellipse of equal second moments and area, as tracks have it."""
        rows, columns = np.nonzero(self.mask)
        # 1/12 is the second moment of a pixel itself
        xx, yy = columns.var() + 1 / 12, rows.var() + 1 / 12
        xy = float(np.mean((columns - columns.mean()) * (rows - rows.mean())))
        middle, spread = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
        return {
            "x_px": float(columns.mean() + self.x0), "y_px": float(rows.mean() + self.y0),
            "length_px": 4 * float(np.sqrt(middle + spread)),
            "width_px": 4 * float(np.sqrt(max(middle - spread, 1 / 12))),
            "area_px": float(len(rows)),
        }  # fmt: skip


@dataclass(frozen=True, eq=False)
class Outlines:
    """The outlines of all animals, one row each, as the table masks has them."""

    frame: np.ndarray  # (k,) int64, from 0
    animal: np.ndarray  # (k,) int64, number in the poses' animals, from 0
    box: np.ndarray  # (k, 4) int64: x0, y0, width and height, px
    rle: tuple[bytes, ...]  # k run lengths inside the boxes

    def only(self, keep: np.ndarray) -> Outlines:
        """Those whose row is True in `keep` (k,)."""
        rle = tuple(one for one, stays in zip(self.rle, keep.tolist(), strict=True) if stays)
        return Outlines(self.frame[keep], self.animal[keep], self.box[keep], rle)


def collect(rows: Sequence[tuple[int, str, Outline]], animals: Sequence[str]) -> Outlines | None:
    """The outlines of (frame, animal's name, outline) rows; None when there is none."""
    if not rows:
        return None
    number = {name: at for at, name in enumerate(animals)}
    return Outlines(
        np.array([frame for frame, _, _ in rows], dtype=np.int64),
        np.array([number[name] for _, name, _ in rows], dtype=np.int64),
        np.array([(one.x0, one.y0, *one.mask.shape[::-1]) for *_, one in rows], dtype=np.int64),
        tuple(encode(one.mask) for *_, one in rows),
    )


def joined(parts: Sequence[tuple[Outlines | None, int]]) -> Outlines | None:
    """Outlines of several files, each with how many animals come before those of its file."""
    there = [(one, before) for one, before in parts if one is not None]
    if not there:
        return None
    return Outlines(
        np.concatenate([one.frame for one, _ in there]),
        np.concatenate([one.animal + before for one, before in there]),
        np.concatenate([one.box for one, _ in there]),
        tuple(runs for one, _ in there for runs in one.rle),
    )


def of_runs(segmentation: dict[str, Any], size: Size | None = None) -> Outline | None:
    """The outline of run lengths of a whole picture, column by column as COCO has them.

    None when it covers no pixel; ValueError when it is of a picture of another size.

    >>> of_runs({"size": [2, 3], "counts": [2, 1, 1, 1, 1]}).mask.tolist()
    [[1, 1]]
    """
    height, width = check_size(segmentation["size"])
    if size is not None and (width, height) != size:
        raise ValueError(
            f"an outline is of a picture of {width} x {height} px, and its image has "
            f"{size[0]} x {size[1]}"
        )
    counts = segmentation["counts"]
    if isinstance(counts, bytes):
        counts = counts.decode("ascii")
    lengths = np.asarray(unpack(counts) if isinstance(counts, str) else counts)
    if lengths.ndim != 1 or lengths.dtype.kind != "i" or (lengths < 0).any():
        raise ValueError("the run lengths of an outline are no numbers of pixels")
    if int(lengths.sum()) != width * height:
        raise ValueError("the run lengths of an outline do not fill its picture")
    ends = np.cumsum(lengths)
    stop = ends[1::2]
    start = ends[0::2][: len(stop)]
    if not (stop > start).any():
        return None
    first = int(start[stop > start][0]) // height
    last = (int(stop[stop > start][-1]) - 1) // height + 1
    flips = np.zeros((last - first) * height + 1, np.int8)
    inside = stop > start
    np.add.at(flips, start[inside] - first * height, 1)
    np.add.at(flips, stop[inside] - first * height, -1)
    mask = np.cumsum(flips[:-1], dtype=np.int8).reshape(last - first, height).T
    return _placed(mask, first, 0)


def of_polygons(rings: Sequence[np.ndarray], size: Size) -> Outline | None:
    """The outline that polygons (n, 2) in px enclose together; None when that is no pixel.

    What lies outside of the picture is cut off.
    """
    corners = np.concatenate(rings)
    if not np.isfinite(corners).all() or np.abs(corners).max() > 1e6:
        raise ValueError("an outline has corners that are no positions in px")
    low = np.clip(np.floor(corners.min(axis=0)), 0, size).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)), 0, size).astype(int)
    width, height = (high - low).tolist()
    if min(width, height) < 1:
        return None
    mask = np.zeros((height, width), np.uint8)
    for ring in rings:
        mask |= fill(ring - low, width, height)
    return _placed(mask, int(low[0]), int(low[1]))


def of_text(text: str) -> tuple[Outline | None, Size]:
    """The outline of a cell of a table, COCO's run lengths as Python prints them, and of what size
    its picture is.

    >>> outline, size = of_text("{'size': [2, 3], 'counts': [2, 1, 1, 1, 1]}")
    >>> (outline.x0, outline.y0), size
    ((1, 0), (3, 2))
    """
    try:
        found = ast.literal_eval(text)
    except SyntaxError as error:
        raise ValueError(f"{text[:40]!r} is no outline") from error
    if not isinstance(found, dict):
        raise ValueError(f"{text[:40]!r} is no outline")
    height, width = check_size(found["size"])
    return of_runs(found), (width, height)


def is_box(rings: Sequence[np.ndarray], box: Sequence[float]) -> bool:
    """Whether a polygon is nothing but the box (x, y, width, height) that programs draw."""
    corners = np.unique(rings[0], axis=0)
    if len(rings) != 1 or len(corners) != 4:
        return False
    x, y, width, height = box
    wanted = np.array([[x, y], [x, y + height], [x + width, y], [x + width, y + height]])
    return bool(np.abs(corners - wanted).max() <= BOX_PX)


def check_size(size: Any) -> tuple[int, int]:
    """Two sides of a picture in px; ValueError when there is no such picture."""
    one, other = (int(value) for value in size)
    if not (0 < one <= LONGEST_SIDE and 0 < other <= LONGEST_SIDE and one * other <= LARGEST_PX):
        raise ValueError(f"a picture of {one} x {other} px cannot be")
    return one, other


def _placed(mask: np.ndarray, x0: int, y0: int) -> Outline | None:
    found = tight(mask)
    if found is None:
        return None
    inside, left, above = found
    return Outline(x0 + left, y0 + above, inside)
