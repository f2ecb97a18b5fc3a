"""The command line: data on stdout, talk on stderr, the right status, tables as documented."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from storage_samples import add_tracked
from terminal import Ended, ethoscribe
from typer.testing import CliRunner

from app import __version__
from app.cli import app
from app.commands.ask import as_object
from app.commands.track_words import tell_summary
from app.jobs.progress import Bar, JobFile, PlainLines, Reporter, as_clock
from app.jobs.tracking_job import TrackSummary
from storage.bouts import save_bouts
from storage.regions import regions
from storage.study import open_study
from storage.videos import find_video

TRACKS = (
    "video,frame,time_s,animal,x_px,y_px,x_cm,y_cm,heading_deg,length_px,width_px,area_px,"
    "speed_cm_s,detected,identity_confidence,edited"
)
BOUTS = (
    "video,behaviour,subject,target,kind,start_frame,stop_frame,start_s,stop_s,duration_s,"
    "source,annotator,definition"
)
MEASURES = "video,animal,region,bin_start_s,bin_stop_s,measure,value,unit,tracked_fraction"


@pytest.fixture
def study(tmp_path) -> Path:
    """One video, 10 s at 25 per second: animal1 goes right by 2 px a frame, animal2 sits."""
    folder = tmp_path / "study"
    frames = np.arange(250.0)
    x_px = np.column_stack([10 + 2 * frames, np.full(250, 300.0)])
    y_px = np.column_stack([np.full(250, 50.0), np.full(250, 200.0)])
    x_px[100:110, 1] = y_px[100:110, 1] = np.nan
    with open_study(folder, create=True) as opened:
        add_tracked(opened, tmp_path, x_px, y_px, px_per_cm=10.0)
    return folder


def run(*arguments: object) -> Ended:
    """Run a command inside this process."""
    result = CliRunner().invoke(app, [str(one) for one in arguments], prog_name="ethoscribe")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ended(result.exit_code, result.stdout, result.stderr)


def score(study: Path, truth: pd.DataFrame, *arguments: object) -> Ended:
    """Score tracks against a truth table."""
    file = study.parent / "truth.csv"
    truth.to_csv(file, index=False)
    return run("score", "tracks", "-s", study, "--truth", file, *arguments)


def scores_of(study: Path, truth: pd.DataFrame, *arguments: object) -> dict:
    """The scores of tracks against a truth table."""
    ended = score(study, truth, *arguments, "--json")
    assert ended.status == 0, ended.err
    return json.loads(ended.out)


def cpu_s_of_children() -> float:
    """The time that processes started here and ended have computed, however busy the machine."""
    return sum(os.times()[2:4])


def test_help_comes_fast_and_lists_every_command():
    ethoscribe("--help")  # may have to write compiled files
    before = cpu_s_of_children()
    ended = ethoscribe("--help")
    assert cpu_s_of_children() - before < 1.0  # 0.2 s on a free machine
    assert ended.status == 0
    for name in ("demo", "track", "ask", "run", "export", "score", "regions", "ui", "doctor"):
        assert f"\n  {name} " in ended.out


def test_the_version_is_printed():
    assert run("--version").out == f"ethoscribe {__version__}\n"


@pytest.mark.parametrize(
    "name", ["demo", "track", "ask", "run", "export", "score", "regions", "ui", "doctor"]
)
def test_the_help_of_every_command_has_an_example(name):
    ended = run(name, "--help")
    assert ended.status == 0 and f"Example:\n    ethoscribe {name}" in ended.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("track",),
        ("track", "a.mp4"),
        ("track", "a.mp4", "b.mp4", "--animals", "1", "--name", "x"),
        ("track", "a.mp4", "--animals", "1", "--set", "threshold"),
        ("export", "tracks"),
        ("export", "nonsense", "-o", "x.csv"),
        ("export", "tracks", "-o", "x.csv", "--bin", "5"),
        ("score", "tracks"),
        ("ask", " "),
        ("ui", "--port", "99999"),
    ],
)
def test_wrong_usage_ends_with_status_2_and_says_why(arguments):
    ended = run(*arguments)
    assert ended.status == 2
    assert ended.out == ""
    assert "Error:" in ended.err or "Usage:" in ended.err


def test_tracking_asks_for_the_number_of_animals():
    ended = run("track", "clip.mp4")
    assert ended.status == 2 and "--animals 2" in ended.err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--segmenter", "magic"), "magic"),
        (("--workers", "0"), "--workers is 0"),
        (("--px-per-cm", "-1"), "--px-per-cm is -1"),
    ],
)
def test_impossible_options_are_refused_in_one_line(arguments, word):
    ended = run("track", "clip.mp4", "--animals", "1", *arguments)
    assert ended.status == 1 and ended.says_one_clear_line() and word in ended.err


@pytest.mark.parametrize(
    ("table", "columns"), [("tracks", TRACKS), ("bouts", BOUTS), ("measures", MEASURES)]
)
def test_exports_have_exactly_the_documented_columns(study, tmp_path, table, columns):
    ended = run("export", table, "-s", study, "-o", tmp_path / "out.csv")
    assert ended.status == 0 and ended.out == ""
    assert (tmp_path / "out.csv").read_text().splitlines()[0] == columns


def test_zero_bouts_are_a_file_with_a_header(study, tmp_path):
    ended = run("export", "bouts", "-s", study, "-o", tmp_path / "bouts.csv")
    assert ended.status == 0 and "0 rows" in ended.err
    assert (tmp_path / "bouts.csv").read_text() == BOUTS + "\n"


def test_exported_tracks_hold_the_scene(study, tmp_path):
    run("export", "tracks", "-s", study, "-o", tmp_path / "tracks.csv")
    tracks = pd.read_csv(tmp_path / "tracks.csv")
    first = tracks[tracks["animal"] == "animal1"]
    assert len(tracks) == 500
    assert np.allclose(first["x_cm"], 1 + 0.2 * first["frame"])
    assert np.allclose(first["speed_cm_s"], 5.0, atol=1e-4)
    gone = tracks[(tracks["animal"] == "animal2") & tracks["frame"].between(100, 109)]
    assert not gone["detected"].any() and gone["x_px"].isna().all()


@pytest.mark.parametrize("name", ["summary.parquet", "summary.xlsx", "summary.csv"])
def test_every_format_holds_the_same_summary(study, tmp_path, name):
    assert run("export", "summary", "-s", study, "-o", tmp_path / name).status == 0
    reader = {"parquet": pd.read_parquet, "xlsx": pd.read_excel, "csv": pd.read_csv}
    table = reader[name.rpartition(".")[2]](tmp_path / name)
    assert table["tracked_fraction"].tolist() == pytest.approx([1.0, 0.96])


def test_a_format_that_is_not_known_is_refused(study, tmp_path):
    ended = run("export", "tracks", "-s", study, "-o", tmp_path / "tracks.doc")
    assert ended.status == 1 and "csv, parquet, xlsx" in ended.err


def test_a_folder_is_no_output_file(study, tmp_path):
    for output in (tmp_path, tmp_path / "no" / "t.csv"):
        ended = run("export", "tracks", "-s", study, "-o", output, "--format", "csv")
        assert ended.status == 1 and ended.says_one_clear_line() and "folder" in ended.err


def test_measures_come_in_time_bins(study, tmp_path):
    run("export", "measures", "-s", study, "-o", tmp_path / "m.csv", "--bin", 5)
    table = pd.read_csv(tmp_path / "m.csv")
    moved = table[(table["animal"] == "animal1") & (table["measure"] == "distance_moved")]
    assert moved["bin_start_s"].tolist() == [0, 5]
    assert moved["value"].tolist() == pytest.approx([25.0, 24.8])


def truth_of(study: Path) -> pd.DataFrame:
    """The study's own tracks as a truth."""
    run("export", "tracks", "-s", study, "-o", study.parent / "own.csv")
    own = pd.read_csv(study.parent / "own.csv").dropna(subset=["x_px"])
    return pd.DataFrame(
        {"frame": own["frame"], "id": own["animal"], "x": own["x_px"], "y": own["y_px"]}
    )


