"""The planner: a question in plain English to analysis code, without a language model.

It reads only what it knows: places, distances, speeds, times and a few behaviours. A word it does
not know makes it refuse and say what to do, because a wrong answer is worse than none.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from llm_query.errors import QueryError
from llm_query.planner_code import check_code
from llm_query.planning.handbook import Preset, fill, find_preset
from llm_query.planning.plan_describe import reading_text
from llm_query.planning.plan_frames import find_frame
from llm_query.planning.plan_kept import says_the_same
from llm_query.planning.plan_program import write_program
from llm_query.planning.plan_ratios import take_bins
from llm_query.planning.plan_reading import read
from llm_query.planning.plan_slots import Context, Refusal
from llm_query.planning.plan_tokens import lex
from llm_query.planning.plan_wanted import short, take_unit
from llm_query.planning.plan_wrap import Written, write_frame
from llm_query.vocabulary import needs_outlines

__all__ = ["Context", "Plan", "plan"]

LONGEST_QUESTION = 2000  # characters


@dataclass(frozen=True)
class Plan:
    """How a question was understood; `refused` says why not, and then there is no code."""

    code: str = ""
    reading: str = ""
    assumptions: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    refused: str | None = None
    name: str = ""  # the name of a behaviour that the question defines
    used: dict[str, int] = field(default_factory=dict)  # kept definitions, with their versions

    @property
    def needs_masks(self) -> bool:
        """Tell whether the code looks at outlines."""
        return needs_outlines(self.code)


def plan(question: str, context: Context) -> Plan:
    """Read a question and write the analysis that answers it, or refuse with a reason.

    >>> context = Context(animals=("animal1",), regions=("corner",))
    >>> plan("How long is the mouse in the corner?", context).refused is None
    True
    >>> plan("How often does the mouse sing?", context).refused[:37]
    "I do not know what 'sing' means here."
    """
    text = question.strip()
    if not text:
        return Plan(
            refused="The question is empty. Ask for example: when is animal1 in the corner?"
        )
    if len(text) > LONGEST_QUESTION:
        return Plan(
            refused=f"The question is longer than {LONGEST_QUESTION} characters. Ask in short."
        )
    try:
        return _understand(text, context)
    except Refusal as refusal:
        return Plan(refused=str(refusal))


def _understand(text: str, context: Context) -> Plan:
    asked = find_preset(text, context)
    if asked is not None:
        return _preset_plan(*asked, context)
    kept = _kept_code(text, context)
    if kept is not None:
        return kept
    text, wanted = take_unit(text, context)
    frame = find_frame(text, context)
    if frame is not None:
        if wanted:
            raise Refusal(
                f"Comparisons, rates and ratios are given in their own unit; {short(wanted)} is "
                "not offered for them. Ask without the unit."
            )
        return _plan_of(write_frame(frame, context))
    rest, bin_s = take_bins(text)
    reading = read(rest, context)
    if bin_s and reading.condition and any(c.kind == "nth" for c in reading.condition.walk()):
        raise Refusal("A number of a time ('the second visit') is not counted anew in each bin.")
    reading.bin_s, reading.wanted = bin_s, wanted
    code, assumed = write_program(reading, context)
    said = reading_text(reading)
    return _plan_of(
        Written(code, said, [*reading.assumptions, *assumed], reading.ignored, reading.used),
        reading.name,
    )


PLAIN = ("kept_meaning", "agg", "stop", "when", "punctuation", "how_many", "subject", "define")


def _kept_code(text: str, context: Context) -> Plan | None:
    """Call a kept definition's code as written where it is asked for by itself.

    That of a planner's definition is what its words say; other code is called when it is checked
    to be calls into the vocabulary only.
    """
    if not context.definitions:
        return None
    tokens = lex(text, context)[0]
    names = {str(token.value) for token in tokens if token.kind == "kept_meaning"}
    if len(names) != 1 or any(token.kind not in PLAIN for token in tokens):
        return None
    one = next(each for each in context.definitions if each.name in names)
    if says_the_same(one, context):
        return None
    try:
        check_code(one.code)
    except (QueryError, SyntaxError) as error:
        raise Refusal(
            f"'{one.name}' is kept as code that is more than calls of the vocabulary ({error}) Ask "
            "a language model, or define it anew in words."
        ) from error
    note = f"'{one.name}' is kept as code, called as written. In words: {one.text or 'none'}"
    return Plan(one.code, f"{one.name}, as kept in version {one.version}.", [note],
                used={one.name: one.version})  # fmt: skip


def _preset_plan(preset: Preset, animals: tuple[str, ...], context: Context) -> Plan:
    """Answer what the handbook of protocols knows by its name."""
    filled = fill(preset, context, animals)
    whose = f" of {', '.join(animals)}" if animals else ""
    title = f"{preset.name[0].upper()}{preset.name[1:]}{whose} (handbook)."
    code = f'def analyse(recording):\n    """{title}"""\n{filled.code}'
    return Plan(code=code, reading=title, assumptions=list(filled.assumptions))


def _plan_of(written: Written, name: str = "") -> Plan:
    return Plan(
        code=written.code,
        reading=written.reading,
        assumptions=list(dict.fromkeys(written.assumptions)),
        ignored=written.ignored,
        name=name,
        used=written.used,
    )
