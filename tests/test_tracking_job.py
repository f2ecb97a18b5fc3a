"""Tracking into a study: once, again, anew, and never half."""

import json
import os
import shlex
from dataclasses import replace

import pandas as pd
import pytest
from film import write_video
from terminal import here
from track_edit_scenes import edit

from app import library
from app.commands.track_words import parse_settings, spell_settings
from app.errors import AppError
from app.jobs import planning, tracking_work
from app.jobs.planning import doubts
from app.jobs.tracking_alone import alone
from app.jobs.tracking_job import track_video
from app.jobs.tracking_ready import looked_at, place_of
from app.jobs.tracking_task import Task
from storage.bouts import read_bouts, save_bouts
from storage.runs import COLUMNS, active_run
from storage.runs import runs as stored_runs
from storage.study import StudyError, open_study
from storage.videos import rename_animal, video_file, videos
from storage.writers.exports import tracks_table
from tracking.errors import TrackingError
from tracking.pipeline import Tables


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A short video of two animals."""
    return write_video(tmp_path_factory.mktemp("clip") / "pair.mp4", n_frames=90)


def test_a_tracked_video_is_in_the_study_with_its_settings_and_timings(clip, tmp_path):
    stages = []
    summary = track_video(tmp_path / "s", clip, 2, progress=lambda p: stages.append(p.stage))
    assert (summary.video, summary.frames, summary.share_detected) == ("pair", 90, 1.0)
    assert list(dict.fromkeys(stages)) == ["probe", "tune", "segment", "identify", "store"]
    with open_study(tmp_path / "s") as study:
        run = active_run(study, 1)
        assert len(tracks_table(study, 1)) == 180
    assert run.settings["threshold"] == summary.settings["threshold"]
    assert run.settings["tuning"]["separate"] == 1.0
    assert run.versions["ethoscribe"] and run.versions["opencv-python-headless"]
    assert run.timings["segment_s"] > 0
    kept = tmp_path / "s" / "runs" / run.run_id
    assert json.loads((kept / "settings.json").read_text()) == run.settings
    assert (kept / "background.png").stat().st_size > 100
    assert not list((tmp_path / "s" / "shards").glob("*/"))


def test_what_a_person_corrected_is_said_before_force_takes_it(clip, tmp_path):
    track_video(tmp_path / "s", clip, 2)
    command = ["track", clip, "-s", tmp_path / "s", "--animals", 2]
    assert "--force tracks it again." in here(*command).err
    edit(tmp_path / "s", "tracks.swap", a=1, b=2, start_frame=30, stop_frame=None)
    said = here(*command).err
    assert "--force tracks it again and takes 1 correction by hand with the old tracks." in said


def test_a_video_tracked_in_the_same_way_is_left_alone(clip, tmp_path):
    first = track_video(tmp_path / "s", clip, 2)
    again = track_video(tmp_path / "s", clip, 2)
    assert again.skipped and again.run_id == first.run_id


def test_tracking_in_another_way_needs_force_and_keeps_the_names(clip, tmp_path):
    first = track_video(tmp_path / "s", clip, 2)
    with open_study(tmp_path / "s", write=True) as study:
        rename_animal(study, 1, 1, "Fred")
    with pytest.raises(AppError, match="tracked already"):
        track_video(tmp_path / "s", clip, 2, settings={"threshold": 40})
    anew = track_video(tmp_path / "s", clip, 2, settings={"threshold": 40}, force=True)
    assert anew.settings["threshold"] == 40 and anew.run_id != first.run_id
    with open_study(tmp_path / "s") as study:
        assert set(tracks_table(study, 1).to_pandas().animal) == {"Fred", "animal2"}
        assert len(tracks_table(study, 1)) == 180


def test_one_animal_more_than_ever_seen_at_once_is_possible_and_five_hundred_are_not(
    clip, tmp_path
):
    with pytest.raises(TrackingError, match=r"500"):
        track_video(tmp_path / "s", clip, 500)
    with open_study(tmp_path / "s") as study:
        assert videos(study) == []


def test_a_number_of_animals_below_one_is_refused_before_anything_is_made(clip, tmp_path):
    with pytest.raises(AppError, match="Give 1 or more"):
        track_video(tmp_path / "s", clip, 0)
    assert not (tmp_path / "s").exists()


def test_a_video_of_one_frame_is_refused(tmp_path):
    clip = write_video(tmp_path / "still.mp4", n_frames=1)
    with pytest.raises(TrackingError, match="1 frame"):
        track_video(tmp_path / "s", clip, 1)


def close_bouts(study, source="analysis"):
    """Keep a bout of animal 2 in the study."""
    with open_study(study, write=True) as opened:
        bout = pd.DataFrame({"subject": ["animal2"], "start_frame": [3], "stop_frame": [9]})
        save_bouts(opened, 1, bout, behaviour="close", source=source)


def test_bouts_of_the_old_tracks_go_and_the_command_says_so(clip, tmp_path):
    track_video(tmp_path / "s", clip, 2)
    close_bouts(tmp_path / "s")
    close_bouts(tmp_path / "s", source="person")
    ended = here("track", clip, "-s", tmp_path / "s", "--animals", 2, "--force")
    assert ended.status == 0 and ended.out == ""
    assert "pair: 1 bout of close came from the old tracks and went with them" in ended.err
    with open_study(tmp_path / "s") as study:
        assert read_bouts(study)["source"].tolist() == ["person"]


def test_a_run_that_finds_nothing_is_refused_and_the_one_before_kept(clip, tmp_path):
    first = track_video(tmp_path / "s", clip, 2)
    close_bouts(tmp_path / "s")
    ended = here(
        "track", clip, "-s", tmp_path / "s", "--animals", 2, "--force", "--set", "open_px=30"
    )
    assert ended.status == 1 and len(ended.error_lines) == 1
    assert "pair.mp4, so the tracks from before are kept" in ended.err
    with open_study(tmp_path / "s") as study:
        assert active_run(study, 1).run_id == first.run_id
        assert len(tracks_table(study, 1)) == 180 and len(read_bouts(study)) == 1
    assert not list((tmp_path / "s" / "shards").glob("*/"))


def test_a_run_that_finds_little_is_warned_of(clip, tmp_path, monkeypatch):
    track_video(tmp_path / "s", clip, 2)
    whole = tracking_work.identify_video

    def blind(*arguments, **more) -> Tables:
        """Lose animal 2, and animal 1 in every fifth frame."""
        tables = whole(*arguments, **more)
        for file in tables.tracks:
            rows = pd.read_parquet(file)
            lost = (rows["animal_id"] == 2) | (rows["frame"] % 5 == 0)
            rows.loc[lost, "detected"] = False
            rows.loc[lost, ["x_px", "y_px"]] = None
            rows.to_parquet(file)
        return replace(tables, masks=[], keypoints=[])

    monkeypatch.setattr(tracking_work, "identify_video", blind)
    summary = track_video(tmp_path / "s", clip, 2, force=True)
    assert summary.share_detected == pytest.approx(0.4)
    (warning,) = summary.warnings
    assert "only 40.0% of the frames (100.0% in the run this one replaces)" in warning


def test_more_animals_than_ever_seen_apart_are_warned_of_before_the_long_work(tmp_path):
    alone = write_video(tmp_path / "alone.mp4", n_frames=90, animals=1)
    ended = here("track", alone, "-s", tmp_path / "s", "--animals", 2)
    said = "Warning: alone.mp4: 2 animals were never seen apart in the sampled frames"
    assert ended.err.count(said) == 1 and ended.err.index(said) < ended.err.index("frames in")


def test_a_film_of_three_frames_is_tracked_and_warned_of(tmp_path):
    film = write_video(tmp_path / "three.mp4", n_frames=3, animals=1)
    warnings = track_video(tmp_path / "s", film, 1).warnings
    assert any("3 frames are too few" in line for line in warnings)


def test_a_tuning_is_doubted_when_its_parts_are():
    good = {"score": 0.5, "separate": 0.9}
    assert doubts(2, good) == []
    assert "3 animals were never seen apart" in doubts(3, {**good, "separate": 0.0})[0]
    assert "1 animal by itself" in doubts(1, {**good, "separate": 0.0})[0]
    assert "tuning score 0.019 of 1" in doubts(2, {**good, "score": 0.019})[0]
    assert "only 30% of the sampled frames" in doubts(2, {**good, "in_view": 0.3})[0]


def test_settings_are_told_before_the_long_work_and_can_be_set_again(clip, tmp_path):
    told = []
    summary = track_video(
        tmp_path / "s", clip, 2,
        progress=lambda p: told.append(p.stage), on_settings=told.append,
    )  # fmt: skip
    (chosen,) = [one for one in told if not isinstance(one, str)]
    assert told.index("tune") < told.index(chosen) < told.index("segment")
    assert chosen.settings == summary.settings and chosen.tuning == summary.tuning
    assert set(chosen.tuning) >= {"score", "separate", "explained"}
    again = parse_settings(shlex.split(spell_settings(chosen.settings)))
    assert set(again) == set(chosen.settings)
    for key, value in again.items():
        same = chosen.settings[key]
        assert value == (same if isinstance(same, str) else pytest.approx(same, rel=1e-5)), key
    second = track_video(tmp_path / "again", clip, 2, settings=again)
    assert second.share_detected == 1.0


def test_times_count_over_every_session_and_the_speed_only_this_one(tmp_path, monkeypatch):
    long = write_video(tmp_path / "long.mp4", n_frames=2500)
    whole = tracking_work.segment_video

    def stopped(info, segmenter, folder, workers, tick, plan):
        """Stop after the first piece of work."""

        def until(done, total):
            tick(done, total)
            if done > 1100:
                raise KeyboardInterrupt

        whole(info, segmenter, folder, workers, until, plan)

    monkeypatch.setattr(tracking_work, "segment_video", stopped)
    with pytest.raises(KeyboardInterrupt):
        track_video(tmp_path / "s", long, 2)
    (file,) = (tmp_path / "s" / "shards").glob("*/timings.json")
    before = json.loads(file.read_text())
    assert before["tune_s"] > 0.05 and before["segment_s"] > 0.05 and before["resumed"] == 0
    monkeypatch.setattr(tracking_work, "segment_video", whole)
    summary = track_video(tmp_path / "s", long, 2)
    assert 1000 < summary.new_frames < 2000 and summary.frames == 2500
    with open_study(tmp_path / "s") as study:
        timings = active_run(study, 1).timings
    assert timings["resumed"] == 1
    assert timings["tune_s"] >= before["tune_s"]
    assert timings["segment_s"] > before["segment_s"]
    assert set(timings) == {"tune_s", "segment_s", "identify_s", "cpu_s", "resumed"}
    assert timings["cpu_s"] > before["cpu_s"] > 0


def everything(study, video_id=1):
    """Every row of tracks, masks, body points and identities of a video's active run."""
    with open_study(study) as opened:
        run = active_run(opened, video_id)
        return {
            name: opened.arrow(
                f"SELECT {', '.join(columns)} FROM {name} WHERE run_id = ?", [run.run_id]
            )
            for name, columns in COLUMNS.items()
        }


