"""Studies for the tests of track edits: three animals with gaps, outlines, points, bouts."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
from storage_samples import add_tracked

from storage.bouts import save_bouts
from storage.edits import Applied, apply
from storage.study import Study, open_study
from storage.tracks import read_masks
from storage.writers.exports import bouts_table, summary_table, tracks_table
from storage.writing import write_table

NTSC = Fraction(30_000, 1001)
FRAMES, ANIMALS = 240, 3


def places(frames: int = FRAMES, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """(frames, 3) positions that wander, px, with a gap of animal 2 in frames 100 to 120."""
    wander = np.random.default_rng(seed).normal(0, 2, (frames, ANIMALS, 2)).cumsum(0)
    xy = wander + np.array([[150, 150], [300, 200], [450, 300]])
    xy[100:121, 1] = np.nan
    return xy[..., 0], xy[..., 1]


def make_study(folder: Path, frames: int = FRAMES) -> Path:
    """A study with one video `clip` of three animals at 29.97 frames per second."""
    x, y = places(frames)
    with open_study(folder, write=True, create=True) as study:
        add_tracked(study, folder, x, y, fps=NTSC, points=("nose", "tail_base"), masks=True,
                    px_per_cm=8.0)  # fmt: skip
        for source, who in (("analysis", None), ("person", "Ada")):
            bouts = pd.DataFrame(
                {"subject": ["animal1", "animal2"], "start_frame": [10, 50], "stop_frame": [20, 90]}
            )
            save_bouts(study, 1, bouts, behaviour="grooming", source=source, annotator=who)
    return folder


def edit(folder: Path, kind: str, author: str = "Ada", **data: object) -> Applied:
    """Apply one edit to the video."""
    with open_study(folder, write=True) as study:
        return apply(study, 1, kind, data, author=author)


def undo(folder: Path) -> Applied:
    """Take back the last edit of tracks."""
    return edit(folder, "undo", scope="tracks")


def redo(folder: Path) -> Applied:
    """Do the last undone edit of tracks again."""
    return edit(folder, "redo", scope="tracks")


def exported(folder: Path) -> dict[str, bytes]:
    """Everything that exports say of the study, as bytes."""
    found = {}
    with open_study(folder) as study:
        tables = {
            "tracks": tracks_table(study),
            "bouts": bouts_table(study),
            "summary": summary_table(study),
            "masks": read_masks(study, 1),
        }
        for name, table in tables.items():
            file = write_table(table, folder / f"{name}.parquet", "parquet")
            found[name] = file.read_bytes()
        found["share"] = str(study.rows("SELECT share_detected FROM runs WHERE active")).encode()
        found["names"] = str(study.rows("SELECT * FROM animals ORDER BY ALL")).encode()
        found["watched"] = str(study.rows("SELECT * FROM watched ORDER BY ALL")).encode()
    return found


def rows_of(study: Study, animal: int, columns: str) -> list[tuple]:
    """Chosen columns of one animal's tracks, by frame."""
    sql = f"SELECT {columns} FROM tracks WHERE animal_id = ? ORDER BY frame"
    return study.rows(sql, [animal])
