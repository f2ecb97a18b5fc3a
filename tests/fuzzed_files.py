"""Damage to files of other programs, and whether what is read of them is still true.

A damaged file is refused in a line, or what is read of it is what the whole file says, except
where the damage is. `judge` says what is wrong otherwise.
"""

from __future__ import annotations

import csv
import io
import json
import multiprocessing
import resource
import shutil
import traceback
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from storage.readers import Bouts, Poses, read_file
from storage.readers.outlines import Outlines
from storage.readers.poses import BOX, CENTRE
from storage.study import StudyError

LIMIT_S = 20.0  # for one file; the largest takes 0.5 s
MEMORY = 3 << 30  # bytes that the reading process may take
LARGEST = 4 << 20


@dataclass(frozen=True)
class Case:
    """One damaged file: where it comes from, and what was done to it."""

    number: int
    source: Path
    how: str  # cut, flip, rename, drop or reorder
    places: int  # how many bytes or names were changed


def make_case(number: int, seed: int, sources: Sequence[Path], folder: Path) -> tuple[Case, Path]:
    """Damage a copy of a file; equal for equal numbers and seeds."""
    chance = np.random.default_rng([seed, number])
    source = sources[int(chance.integers(len(sources)))]
    how = ("cut", "flip", "flip", "rename", "drop", "reorder")[int(chance.integers(6))]
    inside = folder / f"{number}"
    inside.mkdir()
    for beside in ("attributes.json", "attributes_tidy.json"):
        if source.with_name(beside).is_file():
            shutil.copy(source.with_name(beside), inside / beside)
    path, places = inside / source.name, 1
    if how == "cut":
        raw = source.read_bytes()
        path.write_bytes(raw[: int(chance.integers(len(raw)))])
    elif how == "flip":
        raw = bytearray(source.read_bytes())
        places = int(chance.integers(1, 4))
        for at in chance.integers(len(raw), size=places):
            raw[at] ^= 1 << int(chance.integers(8))
        path.write_bytes(raw)
    else:
        change_names(source, path, how, chance)
    return Case(number, source, how, places), path


def change_names(source: Path, path: Path, how: str, chance: np.random.Generator) -> None:
    """Rename or drop one column (array, key), or put all in another order."""
    if h5py.is_hdf5(source):
        _change_hdf5(source, path, how, chance)
    elif source.suffix in (".npz", ".parquet", ".xlsx"):
        _change_binary(source, path, how, chance)
    elif source.read_bytes()[:1] in b"{[":
        path.write_text(json.dumps(_change_json(json.loads(source.read_text()), how, chance)))
    else:
        _change_text(source, path, how, chance)


def _change_text(source: Path, path: Path, how: str, chance: np.random.Generator) -> None:
    text = source.read_text(encoding="utf-8-sig")
    first = text.splitlines()[0] if text else ""
    mark = max(",;\t", key=first.count)
    rows = list(csv.reader(io.StringIO(text), delimiter=mark))
    width = max(len(row) for row in rows)
    column = int(chance.integers(width))
    order = chance.permutation(width)
    named = [row for row in rows[:40] if len(row) == width]
    if how == "rename":
        heads = named[: 4 if named[0][0] == "scorer" else 1]
        heads[int(chance.integers(len(heads)))][column] += "x"
    else:
        for row in rows:
            if len(row) == width:
                kept = [row[i] for i in order] if how == "reorder" else [*row]
                if how == "drop":
                    del kept[column]
                row[:] = kept
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=mark, lineterminator="\n").writerows(rows)


def _change_json(found: Any, how: str, chance: np.random.Generator) -> Any:
    """The same with a key of one of its objects changed."""
    objects: list[dict[str, Any]] = []

    def collect(one: Any) -> None:
        if isinstance(one, dict) and one:
            objects.append(one)
        for part in one.values() if isinstance(one, dict) else one if isinstance(one, list) else ():
            collect(part)

    collect(found)
    one = objects[int(chance.integers(min(len(objects), 60)))]
    keys = list(one)
    key = keys[int(chance.integers(len(keys)))]
    items = list(one.items())
    one.clear()
    if how == "reorder":
        one.update(items[i] for i in chance.permutation(len(items)).tolist())
    else:
        one.update((f"{k}x" if k == key else k, v) for k, v in items if how == "rename" or k != key)
    return found


def _change_hdf5(source: Path, path: Path, how: str, chance: np.random.Generator) -> None:
    shutil.copy(source, path)
    with h5py.File(path, "r+") as file:
        names: list[str] = []
        file.visit(names.append)
        name = names[int(chance.integers(len(names)))]
        if how == "rename":
            file.move(name, f"{name}x")
        elif how == "drop":
            del file[name]
        else:
            file.move(name, "aside")
            file.move("aside", name)


