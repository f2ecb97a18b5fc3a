"""Track one video into a study: the same work for the command line and for the pages.

What is under way lies in `shards/` inside the study. A killed job goes on from there, and one
short transaction at the end puts the whole run into the database.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2

from app.jobs.network_work import Way
from app.jobs.progress import Progress
from app.jobs.tracking_alone import alone
from app.jobs.tracking_ready import Ask, looked_at, prepare, tracked_meanwhile
from app.jobs.tracking_store import store
from app.jobs.tracking_summary import TrackSummary
from app.jobs.tracking_task import (
    SEGMENTER,
    Chosen,
    Finished,
    OnProgress,
    OnSettings,
    Task,
    quiet,
)
from app.jobs.tracking_work import Work
from app.setting_up.arenas import spoken_arenas
from tracking.identities.evidence import AUTO
from tracking.networks.running.association import OWN

__all__ = ["Ask", "Chosen", "Progress", "TrackSummary", "track_as_asked", "track_video"]


def track_video(
    study_folder: Path | str,
    video_path: Path | str,
    n_animals: int | None,
    *,
    settings: dict[str, Any] | None = None,
    workers: int = 1,
    force: bool = False,
    name: str | None = None,
    arenas: str | None = None,
    identification: str = AUTO,
    like: str | None = None,
    segmenter: str = SEGMENTER,
    weights: str | None = None,
    device: str = "auto",
    association: str = OWN,
    progress: OnProgress | None = None,
    on_settings: OnSettings | None = None,
    on_arenas: Callable[[str], None] | None = None,
) -> TrackSummary:
    """Track a video and store the run; goes on where an interrupted job stopped.

    ``settings`` are set by hand and leave the others to be tuned; ``on_settings`` hears of all of
    them before the long work begins, ``on_arenas`` of the arenas in words. A video that is tracked
    already in the same way is skipped, and tracked in another way is refused, unless ``force`` is
    set. ``name`` renames a known video. ``arenas`` are regions to be tracked each on its own, as
    ``chosen_arenas`` takes them; then ``n_animals`` may be left out for one in each.
    ``identification`` is how animals are told apart by what they look like: auto, contrastive,
    descriptors or off. ``like`` names a run of the study (or its folder) whose film, arenas,
    settings and identification are taken; the same film gives the same tracks again.
    ``segmenter`` yolo finds animals by the network in ``weights`` (a file, or the name of one of
    the study) on ``device``. ``association`` bytetrack or botsort follows them with a tracker of
    ultralytics, for comparison.
    """
    ask = Ask(
        n_animals, settings or {}, force, name, arenas, identification, like,
        Way(segmenter, weights, device, association),
    )  # fmt: skip
    return track_as_asked(
        study_folder, video_path, ask, workers, progress=progress, on_settings=on_settings,
        on_arenas=on_arenas,
    )  # fmt: skip


def track_as_asked(
    study_folder: Path | str, video_path: Path | str, ask: Ask, workers: int = 1, *,
    progress: OnProgress | None = None, on_settings: OnSettings | None = None,
    on_arenas: Callable[[str], None] | None = None,
) -> TrackSummary:  # fmt: skip
    """``track_video`` with what is wanted in one piece."""
    ask.check()
    report = progress or quiet
    report(Progress("probe"))
    started, begun = datetime.now(UTC), time.perf_counter()
    ready = prepare(study_folder, looked_at(video_path), ask, workers)
    if isinstance(ready, TrackSummary):
        return ready
    if ready.task.arenas and on_arenas:
        on_arenas(spoken_arenas(ready.task.arenas))
    with alone(ready.task):
        meanwhile = tracked_meanwhile(ready)
        if meanwhile is not None:
            return meanwhile
        done = _work(ready.task, report, on_settings or quiet, started)
        return store(ready, done, time.perf_counter() - begun)


def _work(task: Task, report: OnProgress, on_settings: OnSettings, started: datetime) -> Finished:
    """Do the work in its own folder; a folder in which nothing could be begun is taken away."""
    task.place.mkdir(exist_ok=True)
    threads = cv2.getNumThreads()
    # crops are small: OpenCV's own threads wait for each other and burn a fifth of all CPU time
    cv2.setNumThreads(1)
    try:
        done = Work(task, report, on_settings).run(started)
        report(Progress("store", task.info.n_frames, task.info.n_frames))
    finally:
        cv2.setNumThreads(threads)
        if not any(task.place.iterdir()):
            task.place.rmdir()
    return done
