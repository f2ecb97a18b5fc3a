"""Comparisons, rates, bins, ratios, joint states and plots by name: as computed by hand."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from planner_gold import (
    DT,
    TIME,
    N,
    Scene,
    above,
    bouts,
    bridged,
    crossings,
    in_mask,
    make_scene,
    out_mask,
    path_length,
    rows,
    seen,
    speeds,
)
from test_planner import CONTEXT, answer, found_rows

from llm_query.planner import Context, plan
from llm_query.planning.plan_frames import find_frame
from llm_query.planning.plan_ratios import take_bins

ANIMALS = ("animal1", "animal2", "animal3")
MINUTES = N * DT / 60


@pytest.fixture(scope="module")
def scene() -> Scene:
    return make_scene()


def times_in(scene: Scene, region: str) -> dict[str, float]:
    return {a: in_mask(scene, a, region).sum() * DT for a in ANIMALS}


def mean_speed(scene: Scene, animal: str) -> float:
    known = seen(scene.centre[animal])
    return path_length(scene, animal) / ((known[1:] & known[:-1]).sum() * DT)


def entries(scene: Scene, animal: str, region: str = "corner") -> list[int]:
    return crossings(scene, animal, region, entering=True)


def code_of(question: str) -> str:
    understood = plan(question, CONTEXT)
    assert understood.refused is None, understood.refused
    return understood.code


# who did it most


@pytest.mark.parametrize(
    ("question", "what", "least"),
    [
        ("Which mouse travelled the farthest?", "way", False),
        ("Which animal moved the least?", "way", True),
        ("Rank the animals by distance travelled", "way", False),
        ("Who is the fastest?", "speed", False),
        ("Which mouse is the slowest?", "speed", True),
        ("Which of the mice has the highest mean speed?", "speed", False),
        ("Which animal spent the most time in the corner?", "time", False),
        ("Which mouse was in the corner the longest?", "time", False),
        ("Which mouse spent the least time in the corner?", "time", True),
        ("Which mouse entered the corner most often?", "entries", False),
        ("Which mouse entered the corner the least often?", "entries", True),
        ("Which mouse made the most visits to the corner?", "entries", False),
        ("Which mouse entered the corner first?", "latency", True),
        ("Which mouse was the first to enter the corner?", "latency", True),
    ],
)
def test_animals_are_put_in_order(question: str, what: str, least: bool, scene: Scene) -> None:
    values = {
        "way": {a: path_length(scene, a) for a in ANIMALS},
        "speed": {a: mean_speed(scene, a) for a in ANIMALS},
        "time": times_in(scene, "corner"),
        "entries": {a: float(len(entries(scene, a))) for a in ANIMALS},
        "latency": {a: entries(scene, a)[0] * DT for a in ANIMALS},
    }[what]
    found = answer(question, scene)
    assert found["numbers"] == {a: pytest.approx(v) for a, v in values.items()}
    order = sorted(values.values(), reverse=not least)
    assert found["table"]["value"].tolist() == pytest.approx(order)
    assert values[found["table"]["who"][0]] == order[0]
    head = "First" if what == "latency" else "Least" if least else "Most"
    assert found["text"].startswith(head)


@pytest.mark.parametrize(
    ("question", "what"),
    [
        ("Did mouse 1 travel farther than mouse 2?", "way"),
        ("Is mouse 1 faster than mouse 2?", "speed"),
        ("Compare the speed of mouse 1 and mouse 2", "speed"),
        ("Does mouse 1 spend more time in the corner than mouse 2?", "time"),
        ("How much more time does mouse 1 spend in the corner than mouse 2?", "time"),
        ("Did mouse 1 enter the corner more often than mouse 2?", "entries"),
    ],
)
def test_two_animals_are_compared(question: str, what: str, scene: Scene) -> None:
    values = {
        "way": lambda a: path_length(scene, a), "speed": lambda a: mean_speed(scene, a),
        "time": times_in(scene, "corner").__getitem__,
        "entries": lambda a: float(len(entries(scene, a))),
    }[what]  # fmt: skip
    numbers = answer(question, scene)["numbers"]
    assert numbers == {a: pytest.approx(values(a)) for a in ("animal1", "animal2")}


def test_a_comparison_is_of_a_number_and_of_two_animals() -> None:
    alone = Context(animals=("mouse",), regions=("corner",))
    assert "two animals" in (plan("Which mouse travelled the farthest?", alone).refused or "")
    assert plan("Which mouse has the highest position?", CONTEXT).refused
    assert plan("Which mouse is the nicest?", CONTEXT).refused
    assert plan("Which mouse is the most beautiful?", CONTEXT).refused
    assert plan("Which mouse spent the most time eating?", CONTEXT).refused


# rates, bins, ratios


@pytest.mark.parametrize(
    "question",
    [
        "How often per minute does mouse 1 enter the corner?",
        "entries into the corner per minute by mouse 1",
        "number of visits of mouse 1 to the corner per minute",
    ],
)
def test_a_rate_is_per_minute_of_the_recording(question: str, scene: Scene) -> None:
    found = answer(question, scene)["numbers"]["per_minute"]
    assert found == pytest.approx(len(entries(scene, "animal1")) / MINUTES)


def test_a_rate_is_per_minute_of_the_part_asked_about(scene: Scene) -> None:
    question = "How often per minute does mouse 3 enter the corner in the first 20 s?"
    first = [f for f in entries(scene, "animal3") if TIME[f] < 20 - 1e-6]
    length = (TIME < 20 - 1e-6).sum() * DT
    found = answer(question, scene)["numbers"]["per_minute"]
    assert found == pytest.approx(len(first) / (20 / 60), rel=0.01) and length < 20.03
    way = answer("distance travelled per minute by mouse 1", scene)["numbers"]["per_minute"]
    assert way == pytest.approx(path_length(scene, "animal1") / MINUTES)


def test_a_speed_per_minute_stays_a_speed() -> None:
    assert find_frame("How long is mouse 1 faster than 10 cm per minute?", CONTEXT) is None


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("in bins of 10 s", 10), ("in 10-s bins", 10), ("every 10 seconds", 10),
        ("in 10 second intervals", 10), ("using time bins of 10 s", 10),
        ("in each minute", 60), ("minute by minute", 60), ("in 5 minute blocks", 300),
    ],
)  # fmt: skip
def test_time_bins_are_said_in_many_ways(said: str, seconds: float) -> None:
    assert take_bins(f"time in the corner {said}") == ("time in the corner", seconds)


def test_bins_hold_the_seconds_and_counts_of_each(scene: Scene) -> None:
    table = answer("How long is mouse 3 in the corner in bins of 10 s?", scene)["table"]
    mask = in_mask(scene, "animal3", "corner")
    edges = np.append(np.arange(0, N * DT, 10), N * DT)
    start, stop = TIME, np.append(TIME[1:], N * DT)
    for row, (low, high) in zip(table.itertuples(), pairwise(edges), strict=True):
        inside = np.clip(np.minimum(stop, high) - np.maximum(start, low), 0, None)
        if not (inside[seen(scene.centre["animal3"])] > 0).any():
            assert np.isnan(row.duration_s)  # never seen in it
            continue
        assert row.duration_s == pytest.approx(inside[mask].sum())
        assert row.count == sum(low <= TIME[a] < high for a, _ in bouts(mask))


def test_distance_and_speed_in_bins(scene: Scene) -> None:
    way = answer("distance travelled by mouse 1 in bins of 10 s", scene)["table"]
    steps = np.hypot(*np.diff(scene.centre["animal1"], axis=0).T)
    first = np.nansum(steps[TIME[:-1] < 10 - 1e-6])
    assert way["value"][0] == pytest.approx(first)
    assert way["value"].sum() == pytest.approx(path_length(scene, "animal1"))
    fast = answer("mean speed of mouse 1 every 10 s", scene)["table"]
    assert fast["value"][0] == pytest.approx(
        np.nanmean(speeds(scene.centre["animal1"])[TIME < 10 - 1e-6])
    )


@pytest.mark.parametrize(
    ("question", "way"),
    [
        ("time in the corner divided by time in ROI0", lambda a, b: a / b),
        ("time in the corner / time in ROI0", lambda a, b: a / b),
        ("ratio of the time in the corner to the time in ROI0", lambda a, b: a / b),
        ("Time in the corner minus time in ROI0", lambda a, b: a - b),
        ("preference index for the corner over ROI0", lambda a, b: (a - b) / (a + b)),
        (
            "An index was calculated as (A-B)/(A+B), with A being the time in the corner and B "
            "being the time in ROI0.",
            lambda a, b: (a - b) / (a + b),
        ),
    ],
)
def test_two_times_are_related(
    question: str, way: Callable[[float, float], float], scene: Scene
) -> None:
    found = answer(question, scene)["numbers"]
    one, two = times_in(scene, "corner"), times_in(scene, "ROI0")
    assert [found[f"{a} {next(iter(found)).split()[1]}"] for a in ANIMALS] == pytest.approx(
        [way(one[a], two[a]) for a in ANIMALS]
    )


def test_an_index_of_other_letters_or_kinds_is_refused() -> None:
    assert plan("(A-B)/(A+C), with A being the time in the corner and B being 3", CONTEXT).refused
    assert plan("time in the corner divided by distance travelled", CONTEXT).refused


def test_percent_of_the_bouts_themselves(scene: Scene) -> None:
    found = answer("What percent of visits to the corner last longer than 2 s?", scene)["numbers"]
    for animal in ANIMALS:
        stays = bouts(in_mask(scene, animal, "corner"))
        long = [b for b in stays if (b[1] - b[0]) * DT > 2]
        assert found[f"{animal} percent"] == pytest.approx(100 * len(long) / len(stays))


def test_medians_and_spreads(scene: Scene) -> None:
    found = answer("median duration of visits to the corner", scene)["numbers"]
    stays = [(b - a) * DT for a, b in bouts(in_mask(scene, "animal3", "corner"))]
    assert found["animal3 median_bout_length_s"] == pytest.approx(np.median(stays))
    values = speeds(scene.centre["animal2"])
    values = values[np.isfinite(values)]
    for question, value in (
        ("standard deviation of the speed of mouse 2", values.std(ddof=1)),
        ("90th percentile of the speed of mouse 2", np.quantile(values, 0.9)),
        ("median speed of mouse 2", np.median(values)),
    ):
        assert list(answer(question, scene)["numbers"].values()) == [pytest.approx(value)]


# several animals at once


def test_alone_nobody_anybody_and_all(scene: Scene) -> None:
    inside = {a: in_mask(scene, a, "corner") for a in ANIMALS}
    outside = {a: out_mask(scene, a, "corner") for a in ANIMALS}
    alone = inside["animal1"] & outside["animal2"] & outside["animal3"]
    found = answer("How long was mouse 1 alone in the corner?", scene)
    assert found_rows(found) == rows(alone, "animal1") != set()
    empty = outside["animal1"] & outside["animal2"] & outside["animal3"]
    assert answer("How long was no mouse in the corner?", scene)["numbers"]["total_s"] == (
        pytest.approx(empty.sum() * DT)
    )
    some = inside["animal1"] | inside["animal2"] | inside["animal3"]
    question = "How long was at least one mouse in the corner?"
    assert answer(question, scene)["numbers"]["total_s"] == pytest.approx(some.sum() * DT)
    for question in (
        "How long were mouse 2 and mouse 3 both in the corner?",
        "How long were mouse 2 and mouse 3 together in the corner?",
        "How long were mouse 2 and mouse 3 in the corner at the same time?",
    ):
        both = inside["animal2"] & inside["animal3"]
        assert answer(question, scene)["numbers"]["total_s"] == pytest.approx(both.sum() * DT)
    assert both.any()
    assert "name the two" in (plan("How long were both in the corner?", CONTEXT).refused or "")


# sequences


def test_three_steps_in_a_row_and_within_after(scene: Scene) -> None:
    question = "When does mouse 3 enter the corner then leave the corner then enter ROI0?"
    table = answer(question, scene)["bouts"]
    assert len(table) > 0
    ins = entries(scene, "animal3", "corner")
    rooms = entries(scene, "animal3", "ROI0")
    for row in table.itertuples():
        assert row.start_frame in ins and row.stop_frame in rooms
    limit = 3.0
    late = answer(f"How often does mouse 3 enter ROI0 within {limit:g} s after leaving the corner?",
                  scene)["bouts"]  # fmt: skip
    gone = crossings(scene, "animal3", "corner", entering=False)
    expected = [f for f in rooms if any(0 <= (f - g) * DT <= limit for g in gone)]
    assert late["start_frame"].tolist() == expected


# plots by name


@pytest.mark.parametrize(
    ("question", "call"),
    [
        ("plot the time budget of moving and immobile", "plot_time_budget(bouts)"),
        ("plot the time budget", "plot_time_budget(bouts)"),
        ("transition matrix of freezing and moving", "plot_transitions(bouts)"),
        ("heading plot of mouse 1", 'plot_heading(recording, ["animal1"])'),
        ("social matrix of chasing", "plot_social_matrix(bouts)"),
        ("plot an embedding of postures", "plot_embedding(recording, recording.animals)"),
        ("speed distribution of mouse 2", 'plot_speed_distribution(recording, ["animal2"])'),
        ("plot the speed distribution in the first 10 s", "start_s=start_s, stop_s=stop_s"),
    ],
)
def test_a_plot_is_drawn_by_its_name(question: str, call: str, scene: Scene) -> None:
    assert call in code_of(question)
    assert answer(question, scene)["figure"]["data"]


def test_a_time_budget_is_of_the_behaviours_named(scene: Scene) -> None:
    found = answer("plot the time budget of mouse 1 in the corner and in ROI0", scene)
    shares = {t["name"]: t["y"][0] for t in found["figure"]["data"]}
    only = in_mask(scene, "animal1", "corner") & ~in_mask(scene, "animal1", "ROI0")
    assert shares["in corner"] == pytest.approx(100 * only.sum() / N)


# measures by name


def test_measures_known_by_name_are_those_of_the_vocabulary(scene: Scene) -> None:
    fast = speeds(scene.centre["animal1"])
    assert above(fast, 0).any()
    steps = path_length(scene, "animal2")
    ends = scene.centre["animal2"][[0, -1]]
    found = answer("path straightness of mouse 2", scene)["numbers"]
    lost = sum(
        np.hypot(*(scene.centre["animal2"][b] - scene.centre["animal2"][a - 1]))
        for a, b in bouts(~seen(scene.centre["animal2"]))
    )  # gaps are gone through straight
    value = np.hypot(*(ends[1] - ends[0])) / (steps + lost)
    assert list(found.values()) == [pytest.approx(value)]
    middle = np.nanmean([scene.centre[a] for a in ANIMALS], axis=0)
    apart = np.array([np.hypot(*(scene.centre[a] - middle).T) for a in ANIMALS])
    spread = answer("mean group spread", scene)["numbers"]
    assert list(spread.values()) == [pytest.approx(np.nanmean(np.nanmean(apart, axis=0)))]
    turning = answer("when is the turning speed of mouse 2 below 0 deg/s?", scene)["bouts"]
    assert len(turning) and (turning["subject"] == "animal2").all()


@pytest.mark.parametrize(
    ("question", "call"),
    [
        ("how often does mouse 1 rear?", 'rearing(recording, "animal1")'),
        ("how long does mouse 1 groom?", 'grooming(recording, "animal1")'),
        ("how long does mouse 1 sleep?", 'asleep(recording, "animal1")'),
        ("when does mouse 1 watch mouse 2?", 'watching(recording, "animal1", "animal2")'),
        ("when does mouse 1 leave mouse 2?", 'leave(recording, "animal1", "animal2")'),
        ("when does mouse 1 move towards mouse 2?", 'approach(recording, "animal1", "animal2")'),
        ("when does mouse 1 move towards the corner?", 'moving_towards(recording, "animal1", "c'),
        ("when does mouse 1 move away from the corner?", 'moving_away(recording, "animal1", "c'),
        ("how long does mouse 1 explore object 6?", 'explores(recording, "animal1", "object 6")'),
        ("how long is the head of mouse 1 in the corner?", "head_in_region("),
        ("how long is mouse 1 in the corner or ROI0?", 'in_region(recording, "animal1", ["corner"'),
        ("when is mouse 1 highly mobile?", 'mobility_state(recording, "animal1", "highly mobile")'),
        ("relative speed between mouse 1 and mouse 2", "relative_speed(recording, animal, other)"),
    ],
)
def test_the_grown_vocabulary_is_called(question: str, call: str) -> None:
    assert call in code_of(question)


def test_unseen_frames_stay_unseen_in_joint_states(scene: Scene) -> None:
    """An animal that is not seen is neither with the other nor away."""
    gap = ~bridged(seen(scene.centre["animal1"]), seen(scene.centre["animal1"]))
    found = answer("How long was mouse 2 alone in the corner?", scene)["bouts"]
    for row in found.itertuples():
        assert not gap[row.start_frame : row.stop_frame].any()


@pytest.mark.parametrize(
    "question",
    [
        "Which mouse is sniffed the most?",
        "Which mouse is chased most often?",
        "Which mouse was in the corner last?",
        "Which mouse touches the others the most?",
        "Does mouse 1 approach mouse 2 more often than mouse 3?",
        "How long is mouse 1 in the corner after first entering ROI0?",
        "How long is mouse 1 both in the corner?",
        "When is mouse 1 sniffed?",
    ],
)
def test_what_could_mean_something_else_is_refused(question: str) -> None:
    assert plan(question, CONTEXT).refused


def test_both_are_the_two_that_the_measure_is_of(scene: Scene) -> None:
    from planner_gold import distance

    question = "average distance between mouse 2 and mouse 3 while both are in the corner"
    both = in_mask(scene, "animal2", "corner") & in_mask(scene, "animal3", "corner")
    apart = distance(scene, "animal2", "animal3")[both]
    found = answer(question, scene)["numbers"]
    assert list(found.values()) == [pytest.approx(np.nanmean(apart))]


def test_who_does_it_most_is_to_whomever(scene: Scene) -> None:
    assert "bouts.any_target()" in code_of("Which mouse sniffs the most?")
    assert set(answer("Which mouse sniffs the most?", scene)["numbers"]) == set(ANIMALS)


def test_a_share_of_two_times(scene: Scene) -> None:
    question = "Time in the corner / (time in the corner + time in ROI0)"
    one, two = times_in(scene, "corner"), times_in(scene, "ROI0")
    found = answer(question, scene)["numbers"]
    for animal in ANIMALS:
        assert found[f"{animal} share"] == pytest.approx(one[animal] / (one[animal] + two[animal]))
    assert plan("Time in the corner / (time in ROI0 + time in the open arm)", CONTEXT).refused


def test_definitions_by_name_are_read(scene: Scene) -> None:
    moving = answer("Movement time: the length of time that the subject spent moving", scene)
    assert moving["numbers"] == answer("How long does each animal move?", scene)["numbers"]
    text = "Oral-genital contact: the nose of one animal is closer than 15 px to the tail base of "
    nose_tail = answer(text + "another animal", scene)["bouts"]
    for row in nose_tail.itertuples():
        nose, tail = scene.point(row.subject, "nose"), scene.point(row.target, "tail_base")
        assert np.nanmax(np.hypot(*(nose - tail)[row.start_frame : row.stop_frame].T)) < 15
    assert "side_by_side(recording, animal, other)" in code_of(
        "Side by side contact: both animals are side by side"
    )
    assert "contact(recording, animal, other)" in code_of("Contact: two animals touch")
    assert "name the two" in (plan("When are both animals in the corner?", CONTEXT).refused or "")


def test_alone_without_a_place_is_isolated(scene: Scene) -> None:
    assert 'isolated(recording, "animal1")' in code_of("How long is mouse 1 alone?")
    left = answer("How often does mouse 2 freeze within 5 s after mouse 1 left the corner?", scene)
    assert left["numbers"]["count"] == 0
