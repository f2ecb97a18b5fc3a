"""From scored bouts in a study to a behaviour that analyses apply, also after closing the study."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from learned_scenes import bout_rows, scene
from storage_samples import Info, run_of, track_shard
from typer.testing import CliRunner

from app.cli import app
from llm_query.engine import run_analysis
from llm_query.errors import QueryError
from llm_query.learning import training as learning
from llm_query.learning.learned import named_behaviours
from llm_query.learning.learning_study import apply_in_study, learn_in_study
from storage.bouts import read_bouts, save_bouts
from storage.learned import delete_learned, find_learned, learned_behaviours
from storage.runs import ingest_run
from storage.snapshot import write_snapshot
from storage.study import Study, open_study
from storage.videos import add_video, find_video


@pytest.fixture(scope="module", autouse=True)
def quick():
    """Enough for a scene with a rule."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learning, "TREES_TO_CHOOSE", 15)
        patch.setattr(learning, "ROWS_PER_FIT", 4000)
        yield


ANALYSIS = '''
def analyse(recording):
    """When every animal circles."""
    return collect(learned(recording, "circling", animal) for animal in recording.animals)
'''


def add_scene(study: Study, folder: Path, seed: int, name: str, score: bool) -> dict:
    """A tracked video of three animals, scored by Ann if asked; gives the truth."""
    paths, headings, truth = scene(seed, seconds=90)
    xy = np.stack(list(paths.values()), axis=1)
    info = Info(folder / f"{name}.mp4", len(xy))
    video = add_video(study, info)
    shard = track_shard(folder / name / "t.parquet", xy[..., 0], xy[..., 1], info.time_s)
    table = pq.read_table(shard)
    degrees = np.stack(list(headings.values()), axis=1).ravel().astype(np.float32)
    place = table.schema.get_field_index("heading_deg")
    pq.write_table(table.set_column(place, "heading_deg", pa.array(degrees)), shard)
    ingest_run(study, video.video_id, run_of(f"run-{name}", 3), [shard], [], [])
    if score:
        rows = pd.DataFrame(bout_rows(truth), columns=["subject", "start_frame", "stop_frame"])
        save_bouts(
            study, video.video_id, rows, behaviour="circling", source="person", annotator="Ann"
        )
    return truth


@pytest.fixture(scope="module")
def made(quick, tmp_path_factory) -> tuple[Path, dict]:
    """Two scored videos, a third one that nobody scored, and what was learned."""
    folder = tmp_path_factory.mktemp("learned")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learning, "TREES", 20)
        with open_study(folder / "study", create=True) as study:
            add_scene(study, folder, 1, "one", True)
            add_scene(study, folder, 2, "two", True)
            truth = add_scene(study, folder, 3, "three", False)
        learn_in_study(folder / "study", "circling")
    return folder / "study", truth


def test_what_was_learned_is_kept_with_where_it_comes_from(made):
    with open_study(made[0]) as study:
        kept = find_learned(study, "circling")
    assert (kept.version, kept.behaviour, kept.annotator) == (1, "circling", "Ann")
    assert kept.target_kind == "none" and kept.length_unit == "body lengths (outline)"
    assert {one["video"] for one in kept.trained_on} == {"one", "two"}
    assert [one["subject"] for one in kept.trained_on] == ["animal1", "animal2", "animal3"] * 2
    assert sum(one["seconds"] for one in kept.trained_on) == pytest.approx(540)
    assert kept.report["frame_f1"] > 0.9 and kept.report["validation"] == "by video"
    assert kept.versions["scikit-learn"] and len(kept.model) < 2 << 20
    json.dumps(kept.report, allow_nan=False)


def test_an_analysis_in_its_own_process_applies_it_to_an_unseen_video(made, tmp_path):
    study, truth = made
    file = tmp_path / "circling.py"
    file.write_text(ANALYSIS)
    (answer,) = run_analysis(study, file, video="three")
    assert answer.error is None
    both = found = 0
    for name, when in truth.items():
        mask = np.zeros(len(when), dtype=bool)
        for row in answer.bouts[answer.bouts["subject"] == name].itertuples():
            mask[row.start_frame : row.stop_frame] = True
        both, found = both + (mask & when).sum(), found + mask.sum()
    assert 2 * both / (found + sum(when.sum() for when in truth.values())) > 0.9
    assert answer.bouts["definition"].str.startswith('learned "circling" version 1: prob').all()
    assert set(answer.bouts["behaviour"]) == {"circling"}


def test_an_unknown_behaviour_in_an_analysis_is_one_clear_line(made, tmp_path):
    file = tmp_path / "other.py"
    file.write_text('def analyse(recording):\n    return learned(recording, "rearing", "animal1")')
    answer = run_analysis(made[0], file, video="three")[0]
    assert answer.error is not None
    assert 'No behaviour "rearing" has been learned' in answer.error
    assert "circling (version 1)" in answer.error and "\n" not in answer.error


def test_a_snapshot_holds_only_the_behaviours_that_are_named(made, tmp_path):
    with open_study(made[0]) as study:
        number = find_video(study, "three").video_id
        folder = write_snapshot(study, number, tmp_path / "s", False, learned=["circling"])
        assert pq.read_table(folder / "learned.parquet").num_rows == 1
        write_snapshot(study, number, folder, False, learned=[])
        assert not (folder / "learned.parquet").exists()


