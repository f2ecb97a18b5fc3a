"""Questions as researchers type them: answered rightly or refused, never silently narrowed."""

from __future__ import annotations

import numpy as np
import pytest
from planner_gold import Scene, bridged, distance, in_mask, make_scene, rows
from test_planner import CONTEXT, answer, found_rows

from llm_query.planner import plan


@pytest.fixture(scope="module")
def scene() -> Scene:
    return make_scene()


def code_of(question: str) -> str:
    understood = plan(question, CONTEXT)
    assert understood.refused is None, understood.refused
    return understood.code


def refusal(question: str) -> str:
    return plan(question, CONTEXT).refused or ""


@pytest.mark.parametrize(
    ("question", "same_as"),
    [
        ("Did mouse 2 ever enter the corner?", "When does mouse 2 enter the corner?"),
        ("Time spent by mouse 1 outside the corner", "How long is mouse 1 outside the corner?"),
        ("How often did mouse 1 go to the corner?", "How often does mouse 1 enter the corner?"),
        (
            "How often did mouse 1 run faster than 9 px/s?",
            "How often is mouse 1 faster than 9 px/s?",
        ),
        ("Total freezing time for mouse 2", "Freezing time for mouse 2"),
        ("How many times did mouse 1 stop?", "How many times is mouse 1 immobile?"),
    ],
)
def test_two_ways_to_ask_are_one_question(question: str, same_as: str) -> None:
    assert code_of(question).splitlines()[2:] == code_of(same_as).splitlines()[2:]


def test_while_touching_is_about_the_pair_that_is_measured() -> None:
    code = code_of("Mean distance between mouse 1 and mouse 2 while touching")
    assert 'contact(recording, animal, "animal2")' in code


def test_closer_without_a_name_is_to_the_animal_named_before() -> None:
    code = code_of("When does mouse 1 look at mouse 2 while closer than 50 px?")
    assert 'distance_between(recording, "animal1", "animal2")' in code and "other" not in code


def test_far_from_all_others_is_far_from_the_nearest(scene: Scene) -> None:
    found = answer("How long was mouse 1 more than 90 px away from all other mice?", scene)
    two, three = (distance(scene, "animal1", other) for other in ("animal2", "animal3"))
    nearest = np.fmin(two, three)
    mask = bridged(nearest > 90, np.isfinite(nearest))
    assert found_rows(found) == rows(mask, "animal1")
    assert "nearest_neighbour_distance" in code_of(
        "mouse 1 farther than 90 px from any other mouse"
    )
    assert "nearest" not in code_of("mouse 1 farther than 90 px from another mouse")
    assert "all at once" in refusal("How long is mouse 1 touching all other mice?")


def test_a_distance_may_lie_between_two_limits(scene: Scene) -> None:
    found = answer("How long was mouse 1 between 50 and 120 px from mouse 2?", scene)
    apart = distance(scene, "animal1", "animal2")
    mask = bridged((apart >= 50) & (apart <= 120), np.isfinite(apart))
    assert found_rows(found) == rows(mask, "animal1", "animal2") != set()
    assert "at_most=" in code_of("How long did mouse 1 move between 2 and 10 px/s?")


def test_short_visits_that_never_were_do_not_say_that_it_was_never_there(scene: Scene) -> None:
    found = answer("How often was mouse 1 in the corner for less than 0.01 s?", scene)
    assert found["text"] == "animal1 was never in the corner for less than 0.01 s."
    assert found_rows(answer("When is mouse 1 in the corner?", scene)) == rows(
        in_mask(scene, "animal1", "corner"), "animal1"
    )


def test_the_point_and_the_partner_are_in_the_sentence(scene: Scene) -> None:
    assert (
        "corner (nose)" in answer("How long is the nose of mouse 1 in the corner?", scene)["text"]
    )
    text = answer("How long is mouse 1 in the corner while mouse 2 is in ROI0?", scene)["text"]
    assert text.startswith("animal1 was") and "while animal2 was in ROI0" in text


