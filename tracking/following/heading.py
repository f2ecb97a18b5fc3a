"""Which end of an animal is the head: the mask's long axis, directed by how the animal moves.

For every animal the most likely sequence of directions is found over time (two states a frame): the
direction should agree with the movement, and should not turn over from one frame to the next. An
animal that walks backwards for a moment, or sits still, keeps its head.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PERSISTENCE_S = 0.5  # of full evidence against a direction before it turns over
FULL_SPEED = 1.0  # body lengths per second at which a frame's movement is full evidence
SPAN = 2  # frames to either side over which movement is measured


@dataclass
class Direction:
    """What is known of the directions so far; carried from one chunk to the next."""

    forwards: np.ndarray  # (N,) cost of the axis as measured
    backwards: np.ndarray  # (N,) cost of the opposite direction
    axis: np.ndarray  # (N,) radians, of the last frame that had one, NaN before

    @classmethod
    def unknown(cls, n_animals: int) -> Direction:
        return cls(np.zeros(n_animals), np.zeros(n_animals), np.full(n_animals, np.nan))


def direct(
    places: np.ndarray, axes: np.ndarray, lengths: np.ndarray, time_s: np.ndarray, keep: int,
    before: Direction,
) -> tuple[np.ndarray, Direction]:  # fmt: skip
    """Heading of every animal in the first ``keep`` frames; the frames after them are looked ahead.

    places (F, N, 2) pixels, axes (F, N) radians, lengths (F, N) pixels, NaN where not detected;
    time_s (F,) the time of every frame.
    Returns headings (keep, N) in radians, in image axes (y down), and what to carry on.
    """
    evidence = _evidence(places, axes, lengths, time_s)
    flip = PERSISTENCE_S / float(np.median(np.diff(time_s))) if len(time_s) > 1 else 1.0
    headings = np.full((keep, axes.shape[1]), np.nan)
    after = Direction.unknown(axes.shape[1])
    for animal in range(axes.shape[1]):
        seen = np.flatnonzero(~np.isnan(axes[:, animal]))
        start = (before.forwards[animal], before.backwards[animal], before.axis[animal])
        states, carried = _best_states(
            axes[seen, animal], evidence[seen, animal], flip, start, int((seen < keep).sum())
        )
        kept = seen[seen < keep]
        headings[kept, animal] = axes[kept, animal] + np.pi * states[: len(kept)]
        after.forwards[animal], after.backwards[animal], after.axis[animal] = carried
    return headings, after


def _evidence(
    places: np.ndarray, axes: np.ndarray, lengths: np.ndarray, time_s: np.ndarray
) -> np.ndarray:
    """(F, N) from -1 to 1: how far the movement agrees with the axis as measured, 0 unknown."""
    n = len(places)
    index = np.arange(n)
    late, early = np.minimum(index + SPAN, n - 1), np.maximum(index - SPAN, 0)
    seconds = np.maximum(time_s[late] - time_s[early], 1e-9)
    pace = (places[late] - places[early]) / seconds[:, None, None]
    along = pace[..., 0] * np.cos(axes) + pace[..., 1] * np.sin(axes)
    pace = along / (FULL_SPEED * np.maximum(lengths, 1.0))
    return np.nan_to_num(np.clip(pace, -1, 1))


def _best_states(
    axis: np.ndarray, evidence: np.ndarray, flip: float, start: tuple[float, float, float],
    keep: int,
) -> tuple[np.ndarray, tuple[float, float, float]]:  # fmt: skip
    """The cheapest sequence of 0 (axis as measured) and 1 (turned over), by dynamic programming.

    Also returns the costs and the axis after ``keep`` frames, from which the next chunk goes on.
    """
    n = len(axis)
    if n == 0:
        return np.zeros(0), start
    forwards, backwards, last = start
    turned = np.cos(np.diff(axis, prepend=axis[0] if np.isnan(last) else last))
    same, other = (flip * (1 - turned) / 2).tolist(), (flip * (1 + turned) / 2).tolist()
    gain = evidence.tolist()
    came_f, came_b = [0] * n, [0] * n
    carried = start
    for t in range(n):
        ff, fb = forwards + same[t], backwards + other[t]
        bb, bf = backwards + same[t], forwards + other[t]
        came_f[t], came_b[t] = int(fb < ff), int(bb <= bf)
        forwards, backwards = min(ff, fb) - gain[t], min(bb, bf) + gain[t]
        least = min(forwards, backwards)
        forwards, backwards = forwards - least, backwards - least
        if t == keep - 1:
            carried = (forwards, backwards, float(axis[t]))
    states = np.zeros(n)
    state = int(backwards < forwards)
    for t in range(n - 1, -1, -1):
        states[t] = state
        state = came_b[t] if state else came_f[t]
    return states, carried
