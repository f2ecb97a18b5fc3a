"""Touching by body points, going up to another until they touch, and going away after that."""

from __future__ import annotations

import numpy as np

from llm_query.algebra.intervals import cover, runs
from llm_query.body_points import find_point
from llm_query.bouts import Bouts
from llm_query.errors import QueryError
from llm_query.individual.motion import ROUNDING, Limit
from llm_query.individual.sharp import sharp_speed
from llm_query.recording import Recording
from llm_query.social.contacts import contact
from llm_query.social.noses import (
    body_points_of,
    box_of,
    boxes_within,
    distance_to_mask,
    known_by_points,
    nearest_points,
)
from llm_query.social.pairs import (
    Reach,
    at_least,
    check_numbers,
    distance_between_points,
    least_change,
    least_speed,
    over_a_way,
    parting_speed,
    reach_limit,
    social_bouts,
    two_animals,
)
from llm_query.social.pursuit import MERGE_S, approach
from llm_query.vocabulary import word

POINTS = Reach(2.0, 0.25)  # MABe 2022: 12 px between any points where noses have 15 px (2.5 cm)
LEAVING = Limit(cm_s=5.0, lengths_s=0.6, px_s=6.0)  # LMT's get-away
JOIN_S = 0.05  # contacts one frame apart are one


@word("{unit}")
def closest_distance(
    recording: Recording,
    a: str,
    b: str,
    points_a: list[str] | None = None,
    points_b: list[str] | None = None,
) -> np.ndarray:
    """Distance in every frame between the nearest two body points of two animals.

    points_a, points_b: lists of points, as ["nose", "left_ear"]; by default every point of the
    animal but the tail behind its base. NaN where no two are seen. With outlines, gap_between is
    exact.

    Source: AmadeusGPT's closest distance, over the points it is given.

    >>> recording = example_recording()
    >>> float(closest_distance(recording, "animal1", "animal2")[-1])
    4.0
    """
    two_animals(recording, a, b)
    ours, theirs = body_points_of(recording, a, points_a), body_points_of(recording, b, points_b)
    each = [distance_between_points(recording, a, b, p, q) for p in ours for q in theirs]
    return np.fmin.reduce(each)


@word("{unit}")
def distance_to_outline(recording: Recording, a: str, b: str, point: str = "nose") -> np.ndarray:
    """Distance in every frame from one animal's body point to the outline of another; 0 inside it.

    point: a body point of the first animal, as "nose" or "centre". Needs outlines of the second: a
    video tracked here. NaN where either is missing. Whether it sniffs at the body:
    bouts_where(recording, distance_to_outline(recording, a, b) < 1, a, b).

    Source: ours, after LMT's and EthoVision's contacts of a nose with a body; exact to the pixel.

    >>> recording = example_recording()
    >>> distance_to_outline(recording, "animal1", "animal2", "centre")
    Traceback (most recent call last):
    llm_query.errors.QueryError: synthetic has no outlines of animal2, only points. ...
    """
    two_animals(recording, a, b)
    if b not in recording.masks:
        raise QueryError(
            f"{recording.video} has no outlines of {b}, only points. Track the video to get them, "
            "or take closest_distance, between the body points."
        )
    place = recording.track(a).points[find_point(recording, a, point)]
    return distance_to_mask(recording.masks[b], place) * recording.scale


