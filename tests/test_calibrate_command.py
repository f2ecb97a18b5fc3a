"""`ethoscribe calibrate` as a person uses it: two minutes of scoring, settings, other videos."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from terminal import Ended, here

from storage.bouts import read_bouts
from storage.study import open_study

FPS = 30
STILL = [(90, 210), (400, 520), (700, 760), (900, 1080)]  # frames without any movement
BODY = {"nose": 40.0, "neck": 20.0, "tail_base": -40.0}  # px before the centre


def write_poses(file: Path, still: list[tuple[int, int]], n_frames: int = 1200) -> Path:
    """A mouse that walks 2 px per frame to and fro, but for the frames in `still`."""
    step = np.full(n_frames, 2.0)
    step[np.arange(n_frames) // 100 % 2 == 1] = -2.0
    for start, stop in still:
        step[start:stop] = 0
    x = 300 + np.cumsum(step)
    with file.open("w", newline="") as opened:
        rows = csv.writer(opened)
        rows.writerow(["scorer", *["net"] * 3 * len(BODY)])
        rows.writerow(["bodyparts", *[name for name in BODY for _ in range(3)]])
        rows.writerow(["coords", *["x", "y", "likelihood"] * len(BODY)])
        for i in range(n_frames):
            rows.writerow([i, *[v for before in BODY.values() for v in (x[i] + before, 200, 1)]])
    return file


def run(*arguments: object) -> Ended:
    ended = here(*arguments)
    assert ended.status == 0, ended.err
    return ended


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One scored video, another with a scale and one without."""
    folder = tmp_path_factory.mktemp("calibrate")
    made, bouts = folder / "study", folder / "bouts.csv"
    bouts.write_text("start_frame,stop_frame\n" + "".join(f"{a},{b}\n" for a, b in STILL))
    other = write_poses(folder / "other.csv", [(300, 450)])
    run("import", write_poses(folder / "scored.csv", STILL), "-s", made, "--fps", FPS,
        "--px-per-cm", 10)  # fmt: skip
    run("import", other, "-s", made, "--fps", FPS, "--px-per-cm", 10)
    run("import", write_poses(folder / "bare.csv", [(200, 300)]), "-s", made, "--fps", FPS)
    run("import", bouts, "-s", made, "--video", "scored", "--behaviour", "freezing",
        "--annotator", "Ann")  # fmt: skip
    return made


def test_settings_agree_with_the_person_and_are_kept_for_other_videos(study: Path) -> None:
    ended = run(
        "calibrate", "freezing", "-s", study, "--annotator", "Ann", "--save", "fz", "--json"
    )
    found = json.loads(ended.out)
    assert (found["video"], found["subject"], found["annotator"]) == ("scored", "animal1", "Ann")
    assert found["scored_bouts"] == len(STILL) and len(found["folds"]) == 4
    assert found["kappa"] > 0.95 and found["settings"]["unit"] == "cm/s"
    assert "speed_in(recording" in found["code"] and '"cm/s"' in found["code"]
    assert set(found["bouts"]) == {"scored", "other"} and found["bouts"]["scored"] == len(STILL)
    assert "no scale" in found["refused"]["bare"]
    again = run("run", "fz", "-s", study, "--video", "other", "--json")
    bouts = json.loads(again.out)["bouts"]
    assert [b["subject"] for b in bouts] == ["animal1"]
    assert abs(bouts[0]["start_frame"] - 300) <= 2 and abs(bouts[0]["stop_frame"] - 450) <= 2
    with open_study(study) as opened:
        kept = read_bouts(opened, behaviour="fz")
        person = read_bouts(opened, behaviour="freezing")
    assert set(kept["source"]) == {"analysis"} and len(person) == len(STILL)


def test_without_a_scale_settings_are_in_body_lengths(study: Path, tmp_path: Path) -> None:
    bouts = tmp_path / "bouts.csv"
    bouts.write_text("start_frame,stop_frame\n200,300\n")
    run("import", bouts, "-s", study, "--video", "bare", "--behaviour", "freezing",
        "--annotator", "Ben")  # fmt: skip
    found = json.loads(
        run("calibrate", "freezing", "-s", study, "--annotator", "Ben", "--to", 20, "--json").out
    )
    assert found["video"] == "bare" and found["settings"]["unit"] == "body_length/s"
    assert 0.01 < found["settings"]["max_speed"] < 0.5
    ended = here("calibrate", "freezing", "-s", study)
    assert ended.status == 1 and ended.says_one_clear_line()
    assert "by several annotators (Ann, Ben): say which with --annotator" in ended.err


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("rearing",), "`ethoscribe learn rearing`"),
        (("freezing", "--annotator", "Zoe"), "No freezing was scored by 'Zoe', only by Ann"),
        (("freezing", "--annotator", "Ann", "--video", "nil"), "nil"),
        (("freezing", "--annotator", "Ann", "--from", 9, "--to", 3), "Nothing lies between"),
        (("freezing", "--annotator", "Ann", "--from", 4, "--to", 6), "always freezing"),
    ],
)
def test_what_cannot_be_calibrated_is_one_line(study: Path, more: tuple, says: str) -> None:
    ended = here("calibrate", *more, "-s", study)
    assert ended.status == 1 and ended.out == "" and ended.says_one_clear_line()
    assert says in ended.err


def test_a_study_without_scored_freezing_says_how_to_bring_it_in(tmp_path: Path) -> None:
    poses = write_poses(tmp_path / "p.csv", STILL, 300)
    run("import", poses, "-s", tmp_path / "s", "--fps", FPS)
    ended = here("calibrate", "freezing", "-s", tmp_path / "s")
    assert ended.says_one_clear_line() and "--behaviour freezing --annotator WHO" in ended.err


def test_two_minutes_of_a_real_recording(shared_data: Path, tmp_path: Path) -> None:
    folder, made = shared_data / "behaviour" / "freezing", tmp_path / "study"
    run("import", folder / "demo1" / "demo1_tracking.csv", "-s", made, "--fps", 50,
        "--px-per-cm", 32, "--name", "demo1")  # fmt: skip
    run("import", folder / "bouts_demo1_human.csv", "-s", made, "--video", "demo1",
        "--behaviour", "freezing", "--annotator", "expert")  # fmt: skip
    ended = run("calibrate", "freezing", "-s", made, "--annotator", "expert", "--save", "fz")
    shown = {line.split()[0]: line.split()[1] for line in ended.out.splitlines() if " " in line}
    assert 0.3 < float(shown["max_speed"]) < 0.8
    assert float(shown["kappa"]) > 0.88 and float(shown["kappa_crossed"]) > 0.88
    assert "kappa_default" in shown and "bouts of fz" in ended.out
    bouts = json.loads(run("run", "fz", "-s", made, "--json").out)["bouts"]
    assert 10 <= len(bouts) <= 40
