"""The words the planner understands, each with the slot it fills; anything else is not guessed.

The phrases and sets of words are in lexicon.txt beside this file.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

# Behaviours people ask for that tracks cannot show, by the start of the word, and what would help.
ADVICE = {
    "eat drink feed": (
        "eating and drinking cannot be seen from position alone; define it, for example as: nose "
        "in the food zone and immobile"
    ),
    "cebra": (
        "CEBRA is not part of this vocabulary; ask for an embedding of postures (PCA, or UMAP "
        "where it is installed), or export the measures"
    ),
    "embed umap tsne": "an embedding is asked for as: plot an embedding of postures",
    "gait": "name the paw, for example: gait analysis of the left_hindpaw",
    "animation": (
        "animations are not made here; see the video with the tracks on it on the Annotate page, "
        "or ask for a plot"
    ),
    "pose": ("pose estimation is not done by a question; track the video or import a pose file"),
    "flee": (
        "fleeing has no definition here; give one, for example: faster than 20 cm/s and "
        "farther than 5 cm from the other animal"
    ),
    "alternation": (
        "spontaneous alternation needs the arms of the maze as regions; ask for: spontaneous "
        "alternation"
    ),
    "climb": ("climbing needs height, which a single camera from above does not give"),
    "mount": ("mounting has no definition here; define it, or score it by hand"),
    "figh": ("fighting has no definition here; define it, or score it by hand"),
    "agonist": ("agonistic behaviour has no definition here; define it, or score it by hand"),
    "most least farthest furthest fastest slowest more less compare than difference rank": (
        "a comparison is asked for like this: which animal spent the most time in the corner, or: "
        "did animal1 travel farther than animal2"
    ),
    "both together": (
        "say it as one clause for each animal, for example: how long is animal1 in the corner "
        "while animal2 is in the corner"
    ),
    "variance variab": "ask for the standard deviation, or a percentile",
    "per minus ratio divided": (
        "rates and ratios are asked for like this: how often per minute does animal1 enter the "
        "corner, or: time in A divided by time in B"
    ),
    "thigmota": (
        "thigmotaxis needs a distance from the wall; ask for example: percent of time within 5 cm "
        "of the wall"
    ),
    "turn rotat": ("turns have no definition here; ask for the turning speed, or the heading"),
    "attack": ("attacks have no definition here; define them, or score them by hand"),
    "unless except": (
        "what is left out is said as one plain condition at the end, for example: how long is "
        "animal1 in the corner unless animal2 is in the corner; animals are named one by one, and "
        "a part of the recording is said as: after the first 10 s"
    ),
    "second third fourth fifth": (
        "the number of a time is said like this: when does animal1 enter the corner for the "
        "second time, or: how long was the second visit of animal1 to the corner"
    ),
    "previous rerun again same": (
        "I do not know what was asked before; ask the whole question again"
    ),
}


@cache
def _lines() -> dict[str, list[str]]:
    """Give the lines of lexicon.txt: a slot or a set, and its phrases."""
    text = Path(__file__).with_name("lexicon.txt").read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    for line in re.sub(r"\n +", " ", text).splitlines():
        if line and not line.startswith("#"):
            head, _, words = line.partition(": ")
            found.setdefault(head, []).extend(phrase.strip() for phrase in words.split("|"))
    return found


@cache
def phrases() -> dict[str, tuple[str, str]]:
    """Give every phrase with its slot's kind and value."""
    slots = {head: words for head, words in _lines().items() if not head.startswith("@")}
    return {
        phrase: (head.partition(" ")[0], head.partition(" ")[2])
        for head, words in slots.items()
        for phrase in words
    }


STOP_WORDS = frozenset(_lines()["@stop"])  # no meaning for an analysis, dropped silently
SOFT_WORDS = frozenset(_lines()["@soft"])  # dropped too, but shown as ignored
CENTRE_PHRASES = frozenset(_lines()["@centre"])  # the body's centre
BODY_WORDS = frozenset(_lines()["@body"])  # body parts a study may or may not have
GENERIC_REGION = frozenset(_lines()["@place"])  # "the ROI", no name
SUBJECT_NOUNS = frozenset(_lines()["@subject"])  # may carry a number: mouse 1
POINT_SYNONYMS = {
    "snout": "nose",
    "tailbase": "tail_base",
    "tail base": "tail_base",
    "base of the tail": "tail_base",
    "tail root": "tail_base",
}


def need(word: str) -> str | None:
    """Say what a behaviour outside the vocabulary would need, by the start of its word."""
    for stems, advice in ADVICE.items():
        if word.startswith(tuple(stems.split())):
            return advice
    return None
