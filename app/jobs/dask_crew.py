"""A Dask cluster as a crew: its scheduler hands the steps to its workers, wherever these run.

A worker that dies has its steps done by another. A scheduler that dies ends the batch with one
line: what is done lies in the study, and the same command goes on from there.
"""

from __future__ import annotations

import queue
import time
from typing import TYPE_CHECKING, Any

from app import __version__
from app.errors import AppError
from app.jobs.crew import DIED, Ended, Step
from app.jobs.steps import work

if TYPE_CHECKING:
    from distributed import Client, Future

GPU = "GPU"  # the resource of a worker that a step of a network takes one of
INSTALL = "A cluster needs the extra 'cluster': pip install 'ethoscribe[cluster]'"
CONNECT_S = 15
AHEAD = 2  # steps for each thread of the workers: one is done, one waits there
NEWCOMERS = 4  # steps that wait while nobody is there yet
LOOK_EVERY_S = 2.0
PATIENCE_S = 10.0  # before it is said that nobody works


def connect(address: str) -> Client:
    """A client of the scheduler at `address`, such as tcp://node7:8786."""
    try:
        import distributed
    except ImportError as error:
        raise AppError(f"{INSTALL}.") from error
    quiet_logs()
    try:
        return distributed.Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise AppError(
            f"No Dask scheduler answers at {address}. Start one with `dask scheduler`, workers "
            "with `dask worker ADDRESS --nthreads 1`, and give the address that it says."
        ) from error


def quiet_logs() -> None:
    """Dask's own remarks on lost workers are not for a person: the table says what matters."""
    import logging

    for name in ("distributed", "distributed.client", "distributed.scheduler", "distributed.core"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


class DaskCrew:
    """The workers of a cluster, those that are there and those that come."""

    def __init__(
        self, client: Client, expected: int = 0, cluster: Any = None, waiting: str = ""
    ) -> None:
        self._client, self._cluster, self._expected = client, cluster, expected
        self._address = client.scheduler.address if client.scheduler else ""
        self._over: queue.SimpleQueue[Future] = queue.SimpleQueue()
        self._steps: dict[str, tuple[Step, Future]] = {}
        self._threads, self._gpus, self._looked_at = 0, 0.0, 0.0
        self._idle_since: float | None = None
        self._number = 0
        self._waiting = waiting or f"waiting for workers: dask worker {self._address} --nthreads 1"
        self._look()

    @property
    def size(self) -> int:
        return max(self._threads, self._expected, 1)

    def room(self, gpu: bool) -> bool:
        return len(self._steps) < max(AHEAD * self._threads, NEWCOMERS)

    def has_gpu(self) -> bool:
        self._look()
        return self._gpus > 0

    def share(self, value: Any) -> Any:
        # A task of its own, and not scattered: what a dead worker held is made again.
        return self._client.submit(_itself, value, pure=False, key=self._key("shared"))

    def start(self, step: Step) -> None:
        resources = {GPU: 1} if step.gpu else None
        future = self._client.submit(
            work, __version__, step.function, *step.arguments, pure=False, resources=resources,
            key=self._key(step.key[1]), priority=-step.key[0],
        )  # fmt: skip
        self._wait_for(step, future)

    def _key(self, name: str) -> str:
        self._number += 1
        return f"ethoscribe-{name}-{id(self):x}-{self._number}"

    def ended(self, timeout_s: float) -> list[Ended]:
        self._look()
        ended, until = [], time.monotonic() + timeout_s
        while (left := until - time.monotonic()) > 0 or not self._over.empty():
            try:
                future = self._over.get(timeout=max(left, 0.001))
            except queue.Empty:
                break
            ended.append(self._gone(future))
            until = time.monotonic()  # the rest of what is over already
        return [one for one in ended if one is not None]

    def _gone(self, future: Future) -> Ended | None:
        known = self._steps.pop(str(future.key), None)
        if known is None:
            return None
        step = known[0]
        if future.status == "cancelled":
            raise AppError(self._lost())
        if future.status == "error":
            return Ended(step, None, _told(future.exception(timeout=CONNECT_S)))
        try:
            return Ended(step, future.result(timeout=CONNECT_S))
        except TimeoutError:
            # The worker died with the result in its hands: another does the step again.
            self._wait_for(step, future)
            return None
        except OSError as error:
            raise AppError(self._lost()) from error

    def _wait_for(self, step: Step, future: Future) -> None:
        self._steps[str(future.key)] = (step, future)
        future.add_done_callback(self._over.put)

    def _lost(self) -> str:
        return (
            f"The scheduler at {self._address} is gone. What is done is kept: start the cluster "
            "again and give the same command, it goes on from there."
        )

    def where(self, key: tuple[int, str, int]) -> str:
        return ""  # only the scheduler knows, until the step is over

    def trouble(self) -> str:
        if self._threads and not (self._gpus == 0 and self._waits_for_gpu()):
            self._idle_since = None
            return ""
        now = time.monotonic()
        self._idle_since = now if self._idle_since is None else self._idle_since
        if now - self._idle_since < PATIENCE_S:
            return ""
        if self._threads:
            return "no worker offers a GPU: start one with --resources GPU=1"
        return self._waiting

    def _waits_for_gpu(self) -> bool:
        return any(step.gpu for step, _ in self._steps.values())

    def _look(self) -> None:
        """See who is there, now and then."""
        if time.monotonic() - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = time.monotonic()
        if self._client.status not in ("running", "newly-created"):
            raise AppError(self._lost())
        try:
            workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        except (OSError, TimeoutError) as error:
            raise AppError(self._lost()) from error
        self._threads = sum(int(one["nthreads"]) for one in workers)
        self._gpus = sum(float(one.get("resources", {}).get(GPU, 0)) for one in workers)

    def close(self, hurry: bool = False) -> None:
        """Leave the cluster; what it was not done with is done the next time."""
        try:
            if self._client.status == "running":
                self._client.cancel([future for _, future in self._steps.values()], force=True)
            self._client.close(timeout=5)
        except (OSError, TimeoutError):
            pass  # the scheduler is gone: nobody to take leave of
        finally:
            if self._cluster is not None:
                self._cluster.close(timeout=30)


def _itself(value: Any) -> Any:
    return value


def _told(error: BaseException | None) -> BaseException | None:
    """A step that took worker after worker with it, in the words of a person."""
    from distributed import KilledWorker

    if isinstance(error, KilledWorker):
        return AppError(DIED.format(n=int(error.allowed_failures) + 1))
    return error
