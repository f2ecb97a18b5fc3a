"""Tables that pandas wrote to HDF5, read without pandas' own reader, which would unpickle them.

Anything may be hidden in a pickle, so attributes are read by an unpickler that knows no names:
lists, tuples, numbers and text come through, everything else is refused.
"""

from __future__ import annotations

import io
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from storage.errors import StudyError
from storage.readers.files import read_values, text_of

_LONGEST_PICKLE = 1 << 20  # bytes; the columns of a large project take 20 kB


@dataclass(frozen=True, eq=False)
class Table:
    """Body points: a row per frame, a column per animal, body part and coordinate."""

    scorer: str
    columns: list[tuple[str, str, str]]  # animal ("" when there is one), body part, x/y/likelihood
    values: np.ndarray  # (k, n_columns) float64
    frame: np.ndarray | None  # (k,) frame numbers; None when the rows are labelled pictures


class _NoNames(pickle.Unpickler):
    """Reads plain data only: no name of any module is ever looked up."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")

    def persistent_load(self, pid: Any) -> Any:
        raise pickle.UnpicklingError("it asks for an object from outside")


def is_table(file: h5py.File) -> bool:
    """Whether an open HDF5 file holds a table of pandas."""
    return _group(file) is not None


def read_table(path: Path) -> Table:
    """Read the only table of a file, in pandas' "fixed" or "table" form."""
    with h5py.File(path) as file:
        group = _group(file)
        if group is None:
            raise ValueError("it holds no table of pandas, or several")
        if text_of(group.attrs["pandas_type"]) == "frame":
            labels, values, index = _fixed(group)
        else:
            labels, values, index = _appendable(path, group)
    width = {len(label) for label in labels}
    if width not in ({3}, {4}):
        raise ValueError("its columns are not named by scorer, body part and coordinate")
    named = [label if len(label) == 4 else (label[0], "", *label[1:]) for label in labels]
    return Table(
        scorer=named[0][0],
        columns=[(label[1], label[2], label[3]) for label in named],
        values=np.asarray(values, dtype=float),
        frame=index if index is not None and index.dtype.kind in "iu" else None,
    )


def _group(file: h5py.File) -> h5py.Group | None:
    """The only table, whatever its key: `df_with_missing`, `tracks` or another."""
    found = [
        node
        for node in (file.get(name) for name in file if _is_here(file, name))
        if isinstance(node, h5py.Group)
        and text_of(node.attrs.get("pandas_type", "")) in ("frame", "frame_table")
    ]
    return found[0] if len(found) == 1 else None


def _is_here(file: h5py.File, name: str) -> bool:
    """Whether a node lies in this file; a link could lead to any file on this machine."""
    return isinstance(file.get(name, getlink=True), h5py.HardLink)


def _fixed(group: h5py.Group) -> tuple[list[tuple[str, ...]], np.ndarray, np.ndarray | None]:
    """Column names, values and index of the "fixed" form: one block per type of number."""
    labels: list[tuple[str, ...]] = []
    blocks = []
    for number in range(int(group.attrs["nblocks"])):
        labels += _items(group, f"block{number}_items")
        block = group[f"block{number}_values"]
        values = read_values(group, f"block{number}_values")
        blocks.append(values if block.attrs.get("transposed", 0) else values.T)
    index = read_values(group, "axis1") if "axis1" in group else None
    return labels, np.hstack(blocks), index


def _items(group: h5py.Group, name: str) -> list[tuple[str, ...]]:
    levels = []
    for level in range(int(group.attrs[f"{name}_nlevels"])):
        names = [text_of(value) for value in read_values(group, f"{name}_level{level}")]
        levels.append([names[code] for code in read_values(group, f"{name}_label{level}")])
    return list(zip(*levels, strict=True))


def _appendable(
    path: Path, group: h5py.Group
) -> tuple[list[tuple[str, ...]], np.ndarray, np.ndarray | None]:
    """The same of the "table" form, whose column names are pickled attributes."""
    table = group["table"]
    rows = read_values(group, "table")
    labels: list[tuple[str, ...]] = []
    blocks = []
    for field in rows.dtype.names or ():
        if field != "index":
            labels += _unpickled(path, table.attrs[f"{field}_kind"])
            blocks.append(rows[field].reshape(len(rows), -1))
    return labels, np.hstack(blocks), rows["index"]


def _unpickled(path: Path, attribute: Any) -> list[tuple[str, ...]]:
    data = attribute.tobytes() if isinstance(attribute, np.generic) else attribute
    data = data if isinstance(data, bytes) else str(data).encode("utf-8")
    try:
        if len(data) > _LONGEST_PICKLE:
            raise pickle.UnpicklingError("it is too long")
        found = _NoNames(io.BytesIO(data)).load()
    except (pickle.UnpicklingError, ValueError, EOFError, IndexError, KeyError, TypeError,
            AttributeError, MemoryError, OverflowError) as error:  # fmt: skip
        raise StudyError(
            f"{path} hides more than column names in a pickle ({error}), which is not opened here: "
            "export it as CSV."
        ) from error
    if not isinstance(found, list) or not all(isinstance(one, tuple) for one in found):
        raise ValueError("its columns are no list of names")
    return [tuple(map(str, one)) for one in found]
