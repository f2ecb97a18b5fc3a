"""Holes in time: where a camera stalled, nobody knows what happened, and nothing is computed."""

import numpy as np
import pytest
from known import SETTINGS, every_setting

from llm_query.algebra.intervals import bridge, holes, usual_step
from llm_query.errors import QueryError
from llm_query.individual.bodies import mobility
from llm_query.individual.cleaning import fill_gaps
from llm_query.individual.directions import turning_angle
from llm_query.individual.gait import strides
from llm_query.individual.kinematics import (
    acceleration,
    distance_moved,
    mean_speed,
    speed,
    step_length,
    turning_speed,
)
from llm_query.individual.local_fits import stretch_ids, windows
from llm_query.individual.paths import path_straightness, sinuosity
from llm_query.individual.point_speed import filled, steady_speed, strayed
from llm_query.outlines import Outlines
from llm_query.recording import Recording

BEFORE, AFTER, STALL_S = 100, 150, 5.0  # frames, frames, seconds


def stalled(setting, **more):
    """Three animals that walk to the right at 5 cm/s; the camera stalls once, for five seconds.

    They walk on meanwhile, and c is not seen in the first 20 frames.
    """
    time_s = np.arange(BEFORE + AFTER) / float(setting.fps)
    time_s[BEFORE:] += STALL_S
    x = 20 + 5 * time_s * setting.px_per_cm
    paths = {name: np.column_stack([x, np.full(len(x), 50.0 * k)]) for k, name in enumerate("abc")}
    paths["c"][:20] = np.nan
    return Recording.synthetic(
        paths, fps=setting.fps, time_s=time_s,
        px_per_cm=setting.px_per_cm if setting.calibrated else None, **more,
    )  # fmt: skip


def test_a_hole_is_a_step_of_more_than_three_usual_ones():
    assert holes(np.array([0, 1, 2, 3, 6, 7, 8])).tolist() == [False] * 6
    assert holes(np.array([0, 1, 2, 3, 6.1, 7, 8])).tolist() == [False] * 3 + [True] + [False] * 2
    assert len(holes(np.array([0.0]))) == 0


def test_a_rate_that_varies_or_falls_for_a_while_has_no_holes():
    rng = np.random.default_rng(0)
    assert not holes(np.cumsum(rng.uniform(0.02, 0.04, 5000))).any()
    dark = np.repeat([1 / 30, 1 / 6, 1 / 30], [200, 60, 200])  # seconds per frame
    found = np.flatnonzero(holes(np.concatenate([[0], np.cumsum(dark)])))
    assert len(found) <= 8  # at most around the two changes, never all through
    dark[30] = 5
    assert holes(np.concatenate([[0], np.cumsum(dark)]))[30]
    assert usual_step(np.array([0, 1, 2, 3, 60, 61, 62])) == 1.0


def test_two_holes_close_together_are_two():
    time_s = np.concatenate([np.arange(30), [500.0], 1000 + np.arange(30)])
    assert np.flatnonzero(holes(time_s)).tolist() == [29, 30]


def test_stretches_and_windows_end_at_a_hole():
    seen = np.ones(8, dtype=bool)
    time_s = np.array([0, 1, 2, 3, 9, 10, 11, 12.0])
    assert stretch_ids(seen, time_s).tolist() == [0] * 4 + [1] * 4
    assert stretch_ids(seen).tolist() == [0] * 8
    first, last = windows(seen, time_s, 100.0)
    assert first.tolist() == [0] * 4 + [4] * 4
    assert last.tolist() == [3] * 4 + [7] * 4


def test_a_frame_that_lasts_over_a_hole_is_not_known_and_never_bridged():
    on = np.ones(8, dtype=bool)
    edges_s = np.array([0, 1, 2, 3, 9, 10, 11, 12, 13.0])
    mask, known = bridge(on, on, 3, edges_s)
    assert np.flatnonzero(~known).tolist() == np.flatnonzero(~mask).tolist() == [3]
    some = on.copy()
    some[[4, 6]] = False  # one gap beside the hole, one elsewhere
    mask, known = bridge(on, some, 3, edges_s)
    assert np.flatnonzero(~known).tolist() == np.flatnonzero(~mask).tolist() == [3, 4]
    assert bridge(on, on, 3)[0].all()
    for wrong in (-1, float("nan")):
        with pytest.raises(QueryError, match="max_gap_frames is a number of frames from 0"):
            bridge(on, on, wrong)


