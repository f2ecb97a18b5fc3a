"""Which bouts come before, after, between and inside others: whole bouts, chosen, never cut.

Who is compared with whom: see bout_pairs. A moment in which a bout stops is not part of it, so a
bout that starts in that very frame comes after it. A point event's stop is its own frame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from llm_query.algebra.bout_pairs import check_seconds, partners, same_recording, single, state
from llm_query.algebra.intervals import TOLERANCE_S

if TYPE_CHECKING:
    from llm_query.bouts import Bouts, Pair


def overlapping(bouts: Bouts, other: Bouts) -> Bouts:
    """See Bouts.overlapping."""
    return bouts.keep(_covered(bouts, other) > 0).noted(f"overlapping {_named(other)}")


def during(bouts: Bouts, other: Bouts) -> Bouts:
    """See Bouts.during."""
    length = np.maximum(bouts.stop_frame - bouts.start_frame, 1)
    return bouts.keep(_covered(bouts, other) == length).noted(f"entirely during {_named(other)}")


def starts_in(bouts: Bouts, other: Bouts) -> Bouts:
    """See Bouts.starts_in."""
    inside = np.zeros(bouts.count, dtype=bool)
    for mine, pairs in counterparts(bouts, other):
        rows = bouts.pair_index == bouts.pairs.index(mine)
        for pair in pairs:
            inside[rows] |= state(other, pair)[0][bouts.start_frame[rows]]
    return bouts.keep(inside).noted(f"starting in {_named(other)}")


def before(bouts: Bouts, other: Bouts, within_s: float | None) -> Bouts:
    """See Bouts.before."""
    _check(within_s, "before")
    near = np.zeros(bouts.count, dtype=bool)
    for mine, pairs in counterparts(bouts, other):
        rows = np.flatnonzero(bouts.pair_index == bouts.pairs.index(mine))
        stop = bouts.stop_frame[rows]
        for pair in pairs:
            found = _next(single(other, pair).start_frame, stop, bouts.n_frames)
            near[rows] |= _close(bouts.edges_s, stop, found, within_s)
    return bouts.keep(near).noted(f"{_near(within_s)}before {_named(other)}")


def after(bouts: Bouts, other: Bouts, within_s: float | None) -> Bouts:
    """See Bouts.after."""
    _check(within_s, "after")
    near = np.zeros(bouts.count, dtype=bool)
    for mine, pairs in counterparts(bouts, other):
        rows = np.flatnonzero(bouts.pair_index == bouts.pairs.index(mine))
        start = bouts.start_frame[rows]
        for pair in pairs:
            found = _last(single(other, pair).stop_frame, start)
            near[rows] |= (found >= 0) & _close(bouts.edges_s, found, start, within_s)
    return bouts.keep(near).noted(f"{_near(within_s)}after {_named(other)}")


def between(bouts: Bouts, first: Bouts, second: Bouts) -> Bouts:
    """See Bouts.between."""
    inside = np.zeros(bouts.count, dtype=bool)
    opening = dict(counterparts(bouts, first))
    closing = dict(counterparts(bouts, second))
    for number, mine in enumerate(bouts.pairs):
        rows = np.flatnonzero(bouts.pair_index == number)
        stops = np.concatenate([single(first, pair).stop_frame for pair in opening[mine]])
        starts = np.concatenate([single(second, pair).start_frame for pair in closing[mine]])
        opened = _last(stops, bouts.start_frame[rows])
        closed = _next(starts, opened, bouts.n_frames)
        stop = bouts.stop_frame[rows]
        inside[rows] = (opened >= 0) & (closed <= bouts.n_frames - 1) & (stop <= closed)
    return bouts.keep(inside).noted(f"between {_named(first)} and {_named(second)}")


def rank(bouts: Bouts, from_end: bool = False) -> np.ndarray:
    """(k,) the bout's number, from 1, among those of its own subject and target."""
    ranks = np.zeros(bouts.count, dtype=np.int64)
    for number in range(len(bouts.pairs)):
        rows = np.flatnonzero(bouts.pair_index == number)
        ranks[rows] = np.arange(1, len(rows) + 1)[:: -1 if from_end else 1]
    return ranks


def counterparts(bouts: Bouts, other: Bouts) -> list[tuple[Pair, list[Pair]]]:
    """For each pair of `bouts`, the pairs of `other` that it is compared with."""
    same_recording(bouts, other)
    found: dict[Pair, list[Pair]] = {pair: [] for pair in bouts.pairs}
    for _, a, b in partners(bouts, other, strict=True):
        if a is not None and b is not None:
            found[a].append(b)
    return list(found.items())


def _named(other: Bouts) -> str:
    """How the definition of some bouts speaks of others."""
    if not other.definition:
        return other.behaviour or "other bouts"
    return f"{other.behaviour} ({other.definition})" if other.behaviour else f"({other.definition})"


def _near(within_s: float | None) -> str:
    return "" if within_s is None else f"at most {within_s:g} s "


def _next(starts: np.ndarray, frames: np.ndarray, n_frames: int) -> np.ndarray:
    """The first of `starts` at or after each frame; n_frames where there is none."""
    ordered = np.append(np.sort(starts), n_frames)
    return ordered[np.searchsorted(ordered[:-1], frames)]


def _last(stops: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """The last of `stops` at or before each frame; -1 where there is none."""
    ordered = np.insert(np.sort(stops), 0, -1)
    return ordered[np.searchsorted(ordered[1:], frames, side="right")]


def _close(
    edges_s: np.ndarray, early: np.ndarray, late: np.ndarray, within_s: float | None
) -> np.ndarray:
    there = late < len(edges_s) - 1
    if within_s is None:
        return there
    return there & (edges_s[late] - edges_s[early] <= within_s + TOLERANCE_S)


def _check(within_s: float | None, word: str) -> None:
    if within_s is not None:
        check_seconds(within_s, word)


def _covered(bouts: Bouts, other: Bouts) -> np.ndarray:
    """(k,) how many frames of each bout are also in a bout of `other`."""
    frames = np.zeros(bouts.count, dtype=np.int64)
    stop = np.maximum(bouts.stop_frame, bouts.start_frame + 1)
    for mine, pairs in counterparts(bouts, other):
        rows = bouts.pair_index == bouts.pairs.index(mine)
        for pair in pairs:
            total = np.concatenate([[0], np.cumsum(state(other, pair)[0])])
            found = total[stop[rows]] - total[bouts.start_frame[rows]]
            frames[rows] = np.maximum(frames[rows], found)
    return frames
