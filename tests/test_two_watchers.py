"""Two watchers compared under the player: what both watched, the command line's own numbers."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from storage_samples import add_tracked
from typer.testing import CliRunner, Result

from app.annotating.bout_list import behaviours_to_watch, bouts_csv, edit, is_own, list_bouts
from app.annotating.ethogram_table import missing_behaviours, read, save
from app.annotating.facts import score_facts
from app.cli import app as command_line
from app.errors import AppError
from app.scoring.two_watchers import (
    Watcher,
    agreement,
    both_ethograms,
    read_pair,
    span_in_words,
    watchers_of,
    where_they_differ,
)  # fmt: skip
from app.server.identity import Person
from storage.bouts import save_bouts
from storage.edits import apply
from storage.ethogram import Behaviour
from storage.study import open_study

KIM, JO, ANALYSIS = Watcher("kim"), Watcher("jo"), Watcher(None, "analysis")
FPS = Fraction(30000, 1001)


def run(*arguments: object) -> Result:
    """Run `ethoscribe` in this process."""
    return CliRunner().invoke(command_line, [str(one) for one in arguments])


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Two videos of 300 frames; kim and jo watched `one` for dig, kim alone for rear."""
    folder = tmp_path / "study"
    with open_study(folder, create=True) as opened:
        where = np.full((300, 2), 9.0)
        for name in ("one", "two"):
            times = np.arange(300) * 1001 / 30000
            add_tracked(opened, tmp_path, where, where, name=name, fps=FPS, time_s=times)
        for video, who, behaviour, *spans in (
            (1, "kim", "dig", (10, 20), (50, 80), (200, 230)),
            (1, "jo", "dig", (12, 20), (50, 90)),
            (1, "kim", "rear", (100, 110)), (1, "jo", "rear", (100, 120)),
            (2, "kim", "dig", (0, 100)), (2, "jo", "dig", (50, 100)),
        ):  # fmt: skip
            for start, stop in spans:
                data = {"behaviour": behaviour, "subject": "animal1", "start_frame": start}
                apply(opened, video, "bouts.add", {**data, "stop_frame": stop}, author=who)
        for video, who, behaviour in (
            (1, "kim", "dig"), (1, "jo", "dig"), (1, "kim", "rear"), (2, "kim", "dig"),
        ):  # fmt: skip
            done = {"behaviour": behaviour, "done": True}
            apply(opened, video, "bouts.watched", done, author=who)
        found = pd.DataFrame({"subject": ["animal1"], "start_frame": [50], "stop_frame": [80]})
        save_bouts(opened, 1, found, behaviour="dig")
    return folder


def test_only_what_both_watched_to_the_end_is_compared(study: Path) -> None:
    pair = read_pair(study, KIM, JO, None)
    assert pair.behaviours == {"dig": ["one"]}  # jo has not finished `two`
    assert pair.left_out == {"rear": "jo has not watched it to the end"}
    assert span_in_words(pair) == "one, 300 frames, 10.0 s, each of 2 animals with itself"
    assert read_pair(study, KIM, JO, "two").behaviours == {}
    with open_study(study, write=True) as opened:
        done = {"behaviour": "dig", "done": True}
        apply(opened, 2, "bouts.watched", done, author="jo")
    pair = read_pair(study, KIM, JO, None)
    assert pair.behaviours == {"dig": ["one", "two"]}
    apart = "each of up to 2 animals with itself"
    assert span_in_words(pair) == f"2 videos, 600 frames, 20.0 s, {apart}"


def test_the_numbers_are_true_and_the_command_lines_own(study: Path) -> None:
    (row,) = agreement(read_pair(study, KIM, JO, "one"), 0.1).to_dict("records")
    both, only_kim, only_jo = 8 + 30, 2 + 30, 10
    neither = 2 * 300 - both - only_kim - only_jo  # of two animals
    seen = (both + neither) / 600
    chance = (70 * 48 + 530 * 552) / 600**2
    assert row["kappa"] == pytest.approx((seen - chance) / (1 - chance))
    assert row["frame_f1"] == pytest.approx(2 * both / (70 + 48))
    assert row["bout_f1"] == pytest.approx(2 * 2 / 5)
    assert row["onset_f1"] == pytest.approx(2 * 2 / 5)  # 2 frames are 0.067 s
    assert row["onset_offset_f1"] == pytest.approx(2 * 1 / 5)
    assert (row["first_share"], row["second_share"]) == (70 / 600, 48 / 600)
    command = ("score", "bouts", "-s", study, "--behaviour", "dig", "--video", "one", "--json")
    people = ("--annotator", "jo", "--against", "kim", "--tolerance", "0.1")
    told = json.loads(run(*command, *people).stdout)
    for name in ("kappa", "frame_f1", "bout_f1", "onset_f1", "onset_offset_f1", "n_truth"):
        assert row[name] == told[name]


def test_a_person_is_compared_with_an_analysis(study: Path) -> None:
    assert watchers_of(study) == [JO, KIM, ANALYSIS]
    pair = read_pair(study, KIM, ANALYSIS, None)
    assert pair.behaviours == {"dig": ["one"]}
    assert pair.left_out == {"rear": "analysis (no person) did not look for it"}
    (row,) = agreement(pair, 0.5).to_dict("records")
    assert (row["n_truth"], row["n_found"], row["frame_f1"]) == (3, 1, pytest.approx(0.6))


