"""Agreement animal by animal, a part of the time, and what was not looked for: by construction."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from storage_samples import add_tracked
from typer.testing import CliRunner

from app.cli import app
from app.commands.measures import exported_words, find_word
from app.results import pictures
from app.results.data import overview
from app.results.filters import Filters
from app.results.tables import table_of
from app.scoring.compared_behaviour import values_of_behaviour
from app.scoring.comparison import Question, compare_study
from app.scoring.two_watchers import Watcher, agreement, notes_of, read_pair, where_they_differ
from llm_query.engine import run_analysis
from llm_query.examples import example_recording
from llm_query.export_measures import measures_table
from llm_query.searched import searched_animals
from llm_query.word_help import entries
from storage.bouts import looked_for, save_bouts
from storage.edits import apply
from storage.metadata import save_metadata
from storage.study import open_study

ADA, BOB = Watcher("Ada"), Watcher("Bob")


def score(opened, who: str, behaviour: str, subject: str, start: int, stop: int) -> None:
    data = {"behaviour": behaviour, "subject": subject, "start_frame": start, "stop_frame": stop}
    apply(opened, 1, "bouts.add", data, author=who)


def finish(opened, who: str, behaviour: str) -> None:
    apply(opened, 1, "bouts.watched", {"behaviour": behaviour, "done": True}, author=who)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Two videos of 100 frames at 10 frames/s, animal1 and animal2 in each."""
    folder = tmp_path / "study"
    with open_study(folder, create=True) as opened:
        where = np.full((100, 2), 9.0)
        for name in ("one", "two"):
            add_tracked(opened, tmp_path, where, where, name=name, fps=Fraction(10))
        rows = [("one", "animal1", "a"), ("one", "animal2", "b"), ("two", "animal1", "a"),
                ("two", "animal2", "b")]  # fmt: skip
        save_metadata(opened, pd.DataFrame(rows, columns=["video", "animal", "drug"]))
    return folder


def test_the_same_frames_of_two_animals_are_no_agreement(study: Path) -> None:
    with open_study(study, write=True) as opened:
        for who, animal in (("Ada", "animal1"), ("Bob", "animal2")):
            score(opened, who, "sniff", animal, 0, 60)
            finish(opened, who, "sniff")
    pair = read_pair(study, ADA, BOB, "one")
    (row,) = agreement(pair, 0.5).to_dict("records")
    chance = (60 * 60 + 140 * 140) / 200**2
    assert row["kappa"] == pytest.approx((80 / 200 - chance) / (1 - chance))
    assert (row["frame_f1"], row["bout_f1"], row["first_share"]) == (0, 0, 0.3)
    table = where_they_differ(pair)
    assert sorted(zip(table["subject"], table["seen_by"], strict=True)) == [
        ("animal1", "Ada"), ("animal2", "Bob")
    ]  # fmt: skip
    command = ["score", "bouts", "-s", str(study), "--behaviour", "sniff", "--annotator", "Bob"]
    told = CliRunner().invoke(app, [*command, "--against", "Ada"]).stdout
    assert "frame_f1           0.0000" in told


def test_the_same_frames_at_two_targets_are_no_agreement(study: Path) -> None:
    with open_study(study, write=True) as opened:
        for who, target in (("Ada", "lever"), ("Bob", "nest")):
            bouts = pd.DataFrame(
                {"subject": ["animal1"], "target": target, "start_frame": 0, "stop_frame": 60}
            )
            save_bouts(opened, 1, bouts, behaviour="sniff", source="person", annotator=who)
    (row,) = agreement(read_pair(study, ADA, BOB, "one"), 0.5).to_dict("records")
    assert row["frame_f1"] == 0


def test_a_truth_without_subjects_is_taken_together_and_says_so(
    study: Path, tmp_path: Path
) -> None:
    with open_study(study, write=True) as opened:
        for k, animal in enumerate(("animal1", "animal2")):
            score(opened, "Ada", "sniff", animal, 10 * k, 10 * k + 10)
    truth = tmp_path / "truth.csv"
    truth.write_text("start_frame,stop_frame\n0,20\n")
    command = ["score", "bouts", "-s", str(study), "--behaviour", "sniff", "--annotator", "Ada"]
    with open_study(study, write=True) as opened:
        finish(opened, "Ada", "sniff")
    ended = CliRunner().invoke(app, [*command, "--truth", str(truth), "--video", "one"])
    assert "taken together" in ended.stderr and "frame_f1           1.0000" in ended.stdout


