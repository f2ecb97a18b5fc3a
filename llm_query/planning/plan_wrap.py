"""Write questions made of other questions: the plain answers, and what is done to them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from llm_query.planning.plan_compile import ALSO
from llm_query.planning.plan_describe import reading_text
from llm_query.planning.plan_numbers import quoted
from llm_query.planning.plan_program import write_program
from llm_query.planning.plan_ratios import Frame
from llm_query.planning.plan_reading import read
from llm_query.planning.plan_slots import Context, Reading, Refusal

NUMBERS = {"count": "count", "total": "total_s", "percent": "percent"} | ALSO
EVENTS = ("enter", "leave")


@dataclass
class Written:
    """A program with how it was understood."""

    code: str
    reading: str
    assumptions: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    used: dict[str, int] = field(default_factory=dict)


def write_frame(frame: Frame, context: Context) -> Written:
    """Give the analysis code of a question made of others."""
    parts = [_part(question, context) for question in frame.questions]
    by = frame.by or parts[0].by
    if any(not frame.by and part.by != by for part in parts):
        raise Refusal(
            f"'{frame.questions[0]}' and '{frame.questions[1]}' are not the same kind of number. "
            "Say the time, the number or the distance in both."
        )
    writer = {"rank": _rank, "rate": _rate, "ratio": _ratio}[frame.kind]
    body, said = writer(frame, parts, by)
    title = said.replace('"""', "'''").replace("\\", "/")
    assumptions = [*frame.assumptions, *(note for part in parts for note in part.assumptions)]
    return Written(
        f'def analyse(recording):\n    """{title}"""\n{body}', said, assumptions,
        [word for part in parts for word in part.ignored],
        {name: version for part in parts for name, version in part.used.items()},
    )  # fmt: skip


@dataclass
class _Part(Written):
    """One plain question: its lines, and the expression that it returns."""

    before: str = ""
    returned: str = ""
    by: str = ""
    window: bool = False


def _part(question: str, context: Context) -> _Part:
    reading = read(question, context)
    if reading.plot or reading.order:
        raise Refusal("A comparison or a rate is of numbers; leave out the plot or 'first'.")
    code, assumed = write_program(reading, context)
    body = code.split("\n", 2)[2]
    before, mark, returned = body.rpartition("    return ")
    returned = returned.strip()
    if not re.match(r"(?:summarise|tell)\(", returned) or " | " in returned or not mark:
        raise Refusal(
            f"'{question}' gives values of every frame, not a number. Ask for a mean, a time or a "
            "count."
        )
    return _Part(
        code, reading_text(reading), [*reading.assumptions, *assumed], reading.ignored,
        reading.used, before, returned, number_of(reading), reading.window is not None,
    )  # fmt: skip


def number_of(reading: Reading) -> str:
    """Tell which number of the answer a question asks for: "value", "total_s", "count", ..."""
    if reading.measure is not None:
        return "value"
    asked = [NUMBERS[word] for word in reading.aggregates if word in NUMBERS]
    if len(set(asked)) > 1:
        raise Refusal("Ask for one number: the time, the count or the percent.")
    if asked:
        return asked[0]
    kinds = [part.kind for part in reading.condition.walk()] if reading.condition else []
    return "count" if any(kind in EVENTS for kind in kinds) else "total_s"


def _by(by: str) -> str:
    return "" if by == "value" else f', "{by}"'


def _rank(frame: Frame, parts: list[_Part], by: str) -> tuple[str, str]:
    part = parts[0]
    if "other" in part.before and "for animal in recording.animals" in part.before:
        part.returned = part.returned.replace("summarise(bouts", "summarise(bouts.any_target()", 1)
        part.assumptions.append("To whichever other animal; what overlaps is counted once.")
    elif "enumerate(recording.animals)" in part.before:
        raise Refusal(
            "Two animals do this together, so no one does it most. Ask for each pair, for example: "
            "how long do the animals touch each other?"
        )
    least = ", least=True" if frame.least else ""
    least += f", asked={quoted(frame.asked)}" if frame.asked else ""
    body = f"{part.before}    return rank({part.returned}{_by(by)}{least})\n"
    word = "Earliest" if by == "latency_s" else "Least" if frame.least else "Most"
    return body, f"{word} first: {_lowered(part.reading)}"


def _rate(frame: Frame, parts: list[_Part], by: str) -> tuple[str, str]:
    part = parts[0]
    if by not in ("count", "total_s", "value"):
        raise Refusal("A rate per minute is of a number, a time or a distance.")
    if by == "value" and not part.returned.startswith('tell("distance travelled"'):
        raise Refusal("A rate per minute is of a number, a time or a distance travelled.")
    span = ", start_s=start_s, stop_s=stop_s" if part.window else ""
    which = "" if by == "count" else f', "{by}"'
    body = f"{part.before}    return per_minute(recording, {part.returned}{which}{span})\n"
    part.assumptions.append("Per minute of the part looked at, seen or not.")
    return body, f"Per minute: {_lowered(part.reading)}"


def _ratio(frame: Frame, parts: list[_Part], by: str) -> tuple[str, str]:
    one, two = parts
    by_name = "" if by == "value" else f', by="{by}"'
    body = (
        f"{one.before}    first = {one.returned}\n{two.before}    second = {two.returned}\n"
        f'    return ratio(first, second, "{frame.way}"{by_name})\n'
    )
    said = {"index": "(a - b) / (a + b)", "ratio": "a / b", "difference": "a - b",
            "percent": "100 a / b", "share": "a / (a + b)"}[frame.way]  # fmt: skip
    a, b = (_lowered(part.reading).rstrip(".") for part in parts)
    return body, f"{said} of a = {a}, and b = {b}."


def _lowered(text: str) -> str:
    return text[0].lower() + text[1:]
