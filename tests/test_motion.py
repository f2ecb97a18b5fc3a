"""Immobile and moving: exact edges for clean stops, robust to jitter, honest about gaps."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known import every_setting, make

from llm_query.errors import QueryError
from llm_query.individual.motion import immobile, mobility_state, moving, speed_between
from llm_query.outlines import Outlines
from llm_query.recording import Recording

NTSC = Fraction(30000, 1001)


def stop_and_go(time_s, stop_s, go_s, px_s, noise=0.0, seed=0):
    """A path along x that moves at px_s, except between stop_s and go_s."""
    moved = np.where(time_s < go_s, np.minimum(time_s, stop_s), stop_s + time_s - go_s)
    walk = np.column_stack([100 + px_s * moved, np.full(len(time_s), 50.0)])
    return walk + np.random.default_rng(seed).normal(0, noise, walk.shape)


@pytest.mark.parametrize("fps", [Fraction(30), NTSC, Fraction(25), Fraction(120)])
@pytest.mark.parametrize("px_s", [30.0, 100.0, 600.0])
def test_a_clean_stop_is_exact_to_the_frame(fps, px_s):
    time_s = np.arange(int(8 * fps)) / float(fps)
    stop, go = round(2 * fps), round(5 * fps)
    walk = stop_and_go(time_s, time_s[stop], time_s[go], px_s)
    recording = Recording.synthetic(
        {"a": walk, "b": walk + 50, "c": walk * 2}, fps=fps, px_per_cm=10
    )
    rest, walks = immobile(recording, "a"), moving(recording, "a")
    assert (rest.start_frame.tolist(), rest.stop_frame.tolist()) == ([stop], [go])
    assert rest.start_s.tolist() == [time_s[stop]] and rest.stop_s.tolist() == [time_s[go]]
    assert walks.start_frame.tolist() == [0, go]
    assert walks.stop_frame.tolist() == [stop, len(time_s)]


def test_a_clean_stop_is_exact_at_a_variable_rate():
    rng = np.random.default_rng(3)
    time_s = np.concatenate([[0], np.cumsum(rng.uniform(0.01, 0.08, 200))])
    walk = stop_and_go(time_s, time_s[60], time_s[140], 100)
    recording = Recording.synthetic({"a": walk}, time_s=time_s, px_per_cm=10)
    rest = immobile(recording, "a")
    assert (rest.start_frame.tolist(), rest.stop_frame.tolist()) == ([60], [140])


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("noise", [0.3, 0.5])
def test_jitter_moves_the_edges_by_a_frame_at_most_and_never_breaks_the_bout(seed, noise):
    time_s = np.arange(300) / 30
    walk = stop_and_go(time_s, 2.0, 7.0, 100, noise=noise, seed=seed)
    rest = immobile(Recording.synthetic({"a": walk}, fps=30, px_per_cm=10), "a")
    assert rest.count == 1
    assert abs(rest.start_frame[0] - 60) <= 1 and abs(rest.stop_frame[0] - 210) <= 1


def test_an_animal_that_rests_all_the_time_is_one_bout_of_the_whole_recording():
    walk = 50 + np.random.default_rng(4).normal(0, 0.3, (900, 2))
    rest = immobile(Recording.synthetic({"a": walk}, fps=30, px_per_cm=10), "a")
    assert (rest.start_frame.tolist(), rest.stop_frame.tolist()) == ([0], [900])
    assert rest.percent == pytest.approx(100)


@pytest.mark.parametrize("lasting", [3, 6, 9, 20])
def test_two_rests_with_a_short_move_between_keep_their_edges(lasting):
    walk = np.full((300, 2), 50.0)
    walk[:, 0] += 4.0 * np.clip(np.arange(300) - 120, 0, lasting)
    recording = Recording.synthetic({"a": walk}, fps=30, px_per_cm=10)
    assert immobile(recording, "a").start_frame.tolist() == [0, 120 + lasting]
    assert immobile(recording, "a").stop_frame.tolist() == [120, 300]
    assert moving(recording, "a").start_frame.tolist() == [120]
    assert moving(recording, "a").stop_frame.tolist() == [120 + lasting]
    assert immobile(recording, "a").total_s + moving(recording, "a").total_s == pytest.approx(10)


def test_a_turn_at_full_speed_is_no_rest():
    walk = np.full((300, 2), 50.0)
    walk[:, 0] += 8.0 * np.abs((np.arange(300) + 37) % 60 - 30)  # to and fro, 24 cm/s
    for noise in (0.0, 0.3):
        jitter = np.random.default_rng(9).normal(0, noise, walk.shape)
        recording = Recording.synthetic({"a": walk + jitter}, fps=30, px_per_cm=10)
        assert immobile(recording, "a", min_duration_s=0).count == 0
        assert moving(recording, "a").percent == pytest.approx(100)


def test_a_rest_shorter_than_the_shortest_is_left_out():
    time_s = np.arange(240) / 30
    for lasting, expected in ((0.9, 0), (1.0, 1)):
        walk = stop_and_go(time_s, 2.0, 2.0 + lasting, 100)
        recording = Recording.synthetic({"a": walk}, fps=30, px_per_cm=10)
        assert immobile(recording, "a").count == expected
        assert immobile(recording, "a", min_duration_s=0.5).count == 1


def test_an_animal_that_never_rests_has_no_latency():
    walk = stop_and_go(np.arange(90) / 30, 9, 9, 100)
    rest = immobile(Recording.synthetic({"a": walk}, fps=30, px_per_cm=10), "a")
    assert rest.count == 0 and np.isnan(rest.latency_s) and rest.censored and rest.percent == 0


@pytest.mark.parametrize(("gap", "expected"), [(3, [(0, 300)]), (4, [(0, 100), (104, 300)])])
def test_a_gap_of_up_to_three_frames_does_not_end_a_rest(gap, expected):
    walk = np.tile([50.0, 50.0], (300, 1))
    walk[100 : 100 + gap] = np.nan
    rest = immobile(Recording.synthetic({"a": walk}, fps=30, px_per_cm=10), "a")
    assert list(zip(rest.start_frame.tolist(), rest.stop_frame.tolist(), strict=True)) == expected
    assert (~rest).count == 0  # unseen is not the opposite of rest


def test_uncalibrated_limits_come_from_the_animals_own_length_and_say_so():
    walk = stop_and_go(np.arange(240) / 30, 2.0, 5.0, 100)
    recording = Recording.synthetic({"a": walk}, fps=30, length=40)
    rest = immobile(recording, "a")
    assert (rest.start_frame.tolist(), rest.stop_frame.tolist()) == ([60], [150])
    assert "4 px/s (0.1 body lengths/s, uncalibrated)" in rest.definition
    with pytest.raises(QueryError, match="Give max_speed in px"):
        immobile(Recording.synthetic({"a": walk}, fps=30), "a")


@pytest.mark.parametrize("more", [{"px_per_cm": 3}, {"length": 12}])
def test_in_a_coarse_picture_the_default_stays_above_jitter_and_says_so(more):
    for seed in range(3):
        walk = 50 + np.random.default_rng(seed).normal(0, 0.3, (900, 2))
        recording = Recording.synthetic({"a": walk}, fps=30, **more)
        assert immobile(recording, "a").count == 1 and immobile(recording, "a").percent > 99
        assert moving(recording, "a").total_s < 0.3
    assert "3 px/s, the least above jitter" in immobile(recording, "a").definition


def test_the_definition_carries_every_threshold():
    recording = Recording.synthetic({"a": np.zeros((90, 2))}, fps=30, px_per_cm=10)
    rest = immobile(recording, "a", max_speed=1.5, min_duration_s=2)
    assert rest.definition == "speed of centre < 1.5 cm/s over 0.5 s, for >= 2 s"


def test_without_a_window_the_stop_is_exact_as_well():
    walk = stop_and_go(np.arange(240) / 30, 2.0, 5.0, 100)
    recording = Recording.synthetic({"a": walk}, fps=30, px_per_cm=10)
    rest, walks = immobile(recording, "a", window_s=0), moving(recording, "a", window_s=0)
    assert (rest.start_frame.tolist(), rest.stop_frame.tolist()) == ([60], [150])
    assert walks.stop_frame.tolist() == [60, 240] and walks.start_frame.tolist() == [0, 150]


def test_slow_drift_is_neither_moving_nor_immobile():
    walk = stop_and_go(np.arange(240) / 30, 9, 9, 10)  # 1 cm/s
    recording = Recording.synthetic({"a": walk}, fps=30, px_per_cm=10)
    assert immobile(recording, "a").count == 0 and moving(recording, "a").count == 0
    assert immobile(recording, "a", max_speed=1.5).percent == pytest.approx(100)


def test_speed_between_takes_the_lower_limit_in_and_the_upper_out():
    x = np.cumsum([0] * 5 + [1] * 5 + [2] * 5)
    recording = Recording.synthetic({"a": np.column_stack([x, x * 0.0])}, fps=10)
    between = speed_between(recording, "a", 10, 20)  # 10 px/s at frame 5, 15 at frame 9, 20 after
    assert (between.start_frame.tolist(), between.stop_frame.tolist()) == ([5], [10])
    with pytest.raises(QueryError, match="low < high"):
        speed_between(recording, "a", 20, 10)


def test_resting_agrees_with_a_person_who_scored_freezing(shared_data):
    folder = shared_data / "behaviour" / "freezing"
    table = pd.read_csv(folder / "demo1" / "demo1_tracking.csv", header=[1, 2], index_col=0)
    points = table.columns.get_level_values(0).unique()
    centre = np.mean([table[point][["x", "y"]].to_numpy() for point in points], axis=0)
    recording = Recording.synthetic({"mouse": centre}, fps=50, px_per_cm=32)
    found = immobile(recording, "mouse").mask()
    scored = np.zeros(len(centre), dtype=bool)
    for start, stop in pd.read_csv(folder / "bouts_demo1_human.csv").to_numpy():
        scored[start:stop] = True
    chance = found.mean() * scored.mean() + (~found).mean() * (~scored).mean()
    kappa = ((found == scored).mean() - chance) / (1 - chance)
    assert kappa > 0.8  # people among themselves: 0.6 (a novice) to 0.94 (experts)


def rows(bouts):
    return list(zip(bouts.start_frame.tolist(), bouts.stop_frame.tolist(), strict=True))


@pytest.mark.parametrize("still", [2, 3, 5, 8])
@pytest.mark.parametrize("fps", [25, 30, 50])
def test_a_rest_or_a_move_of_a_few_frames_at_the_end_of_the_track_is_found(fps, still):
    n = 6 * fps
    frame = np.arange(n)
    for noise in (0.0, 0.1):
        draw = np.random.default_rng(5).normal(0, noise, (n, 2))
        walk = np.column_stack([4 * np.minimum(frame, n - still), 0 * frame]) + 50 + draw
        start = np.column_stack([4 * np.maximum(frame - still, 0), 0 * frame]) + 50 + draw
        recording = Recording.synthetic({"a": walk, "b": start}, fps=fps, px_per_cm=10)
        assert rows(moving(recording, "a")) == [(0, n - still)]
        assert rows(moving(recording, "b")) == [(still, n)]
        go = np.column_stack([4 * np.maximum(frame - (n - 1 - still), 0), 0 * frame]) + 50 + draw
        last = Recording.synthetic({"c": go}, fps=fps, px_per_cm=10)
        assert rows(moving(last, "c")) == [(n - 1 - still, n)]
        assert rows(immobile(last, "c")) == [(0, n - 1 - still)]


def test_jitter_at_the_end_of_a_track_makes_no_move_and_no_rest():
    for seed in range(20):
        draw = np.random.default_rng(seed).normal(0, 0.3, (300, 2))
        walk = np.column_stack([3.0 * np.arange(300), np.zeros(300)]) + draw
        recording = Recording.synthetic({"a": walk, "b": 50 + draw}, fps=30, px_per_cm=10)
        assert rows(moving(recording, "a")) == [(0, 300)]
        assert rows(immobile(recording, "b")) == [(0, 300)]


@every_setting
def test_movement_with_a_lower_stop_than_start_keeps_its_state_in_between(setting):
    edges = [setting.frame_at(s) for s in (2, 4, 6, 8, 10)]
    speeds = (1.8, 2.5, 1.8, 1.5, 1.8, 3.0)  # cm/s

    def path(t):
        step = np.diff(t, append=2 * t[-1] - t[-2])
        each = np.array(speeds)[np.searchsorted(edges, np.arange(len(t)), side="right")]
        return np.column_stack([5 + np.concatenate([[0], np.cumsum(each * step)[:-1]]), 0 * t])

    recording = make(setting, 12, {"a": path, "b": path, "c": path}, length=8)
    unit = setting.unit
    found = moving(recording, "a", 2 * unit, window_s=0, stop_speed=1.75 * unit)
    # the central difference at a change is the mean of both sides: 2.15, 2.15, 1.65, 1.65, 2.4
    assert rows(found) == [(edges[0], edges[2]), (edges[4], recording.n_frames)]
    before = (~found).start_frame.tolist()
    assert before == [edges[2]]  # until the first crossing it is neither
    assert "until < " in found.definition
    with pytest.raises(QueryError, match="stop_speed is above 0 and at most min_speed"):
        moving(recording, "a", 2 * unit, stop_speed=3 * unit)


@every_setting
def test_a_long_gap_makes_the_state_unknown_until_the_next_crossing(setting):
    def path(t):
        frame = np.round(t * float(setting.fps))
        fast = np.where(frame < 60, 3.0, 1.9) / float(setting.fps)
        return np.column_stack([5 + np.concatenate([[0], np.cumsum(fast)[:-1]]), 0 * t])

    unit = setting.unit
    limits = {"min_speed": 2 * unit, "stop_speed": 1.75 * unit, "window_s": 0}
    for lost, stop in ((3, None), (4, 90)):
        recording = make(setting, 6, {"a": path}, length=8, unseen={"a": (90, 90 + lost)})
        found = moving(recording, "a", **limits)
        assert rows(found) == [(0, stop or recording.n_frames)]
        assert (~found).count == 0


@every_setting
def test_the_share_of_the_outline_that_changes_tells_three_states(setting):
    n = setting.frame_at(9)
    a, b = setting.frame_at(3), setting.frame_at(6)
    frame = np.arange(n)
    step = np.where(frame <= a, 0, np.where(frame <= b, 1, 4))  # px of a side of 20: 0, 5, 20 %
    x = 50 + np.cumsum(step)
    boxes = np.column_stack([x, np.full(n, 50), np.full((n, 2), 20)])
    recording = Recording.synthetic(
        dict.fromkeys("abc", boxes[:, :2] + 10.0), fps=setting.fps,
        px_per_cm=setting.px_per_cm if setting.calibrated else None,
        masks={"a": Outlines.rectangles(boxes)},
    )  # fmt: skip
    assert rows(mobility_state(recording, "a")) == [(1, a + 1)]
    assert rows(mobility_state(recording, "a", "mobile")) == [(a + 1, b + 1)]
    assert rows(mobility_state(recording, "a", "highly mobile")) == [(b + 1, n)]
    with pytest.raises(QueryError, match="no outlines of b"):
        mobility_state(recording, "b")
    with pytest.raises(QueryError, match="state is one of immobile, mobile, highly mobile"):
        mobility_state(recording, "a", "frozen")


@settings(deadline=None, max_examples=15)
@given(
    st.floats(0, 6.28), st.sampled_from([1, -1]), st.floats(2, 40), st.integers(0, 60),
    st.sampled_from([20, 25, 30, 50]),
)  # fmt: skip
def test_turn_mirror_unit_shift_and_frame_rate_leave_rest_unchanged(
    turn, mirror, scale, shift, fps
):
    stop, go, n = 2 * fps, 5 * fps, 8 * fps
    time_s = np.arange(n) / fps
    path = np.concatenate([np.zeros((shift, 2)), stop_and_go(time_s, 2.0, 5.0, 10) - [100, 50]])
    path[:shift, 0] = -10 * np.arange(shift, 0, -1) / fps
    cos, sin = np.cos(turn), np.sin(turn)
    seen = path @ np.array([[cos, sin], [-sin, cos]]) * [mirror * scale, scale]
    recording = Recording.synthetic({"a": seen}, fps=fps, px_per_cm=scale)
    assert rows(immobile(recording, "a")) == [(stop + shift, go + shift)]
    assert rows(moving(recording, "a")) == [(0, stop + shift), (go + shift, n + shift)]
    pixels = Recording.synthetic({"a": seen}, fps=fps)
    assert rows(immobile(pixels, "a", 0.5 * scale)) == [(stop + shift, go + shift)]
