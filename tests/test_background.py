"""Background subtraction finds what differs, without tails; impossible settings are refused."""

import numpy as np
import pytest
from tracked_scenes import ellipse

from tracking.detections import SHAPE
from tracking.errors import TrackingError
from tracking.subtraction.background import (
    BackgroundSegmenter,
    BackgroundSettings,
    limit_image,
    opened,
)

FLOOR = np.full((240, 320), 180, np.uint8)


def painted(*animals, floor=FLOOR, level=50):
    image = floor.copy()
    for animal in animals:
        image[ellipse(*animal)] = level
    return image


def test_every_animal_is_found_with_its_own_pixels():
    animals = [(60, 60, 0), (160, 120, 45), (250, 200, -30)]
    settings = BackgroundSettings(threshold=40, min_area_px=100)
    found = BackgroundSegmenter(FLOOR, settings).segment_gray(painted(*animals))
    areas = sorted(found.shapes[:, SHAPE.index("area")].tolist())
    assert areas == sorted(float(ellipse(*animal).sum()) for animal in animals)


def test_bright_animals_on_a_dark_floor_are_found_as_brighter():
    dark = np.full((240, 320), 20, np.uint8)
    settings = BackgroundSettings(animals="brighter", threshold=40, min_area_px=100)
    image = painted((100, 100, 0), floor=dark, level=140)
    assert len(BackgroundSegmenter(dark, settings).segment_gray(image)) == 1


def test_relative_contrast_finds_a_black_animal_before_a_dark_wall_and_not_a_soft_shadow():
    floor = FLOOR.copy()
    floor[:, 160:] = 40
    image = floor.copy()
    image[ellipse(80, 120)] = 15
    image[ellipse(240, 120)] = 15
    image[ellipse(80, 200)] = 140  # a shadow on the light floor: 40 levels, as deep as the wall
    settings = BackgroundSettings(contrast="relative", threshold=0.4, min_area_px=100)
    assert len(BackgroundSegmenter(floor, settings).segment_gray(image)) == 2
    plain = BackgroundSettings(threshold=24, min_area_px=100)
    assert len(BackgroundSegmenter(floor, plain).segment_gray(image)) == 3


@pytest.mark.parametrize("radius", [3, 5, 8, 13])
def test_an_opening_takes_the_tail_and_leaves_the_body(radius):
    body = ellipse(160, 120, 0, 40, 18).astype(np.uint8)
    with_tail = body.copy()
    with_tail[118:121, 60:125] = 1
    left = opened(with_tail, radius)
    assert set(np.unique(left)) <= {0, 1}
    assert not left[:, :110].any()
    assert (left & body).sum() > 0.95 * body.sum()
    assert not (left & ~with_tail & 1).any()


def test_an_opening_wider_than_everything_leaves_nothing():
    assert not opened(ellipse(100, 100).astype(np.uint8), 30).any()


def test_two_bodies_joined_by_a_tail_are_two_animals():
    image = painted((80, 120, 0), (200, 120, 0))
    image[119:122, 80:200] = 50
    settings = BackgroundSettings(threshold=40, min_area_px=100, open_px=3)
    assert len(BackgroundSegmenter(FLOOR, settings).segment_gray(image)) == 2
    assert (
        len(BackgroundSegmenter(FLOOR, settings.with_changes({"open_px": 0})).segment_gray(image))
        == 1
    )


def test_specks_and_things_too_large_are_not_animals():
    image = painted((100, 100, 0))
    image[200:203, 200:203] = 20
    image[:, 300:] = 20
    settings = BackgroundSettings(threshold=40, min_area_px=100, max_area_px=1000)
    assert len(BackgroundSegmenter(FLOOR, settings).segment_gray(image)) == 1


def test_a_closing_joins_an_animal_that_a_cable_divides():
    image = painted((160, 120, 0))
    image[:, 158:161] = 180
    settings = BackgroundSettings(threshold=40, min_area_px=100)
    assert len(BackgroundSegmenter(FLOOR, settings).segment_gray(image)) == 2
    joined = settings.with_changes({"close_px": 3})
    assert len(BackgroundSegmenter(FLOOR, joined).segment_gray(image)) == 1


def test_the_limit_never_leaves_the_range_of_gray_levels():
    settings = BackgroundSettings(threshold=200)
    assert limit_image(np.array([[10, 250]], np.uint8), settings).tolist() == [[0, 50]]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"treshold": 3}, "no setting treshold"),
        ({"threshold": "high"}, "cannot be 'high'"),
        ({"threshold": 0}, "between 0 and 255"),
        ({"contrast": "relative", "threshold": 30}, "between 0 and 1"),
        ({"statistic": "mean"}, "must be one of median"),
        ({"min_area_px": -4}, "min_area_px"),
        ({"open_px": 400}, "0 to 99"),
        ({"open_px": 2.7}, "cannot be 2.7"),
        ({"open_px": float("inf")}, "cannot be inf"),
        ({"threshold": True}, "cannot be True"),
        ({"threshold": "NaN"}, "cannot be 'NaN'"),
        ({"typical_area_px": 0}, "above 0"),
        ({"typical_length_px": -3}, "above 0"),
        ({"black_level": 300}, "black_level"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_name(changes, words):
    with pytest.raises(TrackingError, match=words):
        BackgroundSettings().with_changes(changes)
