"""Asking a study through a language model: its code is looked over, confined, mended and kept."""

from __future__ import annotations

import json
import socket
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from openai_server import KEY, Fail, ModelServer, Say, analysis, serving
from storage_samples import add_tracked
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from app import workplace
from app.cli import app
from app.workplace import Workplace
from llm_query import engine
from llm_query.confinement import Confinement
from llm_query.engine import ask, run_analysis
from llm_query.errors import QueryError
from llm_query.memory import Memory
from llm_query.model import ModelError
from llm_query.models import trust
from llm_query.models.token_counts import message_tokens
from storage.analyses import analyses, find_analysis, keep
from storage.regions import Region, save_region
from storage.study import open_study

KEYS = ["text", "code", "bouts", "table", "numbers", "assumptions", "ignored", "refused", "model",
        "error"]  # fmt: skip
CODE = """\
def analyse(recording):
    return summarise(in_region(recording, "animal1", "corner"))"""
QUESTION = "How long is animal1 in the corner?"
TEXT = "animal1 was in the corner once, for 0.800 s (33.3 % of the recording)."
DIVIDES = "def analyse(recording):\n    return 1 / 0"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """One video, 60 frames at 25 per second: animal1 is in the corner in frames 10 to 29."""
    folder = tmp_path / "study"
    with open_study(folder, create=True):
        pass
    add_video(folder, "clip")
    return folder


def add_video(folder: Path, name: str, frames: int = 60) -> None:
    x = np.full((frames, 2), 300.0)
    x[10:30, 0] = 50.0
    with open_study(folder, write=True) as one:
        video = add_tracked(
            one, folder.parent, x, np.full_like(x, 60.0), name=name, fps=Fraction(25)
        )
        corner = Region("corner", "rectangle", "region", [[0, 0], [100, 100]])
        save_region(one, video.video_id, corner)


def asking(
    monkeypatch: pytest.MonkeyPatch, server: ModelServer, study: Path, question: str = QUESTION,
    **more: object,
) -> list[engine.Answer]:  # fmt: skip
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    return ask(study, question, model="test-model", **more)  # type: ignore[arg-type]


def answers_to(
    monkeypatch: pytest.MonkeyPatch, study: Path, *codes: str
) -> tuple[engine.Answer, ModelServer]:
    """The answer to the question when the model writes these codes, one after the other."""
    with serving(*[Say(analysis(code)) for code in codes]) as server:
        (answer,) = asking(monkeypatch, server, study)
    return answer, server


