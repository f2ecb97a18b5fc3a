"""p values of rank tests from every order there is, so that ties and few animals are no matter."""

from __future__ import annotations

from collections.abc import Sequence
from math import factorial, prod

import numpy as np
from scipy import stats

ORDERS = 40_000  # up to so many orders of three or more groups are gone through one by one
DRAWN = 9_999  # drawn at random where there are more
SAME = 1e-9  # ranks are halves: anything nearer is rounding


def rank_sum_p(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Two-sided p of the rank sum of `a` among all values, ties as midranks, and the least p.

    Every choice of len(a) of the ranks is equally likely; as far from the middle or farther counts.

    >>> rank_sum_p(np.zeros(3), np.full(3, 5.0))
    (0.1, 0.1)
    """
    ranks = np.rint(2 * stats.rankdata(np.concatenate([a, b]))).astype(int)
    total = int(ranks.sum())
    ways = np.zeros((len(a) + 1, total + 1))  # how many choices of k ranks have this sum
    ways[0, 0] = 1
    for rank in ranks:
        ways[1:, rank:] += ways[:-1, : total + 1 - rank].copy()
    share = ways[-1] / ways[-1].sum()
    off = np.abs(np.arange(total + 1) - len(a) * total / len(ranks))
    return _tail(share, off, abs(int(ranks[: len(a)].sum()) - len(a) * total / len(ranks)))


def signed_rank_p(moved: np.ndarray) -> tuple[float, float]:
    """Two-sided p of the signed ranks of differences (none of them 0), and the least p.

    >>> signed_rank_p(np.array([2.0, 2.0, 2.0]))
    (0.25, 0.25)
    """
    ranks = np.rint(2 * stats.rankdata(np.abs(moved))).astype(int)
    total = int(ranks.sum())
    ways = np.zeros(total + 1)
    ways[0] = 1
    for rank in ranks:
        ways[rank:] += ways[: total + 1 - rank].copy()
    off = np.abs(np.arange(total + 1) - total / 2)
    return _tail(ways / ways.sum(), off, abs(int(ranks[moved > 0].sum()) - total / 2))


def _tail(share: np.ndarray, off: np.ndarray, seen: float) -> tuple[float, float]:
    """The share of what is as far off as `seen`, and of what is as far off as possible."""
    possible = share > 0
    least = float(share[possible & (off >= off[possible].max() - SAME)].sum())
    return min(float(share[off >= seen - SAME].sum()), 1.0), min(least, 1.0)


def kruskal_p(samples: Sequence[np.ndarray], seed: int = 0) -> tuple[float, str]:
    """p of the Kruskal-Wallis H among all orders of the values, and how it was found.

    >>> kruskal_p([np.array([1, 2, 3]), np.array([4, 5, 6]), np.array([7, 8, 9])])
    (0.0035714285714285713, 'exact')
    """
    sizes = [len(sample) for sample in samples]
    ranks = stats.rankdata(np.concatenate(samples))
    seen = _between(ranks[None], sizes)[0]
    if factorial(len(ranks)) / prod(factorial(size) for size in sizes) <= ORDERS:
        orders = _orders(len(ranks), sizes)
        return float(np.mean(_between(ranks[orders], sizes) >= seen - SAME)), "exact"
    random = np.random.default_rng(seed)
    drawn = _between(random.permuted(np.tile(ranks, (DRAWN, 1)), axis=1), sizes)
    return float((1 + (drawn >= seen - SAME).sum()) / (1 + DRAWN)), f"{DRAWN} permutations"


def _between(ranks: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    """(r,) of (r, n) ranks: what of H depends on the order, the squared sums over the sizes."""
    parts = np.split(ranks, np.cumsum(sizes)[:-1], axis=1)
    return np.sum([part.sum(axis=1) ** 2 / part.shape[1] for part in parts], axis=0)


def _orders(n: int, sizes: Sequence[int]) -> np.ndarray:
    """(r, n) every way to deal the numbers 0 to n - 1 to groups of these sizes."""
    from itertools import combinations

    found: list[tuple[int, ...]] = [()]
    for size in sizes:
        found = [
            (*dealt, *hand)
            for dealt in found
            for hand in combinations(sorted(set(range(n)) - set(dealt)), size)
        ]
    return np.array(found)
