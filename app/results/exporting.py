"""Exports as the page and `ethoscribe export` write them: tables, and files of other programs.

A table is one file. Of other programs' formats some hold many videos, the others get a file per
video in a folder. Beside every export lies its data dictionary.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from app.errors import AppError
from app.results.data import Overview, overview, watcher
from app.results.dictionaries import about, add_dictionary, dictionary, origins_of
from app.results.filters import Filters, check_known
from app.results.identity_tables import COLUMNS, identity_table
from app.results.tables import export_results
from storage.study import open_study
from storage.videos import find_video
from storage.writers.dictionary import Origin
from storage.writers.drafts import draft_of, file_name
from storage.writers.exports import bouts_table, tracks_table, write_table
from storage.writers.formats import TABLES, Writer, writer_of, writers
from storage.writers.outlines import SCHEMA, write_outlines
from storage.writers.taking import Taken, take

MOST_ROWS = 2_000_000  # that the page writes for other programs
Step = Callable[[int, int, str], None]  # done, of how many, what is being written


@dataclass(frozen=True)
class Exported:
    """What was written: the files, the rows of a table, and what there is to say of them."""

    files: tuple[Path, ...]
    rows: int | None = None
    notes: tuple[str, ...] = ()


def export_any(
    study: Path, what: str, kind: str, filters: Filters, output: Path,
    remarks: Sequence[str] = (), step: Step | None = None,
) -> Exported:  # fmt: skip
    """Write one export of any kind, with its dictionary; names the study has not are an error."""
    if kind not in TABLES:
        return export_files(study, what, kind, filters, output, step)
    if what == "masks":
        return export_outlines(study, filters.videos, output, kind, step)
    if what == "tracks" or remarks:
        if len(filters.videos) > 1 or filters != Filters(videos=filters.videos):
            raise AppError("Tracks, and bouts with further columns, take one --video or all.")
        return export_table(study, what, filters.videos, output, kind, remarks)
    with open_study(study):  # says what is wrong with a folder that is no study
        pass
    found = origins_of(study, filters.videos)
    if what in COLUMNS:
        table: Any = identity_table(study, what, filters.videos)
        write_table(table, output, kind, about(found))
    else:
        table = export_results(study, what, filters, output, kind, step, about(found))
    columns = [str(name) for name in getattr(table, "column_names", table.columns)]
    measures = sorted(set(table["measure"])) if what == "measures" else ()
    return _told(output, what, kind, columns, found, len(table), measures)


def programs(what: str) -> dict[str, str]:
    """The formats of other programs that hold tracks or bouts: name to title."""
    return {name: one.title for name, one in writers(what).items()}


def archive(study: Path, what: str, kind: str, filters: Filters) -> tuple[bytes, tuple[str, ...]]:
    """The same files in one zip, each with its dictionary, and what there is to say of them.

    Of the chosen videos those that have nothing to write are left out, and that is told.
    """
    lacking = _lacking(_seen(study, filters), filters, what)
    if lacking and len(lacking) < len(filters.videos):
        have = tuple(name for name in filters.videos if name not in lacking)
        content, notes = archive(study, what, kind, replace(filters, videos=have))
        return content, (*notes, f"Without {', '.join(lacking)}: no {what} there.")
    with tempfile.TemporaryDirectory(prefix="ethoscribe-export-") as folder:
        ending = writer_of(kind, what).ending
        many = writer_of(kind, what).many
        place = Path(folder) / (f"{what}{ending}" if many else what)
        done = export_files(study, what, kind, filters, place)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out:
            for file in done.files:
                out.write(file, file.name)
        return packed.getvalue(), done.notes


def export_table(
    study: Path, what: str, videos: Sequence[str], output: Path, kind: str,
    remarks: Sequence[str] = (),
) -> Exported:  # fmt: skip
    """Write tracks, or bouts with remarks, straight from the database, row by row."""
    found = origins_of(study, videos)
    with open_study(study) as opened:
        video_id = find_video(opened, videos[0]).video_id if videos else None
        table = (
            bouts_table(opened, video_id, remarks=remarks)
            if what == "bouts"
            else tracks_table(opened, video_id)
        )
        columns, rows = table.columns, len(table)
        write_table(table, output, kind, about(found))
    return _told(output, what, kind, columns, found, rows)


def export_outlines(
    study: Path, videos: Sequence[str], output: Path, kind: str, step: Step | None = None
) -> Exported:
    """Write a row per outline, as csv, parquet or xlsx."""
    filters = Filters(videos=tuple(videos))
    seen = _seen(study, filters)
    names = _names(seen, filters, "tracks")
    found, step = origins_of(study, names), step or (lambda *_: None)
    with tempfile.TemporaryDirectory(prefix="ethoscribe-export-") as scratch:
        taken = [_taken(seen, name, _folder(scratch), ("masks",), filters) for name in names]
        rows = write_outlines(taken, output, kind, about(found), _stepping(step, output.name))
    return _told(output, "masks", kind, SCHEMA.names, found, rows)


def _told(
    output: Path, what: str, kind: str, columns: Sequence[str], found: Sequence[Origin], rows: int,
    measures: Sequence[str] = (),
) -> Exported:  # fmt: skip
    title = f"{output.name}: {what} as {TABLES[kind]}"
    made = add_dictionary(output, dictionary(what, title, columns, found, measures=measures))
    return Exported((output, made), rows)


def export_files(
    study: Path, what: str, kind: str, filters: Filters, output: Path, step: Step | None = None
) -> Exported:
    """Write files of another program; each appears whole, and one after the other."""
    writer = writer_of(kind, what)
    seen = _seen(study, filters)
    names = _names(seen, filters, what)
    step = step or (lambda *_: None)
    if writer.many:
        files, notes = _write_one(seen, writer, what, filters, names, _file(output), step)
    else:
        files, notes = _write_each(seen, writer, what, filters, names, output, step)
    place = output if output.is_dir() else files[0]
    title = f"{place.name}: {what} for {writer.title}"
    text = dictionary(what, title, writer.columns, origins_of(study, names), notes)
    return Exported((*files, add_dictionary(place, text)), notes=tuple(dict.fromkeys(notes)))


def _seen(study: Path, filters: Filters) -> Overview:
    with open_study(study):  # says what is wrong with a folder that is no study
        pass
    seen = overview(study)
    check_known(filters, {**seen.choices, "group": seen.groups(filters.by)})
    return seen


def _names(seen: Overview, filters: Filters, what: str) -> list[str]:
    """The videos to write: those that are tracked, or in which behaviour was scored."""
    chosen = [name for name in seen.names if name in (filters.videos or seen.names)]
    have = [name for name in chosen if _has(seen, name, what)]
    lacking = _lacking(seen, filters, what)
    lack = "no bouts" if what == "bouts" else "no tracks"
    if lacking:
        raise AppError(f"Video '{lacking[0]}' has {lack}: leave it out, or make them first.")
    if not have:
        raise AppError(f"The study has {lack} to write.")
    return have


def _has(seen: Overview, name: str, what: str) -> bool:
    return bool(seen.looked.get(name)) if what == "bouts" else seen.data(name).tracked


def _lacking(seen: Overview, filters: Filters, what: str) -> list[str]:
    """The chosen videos that have nothing to write."""
    return [name for name in filters.videos if not _has(seen, name, what)]


def _write_one(
    seen: Overview, writer: Writer, what: str, filters: Filters, names: Sequence[str],
    output: Path, step: Step,
) -> tuple[list[Path], list[str]]:  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="ethoscribe-export-") as scratch:
        taken = []
        for name in names:
            step(0, 0, f"reading {name}")
            folder = _folder(scratch)
            taken.append(_taken(seen, name, folder, writer.needs, filters))
        with draft_of(output) as draft:
            notes = writer.write(taken, what, draft, _stepping(step, output.name))
    return [output], notes


def _write_each(
    seen: Overview, writer: Writer, what: str, filters: Filters, names: Sequence[str],
    output: Path, step: Step,
) -> tuple[list[Path], list[str]]:  # fmt: skip
    files, notes = [], []
    places = _places(output, writer, names)
    for name, place in zip(names, places, strict=True):
        with tempfile.TemporaryDirectory(prefix="ethoscribe-export-") as scratch:
            step(0, 0, f"reading {name}")
            taken = _taken(seen, name, Path(scratch), writer.needs, filters)
            with draft_of(place) as draft:
                said = writer.write([taken], what, draft, _stepping(step, place.name))
        files.append(place)
        notes += [f"{name}: {one}" if len(names) > 1 else one for one in said]
    return files, notes


def _stepping(step: Step, name: str) -> Callable[[int, int], None]:
    return lambda done, total: step(done, total, name)


def _places(output: Path, writer: Writer, names: Sequence[str]) -> list[Path]:
    """A file for each video: the one that was named, or one in a folder under the video's name."""
    if len(names) == 1 and output.suffix and not output.is_dir():
        return [output]
    if output.suffix and not output.is_dir():
        raise AppError(
            f"A file of {writer.title} holds one video, and there are {len(names)}: give the name "
            f"of a folder for them, or choose one with --video."
        )
    output.mkdir(exist_ok=True)
    made = [file_name(name) + writer.ending for name in names]
    twice = [name for name in made if [one.lower() for one in made].count(name.lower()) > 1]
    if twice:
        raise AppError(f"Two videos would be called {twice[0]}: write them one by one, --video.")
    return [output / name for name in made]


