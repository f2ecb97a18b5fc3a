"""The tests that compare groups, each named in full, with its statistic and p value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from llm_query.errors import QueryError
from llm_query.statistics.group_ranks import kruskal_p, rank_sum_p, signed_rank_p

NAN = float("nan")
ENOUGH_FOR_CHI2 = 6  # animals in every group, above which H is taken as chi-squared


@dataclass(frozen=True)
class Tested:
    """A test's result: "t(17.8) = -1.86" is label t, df (17.8,), statistic -1.86."""

    name: str
    label: str
    statistic: float
    df: tuple[float, ...]
    p: float
    remark: str = ""

    @property
    def said(self) -> str:
        """The statistic as papers print it."""
        df = ", ".join(f"{value:.4g}" for value in self.df)
        return f"{self.label}{f'({df})' if df else ''} = {self.statistic:.3g}"


Samples = Sequence[np.ndarray]


def welch(samples: Samples) -> Tested:
    """Welch's t test of two independent samples, whose variances may differ."""
    found = stats.ttest_ind(*samples, equal_var=False)
    return Tested(
        "Welch's t test", "t", float(found.statistic), (float(found.df),), float(found.pvalue)
    )


def student(samples: Samples) -> Tested:
    """Student's t test of two independent samples of one variance."""
    found = stats.ttest_ind(*samples, equal_var=True)
    df = (float(found.df),)
    return Tested("Student's t test", "t", float(found.statistic), df, float(found.pvalue))


def mann_whitney(samples: Samples) -> Tested:
    """Mann-Whitney U test, exact with few animals; then the least p that is possible is said."""
    a, b = samples
    exact = len(a) * len(b) <= 400
    found = stats.mannwhitneyu(a, b, method="asymptotic")
    p, least = rank_sum_p(a, b) if exact else (float(found.pvalue), 0.0)
    name = f"Mann-Whitney U test ({'exact' if exact else 'normal approximation'})"
    remark = f"with {len(a)} and {len(b)} animals no p value can fall below {least:.2g}"
    return Tested(name, "U", float(found.statistic), (), p, remark if least > 0.001 else "")


def paired_t(samples: Samples) -> Tested:
    """Paired t test of the same animals under two conditions."""
    found = stats.ttest_rel(*samples)
    df = (float(found.df),)
    return Tested("paired t test", "t", float(found.statistic), df, float(found.pvalue))


def wilcoxon(samples: Samples) -> Tested:
    """Wilcoxon signed-rank test of the same animals under two conditions."""
    a, b = samples
    moved = (a - b)[a != b]
    if not len(moved):
        return Tested("Wilcoxon signed-rank test", "W", 0.0, (), 1.0, "no pair differs")
    exact = len(moved) <= 50
    found = stats.wilcoxon(moved, method="asymptotic")
    p, least = signed_rank_p(moved) if exact else (float(found.pvalue), 0.0)
    name = f"Wilcoxon signed-rank test ({'exact' if exact else 'normal approximation'})"
    remark = f"with {len(moved)} pairs no p value can fall below {least:.2g}"
    return Tested(name, "W", float(found.statistic), (), p, remark if least > 0.001 else "")


def welch_anova(samples: Samples) -> Tested:
    """Welch's analysis of variance of several independent samples."""
    from statsmodels.stats.oneway import anova_oneway

    found = anova_oneway(list(samples), use_var="unequal")
    df = tuple(float(value) for value in found.df)
    return Tested("Welch's ANOVA", "F", float(found.statistic), df, float(found.pvalue))


def anova(samples: Samples) -> Tested:
    """One-way analysis of variance of samples of one variance."""
    found = stats.f_oneway(*samples)
    df = (float(len(samples) - 1), float(sum(map(len, samples)) - len(samples)))
    return Tested("one-way ANOVA", "F", float(found.statistic), df, float(found.pvalue))


def alexander_govern(samples: Samples) -> Tested:
    """Alexander and Govern's test of equal means, whose variances may differ."""
    found = stats.alexandergovern(*samples)
    df = (float(len(samples) - 1),)
    return Tested("Alexander-Govern test", "A", float(found.statistic), df, float(found.pvalue))


