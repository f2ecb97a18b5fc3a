"""Questions made of other questions: who did it most, per minute, in bins, ratios, shares.

Each is a plain question (or two) and what is done to the answer, a word of the vocabulary.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from llm_query.plan_names import tidy
from llm_query.plan_slots import Context, Refusal
from llm_query.plan_units import SECONDS, TIME, TIMES, canonical, number

NOUN = r"(?:animals?|mouse|mice|rats?|fly|flies|fish|individuals?|subjects?|one)"
WHO = rf"(?:which|what) (?:of the )?{NOUN}|who"
MOST, LEAST = "most", "least"
LESS_WORDS = ("least", "less", "shortest", "shorter", "slowest", "slower", "lowest", "smallest",
              "fewest", "fewer", "lower", "rarely")  # fmt: skip
WENT = r"(?:travel(?:l?ed|s)?|moved?|walked|walk|ran|run|swam|swim|went|go|covered|cover)"
EVENTS = re.compile(r"(?:enter|visit|leave|left|exit|touch|contact|chase|approach|sniff|groom)")


@dataclass(frozen=True)
class Frame:
    """What is done to the answers of plain questions."""

    kind: str  # "rank", "rate", "ratio"
    questions: tuple[str, ...]
    least: bool = False
    by: str = ""  # the number that is taken; "" takes what the question asks for
    way: str = ""  # of a ratio: index, difference, ...
    assumptions: list[str] = field(default_factory=list)


def find_frame(question: str, context: Context) -> Frame | None:
    """Tell whether a question is made of others, and of which.

    >>> context = Context(animals=("animal1", "animal2"), regions=("corner",))
    >>> find_frame("Which mouse spent the most time in the corner?", context).questions
    ('how long is each animal in the corner',)
    """
    text = re.sub(r"[?.! ]+$", "", tidy(question))
    for reader in (_formula, _index, _percent_of_bouts, _who, _ranked, _compared, _two, _rate):
        if frame := reader(text, context):
            return frame
    return None


def _is_less(word: str) -> bool:
    return word in LESS_WORDS


def _who(text: str, context: Context) -> Frame | None:
    """Read "which mouse ... the most"."""
    match = re.match(rf"(?:{WHO}) (?P<rest>.+)$", text)
    if not match or not re.search(
        r"\b(?:most|least|farthest|furthest|longest|shortest|fastest|slowest|first|highest|lowest|"
        r"largest|greatest|smallest|fewest|last)\b", text
    ):  # fmt: skip
        return None
    rest = re.sub(r"^(?:animal|mouse|rat|fly|fish) ", "", match["rest"])
    several(context)
    patterns = (
        (rf"(?:has |had )?{WENT}(?: the)? (?P<dir>most|farthest|furthest|longest|least|shortest|"
         r"(?:greatest|longest|most|least|shortest) (?:total )?(?:distance|way|path))(?P<tail>.*)",
         "distance travelled by each animal{tail}", "value"),
        (rf"(?:is|was|{WENT})(?: the)? (?P<dir>fastest|slowest)(?P<tail>.*)",
         "mean speed of each animal{tail}", "value"),
        (r"(?:is|was) (?:the )?(?P<dir>most|least) (?P<what>active|mobile|immobile|inactive|still)"
         r"(?P<tail>.*)", "how long is each animal {what}{tail}", "total_s"),
        (r"(?:(?:has|had) )?(?:spends?|spent|stays?|stayed|is|was)(?: the)? (?P<dir>most|least|"
         r"longest|shortest)(?: amount)?(?: of)?(?: the)?(?: time)? (?P<tail>.+)",
         "how long is each animal {tail}", "total_s"),
        (r"(?:is|was) (?:the )?first (?:one )?to (?P<what>.+)", "how soon does each animal {what}",
         "latency_s"),
        (r"(?P<what>.+?) first(?P<tail>(?: in .+| between .+|))",
         "how soon does each animal {what}{tail}", "latency_s"),
        (r"(?:made|makes|has|had|shows|showed)(?: the)? (?P<dir>most|fewest|least) (?P<what>.+)",
         "how often is {what} of each animal", "count"),
        (r"(?P<what>.+?)(?: the)? (?P<dir>most|least) (?:often|frequently|times)(?P<tail>.*)",
         "how often does each animal {what}{tail}", "count"),
        (r"(?:has|had|shows|showed|reached)(?: the)? (?P<dir>highest|largest|greatest|lowest|"
         r"smallest|longest|shortest) (?P<what>.+)", "{what} of each animal", ""),
        (r"(?P<what>.+?)(?: for)?(?: the)? (?P<dir>most|least|longest|shortest)"
         r"(?:(?: of the)? time)?(?P<tail>(?: in .+| between .+|))", "", ""),
    )  # fmt: skip
    for pattern, base, by in patterns:
        found = re.fullmatch(pattern, rest)
        if not found:
            continue
        words = {k: v or "" for k, v in found.groupdict().items()}
        direction = words.get("dir", "").split()[0] if words.get("dir") else ""
        if not base:
            once = EVENTS.match(words["what"]) and direction in ("most", "least")
            base = "how often does each animal" if once else "how long is each animal"
            base, by = base + " {what}{tail}", "count" if once else "total_s"
        made = base.format(**{k: words.get(k, "") for k in ("what", "tail")})
        first = by == "latency_s"
        extreme = direction in ("highest", "longest", "largest", "greatest", "lowest", "shortest")
        if extreme and by == "" and re.match(r"(?:speed|velocity|acceleration)\b", words["what"]):
            made = f"{'minimum' if _is_less(direction) else 'maximum'} {made}"
        return Frame("rank", (made,), first or _is_less(direction), by)
    return None


def several(context: Context) -> None:
    """Refuse a comparison where there is only one animal."""
    if len(context.animals) < 2:
        raise Refusal("Comparing needs two animals, and this video has only one tracked.")


def _ranked(text: str, context: Context) -> Frame | None:
    """Read "rank the animals by distance travelled"."""
    match = re.fullmatch(
        rf"(?:rank|order|sort) (?:all )?(?:the )?{NOUN} (?:by|according to|in) (?:their |the )?"
        r"(?P<what>.+?)(?P<up>,? (?:ascending|from (?:least|lowest|slowest|shortest).*))?", text
    )  # fmt: skip
    if not match:
        return None
    several(context)
    return Frame("rank", (f"{_averaged(match['what'])} of each animal",), bool(match["up"]))


def _averaged(what: str) -> str:
    plain = re.match(r"(?:speed|velocity|acceleration)\b", what)
    return f"mean {what}" if plain else what


def _compared(text: str, context: Context) -> Frame | None:
    """Read "compare the speed of mouse 1 and mouse 2"."""
    match = re.fullmatch(r"compare (?:the )?(?P<what>.+)", text)
    if not match:
        return None
    what = re.sub(r"\b(?:with|to|against|versus|vs) (?:that of )?", "and ", match["what"])
    return Frame("rank", (_averaged(what),))


def _animal_pattern(context: Context) -> str:
    own = "|".join(sorted(map(re.escape, map(str.lower, context.animals)), key=len, reverse=True))
    return rf"(?:(?:the )?(?:{own})|(?:mouse|rat|fly|fish|animal|individual) #?\d+)"


def _two(text: str, context: Context) -> Frame | None:
    """Read "did mouse 1 travel farther than mouse 2?", "how much longer is A in B than C"."""
    who = _animal_pattern(context)
    match = re.fullmatch(
        rf"(?P<much>how much )?(?P<before>more time |longer |farther |further |"
        r"more often |faster )?"
        rf"(?:does|did|do|is|was|has|had) (?P<a>{who}) (?P<what>.+?) than (?P<b>{who})(?P<tail>.*)",
        text,
    )
    if not match:
        return None
    said = f"{match['what']} {(match['before'] or '').strip()}".strip()
    tail = re.sub(r"^ (?:does|did|do|is|was)\b", "", match["tail"] or "")
    both = f"{match['a']} and {match['b']}"
    patterns = (
        (rf"{WENT}(?: a)? (?:farther|further|more|less|longer|(?:longer|shorter|greater) distance)",
         "distance travelled by {both}{tail}", "value"),
        (rf"(?:{WENT} |be )?(?:faster|slower|quicker)(?: on average)?",
         "mean speed of {both}{tail}", "value"),
        (r"(?:more|less) (?P<what>active|mobile|immobile|inactive)",
         "how long are {both} {what}{tail}", "total_s"),
        (r"(?P<what>.*?) ?(?:more|less) (?:often|frequently|times)(?P<where>.*)",
         "how often do {both} {what}{where}{tail}", "count"),
        (r"(?P<what>.*?) ?(?:a )?(?:more time|less time|longer|shorter)(?: time)?(?P<where>.*)",
         "how long are {both} {what}{where}{tail}", "total_s"),
        (r"(?P<what>.+?) (?:more|less)(?P<where>.*)", "how long are {both} {what}{where}{tail}",
         "total_s"),
    )  # fmt: skip
    for pattern, base, by in patterns:
        found = re.fullmatch(pattern, said)
        if found:
            words = {"what": "", "where": ""} | found.groupdict()
            made = base.format(both=both, tail=tail, **words)
            return Frame("rank", (re.sub(r"\s+", " ", made),), by=by)
    return None


def _rate(text: str, context: Context) -> Frame | None:
    """Read "how often per minute"."""
    if re.search(r"\bin (?:each|every) min|minute by minute|per[- ]minute bins", text):
        return None
    match = re.search(r"\s*(?:\bper (?:minute|min)\b|\b(?:each|a|every) minute\b|/ ?min\b)", text)
    if not match:
        return None
    before = text[: match.start()]
    if re.search(r"\d(?:\.\d+)? ?(?:cm|mm|m|px|pixels?|body lengths?|bl)$", before):
        return None  # "10 cm per minute" is a speed
    rest = re.sub(r"\s+", " ", before + " " + text[match.end() :]).strip()
    rest = re.sub(
        r"^(?:what is |what's )?(?:the )?(?:rate|frequency)(?: of)?\b", "how often is", rest
    )
    return Frame("rate", (rest,))


def _percent_of_bouts(text: str, context: Context) -> Frame | None:
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


def _formula(text: str, context: Context) -> Frame | None:
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


def _index(text: str, context: Context) -> Frame | None:
    """Read "ratio of A to B", "A divided by B", "A minus B", "preference for X over Y"."""
    pair = re.fullmatch(
        r"(?:what is |compute |calculate )?(?:the )?(?:discrimination|preference|recognition) "
        r"(?:index|score)(?: of| for| between)? (?P<a>.+?) (?:and|versus|vs|over|against|to) "
        r"(?P<b>.+?)"
        r"(?P<tail>(?: (?:of|for|by) (?:each (?:animal|mouse|rat)|.+ ?\d+))?)", text
    )  # fmt: skip
    if pair:
        return Frame(
            "ratio", tuple(_time_at(pair[k], context) + (pair["tail"] or "") for k in "ab"),
            way="index",
        )  # fmt: skip
    ways = (
        (r"(?:what is )?(?:the )?ratio (?:of|between) (?P<a>.+) (?:to|and|over) (?P<b>.+)",
         "ratio"),
        (r"(?:what is )?(?:the )?difference (?:between|of) (?P<a>(?:the )?(?:time|number).+) and "
         r"(?P<b>(?:the )?(?:time|number).+)", "difference"),
        (r"(?P<a>.+?) (?:divided by|over the|/) (?P<b>.+)", "ratio"),
        (r"(?P<a>.+?) minus (?P<b>.+)", "difference"),
    )  # fmt: skip
    for pattern, way in ways:
        match = re.fullmatch(pattern, text)
        if match:
            a, b = match["a"], match["b"]
            tail = re.search(rf" (?:of|for|by) {_animal_pattern(context)}$", b)
            if tail and not re.search(_animal_pattern(context), a):
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
        return text[: match.start()] + text[match.end() :], count * SECONDS[unit]
    return question, None
