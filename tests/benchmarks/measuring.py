"""Run a piece of work in a fresh process and say what it cost."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
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


def cost_of(work: Callable[..., Any], *arguments: Any, imports: Sequence[str] = ()) -> Cost:
    """What ``work(*arguments)`` costs in a process of its own.

    Starting Python and importing the modules named in ``imports`` is not counted.
    """
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_measured, work, arguments, tuple(imports)).result()


def _measured(
    work: Callable[..., Any], arguments: tuple[Any, ...], imports: tuple[str, ...]
) -> Cost:
    for name in imports:
        importlib.import_module(name)
    before, start = os.times(), time.perf_counter()
    result = work(*arguments)
    wall, after = time.perf_counter() - start, os.times()
    cpu = sum(after[:4]) - sum(before[:4])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Cost(cpu, wall, peak / (2**20 if sys.platform == "darwin" else 2**10), result)
