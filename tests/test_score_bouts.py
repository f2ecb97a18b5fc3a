"""Scoring bouts of a study: against a file, between people, of one and of several behaviours."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from storage_samples import add_tracked
from terminal import Ended
from typer.testing import CliRunner

from app.cli import app
from storage.bouts import save_bouts
from storage.learned import Learned, save_learned
from storage.study import open_study


def run(*arguments: object) -> Ended:
    result = CliRunner().invoke(app, [str(one) for one in arguments], prog_name="ethoscribe")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ended(result.exit_code, result.stdout, result.stderr)


def spans(*pairs: tuple[int, int]) -> pd.DataFrame:
    table = pd.DataFrame(pairs, columns=["start_frame", "stop_frame"])
    return table.assign(subject="animal1")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Two videos of 4 s at 25 per second; Jin and Sian scored the first, Jin alone the second."""
    folder = tmp_path / "study"
    places = np.full((100, 1), 50.0)
    with open_study(folder, create=True) as opened:
        for name in ("one", "two"):
            add_tracked(opened, tmp_path, places, places, name=name)
        by = {"source": "person", "annotator": "Jin"}
        save_bouts(opened, 1, spans((10, 30)), behaviour="dig", **by)
        save_bouts(opened, 1, spans((50, 60)), behaviour="rear", **by)
        save_bouts(opened, 2, spans((0, 100)), behaviour="dig", **by)
        by["annotator"] = "Sian"
        save_bouts(opened, 1, spans((20, 40)), behaviour="dig", **by)
        save_bouts(opened, 1, spans((50, 65)), behaviour="rear", **by)
        save_bouts(opened, 1, spans((10, 30)), behaviour="dig")
    return folder


def scores_of(study: Path, *arguments: object) -> dict:
    ended = run("score", "bouts", "-s", study, *arguments, "--json")
    assert ended.status == 0, ended.err
    return json.loads(ended.out)


def test_two_people_are_compared_where_both_scored(study):
    scores = scores_of(study, "--behaviour", "dig", "--annotator", "Sian", "--against", "Jin")
    assert list(scores["videos"]) == ["one"]
    assert scores["frame_f1"] == 0.5 and scores["kappa"] == pytest.approx(0.12 / 0.32)
    assert scores["bout_f1"] == 0 and "onset_f1" not in scores and "scan_kappa" not in scores


def test_a_person_is_the_truth_for_what_no_person_scored(study):
    scores = scores_of(study, "--behaviour", "dig", "--against", "Jin", "--video", "one")
    assert scores["kappa"] == 1.0 and scores["n_found"] == 1
    both = scores_of(study, "--behaviour", "dig", "--against", "Jin")
    assert both["videos"]["two"]["frame_recall"] == 0.0
    assert both["frame_recall"] == pytest.approx(20 / 120)


def test_overlap_tolerance_and_scans_are_options(study):
    pair = ("--behaviour", "dig", "--annotator", "Sian", "--against", "Jin")
    scores = scores_of(study, *pair, "--iou", 0.3, "--tolerance", 0.4, "--scan", 1)
    assert scores["bout_f1"] == 1.0  # 10 of 30 frames
    assert scores["onset_f1"] == 1.0 == scores["onset_offset_f1"]  # 10 frames are 0.4 s
    assert scores["n_scans"] == 4  # frames 0, 25, 50, 75: both see it at 25 alone
    assert scores["scan_kappa"] == 1.0
    assert scores_of(study, *pair, "--tolerance", 0.39)["onset_f1"] == 0.0


def test_several_behaviours_have_a_confusion_and_one_kappa(study):
    names = ("--behaviour", "dig", "--behaviour", "rear")
    people = ("--annotator", "Sian", "--against", "Jin")
    scores = scores_of(study, *names, *people)
    assert scores["confusion"] == {
        "dig": {"dig": 10, "rear": 0, "none": 10},
        "rear": {"dig": 0, "rear": 10, "none": 0},
        "none": {"dig": 10, "rear": 5, "none": 55},
    }
    chance = (20 * 20 + 10 * 15 + 70 * 65) / 10000
    assert scores["kappa"] == pytest.approx((0.75 - chance) / (1 - chance))
    assert scores["behaviours"]["rear"]["frame_f1"] == pytest.approx(0.8)
    told = run("score", "bouts", "-s", study, *names, *people)
    assert "dig called none: 10 frames" in told.out and told.err == "over all of one\n"


def test_where_two_differ_is_written_to_a_file(study, tmp_path):
    file = tmp_path / "differences.csv"
    pair = ("--behaviour", "dig", "--annotator", "Sian", "--against", "Jin")
    scores_of(study, *pair, "--differences", file)
    table = pd.read_csv(file, keep_default_na=False)
    assert table[["video", "start_frame", "stop_frame", "truth", "found"]].values.tolist() == [
        ["one", 10, 20, "dig", "none"], ["one", 30, 40, "none", "dig"],
    ]  # fmt: skip
    assert table["start_s"].tolist() == [0.4, 1.2]


