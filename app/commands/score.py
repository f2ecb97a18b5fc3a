"""`ethoscribe score`: how well tracks and bouts agree with a person."""

from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.shared import (
    DEFAULT_STUDY,
    JsonOption,
    StudyOption,
    VideoOption,
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
    from app.score import score_tracks_of

    _tell(score_tracks_of(study, truth, radius, video, sparse), as_json)


def bouts(
    truth: TruthOption,
    behaviour: Annotated[str, typer.Option("--behaviour", metavar="B", help="Which behaviour.")],
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
    subject: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only the bouts of this animal.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Score a behaviour's bouts: frame F1, bout F1 and Cohen's kappa.

    The truth is a CSV with the columns start_frame,stop_frame, and video if there are
    several. The stop frame is the first one after the bout.

    \b
    Example:
      ethoscribe score bouts -s study --behaviour contact --truth contact_by_hand.csv
    """
    from app.score import score_bouts_of

    _tell(score_bouts_of(study, behaviour, truth, video, subject), as_json)


def _tell(scores: dict[str, Any], as_json: bool) -> None:
    """Print the scores, as an object or as one line per measure."""
    if as_json:
        show_json(scores)
        return
    videos = scores["videos"]
    say(f"over all of {', '.join(videos)}")
    for key, value in scores.items():
        if key != "videos":
            show(f"{key:18} {value:.4f}" if isinstance(value, float) else f"{key:18} {value}")
