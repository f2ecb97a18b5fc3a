"""idtracker.ai's trajectories, versions 5 and 6: HDF5, Parquet, tidy CSV, and CSV with JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from storage.readers.files import (
    Head,
    json_beside,
    look,
    numbers_of,
    read_frame,
    read_values,
    text_of,
    whole_numbers,
)
from storage.readers.poses import CENTRE, Poses, Rows, from_rows, rate_of

NAME, TITLE, GIVES = "idtracker", "idtracker.ai", "tracks"
KINDS = ("hdf5", "parquet", "text")  # of files
FILES = "trajectories.h5 or .parquet, trajectories_tidy.csv, trajectories.csv with attributes.json"
TIDY = ["frame", "time", "individual", "x", "y", "probability"]
_META = b"idtrackerai_attributes"


def looks_like(head: Head) -> bool:
    """Whether a file holds trajectories of idtracker.ai."""
    if head.kind == "hdf5":
        with h5py.File(head.path) as file:
            found = file.get("trajectories")
            return isinstance(found, h5py.Dataset) and found.ndim == 3 and found.shape[2] == 2
    if head.kind == "parquet":
        from pyarrow.parquet import read_schema

        return _META in (read_schema(head.path).metadata or {})
    names = head.columns
    return set(TIDY[:5]) <= set(names) or _wide(names) is not None


def read(path: Path) -> Poses:
    """Read trajectories; a frame is a row, or what its column says."""
    head = look(path)
    if head.kind == "hdf5":
        return _read_hdf5(path)
    if head.kind == "parquet":
        return _read_parquet(path)
    if set(TIDY[:5]) <= set(head.columns):
        return _tidy(path, read_frame(path), json_beside(path, "attributes_tidy.json"))
    return _read_wide(path)


def _read_hdf5(path: Path) -> Poses:
    with h5py.File(path) as file:
        xy = read_values(file, "trajectories").astype(float)
        sure = read_values(file, "id_probabilities") if "id_probabilities" in file else None
        said = {name: file.attrs[name] for name in file.attrs}
        for name in ("identities_labels", "frames_per_second", "length_unit"):
            if isinstance(file.get(name), h5py.Dataset):
                said[name] = read_values(file, name)
    return _poses(xy, sure, said)


def _read_parquet(path: Path) -> Poses:
    from pyarrow.parquet import read_table

    table = read_table(path, page_checksum_verification=True)
    said = json.loads((table.schema.metadata or {})[_META])
    return _tidy(path, table.to_pandas(), said)


def _tidy(path: Path, table: Any, said: Mapping[str, Any]) -> Poses:
    """Rows of frame, time, individual (from 0), x, y and probability."""
    if lacking := [name for name in TIDY[:5] if name not in table]:
        raise ValueError(f"it has no column {lacking[0]}")
    numbers = {name: numbers_of(table[name], name) for name in TIDY if name in table}
    who = whole_numbers(numbers["individual"], "individual")
    if len(who) and not 0 <= who.min() <= who.max() < 10_000:
        raise ValueError(f"individual is {who.max()}")
    names = _names(said, int(who.max(initial=-1)) + 1)
    rows = Rows(
        whole_numbers(numbers["frame"], "frame"),
        [names[number] for number in who],
        np.stack([numbers["x"], numbers["y"]], axis=1)[:, None],
        whole={"identity_confidence": numbers["probability"]} if "probability" in numbers else {},
        order=names,
    )
    poses = from_rows(path, rows, NAME)
    return _saying(poses, said)


def _read_wide(path: Path) -> Poses:
    table = read_frame(path)
    count = _wide(list(table.columns))
    if count is None:
        raise ValueError("its columns are not x1, y1, x2, y2, ...")
    said = json_beside(path, "attributes.json")
    if table.columns[0] not in ("x1",):
        _check_times(numbers_of(table.iloc[:, 0], str(table.columns[0])))
    xy = np.stack(
        [
            np.stack([numbers_of(table[f"{axis}{i + 1}"], f"{axis}{i + 1}") for axis in "xy"], -1)
            for i in range(count)
        ],
        axis=1,
    )
    sure = None
    beside = path.with_name("id_probabilities.csv")
    if path.name == "trajectories.csv" and beside.is_file():
        other = read_frame(beside)
        sure = np.stack([numbers_of(other[name], name) for name in other.columns[-count:]], axis=1)
    return _poses(xy, sure, said)


def _wide(names: list[str]) -> int | None:
    """How many animals a header of x1, y1, x2, y2, ... has, with or without a time before."""
    rest = names[1:] if names[:1] and names[0] in ("time", "seconds", "frame") else names
    count = len(rest) // 2
    wanted = {f"{axis}{i + 1}" for i in range(count) for axis in "xy"}
    return count if count and len(rest) == 2 * count and set(rest) == wanted else None


def _check_times(time_s: np.ndarray) -> None:
    """Rows must be one frame apart: a lost row would move all after it."""
    if len(time_s) < 3:
        return
    step = float(np.median(np.diff(time_s)))
    wrong = ~(np.abs(time_s - time_s[0] - step * np.arange(len(time_s))) < max(step / 2, 0.002))
    drift = np.abs(np.diff(time_s) - step) > max(step / 2, 0.002)
    if drift.any() or not np.isfinite(step) or step <= 0 or (wrong.any() and len(time_s) < 500):
        raise ValueError("its rows are not one frame apart")


def _poses(xy: np.ndarray, sure: np.ndarray | None, said: Mapping[str, Any]) -> Poses:
    if xy.ndim != 3 or xy.shape[2] != 2:
        raise ValueError(f"its trajectories have the shape {xy.shape}")
    whole = {}
    if sure is not None:
        sure = sure.astype(float)
        if sure.size != xy.shape[0] * xy.shape[1]:
            raise ValueError(f"id_probabilities have the shape {sure.shape}")
        whole["identity_confidence"] = sure.reshape(xy.shape[:2])
    names = tuple(_names(said, xy.shape[1]))
    confidence = np.full((*xy.shape[:2], 1), np.nan)
    return _saying(Poses(NAME, names, (CENTRE,), xy[:, :, None], confidence, whole=whole), said)


def _saying(poses: Poses, said: Mapping[str, Any]) -> Poses:
    """The poses with the frame rate and the video that the attributes name."""
    rate = _number(said.get("frames_per_second"))
    unit = _number(said.get("length_unit"))
    notes = []
    if unit > 0:
        notes.append(
            f"calibrated in idtracker.ai at {unit:g} px per unit of length, in a unit that the "
            "file does not name: give --px-per-cm if it was cm"
        )
    return Poses(
        poses.source, poses.animals, poses.points, poses.xy, poses.confidence,
        fps=rate_of(rate), whole=poses.whole, notes=(*poses.notes, *notes),
        video=Path(str(_first(said.get("video_paths"))).replace("\\", "/")).name,
    )  # fmt: skip


def _names(said: Mapping[str, Any], count: int) -> list[str]:
    """The animals' labels, where there is one for each and each is another."""
    found = said.get("identities_labels")
    if isinstance(found, str | bytes):
        try:
            found = json.loads(text_of(found))
        except ValueError:
            found = None
    labels = [text_of(one).strip() for one in found] if isinstance(found, list | np.ndarray) else []
    if len(labels) == count == len(set(labels)) and all(labels):
        return labels
    return [str(i + 1) for i in range(count)]


def _number(value: Any) -> float:
    try:
        return float(np.asarray(value).reshape(-1)[0])
    except (TypeError, ValueError, IndexError):
        return float("nan")


def _first(value: Any) -> str:
    found = list(np.asarray(value).reshape(-1)) if value is not None else []
    return text_of(found[0]) if found and found[0] is not None else ""
