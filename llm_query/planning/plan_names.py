"""The study's own names in a run of words: animals, regions, body points, kept behaviours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from llm_query.planning.plan_lexicon import (
    CENTRE_PHRASES,
    GENERIC_REGION,
    POINT_SYNONYMS,
    SUBJECT_NOUNS,
)
from llm_query.planning.plan_slots import HEAD, Context, Refusal, Token
from llm_query.remembering.inflections import same_word

if TYPE_CHECKING:
    from llm_query.remembering.definitions import Definition

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
    text = re.sub(
        r"(?i)(\d ?(?:px|[cmk]?m|um|deg|rad|inches|pixels)) ?/ ?(?=(?:s|min|h|frame)\b)",
        r"\1/",
        text,
    )
    if not re.search(r"(?:^|[\s(])[\"“”]\S", text):  # a mark that opens no quotation: 2" is inches
        text = re.sub(r"(\d) ?[\"”″](?!\w)", r"\1 inches", text)
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
        self.used: dict[str, int] = {}
        self.places = self._named_places()

    def _named_places(self) -> dict[str, Definition]:
        """Kept definitions that are a region by another name: "spot" kept as "the corner"."""
        found: dict[str, Definition] = {}
        for one in self.context.definitions:
            text = re.sub(r"^(?:the|a|an|region|roi)\s+", "", one.text.strip(" .").lower())
            if norm(text) in self.regions and not one.code.strip():
                found |= {norm(name): one for name in (one.name, *one.aliases)}
        return found

    def _kept_place(self, key: str, text: str) -> Token | None:
        one = self.places.get(key)
        if one is None:
            return None
        place = re.sub(r"^(?:the|a|an|region|roi)\s+", "", one.text.strip(" .").lower())
        self.used[one.name] = one.version
        self.assumptions.append(f"'{one.name}' is kept in this study as: {one.text}")
        return Token("region", (self.regions[norm(place)],), text)

    def token(self, words: list[str]) -> Token | None:
        """Give the name these words are, as a region, animal or body point."""
        text = " ".join(words)
        key = norm(text)
        if words[-1] in PUNCTUATION or words[0] in PUNCTUATION:
            return None
        # an animal that is called like its tube never leaves it: its name means the animal
        place = None if key in self.animals else self._region(key, text)
        place = place or self._kept_place(key, text)
        return place or self._animal(key, text, words) or self._point(key, text)

    def kept(self, words: list[str]) -> Token | None:
        """Give the behaviour kept in the study under this name."""
        text = " ".join(words)
        if words[-1] in PUNCTUATION or words[0] in PUNCTUATION:
            return None
        for one in self.context.definitions:
            if one not in self.places.values() and any(
                same_name(text, name) for name in (one.name, *one.aliases)
            ):
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


def plain_numbers(text: str, context: Context) -> str:
    """Put numbers for named constants, "MAX_CONTACT (= 15 pixels ~ 2.5 cm)", and points of LMT."""

    def value(match: re.Match[str]) -> str:
        two = match["two"] or ""
        return two if two and context.px_per_cm is not None else match["one"]

    for said, point in DETECTIONS:
        text = re.sub(said, point, text)
    return TWICE.sub(r"\1", CONSTANT.sub(value, text))
