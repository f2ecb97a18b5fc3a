"""Animals and places: in a region or not, entries, exits, time, latency, head alone."""

from __future__ import annotations

from typing import Unpack

import numpy as np

from llm_query.algebra.bout_pairs import state
from llm_query.bouts import Bouts, Pair
from llm_query.checks import check_durations
from llm_query.known_time import told
from llm_query.places.distances import (
    distance_to_point as distance_to_point,
)
from llm_query.places.distances import (
    distance_to_region as distance_to_region,
)
from llm_query.places.distances import (
    distance_to_wall as distance_to_wall,
)
from llm_query.places.distances import (
    find_arena as find_arena,
)
from llm_query.places.region_masks import fraction_in
from llm_query.places.region_rules import (
    GROUPS,
    Inside,
    Names,
    Outside,
    Rule,
    find_places,
    find_points,
    judge,
    visits_of,
)
from llm_query.recording import Recording
from llm_query.vocabulary import word

FLICKER_S = 0.1  # shorter visits are jitter at the border rather than visits
FLICKERS = 4  # so many at least


@word("s")
def in_region(
    recording: Recording,
    animal: str,
    region: Names,
    point: Names = "centre",
    *,
    min_duration_s: float = 0.0,
    max_gap_frames: int = 3,
    need: str | float = "any",
    enter_margin: float = 0.0,
    exit_margin: float = 0.0,
    enter_fraction: float | None = None,
    exit_fraction: float | None = None,
    min_outside_s: float = 0.0,
) -> Bouts:
    """Bouts in which the animal is inside a region, judged by its centre or another body point.

    region: its exact name, or a list of names: in any of them. The outline belongs to the region.
    point: "centre", a body point such as "nose", "head end" (the nose, or the outline's front
    end), a list of points, "any point" or "all points". need: of several points, "any", "all" or
    the share (0 to 1) that must be inside; an unseen point leaves open what it could decide.
    min_duration_s: the shortest visit in seconds; shorter ones count as outside. min_outside_s:
    seconds; who is back sooner has not been outside. max_gap_frames: see bouts_where.
    Without any of the following, jitter of an animal that sits on the border makes visits and
    entries; where most visits are shorter than 0.1 s, the definition says so.
    Against such flicker: enter_margin and exit_margin, in cm (px uncalibrated), how far inside it
    must come to be in and how far outside to be out; between the two it is where it was (of several
    regions, the one that it is deepest in counts).
    enter_fraction, exit_fraction: judge by the outline instead of points: in from this share
    (0 to 1) of its area, out below that one (by default the same).

    Source: centre point, the default of ANY-maze and EthoVision; a share of the animal's area and
    hysteresis as in ANY-maze; all paws as in plus maze scoring by hand.

    >>> recording = example_recording()
    >>> in_region(recording, "animal1", "corner").to_frame()[["start_frame", "stop_frame"]].values
    array([[ 75, 180]])
    """
    check_durations(min_duration_s, max_gap_frames)
    places = find_places(recording, region)
    points, need = find_points(recording, animal, point, need)
    rule = Rule(
        points, need, enter_margin, exit_margin, enter_fraction, exit_fraction, min_outside_s
    )
    truth = judge(recording, animal, places, rule, max_gap_frames)
    found = visits_of(recording, animal, truth, min_outside_s, max_gap_frames)
    names = [place.name for place in places]
    if min_duration_s > 0:
        found = found.at_least(min_duration_s)
    definition = rule.describe(names, recording.unit) + _timing(min_duration_s, max_gap_frames)
    definition = "; ".join([definition + _flicker(found), *recording.notes])
    return found.named(f"in {' or '.join(names)}{rule.suffix}", definition)


