"""Tables on their way out: written whole or not at all, as CSV, Parquet or Excel."""

import contextlib
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from storage.errors import StudyError, unwritten

FORMATS = ("csv", "parquet", "xlsx")
_COPY_OPTIONS = {"csv": "FORMAT csv, HEADER true", "parquet": "FORMAT parquet, COMPRESSION zstd"}
# Excel files carry their time of writing; a fixed one makes equal data equal files.


@dataclass(frozen=True)
class Rows:
    """A table that is fetched only when written or converted, while its study is open."""

    connection: duckdb.DuckDBPyConnection
    sql: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        """The names of the columns, without fetching a row."""
        return self.relation().columns

    def relation(self) -> duckdb.DuckDBPyRelation:
        """The question to DuckDB, not yet answered."""
        return self.connection.sql(self.sql, params=dict(self.parameters))

    def __len__(self) -> int:
        sql = f"SELECT count(*) FROM ({self.sql})"
        return self.connection.execute(sql, dict(self.parameters)).fetchall()[0][0]

    def to_arrow(self) -> pa.Table:
        """All rows as an Arrow table."""
        return self.relation().to_arrow_table()

    def to_pandas(self) -> pd.DataFrame:
        """All rows as a data frame."""
        return self.to_arrow().to_pandas()


def write_table(
    table: Rows | pa.Table | pd.DataFrame, path: Path | str, format: str, about: str | None = None
) -> Path:
    """Write a table as csv, parquet or xlsx; the file appears whole, equal for equal data.

    `about` is a JSON text that says where the numbers come from: Parquet has it as the metadata
    `ethoscribe`, Excel as a sheet of its own, and CSV has no room for it.

    An empty table writes its header. A `Rows` table never passes through Python whole (csv,
    parquet); what DuckDB has to sort beyond its memory limit goes to disk.
    """
    if format not in FORMATS:
        raise StudyError(f"Cannot write '{format}': choose one of {', '.join(FORMATS)}.")
    path = Path(path).absolute()
    draft = path.with_name(f".{uuid.uuid4().hex}.{format}")
    try:
        if path.is_dir():
            raise StudyError(f"{path} is a folder: give the name of a file in it.")
        if not path.parent.is_dir():
            raise StudyError(f"There is no folder {path.parent}: make it first.")
        with _as_rows(table) as rows:
            if format == "xlsx":
                _spreadsheet().write_xlsx(rows, draft, about)
            else:
                options = _COPY_OPTIONS[format]
                if about and format == "parquet":
                    options += f", KV_METADATA {{ethoscribe: {sql_text(about)}}}"
                sql = f"COPY ({rows.sql}) TO {sql_text(str(draft))} ({options})"
                rows.connection.execute(sql, dict(rows.parameters)).fetchall()
        draft.replace(path)
    except (OSError, duckdb.Error) as error:
        raise unwritten(path, error, "try another place or format") from error
    finally:
        with contextlib.suppress(OSError):  # a drive that may only be read refuses even this
            draft.unlink(missing_ok=True)
    return path


def sql_text(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """A column name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


@contextlib.contextmanager
def _as_rows(table: Rows | pa.Table | pd.DataFrame) -> Iterator[Rows]:
    if isinstance(table, Rows):
        yield table
        return
    if isinstance(table, pd.DataFrame):
        table = pa.Table.from_pandas(table, preserve_index=False)
    with contextlib.closing(duckdb.connect()) as connection:
        connection.register("table_to_write", table)
        yield Rows(connection, "SELECT * FROM table_to_write")


def _spreadsheet() -> ModuleType:
    from storage.writers import spreadsheet  # openpyxl takes 0.1 s that most commands do not need

    return spreadsheet
