"""Talking to a language model: real HTTP and the real SDK, against a server with a script."""

from __future__ import annotations

import json
import logging
import time
import traceback
from pathlib import Path

import pytest
from openai_server import KEY, Fail, ModelServer, Raw, Say, serving
from pydantic import BaseModel

from llm_query.model import ChatModel, ContextTooLong, ModelError, ModelSettings, find_model
from llm_query.models import model_server
from llm_query.models.model_replies import without_thoughts
from llm_query.models.model_settings import OPENAI, may_run_unconfined, settings_from

ASKED = [{"role": "system", "content": "You count."}, {"role": "user", "content": "How many?"}]
GOOD = '{"animals": 3, "why": "I see them."}'


class Counted(BaseModel):
    """What the tests ask for."""

    animals: int
    why: str = ""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_server, "FIRST_WAIT_S", 0.02)


def model_at(server: ModelServer, **settings: object) -> ChatModel:
    given = {"base_url": server.url, "model": "test-model", "api_key": KEY, **settings}
    return ChatModel(ModelSettings(**given))  # type: ignore[arg-type]


def answer_to(*script: Say | Fail | Raw) -> object:
    """The value after this script, and how many requests it took."""
    with serving(*script) as server:
        reply = model_at(server).complete(ASKED, Counted)
    return reply.value.animals, len(server.asked), reply.repaired  # type: ignore[attr-defined]


def complaint(*script: Say | Fail | Raw, **settings: object) -> str:
    """The one line that a person is told after this script."""
    with serving(*script) as server, pytest.raises(ModelError) as caught:
        model_at(server, **settings).complete(ASKED, Counted)
    told = str(caught.value)
    assert "\n" not in told and "Traceback" not in told
    return told


# replies


def test_a_streamed_reply_is_read_piece_by_piece() -> None:
    pieces: list[str] = []
    with serving(Say(GOOD, usage=(31, 12))) as server:
        reply = model_at(server).complete(ASKED, Counted, on_text=pieces.append)
    assert len(pieces) == 6 and "".join(pieces) == GOOD
    assert reply.value == Counted(animals=3, why="I see them.")
    assert (reply.prompt_tokens, reply.completion_tokens, reply.repaired) == (31, 12, False)
    assert (reply.model, reply.text) == ("test-model", GOOD)


def test_the_schema_is_asked_for_strictly_and_the_key_goes_in_the_header() -> None:
    with serving(Say(GOOD)) as server:
        model_at(server).complete(ASKED, Counted)
    (asked,) = server.asked
    form = asked["response_format"]["json_schema"]
    assert (asked["model"], asked["stream"], asked["temperature"]) == ("test-model", True, 0)
    assert form["strict"] is True
    assert form["schema"]["required"] == ["animals", "why"]
    assert form["schema"]["additionalProperties"] is False
    assert asked["messages"] == ASKED
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    assert KEY not in json.dumps(server.asked)


@pytest.mark.parametrize(
    "text",
    [
        f'<think>maybe 4, or {{"animals": 4}}</think>\n{GOOD}',
        f'maybe {{"animals": 4}} </think>{GOOD}',
        f"Here you are:\n```json\n{GOOD}\n```\nIs it good?",
        f"```\n{GOOD}\n```",
        f"Sure! {GOOD} I hope this helps.",
        f'{GOOD}<think>was it right? {{"animals": 5}}',
        '{"animals": "3", "why": "line one\nline two"}',
    ],
)
def test_an_object_is_found_between_thoughts_and_words(text: str) -> None:
    assert answer_to(Say(text)) == (3, 1, False)


def test_thoughts_are_taken_out_however_they_are_marked() -> None:
    assert without_thoughts("<THINK>\na\n</THINK> b <thinking>c</thinking>d") == "b d"
    assert without_thoughts("a</think>b") == "b"
    assert without_thoughts("<think>never ends") == ""


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (GOOD[:-9], "cut off"),
        ("I cannot say.", "no JSON object"),
        ('{"animals": "many"}', "animals: Input should be a valid integer"),
        ("", "empty"),
        ("<think>and so on", "empty"),
    ],
)
def test_an_invalid_reply_gets_one_more_turn_with_the_reason(bad: str, said: str) -> None:
    with serving(Say(bad, usage=(20, 5)), Say(GOOD, usage=(40, 6))) as server:
        reply = model_at(server).complete(ASKED, Counted)
    assert reply.repaired and reply.value == Counted(animals=3, why="I see them.")
    assert (reply.prompt_tokens, reply.completion_tokens) == (60, 11)
    first, second = server.asked
    assert second["messages"][:2] == first["messages"]
    assert [each["role"] for each in second["messages"][2:]] == ["assistant", "user"]
    assert said in second["messages"][3]["content"]


