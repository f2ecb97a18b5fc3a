"""Questions and runs that go on in the server while pages come and go."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from app.asking.asked_files import keep_turn
from app.errors import AppError, known_errors, one_line
from llm_query.each_video import STOPPED, tracked
from llm_query.engine import OFFLINE, PERSON, Answer, ask, run_analysis, run_typed

CANCELLED = "Cancelled."
BROKEN = "It ended unexpectedly; the server's log says why."


class Work:
    """One question or run under way: how far it is, and what came of it."""

    def __init__(self, title: str, total: int, do: Callable[[Work], str]) -> None:
        """title: for the page. total: videos. do: the work itself; gives what to say at the end."""
        self.title, self.total = title, total
        self.done = self.written = 0  # videos; characters that a model wrote
        self.said, self.trouble = "", ""
        self.failed: list[tuple[str, str]] = []  # videos and why
        self.cancelled = False
        self.finished = threading.Event()
        self.started = time.monotonic()
        self._do = do

    def start(self) -> Work:
        """Begin, in a thread of its own."""
        threading.Thread(target=self._work, name="asking", daemon=True).start()
        return self

    def cancel(self) -> None:
        """Ask it to stop; the videos being worked on are finished first."""
        self.cancelled = True

    def on_text(self, piece: str) -> None:
        """Count what a model writes."""
        if self.cancelled:
            raise AppError(CANCELLED)
        self.written += len(piece)

    def on_answer(self, answer: Answer) -> None:
        """Count a video that is done."""
        if answer.error != STOPPED:
            self.done += 1
        if answer.refused or answer.error:
            self.failed.append((answer.video, answer.refused or answer.error or ""))

    def _work(self) -> None:
        self.trouble = BROKEN
        try:
            self.said = self._do(self)
            self.trouble = ""
        except known_errors() as error:
            self.trouble = one_line(error)
        finally:
            self.finished.set()


_under_way: dict[tuple[Path, str], Work] = {}
_lock = threading.Lock()


def under_way(study: Path, name: str) -> Work | None:
    """What was last begun under this name: a conversation's question, or a run's."""
    with _lock:
        return _under_way.get((study, name))


def put_away(study: Path, name: str) -> None:
    """Forget work that has ended and been seen."""
    with _lock:
        _under_way.pop((study, name), None)


def _begin(study: Path, name: str, work: Work) -> Work:
    with _lock:
        now = _under_way.get((study, name))
        if now is not None and not now.finished.is_set():
            raise AppError("This is being worked on already. Wait for it, or cancel it.")
        _under_way[study, name] = work
    return work.start()


def put_question(
    study: Path,
    conversation: str,
    question: str,
    about: str | None,
    model: str = OFFLINE,
    author: str | None = None,
) -> Work:
    """Answer a question and keep it in its conversation; what goes wrong is kept there, too."""

    def do(work: Work) -> str:
        answers, trouble = [], ""
        try:
            answers = ask(
                study, question, video=about, model=model, conversation=conversation,
                on_text=work.on_text, on_answer=work.on_answer, stop=lambda: work.cancelled,
                author=author,
            )  # fmt: skip
        except known_errors() as error:
            trouble = one_line(error)
        keep_turn(study, conversation, question, answers, about=about, model=model, trouble=trouble)
        return trouble

    return _begin(study, conversation, Work(question, _videos(study, about), do))


def put_code(study: Path, conversation: str, question: str, code: str, about: str | None) -> Work:
    """Run code that a person typed, as the conversation's next turn."""

    def do(work: Work) -> str:
        answers, trouble = [], ""
        try:
            answers = run_typed(study, code, about, question=question, conversation=conversation)
        except known_errors() as error:
            trouble = one_line(error)
        keep_turn(
            study, conversation, question, answers, about=about, model=PERSON, trouble=trouble,
            code=code,
        )  # fmt: skip
        return trouble

    return _begin(study, conversation, Work(question, _videos(study, about), do))


def run_on_all(study: Path, name: str) -> Work:
    """Run a kept analysis on all tracked videos and store its bouts: `ethoscribe run --save`."""

    def do(work: Work) -> str:
        answers = run_analysis(
            study, name, save=True, on_answer=work.on_answer, stop=lambda: work.cancelled
        )
        work.failed = [(one.video, one.error) for one in answers if one.error]
        stored = [len(one.bouts) for one in answers if one.finds_bouts and not one.error]
        done = sum(not one.error for one in answers)
        videos = f"{done} of {len(answers)} videos"
        if not stored:
            return f"Ran on {videos}; it finds no bouts, so nothing is stored."
        return f"Ran on {videos}: {sum(stored):,} bouts stored."

    return _begin(study, run_key(name), Work(name, _videos(study, None), do))


def run_key(name: str) -> str:
    """Under which name a run on all videos goes; no conversation can have it."""
    return f"run:{name}"


def _videos(study: Path, about: str | None) -> int:
    return 1 if about else len(tracked(study, None)[0])
