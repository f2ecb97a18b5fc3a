"""One video of a batch: which step comes next, and what the steps before it gave.

look ─▶ plan ─▶ segment, a chunk each ─▶ identify ─▶ (stored by the batch itself)
"""

from __future__ import annotations

from collections import deque
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, perf_counter
from typing import Any

from app.errors import AppError
from app.jobs import steps
from app.jobs.batch_record import VideoJob
from app.jobs.clock import Clock
from app.jobs.crew import Crew, Step
from app.jobs.tracking_alone import alone
from app.jobs.tracking_ready import Ask, Ready, prepare, tracked_meanwhile
from app.jobs.tracking_summary import TrackSummary
from app.jobs.tracking_task import Chosen, Finished
from tracking.segmenting import missing_chunks
from tracking.shards import chunk_bounds
from tracking.video import VideoInfo


class VideoWork:
    """The work on one video; `job` tells how it stands."""

    def __init__(self, number: int, job: VideoJob, ask: Ask, study: Path) -> None:
        self.number, self.job, self.ask, self.study = number, job, ask, study
        self.ready: deque[Step] = deque()
        self.doing: dict[tuple[int, str, int], Step] = {}
        self.finished: Finished | None = None
        self.prepared: Ready | None = None
        self.chosen: Chosen | None = None
        self.content_hash = ""
        self.info: VideoInfo | None = None  # while another command is at the video
        self.again_at = 0.0  # when to see whether that is over, as time.monotonic() counts
        self._held = ExitStack()  # the lock of this work
        self._clock: Clock | None = None
        self._notes = list[str]()  # of those who found the animals
        self._task: Any = None  # as steps are called with it
        self._started, self._begun = datetime.now(UTC), perf_counter()
        self._segment_from, self._frames_before, self._gpu = 0.0, 0, False

    def begin(self) -> None:
        """Ask for the first step."""
        self._started, self._begun = datetime.now(UTC), perf_counter()
        self.job.begin()
        self._stage("probe")
        path = Path(self.job.path)
        self.ready.append(Step((self.number, "look", 0), steps.look, (path,)))

    def looked(self, info: VideoInfo, crew: Crew) -> TrackSummary | None:
        """The video is known: get ready to work on it. What was done, if it is tracked already.

        AtWorkError where another command is at it.
        """
        self.content_hash, self.job.total = info.content_hash, info.n_frames
        found = prepare(self.study, info, self.ask, crew.size)
        if isinstance(found, TrackSummary):
            return found
        self._held.enter_context(alone(found.task))
        self.prepared = found  # not sooner: what is not held is not cleared away
        meanwhile = tracked_meanwhile(found)
        if meanwhile is not None:
            return meanwhile
        found.task.place.mkdir(exist_ok=True)
        self._clock = Clock(found.task.place, elsewhere=True)
        self._gpu = found.task.network is not None and crew.has_gpu()
        self._task = crew.share(found.task)
        self.job.chunks = len(chunk_bounds(info))
        self._stage("tune")
        self._add("plan", steps.plan)
        return None

    def wait_for_others(self, info: VideoInfo, why: str, seconds: float) -> None:
        """Put the video aside, for another command is at it or holds the study."""
        self.info, self.again_at = info, monotonic() + seconds
        self.job.state, self.job.stage, self.job.message = "waiting", "", why

    def go_on(self) -> VideoInfo | None:
        """Take the video up again, if it was put aside and the time has come."""
        info = self.info
        if info is None or monotonic() < self.again_at:
            return None
        self.info = None
        self.job.state, self.job.message = "running", ""
        return info

    def planned(self, done: steps.Done) -> None:
        """The settings are chosen: the chunks that nobody has done come next."""
        planned: steps.Planned = done.value
        self.chosen = planned.chosen
        self._count("tune", done)
        task = self._ready_one().task
        missing = missing_chunks(task.info, task.place, planned.crops)
        self.job.chunks_done = self.job.chunks - len(missing)
        self._frames_before = task.info.n_frames - sum(stop - start for start, stop in missing)
        self.job.done, self._segment_from = self._frames_before, perf_counter()
        self._stage("segment")
        for start, stop in missing:
            self._add("segment", steps.segment, start, start, stop)
        self._go_on()

    def segmented(self, done: steps.Done) -> None:
        """A chunk is done."""
        self._count("segment", done)
        self.job.chunks_done += 1
        segmented: steps.Segmented = done.value
        self.job.done += segmented.frames
        self._notes += [note for note in segmented.notes if note not in self._notes]
        seconds = perf_counter() - self._segment_from
        self.job.frames_per_s = (self.job.done - self._frames_before) / max(seconds, 1e-3)
        self._go_on()

    def identified(self, done: steps.Done) -> None:
        """All that is left is to store it."""
        self._count("identify", done)
        self.finished = done.value
        self._stage("store")

    def summary_parts(self) -> tuple[Ready, Finished, float]:
        """What is to be stored, and how long it took in this session."""
        if self.finished is None or self._clock is None:
            raise AppError(f"{self.job.video} is not finished.")
        run = replace(
            self.finished.run, timings=self._clock.timings(), finished_at=datetime.now(UTC)
        )
        new = self.job.total - self._frames_before
        warnings = [*self.finished.warnings, *self._notes]
        finished = replace(self.finished, run=run, new_frames=new, warnings=warnings)
        return self._ready_one(), finished, perf_counter() - self._begun

    def let_go(self) -> None:
        """Nothing more is done here; what was written stays for the next time."""
        self.ready.clear()
        self.doing.clear()
        self._task = self.finished = self.info = None
        if self.prepared is not None:
            with suppress(OSError):  # there is work in it
                self.prepared.task.place.rmdir()
        self._held.close()

    def _go_on(self) -> None:
        """Look for identities when the last chunk is there."""
        if self.job.chunks_done == self.job.chunks and not self.ready:
            self.job.frames_per_s = 0.0
            self._stage("identify")
            self._add("identify", steps.identify, 0, self._started)

    def _add(self, name: str, step: Any, first: int = 0, *more: Any) -> None:
        arguments = (self._task, *more)
        gpu = self._gpu and name != "identify"
        self.ready.append(Step((self.number, name, first), step, arguments, gpu))

    def _stage(self, name: str) -> None:
        self.job.stage = name

    def _count(self, stage: str, done: steps.Done) -> None:
        if self._clock is not None:
            self._clock.add(stage, done.seconds, done.cpu_s)

    def _ready_one(self) -> Ready:
        if self.prepared is None:
            raise AppError(f"{self.job.video} was not looked at.")
        return self.prepared
