"""Masks to learn from are as large as they were labelled, by shares of a network's coarse cells."""

import cv2
import numpy as np
import pytest

from tracking.networks.samples import Placed, Sample, place
from tracking.networks.teaching.dataset import outline, outlines
from tracking.networks.teaching.targets import inside, shares

SCALE, CELL = 2, 4  # frames of 640 px are taught at 320, with cells of 4 px of that


def mouse(x: float, y: float, turn: float) -> Placed:
    full = np.zeros((480, 640), np.uint8)
    cv2.ellipse(full, ((x, y), (92, 41), turn), 1, -1)
    placed = place(full)
    assert placed is not None
    return placed


def test_shares_of_cells_add_up_to_what_was_labelled() -> None:
    labelled = taught = 0.0
    for k in range(40):
        one = mouse(200 + 1.3 * k, 240 + 0.7 * k, 17.0 * k)
        cells = shares((240, 320), [outline(one) / SCALE], 1, CELL)
        labelled += float(one.mask.sum())
        taught += float(cells.sum()) * (SCALE * CELL) ** 2
    assert taught / labelled == pytest.approx(1, abs=0.01)


def test_a_cell_is_taught_by_the_share_of_it_that_lies_in_the_outline() -> None:
    square = np.array([[2.0, 1.0], [6.6, 1.0], [6.6, 3.0], [2.0, 3.0]])
    assert inside((4, 9), square)[1].round(2).tolist() == [0, 0, 1, 1, 1, 1, 0.6, 0, 0]
    assert inside((4, 9), square)[:, 3].tolist() == [0, 1, 1, 0]
    moved = inside((4, 9), square + np.array([0.2, 0.4]))
    assert moved[:, 4].round(2).tolist() == [0, 0.6, 1, 0.4]


def test_a_speck_smaller_than_a_cell_is_taught_as_the_cell_that_holds_most_of_it() -> None:
    speck = Placed(np.ones((2, 2), np.uint8), 21, 13)
    (cells,) = shares((32, 64), [outline(speck)], 1, 8)
    assert cells[1, 2] == 1 and (cells > 0.5).sum() == 1


def test_what_lies_outside_the_picture_is_cut_off_and_one_wholly_outside_has_no_cell() -> None:
    square = np.array([[-8.0, -8.0], [8.0, -8.0], [8.0, 8.0], [-8.0, 8.0]])
    cells = shares((32, 32), [square + 100, square], 1, 4)
    assert cells.shape == (2, 8, 8) and cells.dtype == np.float32
    assert cells[0].sum() == 0 and cells[1].sum() == 4
    assert shares((32, 32), [], 1, 4).shape == (0, 8, 8)


def test_a_hole_is_not_taught_and_the_way_to_it_is() -> None:
    full = np.zeros((64, 64), np.uint8)
    cv2.circle(full, (32, 32), 28, 1, -1)
    cv2.circle(full, (32, 32), 10, 0, -1)
    (cells,) = shares((64, 64), [outline(place(full))])
    assert np.abs(cells - full).max() < 0.2


def test_masks_drawn_from_shares_are_nearer_to_the_labels_than_from_yes_and_no() -> None:
    """As answers of a network are drawn: linear between the centres of cells."""
    soft, hard = [], []
    for k in range(20):
        one = mouse(300 + 1.7 * k, 240 - 0.9 * k, 23.0 * k)
        truth = np.zeros((480, 640), bool)
        truth[one.where] = one.mask > 0
        (cells,) = shares((240, 320), [outline(one) / SCALE], 1, CELL)
        for found, made in ((soft, cells), (hard, (cells > 0.5).astype(np.float32))):
            drawn = cv2.resize(made, (640, 480), interpolation=cv2.INTER_LINEAR) > 0.5
            found.append((drawn & truth).sum() / (drawn | truth).sum())
    assert np.mean(soft) > 0.95 and np.mean(hard) < 0.91


def test_an_outline_written_and_read_again_is_the_mask_to_the_pixel() -> None:
    full = np.zeros((60, 80), np.uint8)
    full[10:30, 5:25] = full[10:30, 40:70] = full[45:46, 3:4] = 1
    sample = Sample(np.zeros((60, 80), np.uint8), [place(full)], [0])
    numbers = np.array(outlines(sample).split()[1:], float).reshape(-1, 2) * (80, 60)
    assert ((shares((60, 80), [numbers])[0] > 0.5) == full).all()
