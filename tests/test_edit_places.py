"""Edits of one animal: moved, its outline taken off, the animal itself taken off the video."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from storage_samples import add_tracked
from track_edit_scenes import FRAMES, edit, exported, make_study, places, redo, rows_of, undo

from storage.edits import next_steps
from storage.metadata import read_metadata, save_metadata
from storage.run_summary import over_time, per_animal
from storage.study import open_study
from storage.track_rows import raw_rows
from storage.tracks import read_keypoints, read_masks
from storage.writers.exports import summary_table, tracks_table

OF_ROW = "x_px, y_px, detected, identity_confidence, edited, heading_deg, area_px"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return make_study(tmp_path / "study")


def test_a_moved_animal_was_found_there_by_a_person_and_nothing_else_of_the_row_is_kept(
    study: Path,
) -> None:
    before = exported(study)
    edit(study, "tracks.move", animal="animal2", frame=105, x_px=120.5, y_px=88)
    edit(study, "tracks.move", animal="animal1", frame=5, x_px=1.25, y_px=2)
    with open_study(study) as opened:
        assert rows_of(opened, 2, OF_ROW)[105] == (120.5, 88, True, 1, "moved", None, None)
        assert rows_of(opened, 1, OF_ROW)[5] == (1.25, 2, True, 1, "moved", None, None)
        assert read_masks(opened, 1, 5, 6)["animal_id"].to_pylist() == [2, 3]
        assert set(read_keypoints(opened, 1, 5, 6)["animal_id"].to_pylist()) == {2, 3}
        table = tracks_table(opened).to_pandas()
        raw = raw_rows(opened, 1)["tracks"].to_pandas().query("animal_id == 1 and frame == 5")
    assert table.loc[table["edited"].notna(), ["frame", "animal"]].to_numpy().tolist() == [
        [5, "animal1"], [105, "animal2"]
    ]  # fmt: skip
    assert raw["x_px"].tolist() == [np.float32(places()[0][5, 0])]
    undo(study), undo(study)
    assert exported(study) == before


def test_a_place_outside_the_picture_is_refused(study: Path) -> None:
    for x, said in ((640, "not in the picture"), ("5", "a number"), (float("nan"), "a number")):
        if x == x:
            done = edit(study, "tracks.move", animal=1, frame=5, x_px=x, y_px=2)
            assert said in (done.error or "")


def test_a_gap_is_filled_from_where_a_person_moved_the_animal(study: Path) -> None:
    edit(study, "tracks.move", animal=2, frame=110, x_px=100, y_px=50)
    edit(study, "tracks.interpolate", animal=2, start_frame=100, stop_frame=121)
    with open_study(study) as opened:
        rows = rows_of(opened, 2, "x_px, detected, edited")
        ((share,),) = opened.rows("SELECT share_detected FROM runs")
    x = places()[0][:, 1]
    assert rows[109] == (np.float32(x[99] + 10 / 11 * (100 - x[99])), False, "interpolated")
    assert rows[110] == (100, True, "moved") and rows[111][1:] == (False, "interpolated")
    assert share == pytest.approx(1 - 20 / (3 * FRAMES))


def test_an_outline_is_taken_off_and_the_place_stays(study: Path) -> None:
    before = exported(study)
    edit(study, "tracks.unmask", animal="animal3", frame=7)
    with open_study(study) as opened:
        x, y, detected, *_, edited, heading, area = rows_of(opened, 3, OF_ROW)[7]
        assert read_masks(opened, 1, 7, 8)["animal_id"].to_pylist() == [1, 2]
    assert (x, y) == tuple(np.float32(column[7, 2]) for column in places())
    assert (detected, edited, heading, area) == (True, "cleared", None, None)
    again = edit(study, "tracks.unmask", animal="animal3", frame=7)
    assert "has no outline in frame 7" in (again.error or "")
    undo(study)
    assert exported(study) == before


def test_an_animal_is_taken_off_everywhere_and_comes_back_with_all_that_it_had(
    study: Path,
) -> None:
    with open_study(study, write=True) as opened:
        save_metadata(opened, pd.DataFrame({"video": ["clip"], "animal": ["animal3"], "sex": "f"}))
    before = exported(study)
    edit(study, "tracks.remove", animal="animal3")
    gone = exported(study)
    with open_study(study) as opened:
        assert set(tracks_table(opened).to_pandas()["animal"]) == {"animal1", "animal2"}
        assert summary_table(opened).to_pandas()["animal"].tolist() == ["animal1", "animal2"]
        assert opened.rows("SELECT share_detected FROM runs") == [(1 - 21 / (2 * FRAMES),)]
        assert read_metadata(opened).empty
        assert raw_rows(opened, 1)["tracks"].num_rows == 3 * FRAMES
        assert per_animal(opened, 1)["animal_id"].tolist() == [1, 2]
        assert over_time(opened, 1, 4)["found"].max() == 2
    assert "no animal 'animal3'" in (edit(study, "tracks.remove", animal="animal3").error or "")
    undo(study)
    assert exported(study) == before
    with open_study(study) as opened:
        assert read_metadata(opened)["animal"].tolist() == ["animal3"]
    redo(study)
    assert exported(study) == gone


def test_an_animal_that_a_person_scored_or_the_only_one_is_not_taken_off(tmp_path: Path) -> None:
    x, y = places(20)
    with open_study(tmp_path, write=True, create=True) as opened:
        add_tracked(opened, tmp_path, x[:, :1], y[:, :1], name="one")
    assert "the only animal" in (edit(tmp_path, "tracks.remove", animal=1).error or "")
    two = make_study(tmp_path / "two", 130)
    assert "1 bout that a person scored" in (edit(two, "tracks.remove", animal=2).error or "")


def test_the_sums_of_a_summary_are_counted_anew_after_an_edit(study: Path) -> None:
    with open_study(study) as opened:
        assert opened.rows("SELECT count(*) FROM animal_ways") == [(3,)]
        kept = summary_table(opened).to_pandas()
    edit(study, "tracks.swap", a=1, b=3, start_frame=0, stop_frame=None)
    with open_study(study) as opened:
        assert opened.rows("SELECT count(*) FROM animal_ways") == [(0,)]
        counted = summary_table(opened).to_pandas()
    numbers = ["tracked_fraction", "distance_moved", "mean_speed"]
    assert counted[numbers].to_numpy().tolist() == kept[numbers].to_numpy()[[2, 1, 0]].tolist()
    assert kept["distance_moved"].nunique() == 3


def test_an_undo_takes_back_the_last_edit_of_anybody_and_says_whose_it_was(study: Path) -> None:
    edit(study, "tracks.delete", author="Ben", animal=1, frame=3)
    with open_study(study) as opened:
        assert next_steps(opened, 1, "tracks", "Ada")["undo"]["by"] == "Ben"
        assert next_steps(opened, 1, "bouts", "Ada")["undo"] is None
    done = edit(study, "undo", author="Ada", scope="tracks")
    assert (done.result["words"], done.result["by"]) == ("delete 1, frame 3", "Ben")
    again = edit(study, "redo", author="Cleo", scope="tracks")
    assert again.result["by"] == "Ben"
