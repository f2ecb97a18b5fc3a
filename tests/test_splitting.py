"""Outlines of touching animals are divided between them."""

import numpy as np
from tracked_scenes import ellipse

from tracking.following.splitting import Expected, change_of, fit, split


def expected(places, angles_deg):
    k = len(places)
    return Expected(
        np.array(places, float), np.full(k, 40.0), np.full(k, 16.0), -np.radians(angles_deg)
    )


def test_two_crossed_animals_get_their_own_pixels():
    a, b = ellipse(100, 100, 0), ellipse(124, 112, 70)
    parts = split((a | b).astype(np.uint8), 0, 0, expected([(97, 101), (127, 110)], [5, 65]))
    for part, truth in zip(parts, (a, b), strict=True):
        assert (part.astype(bool) & truth).sum() > 0.9 * truth.sum()
        ys, xs = np.nonzero(part)
        truth_ys, truth_xs = np.nonzero(truth)
        assert np.hypot(xs.mean() - truth_xs.mean(), ys.mean() - truth_ys.mean()) < 2.5


def test_the_parts_make_up_the_outline_exactly_and_do_not_overlap():
    animals = [ellipse(100, 100, 0), ellipse(120, 110, 40), ellipse(90, 118, -50)]
    mask = np.any(animals, axis=0).astype(np.uint8)
    parts = split(mask, 0, 0, expected([(100, 100), (120, 110), (90, 118)], [0, 40, -50]))
    np.testing.assert_array_equal(np.sum(parts, axis=0), mask)


def test_the_outline_may_be_a_crop_anywhere_in_the_frame():
    both = ellipse(100, 100, 0) | ellipse(135, 104, 0)
    whole = split(both.astype(np.uint8), 0, 0, expected([(99, 100), (137, 104)], [0, 0]))
    crop = np.ascontiguousarray(both[85:120, 70:165].astype(np.uint8))
    cropped = split(crop, 70, 85, expected([(99, 100), (137, 104)], [0, 0]))
    for one, other in zip(whole, cropped, strict=True):
        np.testing.assert_array_equal(one[85:120, 70:165], other)


def test_an_animal_expected_beside_the_outline_still_gets_its_end_of_it():
    both = ellipse(100, 100, 0) | ellipse(136, 100, 0)
    parts = split(both.astype(np.uint8), 0, 0, expected([(95, 100), (180, 100)], [0, 0]))
    assert min(part.sum() for part in parts) > 0.35 * both.sum()


def test_an_animal_that_is_walked_over_stays_where_it_was():
    below, above = ellipse(100, 100, 0), ellipse(104, 100, 90)
    both = (below | above).astype(np.uint8)
    poses = fit(both, 0, 0, expected([(98, 101), (106, 97)], [4, 84]))
    np.testing.assert_allclose(poses[:, :2], [(100, 100), (104, 100)], atol=3.0)
    turned = np.degrees(poses[:, 2]) + np.array([0, 90])
    assert np.abs((turned + 90) % 180 - 90).max() < 8


def test_a_small_animal_on_the_edge_of_a_large_one_keeps_its_size():
    large, small = ellipse(100, 100, 0, 30, 18), ellipse(133, 112, 30, 9, 5)
    wanted = Expected(
        np.array([(99.0, 101.0), (132.0, 110.0)]), np.array([60.0, 18.0]), np.array([36.0, 10.0]),
        -np.radians([0.0, 30.0]),
    )  # fmt: skip
    parts = split((large | small).astype(np.uint8), 0, 0, wanted)
    assert abs(int(parts[1].sum()) - int((small & ~large).sum())) < 0.5 * small.sum()


def test_the_change_of_an_outline_is_what_came_and_what_went():
    old, new = ellipse(100, 100), ellipse(110, 100)
    crop = np.ascontiguousarray(new[85:115, 80:140].astype(np.uint8))
    change = change_of((crop, 80, 85), [(old.astype(np.uint8), 0, 0)] * 2)
    assert change == int((old != new).sum())
