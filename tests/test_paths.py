"""The shape of paths: straight lines, circles, corners and detours of known size."""

import numpy as np
import pytest
from known import every_setting, make, still, straight

from llm_query.errors import QueryError
from llm_query.individual.directions import directional_change, signed_angle, turning_angle
from llm_query.individual.paths import meander, path_deviation, path_straightness, sinuosity
from llm_query.recording import Recording


def circle(t):
    """Radius 6 cm, once in 3 s, counter-clockwise on the screen."""
    angle = 2 * np.pi * t / 3
    return np.column_stack([50 + 6 * np.cos(angle), 50 - 6 * np.sin(angle)])


def clockwise(t):
    return circle(-t)


def detour(t):
    """1 s right, 1 s up, 1 s right, 1 s down, each 10 cm, then 1 s right."""
    x = 10 * (np.clip(t, 0, 1) + np.clip(t - 2, 0, 1) + np.clip(t - 4, 0, 1))
    y = 80 - 10 * (np.clip(t - 1, 0, 1) - np.clip(t - 3, 0, 1))
    return np.column_stack([x, y])


@every_setting
def test_turns_on_a_circle_are_the_same_at_every_frame_and_signed(setting):
    recording = make(
        setting, 6, {"a": circle, "b": clockwise, "c": straight(0, 9, 5)}, unseen={"a": (40, 44)}
    )
    turn = 120 / float(setting.fps)  # degrees per frame
    found = turning_angle(recording, "a")
    missing = [0, 1, *range(40, 46)]
    assert np.flatnonzero(np.isnan(found)).tolist() == missing
    assert np.delete(found, missing) == pytest.approx(np.full(len(found) - 8, turn))
    assert turning_angle(recording, "b")[2:] == pytest.approx(np.full(len(found) - 2, -turn))
    assert turning_angle(recording, "c")[2:] == pytest.approx(np.zeros(len(found) - 2), abs=1e-6)
    assert directional_change(recording, "b")[2:] == pytest.approx(np.full(len(found) - 2, 60.0))


@every_setting
def test_a_corner_turns_in_one_frame_and_turning_back_is_180(setting):
    corner = setting.frame_at(2)
    seconds = setting.time_of(corner)

    def path(dx, dy):
        def at(t):
            first, then = np.minimum(t, seconds), np.maximum(t - seconds, 0)
            return np.column_stack([50 + 9 * first + dx * then, 50 + dy * then])

        return at

    recording = make(setting, 4, {"a": path(0, -9), "b": path(0, 9), "c": path(-9, 0)})
    for name, expected in (("a", 90.0), ("b", -90.0), ("c", 180.0)):
        found = turning_angle(recording, name)
        assert found[corner + 1] == pytest.approx(expected)
        rest = np.delete(found[2:], corner - 1)
        assert rest == pytest.approx(np.zeros(len(rest)), abs=1e-5)


def test_short_steps_have_no_direction():
    place = np.array([[0, 0], [1, 0], [1, 0], [1, 1], [1.2, 1], [9, 1]])
    recording = Recording.synthetic({"a": place, "b": place, "c": place}, fps=10)
    assert np.isnan(turning_angle(recording, "a")).tolist() == [True] * 4 + [False] * 2
    found = turning_angle(recording, "a", min_step=0.5)
    assert np.isnan(found).all()
    assert turning_angle(recording, "a")[4] == pytest.approx(90)


def test_the_angle_between_vectors_keeps_its_side():
    right, up, left = np.array([[1.0, 0]]), np.array([[0, -1.0]]), np.array([[-1.0, 0]])
    assert signed_angle(right, up) == pytest.approx(90)
    assert signed_angle(up, right) == pytest.approx(-90)
    assert signed_angle(right, left).tolist() == [180] and signed_angle(left, right).tolist() == [
        180
    ]
    assert np.isnan(signed_angle(right, 0 * up)).all()


