"""`ethoscribe ethogram`: the behaviours that people of a study score, and their keys."""

from pathlib import Path
from typing import Annotated

import typer

from app.commands.shared import DEFAULT_STUDY, StudyOption, count, say, show
from app.errors import AppError

HELP = """List, import and export the behaviours to score by hand.

\b
Example:
  ethoscribe ethogram default open_field_mouse -s study
  ethoscribe ethogram list -s study
"""
FORCE = "Also when the study has an ethogram, which is replaced; scored bouts stay."
Force = Annotated[bool, typer.Option("--force", help=FORCE)]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    group = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode=None)
    group.command("list")(list_)
    group.command("default")(default)
    group.command("import")(import_)
    group.command("export")(export)
    app.add_typer(group, name="ethogram")


def list_(study: StudyOption = DEFAULT_STUDY) -> None:
    """List the behaviours: name, kind, key, who takes part, group, modifiers, description.

    \b
    Example:
      ethoscribe ethogram list -s study
    """
    from storage.ethogram import in_one_line, read_ethogram
    from storage.study import open_study

    with open_study(study) as opened:
        behaviours = read_ethogram(opened)
    for one in behaviours:
        parts = " ".join(("subject",) * one.has_subject + ("target",) * one.has_target)
        cells = (one.behaviour, one.kind, one.key, parts, one.exclusive_group)
        row = [*cells, in_one_line(one.modifiers), " ".join(one.description.split())]
        show("\t".join(cell or "" for cell in row))
    if not behaviours:
        say("There is no ethogram yet: ethoscribe ethogram default NAME gives you one.")


def default(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Which of them.")] = None,
    study: StudyOption = DEFAULT_STUDY,
    force: Force = False,
) -> None:
    """Take an ethogram that the program ships; without NAME, list them.

    \b
    Example:
      ethoscribe ethogram default
      ethoscribe ethogram default social_mouse -s study
    """
    from app.annotating.ethogram_files import shipped, shipped_ethogram

    if name is None:
        for known, ethogram in shipped().items():
            show(f"{known}\t{ethogram.title}\t{count(len(ethogram.behaviours), 'behaviour')}")
        return
    _save(study, shipped_ethogram(name).behaviours, force)


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.json", help="As export writes it.")],
    study: StudyOption = DEFAULT_STUDY,
    force: Force = False,
) -> None:
    """Take the ethogram of a JSON file.

    \b
    Example:
      ethoscribe ethogram import ours.json -s study
    """
    from app.annotating.ethogram_files import read_file

    _save(study, read_file(file).behaviours, force)


def export(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Else to stdout.")
    ] = None,
    study: StudyOption = DEFAULT_STUDY,
) -> None:
    """Write the ethogram as JSON, for another study.

    \b
    Example:
      ethoscribe ethogram export -s study -o ours.json
    """
    from app.annotating.ethogram_files import as_json
    from storage.ethogram import read_ethogram
    from storage.study import open_study

    with open_study(study) as opened:
        behaviours = read_ethogram(opened)
    if output is None:
        show(as_json(behaviours).rstrip())
        return
    output.write_text(as_json(behaviours), encoding="utf-8")
    say(f"{output}: {count(len(behaviours), 'behaviour')}")


def _save(study: Path, behaviours: tuple, force: bool) -> None:
    from storage.ethogram import read_ethogram, save_ethogram
    from storage.study import open_study

    with open_study(study, write=True, create=True) as opened:
        before = read_ethogram(opened)
        if before and before != list(behaviours) and not force:
            raise AppError(
                f"The study has an ethogram of {count(len(before), 'behaviour')} already: "
                "export it first if you need it, then give --force."
            )
        save_ethogram(opened, behaviours)
    say(f"{count(len(behaviours), 'behaviour')} to score")
