"""A box around a drawn animal finds its shape; an outline of two animals is parted by a place."""

import numpy as np
import pytest
from test_click_mask import MOUSE, arena, overlap, scene, shape_of

from tracking.box_mask import part, propose_in_box
from tracking.errors import TrackingError

BOX = (250.0, 215.0, 350.0, 285.0)


@pytest.mark.parametrize("level", [40, 90, 240])
def test_a_box_around_the_animal_finds_it(level: int) -> None:
    truth = shape_of(MOUSE)
    found = propose_in_box(scene(truth, level), BOX)
    assert overlap(found, truth) >= 0.85
    turned = propose_in_box(scene(truth, level), (BOX[2], BOX[3], BOX[0], BOX[1]))
    assert (turned == found).all()  # whichever corner was dragged to


def test_what_is_beside_the_box_is_left_out() -> None:
    left, right = (200.0, 250.0, 36.0, 18.0, 0.0), (330.0, 262.0, 36.0, 18.0, 20.0)
    found = propose_in_box(scene(shape_of(left, right), 40), (155, 225, 245, 275))
    assert overlap(found, shape_of(left)) >= 0.85 and not found[262, 330]


def test_a_box_that_holds_nothing_or_everything_is_refused() -> None:
    with pytest.raises(TrackingError, match="too small"):
        propose_in_box(arena(), (10, 10, 11, 40))
    with pytest.raises(TrackingError, match="some floor beside it"):
        propose_in_box(arena(), (-5, -5, 700, 700))


def test_a_place_takes_its_animal_out_of_the_outline_of_two() -> None:
    left, right = (270.0, 250.0, 36.0, 18.0, 0.0), (338.0, 262.0, 36.0, 18.0, 20.0)
    both = shape_of(left, right)
    assert overlap(part(both, (345, 264)), shape_of(left)) >= 0.85
    assert overlap(part(both, (262, 250)), shape_of(right)) >= 0.85
    with pytest.raises(TrackingError, match="not in the chosen outline"):
        part(both, (10, 10))


def test_a_box_at_the_edge_of_the_picture_is_cut_to_it() -> None:
    truth = shape_of((0, 300, 40, 20, 0))
    assert overlap(propose_in_box(scene(truth, 40), (-20, 270, 60, 330)), truth) >= 0.8
    assert np.array_equal(truth[:, -1], np.zeros(480, bool))
