"""Each animal's own size is learned while it is alone, without its tail."""

import cv2
import numpy as np
import pytest
from tracked_scenes import ellipse

from tracking.detections import axes_of, shape_of
from tracking.following.bodies import Bodies


def mouse(half_length=20.0, half_width=8.0, tail=0):
    picture = ellipse(100, 100, 0, half_length, half_width).astype(np.uint8)
    picture[99:101, 110 : 120 + tail] = 1
    return picture


def test_a_tail_is_no_part_of_the_body():
    bodies = Bodies(1, 500.0, 40.0)
    for _ in range(5):
        bodies.learn(0, mouse(tail=30))
    area, length, width = bodies.sizes()[0]
    assert abs(length - 40) < 2 and abs(width - 16) < 1.5
    assert abs(area - np.pi * 20 * 8) < 0.08 * area


def test_a_small_animal_beside_a_large_one_keeps_its_own_size():
    bodies = Bodies(2, 900.0, 50.0)
    for _ in range(8):
        bodies.learn(0, mouse(28, 14))
        bodies.learn(1, mouse(14, 6))
    large, small = bodies.sizes()[:, 1]
    assert large > 50 and small < 32


def test_an_animal_never_seen_alone_is_as_large_as_the_others():
    bodies = Bodies(3, 900.0, 50.0)
    for _ in range(5):
        bodies.learn(0, mouse())
        bodies.learn(1, mouse())
    np.testing.assert_allclose(bodies.sizes()[2], bodies.sizes()[0], rtol=0.05)


def test_two_animals_in_one_outline_teach_nothing():
    bodies = Bodies(1, 500.0, 40.0)
    for _ in range(5):
        bodies.learn(0, mouse())
    before = bodies.sizes()
    both = ellipse(100, 100, 0) | ellipse(130, 108, 60)
    bodies.learn(0, both.astype(np.uint8))
    np.testing.assert_array_equal(bodies.sizes(), before)


def test_area_and_axes_alone_are_those_of_the_whole_shape():
    mask = np.zeros((60, 70), np.uint8)
    cv2.ellipse(mask, (30, 30), (25, 10), 30, 0, 360, 1, -1)
    mask[5:9, 50:54] = 1  # of two parts
    shape = shape_of(mask)
    assert axes_of(mask) == pytest.approx((shape[2], shape[4], shape[5]), rel=1e-6)
