"""Composites: labelled animals in new places, with masks that say what is seen of each."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tracking.errors import TrackingError
from tracking.networks.composing.augmenting import AugmentSettings, augment
from tracking.networks.composing.composer import Composer, ComposeSettings
from tracking.networks.composing.cutting import spread_of_turns
from tracking.networks.composing.scenery import empty_cage, light_of, scenery_of
from tracking.networks.samples import Placed, Sample, place, reduced, sample_of

SIZE = (240, 320)
DARK, BRIGHT = 40, 220
PLAIN = ComposeSettings(light=0.0, shade=0.0)


def straw():
    """A floor of strong texture between 100 and 160."""
    noise = np.random.default_rng(1).normal(size=SIZE).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return np.clip(130 + 15 * noise / noise.std(), 100, 160).astype(np.uint8)


def ellipse(x, y, deg):
    full = np.zeros(SIZE, np.uint8)
    cv2.ellipse(full, (x, y), (24, 10), deg, 0, 360, 1, -1)
    return full


def frame(animals, number=0, wire=None, light=1.0):
    """One frame: animals are (x, y, deg, shade), the last on top; wire lies before them all."""
    image = straw().astype(float)
    masks = []
    for x, y, deg, shade in animals:
        own = ellipse(x, y, deg)
        image[own > 0] = shade
        masks = [mask & (1 - own) for mask in masks] + [own]
    if wire is not None:
        image[wire] = 250
        masks = [mask & ~wire for mask in masks]
    image = np.clip(image * light, 0, 255).astype(np.uint8)
    return sample_of(image, masks, [int(a[3] == BRIGHT) for a in animals], ("cage.mp4", number))


def walked(count=12, wire=None):
    """Frames in which a dark and a bright animal walk round, apart from one another."""
    return [
        frame(
            [
                (80 + 9 * k, 70 + 5 * (k % 5), 30 * k, DARK),
                (240 - 9 * k, 170 - 5 * (k % 4), 50 * k, BRIGHT),
            ],
            number=20 * k, wire=wire,
        )
        for k in range(count)
    ]  # fmt: skip


def test_the_empty_cage_is_the_floor_where_it_was_ever_seen():
    background, unknown = empty_cage(walked())
    assert np.abs(background.astype(int) - straw()).max() == 0
    assert not unknown.any()


def test_where_nobody_saw_the_floor_it_is_painted_in_from_around():
    still = [frame([(100, 100, 0, DARK)], k) for k in range(3)]
    background, unknown = empty_cage(still)
    assert 90 <= background[100, 100] <= 170  # floor and no animal
    assert unknown[100, 100] and not unknown[200, 200]


def test_frames_without_labels_help_to_see_the_floor():
    some = [frame([(100, 100, 0, DARK)]), *(frame([(240, 180, 0, DARK)], k) for k in (1, 2, 3))]
    seen = [frame([(100 + 20 * k, 60, 0, DARK)]).image for k in range(4)]
    background, _ = empty_cage(some[1:], seen)
    assert np.array_equal(background[80:120, 60:140], straw()[80:120, 60:140])


def test_somebody_who_always_sits_there_is_no_floor_and_is_not_taken_away():
    still = [frame([(100, 100, 0, DARK), (240, 60 + 12 * k, 0, BRIGHT)], k) for k in range(6)]
    seen = [one.image for one in still]
    background, unknown = empty_cage(still, seen)
    assert background[95:105, 95:105].min() > 90
    assert unknown[100, 100] and not unknown[100, 240]
    composer = Composer(still, {"cage.mp4": seen}, replace(PLAIN, keep=0.0, overlap=0.0))
    for k in range(6):
        made = composer.compose(k)
        assert made.image[100, 100] == pytest.approx(DARK, abs=12)
        assert made.labelled()[100, 100]


def test_every_mask_of_a_composite_covers_its_own_animal_and_no_other():
    composer = Composer(walked(), settings=PLAIN)
    for k in range(20):
        made = composer.compose(k)
        assert len(made.masks) >= 2
        together = np.zeros(SIZE, int)
        for number, mask in enumerate(made.masks):
            full = made.whole(number)
            together += full
            inner = cv2.erode(np.pad(full, 3), np.ones((7, 7), np.uint8))[3:-3, 3:-3] > 0
            shade = BRIGHT if made.classes[number] else DARK
            assert np.abs(made.image[inner].astype(int) - shade).max(initial=0) <= 12
            assert mask.mask.any()
        assert together.max() == 1
        # and what nobody is said to be is floor
        outside = cv2.dilate((together > 0).astype(np.uint8), np.ones((9, 9), np.uint8)) == 0
        assert made.image[outside].min() > 75 and made.image[outside].max() < 185


def touching(sample):
    masks = [
        cv2.dilate(sample.whole(k), np.ones((5, 5), np.uint8)) for k in range(len(sample.masks))
    ]
    return any(
        (masks[a] & masks[b]).any() for a in range(len(masks)) for b in range(a + 1, len(masks))
    )


def test_most_composites_show_animals_in_contact_though_no_label_does():
    samples = walked()
    assert not any(touching(sample) for sample in samples)
    composer = Composer(samples, settings=PLAIN)
    made = [composer.compose(k) for k in range(30)]
    assert sum(touching(sample) for sample in made) >= 15
    usual = np.count_nonzero(ellipse(100, 100, 0))
    areas = np.concatenate([sample.areas for sample in made])
    assert areas.min() >= 0.25 * usual and areas.max() <= 1.25 * usual
    assert (areas < 0.85 * usual).any()  # somebody lies under somebody


def test_the_same_seed_gives_the_same_pictures_and_another_seed_others():
    samples = walked()
    one, same, other = (Composer(samples, seed=seed).compose(4) for seed in (0, 0, 1))
    assert np.array_equal(one.image, same.image)
    assert one.masks[-1].box == same.masks[-1].box
    assert not np.array_equal(one.image, other.image)


def bars():
    wire = np.zeros(SIZE, bool)
    for x in range(30, 320, 50):
        wire[:, x : x + 3] = True
    return wire


def test_wire_stays_before_the_animals_and_out_of_their_masks():
    samples = walked(wire=bars())
    scenery = scenery_of(samples)
    found = scenery.front & cv2.dilate(scenery.home.astype(np.uint8), np.ones((3, 3))).astype(bool)
    true = bars() & scenery.home
    assert (found & true).sum() >= 0.9 * true.sum()
    composer = Composer(samples, settings=PLAIN)
    for k in range(10):
        made = composer.compose(k)
        assert not (made.labelled() & bars()).any()
        centre = bars() & np.roll(bars(), 1, axis=1) & np.roll(bars(), -1, axis=1)
        assert made.image[centre].min() >= 240


def test_a_line_on_the_floor_is_not_taken_for_wire():
    line = np.zeros(SIZE, bool)
    line[118:121] = True
    samples = [
        replace(one, image=np.where(line & ~one.labelled(), 250, one.image).astype(np.uint8))
        for one in (frame([(60 + 16 * k, 120, 0, DARK)], k) for k in range(12))
    ]
    assert not scenery_of(samples).front.any()


def test_nobody_is_pasted_onto_what_is_unlike_the_floor_that_animals_walk_on():
    samples = [frame([(60 + 8 * k, 60 + 3 * k, 40 * k, DARK)], k) for k in range(10)]
    for one in samples:
        one.image[:, 200:] = 235  # a smooth hopper
    composer = Composer(samples, settings=replace(PLAIN, keep=0.0))
    boxes = np.concatenate([composer.compose(k).boxes for k in range(15)])
    assert boxes[:, 2].max() < 215
    assert boxes[:, 3].max() > 150  # but floor alike is free to all


def test_an_animal_pasted_into_a_shadow_is_as_dark_as_the_shadow():
    shaded = [frame([(60 + 16 * k, 120, 30 * k, BRIGHT)], k, light=0.5) for k in range(3)]
    plain = [frame([(60 + 16 * k, 120, 30 * k, BRIGHT)], k) for k in range(3, 12)]
    composer = Composer(plain + shaded, settings=replace(PLAIN, keep=0.0))
    levels = set()
    for k in range(25):
        made = composer.compose(k)
        dark = made.image[:20].mean() < 90
        for number in range(len(made.masks)):
            inner = cv2.erode(made.whole(number), np.ones((7, 7), np.uint8)) > 0
            expected = BRIGHT / 2 if dark else BRIGHT
            assert np.median(made.image[inner]) == pytest.approx(expected, rel=0.1)
            levels.add(dark)
    assert levels == {True, False}


def test_light_is_measured_beside_the_animals():
    sample = frame([(100, 100, 0, DARK)], light=0.7)
    light = light_of(sample.image, straw(), sample.labelled())
    assert light.min() > 0.65 and light.max() < 0.75


def test_animals_seen_from_the_side_are_not_turned_over():
    level = [frame([(60 + 10 * k, 120, 3 * k - 15, DARK)], k) for k in range(10)]
    assert spread_of_turns(level) == 25.0
    assert spread_of_turns(walked()) == 180.0


def test_without_labels_nothing_can_be_composed():
    empty = Sample(straw(), source=("cage.mp4", 3))
    assert not Composer([empty]).can
    assert not Composer([]).can
    assert Composer([empty, *walked(1)]).can


def test_one_label_is_enough_for_a_composite():
    made = Composer(walked(1)[:1]).compose(0)
    assert len(made.masks) >= 1


def test_other_light_changes_the_picture_and_not_the_masks():
    sample = walked(1)[0]
    made = [augment(sample, np.random.default_rng(k)) for k in range(12)]
    means = [one.image.mean() for one in made]
    assert max(means) - min(means) > 10
    assert all(one.masks is sample.masks for one in made)
    assert np.array_equal(augment(sample, np.random.default_rng(5)).image, made[5].image)
    still = AugmentSettings(0, 0, 0, 0, 0, 0, 0, 0)
    assert np.array_equal(augment(sample, np.random.default_rng(0), still).image, sample.image)


def test_a_sample_that_cannot_be_is_refused_in_a_line():
    image = np.zeros((20, 30), np.uint8)
    with pytest.raises(TrackingError, match=r"frame 7 of a\.mp4 has 1 masks and 0 classes"):
        Sample(image, [Placed(np.ones((2, 2), np.uint8), 0, 0)], [], ("a.mp4", 7))
    with pytest.raises(TrackingError, match=r"outside of its picture of 30 x 20"):
        Sample(image, [Placed(np.ones((2, 2), np.uint8), 29, 0)], [0], ("a.mp4", 7))
    with pytest.raises(TrackingError, match=r"gray picture"):
        Sample(np.zeros((20, 30, 3), np.uint8))
    assert place(image) is None


def test_composites_of_large_frames_are_reduced_with_their_masks():
    large = []
    for one in walked(4):
        image = cv2.resize(one.image, None, fx=6, fy=6, interpolation=cv2.INTER_NEAREST)
        masks = [np.kron(one.whole(k), np.ones((6, 6), np.uint8)) for k in range(2)]
        large.append(sample_of(image, masks, one.classes, one.source))
    made = Composer(large, {"cage.mp4": [large[0].image]}, replace(PLAIN, longest_px=320))
    composite = made.compose(1)
    assert composite.image.shape == SIZE
    usual = np.count_nonzero(ellipse(100, 100, 0))
    assert 0.7 * usual < composite.areas.max() < 1.3 * usual
    assert np.array_equal(reduced(large[0], 320).whole(0), walked(1)[0].whole(0))
