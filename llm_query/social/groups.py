"""All animals together: the group's middle, spread and common direction, motion among them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from llm_query.body_points import find_point
from llm_query.bouts import Bouts
from llm_query.errors import QueryError
from llm_query.individual.kinematics import angle_between
from llm_query.individual.sharp import sharp_velocity
from llm_query.recording import Recording
from llm_query.social import huddles as huddles  # its words belong to this module's
from llm_query.social import social_table as social_table
from llm_query.social.pairs import (
    body_size,
    distance_between_points,
    heading_of,
    members,
    social_bouts,
    two_animals,
)
from llm_query.vocabulary import word


@word("{unit}/s")
def relative_speed(recording: Recording, a: str, b: str, window_s: float = 0.2) -> np.ndarray:
    """How fast two animals' centres move against each other in every frame; 0 when they go along.

    The length of the difference of their velocities, whatever its direction: closing_speed is the
    part along the line between them. window_s: seconds of path, as in approach. NaN where one was
    not seen.

    Source: AmadeusGPT's relative speed, in unit per second.

    >>> recording = example_recording()
    >>> float(relative_speed(recording, "animal1", "animal2")[30].round(6))
    10.0
    """
    two_animals(recording, a, b)
    change = sharp_velocity(recording, a, window_s) - sharp_velocity(recording, b, window_s)
    return np.hypot(*change.T)


@word("deg")
def relative_angle(
    recording: Recording,
    a: str,
    b: str,
    front: str | None = None,
    back: str | None = None,
    *,
    signed: bool = False,
) -> np.ndarray:
    """Angle between where two animals point in every frame: 0 alike, 180 opposite.

    signed: the turn from the first one's heading to the second's in (-180, 180], counter-clockwise
    positive. front, back: body points for the headings, as in head_angle. NaN where one is unknown.

    Source: AmadeusGPT's relative angle; movement's heading, counter-clockwise.

    >>> recording = example_recording()
    >>> relative_angle(recording, "animal1", "animal3")[0], relative_angle(
    ...     recording, "animal3", "animal1", signed=True)[0]
    (np.float64(90.0), np.float64(-90.0))
    """
    two_animals(recording, a, b)
    ours, theirs = heading_of(recording, a, front, back), heading_of(recording, b, front, back)
    if not signed:
        return angle_between(ours, theirs)
    turn = (theirs - ours) % 360
    return np.where(turn > 180, turn - 360, turn)


@word("{unit}")
def group_centre(
    recording: Recording,
    animals: Sequence[str] | None = None,
    point: str = "centre",
    *,
    min_animals: int = 2,
) -> np.ndarray:
    """The middle (mean place) of a group in every frame.

    animals: names; default all. point: body point. The animals seen in a frame count; NaN where
    they are fewer than min_animals. Shape (n, 2): x and y in unit, y down.

    Source: movement's centroid over individuals.

    >>> recording = example_recording()
    >>> group_centre(recording, ["animal1", "animal2"])[-1].tolist()
    [37.0, 20.0]
    """
    return _mean(np.stack(_places(recording, animals, point)), min_animals)


@word("{unit}")
def group_spread(
    recording: Recording,
    animals: Sequence[str] | None = None,
    point: str = "centre",
    *,
    of: str = "centroid",
    min_animals: int = 2,
) -> np.ndarray:
    """How far apart a group is in every frame: the mean distance to its middle, or between pairs.

    of: "centroid", the mean distance of the animals from group_centre, or "pairs", the mean over
    all pairs of their distance. animals: names; default all. point: body point. The animals seen in
    a frame count; NaN where they are fewer than min_animals.

    Source: group cohesion, as the mean distance to the centroid (Couzin 2002) or between pairs.

    >>> recording = example_recording()
    >>> pair = ["animal1", "animal2"]
    >>> [float(group_spread(recording, pair, of=of)[-1]) for of in ("centroid", "pairs")]
    [2.0, 4.0]
    """
    places = np.stack(_places(recording, animals, point))
    if of == "centroid":
        away = places - _mean(places, min_animals)
        return _mean(np.hypot(away[..., 0], away[..., 1]), min_animals)
    if of != "pairs":
        raise QueryError(f'of is "centroid" or "pairs", not "{of}".')
    names = members(recording, animals)
    each = np.stack(
        [
            distance_between_points(recording, a, b, point, point)
            for i, a in enumerate(names)
            for b in names[i + 1 :]
        ]
    )
    return _mean(each, min_animals * (min_animals - 1) // 2)


@word("fraction")
def polarisation(
    recording: Recording,
    animals: Sequence[str] | None = None,
    front: str | None = None,
    back: str | None = None,
    *,
    min_animals: int = 2,
) -> np.ndarray:
    """How much a group points the same way in every frame, from 0 to 1.

    The length of the mean of their headings as unit vectors: 1 when all point one way, 0 when they
    cancel out. animals: names; default all. front, back: body points for the headings, as in
    head_angle. The animals whose heading is known in a frame count; NaN where they are fewer than
    min_animals.

    Source: polarisation of groups (Vicsek 1995, Couzin 2002).

    >>> recording = example_recording()
    >>> polarisation(recording, ["animal1", "animal2"])[0].round(6) + 0.0
    np.float64(0.0)
    """
    angles = np.radians(
        [heading_of(recording, name, front, back) for name in members(recording, animals)]
    )
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    return np.hypot(*_mean(vectors, min_animals).T)


@word("s")
def isolated(
    recording: Recording,
    animal: str,
    min_distance: float | None = None,
    *,
    point: str = "centre",
    min_duration_s: float = 0.0,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts in which an animal is alone: every other one is farther than min_distance away.

    min_distance: in unit; default 2 of its body lengths, where near ends. point: body point of all.
    Frames in which another animal is unseen, and nobody is that close, are unknown: it may have
    been there. min_duration_s: seconds. max_gap_frames: see bouts_where. Time alone is .total_s.

    Source: LMT's Move or Stop isolated: without any other animal near.

    >>> recording = example_recording()
    >>> isolated(recording, "animal1", 10).to_frame()[["start_frame", "stop_frame"]].values.tolist()
    [[0, 60]]
    """
    names = [animal, *(other for other in members(recording, None) if other != animal)]
    recording.track(animal)
    if min_distance is None:
        min_distance = 2 * body_size(recording, animal, "min_distance")
    if not min_distance >= 0:
        raise QueryError(f"min_distance is in {recording.unit}, not {min_distance:g}.")
    apart = [distance_between_points(recording, animal, o, point, point) for o in names[1:]]
    with np.errstate(invalid="ignore"):
        near = np.any([each <= min_distance + 1e-9 for each in apart], axis=0)
    all_seen = np.isfinite(apart).all(axis=0)
    return social_bouts(
        recording, all_seen & ~near, animal, None, "isolated", known=all_seen | near,
        min_duration_s=min_duration_s, max_gap_frames=max_gap_frames,
        definition=f"{point} of every other animal > {min_distance:.3g} {recording.unit} away",
    )  # fmt: skip


def _places(recording: Recording, animals: Sequence[str] | None, point: str) -> list[np.ndarray]:
    names = members(recording, animals)
    return [recording.position(name, find_point(recording, name, point)) for name in names]


def _mean(values: np.ndarray, least: int) -> np.ndarray:
    """Mean over the first axis of what is known, NaN where that is fewer than `least`."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(known, values, 0.0).sum(axis=0) / count
    return np.where(count >= max(least, 1), mean, np.nan)
