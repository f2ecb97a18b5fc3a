"""`ethoscribe edits`: what was corrected by hand, and corrections without a browser."""

import getpass
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
HELP = """Correct identities, take corrections back, and list what is doubtful.

\b
Example:
  ethoscribe edits doubts -s study --video clip
  ethoscribe edits swap animal1 animal2 --from 1200 -s study --video clip
  ethoscribe edits undo -s study --video clip
  ethoscribe edits log -s study
"""
FromOption = Annotated[int, typer.Option("--from", metavar="FRAME", help="The first frame.")]
ToOption = Annotated[
    int | None,
    typer.Option("--to", metavar="FRAME", help="The frame after the last; left out: to the end."),
]
AuthorOption = Annotated[
    str | None, typer.Option("--author", metavar="NAME", help="Who does it; left out: you.")
]
ScopeOption = Annotated[
    str, typer.Option("--scope", help="tracks, setup, or only your own bouts or labels.")
]
AnimalArgument = Annotated[str, typer.Argument(metavar="ANIMAL", help="Its name or its number.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    group = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode=None)
    for command in (doubts, swap, delete, interpolate, rename, undo, redo, log):
        group.command(command.__name__)(command)
    app.add_typer(group, name="edits")


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
      ethoscribe edits doubts -s study --video clip --kind jump --jump-std 6
    """
    from app.annotating.reviewing import doubts_table
    from tracking.identities.doubt import KINDS, Limits

    kind = kind.replace(" ", "_") if kind else None
    if kind is not None and kind not in KINDS:
        raise AppError(f"There is no kind '{kind}'. There are: {', '.join(KINDS)}.")
    table = doubts_table(study, _video(study, video), Limits(jump_std=jump_std))
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
) -> None:
    """Exchange two animals from a frame on: tracks, outlines and body points.

    \b
    Example:
      ethoscribe edits swap animal1 animal2 --from 1200 --to 1400 -s study --video clip
    """
    data = {"a": animal, "b": other, "start_frame": first, "stop_frame": to}
    _edit(study, video, author, "tracks.swap", data)


def delete(
    animal: AnimalArgument,
    first: FromOption,
    to: ToOption = None,
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
    author: AuthorOption = None,
) -> None:
    """Say that an animal was not found: what is there in these frames is something else.

    \b
    Example:
      ethoscribe edits delete animal2 --from 310 --to 325 -s study --video clip
    """
    data = {"animal": animal, "start_frame": first, "stop_frame": to}
    _edit(study, video, author, "tracks.delete", data)


def interpolate(
    animal: AnimalArgument,
    first: FromOption = 0,
    to: ToOption = None,
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
    author: AuthorOption = None,
) -> None:
    """Fill gaps between two detections on a straight line in time.

    The frames stay `detected` false: exports show the positions, measures take them for missing.

    \b
    Example:
      ethoscribe edits interpolate animal2 --from 310 --to 325 -s study --video clip
    """
    data = {"animal": animal, "start_frame": first, "stop_frame": to}
    _edit(study, video, author, "tracks.interpolate", data)


def rename(
    animal: AnimalArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name from now on.")],
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
    author: AuthorOption = None,
) -> None:
    """Call an animal by another name; its bouts and its metadata follow.

    \b
    Example:
      ethoscribe edits rename animal1 Mickey -s study --video clip
    """
    _edit(study, video, author, "tracks.rename", {"animal": animal, "name": name})


def undo(
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
    scope: ScopeOption = "tracks",
    author: AuthorOption = None,
) -> None:
    """Take back the last correction of a video's tracks that stands.

    \b
    Example:
      ethoscribe edits undo -s study --video clip
    """
    _edit(study, video, author, "undo", {"scope": scope})


def redo(
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
    scope: ScopeOption = "tracks",
    author: AuthorOption = None,
) -> None:
    """Do the correction again that was taken back last.

    \b
    Example:
      ethoscribe edits redo -s study --video clip
    """
    _edit(study, video, author, "redo", {"scope": scope})


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
      ethoscribe edits log -s study > corrections.csv
    """
    from app.annotating.reviewing import edit_log

    if scope not in SCOPES:
        raise AppError(f"There is no scope '{scope}'. There are: {', '.join(SCOPES)}.")
    table = edit_log(study, video, checks, scope)
    if json:
        show_json(table.assign(made_at=table["made_at"].astype(str)).to_dict(orient="records"))
    else:
        show(table.to_csv(index=False).rstrip("\n"))


def _edit(
    study: Path, video: str | None, author: str | None, kind: str, data: dict[str, Any]
) -> None:
    from storage.edits import apply, kinds
    from storage.study import open_study
    from storage.videos import find_video

    name = _video(study, video)
    with open_study(study, write=True) as opened:
        video_id = find_video(opened, name).video_id
        done = apply(opened, video_id, kind, data, author=author or getpass.getuser())
    if done.error:
        raise AppError(done.error)
    words = done.result.get("words") or kinds()[kind].describe(data)
    say(f"{name}: {_DONE.get(kind, '')}{words}")
    if gone := done.result.get("bouts_taken_off"):
        say(
            f"{count(gone, 'bout')} computed from the tracks before "
            f"{'is' if gone == 1 else 'are'} taken off: ethoscribe run ANALYSIS --save finds "
            "them anew."
        )


_DONE = {"undo": "taken back: ", "redo": "done again: "}


def _video(study: Path, video: str | None) -> str:
    """The name of the video that was meant; the only one of a study needs no name."""
    from storage.study import open_study
    from storage.videos import find_video, videos

    with open_study(study) as opened:
        if video is not None:
            return find_video(opened, video).name
        names = [one.name for one in videos(opened)]
    if len(names) != 1:
        raise AppError(f"Say which video by --video: {', '.join(names) or 'there is none yet'}.")
    return names[0]
