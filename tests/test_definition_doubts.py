"""Definitions that could never be used are refused, or doubted at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from storage_samples import add_tracked

from llm_query.definition_doubts import doubt, doubt_in_study
from llm_query.engine import ask
from llm_query.errors import QueryError
from llm_query.memory import Memory
from llm_query.planner import Context, plan
from llm_query.remembering.definitions import Definition
from llm_query.remembering.spoken_definitions import read_definition
from storage.regions import Region, save_region
from storage.study import open_study

CONTEXT = Context(animals=("Mia", "Max"), regions=("nest", "corner"))


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "study"
    x = np.full((60, 2), 300.0)
    x[10:30, 0] = 50.0
    with open_study(folder, create=True) as one:
        video = add_tracked(one, tmp_path, x, np.full_like(x, 60.0), points=("nose",))
        corner = Region("corner", "rectangle", "region", [(0.0, 0.0), (100.0, 100.0)])
        save_region(one, video.video_id, corner)
    return folder


@pytest.mark.parametrize(
    ("name", "what"),
    [("corner", "a region"), ("Corners", ""), ("animal 1", "an animal"), ("cm", "a unit"),
     ("seconds", "a unit"), ("nose", "a body point")],
)  # fmt: skip
def test_a_name_that_means_something_already_is_refused(study: Path, name: str, what: str) -> None:
    if not what:
        assert Memory(study).remember(name, "closer than 3 cm to another animal").version == 1
        return
    with pytest.raises(QueryError, match=f"is {what}.*Choose another name"):
        Memory(study).remember(name, "closer than 3 cm to another animal")
    with pytest.raises(QueryError, match=what):
        Memory(study).remember("hovering", "near another animal", aliases=[name])


def test_a_region_by_another_name_is_that_region(study: Path) -> None:
    Memory(study).remember("spot", "the corner", aliases=["hideout"])
    for word in ("spot", "hideout"):
        (answer,) = ask(study, f"How long is mouse 1 in the {word}?")
        assert answer.numbers["total_s"] == pytest.approx(0.8)
        assert answer.definitions == (("spot", 1),)
    (answer,) = ask(study, "How often does mouse 1 enter the spot?")
    assert answer.numbers["count"] == 1


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("lurk", "in the nest", ""),
        ("spot", "the nest", ""),
        ("huddle", "closer than 30 px to another animal", ""),
        ("dash", "both frolic", "'frolic'"),
        ("visiting", "closer than 30 px to Max", "another name"),
        ("oddity", "how often it enters the nest", "Define what the animal does"),
    ],
)
def test_what_the_planner_cannot_use_is_doubted(name: str, text: str, why: str) -> None:
    said = doubt(Definition(name, (), text), CONTEXT)
    assert (
        (said == "") if not why else (said.startswith("Without a language model") and why in said)
    )
    used = plan(f"How often does {name} happen?", CONTEXT).used
    assert not used


def test_a_doubt_is_said_when_it_is_defined_and_in_the_answer_that_defines_it(
    study: Path,
) -> None:
    one = Memory(study).remember("flump", "being in a flump")
    assert "flump" in doubt_in_study(study, one)
    assert doubt_in_study(study, Memory(study).remember("lurk", "in the corner")) == ""


@pytest.mark.parametrize(
    "said",
    ["Call it a chase when animal1 is closer than 3 cm to animal2.",
     'define a "chase" as animal1 is closer than 3 cm to animal2',
     "We call it chase if animal1 is closer than 3 cm to animal2"],
)  # fmt: skip
def test_definitions_are_heard_with_an_article(said: str) -> None:
    spoken = read_definition(said)
    assert spoken is not None and spoken.name == "chase"
    assert spoken.text == "animal1 is closer than 3 cm to animal2"
