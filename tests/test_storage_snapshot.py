"""A snapshot holds one video's active data, read-only, and is quick."""

import json
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from storage_samples import Info, add_tracked

from storage.bouts import COLUMNS, save_bouts
from storage.regions import Region, save_region
from storage.snapshot import write_snapshot
from storage.study import StudyError, open_study
from storage.videos import add_video, rename_animal

X = np.array([[1.0, 10.0], [2.0, np.nan], [3.0, 30.0]])


def test_a_snapshot_holds_what_an_analysis_may_see_of_one_video(tmp_path: Path) -> None:
    folder = tmp_path / "snap 'ü' [1]"
    with open_study(tmp_path / "s", create=True) as study:
        add_tracked(study, tmp_path, X * 2, X, name="other", points=("tail_base",))
        fps = Fraction(30000, 1001)
        video = add_tracked(
            study, tmp_path, X, X + 5, name="mine", fps=fps, px_per_cm=8, points=("nose",),
            masks=True,
        )  # fmt: skip
        rename_animal(study, video.video_id, 2, "resident")
        save_region(study, 2, Region("nest", "circle", "object", ((10.0, 20.0), (15.0, 20.0))))
        scored = pd.DataFrame({"subject": ["resident"], "start_frame": [1], "stop_frame": [3]})
        for number in (1, 2):
            save_bouts(study, number, scored, behaviour="rearing", source="person", annotator="k")
        assert write_snapshot(study, 2, folder, needs_masks=True) == folder
    assert json.loads((folder / "recording.json").read_text()) == {
        "video": "mine", "fps_num": 30000, "fps_den": 1001, "n_frames": 3,
        "duration_s": 3 / (30000 / 1001), "width": 640, "height": 480, "px_per_cm": 8.0,
        "variable_rate": False, "share_detected": 5 / 6,
        "animals": [{"animal_id": 1, "name": "animal1"}, {"animal_id": 2, "name": "resident"}],
        "points": ["nose"],
        "regions": [
            {"name": "nest", "kind": "circle", "role": "object", "points": [[10, 20], [15, 20]]}
        ],
    }  # fmt: skip
    times = pq.read_table(folder / "time_s.parquet")
    assert times["time_s"].to_pylist() == [frame / (30000 / 1001) for frame in range(3)]
    tracks = pq.read_table(folder / "tracks.parquet")
    assert tracks["animal"].to_pylist() == ["animal1"] * 3 + ["resident"] * 3
    assert tracks["frame"].to_pylist() == [0, 1, 2] * 2
    assert tracks["x_px"].to_pylist() == [1, 2, 3, 10, None, 30]
    points = pq.read_table(folder / "keypoints.parquet")
    assert points["x_px"].to_pylist() == [11, 12, 13, 20, 40]
    masks = pq.read_table(folder / "masks.parquet")
    assert masks["frame"].to_pylist() == [0, 1, 2, 0, 2] and masks["width"].to_pylist() == [4] * 5
    bouts = pq.read_table(folder / "bouts.parquet")
    assert tuple(bouts.column_names) == COLUMNS
    assert bouts.select(["video", "subject", "start_frame"]).to_pylist() == [
        {"video": "mine", "subject": "resident", "start_frame": 1}
    ]


def test_the_files_are_read_only_and_a_new_snapshot_replaces_them(tmp_path: Path) -> None:
    folder = tmp_path / "snap"
    with open_study(tmp_path / "s", create=True) as study:
        add_tracked(study, tmp_path, X, X, masks=True)
        write_snapshot(study, 1, folder, needs_masks=True)
        assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o444}
        rename_animal(study, 1, 1, "resident")
        write_snapshot(study, 1, folder, needs_masks=False)
    assert sorted(file.name for file in folder.iterdir()) == [
        "bouts.parquet", "keypoints.parquet", "recording.json", "time_s.parquet", "tracks.parquet",
    ]  # fmt: skip
    assert pq.read_table(folder / "tracks.parquet")["animal"][0].as_py() == "resident"
    assert pq.read_table(folder / "keypoints.parquet").num_rows == 0
    assert pq.read_table(folder / "bouts.parquet").num_rows == 0


def test_a_video_that_is_not_tracked_has_no_snapshot(tmp_path: Path) -> None:
    with open_study(tmp_path / "s", create=True) as study:
        add_video(study, Info(tmp_path / "new.mp4"))
        with pytest.raises(StudyError, match="'new' is not tracked yet: track it first"):
            write_snapshot(study, 1, tmp_path / "snap", needs_masks=False)
    assert not (tmp_path / "snap").exists()


def test_an_hour_of_five_animals_is_written_in_a_moment(tmp_path: Path) -> None:
    x_px = np.random.default_rng(2).uniform(0, 600, (100_000, 5))
    with open_study(tmp_path / "s", create=True) as study:
        add_tracked(study, tmp_path, x_px, x_px, points=("nose",))
    began = time.process_time()
    with open_study(tmp_path / "s") as study:
        write_snapshot(study, 1, tmp_path / "snap", needs_masks=False)
    assert time.process_time() - began < 3  # CPU seconds, so that a busy machine passes; 0.5
