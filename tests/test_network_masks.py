"""From a network's numbers to masks, with numbers made from masks that are known."""

import cv2
import numpy as np
import pytest

from tracking.errors import TrackingError
from tracking.networks.pictures import EDGE, Fit, fit, pictures
from tracking.networks.running.answers import Rules, answer
from tracking.networks.running.settings import NetworkSettings

SIZES = [(768, 1024), (480, 640), (241, 319), (1080, 1920), (640, 360), (200, 260)]


def blob(size: tuple[int, int], x: float, y: float, length: float, width: float, angle: float):
    """The mask of an ellipse, (h, w) uint8."""
    mask = np.zeros(size, np.uint8)
    cv2.ellipse(mask, ((x, y), (length, width), angle), 1, -1)
    return mask


def numbers(masks, how: Fit, scores=None, kinds=None, n_classes: int = 1, swell: float = 0.0):
    """What a perfect network gives for these masks: each by a prototype of its own."""
    n = len(masks)
    scores = [0.9 - 0.1 * k for k in range(n)] if scores is None else scores
    kinds = [0] * n if kinds is None else kinds
    prototypes = np.full((32, how.picture[0] // 4, how.picture[1] // 4), -1, np.float32)
    rows = np.zeros((4 + n_classes + 32, n + 3), np.float32)
    for k, mask in enumerate(masks):
        # finer than the picture, so that nothing is rounded on the way there
        fine = cv2.resize(
            mask * 255, (4 * how.inner[1], 4 * how.inner[0]), interpolation=cv2.INTER_AREA
        )
        whole = np.zeros((4 * how.picture[0], 4 * how.picture[1]), np.uint8)
        whole[4 * how.top :, 4 * how.left :][: fine.shape[0], : fine.shape[1]] = fine
        small = cv2.resize(whole, prototypes.shape[:0:-1], interpolation=cv2.INTER_AREA)
        prototypes[k] = small / 127.5 - 1
        y, x = np.nonzero(mask)
        corners = np.array(
            [x.min() - swell, y.min() - swell, x.max() + 1 + swell, y.max() + 1 + swell]
        )
        corners = corners * np.array(how.scale * 2) + np.array([how.left, how.top] * 2)
        rows[:4, k] = [*(corners[:2] + corners[2:]) / 2, *(corners[2:] - corners[:2])]
        rows[4 + kinds[k], k] = scores[k]
        rows[4 + n_classes + k, k] = 1
    return rows, prototypes


def ended(many, n_classes: int):
    """The same as an end-to-end network gives it: corners, score, class, coefficients."""
    half, scores = many[2:4] / 2, many[4 : 4 + n_classes]
    parts = (many[:2] - half, many[:2] + half, scores.max(0)[None], scores.argmax(0)[None])
    return np.concatenate((*parts, many[4 + n_classes :])).T.astype(np.float32)


def whole(found, size):
    """A found mask as large as its frame."""
    full = np.zeros(size, np.uint8)
    full[found.placed.where] = found.mask
    return full


def alike(a, b) -> float:
    """Pixels of both masks over those of either."""
    return np.count_nonzero(a & b) / np.count_nonzero(a | b)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("fixed", [None, (640, 640)])
def test_a_known_mask_comes_back_through_the_letterbox(size, fixed):
    height, width = size
    how = fit(size, 640, fixed=fixed)
    masks = [
        blob(size, 0.3 * width, 0.4 * height, 0.3 * height, 0.16 * height, 30),
        blob(size, 0.71 * width, 0.63 * height, 0.28 * height, 0.17 * height, 115),
    ]
    found = answer(*numbers(masks, how), how, Rules(), 1)
    assert len(found) == 2
    for mask, one in zip(masks, found, strict=True):
        assert alike(whole(one, size), mask) >= 0.98
        shift = np.mean(np.nonzero(whole(one, size)), 1) - np.mean(np.nonzero(mask), 1)
        assert np.abs(shift * how.scale[::-1]).max() < 0.1  # pixels of the picture


def test_a_frame_lies_in_the_middle_and_its_edge_is_gray():
    how = fit((768, 1024), 640, fixed=(640, 640))
    assert (how.inner, how.top, how.left) == ((480, 640), 80, 0)
    made = pictures([np.full((768, 1024), 7, np.uint8)], how)[0]
    assert set(made[80:560].ravel()) == {7} and set(made[:80].ravel()) == {EDGE}
    assert fit((768, 1024), 640).picture == (480, 640)  # as small as multiples of 32 allow
    assert fit((1024, 768), 640).picture == (640, 480)
    assert fit((100, 30), 320).picture == (320, 96)


def test_an_end_to_end_network_gives_the_same_masks():
    size, how = (480, 640), fit((480, 640), 320)
    masks = [blob(size, 200, 150, 150, 80, 20), blob(size, 430, 300, 140, 90, 70)]
    many, prototypes = numbers(masks, how)
    half = many[2:4] / 2
    corners = np.concatenate((many[:2] - half, many[:2] + half))
    few = np.concatenate((corners, many[4:5], np.zeros((1, many.shape[1])), many[5:])).T
    one = answer(many, prototypes, how, Rules(), 1)
    other = answer(few.astype(np.float32), prototypes, how, Rules(), 1, end_to_end=True)
    assert len(one) == len(other) == 2
    for a, b in zip(one, other, strict=True):
        assert (a.x0, a.y0, a.kind, a.score) == (b.x0, b.y0, b.kind, b.score)
        assert np.array_equal(a.mask, b.mask)


def test_an_animal_that_is_seen_twice_is_one_animal():
    size, how = (480, 640), fit((480, 640), 640)
    animal = blob(size, 300, 240, 160, 80, 0)
    front = animal.copy()
    front[:, :290] = 0  # its boxes share too little to be one by themselves
    found = answer(*numbers([animal, front], how), how, Rules(), 1)
    assert len(found) == 1 and found[0].score == pytest.approx(0.9)


@pytest.mark.parametrize("end_to_end", [False, True])
def test_a_small_animal_of_another_class_on_a_large_one_is_kept(end_to_end):
    size, how = (480, 640), fit((480, 640), 640)
    mother, pup = blob(size, 300, 240, 200, 110, 0), blob(size, 330, 230, 60, 40, 30)
    for kinds, scores in (([0, 1], [0.9, 0.4]), ([1, 0], [0.5, 0.9])):
        told, prototypes = numbers([mother, pup], how, scores, kinds, 2)
        told[-31] *= 8  # it claims its pixels more strongly than the one below it
        told = ended(told, 2) if end_to_end else told
        found = answer(told, prototypes, how, Rules(), 2, end_to_end)
        masks = {one.kind: whole(one, size) for one in found}
        assert len(found) == 2 and not (masks[0] & masks[1]).any()
        assert alike(masks[kinds[1]], pup) >= 0.9
        assert alike(masks[kinds[0]], mother & ~pup) >= 0.97


def test_two_animals_of_two_classes_whose_boxes_are_nearly_one_are_kept():
    size, how = (480, 640), fit((480, 640), 640)
    dark, white = blob(size, 300, 240, 200, 50, 40), blob(size, 300, 240, 200, 50, 140)
    found = answer(*numbers([dark, white], how, kinds=[0, 1], n_classes=2), how, Rules(), 2)
    assert [one.kind for one in found] == [0, 1]


@pytest.mark.parametrize("end_to_end", [False, True])
def test_one_animal_taken_for_two_classes_is_one_of_the_surer_class(end_to_end):
    size, how = (480, 640), fit((480, 640), 640)
    animal = blob(size, 300, 240, 160, 80, 0)
    again = blob(size, 302, 241, 156, 80, 0)
    told, prototypes = numbers([animal, again], how, [0.4, 0.6], [0, 1], 2)
    told = ended(told, 2) if end_to_end else told
    (one,) = answer(told, prototypes, how, Rules(), 2, end_to_end)
    assert (one.kind, one.score) == (1, pytest.approx(0.6))


def test_a_small_animal_on_a_large_one_of_its_class_is_kept_where_it_is_as_sure():
    size, how = (480, 640), fit((480, 640), 640)
    mother, pup = blob(size, 300, 240, 200, 110, 0), blob(size, 330, 230, 60, 40, 30)
    for scores, number in (([0.9, 0.85], 2), ([0.85, 0.9], 2), ([0.9, 0.4], 1)):
        told, prototypes = numbers([mother, pup], how, scores)
        told[-31] *= 8  # it claims its pixels more strongly than the one below it
        assert len(answer(told, prototypes, how, Rules(), 1)) == number


def test_touching_animals_stay_two_and_share_no_pixel():
    size, how = (480, 640), fit((480, 640), 640)
    left, right = blob(size, 260, 240, 120, 80, 0), blob(size, 370, 250, 120, 80, 0)
    assert np.count_nonzero(left & right) > 0
    found = answer(*numbers([left, right], how), how, Rules(), 1)
    assert len(found) == 2
    assert not (whole(found[0], size) & whole(found[1], size)).any()
    assert alike(whole(found[0], size) | whole(found[1], size), left | right) >= 0.98


def test_an_animal_behind_a_wire_keeps_its_parts_and_loses_specks():
    size, how = (480, 640), fit((480, 640), 640)
    animal = blob(size, 300, 240, 200, 100, 0)
    animal[:, 290:310] = 0  # a wire before it
    speck = animal.copy()
    speck[160:170, 210:220] = 1
    found = answer(*numbers([speck], how), how, Rules(), 1)
    assert alike(whole(found[0], size), animal) >= 0.98
    every = answer(*numbers([speck], how), how, Rules(least_part=0.0001), 1)
    assert alike(whole(every[0], size), speck) >= 0.98


def test_only_the_surest_and_only_animals_are_kept():
    size, how = (480, 640), fit((480, 640), 640)
    masks = [blob(size, 120 + 130 * k, 240, 90, 60, 90) for k in range(4)]
    told = numbers(masks, how, scores=[0.5, 0.9, 0.2, 0.7], kinds=[0, 1, 0, 1], n_classes=2)
    assert [one.score for one in answer(*told, how, Rules(), 2)] == pytest.approx([0.9, 0.7, 0.5])
    assert len(answer(*told, how, Rules(most=2), 2)) == 2
    assert [one.kind for one in answer(*told, how, Rules(classes=(0,)), 2)] == [0]
    assert answer(*told, how, Rules(confidence=0.95), 2) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"confidence": 1.5}, "confidence is a share"),
        ({"threshold": 30}, "no setting threshold"),
        ({"image_px": "large"}, "image_px cannot be 'large'"),
        ({"image_px": 8}, "from 32 to"),
        ({"precision": "int3"}, "one of auto, float32"),
        ({"min_area_px": 0}, "above 0"),
        ({"areas_px": "a b"}, "numbers with spaces"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_in_a_line(changes, words):
    with pytest.raises(TrackingError, match=words):
        NetworkSettings().with_changes(changes)


def test_a_class_that_the_network_does_not_know_is_refused():
    assert NetworkSettings(classes="white, dark").rules(("dark", "white")).classes == (1, 0)
    with pytest.raises(TrackingError, match=r"no class 'rat'\. It knows: dark, white"):
        NetworkSettings(classes="rat").rules(("dark", "white"))
