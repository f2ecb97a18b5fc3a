"""How fast one labelled point moves, whatever its jitter, its wild frames and its short gaps."""

from __future__ import annotations

import numpy as np

from llm_query.algebra.intervals import bridge, holes, usual_step
from llm_query.individual.local_fits import line_fit, stretch_ids
from llm_query.recording import Recording

TOLERANCE_S = 1e-6
SPIKE_S = 0.2
TURN = 3.0  # half a window lets 2.8 times the jitter through
FAR = 5.0
QUARTILE = 0.31864  # a quarter of normal numbers of spread 1 are smaller, whatever their sign


def trusted(recording: Recording, animal: str, point: str, min_confidence: float) -> np.ndarray:
    """(n, 2) the point's places, NaN where the tracker was less sure of it than that (0 to 1)."""
    place = recording.position(animal, point)
    with np.errstate(invalid="ignore"):
        doubted = recording.confidence(animal, point) < min_confidence
        doubted |= strayed(place, recording.time_s)
    return np.where(doubted[:, None], np.nan, place)


def strayed(place: np.ndarray, time_s: np.ndarray) -> np.ndarray:
    """(n,) bool: frames in which a point lies far from where it is before and after.

    Farther from the median of SPIKE_S around than five times jitter, and five times the median
    distance there, as where the animal runs and turns (Hampel's rule).
    """
    interval = usual_step(time_s) if len(time_s) > 1 else SPIKE_S
    reach = max(int(SPIKE_S / 2 / interval + 1e-6), 1)
    around = _around(place, reach)
    if np.ptp(np.diff(time_s)) > interval / 2:  # frames count as far as they are near in time
        clock = time_s + np.concatenate([[0.0], np.cumsum(SPIKE_S * holes(time_s))])
        away = np.abs(_around(clock[:, None], reach) - clock[:, None, None])
        around = np.where(away <= max(SPIKE_S / 2, interval) + interval / 2, around, np.nan)
    middle = nan_median(np.moveaxis(around, 2, 0))
    away = np.hypot(*(around - middle[:, :, None]).transpose(1, 0, 2))  # (n, window)
    usual = nan_median(away.T)
    return away[:, reach] > FAR * np.fmax(usual, max(jitter_of(place), 0.0)) + TOLERANCE_S


def _around(values: np.ndarray, reach: int) -> np.ndarray:
    """(n, d, 2 * reach + 1) the values (n, d) of so many frames on both sides; NaN beyond."""
    padded = np.pad(values, ((reach, reach), (0, 0)), constant_values=np.nan)
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=0)


def filled(path: np.ndarray, time_s: np.ndarray, max_gap_frames: int) -> np.ndarray:
    """(n, 2) with gaps of up to max_gap_frames frames crossed in a straight line, holes not."""
    seen = np.isfinite(path).all(axis=1)
    if seen.all() or not seen.any():
        return path
    _, known = bridge(seen, seen, max_gap_frames, np.append(time_s, time_s[-1]))
    crossed = [np.interp(time_s, time_s[seen], axis[seen]) for axis in path.T]
    return np.where((known | seen)[:, None], np.stack(crossed, axis=1), np.nan)


def steady_speed(path: np.ndarray, time_s: np.ndarray, window_s: float) -> np.ndarray:
    """(n,) speed by a line fit over a whole window: near an end, the nearest whole window's.

    A shorter window would let more jitter through at the ends. Where a point turns back the slope
    is none; there it counts as a TURN-th as fast as in both halves of the window. A tracked stretch
    shorter than half a window has no speed: NaN.
    """
    fast = np.hypot(*line_fit(path, time_s, window_s)[1].T)
    seen = np.isfinite(path).all(axis=1)
    stretch = stretch_ids(seen, time_s)
    fast = np.fmax(fast, _turning_speed(path, time_s, window_s, stretch) / TURN)
    first = np.flatnonzero(seen & (np.diff(stretch, prepend=-1) != 0))
    last = np.flatnonzero(seen & (np.diff(stretch, append=-1) != 0))
    if not len(first):
        return fast
    half = window_s / 2
    low = np.searchsorted(time_s, time_s[first] + half - 1e-9)
    high = np.searchsorted(time_s, time_s[last] - half + 1e-9, side="right") - 1
    short = low > high
    low[short] = high[short] = (first[short] + last[short]) // 2
    frame = np.arange(len(fast))
    fast = fast[np.where(seen, np.clip(frame, low[stretch], high[stretch]), frame)]
    brief = time_s[last] - time_s[first] < half - 1e-9
    fast[seen & brief[stretch]] = np.nan
    return fast


def _turning_speed(
    path: np.ndarray, time_s: np.ndarray, window_s: float, stretch: np.ndarray
) -> np.ndarray:
    """(n,) the lower of the speeds in the two halves of the window, NaN at the path's ends."""
    half = np.hypot(*line_fit(path, time_s, window_s / 2)[1].T)
    lower = np.full(len(half), np.inf)
    for shift in (-window_s / 4, window_s / 4):
        there = np.searchsorted(time_s, time_s + shift - 1e-9)
        inside = there < len(half)
        there[~inside] = 0
        lower = np.minimum(
            lower, np.where(inside & (stretch[there] == stretch), half[there], np.nan)
        )
    return np.where(np.isfinite(lower), lower, np.nan)


def nan_median(values: np.ndarray) -> np.ndarray:
    """(...) the median along the first axis of (k, ...) without NaN; NaN where nothing else is.

    numpy's own takes five times as long for a few rows of many frames.
    """
    ranked = np.sort(values, axis=0)  # NaN comes last
    count = np.isfinite(values).sum(axis=0, keepdims=True)
    low = np.take_along_axis(ranked, np.maximum(count - 1, 0) // 2, axis=0)
    high = np.take_along_axis(ranked, count // 2, axis=0)
    return ((low + high) / 2)[0]


def jitter_of(path: np.ndarray) -> float:
    """How far a point jumps about its place from frame to frame (standard deviation); -1 unknown.

    From third differences, in which steady movement cancels, and from their smallest quarter, the
    frames of rest: of independent jitter they have the spread times the root of 20.
    """
    third = np.abs(np.diff(path, 3, axis=0))
    third = third[np.isfinite(third).all(axis=1)]
    if not len(third):
        return -1.0
    return float(np.percentile(third, 25)) / QUARTILE / 20**0.5


def slope_noise(fps: float, window_s: float) -> float:
    """The standard deviation per second of a line fit's slope to jitter of 1.

    >>> round(slope_noise(30, 0.4), 2)
    2.22
    """
    reach = max(int(window_s / 2 * fps + 1e-6), 1)
    return float(fps / np.sqrt(reach * (reach + 1) * (2 * reach + 1) / 3))