def test_the_behaviours_that_code_names_are_known_before_it_runs():
    assert named_behaviours(ANALYSIS) == ["circling"]
    two = "learned(recording, 'a', x) & learned_probability(recording, \"b c\", x)"
    assert named_behaviours(two) == ["a", "b c"]
    assert named_behaviours("speed(recording, 'learned')") == []
    assert named_behaviours("learned(recording, name, 'animal1')") is None  # could be any


def test_applying_stores_bouts_of_every_video_and_leaves_a_persons_alone(made):
    study, _ = made
    counts, refused = apply_in_study(study, "circling")
    again, _ = apply_in_study(study, "circling")
    assert counts == again and set(counts) == {"one", "two", "three"} and refused == {}
    with open_study(study) as opened:
        bouts = read_bouts(opened, behaviour="circling")
    stored = bouts[bouts["source"] == "analysis"]
    assert len(stored) == sum(counts.values()) and stored["annotator"].isna().all()
    assert stored["definition"].str.contains("cross-validated by video").all()
    assert set(bouts.loc[bouts["source"] == "person", "video"]) == {"one", "two"}


def test_training_again_adds_a_version_that_does_not_learn_from_its_own_bouts(made, monkeypatch):
    study, _ = made
    monkeypatch.setattr(learning, "TREES", 10)
    apply_in_study(study, "circling")
    second = learn_in_study(study, "circling", name="again")
    third = learn_in_study(study, "circling", name="again", seed=1)
    assert (second.version, third.version) == (1, 2)
    with open_study(study) as opened:
        first = find_learned(opened, "circling")
        assert second.trained_on == first.trained_on
        assert [one.version for one in learned_behaviours(opened) if one.name == "again"] == [1, 2]
    with open_study(study, write=True) as opened:
        assert delete_learned(opened, "again", 1) == 1
        assert find_learned(opened, "again").version == 2
        assert delete_learned(opened, "again") == 1


def test_a_listed_video_without_bouts_counts_as_watched(made, monkeypatch):
    monkeypatch.setattr(learning, "TREES", 10)
    found = learn_in_study(
        made[0], "circling", name="listed", only_videos=["one", "two", "three"], span_s=(0, 40)
    )
    seconds = {(one["video"], one["subject"]): one["seconds"] for one in found.trained_on}
    assert len(seconds) == 9 and set(seconds.values()) == {40.0}
    with open_study(made[0], write=True) as opened:
        delete_learned(opened, "listed")


def test_what_cannot_be_learned_is_said(made):
    study, _ = made
    with pytest.raises(QueryError, match=r'No bouts of "rearing" were scored .*\(scored: circl'):
        learn_in_study(study, "rearing")
    with pytest.raises(QueryError, match='Bob scored no "circling"; it was scored by Ann'):
        learn_in_study(study, "circling", annotator="Bob")
    with open_study(study, write=True) as opened:
        row = pd.DataFrame({"subject": ["animal1"], "start_frame": [1], "stop_frame": [9]})
        number = find_video(opened, "one").video_id
        save_bouts(opened, number, row, behaviour="circling", source="person", annotator="Bob")
    with pytest.raises(
        QueryError, match=r"several people \(Bob, Ann\)|several people \(Ann, Bob\)"
    ):
        learn_in_study(study, "circling")
    with pytest.raises(QueryError, match="Only 1 bout is scored in one"):
        learn_in_study(study, "circling", annotator="Bob")
    with open_study(study, write=True) as opened:
        empty = row.iloc[:0]
        save_bouts(opened, number, empty, behaviour="circling", source="person", annotator="Bob")


def test_the_command_learns_reports_applies_and_lists(made, monkeypatch):
    monkeypatch.setattr(learning, "TREES", 10)
    study, run = str(made[0]), CliRunner().invoke
    ended = run(app, ["learn", "circling", "-s", study, "--name", "spin", "--apply", "--json"])
    assert ended.exit_code == 0, ended.stderr
    said = json.loads(ended.stdout)
    assert said["version"] == 1 and said["report"]["frame_f1"] > 0.9
    assert set(said["applied"]) == {"one", "two", "three"} and "model" not in said
    assert "cross-validating (1 of 2)" in ended.stderr
    listed = run(app, ["learn", "--list", "-s", study]).stdout
    assert "spin\tversion 1\tframe F1 0.9" in listed and "circling\tversion 1" in listed
    gone = run(app, ["learn", "--delete", "spin", "-s", study])
    assert "spin: 1 version deleted" in gone.stderr and "spin" not in gone.stdout


def test_the_report_is_for_a_person_to_read(made, monkeypatch):
    monkeypatch.setattr(learning, "TREES", 10)
    ended = CliRunner().invoke(app, ["learn", "circling", "-s", str(made[0]), "--name", "read"])
    assert ended.exit_code == 0
    assert ended.stdout.startswith("read version 1: learned from ")
    for text in (
        "held out by video",
        "over all",
        "calibration error 0.0",
        "most telling:",
        "a bout:",
    ):
        assert text in ended.stdout, text
    CliRunner().invoke(app, ["learn", "--delete", "read", "-s", str(made[0])])


def test_the_command_needs_a_behaviour_and_a_span(made):
    missing = CliRunner().invoke(app, ["learn", "-s", str(made[0])])
    assert missing.exit_code == 2 and "BEHAVIOUR" in missing.stderr
    empty = CliRunner().invoke(
        app, ["learn", "circling", "-s", str(made[0]), "--from", "9", "--to", "3"]
    )
    assert empty.exit_code == 1 and "Nothing lies between" in empty.stderr
