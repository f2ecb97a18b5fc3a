"""Strides of constructed paws: stance, swing, length and speed to the frame."""

import numpy as np
import pytest
from known import every_setting, make

from llm_query.errors import QueryError
from llm_query.individual.gait import strides

STANCE, SWING, STEP_CM = 8, 4, 6.0  # frames, frames, cm


def paw(late, cm, setting):
    """A paw that first stands `late` frames, then swings and stands in turn, in cm."""

    def path(t):
        frame = np.round(t * float(setting.fps)) - late
        done, within = np.divmod(np.maximum(frame, 0), SWING + STANCE)
        x = cm * (done + np.minimum(within, SWING) / SWING)
        return np.column_stack([10 + np.where(frame < 0, 0, x), np.full(len(t), 20.0)])

    return path


def here(t):
    return np.tile([20.0, 20.0], (len(t), 1))


@every_setting
def test_stance_swing_length_speed_and_duty_factor_are_exact(setting):
    late = {"a": 5, "b": 7, "c": 9}
    points = {
        name: {"LeftHindpaw": paw(first, STEP_CM * (1 + 0.5 * (name == "b")), setting)}
        for name, first in late.items()
    }
    recording = make(setting, 3, dict.fromkeys(late, here), points=points, length=8)
    limit = None if setting.calibrated else 5 * setting.unit
    for name, first in late.items():
        found = strides(recording, name, "left_hindpaw", limit)
        cycle = STANCE + SWING
        count = (recording.n_frames - 1 - first - SWING) // cycle
        down = first + SWING + cycle * np.arange(count)
        assert found["stance_start_frame"].tolist() == down.tolist()
        assert found["stance_stop_frame"].tolist() == (down + STANCE).tolist()
        assert found["swing_stop_frame"].tolist() == (down + cycle).tolist()
        seconds = cycle / float(setting.fps)
        length = STEP_CM * (1 + 0.5 * (name == "b")) * setting.unit
        assert found["duration_s"].to_numpy() == pytest.approx(seconds)
        assert found["stance_s"].to_numpy() == pytest.approx(STANCE / float(setting.fps))
        assert found["swing_s"].to_numpy() == pytest.approx(SWING / float(setting.fps))
        assert found["length"].to_numpy() == pytest.approx(length)
        assert found["speed"].to_numpy() == pytest.approx(length / seconds)
        assert found["duty_factor"].to_numpy() == pytest.approx(STANCE / cycle)


@every_setting
def test_a_stride_with_an_unseen_frame_is_left_out(setting):
    points = {"a": {"left_hindpaw": paw(5, STEP_CM, setting)}}
    whole = make(setting, 3, {"a": here}, points=points, length=8)
    limit = 5 * setting.unit
    every = strides(whole, "a", "left_hindpaw", limit)["stance_start_frame"].to_numpy()
    lost = int(every[2]) + 3  # in the third stance
    holed = make(setting, 3, {"a": here}, points=points, length=8, unseen={"a": (lost, lost + 1)})
    left = strides(holed, "a", "left_hindpaw", limit)["stance_start_frame"].to_numpy()
    assert left.tolist() == [f for f in every if f != every[2]]


@every_setting
def test_a_pause_is_no_stride_and_a_paw_at_rest_makes_none(setting):
    def pausing(t):
        x = np.where(t < 2, 0, 4.0) + np.where(t < 4.0, 0, 4.0)
        return np.column_stack([10 + x, np.full(len(t), 20.0)])

    points = {"a": {"left_hindpaw": pausing}, "b": {"left_hindpaw": here}}
    recording = make(setting, 6, {"a": here, "b": here}, points=points, length=8)
    limit = 5 * setting.unit
    assert len(strides(recording, "a", "left_hindpaw", limit, min_swing_s=0)) == 0
    longer = strides(recording, "a", "left_hindpaw", limit, min_swing_s=0, max_stride_s=3)
    assert longer["duration_s"].tolist() == [pytest.approx(
        setting.time_of(setting.frame_at(4.0)) - setting.time_of(setting.frame_at(2.0))
    )]  # fmt: skip
    assert len(strides(recording, "b", "left_hindpaw", limit)) == 0


def test_jitter_makes_no_strides_of_its_own_with_a_window():
    from known import SETTINGS

    setting = SETTINGS[0]
    recording = make(
        setting, 6, {"a": here}, points={"a": {"left_hindpaw": paw(5, STEP_CM, setting)}}, length=8
    )
    exact = strides(recording, "a", "left_hindpaw")
    place = recording.track("a").points["left_hindpaw"]
    place += np.random.default_rng(0).normal(0, 0.5, place.shape)
    recording._known.clear()
    noisy = strides(recording, "a", "left_hindpaw", 20, window_s=0.12)
    assert len(noisy) == len(exact)
    apart = noisy["stance_start_frame"].to_numpy() - exact["stance_start_frame"].to_numpy()
    assert np.abs(apart).max() <= 1
    assert noisy["length"].mean() == pytest.approx(STEP_CM, rel=0.02)


def test_a_missing_paw_is_refused_by_name():
    from known import SETTINGS

    recording = make(SETTINGS[0], 2, {"a": here})
    with pytest.raises(QueryError, match="left_forepaw"):
        strides(recording, "a", "left_forepaw")
