"""SimBA: a CSV per video with the places of all body points, and a column per behaviour.

As in SimBA's own tables an animal that was not found is at 0, 0 with a probability of 0.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from storage.errors import StudyError
from storage.writers.columns import Column
from storage.writers.one_watcher import check_one_watcher
from storage.writers.taking import CENTRE, Taken, pose_array, rows_of

NAME, TITLE, ENDING = "simba", "SimBA", ".csv"
HOLDS, MANY, NEEDS = ("tracks", "bouts"), False, ("tracks", "keypoints")
COLUMNS = (
    Column("(first column)", "frames", "Frame number, from 0"),
    Column("<point>_<number>_x, _y", "px", "Place of a body point, from the top left", "0"),
    Column("<point>_<number>_p", "0 to 1", "How sure the place is; 1 where the source does not "
           "say, 0 where a person filled a gap. The number is that of the animal, and is left out "
           "where there is one", "0"),
    Column("<behaviour>", "", "Bouts: 1 in the frames of the behaviour, else 0; with several "
           "animals <behaviour>_<animal>"),
)  # fmt: skip
AT_ONCE = 4096  # frames


def write(
    videos: Sequence[Taken], what: str, file: Path, step: Callable[[int, int], None]
) -> list[str]:
    """Write the points of one video, and with bouts a column of 0 and 1 for each behaviour."""
    (taken,) = videos
    if taken.points in ((), (CENTRE,)):
        raise StudyError(
            f"SimBA works on body points, and '{taken.video.name}' has none: import its poses "
            "first, or choose csv or parquet."
        )
    poses = pose_array(taken)
    names = [
        f"{point}_{number}_{part}" if len(taken.animals) > 1 else f"{point}_{part}"
        for number in taken.animals
        for point in taken.points for part in ("x", "y", "p")
    ]  # fmt: skip
    scored, notes = _scored(taken) if what == "bouts" else ({}, [])
    with file.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(["", *names, *scored])
        for first in range(0, taken.video.n_frames, AT_ONCE):
            places = _filled(np.asarray(poses[..., first : first + AT_ONCE]))
            marks = [column[first : first + AT_ONCE].tolist() for column in scored.values()]
            texts = [[f"{value:.9g}" for value in column] for column in places.tolist()]
            frames = range(first, min(first + AT_ONCE, taken.video.n_frames))
            rows.writerows(zip(frames, *texts, *marks, strict=True))
            step(frames.stop, taken.video.n_frames)
    return notes


def _filled(poses: np.ndarray) -> np.ndarray:
    """(columns, frames): x, y, p of every point of every animal, 0 where it was not found."""
    seen = np.isfinite(poses[:, :, :2]).all(axis=2)
    sure = np.where(np.isfinite(poses[:, :, 2]), poses[:, :, 2], 1.0)
    filled = np.where(seen[:, :, None], poses, 0.0)
    filled[:, :, 2] = np.where(seen, sure, 0.0)
    return filled.reshape(-1, poses.shape[-1])


def _scored(taken: Taken) -> tuple[dict[str, np.ndarray], list[str]]:
    """A column of 0 and 1 per behaviour, per animal where several do it; what to say of it."""
    check_one_watcher(taken, TITLE)
    columns: dict[str, np.ndarray] = {}
    several = taken.bouts["subject"].nunique() > 1
    joined = 0
    for row in rows_of(taken.bouts):
        name = f"{row.behaviour}_{row.subject}" if several else str(row.behaviour)
        marks = columns.setdefault(name, np.zeros(taken.video.n_frames, np.int8))
        stop = max(row.stop_frame, row.start_frame + 1)  # a moment is one frame
        joined += bool(marks[max(row.start_frame - 1, 0) : stop + 1].any())
        marks[row.start_frame : stop] = 1
    notes = [f"{joined} bouts begin where another ends: they are one in the file"] if joined else []
    return columns, notes