def test_a_run_is_made_again_bit_for_bit_from_what_it_keeps(clip, tmp_path, monkeypatch):
    first = track_video(tmp_path / "a", clip, 2, settings={"open_px": 1})
    before = everything(tmp_path / "a")
    kept = tmp_path / "a" / "runs" / first.run_id
    monkeypatch.setattr(planning, "tune", None)  # nothing is looked for anew
    again = track_video(tmp_path / "b", clip, None, like=str(kept))
    assert again.run_id != first.run_id and again.settings == first.settings
    assert again.tuning == first.tuning
    assert everything(tmp_path / "b") == before
    here = track_video(tmp_path / "a", clip, None, like=first.run_id, force=True, workers=2)
    assert not here.skipped and everything(tmp_path / "a") == before
    with open_study(tmp_path / "a") as study:
        runs = [run for run in stored_runs(study) if run.run_id != first.run_id]
        assert runs[0].settings["asked"] == {"n_animals": 2, "open_px": 1}
        assert runs[0].settings["content_hash"] == videos(study)[0].content_hash


def test_another_film_is_tracked_with_the_settings_of_a_run(clip, tmp_path):
    first = track_video(tmp_path / "s", clip, 2, settings={"threshold": 44})
    other = write_video(tmp_path / "other.mp4", n_frames=60)
    second = track_video(tmp_path / "s", other, None, like=first.run_id)
    assert second.video == "other" and second.settings == first.settings


