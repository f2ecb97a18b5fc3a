"""Ask a question of a study, or run a kept analysis, on one video or on all of them."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llm_query.answer_cleaning import check_bouts, readable
from llm_query.answers import BOUT_COLUMNS, OFFLINE, PERSON, Answer, plain, records, to_answer
from llm_query.each_video import (
    STOPPED,
    OnAnswer,
    each_video,
    reading,
    study_errors,
    tracked,
)
from llm_query.errors import QueryError
from llm_query.learning.learned import named_behaviours
from llm_query.memory import Memory, window
from llm_query.models.model_code import check_model_code
from llm_query.models.trust import check_kept_code, check_may_run
from llm_query.planner import Context, Plan, plan
from llm_query.planner_code import check_code
from llm_query.remembering.definitions import Definition, Turn
from llm_query.sandbox import Result, run_code
from llm_query.searched import searched_animals
from llm_query.vocabulary import needs_outlines
from storage.analyses import analyses, find_analysis, keep
from storage.bouts import read_bouts, save_bouts
from storage.errors import StudyError
from storage.learned import learned_names
from storage.memory import StoredTurn, find_turn, save_turn
from storage.regions import regions
from storage.snapshot import write_snapshot
from storage.study import Study, open_study
from storage.tracks import measured, read_points
from storage.videos import Video, animal_names, find_video

if TYPE_CHECKING:
    from llm_query.model import LanguageModel

__all__ = (
    "BOUT_COLUMNS", "OFFLINE", "PERSON", "STOPPED", "Answer", "ask", "make_context", "plain",
    "records", "run_analysis", "run_typed", "save_answer",
)  # fmt: skip

LONGEST_NAME = 80  # characters, of what is kept
MOST_TURN_TOKENS = 1500  # of a conversation's earlier questions
NOTE_WAIT_S = 5.0  # how long an answer waits to be noted where the study is being written to
FILE = "file"  # who wrote code that is read from a file
UNKNOWN = re.compile(r"I do not know what '([^']{1,60})' means here")
ASKED_BACK = re.compile(
    r"\bmean(?:t|s)? by (?:an? |the )?['\"“‘]?([\w -]{1,40}?)['\"”’]?(?: here|\?|,|$)"
)


def ask(
    study_folder: Path | str,
    question: str,
    video: str | None = None,
    model: str | LanguageModel = OFFLINE,
    save: str | None = None,
    *,
    conversation: str | None = None,
    on_text: Callable[[str], None] | None = None,
    on_answer: OnAnswer | None = None,
    stop: Callable[[], bool] | None = None,
    author: str | None = None,
) -> list[Answer]:
    """Answer a question in plain words, once for each tracked video (or for one of them).

    video: a video's name, by default all. model: "offline", the name of a model on the server that
    is set up, or a LanguageModel. save: keep the analysis under this name and store the bouts it
    finds as a behaviour of that name. conversation: go on with this one: a model is told of its
    last questions, and this one is kept. on_text: gets what a model writes, piece by piece.
    on_answer, stop: as in `each_video`. author: who asks; by default the user of this computer.
    Every question is kept as a turn; its number is in Answer.kept, and its code runs again by it.
    """
    names, left_out = tracked(study_folder, video)
    each = partial(each_video, on_answer=on_answer, stop=stop)
    memory = Memory(study_folder)
    known = memory.definitions()
    if model == OFFLINE:
        answers = each(names, partial(_ask_offline, study_folder, question, tuple(known)))
    else:
        turns = window(memory.turns(conversation), MOST_TURN_TOKENS, known) if conversation else []
        answers = _ask_model(study_folder, question, names, model, on_text, known, turns, each)
    if any(not one.refused and not one.error for one in answers):
        _hear(memory, question, answers, author)
    _note(study_folder, question, answers, conversation)
    said = ""
    for one in answers:
        one.question = question
        if save and not one.refused and not one.error:
            said = save_answer(study_folder, save, question, one) or said
    for one in answers:
        one.assumptions = [*one.assumptions, *([said] if said else [])]
    return _telling(left_out, answers)


def _hear(memory: Memory, question: str, answers: Sequence[Answer], author: str | None) -> None:
    """Keep what an understood question defines ("define chase as ..."), and say so."""
    from llm_query.definition_doubts import doubt_in_study

    try:
        heard = memory.hear(question, author)
    except QueryError as error:
        said = f"Not kept as a definition: {error}"
    else:
        if heard is None:
            return
        one = heard[0]
        said = f"'{one.name}' is kept as a definition of this study, version {one.version}."
        said = " ".join([said, doubt_in_study(memory.folder, one)]).strip()
        for answer in answers:
            answer.definitions = (*answer.definitions, (one.name, one.version))
            answer.defined = (one.name, one.version)
    for answer in answers:
        answer.assumptions = [*answer.assumptions, said]


def _note(
    study_folder: Path | str, question: str, answers: Sequence[Answer], conversation: str | None
) -> None:
    """Keep the question as a turn, with its code and the definitions that have been used."""
    first = next((each for each in answers if each.code and not each.error), answers[0])
    turn = StoredTurn(
        question, first.text, first.code, first.definitions, conversation or "", first.model,
        sum(each.prompt_tokens for each in answers),
        sum(each.completion_tokens for each in answers),
    )  # fmt: skip
    # The study may be written to, or be read-only; the answer is not lost for that.
    with suppress(QueryError), study_errors():
        with open_study(study_folder, write=True, timeout_s=NOTE_WAIT_S) as study:
            number = save_turn(study, turn)
        for each in answers:
            each.kept = number


def _ask_offline(
    study_folder: Path | str, question: str, known: tuple[Definition, ...], name: str
) -> Answer:
    with reading(study_folder) as study:
        context = make_context(study, find_video(study, name))
    return _answer_plan(study_folder, name, plan(question, replace(context, definitions=known)))


def _ask_model(
    study_folder: Path | str,
    question: str,
    names: Sequence[str],
    model: str | LanguageModel,
    on_text: Callable[[str], None] | None,
    known: Sequence[Definition],
    turns: Sequence[Turn],
    each: Callable[[Sequence[str], Callable[[str], Answer]], list[Answer]],
) -> list[Answer]:
    """Let a model answer; where its code may not run it is not asked, which would cost money."""
    from llm_query.model import find_model
    from llm_query.models.model_answers import Asked, ask_for_videos, recalled

    asked = find_model(model, os.environ, study_folder) if isinstance(model, str) else model
    unconfined = check_may_run(study_folder)
    definitions = recalled(asked, question, known, turns)
    prompts, broken = {}, {}
    for name in names:
        try:
            with reading(study_folder) as study:
                context = make_context(study, find_video(study, name))
            prompts[name] = Asked(question, context, definitions, turns)
        except QueryError as error:
            broken[name] = Answer(name, str(error), error=str(error))
    found = ask_for_videos(
        asked, prompts, run=partial(_run, study_folder), each=each, on_text=on_text
    )
    by_name = broken | {one.video: one for one in found}
    answers = [by_name[name] for name in names]
    for answer in answers:
        answer.unknown = _asked_back(answer.needs_definition)
    for answer in answers:
        if unconfined and answer.code:
            answer.assumptions.append(unconfined)
    return answers


def _asked_back(said: str) -> str:
    """The behaviour that a model asks back about, as far as its question names one."""
    found = ASKED_BACK.search(said)
    return found[1].strip() if found else ""


def run_analysis(
    study_folder: Path | str,
    name_or_file: str | Path,
    video: str | None = None,
    *,
    save: bool = False,
    on_answer: OnAnswer | None = None,
    stop: Callable[[], bool] | None = None,
) -> list[Answer]:
    """Run a kept analysis, or a Python file with analyse(recording), on the tracked videos.

    It needs no model. A kept name goes before a file of the same name. save: store the bouts of
    every video, as soon as they are found, as the behaviour of this name (of a file: its name
    without .py, under which its code is then kept, too). on_answer: hears of each video's answer,
    in order. stop: asked before each video; once it says so, the others are not run.
    """
    code, assumptions, ignored, model = _find_code(study_folder, name_or_file)
    behaviour = Path(name_or_file).stem if model == FILE else str(name_or_file)

    def answer(name: str) -> Answer:
        found = to_answer(name, code, _run(study_folder, name, code))
        found.assumptions, found.ignored, found.model = assumptions, ignored, model
        return found

    def hear(found: Answer) -> None:
        if save and not found.error:
            _store(study_folder, behaviour, found)
        if on_answer is not None:
            on_answer(found)

    names, left_out = tracked(study_folder, video)
    if save and behaviour.isdecimal():
        raise QueryError(
            "An answer needs a name to be stored under: ask it again with --save NAME."
        )
    if save and model == FILE:
        with study_errors(), open_study(study_folder, write=True) as study:
            keep(study, behaviour, "", code, model=FILE)
    return _telling(left_out, each_video(names, answer, on_answer=hear, stop=stop))


def run_typed(
    study_folder: Path | str,
    code: str,
    video: str | None = None,
    *,
    question: str = "",
    conversation: str | None = None,
) -> list[Answer]:
    """Run code that a person typed on the tracked videos, as confined as code of a model.

    Where this machine does not confine it, code that only calls the vocabulary still runs; any
    other only if the study's owner has switched that on.
    """
    check_model_code(code)
    unconfined = check_kept_code(code, PERSON, study_folder)

    def answer(name: str) -> Answer:
        found = to_answer(name, code, _run(study_folder, name, code))
        found.model, found.question = PERSON, question
        found.assumptions = [unconfined] if unconfined else []
        return found

    names, left_out = tracked(study_folder, video)
    answers = each_video(names, answer)
    _note(study_folder, question, answers, conversation)
    return _telling(left_out, answers)


def _telling(left_out: Sequence[str], answers: list[Answer]) -> list[Answer]:
    """Let every answer say which videos have none; what is kept in the study does not."""
    said = [f"the video '{name}', which is not tracked yet" for name in left_out]
    for answer in answers:
        answer.ignored = [*answer.ignored, *said]
    return answers


def make_context(study: Study, video: Video) -> Context:
    """Collect what the planner may know of one video."""
    places = regions(study, video.video_id)
    arena = [place.name for place in places if place.role == "arena"]
    points = [p for p in read_points(study, video.video_id) if p != "centre"]
    kept = read_bouts(study, video.video_id)
    has = measured(study, video.video_id)
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
        kept_of=tuple(
            sorted({(b, s) for b, s in zip(kept["behaviour"], kept["subject"], strict=True) if s})
        ),
        learned=tuple(learned_names(study)),
        has_masks="outlines" in has,
        has_heading="heading" in has,
        has_length="length" in has,
    )


def _answer_plan(study_folder: Path | str, name: str, understood: Plan) -> Answer:
    if understood.refused:
        unknown = UNKNOWN.search(understood.refused)
        said = unknown[1] if unknown else ""
        return Answer(name, understood.refused, refused=understood.refused, unknown=said)
    check_code(understood.code)
    result = _run(study_folder, name, understood.code)
    answer = to_answer(name, understood.code, result)
    if result.stated:  # what the video lacks: no failure, and nothing that could be mended
        answer.refused, answer.error = answer.text, None
    answer.assumptions, answer.ignored = understood.assumptions, understood.ignored
    answer.reading, answer.definitions = understood.reading, tuple(understood.used.items())
    return answer


def _run(study_folder: Path | str, name: str, code: str) -> Result:
    """Run code on a fresh snapshot of one video; its bouts are of its animals and inside it."""
    facts: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="ethoscribe-snapshot-") as folder:

        def prepare() -> None:
            with reading(study_folder) as study:
                found, named = find_video(study, name), named_behaviours(code)
                known = learned_names(study)
                facts["n_frames"] = found.n_frames
                facts["animals"] = tuple(animal_names(study, found.video_id).values())
                write_snapshot(
                    study, found.video_id, folder, needs_masks=needs_outlines(code),
                    learned=named if named is None or set(named) <= set(known) else None,
                )  # fmt: skip

        result = run_code(code, Path(folder), prepare=prepare)
    try:
        check_bouts(result.bouts, **facts)
    except QueryError as error:
        return Result(error=str(error), seconds=result.seconds)
    return result


def save_answer(study_folder: Path | str, name: str, question: str, answer: Answer) -> str:
    """Keep an answer's analysis under a name and store its bouts as the behaviour of that name.

    A name that a region or an animal of the video has is refused. Gives a sentence where an
    analysis of this name is replaced by another one (its versions stay), else "".
    """
    with study_errors(), open_study(study_folder, write=True) as study:
        _check_free(study, name, answer.video)
        before = [one for one in analyses(study) if one.name == name][-1:]
        version = keep(
            study, name, question, answer.code, assumptions=answer.assumptions,
            ignored=answer.ignored, model=answer.model,
        )  # fmt: skip
        _store_bouts(study, name, answer)
    if not before or before[0].version == version:
        return ""
    was = f'"{before[0].question}"' if before[0].question != question else "other code"
    return f"'{name}' is version {version} now; version {before[0].version} was {was}."


def _check_free(study: Study, name: str, video: str) -> None:
    """Refuse a name that questions already know as something else, or that nobody could read."""
    if not name.strip() or name != readable(name) or len(name) > LONGEST_NAME:
        raise QueryError(f"A name has 1 to {LONGEST_NAME} readable characters. Choose another.")
    video_id = find_video(study, video).video_id
    taken = {place.name: "a region" for place in regions(study, video_id)}
    taken |= dict.fromkeys(animal_names(study, video_id).values(), "an animal")
    if name in taken:
        raise QueryError(
            f"'{name}' is {taken[name]} of video '{video}', so questions would not know which is "
            "meant. Save it under another name."
        )


def _store(study_folder: Path | str, name: str, answer: Answer) -> None:
    with study_errors(), open_study(study_folder, write=True) as study:
        _store_bouts(study, name, answer)


def _store_bouts(study: Study, name: str, answer: Answer) -> None:
    """Store the bouts of one video under a kept analysis; of one that finds none, nothing."""
    if not answer.finds_bouts:
        return
    answer.bouts["behaviour"] = name
    video_id = find_video(study, answer.video).video_id
    animals = list(animal_names(study, video_id).values())
    save_bouts(
        study, video_id, answer.bouts, behaviour=name, source="analysis",
        definition=answer.reading, analysis_id=find_analysis(study, name).analysis_id,
        subjects=searched_animals(answer.table, answer.bouts, answer.code, animals),
    )  # fmt: skip


def _find_code(
    study_folder: Path | str, name_or_file: str | Path
) -> tuple[str, list[str], list[str], str]:
    file = Path(name_or_file)
    try:
        with open_study(study_folder) as study:
            kept = find_analysis(study, str(name_or_file))
        check_kept_code(kept.code, kept.model, study_folder)
        return kept.code, kept.assumptions, kept.ignored, kept.model
    except StudyError as error:
        if str(name_or_file).isdecimal() and not file.is_file():
            return _code_of_turn(study_folder, int(str(name_or_file)))
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
    return code, [], [], FILE


def _code_of_turn(study_folder: Path | str, number: int) -> tuple[str, list[str], list[str], str]:
    """The code of an answer that was kept as a turn."""
    with study_errors(), open_study(study_folder) as study:
        turn = find_turn(study, number)
    if not turn.code:
        raise QueryError(f"Answer {number} (“{turn.question}”) has no code: it was refused.")
    check_kept_code(turn.code, turn.model, study_folder)
    return turn.code, [f"The code of answer {number}: “{turn.question}”"], [], turn.model
