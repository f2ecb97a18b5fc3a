"""`ethoscribe edit`: tracks corrected by hand, taken back and listed, without a browser."""

from collections.abc import Mapping
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
from app.errors import AppError

SCOPES = ("tracks", "bouts", "setup", "labels")
HELP = """Correct tracks and bouts by hand, take corrections back, and list what is doubtful.

Where a FRAME is asked for, a time does as well: 1200, 40.5s, 1:02.5 or 0:01:02.5. Everything is
written down with who did it and when, and can be taken back. The rows that tracking made are kept.

\b
Example:
  ethoscribe edit doubts -s study --video clip
  ethoscribe edit swap animal1 animal2 --from 1200 -s study --video clip
  ethoscribe edit undo -s study --video clip
  ethoscribe edit list -s study
"""
FromOption = Annotated[str, typer.Option("--from", metavar="FRAME", help="The first frame.")]
ToOption = Annotated[
    str | None,
    typer.Option("--to", metavar="FRAME", help="The frame after the last; left out: to the end."),
]
AtOption = Annotated[str, typer.Option("--at", metavar="FRAME", help="The frame.")]
AuthorOption = Annotated[
    str | None, typer.Option("--author", metavar="NAME", help="Who does it; left out: you.")
]
DryOption = Annotated[
    bool, typer.Option("--dry-run", help="Only say what would change; nothing is kept.")
]
ScopeOption = Annotated[
    str, typer.Option("--scope", help="tracks, setup, or only your own bouts or labels.")
]
AnimalArgument = Annotated[str, typer.Argument(metavar="ANIMAL", help="Its name or its number.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    from app.commands import edit_bouts

    group = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode=None)
    for command in (doubts, swap, delete, interpolate, move, mask, rename, undo, redo, log):
        group.command({"log": "list"}.get(command.__name__, command.__name__))(command)
    group.command("log", hidden=True, help=log.__doc__ and log.__doc__.replace("list", "log"))(log)
    edit_bouts.register(group)
    app.add_typer(group, name="edit")


def doubts(
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind", help="crossing, jump, missing, duplicate or low_confidence: only these."
        ),
    ] = None,
    jump_std: Annotated[
        float,
        typer.Option("--jump-std", metavar="N", help="Jumps beyond the average + N std."),
    ] = 10.0,
    json: JsonOption = False,
) -> None:
    """Print the frames in which an identity may be wrong, as CSV.

    A jump is a step longer than the average of all steps plus N standard deviations. A crossing is
    where animals lay together and may have left as each other. Severity sorts them, from 0 to 1.

    \b
    Example:
      ethoscribe edit doubts -s study --video clip --kind jump --jump-std 6
    """
    from app.annotating.corrections import video_of
    from app.annotating.reviewing import doubts_table
    from tracking.identities.doubt import KINDS, Limits

    kind = kind.replace(" ", "_") if kind else None
    if kind is not None and kind not in KINDS:
        raise AppError(f"There is no kind '{kind}'. There are: {', '.join(KINDS)}.")
    table = doubts_table(study, video_of(study, video), Limits(jump_std=jump_std))
    if kind is not None:
        table = table[table["kind"] == kind]
    if json:
        show_json(table.to_dict(orient="records"))
    else:
        show(table.to_csv(index=False).rstrip("\n"))
    say(count(len(table), "doubtful place"))


def swap(
    animal: AnimalArgument,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="The animal it was taken for.")],
    first: FromOption,
    to: ToOption = None,
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
    author: AuthorOption = None,
    dry_run: DryOption = False,
    json: JsonOption = False,
) -> None:
    """Exchange two animals from a frame on: tracks, outlines and body points.

    \b
    Example:
      ethoscribe edit swap animal1 animal2 --from 1200 --to 1400 -s study --video clip
    """
    places = {"start_frame": first, "stop_frame": to}
    make(study, video, author, "tracks.swap", {"a": animal, "b": other}, places, dry_run, json)


def delete(
    animal: AnimalArgument,
    first: Annotated[
        str | None, typer.Option("--from", metavar="FRAME", help="The first frame.")
    ] = None,
    to: ToOption = None,
    at: Annotated[str | None, typer.Option("--at", metavar="FRAME", help="One frame.")] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="Take the animal off the whole video.")
    ] = False,
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
    author: AuthorOption = None,
    dry_run: DryOption = False,
    json: JsonOption = False,
) -> None:
    """Say that an animal was not found: what is there in these frames is something else.

    With --whole there was no such animal at all: it is in no table any more.

    \b
    Example:
      ethoscribe edit delete animal2 --from 310 --to 325 -s study --video clip
    """
    if (first is not None) + (at is not None) + whole != 1 or (to is not None and first is None):
        raise AppError("Say which frames: --from FRAME (and --to FRAME), --at FRAME, or --whole.")
    if whole:
        make(study, video, author, "tracks.remove", {"animal": animal}, {}, dry_run, json)
        return
    places = {"frame": at} if at is not None else {"start_frame": first, "stop_frame": to}
    make(study, video, author, "tracks.delete", {"animal": animal}, places, dry_run, json)


def interpolate(
    animal: AnimalArgument,
    first: FromOption = "0",
    to: ToOption = None,
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
    author: AuthorOption = None,
    dry_run: DryOption = False,
    json: JsonOption = False,
) -> None:
    """Fill gaps between two detections on a straight line in time.

    The frames stay `detected` false: exports show the positions, measures take them for missing.

    \b
    Example:
      ethoscribe edit interpolate animal2 --from 310 --to 325 -s study --video clip
    """
    places = {"start_frame": first, "stop_frame": to}
    make(study, video, author, "tracks.interpolate", {"animal": animal}, places, dry_run, json)


