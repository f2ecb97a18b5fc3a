"""Speed, distance, heading: numbers known from how the path was made."""

from fractions import Fraction

import numpy as np
import pytest
from known import every_setting, make, still, straight

from llm_query.errors import QueryError
from llm_query.geometry import Region
from llm_query.individual.kinematics import (
    acceleration,
    acceleration_vector,
    angle_between,
    body_length,
    direction_deg,
    distance_moved,
    forward_speed,
    heading,
    jerk,
    mean_speed,
    speed,
    step_length,
    turning_speed,
    velocity,
)
from llm_query.places.zones import in_region
from llm_query.recording import Recording

NTSC = Fraction(30000, 1001)
VARIABLE = np.array([0.0, 0.03, 0.1, 0.14, 0.3, 0.32, 0.4, 0.5])


def path(x, y=0.0):
    x = np.asarray(x, dtype=float)
    return np.column_stack([x, np.broadcast_to(y, x.shape)])


def test_speed_of_a_straight_path_is_exact_at_29_97_frames_per_second():
    recording = Recording.synthetic({"a": path(np.arange(10) * 3.0)}, fps=NTSC)
    assert speed(recording, "a") == pytest.approx(np.full(10, 3 * 30000 / 1001), abs=1e-9)


def test_speed_uses_the_real_times_of_a_variable_rate():
    recording = Recording.synthetic({"a": path(100 * VARIABLE)}, time_s=VARIABLE)
    assert recording.variable_rate
    assert speed(recording, "a") == pytest.approx(np.full(8, 100.0), abs=1e-9)
    assert speed(recording, "a", window_s=0.2) == pytest.approx(np.full(8, 100.0), abs=1e-9)


def test_speed_is_the_central_difference_and_one_sided_at_the_ends():
    recording = Recording.synthetic({"a": path([0, 1, 4, 9])}, fps=1)
    assert speed(recording, "a").tolist() == [1, 2, 4, 5]


def test_speed_never_crosses_a_gap():
    x = np.array([0, 1, 2, np.nan, 1000, 1001, np.nan, np.nan, 5])
    recording = Recording.synthetic({"a": path(x), "b": path(x + 1), "c": path(x * 2)}, fps=10)
    for window_s in (0.0, 0.5):
        found = speed(recording, "a", window_s=window_s)
        assert found[[0, 1, 2, 4, 5]] == pytest.approx([10.0] * 5, abs=1e-9)
        assert np.isnan(found[[3, 6, 7, 8]]).all()


def test_speed_is_in_cm_when_calibrated():
    recording = Recording.synthetic({"a": path([0, 5, 10])}, fps=10, px_per_cm=5)
    assert speed(recording, "a").tolist() == [10, 10, 10]


def test_a_window_removes_jitter_that_makes_a_frame_by_frame_speed_useless():
    noise = np.random.default_rng(0).normal(0, 0.3, (3000, 2))
    recording = Recording.synthetic({"a": noise}, fps=30)
    assert speed(recording, "a").mean() > 7
    assert speed(recording, "a", window_s=0.5)[10:-10].mean() < 0.8


def test_acceleration_of_a_steadily_faster_animal():
    t = np.arange(20) / 10
    recording = Recording.synthetic({"a": path(3 * t**2)}, fps=10)
    assert acceleration(recording, "a")[2:-2] == pytest.approx(np.full(16, 6.0))


def test_distance_is_the_sum_of_steps_between_frames_in_a_row():
    x = np.array([0, 1, 2, np.nan, 1000, 1003, np.nan, 0])
    recording = Recording.synthetic({"a": path(x)}, fps=10)
    assert distance_moved(recording, "a") == 5
    assert mean_speed(recording, "a") == pytest.approx(5 / 0.3)


