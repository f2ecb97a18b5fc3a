"""What any segmenter hands to the tracker: the animals of a frame as parallel arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from tracking.errors import TrackingError
from tracking.masks import encode
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


def detections_of(found: list[tuple[np.ndarray, int, int]], scores: list[float]) -> Detections:
    """Detections from cropped masks: (mask, x0, y0) each, mask (h, w) uint8, nonzero animal."""
    n = len(found)
    boxes = np.empty((n, 4), np.int32)
    shapes = np.empty((n, len(SHAPE)), np.float32)
    masks = []
    for i, (mask, x0, y0) in enumerate(found):
        height, width = mask.shape
        boxes[i] = x0, y0, x0 + width, y0 + height
        shapes[i] = shape_of(mask, x0, y0)
        masks.append(encode(mask))
    return Detections(boxes, masks, np.array(scores, np.float32), shapes)


def shape_of(mask: np.ndarray, x0: int = 0, y0: int = 0) -> tuple[float, ...]:
    """Centre, area, axis and ends of a mask, in the order of SHAPE.

    Source: the ellipse of equal second central moments, as in scikit-image's ``regionprops``.
    """
    moments = cv2.moments(mask, True)
    area = moments["m00"]
    cx, cy = moments["m10"] / area, moments["m01"] / area
    # 1/12 is the second moment of a pixel itself
    xx = moments["mu20"] / area + 1 / 12
    yy = moments["mu02"] / area + 1 / 12
    xy = moments["mu11"] / area
    middle, spread = (xx + yy) / 2, float(np.hypot((xx - yy) / 2, xy))
    axis = 0.5 * float(np.arctan2(2 * xy, xx - yy))
    length, width = 4 * (middle + spread) ** 0.5, 4 * max(middle - spread, 1 / 12) ** 0.5
    end1, end2 = _ends(mask, axis)
    return (
        x0 + cx, y0 + cy, area, axis, length, width,
        x0 + end1[0], y0 + end1[1], x0 + end2[0], y0 + end2[1],
    )  # fmt: skip


def _ends(mask: np.ndarray, axis: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Where the mask reaches furthest forwards and backwards along its axis, mask pixels."""
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    points = contours[0] if len(contours) == 1 else np.concatenate(contours)
    points = points.reshape(-1, 2)
    along = points @ np.array((np.cos(axis), np.sin(axis)))
    first, last = points[int(along.argmax())], points[int(along.argmin())]
    return (float(first[0]), float(first[1])), (float(last[0]), float(last[1]))
