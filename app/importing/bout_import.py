"""Bring bouts that a person scored elsewhere into a study."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import NoReturn

import numpy as np
import pandas as pd

from app.errors import AppError
from app.scoring.bout_checks import FRAMES, OWNER, SECONDS, check_order, join_same_frames
from storage.bouts import delete_bouts, frame_edges, read_bouts, save_bouts
from storage.provenance import imported_from
from storage.readers.files import DAMAGE, first_lines, read_frame
from storage.readers.registry import format_of
from storage.study import Study, open_study
from storage.videos import Video, animal_names, find_video
from tracking.video import content_hash

PERSON = "person"  # the source of bouts that a person scored
_STOPS = {"stop_frame_exclusive": "stop_frame"}  # spelled out, as some files have it
BOUT_COLUMNS = "start_frame,stop_frame (the first frame after the bout) or start_s,stop_s"


@dataclass(frozen=True)
class Scored:
    """What a person says about a file of bouts; its columns go before these."""

    behaviour: str | None = None
    subject: str | None = None
    annotator: str | None = None


@dataclass(frozen=True)
class BoutSummary:
    """What was brought in."""

    video: str
    bouts: int
    behaviours: tuple[str, ...]
    skipped: bool = False
    notes: tuple[str, ...] = ()


def is_bouts(file: Path) -> bool:
    """Whether a file is a CSV of bouts: frames or seconds in columns of known names."""
    try:
        with file.open(encoding="utf-8-sig") as lines:
            columns = _columns(next(lines, ""))
    except (OSError, UnicodeDecodeError):
        return False
    return set(FRAMES) <= columns or set(SECONDS) <= columns


def names_videos(file: Path) -> bool:
    """Whether a table of bouts says of each which video it is of, as those exported here do.

    Such a table is of several videos at once, so it is brought in like another program's.
    """
    if file.suffix.lower() == ".parquet":
        return True
    lines = [line for line in first_lines(file, 2) if line.strip()]
    return len(lines) > 1 and "video" in _columns(lines[0])


def refuse_as_bouts(file: Path, scored: Scored) -> NoReturn:
    """Say what is wrong with a file that is meant to hold bouts, as the options for them say."""
    if not file.is_file():
        raise AppError(f"There is no file {file}: check the name and the folder.")
    given = [f"--{one.name}" for one in fields(scored) if getattr(scored, one.name) is not None]
    poses = format_of(file, "tracks")
    if poses is not None:
        raise AppError(
            f"{file} is a pose file of {poses.title}, and {', '.join(given)} "
            f"{'is' if len(given) == 1 else 'are'} about bouts: leave that out, or give a CSV with "
            f"the columns {BOUT_COLUMNS}."
        )
    header = next(iter(first_lines(file, 1)), "").strip()
    raise AppError(
        f"{file} begins with {header[:80]!r}: a file of bouts has the columns {BOUT_COLUMNS} in "
        "its first line."
        if header
        else f"{file} is empty or no text: a file of bouts is a CSV with the columns "
        f"{BOUT_COLUMNS}."
    )


def import_bouts(
    study_folder: Path, file: Path, video: str | None, scored: Scored, force: bool = False
) -> BoutSummary:
    """Save the bouts of a CSV file as a person's; all of them or none.

    Frames are half-open: `stop_frame` is the first frame after the bout. Seconds go to the
    nearest edge of a frame. Bouts of the same behaviour, animal and annotator are replaced with
    `force` only; when they are the same already, that is told.
    """
    if video is None:
        raise AppError(f"{file} holds bouts: say with --video which video they are about.")
    table = _read(file)
    with open_study(study_folder, write=True) as study:
        about = find_video(study, video)
        rows = _filled(study, about, file, table, scored)
        rows, notes = _in_frames(study, about, file, rows)
        stored = read_bouts(study, about.video_id)
        before = same_owner(stored, rows) if len(rows) else _of_nothing(stored, scored)
        kinds = tuple(dict.fromkeys(rows["behaviour"])) or (str(scored.behaviour),)
        if len(before) and equal_bouts(before, rows):
            return BoutSummary(about.name, len(rows), kinds, skipped=True)
        if len(before) and not force:
            who = before.iloc[0]
            raise AppError(
                f"{about.name} has {len(before)} other bouts of {who['behaviour']} by "
                f"{who['annotator'] or 'nobody in particular'} already: --force replaces them, "
                "--annotator WHO keeps both apart."
            )
        delete_bouts(study, before["bout_id"].tolist())
        watched = {} if len(rows) else {"behaviour": kinds[0], "annotator": scored.annotator}
        with imported_from(file=file.name, file_hash=content_hash(file)):
            save_bouts(study, about.video_id, rows, source=PERSON, replace=False, **watched)
    if not len(rows):
        notes = [f"{scored.annotator or 'somebody without a name'} watched it and saw none"]
    return BoutSummary(about.name, len(rows), kinds, notes=tuple(notes))


def _columns(header: str) -> set[str]:
    names = {name.strip().strip('"') for name in header.replace(";", ",").split(",")}
    return {_STOPS.get(name, name) for name in names}


def _read(file: Path) -> pd.DataFrame:
    try:
        table = read_frame(file).replace("", None)
    except DAMAGE as error:
        raise AppError(f"{file} is no CSV file that can be read ({error}).") from error
    table.columns = [_STOPS.get(str(name).strip(), str(name).strip()) for name in table.columns]
    wanted = FRAMES if set(FRAMES) <= set(table.columns) else SECONDS
    if not set(wanted) <= set(table.columns):
        raise AppError(
            f"{file} has the columns {', '.join(table.columns)}: bouts need start_frame and "
            "stop_frame (the first frame after the bout), or start_s and stop_s."
        )
    for name in wanted:
        table[name] = pd.to_numeric(table[name], errors="coerce")
        wrong = ~np.isfinite(table[name].to_numpy(float))
        if wrong.any():
            raise AppError(
                f"{file}, line {int(np.flatnonzero(wrong)[0]) + 2}: {name} is no number."
            )
    return table


def _filled(
    study: Study, video: Video, file: Path, table: pd.DataFrame, scored: Scored
) -> pd.DataFrame:
    """The rows with behaviour, subject and annotator, from the file or as the person says."""
    names = list(animal_names(study, video.video_id).values())
    only = names[0] if len(names) == 1 else None
    rows = table.copy()
    for column, value in (
        ("behaviour", scored.behaviour), ("subject", scored.subject or only),
        ("annotator", scored.annotator),
    ):  # fmt: skip
        given = rows[column] if column in rows else pd.Series(None, rows.index, dtype=object)
        rows[column] = given.astype(object).where(given.notna(), value)
        nothing = not len(rows) and column == "behaviour" and value is None
        if nothing or (column != "annotator" and rows[column].isna().any()):
            raise AppError(f"{file} does not say the {column}: give --{column}.")
    unknown = sorted(set(rows["subject"].astype(str)) - set(names)) if names else []
    if unknown:
        raise AppError(
            f"There is no animal '{unknown[0]}' in {video.name}: it has {', '.join(names)}. "
            "Name one of these with --subject."
        )
    return rows


def _in_frames(
    study: Study, video: Video, file: Path, rows: pd.DataFrame
) -> tuple[pd.DataFrame, list[str]]:
    """The rows with frames, seconds put on the nearest edge of a frame; and what to say of it."""
    if set(FRAMES) <= set(rows.columns):
        check_order(file, video, rows, FRAMES, float(video.n_frames))
        return rows, []
    edges_s = frame_edges(study, video.video_id)
    check_order(file, video, rows, SECONDS, float(edges_s[-1]), 1 / float(video.fps))
    for frame, second in zip(FRAMES, SECONDS, strict=True):
        rows[frame] = nearest_edge(edges_s, rows[second].to_numpy(float))
    # Nobody scores nothing: what is shorter than half a frame is one frame.
    rows["start_frame"] = np.minimum(rows["start_frame"], video.n_frames - 1)
    rows["stop_frame"] = np.maximum(rows["stop_frame"], rows["start_frame"] + 1)
    joined = join_same_frames(rows)
    lost = len(rows) - len(joined)
    return joined, [f"{lost} bouts fall into frames of the one before: joined"] if lost else []


def nearest_edge(edges_s: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """The frame whose start (n_frames: the end of the last) lies nearest to each time."""
    after = np.clip(np.searchsorted(edges_s, seconds), 1, len(edges_s) - 1)
    before_is_nearer = seconds - edges_s[after - 1] <= edges_s[after] - seconds
    return after - before_is_nearer


def same_owner(stored: pd.DataFrame, rows: pd.DataFrame, of: str = PERSON) -> pd.DataFrame:
    """Stored bouts of a source that have the rows' behaviours, animals and annotators."""
    owners = set(_plain(rows)[OWNER].itertuples(index=False, name=None))
    mine = [
        source == of and owner in owners
        for source, owner in zip(
            stored["source"], _plain(stored)[OWNER].itertuples(index=False, name=None), strict=True
        )
    ]
    return stored[np.array(mine, dtype=bool)]


def _of_nothing(stored: pd.DataFrame, scored: Scored) -> pd.DataFrame:
    """A person's stored bouts that a file without any bout would replace."""
    mine = (stored["source"] == PERSON) & (stored["behaviour"] == scored.behaviour)
    who = stored["annotator"]
    mine &= who.isna() if scored.annotator is None else who == scored.annotator
    if scored.subject is not None:
        mine &= stored["subject"] == scored.subject
    return stored[mine]


def equal_bouts(stored: pd.DataFrame, rows: pd.DataFrame) -> bool:
    """Whether both have the same bouts of the same animals by the same annotators."""
    columns = [*OWNER, *FRAMES]
    first, second = (
        sorted(_plain(one)[columns].itertuples(index=False, name=None)) for one in (stored, rows)
    )
    return first == second


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """The table with "" for nothing, so that rows can be compared."""
    plain = table.copy()
    for column in OWNER:
        plain[column] = ["" if pd.isna(value) else str(value) for value in plain[column]]
    for column in FRAMES:
        plain[column] = plain[column].astype(int)
    return plain
