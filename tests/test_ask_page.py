"""The page Ask below its widgets: turns kept as files, many videos, work under way, definitions."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from storage_samples import add_tracked
from streamlit.testing.v1 import AppTest

from app import workplace
from app.asking import questions as asking
from app.asking.asked_files import (
    Line,
    conversations,
    is_conversation,
    keep_turn,
    new_conversation,
    read_answer,
    read_turns,
)
from app.asking.definition_work import (
    change,
    copy_preset,
    export_bytes,
    found,
    found_presets,
    import_bytes,
)
from app.asking.many_videos import lines_table, numbers_table, sentence, summary
from app.asking.questions import (
    Work,
    put_away,
    put_code,
    put_question,
    run_key,
    run_on_all,
    under_way,
)
from app.errors import AppError
from app.workplace import Workplace
from llm_query.engine import BOUT_COLUMNS, Answer
from llm_query.errors import QueryError
from llm_query.memory import Memory
from llm_query.planning.handbook import presets
from storage.bouts import read_bouts
from storage.regions import Region, save_region
from storage.study import open_study

TALK = "20260301-0930-abcdef0123"
CODE = 'def analyse(recording):\n    return in_region(recording, "animal1", "corner")'


def whole_answer() -> Answer:
    """An answer that has everything."""
    bout = ["clip", "in corner", "animal1", None, "state", 10, 30, 0.4, 1.2, 0.8, "analysis", None]
    bouts = pd.DataFrame([[*bout, "centre inside corner"]], columns=BOUT_COLUMNS)
    return Answer(
        "clip", "animal1 was in the corner once.", CODE, bouts,
        table=pd.DataFrame({"subject": ["animal1"], "latency_s": [float("nan")], "count": [1]}),
        numbers={"count": 1, "latency_s": None, "mean_s": float("nan")},
        assumptions=["By its centre."], ignored=["please"],
        figure={"data": [{"y": [1, None]}], "layout": {}}, reading="Times.",
        definitions=(("chase", 2),), defined=("chase", 3), finds_bouts=True, prompt_tokens=7,
    )  # fmt: skip


def test_an_answer_comes_back_as_it_was(tmp_path: Path) -> None:
    asked = keep_turn(tmp_path, TALK, "When?", [whole_answer()], about="clip", model="offline")
    (turn,) = read_turns(tmp_path, TALK)
    assert turn == asked and (turn.number, turn.question, turn.about) == (1, "When?", "clip")
    assert turn.lines[0] == Line(
        "clip", "animal1 was in the corner once.",
        {"count": 1, "latency_s": None, "mean_s": None}, 1, defined=("chase", 3),
    )  # fmt: skip
    back, before = read_answer(tmp_path, TALK, 1, 0), whole_answer()
    pd.testing.assert_frame_equal(back.bouts, before.bouts)
    assert back.table["count"].tolist() == [1] and back.table["latency_s"].isna().all()
    assert (back.definitions, back.defined, back.figure) == (
        before.definitions, before.defined, before.figure,
    )  # fmt: skip
    assert back.assumptions == before.assumptions and back.finds_bouts


def test_turns_are_numbered_also_when_two_tabs_ask_at_once(tmp_path: Path) -> None:
    threads = [
        threading.Thread(target=keep_turn, args=(tmp_path, TALK, f"question {k}", []))
        for k in range(8)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    turns = read_turns(tmp_path, TALK)
    assert [turn.number for turn in turns] == list(range(1, 9))
    assert {turn.question for turn in turns} == {f"question {k}" for k in range(8)}
    assert [name for name in (tmp_path / "answers" / TALK).iterdir() if name.name[0] == "."] == []


def test_a_conversation_cannot_lead_out_of_its_folder(tmp_path: Path) -> None:
    for name in ("../../etc", "", ".", "a/b", "A", "x" * 80, "a--b"):
        assert not is_conversation(name) and read_turns(tmp_path, name) == []
        with pytest.raises(AppError):
            keep_turn(tmp_path, name, "q", [])
    assert is_conversation(new_conversation())


def test_a_damaged_turn_is_left_out_and_a_lost_answer_is_one_line(tmp_path: Path) -> None:
    for question in ("first", "second", "third"):
        keep_turn(tmp_path, TALK, question, [whole_answer()])
    home = tmp_path / "answers" / TALK
    (home / "00001" / "turn.json").write_text("{")
    (home / "00002" / "00000.json.gz").write_bytes(b"nothing")
    assert [turn.question for turn in read_turns(tmp_path, TALK)] == ["second", "third"]
    with pytest.raises(AppError, match="no longer in the study"):
        read_answer(tmp_path, TALK, 2, 0)
    assert keep_turn(tmp_path, TALK, "fourth", []).number == 4


def test_the_newest_conversation_is_listed_first(tmp_path: Path) -> None:
    keep_turn(tmp_path, "a-1", "older", [])
    keep_turn(tmp_path, "b-2", "newer", [])
    assert [first.question for _, first in conversations(tmp_path)] == ["newer", "older"]


# many videos


LINES = [
    Line("a", "once", {"count": 1, "total_s": 2.0, "latency_s": None}, 1),
    Line("b", "3 times", {"count": 3, "total_s": 4.0, "latency_s": 0.5}, 3),
    Line("c", failed="There is no region corner."),
]


def test_many_videos_are_a_line_each_and_a_summary() -> None:
    table = lines_table(LINES)
    assert table["video"].tolist() == ["a", "b", "c"]
    assert table["answer"].tolist() == ["once", "3 times", "There is no region corner."]
    assert table["total (s)"].tolist()[:2] == [2.0, 4.0] and table["bouts"].tolist()[:2] == [1, 3]
    rows = summary(LINES).set_index("measure")
    assert rows.loc["count", ["videos", "mean", "median", "least", "most"]].tolist() == [
        2,
        2,
        2,
        1,
        3,
    ]
    assert rows.loc["total (s)", "SD"] == pytest.approx(2**0.5)
    assert rows.loc["latency (s)", "videos"] == 1  # the other never did it
    assert sentence(LINES) == (
        "2 of 3 videos: count 2 on average (1 to 3), total 3 s on average (2 to 4 s)."
    )
    assert len(numbers_table(LINES)) == 6


def test_two_hundred_videos_of_many_animals_stay_a_readable_table() -> None:
    numbers = {f"animal{k} {what}": k for k in range(9) for what in ("count", "total_s", "mean_s")}
    lines = [Line(f"video {k}", "text", numbers, 3) for k in range(200)]
    table = lines_table(lines)
    assert table.shape == (200, 9) and len(summary(lines)) == 27
    assert "on average" not in sentence(lines) and "in each" in sentence(lines)


def test_answers_without_numbers_are_counted() -> None:
    assert sentence([Line("a", "Figure: x."), Line("b", "Figure: x.")]) == "2 videos answered."


# work under way


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Two videos of 2 s; animal1 is in the corner of both for a while, in the arena always."""
    with open_study(tmp_path / "study", create=True) as one:
        for name in ("one", "two"):
            x = np.full((50, 1), 300.0)
            x[10:30, 0] = 50.0
            video = add_tracked(one, tmp_path, x, np.full((50, 1), 60.0), name=name)
            for region, role, far in (("corner", "region", 100), ("arena", "arena", 640)):
                place = Region(region, "rectangle", role, [[0, 0], [far, far]])
                save_region(one, video.video_id, place)
    return tmp_path / "study"


