"""A cluster of real processes, of which some are killed: every video is tracked once, and the same.

Three workers track twelve films; a worker and then the scheduler are killed at work.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from dask_cluster import DaskProcesses
from film import write_video
from terminal import here

from app.jobs.batch_record import BatchRecord, read_batches
from storage.jobs import attempts
from storage.runs import COLUMNS, runs
from storage.study import open_study
from storage.videos import videos

pytestmark = pytest.mark.slow
LONG, SHORT, FILMS = 1600, 40, 12  # frames: two chunks, or one


@pytest.fixture(scope="module")
def films(tmp_path_factory) -> Path:
    """A folder with twelve films, every fourth of two chunks."""
    folder = tmp_path_factory.mktemp("films")
    for number in range(FILMS):
        frames = number + (LONG if number % 4 == 0 else SHORT)
        write_video(folder / f"f{number:02d}.mp4", frames, animals=1, size=(96, 72))
    return folder


@pytest.fixture(scope="module")
def cluster(tmp_path_factory) -> Iterator[DaskProcesses]:
    """What starts schedulers and workers."""
    processes = DaskProcesses(tmp_path_factory.mktemp("cluster"))
    yield processes
    processes.close()


def rows(study: Path) -> dict[str, pd.DataFrame]:
    """Every row of every table that tracking writes, by the name of its video."""
    found = {}
    with open_study(study) as opened:
        for name, columns in COLUMNS.items():
            listed = ", ".join(f"t.{column}" for column in columns)
            found[name] = opened.arrow(
                f"SELECT v.name AS video, {listed} FROM {name} t JOIN videos v USING (video_id) "
                f"ORDER BY v.name, {', '.join(str(k + 2) for k in range(len(columns)))}"
            ).to_pandas()
    return found


def wait_until(
    seen: Callable[[BatchRecord], bool], study: Path, limit_s: float = 120
) -> BatchRecord:
    """The state of the newest batch, as soon as it is what is waited for."""
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        found = read_batches(study)
        if found and seen(found[0]):
            return found[0]
        time.sleep(0.02)
    raise AssertionError("the batch did not get so far")


def tracked(record: BatchRecord) -> int:
    return sum(job.state in ("done", "already") for job in record.videos)


def test_killed_workers_and_a_killed_scheduler_cost_nothing_but_time(films, cluster, tmp_path):
    serial, study = tmp_path / "serial", tmp_path / "study"
    assert here("track", films, "-s", serial, "--animals", 1).status == 0

    address = cluster.start(workers=3)
    command = cluster.ethoscribe("track", films, "-s", study, "--animals", 1, "--cluster", address)
    record = wait_until(lambda now: any(job.chunks_done for job in now.videos), study)
    busy = {int(job.worker.rpartition(":")[2]) for job in record.videos if job.state == "running"}
    cluster.kill(next(pid for pid in cluster.workers if pid in busy))
    wait_until(lambda now: tracked(now) >= 3, study)
    cluster.kill(cluster.scheduler)
    status, said = cluster.ended(command)
    assert status == 1 and "Traceback" not in said, said
    assert f"The scheduler at {address} is gone. What is done is kept" in said
    with open_study(study) as opened:
        before = {run.run_id for run in runs(opened)}
        states = {one.state for one in attempts(opened)}
    assert 3 <= len(before) < FILMS, "it was not killed in the middle"
    assert states == {"done", "stopped"}

    cluster.stop()
    address = cluster.start(workers=3)
    command = cluster.ethoscribe("track", films, "-s", study, "--animals", 1, "--cluster", address)
    status, said = cluster.ended(command)
    assert status == 0, said
    with open_study(study) as opened:
        after = runs(opened)
        assert {video.name for video in videos(opened)} == {f"f{n:02d}" for n in range(FILMS)}
        second = [one for one in attempts(opened) if one.attempt == 2]
    assert len(after) == len({run.video_id for run in after}) == FILMS
    assert before <= {run.run_id for run in after}
    assert sorted(one.state for one in second) == sorted(
        ["already"] * len(before) + ["done"] * (FILMS - len(before))
    )
    assert not list(study.glob("shards/*/*"))
    expected = rows(serial)
    assert len(expected["tracks"]) == sum(n + (LONG if n % 4 == 0 else SHORT) for n in range(FILMS))
    for name, table in rows(study).items():
        pd.testing.assert_frame_equal(table, expected[name], check_exact=True)


def test_a_scheduler_that_is_not_there_is_said(films, tmp_path, monkeypatch):
    monkeypatch.setattr("app.jobs.dask_crew.CONNECT_S", 1)
    ended = here("track", films, "-s", tmp_path / "s", "--animals", 1, "--cluster", "127.0.0.1:9")
    assert ended.status == 1 and ended.says_one_clear_line(), ended.err
    assert "No Dask scheduler answers at 127.0.0.1:9" in ended.err
    assert not (tmp_path / "s").exists()