def _file(output: Path) -> Path:
    if output.is_dir():
        raise AppError(f"{output} is a folder: give the name of a file to write.")
    return output


def _folder(scratch: str) -> Path:
    return Path(tempfile.mkdtemp(dir=scratch))


def _taken(
    seen: Overview, name: str, folder: Path, needs: Sequence[str], filters: Filters
) -> Taken:
    with open_study(seen.study) as opened:
        taken = take(opened, name, folder, needs if seen.data(name).tracked else ())
    return replace(taken, bouts=_kept(seen, taken.bouts, name, filters))


def _kept(seen: Overview, bouts: pd.DataFrame, name: str, filters: Filters) -> pd.DataFrame:
    """The bouts that the filters leave, as the table of bouts has them."""
    keep = np.ones(len(bouts), bool)
    if filters.group or filters.animal:
        keep &= bouts["subject"].isin(seen.shown(filters).get(name, ())).to_numpy()
    if filters.behaviour:
        keep &= bouts["behaviour"].isin(filters.behaviour).to_numpy()
    if filters.who:
        who = [watcher(row) for row in bouts[["source", "annotator"]].to_dict("records")]
        keep &= np.isin(np.array(who, dtype=object), filters.who)
    if filters.start_s is not None:
        keep &= bouts["start_s"].to_numpy() >= filters.start_s - 1e-6
    if filters.stop_s is not None:
        keep &= bouts["start_s"].to_numpy() < filters.stop_s - 1e-6
    return bouts[keep].reset_index(drop=True)