def test_a_part_of_the_time_counts_onsets_and_clips_seconds(study: Path) -> None:
    bouts = pd.DataFrame(
        {"subject": "animal1", "start_frame": [10, 40, 80], "stop_frame": [30, 60, 90]}
    )
    with open_study(study, write=True) as opened:
        save_bouts(opened, 1, bouts, behaviour="dig")
        found = {
            (value, part): values_of_behaviour(opened, "dig", value, None, *part).table
            for value in ("count", "total_s", "latency_s")
            for part in ((2.0, 5.0), (6.0, 7.5), (5.0, None), (20.0, None))
        }
    numbers = {
        key: list(zip(table["value"].round(6), table["censored"], strict=True))
        for key, table in found.items()
    }
    assert numbers["count", (2.0, 5.0)] == [(1, False), (0, False)]
    assert numbers["total_s", (2.0, 5.0)] == [(2.0, False), (0, False)]
    assert numbers["latency_s", (2.0, 5.0)] == [(0.0, False), (3.0, True)]
    assert numbers["latency_s", (6.0, 7.5)] == [(1.5, True), (1.5, True)]
    assert numbers["latency_s", (5.0, None)] == [(0.0, False), (5.0, True)]
    assert numbers["count", (20.0, None)] == []
    question = Question(by="drug", behaviours=("dig",), value="total_s", start_s=2.0, stop_s=5.0)
    answer = compare_study(study, question)
    assert answer.tables[0]["value"].round(6).tolist() == [2.0, 0.0]
    assert "from 2 s to 5 s" in answer.methods
    ended = CliRunner().invoke(
        app, ["compare", "--behaviour", "dig", "--by", "drug", "-s", str(study), "--from", "3",
              "--to", "1"]
    )  # fmt: skip
    assert ended.exit_code == 1 and "end after the start" in ended.stderr


def test_an_answer_about_one_animal_says_nothing_of_the_other(study: Path, tmp_path: Path) -> None:
    code = tmp_path / "quick.py"
    code.write_text(
        "def analyse(recording):\n    return summarise(moving(recording, 'animal1', 1.0))\n"
    )
    answers = run_analysis(study, code, save=True)
    assert not any(one.error for one in answers), answers[0].error
    with open_study(study) as opened:
        assert looked_for(opened, "quick", None, "analysis") == {
            "one": frozenset({"animal1"}), "two": frozenset({"animal1"})
        }  # fmt: skip
        values = values_of_behaviour(opened, "quick", "count", None)
    assert values.table["animal"].tolist() == ["animal1", "animal1"]
    assert "not looked for, so left out: animal2 in one, animal2 in two" in values.notes
    late = pd.DataFrame(table_of(overview(study), "latency", Filters(behaviour=("quick",))))
    assert sorted(late["animal"]) == ["animal1", "animal1"]
    with open_study(study, write=True) as opened:
        apply(opened, 1, "tracks.rename", {"animal": "animal1", "name": "Kim"}, author="Ada")
        assert looked_for(opened, "quick", None)["one"] == frozenset({"Kim"})


def test_two_are_compared_only_in_the_animals_that_both_watched(study: Path) -> None:
    with open_study(study, write=True) as opened:
        score(opened, "Ada", "dig", "animal2", 0, 50)
        finish(opened, "Ada", "dig")
        none = pd.DataFrame({"subject": [], "start_frame": [], "stop_frame": []})
        save_bouts(opened, 1, none, behaviour="dig", subjects=["animal1"])
    pair = read_pair(study, ADA, Watcher(None, "analysis"), "one")
    (row,) = agreement(pair, 0.5).to_dict("records")
    assert (row["n_truth"], row["n_found"]) == (0, 0)
    assert notes_of(pair) == ["one: dig was not looked for in animal2, so these are left out"]


def test_a_half_scored_video_has_no_latency_and_no_budget(study: Path) -> None:
    with open_study(study, write=True) as opened:
        score(opened, "Ada", "dig", "animal1", 0, 50)
    filters = Filters(behaviour=("dig",))
    assert len(table_of(overview(study), "latency", filters)) == 0
    with pytest.raises(pictures.NothingToShow):
        pictures.budgets(overview(study), filters, grouped=False)
    assert "1 bout in one" in pictures.ethogram(overview(study), filters, "one").facts
    with open_study(study, write=True) as opened:
        finish(opened, "Ada", "dig")
    late = pd.DataFrame(table_of(overview(study), "latency", filters))
    assert late["censored"].tolist() == [0, 1]


def test_whose_answer_it_is_follows_from_its_table_then_from_its_bouts() -> None:
    bouts = pd.DataFrame({"subject": ["a"]})
    both = pd.DataFrame({"animal": ["a", "b"]})
    assert searched_animals(both, bouts, "", ["a", "b"]) is None
    assert searched_animals(None, bouts, "", ["a", "b"]) == ["a"]
    assert searched_animals(None, bouts, "for a in recording.animals", ["a", "b"]) is None
    assert searched_animals(None, bouts.iloc[:0], "", ["a"]) is None


def test_every_exported_measure_can_be_looked_up() -> None:
    every = entries()
    words = exported_words()
    for measure in set(measures_table(example_recording())["measure"]):
        assert find_word(every, measure).name in (measure, words.get(measure))
    told = CliRunner().invoke(app, ["measures", "time_freezing"]).stdout
    assert "may be more than the time immobile" in told and "freezing(" in told
