"""A Dask scheduler and workers as real processes: what `dask scheduler` and `dask worker` run.

One process loads everything and forks them, which spares each the seconds of starting anew.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

LOADED = """
import os, sys, traceback
from distributed.cli import dask_scheduler, dask_worker
import app.cli, app.commands.track_batch, app.jobs.batch, app.jobs.dask_crew
MAIN = {"scheduler": dask_scheduler.main, "worker": dask_worker.main, "ethoscribe": app.cli.app}
print("loaded", flush=True)
for line in sys.stdin:
    kind, log, *arguments = line.rstrip("\\n").split("\\t")
    if kind == "wait":
        print(os.waitstatus_to_exitcode(os.waitpid(int(log), 0)[1]), flush=True)
        continue
    child = os.fork()
    if child == 0:
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(out, 1), os.dup2(out, 2), os.setsid()
        status = 70
        try:
            MAIN[kind](arguments)
        except SystemExit as ended:
            status = ended.code or 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush(), sys.stderr.flush()
            os._exit(status)
    print(child, flush=True)
try:
    while True:
        os.wait()
except ChildProcessError:
    pass
"""


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class DaskProcesses:
    """Starts schedulers and workers, and ends them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.address = folder, ""
        self.scheduler, self.workers = 0, list[int]()
        self._started = list[int]()
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        environment |= {"OMP_NUM_THREADS": "1", "COLUMNS": "100", "NO_COLOR": "1"}
        self._loaded = subprocess.Popen(
            [sys.executable, "-c", LOADED], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env=environment,
        )  # fmt: skip
        assert self._loaded.stdout and self._loaded.stdout.readline() == "loaded\n"

    def start(self, workers: int = 3) -> str:
        """Start a scheduler and workers; the scheduler's address."""
        port = free_port()
        self.address = f"tcp://127.0.0.1:{port}"
        self.scheduler = self._fork(
            "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"
        )
        _wait_for_port(port)
        self.workers = [self.add_worker() for _ in range(workers)]
        return self.address

    def add_worker(self, *more: str) -> int:
        """Start one more worker; its process."""
        return self._fork(
            "worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host",
            "127.0.0.1", "--local-directory", str(self.folder / "scratch"), *more,
        )  # fmt: skip

    def _fork(self, kind: str, *arguments: str) -> int:
        pipe_in, pipe_out = self._loaded.stdin, self._loaded.stdout
        assert pipe_in and pipe_out
        pipe_in.write("\t".join([kind, str(self.folder / f"{kind}.log"), *arguments]) + "\n")
        pipe_in.flush()
        pid = int(pipe_out.readline())
        self._started.append(pid)
        return pid

    def ethoscribe(self, *arguments: object) -> int:
        """Start `ethoscribe`, with what it says in ethoscribe.log; its process."""
        (self.folder / "ethoscribe.log").unlink(missing_ok=True)
        return self._fork("ethoscribe", *map(str, arguments))

    def ended(self, pid: int) -> tuple[int, str]:
        """The exit status of a command, when it is over, and what it said."""
        pipe_in, pipe_out = self._loaded.stdin, self._loaded.stdout
        assert pipe_in and pipe_out
        pipe_in.write(f"wait\t{pid}\n")
        pipe_in.flush()
        status = int(pipe_out.readline())
        self._started.remove(pid)
        return status, (self.folder / "ethoscribe.log").read_text(encoding="utf-8")

    def kill(self, pid: int) -> None:
        """End one process as a power cut would."""
        os.kill(pid, signal.SIGKILL)
        self._started.remove(pid)

    def stop(self) -> None:
        """End what still runs."""
        for pid in list(self._started):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._started.clear()

    def close(self) -> None:
        """End everything."""
        self.stop()
        if self._loaded.stdin:
            self._loaded.stdin.close()
        self._loaded.wait(10)


def _wait_for_port(port: int, limit_s: float = 30) -> None:
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError("the scheduler did not start")
