"""Corrected identities: what each edit does to the rows, and that undo is exact to the bit."""

import base64
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from storage_samples import add_tracked, run_of, track_shard
from track_edit_scenes import (
    FRAMES,
    NTSC,
    edit,
    exported,
    make_study,
    places,
    redo,
    rows_of,
    undo,
)

from llm_query.export_measures import measures_of_study
from llm_query.recording import Recording
from storage.bouts import read_bouts
from storage.doubts import ticks
from storage.edit_tracks import standing_corrections, tracks_version
from storage.edits import can_redo, can_undo, log
from storage.metadata import read_metadata, save_metadata
from storage.runs import ingest_run
from storage.snapshot import write_snapshot
from storage.study import open_study
from storage.tracks import read_keypoints, read_masks


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return make_study(tmp_path / "study")


def outline(frame: int, animal: str = "animal1", **other: object) -> dict[str, object]:
    """A box of 6 x 4 px, with the numbers that come with a drawn outline."""
    numbers = {"x_px": 52.5, "y_px": 61.5, "heading_deg": 12.5, "length_px": 6.9, "width_px": 4.6,
               "area_px": 24.0}  # fmt: skip
    return {
        "animal": animal, "frame": frame, "x0": 50, "y0": 60, "width": 6, "height": 4,
        "rle": base64.b64encode(np.array([0, 24], "<u2").tobytes()).decode(), **numbers,
        "points": {"nose": [55.0, 61.0, 0.3], "tail_base": [50.0, 61.0, 0.3]}, **other,
    }  # fmt: skip


def test_a_swap_exchanges_positions_outlines_and_points_in_its_frames_only(study: Path) -> None:
    x, _ = places()
    edit(study, "tracks.swap", a="animal1", b=2, start_frame=60, stop_frame=140)
    with open_study(study) as opened:
        first = np.array(rows_of(opened, 1, "x_px"), float)[:, 0]
        second = np.array(rows_of(opened, 2, "x_px"), float)[:, 0]
        masks = read_masks(opened, 1).to_pandas()
        points = read_keypoints(opened, 1).to_pandas()
    wanted = np.where((np.arange(FRAMES) >= 60) & (np.arange(FRAMES) < 140), x[:, 1], x[:, 0])
    np.testing.assert_array_equal(first, wanted.astype(np.float32))
    assert np.isnan(first[100:121]).all() and np.isnan(second[:60]).sum() == 0
    here = masks[(masks["animal_id"] == 1) & (masks["frame"] == 70)]
    assert here["x0"].tolist() == [int(x[70, 1])]
    nose = points.query("animal_id == 2 and frame == 70 and point == 'nose'")["x_px"].tolist()
    assert nose == [np.float32(x[70, 0] + 10)]


def test_a_swap_to_the_end_equals_tracks_that_were_built_swapped(
    study: Path, tmp_path: Path
) -> None:
    x, y = places()
    for column in (x, y):
        column[90:, [0, 2]] = column[90:, [2, 0]]
    built = tmp_path / "built"
    with open_study(built, write=True, create=True) as opened:
        add_tracked(opened, study, x, y, fps=NTSC, points=("nose", "tail_base"), masks=True,
                    px_per_cm=8.0)  # fmt: skip
    edit(study, "tracks.swap", a="animal1", b="animal3", start_frame=90, stop_frame=None)
    swapped, wanted = exported(study), exported(built)
    for name in ("tracks", "summary", "masks", "share"):
        assert swapped[name] == wanted[name], name
    pd.testing.assert_frame_equal(measures_of_study(study), measures_of_study(built))


def test_a_deleted_animal_is_not_found_and_the_share_says_so(study: Path) -> None:
    edit(study, "tracks.delete", animal="animal3", start_frame=0, stop_frame=60)
    with open_study(study) as opened:
        gone = rows_of(opened, 3, "x_px, y_px, heading_deg, area_px, identity_confidence, detected")
        ((share,),) = opened.rows("SELECT share_detected FROM runs")
        masks = opened.rows("SELECT count(*) FROM masks WHERE animal_id = 3 AND frame < 60")
        points = opened.rows("SELECT count(*) FROM keypoints WHERE animal_id = 3 AND frame < 60")
    assert set(gone[:60]) == {(None,) * 5 + (False,)} and gone[60][-1] is True
    assert share == pytest.approx(1 - (21 + 60) / (3 * FRAMES))
    assert masks == points == [(0,)]


def test_interpolation_is_a_line_in_true_time_and_stays_not_detected(tmp_path: Path) -> None:
    x, y = np.full((6, 1), np.nan), np.full((6, 1), np.nan)
    x[[1, 5], 0], y[[1, 5], 0] = (100, 180), (50, 50)
    time_s = np.array([0.0, 0.1, 0.2, 0.5, 0.6, 0.9])
    with open_study(tmp_path, write=True, create=True) as opened:
        add_tracked(opened, tmp_path, x, y, time_s=time_s)
    done = edit(tmp_path, "tracks.interpolate", animal=1, start_frame=0, stop_frame=None)
    assert done.result["frames"] == 3
    with open_study(tmp_path) as opened:
        rows = rows_of(opened, 1, "x_px, detected")
        share = opened.rows("SELECT share_detected FROM runs")
    assert rows == [
        (None, False), (100, True), (110, False), (140, False), (150, False), (180, True)
    ]  # fmt: skip
    assert share == [(2 / 6,)]
    again = edit(tmp_path, "tracks.interpolate", animal=1, start_frame=0, stop_frame=None)
    assert "no gap between two detections" in (again.error or "")