def test_an_entry_into_an_object_says_what_else_could_be_meant() -> None:
    assumed = plan("How often does mouse 1 visit object 6?", CONTEXT).assumptions
    assert any("within 2 cm of object 6" in line for line in assumed)
    assert not any("object" in line for line in plan("mouse 1 in the corner", CONTEXT).assumptions)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Thigmotaxis of each mouse", "wall"),
        ("Speed of mouse 1 at 10 s", "fits nothing"),
        ("How long does mouse 1 stay in the corner before it leaves?", "leaves"),
        ("How many turns did mouse 1 make?", "turns"),
        ("Time in the corner minus time outside for mouse 1", "outside"),
        ("How many times did mouse 1 touch mouse 2 or mouse 3?", "either animal"),
        ("What was mouse 1 doing between 10 and 20 s?", "'doing'"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_a_hint(question: str, words: str) -> None:
    assert words in refusal(question)


def test_an_average_that_is_asked_for_twice_or_by_name_is_one_average() -> None:
    plain = code_of("How far is mouse 1 from mouse 2?").splitlines()[2:]
    assert code_of("How far is mouse 1 from mouse 2 on average?").splitlines()[2:] == plain
    assert code_of("Average mean distance between mouse 1 and mouse 2").splitlines()[2:] == plain
    assert "mean_speed(" in code_of("How fast is mouse 1 on average?")
    close = code_of("How close are mouse 1 and mouse 2 on average?")
    assert "mean_of(" in close and "min_of(" not in close
    assert "one of mean" in refusal("Mean and maximum speed of mouse 1")


def test_a_shortest_length_is_judged_within_the_part_asked_about(scene: Scene) -> None:
    inside = answer("When is mouse 1 in the corner?", scene)["bouts"]
    start, stop = float(inside.start_s[0]), float(inside.stop_s[0])
    cut = stop - (stop - start) / 3  # the first stay began before; a third of it is left
    length = (stop - start) / 2
    question = f"When is mouse 1 in the corner for more than {length:.3f} s after {cut:.3f} s?"
    found = answer(question, scene)["bouts"]
    assert len(found) < len(
        answer(f"When is mouse 1 in the corner after {cut:.3f} s?", scene)["bouts"]
    )
    assert (found.duration_s >= length).all()
    said = " ".join(plan(question, CONTEXT).assumptions)
    assert "cut at the ends of that part before their length is judged" in said
    assert "before their length" not in " ".join(
        plan("When is mouse 1 in the corner for more than 2 s?", CONTEXT).assumptions
    )


def test_rest_of_at_least_a_length_is_judged_within_the_part_asked_about(scene: Scene) -> None:
    rest = answer("When is mouse 1 immobile for at least 2 s?", scene)["bouts"]
    start = float(rest.stop_s[0]) - 1
    found = answer(f"When is mouse 1 immobile for at least 2 s after {start:.3f} s?", scene)
    assert len(found["bouts"]) == len(rest) - 1


def test_a_stay_too_long_does_not_become_short_by_being_cut(scene: Scene) -> None:
    inside = answer("When is mouse 1 in the corner?", scene)["bouts"]
    start, stop = float(inside.start_s[0]), float(inside.stop_s[0])
    late = stop - (stop - start) / 3
    length = (stop - start) / 2
    question = f"When is mouse 1 in the corner for less than {length:.3f} s after {late:.3f} s?"
    assert not (answer(question, scene)["bouts"].start_frame < inside.stop_frame[0]).any()


def test_a_latency_within_a_part_names_from_when_it_counts(scene: Scene) -> None:
    found = answer("When is mouse 1 in the corner for the first time after 11 s?", scene)
    row = found["table"].iloc[0]
    at = float(found["bouts"].start_s[0])
    assert row.latency_from_s == pytest.approx(11.011) and row.latency_s == pytest.approx(
        at - 11.011
    )
    assert f"{row.latency_s:.2f} s after 11.01 s, at {at:.2f} s" in found["text"]
    whole = answer("When is mouse 1 in the corner for the first time?", scene)
    assert "latency_from_s" not in whole["table"] and " after " not in whole["text"]
