"""Let a language model write an analysis, run it, and give it its own errors to mend."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from llm_query.answers import Answer, to_answer
from llm_query.each_video import StudyTrouble
from llm_query.errors import QueryError
from llm_query.model import ContextTooLong, LanguageModel, Message, Reply
from llm_query.models.model_code import check_model_code
from llm_query.models.model_settings import CONTEXT_TOKENS
from llm_query.prompt import Tried, build_prompt
from llm_query.remembering.definitions import Definition, Turn
from llm_query.remembering.recall import recall, unknown_symbols
from llm_query.sandbox import Result

if TYPE_CHECKING:
    from llm_query.models.model_analysis import ModelAnalysis
    from llm_query.planning.plan_slots import Context

REPAIRS = 2  # times that an error goes back to the model
LONGEST_ERROR = 1500  # characters of it
REPLY_SHARE, MOST_REPLY = 0.25, 4096  # of the context, kept free for the reply
TURN_TOKENS = 500  # at most, for showing an invalid reply again
OnText = Callable[[str], None]
Run = Callable[[str, str], Result]  # of a video's name and the code
Each = Callable[[Sequence[str], Callable[[str], Answer]], list[Answer]]


@dataclass
class Asked:
    """A question, with what the study has and remembers of it."""

    question: str
    context: Context
    definitions: Sequence[Definition] = ()
    turns: Sequence[Turn] = ()

    def same_prompt(self) -> tuple[object, ...]:
        """What two videos share that get the same analysis: all but length and frame rate."""
        alike = replace(self.context, fps=0.0, n_frames=0, px_per_cm=None)
        return (self.question, alike, *self.definitions, *self.turns)


@dataclass
class Written:
    """What a model made of a question: code with what it gave, or why there is none."""

    analysis: ModelAnalysis
    result: Result | None = None
    tries: int = 0  # times that code was written
    prompt_tokens: int = 0
    completion_tokens: int = 0
    tried: list[Tried] = field(default_factory=list)


def ask_for_videos(
    model: LanguageModel, asked: Mapping[str, Asked], run: Run, each: Each, on_text: OnText | None
) -> list[Answer]:
    """Answer for each video, in their order; the model is asked once for all that are alike.

    run: runs code for a video. each: answers for several videos at once. A video that the study
    cannot give has its error as its answer, and the next one is tried in its place.
    """
    alike: dict[tuple[object, ...], list[str]] = {}
    for name, one in asked.items():
        alike.setdefault(one.same_prompt(), []).append(name)
    found: dict[str, Answer] = {}
    for names in alike.values():
        first = _First(names, run)
        try:
            written = write_analysis(model, asked[names[0]], first.run, on_text)
        except StudyTrouble:  # of every one of them
            found |= first.broken
            continue
        answer = _first_answer(names[0], model, asked[names[0]], written)
        found |= first.broken | {answer.video: answer}
        repeated = each(names[1:], partial(_again, answer, run)) if names[1:] else []
        found |= {one.video: one for one in repeated}
    return [found[name] for name in asked]


class _First:
    """Runs code for the first of the names whose video the study can give; drops those before."""

    def __init__(self, names: list[str], run: Run) -> None:
        self.names, self._run = names, run
        self.broken: dict[str, Answer] = {}

    def run(self, code: str) -> Result:
        try:
            return self._run(self.names[0], code)
        except StudyTrouble as error:
            name = self.names[0]
            self.broken[name] = Answer(name, str(error), error=str(error), code=code)
            if len(self.names) == 1:
                raise
            del self.names[0]
        return self.run(code)


def recalled(
    model: LanguageModel, question: str, known: Sequence[Definition], turns: Sequence[Turn]
) -> list[Definition]:
    """The definitions that the question needs; a symbol without a definition is an error."""
    unknown = unknown_symbols(question, known)
    if unknown:
        raise QueryError(
            f"The study has no definition of {' and '.join(unknown)}. Say what it means: "
            f'ethoscribe define "{unknown[0]}" "its meaning, with thresholds and units".'
        )
    settings = getattr(model, "settings", None)
    budget = budget_tokens(getattr(settings, "context_tokens", CONTEXT_TOKENS))
    return recall(question, known, budget // 3, turns)


def _first_answer(video: str, model: LanguageModel, asked: Asked, written: Written) -> Answer:
    """The answer for the video on which the model's code was tried."""
    analysis, result = written.analysis, written.result
    if result is None:
        reason = analysis.refused or _asking_back(analysis.needs_definition)
        answer = Answer(video, reason, refused=reason, needs_definition=analysis.needs_definition)
    else:
        answer = to_answer(video, analysis.code, result)
        if result.error:
            answer.error = answer.text = _what_to_try(model.name, written.tries, result.error)
    answer.model, answer.reading = model.name, analysis.reading
    answer.assumptions, answer.ignored = list(analysis.assumptions), list(analysis.ignored)
    answer.prompt_tokens, answer.completion_tokens = (
        written.prompt_tokens,
        written.completion_tokens,
    )
    answer.definitions = tuple((each.name, each.version) for each in asked.definitions)
    settings = getattr(model, "settings", None)
    if settings is not None:
        answer.server = settings.host
        answer.cost = settings.cost(written.prompt_tokens, written.completion_tokens)
    return answer


