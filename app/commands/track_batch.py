"""What `ethoscribe track` does with its videos: in turn here, or many side by side."""

from pathlib import Path
from typing import TYPE_CHECKING

from app.commands.shared import say, show
from app.commands.track_asked import (
    Doing,
    about_of,
    after_storing,
    list_failed,
    naming,
    say_all_done,
    write_page,
)
from app.commands.track_in_turn import track_in_turn
from app.commands.track_words import tell_summary, what_force_takes
from app.errors import AppError

if TYPE_CHECKING:
    from app.jobs.about_videos import About
    from app.jobs.batch import News
    from app.jobs.board import Teller
    from app.jobs.crew import Crew


def track_all(doing: Doing) -> int:
    """Track every video; how many failed."""
    about = about_of(doing)
    return _side_by_side(doing, about) if doing.side_by_side else track_in_turn(doing, about)


def plan_only(doing: Doing) -> int:
    """Print what would be done, and change nothing; how many videos cannot be tracked."""
    from app.jobs.ahead import look_ahead, plan_text

    about = about_of(doing)
    doing.ask.check()
    workers = _hands(doing)
    plans = look_ahead(doing.study, [(one, doing.ask_for(one)) for one in doing.found])
    here = doing.cluster is None and doing.slurm is None
    show(plan_text(plans, workers, about, doing.study, here))
    return sum(bool(plan.error) for plan in plans)


def _hands(doing: Doing) -> int:
    """How many processes would work."""
    if doing.slurm is not None:
        from app.jobs.slurm import parse_slurm

        return parse_slurm(doing.slurm, doing.workers).workers
    if doing.cluster is None:
        return 1 if doing.ask.way.on_gpu() else doing.workers
    from app.jobs.dask_crew import DaskCrew, connect

    crew = DaskCrew(connect(doing.cluster))
    try:
        return crew.size
    finally:
        crew.close()


def _side_by_side(doing: Doing, about: "About") -> int:
    """Track with a crew, here or on a cluster."""
    from app.jobs.batch import Batch, Wish
    from app.jobs.batch_record import BatchRecord
    from app.jobs.batch_table import counted, teller
    from app.jobs.board import Board

    doing.ask.check()
    crew = _crew(doing)
    table = teller()
    try:
        record = BatchRecord.new([*doing.options(), *_workers(doing)], crew.size)
        board = Board(doing.study, record, table)
        wishes = [Wish(one.path, doing.ask_for(one)) for one in doing.found]
        batch = Batch(
            doing.study, wishes, crew, board, lambda news: _tell(news, table, doing),
            lambda path, summary: after_storing(doing, about, path, summary),
        )  # fmt: skip
        try:
            outcome = batch.run()
        except KeyboardInterrupt:
            table.close()
            say(f"{counted(record)}; the same command goes on from here.")
            raise
        except AppError:
            table.close()
            say(f"{counted(record)}.")
            raise
    finally:
        table.close()
    say_all_done(record)
    if outcome.failed:
        list_failed(outcome.failed, len(doing.found))
    return len(outcome.failed)


def _workers(doing: Doing) -> list[str]:
    return ["--workers", str(doing.workers)] if doing.workers > 1 else []


def _crew(doing: Doing) -> "Crew":
    """Who does the work."""
    if doing.cluster is not None:
        from app.jobs.dask_crew import DaskCrew, connect

        return DaskCrew(connect(doing.cluster))
    if doing.slurm is not None:
        from app.jobs.slurm import parse_slurm, slurm_crew

        return slurm_crew(parse_slurm(doing.slurm, doing.workers), doing.study)
    from app.jobs.crew import LocalCrew

    return LocalCrew(doing.workers, int(doing.ask.way.on_gpu()))


def _tell(news: "News", table: "Teller", doing: Doing) -> None:
    """Say what is new of a video, above the table."""
    path, name = Path(news.job.path), Path(news.job.path).name
    if news.error:
        table.say(f"Error: {naming(path, news.error)}")
    elif news.chosen is not None:
        for line in news.chosen.warnings:
            table.say(f"Warning: {name}: {line}")
    elif news.summary is not None:
        said = news.summary.warnings if not news.summary.skipped else []
        lost = what_force_takes(doing.study, news.summary.video) if news.summary.skipped else ""
        tell_summary(news.summary, doing.study, said, lost, table.say)
        write_page(doing, path, table.say)
