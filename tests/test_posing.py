"""Labelled poses become masks that fit the image, also where animals lie together."""

from dataclasses import replace

import cv2
import numpy as np
import pandas as pd
import pytest
from bedding_scene import BODY_NODES, film_bedding

from tracking.errors import TrackingError
from tracking.networks.labelling.posing import (
    PoseSettings,
    Skeleton,
    learn_body,
    learn_width,
    masks_of_poses,
)

SIZE = (240, 320)
MOUSE = Skeleton(("nose", "earL", "earR", "centre", "tail_base", "tail_mid", "tail_tip"))


def mouse(x, y, deg, half_length=30, half_width=12):
    """The pose of a mouse, (7, 2) px, and its body, (h, w) uint8."""
    angle = np.radians(deg)
    ahead, left = (
        np.array([np.cos(angle), np.sin(angle)]),
        np.array([-np.sin(angle), np.cos(angle)]),
    )
    along = np.array([1.0, 0.75, 0.75, 0.0, -1.0, -1.4, -1.8]) * half_length
    across = np.array([0.0, 0.55, -0.55, 0.0, 0.0, 0.0, 0.0]) * half_width
    pose = np.array([x, y]) + along[:, None] * ahead + across[:, None] * left
    full = np.zeros(SIZE, np.uint8)
    cv2.ellipse(full, (x, y), (half_length, half_width), deg, 0, 360, 1, -1)
    return pose, full


def picture(mice, shades=(40, 220), seed=0):
    """Animals, the last on top, on a floor of texture; tails are thin lines."""
    rng = np.random.default_rng(seed)
    floor = cv2.GaussianBlur(rng.normal(size=SIZE).astype(np.float32), (0, 0), 1.2)
    image = 130 + 20 * floor / floor.std()
    poses, masks = [], []
    for k, one in enumerate(mice):
        pose, full = mouse(*one)
        cv2.polylines(image, [np.rint(pose[4:]).astype(np.int32)], False, 90.0, 2)
        image[full > 0] = shades[k % 2] + rng.normal(0, 4, int(full.sum()))
        poses.append(pose)
        masks = [mask & (1 - full) for mask in masks] + [full]
    return np.clip(image, 0, 255).astype(np.uint8), np.array(poses), masks


def walked(count=8):
    return [picture([(70 + 22 * k, 80 + 8 * k, 35 * k)], (40, 40), seed=k) for k in range(count)]


@pytest.fixture(scope="module")
def body():
    made = walked()
    return learn_body([image for image, _, _ in made], [poses for _, poses, _ in made], MOUSE)


def overlap(placed, true):
    full = np.zeros(SIZE, bool)
    full[placed.where] = placed.mask > 0
    return (full & (true > 0)).sum() / (full | (true > 0)).sum()


def test_width_and_ends_are_learned_from_the_image(body):
    assert body.width_px == pytest.approx(24, abs=2.5)
    assert body.length_px == pytest.approx(60, abs=2)
    assert max(map(abs, body.past)) < 0.08  # nose and tail base are where the body ends
    made = walked(3)
    width = learn_width([image for image, _, _ in made], [poses for _, poses, _ in made], MOUSE)
    assert width == pytest.approx(24, abs=3)


def test_tails_and_legs_are_no_body_and_sides_give_the_middle(body):
    names = [tuple(MOUSE.nodes[k] for k in part) for part in body.chain]
    assert names in (
        [("nose",), ("earL", "earR"), ("centre",), ("tail_base",)],
        [("tail_base",), ("centre",), ("earL", "earR"), ("nose",)],
    )
    legs = Skeleton(("Nose", "TTI", "Tail_0", "front_paw_L", "hindleg", "TailTip", "Trunk"))
    assert [legs.nodes[k] for k in range(7) if not legs.is_thin(k)] == ["Nose", "TTI", "Trunk"]


def test_the_refined_mask_is_the_animal_within_a_pixel_or_two(body):
    for seed in range(4):
        image, poses, masks = picture([(160, 120, 50 * seed)], (40, 40), seed=50 + seed)
        drawn = masks_of_poses(image, poses, body, PoseSettings(refine=False))
        made = masks_of_poses(image, poses, body)
        assert overlap(drawn.masks[0], masks[0]) > 0.75
        assert overlap(made.masks[0], masks[0]) > 0.9
        assert made.notes == []


def test_points_off_by_some_pixels_are_put_right_by_the_image(body):
    image, poses, masks = picture([(160, 120, 20)], (40, 40), seed=9)
    shifted = poses + np.random.default_rng(0).normal(0, 3, poses.shape)
    drawn = masks_of_poses(image, shifted, body, PoseSettings(refine=False)).masks[0]
    made = masks_of_poses(image, shifted, body).masks[0]
    assert overlap(made, masks[0]) > max(0.85, overlap(drawn, masks[0]) + 0.05)


