"""A whole conversation: a word is defined, asked for long after, renamed, and forgotten."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from storage_samples import add_tracked
from typer.testing import CliRunner

from app.cli import app
from llm_query.engine import ask
from llm_query.memory import Memory
from storage.regions import Region, save_region
from storage.study import open_study

SAID = "define lingering as in the corner for at least 1 s"
CHASE = "define chase as faster than 20 px/s and within 40 px of another animal for at least 1 s"
STARTS = "how often did the chases start in the corner?"
OTHERS = (
    "how far did animal1 move in the last {} seconds?",
    "how long is animal1 in the corner in the first {} seconds?",
    "mean speed of animal2 in the last {} seconds",
    "when is animal1 within {}0 px of animal2?",
    "when is animal2 immobile for at least {} s?",
)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Two animals, 20 s at 10 per second; animal1 is in the corner for 2 s, 0.5 s and 3 s."""
    x = np.full((200, 2), 300.0)
    for start, stop in ((10, 30), (50, 55), (100, 130)):
        x[start:stop, 0] = 50.0
    with open_study(tmp_path / "study", create=True) as one:
        video = add_tracked(one, tmp_path, x, np.full((200, 2), 60.0), fps=10)
        corner = Region("corner", "rectangle", "region", [[0, 0], [100, 100]])
        save_region(one, video.video_id, corner)
    return tmp_path / "study"


def test_a_word_is_defined_asked_for_renamed_and_forgotten(study: Path) -> None:
    (said,) = ask(study, SAID)
    assert "'lingering' is kept as a definition of this study, version 1." in said.assumptions
    for number in range(3):
        ask(study, f"how long is animal1 in the corner in the last {number + 1} seconds?")
    (found,) = ask(study, "how often does animal1 linger?")
    assert found.error is None and found.refused is None, found.text
    assert found.numbers["count"] == 2 and found.definitions == (("lingering", 1),)
    Memory(study).rename("lingering", "loitering")
    (found,) = ask(study, "how long does animal1 loiter in total?")
    assert found.numbers["total_s"] == pytest.approx(5.0)
    ask(study, "define loitering as in the corner for at least 2.5 s")
    assert ask(study, "how often does animal1 loiter?")[0].numbers["count"] == 1
    Memory(study).forget("loitering")
    (gone,) = ask(study, "how often does animal1 loiter?")
    assert gone.refused is not None and "loiter" in gone.refused


@pytest.fixture
def pursuit(tmp_path: Path) -> Path:
    """Two animals, 30 s at 10 per second: three chases, of which the first and last start in
    the corner; both run then, 20 px apart, and rest otherwise.
    """
    x, y = np.full((300, 2), 300.0), np.full((300, 2), 60.0)
    x[:, 1] = 500.0
    for start, stop, from_px in ((20, 40, 20), (100, 120, 320), (200, 230, 10)):
        path = from_px + 5.0 * np.arange(stop - start)
        x[start:stop, 0], x[start:stop, 1] = path, path + 20
    with open_study(tmp_path / "pursuit", create=True) as one:
        video = add_tracked(one, tmp_path, x, y, fps=10)
        corner = Region("corner", "rectangle", "region", [[0, 0], [100, 100]])
        save_region(one, video.video_id, corner)
    return tmp_path / "pursuit"


def test_chases_are_defined_asked_for_after_30_questions_renamed_and_forgotten(
    pursuit: Path,
) -> None:
    talk = "one"
    (said,) = ask(pursuit, CHASE, conversation=talk)
    assert said.defined == ("chase", 1)
    (asked,) = ask(pursuit, "how often does animal1 chase animal2?", conversation=talk)
    assert (asked.numbers["count"], asked.definitions) == (3, (("chase", 1),))
    for number in range(30):
        question = OTHERS[number % len(OTHERS)].format(number % 7 + 2)
        if number < len(OTHERS):
            (other,) = ask(pursuit, question, conversation=talk)
            assert other.refused is None and other.error is None, (question, other.text)
            assert other.definitions == ()
        else:  # the turn that asking leaves
            Memory(pursuit).note_turn(question, other.text, code=other.code, conversation=talk)
    (starts,) = ask(pursuit, STARTS, conversation=talk)
    assert starts.numbers["animal1 animal2 count"] == 2
    assert starts.bouts["start_frame"].unique().tolist() == [20, 200]
    assert starts.definitions == (("chase", 1),)
    Memory(pursuit).rename("chase", "pursuit")
    (renamed,) = ask(pursuit, "how often does animal1 pursuit animal2?", conversation=talk)
    (old_name,) = ask(pursuit, "how often does animal1 chase animal2?", conversation=talk)
    assert renamed.numbers["count"] == old_name.numbers["count"] == 3
    Memory(pursuit).forget("pursuit")
    (gone,) = ask(pursuit, "how often do the pursuits start in the corner?", conversation=talk)
    assert gone.refused is not None and gone.definitions == ()
    turns = Memory(pursuit).turns(talk)
    assert len(turns) == 36 and turns[1].definitions == (("chase", 1),)


def test_what_is_not_understood_is_not_kept(study: Path) -> None:
    (said,) = ask(study, "define blorping as being very blorpy")
    assert said.refused is not None
    assert Memory(study).definitions() == []


def test_the_same_conversation_on_the_command_line(study: Path) -> None:
    def run(*arguments: object) -> str:
        ended = CliRunner().invoke(app, [*map(str, arguments), "-s", str(study)])
        assert ended.exit_code == 0, ended.output
        return ended.output

    assert "kept as a definition" in run("ask", SAID)
    assert "2 times" in run("ask", "how often does animal1 linger?")
    run("definitions", "rename", "lingering", "loitering")
    assert "loitering" in run("definitions", "list")
    assert "2 times" in run("ask", "how often does animal1 loiter?")
    run("definitions", "forget", "loitering")
    ended = CliRunner().invoke(app, ["ask", "how often does animal1 loiter?", "-s", str(study)])
    assert ended.exit_code == 1


def test_chases_on_the_command_line(pursuit: Path) -> None:
    def run(*arguments: object) -> str:
        more = ["-s", str(pursuit)]
        ended = CliRunner().invoke(app, [*map(str, arguments), *more])
        assert ended.exit_code == 0, ended.output
        return ended.output

    assert "'chase' is kept as a definition of this study, version 1." in run("ask", CHASE)
    assert "3 times" in run("ask", "how often does animal1 chase animal2?")
    run("ask", OTHERS[0].format(2))
    said = run("ask", STARTS, "--save", "corner_chase")
    assert "2 times" in said and "definition used: chase, version 1" in said
    assert "stored: 4 bouts in 1 video" in run("run", "corner_chase", "--save")
    run("definitions", "rename", "chase", "pursuit")
    assert "3 times" in run("ask", "how often does animal1 chase animal2?")
    run("definitions", "forget", "pursuit")
    gone = "how often do the pursuits start in the corner?"
    ended = CliRunner().invoke(app, ["ask", gone, "-s", str(pursuit)])
    assert ended.exit_code == 1 and "pursuits" in ended.output
    assert "4 bouts" in run("run", "corner_chase", "--save")  # what was kept still runs
