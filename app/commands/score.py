"""`ethoscribe score`: how well tracks and bouts agree with a person."""

from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.shared import (
    DEFAULT_STUDY,
    JsonOption,
    StudyOption,
    VideoOption,
    count,
    say,
    show,
    show_json,
)

HELP = """Compare tracks or bouts with the truth.

\b
Example:
  ethoscribe score tracks -s study --truth gt_points.csv
  ethoscribe score bouts -s study --behaviour contact --truth contact_by_hand.csv
"""
TruthOption = Annotated[Path, typer.Option("--truth", metavar="CSV", help="What is true.")]


def register(app: typer.Typer) -> None:
    """Add the two commands to the command line."""
    group = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode=None)
    group.command()(tracks)
    group.command()(bouts)
    app.add_typer(group, name="score")


def tracks(
    truth: TruthOption,
    study: StudyOption = DEFAULT_STUDY,
    radius: Annotated[
        float | None,
        typer.Option(metavar="PX", help="A distance up to this is a hit; else half a body length."),
    ] = None,
    video: VideoOption = None,
    sparse: Annotated[
        bool, typer.Option("--sparse", help="Score only the frames that the truth lists.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Score identities: HOTA, IDF1, MOTA and switches, defined as TrackEval defines them.

    The truth is a CSV with the columns frame,id,x,y in pixels, and video if there are
    several. Every frame from its first to its last is scored.

    \b
    Example:
      ethoscribe score tracks -s study --truth gt_points.csv --radius 40
    """
    from app.scoring.score import score_tracks_of

    _tell(score_tracks_of(study, truth, radius, video, sparse), as_json)


def bouts(
    behaviour: Annotated[
        list[str], typer.Option("--behaviour", metavar="B", help="Which behaviour; or several.")
    ],
    truth: Annotated[
        Path | None, typer.Option("--truth", metavar="CSV", help="What is true.")
    ] = None,
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
    subject: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only the bouts of this animal.")
    ] = None,
    annotator: Annotated[
        str | None, typer.Option(metavar="A", help="Score the bouts of this person alone.")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(metavar="S", help="Score what comes from here, as analysis, and no person."),
    ] = None,
    against: Annotated[
        str | None, typer.Option(metavar="B", help="The truth: what this person scored here.")
    ] = None,
    iou: Annotated[
        float, typer.Option(metavar="SHARE", help="Overlap over union that makes a pair.")
    ] = 0.5,
    tolerance: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="Also pair bouts that start (and stop) so close."),
    ] = None,
    scan: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="Also kappa of looks every so many seconds."),
    ] = None,
    differences: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write where the two differ: csv, parquet or xlsx."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Score a behaviour's bouts: frame F1, bout F1 and Cohen's kappa.

    The truth is a CSV with the columns start_frame,stop_frame, and video, subject, behaviour if
    there are several; the stop frame is the first one after the bout. Or it is what another
    person scored in this study: --against B. Scored are the bouts of --annotator A, and without
    it those that no person scored. Several behaviours give a confusion table and one kappa.

    \b
    Example:
      ethoscribe score bouts -s study --behaviour contact --truth contact_by_hand.csv
      ethoscribe score bouts -s study --behaviour rearing --annotator Jin --against Sian --scan 5
    """
    from app.scoring.score_bouts import Limits, list_differences, read_watched, score_watched

    watched = read_watched(study, behaviour, truth, video, subject, annotator, against, source)
    for note in (note for one in watched for note in one.notes):
        say(note)
    scores = score_watched(watched, behaviour, Limits(iou, tolerance, scan))
    if differences is not None:
        from app.commands.export import format_of
        from storage.writing import write_table

        table = list_differences(watched, behaviour)
        write_table(table, differences, format_of(differences, None))
        say(f"{differences}: {count(len(table), 'row')}")
    _tell(scores, as_json)


def _tell(scores: dict[str, Any], as_json: bool) -> None:
    """Print the scores, as an object or as one line per measure."""
    if as_json:
        show_json(scores)
        return
    say(f"over all of {', '.join(scores['videos'])}")
    _lines({key: value for key, value in scores.items() if not isinstance(value, dict)})
    for behaviour, own in scores.get("behaviours", {}).items():
        show(behaviour)
        _lines(own, "  ")
    for seen, row in scores.get("confusion", {}).items():
        for called, frames in row.items():
            if frames:
                show(f"{seen} called {called}: {count(frames, 'frame')}")


def _lines(scores: dict[str, Any], before: str = "") -> None:
    for key, value in scores.items():
        text = f"{value:.4f}" if isinstance(value, float) else str(value)
        show(f"{before}{key:18} {text}")
