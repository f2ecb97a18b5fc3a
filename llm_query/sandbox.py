"""Run analysis code in a confined process, with limits, and check what comes back.

The process reads Python, its libraries and a copy of one video's data, and nothing else: no other
file, no network, no program, no key (see `llm_query.confinement`). Its time, memory, processes and
output are limited; it writes no file but answers through a pipe, as JSON and Arrow that are checked
for size and shape, never as pickle. Starting Python and its libraries takes most of the time of a
short analysis, so that a program that runs many keeps a process ready (`keep_ready`).

Where confinement is not complete, the process still has a clean environment and the limits, but
could read your files: `confinement()` says so. The planner's own code is checked to call
nothing but the vocabulary (`llm_query.planner_code`).
"""

from __future__ import annotations

import atexit
import json
import os
import secrets
import selectors
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from llm_query.answer_checks import Result, read_checked
from llm_query.confinement import Child, confinement, start
from llm_query.errors import QueryError

RESULT_MB = 256  # of everything that comes back
SAID = 64 << 10  # bytes kept of what the process says on standard error
MEMORY_MB = 2048
BOOT = (  # its package alone is in reach, not the folder around it
    "import sys, importlib.util as u; "
    "s = u.spec_from_file_location('llm_query', sys.argv[1] + '/__init__.py', "
    "submodule_search_locations=[sys.argv[1]]); "
    "m = sys.modules['llm_query'] = u.module_from_spec(s); s.loader.exec_module(m); "
    "from llm_query.runner import main; sys.exit(main(sys.argv[2:]))"
)
KEPT_VARIABLES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")


def run_code(
    code: str,
    snapshot: Path | str,
    timeout_s: float = 60.0,
    memory_mb: int = MEMORY_MB,
    *,
    prepare: Callable[[], object] | None = None,
) -> Result:
    """Run `analyse(recording)` from `code` on a snapshot folder.

    timeout_s: wall and CPU seconds. memory_mb: address space in MB (on Linux). prepare: writes the
    snapshot; called while the process starts, which takes half a second when none is ready. Errors
    of the analysis are in `Result.error`, they do not raise.
    """
    started = time.monotonic()
    ready = _take(memory_mb)
    with _lock:
        _running.add(ready)
    try:
        if prepare:
            prepare()
        result = ready.run(code, Path(snapshot), timeout_s)
    finally:
        with _lock:
            _running.discard(ready)
        ready.close()
    result.seconds = time.monotonic() - started
    return result


class Ready:
    """A process that has started and waits for its one analysis, with a folder of its own."""

    def __init__(self, memory_mb: int) -> None:
        self.memory_mb = memory_mb
        self.folder = Path(tempfile.mkdtemp(prefix="ethoscribe-"))
        package = Path(__file__).resolve().parent
        command = [sys.executable, "-I", "-B", "-c", BOOT, str(package)]
        command += ["confined"] if confinement().complete else []
        env = clean_environment(self.folder)
        self.child: Child = start(command, [self.folder], env, memory_mb)

    def run(self, code: str, snapshot: Path, timeout_s: float) -> Result:
        """Hand over the code and the snapshot, and wait for the answer."""
        (self.folder / "analysis.py").write_text(code, encoding="utf-8")
        data = self.folder / "snapshot"
        shutil.copytree(snapshot, data, copy_function=_link)
        mark = secrets.token_hex(16)
        asked = {"snapshot": str(data), "code": str(self.folder / "analysis.py"), "mark": mark}
        _limit(self.child.pid, timeout_s, self.memory_mb)
        with suppress(BrokenPipeError):  # it has ended already; its exit code says why
            self.child.stdin.write(json.dumps(asked).encode() + b"\n")
            self.child.stdin.close()
        deadline = time.monotonic() + timeout_s
        try:
            answer, said = _listen(self.child, deadline)
            code_of_end = _wait(self.child, deadline)
        except _TooLate:
            return Result(
                error=f"The analysis took longer than {timeout_s:g} s and was stopped. Ask about a "
                "part of the recording, or simplify it."
            )
        except _TooMuch:
            return Result(
                error=f"The analysis returned more than {RESULT_MB} MB. Return fewer rows."
            )
        ended = _how_it_ended(code_of_end, said, timeout_s, self.memory_mb)
        return Result(error=ended) if ended else read_checked(answer, mark)

    def close(self) -> None:
        """End the process and remove its folder."""
        self.child.kill()
        for stream in (self.child.stdin, self.child.stdout, self.child.stderr):
            with suppress(OSError):
                stream.close()
        with suppress(RuntimeError):  # it has been waited for
            self.child.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def _limit(pid: int, seconds: float, memory_mb: int) -> None:
    """Lower a process's limits from outside, before it touches any analysis code."""
    if sys.platform != "linux":  # elsewhere only the clock limits it
        return
    import resource

    limits = {
        resource.RLIMIT_CPU: int(seconds) + 2, resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0, resource.RLIMIT_NOFILE: 256,
        resource.RLIMIT_AS: memory_mb << 20,
    }  # fmt: skip
    with suppress(ProcessLookupError):  # it has ended already; its exit code says why
        for which, value in limits.items():
            hard = resource.prlimit(pid, which)[1]
            allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.prlimit(pid, which, (allowed, allowed))


