"""What any segmenter hands to the tracker: the animals of a frame as parallel arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import hypot, sqrt
from typing import NamedTuple, Protocol

import cv2
import numpy as np

from tracking.errors import TrackingError
from tracking.masks import encode_all
from tracking.video import Frame

# columns of Detections.shapes; lengths and widths are the full axes of the ellipse with the same
# second moments, and the two ends are where the mask reaches furthest along its long axis
SHAPE = (
    "x", "y", "area", "axis_rad", "length", "width", "end1_x", "end1_y", "end2_x", "end2_y",
)  # fmt: skip


@dataclass(frozen=True)
class Detections:
    """The animals found in one frame, as parallel arrays of length n."""

    boxes: np.ndarray  # (n, 4) int32, pixels: x0, y0, x1, y1 from the top left, end exclusive
    masks: list[bytes]  # n run-length masks inside the boxes (tracking.masks)
    scores: np.ndarray  # (n,) float32, 0 to 1
    shapes: np.ndarray  # (n, 10) float32, pixels and radians, columns SHAPE

    def __post_init__(self) -> None:
        n = len(self.masks)
        if self.boxes.shape != (n, 4) or self.shapes.shape != (n, len(SHAPE)):
            raise TrackingError(
                f"Detections need boxes ({n}, 4) and shapes ({n}, {len(SHAPE)}) for {n} masks, "
                f"got {self.boxes.shape} and {self.shapes.shape}"
            )

    def __len__(self) -> int:
        return len(self.masks)


class Segmenter(Protocol):
    """Finds the animals of a frame; what a new way of segmenting has to offer."""

    def segment(self, frames: Sequence[Frame]) -> list[Detections]:
        """Segment a batch of frames; one Detections for each."""


class AnimalSizes(Protocol):
    """How large animals are in one video, as following them needs it; every segmenter's settings
    say that."""

    @property
    def min_area_px(self) -> float: ...
    @property
    def typical_area_px(self) -> float: ...
    @property
    def typical_length_px(self) -> float: ...
    def areas(self, n_animals: int) -> list[float]:
        """The typical area of each animal in square pixels, largest first."""


class Blob(NamedTuple):
    """One animal, or several in contact, cut out of a frame."""

    mask: np.ndarray  # (h, w) uint8, nonzero is animal
    x0: int  # of the mask's first pixel in the frame
    y0: int
    outline: np.ndarray  # (k, 2) int32, x and y inside the mask


def detections_of(found: list[tuple[np.ndarray, int, int]], scores: list[float]) -> Detections:
    """Detections from cropped masks: (mask, x0, y0) each, mask (h, w) uint8, nonzero animal."""
    blobs = [Blob(mask, x0, y0, outline_of(mask)) for mask, x0, y0 in found]
    return replace(outlined([blobs], [1.0])[0], scores=np.array(scores, np.float32))


def outlined(frames: Sequence[Sequence[Blob]], scores: Sequence[float]) -> list[Detections]:
    """Detections of each of several frames from their blobs; a score for each frame.

    All blobs are measured at once: for many small animals that is half the time.
    """
    found = [blob for blobs in frames for blob in blobs]
    boxes = np.array([(x, y, x + m.shape[1], y + m.shape[0]) for m, x, y, _ in found], np.int32)
    boxes = boxes.reshape(-1, 4)
    shapes = shapes_of(found).astype(np.float32)
    masks = encode_all([blob.mask for blob in found])
    made, at = [], 0
    for blobs, score in zip(frames, scores, strict=True):
        to = at + len(blobs)
        equal = np.full(len(blobs), score, np.float32)
        made.append(Detections(boxes[at:to], masks[at:to], equal, shapes[at:to]))
        at = to
    return made


def shape_of(mask: np.ndarray, x0: int = 0, y0: int = 0) -> tuple[float, ...]:
    """Centre, area, axis and ends of a mask, in the order of SHAPE."""
    return tuple(shapes_of([Blob(mask, x0, y0, outline_of(mask))])[0].tolist())


def axes_of(mask: np.ndarray) -> tuple[float, float, float]:
    """Area, length and width of a mask as in SHAPE; without its outline 7 times as quick."""
    moments = cv2.moments(mask, True)
    area = moments["m00"]
    xx, yy = moments["mu20"] / area + 1 / 12, moments["mu02"] / area + 1 / 12
    middle, spread = (xx + yy) / 2, hypot((xx - yy) / 2, moments["mu11"] / area)
    return area, 4 * sqrt(middle + spread), 4 * sqrt(max(middle - spread, 1 / 12))


def shapes_of(found: Sequence[Blob]) -> np.ndarray:
    """Centre, area, axis and ends of every blob, (n, 10) float64, columns SHAPE.

    Source: the ellipse of equal second central moments, as in scikit-image's ``regionprops``.
    """
    if not found:
        return np.empty((0, len(SHAPE)))
    moments = np.array([[*cv2.moments(blob.mask, True).values()][:13] for blob in found]).T
    area = moments[0]
    corner = np.array([(blob.x0, blob.y0) for blob in found]).T
    # 1/12 is the second moment of a pixel itself
    xx, xy, yy = moments[10] / area + 1 / 12, moments[11] / area, moments[12] / area + 1 / 12
    middle, spread = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    axis = 0.5 * np.arctan2(2 * xy, xx - yy)
    length, width = 4 * np.sqrt(middle + spread), 4 * np.sqrt(np.maximum(middle - spread, 1 / 12))
    ends = _ends([blob.outline for blob in found], axis) + np.concatenate((corner, corner)).T
    centre = moments[1:3] / area + corner
    return np.column_stack((*centre, area, axis, length, width, ends))


def _ends(outlines: list[np.ndarray], axis: np.ndarray) -> np.ndarray:
    """Where each outline reaches furthest forwards and backwards along its axis, (n, 4)."""
    sizes = np.array([len(points) for points in outlines])
    starts = np.cumsum(sizes) - sizes
    points = np.concatenate(outlines)
    along = points[:, 0] * np.repeat(np.cos(axis), sizes)
    along += points[:, 1] * np.repeat(np.sin(axis), sizes)
    ends = []
    for extreme in (np.maximum, np.minimum):
        at = np.flatnonzero(along == np.repeat(extreme.reduceat(along, starts), sizes))
        ends.append(points[at[np.searchsorted(at, starts)]])  # the first of equals
    return np.concatenate(ends, axis=1)


def outline_of(mask: np.ndarray) -> np.ndarray:
    """The corners of a mask's outline, (k, 2) int32, x and y."""
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    points = contours[0] if len(contours) == 1 else np.concatenate(contours)
    return points.reshape(-1, 2)
