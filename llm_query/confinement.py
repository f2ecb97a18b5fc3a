"""Start the process for analysis code with nothing in reach but Python and its own input.

With sandlock (Linux with Landlock ABI 6 or newer, no privileges needed) the process may read the
interpreter, its libraries and one input folder; it may write nothing, open no connection, start no
program, signal or slow down nobody outside, and its memory and number of processes are limited.
Elsewhere it is a plain process with a clean environment, and `confinement()` says so.
"""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from llm_query import shut_door

MOST_PROCESSES = 4  # of one analysis: it needs itself only
SYSTEM = (
    "/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64", "/usr/share/zoneinfo",
    "/etc/ld.so.cache", "/etc/localtime", "/proc/self", "/proc/meminfo", "/proc/cpuinfo",
    "/sys/devices/system/cpu", "/dev/null", "/dev/zero", "/dev/urandom",
)  # fmt: skip
# What Landlock lets through: marks of files that may not be opened, limits, ranks and handles of
# other processes, the clock. Sockets are taken away in the process itself (llm_query.shut_door).
DENIED = (
    "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "utime",
    "utimes", "utimensat", "futimesat", "setxattr", "lsetxattr", "fsetxattr", "removexattr",
    "lremovexattr", "fremovexattr", "prlimit64", "setpriority", "sched_setscheduler",
    "sched_setparam", "sched_setattr", "sched_setaffinity", "ioprio_set", "chroot", "syslog",
    "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "pidfd_open",
    "pidfd_send_signal", "pidfd_getfd", "inotify_init1", "fanotify_init", "flock", "memfd_secret",
    "process_madvise", "mq_open", "mq_unlink", "mq_timedsend", "mq_timedreceive", "mq_notify",
    "mq_getsetattr",
)  # fmt: skip


@dataclass(frozen=True)
class Confinement:
    """How far analysis code is confined on this machine, and why not further."""

    name: str  # "sandlock" or "none"
    complete: bool
    why: str


@cache
def confinement() -> Confinement:
    """Find out once how analysis code can be confined here."""
    if sys.platform != "linux":
        return Confinement("none", False, f"no confinement is known for {sys.platform}")
    if find_spec("sandlock") is None:
        return Confinement("none", False, "the package sandlock is not installed")
    if not shut_door.is_known():
        return Confinement("none", False, f"the network cannot be shut on {platform.machine()}")
    sandlock = import_module("sandlock")
    found, needed = sandlock.landlock_abi_version(), sandlock.min_landlock_abi()
    if found < needed:
        have = f"Landlock ABI {found}" if found > 0 else "no Landlock"
        return Confinement("none", False, f"this kernel has {have}; {needed} is needed")
    return Confinement("sandlock", True, f"sandlock with Landlock ABI {found}")


@dataclass
class Child:
    """A running process; kill() ends it with everything it started."""

    pid: int
    stdin: IO[bytes]
    stdout: IO[bytes]
    stderr: IO[bytes]
    kill: Callable[[], None]
    wait: Callable[[], int]  # the exit code; minus the signal's number if one ended it


def start(
    command: Sequence[str], readable: Sequence[Path], env: Mapping[str, str], memory_mb: int
) -> Child:
    """Start a confined process, or a plain one where that is all there is.

    readable: folders it may read beside Python itself. memory_mb: of all its processes together.
    """
    if confinement().name == "sandlock":
        return _start_sandlock(command, readable, env, memory_mb)
    return _start_plain(command, readable[0], env)


def _start_sandlock(
    command: Sequence[str], readable: Sequence[Path], env: Mapping[str, str], memory_mb: int
) -> Child:
    sandlock = import_module("sandlock")
    piped = sandlock.StdioMode.PIPED
    box = sandlock.Sandbox(
        fs_readable=[*interpreter_paths(), *map(str, readable)],
        clean_env=True,
        env=dict(env),
        cwd=str(readable[0]),
        max_memory=f"{2 * memory_mb}M",  # each process also limits itself, which it can report
        max_processes=MOST_PROCESSES,
        no_coredump=True,
        extra_deny_syscalls=DENIED,
    )
    process = box.popen(list(command), stdin=piped, stdout=piped, stderr=piped)

    def wait() -> int:
        ended = process.wait()
        return -ended.signal if ended.signal > 0 else int(ended.exit_code)

    return Child(process.pid, process.stdin, process.stdout, process.stderr, process.kill, wait)


def _start_plain(command: Sequence[str], folder: Path, env: Mapping[str, str]) -> Child:
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        command, cwd=folder, env=env, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
    )

    def kill() -> None:
        with suppress(ProcessLookupError, PermissionError):  # the group may be gone already
            os.killpg(process.pid, signal.SIGKILL)

    stdin, stdout, stderr = process.stdin, process.stdout, process.stderr
    if stdin is None or stdout is None or stderr is None:
        raise OSError("The process for analysis code has no pipes.")
    return Child(process.pid, stdin, stdout, stderr, kill, process.wait)


@cache
def interpreter_paths() -> tuple[str, ...]:
    """What Python needs to read: itself, its libraries and the vocabulary's own package."""
    own = Path(__file__).resolve().parent
    folders = [
        *SYSTEM, sys.prefix, sys.base_prefix, sys.exec_prefix,
        *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
        str(Path(sys.executable).resolve()), sys.executable, str(own),
    ]  # fmt: skip
    there = os.path.exists  # Path.exists() raises where a folder on the way may not be searched
    return tuple(dict.fromkeys(each for each in folders if each and there(each)))
