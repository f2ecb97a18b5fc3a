"""The unit that an answer is asked for in: "in inches", "how many metres", "in mm per second"."""

from __future__ import annotations

import re

from llm_query.planning.plan_numbers import Numbers
from llm_query.planning.plan_slots import Context, Refusal
from llm_query.planning.plan_units import (
    ANGLES,
    FEET,
    LENGTHS,
    TIMES,
    canonical,
    in_own_unit,
)


def _words(*tables: dict[str, str]) -> str:
    words = [word for table in tables for words in table.values() for word in words.split("|")]
    return "|".join(sorted(words, key=len, reverse=True))


TIME = _words(TIMES)
PER = rf"(?:\s*/\s*|\s+per\s+)(?:{TIME})\b"
MOVED = rf"(?:{_words(LENGTHS, ANGLES)}|ft|feet)\b(?:{PER})?"
NO_LENGTH_OF_ITS_OWN = r"(?!\s*(?:\d|range\b|of\b|from\b|away\b))"
WANTED = (  # and what stays of the question
    (rf",?\s*\b(?:measured |given |expressed )?in (?P<unit>{MOVED}){NO_LENGTH_OF_ITS_OWN}", ""),
    (rf",?\s*\b(?:measured |given |expressed )?in (?P<unit>{TIME})(?=\s*[?.!,]*\s*$)", ""),
    (rf"^how many (?P<unit>(?:{_words(LENGTHS)}|ft|feet)\b(?:{PER})) (?=(?:do|does|did|is|was)\b)",
     "how fast "),
    (rf"^how many (?P<unit>(?:{_words(LENGTHS)}|ft|feet)\b) (?=(?:do|does|did)\b)", "how far "),
    (r"^how many (?P<unit>minutes|mins|min|hours|hrs|milliseconds|ms) "
     r"(?=(?:do|does|did|is|was|are|were|has|had)\b)", "how long "),
)  # fmt: skip
SHORT = {"foot": "ft", "inch": "in", "um": "µm", "body_length": "body lengths"}


def take_unit(question: str, context: Context) -> tuple[str, str]:
    """Take "in inches" out of a question; give the rest and the unit, "" where none is asked for.

    >>> take_unit("How far did animal1 travel in inches?", Context(("animal1",)))
    ('How far did animal1 travel?', 'inch')
    """
    names = {name.lower() for name in (*context.regions, *context.animals, *context.points)}
    for pattern, instead in WANTED:
        match = re.search(pattern, question, re.IGNORECASE)
        if match and match["unit"].lower() not in names:
            top, _, per = re.sub(r"\s+per\s+", "/", match["unit"].lower()).partition("/")
            unit = canonical(top.strip(), LENGTHS | FEET | ANGLES | TIMES)
            unit += f"/{canonical(per.strip(), TIMES)}" if per else ""
            return question[: match.start()] + instead + question[match.end() :], unit
    return question, ""


def short(unit: str) -> str:
    """Write a unit as answers show it.

    >>> short("inch/min"), short("mm")
    ('in/min', 'mm')
    """
    top, mark, per = unit.partition("/")
    return f"{SHORT.get(top, top)}{mark}{per}"


def one_of(unit: str, own: str, what: str, numbers: Numbers) -> str:
    """Write how much one of the wanted unit is in the own one of a measure, such as "{unit}/s"."""
    has = own.replace("{unit}", numbers.context.unit)
    one = in_own_unit(1.0, unit)
    top, _, per = one.unit.partition("/")
    length = top in ("px", "cm", "mm", "m", "body_length")
    if length and own == "{unit}" and not per:
        return numbers.length(one, f"in {short(unit)}")
    if length and own == "{unit}/s" and per in ("s", "frame"):
        return numbers.speed(one, f"in {short(unit)}")
    if one.unit == own:
        return f"{one.value:.12g}"
    raise not_offered(unit, what, has)


def not_offered(unit: str, what: str, has: str) -> Refusal:
    """The refusal of a unit that an answer cannot be given in."""
    other = "how many seconds it is" if has == "s" else "without the unit"
    return Refusal(
        f"The {what} is given in {has}; {short(unit)} is not offered for it. Ask {other}."
    )
