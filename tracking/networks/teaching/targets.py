"""What a network is taught that a mask is: the cells of its prototypes that an animal half covers.

ultralytics draws an outline with its line, and rounds halves up when it makes the drawing smaller:
at 320 px its masks of a mouse (92 x 41 px in a frame 640 px wide) are 15 % too large, and a
network learns that. Here a cell belongs to an animal if more than half of it lies in the outline,
so that masks are as large as those that were labelled.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

POINTS = 5  # of a cell that are looked at, each way; odd, so that none is half covered


def covered(
    size: tuple[int, int], outlines: Sequence[np.ndarray], downsample_ratio: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """The cells of every animal, and the order from large to small: as ultralytics calls its own.

    ``size`` is height and width of the picture, ``outlines`` are closed lines (k, 2) of x and y in
    its pixels. In the first array (h, w) the cells of animal ``order[i]`` have the number i + 1;
    where two lie on each other, the smaller one is seen.
    """
    shape = size[0] // downsample_ratio, size[1] // downsample_ratio
    each = [inside(shape, np.reshape(one, (-1, 2)) / downsample_ratio) for one in outlines]
    order = np.argsort([-np.count_nonzero(one) for one in each], kind="stable")
    made = np.zeros(shape, np.int32 if len(each) > 255 else np.uint8)
    for number, k in enumerate(order, start=1):
        made[each[k]] = number
    return made, order


def inside(shape: tuple[int, int], outline: np.ndarray) -> np.ndarray:
    """Which cells (h, w) bool have most of their points in an outline, by the even-odd rule.

    What is smaller than a cell has those that it covers most of.

    >>> square = np.array([[0.4, 0], [2.4, 0], [2.4, 1], [0.4, 1]])
    >>> inside((1, 4), square).astype(int).tolist()
    [[1, 1, 0, 0]]
    """
    found = np.zeros(shape, bool)
    low = np.maximum(np.floor(outline.min(axis=0)), 0).astype(int)
    high = np.minimum(np.ceil(outline.max(axis=0)), shape[::-1]).astype(int)
    width, height = high - low  # of the part that it can cover
    if width <= 0 or height <= 0:
        return found
    points = _points_inside((POINTS * height, POINTS * width), (outline - low) * POINTS)
    share = points.reshape(height, POINTS, width, POINTS).sum(axis=(1, 3), dtype=np.int32)
    most = min(POINTS * POINTS // 2 + 1, max(int(share.max()), 1))
    found[low[1] : high[1], low[0] : high[0]] = share >= most
    return found


def _points_inside(shape: tuple[int, int], outline: np.ndarray) -> np.ndarray:
    """Which pixels' centres lie in a closed line: each edge turns around all to its right."""
    height, width = shape
    start, stop = outline, np.roll(outline, -1, axis=0)
    low = np.clip(np.ceil(np.minimum(start[:, 1], stop[:, 1]) - 0.5), 0, height).astype(int)
    high = np.clip(np.ceil(np.maximum(start[:, 1], stop[:, 1]) - 0.5), 0, height).astype(int)
    many = high - low  # rows whose centres an edge crosses
    edge = np.repeat(np.arange(len(outline)), many)
    rows = np.arange(len(edge)) - np.repeat(np.cumsum(many) - many, many) + low[edge]
    slope = (stop - start)[edge]
    x = start[edge, 0] + (rows + 0.5 - start[edge, 1]) / slope[:, 1] * slope[:, 0]
    columns = np.clip(np.ceil(x - 0.5), 0, width).astype(int)
    turns = np.bincount(rows * (width + 1) + columns, minlength=height * (width + 1))
    turned = turns.reshape(height, width + 1).astype(np.uint8).cumsum(axis=1, dtype=np.uint8)
    return turned[:, :width] % 2 == 1
