"""A kept analysis on all videos: side by side, stored, stopped, and not stopped by one of them."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest
from openai_server import KEY, ModelServer, Say, analysis, serving
from storage_samples import add_tracked
from typer.testing import CliRunner

from app.cli import app
from llm_query import each_video as videos_module
from llm_query import engine
from llm_query.confinement import Confinement
from llm_query.engine import STOPPED, Answer, ask, run_analysis, run_typed, save_answer
from llm_query.errors import QueryError
from llm_query.models import trust
from storage.bouts import read_bouts, watched_videos
from storage.errors import StudyError
from storage.regions import Region, save_region
from storage.study import open_study

QUESTION = "When is animal1 in the corner?"
CODE = """\
def analyse(recording):
    return summarise(in_region(recording, "animal1", "corner"))"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Four videos of 2 s at 25 per second; animal1 enters the corner later in each."""
    with open_study(tmp_path / "study", create=True):
        pass
    for number, name in enumerate(("one", "two", "three", "four")):
        x = np.full((50, 1), 300.0)
        x[number : number + 10, 0] = 50.0
        with open_study(tmp_path / "study", write=True) as one:
            video = add_tracked(one, tmp_path, x, np.full((50, 1), 60.0), name=name)
            corner = Region("corner", "rectangle", "region", [[0, 0], [100, 100]])
            save_region(one, video.video_id, corner)
    return tmp_path / "study"


def saved(study: Path, behaviour: str = "cornering") -> list[list]:
    with open_study(study) as one:
        found = read_bouts(one, behaviour=behaviour)
    return found[["video", "start_frame", "stop_frame", "source"]].values.tolist()


EVERY = [
    ["one", 0, 10, "analysis"], ["two", 1, 11, "analysis"],
    ["three", 2, 12, "analysis"], ["four", 3, 13, "analysis"],
]  # fmt: skip


def test_running_without_saving_stores_nothing(study: Path) -> None:
    ask(study, QUESTION, video="one", save="cornering")
    assert len(run_analysis(study, "cornering")) == 4
    assert saved(study) == EVERY[:1]


def test_saving_stores_the_bouts_of_every_video_once(study: Path) -> None:
    ask(study, QUESTION, video="one", save="cornering")
    told: list[str] = []
    for _ in range(2):
        run_analysis(study, "cornering", save=True, on_answer=lambda one: told.append(one.video))
    assert saved(study) == EVERY
    assert told == ["one", "two", "three", "four"] * 2


