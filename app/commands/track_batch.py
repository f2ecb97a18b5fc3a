"""What `ethoscribe track` does with its videos: one after another here, or many side by side."""

import shlex
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.commands.shared import count, say, show
from app.commands.track import tell_settings, tell_summary, what_force_takes
from app.errors import AppError, known_errors, one_line
from app.jobs.folders import Found
from storage.errors import StudyPlaceError

if TYPE_CHECKING:
    from app.jobs.about_videos import About
    from app.jobs.batch import News
    from app.jobs.batch_record import BatchRecord, VideoJob
    from app.jobs.board import Board, Teller
    from app.jobs.crew import Crew
    from app.jobs.tracking_ready import Ask
    from app.jobs.tracking_summary import TrackSummary

LISTED = 20  # of the failed videos


@dataclass(frozen=True)
class Doing:
    """What a person asked for."""

    study: Path
    found: Sequence[Found]
    ask: "Ask"
    workers: int = 1
    cluster: str | None = None
    slurm: str | None = None
    px_per_cm: float | None = None
    metadata: Path | None = None
    report: bool = False
    report_to: Path | None = None
    job_file: Path | None = None

    @property
    def side_by_side(self) -> bool:
        """Whether several videos are worked on at once, or elsewhere."""
        return bool(self.cluster or self.slurm) or (self.workers > 1 and len(self.found) > 1)

    def ask_for(self, one: Found) -> "Ask":
        """What is wanted of one video."""
        return replace(self.ask, name_if_new=one.name)

    def options(self) -> list[str]:
        """The options that do the same with other videos."""
        ask, given = self.ask, list[str]()
        for name, value in (
            ("--animals", ask.n_animals), ("--arenas", ask.arenas), ("--like", ask.like),
            ("--weights", ask.way.weights), ("--px-per-cm", self.px_per_cm),
            ("--cluster", self.cluster), ("--slurm", self.slurm),
            ("--metadata", self.metadata.resolve() if self.metadata else None),
        ):  # fmt: skip
            given += [name, str(value)] if value is not None else []
        usual = replace(ask, way=type(ask.way)())
        for name, value, default in (
            ("--segmenter", ask.way.segmenter, usual.way.segmenter),
            ("--device", ask.way.device, usual.way.device),
            ("--association", ask.way.association, usual.way.association),
            ("--identification", ask.identification, "auto"),
        ):
            given += [name, value] if value != default else []
        given += [f"--set={pair}" for pair in _pairs(ask.settings)]
        given += ["--force"] if ask.force else []
        return given + (["--report"] if self.report else [])


def _pairs(settings: dict[str, object]) -> list[str]:
    import json

    return [f"{key}={json.dumps(value)}" for key, value in settings.items()]


def track_all(doing: Doing) -> int:
    """Track every video; how many failed."""
    about = about_of(doing)
    if not doing.side_by_side:
        return _one_by_one(doing, about)
    return _side_by_side(doing, about)


def plan_only(doing: Doing) -> int:
    """Print what would be done, and change nothing; how many videos cannot be tracked."""
    from app.jobs.ahead import look_ahead, plan_text

    about = about_of(doing)
    doing.ask.check()
    workers = _hands(doing)
    plans = look_ahead(doing.study, [(one, doing.ask_for(one)) for one in doing.found])
    show(plan_text(plans, workers, about, doing.study))
    return sum(bool(plan.error) for plan in plans)


def _hands(doing: Doing) -> int:
    """How many processes would work."""
    if doing.slurm is not None:
        from app.jobs.slurm import parse_slurm

        return parse_slurm(doing.slurm, doing.workers).workers
    if doing.cluster is None:
        return doing.workers
    from app.jobs.dask_crew import DaskCrew, connect

    crew = DaskCrew(connect(doing.cluster))
    try:
        return crew.size
    finally:
        crew.close()


def about_of(doing: Doing) -> "About":
    """What is known of the videos; what of a table matches none of them is said."""
    from app.jobs.about_videos import about_videos, unmatched_lines

    table, called = None, ""
    if doing.metadata is not None:
        from app.commands.metadata import read_csv

        table, called = read_csv(doing.metadata), doing.metadata.name
    about = about_videos(doing.found, table, called)
    for line in unmatched_lines(about, called):
        say(line)
    return about


def _after(doing: Doing, about: "About", path: Path, summary: "TrackSummary") -> None:
    """What belongs to a video that is in the study: its scale, what is known of it, its report."""
    if doing.px_per_cm is not None:
        give_scale(doing.study, summary.video, doing.px_per_cm)
    about.keep(doing.study, path, summary.video)


def give_scale(study: Path, video: str, px_per_cm: float) -> None:
    """Give a video its scale."""
    from storage.study import open_study
    from storage.videos import find_video, set_scale

    with open_study(study, write=True) as opened:
        set_scale(opened, find_video(opened, video).video_id, px_per_cm)


def _report(doing: Doing, path: Path, tell: object = say) -> None:
    """Write the page about one video that has just been tracked, or was before."""
    if not (doing.report or doing.report_to):
        return
    from app.figures.track_report import write_report
    from tracking.video import content_hash

    file = write_report(doing.study.resolve(), content_hash(path), doing.report_to)
    say(f"{path.name}: report {file}")


