"""What must not matter to social measures: mirrors, turns, units, names, the clock, frame rates."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_query.measures import (
    approach,
    chase,
    closest_distance,
    distance_between,
    facing,
    follow,
    group_spread,
    huddle,
    leave,
    make_contact,
    near,
    nose_contact,
    nose_to_body,
    nose_to_tail,
    polarisation,
    relative_angle,
    relative_speed,
    side_by_side,
    touch,
    watching,
)
from llm_query.recording import Recording

NAMES = ("a", "b", "c")
FRAMES, FPS, LENGTH = 240, 30, 40.0
BEHAVIOURS = (
    near, nose_contact, nose_to_tail, nose_to_body, touch, side_by_side, watching, facing,
    approach, follow, chase, make_contact, leave,
)  # fmt: skip
MEASURES = (distance_between, closest_distance, relative_speed, relative_angle)
seeds = st.integers(0, 10**6)
few = settings(max_examples=12, deadline=None)
Scene = dict[str, dict[str, np.ndarray]]


def scene(seed: int) -> Scene:
    """Three animals of 40 px that hurry, halt and turn in a box of 300 px, with gaps."""
    rng = np.random.default_rng(seed)
    made: Scene = {}
    for name in NAMES:
        knots = np.sort(rng.choice(np.arange(8, FRAMES - 8), 6, replace=False))
        corners = rng.uniform(0, 300, (8, 2)) + rng.normal(0, 1, 2)
        halts = rng.random(8) < 0.3
        for k in np.flatnonzero(halts[1:]) + 1:
            corners[k] = corners[k - 1]
        at = np.concatenate([[0], knots, [FRAMES]])
        centre = np.column_stack(
            [np.interp(np.arange(FRAMES), at, corners[:, axis]) for axis in (0, 1)]
        )
        centre += rng.normal(0, 0.2, centre.shape)
        turn = np.cumsum(rng.normal(0, 0.05, FRAMES)) + rng.uniform(0, 6)
        ahead = LENGTH / 2 * np.column_stack([np.cos(turn), np.sin(turn)])
        hole = rng.integers(0, FRAMES - 10)
        centre[hole : hole + rng.integers(1, 8)] = np.nan
        made[name] = {"centre": centre, "nose": centre + ahead, "tail_base": centre - ahead}
    return made


def record(made: Scene, px_per_cm: float | None = None, time_s=None, scale: float = 1.0):  # type: ignore[no-untyped-def]
    points = {name: {p: scale * v for p, v in each.items()} for name, each in made.items()}
    return Recording.synthetic(
        {name: each["centre"] for name, each in points.items()}, points=points, fps=FPS,
        px_per_cm=px_per_cm, time_s=time_s,
    )  # fmt: skip


def moved(made: Scene, matrix: np.ndarray, shift: float) -> Scene:
    return {n: {p: v @ matrix.T + shift for p, v in each.items()} for n, each in made.items()}


def masks(recording: Recording, names=NAMES):  # type: ignore[no-untyped-def]
    """Every behaviour's frames and unseen frames, by name and place of the pair."""
    found = {}
    for behaviour in BEHAVIOURS:
        for a, b in permutations(range(3), 2):
            bouts = behaviour(recording, names[a], names[b])
            found[behaviour.__name__, a, b] = (bouts.mask().tolist(), (~bouts).mask().tolist())
    wide = 3 * LENGTH * (1 if recording.px_per_cm is None else 1 / 6)
    huddles = huddle(recording, list(names), wide, wide, min_duration_s=0.2)
    for i, name in enumerate(names):
        found["huddle", i, i] = (huddles.only(name).mask().tolist(), [])
    return found


def numbers(recording: Recording, names=NAMES):  # type: ignore[no-untyped-def]
    """Every per-frame measure of the pairs and the group."""
    pairs = [(m, a, b) for m in MEASURES for a, b in permutations(names, 2)]
    each = [measure(recording, a, b) for measure, a, b in pairs]
    return np.stack([*each, polarisation(recording)]), group_spread(recording)


