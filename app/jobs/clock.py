"""How long each stage of tracking a video took, over every session of it."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SAVE_EVERY_S = 1.0


class Clock:
    """How long each stage took, over all sessions of one job; kept in its folder.

    Where the work is done elsewhere, whoever asked for it adds what each step took.
    """

    def __init__(self, place: Path, elsewhere: bool = False) -> None:
        self._elsewhere, self._added_cpu = elsewhere, 0.0
        self._file, self._plan = place / "timings.json", place / "plan.json"
        self._before: dict[str, float] = {}
        self._now: dict[str, float] = {}
        self._stage, self._since, self._saved = "", 0.0, 0.0
        self._resumed, self._cpu = 0, cpu_seconds()
        if self._plan.exists():
            self._before = json.loads(self._file.read_text()) if self._file.exists() else {}
            self._resumed = int(self._before.pop("resumed", 0)) + 1

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time one stage."""
        self._stage, self._since = name, time.perf_counter()
        try:
            yield
        finally:
            self.save()
            self._stage = ""

    def add(self, stage: str, seconds: float, cpu_s: float) -> None:
        """Count a step that was done elsewhere."""
        self._now[stage] = self._now.get(stage, 0.0) + seconds
        self._added_cpu += cpu_s
        if self._plan.exists():
            write_json(self._file, self.timings())

    def tick(self) -> None:
        """Save now and then, so that a killed session counts too."""
        if not self._elsewhere and time.perf_counter() - self._saved > SAVE_EVERY_S:
            self.save()

    def save(self) -> None:
        """Keep the times; of a job that has no settings yet there is nothing to go on with."""
        now = time.perf_counter()
        self._now[self._stage] = self._now.get(self._stage, 0.0) + now - self._since
        self._since = self._saved = now
        if self._plan.exists():
            write_json(self._file, self.timings())

    def timings(self) -> dict[str, float]:
        """Seconds per stage and of CPU over all sessions, and how often it went on again."""
        total = dict(self._before)
        for stage, seconds in self._now.items():
            total[f"{stage}_s"] = round(total.get(f"{stage}_s", 0.0) + seconds, 3)
        cpu = self._added_cpu if self._elsewhere else cpu_seconds() - self._cpu
        cpu = round(self._before.get("cpu_s", 0.0) + cpu, 3)
        return {**total, "cpu_s": cpu, "resumed": self._resumed}


def cpu_seconds() -> float:
    """CPU time of this process and the workers that have ended, s."""
    return sum(os.times()[:4])


def write_json(path: Path, record: dict[str, Any]) -> None:
    """Write a record as JSON, whole or not at all."""
    write_whole(path, json.dumps(record).encode())


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, also where another process writes the same."""
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}.tmp")
    draft.write_bytes(data)
    draft.replace(path)
