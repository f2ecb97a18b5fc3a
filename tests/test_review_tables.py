"""What the Review page sends and shows: outlines, the state for the tool, tables, the commands."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from track_edit_scenes import edit, exported, make_study
from typer.testing import CliRunner, Result

from app.annotating.reviewing import (
    corrections_table,
    doubts_table,
    edit_log,
    fill_polygon,
    limits_from,
    measured,
    prepared,
    review_state,
)
from app.cli import app
from app.errors import AppError
from app.server.editing import Edit, apply_batch
from app.server.overlay import pack_overlay
from storage.study import open_study
from storage.tracks import read_keypoints, read_masks, read_tracks
from tracking.detections import SHAPE, shape_of
from tracking.identities.doubt import Limits
from tracking.masks import decode


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return make_study(tmp_path / "study")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_a_polygon_fills_the_pixels_whose_centres_are_inside() -> None:
    square = np.array([[1.5, 0.5], [4.5, 0.5], [4.5, 2.5], [1.5, 2.5]])
    wanted = np.zeros((4, 6), np.uint8)
    wanted[1:3, 2:5] = 1
    np.testing.assert_array_equal(fill_polygon(square, 6, 4), wanted)
    outside = square + np.array([3, 2])
    assert fill_polygon(outside, 6, 4).sum() == 1  # the rest is cut off at the edge


def test_random_polygons_agree_with_a_test_of_every_pixel() -> None:
    random = np.random.default_rng(3)
    for _ in range(20):
        corners = random.uniform(-5, 35, (7, 2))
        grid = np.zeros((24, 30), bool)
        for y in range(24):
            for x in range(30):
                for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, 0), strict=True):
                    if (ay > y) != (by > y) and x < ax + (y - ay) * (bx - ax) / (by - ay):
                        grid[y, x] = ~grid[y, x]
        np.testing.assert_array_equal(fill_polygon(corners, 30, 24).astype(bool), grid)


@pytest.mark.parametrize("near", [0.0, 30.0, -150.0, 180.0, None])
def test_an_outline_is_measured_as_tracking_does_and_keeps_its_head(near: float | None) -> None:
    mask = fill_polygon(np.array([[0, 12], [30, 2], [34, 9], [4, 20]]), 40, 24)
    found = measured(mask, 100, 50, near)
    shape = dict(zip(SHAPE, shape_of(mask, 100, 50), strict=True))
    for name, source in [("x_px", "x"), ("y_px", "y"), ("area_px", "area"),
                         ("length_px", "length"), ("width_px", "width")]:  # fmt: skip
        assert found[name] == shape[source]
    turned = abs((found["heading_deg"] - (near or 0) + 180) % 360 - 180)
    assert turned <= 90 or near is None
    assert -180 < found["heading_deg"] <= 180
    (nose, tail) = (np.array(found["points"][name][:2]) for name in ("nose", "tail_base"))
    ahead = np.radians(found["heading_deg"])
    assert (nose - tail) @ [np.cos(ahead), -np.sin(ahead)] > 0
    runs = base64.b64decode(found["rle"])
    np.testing.assert_array_equal(decode(runs, found["height"], found["width"]), mask)


def test_a_drawn_outline_goes_into_the_study_and_back_out(study: Path) -> None:
    before = exported(study)
    polygon = [[200, 100], [240, 104], [238, 120], [199, 116]]
    data = {"animal": "animal2", "frame": 110, "polygon": polygon}
    told = apply_batch(study, 1, "tab", [Edit(1, "tracks.mask", data)], "Ada")
    assert "error" not in told["results"][0]
    with open_study(study) as opened:
        (mask,) = (
            read_masks(opened, 1, 110, 111)
            .filter(read_masks(opened, 1, 110, 111)["animal_id"].to_numpy() == 2)
            .to_pylist()
        )
        (row,) = [r for r in read_tracks(opened, 1, 110, 111).to_pylist() if r["animal_id"] == 2]
    area = decode(mask["rle"], mask["height"], mask["width"]).sum()
    assert row["area_px"] == area == fill_polygon(np.array(polygon), 640, 480).sum()
    assert row["detected"] and row["identity_confidence"] == 1.0
    assert 0 < row["heading_deg"] <= 90 or -180 < row["heading_deg"] <= 180
    assert apply_batch(study, 1, "tab", [Edit(1, "tracks.mask", data)], "Ada") == told
    apply_batch(study, 1, "tab", [Edit(2, "undo", {"scope": "tracks"})], "Ada")
    assert exported(study) == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"polygon": [[1, 1], [2, 2]]}, "3 corners"),
        ({"polygon": [[1, 1], [2, 2], [3, "x"]]}, "3 corners"),
        ({"polygon": [[1, 1], [2, 2], [3, True]]}, "3 corners"),
        ({"polygon": [[1e9, 1], [2, 2], [3, 3]]}, "3 corners"),
        ({"polygon": [[700, 1], [720, 2], [710, 30]]}, "smaller than a pixel"),
        ({"polygon": "lots"}, "3 corners"),
        ({"frame": 5000}, "from 0 to 239"),
        ({"frame": "7"}, "from 0 to 239"),
        ({"animal": "nobody"}, "no animal"),
    ],
)
def test_an_outline_that_cannot_be_is_refused_in_one_line(
    study: Path, change: dict, said: str
) -> None:
    good = {"animal": 1, "frame": 3, "polygon": [[10, 10], [40, 10], [30, 30]]}
    told = apply_batch(study, 1, "tab", [Edit(1, "tracks.mask", {**good, **change})], "Ada")
    assert said in told["results"][0]["error"] and "\n" not in told["results"][0]["error"]


def test_numbers_that_a_browser_sends_with_an_outline_are_not_believed(study: Path) -> None:
    data = {"animal": 1, "frame": 3, "polygon": [[10, 10], [40, 10], [30, 30]], "x_px": 5e5}
    with open_study(study) as opened:
        assert prepared(opened, 1, "tracks.mask", data)["x_px"] < 40
        assert prepared(opened, 1, "tracks.swap", {"a": 1}) == {"a": 1}


def test_the_tool_is_told_what_is_doubtful_and_what_can_be_taken_back(study: Path) -> None:
    state = review_state(study, 1, Limits(jump_std=1000))
    assert [one["kind"] for one in state["doubts"]] == ["missing"]
    assert (state["run"], state["undo"], state["redo"]) == ("run-clip", None, None)
    done = edit(study, "tracks.swap", a="animal1", b="animal2", start_frame=7, stop_frame=None)
    state = review_state(study, 1, Limits(jump_std=1000))
    assert state["undo"] == "swap animal1 and animal2, from frame 7 to the end (Ada)"
    assert state["run"] == f"run-clip.{done.edit_id}"
    json.dumps(state, allow_nan=False)


def test_limits_come_from_an_address() -> None:
    assert limits_from({"jump_std": "6", "min_missing": "2"}) == Limits(6.0, min_missing=2)
    with pytest.raises(AppError, match="is a number"):
        limits_from({"jump_std": "many"})


def test_filled_positions_travel_apart_from_found_ones(study: Path) -> None:
    edit(study, "tracks.interpolate", animal="animal2", start_frame=100, stop_frame=121)
    with open_study(study) as opened:
        tables = [read(opened, 1, 90, 130) for read in (read_tracks, read_masks, read_keypoints)]
    packed = pack_overlay(*tables)
    header = json.loads(packed[4 : 4 + int.from_bytes(packed[:4], "little")])
    counts = {name: count for name, _, count in header["columns"]}
    assert (counts["fill_frame"], counts["track_frame"]) == (21, 3 * 40 - 21)


def test_the_log_says_who_did_what_and_what_was_taken_back(study: Path) -> None:
    edit(study, "tracks.swap", a=1, b=2, start_frame=7, stop_frame=9, author="Grace")
    edit(study, "undo", scope="tracks")
    edit(study, "tracks.delete", animal="nobody", start_frame=1, stop_frame=2)
    table = corrections_table(study, 1)
    assert table["Who"].tolist() == ["Ada", "Ada", "Grace"]
    assert table["State"].tolist() == ["refused", "", "taken back"]
    words = "swap 1 and 2, frames 7 to 8"
    assert table["What"].tolist()[1:] == [f"undo: {words}", words]
    assert len(edit_log(study, "clip")) == 3
    assert doubts_table(study, "clip", Limits())["animals"].map(type).eq(str).all()


def test_the_command_line_does_what_the_page_does(study: Path) -> None:
    before = exported(study)
    here = ("-s", str(study), "--video", "clip", "--author", "Ada")
    done = run("edits", "swap", "animal1", "animal2", "--from", "60", "--to", "140", *here)
    assert done.exit_code == 0 and "clip: swap animal1 and animal2, frames 60 to 139" in done.stderr
    assert "2 bouts computed" in done.stderr
    swapped = exported(study)
    assert run("edits", "undo", *here).exit_code == 0
    assert exported(study) == before
    assert run("edits", "redo", *here).exit_code == 0
    assert exported(study) == swapped
    assert run("edits", "interpolate", "animal1", *here).exit_code == 0
    assert run("edits", "delete", "3", "--from", "5", "--to", "9", *here).exit_code == 0
    assert run("edits", "rename", "animal3", "Mickey", *here).exit_code == 0
    log = run("edits", "log", "-s", str(study)).stdout.splitlines()
    assert len(log) == 7 and log[-1].split(",")[3] == "Ada"
    found = run("edits", "doubts", "-s", str(study), "--kind", "missing", "--json")
    assert [(one["frame"], one["animals"]) for one in json.loads(found.stdout)] == [(5, "Mickey")]
    wrong = run("edits", "swap", "animal1", "nobody", "--from", "3", *here)
    assert wrong.exit_code == 1 and "no animal 'nobody'" in wrong.stderr
