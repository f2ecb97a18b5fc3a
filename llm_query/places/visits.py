"""Visits to regions: each one in a table, who was first where, and a summary per region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from llm_query.checks import check_number, check_period
from llm_query.columns import Result
from llm_query.errors import QueryError
from llm_query.geometry import ROUNDING
from llm_query.known_time import known_frames, left_censored, watched_s
from llm_query.places.region_rules import Inside, Names, find_names, locate
from llm_query.places.region_summaries import (
    region_summary as region_summary,  # registers the words
)
from llm_query.places.routes import arm_entries as arm_entries
from llm_query.places.routes import transitions as transitions
from llm_query.places.visit_rows import all_regions, visit_table
from llm_query.places.zones import crossings, in_region
from llm_query.recording import Recording
from llm_query.sentences import said, seconds
from llm_query.tools import chosen_frames, later
from llm_query.vocabulary import word

if TYPE_CHECKING:
    import pandas as pd


@word()
def visits(
    recording: Recording,
    animal: str,
    regions: Names | None = None,
    point: Names = "centre",
    **rule: Unpack[Inside],
) -> pd.DataFrame:
    """Table of every visit to every region, in order: when, how long, how far, from and to where.

    regions: names; by default all but the arena. point and rule: as in in_region. Columns: animal,
    region, start_frame, stop_frame, start_s, stop_s, duration_s; distance_moved_cm and
    mean_speed_cm_s (px uncalibrated) of the centre while inside; entered and left, whether the
    entry and the exit were seen; came_from and went_to, the region visited before and after, empty
    where there is none or a gap hides it. Regions that overlap have visits at the same time.

    Source: ANY-maze and SimBA, zone visits; from real frame times.

    >>> table = visits(example_recording(), "animal1")
    >>> table[["region", "start_s", "stop_s", "distance_moved_cm", "entered"]].values.tolist()
    [['corner', 2.5, 6.0, 5.0, True]]
    """
    import pandas as pd

    return pd.DataFrame(visit_table(recording, animal, regions, point, **rule))


@word()
def region_latency(
    recording: Recording,
    animal: str,
    regions: Names | None = None,
    point: Names = "centre",
    **rule: Unpack[Inside],
) -> pd.DataFrame:
    """Table of when the animal was first in each region; one it never reached is censored.

    regions, point and rule: as in visits. latency_s: from the recording's start to the first frame
    inside, 0 if it starts there, NaN with censored True if it never came until watched_s, the end
    of the last frame in which it was seen (0: it never was). left_censored: it was unseen right
    before, for more than max_gap_frames, so that it may have come earlier than latency_s, and
    unseen_before_s: for how many seconds until then nobody could tell. first_entry_s and
    first_exit_s: the same for the first entry and exit that were seen. first: whether it was here
    before it was in any other of these regions.

    Source: ANY-maze, latency to first entry and was-first-zone; censoring as survival analysis
    needs it (a latency of 0 or of the session's length would bias every mean).

    >>> table = region_latency(example_recording(), "animal2", ["corner"])
    >>> table[["latency_s", "censored", "first"]].values.tolist()
    [[0.0, False, True]]
    """
    import pandas as pd

    return pd.DataFrame(_latencies(recording, animal, regions, point, **rule))


def _latencies(
    recording: Recording, animal: str, regions: Names | None, point: Names, **rule: Unpack[Inside]
) -> list[dict[str, Any]]:
    names = all_regions(recording) if regions is None else find_names(regions)
    frame_s, gap = np.diff(recording.edges_s), rule.get("max_gap_frames", 3)
    rows: list[dict[str, Any]] = []
    for name in names:
        found = in_region(recording, animal, name, point, **rule)
        until = int(found.start_frame[0]) if found.count else recording.n_frames
        rows.append({
            "animal": animal, "region": name, "latency_s": found.latency_s,
            "censored": found.censored, "watched_s": watched_s(found),
            "left_censored": left_censored(found, gap),
            "unseen_before_s": float(frame_s[:until][~known_frames(found)[:until]].sum()),
            "first_entry_s": crossings(found, inwards=True).latency_s,
            "first_exit_s": crossings(found, inwards=False).latency_s,
        })  # fmt: skip
    earliest = min((r["latency_s"] for r in rows if not r["censored"]), default=np.nan)
    return [{**row, "first": bool(row["latency_s"] == earliest)} for row in rows]


@word()
def first_region(
    recording: Recording,
    animal: str,
    regions: Names | None = None,
    point: Names = "centre",
    **rule: Unpack[Inside],
) -> Result:
    """Which of the regions the animal was in first, and when; the table has all latencies.

    regions, point and rule: as in visits. numbers: latency_s; censored, whether it was in none
    until watched_s, when it was last seen (0: never); left_censored, as in region_latency.

    Source: ANY-maze, was-first-zone.

    >>> first_region(example_recording(), "animal1", ["corner"])["text"]
    'animal1 was first in the corner, after 2.50 s.'
    """
    rows = _latencies(recording, animal, regions, point, **rule)
    first = [row for row in rows if row["first"]]
    until_s = max(row["watched_s"] for row in rows)
    listed = " or ".join(str(row["region"]) for row in rows)
    if first:
        where = " and ".join(said(f"in {row['region']}", "").removeprefix(" was ") for row in first)
        waited = first[0]["latency_s"]
        when = f"after {seconds(waited)}" if waited > 0 else "from the start"
        unseen = " at the latest: it was not seen right before" * first[0]["left_censored"]
        text = f"{animal} was first {where}, {when}{unseen}."
    elif until_s > 0:
        last = ", when it was last seen" * (until_s < recording.duration_s - 1e-6)
        text = f"{animal} was never in {listed} (censored at {seconds(until_s)}{last})."
    else:
        text = f"{animal} was never seen in {recording.video}: if it was in {listed} is unknown."
    latency_s = float(first[0]["latency_s"]) if first else float("nan")
    return Result(
        numbers={
            "latency_s": latency_s, "censored": not first, "watched_s": until_s,
            "left_censored": bool(first and first[0]["left_censored"]),
        },
        table=later(rows), text=text,
    )  # fmt: skip


@word()
def occupancy(
    recording: Recording,
    animal: str,
    bin_size: float,
    point: str = "centre",
    start_s: float | None = None,
    stop_s: float | None = None,
) -> pd.DataFrame:
    """Table of where in the picture the animal spent its time: seconds per square.

    bin_size: side of the squares in cm (px uncalibrated), counted from the top left corner of the
    picture. start_s, stop_s: only this part, in seconds. One row per square it was in: animal,
    x_cm and y_cm (px uncalibrated), the square's middle; seconds; share of the time in which it was
    seen. The seconds add up to that time exactly. Left and upper edges belong to a square.

    Source: ours; the two-dimensional histogram of every occupancy map, in seconds by real frame
    times instead of frame counts.

    >>> occupancy(example_recording(), "animal2", 10)[["x_cm", "y_cm", "seconds"]].values.tolist()
    [[35.0, 25.0, 6.0]]
    """
    import pandas as pd

    check_number("bin_size", bin_size, recording.unit)
    check_period(start_s, stop_s)
    if not bin_size > 0:
        raise QueryError(f"bin_size is a length above 0 in {recording.unit}, not {bin_size:g}.")
    position = locate(recording, animal, point)
    rows = chosen_frames(recording, start_s, stop_s, None) & np.isfinite(position).all(axis=1)
    squares = np.floor(position[rows] / bin_size + ROUNDING).astype(np.int64)
    which, number = np.unique(squares, axis=0, return_inverse=True)
    seconds_in = np.bincount(number.ravel(), np.diff(recording.edges_s)[rows], len(which))
    middle, unit = (which + 0.5) * bin_size, recording.unit
    whole = seconds_in.sum()
    return pd.DataFrame({
        "animal": animal, f"x_{unit}": middle[:, 0], f"y_{unit}": middle[:, 1],
        "seconds": seconds_in, "share": seconds_in / whole if whole else seconds_in,
    })  # fmt: skip
