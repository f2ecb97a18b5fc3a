"""Tracking that is killed, interrupted, or not alone: nothing is lost and nothing is mixed up."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from film import write_video
from terminal import command, environment, ethoscribe
from typer.testing import CliRunner

from app.cli import app
from storage.study import open_study
from storage.videos import videos

pytestmark = pytest.mark.slow

FRAMES = 6500  # seven pieces of work, each stored when it is done
SMALL = (160, 120)  # what is proved here is the same in every picture


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> tuple[Path, Path]:
    """Two videos that take some seconds to track."""
    folder = tmp_path_factory.mktemp("clips")
    return (
        write_video(folder / "one.mp4", n_frames=FRAMES, size=SMALL),
        write_video(folder / "two.mp4", n_frames=1500, animals=3, size=SMALL),
    )


@pytest.fixture(scope="module")
def whole(clips, tmp_path_factory) -> bytes:
    """The tracks of the first video, tracked without a break, as CSV."""
    study = tmp_path_factory.mktemp("whole") / "study"
    here("track", clips[0], "-s", study, "--animals", 2)
    return exported(study)


def exported(study: Path, video: str = "one") -> bytes:
    """What `ethoscribe export tracks` writes."""
    output = study.parent / f"{video}.csv"
    here("export", "tracks", "-s", study, "--video", video, "-o", output)
    return output.read_bytes()


def here(*arguments: object) -> str:
    """Run a command that nobody stops, in this very process; what it says."""
    ended = CliRunner().invoke(app, [*map(str, arguments)])
    assert ended.exit_code == 0, ended.output
    return ended.output


def start(video: Path, study: Path, animals: int = 2, *more: object) -> subprocess.Popen:
    """Start tracking in a process group of its own, as a terminal would."""
    return subprocess.Popen(
        command("track", video, "-s", study, "--animals", animals, *more),
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for_work(study: Path, process: subprocess.Popen, more_than: int, limit_s: float = 60):
    """Wait until more than so many pieces of work are on disk."""
    until = time.monotonic() + limit_s
    while pieces(study) <= more_than:
        assert process.poll() is None, "it was over before it could be stopped"
        assert time.monotonic() < until, "it did not start to work"
        time.sleep(0.005)


def pieces(study: Path) -> int:
    """How many pieces of finished work wait in the study."""
    return len(list(study.glob("shards/*/*.parquet")))


def test_killed_work_resumes_and_ends_the_same_byte_for_byte(clips, whole, tmp_path):
    study = tmp_path / "study"
    done = []
    for _ in range(3):
        process = start(clips[0], study)
        wait_for_work(study, process, more_than=pieces(study))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        done.append(pieces(study))
    assert done == sorted(done) and done[0] > 0, f"finished work was lost: {done}"
    here("track", clips[0], "-s", study, "--animals", 2)
    assert exported(study) == whole
    assert pieces(study) == 0


def test_killed_at_any_moment_it_ends_the_same(clips, whole, tmp_path):
    for number, delays_s in enumerate(((0.4, 1.6), (1.0, 2.4))):
        study = tmp_path / str(number) / "study"
        for delay_s in delays_s:
            process = start(clips[0], study)
            time.sleep(delay_s)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        here("track", clips[0], "-s", study, "--animals", 2)
        assert exported(study) == whole


def test_ctrl_c_ends_with_130_and_the_same_command_goes_on(clips, whole, tmp_path):
    study = tmp_path / "study"
    process = start(clips[0], study)
    wait_for_work(study, process, more_than=0)
    os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to the whole group
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Interrupted." in err and "Traceback" not in err
    assert pieces(study) > 0
    here("track", clips[0], "-s", study, "--animals", 2)
    assert exported(study) == whole


def test_a_page_can_cancel_a_job_whose_server_runs_in_the_background(clips, tmp_path):
    study, told = tmp_path / "study", tmp_path / "job.json"
    job = command("track", clips[0], "-s", study, "--animals", 2, "--job-file", told)
    in_background = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh", *job]
    process = subprocess.Popen(
        in_background, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wait_for_work(study, process, more_than=0)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert '"cancelled"' in told.read_text()


def test_two_workers_find_what_one_finds(clips, whole, tmp_path):
    study = tmp_path / "study"
    ended = ethoscribe("track", clips[0], "-s", study, "--animals", 2, "--workers", 2)
    assert ended.status == 0, ended.err
    assert exported(study) == whole


def test_ctrl_c_leaves_no_worker_behind(clips, tmp_path):
    study = tmp_path / "study"
    process = start(clips[0], study, 2, "--workers", 2)
    wait_for_work(study, process, more_than=2)  # by then both workers are up
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    with pytest.raises(ProcessLookupError):
        until = time.monotonic() + 10
        while time.monotonic() < until:
            os.killpg(process.pid, 0)
            time.sleep(0.05)


def test_two_processes_track_two_videos_into_one_study(clips, whole, tmp_path):
    study = tmp_path / "study"
    running = [start(clips[0], study, 2), start(clips[1], study, 3)]
    for process in running:
        _, err = process.communicate(timeout=180)
        assert process.returncode == 0, err
    with open_study(study) as opened:
        assert {video.name for video in videos(opened)} == {"one", "two"}
    assert exported(study) == whole


def test_the_same_video_twice_at_once_is_tracked_once(clips, whole, tmp_path):
    study = tmp_path / "study"
    running = [start(clips[0], study), start(clips[0], study)]
    said = [process.communicate(timeout=180)[1] for process in running]
    statuses = sorted(process.returncode for process in running)
    assert statuses in ([0, 0], [0, 1]), said
    assert not any("Traceback" in text for text in said)
    with open_study(study) as opened:
        assert [video.name for video in videos(opened)] == ["one"]
    assert exported(study) == whole


def test_a_video_that_is_tracked_is_left_alone_until_forced(clips, tmp_path):
    study = tmp_path / "study"
    clip = write_video(tmp_path / "short.mp4", n_frames=60)
    for expected in ("frames in", "already tracked"):
        assert expected in here("track", clip, "-s", study, "--animals", 2)
    assert "frames in" in here("track", clip, "-s", study, "--animals", 2, "--force")


def test_a_video_that_was_moved_is_recognised(tmp_path):
    study = tmp_path / "study"
    clip = write_video(tmp_path / "short.mp4", n_frames=60)
    here("track", clip, "-s", study, "--animals", 2)
    moved = tmp_path / "archive" / "renamed.mp4"
    moved.parent.mkdir()
    shutil.move(clip, moved)
    assert "already tracked" in here("track", moved, "-s", study, "--animals", 2)
