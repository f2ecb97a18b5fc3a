"""The share of an animal's outline that lies in regions, counted pixel by pixel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from llm_query.errors import QueryError
from llm_query.geometry import ROUNDING, Region
from llm_query.outlines import Outlines
from llm_query.recording import Recording

FRAMES = 2048  # outlines decoded at once: some 10 MB of segments


def fraction_in(recording: Recording, animal: str, places: Sequence[Region]) -> np.ndarray:
    """(n,) share of the outline's pixels whose middles are in any of the regions; NaN without one.

    The outline of a region belongs to it, as it does for points.
    """
    recording.track(animal)
    if animal not in recording.masks:
        raise QueryError(
            f"{recording.video} has no outlines of {animal}, only points. Track the video to get "
            "them, or judge by body points: point=[...], need=0.7."
        )
    if any(place.moves for place in places):
        raise QueryError(
            "The share of an outline is counted in regions that stay where they are. For one that "
            "moves, judge by body points."
        )
    key = ("fraction in", animal, tuple(place.name for place in places))
    return recording.remember(key, lambda: _fraction(recording, recording.masks[animal], places))


def _fraction(recording: Recording, outlines: Outlines, places: Sequence[Region]) -> np.ndarray:
    share = np.full(recording.n_frames, np.nan)
    if len(outlines.frame) == 0:
        return share
    corner = outlines.box[:, :2].min(axis=0)
    size = (outlines.box[:, :2] + outlines.box[:, 2:]).max(axis=0) - corner
    picture = np.zeros((size[1], size[0]), dtype=bool)
    for place in places:
        picture |= raster(place.scaled(1 / recording.scale), corner, picture.shape)
    inside = np.zeros((size[1], size[0] + 1), dtype=np.int32)
    np.cumsum(picture, axis=1, out=inside[:, 1:])
    for low in range(0, len(outlines.frame), FRAMES):
        rows = np.arange(low, min(low + FRAMES, len(outlines.frame)))
        (y, left, right), first = _columns(outlines, rows, corner)
        within = inside[y, right] - inside[y, left]
        area, covered = (_sums(values, first) for values in (right - left, within))
        with np.errstate(invalid="ignore"):
            share[outlines.frame[rows]] = covered / area
    share.flags.writeable = False
    return share


def _columns(
    outlines: Outlines, rows: np.ndarray, corner: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    segments, first = outlines.segments(rows)
    return (segments - corner[[1, 0, 0]]).T, first


def _sums(values: np.ndarray, first: np.ndarray) -> np.ndarray:
    total = np.concatenate([[0], np.cumsum(values)])
    return (total[first[1:]] - total[first[:-1]]).astype(float)


def raster(region: Region, corner: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """(height, width) bool: the pixels whose middles are inside a region given in px.

    `corner` is x and y of the first pixel; a pixel's middle has whole numbers as its place.

    >>> box = Region("box", "rectangle", np.array([[1, 0], [2.5, 1]]))
    >>> raster(box, np.array([0, 0]), (2, 4)).astype(int).tolist()
    [[0, 1, 1, 0], [0, 1, 1, 0]]
    """
    y = np.arange(shape[0]) + float(corner[1])
    if region.kind == "circle":
        radius = float(np.hypot(*(region.points[1] - region.points[0])))
        left2 = (radius + ROUNDING) ** 2 - (y - region.points[0, 1]) ** 2
        half = np.sqrt(np.maximum(left2, 0))
        x = region.points[0, 0]
        change = _between(x - half - ROUNDING, x + half + ROUNDING, left2 >= 0, corner, shape)
        return np.cumsum(change, axis=1)[:, :-1] > 0
    odd = np.zeros((shape[0], shape[1] + 1), dtype=np.int32)
    edge = np.zeros_like(odd)
    corners = region.outline
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        crosses = (y0 > y) != (y1 > y)
        on = (y >= min(y0, y1) - ROUNDING) & (y <= max(y0, y1) + ROUNDING)
        if y0 == y1:
            low, high = np.full(len(y), min(x0, x1)), np.full(len(y), max(x0, x1))
        else:
            low = high = x0 + (np.clip(y, *sorted((y0, y1))) - y0) * (x1 - x0) / (y1 - y0)
            odd += _between(np.full(len(y), -np.inf), low, crosses, corner, shape)
        edge += _between(low - ROUNDING, high + ROUNDING, on, corner, shape)
    within = np.cumsum(odd, axis=1) % 2 == 1
    return (within | (np.cumsum(edge, axis=1) > 0))[:, :-1]


def _between(
    low: np.ndarray, high: np.ndarray, rows: np.ndarray, corner: np.ndarray, shape: tuple[int, ...]
) -> np.ndarray:
    """(height, width + 1) steps up and down of the pixels with low <= x <= high in some rows."""
    steps = np.zeros((shape[0], shape[1] + 1), dtype=np.int32)
    first = np.clip(np.ceil(low - corner[0]), 0, shape[1]).astype(np.int64)
    last = np.clip(np.floor(high - corner[0]) + 1, 0, shape[1]).astype(np.int64)
    number = np.flatnonzero(rows & (last > first))
    np.add.at(steps, (number, first[number]), 1)
    np.add.at(steps, (number, last[number]), -1)
    return steps
