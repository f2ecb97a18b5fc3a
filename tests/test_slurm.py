"""Jobs of SLURM: what is asked for is in the script, and a job that runs it does the work."""

import contextlib
import os
import signal
import sys
from pathlib import Path

import pytest
from film import write_video
from terminal import here

from app.errors import AppError
from app.jobs.slurm import Slurm, parse_slurm, slurm_cluster
from storage.jobs import attempts
from storage.study import open_study

# A stand-in: it takes the script as SLURM does, and runs it here.
SBATCH = """#!/bin/sh
cp "$1" {folder}/job.sh
setsid sh {folder}/job.sh > {folder}/job.out 2>&1 &
echo $! >> {folder}/jobs
echo "Submitted batch job $!"
"""
SCANCEL = """#!/bin/sh
echo "$@" >> {folder}/cancelled
kill -TERM "$@"
"""


def test_what_a_person_asks_for_is_read_and_what_is_wrong_is_said():
    asked = parse_slurm("partition=gpu, cpus=8,time=2-00:00:00,gpus=2,account=lab", workers=20)
    assert asked == Slurm("gpu", 8, "2-00:00:00", 3, "32GB", 2, "lab")
    assert asked.workers == 24
    for text, said in (
        ("partition", "takes KEY=VALUE"), ("nodes=3", "'nodes=3'"), ("cpus=many", "whole number"),
        ("cpus=0", "above 0"), ("time=tomorrow", "12:00:00"), ("memory=lots", "16GB"),
    ):  # fmt: skip
        with pytest.raises(AppError, match=said):
            parse_slurm(text)


def test_the_script_of_a_job_says_what_was_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("ETHOSCRIBE_AUTHOR", "Ada Lovelace")
    asked = parse_slurm("partition=gpu,cpus=8,time=12:00:00,memory=24GB,gpus=2,account=lab,qos=low")
    cluster = slurm_cluster(asked, tmp_path)
    try:
        script = cluster.job_script()
    finally:
        cluster.close()
    lines = script.splitlines()
    for line in (
        "-p gpu", "-A lab", "-n 1", "--cpus-per-task=8", "--mem=23G", "-t 12:00:00", "--qos=low",
        "--gres=gpu:2",
    ):  # fmt: skip
        assert f"#SBATCH {line}" in lines, script
    assert "export ETHOSCRIBE_AUTHOR='Ada Lovelace'" in lines
    worker = lines[-1]
    assert "distributed.cli.dask_worker tcp://" in worker
    # two processes with a GPU each, one step at a time
    assert "--nworkers 2" in worker and "--nthreads 1" in worker and "--resources GPU=1" in worker
    assert str(tmp_path / "jobs" / "slurm") in script


def test_without_slurm_it_is_said_where_to_go(tmp_path, monkeypatch):
    clip = write_video(tmp_path / "clip.mp4", 30, animals=1, size=(96, 72))
    monkeypatch.setenv("PATH", str(tmp_path))
    ended = here("track", clip, "-s", tmp_path / "s", "--animals", 1, "--slurm", "partition=cpu")
    assert ended.status == 1 and ended.says_one_clear_line(), ended.err
    assert "There is no sbatch here" in ended.err


@pytest.mark.slow
def test_jobs_do_the_work_and_are_cancelled_when_it_is_done(tmp_path, monkeypatch):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        (tools / name).write_text(text.format(folder=tools))
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    clip = write_video(tmp_path / "clip.mp4", 40, animals=1, size=(96, 72))
    slurm = "partition=cpu,cpus=1,time=0:10:00,memory=1GB"
    try:
        ended = here("track", clip, "-s", tmp_path / "s", "--animals", 1, "--slurm", slurm)
        assert ended.status == 0, ended.err
        assert "1 of 1 video tracked." in ended.err
        with open_study(tmp_path / "s") as opened:
            (row,) = attempts(opened)
        assert row.state == "done" and not row.worker.endswith(f":{os.getpid()}")
        (job,) = (tools / "jobs").read_text().split()
        assert (tools / "cancelled").read_text().split() == [job]
        assert sys.executable in (tools / "job.sh").read_text()
    finally:
        for job in (tools / "jobs").read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(int(job), signal.SIGKILL)
