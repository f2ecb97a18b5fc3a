"""Runs of frames: from masks to half-open intervals and back, and over short gaps."""

from __future__ import annotations

import numpy as np

from llm_query.errors import QueryError

TOLERANCE_S = 1e-6  # containers round times to their clock; far below any frame interval
LONGEST = 3  # usual frame intervals: what happened during a longer one nobody saw
NEAR = 4  # frame intervals on both sides that say what is usual there


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


def holes(times_s: np.ndarray) -> np.ndarray:
    """(n - 1,) bool: the steps between n times that are longer than three usual ones.

    There frames are missing, as where a camera stalled. The usual step is the median one, or the
    median of the nine steps around where that is longer: a lower frame rate is no hole.

    >>> holes(np.array([0, 1, 2, 3, 8, 9, 11, 12]) / 10).tolist()
    [False, False, False, True, False, False, False]
    """
    steps = np.diff(times_s)
    if not len(steps) or steps.max() <= LONGEST * steps.min():
        return np.zeros(len(steps), dtype=bool)
    usual = np.full(len(steps), np.median(steps))
    found = steps > LONGEST * usual + TOLERANCE_S
    if found.any() and len(steps) > 2 * NEAR:
        around = np.pad(steps, NEAR, mode="reflect")
        suspects = np.flatnonzero(found)
        near = np.median(around[suspects[:, None] + np.arange(2 * NEAR + 1)], axis=1)
        found[suspects] = steps[suspects] > LONGEST * np.maximum(near, usual[0]) + TOLERANCE_S
    return found


def usual_step(times_s: np.ndarray) -> float:
    """The mean step between times without holes, in seconds; NaN for a single time."""
    steps = np.diff(times_s)[~holes(times_s)]
    return float(steps.mean()) if len(steps) else float("nan")


def bridge(
    mask: np.ndarray,
    known: np.ndarray,
    max_gap_frames: int,
    edges_s: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Fill unseen stretches of at most `max_gap_frames` frames whose two sides agree.

    Returns the mask and which frames are known after it. A longer gap stays unknown, and so does
    a short one between unlike sides or at an end of the recording. With edges_s, (n + 1,) the
    times of the frames and the end, a frame that lasts over a hole in time is not known, and no
    gap with one is filled.

    >>> seen = np.array([True, False, True, False, True])
    >>> [a.tolist() for a in bridge(np.array([True, False, True, False, False]), seen, 3)]
    [[True, True, True, False, False], [True, True, True, False, True]]
    """
    if not max_gap_frames >= 0:
        raise QueryError(f"max_gap_frames is a number of frames from 0, not {max_gap_frames:g}.")
    known = np.asarray(known, dtype=bool)
    missed = np.zeros(len(known), dtype=bool) if edges_s is None else holes(edges_s)
    known = known & ~missed
    mask = np.asarray(mask, dtype=bool) & known
    start, stop = runs(~known)
    inner = (start > 0) & (stop < len(mask)) & (stop - start <= max_gap_frames)
    before = np.concatenate([[0], np.cumsum(missed)])
    inner &= before[start] == before[stop]
    start, stop = start[inner], stop[inner]
    agree = mask[start - 1] == mask[stop]
    filled = cover(start[agree], stop[agree], len(mask))
    on = agree & mask[start - 1]
    return mask | cover(start[on], stop[on], len(mask)), known | filled


def window(edges_s: np.ndarray, start_s: float, stop_s: float) -> tuple[int, int]:
    """First frame and frame after the last one whose times lie in [start_s, stop_s)."""
    for name, value in (("start_s", start_s), ("stop_s", stop_s)):
        if np.isnan(value):
            raise QueryError(f"{name} is a time in seconds, not {value}.")
    low, high = np.searchsorted(edges_s[:-1], np.array([start_s, stop_s]) - TOLERANCE_S)
    if high <= low:
        raise QueryError(
            f"There is no frame between {start_s:g} s and {stop_s:g} s: the recording runs from "
            f"{edges_s[0]:g} s to {edges_s[-1]:g} s."
        )
    return int(low), int(high)
