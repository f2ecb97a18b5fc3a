"""Identities hold through crossings, contact, absence and across chunks."""

import numpy as np
from tracked_scenes import AREA, chunk_of, ellipse

from tracking.detections import detections_of
from tracking.shards import read_shard, write_shard
from tracking.tracker import Tracker


def tracker(n, time_s=None):
    return Tracker(n, AREA, 40.0, np.arange(1000) / 25 if time_s is None else time_s)


def line(start, stop, n):
    """Straight paths with headings, (n, 3)."""
    (x0, y0), (x1, y1) = start, stop
    heading = np.degrees(np.arctan2(-(y1 - y0), x1 - x0))
    return np.stack((np.linspace(x0, x1, n), np.linspace(y0, y1, n), np.full(n, heading)), 1)


def frames_of(*paths):
    """Frames with every animal that is there; NaN is not there."""
    return [
        [tuple(path[f]) for path in paths if not np.isnan(path[f, 0])] for f in range(len(paths[0]))
    ]


def identity_errors(tracked, paths, radius=12.0):
    """Frames in which an animal is not where the track that started on it is, after matching."""
    wrong = 0
    first = [int(np.argmax(~np.isnan(path[:, 0]))) for path in paths]
    owners = []
    for path, f in zip(paths, first, strict=True):
        way = np.linalg.norm(tracked.shapes[f, :, :2] - path[f, :2], axis=1)
        owners.append(int(np.nanargmin(way)))
    assert len(set(owners)) == len(paths)
    for path, owner in zip(paths, owners, strict=True):
        there = ~np.isnan(path[:, 0])
        way = np.linalg.norm(tracked.shapes[there, owner, :2] - path[there, :2], axis=1)
        wrong += int((~(way < radius)).sum())
    return wrong


def test_three_animals_apart_are_linked_without_a_doubt(tmp_path):
    paths = [line((40, 40 + 70 * k), (260, 50 + 60 * k), 80) for k in range(3)]
    tracked = tracker(3).track(chunk_of(frames_of(*paths), tmp_path))
    assert identity_errors(tracked, paths, radius=1.0) == 0
    assert tracked.exchanges == []
    assert (tracked.rows >= 0).all()


def test_two_animals_that_cross_keep_their_identities_while_a_third_watches(tmp_path):
    paths = [
        line((60, 100), (260, 130), 70),
        line((260, 114), (60, 144), 70),
        line((160, 200), (170, 205), 70),
    ]
    tracked = tracker(3).track(chunk_of(frames_of(*paths), tmp_path))
    assert (tracked.rows == -2).any(), "they must touch, or the test tests nothing"
    assert identity_errors(tracked, paths) == 0
    assert tracked.detected.all()


def test_two_animals_that_meet_and_part_again_keep_their_identities(tmp_path):
    there, back = line((80, 120), (150, 120), 40), line((150, 120), (80, 110), 40)
    other, away = line((250, 120), (180, 122), 40), line((180, 122), (250, 130), 40)
    rest = np.repeat(there[-1:], 20, 0), np.repeat(other[-1:], 20, 0)
    paths = [np.concatenate((there, rest[0], back)), np.concatenate((other, rest[1], away))]
    tracked = tracker(2).track(chunk_of(frames_of(*paths), tmp_path))
    assert (tracked.rows == -2).sum() > 20
    assert identity_errors(tracked, paths) == 0


def test_an_animal_that_is_not_seen_for_a_while_is_missing_and_then_itself_again(tmp_path):
    paths = [line((60, 60), (260, 60), 90), line((60, 180), (260, 180), 90)]
    seen = [path.copy() for path in paths]
    seen[1][30:50] = np.nan
    tracked = tracker(2).track(chunk_of(frames_of(*seen), tmp_path))
    assert identity_errors(tracked, seen) == 0
    hidden = tracked.detected[30:50]
    assert hidden.sum(1).tolist() == [1] * 20
    assert np.isnan(tracked.shapes[30:50][~hidden]).all()


def test_an_animal_that_comes_in_late_gets_the_identity_that_was_left(tmp_path):
    paths = [line((60, 60), (260, 60), 60), line((160, 200), (160, 150), 60)]
    paths[1][:25] = np.nan
    tracked = tracker(2).track(chunk_of(frames_of(*paths), tmp_path))
    assert tracked.detected[:25].sum(1).tolist() == [1] * 25
    assert tracked.detected[25:].all()
    assert identity_errors(tracked, paths) == 0