def test_distances_of_periods_and_of_inside_and_outside_add_up():
    rng = np.random.default_rng(1)
    walk = 50 + np.cumsum(rng.normal(0, 3, (400, 2)), axis=0)
    box = Region("box", "rectangle", np.array([[40, 40], [70, 70]]))
    recording = Recording.synthetic({"a": walk}, fps=NTSC, regions=[box])
    whole = distance_moved(recording, "a")
    parts = [distance_moved(recording, "a", start_s=s, stop_s=s + 5) for s in (0, 5, 10)]
    assert sum(parts) == pytest.approx(whole)
    inside = in_region(recording, "a", "box")
    assert 0 < inside.total_s < recording.duration_s
    split = [distance_moved(recording, "a", during=bouts) for bouts in (inside, ~inside)]
    assert sum(split) == pytest.approx(whole)


def test_distance_of_an_animal_never_seen_is_missing_not_zero():
    recording = Recording.synthetic({"a": path([np.nan] * 4), "b": path([1, 1, 1, 1])}, fps=10)
    assert np.isnan(distance_moved(recording, "a"))
    assert np.isnan(mean_speed(recording, "a"))
    assert distance_moved(recording, "b") == 0


def test_smoothing_shortens_jitter_but_not_a_straight_path():
    straight = np.arange(300) * 2.0
    noisy = path(straight) + np.random.default_rng(2).normal(0, 1.0, (300, 2))
    recording = Recording.synthetic({"a": path(straight), "b": noisy}, fps=30)
    assert distance_moved(recording, "a", window_s=0.5) == pytest.approx(598)
    assert distance_moved(recording, "b") > 700
    assert distance_moved(recording, "b", window_s=0.5) == pytest.approx(598, rel=0.02)


def test_a_period_outside_the_recording_is_an_error_that_says_its_length():
    recording = Recording.synthetic({"a": path([0, 1, 2])}, fps=1)
    with pytest.raises(QueryError, match="runs from 0 s to 3 s"):
        distance_moved(recording, "a", start_s=10, stop_s=20)


def test_directions_are_counter_clockwise_with_up_as_90():
    vectors = np.array([[1, 0], [1, -1], [0, -1], [-1, 0], [0, 1], [0, 0]], dtype=float)
    assert direction_deg(vectors)[:5].tolist() == [0, 45, 90, 180, -90]
    assert np.isnan(direction_deg(vectors)[5])
    assert direction_deg(np.array([[-1.0, 0.0], [-1.0, -0.0]])).tolist() == [180, 180]


def test_angles_wrap():
    a, b = np.array([179.0, -179, 0, 10]), np.array([-179.0, 179, 180, 10])
    assert angle_between(a, b).tolist() == [2, 2, 180, 0]


def test_heading_from_the_outline_or_from_two_named_points():
    nose = {"nose": path([5, 5], -5), "tail": path([5, 5], 5)}
    recording = Recording.synthetic(
        {"a": path([0, 1]), "b": path([0, 1])},
        points={"a": nose},
        heading_deg={"b": np.array([10.0, np.nan])},
    )
    assert heading(recording, "a", "nose", "tail").tolist() == [90, 90]
    assert heading(recording, "b")[0] == 10 and np.isnan(heading(recording, "b")[1])
    with pytest.raises(QueryError, match="front and back"):
        heading(recording, "a")


def test_turning_speed_goes_on_over_the_wrap():
    degrees = (np.arange(20) * 30.0 + 180) % 360 - 180
    recording = Recording.synthetic({"a": path(np.zeros(20))}, fps=10, heading_deg={"a": degrees})
    assert turning_speed(recording, "a") == pytest.approx(np.full(20, 300.0))


def test_body_length_is_in_the_recordings_unit():
    recording = Recording.synthetic({"a": path([0, np.nan])}, px_per_cm=10, length=40)
    assert body_length(recording, "a")[0] == 4 and np.isnan(body_length(recording, "a")[1])


def test_an_unknown_animal_or_point_is_an_error_that_lists_the_known():
    recording = Recording.synthetic({"animal1": path([0, 1]), "animal2": path([0, 1])})
    with pytest.raises(QueryError, match="animal1, animal2"):
        speed(recording, "mouse 1")
    with pytest.raises(QueryError, match='no body point "nose", only centre'):
        speed(recording, "animal1", point="nose")


