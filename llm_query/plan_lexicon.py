"""The words the planner understands, each with the slot it fills; anything else is not guessed.

The phrases are in lexicon.txt beside this file; the longest one that fits wins.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

# Words that carry no meaning for an analysis; every other unknown word makes the planner refuse.
STOP_WORDS = frozenset(
    [
        "a",
        "account",
        "also",
        "am",
        "an",
        "analyze",
        "appear",
        "appearing",
        "appears",
        "are",
        "be",
        "been",
        "behavior",
        "behaviour",
        "being",
        "bout",
        "bouts",
        "calculate",
        "can",
        "case",
        "cases",
        "compute",
        "could",
        "create",
        "data",
        "define",
        "defined",
        "detect",
        "determine",
        "did",
        "display",
        "do",
        "does",
        "episode",
        "episodes",
        "epoch",
        "epochs",
        "event",
        "events",
        "exact",
        "exactly",
        "experiment",
        "extract",
        "find",
        "finds",
        "for",
        "get",
        "give",
        "go",
        "goes",
        "had",
        "happen",
        "happened",
        "happening",
        "happens",
        "has",
        "have",
        "help",
        "helpful",
        "i",
        "identify",
        "if",
        "instance",
        "instances",
        "is",
        "its",
        "itself",
        "just",
        "keep",
        "keeps",
        "know",
        "let",
        "let's",
        "list",
        "located",
        "made",
        "make",
        "may",
        "me",
        "measure",
        "might",
        "moment",
        "moments",
        "must",
        "my",
        "need",
        "occur",
        "occurred",
        "occurring",
        "occurs",
        "of",
        "our",
        "period",
        "periods",
        "please",
        "recording",
        "remain",
        "remaining",
        "remains",
        "report",
        "return",
        "s",
        "see",
        "session",
        "shall",
        "should",
        "show",
        "sit",
        "sits",
        "sitting",
        "so",
        "spend",
        "spending",
        "spends",
        "spent",
        "stand",
        "standing",
        "stands",
        "stay",
        "stayed",
        "staying",
        "stays",
        "such",
        "super",
        "tell",
        "test",
        "that",
        "the",
        "their",
        "themselves",
        "there",
        "these",
        "they",
        "this",
        "those",
        "trial",
        "us",
        "use",
        "used",
        "using",
        "video",
        "want",
        "was",
        "way",
        "we",
        "were",
        "what",
        "what's",
        "which",
        "who",
        "whom",
        "will",
        "would",
        "you",
        "your",
    ]
)

# Said to the reader as ignored: they narrow nothing that is measured.
SOFT_WORDS = frozenset(
    [
        "analysis",
        "area",
        "areas",
        "arena-zone",
        "curve",
        "elevated",
        "individual",
        "interested",
        "maze",
        "please",
        "plus",
        "program",
        "social",
        "subject's",
        "task",
        "terms",
        "type",
        "zone",
    ]
)

CENTRE_PHRASES = frozenset(
    phrase.strip()
    for phrase in [
        "\n    animal center ",
        " animal centre ",
        " body center ",
        " body centre ",
        " body centroid ",
        " center ",
        " center\n    of mass ",
        " center point ",
        " centre ",
        " centre of mass ",
        " centre point ",
        " centroid ",
        " mouse center ",
        "\n    mouse centre\n    ",
    ]
)
POINT_SYNONYMS = {
    "snout": "nose",
    "tailbase": "tail_base",
    "tail base": "tail_base",
    "base of the tail": "tail_base",
    "tail root": "tail_base",
}
BODY_WORDS = frozenset(
    [
        "abdomen",
        "antenna",
        "back",
        "bodypart",
        "bodyparts",
        "ear",
        "ears",
        "elbow",
        "eye",
        "eyes",
        "forepaw",
        "head",
        "hindpaw",
        "hip",
        "hips",
        "keypoint",
        "keypoints",
        "knee",
        "leg",
        "legs",
        "limb",
        "limbs",
        "mouth",
        "neck",
        "nose",
        "paw",
        "paws",
        "rump",
        "shoulder",
        "snout",
        "spine",
        "tail",
        "thorax",
        "wing",
        "wings",
    ]
)
GENERIC_REGION = frozenset(
    [
        "area",
        "areas",
        "compartment",
        "compartments",
        "object",
        "objects",
        "place",
        "region",
        "regions",
        "roi",
        "rois",
        "zonezones",
    ]
)
SUBJECT_NOUNS = frozenset(
    [
        "animal",
        "ant",
        "bee",
        "bird",
        "fish",
        "fly",
        "id",
        "individual",
        "larva",
        "mice",
        "mouse",
        "rat",
        "subject",
        "track",
        "worm",
    ]
)

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
    "sniff": (
        "sniffing needs nose contact with a stated distance, for example: when is the nose of"
        " mouse 1 closer than 2 cm to mouse 2?"
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
    "huddl": (
        "huddling has no definition here; give one, for example: closer than 3 cm and slower "
        "than 1 cm/s"
    ),
    "relative": ("relative speed is not part of this vocabulary yet"),
    "alternation": ("an alternation rate needs a sequence of arm choices, which is not built yet"),
    "climb": ("climbing needs height, which a single camera from above does not give"),
    "mount": ("mounting has no definition here; define it, or score it by hand"),
    "figh": ("fighting has no definition here; define it, or score it by hand"),
    "attack": ("attacks have no definition here; define them, or score them by hand"),
}


@cache
def phrases() -> dict[str, tuple[str, str]]:
    """Give every phrase with its slot's kind and value, as lexicon.txt lists them."""
    text = Path(__file__).with_name("lexicon.txt").read_text(encoding="utf-8")
    found: dict[str, tuple[str, str]] = {}
    for line in re.sub(r"\n +", " ", text).splitlines():
        if line and not line.startswith("#"):
            head, _, words = line.partition(": ")
            kind, _, value = head.partition(" ")
            found |= {phrase.strip(): (kind, value) for phrase in words.split("|")}
    return found


def need(word: str) -> str | None:
    """Say what a behaviour outside the vocabulary would need, by the start of its word."""
    for stems, advice in ADVICE.items():
        if word.startswith(tuple(stems.split())):
            return advice
    return None
