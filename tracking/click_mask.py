"""The outline of the animal that was clicked on, without any trained network.

Where the empty arena is known the animal is what differs from it; else it is what has the grey
level under the click. How much it has to differ is chosen anew for each click: the threshold whose
outline lies on the sharpest edge.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from tracking.errors import TrackingError

Point = tuple[float, float]  # x, y in px; whole numbers are centres of pixels

SHARES = np.linspace(0.15, 0.85, 15)  # of the difference under the click: thresholds to try
TOLERANCES = (4, 6, 8, 11, 15, 20, 27, 36, 48)  # gray levels from the one under the click
LEAST_STEP = 8.0  # gray levels; a click where nothing differs goes by gray level alone
DARKEST = 32.0  # gray levels; below it noise would be a large share
LARGEST_SHARE = 0.25  # of the picture; what is larger is no animal
SMALLEST = 9  # px
SEED = 2  # px around a click whose median counts
CLOSE = 3.0  # px; as far beside the outline a click may be
NEIGHBOURS = ((-1, 0), (1, 0), (0, -1), (0, 1))


def propose(
    frame: np.ndarray,
    background: np.ndarray | None,
    positive: Sequence[Point],
    negative: Sequence[Point] = (),
) -> np.ndarray:
    """The (height, width) bool mask of the animal that holds the positive clicks.

    ``frame`` is gray or RGB uint8, ``background`` the gray picture of the empty arena. Negative
    clicks are outside; where they are in the same blob it is parted at its waist between them.
    """
    gray = smooth(frame)
    if not positive:
        raise TrackingError("Click on the animal first, then beside it.")
    tries: list[tuple[float, np.ndarray]] = []
    if background is not None and background.shape == gray.shape:
        tries = _by_difference(gray, smooth(background), positive)
    tries = tries or _by_gray_level(gray, positive)
    if not tries:
        raise TrackingError(
            "Nothing with an outline is under that click. Click on the middle of the animal, or "
            "draw its outline."
        )
    mask = max(tries, key=lambda each: each[0])[1]
    return parted(mask, positive, negative)


def smooth(picture: np.ndarray) -> np.ndarray:
    gray = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return cv2.GaussianBlur(gray.astype(np.float32), (3, 3), 0)


def _by_difference(
    gray: np.ndarray, empty: np.ndarray, points: Sequence[Point]
) -> list[tuple[float, np.ndarray]]:
    """Outlines by how much a pixel differs from the empty arena, each with its sharpness.

    As a share of the lighter of the two: a dark animal on a light floor and before a dark wall is
    one animal.
    """
    step = np.abs(gray - empty)
    if min(_under(step, point) for point in points) < LEAST_STEP:
        return []
    step *= 255 / np.maximum(np.maximum(gray, empty), DARKEST)
    seed = min(_under(step, point) for point in points)
    return _tried((step >= share * seed for share in SHARES), steepness(step), points)


def _by_gray_level(gray: np.ndarray, points: Sequence[Point]) -> list[tuple[float, np.ndarray]]:
    """Outlines by the gray level under the clicks, each with its sharpness."""
    seeds = [_under(gray, point) for point in points]
    low, high = min(seeds), max(seeds)
    near = ((gray >= low - far) & (gray <= high + far) for far in TOLERANCES)
    return _tried(near, steepness(gray), points)


def _tried(
    masks: Iterable[np.ndarray], edges: np.ndarray, points: Sequence[Point]
) -> list[tuple[float, np.ndarray]]:
    found = []
    for mask in masks:
        blob = holding(mask, points)
        if blob is not None:
            found.append((sharpness(blob, edges), blob))
    return found


def holding(mask: np.ndarray, points: Sequence[Point]) -> np.ndarray | None:
    """The blobs under the clicks with their holes filled; None where one is on nothing."""
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    chosen = {_label_near(labels, point) for point in points}
    if 0 in chosen:
        return None
    blob = _filled(np.isin(labels, list(chosen)))
    area = int(blob.sum())
    return blob if SMALLEST <= area <= LARGEST_SHARE * blob.size else None


def largest(mask: np.ndarray) -> np.ndarray | None:
    """The largest blob with its holes filled; None where nothing is larger than a speck."""
    number, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=4
    )
    if number < 2 or stats[1:, cv2.CC_STAT_AREA].max() < SMALLEST:
        return None
    return _filled(labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax()))


def _label_near(labels: np.ndarray, point: Point) -> int:
    """The blob under a click, or the nearest one that is close to it; 0 for none."""
    x, y = _pixel(labels, point)
    if labels[y, x]:
        return int(labels[y, x])
    reach = int(CLOSE)
    top, left = max(y - reach, 0), max(x - reach, 0)
    part = labels[top : y + reach + 1, left : x + reach + 1]
    rows, columns = np.nonzero(part)
    if not rows.size:
        return 0
    nearest = int(np.hypot(rows + top - y, columns + left - x).argmin())
    return int(part[rows[nearest], columns[nearest]])


def _filled(blob: np.ndarray) -> np.ndarray:
    lines, _ = cv2.findContours(blob.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    whole = np.zeros(blob.shape, np.uint8)
    cv2.drawContours(whole, lines, -1, 1, cv2.FILLED)
    return whole.astype(bool)


def steepness(picture: np.ndarray) -> np.ndarray:
    """How steep the picture is at each pixel, in gray levels per px."""
    return (
        np.hypot(cv2.Scharr(picture, cv2.CV_32F, 1, 0), cv2.Scharr(picture, cv2.CV_32F, 0, 1)) / 32
    )


def sharpness(blob: np.ndarray, edges: np.ndarray) -> float:
    """The mean steepness along the outline, where the edge of the picture counts as flat."""
    small = blob.astype(np.uint8)
    grown = cv2.dilate(small, np.ones((3, 3), np.uint8))
    inner = cv2.erode(small, np.ones((3, 3), np.uint8), borderValue=0)
    ring = grown > inner
    rim = blob[0].sum() + blob[-1].sum() + blob[:, 0].sum() + blob[:, -1].sum()
    return float(edges[ring].sum() / (ring.sum() + 3 * rim))


def parted(mask: np.ndarray, positive: Sequence[Point], negative: Sequence[Point]) -> np.ndarray:
    """The part of a blob that belongs to the positive clicks: a watershed of its thickness."""
    inside = [point for point in negative if mask[row_column(mask, point)]]
    if not inside:
        return mask
    thick = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    owner = np.zeros(mask.shape, np.int8)
    queue: list[tuple[float, int, int, int]] = []
    for side, points in ((1, positive), (2, inside)):
        for point in points:
            row, column = row_column(mask, point)
            owner[row, column] = side
            heapq.heappush(queue, (-float(thick[row, column]), len(queue), row, column))
    order = len(queue)
    while queue:  # the thickest pixel next to what is owned goes to its owner
        height, _, row, column = heapq.heappop(queue)
        for down, right in NEIGHBOURS:
            r, c = row + down, column + right
            if 0 <= r < mask.shape[0] and 0 <= c < mask.shape[1] and mask[r, c] and not owner[r, c]:
                owner[r, c] = owner[row, column]
                order += 1
                heapq.heappush(queue, (max(height, -float(thick[r, c])), order, r, c))
    return owner == 1


def _under(picture: np.ndarray, point: Point) -> float:
    """The median around a click."""
    x, y = _pixel(picture, point)
    return float(
        np.median(picture[max(y - SEED, 0) : y + SEED + 1, max(x - SEED, 0) : x + SEED + 1])
    )


def _pixel(picture: np.ndarray, point: Point) -> tuple[int, int]:
    """Column and row of a click; one outside the picture is moved to its edge."""
    height, width = picture.shape[:2]
    return min(max(round(point[0]), 0), width - 1), min(max(round(point[1]), 0), height - 1)


def row_column(picture: np.ndarray, point: Point) -> tuple[int, int]:
    return _pixel(picture, point)[::-1]


def outline_of(mask: np.ndarray) -> np.ndarray:
    """The border of the largest blob, (n, 2) corners in px between the pixels: exactly its pixels.

    >>> outline_of(np.ones((1, 2), bool)).tolist()
    [[-0.5, -0.5], [1.5, -0.5], [1.5, 0.5], [-0.5, 0.5]]
    """
    number, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=4
    )
    if number < 2:
        return np.zeros((0, 2))
    inside = np.pad(labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax()), 1)
    row, column = (int(each) for each in np.argwhere(inside)[0])
    x, y, way, corners = column, row, 0, []  # east, south, west, north; the blob on the right hand
    start = (x, y)
    while True:
        x, y = x + (1, 0, -1, 0)[way], y + (0, 1, 0, -1)[way]
        left = ((y - 1, x), (y, x), (y, x - 1), (y - 1, x - 1))[way]
        right = ((y, x), (y, x - 1), (y - 1, x - 1), (y - 1, x))[way]
        turn = 3 if inside[left] and inside[right] else 0 if inside[right] else 1
        if turn:
            corners.append((x, y))
        way = (way + turn) % 4
        if (x, y) == start and way == 0:
            break
    corners = corners[-1:] + corners[:-1]
    return np.array(corners, float) - 1.5