def kruskal(samples: Samples) -> Tested:
    """Kruskal-Wallis test of several independent samples by ranks; by permutation with few."""
    df = (float(len(samples) - 1),)
    if np.ptp(np.concatenate(samples)) == 0:
        return Tested("Kruskal-Wallis test", "H", 0.0, df, 1.0, "all values are the same")
    found = stats.kruskal(*samples)
    if min(map(len, samples)) >= ENOUGH_FOR_CHI2:
        return Tested("Kruskal-Wallis test", "H", float(found.statistic), df, float(found.pvalue))
    p, how = kruskal_p(samples)
    return Tested(f"Kruskal-Wallis test ({how})", "H", float(found.statistic), df, p)


def friedman(samples: Samples) -> Tested:
    """Friedman's test of the same animals under several conditions, by ranks."""
    found = stats.friedmanchisquare(*samples)
    df = (float(len(samples) - 1),)
    return Tested("Friedman test", "chi2", float(found.statistic), df, float(found.pvalue))


def log_rank(times: Samples, happened: Samples) -> Tested:
    """Log-rank test of latencies, of which those that never happened are censored."""
    if len(times) == 2:
        a, b = (
            stats.CensoredData(uncensored=t[h], right=t[~h])
            for t, h in zip(times, happened, strict=True)
        )
        found = stats.logrank(a, b)
        return Tested("log-rank test", "z", float(found.statistic), (), float(found.pvalue))
    from statsmodels.duration.survfunc import survdiff

    label = np.repeat(np.arange(len(times)), [len(t) for t in times])
    chi2, p = survdiff(np.concatenate(times), np.concatenate(happened).astype(int), label)
    return Tested("log-rank test", "chi2", float(chi2), (float(len(times) - 1),), float(p))


def adjust(p_values: Sequence[float], method: str = "holm") -> list[float]:
    """p values corrected for how many there are: "holm", "fdr" (Benjamini-Hochberg) or "none".

    Those that are NaN were no test, and stay so.

    >>> np.round(adjust([0.01, 0.04, float("nan"), 0.03]), 6).tolist()
    [0.03, 0.06, nan, 0.06]
    """
    from statsmodels.stats.multitest import multipletests

    methods = {"holm": "holm", "fdr": "fdr_bh"}
    if method != "none" and method not in methods:
        raise QueryError(f'A correction is "holm", "fdr" or "none", not "{method}".')
    values = np.asarray(p_values, dtype=float)
    tested = np.isfinite(values)
    if method != "none" and tested.any():
        values[tested] = multipletests(values[tested], method=methods[method])[1]
    return [float(value) for value in values]


TWO: dict[str, Callable[[Samples], Tested]] = {
    "welch": welch, "student": student, "mann-whitney": mann_whitney,
}  # fmt: skip
TWO_PAIRED: dict[str, Callable[[Samples], Tested]] = {"paired-t": paired_t, "wilcoxon": wilcoxon}
MANY: dict[str, Callable[[Samples], Tested]] = {
    "welch-anova": welch_anova, "anova": anova, "alexander-govern": alexander_govern,
    "kruskal": kruskal,
}  # fmt: skip
MANY_PAIRED: dict[str, Callable[[Samples], Tested]] = {"friedman": friedman}
NAMES = ("auto", *TWO, *TWO_PAIRED, *MANY, *MANY_PAIRED, "mixed", "log-rank")


def survival(times: np.ndarray, happened: np.ndarray, limit_s: float) -> tuple[float, float]:
    """Kaplan-Meier median latency (NaN: not reached) and mean latency up to limit_s.

    >>> survival(np.array([1.0, 2.0, 4.0]), np.array([True, True, False]), 4.0)
    (2.0, 2.3333333333333335)
    """
    order = pd.unique(np.sort(times[happened]))
    alive, left, previous, median, area = 1.0, len(times), 0.0, NAN, 0.0
    for moment in order:
        left = int((times >= moment).sum())
        died = int(((times == moment) & happened).sum())
        area += alive * (min(moment, limit_s) - previous) if moment <= limit_s else 0.0
        previous = moment if moment <= limit_s else previous
        alive *= 1 - died / left
        if np.isnan(median) and alive <= 0.5 + 1e-12:
            median = float(moment)
    return median, float(area + alive * (limit_s - previous))