def _link(source: str, target: str) -> None:
    """Put a file in another place without copying it where that is possible."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


class _TooLate(Exception):
    pass


class _TooMuch(Exception):
    pass


def _listen(child: Child, deadline: float) -> tuple[bytes, bytes]:
    """What the child writes to its standard output and error until it closes both."""
    heard: dict[int, list[bytes]] = {1: [], 2: []}
    most = {1: RESULT_MB << 20, 2: SAID}
    size = {1: 0, 2: 0}
    with selectors.DefaultSelector() as streams:
        streams.register(child.stdout, selectors.EVENT_READ, 1)
        streams.register(child.stderr, selectors.EVENT_READ, 2)
        while streams.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                raise _TooLate
            for key, _ in streams.select(left):
                part = os.read(key.fd, 1 << 20)
                if not part:
                    streams.unregister(key.fileobj)
                size[key.data] += len(part)
                if size[key.data] <= most[key.data]:
                    heard[key.data].append(part)
                elif key.data == 1:
                    raise _TooMuch
    return b"".join(heard[1]), b"".join(heard[2])


def _wait(child: Child, deadline: float) -> int:
    """Its exit code; one that has shut its mouth and goes on living is killed at the deadline."""
    late = threading.Event()

    def end() -> None:
        late.set()
        child.kill()

    timer = threading.Timer(max(deadline - time.monotonic(), 0.1), end)
    timer.start()
    try:
        code = child.wait()
    finally:
        timer.cancel()
    if late.is_set():
        raise _TooLate
    return code


def _how_it_ended(code: int, said: bytes, timeout_s: float, memory_mb: int) -> str | None:
    if code == 0:
        return None
    if code == -getattr(signal, "SIGXCPU", 24):
        return f"The analysis used more than {timeout_s:g} s of computing time and was stopped."
    last = said[-2000:].decode("utf-8", "replace").strip().splitlines()
    told = f" ({last[-1]})" if last else ""
    return (
        f"The analysis process ended with code {code}{told}. It may have needed more than "
        f"{memory_mb} MB of memory."
    )


# processes that are ready

_running: set[Ready] = set()
_waiting: list[Ready] = []
_lock = threading.Lock()
_changed = threading.Condition(_lock)
_wanted = 0
_starter: threading.Thread | None = None


def keep_ready(processes: int) -> None:
    """Keep so many processes started for the next analyses; 0 ends those that wait."""
    global _wanted, _starter
    with _lock:
        _wanted = processes
        ended = _waiting[processes:]
        del _waiting[processes:]
        if processes and _starter is None:
            _starter = threading.Thread(target=_start_for_ever, name="ready", daemon=True)
            _starter.start()
            atexit.register(keep_ready, 0)
        _changed.notify_all()
    for each in ended:
        each.close()


def start_ahead() -> None:
    """Start the process of the next analysis while the question is still being read.

    For a program that answers one question: the process dies with the thread that calls this, and
    goes at the end where no analysis has taken it.
    """
    new = Ready(MEMORY_MB)
    with _lock:
        _waiting.append(new)
    atexit.register(keep_ready, 0)


def ready() -> int:
    """How many processes have been started and wait for an analysis."""
    with _lock:
        return len(_waiting)


def _take(memory_mb: int) -> Ready:
    """A process that waits, or a new one."""
    with _lock:
        fits = [each for each in _waiting if each.memory_mb == memory_mb]
        if fits:
            _waiting.remove(fits[0])
        _changed.notify_all()
    return fits[0] if fits else Ready(memory_mb)


def _start_for_ever() -> None:
    """Start processes as they are wanted: they die with the thread that starts them."""
    while True:
        with _lock:
            while len(_waiting) >= _wanted:
                _changed.wait()
        new = Ready(MEMORY_MB)
        with _lock:
            late = len(_waiting) >= _wanted
            if not late:
                _waiting.append(new)
        if late:
            new.close()


def kill_running() -> None:
    """Kill every analysis that runs now, as when the person has pressed Ctrl-C."""
    with _lock:
        for each in _running:
            each.child.kill()


def clean_environment(work: Path) -> dict[str, str]:
    """Give the child's whole environment: what Python needs and nothing else."""
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
    return kept | threads | {
        "PATH": os.defpath, "LANG": "C.UTF-8", "HOME": str(work), "TMPDIR": str(work),
        "ARROW_DEFAULT_MEMORY_POOL": "system",
    }  # fmt: skip


