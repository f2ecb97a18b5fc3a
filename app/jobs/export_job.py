"""Drawing a video as a process of its own that outlives the page, the tab and the server.

Progress is in `exports/<name>.json` of the study, the finished video beside it.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from app.errors import AppError
from app.figures.overlay_video import Wish, draw_video
from app.jobs import processes as jobs
from app.jobs.progress import JobFile, reporting

FOLDER = "exports"
PARTS = ("masks", "trails", "names", "regions", "behaviours")
_children: dict[Path, subprocess.Popen] = {}  # by progress file, so that they are reaped


@dataclass(frozen=True)
class Export:
    """One video that was asked for: how far it is, and where it will be."""

    job: jobs.Job
    file: Path

    @property
    def ready(self) -> bool:
        """Whether the whole video is there."""
        return self.job.state == "done" and self.file.is_file()


def run_export(study: Path, wish: Wish, output: Path, job_file: Path | None = None) -> int:
    """Draw a video with its progress on the terminal and, for a page, in a file."""
    with reporting(output, job_file, "Cancelled; nothing was kept.") as report:
        frames = draw_video(study, wish, output, report)
    return frames


def start_export(study: Path, wish: Wish) -> Export:
    """Start drawing in a process of its own; one at a time in a study."""
    if any(one.job.active for one in exports(study)):
        raise AppError("A video is being drawn already: wait for it, or cancel it.")
    folder = study / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for half in folder.glob(".*.mp4"):  # of a process that was killed
        half.unlink(missing_ok=True)
    safe = re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", wish.video).strip(". ")[:80] or "video"
    path = folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{safe}.json"
    JobFile(path, path.with_suffix(".mp4")).write("starting")
    command = [sys.executable, "-m", "app.cli", "export", "video", "-s", str(study)]
    command += [*_options(wish), "-o", str(path.with_suffix(".mp4")), "--job-file", str(path)]
    with path.with_suffix(".log").open("wb") as log:
        _children[path] = subprocess.Popen(
            command, cwd=jobs.HOME, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    return exports(study)[0]


def exports(study: Path) -> list[Export]:
    """Every video that was asked for, newest first, with the truth about those that died."""
    found = []
    for path in sorted((study / FOLDER).glob("*.json"), reverse=True):
        job = _seen(path)
        if job is not None:
            found.append(Export(job, path.with_suffix(".mp4")))
    return found


def cancel_export(study: Path, job_id: str) -> None:
    """End a running job; it leaves nothing behind."""
    job = _seen(study / FOLDER / f"{Path(job_id).name}.json")
    if job is not None and job.active and job.pid:
        os.kill(job.pid, signal.SIGINT)


def forget_export(study: Path, job_id: str) -> None:
    """Remove a job that has ended, and the video that it made."""
    path = study / FOLDER / f"{Path(job_id).name}.json"
    job = _seen(path)
    if job is None or job.active:
        return
    for suffix in (".json", ".log", ".mp4"):
        path.with_suffix(suffix).unlink(missing_ok=True)


def _options(wish: Wish) -> list[str]:
    """The options of `ethoscribe export video` that say the same."""
    words = ["--video", wish.video]
    for option, value in (("--from", wish.start_s), ("--to", wish.stop_s)):
        words += [] if value is None else [option, f"{value:g}"]
    words += [part for name in wish.behaviour for part in ("--behaviour", name)]
    words += [part for name in wish.who for part in ("--annotator", name)]
    return words + [f"--no-{part}" for part in PARTS if not getattr(wish, part)]


def command_of(wish: Wish) -> list[str]:
    """What to type for the same video."""
    return ["ethoscribe", "export", "video", *_options(wish), "-o", "overlay.mp4"]


def _seen(path: Path) -> jobs.Job | None:
    job = jobs.read_job(path)
    if job is None or not job.active:
        return job
    child = _children.get(path)
    if child.poll() is None if child is not None else jobs.is_alive(job, path):
        return replace(job, pid=job.pid or (child.pid if child else 0))
    job = jobs.read_job(path) or job  # it may have written its last word just now
    if not job.active:
        return job
    return replace(job, state="stopped", message="The process ended unexpectedly. Start it again.")
