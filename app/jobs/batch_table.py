"""A batch on the terminal: a table that is kept up to date, or a line for every change in a log."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, TextIO

from app.jobs.batch_record import BatchRecord, VideoJob
from app.jobs.board import Teller
from app.jobs.progress import STAGES, as_clock

if TYPE_CHECKING:
    from rich.table import Table

REDRAW_EVERY_S = 0.5
ROWS = 14  # of videos that are at work; others are counted
STATES = {
    "waiting": "waiting", "done": "tracked", "already": "tracked before", "failed": "failed",
    "cancelled": "cancelled", "stopped": "stopped",
}  # fmt: skip


def stage_words(job: VideoJob) -> str:
    """What is done about a video, in words.

    >>> stage_words(VideoJob("1", "a", "a.mp4", state="running", stage="segment", chunks=3))
    'finding animals, 0 of 3 chunks'
    """
    if job.state != "running":
        return STATES.get(job.state, job.state)
    words = STAGES.get(job.stage, job.stage) or "starting"
    if job.stage == "segment":
        words += f", {job.chunks_done} of {job.chunks} chunk{'' if job.chunks == 1 else 's'}"
    return words


def counted(record: BatchRecord) -> str:
    """How many are in which state, how fast all together are, and the time left.

    >>> jobs = [VideoJob("1", "a", "a.mp4", state="done"), VideoJob("2", "b", "b.mp4")]
    >>> counted(BatchRecord("b", jobs))
    '1 of 2 videos tracked'
    """
    jobs = record.videos
    tracked = sum(job.state in ("done", "already") for job in jobs)
    parts = [f"{tracked} of {len(jobs)} video{'' if len(jobs) == 1 else 's'} tracked"]
    before = sum(job.state == "already" for job in jobs)
    if before:
        parts.append(f"{'all' if before == tracked else before} of them before")
    for state in ("failed", "cancelled", "stopped"):
        number = sum(job.state == state for job in jobs)
        parts += [f"{number} {state}"] if number else []
    speed = total_speed(record)
    if speed:
        parts += [f"{speed:.0f} frames/s", f"about {as_clock(time_left(record, speed))} left"]
    return ", ".join(parts)


def total_speed(record: BatchRecord) -> float:
    """Frames per second of all videos together, while any are worked on; else 0."""
    return sum(job.frames_per_s for job in record.videos if job.stage == "segment")


def time_left(record: BatchRecord, speed: float) -> float | None:
    """Seconds until everything is done at this speed; unseen videos count as the average."""
    known = [job.total for job in record.videos if job.total]
    if not known or speed <= 0:
        return None
    usual = sum(known) / len(known)
    left = [(job.total or usual) - job.done for job in record.videos if not job.over]
    return sum(left) / speed


class Lines:
    """A line for every change, for a log."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._told: dict[str, str] = {}
        self._trouble = ""

    def show(self, record: BatchRecord) -> None:
        for number, job in enumerate(record.videos, start=1):
            change = f"{job.state} {job.stage}"
            before = self._told.get(job.job_id)
            self._told[job.job_id] = change
            if job.state == "running" and before != change:
                self.say(f"[{number} of {len(record.videos)}] {job.video}: {stage_words(job)}")
            elif before is not None and before != change and job.state in ("cancelled", "stopped"):
                self.say(f"[{number} of {len(record.videos)}] {job.video}: {job.state}")
            elif before is not None and before != change and job.state == "waiting":
                self.say(f"[{number} of {len(record.videos)}] {job.video}: {job.message}")
        if record.trouble != self._trouble:
            self._trouble = record.trouble
            self.say(record.trouble or "it goes on")

    def say(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()

    def close(self) -> None:
        pass


class LiveTable:
    """A table that is redrawn in place; news go above it."""

    def __init__(self, stream: TextIO | None = None) -> None:
        from rich.console import Console
        from rich.live import Live

        console = Console(file=stream or sys.stderr)
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._live.start()
        self._drawn_at = 0.0

    def show(self, record: BatchRecord) -> None:
        if time.monotonic() - self._drawn_at < REDRAW_EVERY_S:
            return
        self._drawn_at = time.monotonic()
        self._live.update(batch_table(record), refresh=True)

    def say(self, text: str) -> None:
        self._live.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        self._live.stop()


def batch_table(record: BatchRecord) -> Table:
    """The videos at work, and those that failed, as a table for a terminal."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=counted(record), title_justify="left", caption=record.trouble or None)
    for name in ("video", "state", "done", "frames/s", "left", "worker"):
        table.add_column(name, justify="right" if name in ("done", "frames/s", "left") else "left")
    busy = [job for job in record.videos if job.state in ("running", "failed")]
    for job in busy[:ROWS]:
        at_work = job.state == "running" and job.frames_per_s > 0
        cells = [
            job.video, job.message if job.state == "failed" else stage_words(job),
            f"{job.share:.0%}", f"{job.frames_per_s:.0f}" if at_work else "",
            as_clock(job.seconds_left) if at_work else "", job.worker,
        ]  # fmt: skip
        table.add_row(*[Text(cell, overflow="ellipsis") for cell in cells])
    rest = len(busy) - ROWS
    waiting = sum(job.state == "waiting" for job in record.videos)
    if rest > 0 or waiting:
        more = [f"{rest} more"] if rest > 0 else []
        table.add_row(Text(", ".join([*more, f"{waiting} waiting"])))
    return table


def teller(stream: TextIO | None = None) -> Teller:
    """What suits the stream: a table on a terminal, lines in a log."""
    stream = stream or sys.stderr
    return LiveTable(stream) if stream.isatty() else Lines(stream)
