"""`ethoscribe export`: clean tables out of the study, and videos with everything drawn on."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.shared import DEFAULT_STUDY, StudyOption, count, say
from app.errors import AppError

if TYPE_CHECKING:
    from app.results.exporting import Exported
    from app.results.filters import Filters


class What(StrEnum):
    """What a study gives out."""

    tracks = "tracks"
    bouts = "bouts"
    masks = "masks"
    measures = "measures"
    summary = "summary"
    latency = "latency"
    fragments = "fragments"
    crossings = "crossings"
    doubts = "doubts"
    video = "video"


IDENTITIES = (What.fragments, What.crossings, What.doubts)
FORMATS = {"csv": "csv", "parquet": "parquet", "xlsx": "xlsx"}
ENDINGS = {"boris": "boris", "json": "coco", "txt": "mot", "nc": "movement", "nwb": "nwb",
           "h5": "sleap"}  # fmt: skip
OTHERS = (*ENDINGS.values(), "mabe", "simba")  # formats of other programs, storage.writers.formats


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(export)


def export(
    what: Annotated[
        What,
        typer.Argument(
            metavar="WHAT",
            help="tracks, bouts, masks, measures, summary, latency, fragments, crossings, doubts; "
            "video.",
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE")],
    study: StudyOption = DEFAULT_STUDY,
    file_format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="csv, parquet, xlsx; boris, nwb, movement, sleap, coco, mot, mabe, simba; else by "
            "the name of the file.",
        ),
    ] = None,
    video: Annotated[
        list[str] | None,
        typer.Option("--video", metavar="NAME", help="Only this video; may be given again."),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option("--where", metavar="COLUMN=VALUE", help="Only animals of this metadata."),
    ] = None,
    animal: Annotated[
        list[str] | None, typer.Option("--animal", metavar="NAME", help="Only this animal.")
    ] = None,
    behaviour: Annotated[
        list[str] | None, typer.Option("--behaviour", metavar="B", help="Only this behaviour.")
    ] = None,
    annotator: Annotated[
        list[str] | None,
        typer.Option("--annotator", metavar="A", help="Only this person's bouts; or analysis."),
    ] = None,
    bin_s: Annotated[
        float | None,
        typer.Option("--bin", metavar="SECONDS", help="Measures per time bin of this length."),
    ] = None,
    start_s: Annotated[
        float | None, typer.Option("--from", metavar="SECONDS", help="Only from this time on.")
    ] = None,
    stop_s: Annotated[
        float | None, typer.Option("--to", metavar="SECONDS", help="Only up to this time.")
    ] = None,
    remarks: Annotated[
        str | None,
        typer.Option(
            "--with", metavar="COLUMNS", help="Further columns of bouts: modifiers,comment."
        ),
    ] = None,
    masks: Annotated[bool, typer.Option(help="Draw outlines into the video.")] = True,
    trails: Annotated[bool, typer.Option(help="Draw the last 2 s of every path.")] = True,
    names: Annotated[bool, typer.Option(help="Write the animals' names.")] = True,
    regions: Annotated[bool, typer.Option(help="Draw the regions.")] = True,
    behaviours: Annotated[bool, typer.Option(help="Write who does what.")] = True,
    job_file: Annotated[Path | None, typer.Option(hidden=True)] = None,
) -> None:
    """Write a table of the study, files for other programs, or a film of what was found.

    tracks: a row per animal and frame. bouts: a row per behaviour bout. masks: a row per outline,
    with its run lengths. measures: a row per animal, region and measure. summary: a row per
    animal. latency: a row per animal and event, censored where it never came. fragments: a row
    per stretch in which an animal could not be confused, with how sure it is who it was.
    crossings: a row per place where animals could have been exchanged. doubts: a row per doubtful
    place, with who looked at it. video: the film with outlines, trails, names and behaviours, at
    its own frame times.

    Tracks go to other programs as nwb, movement (netCDF), sleap (analysis h5), coco, mot, mabe and
    simba; bouts as boris, nwb, mabe and simba; masks as coco. Where a file holds one video, -o is
    a folder when there are several. Beside every export lies FILE.dictionary.md: columns, units,
    definitions, share of frames found, and the runs, settings, people and versions it comes from.

    \b
    Example:
      ethoscribe export tracks -s study -o tracks.csv
      ethoscribe export measures -s study -o measures.xlsx --bin 60 --where treatment=drug
      ethoscribe export bouts -s study -o bouts.csv --with modifiers,comment
      ethoscribe export bouts -s study -o scored.boris --annotator Kim
      ethoscribe export tracks -s study -o poses --format nwb
      ethoscribe export video -s study --video cage1 -o cage1.mp4 --from 60 --to 90 --no-masks
    """
    from app.results.filters import from_options

    if bin_s is not None and what is not What.measures:
        raise typer.BadParameter("only measures come in time bins", param_hint="'--bin'")
    if remarks is not None and what is not What.bouts:
        raise typer.BadParameter("only bouts have further columns", param_hint="'--with'")
    drawn = {"masks": masks, "trails": trails, "names": names, "regions": regions,
             "behaviours": behaviours}  # fmt: skip
    _check_place(output, folder=file_format in OTHERS)
    filters = from_options(
        where or (), _video_names(study, video or ()), animal=tuple(animal or ()),
        behaviour=tuple(behaviour or ()), who=tuple(annotator or ()), bin_s=bin_s,
        start_s=start_s, stop_s=stop_s,
    )  # fmt: skip
    if what is What.video:
        _write_video(study, output, filters, drawn, job_file)
        return
    if not all(drawn.values()):
        raise typer.BadParameter("only a video is drawn on", param_hint="'--no-...'")
    kind = format_of(output, file_format)
    more = [name.strip() for name in (remarks or "").split(",") if name.strip()]
    if kind in OTHERS and more:
        raise AppError("Files of other programs have modifiers and comments where they can.")
    _tell(_write(what, study, output, kind, filters, more), output)


def _tell(done: "Exported", output: Path) -> None:
    if done.rows is None:
        *files, beside = done.files
        say(f"{files[0] if len(files) == 1 else output}: {count(len(files), 'file')}")
    else:
        say(f"{output}: {count(done.rows, 'row')}")
        beside = done.files[-1]
    for note in done.notes:
        say(note)
    say(f"What is in it, and where it comes from: {beside}")


def _check_place(output: Path, folder: bool = False) -> None:
    if output.is_dir() and not folder:
        raise AppError(f"{output} is a folder: give the name of a file to write.")
    if not output.resolve().parent.is_dir():
        raise AppError(f"There is no folder {output.resolve().parent}: make it first.")


def _video_names(study: Path, keys: Sequence[str]) -> list[str]:
    """The names of videos that may be given by number, file name or content hash, too."""
    if not keys:
        return []
    from storage.study import open_study
    from storage.videos import find_video

    with open_study(study) as opened:
        return [find_video(opened, key).name for key in keys]


def format_of(output: Path, wanted: str | None) -> str:
    """The format that was asked for, or the one the file's name ends with.

    >>> format_of(Path("tracks.csv"), None), format_of(Path("tracks"), "parquet")
    ('csv', 'parquet')
    """
    name = (wanted or output.suffix.lstrip(".")).lower()
    name = name if wanted else ENDINGS.get(name, name)
    if name not in (*FORMATS, *OTHERS):
        given = f"{wanted!r}" if wanted else f"the name {output.name!r}"
        raise AppError(f"No format for {given}: choose --format {', '.join((*FORMATS, *OTHERS))}.")
    return name


def _write(
    what: What,
    study: Path,
    output: Path,
    kind: str,
    filters: "Filters",
    remarks: Sequence[str] = (),
) -> "Exported":
    """Write one table, or files for another program, with the dictionary beside it."""
    from app.jobs.progress import Progress, Reporter
    from app.results.exporting import export_any
    from app.results.filters import Filters

    only_videos = Filters(videos=filters.videos)
    if what in (What.tracks, What.masks, *IDENTITIES) and filters != only_videos:
        raise AppError(f"{what.title()} are exported whole: choose them by --video alone.")
    with Reporter(output.name) as report:

        def step(done: int, total: int, name: str) -> None:
            stage = "write" if kind in OTHERS or what is What.masks else "compute"
            report(Progress(stage, done, total, message=name))

        return export_any(study, what.value, kind, filters, output, remarks, step)


def _write_video(
    study: Path, output: Path, filters: "Filters", drawn: dict[str, bool], job_file: Path | None
) -> None:
    """Draw a video, with its progress on the terminal or in the file of a job."""
    from app.figures.overlay_video import Wish
    from app.jobs.export_job import run_export

    if len(filters.videos) != 1:
        raise AppError("Say which video to draw on: --video NAME.")
    if filters.by or filters.animal:
        raise AppError("All animals of a video are drawn: leave --where and --animal out.")
    wish = Wish(
        filters.videos[0], start_s=filters.start_s, stop_s=filters.stop_s,
        behaviour=filters.behaviour, who=filters.who, **drawn,
    )  # fmt: skip
    made = run_export(study.resolve(), wish, output, job_file)
    say(f"{output}: {count(made, 'frame')}")
