"""What writers do until they are killed; every confirmed commit is said."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import cv2  # noqa: F401  # loaded before the fork, as all that is below
import numpy as np
import openpyxl  # noqa: F401
import pandas  # noqa: F401
import pyarrow.parquet  # noqa: F401
import scipy.optimize  # noqa: F401
from storage_samples import Info, run_of, track_shard

from app.jobs import relink as relinking
from app.jobs.tracking_job import track_video
from storage.edit_labels import save_labels
from storage.edits import apply, kinds
from storage.labels import label_of
from storage.runs import ingest_run
from storage.study import open_study
from storage.videos import find_video
from storage.withdrawing import restore_run, withdraw_run
from storage.writers.exports import tracks_table
from storage.writing import write_table

kinds()  # their modules, too
Say = Callable[[str], object]
FORMATS = ("csv", "parquet", "xlsx")


def edit(say: Say, study: str, times: int) -> None:
    """Score bouts and correct tracks, undo and redo, one transaction each."""
    for k in range(times):
        data = {"behaviour": "rear", "start_frame": 4 * k, "stop_frame": 4 * k + 2}
        steps = [("bouts.add", {**data, "subject": "animal1"}),
                 ("tracks.swap", {"a": 1, "b": 2, "start_frame": k, "stop_frame": k + 9}),
                 ("undo", {"scope": "tracks"})]  # fmt: skip
        for kind, what in steps:
            with open_study(study, write=True) as opened:
                done = apply(opened, 1, kind, what, author="Ada")
            assert done.error is None, done.error
            say(str(done.edit_id))


def ingest(say: Say, study: str, first: int, times: int) -> None:
    """Track again and again: each run takes the place of the one before."""
    place = Path(study).parent / f"ingest-{os.getpid()}"
    for k in range(first, first + times):
        x_px = np.full((400, 2), float(k))
        shard = track_shard(place / f"{k}.parquet", x_px, x_px, Info(place, 400).time_s)
        with open_study(study, write=True) as opened:
            ingest_run(opened, 1, run_of(f"r{k}", 2), [shard], [], [])
        say(f"r{k}")


def delete(say: Say, study: str, times: int) -> None:
    """Delete the active run and bring it back."""
    for _ in range(times):
        with open_study(study, write=True) as opened:
            run = opened.rows("SELECT run_id FROM runs WHERE active")[0][0]
            withdraw_run(opened, run)
        say("withdrawn")
        with open_study(study, write=True) as opened:
            restore_run(opened, run)
        say("restored")


def migrate(say: Say, study: str) -> None:
    """Bring a study of the first release up to date."""
    with open_study(study, write=True):
        pass
    say("migrated")


def export(say: Say, study: str, folder: str, times: int) -> None:
    """Write the same tables over and over."""
    for k in range(times):
        for ending in FORMATS:
            with open_study(study) as opened:
                write_table(tracks_table(opened, 1), Path(folder) / f"tracks.{ending}", ending)
            say(f"{k} {ending}")


def label(say: Say, study: str, times: int) -> None:
    """Label frames, an outline each."""
    for k in range(times):
        with open_study(study, write=True) as opened:
            shapes = [label_of(np.ones((6, 8)), "mouse", x0=10 + k, y0=10)]
            save_labels(opened, 1, k, shapes, origin="person", author="Ada")
        say(str(k))


def relink(say: Say, study: str, times: int) -> None:
    """Move the film to another folder and let the study find it, there and back."""
    here = Path(study).parent
    for k in range(times):
        with open_study(study) as opened:
            now = find_video(opened, 1).path
        aim = here / ("one", "two")[k % 2] / now.name
        aim.parent.mkdir(exist_ok=True)
        if now.exists():
            now.replace(aim)
        relinking.relink(Path(study).resolve(), [here.resolve()])
        say(str(k))


def track(say: Say, study: str, video: str, workers: int) -> None:
    """Track a film with workers."""
    done = track_video(study, video, 2, workers=workers)
    say("already" if done.skipped else "tracked")
