"""However the work is divided or interrupted, the tables are the same."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from film import positions, write_video
from tracked_scenes import chunk_of, info_of, settings_of

from tracking.errors import TrackingError
from tracking.masks import decode
from tracking.pipeline import identify_video
from tracking.segmenting import detections_file, segment_video
from tracking.shards import chunk_bounds, read_shard
from tracking.subtraction.background import BackgroundSegmenter
from tracking.subtraction.tuning import tune
from tracking.video import probe

FRAMES = 2700


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A probed and tuned video of two animals, longer than two chunks."""
    path = tmp_path_factory.mktemp("clip") / "two.mp4"
    info = probe(write_video(path, n_frames=FRAMES, size=(240, 180)))
    return info, tune(info, 2)


def run(clip, folder, workers=1):
    info, tuning = clip
    folder.mkdir(exist_ok=True)
    segment_video(info, BackgroundSegmenter(tuning.background, tuning.settings), folder, workers)
    tables = identify_video(info, 2, tuning.settings, folder)
    return {name: [pq.read_table(path) for path in getattr(tables, name)]
            for name in ("tracks", "masks", "keypoints", "fragments", "crossings", "doubts")
            }  # fmt: skip


@pytest.fixture(scope="module")
def whole(clip, tmp_path_factory):
    """The tables of one uninterrupted run."""
    return run(clip, tmp_path_factory.mktemp("whole"))


def test_two_workers_make_the_same_tables_as_one(clip, whole, tmp_path):
    assert run(clip, tmp_path / "two", workers=2) == whole


def test_lost_shards_are_made_again_and_the_others_are_not(clip, whole, tmp_path):
    info, _ = clip
    run(clip, tmp_path / "work")
    bounds = chunk_bounds(info)
    assert len(bounds) == 3
    kept = detections_file(tmp_path / "work", bounds[1][0])
    detections_file(tmp_path / "work", bounds[0][0]).unlink()
    detections_file(tmp_path / "work", bounds[2][0]).unlink()
    written = kept.stat().st_mtime_ns
    assert run(clip, tmp_path / "work") == whole
    assert kept.stat().st_mtime_ns == written


def test_every_frame_and_animal_has_one_row_with_its_time_and_place(clip, whole):
    info, _ = clip
    tracks = {name: np.concatenate([t[name].to_numpy() for t in whole["tracks"]])
              for name in ("frame", "time_s", "animal_id", "x_px", "y_px", "detected")}  # fmt: skip
    assert tracks["frame"].tolist() == np.repeat(np.arange(FRAMES), 2).tolist()
    assert tracks["animal_id"].tolist() == [1, 2] * FRAMES
    np.testing.assert_array_equal(tracks["time_s"], info.time_s[tracks["frame"]])
    assert tracks["detected"].all()
    truth = positions(FRAMES, 2, 240, 180)
    found = np.stack((tracks["x_px"], tracks["y_px"]), 1).reshape(FRAMES, 2, 2)
    first = np.linalg.norm(found[0] - truth[0][0], axis=1).argmin()
    ordered = found[:, [first, 1 - first]]
    assert np.linalg.norm(ordered - truth, axis=2).max() < 1.0


def test_masks_are_where_the_tracks_are(whole):
    tracks, masks = whole["tracks"][1].to_pandas(), whole["masks"][1].to_pandas()
    both = masks.merge(tracks, on=["frame", "animal_id"])
    assert len(both) == len(masks) == len(tracks)
    for row in both.iloc[::217].itertuples():
        ys, xs = np.nonzero(decode(row.rle, row.height, row.width))
        assert len(xs) == row.area_px
        assert (row.x0 + xs.mean(), row.y0 + ys.mean()) == pytest.approx(
            (row.x_px, row.y_px), abs=1e-3
        )


