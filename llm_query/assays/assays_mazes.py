"""Mazes: elevated plus maze with head dips, alternation in Y and T mazes."""

from __future__ import annotations

from typing import Any

import numpy as np

from llm_query.assays.assay_parts import (
    after_gap,
    called,
    entry_rule,
    find_drawn,
    find_one,
    known_of,
    outcome,
    said_percent,
    said_s,
    said_times,
    seen_s,
    share,
)
from llm_query.bouts import Bouts
from llm_query.checks import check_durations
from llm_query.columns import Result
from llm_query.errors import QueryError
from llm_query.figures.basic import plot_trajectory
from llm_query.individual.kinematics import distance_moved
from llm_query.known_time import told
from llm_query.places.region_rules import Names
from llm_query.places.visit_rows import check_apart, find_visits
from llm_query.places.zones import Inside, crossings, in_region, outside_region
from llm_query.recording import Recording
from llm_query.vocabulary import word

MIDDLE = ("centre", "center", "middle", "hub")
DIP_S = 0.2
UNKNOWN = "an unknown time"


@word()
def plus_maze(
    recording: Recording,
    animal: str,
    open_arms: Names | None = None,
    closed_arms: Names | None = None,
    centre: str | None = None,
    rule: str = "centre",
    *,
    min_visit_s: float = 0.0,
    min_dip_s: float = DIP_S,
) -> Result:
    """Elevated plus maze: time, visits and entries of open and closed arms and centre, head dips.

    open_arms, closed_arms, centre: names of regions; by default those with "open", "closed" and
    "centre" (or "center", "middle") in their names. rule: "centre" judges by the body's centre,
    "four paws" by all labelled paws or, without these, by the outline (in from 85 % of its area in
    the arm, out below 50 %). min_visit_s: shortest visit in seconds. min_dip_s: shortest head dip
    in seconds; dips are counted where a nose is known. Visits of both open arms count together; a
    visit under way at the start counts as a visit but not as an entry, and a visit that begins
    after frames in which the animal was not seen counts as a visit (and in visits_after_gap), as an
    entry only if it was last seen elsewhere. open_time_of_arms_percent is of the time in any arm,
    as is usual, open_time_of_recording_percent of the recording's length.

    Source: Pellow et al. 1985; Walf and Frye 2007 (doi 10.1038/nprot.2007.44), where four paws make
    an entry; the outline's share stands in for paws that a view from above does not show (ours).

    >>> from llm_query.geometry import Region
    >>> box = [("open 1", 0, 40), ("centre", 40, 60), ("closed 1", 60, 100)]
    >>> regions = [Region(n, "rectangle", np.array([[x, 0], [y, 20]])) for n, x, y in box]
    >>> walk = np.column_stack([np.linspace(0.5, 99.5, 100), np.full(100, 10.0)])
    >>> recording = Recording.synthetic({"a": walk}, fps=10, regions=regions)
    >>> numbers = plus_maze(recording, "a")["numbers"]
    >>> numbers["open_arm_time_s"], numbers["closed_arm_entries"]
    (4.0, 1)
    """
    arms = _arms(recording, open_arms, closed_arms, centre)
    how = entry_rule(recording, animal, rule)
    parts, rows = [], []
    numbers: dict[str, float] = {}
    for kind, names in arms.items():
        found = called(in_region(recording, animal, names, min_duration_s=min_visit_s, **how), kind)
        entries = crossings(found, inwards=True)
        key = kind.replace(" ", "_")
        numbers |= {
            f"{key}_time_s": told(found, found.total_s), f"{key}_visits": told(found, found.count),
            f"{key}_entries": told(found, entries.count),
            f"{key}_visits_after_gap": after_gap(found), f"{key}_latency_s": found.latency_s,
            f"{key}_distance_{recording.unit}": distance_moved(recording, animal, during=found),
        }  # fmt: skip
        parts.append(found)
        rows += [_arm_row(recording, animal, kind, name, how, min_visit_s) for name in names]
    numbers |= _ratios(recording, animal, numbers)
    opened, closed = numbers["open_arm_time_s"], numbers["closed_arm_time_s"]
    text = (
        f"{animal} was on the open arms for {said_s(opened, UNKNOWN)} in "
        f"{said_times(numbers['open_arm_visits'], 'visit')} "
        f"({said_percent(numbers['open_time_of_arms_percent'])} of its time in arms), in the "
        f"closed arms for {said_s(closed, UNKNOWN)} in "
        f"{said_times(numbers['closed_arm_visits'], 'visit')}."
    )
    if _has_nose(recording, animal):
        where = arms["open arm"], arms["closed arm"], arms["centre"][0]
        dips = head_dips(recording, animal, *where, min_duration_s=min_dip_s)
        free = head_dips(recording, animal, *where, min_duration_s=min_dip_s, kind="unprotected")
        numbers |= {
            "head_dips": told(dips, dips.count), "head_dip_time_s": told(dips, dips.total_s),
            "head_dips_unprotected": told(dips, free.count),
            "head_dips_protected": told(dips, dips.count - free.count),
        }  # fmt: skip
        parts.append(dips)
        if np.isfinite(numbers["head_dips"]):
            text += (
                f" It dipped its head {said_times(dips.count)}, {free.count} of them unprotected."
            )
        else:
            text += " Whether it dipped its head could not be told."
    else:
        text += " Head dips need a nose and were not counted."
    return outcome(recording, animal, parts, numbers, rows, text)


