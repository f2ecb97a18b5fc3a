"""`ethoscribe edit bout`: bouts that a person scores, added, moved and removed."""

from typing import Annotated, Any

import typer

from app.commands.edits import AuthorOption, DryOption, make
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

HELP = """Add, move and remove bouts that a person scored, as on the page Annotate.

Bouts are half-open: --from is the first frame, --to the frame after the last. You change your own
bouts (--author); those of others and of analyses stay as they are.

\b
Example:
  ethoscribe edit bout add grooming --subject animal1 --from 12.5s --to 14s -s study --video clip
"""
BoutArgument = Annotated[int, typer.Argument(metavar="BOUT", help="Its number, as in `list`.")]
FromOption = Annotated[
    str | None, typer.Option("--from", metavar="FRAME", help="The first frame, or its time.")
]
ToOption = Annotated[
    str | None, typer.Option("--to", metavar="FRAME", help="The frame after the last, or a time.")
]
CommentOption = Annotated[str | None, typer.Option("--comment", help="A remark.")]


def register(group: typer.Typer) -> None:
    """Add `bout` to `ethoscribe edit`."""
    bouts = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode=None)
    for command in (add, move, remove):
        bouts.command(command.__name__)(command)
    bouts.command("list")(listed)
    group.add_typer(bouts, name="bout")


def add(
    behaviour: Annotated[str, typer.Argument(metavar="BEHAVIOUR", help="Name of the behaviour.")],
    first: Annotated[str, typer.Option("--from", metavar="FRAME", help="The first frame.")],
    to: ToOption = None,
    subject: Annotated[
        str | None, typer.Option("--subject", metavar="ANIMAL", help="Who does it.")
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", metavar="NAME", help="To whom, or where.")
    ] = None,
    comment: CommentOption = None,
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
    author: AuthorOption = None,
    dry_run: DryOption = False,
    json: JsonOption = False,
) -> None:
    """Score one bout; without --to it is a moment. One with an own bout it overlaps.

    \b
    Example:
      ethoscribe edit bout add grooming --subject animal1 --from 310 --to 355 -s study --video clip
    """
    data = {
        "behaviour": behaviour, "subject": subject, "target": target, "comment": comment,
        "kind": "point" if to is None else "state",
    }  # fmt: skip
    places = {"start_frame": first, "stop_frame": first if to is None else to}
    make(study, video, author, "bouts.add", data, places, dry_run, json)


def move(
    bout: BoutArgument,
    first: FromOption = None,
    to: ToOption = None,
    behaviour: Annotated[
        str | None, typer.Option("--behaviour", metavar="NAME", help="Call it this.")
    ] = None,
    subject: Annotated[
        str | None, typer.Option("--subject", metavar="ANIMAL", help="Who does it.")
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", metavar="NAME", help="To whom, or where.")
    ] = None,
    comment: CommentOption = None,
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
    author: AuthorOption = None,
    dry_run: DryOption = False,
    json: JsonOption = False,
) -> None:
    """Change where an own bout begins or ends, or what it says.

    \b
    Example:
      ethoscribe edit bout move 17 --from 308 --to 360 -s study --video clip
    """
    given = {"behaviour": behaviour, "subject": subject, "target": target, "comment": comment}
    data: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    places = {"start_frame": first, "stop_frame": to}
    places = {name: text for name, text in places.items() if text is not None}
    if not data and not places:
        raise AppError("Say what is to change: --from, --to, --behaviour, --subject, --target.")
    make(study, video, author, "bouts.change", {"bout_id": bout, **data}, places, dry_run, json)


def remove(
    bouts: Annotated[list[int], typer.Argument(metavar="BOUT...", help="Numbers of bouts.")],
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
    author: AuthorOption = None,
    dry_run: DryOption = False,
    json: JsonOption = False,
) -> None:
    """Remove own bouts by their numbers.

    \b
    Example:
      ethoscribe edit bout remove 17 18 -s study --video clip
    """
    make(study, video, author, "bouts.delete", {"bout_ids": bouts}, {}, dry_run, json)


def listed(
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
    author: AuthorOption = None,
    json: JsonOption = False,
) -> None:
    """Print your own bouts with their numbers, as CSV.

    \b
    Example:
      ethoscribe edit bout list -s study --video clip
    """
    from app.annotating.corrections import own_bouts
    from storage.authors import who

    table = own_bouts(study, video, who() if author is None else author)
    if json:
        show_json(table.to_dict(orient="records"))
    else:
        show(table.to_csv(index=False).rstrip("\n"))
    say(count(len(table), "bout"))
