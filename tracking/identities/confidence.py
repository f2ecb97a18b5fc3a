"""How sure it is that a row is the animal it is said to be.

Many histories of who was in which slot are drawn by their probability. In each of them the numbers
given to the animals are matched to the animals as a person would who compares tracks with the truth
(the most frames in common); how often a stretch is right then is its confidence.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from tracking.identities.permutations import Paths

if TYPE_CHECKING:
    from tracking.identities.solution import Solution

# Shares of rows within contacts that were right in generated scenes, where both sides of the
# contact were sure: 0.986 of 8,200, and about as many where the two had to be exchanged
WITHIN_CONTACT, WITHIN_EXCHANGE = 0.98, 0.95


def sure_of(
    pairs: np.ndarray, best: Paths, drawn: Paths, spent: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Probability (K + 1, n) that each slot holds whom the best history says, and that (K + 1, n).

    spent (K, n) are the frames in which each slot was seen before each exchange, ends (n,) in all.
    """
    n = best.start.shape[1]
    overlap = np.zeros((len(drawn.start), n, n), np.float32)
    counted = np.zeros(n)
    every = np.arange(len(overlap))
    for k, said, true in _replay(pairs, best, drawn):
        until = spent[k] if k < len(pairs) else ends
        for slot in pairs[k].tolist() if k < len(pairs) else range(n):
            overlap[every, said[slot], true[:, slot]] += until[slot] - counted[slot]
            counted[slot] = until[slot]
    owner = _matched(overlap)
    sure = np.ones((len(pairs) + 1, n), np.float32)
    labels = np.empty((len(pairs) + 1, n), int)
    for k, said, true in _replay(pairs, best, drawn):
        changed = range(n) if k == 0 else pairs[k - 1].tolist()
        sure[k] = sure[k - 1]
        for slot in changed:
            right = np.count_nonzero(owner[:, said[slot]] == true[:, slot])
            sure[k, slot] = (right + 0.5) / (len(owner) + 1)
        labels[k] = said
    return sure, labels


def _replay(
    pairs: np.ndarray, best: Paths, drawn: Paths
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Whom each slot holds before exchange k, in the best history (n,) and in all drawn (S, n)."""
    said, true = best.start[0].copy(), drawn.start.copy()
    for k, (a, b) in enumerate(pairs.tolist()):
        yield k, said, true
        if best.exchanged[k, 0]:
            said[[a, b]] = said[[b, a]]
        swap = drawn.exchanged[k]
        true[np.ix_(swap, (a, b))] = true[np.ix_(swap, (b, a))]
    yield len(pairs), said, true


def _matched(overlap: np.ndarray) -> np.ndarray:
    """(S, n) the animal of each number with the most frames in common, one for one."""
    from scipy.optimize import linear_sum_assignment

    owner = overlap.argmax(2)
    clash = (np.diff(np.sort(owner, 1), axis=1) == 0).any(1)
    for one in np.flatnonzero(clash):
        owner[one] = linear_sum_assignment(-overlap[one])[1]
    return owner


def row_confidence(solution: Solution, start: int, stop: int) -> np.ndarray:
    """(F, N) confidence of every slot in the frames from ``start`` to ``stop``.

    Within an exchange it is that of the less sure side, times how well the animals can be told
    apart in between.
    """
    frames = np.arange(start, stop)
    confidence = solution.sure[solution.rows(frames)]
    for k, moment in enumerate(solution.moments):
        one = moment.exchange
        first, last = max(one.start, start) - start, min(one.frame, stop) - start
        if first >= last:
            continue
        before, after = solution.rows(np.array([one.start - 1, one.frame]))
        inside = within(one.log_odds) if _stayed(solution, k) else WITHIN_EXCHANGE
        for slot in (one.a, one.b):
            limit = min(solution.sure[before, slot], solution.sure[after, slot])
            part = confidence[first:last, slot]
            np.minimum(part, limit * inside, out=part)
    return confidence


def within(log_odds: float) -> float:
    """Share of the rows within a contact that are right when both left it as they came.

    They may have been taken for each other twice, and for half of the time then.

    >>> round(within(0.0), 3), round(within(3.0), 3)
    (0.735, 0.979)
    """
    once = 1 / (1 + np.exp(log_odds))
    twice = once**2 / (once**2 + (1 - once) ** 2)
    return float(WITHIN_CONTACT * (1 - twice / 2))


def _stayed(solution: Solution, k: int) -> bool:
    """Whether the two of an exchange kept their slots, as is said."""
    return bool((solution.animals[k] == solution.animals[k + 1]).all())
