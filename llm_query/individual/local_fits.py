"""Slopes and levels of lines and curves fitted around every frame, never across a gap."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from llm_query.algebra.intervals import holes
from llm_query.errors import QueryError

EVEN_S = 1e-9  # frame intervals that differ by less are one rate
LEAST = 1e-6  # the least weight in a fit: less would only cost digits
SPREAD = 4  # windows of up to so many times fewer frames are summed together with the longest


def linked(seen: np.ndarray, time_s: np.ndarray) -> np.ndarray:
    """(n - 1,) bool: from the frame to the next one both were seen, and no frames are missing."""
    return seen[1:] & seen[:-1] & ~holes(time_s)


def stretch_ids(seen: np.ndarray, time_s: np.ndarray | None = None) -> np.ndarray:
    """(n,) the number of the unbroken stretch each frame belongs to, -1 where nothing was seen.

    With the frames' times a hole in time ends a stretch, too.

    >>> stretch_ids(np.array([True, True, False, True])).tolist()
    [0, 0, -1, 1]
    """
    whole = seen[:-1] if time_s is None else seen[:-1] & ~holes(time_s)
    begins = seen & ~np.concatenate([[False], whole])[: len(seen)]
    return np.where(seen, np.cumsum(begins) - 1, -1)


def central_difference(values: np.ndarray, time_s: np.ndarray) -> np.ndarray:
    """(n, d) change per second of (n, d): from the frame before to the frame after.

    One-sided at the ends of a tracked stretch, NaN for a frame without neighbours.
    """
    near = linked(np.isfinite(values).all(axis=1), time_s)
    frame = np.arange(len(values))
    before = frame - np.concatenate([[False], near])
    after = frame + np.concatenate([near, [False]])
    span = (time_s[after] - time_s[before])[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(span > 0, (values[after] - values[before]) / span, np.nan)


def windows(seen: np.ndarray, time_s: np.ndarray, window_s: float) -> tuple[np.ndarray, np.ndarray]:
    """(n,) first and (n,) last frame of the window around every frame; both are in it.

    It is centred, `window_s` seconds long by the real times, and ends with the tracked stretch.
    """
    if not 0 <= window_s < np.inf:
        raise QueryError(f"window_s is a length of time in seconds, 0 or more, not {window_s:g}.")
    frame = np.arange(len(seen))
    half = window_s / 2 + 1e-9
    broken = ~linked(seen, time_s)
    begin = np.maximum.accumulate(np.where(np.append(True, broken), frame, 0))
    end = np.minimum.accumulate(np.where(np.append(broken, True), frame, len(seen))[::-1])[::-1]
    first = np.searchsorted(time_s, time_s - half)
    last = np.searchsorted(time_s, time_s + half, side="right") - 1
    return np.maximum(first, begin), np.minimum(last, end)


def line_fit(
    values: np.ndarray, time_s: np.ndarray, window_s: float
) -> tuple[np.ndarray, np.ndarray]:
    """(n, d) level and (n, d) slope per second of straight lines fitted around every frame.

    The window is centred and `window_s` seconds long by the real times; it ends where the tracked
    stretch ends. Where it holds one frame only, the slope is the central difference.
    """
    seen = np.isfinite(values).all(axis=1)
    if window_s == 0:
        return np.where(seen[:, None], values, np.nan), central_difference(values, time_s)
    first, last = windows(seen, time_s, window_s)
    count = last - first + 1
    steps = np.diff(time_s)
    clock = time_s
    if (steps > window_s).any():  # no window reaches over such a pause; long ones cost digits
        clock = np.concatenate([[0.0], np.cumsum(np.minimum(steps, window_s))])
    level, slope = np.array(values, dtype=float), np.full(values.shape, np.nan)
    todo = np.flatnonzero(seen & (count > 1))
    while len(todo):
        size = int(count[todo].max())
        now = count[todo] * SPREAD >= size
        rows, todo = todo[now], todo[~now]
        level[rows], slope[rows] = _block_lines(values, clock, seen, first, last, rows, size)
    changes = np.cumsum(np.diff(values, axis=0, prepend=values[:1]) != 0, axis=0)
    rest = changes[last] == changes[first]  # at rest is at rest, without rounding errors
    level[rest], slope[rest] = values[rest], 0.0
    alone = count < 2
    if alone.any():
        slope[alone] = central_difference(values, time_s)[alone]
    level[~seen] = slope[~seen] = np.nan
    return level, slope


def _block_lines(
    values: np.ndarray,
    time_s: np.ndarray,
    seen: np.ndarray,
    first: np.ndarray,
    last: np.ndarray,
    rows: np.ndarray,
    size: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Level and slope of `rows`, whose windows hold up to `size` frames, by running sums.

    The sums run in blocks of 2 * `size` frames that overlap by half, so that every window lies in
    one. A block has its own origin of time and place: sums from the first frame of the video
    would lose the digits that the slope is made of.
    """
    home = first[rows] // size  # never falls
    begins = np.append(True, home[1:] != home[:-1])
    blocks, block = home[begins], np.cumsum(begins) - 1
    frame = np.minimum(blocks[:, None] * size + np.arange(2 * size), len(values) - 1)
    weight = seen[frame]
    origin = time_s[frame[:, size]]
    tau = (time_s[frame] - origin[:, None]) * weight
    shift = 2 * size * block - blocks[block] * size  # from frames of the video to the blocks, flat
    low, high = first[rows] + shift, last[rows] + shift

    def total(terms: np.ndarray) -> np.ndarray:
        running = np.cumsum(terms, axis=1).ravel()
        return running[high] - running[low] + terms.ravel()[low]

    count = high - low + 1.0
    mean_t = total(tau) / count
    spread = total(tau * tau) - mean_t**2 * count
    away = time_s[rows] - origin[block] - mean_t
    level, slope = np.empty((2, len(rows), values.shape[1]))
    for column in range(values.shape[1]):
        place = np.where(weight, values[:, column][frame], 0.0)
        middle = place.sum(axis=1) / np.maximum(weight.sum(axis=1), 1)
        place = (place - middle[:, None]) * weight
        mean = total(place) / count
        slope[:, column] = (total(place * tau) - mean_t * mean * count) / spread
        level[:, column] = middle[block] + mean + slope[:, column] * away
    return level, slope


