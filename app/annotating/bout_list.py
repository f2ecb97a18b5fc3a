"""The bouts of one video as a table to read, edit and take away."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from app.errors import AppError
from app.library import WAIT_S, reading
from storage.bouts import PERSON, REMARKS, read_bouts, watched_for
from storage.edits import apply, next_steps
from storage.ethogram import read_ethogram
from storage.study import open_study
from storage.writers.exports import bouts_table, write_table

SHOWN = {
    "behaviour": "Behaviour", "subject": "Animal", "target": "Target", "start_s": "Start (s)",
    "stop_s": "Stop (s)", "duration_s": "Lasts (s)", "who": "By", "modifiers": "Modifiers",
    "comment": "Comment",
}  # fmt: skip


def list_bouts(study: Path, video_id: int) -> pd.DataFrame:
    """Every bout of a video in time order: the columns of SHOWN, bout_id, frames and source."""
    with reading(study) as opened:
        table = read_bouts(opened, video_id, remarks=True)
    nobody = table["annotator"].isna()
    table["who"] = table["annotator"].where(~nobody, table["source"])
    table["modifiers"] = [_said(text) for text in table["modifiers"]]
    for column in ("target", "comment"):
        table[column] = table[column].astype(object).where(table[column].notna(), "")
    hidden = ["bout_id", "start_frame", "stop_frame", "kind", "source"]
    return table[[*SHOWN, *hidden]]


def _said(text: object) -> str:
    """Modifiers as people read them: `part: head; side: left`."""
    said: dict[str, Any] = json.loads(text) if isinstance(text, str) else {}
    values = {
        name: ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in said.items()
    }
    return "; ".join(f"{name}: {value}" for name, value in values.items())


def is_own(bout: pd.Series, name: str) -> bool:
    """Whether a row of `list_bouts` was scored by the person of this name."""
    return bool(bout["source"] == PERSON and bout["who"] == name)


def bouts_csv(study: Path, video_id: int) -> bytes:
    """The file that `ethoscribe export bouts --video V --with modifiers,comment` writes."""
    with tempfile.TemporaryDirectory() as folder, reading(study) as opened:
        rows = bouts_table(opened, video_id, remarks=REMARKS)
        return write_table(rows, Path(folder) / "bouts.csv", "csv").read_bytes()


def edit(study: Path, video_id: int, kind: str, data: dict[str, Any], author: str) -> None:
    """Make one edit from a page; AppError says in one line why it cannot be made."""
    with open_study(study, write=True, timeout_s=WAIT_S) as opened:
        done = apply(opened, video_id, kind, data, author=author)
    if done.error is not None:
        raise AppError(done.error)


def last_steps(study: Path, video_id: int, author: str) -> dict[str, dict[str, Any] | None]:
    """What an undo and a redo of a person's scoring are of: {edit_id, words}; None for nothing."""
    with reading(study) as opened:
        steps = next_steps(opened, video_id, "bouts", author)
    return {name: steps[name] for name in ("undo", "redo")}


def behaviours_to_watch(study: Path, video_id: int, name: str) -> tuple[list[str], list[str]]:
    """What a person may have watched a video for, and for which of it that is noted."""
    with reading(study) as opened:
        noted = watched_for(opened, video_id, name)
        mine = read_bouts(opened, video_id)
        listed = [one.behaviour for one in read_ethogram(opened)]
    scored = mine.loc[(mine["annotator"] == name) & (mine["source"] == PERSON), "behaviour"]
    return list(dict.fromkeys([*listed, *sorted(set(scored)), *noted])), noted