# whether it holds

PROBE = """
def analyse(recording):
    import os, socket, subprocess
    def tried(what):
        try:
            what()
        except (OSError, subprocess.SubprocessError):
            return 0
        return 1
    return {{
        "read a file": tried(lambda: open({secret!r}).read()),
        "write a file": tried(lambda: open({target!r}, "w")),
        "write beside its code": tried(lambda: open("written", "w")),
        "start a program": tried(lambda: subprocess.run(["/bin/true"], check=True)),
        "connect": tried(lambda: socket.create_connection(("127.0.0.1", {port}), 2)),
        "connect by another TCP": tried(
            lambda: socket.socket(2, 1, 262).connect(("127.0.0.1", {port}))),
        "connect by sending": tried(
            lambda: socket.socket().sendto(b"x", 0x20000000, ("127.0.0.1", {port}))),
        "listen": tried(lambda: socket.socket().listen()),
        "send": tried(lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"", ("127.0.0.1", 9))),
        "signal its parent": tried(lambda: os.kill({parent}, 0)),
        "slow its parent down": tried(lambda: os.setpriority(
            os.PRIO_PROCESS, {parent}, os.getpriority(os.PRIO_PROCESS, {parent}))),
    }}
"""


def self_test() -> list[str]:
    """Try from inside what must not be possible; name what was, nothing when confinement holds."""
    return [name for name, is_open in doors().items() if is_open]


def doors() -> dict[str, bool]:
    """Each way out that is tried from inside, and whether it stands open.

    Takes half a second. A probe that could not be run at all is an error.
    """
    from llm_query.examples import write_example

    with tempfile.TemporaryDirectory(prefix="ethoscribe-") as home, socket.socket() as server:
        secret = Path(home) / "secret"
        secret.write_text("secret", encoding="utf-8")
        server.bind(("127.0.0.1", 0))
        server.listen()
        code = PROBE.format(
            secret=str(secret), target=str(Path(home) / "new"), port=server.getsockname()[1],
            parent=os.getpid(),
        )  # fmt: skip
        result = run_code(code, write_example(Path(home) / "snapshot"))
    if result.error:
        raise QueryError(f"The confinement of analysis code cannot be tested: {result.error}")
    return {name: bool(worked) for name, worked in result.numbers.items()}
