"""The exported tables have stable columns, true speeds, and are equal for equal data."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from storage_samples import add_tracked, run_of, track_shard

from storage.bouts import save_bouts
from storage.runs import ingest_run
from storage.study import Study, open_study
from storage.videos import frame_times
from storage.writers.exports import bouts_table, summary_table, tracks_table, write_table

NAN = np.nan
TRACKS = (
    "video,frame,time_s,animal,x_px,y_px,x_cm,y_cm,heading_deg,length_px,width_px,area_px,"
    "speed_cm_s,detected,identity_confidence,edited"
)
BOUTS = (
    "video,behaviour,subject,target,kind,start_frame,stop_frame,start_s,stop_s,duration_s,source,"
    "annotator,definition"
)


@pytest.fixture
def study(tmp_path: Path) -> Iterator[Study]:
    with open_study(tmp_path / "s", create=True) as opened:
        yield opened


def column(values: list[float]) -> np.ndarray:
    return np.array(values)[:, None]


def speeds(study: Study) -> list[float | None]:
    return tracks_table(study).to_arrow()["speed_cm_s"].to_pylist()


def test_the_tracks_file_is_exactly_this(study: Study, tmp_path: Path) -> None:
    x_px = np.array([[0.0, 10.5], [3.0, NAN], [6.0, 30.0]])
    add_tracked(study, tmp_path, x_px, x_px * 0 + 0.1, px_per_cm=10, fps=Fraction(25))
    file = write_table(tracks_table(study), tmp_path / "t.csv", "csv")
    assert file.read_text().splitlines() == [
        TRACKS,
        "clip,0,0.0,animal1,0.0,0.1,0.0,0.01,90.0,40.0,15.0,471.5,7.5,true,0.75,",
        "clip,0,0.0,animal2,10.5,0.1,1.05,0.01,90.0,40.0,15.0,471.5,,true,0.75,",
        "clip,1,0.04,animal1,3.0,0.1,0.3,0.01,90.0,40.0,15.0,471.5,7.5,true,0.75,",
        "clip,1,0.04,animal2,,,,,,,,,,false,,",
        "clip,2,0.08,animal1,6.0,0.1,0.6,0.01,90.0,40.0,15.0,471.5,7.5,true,0.75,",
        "clip,2,0.08,animal2,30.0,0.1,3.0,0.01,90.0,40.0,15.0,471.5,,true,0.75,",
    ]


def test_body_points_add_three_columns_each(study: Study, tmp_path: Path) -> None:
    x_px = np.array([[5.0], [NAN]])
    names = ("nose", 'left "ear"')
    add_tracked(study, tmp_path, x_px, x_px, name="a", points=names)
    add_tracked(study, tmp_path, x_px, x_px, name="b")
    frame = tracks_table(study).to_pandas()
    assert list(frame.columns) == TRACKS.split(",") + [
        f"{point}_{part}" for point in sorted(names) for part in ("x_px", "y_px", "confidence")
    ]
    assert (
        frame["nose_x_px"].tolist()[0] == 15
        and frame["nose_x_px"].isna().tolist()[1:] == [True] * 3
    )
    assert frame['left "ear"_x_px'].tolist()[0] == 25
    assert list(tracks_table(study, 2).columns) == TRACKS.split(",")


def test_speed_is_the_central_difference_over_the_true_times(study: Study, tmp_path: Path) -> None:
    time_s = np.array([0.0, 0.1, 0.4, 0.5])
    x_px, y_px = column([0.0, 3.0, 9.0, 12.0]), column([0.0, 4.0, 12.0, 16.0])
    add_tracked(study, tmp_path, x_px, y_px, time_s=time_s, px_per_cm=2)
    # 5 px in 0.1 s, 15 px in 0.4 s, 15 px in 0.4 s, 5 px in 0.1 s, at 2 px per cm
    assert speeds(study) == pytest.approx([25, 18.75, 18.75, 25])


def test_speed_never_reaches_across_a_gap(study: Study, tmp_path: Path) -> None:
    x_px = column([0.0, 1.0, 3.0, NAN, 100.0, NAN, 200.0, 202.0])
    add_tracked(study, tmp_path, x_px, x_px * 0, fps=Fraction(10), px_per_cm=1)
    # one-sided at the ends of a stretch; nothing for the frame alone between two gaps
    assert speeds(study) == [10, 15, 20, None, None, None, 20, 20]


def test_speed_agrees_with_numpy_on_a_long_track(study: Study, tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    x_px, y_px = rng.uniform(0, 600, (2, 5000, 2))
    x_px[rng.random((5000, 2)) < 0.2] = NAN
    y_px[np.isnan(x_px)] = NAN
    time_s = np.cumsum(rng.uniform(0.02, 0.06, 5000))
    video = add_tracked(study, tmp_path, x_px, y_px, time_s=time_s - time_s[0], px_per_cm=17.3)
    times = frame_times(study, video.video_id)
    place = np.stack([x_px, y_px]).astype(np.float32).astype(float)  # (2, frames, animals)
    back, on = [np.clip(np.arange(5000) + step, 0, 4999) for step in (-1, 1)]
    found = np.isfinite(place[0])
    wanted = np.full((5000, 2), NAN)
    for animal in range(2):
        seen = found[:, animal]
        first = np.where(seen[back], back, np.arange(5000))
        last = np.where(seen[on], on, np.arange(5000))
        moved = np.hypot(*(place[:, last, animal] - place[:, first, animal]))
        with np.errstate(invalid="ignore"):
            wanted[:, animal] = np.where(seen, moved / (times[last] - times[first]) / 17.3, NAN)
    got = np.array(speeds(study), float).reshape(5000, 2)
    assert np.array_equal(np.isnan(got), np.isnan(wanted))
    np.testing.assert_allclose(got, wanted, rtol=1e-6)


def test_without_a_scale_centimetres_are_empty(study: Study, tmp_path: Path) -> None:
    add_tracked(study, tmp_path, column([0.0, 1.0]), column([0.0, 0.0]))
    frame = tracks_table(study).to_pandas()
    assert frame[["x_cm", "y_cm", "speed_cm_s"]].isna().all(axis=None)
    assert frame["x_px"].tolist() == [0, 1]


def test_only_the_active_run_and_the_asked_video_are_exported(study: Study, tmp_path: Path) -> None:
    a = add_tracked(study, tmp_path, column([0.0, 1.0]), column([0.0, 0.0]), name="a")
    add_tracked(study, tmp_path, column([5.0, 6.0]), column([0.0, 0.0]), name="b")
    shard = track_shard(
        tmp_path / "t.parquet", column([8.0, 9.0]), column([0.0, 0.0]), frame_times(study, 1)
    )
    ingest_run(study, a.video_id, run_of("again", 1), [shard], [], [])
    assert tracks_table(study).to_arrow()["x_px"].to_pylist() == [8, 9, 5, 6]
    assert tracks_table(study, 2).to_arrow()["video"].to_pylist() == ["b", "b"]
    assert len(tracks_table(study, 1)) == 2


def test_bouts_are_exported_with_their_columns(study: Study, tmp_path: Path) -> None:
    add_tracked(study, tmp_path, column([0.0] * 3), column([0.0] * 3), fps=Fraction(4))
    assert write_table(bouts_table(study), tmp_path / "b.csv", "csv").read_text() == BOUTS + "\n"
    scored = pd.DataFrame({"subject": ["animal1"], "start_frame": [1], "stop_frame": [3]})
    save_bouts(study, 1, scored, behaviour="still, or not", definition='speed < "2" cm/s')
    save_bouts(study, 1, scored, behaviour="rearing", source="person", annotator="Zoë")
    file = write_table(bouts_table(study), tmp_path / "b.csv", "csv")
    assert file.read_text(encoding="utf-8").splitlines() == [
        BOUTS,
        "clip,rearing,animal1,,state,1,3,0.25,0.75,0.5,person,Zoë,",
        'clip,"still, or not",animal1,,state,1,3,0.25,0.75,0.5,analysis,,"speed < ""2"" cm/s"',
    ]
    assert len(bouts_table(study, behaviour="rearing")) == 1


def test_the_summary_says_how_far_and_how_much_was_tracked(study: Study, tmp_path: Path) -> None:
    x_px = np.array([[0.0, 7.0], [3.0, NAN], [9.0, NAN], [NAN, NAN], [50.0, NAN]])
    y_px = np.array([[0.0, 7.0], [4.0, NAN], [12.0, NAN], [NAN, NAN], [50.0, NAN]])
    add_tracked(study, tmp_path, x_px, y_px, name="a", fps=Fraction(10), px_per_cm=5)
    add_tracked(study, tmp_path, x_px, y_px, name="b", fps=Fraction(10))
    frame = summary_table(study).to_pandas()
    assert list(frame.columns) == [
        "video", "frames", "duration_s", "fps", "animal", "tracked_fraction", "distance_moved",
        "distance_unit", "mean_speed", "speed_unit",
    ]  # fmt: skip
    first, alone, uncalibrated = (frame.iloc[row] for row in (0, 1, 2))
    assert (first["frames"], first["duration_s"], first["fps"]) == (5, 0.5, 10)
    assert first["tracked_fraction"] == 0.8 and alone["tracked_fraction"] == 0.2
    assert (first["distance_moved"], first["distance_unit"]) == (3.0, "cm")  # 5 + 10 px
    assert first["mean_speed"] == pytest.approx(15.0) and first["speed_unit"] == "cm/s"
    assert alone["distance_moved"] == 0 and pd.isna(alone["mean_speed"])
    assert (uncalibrated["distance_moved"], uncalibrated["distance_unit"]) == (15.0, "px")
    assert uncalibrated["mean_speed"] == pytest.approx(75.0)
    assert uncalibrated["speed_unit"] == "px/s"


def test_equal_data_export_as_equal_files(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    x_px, y_px = rng.uniform(0, 600, (2, 40_000, 3))
    with open_study(tmp_path / "s", create=True) as study:
        add_tracked(study, tmp_path, x_px, y_px, points=("nose",), px_per_cm=9.7)
    for make in (tracks_table, summary_table):
        for ending in ("csv", "parquet"):
            files = []
            for attempt in range(2):
                with open_study(tmp_path / "s") as study:
                    file = tmp_path / f"{attempt}.{ending}"
                    files.append(write_table(make(study), file, ending).read_bytes())
            assert files[0] == files[1]
