"""Tracking into a study: once, again, anew, and never half."""

import json

import pytest
from film import write_video

from app.errors import AppError
from app.tracking_job import track_video
from storage.exports import tracks_table
from storage.runs import active_run
from storage.study import open_study
from storage.videos import rename_animal, videos
from tracking.errors import TrackingError


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
