"""Run-length masks come back exactly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tracking.detections import SHAPE, Detections, detections_of, shape_of
from tracking.errors import TrackingError
from tracking.masks import decode, encode


@given(
    hnp.arrays(
        np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(0, 1)
    )
)
def test_any_mask_comes_back_as_it_was(mask):
    np.testing.assert_array_equal(decode(encode(mask), *mask.shape), mask)


@pytest.mark.parametrize("value", [0, 1])
def test_a_run_longer_than_65535_pixels_is_kept_whole(value):
    mask = np.full((400, 500), value, np.uint8)
    mask[0, 0] = mask[-1, -1] = 1
    runs = np.frombuffer(encode(mask), "<u2")
    assert runs.sum(dtype=int) == 200_000
    np.testing.assert_array_equal(decode(encode(mask), 400, 500), mask)


def test_the_shape_of_a_bar_is_known_by_construction():
    mask = np.zeros((9, 41), np.uint8)
    mask[:] = 1
    shape = dict(zip(SHAPE, shape_of(mask, 100, 50), strict=True))
    assert (shape["x"], shape["y"], shape["area"]) == (120.0, 54.0, 369.0)
    assert shape["axis_rad"] == pytest.approx(0.0)
    # a uniform bar of length L has variance L**2 / 12, and the ellipse axis is 4 deviations
    assert shape["length"] == pytest.approx(4 * 41 / 12**0.5)
    assert shape["width"] == pytest.approx(4 * 9 / 12**0.5)
    assert {shape["end1_x"], shape["end2_x"]} == {100.0, 140.0}


def test_a_slanted_ellipse_has_its_axes_and_its_direction():
    y, x = np.mgrid[-60:61, -60:61]
    angle = np.radians(30)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    shape = shape_of(((along / 40) ** 2 + (across / 15) ** 2 <= 1).astype(np.uint8))
    assert np.degrees(shape[SHAPE.index("axis_rad")]) == pytest.approx(30, abs=0.3)
    assert shape[SHAPE.index("length")] == pytest.approx(80, rel=0.01)
    assert shape[SHAPE.index("width")] == pytest.approx(30, rel=0.02)


def test_detections_of_unequal_length_are_refused():
    good = detections_of([(np.ones((3, 4), np.uint8), 5, 6)], [1.0])
    assert good.boxes.tolist() == [[5, 6, 9, 9]]
    with pytest.raises(TrackingError, match=r"boxes \(2, 4\)"):
        Detections(good.boxes, good.masks * 2, good.scores, good.shapes)
