"""What a person corrected is in every export, and every export says how much that is."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from storage_samples import add_tracked
from track_edit_scenes import NTSC

from app.results import exporting
from app.results.filters import Filters
from storage.edits import apply
from storage.readers.registry import read_poses
from storage.study import open_study

X = np.array([[10, 100], [20, np.nan], [30, 120], [40, 130]], float)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Imported poses of two animals; one is moved in frame 2, the other's gap in 1 is filled."""
    folder = tmp_path_factory.mktemp("edited")
    with open_study(folder / "s", create=True) as opened:
        add_tracked(opened, folder, X, X + 1, fps=NTSC, points=("nose", "tail"))
        opened.rows("UPDATE runs SET segmenter = 'import:dlc', made_by = 'Ada'")
        for kind, data in (
            ("tracks.move", {"animal": "animal1", "frame": 2, "x_px": 5, "y_px": 7}),
            ("tracks.interpolate", {"animal": "animal2", "start_frame": 0, "stop_frame": 4}),
            ("tracks.swap", {"a": 1, "b": 2, "start_frame": 0, "stop_frame": None}),
            ("undo", {"scope": "tracks"}),
            ("redo", {"scope": "tracks"}),
            ("undo", {"scope": "tracks"}),
        ):
            assert apply(opened, 1, kind, data, author="Ada").error is None
    return folder / "s"


def export(study: Path, kind: str, output: Path) -> exporting.Exported:
    return exporting.export_any(study, "tracks", kind, Filters(), output)


def test_places_set_by_hand_are_in_the_files_of_programs_that_know_body_points(study, tmp_path):
    with h5py.File(export(study, "sleap", tmp_path / "a.analysis.h5").files[0]) as file:
        names = [name.decode() for name in file["node_names"]]
        centre = file["tracks"][:, :, names.index("centre")]
        assert centre[0, :, 2].tolist() == [5, 7] and file["track_occupancy"][2, 0] == 1
        assert centre[1, :, 1].tolist() == [110, 111]
        assert np.isnan(file["tracks"][0, :, names.index("nose"), 2]).all()
        sure = file["point_scores"][1, names.index("centre")]  # 0: filled by a person, not seen
        assert sure[1] == 0 and np.isnan(sure[[0, 2, 3]]).all()
    with h5py.File(export(study, "movement", tmp_path / "a.nc").files[0]) as file:
        keypoints = [name.decode() for name in file["keypoint"]]
        assert file["position"][2, :, keypoints.index("centre"), 0].tolist() == [5, 7]
    rows = pd.read_parquet(export(study, "mabe", tmp_path / "a.parquet").files[0])
    moved = rows[(rows["video_frame"] == 2) & (rows["mouse_id"] == 1)]
    assert moved[["bodypart", "x", "y"]].values.tolist() == [["centre", 5, 7]]
    rows = pd.read_csv(export(study, "simba", tmp_path / "a.csv").files[0])
    assert rows.loc[2, ["centre_1_x", "centre_1_y", "centre_1_p"]].tolist() == [5, 7, 1]


def test_formats_of_boxes_say_which_places_have_none(study, tmp_path):
    for kind in ("mot", "coco"):
        notes = export(study, kind, tmp_path / f"a.{kind}").notes
        assert sum("2 places left out that a person set or filled" in one for one in notes) == 1


def test_the_dictionary_counts_corrections_that_stand_and_says_who_tracked(study, tmp_path):
    text = export(study, "csv", tmp_path / "a.csv").files[-1].read_text()
    (line,) = [one for one in text.splitlines() if "| import:dlc |" in one]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[5] == "Ada"
    assert cells[-1] == "2 (rows of tracks: 1 interpolated, 1 moved)"
    said = json.loads(export(study, "coco", tmp_path / "a.json").files[0].read_text())
    run = said["info"]["ethoscribe"][0]["run"]
    assert (run["corrections"], run["edited_rows"]) == (2, {"interpolated": 1, "moved": 1})


def test_a_gap_that_a_person_filled_is_a_gap_where_the_table_is_imported(study, tmp_path):
    for kind in ("csv", "parquet"):
        poses = read_poses(export(study, kind, tmp_path / f"a.{kind}").files[0])
        x = poses.whole["x_px"]
        assert x[:, 0].tolist() == [10, 20, 5, 40] and np.isnan(x[1, 1])
        assert x[[0, 2, 3], 1].tolist() == [100, 120, 130]
        assert any("which a person had filled: 1, left out" in note for note in poses.notes)
