"""Bodies of known shape: ellipses, bends, angles, and outlines that change by known pixels."""

import time
from dataclasses import replace

import numpy as np
import pytest
from known import SETTINGS, every_setting, make, still, straight
from outline_samples import discs, outlines

from llm_query.errors import QueryError
from llm_query.individual.bodies import (
    activity,
    body_length,
    curvature,
    elongation,
    median_length,
    mobility,
    point_angle,
)
from llm_query.outlines import Outlines, changed_area
from llm_query.recording import Recording


def sized(recording, **sizes):
    """The same recording with length and width (in px) of the named animals' outlines."""
    tracks = dict(recording.tracks)
    for name, (length, width) in sizes.items():
        seen = recording.seen(name)
        tracks[name] = replace(
            tracks[name],
            length=np.where(seen, length, np.nan),
            width=np.where(seen, width, np.nan),
        )
    return replace(recording, tracks=tracks)


@every_setting
def test_elongation_is_0_for_a_circle_and_grows_towards_1_for_a_line(setting):
    recording = make(
        setting, 2, {"a": still(1, 1), "b": straight(0, 0, 3), "c": still(9, 9)},
        unseen={"a": (4, 9)},
    )  # fmt: skip
    k = setting.px_per_cm
    recording = sized(recording, a=(4 * k, 2 * k), b=(3 * k, 3 * k), c=(9 * k, 1e-3 * k))
    expected = np.full(recording.n_frames, 0.6)
    expected[4:9] = np.nan
    assert elongation(recording, "a") == pytest.approx(expected, nan_ok=True)
    assert elongation(recording, "b").tolist() == [0.0] * recording.n_frames
    assert elongation(recording, "c") == pytest.approx(1.0, abs=1e-6)
    with pytest.raises(QueryError, match="no outlines of a whose shape"):
        elongation(make(setting, 1, {"a": still(1, 1)}), "a")


@every_setting
def test_the_body_is_as_long_as_its_outline_or_from_nose_to_tail_base(setting):
    recording = make(
        setting,
        2,
        {"a": still(5, 5), "b": still(9, 5), "c": still(0, 0)},
        points={"b": {"Snout": still(9, 8), "TailBase": still(13, 5)}},
        unseen={"b": (7, 8)},
    )
    expected = np.full(recording.n_frames, 5 * setting.unit)
    expected[7] = np.nan
    assert body_length(recording, "b") == pytest.approx(expected, nan_ok=True)
    assert median_length(recording, "b", "max_distance") == pytest.approx(5 * setting.unit)
    measured = sized(recording, b=(3 * setting.px_per_cm, setting.px_per_cm))
    assert np.nanmedian(body_length(measured, "b")) == pytest.approx(3 * setting.unit)
    assert np.isnan(body_length(recording, "c")).all()
    with pytest.raises(QueryError, match=r"c has no outline .* Give max_distance"):
        median_length(recording, "c", "max_distance")


@every_setting
def test_bends_to_the_left_are_positive_and_follow_the_body_round(setting):
    def fore(bend):
        """A nose that bends away to the left by so many degrees, of a body that turns."""

        def place(t):
            angle = np.radians(40 * t + bend(t))
            return np.column_stack([50 + 4 * np.cos(angle), 50 - 4 * np.sin(angle)])

        return place

    def hind(t):
        angle = np.radians(40 * t)
        return np.column_stack([50 - 3 * np.cos(angle), 50 + 3 * np.sin(angle)])

    bends = {
        "a": lambda t: 30 * np.sin(3 * t),
        "b": lambda t: np.full(len(t), -75.0),
        "c": lambda t: 0 * t,
    }
    recording = make(
        setting,
        4,
        {name: still(50, 50) for name in bends},
        points={n: {"nose": fore(bend), "tail_base": hind} for n, bend in bends.items()},
        unseen={"b": (11, 15)},
    )
    t = recording.time_s
    assert curvature(recording, "a") == pytest.approx(30 * np.sin(3 * t))
    expected = np.full(len(t), -75.0)
    expected[11:15] = np.nan
    assert curvature(recording, "b") == pytest.approx(expected, nan_ok=True)
    assert curvature(recording, "c") == pytest.approx(np.zeros(len(t)), abs=1e-9)
    joint = point_angle(recording, "a", "nose", "centre", "tail_base")
    assert joint == pytest.approx(180 - np.abs(30 * np.sin(3 * t)))
    assert point_angle(recording, "a", "tail_base", "centre", "nose") == pytest.approx(joint)
    assert np.isnan(point_angle(recording, "a", "nose", "nose", "tail_base")).all()


def test_the_middle_of_a_bend_is_the_labelled_back_before_the_centre():
    places = {"nose": [[2, -2]], "midback": [[2, 0]], "tailbase": [[0, 0]], "spot": [[1, 5]]}
    recording = Recording.synthetic({"a": np.array([[1.0, 0.0]])}, points={"a": places})
    assert curvature(recording, "a") == pytest.approx(90)
    assert curvature(recording, "a", middle="centre") == pytest.approx(np.degrees(np.arctan(2)))
    with pytest.raises(QueryError, match='no body point "neck"'):
        curvature(recording, "a", middle="neck")


