"""What must not matter does not: when, how often, in what unit, which way round, by what name."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_query.individual.bodies import curvature, mobility, point_angle
from llm_query.individual.cleaning import clean
from llm_query.individual.directions import (
    directional_change,
    heading,
    turning_angle,
    turning_speed,
)
from llm_query.individual.kinematics import (
    acceleration,
    acceleration_vector,
    distance_moved,
    forward_speed,
    jerk,
    mean_speed,
    speed,
    velocity,
)
from llm_query.individual.paths import meander, path_deviation, path_straightness, sinuosity
from llm_query.outlines import Outlines
from llm_query.recording import Recording

NAMES = ("a", "b", "c")
LENGTHS = {  # measure -> the power of length in its unit
    "speed": 1, "slow": 1, "acceleration": 1, "jerk": 1, "forward": 1, "distance": 1,
    "straight": 1, "scale": 1, "mean": 1, "deviation": 1, "meander": -1, "signed meander": -1,
    "sinuosity": -0.5,
}  # fmt: skip
SIGNED = ("turn", "turning", "bend", "signed meander")  # change sign in a mirror


def walks(seed, n=60):
    """(3, n, 3, 2) px: centre, nose and tail base of three animals with gaps; no two alike."""
    rng = np.random.default_rng(seed)
    centre = 300 + np.cumsum(rng.normal(0, 3, (3, n, 2)), axis=1)
    facing = np.cumsum(rng.normal(0, 0.2, (3, n)), axis=1)
    ahead = np.stack([np.cos(facing), np.sin(facing)], axis=-1)
    aside = rng.normal(0, 2, (3, n, 2))
    places = np.stack([centre, centre + 15 * ahead + aside, centre - 15 * ahead], axis=2)
    places[rng.random((3, n)) < 0.08] = np.nan
    return places


def recording_of(places, fps=Fraction(30), names=NAMES, **more):
    return Recording.synthetic(
        {name: places[i, :, 0] for i, name in enumerate(names)},
        fps=fps,
        points={
            name: {"nose": places[i, :, 1], "tail_base": places[i, :, 2]}
            for i, name in enumerate(names)
        },
        **more,
    )


def measures(recording, name):
    """Every measure of one animal's movement that needs no outline."""
    return {
        "speed": speed(recording, name),
        "slow": speed(recording, name, window_s=0.3),
        "acceleration": acceleration(recording, name, window_s=0.2),
        "jerk": jerk(recording, name),
        "forward": forward_speed(recording, name),
        "distance": distance_moved(recording, name),
        "straight": distance_moved(recording, name, gaps="straight"),
        "scale": distance_moved(recording, name, gaps="scale"),
        "mean": mean_speed(recording, name, window_s=0.2),
        "deviation": path_deviation(recording, name),
        "meander": meander(recording, name, min_step=1e-6),
        "sinuosity": sinuosity(recording, name),
        "straightness": path_straightness(recording, name),
        "change": directional_change(recording, name),
        "joint": point_angle(recording, name, "nose", "centre", "tail_base"),
        "turn": turning_angle(recording, name),
        "turning": turning_speed(recording, name, window_s=0.2),
        "bend": curvature(recording, name),
        "signed meander": meander(recording, name, signed=True, min_step=1e-6),
    }


def same(one, other, factor=lambda key: 1.0):
    for key, value in one.items():
        expected, got = np.asarray(value) * factor(key), np.asarray(other[key])
        off = np.abs(got - expected)
        if key in ("turn", "bend"):  # 180 and -180 are one turn
            off = np.minimum(off, 360 - off)
        assert (np.isnan(got) == np.isnan(expected)).all(), key
        assert np.nanmax(off, initial=0) <= 1e-7 * np.nanmax(np.abs(expected), initial=1), key


seeds = st.integers(0, 10_000)
rates = st.sampled_from([Fraction(25), Fraction(30), Fraction(30000, 1001), Fraction(60)])


@settings(max_examples=10, deadline=None)
@given(seeds, rates, st.floats(0.5, 5000))
def test_the_time_of_day_does_not_matter(seed, rate, later):
    recording = recording_of(walks(seed), rate)
    shifted = replace(recording, time_s=recording.time_s + later, end_s=recording.end_s + later)
    for name in NAMES:
        same(measures(recording, name), measures(shifted, name))


@settings(max_examples=10, deadline=None)
@given(seeds, rates, st.integers(1, 40))
def test_frames_before_the_animal_came_do_not_matter(seed, rate, before):
    places = walks(seed)
    recording = recording_of(places, rate)
    empty = np.full((3, before, *places.shape[2:]), np.nan)
    longer = recording_of(np.concatenate([empty, places], axis=1), rate)
    for name in NAMES:
        late = {
            key: value[before:] if np.ndim(value) else value
            for key, value in measures(longer, name).items()
            if key != "scale"  # takes the unseen time for time moved
        }
        one = {key: value for key, value in measures(recording, name).items() if key in late}
        same(one, late)


