"""Boxes of several compartments: three chambers, light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from llm_query.assays.assay_parts import (
    after_gap,
    called,
    entry_rule,
    find_one,
    index_of,
    known_of,
    numbers_of,
    outcome,
    said_percent,
    said_s,
    said_times,
    seen_s,
    share,
)
from llm_query.assays.assays_objects import explores
from llm_query.bouts import Bouts
from llm_query.columns import Result
from llm_query.individual.kinematics import distance_moved
from llm_query.known_time import told
from llm_query.places.zones import crossings, in_region
from llm_query.recording import Recording
from llm_query.states import bouts_where
from llm_query.vocabulary import word

MIDDLE = ("centre", "center", "middle")


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
    Indices are (S - E) / (S + E), from -1 to 1. Visits under way at the start, and those that begin
    after frames in which the animal was not seen (visits_after_gap), are visits; an entry is seen
    outside before, whenever that was.

    Source: Moy et al. 2004 (doi 10.1111/j.1601-1848.2004.00076.x); Nadler et al. 2004.

    >>> from llm_query.geometry import Region
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
            f"{kind}_time_s": told(one, one.total_s), f"{kind}_visits": told(one, one.count),
            f"{kind}_entries": told(one, crossings(one, inwards=True).count),
            f"{kind}_visits_after_gap": after_gap(one),
            f"{kind}_latency_s": one.latency_s,
        }  # fmt: skip
    numbers["sociability_index"] = index_of(numbers["social_time_s"], numbers["empty_time_s"])
    rows = [_row(one, name) for one, name in zip(parts, rooms.values(), strict=True)]
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
            numbers |= numbers_of(one, f"{kind}_sniffing")
        both = numbers["social_sniffing_s"], numbers["empty_sniffing_s"]
        numbers["sniffing_index"] = index_of(*both)
        if np.isfinite(both).any():
            text += " It sniffed at the cups for {} and {}.".format(
                *(said_s(each, "an unknown time") for each in both)
            )
        else:
            text += " Whether it sniffed at the cups could not be told."
        parts += sniffs
        rows += [_row(one, name) for one, name in zip(sniffs, cups.values(), strict=True)]
    numbers["tracked_percent"] = share(seen_s(recording, animal), recording.duration_s)
    return outcome(recording, animal, parts, numbers, rows, text)


def _row(one: Bouts, region: str | None) -> dict[str, Any]:
    return {
        "part": one.behaviour, "region": region, "time_s": told(one, one.total_s),
        "visits": told(one, one.count), "latency_s": one.latency_s, "censored": one.censored,
    }  # fmt: skip


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


@word()
def light_dark(
    recording: Recording,
    animal: str,
    light: str | None = None,
    dark: str | None = None,
    rule: str = "centre",
    *,
    unseen_is_dark: bool = False,
    min_visit_s: float = 0.0,
) -> Result:
    """Light/dark box: time in each compartment, transitions, latencies to leave and to come back.

    light, dark: names of regions; by default those with "light" and "dark" in their names. rule: as
    in plus_maze. min_visit_s: shortest visit in seconds. unseen_is_dark: True for a dark
    compartment under a roof: frames in which the animal is not seen count as in the dark; then the
    dark need not be drawn. A transition is a change from one compartment to the other, whatever
    lies in between; a visit that begins after frames in which the animal was not seen is a visit,
    too, and counted in visits_after_gap. light_percent_of_recording is of the recording's length,
    light_percent_of_time_in_boxes of the time in either compartment. first_return_to_light_s is the
    first entry into the light of an animal that was in the light before, empty without one.

    Source: Crawley and Goodwin 1980 (doi 10.1016/0091-3057(80)90356-5); Bourin and Hascoet 2003.

    >>> from llm_query.geometry import Region
    >>> boxes = [("light", 0, 50), ("dark", 50, 100)]
    >>> regions = [Region(n, "rectangle", np.array([[x, 0], [y, 40]])) for n, x, y in boxes]
    >>> walk = np.column_stack([np.linspace(1, 99, 50), np.full(50, 20.0)])
    >>> recording = Recording.synthetic({"a": walk}, fps=10, regions=regions)
    >>> light_dark(recording, "a")["numbers"]["light_time_s"]
    2.5
    """
    bright = find_one(recording, light, ("light", "lit", "bright"), "the light compartment")
    how = entry_rule(recording, animal, rule)
    lit = called(in_region(recording, animal, bright, min_duration_s=min_visit_s, **how), "light")
    if unseen_is_dark:
        mask, known = known_of(lit)
        gone = ~mask & (~recording.seen(animal) | ~known)
        if dark is not None or any("dark" in name.lower() for name in recording.regions):
            shade = find_one(recording, dark, ("dark",), "the dark compartment")
            gone |= in_region(recording, animal, shade, **how).mask()
        hidden = bouts_where(
            recording, gone, animal, behaviour="dark", known=np.ones_like(gone),
            definition=f"in the dark compartment or not seen, not in {bright}",
        )  # fmt: skip
        dim = hidden.at_least(min_visit_s) if min_visit_s > 0 else hidden
    else:
        shade = find_one(recording, dark, ("dark",), "the dark compartment", without=(bright,))
        dim = in_region(recording, animal, shade, min_duration_s=min_visit_s, **how)
        dim = called(dim, "dark")
    into_light, into_dark = _changes(lit, dim)
    returns = into_light[into_light > lit.latency_s] if len(into_light) else into_light
    light_s = lit.total_s if unseen_is_dark else told(lit, lit.total_s)
    dark_s = told(dim, dim.total_s)
    changes = {
        "transitions": len(into_light) + len(into_dark),
        "entries_into_light": len(into_light), "entries_into_dark": len(into_dark),
    }  # fmt: skip
    numbers: dict[str, float] = {
        "light_time_s": light_s, "dark_time_s": dark_s,
        "light_percent_of_recording": share(light_s, recording.duration_s),
        "light_percent_of_time_in_boxes": share(light_s, light_s + dark_s),
        **{key: told(dim, value) for key, value in changes.items()},
        "latency_to_dark_s": dim.latency_s, "latency_to_light_s": lit.latency_s,
        "first_return_to_light_s": float(returns[0]) if len(returns) else float("nan"),
        "light_visits": told(dim, lit.count), "dark_visits": told(dim, dim.count),
        "light_visits_after_gap": after_gap(lit), "dark_visits_after_gap": after_gap(dim),
        f"light_distance_{recording.unit}": distance_moved(recording, animal, during=lit),
        "tracked_percent": share(seen_s(recording, animal), recording.duration_s),
    }  # fmt: skip
    rows = [
        {"part": one.behaviour, "time_s": time_s,
         "visits": one.count if np.isfinite(time_s) else time_s,
         "mean_visit_s": one.mean_s, "latency_s": one.latency_s, "censored": one.censored,
         "definition": one.definition}
        for one, time_s in ((lit, light_s), (dim, dark_s))
    ]  # fmt: skip
    text = (
        f"{animal} was in the light for {said_s(light_s, 'an unknown time')} "
        f"({said_percent(numbers['light_percent_of_recording'])} of the recording) and changed "
        f"compartments {said_times(numbers['transitions'])}; it was first in the dark after "
        f"{said_s(dim.latency_s)}."
    )
    return outcome(recording, animal, [lit, dim], numbers, rows, text)


def _changes(lit: Bouts, dim: Bouts) -> tuple[np.ndarray, np.ndarray]:
    """When (s) the animal came into the light from the dark, and into the dark from the light."""
    side = np.where(lit.mask(), 1, np.where(dim.mask(), -1, 0))
    frames = np.flatnonzero(side)
    changed = np.flatnonzero(np.diff(side[frames])) + 1
    into = frames[changed]
    times = lit.edges_s[into] - lit.edges_s[0]
    return times[side[into] > 0], times[side[into] < 0]
