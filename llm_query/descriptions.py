"""Definitions found by what they say: full text over names, aliases and meanings."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from contextlib import closing

from llm_query.definitions import Definition

# As if this many other definitions were kept: a word that the only one has is still telling.
_BACKGROUND = 20
_MIN_WORDS = 2
_MIN_SHARE = 0.35
_NEARLY = 0.85
_MOST = 2
_PLAIN = """
a an and are as at be by do does for from how in is it many much of often on the to was were what
when where which while with animal mouse
"""
PLAIN_WORDS = frozenset(_PLAIN.split())


def described(
    words: Sequence[str], definitions: Sequence[Definition], apart_from: Sequence[Definition] = ()
) -> list[Definition]:
    """Give the definitions that the words describe, best first; mostly one or none.

    words: in lower case, as `terms` gives them.

    >>> rest = Definition("torpor", (), "the mouse lies motionless in its nest for a minute")
    >>> [one.name for one in described(["lying", "motionless", "nest"], [rest])]
    ['torpor']
    """
    asked = [word for word in dict.fromkeys(words) if word not in PLAIN_WORDS]
    if len(asked) < _MIN_WORDS or not definitions:
        return []
    scores = _scores(asked, definitions)
    best = max((score for score, _ in scores), default=0.0)
    chosen = sorted(
        (
            (-score, place)
            for place, (score, matched) in enumerate(scores)
            if matched >= _MIN_WORDS and score >= max(_MIN_SHARE, _NEARLY * best)
        )
    )
    found = [definitions[place] for _, place in chosen[:_MOST]]
    return [one for one in found if one not in apart_from]


def _scores(asked: Sequence[str], definitions: Sequence[Definition]) -> list[tuple[float, int]]:
    """For every definition the share of what was asked that it says, and how many words."""
    with closing(sqlite3.connect(":memory:")) as index:
        index.execute("CREATE VIRTUAL TABLE said USING fts5(words, tokenize='porter unicode61')")
        index.executemany(
            "INSERT INTO said (rowid, words) VALUES (?, ?)",
            [(place, f"{' '.join(one.names)} {one.text}") for place, one in enumerate(definitions)],
        )
        hits = [_hits(index, word) for word in asked]
    total = len(definitions) + _BACKGROUND
    weights = [math.log(1 + (total - len(hit) + 0.5) / (len(hit) + 0.5)) for hit in hits]
    whole = sum(weights)
    return [
        (
            sum(w for w, hit in zip(weights, hits, strict=True) if place in hit) / whole,
            sum(place in hit for hit in hits),
        )
        for place in range(len(definitions))
    ]


def _hits(index: sqlite3.Connection, word: str) -> set[int]:
    asked = " OR ".join(f'"{one}"' for one in sorted({word, *_alike(word)}))
    return {row for (row,) in index.execute("SELECT rowid FROM said WHERE said MATCH ?", [asked])}


def _alike(word: str) -> frozenset[str]:
    return frozenset()
