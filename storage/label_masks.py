"""The masks of labels: run lengths to pixels and back, and polygons to pixels and back.

A pixel (column i, row j) covers i to i + 1 and j to j + 1, and belongs to a polygon when its
centre (i + 0.5, j + 0.5) lies inside; one exactly on an edge belongs to the side right of it or
below. So the outline along the edges of a mask's pixels is that mask again, to the pixel.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from storage.errors import StudyError

LONGEST = 65535  # the longest run that 16 bits hold
RUN = np.dtype("<u2")
Ring = np.ndarray  # (n, 2) float64: x, y of the corners in px; the last one joins the first


def encode(mask: np.ndarray) -> bytes:
    """Run lengths of a (height, width) mask as the table masks has them; nonzero is animal.

    >>> np.frombuffer(encode(np.array([[0, 1, 1], [1, 0, 0]])), "<u2").tolist()
    [1, 3, 2]
    """
    runs = run_lengths(mask)
    long = np.maximum(runs - 1, 0) // LONGEST  # whole stretches before the rest of each run
    if long.any():
        filled = [value for run, n in zip(runs, long, strict=True)
                  for value in [LONGEST, 0] * n + [run - LONGEST * n]]  # fmt: skip
        runs = np.array(filled)
    return runs.astype(RUN).tobytes()


def run_lengths(mask: np.ndarray) -> np.ndarray:
    """How many pixels in a row are of the background, of the animal, and so on: (n,) int64."""
    pixels = np.concatenate([[False], np.asarray(mask).reshape(-1) != 0])
    bounds = np.flatnonzero(pixels[1:] != pixels[:-1])
    return np.diff(np.concatenate([[0], bounds, [len(pixels) - 1]]))


def decode(runs: bytes, height: int, width: int) -> np.ndarray:
    """The (height, width) uint8 mask, 0 or 1, of run lengths made by `encode`.

    >>> decode(encode(np.eye(3)), 3, 3).tolist()
    [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    """
    lengths = np.frombuffer(runs, RUN)
    if int(lengths.sum(dtype=np.int64)) != height * width:
        raise StudyError(f"A mask does not fill its box of {width} x {height} px: label it again.")
    values = (np.arange(lengths.size) & 1).astype(np.uint8)
    return np.repeat(values, lengths).reshape(height, width)


def tight(mask: np.ndarray) -> tuple[np.ndarray, int, int] | None:
    """A mask cut to what is in it, and how many px were cut off left and above; None if empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    x0, y0 = int(columns[0]), int(rows[0])
    return (mask[y0 : rows[-1] + 1, x0 : columns[-1] + 1] != 0).astype(np.uint8), x0, y0


def rasterise(
    polygons: Iterable[Ring], width: int, height: int, holes: Iterable[Ring] = ()
) -> np.ndarray:
    """The (height, width) uint8 mask of several polygons together, without the `holes`.

    What lies outside of the picture is cut off. A polygon that crosses itself is inside where an
    odd number of its edges lies to the left.

    >>> rasterise([np.array([[1, 0], [3, 0], [3, 2], [1, 2]])], 4, 2).tolist()
    [[0, 1, 1, 0], [0, 1, 1, 0]]
    """
    mask = np.zeros((height, width), np.uint8)
    for ring in polygons:
        mask |= fill(ring, width, height)
    for ring in holes:
        mask &= 1 - fill(ring, width, height)
    return mask


def fill(ring: Ring, width: int, height: int) -> np.ndarray:
    """The (height, width) uint8 mask of one polygon."""
    start = check_ring(ring)
    end = np.roll(start, -1, axis=0)
    # Every edge from its upper end: one that is gone along both ways takes itself back exactly.
    up = start[:, 1] > end[:, 1]
    start, end = np.where(up[:, None], end, start), np.where(up[:, None], start, end)
    first = np.clip(np.ceil(start[:, 1] - 0.5), 0, height).astype(int)  # rows of its centres
    count = np.clip(np.ceil(end[:, 1] - 0.5), 0, height).astype(int) - first
    edge = np.repeat(np.arange(len(start)), count)
    row = first[edge] + np.arange(len(edge)) - (np.cumsum(count) - count)[edge]
    (x0, y0), (x1, y1) = start[edge].T, end[edge].T
    x = x0 + (row + 0.5 - y0) * (x1 - x0) / (y1 - y0)
    column = np.clip(np.ceil(x - 0.5), 0, width).astype(int)
    mask = np.zeros((height, width), np.uint8)
    if not len(row):
        return mask
    top, left = int(row.min()), int(column.min())
    flips = np.zeros((int(row.max()) + 1 - top, int(column.max()) + 1 - left), np.int32)
    np.add.at(flips, (row - top, column - left), 1)
    inside = np.cumsum(flips, axis=1)[:, :-1] & 1
    mask[top : top + inside.shape[0], left : left + inside.shape[1]] = inside
    return mask


def check_ring(ring: Ring | Sequence[Sequence[float]]) -> Ring:
    """The corners of a polygon as (n, 2) float64; StudyError when they enclose nothing."""
    try:
        corners = np.asarray(ring, np.float64)
    except (TypeError, ValueError):
        corners = np.empty(0)
    if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 3:
        raise StudyError("A polygon has at least three corners [x, y]: draw it again.")
    if not np.isfinite(corners).all() or np.abs(corners).max() > 1e6:
        raise StudyError("A polygon has corners that are no positions in px: draw it again.")
    return corners


def outlines(mask: np.ndarray) -> list[tuple[Ring, list[Ring]]]:
    """The parts of a mask, each as its outline along pixel edges and the outlines of its holes.

    Parts hang together by edges of pixels, not by corners alone. Rasterised, they are the mask.

    >>> [(ring.tolist(), holes) for ring, holes in outlines(np.array([[0, 1]]))]
    [([[1.0, 0.0], [2.0, 0.0], [2.0, 1.0], [1.0, 1.0]], [])]
    """
    rings = _rings(np.pad(np.asarray(mask) != 0, 1))
    outer = [ring for ring in rings if signed_area(ring) > 0]
    parts: list[tuple[Ring, list[Ring]]] = [(ring, []) for ring in outer]
    for hole in rings:
        if signed_area(hole) < 0:
            _part_around(parts, hole)[1].append(hole)
    return parts


def signed_area(ring: Ring) -> float:
    """The area of a polygon in px²; above 0 when its corners go clockwise on the screen."""
    x, y = ring.T
    return float(x @ np.roll(y, -1) - np.roll(x, -1) @ y) / 2


def _part_around(parts: list[tuple[Ring, list[Ring]]], hole: Ring) -> tuple[Ring, list[Ring]]:
    """The smallest part that a hole lies in."""
    # the centre of a pixel of the animal beside it: left of its leftmost, topmost corner
    left = hole[np.lexsort((hole[:, 1], hole[:, 0]))[0]]
    point = left + np.array([-0.5, 0.5])
    around = [part for part in parts if _inside(part[0], point)]
    return min(around, key=lambda part: signed_area(part[0]))


def _inside(ring: Ring, point: np.ndarray) -> bool:
    ends = np.roll(ring, -1, axis=0)
    crossing = (ring[:, 1] > point[1]) != (ends[:, 1] > point[1])
    left = ring[:, 0] < point[0]  # edges are vertical or horizontal: x is that of either end
    return bool(np.count_nonzero(crossing & left) & 1)


def _rings(mask: np.ndarray) -> list[Ring]:
    """Every closed outline of a padded mask, the animal at its right hand, corners only."""
    step_to: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for (dx, dy), rows, columns in _edges(mask):
        for y, x in zip(rows.tolist(), columns.tolist(), strict=True):
            step_to.setdefault((x, y), []).append((dx, dy))
    rings = []
    while step_to:
        start = at = next(iter(step_to))
        first = heading = step_to[start][0]
        corners: list[tuple[int, int]] = []
        while not corners or at != start:
            ways = step_to[at]
            way = _turn(heading, ways) if corners else first
            ways.remove(way)
            if not ways:
                del step_to[at]
            if way != heading or not corners:
                corners.append(at)
            at, heading = (at[0] + way[0], at[1] + way[1]), way
        if heading == first:
            corners = corners[1:]  # the start lay in the middle of an edge
        rings.append(np.array(corners, np.float64) - 1)
    return rings


def _edges(mask: np.ndarray) -> list[tuple[tuple[int, int], np.ndarray, np.ndarray]]:
    """Unit steps along the animal's border: direction (dx, dy), rows and columns of the start."""
    above = np.nonzero(mask[1:] & ~mask[:-1])  # animal below the line: go right
    below = np.nonzero(mask[:-1] & ~mask[1:])  # animal above it: go left
    left = np.nonzero(mask[:, 1:] & ~mask[:, :-1])  # animal to the right: go up
    right = np.nonzero(mask[:, :-1] & ~mask[:, 1:])  # animal to the left: go down
    return [
        ((1, 0), above[0] + 1, above[1]),
        ((-1, 0), below[0] + 1, below[1] + 1),
        ((0, -1), left[0] + 1, left[1] + 1),
        ((0, 1), right[0], right[1] + 1),
    ]


def _turn(heading: tuple[int, int], ways: list[tuple[int, int]]) -> tuple[int, int]:
    """Where two pixels touch at a corner, turn right: each part keeps an outline of its own."""
    if len(ways) == 1:
        return ways[0]
    right = (-heading[1], heading[0])
    return right if right in ways else ways[0]


def as_one_ring(parts: Sequence[tuple[Ring, list[Ring]]]) -> Ring:
    """Several parts and their holes as one polygon, joined by bridges of no width.

    For formats that know one polygon per animal. Rasterised here it is the same mask.
    """
    rings = [ring for outer, holes in parts for ring in (outer, *holes)]
    joined = rings[0]
    for ring in rings[1:]:
        joined = _bridged(joined, ring)
    return joined


def _bridged(first: Ring, second: Ring) -> Ring:
    """Go along the first to the corner nearest to the second, around that, and back."""
    gaps = np.hypot(*(first[:, None] - second[None]).transpose(2, 0, 1))
    here, there = np.unravel_index(int(gaps.argmin()), gaps.shape)
    around = np.roll(second, -int(there), axis=0)
    return np.concatenate([first[: here + 1], around, around[:1], first[here:]])


def circle(x: float, y: float, radius: float) -> Ring:
    """A circle as a polygon whose edges are nowhere further than 0.05 px from it."""
    corners = max(16, math.ceil(math.pi / math.acos(1 - min(0.05 / max(radius, 0.05), 1))))
    angle = 2 * math.pi * np.arange(corners) / corners
    return np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], axis=1)
