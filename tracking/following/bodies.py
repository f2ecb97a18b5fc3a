"""How large each animal's body is, learned while it is alone, without its tail."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from tracking.detections import axes_of
from tracking.subtraction.background import opened

TAIL = 0.2  # body widths; what is thinner than twice that is no body
LEAST = 0.5  # of the outline must be body, or it has no tail to take off
MEMORY = 0.05  # weight of a new look in what is remembered
FIRST = 3  # looks after which an animal's own size is known


class Bodies:
    """Area, length and width of ``n`` animals; at first all are like the typical one.

    ``typical_area`` is one number, or one of each animal where they differ, largest first; then
    ``typical_length`` is the largest animal's, and all are of the same build.
    """

    def __init__(
        self, n: int, typical_area: float | Sequence[float], typical_length: float
    ) -> None:
        areas = np.broadcast_to(np.asarray(typical_area, np.float64), n)
        lengths = typical_length * np.sqrt(areas / areas.max())
        self._sizes = np.stack((areas, lengths, 4 * areas / (np.pi * lengths)), 1)
        self._looks = np.zeros(n, np.int64)
        self._alike = bool(np.ptp(areas) == 0)

    def sizes(self, animals: np.ndarray | None = None) -> np.ndarray:
        """(k, 3) pixels: area, full long and full short axis. One that was never seen alone is
        as large as the others are in the middle."""
        sizes, known = self._sizes.copy(), self._looks >= FIRST
        if self._alike and known.any() and not known.all():
            sizes[~known] = np.median(sizes[known], axis=0)
        return sizes if animals is None else sizes[animals]

    def learn(self, animal: int, mask: np.ndarray) -> None:
        """Remember what one animal alone looks like; ``mask`` (h, w) uint8."""
        typical = self._sizes[animal, 0]
        width = min(self._sizes[animal, 2], typical**0.5)
        shape = np.array(axes_of(self.without_tail(mask, width)))
        known = self._looks[animal] >= FIRST
        low, high = (0.5, 1.6) if known else (0.1, 1.8)  # it may be much smaller than the rest
        if not low * typical < shape[0] < high * typical:
            return
        self._looks[animal] += 1
        weight = max(MEMORY, 1 / (self._looks[animal] + 1))
        self._sizes[animal] += weight * (shape - self._sizes[animal])

    @staticmethod
    def without_tail(mask: np.ndarray, width: float) -> np.ndarray:
        """The (h, w) uint8 mask without what is much thinner than a body of that width."""
        radius = round(TAIL * width)
        if radius < 1:
            return mask
        wide = np.pad(mask, radius)
        body = np.ascontiguousarray(opened(wide, radius)[radius:-radius, radius:-radius])
        enough = cv2.countNonZero(body) > LEAST * cv2.countNonZero(mask)
        return body if enough else mask
