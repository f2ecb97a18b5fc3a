"""Track one video into a study: the same work for the command line and for the pages.

What is under way lies in `shards/` inside the study: the settings chosen first, then a shard per
chunk. A killed job goes on from there, and one short transaction at the end puts the whole run into
the database.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from filelock import FileLock, Timeout

from app import __version__
from app.errors import AppError
from storage.runs import Run, active_run, ingest_run
from storage.study import Study, open_study
from storage.videos import Video, add_video, animal_names, find_video, videos
from tracking.background import BackgroundSegmenter, BackgroundSettings
from tracking.errors import TrackingError
from tracking.pipeline import Tables, identify_video
from tracking.segmenting import segment_video
from tracking.tuning import tune, usable_settings
from tracking.video import VideoInfo, probe

SEGMENTER = "background"
LIBRARIES = ("av", "duckdb", "numpy", "opencv-python-headless", "scipy")


@dataclass(frozen=True)
class Progress:
    """How far a job is; ``frames_per_s`` is the speed of the present stage."""

    stage: str  # probe, tune, segment, identify or store
    done: int = 0
    total: int = 0
    frames_per_s: float = 0.0
    message: str = ""


@dataclass(frozen=True)
class TrackSummary:
    """What a job did."""

    video: str
    run_id: str
    frames: int
    seconds: float
    share_detected: float
    settings: dict[str, Any]
    skipped: bool = False


OnProgress = Callable[[Progress], None]


def track_video(
    study_folder: Path | str,
    video_path: Path | str,
    n_animals: int,
    *,
    settings: dict[str, Any] | None = None,
    workers: int = 1,
    force: bool = False,
    name: str | None = None,
    progress: OnProgress | None = None,
) -> TrackSummary:
    """Track a video and store the run; goes on where an interrupted job stopped.

    ``settings`` are set by hand and leave the others to be tuned. A video that is tracked already
    in the same way is skipped, and tracked in another way is refused, unless ``force`` is set.
    """
    if n_animals < 1:
        raise AppError(f"{n_animals} animals cannot be tracked. Give 1 or more.")
    report = progress or _quiet
    report(Progress("probe"))
    started, begun = datetime.now(UTC), time.perf_counter()
    usable_settings(settings or {})
    info = probe(video_path)
    if info.n_frames < 2:
        raise TrackingError(f"{info.path} has 1 frame. Tracking needs a video of 2 frames or more.")
    asked = {"n_animals": n_animals, **(settings or {})}
    with open_study(study_folder, create=True) as study:
        folder = study.folder
        before = _tracked_before(study, info)
    if before and not force:
        return _already(*before, asked)
    place = _place(folder, info, asked)
    try:
        with FileLock(place.with_name(f".{place.name}.lock"), timeout=0):
            with open_study(folder) as study:
                now = _tracked_before(study, info)
            if now and (before is None or now[1].run_id != before[1].run_id):
                return _already(*now, asked)  # another process has just finished this
            run = _run(info, n_animals, settings or {}, asked, place, workers, report, started)
            video, stored = _store(folder, info, name, run, place)
    except Timeout as error:
        raise AppError(
            f"{info.path} is being tracked into this study by another process. Wait for it to end."
        ) from error
    seconds = time.perf_counter() - begun
    share = float(stored.share_detected or 0.0)
    return TrackSummary(
        video.name, stored.run_id, info.n_frames, seconds, share, _chosen(stored.settings)
    )


def _tracked_before(study: Study, info: VideoInfo) -> tuple[Video, Run] | None:
    """The video as the study knows it and its run, if it is tracked; a new place is noted."""
    if not any(video.content_hash == info.content_hash for video in videos(study)):
        return None
    video = add_video(study, info) if study.writable else find_video(study, info.content_hash)
    run = active_run(study, video.video_id)
    return (video, run) if run else None


def _run(
    info: VideoInfo, n_animals: int, settings: dict[str, Any], asked: dict[str, Any], place: Path,
    workers: int, report: OnProgress, started: datetime,
) -> tuple[Run, Tables]:  # fmt: skip
    """Do the work in its own folder; a folder in which nothing could be begun is taken away."""
    place.mkdir(exist_ok=True)
    threads = cv2.getNumThreads()
    # crops are small: OpenCV's own threads wait for each other and burn a fifth of all CPU time
    cv2.setNumThreads(1)
    try:
        done = _Job(info, n_animals, settings, asked, place, workers, report).run(started)
        report(Progress("store", info.n_frames, info.n_frames))
    finally:
        cv2.setNumThreads(threads)
        if not any(place.iterdir()):
            place.rmdir()
    return done


def _store(
    folder: Path, info: VideoInfo, name: str | None, done: tuple[Run, Tables], place: Path
) -> tuple[Video, Run]:
    """Put the finished run into the study, and take the work in progress away."""
    run, tables = done
    _keep(folder, place, run)
    with open_study(folder, write=True) as study:
        video = add_video(study, info, name)
        names = _kept_names(study, video, run.n_animals)
        stored = ingest_run(
            study, video.video_id, run, tables.tracks, tables.masks, tables.keypoints, names
        )
    shutil.rmtree(place)
    return video, stored


def _quiet(progress: Progress) -> None:
    """Progress that nobody looks at."""


def _kept_names(study: Study, video: Video, n_animals: int) -> list[str] | None:
    """The names given to this video's animals before, if they are still as many."""
    names = list(animal_names(study, video.video_id).values())
    return names if len(names) == n_animals else None