def test_interpolated_frames_do_not_reach_measures(study: Path, tmp_path: Path) -> None:
    edit(study, "tracks.interpolate", animal="animal2", start_frame=0, stop_frame=None)
    with open_study(study) as opened:
        write_snapshot(opened, 1, tmp_path / "snapshot", needs_masks=False)
        kept = read_bouts(opened, 1)
    recording = Recording.load(tmp_path / "snapshot")
    assert recording.tracked_fraction("animal2") == pytest.approx(1 - 21 / FRAMES)
    assert "analysis" in set(kept["source"])  # nothing that was computed has changed


def test_a_corrected_outline_replaces_every_number_of_one_frame(study: Path) -> None:
    edit(study, "tracks.mask", **outline(105, "animal2"))
    with open_study(study) as opened:
        row = rows_of(opened, 2, "x_px, y_px, area_px, detected, identity_confidence")[105]
        mask = read_masks(opened, 1, 105, 106).to_pandas().query("animal_id == 2")
        points = read_keypoints(opened, 1, 105, 106).to_pandas().query("animal_id == 2")
    assert row == (52.5, 61.5, 24.0, True, 1.0)
    assert mask[["x0", "y0", "width", "height"]].to_numpy().tolist() == [[50, 60, 6, 4]]
    assert points["x_px"].tolist() == [55.0, 50.0]


def test_a_swap_takes_computed_bouts_off_and_undo_brings_them_back(study: Path) -> None:
    before = exported(study)
    done = edit(study, "tracks.swap", a=1, b=2, start_frame=5, stop_frame=None)
    assert done.result == {"frames": FRAMES - 5, "bouts_taken_off": 2}
    with open_study(study) as opened:
        assert set(read_bouts(opened, 1)["source"]) == {"person"}
        assert can_undo(opened, 1, "tracks") == "swap 1 and 2, from frame 5 to the end"
    after = exported(study)
    undo(study)
    assert exported(study) == before
    redo(study)
    assert exported(study) == after


def test_a_renamed_animal_takes_its_bouts_and_facts_along_and_back(study: Path) -> None:
    with open_study(study, write=True) as opened:
        save_metadata(opened, pd.DataFrame({"video": ["clip"], "animal": ["animal1"], "sex": "f"}))
        opened.rows("UPDATE bouts SET subject = 'Mickey' WHERE subject = 'animal2'")
    before = exported(study)
    edit(study, "tracks.rename", animal="animal1", name="Mickey")
    with open_study(study) as opened:
        assert set(read_bouts(opened, 1)["subject"]) == {"Mickey"}
        assert read_metadata(opened)["animal"].tolist() == ["Mickey"]
    undo(study)
    assert exported(study) == before
    with open_study(study) as opened:
        assert read_metadata(opened)["animal"].tolist() == ["animal1"]
    taken = edit(study, "tracks.rename", animal="animal1", name="animal2")
    assert "taken" in (taken.error or "")


REFUSED = [
    ("tracks.swap", {"a": 1, "b": 1, "start_frame": 0, "stop_frame": 9}, "two different"),
    ("tracks.swap", {"a": 1, "b": "bob", "start_frame": 0, "stop_frame": 9}, "no animal 'bob'"),
    ("tracks.swap", {"a": 1, "b": 2, "start_frame": 9, "stop_frame": 9}, "start is before"),
    ("tracks.swap", {"a": 1, "b": 2, "start_frame": 0, "stop_frame": FRAMES + 1}, "has 240"),
    ("tracks.swap", {"a": 1, "b": 2, "start_frame": True, "stop_frame": 9}, "whole number"),
    ("tracks.swap", {"a": 1, "b": 2, "start_frame": 1.5, "stop_frame": 9}, "whole number"),
    ("tracks.swap", {"a": 1, "b": [2], "start_frame": 0, "stop_frame": 9}, "no animal"),
    ("tracks.swap", {}, "no animal 'None'"),
    ("tracks.delete", {"animal": 2, "start_frame": 100, "stop_frame": 121}, "nothing to delete"),
    ("tracks.interpolate", {"animal": 1, "start_frame": 0, "stop_frame": 50}, "no gap"),
    ("tracks.rename", {"animal": 1, "name": " "}, "one line"),
    ("tracks.rename", {"animal": 1, "name": "two\nlines"}, "one line"),
    ("tracks.rename", {"animal": 1, "name": None}, "one line"),
    ("tracks.mask", {"animal": 1, "frame": 3}, "draw it again"),
    ("tracks.mask", outline(3, rle="AAAA"), "draw it again"),
    ("tracks.mask", outline(3, x0=638), "leaves the picture"),
    ("tracks.mask", outline(3, x_px=True), "draw it again"),
    ("tracks.checked", {"key": 5, "done": True}, "a key"),
    ("tracks.restore", {}, "no edit"),
]