def _change_binary(source: Path, path: Path, how: str, chance: np.random.Generator) -> None:
    if source.suffix == ".npz":
        with np.load(source, allow_pickle=False) as archive:
            found = {name: archive[name] for name in archive.files}
        np.savez(path, **_changed(found, how, chance))
    elif source.suffix == ".parquet":
        import pyarrow.parquet as pq

        table = pq.read_table(source)
        columns = _changed({name: table[name] for name in table.column_names}, how, chance)
        pq.write_table(type(table).from_pydict(columns), path)
    else:
        from openpyxl import load_workbook

        book = load_workbook(source)
        sheet = book.worksheets[0]
        widest = max(sheet.iter_rows(), key=lambda row: sum(c.value not in (None, "") for c in row))
        cell = widest[int(chance.integers(len(widest)))]
        if how == "rename":
            cell.value = f"{cell.value}x"
        elif how == "drop":
            sheet.delete_cols(cell.column)
        book.save(path)


def _changed(found: dict[str, Any], how: str, chance: np.random.Generator) -> dict[str, Any]:
    names = list(found)
    name = names[int(chance.integers(len(names)))]
    if how == "reorder":
        return {names[i]: found[names[i]] for i in chance.permutation(len(names)).tolist()}
    changed = {f"{key}x" if key == name else key: value for key, value in found.items()}
    return changed if how == "rename" else {k: v for k, v in found.items() if k != name}


def judge(case: Case, true: Poses | Bouts, found: Poses | Bouts) -> str:
    """What is wrong with what was read; nothing when it is right."""
    if (
        isinstance(found, Poses)
        and isinstance(true, Bouts)
        and case.how in ("rename", "drop", "flip")
    ):
        return ""  # SimBA's tables hold both, and the column that says so is gone
    if type(true) is not type(found):
        return f"{type(found).__name__} instead of {type(true).__name__}"
    if isinstance(true, Bouts) and isinstance(found, Bouts):
        return _judge_bouts(case, true, found)
    assert isinstance(true, Poses) and isinstance(found, Poses)
    return _judge_poses(case, true, found)


def _judge_poses(case: Case, true: Poses, found: Poses) -> str:
    if found.unit != true.unit:
        return f"in {found.unit} instead of {true.unit}"
    series, true_series = _series(found), _series(true)
    gone = [name for name in true_series
            if name not in series or np.isnan(series[name]).all()]  # fmt: skip
    spare = [true_series[name] for name in gone]  # whose names may have changed
    wrong: set[int] = set()
    moved = 0
    for name, values in series.items():
        expected = true_series.get(name)
        if expected is None:
            fitting = [one for one in spare if not _differing(one, values).size]
            if fitting or (name[1] in BOX and true.outlines is not None):
                continue  # where an outline is gone, its box is read
            strange = np.flatnonzero(np.isfinite(values))
            wrong.update(strange.tolist())
            continue
        if name[2] == "c" and np.isnan(values).all():
            continue  # nothing is said of how sure it is: the damage hit the name of that
        differing = _differing(expected, values)
        if case.how in ("rename", "drop"):  # what is gone is missing, and that is true
            there = [bool(np.isfinite(_at(values, int(frame)))) for frame in differing]
            differing = differing[np.array(there, dtype=bool)]
        if name[1] == CENTRE and any("centre of their box" in note for note in found.notes):
            outlined, kept = (one.get((name[0], "outline", "o")) for one in (true_series, series))
            alike = [at for at in differing.tolist()
                     if np.isnan(_at(outlined, at)) or np.isfinite(_at(kept, at))]  # fmt: skip
            differing = np.array(alike, dtype=int)
        wrong.update(differing.tolist())
        moved += len(differing)
    if case.how == "flip":
        return f"{len(wrong)} frames differ" if len(wrong) > 2 * case.places else ""
    if case.how == "cut":
        lost = len(_times(true)) - len(_times(found))
        late = [frame for frame in wrong if frame < found.n_frames - 1]
        known = [f for f in late if any(np.isfinite(_at(one, f)) for one in series.values())]
        return f"{len(known)} frames differ, {lost} lost" if len(known) > 1 else ""
    return f"{len(wrong)} frames differ" if wrong else ""


def _series(poses: Poses) -> dict[tuple[str, str, str], np.ndarray]:
    """Every coordinate of every point of every animal, by their names."""
    found = {}
    for a, animal in enumerate(poses.animals):
        for p, point in enumerate(poses.points):
            for axis in (0, 1):
                found[animal, point, "xy"[axis]] = poses.xy[:, a, p, axis]
            found[animal, point, "c"] = poses.confidence[:, a, p]
        if poses.outlines is not None:
            found[animal, "outline", "o"] = _fingerprints(poses, poses.outlines, a)
    return found


