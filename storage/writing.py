"""Tables on their way out: written whole or not at all, as CSV, Parquet or Excel."""

import contextlib
import math
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pandas as pd
import pyarrow as pa
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, WriteOnlyCell
from openpyxl.packaging.core import DocumentProperties
from openpyxl.xml.functions import fromstring, tostring

from storage.errors import StudyError

FORMATS = ("csv", "parquet", "xlsx")
XLSX_ROWS = 1_048_576  # of a sheet, header included
_BATCH = 50_000
_COPY_OPTIONS = {"csv": "FORMAT csv, HEADER true", "parquet": "FORMAT parquet, COMPRESSION zstd"}
# Excel files carry their time of writing; a fixed one makes equal data equal files.
_EPOCH = datetime(1980, 1, 1)


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


def write_table(table: Rows | pa.Table | pd.DataFrame, path: Path | str, format: str) -> Path:
    """Write a table as csv, parquet or xlsx; the file appears whole, equal for equal data.

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
                _write_xlsx(rows, draft)
            else:
                sql = f"COPY ({rows.sql}) TO {sql_text(str(draft))} ({_COPY_OPTIONS[format]})"
                rows.connection.execute(sql, dict(rows.parameters)).fetchall()
        draft.replace(path)
    except (OSError, duckdb.Error) as error:
        line = str(error).strip().splitlines()[0]
        raise StudyError(f"Cannot write {path} ({line}): try another place or format.") from error
    finally:
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


def _write_xlsx(rows: Rows, file: Path) -> None:
    count = len(rows)
    if count >= XLSX_ROWS:
        raise StudyError(
            f"{count} rows do not fit into an Excel sheet ({XLSX_ROWS - 1} at most): write csv or "
            "parquet, or one video at a time."
        )
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("ethoscribe")
    try:
        reader = rows.relation().to_arrow_reader(_BATCH)
        sheet.append([_cell(sheet, name) for name in reader.schema.names])
        for batch in reader:
            for row in zip(*map(_values, batch.columns), strict=True):
                sheet.append([_cell(sheet, value) for value in row])
    finally:
        sheet.close()  # else a failure leaves its half-written stream behind
    book.save(file)
    _without_clock(file)


def _values(column: pa.Array) -> list[Any]:
    if pa.types.is_float32(column.type):
        # By way of text: 0.1 as in the other formats, not 0.1000000014901161.
        return [None if text is None else float(text) for text in column.cast("str").to_pylist()]
    return column.to_pylist()


def _cell(sheet: Any, value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None  # Excel has no other numbers
    if value is None or isinstance(value, bool | int):
        return value
    text = ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", str(value))
    if not text.startswith("="):
        return text
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"  # a name is never a formula
    return cell


def _without_clock(file: Path) -> None:
    """Write the archive again with a fixed time of writing."""
    fixed = file.with_suffix(".fixed")
    try:
        with zipfile.ZipFile(file) as old, zipfile.ZipFile(fixed, "w") as new:
            for item in old.infolist():
                entry = zipfile.ZipInfo(item.filename, _EPOCH.timetuple()[:6])
                entry.compress_type = zipfile.ZIP_DEFLATED
                with old.open(item) as source, new.open(entry, "w") as target:
                    if item.filename == "docProps/core.xml":
                        target.write(_stopped(source.read()))
                        continue
                    while block := source.read(1 << 20):
                        target.write(block)
        fixed.replace(file)
    finally:
        fixed.unlink(missing_ok=True)


def _stopped(core: bytes) -> bytes:
    properties = DocumentProperties.from_tree(fromstring(core))
    properties.created = properties.modified = _EPOCH
    return tostring(properties.to_tree())
