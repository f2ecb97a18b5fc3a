"""Track many videos side by side, each to its end or to its error; none stops the others.

The steps are done by a crew, here or on a cluster. This process alone opens the study: it hands
out steps, counts what comes back, and stores a video when its last step is done.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app.errors import AppError, known_errors, one_line
from app.jobs.batch_record import CANCELLED, STOPPED, VideoJob
from app.jobs.batch_video import VideoWork
from app.jobs.board import Board
from app.jobs.crew import Crew, Ended, Step
from app.jobs.tracking_alone import AtWorkError
from app.jobs.tracking_ready import Ask
from app.jobs.tracking_store import store
from app.jobs.tracking_summary import TrackSummary
from app.jobs.tracking_task import Chosen
from storage.study import StudyBusyError
from tracking.video import VideoInfo

TICK_S = 0.25
STORE_AGAIN_S = 5.0  # where somebody else holds the study
LOOK_AGAIN_S = 5.0  # where another command tracks the same video into it
ELSEWHERE = "another command is at it"
AHEAD = 2  # videos that are begun for each worker, so that nobody waits for a video's last step


@dataclass(frozen=True)
class Wish:
    """A video and what is wanted of it."""

    path: Path
    ask: Ask


@dataclass(frozen=True)
class News:
    """What a batch tells of a video as it goes on."""

    job: VideoJob
    summary: TrackSummary | None = None  # when it is tracked
    chosen: Chosen | None = None  # when its settings are chosen
    error: str = ""


@dataclass
class Outcome:
    """How a batch ended."""

    done: list[TrackSummary] = field(default_factory=list)
    failed: list[VideoJob] = field(default_factory=list)


OnNews = Callable[[News], None]
AfterStoring = Callable[[Path, TrackSummary], None]


class Batch:
    """The videos of one command and the crew that works on them."""

    def __init__(
        self, study: Path, wishes: Sequence[Wish], crew: Crew, board: Board, on_news: OnNews,
        after: AfterStoring | None = None,
    ) -> None:  # fmt: skip
        self.study, self.crew, self.board = study, crew, board
        self.on_news, self.after = on_news, after
        self.outcome = Outcome()
        names = [one.ask.name_if_new or one.path.stem for one in wishes]
        jobs = board.begin([one.path.absolute() for one in wishes], names)
        self._works = [
            VideoWork(number, job, wish.ask, study)
            for number, (job, wish) in enumerate(zip(jobs, wishes, strict=True))
        ]
        self._store_again: dict[int, float] = {}

    def run(self) -> Outcome:
        """Work until every video is over."""
        ended = False
        try:
            while not all(work.job.over for work in self._works):
                self._obey()
                self._look_again()
                self._hand_out()
                for one in self.crew.ended(TICK_S):
                    self._take(one)
                self._store_finished()
                self.board.record.trouble = self.crew.trouble() or self._why_waiting()
                self.board.tell()
            ended = True
        finally:
            self._leave(hurry=not ended)
        return self.outcome

    def _leave(self, hurry: bool) -> None:
        """Send everybody home; what is not over can go on with the next command."""
        try:
            self.crew.close(hurry)
        finally:
            for work in self._works:
                work.let_go()
                if not work.job.over:
                    work.job.end("stopped", STOPPED)
            self.board.end()

    def _hand_out(self) -> None:
        """Give out steps, those of the first videos first, as long as somebody has room."""
        begun = 0
        for work in self._works:
            if work.job.over:
                continue
            if work.info is not None:  # put aside
                continue
            if work.job.state == "waiting" and begun < AHEAD * self.crew.size:
                work.begin()
            begun += 1
            while work.ready and self.crew.room(work.ready[0].gpu):
                self._start(work, work.ready.popleft())
            if begun >= AHEAD * self.crew.size:
                return

    def _start(self, work: VideoWork, step: Step) -> None:
        work.doing[step.key] = step
        self.crew.start(step)
        work.job.worker = self.crew.where(step.key) or work.job.worker

    def _take(self, ended: Ended) -> None:
        """What came of a step moves its video on, or ends it."""
        work = self._works[ended.step.key[0]]
        if work.doing.get(ended.step.key) is not ended.step:
            return  # of an attempt that is over
        del work.doing[ended.step.key]
        if ended.done is None:
            self._fail(work, ended.error or AppError("it ended without a word"))
            return
        work.job.worker = ended.done.worker
        with self._or_fail(work):
            self._move(work, ended)

    def _move(self, work: VideoWork, ended: Ended) -> None:
        done, name = ended.done, ended.step.key[1]
        if done is None:
            return
        if name == "look":
            self._refuse_twice(work, done.value.content_hash)
            self._get_ready(work, done.value)
        elif name == "plan":
            work.planned(done)
            self.on_news(News(work.job, chosen=work.chosen))
        elif name == "segment":
            work.segmented(done)
        else:
            work.identified(done)

    def _get_ready(self, work: VideoWork, info: VideoInfo) -> None:
        """Begin with a video, unless it is tracked, or another command is at it."""
        try:
            summary = work.looked(info, self.crew)
        except AtWorkError:
            work.wait_for_others(info, ELSEWHERE, LOOK_AGAIN_S)
        except StudyBusyError as error:
            work.wait_for_others(info, one_line(error), STORE_AGAIN_S)
        else:
            if summary is not None:
                self._end(work, "already", summary)

    def _look_again(self) -> None:
        """See about videos that others were at: these have tracked them, or were stopped."""
        for work in self._works:
            info = work.go_on()
            if info is not None:
                with self._or_fail(work):
                    self._get_ready(work, info)

    def _why_waiting(self) -> str:
        """That all that is left is in other hands, in a line."""
        left = [work for work in self._works if not work.job.over]
        if not left or any(work.info is None for work in left):
            return ""
        videos = "1 video" if len(left) == 1 else f"{len(left)} videos"
        return f"waiting for {videos}: {left[0].job.message}"

    @contextmanager
    def _or_fail(self, work: VideoWork) -> Iterator[None]:
        """Move a video on; an error that can be foreseen ends it, and no other."""
        try:
            yield
        except Exception as error:
            if not isinstance(error, known_errors()):
                raise
            self._fail(work, error)

    def _refuse_twice(self, work: VideoWork, content_hash: str) -> None:
        """The same film under two names is tracked once."""
        for other in self._works:
            if other is not work and other.content_hash == content_hash and not _failed(other):
                raise AppError(f"{work.job.path} is the same film as {other.job.path}: give one.")

    def _store_finished(self) -> None:
        for work in self._works:
            if work.finished is None or work.job.over:
                continue
            if time.monotonic() < self._store_again.get(work.number, 0.0):
                continue
            with self._or_fail(work):
                try:
                    summary = store(*work.summary_parts())
                except StudyBusyError:
                    self._store_again[work.number] = time.monotonic() + STORE_AGAIN_S
                else:
                    self._end(work, "done", summary)

    def _end(self, work: VideoWork, state: str, summary: TrackSummary) -> None:
        """A video is in the study."""
        work.let_go()
        warned = " ".join(summary.warnings)
        if self.after is not None:
            try:
                self.after(Path(work.job.path), summary)
            except Exception as error:
                if not isinstance(error, known_errors()):
                    raise
                warned = f"{warned} {one_line(error)}".strip()
                self.on_news(News(work.job, error=warned))
        work.job.video, work.job.run_id = summary.video, summary.run_id
        work.job.end(state, warned)
        self.outcome.done.append(summary)
        self.on_news(News(work.job, summary))

    def _fail(self, work: VideoWork, error: BaseException) -> None:
        """A video cannot be tracked; the others go on."""
        work.let_go()
        text = one_line(error)
        if not isinstance(error, known_errors()):
            text = f"{type(error).__name__}: {text}"
            self._keep_trace(work.job, error)
        work.job.end("failed", text)
        self.outcome.failed.append(work.job)
        self.on_news(News(work.job, error=text))

    def _keep_trace(self, job: VideoJob, error: BaseException) -> None:
        """Keep what nobody foresaw, for a report of it."""
        log = self.study / "jobs" / f"{self.board.record.batch}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{job.video}\n")
            file.writelines(traceback.format_exception(error))

    def _obey(self) -> None:
        """Do what people asked for meanwhile."""
        for what, job in self.board.asks.about(self.board.record.videos):
            work = next(one for one in self._works if one.job is job)
            if what == "again":
                self._try_again(work)
            else:
                work.let_go()
                job.end("cancelled", CANCELLED)

    def _try_again(self, work: VideoWork) -> None:
        if work.job in self.outcome.failed:
            self.outcome.failed.remove(work.job)
        new = VideoWork(work.number, self.board.again(work.job), work.ask, self.study)
        self._works[work.number] = new


def _failed(work: VideoWork) -> bool:
    return work.job.state in ("failed", "cancelled")
