"""Regions: inside tests and distances checked against answers known by construction."""

import numpy as np
import pytest

from llm_query.errors import QueryError
from llm_query.geometry import MovingRegion, Region, find_region
from llm_query.places.region_masks import raster

L_SHAPE = Region("L", "polygon", np.array([[0, 0], [10, 0], [10, 4], [4, 4], [4, 10], [0, 10]]))
BOX = Region("box", "rectangle", np.array([[10, 8], [2, 4]]))
DISC = Region("disc", "circle", np.array([[5, 5], [8, 9]]))
LINE = Region("line", "line", np.array([[0, 0], [10, 0], [10, 10]]))
SPOT = Region("spot", "point", np.array([[3, 4]]))


def test_a_concave_polygon_knows_its_notch():
    points = np.array([[2, 2], [7, 7], [2, 9], [9, 2], [11, 2], [4.5, 4.5], [0, 5], [10, 4]])
    assert L_SHAPE.inside(points).tolist() == [True, False, True, True, False, False, True, True]
    found = L_SHAPE.signed_distance(points)
    assert found == pytest.approx([-2, 3, -1, -1, 1, 0.5, 0, 0])


def test_a_rectangle_takes_any_two_opposite_corners():
    assert BOX.inside(np.array([[2, 4], [6, 6], [10, 8], [10.01, 8], [6, 3.9]])).tolist() == [
        True, True, True, False, False,
    ]  # fmt: skip
    assert BOX.signed_distance(np.array([[6, 5], [13, 12]])).tolist() == [-1, 5]


def test_a_circle_is_its_centre_and_a_point_of_its_rim():
    assert DISC.signed_distance(np.array([[5, 5], [5, 10], [5, 17]])).tolist() == [-5, 0, 7]
    assert DISC.inside(np.array([[5, 10], [5, 10.01]])).tolist() == [True, False]


def test_a_line_and_a_point_have_a_distance_but_no_inside():
    assert LINE.signed_distance(np.array([[5, 3], [13, 14], [10, 5]])).tolist() == [3, 5, 0]
    assert SPOT.signed_distance(np.array([[0, 0], [3, 4]])).tolist() == [5, 0]
    for region in (LINE, SPOT):
        with pytest.raises(QueryError, match="has no inside"):
            region.inside(np.zeros((1, 2)))


@pytest.mark.parametrize("region", [L_SHAPE, BOX, DISC, LINE, SPOT], ids=lambda r: r.kind)
def test_a_missing_position_has_no_distance_and_is_not_inside(region):
    missing = np.array([[np.nan, np.nan], [np.nan, 1.0]])
    assert np.isnan(region.signed_distance(missing)).all()
    if region.has_inside:
        assert not region.inside(missing).any()


def test_a_ray_through_a_corner_is_counted_once():
    diamond = Region("diamond", "polygon", np.array([[5, 0], [10, 5], [5, 10], [0, 5]]))
    points = np.array([[5, 5], [1, 5], [-1, 5], [11, 5], [-1, 0], [-1, 10]])
    assert diamond.inside(points).tolist() == [True, True, False, False, False, False]


def test_a_closed_ring_and_a_doubled_corner_do_no_harm():
    ring = Region("r", "polygon", np.array([[0, 0], [4, 0], [4, 0], [4, 4], [0, 4], [0, 0]]))
    assert ring.signed_distance(np.array([[2, 1], [6, 2]])).tolist() == [-1, 2]


def test_inside_agrees_with_a_grid_of_pixels():
    rng = np.random.default_rng(5)
    points = rng.uniform(-1, 11, (500, 2))
    x, y = points.T
    truth = (x >= 0) & (y >= 0) & (((x <= 10) & (y <= 4)) | ((x <= 4) & (y <= 10)))
    assert (L_SHAPE.inside(points) == truth).all()


def test_centres_and_scaling():
    assert BOX.centre.tolist() == [6, 6] and DISC.centre.tolist() == [5, 5]
    assert LINE.centre.tolist() == [10, 0] and SPOT.centre.tolist() == [3, 4]
    assert L_SHAPE.centre == pytest.approx([3.875, 3.875])
    assert BOX.scaled(0.1).signed_distance(np.array([[0.6, 0.5]])) == pytest.approx([-0.1])


def test_bad_regions_are_refused_with_what_they_need():
    with pytest.raises(QueryError, match="needs 3 or more points"):
        Region("p", "polygon", np.array([[0, 0], [1, 1]]))
    with pytest.raises(QueryError, match="is a blob"):
        Region("p", "blob", np.array([[0, 0]]))
    with pytest.raises(QueryError, match="without a place"):
        Region("p", "point", np.array([[0, np.nan]]))


def test_names_match_exactly_and_an_unknown_one_lists_the_known():
    assert find_region([BOX, DISC], "disc") is DISC
    with pytest.raises(QueryError, match=r'no region "Disc".*"box", "disc"'):
        find_region([BOX, DISC], "Disc")
    with pytest.raises(QueryError, match="none yet"):
        find_region([], "corner")


@pytest.mark.parametrize("seed", range(8))
def test_the_pixels_of_a_region_are_those_whose_middles_are_inside(seed):
    rng = np.random.default_rng(seed)
    for number in range(40):
        kind = ("polygon", "circle", "rectangle")[number % 3]
        points = rng.integers(-3, 25, (rng.integers(3, 9) if kind == "polygon" else 2, 2))
        shift = rng.random((1, 2)) if number % 2 else rng.integers(0, 2, (1, 2)) / 2
        region = Region("r", kind, points + shift)
        corner = rng.integers(-5, 5, 2)
        y, x = np.mgrid[0:23, 0:27]
        middles = np.column_stack([x.ravel() + corner[0], y.ravel() + corner[1]]).astype(float)
        expected = region.inside(middles).reshape(23, 27)
        assert (raster(region, corner, (23, 27)) == expected).all()


def test_a_region_that_moves_is_asked_from_where_it_is_then_and_turns():
    path = np.array([[10.0, 10.0], [20.0, 10.0], [np.nan, np.nan]])
    ring = MovingRegion("ring", "circle", np.array([[0, 0], [3, 0]]), path=path)
    assert ring.moves and not DISC.moves
    there = np.array([[10.0, 12.0], [10.0, 12.0], [10.0, 12.0]])
    assert ring.inside(there).tolist() == [True, False, False]
    found = ring.scaled(0.1).signed_distance(there / 10)
    assert found[:2] == pytest.approx([-0.1, np.hypot(1, 0.2) - 0.3]) and np.isnan(found[2])
    corners = np.array([[1, -1], [5, -1], [5, 3], [1, 3]])  # ahead, and more to the right
    nose = MovingRegion("nose", "polygon", corners, path=np.zeros((4, 2)),
                        turn_deg=np.array([0.0, 90.0, 180.0, -90.0]))  # fmt: skip
    right_of = np.array([[4, 2], [2, -4], [-4, -2], [-2, 4]])  # 4 ahead, 2 to the right; y down
    left_of = np.array([[4, -2], [-2, -4], [-4, 2], [2, 4]])
    assert nose.signed_distance(right_of) == pytest.approx([-1] * 4)
    assert nose.signed_distance(left_of) == pytest.approx([1] * 4)
    middles = nose.centre
    assert middles == pytest.approx(np.array([[3, 1], [1, -3], [-3, -1], [-1, 3]]))
    assert np.array_equal(ring.centre, path, equal_nan=True)
