"""Ethograms: what is wrong with one is said, the shipped ones are right, files and tables agree."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from app.annotating.ethogram_files import as_json, parse, shipped
from app.annotating.ethogram_table import from_table, read, to_table
from app.cli import app as command_line
from app.errors import AppError
from storage.ethogram import (
    COLOURS,
    TAKEN,
    Behaviour,
    Modifier,
    behaviour_of,
    in_one_line,
    problems,
    read_ethogram,
    save_ethogram,
    spoken_modifiers,
)  # fmt: skip
from storage.study import StudyError, open_study

GROOM = Behaviour(
    "groom", "state", "g", "#E69F00", True, False, (Modifier("part", ("head", "tail")),), "posture",
    "Licking.",
)  # fmt: skip
SHOCK = Behaviour("shock", "point", "s", "#56B4E9", has_subject=False)


def run(*arguments: object) -> Result:
    """Run `ethoscribe` in this process."""
    return CliRunner().invoke(command_line, [str(one) for one in arguments])


def test_an_ethogram_is_kept_as_it_was_given(tmp_path: Path) -> None:
    with open_study(tmp_path / "s", create=True) as study:
        assert read_ethogram(study) == []
        save_ethogram(study, [SHOCK, GROOM])
        assert read_ethogram(study) == [SHOCK, GROOM]
        save_ethogram(study, [GROOM])
        assert read_ethogram(study) == [GROOM]


def test_what_somebody_else_saved_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    with open_study(tmp_path / "s", create=True) as study:
        save_ethogram(study, [SHOCK], before=[])
        with pytest.raises(StudyError, match="Somebody else has changed the ethogram"):
            save_ethogram(study, [GROOM], before=[])
        save_ethogram(study, [GROOM], before=[SHOCK])
        assert read_ethogram(study) == [GROOM]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"behaviour": ""}, "'' is no name"),
        ({"behaviour": "a\nb"}, "is no name"),
        ({"kind": "event"}, "'groom' is a 'event': choose state"),
        ({"key": "gg"}, "a key is one letter"),
        ({"key": "\x07"}, "a key is one letter"),
        ({"colour": "red"}, "write it as #E69F00"),
        ({"colour": "#12345g"}, "write it as #E69F00"),
        ({"kind": "point"}, "leave its group empty"),
        ({"description": "x" * 2001}, "too long"),
        ({"modifiers": (Modifier("part", ()),)}, "write its modifiers as"),
        ({"modifiers": (Modifier("", ("a",)),)}, "write its modifiers as"),
        ({"modifiers": (Modifier("a", ("x;y",)),)}, "go without : ;"),
        ({"modifiers": (Modifier("a", ("x",)), Modifier("a", ("y",)))}, "modifier 'a' twice"),
    ],
)
def test_what_is_wrong_with_a_behaviour_is_one_sentence(change: dict, said: str) -> None:
    wrong = problems([replace(GROOM, **change)])
    assert any(said in sentence for sentence in wrong) and all("\n" not in one for one in wrong[1:])


@pytest.mark.parametrize("key", sorted(TAKEN))
def test_keys_that_the_player_takes_are_refused_by_name(key: str) -> None:
    (sentence,) = problems([replace(GROOM, key=key)])
    assert f"cannot have the key '{key}'" in sentence and "choose a letter" in sentence


def test_doubled_names_and_keys_are_told_with_both_names() -> None:
    twin = replace(SHOCK, key="g")
    assert problems([GROOM, twin]) == [
        "The key g is given to 'groom' and 'shock': choose another key for one."
    ]
    again = replace(GROOM, behaviour="Groom", key="x")
    assert problems([GROOM, again]) == [
        "'groom' is there twice: take one out, or call it otherwise."
    ]
    assert problems([GROOM, SHOCK]) == []


def test_facts_that_are_missing_are_the_usual_ones() -> None:
    found = behaviour_of({"behaviour": " rear ", "key": "R"}, 2)
    assert found == Behaviour("rear", "state", "r", COLOURS[1])
    assert behaviour_of({"behaviour": "x", "key": " "}).key == " "  # told as taken, not dropped
    assert behaviour_of({"behaviour": "x", "key": float("nan"), "has_subject": None}).key is None


def test_modifiers_are_written_as_people_do_and_read_back() -> None:
    text = "part: head, tail; side: left, right"
    assert in_one_line(spoken_modifiers(text)) == text
    assert spoken_modifiers("") == () and spoken_modifiers("part")[0].values == ()


def test_every_shipped_ethogram_is_right_and_says_where_it_is_from() -> None:
    known = shipped()
    assert set(known) == {
        "fear_conditioning", "fly_courtship", "open_field_mouse", "social_mouse",
        "zebrafish_shoaling",
    }  # fmt: skip
    for ethogram in known.values():
        assert problems(ethogram.behaviours) == [] and ethogram.sources
        assert len({one.colour for one in ethogram.behaviours}) == len(ethogram.behaviours)
        for one in ethogram.behaviours:
            assert one.key and len(one.description) > 40 and one.description.endswith(".")


def test_a_table_of_an_ethogram_reads_back_as_the_same() -> None:
    for ethogram in (*shipped().values(),):
        assert from_table(to_table(ethogram.behaviours)) == list(ethogram.behaviours)
    edited = pd.concat([to_table([GROOM]), pd.DataFrame([{"behaviour": None, "kind": "state"}])])
    assert from_table(edited) == [GROOM]
    new = pd.DataFrame([{"behaviour": "new", "colour": None, "has_subject": None}])
    assert from_table(new) == [Behaviour("new", colour=COLOURS[0])]
    assert from_table(to_table([])) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no ethogram"), ("{", "is no ethogram"), ("5", "is no ethogram"),
        ('{"behaviours": 5}', "is no ethogram"), ("[" * 10_000, "is no ethogram"),
        ("[5]", "Behaviour 1 of the ethogram is no record"),
        ('[{"behaviour": "a", "modifiers": 5}]', "modifiers of 'a' are no list"),
        ('[{"behaviour": "a", "modifiers": [{"name": "b"}]}]', "modifiers of 'a' are no list"),
        ('[{"behaviour": "a", "key": "1"}]', "digits choose the animal"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_ethogram_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(AppError) as caught:
        parse(text, "mine.json")
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert str(caught.value).startswith("mine.json")


def test_the_command_takes_a_default_and_gives_it_to_another_study(tmp_path: Path) -> None:
    one, two, file = tmp_path / "one", tmp_path / "two", tmp_path / "ours.json"
    assert "fly_courtship\tCourtship of flies\t12 behaviours" in run("ethogram", "default").stdout
    assert run("ethogram", "default", "open_field_mouse", "-s", one).exit_code == 0
    listed = run("ethogram", "list", "-s", one).stdout.splitlines()
    assert len(listed) == 10
    assert listed[3].startswith("grooming\tstate\tg\tsubject\tposture\tpart: paws, head, body")
    assert run("ethogram", "export", "-s", one, "-o", file).exit_code == 0
    assert run("ethogram", "import", file, "-s", two).exit_code == 0
    assert read(one) == read(two)
    assert json.loads(run("ethogram", "export", "-s", two).stdout)["behaviours"]
    refused = run("ethogram", "default", "social_mouse", "-s", one)
    assert refused.exit_code == 1 and "--force" in refused.stderr
    assert run("ethogram", "default", "social_mouse", "-s", one, "--force").exit_code == 0
    assert len(read(one)) == 12
    unknown = run("ethogram", "default", "cats", "-s", one)
    assert unknown.exit_code == 1 and "There is no ethogram 'cats'" in unknown.stderr
    assert parse(as_json(read(one)), "x").behaviours == tuple(read(one))


def test_a_colour_is_chosen_by_its_name_or_typed() -> None:
    from app.annotating.ethogram_table import named, with_named_colours

    table = pd.DataFrame(
        {
            "behaviour": ["a", "b", "c"],
            "palette": ["blue", "orange", "teal"],
            "colour": ["#E69F00", "#123456", None],
        }
    )
    chosen = with_named_colours(table, [named("#E69F00"), "orange"])
    assert chosen["colour"].tolist() == ["#0072B2", "#123456", "#44AA99"]