def test_a_file_of_several_behaviours_is_read_by_behaviour(study, tmp_path):
    file = tmp_path / "truth.csv"
    file.write_text("video,behaviour,start_frame,stop_frame\none,dig,10,30\none,rear,0,100\n")
    command = ("--behaviour", "dig", "--truth", file)
    assert scores_of(study, *command, "--annotator", "Jin")["kappa"] == 1.0
    ended = run("score", "bouts", "-s", study, "--behaviour", "dug", "--truth", file)
    assert ended.status == 1 and "It has: dig, rear" in ended.err


def test_a_moment_counts_as_its_own_frame(study):
    moment = pd.DataFrame({"subject": ["animal1"], "start_frame": [7], "stop_frame": [7]})
    with open_study(study, write=True) as opened:
        for who in ("Jin", "Sian"):
            save_bouts(
                opened, 1, moment.assign(kind="point"), behaviour="jump", source="person",
                annotator=who,
            )  # fmt: skip
    pair = ("--annotator", "Sian", "--against", "Jin")
    assert scores_of(study, "--behaviour", "jump", *pair)["kappa"] == 1.0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "Say what is true"),
        (("--against", "Bo"), "It has: Jin, Sian"),
        (("--against", "Sian", "--video", "two"), "scored nothing in two"),
        (("--annotator", "Sian", "--against", "Jin", "--video", "two"), "none of the videos"),
        (("--against", "Jin", "--scan", "0"), "more than 0 seconds"),
    ],
)
def test_what_cannot_be_compared_is_said_in_one_line(study, arguments, says):
    ended = run("score", "bouts", "-s", study, "--behaviour", "dig", *arguments)
    assert ended.status == 1 and says in ended.err and ended.err.count("\n") == 1


def test_a_stop_that_is_spelled_out_as_exclusive_is_one(study, tmp_path):
    truth = tmp_path / "truth.csv"
    truth.write_text("start_frame,stop_frame_exclusive\n10,30\n")
    scores = scores_of(
        study, "--behaviour", "dig", "--truth", truth, "--video", "one", "--annotator", "Jin"
    )
    assert scores["kappa"] == 1.0


def write_truth(folder: Path, rows: str, columns: str = "video,start_frame,stop_frame") -> Path:
    file = folder / "truth.csv"
    file.write_text(f"{columns}\n{rows}")
    return file


def test_a_file_is_compared_with_what_no_person_scored(study, tmp_path):
    truth = write_truth(tmp_path, "one,10,30\n")
    scores = scores_of(study, "--behaviour", "dig", "--truth", truth)
    assert scores["n_found"] == 1 and scores["kappa"] == 1.0  # not Jin's nor Sian's
    ended = run("score", "bouts", "-s", study, "--behaviour", "rear", "--truth", truth)
    assert ended.status == 1 and "scored by Jin, Sian and found by no analysis" in ended.err


def test_of_two_sources_one_is_chosen(study, tmp_path):
    with open_study(study, write=True) as opened:
        save_bouts(opened, 1, spans((12, 30)), behaviour="dig", source="import")
    command = ("--behaviour", "dig", "--truth", write_truth(tmp_path, "one,12,30\n"))
    ended = run("score", "bouts", "-s", study, *command)
    assert ended.status == 1 and "dig comes from analysis, import" in ended.err
    assert scores_of(study, *command, "--source", "import")["kappa"] == 1.0
    assert scores_of(study, *command, "--source", "analysis")["kappa"] < 1.0
    ended = run("score", "bouts", "-s", study, *command, "--source", "dream")
    assert ended.status == 1 and "It comes from: analysis, import" in ended.err


def test_a_truth_of_nobody_and_several_animals_is_said(study, tmp_path):
    with open_study(study, write=True) as opened:
        both = pd.concat([spans((10, 30)), spans((60, 80)).assign(subject="animal2")])
        save_bouts(opened, 1, both, behaviour="dig")
    command = ("--behaviour", "dig", "--truth", write_truth(tmp_path, "one,10,30\n"))
    ended = run("score", "bouts", "-s", study, *command)
    assert ended.status == 0 and "bouts of animal1, animal2 are taken together" in ended.err
    assert "--subject" in ended.err
    one = run("score", "bouts", "-s", study, *command, "--subject", "animal1", "--json")
    assert json.loads(one.out)["kappa"] == 1.0 and "together" not in one.err
    ended = run("score", "bouts", "-s", study, *command, "--subject", "Mimi")
    assert ended.status == 1 and "There are: animal1, animal2" in ended.err


def test_videos_that_were_used_for_training_are_said(study, tmp_path):
    learned = Learned(
        name="dig", version=0, behaviour="dig", annotator="Jin", target_kind="none",
        length_unit="px", features=[], model=b"", settings={}, report={},
        trained_on=[{"video": "one", "subject": "animal1", "target": None, "seconds": 4.0}],
        versions={}, created_at=datetime.now(UTC),
    )  # fmt: skip
    with open_study(study, write=True) as opened:
        save_learned(opened, learned)
        save_bouts(opened, 2, spans((0, 50)), behaviour="dig")
    command = ("score", "bouts", "-s", study, "--behaviour", "dig", "--against", "Jin")
    assert "dig was learned from one: these" in run(*command).err
    assert "learned" not in run(*command, "--video", "two").err
    assert "learned" not in run(*command, "--annotator", "Sian").err
