"""How the videos of one `ethoscribe track` command stand, in a file that anybody may read.

`jobs/<batch>.batch` in the study is written anew at every change, whole; `jobs/<batch>.asks` takes
what people want of it meanwhile, a line each: cancel a video, try one again, stop everything.
"""

from __future__ import annotations

import json
import os
import socket
import time
import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from storage.jobs import RUNNING, Attempt

SILENT_S = 120.0  # without a word for so long, a command of another machine is taken for dead
GO_ON = "Track again to go on where it stopped."
GONE, STOPPED, CANCELLED = (
    f"{why} {GO_ON}" for why in ("The process ended.", "Stopped.", "Cancelled.")
)
ENDINGS = ("done", "already", "failed", "cancelled", "stopped")


@dataclass
class VideoJob:
    """How one video stands."""

    job_id: str
    video: str  # its name in the study, or of its file
    path: str
    attempt: int = 1
    state: str = "waiting"  # waiting, running, or one of ENDINGS
    stage: str = ""  # probe, tune, segment, identify, store
    chunks_done: int = 0
    chunks: int = 0
    done: int = 0  # frames in which the animals were looked for
    total: int = 0  # frames
    frames_per_s: float = 0.0
    worker: str = ""
    message: str = ""
    run_id: str | None = None
    asked_at: float = 0.0  # seconds since 1970, as the others
    started_at: float | None = None
    ended_at: float | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more is done about it."""
        return self.state not in RUNNING

    @property
    def share(self) -> float:
        """Done part, 0 to 1; identities and storing are the last tenth."""
        if self.state in ("done", "already"):
            return 1.0
        return 0.9 * self.done / self.total if self.total else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Until the animals are found in all frames; None while there is no speed to go by."""
        if self.frames_per_s <= 0 or self.over:
            return None
        return max(0, self.total - self.done) / self.frames_per_s

    def begin(self) -> None:
        """Work on it begins."""
        self.state, self.started_at = "running", time.time()

    def end(self, state: str, message: str = "") -> None:
        """It is over."""
        self.state, self.message, self.ended_at = state, message, time.time()
        self.frames_per_s = 0.0

    def attempt_row(self, batch: str, by: str, on: str) -> Attempt:
        """As the study keeps it."""
        lasted = self.ended_at - self.started_at if self.ended_at and self.started_at else None
        return Attempt(
            self.job_id, batch, self.video, self.path, self.attempt, self.state, self.stage,
            self.chunks_done, self.chunks, self.total, self.worker, self.message, self.run_id,
            by, on, _moment(self.asked_at), _moment(self.started_at), _moment(self.ended_at),
            None if lasted is None else round(lasted, 3),
        )  # fmt: skip


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


@dataclass
class BatchRecord:
    """One command and its videos."""

    batch: str
    videos: list[VideoJob] = field(default_factory=list)
    command: list[str] = field(default_factory=list)  # options, to try a video again with
    where: str = ""  # host:process
    workers: int = 1
    trouble: str = ""  # why nothing goes on
    started_at: float = 0.0
    updated_at: float = 0.0
    ended_at: float | None = None

    @classmethod
    def new(cls, command: Sequence[str] = (), workers: int = 1) -> BatchRecord:
        """A command that begins now, in this process."""
        now = time.time()
        batch = time.strftime("%Y%m%d-%H%M%S-") + uuid.uuid4().hex[:6]
        where = f"{socket.gethostname()}:{os.getpid()}"
        return cls(batch, [], list(command), where, workers, "", now, now)

    @property
    def alive(self) -> bool:
        """Whether the process of the command still runs."""
        return self.ended_at is None and is_at_work(self.where, self.updated_at)

    def write(self, study: Path) -> None:
        """Write the file; a reader sees it as it was or as it is."""
        self.updated_at = time.time()
        path = record_file(study, self.batch)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.write_text(json.dumps(asdict(self)), encoding="utf-8")
        draft.replace(path)


