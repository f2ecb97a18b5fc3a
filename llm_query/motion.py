"""Moving and not moving: states of speed, in physical units and with exact onsets."""

from __future__ import annotations

import numpy as np

from llm_query.bouts import Bouts
from llm_query.errors import QueryError
from llm_query.intervals import cover, runs
from llm_query.kinematics import median_length, speed, stretch_ids
from llm_query.kinematics import velocity as fitted_velocity
from llm_query.recording import Recording
from llm_query.states import bouts_where
from llm_query.vocabulary import word

IMMOBILE_CM_S, IMMOBILE_LENGTHS_S = 0.5, 0.1
MOVING_CM_S, MOVING_LENGTHS_S = 2.0, 0.25
WINDOW_S = 0.5
ROUNDING = 1e-9  # frame times are binary fractions: 1 px in 0.1 s is 9.999999999999998 px/s


def speed_limit(
    recording: Recording, animal: str, given: float | None, cm_s: float, lengths_s: float, name: str
) -> tuple[float, str]:
    """A threshold in unit/s and how to say it: as given, or the default for this recording."""
    if given is not None:
        if not given > 0:
            raise QueryError(f"{name} is a speed above 0 in {recording.unit}/s, not {given:g}.")
        return float(given), f"{given:g} {recording.unit}/s"
    if recording.px_per_cm is not None:
        return cm_s, f"{cm_s:g} cm/s"
    limit = lengths_s * median_length(recording, animal, name)
    return limit, f"{limit:.3g} px/s ({lengths_s:g} body lengths/s, uncalibrated)"


