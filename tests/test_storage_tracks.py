"""Tracks come back with the animals' names, whole or a stretch of frames."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from storage_samples import add_tracked

from storage.study import Study, open_study
from storage.tracks import read_keypoints, read_masks, read_points, read_tracks
from storage.videos import rename_animal

X = np.array([[1.0, 10.0], [2.0, np.nan], [3.0, 30.0], [4.0, 40.0]])


@pytest.fixture
def study(tmp_path: Path) -> Iterator[Study]:
    with open_study(tmp_path / "s", create=True) as opened:
        add_tracked(opened, tmp_path, X, X + 5, points=("tail_base", "nose"), masks=True)
        add_tracked(opened, tmp_path, X * 2, X, name="other")
        rename_animal(opened, 1, 2, "resident")
        yield opened


def test_every_frame_of_every_animal_is_there_in_order(study: Study) -> None:
    table = read_tracks(study, 1)
    assert table.column_names == [
        "frame", "time_s", "animal_id", "x_px", "y_px", "heading_deg", "length_px", "width_px",
        "area_px", "detected", "identity_confidence", "name",
    ]  # fmt: skip
    assert table["frame"].to_pylist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert table["name"].to_pylist() == ["animal1", "resident"] * 4
    assert table["x_px"].to_pylist() == [1, 10, 2, None, 3, 30, 4, 40]
    assert table["detected"].to_pylist() == [True] * 3 + [False] + [True] * 4
    assert table.schema.field("x_px").type == pa.float32()
    assert table.schema.field("time_s").type == pa.float64()


def test_a_stretch_of_frames_excludes_its_end(study: Study) -> None:
    assert read_tracks(study, 1, 1, 3)["frame"].to_pylist() == [1, 1, 2, 2]
    assert read_tracks(study, 1, first=3)["x_px"].to_pylist() == [4, 40]
    assert read_masks(study, 1, last=1)["frame"].to_pylist() == [0, 0]
    assert read_keypoints(study, 1, 2, 2).num_rows == 0
    assert read_tracks(study, 1, 90, 95).num_rows == 0


def test_outlines_come_back_byte_for_byte(study: Study) -> None:
    masks = read_masks(study, 1)
    assert masks.num_rows == 7
    assert masks["rle"].to_pylist() == [b"\x00\x00\x0c\x00"] * 7
    assert masks["x0"].to_pylist() == [1, 10, 2, 3, 30, 4, 40]
    assert masks["name"].to_pylist()[:2] == ["animal1", "resident"]


def test_body_points_come_back_by_name(study: Study) -> None:
    first = read_keypoints(study, 1, 0, 1).select(["animal_id", "point", "x_px"]).to_pylist()
    assert [tuple(row.values()) for row in first] == [
        (1, "nose", 21), (1, "tail_base", 11), (2, "nose", 30), (2, "tail_base", 20),
    ]  # fmt: skip
    assert read_points(study, 1) == read_points(study) == ["nose", "tail_base"]
    assert read_points(study, 2) == []


def test_a_video_that_is_not_tracked_has_no_rows(study: Study) -> None:
    assert read_tracks(study, 7).num_rows == 0
