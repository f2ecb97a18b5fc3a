"""Ask a question of a study, or run a kept analysis, on one video or on all of them."""

from __future__ import annotations

import math
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from llm_query.errors import QueryError
from llm_query.learned import named_behaviours
from llm_query.planner import Context, Plan, plan
from llm_query.sandbox import Result, check_code, kill_running, run_code
from llm_query.vocabulary import needs_outlines
from storage.analyses import find_analysis, keep
from storage.bouts import COLUMNS, read_bouts, save_bouts
from storage.errors import StudyError
from storage.learned import learned_names
from storage.regions import regions
from storage.runs import active_run
from storage.snapshot import write_snapshot
from storage.study import Study, open_study
from storage.tracks import read_points
from storage.videos import Video, animal_names, find_video, videos

BOUT_COLUMNS = list(COLUMNS)
OFFLINE = "offline"


@dataclass
class Answer:
    """The answer for one video: a sentence, the code, and what the code found."""

    video: str
    text: str
    code: str = ""
    bouts: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=BOUT_COLUMNS))
    table: pd.DataFrame | None = None
    numbers: dict[str, float | None] = field(default_factory=dict)
    assumptions: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    refused: str | None = None
    model: str = OFFLINE
    error: str | None = None
    figure: dict[str, Any] | None = None
    reading: str = ""
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Give the answer as plain JSON values; unknown numbers are null.

        Keys: text, code, bouts, table, numbers, assumptions, ignored, refused, model, error.
        """
        return {
            "text": self.text,
            "code": self.code,
            "bouts": records(self.bouts),
            "table": None if self.table is None else records(self.table),
            "numbers": {name: plain(value) for name, value in self.numbers.items()},
            "assumptions": list(self.assumptions),
            "ignored": list(self.ignored),
            "refused": self.refused,
            "model": self.model,
            "error": self.error,
        }


def plain(value: Any) -> Any:
    """Make a cell plain JSON: NaN and missing become null."""
    value = value.item() if hasattr(value, "item") else value
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Give a table as one plain JSON object per row."""
    columns = {str(name): [plain(v) for v in table[name].tolist()] for name in table.columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def ask(
    study_folder: Path | str,
    question: str,
    video: str | None = None,
    model: str = OFFLINE,
    save: str | None = None,
) -> list[Answer]:
    """Answer a question in plain words, once for each tracked video (or for one of them).

    video: a video's name, by default all. save: keep the analysis under this name and store the
    bouts it finds as a behaviour of that name.
    """
    if model != OFFLINE:
        raise QueryError(
            f"There is no model '{model}' in this version; use --model offline, which needs no key."
        )

    def answer(name: str) -> Answer:
        with _reading(study_folder) as study:
            understood = plan(question, make_context(study, find_video(study, name)))
        found = _answer_plan(study_folder, name, understood)
        found.model = model
        return found

    names, left_out = _tracked(study_folder, video)
    answers = _each(names, answer)
    for one in answers:
        if save and not one.refused and not one.error:
            _save(study_folder, save, question, one)
    return _telling(left_out, answers)


def run_analysis(
    study_folder: Path | str, name_or_file: str | Path, video: str | None = None
) -> list[Answer]:
    """Run a kept analysis, or a Python file with analyse(recording), on the tracked videos.

    It needs no model. A kept name goes before a file of the same name.
    """
    code, assumptions, ignored, model = _find_code(study_folder, name_or_file)

    def answer(name: str) -> Answer:
        found = _run(study_folder, name, code)
        found.assumptions, found.ignored, found.model = assumptions, ignored, model
        return found

    names, left_out = _tracked(study_folder, video)
    return _telling(left_out, _each(names, answer))


def _telling(left_out: Sequence[str], answers: list[Answer]) -> list[Answer]:
    """Let every answer say which videos have none; what is kept in the study does not."""
    said = [f"the video '{name}', which is not tracked yet" for name in left_out]
    for answer in answers:
        answer.ignored = [*answer.ignored, *said]
    return answers


def _each(names: Sequence[str], answer: Callable[[str], Answer]) -> list[Answer]:
    """Answer for every video, as many child processes at once as there are processors.

    In the order of the names. What fails for one video is that video's error; the others go on.
    """

    def one(name: str) -> Answer:
        try:
            return answer(name)
        except QueryError as error:
            return Answer(name, str(error), error=str(error))

    if len(names) == 1:
        return [answer(names[0])]
    pool = ThreadPoolExecutor(min(len(names), os.cpu_count() or 1))
    try:
        return list(pool.map(one, names))
    except BaseException:  # Ctrl-C: nothing goes on in the background
        pool.shutdown(wait=False, cancel_futures=True)
        kill_running()
        raise
    finally:
        pool.shutdown()


def make_context(study: Study, video: Video) -> Context:
    """Collect what the planner may know of one video."""
    places = regions(study, video.video_id)
    arena = [place.name for place in places if place.role == "arena"]
    points = [p for p in read_points(study, video.video_id) if p != "centre"]
    kept = read_bouts(study, video.video_id)
    return Context(
        animals=tuple(animal_names(study, video.video_id).values()),
        points=("centre", *points),
        regions=tuple(place.name for place in places),
        objects=tuple(place.name for place in places if place.role == "object"),
        arena=arena[0] if len(arena) == 1 else None,
        unit="px" if video.px_per_cm is None else "cm",
        px_per_cm=video.px_per_cm,
        fps=float(video.fps),
        n_frames=video.n_frames,
        behaviours=tuple(dict.fromkeys(kept["behaviour"])),
    )


_STUDY = threading.Lock()  # one thread at a time has the study open; opens are brief


@contextmanager
def _reading(study_folder: Path | str) -> Iterator[Study]:
    """Open the study for reading, briefly; its complaints come out as this package's error."""
    with _STUDY, _study_errors(), open_study(study_folder) as study:
        yield study


@contextmanager
def _study_errors() -> Iterator[None]:
    """Let a study's own complaints come out as this package's error."""
    try:
        yield
    except StudyError as error:
        raise QueryError(str(error)) from error


def _tracked(study_folder: Path | str, video: str | None) -> tuple[list[str], list[str]]:
    """Give the names of the tracked videos asked for, and of the others; none is an error."""
    with _reading(study_folder) as study:
        chosen = videos(study) if video is None else [find_video(study, video)]
        tracked = [v.name for v in chosen if active_run(study, v.video_id) is not None]
    if tracked:
        return tracked, [v.name for v in chosen if v.name not in tracked]
    which = f"video '{video}'" if video else "any video"
    raise QueryError(
        f"The study {study_folder} has no tracks of {which} yet. Track it first: ethoscribe track "
        f"VIDEO -s {study_folder} --animals N"
    )


def _answer_plan(study_folder: Path | str, name: str, understood: Plan) -> Answer:
    if understood.refused:
        return Answer(name, understood.refused, refused=understood.refused)
    check_code(understood.code)
    answer = _run(study_folder, name, understood.code)
    answer.assumptions, answer.ignored = understood.assumptions, understood.ignored
    answer.reading = understood.reading
    return answer


def _run(study_folder: Path | str, name: str, code: str) -> Answer:
    """Run code on a fresh snapshot of one video."""
    with tempfile.TemporaryDirectory(prefix="ethoscribe-snapshot-") as folder:

        def prepare() -> None:
            with _reading(study_folder) as study:
                found, named = find_video(study, name), named_behaviours(code)
                known = learned_names(study)
                write_snapshot(
                    study, found.video_id, folder, needs_masks=needs_outlines(code),
                    learned=named if named is None or set(named) <= set(known) else None,
                )  # fmt: skip

        result = run_code(code, Path(folder), prepare=prepare)
    return _answer(name, code, result)


def _answer(name: str, code: str, result: Result) -> Answer:
    if result.error:
        return Answer(name, result.error, code=code, error=result.error, seconds=result.seconds)
    return Answer(
        video=name,
        text=result.text or _numbers_text(result),
        code=code,
        bouts=_bouts(result.bouts, name),
        table=result.table,
        numbers=result.numbers,
        figure=result.figure,
        seconds=result.seconds,
    )


def _numbers_text(result: Result) -> str:
    """Say in a sentence what came out where the analysis does not say it itself."""
    said = [f"{name} {value:.4g}" for name, value in result.numbers.items() if value is not None]
    if said:
        return f"{', '.join(said)}."
    if result.figure is not None:
        title = result.figure.get("layout", {}).get("title", {})
        text = title.get("text") if isinstance(title, dict) else title
        return f"Figure: {text or 'as asked'}."
    if result.table is not None:
        return f"A table of {len(result.table)} rows."
    return "The analysis gave no result."


def _bouts(found: pd.DataFrame, video: str) -> pd.DataFrame:
    """Complete bouts to the columns of every bouts table."""
    table = found.copy()
    table["video"], table["source"], table["annotator"] = video, "analysis", None
    defaults = {"behaviour": "", "target": None, "kind": "state", "definition": ""}
    for column in BOUT_COLUMNS:
        if column not in table:
            table[column] = defaults.get(column, float("nan"))
    return table[BOUT_COLUMNS]


def _save(study_folder: Path | str, name: str, question: str, answer: Answer) -> None:
    """Keep the analysis and store its bouts as the behaviour of that name."""
    answer.bouts["behaviour"] = name
    with _study_errors(), open_study(study_folder, write=True) as study:
        keep(
            study, name, question, answer.code, assumptions=answer.assumptions,
            ignored=answer.ignored, model=answer.model,
        )  # fmt: skip
        kept = find_analysis(study, name)
        save_bouts(
            study, find_video(study, answer.video).video_id, answer.bouts, behaviour=name,
            source="analysis", definition=answer.reading, analysis_id=kept.analysis_id,
        )  # fmt: skip


def _find_code(
    study_folder: Path | str, name_or_file: str | Path
) -> tuple[str, list[str], list[str], str]:
    file = Path(name_or_file)
    try:
        with open_study(study_folder) as study:
            kept = find_analysis(study, str(name_or_file))
        return kept.code, kept.assumptions, kept.ignored, kept.model
    except StudyError as error:
        if file.suffix == ".py" and not file.is_file():
            raise QueryError(
                f"There is no file {file}. Give a Python file or a kept name."
            ) from error
        if not file.is_file():
            raise QueryError(str(error)) from error
    try:
        code = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise QueryError(f"{file} cannot be read as Python text: {error}") from error
    return code, [], [], "file"
