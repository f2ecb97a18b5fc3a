"""The outline of the animal in a box, and an outline parted in two, without any trained network."""

from __future__ import annotations

import cv2
import numpy as np

from tracking.click_mask import (
    SHARES,
    Point,
    largest,
    parted,
    row_column,
    sharpness,
    smooth,
    steepness,
)  # fmt: skip
from tracking.errors import TrackingError

BESIDE = 0.5  # of a box: as wide a rim around it shows what is not the animal
ROUNDS = 4  # of parting a box into animal and floor
Box = tuple[float, float, float, float]  # x0, y0, x1, y1 in px


def propose_in_box(frame: np.ndarray, box: Box) -> np.ndarray:
    """The (height, width) bool mask of the animal in a box x0, y0, x1, y1 in px.

    What is in the box and unlike the rim around it is the animal: by how far its gray level is
    from that of the rim, or by colour and place (GrabCut: Rother, Kolmogorov and Blake 2004),
    whichever outline lies on the sharper edge.
    """
    height, width = frame.shape[:2]
    x0, y0, x1, y1 = _whole_box(box, width, height)
    rim = max(8, round(BESIDE * max(x1 - x0, y1 - y0)))
    left, top = max(x0 - rim, 0), max(y0 - rim, 0)
    part = frame[top : min(y1 + rim, height), left : min(x1 + rim, width)]
    inside = np.zeros(part.shape[:2], bool)
    inside[y0 - top : y1 - top, x0 - left : x1 - left] = True
    if inside.all():
        raise TrackingError("Draw the box around one animal, with some floor beside it.")
    gray = smooth(part)
    steps = np.abs(gray - np.median(gray[~inside])) * inside
    tries = [steps >= share * np.percentile(steps[inside], 95) for share in SHARES]
    blobs = [largest(one & inside) for one in (*tries, _by_colour(part, inside))]
    edges = steepness(gray)
    found = [(sharpness(blob, edges), blob) for blob in blobs if blob is not None]
    if not found:
        raise TrackingError("Nothing stands out in that box. Draw it closer around the animal.")
    blob = max(found, key=lambda each: each[0])[1]
    mask = np.zeros((height, width), bool)
    mask[top : top + blob.shape[0], left : left + blob.shape[1]] = blob
    return mask


def _by_colour(part: np.ndarray, inside: np.ndarray) -> np.ndarray:
    rgb = part if part.ndim == 3 else np.repeat(part[:, :, None], 3, axis=2)
    marks = np.where(inside, cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8)
    cv2.setRNGSeed(0)  # the same box, the same outline
    models = (np.zeros((1, 65)), np.zeros((1, 65)))
    whole = np.ascontiguousarray(rgb)
    cv2.grabCut(whole, marks, (0, 0, 1, 1), *models, ROUNDS, cv2.GC_INIT_WITH_MASK)
    return np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD))


def _whole_box(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    """The pixels of a box as the picture has them."""
    x0, x1 = (min(max(round(value), 0), width) for value in sorted((box[0], box[2])))
    y0, y1 = (min(max(round(value), 0), height) for value in sorted((box[1], box[3])))
    if x1 - x0 < 3 or y1 - y0 < 3:
        raise TrackingError("That box is too small: drag it around the whole animal.")
    return x0, y0, x1, y1


def part(mask: np.ndarray, beside: Point) -> np.ndarray:
    """A mask without the part of it that holds a place, parted at the waist between them.

    What stays is the part around its thickest place that is far from the one given.
    """
    row, column = row_column(mask, beside)
    outside = abs(row - beside[1]) > 1 or abs(column - beside[0]) > 1
    if outside or not mask[row, column]:
        raise TrackingError("That place is not in the chosen outline.")
    thick = cv2.distanceTransform(np.pad(mask.astype(np.uint8), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    rows, columns = np.mgrid[: mask.shape[0], : mask.shape[1]]
    away = thick * np.hypot(rows - row, columns - column)
    middle = np.unravel_index(int(away.argmax()), away.shape)
    return parted(mask, [(float(middle[1]), float(middle[0]))], [beside])
