"""Open field, novel object, three chambers: where an animal is, and what it explores."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from llm_query.assay_parts import (
    called,
    find_drawn,
    find_one,
    index_of,
    outcome,
    said_percent,
    said_s,
    seen_s,
    share,
    with_regions,
)
from llm_query.bout_bins import bin_edges
from llm_query.bouts import Bouts
from llm_query.columns import Result
from llm_query.distances import distance_to_region, find_arena, thigmotaxis
from llm_query.errors import QueryError
from llm_query.figures import plot_trajectory
from llm_query.geometry import ROUNDING, Region
from llm_query.kinematics import distance_moved, mean_speed
from llm_query.recording import Recording
from llm_query.region_rules import Names
from llm_query.social import head_angle
from llm_query.states import bouts_where
from llm_query.vocabulary import word
from llm_query.zones import crossings, in_region

NOSE_CM = 2.0  # novel object: how near the nose is
LEAST_S = 20.0  # novel object: less exploration in all says nothing
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
    table, the last may be shorter; time and distance are divided at its edges.

    Source: Seibenhener and Wooten 2015 (PMC4354627); the centre as one of nine squares as Sylics
    has it. There is no standard, so the definitions are in the result.

    >>> field = Region("field", "rectangle", np.array([[0, 0], [60, 60]]), "arena")
    >>> walk = np.column_stack([np.full(60, 30.0), np.linspace(0.5, 59.5, 60)])
    >>> recording = Recording.synthetic({"a": walk}, fps=10, regions=[field])
    >>> numbers = open_field(recording, "a")["numbers"]
    >>> numbers["centre_time_s"], numbers["centre_entries"], numbers["distance_px"]
    (2.0, 1, 59.0)
    """
    floor = find_arena(recording, arena)
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
        "centre_time_s": inner.total_s, "centre_percent": inner.percent,
        "centre_entries": crossings(inner, inwards=True).count, "centre_visits": inner.count,
        "centre_latency_s": inner.latency_s,
        f"centre_distance_{unit}": distance_moved(recording, animal, during=inner),
        "thigmotaxis_s": outer.total_s, "thigmotaxis_percent": outer.percent,
        "corners_s": corners[0].total_s if corners else float("nan"),
        "corner_visits": corners[0].count if corners else float("nan"),
        "tracked_percent": share(seen_s(recording, animal), recording.duration_s),
    }  # fmt: skip
    rows = _bins(recording, animal, bin_s, {one.behaviour: one for one in parts})
    text = (
        f"{animal} moved {numbers[f'distance_{unit}']:.4g} {unit}, was in the centre for "
        f"{said_s(inner.total_s)} ({said_percent(inner.percent)} of the recording, "
        f"{numbers['centre_entries']} entries) and within {wall:.3g} {unit} of the wall for "
        f"{said_percent(outer.percent)}."
    )
    return outcome(animal, parts, numbers, rows, text, plot_trajectory(recording, [animal]))


def _centre(
    recording: Recording, floor: Region, centre: str | None, centre_share: float
) -> tuple[Recording, str]:
    """The recording with a centre in it, and the name of that region."""
    drawn = [n for n in recording.regions if any(w in n.lower() for w in MIDDLE)]
    if centre is not None or len(drawn) == 1:
        return recording, find_one(recording, centre or drawn[0], MIDDLE, "the centre")
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
    rows = []
    for i, (low, high) in enumerate(pairwise(edges.tolist())):
        row: dict[str, Any] = {
            "bin_start_s": low, "bin_stop_s": high,
            f"distance_{recording.unit}": distance_moved(
                recording, animal, start_s=low, stop_s=high
            ),
        }  # fmt: skip
        for name, table in tables.items():
            row[f"{name}_s"] = float(table["duration_s"].iloc[i])
        rows.append(row)
    return rows


