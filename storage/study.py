"""A study: one folder with one DuckDB file, opened briefly around one piece of work."""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from storage import schema
from storage.authors import program, who
from storage.errors import StudyBusyError, StudyError, StudyPlaceError, place_trouble
from storage.locks import connect, disconnect, gate_of

__all__ = ["DATABASE", "Study", "StudyBusyError", "StudyError", "is_study", "open_study"]

DATABASE = "study.duckdb"
_DAMAGE = ("not a valid DuckDB", "orrupt", "enough bytes from file", "WAL file")

# For ? or for $name.
Parameters = Sequence[Any] | dict[str, Any]


@dataclass(frozen=True)
class Study:
    """An open study; valid inside `open_study` only."""

    folder: Path  # absolute, symbolic links resolved
    connection: duckdb.DuckDBPyConnection = field(repr=False, compare=False)
    writable: bool = False

    def rows(self, sql: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
        """All rows of a small answer; DuckDB 2 refuses new work while a result is unfinished."""
        return self.connection.execute(sql, parameters).fetchall()

    def arrow(self, sql: str, parameters: Parameters = ()) -> pa.Table:
        """All rows of a large answer, as columns."""
        return self.connection.sql(sql, params=parameters).to_arrow_table()

    def run_folder(self, run_id: str) -> Path:
        """What one tracking run keeps beside the database: background, settings."""
        return self.folder / "runs" / run_id

    def shards_folder(self, key: str) -> Path:
        """Work in progress of one tracking run, removed after it is stored."""
        return self.folder / "shards" / key

    @property
    def jobs_folder(self) -> Path:
        """Progress files of tracking jobs."""
        return self.folder / "jobs"

    @property
    def answers_folder(self) -> Path:
        """Snapshots and results of questions."""
        return self.folder / "answers"


# The studies this thread has open, innermost last: a second open must not wait for the first.
_open = threading.local()


def is_study(folder: Path | str) -> bool:
    """Whether the folder holds a study (its database is not opened)."""
    try:
        return (Path(folder) / DATABASE).is_file()
    except OSError:  # no permission to look, or no possible name
        return False


@contextmanager
def open_study(
    folder: Path | str, *, write: bool = False, create: bool = False, timeout_s: float = 30.0
) -> Iterator[Study]:
    """Open a study for one short piece of work.

    A write open is one transaction: kept when the block ends, undone when it raises. Opening
    waits up to `timeout_s` seconds for another process or thread that holds the study.

    >>> import tempfile
    >>> with open_study(tempfile.mkdtemp(), create=True) as study:
    ...     study.rows("SELECT count(*) FROM videos")
    [(0,)]
    """
    folder, write = Path(folder).expanduser().resolve(), write or create
    outer = _outer_study(folder, write)
    if outer is not None:
        yield outer
        return
    deadline = time.monotonic() + timeout_s
    if create:
        _create(folder)
    _check_place(folder, write)
    with ExitStack() as stack:
        try:
            study = stack.enter_context(_opened(folder, write, deadline))
        except schema.OldSchemaError:
            _upgrade(folder, deadline)
            study = stack.enter_context(_opened(folder, write, deadline))
        _open_here().append(study)
        try:
            yield study
        finally:
            _open_here().remove(study)


def _open_here() -> list[Study]:
    if not hasattr(_open, "studies"):
        _open.studies = []
    return _open.studies


def _outer_study(folder: Path, write: bool) -> Study | None:
    """The study this thread already writes to; it serves a read inside the same block."""
    outer = next((study for study in reversed(_open_here()) if study.folder == folder), None)
    if outer is None or (not outer.writable and not write):
        return None
    if write:
        raise StudyError(
            f"The study {folder} is already open in this piece of work: end that one before "
            "opening the study for writing."
        )
    return outer


@contextmanager
def _opened(folder: Path, write: bool, deadline: float) -> Iterator[Study]:
    database = folder / DATABASE
    with ExitStack() as stack:
        gate = gate_of(database)
        try:
            stack.enter_context(gate.writing(deadline) if write else gate.reading(deadline))
        except TimeoutError:
            raise StudyBusyError(
                f"The study {folder} is in use by another part of this program (process "
                f"{os.getpid()}): try again when it has finished."
            ) from None
        with _explained(folder, write):
            nested = any(study.folder == folder for study in _open_here())
            connection = connect(database, write, deadline, queue=not nested)
            stack.callback(disconnect, connection)
            if write:
                connection.begin()
            try:
                schema.check(connection, folder, upgrade=write)
                study = Study(folder, connection, write)
                if write:
                    # columns that say who and by which version default to these
                    connection.execute("SET VARIABLE author = $who", {"who": who()})
                    connection.execute("SET VARIABLE program = $what", {"what": program()})
                yield study
            except BaseException:
                if write:
                    schema.roll_back(connection)
                raise
            if write:
                connection.commit()


@contextmanager
def _explained(folder: Path, write: bool) -> Iterator[None]:
    """Turn DuckDB's own errors into one line that names the study."""
    try:
        yield
    except duckdb.Error as error:
        line = str(error).strip().splitlines()[0]
        if ".parquet" not in line and any(sign in line for sign in _DAMAGE):
            raise StudyError(
                f"{folder / DATABASE} is damaged or no DuckDB file: restore it from a backup, or "
                f"start a new study in another folder ({line})"
            ) from error
        trouble = place_trouble(error) if write else None
        if trouble is not None:
            raise StudyPlaceError(
                f"The study {folder} could not be written, {trouble}, then try again. What was "
                "stored before is safe, and nothing is stored by half."
            ) from error
        doing = "written" if write else "read"
        raise StudyError(f"The study {folder} could not be {doing}: {line}") from error
    except RuntimeError as error:
        if str(error) == "Query interrupted":  # what DuckDB makes of Ctrl-C
            raise KeyboardInterrupt from error
        raise


def _upgrade(folder: Path, deadline: float) -> None:
    """Bring an older study up to date: a reader cannot do it itself."""
    _check_place(folder, write=True)
    with _opened(folder, True, deadline):
        pass


def _check_place(folder: Path, write: bool) -> None:
    database = folder / DATABASE
    try:
        found, whole = folder.is_dir(), database.is_file()
    except OSError as error:
        raise StudyError(f"Cannot look into {folder}: {error.strerror}.") from error
    if not found:
        raise StudyError(f"There is no folder {folder}: check the path of the study (-s).")
    if not whole:
        raise StudyError(
            f"{folder} is no study (no {DATABASE} in it): give the folder of a study, or make "
            "one by tracking a video into it."
        )
    if not os.access(database, os.R_OK):
        raise StudyError(f"No permission to read {database}: ask its owner for access.")
    if write and not (os.access(database, os.W_OK) and os.access(folder, os.W_OK)):
        raise StudyPlaceError(
            f"No permission to write the study {folder}: ask its owner for access, or copy the "
            "folder to a place of your own."
        )


def _create(folder: Path) -> None:
    """Make the folder and its database in one step, unless the database is there."""
    database, log = folder / DATABASE, folder / f"{DATABASE}.wal"
    try:
        # The log first: a study made by another process meanwhile has its database before its log.
        orphan = log.exists() and not database.exists()
        if database.exists():
            return
        if orphan:
            raise StudyError(
                f"{log} belongs to a database that is gone: put {DATABASE} back beside it, or "
                "delete the log to start afresh."
            )
        if "?" in str(folder):
            raise StudyError(f"A study cannot live in {folder}: take the '?' out of the path.")
        folder.mkdir(parents=True, exist_ok=True)
        schema.build(database)
    except (OSError, duckdb.Error) as error:
        raise StudyError(
            f"Cannot make a study in {folder}: choose a folder you may write to ({error})."
        ) from error