def test_tracks_that_are_the_truth_score_1(study):
    scores = scores_of(study, truth_of(study), "--radius", 20)
    assert scores["idf1"] == 1.0 and scores["switches"] == 0 and scores["mota"] == 1.0
    assert scores["videos"]["clip"]["idf1"] == 1.0


def test_swapped_truth_costs_two_switches(study):
    truth = truth_of(study)
    late = truth["frame"] >= 150
    truth.loc[late, "id"] = truth.loc[late, "id"].map({"animal1": "animal2", "animal2": "animal1"})
    scores = scores_of(study, truth, "--radius", 20)
    assert scores["switches"] == 2
    assert 0.5 < scores["idf1"] < 0.65


def test_of_a_sparse_truth_only_its_frames_are_scored(study):
    truth = truth_of(study)
    truth = truth[truth["frame"] % 10 == 0]
    scores = scores_of(study, truth, "--radius", 20, "--sparse")
    assert scores["idf1"] == 1.0 and scores["false_positives"] == 0
    scores = scores_of(study, truth, "--radius", 20)
    assert scores["false_positives"] > 400


def test_without_a_radius_half_a_body_length_is_taken(study):
    scores = scores_of(study, truth_of(study))
    assert scores["radius_px"] == 20.0


def test_a_truth_that_says_who_is_not_there_is_scored_in_those_frames_too(study):
    truth = truth_of(study)
    truth.loc[truth["frame"] < 50, ["x", "y"]] = np.nan
    scores = scores_of(study, truth, "--radius", 20)
    assert (scores["frames"], scores["false_positives"]) == (250, 100)
    truth["id"] = truth["id"].where(truth["frame"] != 60)
    assert "line" in score(study, truth).err and "without an id" in score(study, truth).err


