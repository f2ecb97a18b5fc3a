"""A behaviour of every animal as one number to compare, where somebody looked for it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from app.commands.shared import count
from app.errors import AppError
from storage.bouts import (
    ANALYSIS,
    behaviours_looked_for,
    frame_edges,
    looked_for,
    read_bouts,
    watchers,
)
from storage.metadata import animal_metadata
from storage.run_summary import never_found
from storage.study import Study
from storage.videos import Video, videos

TOLERANCE_S = 1e-6  # far below any frame
VALUES = ("count", "total_s", "latency_s")


@dataclass(frozen=True)
class Values:
    """One measure of every animal: columns video, animal, value, censored."""

    name: str
    unit: str
    kind: str  # "value", "count" or "latency"
    table: pd.DataFrame
    definition: str
    notes: tuple[str, ...] = ()


def values_of_behaviour(
    study: Study,
    behaviour: str,
    value: str,
    annotator: str | None,
    start_s: float | None = None,
    stop_s: float | None = None,
) -> Values:
    """Count, seconds or latency of a behaviour, of every animal where it was looked for.

    start_s, stop_s: only this part of each recording, in whole frames. Bouts are counted where
    they begin, seconds end at its edges, and a latency counts from its start to its end at most.
    """
    source, annotator = _one_watcher(study, behaviour, annotator)
    bouts = read_bouts(study, behaviour=behaviour)
    same = bouts["annotator"].isna() if annotator is None else bouts["annotator"] == annotator
    bouts = bouts[same & (bouts["source"] == source)]
    watched = looked_for(study, behaviour, annotator, source)
    parts = {
        video.name: _part(study, video, start_s, stop_s, bouts)
        for video in videos(study)
        if video.name in watched
    }
    rows, never, unseen, others = [], 0, [], []
    blind = never_found(study) if source == ANALYSIS else set()
    for video, animal in animal_metadata(study)[["video", "animal"]].itertuples(index=False):
        own = bouts[(bouts["video"] == video) & (bouts["subject"] == animal)]
        if video not in watched:
            continue
        part, animals = parts[video], watched[video]
        if animals is not None and animal not in animals:
            others.append(f"{animal} in {video}")
        elif own.empty and (video, animal) in blind:
            unseen.append(f"{animal} in {video}")
        elif part is not None:
            own = own[(own["start_s"] < part.high_s) & (own[["start_s", "stop_s"]].max(axis=1)
                      > part.low_s - own["kind"].eq("point") * TOLERANCE_S)]  # fmt: skip
            never += own.empty
            rows.append((video, animal, *_value(own, value, part)))
    table = pd.DataFrame(rows, columns=["video", "animal", "value", "censored"])
    left = [video.name for video in videos(study) if video.name not in watched]
    over = [name for name, part in parts.items() if part is None]
    searched = source == ANALYSIS
    notes = _tell_never(behaviour, value, never, searched, (start_s, stop_s) != (None, None))
    notes += _tell_left(unseen, [*left, *others], searched)
    if over:
        notes.append(f"over before {start_s:g} s, so left out: {', '.join(over)}")
    kind = {"count": "count", "total_s": "value", "latency_s": "latency"}[value]
    unit = "" if kind == "count" else "s"
    definition = _whose(behaviour, source, annotator, bouts)
    return Values(f"{behaviour} {value}", unit, kind, table, definition, tuple(notes))


@dataclass(frozen=True)
class _Part:
    """What is looked at of one recording, s: from when it counts, and its frames' edges."""

    begin_s: float
    low_s: float
    high_s: float


def _part(
    study: Study, video: Video, start_s: float | None, stop_s: float | None, bouts: pd.DataFrame
) -> _Part | None:
    """The frames that begin in this part; None where the recording is over before."""
    if start_s is None and stop_s is None:
        last = bouts.loc[bouts["video"] == video.name, "stop_s"]  # a length may be a frame short
        return _Part(0.0, 0.0, max([video.duration_s, *last]))
    edges_s = frame_edges(study, video.video_id)
    ends = [start_s or 0.0, float(edges_s[-1]) if stop_s is None else stop_s]
    low, high = np.searchsorted(edges_s[:-1], np.array(ends) - TOLERANCE_S)
    if high <= low:
        return None
    return _Part(ends[0], float(edges_s[low]), float(edges_s[high]))


def _tell_never(behaviour: str, value: str, never: int, searched: bool, part: bool) -> list[str]:
    """What stands for the animals that never did it."""
    if not never:
        return []
    if value == "latency_s":
        end = "time compared" if part else "recording"
        return [f"censored at the end of the {end}: {count(never, 'animal')} that never did it"]
    where = "searched" if searched else "scored"
    return [f"0 for {count(never, 'animal')} of the {where} videos without {behaviour}"]


def _tell_left(unseen: list[str], left: list[str], searched: bool) -> list[str]:
    """Which animals and videos are left out, and why."""
    notes = [f"never seen, so left out: {', '.join(unseen)}"] if unseen else []
    if left:
        why = "not looked for" if searched else "not scored"
        notes.append(f"{why}, so left out: {', '.join(left)}")
    return notes


def _whose(behaviour: str, source: str, annotator: str | None, bouts: pd.DataFrame) -> str:
    """Who found a behaviour, and by which rules."""
    rules = sorted({str(rule) for rule in bouts["definition"].dropna() if str(rule)})
    who = f"found by {source}" if annotator is None else f"scored by {annotator}"
    return f"{behaviour}: {who}{', ' + '; '.join(rules) if rules else ''}"


def _one_watcher(study: Study, behaviour: str, annotator: str | None) -> tuple[str, str | None]:
    """The one person, or the one source: two opinions are not twice the behaviour."""
    known = watchers(study, behaviour)
    if not known:
        names = ", ".join(behaviours_looked_for(study)) or "none yet"
        raise AppError(f"The study has no bouts of {behaviour!r}. It has: {names}.")
    chosen = [one for one in known if annotator in (None, one[1] or one[0])]
    if not chosen:
        people = ", ".join(person for _, person in known if person) or "nobody"
        raise AppError(f"{annotator} scored no {behaviour}; {people} did.")
    if len(chosen) > 1:
        names = ", ".join(person or f"{source} (no person)" for source, person in chosen)
        raise AppError(f"{behaviour} comes from {names}: choose one with --annotator.")
    return chosen[0]


def _value(own: pd.DataFrame, value: str, part: _Part) -> tuple[float, bool]:
    """The number of one animal, and whether it is censored; overlaps to several are one time."""
    if value == "count":
        return float((own["start_s"] >= part.low_s - TOLERANCE_S).sum()), False
    if value == "latency_s":
        first_s = part.high_s if own.empty else max(float(own["start_s"].min()), part.low_s)
        return max(first_s - part.begin_s, 0.0), own.empty
    own = own.sort_values("start_s")
    start_s, stop_s = (own[side].clip(part.low_s, part.high_s) for side in ("start_s", "stop_s"))
    reached = stop_s.cummax().shift(fill_value=part.low_s)
    return float((stop_s - start_s.clip(lower=reached)).clip(lower=0).sum()), False