def test_a_question_becomes_code_that_is_run_confined(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = analysis(CODE, assumptions=["By its centre."], reading="Time of animal1 in the corner.")
    pieces: list[str] = []
    with serving(Say(told, usage=(3000, 70))) as server:
        (answer,) = asking(monkeypatch, server, study, on_text=pieces.append)
    assert answer.text == TEXT and answer.error is None and answer.code == CODE
    assert answer.numbers["total_s"] == pytest.approx(0.8)
    assert answer.bouts[["start_frame", "stop_frame"]].values.tolist() == [[10, 30]]
    assert (answer.model, answer.question) == ("test-model", QUESTION)
    assert (answer.reading, answer.assumptions) == (
        "Time of animal1 in the corner.",
        ["By its centre."],
    )
    assert (answer.prompt_tokens, answer.completion_tokens, answer.cost) == (3000, 70, None)
    assert list(answer.to_json())[:10] == KEYS
    assert "".join(pieces) == told


def test_the_prompt_is_of_this_study(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, server = answers_to(monkeypatch, study, CODE)
    told = server.prompt()
    assert '"animal1", "animal2"' in told and '"corner"' in told and QUESTION in told
    assert "60 frames at 25 per second" in told and "there is no scale" in told
    assert message_tokens(server.asked[0]["messages"]) < 16_384 - 4096


def test_videos_that_are_alike_cost_one_question(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_video(study, "other", frames=80)
    with serving(Say(analysis(CODE), usage=(1000, 10))) as server:
        first, second = asking(monkeypatch, server, study)
    assert len(server.asked) == 1
    assert (first.video, second.video) == ("clip", "other")
    assert second.numbers["percent"] == pytest.approx(25.0) and second.model == "test-model"
    assert (first.prompt_tokens, second.prompt_tokens) == (1000, 0)


def test_an_error_goes_back_with_the_codes_own_line(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, server = answers_to(monkeypatch, study, DIVIDES, CODE)
    assert answer.text == TEXT and len(server.asked) == 2
    assert "ZeroDivisionError: division by zero (line 2 of the analysis: return 1 / 0)" in (
        server.prompt()
    )
    assert "Traceback" not in server.prompt() and "/llm_query/" not in server.prompt()
    assert answer.prompt_tokens == 1800  # of both questions


def test_what_a_model_writes_cannot_steer_a_terminal(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = 'def analyse(recording):\n    return {"text": "one" + chr(27) + "[2Jtwo", "n": 1}'
    said = analysis(code, reading="clear\x1b[2J it", assumptions=["\x07ring"])
    with serving(Say(said)) as server:
        (answer,) = asking(monkeypatch, server, study)
    assert (answer.reading, answer.assumptions) == ("clear[2J it", ["ring"])
    assert answer.text == "one[2Jtwo"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ('def analyse(recording):\n    return sped(recording, "animal1")', "did you mean 'speed'"),
        ('def analyse(recording):\n    return in_region(recording, "a", "b", where=1)', "where"),
    ],
)
def test_unknown_names_go_back_before_anything_runs(
    study: Path, monkeypatch: pytest.MonkeyPatch, code: str, said: str
) -> None:
    runs: list[str] = []
    real = engine.run_code

    def run_code(code: str, *given: object, **more: object) -> engine.Result:
        runs.append(code)
        return real(code, *given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "run_code", run_code)
    answer, server = answers_to(monkeypatch, study, code, CODE)
    assert answer.text == TEXT and runs == [CODE]
    assert said in server.prompt()


def test_a_length_with_its_unit_as_text_goes_back(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = (
        "def analyse(recording):\n"
        '    return summarise(near(recording, "animal1", "animal2", "50 mm"))'
    )
    answer, server = answers_to(monkeypatch, study, wrong, CODE)
    assert answer.text == TEXT and "It failed:" in server.prompt() and "line 2" in server.prompt()


def test_what_cannot_be_mended_is_told_with_code_error_and_a_way_out(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [f"def analyse(recording):\n    return {k} / 0" for k in (2, 3)]
    answer, server = answers_to(monkeypatch, study, DIVIDES, *others)
    assert len(server.asked) == 3
    assert answer.code == others[-1] and answer.question == QUESTION
    assert answer.error is not None and "3 times" in answer.error
    assert "line 2 of the analysis: return 3 / 0" in answer.error and "offline" in answer.error


def test_a_model_that_does_not_get_on_is_not_asked_for_ever(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, server = answers_to(monkeypatch, study, DIVIDES)
    assert answer.error is not None and len(server.asked) == 2


def test_code_in_a_fence_and_after_thoughts_is_found(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = f"<think>What is a corner?</think>I take its centre. So:\n```python\n{CODE}\n```\nDone."
    with serving(Say(said)) as server:
        server.refuses["response_format"] = Fail(400, "response_format is not supported")
        (answer,) = asking(monkeypatch, server, study)
    assert (answer.text, answer.reading) == (TEXT, "I take its centre.")


def test_truncated_json_gets_a_repair_turn(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Say(analysis(CODE)[:-60]), Say(analysis(CODE))) as server:
        (answer,) = asking(monkeypatch, server, study)
    assert answer.text == TEXT and len(server.asked) == 2


def test_a_refusal_says_what_is_missing(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    why = "There are no nose points; import pose data with a nose."
    with serving(Say(analysis("", refused=why))) as server:
        (answer,) = asking(monkeypatch, server, study, save="sniffing")
    assert answer.refused == answer.text == why and answer.code == "" and answer.error is None
    with open_study(study) as one:
        assert analyses(one) == []


def test_an_undefined_behaviour_is_asked_back(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    back = "What do you mean by rearing here?"
    with serving(Say(analysis(CODE, needs_definition=back))) as server:
        (answer,) = asking(monkeypatch, server, study)
    assert answer.needs_definition == back and answer.code == ""
    assert answer.refused is not None and answer.refused.startswith(back)


def test_an_unknown_region_is_named_and_then_refused(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = CODE.replace('"corner"', '"nest"')
    refusal = analysis("", refused="There is no region nest; draw it on the page Watch.")
    with serving(Say(analysis(wrong)), Say(refusal)) as server:
        (answer,) = asking(monkeypatch, server, study)
    assert "nest" in server.prompt() and "corner" in server.prompt().split("It failed:")[1]
    assert answer.refused is not None and "draw it" in answer.refused


# a question that is too long


def test_a_question_that_is_too_long_is_asked_again_and_shorter(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    too_long = Fail(400, "This model's maximum context length is 4096 tokens.")
    with serving(too_long, Say(analysis(CODE))) as server:
        (answer,) = asking(monkeypatch, server, study)
    first, second = (message_tokens(asked["messages"]) for asked in server.asked)
    assert answer.text == TEXT and first > 8000 and second <= 4096 - 1024


def test_too_long_twice_is_one_clear_line(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        serving(Fail(400, "prompt is too long")) as server,
        pytest.raises(ModelError, match="context_tokens"),
    ):
        asking(monkeypatch, server, study)
    assert len(server.asked) == 2


# memory


def test_definitions_are_told_and_kept_with_the_answer(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = Memory(study)
    memory.remember("hiding", "in the corner, slower than 10 px/s")
    memory.remember("hiding", "in the corner, slower than 20 px/s")
    with serving(Say(analysis(CODE))) as server:
        (answer,) = asking(monkeypatch, server, study, "When did animal1 hide?")
        (plain,) = asking(monkeypatch, server, study, "How fast is animal1?")
    assert "slower than 20 px/s" in server.prompt(0) and "10 px/s" not in server.prompt(0)
    assert "20 px/s" not in server.prompt(1)
    assert (answer.definitions, plain.definitions) == ((("hiding", 2),), ())
    assert memory.definition("hiding").last_used_at is not None


def test_a_symbol_without_a_definition_is_not_sent(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        serving(Say(analysis(CODE))) as server,
        pytest.raises(QueryError, match="no definition of ambush"),
    ):
        asking(monkeypatch, server, study, "How often <|ambush|>?")
    assert server.asked == []


def test_a_conversation_goes_on(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Say(analysis(CODE))) as server:
        asking(monkeypatch, server, study, conversation="one")
        asking(monkeypatch, server, study, "And animal2?", conversation="one")
        asking(monkeypatch, server, study, "And animal2?", conversation="two")
        asking(monkeypatch, server, study, "And animal2?")
    seen = [QUESTION in server.prompt(k) and TEXT in server.prompt(k) for k in range(4)]
    assert seen == [False, True, False, False]
    assert [turn.question for turn in Memory(study).turns("one")] == [QUESTION, "And animal2?"]


def test_a_saved_answer_runs_again_without_a_model(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(Say(analysis(CODE))) as server:
        asking(monkeypatch, server, study, save="cornering")
    (again,) = run_analysis(study, "cornering")
    assert again.text == TEXT and again.model == "test-model"
    with open_study(study) as one:
        assert find_analysis(one, "cornering").question == QUESTION


# what a model's code can do


def test_hostile_code_reaches_nothing(
    study: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the key of the house")
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(0.2)
        code = f"""\
import os, socket, subprocess
def tried(what):
    try:
        return len(str(what()))
    except Exception:
        return -1
def analyse(recording):
    parent = f"/proc/{{os.getppid()}}/environ"
    return {{
        "own_key": sum("Very0Secret" in str(v) for v in os.environ.values()),
        "parents_key": tried(lambda: open(parent).read()),
        "file": tried(lambda: open({str(secret)!r}).read()),
        "study": tried(lambda: open({str(study / "study.duckdb")!r}, "rb").read(9)),
        "written": tried(lambda: open({str(tmp_path / "new")!r}, "w")),
        "program": tried(lambda: subprocess.run(["/bin/true"], check=True)),
        "network": tried(lambda: socket.create_connection(("127.0.0.1", {door.getsockname()[1]}))),
    }}"""
        answer, server = answers_to(monkeypatch, study, code)
        with pytest.raises(TimeoutError):
            door.accept()
    assert answer.error is None, answer.error
    names = ("parents_key", "file", "study", "written", "program", "network")
    assert answer.numbers == {"own_key": 0, **dict.fromkeys(names, -1)}
    assert not (tmp_path / "new").exists() and len(server.asked) == 1
    assert KEY not in json.dumps(server.asked)


@pytest.fixture
def unconfined(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that confines nothing."""
    how = Confinement("none", False, "this kernel has no Landlock; 6 is needed")
    monkeypatch.setattr(trust, "confinement", lambda: how)


def test_where_nothing_is_confined_a_model_is_not_even_asked(
    study: Path, monkeypatch: pytest.MonkeyPatch, unconfined: None
) -> None:
    with serving(Say(analysis(CODE))) as server:
        with pytest.raises(QueryError, match=r"no Landlock.*run_unconfined_model_code") as caught:
            asking(monkeypatch, server, study)
        assert server.asked == [] and "\n" not in str(caught.value)
        (offline,) = ask(study, QUESTION)
        assert offline.text == TEXT
        switch = "[analysis]\nrun_unconfined_model_code = true\n"
        (study.parent / "ethoscribe.toml").write_text(switch)
        with pytest.raises(QueryError):
            asking(monkeypatch, server, study)
        (study / "ethoscribe.toml").write_text(switch)
        (answer,) = asking(monkeypatch, server, study)
    assert answer.text == TEXT and "ran unconfined" in answer.assumptions[-1]


def test_where_nothing_is_confined_kept_code_of_a_model_does_not_run(
    study: Path, unconfined: None
) -> None:
    with open_study(study, write=True) as one:
        keep(one, "of_model", QUESTION, CODE, model="test-model")
        keep(one, "forged", QUESTION, "import os\ndef analyse(recording):\n    return 1")
    for name in ("of_model", "forged"):
        with pytest.raises(QueryError, match="run_unconfined_model_code"):
            run_analysis(study, name)
    ask(study, QUESTION, save="planned")
    assert run_analysis(study, "planned")[0].text == TEXT


def test_confinement_that_does_not_hold_is_noticed_once_before_the_first_code(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tests: list[int] = []

    def self_test() -> list[str]:
        tests.append(1)
        return ["connect"]

    trust._open_doors.cache_clear()
    monkeypatch.setattr(trust, "self_test", self_test)
    with serving(Say(analysis(CODE))) as server:
        for _ in range(2):
            with pytest.raises(QueryError, match="it can connect"):
                asking(monkeypatch, server, study)
    trust._open_doors.cache_clear()
    assert len(tests) == 1 and server.asked == []


# front ends


def command(study: Path, server: ModelServer, *more: str) -> Result:
    given = ["ask", QUESTION, "-s", str(study), "--model", "test-model", *more]
    env = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": KEY}
    return CliRunner().invoke(app, given, env=env, prog_name="ethoscribe")


def test_the_command_line_shows_the_model_and_its_tokens(study: Path) -> None:
    (study / "ethoscribe.toml").write_text("[model]\nprice_in = 1.0\nprice_out = 4.0\n")
    with serving(Say(analysis(CODE, reading="Its time there."), usage=(3000, 70))) as server:
        shown = command(study, server)
        as_json = command(study, server, "--json")
    assert shown.exit_code == 0 and shown.stdout.startswith(TEXT)
    assert "read as: Its time there." in shown.stderr and CODE in shown.stderr
    host = server.url.split("/")[2]
    assert f"model: test-model at {host}, 3000 tokens read, 70 written, cost 0.0033" in shown.stderr
    said = json.loads(as_json.stdout)
    assert list(said)[:10] == KEYS and said["model"] == "test-model"


def test_the_key_is_nowhere_in_what_is_said_or_kept(study: Path) -> None:
    script = (Say(analysis(CODE)), Say(analysis(CODE)), Fail(401, f"wrong key {KEY}"))
    with serving(*script) as server:
        ends = [command(study, server, *more) for more in (("--save", "a"), ("--json",), ())]
    assert [one.exit_code for one in ends[:2]] == [0, 0] and "refuses the key" in ends[2].stderr
    said = "".join(one.output + repr(one.exception) for one in ends)
    kept = b"".join(file.read_bytes() for file in study.rglob("*") if file.is_file())
    assert KEY not in said and KEY.encode() not in kept


def test_the_page_offers_the_model_and_says_who_has_answered(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workplace, "_current", Workplace.of(study))
    shell = Path(workplace.__file__).parent / "views" / "shell.py"
    with serving(Say(analysis(CODE), usage=(3000, 70))) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("ETHOSCRIBE_MODEL", "test-model")
        page = AppTest.from_file(str(shell), default_timeout=60).run()
        page = page.switch_page("ask.py").run()
        assert page.selectbox(key="ask_model").value == "offline"
        page.selectbox(key="ask_model").select("test-model")
        page.chat_input(key="question").set_value(QUESTION).run()
        for _ in range(50):  # it is answered in the background, while the page looks again
            if [each for each in page.text_input if each.key == "turn1-name"]:
                break
            time.sleep(0.2)
            page.run()
        asked = len(server.asked)
        page.text_input(key="turn1-name").set_value("cornering")
        next(b for b in page.button if b.label == "Save").click().run()
    assert not page.exception
    assert "3,000 tokens read, 70 written" in "\n".join(each.value for each in page.caption)
    assert asked == len(server.asked) == 1  # saving asks nobody again
    with open_study(study) as one:
        assert find_analysis(one, "cornering").model == "test-model"
