"""Who is in which slot at what time, found once over the whole video.

Between two possible exchanges each slot holds one animal. What place and motion say of every
exchange and what appearance says of every fragment are put together in one chain over time; the
most likely history is the answer, and many histories drawn by their probability say how sure it is.
Slots that were never near each other are solved by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np

from tracking.following.exchanges import Exchange
from tracking.identities.confidence import sure_of
from tracking.identities.fragments import Crossing, Fragment, Stretches
from tracking.identities.permutations import EXACT, Chain, History, Joint, Paths, all_states

DRAWN = 1000  # histories that confidence is counted in
ROUNDS = 2  # of finding which appearance belongs to whom, among many animals
TRIES = 4  # times that many animals are solved anew
TRIED, SWEEPS = 300, 8  # ways of it that are tried
WIDER = 0.5  # of what speaks for one way rather than another, so that more of them are tried
LEAST = 1e-12  # likelihood of a fragment that suits nobody


@dataclass(frozen=True)
class Moment:
    """An exchange that may have been, at the frame from which it would show."""

    frame: int
    exchange: Exchange


@dataclass(frozen=True)
class Told:
    """How probable the histories of a whole crossing are; those not named cannot be."""

    moments: tuple[Moment, ...]  # of all exchanges of a crossing, in order of time
    exchanged: np.ndarray  # (m, K) bool, which of them were made
    chance: np.ndarray  # (m,) probability of each


@dataclass(frozen=True)
class Solution:
    """Who is in which slot over F frames; K exchanges, N slots and as many animals, from 0."""

    moments: list[Moment]  # in order of frame
    animals: np.ndarray  # (K + 1, N) int64: animal in each slot, before and after each moment
    sure: np.ndarray  # (K + 1, N) float32: probability that it is so
    animal_of: np.ndarray  # (fragments,) int64
    probability: np.ndarray  # (fragments,) float32, that the fragment belongs to this animal
    margin: np.ndarray  # (fragments,) float64, by which appearance speaks for it; NaN if it is mute
    left_as_said: np.ndarray  # (crossings,) float32: probability that all left it as said

    def rows(self, frames: np.ndarray) -> np.ndarray:
        """The row of ``animals`` that holds in each frame."""
        return np.searchsorted([m.frame for m in self.moments], frames, "right")

    @cached_property
    def _order(self) -> dict[tuple[int, int, int, int], int]:
        """The first moment of each exchange."""
        last_first = range(len(self.moments) - 1, -1, -1)
        return {key_of(self.moments[k].exchange): k for k in last_first}

    def animals_in(self, crossing: Crossing) -> list[int]:
        """The animals that entered a crossing, ascending."""
        first = min(self._order[key_of(x)] for x in crossing.exchanges)
        return sorted(self.animals[first, list(crossing.slots)].tolist())


def solve(
    fragments: Sequence[Fragment], crossings: Sequence[Crossing], moments: Sequence[Moment],
    log_likelihood: np.ndarray, seen: Stretches, told: Sequence[Told] = (),
) -> Solution:  # fmt: skip
    """Find who is who; what is ``told`` of whole crossings holds in place of what ``moments`` say.

    log_likelihood (fragments, N): of each fragment under each of N appearances; those of slots that
    exchange may have linked stand in the columns of these slots, in any order. Zeros say nothing.
    Animals get the number of the slot in which they begin.
    """
    better = {key_of(m.exchange): m for one in told for m in one.moments}
    moments = [better.get(key_of(m.exchange), m) for m in moments]
    ordered = sorted(moments, key=lambda m: (m.frame, *key_of(m.exchange)))
    found = _Found.of(len(ordered), seen.n, len(fragments), len(crossings))
    for slots in linked(seen.n, [m.exchange for m in ordered]):
        if len(slots) > 1:
            mine = [one for one in told if one.moments[0].exchange.a in slots]
            _solve_linked(slots, fragments, crossings, ordered, log_likelihood, seen, found, mine)
    rows = np.searchsorted([m.frame for m in ordered], [f.start for f in fragments], "right")
    slot_of = np.array([f.slot for f in fragments], int)
    return Solution(
        ordered, found.animals, found.sure, found.animals[rows, slot_of],
        found.sure[rows, slot_of], found.margin, found.left,
    )  # fmt: skip


def linked(n: int, exchanges: Sequence[Exchange]) -> list[list[int]]:
    """Groups of slots, ascending, that exchanges link directly or through others."""
    group = list(range(n))
    for one in exchanges:
        low, high = sorted((group[one.a], group[one.b]))
        if low != high:
            group = [low if g == high else g for g in group]
    return [[s for s in range(n) if group[s] == g] for g in sorted(set(group))]


@dataclass
class _Found:
    """What is found out of the groups, side by side."""

    animals: np.ndarray
    sure: np.ndarray
    margin: np.ndarray
    left: np.ndarray

    @classmethod
    def of(cls, k: int, n: int, fragments: int, crossings: int) -> _Found:
        return cls(
            np.tile(np.arange(n), (k + 1, 1)), np.ones((k + 1, n), np.float32),
            np.full(fragments, np.nan), np.ones(crossings, np.float32),
        )  # fmt: skip


def _solve_linked(
    slots: list[int], fragments: Sequence[Fragment], crossings: Sequence[Crossing],
    ordered: list[Moment], log_likelihood: np.ndarray, seen: Stretches, found: _Found,
    told: list[Told],
) -> None:  # fmt: skip
    """Solve the slots of one group."""
    mine = [k for k, m in enumerate(ordered) if m.exchange.a in slots]
    moments = [ordered[k] for k in mine]
    which = [k for k, f in enumerate(fragments) if f.slot in slots]
    pieces = [fragments[k] for k in which]
    evidence = log_likelihood[np.ix_(which, slots)]
    chain = _chain(slots, pieces, moments, evidence - evidence.max(1, keepdims=True), told)
    histories = _histories(chain)
    history = max(histories, key=lambda h: h.best)
    best = history.likeliest()
    drawn = Paths.joined([h.draw(DRAWN // len(histories)) for h in histories])
    frames = np.array([m.frame for m in moments])
    spent = [seen.before(slot, frames) for slot in slots]
    ends = np.array([seen.total(slot) for slot in slots])
    sure, labels = sure_of(chain.pairs, best, drawn, np.stack(spent, 1), ends)
    numbers = np.empty(len(slots), int)
    numbers[best.start[0]] = slots  # an animal is called by the slot in which it begins
    row_of = np.searchsorted(mine, np.arange(len(ordered) + 1), "left")
    found.animals[:, slots] = numbers[labels[row_of]]
    found.sure[:, slots] = sure[row_of]
    place = {slot: k for k, slot in enumerate(slots)}
    for k, piece, row in zip(which, pieces, history.chain.evidence, strict=True):
        after = int(np.searchsorted(frames, piece.start, "right"))
        found.margin[k] = _margin(row, int(labels[after, place[piece.slot]]))
    steps_of: dict[tuple[int, ...], list[int]] = {}
    for k, moment in enumerate(moments):
        steps_of.setdefault(key_of(moment.exchange), []).append(k)
    for k, crossing in enumerate(crossings):
        if crossing.slots[0] in slots:
            steps = sorted({k for x in crossing.exchanges for k in steps_of[key_of(x)]})
            found.left[k] = _as_said(chain.pairs, steps, best, drawn)


def key_of(one: Exchange) -> tuple[int, int, int, int]:
    """What an exchange is known by."""
    return one.start, one.frame, one.a, one.b


def _chain(
    slots: list[int], pieces: list[Fragment], moments: list[Moment], evidence: np.ndarray,
    told: Sequence[Told],
) -> Chain:  # fmt: skip
    """The chain of one group; its slots are counted from 0."""
    place = {slot: k for k, slot in enumerate(slots)}
    pairs = np.array([(place[m.exchange.a], place[m.exchange.b]) for m in moments]).reshape(-1, 2)
    odds = np.array([m.exchange.log_odds for m in moments])
    starts = [sorted((p.start, k) for k, p in enumerate(pieces) if p.slot == s) for s in slots]

    def next_of(slot: int, frame: int) -> int:
        later = np.searchsorted([start for start, _ in starts[slot]], frame, "left")
        return starts[slot][later][1] if later < len(starts[slot]) else -1

    after = [(next_of(a, m.frame), next_of(b, m.frame)) for (a, b), m in
             zip(pairs.tolist(), moments, strict=True)]  # fmt: skip
    first = [next_of(slot, -1) for slot in range(len(slots))]
    return Chain(
        len(slots), pairs, -np.logaddexp(0, -odds), -np.logaddexp(0, odds), np.array(first),
        np.array(after).reshape(-1, 2), evidence, _joints(moments, told),
    )  # fmt: skip


def _joints(moments: list[Moment], told: Sequence[Told]) -> tuple[Joint, ...]:
    """What is told of whole crossings, by the steps of a chain."""
    step_of = {key_of(moment.exchange): k for k, moment in enumerate(moments)}
    found = []
    for one in told:
        steps = tuple(step_of[key_of(m.exchange)] for m in one.moments)
        found.append(Joint(steps, one.exchanged, one.chance))
    return tuple(found)


def _histories(chain: Chain) -> list[History]:
    """Follow all states. Of more animals than are exact it is done several times by chance, from
    likely starts: where these do not agree, nobody is sure."""
    identity = np.arange(chain.n)[None]
    if not chain.evidence.any():
        return [History(chain, identity)]
    if chain.n <= EXACT:
        return [History(chain, all_states(chain.n))]
    mute = History(replace(chain, evidence=np.zeros_like(chain.evidence)), identity)
    found = []
    for seed in range(TRIES):
        history = mute
        for _ in range(ROUNDS):
            starts = likely_orders(_liking(chain, history.draw(DRAWN)), seed)
            history = History(chain, starts, seed)
        found.append(history)
    return found


def _liking(chain: Chain, drawn: Paths) -> np.ndarray:
    """(n, n) how well the fragments of the animal that began in each slot suit each appearance."""
    liking = np.zeros((chain.n, chain.n))
    who = np.tile(np.arange(chain.n), (len(drawn.start), 1))  # by the slot in which they began

    def count(slot: int, fragment: int) -> None:
        if fragment >= 0:
            share = np.bincount(who[:, slot], minlength=chain.n)[:, None] / len(who)
            likely = np.exp(chain.evidence[fragment])
            # whose it is not, it says nothing of
            liking[:] += np.log(share * likely + (1 - share) * likely.mean() + LEAST)

    for slot, fragment in enumerate(chain.first.tolist()):
        count(slot, fragment)
    for k, (a, b) in enumerate(chain.pairs.tolist()):
        swap = drawn.exchanged[k]
        who[np.ix_(swap, (a, b))] = who[np.ix_(swap, (b, a))]
        count(a, int(chain.after[k, 0]))
        count(b, int(chain.after[k, 1]))
    return liking


def likely_orders(liking: np.ndarray, seed: int = 0) -> np.ndarray:
    """(m, n) the best assignment of rows to columns, and others that are nearly as good."""
    from scipy.optimize import linear_sum_assignment

    n = len(liking)
    best = linear_sum_assignment(-liking)[1]
    orders = np.tile(best, (TRIED, 1))
    every, random = np.arange(TRIED), np.random.default_rng(seed)
    for _ in range(SWEEPS):
        for i, j in combinations(range(n), 2):
            x, y = orders[:, i].copy(), orders[:, j].copy()
            gain = liking[i, y] + liking[j, x] - liking[i, x] - liking[j, y]
            swap = every[random.random(TRIED) < 1 / (1 + np.exp(-np.clip(WIDER * gain, -50, 50)))]
            orders[swap, i], orders[swap, j] = y[swap], x[swap]
    return np.unique(np.vstack((best, orders)), axis=0)


def _margin(row: np.ndarray, animal: int) -> float:
    """By how much appearance speaks for an animal rather than the next likely; NaN if mute."""
    others = np.delete(row, animal)
    return float(row[animal] - others.max()) if np.ptp(row) > 0 else np.nan


def _as_said(pairs: np.ndarray, steps: list[int], best: Paths, drawn: Paths) -> float:
    """The share of histories in which a crossing's exchanges come to the same as in the best."""
    every = np.hstack((best.exchanged[steps], drawn.exchanged[steps])).T
    who = np.tile(np.arange(pairs.max() + 1), (len(every), 1))
    for k, step in enumerate(steps):
        a, b = pairs[step]
        swap = every[:, k]
        who[np.ix_(swap, (a, b))] = who[np.ix_(swap, (b, a))]
    return float((who[1:] == who[0]).all(1).mean())