def test_chunks_in_a_row_give_what_one_chunk_gives(tmp_path):
    paths = [line((60, 100), (260, 130), 70), line((260, 100), (60, 130), 70)]
    frames = frames_of(*paths)
    whole = tracker(2).track(chunk_of(frames, tmp_path))
    divided = tracker(2)
    parts = [
        divided.track(chunk_of(frames[start : start + 23], tmp_path / str(start), start))
        for start in range(0, 70, 23)
        if not (tmp_path / str(start)).mkdir()
    ]
    shapes = np.concatenate([part.shapes for part in parts])
    np.testing.assert_allclose(shapes[..., :2], whole.shapes[..., :2], atol=1.0)


def test_a_frame_without_any_blob_loses_nobody_for_good(tmp_path):
    paths = [line((60, 60), (120, 60), 40), line((60, 180), (120, 180), 40)]
    frames = frames_of(*paths)
    frames[20] = []
    tracked = tracker(2).track(chunk_of(frames, tmp_path))
    assert not tracked.detected[20].any()
    for path in paths:
        path[20] = np.nan
    assert identity_errors(tracked, paths, radius=1.0) == 0


def test_animals_that_touch_in_the_first_frame_are_all_there_from_the_start(tmp_path):
    paths = [line((100, 100), (40, 60), 60), line((126, 106), (260, 200), 60)]
    tracked = tracker(2).track(chunk_of(frames_of(*paths), tmp_path))
    assert (tracked.rows[0] == -2).all()
    assert tracked.detected.all()
    assert identity_errors(tracked, paths) == 0


def test_an_animal_that_comes_back_far_away_after_a_while_is_found_again(tmp_path):
    paths = [line((60, 60), (110, 60), 90), line((40, 200), (280, 60), 90)]
    paths[1][20:70] = np.nan
    tracked = tracker(2).track(chunk_of(frames_of(*paths), tmp_path))
    assert identity_errors(tracked, paths) == 0


def test_something_else_seen_for_a_second_does_not_lose_the_only_animal(tmp_path):
    animal = line((60, 60), (120, 60), 120)
    frames = frames_of(animal)
    for f in range(30, 60):
        frames[f] = [(280.0, 200.0, 0.0)]
    tracked = tracker(1).track(chunk_of(frames, tmp_path))
    assert np.linalg.norm(tracked.shapes[80:, 0, :2] - animal[80:, :2], axis=1).max() < 2


def test_after_a_pause_of_the_camera_an_animal_may_have_gone_further(tmp_path):
    path = line((60, 120), (90, 120), 60)
    path[30:, 0] += 120
    time_s = np.arange(60) / 25
    time_s[30:] += 1.5
    other = line((160, 30), (160, 40), 60)
    tracked = tracker(2, time_s).track(chunk_of(frames_of(path, other), tmp_path))
    assert identity_errors(tracked, [path, other]) == 0


def test_two_that_pass_over_each_other_may_have_been_exchanged_and_nobody_else(tmp_path):
    paths = [
        line((60, 100), (260, 130), 70),
        line((260, 108), (60, 138), 70),
        line((160, 200), (170, 205), 70),
    ]
    tracked = tracker(3).track(chunk_of(frames_of(*paths), tmp_path))
    assert {(one.a, one.b) for one in tracked.exchanges} == {(0, 1)}
    assert min(one.log_odds for one in tracked.exchanges) < 5


def test_a_small_animal_beside_a_large_one_is_found_at_once_and_never_taken_for_it(tmp_path):
    def film(f):
        large = ellipse(60 + 2 * f, 100, 0, 30, 18)
        small = ellipse(200 - 2 * f, 160, 0, 7, 3)
        return large, small

    found = []
    for f in range(60):
        crops = []
        for picture in film(f):
            ys, xs = np.nonzero(picture)
            crop = picture[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1].astype(np.uint8)
            crops.append((np.ascontiguousarray(crop), int(xs.min()), int(ys.min())))
        found.append(detections_of(crops if f % 20 else crops[::-1], [1.0, 1.0]))
    for f in range(25, 40):
        found[f] = detections_of([], [])  # nobody is seen for a while
    write_shard(tmp_path / "d.parquet", 0, found)
    chunk = read_shard(tmp_path / "d.parquet", 0, 60)
    tracked = Tracker(2, [1696.0, 66.0], 60.0, np.arange(60) / 25).track(chunk)
    areas = tracked.shapes[tracked.detected.all(1)][..., 2]
    assert len(areas) == 45
    assert (areas[:, 0] > 1500).all() and (areas[:, 1] < 100).all()
