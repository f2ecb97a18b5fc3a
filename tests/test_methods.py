"""What was done, in words: every number in the paragraph is one of the comparison's."""

import pandas as pd
import pytest
from test_comparing import AML, DRUG1, DRUG2, PLANTS, latencies, sleep, table_of

from llm_query.statistics.comparing import compare_groups, correct
from llm_query.statistics.methods import (
    Tracked,
    describe_measure,
    methods_paragraph,
    p_text,
    tell_comparison,
)

TRACKED = Tracked(
    videos=4, animals=8, duration_s=2400, fps=(25.0, 30000 / 1001), segmenters=("background",),
    calibrated=4, shares=(1.0, 0.98, 0.97, 0.95),
)  # fmt: skip


def test_a_comparison_is_one_sentence_with_everything_in_it():
    found = compare_groups(sleep(False), "x", "group", measure="sleep gained", unit="h")
    assert tell_comparison(found) == (
        "sleep gained: drug1 0.75 ± 1.789 h (n = 10), drug2 2.33 ± 2.002 h (n = 10). Welch's t "
        "test (2 independent groups of at least 6 animals, variances not taken to be equal): "
        f"t(17.78) = -1.86, p = 0.0794; Hedges' g = {found.effects[0].value:.4g} "
        f"[{found.effects[0].low:.4g}, {found.effects[0].high:.4g}] (95 % CI), difference of means "
        "= -1.58 h [-3.365, 0.2055] (95 % CI), for drug1 - drug2."
    )


def test_pairs_of_three_groups_are_told_with_corrected_p():
    text = tell_comparison(compare_groups(table_of(PLANTS), "x", "group"))
    assert "F(2, 17.13) = 5.18, p = 0.0174" in text and "eta squared = 0.2641" in text
    assert "pairs by Welch's t test, Holm-corrected: ctrl - trt1: p = 0.25," in text


def test_latencies_are_told_by_median_and_how_many_did_it():
    found = compare_groups(latencies(AML), "x", "group", kind="latency", censored="never", unit="s")
    text = tell_comparison(found)
    assert "maintained median 31 s (n = 11, 7 did), not median 23 s (n = 12, 11 did)" in text
    assert "log-rank test" in text and "hazard ratio = 0.4" in text


def test_without_a_test_there_is_no_p():
    found = compare_groups(table_of({"a": [1, 2], "b": [2, 4]}), "x", "group")
    text = tell_comparison(found)
    assert "No test: a group has fewer than 3 animals" in text and "p =" not in text
    paragraph = methods_paragraph([found], "treatment")
    assert "x by treatment (a n = 2, b n = 2) was not tested" in paragraph
    assert "two-sided" not in paragraph


def test_the_paragraph_says_tracks_definitions_test_and_versions():
    found = compare_groups(sleep(False), "x", "group", measure="time_immobile", unit="s")
    text = methods_paragraph(
        [found], "treatment", tracked=TRACKED, definitions=[describe_measure("time_immobile")],
        software="Ethoscribe 0.1.0",
    )  # fmt: skip
    assert text.startswith(
        "Trajectories of 8 animals in 4 recordings (40 min in all, 25 and 29.97 frames/s) were "
        "made by Ethoscribe 0.1.0 (background segmentation); all of the recordings were "
        "calibrated. "
        "Animals were found in 97.5 % of the frames on average (lowest recording 95.0 %). "
        "Definitions: time_immobile: the time with a speed below 0.5 cm/s over a window of 0.5 s, "
        "for at least 1 s. time_immobile was compared by treatment (drug1 n = 10, drug2 n = 10) "
        "with Welch's t test (2 independent groups"
    )
    assert "effect sizes are Hedges' g and difference of means with 95 % confidence" in text
    assert "unit of analysis was the animal." in text and "corrected" not in text
    assert f"SciPy {__import__('scipy').__version__} and statsmodels" in text


def test_corrections_and_what_was_left_out_are_in_the_paragraph():
    table = table_of({"a": DRUG1, "b": DRUG2})
    table.loc[0, "x"] = None
    both = correct(
        [compare_groups(table, "x", "group"), compare_groups(table_of(PLANTS), "x", "group")]
    )
    text = methods_paragraph(both, "group")
    assert "Left out: 1 row without a value (a 1)." in text
    assert "corrected for multiple testing (Holm, 2 tests)" in text
    assert "between pairs of groups were corrected by Holm's method" in text


def test_imported_tracks_without_scale_are_called_so():
    tracked = Tracked(1, 1, 60, (30.0,), ("import:dlc",), 0, (0.5,))
    text = methods_paragraph([], "group", tracked=tracked)
    assert "in 1 recording (1 min in all, 30 frames/s) were imported from dlc; none of" in text


def test_definitions_follow_the_scale_and_the_region():
    assert "0.1 body lengths/s" in describe_measure("time_immobile", calibrated=False)
    assert "the region 'arm'" in describe_measure("latency", "arm")
    assert describe_measure("anything_else") == "anything_else"


@pytest.mark.parametrize(
    ("p", "text"), [(0.04999, "p = 0.05"), (0.0004, "p < 0.001"), (float("nan"), "p undefined")]
)
def test_p_values_are_printed_as_papers_do(p, text):
    assert p_text(p) == text


def test_every_exported_measure_has_a_definition():
    from llm_query.examples import example_recording
    from llm_query.export_measures import measures_table

    table = measures_table(example_recording())
    assert isinstance(table, pd.DataFrame)
    for name in table["measure"].unique():
        assert describe_measure(name, "corner") != name, name
