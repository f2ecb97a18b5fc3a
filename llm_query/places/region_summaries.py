"""Everything that zone tables hold, one row per region and one for being outside all of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from llm_query.algebra.bout_pairs import state
from llm_query.bouts import Bouts
from llm_query.checks import check_bouts
from llm_query.errors import QueryError
from llm_query.known_time import known_s, told
from llm_query.places.distances import moving_away, moving_towards
from llm_query.places.region_rules import Inside, Names, border_distance, find_names
from llm_query.places.visit_rows import all_regions, moved
from llm_query.places.zones import crossings, head_in_region, in_region
from llm_query.recording import Recording
from llm_query.vocabulary import word

if TYPE_CHECKING:
    import pandas as pd

OUTSIDE = "outside all regions"


@word()
def region_summary(
    recording: Recording,
    animal: str,
    regions: Names | None = None,
    point: Names = "centre",
    *,
    min_speed: float | None = None,
    states: Sequence[Bouts] = (),
    **rule: Unpack[Inside],
) -> pd.DataFrame:
    """Table of all zone measures, one row per region and one for the time outside all of them.

    regions, point and rule: as in visits. Columns, lengths in cm (px uncalibrated): entries, exits,
    visits, first (it was here first), time_s, share_of_tracked and share_of_recording (0 to 1),
    shared_s (the part of time_s in which it was in another of these regions, too), distance_moved
    and mean_speed of the centre while inside, latency_s with censored, first_entry_s, first_exit_s,
    longest, shortest and mean visit_s, mean, min and max distance of the centre from the region (0
    inside) over the whole recording, and from its border while inside; time moving towards it and
    away from it (min_speed: as in moving_towards), head_time_s and head_entries. NaN is what could
    not be told, as everything of an animal that was never seen. Outside is where it is in none of
    the regions by the rule. states: bouts of this animal, such as [immobile(recording, animal)];
    each adds time_immobile_s and immobile_bouts, its time inside and how many of its bouts began
    inside.

    Source: the zone tables of ANY-maze and SimBA.

    >>> table = region_summary(example_recording(), "animal1", ["corner"])
    >>> table[["region", "time_s", "entries", "exits"]].values.tolist()
    [['corner', 3.5, 1, 0], ['outside all regions', 2.5, 0, 1]]
    """
    import pandas as pd

    names = all_regions(recording) if regions is None else find_names(regions)
    wanted: list[Any] = list(states) if isinstance(states, list | tuple) else [states]
    for each in wanted:
        check_bouts("states", each)
    inside = [in_region(recording, animal, name, point, **rule) for name in names]
    masks = np.array([each.mask() for each in inside])
    crowded = masks.sum(axis=0) > 1
    outside = _outside(inside)
    rows = []
    for name, bouts in zip(names, inside, strict=True):
        more = {
            **_distances(recording, animal, name, bouts),
            **_ways(recording, animal, name, min_speed),
            **_head(recording, animal, name, rule),
        }
        entries, exits = (crossings(bouts, inwards=way) for way in (True, False))
        rows.append({**_row(recording, animal, name, bouts, entries, exits, crowded), **more})
    entries, exits = (crossings(outside, inwards=way) for way in (True, False))
    rows.append(_row(recording, animal, OUTSIDE, outside, entries, exits, crowded))
    for row, bouts in zip(rows, [*inside, outside], strict=True):
        for each in wanted:
            row |= _state(bouts, each.only(animal))
    earliest = min((r["latency_s"] for r in rows[:-1] if not r["censored"]), default=np.nan)
    for row in rows:
        row["first"] = bool(row["latency_s"] == earliest) and row["region"] != OUTSIDE
    return pd.DataFrame(rows)


def _outside(inside: Sequence[Bouts]) -> Bouts:
    """In none of the regions, each judged on its own: in two by halves is outside, too."""
    states = [state(each, each.pairs[0]) for each in inside]
    held = np.any([mask for mask, _ in states], axis=0)
    unknown = np.any([unseen for _, unseen in states], axis=0) & ~held
    pair = inside[0].pairs[0]
    return Bouts.from_masks({pair: (~held & ~unknown, unknown)}, inside[0].edges_s, OUTSIDE)


def _row(
    recording: Recording,
    animal: str,
    region: str,
    bouts: Bouts,
    entries: Bouts,
    exits: Bouts,
    crowded: np.ndarray,
) -> dict[str, Any]:
    frame_s, unit = np.diff(recording.edges_s), recording.unit
    tracked_s = known_s(bouts)
    distance, moving_s = moved(recording, animal, bouts.start_frame, bouts.stop_frame)
    went = float(np.nansum(distance)) if np.isfinite(distance).any() else np.nan
    shortest = float(bouts.durations_s.min()) if bouts.count else np.nan
    return {
        "animal": animal, "region": region, "entries": told(bouts, entries.count),
        "exits": told(bouts, exits.count), "visits": told(bouts, bouts.count), "first": False,
        "time_s": told(bouts, bouts.total_s),
        "share_of_tracked": bouts.total_s / tracked_s if tracked_s else np.nan,
        "share_of_recording": told(bouts, bouts.fraction),
        "shared_s": told(bouts, float(frame_s[bouts.mask() & crowded].sum())),
        f"distance_moved_{unit}": went,
        f"mean_speed_{unit}_s": went / moving_s.sum() if moving_s.sum() > 0 else np.nan,
        "latency_s": bouts.latency_s, "censored": bouts.censored,
        "first_entry_s": entries.latency_s, "first_exit_s": exits.latency_s,
        "longest_visit_s": bouts.longest_s, "shortest_visit_s": shortest,
        "mean_visit_s": bouts.mean_s, "tracked_s": tracked_s,
    }  # fmt: skip


def _state(bouts: Bouts, other: Bouts) -> dict[str, float]:
    """The time of another state inside, and how many of its bouts began inside."""
    name = re.sub(r"\W+", "_", other.behaviour).strip("_") or "state"
    inside = bouts.mask()
    shared = float(np.diff(bouts.edges_s)[inside & other.mask()].sum())
    began = int(inside[other.start_frame].sum())
    return {
        f"time_{name}_s": told(bouts, told(other, shared)),
        f"{name}_bouts": told(bouts, told(other, began)),
    }


def _distances(recording: Recording, animal: str, region: str, bouts: Bouts) -> dict[str, float]:
    """Of the centre from the region, 0 inside, and from its border while it is inside."""
    signed = border_distance(recording, animal, "centre", recording.region(region))
    found = {}
    for what, values in (
        ("from_region", np.maximum(signed, 0)),
        ("to_border", -signed[bouts.mask() & (signed <= 0)]),
    ):
        known = values[np.isfinite(values)]
        for name, reduce in (("mean", np.mean), ("min", np.min), ("max", np.max)):
            key = f"{name}_distance_{what}_{recording.unit}"
            found[key] = float(reduce(known)) if len(known) else np.nan
    return found


def _ways(
    recording: Recording, animal: str, region: str, min_speed: float | None
) -> dict[str, float]:
    try:
        towards = moving_towards(recording, animal, region, min_speed)
        away = moving_away(recording, animal, region, min_speed)
    except QueryError:
        if min_speed is not None:
            raise
        return {"moving_towards_s": np.nan, "moving_away_s": np.nan}  # no length for the default
    return {
        "moving_towards_s": told(towards, towards.total_s),
        "moving_away_s": told(away, away.total_s),
    }


def _head(recording: Recording, animal: str, region: str, rule: Inside) -> dict[str, float]:
    timing: Inside = {"min_outside_s": rule.get("min_outside_s", 0.0)}
    timing["min_duration_s"] = rule.get("min_duration_s", 0.0)
    timing["max_gap_frames"] = rule.get("max_gap_frames", 3)
    try:
        head = head_in_region(recording, animal, region, **timing)
    except QueryError:
        return {"head_time_s": np.nan, "head_entries": np.nan}  # neither nose nor heading
    entries = crossings(head, inwards=True).count
    return {"head_time_s": told(head, head.total_s), "head_entries": told(head, entries)}