def curve_fit(
    values: np.ndarray,
    time_s: np.ndarray,
    window_s: float,
    degree: int,
    weigh: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """(n, d) level of polynomials fitted around every frame of (n, d) by weighted least squares.

    `weigh` gets how far a frame is from the middle, 0 to 1 (half a window), and gives its weight.
    Windows as in line_fit; where one holds no more frames than a curve of this `degree` passes
    through anyway, the value stays.
    """
    seen = np.isfinite(values).all(axis=1)
    first, last = windows(seen, time_s, window_s)
    frame, half = np.arange(len(values)), window_s / 2 + 1e-9
    level = np.where(seen[:, None], values, np.nan)
    rows = np.flatnonzero(seen & (last - first >= degree))
    reach = int((last - frame)[rows].max(initial=0))
    whole = rows[(last - frame == reach)[rows] & (frame - first == reach)[rows]]
    if len(whole) and np.ptp(np.diff(time_s)) < EVEN_S:  # one set of weights serves them all
        size, middle = 2 * reach + 1, whole[:1]
        near = time_s[middle[0] - reach : middle[0] + reach + 1]
        ends = np.zeros(size, dtype=int), np.full(size, size - 1)
        weights = _curves(np.eye(size), near, half, degree, weigh, *ends, np.array([reach]))[0]
        for column, place in enumerate(np.where(seen[:, None], values, 0.0).T):
            level[whole, column] = np.convolve(place, weights[::-1], "same")[whole]
        rows = np.setdiff1d(rows, whole, assume_unique=True)
    level[rows] = _curves(values, time_s, half, degree, weigh, first, last, rows)
    return level


def _curves(
    values: np.ndarray,
    time_s: np.ndarray,
    half: float,
    degree: int,
    weigh: Callable[[np.ndarray], np.ndarray],
    first: np.ndarray,
    last: np.ndarray,
    rows: np.ndarray,
) -> np.ndarray:
    """Level of `rows` whose windows are `half` to either side, from `first` to `last`."""
    moments = np.zeros((2 * degree + 1, len(rows)))
    products = np.zeros((degree + 1, len(rows), values.shape[1]))
    used = np.zeros(len(rows), dtype=int)
    low, high = (first[rows] - rows).min(initial=0), (last[rows] - rows).max(initial=0)
    for k in range(int(low), int(high) + 1):  # few offsets, all frames at once
        at = np.flatnonzero((first[rows] <= rows + k) & (rows + k <= last[rows]))
        here = rows[at]
        away = (time_s[here + k] - time_s[here]) / half
        weight = weigh(np.abs(away))
        weight[weight < LEAST] = 0.0
        used[at] += weight > 0
        change = values[here + k] - values[here]
        for power in range(2 * degree + 1):
            moments[power, at] += weight * away**power
        for power in range(degree + 1):
            products[power, at] += (weight * away**power)[:, None] * change
    level = np.array(values[rows], dtype=float)
    fits = used > degree
    if fits.any():
        order = np.arange(degree + 1)
        matrix = moments[order[:, None] + order].transpose(2, 0, 1)[fits]
        level[fits] += np.linalg.solve(matrix, products.transpose(1, 0, 2)[fits])[:, 0]
    return level