def test_changed_areas_are_exact_for_any_masks():
    rng = np.random.default_rng(11)
    canvas = rng.random((60, 24, 31)) < 0.4
    canvas[:, 0, 0] = True
    shapes, corners = [], []
    for mask in canvas:
        ys, xs = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        shapes.append(mask[ys[0] : ys[-1] + 1, xs[0] : xs[-1] + 1])
        corners.append((int(xs[0]), int(ys[0])))
    masks = outlines(range(60), shapes, corners)
    earlier, later = rng.integers(0, 60, 500), rng.integers(0, 60, 500)
    changed, total = changed_area(masks, earlier, later)
    assert changed.tolist() == (canvas[earlier] ^ canvas[later]).sum(axis=(1, 2)).tolist()
    assert total.tolist() == (canvas[earlier].sum((1, 2)) + canvas[later].sum((1, 2))).tolist()


def scene(setting, boxes, unseen=None):
    """Solid rectangles (n, 4) px by animal, with outlines missing in the frames given."""
    n = len(next(iter(boxes.values())))
    kept = {name: np.setdiff1d(np.arange(n), (unseen or {}).get(name, [])) for name in boxes}
    recording = Recording.synthetic(
        {
            name: np.where(np.isin(np.arange(n), kept[name])[:, None], box[:, :2], np.nan)
            for name, box in boxes.items()
        },
        fps=setting.fps,
        px_per_cm=setting.px_per_cm if setting.calibrated else None,
        masks={
            name: Outlines.rectangles(box[kept[name]], kept[name]) for name, box in boxes.items()
        },
    )
    return replace(recording, width=200, height=100)


def boxes_at(x, y, width, height):
    return np.column_stack(np.broadcast_arrays(x, y, width, height)).astype(int)


@every_setting
def test_mobility_is_the_changed_share_and_never_across_a_gap(setting):
    frame = np.arange(40)
    boxes = {
        "a": boxes_at(10 + 2 * frame, 20, 20, 10),  # 2 of 20 columns leave, 2 come
        "b": boxes_at(70, 30, 20, 10 + frame % 2 * 10),  # breathes between 200 and 400 px
        "c": boxes_at(5 + 0 * frame, 5, 7, 7),
    }
    recording = scene(setting, boxes, {"a": [12, 13, 30]})
    found = mobility(recording, "a")
    assert np.flatnonzero(np.isnan(found)).tolist() == [0, 12, 13, 14, 30, 31]
    assert np.unique(found[np.isfinite(found)]).tolist() == [40 / 400]
    assert mobility(recording, "b")[1:] == pytest.approx(np.full(39, 200 / 600))
    assert mobility(recording, "c")[1:].tolist() == [0.0] * 39
    whole = activity(recording)
    assert np.isnan(whole).tolist() == np.isnan(found).tolist()
    assert whole[1] == pytest.approx((40 + 200 + 0) / 20_000)
    assert activity(recording, ["b"])[5] == pytest.approx(0.01)
    assert activity(recording, "c")[5] == 0


def test_mobility_over_the_same_time_is_the_same_at_every_frame_rate():
    for setting in SETTINGS:
        t = np.arange(setting.frame_at(4)) / float(setting.fps)
        boxes = {name: boxes_at(np.round(50 + 30 * t), 40, 40, 25) for name in "abc"}
        recording = scene(setting, boxes)
        found = mobility(recording, "a", lag_s=0.4, window_s=1.0)
        first = setting.frame_at(0.4)
        assert np.isnan(found[:first]).all() and np.isfinite(found[first:]).all()
        assert found[first + 20 : -20].mean() == pytest.approx(12 / 40, abs=0.02)


def test_a_window_is_a_mean_that_ends_at_missing_frames():
    boxes = {"a": boxes_at([0, 1, 3, 6, 6, 6, 7, 9], 0, 10, 1)}
    recording = scene(SETTINGS[0], boxes, {"a": [4]})
    each = mobility(recording, "a")
    assert each == pytest.approx([np.nan, 0.1, 0.2, 0.3, np.nan, np.nan, 0.1, 0.2], nan_ok=True)
    mean = mobility(recording, "a", window_s=0.08)  # one frame to either side at 25 frames/s
    truth = [np.nan, 0.15, 0.2, 0.25, np.nan, np.nan, 0.15, 0.15]
    assert mean == pytest.approx(truth, nan_ok=True)


def test_measures_of_outlines_say_what_is_missing():
    bare = Recording.synthetic({"a": np.zeros((4, 2))})
    with pytest.raises(QueryError, match="no outlines of a, only points"):
        mobility(bare, "a")
    seen = scene(SETTINGS[0], {"a": boxes_at(np.arange(4), 0, 5, 5)})
    with pytest.raises(QueryError, match="lag_s is a length of time above 0"):
        mobility(seen, "a", lag_s=0)
    with pytest.raises(QueryError, match="size of the picture"):
        activity(replace(seen, width=0))
    with pytest.raises(QueryError, match='no animal "z"'):
        activity(seen, ["z"])


def test_outlines_of_20000_frames_are_compared_in_seconds():
    centres = np.column_stack([40 + np.arange(20_000) % 500, np.full(20_000, 60)])
    masks = discs({"a": centres}, 15)
    recording = Recording.synthetic({"a": centres.astype(float)}, masks=masks)
    begin = time.process_time()
    found = mobility(recording, "a")
    assert time.process_time() - begin < 5  # half a second on a busy one
    assert found[1] == pytest.approx(62 / 1418, abs=1e-3)
    assert np.isfinite(found[1:]).all()
