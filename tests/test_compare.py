"""Comparing the groups of a study on the command line, from tracks and from scored bouts."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from storage_samples import add_tracked
from terminal import Ended
from typer.testing import CliRunner

from app.cli import app
from storage.bouts import save_bouts
from storage.metadata import save_metadata
from storage.regions import Region, save_region
from storage.study import open_study

SPEEDS = (1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 3.0, 3.6, 4.1, 4.4, 5.0, 5.7)  # px per frame at 25/s
SCORED = (1, 2, 0, 2, 3, 1, 4, 3, 5, 2, 6, 4)  # bouts of 10 frames


def run(*arguments: object) -> Ended:
    result = CliRunner().invoke(app, [str(one) for one in arguments], prog_name="ethoscribe")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ended(result.exit_code, result.stdout, result.stderr)


def compared(study: Path, *arguments: object) -> dict:
    ended = run("compare", *arguments, "-s", study, "--json")
    assert ended.status == 0, ended.err
    return json.loads(ended.out)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve videos of one walking animal, 100 frames; the first six were given a vehicle."""
    tmp_path = tmp_path_factory.mktemp("groups")
    folder = tmp_path / "study"
    with open_study(folder, create=True) as opened:
        for k, speed in enumerate(SPEEDS):
            x_px = (10 + speed * np.arange(100.0))[:, None]
            video = add_tracked(
                opened, tmp_path, x_px, np.full((100, 1), 50.0), name=f"v{k}", px_per_cm=10.0
            )
            save_region(
                opened, video.video_id, Region("end", "rectangle", points=((300, 0), (640, 480)))
            )
            starts = 15 * np.arange(SCORED[k])
            bouts = pd.DataFrame({"start_frame": starts, "stop_frame": starts + 10})
            by = {"source": "person", "annotator": "Jin"}
            save_bouts(opened, k + 1, bouts.assign(subject="animal1"), behaviour="rear", **by)
            sniff = pd.DataFrame({"start_frame": [0], "stop_frame": [5], "subject": ["animal1"]})
            save_bouts(opened, k + 1, sniff, behaviour="sniff", **by)
        names = [f"v{k}" for k in range(12)]
        table = {
            "video": names, "drug": ["vehicle"] * 6 + ["ketamine"] * 6,
            "mouse": [f"m{k % 6}" for k in range(12)], "cage": [f"c{k // 2}" for k in range(12)],
            "dose": ["0", "5", "10"] * 4,
        }  # fmt: skip
        save_metadata(opened, pd.DataFrame(table))
    return folder


def test_a_measure_is_compared_by_welch_with_the_numbers_of_scipy(study):
    answer = compared(study, "distance_moved", "--by", "drug")
    (found,) = answer["comparisons"]
    cm = 99 * np.array(SPEEDS) / 10
    direct = stats.ttest_ind(cm[6:], cm[:6], equal_var=False)  # ketamine comes first
    assert found["test"]["name"] == "Welch's t test" and found["contrast"] == "ketamine - vehicle"
    assert found["p"] == pytest.approx(direct.pvalue, rel=1e-4)
    assert found["test"]["statistic"] == pytest.approx(direct.statistic, rel=1e-4)
    assert [(g["name"], g["n"]) for g in found["groups"]] == [("ketamine", 6), ("vehicle", 6)]
    assert found["groups"][0]["mean"] == pytest.approx(cm[6:].mean(), rel=1e-5)
    assert found["unit"] == "cm" and found["correction"] == ""
    assert "12 animals in 12 recordings (0.8 min in all, 25 frames/s)" in answer["methods"]


def test_the_text_has_a_table_the_test_and_the_methods(study):
    ended = run("compare", "distance_moved", "--by", "drug", "-s", study)
    assert ended.status == 0
    lines = ended.out.splitlines()
    assert lines[0] == "distance_moved (cm)" and lines[1].split() == [
        "group",
        "n",
        "mean",
        "sd",
        "median",
    ]
    assert lines[2].split()[:2] == ["ketamine", "6"]
    assert "Welch's t test (2 independent groups" in lines[4] and "Hedges' g = " in lines[4]
    assert "not across gaps in tracking" in lines[-1] and "unit of analysis" in lines[-1]


def test_several_measures_are_corrected_together(study):
    answer = compared(study, "distance_moved", "mean_speed", "--by", "drug")
    first, second = answer["comparisons"]
    assert first["p_adjusted"] == pytest.approx(2 * first["p"])
    assert first["correction"] == second["correction"] == "Holm, 2 tests"
    fdr = compared(study, "distance_moved", "mean_speed", "--by", "drug", "--correction", "fdr")
    assert fdr["comparisons"][0]["correction"] == "Benjamini-Hochberg, 2 tests"
    assert "multiple testing (Holm, 2 tests)" in answer["methods"]


def test_the_same_mice_are_compared_as_pairs(study):
    answer = compared(study, "distance_moved", "--by", "drug", "--paired-by", "mouse")
    (found,) = answer["comparisons"]
    direct = stats.ttest_rel(np.array(SPEEDS[6:]), np.array(SPEEDS[:6]))
    assert found["test"]["name"] == "paired t test"
    assert found["p"] == pytest.approx(direct.pvalue, rel=1e-3)


