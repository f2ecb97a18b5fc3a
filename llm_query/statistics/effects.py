"""Effect sizes with confidence intervals: how large a difference is, whatever its p value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special, stats

RESAMPLES = 9_999
NAN = float("nan")


@dataclass(frozen=True)
class Effect:
    """An effect size, or a difference, with its confidence interval; NaN where it has none."""

    name: str
    value: float
    low: float
    high: float
    unit: str = ""


def hedges_g(a: np.ndarray, b: np.ndarray, confidence: float = 0.95) -> Effect:
    """Hedges' g of a minus b: the difference of means in pooled SDs, corrected for small samples.

    The interval is exact for normal data, by the noncentral t distribution.
    Source: Hedges (1981), J Educ Stat 6: 107-128; Cumming & Finch (2001).
    """
    n, m = len(a), len(b)
    df = n + m - 2
    pooled = np.sqrt(((n - 1) * np.var(a, ddof=1) + (m - 1) * np.var(b, ddof=1)) / df)
    if min(n, m) < 2 or not pooled > 0:
        return Effect("Hedges' g", NAN, NAN, NAN)
    root = np.sqrt(1 / n + 1 / m)
    d = (np.mean(a) - np.mean(b)) / pooled
    low, high = _noncentral_t(d / root, df, confidence)
    j = small_sample_factor(df)
    return Effect("Hedges' g", float(j * d), j * low * root, j * high * root)


def paired_g(differences: np.ndarray, confidence: float = 0.95) -> Effect:
    """Hedges' g of paired differences: their mean in their own SDs, corrected for small samples."""
    name = "Hedges' g of the differences"
    n, sd = len(differences), float(np.std(differences, ddof=1)) if len(differences) > 1 else NAN
    if n < 2 or not sd > 0:
        return Effect(name, NAN, NAN, NAN)
    d = float(np.mean(differences)) / sd
    low, high = _noncentral_t(d * np.sqrt(n), n - 1, confidence)
    j = small_sample_factor(n - 1)
    return Effect(name, j * d, j * low / np.sqrt(n), j * high / np.sqrt(n))


def small_sample_factor(df: int) -> float:
    """Hedges' exact factor J by which d overestimates.

    >>> round(small_sample_factor(10), 4)
    0.9227
    """
    if df < 2:
        return NAN
    return float(np.exp(special.gammaln(df / 2) - special.gammaln((df - 1) / 2)) / np.sqrt(df / 2))


def cliffs_delta(a: np.ndarray, b: np.ndarray, confidence: float = 0.95) -> Effect:
    """Cliff's delta (rank-biserial correlation): share of pairs with a > b less that with a < b.

    From -1 to 1. Source: Cliff (1993); interval: Feng & Cliff (2004), J Mod Appl Stat Methods 3,
    asymmetric, and for fully separate groups by the size of the smaller one.
    """
    sign = np.sign(np.asarray(a, float)[:, None] - np.asarray(b, float)[None])
    n, m = sign.shape
    d = float(sign.mean())
    z = float(stats.norm.ppf(0.5 + confidence / 2))
    if min(n, m) < 2:
        return Effect("Cliff's delta", d, NAN, NAN)
    if abs(d) == 1:
        other = (min(n, m) - z**2) / (min(n, m) + z**2)
        low, high = (other, 1.0) if d > 0 else (-1.0, -other)
        return Effect("Cliff's delta", d, low, high)
    rows = ((sign.mean(axis=1) - d) ** 2).sum()
    columns = ((sign.mean(axis=0) - d) ** 2).sum()
    variance = (m**2 * rows + n**2 * columns - ((sign - d) ** 2).sum()) / (
        n * m * (n - 1) * (m - 1)
    )
    variance = max(float(variance), (1 - d**2) / (n * m - 1))
    spread = z * np.sqrt(variance) * np.sqrt((1 - d**2) ** 2 + z**2 * variance)
    low, high = ((d - d**3 + k * spread) / (1 - d**2 + z**2 * variance) for k in (-1, 1))
    return Effect("Cliff's delta", d, float(low), float(high))


def matched_rank_biserial(differences: np.ndarray) -> float:
    """The ranks of positive differences less those of negative ones, as a share of all.

    Source: Kerby (2014), Comprehensive Psychology 3: 11.IT.3.1.
    """
    moved = np.asarray(differences, float)
    moved = moved[moved != 0]
    if not len(moved):
        return 0.0
    ranks = stats.rankdata(np.abs(moved))
    return float((ranks * np.sign(moved)).sum() / ranks.sum())


