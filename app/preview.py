"""Detection before a long run: asked for here, worked out in a process beside the server.

An answer is kept by video, number of animals and settings, so that a page that runs again gets it
at once, and a page never waits: it is told how far the work is.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections import OrderedDict
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from app import preview_work
from app.errors import AppError, known_errors, one_line
from app.preview_work import Preview, Wish
from app.tracking_work import doubts

KEPT = 40  # answers; about 0.3 MB each


@dataclass(frozen=True)
class Waiting:
    """The answer is not there yet."""

    share: float  # of the frames read, 0 to 1


@dataclass
class Previews:
    """The process that looks, and its answers; one for the whole server."""

    answers: OrderedDict[Wish, Future[Preview]] = field(default_factory=OrderedDict)
    pool: ProcessPoolExecutor | None = None
    share: Any = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, wish: Wish, wait_s: float = 0.0) -> Preview | Waiting:
        """The preview, when it is there within `wait_s`; AppError when it cannot be made."""
        with self.lock:
            future = self._future(wish)
        try:
            return future.result(wait_s)
        except TimeoutError:
            return Waiting(float(self.share.value) if self.share is not None else 0.0)
        except BrokenProcessPool:
            self.forget(wish)
            raise AppError(
                f"The process that looks at {wish.path.name} ended, perhaps for want of memory. "
                "Try again; if it ends again, make the video smaller."
            ) from None
        except known_errors() as error:
            raise AppError(one_line(error)) from error

    def _future(self, wish: Wish) -> Future[Preview]:
        if wish not in self.answers:
            if self.pool is None:
                spawn = multiprocessing.get_context("spawn")
                self.share = spawn.Value("d", 0.0, lock=False)
                self.pool = ProcessPoolExecutor(1, spawn, preview_work.start_worker, (self.share,))
            self.share.value = 0.0
            self.answers[wish] = self.pool.submit(preview_work.look, wish)
            self._drop_old()
        self.answers.move_to_end(wish)
        return self.answers[wish]

    def _drop_old(self) -> None:
        """Forget the oldest answers, and questions that nobody waits for any more."""
        while len(self.answers) > KEPT:
            _, oldest = self.answers.popitem(last=False)
            oldest.cancel()

    def forget(self, wish: Wish) -> None:
        """Take back an answer that failed, and the process that it broke."""
        with self.lock:
            self.answers = OrderedDict(
                (key, one) for key, one in self.answers.items()
                if key != wish and one.done() and not one.cancelled() and not one.exception()
            )  # fmt: skip
            pool, self.pool = self.pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        """End the process."""
        if self.pool is not None:
            self.pool.shutdown(wait=True, cancel_futures=True)
            self.pool = None


_previews = Previews()


def previews() -> Previews:
    """Those of this server process."""
    return _previews


def count_table(found: Preview) -> pd.DataFrame:
    """The count over time, one row per sampled frame: frame, time_s, animals, right."""
    table = pd.DataFrame({"frame": found.frames, "time_s": found.times_s, "animals": found.counts})
    return table.assign(right=table["animals"] == found.animals)


def verdict(found: Preview) -> tuple[str, bool]:
    """How well the settings do, in a sentence, and whether they may be left as they are."""
    right, n = sum(count == found.animals for count in found.counts), len(found.counts)
    animals = f"{found.animals} animal{'' if found.animals == 1 else 's'}"
    said = f"{animals} found in {right} of {n} sampled frames."
    doubtful = doubts(found.animals, found.tuning)
    if doubtful:
        return f"{said} {doubtful[0][0].upper()}{doubtful[0][1:]}", False
    fewer = sum(count < found.animals for count in found.counts)
    if right >= 0.9 * n:
        return said, True
    if fewer > 0.7 * (n - right):
        return (
            f"{said} In {fewer} there are fewer: animals that touch count as one here and are told "
            "apart when tracking; others may be missed. Look at the pictures."
        ), False
    return f"{said} In the others there are more or fewer: look at the pictures.", False