def record_file(study: Path, batch: str) -> Path:
    """Where a batch says how it stands."""
    return study / "jobs" / f"{Path(batch).name}.batch"


def is_at_work(where: str, updated_at: float) -> bool:
    """Whether the process `host:process` may still be there."""
    host, _, number = where.rpartition(":")
    if host != socket.gethostname() or not number.isdecimal():
        return time.time() - updated_at < SILENT_S
    command = Path(f"/proc/{number}/cmdline")
    if Path("/proc/self/cmdline").exists():
        try:
            return int(number) == os.getpid() or b"track" in command.read_bytes()
        except OSError:
            return False
    return time.time() - updated_at < SILENT_S


def read_batches(study: Path) -> list[BatchRecord]:
    """All commands whose files are there, newest first; what died is said to be stopped."""
    found = [read_batch(path) for path in sorted((study / "jobs").glob("*.batch"), reverse=True)]
    return [one for one in found if one is not None]


def paths_at_work(study: Path) -> set[str]:
    """The films that a command works on, or is going to."""
    alive = [record for record in read_batches(study) if record.alive]
    return {one.path for record in alive for one in record.videos if not one.over}


def left_over(record: BatchRecord, tracked: Collection[str] = ()) -> list[VideoJob]:
    """What a command left undone, but for films that were `tracked` since.

    With --force they had tracks before, which say nothing of how it went.
    """
    since = () if "--force" in record.command else tracked
    left = [one for one in record.videos if one.state in ("failed", "stopped", "cancelled")]
    return [one for one in left if one.path not in since]


def read_batch(path: Path) -> BatchRecord | None:
    """Read one file; None while it is missing or is of another kind."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        videos = [VideoJob(**_known(VideoJob, row)) for row in stored.pop("videos")]
        record = BatchRecord(**{**_known(BatchRecord, stored), "videos": videos})
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    if not record.alive:
        for one in record.videos:
            if not one.over:
                one.end("stopped", GONE)
    return record


def _known(kind: type, row: dict[str, Any]) -> dict[str, Any]:
    names = {one.name for one in fields(kind)}
    return {name: value for name, value in row.items() if name in names}


def ask_batch(study: Path, batch: str, what: str, job_id: str = "") -> None:
    """Want something of a batch that works: `cancel` or `again` of a video, or `stop` of all."""
    path = record_file(study, batch).with_suffix(".asks")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"what": what, "job": job_id}) + "\n")


def forget_ended(study: Path, keep: int = 0) -> None:
    """Take the files of commands that are over away, but the newest; the study keeps its table."""
    ended = [record for record in read_batches(study) if not record.alive]
    for record in ended[keep:]:
        path = record_file(study, record.batch)
        path.unlink(missing_ok=True)
        path.with_suffix(".asks").unlink(missing_ok=True)
        path.with_suffix(".log").unlink(missing_ok=True)


class Asks:
    """What people want of a batch, each thing once."""

    def __init__(self, study: Path, batch: str) -> None:
        self._path, self._read = record_file(study, batch).with_suffix(".asks"), 0

    def new(self) -> Iterator[tuple[str, str]]:
        """What was asked since the last time: (what, job)."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._read)
                text = file.read()
        except OSError:
            return
        whole = text[: text.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            try:
                ask = json.loads(line)
                yield str(ask["what"]), str(ask.get("job", ""))
            except (ValueError, KeyError, TypeError):
                continue

    def about(self, jobs: Sequence[VideoJob]) -> Iterator[tuple[str, VideoJob]]:
        """The same by video: `cancel` of what is not over, `again` of what did not end well."""
        for what, job_id in self.new():
            for job in list(jobs):
                mine = job.job_id == job_id or what == "stop"
                if mine and what in ("cancel", "stop") and not job.over:
                    yield "cancel", job
                elif mine and what == "again" and job.state in ("failed", "cancelled"):
                    yield "again", job

    def close(self) -> None:
        """Nobody listens any more."""
        self._path.unlink(missing_ok=True)