@word("s")
def immobile(
    recording: Recording,
    animal: str,
    max_speed: float | None = None,
    min_duration_s: float = 1.0,
    *,
    point: str = "centre",
    window_s: float = WINDOW_S,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts in which the animal stays in place, without moving its centre, for a second or more.

    max_speed: in unit/s; default 0.5 cm/s, or 0.1 of its median body length per second when
    uncalibrated. min_duration_s: seconds. window_s: seconds of path over which the speed is taken
    by a line fit; 0.5 s keeps jitter of 0.3 px at 30 frames/s below 1 px/s, where a frame-by-frame
    speed is tens of px/s. 0 takes the speed frame by frame. Onset and end are then dated back to
    the frame where the path bends from moving to still. max_gap_frames: see bouts_where.

    Source: 5 mm/s as in SimBA's freezing, at least 1 s as usual for freezing (Anagnostaras 2010).
    The centre alone cannot tell freezing from grooming in place.

    >>> recording = example_recording()
    >>> immobile(recording, "animal1").to_frame()[["start_s", "stop_s"]].values.tolist()
    [[3.0, 6.0]]
    """
    limit, said = speed_limit(
        recording, animal, max_speed, IMMOBILE_CM_S, IMMOBILE_LENGTHS_S, "max_speed"
    )
    still = _slow(recording, animal, point, limit, window_s)
    return bouts_where(
        recording, still, animal, behaviour="immobile", known=recording.seen(animal, point),
        min_duration_s=min_duration_s, max_gap_frames=max_gap_frames,
        definition=f"speed of {point} < {said} over {window_s:g} s, for >= {min_duration_s:g} s",
    )  # fmt: skip


@word("s")
def moving(
    recording: Recording,
    animal: str,
    min_speed: float | None = None,
    min_duration_s: float = 0.0,
    *,
    point: str = "centre",
    window_s: float = WINDOW_S,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts in which the animal moves from place to place.

    min_speed: in unit/s; default 2 cm/s, or 0.25 body lengths per second when uncalibrated.
    min_duration_s: seconds. window_s, max_gap_frames: as in immobile, with the same exact onsets.

    Source: EthoVision's Movement starts at 2.0 cm/s. Between 0.5 and 2 cm/s an animal is neither
    moving nor immobile.

    >>> recording = example_recording()
    >>> moving(recording, "animal1").to_frame()[["start_s", "stop_s"]].values.tolist()
    [[0.0, 3.0]]
    """
    limit, said = speed_limit(
        recording, animal, min_speed, MOVING_CM_S, MOVING_LENGTHS_S, "min_speed"
    )
    slow = _slow(recording, animal, point, limit, window_s)
    seen = recording.seen(animal, point)
    return bouts_where(
        recording, seen & ~slow, animal, behaviour="moving", known=seen,
        min_duration_s=min_duration_s, max_gap_frames=max_gap_frames,
        definition=f"speed of {point} >= {said} over {window_s:g} s",
    )  # fmt: skip


@word("s")
def speed_between(
    recording: Recording,
    animal: str,
    low: float,
    high: float,
    *,
    point: str = "centre",
    window_s: float = 0.0,
    min_duration_s: float = 0.0,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts in which the speed lies between two values, low <= speed < high.

    low, high: in unit/s. window_s: seconds, as in speed (0: frame by frame).

    >>> recording = example_recording()
    >>> speed_between(recording, "animal1", 5, 20).count
    1
    """
    if not low < high:
        raise QueryError(f"speed_between() needs low < high, not {low:g} and {high:g}.")
    fast = speed(recording, animal, point, window_s)
    with np.errstate(invalid="ignore"):
        mask = (fast >= low - ROUNDING * abs(low)) & (fast < high - ROUNDING * abs(high))
    return bouts_where(
        recording, mask, animal, known=np.isfinite(fast), behaviour="speed between",
        min_duration_s=min_duration_s, max_gap_frames=max_gap_frames,
        definition=f"{low:g} <= speed of {point} < {high:g} {recording.unit}/s",
    )  # fmt: skip


def _slow(
    recording: Recording, animal: str, point: str, limit: float, window_s: float
) -> np.ndarray:
    """(n,) bool: slower than `limit`, with the edges of windowed bouts put where the path bends."""
    with np.errstate(invalid="ignore"):
        slow = np.hypot(*fitted_velocity(recording, animal, point, window_s).T) < limit
    position = recording.position(animal, point)
    if window_s == 0:
        return _without_last_steps(position, recording.time_s, slow, limit)
    stretch = stretch_ids(np.isfinite(position).all(axis=1))
    slow &= stretch >= 0
    start, stop = runs(slow)
    # split at unseen frames: a bend is looked for inside one tracked stretch only
    bends = _Bends(position, recording.time_s, stretch, limit, window_s)
    begin = np.array([bends.onset(frame) for frame in start], dtype=np.int64)
    end = np.array([bends.end(frame) for frame in stop], dtype=np.int64)
    good = end > begin
    return cover(begin[good], end[good], len(slow))


def _without_last_steps(
    position: np.ndarray, time_s: np.ndarray, slow: np.ndarray, limit: float
) -> np.ndarray:
    """Frame by frame: still from a frame to the next one, so that the stop's frame is the first."""
    step = np.hypot(*np.diff(position, axis=0).T) / np.diff(time_s)
    with np.errstate(invalid="ignore"):
        still = np.where(np.isfinite(step), step < limit, slow[:-1])
        back = np.append(still, slow[-1])
        last = np.isfinite(np.append(step, np.nan))  # at a stretch's end look at the step before
    ends = ~last & np.isfinite(position).all(axis=1)
    back[1:] = np.where(ends[1:], slow[1:], back[1:])
    return back


class _Bends:
    """Finds the frame at which a path bends between still and moving, by least squares.

    Around a rough edge the path is fitted by a rest followed (or preceded) by a straight line; the
    best corner is the edge. Both sides of the edge get at most one window of path.
    """

    def __init__(
        self,
        position: np.ndarray,
        time_s: np.ndarray,
        stretch: np.ndarray,
        limit: float,
        window_s: float,
    ) -> None:
        self.position, self.time_s, self.stretch = position, time_s, stretch
        self.limit, self.window_s = limit, window_s

    def onset(self, frame: int) -> int:
        """The frame at which the rest that was noticed at `frame` began."""
        low = self._reach(frame, -self.window_s)
        if low == frame:
            return frame
        high = self._reach(frame, self.window_s / 2)
        since = self._reach(frame, -0.6 * self.window_s)
        corner, fast = self._corner(low, high, (since, high), rest="after")
        return low if self._begins(low) and fast < self.limit else corner

    def end(self, frame: int) -> int:
        """The frame at which the rest that was noticed up to `frame` ended."""
        last = frame - 1
        high = self._reach(last, self.window_s)
        if high == last:
            return frame
        low = self._reach(last, -self.window_s / 2)
        until = self._reach(last, 0.6 * self.window_s)
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
