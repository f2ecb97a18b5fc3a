"""Mend slips of the fingers in words that mean nothing: "teh conrer" is "the corner"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache

from llm_query.planning.plan_lexicon import BODY_WORDS, STOP_WORDS, phrases
from llm_query.planning.plan_slots import Context, Token

SHORTEST = 5  # letters of a study's own name in which one letter may lack, be added or be wrong


def mend(text: str, tokens: Sequence[Token], context: Context) -> dict[str, str]:
    """What each unknown word must be meant as; only where there is no other choice.

    Two letters that changed places are mended in any known word, one letter in the study's own
    names only: "steps" is not "stops".

    >>> mend("teh", [Token("unknown", "teh", "teh")], Context(animals=("Mia",)))
    {'teh': 'the'}
    """
    own = _words((*context.regions, *context.animals, *context.points))
    found = {}
    for token in tokens:
        if token.kind != "unknown" or len(token.text) < 3 or not token.text.isalpha():
            continue
        meant = {word for word in known_words() | own if swapped(token.text, word)}
        meant = meant or {word for word in own if _nearly(token.text, word)}
        if len(meant) == 1:
            found[token.text] = meant.pop()
    return found


@cache
def known_words() -> frozenset[str]:
    """Every word that means something in a question, or nothing at all."""
    return _words((*phrases(), *STOP_WORDS, *BODY_WORDS))


def _words(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(w for text in texts for w in re.findall(r"[^\W\d_]{3,}", text.lower()))


def swapped(one: str, other: str) -> bool:
    """Tell whether two words differ in two neighbouring letters that changed places.

    >>> swapped("conrer", "corner"), swapped("steps", "stops")
    (True, False)
    """
    if len(one) != len(other) or one == other:
        return False
    apart = [k for k, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    first = apart[0]
    return (
        len(apart) == 2 and apart[1] == first + 1
        and one[first : first + 2] == other[first : first + 2][::-1]
    )  # fmt: skip


def _nearly(word: str, name: str) -> bool:
    """Tell whether a word is a study's own name but for one letter."""
    from rapidfuzz.distance import OSA

    return len(name) >= SHORTEST and OSA.distance(word, name, score_cutoff=1) <= 1
