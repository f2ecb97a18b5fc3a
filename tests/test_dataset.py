"""Labelled frames as a folder to learn from: outlines, pictures, and which frames judge."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tracking.networks.samples import Placed, Sample, place
from tracking.networks.teaching.dataset import (
    outline,
    outlines,
    scaled,
    split_by_time,
    write_dataset,
)


def filled(placed: Placed, shape: tuple[int, int]) -> np.ndarray:
    """What ultralytics makes of an outline: cut to whole pixels and filled by the even-odd rule."""
    full = np.zeros(shape, np.uint8)
    cv2.fillPoly(full, [outline(placed).astype(np.int32)], 1)
    return full


def test_an_outline_that_is_filled_is_the_mask_again() -> None:
    full = np.zeros((60, 80), np.uint8)
    cv2.ellipse(full, (40, 30), (22, 11), 30, 0, 360, 1, -1)
    assert (filled(place(full), full.shape) == full).all()


def test_a_hole_stays_a_hole_but_for_the_way_to_it() -> None:
    full = np.zeros((60, 80), np.uint8)
    cv2.circle(full, (40, 30), 20, 1, -1)
    cv2.circle(full, (40, 30), 8, 0, -1)
    again = filled(place(full), full.shape)
    assert np.count_nonzero(again != full) <= 20  # a line from the edge to the hole at most
    assert not again[26:35, 36:45].any()


def test_two_parts_are_one_outline_with_a_thin_way_between() -> None:
    full = np.zeros((40, 80), np.uint8)
    full[10:30, 5:25] = full[10:30, 40:70] = 1
    again = filled(place(full), full.shape)
    assert (again[full > 0] == 1).all()
    assert np.count_nonzero(again != full) <= 20  # 15 px lie between them


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 2), (2, 1)])
def test_a_speck_still_has_an_outline_of_three_corners_or_more(height: int, width: int) -> None:
    speck = Placed(np.ones((height, width), np.uint8), 7, 3)
    points = outline(speck)
    assert len(points) >= 3
    full = np.zeros((10, 20), np.uint8)
    full[3 : 3 + height, 7 : 7 + width] = 1
    assert (filled(speck, full.shape) == full).all()


def test_the_last_frames_of_each_video_judge() -> None:
    sources = [("a.mp4", 10 * k) for k in range(20)] + [("b.mp4", 10 * k) for k in range(10)]
    split = split_by_time(sources)
    assert [sources[k][0] for k in split.validation] == ["a.mp4"] * 4 + ["b.mp4"] * 2
    assert all(sources[k][1] >= 160 for k in split.validation if sources[k][0] == "a.mp4")
    assert sorted(split.train + split.validation) == list(range(30))
    assert "24 frames are learned from, 6 later ones" in split.words


def test_the_cut_is_where_frames_lie_furthest_apart() -> None:
    frames = [0, 10, 20, 30, 40, 50, 60, 500, 510, 520]  # two wanted, three behind a gap
    split = split_by_time([("a.mp4", frame) for frame in frames])
    assert split.validation == [7, 8, 9]


def test_a_neighbour_of_a_frame_that_judges_is_not_learned_from() -> None:
    sources = [("a.mp4", frame) for frame in range(100, 110)]
    split = split_by_time(sources, {"a.mp4": 3})
    first = min(sources[k][1] for k in split.validation)
    assert all(first - sources[k][1] > 3 for k in split.train)
    assert len(split.left_out) == 3
    assert "3 too near to those are left out" in split.words


def test_five_frames_are_all_learned_from_and_that_is_said() -> None:
    split = split_by_time([("a.mp4", 100 * k) for k in range(5)])
    assert (split.train, split.validation) == ([0, 1, 2, 3, 4], [])
    assert "say nothing of others" in split.words


def test_frames_that_judged_before_judge_again_and_no_others() -> None:
    sources = [("a.mp4", 100 * k) for k in range(12)]
    split = split_by_time(sources, fixed=[("a.mp4", 300), ("a.mp4", 400), ("gone.mp4", 1)])
    assert split.validation == [3, 4]
    assert 11 in split.train


@pytest.mark.parametrize(("videos", "each", "judging"), [(20, 1, 4), (20, 2, 8), (40, 1, 8)])
def test_of_many_short_videos_the_last_ones_judge_whole(
    videos: int, each: int, judging: int
) -> None:
    sources = [(f"{k:02}.mp4", 300 * n) for k in range(videos) for n in range(each)]
    split = split_by_time(sources)
    assert split.validation == list(range(len(sources) - judging, len(sources)))
    assert not {sources[k][0] for k in split.train} & {sources[k][0] for k in split.validation}
    assert f"{judging} later ones judge, with {judging // each} videos of which" in split.words


def test_long_and_short_videos_together_spare_a_fifth() -> None:
    sources = [("a.mp4", 100 * k) for k in range(10)] + [(f"b{k}.mp4", 0) for k in range(10)]
    split = split_by_time(sources)
    assert [sources[k] for k in split.validation] == [
        ("a.mp4", 800), ("a.mp4", 900), ("b8.mp4", 0), ("b9.mp4", 0),
    ]  # fmt: skip


def test_frames_that_weights_learned_from_and_those_beside_them_never_judge() -> None:
    sources = [("a.mp4", frame) for frame in (10, 20, 30, 40, 50, 52, 400, 500)]
    learned = sources[:5]
    split = split_by_time(sources, learned=learned, reserved={"a.mp4": 60})
    assert [sources[k][1] for k in split.validation] == [500]
    nothing = split_by_time(sources[:6], learned=learned, reserved={"a.mp4": 60})
    assert nothing.validation == [] and nothing.train == [0, 1, 2, 3, 4, 5]
    assert "since the weights that training began with know all of them" in nothing.words
    again = split_by_time(sources, fixed=[("a.mp4", 30), ("a.mp4", 500)], learned=learned)
    assert [sources[k][1] for k in again.validation] == [500]


def test_the_stretch_of_frames_that_judged_before_is_kept_free_with_what_is_around_it() -> None:
    new = (1800, 1839, 1896, 1904, 2300, 2561)  # 60 frames around 1900 to 2500 are reserved
    judged = [("a.mp4", 1900), ("a.mp4", 2500), ("a.mp4", 2400)]
    sources = [("a.mp4", 100), *(("a.mp4", frame) for frame in new), *judged[:2]]
    split = split_by_time(sources, fixed=judged, learned=[("a.mp4", 100)],
                          reserved={"a.mp4": 60})  # fmt: skip
    assert [sources[k][1] for k in split.validation] == [1900, 2500]
    assert [sources[k][1] for k in split.train] == [100, 1800, 1839, 2561]
    assert "2 that judged before judge again; 3 too near to those are left out" in split.words


def test_a_report_says_that_the_best_epoch_was_chosen_on_the_frames_that_judge() -> None:
    split = split_by_time([("a.mp4", 100 * k) for k in range(10)])
    assert "The best epoch is chosen on the frames that judge" in split.words
    assert "only" not in split.words


def test_pictures_are_written_without_loss_at_the_size_of_the_network(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (120, 160), np.uint8)
    full = np.zeros((120, 160), np.uint8)
    full[30:60, 40:80] = 1
    sample = Sample(image, [place(full)], [1], ("a.mp4", 5))
    empty = Sample(image)
    file = write_dataset(tmp_path, [sample, empty], [sample], ["dark", "white"], 80)
    about = json.loads(file.read_text())
    assert about["names"] == {"0": "dark", "1": "white"}
    written = cv2.imread(str(tmp_path / "images/train/000000.png"), cv2.IMREAD_UNCHANGED)
    assert (written == scaled(image, 80)).all() and written.shape == (60, 80)
    assert (tmp_path / "labels/train/000001.txt").read_text() == ""
    kind, *numbers = (tmp_path / "labels/val/000000.txt").read_text().split()
    points = np.array(numbers, float).reshape(-1, 2) * (160, 120)
    assert kind == "1"
    assert points.min(0) == pytest.approx([40, 30], abs=0.07)
    assert points.max(0) == pytest.approx([80, 60], abs=0.07)
    assert outlines(empty) == ""


def test_a_picture_that_shrinks_keeps_its_mean() -> None:
    image = np.zeros((64, 64), np.uint8)
    image[::2] = 200
    assert scaled(image, 16).tolist() == np.full((16, 16), 100).tolist()
    assert scaled(image, 64) is image