def _one_by_one(doing: Doing, about: "About") -> int:
    """Track in this process, one video after another."""
    from app.jobs.batch_record import BatchRecord
    from app.jobs.board import Board

    record = BatchRecord.new(doing.options(), doing.workers)
    board = Board(doing.study, record, _Silent(), in_file=len(doing.found) > 1)
    paths = [one.path for one in doing.found]
    jobs = board.begin([path.absolute() for path in paths], [path.stem for path in paths])
    failed = []
    try:
        for one, job in zip(doing.found, jobs, strict=True):
            try:
                _track_one(doing, about, one, job, board)
                _report(doing, one.path)
            except Exception as error:
                if not isinstance(error, known_errors()):
                    raise
                say(f"Error: {_naming(one.path, one_line(error))}")
                if job.state != "cancelled":
                    failed.append(job)
    finally:
        for job in jobs:
            if not job.over:
                job.end("stopped", "Stopped. Track again to go on where it stopped.")
        # where the drive is full that was said of the video already
        with suppress(*[StudyPlaceError] if failed else []):
            board.end()
    if failed and len(jobs) > 1:
        _list_failed(failed, len(jobs))
    return len(failed)


class _Silent:
    """Nobody to show a table to: every video has its bar."""

    def show(self, record: "BatchRecord") -> None:
        pass

    def say(self, text: str) -> None:
        say(text)

    def close(self) -> None:
        pass


class _Cancelled(AppError):
    """Somebody cancelled this video from a page."""


def _track_one(doing: Doing, about: "About", one: Found, job: "VideoJob", board: "Board") -> None:
    """Track one video, show how it goes, and tell a page's job file how it ended."""
    from app.jobs.progress import JobFile, ProgressLike, Reporter
    from app.jobs.tracking_job import track_as_asked

    file = JobFile(doing.job_file, one.path) if doing.job_file else None
    name, said = one.path.name, list[str]()
    job.begin()
    board.tell(now=True)
    try:
        with Reporter(name, file) as report:

            def heed(progress: "ProgressLike") -> None:
                report(progress)
                job.stage, job.frames_per_s = progress.stage, progress.frames_per_s
                if progress.stage == "segment":
                    job.done, job.total = progress.done, progress.total
                if any(what in ("cancel", "stop") for what, _ in board.asks.new()):
                    raise _Cancelled("Cancelled. Track again to go on where it stopped.")
                board.tell()

            summary = track_as_asked(
                doing.study, one.path, doing.ask_for(one), doing.workers,
                progress=heed,
                on_arenas=lambda words: report.say(f"{name}: {words}"),
                on_settings=lambda chosen: said.extend(tell_settings(chosen, name, report.say)),
            )  # fmt: skip
        _after(doing, about, one.path.absolute(), summary)
    except KeyboardInterrupt:
        say(f"{name}: stopped; the same command goes on from here.")
        if file:
            file.write("cancelled", "Cancelled. Track again to go on where it stopped.")
        raise
    except Exception as error:
        job.end("cancelled" if isinstance(error, _Cancelled) else "failed", one_line(error))
        if file:
            file.write("failed", one_line(error))
        raise
    warned = " ".join(summary.warnings)
    job.video, job.run_id = summary.video, summary.run_id
    job.end("already" if summary.skipped else "done", warned)
    if file:
        file.write("done", warned)
    lost = what_force_takes(doing.study, summary.video) if summary.skipped else ""
    tell_summary(summary, doing.study, said, lost)


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
            lambda path, summary: _after(doing, about, path, summary),
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
    say(f"{counted(record)}.")
    if outcome.failed:
        _list_failed(outcome.failed, len(doing.found))
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
        table.say(f"Error: {_naming(path, news.error)}")
    elif news.chosen is not None:
        for line in news.chosen.warnings:
            table.say(f"Warning: {name}: {line}")
    elif news.summary is not None:
        said = news.summary.warnings if not news.summary.skipped else []
        lost = what_force_takes(doing.study, news.summary.video) if news.summary.skipped else ""
        tell_summary(news.summary, doing.study, said, lost, table.say)
        _report(doing, path)


def _list_failed(failed: Sequence["VideoJob"], videos: int) -> None:
    """What failed, why, and what to do about it."""
    say(f"{len(failed)} of {count(videos, 'video')} failed.")
    for job in failed[:LISTED]:
        say(f"  {_naming(Path(job.path), job.message)}")
    if len(failed) > LISTED:
        say(f"  and {len(failed) - LISTED} more: ethoscribe jobs list")
    say("The others are kept: mend these and give the same command again, it does what is left.")


def _naming(video: Path, message: str) -> str:
    """Put the video's name before a message that does not say which video it is about."""
    return message if video.name in message else f"{video}: {message}"


def spell_command(videos: Sequence[Path], study: Path, options: Sequence[str]) -> str:
    """The command that does this again, as a person types it."""
    return shlex.join(["ethoscribe", "track", *map(str, videos), "-s", str(study), *options])
