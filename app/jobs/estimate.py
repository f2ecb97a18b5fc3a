"""How long tracking would take: as runs in the study took, else measured on a piece of a film.

By CPU time, so that a machine that is busy now does not change it; a network on a GPU is timed.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from app.errors import known_errors
from app.jobs.clock import cpu_seconds
from app.jobs.progress import as_clock
from app.jobs.tracking_task import SEGMENTER, Task, quiet
from app.jobs.tracking_work import Work
from storage.runs import Run, runs
from storage.study import is_study, open_study
from storage.videos import videos
from tracking.reading.ahead import read_batches
from tracking.threads import cores

PROBED_FRAMES = 100  # of the first video, where no run in the study tells the speed
# Identities, beside finding the animals, where that was not measured: 1.2 times as much for one
# animal; for several it was 1.2 (two flies) to 7 (three mice in contact), by how often they touch.
THEN, THEN_SEVERAL = (1.2, 1.2), (1.2, 7.0)
START_S, START_CREW_S = 1.5, 3.0  # this process; and those that work beside it
STORE_S = 0.4  # a video
ALIKE = math.log(1.5)  # pictures whose sizes differ by less


@dataclass(frozen=True)
class ToDo:
    """What is left of one video."""

    pixels: float  # of all its frames that are left
    chunks: int  # that can be done side by side
    tuned: bool = False  # its settings are chosen

    def seconds(self, speed: Estimate, share: float) -> tuple[float, float]:
        """Of one process: what is the same for each video, and finding and following animals."""
        fixed = STORE_S + (0.0 if self.tuned else speed.seconds_per_video)
        return fixed, self.pixels * speed.seconds_per_pixel * share


@dataclass(frozen=True)
class Estimate:
    """How fast one process would be, and how that is known."""

    seconds_per_pixel: float  # and frame
    seconds_per_video: float  # to choose settings
    source: str
    spread: tuple[float, float] = (1.0, 1.0)  # how much the former may vary: least and most


def estimate(study: Path, task: Task) -> Estimate | None:
    """The speed of one process: of runs in the study, else measured on this video."""
    known = _measured_before(study, task)
    return known or _measured_now(task)


def spoken_time(todo: Sequence[ToDo], speed: Estimate, workers: int, here: bool) -> str:
    """How long it takes, in words; `here` is on this machine, whose cores are counted.

    >>> speed = Estimate(1e-6, 2.0, "as measured")
    >>> spoken_time([ToDo(5e6, 2)] * 4, speed, 1, here=False)
    'about 0:31 with 1 process, as measured'
    """
    least, most = (seconds_needed(todo, speed, workers, share, here) for share in speed.spread)
    words = f"about {as_clock(least)}"
    if round(most) > round(least):
        words = f"from {as_clock(least)} to {as_clock(most)}"
    words += f" with {workers} process{'' if workers == 1 else 'es'}"
    if here and workers > cores():
        words += f" on {cores()} core{'' if cores() == 1 else 's'}"
    return f"{words}, {speed.source}"


def seconds_needed(
    todo: Sequence[ToDo], speed: Estimate, workers: int, share: float = 1.0, here: bool = True
) -> float:
    """Until all is done, if nothing else is at work: no sooner than the longest video."""
    hands = max(1, min(workers, cores()) if here else workers)
    each = [one.seconds(speed, share) for one in todo]
    longest = max(
        fixed + work / max(1, min(hands, one.chunks))
        for one, (fixed, work) in zip(todo, each, strict=True)
    )
    start = START_CREW_S if workers > 1 else START_S
    return start + max(longest, sum(fixed + work for fixed, work in each) / hands)


def _measured_before(study: Path, task: Task) -> Estimate | None:
    """As the runs took that are most like it: by the same segmenter, of as many animals at best."""
    if not is_study(study):
        return None
    segmenter = SEGMENTER if task.network is None else "yolo"
    with open_study(study) as opened:
        known = {one.video_id: one for one in videos(opened)}
        found = [run for run in runs(opened) if run.segmenter == segmenter]
    pixels = task.info.width * task.info.height
    by_likeness: dict[tuple[bool, bool], list[tuple[float, float, float]]] = {}
    for run in (one for one in found if (one.n_animals > 1) == (task.n_animals > 1)):
        tuning, work = work_seconds(run)
        if run.video_id not in known or work <= 0:
            continue
        video = known[run.video_id]
        size = video.width * video.height
        unlike = run.n_animals != task.n_animals, abs(math.log(size / pixels)) > ALIKE
        by_likeness.setdefault(unlike, []).append((tuning, work, size * video.n_frames))
    if not by_likeness:
        return None
    took = by_likeness[min(by_likeness)]
    noun = "run" if len(took) == 1 else "runs"
    return Estimate(
        median(work / size for _, work, size in took), median(tuning for tuning, _, _ in took),
        f"as {len(took)} {noun} in this study took",
    )  # fmt: skip


def work_seconds(run: Run) -> tuple[float, float]:
    """How long one core, or the GPU, chose settings for a run and did the rest of it, s."""
    tune, *rest = (
        float(run.timings.get(f"{name}_s", 0.0)) for name in ("tune", "segment", "identify")
    )
    whole = tune + sum(rest)
    if run.segmenter == SEGMENTER and whole > 0:  # CPU time, in the same proportions
        per_second = float(run.timings.get("cpu_s", 0.0)) / whole
        return tune * per_second, sum(rest) * per_second
    return tune, sum(rest)


def _measured_now(task: Task) -> Estimate | None:
    """Choose settings for a video and find the animals in a few frames, in a folder of its own."""
    clock: Callable[[], float] = cpu_seconds if task.network is None else time.perf_counter
    with tempfile.TemporaryDirectory() as folder:
        work = Work(replace(task, place=Path(folder)), quiet, quiet, elsewhere=True)
        begun = clock()
        try:
            plan, _ = work.planned()
            part = work.part(plan)
            tuned = clock()
            start = _probed_from(task)
            stop = min(start + PROBED_FRAMES, task.info.n_frames)
            for batch in read_batches(task.info, [(start, stop)]):
                part.segmenter.segment(batch)
        except Exception as error:
            if not isinstance(error, known_errors()):
                raise
            return None
    pixels = task.info.width * task.info.height * (stop - start)
    alone = task.n_animals == 1 or (task.arenas and len(task.arenas.places) == task.n_animals)
    return Estimate(
        (clock() - tuned) / pixels, tuned - begun, f"as measured on {task.info.path.name}",
        THEN if alone else THEN_SEVERAL,
    )  # fmt: skip


def _probed_from(task: Task) -> int:
    """A keyframe near the middle: to get to another frame costs time that a chunk does not take."""
    middle = max(0, (task.info.n_frames - PROBED_FRAMES) // 2)
    return int(max((key for key in task.info.keyframes if key <= middle), default=0))
