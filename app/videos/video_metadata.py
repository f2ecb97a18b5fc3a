"""Groups, treatments, sessions of the videos and animals as a table that a person edits."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd

from app.errors import AppError
from app.library import WAIT_S, reading
from storage.metadata import KEYS, read_metadata, save_metadata
from storage.study import open_study
from storage.videos import animal_names, videos

LARGEST_CSV = 5_000_000  # bytes
WHOLE = "(whole video)"  # what the table shows where a row is not about one animal


def edited_table(study: Path, by_animal: bool = False) -> pd.DataFrame:
    """A row per video, or per animal of every video, with what is known; empty cells are ''."""
    with reading(study) as opened:
        wide = read_metadata(opened)
        keys: list[tuple[str, str | None]] = []
        for video in videos(opened):
            who = animal_names(opened, video.video_id).values() if by_animal else [None]
            keys += [(video.name, animal) for animal in who]
    known = {(row["video"], row["animal"]): row for row in wide.to_dict("records")}
    names = [name for name in wide.columns if name not in KEYS]
    rows = [
        {"video": video, "animal": animal or WHOLE}
        | {name: known.get((video, animal), {}).get(name) or "" for name in names}
        for video, animal in keys
    ]
    return pd.DataFrame(rows, columns=[*KEYS, *names], dtype=object)


def save_changes(study: Path, before: pd.DataFrame, after: pd.DataFrame) -> int:
    """Store the cells that differ, and only those: somebody else may edit others meanwhile."""
    changed = 0
    with open_study(study, write=True, timeout_s=WAIT_S) as opened:
        for name in [name for name in after.columns if name not in KEYS]:
            now, differs = _changed(before, after, name)
            if differs.any():
                table = after.loc[differs, list(KEYS)].assign(**{name: now[differs]})
                table["animal"] = table["animal"].where(table["animal"] != WHOLE, None)
                save_metadata(opened, table)
                changed += int(differs.sum())
    return changed


def has_changes(before: pd.DataFrame, after: pd.DataFrame) -> bool:
    """Whether there is any cell to store."""
    names = [name for name in after.columns if name not in KEYS]
    return any(_changed(before, after, name)[1].any() for name in names)


def _changed(before: pd.DataFrame, after: pd.DataFrame, name: str) -> tuple[pd.Series, pd.Series]:
    """The texts of a column as they are now, and which of them are others than before."""
    now = after[name].fillna("").astype(str).str.strip()
    then = before[name].fillna("") if name in before.columns else pd.Series("", now.index)
    return now, now != then


def with_column(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """The table with one more, empty column."""
    name = name.strip()
    if not name or name.casefold() in {str(column).casefold() for column in table.columns}:
        raise AppError(f"'{name}' is empty or a column already: choose another name.")
    if len(name) > 60 or not name.isprintable():
        raise AppError("The name of a column has 1 to 60 letters: choose a shorter one.")
    return table.assign(**{name: ""})


def import_csv(study: Path, file_name: str, data: bytes) -> str:
    """Store a CSV of the columns video, perhaps animal, and any others; returns what to say."""
    table = read_csv(file_name, data)
    with open_study(study, write=True, timeout_s=WAIT_S) as opened:
        facts = save_metadata(opened, table)
    return f"{file_name}: {facts} values for {len(table)} rows are stored."


def read_csv(file_name: str, data: bytes) -> pd.DataFrame:
    """A table as text: numbers stay as they are written."""
    if len(data) > LARGEST_CSV:
        raise AppError(f"{file_name} is larger than {LARGEST_CSV // 1_000_000} MB: split it.")
    head = data.split(b"\n", 1)[0]
    separator = ";" if head.count(b";") > head.count(b",") else ","  # as some spreadsheets write
    try:
        text = data.decode("utf-8-sig")
        return pd.read_csv(
            io.StringIO(text), dtype=str, sep=separator, skipinitialspace=True,
            keep_default_na=False, na_values=[""],  # a treatment or a mouse may be called None
        )  # fmt: skip
    except UnicodeDecodeError as error:
        raise AppError(
            f"{file_name} has letters that are not UTF-8: save it as CSV UTF-8."
        ) from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        line = " ".join(str(error).split())
        raise AppError(f"{file_name} is no CSV file that can be read ({line}).") from error
