"""A run comes out bit for bit the same from its stored settings, however the work was done."""

from dataclasses import fields

import numpy as np
import pytest
from film import write_video

from app.jobs.tracking_job import track_video
from storage.runs import active_run
from storage.study import open_study
from tracking.subtraction.background import BackgroundSettings

FRAMES = 1510  # two chunks: the work can be divided
TABLES = ("tracks", "masks", "keypoints", "fragments", "crossings", "doubts")
BY_LOOKS = "descriptors"  # as every installation can


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Three discs that run through each other, one of them hidden for a while."""
    turn = np.arange(FRAMES)[:, None] * np.array([0.015, 0.02, -0.012]) + np.array([0, 2, 4])
    places = np.stack([100 + 70 * np.cos(turn), 70 + 50 * np.sin(1.3 * turn)], axis=-1)
    places[800:850, 2] = -100  # out of the picture
    path = tmp_path_factory.mktemp("clip") / "three.mp4"
    return write_video(path, FRAMES, 3, size=(200, 140), places=places)


def run(study, clip, **more):
    """Track a video anew; every table of the run as Arrow, and its settings."""
    track_video(study, clip, 3, identification=BY_LOOKS, **more)
    with open_study(study) as opened:
        settings = active_run(opened, 1).settings
        tables = {
            name: opened.arrow(f"SELECT * EXCLUDE (run_id) FROM {name} ORDER BY ALL")
            for name in TABLES
        }
    return tables, settings


@pytest.fixture(scope="module")
def whole(clip, tmp_path_factory):
    """What comes of one uninterrupted run with one worker."""
    return run(tmp_path_factory.mktemp("whole") / "s", clip)


def test_the_clip_has_crossings_and_an_absence(whole):
    tables, _ = whole
    assert len(tables["fragments"]) > 10 and len(tables["crossings"]) > 3
    assert 1500 < sum(tables["tracks"]["detected"].to_pylist()) / 3 < FRAMES
    assert len(tables["doubts"]) > 0
    assert min(tables["tracks"]["identity_confidence"].drop_null().to_pylist()) < 0.99


def test_two_workers_and_the_same_again_from_stored_settings_make_the_same_tables(
    clip, whole, tmp_path
):
    tables, settings = whole
    assert settings["identification"]["method"] == BY_LOOKS
    by_hand = {field.name: settings[field.name] for field in fields(BackgroundSettings)}
    again, stored = run(tmp_path / "s", clip, workers=2, settings=by_hand)
    assert again == tables
    assert {name: stored[name] for name in by_hand} == by_hand


def test_a_run_that_was_killed_again_and_again_ends_with_the_same_tables(clip, whole, tmp_path):
    for stage, share in (("segment", 0.4), ("segment", 0.8), ("identify", 0.3), ("identify", 0.8)):

        def kill(progress, stage=stage, share=share):
            if progress.stage == stage and progress.done > share * progress.total > 0:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "s", clip, progress=kill)
    assert run(tmp_path / "s", clip)[0] == whole[0]
