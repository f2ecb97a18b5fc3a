"""Processes for analyses, forked from one that has loaded what each would load for itself.

Starting Python and its libraries takes 0.4 s of computing, and hundreds of tests ask something.
The fork is closed in as a started one is: by Landlock to the same folders, without a socket and the
other system calls that are denied. It lacks what sandlock watches from outside (memory and number
of all its processes together), so that tests of the confinement start theirs (tests/conftest.py).
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from llm_query.confinement import Child, interpreter_paths

# Like llm_query.sandbox.BOOT: its package alone is in reach, not the folder around it.
_CODE = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location(
    "llm_query", sys.argv[1] + "/__init__.py", submodule_search_locations=[sys.argv[1]])
package = sys.modules["llm_query"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(package)

import json, os, platform, random, signal, socket, traceback
import numpy, pyarrow.compute, pyarrow.feather, sandlock
from sandlock.sandbox import _resolve_syscall
import llm_query.snapshot
from llm_query import runner, shut_door
from llm_query.confinement import DENIED
runner.scope()

import pandas
names = [name for name in sys.modules if name.split(".")[0] == "pandas"]
parked = {name: sys.modules.pop(name) for name in names}

class Parked:  # an analysis decides itself whether it needs pandas, and looks whether it is there
    def find_spec(self, name, path=None, target=None):
        return importlib.util.spec_from_loader(name, self) if name in parked else None

    def create_module(self, spec):
        self.spec = parked[spec.name].__spec__
        return parked[spec.name]

    def exec_module(self, module):
        module.__spec__ = self.spec
        sys.modules.update(parked)
        parked.clear()

sys.meta_path.insert(0, Parked())

machine = platform.machine()  # what sandlock denies is denied with the network
if machine in shut_door.CALLS:
    architecture, calls = shut_door.CALLS[machine]
    denied = tuple(map(_resolve_syscall, DENIED))
    shut_door.CALLS[machine] = (architecture, calls + denied)

def analyse(asked, streams):
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.closerange(3, 64)
    os.setsid()
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["folders"][-1])
    random.seed()
    numpy.random.seed()
    sys.argv[1:] = asked["wishes"]
    if asked["wishes"]:
        sandlock.confine(sandlock.Sandbox(fs_readable=asked["folders"]))
    code = 1
    try:
        code = runner.main(asked["wishes"])
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)

def watch(asked, streams, told):
    pid = os.fork()
    if not pid:
        analyse(asked, streams)
    for stream in streams:
        os.close(stream)
    told.sendall(b"%d\\n" % pid)
    ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # its number stays its own
    sign = 1 if ended.si_code == os.CLD_EXITED else -1
    told.sendall(b"%d\\n" % (sign * ended.si_status))
    told.recv(1)
    os.waitpid(pid, 0)
    os._exit(0)

watching = set()
orders = socket.socket(fileno=int(sys.argv[2]))
while True:
    line, given, _, _ = socket.recv_fds(orders, 1 << 16, 4)
    if not line:
        break
    watching.add(watcher := os.fork())
    if not watcher:
        orders.close()
        try:
            watch(json.loads(line), given[:3], socket.socket(fileno=given[3]))
        finally:
            os._exit(1)
    for each in given:
        os.close(each)
    watching -= {each for each in watching if os.waitpid(each, os.WNOHANG)[0]}
for each in watching:
    os.waitpid(each, 0)
"""


class Forker:
    """A loaded process that forks one for each analysis."""

    def __init__(self) -> None:
        self._orders: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()  # videos are analysed at the same time

    def start(
        self, command: Sequence[str], readable: Sequence[Path], env: Mapping[str, str], _: int
    ) -> Child:
        """Fork a process in place of the one that `llm_query.confinement.start` would start."""
        inner, outer = zip(os.pipe(), os.pipe()[::-1], os.pipe()[::-1], strict=True)
        told, heard = socket.socketpair()
        folders = [*interpreter_paths(), *map(str, readable)]
        wishes = list(command[list(command).index("-c") + 3 :])
        order = {"folders": folders, "wishes": wishes, "env": dict(env)}
        with self._lock:
            socket.send_fds(self._ready(), [json.dumps(order).encode()], [*inner, told.fileno()])
        told.close()
        for each in inner:
            os.close(each)
        return _child(outer, heard)

    def close(self) -> None:
        """End the loaded process, if there is one."""
        if self._orders is not None and self._process is not None:
            self._orders.close()
            self._process.wait(30)

    def _ready(self) -> socket.socket:
        if self._orders is None:
            self._orders, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            package = Path(sys.modules["llm_query"].__file__ or "").parent
            command = [sys.executable, "-I", "-B", "-c", _CODE, str(package), str(its.fileno())]
            threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
            plain = {"PATH": os.defpath, "LANG": "C.UTF-8", "ARROW_DEFAULT_MEMORY_POOL": "system"}
            silent = subprocess.DEVNULL
            self._process = subprocess.Popen(
                command, pass_fds=[its.fileno()], env=plain | threads, stdin=silent, stdout=silent
            )
            its.close()
        return self._orders


def _child(streams: Sequence[int], heard: socket.socket) -> Child:
    """A forked process as the engine knows it; its number stays its own until it was waited for."""
    lines = heard.makefile("rb")
    pid = _number(lines.readline())
    ended: list[int] = []
    stdin, stdout, stderr = streams

    def kill() -> None:
        if not ended:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)

    def wait() -> int:
        if not ended:
            ended.append(_number(lines.readline()))
            lines.close()
            heard.close()
        return ended[0]

    return Child(
        pid, os.fdopen(stdin, "wb"), os.fdopen(stdout, "rb"), os.fdopen(stderr, "rb"), kill, wait
    )


def _number(line: bytes) -> int:
    assert line, "the process that forks analyses has ended: standard error says why"
    return int(line)