def _already(video: Video, run: Run, asked: dict[str, Any]) -> TrackSummary:
    if run.settings.get("asked") != asked:
        raise AppError(
            f"{video.name} is tracked already, with {run.n_animals} animals and other settings. "
            "--force tracks it anew and replaces that."
        )
    share = float(run.share_detected or 0.0)
    return TrackSummary(
        video.name, run.run_id, video.n_frames, 0.0, share, _chosen(run.settings), True
    )


def _chosen(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings without what else is kept of how they came about."""
    return {key: value for key, value in settings.items() if key not in ("asked", "tuning")}


def _place(study: Path, info: VideoInfo, asked: dict[str, Any]) -> Path:
    """The folder for work on this video in this way: the same command finds it again."""
    way = json.dumps([asked, __version__], sort_keys=True)
    key = f"{info.content_hash[:16]}-{hashlib.blake2b(way.encode(), digest_size=6).hexdigest()}"
    place = study / "shards" / key
    place.parent.mkdir(exist_ok=True)
    return place


def _keep(study: Path, place: Path, run: Run) -> None:
    """Keep the picture of the empty arena and the settings beside the database."""
    kept = study / "runs" / run.run_id
    kept.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(place / "background.png", kept / "background.png")
    (kept / "settings.json").write_text(json.dumps(run.settings, indent=2) + "\n")


class _Job:
    """One run over one video in its own folder."""

    def __init__(
        self, info: VideoInfo, n_animals: int, by_hand: dict[str, Any], asked: dict[str, Any],
        place: Path, workers: int, report: OnProgress,
    ) -> None:  # fmt: skip
        self.info, self.n_animals, self.by_hand = info, n_animals, by_hand
        self.asked, self.place, self.workers, self.report = asked, place, workers, report
        self.timings: dict[str, float] = {}

    def run(self, started: datetime) -> tuple[Run, Tables]:
        """Tune, segment and identify; every stage is skipped as far as it is done already."""
        settings, background, tuned = self._timed("tune", self._tuned)
        self._timed(
            "segment",
            lambda: segment_video(
                self.info,
                BackgroundSegmenter(background, settings),
                self.place,
                self.workers,
                self._ticker("segment"),
            ),
        )
        tables = self._timed(
            "identify",
            lambda: identify_video(
                self.info, self.n_animals, settings, self.place, self._ticker("identify")
            ),
        )
        versions = {"ethoscribe": __version__, **{name: version(name) for name in LIBRARIES}}
        run = Run(
            run_id=f"{started:%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}",
            segmenter=SEGMENTER,
            n_animals=self.n_animals,
            settings={**settings.to_dict(), "asked": self.asked, "tuning": tuned},
            versions=versions,
            timings={f"{stage}_s": round(seconds, 3) for stage, seconds in self.timings.items()},
            started_at=started,
            finished_at=datetime.now(UTC),
        )
        return run, tables

    def _timed(self, stage: str, work: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        try:
            return work()
        finally:
            self.timings[stage] = time.perf_counter() - start

    def _tuned(self) -> tuple[BackgroundSettings, np.ndarray, dict[str, float]]:
        """Settings and background, chosen now or by the job that was interrupted."""
        plan, picture = self.place / "plan.json", self.place / "background.png"
        if not plan.exists():
            tuning = tune(self.info, self.n_animals, self._ticker("tune"), self.by_hand)
            self._check_count(tuning.most_seen)
            settings = tuning.settings
            parts = {"score": round(tuning.score, 4)}
            parts |= {name: round(value, 4) for name, value in tuning.parts.items()}
            _write_picture(picture, tuning.background)
            chosen = {"settings": settings.to_dict(), "tuning": parts}
            temporary = plan.with_suffix(".tmp")
            temporary.write_text(json.dumps(chosen))
            temporary.replace(plan)
        stored = json.loads(plan.read_text())
        background = cv2.imread(str(picture), cv2.IMREAD_GRAYSCALE)
        if background is None:
            raise AppError(f"{picture} is damaged. Delete the folder {self.place} and track again.")
        return BackgroundSettings.from_dict(stored["settings"]), background, stored["tuning"]

    def _check_count(self, most_seen: int) -> None:
        if self.n_animals > max(2 * most_seen, most_seen + 2):
            raise TrackingError(
                f"{self.info.path} never shows more than {most_seen} animals at once, and "
                f"{self.n_animals} are to be tracked. Give the number of animals in the video."
            )

    def _ticker(self, stage: str) -> Callable[[int, int], None]:
        """Turn (done, total) into progress; what was done before does not count as speed."""
        start = time.perf_counter()
        first: list[int] = []

        def tick(done: int, total: int) -> None:
            first.append(done) if not first else None
            seconds = time.perf_counter() - start
            speed = (done - first[0]) / seconds if seconds > 0.2 else 0.0
            self.report(Progress(stage, done, total, speed))

        return tick


def _write_picture(path: Path, image: np.ndarray) -> None:
    done, data = cv2.imencode(".png", image)
    if not done:
        raise AppError(f"{path} cannot be written as a picture.")
    path.write_bytes(data.tobytes())
