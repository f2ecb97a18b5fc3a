"""What must not get lost on the way: parts, orders, animals of a definition, counts of animals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from planner_gold import (
    TIME,
    N,
    Scene,
    bouts,
    bridged,
    in_mask,
    make_scene,
    out_mask,
    path_length,
    rows,
    seen,
)
from test_planner import CONTEXT, answer, found_rows

from llm_query import sentences
from llm_query.bouts import Bouts, collect
from llm_query.planner import plan
from llm_query.remembering.definitions import Definition
from llm_query.results import summarise


@pytest.fixture(scope="module")
def scene() -> Scene:
    return make_scene()


def knowing(**texts: str) -> object:
    known = tuple(Definition(name, (), text) for name, text in texts.items())
    return replace(CONTEXT, definitions=known)


def refusal(question: str, context: object = CONTEXT) -> str:
    return plan(question, context).refused or ""


# what a definition says is all of it


def test_a_definition_keeps_its_part_of_the_recording(scene: Scene) -> None:
    early = knowing(early="in the corner in the first 20 s")
    found = answer("How long is mouse 1 early?", scene, early)
    inside = in_mask(scene, "animal1", "corner") & (TIME < 20)
    assert (
        found_rows(found)
        == rows(inside, "animal1")
        != rows(in_mask(scene, "animal1", "corner"), "animal1")
    )
    late = knowing(late="in the corner after 12 s")
    found = answer("How long is mouse 1 late?", scene, late)
    after = in_mask(scene, "animal1", "corner") & (TIME >= 12 - 1e-9)
    assert found_rows(found) == rows(after, "animal1") != set()


def test_a_definition_keeps_that_it_is_the_first_time(scene: Scene) -> None:
    first = knowing(debut="the first time in the corner")
    found = answer("When is the debut of mouse 2?", scene, first)
    assert found_rows(found) == {
        ("animal2", None, *bouts(in_mask(scene, "animal2", "corner"))[0])
    }  # fmt: skip


@pytest.mark.parametrize(
    "text", ["how often it enters the corner", "mean speed in the corner", "plot the path",
             "percent of time in the corner"]
)  # fmt: skip
def test_a_number_or_a_picture_is_no_behaviour(text: str) -> None:
    assert "part of another question" in refusal("How long is mouse 1 odd?", knowing(odd=text))


def test_a_definition_of_one_animal_says_nothing_of_another(scene: Scene) -> None:
    camping = knowing(camping="animal1 in the corner")
    assert "of animal1, which says nothing of animal3" in refusal(
        "How long is mouse 3 camping?", camping
    )
    inside = rows(in_mask(scene, "animal1", "corner"), "animal1")
    assert found_rows(answer("How long is mouse 1 camping?", scene, camping)) == inside
    assert found_rows(answer("When does camping happen?", scene, camping)) == inside
    assert any("for animal1" in line for line in plan("When is camping?", camping).assumptions)
    near = knowing(hovering="closer than 30 px to animal2")
    assert "says nothing of animal2" in refusal("How long is mouse 2 hovering?", near)
    assert plan("How long is mouse 1 hovering?", near).refused is None


# kept bouts of some animals only

KEPT = replace(
    CONTEXT,
    behaviours=("rest", "contact", "in_corner", "digging"),
    kept_of=(("rest", "animal3"), ("contact", "animal3"), ("digging", "animal3")),
)


def test_kept_bouts_of_one_animal_are_no_never_of_the_others() -> None:
    assert "immobile(recording" in plan("How long does mouse 1 rest?", KEPT).code
    assert "kept_bouts(" in plan("How long does mouse 3 rest?", KEPT).code
    pair = plan("How often do mouse 1 and mouse 3 have contact?", KEPT)
    assert 'contact(recording, "animal1", "animal3")' in pair.code
    assert "computed anew" in pair.assumptions[0]
    said = refusal("How long is mouse 1 digging?", KEPT)
    assert "animal3 only" in said and "ethoscribe run digging" in said
    each = plan("How long is each animal digging?", KEPT)
    assert "animal1" not in each.code and "left out" in each.assumptions[0]


def test_words_that_say_a_place_are_the_place() -> None:
    planned = plan("How long is mouse 1 in corner?", KEPT)
    assert "in_region(" in planned.code and "asked for as in_corner" in planned.assumptions[0]
    assert "kept_bouts(" in plan("How long is mouse 1 in_corner?", KEPT).code


# how many animals at once


def number_inside(scene: Scene, region: str) -> tuple[np.ndarray, np.ndarray]:
    """(n,) how many are inside and how many are outside; an unseen one is neither."""
    inside = sum(in_mask(scene, a, region).astype(int) for a in scene.animals)
    outside = sum(out_mask(scene, a, region).astype(int) for a in scene.animals)
    return np.asarray(inside), np.asarray(outside)


@pytest.mark.parametrize(
    ("said", "holds"),
    [
        ("exactly one mouse", lambda i, o: (i == 1) & (o == 2)),
        ("only one animal", lambda i, o: (i == 1) & (o == 2)),
        ("exactly two mice", lambda i, o: (i == 2) & (o == 1)),
        ("at least two mice", lambda i, o: i >= 2),
        ("two or more of the mice", lambda i, o: i >= 2),
        ("more than one mouse", lambda i, o: i >= 2),
        ("fewer than two animals", lambda i, o: o >= 2),
        ("at most one animal", lambda i, o: o >= 2),
        ("no mouse", lambda i, o: o == 3),
        ("at least one mouse", lambda i, o: i >= 1),
    ],
)
def test_animals_are_counted(said: str, holds, scene: Scene) -> None:  # type: ignore[no-untyped-def]
    found = answer(f"How long is {said} in the corner?", scene)
    table = found["bouts"]
    mask = np.zeros(N, dtype=bool)
    for start, stop in zip(table.start_frame, table.stop_frame, strict=True):
        mask[start:stop] = True
    expected = holds(*number_inside(scene, "corner"))
    assert 0 < expected.sum() < N
    known = seen(np.hstack([scene.centre[a] for a in scene.animals]))
    np.testing.assert_array_equal(mask[known], expected[known])


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("How long are exactly two mice touching?", "at least two animals in the corner"),
        ("How long are exactly 4 mice in the corner?", "has 3 animals"),
        ("How long are two mice in the corner?", "name the two"),
        ("How long are at most 3 mice in the corner?", "always holds"),
        ("How long is only mouse 1 in the corner?", "'only'"),
    ],
)
def test_counts_that_are_not_clear_are_asked_back(question: str, why: str) -> None:
    assert why in refusal(question)


# order and nearness in time


def test_before_is_before_the_first_time(scene: Scene) -> None:
    planned = plan("How long is mouse 1 in ROI0 before mouse 2 enters the corner?", CONTEXT)
    assert '.before(enters(recording, "animal2", "corner").first())' in planned.code
    assert any("before the first time" in line for line in planned.assumptions)
    assert '"in ROI0 before animal2 enters corner"' in planned.code


def test_within_seconds_of_an_event_is_after_it() -> None:
    planned = plan("How often does mouse 1 enter the corner within 5 s of leaving ROI0?", CONTEXT)
    assert '.after(leaves(recording, "animal1", "ROI0"), 5)' in planned.code
    assert any("within 5 s after it" in line for line in planned.assumptions)
    said = refusal("How often does mouse 1 leave the corner within 2 seconds?")
    assert said.startswith("'within 2 seconds' of what?")


def test_without_an_animal_is_while_that_one_is_elsewhere(scene: Scene) -> None:
    found = answer("How long is mouse 1 in the corner without mouse 2?", scene)
    mask = in_mask(scene, "animal1", "corner") & out_mask(scene, "animal2", "corner")
    known = seen(scene.centre["animal1"]) & seen(scene.centre["animal2"])
    assert found_rows(found) == rows(bridged(mask, known), "animal1", "animal2") != set()


def test_two_limits_of_time_are_one_part(scene: Scene) -> None:
    found = answer("How long is mouse 1 in the corner after 8 s and before 14 s?", scene)
    mask = in_mask(scene, "animal1", "corner") & (TIME >= 8 - 1e-9) & (TIME < 14 - 1e-9)
    assert found["numbers"]["total_s"] == pytest.approx(mask.sum() * 1001 / 30000, abs=0.07)


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("distance travelled by mouse 1 per 10 seconds", "values_in_bins(recording, columns, 10"),
        ("how often does mouse 1 go from the corner to ROI0?", '.then(enters(recording, "animal1"'),
        ("how many contacts of mouse 1 and mouse 2 lasted over 4 s?", ".longer_than(4)"),
        ("how long is mouse 1 in teh conrer?", 'in_region(recording, "animal1", "corner")'),
    ],
)
def test_usual_ways_to_say_it_are_understood(question: str, code: str) -> None:
    planned = plan(question, CONTEXT)
    assert planned.refused is None and code in planned.code


def test_inches_are_centimetres() -> None:
    cm = replace(CONTEXT, unit="cm", px_per_cm=10.0)
    assert '5.08, "cm"' in plan("How long is mouse 1 within 2 inches of mouse 2?", cm).code


@pytest.mark.parametrize("word", ["steps", "bears", "rocks"])
def test_another_word_is_not_taken_for_a_slip(word: str) -> None:
    assert plan(f"How many {word} does mouse 1 make?", CONTEXT).refused


# who and what, where words could be taken another way


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("speed of mouse 1 when mouse 2 is near", 'near(recording, "animal2", "animal1")'),
        ("how long is mouse 1 in the corner while mouse 2 is near?",
         'near(recording, "animal2", "animal1")'),
        ("How long did mouse 1 spend in the corner in total over the last 2 minutes?",
         "period(recording, last_s=120)"),
        ("How long were mouse 1 and mouse 2 both outside the corner?",
         'outside_region(recording, "animal1", "corner")'),
    ],
)  # fmt: skip
def test_the_one_who_is_meant_is_taken(question: str, code: str) -> None:
    planned = plan(question, CONTEXT)
    assert planned.refused is None and code in planned.code


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("When does mouse 1 stop touching mouse 2?", "is an end"),
        ("When mouse 2 is near, how fast is mouse 1?", "whom"),
        ("How many visits to the corner did all mice make together?", "by itself"),
    ],
)
def test_what_could_be_taken_another_way_is_asked_back(question: str, why: str) -> None:
    assert why in refusal(question)


def test_the_reading_says_the_last_where_the_last_is_meant() -> None:
    planned = plan("How long until mouse 1 leaves the corner for the last time?", CONTEXT)
    assert planned.reading.startswith("Time until the last") and ".last()" in planned.code


# a state of the group is of no pair, and more than 2 s is not 2 s


@pytest.mark.parametrize(
    "said", ["exactly two mice", "at least two mice", "at most one animal", "no mouse",
             "at least one mouse"]
)  # fmt: skip
def test_a_state_of_the_group_names_everybody_once(said: str, scene: Scene) -> None:
    found = answer(f"When is {said} in the corner?", scene)
    assert set(found["bouts"].subject) == {"animal1+animal2+animal3"}
    assert set(found["bouts"].target) == {None}
    assert " with " not in found["text"] and "animal1" not in found["text"]


def test_nobody_is_a_partner_twice_or_of_itself() -> None:
    mask, times = np.ones(4, dtype=bool), np.arange(5.0)
    one, two, all_ = (Bouts.where(mask, times, who) for who in ("a", "b", "a+b+c"))
    assert ((one & two) | (two & one)).pairs == (("a", "b"),)
    assert (one & all_).pairs == (("a", "b+c"),)
    assert (one & two).of_group().pairs == (("a+b", None),)


def of_two_seconds(words: str) -> str:
    return plan(f"When is mouse 1 {words}?", CONTEXT).code


def test_more_than_is_strict_and_at_least_is_not() -> None:
    assert ".longer_than(2)" in of_two_seconds("in the corner for more than 2 s")
    assert ".longer_than(2)" in of_two_seconds("in the corner for longer than 2 s")
    assert ".shorter_than(2)" in of_two_seconds("in the corner for less than 2 s")
    assert ".at_least(2)" in of_two_seconds("in the corner for at least 2 s")
    assert ".at_most(2)" in of_two_seconds("in the corner for at most 2 s")
    still = of_two_seconds("immobile for more than 2 s")
    assert ".longer_than(2)" in still and "immobile for more than 2 s" in still


def test_a_bout_of_exactly_two_seconds_is_not_longer_than_two() -> None:
    times = np.arange(11) / 2
    bouts = Bouts.where(np.arange(10) < 4, times, "animal1")  # from 0 to 2 s
    assert bouts.at_least(2).count == bouts.at_most(2).count == 1
    assert bouts.longer_than(2).count == bouts.shorter_than(2).count == 0
    assert bouts.longer_than(1.9).count == bouts.shorter_than(2.1).count == 1
    assert bouts.longer_than(1.9).definition == "for more than 1.9 s"


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("exactly two mice", "Exactly 2 animals were in the corner "),
        ("exactly one mouse", "Exactly 1 animal was in the corner "),
        ("no mouse", "Nobody was in the corner "),
    ],
)
def test_a_state_of_the_group_is_said_of_the_group(said: str, text: str, scene: Scene) -> None:
    assert answer(f"How often is {said} in the corner?", scene)["text"].startswith(text)


def test_a_group_that_never_did_it_is_no_pair() -> None:
    never = sentences.said("nobody in corner", "Bo+Kit+Ada", never=True)
    assert never == "It was never so that nobody was in the corner"
    assert sentences.said("contact", "Bo+Kit", "Ada").startswith("Bo and Kit and Ada were in")


@pytest.mark.parametrize(
    "question", ["How far did mouse 2 travel every 15 seconds, plot it",
                 "Plot how long mouse 1 is in the corner in bins of 10 s"]
)  # fmt: skip
def test_what_is_a_table_only_is_not_called_a_plot(question: str) -> None:
    planned = plan(question, CONTEXT)
    assert planned.refused is None and "plot" not in planned.reading.lower()
    assert planned.ignored == ["plot (of these time bins there is a table only)"]
    assert "not drawn in time bins" in refusal("Plot the path of mouse 1 every 10 s")


# yes or no, first and never


def test_who_was_first_says_who_never_was(scene: Scene) -> None:
    text = answer("Which mouse was in the corner first in the first 1 s?", scene)["text"]
    assert text.startswith("First: ") and "Least" not in text and "after 0 s" in text
    firsts = [bouts(in_mask(scene, a, "corner") & (TIME < 1)) for a in scene.animals]
    never = [a for a, found in zip(scene.animals, firsts, strict=True) if not found]
    assert never and f"Never: {', '.join(never)}." in text and "Unknown" not in text


@pytest.mark.parametrize(
    ("question", "sign"),
    [("Did mouse 1 travel further than mouse 2?", 1), ("Did mouse 1 travel less than mouse 2?", -1),
     ("Did mouse 2 travel further than mouse 1?", -1),
     ("Did mouse 2 travel less than mouse 1?", 1)],
)  # fmt: skip
def test_a_comparison_says_yes_or_no(question: str, sign: int, scene: Scene) -> None:
    one, two = (path_length(scene, a) for a in ("animal1", "animal2"))
    text = answer(question, scene)["text"]
    assert text.startswith("Yes. " if sign * one > sign * two else "No. ")


def test_what_nobody_did_is_said_so() -> None:
    from llm_query.algebra.arithmetic import rank

    times = np.arange(5.0)
    none = [Bouts.where(np.zeros(4, dtype=bool), times, a, behaviour="in corner") for a in "ab"]
    found = rank(summarise(collect(none)), "total_s")
    assert found["text"] == "None of them: a 0 s, b 0 s."


def test_the_number_of_a_time_is_said_after_the_partner() -> None:
    said = plan("When does mouse 1 touch mouse 2 for the second time?", CONTEXT).reading
    assert said == "The times of animal1 touching animal2 for the second time."
    text = sentences.said("touching for the second time", "animal1", "animal2")
    assert text == "animal1 and animal2 were in contact for the second time,"


# what cannot be done is named, with words that can


def test_outside_a_distance_is_farther_than_it() -> None:
    code = plan("How long is mouse 1 outside 50 px of ROI0?", CONTEXT).code
    assert code and code == plan("How long is mouse 1 farther than 50 px from ROI0?", CONTEXT).code


def test_any_mouse_in_a_place_is_at_least_one() -> None:
    code = plan("Is any mouse in the corner?", CONTEXT).code
    assert code and code == plan("Is at least one mouse in the corner?", CONTEXT).code


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("After leaving the corner, how long until mouse 1 enters ROI0?", "and then"),
        ("Is mouse 1 faster in the corner than in ROI0?", "mean speed of mouse 1 in the corner"),
        ("Where is mouse 1 at 20 s?", "between 20 and 21 s"),
        ("How far did mouse 1 travel excluding the last 10 s?", "excluding the last 10 s"),
        ("Which pair touched the longest?", "each pair"),
    ],
)
def test_a_refusal_names_the_phrase_and_one_that_works(question: str, why: str) -> None:
    assert why in refusal(question)
    assert plan("What is the mean speed of mouse 1 in the corner?", CONTEXT).refused is None