def test_two_invalid_replies_are_one_clear_line() -> None:
    told = complaint(Say("no"))
    assert "test-model gave no valid answer, twice" in told and "offline" in told


def test_a_model_that_never_stops_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_server, "LONGEST_REPLY", 2000)
    with serving(Say("ha" * 20_000, pieces=400)) as server, pytest.raises(ModelError):
        model_at(server).complete(ASKED, Counted)
    assert len(server.asked) == 2
    assert len(server.asked[1]["messages"][2]["content"]) < 1500


# servers that cannot do everything


def test_a_refused_json_schema_becomes_json_object_and_stays_so() -> None:
    with serving(Say(GOOD)) as server:
        server.refuses["json_schema"] = Fail(400, "'json_schema' is not supported")
        model = model_at(server)
        assert model.complete(ASKED, Counted).value == Counted(animals=3, why="I see them.")
        model.complete(ASKED, Counted)
    forms = [asked["response_format"]["type"] for asked in server.asked]
    assert forms == ["json_schema", "json_object", "json_object"]
    assert "one JSON object with the keys animals, why" in server.prompt()


def test_without_any_response_format_a_fenced_block_is_asked_for() -> None:
    with serving(Say(f"```json\n{GOOD}\n```")) as server:
        server.refuses["response_format"] = Fail(422, "Unrecognized request argument supplied")
        model_at(server).complete(ASKED, Counted)
    assert len(server.asked) == 3 and "response_format" not in server.asked[-1]
    assert "```json" in server.prompt()


def test_a_grammar_that_fails_with_500_is_not_tried_again() -> None:
    with serving(Say(GOOD)) as server:
        server.refuses["json_schema"] = Fail(500, "failed to parse grammar")
        model_at(server).complete(ASKED, Counted)
    assert len(server.asked) == 2


@pytest.mark.parametrize("option", ["temperature", "stream_options"])
def test_an_option_that_a_server_does_not_take_is_left_out(option: str) -> None:
    with serving(Say(GOOD)) as server:
        server.refuses[f'"{option}"'] = Fail(400, f"Unsupported value: '{option}'")
        reply = model_at(server).complete(ASKED, Counted)
    assert option not in server.asked[-1] and len(server.asked) == 2
    assert server.asked[-1]["response_format"]["type"] == "json_schema"
    assert reply.prompt_tokens > 0 and reply.completion_tokens > 0  # estimated without usage


def test_a_request_that_nobody_takes_is_one_clear_line_and_changes_nothing() -> None:
    told = complaint(Fail(400, "I do not like it"))
    assert "does not take the question" in told and "I do not like it" in told
    with serving(Fail(400, "not this one", times=4), Say(GOOD)) as server:
        model = model_at(server)
        with pytest.raises(ModelError):
            model.complete(ASKED, Counted)
        model.complete(ASKED, Counted)
    assert server.asked[-1]["response_format"]["type"] == "json_schema"


# busy and broken servers


def test_a_busy_server_is_asked_again_as_late_as_it_wishes() -> None:
    with serving(Fail(429, headers={"retry-after": "0.3"}), Say(GOOD)) as server:
        model_at(server).complete(ASKED, Counted)
    first, second = server.at_s
    assert 0.3 <= second - first < 2


def test_a_server_that_fails_is_asked_again_each_time_later() -> None:
    with serving(Fail(500, times=2), Fail(503), Say(GOOD)) as server:
        assert model_at(server).complete(ASKED, Counted).value
    waits = [b - a for a, b in zip(server.at_s, server.at_s[1:], strict=False)]
    assert len(waits) == 3 and all(w >= 0.02 * 2**k for k, w in enumerate(waits))


