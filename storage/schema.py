"""The tables of a study: made whole, and brought up to date by numbered migrations."""

import contextlib
import os
import re
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from storage.errors import StudyError

BASE = Path(__file__).with_name("schema.sql")
MIGRATIONS = Path(__file__).with_name("migrations")
_STALE_S = 3600.0


class OldSchemaError(StudyError):
    """The study needs migrations, and was opened only to be read."""


@dataclass(frozen=True)
class Migration:
    """One step of the schema; steps are only ever added, never changed."""

    version: int
    name: str
    sql: str


def migrations() -> list[Migration]:
    """All known steps, in order: schema.sql is number 1, then migrations/NNNN_*.sql."""
    steps = [Migration(1, "schema", BASE.read_text(encoding="utf-8"))]
    for file in sorted(MIGRATIONS.glob("*.sql")):
        found = re.fullmatch(r"(\d{4})_(\w+)", file.stem)
        if not found or int(found[1]) != len(steps) + 1:
            raise StudyError(
                f"Migration {file.name} is out of order: it should be number {len(steps) + 1:04d}."
            )
        steps.append(Migration(int(found[1]), found[2], file.read_text(encoding="utf-8")))
    return steps


def latest() -> int:
    """The schema version that this program writes."""
    return 1 + sum(1 for _ in MIGRATIONS.glob("*.sql"))


def version(connection: duckdb.DuckDBPyConnection) -> int:
    """The schema version of an open database; 0 when it is no study."""
    try:  # to ask duckdb_tables() first costs half as much as opening the study
        steps = connection.execute("SELECT coalesce(max(version), 0) FROM schema_migrations")
    except duckdb.CatalogException:
        return 0
    return int(steps.fetchall()[0][0])


def check(connection: duckdb.DuckDBPyConnection, folder: Path, upgrade: bool) -> None:
    """Refuse what is no study or a newer one; apply missing migrations when `upgrade`."""
    found, known = version(connection), latest()
    if found == 0:
        raise StudyError(
            f"The DuckDB file in {folder} holds no study: give the folder of a study, or start a "
            "new one in another folder."
        )
    if found > known:
        raise StudyError(
            f"The study {folder} was made by a newer Ethoscribe (schema {found}, this one knows "
            f"{known}): update Ethoscribe to open it."
        )
    if found < known and not upgrade:
        raise OldSchemaError(f"The study {folder} needs an update: open it for writing once.")
    if found < known:
        migrate(connection, found)


def migrate(connection: duckdb.DuckDBPyConnection, found: int) -> None:
    """Apply every migration after version `found`, in the caller's transaction."""
    for step in migrations()[found:]:
        connection.execute(step.sql)
        connection.execute(
            "INSERT INTO schema_migrations VALUES (?, ?, ?)",
            [step.version, step.name, datetime.now(UTC).replace(tzinfo=None)],
        )


def roll_back(connection: duckdb.DuckDBPyConnection) -> None:
    """Undo; an error that already ended the transaction must not hide the first one."""
    with contextlib.suppress(duckdb.Error):
        connection.rollback()


def build(database: Path) -> None:
    """Make the database complete under another name, then give it its name.

    A process killed in between leaves a stray file that no one opens, and the next creation
    sweeps away. Of two processes that create the same study, one wins and both go on.
    """
    _sweep(database.parent)
    draft = database.with_name(f".new-{uuid.uuid4().hex}.duckdb")
    try:
        write_empty(draft)
        _publish(draft, database)
    finally:
        draft.unlink(missing_ok=True)
        draft.with_name(f"{draft.name}.wal").unlink(missing_ok=True)


def write_empty(file: Path) -> None:
    """Write a database with all tables and nothing in them; most of a new study's time."""
    with contextlib.closing(duckdb.connect(str(file))) as connection:
        connection.begin()
        migrate(connection, 0)
        connection.commit()


def _publish(draft: Path, database: Path) -> None:
    try:
        os.link(draft, database)
    except FileExistsError:
        return
    except OSError:  # a file system without hard links
        if not database.exists():
            draft.replace(database)


def _sweep(folder: Path) -> None:
    """Remove drafts that a killed creation left more than an hour ago."""
    for stray in folder.glob(".new-*.duckdb*"):
        with contextlib.suppress(OSError):
            if time.time() - stray.stat().st_mtime > _STALE_S:
                stray.unlink()
