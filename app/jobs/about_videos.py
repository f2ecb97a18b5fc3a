"""What is known of videos beside the films: from the names of their folders, and from a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from app.errors import AppError
from app.jobs.folders import Found
from storage.metadata import KEYS, read_metadata, save_metadata
from storage.study import Study, open_study
from storage.videos import find_video

# Columns by which a row finds its videos, and what people and other programs call them
BY = {
    "subject": ("subject", "sub", "subject_id", "participant_id"),
    "session": ("session", "ses", "session_id"),
    "date": ("date",),
}
NAMED = 5  # so many that match nothing are named, the others counted


@dataclass(frozen=True)
class About:
    """The rows of a table for each video, and what did not match."""

    found: Sequence[Found]
    rows: dict[Path, pd.DataFrame] = field(default_factory=dict)  # without the columns of BY
    strangers: list[str] = field(default_factory=list)  # rows that no video matches
    unsaid: list[str] = field(default_factory=list)  # videos that no row matches

    def keep(self, study: Path, path: Path, video: str) -> None:
        """Keep what is known of one video in the study.

        What a table says replaces what was there; names of folders only fill what is empty.
        """
        facts = next((one.facts for one in self.found if one.path.absolute() == path), {})
        rows = self.rows.get(path)
        if not facts and rows is None:
            return
        with open_study(study, write=True) as opened:
            new = _missing(opened, video, facts)
            if new:
                save_metadata(opened, pd.DataFrame([{"video": video, **new}]))
            if rows is not None:
                save_metadata(opened, rows.assign(video=video))


def about_videos(found: Sequence[Found], table: pd.DataFrame | None, called: str = "") -> About:
    """Join a table to videos: by its column video, else by subject (and session, date).

    A video is meant by its file's name, with or without ending or folders. A table of which no row
    matches is an error: `called` says which.
    """
    if table is None:
        return About(found)
    table = table.rename(columns={name: str(name).strip() for name in table.columns})
    table = table.dropna(how="all")
    by = _columns_by(table)
    if "video" not in table.columns and "subject" not in by:
        given = ", ".join(map(str, table.columns)) or "nothing"
        raise AppError(
            f"{called} needs a column video or subject to find its videos; it has {given}."
        )
    matches = {
        one.path.absolute(): [k for k, row in table.iterrows() if _is_about(row, by, one)]
        for one in found
    }
    used = {k for rows in matches.values() for k in rows}
    if not used:
        what = "file names" if "video" in table.columns else "subjects in the names of folders"
        raise AppError(f"No row of {called} is about any of these videos: compare its {what}.")
    others = [name for name in table.columns if name not in {"video", *by.values()}]
    if not [name for name in others if name not in KEYS]:
        raise AppError(f"{called} says nothing but which videos: add a column such as group.")
    rows = {path: table.loc[which, others] for path, which in matches.items() if which}
    strangers = [_row_name(row, by) for k, row in table.iterrows() if k not in used]
    unsaid = [_called(one, found) for one in found if not matches[one.path.absolute()]]
    return About(found, rows, strangers, unsaid)


def unmatched_lines(about: About, called: str) -> list[str]:
    """What did not match, in lines."""
    lines = []
    if about.strangers:
        lines.append(f"{called}: no video for {_listed(about.strangers)}.")
    if about.unsaid:
        lines.append(f"{called}: nothing about {_listed(about.unsaid)}.")
    return lines


def _columns_by(table: pd.DataFrame) -> dict[str, str]:
    """The columns that name subject, session and date, where videos are not named themselves."""
    if "video" in table.columns:
        return {}
    lower = {str(name).lower(): str(name) for name in table.columns}
    found = {key: next((lower[n] for n in names if n in lower), "") for key, names in BY.items()}
    return {key: name for key, name in found.items() if name}


def _is_about(row: pd.Series, by: dict[str, str], one: Found) -> bool:
    if "video" in row.index:
        path, wanted = one.path.absolute(), Path(_text(row["video"])).parts
        whole = path.parts[-len(wanted) :] if wanted else ()
        stem = (*whole[:-1], path.stem)
        return bool(wanted) and wanted in (whole, stem)
    for key, column in by.items():
        said, known = _text(row[column]), one.facts.get(key, "")
        if said and known and not _same(key, said, known):
            return False
        if key == "subject" and not (said and known):
            return False
    return True


def _same(key: str, said: str, known: str) -> bool:
    """Whether two names mean the same: `sub-01`, `01` and `1` are one subject."""
    said = said.removeprefix(f"{key[:3]}-")
    if said.isdecimal() and known.isdecimal() and key != "date":
        return int(said) == int(known)
    return said.replace("-", "") == known.replace("-", "")


def _row_name(row: pd.Series, by: dict[str, str]) -> str:
    columns = ["video"] if "video" in row.index else list(by.values())
    return " ".join(_text(row[name]) for name in columns) or f"row {row.name}"


def _called(one: Found, found: Sequence[Found]) -> str:
    """A video's file, with its folder where others have the same name."""
    twins = [other for other in found if other.path.name == one.path.name]
    alike = f"{one.path.parent.name}/{one.path.name}" if len(twins) > 1 else one.path.name
    return one.name or alike


def _missing(study: Study, video: str, facts: dict[str, str]) -> dict[str, str]:
    """The facts that the study does not know yet."""
    name = find_video(study, video).name
    known = read_metadata(study)
    mine = known[(known["video"] == name) & known["animal"].isna()].to_dict("records")
    has = mine[0] if mine else {}
    return {key: value for key, value in facts.items() if not has.get(key)}


def _text(value: object) -> str:
    return "" if value is None or value != value else str(value).strip()


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
