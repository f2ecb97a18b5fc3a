"""Frames are filled in with masks where background subtraction is sure, and it says where not."""

from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest
from bedding_scene import film_bedding
from tracked_scenes import ellipse

from tracking.detections import detections_of
from tracking.networks.labelling.filling import Filler, filled_by_network
from tracking.networks.samples import sample_of
from tracking.video import probe, read_frames_at

N = 200


def places(f):
    """Two animals walk in rounds of their own and meet in frames 90 to 110."""
    meets = 90 <= f < 110
    one = (
        (152.0, 120.0, 90.0)
        if meets
        else (80 + 45 * np.cos(f / 20), 110 + 45 * np.sin(f / 20), 3.0 * f)
    )
    other = (
        (164.0, 120.0, 90.0)
        if meets
        else (240 + 40 * np.sin(f / 25), 120 + 45 * np.cos(f / 25), 2.0 * f)
    )
    return [one, other]


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("filling") / "plain.mp4"
    noise = np.random.default_rng(5).normal(0, 2, (8, 240, 320))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.options = {"crf": "18", "preset": "ultrafast", "g": "50"}
        for f in range(N):
            image = np.full((240, 320), 180.0)
            for animal in places(f):
                image[ellipse(*animal)] = 60.0
            image = np.clip(image + noise[f % 8], 0, 255).astype(np.uint8)
            picture = av.VideoFrame.from_ndarray(image, format="gray")
            container.mux(stream.encode(picture.reformat(format="yuv420p")))
        container.mux(stream.encode(None))
    return probe(path)


@pytest.fixture(scope="module")
def filler(film):
    return Filler.learn(film, 2)


def filled(filler, film, frames):
    return [filler.fill(frame.gray) for frame in read_frames_at(film, frames)]


def overlap(one, other):
    return (one & other).sum() / (one | other).sum()


def test_on_a_plain_floor_the_masks_are_the_animals_and_a_look_suffices(film, filler):
    frames = [10, 50, 130, 180]
    assert filler.usable and filler.right > 0.8
    for f, made in zip(frames, filled(filler, film, frames), strict=True):
        assert made.sure and made.note == ""
        sample = sample_of(np.zeros((240, 320), np.uint8), [], [], ("", f))
        masks = [np.zeros(sample.image.shape, bool) for _ in made.masks]
        for full, placed in zip(masks, made.masks, strict=True):
            full[placed.where] = placed.mask > 0
        for animal in places(f):
            assert max(overlap(ellipse(*animal), mask) for mask in masks) > 0.85


def test_animals_that_touch_are_left_to_the_person_and_that_is_said(film, filler):
    made = filled(filler, film, [100])[0]
    assert not made.masks and made.together == 1
    assert not made.sure
    assert made.note == "2 animals touch and are one outline: draw them apart"


def test_somebody_who_is_not_found_is_named_as_missing(film, filler):
    image = next(read_frames_at(film, [10])).gray.copy()
    x, y, _ = places(10)[0]
    image[int(y) - 30 : int(y) + 30, int(x) - 30 : int(x) + 30] = 180
    made = filler.fill(image)
    assert len(made.masks) == 1 and not made.sure
    assert made.note == "1 of 2 animals is not found: draw"


def test_an_outline_too_many_is_named(film, filler):
    image = next(read_frames_at(film, [10])).gray.copy()
    image[ellipse(160, 215, 0)] = 60
    made = filler.fill(image)
    assert len(made.masks) == 3 and not made.sure
    assert made.note == "3 outlines of 2 animals: take away what is none"


def whole_overlap(blob, true):
    full = np.zeros(true.shape, np.uint8)
    height, width = blob.mask.shape
    full[blob.y0 : blob.y0 + height, blob.x0 : blob.x0 + width] = blob.mask
    return overlap(full > 0, true > 0)


def test_on_bedding_thresholds_fail_and_no_frame_is_called_sure(tmp_path_factory):
    film = film_bedding(11, tmp_path_factory.getbasetemp() / "bedding", seconds=4)
    info = probe(film.video)
    hard = Filler.learn(info, 3)
    frames = list(range(0, 100, 5))
    right = []
    for frame in read_frames_at(info, frames):
        blobs = hard.segmenter.blobs(frame.gray)
        right.append(
            all(
                any(whole_overlap(blob, true) > 0.5 for blob in blobs)
                for true in film.labels(frame.index).values()
            )
        )
    assert np.mean(right) < 0.3
    made = filled(hard, info, frames)
    assert not any(one.sure for one in made)
    assert all(one.note for one in made)


def test_where_it_is_of_no_use_it_says_so_and_fills_nothing_in(filler):
    useless = replace(filler, right=0.05)
    assert not useless.usable
    assert "in 5% of the frames looked at: too seldom" in useless.why
    assert useless.fill(np.full((240, 320), 180, np.uint8)).masks == []


def test_a_network_is_as_sure_as_of_its_least_sure_animal():
    squares = [(np.ones((9, 9), np.uint8), 10, 20), (np.ones((9, 9), np.uint8), 50, 60)]
    made = filled_by_network(detections_of(squares, [0.95, 0.8]))
    assert made.sureness == pytest.approx(0.8) and made.sure
    assert [placed.box for placed in made.masks] == [(10, 20, 19, 29), (50, 60, 59, 69)]
    fewer = filled_by_network(detections_of(squares, [0.95, 0.8]), n_animals=3)
    assert not fewer.sure and fewer.note == "1 of 3 animals is not found: draw"
    nobody = filled_by_network(detections_of([], []))
    assert nobody.note.startswith("nobody was found")