def test_disagreements_are_the_frames_that_only_one_saw_longest_first(study: Path) -> None:
    table = where_they_differ(read_pair(study, KIM, JO, "one"))
    spans = table[["seen_by", "start_frame", "stop_frame"]].to_numpy().tolist()
    assert spans == [["kim", 200, 230], ["jo", 80, 90], ["kim", 10, 12]]
    assert table["start_s"].tolist() == pytest.approx([f * 1001 / 30000 for f in (200, 80, 10)])
    assert where_they_differ(read_pair(study, KIM, JO, "two")).empty


def test_both_ethograms_are_drawn_row_by_row(study: Path) -> None:
    bouts = both_ethograms(read_pair(study, KIM, JO, "one"), "one")
    assert bouts["subject"].tolist() == ["kim"] * 3 + ["jo"] * 2
    assert bouts["start_s"].iloc[0] == pytest.approx(10 * 1001 / 30000)
    assert both_ethograms(read_pair(study, KIM, JO, "two"), "two").empty


def test_one_animal_alone_can_be_compared(study: Path) -> None:
    with open_study(study, write=True) as opened:
        data = {"behaviour": "dig", "subject": "animal2", "start_frame": 0, "stop_frame": 5}
        apply(opened, 1, "bouts.add", data, author="jo")
    (row,) = agreement(read_pair(study, KIM, JO, "one", "animal2"), 0.5).to_dict("records")
    assert (row["n_truth"], row["n_found"]) == (0, 1)


def test_who_watched_and_saw_nothing_agrees_with_that(study: Path) -> None:
    with open_study(study, write=True) as opened:
        done = {"behaviour": "dig", "done": True}
        apply(opened, 1, "bouts.watched", done, author="ann")
    (row,) = agreement(read_pair(study, KIM, Watcher("ann"), "one"), 0.5).to_dict("records")
    assert (row["n_truth"], row["n_found"], row["kappa"]) == (3, 0, 0.0)


def test_an_unfinished_video_is_no_zero_in_a_group_comparison(study: Path) -> None:
    command = ("score", "bouts", "-s", study, "--behaviour", "dig", "--json")
    told = json.loads(run(*command, "--annotator", "jo", "--against", "kim").stdout)
    assert list(told["videos"]) == ["one"]
    refused = run(*command, "--annotator", "jo", "--against", "kim", "--video", "two")
    assert refused.exit_code == 1 and "jo scored none of the videos" in refused.stderr
    other = run(*command[:5], "rear", "--annotator", "kim", "--against", "jo")
    assert "jo has not watched any video to the end for rear: tick it" in other.stderr


def test_nothing_is_learned_from_a_video_that_was_not_watched_to_the_end(study: Path) -> None:
    refused = run("learn", "rear", "-s", study, "--annotator", "jo")
    assert refused.exit_code == 1 and 'watched to the end for "rear": tick it' in refused.stderr


def test_the_list_of_bouts_says_who_and_what_and_knows_ones_own(study: Path) -> None:
    table = list_bouts(study, 1)
    assert table["start_frame"].is_monotonic_increasing
    assert table["who"].tolist().count("analysis") == 1
    first = table.iloc[0]
    assert is_own(first, "kim") and not is_own(first, "jo")
    assert not any(is_own(row, "analysis") for _, row in table.iterrows())
    bout = int(first["bout_id"])
    data: dict[str, Any] = {"bout_id": bout, "comment": "a, b", "modifiers": {"side": ["l", "r"]}}
    edit(study, 1, "bouts.change", data, "kim")
    row = list_bouts(study, 1).iloc[0]
    assert (row["comment"], row["modifiers"]) == ("a, b", "side: l, r")
    with pytest.raises(AppError, match="by kim, not by jo"):
        edit(study, 1, "bouts.delete", {"bout_ids": [bout]}, "jo")


def test_the_download_is_the_file_of_the_command_line(study: Path, tmp_path: Path) -> None:
    file = tmp_path / "b.csv"
    command = ("export", "bouts", "-s", study, "-o", file, "--video", "one")
    assert run(*command, "--with", "modifiers,comment").exit_code == 0
    assert bouts_csv(study, 1) == file.read_bytes()
    assert file.read_text().splitlines()[0].endswith("annotator,definition,modifiers,comment")
    assert run(*command).exit_code == 0
    assert file.read_text().splitlines()[0].endswith("annotator,definition")
    wrong = run(*command, "--with", "secrets")
    assert wrong.exit_code == 1 and "choose modifiers or comment" in wrong.stderr
    other = ("export", "tracks", "-s", study, "-o", file, "--with", "comment")
    assert run(*other).exit_code == 2


def test_what_can_be_ticked_as_watched_is_the_ethogram_and_what_one_scored(study: Path) -> None:
    save(study, [Behaviour("chase", key="c", colour="#E69F00")], [])
    known, noted = behaviours_to_watch(study, 1, "kim")
    assert known == ["chase", "dig", "rear"] and noted == ["dig", "rear"]
    assert behaviours_to_watch(study, 2, "ann") == (["chase"], [])
    assert missing_behaviours(study, read(study)) == {"dig": 7, "rear": 2}


def test_the_player_learns_the_ethogram_and_who_may_score(study: Path) -> None:
    save(study, [Behaviour("chase", key="c", colour="#E69F00")], None)
    facts = score_facts(study, 1, Person("Ada", "viewer", True))
    assert facts["ethogram"][0]["behaviour"] == "chase" and facts["ethogram"][0]["modifiers"] == ()
    assert facts["subjects"] == ["animal1", "animal2"]
    assert (facts["annotator"], facts["user"], facts["mayEdit"]) == ("Ada", "Ada", False)
    facts = score_facts(study, 1, Person("kim", "owner"))
    assert (facts["annotator"], facts["user"], facts["mayEdit"]) == (None, "kim", True)
    assert score_facts(study, 1)["mayEdit"]