def circle(radius, turn_s):
    """A path in cm around (50, 50), counter-clockwise on the screen, once in `turn_s` seconds."""

    def path_at(t):
        angle = 2 * np.pi * t / turn_s
        return np.column_stack([50 + radius * np.cos(angle), 50 - radius * np.sin(angle)])

    return path_at


def three(setting, path_at, unseen=(20, 30), **more):
    """Five seconds of three animals: one on the path, one straight with a gap, one at rest."""
    paths = {"a": path_at, "b": straight(10, 5, 3, 4), "c": still(20, 20)}
    return make(setting, 5, paths, unseen={"b": unseen}, **more)


@every_setting
def test_velocity_has_the_direction_of_the_step_and_ends_beside_gaps(setting):
    recording = three(setting, straight(50, 50, -6, 2))
    n = recording.n_frames
    for window_s in (0.0, 0.4):
        found = velocity(recording, "b", window_s=window_s)
        expected = np.tile([3.0 * setting.unit, 4.0 * setting.unit], (n, 1))
        expected[20:30] = np.nan
        assert found == pytest.approx(expected, abs=1e-9 * setting.unit, nan_ok=True)
        assert speed(recording, "b", window_s=window_s)[19] == pytest.approx(5 * setting.unit)
    assert velocity(recording, "a")[7] == pytest.approx([-6 * setting.unit, 2 * setting.unit])
    assert (velocity(recording, "c") == 0).all()
    assert velocity(recording, "a") is velocity(recording, "a")  # made once


@every_setting
def test_on_a_circle_speed_acceleration_and_jerk_have_their_known_sizes(setting):
    recording = three(setting, circle(8, 2.5))
    dt, rate = 1 / float(setting.fps), 2 * np.pi / 2.5
    each = np.sin(rate * dt) / dt  # what a central difference makes of the true rate
    inside = slice(3, -3)
    size = np.full(recording.n_frames - 6, 8 * setting.unit)
    assert speed(recording, "a")[inside] == pytest.approx(size * each)
    towards = acceleration_vector(recording, "a")[inside]
    assert np.hypot(*towards.T) == pytest.approx(size * each**2)
    centre = 50 * setting.unit - recording.position("a")[inside]
    assert (towards * centre).sum(axis=1) == pytest.approx(size * each**2 * size)
    assert jerk(recording, "a")[inside] == pytest.approx(size * each**3)
    assert acceleration(recording, "a")[inside] == pytest.approx(0 * size, abs=1e-6)
    assert np.isnan(jerk(recording, "b")[20:30]).all()
    assert jerk(recording, "b", window_s=0.3)[60:] == pytest.approx(0, abs=1e-6 * setting.unit)


@every_setting
def test_forward_speed_is_negative_backward_and_nothing_sideways(setting):
    facing = {
        "a": lambda t: np.zeros(len(t)),
        "b": lambda t: np.full(len(t), 90.0),
        "c": lambda t: np.full(len(t), 180.0),
        "d": lambda t: np.full(len(t), 90.0),
    }
    recording = make(
        setting,
        4,
        {
            "a": straight(90, 9, -7),
            "b": straight(9, 90, 5),
            "c": straight(9, 50, -3, -4),
            "d": straight(9, 90, 5, -6),
        },
        heading_deg=facing,
        unseen={"c": (10, 14)},
    )
    for name, expected in (("a", -7.0), ("b", 0.0), ("c", 3.0), ("d", 6.0)):
        true = np.full(recording.n_frames, expected * setting.unit)
        if name == "c":
            true[10:14] = np.nan
        assert forward_speed(recording, name) == pytest.approx(true, abs=1e-7, nan_ok=True)