def test_a_run_that_is_not_there_is_no_model(clip, tmp_path):
    ended = here("track", clip, "-s", tmp_path / "s", "--like", "20260101-000000-abc")
    assert ended.status == 1 and "There is no run 20260101-000000-abc" in ended.err
    ended = here("track", clip, "-s", tmp_path / "s", "--like", "x", "--animals", 2)
    assert ended.status == 2 and "leave it out" in ended.err


def test_a_known_video_is_renamed_unless_the_name_is_taken(clip, tmp_path):
    track_video(tmp_path / "s", clip, 2)
    assert track_video(tmp_path / "s", clip, 2, name="day 1").video == "day 1"
    assert track_video(tmp_path / "s", clip, 2, name="day 2", force=True).video == "day 2"
    other = write_video(tmp_path / "other.mp4", n_frames=60)
    with pytest.raises(StudyError, match="'day 2' is empty or the name of another video"):
        track_video(tmp_path / "s", other, 2, name="day 2")
    with pytest.raises(AppError, match="tracked already"):
        track_video(tmp_path / "s", clip, 1, name="day 3")
    with open_study(tmp_path / "s") as study:
        assert [video.name for video in videos(study)] == ["day 2"]


def test_another_film_under_the_same_path_is_another_video(tmp_path):
    clip = write_video(tmp_path / "cam.mp4", n_frames=60)
    track_video(tmp_path / "s", clip, 2)
    write_video(clip, n_frames=70)
    summary = track_video(tmp_path / "s", clip, 2)
    assert (summary.video, summary.frames, summary.skipped) == ("cam_2", 70, False)
    with open_study(tmp_path / "s") as study:
        old, new = videos(study)
    assert video_file(new) == clip
    for refuse in (lambda: video_file(old), lambda: library.video_file(tmp_path / "s", 1)):
        with pytest.raises(StudyError, match="is not video 'cam' any more"):
            refuse()
    assert [row.present for row in library.list_videos(tmp_path / "s")] == [False, True]


