"""How a training goes, told to a terminal, to a log and to the pages' job file."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TextIO

from app.jobs.progress import STAGES, JobFile, as_clock, told
from tracking.networks.teaching.plans import Epoch, Listener


@dataclass(frozen=True)
class News:
    """One point of a training, in the form that every job has."""

    stage: str
    done: float  # epochs while it trains, pictures otherwise
    total: int
    frames_per_s: float  # epochs per second while it trains
    message: str


class Telling:
    """Turns what a training says into a bar or lines, and into news for the job's file."""

    def __init__(
        self, name: str, minutes: float | None, job: JobFile | None = None,
        stream: TextIO | None = None, cancelled: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        self.name, self.job = name, job
        self._limit = None if minutes is None else 60 * minutes
        self._stream = stream or sys.stderr
        self._bar = _Bar(name, self._stream) if self._stream.isatty() else None
        self._last: Epoch | None = None
        self._told, self._stage = 0.0, ""

    @property
    def listener(self) -> Listener:
        """What `train_network` is given."""
        return Listener(self.stage, self.epoch, self.progress, self.say)

    def stage(self, stage: str, done: int, total: int) -> None:
        """A part of the work other than learning itself."""
        words = f"{STAGES.get(stage, stage)}, {done} of {total}" if total > 1 else ""
        self._show(News(stage, done, total, 0.0, words), words or STAGES.get(stage, stage))

    def epoch(self, point: Epoch) -> None:
        """An epoch that is done: one line in a log."""
        self._last = point
        words = spoken(point)
        if self._bar is None:
            left = as_clock(self._left(point.epoch))
            self._write(f"{self.name}: {words}, {left} left")
        self.progress(float(point.epoch), point.epochs)

    def progress(self, epochs_done: float, epochs: int) -> None:
        """Part of an epoch."""
        left = self._left(epochs_done)
        rate = 0.0 if not left else max(epochs - epochs_done, 0.0) / left
        words = spoken(self._last) if self._last else "first epoch"
        self._show(News("train", epochs_done, epochs, rate, words), words, left)

    def say(self, text: str) -> None:
        """A line of news."""
        if self._bar is not None:
            self._bar.say(f"{self.name}: {text}")
        else:
            self._write(f"{self.name}: {text}")

    def close(self) -> None:
        """Take the bar off the terminal."""
        if self._bar is not None:
            self._bar.close()

    def _left(self, epochs_done: float) -> float | None:
        """Seconds to the end, by what an epoch took so far and by the limit of time."""
        if self._last is None or epochs_done <= 0:
            return None
        each = self._last.seconds / self._last.epoch
        left = max(self._last.epochs - epochs_done, 0.0) * each
        if self._limit is not None:
            left = min(left, max(self._limit - epochs_done * each, 0.0))
        return left

    def _show(self, news: News, words: str, left: float | None = None) -> None:
        if self.job is not None:
            self.job(news)  # type: ignore[arg-type]  # epochs are counted in parts
        if self._bar is not None:
            self._bar.show(news, words, left)
        elif news.stage != self._stage and news.stage != "train":
            self._write(f"{self.name}: {STAGES.get(news.stage, news.stage)}")
        self._stage = news.stage

    def _write(self, line: str) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()

    def __enter__(self) -> Telling:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _Bar:
    """One bar that is redrawn in place on a terminal."""

    def __init__(self, name: str, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f} %  {task.fields[more]}"),
            console=Console(file=stream), transient=True,
        )  # fmt: skip
        self._name, self._drawn = name, 0.0
        self._task = self._bar.add_task(name, total=None, more="")
        self._bar.start()

    def show(self, news: News, words: str, left: float | None) -> None:
        if news.stage == "train" and time.monotonic() - self._drawn < 0.1:
            return
        self._drawn = time.monotonic()
        more = f"{as_clock(left)} left" if left is not None else ""
        self._bar.update(
            self._task, description=f"{self._name}: {words}", completed=news.done,
            total=news.total or None, more=more,
        )  # fmt: skip

    def say(self, text: str) -> None:
        self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        self._bar.stop()


def spoken(point: Epoch) -> str:
    """An epoch in words.

    >>> spoken(Epoch(12, 60, 90.0, {"train/box_loss": 1.2, "train/seg_loss": 2.0}, 0.87, 0.5,
    ...              True, 8))
    'epoch 12 of 60, loss 3.20, AP50 0.870, AP50-95 0.500, best so far'
    """
    loss = sum(point.losses.values())
    said = f"epoch {point.epoch} of {point.epochs}, loss {loss:.2f}, AP50 {point.ap50:.3f}, "
    said += f"AP50-95 {point.ap:.3f}"
    return said + (", best so far" if point.best and point.ap50 > 0 else "")


@contextmanager
def telling(name: str, minutes: float | None, job_file: Path | None) -> Iterator[Telling]:
    """Tell of a training on the terminal, and its state to the end in the job's file."""
    job = JobFile(job_file, Path(name)) if job_file else None
    cancelled = "Cancelled. Every whole epoch is kept: train again with resume."
    with told(job, cancelled), Telling(name, minutes, job) as said:
        yield said
