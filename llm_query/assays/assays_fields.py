"""Open field: centre, walls and corners, in time bins."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from llm_query.algebra.bout_bins import bin_edges
from llm_query.algebra.intervals import TOLERANCE_S
from llm_query.assays.assay_parts import (
    after_gap,
    called,
    find_one,
    outcome,
    said_percent,
    said_s,
    said_times,
    seen_s,
    share,
    with_regions,
)
from llm_query.bouts import Bouts
from llm_query.checks import check_number
from llm_query.columns import Result
from llm_query.errors import QueryError
from llm_query.figures.basic import plot_trajectory
from llm_query.geometry import ROUNDING, Region
from llm_query.individual.kinematics import distance_moved, mean_speed
from llm_query.known_time import told
from llm_query.places.distances import find_arena, thigmotaxis
from llm_query.places.zones import crossings, in_region
from llm_query.recording import Recording
from llm_query.states import bouts_where
from llm_query.vocabulary import word

CENTRE_SHARE = 1 / 9
MIDDLE = ("centre", "center", "middle")


@word()
def open_field(
    recording: Recording,
    animal: str,
    arena: str | None = None,
    centre: str | None = None,
    *,
    centre_share: float = CENTRE_SHARE,
    wall_distance: float | None = None,
    corner_distance: float | None = None,
    bin_s: float = 60.0,
) -> Result:
    """Open field: distance, speed, time and entries of the centre, along the wall, in the corners.

    arena: the region that is the floor; by default the only one with that role. centre: a region's
    name; without one, the middle part of the arena, of the same shape, with centre_share of its
    area (0 to 1). wall_distance: thigmotaxis is nearer to the wall than this; corner_distance: in a
    corner is nearer to one of the arena's corners; both in cm (px uncalibrated), by default 1/6 and
    1/4 of the arena's shorter side; a round arena has no corners. bin_s: seconds per row of the
    table, the last may be shorter; time and distance are divided at its edges. centre_percent and
    thigmotaxis_percent are of the recording's length. A visit that begins after frames in which the
    animal was not seen is counted in visits and in visits_after_gap.

    Source: Seibenhener and Wooten 2015 (PMC4354627); the centre as one of nine squares as Sylics
    has it. There is no standard, so the definitions are in the result.

    >>> from llm_query.geometry import Region
    >>> field = Region("field", "rectangle", np.array([[0, 0], [60, 60]]), "arena")
    >>> walk = np.column_stack([np.full(60, 30.0), np.linspace(0.5, 59.5, 60)])
    >>> recording = Recording.synthetic({"a": walk}, fps=10, regions=[field])
    >>> numbers = open_field(recording, "a")["numbers"]
    >>> numbers["centre_time_s"], numbers["centre_entries"], numbers["distance_px"]
    (2.0, 1, 59.0)
    """
    floor = find_arena(recording, arena)
    check_number("bin_s", bin_s, "seconds")
    if corner_distance is not None:
        check_number("corner_distance", corner_distance, recording.unit)
    with_centre, middle = _centre(recording, floor, centre, centre_share)
    side = float(np.ptp(_box(floor), axis=0).min())
    wall = side / 6 if wall_distance is None else wall_distance
    corner = side / 4 if corner_distance is None else corner_distance
    inner = called(in_region(with_centre, animal, middle), "centre")
    outer = called(thigmotaxis(recording, animal, wall, floor.name), "thigmotaxis")
    corners = _in_corners(recording, animal, floor, corner)
    parts = [inner, outer, *corners]
    unit = recording.unit
    numbers: dict[str, float] = {
        f"distance_{unit}": distance_moved(recording, animal),
        f"mean_speed_{unit}_s": mean_speed(recording, animal),
        "centre_time_s": told(inner, inner.total_s), "centre_percent": told(inner, inner.percent),
        "centre_entries": told(inner, crossings(inner, inwards=True).count),
        "centre_visits": told(inner, inner.count), "centre_visits_after_gap": after_gap(inner),
        "centre_latency_s": inner.latency_s,
        f"centre_distance_{unit}": distance_moved(recording, animal, during=inner),
        "thigmotaxis_s": told(outer, outer.total_s),
        "thigmotaxis_percent": told(outer, outer.percent),
        "corners_s": told(corners[0], corners[0].total_s) if corners else float("nan"),
        "corner_visits": told(corners[0], corners[0].count) if corners else float("nan"),
        "tracked_percent": share(seen_s(recording, animal), recording.duration_s),
    }  # fmt: skip
    rows = _bins(recording, animal, bin_s, {one.behaviour: one for one in parts})
    text = (
        f"{animal} moved {numbers[f'distance_{unit}']:.4g} {unit}, was in the centre for "
        f"{said_s(inner.total_s)} ({said_percent(inner.percent)} of the recording, "
        f"{said_times(numbers['centre_entries'], 'entry')}) and within {wall:.3g} {unit} of "
        f"the wall for {said_percent(outer.percent)}."
    )
    return outcome(
        recording, animal, parts, numbers, rows, text, plot_trajectory(recording, [animal])
    )


def _centre(
    recording: Recording, floor: Region, centre: str | None, centre_share: float
) -> tuple[Recording, str]:
    """The recording with a centre in it, and the name of that region."""
    drawn = [n for n in recording.regions if any(w in n.lower() for w in MIDDLE)]
    if centre is not None or len(drawn) == 1:
        return recording, find_one(recording, centre or drawn[0], MIDDLE, "the centre")
    check_number("centre_share", centre_share, most=1)
    if not 0 < centre_share < 1:
        raise QueryError(f"centre_share is a share of the arena, 0 to 1, not {centre_share:g}.")
    name = f"inner {100 * centre_share:.3g} % of {floor.name}"
    inside = floor.centre + (floor.points - floor.centre) * np.sqrt(centre_share)
    return with_regions(recording, Region(name, floor.kind, inside)), name


def _box(floor: Region) -> np.ndarray:
    """(2, 2) smallest and largest x and y of a region."""
    if floor.kind == "circle":
        radius = float(np.hypot(*(floor.points[1] - floor.points[0])))
        return np.array([floor.points[0] - radius, floor.points[0] + radius])
    return np.array([floor.points.min(axis=0), floor.points.max(axis=0)])


def _in_corners(recording: Recording, animal: str, floor: Region, within: float) -> list[Bouts]:
    """The time near any corner of the arena; none when it is round."""
    if floor.kind == "circle" or len(floor.outline) > 6:
        return []
    place = recording.position(animal)
    apart = np.min([np.hypot(*(place - corner).T) for corner in floor.outline], axis=0)
    with np.errstate(invalid="ignore"):
        near = apart <= within + ROUNDING
    return [
        bouts_where(
            recording, near, animal, behaviour="corner", known=np.isfinite(apart),
            definition=f'centre within {within:g} {recording.unit} of a corner of "{floor.name}"',
        )
    ]  # fmt: skip


def _bins(
    recording: Recording, animal: str, bin_s: float, parts: dict[str, Bouts]
) -> list[dict[str, Any]]:
    """One row per time bin: distance, and seconds of each part."""
    edges = bin_edges(recording.edges_s, bin_s, None, None)
    tables = {name: bouts.in_bins(bin_s) for name, bouts in parts.items()}
    frames = np.histogram(recording.time_s + TOLERANCE_S, edges)[0]  # none at a slow stretch
    rows = []
    for i, (low, high) in enumerate(pairwise(edges.tolist())):
        row: dict[str, Any] = {
            "bin_start_s": low, "bin_stop_s": high,
            f"distance_{recording.unit}": distance_moved(
                recording, animal, start_s=low, stop_s=high
            ) if frames[i] else float("nan"),
        }  # fmt: skip
        for name, table in tables.items():
            part = parts[name].within(low, high) if frames[i] else None
            seconds = float(table["duration_s"].iloc[i])
            row[f"{name}_s"] = float("nan") if part is None else told(part, seconds)
        rows.append(row)
    return rows
