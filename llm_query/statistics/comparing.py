"""Compare groups of animals: the right test by name, the effect with its interval, in words.

The test is chosen by the design, the kind of measure and the number of animals, never by looking at
the values: see `choose_test`.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np
import pandas as pd

from llm_query.errors import QueryError
from llm_query.statistics import group_tests as tests
from llm_query.statistics.effects import Effect
from llm_query.statistics.group_effects import effects_of
from llm_query.statistics.group_nested import compare_nested
from llm_query.statistics.group_samples import Group, Samples, read_samples
from llm_query.statistics.group_tests import Tested

SMALL = 6  # below it in a group a t test leans on a normal shape that nobody can check
LEAST = 3  # below it in a group no test is made
SEED = 0
RANKS = ("mann-whitney", "kruskal", "wilcoxon", "friedman")


@dataclass(frozen=True)
class Pairwise:
    """One group against another after a test of more than two."""

    first: str
    second: str
    test: str
    p: float
    p_adjusted: float  # Holm, over the pairs of this comparison
    effect: Effect


@dataclass(frozen=True)
class Comparison:
    """What came out: the groups, the test and why it, the effect, and what to know about both."""

    measure: str
    unit: str
    groups: tuple[Group, ...]
    test: Tested | None  # None: too few animals
    reason: str
    effects: tuple[Effect, ...]  # the standardised one first
    contrast: str  # "drug - vehicle", what an effect above 0 means
    pairs: tuple[Pairwise, ...] = ()
    notes: tuple[str, ...] = ()
    confidence: float = 0.95
    p_adjusted: float = field(default=float("nan"))
    correction: str = ""  # of p_adjusted, with how many tests

    @property
    def p(self) -> float:
        """The p value, NaN without a test."""
        return self.test.p if self.test else float("nan")


def compare_groups(
    table: pd.DataFrame,
    value: str,
    group: str,
    *,
    unit_of: Sequence[str] = ("animal",),
    paired_by: str | None = None,
    nested_in: str | None = None,
    kind: str = "value",
    censored: str | None = None,
    test: str = "auto",
    measure: str = "",
    unit: str = "",
    confidence: float = 0.95,
    seed: int = SEED,
) -> Comparison:
    """Compare a value between groups of animals.

    table: a row per animal (or several, which are averaged, and said). value, group: its columns.
    unit_of: the columns that together name an animal, the unit of analysis. paired_by: the column
    that names what was measured in every group (the same animal before and after). nested_in: a
    column of clusters (cage, litter, video) within which animals are not independent; see
    group_nested. kind: "value", "count" or "latency"; a latency needs `censored`, a column that is
    true where it never happened and the value is the time watched. test: "auto" or one of
    group_tests.NAMES. measure, unit: how to call it. seed: of bootstrap intervals.

    >>> table = pd.DataFrame({"animal": range(12), "x": [1, 2, 3, 4, 5, 6, 3, 4, 5, 6, 7, 9]})
    >>> found = compare_groups(table.assign(g=list("aaaaaabbbbbb")), "x", "g")
    >>> found.test.name, round(found.p, 4), found.contrast
    ("Welch's t test", 0.0936, 'a - b')
    """
    if not 0 < confidence < 1:
        raise QueryError(f"A confidence is above 0 and below 1, as 0.95, not {confidence}.")
    if kind not in ("value", "count", "latency"):
        raise QueryError(f'A measure is a "value", a "count" or a "latency", not "{kind}".')
    if kind == "latency" and censored is None:
        raise QueryError("A latency needs the column that says where it never happened (censored).")
    if paired_by and nested_in:
        raise QueryError("Compare pairs (paired_by) or nested animals (nested_in), not both.")
    if kind == "latency" and (paired_by or nested_in):
        if censored in table.columns and table[censored].astype(bool).any():
            raise QueryError(
                "Latencies of animals that never did it are compared between independent animals "
                "only (log-rank), not paired or nested: compare counts or seconds instead."
            )
        kind = "value"  # every one is known
    samples = read_samples(table, value, group, list(unit_of), paired_by, nested_in, censored, kind)
    name, reason = choose_test(samples, kind, test)
    by_ranks = name in RANKS or kind == "latency"
    if not by_ranks and all(np.ptp(values) == 0 for values in samples.values):
        raise QueryError(
            "Within every group all values are the same: there is no variance to test against."
        )
    with warnings.catch_warnings():  # what is undefined comes out as NaN and is said
        warnings.simplefilter("ignore")
        base = Comparison(
            measure=measure or value, unit=unit, groups=samples.groups(kind), test=None,
            reason=reason, effects=effects_of(samples, name, confidence, seed, unit),
            contrast=f"{samples.names[0]} - {samples.names[1]}", notes=samples.notes,
            confidence=confidence,
        )  # fmt: skip
        if min(len(values) for values in samples.values) < LEAST:
            return base
        if name == "mixed":
            return _mixed(samples, base, seed)
        return _tested(samples, name, base, seed)


def _tested(samples: Samples, name: str, base: Comparison, seed: int) -> Comparison:
    """The comparison with its test, or with the reason why it has none."""
    result = _run(name, samples)
    if not np.isfinite(result.p):
        why = "it happened in no animal" if name == "log-rank" else "a group has no variance"
        return replace(base, reason=f"the {result.name} is undefined, as {why}")
    notes = (*base.notes, result.remark) if result.remark else base.notes
    return replace(
        base, test=result, pairs=_pairs(samples, name, base.confidence, seed), notes=notes
    )


def choose_test(samples: Samples, kind: str, wanted: str = "auto") -> tuple[str, str]:
    """The test's short name and the reason for it.

    Latencies: log-rank. Nested: see group_nested. Two groups: Welch's t; Mann-Whitney U for counts
    and where a group has fewer than 6 animals. More: Welch's ANOVA; Kruskal-Wallis for the same
    reasons. Paired: paired t or Wilcoxon by the same rule; more than two, Friedman. The values
    themselves are not looked at.
    """
    two, paired = len(samples.names) == 2, samples.paired
    fewest = min(len(values) for values in samples.values)
    if wanted != "auto":
        _check_fits(wanted, samples, kind)
        name, reason = wanted, "asked for"
    elif kind == "latency":
        name, reason = "log-rank", "latencies of which some may be censored"
    elif samples.clusters is not None:
        name, reason = "mixed", f"animals are nested in {samples.nested_in}"
    else:
        ranked = kind == "count" or fewest < SMALL
        name = {
            (True, False): "mann-whitney" if ranked else "welch",
            (True, True): "wilcoxon" if ranked else "paired-t",
            (False, False): "kruskal" if ranked else "welch-anova",
            (False, True): "friedman",
        }[two, paired]
        what = "conditions of the same animals" if paired else "independent groups"
        reason = f"{len(samples.names)} {what}"
        if kind == "count":
            reason += ", counts"
        elif fewest < SMALL:
            reason += f", one of fewer than {SMALL} animals"
        elif name in ("welch", "welch-anova"):
            reason += f" of at least {SMALL} animals, variances not taken to be equal"
    if fewest < LEAST:
        reason = f"a group has fewer than {LEAST} animals: no test is made, only the effect told"
    return name, reason


def correct(comparisons: Sequence[Comparison], method: str = "holm") -> list[Comparison]:
    """The comparisons with p_adjusted for how many tests there are: "holm", "fdr" or "none"."""
    adjusted = tests.adjust([each.p for each in comparisons], method)
    n = sum(each.test is not None for each in comparisons)
    full = {"holm": "Holm", "fdr": "Benjamini-Hochberg", "none": "none"}[method]
    said = "" if n < 2 or method == "none" else f"{full}, {n} tests"
    return [
        replace(each, p_adjusted=p, correction=said if each.test else "")
        for each, p in zip(comparisons, adjusted, strict=True)
    ]


def _run(name: str, samples: Samples) -> Tested:
    """The test of this name."""
    if name == "log-rank":
        return tests.log_rank(samples.values, samples.happened)
    known = {**tests.TWO, **tests.TWO_PAIRED, **tests.MANY, **tests.MANY_PAIRED}
    return known[name](samples.values)


def _check_fits(wanted: str, samples: Samples, kind: str) -> None:
    if wanted not in tests.NAMES:
        raise QueryError(f'There is no test "{wanted}": choose {", ".join(tests.NAMES)}.')
    two, n = len(samples.names) == 2, len(samples.names)
    if wanted == "mixed":
        fits, needs = samples.clusters is not None, "the column of the clusters (nested_in)"
    elif wanted == "log-rank":
        fits, needs = kind == "latency", "a latency"
    elif samples.paired:
        fits = wanted in (tests.TWO_PAIRED if two else tests.MANY_PAIRED)
        needs = "groups that are not paired, or another number of them"
    else:
        fits = wanted in (tests.TWO if two else tests.MANY)
        needs = "pairs (paired_by)" if wanted in tests.TWO_PAIRED else "another number of groups"
    if kind == "latency" and wanted != "log-rank":
        fits, needs = False, "values without censoring; latencies are compared by log-rank"
    if not fits:
        raise QueryError(f"{wanted} does not fit these {n} groups: it needs {needs}.")


def _pairs(samples: Samples, name: str, confidence: float, seed: int) -> tuple[Pairwise, ...]:
    """Every group against every other after a test of more than two, corrected by Holm."""
    if len(samples.names) == 2:
        return ()
    single = {
        "welch-anova": "welch", "alexander-govern": "welch", "anova": "student",
        "kruskal": "mann-whitney", "friedman": "wilcoxon", "log-rank": "log-rank",
    }[name]  # fmt: skip
    found = []
    for i, j in combinations(range(len(samples.names)), 2):
        two = samples.only(i, j)
        result = _run(single, two)
        effect = effects_of(two, single, confidence, seed, "")[0]
        first, second = two.names
        found.append(Pairwise(first, second, result.name, result.p, result.p, effect))
    adjusted = tests.adjust([pair.p for pair in found])
    return tuple(replace(pair, p_adjusted=p) for pair, p in zip(found, adjusted, strict=True))


def _mixed(samples: Samples, base: Comparison, seed: int) -> Comparison:
    """The comparison of nested animals; differences are of the first group from the others."""
    _check_clusters(samples)
    number = np.repeat(np.arange(len(samples.values)), [len(v) for v in samples.values])
    clusters = np.concatenate(samples.clusters or ())
    values = np.concatenate(samples.values)
    fit = compare_nested(values, number, clusters, base.confidence, seed)
    if not np.isfinite(fit.test.p):
        return replace(base, reason="the clusters of a group do not differ at all: no test is made")
    effects = []
    for name, (value, low, high) in zip(samples.names[1:], fit.differences, strict=True):
        said = f" ({samples.names[0]} - {name})" if len(samples.names) > 2 else ""
        sd = fit.total_sd
        effects += [
            Effect(f"standardised difference{said}", -value / sd, -high / sd, -low / sd),
            Effect(f"difference of means{said}", -value, -high, -low, base.unit),
        ]
    notes = (*base.notes, *fit.notes)
    return replace(base, test=fit.test, effects=tuple(effects), notes=notes)


def _check_clusters(samples: Samples) -> None:
    """Refuse what no model can tell apart: a group that is one cluster, and the cluster itself."""
    sets = [set(clusters.tolist()) for clusters in samples.clusters or ()]
    for k, (name, own) in enumerate(zip(samples.names, sets, strict=True)):
        others = set().union(*(each for j, each in enumerate(sets) if j != k))
        if len(own) == 1 and not own & others:
            raise QueryError(
                f"All animals of {name} are in one {samples.nested_in}: what the group does and "
                f"what the {samples.nested_in} does cannot be told apart."
            )
