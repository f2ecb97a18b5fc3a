"""Sentences that define something: "Define chase as ...", "By chase I mean ...", "chase: ..."."""

from __future__ import annotations

import re
from dataclasses import dataclass

from llm_query.remembering.definitions import terms
from llm_query.remembering.synonyms import FUNCTION_WORDS

_NAME = r"(?:<\|\s*(?P<symbol>[^|<>]{1,60}?)\s*\|>|[\"“'‘`](?P<quoted>[^\"”'’`]{1,60})[\"”'’`]|%s)"
_BARE = r"(?P<bare>[^\W\d][\w'-]*(?: [\w'-]+){0,3}?)"
_KIND = (
    r"(?:(?:an?|the) (?:\w+ ){0,2}?(?:behaviou?r|event|state|measure|region|place|time|period)s?"
    r"(?: (?:where|in which|when|that when|that))? )?"
)
_MARKED = _NAME % r"(?!)"
_ANY = _NAME % _BARE
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        r"(?:please )?(?:let us |let's |now )?(?:re-?)?"
        rf"define (?:an? |the )?{_ANY}(?: as|:| to be| to mean) {_KIND}(?P<text>.+)",
        rf"by {_ANY} (?:i|we) mean:? {_KIND}(?P<text>.+)",
        rf"(?:from now on,? )?let {_ANY} mean:? {_KIND}(?P<text>.+)",
        rf"(?:from now on,? )?{_ANY} (?:means|shall mean):? {_KIND}(?P<text>.+)",
        rf"(?:the |an? )?{_MARKED} (?:is|are):? {_KIND}(?P<text>.+)",
        rf"if (?P<text>.+?),? then (?:the |this )?(?:behaviou?r|it) is (?:called )?{_ANY}[.!]?$",
        rf"(?:(?:we|i) |please )?call it (?:an? |the )?{_ANY} (?:when|if) (?P<text>.+)",
    )
)
# "..., also called pursuit" at the end.
_ALSO = re.compile(
    r"[,;.]?\s*\b(?:(?:it|which|this|that) is )?(?:also (?:called|known as|named)|aka|alias|"
    r"(?:another|an other) (?:word|name) for it is):? "
    r"[\"“'‘`]?(?P<alias>[^\W\d][\w' -]{0,59}?)[\"”'’`]?[.!]?$",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"^(?:an?|the) (?=\w)", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"“'<])")
_ASKING = (
    r"(?:how|when|where|what|which|who|is|are|do|does|did|plot|draw|show|give|get|count|find|list)"
    r"\b"
)
_ASKED = re.compile(_ASKING, re.IGNORECASE)
_ASKED_AFTER_COMMA = re.compile(
    r",\s+(?=(?:and )?(?:count|plot|draw|show|give|find|list|how (?:often|many|much|long))\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Spoken:
    """A definition in a sentence, and the question that comes with it."""

    name: str
    text: str
    question: str = ""
    aliases: tuple[str, ...] = ()


def read_definition(sentence: str) -> Spoken | None:
    """Read what a person defines, or give None for a question that defines nothing.

    >>> spoken = read_definition("Define <|chase|> as both run. How often do they chase?")
    >>> spoken.name, spoken.text, spoken.question
    ('chase', 'both run', 'How often do they chase?')
    >>> read_definition("How often does the mouse rear?") is None
    True
    """
    said, question = _apart(sentence.strip())
    also = _ALSO.search(said)
    said = said[: also.start()] if also else said
    for pattern in _PATTERNS:
        found = pattern.match(said)
        if found is not None:
            name = found["symbol"] or found["quoted"] or found["bare"]
            if _ASKED.match(name) or FUNCTION_WORDS.issuperset(terms(name)):
                return None
            text = found["text"].strip().rstrip(".!;").strip()
            aliases = (also["alias"].strip(),) if also else ()
            return Spoken(_ARTICLE.sub("", name), text, question, aliases) if text else None
    return None


def _apart(sentence: str) -> tuple[str, str]:
    """Part what is defined from what is then asked; further statements are of the definition."""
    parts = _SENTENCE.split(sentence)
    asked = next(
        (k for k, part in enumerate(parts) if k and (part.endswith("?") or _ASKED.match(part))),
        len(parts),
    )
    said, question = " ".join(parts[:asked]), " ".join(parts[asked:])
    comma = _ASKED_AFTER_COMMA.search(said)
    if comma is not None:
        question = f"{said[comma.end() :]} {question}".strip()
        said = said[: comma.start()]
    return said, question
