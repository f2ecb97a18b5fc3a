"""Definitions found by what they say: full text over names, aliases and meanings."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from contextlib import closing

from llm_query.remembering.definitions import Definition, terms
from llm_query.remembering.inflections import bases
from llm_query.remembering.synonyms import PLAIN_WORDS, alike, is_measuring

# As if this many other definitions were kept: a word that the only one has is still telling.
_BACKGROUND = 20
# A definition must say this share of what was asked, with this many telling words (words of
# measuring, such as speed, count half); one telling word is enough when it is nearly all.
_MIN_SHARE, _MIN_WORDS = 0.2, 1.5
_SINGLE_SHARE = 0.5
_MEASURED = 0.5
# Others than the best come along when they are nearly as good.
_NEARLY, _MOST = 0.75, 2


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
    asked = [word for word in asked if not any(letter.isdigit() for letter in word)]
    if not asked or not definitions:
        return []
    scores = _scores(asked, definitions)
    best = max(share for share, _ in scores)
    chosen = sorted(
        (-share, place)
        for place, (share, said) in enumerate(scores)
        if share >= _NEARLY * best and _telling(share, said)
    )
    found = [definitions[place] for _, place in chosen[:_MOST]]
    return [one for one in found if one not in apart_from]


def _telling(share: float, said: float) -> bool:
    if said >= _MIN_WORDS:
        return share >= _MIN_SHARE
    return said >= 1 and share >= _SINGLE_SHARE


def _scores(asked: Sequence[str], definitions: Sequence[Definition]) -> list[tuple[float, float]]:
    """For every definition the share of what was asked that it says, and in how many words."""
    with closing(sqlite3.connect(":memory:")) as index:
        index.execute("CREATE VIRTUAL TABLE said USING fts5(words, tokenize='porter unicode61')")
        index.executemany(
            "INSERT INTO said (rowid, words) VALUES (?, ?)",
            [(place, _said(one)) for place, one in enumerate(definitions)],
        )
        hits = [_hits(index, word) for word in asked]
    total = len(definitions) + _BACKGROUND
    counts = [_MEASURED if is_measuring(word) else 1.0 for word in asked]
    weights = [
        count * math.log(1 + (total - len(hit) + 0.5) / (len(hit) + 0.5))
        for count, hit in zip(counts, hits, strict=True)
    ]
    whole = sum(weights)
    return [
        (
            sum(w for w, hit in zip(weights, hits, strict=True) if place in hit) / whole,
            sum(c for c, hit in zip(counts, hits, strict=True) if place in hit),
        )
        for place in range(len(definitions))
    ]


def _said(one: Definition) -> str:
    """The words of a definition without the names of what it needs: they mean another one."""
    others = {base for name in one.depends_on for word in terms(name) for base in bases(word)}
    words = terms(f"{' '.join(one.names)} {one.text}")
    return " ".join(word for word in words if others.isdisjoint(bases(word)))


def _hits(index: sqlite3.Connection, word: str) -> set[int]:
    asked = " OR ".join(f'"{one}"' for one in sorted(alike(word)))
    return {row for (row,) in index.execute("SELECT rowid FROM said WHERE said MATCH ?", [asked])}
