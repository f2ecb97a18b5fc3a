"""The gap between run-length outlines, against every pair of pixels."""

import time

import numpy as np
import pytest
from outline_samples import discs, outlines

from llm_query.outlines import box_gap, mask_gap


def slow_gap(mask_a, corner_a, mask_b, corner_b):
    """The definition: the smallest distance between the squares of any two pixels."""
    a = np.argwhere(mask_a)[:, ::-1] + corner_a
    b = np.argwhere(mask_b)[:, ::-1] + corner_b
    apart = np.maximum(np.abs(a[:, None] - b[None]) - 1, 0)
    return np.sqrt((apart**2).sum(axis=2).min())


def test_the_gap_is_exact_for_any_shape_and_place():
    rng = np.random.default_rng(7)
    shapes, corners = [], []
    for _ in range(120):
        mask = rng.random((rng.integers(1, 12), rng.integers(1, 12))) < 0.3
        mask.flat[rng.integers(mask.size)] = True
        shapes.append(mask)
        corners.append((int(rng.integers(0, 25)), int(rng.integers(0, 25))))
    a = outlines(range(60), shapes[:60], corners[:60])
    b = outlines(range(60), shapes[60:], corners[60:])
    truth = [slow_gap(shapes[i], corners[i], shapes[60 + i], corners[60 + i]) for i in range(60)]
    assert mask_gap(a, b, 60) == pytest.approx(truth)
    assert mask_gap(b, a, 60) == pytest.approx(truth)
    for limit in (0.0, 2.0, 5.0):
        near = mask_gap(a, b, 60, within=limit)
        assert ((near <= limit) == (np.array(truth) <= limit)).all()
        assert (near <= np.array(truth) + 1e-6).all()


def test_runs_that_go_on_over_rows_and_past_65535_pixels_are_read_rightly():
    full = np.ones((300, 300), dtype=bool)
    hollow = np.zeros((300, 300), dtype=bool)
    hollow[-1, -1] = True
    small = np.ones((2, 2), dtype=bool)
    a = outlines([0, 1], [full, hollow], [(0, 0), (0, 0)])
    b = outlines([0, 1], [small, small], [(303, 299), (303, 303)])
    assert mask_gap(a, b, 2) == pytest.approx([3, np.hypot(3, 3)])
    (y, first, stop), offsets = a.segments(np.array([0, 1]))[0].T, a.segments(np.array([0, 1]))[1]
    assert (stop - first)[: offsets[1]].sum() == 90000 and set(y[: offsets[1]]) == set(range(300))
    assert (y[-1], first[-1], stop[-1]) == (299, 299, 300)


def test_touching_is_zero_side_by_side_and_corner_to_corner():
    dot = np.ones((1, 1), dtype=bool)
    for corner, gap in (((1, 0), 0), ((1, 1), 0), ((2, 0), 1), ((0, 0), 0), ((4, 5), 5)):
        a, b = outlines([0], [dot], [(0, 0)]), outlines([0], [dot], [corner])
        assert mask_gap(a, b, 1).tolist() == [gap]
    assert box_gap(np.array([[0, 0, 2, 2]]), np.array([[5, 6, 1, 1]])).tolist() == [5]


def test_a_frame_without_one_of_the_outlines_has_no_gap():
    dot = np.ones((1, 1), dtype=bool)
    a = outlines([3, 0], [dot, dot], [(0, 0), (0, 0)])
    b = outlines([0, 2], [dot, dot], [(3, 0), (0, 0)])
    assert mask_gap(a, b, 5)[0] == 2 and np.isnan(mask_gap(a, b, 5)[1:]).all()
    empty = outlines([0], [np.zeros((2, 2), dtype=bool)], [(0, 0)])
    assert np.isnan(mask_gap(a, empty, 5)).all()


def test_three_animals_in_contact_for_a_minute_take_well_under_a_second():
    n = 1800
    wobble = np.column_stack([np.arange(n) % 7, np.arange(n) % 5])
    animals = discs(
        {"a": 60 + wobble, "b": 90 - wobble, "c": np.array([75, 95]) + wobble}, radius=20
    )
    begin = time.process_time()
    for one, two in (("a", "b"), ("a", "c"), ("b", "c")):
        mask_gap(animals[one], animals[two], n)
    assert time.process_time() - begin < 1.0
