"""Who does the steps of a batch: processes of this machine, each with one step at a time.

    batch ── Step ──▶ Crew (LocalCrew here, DaskCrew on a cluster) ── Ended ──▶ batch

A process that dies takes its own step with it and no other; the step is tried again in a new one.
"""

from __future__ import annotations

import multiprocessing
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, Protocol

from app import __version__
from app.errors import AppError
from app.jobs.steps import Done, work
from tracking.segmenting import begin_worker, interrupts_held

DEATHS = 3  # a step that so many processes died of is given up
DIED = (
    "{n} processes that worked on it were ended, one after the other, as when memory runs out. "
    "What is done is kept: track again with fewer workers, or on a machine with more memory."
)


@dataclass(frozen=True)
class Step:
    """A piece of work: a function of `app.jobs.steps` and what it is called with."""

    key: tuple[int, str, int]  # video, name of the step, first frame: one of its kind
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    gpu: bool = False  # whether it takes a slot of a GPU


@dataclass(frozen=True)
class Ended:
    """How a step ended."""

    step: Step
    done: Done | None
    error: BaseException | None = None


class Crew(Protocol):
    """Who does steps."""

    @property
    def size(self) -> int:
        """Steps that are done side by side, as far as is known."""
        ...

    def room(self, gpu: bool) -> bool:
        """Whether one more step would be begun soon."""
        ...

    def has_gpu(self) -> bool:
        """Whether steps may ask for a GPU."""
        ...

    def share(self, value: Any) -> Any:
        """Something that many steps are called with, in a form that is sent to a worker once."""
        ...

    def start(self, step: Step) -> None:
        """Have a step done."""
        ...

    def ended(self, timeout_s: float) -> list[Ended]:
        """Wait until something ends, or so long; what has ended."""
        ...

    def where(self, key: tuple[int, str, int]) -> str:
        """Who works on a step, as far as is known."""
        ...

    def trouble(self) -> str:
        """Why nothing goes on, in a line; empty when all is well."""
        ...

    def close(self, hurry: bool = False) -> None:
        """Send everybody home; `hurry` does not wait for steps that are begun."""
        ...


class LocalCrew:
    """Processes of this machine; those of a GPU are apart, one for each slot."""

    def __init__(self, workers: int, gpu_slots: int = 0) -> None:
        self._hands = [_Hand() for _ in range(workers)] + [_Hand(True) for _ in range(gpu_slots)]
        self._gpu_slots, self.size = gpu_slots, workers
        self._deaths: dict[tuple[int, str, int], int] = {}

    def room(self, gpu: bool) -> bool:
        return any(hand.step is None and hand.gpu == gpu for hand in self._hands)

    def has_gpu(self) -> bool:
        return self._gpu_slots > 0

    def share(self, value: Any) -> Any:
        return value

    def start(self, step: Step) -> None:
        next(hand for hand in self._hands if hand.step is None and hand.gpu == step.gpu).take(step)

    def ended(self, timeout_s: float) -> list[Ended]:
        busy = {hand.future: hand for hand in self._hands if hand.future is not None}
        if not busy:
            time.sleep(timeout_s)
            return []
        wait(busy, timeout_s, FIRST_COMPLETED)
        ended = [self._gone(hand) for future, hand in busy.items() if future.done()]
        return [one for one in ended if one is not None]

    def _gone(self, hand: _Hand) -> Ended | None:
        """What came of a step that is over; None when it is tried again."""
        step, error, done = hand.put_down()
        if not isinstance(error, BrokenProcessPool):
            return Ended(step, done, error)
        hand.renew()
        self._deaths[step.key] = self._deaths.get(step.key, 0) + 1
        if self._deaths[step.key] < DEATHS:
            hand.take(step)
            return None
        return Ended(step, None, AppError(DIED.format(n=DEATHS)))

    def where(self, key: tuple[int, str, int]) -> str:
        pids = (hand.pid for hand in self._hands if hand.step and hand.step.key == key)
        return next((f"{socket.gethostname()}:{pid}" for pid in pids), "")

    def trouble(self) -> str:
        return ""

    def close(self, hurry: bool = False) -> None:
        for hand in self._hands:
            hand.leave(hurry)


class _Hand:
    """One process, which is started when it has something to do."""

    def __init__(self, gpu: bool = False) -> None:
        self.gpu, self.pid = gpu, 0
        self.step: Step | None = None
        self.future: Future[Done] | None = None
        self._pool: ProcessPoolExecutor | None = None
        self._process: multiprocessing.process.BaseProcess | None = None

    def take(self, step: Step) -> None:
        """Begin a step."""
        self.step = step
        if self._pool is None:
            spawn = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, spawn, begin_worker)
        before = set(multiprocessing.active_children())
        with interrupts_held():
            self.future = self._pool.submit(work, __version__, step.function, *step.arguments)
        self._process = next(iter(_new_children(before)), self._process)
        self.pid = self._process.pid or 0 if self._process else 0

    def put_down(self) -> tuple[Step, BaseException | None, Done | None]:
        """The step that is over, and what came of it."""
        step, future = self.step, self.future
        if step is None or future is None:
            raise AppError("A process without work cannot have ended any.")
        self.step = self.future = None
        error = future.exception()
        return step, error, None if error else future.result()

    def renew(self) -> None:
        """Put a new process in the place of one that died."""
        if self._pool is not None:
            self._pool.shutdown(wait=False)
        self._pool = self._process = None

    def leave(self, hurry: bool) -> None:
        """End the process; what it has half done leaves nothing behind."""
        if self._pool is None:
            return
        if hurry and self._process is not None:
            self._process.terminate()
        self._pool.shutdown(wait=True, cancel_futures=True)


def _new_children(
    before: set[multiprocessing.process.BaseProcess],
) -> Sequence[multiprocessing.process.BaseProcess]:
    return [child for child in multiprocessing.active_children() if child not in before]
