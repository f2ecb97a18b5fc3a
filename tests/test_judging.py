"""How good masks are: numbers that follow from how the masks were made."""

import numpy as np
import pytest

from tracking.networks.teaching.judging import Shape, in_contact, judge, overlap


def square(x0: int, y0: int = 0, side: int = 10, kind: int = 0, score: float = 1.0) -> Shape:
    return Shape(np.ones((side, side), np.uint8), x0, y0, kind, score)


def test_overlap_is_shared_pixels_over_those_of_both() -> None:
    assert overlap([square(5)], [square(0), square(100)]).tolist() == [[50 / 150, 0.0]]


def test_the_same_masks_are_perfect() -> None:
    truth = [[square(0), square(50)], [square(0)]]
    found = judge(truth, truth)
    assert (found.ap50, found.ap, found.iou, found.found, found.right_count) == (1, 1, 1, 1, 1)
    assert (found.frames, found.animals) == (2, 3)


def test_an_overlap_of_two_thirds_counts_at_four_of_ten_thresholds() -> None:
    # 10 x 10 moved by 2: 80 of 120 pixels, so 0.50, 0.55, 0.60 and 0.65 are met
    found = judge([[square(0)]], [[square(2)]])
    assert found.ap50 == 1.0
    assert found.ap == pytest.approx(0.4)
    assert found.iou == pytest.approx(80 / 120)


def test_precision_falls_with_what_is_not_there_and_recall_with_what_is_missed() -> None:
    # best first: right, wrong, right; the third animal is never found
    truth = [[square(0), square(50), square(100)]]
    guesses = [[square(0, score=0.9), square(200, score=0.8), square(50, score=0.7)]]
    found = judge(truth, guesses)
    # recalls 0 to 0.33 at precision 1, to 0.66 at 2/3, none beyond: 34 and 33 of 101
    assert found.ap50 == pytest.approx((34 + 33 * 2 / 3) / 101)
    assert found.found == pytest.approx(2 / 3)
    assert found.right_count == 1.0  # three guesses, three animals


def test_two_guesses_of_one_animal_are_one_right_and_one_wrong() -> None:
    found = judge([[square(0), square(50)]], [[square(0, score=0.9), square(1, score=0.8)]])
    assert found.ap50 == pytest.approx(51 / 101)
    assert found.found == 0.5


def test_an_animal_taken_for_another_class_has_its_mask_but_no_precision() -> None:
    found = judge([[square(0, kind=0), square(50, kind=1)]], [[square(0, kind=0), square(50)]])
    assert found.ap50 == pytest.approx(0.5)  # class 0 is found first, class 1 never
    assert (found.iou, found.found) == (1.0, 1.0)


def test_guesses_that_are_not_sure_count_for_precision_alone() -> None:
    found = judge([[square(0)]], [[square(0, score=0.1)]])
    assert (found.ap50, found.found, found.iou, found.right_count) == (1.0, 0.0, 0.0, 0.0)
    assert np.isnan(found.iou_of_found)


def test_an_animal_that_is_missed_counts_as_no_overlap() -> None:
    # 80 of 120 pixels of one of four, the other three missed
    truth = [[square(0), square(50)], [square(0), square(50)]]
    found = judge(truth, [[square(2)], []])
    assert found.iou == pytest.approx(80 / 120 / 4)
    assert found.iou_of_found == pytest.approx(80 / 120)


def test_pixels_two_apart_are_in_contact_and_three_are_not() -> None:
    assert in_contact([square(0), square(11)])  # pixels 9 and 11
    assert not in_contact([square(0), square(12)])
    assert not in_contact([square(0)])


def test_frames_in_contact_are_judged_by_themselves() -> None:
    apart, close = [square(0), square(50)], [square(0), square(11)]
    merged = Shape(np.ones((10, 21), np.uint8), 0, 0)
    found = judge([apart, close], [apart, [merged]])
    assert (found.contact_frames, found.contact_ap50, found.contact_ap) == (1, 0.0, 0.0)
    assert found.ap50 > 0.4


def test_where_nobody_is_there_is_nothing_to_judge_by() -> None:
    found = judge([[]], [[]])
    assert np.isnan([found.ap50, found.ap, found.iou, found.found, found.contact_ap]).all()
    assert found.right_count == 1.0
    assert judge([[]], [[square(0)]]).right_count == 0.0
    assert judge([[square(0)]], [[]]).ap50 == 0.0
