"""Which frames are slow, with the edges of rests and moves dated to the frame."""

from __future__ import annotations

import numpy as np

from llm_query.algebra.intervals import cover, holes, runs, usual_step
from llm_query.individual.bends import Bends, beats_a_line, sharp_corner, turning
from llm_query.individual.kinematics import velocity
from llm_query.individual.local_fits import stretch_ids, windows
from llm_query.recording import Recording

HALF = 2.8  # times more jitter passes half a window


def slow_frames(
    recording: Recording,
    animal: str,
    point: str,
    limit: float,
    window_s: float,
    turn: float,
    least: float = 0.0,
) -> np.ndarray:
    """(n,) bool: slower than `limit`, with the edges of windowed bouts put where the path bends.

    least: the lowest limit above jitter for a whole window, in unit/s; it grows where the window is
    cut at the ends of a tracked stretch, as jitter does.
    """
    fast = np.hypot(*velocity(recording, animal, point, window_s).T)
    with np.errstate(invalid="ignore"):
        slow = fast < limit
    position = recording.position(animal, point)
    if window_s == 0:
        return _without_last_steps(position, recording.time_s, slow, limit)
    stretch = stretch_ids(np.isfinite(position).all(axis=1), recording.time_s)
    jumpy = np.ones(len(slow))
    if least > 0:
        seen, time_s = stretch >= 0, recording.time_s
        with np.errstate(invalid="ignore"):
            slow |= fast < least * _cut_noise(seen, time_s, window_s)
        jumpy = np.maximum(least * HALF * _cut_noise(seen, time_s, window_s / 2) / turn, 1)
    slow &= (stretch >= 0) & ~turning(recording, animal, point, turn, window_s, stretch, jumpy)
    start, stop = runs(slow)
    bends = Bends(position, recording.time_s, stretch, fast, limit, window_s)
    before, after = [0, *stop[:-1]], [*start[1:], len(slow)]
    begin = np.array([bends.onset(*each) for each in zip(start, before, strict=False)], dtype=int)
    end = np.array([bends.end(*each) for each in zip(stop, after, strict=False)], dtype=int)
    good = end > begin
    slow = cover(begin[good], end[good], len(slow))
    return _at_ends(position, recording.time_s, stretch, slow, limit, window_s)


def _cut_noise(seen: np.ndarray, time_s: np.ndarray, window_s: float) -> np.ndarray:
    """(n,) how many times more jitter the window around a frame lets through than a whole one."""
    first, last = windows(seen, time_s, window_s)
    count = np.maximum(last - first + 1, 2)
    whole = 2 * max(int(window_s / 2 / usual_step(time_s) + 1e-6), 1) + 1
    return np.sqrt(np.maximum(whole * (whole**2 - 1) / (count * (count**2 - 1.0)), 1))


def _at_ends(
    position: np.ndarray,
    time_s: np.ndarray,
    stretch: np.ndarray,
    slow: np.ndarray,
    limit: float,
    window_s: float,
) -> np.ndarray:
    """The mask with rests and moves shorter than half a window put right at the ends of stretches.

    There the window is cut, and what is shorter than the rest of it goes unnoticed.
    """
    slow = slow.copy()
    frames = np.flatnonzero(stretch >= 0)
    new = np.flatnonzero(np.diff(stretch[frames], prepend=-1))
    first, last = frames[new], frames[np.append(new[1:] - 1, len(frames) - 1)] if len(new) else new
    low = np.searchsorted(time_s, time_s[last] - window_s - 1e-9)
    high = np.searchsorted(time_s, time_s[first] + window_s + 1e-9, side="right") - 1
    for a, b, until, since in zip(first, last + 1, high, low, strict=True):
        if until >= b or since < a:
            continue
        uniform = slow[a : until + 1].all() or not slow[a : until + 1].any()
        found = _corner_at(position, time_s, a, until, bool(slow[a]), limit) if uniform else None
        if found is not None:
            slow[a:found] = not slow[a]
        uniform = slow[since:b].all() or not slow[since:b].any()
        found = (
            _corner_at(position, time_s, since, b - 1, not slow[b - 1], limit) if uniform else None
        )
        if found is not None:
            slow[found:b] = not slow[b - 1]
    return slow


def _corner_at(
    position: np.ndarray, time_s: np.ndarray, low: int, high: int, after: bool, limit: float
) -> int | None:
    """A sharp corner between a rest (after it or before it) and a move faster than the limit."""
    rest = "after" if after else "before"
    corner = sharp_corner(position, time_s, int(low), int(high), rest, 0.05, margin=1)
    if corner is None or not beats_a_line(position, time_s, int(low), int(high), corner, rest):
        return None
    ends = (low, corner) if after else (corner, high)
    moved = np.hypot(*(position[ends[1]] - position[ends[0]]))
    return corner if moved >= limit * (time_s[ends[1]] - time_s[ends[0]]) else None


def _without_last_steps(
    position: np.ndarray, time_s: np.ndarray, slow: np.ndarray, limit: float
) -> np.ndarray:
    """Frame by frame: still from a frame to the next one, so that the stop's frame is the first."""
    step = np.hypot(*np.diff(position, axis=0).T) / np.diff(time_s)
    step[holes(time_s)] = np.nan
    with np.errstate(invalid="ignore"):
        still = np.where(np.isfinite(step), step < limit, slow[:-1])
        back = np.append(still, slow[-1])
        last = np.isfinite(np.append(step, np.nan))  # at a stretch's end look at the step before
    ends = ~last & np.isfinite(position).all(axis=1)
    back[1:] = np.where(ends[1:], slow[1:], back[1:])
    return back
