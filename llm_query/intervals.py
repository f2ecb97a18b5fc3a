"""Runs of frames: from masks to half-open intervals and back, and over short gaps."""

from __future__ import annotations

import numpy as np

from llm_query.errors import QueryError

TOLERANCE_S = 1e-6  # containers round times to their clock; far below any frame interval


def runs(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First frames and one-past-last frames of the stretches where `mask` is true.

    >>> [edge.tolist() for edge in runs(np.array([False, True, True, False, True]))]
    [[1, 4], [3, 5]]
    """
    change = np.diff(np.concatenate([[0], np.asarray(mask, dtype=bool).astype(np.int8), [0]]))
    return np.flatnonzero(change == 1), np.flatnonzero(change == -1)


def cover(start: np.ndarray, stop: np.ndarray, n: int) -> np.ndarray:
    """The (n,) mask of frames inside the half-open intervals, which may overlap.

    >>> cover(np.array([1]), np.array([3]), 4).tolist()
    [False, True, True, False]
    """
    steps = np.zeros(n + 1, dtype=np.int64)
    np.add.at(steps, start, 1)
    np.add.at(steps, stop, -1)
    return np.cumsum(steps[:-1]) > 0


def bridge(
    mask: np.ndarray, known: np.ndarray, max_gap_frames: int
) -> tuple[np.ndarray, np.ndarray]:
    """Fill unseen stretches of at most `max_gap_frames` frames whose two sides agree.

    Returns the mask and which frames are known after it. A longer gap stays unknown, and so does
    a short one between unlike sides or at an end of the recording.

    >>> seen = np.array([True, False, True, False, True])
    >>> [a.tolist() for a in bridge(np.array([True, False, True, False, False]), seen, 3)]
    [[True, True, True, False, False], [True, True, True, False, True]]
    """
    known = np.asarray(known, dtype=bool)
    mask = np.asarray(mask, dtype=bool) & known
    start, stop = runs(~known)
    inner = (start > 0) & (stop < len(mask)) & (stop - start <= max_gap_frames)
    start, stop = start[inner], stop[inner]
    agree = mask[start - 1] == mask[stop]
    filled = cover(start[agree], stop[agree], len(mask))
    on = agree & mask[start - 1]
    return mask | cover(start[on], stop[on], len(mask)), known | filled


def window(edges_s: np.ndarray, start_s: float, stop_s: float) -> tuple[int, int]:
    """First frame and frame after the last one whose times lie in [start_s, stop_s)."""
    low, high = np.searchsorted(edges_s[:-1], np.array([start_s, stop_s]) - TOLERANCE_S)
    if high <= low:
        raise QueryError(
            f"There is no frame between {start_s:g} s and {stop_s:g} s: the recording runs from "
            f"{edges_s[0]:g} s to {edges_s[-1]:g} s."
        )
    return int(low), int(high)
