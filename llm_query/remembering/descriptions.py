"""Definitions found by what they say: full text over names, aliases and meanings."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from llm_query.remembering.definitions import Definition, terms
from llm_query.remembering.inflections import bases
from llm_query.remembering.synonyms import PLAIN_WORDS, alike, is_measuring

# As if this many other definitions were kept: a word that the only one has is still telling.
_BACKGROUND = 20
# A definition must say this share of what was asked, with this many telling words (words of
# measuring, such as speed, count half). With 1.5 words, descriptions that nothing was fitted to
# were found in 92 %, with 1 in 96 %, and what nobody asked for came along in 19 % instead of 13 %
# of the other questions, at 6 tokens a question.
_MIN_SHARE, _MIN_WORDS = 0.2, 1.0
_SINGLE_SHARE = 0.5  # where the only telling word is in its names
_NAMED = 0.5  # what a word of its names is short of one of its meaning
_MEASURED = 0.5
# Others than the best come along when they are nearly as good.
_NEARLY, _MOST = 0.6, 2


def described(
    words: Sequence[str], definitions: Sequence[Definition], apart_from: Sequence[Definition] = ()
) -> list[Definition]:
    """Give the definitions that the words describe, best first; mostly one or none.

    words: in lower case, as `terms` gives them.

    >>> rest = Definition("torpor", (), "the mouse lies motionless in its nest for a minute")
    >>> [one.name for one in described(["lying", "motionless", "nest"], [rest])]
    ['torpor']
    """
    asked = [word for word in dict.fromkeys(words) if word not in PLAIN_WORDS and len(word) > 1]
    asked = [word for word in asked if not word[0].isdigit()]  # "roi0" is a name, "30px" is none
    if not asked or not definitions:
        return []
    scores = _scores(asked, definitions)
    best = max(score.share for score in scores)
    chosen = sorted(
        (-score.share, place)
        for place, score in enumerate(scores)
        if score.share >= _NEARLY * best and score.is_telling()
    )
    found = [definitions[place] for _, place in chosen[:_MOST]]
    return [one for one in found if one not in apart_from]


@dataclass(frozen=True)
class _Score:
    """What a definition says of a question: the share of it, in how many words of its meaning."""

    share: float
    said: float
    in_text: float  # not in its names alone: "the closed arm" is not about "close"

    def is_telling(self) -> bool:
        if max(self.in_text, self.said - _NAMED) >= _MIN_WORDS:
            return self.share >= _MIN_SHARE
        return self.said >= 1 and self.share >= _SINGLE_SHARE


def _scores(asked: Sequence[str], definitions: Sequence[Definition]) -> list[_Score]:
    with closing(sqlite3.connect(":memory:")) as index:
        index.execute(
            "CREATE VIRTUAL TABLE said USING fts5(names, words, tokenize='porter unicode61')"
        )
        index.executemany(
            "INSERT INTO said (rowid, names, words) VALUES (?, ?, ?)",
            [(place, *_said(one)) for place, one in enumerate(definitions)],
        )
        in_text = [_hits(index, word, "{words}") for word in asked]
        hits = [_hits(index, word, "{names words}") for word in asked]
    total = len(definitions) + _BACKGROUND
    counts = [_MEASURED if is_measuring(word) else 1.0 for word in asked]
    weights = [
        count * math.log(1 + (total - len(hit) + 0.5) / (len(hit) + 0.5))
        for count, hit in zip(counts, hits, strict=True)
    ]
    whole = sum(weights)

    def of(values: Sequence[float], found: Sequence[set[int]], place: int) -> float:
        return sum(value for value, hit in zip(values, found, strict=True) if place in hit)

    return [
        _Score(of(weights, hits, k) / whole, of(counts, hits, k), of(counts, in_text, k))
        for k in range(len(definitions))
    ]


def _said(one: Definition) -> tuple[str, str]:
    """The words of the names and of the meaning, without the names of what it needs.

    Those mean another one.
    """
    others = {base for name in one.depends_on for word in terms(name) for base in bases(word)}
    names, text = (
        " ".join(word for word in terms(said) if others.isdisjoint(bases(word)))
        for said in (" ".join(one.names), one.text)
    )
    return names, text


def _hits(index: sqlite3.Connection, word: str, columns: str) -> set[int]:
    asked = " OR ".join(f'"{one}"' for one in sorted(alike(word)))
    query = f"{columns} : ({asked})"
    return {row for (row,) in index.execute("SELECT rowid FROM said WHERE said MATCH ?", [query])}