def test_two_videos_are_scored_each_and_together(study):
    x_px = np.linspace(5, 80, 50)[:, None]
    with open_study(study, write=True) as opened:
        add_tracked(opened, study.parent, x_px, np.full_like(x_px, 9), name="second")
    truth = pd.concat(
        [
            truth_of_video.assign(video=name)
            for name, truth_of_video in {
                "clip": pd.DataFrame({"frame": [0, 1], "id": 7, "x": [10, 12], "y": 50}),
                "second": pd.DataFrame({"frame": [0, 1], "id": 7, "x": [500, 500], "y": 500}),
            }.items()
        ]
    )
    scores = scores_of(study, truth, "--radius", 5)
    assert scores["videos"]["second"]["idf1"] == 0.0
    assert scores["n_truth"] == 4
    assert scores["videos"]["clip"]["misses"] == 0 and scores["misses"] == 2


def test_a_truth_of_an_unknown_video_is_asked_for_when_there_are_two(study):
    with open_study(study, write=True) as opened:
        add_tracked(opened, study.parent, np.ones((9, 1)), np.ones((9, 1)), name="second")
    ended = score(study, pd.DataFrame({"frame": [0], "id": [1], "x": [1], "y": [1]}))
    assert ended.status == 1 and "--video" in ended.err and "clip, second" in ended.err


def test_a_truth_without_its_columns_is_refused(study):
    ended = score(study, pd.DataFrame({"frame": [0], "x": [1], "y": [1]}))
    assert ended.status == 1 and "no column id" in ended.err
    ended = score(study, pd.DataFrame({"frame": ["a"], "id": [1], "x": [1], "y": [1]}))
    assert ended.status == 1 and "line 2" in ended.err


def test_bouts_are_scored_against_a_persons(study, tmp_path):
    found = pd.DataFrame(
        {"subject": ["animal1"] * 2, "start_frame": [10, 50], "stop_frame": [20, 70]}
    )
    with open_study(study, write=True) as opened:
        save_bouts(opened, 1, found, behaviour="contact")
    truth = tmp_path / "by_hand.csv"
    truth.write_text("start_frame,stop_frame\n10,20\n50,70\n")
    command = ("score", "bouts", "-s", study, "--truth", truth, "--json", "--behaviour")
    scores = json.loads(run(*command, "contact").out)
    assert scores["frame_f1"] == 1.0 and scores["bout_f1"] == 1.0 and scores["kappa"] == 1.0
    ended = run(*command, "kontact")
    assert ended.status == 1 and "It has: contact" in ended.err


