"""Jobs: processes of their own that outlive the page, the tab and the server.

Each job runs `ethoscribe track` or `ethoscribe proxy`, which writes its progress to
`jobs/<id>.json` in the study. Whoever opens the pages later reads that file and so finds a
running job again.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.errors import AppError
from storage.authors import AUTHOR, who

RUNNING = frozenset({"starting", "running"})
HOME = Path(__file__).resolve().parents[2]  # `python -m app.cli` finds this very program there
WISH = ".wish"  # beside the progress file: what the job was asked for
AGAIN = {"track": "Track again to resume.", "train": "Train again with resume to go on."}
SILENT_S = 60.0  # where processes cannot be looked up: no word for this long means dead
_children: dict[str, subprocess.Popen] = {}  # by job, so that a finished child is reaped


@dataclass(frozen=True)
class Job:
    """One job as its progress file tells it."""

    job_id: str
    state: str  # starting, running, done, failed, cancelled or stopped
    video: str  # path of the video file
    stage: str = ""
    done: int = 0
    total: int = 0
    frames_per_s: float = 0.0
    seconds_left: float | None = None
    message: str = ""
    pid: int = 0
    updated_at: float = 0.0  # seconds since 1970

    @property
    def kind(self) -> str:
        """What the job does: track, proxy (a copy that browsers play), or train a network."""
        last = self.job_id.rpartition("-")[2]
        return last if last in ("proxy", "train") else "track"

    @property
    def active(self) -> bool:
        """Whether the job still works."""
        return self.state in RUNNING

    @property
    def share(self) -> float:
        """Done part of the present stage, 0 to 1."""
        return min(self.done / self.total, 1.0) if self.total else 0.0


def start_track_job(
    study: Path, video: Path, animals: int, *, force: bool = False,
    settings: Mapping[str, Any] | None = None, network: str | None = None,
) -> Job:  # fmt: skip
    """Start tracking `video` for `animals` animals in a process of its own.

    `settings` are those by hand, as `ethoscribe track --set` takes them. `network` is the name of
    weights of the study, NAME or NAME:VERSION, that find the animals.
    """
    running = latest_job(study, video)
    if running and running.active:
        raise AppError(f"{video.name} is being tracked already (process {running.pid}).")
    command = ["track", str(video), "-s", str(study), "--animals", str(animals)]
    by_hand = [f"--set={key}={json.dumps(value)}" for key, value in (settings or {}).items()]
    by_hand += ["--segmenter", "yolo", "--weights", network] if network else []
    job = _start(study, video, "track", command, by_hand + (["--force"] if force else []))
    wish = {"animals": animals, "settings": dict(settings or {}), "network": network}
    (study / "jobs" / f"{job.job_id}{WISH}").write_text(json.dumps(wish), encoding="utf-8")
    return job


def wish_of(study: Path, job: Job | None) -> tuple[int | None, dict[str, Any]]:
    """Number of animals and settings by hand of a tracking job: the same go on where it stopped."""
    wish = _wish(study, job)
    try:
        return int(wish["animals"]), dict(wish["settings"])
    except (ValueError, KeyError, TypeError):
        return None, {}


def network_of(study: Path, job: Job | None) -> str | None:
    """The network that a tracking job was to find the animals with; None without one."""
    name = _wish(study, job).get("network")
    return name if isinstance(name, str) else None


def _wish(study: Path, job: Job | None) -> dict[str, Any]:
    if job is None:
        return {}
    try:
        text = (study / "jobs" / f"{job.job_id}{WISH}").read_text(encoding="utf-8")
        wish = json.loads(text)
    except (OSError, ValueError):
        return {}
    return wish if isinstance(wish, dict) else {}


def start_proxy_job(study: Path, video: Path, name: str) -> Job:
    """Start making a copy that browsers play of the video called `name`, unless one is made."""
    running = latest_job(study, video, "proxy")
    if running and running.active:
        return running
    return _start(study, video, "proxy", ["proxy", name, "-s", str(study)])


def _start(
    study: Path, video: Path, kind: str, command: list[str], more: list[str] | None = None
) -> Job:
    folder = study / "jobs"
    folder.mkdir(parents=True, exist_ok=True)
    job_id = time.strftime("%Y%m%d-%H%M%S-") + uuid.uuid4().hex[:6]
    job_id += "" if kind == "track" else f"-{kind}"
    path = folder / f"{job_id}.json"
    job = Job(job_id, "starting", str(video), updated_at=time.time())
    _write(path, job)
    with path.with_suffix(".log").open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "app.cli", *command, "--job-file", str(path), *(more or [])],
            cwd=HOME,
            env={**os.environ, AUTHOR: who()},  # the run notes who pressed the button
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    _children[job_id] = child
    return replace(job, pid=child.pid)


def read_jobs(study: Path) -> list[Job]:
    """All jobs of a study, newest first, with the truth about those that died."""
    paths = sorted((study / "jobs").glob("*.json"), reverse=True)
    return [job for job in (_seen(path) for path in paths) if job is not None]


def latest_job(study: Path, video: Path, kind: str = "track") -> Job | None:
    """The newest job of one kind for one video file."""
    return newest(read_jobs(study), video, kind)


def newest(jobs: Iterable[Job], video: Path, kind: str = "track") -> Job | None:
    """The first of the jobs, newest first, that is of this kind and for this file."""
    found = (job for job in jobs if Path(job.video) == video and job.kind == kind)
    return next(found, None)


def read_job(path: Path) -> Job | None:
    """Read one progress file; None while it is missing or not yet whole."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    known = {name: record[name] for name in Job.__dataclass_fields__ if name in record}
    return Job(**{"state": "starting", "video": "", **known, "job_id": path.stem})


