"""Comparing a behaviour where it was looked for: nothing found is zero, nothing seen is unknown."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from storage_samples import add_tracked
from terminal import Ended
from typer.testing import CliRunner

from app.cli import app
from storage.bouts import save_bouts
from storage.metadata import save_metadata
from storage.study import open_study

FOUND = (2, 0, 1, 0, 3, 4, 2, 5)  # bouts of 10 frames that the analysis found in each video


def compared(study: Path, *arguments: object) -> dict:
    command = ["compare", *arguments, "--by", "drug", "-s", study, "--json"]
    ended = run(*command)
    assert ended.status == 0, ended.err
    return json.loads(ended.out)["comparisons"][0]


def run(*arguments: object) -> Ended:
    result = CliRunner().invoke(app, [str(one) for one in arguments], prog_name="ethoscribe")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ended(result.exit_code, result.stdout, result.stderr)


def spans(n: int) -> pd.DataFrame:
    starts = 5 + 15 * np.arange(n)
    return pd.DataFrame({"start_frame": starts, "stop_frame": starts + 10, "subject": "animal1"})


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine videos of 4 s; dash was looked for in eight, doze in all and found nowhere."""
    tmp_path = tmp_path_factory.mktemp("watched")
    folder = tmp_path / "study"
    with open_study(folder, create=True) as opened:
        for k in range(9):
            places = np.full((100, 1), np.nan if k == 3 else 50.0)
            add_tracked(opened, tmp_path, places, places, name=f"v{k}", px_per_cm=10.0)
            if k < 8:
                save_bouts(opened, k + 1, spans(FOUND[k]), behaviour="dash")
            save_bouts(opened, k + 1, spans(0), behaviour="doze")
            save_bouts(opened, k + 1, spans(0), behaviour="groom", source="person", annotator="Jin")
        save_bouts(opened, 1, spans(2), behaviour="both")
        save_bouts(opened, 1, spans(1), behaviour="both", source="person", annotator="Jin")
        drugs = ["vehicle"] * 4 + ["ketamine"] * 5
        names = [f"v{k}" for k in range(9)]
        save_metadata(opened, pd.DataFrame({"video": names, "drug": drugs}))
    return folder


def test_where_an_analysis_found_nothing_it_is_zero(study):
    found = compared(study, "--behaviour", "dash", "--value", "count")
    groups = {group["name"]: group for group in found["groups"]}
    assert {name: group["n"] for name, group in groups.items()} == {"ketamine": 4, "vehicle": 3}
    assert groups["vehicle"]["mean"] == pytest.approx((2 + 0 + 1) / 3)
    assert groups["ketamine"]["mean"] == pytest.approx((3 + 4 + 2 + 5) / 4)
    assert "0 for 1 animal of the searched videos without dash" in found["notes"]
    assert "not looked for, so left out: v8" in found["notes"]
    assert "never seen, so left out: animal1 in v3" in found["notes"]


def test_its_latency_is_censored_there(study):
    found = compared(study, "--behaviour", "dash", "--value", "latency_s")
    assert [group["events"] for group in found["groups"]] == [4, 2]
    assert [group["n"] for group in found["groups"]] == [4, 3]
    assert "censored at the end of the recording: 1 animal that never did it" in found["notes"]


@pytest.mark.parametrize("value", ["count", "total_s", "latency_s"])
def test_a_behaviour_that_was_found_nowhere_is_zero_everywhere(study, value):
    found = compared(study, "--behaviour", "doze", "--value", value)
    assert [group["n"] for group in found["groups"]] == [5, 3]
    if value != "latency_s":
        assert [group["mean"] for group in found["groups"]] == [0, 0]
    by_hand = compared(study, "--behaviour", "groom", "--value", value)
    assert [group["n"] for group in by_hand["groups"]] == [5, 4]  # a person sees without tracks


def test_an_analysis_is_chosen_beside_a_person(study):
    ended = run("compare", "--behaviour", "both", "--by", "drug", "-s", study)
    assert ended.status == 1 and "analysis (no person), Jin" in ended.err
    found = compared(study, "--behaviour", "both", "--value", "count", "--annotator", "Jin")
    assert [group["n"] for group in found["groups"]] == [5, 4]  # Jin watched all nine


def test_a_measure_of_an_animal_that_was_never_seen_is_left_out(study):
    found = compared(study, "mean_speed")
    assert [group["n"] for group in found["groups"]] == [5, 3]
    assert "never seen, so left out: animal1 in v3" in found["notes"]
