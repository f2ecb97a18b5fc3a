"""Where a batch says how it stands: to the person, to the pages, and to the study's own table."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Protocol

from app.jobs.batch_record import (
    GONE,
    Asks,
    BatchRecord,
    VideoJob,
    forget_ended,
    is_at_work,
    read_batches,
)
from storage.authors import who
from storage.jobs import (
    Attempt,
    attempts_so_far,
    note_attempts,
    stop_attempts,
    unfinished_batches,
)
from storage.study import StudyBusyError, is_study, open_study

KEPT = 10  # files of commands that are over
FILE_EVERY_S, HEARTBEAT_S = 0.5, 5.0
STUDY_EVERY_S = 2.0  # states; how many chunks are done:
CHUNKS_EVERY_S = 15.0


class Teller(Protocol):
    """Shows a batch to the person who asked for it."""

    def show(self, record: BatchRecord) -> None:
        """How all videos stand now."""
        ...

    def say(self, text: str) -> None:
        """A line of news."""
        ...

    def close(self) -> None:
        """Nothing more will be shown."""
        ...


class Board:
    """Keeps the record of a batch in its file and in the study while it changes.

    The study is opened for a moment and seldom; where somebody else holds it, that waits. A study
    is made by the first video that can be tracked, not here.
    """

    def __init__(
        self, study: Path, record: BatchRecord, teller: Teller, in_file: bool = True
    ) -> None:
        self.study, self.record, self.teller = study.resolve(), record, teller
        self._in_file = in_file  # for the pages; a single video has its job there
        self.asks = Asks(study, record.batch)
        self._stored: dict[str, Attempt] = {}
        self._numbers, self._all_at = count(1), 0.0
        self._written_at = self._stored_at = 0.0
        self._seen = ""

    def begin(self, paths: list[Path], names: list[str]) -> list[VideoJob]:
        """Note the videos; of commands that died it is noted that they did."""
        before: dict[str, int] = {}
        if is_study(self.study):
            with open_study(self.study, write=True) as opened:
                gone = _gone(self.study, unfinished_batches(opened))
                stop_attempts(opened, gone, GONE)
                before = attempts_so_far(opened, paths)
            forget_ended(self.study, KEPT)
        for path, name in zip(paths, names, strict=True):
            self.record.videos.append(self._new(path, name, before.get(str(path), 0) + 1))
        self.tell(now=True)
        return self.record.videos

    def again(self, job: VideoJob) -> VideoJob:
        """A new attempt at a video, in the place of the one that ended."""
        self._store(30.0)
        new = self._new(Path(job.path), job.video, job.attempt + 1)
        self.record.videos[self.record.videos.index(job)] = new
        return new

    def _new(self, path: Path, name: str, attempt: int) -> VideoJob:
        job_id = f"{self.record.batch}-{next(self._numbers):04d}"
        return VideoJob(job_id, name, str(path), attempt, asked_at=time.time())

    def tell(self, now: bool = False) -> None:
        """Say how it stands, wherever that changed and is not too soon."""
        self.teller.show(self.record)
        since = time.time() - self._written_at
        if now or since > HEARTBEAT_S or (since > FILE_EVERY_S and self._changed()):
            self._write()
        if now or time.time() - self._stored_at > STUDY_EVERY_S:
            self._store(0.2)

    def end(self) -> None:
        """The batch is over."""
        self.record.ended_at = time.time()
        self._store(30.0)
        self._write()
        self.asks.close()

    def _write(self) -> None:
        self._written_at = time.time()
        if self._in_file and is_study(self.study):
            self.record.write(self.study)

    def _changed(self) -> bool:
        seen = repr([(one.state, one.stage, one.done) for one in self.record.videos])
        seen += self.record.trouble
        seen, self._seen = self._seen, seen
        return seen != self._seen

    def _store(self, patience_s: float) -> None:
        """Write what changed of the states into the study's table."""
        self._stored_at = now = time.time()
        every = patience_s > 1 or now - self._all_at > CHUNKS_EVERY_S
        changed = [
            row for row in self._rows() if _differs(row, self._stored.get(row.job_id), every)
        ]
        if not changed or not is_study(self.study):
            return
        try:
            with open_study(self.study, write=True, timeout_s=patience_s) as opened:
                note_attempts(opened, changed)
        except StudyBusyError:
            return  # somebody reads or writes: the next time will do
        self._stored |= {row.job_id: row for row in changed}
        self._all_at = now if every else self._all_at

    def _rows(self) -> Iterator[Attempt]:
        by, batch = who(), self.record
        return (job.attempt_row(batch.batch, by, batch.where) for job in batch.videos)


def _differs(row: Attempt, stored: Attempt | None, every: bool) -> bool:
    """Whether a row is to be written anew: for its state at once, for its chunks now and then."""
    if stored is None or every:
        return row != stored
    return replace(row, chunks_done=0, worker="") != replace(stored, chunks_done=0, worker="")


def _gone(study: Path, batches: dict[str, str]) -> list[str]:
    """Which commands are not at work any more."""
    told = {one.batch: one.updated_at for one in read_batches(study)}
    return [name for name, where in batches.items() if not is_at_work(where, told.get(name, 0.0))]