def test_a_server_that_goes_on_failing_is_given_up() -> None:
    with serving(Fail(500, "out of memory")) as server, pytest.raises(ModelError) as caught:
        model_at(server).complete(ASKED, Counted)
    assert len(server.asked) == model_server.TRIES
    assert "status 500 (out of memory)" in str(caught.value)


def test_a_server_that_wants_too_long_a_wait_is_not_waited_for() -> None:
    started = time.monotonic()
    assert "lets no more" in complaint(Fail(429, "slow down", headers={"retry-after": "3600"}))
    assert "lets no more" in complaint(Fail(429, "no money", code="insufficient_quota"))
    assert time.monotonic() - started < 60  # an hour was wanted


def test_a_stream_that_breaks_off_is_asked_for_again() -> None:
    assert answer_to(Say(GOOD, breaks_off=True), Say(GOOD)) == (3, 2, False)


def test_a_slow_model_is_given_up_after_its_time_and_not_asked_again() -> None:
    silent = Say(GOOD, delay_s=1.5, pieces=1)
    dripping = Say(GOOD, delay_s=0.3, pieces=30)
    only_alive = Say(GOOD, delay_s=0.1, pings=100)
    for script in (silent, dripping, only_alive):
        started = time.monotonic()
        told = complaint(script, timeout_s=1.0)
        assert "did not answer within 1 s" in told and "timeout_s" in told
        assert time.monotonic() - started < 4


def test_nobody_there_is_one_clear_line() -> None:
    with serving(Say(GOOD)) as server:
        model = model_at(server)
    with pytest.raises(ModelError, match="cannot be reached"):
        model.complete(ASKED, Counted)


def test_an_address_of_something_else_is_one_clear_line() -> None:
    assert "/v1" in complaint(Raw(b"<html>Welcome</html>"))
    assert "/v1" in complaint(Fail(404, "not found"))
    assert "cannot be reached" in complaint(Raw(b"data: {nonsense\n\n", "text/event-stream"))


@pytest.mark.parametrize(
    ("status", "message", "limit"),
    [
        (400, "This model's maximum context length is 4096 tokens. However, you sent 5000", 4096),
        (400, "the request exceeds the available context size (n_ctx = 8192)", 8192),
        (413, "prompt is too long", 0),
    ],
)
def test_a_question_that_is_too_long_is_told_apart(status: int, message: str, limit: int) -> None:
    with serving(Fail(status, message)) as server, pytest.raises(ContextTooLong) as caught:
        model_at(server).complete(ASKED, Counted)
    assert caught.value.limit == limit and len(server.asked) == 1
    assert "context_tokens" in str(caught.value)


# the key


@pytest.mark.parametrize(
    "script",
    [
        Fail(401, f"Incorrect API key provided: {KEY}."),
        Fail(400, f"bad request of {KEY}"),
        Fail(500, f"crashed with Authorization: Bearer {KEY}"),
        Fail(403, f"{KEY[:6]}***{KEY[-4:]}"),
        Fail(404, f"no model for sk-Very0*****{KEY[-4:]}"),
    ],
)
def test_the_key_is_in_no_error(script: Fail) -> None:
    with serving(script) as server, pytest.raises(ModelError) as caught:
        model_at(server).complete(ASKED, Counted)
    whole = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert KEY not in whole and KEY[-4:] not in str(caught.value)


