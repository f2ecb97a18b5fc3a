"""Writers that can be killed cheaply: forked from a process that has loaded everything.

That process never opens a database, so that its children are as fresh as started ones: DuckDB,
Arrow and OpenCV begin their threads in the child. A writer has a process group of its own, as a
job has, and writes a line for every commit that was confirmed to it.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from terminal import ROOT, environment

_CODE = """
import json, os, signal, sys, traceback
import killed_work
for line in sys.stdin:
    order = json.loads(line)
    pid = os.fork()
    if not pid:
        os.setsid()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        told = os.open(order["told"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        say = lambda text: os.write(told, f"{text}\\n".encode())
        say("begin")
        try:
            getattr(killed_work, order["work"])(say, *order["arguments"])
            say("end")
        except BaseException:
            say("error " + traceback.format_exc().replace("\\n", " | "))
        os._exit(0)
    print(pid, flush=True)
    _, status = os.waitpid(pid, 0)
    print(status, flush=True)
"""


@dataclass
class Killed:
    """What became of a writer."""

    said: list[str]  # a line for every commit that was confirmed
    in_the_middle: bool  # it had begun and not ended

    @property
    def acks(self) -> list[str]:
        """What was confirmed, in order."""
        return [line for line in self.said if line not in ("begin", "end")]


@dataclass
class Nursery:
    """A loaded process that forks writers."""

    process: subprocess.Popen[str]
    folder: Path
    draw: random.Random
    number: int = 0
    durations_s: dict[str, list[float]] = field(default_factory=dict)

    def whole(self, work: str, *arguments: Any) -> Killed:
        """Let a writer work to its end; how long it took is what kills are drawn from."""
        told = self._start(work, arguments)
        began = self._wait_for_begin(told)
        self._line()
        self.durations_s.setdefault(work, []).append(time.monotonic() - began)
        return self._ended(told)

    def killed(self, work: str, *arguments: Any) -> Killed:
        """Kill a writer and all its processes at a random moment of its work.

        One that was faster than all before it, and had ended, is what later moments are drawn from.
        """
        told = self._start(work, arguments)
        pid = self.pid
        began = self._wait_for_begin(told)
        until = began + self.draw.random() * min(self.durations_s[work])
        while (left := until - time.monotonic()) > 0:
            if select.select([self.process.stdout], [], [], left)[0]:
                self.durations_s[work].append(time.monotonic() - began)
                break
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        self._line()
        return self._ended(told)

    def _start(self, work: str, arguments: tuple[Any, ...]) -> Path:
        self.number += 1
        told = self.folder / f"told-{self.number}"
        order = {"work": work, "arguments": [str(one) if isinstance(one, Path) else one
                                             for one in arguments], "told": str(told)}  # fmt: skip
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        self.pid = int(self._line())
        return told

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the process that forks writers has ended"
        return line

    def _wait_for_begin(self, told: Path) -> float:
        until = time.monotonic() + 60
        while not (told.exists() and told.read_bytes()):
            assert time.monotonic() < until, "the writer did not begin"
            time.sleep(0.001)
        return time.monotonic()

    def _ended(self, told: Path) -> Killed:
        lines = told.read_text().splitlines()
        wrong = [line for line in lines if line.startswith("error")]
        assert not wrong, wrong
        return Killed(lines, "end" not in lines)


@contextmanager
def nursery(folder: Path, seed: int) -> Iterator[Nursery]:
    """Start the process that forks, and end it."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", _CODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True, bufsize=1, cwd=ROOT,
        env=environment(PYTHONPATH=os.pathsep.join([str(ROOT), str(ROOT / "tests")])),
    )  # fmt: skip
    try:
        yield Nursery(process, folder, random.Random(seed))
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(30)
