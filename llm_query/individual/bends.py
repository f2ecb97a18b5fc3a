"""Where a path bends between rest and movement, to the frame, and where it only turns back."""

from __future__ import annotations

import numpy as np

from llm_query.individual.kinematics import velocity as fitted_velocity
from llm_query.recording import Recording


def turning(
    recording: Recording,
    animal: str,
    point: str,
    turn: float,
    window_s: float,
    stretch: np.ndarray,
    jumpy: np.ndarray,
) -> np.ndarray:
    """(n,) bool: `turn` or faster in both halves of the window, as where an animal turns back.

    The fit over the whole window alone would take the turn for a rest. Half a window lets more
    jitter through, so a rest asks for four times its limit here, the speed of moving.
    jumpy: (n,) by how much jitter raises that around a frame.
    """
    time_s = recording.time_s
    half = np.hypot(*fitted_velocity(recording, animal, point, window_s / 2).T) / jumpy
    slowest = np.full(len(half), np.nan)
    for shift in (-window_s / 4, window_s / 4):
        there = np.clip(np.searchsorted(time_s, time_s + shift), 0, len(half) - 1)
        slowest = np.fmin(slowest, np.where(stretch[there] == stretch, half[there], np.nan))
    with np.errstate(invalid="ignore"):
        return slowest >= turn


class Bends:
    """Finds the frame at which a path bends between still and moving, by least squares.

    Around a rough edge the path is fitted by a rest followed (or preceded) by a straight line; the
    best corner is the edge. At most one window of path is used, of the same tracked stretch, and
    only up to where the animal is fastest: beyond that the next rest may begin.
    """

    def __init__(
        self,
        position: np.ndarray,
        time_s: np.ndarray,
        stretch: np.ndarray,
        fast: np.ndarray,
        limit: float,
        window_s: float,
    ) -> None:
        self.position, self.time_s, self.stretch = position, time_s, stretch
        self.fast, self.limit, self.window_s = fast, limit, window_s

    def onset(self, frame: int, before: int) -> int:
        """The frame at which the rest noticed at `frame` began; an earlier one ends at `before`."""
        low = max(self._reach(frame, -self.window_s), before)
        if low == frame:
            return frame
        low += int(np.nanargmax(self.fast[low:frame]))
        high = self._reach(frame, self.window_s / 2)
        since = max(self._reach(frame, -0.6 * self.window_s), low)
        corner, fast = self._corner(low, high, (since, high), rest="after")
        return low if self._begins(low) and fast < self.limit else corner

    def end(self, frame: int, after: int) -> int:
        """The frame at which the rest noticed up to `frame` ended; the next starts at `after`."""
        last = frame - 1
        high = min(self._reach(last, self.window_s), after - 1)
        if high == last:
            return frame
        high = frame + int(np.nanargmax(self.fast[frame : high + 1]))
        low = self._reach(last, -self.window_s / 2)
        until = min(self._reach(last, 0.6 * self.window_s), high)
        corner, fast = self._corner(low, high, (low, until), rest="before")
        return high + 1 if self._begins(high + 1) and fast < self.limit else corner

    def _begins(self, frame: int) -> bool:
        """Whether a tracked stretch begins, or has just ended, at this frame."""
        if frame <= 0 or frame >= len(self.stretch):
            return True
        return bool(self.stretch[frame] != self.stretch[frame - 1])

    def _reach(self, frame: int, seconds: float) -> int:
        """The farthest frame of the same stretch at most so many seconds away."""
        target = self.time_s[frame] + seconds
        if seconds < 0:
            far = int(np.searchsorted(self.time_s, target - 1e-9))
            inside = self.stretch[far : frame + 1] == self.stretch[frame]
            return frame + 1 - len(inside) + int(np.argmax(inside))
        far = int(np.searchsorted(self.time_s, target + 1e-9, side="right"))
        inside = self.stretch[frame:far] == self.stretch[frame]
        return frame + int(np.flatnonzero(inside)[-1])

    def _corner(self, low: int, high: int, among: tuple[int, int], rest: str) -> tuple[int, float]:
        """The corner that fits the path from low to high best, and the speed beside it."""
        time_s, path = self.time_s[low : high + 1], self.position[low : high + 1]
        corners = np.arange(among[0], among[1] + 1)
        ramp = (time_s[None, :] - self.time_s[corners][:, None]) * (-1 if rest == "after" else 1)
        ramp = np.maximum(ramp, 0)  # (corners, frames): 0 at rest, growing with time while moving
        centred = ramp - ramp.mean(axis=1, keepdims=True)
        power = (centred**2).sum(axis=1)
        product = centred @ (path - path.mean(axis=0))  # (corners, 2)
        gained = (product**2).sum(axis=1) / np.where(power > 0, power, np.inf)
        best = int(np.argmax(gained))
        slope = np.hypot(*product[best]) / power[best] if power[best] > 0 else 0.0
        return int(corners[best]), float(slope)


def sharp_corner(
    path: np.ndarray,
    time_s: np.ndarray,
    low: int,
    high: int,
    rest: str,
    blur: float = 0.1,
    margin: int = 2,
) -> int | None:
    """The frame between low and high at which a path bends sharply into or out of a rest.

    path: (n, d), all coordinates of all points. rest: "after" the corner or "before" it. margin: at
    least so many frames from low and high. None where a rest and a straight line together miss the
    path by more than `blur` of the line's length (root mean square), as while an animal slows down
    little by little.
    """
    path, time_s = path[low : high + 1], time_s[low : high + 1]
    path = path[:, np.isfinite(path).all(axis=0)]
    if len(time_s) < 7 or not path.shape[1]:
        return None
    inner = np.arange(margin, len(time_s) - margin)
    ramp = np.maximum((time_s - time_s[inner][:, None]) * (-1 if rest == "after" else 1), 0)
    centred = ramp - ramp.mean(axis=1, keepdims=True)
    power = (centred**2).sum(axis=1)
    around = path - path.mean(axis=0)
    product = centred @ around
    gained = (product**2).sum(axis=1) / power
    best = int(np.argmax(gained))
    missed = np.sqrt(max((around**2).sum() - gained[best], 0.0) / len(path))
    line = np.linalg.norm(product[best]) / power[best] * ramp[best].max()
    return low + int(inner[best]) if missed < blur * line else None


def beats_a_line(
    path: np.ndarray, time_s: np.ndarray, low: int, high: int, corner: int, rest: str
) -> bool:
    """Whether a rest beside a straight line at `corner` misses the path far less than a line does.

    A quarter of the squares or less, so that neither jitter nor a steady walk makes a corner.
    """
    path, time_s = path[low : high + 1], time_s[low : high + 1] - time_s[corner]
    ramp = np.maximum(time_s * (-1 if rest == "after" else 1), 0)
    missed = []
    for model in (ramp, time_s):
        centred, around = model - model.mean(), path - path.mean(axis=0)
        gained = ((centred @ around) ** 2).sum() / (centred @ centred)
        missed.append((around**2).sum() - gained)
    return bool(missed[0] <= missed[1] / 4)
