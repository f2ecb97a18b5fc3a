"""Who left a contact as whom: one table of all ways over the whole contact.

What the picture says of a contact of several animals holds for all of them at once: whoever is
taken for another leaves that one's place to somebody else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from tracking.identities.carrying import Carried
from tracking.identities.permutations import all_states
from tracking.identities.solution import Moment, Told, key_of

# fitted on contacts of generated scenes with known truth, one way against all others
ODDS, PICTURE = 0.9, 0.55  # what the odds known before and the picture weigh
LEAST = 0.05  # share of one animal in another's place that says nothing against it
RARE = 1e-3  # probability of a way that the odds known before rule out
SURE = 12.0  # log odds
SLOW = 1e-3  # nats per frame by which a moment stays where it was, where nothing else is seen


def told_of(
    moments: Sequence[Moment], slots: Sequence[int], start: int, seen: Carried,
    parted: bool = False,
) -> Told:  # fmt: skip
    """What both the odds of the exchanges of one contact, in order of time, and what was seen of
    it from the frame ``start`` on say.

    Of the histories that come to the same way, the likeliest stands for all. When the exchanges of
    the likeliest way were is seen from whose pixels lie where. Where some ``parted`` meanwhile,
    looks in between may tell histories apart: then all stay as they are, but for their chance.
    """
    place = {slot: k for k, slot in enumerate(slots)}
    pairs = [(place[m.exchange.a], place[m.exchange.b]) for m in moments]
    kept = np.array(list(product((True, False), repeat=len(pairs))))
    ways = all_states(len(slots))
    way_of = _ways(kept, pairs, ways)
    before = _chances(kept, np.array([m.exchange.log_odds for m in moments]))
    told = _table(before, way_of, seen.overlap, ways)
    if parted:
        share = told / np.maximum(np.bincount(way_of, before, len(ways)), 1e-12)
        return Told(tuple(moments), ~kept, before * share[way_of])
    found = [np.flatnonzero(way_of == way) for way in np.unique(way_of)]
    likeliest = [int(here[np.argmax(before[here])]) for here in found]
    best = likeliest[int(np.argmax(told[np.unique(way_of)]))]
    timed = _timed(moments, pairs, kept[best], ways[way_of[best]], start, seen)
    return Told(tuple(timed), ~kept[likeliest], told[np.unique(way_of)])


def _timed(
    moments: Sequence[Moment], pairs: list[tuple[int, int]], kept: np.ndarray, way: np.ndarray,
    start: int, seen: Carried,
) -> list[Moment]:  # fmt: skip
    """The moments at which exchanges, of which some were not made, suit best whose pixels lie in
    which slot; as they were where the order leaves no room."""
    who = [np.arange(len(way))]
    for stayed, (a, b) in zip(kept.tolist(), pairs, strict=True):
        after = who[-1].copy()
        if not stayed:
            after[[a, b]] = after[[b, a]]
        who.append(after)
    lies = seen.entered + seen.leaving[:, np.argsort(way)]  # by who entered
    share = np.log((lies + 1) / (lies.sum(1, keepdims=True) + len(way)))
    each = np.arange(len(way))
    until = [np.r_[0.0, np.cumsum(share[:, one, each].sum(1))] for one in who]
    frames = np.arange(start, start + len(lies) + 1)
    best, came = np.zeros(len(frames)), []
    for number, moment in enumerate(moments):
        one = moment.exchange
        here = until[number] - until[number + 1] - SLOW * np.abs(frames - moment.frame)
        allowed = (frames > one.start) & (frames <= max(one.frame, one.start + 1))
        if number and key_of(moments[number - 1].exchange) > key_of(one):
            best = np.r_[-np.inf, best[:-1]]  # two of one frame would come in the other order
        reached = np.maximum.accumulate(best)
        best = np.where(allowed, here + reached, -np.inf)
        came.append(best)
    if not np.isfinite(best.max()):
        return list(moments)
    timed: list[Moment] = []
    for moment, scores in zip(reversed(moments), reversed(came), strict=True):
        stop = len(frames)
        if timed:
            later = timed[-1]
            stop = later.frame - start + (key_of(moment.exchange) < key_of(later.exchange))
        timed.append(replace(moment, frame=int(frames[np.argmax(scores[:stop])])))
    return timed[::-1]


def _ways(kept: np.ndarray, pairs: list[tuple[int, int]], ways: np.ndarray) -> np.ndarray:
    """Which of the ``ways`` (m, k) each history (h, K) of exchanges comes to, (h,)."""
    number = {tuple(way): k for k, way in enumerate(ways.tolist())}
    found = []
    for history in kept.tolist():
        who = list(range(ways.shape[1]))
        for stayed, (a, b) in zip(history, pairs, strict=True):
            if not stayed:
                who[a], who[b] = who[b], who[a]
        found.append(number[tuple(who)])
    return np.array(found)


def _chances(kept: np.ndarray, odds: np.ndarray) -> np.ndarray:
    """The probability of each history, (h,)."""
    once = 1 / (1 + np.exp(-np.clip(odds, -SURE, SURE)))
    return np.asarray(np.where(kept, once, 1 - once).prod(1))


def _table(
    chance: np.ndarray, way_of: np.ndarray, overlap: np.ndarray, ways: np.ndarray
) -> np.ndarray:
    """The probability (m,) of each way that some history comes to."""
    before = np.bincount(way_of, chance, len(ways))
    rows = overlap / np.maximum(overlap.sum(1, keepdims=True), 1e-9)
    columns = overlap / np.maximum(overlap.sum(0, keepdims=True), 1e-9)
    says = (np.log(rows + LEAST) + np.log(columns + LEAST)) / 2
    left = np.arange(ways.shape[1])
    log = ODDS * np.log(before + RARE) + PICTURE * says[ways, left].sum(1)
    share = np.where(np.isin(np.arange(len(ways)), way_of), np.exp(log - log.max()), 0.0)
    return np.asarray(share / share.sum())
