"""Behaviours of the vocabulary that a question may name, and how each is said."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass

from llm_query.vocabulary import vocabulary


@dataclass(frozen=True)
class Doing:
    """A behaviour as the planner knows it: its word in the vocabulary and how it is spoken of."""

    word: str
    said: str  # "freezing": how its bouts are named
    social: bool = False  # done to, or with, another animal
    symmetric: bool = False  # the same whoever is named first
    group: bool = False  # of all animals at once; one animal's part is taken with only()
    more: str = ""  # what else the call needs
    name: str = ""  # its name in the lexicon where that is not the word


_DOINGS = (
    Doing("freezing", "freezing"),
    Doing("huddle", "huddling", group=True),
    Doing("isolated", "isolated"),
    Doing("nose_contact", "nose to nose", social=True, symmetric=True),
    Doing("nose_to_tail", "nose to tail", social=True),
    Doing("nose_to_body", "sniffing", social=True),
    Doing("side_by_side", "side by side", social=True, symmetric=True),
    Doing("nose_to_ear", "nose to ear", social=True),
    Doing("watching", "watching", social=True),
    Doing("leave", "leaving", social=True),
    Doing("make_contact", "making contact", social=True),
    Doing("touch", "touching by body points", social=True, symmetric=True),
    Doing("asleep", "asleep"),
    Doing("rearing", "rearing"),
    Doing("grooming", "grooming"),
    Doing("floating", "floating"),
    Doing("head_dips", "dipping its head"),
    Doing("mobility_state", "highly mobile", more=', "highly mobile"', name="highly_mobile"),
)
DOINGS = {each.name or each.word: each for each in _DOINGS}


def rule(name: str, **given: float) -> str:
    """Say what a behaviour means: its summary, the defaults that hold, and its source."""
    return rule_of(DOINGS[name].word, DOINGS[name].said, **given)


def rule_of(word: str, said: str = "", **given: float) -> str:
    """Say what a word of the vocabulary means, its defaults and its source."""
    entry = vocabulary()[word]
    parameters = inspect.signature(entry.function).parameters
    defaults = {
        name: each.default
        for name, each in parameters.items()
        if isinstance(each.default, (int, float)) and not isinstance(each.default, bool)
    }
    said_of = {
        name: found
        for name, each in parameters.items()
        if each.default is None and name not in given and (found := _default_said(name, entry.doc))
    }
    values = ", ".join(
        [in_words(name, f"{value:g}") for name, value in (defaults | given).items()]
        + [in_words(name, found) for name, found in said_of.items()]
    )
    source = " ".join(entry.doc.partition("Source: ")[2].partition("\n\n")[0].split())
    source = re.split(r"(?<=\w)[.;] |(?<=\))[.;:] ", source)[0].rstrip(".")  # the rest is in help
    text = f"{(said or word.replace('_', ' ')).capitalize()}: {entry.summary.rstrip('.')}"
    return text + (f" ({values})" if values else "") + (f". Source: {source}." if source else ".")


UNITS = {"s": "s", "frames": "frames", "deg": "°", "percent": "%", "px": "px", "cm": "cm"}
FULL = {"min": "minimum", "max": "maximum"}


def in_words(name: str, value: str) -> str:
    """A parameter as people say it.

    >>> in_words("min_duration_s", "1"), in_words("max_speed", "1 cm/s")
    ('minimum duration 1 s', 'maximum speed 1 cm/s')
    """
    *rest, last = name.split("_")
    unit = UNITS.get(last, "") if rest else ""
    words = rest if unit else [*rest, last]
    gap = "" if unit in ("°", "") else " "
    return f"{' '.join(FULL.get(word, word) for word in words)} {value}{gap}{unit}"


def _default_said(name: str, doc: str) -> str:
    """What the help says a parameter is where it is not given: "2 of its body lengths".

    >>> _default_said("limit", "limit: in unit; default 2 body lengths, as near. point: of both.")
    '2 body lengths'
    """
    text = " ".join(doc.split())
    found = re.search(rf"\b{name}: [^.]*?\bdefault (?:is )?([^;:,]+?)(?=[;:,]|\.(?:\s|$))", text)
    return found[1] if found else ""
