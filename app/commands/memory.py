"""`ethoscribe define` and `ethoscribe definitions`: what names mean in a study."""

import csv
import io
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.shared import DEFAULT_STUDY, JsonOption, StudyOption, count, say, show, show_json
from app.errors import AppError

if TYPE_CHECKING:
    from llm_query.remembering.definitions import Definition

HELP = """List, show, rename, forget, export and import what names mean in a study.

\b
Example:
  ethoscribe definitions list -s study
"""
COLUMNS = ("name", "version", "aliases", "depends_on", "author", "created_at", "last_used_at")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="A name or an alias.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(define)
    group = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode=None)
    group.command("list")(list_)
    group.command("show")(show_)
    group.command("rename")(rename)
    group.command("forget")(forget)
    group.command("export")(export)
    group.command("import")(import_)
    app.add_typer(group, name="definitions")


def define(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What questions call it.")],
    text: Annotated[str | None, typer.Argument(metavar="TEXT", help="What it means.")] = None,
    study: StudyOption = DEFAULT_STUDY,
    code: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Python that computes it.")
    ] = None,
    alias: Annotated[list[str] | None, typer.Option(help="Another name; repeat for more.")] = None,
    drop_alias: Annotated[list[str] | None, typer.Option(help="An alias that goes.")] = None,
    depends_on: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="It needs this; by default what TEXT mentions."),
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A parameter.")
    ] = None,
    author: Annotated[str | None, typer.Option(help="Who says so; by default you.")] = None,
) -> None:
    """Say what a name means, or say it anew as its next version.

    Questions then find it by name, by inflections (chase, chased, chasing), by alias and by what
    it says. Answers that used an older version keep it. What is left out stays as it was; only
    code does not outlive a new TEXT.

    \b
    Example:
      ethoscribe define chase "both run, less than 5 cm apart" -s study --alias pursuit
      ethoscribe define chase --drop-alias pursuit -s study
    """
    from llm_query.memory import Memory

    memory = Memory(study)
    known = {one.name: one for one in memory.definitions()}
    kept = memory.remember(
        name,
        text,
        code=None if code is None else read_code(code),
        aliases=_aliases(memory, name, alias or [], drop_alias or []),
        parameters=_parameters(set_ or []) or None,
        depends_on=depends_on,
        author=author,
    )
    if known.get(kept.name) and known[kept.name].version == kept.version:
        say(f"{kept.name}: as it was, version {kept.version}")
    else:
        needs = f", needs {', '.join(kept.depends_on)}" if kept.depends_on else ""
        say(f"{kept.name}: version {kept.version}{needs}")
        from llm_query.definition_doubts import doubt_in_study

        if said := doubt_in_study(study, kept):
            say(f"note: {said}")


def list_(study: StudyOption = DEFAULT_STUDY, as_json: JsonOption = False) -> None:
    """Print what names mean now, as CSV.

    \b
    Example:
      ethoscribe definitions list -s study
    """
    from llm_query.memory import Memory
    from llm_query.remembering.definition_files import as_record

    found = [as_record(one) for one in Memory(study).definitions()]
    if as_json:
        show_json(found)
    elif found:
        show(_csv(found))
    else:
        say('No definitions yet: ethoscribe define NAME "TEXT"')


