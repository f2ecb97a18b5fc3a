"""`ethoscribe runs`: where numbers come from; runs deleted and brought back."""

import csv
import io
from pathlib import Path
from typing import Annotated

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
from app.errors import AppError

HELP = """List the runs of a study, show where numbers come from, delete runs and bring them back.

\b
Example:
  ethoscribe runs list -s study
  ethoscribe runs show clip -s study
  ethoscribe runs delete clip -s study
  ethoscribe runs restore clip -s study
"""
RunArgument = Annotated[
    str, typer.Argument(metavar="RUN", help="A run, or a video for its active run.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    group = typer.Typer(help=HELP, invoke_without_command=True, rich_markup_mode=None)
    group.callback(invoke_without_command=True, help=HELP)(list_all)
    group.command("list")(list_them)
    for command in (show_one, delete, restore):
        group.command(command.__name__.removesuffix("_one"))(command)
    app.add_typer(group, name="runs")


def list_all(
    context: typer.Context,
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the runs of a study as CSV."""
    if context.invoked_subcommand is not None:
        given = context.get_parameter_source("study")
        if given is not None and given.name == "COMMANDLINE":  # which the command would not see
            raise AppError(f"Put -s behind the word: runs {context.invoked_subcommand} ... -s ...")
        return
    _list(study, video, as_json)


def list_them(
    study: StudyOption = DEFAULT_STUDY, video: VideoOption = None, as_json: JsonOption = False
) -> None:
    """List the runs of a study as CSV, those out of sight too; `runs` alone does the same.

    \b
    Example:
      ethoscribe runs list -s study
    """
    _list(study, video, as_json)


def _list(study: Path, video: str | None, as_json: bool) -> None:
    from app.keeping.run_list import COLUMNS, list_runs

    found = list_runs(study, video)
    if as_json:
        show_json(found)
        return
    text = io.StringIO()
    lines = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    lines.writeheader()
    lines.writerows(found)
    show(text.getvalue().rstrip("\n"))


def show_one(
    run: RunArgument, study: StudyOption = DEFAULT_STUDY, as_json: JsonOption = False
) -> None:
    """Show one run wholly: settings, versions, film, who, when, how long, and what rests on it.

    \b
    Example:
      ethoscribe runs show clip -s study --json
    """
    from app.keeping.run_list import run_rows, show_run, where_from

    facts = show_run(study, run)
    if as_json:
        show_json(facts)
        return
    active = facts["state"] == "active"
    rows = where_from(study, facts["video"]) if active else run_rows(facts)
    for name, text in rows:
        show(f"{name}: {text}")
    for name, value in facts["settings"].items():
        if name != "asked":
            show(f"Setting {name}: {value}")
    for name, value in facts["timings"].items():
        show(f"Timing {name}: {value}")


def delete(
    run: RunArgument,
    study: StudyOption = DEFAULT_STUDY,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a run: its tracks, and what analyses found in them, are out of sight at once.

    What a person scored stays. `ethoscribe runs restore` brings everything back, until
    `ethoscribe doctor --purge` removes it for good.

    \b
    Example:
      ethoscribe runs delete clip -s study --yes
    """
    from app.keeping.run_list import at_stake, delete_run, in_words, way_back

    stake = at_stake(study, run)
    if not yes and not _agreed(f"Delete run {stake.run_id}: {in_words(stake)}?"):
        raise AppError("Nothing was deleted. --yes deletes without asking.")
    gone = delete_run(study, run)
    say(
        f"{gone.run_id} is deleted: {in_words(gone)} are out of sight. To bring it back: "
        f"{way_back(study, gone.run_id)}."
    )


def restore(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="A run, or a video for the last one deleted.")
    ],
    study: StudyOption = DEFAULT_STUDY,
) -> None:
    """Bring a run back that was deleted, or replaced by tracking again.

    \b
    Example:
      ethoscribe runs restore clip -s study
    """
    from app.keeping.run_list import bring_back, in_words

    back = bring_back(study, run)
    say(f"{back.run_id} is back: {in_words(back)}.")
    if back.replaced:
        say(f"{back.replaced} went out of sight for it; it can be brought back in the same way.")


def _agreed(question: str) -> bool:
    """Whether the person says yes; without a person at a terminal, nobody does."""
    try:
        return typer.confirm(question, default=False, err=True)
    except typer.Abort:
        return False
