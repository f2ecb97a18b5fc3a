"""Masks to learn from are as large as they were labelled, at the coarse cells of a network."""

import cv2
import numpy as np
import pytest

from tracking.networks.samples import Placed, Sample, place
from tracking.networks.teaching.dataset import outline, outlines
from tracking.networks.teaching.targets import covered, inside

SCALE, CELL = 2, 4  # frames of 640 px are taught at 320, with cells of 4 px of that


def mouse(x: float, y: float, turn: float) -> Placed:
    full = np.zeros((480, 640), np.uint8)
    cv2.ellipse(full, ((x, y), (92, 41), turn), 1, -1)
    placed = place(full)
    assert placed is not None
    return placed


def test_masks_at_the_cells_of_a_network_are_as_large_as_they_were_labelled() -> None:
    labelled = taught = 0.0
    for k in range(40):
        one = mouse(200 + 1.3 * k, 240 + 0.7 * k, 17.0 * k)
        cells, _ = covered((240, 320), [outline(one) / SCALE], CELL)
        labelled += float(one.mask.sum())
        taught += float(np.count_nonzero(cells)) * (SCALE * CELL) ** 2
    assert taught / labelled == pytest.approx(1, abs=0.03)


def test_a_cell_belongs_to_an_animal_if_most_of_it_lies_in_its_outline() -> None:
    square = np.array([[2.0, 1.0], [6.6, 1.0], [6.6, 3.0], [2.0, 3.0]])
    assert np.flatnonzero(inside((4, 9), square)[1]).tolist() == [2, 3, 4, 5, 6]
    assert np.flatnonzero(inside((4, 9), square - [0.2, 0])[1]).tolist() == [2, 3, 4, 5]
    assert np.flatnonzero(inside((4, 9), square)[:, 3]).tolist() == [1, 2]


def test_a_speck_smaller_than_a_cell_is_taught_in_the_cell_that_holds_most_of_it() -> None:
    speck = Placed(np.ones((2, 2), np.uint8), 21, 13)
    cells, _ = covered((32, 64), [outline(speck)], 8)
    assert np.argwhere(cells).tolist() == [[1, 2]]


def test_what_lies_outside_the_picture_is_cut_off_and_one_wholly_outside_has_no_cell() -> None:
    square = np.array([[-8.0, -8.0], [8.0, -8.0], [8.0, 8.0], [-8.0, 8.0]])
    cells, order = covered((32, 32), [square + 100, square], 4)
    assert order.tolist() == [1, 0]
    assert np.count_nonzero(cells == 1) == 4 and np.count_nonzero(cells == 2) == 0


def test_a_hole_is_not_taught_and_the_way_to_it_is() -> None:
    full = np.zeros((64, 64), np.uint8)
    cv2.circle(full, (32, 32), 28, 1, -1)
    cv2.circle(full, (32, 32), 10, 0, -1)
    cells, _ = covered((64, 64), [outline(place(full))], 1)
    assert np.count_nonzero(cells != full) == 0


def test_the_smaller_of_two_animals_lies_on_top_and_they_come_in_the_order_of_their_size() -> None:
    small = np.array([[8.0, 8.0], [16.0, 8.0], [16.0, 16.0], [8.0, 16.0]])
    large = 2 * small - 8
    cells, order = covered((32, 32), [small, large], 4)
    assert order.tolist() == [1, 0]
    assert (np.count_nonzero(cells == 1), np.count_nonzero(cells == 2)) == (12, 4)
    nobody, none = covered((32, 32), [], 4)
    assert not nobody.any() and none.tolist() == []


def test_an_outline_written_and_read_again_is_the_mask_to_the_pixel() -> None:
    full = np.zeros((60, 80), np.uint8)
    full[10:30, 5:25] = full[10:30, 40:70] = full[45:46, 3:4] = 1
    sample = Sample(np.zeros((60, 80), np.uint8), [place(full)], [0])
    numbers = np.array(outlines(sample).split()[1:], float).reshape(-1, 2) * (80, 60)
    assert (covered((60, 80), [numbers], 1)[0] == full).all()
