"""Going to or after each other: approaching, following, chasing."""

from __future__ import annotations

import numpy as np

from llm_query.bouts import Bouts
from llm_query.kinematics import angle_between, direction_deg, median_length
from llm_query.kinematics import velocity as velocity_of
from llm_query.motion import MOVING, WINDOW_S, speed_limit
from llm_query.recording import Recording
from llm_query.social import closing_speed, distance_between, distance_limit, social_bouts
from llm_query.vocabulary import word


@word("s")
def approach(
    recording: Recording,
    a: str,
    b: str,
    max_distance: float | None = None,
    *,
    min_speed: float | None = None,
    window_s: float = 0.2,
    min_duration_s: float = 0.0,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts in which the first animal comes closer to the second by its own movement.

    It is faster than the other, moves at min_speed or more, and their distance shrinks, all over
    window_s seconds, within max_distance. max_distance: in unit; default 2 body lengths (the mean
    of both). min_speed: in unit/s; default as in moving. min_duration_s: seconds.

    Source: EthoVision / LMT social approach (focal faster than the other, distance 3 frames before
    larger than 3 frames after, within 2 mean body lengths); the lowest speed is ours: without it
    the jitter of two resting animals would count.

    >>> recording = example_recording()
    >>> approach(recording, "animal1", "animal2").subject.tolist()
    ['animal1']
    """
    limit, said = distance_limit(recording, a, b, max_distance, 2.0, "max_distance")
    fast, how = speed_limit(recording, a, min_speed, MOVING, "min_speed")
    speed_a = np.hypot(*velocity_of(recording, a, "centre", window_s).T)
    speed_b = np.hypot(*velocity_of(recording, b, "centre", window_s).T)
    closing = closing_speed(recording, a, b, window_s)
    mask = (speed_a >= fast) & (speed_a > speed_b) & (closing > 0)
    mask &= distance_between(recording, a, b) <= limit + 1e-9
    return social_bouts(
        recording, mask, a, b, "approach", known=np.isfinite(closing + speed_a + speed_b),
        min_duration_s=min_duration_s, max_gap_frames=max_gap_frames,
        definition=f"distance shrinks, {a} faster than {b} and >= {how}, within {said}",
    )  # fmt: skip


@word("s")
def follow(
    recording: Recording,
    a: str,
    b: str,
    max_distance: float | None = None,
    *,
    min_speed: float | None = None,
    max_angle_deg: float = 45.0,
    path_s: float = 0.5,
    max_path_distance: float | None = None,
    window_s: float = WINDOW_S,
    min_duration_s: float = 0.5,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts in which the first animal walks after the second, in its track.

    Both move at min_speed or more (unit/s; default as in moving) in directions less than
    max_angle_deg apart, the second is in front of the first, their centres are at most max_distance
    apart (default 2 body lengths), and the first is on the second's path of the last path_s
    seconds: at most max_path_distance from it (default half its body length, when its front end is
    on the path). window_s: seconds for speed and direction. min_duration_s: seconds.

    Source: EthoVision's Follow after LMT, except that contact is not excluded: & ~contact(...).

    >>> recording = example_recording()
    >>> follow(recording, "animal1", "animal2").count
    0
    """
    mask, known, said = _following(
        recording, a, b, max_distance, min_speed,
        max_angle_deg, path_s, max_path_distance, window_s,
    )  # fmt: skip
    return social_bouts(
        recording, mask, a, b, "follow", known=known, min_duration_s=min_duration_s,
        max_gap_frames=max_gap_frames, definition=said,
    )  # fmt: skip


@word("s")
def chase(
    recording: Recording,
    a: str,
    b: str,
    max_distance: float | None = None,
    *,
    min_speed: float | None = None,
    max_angle_deg: float = 45.0,
    path_s: float = 0.5,
    max_path_distance: float | None = None,
    window_s: float = 0.2,
    min_duration_s: float = 0.5,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts in which the first animal follows the second at a run.

    As follow, with min_speed for both: by default 2 body lengths of the first per second, in
    calibrated recordings too, because what is fast depends on the animal.

    Source: EthoVision / LMT: following above a speed the user sets; no source gives a default.

    >>> recording = example_recording()
    >>> chase(recording, "animal1", "animal2").count
    0
    """
    if min_speed is None:
        min_speed = 2 * median_length(recording, a, "min_speed")
    mask, known, said = _following(
        recording, a, b, max_distance, min_speed,
        max_angle_deg, path_s, max_path_distance, window_s,
    )  # fmt: skip
    return social_bouts(
        recording, mask, a, b, "chase", known=known, min_duration_s=min_duration_s,
        max_gap_frames=max_gap_frames, definition=said,
    )  # fmt: skip


def _following(
    recording: Recording,
    a: str,
    b: str,
    max_distance: float | None,
    min_speed: float | None,
    max_angle_deg: float,
    path_s: float,
    max_path_distance: float | None,
    window_s: float,
) -> tuple[np.ndarray, np.ndarray, str]:
    limit, said = distance_limit(recording, a, b, max_distance, 2.0, "max_distance")
    fast, how = speed_limit(recording, a, min_speed, MOVING, "min_speed")
    if max_path_distance is None:
        max_path_distance = median_length(recording, a, "max_path_distance") / 2
    velocity_a = velocity_of(recording, a, "centre", window_s)
    velocity_b = velocity_of(recording, b, "centre", window_s)
    apart = recording.position(b) - recording.position(a)
    turned = angle_between(direction_deg(velocity_a), direction_deg(velocity_b))
    off_track = path_distance(
        recording.position(a), recording.position(b), recording.time_s, path_s
    )
    mask = (np.hypot(*velocity_a.T) >= fast) & (np.hypot(*velocity_b.T) >= fast)
    mask &= (turned < max_angle_deg) & ((apart * velocity_a).sum(axis=1) > 0)
    mask &= (np.hypot(*apart.T) <= limit + 1e-9) & (off_track <= max_path_distance + 1e-9)
    known = np.isfinite(velocity_a + velocity_b + apart).all(axis=1)
    definition = (
        f"both >= {how}, directions < {max_angle_deg:g} degrees apart, {b} in front, "
        f"{said} at most, within {max_path_distance:.3g} {recording.unit} of its last {path_s:g} s"
    )
    return mask, known, definition


def path_distance(
    follower: np.ndarray, leader: np.ndarray, time_s: np.ndarray, path_s: float
) -> np.ndarray:
    """(n,) distance of one animal to the nearest place the other was at in the last path_s."""
    nearest = np.full(len(follower), np.nan)
    first = np.searchsorted(time_s, time_s - path_s - 1e-9)
    longest = int((np.arange(len(time_s)) - first).max(initial=0))
    for lag in range(longest + 1):  # few lags, all frames at once
        then = leader[: len(leader) - lag]
        distance = np.hypot(*(follower[lag:] - then).T)
        distance[np.arange(lag, len(leader)) - lag < first[lag:]] = np.nan
        nearest[lag:] = np.fmin(nearest[lag:], distance)
    return nearest
