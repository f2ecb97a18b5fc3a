"""Features stay the same when the scene is moved, turned, mirrored, scaled or filmed faster."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from learned_scenes import BODY, scene

from llm_query.errors import QueryError
from llm_query.learning.features import (
    WINDOWS_S,
    behaviour_features,
    feature_names,
    feature_values,
    parse,
)
from llm_query.learning.signals import length_scale
from llm_query.recording import Recording

EDGE_S = max(WINDOWS_S)


def seen(paths, headings, **more) -> Recording:
    """The scene with a nose and a tail base on every animal's axis."""
    points = {}
    for name, path in paths.items():
        angle = np.radians(headings[name])
        ahead = np.column_stack([np.cos(angle), -np.sin(angle)]) * BODY / 2
        points[name] = {"nose": path + ahead, "tail_base": path - ahead}
    return Recording.synthetic(
        paths, length=more.pop("length", BODY), heading_deg=headings, points=points, **more
    )


def moved(paths, headings, degrees: float, mirror: bool):
    """The scene turned counter-clockwise on the screen, perhaps mirrored first, and moved."""
    turn = np.radians(degrees)
    matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])  # y down
    sign = -1.0 if mirror else 1.0
    new = {a: (p * [sign, 1]) @ matrix.T + [500, -300] for a, p in paths.items()}
    turned = {}
    for animal, heading in headings.items():
        facing = 180 - heading if mirror else heading
        turned[animal] = (facing + degrees + 180) % 360 - 180
    return new, turned


@pytest.mark.parametrize("target", [None, "animal2"])
@pytest.mark.parametrize(("degrees", "mirror"), [(37.0, False), (0.0, True), (120.0, True)])
def test_moving_turning_and_mirroring_the_scene_changes_no_feature(target, degrees, mirror):
    paths, headings, _ = scene(3, seconds=20)
    before = feature_values(seen(paths, headings), "animal1", target)
    after = feature_values(seen(*moved(paths, headings, degrees, mirror)), "animal1", target)
    np.testing.assert_allclose(after, before, rtol=2e-3, atol=2e-2)


def test_scale_and_calibration_change_no_feature():
    paths, headings, _ = scene(3, seconds=10)
    plain = feature_values(seen(paths, headings), "animal1", "animal3")
    twice = {name: path * 2 for name, path in paths.items()}
    made = seen(twice, headings, length=2 * BODY, px_per_cm=12.5)
    for name, track in made.tracks.items():  # the points are half a body from the centre
        points = {p: twice[name] + 2 * (v - twice[name]) for p, v in track.points.items()}
        track.points.update(points)
    assert made.unit == "cm"
    np.testing.assert_allclose(
        feature_values(made, "animal1", "animal3"), plain, rtol=1e-3, atol=1e-2
    )


def smooth(fps: int) -> Recording:
    """An animal whose speed and turning swing slowly, and one that sits."""
    t = np.arange(20 * fps) / fps
    angle = 2 * t + np.sin(0.7 * t)
    path = 500 + 30 * np.column_stack([t + np.sin(t), np.cos(0.8 * t)])
    return Recording.synthetic(
        {"animal1": path, "animal2": np.full((len(t), 2), 480.0)},
        fps=fps, length=BODY,
        heading_deg={"animal1": (np.degrees(angle) + 180) % 360 - 180, "animal2": 0 * t},
    )  # fmt: skip


@pytest.mark.parametrize("target", [None, "animal2"])
def test_25_and_60_frames_per_second_agree(target):
    slow, fast = smooth(25), smooth(60)
    names = feature_names(slow, "animal1", target)
    assert names == feature_names(fast, "animal1", target)
    at = np.arange(15, 85) / 5  # seconds that both have a frame for, away from the ends
    a = feature_values(slow, "animal1", target, frames=np.round(at * 25).astype(int))
    b = feature_values(fast, "animal1", target, frames=np.round(at * 60).astype(int))
    spread = np.nanstd(a, axis=0) + 0.05 * np.nanmax(np.abs(a), axis=0) + 1e-6
    off = np.nanmax(np.abs(a - b) / spread, axis=0)
    assert {n: round(float(o), 2) for n, o in zip(names, off, strict=True) if o > 0.5} == {}


