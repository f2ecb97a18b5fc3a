"""What a study remembers: definitions by name, and the turns of a conversation."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

# Words up to six letters are mostly one token, longer ones one for every five letters or so.
_PIECES = re.compile(r"[^\W\d_]+|\d+|\s\s+|\n|_|[^\w\s]")
_WORD_LETTERS = 6
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_TERMS = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Definition:
    """One version of what a name means in a study."""

    name: str
    aliases: tuple[str, ...] = ()
    text: str = ""  # the meaning in words, as the person gave it
    code: str = ""  # Python that computes it; may be empty
    parameters: dict[str, Any] = field(default_factory=dict, hash=False)  # units in the names
    depends_on: tuple[str, ...] = ()  # names of definitions that this one needs
    version: int = 1
    author: str = ""
    created_at: datetime | None = None  # UTC
    last_used_at: datetime | None = None  # UTC, None: never
    meaning_since: int = 0  # first version with this meaning (renames keep it); 0: this version

    @property
    def names(self) -> tuple[str, ...]:
        """The name and the aliases."""
        return (self.name, *self.aliases)

    def as_prompt(self) -> str:
        """Write the definition as a language model reads it; what the token budget counts.

        >>> print(Definition("chase", ("pursuit",), "closer than 40 px").as_prompt())
        chase (also pursuit): closer than 40 px
        """
        also = f" (also {', '.join(self.aliases)})" if self.aliases else ""
        lines = [f"{self.name}{also}: {self.text}".rstrip()]
        if self.parameters:
            values = ", ".join(f"{name} = {value}" for name, value in self.parameters.items())
            lines.append(f"  parameters: {values}")
        if self.code:
            lines += [f"  {line}".rstrip() for line in self.code.strip().splitlines()]
        return "\n".join(lines)


@dataclass(frozen=True)
class Turn:
    """One question and its answer."""

    question: str
    text: str = ""  # the answer in words
    code: str = ""
    definitions: tuple[tuple[str, int], ...] = ()  # (name, version) used; version 0 never ages
    at: datetime | None = None  # UTC

    def as_prompt(self) -> str:
        """Write the turn as a language model reads it; what the token budget counts."""
        return "\n".join(part for part in (self.question, self.code, self.text) if part)


@lru_cache(maxsize=10_000)  # the same definitions and turns are counted for every question
def estimate_tokens(text: str) -> int:
    """Estimate how many tokens a language model counts in a text, rather too many than too few.

    >>> estimate_tokens("How often does the mouse chase?")
    7
    """
    return sum(map(_piece_tokens, _PIECES.findall(text)))


@lru_cache(maxsize=50_000)
def _piece_tokens(piece: str) -> int:
    first = piece[0]
    if first.isspace():
        return piece.count("\n") + (len(piece) > 1 and "\n" not in piece)
    if not piece.isascii():
        return len(piece)  # other scripts: about one per letter
    if first.isdigit():
        return math.ceil(len(piece) / 3)
    if first.isalpha():
        return 1 if len(piece) <= _WORD_LETTERS else math.ceil(len(piece) / 5)
    return 1


def terms(text: str) -> list[str]:
    """Split a text into lower-case words; `head_dips` and `headDips` are two words.

    >>> terms("The mouse's <|headDips|>, 3 cm")
    ['the', 'mouse', 'head', 'dips', '3', 'cm']
    """
    return list(_terms(text))


@lru_cache(maxsize=10_000)
def _terms(text: str) -> tuple[str, ...]:
    plain = _CAMEL.sub(" ", unicodedata.normalize("NFKC", text))
    plain = re.sub(r"['’](s|t|re|ve|ll)?\b", "", plain.casefold())
    return tuple(_TERMS.findall(plain))
