"""How an animal moves: one value per frame, from real frame times, never across a gap."""

from __future__ import annotations

import numpy as np

from llm_query.algebra.bout_algebra import window
from llm_query.bouts import Bouts
from llm_query.errors import QueryError
from llm_query.individual.bodies import body_length as body_length
from llm_query.individual.bodies import median_length as median_length
from llm_query.individual.directions import angle_between as angle_between
from llm_query.individual.directions import direction_deg as direction_deg
from llm_query.individual.directions import heading as heading
from llm_query.individual.directions import smoothed, steps
from llm_query.individual.directions import turning_speed as turning_speed
from llm_query.individual.local_fits import central_difference as central_difference
from llm_query.individual.local_fits import line_fit as line_fit
from llm_query.individual.local_fits import stretch_ids as stretch_ids
from llm_query.recording import Recording
from llm_query.vocabulary import word

GAPS = ("skip", "straight", "scale")


def change_per_second(values: np.ndarray, time_s: np.ndarray, window_s: float) -> np.ndarray:
    """(n, d) change per second of (n, d): central difference, or lines over `window_s` seconds."""
    return line_fit(values, time_s, window_s)[1]


def _derivative(
    recording: Recording, animal: str, point: str, window_s: float, order: int
) -> np.ndarray:
    """(n, 2) the derivative of the path of this order, made once per recording; read-only."""

    def make() -> np.ndarray:
        values = (
            recording.position(animal, point)
            if order == 1
            else _derivative(recording, animal, point, window_s, order - 1)
        )
        found = change_per_second(values, recording.time_s, window_s)
        found.flags.writeable = False
        return found

    return recording.remember(("derivative", animal, point, float(window_s), order), make)


@word("{unit}/s")
def velocity(
    recording: Recording, animal: str, point: str = "centre", window_s: float = 0.0
) -> np.ndarray:
    """Where to and how fast the animal moves in every frame: x and y in unit/s, y down.

    Shape (n, 2), read-only. point: body point. window_s: seconds; 0 takes the central difference
    over the frame before and after (real times, one-sided at the ends of a tracked stretch); more
    fits a straight line to the path in a centred window. NaN where the animal was not seen.

    Source: central differences as in movement's compute_velocity, which leaves the frames beside a
    gap out and, at a variable rate, weighs the two steps by their lengths.

    >>> recording = example_recording()
    >>> velocity(recording, "animal1")[45].round(3).tolist()
    [10.0, 0.0]
    """
    return _derivative(recording, animal, point, window_s, 1)


@word("{unit}/s")
def speed(
    recording: Recording, animal: str, point: str = "centre", window_s: float = 0.0
) -> np.ndarray:
    """How fast the animal moves in every frame, in cm/s (px/s when uncalibrated).

    point: body point. window_s: seconds; 0 takes the central difference over the frame before and
    after (real times, one-sided at the ends of a tracked stretch); more fits a straight line to
    the path in a centred window, which removes jitter. NaN where the animal was not
    seen. Shape (n,).

    Source: the length of the velocity, as movement's compute_speed.

    >>> recording = example_recording()
    >>> speed(recording, "animal1")[[0, 45, 120]].round(3).tolist()
    [10.0, 10.0, 0.0]
    """
    return np.hypot(*velocity(recording, animal, point, window_s).T)


@word("{unit}/s")
def forward_speed(
    recording: Recording,
    animal: str,
    front: str | None = None,
    back: str | None = None,
    *,
    point: str = "centre",
    window_s: float = 0.0,
) -> np.ndarray:
    """How fast the animal moves the way it points, in every frame; negative when it goes backward.

    The part of the velocity along the heading; going sideways is 0. front, back: body points of the
    heading, as in heading. point, window_s: as in speed. Shape (n,).

    Source: forward velocity as in JAABA's du_ctr (Kabra et al. 2013, Nature Methods 10).

    >>> recording = example_recording()
    >>> float(forward_speed(recording, "animal1")[45].round(3))
    10.0
    """
    facing = np.radians(heading(recording, animal, front, back))
    moving = velocity(recording, animal, point, window_s)
    return moving[:, 0] * np.cos(facing) - moving[:, 1] * np.sin(facing)


@word("{unit}/s2")
def acceleration(
    recording: Recording, animal: str, point: str = "centre", window_s: float = 0.0
) -> np.ndarray:
    """How quickly the speed changes in every frame: positive when speeding up.

    window_s: seconds, as in speed, for the speed and for its change. In unit/s per second.
    Turning at an even speed is 0 here: see acceleration_vector for that. Shape (n,).

    Source: the change of the speed, as in EthoVision's Acceleration.

    >>> recording = example_recording()
    >>> float(acceleration(recording, "animal1")[45].round(6))
    0.0
    """
    fast = speed(recording, animal, point, window_s)[:, None]
    return change_per_second(fast, recording.time_s, window_s)[:, 0]


