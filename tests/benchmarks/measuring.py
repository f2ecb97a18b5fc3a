"""Run a piece of work in a fresh process and say what it cost."""

from __future__ import annotations

import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cost:
    """CPU seconds (with child processes), wall seconds, peak memory in MB, and the result."""

    cpu_s: float
    wall_s: float
    peak_mb: float
    result: Any


def cost_of(work: Callable[..., Any], *arguments: Any) -> Cost:
    """What ``work(*arguments)`` costs in a process of its own, without starting Python."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_measured, work, arguments).result()


def _measured(work: Callable[..., Any], arguments: tuple[Any, ...]) -> Cost:
    before, start = os.times(), time.perf_counter()
    result = work(*arguments)
    wall, after = time.perf_counter() - start, os.times()
    cpu = sum(after[:4]) - sum(before[:4])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Cost(cpu, wall, peak / (2**20 if sys.platform == "darwin" else 2**10), result)