def test_regions_go_out_as_geojson_and_come_back(study, tmp_path):
    add = ("regions", "add", "-s", study)
    run(*add, "corner", "--kind", "rectangle", "--points", "0,0 80,60")
    run(*add, "cup", "--kind", "circle", "--role", "object", "--points", "100,100 130,100")
    run(*add, "feeder", "--kind", "point", "--points", "5,5")
    with open_study(study) as opened:
        before = regions(opened, 1)
    assert run("regions", "export", "-s", study, "-o", tmp_path / "r.geojson").status == 0
    for name in ("corner", "cup", "feeder"):
        assert run("regions", "remove", name, "-s", study).status == 0
    assert run("regions", "list", "-s", study).out == ""
    assert run("regions", "import", tmp_path / "r.geojson", "-s", study).status == 0
    with open_study(study) as opened:
        assert regions(opened, 1) == before
    assert run("regions", "list", "-s", study).out.splitlines()[0] == (
        "clip\tcorner\tregion\trectangle\t0,0 80,60"
    )


def test_a_plain_geojson_polygon_becomes_a_region(study, tmp_path):
    feature = {
        "type": "Feature",
        "properties": {"name": "arm"},
        "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, 9], [0, 0]]]},
    }
    (tmp_path / "arm.geojson").write_text(json.dumps(feature))
    run("regions", "import", tmp_path / "arm.geojson", "-s", study)
    with open_study(study) as opened:
        (arm,) = regions(opened, 1)
    assert (arm.name, arm.kind, list(arm.points)) == ("arm", "polygon", [(0, 0), (9, 0), (9, 9)])


@pytest.mark.parametrize("text", ["{}", "not json", '{"type": "Feature", "geometry": null}'])
def test_a_file_that_is_no_geojson_is_refused(study, tmp_path, text):
    (tmp_path / "bad.geojson").write_text(text)
    ended = run("regions", "import", tmp_path / "bad.geojson", "-s", study)
    assert ended.status == 1 and ended.says_one_clear_line() and "bad.geojson" in ended.err


def test_points_that_are_no_pairs_are_refused(study):
    ended = run("regions", "add", "x", "-s", study, "--points", "1,2 three")
    assert ended.status == 1 and "'three'" in ended.err


def test_the_study_in_this_folder_is_the_default(study):
    ended = ethoscribe("regions", "list", cwd=study.parent)
    assert ended.status == 0, ended.err


ANSWER_KEYS = {"text", "code", "bouts", "table", "numbers", "assumptions", "ignored", "refused"}
ANSWER_KEYS |= {"model", "error"}


def test_an_answer_is_one_object_and_can_be_run_again_by_name(study):
    ended = run("ask", "How far did animal1 move?", "-s", study, "--save", "way", "--json")
    assert ended.status == 0, ended.err
    answer = json.loads(ended.out)
    assert set(answer) >= ANSWER_KEYS
    assert answer["model"] == "offline" and "analyse(recording)" in answer["code"]
    assert [pytest.approx(49.8) in answer["numbers"].values()] == [True]
    again = json.loads(run("run", "way", "-s", study, "--json").out)
    assert again["numbers"] == answer["numbers"]


def test_a_person_sees_the_code_on_stderr_and_the_answer_on_stdout(study):
    ended = run("ask", "When is animal1 faster than 1 cm/s?", "-s", study, "--save", "fast")
    assert ended.status == 0, ended.err
    assert "def analyse(recording):" in ended.err and "def analyse" not in ended.out
    assert "animal1" in ended.out.splitlines()[0]
    run("export", "bouts", "-s", study, "-o", study.parent / "b.csv")
    bouts = pd.read_csv(study.parent / "b.csv")
    assert bouts["behaviour"].tolist() == ["fast"]
    assert bouts[["start_frame", "stop_frame"]].to_numpy().tolist() == [[0, 250]]


def test_a_question_that_is_not_understood_is_refused_with_status_1(study):
    ended = run("ask", "Is animal1 feeling blue?", "-s", study)
    assert ended.status == 1 and ended.out == "" and "Traceback" not in ended.err
    answer = json.loads(run("ask", "Is animal1 feeling blue?", "-s", study, "--json").out)
    assert answer["refused"] and answer["bouts"] == []


def test_a_file_is_run_as_an_analysis(study):
    file = study.parent / "mine.py"
    file.write_text(
        "def analyse(recording):\n    return {'share': recording.tracked_fraction('animal2')}\n"
    )
    answer = json.loads(run("run", file, "-s", study, "--json").out)
    assert answer["numbers"] == {"share": pytest.approx(0.96)}
    file.write_text("def analyse(recording):\n    return 1 / 0\n")
    ended = run("run", file, "-s", study)
    assert ended.status == 1 and "ZeroDivisionError" in ended.err and "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("ask", "How far did animal1 move?", "--model", "clever"), "clever"),
        (("ask", "How far did animal1 move?", "--video", "none"), "none"),
        (("run", "nothing_kept"), "nothing_kept"),
    ],
)
def test_what_is_not_there_is_named(study, arguments, word):
    ended = run(*arguments, "-s", study)
    assert ended.status == 1 and ended.says_one_clear_line() and word in ended.err


