"""Questions made of other questions: who did it most, per minute, in bins, ratios, shares.

Each is a plain question (or two) and what is done to the answer, a word of the vocabulary.
"""

from __future__ import annotations

import re

from llm_query.planning.plan_names import Names, tidy
from llm_query.planning.plan_ratios import Frame, animal_pattern, formula, index, percent_of_bouts
from llm_query.planning.plan_slots import Context, Refusal, lone
from llm_query.planning.plan_units import MOVED

NOUN = r"(?:animals?|mouse|mice|rats?|fly|flies|fish|individuals?|subjects?|one)"
WHO = rf"(?:which|what) (?:of the )?{NOUN}|who"
MOST, LEAST = "most", "least"
LESS_WORDS = ("least", "less", "shortest", "shorter", "slowest", "slower", "lowest", "smallest",
              "fewest", "fewer", "lower", "rarely")  # fmt: skip
WENT = r"(?:travel(?:l?ed|s)?|moved?|walked|walk|ran|run|swam|swim|went|go|covered|cover)"
EVENTS = re.compile(r"(?:enter|visit|leave|left|exit|touch|contact|chase|approach|sniff|groom)")


def find_frame(question: str, context: Context) -> Frame | None:
    """Tell whether a question is made of others, and of which.

    >>> context = Context(animals=("animal1", "animal2"), regions=("corner",))
    >>> find_frame("Which mouse spent the most time in the corner?", context).questions
    ('how long is each animal in the corner',)
    """
    text = re.sub(r"[?.! ]+$", "", tidy(question))
    for reader in (formula, index, percent_of_bouts, _who, _ranked, _compared, _two, _rate):
        if frame := reader(text, context):
            return frame
    return None


def _is_less(word: str) -> bool:
    return word in LESS_WORDS


def _who(text: str, context: Context) -> Frame | None:
    """Read "which mouse ... the most"."""
    if re.match(rf"(?:which|what) (?:pairs?|two {NOUN})\b", text):
        raise Refusal(
            "'which pair' is not put in order here. Ask for example how long the animals touch "
            "each other: the answer has each pair with its numbers."
        )
    match = re.match(rf"(?:{WHO}) (?P<rest>.+)$", text)
    if not match or not re.search(
        r"(?<!at )\b(?:most|least|farthest|furthest|longest|shortest|fastest|slowest|first|highest|"
        r"lowest|"
        r"largest|greatest|smallest|fewest|last)\b", text
    ):  # fmt: skip
        return None
    rest = re.sub(r"^(?:animal|mouse|rat|fly|fish) ", "", match["rest"])
    several(context)
    if rest.endswith(" last"):
        raise Refusal(
            "'last' of several animals: ask when each animal was there for the last time."
        )
    if re.match(r"(?:is|was|gets?|got) (?!the\b|in\b)\w+ed\b", rest):
        raise Refusal("Who does it to whom? Ask which animal does it the most, not to which.")
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
        raise lone("Comparing")


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


def _two(text: str, context: Context) -> Frame | None:
    """Read "did mouse 1 travel farther than mouse 2?", "how much longer is A in B than C"."""
    who = animal_pattern(context)
    places = re.fullmatch(
        rf"(?:is|was) (?P<a>{who}) (?:faster|slower|quicker) (?P<one>(?:in|on) .+?) than "
        r"(?P<two>(?:in|on) .+)", text
    )  # fmt: skip
    if places:
        a, one, two = places.groups()
        raise Refusal(
            f"'{one} than {two}' compares two places, which is not known here. Ask for the one, "
            f"then the other: what is the mean speed of {a} {one}?"
        )
    match = re.fullmatch(
        rf"(?P<much>how much )?(?P<before>more time |longer |farther |further |"
        r"more often |faster )?"
        rf"(?:does|did|do|is|was|has|had) (?P<a>{who}) (?P<what>.+?) than (?P<b>{who})(?P<tail>.*)",
        text,
    )
    if not match:
        return None
    several(context)
    said = f"{match['what']} {(match['before'] or '').strip()}".strip()
    if re.search(animal_pattern(context), match["what"]):
        raise Refusal(
            f"'than {match['b']}' could be the one who does it, or to whom. Ask about the two one "
            "by one."
        )
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
            less = any(_is_less(word) for word in said.split())
            asked = "" if match["much"] else _name_of(match["a"], context)
            question_made = (re.sub(r"\s+", " ", made),)
            return Frame("rank", question_made, bool(asked) and less, by, asked=asked)
    return None


def _name_of(said: str, context: Context) -> str:
    """Give the animal's own name; "" where the words are none."""
    token = Names(context).token(said.removeprefix("the ").split())
    return str(token.value) if token is not None and token.kind == "animal" else ""


def _rate(text: str, context: Context) -> Frame | None:
    """Read "how often per minute"."""
    if re.search(r"\bin (?:each|every) min|minute by minute|per[- ]minute bins", text):
        return None
    match = re.search(r"\s*(?:\bper (?:minute|min)\b|\b(?:each|a|every) minute\b|/ ?min\b)", text)
    if not match:
        return None
    before = text[: match.start()]
    if re.search(rf"\d ?(?:{MOVED})$", before):
        return None  # "10 cm per minute" is a speed
    rest = re.sub(r"\s+", " ", before + " " + text[match.end() :]).strip()
    rest = re.sub(
        r"^(?:what is |what's )?(?:the )?(?:rate|frequency)(?: of)?\b", "how often is", rest
    )
    return Frame("rate", (rest,))
