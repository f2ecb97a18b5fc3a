"""Every ordered pair of animals in one table: distances, and each behaviour's count and time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from llm_query.bouts import Bouts
from llm_query.encounters import (
    nose_contact,
    nose_to_body,
    nose_to_ear,
    nose_to_tail,
    side_by_side,
    watching,
)
from llm_query.errors import QueryError
from llm_query.meetings import leave, make_contact, touch
from llm_query.pairs import distance_between_points, members
from llm_query.pursuit import approach, chase, follow
from llm_query.recording import Recording
from llm_query.social import contact, facing, near
from llm_query.vocabulary import word

if TYPE_CHECKING:
    import pandas as pd

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
    then the number of bouts and their seconds, as near_count and near_s, of near, contact (of the
    outlines, or of the points where there are no outlines: contact_by says which), nose_contact,
    side_by_side, nose_to_tail, nose_to_ear, nose_to_body, approach, make_contact, leave, follow,
    chase, watching and facing, each with its defaults. NaN where a measure needs body points, a
    heading or a body length that this recording lacks. The definitions, worded for the first pair,
    are in .attrs["definitions"]. animals: names; default all. max_gap_frames: see bouts_where.

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
    apart = distance_between_points(recording, a, b)
    known = np.isfinite(apart)
    shared: dict[str, Any] = {
        "tracked_fraction": float(known.mean()),
        f"distance_mean_{recording.unit}": float(apart[known].mean()) if known.any() else np.nan,
        f"distance_min_{recording.unit}": float(apart[known].min()) if known.any() else np.nan,
    }
    outlined = a in recording.masks and b in recording.masks

    def record(row: dict[str, Any], name: str, behaviour: Behaviour, *who: str, **given: Any):  # type: ignore[no-untyped-def]
        try:
            bouts = behaviour(recording, *who, max_gap_frames=max_gap_frames, **given)
        except QueryError:  # it needs what this recording lacks
            row[f"{name}_count"], row[f"{name}_s"] = np.nan, np.nan
            return None
        definitions.setdefault(name, bouts.definition)
        row[f"{name}_count"], row[f"{name}_s"] = bouts.count, bouts.total_s
        return bouts

    for name, behaviour in MUTUAL.items():
        record(shared, name, behaviour, a, b)
    touching = record(shared, "contact", contact if outlined else touch, a, b)
    shared["contact_by"] = "outlines" if outlined else "points"
    for one, other in ((a, b), (b, a)):
        row = rows[one, other]
        row.update(subject=one, target=other, **shared)
        for name, behaviour in ORDERED.items():
            record(row, name, behaviour, one, other)
        record(row, "make_contact", make_contact, one, other, touching=touching)
        record(row, "leave", leave, one, other, after=touching)
