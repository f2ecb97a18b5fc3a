"""Detection before a long run: asked for here, worked out in a process beside the server.

An answer is kept by video, number of animals and settings, so that a page that runs again gets it
at once, and a page never waits: it is told how far the work is.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from app.errors import AppError
from app.jobs.planning import doubts
from app.jobs.processes import HOME
from app.setting_up.preview_work import Preview, Wish

KEPT = 40  # answers; about 0.3 MB each


@dataclass(frozen=True)
class Waiting:
    """The answer is not there yet."""

    share: float  # of the frames read, 0 to 1


class Looker:
    """The process that looks at videos; it ends when this one does.

    A process of its own command, because a forked or spawned one would run the page anew that
    happens to be shown.
    """

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from app.setting_up.preview_work import serve; serve()"],
            cwd=HOME,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def look(self, wish: Wish, on_share: Callable[[float], None]) -> Preview:
        """Wait for one preview; AppError when there is none, EOFError when the process ended."""
        to, back = self.process.stdin, self.process.stdout
        if to is None or back is None:
            raise EOFError
        try:
            pickle.dump(wish, to)
            to.flush()
        except OSError as error:
            raise EOFError from error
        while True:
            kind, what = pickle.load(back)  # from a child of this very program
            if kind == "done":
                return what
            if kind == "failed":
                raise AppError(str(what))
            on_share(what)

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):  # what was not read by the process is lost with it
                if pipe is not None:
                    pipe.close()


@dataclass
class Previews:
    """Answers about videos, worked out one after the other; one for the whole server."""

    answers: OrderedDict[Wish, Future[Preview]] = field(default_factory=OrderedDict)
    share: float = 0.0  # of the frames read for the answer under way, 0 to 1
    _looker: Looker | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _queue: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))

    def ask(self, wish: Wish, wait_s: float = 0.0) -> Preview | Waiting:
        """The preview, when it is there within `wait_s`; AppError when it cannot be made."""
        with self._lock:
            if wish not in self.answers:
                self.answers[wish] = self._queue.submit(self._look, wish)
                while len(self.answers) > KEPT:
                    self.answers.popitem(last=False)[1].cancel()
            self.answers.move_to_end(wish)
            future = self.answers[wish]
        try:
            return future.result(wait_s)
        except TimeoutError:
            return Waiting(self.share)

    def _look(self, wish: Wish) -> Preview:
        """Ask the process; one that ended is started anew, once."""
        for _ in range(2):
            self.share = 0.0
            self._looker = self._looker or Looker()
            try:
                return self._looker.look(wish, self._heard)
            except (EOFError, pickle.UnpicklingError):
                self._looker.close()
                self._looker = None
        with self._lock:
            self.answers.pop(wish, None)  # so that it can be tried again
        raise AppError(
            f"The process that looks at {wish.path.name} ended twice, perhaps for want of memory: "
            "track with the automatic choice, or make the video smaller."
        )

    def _heard(self, share: float) -> None:
        self.share = share

    def close(self) -> None:
        """End the process."""
        self._queue.shutdown(cancel_futures=True)
        if self._looker is not None:
            self._looker.close()


_previews = Previews()


def previews() -> Previews:
    """Those of this server process."""
    return _previews


def count_table(found: Preview) -> pd.DataFrame:
    """The count over time, one row per sampled frame: frame, time_s, animals, right."""
    table = pd.DataFrame({"frame": found.frames, "time_s": found.times_s, "animals": found.counts})
    return table.assign(right=found.right)


def arena_table(found: Preview) -> pd.DataFrame:
    """How each arena does, worst first: arena, animals, right, fewer, more; shares in percent."""
    expected = np.array(found.expected)
    shares = {
        "right": (found.by_arena == expected).mean(axis=0),
        "fewer": (found.by_arena < expected).mean(axis=0),
        "more": (found.by_arena > expected).mean(axis=0),
    }
    table = pd.DataFrame({"arena": found.arenas, "animals": expected})
    table = table.assign(**{name: 100 * share for name, share in shares.items()})
    return table.sort_values("right", kind="stable", ignore_index=True)


def verdict(found: Preview) -> tuple[str, bool]:
    """How well the settings do, in a sentence, and whether they may be left as they are."""
    if found.arenas:
        return _arena_verdict(found)
    right, n = sum(found.right), len(found.counts)
    animals = f"{found.animals} animal{'' if found.animals == 1 else 's'}"
    said = f"{animals} found in {right} of {n} sampled frames."
    doubtful = doubts(found.animals, found.tuning)
    if doubtful and not right:
        return f"{said} {spoken(doubtful[0][0].upper() + doubtful[0][1:])}", False
    fewer = sum(count < found.animals for count in found.counts)
    if right >= 0.9 * n:
        return said, True
    if fewer > 0.7 * (n - right):
        return (
            f"{said} In {fewer} there are fewer: animals that touch count as one here and are told "
            "apart when tracking; others may be missed. Look at the pictures."
        ), False
    return f"{said} In the others there are more or fewer: look at the pictures.", False


def _arena_verdict(found: Preview) -> tuple[str, bool]:
    """The same for arenas: how many of them show their number nearly always."""
    table = arena_table(found)
    good = int((table["right"] >= 90).sum())
    count = found.expected[0]
    animals = f"{count} animal{'' if count == 1 else 's'}"
    number = "their animals" if len(set(found.expected)) > 1 else animals
    which = f"All {good}" if good == len(table) else f"{good} of {len(table)}"
    said = f"{which} arenas show {number} in nearly every sampled frame (all of them at once in "
    said += f"{sum(found.right)} of {len(found.right)})."
    if good == len(table):
        return said, True
    names = table["arena"][: len(table) - good]
    worst = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    return f"{said} Look at {worst}.", False


def spoken(message: str) -> str:
    """A message of tracking as the page says it, where settings have controls and not options.

    >>> spoken("2 animals were never seen apart: check --animals.")
    '2 animals were never seen apart: check the number of animals.'
    """
    message = message.replace("check --animals", "check the number of animals")
    by_hand = (
        "set threshold, animals (darker, brighter) and statistic (median, bright, dark) by hand"
    )
    message = message.replace(by_hand, "turn the settings under Set up, Detection")
    return message.replace("choose settings with --set", "turn the settings")
