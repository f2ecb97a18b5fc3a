"""Frames as networks see them: scaled to fit, edged with gray, and the way back in pixels.

A frame lies in the middle of the network's picture, as ultralytics trains. All positions are
counted from the corner of the first pixel, so that its centre is (0.5, 0.5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

EDGE = 114  # gray level around a frame, as in training


@dataclass(frozen=True)
class Fit:
    """How frames of one size lie in pictures of one size: x' = x * scale_x + left."""

    frame: tuple[int, int]  # height, width, pixels
    picture: tuple[int, int]  # height, width, pixels
    inner: tuple[int, int]  # height and width of the scaled frame
    left: int
    top: int

    @property
    def scale(self) -> tuple[float, float]:
        """Pixels of the picture for one of the frame, in x and y."""
        return self.inner[1] / self.frame[1], self.inner[0] / self.frame[0]

    def to_frame(self, boxes: np.ndarray) -> np.ndarray:
        """Boxes (n, 4) of the picture as boxes of the frame: x0, y0, x1, y1 in pixels, clipped."""
        moved = boxes - np.array([self.left, self.top] * 2, np.float32)
        moved /= np.array(self.scale * 2, np.float32)
        height, width = self.frame
        return np.clip(moved, 0, np.array([width, height] * 2, np.float32))


def fit(
    frame: tuple[int, int], image_px: int, stride: int = 32, fixed: tuple[int, int] | None = None
) -> Fit:
    """The smallest picture whose longer inner side is ``image_px``, or the ``fixed`` one.

    >>> fit((768, 1024), 640).picture
    (480, 640)
    >>> fit((768, 1024), 640, fixed=(640, 640)).top
    80
    """
    height, width = frame
    if fixed is None:
        ratio = image_px / max(height, width)
    else:
        ratio = min(fixed[0] / height, fixed[1] / width)
    inner = max(1, round(height * ratio)), max(1, round(width * ratio))
    picture = fixed or (_multiple(inner[0], stride), _multiple(inner[1], stride))
    top, left = (picture[0] - inner[0]) // 2, (picture[1] - inner[1]) // 2
    return Fit(frame, picture, inner, left, top)


def _multiple(size: int, of: int) -> int:
    return -(-size // of) * of


def pictures(frames: Sequence[np.ndarray], how: Fit, out: np.ndarray | None = None) -> np.ndarray:
    """Gray frames (height, width) uint8 as one batch of pictures (b, h, w) uint8.

    Networks see three equal channels from 0 to 1; each runtime makes them where that costs least.
    ``out`` is memory of that shape to write into.
    """
    made = np.empty((len(frames), *how.picture), np.uint8) if out is None else out
    if how.inner != how.picture:
        made[:] = EDGE
    rows = slice(how.top, how.top + how.inner[0])
    columns = slice(how.left, how.left + how.inner[1])
    for picture, gray in zip(made, frames, strict=True):
        picture[rows, columns] = scaled(gray, how.inner)
    return made


def scaled(gray: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A gray image at another (height, width), exactly as the pictures of training are scaled."""
    if gray.shape == size:
        return gray
    # taking one pixel of several leaves out what lies between them
    how = cv2.INTER_AREA if size < gray.shape else cv2.INTER_LINEAR
    return cv2.resize(gray, size[::-1], interpolation=how)
