"""Velocity from a window that does not look past a bend of the path: edges stay to the frame."""

from __future__ import annotations

import numpy as np

from llm_query.algebra.intervals import holes
from llm_query.errors import QueryError
from llm_query.individual.kinematics import central_difference
from llm_query.recording import Recording

BETTER = 0.2  # a window to one side is taken where it leaves less than this of the squared error
ROUNDING = 1e-11  # squared errors below this share of the squared path are rounding
TOGETHER = 50_000  # frames of all animals up to which they are done at once
BLOCK = 8192  # frames at once of long recordings: what the processor keeps close
COUNT, T, TT, X, Y, TX, TY, SQUARES = range(8)  # rows of sums over a window
TURNED = np.array([1, -1, 1, 1, 1, -1, -1, 1.0])[:, None]  # their signs when time runs back


def sharp_velocity(recording: Recording, animal: str, window_s: float) -> np.ndarray:
    """(n, 2) x and y velocity of the centre in unit/s, y down, kept per recording. Read-only.

    A straight line is fitted to `window_s` seconds of path around every frame, to the window_s
    after it and to those before it. The one around is taken unless one of the others fits much
    better, as on either side of a bend; so on a path of straight pieces at constant speeds, each
    lasting window_s, it is exact in every frame, and a bend belongs to what comes after. Nothing
    is fitted across a gap or a hole in time. A window of 0 takes the central difference.
    """
    if not 0 <= window_s < np.inf:
        raise QueryError(f"window_s is a length of time in seconds, not {window_s:g}.")

    few = recording.n_frames * len(recording.animals) <= TOGETHER
    animals = recording.animals if few else (animal,)

    def make() -> dict[str, np.ndarray]:
        paths = np.stack([recording.position(name) for name in animals])
        found = straightest(paths, recording.time_s, window_s)
        found.flags.writeable = False
        return dict(zip(animals, found, strict=True))

    recording.track(animal)
    return recording.remember(("sharp velocity", animals, float(window_s)), make)[animal]


def sharp_speed(recording: Recording, animal: str, window_s: float) -> np.ndarray:
    """(n,) length of `sharp_velocity` in unit/s. Read-only."""

    def make() -> np.ndarray:
        x, y = sharp_velocity(recording, animal, window_s).T
        speed = np.sqrt(x * x + y * y)
        speed.flags.writeable = False
        return speed

    return recording.remember(("sharp speed", animal, float(window_s)), make)


def dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(n,) products of vectors (n, 2)."""
    return a[:, 0] * b[:, 0] + a[:, 1] * b[:, 1]


def straightest(paths: np.ndarray, time_s: np.ndarray, window_s: float) -> np.ndarray:
    """(k, n, 2) slopes of the straightest window at every frame of k paths (k, n, 2)."""
    if window_s == 0:
        return np.stack([central_difference(path, time_s) for path in paths])
    n = len(time_s)
    enough = max(3.0, window_s / 2 / float(np.median(np.diff(time_s)))) if n > 1 else 3.0
    if n <= 2 * BLOCK:
        return _fitted(paths, time_s, window_s, enough)
    found = np.empty(paths.shape)
    for start in range(0, n, BLOCK):  # a window never reaches farther than window_s
        stop = min(start + BLOCK, n)
        low = int(np.searchsorted(time_s, time_s[start] - window_s - 1e-6)) - 1
        high = int(np.searchsorted(time_s, time_s[stop - 1] + window_s + 1e-6)) + 1
        part = slice(max(low, 0), min(high, n))
        block = _fitted(paths[:, part], time_s[part], window_s, enough)
        found[:, start:stop] = block[:, start - part.start : stop - part.start]
    return found


def _fitted(paths: np.ndarray, time_s: np.ndarray, window_s: float, enough: float) -> np.ndarray:
    sums, half = _windows(paths, time_s, window_s)
    (after, before), (around, half_before) = sums, half
    around += half_before
    around[COUNT] -= 1  # the frame itself is in both halves
    slope_x, slope_y, left = _fit(around)
    left = BETTER * left
    for window in (after, before):  # of two that fit alike, the later piece
        other_x, other_y, other_left = _fit(window)
        better = (window[COUNT] >= enough) & (other_left < left)
        slope_x, slope_y = np.where(better, other_x, slope_x), np.where(better, other_y, slope_y)
        left = np.where(better, other_left, left)
    found = np.stack([slope_x, slope_y], axis=-1).reshape(paths.shape)
    for slopes, path in zip(found, paths, strict=True):
        alone = ~np.isfinite(slopes[:, 0])
        if alone.any():
            slopes[alone] = central_difference(path, time_s)[alone]
    return found


def _windows(
    paths: np.ndarray, time_s: np.ndarray, window_s: float
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Sums (8, k * n) over the windows after and before every frame, and over half as long ones.

    Times and places are counted from the frame itself, which keeps all digits. All paths, and all
    of them backwards, are one long row: pieces of the row that are not one stretch never meet.
    """
    x, y, t, stretch = _row(paths, time_s)
    sums = np.zeros((8, len(x)))
    sums[COUNT] = stretch >= 0
    half: np.ndarray | None = None
    reach = np.searchsorted(time_s, time_s + window_s + 2e-9, side="right") - np.arange(len(time_s))
    for k in range(1, int(reach.max(initial=1))):  # few, all frames at once
        dt, dx, dy = t[k:] - t[:-k], x[k:] - x[:-k], y[k:] - y[:-k]
        inside = (stretch[k:] == stretch[:-k]) & (stretch[k:] >= 0) & (dt <= window_s + 1e-9)
        near = inside & (dt <= window_s / 2 + 1e-9)
        if half is None and not np.array_equal(near, inside):
            half = sums.copy()
        _add(sums, len(dt), inside, dt, dx, dy)
        if half is not None and near.any():  # only where the frame rate varies
            _add(half, len(dt), near, dt, dx, dy)
    half = sums.copy() if half is None else half
    n = len(x) // 2
    return tuple([each[:, :n], each[:, n:][:, ::-1] * TURNED] for each in (sums, half))  # type: ignore[return-value]


def _row(
    paths: np.ndarray, time_s: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """x, y, time and number of the stretch (-1: unseen) of all paths, then of all backwards."""
    seen = np.isfinite(paths).all(axis=2)
    before = np.concatenate([np.zeros((len(paths), 1), bool), seen[:, :-1]], axis=1)
    before[:, 1:] &= ~holes(time_s)
    begins = seen & ~before
    stretch = np.where(seen.ravel(), np.cumsum(begins.ravel()) - 1, -1)
    back = np.where(stretch >= 0, stretch + stretch.max(initial=0) + 1, -1)
    x, y = paths[..., 0].ravel(), paths[..., 1].ravel()
    t = np.tile(time_s, len(paths))
    ahead, turned = (x, y, t, stretch), (x[::-1], y[::-1], -t[::-1], back[::-1])
    return tuple(np.concatenate(each) for each in zip(ahead, turned, strict=True))  # type: ignore[return-value]


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