@word("s")
def outside_region(
    recording: Recording,
    animal: str,
    region: Names,
    point: Names = "centre",
    *,
    min_duration_s: float = 0.0,
    **rule: Unpack[Outside],
) -> Bouts:
    """Bouts in which the animal is seen outside a region; where it is unseen it is in neither.

    region, point and rule: as in in_region, of which this is the opposite: outside all of several
    regions. min_duration_s: the shortest stay outside in seconds.

    Source: the opposite of in_region; unseen is neither (ours: other tools count it as outside).

    >>> recording = example_recording()
    >>> outside_region(recording, "animal1", "corner").total_s
    2.5
    """
    check_durations(min_duration_s, 0)
    inside = in_region(recording, animal, region, point, **rule)
    many = not isinstance(point, str) or point in GROUPS
    if not many and rule.get("enter_fraction") is None:
        name = inside.behaviour.replace("in ", "outside ", 1)
        definition = inside.definition.replace(" inside ", " outside ", 1)
    else:  # not all inside is not the same as all outside
        name, definition = f"not {inside.behaviour}", f"not: {inside.definition}"
    outside = ~inside
    if min_duration_s > 0:
        outside = outside.at_least(min_duration_s)
    return outside.named(name, definition + _timing(min_duration_s))


@word()
def enters(
    recording: Recording,
    animal: str,
    region: Names,
    point: Names = "centre",
    **rule: Unpack[Inside],
) -> Bouts:
    """Point events: the first frame inside after the animal was last seen outside.

    An animal that is inside when it is first seen has not entered. After a gap, it entered if it
    was outside before. region, point and rule: as in in_region, for whose visits these are the
    beginnings; with several regions, going from one straight into another is no entry. Every
    crossing counts: for an animal that lingers on the border give enter_margin or min_outside_s,
    or its jitter is counted, too (see in_region).

    Source: ours; a visit that begins with the recording is a visit without an entry, as in a maze
    whose start is scored from the moment the animal leaves it.

    >>> recording = example_recording()
    >>> enters(recording, "animal1", "corner").start_s.tolist()
    [2.5]
    """
    return crossings(in_region(recording, animal, region, point, **rule), inwards=True)


@word()
def leaves(
    recording: Recording,
    animal: str,
    region: Names,
    point: Names = "centre",
    **rule: Unpack[Inside],
) -> Bouts:
    """Point events: the first frame outside after the animal was last seen inside.

    region, point and rule: as in in_region. A visit that lasts until the end has no exit.

    Source: ours, the counterpart of enters.

    >>> recording = example_recording()
    >>> leaves(recording, "animal1", "corner").count
    0
    """
    return crossings(in_region(recording, animal, region, point, **rule), inwards=False)


def crossings(visits: Bouts, *, inwards: bool) -> Bouts:
    """The entries (or exits) of one animal: changes of side between frames in which it is known."""
    pair: Pair = visits.pairs[0]
    inside, unseen = state(visits, pair)
    frames = np.flatnonzero(~unseen)
    changed = np.diff(inside[frames].astype(np.int8), prepend=inside[frames][:1].astype(np.int8))
    mask = np.zeros(visits.n_frames, dtype=bool)
    mask[frames[changed == (1 if inwards else -1)]] = True
    verb, place = ("enters", "in") if inwards else ("leaves", "out again")
    return Bouts.from_masks(
        {pair: (mask, unseen)}, visits.edges_s, visits.behaviour.replace("in", verb, 1),
        f"first frame {place}: {visits.definition}", "point",
    )  # fmt: skip


@word("s")
def time_in_region(
    recording: Recording,
    animal: str,
    region: Names,
    point: Names = "centre",
    **rule: Unpack[Inside],
) -> float:
    """Seconds the animal spent inside a region; NaN when it was never seen.

    region, point and rule: as in in_region. Time in several regions that overlap counts once.

    Source: the sum of the visits, from real frame times.

    >>> recording = example_recording()
    >>> time_in_region(recording, "animal1", "corner")
    3.5
    """
    bouts = in_region(recording, animal, region, point, **rule)
    return told(bouts, bouts.total_s)


