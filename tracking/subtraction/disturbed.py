"""Frames with something in them that is no animal: a hand that cleans, a lid that is lifted.

It is large and comes from outside the picture. What it covers is not looked for; animals that are
seen beside it are kept, with a lower score.
"""

from __future__ import annotations

import cv2
import numpy as np

from tracking.detections import Blob
from tracking.subtraction.light import lit
from tracking.subtraction.openings import disk
from tracking.subtraction.settings import BackgroundSettings

SCORE = 0.5  # of what is found in such a frame
FAINT = 0.4  # of the threshold: skin is nearer to the floor than an animal is
LEAST_DIFFERENCE = 12.0  # gray levels
LONGEST_SIDE = 320  # pixels; larger frames are looked at in reduced size: 4 times as cheap as 640
MOST = 0.6  # of the picture: more is a change of light, not a hand
APART = 0.8  # of an animal's pixels that have to lie beside it
GAP = 0.25  # body lengths that are bridged, and kept away from


def intruder(
    gray: np.ndarray, background: np.ndarray, settings: BackgroundSettings, light: float
) -> np.ndarray | None:
    """Where something large reaches in from outside, (h, w) bool; None if nothing does.

    ``light`` is how many times as bright as the background the frame is.
    """
    height, width = gray.shape
    scale = min(1.0, LONGEST_SIDE / max(height, width))
    small = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    empty = cv2.resize(background, small.shape[::-1], interpolation=cv2.INTER_AREA)
    step = 0.0 if settings.contrast == "relative" else FAINT * settings.threshold
    differs = cv2.absdiff(small, lit(empty, light)) > max(step, LEAST_DIFFERENCE)
    gap = max(1, round(GAP * settings.typical_length_px * scale))
    joined = cv2.morphologyEx(differs.view(np.uint8), cv2.MORPH_CLOSE, disk(gap))
    contours, _ = cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    region = np.zeros_like(small)
    for contour in contours:
        x, y, w, h = cv2.boundingRect(contour)
        at_edge = x == 0 or y == 0 or x + w == small.shape[1] or y + h == small.shape[0]
        if at_edge and cv2.contourArea(contour) > settings.max_area_px * scale**2:
            cv2.drawContours(region, [contour], -1, 1, cv2.FILLED)
    if not 0 < cv2.countNonZero(region) < MOST * region.size:
        return None
    region = cv2.dilate(region, disk(gap))
    return cv2.resize(region, (width, height), interpolation=cv2.INTER_NEAREST) > 0


def beside(blob: Blob, region: np.ndarray) -> bool:
    """Whether a blob lies beside the (h, w) bool region rather than in it."""
    height, width = blob.mask.shape
    part = region[blob.y0 : blob.y0 + height, blob.x0 : blob.x0 + width]
    outside = np.count_nonzero(blob.mask * ~part)
    return bool(outside >= APART * np.count_nonzero(blob.mask))
