"""Social behaviours from body points: nose to nose, tail, ear or body, side by side, watching."""

from __future__ import annotations

import numpy as np

from llm_query.body_points import find_point, points_by_role
from llm_query.bouts import Bouts
from llm_query.errors import QueryError
from llm_query.recording import Recording
from llm_query.social.contacts import head_angle
from llm_query.social.noses import (
    ROUNDING,
    body_direction,
    body_line,
    box_of,
    boxes_within,
    closer_than,
    distance_to_line,
    known_by_points,
    nose_distance,
)
from llm_query.social.pairs import (
    Reach,
    check_numbers,
    distance_between_points,
    distance_limit,
    reach_limit,
    social_bouts,
    two_animals,
)
from llm_query.vocabulary import word

# LMT: 15 px between heads, 2.5 cm, beside adult mice of 8 to 9 cm; MABe 2022: 10 px to an ear where
# noses have 15, so 2/3 of that
NOSE, EAR = Reach(2.5, 0.3), Reach(1.7, 0.2)
SIDE = Reach(5.26, 0.6)  # EthoVision


@word("s")
def nose_contact(
    recording: Recording,
    a: str,
    b: str,
    max_distance: float | None = None,
    *,
    min_duration_s: float = 0.0,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts in which two animals' noses are together: less than max_distance apart.

    max_distance: in unit, itself excluded; default 2.5 cm, or 0.3 body lengths (the mean of both)
    when uncalibrated or of animals up to 3.5 cm long. The same for (a, b) and (b, a). Needs noses:
    from pose data, or of a video tracked here. min_duration_s: seconds. max_gap_frames: see
    bouts_where; 0 counts no unseen frame.

    Source: LMT's oral-oral contact (heads < 15 px, 2.5 cm); MABe 2022: nose to nose < 15 px.

    >>> still = np.zeros((30, 2))
    >>> points = {"mouse1": {"nose": still + 5}, "mouse2": {"nose": still + 7}}
    >>> recording = Recording.synthetic({"mouse1": still, "mouse2": still + 20}, points=points)
    >>> nose_contact(recording, "mouse1", "mouse2", 4).total_s
    1.0
    """
    two_animals(recording, a, b)
    return closer_than(
        recording, nose_distance(recording, a, b, "nose"), a, b,
        max_distance, NOSE, "nose contact", "noses",
        min_duration_s=min_duration_s, max_gap_frames=max_gap_frames,
    )  # fmt: skip


@word("s")
def nose_to_tail(
    recording: Recording,
    a: str,
    b: str,
    max_distance: float | None = None,
    *,
    min_duration_s: float = 0.0,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts in which the first animal's nose is at the second's tail base: anogenital sniffing.

    Less than max_distance apart, in unit; default 2.5 cm, or 0.3 body lengths (the mean of both)
    when uncalibrated or of animals up to 3.5 cm long. (b, a) is the other way round.
    min_duration_s: seconds. max_gap_frames: see bouts_where.

    Source: LMT's oral-genital contact; MABe 2022: nose to tail base < 15 px.

    >>> still = np.zeros((30, 2))
    >>> points = {"mouse1": {"nose": still + 5}, "mouse2": {"tail_base": still + 7}}
    >>> recording = Recording.synthetic({"mouse1": still, "mouse2": still + 20}, points=points)
    >>> nose_to_tail(recording, "mouse1", "mouse2", 4).total_s
    1.0
    """
    two_animals(recording, a, b)
    return closer_than(
        recording, nose_distance(recording, a, b, "tail_base"), a, b,
        max_distance, NOSE, "nose to tail", f"nose of {a} and tail base of {b}",
        min_duration_s=min_duration_s, max_gap_frames=max_gap_frames,
    )  # fmt: skip


@word("s")
def nose_to_ear(
    recording: Recording,
    a: str,
    b: str,
    max_distance: float | None = None,
    *,
    min_duration_s: float = 0.0,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts in which the first animal's nose is at the second's nearer ear.

    Less than max_distance apart, in unit; default 1.7 cm, or 0.2 body lengths (the mean of both)
    when uncalibrated or of animals up to 3.5 cm long. It is unknown while an ear that is not seen
    could be that near. min_duration_s: seconds. max_gap_frames: see bouts_where. Needs pose data
    with ears.

    Source: MABe 2022's oral-ear contact: < 10 px where noses touch at < 15 px.

    >>> still = np.zeros((30, 2))
    >>> points = {"mouse1": {"nose": still + 5}, "mouse2": {"left_ear": still + 7}}
    >>> recording = Recording.synthetic({"mouse1": still, "mouse2": still + 20}, points=points)
    >>> nose_to_ear(recording, "mouse1", "mouse2", 4).total_s
    1.0
    """
    two_animals(recording, a, b)
    known = points_by_role(recording, b)
    ears = [role for role in ("left_ear", "right_ear") if role in known] or ["left_ear"]
    apart = np.fmin.reduce([nose_distance(recording, a, b, ear) for ear in ears])
    return closer_than(
        recording, apart, a, b,
        max_distance, EAR, "nose to ear", f"nose of {a} and nearer ear of {b}",
        min_duration_s=min_duration_s, max_gap_frames=max_gap_frames,
        points=[find_point(recording, b, ear) for ear in ears],
    )  # fmt: skip


@word("s")
def nose_to_body(
    recording: Recording,
    a: str,
    b: str,
    max_distance: float | None = None,
    *,
    min_duration_s: float = 0.0,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts in which the first animal's nose is at the second's body, anywhere along it.

    Less than max_distance from the line through the second's nose, neck, back and tail base, as far
    as it has them (the centre stands in for the back), in unit; default 2.5 cm, or 0.3 body lengths
    when uncalibrated or of animals up to 3.5 cm long: about half an adult mouse's width and 1 cm.
    Nose and tail base included: & ~nose_to_tail(...) leaves them out. min_duration_s: seconds.
    max_gap_frames: see bouts_where.

    Source: ours, after LMT's contacts; a line does not depend on how many points a lab labels.

    >>> still = np.zeros((30, 2))
    >>> points = {"mouse1": {"nose": still + [10, 3]}, "mouse2": {"nose": still}}
    >>> paths = {"mouse1": still + 50, "mouse2": still + [20, 0]}
    >>> recording = Recording.synthetic(paths, points=points)
    >>> nose_to_body(recording, "mouse1", "mouse2", 4).total_s
    1.0
    """
    two_animals(recording, a, b)
    limit, said = reach_limit(recording, a, b, max_distance, NOSE, "max_distance")
    nose = find_point(recording, a, "nose")
    line = body_line(recording, b)
    tip, body = box_of(recording, a, [nose]), box_of(recording, b, line)
    mask = boxes_within(tip, body, limit)
    rows = np.flatnonzero(mask)
    apart = distance_to_line(recording, recording.position(a, nose), b, rows)
    mask[rows] = apart < limit - ROUNDING
    known = known_by_points(recording, mask, limit, (a, [nose]), (b, line))
    return social_bouts(
        recording, mask, a, b, "nose to body", known=known,
        min_duration_s=min_duration_s, max_gap_frames=max_gap_frames,
        definition=f"nose of {a} and body line of {b} < {said} apart",
    )  # fmt: skip


@word("s")
def side_by_side(
    recording: Recording,
    a: str,
    b: str,
    max_distance: float | None = None,
    *,
    way: str = "either",
    min_duration_s: float = 0.0,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts in which two animals lie or walk along each other's side.

    way: "same", both looking the same way, noses less than max_distance apart and tail bases, too;
    "opposite", looking opposite ways, each nose less than that from the other's tail base; or
    "either". max_distance: in unit; default 5.26 cm, or 0.6 body lengths (the mean of both) when
    uncalibrated or of animals up to 3.5 cm long. The same for (a, b) and (b, a). min_duration_s:
    seconds. max_gap_frames: see bouts_where.

    Source: EthoVision's Side by side, after LMT: both distances < 5.26 cm, and the sign of the dot
    product of the bodies' directions says which way.

    >>> still = np.zeros((30, 2))
    >>> points = {
    ...     "mouse1": {"nose": still + 10, "tail_base": still},
    ...     "mouse2": {"nose": still + 12, "tail_base": still + 2},
    ... }
    >>> recording = Recording.synthetic({"mouse1": still + 5, "mouse2": still + 7}, points=points)
    >>> side_by_side(recording, "mouse1", "mouse2", 5, way="same").total_s
    1.0
    """
    two_animals(recording, a, b)
    if way not in ("same", "opposite", "either"):
        raise QueryError(f'way is "same", "opposite" or "either", not "{way}".')
    limit, said = reach_limit(recording, a, b, max_distance, SIDE, "max_distance")
    nose_a, nose_b = (find_point(recording, each, "nose") for each in (a, b))
    tail_a, tail_b = (find_point(recording, each, "tail_base") for each in (a, b))
    body_a, body_b = body_direction(recording, a), body_direction(recording, b)
    along = body_a[:, 0] * body_b[:, 0] + body_a[:, 1] * body_b[:, 1]
    known, mask = np.isfinite(along), np.zeros(recording.n_frames, dtype=bool)
    matched = {"same": (1, nose_b, tail_b), "opposite": (-1, tail_b, nose_b)}
    for name in matched if way == "either" else (way,):
        sign, by_nose, by_tail = matched[name]
        noses = distance_between_points(recording, a, b, nose_a, by_nose)
        tails = distance_between_points(recording, a, b, tail_a, by_tail)
        with np.errstate(invalid="ignore"):
            mask |= (sign * along > 0) & (np.maximum(noses, tails) < limit - ROUNDING)
    return social_bouts(
        recording, mask, a, b, "side by side" + ("" if way == "either" else f", {way} way"),
        known=known, min_duration_s=min_duration_s, max_gap_frames=max_gap_frames,
        definition=f"both ends of the bodies < {said} apart, looking {way} way",
    )  # fmt: skip


@word("s")
def watching(
    recording: Recording,
    a: str,
    b: str,
    min_distance: float | None = None,
    max_distance: float | None = None,
    max_angle_deg: float = 15.0,
    *,
    front: str | None = None,
    back: str | None = None,
    min_duration_s: float = 0.0,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts in which the first animal looks at the second from some way off.

    Its heading is at most max_angle_deg to either side of the direction to the second's centre, and
    their centres are between min_distance and max_distance apart, in unit; default 1 and 5 body
    lengths (the mean of both). front, back: body points for the heading, as in head_angle.
    min_duration_s: seconds; MABe asks for 3.3. max_gap_frames: see bouts_where.

    Source: MABe 2022 as AmadeusGPT has it: 50 to 260 px, 1 to 6 of that clip's nose-to-tail
    lengths, and a head angle below 15 degrees.

    >>> recording = example_recording()
    >>> watching(recording, "animal1", "animal2", 10, 25).start_s.round(3).tolist()
    [0.9]
    """
    two_animals(recording, a, b)
    low, said_low = distance_limit(recording, a, b, min_distance, 1.0, "min_distance")
    high, said_high = distance_limit(recording, a, b, max_distance, 5.0, "max_distance")
    if not low < high:
        raise QueryError(f"watching() needs min_distance < max_distance, not {low:g} and {high:g}.")
    check_numbers(max_angle_deg=max_angle_deg)
    off = head_angle(recording, a, b, front, back)
    apart = distance_between_points(recording, a, b)
    with np.errstate(invalid="ignore"):
        mask = (off <= max_angle_deg + ROUNDING) & (apart >= low - ROUNDING)
        mask &= apart <= high + ROUNDING
    return social_bouts(
        recording, mask, a, b, "watching", known=np.isfinite(off + apart),
        min_duration_s=min_duration_s, max_gap_frames=max_gap_frames,
        definition=f"heading within {max_angle_deg:g} degrees of the direction to {b}, "
        f"{said_low} to {said_high} away",
    )  # fmt: skip
