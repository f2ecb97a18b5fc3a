"""Choose what of the vocabulary's help a prompt shows, by what the question is about."""

from __future__ import annotations

import inspect
import math
import re
from collections import Counter
from collections.abc import Mapping
from functools import cache

from llm_query.remembering.definitions import estimate_tokens, terms
from llm_query.remembering.inflections import bases
from llm_query.vocabulary import Word, vocabulary

# What nearly every analysis is made of, and what a question's words do not say.
CORE = (
    "summarise", "in_region", "collect", "speed", "distance_between", "near", "bouts_when",
    "distance_moved", "mean_of", "bouts_where", "moving", "immobile", "enters", "contact",
)  # fmt: skip
SAID_AS = {
    "fast": "speed", "slow": "speed", "velocity": "speed", "quick": "speed", "far": "distance",
    "travel": "distance moved", "close": "near distance", "next": "near", "touch": "contact",
    "still": "immobile freezing", "rest": "immobile asleep", "stop": "immobile", "run": "speed",
    "interact": "near contact nose", "meet": "near contact", "sniff": "nose contact",
    "zone": "region", "area": "region", "arm": "region arm", "enter": "enters region",
    "visit": "visits region", "show": "plot", "draw": "plot", "heatmap": "occupancy plot",
    "wall": "thigmotaxis", "turn": "turning", "rotate": "turning", "straight": "straightness",
    "together": "huddle near", "pursue": "chase follow", "hunt": "chase",
    "look": "facing watching", "per": "bins", "minute": "bins", "anxiety": "plus maze open field",
    "memory": "novel object",
}  # fmt: skip
WEIGHTS = (6.0, 2.0, 0.5)  # a word of the question in a name, in its first line, in its help
CORE_POINTS = 6.0  # as much as a fairly common word in the first line
USUAL = ", max_gap_frames=3"  # said in bouts_where, and hardly ever changed


def ranked_words(question: str) -> list[Word]:
    """Every word of the vocabulary, those that the question is about first.

    >>> [word.name for word in ranked_words("How fast is the mouse?")][0]
    'speed'
    """
    asked = _asked(question)
    place = {name: number for number, name in enumerate(CORE)}
    points = {name: _points(name, asked) + CORE_POINTS * (name in place) for name in vocabulary()}
    order = sorted(points, key=lambda n: (-points[n], place.get(n, len(CORE)), n))
    return [vocabulary()[name] for name in order]


def chosen_help(question: str, unit: str, limit_tokens: float) -> str:
    """The vocabulary's help within so many tokens: a line per word, then more of the best ones.

    A third is for what the likeliest words say in full; where all of it fits, all is given.
    """
    words = ranked_words(question)
    lines, left = _taken({w.name: one_line(w, unit) for w in words}, limit_tokens * 2 / 3)
    spare = left + limit_tokens / 3
    full, _ = _taken({w.name: more(w) for w in words if w.name in lines}, spare)
    shown = [lines[name] + full.get(name, "") for name in sorted(lines)]
    if len(lines) < len(words):
        shown.append(f"({len(words) - len(lines)} more words, about other things.)")
    return "\n".join(shown)


def one_line(word: Word, unit: str) -> str:
    """A word's call, what it gives, in which unit, and what it is."""
    gives = f"{word.kind} {word.unit_for(unit)}".strip()
    call = re.sub(r"(\d\.\d{3})\d+", r"\1", word.signature.replace(USUAL, ""))
    return f"{word.name}{call} -> {gives}: {word.summary}"


@cache
def _more_of(name: str) -> str:
    body = vocabulary()[name].doc.partition("\n>>> ")[0].partition("\n")[2]
    text = re.sub(r"(?:^|\s)(?:Sources?:|Returns a plotly) .*?(?=\n\s*\n|\Z)", "", body, flags=re.S)
    lines = [f"    {' '.join(line.split())}" for line in text.splitlines() if line.strip()]
    return "".join(f"\n{line}" for line in lines)


def more(word: Word) -> str:
    """What the help says beyond its first line, without sources and examples, indented."""
    return _more_of(word.name)


def methods_of(kind: type, skipped: tuple[str, ...] = ()) -> dict[str, str]:
    """One line for each public method and property of a class, by name, as its help says it."""
    found = {}
    for name, value in inspect.getmembers(kind):
        doc = (inspect.getdoc(value) or "").partition("\n")[0]
        if name.startswith("_") or name in skipped or not doc:
            continue
        call = ""
        if callable(value):
            parameters = list(inspect.signature(value).parameters.values())
            plain = [
                p.replace(annotation=p.empty) for p in parameters if p.name not in ("self", "cls")
            ]
            call = str(inspect.Signature(plain))
        found[name] = f".{name}{call}: {doc}"
    return found


def _taken(texts: Mapping[str, str], limit_tokens: float) -> tuple[dict[str, str], float]:
    """As many texts, in their order, as fit; and the tokens that are left."""
    kept: dict[str, str] = {}
    for name, text in texts.items():
        tokens = estimate_tokens(text) + 1
        if tokens <= limit_tokens:
            kept[name] = text
            limit_tokens -= tokens
    return kept, limit_tokens


def _asked(question: str) -> frozenset[str]:
    """The question's words in their dictionary forms, with what the vocabulary calls them."""
    found: set[str] = set()
    for term in terms(question):
        forms = bases(term)
        found |= forms
        for form in forms:
            found |= {b for other in SAID_AS.get(form, "").split() for b in bases(other)}
    return frozenset(found)


def _points(name: str, asked: frozenset[str]) -> float:
    """How much a word has to do with what was asked; rare terms count more."""
    weighed, counts, size = _index()
    total = 0.0
    for term, weight in weighed[name].items():
        if term in asked:
            total += weight * math.log(size / counts[term])
    return round(total, 6)


@cache
def _index() -> tuple[dict[str, dict[str, float]], Counter[str], int]:
    """Per word, its terms with their weight; in how many words each term is; how many there are."""
    weighed: dict[str, dict[str, float]] = {}
    for name, word in vocabulary().items():
        own: dict[str, float] = {}
        body = word.doc.partition("\n>>> ")[0]
        for text, weight in zip((name, word.summary, body), WEIGHTS, strict=True):
            for term in terms(text):
                for form in bases(term):
                    own[form] = max(own.get(form, 0.0), weight)
        weighed[name] = own
    counts = Counter(term for own in weighed.values() for term in own)
    return weighed, counts, len(weighed)
