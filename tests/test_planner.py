"""The offline planner: what it reads, what it states, and what it refuses instead of guessing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from planner_gold import (
    DT,
    FPS,
    LENGTH,
    TIME,
    Gold,
    N,
    Scene,
    bouts,
    bridged,
    crossings,
    distance,
    in_mask,
    inside,
    make_scene,
    off_angle,
    out_mask,
    rows,
    seen,
    speeds,
)
from test_planner_questions import execute, recording_of

from llm_query.planner import Context, plan

PLACES = Gold(("ROI0", "corner", "open arm", "object 6"))
CONTEXT = Context(
    animals=("animal1", "animal2", "animal3"),
    points=("centre", "nose", "tail_base"),
    regions=PLACES.regions,
    objects=("object 6",),
    fps=float(FPS),
    n_frames=N,
)


@pytest.fixture(scope="module")
def scene() -> Scene:
    return make_scene()


def answer(question: str, scene: Scene, context: Context = CONTEXT) -> dict[str, Any]:
    return execute(plan(question, context), recording_of(scene, PLACES))


def found_rows(found: dict[str, Any]) -> set[tuple[str, str | None, int, int]]:
    table = found["bouts"]
    return {
        (s, t, int(a), int(b))
        for s, t, a, b in zip(
            table.subject, table.target, table.start_frame, table.stop_frame, strict=True
        )
    }


def within_masks(scene: Scene, a: str, b: str, limit: float) -> np.ndarray:
    d = distance(scene, a, b)
    return bridged(d <= limit, np.isfinite(d))


# right answers to questions said in other words


@pytest.mark.parametrize(
    "question",
    [
        "When is mouse 1 in the corner?", "when was animal1 inside corner",
        "times animal 1 is in corner",
        "How long does animal1 stay in the corner?", "time spent in the corner by mouse 1",
        "What percent of the time is mouse 1 in the corner?", "Mouse 1 in the conrer: when?",
        "how often is mouse #1 in the corner region?", "when is mouse 1 within the corner",
    ],
)  # fmt: skip
def test_a_place_is_understood_in_many_words(question: str, scene: Scene) -> None:
    found = answer(question, scene)
    mask = in_mask(scene, "animal1", "corner")
    assert found_rows(found) == rows(mask, "animal1")
    assert found["numbers"]["total_s"] == pytest.approx(mask.sum() * DT)
    assert found["numbers"]["percent"] == pytest.approx(100 * mask.sum() / N)
    assert found["numbers"]["count"] == len(bouts(mask))


@pytest.mark.parametrize(
    "question",
    [
        "When is mouse 1 not in the corner?", "When is mouse 1 outside the corner?",
        "how long is animal1 out of the corner", "When isn't mouse 1 in the corner?",
    ],
)  # fmt: skip
def test_negation_is_honoured_and_an_unseen_animal_is_not_outside(
    question: str, scene: Scene
) -> None:
    assert found_rows(answer(question, scene)) == rows(
        out_mask(scene, "animal1", "corner"), "animal1"
    )


def test_several_animals_are_answered_one_by_one(scene: Scene) -> None:
    found = answer("what percent of the time is each mouse in the open arm?", scene)
    for animal in scene.animals:
        share = 100 * in_mask(scene, animal, "open arm").sum() / N
        assert found["numbers"][f"{animal} percent"] == pytest.approx(share)


def test_or_joins_regions(scene: Scene) -> None:
    found = answer("How long is mouse 2 in the corner or the open arm?", scene)
    position = scene.centre["animal2"]
    either = inside(position, "corner") | inside(position, "open arm")
    one = in_mask(scene, "animal2", "corner") | in_mask(scene, "animal2", "open arm")
    assert np.array_equal(one, bridged(either, seen(position)) | one)
    assert found["numbers"]["total_s"] == pytest.approx(one.sum() * DT)


def test_the_last_20_seconds_clip_the_bouts(scene: Scene) -> None:
    found = answer("how long was animal2 in the corner in the last 20 seconds?", scene)
    mask = in_mask(scene, "animal2", "corner") & (TIME >= N * DT - 20 - 1e-6)
    assert found_rows(found) == rows(mask, "animal2")
    assert found["numbers"]["total_s"] == pytest.approx(mask.sum() * DT)


def test_immobility_in_a_part_of_the_recording(scene: Scene) -> None:
    found = answer("how long was animal1 immobile in the first 15 seconds?", scene)
    last = int(np.searchsorted(TIME, 15))
    assert found["numbers"]["total_s"] == pytest.approx((last - 400) * DT)


def test_the_latency_to_a_first_entry(scene: Scene) -> None:
    found = answer("latency to first enter the open arm", scene)
    for animal in scene.animals:
        first = crossings(scene, animal, "open arm", entering=True)[0]
        assert found["numbers"][f"{animal} latency_s"] == pytest.approx(first * DT)


def test_the_mean_speed_while_in_a_region(scene: Scene) -> None:
    found = answer("average speed of animal3 while in the corner", scene)
    mask = in_mask(scene, "animal3", "corner")[:-1]
    xy = scene.centre["animal3"]
    steps = np.hypot(*np.diff(xy, axis=0).T)[mask]
    steps = steps[np.isfinite(steps)]
    assert found["numbers"]["mean_speed_px_s"] == pytest.approx(steps.sum() / (len(steps) * DT))


def test_the_measure_is_of_its_own_animal_not_of_the_one_in_the_condition(scene: Scene) -> None:
    found = answer("maximum speed of mouse 1 while mouse 2 is in the corner", scene)
    here = in_mask(scene, "animal2", "corner")
    expected = np.nanmax(speeds(scene.centre["animal1"])[here])
    assert found["numbers"]["max_speed_px_s"] == pytest.approx(expected)


def test_how_far_in_a_time_window(scene: Scene) -> None:
    found = answer("How far did mouse 2 travel between 5 and 10 s?", scene)
    steps = np.hypot(*np.diff(scene.centre["animal2"], axis=0).T)
    part = (TIME[:-1] >= 5 - 1e-6) & (TIME[:-1] < 10 - 1e-6)
    assert found["numbers"]["distance_travelled_px"] == pytest.approx(np.nansum(steps[part]))


def test_two_animals_closer_than_a_distance(scene: Scene) -> None:
    for question in (
        "When are mouse 1 and mouse 2 within 60 px of each other?",
        "how long is animal1 within 60 pixels of animal2",
    ):
        mask = within_masks(scene, "animal1", "animal2", 60)
        assert found_rows(answer(question, scene)) == rows(mask, "animal1", "animal2")


def test_near_without_a_number_is_the_stated_default(scene: Scene) -> None:
    planned = plan("When is mouse 1 near mouse 2?", CONTEXT)
    assert any("2 body lengths" in said for said in planned.assumptions)
    mask = within_masks(scene, "animal1", "animal2", 80)
    assert found_rows(answer("When is mouse 1 near mouse 2?", scene)) == rows(
        mask, "animal1", "animal2"
    )


def test_not_near_any_other_means_none_of_them(scene: Scene) -> None:
    found = answer("When is mouse 1 not within 60 px of another mouse?", scene)
    close, known = np.zeros(N, dtype=bool), np.ones(N, dtype=bool)
    for other in ("animal2", "animal3"):
        d = distance(scene, "animal1", other)
        near = bridged(d <= 60, np.isfinite(d))
        far = bridged(d > 60, np.isfinite(d))
        close, known = close | near, known & (near | far)
    assert found_rows(found) == rows(~close & known, "animal1")


def test_facing_and_distance_together_keep_the_target(scene: Scene) -> None:
    found = answer("When is mouse 1 facing mouse 3 while closer than 90 px to mouse 3?", scene)
    d, angle = distance(scene, "animal1", "animal3"), off_angle(scene, "animal1", "animal3")
    mask = bridged(angle <= 30, np.isfinite(angle)) & bridged(d < 90, np.isfinite(d))
    assert found_rows(found) == rows(mask, "animal1", "animal3")


def test_a_definition_is_counted(scene: Scene) -> None:
    found = answer(
        "Define pacing as mouse 3 moves faster than 100 px/s in the corner. "
        "How often does pacing happen?",
        scene,
    )  # fmt: skip
    fast = speeds(scene.centre["animal3"])
    mask = bridged(fast > 100, np.isfinite(fast)) & in_mask(scene, "animal3", "corner")
    assert found["numbers"]["count"] == len(bouts(mask))


def test_a_shortest_duration_is_kept(scene: Scene) -> None:
    found = answer("When is mouse 2 in the corner for at least 3 s?", scene)
    stays = [b for b in bouts(in_mask(scene, "animal2", "corner")) if (b[1] - b[0]) * DT >= 3]
    assert found_rows(found) == {("animal2", None, *stay) for stay in stays}


def test_the_longest_visit_is_a_stay_not_an_entry(scene: Scene) -> None:
    found = answer("what is the longest visit of mouse 2 to the corner", scene)
    longest = max(stop - start for start, stop in bouts(in_mask(scene, "animal2", "corner")))
    assert found["numbers"]["longest_s"] == pytest.approx(longest * DT)


def test_a_visit_of_some_length_is_a_stay(scene: Scene) -> None:
    found = answer("how often did mouse 2 visit the corner for more than 2 s", scene)
    stays = [b for b in bouts(in_mask(scene, "animal2", "corner")) if (b[1] - b[0]) * DT > 2]
    assert found["numbers"]["count"] == len(stays) > 0


def test_an_animal_said_after_the_verb_is_the_subject(scene: Scene) -> None:
    found = answer("how many visits to the corner did mouse 2 make?".replace(" make", ""), scene)
    assert found["numbers"]["count"] == len(crossings(scene, "animal2", "corner", entering=True))


def test_centimetres_need_a_scale_and_are_converted_with_one(scene: Scene) -> None:
    refused = plan("When is mouse 1 within 3 cm of mouse 2?", CONTEXT).refused
    assert refused is not None and "no scale" in refused
    from dataclasses import replace

    planned = plan(
        "When is mouse 1 within 3 cm of mouse 2?", replace(CONTEXT, unit="cm", px_per_cm=20.0)
    )
    recording = replace(recording_of(scene, PLACES), px_per_cm=20.0)
    found = execute(planned, recording)
    assert found_rows(found) == rows(
        within_masks(scene, "animal1", "animal2", 60), "animal1", "animal2"
    )


# what is stated


def test_a_number_without_unit_takes_the_recordings_unit_and_says_so() -> None:
    planned = plan("How long does mouse 1 move faster than 3?", CONTEXT)
    assert any("names no unit: read as 3 px/s" in said for said in planned.assumptions)


def test_thresholds_are_stated_with_unit_and_source() -> None:
    said = " ".join(plan("when is mouse 1 immobile?", CONTEXT).assumptions)
    assert "0.5 cm/s" in said and "1 s" in said and "SimBA" in said


def test_a_typo_is_mended_and_stated() -> None:
    planned = plan("When is mouse 1 in the conrer?", CONTEXT)
    assert "'conrer' is read as 'corner'." in planned.assumptions


def test_words_that_narrow_nothing_are_listed_as_ignored() -> None:
    planned = plan("In terms of social analysis, when is mouse 1 in the corner?", CONTEXT)
    assert planned.refused is None
    assert planned.ignored == ["in terms of", "social", "analysis"]


def test_the_code_reads_like_the_question() -> None:
    code = plan("How long is each mouse in the corner?", CONTEXT).code
    assert code.splitlines()[2:] == [
        "    found = []",
        "    for animal in recording.animals:",
        '        found.append(in_region(recording, animal, "corner"))',
        "    bouts = collect(found)",
        "    return summarise(bouts)",
    ]


def test_a_behaviour_kept_in_the_study_is_used() -> None:
    context = Context(animals=("animal1",), behaviours=("rearing",))
    assert 'kept_bouts(recording, "rearing", animal)' in plan("How often is rearing?", context).code


def test_custom_names_are_known() -> None:
    context = Context(animals=("Mickey", "Minnie"), regions=("Nest box",))
    code = plan("How long is minnie in the nest box?", context).code
    assert 'in_region(recording, "Minnie", "Nest box")' in code
    second = plan("How long is mouse 2 in the nest box?", context)
    assert '"Minnie"' in second.code
    assert any("number 2" in said for said in second.assumptions)


def test_plural_names_join_the_regions_of_a_family() -> None:
    context = Context(animals=("m",), regions=("open arm 1", "open arm 2", "closed arm 1"))
    planned = plan("time in the open arms", context)
    assert 'in_region(recording, animal, ["open arm 1", "open arm 2"])' in planned.code


# refusals


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("When is mouse 1 in the nest?", "corner, open arm"),
        ("When is mouse 4 in the corner?", "animal1, animal2, animal3"),
        ("When is animal0 in the corner?", "counted from 1"),
        ("When is mouse 1 only in the corner?", "only"),
        ("When is mouse 1 in the corner except after eating?", "eat"),
        ("When is mouse 1 in the corner before mouse 2 enters?", "enters"),
        ("When is the head of mouse 1 closer than 3 px to mouse 2?", "body point 'head'"),
        ("When is mouse 1 in the corner but not mouse 2?", "mouse 2"),
        ("When are mouse 1 and mouse 2 in the same region?", "same"),
        ("How many animals are in the corner?", "animals"),
        ("When is mouse 1 near the object 6?", "Say how near"),
        ("When is mouse 1 near it?", "'it'"),
        ("When is mouse 1 facing away from mouse 2?", "away"),
        ("When is mouse 1 moving away from mouse 2?", "away"),
        ("How long does mouse 1 enter the corner?", "moment"),
        ("When is the left ear of mouse 1 in the corner?", "I do not know"),
        ("mouse 1 in the corner and then or touching mouse 2", "no clear meaning"),
        ("When is mouse 1 in the corner and in the open arm or near mouse 2?", "mixed"),
        ("In the first half and in the last minute, how long is mouse 1 in the corner?", "several"),
        ("When is mouse 1 chased?", "who does it to whom"),
        ("distance of mouse 1", "of what"),
        ("", "empty"),
        ("x" * 3000, "longer"),
        ("delete everything", "delete"),
        ('when is mouse 1 in "corner"); import os; ("', "import"),
        ("When does mouse 1 stay in the corner for 5 apples?", "number 5"),
        ("What is the average heading of mouse 1?", "heading"),
        ("Is mouse 1 still in the corner?", "'still' could mean"),
        ("When is mouse 1 following or chasing mouse 2?", "whom after each verb"),
        ("When does mouse 1 turn left?", "turn"),
        ("When are all mice in the corner?", "'all' could mean"),
        ("When does mouse 1 enter the corner for more than 2 s?", "moment"),
        ("When is the maximum speed of mouse 1?", "does not fit speed"),
        ("How often is the speed of mouse 1?", "does not fit speed"),
        ("mean distance travelled by mouse 1", "several meanings"),
        ("mean number of visits to the corner", "counts"),
        ("average time in the corner per visit", "per"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused_with_a_reason(question: str, reason: str) -> None:
    planned = plan(question, CONTEXT)
    assert planned.refused is not None, f"{planned.reading} {planned.code}"
    assert reason in planned.refused
    assert planned.code == ""


def test_who_chases_whom_is_not_turned_round() -> None:
    active = plan("when does mouse 1 chase mouse 2, and how long?", CONTEXT).code
    passive = plan("when is mouse 2 chased by mouse 1?", CONTEXT).code
    assert 'chase(recording, "animal1", "animal2")' in active
    assert 'chase(recording, "animal1", "animal2")' in passive


def test_contact_is_between_the_two_that_are_named() -> None:
    code = plan("how often do mouse 1 and mouse 2 touch?", CONTEXT).code
    assert 'contact(recording, "animal1", "animal2")' in code
    near = plan("When is mouse 1 near mouse 2 without touching?", CONTEXT).code
    assert '& (~contact(recording, "animal1", "animal2"))' in near


def test_names_with_quotes_cannot_leave_their_string() -> None:
    context = Context(animals=('a"); import os; ("',), regions=("b\\",))
    from llm_query.planner_code import check_code

    planned = plan("when is each animal in a region?", context)
    assert planned.refused is None
    check_code(planned.code)
    compile(planned.code, "analysis", "exec")


def test_everything_after_a_name_must_have_a_part_in_the_answer() -> None:
    planned = plan("When is mouse 1 in the corner, mouse 2", CONTEXT)
    assert planned.refused is not None and "mouse 2" in planned.refused


@pytest.mark.parametrize(
    ("question", "call"),
    [
        (
            "how long do mouse 1 and mouse 2 spend near each other",
            'near(recording, "animal1", "animal2")',
        ),
        ("minimum distance between mouse 1 and mouse 3", "min_of("),
        ("distance from mouse 1 to the object 6 over time", '"object 6"'),
        ("when do mouse 1 and mouse 2 chase each other", 'chase(recording, "animal2", "animal1")'),
        ("total distance moved by each animal", "distance_moved(recording, animal)"),
        ("body length of mouse 1", "body_length(recording, animal)"),
        ("plot a heatmap of mouse 1", 'plot_occupancy(recording, ["animal1"])'),
        ("When does mouse 1 leave the corner then enter the open arm within 5 s?", ", 5)"),
        ("how long is animal1 immobile in the corner", "immobile(recording"),
        ("How long does mouse 1 freeze?", 'freezing(recording, "animal1")'),
        ("is each mouse freezing in the corner?", "freezing(recording, animal)"),
        (
            "when are mouse 1 and mouse 2 nose to nose?",
            'nose_contact(recording, "animal1", "animal2")',
        ),
        ("how often does mouse 3 sniff mouse 1", 'nose_to_body(recording, "animal3", "animal1")'),
        (
            "when is mouse 1 side by side with mouse 2",
            'side_by_side(recording, "animal1", "animal2")',
        ),
        ("how long does each mouse huddle", "huddle(recording).only(animal)"),
        ("how long is mouse 2 isolated", 'isolated(recording, "animal2")'),
    ],
)
def test_the_right_measure_is_called(question: str, call: str) -> None:
    planned = plan(question, CONTEXT)
    assert planned.refused is None
    assert call in planned.code


def test_a_behaviour_known_by_name_says_its_rule_and_source() -> None:
    said = " ".join(plan("how long does mouse 1 freeze?", CONTEXT).assumptions)
    assert "Freezing: " in said and "window 0.4 s" in said and "Source: " in said
    told = plan("when is mouse 1 freezing for at least 3 s?", CONTEXT)
    assert "at_least(3)" in told.code and told.refused is None


def test_huddles_and_noses_are_found_as_by_their_words(scene: Scene) -> None:
    found = answer("When is each mouse nose to nose with another mouse?", scene)
    nose = {a: scene.point(a, "nose") for a in scene.animals}
    for a, b, start, stop in found_rows(found):
        apart = np.hypot(*(nose[a] - nose[str(b)])[start:stop].T)
        assert np.nanmax(apart) < LENGTH
    assert {tuple(sorted((a, str(b)))) for a, b, _, _ in found_rows(found)} == {
        ("animal2", "animal3")
    }


def test_time_in_each_region_is_told_apart(scene: Scene) -> None:
    found = answer("How long is each animal in each region?", scene)
    for animal in scene.animals:
        for region in PLACES.regions:
            seconds = in_mask(scene, animal, region).sum() * DT
            assert found["numbers"][f"{animal} in {region} total_s"] == pytest.approx(seconds)


def test_the_smallest_distance_is_the_smallest(scene: Scene) -> None:
    found = answer("minimum distance between mouse 1 and mouse 3", scene)
    expected = np.nanmin(distance(scene, "animal1", "animal3"))
    assert found["numbers"]["min_distance_px"] == pytest.approx(expected)


def test_a_sequence_within_a_limit_leaves_out_the_late_ones(scene: Scene) -> None:
    text = "When does mouse 3 leave the corner then enter the open arm within {} s?"
    starts = crossings(scene, "animal3", "corner", entering=False)
    ends = crossings(scene, "animal3", "open arm", entering=True)
    waits = [min((e - s) * DT for e in ends if e >= s) for s in starts if any(e >= s for e in ends)]
    limit = float(np.median(waits))
    found = answer(text.format(round(limit, 3)), scene)
    table = found["bouts"]
    assert 0 < len(table) < len(answer(text.format(100), scene)["bouts"]) + 1
    assert (table.duration_s <= limit + 1e-3).all()
