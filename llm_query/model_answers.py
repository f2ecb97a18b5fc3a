"""Let a language model write an analysis, run it, and give it its own errors to mend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from llm_query.definitions import Definition, Turn
from llm_query.errors import QueryError
from llm_query.model import ContextTooLong, LanguageModel, Message, Reply
from llm_query.model_code import check_model_code
from llm_query.model_settings import CONTEXT_TOKENS
from llm_query.prompt import Tried, build_prompt
from llm_query.sandbox import Result

if TYPE_CHECKING:
    from llm_query.model_analysis import ModelAnalysis
    from llm_query.plan_slots import Context

REPAIRS = 2  # times that an error goes back to the model
LONGEST_ERROR = 1500  # characters of it
REPLY_SHARE, MOST_REPLY = 0.25, 4096  # of the context, kept free for the reply
TURN_TOKENS = 500  # at most, for showing an invalid reply again
OnText = Callable[[str], None]


@dataclass
class Asked:
    """A question, with what the study has and remembers of it."""

    question: str
    context: Context
    definitions: Sequence[Definition] = ()
    turns: Sequence[Turn] = ()


@dataclass
class Written:
    """What a model made of a question: code with what it gave, or why there is none."""

    analysis: ModelAnalysis
    result: Result | None = None
    tries: int = 0  # times that code was written
    prompt_tokens: int = 0
    completion_tokens: int = 0
    tried: list[Tried] = field(default_factory=list)


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
    from llm_query.model_analysis import ModelAnalysis

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
