"""Workers as jobs of SLURM: what `--slurm` says becomes the script that `sbatch` gets."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.errors import AppError
from app.jobs.dask_crew import GPU, INSTALL, DaskCrew, quiet_logs
from storage.authors import AUTHOR, who

DEFAULT_CPUS, DEFAULT_TIME, MEMORY_PER_CPU_GB = 4, "24:00:00", 4
_TIME = re.compile(r"(\d+-)?\d{1,3}(:\d{2}){0,2}")
_MEMORY = re.compile(r"\d+(\.\d+)?\s*([kKmMgGtT][iI]?[bB]?)?")
KEYS = {
    "partition": "where jobs run", "cpus": "processes of each job", "time": "a job may last",
    "jobs": "jobs at once", "memory": "of each job, such as 16GB", "gpus": "of each job",
    "account": "who pays", "qos": "quality of service", "interface": "network, such as ib0",
}  # fmt: skip


@dataclass(frozen=True)
class Slurm:
    """What a person asks SLURM for."""

    partition: str | None = None
    cpus: int = DEFAULT_CPUS  # of each job; each works on a step of its own
    time: str = DEFAULT_TIME  # [days-]hours:minutes:seconds
    jobs: int = 1
    memory: str = ""  # of each job
    gpus: int = 0  # of each job
    account: str | None = None
    qos: str | None = None
    interface: str | None = None

    @property
    def workers(self) -> int:
        """Processes of all jobs together."""
        return self.cpus * self.jobs


def parse_slurm(text: str, workers: int = 1) -> Slurm:
    """Read `partition=cpu,cpus=8,time=12:00:00`; `workers` is how many processes all jobs have.

    >>> parse_slurm("partition=cpu,cpus=4", workers=10)
    Slurm(partition='cpu', cpus=4, time='24:00:00', jobs=3, memory='16GB', gpus=0, account=None, \
qos=None, interface=None)
    """
    given: dict[str, Any] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        key, equals, value = pair.partition("=")
        if not equals or key not in KEYS or not value:
            known = ", ".join(f"{name} ({what})" for name, what in KEYS.items())
            raise AppError(
                f"--slurm has {pair!r}, but takes KEY=VALUE with commas between: {known}."
            )
        given[key] = _number(key, value) if key in ("cpus", "jobs", "gpus") else value
    cpus = given.setdefault("cpus", DEFAULT_CPUS)
    given.setdefault("jobs", max(1, -(-workers // cpus)))
    given.setdefault("memory", f"{MEMORY_PER_CPU_GB * cpus}GB")
    if not _TIME.fullmatch(given.get("time", DEFAULT_TIME)):
        raise AppError(f"--slurm has time={given['time']}: write it as 12:00:00 or 2-00:00:00.")
    if not _MEMORY.fullmatch(given["memory"]):
        raise AppError(f"--slurm has memory={given['memory']}: write it as 16GB.")
    return Slurm(**given)


def _number(key: str, value: str) -> int:
    if not value.isdecimal() or (int(value) < 1 and key != "gpus"):
        raise AppError(f"--slurm has {key}={value}: it is a whole number above 0.")
    return int(value)


def slurm_cluster(asked: Slurm, study: Path) -> Any:
    """A scheduler in this process, and the description of the jobs that its workers are."""
    try:
        from dask_jobqueue import SLURMCluster
    except ImportError as error:
        raise AppError(f"{INSTALL}.") from error
    import dask

    quiet_logs()
    logs = study.resolve() / "jobs" / "slurm"
    logs.mkdir(parents=True, exist_ok=True)
    more = [f"--qos={asked.qos}"] if asked.qos else []
    more += [f"--gres=gpu:{asked.gpus}"] if asked.gpus else []
    # Each process offers what it has of a GPU: with as many processes as GPUs, one each.
    processes = asked.gpus or asked.cpus
    worker_arguments = ["--resources", f"{GPU}=1"] if asked.gpus else []
    # A job that reaches its time takes what it is at with it: no sign that the film is at fault.
    dask.config.set({"distributed.scheduler.allowed-failures": 8})
    try:
        return SLURMCluster(
            queue=asked.partition, account=asked.account, walltime=asked.time, cores=processes,
            processes=processes, memory=asked.memory, job_cpu=asked.cpus, interface=asked.interface,
            job_extra_directives=more, worker_extra_args=worker_arguments, job_name="ethoscribe",
            log_directory=str(logs), local_directory=os.environ.get("TMPDIR") or None,
            job_script_prologue=[f"export {AUTHOR}={_quoted(who())}", "export OMP_NUM_THREADS=1"],
            scheduler_options={"dashboard_address": None},
        )  # fmt: skip
    except (OSError, ValueError, RuntimeError) as error:
        raise AppError(f"SLURM's workers cannot be described: {error}") from error


def _quoted(text: str) -> str:
    import shlex

    return shlex.quote(text)


def slurm_crew(asked: Slurm, study: Path) -> DaskCrew:
    """Workers that SLURM starts, and starts anew where their time is over."""
    import shutil

    from distributed import Client

    if shutil.which("sbatch") is None:
        raise AppError("There is no sbatch here: give the command on a machine that SLURM knows.")
    cluster = slurm_cluster(asked, study)
    cluster.adapt(minimum_jobs=asked.jobs, maximum_jobs=asked.jobs)
    logs = study.resolve() / "jobs" / "slurm"
    waiting = f"waiting for SLURM to start jobs: squeue --me shows them, {logs} has what they say"
    return DaskCrew(Client(cluster, set_as_default=False), asked.workers, cluster, waiting)
