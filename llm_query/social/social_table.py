"""Every ordered pair of animals in one table: distances, and each behaviour's count and time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from llm_query.bouts import Bouts
from llm_query.errors import QueryError
from llm_query.recording import Recording
from llm_query.social.contacts import contact, facing, head_angle, near, nearest_neighbour_distance
from llm_query.social.encounters import (
    nose_contact,
    nose_to_body,
    nose_to_ear,
    nose_to_tail,
    side_by_side,
    watching,
)
from llm_query.social.huddles import huddle
from llm_query.social.meetings import leave, make_contact, touch
from llm_query.social.pairs import distance_between_points, members, parting_speed
from llm_query.social.pursuit import approach, chase, follow
from llm_query.vocabulary import word

if TYPE_CHECKING:
    import pandas as pd

WINDOW_S = 0.2  # of path for speeds, as in approach
Behaviour = Callable[..., Bouts]
MUTUAL: dict[str, Behaviour] = {
    "near": near, "nose_contact": nose_contact, "side_by_side": side_by_side,
}  # fmt: skip
ORDERED: dict[str, Behaviour] = {
    "nose_to_tail": nose_to_tail, "nose_to_ear": nose_to_ear, "nose_to_body": nose_to_body,
    "approach": approach, "follow": follow, "chase": chase,
    "watching": watching, "facing": facing,
}  # fmt: skip


@word()
def social_measures(
    recording: Recording, animals: Sequence[str] | None = None, *, max_gap_frames: int = 3
) -> pd.DataFrame:
    """Everything between animals at once: one row for every ordered pair, first who does it.

    Columns: subject, target; tracked_fraction (share of all frames in which both are seen);
    distance_mean and distance_min of the centres, with the unit in the name (distance_mean_cm);
    means of relative_speed and of closing_speed over 0.2 s (relative_speed_mean_cm_s; below 0: they
    part), of relative_angle and, of the subject, head_angle (head_angle_mean_deg);
    nearest_fraction, the share of the frames with a known nearest neighbour of the subject in which
    the target is it; then the number of bouts and their seconds, as near_count and near_s, of near,
    contact (of the outlines, or of the points where there are no outlines: contact_by says which),
    nose_contact, side_by_side, huddle (of these two), nose_to_tail, nose_to_ear, nose_to_body,
    approach, make_contact, leave, follow, chase, watching and facing, each with its defaults. NaN
    where a measure needs body points, a heading or a body length that this recording lacks, and
    where no frame could tell. The definitions, worded for the first pair, are in
    .attrs["definitions"]. animals: names; default all. max_gap_frames: see bouts_where.

    Source: each behaviour's own.

    >>> recording = example_recording()
    >>> table = social_measures(recording, ["animal1", "animal2"])
    >>> table[["subject", "distance_min_cm", "approach_count"]].values.tolist()
    [['animal1', 4.0, 1], ['animal2', 4.0, 0]]
    """
    import pandas as pd

    names = members(recording, animals)
    definitions: dict[str, str] = {}
    rows: dict[tuple[str, str], dict[str, Any]] = {
        (a, b): {} for a in names for b in names if a != b
    }
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            _measure_both(recording, a, b, rows, definitions, max_gap_frames)
    table = pd.DataFrame(list(rows.values()))
    table.attrs["definitions"] = definitions
    return table


def _measure_both(
    recording: Recording,
    a: str,
    b: str,
    rows: dict[tuple[str, str], dict[str, Any]],
    definitions: dict[str, str],
    max_gap_frames: int,
) -> None:
    """Fill the rows of (a, b) and (b, a), doing once what is the same for both."""
    shared = _numbers(recording, a, b)
    outlined = a in recording.masks and b in recording.masks

    def record(row: dict[str, Any], name: str, behaviour: Behaviour, *who: str, **given: Any):  # type: ignore[no-untyped-def]
        try:
            bouts = behaviour(recording, *who, max_gap_frames=max_gap_frames, **given)
        except QueryError:  # it needs what this recording lacks
            row[f"{name}_count"], row[f"{name}_s"] = np.nan, np.nan
            return None
        definitions.setdefault(name, bouts.definition)
        row[f"{name}_count"], row[f"{name}_s"] = _counted(bouts)
        return bouts

    for name, behaviour in MUTUAL.items():
        record(shared, name, behaviour, a, b)
    try:
        lying = huddle(recording, [a, b], max_gap_frames=max_gap_frames)
        definitions.setdefault("huddle", lying.definition)
        shared["huddle_count"], shared["huddle_s"] = _counted(lying.only(a))
    except QueryError:
        shared["huddle_count"], shared["huddle_s"] = np.nan, np.nan
    touching = record(shared, "contact", contact if outlined else touch, a, b)
    shared["contact_by"] = "outlines" if outlined else "points"
    for one, other in ((a, b), (b, a)):
        row = rows[one, other]
        row.update(subject=one, target=other, **shared)
        row["head_angle_mean_deg"] = _mean(head_angle, recording, one, other)
        row["nearest_fraction"] = _nearest_fraction(recording, one, other)
        for name, behaviour in ORDERED.items():
            record(row, name, behaviour, one, other)
        record(row, "make_contact", make_contact, one, other, touching=touching)
        record(row, "leave", leave, one, other, after=touching)


def _numbers(recording: Recording, a: str, b: str) -> dict[str, Any]:
    """What is the same for both orders of a pair."""
    from llm_query.social.groups import (  # which registers this module
        relative_angle,
        relative_speed,
    )

    unit, apart = recording.unit, distance_between_points(recording, a, b)
    known = np.isfinite(apart)
    parting = _mean(parting_speed, recording, a, b, WINDOW_S)
    return {
        "tracked_fraction": float(known.mean()),
        f"distance_mean_{unit}": float(apart[known].mean()) if known.any() else np.nan,
        f"distance_min_{unit}": float(apart[known].min()) if known.any() else np.nan,
        f"relative_speed_mean_{unit}_s": _mean(relative_speed, recording, a, b, WINDOW_S),
        f"closing_speed_mean_{unit}_s": -parting,
        "relative_angle_mean_deg": _mean(relative_angle, recording, a, b),
    }


def _mean(measure: Callable[..., np.ndarray], *given: Any) -> float:
    """Mean of a measure where it is known; NaN where it never is, or needs what is not there."""
    try:
        values = measure(*given)
    except QueryError:
        return np.nan
    values = values[np.isfinite(values)]
    return float(values.mean()) if len(values) else np.nan


def _nearest_fraction(recording: Recording, one: str, other: str) -> float:
    nearest = recording.remember(
        ("nearest", one), lambda: nearest_neighbour_distance(recording, one)
    )
    known = np.isfinite(nearest)
    is_other = distance_between_points(recording, one, other)[known] == nearest[known]
    return float(is_other.mean()) if len(is_other) else np.nan


def _counted(bouts: Bouts) -> tuple[float, float]:
    """Number and seconds of one pair's bouts, NaN when no frame could tell."""
    unknown = bouts.unknown.get(bouts.pairs[0])
    if unknown is not None and unknown.all():
        return np.nan, np.nan
    return bouts.count, bouts.total_s
