"""Which definitions a question needs: by symbol, name, inflection, alias, or what they say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from llm_query.remembering.definitions import Definition, Turn, estimate_tokens, terms
from llm_query.remembering.descriptions import described
from llm_query.remembering.inflections import bases, same_word
from llm_query.remembering.synonyms import PLAIN_WORDS

_SYMBOL = re.compile(r"<\|\s*([^|<>]+?)\s*\|>")
_LOOSE = 4  # the rank of a name whose words stand in another order
_FOLLOW_UP = re.compile(
    r"^\s*(and|but|also|now|what about|how about|same|again|the same)\b"
    r"|\b(that|those|them|it|these|the same|previous|last (question|answer|analysis))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class _Found:
    """A name in the question: words start to stop, and how surely (0: the very name).

    1 is the name inflected, 2 an alias, 3 an alias inflected, 4 the words in another order.
    """

    start: int
    stop: int
    rank: int
    place: int  # in the sequence of definitions


def recall(
    question: str, definitions: Sequence[Definition], limit_tokens: int, turns: Sequence[Turn] = ()
) -> list[Definition]:
    """Give the definitions that a question needs, each after those it depends on.

    Symbols `<|name|>`, names, their inflections and aliases are looked for first, then what the
    other words of the question describe. Only the latest version of a name is given. When the
    question names nothing and goes on from the last of `turns`, that turn's definitions come. A
    definition comes with all that it depends on or, where `limit_tokens` is too small, not at all.

    >>> chase = Definition("chase", ("pursuit",), "closer than 40 px while both run")
    >>> [one.name for one in recall("How often were they chasing?", [chase], 100)]
    ['chase']
    """
    current = latest(definitions)
    named, other_words = _named(question, current)
    found = [*named, *described(other_words, current, apart_from=named)]
    if not found and turns and _FOLLOW_UP.search(question):
        found = _used(turns[-1], current)
    return _within(found, current, limit_tokens)


def latest(definitions: Iterable[Definition]) -> list[Definition]:
    """Keep the latest version of every name, in the order given."""
    best: dict[str, Definition] = {}
    for one in definitions:
        key = " ".join(terms(one.name)) or one.name
        if key not in best or best[key].version < one.version:
            best[key] = one
    return list(best.values())


def mentioned(text: str, definitions: Sequence[Definition]) -> list[Definition]:
    """Give the definitions whose name or alias is in a text, in the order of the text.

    >>> arms = [Definition("arm"), Definition("open arm")]
    >>> [one.name for one in mentioned("Time in the open arms", arms)]
    ['open arm']
    """
    return _named(text, list(definitions))[0]


def unknown_symbols(question: str, definitions: Sequence[Definition]) -> list[str]:
    """Give the `<|symbols|>` of a question that nothing in the study defines.

    >>> unknown_symbols("When is speed < 3 and distance > 40 in <|zone|>?", [])
    ['zone']
    """
    return [
        symbol
        for symbol in dict.fromkeys(_SYMBOL.findall(question))
        if find_name(symbol, definitions) is None
    ]


def find_name(name: str, definitions: Sequence[Definition]) -> Definition | None:
    """Find a definition by name, then by alias, then by an inflection of either."""
    for one in definitions:
        if one.name == name:
            return one
    words = terms(name)
    ranked = [
        (rank, place)
        for place, one in enumerate(definitions)
        for rank in [_rank_of(words, name, one)]
        if rank is not None
    ]
    return definitions[min(ranked)[1]] if ranked else None


def needed_by(name: str, definitions: Sequence[Definition]) -> list[Definition]:
    """Give the definitions that depend on a name, directly or through others."""
    goal = find_name(name, definitions)
    if goal is None:
        return []
    return [one for one in definitions if one is not goal and goal in chain(one, definitions)]


def chain(one: Definition, definitions: Sequence[Definition]) -> list[Definition]:
    """Give a definition after everything that it depends on; what is not known is left out."""
    ordered: list[Definition] = []
    on_the_way: set[str] = set()

    def add(current: Definition) -> None:
        if current in ordered or current.name in on_the_way:
            return
        on_the_way.add(current.name)
        for name in current.depends_on:
            needed = find_name(name, definitions)
            if needed is not None:
                add(needed)
        ordered.append(current)

    add(one)
    return ordered


def _rank_of(words: list[str], name: str, one: Definition) -> int | None:
    for rank, candidate in enumerate((one.name, *one.aliases)):
        if candidate == name or (words and terms(candidate) == words):
            return min(rank, 1)
    for rank, candidate in enumerate((one.name, *one.aliases)):
        if words and _same(words, terms(candidate)):
            return 2 + min(rank, 1)
    return None


def _same(words: Sequence[str], name: Sequence[str]) -> bool:
    return len(words) == len(name) and all(map(_is_form, words, name))


def _is_form(word: str, of_name: str) -> bool:
    """Whether a word is the word of a name, inflected; a name in -ed is not ("cornered")."""
    return word == of_name or (not of_name.endswith("ed") and same_word(word, of_name))


def _named(question: str, definitions: Sequence[Definition]) -> tuple[list[Definition], list[str]]:
    """Give the definitions named in a question, and its words that are not part of a name."""
    words = terms(question)
    best = _longest(_candidates(words, definitions))
    taken = {place for one in best for place in range(one.start, one.stop)}
    order = [definitions[one.place] for one in sorted(best, key=lambda one: (one.start, one.rank))]
    for symbol in _SYMBOL.findall(question):
        one = find_name(symbol, definitions)
        if one is not None and one not in order:
            order.append(one)
    other_words = [word for place, word in enumerate(words) if place not in taken]
    return list({id(one): one for one in order}.values()), other_words


def _candidates(words: Sequence[str], definitions: Sequence[Definition]) -> list[_Found]:
    starts: dict[str, list[int]] = {}
    for place, word in enumerate(words):
        for base in bases(word):
            starts.setdefault(base, []).append(place)
    return [
        _Found(start, stop, rank if rank == _LOOSE else rank + 2 * min(alias, 1), place)
        for place, one in enumerate(definitions)
        for alias, name in enumerate(one.names)
        for start, stop, rank in (_spans(terms(name), words, starts) if terms(name) else ())
    ]


def _spans(
    phrase: Sequence[str], words: Sequence[str], starts: Mapping[str, Sequence[int]]
) -> Iterator[tuple[int, int, int]]:
    """Find a name in the words: also written in one (headdips), apart, or in another order."""
    size = len(phrase)
    for start in sorted({at for base in bases(phrase[0]) for at in starts.get(base, ())}):
        here = words[start : start + size]
        if _same(here, phrase):
            yield start, start + size, int(list(here) != list(phrase))
    joined = "".join(phrase)
    if size == 1:
        for start, (one, other) in enumerate(pairwise(words)):
            if one + other == joined:
                yield start, start + 2, 1
        return
    for start in starts.get(joined, ()):
        yield start, start + 1, 1
    if all(any(base in starts for base in bases(word)) for word in phrase):
        for start, stop in _in_any_order(phrase, words):
            yield start, stop, _LOOSE


def _in_any_order(phrase: Sequence[str], words: Sequence[str]) -> list[tuple[int, int]]:
    """Find the words of a name near each other: "hugs the wall" is "wall hugging"."""
    if not PLAIN_WORDS.isdisjoint(phrase):
        return []
    spans = []
    for start in range(len(words)):
        here = words[start : start + len(phrase) + 2]
        places = [
            next((k for k, word in enumerate(here) if _is_form(word, one)), -1) for one in phrase
        ]
        if min(places) == 0 and len(set(places)) == len(phrase):
            spans.append((start, start + max(places) + 1))
    return spans


def _longest(found: list[_Found]) -> list[_Found]:
    """Keep the longest names ("open arm" before "arm"), and of equal ones the surest."""
    kept: list[_Found] = []
    for one in sorted(found, key=lambda one: (one.start - one.stop, one.rank, one.start)):
        rivals = [k for k in kept if k.start < one.stop and one.start < k.stop]
        if all((k.start, k.stop, k.rank) == (one.start, one.stop, one.rank) for k in rivals):
            kept.append(one)
    return kept


def _used(turn: Turn, definitions: Sequence[Definition]) -> list[Definition]:
    found = [find_name(name, definitions) for name, _ in turn.definitions]
    return [one for one in found if one is not None]


def _within(
    found: Sequence[Definition], definitions: Sequence[Definition], limit_tokens: int
) -> list[Definition]:
    """Take the definitions with what they need while they fit, the surest first."""
    taken: list[Definition] = []
    left = limit_tokens
    for one in found:
        new = [needed for needed in chain(one, definitions) if needed not in taken]
        cost = sum(estimate_tokens(needed.as_prompt()) + 1 for needed in new)
        if cost <= left:
            taken += new
            left -= cost
    return taken
