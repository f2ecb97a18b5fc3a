"""Moving and not moving: states of speed, in physical units and with exact onsets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from llm_query.bends import Bends, turning
from llm_query.bouts import Bouts
from llm_query.errors import QueryError
from llm_query.intervals import cover, runs
from llm_query.kinematics import median_length, speed, stretch_ids
from llm_query.kinematics import velocity as fitted_velocity
from llm_query.recording import Recording
from llm_query.states import bouts_where
from llm_query.vocabulary import word

WINDOW_S = 0.5
ROUNDING = 1e-9  # frame times are binary fractions: 1 px in 0.1 s is 9.999999999999998 px/s


@dataclass(frozen=True)
class Limit:
    """A default threshold of speed: calibrated, in body lengths, and the least in the picture."""

    cm_s: float
    lengths_s: float
    px_s: float


# centroid jitter of 0.3 px at 30 frames/s reaches 2 px/s over the window of 0.5 s (measured)
IMMOBILE = Limit(cm_s=0.5, lengths_s=0.1, px_s=3.0)
MOVING = Limit(cm_s=2.0, lengths_s=0.25, px_s=6.0)


def speed_limit(
    recording: Recording, animal: str, given: float | None, default: Limit, name: str
) -> tuple[float, str]:
    """A threshold in unit/s and how to say it: as given, or the default for this recording."""
    if given is not None:
        if not given > 0:
            raise QueryError(f"{name} is a speed above 0 in {recording.unit}/s, not {given:g}.")
        return float(given), f"{given:g} {recording.unit}/s"
    least = default.px_s * recording.scale
    if recording.px_per_cm is not None:
        limit, why = default.cm_s, ""
    else:
        limit = default.lengths_s * median_length(recording, animal, name)
        why = f" ({default.lengths_s:g} body lengths/s, uncalibrated)"
    if limit < least:
        limit, why = least, f" ({default.px_s:g} px/s, the least above jitter)"
    return limit, f"{limit:.3g} {recording.unit}/s{why}"


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
    uncalibrated, but 3 px/s or more in a coarse picture. min_duration_s: seconds. window_s: seconds
    of path over which the speed is taken by a line fit; 0.5 s keeps jitter of 0.3 px at 30 frames/s
    below 1 px/s on average, where a frame-by-frame speed is tens of px/s. 0 takes the speed frame
    by frame. Onset and end are then dated to the frame where the path bends between moving and
    still; turning back at speed is no rest. max_gap_frames: see bouts_where.

    Source: 5 mm/s as in SimBA's freezing, at least 1 s as usual for freezing (Anagnostaras 2010).
    The centre alone cannot tell freezing from grooming in place.

    >>> recording = example_recording()
    >>> immobile(recording, "animal1").to_frame()[["start_s", "stop_s"]].values.tolist()
    [[3.0, 6.0]]
    """
    limit, said = speed_limit(recording, animal, max_speed, IMMOBILE, "max_speed")
    still = _slow(recording, animal, point, limit, window_s, turn=4 * limit)
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

    min_speed: in unit/s; default 2 cm/s, or 0.25 body lengths per second when uncalibrated, but
    6 px/s or more in a coarse picture. min_duration_s: seconds. window_s, max_gap_frames: as in
    immobile, with the same exact onsets.

    Source: EthoVision's Movement starts at 2.0 cm/s. Between 0.5 and 2 cm/s an animal is neither
    moving nor immobile.

    >>> recording = example_recording()
    >>> moving(recording, "animal1").to_frame()[["start_s", "stop_s"]].values.tolist()
    [[0.0, 3.0]]
    """
    limit, said = speed_limit(recording, animal, min_speed, MOVING, "min_speed")
    slow = _slow(recording, animal, point, limit, window_s, turn=limit)
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
    recording: Recording, animal: str, point: str, limit: float, window_s: float, turn: float
) -> np.ndarray:
    """(n,) bool: slower than `limit`, with the edges of windowed bouts put where the path bends."""
    fast = np.hypot(*fitted_velocity(recording, animal, point, window_s).T)
    with np.errstate(invalid="ignore"):
        slow = fast < limit
    position = recording.position(animal, point)
    if window_s == 0:
        return _without_last_steps(position, recording.time_s, slow, limit)
    stretch = stretch_ids(np.isfinite(position).all(axis=1))
    slow &= (stretch >= 0) & ~turning(recording, animal, point, turn, window_s, stretch)
    start, stop = runs(slow)
    bends = Bends(position, recording.time_s, stretch, fast, limit, window_s)
    before, after = [0, *stop[:-1]], [*start[1:], len(slow)]
    begin = np.array([bends.onset(*each) for each in zip(start, before, strict=False)], dtype=int)
    end = np.array([bends.end(*each) for each in zip(stop, after, strict=False)], dtype=int)
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
