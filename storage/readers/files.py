"""What lies in a file of another program, looked at without trusting it.

Nothing is unpickled, no link to another file is followed, and no size that a header claims is
believed before it was compared with the file. A table whose rows have different lengths is
refused: a lost or doubled separator would move numbers into other columns.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import h5py
import numpy as np
import pandas as pd

from storage.errors import StudyError

MAX_VALUES = 500_000_000  # in one dataset: 4 GB
MAX_TEXT = 1 << 31  # bytes of a table; a million frames of 60 columns take 0.6 GB
MAX_JSON = 1 << 28
_BELIEVED = 1 << 26  # bytes that a dataset may claim whatever it takes on disk
_TIGHTEST = 1100  # nothing that is compressed here becomes smaller than by this
_LOOK = 1 << 16

# What h5py, csv, json, zip and pandas raise over files that are damaged or something else.
DAMAGE = (
    OSError, KeyError, ValueError, IndexError, TypeError, AttributeError, RuntimeError,
    ArithmeticError, MemoryError, EOFError, StopIteration, csv.Error, zipfile.BadZipFile,
    zlib.error, ParseError,
)  # fmt: skip
_MAGIC = (
    (b"CDF\x01", "netcdf3"), (b"CDF\x02", "netcdf3"), (b"CDF\x05", "netcdf3"),
    (b"PAR1", "parquet"), (b"\x93NUMPY", "npy"), (b"MATLAB 5", "mat"), (b"\x89PNG", "picture"),
    (b"\xff\xd8\xff", "picture"), (b"II*\x00", "picture"), (b"MM\x00*", "picture"),
    (b"RIFF", "video"), (b"\x1aE\xdf\xa3", "video"), (b"\x1f\x8b", "gzip"),
)  # fmt: skip
_UTF8_LETTER = re.compile(rb"[\xc3-\xdf][\x80-\xbf]|[\xe2-\xef][\x80-\xbf]{2}")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class Head:
    """The beginning of a file, and what kind of file it is by that."""

    path: Path
    start: bytes  # the first 64 KB

    @cached_property
    def kind(self) -> str:
        """hdf5, netcdf3, parquet, npz, xlsx, json, text, ..., or "binary" for anything else."""
        if not self.start:
            return "empty"
        if is_hdf5(self.path):
            return "hdf5"
        found = next((kind for magic, kind in _MAGIC if self.start.startswith(magic)), None)
        if found:
            return found
        if self.start[4:8] == b"ftyp":
            return "video"
        if self.start.startswith(b"PK\x03\x04"):
            return _zip_kind(self.path)
        if self.start[0] == 0x80 and self.start[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
            return "pickle"
        if self.text is None:
            return "binary"
        return "json" if self.text.lstrip().startswith(("{", "[")) else "text"

    @cached_property
    def text(self) -> str | None:
        """The beginning as text, None when it is none."""
        if self.start[:2] not in (b"\xff\xfe", b"\xfe\xff") and _CONTROL.search(self.start):
            return None
        try:
            return _decoded(self.start, whole=False)
        except ValueError:
            return None

    @cached_property
    def lines(self) -> list[str]:
        """The first lines of a text."""
        text = (self.text or "") if self.kind in ("text", "json") else ""
        lines = re.split(r"\r\n|\n|\r", text)
        return lines[:-1] if len(self.start) == _LOOK and len(lines) > 1 else lines

    @cached_property
    def columns(self) -> list[str]:
        """The cells of the first line, in whichever way they are separated."""
        line = next(iter(self.lines), "")
        return [cell.strip() for cell in next(csv.reader([line], delimiter=separator(line)), [])]

    @cached_property
    def json(self) -> Any:
        """The whole JSON file; None when it is none."""
        return read_json(self.path) if self.kind == "json" else None


def look(path: Path) -> Head:
    """Read the beginning of a file; StudyError when there is none."""
    if not path.is_file():
        raise StudyError(f"There is no file {path}: check the name and the folder.")
    try:
        with path.open("rb") as file:
            return Head(path, file.read(_LOOK))
    except OSError as error:
        raise StudyError(f"{path} cannot be opened ({error.strerror}): check it.") from error


def separator(line: str) -> str:
    """What separates the cells of a line: tab, semicolon or comma.

    >>> separator("start;stop"), separator("start,stop"), separator("one")
    (';', ',', ',')
    """
    return max(",;\t", key=lambda mark: (line.count(mark), mark == ","))


def read_text(path: Path) -> str:
    """A whole text file, in the encoding that it has."""
    if path.stat().st_size > MAX_TEXT:
        raise StudyError(f"{path} is a table of more than {MAX_TEXT >> 30} GB: split it.")
    raw = path.read_bytes()
    if raw[:2] not in (b"\xff\xfe", b"\xfe\xff") and (strange := _CONTROL.search(raw)):
        raise ValueError(f"byte {strange.start()} is {raw[strange.start()]}, which no text has")
    return _decoded(raw)


def read_cells(path: Path, skip: int = 0, mark: str | None = None) -> list[list[str]]:
    """The cells of a table, every row as long as the first; `skip` lines before are left out."""
    lines = re.split(r"\r\n|\n|\r", read_text(path))[skip:]
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        return []
    mark = mark or separator(lines[0])
    rows = list(csv.reader(iter([f"{line}\n" for line in lines]), delimiter=mark, strict=True))
    for number, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise ValueError(
                f"line {skip + number + 1} has {len(row)} cells and the first one {len(rows[0])}"
            )
    return [[cell.strip() for cell in row] for row in rows]


def read_frame(path: Path, skip: int = 0) -> pd.DataFrame:
    """A table with names in its first line, as text; a name that is there twice is an error."""
    rows = read_cells(path, skip)
    if not rows:
        raise ValueError("it has no line")
    names = rows[0]
    twice = [name for name in dict.fromkeys(names) if name and names.count(name) > 1]
    if twice:
        raise ValueError(f"it has the column '{twice[0]}' twice")
    return pd.DataFrame(rows[1:], columns=names, dtype=object)


def read_numbers(path: Path, skip: int, width: int, first: int = 1) -> pd.DataFrame:
    """A large table of numbers below `skip` lines of names, each row of `width` cells.

    A row may be shorter when nothing is in it beside the `first` cells that name it.
    """
    if path.stat().st_size > MAX_TEXT:
        raise StudyError(f"{path} is a table of more than {MAX_TEXT >> 30} GB: split it.")
    raw = path.read_bytes().rstrip(b"\r\n")
    if strange := _CONTROL.search(raw):
        raise ValueError(f"byte {strange.start()} is {raw[strange.start()]}, which no text has")
    if raw.count(b"\r") != raw.count(b"\r\n") or b'"' in raw:
        cells = read_cells(path, skip, ",")
        if cells and len(cells[0]) != width:
            raise ValueError(f"{len(cells[0])} columns under {width} names")
        return pd.DataFrame([[cell or None for cell in row] for row in cells], dtype=object)
    data = np.frombuffer(raw, np.uint8)
    ends = np.append(np.flatnonzero(data == ord("\n")), len(data))
    marks = np.searchsorted(np.flatnonzero(data == ord(",")), ends)
    width_of = np.diff(marks, prepend=0)[skip:] + 1
    for row in np.flatnonzero(width_of != width).tolist():
        line = raw[ends[skip + row - 1] + 1 : ends[skip + row]]
        if width_of[row] > width or line.rstrip(b",\r").count(b",") >= first:
            raise ValueError(f"line {skip + row + 1} has {width_of[row]} cells and not {width}")
    if not len(width_of):
        return pd.DataFrame(columns=range(width), dtype=float)
    return pd.read_csv(
        io.BytesIO(raw), header=None, skiprows=skip, encoding="utf-8-sig", names=range(width),
        skip_blank_lines=False, index_col=False,
    )  # fmt: skip


def numbers_of(texts: Iterable[Any], what: str) -> np.ndarray:
    """A column of texts as numbers, NaN where it is empty or says so; decimal commas are read."""
    plain = [str(text).strip() for text in texts]
    empty = {"", "na", "nan", "none", "null", "-", "n/a"}
    values = np.full(len(plain), np.nan)
    for row, text in enumerate(plain):
        if text.lower() in empty:
            continue
        try:
            values[row] = float(text.replace(",", ".") if text.count(",") == 1 else text)
        except ValueError as error:
            raise ValueError(f"{what} is {text[:40]!r} in row {row + 1}, no number") from error
    return values


def whole_numbers(values: np.ndarray, what: str) -> np.ndarray:
    """(k,) int64; ValueError where one is missing or no whole number."""
    values = np.asarray(values, dtype=float)
    wrong = ~np.isfinite(values) | (values != np.floor(values)) | (np.abs(values) > 2**53)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ValueError(f"{what} is {values[row]:g} in row {row + 1}, no whole number")
    return values.astype(np.int64)


def read_json(path: Path) -> Any:
    """A JSON file, not larger than what a person would ever score or label."""
    if path.stat().st_size > MAX_JSON:
        raise StudyError(f"{path} is a JSON file of more than {MAX_JSON >> 20} MB: split it.")
    return json.loads(_decoded(path.read_bytes()))


def json_beside(path: Path, name: str) -> dict[str, Any]:
    """What a JSON file in the same folder says; nothing when there is none."""
    beside = path.with_name(name)
    if not beside.is_file():
        return {}
    try:
        found = read_json(beside)
    except ValueError as error:
        raise StudyError(
            f"{beside}, which belongs to {path.name}, is damaged ({error}): write it again."
        ) from error
    return found if isinstance(found, dict) else {}


def read_arrays(path: Path, wanted: set[str]) -> dict[str, np.ndarray]:
    """Arrays of an .npz file by name, never one that is pickled."""
    found = {}
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            name = entry.filename.removesuffix(".npy")
            if name not in wanted:
                continue
            if entry.file_size > _TIGHTEST * max(entry.compress_size, 1) + _LOOK:
                raise ValueError(f"{name} claims {entry.file_size} bytes")
            raw = archive.read(entry)
            shape, kind = _array_header(raw)
            if int(np.prod(shape, dtype=object)) * kind.itemsize > len(raw):
                raise ValueError(f"{name} claims {shape} values")
            found[name] = np.load(io.BytesIO(raw), allow_pickle=False)
    return found


def read_sheets(path: Path) -> Iterator[tuple[str, list[list[Any]]]]:
    """The sheets of an Excel workbook: name and rows of values."""
    from openpyxl import load_workbook

    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    if sum(entry.file_size for entry in entries) > MAX_JSON:
        raise ValueError("the workbook unpacks to more than 256 MB")
    with path.open("rb") as file:  # by its name openpyxl would refuse some
        book = load_workbook(file, read_only=True, data_only=True)
        for sheet in book.worksheets:
            sheet.reset_dimensions()
            yield sheet.title, [list(row) for row in sheet.iter_rows(values_only=True)]


def is_hdf5(path: Path) -> bool:
    """Whether a file is HDF5, by its first bytes."""
    try:
        return path.is_file() and bool(h5py.is_hdf5(path))
    except OSError:
        return False


def read_values(group: h5py.Group, name: str) -> np.ndarray:
    """A dataset's values, from this file and no other, and only as many as poses may have."""
    link = group.get(name, getlink=True)
    node = group.get(name) if isinstance(link, h5py.HardLink | h5py.SoftLink) else None
    if not isinstance(node, h5py.Dataset) or node.external or node.is_virtual:
        raise ValueError(f"{name} is missing or lies in another file")
    size = node.size or 0
    stored = node.id.get_storage_size()
    claimed = size * node.dtype.itemsize
    if size > MAX_VALUES or claimed > max(_BELIEVED, _TIGHTEST * stored):
        raise ValueError(f"{name} claims {size} values")
    if node.chunks is None and size and stored < claimed:
        raise ValueError(f"{name} has {stored} of {claimed} bytes")
    return np.asarray(node[()])


def first_lines(path: Path, count: int) -> list[str]:
    """The first lines of a text file; none when it is no text."""
    try:
        return look(path).lines[:count]
    except StudyError:
        return []


def text_of(value: object) -> str:
    """A name from an HDF5 file, whether it is stored as bytes or as text."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _decoded(raw: bytes, whole: bool = True) -> str:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw[: len(raw) // 2 * 2].decode("utf-16")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if not whole and error.start > len(raw) - 4:  # a letter that the beginning cuts
            return raw[: error.start].decode("utf-8-sig")
        if _UTF8_LETTER.search(raw):
            raise ValueError(f"byte {error.start} is no letter of UTF-8") from error
        return raw.decode("cp1252")  # what Excel writes on Windows


def _zip_kind(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, EOFError):
        return "zip"
    if "xl/workbook.xml" in names:
        return "xlsx"
    return "npz" if names and all(name.endswith(".npy") for name in names) else "zip"


def _array_header(raw: bytes) -> tuple[tuple[int, ...], np.dtype[Any]]:
    file = io.BytesIO(raw)
    version = np.lib.format.read_magic(file)
    read = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    shape, _, kind = read(file)
    if kind.hasobject:
        raise ValueError("it holds pickled objects, which are never opened")
    return shape, kind