def assert_alike(one: Recording, other: Recording) -> None:
    assert masks(one) == masks(other)
    for here, there in zip(numbers(one), numbers(other), strict=True):
        assert here == pytest.approx(there, abs=1e-6, nan_ok=True)


def test_the_scenes_hold_every_behaviour() -> None:
    seen: dict[str, int] = {}
    for seed in range(25):
        for (name, _, _), (mask, _) in masks(record(scene(seed))).items():
            seen[name] = seen.get(name, 0) + sum(mask)
    assert len(seen) == len(BEHAVIOURS) + 1
    assert {name for name, frames in seen.items() if frames == 0} <= {"chase"}


@few
@given(seeds)
def test_a_mirror_changes_no_social_measure(seed: int) -> None:
    made = scene(seed)
    here, there = record(made), record(moved(made, np.diag([-1.0, 1.0]), 300.0))
    assert_alike(here, there)
    turn, back = (relative_angle(each, "a", "b", signed=True) for each in (here, there))
    assert np.abs(turn + back)[np.abs(turn) < 180] == pytest.approx(0, abs=1e-6)


@few
@given(seeds, st.floats(0.1, 6.2))
def test_turning_the_camera_changes_no_social_measure(seed: int, turn: float) -> None:
    made = scene(seed)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    assert_alike(record(made), record(moved(made, matrix, 17.0)))


@few
@given(seeds, st.floats(0.6, 4.0))  # below, the least speed above jitter in px counts
def test_the_same_scene_in_finer_pixels_with_the_same_scale_is_the_same(seed, finer):  # type: ignore[no-untyped-def]
    made = scene(seed)
    assert_alike(record(made, px_per_cm=6.0), record(made, px_per_cm=6.0 * finer, scale=finer))


@few
@given(seeds)
def test_names_and_their_order_do_not_matter(seed: int) -> None:
    made = scene(seed)
    renamed = {"zoe": made["a"], "bob": made["b"], "max": made["c"]}
    turned = {name: renamed[name] for name in ("max", "zoe", "bob")}
    assert masks(record(made)) == masks(record(turned), ("zoe", "bob", "max"))


@few
@given(seeds, st.integers(1, 90))
def test_what_comes_later_in_the_recording_stays_the_same(seed: int, later: int) -> None:
    made = scene(seed)
    empty = np.full((later, 2), np.nan)
    delayed = {n: {p: np.vstack([empty, v]) for p, v in e.items()} for n, e in made.items()}
    here, there = masks(record(made)), masks(record(delayed))
    for key, (mask, outside) in here.items():
        assert there[key][0][later:] == mask and not any(there[key][0][:later])
        assert there[key][1][later:] == outside and not any(there[key][1][:later])


@few
@given(seeds, st.sampled_from([2, 3]))
def test_a_higher_frame_rate_finds_the_same_approaches(seed: int, times: int) -> None:
    rng = np.random.default_rng(seed)
    knots = np.arange(0, 13) * 20 / FPS
    corners = {name: rng.uniform(0, 300, (13, 2)) for name in NAMES}

    def at(fps: int) -> Recording:
        time_s = np.arange(12 * 20 * fps // FPS) / fps
        paths = {
            name: np.column_stack([np.interp(time_s, knots, place[:, axis]) for axis in (0, 1)])
            for name, place in corners.items()
        }
        return Recording.synthetic(paths, fps=Fraction(fps), length=LENGTH)

    slow, fast = at(FPS), at(FPS * times)
    for a, b in permutations(NAMES, 2):
        for found in (
            lambda recording, a=a, b=b: approach(
                recording, a, b, 500, min_duration_s=0, merge_gap_s=0, min_closer=0
            ),
            lambda recording, a=a, b=b: near(recording, a, b, 120),
        ):
            coarse, fine = found(slow).mask(), found(fast).mask()[::times]
            assert coarse.tolist() == fine.tolist()
