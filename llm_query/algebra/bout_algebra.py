"""How bouts combine: and, or, not, then, merge; each (subject, target) pair for itself.

Who is combined with whom: see bout_pairs.

Truth has three values: in it, not in it, and unseen. "Not" of unseen is unseen; "a and b" is
unseen only where neither is known to be false; so an absent animal is never outside a region.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from llm_query.algebra.bout_order import counterparts
from llm_query.algebra.bout_pairs import (
    check_bouts,
    check_seconds,
    members,
    names,
    partners,
    same_recording,
    single,
    state,
)
from llm_query.algebra.intervals import TOLERANCE_S, window
from llm_query.errors import QueryError

if TYPE_CHECKING:
    from llm_query.bouts import Bouts, Pair


def both(left: Bouts, right: Bouts) -> Bouts:
    """Frames in a bout of each; a point event stays a point, inside the other's bouts."""

    def rule(a: np.ndarray, ua: np.ndarray, b: np.ndarray, ub: np.ndarray) -> tuple:
        return a & b, ~(a & b) & (a | ua) & (b | ub)

    check_bouts(left, right)
    kind = "point" if "point" in (left.kind, right.kind) else "state"
    return _combine(left, right, rule, "and", kind, strict=True)


def either(left: Bouts, right: Bouts) -> Bouts:
    """Frames in a bout of at least one of the two, counted once."""
    check_bouts(left, right)
    if left.kind != right.kind:
        raise QueryError("A point event and a state have no common duration: join like with like.")

    def rule(a: np.ndarray, ua: np.ndarray, b: np.ndarray, ub: np.ndarray) -> tuple:
        return a | b, ~(a | b) & (ua | ub)

    return _combine(left, right, rule, "or", left.kind, strict=False)


def parts_while(bouts: Bouts, other: Bouts) -> Bouts:
    """See Bouts.while_."""

    def rule(a: np.ndarray, ua: np.ndarray, b: np.ndarray, ub: np.ndarray) -> tuple:
        return a & b, ~(a & b) & (a | ua) & (b | ub)

    return _parts(bouts, other, rule, "while")


def parts_without(bouts: Bouts, other: Bouts) -> Bouts:
    """See Bouts.without."""

    def rule(a: np.ndarray, ua: np.ndarray, b: np.ndarray, ub: np.ndarray) -> tuple:
        clear = ~b & ~ub
        return a & clear, ~(a & clear) & (a | ua) & ~b

    return _parts(bouts, other, rule, "without")


def neither(bouts: Bouts) -> Bouts:
    """Frames in which the subject was seen not to be in it; unseen frames are left out."""
    if bouts.kind == "point":
        raise QueryError("A point event has no opposite; take the opposite of a state.")
    states = {}
    for pair in bouts.pairs:
        mask, unknown = state(bouts, pair)
        states[pair] = (~mask & ~unknown, unknown)
    return type(bouts).from_masks(
        states, bouts.edges_s, _say("not", bouts.behaviour), _say("not", bouts.definition)
    )


def then(first: Bouts, second: Bouts, within_s: float, after: str) -> Bouts:
    """See Bouts.then: one row per sequence, from the first's start to the second's stop.

    The second starts at or after the first's stop and at most within_s later (after="start":
    later than the first's start, counted from there). Every bout belongs to one sequence at most:
    the nearest pair. A sequence is a state, also where nobody did it; two point events in one
    frame make a sequence of that frame.
    """
    if after not in ("start", "stop"):
        raise QueryError(f'then() counts from the "start" or the "stop" of a bout, not "{after}".')
    same_recording(first, second)
    check_seconds(within_s, "then")
    rows: list[tuple[np.ndarray, np.ndarray]] = []
    pairs: list[Pair] = []
    for pair, a, b in partners(first, second, strict=True):
        rows.append(_sequences(single(first, a), single(second, b), within_s, after))  # type: ignore[arg-type]
        pairs.append(pair)
    counts = [len(start) for start, _ in rows]
    start = np.concatenate([s for s, _ in rows])
    stop = np.maximum(np.concatenate([s for _, s in rows]), start + 1)
    return type(first)(
        edges_s=first.edges_s,
        pairs=tuple(pairs),
        pair_index=np.repeat(np.arange(len(pairs)), counts),
        start_frame=start,
        stop_frame=stop,
        behaviour=f"{first.behaviour} then {second.behaviour}",
        definition=f"({first.definition}) then within {within_s:g} s ({second.definition})",
    )


