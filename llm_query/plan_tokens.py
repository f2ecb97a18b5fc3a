"""Turn the words of a question into tokens: names of this study, quantities, known phrases."""

from __future__ import annotations

import re
from dataclasses import replace

from llm_query.inflections import same_word
from llm_query.plan_lexicon import (
    BODY_WORDS,
    CENTRE_PHRASES,
    GENERIC_REGION,
    POINT_SYNONYMS,
    SOFT_WORDS,
    STOP_WORDS,
    SUBJECT_NOUNS,
    phrases,
)
from llm_query.plan_slots import HEAD, Context, Refusal, Token, Window
from llm_query.plan_units import ONE_LENGTH, QUANTITY, read_quantity, read_windows

WORD = re.compile(
    r"[<>]=|[<>≤≥=]|\d+(?:\.\d+)?|[^\W\d][\w]*(?:[-'][^\W\d]\w*)*'?|[-−+*/%°&#.,;:()\[\]?!]|\S"
)
LONGEST = 8
MEANINGS = (
    "doing",
    "chase",
    "contact",
    "facing",
    "immobile",
    "explore",
    "move",
    "near",
)  # a study's
# own meaning of these words goes before that of the vocabulary
NUMBERED_PLACE = re.compile(r"(?:roi|region|zone|object|area|arm|place|chamber|compartment)s?\d+$")
PUNCTUATION = frozenset(",;.:()[]?!-")


def same_name(text: str, name: str) -> bool:
    """Tell whether words are a kept name, up to spelling and the inflection of its words.

    >>> same_name("chases", "chase"), same_name("head dips", "head_dip"), same_name("in", "inn")
    (True, True, False)
    """
    if norm(text) == norm(name):
        return True
    one = re.split(r"[\s_\-]+", text.lower())
    other = re.split(r"[\s_\-]+", name.lower())
    return len(one) == len(other) and all(same_word(a, b) for a, b in zip(one, other, strict=True))


def tidy(question: str) -> str:
    """Lower the case and take away marks that only decorate (<|name|>, quotes)."""
    text = question.replace("’", "'").replace("−", "-").replace("–", "-")
    text = re.sub(r"<\|(.*?)\|>", r"\1", text)
    text = re.sub(r"(?i)\b(\d{1,2})(?:st|nd|rd|th)[- ]percentile(?: of)?", r"percentile_\1", text)
    text = re.sub(r"[\"“”`]|(?<!\w)'|'(?!\w)", " ", text)
    return re.sub(r"\s+", " ", text).strip().lower()


def norm(name: str) -> str:
    """Reduce a name to what people agree on: case, spaces, underscores, British spelling.

    >>> norm("Open_Arm 1") == norm("open arm1")
    True
    """
    return re.sub(r"[\s_\-]+", "", name.lower()).replace("center", "centre").replace("grey", "gray")


