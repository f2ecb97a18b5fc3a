"""Who may open a study's database: one writer or many readers, in this process and beside it.

DuckDB locks the file against other processes while one writes, and within one process all
connections to a file must be of one kind. So threads queue at a gate per file, and an open that
another process locks out is tried again until a deadline.
"""

import os
import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import duckdb

from storage.errors import StudyBusyError
from storage.reading import locked_out, readers

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

# Never fetch extensions over the network; leave most of the machine to tracking and the browser.
SETTINGS = {
    "memory_limit": "2GB",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
_readers = readers(SETTINGS)
_FIRST_DELAY_S = 0.005
_LONGEST_DELAY_S = 0.25
_HOLDER = re.compile(r"lock is held in (?P<program>.+?) \(PID (?P<pid>\d+)\)")


class Gate:
    """Many reading threads or one writing thread; a waiting writer goes before new readers."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._readers: dict[int, int] = {}
        self._writer: int | None = None
        self._waiting_writers = 0

    @contextmanager
    def reading(self, deadline: float) -> Iterator[None]:
        """Hold the gate for reading; raises TimeoutError past `deadline` (time.monotonic)."""
        me = threading.get_ident()
        with self._changed:
            # A thread that reads already must not queue behind a writer that waits for it.
            if me not in self._readers:
                self._wait(lambda: self._writer is None and not self._waiting_writers, deadline)
            self._readers[me] = self._readers.get(me, 0) + 1
        try:
            yield
        finally:
            with self._changed:
                self._readers[me] -= 1
                if not self._readers[me]:
                    del self._readers[me]
                self._changed.notify_all()

    @contextmanager
    def writing(self, deadline: float) -> Iterator[None]:
        """Hold the gate alone; raises TimeoutError past `deadline` (time.monotonic)."""
        me = threading.get_ident()
        with self._changed:
            self._waiting_writers += 1
            try:
                self._wait(lambda: self._writer is None and not self._readers, deadline)
                self._writer = me
            finally:
                self._waiting_writers -= 1
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._writer = None
                self._changed.notify_all()

    def _wait(self, free: Callable[[], bool], deadline: float) -> None:
        remaining = max(0.0, deadline - time.monotonic())
        if not self._changed.wait_for(free, remaining):
            raise TimeoutError


_gates: dict[Path, Gate] = {}
_gates_lock = threading.Lock()


def gate_of(database: Path) -> Gate:
    """The gate of one database file, the same for every thread of this process."""
    with _gates_lock:
        return _gates.setdefault(database, Gate())


def connect(
    database: Path, write: bool, deadline: float, queue: bool = True
) -> duckdb.DuckDBPyConnection:
    """Open the database, waiting until `deadline` (time.monotonic) for another process.

    `queue` is False for a thread that has the database open already: whoever is first in the
    queue may be waiting for that very thread. What was opened is ended by `disconnect`.
    """
    with _turn(database, deadline) if queue else nullcontext():
        for _ in _attempts(deadline):
            try:
                if write:
                    return duckdb.connect(str(database), config=dict(SETTINGS))
                return _readers.open(database)
            except duckdb.Error as error:
                if not locked_out(error):
                    raise
                last = error
    raise StudyBusyError(_in_use(database, last)) from last


def disconnect(connection: duckdb.DuckDBPyConnection) -> None:
    """End what `connect` opened."""
    _readers.close(connection)


@contextmanager
def _turn(database: Path, deadline: float) -> Iterator[None]:
    """Let one process at a time try to open the database.

    A writer has to wait for all readers to leave. With three processes reading without pause it
    waited more than 8 s; with new readers queueing behind it, 0.1 s. Without file locks (Windows,
    some network drives) there is no queue, only luck.
    """
    if fcntl is None:
        yield
        return
    try:
        queue = os.open(database.with_name(".queue"), os.O_RDONLY | os.O_CREAT, 0o644)
    except OSError:  # a study that may only be read
        yield
        return
    try:
        for _ in _attempts(deadline):
            try:
                fcntl.flock(queue, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                continue
            except OSError:
                break
        yield
    finally:
        os.close(queue)


def _attempts(deadline: float) -> Iterator[None]:
    """Come back after ever longer delays; the last time at the deadline."""
    delay_s = _FIRST_DELAY_S
    while True:
        yield
        remaining_s = deadline - time.monotonic()
        if remaining_s <= 0:
            return
        # Jitter, so that processes that were locked out together do not retry in step.
        time.sleep(min(remaining_s, delay_s * random.uniform(0.5, 1.5)))
        delay_s = min(_LONGEST_DELAY_S, delay_s * 1.6)


def _in_use(database: Path, error: duckdb.Error) -> str:
    found = _HOLDER.search(str(error))
    holder = f"process {found['pid']} ({Path(found['program']).name})" if found else "a program"
    return (
        f"The study {database.parent} is in use by {holder}: wait until it has finished, or stop "
        "it, then try again."
    )
