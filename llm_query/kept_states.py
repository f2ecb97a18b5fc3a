"""Bouts kept in a study as the algebra sees them: who was watched, and when nobody could tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from llm_query.algebra.bout_pairs import single, state
from llm_query.algebra.intervals import TOLERANCE_S, cover
from llm_query.bouts import Bouts, Pair
from llm_query.known_time import told, watched_s

if TYPE_CHECKING:
    import pandas as pd


def kept_states(
    table: pd.DataFrame,
    edges_s: np.ndarray,
    behaviour: str,
    animals: Sequence[str],
    *,
    name: str = "",
    seen: Mapping[str, np.ndarray] | None = None,
) -> list[Bouts]:
    """One watcher's bouts of one behaviour in one video: states and point events apart.

    table: its rows, with subject, target, kind, start_frame, stop_frame, definition. edges_s:
    (n + 1,) s. animals: who was watched; who has no bouts did it 0 times. name: what to call it,
    instead of the behaviour's name. seen: by animal, (n,) bool; frames outside the bouts in which
    it was not seen are unknown (of bouts that a person scored everything is known, so without).

    Gives nothing where animals is empty, and states where there is no row at all.
    """
    rows = table[table["subject"].isin(animals)]
    if not len(animals):
        return []
    kinds = list(dict.fromkeys(rows["kind"])) or ["state"]
    return [
        _of_kind(rows[rows["kind"] == kind], kind, edges_s, behaviour, animals, name, seen or {})
        for kind in sorted(kinds, reverse=True)
    ]


def _of_kind(
    rows: pd.DataFrame,
    kind: str,
    edges_s: np.ndarray,
    behaviour: str,
    animals: Sequence[str],
    name: str,
    seen: Mapping[str, np.ndarray],
) -> Bouts:
    who: list[Pair] = [
        (str(subject), target if isinstance(target, str) else None)
        for subject, target in zip(rows["subject"], rows["target"], strict=True)
    ]
    did = {subject for subject, _ in who}
    pairs = list(dict.fromkeys([*who, *((one, None) for one in animals if one not in did)]))
    pairs.sort(key=lambda pair: (list(animals).index(pair[0]), pair[1] or ""))
    start, stop = (rows[key].to_numpy(dtype=np.int64) for key in ("start_frame", "stop_frame"))
    index = np.array([pairs.index(pair) for pair in who], dtype=np.int64)
    rules = sorted({str(rule) for rule in rows["definition"] if isinstance(rule, str) and rule})
    unknown = {}
    for number, pair in enumerate(pairs):
        if pair[0] in seen:
            mine = index == number
            shut = cover(start[mine], np.maximum(stop[mine], start[mine] + 1), len(edges_s) - 1)
            unknown[pair] = ~seen[pair[0]] & ~shut
    return Bouts(
        edges_s=edges_s, pairs=tuple(pairs), pair_index=index, start_frame=start, stop_frame=stop,
        behaviour=name or behaviour, definition="; ".join(rules), kind=kind, unknown=unknown,
    )  # fmt: skip


def first_times(
    bouts: Bouts, start_s: float | None = None, stop_s: float | None = None
) -> list[tuple[str, float, float, float]]:
    """Latency of every subject, to whatever target: (subject, latency, censored, watched), s.

    Counted from start_s (the recording's start without). Until stop_s and until somebody could
    last tell it was watched; where it had not happened by then the latency is missing and censored
    is 1. Of an animal that nobody could tell anything of, all three are missing.

    >>> edges = np.arange(5) / 10
    >>> one = Bouts.where(np.array([False, True, True, False]), edges, "a", behaviour="rest")
    >>> [(who, round(late, 3), never) for who, late, never, _ in first_times(one)]
    [('a', 0.1, 0.0)]
    """
    begin_s = float(bouts.edges_s[0]) if start_s is None else start_s
    end_s = float(bouts.edges_s[-1]) if stop_s is None else stop_s
    low, high = np.searchsorted(bouts.edges_s[:-1], np.array([begin_s, end_s]) - TOLERANCE_S)
    if high <= low:  # the recording is over before
        return []
    rows = []
    for subject in dict.fromkeys(subject for subject, _ in bouts.pairs):
        part = _any_target(bouts, subject).within(begin_s, end_s)
        late = float(part.start_s[0]) - begin_s if part.count else np.nan
        watched = told(part, watched_s(part) + float(part.edges_s[0]) - begin_s)
        rows.append((subject, max(late, 0.0), told(part, float(not part.count)), watched))
    return rows


def _any_target(bouts: Bouts, subject: str) -> Bouts:
    """One subject's bouts, targets together; unknown where nobody could tell of any."""
    own = bouts.only(subject)
    unknown = np.ones(bouts.n_frames, dtype=bool)
    for pair in own.pairs:
        mask, unsure = state(single(own, pair), pair)
        unknown &= unsure & ~mask
    pairs: tuple[Pair, ...] = ((subject, None),)
    index = np.zeros(own.count, dtype=np.int64)
    return replace(own, pairs=pairs, pair_index=index, unknown={pairs[0]: unknown})
