"""Animals and each other: distances, contact, facing, approaching, following."""

from __future__ import annotations

import numpy as np

from llm_query.bouts import Bouts
from llm_query.errors import QueryError
from llm_query.kinematics import angle_between, direction_deg, heading, line_fit, median_length
from llm_query.kinematics import velocity as velocity_of
from llm_query.motion import MOVING_CM_S, MOVING_LENGTHS_S, WINDOW_S, speed_limit
from llm_query.recording import Recording
from llm_query.states import bouts_where
from llm_query.vocabulary import word

TOUCH_CM, TOUCH_PX = 0.2, 2.0


@word("{unit}")
def distance_between(
    recording: Recording, a: str, b: str, point_a: str = "centre", point_b: str = "centre"
) -> np.ndarray:
    """Distance between two animals in every frame, from centre to centre by default.

    point_a, point_b: body points. NaN where one of them was not seen.

    >>> recording = example_recording()
    >>> float(distance_between(recording, "animal1", "animal2")[-1])
    4.0
    """
    _two(recording, a, b)
    return np.hypot(*(recording.position(a, point_a) - recording.position(b, point_b)).T)


@word("{unit}")
def nearest_neighbour_distance(
    recording: Recording, animal: str, point: str = "centre"
) -> np.ndarray:
    """Distance to the nearest of the other animals that are seen, in every frame.

    >>> recording = example_recording()
    >>> float(nearest_neighbour_distance(recording, "animal1")[-1])
    4.0
    """
    return np.fmin.reduce(_to_others(recording, animal, point)[1])


@word()
def nearest_neighbour(recording: Recording, animal: str, point: str = "centre") -> np.ndarray:
    """Name of the nearest of the other animals that are seen, in every frame; None if nobody is.

    >>> recording = example_recording()
    >>> str(nearest_neighbour(recording, "animal1")[-1])
    'animal2'
    """
    others, distances = _to_others(recording, animal, point)
    names = np.full(recording.n_frames, None, dtype=object)
    some = np.isfinite(distances).any(axis=0)
    names[some] = np.array(others, dtype=object)[np.nanargmin(distances[:, some], axis=0)]
    return names


def _to_others(recording: Recording, animal: str, point: str) -> tuple[list[str], np.ndarray]:
    recording.track(animal)
    others = [other for other in recording.animals if other != animal]
    if not others:
        raise QueryError(f"{animal} is alone in {recording.video}: it has no neighbour.")
    return others, np.stack(
        [distance_between(recording, animal, other, point, point) for other in others]
    )


@word("{unit}/s")
def closing_speed(recording: Recording, a: str, b: str, window_s: float = 0.2) -> np.ndarray:
    """How fast the distance between two animals' centres shrinks; negative while it grows.

    window_s: seconds of the line fit; 0 takes the central difference.

    >>> recording = example_recording()
    >>> float(closing_speed(recording, "animal1", "animal2")[30].round(6))
    10.0
    """
    distance = distance_between(recording, a, b)[:, None]
    return -line_fit(distance, recording.time_s, window_s)[1][:, 0]