def test_nose_and_tail_base_are_the_ends_and_the_heading_points_to_the_nose(tmp_path):
    frames = [[(60.0 + 2 * f, 180.0 - f, 26.565)] for f in range(80)]
    chunk = chunk_of(frames, tmp_path)
    write_again = detections_file(tmp_path, 0)
    (tmp_path / "chunk-0.parquet").rename(write_again)
    tables = identify_video(info_of(80), 1, settings_of(), tmp_path)
    tracks = pq.read_table(tables.tracks[0]).to_pandas()
    points = pq.read_table(tables.keypoints[0]).to_pandas().pivot(
        index="frame", columns="point", values=["x_px", "y_px"]
    )  # fmt: skip
    assert len(chunk.frame) == 80
    # up and to the right: positive degrees, although y falls
    assert tracks.heading_deg.to_numpy() == pytest.approx(26.565, abs=1.5)
    for point, sign in (("nose", 1), ("tail_base", -1)):
        dx = points["x_px"][point].to_numpy() - tracks.x_px.to_numpy()
        dy = points["y_px"][point].to_numpy() - tracks.y_px.to_numpy()
        assert dx == pytest.approx(sign * 20 * np.cos(np.radians(26.565)), abs=2.0)
        assert dy == pytest.approx(-sign * 20 * np.sin(np.radians(26.565)), abs=2.0)


def test_a_video_with_no_animal_in_some_chunk_still_has_its_rows(tmp_path):
    frames = [[(100.0, 100.0, 0.0)]] * 10 + [[]] * 20
    chunk_of(frames, tmp_path)
    (tmp_path / "chunk-0.parquet").replace(detections_file(tmp_path, 0))
    tables = identify_video(info_of(30), 2, settings_of(), tmp_path)
    tracks = pq.read_table(tables.tracks[0]).to_pandas()
    assert len(tracks) == 60
    assert tracks.detected.sum() == 10
    assert tracks.x_px.isna().sum() == 50


def test_a_damaged_shard_is_named(tmp_path):
    detections_file(tmp_path, 0).write_bytes(b"not a table")
    with pytest.raises(TrackingError, match="damaged"):
        read_shard(detections_file(tmp_path, 0), 0, 10)


def test_chunks_cover_every_frame_once_and_start_at_keyframes(clip):
    info, _ = clip
    bounds = chunk_bounds(info)
    assert bounds[0][0] == 0 and bounds[-1][1] == FRAMES
    assert [stop for _, stop in bounds[:-1]] == [start for start, _ in bounds[1:]]
    assert all(start in info.keyframes for start, _ in bounds)


def test_what_happened_to_identities_is_told_in_tables(tmp_path):
    there = [(60.0 + 2.5 * f, 100.0 + f, 0.0) for f in range(80)]
    back = [(260.0 - 2.5 * f, 110.0 + f, 0.0) for f in range(80)]
    chunk_of([list(pair) for pair in zip(there, back, strict=True)], tmp_path)
    (tmp_path / "chunk-0.parquet").replace(detections_file(tmp_path, 0))
    tables = identify_video(info_of(80), 2, settings_of(), tmp_path)
    fragments = pq.read_table(tables.fragments[0]).to_pandas()
    assert fragments.fragment_id.tolist() == list(range(1, len(fragments) + 1))
    assert set(fragments.animal_id) == {1, 2}
    assert fragments.probability.between(0, 1).all() and fragments.appearance.isna().all()
    for _, mine in fragments.groupby("animal_id"):
        assert mine.start_frame.iloc[0] == 0 and mine.stop_frame.iloc[-1] == 80
        assert (mine.start_frame.to_numpy()[1:] >= mine.stop_frame.to_numpy()[:-1]).all()
    (crossing,) = pq.read_table(tables.crossings[0]).to_pylist()
    assert (crossing["kind"], crossing["animals"]) == ("contact", [1, 2])
    assert 20 < crossing["start_frame"] < crossing["stop_frame"] < 60
    tracks = pq.read_table(tables.tracks[0]).to_pandas()
    within = tracks.frame.between(crossing["start_frame"], crossing["stop_frame"] - 1)
    sure = tracks.identity_confidence
    assert sure[within].max() < sure[~within].max() <= 1.0
    assert tables.identified == {"method": "none", "groups": []}


def test_progress_is_told_from_the_beginning_to_the_end_and_never_falls(clip, tmp_path):
    info, tuning = clip
    segment_video(info, BackgroundSegmenter(tuning.background, tuning.settings), tmp_path)
    told = []
    identify_video(info, 2, tuning.settings, tmp_path, lambda *now: told.append(now))
    assert told == sorted(told) and told[-1] == (FRAMES, FRAMES)
    assert all(total == FRAMES for _, total in told) and len(told) >= 6
