"""An animal in a place brighter than any it was judged in is still an animal."""

import numpy as np
import pytest
from tracked_scenes import ellipse

from tracking.subtraction.background import BackgroundSegmenter, BackgroundSettings

FLOOR = np.full((240, 320), 110, np.uint8)
FLOOR[:90, :110] = 220  # a lamp shines into this corner


def filmed(*animals, shade=0.4):
    """Animals (x, y, heading) that take the same share of the light away wherever they are."""
    image = FLOOR.copy()
    for animal in animals:
        body = ellipse(*animal)
        image[body] = 16 + shade * (FLOOR[body].astype(float) - 16)
    return image


@pytest.mark.parametrize("way", [("absolute", 28.0), ("relative", 0.3)])
def test_an_animal_that_walks_under_a_lamp_is_found_and_a_faint_reflection_is_not(way):
    contrast, threshold = way
    settings = BackgroundSettings(
        contrast=contrast, threshold=threshold, min_area_px=100, black_level=16, own_level=60
    )
    segmenter = BackgroundSegmenter(FLOOR, settings)
    in_shade, in_light = (200, 180, 0), (50, 40, 30)
    assert len(segmenter.segment_gray(filmed(in_shade, in_light))) == 2
    reflection = filmed(in_shade)
    reflection[ellipse(240, 60)] = 75  # 35 below the floor of 110; the animal is 56 below it
    assert len(segmenter.segment_gray(reflection)) == 1


def test_bright_animals_are_found_where_the_floor_is_darker_than_elsewhere():
    floor = 255 - FLOOR
    image = floor.copy()
    image[ellipse(200, 180)] = 235
    image[ellipse(50, 40)] = 130  # under the own level, and far above the dark floor
    settings = BackgroundSettings(animals="brighter", threshold=30, min_area_px=100, own_level=200)
    assert len(BackgroundSegmenter(floor, settings).segment_gray(image)) == 2