@every_setting
def test_meander_is_degrees_per_length_of_way(setting):
    recording = make(setting, 6, {"a": circle, "b": clockwise, "c": still(5, 5)})
    turn = 120 / float(setting.fps)
    step = 12 * np.sin(np.radians(turn) / 2) * setting.unit
    n = recording.n_frames - 2
    assert meander(recording, "b")[2:] == pytest.approx(np.full(n, turn / step))
    assert meander(recording, "b", signed=True)[2:] == pytest.approx(np.full(n, -turn / step))
    assert np.isnan(meander(recording, "c")).all()
    assert np.isnan(meander(recording, "a", min_step=step * 1.01)).all()


@every_setting
def test_straightness_of_a_line_a_circle_and_a_detour(setting):
    recording = make(
        setting, 5, {"a": straight(3, 4, 2, 1), "b": detour, "c": still(1, 1)},
        unseen={"a": (17, 40)},
    )  # fmt: skip
    assert path_straightness(recording, "a") == pytest.approx(1.0, abs=1e-12)
    assert path_straightness(recording, "a", gaps="scale") == pytest.approx(1.0, abs=1e-12)
    assert np.isnan(path_straightness(recording, "c"))
    path = detour(recording.time_s)
    length = np.hypot(*np.diff(path, axis=0).T).sum()
    assert path_straightness(recording, "b") == pytest.approx(path[-1, 0] / length)
    assert path_straightness(recording, "b") == pytest.approx(0.6, abs=0.01)
    assert path_straightness(recording, "b", stop_s=1) == pytest.approx(1)
    with pytest.raises(QueryError, match="straight or scale"):
        path_straightness(recording, "a", gaps="skip")


@every_setting
def test_straightness_of_half_and_of_a_whole_circle(setting):
    recording = make(setting, 6, {"a": circle, "b": clockwise, "c": still(0, 0)})
    half = setting.frame_at(1.5)
    turn = 2 * np.pi / 3 / float(setting.fps)
    expected = np.sin((half - 1) * turn / 2) / ((half - 1) * np.sin(turn / 2))
    found = path_straightness(recording, "a", stop_s=setting.time_of(half))
    assert found == pytest.approx(expected)
    assert found == pytest.approx(2 / np.pi, abs=0.03)


@every_setting
def test_deviation_is_the_distance_to_the_line_from_start_to_end(setting):
    recording = make(
        setting, 5, {"a": detour, "b": straight(3, 4, 2, 1), "c": still(1, 1)},
        unseen={"a": (30, 36)},
    )  # fmt: skip
    path = detour(recording.time_s) * setting.unit
    end = path[-1] - path[0]
    true = np.abs((path - path[0]) @ np.array([-end[1], end[0]])) / np.hypot(*end)
    true[30:36] = np.nan
    found = path_deviation(recording, "a")
    assert found == pytest.approx(true, nan_ok=True)
    assert np.nanmax(found) == pytest.approx(10 * setting.unit, rel=0.01)
    assert path_deviation(recording, "b") == pytest.approx(np.zeros(len(path)), abs=1e-9)
    assert np.isnan(path_deviation(recording, "c")).all()
    early = path_deviation(recording, "a", stop_s=1)
    assert early[: setting.frame_at(1)] == pytest.approx(0, abs=1e-9)
    assert np.isnan(early[setting.frame_at(1) :]).all()


@every_setting
def test_sinuosity_is_nothing_on_a_line_and_known_on_a_circle(setting):
    recording = make(setting, 6, {"a": circle, "b": straight(0, 0, 3), "c": still(2, 2)})
    turn = np.radians(120 / float(setting.fps))
    step = 12 * np.sin(turn / 2) * setting.unit
    expected = 2 / np.sqrt(step * (1 + np.cos(turn)) / (1 - np.cos(turn)))
    assert sinuosity(recording, "a") == pytest.approx(expected)
    assert sinuosity(recording, "b") == pytest.approx(0, abs=1e-6)
    assert np.isnan(sinuosity(recording, "c"))


def test_paths_of_an_animal_never_seen_are_missing():
    nowhere = np.full((30, 2), np.nan)
    recording = Recording.synthetic({"a": nowhere, "b": nowhere + 1, "c": np.zeros((30, 2))})
    assert np.isnan([path_straightness(recording, "a"), sinuosity(recording, "a")]).all()
    assert (
        np.isnan(path_deviation(recording, "a")).all() and np.isnan(meander(recording, "a")).all()
    )
