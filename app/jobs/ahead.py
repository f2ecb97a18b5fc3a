"""What tracking would do and how long it would take: looked up, measured, and nothing changed."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from app.errors import known_errors, one_line
from app.jobs.about_videos import About
from app.jobs.folders import Found
from app.jobs.progress import as_clock
from app.jobs.spelled import spell_settings
from app.jobs.tracking_ready import Ask, looked_at, prepare
from app.jobs.tracking_summary import TrackSummary
from app.jobs.tracking_task import SEGMENTER, Task
from app.jobs.tracking_work import Work
from storage.runs import Run, runs
from storage.study import is_study, open_study
from storage.videos import videos
from tracking.reading.ahead import read_batches
from tracking.segmenting import missing_chunks
from tracking.shards import chunk_bounds

PROBED_FRAMES = 100  # of the first video, where no run in the study tells the speed
THEN = 1.2  # identities and storing, beside finding the animals, where that was not measured


@dataclass(frozen=True)
class VideoPlan:
    """What would be done with one video."""

    path: Path
    frames: int = 0
    chunks: int = 0
    chunks_done: int = 0
    state: str = "to do"  # to do, goes on, tracked, fails
    settings: str = ""
    error: str = ""
    pixels: int = 0  # of a picture
    task: Task | None = None

    @property
    def frames_left(self) -> float:
        """Frames that are to be looked at."""
        return self.frames * (1 - self.chunks_done / self.chunks) if self.chunks else 0.0


@dataclass(frozen=True)
class Estimate:
    """How fast one process would be, and how that is known."""

    seconds_per_pixel: float  # and frame
    seconds_per_video: float
    source: str


def look_ahead(study: Path, wishes: Sequence[tuple[Found, Ask]]) -> list[VideoPlan]:
    """What would be done with each video, in order."""
    seen: dict[str, Path] = {}
    return [_look(study, one, replace(ask, name=None), seen) for one, ask in wishes]


def _look(study: Path, one: Found, ask: Ask, seen: dict[str, Path]) -> VideoPlan:
    try:
        info = looked_at(one.path)
        twin = seen.setdefault(info.content_hash, one.path)
        if twin != one.path:
            return VideoPlan(one.path, state="fails", error=f"the same film as {twin}")
        known = prepare(study, info, ask, create=False)
    except Exception as error:
        if not isinstance(error, known_errors()):
            raise
        return VideoPlan(one.path, state="fails", error=one_line(error))
    chunks = chunk_bounds(info)
    plan = VideoPlan(one.path, info.n_frames, len(chunks), pixels=info.width * info.height)
    if isinstance(known, TrackSummary):
        return replace(plan, chunks_done=len(chunks), state="tracked", settings=known.run_id)
    task = known.task
    begun = (task.place / "plan.json").exists()
    missing = missing_chunks(info, task.place) if begun else chunks
    done = len(chunks) - len(missing)
    state = "goes on" if begun else "tracked anew" if known.before else "to do"
    asked = {k: v for k, v in task.asked.items() if not isinstance(v, list | dict)}
    return replace(plan, chunks_done=done, state=state, settings=spell_settings(asked), task=task)


def estimate(study: Path, plans: Sequence[VideoPlan]) -> Estimate | None:
    """The speed of one process: of runs in the study, else measured on the first video."""
    todo = next((plan for plan in plans if plan.task is not None), None)
    if todo is None or todo.task is None:
        return None
    known = _measured_before(study, SEGMENTER if todo.task.network is None else "yolo")
    return known or _measured_now(todo.task, todo.path)


def _measured_before(study: Path, segmenter: str) -> Estimate | None:
    if not is_study(study):
        return None
    with open_study(study) as opened:
        sizes = {one.video_id: one.width * one.height * one.n_frames for one in videos(opened)}
        found = [run for run in runs(opened) if run.segmenter == segmenter]
    speeds = [work_seconds(run) / sizes[run.video_id] for run in found if run.video_id in sizes]
    speeds = [speed for speed in speeds if speed > 0]
    if not speeds:
        return None
    noun = "run" if len(speeds) == 1 else "runs"
    return Estimate(median(speeds), 0.0, f"as {len(speeds)} {noun} in this study took")


def work_seconds(run: Run) -> float:
    """How long one core, or the GPU, worked for a run, s."""
    stages = [float(run.timings.get(f"{name}_s", 0.0)) for name in ("tune", "segment", "identify")]
    return float(run.timings.get("cpu_s", 0.0)) if run.segmenter == SEGMENTER else sum(stages)


def _measured_now(task: Task, path: Path) -> Estimate | None:
    """Choose settings for a video and find the animals in a few frames, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        work = Work(replace(task, place=Path(folder)), _quiet, _quiet, elsewhere=True)
        begun = time.perf_counter()
        try:
            plan, _ = work.planned()
            part = work.part(plan)
            tuned = time.perf_counter()
            start = max(0, (task.info.n_frames - PROBED_FRAMES) // 2)
            stop = min(start + PROBED_FRAMES, task.info.n_frames)
            for batch in read_batches(task.info, [(start, stop)]):
                part.segmenter.segment(batch)
        except Exception as error:
            if not isinstance(error, known_errors()):
                raise
            return None
    pixels = task.info.width * task.info.height * (stop - start)
    per_pixel = THEN * (time.perf_counter() - tuned) / pixels
    return Estimate(per_pixel, tuned - begun, f"as measured on {path.name}")


def plan_text(plans: Sequence[VideoPlan], workers: int, about: About, study: Path) -> str:
    """The plan as a table for people, with the sum and the time under it."""
    rows: list[tuple[str, ...]] = [("video", "frames", "chunks", "done", "state", "settings")]
    for plan in plans:
        numbers = [f"{n}" for n in (plan.frames, plan.chunks, plan.chunks_done)]
        blank = ["", "", ""] if plan.error else numbers
        rows.append((str(plan.path), *blank, plan.state, plan.error or plan.settings))
    widths = [max(len(row[k]) for row in rows) for k in range(5)]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(row[k].rjust(widths[k]) for k in (1, 2, 3))]
        lines.append("  ".join([*cells, row[4].ljust(widths[4]), row[5]]).rstrip())
    return "\n".join([*lines, "", *_sums(plans, workers, study), *_known(about)])


def _sums(plans: Sequence[VideoPlan], workers: int, study: Path) -> list[str]:
    todo = [plan for plan in plans if plan.task is not None]
    frames = sum(plan.frames for plan in plans)
    chunks = sum(plan.chunks - plan.chunks_done for plan in todo)
    lines = [
        f"{len(plans)} videos, {frames} frames: {len(todo)} to do ({chunks} chunks), "
        f"{sum(plan.state == 'tracked' for plan in plans)} tracked before, "
        f"{sum(bool(plan.error) for plan in plans)} that cannot be tracked"
    ]
    speed = estimate(study, plans)
    if speed is None:
        return lines
    works = [
        plan.pixels * plan.frames_left * speed.seconds_per_pixel + speed.seconds_per_video
        for plan in todo
    ]
    seconds = sum(works) / max(workers, 1)
    processes = "1 process" if workers == 1 else f"{workers} processes"
    return [*lines, f"about {as_clock(seconds)} with {processes}, {speed.source}"]


def _known(about: About) -> list[str]:
    """Which metadata would be kept."""
    names = {name for one in about.found for name in one.facts}
    names |= {str(name) for rows in about.rows.values() for name in rows.columns}
    return [f"metadata: {', '.join(sorted(names))}"] if names else []


def _quiet(_: object) -> None:
    """Nobody listens."""
