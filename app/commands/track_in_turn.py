"""Track videos in this process, one after another."""

import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from app.commands.shared import say
from app.commands.track_asked import (
    Doing,
    after_storing,
    list_failed,
    naming,
    say_all_done,
    write_page,
)
from app.commands.track_words import tell_settings, tell_summary, what_force_takes
from app.errors import AppError, known_errors, one_line
from app.jobs.batch_record import CANCELLED, STOPPED
from app.jobs.folders import Found
from storage.errors import StudyPlaceError

if TYPE_CHECKING:
    from app.jobs.about_videos import About
    from app.jobs.batch_record import BatchRecord, VideoJob
    from app.jobs.progress import JobFile, ProgressLike
    from app.jobs.tracking_summary import TrackSummary

LOOK_AGAIN_S = 5.0  # at videos that another command tracks


def track_in_turn(doing: Doing, about: "About") -> int:
    """Track every video, to its end or to its error; how many failed."""
    return InTurn(doing, about).run()


class _Cancelled(AppError):
    """Somebody cancelled this video from a page or by another command."""


class InTurn:
    """The videos of one command, and what people want of them meanwhile."""

    def __init__(self, doing: Doing, about: "About") -> None:
        from app.jobs.batch_record import BatchRecord
        from app.jobs.board import Board

        self.doing, self.about = doing, about
        self.record = BatchRecord.new(doing.options(), doing.workers)
        self.several = len(doing.found) > 1
        self.board = Board(doing.study, self.record, _Silent(), in_file=self.several)
        names = [one.name or one.path.stem for one in doing.found]
        jobs = self.board.begin([one.path.absolute() for one in doing.found], names)
        self._next = deque(zip(doing.found, jobs, strict=True))
        self._found = {job.path: one for one, job in self._next}
        self._failed = list["VideoJob"]()
        self._aside = set[str]()  # jobs that another command is at

    def run(self) -> int:
        """Track until every video is over; how many failed."""
        try:
            while self._next:
                self._obey()
                one, job = self._next.popleft()
                if not job.over:
                    self._wait_for_others(job)
                    self._one(one, job)
        finally:
            for job in self.record.videos:
                if not job.over:
                    job.end("stopped", STOPPED)
            # where the drive is full that was said of the video already
            with suppress(*[StudyPlaceError] if self._failed else []):
                self.board.end()
        if self.several:
            say_all_done(self.record)
        if self._failed and self.several:
            list_failed(self._failed, len(self.record.videos))
        return len(self._failed)

    def _wait_for_others(self, job: "VideoJob") -> None:
        """Where another command is at all that is left, give it time."""
        if job.job_id in self._aside:
            if all(left.over or left.job_id in self._aside for _, left in self._next):
                time.sleep(LOOK_AGAIN_S)
            self._aside.remove(job.job_id)

    def _one(self, one: Found, job: "VideoJob") -> None:
        """Track one video; an error that can be foreseen stops no other."""
        from app.jobs.tracking_alone import AtWorkError

        try:
            _track_one(self, one, job)
            write_page(self.doing, one.path)
        except AtWorkError as error:
            if not self.several:
                self._fail(one, job, error)
                return
            if job.message != one_line(error):
                say(f"{job.video}: another command is at it; it waits for that.")
            job.state, job.stage, job.message = "waiting", "", one_line(error)
            self._aside.add(job.job_id)
            self._next.append((one, job))
        except _Cancelled as error:
            say(f"{job.video}: {one_line(error)}")
            job.end("cancelled", one_line(error))
        except Exception as error:
            if not isinstance(error, known_errors()):
                raise
            self._fail(one, job, error)

    def _fail(self, one: Found, job: "VideoJob", error: Exception) -> None:
        if not job.over:  # else it is tracked, and only its page could not be written
            job.end("failed", one_line(error))
        self._failed.append(job)
        say(f"Error: {naming(one.path, one_line(error))}")

    def obey(self, job: "VideoJob") -> None:
        """Do what people asked for meanwhile; _Cancelled where it is about the video at work."""
        self._obey()
        if job.over:
            raise _Cancelled(CANCELLED)

    def _obey(self) -> None:
        for what, job in self.board.asks.about(self.record.videos):
            if what == "again":
                self._failed = [one for one in self._failed if one is not job]
                self._next.append((self._found[job.path], self.board.again(job)))
            else:
                job.end("cancelled", CANCELLED)


class _Silent:
    """Nobody to show a table to: every video has its bar."""

    def show(self, record: "BatchRecord") -> None:
        pass

    def say(self, text: str) -> None:
        say(text)

    def close(self) -> None:
        pass


def _track_one(turn: InTurn, one: Found, job: "VideoJob") -> None:
    """Track one video, show how it goes, and tell a page's job file how it ended."""
    from app.jobs.progress import JobFile

    doing = turn.doing
    file = JobFile(doing.job_file, one.path) if doing.job_file else None
    said = list[str]()
    job.begin()
    turn.board.tell(now=True)
    try:
        summary = _tracked(turn, one, job, file, said)
        after_storing(doing, turn.about, one.path.absolute(), summary)
    except KeyboardInterrupt:
        say(f"{one.path.name}: stopped; the same command goes on from here.")
        if file:
            file.write("cancelled", CANCELLED)
        raise
    except Exception as error:
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


def _tracked(
    turn: InTurn, one: Found, job: "VideoJob", file: "JobFile | None", said: list[str]
) -> "TrackSummary":
    """Track one video under a bar; what is said of its settings is noted in `said`."""
    from app.jobs.progress import Reporter
    from app.jobs.tracking_job import track_as_asked

    doing, name = turn.doing, one.path.name
    with Reporter(name, file) as report:

        def heed(progress: "ProgressLike") -> None:
            report(progress)
            job.stage, job.frames_per_s = progress.stage, progress.frames_per_s
            if progress.stage == "segment":
                job.done, job.total = progress.done, progress.total
            turn.obey(job)
            turn.board.tell()

        return track_as_asked(
            doing.study, one.path, doing.ask_for(one), doing.workers,
            progress=heed,
            on_arenas=lambda words: report.say(f"{name}: {words}"),
            on_settings=lambda chosen: said.extend(tell_settings(chosen, name, report.say)),
        )  # fmt: skip
