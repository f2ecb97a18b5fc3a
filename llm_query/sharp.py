"""Velocity from a window that does not look past a bend of the path: edges stay to the frame."""

from __future__ import annotations

import numpy as np

from llm_query.errors import QueryError
from llm_query.kinematics import central_difference, stretch_ids
from llm_query.recording import Recording

BETTER = 0.2  # a window to one side is taken where it leaves less than this of the squared error
ROUNDING = 1e-11  # squared errors below this share of the squared path are rounding
COUNT, T, TT, X, Y, TX, TY, SQUARES = range(8)  # rows of sums over a window
TURNED = np.array([1, -1, 1, 1, 1, -1, -1, 1.0])[:, None]  # their signs when time runs back


def sharp_velocity(recording: Recording, animal: str, window_s: float) -> np.ndarray:
    """(n, 2) x and y velocity of the centre in unit/s, y down, kept per recording. Read-only.

    A straight line is fitted to `window_s` seconds of path around every frame, to the window_s
    after it and to those before it. The one around is taken unless one of the others fits much
    better, as on either side of a bend; so on a path of straight pieces at constant speeds, each
    lasting window_s, it is exact in every frame, and a bend belongs to what comes after. Nothing
    is fitted across a gap. A window of 0 takes the central difference.
    """
    if window_s < 0:
        raise QueryError(f"window_s is a length of time in seconds, not {window_s:g}.")

    def make() -> np.ndarray:
        position = recording.position(animal)
        found = straightest(position, recording.time_s, window_s)
        found.flags.writeable = False
        return found

    return recording.remember(("sharp velocity", animal, float(window_s)), make)


def sharp_speed(recording: Recording, animal: str, window_s: float) -> np.ndarray:
    """(n,) length of `sharp_velocity` in unit/s. Read-only."""

    def make() -> np.ndarray:
        x, y = sharp_velocity(recording, animal, window_s).T
        return np.sqrt(x * x + y * y)

    return recording.remember(("sharp speed", animal, float(window_s)), make)


def dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(n,) products of vectors (n, 2)."""
    return a[:, 0] * b[:, 0] + a[:, 1] * b[:, 1]


def straightest(position: np.ndarray, time_s: np.ndarray, window_s: float) -> np.ndarray:
    """(n, 2) slopes of the straightest window at every frame of a path (n, 2)."""
    if window_s == 0:
        return central_difference(position, time_s)
    seen = np.isfinite(position).all(axis=1)
    stretch = stretch_ids(seen)
    x, y = position.T.copy()
    after, half_after = _windows(x, y, time_s, stretch, window_s)
    turned = (x[::-1].copy(), y[::-1].copy(), -time_s[::-1], stretch[::-1].copy())
    before, half_before = (sums[:, ::-1] * TURNED for sums in _windows(*turned, window_s))
    half_after += half_before
    half_after[COUNT] -= 1  # the frame itself is in both halves
    slope_x, slope_y, left = _fit(half_after)
    left = BETTER * left
    enough = max(3.0, window_s / 2 / float(np.median(np.diff(time_s)))) if len(time_s) > 1 else 3.0
    for sums in (after, before):  # of two that fit alike, the later piece
        other_x, other_y, other_left = _fit(sums)
        better = (sums[COUNT] >= enough) & (other_left < left)
        slope_x, slope_y = np.where(better, other_x, slope_x), np.where(better, other_y, slope_y)
        left = np.where(better, other_left, left)
    found = np.column_stack([slope_x, slope_y])
    alone = ~np.isfinite(slope_x)
    if alone.any():
        found[alone] = central_difference(position, time_s)[alone]
    return found


def _windows(
    x: np.ndarray, y: np.ndarray, time_s: np.ndarray, stretch: np.ndarray, window_s: float
) -> tuple[np.ndarray, np.ndarray]:
    """(8, n) sums over the window after every frame, and the same over half the window.

    Times and places are counted from the frame itself, which keeps all digits.
    """
    n = len(x)
    sums = np.zeros((8, n))
    sums[COUNT] = stretch >= 0
    half: np.ndarray | None = None
    last = np.searchsorted(time_s, time_s + window_s + 1e-9, side="right") - 1
    for k in range(1, int((last - np.arange(n)).max(initial=0)) + 1):  # few, all frames at once
        dt, dx, dy = time_s[k:] - time_s[:-k], x[k:] - x[:-k], y[k:] - y[:-k]
        inside = (stretch[k:] == stretch[:-k]) & (stretch[k:] >= 0) & (dt <= window_s + 1e-9)
        if half is None and not (dt <= window_s / 2 + 1e-9).all():
            half = sums.copy()
        _add(sums, n - k, inside, dt, dx, dy)
        if half is not None:
            inside &= dt <= window_s / 2 + 1e-9
            if inside.any():  # only where the frame rate varies
                _add(half, n - k, inside, dt, dx, dy)
    return sums, sums.copy() if half is None else half


def _add(
    sums: np.ndarray, m: int, inside: np.ndarray, dt: np.ndarray, dx: np.ndarray, dy: np.ndarray
) -> None:
    if not inside.all():
        dt, dx, dy = (np.where(inside, each, 0.0) for each in (dt, dx, dy))
    sums[COUNT, :m] += inside
    sums[T, :m] += dt
    sums[TT, :m] += dt * dt
    sums[X, :m] += dx
    sums[Y, :m] += dy
    sums[TX, :m] += dt * dx
    sums[TY, :m] += dt * dy
    sums[SQUARES, :m] += dx * dx + dy * dy


def _fit(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slopes in x and y, and the squared error they leave, per degree of freedom."""
    n = sums[COUNT]
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = sums[TT] - sums[T] ** 2 / n
        along_x, along_y = sums[TX] - sums[T] * sums[X] / n, sums[TY] - sums[T] * sums[Y] / n
        slope_x, slope_y = along_x / spread, along_y / spread
        left = sums[SQUARES] - (sums[X] ** 2 + sums[Y] ** 2) / n
        left -= slope_x * along_x + slope_y * along_y + ROUNDING * sums[SQUARES]
        return slope_x, slope_y, np.where(n > 2, np.maximum(left, 0) / (n - 2), np.inf)
