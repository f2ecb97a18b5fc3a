"""Groups whose animals share a cage, a litter or a video: the cluster is what is independent.

Where every cluster is in one group, the means of the clusters are compared, as they are the
independent values: among as many of them, t and F keep their error rate however few there are. The
likelihood ratio of a mixed model does not: of 4 and 4 cages that differ by chance it calls one
comparison in eight significant at 0.05.
Where clusters hold several groups, a mixed model with a random intercept per cluster is fitted, and
its F is compared with those of values drawn from the model without groups (parametric bootstrap,
Halekoh & Hojsgaard 2014, J Stat Softw 59: 9), which few clusters do not mislead either.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from llm_query.errors import QueryError
from llm_query.statistics.group_tests import Tested

DRAWN = 4_999
RATIOS = np.concatenate([[0.0], np.geomspace(1e-3, 1e3, 73)])  # variance between over within


@dataclass(frozen=True)
class Nested:
    """The test, and each group's difference from the first with its interval."""

    test: Tested
    differences: tuple[tuple[float, float, float], ...]  # value, low, high, in the value's unit
    total_sd: float  # of an animal, between and within clusters
    notes: tuple[str, ...]


def compare_nested(
    values: np.ndarray, groups: np.ndarray, clusters: np.ndarray, confidence: float, seed: int = 0
) -> Nested:
    """Compare groups of animals within clusters.

    values (n,); groups (n,) from 0; clusters (n,). See the module for which test it is.
    """
    number = np.unique(clusters, return_inverse=True)[1]
    first = np.zeros(int(number.max()) + 1, dtype=np.int64)
    first[number] = groups
    if (first[number] == groups).all():
        return _cluster_means(values, first, number, confidence)
    return _mixed(values, groups, number, confidence, seed)


def _cluster_means(
    values: np.ndarray, group_of: np.ndarray, number: np.ndarray, confidence: float
) -> Nested:
    """Student's t or F of the means of the clusters; group_of (c,) is the group of each."""
    size = np.bincount(number)
    means = np.bincount(number, values) / size
    samples = [means[group_of == g] for g in range(int(group_of.max()) + 1)]
    spare, k = len(means) - len(samples), len(samples)
    pooled = sum(((sample - sample.mean()) ** 2).sum() for sample in samples) / spare
    left = len(values) - len(means)
    within = float(((values - means[number]) ** 2).sum() / left) if left else 0.0
    total = max(float(pooled - within * np.mean(1 / size)), 0.0) + within
    gaps = np.array([sample.mean() - samples[0].mean() for sample in samples[1:]])
    errors = np.sqrt([pooled * (1 / len(samples[0]) + 1 / len(s)) for s in samples[1:]])
    reach = float(stats.t.ppf(0.5 + confidence / 2, spare)) * errors
    counts = " and ".join(str(len(sample)) for sample in samples)
    if k == 2:
        t = -float(gaps[0] / errors[0])
        p, name = float(2 * stats.t.sf(abs(t), spare)), "t test of the means of clusters"
        test = Tested(name, "t", t, (float(spare),), p)
    else:
        found = stats.f_oneway(*samples)
        df = (float(k - 1), float(spare))
        name = "one-way ANOVA of the means of clusters"
        test = Tested(name, "F", float(found.statistic), df, float(found.pvalue))
    notes = [f"the unit of the test is the cluster ({counts})"]
    if len(set(size.tolist())) > 1:
        notes.append("clusters of different numbers of animals count alike")
    return Nested(test, _intervals(gaps, reach), float(np.sqrt(total)), tuple(notes))