def test_the_key_is_in_no_log_and_no_repr(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(Say(GOOD)) as server:
        model = model_at(server)
        reply = model.complete(ASKED, Counted)
    assert caplog.records
    assert KEY not in caplog.text
    assert KEY not in repr(model) + repr(model.settings) + repr(reply) + str(vars(model))


# what is set up


def test_nothing_is_set_up_by_itself(tmp_path: Path) -> None:
    assert settings_from({}, tmp_path, tmp_path) is None
    assert settings_from({"ETHOSCRIBE_MODEL": "some"}, tmp_path, tmp_path) is None
    with pytest.raises(ModelError, match=r"OPENAI_API_KEY.*offline"):
        find_model("gpt-9", {}, tmp_path, tmp_path)


def test_the_environment_alone_is_enough(tmp_path: Path) -> None:
    found = settings_from({"OPENAI_API_KEY": f" {KEY}\n"}, tmp_path, tmp_path)
    assert found is not None and (found.base_url, found.api_key) == (OPENAI, KEY)
    told = {"OPENAI_BASE_URL": "http://localhost:11434/v1", "ETHOSCRIBE_MODEL": "qwen"}
    found = settings_from(told, tmp_path, tmp_path)
    assert found is not None and (found.model, found.host) == ("qwen", "localhost:11434")


def test_the_file_of_the_study_goes_before_the_one_where_one_works(tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    here = '[model]\nname = "here"\nprice_in = 0.5\nprice_out = 1\n'
    (tmp_path / "ethoscribe.toml").write_text(here)
    found = settings_from({}, tmp_path / "study", tmp_path)
    assert found is not None and found.model == "here" and found.cost(2_000_000, 1_000) == 1.001
    (tmp_path / "study" / "ethoscribe.toml").write_text('[model]\nname = "there"\n')
    found = settings_from({"ETHOSCRIBE_MODEL": ""}, tmp_path / "study", tmp_path)
    assert found is not None and (found.model, found.cost(1, 1)) == ("there", None)


def test_a_study_cannot_lead_a_key_elsewhere(tmp_path: Path) -> None:
    file = tmp_path / "ethoscribe.toml"
    file.write_text('[model]\nbase_url = "http://elsewhere.example/v1"\n')
    found = settings_from({"OPENAI_API_KEY": KEY}, tmp_path)
    assert found is not None and found.host == "elsewhere.example" and found.api_key == ""
    file.write_text('[model]\nbase_url = "http://elsewhere.example/v1"\napi_key = "own"\n')
    found = settings_from({"OPENAI_API_KEY": KEY}, tmp_path)
    assert found is not None and found.api_key == "own"
    found = settings_from({"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "http://mine/v1"}, tmp_path)
    assert found is not None and (found.host, found.api_key) == ("mine", KEY)
    file.write_text('[model]\nbase_url = "https://api.openai.com/v1"\n')
    found = settings_from({"OPENAI_API_KEY": KEY}, tmp_path)
    assert found is not None and found.api_key == KEY


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[model\n", "not valid TOML"),
        ('[model]\nnaem = "x"\n', "has no 'naem'.*name"),
        ('[model]\ncontext_tokens = "many"\n', "context_tokens of .model. must be a whole number"),
        ("[model]\ncontext_tokens = 100\n", "3000 or more"),
        ("[model]\ntimeout_s = true\n", "timeout_s of .model. must be a number"),
        ("[model]\nprice_in = nan\n", "price_in"),
        ("model = 3\n", "must be a table"),
    ],
)
def test_a_mistake_in_the_file_is_one_clear_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "ethoscribe.toml").write_text(text)
    with pytest.raises(ModelError, match=said) as caught:
        settings_from({}, tmp_path)
    assert "ethoscribe.toml" in str(caught.value) and "\n" not in str(caught.value)


def test_only_the_study_switches_unconfined_code_on_and_only_by_name(tmp_path: Path) -> None:
    assert not may_run_unconfined(tmp_path)
    file = tmp_path / "ethoscribe.toml"
    file.write_text("[analysis]\nrun_unconfined_model_code = true\n")
    assert may_run_unconfined(tmp_path) and not may_run_unconfined(tmp_path / "study")
    file.write_text('[analysis]\nrun_unconfined_model_code = "true"\n')
    with pytest.raises(ModelError, match="true or false"):
        may_run_unconfined(tmp_path)


# accounts


def test_the_servers_count_corrects_the_estimate_upwards_only() -> None:
    long = [{"role": "user", "content": "animal one chases animal two. " * 200}]
    with serving(Say(GOOD, usage=(100, 5)), Say(GOOD, usage=(2860, 5))) as server:
        model = model_at(server)
        model.complete(long, Counted)
        assert model.calibration == 1.0  # a server that leaves out what it had cached
        model.complete(long, Counted)
    assert model.calibration == pytest.approx(2860 / (7 * 200 + 4), rel=0.2)


def test_the_models_of_a_server_are_listed() -> None:
    with serving(Say(GOOD), models=("b", "a")) as server:
        assert model_at(server).models() == ["a", "b"]


def test_openai_is_not_imported_before_it_is_asked() -> None:
    import subprocess
    import sys

    code = "import sys, llm_query.model, llm_query.engine; print({'openai'} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "set()"
