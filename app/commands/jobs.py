"""`ethoscribe jobs`: what was to be tracked, attempt by attempt, and what came of it."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from app.commands.shared import DEFAULT_STUDY, StudyOption, count, say, show
from app.errors import AppError

HELP = """See how tracking stands, also of commands that run elsewhere; cancel, or try again.

\b
Example:
  ethoscribe jobs list -s study
  ethoscribe jobs again -s study
"""
WhichArgument = Annotated[
    list[str] | None, typer.Argument(metavar="VIDEO...", help="Videos; without any, all of them.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    group = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode=None)
    group.command("list")(list_)
    group.command()(cancel)
    group.command()(again)
    app.add_typer(group, name="jobs")


def list_(
    study: StudyOption = DEFAULT_STUDY,
    failed: Annotated[bool, typer.Option("--failed", help="Only what did not end well.")] = False,
) -> None:
    """Print every attempt to track a video, oldest first, as CSV.

    \b
    Example:
      ethoscribe jobs list -s study --failed
    """
    import pandas as pd

    from app.jobs.batch_record import GONE
    from storage.jobs import attempts_table
    from storage.study import open_study

    with open_study(study) as opened:
        table = attempts_table(opened).to_pandas()
    gone = _gone(study, table)
    died = table["state"].isin(["waiting", "running"]) & table["batch"].isin(gone)
    table.loc[died, ["state", "message"]] = ["stopped", GONE]
    if failed:
        table = table[table["state"].isin(["failed", "cancelled", "stopped"])]
    if table.empty:
        say("Nothing was tracked yet." if not failed else "Nothing failed.")
        return
    for name in ("asked_at", "started_at", "ended_at"):
        table[name] = pd.to_datetime(table[name]).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    show(table.to_csv(index=False).rstrip("\n"))


def _gone(study: Path, table) -> set[str]:  # type: ignore[no-untyped-def]  # pandas is imported late
    """Commands that are not at work any more."""
    from app.jobs.batch_record import is_at_work, read_batches

    told = {one.batch: one.updated_at for one in read_batches(study)}
    where = dict(zip(table["batch"], table["asked_on"], strict=True))
    return {name for name, at in where.items() if not is_at_work(at, told.get(name, 0.0))}


def cancel(videos: WhichArgument = None, study: StudyOption = DEFAULT_STUDY) -> None:
    """Cancel the tracking of videos, or all of it; what is done so far is kept.

    \b
    Example:
      ethoscribe jobs cancel cage3 -s study
    """
    from app.jobs.batch_record import ask_batch, read_batches

    asked = 0
    for record in (one for one in read_batches(study) if one.alive):
        for job in record.videos:
            if not job.over and (not videos or _means(videos, job.video, job.path)):
                ask_batch(study, record.batch, "cancel", job.job_id)
                asked += 1
    if not asked:
        raise AppError("Nothing of that is being tracked: ethoscribe jobs list shows what is.")
    say(f"{count(asked, 'video')} will be left as soon as the present step is done.")


def again(videos: WhichArgument = None, study: StudyOption = DEFAULT_STUDY) -> None:
    """Track again what failed, was cancelled or stopped in the last command, as it was asked for.

    Where that command still runs, it takes them up; else they are tracked here and now.

    \b
    Example:
      ethoscribe jobs again -s study
    """
    from app.jobs.batch_record import ask_batch, read_batches

    found = read_batches(study)
    if not found:
        raise AppError(f"No batch of videos was tracked into {study}: ethoscribe track --help")
    record = found[0]
    wanted = [
        job
        for job in record.videos
        if job.state in ("failed", "cancelled", "stopped")
        and (not videos or _means(videos, job.video, job.path))
    ]
    if not wanted:
        raise AppError("Nothing of that failed in the last command: ethoscribe jobs list")
    if record.alive:
        for job in wanted:
            ask_batch(study, record.batch, "again", job.job_id)
        say(f"{count(len(wanted), 'video')} will be tried again by the command that runs.")
        return
    command = ["track", *[job.path for job in wanted], "-s", str(study), *record.command]
    status = _to_the_end(subprocess.Popen([sys.executable, "-m", "app.cli", *command]))
    if status:
        raise typer.Exit(status)


def _to_the_end(process: "subprocess.Popen[bytes]") -> int:
    """The exit status; Ctrl-C reaches the process too, which needs a moment to leave well."""
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


def _means(wanted: list[str], video: str, path: str) -> bool:
    return bool({video, path, Path(path).name} & set(wanted))