@pytest.mark.parametrize(("kind", "data", "said"), REFUSED)
def test_what_cannot_be_done_is_refused_in_one_line(
    study: Path, kind: str, data: dict, said: str
) -> None:
    before = exported(study)
    done = edit(study, kind, **data)
    assert said in (done.error or "") and "\n" not in (done.error or "")
    assert exported(study) == before


def some_edit(pick: random.Random) -> tuple[str, dict]:
    """An edit of any kind at random frames."""
    start = pick.randrange(FRAMES - 1)
    stop = pick.choice([None, pick.randrange(start + 1, FRAMES + 1)])
    one, other = pick.sample([1, 2, 3], 2)
    span = {"start_frame": start, "stop_frame": stop}
    return pick.choice(
        [
            ("tracks.swap", {"a": one, "b": other, **span}),
            ("tracks.delete", {"animal": one, "start_frame": start, "stop_frame": start + 1}),
            ("tracks.delete", {"animal": one, **span}),
            ("tracks.interpolate", {"animal": one, **span}),
            ("tracks.rename", {"animal": one, "name": f"name{pick.randrange(5)}"}),
            ("tracks.mask", outline(start, one)),  # type: ignore[arg-type]
        ]
    )


@pytest.mark.parametrize("seed", range(2))
def test_undo_of_everything_gives_the_same_bytes_and_redo_the_end(study: Path, seed: int) -> None:
    pick = random.Random(seed)
    states = [exported(study)]
    while len(states) < 5:
        kind, data = some_edit(pick)
        if edit(study, kind, **data).error is None:
            states.append(exported(study))
    for state in reversed(states[:-1]):
        assert undo(study).error is None
        assert exported(study) == state
    assert "nothing to undo" in (undo(study).error or "")
    for state in states[1:]:
        assert redo(study).error is None
        assert exported(study) == state
    for _ in states[1:]:  # and back once more, through what redo had kept
        undo(study)
    assert exported(study) == states[0]


def test_edits_of_tracks_that_were_computed_anew_are_past(study: Path) -> None:
    edit(study, "tracks.swap", a=1, b=2, start_frame=0, stop_frame=None)
    edit(study, "tracks.checked", key="jump:1:2:3:4", done=True)
    x, y = places()
    with open_study(study, write=True) as opened:
        old = tracks_version(opened, 1)
        assert set(ticks(opened, 1)) == {"jump:1:2:3:4"}
        assert standing_corrections(opened, 1) == 1
        shard = track_shard(study / "new" / "t.parquet", x, y, np.arange(FRAMES) / float(NTSC))
        ingest_run(opened, 1, run_of("run-new", 3), [shard], [], [])
        assert tracks_version(opened, 1) == "run-new" != old
        assert ticks(opened, 1) == {}
        assert can_undo(opened, 1, "tracks") is None
        assert standing_corrections(opened, 1) == 0
    before = exported(study)
    assert "nothing to undo" in (undo(study).error or "")
    assert exported(study) == before
    with open_study(study) as opened:
        assert len(log(opened, 1)) == 3  # what was done stays written down


def test_tracks_imported_as_poses_have_no_outline_to_correct(tmp_path: Path) -> None:
    x, y = places()
    with open_study(tmp_path, write=True, create=True) as opened:
        add_tracked(opened, tmp_path, x, y, points=("nose",))
    assert "no outlines" in (edit(tmp_path, "tracks.mask", **outline(3)).error or "")


SWAP = """
import os, sys
from storage import edit_tracks, track_rows
from storage.edits import apply
from storage.study import open_study
exchange = track_rows.exchange
def slowly(study, place):
    exchange(study, place)
    print("swapped", flush=True)
    sys.stdin.read()
edit_tracks.exchange = slowly
with open_study(sys.argv[1], write=True) as study:
    apply(study, 1, "tracks.swap", dict(a=1, b=2, start_frame=0, stop_frame=None), author="Ada")
"""


def test_a_swap_that_is_killed_in_the_middle_leaves_the_study_as_before(study: Path) -> None:
    before = exported(study)
    child = subprocess.Popen(
        [sys.executable, "-c", SWAP, str(study)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout and child.stdout.readline() == b"swapped\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert exported(study) == before
    with open_study(study) as opened:
        assert log(opened, 1).empty and can_redo(opened, 1, "tracks") is None


@pytest.mark.slow
def test_a_swap_over_two_hours_takes_less_than_a_second_of_work(tmp_path: Path) -> None:
    study = make_study(tmp_path / "long", frames=200_000)
    started = time.process_time()
    edit(study, "tracks.swap", a=1, b=2, start_frame=0, stop_frame=None)
    took_s = time.process_time() - started
    with open_study(study) as opened:
        assert len(rows_of(opened, 1, "x_px")) == 200_000
    assert took_s < 1.0