@word("count")
def region_entries(
    recording: Recording,
    animal: str,
    region: Names,
    point: Names = "centre",
    **rule: Unpack[Inside],
) -> int:
    """How often the animal came in from outside; being inside at the start is no entry.

    region, point and rule: as in in_region; see enters, also for jitter at the border. An animal
    that was never seen has no entries; region_summary tells it apart.

    Source: ours, as enters.

    >>> recording = example_recording()
    >>> region_entries(recording, "animal1", "corner")
    1
    """
    return enters(recording, animal, region, point, **rule).count


@word("s")
def latency_to_region(
    recording: Recording,
    animal: str,
    region: Names,
    point: Names = "centre",
    **rule: Unpack[Inside],
) -> float:
    """Seconds from the start of the recording until the animal is first inside; NaN when never.

    region, point and rule: as in in_region. Never is censored at the recording's length: see
    region_latency for a table that says so.

    Source: ANY-maze, latency to first entry; 0 for an animal that starts inside.

    >>> recording = example_recording()
    >>> latency_to_region(recording, "animal1", "corner")
    2.5
    """
    return in_region(recording, animal, region, point, **rule).latency_s


@word("fraction")
def fraction_inside(recording: Recording, animal: str, region: Names) -> np.ndarray:
    """Share of the animal's outline that lies in a region, in every frame; NaN without an outline.

    region: a name or a list of names: in any of them. (n,), 0 to 1, exact to the pixel: counted
    are pixels whose middle is inside. Needs outlines, not only points.

    Source: ours; ANY-maze has the animal's area as a share, too.

    >>> fraction_inside(example_recording(), "animal1", "corner")
    Traceback (most recent call last):
    llm_query.errors.QueryError: synthetic has no outlines of animal1, only points. ...
    """
    return fraction_in(recording, animal, find_places(recording, region))


@word("s")
def head_in_region(
    recording: Recording,
    animal: str,
    region: Names,
    *,
    body_outside: bool = False,
    **rule: Unpack[Inside],
) -> Bouts:
    """Bouts in which the animal's head is inside a region, wherever its body is.

    The head is the nose if the animal has one, otherwise the front end of its outline: half a body
    length ahead of the centre. region and rule: as in in_region. body_outside: True keeps only
    the time in which the centre is seen outside these regions: head dips, peeping in.

    Source: ANY-maze, head in zone; head dips as in plus maze scoring (Rodgers and Dalvi 1997).

    >>> recording = example_recording()
    >>> head_in_region(recording, "animal1", "corner", body_outside=True).start_s.round(3).tolist()
    [2.3]
    """
    head = in_region(recording, animal, region, "head end", **rule)
    if not body_outside:
        return head
    gap = rule.get("max_gap_frames", 3)
    both = head & outside_region(recording, animal, region, max_gap_frames=gap)
    names = " or ".join(place.name for place in find_places(recording, region))
    if rule.get("min_duration_s"):
        both = both.at_least(rule["min_duration_s"])
    return both.named(f"head in {names}", f"{head.definition}, the centre outside")


def _timing(min_duration_s: float, max_gap_frames: int = 3) -> str:
    """What a definition says of durations, and of gaps where they are not bridged as usual."""
    text = f", for at least {min_duration_s:g} s" if min_duration_s > 0 else ""
    return text + (f", over gaps of at most {max_gap_frames} frames" * (max_gap_frames != 3))


def _flicker(visits: Bouts) -> str:
    """What a definition says where most visits are too short to be any."""
    short = int((visits.durations_s < FLICKER_S - 1e-6).sum())
    if short < FLICKERS or 2 * short <= visits.count:
        return ""
    return (
        f" ({short} of {visits.count} visits last less than {FLICKER_S:g} s, as jitter at a border "
        "does: enter_margin, exit_margin and min_outside_s are against that)"
    )
