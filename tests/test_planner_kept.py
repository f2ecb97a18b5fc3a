"""Kept definitions and learned behaviours: used by their names like any other behaviour."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from planner_gold import (
    DT,
    Rows,
    Scene,
    above,
    below,
    bouts,
    distance,
    in_mask,
    make_scene,
    pairs,
    rows,
    speeds,
)
from test_planner import CONTEXT, answer, found_rows

from llm_query.planner import Context, plan
from llm_query.remembering.definitions import Definition

DASH = Definition(
    "dash", ("sprint",), "Define dash as the animal moves faster than 60 px/s", version=3
)
CLOSE = Definition("close_run", (), "closer than 90 px to another animal and faster than 60 px/s")
KNOWN = replace(CONTEXT, definitions=(DASH, CLOSE))


@pytest.fixture(scope="module")
def scene() -> Scene:
    return make_scene()


def dashes(scene: Scene, animal: str) -> np.ndarray:
    return above(speeds(scene.centre[animal]), 60)


def close_runs(scene: Scene) -> Rows:
    return set().union(*(
        rows(below(distance(scene, a, b), 90) & dashes(scene, a), a, b)
        for a, b in pairs(scene, ordered=True)
    ))  # fmt: skip


@pytest.mark.parametrize("word", ["dash", "dashes", "dashing", "dashed", "sprints", "<|dash|>"])
def test_a_kept_name_is_known_in_every_form(word: str, scene: Scene) -> None:
    found = answer(f"When does mouse 1 {word}?", scene, KNOWN)
    assert found_rows(found) == rows(dashes(scene, "animal1"), "animal1") != set()


def test_a_kept_behaviour_is_part_of_longer_questions(scene: Scene) -> None:
    found = answer("How long does mouse 1 dash in the corner?", scene, KNOWN)
    mask = dashes(scene, "animal1") & in_mask(scene, "animal1", "corner")
    assert found["numbers"]["total_s"] == pytest.approx(mask.sum() * DT)
    assert plan("How long does mouse 1 dash in the corner?", KNOWN).used == {"dash": 3}


def test_where_kept_bouts_start(scene: Scene) -> None:
    found = answer("How often did the dashes of mouse 3 start in the corner?", scene, KNOWN)
    inside = in_mask(scene, "animal3", "corner")
    expected = [b for b in bouts(dashes(scene, "animal3")) if inside[b[0]]]
    assert found["numbers"]["count"] == len(expected)


def test_a_kept_social_behaviour_takes_a_target(scene: Scene) -> None:
    assert found_rows(answer("When does close_run happen?", scene, KNOWN)) == close_runs(scene)
    one = answer("How often does mouse 1 close_run mouse 2?", scene, KNOWN)
    assert found_rows(one) == {r for r in close_runs(scene) if r[:2] == ("animal1", "animal2")}


def test_a_study_s_meaning_goes_before_the_vocabulary_s() -> None:
    meaning = Definition("chase", (), "closer than 50 px to another animal")
    own = replace(CONTEXT, definitions=(meaning,))
    code = plan("how often do chases happen?", own).code
    assert "below=50" in code and "chase(recording" not in code


def test_code_that_is_not_what_the_words_say_is_called_as_written() -> None:
    code = (
        'def analyse(recording):\n    bouts = immobile(recording, "animal1")\n'
        "    return summarise(bouts)\n"
    )
    doze = Definition("doze", (), "resting a while", code, version=2)
    own = replace(CONTEXT, definitions=(doze,))
    alone = plan("How often does doze happen?", own)
    assert alone.code == code and alone.used == {"doze": 2}
    part = plan("How long does mouse 1 doze in the corner?", own).refused
    assert part is not None and "by itself" in part


def test_unchecked_code_is_not_run() -> None:
    code = "def analyse(recording):\n    return open('/etc/passwd').read()\n"
    own = replace(CONTEXT, definitions=(Definition("doze", (), "resting a while", code),))
    refused = plan("When does doze happen?", own).refused
    assert refused is not None and "calls of the vocabulary" in refused


def test_a_definition_made_of_itself_or_unreadable_is_refused() -> None:
    for text in ("the animal flumps", "dash and in the corner"):
        own = replace(CONTEXT, definitions=(Definition("dash", (), text),))
        assert plan("When does mouse 1 dash?", own).refused


def test_code_of_the_planner_itself_stays_part_of_longer_questions() -> None:
    made = plan("the animal moves faster than 60 px/s", CONTEXT).code
    own = replace(CONTEXT, definitions=(replace(DASH, code=made),))
    assert "in_region" in plan("How long does mouse 1 dash in the corner?", own).code


def test_a_learned_behaviour_is_asked_for_by_name() -> None:
    own = Context(animals=("a", "b"), regions=("corner",), learned=("jumping",))
    assert 'learned(recording, "jumping", animal)' in plan("How often is jumping?", own).code
    code = plan("How long is mouse 1 jumping in the corner?", own).code
    assert 'learned(recording, "jumping", "a")' in code


def test_kept_bouts_are_counted_per_minute(scene: Scene) -> None:
    found = answer("How many dashes of mouse 1 are there per minute?", scene, KNOWN)["numbers"]
    count = len(bouts(dashes(scene, "animal1")))
    assert found["per_minute"] == pytest.approx(count / (900 * DT / 60))
