"""Excel sheets: rows streamed into one sheet, equal data giving equal files."""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pyarrow as pa
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, WriteOnlyCell
from openpyxl.packaging.core import DocumentProperties
from openpyxl.writer.excel import ExcelWriter
from openpyxl.xml.functions import fromstring, tostring

from storage.errors import StudyError

if TYPE_CHECKING:
    from storage.writing import Rows

XLSX_ROWS = 1_048_576  # of a sheet, header included
_BATCH = 50_000
_LONGEST = 32_767  # letters of a cell
_EPOCH = datetime(1980, 1, 1)


def write_xlsx(rows: Rows, file: Path, about: str | None = None) -> None:
    """Write all rows into one sheet; StudyError when they are more than a sheet holds.

    `about`, a JSON text, is spread over a second sheet: where the numbers come from.
    """
    count = len(rows)
    if count >= XLSX_ROWS:
        raise StudyError(
            f"{count} rows do not fit into an Excel sheet ({XLSX_ROWS - 1} at most): write csv or "
            "parquet, or one video at a time."
        )
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("ethoscribe")
    try:
        # Closed whatever happens: an error remembers what was open, and a reader that is open
        # keeps the database open in this process, so that nobody could write to it.
        with closing(rows.relation().to_arrow_reader(_BATCH)) as reader:
            sheet.append([_cell(sheet, name) for name in reader.schema.names])
            for batch in reader:
                for row in zip(*map(_values, batch.columns), strict=True):
                    sheet.append([_cell(sheet, value) for value in row])
    finally:
        sheet.close()  # else a failure leaves its half-written stream behind
    if about:
        _write_about(book, json.loads(about))
    # Not book.save: where the drive is full it leaves its archive open, and Python tells of that
    # on its own when it tidies up, below the one line that says what is wrong.
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        ExcelWriter(book, archive).write_data()
    _without_clock(file)


def _write_about(book: openpyxl.Workbook, videos: list[dict[str, Any]]) -> None:
    """A row per fact of every video: its place among the facts, and its value."""
    sheet = book.create_sheet("provenance")
    try:
        sheet.append(["video", "fact", "value"])
        for one in videos:
            name = str((one.get("video") or {}).get("name", ""))
            for place, value in _facts(one):
                sheet.append([_cell(sheet, name), _cell(sheet, place), _cell(sheet, value)])
    finally:
        sheet.close()


def _facts(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every single fact with the names that lead to it, as `run.author`."""
    if isinstance(value, dict) or (isinstance(value, list) and any(map(_holds_more, value))):
        items = value.items() if isinstance(value, dict) else enumerate(value, start=1)
        for name, one in items:
            yield from _facts(one, f"{place}.{name}" if place else str(name))
        return
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value
    yield place, text[:_LONGEST] if isinstance(text, str) else text


def _holds_more(value: Any) -> bool:
    return isinstance(value, dict | list)


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