def show_(
    name: NameArgument,
    study: StudyOption = DEFAULT_STUDY,
    version: Annotated[int | None, typer.Option(help="An older version, by its number.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All versions, forgotten ones too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Print a definition: its meaning, code, parameters, and what it needs.

    \b
    Example:
      ethoscribe definitions show chase -s study
      ethoscribe definitions show chase -s study --all
    """
    from llm_query.memory import Memory
    from llm_query.remembering.definition_files import as_record

    memory = Memory(study)
    found = memory.versions(name) if every else [memory.definition(name, version)]
    if not found:
        raise AppError(f"The study never had a definition '{name}'.")
    if as_json:
        records = [as_record(one) for one in found]
        show_json(records if every else records[0])
        return
    show("\n\n".join(_in_full(one) for one in found))


def rename(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The name so far.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The name from now on.")],
    study: StudyOption = DEFAULT_STUDY,
    no_alias: Annotated[
        bool, typer.Option("--no-alias", help="Do not keep the old name as an alias.")
    ] = False,
) -> None:
    """Give a definition another name; the old one stays as an alias.

    \b
    Example:
      ethoscribe definitions rename chase pursuit -s study
    """
    from llm_query.memory import Memory

    kept = Memory(study).rename(old, new, keep_alias=not no_alias)
    also = f", also {', '.join(kept.aliases)}" if kept.aliases else ""
    say(f"{kept.name}: version {kept.version}{also}")


def forget(name: NameArgument, study: StudyOption = DEFAULT_STUDY) -> None:
    """Take a name out of use. Answers that used it keep the version they used.

    \b
    Example:
      ethoscribe definitions forget chase -s study
    """
    from llm_query.memory import Memory

    memory = Memory(study)
    forgotten = memory.definition(name).name
    needing = memory.forget(forgotten)
    say(f"{forgotten}: forgotten")
    if needing:
        names = ", ".join(one.name for one in needing)
        say(f"It is still needed by {names}: define it anew, or forget them, too.")


def export(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="By default all.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.json")] = Path(
        "definitions.json"
    ),
    study: StudyOption = DEFAULT_STUDY,
) -> None:
    """Write definitions, and all that they need, to a JSON file.

    \b
    Example:
      ethoscribe definitions export -s study -o definitions.json
      ethoscribe definitions export chase -s study -o chase.json
    """
    from llm_query.memory import Memory
    from llm_query.remembering.definition_files import export_definitions

    written = export_definitions(Memory(study), output, names or [])
    say(f"{output}: {count(len(written), 'definition')}")


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.json", help="As export wrote it.")],
    study: StudyOption = DEFAULT_STUDY,
    replace: Annotated[
        bool, typer.Option("--replace", help="The file's meaning becomes the next version.")
    ] = False,
) -> None:
    """Bring the definitions of another study into this one.

    A name that means something else here stays as it is, is told, and ends in status 1.

    \b
    Example:
      ethoscribe definitions import definitions.json -s study
    """
    from llm_query.memory import Memory
    from llm_query.remembering.definition_files import import_definitions

    done = import_definitions(Memory(study), file, replace=replace)
    say(f"{file.name}: {len(done.added)} added, {len(done.same)} known already")
    for name, reason in done.conflicts:
        say(f"{name}: left alone, {reason}")
    if done.conflicts:
        raise AppError(
            f"{count(len(done.conflicts), 'definition')} left alone: rename them on one side, or "
            "--replace to take the file's."
        )


def read_code(file: Path) -> str:
    """The file as text."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise AppError(f"{file} cannot be read as Python text: {error}") from error


def _aliases(memory: Any, name: str, more: list[str], fewer: list[str]) -> list[str] | None:
    """The aliases from now on; None leaves them as they are."""
    from llm_query.memory import find_name

    if not more and not fewer:
        return None
    known = find_name(name, memory.definitions())
    before = list(known.aliases) if known is not None else []
    missing = [one for one in fewer if one not in before]
    if missing:
        raise AppError(f"'{name}' has no alias {', '.join(missing)}.")
    return [one for one in dict.fromkeys([*before, *more]) if one not in fewer]


def _parameters(pairs: list[str]) -> dict[str, float | str]:
    found: dict[str, float | str] = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not sign or not key.strip() or not value.strip():
            raise typer.BadParameter(f"'{pair}' is not KEY=VALUE", param_hint="--set")
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        found[key.strip()] = number if math.isfinite(number) else value.strip()
    return found


def _csv(records: list[dict[str, Any]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*COLUMNS, "text"])
    for one in records:
        cells = [one[column] for column in COLUMNS]
        cells = ["; ".join(cell) if isinstance(cell, list) else cell for cell in cells]
        writer.writerow([*cells, one["text"]])
    return buffer.getvalue().rstrip("\n")


def _in_full(one: "Definition") -> str:
    made = f"{one.created_at:%Y-%m-%d %H:%M} UTC" if one.created_at else ""
    used = f"{one.last_used_at:%Y-%m-%d %H:%M} UTC" if one.last_used_at else "never"
    by = f" by {one.author}" if one.author else ""
    needs = f"\nneeds: {', '.join(one.depends_on)}" if one.depends_on else ""
    return f"{one.as_prompt()}{needs}\nversion {one.version}, {made}{by}; last used: {used}"
