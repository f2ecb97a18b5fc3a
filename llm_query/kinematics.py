"""How an animal moves: one value per frame, from real frame times, never across a gap."""

from __future__ import annotations

import numpy as np

from llm_query.bout_algebra import window
from llm_query.bouts import Bouts
from llm_query.errors import QueryError
from llm_query.recording import Recording
from llm_query.vocabulary import word


def stretch_ids(seen: np.ndarray) -> np.ndarray:
    """(n,) the number of the unbroken stretch each frame belongs to, -1 where nothing was seen.

    >>> stretch_ids(np.array([True, True, False, True])).tolist()
    [0, 0, -1, 1]
    """
    begins = seen & ~np.concatenate([[False], seen[:-1]])
    return np.where(seen, np.cumsum(begins) - 1, -1)


def central_difference(values: np.ndarray, time_s: np.ndarray) -> np.ndarray:
    """(n, d) change per second of (n, d): from the frame before to the frame after.

    One-sided at the ends of a tracked stretch, NaN for a frame without neighbours.
    """
    seen = np.isfinite(values).all(axis=1)
    linked = seen[1:] & seen[:-1]
    frame = np.arange(len(values))
    before = frame - np.concatenate([[False], linked])
    after = frame + np.concatenate([linked, [False]])
    span = (time_s[after] - time_s[before])[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(span > 0, (values[after] - values[before]) / span, np.nan)


def line_fit(
    values: np.ndarray, time_s: np.ndarray, window_s: float
) -> tuple[np.ndarray, np.ndarray]:
    """(n, d) level and (n, d) slope per second of straight lines fitted around every frame.

    The window is centred and `window_s` seconds long by the real times; it ends where the tracked
    stretch ends. Where it holds one frame only, the slope is the central difference.
    """
    n = len(values)
    seen = np.isfinite(values).all(axis=1)
    stretch = stretch_ids(seen)
    half = window_s / 2 + 1e-9
    reach = np.searchsorted(time_s, time_s + half, side="right") - 1 - np.arange(n)
    count = seen.astype(float)
    s_t, s_tt = np.zeros(n), np.zeros(n)
    s_v, s_tv = np.zeros(values.shape), np.zeros(values.shape)
    for k in range(1, int(reach.max(initial=0)) + 1):  # few offsets, all frames at once
        pair = (stretch[k:] == stretch[:-k]) & seen[k:] & (time_s[k:] - time_s[:-k] <= half)
        low = np.flatnonzero(pair)
        high = low + k
        dt = time_s[high] - time_s[low]
        dv = values[high] - values[low]
        for here, sign in ((low, 1.0), (high, -1.0)):  # each is the other's neighbour
            count[here] += 1
            s_t[here] += sign * dt
            s_tt[here] += dt**2
            s_v[here] += sign * dv
            s_tv[here] += dt[:, None] * dv
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = (s_tt - s_t**2 / count)[:, None]
        slope = (s_tv - s_t[:, None] * s_v / count[:, None]) / spread
        level = values + (s_v - slope * s_t[:, None]) / count[:, None]
    alone = count < 2
    slope[alone] = central_difference(values, time_s)[alone]
    level[alone] = values[alone]
    return level, slope


def velocity(recording: Recording, animal: str, point: str, window_s: float) -> np.ndarray:
    """(n, 2) x and y velocity in unit/s, y down; see speed for `window_s`."""
    position = recording.position(animal, point)
    if window_s < 0:
        raise QueryError(f"window_s is a length of time in seconds, not {window_s:g}.")
    if window_s == 0:
        return central_difference(position, recording.time_s)
    return line_fit(position, recording.time_s, window_s)[1]


@word("{unit}/s")
def speed(
    recording: Recording, animal: str, point: str = "centre", window_s: float = 0.0
) -> np.ndarray:
    """How fast the animal moves in every frame, in cm/s (px/s when uncalibrated).

    point: body point. window_s: seconds; 0 takes the central difference over the frame before and
    after (real times, one-sided at the ends of a tracked stretch); more fits a straight line to
    the path in a centred window, which removes jitter. NaN where the animal was not seen.

    >>> recording = example_recording()
    >>> speed(recording, "animal1")[[0, 45, 120]].round(3).tolist()
    [10.0, 10.0, 0.0]
    """
    return np.hypot(*velocity(recording, animal, point, window_s).T)


@word("{unit}/s2")
def acceleration(
    recording: Recording, animal: str, point: str = "centre", window_s: float = 0.0
) -> np.ndarray:
    """How quickly the speed changes in every frame: positive when speeding up.

    window_s: seconds, as in speed, for the speed and for its change. In unit/s per second.

    >>> recording = example_recording()
    >>> float(acceleration(recording, "animal1")[45].round(6))
    0.0
    """
    fast = speed(recording, animal, point, window_s)[:, None]
    if window_s == 0:
        return central_difference(fast, recording.time_s)[:, 0]
    return line_fit(fast, recording.time_s, window_s)[1][:, 0]


@word("{unit}")
def distance_moved(
    recording: Recording,
    animal: str,
    point: str = "centre",
    start_s: float | None = None,
    stop_s: float | None = None,
    *,
    window_s: float = 0.0,
    during: Bouts | None = None,
) -> float:
    """How far the animal went: the sum of its steps, in cm (px when uncalibrated).

    Steps lead from one tracked frame to the next frame, never across a gap, and belong to the frame
    where they begin, so that periods add up. start_s, stop_s: the period in seconds. during: only
    inside these bouts. window_s: seconds of smoothing first (0: none, jitter adds up as distance).
    NaN when the animal was never seen in two frames in a row.

    >>> recording = example_recording()
    >>> round(distance_moved(recording, "animal1"), 3)
    30.0
    """
    steps, _ = _steps(recording, animal, point, start_s, stop_s, window_s, during)
    return float(np.nansum(steps)) if np.isfinite(steps).any() else float("nan")


@word("{unit}/s")
def mean_speed(
    recording: Recording,
    animal: str,
    point: str = "centre",
    start_s: float | None = None,
    stop_s: float | None = None,
    *,
    window_s: float = 0.0,
    during: Bouts | None = None,
) -> float:
    """Mean speed while the animal was seen: the distance moved over the time of its steps.

    Arguments as in distance_moved.

    >>> recording = example_recording()
    >>> round(mean_speed(recording, "animal1", start_s=0, stop_s=3), 3)
    10.0
    """
    steps, lasting = _steps(recording, animal, point, start_s, stop_s, window_s, during)
    seconds = float(lasting[np.isfinite(steps)].sum())
    return float(np.nansum(steps)) / seconds if seconds else float("nan")


def _steps(
    recording: Recording,
    animal: str,
    point: str,
    start_s: float | None,
    stop_s: float | None,
    window_s: float,
    during: Bouts | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Lengths of the steps to the next frame (NaN across gaps) and how long they last."""
    position = recording.position(animal, point)
    if window_s > 0:
        position = line_fit(position, recording.time_s, window_s)[0]
    length = np.hypot(*np.diff(position, axis=0).T)
    counted = np.ones(len(length), dtype=bool)
    if start_s is not None or stop_s is not None:
        last = recording.end_s if stop_s is None else stop_s
        low, high = window(recording.edges_s, 0.0 if start_s is None else start_s, last)
        counted[:low] = counted[high:] = False
    if during is not None:
        counted &= during.mask()[:-1]
    return length[counted], np.diff(recording.time_s)[counted]


@word("deg")
def heading(
    recording: Recording, animal: str, front: str | None = None, back: str | None = None
) -> np.ndarray:
    """Where the animal's nose end points in every frame, in degrees.

    0 is right, 90 up on the screen, counter-clockwise, in (-180, 180]; NaN when unknown. It is the
    outline's axis; name two body points (front, back) to take the line between them.

    >>> recording = example_recording()
    >>> float(heading(recording, "animal1")[0])
    0.0
    """
    if (front is None) != (back is None):
        raise QueryError("heading() from body points needs both: front and back.")
    if front is not None and back is not None:
        return direction_deg(recording.position(animal, front) - recording.position(animal, back))
    degrees = recording.heading_deg(animal)
    if not np.isfinite(degrees).any():
        raise QueryError(
            f"No heading is known for {animal}. Name two body points as front and back "
            f"(it has {', '.join(recording.track(animal).points)}), or track the video."
        )
    return degrees


def direction_deg(vector: np.ndarray) -> np.ndarray:
    """(n,) direction of (n, 2) vectors with y down: 0 right, 90 up, in (-180, 180].

    >>> direction_deg(np.array([[1.0, 0.0], [0.0, -1.0], [-1.0, 0.0]])).tolist()
    [0.0, 90.0, 180.0]
    """
    degrees = np.degrees(np.arctan2(-vector[:, 1], vector[:, 0]))
    degrees = np.where(degrees <= -180, 180.0, degrees) + 0.0
    return np.where((vector == 0).all(axis=1), np.nan, degrees)


def angle_between(a: np.ndarray, b: np.ndarray | float) -> np.ndarray:
    """The smallest turn from a to b in degrees, 0 to 180, whichever way round.

    >>> angle_between(np.array([170.0, 10.0]), np.array([-170.0, 350.0])).tolist()
    [20.0, 20.0]
    """
    return np.abs((np.asarray(b) - a + 180) % 360 - 180)


@word("deg/s")
def turning_speed(
    recording: Recording,
    animal: str,
    front: str | None = None,
    back: str | None = None,
    window_s: float = 0.0,
) -> np.ndarray:
    """How fast the body turns in every frame, in degrees per second; counter-clockwise positive.

    front, back, as in heading; window_s as in speed. Turns of more than 180 degrees between two
    frames cannot be told from the shorter way round.

    >>> recording = example_recording()
    >>> float(turning_speed(recording, "animal1")[45])
    0.0
    """
    degrees = heading(recording, animal, front, back)
    seen = np.isfinite(degrees)
    unwrapped = np.full(len(degrees), np.nan)
    unwrapped[seen] = np.unwrap(degrees[seen], period=360)
    if window_s == 0:
        return central_difference(unwrapped[:, None], recording.time_s)[:, 0]
    return line_fit(unwrapped[:, None], recording.time_s, window_s)[1][:, 0]


@word("{unit}")
def body_length(recording: Recording, animal: str) -> np.ndarray:
    """Length of the animal's outline along its body in every frame, in cm (px uncalibrated).

    >>> recording = example_recording()
    >>> float(body_length(recording, "animal1")[0])
    4.0
    """
    return recording.length(animal)


def median_length(recording: Recording, animal: str, instead: str) -> float:
    """The animal's median body length in `unit`; `instead` names the argument that avoids it."""
    length = recording.length(animal)
    if not np.isfinite(length).any():
        raise QueryError(
            f"The default is in body lengths, and {animal} has no outline to measure one. "
            f"Give {instead} in {recording.unit}, or track the video."
        )
    return float(np.nanmedian(length))