def test_animals_in_contact_are_parted_and_no_pixel_is_of_two(body):
    image, poses, masks = picture([(140, 118, 10), (168, 138, 40)], seed=3)
    made = masks_of_poses(image, poses, body)
    together = np.zeros(SIZE, int)
    for placed, true in zip(made.masks, masks, strict=True):
        assert overlap(placed, true) > 0.75
        together[placed.where] += placed.mask
    assert together.max() == 1


def test_animals_alike_in_contact_are_parted_by_their_spines(body):
    image, poses, masks = picture([(140, 110, 0), (150, 134, 0)], (40, 40), seed=4)
    made = masks_of_poses(image, poses, body)
    assert [overlap(p, t) > 0.8 for p, t in zip(made.masks, masks, strict=True)] == [True, True]


def test_a_pose_of_few_points_gives_what_they_say_and_one_of_none_gives_none(body):
    image, poses, masks = picture([(100, 120, 0), (220, 120, 90)], (40, 40), seed=5)
    poses[0, [1, 2, 5, 6]] = np.nan  # ears and tail
    poses[1] = np.nan
    made = masks_of_poses(image, poses, body)
    assert overlap(made.masks[0], masks[0]) > 0.85
    assert made.masks[1] is None
    assert made.notes == ["no body point is labelled: draw this one"]


def test_where_the_image_shows_nothing_the_body_is_as_it_was_drawn(body):
    _, poses, _ = picture([(160, 120, 30)])
    empty = picture([])[0]
    made = masks_of_poses(empty, poses, body)
    drawn = masks_of_poses(empty, poses, body, PoseSettings(refine=False))
    assert len(made.notes) == 1 and made.notes[0].endswith("drawn along the points")
    assert np.array_equal(made.masks[0].mask, drawn.masks[0].mask)


def test_a_width_that_is_given_is_taken():
    made = walked(3)
    images, poses = [image for image, _, _ in made], [p for _, p, _ in made]
    wide = learn_body(images, poses, MOUSE, width_px=40.0)
    assert wide.width_px == 40.0
    area = masks_of_poses(images[0], poses[0], wide, PoseSettings(refine=False)).masks[0].mask.sum()
    narrow = replace(wide, width_px=20.0, shape=wide.shape / 2)
    half = masks_of_poses(images[0], poses[0], narrow, PoseSettings(refine=False)).masks[0].mask
    assert half.sum() < 0.6 * area


def test_the_same_pose_gives_the_same_mask(body):
    image, poses, _ = picture([(160, 120, 30)], seed=7)
    one, other = masks_of_poses(image, poses, body), masks_of_poses(image, poses, body)
    assert np.array_equal(one.masks[0].mask, other.masks[0].mask)


def test_on_bedding_behind_wire_masks_of_poses_are_near_the_truth(tmp_path_factory):
    film = film_bedding(11, tmp_path_factory.getbasetemp() / "bedding", seconds=4)
    frames = list(range(4, 100, 12))
    samples, poses = film.samples(frames), [film.joints[f] for f in frames]
    skeleton = Skeleton(BODY_NODES)
    body = learn_body([sample.image for sample in samples], poses, skeleton)
    found = []
    for sample, pose, frame in zip(samples, poses, frames, strict=True):
        made = masks_of_poses(sample.image, pose, body)
        for number, true in film.labels(frame).items():
            placed = made.masks[number - 1]
            found.append(whole_overlap(placed, true))
    assert np.mean(found) > 0.7  # bars are in these masks and not in the true ones


def whole_overlap(placed, true):
    full = np.zeros(true.shape, bool)
    full[placed.where] = placed.mask > 0
    return (full & (true > 0)).sum() / (full | (true > 0)).sum()


def test_a_labelled_project_becomes_masks_of_dark_pixels(shared_data):
    """Of a real project, whose floor is bright and whose mouse is black."""
    folder = shared_data / "video/mouse1_open_field/labeled-data/m4s1"
    table = pd.read_csv(folder / "CollectedData_Pranav.csv", header=[1, 2], index_col=0)
    names = tuple(dict.fromkeys(table.columns.get_level_values(0)))
    rows = range(0, len(table), 12)
    values = table.to_numpy().reshape(len(table), len(names), 2)
    images = [cv2.imread(str(folder / table.index[k].split("/")[-1]), 0) for k in rows]
    poses = [values[k][None] for k in rows]
    body = learn_body(images, poses, Skeleton(names))
    assert 40 < body.width_px < 60
    for image, pose in zip(images, poses, strict=True):
        made = masks_of_poses(image, pose, body)
        inside = image[made.masks[0].where][made.masks[0].mask > 0]
        assert np.median(inside) < 45 and 2500 < inside.size < 8000
        assert made.notes == []


def test_poses_that_cannot_be_are_refused_in_a_line():
    image, poses, _ = picture([(160, 120, 30)])
    with pytest.raises(TrackingError, match="Poses need 7 points"):
        learn_body([image], [poses[:, :3]], MOUSE)
    with pytest.raises(TrackingError, match="Give a width above 0"):
        learn_body([image], [poses], MOUSE, width_px=0.0)
    with pytest.raises(TrackingError, match="no tail and no leg"):
        learn_body([image], [poses[:, :2]], Skeleton(("tail1", "tail2")))