def _arms(
    recording: Recording, open_arms: Names | None, closed_arms: Names | None, centre: str | None
) -> dict[str, tuple[str, ...]]:
    opened = find_drawn(recording, open_arms, ("open",), "the open arms of a plus maze")
    closed = find_drawn(recording, closed_arms, ("clos", "shut"), "the closed arms of a plus maze")
    middle = find_one(
        recording, centre, MIDDLE, "the centre of a plus maze", without=(*opened, *closed)
    )
    twice = set(opened) & set(closed) | {middle} & {*opened, *closed}
    if twice:
        raise QueryError(f'"{min(twice)}" cannot be two parts of the plus maze: name each once.')
    return {"open arm": opened, "closed arm": closed, "centre": (middle,)}


def _arm_row(
    recording: Recording, animal: str, kind: str, name: str, how: dict[str, Any], min_s: float
) -> dict[str, Any]:
    found = in_region(recording, animal, name, min_duration_s=min_s, **how)
    return {
        "part": kind, "region": name, "time_s": told(found, found.total_s),
        "visits": told(found, found.count),
        "entries": told(found, crossings(found, inwards=True).count),
        "latency_s": found.latency_s,
        "censored": found.censored, "mean_visit_s": found.mean_s,
        "definition": found.definition,
    }  # fmt: skip


def _ratios(recording: Recording, animal: str, numbers: dict[str, float]) -> dict[str, float]:
    opened, closed = numbers["open_arm_time_s"], numbers["closed_arm_time_s"]
    entries = numbers["open_arm_entries"], numbers["closed_arm_entries"]
    return {
        "open_time_of_arms_percent": share(opened, opened + closed),
        "open_time_of_recording_percent": share(opened, recording.duration_s),
        "open_entries_of_arms_percent": share(entries[0], sum(entries)),
        "arm_entries": sum(entries),
        f"distance_{recording.unit}": distance_moved(recording, animal),
        "tracked_percent": share(seen_s(recording, animal), recording.duration_s),
    }


def _has_nose(recording: Recording, animal: str) -> bool:
    from llm_query.body_points import points_by_role

    return "nose" in points_by_role(recording, animal)


