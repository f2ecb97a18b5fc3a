"""Batches that a page starts: `ethoscribe track` in a process that outlives the page."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.errors import AppError
from app.jobs.batch_record import BatchRecord, VideoJob, read_batches
from app.jobs.processes import HOME
from storage.authors import AUTHOR, who

_children: dict[Path, subprocess.Popen[bytes]] = {}  # by log, so that a finished child is reaped


@dataclass(frozen=True)
class Started:
    """A batch that was just asked for, and has not told yet how it stands."""

    log: Path
    at: float  # seconds since 1970


def start_batch(study: Path, videos: Sequence[Path], options: Sequence[str]) -> Started:
    """Track videos with these options of `ethoscribe track`."""
    if not videos:
        raise AppError("No video is chosen: choose at least one.")
    folder = study / "jobs"
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{time.strftime('%Y%m%d-%H%M%S-')}{uuid.uuid4().hex[:6]}.batch-log"
    started = Started(log, time.time())
    command = ["track", *map(str, videos), "-s", str(study), *options]
    with log.open("wb") as file:
        _children[log] = subprocess.Popen(
            [sys.executable, "-m", "app.cli", *command], cwd=HOME, stdin=subprocess.DEVNULL,
            stdout=file, stderr=file, start_new_session=True,
            env={**os.environ, AUTHOR: who()},  # the runs note who pressed the button
        )  # fmt: skip
    return started


def how_it_began(study: Path, started: Started) -> tuple[str, str]:
    """Whether a batch is `starting`, has `begun`, or was `refused` (and why)."""
    if any(one.started_at >= started.at - 1 for one in read_batches(study)):
        return "begun", ""
    child = _children.get(started.log)
    if child is None or child.poll() is None:
        return "starting", ""
    lines = started.log.read_text(encoding="utf-8", errors="replace").splitlines()
    wrong = [line.strip() for line in lines if "Error" in line or "Invalid" in line]
    return "refused", wrong[-1] if wrong else "The process ended without a word."


def try_again(study: Path, record: BatchRecord, jobs: Sequence[VideoJob]) -> Started:
    """Track videos of a batch that is over once more, as it was asked for."""
    return start_batch(study, [Path(job.path) for job in jobs], record.command)
