"""Where an animal points and how it turns, in degrees: 0 right, 90 up, counter-clockwise."""

from __future__ import annotations

import numpy as np

from llm_query.algebra.intervals import holes
from llm_query.body_points import points_by_role
from llm_query.errors import QueryError
from llm_query.individual.local_fits import line_fit
from llm_query.recording import Recording
from llm_query.vocabulary import word


@word("deg")
def heading(
    recording: Recording,
    animal: str,
    front: str | None = None,
    back: str | None = None,
    *,
    left: str | None = None,
    right: str | None = None,
) -> np.ndarray:
    """Where the animal's nose end points in every frame, in degrees.

    0 is right, 90 up on the screen, counter-clockwise, in (-180, 180]; NaN when unknown. It is the
    outline's axis; without outlines the line from the base of the tail to the nose. Name two body
    points (front, back) to take the line between them, or two at the sides (left, right: the ears)
    to take the direction at right angles to them. Shape (n,).

    Source: left and right as in movement's compute_head_direction_vector, seen from above.

    >>> recording = example_recording()
    >>> float(heading(recording, "animal1")[0])
    0.0
    """
    if (front is None) != (back is None):
        raise QueryError("heading() from body points needs both: front and back.")
    if (left is None) != (right is None):
        raise QueryError("heading() from points at the sides needs both: left and right.")
    if left is not None and right is not None:
        across = recording.position(animal, left) - recording.position(animal, right)
        return direction_deg(np.column_stack([-across[:, 1], across[:, 0]]))
    if front is None or back is None:
        degrees = recording.heading_deg(animal)
        if np.isfinite(degrees).any():
            return degrees
        points = points_by_role(recording, animal)
        if "nose" not in points or "tail_base" not in points:
            raise QueryError(
                f"No heading is known for {animal}. Name two body points as front and back "
                f"(it has {', '.join(recording.track(animal).points)}), or track the video."
            )
        front, back = points["nose"], points["tail_base"]
    return direction_deg(recording.position(animal, front) - recording.position(animal, back))


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


def signed_angle(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(n,) the turn from vectors a to b (n, 2), y down, in (-180, 180]; counter-clockwise positive.

    NaN where one of them has no length.

    >>> signed_angle(np.array([[1.0, 0.0]]), np.array([[0.0, -1.0]])).tolist()
    [90.0]
    """
    cross = a[:, 1] * b[:, 0] - a[:, 0] * b[:, 1]
    degrees = np.degrees(np.arctan2(cross, (a * b).sum(axis=1)))
    degrees = np.where(degrees <= -180, 180.0, degrees) + 0.0
    return np.where((a == 0).all(axis=1) | (b == 0).all(axis=1), np.nan, degrees)


@word("deg/s")
def turning_speed(
    recording: Recording,
    animal: str,
    front: str | None = None,
    back: str | None = None,
    window_s: float = 0.0,
) -> np.ndarray:
    """How fast the body turns in every frame, in degrees per second; counter-clockwise positive.

    The angular velocity of the heading. front, back, as in heading; window_s as in speed. Turns of
    more than 180 degrees between two frames cannot be told from the shorter way round. Shape (n,).

    Source: EthoVision's Angular velocity, with the central difference instead of the last step.

    >>> recording = example_recording()
    >>> float(turning_speed(recording, "animal1")[45])
    0.0
    """
    degrees = heading(recording, animal, front, back)
    seen = np.isfinite(degrees)
    unwrapped = np.full(len(degrees), np.nan)
    unwrapped[seen] = np.unwrap(degrees[seen], period=360)
    return line_fit(unwrapped[:, None], recording.time_s, window_s)[1][:, 0]


@word("deg")
def turning_angle(
    recording: Recording,
    animal: str,
    point: str = "centre",
    *,
    min_step: float = 0.0,
    window_s: float = 0.0,
) -> np.ndarray:
    """How far the path turns at every frame: the angle between its last two steps, in degrees.

    In (-180, 180], counter-clockwise positive. A frame's value needs it and the two frames before
    it, seen without a gap; NaN otherwise. point: body point. min_step: steps not longer than that
    (in unit) have no angle, because jitter of an animal at rest turns by anything. window_s:
    seconds of smoothing first (local lines). Shape (n,).

    Source: EthoVision's relative Turn angle of a body point; movement's compute_turning_angle in
    degrees and with the opposite sign, because its y axis makes clockwise turns positive.

    >>> recording = example_recording()
    >>> float(turning_angle(recording, "animal1")[45])
    0.0
    """
    step = steps(recording, animal, point, window_s)
    if not min_step >= 0:
        raise QueryError(f"min_step is a length in {recording.unit}, 0 or more, not {min_step:g}.")
    with np.errstate(invalid="ignore"):
        step[np.hypot(*step.T) <= min_step] = np.nan
    found = np.full(recording.n_frames, np.nan)
    found[2:] = signed_angle(step[:-1], step[1:])
    return found


@word("deg/s")
def directional_change(
    recording: Recording,
    animal: str,
    point: str = "centre",
    *,
    min_step: float = 0.0,
    window_s: float = 0.0,
) -> np.ndarray:
    """How much the path turns per second at every frame, whichever way, in degrees per second.

    The absolute turning angle over the time that its two steps took (so a circle gives half of what
    turning_speed of the body would); arguments and missing frames as in turning_angle. Shape (n,).

    Source: Kitamura & Imafuku 2015 (Proc. R. Soc. B 282), as in movement's
    compute_directional_change.

    >>> recording = example_recording()
    >>> float(directional_change(recording, "animal1")[45])
    0.0
    """
    angle = turning_angle(recording, animal, point, min_step=min_step, window_s=window_s)
    angle[2:] = np.abs(angle[2:]) / (recording.time_s[2:] - recording.time_s[:-2])
    return angle


def smoothed(recording: Recording, animal: str, point: str, window_s: float) -> np.ndarray:
    """(n, 2) the path in `unit`, smoothed by local lines over `window_s` seconds; 0 as it is."""
    position = recording.position(animal, point)
    return position if window_s == 0 else line_fit(position, recording.time_s, window_s)[0]


def steps(recording: Recording, animal: str, point: str, window_s: float) -> np.ndarray:
    """(n - 1, 2) the steps of the smoothed path to the next frame; NaN beside gaps and holes."""
    step = np.diff(smoothed(recording, animal, point, window_s), axis=0)
    step[holes(recording.time_s)] = np.nan
    return step
