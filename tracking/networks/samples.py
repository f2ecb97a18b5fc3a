"""A labelled frame as networks learn from it: a gray picture, and the mask of every animal in it.

    sample = Sample(image, [Placed(mask, x0, y0)], [0], ("cage.mp4", 120))
    sample.boxes, sample.areas, sample.whole(0)

Gray, since lab video hardly needs colour and decoding it costs more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from tracking.errors import TrackingError

Source = tuple[str, int]  # name of the video, frame


class Placed(NamedTuple):
    """One animal's mask, cut to its box, and where its top left pixel lies in the picture."""

    mask: np.ndarray  # (h, w) uint8, 0 or 1
    x0: int
    y0: int

    @property
    def box(self) -> tuple[int, int, int, int]:
        """x0, y0, x1, y1 in px, end exclusive."""
        height, width = self.mask.shape
        return self.x0, self.y0, self.x0 + width, self.y0 + height

    @property
    def where(self) -> tuple[slice, slice]:
        """The rows and columns of the picture that the box covers."""
        x0, y0, x1, y1 = self.box
        return slice(y0, y1), slice(x0, x1)


@dataclass(frozen=True)
class Sample:
    """One frame with the mask of everybody in it; no masks means that nobody is there."""

    image: np.ndarray  # (h, w) uint8
    masks: list[Placed] = field(default_factory=list)  # visible pixels alone, non-overlapping
    classes: list[int] = field(default_factory=list)  # one number from 0 for each mask
    source: Source = ("", 0)

    def __post_init__(self) -> None:
        if self.image.ndim != 2 or self.image.dtype != np.uint8:
            raise TrackingError(
                f"A sample needs a gray picture (height, width) of uint8, got {self.image.shape} "
                f"of {self.image.dtype} for {self._name}. Take Frame.gray."
            )
        if len(self.masks) != len(self.classes):
            raise TrackingError(
                f"{self._name} has {len(self.masks)} masks and {len(self.classes)} classes. "
                "Give every mask one class."
            )
        height, width = self.image.shape
        for placed in self.masks:
            x0, y0, x1, y1 = placed.box
            if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
                raise TrackingError(
                    f"A mask of {self._name} covers x {x0} to {x1} and y {y0} to {y1}, outside of "
                    f"its picture of {width} x {height}. Cut it to the picture."
                )

    @property
    def _name(self) -> str:
        return f"frame {self.source[1]} of {self.source[0] or 'a picture'}"

    @property
    def boxes(self) -> np.ndarray:
        """x0, y0, x1, y1 of every animal in px, end exclusive, (n, 4) int32."""
        return np.array([placed.box for placed in self.masks], np.int32).reshape(-1, 4)

    @property
    def areas(self) -> np.ndarray:
        """How many pixels of every animal are seen, (n,) int."""
        return np.array([np.count_nonzero(placed.mask) for placed in self.masks], int)

    def whole(self, k: int) -> np.ndarray:
        """The mask of one animal as large as the picture, (h, w) uint8, 0 or 1."""
        full = np.zeros(self.image.shape, np.uint8)
        full[self.masks[k].where] = self.masks[k].mask
        return full

    def labelled(self) -> np.ndarray:
        """Which pixels belong to anybody, (h, w) bool."""
        full = np.zeros(self.image.shape, bool)
        for placed in self.masks:
            full[placed.where] |= placed.mask > 0
        return full


def place(full: np.ndarray) -> Placed | None:
    """Cut a mask as large as the picture to its box; None if it is empty.

    >>> place(np.array([[0, 0, 0], [0, 1, 1]])).box
    (1, 1, 3, 2)
    """
    rows, columns = np.flatnonzero(full.any(axis=1)), np.flatnonzero(full.any(axis=0))
    if not len(rows):
        return None
    y0, y1, x0, x1 = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    return Placed((full[y0:y1, x0:x1] > 0).astype(np.uint8), int(x0), int(y0))


def reduced(sample: Sample, longest_px: int) -> Sample:
    """The sample with a longer side of at most so many px; what vanishes is left out."""
    import cv2

    height, width = sample.image.shape
    scale = longest_px / max(height, width)
    if scale >= 1:
        return sample
    size = max(1, round(width * scale)), max(1, round(height * scale))
    image = cv2.resize(sample.image, size, interpolation=cv2.INTER_AREA)
    masks = [
        (cv2.resize(255 * sample.whole(k), size, interpolation=cv2.INTER_AREA) >= 128).astype(
            np.uint8
        )
        for k in range(len(sample.masks))
    ]
    return sample_of(image, masks, sample.classes, sample.source)


def sample_of(
    image: np.ndarray, masks: Sequence[np.ndarray], classes: Sequence[int], source: Source
) -> Sample:
    """A sample of masks as large as the picture; empty ones are left out with their class."""
    pairs = [(place(mask), number) for mask, number in zip(masks, classes, strict=True)]
    kept = [(placed, number) for placed, number in pairs if placed is not None]
    return Sample(image, [p for p, _ in kept], [number for _, number in kept], source)
