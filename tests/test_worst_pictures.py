"""The pictures of frames that a network finds hardest: the animals fill them, all are alike."""

import numpy as np

from app.training.worst import GUESSED, SIZE, TRUE, draw
from tracking.networks.samples import Placed, Sample
from tracking.networks.teaching.trials import Shape

BODY = np.ones((20, 20), np.uint8)


def extent(picture: np.ndarray, colour: tuple[int, int, int]) -> list[float]:
    """Left, top, right and bottom px of an outline of this colour."""
    near = np.abs(picture.astype(int) - colour).max(axis=2) < 60
    rows, columns = np.nonzero(near)
    return [columns.min(), rows.min(), columns.max(), rows.max()]


def test_a_small_animal_of_a_large_frame_is_shown_large_and_where_it_is() -> None:
    image = np.full((300, 400), 128, np.uint8)
    picture = draw(Sample(image, [Placed(BODY, 190, 140)], [0]), [])
    assert picture.shape == (SIZE[1], SIZE[0], 3)
    # 120 of 400 px are shown, 3.5 times as large: the body is 70 px wide, in the middle
    assert np.allclose(extent(picture, TRUE), [245, 175, 315, 245], atol=4)


def test_what_was_found_elsewhere_is_in_the_picture_too_and_edges_are_kept() -> None:
    image = np.full((300, 400), 128, np.uint8)
    found = [Shape(BODY, 380, 280)]
    picture = draw(Sample(image, [Placed(BODY, 0, 0)], [0]), found)
    assert np.allclose(extent(picture, TRUE), [0, 0, 28, 28], atol=4)  # the whole frame, times 1.4
    assert np.allclose(extent(picture, GUESSED), [532, 392, 559, 419], atol=4)


def test_a_frame_where_nobody_is_is_shown_whole() -> None:
    picture = draw(Sample(np.full((96, 200), 200, np.uint8)), [])
    bright = np.nonzero((picture > 150).all(axis=2))
    assert bright[1].min() == 0 and bright[1].max() >= 557
    assert abs(bright[0].max() - bright[0].min() + 1 - 96 * 2.8) <= 3
