"""Recordings: read from a snapshot as written, in the right unit, missing as missing."""

import json
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from outline_samples import disc, encode
from storage_samples import add_tracked

import storage.regions
import storage.snapshot
from llm_query.errors import QueryError
from llm_query.measures import contact, in_region, scored, speed
from llm_query.recording import Recording
from storage.regions import save_region
from storage.study import open_study

N = 30


def write_snapshot(folder, *, px_per_cm=None, masks=True, times="parquet"):
    """Three animals, 30 frames at 29.97: Bo is unseen in frames 10 to 14, Cy always."""
    about = {
        "video": "clip", "fps_num": 30000, "fps_den": 1001, "n_frames": N, "width": 640,
        "duration_s": N * 1001 / 30000, "height": 480, "px_per_cm": px_per_cm,
        "animals": [{"animal_id": 1, "name": "Ada"}, {"animal_id": 2, "name": "Bo"},
                    {"animal_id": 3, "name": "Cy"}],
        "points": ["nose"], "variable_rate": False, "share_detected": 0.6,
        "regions": [{"name": "left", "kind": "rectangle", "role": "region",
                     "points": [[0, 0], [100, 480]]}],
    }  # fmt: skip
    folder.mkdir(exist_ok=True)
    (folder / "recording.json").write_text(json.dumps(about))
    frame = np.arange(N)
    clock = pa.table({"frame": frame, "time_s": frame * 1001 / 30000})
    if times == "parquet":
        pq.write_table(clock, folder / "time_s.parquet")
    else:
        pa.feather.write_feather(clock, folder / "time_s.arrow", compression="uncompressed")
    seen = np.concatenate([np.ones(N), (frame < 10) | (frame > 14), np.zeros(N)]).astype(bool)
    x = np.concatenate([90.0 + frame, np.full(N, 150.0), np.zeros(N)])

    def column(values):
        return pa.array(np.where(seen, values, np.nan).astype(np.float32), from_pandas=True)

    order = np.random.default_rng(8).permutation(3 * N)  # rows come in any order
    tracks = pa.table(
        {
            "frame": np.tile(frame, 3).astype(np.int32),
            "animal_id": np.repeat([1, 2, 3], N).astype(np.int16),
            "x_px": column(x), "y_px": column(50.0), "heading_deg": column(0.0),
            "length_px": column(40.0), "width_px": column(20.0), "area_px": column(600.0),
            "detected": seen, "identity_confidence": pa.nulls(3 * N, pa.float32()),
        }
    ).take(pa.array(order))  # fmt: skip
    pq.write_table(tracks, folder / "tracks.parquet")
    nose = pa.table(
        {
            "frame": pa.array(range(20), pa.int32()), "animal_id": pa.array([1] * 20, pa.int16()),
            "point": ["nose"] * 20, "x_px": pa.array(110.0 + frame[:20], pa.float32()),
            "y_px": pa.array([50.0] * 20, pa.float32()),
            "confidence": pa.array([0.9] * 20, pa.float32()),
        }
    )  # fmt: skip
    pq.write_table(nose, folder / "keypoints.parquet")
    if masks:
        pq.write_table(_masks(x, seen), folder / "masks.parquet")
    bouts = pa.table(
        {
            "behaviour": ["rearing", "rearing", "sniffing"], "subject": ["Ada", "Ada", "Bo"],
            "target": [None, None, "Ada"], "kind": ["state"] * 3,
            "start_frame": [2, 20, 5], "stop_frame": [4, 30, 8],
        }
    )  # fmt: skip
    pq.write_table(bouts, folder / "bouts.parquet")
    return folder


