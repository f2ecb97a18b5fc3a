"""Arrow columns to numpy and back through their buffers, and tables that wait to be looked at.

pyarrow's own conversions import pandas, which takes longer than a plain analysis: a process that
only answers with bouts and numbers does without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.ipc

if TYPE_CHECKING:
    import pandas as pd

NUMPY_NAMES = {"float": "float32", "double": "float64"}  # Arrow's name: numpy's


@dataclass(frozen=True)
class Later:
    """A table by its columns, made a DataFrame only when somebody asks for one."""

    columns: Mapping[str, Sequence[Any] | np.ndarray]  # all of one length
    make: Callable[[], pd.DataFrame]


class Result(dict[str, Any]):
    """What an analysis returns, by name; a table is made when it is looked at.

    >>> made = Result(table=Later({"n": [1, 2]}, lambda: "made now"))
    >>> sorted((made | {"text": "two"}).raw()), made["table"]
    (['table', 'text'], 'made now')
    """

    def raw(self) -> dict[str, Any]:
        """The values as they are, tables that nobody has looked at as Later."""
        return dict(super().items())

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        if isinstance(value, Later):
            value = self[key] = value.make()
        return value

    def __iter__(self) -> Any:  # so that {**result} asks __getitem__
        return super().__iter__()

    def get(self, key: str, default: Any = None) -> Any:
        """The value of this name, or the default."""
        try:
            return self[key]
        except KeyError:
            return default

    def pop(self, key: str, *default: Any) -> Any:
        """Take the value of this name out."""
        value = super().pop(key, *default)
        return value.make() if isinstance(value, Later) else value

    def items(self) -> Any:
        """Names and values."""
        return {name: self[name] for name in self}.items()

    def values(self) -> Any:
        """The values."""
        return {name: self[name] for name in self}.values()

    def copy(self) -> Result:
        """Another dict of the same values."""
        return Result(self.raw())

    def __or__(self, other: Any) -> Result:  # type: ignore[override]
        return Result({**self.raw(), **_raw(other)})

    def __ror__(self, other: Any) -> Result:  # type: ignore[override]
        return Result({**_raw(other), **self.raw()})


def _raw(values: Mapping[str, Any]) -> Mapping[str, Any]:
    return values.raw() if isinstance(values, Result) else values


def numbers(column: pa.ChunkedArray) -> np.ndarray:
    """(n,) numbers or bools of an Arrow column; with nulls float64, and those NaN (bool: false)."""
    array = column.combine_chunks()
    valid, data = array.buffers()
    first, last = array.offset, array.offset + len(array)
    known = np.ones(len(array), dtype=bool) if valid is None else _bits(valid)[first:last]
    if pa.types.is_boolean(array.type):
        return _bits(data)[first:last] & known
    kind = np.dtype(NUMPY_NAMES.get(str(array.type), str(array.type)))
    values = np.frombuffer(data or b"", dtype=kind)[first:last]
    return values if known.all() else np.where(known, values.astype(np.float64), np.nan)


def _bits(buffer: pa.Buffer | None) -> np.ndarray:
    packed = np.frombuffer(buffer or b"", dtype=np.uint8)
    return np.unpackbits(packed, bitorder="little").astype(bool)


def codes(column: pa.ChunkedArray) -> tuple[np.ndarray, list[str]]:
    """(n,) which text each row has, and the texts in the order of their first row."""
    coded = column.combine_chunks().dictionary_encode()
    return numbers(pa.chunked_array([coded.indices])), coded.dictionary.to_pylist()


def as_bytes(columns: Mapping[str, Sequence[Any] | np.ndarray], *, stream: bool = False) -> bytes:
    """Columns of one length as Arrow; what is neither number nor bool becomes text."""
    arrays = [_array(np.asarray(values)) for values in columns.values()]
    table = pa.Table.from_arrays(arrays, names=[str(name) for name in columns])
    sink = pa.BufferOutputStream()
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def _array(values: np.ndarray) -> pa.Array:
    n = len(values)
    if values.dtype.kind == "b":
        return pa.Array.from_buffers(pa.bool_(), n, [None, _packed(values)])
    if values.dtype.kind in "iuf":
        data = pa.py_buffer(np.ascontiguousarray(values))
        return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), n, [None, data])
    known = np.array([v is not None and v == v for v in values.tolist()], dtype=bool)
    texts = [str(v).encode() if k else b"" for v, k in zip(values.tolist(), known, strict=True)]
    offsets = np.cumsum([0, *map(len, texts)], dtype=np.int32)
    buffers = [_packed(known), pa.py_buffer(offsets), pa.py_buffer(b"".join(texts))]
    return pa.Array.from_buffers(pa.string(), n, buffers)


def _packed(bools: np.ndarray) -> pa.Buffer:
    return pa.py_buffer(np.packbits(bools, bitorder="little"))