def test_windows_are_seconds_of_real_time_and_hold_known_values():
    # 10 px/s until 2 s, then still: 0.25 body lengths/s; 20 frames/s
    t = np.arange(80) / 20
    path = np.column_stack([10 * np.minimum(t, 2), 0 * t])
    recording = Recording.synthetic({"animal1": path}, fps=20, length=BODY)
    names = ["speed, mean in 1 s before", "speed, mean in 1 s after", "speed, max in 1 s"]
    found = feature_values(recording, "animal1", names=names, frames=np.array([50]))
    # at 2.5 s: 21 frames from 1.5 s; 10 at 0.25, the one at 2 s in between at 0.125
    assert found[0] == pytest.approx([(10 * 0.25 + 0.125) / 21, 0.0, 0.125], abs=1e-6)


def test_unknown_frames_are_left_out_of_windows_and_a_gap_is_not_crossed():
    paths, headings, _ = scene(4, seconds=10)
    whole = Recording.synthetic(paths, length=BODY, heading_deg=headings)
    paths["animal1"][100:130] = np.nan
    gap = Recording.synthetic(paths, length=BODY, heading_deg=headings)
    names = ["speed", "speed, mean in 0.5 s before", "speed, min in 1 s"]
    a, b = (feature_values(r, "animal1", names=names) for r in (whole, gap))
    assert np.isnan(b[100:130, 0]).all()
    assert np.isnan(b[116:130, 1]).all() and np.isfinite(b[130:, 1]).all()
    np.testing.assert_allclose(b[160:], a[160:], rtol=1e-5)
    np.testing.assert_allclose(b[:80], a[:80], rtol=1e-5)


def test_lengths_come_from_outline_then_nose_and_tail_then_cm():
    paths, headings, _ = scene(5, seconds=2)
    outlined = seen(paths, headings)
    assert length_scale(outlined, "animal1") == (BODY, "body lengths (outline)")
    pointed = seen(paths, headings, length=None, px_per_cm=10)
    size, kind = length_scale(pointed, "animal1")
    assert (round(size, 6), kind) == (4.0, "body lengths (nose to tail base)")
    bare = Recording.synthetic(paths, px_per_cm=10)
    assert length_scale(bare, "animal1") == (1.0, "cm")


def test_a_feature_that_the_recording_lacks_is_named():
    paths, _, _ = scene(6, seconds=2)
    recording = Recording.synthetic(paths)
    with pytest.raises(QueryError, match="does not have what this needs of animal1: nose speed"):
        feature_values(recording, "animal1", names=["nose speed, std in 1 s"])
    with pytest.raises(QueryError, match="own partner"):
        feature_values(recording, "animal1", "animal1")


def test_every_name_is_read_back_as_it_was_written():
    paths, headings, _ = scene(7, seconds=2)
    names = feature_names(seen(paths, headings), "animal1", "animal2")
    assert len(set(names)) == len(names) > 200
    assert len({parse(name) for name in names}) == len(names)
    assert not [name for name in names if "region" in name or "corner" in name]


def test_the_table_has_one_row_per_frame_and_its_times():
    paths, headings, _ = scene(8, seconds=2)
    table = behaviour_features(Recording.synthetic(paths, heading_deg=headings), "animal1")
    assert len(table) == 50 and table["time_s"].iloc[-1] == pytest.approx(49 / 30)
    assert "angle to the nearest" in table.columns


def test_60_features_of_200000_frames_take_seconds():
    n = 200_000
    walk = np.cumsum(np.random.default_rng(0).normal(size=(n, 2)), axis=0)
    recording = Recording.synthetic({"animal1": walk, "animal2": walk[::-1]}, length=BODY)
    names = feature_names(recording, "animal1", "animal2")[:60]
    began = time.process_time()
    assert feature_values(recording, "animal1", "animal2", names).shape == (n, 60)
    assert time.process_time() - began < 8


def test_a_recording_of_another_animal_count_keeps_its_own_features():
    paths, headings, _ = scene(9, seconds=2, animals=1)
    alone = Recording.synthetic(paths, heading_deg=headings)
    assert not [name for name in feature_names(alone, "animal1") if "nearest" in name]
    assert replace(alone, video="other").animals == ("animal1",)