@settings(max_examples=12, deadline=None)
@given(seeds, st.floats(2.0, 40.0))
def test_lengths_follow_the_unit_and_angles_do_not(seed, px_per_cm):
    places = walks(seed)
    in_px, in_cm = recording_of(places), recording_of(places, px_per_cm=px_per_cm)
    factor = {key: px_per_cm**-power for key, power in LENGTHS.items()}
    for name in NAMES:
        same(measures(in_px, name), measures(in_cm, name), lambda key: factor.get(key, 1.0))


@settings(max_examples=12, deadline=None)
@given(seeds, st.booleans())
def test_a_mirror_turns_the_sign_of_turns_and_nothing_else(seed, upside_down):
    places = walks(seed)
    flip = np.array([1.0, -1.0] if upside_down else [-1.0, 1.0])
    recording, mirrored = recording_of(places), recording_of(places * flip + 700)
    for name in NAMES:
        same(
            measures(recording, name),
            measures(mirrored, name),
            lambda key: -1.0 if key in SIGNED else 1.0,
        )
        assert velocity(mirrored, name) == pytest.approx(
            velocity(recording, name) * flip, nan_ok=True
        )


@settings(max_examples=12, deadline=None)
@given(seeds, st.floats(-180, 180))
def test_a_rotated_camera_turns_headings_and_nothing_else(seed, degrees):
    places = walks(seed)
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[cos, -sin], [sin, cos]])  # row vectors, y down: counter-clockwise
    recording, turned = recording_of(places), recording_of(places @ turn)
    for name in NAMES:
        same(measures(recording, name), measures(turned, name))
        apart = (heading(turned, name) - heading(recording, name) - degrees + 180) % 360 - 180
        assert apart[np.isfinite(apart)] == pytest.approx(0, abs=1e-6)
        spun = acceleration_vector(recording, name) @ turn
        assert acceleration_vector(turned, name) == pytest.approx(spun, abs=1e-6, nan_ok=True)


@settings(max_examples=10, deadline=None)
@given(seeds, st.permutations(range(3)))
def test_names_and_their_order_do_not_matter(seed, order):
    places = walks(seed)
    recording = recording_of(places)
    renamed = recording_of(places[list(order)], names=("x", "y", "z"))
    for at, number in enumerate(order):
        same(measures(recording, NAMES[number]), measures(renamed, "xyz"[at]))


@settings(max_examples=10, deadline=None)
@given(st.floats(-30, 30), st.floats(-30, 30), st.floats(-4, 4), rates)
def test_the_frame_rate_does_not_matter_on_smooth_paths(vx, vy, bend, rate):
    slow_t = np.arange(100) / 25
    t = np.arange(int(slow_t[-1] * rate) + 1) / float(rate)

    def at(t):
        path = np.column_stack([100 + vx * t + bend * t**2, 100 + vy * t])
        return np.stack([path, path + 9, path[::-1]])[:, :, None] + np.array(
            [[0, 0], [9, 0], [-9, 3]]
        )

    slow, fast = recording_of(at(slow_t), Fraction(25)), recording_of(at(t), rate)
    for second in (1.0, 2.0, 3.0):
        one, other = (int(np.argmin(np.abs(r.time_s - second))) for r in (slow, fast))
        late = slow.time_s[one] - fast.time_s[other]
        for window_s in (0.0, 0.4):
            apart = (
                velocity(slow, "a", window_s=window_s)[one]
                - velocity(fast, "a", window_s=window_s)[other]
            )
            assert apart == pytest.approx([2 * bend * late, 0], abs=1e-6)
        assert acceleration_vector(fast, "a")[other] == pytest.approx([2 * bend, 0], abs=1e-5)
    whole = distance_moved(slow, "a", stop_s=3)
    assert distance_moved(fast, "a", stop_s=3) == pytest.approx(whole, rel=0.03, abs=2)


@settings(max_examples=10, deadline=None)
@given(seeds, st.sampled_from(["median", "line", "savgol", "gaussian", "lowess"]))
def test_cleaning_commutes_with_moving_and_scaling_the_picture(seed, smoothing):
    places = walks(seed)
    for change in (lambda p: p * 3 + 50, lambda p: p * [-1, 1], lambda p: p[..., ::-1]):
        one = clean(recording_of(places), smoothing=smoothing, window_s=0.4)
        other = clean(recording_of(change(places)), smoothing=smoothing, window_s=0.4)
        for name in NAMES:
            for point in ("centre", "nose"):
                expected = change(one.position(name, point))
                assert other.position(name, point) == pytest.approx(expected, nan_ok=True)


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_mobility_lies_from_0_to_1_and_does_not_care_where_or_which_way(seed):
    rng = np.random.default_rng(seed)
    boxes = np.column_stack([rng.integers(0, 60, (30, 2)), rng.integers(1, 20, (30, 2))])
    mirrored = boxes.copy()
    mirrored[:, 0] = 500 - boxes[:, 0] - boxes[:, 2]
    found = [
        mobility(
            Recording.synthetic({"a": np.zeros((30, 2))}, masks={"a": Outlines.rectangles(each)}),
            "a",
        )
        for each in (boxes, mirrored, boxes + np.array([7, 90, 0, 0]), boxes[:, [1, 0, 3, 2]])
    ]
    assert ((found[0][1:] >= 0) & (found[0][1:] <= 1)).all()
    for other in found[1:]:
        assert other == pytest.approx(found[0], nan_ok=True)
