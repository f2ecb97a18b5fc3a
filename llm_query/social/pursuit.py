"""Going to or after each other: approaching, following, chasing."""

from __future__ import annotations

import numpy as np

from llm_query.bouts import Bouts
from llm_query.individual.motion import MOVING, ROUNDING, WINDOW_S
from llm_query.individual.sharp import dot, sharp_speed, sharp_velocity
from llm_query.recording import Recording
from llm_query.social.pairs import (
    at_least,
    body_size,
    check_numbers,
    distance_between_points,
    distance_limit,
    least_change,
    least_speed,
    over_a_way,
    parting_speed,
    social_bouts,
)
from llm_query.vocabulary import word

MERGE_S = 0.2  # jitter interrupts slow approaches for up to so long


@word("s")
def approach(
    recording: Recording,
    a: str,
    b: str,
    max_distance: float | None = None,
    *,
    min_speed: float | None = None,
    window_s: float = 0.2,
    min_duration_s: float = 0.1,
    max_gap_frames: int = 3,
    min_closing_speed: float | None = None,
    min_closer: float | None = None,
    merge_gap_s: float = MERGE_S,
) -> Bouts:
    """Bouts in which the first animal comes closer to the second by its own movement.

    It is faster than the other, moves at min_speed or more, and by both velocities their distance
    shrinks at min_closing_speed or more, within max_distance; over the bout, it shrinks by
    min_closer or more. max_distance: in unit; default 2 body lengths (the mean of both). min_speed:
    in unit/s; default as in moving. min_closing_speed: in unit/s; default half of min_speed.
    min_closer: in unit; default 0.1 body lengths (the mean of both; 0 where no length is known).
    window_s: seconds of straight path that give a velocity: around the frame, or before or after it
    where the path bends; so the bout begins in the frame in which the animal sets off and ends in
    the one in which it stops, turns or passes. merge_gap_s: interruptions of up to so many seconds
    are joined (0: none), before min_duration_s, in seconds, and min_closer are applied.
    max_gap_frames: see bouts_where.

    Source: EthoVision / LMT social approach (focal faster than the other, distance 3 frames before
    larger than 3 frames after, which is 0.2 s at 30 frames/s and blurs both ends by 3 frames;
    within 2 mean body lengths). The lowest speeds, the shortest way and duration and the joining
    are ours: without them an animal that walks behind another at its speed would approach it, by
    the jitter of the tracking, several times a second.

    >>> recording = example_recording()
    >>> approach(recording, "animal1", "animal2").subject.tolist()
    ['animal1']
    """
    limit, said = distance_limit(recording, a, b, max_distance, 2.0, "max_distance")
    fast, how = least_speed(recording, a, min_speed, MOVING)
    closing, closer, shrinks = least_change(
        recording, a, b, fast, (min_closing_speed, min_closer), ("min_closing_speed", "min_closer")
    )
    speed_a = sharp_speed(recording, a, window_s)
    speed_b = sharp_speed(recording, b, window_s)
    parting = parting_speed(recording, a, b, window_s)
    with np.errstate(invalid="ignore"):
        mask = (speed_a >= at_least(fast)) & (speed_a > speed_b + ROUNDING)
        mask &= (parting < -ROUNDING) & (-parting >= at_least(closing))
        mask &= distance_between_points(recording, a, b) <= limit + 1e-9
    found = social_bouts(
        recording, mask, a, b, "approach", known=np.isfinite(parting + speed_a + speed_b),
        min_duration_s=min_duration_s, max_gap_frames=max_gap_frames, merge_gap_s=merge_gap_s,
        definition=f"distance shrinks {shrinks}, {a} faster than {b} and >= {how}, within "
        f"{said}, velocities over {window_s:g} s",
    )  # fmt: skip
    return over_a_way(found, -parting, closer)


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
    on the path). window_s: seconds of straight path for speed and direction, as in approach, so
    that bouts begin and end where a path bends. min_duration_s: seconds. max_gap_frames: see
    bouts_where.

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

    As follow, with min_speed in unit/s for both: by default 2 body lengths of the first per second,
    in calibrated recordings too, because what is fast depends on the animal. max_distance,
    max_angle_deg, path_s, max_path_distance, min_duration_s, max_gap_frames: as in follow;
    window_s: seconds, as there, but 0.2, because a run is short.

    Source: EthoVision / LMT: following above a speed the user sets; no source gives a default.

    >>> recording = example_recording()
    >>> chase(recording, "animal1", "animal2").count
    0
    """
    if min_speed is None:
        min_speed = 2 * body_size(recording, a, "min_speed")
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
    check_numbers(max_angle_deg=max_angle_deg, path_s=path_s, max_path_distance=max_path_distance)
    limit, said = distance_limit(recording, a, b, max_distance, 2.0, "max_distance")
    fast, how = least_speed(recording, a, min_speed, MOVING)
    if max_path_distance is None:
        max_path_distance = body_size(recording, a, "max_path_distance") / 2
    velocity_a = sharp_velocity(recording, a, window_s)
    velocity_b = sharp_velocity(recording, b, window_s)
    speed_a, speed_b = sharp_speed(recording, a, window_s), sharp_speed(recording, b, window_s)
    apart = recording.position(b) - recording.position(a)
    with np.errstate(invalid="ignore"):
        mask = (speed_a >= at_least(fast)) & (speed_b >= at_least(fast))
        mask &= distance_between_points(recording, a, b) <= limit + 1e-9
        mask &= dot(apart, velocity_a) > 0
        least = speed_a * speed_b * (np.cos(np.radians(max_angle_deg)) + ROUNDING)
        mask &= dot(velocity_a, velocity_b) > least
    rows = np.flatnonzero(mask)
    mask[rows] = (
        path_distance(recording.position(a), recording.position(b), recording.time_s, path_s, rows)
        <= max_path_distance + 1e-9
    )
    known = np.isfinite(speed_a + speed_b)
    definition = (
        f"both >= {how}, directions < {max_angle_deg:g} degrees apart, {b} in front, "
        f"{said} at most, within {max_path_distance:.3g} {recording.unit} of its last {path_s:g} "
        f"s, velocities over {window_s:g} s"
    )
    return mask, known, definition


def path_distance(
    follower: np.ndarray,
    leader: np.ndarray,
    time_s: np.ndarray,
    path_s: float,
    rows: np.ndarray | None = None,
) -> np.ndarray:
    """(n,) distance of one animal to the nearest place the other was at in the last path_s.

    rows: only these frames' distances, in their order.
    """
    rows = np.arange(len(follower)) if rows is None else rows
    first = np.searchsorted(time_s, time_s[rows] - path_s - 1e-9)
    nearest = np.full(len(rows), np.nan)
    here = follower[rows]
    for lag in range(int((rows - first).max(initial=-1)) + 1):  # few lags, all frames at once
        then = np.maximum(rows - lag, first)  # beyond the first the first again
        nearest = np.fmin(nearest, np.hypot(*(here - leader[then]).T))
    return nearest