def test_answers_for_several_videos_are_one_object():
    one = {"text": "2 s", "code": "c", "bouts": [1], "table": None}
    one |= {"numbers": {"t": 2}, "refused": None, "error": None}
    assert as_object(["a"], [one]) == one
    joined = as_object(["a", "b"], [one, {**one, "bouts": [2], "error": "no region"}])
    assert set(joined) == {*one, "videos"}
    assert joined["text"] == "a: 2 s\nb: 2 s"
    assert joined["bouts"] == [1, 2]
    assert joined["numbers"] == {"a": {"t": 2}, "b": {"t": 2}}
    assert joined["error"] == "no region" and [v["video"] for v in joined["videos"]] == ["a", "b"]


class Step:
    """Progress as tracking reports it."""

    stage, done, total, frames_per_s, message = "segment", 50, 200, 30.0, ""


def test_a_log_gets_plain_lines_with_speed_and_time_left(tmp_path):
    with (tmp_path / "log").open("w+") as log:
        PlainLines("clip.mp4", log, silent_s=0)(Step)
        assert (tmp_path / "log").read_text() == (
            "clip.mp4: finding animals, 50 of 200 frames, 30 frames/s, 0:05 left\n"
        )


def test_a_terminal_gets_a_bar_that_is_taken_away(tmp_path):
    with (tmp_path / "log").open("w+") as log:
        log.isatty = lambda: True
        bar = Bar("clip [1].mp4", log)
        bar(Step)
        bar.close()
    assert "clip [1].mp4" in (tmp_path / "log").read_text()


@pytest.mark.parametrize("terminal", [False, True])
def test_news_is_a_line_of_its_own_between_progress(tmp_path, terminal):
    with (tmp_path / "log").open("w+") as log:
        log.isatty = lambda: terminal
        with Reporter("clip.mp4", stream=log) as report:
            report(Step)
            report.say("clip.mp4: settings threshold=30 [px]")
    assert "clip.mp4: settings threshold=30 [px]\n" in (tmp_path / "log").read_text()


def summary(**changes: object) -> TrackSummary:
    """What a job of 100 frames in 2 s tells."""
    return replace(TrackSummary("clip", "r", 100, 2.0, 0.4, {}, new_frames=100), **changes)


def test_the_speed_is_of_the_frames_of_this_session(capsys):
    tell_summary(summary(), Path("s"), [])
    assert (
        "clip: 100 frames in 2.0 s (50 frames/s), animals seen in 40.0%" in capsys.readouterr().err
    )
    tell_summary(summary(new_frames=10), Path("s"), [])
    assert "100 frames, 10 of them now, in 2.0 s (5 frames/s)" in capsys.readouterr().err


def test_a_warning_is_said_once(capsys):
    tell_summary(summary(warnings=["few", "never apart"]), Path("s"), said=["never apart"])
    told = capsys.readouterr()
    assert told.out == "" and told.err.splitlines()[-1] == "Warning: clip: few"


def test_a_job_file_is_whole_at_every_moment(tmp_path):
    job = JobFile(tmp_path / "jobs" / "1.json", Path("clip.mp4"))
    job(Step)
    record = json.loads(job.path.read_text())
    assert record["state"] == "running" and record["seconds_left"] == 5.0
    assert (record["done"], record["total"]) == (50, 200)
    job.write("failed", "no such file")
    record = json.loads(job.path.read_text())
    assert (record["state"], record["message"], record["done"]) == ("failed", "no such file", 50)
    assert [file.name for file in job.path.parent.iterdir()] == ["1.json"]


def test_times_left_read_as_a_clock():
    assert [as_clock(s) for s in (None, 0, 59.6, 3725)] == ["?", "0:00", "1:00", "1:02:05"]


def test_a_scale_can_be_given_later(study):
    from app.commands.track_asked import give_scale

    give_scale(study, "clip", 12.5)
    with open_study(study) as opened:
        assert find_video(opened, "clip").px_per_cm == 12.5
