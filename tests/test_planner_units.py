"""Units of a question: converted where they fit, refused by what they are where they do not."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import replace

import pytest
from planner_gold import Scene, in_mask, make_scene, rows
from test_planner import CONTEXT, answer, found_rows

from llm_query.planner import plan

SCALED = replace(CONTEXT, unit="cm", px_per_cm=10.0)
FASTER, TURNS = (
    "How long is mouse 1 faster than {}?",
    "When is the turning speed of mouse 1 above {}?",
)
CLOSER, STAYS = (
    "When is mouse 1 closer than {} to mouse 2?",
    "When is mouse 1 in the corner for more than {}?",
)
FACES = "When is mouse 1 facing mouse 2 within {}?"


@pytest.fixture(scope="module")
def scene() -> Scene:
    return make_scene()


def numbers_of(question: str) -> list[tuple[float, str]]:
    """The limits that the code of a question is called with, each with its unit."""
    understood = plan(question, SCALED)
    assert understood.refused is None, understood.refused
    found = []
    for call in ast.walk(ast.parse(understood.code)):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        if name in ("length_in", "speed_in"):
            found.append((call.args[1].value, call.args[2].value))
        elif name in ("at_least", "longer_than"):
            found.append((call.args[0].value, "s"))
        else:
            found += [
                (word.value.value, "own")
                for word in call.keywords
                if word.arg in ("above", "angle", "within_deg", "half_angle", "angle_deg")
                and isinstance(word.value, ast.Constant)
            ]
    return found


@pytest.mark.parametrize(
    ("shape", "said", "value", "unit"),
    [
        (CLOSER, "25 mm", 25, "mm"),
        (CLOSER, "3000 um", 0.3, "cm"),
        (CLOSER, "3000 microns", 0.3, "cm"),
        (CLOSER, "0.5 m", 0.5, "m"),
        (CLOSER, "half a metre", 0.5, "m"),
        (CLOSER, "2 inches", 5.08, "cm"),
        (CLOSER, '2"', 5.08, "cm"),
        (CLOSER, "1 inch", 2.54, "cm"),
        (CLOSER, "2 feet", 60.96, "cm"),
        (CLOSER, "1 ft", 30.48, "cm"),
        (CLOSER, "2 body lengths", 2, "body_length"),
        (CLOSER, "15 px", 15, "px"),
        (STAYS, "200 ms", 0.2, "s"),
        (STAYS, "2 secs", 2, "s"),
        (STAYS, "3 min", 180, "s"),
        (STAYS, "0.5 h", 1800, "s"),
        (FASTER, "5 mm/s", 5, "mm/s"),
        (FASTER, "3 m/min", 0.05, "m/s"),
        (FASTER, "30 cm/min", 0.5, "cm/s"),
        (FASTER, "30 cm per minute", 0.5, "cm/s"),
        (FASTER, "5 cm / s", 5, "cm/s"),
        (FASTER, "5 cm s-1", 5, "cm/s"),
        (FASTER, "0.36 km/h", 10, "cm/s"),
        (FASTER, "2 inches per second", 5.08, "cm/s"),
        (FASTER, "2 feet per second", 60.96, "cm/s"),
        (FASTER, "6 body lengths per minute", 0.1, "body_length/s"),
        (FASTER, "3 px/frame", 3, "px/frame"),
        (TURNS, "90 deg/s", 90, "own"),
        (TURNS, "90°/s", 90, "own"),
        (TURNS, "2 rad/s", 114.591559026, "own"),
        (TURNS, "0.25 turns per second", 90, "own"),
        (TURNS, "30 rpm", 180, "own"),
        (TURNS, "2 revolutions per minute", 12, "own"),
    ],
)
def test_a_unit_reaches_the_analysis_converted(
    shape: str, said: str, value: float, unit: str
) -> None:
    found = [(round(number, 9), name) for number, name in numbers_of(shape.format(said))]
    assert (pytest.approx(value), unit) in found


@pytest.mark.parametrize(
    ("shape", "said", "reason"),
    [
        (FASTER, "5 kg", "is a mass; it should be a speed"),
        (FASTER, "5 cm", "is a length; it should be a speed"),
        (FASTER, "5 s", "is a duration; it should be a speed"),
        (FASTER, "5 Hz", "is a frequency; it should be a speed"),
        (FASTER, "5 deg/s", "is a turning speed; it should be a speed"),
        (FASTER, "5 cm/s2", "is an acceleration; it should be a speed"),
        (FASTER, "20 %", "is a share; it should be a speed"),
        (CLOSER, "3 s", "is a duration; it should be a length"),
        (CLOSER, "3 cm/s", "is a speed; it should be a length"),
        (CLOSER, "3 kg", "is a mass; it should be a length"),
        (STAYS, "3 cm", "is a length; it should be a time"),
        (STAYS, "3 mm/s", "is a speed; it should be a time"),
        (STAYS, "20 % of the time", "a share of the time"),
        (TURNS, "2 Hz", "is a frequency; it should be in deg/s"),
        (TURNS, "2 cm/s", "is a speed; it should be in deg/s"),
        (FACES, "5 cm", "is a length; it should be an angle"),
    ],
)
def test_a_unit_that_does_not_fit_is_refused_by_what_it_is(
    shape: str, said: str, reason: str
) -> None:
    assert reason in (plan(shape.format(said), SCALED).refused or "")


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("When is mouse 1 in the corner for longer than 3 cm?", "'longer than 3 cm' is a length"),
        ("How long is mouse 1 in the corner in the first 5 kg?", "'the first 5 kg' is a mass"),
        ("Is mouse 1 in the corner over 20 % of the time?", "what percent of the time"),
        ("Does mouse 1 spend more than 20 % of the time in the corner?", "what percent of the"),
        ("When is mouse 1 in the corner for between 200 and 500 ms?", "for at least"),
    ],
)
def test_a_number_that_is_no_duration_is_explained(question: str, reason: str) -> None:
    assert reason in (plan(question, SCALED).refused or "")


def test_the_first_of_two_limits_has_the_unit_of_the_second() -> None:
    found = numbers_of("How long is mouse 1 between 2 and 3 inches from mouse 2?")
    assert sorted(found) == [(pytest.approx(5.08), "cm"), (pytest.approx(7.62), "cm")]


def test_a_quotation_is_not_a_length_in_inches() -> None:
    quoted = plan('How long is "mouse 1" in "the corner" with "mouse 2"?', SCALED)
    assert "inch" not in quoted.code + (quoted.refused or "")
    assert plan('How long is "mouse 1" in "corner"?', SCALED).refused is None


def test_pint_is_loaded_by_no_question_that_needs_no_conversion() -> None:
    program = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from test_planner import CONTEXT\nfrom llm_query.planner import plan\n"
        "assert plan('How long is mouse 1 faster than 9 px/s in the first 10 s?', CONTEXT).code\n"
        "print('pint' in sys.modules)\n"
        "assert plan('How long is mouse 1 in the corner in the first minute?', CONTEXT).code\n"
        "print('pint' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split() == ["False", "True"], done.stderr


def test_a_speed_per_minute_gives_the_same_bouts_as_per_second(scene: Scene) -> None:
    found = answer("When is mouse 1 faster than 540 px/min?", scene)
    assert found_rows(found) == found_rows(answer("When is mouse 1 faster than 9 px/s?", scene))
    assert found_rows(found)


def test_the_second_visit_is_the_second_bout(scene: Scene) -> None:
    every = sorted(rows(in_mask(scene, "animal1", "corner"), "animal1"))
    found = answer("How long was the second visit of mouse 1 to the corner?", scene)
    assert len(every) == 2 and found_rows(found) == {every[1]}
    never = answer("When is mouse 1 in the corner for the 3rd time?", scene)
    assert not found_rows(never) and "for the third time" in never["text"]


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("Which mouse made the second visit to the corner?", "each animal by itself"),
        (
            "When is mouse 1 in the corner while mouse 2 is in ROI0 for the second time?",
            "one thing",
        ),
        (
            "How long was the second visit of mouse 1 to the corner in the first 10 s?",
            "without the",
        ),
        ("How long was the second visit of mouse 1 to the corner in each minute?", "each bin"),
        ("How often did mouse 1 enter the corner for the second time?", "one thing at a time"),
        ("How long was mouse 1 in ROI0 after the second visit to the corner?", "number of a time"),
        ("How long is the second longest visit of mouse 1 to the corner?", "'second'"),
        ("How long do visits of mouse 1 to the corner last?", "mean duration"),
    ],
)
def test_a_number_of_a_time_that_is_not_clear_is_refused(question: str, reason: str) -> None:
    assert reason in (plan(question, SCALED).refused or "")


def test_the_verb_last_is_not_the_last_visit(scene: Scene) -> None:
    every = sorted(rows(in_mask(scene, "animal1", "corner"), "animal1"))
    found = answer("How long does the first visit of mouse 1 to the corner last?", scene)
    assert found_rows(found) == {every[0]}
    mean = "How long do the visits of mouse 1 to the corner last on average?"
    assert found_rows(answer(mean, scene)) == set(every)


@pytest.mark.parametrize("word", ["unless", "except when", "except while"])
def test_unless_leaves_out_what_is_said_after_it(scene: Scene, word: str) -> None:
    found = answer(f"When is mouse 1 in the corner {word} mouse 2 is in ROI0?", scene)
    same = answer("When is mouse 1 in the corner and mouse 2 is not in ROI0?", scene)
    assert found_rows(found) == found_rows(same)
    assert found_rows(found) != found_rows(answer("When is mouse 1 in the corner?", scene))


@pytest.mark.parametrize(
    "rest",
    [
        "unless mouse 2 is in ROI0 or in the treadmill",
        "unless mouse 2 is not in ROI0",
        "unless all mice are in ROI0",
        "unless it is in ROI0",
        "except in the first 10 s",
        "unless nobody is in ROI0",
    ],
)
def test_an_exception_of_more_than_one_plain_clause_is_refused(rest: str) -> None:
    assert plan(f"When is mouse 1 in the corner {rest}?", CONTEXT).refused


def test_animals_that_are_left_out_are_refused_with_what_to_say() -> None:
    refused = plan("How long is every animal except mouse 1 in the corner?", CONTEXT).refused
    assert refused and "named one by one" in refused


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("How many minutes was mouse 3 immobile?", "time is given in s; min is not offered"),
        ("How long was mouse 1 in the corner in hours?", "time is given in s; h is not offered"),
        ("How far did mouse 1 travel in mm/s?", "distance travelled is given in cm; mm/s is not"),
        ("What is the mean speed of mouse 1 in inches?", "speed is given in cm/s; in is not"),
        ("Which mouse travelled the farthest in inches?", "in is not offered"),
    ],
)
def test_a_unit_that_an_answer_has_not_is_named(question: str, why: str) -> None:
    assert why in (plan(question, SCALED).refused or "")


def test_without_a_scale_no_answer_is_in_inches() -> None:
    assert "no scale" in (plan("How far did mouse 1 travel in inches?", CONTEXT).refused or "")
    assert plan("How far did mouse 1 travel in px?", CONTEXT).refused is None


def test_the_unit_asked_for_is_that_of_the_answer() -> None:
    planned = plan("How far did mouse 1 travel in inches?", SCALED)
    assert '/ length_in(recording, 2.54, "cm")' in planned.code and '"in")' in planned.code


def test_a_region_may_be_called_like_a_unit() -> None:
    named = replace(SCALED, regions=("m",))
    assert "in_region(" in plan("How long is mouse 1 in m?", named).code
