"""Read what a confined process answered: sizes, shapes and types are checked before anything else.

Whatever comes back was written by code that nobody has looked at. It is JSON and Arrow, never
pickle; compressed Arrow is refused, since 50 kB of it can become gigabytes in this process.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from llm_query.errors import QueryError

BOUT_COLUMNS = ("subject", "start_frame", "stop_frame")
DEEPEST = 40  # levels of a figure's JSON; plotly's own have about ten
MOST_NUMBERS = 20_000
MOST_COLUMNS = 2_000
MOST_CELLS = 40_000_000  # numbers of a table: 200,000 frames x 5 animals x 40 columns
MOST_TEXTS = 4_000_000  # cells that are text, which take ten times the room
MOST_SAID_MB = 16  # of JSON: numbers, a sentence, a figure
MOST_BRACKETS = 400_000  # lists and objects in it: 1 MB of empty ones becomes 30 MB
LONGEST = 2**53  # beyond it whole numbers are not exact as they are shown


@dataclass
class Result:
    """What one run gave: either `error`, or bouts, a table, numbers, a figure, a sentence."""

    bouts: pd.DataFrame = field(default_factory=pd.DataFrame)
    table: pd.DataFrame | None = None
    numbers: dict[str, float | None] = field(default_factory=dict)
    figure: dict[str, Any] | None = None
    text: str = ""
    error: str | None = None
    stated: bool = False  # the error is the vocabulary's own: what is missing, and what to do
    seconds: float = 0.0


def read_checked(answer: bytes, mark: str = "") -> Result:
    """Read what the child answered; anything unexpected is an error, not a crash.

    mark: what the first line must begin with, told to the process before it read any analysis.
    """
    try:
        return _read(answer, mark)
    except (QueryError, OSError, ValueError, RecursionError, OverflowError) as error:
        return Result(error=f"The result of the analysis cannot be read: {error}")


def _read(answer: bytes, mark: str) -> Result:
    head, _, rest = answer.partition(b"\n")
    if mark and not head.startswith(mark.encode()):
        raise QueryError("it does not come from the process that was started.")
    sizes = json.loads(head[len(mark) :])
    whole = isinstance(sizes, list) and len(sizes) == 3 and all(type(n) is int for n in sizes)
    if not whole or min(sizes) < 0 or sum(sizes) != len(rest):
        raise QueryError("it is not whole.")
    if sizes[0] > MOST_SAID_MB << 20:
        raise QueryError(f"its numbers, text and figure are more than {MOST_SAID_MB} MB.")
    first, second = sizes[0], sizes[0] + sizes[1]
    if rest.count(b"[", 0, first) + rest.count(b"{", 0, first) > MOST_BRACKETS:
        raise QueryError("its figure has too many parts.")
    said = json.loads(rest[:first], parse_constant=lambda _: None)
    if not isinstance(said, dict):
        raise QueryError("it is not an object.")
    if said.get("error"):
        return Result(error=str(said["error"])[:4000], stated=said.get("stated") is True)
    bouts = _table(rest[first:second], "the bouts")
    if bouts is not None:
        _check_bouts(bouts)
    return Result(
        bouts=pd.DataFrame() if bouts is None else bouts,
        table=_table(rest[second:], "the table"),
        numbers=_numbers(said.get("numbers")),
        figure=_figure(said.get("figure")),
        text=str(said.get("text") or "")[:10_000],
    )


def _numbers(numbers: Any) -> dict[str, float | None]:
    if not isinstance(numbers, dict | None):
        raise QueryError("numbers have the wrong shape.")
    numbers = numbers or {}
    if len(numbers) > MOST_NUMBERS:
        raise QueryError(f"it has more than {MOST_NUMBERS} numbers: return them as a table.")
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int | float | None):
            raise QueryError(f"{name[:60]!r} is not a number.")
        if isinstance(value, int) and abs(value) > LONGEST:
            raise QueryError(f"{name[:60]!r} is too large a number.")
    return numbers


def _figure(figure: Any) -> dict[str, Any] | None:
    if not isinstance(figure, dict | None):
        raise QueryError("the figure has the wrong shape.")
    level: list[Any] = [figure]
    for _ in range(DEEPEST):
        level = [
            inner for each in level if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]  # fmt: skip
        if not level:
            break
    if level:
        raise QueryError("the figure is nested too deeply.")
    if figure is not None:
        data, layout = figure.get("data", []), figure.get("layout", {})
        traces = isinstance(data, list) and all(isinstance(each, dict) for each in data)
        if not traces or not isinstance(layout, dict):
            raise QueryError("the figure is not one of plotly.")
    return figure


def _table(data: bytes, what: str) -> pd.DataFrame | None:
    """A table from an Arrow stream of plain, uncompressed columns."""
    import pyarrow as pa

    if not data:
        return None
    for message in pa.ipc.MessageReader.open_stream(pa.py_buffer(data)):
        if message.type == "dictionary":
            raise QueryError(f"{what} is coded: return plain columns.")
        if message.type == "record batch" and is_compressed(message.metadata.to_pybytes()):
            raise QueryError(f"{what} is compressed: return plain columns.")
    stream = pa.ipc.open_stream(pa.py_buffer(data))
    _check_columns(stream.schema, what)
    table = stream.read_all()
    _check_size(table, what)
    table.validate(full=True)
    frame = table.replace_schema_metadata(None).to_pandas()
    texts = [column.name for column in table.schema if pa.types.is_string(column.type)]
    for name in texts:
        frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
    return frame


def _check_size(table: Any, what: str) -> None:
    import pyarrow as pa

    texts = sum(pa.types.is_string(column.type) for column in table.schema)
    if table.num_rows * len(table.schema) > MOST_CELLS or table.num_rows * texts > MOST_TEXTS:
        raise QueryError(f"{what} has {table.num_rows} rows: return fewer, or a summary.")


def _check_columns(schema: Any, what: str) -> None:
    import pyarrow as pa

    plain = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_string)
    if len(schema) > MOST_COLUMNS:
        raise QueryError(f"{what} has more than {MOST_COLUMNS} columns.")
    for column in schema:
        if not any(test(column.type) for test in plain):
            raise QueryError(f"column {column.name} of {what} is a {column.type}.")
    names = schema.names
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise QueryError(f"{what} has two columns {twice}.")


def is_compressed(metadata: bytes) -> bool:
    """Whether the header of an Arrow record batch says that its columns are compressed.

    Arrow decompresses before it can be asked, so the header (a flatbuffer: Message.header is its
    third field, RecordBatch.compression its fourth) is read here.
    """

    def number(at: int, size: int) -> int:
        if not 0 <= at <= len(metadata) - size:
            raise QueryError("its header is damaged.")
        return int.from_bytes(metadata[at : at + size], "little", signed=size == 4)

    def field_of(table: int, which: int) -> int:
        fields = table - number(table, 4)
        slot = 4 + 2 * which
        return number(fields + slot, 2) if slot < number(fields, 2) else 0

    message = number(0, 4)
    at = field_of(message, 2)
    if not at:
        raise QueryError("its header is damaged.")
    batch = message + at + number(message + at, 4)
    return field_of(batch, 3) != 0


def _check_bouts(bouts: pd.DataFrame) -> None:
    missing = [name for name in BOUT_COLUMNS if name not in bouts]
    if missing:
        raise QueryError(f"the bouts have no column {', '.join(missing)}.")
    start, stop = bouts["start_frame"], bouts["stop_frame"]
    if len(bouts) and (start.dtype.kind not in "iu" or stop.dtype.kind not in "iu"):
        raise QueryError("start_frame and stop_frame must be whole numbers.")
    if len(bouts) and bool(((start < 0) | (stop < start)).any()):
        raise QueryError("a bout stops before it starts.")
