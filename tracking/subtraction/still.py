"""Animals that never leave their place are part of every picture of the empty arena.

A sleeper moves a little: what differs from the picture lies like a ring around the part of it that
the picture took for floor. Such parts are filled with what is around them.
"""

from __future__ import annotations

import cv2
import numpy as np

from tracking.subtraction.background import limit_image
from tracking.subtraction.openings import disk
from tracking.subtraction.settings import BackgroundSettings

AROUND = 0.75  # of the side of a square of an animal's area: wider than half an animal
RING = 2  # pixels around a part that have to be animal
MOSTLY = 0.5  # share of the frames in which the ring is animal, on average
LEAST_SHARE = 0.01  # of an animal's area; smaller parts do not change an outline


def without_sleepers(
    stack: np.ndarray, background: np.ndarray, settings: BackgroundSettings, area_px: float
) -> np.ndarray:
    """The background (h, w) uint8 without what a sleeping animal left in it; itself if nothing.

    ``stack`` are frames (k, h, w) uint8 in the light of the background.
    """
    darker = settings.animals == "darker"
    code = cv2.CMP_LT if darker else cv2.CMP_GT
    way = cv2.MORPH_CLOSE if darker else cv2.MORPH_OPEN
    around = cv2.morphologyEx(background, way, disk(max(2, round(AROUND * area_px**0.5))))
    parts = cv2.compare(background, limit_image(around, settings), code)
    if not parts.any():
        return background
    limit = limit_image(background, settings)
    covered = np.mean([cv2.compare(image, limit, code) > 0 for image in stack], axis=0)
    count, labels, numbers, _ = cv2.connectedComponentsWithStats(parts, connectivity=8)
    filled = background
    for label in range(1, count):
        if not LEAST_SHARE * area_px <= numbers[label, cv2.CC_STAT_AREA] <= area_px:
            continue
        grown = _grown(labels == label, 2 * RING)
        ring = grown & ~_grown(labels == label, RING)
        if covered[ring].mean() >= MOSTLY:
            filled = np.where(grown, around, filled)
    return filled


def _grown(mask: np.ndarray, radius: int) -> np.ndarray:
    return cv2.dilate(mask.astype(np.uint8), disk(radius)) > 0
