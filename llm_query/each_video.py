"""One answer for each video of a study: many at once, in order, and one that fails stops nobody."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from llm_query.answers import Answer
from llm_query.errors import QueryError
from llm_query.sandbox import kill_running
from storage.errors import StudyError
from storage.runs import active_run
from storage.study import Study, open_study
from storage.videos import find_video, videos

STOPPED = "Not run: it was cancelled before this video's turn."
OnAnswer = Callable[[Answer], None]

_STUDY = threading.Lock()  # one thread at a time has the study open; opens are brief


class StudyTrouble(QueryError):
    """A study that cannot be read as it should; no other code would change that."""


@contextmanager
def reading(study_folder: Path | str) -> Iterator[Study]:
    """Open the study for reading, briefly; its complaints come out as this package's error."""
    with _STUDY, study_errors(), open_study(study_folder) as study:
        yield study


@contextmanager
def study_errors() -> Iterator[None]:
    """Let a study's own complaints come out as this package's error."""
    try:
        yield
    except StudyError as error:
        raise StudyTrouble(str(error)) from error


def tracked(study_folder: Path | str, video: str | None) -> tuple[list[str], list[str]]:
    """Give the names of the tracked videos asked for, and of the others; none is an error."""
    with reading(study_folder) as study:
        chosen = videos(study) if video is None else [find_video(study, video)]
        names = [v.name for v in chosen if active_run(study, v.video_id) is not None]
    if names:
        return names, [v.name for v in chosen if v.name not in names]
    which = f"video '{video}'" if video else "any video"
    raise QueryError(
        f"The study {study_folder} has no tracks of {which} yet. Track it first: ethoscribe track "
        f"VIDEO -s {study_folder} --animals N"
    )


def each_video(
    names: Sequence[str],
    answer: Callable[[str], Answer],
    *,
    on_answer: OnAnswer | None = None,
    stop: Callable[[], bool] | None = None,
) -> list[Answer]:
    """Answer for every video, as many child processes at once as there are processors.

    In the order of the names; what is computed does not depend on how many run at once. What
    fails for one video is that video's error; the others go on (of a single video it is raised).
    on_answer: hears of each answer, in order, in the calling thread; a QueryError of its is that
    video's error, too. stop: asked before each video; once it says so, the others are not run.
    """

    def one(name: str) -> Answer:
        if stop is not None and stop():
            return Answer(name, STOPPED, error=STOPPED)
        try:
            return answer(name)
        except (QueryError, OSError) as error:
            return Answer(name, str(error), error=str(error))

    if len(names) == 1:
        only = answer(names[0])
        if on_answer is not None:
            on_answer(only)
        return [only]
    pool = ThreadPoolExecutor(max(1, min(len(names), os.cpu_count() or 1)))
    found = []
    try:
        for each in pool.map(one, names):
            found.append(each)
            _tell(each, on_answer)
    except BaseException:  # Ctrl-C: nothing goes on in the background
        pool.shutdown(wait=False, cancel_futures=True)
        kill_running()
        raise
    finally:
        pool.shutdown()
    return found


def _tell(answer: Answer, on_answer: OnAnswer | None) -> None:
    if on_answer is None:
        return
    try:
        on_answer(answer)
    except QueryError as error:
        answer.error = answer.text = str(error)
