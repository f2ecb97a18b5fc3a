"""Comparing groups: textbook numbers, direct calls of scipy and statsmodels, and plain refusals."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.oneway import anova_oneway

from llm_query.errors import QueryError
from llm_query.statistics.comparing import compare_groups, correct
from llm_query.statistics.effects import (
    cliffs_delta,
    eta_squared,
    hedges_g,
    matched_rank_biserial,
    median_difference,
    rank_epsilon_squared,
    small_sample_factor,
)
from llm_query.statistics.group_nested import compare_nested
from llm_query.statistics.group_ranks import rank_sum_p
from llm_query.statistics.group_tests import adjust, survival

# Student's (1908) sleep data, as every textbook prints them: extra hours under two drugs.
DRUG1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
DRUG2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
# Dobson's (1983) plant weights, R's PlantGrowth.
PLANTS = {
    "ctrl": [4.17, 5.58, 5.18, 6.11, 4.50, 4.61, 5.17, 4.53, 5.33, 5.14],
    "trt1": [4.81, 4.17, 4.41, 3.59, 5.87, 3.83, 6.03, 4.89, 4.32, 4.69],
    "trt2": [6.31, 5.12, 5.54, 5.50, 5.37, 5.29, 4.92, 6.15, 5.80, 5.26],
}
# Miller's (1997) leukaemia data, R's aml: weeks, and whether it happened.
AML = {
    "maintained": ([9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161], [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0]),
    "not": ([5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45], [1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1]),
}


def table_of(groups: dict, **columns: list) -> pd.DataFrame:
    rows = [(name, value) for name, values in groups.items() for value in values]
    table = pd.DataFrame(rows, columns=["group", "x"])
    return table.assign(animal=[f"m{k}" for k in range(len(table))], **columns)


def sleep(paired: bool) -> pd.DataFrame:
    table = table_of({"drug1": DRUG1, "drug2": DRUG2})
    return table.assign(patient=[*range(10), *range(10)]) if paired else table


def test_two_groups_are_compared_by_welch_as_the_textbook_says():
    found = compare_groups(sleep(False), "x", "group", measure="sleep gained", unit="h")
    assert found.test.name == "Welch's t test" and found.test.said == "t(17.78) = -1.86"
    assert found.test.statistic == pytest.approx(-1.8608, abs=5e-5)
    assert found.test.df[0] == pytest.approx(17.776, abs=5e-4)
    assert found.p == pytest.approx(0.07939, abs=5e-6)
    assert found.contrast == "drug1 - drug2"
    difference = found.effects[1]
    assert difference.value == pytest.approx(-1.58) and difference.unit == "h"
    assert difference.low == pytest.approx(-3.365483, abs=1e-6)
    assert difference.high == pytest.approx(0.205483, abs=1e-6)
    assert "2 independent groups of at least 6" in found.reason
    assert [(g.name, g.n, round(g.mean, 2)) for g in found.groups] == [
        ("drug1", 10, 0.75), ("drug2", 10, 2.33),
    ]  # fmt: skip
    assert found.groups[0].sd == pytest.approx(np.std(DRUG1, ddof=1))


def test_the_same_patients_are_compared_by_the_paired_t_test():
    table = sleep(True).sample(frac=1, random_state=1)  # the order of the rows is nothing
    found = compare_groups(table, "x", "group", paired_by="patient")
    assert found.test.name == "paired t test"
    assert found.test.statistic == pytest.approx(-4.0621, abs=5e-5) and found.test.df == (9.0,)
    assert found.p == pytest.approx(0.002833, abs=5e-7)
    assert found.effects[1].low == pytest.approx(-2.4598858, abs=1e-6)
    d = np.mean(np.subtract(DRUG1, DRUG2)) / np.std(np.subtract(DRUG1, DRUG2), ddof=1)
    assert found.effects[0].value == pytest.approx(d * small_sample_factor(9))
    assert found.effects[0].low < found.effects[0].value < found.effects[0].high < 0


def test_three_groups_are_compared_by_welchs_anova_with_holm_among_the_pairs():
    found = compare_groups(table_of(PLANTS), "x", "group")
    assert found.test.name == "Welch's ANOVA"
    assert found.test.statistic == pytest.approx(5.181, abs=5e-4)
    assert found.test.df == (2, pytest.approx(17.128, abs=5e-4))
    assert found.p == pytest.approx(0.01739, abs=5e-6)
    direct = anova_oneway(list(map(np.array, PLANTS.values())), use_var="unequal")
    assert found.p == pytest.approx(direct.pvalue, rel=1e-12)
    raw = [
        stats.ttest_ind(PLANTS[a], PLANTS[b], equal_var=False).pvalue
        for a, b in (("ctrl", "trt1"), ("ctrl", "trt2"), ("trt1", "trt2"))
    ]
    assert [pair.p for pair in found.pairs] == pytest.approx(raw)
    assert found.pairs[2].p_adjusted == pytest.approx(3 * raw[2])  # the smallest of the three
    assert found.pairs[1].p_adjusted == pytest.approx(2 * raw[1])
    assert found.pairs[0].p_adjusted == pytest.approx(raw[0])
    # sums of squares 3.76634 and 10.49209
    assert found.effects[0].name == "eta squared"
    assert found.effects[0].value == pytest.approx(3.76634 / (3.76634 + 10.49209), abs=1e-6)


@pytest.mark.parametrize(
    ("test", "statistic", "p"),
    [("anova", 4.846, 0.01591), ("kruskal", 7.9882, 0.01842)],
)
def test_other_tests_of_three_groups_are_there_to_be_asked_for(test, statistic, p):
    found = compare_groups(table_of(PLANTS), "x", "group", test=test)
    assert found.test.statistic == pytest.approx(statistic, abs=5e-4)
    assert found.p == pytest.approx(p, abs=5e-6) and found.reason == "asked for"


def test_alexander_and_governs_test_is_scipys():
    found = compare_groups(table_of(PLANTS), "x", "group", test="alexander-govern")
    assert found.p == pytest.approx(stats.alexandergovern(*PLANTS.values()).pvalue)


def test_few_animals_are_compared_by_ranks_with_the_least_p_that_is_possible():
    found = compare_groups(table_of({"a": [1, 2, 3], "b": [4, 5, 6.5]}), "x", "group")
    assert found.test.name == "Mann-Whitney U test (exact)"
    assert found.test.statistic == 0 and found.p == pytest.approx(0.1)  # 2 of 20 orders
    assert found.effects[0].value == -1 and "fewer than 6" in found.reason
    assert any("no p value can fall below 0.1" in note for note in found.notes)


def test_counts_are_compared_by_ranks_whatever_their_number():
    groups = {"a": [0, 1, 1, 2, 3, 3, 4], "b": [2, 3, 4, 4, 5, 6, 9]}
    found = compare_groups(table_of(groups), "x", "group", kind="count")
    direct = stats.mannwhitneyu(*groups.values(), method=stats.PermutationMethod())  # 3432 orders
    assert found.test.name == "Mann-Whitney U test (exact)"
    assert found.p == pytest.approx(direct.pvalue)
    three = compare_groups(
        table_of({**groups, "c": [1, 2, 2, 8, 9, 9, 7]}), "x", "group", kind="count"
    )
    assert three.test.name == "Kruskal-Wallis test" and "counts" in three.reason
    assert {pair.test.split(" (")[0] for pair in three.pairs} == {"Mann-Whitney U test"}


def test_the_choice_does_not_depend_on_the_values():
    random = np.random.default_rng(3)
    normal = {"a": random.normal(size=9), "b": random.normal(size=9)}
    skewed = {"a": np.exp(3 * normal["a"]), "b": np.exp(3 * normal["b"])}
    chosen = {compare_groups(table_of(g), "x", "group").test.name for g in (normal, skewed)}
    assert chosen == {"Welch's t test"}


def test_five_pairs_are_compared_by_signed_ranks():
    table = table_of({"a": [1, 2, 3, 4, 5], "b": [2, 4, 6, 8, 10.5]}, pair=[*range(5), *range(5)])
    found = compare_groups(table, "x", "group", paired_by="pair")
    assert found.test.name == "Wilcoxon signed-rank test (exact)"
    assert found.p == pytest.approx(2 / 32) and found.effects[0].value == -1
    assert any("with 5 pairs no p value can fall below 0.062" in note for note in found.notes)


def test_three_conditions_of_the_same_animals_are_compared_by_friedman():
    random = np.random.default_rng(1)
    values = random.normal(size=(8, 3)) + np.array([0, 0.5, 2])
    groups = dict(zip("abc", values.T, strict=True))
    table = table_of(groups, mouse=[*range(8)] * 3)
    found = compare_groups(table, "x", "group", paired_by="mouse")
    direct = stats.friedmanchisquare(*groups.values())
    assert found.p == pytest.approx(direct.pvalue) and found.test.name == "Friedman test"
    assert found.effects[0].value == pytest.approx(direct.statistic / (8 * 2))  # Kendall's W
    assert [p.test.split(" (")[0] for p in found.pairs] == ["Wilcoxon signed-rank test"] * 3


def latencies(groups: dict) -> pd.DataFrame:
    table = table_of({name: times for name, (times, _) in groups.items()})
    happened = [bool(h) for _, marks in groups.values() for h in marks]
    return table.assign(never=[not h for h in happened])


def test_latencies_are_compared_by_log_rank_as_the_textbook_says():
    found = compare_groups(latencies(AML), "x", "group", kind="latency", censored="never")
    assert found.test.name == "log-rank test"
    assert found.test.statistic**2 == pytest.approx(3.4, abs=0.05)
    assert found.p == pytest.approx(0.0653, abs=5e-5)
    assert [g.median for g in found.groups] == [31, 23] and [g.events for g in found.groups] == [
        7,
        11,
    ]
    ratio = found.effects[0]  # Cox by Efron: coefficient 0.9155, standard error 0.5119
    assert ratio.name == "hazard ratio"
    assert 1 / ratio.value == pytest.approx(np.exp(0.9155), rel=1e-3)
    assert 1 / ratio.high == pytest.approx(np.exp(0.9155 - 1.96 * 0.5119), rel=1e-3)
    assert 1 / ratio.low == pytest.approx(np.exp(0.9155 + 1.96 * 0.5119), rel=1e-3)


def test_three_groups_of_latencies_are_compared_at_once_and_in_pairs():
    groups = {**AML, "third": ([3, 4, 4, 6, 7, 9, 11], [1, 1, 1, 1, 1, 1, 0])}
    found = compare_groups(latencies(groups), "x", "group", kind="latency", censored="never")
    assert found.test.df == (2.0,) and len(found.pairs) == 3
    two = compare_groups(latencies(AML), "x", "group", kind="latency", censored="never")
    assert found.pairs[0].p == pytest.approx(two.p) and found.p < 0.001


def test_marks_of_censoring_that_are_texts_are_refused():
    table = latencies(AML)
    as_text = table.assign(never=table["never"].astype(str))
    with pytest.raises(QueryError, match=r"never says true or false .* not 'False'"):
        compare_groups(as_text, "x", "group", kind="latency", censored="never")
    number = table.assign(never=table["never"].astype(int))
    found, once = (
        compare_groups(t, "x", "group", kind="latency", censored="never") for t in (number, table)
    )
    assert found.p == once.p


@pytest.mark.parametrize("confidence", [0, 1, 1.5, float("nan")])
def test_a_confidence_that_is_none_is_refused(confidence):
    with pytest.raises(QueryError, match="above 0 and below 1"):
        compare_groups(sleep(False), "x", "group", confidence=confidence)


def test_a_median_latency_that_is_not_reached_is_missing():
    median, mean = survival(np.array([5.0, 60, 60, 60]), np.array([True, False, False, False]), 60)
    assert np.isnan(median) and mean == pytest.approx((5 + 3 * 60) / 4)


def test_animals_of_cages_that_got_one_treatment_are_compared_by_the_means_of_cages():
    random = np.random.default_rng(0)
    cages = np.repeat(np.arange(16), 4)
    group = np.where(cages < 8, "drug", "vehicle")
    x = 10 + 3.0 * (group == "drug") + random.normal(0, 1, 16)[cages] + random.normal(0, 1, 64)
    table = pd.DataFrame({"animal": range(64), "cage": cages, "group": group, "x": x})
    found = compare_groups(table, "x", "group", nested_in="cage", unit="cm")
    means = table.groupby(["group", "cage"])["x"].mean()
    direct = stats.ttest_ind(means["drug"], means["vehicle"])
    assert found.test.name == "t test of the means of clusters" and found.test.df == (14.0,)
    assert found.test.statistic == pytest.approx(direct.statistic)
    assert found.p == pytest.approx(direct.pvalue)
    assert "nested in cage" in found.reason and found.contrast == "drug - vehicle"
    gap = found.effects[1]
    assert gap.value == pytest.approx(x[group == "drug"].mean() - x[group == "vehicle"].mean())
    limits = direct.confidence_interval()
    assert (gap.low, gap.high) == pytest.approx((limits.low, limits.high))
    # a t test over the animals would take them for independent
    wrong = stats.ttest_ind(x[group == "drug"], x[group == "vehicle"])
    assert found.p > wrong.pvalue


@pytest.mark.parametrize("cages", [3, 4])
def test_few_cages_that_differ_by_chance_seem_different_in_one_of_twenty_studies(cages):
    random = np.random.default_rng(cages)
    cage = np.repeat(np.arange(2 * cages), 4)
    p = [
        compare_nested(
            random.normal(size=2 * cages)[cage] + random.normal(size=len(cage)),
            (cage >= cages).astype(int), cage, 0.95,
        ).test.p
        for _ in range(600)
    ]  # fmt: skip
    assert 0.028 < np.mean(np.array(p) < 0.05) < 0.076  # 600 studies: 0.05 by three errors


def test_litters_that_got_both_treatments_are_compared_by_a_mixed_model():
    random = np.random.default_rng(2)
    litter = np.repeat(np.arange(7), 4)
    group = np.tile(["a", "a", "b", "b"], 7)
    x = random.normal(0, 2, 7)[litter] + random.normal(size=28) + 1.5 * (group == "a")
    table = pd.DataFrame({"animal": range(28), "x": x, "group": group, "litter": litter})
    found = compare_groups(table, "x", "group", nested_in="litter")
    assert "mixed model" in found.test.name and "bootstrap" in found.test.name
    # every litter is alike: the F of groups within litters, on 28 - 7 - 1 animals
    means = table.pivot_table(index="litter", columns="group", values="x")
    gap = (means["a"] - means["b"]).mean()
    centred = table["x"] - table.groupby("litter")["x"].transform("mean")
    side = np.where(group == "a", gap / 2, -gap / 2)
    error = np.sqrt(((centred - side) ** 2).sum() / 20 / 7)
    assert found.test.statistic == pytest.approx((gap / error) ** 2, rel=0.02)
    assert found.p == pytest.approx(2 * stats.t.sf(gap / error, 20), abs=0.003)
    difference = found.effects[1]
    reach = stats.t.ppf(0.975, 20) * error
    assert difference.value == pytest.approx(gap)
    assert (difference.low, difference.high) == pytest.approx((gap - reach, gap + reach), rel=0.06)


def test_ties_leave_a_rank_test_as_exact_as_it_is_without():
    found = compare_groups(table_of({"a": [0, 0, 0], "b": [5, 5, 5]}), "x", "group", kind="count")
    assert found.p == pytest.approx(0.1)  # 2 of 20 orders
    random = np.random.default_rng(0)
    for a, b in [(random.poisson(1, 4), random.poisson(2, 6)) for _ in range(20)]:
        ranks = stats.rankdata([*a, *b])
        off = [abs(sum(ranks[list(own)]) - 4 * 5.5) for own in combinations(range(10), 4)]
        expected = np.mean(np.array(off) >= abs(ranks[:4].sum() - 22) - 1e-9)
        assert rank_sum_p(a.astype(float), b.astype(float))[0] == pytest.approx(expected)
    pairs = table_of({"a": [1, 1, 1, 1], "b": [3, 3, 3, 3]}, pair=[*range(4)] * 2)
    assert compare_groups(pairs, "x", "group", paired_by="pair").p == pytest.approx(2 / 16)


def test_three_small_groups_are_compared_by_all_orders_of_their_ranks():
    table = table_of({"a": [1, 2, 3], "b": [4, 5, 6], "c": [7, 8, 9]})
    found = compare_groups(table, "x", "group")
    assert found.test.name == "Kruskal-Wallis test (exact)"
    assert found.p == pytest.approx(6 / 1680)  # the groups in any of 6 orders, of 9!/(3!)^3
    five = {name: np.arange(5.0) + 4 * k for k, name in enumerate("abc")}
    drawn = compare_groups(table_of(five), "x", "group")
    assert drawn.test.name == "Kruskal-Wallis test (9999 permutations)"
    assert 1e-4 <= drawn.p < 0.002


def test_under_three_animals_the_effect_is_told_without_a_p():
    found = compare_groups(table_of({"a": [1, 2], "b": [3, 4, 5.5]}), "x", "group")
    assert found.test is None and np.isnan(found.p) and not found.pairs
    assert "fewer than 3" in found.reason and found.effects[0].value == -1
    three = compare_groups(table_of({"a": [1, 2], "b": [3, 4, 5], "c": [1, 5, 6]}), "x", "group")
    assert three.test is None and three.effects


def test_several_rows_of_an_animal_are_averaged_and_said():
    table = table_of({"a": [1, 2, 3, 4, 5, 6], "b": [2, 3, 4, 5, 6, 8]})
    doubled = pd.concat([table.assign(x=table["x"] - 0.5), table.assign(x=table["x"] + 0.5)])
    found, once = (compare_groups(t, "x", "group") for t in (doubled, table))
    assert found.p == pytest.approx(once.p) and [g.n for g in found.groups] == [6, 6]
    assert any("24 rows of 12 animals" in note for note in found.notes)


def test_an_animal_in_two_groups_needs_pairs():
    table = sleep(True).assign(animal=[*range(10), *range(10)])
    with pytest.raises(QueryError, match="compare them as pairs"):
        compare_groups(table, "x", "group")


def test_incomplete_pairs_and_missing_values_are_left_out_and_said():
    table = sleep(True)
    table.loc[3, "x"] = np.nan
    table.loc[15, "group"] = None
    found = compare_groups(table, "x", "group", paired_by="patient")
    assert [g.n for g in found.groups] == [8, 8]
    assert found.notes[:3] == (
        "left out: 1 row without group",
        "left out: 1 row without a value (drug1 1)",
        "left out: 2 of 10 patient, not in every group",
    )


def test_animals_of_one_video_are_warned_of():
    table = sleep(False).assign(video=[f"v{k // 2}" for k in range(20)])
    found = compare_groups(table, "x", "group", unit_of=("video", "animal"))
    assert any("10 videos hold several" in note for note in found.notes)


def test_numbers_as_groups_are_in_their_order():
    table = table_of({"10": [1, 2, 3], "2": [2, 3, 4], "0.5": [1, 5, 9]})
    assert [g.name for g in compare_groups(table, "x", "group").groups] == ["0.5", "2", "10"]


def test_several_measures_are_corrected_together():
    assert adjust([0.01, 0.04, 0.03, np.nan], "holm")[:3] == pytest.approx([0.03, 0.06, 0.06])
    assert adjust([0.01, 0.04, 0.03, 0.005], "fdr") == pytest.approx([0.02, 0.04, 0.04, 0.02])
    many = [
        compare_groups(sleep(False), "x", "group"),
        compare_groups(table_of(PLANTS), "x", "group"),
    ]
    first, second = correct(many)
    assert second.p_adjusted == pytest.approx(2 * second.p) and first.p_adjusted == pytest.approx(
        first.p
    )
    assert first.correction == "Holm, 2 tests" and correct(many[:1])[0].correction == ""


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"test": "anova"}, "another number of groups"),
        ({"test": "wilcoxon"}, "it needs pairs"),
        ({"test": "mixed"}, "nested_in"),
        ({"test": "log-rank"}, "a latency"),
        ({"test": "guess"}, "choose auto, welch"),
        ({"kind": "latency"}, "never happened"),
        ({"paired_by": "animal", "nested_in": "animal"}, "not both"),
        ({"kind": "share"}, '"count" or a "latency"'),
        ({"unit_of": ("mouse",)}, "no column mouse"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(more, says):
    with pytest.raises(QueryError, match=says):
        compare_groups(sleep(False), "x", "group", **more)


def test_one_group_or_no_variance_is_no_comparison():
    with pytest.raises(QueryError, match="two groups are needed"):
        compare_groups(table_of({"a": [1, 2, 3]}), "x", "group")
    with pytest.raises(QueryError, match="no variance"):
        compare_groups(table_of({"a": [1] * 7, "b": [2] * 7}), "x", "group")


def test_hedges_g_and_its_exact_interval():
    a, b = np.array(DRUG1), np.array(DRUG2)
    effect = hedges_g(a, b)
    pooled = np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)
    assert effect.value == pytest.approx(-1.58 / pooled * (1 - 3 / (4 * 18 - 1)), rel=1e-3)
    # under the limits, t is as far out as the confidence allows
    t, root = -1.58 / pooled / np.sqrt(0.2), np.sqrt(0.2)
    for limit, tail in ((effect.low, 0.975), (effect.high, 0.025)):
        noncentrality = limit / small_sample_factor(18) / root
        assert stats.nct.cdf(t, 18, noncentrality) == pytest.approx(tail, abs=1e-9)
    assert hedges_g(b, a).low == pytest.approx(-effect.high)


def test_cliffs_delta_counts_pairs_and_its_interval_covers():
    effect = cliffs_delta(np.array([1.0, 3, 5]), np.array([2.0, 3, 0]))
    assert effect.value == pytest.approx((6 - 2) / 9)  # 6 larger, 2 smaller, 1 tied
    assert -1 <= effect.low < effect.value < effect.high <= 1
    mirrored = cliffs_delta(np.array([2.0, 3, 0]), np.array([1.0, 3, 5]))
    assert mirrored.low == pytest.approx(-effect.high)
    random = np.random.default_rng(5)
    truth, inside = 2 * stats.norm.cdf(0.8 / np.sqrt(2)) - 1, 0
    for _ in range(400):
        one = cliffs_delta(random.normal(0.8, 1, 15), random.normal(0, 1, 15))
        inside += one.low <= truth <= one.high
    assert 0.91 <= inside / 400 <= 0.985


def test_eta_squared_of_nothing_starts_at_zero_and_its_interval_holds_it():
    random = np.random.default_rng(2)
    same = eta_squared([random.normal(size=20) for _ in range(3)])
    assert same.low == 0 <= same.value <= same.high < 0.3
    apart = eta_squared([random.normal(k, 1, 20) for k in (0, 1, 2)])
    assert 0 < apart.low < apart.value < apart.high < 1


def test_signed_ranks_as_a_share():
    assert matched_rank_biserial(np.array([1, 2, -3, 4.0])) == pytest.approx((1 + 2 - 3 + 4) / 10)
    assert matched_rank_biserial(np.array([0.0, 0])) == 0


def test_bootstrap_intervals_are_the_same_every_time():
    a, b = np.array(DRUG1), np.array(DRUG2)
    assert median_difference(a, b) == median_difference(a, b)
    assert median_difference(a, b, seed=1).value == median_difference(a, b).value
    assert median_difference(a, b).value == pytest.approx(np.median(a) - np.median(b))


def test_epsilon_squared_is_h_over_n_less_one():
    groups = [np.array([1.0, 2, 2, 5]), np.array([2.0, 4, 6]), np.array([7.0, 8, 5, 9])]
    expected = stats.kruskal(*groups).statistic / 10
    assert rank_epsilon_squared(groups) == pytest.approx(expected)


def test_a_group_that_is_one_cage_cannot_be_told_from_it():
    table = table_of({"a": [1, 2, 3, 4], "b": [3, 4, 5, 7]}, cage=[*"xxxxyyyy"])
    with pytest.raises(QueryError, match="All animals of a are in one cage"):
        compare_groups(table, "x", "group", nested_in="cage")
    shared = table.assign(cage=[*"xyxyxyxy"])
    assert compare_groups(shared, "x", "group", nested_in="cage").test is not None


@pytest.mark.parametrize(
    ("groups", "never", "says"),
    [
        ({"a": [60] * 4, "b": [60] * 4}, [True] * 8, "it happened in no animal"),
        ({"a": [2] * 8, "b": range(8), "c": range(8)}, None, "a group has no variance"),
    ],
)
def test_a_test_that_is_undefined_is_no_test_and_says_why(groups, never, says):
    table = table_of(groups)
    more = {} if never is None else {"kind": "latency", "censored": "never"}
    found = compare_groups(
        table if never is None else table.assign(never=never), "x", "group", **more
    )
    assert found.test is None and np.isnan(found.p) and says in found.reason


def test_latencies_without_overlap_have_a_p_but_no_hazard_ratio():
    groups = {"a": ([10, 11, 12, 13], [1] * 4), "b": ([1, 2, 3, 4], [1] * 4)}
    found = compare_groups(latencies(groups), "x", "group", kind="latency", censored="never")
    assert found.p < 0.01 and np.isnan(found.effects[0].value)


def test_known_latencies_of_the_same_animals_are_paired_values_but_censored_ones_are_not():
    groups = {"a": (range(1, 8), [1] * 7), "b": ([3, 4, 4, 8, 9, 8, 12], [1] * 7)}
    table = latencies(groups).assign(mouse=[*range(7)] * 2)
    more = {"kind": "latency", "censored": "never", "paired_by": "mouse"}
    assert compare_groups(table, "x", "group", **more).test.name == "paired t test"
    table.loc[3, "never"] = True
    with pytest.raises(QueryError, match="not paired or nested"):
        compare_groups(table, "x", "group", **more)