@word("s")
def touch(
    recording: Recording,
    a: str,
    b: str,
    max_distance: float | None = None,
    *,
    points_a: list[str] | None = None,
    points_b: list[str] | None = None,
    min_duration_s: float = 0.0,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts in which any body point of one animal is near any of the other's.

    Contact for recordings without outlines; with outlines use contact.

    Less than max_distance apart, in unit; default 2 cm, or 0.25 body lengths (the mean of both)
    when uncalibrated or of animals up to 3.5 cm long. points_a, points_b: lists of points, as in
    closest_distance. It is unknown while a point that is not seen could be that near.
    min_duration_s: seconds. max_gap_frames: see bouts_where.

    Source: MABe 2022's contact: closest distance < 12 px where noses touch at < 15 px.

    >>> recording = example_recording()
    >>> touch(recording, "animal1", "animal2", 5).start_s.round(3).tolist()
    [2.933]
    """
    two_animals(recording, a, b)
    limit, said = reach_limit(recording, a, b, max_distance, POINTS, "max_distance")
    ours, theirs = body_points_of(recording, a, points_a), body_points_of(recording, b, points_b)
    box_a, box_b = box_of(recording, a, ours), box_of(recording, b, theirs)
    near = boxes_within(box_a, box_b, limit)
    rows = np.flatnonzero(near)
    near[rows] = nearest_points(recording, a, b, ours, theirs, rows) < limit - ROUNDING
    return social_bouts(
        recording, near, a, b, "touch",
        known=known_by_points(recording, near, limit, (a, ours), (b, theirs)),
        min_duration_s=min_duration_s, max_gap_frames=max_gap_frames,
        definition=f"nearest points < {said}",
    )  # fmt: skip


@word("s")
def make_contact(
    recording: Recording,
    a: str,
    b: str,
    *,
    touching: Bouts | None = None,
    within_s: float = 0.5,
    min_contact_s: float = 0.1,
    max_distance: float | None = None,
    min_speed: float | None = None,
    window_s: float = 0.2,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts in which the first animal goes up to the second until they touch.

    An approach, from where it begins up to the frame in which a contact begins. The approach, with
    its own shortest duration and joining, may have ended up to within_s seconds before. touching:
    what counts as contact, as nose_contact(...); by default contact(...) of the outlines, or
    touch(...) of the points where there are no outlines. Contacts are joined over interruptions of
    up to 0.05 s and last min_contact_s seconds or more. max_distance, min_speed, window_s,
    max_gap_frames: as in approach.

    Source: EthoVision / LMT: a social approach that ends in a contact of more than 3 frames;
    contacts one frame apart are one.

    >>> recording = example_recording()
    >>> close = near(recording, "animal1", "animal2", 5)
    >>> make_contact(recording, "animal1", "animal2", touching=close).stop_s.round(3).tolist()
    [2.9]
    """
    check_numbers(within_s=within_s, min_contact_s=min_contact_s)
    going = approach(
        recording, a, b, max_distance,
        min_speed=min_speed, window_s=window_s, max_gap_frames=max_gap_frames,
    )  # fmt: skip
    found, said = _contacts(recording, a, b, touching, max_gap_frames)
    found = found.merge(JOIN_S).at_least(min_contact_s)
    before = np.searchsorted(going.start_frame, found.start_frame) - 1
    stops = np.append(going.stop_s, -np.inf)[before]  # of no approach before it: -1
    met = found.keep((before >= 0) & (found.start_s - stops <= within_s + ROUNDING)).start_frame
    came = going.start_frame[np.searchsorted(going.start_frame, met) - 1] if len(met) else met
    mask = cover(came, met, recording.n_frames)
    known = ~going.unknown.get((a, b), np.zeros(recording.n_frames, dtype=bool))
    said = (
        f"approach ({going.definition}) that ends, at most {within_s:g} s before, in contact "
        f"({said}) of at least {min_contact_s:g} s with interruptions up to {JOIN_S:g} s"
    )
    return social_bouts(
        recording, mask, a, b, "make contact", known=known | mask, max_gap_frames=0, definition=""
    ).named("make contact", said)  # gaps were bridged in the approach, which says how


@word("s")
def leave(
    recording: Recording,
    a: str,
    b: str,
    *,
    after: Bouts | None = None,
    within_s: float = 0.5,
    min_speed: float | None = None,
    window_s: float = 0.2,
    min_duration_s: float = 0.1,
    max_gap_frames: int = 3,
    min_parting_speed: float | None = None,
    min_farther: float | None = None,
    merge_gap_s: float = MERGE_S,
) -> Bouts:
    """Bouts in which the first animal goes away from the second after they touched.

    It begins when their contact ends, or up to within_s seconds later, and lasts while the first
    animal is at least as fast as the other, at min_speed or more, and by both velocities their
    distance grows at min_parting_speed or more; over the bout it grows by min_farther or more.
    after: what counts as contact, as nose_contact(...); by default contact(...) of the outlines, or
    touch(...) of the points where there are no outlines. min_speed: in unit/s; default 5 cm/s, or
    0.6 body lengths per second when uncalibrated. min_parting_speed: in unit/s; default half of
    min_speed. min_farther: in unit; default 0.1 body lengths. window_s, merge_gap_s,
    min_duration_s, max_gap_frames: as in approach.

    Source: EthoVision / LMT get-away: focal at least as fast as the other, > 5 cm/s, the distance
    grows, after contact. The lowest parting speed, the shortest way and duration and the joining
    are ours, as in approach.

    >>> still = np.tile([100.0, 100.0], (90, 1))
    >>> away = still + np.maximum(np.arange(90) - 30, 0)[:, None] * [4, 0]
    >>> recording = Recording.synthetic({"mouse1": away, "mouse2": still}, length=40)
    >>> met = near(recording, "mouse1", "mouse2", 10)
    >>> leave(recording, "mouse1", "mouse2", after=met).start_frame.tolist()
    [33]
    """
    check_numbers(within_s=within_s)
    found, said = _contacts(recording, a, b, after, max_gap_frames)
    fast, how = least_speed(recording, a, min_speed, LEAVING)
    names = ("min_parting_speed", "min_farther")
    least, farther, grows = least_change(
        recording, a, b, fast, (min_parting_speed, min_farther), names
    )
    speed_a, speed_b = sharp_speed(recording, a, window_s), sharp_speed(recording, b, window_s)
    parting = parting_speed(recording, a, b, window_s)
    together = found.mask()
    with np.errstate(invalid="ignore"):
        away = (speed_a >= at_least(fast)) & (speed_a >= at_least(speed_b))
        away &= (parting > ROUNDING) & (parting >= at_least(least))
    bouts = social_bouts(
        recording, away & ~together, a, b, "leave", known=np.isfinite(parting + speed_a + speed_b),
        min_duration_s=min_duration_s, max_gap_frames=max_gap_frames, merge_gap_s=merge_gap_s,
        definition=f"distance grows {grows}, {a} at least as fast as {b} and >= {how}, at "
        f"most {within_s:g} s after contact ({said}), velocities over {window_s:g} s",
    )  # fmt: skip
    bouts = over_a_way(bouts, parting, farther)
    ends = recording.edges_s[runs(together)[1]]
    last = np.searchsorted(ends, bouts.start_s + ROUNDING, side="right") - 1
    waited = bouts.start_s - np.append(ends, -np.inf)[last]
    return bouts.keep((last >= 0) & (waited <= within_s + ROUNDING))


def _contacts(
    recording: Recording, a: str, b: str, given: Bouts | None, max_gap_frames: int
) -> tuple[Bouts, str]:
    """The contacts to count from, and how they are defined."""
    if given is None:
        outlined = a in recording.masks and b in recording.masks
        given = (contact if outlined else touch)(recording, a, b, max_gap_frames=max_gap_frames)
    pairs = [pair for pair in given.pairs if set(pair) == {a, b}]
    if not pairs:
        raise QueryError(
            f"These are not contacts of {a} and {b} but of {given!r}. Give bouts of the two, as "
            f'near(recording, "{a}", "{b}").'
        )
    return given.only(*pairs[0]), given.definition