@word("{unit}/s2")
def acceleration_vector(
    recording: Recording, animal: str, point: str = "centre", window_s: float = 0.0
) -> np.ndarray:
    """How the velocity changes in every frame, turns included: x and y in unit/s2, y down.

    Shape (n, 2), read-only. window_s: seconds, as in velocity, for the velocity and its change.

    Source: the second derivative of the position, as in movement's compute_acceleration.

    >>> recording = example_recording()
    >>> acceleration_vector(recording, "animal1", window_s=0.2)[45].round(6).tolist()
    [0.0, 0.0]
    """
    return _derivative(recording, animal, point, window_s, 2)


@word("{unit}/s3")
def jerk(
    recording: Recording, animal: str, point: str = "centre", window_s: float = 0.0
) -> np.ndarray:
    """How abruptly the animal moves: the size of the change of its acceleration, in unit/s3.

    The length of the third derivative of the position, 0 or more. Every derivative raises jitter,
    so give a window: window_s is in seconds, as in velocity, and used for each of the three; the
    frames within 1.5 windows of a gap rest on fewer frames. Shape (n,).

    Source: jerk as minimised by smooth movements (Flash & Hogan 1985, J. Neurosci. 5).

    >>> recording = example_recording()
    >>> float(jerk(recording, "animal1", window_s=0.2)[150].round(6))
    0.0
    """
    return np.hypot(*_derivative(recording, animal, point, window_s, 3).T)


@word("{unit}")
def step_length(
    recording: Recording, animal: str, point: str = "centre", window_s: float = 0.0
) -> np.ndarray:
    """How far the animal goes from every frame to the next one, in cm (px when uncalibrated).

    NaN at the last frame and beside a gap. window_s: seconds of smoothing first. Shape (n,).

    Source: the length of movement's compute_forward_displacement, which ends with 0.

    >>> recording = example_recording()
    >>> step_length(recording, "animal1")[[0, 120]].round(3).tolist()
    [0.333, 0.0]
    """
    return np.append(np.hypot(*steps(recording, animal, point, window_s).T), np.nan)


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
    gaps: str = "skip",
) -> float:
    """How far the animal went: the sum of its steps, in cm (px when uncalibrated).

    Steps lead from one tracked frame to the next frame and belong to the frame where they begin, so
    that periods add up. start_s, stop_s: the period in seconds. during: only inside these bouts.
    window_s: seconds of smoothing first (0: none, jitter adds up as distance). NaN when the animal
    was never seen in two frames in a row.

    gaps: what happens while it was not seen. "skip" counts nothing there; "straight" adds the
    straight line from where it was lost to where it was found, which is too short for any path
    that bends; "scale" divides by the share of the time with steps, as if it had moved no less
    unseen than seen.

    Source: movement's compute_path_length with nan_policy "ffill" is "straight", "scale" is
    "scale"; EthoVision's Distance moved skips.

    >>> recording = example_recording()
    >>> round(distance_moved(recording, "animal1"), 3)
    30.0
    """
    if gaps not in GAPS:
        raise QueryError(f'gaps="{gaps}" is unknown: take one of {", ".join(GAPS)}.')
    length, lasting = _steps(
        recording, animal, point, start_s, stop_s, window_s, during, gaps == "straight"
    )
    known = np.isfinite(length)
    if not known.any():
        return float("nan")
    share = lasting[known].sum() / lasting.sum() if gaps == "scale" else 1.0
    return float(length[known].sum() / share)


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

    Arguments as in distance_moved, gaps are skipped.

    Source: EthoVision's mean Velocity; a mean over time, not over frames.

    >>> recording = example_recording()
    >>> round(mean_speed(recording, "animal1", start_s=0, stop_s=3), 3)
    10.0
    """
    length, lasting = _steps(recording, animal, point, start_s, stop_s, window_s, during)
    seconds = float(lasting[np.isfinite(length)].sum())
    return float(np.nansum(length)) / seconds if seconds else float("nan")


def _steps(
    recording: Recording,
    animal: str,
    point: str,
    start_s: float | None,
    stop_s: float | None,
    window_s: float,
    during: Bouts | None,
    across: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Lengths of the steps to the next frame and how long they last, by the frame they begin at.

    NaN in gaps; with `across` the last frame before a gap leads to the first one after it.
    """
    if during is not None and not isinstance(during, Bouts):
        raise QueryError(f"during takes bouts, such as moving(...) gives, not {during!r}.")
    time_s = recording.time_s
    length = np.hypot(*steps(recording, animal, point, window_s).T)
    lasting = np.diff(time_s)
    if across:
        position = smoothed(recording, animal, point, window_s)
        seen = np.flatnonzero(np.isfinite(position).all(axis=1))
        length[seen[:-1]] = np.hypot(*np.diff(position[seen], axis=0).T)
        lasting[seen[:-1]] = np.diff(time_s[seen])
    counted = np.ones(len(length), dtype=bool)
    if start_s is not None or stop_s is not None:
        last = recording.end_s if stop_s is None else stop_s
        low, high = window(recording.edges_s, 0.0 if start_s is None else start_s, last)
        counted[:low] = counted[high:] = False
    if during is not None:
        counted &= during.mask()[:-1]
    return length[counted], lasting[counted]