def _masks(x, seen):
    rows = np.flatnonzero(seen)
    code = encode(disc(10))
    return pa.table(
        {
            "frame": pa.array(rows % N, pa.int32()),
            "animal_id": pa.array(rows // N + 1, pa.int16()),
            "x0": pa.array(x[rows].astype(int) - 10, pa.int16()),
            "y0": pa.array([40] * len(rows), pa.int16()),
            "width": pa.array([21] * len(rows), pa.int16()),
            "height": pa.array([21] * len(rows), pa.int16()),
            "rle": pa.array([code] * len(rows), pa.binary()),
        }
    )


@pytest.mark.parametrize("times", ["parquet", "arrow"])
def test_a_snapshot_is_read_as_written(tmp_path, times):
    recording = Recording.load(write_snapshot(tmp_path / "s", times=times))
    assert recording.animals == ("Ada", "Bo", "Cy") and recording.points == ("centre", "nose")
    assert recording.fps == Fraction(30000, 1001) and recording.n_frames == N
    assert recording.time_s[29] == pytest.approx(29 * 1001 / 30000, abs=1e-12)
    assert recording.duration_s == pytest.approx(1.001, abs=1e-9)
    assert len(recording.edges_s) == N + 1 and recording.edges_s[-1] == pytest.approx(1.001)
    assert recording.unit == "px" and recording.position("Ada")[3].tolist() == [93, 50]
    assert [recording.tracked_fraction(a) for a in recording.animals] == [1, 25 / 30, 0]
    assert np.isnan(recording.position("Bo")[10:15]).all()
    assert recording.position("Ada", "nose")[0, 0] == 110
    assert np.isnan(recording.position("Ada", "nose")[20:]).all()
    assert recording.confidence("Ada", "nose")[0] == pytest.approx(0.9)
    assert np.isnan(recording.identity_confidence("Ada")).all()


def test_lengths_and_regions_are_in_cm_when_calibrated(tmp_path):
    recording = Recording.load(write_snapshot(tmp_path / "s", px_per_cm=10.0))
    assert recording.unit == "cm" and recording.position("Ada")[3].tolist() == pytest.approx(
        [9.3, 5]
    )
    assert recording.length("Ada")[0] == 4 and recording.body_width("Ada")[0] == 2
    assert recording.area("Ada")[0] == pytest.approx(6)
    assert speed(recording, "Ada") == pytest.approx(np.full(N, 3000 / 1001))
    assert recording.regions["left"].points.tolist() == [[0, 0], [10, 48]]
    assert in_region(recording, "Ada", "left").stop_frame.tolist() == [11]


def test_outlines_come_with_the_snapshot_when_it_has_them(tmp_path):
    recording = Recording.load(write_snapshot(tmp_path / "s"))
    gap = recording.mask_gap("Ada", "Bo")
    assert gap[[0, 9, 15, 29]].tolist() == [39, 30, 24, 10] and np.isnan(gap[10:15]).all()
    assert contact(recording, "Ada", "Bo", max_gap=24).start_frame.tolist() == [15]
    with pytest.raises(QueryError, match="no outlines of Cy"):
        recording.mask_gap("Ada", "Cy")
    bare = Recording.load(write_snapshot(tmp_path / "t", masks=False))
    with pytest.raises(QueryError, match="no outlines of Ada"):
        bare.mask_gap("Ada", "Bo")


def test_bouts_kept_in_the_study_are_at_hand(tmp_path):
    recording = Recording.load(write_snapshot(tmp_path / "s"))
    rearing = scored(recording, "rearing")
    assert rearing.start_frame.tolist() == [2, 20] and rearing.pairs == (("Ada", None),)
    assert rearing.total_s == pytest.approx(12 * 1001 / 30000)
    assert scored(recording, "sniffing").pairs == (("Bo", "Ada"),)
    assert scored(recording, "rearing", "Cy").by_subject()["count"].tolist() == [0]
    with pytest.raises(QueryError, match="kept: rearing, sniffing"):
        scored(recording, "grooming")


def test_a_broken_snapshot_says_what_is_missing(tmp_path):
    with pytest.raises(QueryError, match=r"recording\.json is missing"):
        Recording.load(tmp_path)
    folder = write_snapshot(tmp_path / "s")
    (folder / "time_s.parquet").unlink()
    with pytest.raises(QueryError, match="no frame times for 30 frames"):
        Recording.load(folder)


def test_what_a_study_writes_is_what_a_recording_reads(tmp_path):
    x = np.column_stack([np.linspace(0, 299, 300), np.full(300, 150.0), np.full(300, 200.0)])
    x[50:60, 2] = np.nan
    corner = storage.regions.Region("corner", "rectangle", "region", ((100, 0), (200, 200)))
    with open_study(tmp_path / "study", write=True, create=True) as study:
        video = add_tracked(
            study, tmp_path, x, np.full((300, 3), 100.0), fps=Fraction(30000, 1001),
            px_per_cm=10.0, masks=True, points=("nose",),
        )  # fmt: skip
        save_region(study, video.video_id, corner)
    with open_study(tmp_path / "study") as study:
        storage.snapshot.write_snapshot(study, video.video_id, tmp_path / "snapshot", True)
    recording = Recording.load(tmp_path / "snapshot")
    assert recording.unit == "cm" and recording.points == ("centre", "nose")
    visit = in_region(recording, "animal1", "corner")
    assert (visit.start_frame.tolist(), visit.stop_frame.tolist()) == ([100], [201])
    assert visit.start_s.tolist() == pytest.approx([100 * 1001 / 30000])
    assert recording.tracked_fraction("animal3") == pytest.approx(290 / 300)
    touching = contact(recording, "animal1", "animal2")  # boxes of 4 px, 2 px free at most
    assert (touching.start_frame.tolist(), touching.stop_frame.tolist()) == ([144], [157])
