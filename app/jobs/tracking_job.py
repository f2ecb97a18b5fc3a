"""Track one video into a study: the same work for the command line and for the pages.

What is under way lies in `shards/` inside the study. A killed job goes on from there, and one
short transaction at the end puts the whole run into the database.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from app import __version__
from app.errors import AppError
from app.jobs.arena_notes import empty_ones, in_arenas, nothing_in
from app.jobs.like import Like, read_like
from app.jobs.network_work import Way
from app.jobs.tracking_work import (
    SEGMENTER,
    Chosen,
    Finished,
    OnProgress,
    OnSettings,
    Progress,
    Task,
    Work,
    asked_for,
)
from app.keeping.run_list import way_back
from app.setting_up.arenas import arenas_of, chosen_arenas, spoken_arenas
from app.setting_up.region_files import put_regions
from storage.bouts import analysed_bouts
from storage.edit_tracks import standing_corrections
from storage.identity_tables import IDENTITIES
from storage.regions import Region, regions
from storage.runs import Run, active_run, ingest_run
from storage.study import Study, is_study, open_study
from storage.videos import (
    Video,
    add_video,
    animal_names,
    check_name,
    find_video,
    rename_video,
    videos,
)
from tracking.errors import TrackingError
from tracking.identities.evidence import AUTO, chosen_method
from tracking.networks.running.association import OWN, checked
from tracking.subtraction.tuning import usable_settings
from tracking.video import VideoInfo, probe

__all__ = ["Chosen", "Progress", "TrackSummary", "track_video"]

FEW_SEEN = 0.5  # a smaller share of animals found is worth a warning


@dataclass(frozen=True)
class TrackSummary:
    """What a job did."""

    video: str
    run_id: str
    frames: int
    seconds: float  # of this session
    share_detected: float  # of all (frame, animal) pairs, 0 to 1
    settings: dict[str, Any]
    skipped: bool = False
    tuning: dict[str, float] = field(default_factory=dict)  # score and its parts, 0 to 1
    warnings: list[str] = field(default_factory=list)
    new_frames: int = 0  # segmented in this session
    removed_bouts: dict[str, int] = field(default_factory=dict)  # by saved analysis
    doubtful: int = 0  # places that a person should look at


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


@dataclass(frozen=True)
class Ask:
    """What a person wants of a video; the parameters of ``track_video``."""

    n_animals: int | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    force: bool = False
    name: str | None = None
    arenas: str | None = None
    identification: str = AUTO
    like: str | None = None
    way: Way = field(default_factory=Way)
    name_if_new: str | None = None  # what to call a video that the study does not know

    def check(self) -> None:
        """Refuse what can be refused before any file is opened."""
        if self.n_animals is not None and self.n_animals < 1:
            raise AppError(f"{self.n_animals} animals cannot be tracked. Give 1 or more.")
        if self.way.segmenter == SEGMENTER and self.like is None:
            usable_settings(self.settings)
        chosen_method(self.identification)
        self.way.check()


def track_as_asked(
    study_folder: Path | str, video_path: Path | str, ask: Ask, workers: int = 1, *,
    progress: OnProgress | None = None, on_settings: OnSettings | None = None,
    on_arenas: Callable[[str], None] | None = None,
) -> TrackSummary:  # fmt: skip
    """``track_video`` with what is wanted in one piece."""
    ask.check()
    report = progress or _quiet
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
        done = _work(ready.task, report, on_settings or _quiet, started)
        return store(ready, done, time.perf_counter() - begun)


@dataclass(frozen=True)
class Ready:
    """A video that is to be tracked, looked at and compared with what the study has of it."""

    folder: Path  # of the study
    task: Task
    ask: Ask
    before: Run | None  # that the new one replaces
    regions: list[Region] = field(default_factory=list)
    name: str | None = None  # what the video is to be called


def looked_at(path: Path | str) -> VideoInfo:
    """The facts of a video file; TrackingError where it cannot be tracked."""
    info = probe(path)
    if info.n_frames < 2:
        raise TrackingError(f"{info.path} has 1 frame. Tracking needs a video of 2 frames or more.")
    return info


def prepare(
    study_folder: Path | str, info: VideoInfo, ask: Ask, workers: int = 1, *, create: bool = True
) -> Ready | TrackSummary:
    """What is to be done with a video, or what was done, where it is tracked already.

    Without ``create`` nothing is written, and there need not be a study yet.
    """
    name, before = ask.name, None
    places = [] if create or ask.like else chosen_arenas([], ask.arenas)
    folder = Path(study_folder).expanduser().resolve()
    if create or is_study(folder):
        with open_study(folder, create=create) as study:
            if name is not None:
                check_name(study, name, info.content_hash)
            known = {video.content_hash for video in videos(study)}
            if name is None and info.content_hash not in known:
                name = ask.name_if_new
            before = _tracked_before(study, info)
            places = [] if ask.like else _arena_regions(study, info, ask.arenas)
    if ask.like is not None:
        task = _task_like(folder, info, read_like(folder, ask.like), workers, ask.way)
    else:
        task = _task(
            folder, info, ask.n_animals, ask.settings, workers, places, ask.identification, ask.way
        )
    if before and not ask.force:
        done = _already(folder, *before, task.asked, ask.name)
        if create:
            _clear_left(task)
        return done
    return Ready(folder, task, ask, before[1] if before else None, places, name)


def _clear_left(task: Task) -> None:
    """Take away work that was killed after its run was stored, unless somebody is at it."""
    if task.place.is_dir():
        with suppress(AppError), alone(task):
            shutil.rmtree(task.place)


def tracked_meanwhile(ready: Ready) -> TrackSummary | None:
    """What another process has just finished, if it was this very video."""
    with open_study(ready.folder) as study:
        now = _tracked_before(study, ready.task.info)
    if now and (ready.before is None or now[1].run_id != ready.before.run_id):
        return _already(ready.folder, *now, ready.task.asked, ready.ask.name)
    return None


def store(ready: Ready, done: Finished, seconds: float) -> TrackSummary:
    """Put a finished run into the study, in one short transaction, and say how it went."""
    few = _check_found(ready.task, done, ready.before)
    doubtful = sum(pq.read_metadata(file).num_rows for file in done.tables.doubts)
    video, stored, removed, past = _store(ready.folder, ready.task, ready.name, done, ready.regions)
    return _summary(
        video, stored, seconds, warnings=[*done.warnings, *few, *past],
        new_frames=done.new_frames, removed_bouts=removed, doubtful=doubtful,
    )  # fmt: skip


def _task(
    folder: Path, info: VideoInfo, n_animals: int | None, settings: dict[str, Any], workers: int,
    places: Sequence[Region], identification: str, way: Way,
) -> Task:  # fmt: skip
    """What was asked for, as a task with its own place."""
    network = way.network(folder, settings)
    arenas = arenas_of(places, (info.width, info.height), n_animals) if places else None
    n_animals = arenas.n_animals if arenas else n_animals
    if n_animals is None:
        raise AppError(
            f"Say how many animals {info.path.name} shows, as in --animals 2; or draw arenas on "
            "it, or give --arenas, for one animal in each."
        )
    way.check_arenas(arenas)
    asked = asked_for(n_animals, settings, arenas, identification, network, way.follower)
    place = _place(folder, info, asked)
    return Task(
        info, n_animals, settings, place, workers, arenas, identification, None, network,
        way.follower,
    )  # fmt: skip


def _task_like(folder: Path, info: VideoInfo, like: Like, workers: int, way: Way) -> Task:
    """The same again for the same film; for another one, with the settings found there."""
    network = way.network_like(folder, like.network)
    association = checked(like.asked.get("association", way.association))
    arenas = like.arenas(info.width, info.height)
    same = like.content_hash == info.content_hash
    settings = like.by_hand if same else like.settings
    told = like.asked.get("identification", AUTO)
    if not same:
        told = "off" if like.method == "none" else like.method
    asked = asked_for(like.n_animals, settings, arenas, told, network, association)
    place = _place(folder, info, {**asked, "like": like.run_id})
    return Task(
        info, like.n_animals, settings, place, workers, arenas, told, like if same else None,
        network, association,
    )  # fmt: skip


def _quiet(_: object) -> None:
    """News that nobody listens to."""


def _tracked_before(study: Study, info: VideoInfo) -> tuple[Video, Run] | None:
    """The video as the study knows it and its run, if it is tracked; a new place is noted."""
    if not any(video.content_hash == info.content_hash for video in videos(study)):
        return None
    video = add_video(study, info) if study.writable else find_video(study, info.content_hash)
    run = active_run(study, video.video_id)
    return (video, run) if run else None


@contextmanager
def alone(task: Task) -> Iterator[None]:
    """Let one process at a time do this work; the file of its lock goes when it ends.

    Locks are taken and their files removed under one guard, else a process could lock a file
    that another is just removing.
    """
    task.place.parent.mkdir(exist_ok=True)
    guard = FileLock(task.place.with_name(".lock"))
    file = task.place.with_name(f".{task.place.name}.lock")
    mine = FileLock(file, timeout=0)
    try:
        with guard:
            mine.acquire()
    except Timeout as error:
        raise AppError(
            f"{task.info.path} is being tracked into this study by another process. Wait for it "
            "to end."
        ) from error
    try:
        yield
    finally:
        with guard:
            mine.release()
            file.unlink(missing_ok=True)


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


def _check_found(task: Task, done: Finished, before: Run | None) -> list[str]:
    """Refuse a run that found nothing, and warn of one that found little."""
    found = np.zeros(task.n_animals)
    for file in done.tables.tracks:
        column = pq.read_table(file, columns=["detected"])["detected"].to_numpy()
        found += column.reshape(-1, task.n_animals).sum(0)
    found /= max(task.info.n_frames, 1)
    share = float(found.mean())
    if share == 0:
        shutil.rmtree(task.place)
        kept = "the tracks from before are kept" if before else "nothing is stored"
        raise AppError(
            f"No animal was found in any frame of {task.info.path}, so {kept}. Check --animals and "
            "what --set sets by hand."
        )
    empty = empty_ones(task.arenas, found) if task.arenas else []
    said = [nothing_in(empty)] if empty else []
    if task.arenas:  # empty ones say nothing of the others
        share = float(found[~in_arenas(task.arenas, empty)].mean())
    if share >= FEW_SEEN:
        return said
    was = f" ({before.share_detected or 0:.1%} in the run this one replaces)" if before else ""
    return [
        *said,
        f"the animals were found in only {share:.1%} of the frames{was}: look at the tracks before "
        "you use them, and check --animals and --set.",
    ]


def _store(
    folder: Path, task: Task, name: str | None, done: Finished, arenas: Sequence[Region] = ()
) -> tuple[Video, Run, dict[str, int], list[str]]:
    """Put the finished run into the study, and take the work in progress away."""
    run, tables = done.run, done.tables
    _keep(folder, task.place, run)
    with open_study(folder, write=True) as study:
        video = add_video(study, task.info, name)
        removed = analysed_bouts(study, video.video_id)
        past = _past_corrections(study, video)
        names = _kept_names(study, video, task)
        _keep_arenas(study, video, arenas)
        stored = ingest_run(
            study, video.video_id, run, tables.tracks, tables.masks, tables.keypoints, names,
            {name: getattr(tables, name) for name in IDENTITIES},
        )  # fmt: skip
    shutil.rmtree(task.place)
    return video, stored, removed, past


def _past_corrections(study: Study, video: Video) -> list[str]:
    """What to say when tracks go that a person has corrected."""
    number = standing_corrections(study, video.video_id)
    if not number:
        return []
    which = "1 correction by hand was" if number == 1 else f"{number} corrections by hand were"
    return [
        f"{which} of the old tracks and went with them; `ethoscribe edit list` says what they "
        f"were. To bring them back: {way_back(study.folder, video.name)}."
    ]


def _kept_names(study: Study, video: Video, task: Task) -> list[str] | None:
    """The names given to this video's animals before, if they are still as many in the same
    arenas; else they are called like their arenas."""
    run = active_run(study, video.video_id)
    asked = run.settings.get("asked", {}) if run else {}
    before = [row[:2] for row in asked.get("arenas", [])]
    now = [[place.name, place.n_animals] for place in task.arenas.places] if task.arenas else []
    names = [name for _, name in sorted(animal_names(study, video.video_id).items())]
    if before == now and len(names) == task.n_animals:
        return names
    return task.arenas.names if task.arenas else None


def _arena_regions(study: Study, info: VideoInfo, asked: str | None) -> list[Region]:
    """The regions of this video to be tracked each on its own; none for the whole picture."""
    known = next((one for one in videos(study) if one.content_hash == info.content_hash), None)
    return chosen_arenas(regions(study, known.video_id) if known else [], asked)


def _keep_arenas(study: Study, video: Video, arenas: Sequence[Region]) -> None:
    """Draw the arenas that came from a file on the video, as an edit that can be taken back."""
    drawn = regions(study, video.video_id)
    new = [one for one in arenas if one not in drawn]
    if new:
        put_regions(study, video, new)


def _already(
    folder: Path, video: Video, run: Run, asked: dict[str, Any], name: str | None
) -> TrackSummary:
    if run.settings.get("asked") != asked:
        raise AppError(
            f"{video.name} is tracked already, with {run.n_animals} animals and other settings. "
            "--force tracks it anew and replaces that."
        )
    if name is not None and name != video.name:
        with open_study(folder, write=True) as study:
            rename_video(study, video.video_id, name)
            video = find_video(study, video.video_id)
    return _summary(video, run, 0.0, skipped=True)


def _summary(video: Video, run: Run, seconds: float, **more: Any) -> TrackSummary:
    about = ("asked", "tuning", "identification", "content_hash", "network", "association")
    chosen = {key: value for key, value in run.settings.items() if key not in about}
    share, tuning = float(run.share_detected or 0.0), run.settings.get("tuning", {})
    return TrackSummary(
        video.name, run.run_id, video.n_frames, seconds, share, chosen, tuning=tuning, **more
    )


def _place(study: Path, info: VideoInfo, asked: dict[str, Any]) -> Path:
    """The folder for work on this video in this way: the same command finds it again."""
    way = json.dumps([asked, __version__], sort_keys=True)
    key = f"{info.content_hash[:16]}-{hashlib.blake2b(way.encode(), digest_size=6).hexdigest()}"
    return study / "shards" / key


def _keep(study: Path, place: Path, run: Run) -> None:
    """Keep the picture of the empty arena and the settings beside the database."""
    kept = study / "runs" / run.run_id
    kept.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(place / "background.png", kept / "background.png")
    (kept / "settings.json").write_text(json.dumps(run.settings, indent=2) + "\n")
