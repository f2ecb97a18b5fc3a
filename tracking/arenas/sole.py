"""One animal that has an arena to itself: what is visible there is the animal.

Of the outlines found in its arena at most one is taken per frame, along the way that explains the
whole stretch best: of the animal's size, without leaps, and sooner one that moves than a mark that
is always there. Specks that show up elsewhere for a moment are passed over.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tracking.detections import SHAPE
from tracking.shards import Chunk
from tracking.tracker import Tracked

AREA = SHAPE.index("area")
REACH = 1.0  # body lengths per frame that cost nothing
VISIT_S = 0.25  # an outline elsewhere for less than this is a speck
WRONG_SIZE = 0.8  # cost per frame of an outline of a third or three times the size; none is 1,
GLIMPSE = 0.95  # and of a fifth: of the animal itself behind something, or of nothing much
WELL_KNOWN = 0.15  # cost per frame of an outline where there always is one
STATES = 12  # ways that are followed at once
REMEMBERED = 0.5  # weight of a chunk in what is remembered of the animal's size


@dataclass(frozen=True)
class _Way:
    """What was taken so far: its cost, where it ended, and the way before."""

    cost: float
    x: float  # NaN when nothing was taken yet
    y: float
    frame: int
    taken: tuple[int, int] | None = None  # rows, end exclusive
    before: _Way | None = None


class SoleTracker:
    """Follows one animal over chunks that are fed in order, like ``tracking.tracker.Tracker``."""

    def __init__(self, typical_area: float, typical_length: float, time_s: np.ndarray) -> None:
        self.area, self.length = typical_area, typical_length
        interval = float(np.median(np.diff(time_s)))
        self.leap = max(1.0, VISIT_S / interval / 2)  # there and back cost as much as none does
        self.last = _Way(0.0, float("nan"), float("nan"), -1)

    def track(self, chunk: Chunk) -> Tracked:
        """The animal in each frame of a chunk in which it is visible."""
        rows = self._chosen(chunk.frame, chunk.shapes.astype(np.float64))
        out = Tracked.nobody(chunk.start, chunk.stop, 1)
        at = chunk.frame[rows] - chunk.start
        out.detected[at, 0] = True
        out.shapes[at, 0] = chunk.shapes[rows]
        out.boxes[at, 0] = chunk.boxes[rows]
        out.rows[at, 0] = rows
        if len(rows):
            self.area += REMEMBERED * (float(np.median(chunk.shapes[rows, AREA])) - self.area)
        return out

    def _chosen(self, frame: np.ndarray, shapes: np.ndarray) -> np.ndarray:
        """The rows to take, at most one per frame."""
        if not len(frame):
            return np.empty(0, np.int64)
        times = np.abs(np.log(shapes[:, AREA] / self.area))
        cost = np.interp(times, np.log([1.0, 3.0, 5.0]), [0.0, WRONG_SIZE, GLIMPSE])
        cost += WELL_KNOWN * _always_there(frame, shapes[:, :2], 0.25 * self.length)
        total = np.concatenate(([0.0], np.cumsum(cost)))
        ways = [self.last]
        for start, stop, several in self._stretches(frame, shapes):
            none = 1.0 if several else float(stop - start)
            options = [(k, k + 1) for k in range(start, stop)] if several else [(start, stop)]
            taken = []
            for first, end in options:
                own = float(total[end] - total[first])
                best = min(ways, key=lambda way: way.cost + self._move(way, frame, shapes, first))
                before = best.cost + self._move(best, frame, shapes, first)
                x, y = shapes[end - 1, :2].tolist()
                taken.append(_Way(before + own, x, y, int(frame[end - 1]), (first, end), best))
            left = [
                _Way(w.cost + none, w.x, w.y, w.frame, w.taken, w.before) for w in ways
            ]  # fmt: skip
            ways = sorted(taken + left, key=lambda way: way.cost)[:STATES]
        return self._walked(ways[0])

    def _walked(self, way: _Way) -> np.ndarray:
        """The rows of a way, in order; the next chunk goes on from its end."""
        self.last = _Way(0.0, way.x, way.y, way.frame)
        pieces = []
        step: _Way | None = way
        while step is not None and step.taken is not None:
            pieces.append(np.arange(*step.taken))
            step = step.before
        return np.concatenate(pieces[::-1]) if pieces else np.empty(0, np.int64)

    def _move(self, way: _Way, frame: np.ndarray, shapes: np.ndarray, row: int) -> float:
        """What it costs to be at a row after a way."""
        if np.isnan(way.x):
            return self.leap
        far = float(np.hypot(shapes[row, 0] - way.x, shapes[row, 1] - way.y)) / self.length
        return min(self.leap, max(0.0, far - REACH * max(1, int(frame[row]) - way.frame)))

    def _stretches(
        self, frame: np.ndarray, shapes: np.ndarray
    ) -> list[tuple[int, int, bool]]:  # fmt: skip
        """Rows start to stop that are one decision: linked single outlines, or a frame's several.

        The third says whether they are several outlines of one frame.
        """
        _, first, count = np.unique(frame, return_index=True, return_counts=True)
        single = count == 1
        step = np.linalg.norm(np.diff(shapes[first, :2], axis=0), axis=1)
        linked = (
            single[1:] & single[:-1]
            & (np.diff(frame[first]) == 1) & (step <= REACH * self.length)
        )  # fmt: skip
        starts = np.flatnonzero(np.concatenate(([True], ~linked)))
        stops = np.append(starts[1:], len(first)) - 1
        return [
            (int(first[a]), int(first[b] + count[b]), bool(count[a] > 1))
            for a, b in zip(starts, stops, strict=True)
        ]


def _always_there(frame: np.ndarray, places: np.ndarray, cell: float) -> np.ndarray:
    """For each outline the share of the frames, 0 to 1, that have one within about ``cell``."""
    cells = np.floor(places / max(cell, 1.0)).astype(np.int64)
    _, which = np.unique(cells, axis=0, return_inverse=True)
    count = np.bincount(which.ravel())[which.ravel()]
    return np.minimum(1.0, count / len(np.unique(frame)))
