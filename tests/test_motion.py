"""Immobile and moving: exact edges for clean stops, robust to jitter, honest about gaps."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from llm_query.errors import QueryError
from llm_query.motion import immobile, moving, speed_between
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
