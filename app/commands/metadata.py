"""`ethoscribe metadata`: groups, sexes, cages, doses of videos and animals."""

from pathlib import Path
from typing import Annotated

import typer

from app.commands.shared import DEFAULT_STUDY, StudyOption, count, say, show

HELP = """Say which video or animal belongs to which group, in columns of any name.

\b
Example:
  ethoscribe metadata import animals.csv -s study
  ethoscribe metadata list -s study
"""


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    group = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode=None)
    group.command("import")(import_)
    group.command("list")(list_)
    group.command("export")(export)
    app.add_typer(group, name="metadata")


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="video[,animal],anything.")],
    study: StudyOption = DEFAULT_STUDY,
) -> None:
    """Read a CSV with a row per video, or per animal of a video.

    Columns: video, animal if the row is about one, and any others, such as treatment. What the
    study knew in these columns about these videos and animals is replaced. A video or animal that
    the study has not is an error, and nothing is kept then.

    \b
    Example:
      ethoscribe metadata import animals.csv -s study
    """
    from app.videos.video_metadata import read_csv
    from storage.metadata import save_metadata
    from storage.study import open_study

    table = read_csv(str(file), file.read_bytes())
    with open_study(study, write=True) as opened:
        facts = save_metadata(opened, table)
    say(f"{file.name}: {count(facts, 'fact')} about {count(len(table), 'row')}")


def list_(study: StudyOption = DEFAULT_STUDY) -> None:
    """Print what is known, as CSV.

    \b
    Example:
      ethoscribe metadata list -s study
    """
    from storage.metadata import read_metadata
    from storage.study import open_study

    with open_study(study) as opened:
        table = read_metadata(opened)
    if table.empty:
        say("No metadata yet: ethoscribe metadata import FILE.csv")
        return
    show(table.to_csv(index=False).rstrip("\n"))


def export(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE")],
    study: StudyOption = DEFAULT_STUDY,
) -> None:
    """Write what is known to a file, csv, parquet or xlsx by its name; import reads the CSV back.

    \b
    Example:
      ethoscribe metadata export -s study -o animals.csv
    """
    from app.commands.export import format_of
    from storage.metadata import metadata_table
    from storage.study import open_study
    from storage.writing import write_table

    kind = format_of(output, None)
    with open_study(study) as opened:
        table = metadata_table(opened)
    write_table(table, output, kind)
    say(f"{output}: {count(table.num_rows, 'row')}")
