"""The words the planner understands, each with the slot it fills; anything else is not guessed.

The phrases and sets of words are in lexicon.txt beside this file.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

# Behaviours people ask for that tracks cannot show, by the start of the word, and what would help.
ADVICE = {
    "rear": (
        "rearing needs the animal's height or a body point that shows it; score it by hand, "
        "or define it, for example: define rearing as body length below 4 cm"
    ),
    "gait": (
        "gait needs labelled limbs and a stride analysis, which is not part of this vocabulary"
    ),
    "groom": ("grooming needs paw and head points, or hand scoring"),
    "eat": (
        "eating cannot be seen from position alone; define it, for example as: nose in the "
        "food zone and immobile"
    ),
    "embed cebra umap": (
        "embeddings (UMAP, CEBRA) are not part of this vocabulary; export the measures instead"
    ),
    "animation": (
        "animations are not made here; the Watch page plays the video with the tracks on it"
    ),
    "pose": ("pose estimation is not done by a question; track the video or import a pose file"),
    "explor": (
        "exploring has no single definition; say it in distance, for example: nose closer "
        "than 2 cm to the object and facing it"
    ),
    "flee": (
        "fleeing has no definition here; give one, for example: faster than 20 cm/s and "
        "farther than 5 cm from the other animal"
    ),
    "relative": ("relative speed is not part of this vocabulary yet"),
    "alternation": ("an alternation rate needs a sequence of arm choices, which is not built yet"),
    "climb": ("climbing needs height, which a single camera from above does not give"),
    "mount": ("mounting has no definition here; define it, or score it by hand"),
    "figh": ("fighting has no definition here; define it, or score it by hand"),
    "most least farthest furthest fastest slowest more less compare than difference rank": (
        "comparing animals is not built yet; ask for the number of each animal, for example: "
        "distance travelled by each animal, and compare the rows of the table"
    ),
    "both together": (
        "say it as one clause for each animal, for example: how long is animal1 in the corner "
        "while animal2 is in the corner"
    ),
    "alone nobody": (
        "say it with names, one clause for each animal, for example: how long is animal1 in the "
        "corner while animal2 is not in the corner"
    ),
    "percentile standard variance variab": (
        "spreads are not built yet; ask for the mean, median, maximum or minimum, or take the "
        "value of every frame from the table"
    ),
    "per minus ratio divided": (
        "rates and arithmetic are not built yet; ask for the count or time and for the length "
        "of the recording"
    ),
    "thigmota": (
        "thigmotaxis needs a distance from the wall; ask for example: percent of time within 5 cm "
        "of the wall"
    ),
    "turn rotat": ("turns have no definition here; ask for the heading over time"),
    "sleep": (
        "sleep cannot be told from rest by the track alone; ask for immobile for at least a stated "
        "time, such as 300 s"
    ),
    "attack": ("attacks have no definition here; define them, or score them by hand"),
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