def test_many_at_once_give_the_same_file_as_one_after_the_other(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(study, QUESTION, video="one", save="cornering")
    files, seen = [], []
    for workers in (1, 4):
        monkeypatch.setattr(videos_module.os, "cpu_count", lambda workers=workers: workers)
        seen.append([one.to_json() for one in run_analysis(study, "cornering", save=True)])
        command("export", "bouts", "-s", study, "-o", tmp_path / f"{workers}.csv")
        files.append((tmp_path / f"{workers}.csv").read_bytes())
    assert files[0] == files[1] and files[0].count(b"\n") == 5
    assert json.dumps(seen[0]) == json.dumps(seen[1])


def test_videos_are_worked_on_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(videos_module.os, "cpu_count", lambda: 3)
    together = threading.Barrier(3, timeout=20)

    def answer(name: str) -> Answer:
        together.wait()  # passes only when three are under way at once
        return Answer(name, name)

    names = ["a", "b", "c"]
    assert [one.video for one in videos_module.each_video(names, answer)] == names


def test_a_video_that_fails_is_one_line_and_the_others_go_on(study: Path) -> None:
    ask(study, QUESTION, video="one", save="cornering")
    with open_study(study, write=True) as one:
        one.rows("DELETE FROM regions WHERE video_id = 2")
    answers = run_analysis(study, "cornering", save=True)
    assert [bool(one.error) for one in answers] == [False, True, False, False]
    assert answers[1].error is not None and "corner" in answers[1].error
    assert "\n" not in answers[1].error
    assert saved(study) == [EVERY[0], *EVERY[2:]]


def test_a_video_that_cannot_be_stored_is_one_line_too(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(study, QUESTION, video="one", save="cornering")
    real = engine.save_bouts

    def save_bouts(study: object, video_id: int, *given: object, **more: object) -> int:
        if video_id == 3:
            raise StudyError("The disk is full.")
        return real(study, video_id, *given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "save_bouts", save_bouts)
    answers = run_analysis(study, "cornering", save=True)
    assert [one.error for one in answers] == [None, None, "The disk is full.", None]
    assert saved(study) == [EVERY[0], EVERY[1], EVERY[3]]


def test_a_run_that_is_cancelled_keeps_what_was_done(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(study, QUESTION, video="one", save="cornering")
    monkeypatch.setattr(videos_module.os, "cpu_count", lambda: 1)
    begun: list[int] = []

    def stop() -> bool:
        begun.append(1)
        return len(begun) > 2

    answers = run_analysis(study, "cornering", save=True, stop=stop)
    assert [one.error for one in answers] == [None, None, STOPPED, STOPPED]
    assert saved(study) == EVERY[:2]


def test_an_analysis_without_bouts_leaves_no_behaviour(study: Path) -> None:
    ask(study, "How far did animal1 move?", video="one", save="distance")
    (first, *_) = run_analysis(study, "distance", save=True)
    assert not first.finds_bouts
    with open_study(study) as one:
        assert watched_videos(one, "distance", "analysis", None) == set()
    ask(study, "When is animal1 in the corner for at least 9 s?", video="one", save="long")
    with open_study(study) as one:
        assert watched_videos(one, "long", "analysis", None) == {"one"}


def command(*arguments: object) -> str:
    ended = CliRunner().invoke(app, [str(one) for one in arguments])
    assert ended.exit_code == 0, ended.output
    return ended.output


def test_the_command_line_stores_the_same(study: Path, tmp_path: Path) -> None:
    command("ask", QUESTION, "-s", study, "--video", "one", "--save", "cornering")
    assert "stored: 4 bouts in 4 videos" in command("run", "cornering", "-s", study, "--save")
    assert saved(study) == EVERY
    file = tmp_path / "by_hand.py"
    file.write_text(CODE)
    command("run", file, "-s", study, "--save")
    assert saved(study, "by_hand") == EVERY
    again = json.loads(command("run", "by_hand", "-s", study, "--json"))
    assert len(again["bouts"]) == 4


def test_one_broken_video_does_not_end_a_question_to_a_model(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = engine.write_snapshot

    def write_snapshot(study: object, video_id: int, *given: object, **more: object) -> object:
        if video_id == 1:
            raise StudyError("The tracks of video 'one' are damaged.")
        return real(study, video_id, *given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "write_snapshot", write_snapshot)
    with serving(Say(analysis(CODE))) as server:
        answers = asking(monkeypatch, server, study)
        assert len(server.asked) == 1  # the model is not asked to mend what it cannot
    assert [one.video for one in answers] == ["one", "two", "three", "four"]
    assert answers[0].error == "The tracks of video 'one' are damaged."
    assert [len(one.bouts) for one in answers] == [0, 1, 1, 1]
    assert answers[1].model == "test-model" and answers[1].prompt_tokens > 0


def asking(monkeypatch: pytest.MonkeyPatch, server: ModelServer, study: Path) -> list[Answer]:
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    return ask(study, QUESTION, model="test-model")


# code that a person typed


def test_typed_code_runs_and_its_errors_are_its_own_lines(study: Path) -> None:
    first, *others = run_typed(study, CODE, question="again")
    assert first.model == "person" and len(first.bouts) == 1 and len(others) == 3
    wrong = "def analyse(recording):\n    return 1 / 0"
    (broken,) = run_typed(study, wrong, video="one")
    assert broken.error is not None
    assert broken.error.endswith("(line 2 of the analysis: return 1 / 0)")
    with pytest.raises(QueryError, match="did you mean 'speed'"):
        run_typed(study, "def analyse(recording):\n    return sped(recording, 'animal1')")
    with pytest.raises(QueryError, match="not valid Python, line 1"):
        run_typed(study, "def analyse(recording:")


def test_typed_code_reads_no_file_of_this_machine(study: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    code = f"def analyse(recording):\n    return len(open({str(tmp_path / 'secret')!r}).read())"
    (answer,) = run_typed(study, code, video="one")
    assert answer.error is not None and answer.error.startswith("PermissionError")


def test_where_nothing_is_confined_only_calls_of_the_vocabulary_run(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    how = Confinement("none", False, "this kernel has no Landlock; 6 is needed")
    monkeypatch.setattr(trust, "confinement", lambda: how)
    assert len(run_typed(study, CODE, video="one")[0].bouts) == 1
    free = "import os\ndef analyse(recording):\n    return len(os.environ)"
    with pytest.raises(QueryError, match=r"a person wrote does not run.*run_unconfined") as caught:
        run_typed(study, free, video="one")
    assert "\n" not in str(caught.value)
    (study / "ethoscribe.toml").write_text("[analysis]\nrun_unconfined_model_code = true\n")
    (answer,) = run_typed(study, free, video="one")
    assert "ran unconfined" in answer.assumptions[0]


def test_typed_code_can_be_kept_and_run_on_all(study: Path) -> None:
    (answer,) = run_typed(study, CODE, video="one", question="typed")
    save_answer(study, "cornering", "typed", answer)
    run_analysis(study, "cornering", save=True)
    assert saved(study) == EVERY
