"""`ethoscribe export`: clean tables out of the study."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.commands.shared import DEFAULT_STUDY, StudyOption, VideoOption, count, say
from app.errors import AppError


class What(StrEnum):
    """The tables that a study gives out."""

    tracks = "tracks"
    bouts = "bouts"
    measures = "measures"
    summary = "summary"


FORMATS = {"csv": "csv", "parquet": "parquet", "xlsx": "xlsx"}


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(export)


def export(
    what: Annotated[
        What, typer.Argument(metavar="TABLE", help="tracks, bouts, measures or summary.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE")],
    study: StudyOption = DEFAULT_STUDY,
    file_format: Annotated[
        str | None,
        typer.Option("--format", metavar="FORMAT", help="csv, parquet or xlsx; else by the name."),
    ] = None,
    video: VideoOption = None,
    bin_s: Annotated[
        float | None,
        typer.Option("--bin", metavar="SECONDS", help="Measures per time bin of this length."),
    ] = None,
    remarks: Annotated[
        str | None,
        typer.Option(
            "--with", metavar="COLUMNS", help="Further columns of bouts: modifiers,comment."
        ),
    ] = None,
) -> None:
    """Write a table of the study to a file.

    tracks: a row per animal and frame. bouts: a row per behaviour bout. measures: a row per
    animal, region and measure. summary: a row per animal.

    \b
    Example:
      ethoscribe export tracks -s study -o tracks.csv
      ethoscribe export measures -s study -o measures.xlsx --bin 60
      ethoscribe export bouts -s study -o bouts.csv --with modifiers,comment
    """
    kind = format_of(output, file_format)
    if bin_s is not None and what is not What.measures:
        raise typer.BadParameter("only measures come in time bins", param_hint="'--bin'")
    if remarks is not None and what is not What.bouts:
        raise typer.BadParameter("only bouts have further columns", param_hint="'--with'")
    if output.is_dir():
        raise AppError(f"{output} is a folder: give the name of a file to write.")
    if not output.resolve().parent.is_dir():
        raise AppError(f"There is no folder {output.resolve().parent}: make it first.")
    more = [name.strip() for name in (remarks or "").split(",") if name.strip()]
    rows = _write(what, study, output, kind, video, bin_s, more)
    say(f"{output}: {count(rows, 'row')}")


def format_of(output: Path, wanted: str | None) -> str:
    """The format that was asked for, or the one the file's name ends with.

    >>> format_of(Path("tracks.csv"), None), format_of(Path("tracks"), "parquet")
    ('csv', 'parquet')
    """
    name = (wanted or output.suffix.lstrip(".")).lower()
    if name not in FORMATS:
        given = f"{wanted!r}" if wanted else f"the name {output.name!r}"
        raise AppError(f"No table format for {given}: choose --format {', '.join(FORMATS)}.")
    return FORMATS[name]


def _write(
    what: What,
    study: Path,
    output: Path,
    kind: str,
    video: str | None,
    bin_s: float | None,
    remarks: Sequence[str] = (),
) -> int:
    """Write one table; return how many rows it has."""
    if what is What.measures:
        from llm_query.export_measures import measures_of_study
        from storage.writing import write_table

        rows = measures_of_study(study, video=video, bin_s=bin_s)
        write_table(rows, output, kind)
        return len(rows)
    from storage.exports import bouts_table, summary_table, tracks_table, write_table
    from storage.study import open_study
    from storage.videos import find_video

    makers = {What.tracks: tracks_table, What.summary: summary_table}
    with open_study(study) as opened:
        video_id = find_video(opened, video).video_id if video else None
        table = (
            bouts_table(opened, video_id, remarks=remarks)
            if what is What.bouts
            else makers[what](opened, video_id)
        )
        write_table(table, output, kind)
        return len(table)
