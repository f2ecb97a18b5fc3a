"""Progress of long work: a bar on a terminal, plain lines in a log, a JSON file for the pages."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, TextIO

from app.errors import one_line

STAGES = {
    "probe": "reading the file",
    "tune": "tuning to the video",
    "segment": "finding animals",
    "identify": "keeping identities",
    "store": "storing",
    "proxy": "making a copy for the browser",
    "draw": "drawing",
    "compute": "computing",
    "write": "writing",
    "compose": "composing pictures",
    "train": "training",
    "judge": "judging",
}


class ProgressLike(Protocol):
    """What long work reports: done of total, in frames."""

    @property
    def stage(self) -> str: ...
    @property
    def done(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def frames_per_s(self) -> float: ...
    @property
    def message(self) -> str: ...


@dataclass(frozen=True)
class Progress:
    """How far a job is; ``frames_per_s`` is the speed of the present stage."""

    stage: str  # probe, tune, segment, identify or store; others have their own
    done: int = 0
    total: int = 0
    frames_per_s: float = 0.0
    message: str = ""


def seconds_left(progress: ProgressLike) -> float | None:
    """Seconds to the end at the present speed; None while there is no speed to go by."""
    if progress.frames_per_s <= 0 or progress.total <= 0:
        return None
    return max(0.0, (progress.total - progress.done) / progress.frames_per_s)


def as_clock(seconds: float | None) -> str:
    """Write a time left for people.

    >>> as_clock(75.2), as_clock(3700), as_clock(None)
    ('1:15', '1:01:40', '?')
    """
    if seconds is None:
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


class PlainLines:
    """Progress as lines of text: one at each new stage and one every `every_s` seconds.

    Work that is over within `silent_s` seconds says nothing.
    """

    def __init__(
        self, label: str, stream: TextIO, every_s: float = 10.0, silent_s: float = 2.0
    ) -> None:
        self.label, self.stream, self.every_s = label, stream, every_s
        self._talk_from = time.monotonic() + silent_s
        self._stage = ""
        self._said_at = 0.0

    def __call__(self, progress: ProgressLike) -> None:
        now = time.monotonic()
        if now < self._talk_from:
            return
        if progress.stage == self._stage and now - self._said_at < self.every_s:
            return
        self._stage, self._said_at = progress.stage, now
        line = f"{self.label}: {STAGES.get(progress.stage, progress.stage)}"
        if progress.total > 0 and progress.frames_per_s > 0:
            line += (
                f", {progress.done} of {progress.total} frames, {progress.frames_per_s:.0f} "
                f"frames/s, {as_clock(seconds_left(progress))} left"
            )
        if progress.message:
            line += f" ({progress.message})"
        self.say(line)

    def say(self, text: str) -> None:
        """Write a line of news."""
        self.stream.write(text + "\n")
        self.stream.flush()

    def close(self) -> None:
        """Nothing to tidy: every line is already written."""


class Bar:
    """Progress as one bar that is redrawn in place on a terminal."""

    def __init__(self, label: str, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        # To rich, square brackets are markup; in a file's name they are only brackets.
        self._label = label.replace("[", "\\[")
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f} %  {task.fields[speed]}"),
            console=Console(file=stream),
            transient=True,
        )
        self._task = self._bar.add_task(self._label, total=None, speed="")
        self._bar.start()

    def __call__(self, progress: ProgressLike) -> None:
        speed = ""
        if progress.frames_per_s > 0:
            left = as_clock(seconds_left(progress))
            speed = f"{progress.frames_per_s:.0f} frames/s, {left} left  {progress.message}"
        self._bar.update(
            self._task,
            description=f"{self._label}: {STAGES.get(progress.stage, progress.stage)}",
            completed=progress.done,
            total=progress.total or None,
            speed=speed,
        )

    def say(self, text: str) -> None:
        """Write a line of news above the bar."""
        self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Take the bar off the terminal."""
        self._bar.stop()


class JobFile:
    """The state of one job in a file that a page reads while another process works.

    The file is replaced in one step, so a reader never sees half of it.
    """

    def __init__(self, path: Path, video: Path, every_s: float = 0.3) -> None:
        self.path, self.video, self.every_s = path, video, every_s
        self._written_at = 0.0
        self._last: dict[str, object] = {"stage": "probe", "done": 0, "total": 0}

    def __call__(self, progress: ProgressLike) -> None:
        self._last = {
            "stage": progress.stage,
            "done": progress.done,
            "total": progress.total,
            "frames_per_s": round(progress.frames_per_s, 2),
            "seconds_left": seconds_left(progress),
        }
        if time.monotonic() - self._written_at >= self.every_s:
            self.write("running", progress.message)

    def write(self, state: str, message: str = "") -> None:
        """Write the state: running, done, failed or cancelled."""
        record = {
            "state": state,
            "frames_per_s": 0.0,
            "seconds_left": None,
            **self._last,
            "message": message,
            "pid": os.getpid(),
            "video": str(self.video),
            "updated_at": time.time(),
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        draft.write_text(json.dumps(record), encoding="utf-8")
        draft.replace(self.path)
        self._written_at = time.monotonic()


class Reporter:
    """Hands progress to the terminal and, for a job of the pages, to its file.

    >>> with Reporter("clip.mp4") as report:                    # doctest: +SKIP
    ...     track_video(study, video, 2, progress=report)
    """

    def __init__(
        self, label: str, job: JobFile | None = None, stream: TextIO | None = None
    ) -> None:
        stream = stream or sys.stderr
        self._show: PlainLines | Bar
        self._show = Bar(label, stream) if stream.isatty() else PlainLines(label, stream)
        self._listeners: list[Callable[[ProgressLike], None]] = [self._show]
        if job is not None:
            self._listeners.append(job)

    def __call__(self, progress: ProgressLike) -> None:
        for listener in self._listeners:
            listener(progress)

    def say(self, text: str) -> None:
        """Write a line of news without disturbing what shows the progress."""
        self._show.say(text)

    def __enter__(self) -> "Reporter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._show.close()


@contextmanager
def told(job: JobFile | None, cancelled: str) -> Iterator[None]:
    """Tell the state of work, to the end, in the job's file where there is one.

    cancelled: what the file says after Ctrl-C. Errors are told and go on their way.
    """
    tell = job.write if job else lambda state, message="": None
    tell("running")
    try:
        yield
    except KeyboardInterrupt:
        tell("cancelled", cancelled)
        raise
    except Exception as error:
        tell("failed", one_line(error))
        raise
    tell("done")


@contextmanager
def reporting(path: Path, job_file: Path | None, cancelled: str) -> Iterator[Reporter]:
    """Show the work on `path` on the terminal and, as `told`, in the job's file."""
    job = JobFile(job_file, path) if job_file else None
    with told(job, cancelled), Reporter(path.name, job) as report:
        yield report
