"""The steps of tracking one video, as any process on any machine can do them.

A pool on this machine and the workers of a cluster call the very same functions. They write into
the folder of the work, beside the study, and never open the study itself: one process writes that.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import cv2

from app import __version__
from app.errors import AppError
from app.jobs.clock import cpu_seconds
from app.jobs.planning import Plan, plan_file
from app.jobs.tracking_ready import looked_at
from app.jobs.tracking_task import Chosen, Finished, Task, quiet
from app.jobs.tracking_work import Work, notes_of
from tracking.identities.crops import CropPlan
from tracking.segmenting import Part, segment_chunk
from tracking.video import VideoInfo

_mine = threading.local()  # what this thread holds of the video that it works on


@dataclass(frozen=True)
class Done:
    """What a step gave, and what it took."""

    value: Any
    seconds: float
    cpu_s: float
    worker: str  # host and process


@dataclass(frozen=True)
class Planned:
    """What is decided before the long work."""

    chosen: Chosen
    crops: CropPlan | None


@dataclass(frozen=True)
class Segmented:
    """What finding the animals in a chunk gave."""

    frames: int
    notes: list[str]  # what a person should hear of, such as too little memory


def work(program: str, step: Callable[..., Any], *arguments: Any) -> Done:
    """Do a step, if this program is the one that asks for it."""
    if program != __version__:
        raise AppError(
            f"The worker {worker_name()} has Ethoscribe {__version__}, and {program} asks it to "
            "work: install the same version on all machines."
        )
    cv2.setNumThreads(1)
    start, cpu = time.perf_counter(), cpu_seconds()
    value = step(*arguments)
    return Done(value, time.perf_counter() - start, cpu_seconds() - cpu, worker_name())


def worker_name() -> str:
    """Where this process runs, for a person: host and process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def look(path: Path) -> VideoInfo:
    """The facts of a video file."""
    if not path.exists() and not path.parent.exists():
        raise AppError(_unseen(path.parent))
    return looked_at(path)


def plan(task: Task) -> Planned:
    """Choose the settings that suit the video, unless that was done before."""
    _check_place(task)
    ready = _work(task)
    made, chosen = ready.planned()
    return Planned(chosen, ready.part(made).plan)


def segment(task: Task, start: int, stop: int) -> Segmented:
    """Write the shard of the frames `start` to `stop` (exclusive)."""
    part = _held(task)[2]
    frames = segment_chunk(part, start, stop)
    return Segmented(frames, notes_of(part))


def identify(task: Task, started: datetime) -> Finished:
    """Find identities over all shards and write the tables beside them."""
    ready, made, _ = _held(task)
    warnings = ready.planned()[1].warnings
    return ready.finished(made, ready.identified(made), started, warnings)


def _held(task: Task) -> tuple[Work, Plan, Part]:
    """What this thread needs for the video: made once, for a network takes seconds to load.

    The plan itself is the key: work that was thrown away and begun anew is another plan.
    """
    _check_place(task)
    key = (str(task.place), plan_file(task.place).read_text(encoding="utf-8"))
    if getattr(_mine, "key", None) != key:
        ready = _work(task)
        made, _ = ready.planned()
        _mine.key, _mine.held = key, (ready, made, ready.part(made))
    held: tuple[Work, Plan, Part] = _mine.held
    return held


def _work(task: Task) -> Work:
    return Work(task, quiet, quiet, elsewhere=True)  # whoever counts the steps tells


def _check_place(task: Task) -> None:
    if not task.place.is_dir():
        raise AppError(_unseen(task.place))


def _unseen(folder: Path) -> str:
    return (
        f"The worker {worker_name()} does not see {folder}: the study and the videos must lie on "
        "a drive that all machines share, under the same path."
    )
