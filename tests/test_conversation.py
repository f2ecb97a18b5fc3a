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
    for number in range(30):
        ask(study, f"how long is animal1 in the corner in the last {number % 9 + 1} seconds?")
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
