"""DeepLabCut's tables of body points, CSV or HDF5, of one animal or several."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from storage.errors import StudyError
from storage.readers.dlc_tables import Table, is_table, read_table
from storage.readers.files import Head, first_lines, is_hdf5, read_numbers
from storage.readers.poses import Poses, arrange, check_frames

NAME, TITLE, GIVES = "dlc", "DeepLabCut", "tracks"
KINDS = ("hdf5", "text")  # of files
FILES = "CSV or HDF5 of one animal or several, also filtered, and the CSV of Lightning Pose"
UNIQUE = "single"  # the individual under which DeepLabCut lists points that belong to no animal
COORDS = ("x", "y", "likelihood")
# What Lightning Pose's smoother (EKS) says besides of every point.
OF_ENSEMBLES = {f"{axis}_{what}" for axis in "xy" for what in ("ens_median", "ens_var",
                                                             "posterior_var")}  # fmt: skip
HEADER = ("scorer", "individuals", "bodyparts", "coords")
ONLY_ANIMAL = "animal1"


def looks_like(head: Head) -> bool:
    """Whether a file is a table of DeepLabCut."""
    if head.kind == "hdf5":
        with h5py.File(head.path) as file:
            return is_table(file)
    names = [line.partition(",")[0].strip() for line in head.lines[:4]]
    return names[:1] == ["scorer"] and names[1:2] in (["individuals"], ["bodyparts"])


def read(path: Path) -> Poses:
    """Read a table of DeepLabCut; its rows are the frames from 0."""
    table = read_table(path) if is_hdf5(path) else _read_csv(path)
    table, said = _of_points(table)
    animals, notes = _animals(path, table)
    points = tuple(dict.fromkeys(part for who, part, _ in table.columns if who in animals))
    xy = np.full((len(table.values), len(animals), len(points), 2), np.nan)
    confidence = np.full(xy.shape[:3], np.nan)
    places = {"x": xy[..., 0], "y": xy[..., 1], "likelihood": confidence}
    for number, (who, part, coord) in enumerate(table.columns):
        if who in animals and coord in places:
            at = animals.index(who), points.index(part)
            places[coord][:, at[0], at[1]] = table.values[:, number]
    frame, more = _frames(table)
    n_frames = check_frames(path, frame)
    return Poses(
        source=NAME,
        animals=tuple(ONLY_ANIMAL if who in ("", UNIQUE) else who for who in animals),
        points=points,
        xy=arrange(frame, xy, n_frames),
        confidence=arrange(frame, confidence, n_frames),
        scorer=table.scorer,
        notes=(*said, *notes, *more),
    )


def _of_points(table: Table) -> tuple[Table, list[str]]:
    """The table without what an ensemble says besides, and without a likelihood that says nothing.

    The smoother wrote a likelihood of 0 everywhere at first: that is no confidence.
    """
    coords = [coord for _, _, coord in table.columns]
    smoothed = bool(OF_ENSEMBLES & set(coords))
    sure = table.values[:, [coord == "likelihood" for coord in coords]]
    unsaid = smoothed and sure.size > 0 and not sure.any()
    left = OF_ENSEMBLES | ({"likelihood"} if unsaid else set())
    keep = [coord not in left for coord in coords]
    notes = ["medians and variances of the ensemble left out"] * smoothed
    notes += ["a likelihood of 0 everywhere taken as none"] * unsaid
    columns = [column for column, stays in zip(table.columns, keep, strict=True) if stays]
    return replace(table, columns=columns, values=table.values[:, keep]), notes


def _animals(path: Path, table: Table) -> tuple[list[str], list[str]]:
    """The animals of a table, "" for the only one of a file without individuals."""
    coords = {coord for _, _, coord in table.columns}
    if not {"x", "y"} <= coords or "z" in coords:
        raise StudyError(
            f"{path} has the coordinates {', '.join(sorted(coords))}: only tables of x and y in "
            "the picture can be imported."
        )
    if len(set(table.columns)) < len(table.columns):
        raise StudyError(f"{path} has a column twice: export it again.")
    _check_whole(path, table)
    animals = list(dict.fromkeys(who for who, _, _ in table.columns))
    if len(animals) == 1 or UNIQUE not in animals:
        return animals, []
    left = dict.fromkeys(part for who, part, _ in table.columns if who == UNIQUE)
    animals.remove(UNIQUE)
    return animals, [f"points that belong to no animal left out: {', '.join(left)}"]


def _check_whole(path: Path, table: Table) -> None:
    """Refuse a point of which a coordinate is missing: a name is damaged or a column lost."""
    wanted = {coord for _, _, coord in table.columns if coord in COORDS}
    there: dict[tuple[str, str], set[str]] = {}
    for who, part, coord in table.columns:
        there.setdefault((who, part), set()).add(coord)
    for (who, part), coords in there.items():
        if coords != wanted:
            of = f"{part} of {who}" if who else part
            raise StudyError(
                f"{path} has the columns {', '.join(sorted(coords))} of {of}, and "
                f"{', '.join(sorted(wanted))} of others: export it again."
            )


def _frames(table: Table) -> tuple[np.ndarray, list[str]]:
    """The frame of every row; labelled pictures have none, and are taken one after another."""
    if table.frame is not None:
        return table.frame, []
    return np.arange(len(table.values)), [
        "rows are labelled pictures, not frames of a video: taken as frames one after another"
    ]


def _read_csv(path: Path) -> Table:
    lines = first_lines(path, len(HEADER))
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines, strict=True)]
    header = rows if len(rows) > 1 and rows[1][0] == "individuals" else rows[:3]
    names = [row[0] for row in header]
    if tuple(names) != tuple(name for name in HEADER if name in names) or names[-1] != "coords":
        raise ValueError(f"its header rows are {', '.join(names)}")
    if len({len(row) for row in header}) > 1:
        raise ValueError("its header rows have different lengths")
    # A labelled picture has its folder, video and file in three columns.
    first = next((i for i, cell in enumerate(header[-1][1:], 1) if cell), len(header[-1]))
    cells = read_numbers(path, len(header), len(header[0]), first)
    labels = [row[first:] for row in header]
    who = labels[1] if len(labels) == 4 else [""] * len(labels[0])
    return Table(
        scorer=labels[0][0],
        columns=list(zip(who, labels[-2], labels[-1], strict=True)),
        values=cells.iloc[:, first:].to_numpy(float),
        frame=_index(cells[0]) if first == 1 else None,
    )


def _index(cells: pd.Series) -> np.ndarray | None:
    """The frame numbers of the rows; None where they are names of pictures."""
    index = pd.to_numeric(cells, errors="coerce").to_numpy(float)
    missing = np.isnan(index)
    if missing.any() and not missing.all():
        row = int(np.flatnonzero(missing)[0])
        raise ValueError(f"frame {cells.iloc[row]!r} in row {row + 1} is no number")
    if not len(index) or missing.all():
        return None
    return index.astype(np.int64) if (index == np.floor(index)).all() else index
