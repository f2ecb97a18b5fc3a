"""Bouts from any condition, from what people scored, and of several animals together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from llm_query import bouts as bouts_module
from llm_query.algebra.bout_pairs import says_at_least
from llm_query.bouts import Bouts
from llm_query.errors import QueryError
from llm_query.recording import Recording
from llm_query.vocabulary import word

if TYPE_CHECKING:
    import pandas as pd

ANALYSIS = "analysis"  # the source of saved answers, as storage.bouts has it

collect = word()(bouts_module.collect)


@word()
def bouts_where(
    recording: Recording,
    mask: np.ndarray,
    subject: str,
    target: str | None = None,
    *,
    behaviour: str = "",
    definition: str = "",
    known: np.ndarray | None = None,
    min_duration_s: float = 0.0,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts wherever a condition, given as true or false per frame, holds.

    mask: (n,) bool. known: (n,) bool, the frames in which it could be told; by default those in
    which the subject (and the target, if it is an animal) was seen. max_gap_frames: unseen
    stretches up to that long, with the condition true on both sides, do not end a bout; longer
    ones do. What of min_duration_s and of another max_gap_frames than 3 the definition does not say
    is added to it.

    Source: ours; the rule is the caller's, unseen frames are neither in nor out.

    >>> recording = example_recording()
    >>> fast = bouts_where(recording, speed(recording, "animal1") > 9, "animal1")
    >>> fast.start_frame.tolist(), fast.stop_frame.tolist()
    ([0], [90])
    """
    mask = np.asarray(mask)
    if mask.shape != (recording.n_frames,) or mask.dtype != bool:
        raise QueryError(
            f"bouts_where() needs one true or false for each of {recording.n_frames} frames, not "
            f"{mask.dtype} of shape {mask.shape}. Compare the measure with a number first."
        )
    if known is None:
        known = recording.seen(subject)
        if target in recording.animals:
            known = known & recording.seen(str(target))
    definition = _in_full(definition, min_duration_s, max_gap_frames)
    definition = "; ".join([definition, *recording.notes]) if recording.notes else definition
    found = Bouts.where(
        mask, recording.edges_s, subject, target, behaviour,
        known=known, max_gap_frames=max_gap_frames, definition=definition,
    )  # fmt: skip
    return found.at_least(min_duration_s) if min_duration_s > 0 else found


def _in_full(definition: str, min_duration_s: float, max_gap_frames: int) -> str:
    """The definition with the shortest duration and an unusual gap."""
    added = [definition] if definition else []
    if min_duration_s > 0 and not says_at_least(definition, min_duration_s):
        added.append(f"for at least {min_duration_s:g} s")
    gap = f"over gaps of at most {max_gap_frames} frames"
    if max_gap_frames != 3 and gap not in definition:
        added.append(gap)
    return ", ".join(added)


@word()
def scored(
    recording: Recording,
    behaviour: str,
    subject: str | None = None,
    *,
    annotator: str | None = None,
    kind: str | None = None,
) -> Bouts:
    """Bouts that a person scored in this video, or that were imported as a person's.

    subject: one animal only. annotator: whose bouts; needed where several people scored it. kind:
    "state" or "point"; needed where it has both. Saved answers are read with kept_bouts. A
    behaviour that no person scored is an error that lists what is kept.

    Source: ours; the bouts are as the person or program gave them.

    >>> recording = example_recording()
    >>> scored(recording, "rearing")
    Traceback (most recent call last):
    llm_query.errors.QueryError: No "rearing" is kept for synthetic (kept: nothing yet). ...
    """
    rows = _kept_rows(recording, behaviour)
    people = rows[~_computed(rows)]
    if people.empty:
        table = recording.scored
        others = sorted(set(table.loc[~_computed(table), "behaviour"])) or ["nothing yet"]
        raise QueryError(
            f'No person scored "{behaviour}" in {recording.video} (scored: {", ".join(others)}). '
            "It is kept as a saved answer: saved answers are read with kept_bouts."
        )
    return _as_bouts(recording, _of_one(people, behaviour, annotator, kind), behaviour, subject)


