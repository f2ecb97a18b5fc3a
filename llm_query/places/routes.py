"""From region to region: the order of visits, how often which follows which, alternation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Unpack

import numpy as np

from llm_query.places.region_rules import Inside, Names, find_names
from llm_query.places.visit_rows import check_apart, find_visits, visit_table
from llm_query.recording import Recording
from llm_query.vocabulary import word

if TYPE_CHECKING:
    import pandas as pd


@word()
def transitions(
    recording: Recording,
    animal: str,
    regions: Names | None = None,
    point: Names = "centre",
    *,
    max_between_s: float | None = None,
    **rule: Unpack[Inside],
) -> pd.DataFrame:
    """Table of how often the animal went from each region to each, zeros included.

    regions, point and rule: as in visits; regions that overlap are refused. A transition leads from
    one visit to the next one, also back into the same region, whatever lies between; none is
    counted across a gap of more than max_gap_frames. max_between_s: seconds from the end of one
    visit to the start of the next, at most. Columns: animal, from_region, to_region, count, and
    share, of all transitions from that region (NaN when there are none).

    Source: SimBA, transitions between zones; gaps and zeros are ours.

    >>> transitions(example_recording(), "animal1", ["corner"])["count"].tolist()
    [0]
    """
    import pandas as pd

    found = find_visits(recording, animal, regions, point, **rule)
    check_apart(recording, animal, found.regions)
    size = len(found.regions)
    pairs = np.zeros((size, size), dtype=np.int64)
    if len(found.region) > 1:
        begin = recording.edges_s[found.start[1:]]
        between = begin - recording.edges_s[found.stop[:-1]]
        counted = found.gap[found.stop[:-1]] == found.gap[found.start[1:]]
        if max_between_s is not None:
            counted &= between <= max_between_s + 1e-6
        np.add.at(pairs, (found.region[:-1][counted], found.region[1:][counted]), 1)
    leaving = np.repeat(pairs.sum(axis=1), size)
    with np.errstate(invalid="ignore"):
        share = np.where(leaving > 0, pairs.ravel() / np.maximum(leaving, 1), np.nan)
    names = np.array(found.regions, dtype=object)
    return pd.DataFrame({
        "animal": animal, "from_region": np.repeat(names, size), "to_region": np.tile(names, size),
        "count": pairs.ravel(), "share": share,
    })  # fmt: skip


@word()
def arm_entries(
    recording: Recording,
    animal: str,
    arms: Names,
    point: Names = "centre",
    *,
    start_counts: bool = False,
    **rule: Unpack[Inside],
) -> pd.DataFrame:
    """Table of the entries into the arms of a maze, in order.

    arms: the regions; they may not overlap. point and rule: as in in_region, for instance all four
    paws with need="all". start_counts: whether being in an arm when the animal is first seen is its
    first entry. Columns: entry (from 1), and those of visits.

    Source: arm entries of Y, T, plus and radial mazes.

    >>> arm_entries(example_recording(), "animal1", ["corner"])[["entry", "region"]].values.tolist()
    [[1, 'corner']]
    """
    import pandas as pd

    check_apart(recording, animal, find_names(arms))
    table = pd.DataFrame(visit_table(recording, animal, arms, point, **rule))
    counted = table["entered"].to_numpy().copy()
    if start_counts and len(counted):
        counted[0] = True
    table = table[counted].reset_index(drop=True)
    table.insert(0, "entry", np.arange(1, len(table) + 1))
    return table


def alternation(order: Sequence[str], arms: int = 3) -> tuple[int, int]:
    """How many runs of `arms` entries in a row were into as many different arms, and of how many.

    Source: spontaneous alternation in overlapping triads, of entries - 2 possible (Hughes 2004).

    >>> alternation(["A", "B", "C", "A", "C", "A"])
    (2, 4)
    """
    possible = max(len(order) - arms + 1, 0)
    return sum(len(set(order[i : i + arms])) == arms for i in range(possible)), possible
