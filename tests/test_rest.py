"""Sleep-like bouts and floating on constructed trajectories and outlines."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known import every_setting, make

from llm_query.errors import QueryError
from llm_query.individual.rest import asleep, floating
from llm_query.outlines import Outlines
from llm_query.recording import Recording


def rests(*spans, cm_s=10.0):
    """A walk to the right that pauses in every span of seconds."""

    def path(t):
        moved = np.array(t, dtype=float)
        for start, stop in spans:
            moved -= np.clip(t - start, 0, stop - start)
        return np.column_stack([5 + cm_s * moved, np.full(len(t), 20.0)])

    return path


def rows(bouts):
    return list(zip(bouts.start_frame.tolist(), bouts.stop_frame.tolist(), strict=True))


def on_frames(setting, *seconds):
    frames = [setting.frame_at(s) for s in seconds]
    return frames, [setting.time_of(f) for f in frames]


@every_setting
def test_rest_of_forty_seconds_is_sleep_like_and_a_shorter_one_is_not(setting):
    (a, b, c, d), times = on_frames(setting, 3, 44, 50, 89)
    recording = make(
        setting, 95, length=8,
        paths={"a": rests(times[:2], times[2:]), "b": rests((2, 3)), "c": rests((0, 95))},
    )  # fmt: skip
    assert rows(asleep(recording, "a")) == [(a, b)]
    assert rows(asleep(recording, "a", 30)) == [(a, b), (c, d)]
    assert asleep(recording, "a").start_s.tolist() == [pytest.approx(times[0])]
    assert asleep(recording, "b").count == 0 and asleep(recording, "b").censored
    assert rows(asleep(recording, "c")) == [(0, recording.n_frames)]
    assert "for >= 40 s (sleep-like)" in asleep(recording, "a").definition


@every_setting
def test_a_twitch_ends_sleep_unless_it_is_joined(setting):
    (a, b, c, d), times = on_frames(setting, 3, 30, 31.2, 58)
    recording = make(setting, 60, {"a": rests(times[:2], times[2:])}, length=8)
    assert asleep(recording, "a").count == 0
    assert rows(asleep(recording, "a", merge_s=1.5)) == [(a, d)]
    assert asleep(recording, "a", merge_s=1).count == 0
    assert rows(asleep(recording, "a", 20)) == [(a, b), (c, d)]


@every_setting
def test_a_gap_ends_sleep_and_is_never_joined(setting):
    recording = make(setting, 100, {"a": rests((0, 100))}, length=8, unseen={"a": (600, 604)})
    found = asleep(recording, "a", 20, merge_s=10)
    assert rows(found) == [(0, 600), (604, recording.n_frames)]
    short = make(setting, 100, {"a": rests((0, 100))}, length=8, unseen={"a": (600, 603)})
    assert rows(asleep(short, "a")) == [(0, short.n_frames)]


def test_flies_sleep_from_five_minutes_on():
    recording = Recording.synthetic({"fly": np.zeros((400 * 5, 2))}, fps=5, px_per_cm=40)
    assert asleep(recording, "fly", 300).count == 1 and asleep(recording, "fly", 401).count == 0


@settings(deadline=None, max_examples=10)
@given(st.floats(0.2, 20), st.integers(0, 40), st.floats(0, 6.28))
def test_unit_time_shift_and_turn_leave_sleep_unchanged(scale, shift, turn):
    t = np.arange(1200) / 10
    path = rests((20, 80))(t)
    path = np.concatenate([np.repeat(path[:1], shift, axis=0) + 0, path])
    path[:shift, 0] -= np.arange(shift, 0, -1)
    cos, sin = np.cos(turn), np.sin(turn)
    turned = path @ np.array([[cos, sin], [-sin, cos]]) * scale
    plain = Recording.synthetic({"a": turned}, fps=10, px_per_cm=max(scale, 1e-9))
    assert rows(asleep(plain, "a", max_speed=0.9)) == [(200 + shift, 800 + shift)]


def swimmer(setting, still, drift_px, n):
    """Boxes of a rat that drifts all along and shakes by 4 px except in `still` frames."""
    frame = np.arange(n)
    x = 100 + np.floor(drift_px * frame).astype(int)
    shake = np.where((frame >= still[0]) & (frame < still[1]), 0, 4 * (frame // 2 % 2))
    boxes = np.column_stack([x + shake, np.full(n, 100), np.full(n, 30), np.full(n, 30)])
    return boxes


@every_setting
def test_floating_is_a_quiet_outline_that_drifts_slowly(setting):
    n = setting.frame_at(12)
    start, stop = setting.frame_at(3), setting.frame_at(9)
    animals = {"a": 0.0, "b": 0.05, "c": 2.0}  # px per frame: c is carried off
    boxes = {name: swimmer(setting, (start, stop), drift, n) for name, drift in animals.items()}
    recording = Recording.synthetic(
        {name: box[:, :2] + 15.0 for name, box in boxes.items()}, fps=setting.fps, length=30,
        px_per_cm=setting.px_per_cm if setting.calibrated else None,
        masks={name: Outlines.rectangles(box) for name, box in boxes.items()},
    )  # fmt: skip
    for name in ("a", "b"):
        found = floating(recording, name, 0.05)
        assert found.count == 1
        assert abs(found.start_s[0] - setting.time_of(start)) < 0.45
        assert abs(found.stop_s[0] - setting.time_of(stop)) < 0.45
    assert floating(recording, "c", 0.05).count == 0
    assert "(proxy)" in floating(recording, "a").definition


def test_floating_without_outlines_is_refused():
    recording = Recording.synthetic({"a": np.zeros((60, 2))}, fps=Fraction(30), px_per_cm=10)
    with pytest.raises(QueryError, match="no outlines of a"):
        floating(recording, "a")
    with pytest.raises(QueryError, match="share between 0 and 1"):
        floating(recording, "a", 12)
