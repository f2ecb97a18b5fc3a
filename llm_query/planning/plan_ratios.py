"""Two questions related, and one divided: ratios, indices, shares of bouts, time bins."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from llm_query.planning.plan_names import tidy
from llm_query.planning.plan_slots import Context, Refusal
from llm_query.planning.plan_units import TIME, TIMES, canonical, in_own_unit, number


@dataclass(frozen=True)
class Frame:
    """What is done to the answers of plain questions."""

    kind: str  # "rank", "rate", "ratio"
    questions: tuple[str, ...]
    least: bool = False
    by: str = ""  # the number that is taken; "" takes what the question asks for
    asked: str = ""  # whether this animal has more (or less) than the other
    way: str = ""  # of a ratio: index, difference, ...
    assumptions: list[str] = field(default_factory=list)


def animal_pattern(context: Context) -> str:
    own = "|".join(sorted(map(re.escape, map(str.lower, context.animals)), key=len, reverse=True))
    return rf"(?:(?:the )?(?:{own})|(?:mouse|rat|fly|fish|animal|individual) #?\d+)"


def percent_of_bouts(text: str, context: Context) -> Frame | None:
    """Read "what percent of the visits to the corner last longer than 2 s"."""
    match = re.fullmatch(
        r"(?:what |which )?(?:percent|percentage|proportion|fraction|share|%) of "
        r"(?:the |all |all the )?"
        r"(?P<whole>.*?\b(?:visits?|bouts?|stays?|contacts?|times|episodes?|periods?|chases|freezing)"
        r"\b.*?) (?:that )?(?:lasts?|lasted|lasting|(?:is|are|was|were)) "
        r"(?P<than>(?:longer|shorter|more|less|at least|at most).+)", text
    )  # fmt: skip
    if not match:
        return None
    whole = match["whole"]
    return Frame(
        "ratio",
        (f"how often is {whole} for {match['than']}", f"how often is {whole} for at least 0 s"),
        by="count", way="percent",
    )  # fmt: skip


INTRO = re.compile(
    r"(?:\b(?:during|in|for) the (?:test|testing)?(?: session| trial| phase)?,?|\b(?:an?|the)\b|"
    r"\b(?:discrimination|preference|recognition|novelty)\b|\b(?:index|score|ratio)\b|\(\w+\)|"
    r"\b(?:was|is|were)\b|\b(?:calculated|computed|defined|expressed|obtained)\b|"
    r"\b(?:using|as|by|with|from)\b|\bfollowing\b|\bformula\b|[:,=]|\s)*"
)
PART = r"(?:being|is|was|as|=|equals|representing|denotes|being equal to)"


def formula(text: str, context: Context) -> Frame | None:
    """Read "(B-A)/(B+A), with B being the time ... and A being the time ..."."""
    match = re.search(
        r"\(\s*(\w)\s*-\s*(\w)\s*\)\s*/\s*\(\s*(\w)\s*\+\s*(\w)\s*\)\s*[,.;]?\s*"
        r"(?:with|where|in which)\s+"
        rf"(?P<x>\w) {PART} (?P<one>.+?),? (?:and|while) (?P<y>\w) {PART} (?P<two>.+)$", text
    )  # fmt: skip
    if not match or not INTRO.fullmatch(text[: match.start()]):
        return None
    a, b, c, d = match.groups()[:4]
    said = {match["x"]: match["one"], match["y"]: match["two"]}
    if {a, b} != {c, d} or a == b or set(said) != {a, b}:
        return None
    return Frame("ratio", (said[a], said[b]), way="index")


def index(text: str, context: Context) -> Frame | None:
    """Read "ratio of A to B", "A divided by B", "A minus B", "preference for X over Y"."""
    whose = re.fullmatch(
        rf"(?P<start>.*\b(?:index|score)) of (?P<who>{animal_pattern(context)}) (?P<rest>for .+)",
        text,
    )
    if whose:
        text = f"{whose['start']} {whose['rest']} of {whose['who']}"
    pair = re.fullmatch(
        r"(?:what is |compute |calculate )?(?:the )?(?:discrimination|preference|recognition) "
        r"(?:index|score)(?: of| for| between)? (?P<a>.+?) (?:and|versus|vs|over|against|to) "
        r"(?P<b>.+?)"
        rf"(?P<tail>(?: (?:of|for|by) (?:each (?:animal|mouse|rat)|{animal_pattern(context)}|"
        r".+ ?\d+))?)", text
    )  # fmt: skip
    if pair:
        return Frame(
            "ratio", tuple(_time_at(pair[k], context) + (pair["tail"] or "") for k in "ab"),
            way="index",
        )  # fmt: skip
    share = re.fullmatch(
        r"(?P<a>.+?) ?(?:/|divided by) ?\( ?(?P<b>.+?) ?(?:\+|plus) ?(?P<c>.+?) ?\)", text
    )
    if share:
        a, b, c = (re.sub(r"\bthe ", "", share[k]).strip() for k in "abc")
        if a not in (b, c) or b == c:
            return None
        return Frame("ratio", (a, c if a == b else b), way="share")
    ways = (
        (r"(?:what is )?(?:the )?ratio (?:of|between) (?P<a>.+) (?:to|and|over) (?P<b>.+)",
         "ratio"),
        (r"(?:what is )?(?:the )?difference (?:between|of) (?P<a>(?:the )?(?:time|number).+) and "
         r"(?P<b>(?:the )?(?:time|number).+)", "difference"),
        (r"(?P<a>.+?) (?:divided by|over the(?! (?:first|last|next|initial|final|whole|entire|"
         r"course|same|session|recording|video|test|trial|experiment|second|third|\d))|/) "
         r"(?P<b>.+)",
         "ratio"),
        (r"(?P<a>.+?) minus (?P<b>.+)", "difference"),
    )  # fmt: skip
    for pattern, way in ways:
        match = re.fullmatch(pattern, text)
        if match:
            a, b = match["a"], match["b"]
            tail = re.search(rf" (?:of|for|by) {animal_pattern(context)}$", b)
            if tail and not re.search(animal_pattern(context), a):
                a += tail[0]
            return Frame("ratio", (a, b), way=way)
    return None


def _time_at(place: str, context: Context) -> str:
    """Say the time at one of two things compared: exploring an object, or in a region."""
    bare = re.sub(r"^the ", "", place)
    known = {name.lower() for name in context.objects}
    return f"time exploring {place}" if bare in known else f"time in {place}"


UNIT = rf"(?P<n>\d+(?:\.\d+)?|one|two|three|five|ten|thirty)?[- ]?(?P<unit>{TIME})"
BINS = (
    rf"\s*,?\s*(?:\b(?:in|using|with|by|per|over|for)\s+)?(?:time )?"
    rf"(?:bins?|intervals?|blocks?|steps?) of {UNIT}\b",
    rf"\s*,?\s*\b(?:in|using|with|by|per|over|for)\s+{UNIT}[- ](?:long )?(?:time )?"
    r"(?:bins?|intervals?|blocks?|steps)\b",
    rf"\s*,?\s*\b(?:in|for|during|over|within)\s+(?:each|every)\s+{UNIT}\b",
    rf"\s*,?\s*\bevery {UNIT}\b",
    rf"\s*,?\s*\bper (?P<n>\d+(?:\.\d+)?|two|three|five|ten|thirty)[- ]?(?P<unit>{TIME})\b",
    r"\s*,?\s*\b(?P<minute>minute by minute)\b",
)


def take_bins(question: str) -> tuple[str, float | None]:
    """Take "in bins of 60 s", "in each minute" out of a question; give the seconds.

    >>> take_bins("How long is mouse 1 in the corner in each minute?")
    ('how long is mouse 1 in the corner?', 60.0)
    """
    text = tidy(question)
    for pattern in BINS:
        match = re.search(pattern, text)
        if not match:
            continue
        words = match.groupdict()
        unit = "min" if words.get("minute") else canonical(words["unit"], TIMES)
        if unit == "frame":
            raise Refusal("Time bins are said in seconds or minutes, for example: bins of 60 s.")
        count = number(words.get("n") or "one")
        if count <= 0:
            raise Refusal("A time bin needs a length above 0, for example: bins of 60 s.")
        return text[: match.start()] + text[match.end() :], in_own_unit(count, unit).value
    return question, None