def _sequences(
    first: Bouts, second: Bouts, within_s: float, after: str
) -> tuple[np.ndarray, np.ndarray]:
    anchor = first.stop_frame if after == "stop" else first.start_frame
    order = np.argsort(anchor, kind="stable")
    anchor, start = anchor[order], first.start_frame[order]
    # the last first-bout before each second-bout, and of several second-bouts the earliest
    partner = np.searchsorted(anchor, second.start_frame + (after == "stop")) - 1
    waited = second.start_s - second.edges_s[anchor[partner]] if len(anchor) else np.empty(0)
    fits = (partner >= 0) & (waited <= within_s + TOLERANCE_S) if len(anchor) else partner >= 0
    chosen, where = np.unique(partner[fits], return_index=True)
    return start[chosen], second.stop_frame[np.flatnonzero(fits)[where]]


def merge(bouts: Bouts, gap_s: float) -> Bouts:
    """See Bouts.merge: whatever lay in between, seen or not, then belongs to the bout."""
    check_seconds(gap_s, "merge")
    if bouts.kind == "point":
        raise QueryError("Point events have no duration to merge.")
    start, stop, index = [], [], []
    for number, pair in enumerate(bouts.pairs):
        one = single(bouts, pair)
        if not one.count:
            continue
        reached = np.maximum.accumulate(one.stop_frame)
        apart = one.start_s[1:] - one.edges_s[reached[:-1]] > gap_s + TOLERANCE_S
        new = np.concatenate([[True], apart])
        start.append(one.start_frame[new])
        stop.append(reached[np.concatenate([apart, [True]])])
        index.append(np.full(len(start[-1]), number))
    empty = np.empty(0, dtype=np.int64)
    return replace(  # state() takes what is inside a bout as known
        bouts,
        pair_index=np.concatenate([empty, *index]),
        start_frame=np.concatenate([empty, *start]),
        stop_frame=np.concatenate([empty, *stop]),
    ).noted(f"gaps up to {gap_s:g} s joined")


def any_target(bouts: Bouts) -> Bouts:
    """See Bouts.any_target."""
    states: dict[Pair, tuple[np.ndarray, np.ndarray | None]] = {}
    for pair in bouts.pairs:
        mask, unknown = state(bouts, pair)
        before, unsure = states.get((pair[0], None), (np.zeros_like(mask), np.zeros_like(mask)))
        states[pair[0], None] = (before | mask, (unsure | unknown) & ~(before | mask))
    return type(bouts).from_masks(
        states, bouts.edges_s, bouts.behaviour, f"{bouts.definition}, to anyone", bouts.kind
    )


def of_group(bouts: Bouts) -> Bouts:
    """See Bouts.of_group."""
    pairs: tuple[Pair, ...] = tuple(("+".join(members(pair)), None) for pair in bouts.pairs)
    if len(set(pairs)) < len(pairs):
        raise QueryError(f"Several of these bouts are of the same group: {names(bouts.pairs)}.")
    unknown = {new: bouts.unknown[old] for new, old in zip(pairs, bouts.pairs, strict=True)
               if old in bouts.unknown}  # fmt: skip
    return replace(bouts, pairs=pairs, unknown=unknown)