def test_a_question_is_kept_with_its_answers_and_its_trouble(study: Path) -> None:
    work = put_question(study, TALK, "When is animal1 in the corner?", None)
    assert work.finished.wait(60) and work.trouble == "" and (work.done, work.total) == (2, 2)
    put_code(study, TALK, "again", CODE + "\n", "one").finished.wait(60)
    put_code(study, TALK, "wrong", "def analyse(recording:", "one").finished.wait(60)
    first, again, wrong = read_turns(study, TALK)
    assert [len(turn.lines) for turn in (first, again, wrong)] == [2, 1, 0]
    assert again.model == "person" and again.lines[0].bouts == 1
    assert "not valid Python, line 1" in wrong.trouble and wrong.code.startswith("def analyse")
    assert [turn.question for turn in Memory(study).turns(TALK)][:1] == [first.question]


def test_one_conversation_answers_one_question_at_a_time(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    monkeypatch.setattr(asking, "ask", lambda *_, **__: go_on.wait(30) and [])
    work = put_question(study, TALK, "slow", None)
    with pytest.raises(AppError, match="worked on already"):
        put_question(study, TALK, "impatient", None)
    assert under_way(study, TALK) is work
    go_on.set()
    assert work.finished.wait(30)
    put_away(study, TALK)
    assert under_way(study, TALK) is None


def test_a_cancelled_model_stops_writing_and_the_question_stays(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = threading.Event()

    def ask(*_: object, on_text=None, **__: object) -> list[Answer]:
        while True:
            on_text("piece")
            written.set()

    monkeypatch.setattr(asking, "ask", ask)
    work = put_question(study, TALK, "slow", None, "model")
    assert written.wait(30)
    work.cancel()
    assert work.finished.wait(30) and work.written > 0
    (turn,) = read_turns(study, TALK)
    assert (turn.question, turn.trouble) == ("slow", "Cancelled.")


def test_what_ends_unexpectedly_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    work = Work("x", 1, lambda _: {}["missing"]).start()  # type: ignore[return-value]
    assert work.finished.wait(10) and "unexpectedly" in work.trouble


def test_a_kept_analysis_runs_on_all_videos_in_the_background(study: Path) -> None:
    from llm_query.engine import ask

    ask(study, "When is animal1 in the corner?", video="one", save="cornering")
    work = run_on_all(study, "cornering")
    assert work.finished.wait(60) and work.trouble == ""
    assert work.said == "Ran on 2 of 2 videos: 2 bouts stored." and work.failed == []
    with open_study(study) as one:
        assert read_bouts(one, behaviour="cornering")["video"].tolist() == ["one", "two"]
    assert not is_conversation(run_key("cornering"))
    gone = run_on_all(study, "nothing")
    assert gone.finished.wait(30) and "no kept answer 'nothing'" in gone.trouble


# definitions


def test_a_change_makes_a_version_and_stale_code_goes(study: Path) -> None:
    memory = Memory(study)
    one = memory.remember("hiding", "in the corner", code=CODE, aliases=["lurking"])
    same = {"aliases": "lurking", "parameters": "", "depends_on": (), "author": "Ada"}
    assert change(memory, one, text="in the corner", code=CODE, **same).version == 1
    two = change(memory, one, text="in the corner for 1 s", code=CODE, **same)
    assert (two.version, two.code, two.author) == (2, "", "Ada")
    three = change(memory, two, text=two.text, code="", **{**same, "parameters": "least_s = 1"})
    assert three.parameters == {"least_s": 1.0}
    with pytest.raises(QueryError, match="no function analyse"):
        change(memory, three, text=two.text, code="x = 1", **same)
    with pytest.raises(AppError, match="NAME = VALUE"):
        change(memory, three, text=two.text, code="", **{**same, "parameters": "least_s"})
    assert [each.version for each in memory.versions("hiding")] == [1, 2, 3]


def test_definitions_and_presets_are_found_by_any_word(study: Path) -> None:
    memory = Memory(study)
    memory.remember("chase", "both run")
    memory.remember("rest", "nobody runs after a chase")
    assert [one.name for one in found(memory.definitions(), "chase")] == ["chase", "rest"]
    assert found(memory.definitions(), "zebra") == []
    assert "Walsh" in found_presets("Walsh")[0].source
    assert len(found_presets("")) == len(presets())


def test_a_preset_is_copied_with_the_studys_regions(study: Path) -> None:
    memory = Memory(study)
    thigmotaxis = next(one for one in presets() if one.name == "thigmotaxis")
    kept = copy_preset(memory, thigmotaxis, "Ada")
    assert 'arena="arena"' in kept.code and thigmotaxis.source in kept.text
    with pytest.raises(AppError, match="in this study already"):
        copy_preset(memory, thigmotaxis, "Ada")
    arms = next(one for one in presets() if one.name == "open arm time")
    with pytest.raises(AppError, match=r"cannot be copied yet.*open arms"):
        copy_preset(memory, arms, "Ada")


def test_definitions_go_out_and_come_in_as_a_file(study: Path, tmp_path: Path) -> None:
    Memory(study).remember("chase", "both run", aliases=["pursuit"])
    sent = export_bytes(Memory(study))
    with open_study(tmp_path / "other", create=True):
        pass
    other = Memory(tmp_path / "other")
    assert import_bytes(other, "mine.json", sent, replace_=False).added == ["chase"]
    assert other.definition("pursuit").text == "both run"
    with pytest.raises(QueryError, match="no JSON"):
        import_bytes(other, "mine.json", b"{", replace_=False)


# the pages


def page(study: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> AppTest:
    monkeypatch.setattr(workplace, "_current", Workplace.of(study))
    shell = Path(workplace.__file__).parent / "views" / "shell.py"
    return AppTest.from_file(str(shell), default_timeout=60).run().switch_page(name).run()


def test_hostile_text_is_shown_letter_by_letter(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = whole_answer()
    answer.text = "<script>alert(1)</script> [x](javascript:alert(2)) $x$"
    answer.bouts["subject"] = "![](http://example.org/x.png)"
    keep_turn(study, TALK, "# <b>When</b>?", [answer], about="one")
    app = page(study, monkeypatch, "ask.py")
    app.query_params["conversation"] = TALK
    app.run()
    assert not app.exception
    said = "\n".join(each.value for each in app.markdown)
    assert r"\<script\>" in said and r"\[x\]\(javascript" in said and r"\# \<b\>" in said
    assert "<script>" not in said


def test_the_page_of_definitions_says_what_to_do_when_it_is_empty(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = page(study, monkeypatch, "definitions.py")
    assert not app.exception and "No word has a meaning" in app.info[0].value


def test_a_turn_of_the_command_line_is_shown_from_memory(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Memory(study).note_turn("How long?", "For 3 s.", code=CODE, conversation="talk-1")
    (turn,) = read_turns(study, "talk-1")
    assert (turn.question, turn.lines[0].text, turn.whole) == ("How long?", "For 3 s.", False)
    app = page(study, monkeypatch, "ask.py")
    app.query_params["conversation"] = "talk-1"
    app.run()
    assert not app.exception and "For 3 s" in "\n".join(each.value for each in app.markdown)
    assert json.dumps(app.code[0].value) == json.dumps(CODE)