def move(
    animal: AnimalArgument,
    at: AtOption,
    x: Annotated[float, typer.Option("--x", metavar="PX", help="From the left edge.")],
    y: Annotated[float, typer.Option("--y", metavar="PX", help="Down from the top edge.")],
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
    author: AuthorOption = None,
    dry_run: DryOption = False,
    json: JsonOption = False,
) -> None:
    """Say where an animal is in one frame; its outline and body points there are taken off.

    \b
    Example:
      ethoscribe edit move animal2 --at 312 --x 120.5 --y 88 -s study --video clip
    """
    data = {"animal": animal, "x_px": x, "y_px": y}
    make(study, video, author, "tracks.move", data, {"frame": at}, dry_run, json)


def mask(
    animal: AnimalArgument,
    at: AtOption,
    polygon: Annotated[
        str | None,
        typer.Option("--polygon", metavar="'X,Y X,Y X,Y'", help="Corners of the outline, px."),
    ] = None,
    labelled: Annotated[
        bool, typer.Option("--labelled", help="The outline that was saved on the page Label.")
    ] = False,
    clear: Annotated[bool, typer.Option("--clear", help="No outline in this frame.")] = False,
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
    author: AuthorOption = None,
    dry_run: DryOption = False,
    json: JsonOption = False,
) -> None:
    """Replace an animal's outline in one frame, or take it off.

    Place, heading and size follow the new outline. Where it is taken off, the place stays.

    \b
    Example:
      ethoscribe edit mask animal1 --at 12 --polygon '10,10 60,10 60,40 10,40' -s study --video clip
    """
    if (polygon is not None) + labelled + clear != 1:
        raise AppError("Say what the outline is: --polygon 'X,Y X,Y X,Y', --labelled or --clear.")
    data: dict[str, Any] = {"animal": animal}
    if labelled:
        data["labelled"] = True
    elif polygon is not None:
        data["polygon"] = _corners(polygon)
    kind = "tracks.unmask" if clear else "tracks.mask"
    make(study, video, author, kind, data, {"frame": at}, dry_run, json)


def rename(
    animal: AnimalArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name from now on.")],
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
    author: AuthorOption = None,
    dry_run: DryOption = False,
    json: JsonOption = False,
) -> None:
    """Call an animal by another name; its bouts and its metadata follow.

    \b
    Example:
      ethoscribe edit rename animal1 Mickey -s study --video clip
    """
    data = {"animal": animal, "name": name}
    make(study, video, author, "tracks.rename", data, {}, dry_run, json)


def undo(
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
    scope: ScopeOption = "tracks",
    author: AuthorOption = None,
    dry_run: DryOption = False,
    json: JsonOption = False,
) -> None:
    """Take back the last correction of a video that stands.

    Of tracks and the setup it is the last one of anybody, and whose it was is said; of bouts and
    labels it is your own.

    \b
    Example:
      ethoscribe edit undo -s study --video clip
    """
    make(study, video, author, "undo", {"scope": scope}, {}, dry_run, json)


def redo(
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
    scope: ScopeOption = "tracks",
    author: AuthorOption = None,
    dry_run: DryOption = False,
    json: JsonOption = False,
) -> None:
    """Do the correction again that was taken back last.

    \b
    Example:
      ethoscribe edit redo -s study --video clip
    """
    make(study, video, author, "redo", {"scope": scope}, {}, dry_run, json)


def log(
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
    scope: ScopeOption = "tracks",
    checks: Annotated[bool, typer.Option("--checks", help="Ticked-off doubts too.")] = False,
    json: JsonOption = False,
) -> None:
    """Print who changed what and when, oldest first, as CSV; nothing is ever taken out of it.

    \b
    Example:
      ethoscribe edit list -s study > corrections.csv
    """
    from app.annotating.reviewing import edit_log

    if scope not in SCOPES:
        raise AppError(f"There is no scope '{scope}'. There are: {', '.join(SCOPES)}.")
    table = edit_log(study, video, checks, scope)
    if json:
        show_json(table.assign(made_at=table["made_at"].astype(str)).to_dict(orient="records"))
    else:
        show(table.to_csv(index=False).rstrip("\n"))


def make(
    study: Path,
    video: str | None,
    author: str | None,
    kind: str,
    data: dict[str, Any],
    places: Mapping[str, str | None],
    only_try: bool,
    json: bool,
) -> None:
    """Make one edit, or try it, and say what it changed."""
    from app.annotating.corrections import correct
    from storage.authors import who

    name = who() if author is None else author
    done = correct(study, video, kind, data, name, places=places, only_try=only_try)
    if json:
        show_json(done.record())
    by, frames = done.result.get("by"), done.result.get("frames")
    whose = f" (by {by})" if by not in (None, name) else ""
    wide = f", {count(frames, 'frame')}" if frames is not None else ""
    dry = "dry run, nothing is kept: " if only_try else ""
    say(f"{done.video}: {dry}{_DONE.get(kind, '')}{done.words}{whose}{wide}")
    if gone := done.result.get("bouts_taken_off"):
        are = ("would be" if only_try else "is" if gone == 1 else "are") + " taken off"
        say(
            f"{count(gone, 'bout')} computed from the tracks before {are}: "
            "ethoscribe run ANALYSIS --save finds them anew."
        )
    if note := done.result.get("note"):
        say(f"It was {note}.")


_DONE = {"undo": "taken back: ", "redo": "done again: "}


def _corners(text: str) -> list[list[float]]:
    try:
        return [[float(x), float(y)] for x, y in (pair.split(",") for pair in text.split())]
    except ValueError:
        raise AppError(
            f"'{text[:80]}' is no outline: give corners as 'X,Y X,Y X,Y', in px."
        ) from None
