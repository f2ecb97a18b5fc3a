"""How far two watchers agree on a video or all of them: the numbers of `ethoscribe score bouts`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from app.library import reading
from app.scoring.score_bouts import (
    Limits,
    Watched,
    by_animal,
    by_pair,
    read_watched,
    score_watched,
)  # fmt: skip
from storage.bouts import everybody, looked_for, read_bouts
from storage.study import Study
from storage.videos import videos


@dataclass(frozen=True)
class Watcher:
    """Somebody whose bouts can be compared: a person, or an analysis."""

    annotator: str | None
    source: str | None = None  # None for a person: whatever the bouts came by

    @property
    def name(self) -> str:
        """As it is called in lists."""
        return self.annotator or f"{self.source} (no person)"


@dataclass(frozen=True)
class Pair:
    """What two watchers can be compared on."""

    first: Watcher  # a person
    second: Watcher
    watched: dict[str, Watched]  # by video, bouts of `behaviours`
    behaviours: dict[str, list[str]]  # by behaviour, the videos that both watched for it
    left_out: dict[str, str] = field(default_factory=dict)  # by behaviour, why


def watchers_of(study: Path) -> list[Watcher]:
    """Everybody whose bouts are in the study, people first."""
    with reading(study) as opened:
        return [Watcher(person, source or None) for person, source in everybody(opened)]


def read_pair(
    study: Path, first: Watcher, second: Watcher, video: str | None, subject: str | None = None
) -> Pair:
    """Read what both watched to the end, in one video or in all of them."""
    with reading(study) as opened:
        both, left_out = _shared(opened, first, second, video)
    names = list(dict.fromkeys(name for each in both.values() for name in each))
    watched: dict[str, Watched] = {}
    for name in names:
        here = [behaviour for behaviour, where in both.items() if name in where]
        (watched[name],) = read_watched(
            study, here, video=name, subject=subject, annotator=second.annotator,
            against=first.annotator, source=second.source,
        )  # fmt: skip
    return Pair(first, second, watched, both, left_out)


def _shared(
    study: Study, first: Watcher, second: Watcher, video: str | None
) -> tuple[dict[str, list[str]], dict[str, str]]:
    order = [one.name for one in videos(study) if video is None or one.name == video]
    table = read_bouts(study)
    table = table[table["video"].isin(order)]
    both: dict[str, list[str]] = {}
    left_out: dict[str, str] = {}
    for behaviour in sorted(set(table["behaviour"])):
        mine = looked_for(study, behaviour, first.annotator, first.source)
        theirs = looked_for(study, behaviour, second.annotator, second.source)
        shared = [name for name in order if name in mine and name in theirs]
        if shared:
            both[behaviour] = shared
            continue
        rows = table[table["behaviour"] == behaviour]
        scored = [who for who in (first, second) if len(_of(rows, who))]
        missing = [who for who, seen in ((first, mine), (second, theirs)) if not {*seen} & {*order}]
        if scored:
            left_out[behaviour] = _why(missing)
    return both, left_out


def _why(missing: Sequence[Watcher]) -> str:
    people = [who.name for who in missing if who.annotator]
    has = "have" if len(people) > 1 else "has"
    said = [f"{' and '.join(people)} {has} not watched it to the end"] if people else []
    said += [f"{who.name} did not look for it" for who in missing if not who.annotator]
    return ", ".join(said) or "not watched in the same video"


def _of(table: pd.DataFrame, who: Watcher) -> pd.DataFrame:
    own = (
        table["annotator"].isna() if who.annotator is None else table["annotator"] == who.annotator
    )
    return table[own & ((table["source"] == who.source) | (who.source is None))]


def agreement(pair: Pair, tolerance_s: float) -> pd.DataFrame:
    """One row per behaviour: kappa, F1 of frames and bouts, how common each found it, counts.

    `bout_f1` pairs bouts that overlap by half of what they cover together; `onset_f1` those whose
    starts lie within the tolerance, `onset_offset_f1` those whose stops do too.
    """
    rows = []
    for behaviour, names in pair.behaviours.items():
        watched = [pair.watched[name] for name in names]
        scores = score_watched(watched, [behaviour], Limits(tolerance_s=tolerance_s))
        rows.append({"behaviour": behaviour, **_prevalence(watched, behaviour), **_plain(scores)})
    columns = [
        "behaviour", "kappa", "frame_f1", "bout_f1", "onset_f1", "onset_offset_f1",
        "first_share", "second_share", "n_truth", "n_found", "videos",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _plain(scores: dict[str, Any]) -> dict[str, Any]:
    return {**scores, "videos": len(scores["videos"])}


def _prevalence(watched: Sequence[Watched], behaviour: str) -> dict[str, float]:
    """In which share of all frames each saw it, 0 to 1: of every animal its own frames."""
    from llm_query.algebra.intervals import cover

    parts = [part for one in watched for _, part in by_animal(one, [behaviour])]
    frames = sum(one.n_frames for one in parts)
    shares = {}
    for name, tables in (
        ("first_share", [one.truth for one in parts]),
        ("second_share", [one.found for one in parts]),
    ):
        seen = 0
        for one, table in zip(parts, tables, strict=True):
            own = table[table["behaviour"] == behaviour]
            starts, stops = (own[side].to_numpy() for side in ("start_frame", "stop_frame"))
            seen += int(cover(starts, stops, one.n_frames).sum())
        shares[name] = seen / frames if frames else float("nan")
    return shares


def where_they_differ(pair: Pair, behaviours: Sequence[str] | None = None) -> pd.DataFrame:
    """The stretches in which only one saw an animal do something, longest first.

    Columns video, behaviour, subject, target, seen_by, start_s, stop_s, duration_s, start_frame,
    stop_frame; target is missing where not both always say at whom it is.
    """
    from llm_query.statistics.agreement import disagreements

    names = {"truth": pair.first.name, "found": pair.second.name}
    columns = ["video", "behaviour", "subject", "target", "seen_by", "start_s", "stop_s",
               "duration_s", "start_frame", "stop_frame"]  # fmt: skip
    tables = []
    for behaviour in pair.behaviours if behaviours is None else behaviours:
        for video in pair.behaviours[behaviour]:
            for who, at, one in by_pair(pair.watched[video], behaviour):
                table = disagreements(
                    one.truth[one.truth["behaviour"] == behaviour],
                    one.found[one.found["behaviour"] == behaviour], one.n_frames, one.edges_s,
                )  # fmt: skip
                tables.append(
                    table.assign(video=video, behaviour=behaviour, subject=who, target=at)
                )
    if not tables:
        return pd.DataFrame(columns=columns)
    table = pd.concat(tables, ignore_index=True)
    table["seen_by"] = table["seen_by"].map(names)
    table = table.sort_values(["duration_s", "start_s"], ascending=[False, True])
    return table[columns].reset_index(drop=True)


def both_ethograms(pair: Pair, video: str) -> pd.DataFrame:
    """The bouts of both in one video, to be drawn row by row: the person is the subject."""
    one = pair.watched.get(video)
    columns = ["behaviour", "subject", "target", "start_s", "stop_s"]
    if one is None:
        return pd.DataFrame(columns=columns)
    parts = []
    for who, table in ((pair.first, one.truth), (pair.second, one.found)):
        shared = [name for name, where in pair.behaviours.items() if video in where]
        table = table[table["behaviour"].isin(shared)]
        starts, stops = (
            one.edges_s[table[side].to_numpy(int)] for side in ("start_frame", "stop_frame")
        )
        parts.append(
            pd.DataFrame(
                {
                    "behaviour": table["behaviour"].to_numpy(), "subject": who.name,
                    "target": None, "start_s": np.asarray(starts), "stop_s": np.asarray(stops),
                }
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)[columns]


def span_in_words(pair: Pair) -> str:
    """What was compared: how many videos, and how long they are together."""
    frames = sum(one.n_frames for one in pair.watched.values())
    seconds = sum(float(one.edges_s[-1]) for one in pair.watched.values())
    number = len(pair.watched)
    name = next(iter(pair.watched)) if number == 1 else f"{number} videos"
    animals = max(
        (len(each) for one in pair.watched.values() for each in (one.animals or {}).values()),
        default=1,
    )
    apart = f", each of {'' if number == 1 else 'up to '}{animals} animals with itself"
    return f"{name}, {frames} frames, {seconds:.1f} s{apart if animals > 1 else ''}"


def notes_of(pair: Pair) -> list[str]:
    """What to know of what was compared."""
    return list(dict.fromkeys(note for one in pair.watched.values() for note in one.notes))
