"""The effect sizes that go with each test, in the order in which they are told."""

from __future__ import annotations

import numpy as np

from llm_query.statistics.effects import (
    Effect,
    bootstrap,
    cliffs_delta,
    eta_squared,
    hedges_g,
    matched_rank_biserial,
    median_difference,
    paired_g,
    rank_epsilon_squared,
)
from llm_query.statistics.group_samples import Samples
from llm_query.statistics.group_tests import friedman


def effects_of(
    samples: Samples, name: str, confidence: float, seed: int, unit: str
) -> tuple[Effect, ...]:
    """The standardised effect first, then the difference in the measure's own unit."""
    values = samples.values
    if name == "log-rank":
        return _hazard_ratio(samples, 0, 1, confidence) if len(values) == 2 else ()
    if len(values) > 2:
        if name in ("kruskal", "friedman"):
            return (_rank_share(samples, name, confidence, seed),)
        return (eta_squared(values, confidence),)
    a, b = values
    if samples.paired:
        moved = a - b
        if name == "wilcoxon":
            label = "matched-pairs rank-biserial correlation"
            return (
                bootstrap([moved], matched_rank_biserial, label, confidence=confidence, seed=seed),
                bootstrap(
                    [moved], lambda x: float(np.median(x)), "median of the differences",
                    confidence=confidence, seed=seed, unit=unit,
                ),
            )  # fmt: skip
        return paired_g(moved, confidence), _mean_difference(a, b, True, confidence, unit)
    if name == "mann-whitney":
        gap = median_difference(a, b, confidence=confidence, seed=seed, unit=unit)
        return cliffs_delta(a, b, confidence), gap
    return hedges_g(a, b, confidence), _mean_difference(a, b, False, confidence, unit)


def _rank_share(samples: Samples, name: str, confidence: float, seed: int) -> Effect:
    if name == "kruskal":
        return bootstrap(
            samples.values, lambda *groups: rank_epsilon_squared(groups), "epsilon squared",
            confidence=confidence, seed=seed, resamples=4_999,
        )  # fmt: skip
    n, k = len(samples.values[0]), len(samples.values)
    chi2 = friedman(samples.values).statistic if n >= 3 else float("nan")
    return Effect("Kendall's W", chi2 / (n * (k - 1)), float("nan"), float("nan"))


def _mean_difference(
    a: np.ndarray, b: np.ndarray, paired: bool, confidence: float, unit: str
) -> Effect:
    from scipy import stats

    name, gap = "difference of means", float(np.mean(a) - np.mean(b))
    if min(len(a), len(b)) < 2:
        return Effect(name, gap, float("nan"), float("nan"), unit)
    found = stats.ttest_rel(a, b) if paired else stats.ttest_ind(a, b, equal_var=False)
    limits = found.confidence_interval(confidence)
    return Effect(name, gap, float(limits.low), float(limits.high), unit)


def _hazard_ratio(samples: Samples, i: int, j: int, confidence: float) -> tuple[Effect, ...]:
    """How much sooner it happens in the i-th group than in the j-th (Cox regression, Efron)."""
    from statsmodels.duration.hazard_regression import PHReg

    times = np.concatenate([samples.values[i], samples.values[j]])
    happened = np.concatenate([samples.happened[i], samples.happened[j]])
    first = np.repeat([1.0, 0.0], [len(samples.values[i]), len(samples.values[j])])
    name, nothing = "hazard ratio", float("nan")
    if not (samples.happened[i].any() and samples.happened[j].any()):
        return (Effect(name, nothing, nothing, nothing),)
    fit = PHReg(times, first[:, None], status=happened.astype(int), ties="efron").fit(disp=0)
    low, high = np.asarray(fit.conf_int(alpha=1 - confidence))[0]
    ratio, low, high = np.exp([float(np.asarray(fit.params)[0]), low, high]).tolist()
    if not 1e-6 < low < high < 1e6:  # one group is wholly before the other: it has no limit
        return (Effect(name, nothing, nothing, nothing),)
    return (Effect(name, ratio, low, high),)
