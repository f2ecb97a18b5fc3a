"""Animals and each other: distances, contact, facing."""

from __future__ import annotations

import numpy as np

from llm_query.bouts import Bouts
from llm_query.errors import QueryError
from llm_query.individual.kinematics import angle_between, direction_deg, line_fit
from llm_query.recording import Recording
from llm_query.social.pairs import (
    check_numbers,
    distance_between_points,
    distance_limit,
    heading_of,
    social_bouts,
    two_animals,
)
from llm_query.vocabulary import word

TOUCH_CM, TOUCH_PX = 0.2, 2.0


@word("{unit}")
def distance_between(
    recording: Recording, a: str, b: str, point_a: str = "centre", point_b: str = "centre"
) -> np.ndarray:
    """Distance between two animals in every frame, from centre to centre by default.

    point_a, point_b: body points; two different ones of one and the same animal will do, too. NaN
    where one of them was not seen. Source: EthoVision's Distance between subjects.

    >>> recording = example_recording()
    >>> float(distance_between(recording, "animal1", "animal2")[-1])
    4.0
    """
    if point_a == point_b:
        two_animals(recording, a, b)
    return distance_between_points(recording, a, b, point_a, point_b)


@word("{unit}")
def nearest_neighbour_distance(
    recording: Recording, animal: str, point: str = "centre"
) -> np.ndarray:
    """Distance to the nearest of the other animals that are seen, in every frame.

    point: body point of both. NaN where nobody else is seen. Source: TRex's NEIGHBOR_DISTANCE: the
    nearest, never a mean over all.

    >>> recording = example_recording()
    >>> float(nearest_neighbour_distance(recording, "animal1")[-1])
    4.0
    """
    return np.fmin.reduce(_to_others(recording, animal, point)[1])


@word()
def nearest_neighbour(recording: Recording, animal: str, point: str = "centre") -> np.ndarray:
    """Name of the nearest of the other animals that are seen, in every frame; None if nobody is.

    point: body point of both. Of two equally near the first by number. Source: as for
    nearest_neighbour_distance.

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
def closing_speed(recording: Recording, a: str, b: str, window_s: float = 0.0) -> np.ndarray:
    """How fast the distance between two animals' centres shrinks; negative while it grows.

    window_s: seconds of the line fit; 0 takes the central difference. Source: EthoVision's Relative
    movement, as a speed.

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
    max_gap_frames: see bouts_where. max_distance itself counts as close.

    Source: two body lengths as in EthoVision's and LMT's social approach.

    >>> recording = example_recording()
    >>> near(recording, "animal1", "animal2", 5).start_s.round(3).tolist()
    [2.9]
    """
    limit, said = distance_limit(recording, a, b, max_distance, 2.0, "max_distance")
    distance = distance_between(recording, a, b, point_a, point_b)
    return social_bouts(
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
    min_duration_s, the shortest contact, is applied; a gap in the tracking stays one.
    max_gap_frames: see bouts_where. Needs outlines: a video tracked here; touch takes body points
    instead.

    Source: EthoVision's Body contact (outlines touch); LMT merges contacts 1 frame apart.

    >>> recording = example_recording()
    >>> contact(recording, "animal1", "animal2")
    Traceback (most recent call last):
    llm_query.errors.QueryError: synthetic has no outlines of animal1, only points. ...
    """
    two_animals(recording, a, b)
    check_numbers(max_gap=max_gap)
    limit = (TOUCH_PX if recording.px_per_cm is None else TOUCH_CM) if max_gap is None else max_gap
    gap = recording.mask_gap(a, b, within=limit + 1e-6)
    return social_bouts(
        recording, gap <= limit + 1e-6, a, b, "contact", known=np.isfinite(gap),
        min_duration_s=min_duration_s, max_gap_frames=max_gap_frames, merge_gap_s=merge_gap_s,
        definition=f"gap of outlines <= {limit:g} {recording.unit}",
    )  # fmt: skip


@word("{unit}")
def gap_between(recording: Recording, a: str, b: str) -> np.ndarray:
    """Free space between two animals' outlines in every frame; 0 = touching.

    Exact to the pixel. Needs outlines: a video tracked here. NaN where one is missing.
    Source: ours, the distance behind EthoVision's Body contact.

    >>> recording = example_recording()
    >>> gap_between(recording, "animal1", "animal2")
    Traceback (most recent call last):
    llm_query.errors.QueryError: synthetic has no outlines of animal1, only points. ...
    """
    two_animals(recording, a, b)
    return recording.mask_gap(a, b)


@word("deg")
def head_angle(
    recording: Recording, a: str, b: str, front: str | None = None, back: str | None = None
) -> np.ndarray:
    """Angle between where an animal points and where another animal or a region is, 0 to 180.

    To either side: 0 is straight ahead, 180 right behind. b: an animal (its centre) or a region
    (its middle). front, back: body points for the heading, as in heading; by default the outline's,
    and without one from neck, back or tail base to the nose. Source: AmadeusGPT's head angle, but
    to either side.

    >>> recording = example_recording()
    >>> float(head_angle(recording, "animal3", "animal2")[0].round(1))
    43.0
    """
    if b in recording.animals:
        two_animals(recording, a, b)
        goal = recording.position(b)
    elif b in recording.regions:
        goal = recording.region(b).centre
    else:
        raise QueryError(
            f'"{b}" is neither an animal ({", ".join(recording.animals)}) nor a region '
            f"({', '.join(recording.regions) or 'none'}) of {recording.video}."
        )
    pointing = heading_of(recording, a, front, back)

    def make() -> np.ndarray:
        angle = angle_between(pointing, direction_deg(goal - recording.position(a)))
        angle.flags.writeable = False
        return angle

    return recording.remember(("head angle", a, b, front, back), make)


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
    for the heading, as in head_angle. Distance does not matter: combine with near() by &.
    min_duration_s: seconds. max_gap_frames: see bouts_where.

    Source: front is +-30 degrees (AmadeusGPT).

    >>> recording = example_recording()
    >>> facing(recording, "animal1", "animal2").percent
    100.0
    """
    check_numbers(max_angle_deg=max_angle_deg)
    off = head_angle(recording, a, b, front, back)
    is_animal = b in recording.animals
    return social_bouts(
        recording, off <= max_angle_deg + 1e-9, a, b if is_animal else None,
        "facing" if is_animal else f"facing {b}", known=np.isfinite(off),
        min_duration_s=min_duration_s, max_gap_frames=max_gap_frames,
        definition=f"heading within {max_angle_deg:g} degrees of the direction to {b}",
    )  # fmt: skip