@word("s")
def near(
    recording: Recording,
    a: str,
    b: str,
    max_distance: float | None = None,
    point_a: str = "centre",
    point_b: str = "centre",
    *,
    min_duration_s: float = 0.0,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts in which two animals are close: their points at most max_distance apart.

    max_distance: in cm (px when uncalibrated); default 2 body lengths (the mean of both medians).
    point_a, point_b: body points, as "nose" and "nose". min_duration_s: seconds.

    Source: two body lengths as in EthoVision's and LMT's social approach.

    >>> recording = example_recording()
    >>> near(recording, "animal1", "animal2", 5).start_s.round(3).tolist()
    [2.9]
    """
    limit, said = _distance_limit(recording, a, b, max_distance, 2.0, "max_distance")
    distance = distance_between(recording, a, b, point_a, point_b)
    return _social(
        recording, distance <= limit + 1e-9, a, b, "near", known=np.isfinite(distance),
        min_duration_s=min_duration_s, max_gap_frames=max_gap_frames,
        definition=f"{point_a} to {point_b} <= {said}",
    )  # fmt: skip


@word("s")
def contact(
    recording: Recording,
    a: str,
    b: str,
    max_gap: float | None = None,
    *,
    merge_gap_s: float = 0.0,
    min_duration_s: float = 0.0,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts in which two animals' outlines touch, or nearly do.

    max_gap: free space between the outlines that still counts as touching; default 0.2 cm, or 2 px
    when uncalibrated. merge_gap_s: seconds of interruption to ignore (0: none), joined before
    min_duration_s, the shortest contact, is applied. Needs outlines: a video tracked here.

    Source: EthoVision's Body contact (outlines touch); LMT merges contacts 1 frame apart.

    >>> recording = example_recording()
    >>> contact(recording, "animal1", "animal2")
    Traceback (most recent call last):
    llm_query.errors.QueryError: synthetic has no outlines of animal1, only points. ...
    """
    _two(recording, a, b)
    limit = (TOUCH_PX if recording.px_per_cm is None else TOUCH_CM) if max_gap is None else max_gap
    gap = recording.mask_gap(a, b, within=limit + 1e-6)
    bouts = _social(
        recording, gap <= limit + 1e-6, a, b, "contact", known=np.isfinite(gap),
        max_gap_frames=max_gap_frames, definition=f"gap of outlines <= {limit:g} {recording.unit}",
    )  # fmt: skip
    bouts = bouts.merge(merge_gap_s) if merge_gap_s > 0 else bouts
    return bouts.at_least(min_duration_s) if min_duration_s > 0 else bouts


@word("s")
def facing(
    recording: Recording,
    a: str,
    b: str,
    max_angle_deg: float = 30.0,
    *,
    front: str | None = None,
    back: str | None = None,
    min_duration_s: float = 0.0,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts in which an animal's nose end points at another animal's centre, or at a region's.

    b: an animal or a region. max_angle_deg: to either side of its heading. front, back: body points
    for the heading, as in heading. Distance does not matter: combine with near() by &.

    Source: front is +-30 degrees (AmadeusGPT).

    >>> recording = example_recording()
    >>> facing(recording, "animal1", "animal2").percent
    100.0
    """
    is_animal = b in recording.animals
    if not is_animal and b not in recording.regions:
        raise QueryError(
            f'"{b}" is neither an animal ({", ".join(recording.animals)}) nor a region '
            f"({', '.join(recording.regions) or 'none'}) of {recording.video}."
        )
    if is_animal:
        _two(recording, a, b)
    goal = recording.position(b) if is_animal else recording.region(b).centre
    bearing = direction_deg(goal - recording.position(a))
    off = angle_between(heading(recording, a, front, back), bearing)
    return _social(
        recording, off <= max_angle_deg + 1e-9, a, b if is_animal else None,
        "facing" if is_animal else f"facing {b}", known=np.isfinite(off),
        min_duration_s=min_duration_s, max_gap_frames=max_gap_frames,
        definition=f"heading within {max_angle_deg:g} degrees of the direction to {b}",
    )  # fmt: skip


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
    limit, said = _distance_limit(recording, a, b, max_distance, 2.0, "max_distance")
    fast, how = speed_limit(recording, a, min_speed, MOVING_CM_S, MOVING_LENGTHS_S, "min_speed")
    speed_a = np.hypot(*velocity_of(recording, a, "centre", window_s).T)
    speed_b = np.hypot(*velocity_of(recording, b, "centre", window_s).T)
    closing = closing_speed(recording, a, b, window_s)
    mask = (speed_a >= fast) & (speed_a > speed_b) & (closing > 0)
    mask &= distance_between(recording, a, b) <= limit + 1e-9
    return _social(
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
        recording, a, b, max_distance, min_speed, (MOVING_CM_S, MOVING_LENGTHS_S),
        max_angle_deg, path_s, max_path_distance, window_s,
    )  # fmt: skip
    return _social(
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
        recording, a, b, max_distance, min_speed, (np.nan, np.nan),
        max_angle_deg, path_s, max_path_distance, window_s,
    )  # fmt: skip
    return _social(
        recording, mask, a, b, "chase", known=known, min_duration_s=min_duration_s,
        max_gap_frames=max_gap_frames, definition=said,
    )  # fmt: skip


def _following(
    recording: Recording,
    a: str,
    b: str,
    max_distance: float | None,
    min_speed: float | None,
    default_speed: tuple[float, float],
    max_angle_deg: float,
    path_s: float,
    max_path_distance: float | None,
    window_s: float,
) -> tuple[np.ndarray, np.ndarray, str]:
    limit, said = _distance_limit(recording, a, b, max_distance, 2.0, "max_distance")
    fast, how = speed_limit(recording, a, min_speed, *default_speed, "min_speed")
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
        f"within {said}, within {max_path_distance:.3g} {recording.unit} of its path of the last {path_s:g} s"
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


def _social(
    recording: Recording, mask: np.ndarray, a: str, b: str | None, name: str, *,
    known: np.ndarray, definition: str, min_duration_s: float = 0.0, max_gap_frames: int = 3,
) -> Bouts:  # fmt: skip
    """bouts_where, with the shortest duration said in the definition."""
    if min_duration_s > 0:
        definition += f", for at least {min_duration_s:g} s"
    return bouts_where(
        recording, mask, a, b, behaviour=name, definition=definition, known=known,
        min_duration_s=min_duration_s, max_gap_frames=max_gap_frames,
    )  # fmt: skip


def _distance_limit(
    recording: Recording, a: str, b: str, given: float | None, lengths: float, name: str
) -> tuple[float, str]:
    _two(recording, a, b)
    if given is not None:
        if not given >= 0:
            raise QueryError(f"{name} is a distance in {recording.unit}, not {given:g}.")
        return float(given), f"{given:g} {recording.unit}"
    mean = (median_length(recording, a, name) + median_length(recording, b, name)) / 2
    return lengths * mean, f"{lengths * mean:.3g} {recording.unit} ({lengths:g} body lengths)"


def _two(recording: Recording, a: str, b: str) -> None:
    recording.track(a)
    recording.track(b)
    if a == b:
        raise QueryError(f"This measure is about two animals; both are {a}.")