def _again(first: Answer, run: Run, video: str) -> Answer:
    """The same analysis for another video; a refusal and an analysis that fails are the same."""
    same = replace(first, video=video, prompt_tokens=0, completion_tokens=0, cost=None)
    if first.refused or first.error:
        return same
    try:
        result = run(video, first.code)
    except QueryError as error:
        result = Result(error=str(error))
    answer = to_answer(video, first.code, result)
    return replace(
        answer, model=first.model, reading=first.reading, assumptions=list(first.assumptions),
        ignored=list(first.ignored), definitions=first.definitions, server=first.server,
    )  # fmt: skip


def _asking_back(question: str) -> str:
    return f"{question} Say it in the question, with its thresholds, and ask again."


def _what_to_try(name: str, tries: int, error: str) -> str:
    times = "once" if tries == 1 else f"{tries} times"
    return (
        f"The analysis that {name} wrote failed ({times}), at last with: {error} Try to ask in "
        "smaller steps and with the study's own names, ask another model, or --model offline."
    )


def write_analysis(
    model: LanguageModel,
    asked: Asked,
    run: Callable[[str], Result],
    on_text: OnText | None = None,
) -> Written:
    """Ask for an analysis and run it; errors go back to the model, twice at most.

    run: runs code confined. What cannot be mended is in the result's error.
    """
    written: Written | None = None
    tried: list[Tried] = []
    read = made = 0
    for number in range(1 + REPAIRS):
        reply = _ask(model, asked, tried, on_text)
        read, made = read + reply.prompt_tokens, made + reply.completion_tokens
        analysis: ModelAnalysis = reply.value  # type: ignore[assignment]
        result = _run_checked(analysis.code, run) if analysis.code else None
        written = Written(analysis, result, number + 1, read, made, tried)
        if result is None or not result.error:
            return written
        known = Tried(analysis.code, result.error[:LONGEST_ERROR])
        if known in tried:  # it does not get on
            break
        tried.append(known)
    if written is None:
        raise QueryError("The model was not asked.")
    return written


def budget_tokens(context_tokens: int) -> int:
    """How long a prompt may be for a model that reads and writes so much.

    >>> budget_tokens(4000), budget_tokens(16384)
    (2500, 11788)
    """
    reply = min(int(context_tokens * REPLY_SHARE), MOST_REPLY)
    return context_tokens - reply - min(TURN_TOKENS, context_tokens // 8)


def _ask(
    model: LanguageModel, asked: Asked, tried: Sequence[Tried], on_text: OnText | None
) -> Reply:
    """One reply; a question that is too long for the server is asked once more, and shorter."""
    from llm_query.models.model_analysis import ModelAnalysis

    settings = getattr(model, "settings", None)
    context = getattr(settings, "context_tokens", CONTEXT_TOKENS)
    try:
        return model.complete(_prompt(model, asked, tried, context), ModelAnalysis, on_text=on_text)
    except ContextTooLong as error:
        shorter = min(error.limit, context) if error.limit else context // 2
    if shorter >= context:  # what was estimated was too little
        shorter = int(context * 0.7)
    return model.complete(_prompt(model, asked, tried, shorter), ModelAnalysis, on_text=on_text)


def _prompt(
    model: LanguageModel, asked: Asked, tried: Sequence[Tried], context_tokens: int
) -> list[Message]:
    return build_prompt(
        asked.question, asked.context, asked.definitions, asked.turns,
        budget_tokens(context_tokens), getattr(model, "calibration", 1.0), tried=tried,
    )  # fmt: skip


def _run_checked(code: str, run: Callable[[str], Result]) -> Result:
    """Run code unless it cannot be meant."""
    try:
        check_model_code(code)
    except QueryError as error:
        return Result(error=str(error))
    return run(code)