def cancel_job(study: Path, job_id: str, *, hard: bool = False) -> None:
    """Ask a job to stop, as Ctrl-C would; what it has finished is kept for the next run.

    `hard` ends the whole process group instead, for a job that did not listen.
    """
    job = _seen(study / "jobs" / f"{Path(job_id).name}.json")
    if job is None or not job.active or not job.pid:
        return
    if hard:
        os.killpg(job.pid, signal.SIGTERM)
    else:
        os.kill(job.pid, signal.SIGINT)


def forget_job(study: Path, job_id: str) -> None:
    """Remove the record of a job that has ended."""
    path = study / "jobs" / f"{Path(job_id).name}.json"
    job = _seen(path)
    if job is None or job.active:
        return
    path.unlink(missing_ok=True)
    path.with_suffix(".log").unlink(missing_ok=True)
    path.with_suffix(WISH).unlink(missing_ok=True)


def _seen(path: Path) -> Job | None:
    job = read_job(path)
    if job is None or not job.active:
        return job
    child = _children.get(job.job_id)
    job = replace(job, pid=job.pid or (child.pid if child else 0))
    if is_alive(job, path):
        return job
    job = read_job(path) or job  # it may have written its last word just now
    if not job.active:
        return job
    reason = _last_words(path, job)
    again = AGAIN.get(job.kind, "Start it again.")
    return replace(job, state="stopped", message=f"{reason} {again}".strip())


def is_alive(job: Job, path: Path) -> bool:
    """Whether the job's process still runs and is no stranger that got its number."""
    child = _children.get(job.job_id)
    if child is not None:
        return child.poll() is None
    if not job.pid:  # just started by a server that is gone; the job will write its number soon
        return time.time() - job.updated_at < SILENT_S
    command = Path(f"/proc/{job.pid}/cmdline")
    if Path("/proc/self/cmdline").exists():
        try:
            return path.name.encode() in command.read_bytes()
        except OSError:
            return False
    if sys.platform == "win32":  # signal 0 would end the process there
        return time.time() - job.updated_at < SILENT_S
    try:
        os.kill(job.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _last_words(path: Path, job: Job) -> str:
    """The error the process printed last, or how far it had come when it was ended."""
    try:
        text = path.with_suffix(".log").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    lines = [line.strip() for line in text.splitlines() if "Error" in line]
    if lines:
        return lines[-1][:300]
    reached = f" at {job.done} of {job.total} frames" if job.total else ""
    return f"The process ended unexpectedly{reached}."


def _write(path: Path, job: Job) -> None:
    record = {name: getattr(job, name) for name in Job.__dataclass_fields__ if name != "job_id"}
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps(record), encoding="utf-8")
    draft.replace(path)
