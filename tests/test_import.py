"""`ethoscribe import` as a person uses it: real pose files, scored bouts, questions about them."""

import csv
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest
from terminal import here

from app import workplace
from app.importing.pose_file import parse_fps
from app.server.routes import data_routes
from app.workplace import Workplace
from storage.bouts import read_bouts, watched_videos
from storage.runs import active_run
from storage.study import open_study
from storage.tracks import read_keypoints, read_tracks
from storage.videos import find_video, frame_times, rename_animal, videos

SHELL = Path(workplace.__file__).parent / "views" / "shell.py"
DEMO = "behaviour/freezing/demo1/demo1_tracking.csv"
HUMAN = "behaviour/freezing/bouts_demo1_human.csv"


def imported(*arguments: object) -> str:
    """Run `ethoscribe import` well, and return what it says."""
    ended = here("import", *arguments)
    assert ended.status == 0, ended.err
    return ended.err


def refused(*arguments: object) -> str:
    """Run `ethoscribe import` badly, and return its one line."""
    ended = here("import", *arguments)
    assert ended.status == 1
    assert ended.says_one_clear_line(), ended.err
    return ended.err


@pytest.fixture(scope="module")
def freezing(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of one mouse, imported without a video, with its human bouts."""
    study = tmp_path_factory.mktemp("freezing") / "study"
    imported(shared_data / DEMO, "-s", study, "--fps", "50", "--px-per-cm", "32")
    scored = ("--behaviour", "freezing", "--subject", "animal1", "--annotator", "lab")
    imported(shared_data / HUMAN, "-s", study, "--video", "demo1_tracking", *scored)
    return study


def small_csv(path: Path, n: int = 60) -> Path:
    """Poses of one animal with nose, centre and tail base that walks right, 2 px a frame."""
    names = [(part, coord) for part in ("nose", "center", "tailbase") for coord in ("x", "y", "p")]
    rows: list[list[object]] = [
        ["scorer", *["net"] * 9],
        ["bodyparts", *[part for part, _ in names]],
        ["coords", *[{"p": "likelihood"}.get(coord, coord) for _, coord in names]],
    ]
    for i in range(n):
        x = 50 + 2 * i
        rows.append([i, x + 20, 40, 0.9, x, 40, 0.9, x - 20, 40, 0.3 if i % 2 else 0.9])
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def test_a_pose_file_becomes_a_recording(freezing: Path, shared_data: Path) -> None:
    with open_study(freezing) as study:
        (video,) = videos(study)
        run = active_run(study, video.video_id)
        tracks = read_tracks(study, video.video_id).to_pandas()
        points = read_keypoints(study, video.video_id).to_pandas()
        times = frame_times(study, video.video_id)
    assert (video.n_frames, video.fps, video.px_per_cm) == (6000, Fraction(50), 32.0)
    assert not video.has_pictures
    assert times[-1] == pytest.approx(119.98)
    assert run is not None
    assert (run.segmenter, run.share_detected) == ("import:dlc", 1.0)
    assert run.settings["file"] == "demo1_tracking.csv"
    assert run.settings["min_confidence"] is None
    assert run.settings["scorer"].startswith("DLC_resnet101")
    table = pd.read_csv(shared_data / DEMO, header=[0, 1, 2], index_col=0)
    table.columns = table.columns.droplevel(0)
    assert np.array_equal(tracks["x_px"], table["Mid-Back"]["x"].astype("float32"))
    assert tracks["identity_confidence"].isna().all()
    ahead = table["Nose"] - table["Tailbase"]
    heading = np.degrees(np.arctan2(-ahead["y"], ahead["x"]))
    np.testing.assert_allclose(tracks["heading_deg"], heading, atol=1e-4)
    np.testing.assert_allclose(tracks["length_px"], np.hypot(ahead["x"], ahead["y"]), rtol=1e-6)
    nose = points[points["point"] == "Nose"]
    assert np.array_equal(nose["y_px"], table["Nose"]["y"].astype("float32"))
    assert np.array_equal(nose["confidence"], table["Nose"]["likelihood"].astype("float32"))


def test_a_question_about_imported_poses_is_answered_and_scored(
    freezing: Path, tmp_path: Path, shared_data: Path
) -> None:
    asked = here(
        "ask", "how long is animal1 immobile?", "-s", freezing, "--save", "immobile", "--json"
    )
    assert asked.status == 0, asked.err
    with open_study(freezing) as study:
        found = read_bouts(study, behaviour="immobile")
        human = read_bouts(study, behaviour="freezing")
    assert len(found) > 5
    truth = tmp_path / "truth.csv"
    human[["start_frame", "stop_frame"]].to_csv(truth, index=False)
    scored = here("score", "bouts", "-s", freezing, "--behaviour", "immobile",
                        "--truth", truth)  # fmt: skip
    assert scored.status == 0, scored.err
    assert "kappa" in scored.out


def test_human_bouts_are_a_persons_and_keep_their_frames(freezing: Path, shared_data: Path) -> None:
    with open_study(freezing) as study:
        bouts = read_bouts(study, behaviour="freezing")
    truth = pd.read_csv(shared_data / HUMAN)
    assert bouts["start_frame"].tolist() == truth["start_frame"].tolist()
    assert bouts["stop_frame"].tolist() == truth["stop_frame_exclusive"].tolist()
    assert bouts["start_s"].tolist() == pytest.approx((truth["start_frame"] / 50).tolist())
    assert set(bouts["source"]) == {"person"}
    assert set(bouts["annotator"]) == {"lab"}
    assert set(bouts["subject"]) == {"animal1"}


def test_what_is_there_already_is_told_and_not_doubled(
    freezing: Path, shared_data: Path, tmp_path: Path
) -> None:
    again = imported(shared_data / DEMO, "-s", freezing, "--fps", "50")
    assert again == "demo1_tracking: already imported; --force imports it again.\n"
    scored = ("--video", "demo1_tracking", "--behaviour", "freezing", "--annotator", "lab")
    assert "are there already" in imported(shared_data / HUMAN, "-s", freezing, *scored)
    other = tmp_path / "other.csv"
    other.write_text("start_frame,stop_frame\n10,20\n")
    with open_study(freezing) as study:
        before = len(read_bouts(study, behaviour="freezing"))
    assert "--force replaces them" in refused(other, "-s", freezing, *scored)
    with open_study(freezing) as study:
        assert len(read_bouts(study, behaviour="freezing")) == before
        assert len(videos(study)) == 1
    assert "--force imports it at" in refused(shared_data / DEMO, "-s", freezing, "--fps", "25")


def test_three_mice_become_the_tracks_of_their_video(shared_data: Path, tmp_path: Path) -> None:
    folder, study = shared_data / "video/mice3_open_field", tmp_path / "study"
    said = imported(
        folder / "EGS8X2MN4SSUGFWAV976.h5", "-s", study,
        "--video", folder / "EGS8X2MN4SSUGFWAV976.mp4",
    )  # fmt: skip
    assert "562 of 5400 animal-frames" in said
    assert "the last 1 frame of the video has no poses" in said
    with open_study(study) as opened:
        video = find_video(opened, "EGS8X2MN4SSUGFWAV976")
        tracks = read_tracks(opened, video.video_id).to_pandas()
    assert (video.n_frames, video.has_pictures) == (1801, True)
    assert len(tracks) == 3 * 1801
    assert int((~tracks["detected"]).sum()) == 562 + 3
    assert sorted(tracks["name"].unique()) == ["mouse1", "mouse2", "mouse3"]
    wrong = refused(shared_data / DEMO, "-s", study, "--video", video.name)
    assert "has tracks already" in wrong
    wrong = refused(shared_data / DEMO, "-s", study, "--video", video.name, "--force")
    assert "has 6000 frames and the video 1801" in wrong
    with open_study(study) as opened:
        assert active_run(opened, video.video_id).settings["file"].startswith("EGS8")


def test_every_real_pose_file_can_be_imported(shared_data: Path, tmp_path: Path) -> None:
    pose = shared_data / "pose"
    files = [*pose.glob("deepof/*/*.csv"), *pose.glob("deepof/*/*.h5"), *pose.glob("horse/*.h5"),
             *pose.glob("sleap_dlc_small/*v2.csv"), *pose.glob("sleap_dlc_small/*.h5"),
             *pose.glob("sleap_dlc_small/Coll*.csv"), *pose.glob("flies2_long/*.h5")]  # fmt: skip
    imported(*files, "-s", tmp_path / "study", "--fps", "29.97")
    with open_study(tmp_path / "study") as study:
        known = videos(study)
        counts = {v.name: len(read_tracks(study, v.video_id)) for v in known}
    assert {video.fps for video in known} == {Fraction(30000, 1001)}
    assert len(known) == 14
    assert counts["predictions.analysis"] == 6000
    assert counts["testDLC_h5_table_multi"] == 200


def test_doubtful_points_are_left_out_and_the_run_says_so(tmp_path: Path) -> None:
    file, study = small_csv(tmp_path / "walk.csv"), tmp_path / "study"
    imported(file, "-s", study, "--fps", "30", "--min-confidence", "0.5")
    with open_study(study) as opened:
        (video,) = videos(opened)
        run = active_run(opened, video.video_id)
        points = read_keypoints(opened, video.video_id).to_pandas()
        tracks = read_tracks(opened, video.video_id).to_pandas()
    assert run.settings["min_confidence"] == 0.5
    assert points["point"].value_counts().to_dict() == {"center": 60, "nose": 60, "tailbase": 30}
    assert tracks["length_px"].notna().tolist() == [i % 2 == 0 for i in range(60)]
    assert (video.width, video.height) == (50 + 2 * 59 + 20 + 1, 41)
    assert "in another way" in refused(file, "-s", study, "--fps", "30")
    imported(file, "-s", study, "--fps", "30", "--force")
    with open_study(study) as opened:
        assert len(read_keypoints(opened, video.video_id)) == 180


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ((), "give --fps F"),
        (("--fps", "fast"), "--fps is 'fast'"),
        (("--fps", "0"), "--fps is '0'"),
        (("--fps", "30", "--px-per-cm", "-1"), "A scale of -1.0"),
        (("--fps", "30", "--min-confidence", "60"), "A confidence of 60"),
        (("--fps", "30", "--format", "word"), "no format 'word'"),
        (("--video", "nowhere"), "There is no folder"),
    ],
)
def test_a_wrong_wish_is_one_line_and_leaves_nothing(
    tmp_path: Path, more: tuple[str, ...], says: str
) -> None:
    file = small_csv(tmp_path / "walk.csv")
    assert says in refused(file, "-s", tmp_path / "study", *more)
    if (tmp_path / "study").exists():
        with open_study(tmp_path / "study") as study:
            assert videos(study) == []


def test_bouts_in_seconds_go_to_the_nearest_frame(tmp_path: Path) -> None:
    study = tmp_path / "study"
    imported(small_csv(tmp_path / "walk.csv"), "-s", study, "--fps", "29.97", "--name", "walk")
    scored = tmp_path / "bouts.csv"
    # 0.3337 s is frame 10 at 30000/1001; semicolons, as many labs' spreadsheets write
    scored.write_text("behaviour;start_s;stop_s\nsniff;0.3337;0.6673\nsniff;1.001;1.002\n")
    imported(scored, "-s", study, "--video", "walk", "--annotator", "Kim")
    with open_study(study) as opened:
        bouts = read_bouts(opened)
    assert bouts[["start_frame", "stop_frame"]].values.tolist() == [[10, 20], [30, 31]]
    assert bouts["start_s"].tolist() == pytest.approx([10 * 1001 / 30000, 30 * 1001 / 30000])
    late = tmp_path / "late.csv"
    late.write_text("behaviour,start_s,stop_s\nsniff,1,99\n")
    assert "line 2: the bout ends at second 99" in refused(late, "-s", study, "--video", "walk")
    assert "say with --video" in refused(scored, "-s", study)
    nameless = tmp_path / "nameless.csv"
    nameless.write_text("start_frame,stop_frame\n1,2\n")
    assert "give --behaviour" in refused(nameless, "-s", study, "--video", "walk")
    who = ("--video", "walk", "--behaviour", "sniff", "--subject", "bob")
    assert "no animal 'bob'" in refused(nameless, "-s", study, *who)


def test_two_people_and_two_animals_keep_their_own_bouts(shared_data: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    file = shared_data / "pose/deepof/test_madlc_topview/testDLC_h5_table_madlc.h5"
    imported(file, "-s", study, "--fps", "25", "--name", "pair")
    scored = tmp_path / "bouts.csv"
    scored.write_text("start_frame,stop_frame\n10,20\n")
    for subject in ("mouse_black_tail", "mouse_white_tail"):
        for who in ("Ann", "Bob"):
            imported(scored, "-s", study, "--video", "pair", "--behaviour", "sniff",
                     "--subject", subject, "--annotator", who)  # fmt: skip
    with open_study(study) as opened:
        bouts = read_bouts(opened)
    assert len(bouts) == 4
    assert len(set(zip(bouts["subject"], bouts["annotator"], strict=True))) == 4


def test_imported_tracks_are_exported_with_their_points(tmp_path: Path) -> None:
    study = tmp_path / "study"
    imported(small_csv(tmp_path / "walk.csv"), "-s", study, "--fps", "30", "--px-per-cm", "10")
    ended = here("export", "tracks", "-s", study, "-o", tmp_path / "tracks.csv")
    assert ended.status == 0, ended.err
    table = pd.read_csv(tmp_path / "tracks.csv")
    assert table.loc[3, ["x_cm", "nose_x_px", "tailbase_confidence"]].tolist() == pytest.approx(
        [5.6, 76, 0.3]
    )


def test_an_animal_keeps_the_name_it_was_given(tmp_path: Path) -> None:
    file, study = small_csv(tmp_path / "walk.csv"), tmp_path / "study"
    imported(file, "-s", study, "--fps", "30")
    with open_study(study, write=True) as opened:
        rename_animal(opened, 1, 1, "Ada")
    assert "Ada with 3 body points" in imported(file, "-s", study, "--fps", "30", "--force")


def test_pages_show_a_recording_without_a_video(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = small_csv(tmp_path / "walk.csv")
    imported(file, "-s", tmp_path / "study", "--fps", "30")
    monkeypatch.setattr(workplace, "_current", Workplace.of(tmp_path / "study"))
    app = AppTest.from_file(str(SHELL), default_timeout=60).run()
    assert not app.exception
    assert "No video, only poses, imported from" in "\n".join(c.value for c in app.caption)
    assert next(one for one in app.button if "Track" in one.label).disabled
    app = app.switch_page("annotate.py").run()
    assert not app.exception
    assert "no video, only poses" in "\n".join(c.value for c in app.caption)


def test_the_player_gets_white_frames_for_poses_without_a_video(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = small_csv(tmp_path / "walk.csv")
    imported(file, "-s", tmp_path / "study", "--fps", "30")
    file.unlink()
    monkeypatch.setattr(workplace, "_current", Workplace.of(tmp_path / "study"))
    client = TestClient(Starlette(routes=data_routes()))
    answer = client.get("/data/videos/1/frame/5.jpg")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")


def test_frame_rates_are_exact() -> None:
    assert parse_fps("29.97") == Fraction(30000, 1001)
    assert parse_fps("23.976") == Fraction(24000, 1001)
    assert parse_fps("12.5") == Fraction(25, 2)
    assert parse_fps("30") == 30


def walk(tmp_path: Path, *more: str) -> Path:
    """A study of the small recording at 30 frames/s."""
    imported(small_csv(tmp_path / "walk.csv"), "-s", tmp_path / "study", "--fps", "30", *more)
    return tmp_path / "study"


SNIFF = ("--video", "walk", "--behaviour", "sniff", "--annotator", "Kim")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("start_s,stop_s\n1,1.5\n0.9,0.3\n", "line 3: the bout stops at second 0.3, not after"),
        ("start_s,stop_s\n-1,0.5\n", "line 2: the bout starts at second -1, before the video"),
        ("start_s,stop_s\n0,9\n", "line 2: the bout ends at second 9, after walk, which has 2"),
        ("start_frame,stop_frame\n5,9\n30,20\n", "line 3: the bout stops at frame 20, not after"),
        ("start_frame,stop_frame\n5,5\n", "line 2: the bout stops at frame 5, not after"),
        ("start_frame,stop_frame\n0,61\n", "line 2: the bout ends at frame 61"),
        ("start_frame,stop_frame\n0,9\n20,30\n5,12\n", "lines 2 and 4: two bouts of sniff of"),
        ("start_s,stop_s\n0.5,1\n0.2,0.6\n", "lines 2 and 3: two bouts of sniff of animal1 over"),
        ("start_frame,stop_frame\n1,2\n1,2\n", "lines 2 and 3: two bouts"),
    ],
)
def test_bouts_that_cannot_be_true_are_refused_with_their_lines(
    tmp_path: Path, text: str, says: str
) -> None:
    study, scored = walk(tmp_path), tmp_path / "bouts.csv"
    scored.write_text(text)
    assert says in refused(scored, "-s", study, *SNIFF)
    with open_study(study) as opened:
        assert len(read_bouts(opened)) == 0


def test_bouts_of_others_and_bouts_that_only_touch_do_not_overlap(tmp_path: Path) -> None:
    study, scored = walk(tmp_path), tmp_path / "bouts.csv"
    scored.write_text(
        "start_frame,stop_frame,annotator,behaviour\n"
        "0,9,Kim,sniff\n9,12,Kim,sniff\n5,12,Lee,sniff\n5,12,Kim,groom\n"
    )
    assert "4 bouts of sniff, groom imported" in imported(scored, "-s", study, "--video", "walk")
    scored.write_text("start_s,stop_s\n0.5,0.504\n0.505,0.51\n1,1.2\n")  # the first two: frame 15
    said = imported(scored, "-s", study, "--video", "walk", "--behaviour", "rear")
    assert "2 bouts of rear imported" in said and "1 bouts fall into frames" in said


def test_a_file_without_a_bout_says_that_somebody_watched_and_saw_none(tmp_path: Path) -> None:
    study, scored = walk(tmp_path), tmp_path / "bouts.csv"
    scored.write_text("start_frame,stop_frame\n")
    assert "give --behaviour" in refused(scored, "-s", study, "--video", "walk")
    said = imported(scored, "-s", study, *SNIFF)
    assert "walk: 0 bouts of sniff imported" in said and "Kim watched it and saw none" in said
    with open_study(study) as opened:
        assert watched_videos(opened, "sniff", "person", "Kim") == {"walk"}
        assert watched_videos(opened, "sniff", "person", "Lee") == set()
    full = tmp_path / "full.csv"
    full.write_text("start_frame,stop_frame\n3,9\n")
    imported(full, "-s", study, *SNIFF)
    assert "--force replaces them" in refused(scored, "-s", study, *SNIFF)
    imported(scored, "-s", study, *SNIFF, "--force")
    with open_study(study) as opened:
        assert len(read_bouts(opened)) == 0


def test_a_mistake_in_the_format_is_told_first(tmp_path: Path) -> None:
    study, wrong = walk(tmp_path), tmp_path / "wrong.csv"
    wrong.write_text("a,b\n1,10\n")
    said = refused(wrong, "-s", study, *SNIFF)
    assert "begins with 'a,b'" in said and "start_frame,stop_frame" in said
    said = refused(tmp_path / "walk.csv", "-s", study, *SNIFF)
    assert "is a pose file of DeepLabCut" in said and "--behaviour, --annotator are about" in said
    said = refused(wrong, "-s", study, "--video", "walk")
    assert "is a table with the columns a, b (" in said and "--force" not in said
    assert "Expected was" in said
    nothing = tmp_path / "nothing.csv"
    nothing.write_text("")
    assert "is empty" in refused(nothing, "-s", study, *SNIFF)


def test_a_scale_or_rate_that_cannot_be_true_is_doubted(tmp_path: Path) -> None:
    assert "median body length is 400 cm" in imported(
        small_csv(tmp_path / "walk.csv"), "-s", tmp_path / "s", "--fps", "30", "--px-per-cm", "0.1"
    )
    again = (tmp_path / "walk.csv", "-s", tmp_path / "s", "--px-per-cm")
    assert "median body length is 0.04 cm" in imported(*again, "1000")
    assert "body length" not in imported(*again, "5")
    assert "a frame lasts 20 s" in imported(tmp_path / "walk.csv", "-s", tmp_path / "t",
                                            "--fps", "0.05")  # fmt: skip


def test_a_wrong_frame_rate_is_mended_and_bouts_keep_their_frames(tmp_path: Path) -> None:
    study, scored, file = walk(tmp_path), tmp_path / "bouts.csv", tmp_path / "walk.csv"
    scored.write_text("start_frame,stop_frame\n15,60\n")
    imported(scored, "-s", study, *SNIFF)
    assert "--force imports it at another rate" in refused(file, "-s", study, "--fps", "15")
    said = imported(file, "-s", study, "--fps", "15", "--force")
    assert "15 frames/s in place of 30" in said
    with open_study(study) as opened:
        video = find_video(opened, "walk")
        times, bouts = frame_times(opened, video.video_id), read_bouts(opened)
        tracks = read_tracks(opened, video.video_id).to_pandas()
    assert video.fps == 15 and video.duration_s == pytest.approx(4)
    assert times.tolist() == pytest.approx((np.arange(60) / 15).tolist())
    assert tracks["time_s"].tolist() == pytest.approx(times.tolist())
    assert bouts[["start_frame", "stop_frame"]].values.tolist() == [[15, 60]]
    assert bouts[["start_s", "stop_s"]].values.tolist() == [pytest.approx([1, 4])]
