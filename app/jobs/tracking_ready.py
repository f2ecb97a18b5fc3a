"""What is to be done with a video, compared with what the study has of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app import __version__
from app.errors import AppError
from app.jobs.like import Like, read_like
from app.jobs.network_work import Way
from app.jobs.tracking_alone import clear_left
from app.jobs.tracking_summary import TrackSummary, summary_of
from app.jobs.tracking_task import SEGMENTER, Task, asked_for
from app.setting_up.arenas import arenas_of, chosen_arenas
from storage.regions import Region, regions
from storage.runs import Run, active_run
from storage.study import Study, is_study, open_study
from storage.videos import (
    Video,
    add_video,
    check_name,
    find_video,
    rename_video,
    videos,
)
from tracking.errors import TrackingError
from tracking.identities.evidence import AUTO, chosen_method
from tracking.networks.running.association import checked
from tracking.subtraction.tuning import usable_settings
from tracking.video import VideoInfo, probe


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
            clear_left(task)
        return done
    return Ready(folder, task, ask, before[1] if before else None, places, name)


def tracked_meanwhile(ready: Ready) -> TrackSummary | None:
    """What another process has just finished, if it was this very video."""
    with open_study(ready.folder) as study:
        now = _tracked_before(study, ready.task.info)
    if now and (ready.before is None or now[1].run_id != ready.before.run_id):
        return _already(ready.folder, *now, ready.task.asked, ready.ask.name)
    return None


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
    place = place_of(folder, info, asked)
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
    place = place_of(folder, info, {**asked, "like": like.run_id})
    return Task(
        info, like.n_animals, settings, place, workers, arenas, told, like if same else None,
        network, association,
    )  # fmt: skip


def _tracked_before(study: Study, info: VideoInfo) -> tuple[Video, Run] | None:
    """The video as the study knows it and its run, if it is tracked; a new place is noted."""
    if not any(video.content_hash == info.content_hash for video in videos(study)):
        return None
    video = add_video(study, info) if study.writable else find_video(study, info.content_hash)
    run = active_run(study, video.video_id)
    return (video, run) if run else None


def _arena_regions(study: Study, info: VideoInfo, asked: str | None) -> list[Region]:
    """The regions of this video to be tracked each on its own; none for the whole picture."""
    known = next((one for one in videos(study) if one.content_hash == info.content_hash), None)
    return chosen_arenas(regions(study, known.video_id) if known else [], asked)


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
    return summary_of(video, run, 0.0, skipped=True)


def place_of(study: Path, info: VideoInfo, asked: dict[str, Any]) -> Path:
    """The folder for work on this video in this way: the same command finds it again."""
    way = json.dumps([asked, __version__], sort_keys=True)
    key = f"{info.content_hash[:16]}-{hashlib.blake2b(way.encode(), digest_size=6).hexdigest()}"
    return study / "shards" / key