@word("s")
def head_dips(
    recording: Recording,
    animal: str,
    open_arms: Names | None = None,
    closed_arms: Names | None = None,
    centre: str | None = None,
    *,
    min_duration_s: float = DIP_S,
    kind: str = "all",
    point: str = "nose",
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts of head dips on a plus maze: the nose over the edge, the body on open arm or centre.

    open_arms, closed_arms, centre: as in plus_maze. The nose is outside all arms and the centre
    while the body's centre is on an open arm or in the centre. min_duration_s: seconds. kind:
    "all", "protected" (from the centre) or "unprotected" (from an open arm), by where the body's
    centre is in the bout's first frame. point: the body point that dips. max_gap_frames: see
    bouts_where.

    Source: Rodgers and Dalvi 1997, Walf and Frye 2007; 0.2 s is ours, above jitter of the nose.

    >>> from llm_query.geometry import Region
    >>> box = [("open", 0, 40), ("centre", 40, 60), ("closed", 60, 100)]
    >>> regions = [Region(n, "rectangle", np.array([[x, 0], [y, 20]])) for n, x, y in box]
    >>> stay, nose = np.tile([30.0, 10.0], (40, 1)), np.tile([30.0, 15.0], (40, 1))
    >>> nose[10:15, 1] = 25
    >>> recording = Recording.synthetic(
    ...     {"a": stay}, fps=10, regions=regions, points={"a": {"nose": nose}}
    ... )
    >>> head_dips(recording, "a").to_frame()[["start_s", "stop_s"]].values.tolist()
    [[1.0, 1.5]]
    """
    arms = _arms(recording, open_arms, closed_arms, centre)
    everything = [name for names in arms.values() for name in names]
    gap = Inside(max_gap_frames=max_gap_frames)
    check_durations(min_duration_s, max_gap_frames)
    over = outside_region(recording, animal, everything, point, **gap)
    stands = in_region(recording, animal, [*arms["open arm"], *arms["centre"]], "centre", **gap)
    found = over & stands
    found = found.at_least(min_duration_s) if min_duration_s > 0 else found
    found = found.named(
        "head dip" if kind == "all" else f"{kind} head dip",
        f"{point} outside all arms and the centre, the body's centre on an open arm or in the "
        f"centre, for >= {min_duration_s:g} s"
        + f", over gaps of at most {max_gap_frames} frames"
        * (max_gap_frames != 3),
    )
    if kind == "all":
        return found
    if kind not in ("protected", "unprotected"):
        raise QueryError(f'Head dips are "all", "protected" or "unprotected", not "{kind}".')
    free, _ = known_of(in_region(recording, animal, arms["open arm"], "centre", **gap))
    chosen = free if kind == "unprotected" else ~free
    return found.keep(chosen[found.start_frame])


@word()
def maze_alternation(
    recording: Recording,
    animal: str,
    arms: Names | None = None,
    rule: str = "centre",
    *,
    min_visit_s: float = 0.0,
    max_gap_frames: int = 3,
) -> Result:
    """Spontaneous alternation in a Y or T maze: arm entries, triads of different arms, percent.

    arms: the names of three regions (or more); by default those with "arm" in their names. rule: as
    in plus_maze. min_visit_s: shortest visit in seconds. max_gap_frames: see bouts_where. Being in
    an arm when the animal is first seen is the first entry. An alternation is a run of as many
    entries as there are arms, each into another arm; overlapping runs count. Percent: alternations
    / (entries - 2) with three arms. Runs across a stretch in which the animal was not seen, longer
    than max_gap_frames, are not counted, neither as possible nor as alternation; entries_after_gap
    says how many entries begin after frames in which the animal was not seen.

    Source: Hughes 2004 (doi 10.1016/j.neubiorev.2004.06.006); the gap rule is ours.

    >>> from llm_query.geometry import Region
    >>> boxes = [("arm A", 0, 10), ("arm B", 20, 30), ("arm C", 40, 50)]
    >>> regions = [Region(n, "rectangle", np.array([[x, 0], [y, 10]])) for n, x, y in boxes]
    >>> x = np.repeat([5, 15, 25, 35, 45, 35, 25, 15, 5], 10)
    >>> walk = np.column_stack([x, np.full(90, 5)])
    >>> recording = Recording.synthetic({"a": walk}, regions=regions)
    >>> made = maze_alternation(recording, "a")
    >>> made["numbers"]["entries"], round(made["numbers"]["alternation_percent"], 1)
    (5, 66.7)
    """
    names = find_drawn(recording, arms, ("arm",), "the arms of a Y or T maze", least=3)
    check_apart(recording, animal, names)
    how = entry_rule(recording, animal, rule)
    found = find_visits(
        recording, animal, names, how.pop("point", "centre"), min_duration_s=min_visit_s,
        max_gap_frames=max_gap_frames, **how,
    )  # fmt: skip
    size = len(names)
    runs_of = [slice(i, i + size) for i in range(max(len(found.region) - size + 1, 0))]
    whole = [found.gap[found.stop[r][0]] == found.gap[found.start[r][-1]] for r in runs_of]
    different = [len(set(found.region[r].tolist())) == size for r in runs_of]
    hits = [a and b for a, b in zip(whole, different, strict=True)]
    same = int((np.diff(found.region) == 0).sum()) if len(found.region) > 1 else 0
    possible, count = int(sum(whole)), int(sum(hits))
    known = any(known_of(one)[1].any() for one in found.bouts)
    numbers = {
        "entries": len(found.region) if known else float("nan"),
        "alternations": count if known else float("nan"),
        "possible_alternations": possible if known else float("nan"),
        "alternation_percent": share(count, possible),
        "same_arm_returns": same if known else float("nan"),
        "entries_after_gap": sum(after_gap(one) for one in found.bouts if known_of(one)[1].any())
        if known else float("nan"),
        "chance_percent": _chance(size),
        f"distance_{recording.unit}": distance_moved(recording, animal),
        "tracked_percent": share(seen_s(recording, animal), recording.duration_s),
    }  # fmt: skip
    rows = [
        {
            "entry": i + 1, "region": names[k], "start_frame": int(a), "stop_frame": int(b),
            "start_s": float(recording.edges_s[a]), "stop_s": float(recording.edges_s[b]),
            "alternation": bool(i >= size - 1 and hits[i - size + 1]),
        }
        for i, (k, a, b) in enumerate(zip(found.region, found.start, found.stop, strict=True))
    ]  # fmt: skip
    text = (
        f"{animal} entered arms {said_times(len(rows))} and alternated in {count} of "
        f"{said_times(possible, 'run')} of {size} ({said_percent(numbers['alternation_percent'])}; "
        f"{numbers['chance_percent']:.0f} % by chance without returns)."
    )
    order = plot_trajectory(recording, [animal])
    return outcome(
        recording, animal, found.bouts, numbers, [_apart(row) for row in rows], text, order
    )


def _apart(row: dict[str, Any]) -> dict[str, Any]:
    """The row in names that no bouts table has, so that it stays a table."""
    return {f"visit_{k}" if k.endswith("_frame") else k: v for k, v in row.items()}


def _chance(arms: int) -> float:
    """How often in percent a walk that never returns at once would alternate by chance."""
    ways = 1.0
    for k in range(2, arms):
        ways *= (arms - k) / (arms - 1)
    return 100 * ways