def _mixed(
    values: np.ndarray, groups: np.ndarray, number: np.ndarray, confidence: float, seed: int
) -> Nested:
    """A random intercept per cluster; F and the intervals by parametric bootstrap."""
    k = int(groups.max()) + 1
    design = np.column_stack([groups == g for g in range(k)]).astype(float)
    if len(values) - k < 2:
        raise QueryError(
            "The mixed model cannot be fitted to these values: too few animals per cluster. "
            "Compare the means of the clusters instead."
        )
    gaps, errors, f, fitted = _fit(values[:, None], design, number)
    _, _, _, null = _fit(values[:, None], np.ones((len(values), 1)), number)
    random = np.random.default_rng(seed)
    drawn = random.normal(size=(len(values), DRAWN)) * np.sqrt(null[0, 0])
    drawn += random.normal(size=(int(number.max()) + 1, DRAWN))[number] * np.sqrt(null[1, 0])
    other, spread, by_chance, _ = _fit(drawn, design, number)
    p = float((1 + (by_chance >= f[0] * (1 - 1e-9)).sum()) / (1 + DRAWN))
    reach = np.quantile(np.abs(other) / spread, confidence, axis=1) * errors[:, 0]
    test = Tested(f"linear mixed model ({DRAWN} bootstrap draws)", "F", float(f[0]), (), p)
    notes = () if fitted[1, 0] > 0 else (
        "the clusters do not differ beyond chance (their variance is 0)",
    )  # fmt: skip
    total = float(np.sqrt(fitted[:, 0].sum()))
    return Nested(test, _intervals(gaps[:, 0], reach), total, notes)


def _intervals(gaps: np.ndarray, reach: np.ndarray) -> tuple[tuple[float, float, float], ...]:
    return tuple((float(g), float(g - r), float(g + r)) for g, r in zip(gaps, reach, strict=True))


def _fit(
    values: np.ndarray, design: np.ndarray, number: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Mixed models by restricted likelihood, of every column of values (n, r) at once.

    design (n, k) marks the groups. Returns the differences from the first group (k - 1, r), their
    standard errors, F (r,), and the variances within and between clusters (2, r). The ratio of the
    two variances is the likeliest of RATIOS.
    """
    n, k = design.shape
    best = np.full(values.shape[1], -np.inf)
    means, inverse = np.zeros((k, values.shape[1])), np.zeros((values.shape[1], k, k))
    variances = np.zeros((2, values.shape[1]))
    size = np.bincount(number)
    for ratio in RATIOS:
        shrink = (1 - 1 / np.sqrt(1 + size * ratio))[number, None]
        x, y = (each - shrink * _cluster_mean(each, number) for each in (design, values))
        cross = x.T @ x
        covariance = np.linalg.inv(cross)
        found = covariance @ (x.T @ y)
        scale = np.maximum(((y - x @ found) ** 2).sum(axis=0), 1e-300) / (n - k)
        constant = np.log1p(size * ratio).sum() + np.linalg.slogdet(cross)[1]
        likelihood = -0.5 * ((n - k) * np.log(scale) + constant)
        better = likelihood > best
        best[better] = likelihood[better]
        means[:, better], inverse[better] = found[:, better], covariance
        variances[0, better], variances[1, better] = scale[better], scale[better] * ratio
    return *_contrasts(means, inverse * variances[0][:, None, None]), variances


def _cluster_mean(columns: np.ndarray, number: np.ndarray) -> np.ndarray:
    total = np.zeros((int(number.max()) + 1, columns.shape[1]))
    np.add.at(total, number, columns)
    return (total / np.bincount(number)[:, None])[number]


def _contrasts(
    means: np.ndarray, covariance: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of means (k, r) with covariance (r, k, k): differences from the first, their errors, F."""
    k = len(means)
    if k == 1:
        nothing = np.zeros((0, means.shape[1]))
        return nothing, nothing, np.zeros(means.shape[1])
    weights = np.column_stack([-np.ones(k - 1), np.eye(k - 1)])
    gaps = weights @ means
    spread = weights @ covariance @ weights.T
    f = np.einsum("ir,ri->r", gaps, np.linalg.solve(spread, gaps.T[..., None])[..., 0]) / (k - 1)
    return gaps, np.sqrt(np.einsum("rii->ir", spread)), f
