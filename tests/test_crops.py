"""Crops show the animal and nothing else, lying the same way, whoever makes them and when."""

import numpy as np
import pytest
from film import write_video
from lookers import EVEN, PLAN, SIZE, Look, film, frame_of
from test_segmenting import Corner
from tracked_scenes import info_of

from tracking.detections import detections_of
from tracking.errors import TrackingError
from tracking.identities.crops import (
    HEIGHT,
    MOST_FRAMES,
    SPAN,
    WIDTH,
    CropPlan,
    crops_file,
    crops_of,
    read_crops,
)
from tracking.segmenting import segment_video
from tracking.shards import chunk_bounds
from tracking.video import probe


def one(angle, light=EVEN):
    """The crop of one animal lying at an angle in radians."""
    rng = np.random.default_rng(0)
    gray, found = frame_of(np.array([[150.0, 120.0]]), np.array([angle]), [Look()], rng, light)
    _, numbers, images = crops_of(gray, found, PLAN)
    return numbers[0], images[0].astype(float)


@pytest.mark.parametrize("degrees", [0, 30, 90, 135])
def test_an_animal_lies_across_its_crop_whichever_way_it_looks(degrees):
    _, flat = one(0.0)
    _, image = one(np.radians(degrees))
    inside, flat_inside = image > 0, flat > 0
    assert np.mean(inside == flat_inside) > 0.95
    assert 40 * WIDTH / (SPAN * PLAN.length_px) == pytest.approx(
        np.ptp(np.nonzero(inside)[1]), abs=3
    )
    assert np.median(image[inside]) == pytest.approx(60, abs=3)


def test_nothing_of_the_floor_is_in_a_crop():
    rng = np.random.default_rng(0)
    gray, found = frame_of(np.array([[150.0, 120.0]]), np.array([0.4]), [Look()], rng, EVEN)
    other = gray.copy()
    mask = gray < 120
    other[~mask] = rng.integers(130, 255, (~mask).sum())
    first, second = (crops_of(g, found, PLAN)[2] for g in (gray, other))
    assert np.mean(first != second) < 0.02  # pixels of noise within the outline


def test_what_surrounds_an_animal_is_one_number():
    numbers, _ = one(0.3, 0.5 * EVEN)
    assert numbers[5] == pytest.approx(90, abs=4)


def test_parts_and_groups_of_animals_have_no_crop():
    gray = np.full(SIZE, 200, np.uint8)
    sides = [10, 23, 60]  # areas of 0.2, 1.05 and 7 animals
    found = detections_of([(np.ones((s, s), np.uint8), 5, 5) for s in sides], [1.0] * 3)
    which, numbers, images = crops_of(gray, found, PLAN)
    assert which.tolist() == [1]
    assert numbers.shape == (1, 6) and images.shape == (1, HEIGHT, WIDTH)


def test_where_sizes_differ_the_smallest_animal_has_crops_too():
    gray = np.full(SIZE, 200, np.uint8)
    found = detections_of([(np.ones((s, s), np.uint8), 5, 5) for s in (2, 8, 45)], [1.0] * 3)
    which, numbers, _ = crops_of(gray, found, CropPlan(1, (60.0, 2000.0), 50.0))
    assert which.tolist() == [1, 2]
    assert numbers[0, 2] < 100 < numbers[1, 2]


def test_an_animal_at_the_edge_of_a_large_picture_has_a_crop():
    gray = np.full((2000, 2000), 90, np.uint8)
    found = detections_of([(np.ones((400, 160), np.uint8), 1840, 0)], [1.0])
    _, numbers, images = crops_of(gray, found, CropPlan(1, (64000.0,) * 2, 400.0))
    assert numbers[0, 5] == 90
    inner = images[0, 10:22, 20:44]
    assert inner.min() == inner.max() == 90


def test_a_long_video_is_sampled_thinly():
    assert CropPlan.of(info_of(3000), [100], 20).every == 3
    long = CropPlan.of(info_of(2_000_000), [100], 20)
    assert 2_000_000 / long.every <= MOST_FRAMES


def test_crops_are_the_same_by_any_number_of_workers_and_after_a_break(tmp_path):
    info = probe(write_video(tmp_path / "clip.mp4", n_frames=1510, size=(160, 120)))
    plan = CropPlan(3, (16.0, 16.0), 4.0)
    made = []
    for number, workers in enumerate((1, 2, 1)):
        folder = tmp_path / str(number)
        folder.mkdir()
        segment_video(info, Corner(), folder, workers, plan=plan)
        if number == 2:  # the second chunk was not finished
            start = chunk_bounds(info)[1][0]
            crops_file(folder, start).unlink()
            segment_video(info, Corner(), folder, workers, plan=plan)
        made.append([crops_file(folder, b[0]).read_bytes() for b in chunk_bounds(info)])
    assert len(made[0]) == 2 and made[0] == made[1] == made[2]


def test_a_run_without_a_plan_makes_no_crops(tmp_path):
    info = probe(write_video(tmp_path / "clip.mp4", n_frames=30, size=(160, 120)))
    segment_video(info, Corner(), tmp_path)
    assert not crops_file(tmp_path, 0).exists()


def test_every_crop_belongs_to_the_fragment_it_was_made_in(tmp_path):
    made = film(tmp_path, [Look(), Look(half_length=26)], seconds=12, fragment_s=3)
    owner = made.sightings.fragment_of(made.fragments)
    table = made.sightings.table()
    assert (owner >= 0).all() and len(owner) == 240
    for k in (0, 5, 7):
        fragment = made.fragments[k]
        mine = table[owner == k]
        assert set(mine[:, 3]) == {fragment.slot}
        assert mine[:, 2].min() == fragment.start and mine[:, 2].max() == fragment.stop - 1
        longer = made.sightings.crops(np.flatnonzero(owner == k)).numbers[:, 3].mean() > 46
        assert longer == bool(made.who[k])


def test_a_damaged_file_of_crops_is_named(tmp_path):
    crops_file(tmp_path, 0).write_bytes(b"not a table")
    with pytest.raises(TrackingError, match=r"crops-000000000.parquet is damaged. Delete it"):
        read_crops(crops_file(tmp_path, 0))