@word("s")
def explores(
    recording: Recording,
    animal: str,
    object: Names,
    max_distance: float | None = None,
    max_angle_deg: float = 45.0,
    *,
    point: str = "nose",
    min_duration_s: float = 0.0,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts in which the animal explores an object: nose at it, head towards it, not on top of it.

    object: a region's name, or several: any of them. max_distance: of the nose from the object's
    edge (0 above it), in cm (px uncalibrated); default 2 cm, uncalibrated it must be given.
    max_angle_deg: of the heading to either side of the direction to the object's middle; 180 does
    not ask for it. point: the nose, or another body point. min_duration_s: seconds. max_gap_frames:
    see bouts_where. Where the body's centre is on the object the animal sits or climbs.

    Source: Leger et al. 2013 (doi 10.1038/nprot.2013.155): nose at most 2 cm away and pointing to
    it, sitting and climbing excluded; 45 degrees is ours.

    >>> cup = Region("cup", "circle", np.array([[100.0, 100.0], [120.0, 100.0]]), "object")
    >>> body, nose = np.tile([60.0, 100.0], (20, 1)), np.tile([75.0, 100.0], (20, 1))
    >>> recording = Recording.synthetic({"a": body}, fps=10, regions=[cup], px_per_cm=10,
    ...     points={"a": {"nose": nose}}, heading_deg={"a": np.zeros(20)})
    >>> explores(recording, "a", "cup").total_s
    2.0
    """
    names = (object,) if isinstance(object, str) else tuple(object)
    limit = _nose_reach(recording, max_distance)
    body = recording.position(animal)
    holds, known = np.zeros(recording.n_frames, bool), np.ones(recording.n_frames, bool)
    for name in names:
        apart = distance_to_region(recording, animal, name, point)
        off = head_angle(recording, animal, name) if max_angle_deg < 180 else np.zeros(len(apart))
        deep = recording.region(name).signed_distance(body)
        told = np.isfinite(apart) & np.isfinite(off) & np.isfinite(deep)
        with np.errstate(invalid="ignore"):
            near, ahead = apart <= limit + ROUNDING, off <= max_angle_deg + ROUNDING
            on_top = deep < -ROUNDING if recording.region(name).has_inside else near & False
            here = told & near & ahead & ~on_top
            never = (apart > limit + ROUNDING) | (off > max_angle_deg + ROUNDING)
        holds |= here
        known &= told | never
    said = " or ".join(names)
    return bouts_where(
        recording, holds, animal, behaviour=f"explores {said}", known=known | holds,
        min_duration_s=min_duration_s, max_gap_frames=max_gap_frames,
        definition=f"{point} within {limit:g} {recording.unit} of {said}, heading within "
        f"{max_angle_deg:g} degrees of its middle, the body's centre not on it",
    )  # fmt: skip


def _nose_reach(recording: Recording, max_distance: float | None) -> float:
    if max_distance is not None:
        if max_distance < 0:
            raise QueryError(f"max_distance is 0 {recording.unit} or more, not {max_distance:g}.")
        return max_distance
    if recording.px_per_cm is None:
        raise QueryError(
            f"{recording.video} has no scale, so 2 cm from an object cannot be told in pixels: set "
            "px per cm for this video, or give max_distance in px."
        )
    return NOSE_CM


@word()
def novel_object(
    recording: Recording,
    animal: str,
    novel: Names | None = None,
    familiar: Names | None = None,
    max_distance: float | None = None,
    max_angle_deg: float = 45.0,
    *,
    min_total_s: float = LEAST_S,
    start_s: float | None = None,
    stop_s: float | None = None,
) -> Result:
    """Novel object recognition: exploration of both objects and the discrimination index.

    novel, familiar: names of regions (the objects' outlines); by default those with "novel" and
    "familiar" in their names. max_distance, max_angle_deg: see explores. min_total_s: less
    exploration of both together, in seconds, is flagged: the index then says little. start_s,
    stop_s: only this part, in seconds. discrimination_index: (N - F) / (N + F), from -1 to 1;
    preference_percent: N of both.

    Source: Ennaceur and Delacour 1988; Leger et al. 2013 (doi 10.1038/nprot.2013.155) for the
    distance and the least exploration of 20 s.

    >>> cups = [Region(n, "circle", np.array([[x, 100.0], [x + 20, 100.0]]), "object")
    ...     for n, x in (("novel", 100.0), ("familiar", 300.0))]
    >>> body, nose = np.tile([60.0, 100.0], (400, 1)), np.tile([75.0, 100.0], (400, 1))
    >>> recording = Recording.synthetic({"a": body}, fps=10, regions=cups, px_per_cm=10,
    ...     points={"a": {"nose": nose}}, heading_deg={"a": np.zeros(400)})
    >>> novel_object(recording, "a")["numbers"]["discrimination_index"]
    1.0
    """
    new = find_drawn(recording, novel, ("novel", "new"), "the novel object")
    old = find_drawn(recording, familiar, ("familiar", "old"), "the familiar object")
    parts = [
        called(explores(recording, animal, names, max_distance, max_angle_deg), f"explores {kind}")
        for kind, names in (("novel", new), ("familiar", old))
    ]
    if start_s is not None or stop_s is not None:
        low = recording.edges_s[0] if start_s is None else start_s
        high = recording.edges_s[-1] if stop_s is None else stop_s
        parts = [one.within(float(low), float(high)) for one in parts]
    n, f = (one.total_s for one in parts)
    index = index_of(n, f)
    numbers = {
        "novel_s": n, "familiar_s": f, "novel_bouts": parts[0].count,
        "familiar_bouts": parts[1].count, "novel_latency_s": parts[0].latency_s,
        "familiar_latency_s": parts[1].latency_s, "total_exploration_s": n + f,
        "discrimination_index": index, "preference_percent": share(n, n + f),
        "too_little_exploration": int(n + f < min_total_s - 1e-9),
        "tracked_percent": share(seen_s(recording, animal), recording.duration_s),
    }  # fmt: skip
    rows = [
        {"object": kind, "region": " or ".join(names), "exploration_s": one.total_s,
         "bouts": one.count, "mean_bout_s": one.mean_s, "latency_s": one.latency_s,
         "censored": one.censored, "definition": one.definition}
        for kind, names, one in zip(("novel", "familiar"), (new, old), parts, strict=True)
    ]  # fmt: skip
    said = "cannot be told" if not np.isfinite(index) else f"is {index:.3f}"
    text = (
        f"{animal} explored the novel object for {said_s(n)} and the familiar one for {said_s(f)}; "
        f"the discrimination index {said}."
    )
    if numbers["too_little_exploration"]:
        text += f" That is less than {min_total_s:g} s in all, too little to judge by."
    return outcome(animal, parts, numbers, rows, text)


@word()
def three_chamber(
    recording: Recording,
    animal: str,
    social: str | None = None,
    empty: str | None = None,
    middle: str | None = None,
    social_cup: str | None = None,
    empty_cup: str | None = None,
    *,
    max_distance: float | None = None,
    max_angle_deg: float = 45.0,
) -> Result:
    """Three-chamber test: time and entries per chamber, sniffing at the cups, preference.

    social, empty, middle: the chambers' names; by default the regions with "social" (or
    "stranger"), "empty" (or "object") and "middle" (or "centre") in their names that are no cups.
    social_cup, empty_cup: the cups; by default the regions with these words and "cup" (or "cage"),
    and without them sniffing is left out. For the test of social novelty name the novel animal's
    chamber as social and the familiar one's as empty. max_distance, max_angle_deg: see explores.
    Indices are (S - E) / (S + E), from -1 to 1.

    Source: Moy et al. 2004 (doi 10.1111/j.1601-1848.2004.00076.x); Nadler et al. 2004.

    >>> boxes = [("social", 0, 30), ("middle", 30, 60), ("empty", 60, 90)]
    >>> regions = [Region(n, "rectangle", np.array([[x, 0], [y, 40]])) for n, x, y in boxes]
    >>> walk = np.column_stack([np.linspace(1, 59, 59), np.full(59, 20.0)])
    >>> recording = Recording.synthetic({"a": walk}, fps=10, regions=regions)
    >>> numbers = three_chamber(recording, "a")["numbers"]
    >>> numbers["social_time_s"], numbers["sociability_index"]
    (3.0, 1.0)
    """
    cups = _cups(recording, social_cup, empty_cup)
    taken = tuple(name for name in cups.values() if name)
    rooms = {
        "social": find_one(recording, social, ("social", "stranger"), "the social chamber", taken),
        "empty": find_one(recording, empty, ("empty", "object"), "the empty chamber", taken),
        "middle": find_one(recording, middle, MIDDLE, "the middle chamber", taken),
    }
    parts = [
        called(in_region(recording, animal, name), f"{kind} chamber")
        for kind, name in rooms.items()
    ]
    numbers: dict[str, float] = {}
    for kind, one in zip(rooms, parts, strict=True):
        numbers |= {
            f"{kind}_time_s": one.total_s, f"{kind}_visits": one.count,
            f"{kind}_entries": crossings(one, inwards=True).count,
            f"{kind}_latency_s": one.latency_s,
        }  # fmt: skip
    numbers["sociability_index"] = index_of(numbers["social_time_s"], numbers["empty_time_s"])
    rows = [
        {"part": one.behaviour, "region": name, "time_s": one.total_s, "visits": one.count,
         "latency_s": one.latency_s, "censored": one.censored}
        for one, name in zip(parts, rooms.values(), strict=True)
    ]  # fmt: skip
    text = (
        f"{animal} was in the social chamber for {said_s(numbers['social_time_s'])} and in the "
        f"empty one for {said_s(numbers['empty_time_s'])}."
    )
    if all(cups.values()):
        sniffs = [
            called(
                explores(recording, animal, str(name), max_distance, max_angle_deg),
                f"sniffs {kind} cup",
            )
            for kind, name in cups.items()
        ]
        for kind, one in zip(cups, sniffs, strict=True):
            numbers |= {f"{kind}_sniffing_s": one.total_s, f"{kind}_sniffing_bouts": one.count}
        both = numbers["social_sniffing_s"], numbers["empty_sniffing_s"]
        numbers["sniffing_index"] = index_of(*both)
        text += f" It sniffed at the cups for {said_s(both[0])} and {said_s(both[1])}."
        parts += sniffs
        rows += [
            {"part": one.behaviour, "region": name, "time_s": one.total_s, "visits": one.count,
             "latency_s": one.latency_s, "censored": one.censored}
            for one, name in zip(sniffs, cups.values(), strict=True)
        ]  # fmt: skip
    numbers["tracked_percent"] = share(seen_s(recording, animal), recording.duration_s)
    return outcome(animal, parts, numbers, rows, text)


def _cups(recording: Recording, social: str | None, empty: str | None) -> dict[str, str | None]:
    """The cups of both kinds; None where none is drawn."""
    found: dict[str, str | None] = {}
    for kind, given, words in (
        ("social", social, ("social", "stranger")), ("empty", empty, ("empty", "object")),
    ):  # fmt: skip
        fitting = [
            name for name in recording.regions
            if _has(name, ("cup", "cage")) and _has(name, words)
        ]  # fmt: skip
        found[kind] = given or (fitting[0] if len(fitting) == 1 else None)
        if given is not None:
            recording.region(given)
    return found


def _has(name: str, words: Sequence[str]) -> bool:
    """Whether any of the words is in a region's name."""
    return any(one in name.lower() for one in words)