class Names:
    """Finds the study's own names in a run of words."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.regions = {norm(name): name for name in context.regions}
        self.animals = {norm(name): name for name in context.animals}
        self.points = {norm(name): name for name in context.points}
        self.assumptions: list[str] = []

    def token(self, words: list[str]) -> Token | None:
        """Give the name these words are, as a region, animal or body point."""
        text = " ".join(words)
        key = norm(text)
        if words[-1] in PUNCTUATION or words[0] in PUNCTUATION:
            return None
        return self._region(key, text) or self._animal(key, text, words) or self._point(key, text)

    def kept(self, words: list[str]) -> Token | None:
        """Give the behaviour kept in the study under this name."""
        text = " ".join(words)
        if words[-1] in PUNCTUATION or words[0] in PUNCTUATION:
            return None
        for one in self.context.definitions:
            if any(same_name(text, name) for name in (one.name, *one.aliases)):
                return Token("kept_meaning", one.name, text)
        for kind, names in (("scored", self.context.behaviours), ("learned", self.context.learned)):
            for name in names:
                if same_name(text, name):
                    return Token(kind, name, text)
        return None

    def _region(self, key: str, text: str) -> Token | None:
        if key in self.regions:
            return Token("region", (self.regions[key],), text)
        stem = key[:-1] if key.endswith("s") else key
        if stem != key and stem in self.regions:
            return Token("region", (self.regions[stem],), text)
        family = tuple(
            name
            for name in self.context.regions
            if re.fullmatch(
                re.escape(stem) + r"(?:\d+|left|right|top|bottom|a|b|north|south|east|west)",
                norm(name),
            )
        )
        if len(family) > 1 and stem not in GENERIC_REGION and stem not in SUBJECT_NOUNS:
            self.assumptions.append(f"'{text}' means {' or '.join(family)}, taken together.")
            return Token("region", family, text)
        return None

    def _animal(self, key: str, text: str, words: list[str]) -> Token | None:
        possessive = norm(re.sub(r"'s?$", "", text))
        if possessive in self.animals:
            return Token("animal", self.animals[possessive], text)
        match = re.fullmatch(r"([a-z]+?)s?#?(?:no\.?|number)?(\d+)(?:'s)?", key)
        if not match or match[1] not in SUBJECT_NOUNS or words[-1] == "#":
            return None
        return Token("animal", self.numbered(int(match[2]), text), text)

    def numbered(self, number: int, text: str) -> str:
        """Resolve "mouse 2": the animal whose name ends in 2, else the second one."""
        names = self.context.animals
        ending = {name: re.search(r"(\d+)$", name) for name in names}
        same = [name for name, end in ending.items() if end and int(end[1]) == number]
        if len(same) == 1:
            return same[0]
        if any(ending.values()) or not 1 <= number <= len(names):
            hint = " Animals are counted from 1 here." if number == 0 else ""
            raise Refusal(
                f"There is no '{text}' in this video; it has {', '.join(names)}.{hint} "
                "Ask again with one of these names."
            )
        self.assumptions.append(f"'{text}' is {names[number - 1]}, number {number} of this video.")
        return names[number - 1]

    def _point(self, key: str, text: str) -> Token | None:
        name = self.points.get(key) or self.points.get(norm(POINT_SYNONYMS.get(text, "")))
        if name is None and text in CENTRE_PHRASES and "centre" in self.points:
            name = self.points["centre"]
        if name is None and text == "head":
            return Token("point", HEAD, text)
        return Token("point", name, text) if name else None


def lex(question: str, context: Context) -> tuple[list[Token], list[Window], Names]:
    """Give the tokens of a question in order, stop words included (kind "stop")."""
    text = ONE_LENGTH.sub(_as_digits, _plain_numbers(tidy(question), context))
    text, windows = read_windows(text)
    names = Names(context)
    tokens: list[Token] = []
    place = 0
    while place < len(text):
        match = WORD.search(text, place)
        if match is None:
            break
        token, place = _next_token(text, match, names, tokens)
        tokens.append(token)
    return tokens, windows, names


CONSTANT = re.compile(  # "MAX_CONTACT_THRESHOLD (= 15 pixels for mice ~ 2.5 cm)"
    r"\b[a-z]+(?:_[a-z]+){2,}\s*\(\s*=\s*(?P<one>[^()~]*?)(?: for [a-z]+)?\s*"
    r"(?:~\s*(?P<two>[^()]*?))?\)"
)
TWICE = re.compile(  # "3 frames (0.1 s)"
    r"(\d+(?:\.\d+)? ?(?:frames?|s|ms|px|pixels?|cm|mm))\s*\((?:[~=] ?)?\d[\d.]* ?[a-z]+\)"
)
DETECTIONS = (  # what the Live Mouse Tracker calls its points
    (r"front detection(?: \(head\))?", "nose"),
    (r"back detection(?: \(tail\))?", "tail base"),
)


def _plain_numbers(text: str, context: Context) -> str:
    """Put numbers for named constants, "MAX_CONTACT (= 15 pixels ~ 2.5 cm)", and points of LMT."""

    def value(match: re.Match[str]) -> str:
        two = match["two"] or ""
        return two if two and context.px_per_cm is not None else match["one"]

    for said, point in DETECTIONS:
        text = re.sub(said, point, text)
    return TWICE.sub(r"\1", CONSTANT.sub(value, text))


def _as_digits(match: re.Match[str]) -> str:
    from llm_query.plan_units import number

    return f"{number(match['number']):g} {match['unit']}"


def _next_token(
    text: str, match: re.Match[str], names: Names, before: list[Token]
) -> tuple[Token, int]:
    """Take the longest name, phrase or quantity that starts here."""
    start = match.start()
    spans = list(_spans(text, start))
    sizes = range(len(spans), 0, -1)
    for size in sizes:
        words = [word for word, _ in spans[:size]]
        stop = spans[size - 1][1]
        token = names.token(words)
        if token is not None:
            return token, stop
        phrase = phrases().get(" ".join(words))
        if (phrase is None or phrase[0] in MEANINGS) and (kept := names.kept(words)):
            return kept, stop
        if phrase is not None:
            return Token(*phrase, text[start:stop]), stop
    quantity = QUANTITY.match(text, start - _negative(text, start, before))
    if quantity and quantity["number"]:
        return Token("quantity", read_quantity(quantity), quantity[0].strip()), quantity.end()
    return _lone(spans)


def _negative(text: str, start: int, before: list[Token]) -> bool:
    return (
        start > 0
        and text[start - 1] == "-"
        and bool(before)
        and before[-1].kind == "punctuation"
        and before[-1].text == "-"
    )


def _spans(text: str, start: int) -> list[tuple[str, int]]:
    """Give the next words with where each ends; a sentence mark ends the run."""
    spans: list[tuple[str, int]] = []
    for match in WORD.finditer(text, start):
        spans.append((match[0], match.end()))
        if len(spans) == LONGEST or match[0] in PUNCTUATION:
            break
    return spans


def _lone(spans: list[tuple[str, int]]) -> tuple[Token, int]:
    word, stop = spans[0]
    if len(spans) > 1 and NUMBERED_PLACE.fullmatch(norm(word + spans[1][0])):
        return Token("no_region", word + " " + spans[1][0], word + " " + spans[1][0]), spans[1][1]
    if NUMBERED_PLACE.fullmatch(norm(word)):
        return Token("no_region", word, word), stop
    if word.startswith("percentile_"):
        share = int(word.removeprefix("percentile_")) / 100
        return Token("agg", f"quantile:{share:g}", word), stop
    if word in PUNCTUATION:
        return Token("punctuation", word, word), stop
    if word in GENERIC_REGION:
        return Token("generic_region", word, word), stop
    if word in BODY_WORDS:
        return Token("no_point", word, word), stop
    if word in SOFT_WORDS:
        return Token("soft", word, word), stop
    if word in STOP_WORDS:
        return Token("stop", word, word), stop
    return Token("unknown", word, word), stop


def join_aliases(tokens: list[Token], names: Names) -> list[Token]:
    """Resolve "the open arm which is ROI0" and "the open arm is the ROI0." within a question."""
    tokens, learned = _statements(tokens)
    tokens = _which_is(tokens, learned)
    for words, token in learned.items():
        if len(token.value) == 1 and norm(words) != norm(token.value[0]):
            names.assumptions.append(
                f"'{words}' is the region {token.value[0]}, as the question says."
            )
    return _replace_runs(tokens, learned)


PLACE_KINDS = ("unknown", "generic_region", "no_region", "no_point", "soft")


def _statements(tokens: list[Token]) -> tuple[list[Token], dict[str, Token]]:
    """Take away sentences of the form "X is (the) REGION." """
    learned: dict[str, Token] = {}
    kept: list[Token] = []
    sentence: list[Token] = []
    for token in [*tokens, Token("punctuation", ".", ".")]:
        sentence.append(token)
        if token.text not in (".", ";", "?"):
            continue
        texts = [t.text for t in sentence[:-1] if t.text not in ("the", "a", "an", ",")]
        kinds = [t.kind for t in sentence[:-1] if t.text not in ("the", "a", "an", ",")]
        if "is" in texts[1:-1]:
            cut = texts.index("is")
            left, right = kinds[:cut], kinds[cut + 1 :]
            if right == ["region"] and all(kind in PLACE_KINDS for kind in left):
                place = next(t for t in reversed(sentence) if t.kind == "region")
                learned[" ".join(texts[:cut])] = place
                sentence = []
                continue
        kept += sentence
        sentence = []
    return kept[:-1] if kept and kept[-1].text == "." else kept, learned


def _which_is(tokens: list[Token], learned: dict[str, Token]) -> list[Token]:
    """Collapse "UNKNOWN, which is REGION" and "REGION which is UNKNOWN" into the region."""
    out: list[Token] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        if token.text not in ("which", "that") or _text(tokens, place + 1) != "is":
            out.append(token)
            place += 1
            continue
        after = place + 2
        while _text(tokens, after) in ("the", "a", "an"):
            after += 1
        comma = bool(out) and out[-1].text == ","
        here = len(out) - comma
        left = here
        while left and out[left - 1].kind in PLACE_KINDS:
            left -= 1
        if after < len(tokens) and tokens[after].kind == "region" and left < here:
            learned[" ".join(t.text for t in out[left:here])] = tokens[after]
            out[left:] = [tokens[after]]
            place = after + 1
        elif here and out[here - 1].kind == "region":
            stop = after
            while stop < len(tokens) and tokens[stop].kind in PLACE_KINDS:
                stop += 1
            same = stop == after and _text_kind(tokens, after) == "region"
            if same and tokens[after].value != out[here - 1].value:
                raise Refusal(
                    f"'{out[here - 1].text}' and '{tokens[after].text}' are two regions of this "
                    "study. "
                    "Name the one you mean."
                )
            learned[" ".join(t.text for t in tokens[after:stop]) or out[here - 1].text] = out[
                here - 1
            ]
            del out[here:]
            place = stop + same
        else:
            out.append(token)
            place += 1
    return out


def _text(tokens: list[Token], place: int) -> str:
    return tokens[place].text if place < len(tokens) else ""


def _text_kind(tokens: list[Token], place: int) -> str:
    return tokens[place].kind if place < len(tokens) else ""


def _replace_runs(tokens: list[Token], learned: dict[str, Token]) -> list[Token]:
    """Use a name learned in the question wherever its words come again."""
    out = list(tokens)
    for words, place in learned.items():
        size = len(words.split())
        spot = 0
        while spot + 1 <= len(out):
            run = out[spot : spot + size]
            if " ".join(t.text for t in run) == words and all(t.kind in PLACE_KINDS for t in run):
                out[spot : spot + size] = [replace(place, text=words)]
            spot += 1
    return out
