"""Studies that are read are attached to one DuckDB of this process, which stays.

To start a DuckDB takes 25 ms of a processor, to attach a file to one that runs 5 ms, and a page
opens its study a dozen times. Between two pieces of work no file is attached, so that the file is
as free for writers as if everything had been closed. Who may read and when is decided in locks.py;
writers have a DuckDB each, which ends with them.

    Readers ── _Instance ── cursor of a reader, cursor of another ...
                   └── attached: file -> name, number of readers
"""

import atexit
import ctypes
import os
import threading
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import duckdb

_HELD = (  # by another process, on Windows, and by another connection of this process
    "Could not set lock on file",
    "being used by another process",
    "different configuration than existing connections",
    "Unique file handle conflict",
)
_numbers = count(1)


@dataclass
class _File:
    """An attached file: by which name, and for how many readers."""

    name: str
    readers: int = 0


@dataclass
class _Instance:
    """A running DuckDB and what is attached to it."""

    connection: duckdb.DuckDBPyConnection
    attached: dict[Path, _File] = field(default_factory=dict)


class Readers:
    """The readers of all studies in this process."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        self._lock = threading.RLock()  # closing may come from the garbage collector
        self._instance: _Instance | None = None
        self._open: dict[int, tuple[_Instance, Path]] = {}

    def open(self, database: Path) -> duckdb.DuckDBPyConnection:
        """A connection that reads this file; raises what DuckDB raises when it cannot."""
        with self._lock:
            fresh = self._instance is None
            try:
                return self._attach(database)
            except duckdb.Error as error:
                # An error inside DuckDB leaves it unusable for all that comes later.
                if fresh or locked_out(error):
                    raise
                self._instance = None
            return self._attach(database)

    def close(self, connection: duckdb.DuckDBPyConnection) -> None:
        """End a connection, whoever opened it; the last reader of a file lets it go."""
        with self._lock:
            instance, database = self._open.pop(id(connection), (None, None))
            connection.close()
            if instance is None or database is None:
                return
            file = instance.attached[database]
            file.readers -= 1
            if not file.readers:
                del instance.attached[database]
                self._detach(instance, file)

    def end(self) -> None:
        """Stop this process's DuckDB; the next reader starts another."""
        with self._lock:
            instance, self._instance = self._instance, None
            if instance is not None and not instance.attached:
                instance.connection.close()

    def forget(self) -> None:
        """In a child of fork: the parent's DuckDB has no threads here and may not even be ended."""
        if self._instance is not None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._instance))
        self._lock, self._instance, self._open = threading.RLock(), None, {}

    def _attach(self, database: Path) -> duckdb.DuckDBPyConnection:
        if self._instance is None:
            self._instance = _Instance(duckdb.connect(config=dict(self._settings)))
        instance = self._instance
        file = instance.attached.get(database)
        if file is None:
            file = _File(f"study_{next(_numbers)}")
            where = str(database).replace("'", "''")
            instance.connection.execute(f"ATTACH '{where}' AS {file.name} (TYPE duckdb, READ_ONLY)")
            instance.attached[database] = file
        connection = instance.connection.cursor()
        connection.execute(f"USE {file.name}")
        file.readers += 1
        self._open[id(connection)] = instance, database
        return connection

    def _detach(self, instance: _Instance, file: _File) -> None:
        try:
            instance.connection.execute(f"DETACH {file.name}")
        except duckdb.Error:  # unusable by an error of before: it goes, and the file with it
            instance.connection.close()
            if self._instance is instance:
                self._instance = None


def readers(settings: dict[str, Any]) -> Readers:
    """The readers of this process: ended with it, and not taken along into a child of fork."""
    made = Readers(settings)
    atexit.register(made.end)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=made.forget)
    return made


def locked_out(error: duckdb.Error) -> bool:
    """Whether a file could not be opened because somebody else has it open."""
    return any(sign in str(error) for sign in _HELD)