@every_setting
@pytest.mark.parametrize("window_s", [0.0, 0.5])
def test_no_speed_is_computed_across_a_hole(setting, window_s):
    time_s = stalled(setting).time_s
    place = np.column_stack([time_s * 0, time_s * 0])
    place[BEFORE:] = 300.0  # it was put somewhere else meanwhile
    recording = Recording.synthetic(dict.fromkeys("abc", place), fps=setting.fps, time_s=time_s)
    assert speed(recording, "a", window_s=window_s).tolist() == [0.0] * (BEFORE + AFTER)
    assert not acceleration(recording, "a", window_s=window_s).any()
    assert distance_moved(recording, "a", window_s=window_s) == 0
    assert distance_moved(recording, "a", gaps="straight") == pytest.approx(300 * 2**0.5)
    assert steady_speed(place, time_s, 0.5).tolist() == [0.0] * (BEFORE + AFTER)
    facing = {"a": np.where(np.arange(BEFORE + AFTER) < BEFORE, 0.0, 90.0)}
    turned = Recording.synthetic({"a": place}, fps=setting.fps, time_s=time_s, heading_deg=facing)
    assert not turning_speed(turned, "a", window_s=window_s).any()


@every_setting
def test_distances_and_mean_speeds_count_the_steps_that_were_seen(setting):
    recording = stalled(setting)
    fast = 5 * setting.unit
    seen_s = (BEFORE + AFTER - 2) / float(setting.fps)
    assert distance_moved(recording, "a") == pytest.approx(fast * seen_s)
    assert mean_speed(recording, "b") == pytest.approx(fast)
    assert np.flatnonzero(np.isnan(step_length(recording, "a"))).tolist() == [
        BEFORE - 1, BEFORE + AFTER - 1,
    ]  # fmt: skip
    whole_s = recording.time_s[-1] - recording.time_s[0]
    assert distance_moved(recording, "a", gaps="scale") == pytest.approx(fast * whole_s)
    assert distance_moved(recording, "a", gaps="straight") == pytest.approx(fast * whole_s)
    assert np.flatnonzero(np.isnan(turning_angle(recording, "b"))).tolist() == [
        0, 1, BEFORE, BEFORE + 1,
    ]  # fmt: skip
    assert path_straightness(recording, "c", gaps="scale") == pytest.approx(1)
    assert sinuosity(recording, "a") == 0


@every_setting
def test_a_short_gap_beside_a_hole_is_neither_crossed_nor_filled(setting):
    recording = stalled(setting)
    place, time_s = recording.position("a").copy(), recording.time_s
    place[BEFORE] = np.nan
    place[10] = np.nan
    crossed = filled(place, time_s, 3)
    assert np.flatnonzero(np.isnan(crossed[:, 0])).tolist() == [BEFORE]
    assert np.flatnonzero(np.isnan(fill_gaps(place, time_s, 1.0)[:, 0])).tolist() == [BEFORE]
    assert np.isfinite(fill_gaps(place, time_s, STALL_S + 1)).all()


@every_setting
def test_a_place_reached_during_a_hole_is_no_wild_frame(setting):
    recording = stalled(setting)
    place = recording.position("b").copy()
    place[BEFORE : BEFORE + 2, 1] += 0.01
    place[50, 1] += 300
    assert np.flatnonzero(strayed(place, recording.time_s)).tolist() == [50]


@every_setting
def test_outlines_on_both_sides_of_a_hole_are_not_compared(setting):
    n = BEFORE + AFTER
    boxes = np.tile([10, 10, 20, 20], (n, 1))
    boxes[BEFORE:, 0] = 100
    recording = stalled(setting, masks={"a": Outlines.rectangles(boxes)})
    for lag_s, first in ((None, 1), (3 / float(setting.fps), 3)):
        changed = mobility(recording, "a", lag_s=lag_s)
        unknown = [*range(first), *range(BEFORE, BEFORE + first)]
        assert np.flatnonzero(np.isnan(changed)).tolist() == unknown
        assert not changed[np.isfinite(changed)].any()


def test_a_stride_over_a_hole_is_left_out():
    setting = SETTINGS[0]
    frame = np.arange(240)
    done, within = np.divmod(frame, 12)
    x = 60.0 * (done + np.minimum(within, 4) / 4)  # swings for 4 frames, stands for 8
    paw = np.column_stack([x, np.full(240, 20.0)])
    time_s = frame / float(setting.fps)
    lost = 115  # in the stance that begins at frame 9 * 12 + 4
    time_s[lost:] += STALL_S
    made = [
        strides(Recording.synthetic(dict.fromkeys("abc", paw), fps=setting.fps, px_per_cm=10,
                                    time_s=times), "a", "centre", max_stride_s=100)
        for times in (frame / float(setting.fps), time_s)
    ]  # fmt: skip
    every, left = ([int(f) for f in found["stance_start_frame"]] for found in made)
    crossing = {f for f in every if f < lost <= f + 12}
    assert crossing and set(left) == set(every) - crossing
