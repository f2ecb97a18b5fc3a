"""`ethoscribe doctor`: what is installed and what is missing; what is wrong with a study."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.shared import JsonOption, count, say, show, show_json
from app.errors import AppError

if TYPE_CHECKING:
    from storage.checks import Fault


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(doctor)


def doctor(
    study: Annotated[
        Path | None,
        typer.Option("--study", "-s", metavar="FOLDER", help="Check this study instead."),
    ] = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Mend what is safe; asks first, throws nothing away.")
    ] = False,
    purge: Annotated[
        float | None,
        typer.Option(
            "--purge", metavar="DAYS", min=0,
            help="Remove runs for good that were deleted or replaced so many days ago; asks first.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Say what is installed, which GPU and model endpoint there are, and what is missing.

    With -s, check a study: films and their hashes, rows without their run or film, gaps, times,
    missing values, outlines, labels, networks, the log of edits, and files that nobody needs.
    One line each, with what to do. Whatever --repair takes out lies in the study's repairs/.

    \b
    Example:
      ethoscribe doctor
      ethoscribe doctor --json
      ethoscribe doctor -s study
      ethoscribe doctor -s study --repair
      ethoscribe doctor -s study --purge 30
    """
    if study is not None:
        _study(study, repair, purge, yes, as_json)
        return
    if repair or purge is not None:
        raise AppError("Say by -s which study is meant.")
    from app.doctor import examine

    report = examine()
    if as_json:
        show_json(report.to_json())
    else:
        for finding in report.findings:
            show(finding.line())
        show(report.verdict())
    if not report.ok:
        raise typer.Exit(1)


def _study(folder: Path, repair: bool, purge: float | None, yes: bool, as_json: bool) -> None:
    """Check a study, and mend and purge as asked."""
    from app.keeping.checking import examine, is_note
    from app.keeping.mending import repair as mend

    found = examine(folder)
    told = [one for one in found if not (as_json or repair)]
    for fault in told:
        show(fault.line())
    safe = [one for one in found if one.repair]
    mended = []
    if repair and safe:
        for fault in safe:
            say(f"{fault.detail}: {fault.repair}")
        if not yes and not _agreed(f"Mend {count(len(safe), 'finding')}?"):
            raise AppError("Nothing was mended. --yes mends without asking.")
        mended = mend(folder, safe)
        found = examine(folder)
    if repair and not as_json:
        for fault in found:
            show(fault.line())
    removed = _purge(folder, purge, yes) if purge is not None else None
    wrong = [one for one in found if not is_note(one)]
    if as_json:
        show_json({
            "ok": not wrong, "study": folder.resolve(), "purged_rows": removed,
            "findings": [_record(one) for one in found],
            "mended": [{**_record(one.fault), "kept": one.kept} for one in mended],
        })  # fmt: skip
    else:
        show(_verdict(len(wrong), len(mended)))
    if wrong:
        raise typer.Exit(1)


def _record(fault: "Fault") -> dict[str, Any]:
    names = ("check", "detail", "hint", "repair")
    return {name: getattr(fault, name) for name in names}


def _verdict(wrong: int, mended: int) -> str:
    done = f"{count(mended, 'finding')} mended, see repairs/. " if mended else ""
    if wrong:
        return f"{done}{count(wrong, 'finding')} to look at."
    return f"{done}The study is whole."


def _purge(folder: Path, days: float, yes: bool) -> int:
    """Remove withdrawn runs for good, after asking."""
    from app.keeping.mending import purge, purgeable
    from app.keeping.run_list import in_words

    runs = purgeable(folder, days)
    if not runs:
        say(f"No run was deleted or replaced {days:g} days ago or longer.")
        return 0
    for one in runs:
        say(f"{one.run_id}: {in_words(one)}")
    question = f"Remove {count(len(runs), 'run')} for good? This cannot be undone."
    if not yes and not _agreed(question):
        raise AppError("Nothing was removed. --yes removes without asking.")
    rows = purge(folder, runs)
    say(f"{rows:,} rows of tracks are gone for good; their place in the file is used again.")
    return rows


def _agreed(question: str) -> bool:
    """Whether the person says yes; without a person at a terminal, nobody does."""
    try:
        return typer.confirm(question, default=False, err=True)
    except typer.Abort:
        return False
