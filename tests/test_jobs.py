"""Tracking jobs: processes of their own, seen through their progress files."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.errors import AppError
from app.jobs import processes as jobs

VIDEO = Path("/videos/clip.mp4")
SLEEPER = """
import json, os, sys, time
def tell(record):
    open(path + ".new", "w").write(json.dumps(record))
    os.replace(path + ".new", path)
path = sys.argv[sys.argv.index("--job-file") + 1]
record = {"state": "running", "stage": "segment", "done": 30, "total": 120, "frames_per_s": 15.0,
          "seconds_left": 6.0, "message": "", "pid": os.getpid(), "video": sys.argv[2],
          "updated_at": time.time()}
tell(record)
try:
    time.sleep(60)
except KeyboardInterrupt:
    tell({**record, "state": "cancelled"})
"""


def write(study: Path, job_id: str, **record: object) -> Path:
    folder = study / "jobs"
    folder.mkdir(exist_ok=True)
    path = folder / f"{job_id}.json"
    path.write_text(json.dumps({"video": str(VIDEO), **record}))
    return path


def wait_for(condition, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study whose track command only reports progress and waits."""
    script = tmp_path / "stand_in.py"
    script.write_text(SLEEPER)
    real = subprocess.Popen

    def popen(command: list[str], **options: object) -> subprocess.Popen:
        assert command[1:4] == ["-m", "app.cli", "track"]
        return real([command[0], str(script), *command[3:]], **options)

    monkeypatch.setattr(subprocess, "Popen", popen)
    return tmp_path


def test_a_job_runs_in_a_session_of_its_own_and_tells_its_progress(stand_in: Path) -> None:
    job = jobs.start_track_job(stand_in, VIDEO, 3)
    assert job.active
    assert os.getsid(job.pid) == job.pid
    wait_for(lambda: jobs.latest_job(stand_in, VIDEO).state == "running")
    seen = jobs.latest_job(stand_in, VIDEO)
    assert (seen.share, seen.frames_per_s, seen.seconds_left) == (0.25, 15.0, 6.0)
    with pytest.raises(AppError, match="being tracked already"):
        jobs.start_track_job(stand_in, VIDEO, 3)
    jobs.cancel_job(stand_in, job.job_id)
    wait_for(lambda: jobs.latest_job(stand_in, VIDEO).state == "cancelled")
    jobs.forget_job(stand_in, job.job_id)
    assert jobs.read_jobs(stand_in) == []


def test_a_killed_job_is_told_as_stopped(stand_in: Path) -> None:
    job = jobs.start_track_job(stand_in, VIDEO, 1)
    wait_for(lambda: jobs.latest_job(stand_in, VIDEO).state == "running")
    os.kill(job.pid, signal.SIGKILL)
    wait_for(lambda: jobs.latest_job(stand_in, VIDEO).state == "stopped")
    message = "The process ended unexpectedly at 30 of 120 frames. Track again to resume."
    assert jobs.latest_job(stand_in, VIDEO).message == message


def test_a_job_that_does_not_listen_can_be_ended(stand_in: Path) -> None:
    job = jobs.start_track_job(stand_in, VIDEO, 1)
    wait_for(lambda: jobs.latest_job(stand_in, VIDEO).state == "running")
    jobs.cancel_job(stand_in, job.job_id, hard=True)
    wait_for(lambda: jobs.latest_job(stand_in, VIDEO).state == "stopped")


def test_a_page_opened_later_finds_a_job_it_did_not_start(stand_in: Path) -> None:
    job = jobs.start_track_job(stand_in, VIDEO, 1)
    wait_for(lambda: jobs.latest_job(stand_in, VIDEO).state == "running")
    child = jobs._children.pop(job.job_id)  # as after a restart of the server
    assert jobs.latest_job(stand_in, VIDEO).active
    jobs.cancel_job(stand_in, job.job_id)
    child.wait(10)


def test_a_stranger_with_the_same_process_number_is_not_the_job(tmp_path: Path) -> None:
    write(tmp_path, "old", state="running", pid=os.getpid(), updated_at=time.time())
    if Path("/proc/self/cmdline").exists():
        assert jobs.latest_job(tmp_path, VIDEO).state == "stopped"


def test_a_job_that_died_at_once_says_its_last_words(tmp_path: Path) -> None:
    path = write(tmp_path, "j1", state="starting", pid=2**22 + 1, updated_at=time.time())
    path.with_suffix(".log").write_text("Usage: track\nError: No such option: --animal\n\n")
    job = jobs.latest_job(tmp_path, VIDEO)
    assert job.state == "stopped"
    assert job.message == "Error: No such option: --animal Track again to resume."


def test_jobs_come_newest_first_and_broken_files_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "20260101-a", state="failed", message="disk full")
    write(tmp_path, "20260102-b", state="done")
    (tmp_path / "jobs" / "20260103-c.json").write_text("{half")
    assert [job.job_id for job in jobs.read_jobs(tmp_path)] == ["20260102-b", "20260101-a"]
    assert jobs.latest_job(tmp_path, VIDEO).state == "done"
    assert jobs.latest_job(tmp_path, Path("/videos/other.mp4")) is None


def test_a_study_without_jobs_has_none(tmp_path: Path) -> None:
    assert jobs.read_jobs(tmp_path) == []


def test_a_job_name_cannot_lead_out_of_the_jobs_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text('{"state": "done", "video": "v"}')
    jobs.forget_job(tmp_path, "../secret")
    assert (tmp_path / "secret.json").exists()


def test_the_command_is_the_one_a_person_would_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []

    class Child:
        pid = 1234567

        def __init__(self, command: list[str], **_: object) -> None:
            seen.append(command)

        def poll(self) -> int:
            return 0

    monkeypatch.setattr(subprocess, "Popen", Child)
    jobs.start_track_job(tmp_path, VIDEO, 2, force=True)
    command = seen[0]
    assert command[:5] == [sys.executable, "-m", "app.cli", "track", str(VIDEO)]
    assert command[5:9] == ["-s", str(tmp_path), "--animals", "2"]
    assert command[-1] == "--force"