def test_another_film_of_the_same_size_is_noticed_before_it_is_served(clip, tmp_path):
    mine = tmp_path / "cam.mp4"
    mine.write_bytes(clip.read_bytes())
    track_video(tmp_path / "s", mine, 2)
    os.utime(mine, (1, 1))
    assert library.video_file(tmp_path / "s", 1) == mine  # only touched
    mine.write_bytes(bytes(reversed(clip.read_bytes())))
    with pytest.raises(StudyError, match="another recording under its name"):
        library.video_file(tmp_path / "s", 1)


def test_no_lock_is_left_behind_and_a_held_one_is_respected(clip, tmp_path):
    track_video(tmp_path / "s", clip, 2)
    left = [file.name for file in (tmp_path / "s" / "shards").iterdir()]
    assert left in ([], [".lock"])
    info = looked_at(clip)
    asked = {"n_animals": 2}
    place = place_of(tmp_path / "s", info, asked)
    task = Task(info, 2, {}, place)
    with (
        alone(task),
        pytest.raises(AppError, match="by another process"),
    ):
        track_video(tmp_path / "s", clip, 2, force=True)


def test_a_run_that_needs_torch_says_so_before_the_long_work_where_it_is_missing(
    clip, tmp_path, monkeypatch
):
    first = track_video(tmp_path / "s", clip, 2, identification="descriptors")
    kept = tmp_path / "s" / "runs" / first.run_id / "settings.json"
    settings = json.loads(kept.read_text())
    kept.write_text(json.dumps({**settings, "identification": {"method": "contrastive"}}))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    stages = []
    with pytest.raises(TrackingError, match="needs torch"):
        track_video(
            tmp_path / "s", clip, None, like=first.run_id, force=True,
            progress=lambda p: stages.append(p.stage),
        )  # fmt: skip
    assert "segment" not in stages