def _fingerprints(poses: Poses, outlines: Outlines, animal: int) -> np.ndarray:
    """(n_frames,) a number for every outline of an animal, equal for equal pixels."""
    prints = np.full(poses.n_frames, np.nan)
    for frame, who, box, runs in zip(
        outlines.frame.tolist(), outlines.animal.tolist(), outlines.box.tolist(), outlines.rle,
        strict=True,
    ):  # fmt: skip
        if who == animal:
            prints[frame] = zlib.crc32(runs + repr(box).encode())
    return prints


def _differing(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Frames in which two series differ; where one of them is longer, by what it has there."""
    n = max(len(first), len(second))
    both = [np.append(one, np.full(n - len(one), np.nan)) for one in (first, second)]
    return np.flatnonzero(~((both[0] == both[1]) | (np.isnan(both[0]) & np.isnan(both[1]))))


def _times(poses: Poses) -> np.ndarray:
    return np.arange(poses.n_frames)


def _at(values: np.ndarray | None, frame: int) -> float:
    return float(values[frame]) if values is not None and frame < len(values) else float("nan")


def _judge_bouts(case: Case, true: Bouts, found: Bouts) -> str:
    if found.unit != true.unit:
        return f"in {found.unit} instead of {true.unit}"
    there = true.rows
    if set(found.recordings) < set(true.recordings) and case.how == "drop":  # one is gone
        there = there[there["recording"].isin(list(found.recordings))]
    columns = ["behaviour", "subject", "target", "kind", "start", "stop"]
    many = true.rows["recording"].nunique() > 1
    columns += ["recording"] * many
    if case.how in ("rename", "drop"):  # what is gone is missing, and that is true
        columns = [one for one in columns if found.rows[one].notna().any() or not len(found.rows)]
    rows, expected = (
        Counter(one[columns].astype(str).itertuples(index=False, name=None))
        for one in (found.rows, there)
    )
    new, lost = sum((rows - expected).values()), sum((expected - rows).values())
    told = any("left out" in note for note in found.notes if note not in true.notes)
    if case.how == "flip":
        return f"{new} new, {lost} lost" if new > 2 * case.places or (
            lost > 2 * case.places and not told
        ) else ""  # fmt: skip
    if case.how == "cut":
        return f"{new} new" if new > 1 else ""
    if case.how == "rename" and new == lost and _pattern(found) == _pattern(true):
        return ""  # a behaviour or recording has another name
    return f"{new} new, {lost} lost" if new or (lost and not told) else ""


def _pattern(found: Bouts) -> tuple[list[int], list[str]]:
    """The same of files in which only a behaviour or a recording has another name."""
    names = Counter(found.rows["behaviour"].astype(str)).values()
    return sorted(names), sorted(map(str, found.rows[["start", "stop"]].values.tolist()))


def outcomes(cases: Iterator[tuple[Case, Path]], true: dict[Path, Any]) -> dict[str, list[str]]:
    """Read every case in a process of its own, and sort what came of it.

    The keys are read, refused, wrong, broken (another error) and hung.
    """
    found: dict[str, list[str]] = {
        name: [] for name in ("read", "refused", "wrong", "broken", "hung")
    }
    worker: tuple[Any, Connection] | None = None
    for case, path in cases:
        worker = worker or _start(true)
        process, pipe = worker
        pipe.send((case, path))
        name = f"{case.number} {case.source.name} {case.how}"
        if pipe.poll(LIMIT_S):
            try:
                kind, text = pipe.recv()
            except EOFError:
                kind, text, worker = "broken", "the process died", None
        else:
            process.kill()
            kind, text, worker = "hung", "", None
        found[kind].append(f"{name}: {text}")
        shutil.rmtree(path.parent)
    if worker is not None:
        worker[1].send(None)
        worker[0].join()
    return found


def _start(true: dict[Path, Any]) -> tuple[Any, Connection]:
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, true), daemon=True)
    process.start()
    theirs.close()
    return process, ours


def _work(pipe: Connection, true: dict[Path, Any]) -> None:
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY))
    while (asked := pipe.recv()) is not None:
        case, path = asked
        try:
            said = judge(case, true[case.source], read_file(path))
            pipe.send(("wrong", said) if said else ("read", ""))
        except StudyError as error:
            text = str(error).replace(str(path), "")
            pipe.send(("broken" if "\n" in text else "refused", text[:200]))
        except BaseException:  # noqa: BLE001 - whatever it is, it is what this looks for
            pipe.send(("broken", traceback.format_exc(limit=-2)))


def readable(files: Sequence[Path]) -> dict[Path, Any]:
    """What is read of every file that can be read."""
    found = {}
    for file in files:
        try:
            found[file] = read_file(file)
        except StudyError:
            continue
    return found
