"""One click on a drawn animal finds its shape; two touching ones are parted by two clicks."""

import time

import cv2
import numpy as np
import pytest

from app.annotating.reviewing import fill_polygon
from tracking.click_mask import outline_of, propose
from tracking.errors import TrackingError

SIZE = (480, 640)
Ellipse = tuple[float, float, float, float, float]  # x, y, half length, half width, degrees


def shape_of(*ellipses: Ellipse) -> np.ndarray:
    mask = np.zeros(SIZE, np.uint8)
    for x, y, long, wide, turn in ellipses:
        cv2.ellipse(mask, ((x, y), (2 * long, 2 * wide), turn), 1, -1)
    return mask.astype(bool)


def arena(seed: int = 1) -> np.ndarray:
    """A floor that is lighter on one side, with a dark wall."""
    floor = np.linspace(150, 200, SIZE[1])[None].repeat(SIZE[0], 0)
    floor[:60] = 60
    return (floor + np.random.default_rng(seed).normal(0, 2, SIZE)).clip(0, 255).astype(np.uint8)


def scene(mask: np.ndarray, level: float, blur: float = 1.0, seed: int = 2) -> np.ndarray:
    """The animals on the floor, blurred as by a lens, with noise."""
    soft = cv2.GaussianBlur(mask.astype(float), (0, 0), blur)
    rng = np.random.default_rng(seed)
    fur = level + cv2.GaussianBlur(rng.normal(0, 40, SIZE), (0, 0), 4)  # patches of about 6 levels
    picture = arena() * (1 - soft) + fur * soft + rng.normal(0, 3, SIZE)
    return picture.clip(0, 255).astype(np.uint8)


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return (one & other).sum() / (one | other).sum()


MOUSE = (300.0, 250.0, 42.0, 18.0, 30.0)


@pytest.mark.parametrize("level", [40, 90, 240])
@pytest.mark.parametrize("click", [(300, 250), (325, 264), (285, 248)])
@pytest.mark.parametrize("known", [True, False])
def test_one_click_finds_the_animal(level: int, click: tuple[int, int], known: bool) -> None:
    truth = shape_of(MOUSE)
    found = propose(scene(truth, level), arena() if known else None, [click])
    assert overlap(found, truth) >= 0.85


def test_a_fly_of_a_few_pixels_and_a_blurred_animal_are_found() -> None:
    fly = shape_of((400, 300, 6, 3, 10))
    assert overlap(propose(scene(fly, 30, 0.6), arena(), [(400, 300)]), fly) >= 0.7
    soft = shape_of(MOUSE)
    assert overlap(propose(scene(soft, 40, 4), arena(), [(300, 250)]), soft) >= 0.85


def test_an_animal_before_a_wall_of_nearly_its_own_gray_is_found_by_the_background() -> None:
    truth = shape_of((300, 62, 30, 16, 0))
    assert overlap(propose(scene(truth, 25), arena(), [(300, 62)]), truth) >= 0.85


def test_colour_pictures_are_taken_too() -> None:
    truth = shape_of(MOUSE)
    rgb = np.repeat(scene(truth, 40)[:, :, None], 3, axis=2)
    assert overlap(propose(rgb, arena(), [(300, 250)]), truth) >= 0.85


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("level", [40, 100])
def test_two_touching_animals_are_parted_by_a_click_on_each(known: bool, level: int) -> None:
    left, right = (270.0, 250.0, 36.0, 18.0, 0.0), (338.0, 262.0, 36.0, 18.0, 20.0)
    picture, background = scene(shape_of(left, right), level), arena() if known else None
    both = propose(picture, background, [(265, 250)])
    assert overlap(both, shape_of(left, right)) >= 0.85  # one blob
    for mine, others, shape in (((265, 250), (340, 262), left), ((345, 264), (270, 250), right)):
        found = propose(picture, background, [mine], [others])
        assert overlap(found, shape_of(shape)) >= 0.85
        assert not found[others[::-1]] and found[mine[::-1]]


def test_a_second_positive_click_joins_what_a_bar_hides() -> None:
    truth = shape_of(MOUSE)
    picture = scene(truth, 40)
    picture[:, 298:303] = 220  # a bar before it
    found = propose(picture, None, [(280, 240), (320, 262)])
    assert found[240, 280] and found[262, 320]
    assert overlap(found, truth) >= 0.8


def test_a_click_on_nothing_or_none_at_all_is_refused() -> None:
    with pytest.raises(TrackingError, match="Click on the animal first"):
        propose(arena(), None, [], [(3, 3)])
    with pytest.raises(TrackingError, match="Nothing with an outline"):
        propose(np.full(SIZE, 128, np.uint8), None, [(100, 100)])


def test_a_click_at_the_edge_or_outside_is_taken_at_the_edge() -> None:
    truth = shape_of((0, 300, 40, 20, 0))
    assert overlap(propose(scene(truth, 40), arena(), [(-9, 300)]), truth) >= 0.85


def test_the_outline_holds_exactly_the_pixels_of_its_blob() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        noise = cv2.GaussianBlur(rng.normal(0, 1, (60, 80)), (0, 0), 4) > 0.05
        _, labels, stats, _ = cv2.connectedComponentsWithStats(
            noise.astype(np.uint8), connectivity=4
        )
        blob = (labels == 1 + stats[1:, 4].argmax()).astype(np.uint8)
        lines, _ = cv2.findContours(blob, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        whole = cv2.drawContours(np.zeros_like(blob), lines, -1, 1, cv2.FILLED)
        again = fill_polygon(outline_of(whole.astype(bool)), 80, 60)
        assert (again == whole).all()
    assert outline_of(np.zeros((5, 5), bool)).shape == (0, 2)


def test_a_click_is_answered_within_half_a_second_in_a_large_picture() -> None:
    truth = cv2.resize(shape_of(MOUSE).astype(np.uint8), (1280, 960), interpolation=0)
    picture = cv2.resize(scene(shape_of(MOUSE), 40), (1280, 960))
    began = time.process_time()
    found = propose(picture, None, [(600, 500)], [(660, 530)])
    assert time.process_time() - began < 2  # 0.3 s on two cores that others use too
    assert 0 < found.sum() < truth.sum()
