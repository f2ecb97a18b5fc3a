"""Bouts from any condition, from what people scored, and of several animals together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from llm_query import bouts as bouts_module
from llm_query.bout_pairs import says_at_least
from llm_query.bouts import Bouts
from llm_query.errors import QueryError
from llm_query.recording import Recording
from llm_query.vocabulary import word

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
def scored(recording: Recording, behaviour: str, subject: str | None = None) -> Bouts:
    """Bouts kept in the study under this name: scored by a person, imported, or saved answers.

    subject: one animal only. A behaviour that was never scored is an error that lists the known.

    Source: ours; the bouts are as the person or program gave them.

    >>> recording = example_recording()
    >>> scored(recording, "rearing")
    Traceback (most recent call last):
    llm_query.errors.QueryError: No "rearing" is kept for synthetic (kept: nothing yet). ...
    """
    table = recording.scored
    names = sorted(set(table["behaviour"])) if len(table) else []
    if behaviour not in names:
        raise QueryError(
            f'No "{behaviour}" is kept for {recording.video} (kept: '
            f"{', '.join(names) or 'nothing yet'}). Score it by hand, or ask for it by its rule."
        )
    table = table[table["behaviour"] == behaviour]
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