def within(bouts: Bouts, start_s: float, stop_s: float) -> Bouts:
    """See Bouts.within; frames outside the two times count as unseen."""
    low, high = window(bouts.edges_s, start_s, stop_s)
    start = np.maximum(bouts.start_frame, low)
    stop = np.minimum(bouts.stop_frame, high)
    point = bouts.kind == "point"
    rows = (bouts.start_frame >= low) & (bouts.start_frame < high) if point else stop > start
    outside = np.ones(bouts.n_frames, dtype=bool)
    outside[low:high] = False
    clipped = replace(
        bouts,
        pair_index=bouts.pair_index[rows],
        start_frame=start[rows],
        stop_frame=stop[rows],
        unknown={pair: state(bouts, pair)[1] | outside for pair in bouts.pairs},
    )
    if low == 0 and high == bouts.n_frames:
        return clipped
    first, last = (float(bouts.edges_s[frame]) for frame in (low, high))
    return clipped.noted(f"from {first:.6g} s to {last:.6g} s")


def collect(groups: Iterable[Bouts | Iterable[Bouts]]) -> Bouts:
    """See bouts.collect."""
    flat: list[Bouts] = []
    for group in groups:
        flat += [group] if not isinstance(group, Iterable) else list(group)
    if not flat:
        raise QueryError("collect() needs at least one set of bouts.")
    check_bouts(*flat)
    pairs = [pair for one in flat for pair in one.pairs]
    if len(set(pairs)) < len(pairs):
        raise QueryError(
            f"collect() would count somebody twice: {names(pairs)}. Join two states of one by |."
        )
    if len({one.kind for one in flat}) > 1:
        raise QueryError("collect() takes point events or states, not both.")
    for one in flat[1:]:
        same_recording(flat[0], one)
    first = np.cumsum([0] + [len(one.pairs) for one in flat])
    return replace(
        flat[0],
        pairs=tuple(pairs),
        pair_index=np.concatenate([o.pair_index + i for o, i in zip(flat, first, strict=False)]),
        start_frame=np.concatenate([one.start_frame for one in flat]),
        stop_frame=np.concatenate([one.stop_frame for one in flat]),
        unknown={pair: unseen for one in flat for pair, unseen in one.unknown.items()},
    )


def _combine(left: Bouts, right: Bouts, rule, word: str, kind: str, strict: bool) -> Bouts:  # type: ignore[no-untyped-def]
    same_recording(left, right)
    states: dict[Pair, tuple[np.ndarray, np.ndarray | None]] = {}
    for pair, a, b in partners(left, right, strict=strict):
        mask, unknown = rule(*state(left, a), *state(right, b))
        if pair in states:  # the same joint pair twice, as (1, None) and (1, 2) with (1, 2)
            before, unsure = states[pair]
            mask, unknown = before | mask, (unsure | unknown) & ~(before | mask)
        states[pair] = (mask, unknown)
    return type(left).from_masks(
        states,
        left.edges_s,
        f"{left.behaviour} {word} {right.behaviour}",
        f"({left.definition}) {word} ({right.definition})",
        kind,
    )


def _parts(bouts: Bouts, other: Bouts, rule, word: str) -> Bouts:  # type: ignore[no-untyped-def]
    """The parts of each pair's bouts by what any of its counterparts does; the pairs stay."""
    states: dict[Pair, tuple[np.ndarray, np.ndarray | None]] = {}
    for mine, pairs in counterparts(bouts, other):
        others = [state(other, pair) for pair in pairs]
        b = np.any([mask for mask, _ in others], axis=0)
        ub = np.any([unknown for _, unknown in others], axis=0) & ~b
        states[mine] = rule(*state(bouts, mine), b, ub)
    return type(bouts).from_masks(
        states,
        bouts.edges_s,
        f"{bouts.behaviour} {word} {other.behaviour}",
        f"({bouts.definition}) {word} ({other.definition})",
        bouts.kind,
    )


def _say(word: str, text: str) -> str:
    return f"{word} ({text})" if " " in text else f"{word} {text}"
