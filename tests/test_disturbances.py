"""Animals are found while the light drifts and jumps, a hand reaches in, and walls mirror them."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hard_scenes import Film, dark_walls, equal_mice, film_scene, spider_and_prey

from app.jobs.tracking_job import track_video
from storage.study import open_study
from storage.tracks import read_tracks
from tracking.detections import Detections
from tracking.masks import decode
from tracking.scoring import score_tracks
from tracking.subtraction.background import BackgroundSegmenter
from tracking.subtraction.disturbed import SCORE
from tracking.subtraction.light import Light, in_one_light, lights_of, lit
from tracking.subtraction.tuning import tune
from tracking.video import probe, read_frames

SECONDS = 8.0
MICE = replace(equal_mice(5, SECONDS), fps=Fraction(30000, 1001), crossings=1)
CLOSE = 3  # px; a centre may lie so far beside a mask that curves around it
EVERY = 3  # frames from one that is looked at to the next


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("films")


def found_in(film: Film, segmenter: BackgroundSegmenter | None = None) -> dict[int, Detections]:
    """What is found in every third frame, with settings tuned to the film."""
    info = probe(film.video)
    if segmenter is None:
        tuning = tune(info, film.scene.n_animals)
        segmenter = BackgroundSegmenter(tuning.background, tuning.settings)
    frames = [frame for frame in read_frames(info) if frame.index % EVERY == 0]
    return dict(zip([f.index for f in frames], segmenter.segment(frames), strict=True))


def share_found(film: Film, found: dict[int, Detections], frames: range | None = None) -> float:
    """The share of animals whose centre lies in a mask."""
    truth = film.truth[film.truth.frame.isin([f for f in found if frames is None or f in frames])]
    return float(np.mean([_is_in(found[row.frame], row.x, row.y) for row in truth.itertuples()]))


def _is_in(found: Detections, x: float, y: float) -> bool:
    for box, mask in zip(found.boxes.tolist(), found.masks, strict=True):
        x0, y0, x1, y1 = box
        grown = np.pad(decode(mask, y1 - y0, x1 - x0), CLOSE)
        column, row = round(x) - x0 + CLOSE, round(y) - y0 + CLOSE
        if 0 <= row < grown.shape[0] and 0 <= column < grown.shape[1]:
            near = grown[max(row - CLOSE, 0) : row + CLOSE + 1]
            if near[:, max(column - CLOSE, 0) : column + CLOSE + 1].any():
                return True
    return False


def too_many(film: Film, found: dict[int, Detections]) -> float:
    """Outlines on which no animal is, per frame."""
    extra = 0
    for frame, seen in found.items():
        truth = film.truth[film.truth.frame == frame]
        extra += sum(not _holds_any(box, truth) for box in seen.boxes.tolist())
    return extra / len(found)


def _holds_any(box: list[int], truth: pd.DataFrame) -> bool:
    x0, y0, x1, y1 = box
    return bool((truth.x.between(x0 - CLOSE, x1 + CLOSE) & truth.y.between(y0 - CLOSE, y1)).any())


@pytest.mark.parametrize(
    "what",
    [
        pytest.param({"drift": 0.3}, id="light that drifts by 30 %"),
        pytest.param({"lamp_on": 0.5}, id="a second lamp from midway on"),
    ],
)
def test_every_mouse_and_nothing_else_is_found_with(folder, what):
    film = film_scene(MICE.disturbed(**what), folder)
    found = found_in(film)
    assert share_found(film, found) >= 0.995
    assert too_many(film, found) <= 0.01


@pytest.mark.slow  # draws and encodes a film of its own: 4 to 7 s
def test_most_reflections_are_too_faint_to_be_animals(folder):
    film = film_scene(MICE.disturbed(mirror=0.5), folder)
    info = probe(film.video)
    tuning = tune(info, 3)
    found = found_in(film, BackgroundSegmenter(tuning.background, tuning.settings))
    any_level = tuning.settings.with_changes({"own_level": 0})
    before = too_many(film, found_in(film, BackgroundSegmenter(tuning.background, any_level)))
    assert share_found(film, found) >= 0.995
    assert too_many(film, found) <= 0.5 * before


def test_light_that_doubles_midway_changes_neither_background_nor_masks(folder):
    film = film_scene(MICE, folder)
    tuning = tune(probe(film.video), 3)
    segmenter = BackgroundSegmenter(tuning.background, tuning.settings)
    dim = lit(tuning.background, 0.5)
    for frame in read_frames(probe(film.video), 0, 30):
        steady, dimmed = (
            segmenter.segment_gray(image) for image in (frame.gray, lit(frame.gray, 0.5))
        )
        assert len(steady) == len(dimmed)
        np.testing.assert_allclose(dimmed.shapes[:, :2], steady.shapes[:, :2], atol=1.5)
        np.testing.assert_allclose(dimmed.shapes[:, 2], steady.shapes[:, 2], rtol=0.12)
    assert Light(tuning.background).of(dim) == pytest.approx(0.5, abs=0.01)


def test_frames_of_two_lights_are_brought_to_one(folder):
    film = film_scene(MICE, folder)
    stack = np.stack([frame.gray for frame in read_frames(probe(film.video), 0, 8)])
    mixed = np.stack([lit(image, 0.6) if k % 2 else image for k, image in enumerate(stack)])
    level = in_one_light(mixed, lights_of(mixed)).mean(axis=(1, 2))
    assert np.ptp(mixed.mean(axis=(1, 2))) > 40
    assert np.ptp(level) < 3
    assert in_one_light(stack, lights_of(stack)) is stack


@pytest.mark.slow  # draws and encodes a film of its own: 4 to 7 s
def test_a_hand_is_no_animal_and_frames_with_it_are_marked(folder):
    film = film_scene(MICE.disturbed(hand=(0.4, 0.775)), folder)
    found = found_in(film)
    assert too_many(film, found) <= 0.03
    rate, n = float(film.scene.fps), film.scene.n_frames
    middle = range(round(0.5 * n), round(0.68 * n))
    assert all((found[f].scores == SCORE).all() for f in found if f in middle)
    after = range(round(0.775 * n) + round(0.2 * rate), n)
    assert share_found(film, found, after) >= 0.995
    assert all((found[f].scores == 1).all() for f in found if f in after)


@pytest.mark.slow  # draws and encodes a film of its own: 4 to 7 s
def test_mice_are_found_where_walls_are_as_dark_as_they_are(folder):
    film = film_scene(dark_walls(MICE), folder)
    assert share_found(film, found_in(film)) >= 0.95


@pytest.mark.slow  # draws and encodes a film of its own: 4 to 7 s
def test_animals_that_come_and_go_are_counted_while_they_are_there(folder):
    film = film_scene(MICE.disturbed(leaving=0.5), folder)
    assert film.truth.groupby("frame").size().min() < 3
    found = found_in(film)
    assert share_found(film, found) >= 0.95
    assert too_many(film, found) <= 0.1  # those that are half in view have no truth


def test_a_spider_and_its_prey_of_a_fiftieth_of_its_area_are_both_found(folder):
    scene = spider_and_prey(3, 3 * SECONDS)  # the prey moves now and then
    film = film_scene(scene, folder)
    tuning = tune(probe(film.video), 2)
    large, small = tuning.settings.areas(2)
    assert large > 20 * small
    assert tuning.settings.typical_area_px == large
    found = found_in(film, BackgroundSegmenter(tuning.background, tuning.settings))
    assert share_found(film, found) >= 0.97
    assert too_many(film, found) <= 0.05


def test_a_prey_and_its_spider_are_told_apart_by_their_size_after_each_contact(folder, tmp_path):
    film = film_scene(spider_and_prey(2, 2 * SECONDS), folder)  # the prey is caught and comes free
    track_video(tmp_path / "study", film.video, 2)
    with open_study(tmp_path / "study") as study:
        tracks = read_tracks(study, 1).to_pandas()
    found = tracks[tracks.detected].rename(columns={"animal_id": "id", "x_px": "x", "y_px": "y"})
    assert score_tracks(film.truth, found, 17)["idf1"] >= 0.95
    assert (found.identity_confidence >= 0.99).mean() >= 0.85  # 0.57 by the spider alone


def test_chunks_find_the_same_wherever_they_begin(folder):
    film = film_scene(MICE.disturbed(drift=0.3), folder)
    info = probe(film.video)
    tuning = tune(info, 3)
    frames = list(read_frames(info))[::7]
    whole = BackgroundSegmenter(tuning.background, tuning.settings).segment(frames)
    later = BackgroundSegmenter(tuning.background, tuning.settings).segment(frames[-6:])
    for one, other in zip(whole[-6:], later, strict=True):
        assert one.masks == other.masks
        np.testing.assert_array_equal(one.shapes, other.shapes)