def test_the_same_mice_cannot_be_two_animals(study):
    ended = run("compare", "distance_moved", "--by", "drug", "--animal-by", "mouse", "-s", study)
    assert ended.status == 1 and "compare them as pairs" in ended.err


def test_animals_of_a_cage_are_compared_by_the_means_of_cages(study):
    (found,) = compared(study, "distance_moved", "--by", "drug", "--nested-by", "cage")[
        "comparisons"
    ]
    assert found["test"]["name"] == "t test of the means of clusters" and found["test"]["df"] == [4]
    assert "nested in cage" in found["reason"]


def test_counts_of_a_behaviour_include_animals_that_never_did_it(study):
    (found,) = compared(study, "--behaviour", "rear", "--value", "count", "--by", "drug")[
        "comparisons"
    ]
    direct = stats.mannwhitneyu(SCORED[6:], SCORED[:6], method=stats.PermutationMethod())
    assert found["p"] == pytest.approx(direct.pvalue)
    assert found["groups"][1]["mean"] == pytest.approx(9 / 6) and found["groups"][1]["n"] == 6
    assert "0 for 1 animal of the scored videos without rear" in found["notes"]


def test_seconds_of_a_behaviour_are_of_its_bouts(study):
    (found,) = compared(study, "--behaviour", "rear", "--by", "drug")["comparisons"]
    assert found["unit"] == "s" and found["groups"][0]["mean"] == pytest.approx(24 * 0.4 / 6)


def test_latencies_are_censored_where_it_never_happened(study):
    answer = compared(study, "latency", "--by", "drug", "--region", "end")
    (found,) = answer["comparisons"]
    assert found["test"]["name"] == "log-rank test"
    # from 10 px at v px a frame, 300 px are reached within 99 frames by v >= 2.93
    reached = [sum(10 + 99 * v >= 300 for v in part) for part in (SPEEDS[6:], SPEEDS[:6])]
    assert [g["events"] for g in found["groups"]] == reached == [6, 2]
    frames = [np.ceil(290 / v) if 10 + 99 * v >= 300 else np.nan for v in SPEEDS[6:]]
    assert found["groups"][0]["median"] == pytest.approx(sorted(frames)[2] / 25)
    assert found["groups"][1]["median"] is None
    assert "censored when the animal was last seen" in answer["methods"]
    (scored,) = compared(
        study, "--behaviour", "rear", "--value", "latency_s", "--by", "drug"
    )["comparisons"]  # fmt: skip
    assert [g["events"] for g in scored["groups"]] == [6, 5]
    assert "censored at the end of the recording: 1 animal that never did it" in scored["notes"]


def test_three_groups_of_four_are_compared_by_ranks_with_pairs(study):
    (found,) = compared(study, "distance_moved", "--by", "dose")["comparisons"]
    assert [g["name"] for g in found["groups"]] == ["0", "5", "10"]
    assert found["test"]["name"] == "Kruskal-Wallis test (exact)" and len(found["pairs"]) == 3
    asked = compared(study, "distance_moved", "--by", "dose", "--test", "anova")["comparisons"][0]
    assert asked["test"]["name"] == "one-way ANOVA" and asked["reason"] == "asked for"


def test_a_video_that_nobody_scored_is_left_out_and_named(study, tmp_path):
    with open_study(study, write=True) as opened:
        places = np.full((100, 1), 50.0)
        add_tracked(opened, tmp_path, places, places, name="later", px_per_cm=10.0)
    (found,) = compared(study, "--behaviour", "rear", "--by", "drug")["comparisons"]
    assert "not scored, so left out: later" in found["notes"]
    assert [g["n"] for g in found["groups"]] == [6, 6]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--by", "drug"), "Say what to compare"),
        (("distance", "--by", "drug"), "There are: distance_moved, mean_speed"),
        (("distance_moved", "--by", "sex"), "It has: cage, dose, drug, mouse"),
        (("visits", "--by", "drug", "--region", "arm"), "There are: end"),
        (("--behaviour", "dig", "--by", "drug"), "It has: rear, sniff"),
        (
            ("--behaviour", "rear", "--annotator", "Bo", "--by", "drug"),
            "Bo scored no rear; Jin did",
        ),
        (("--behaviour", "rear", "--value", "mean", "--by", "drug"), "count, total_s, latency_s"),
        (("distance_moved", "--by", "drug", "--test", "guess"), "choose auto"),
        (("distance_moved", "--by", "drug", "--correction", "x"), '"holm", "fdr" or "none"'),
    ],
)
def test_what_cannot_be_compared_is_said_in_one_line(study, arguments, says):
    ended = run("compare", *arguments, "-s", study)
    assert ended.status == 1 and says in ended.err and ended.err.count("\n") == 1


def test_several_videos_of_an_animal_are_one_value(study):
    answer = compared(study, "distance_moved", "--by", "drug", "--animal-by", "cage")
    (found,) = answer["comparisons"]
    cm = (99 * np.array(SPEEDS) / 10).reshape(6, 2).mean(axis=1)
    assert [g["n"] for g in found["groups"]] == [3, 3]
    assert found["groups"][1]["mean"] == pytest.approx(cm[:3].mean(), rel=1e-5)
    assert found["p"] == pytest.approx(stats.mannwhitneyu(cm[3:], cm[:3], method="exact").pvalue)
    assert "12 rows of 6 animals with several rows are averaged" in found["notes"][-2]
    assert "the animal as named in cage" in answer["methods"]