@every_setting
def test_the_way_across_a_gap_is_skipped_drawn_straight_or_scaled(setting):
    corner = lambda t: np.column_stack([10 * np.minimum(t, 2), 10 * np.maximum(t - 2, 0)])  # noqa: E731
    lost, found = setting.frame_at(1.5), setting.frame_at(2.5)
    recording = make(
        setting,
        4,
        {"a": straight(0, 0, 10), "b": corner, "c": still(5, 5)},
        unseen={"a": (lost, found), "b": (lost, found)},
    )
    n, step = recording.n_frames, 10 / float(setting.fps) * setting.unit
    skipped = (n - 1 - (found - lost + 1)) * step
    for name in ("a", "b"):
        assert distance_moved(recording, name) == pytest.approx(skipped)
        assert distance_moved(recording, name, gaps="scale") == pytest.approx((n - 1) * step)
    assert distance_moved(recording, "a", gaps="straight") == pytest.approx((n - 1) * step)
    before, after = 2 - setting.time_of(lost - 1), setting.time_of(found) - 2
    cut = np.hypot(10 * before, 10 * after) * setting.unit
    assert distance_moved(recording, "b", gaps="straight") == pytest.approx(skipped + cut)
    early = distance_moved(recording, "b", stop_s=setting.time_of(lost), gaps="straight")
    assert early == pytest.approx((lost - 1) * step + cut)  # the way is gone where it begins
    assert [distance_moved(recording, "c", gaps=g) for g in ("skip", "straight", "scale")] == [
        0
    ] * 3
    assert mean_speed(recording, "b") == pytest.approx(10 * setting.unit)
    with pytest.raises(QueryError, match="skip, straight, scale"):
        distance_moved(recording, "a", gaps="ffill")


@every_setting
def test_periods_add_up_to_the_whole_also_across_a_gap(setting):
    recording = three(setting, circle(5, 3), unseen=(20, 70))
    for gaps in ("skip", "straight"):
        whole = distance_moved(recording, "b", gaps=gaps)
        parts = [
            distance_moved(recording, "b", start_s=s, stop_s=s + 1, gaps=gaps) for s in range(5)
        ]
        assert np.nansum(parts) == pytest.approx(whole)


@every_setting
def test_steps_are_as_long_as_the_way_to_the_next_frame(setting):
    recording = three(setting, straight(50, 50, -6, 8))
    step = 10 / float(setting.fps) * setting.unit
    found = step_length(recording, "a")
    assert found[:-1] == pytest.approx(np.full(recording.n_frames - 1, step))
    assert np.isnan(found[-1]) and np.isnan(step_length(recording, "b")[19:30]).all()


@every_setting
def test_the_heading_from_the_ears_and_from_nose_and_tail_base(setting):
    def turning(t):
        return np.radians(50 * t)

    def at(ahead, aside):
        def place(t):
            angle = turning(t)
            x = 50 + ahead * np.cos(angle) - aside * np.sin(angle)
            return np.column_stack([x, 50 - ahead * np.sin(angle) - aside * np.cos(angle)])

        return place

    spots = {"ear_left": at(2, 1), "ear_right": at(2, -1), "nose": at(3, 0), "tailbase": at(-3, 0)}
    recording = make(
        setting,
        3,
        {name: still(50, 50) for name in "abc"},
        points={name: spots for name in "abc"},
        unseen={"b": (5, 9)},
    )
    true = np.degrees(turning(recording.time_s))
    for found in (
        heading(recording, "a", left="ear_left", right="ear_right"),
        heading(recording, "a"),
        heading(recording, "a", "nose", "tailbase"),
    ):
        assert found == pytest.approx(true)
    assert np.isnan(heading(recording, "b", left="ear_left", right="ear_right")[5:9]).all()
    assert turning_speed(recording, "a") == pytest.approx(np.full(len(true), 50.0))
    assert body_length(recording, "a") == pytest.approx(np.full(len(true), 6 * setting.unit))
    with pytest.raises(QueryError, match="left and right"):
        heading(recording, "a", left="ear_left")
