"""Background subtraction chooses for itself what suits a video, and honours what is set by hand."""

from fractions import Fraction

import av
import numpy as np
import pytest
from tracked_scenes import ellipse

from tracking.errors import TrackingError
from tracking.subtraction.background import BackgroundSegmenter
from tracking.subtraction.empty_arena import ordered
from tracking.subtraction.tuning import sample, tune
from tracking.video import probe, read_frames

N = 240


def write(path, draw, n_frames=N):
    """A video of what ``draw(frame, image)`` paints into (240, 320) gray images."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.options = {"crf": "18", "preset": "ultrafast", "g": "50"}
        noise = np.random.default_rng(5).normal(0, 2, (8, 240, 320))
        for f in range(n_frames):
            image = np.clip(draw(f) + noise[f % 8], 0, 255).astype(np.uint8)
            picture = av.VideoFrame.from_ndarray(image, format="gray")
            container.mux(stream.encode(picture.reformat(format="yuv420p")))
        container.mux(stream.encode(None))
    return probe(path)


def scene(paths, floor=180.0, level=60.0):
    """Animals on their paths, each a function from frame to (x, y, heading_deg)."""

    def draw(f):
        image = np.full((240, 320), floor)
        for path in paths:
            image[ellipse(*path(f))] = level
        return image

    return draw


def circling(x, y, phase):
    return lambda f: (x + 45 * np.cos(f / 20 + phase), y + 45 * np.sin(f / 20 + phase), 3.0 * f)


def counts(info, tuning):
    segmenter = BackgroundSegmenter(tuning.background, tuning.settings)
    return np.array([len(segmenter.segment_gray(frame.gray)) for frame in read_frames(info)])


def test_dark_animals_on_a_light_floor_come_out_in_every_frame(tmp_path):
    info = write(
        tmp_path / "v.mp4",
        scene([circling(80, 70, 0), circling(230, 70, 1), circling(160, 175, 2)]),
    )
    tuning = tune(info, 3)
    assert tuning.settings.animals == "darker"
    assert (counts(info, tuning) == 3).mean() > 0.98
    assert tuning.settings.typical_area_px == pytest.approx(ellipse(100, 100).sum(), rel=0.05)
    assert tuning.settings.typical_length_px == pytest.approx(40, rel=0.05)


def test_the_dark_tail_of_a_light_animal_is_not_taken_for_the_animal(tmp_path):
    dark, other = circling(80, 110, 0), circling(230, 120, 2)

    def draw(f):
        image = np.full((240, 320), 180.0)
        x, y, _ = dark(f)
        beside = x + (34 if f // 24 % 3 else 20)  # in contact for a third of the time
        image[ellipse(beside, y)] = 110.0
        image[ellipse(beside + 14, y, 0, 6, 3)] = 50.0
        image[ellipse(x, y, 90)] = 60.0
        image[ellipse(*other(f))] = 60.0
        return image

    tuning = tune(write(tmp_path / "v.mp4", draw), 3)
    assert tuning.settings.threshold < 70  # by which the light one differs from the floor
    assert tuning.settings.areas(3) == pytest.approx([np.pi * 20 * 8] * 3, rel=0.1)


def test_an_animal_that_sits_still_for_most_of_the_clip_is_not_swallowed(tmp_path):
    def sitting(f):
        return (200.0, 120.0, 30.0) if f < 0.8 * N else (200.0 - (f - 0.8 * N), 120.0, 0.0)

    info = write(tmp_path / "v.mp4", scene([sitting, circling(80, 70, 0)], floor=20.0, level=150.0))
    tuning = tune(info, 2)
    assert tuning.settings.animals == "brighter"
    assert tuning.settings.statistic != "median"
    assert (counts(info, tuning) == 2).mean() > 0.98


@pytest.mark.parametrize("others", [0, 1, 2])
def test_an_animal_that_is_in_view_for_a_third_of_the_film_has_its_own_size(tmp_path, others):
    late, always = circling(80, 70, 0), [circling(230, 70, 1), circling(160, 175, 2)][:others]
    alone, all_there = scene(always), scene([*always, late])
    info = write(tmp_path / "v.mp4", lambda f: (all_there if f > 0.7 * N else alone)(f))
    tuning = tune(info, others + 1)
    assert tuning.settings.typical_area_px == pytest.approx(ellipse(100, 100).sum(), rel=0.05)
    assert tuning.settings.typical_length_px == pytest.approx(40, rel=0.05)
    assert tuning.parts["in_view"] == pytest.approx(0.3, abs=0.06)
    assert counts(info, tuning).tolist() == [others + (f > 0.7 * N) for f in range(N)]


def test_a_wall_that_brightens_once_is_not_taken_for_an_animal(tmp_path):
    moving = scene([circling(120, 120, 0)])

    def draw(f):
        image = moving(f)
        image[:, 260:] = 150.0 if 100 <= f < 130 else 60.0
        return image

    info = write(tmp_path / "v.mp4", draw)
    tuning = tune(info, 1)
    assert tuning.settings.typical_area_px == pytest.approx(ellipse(100, 100).sum(), rel=0.1)
    before = counts(info, tuning)[:95]
    assert (before == 1).mean() > 0.95


def test_the_background_is_the_empty_arena(tmp_path):
    info = write(tmp_path / "v.mp4", scene([circling(80, 70, 0), circling(230, 150, 1)]))
    background = tune(info, 2).background
    # every pixel is floor, at whatever gray level the encoder gave it
    assert np.abs(background.astype(float) - np.median(background)).max() < 6


def test_what_is_set_by_hand_stays_and_the_rest_goes_with_it(tmp_path):
    info = write(tmp_path / "v.mp4", scene([circling(80, 70, 0), circling(230, 150, 1)]))
    by_hand = {"statistic": "median", "threshold": "33", "open_px": 2, "max_area_px": 2000}
    settings = tune(info, 2, by_hand=by_hand).settings
    assert (settings.statistic, settings.contrast) == ("median", "absolute")
    assert (settings.threshold, settings.open_px, settings.max_area_px) == (33.0, 2, 2000.0)
    share = tune(info, 2, by_hand={"threshold": 0.3}).settings
    assert (share.contrast, share.threshold) == ("relative", 0.3)
    assert tune(info, 2, by_hand={"contrast": "relative"}).settings.contrast == "relative"
    with pytest.raises(TrackingError, match="no setting treshold"):
        tune(info, 2, by_hand={"treshold": 20})


def test_tuning_the_same_video_twice_chooses_the_same(tmp_path):
    info = write(tmp_path / "v.mp4", scene([circling(80, 70, 0), circling(230, 150, 1)]))
    one, other = tune(info, 2), tune(info, 2)
    assert one.settings == other.settings
    np.testing.assert_array_equal(one.background, other.background)


def test_the_sample_is_spread_over_the_video_and_reports_how_far_it_is(tmp_path):
    info = write(tmp_path / "v.mp4", lambda f: np.full((240, 320), 40.0 + f / 2))
    seen = []
    stack = sample(info, count=24, on_progress=lambda done, total: seen.append((done, total)))
    levels = stack.reshape(len(stack), -1).mean(1)
    assert levels.min() < 60 and levels.max() > 140
    assert seen[-1] == (len(stack), len(stack))


def test_an_empty_video_is_refused_and_not_tracked_as_noise(tmp_path):
    info = write(tmp_path / "v.mp4", lambda f: np.full((240, 320), 120.0))
    with pytest.raises(TrackingError, match=r"stands out from the background of .*v\.mp4"):
        tune(info, 3)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 24, 36, 41])
def test_images_are_ordered_pixel_by_pixel(n):
    stack = np.random.default_rng(n).integers(0, 256, (n, 5, 4), dtype=np.uint8)
    np.testing.assert_array_equal(np.stack(ordered(list(stack))), np.sort(stack, axis=0))