def eta_squared(groups: Sequence[np.ndarray], confidence: float = 0.95) -> Effect:
    """Eta squared: the share of the variance that lies between the groups, 0 to 1.

    The interval is by the noncentral F distribution (Steiger 2004, Psychol Methods 9: 164-182).
    """
    everything = np.concatenate(groups)
    n, k = len(everything), len(groups)
    between = sum(len(g) * (np.mean(g) - everything.mean()) ** 2 for g in groups)
    total = float(((everything - everything.mean()) ** 2).sum())
    if not total > 0 or n <= k:
        return Effect("eta squared", NAN, NAN, NAN)
    share = float(between / total)
    if share >= 1:
        return Effect("eta squared", share, NAN, NAN)
    f = (share / (k - 1)) / ((1 - share) / (n - k))
    tail = (1 - confidence) / 2

    def limit(probability: float) -> float:
        def miss(ncp: float) -> float:
            return float(stats.ncf.cdf(f, k - 1, n - k, ncp) - probability)

        if stats.f.cdf(f, k - 1, n - k) < probability:
            return 0.0
        high = 10.0
        while miss(high) > 0 and high < 1e7:
            high *= 2
        ncp = optimize.brentq(miss, 1e-12, high)
        return float(ncp / (ncp + n))

    return Effect("eta squared", share, limit(1 - tail), limit(tail))


def rank_epsilon_squared(groups: Sequence[np.ndarray]) -> float:
    """Epsilon squared of Kruskal and Wallis, H / (n - 1): eta squared of the ranks.

    >>> rank_epsilon_squared([np.array([1, 2]), np.array([3, 4])])
    0.8
    """
    ranks = stats.rankdata(np.concatenate(groups))
    total = float(((ranks - ranks.mean()) ** 2).sum())
    ends = np.cumsum([len(group) for group in groups])[:-1]
    between = sum(len(r) * (r.mean() - ranks.mean()) ** 2 for r in np.split(ranks, ends))
    return float(between / total) if total > 0 else 0.0


def bootstrap(
    samples: Sequence[np.ndarray],
    statistic: Callable[..., float],
    name: str,
    *,
    confidence: float = 0.95,
    seed: int = 0,
    resamples: int = RESAMPLES,
    unit: str = "",
) -> Effect:
    """A statistic of several samples with its percentile interval, each sample drawn by itself.

    The same seed gives the same interval.
    """
    value = float(statistic(*samples))
    if min(len(sample) for sample in samples) < 3:
        return Effect(name, value, NAN, NAN, unit)
    random = np.random.default_rng(seed)
    drawn = [
        statistic(*(sample[random.integers(0, len(sample), len(sample))] for sample in samples))
        for _ in range(resamples)
    ]
    tail = 100 * (1 - confidence) / 2
    low, high = np.percentile(np.asarray(drawn, dtype=float), [tail, 100 - tail])
    return Effect(name, value, float(low), float(high), unit)


def median_difference(
    a: np.ndarray, b: np.ndarray, *, confidence: float = 0.95, seed: int = 0, unit: str = ""
) -> Effect:
    """The difference of the medians, a minus b, with a bootstrap interval."""
    name, n, m = "difference of medians", len(a), len(b)
    value = float(np.median(a) - np.median(b))
    if min(n, m) < 3:
        return Effect(name, value, NAN, NAN, unit)
    random = np.random.default_rng(seed)
    drawn = np.median(a[random.integers(0, n, (RESAMPLES, n))], axis=1)
    drawn = drawn - np.median(b[random.integers(0, m, (RESAMPLES, m))], axis=1)
    tail = 100 * (1 - confidence) / 2
    low, high = np.percentile(drawn, [tail, 100 - tail])
    return Effect(name, value, float(low), float(high), unit)


def _noncentral_t(t: float, df: int, confidence: float) -> tuple[float, float]:
    """The noncentralities under which t is as far out as the confidence allows."""
    tail = (1 - confidence) / 2

    def limit(probability: float) -> float:
        def miss(ncp: float) -> float:
            return float(stats.nct.cdf(t, df, ncp) - probability)

        low = high = float(t)
        step = 1.0
        while miss(low) < 0 and step < 1e4:
            low, step = low - step, step * 2
        step = 1.0
        while miss(high) > 0 and step < 1e4:
            high, step = high + step, step * 2
        return float(optimize.brentq(miss, low, high)) if miss(low) * miss(high) < 0 else NAN

    return limit(1 - tail), limit(tail)