def saved_or_scored(
    recording: Recording,
    behaviour: str,
    subject: str,
    source: str | None = None,
    annotator: str | None = None,
) -> Bouts:
    """One animal's bouts of a saved answer, or where there is none those that a person scored."""
    rows = _kept_rows(recording, behaviour)
    if source is not None and "source" in rows:
        known = sorted(set(rows["source"].astype(str)))
        rows = rows[rows["source"] == source]
        if rows.empty:
            raise QueryError(
                f'No "{behaviour}" of {recording.video} comes from {source!r}, only from '
                f"{', '.join(known)}: give one of these as source."
            )
    elif annotator is None and _computed(rows).any():
        rows = rows[_computed(rows)]
    return _as_bouts(recording, _of_one(rows, behaviour, annotator, None), behaviour, subject)


def _kept_rows(recording: Recording, behaviour: str) -> pd.DataFrame:
    """What is kept under a name; one that nobody kept is an error that lists the known."""
    table = recording.scored
    names = sorted(set(table["behaviour"])) if len(table) else []
    if behaviour not in names:
        raise QueryError(
            f'No "{behaviour}" is kept for {recording.video} (kept: '
            f"{', '.join(names) or 'nothing yet'}). Score it by hand, or ask for it by its rule."
        )
    return table[table["behaviour"] == behaviour]


def _computed(rows: pd.DataFrame) -> np.ndarray:
    """(rows,) bool: which are of a saved answer and not a person's."""
    if "source" not in rows:
        return np.zeros(len(rows), dtype=bool)
    return (rows["source"] == ANALYSIS).to_numpy(dtype=bool)


def _of_one(
    rows: pd.DataFrame, behaviour: str, annotator: str | None, kind: str | None
) -> pd.DataFrame:
    """The rows of one watcher and one kind: two opinions are not twice the behaviour."""
    who = [_watcher(row) for row in rows.to_dict("records")]
    names = list(dict.fromkeys(who))
    chosen = names[0] if annotator is None else annotator
    if annotator is not None and annotator not in names:
        raise QueryError(
            f'{annotator} scored no "{behaviour}" here; there is that of {", ".join(names)}.'
        )
    if annotator is None and len(names) > 1:
        raise QueryError(
            f'"{behaviour}" comes from several ({", ".join(names)}): choose one with '
            f'annotator="{names[0]}".'
        )
    rows = rows[np.array([name == chosen for name in who], dtype=bool)]
    kinds = sorted(set(rows["kind"])) if "kind" in rows else ["state"]
    if kind is not None and kind not in kinds:
        raise QueryError(f'"{behaviour}" is kept as {" and ".join(kinds)}, not as {kind!r}.')
    if kind is None and len(kinds) > 1:
        raise QueryError(
            f'"{behaviour}" is kept both with a stop and as moments: read them one after the '
            'other, with scored(..., kind="state") and scored(..., kind="point").'
        )
    return rows if kind is None else rows[rows["kind"] == kind]


def _watcher(row: Mapping[Any, Any]) -> str:
    """Who kept a row: the person's name, or where the row has none, where it comes from."""
    name = row.get("annotator")
    return name if isinstance(name, str) and name else str(row.get("source", "someone"))


def _as_bouts(
    recording: Recording, table: pd.DataFrame, behaviour: str, subject: str | None
) -> Bouts:
    who = [
        (str(s), None if t is None or t != t else str(t))
        for s, t in zip(table["subject"], table["target"], strict=True)
    ]
    pairs = tuple(dict.fromkeys(who))
    found = Bouts(
        edges_s=recording.edges_s,
        pairs=pairs,
        pair_index=np.array([pairs.index(pair) for pair in who], dtype=np.int64),
        start_frame=table["start_frame"].to_numpy(),
        stop_frame=table["stop_frame"].to_numpy(),
        behaviour=behaviour,
        definition="as kept in the study",
        kind=str(table["kind"].iloc[0]) if "kind" in table else "state",
    )
    if subject is not None and subject not in {who for who, _ in pairs}:
        recording.track(subject)
        return replace(found.keep(np.empty(0, dtype=np.int64)), pairs=((subject, None),))
    return found if subject is None else found.only(subject)
