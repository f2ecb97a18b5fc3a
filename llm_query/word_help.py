"""What a word's docstring says, taken apart: topic, parameters, result, unit, source, example."""

from __future__ import annotations

import inspect
import re
import textwrap
from dataclasses import dataclass

from llm_query.vocabulary import Word, vocabulary
from llm_query.word_aliases import ALIASES, BY_NAME, DETAILS, USUAL, VAGUE

# Topic, what belongs there, and the modules (or the beginnings of their names) it is made of.
TOPICS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Movement", "How fast, how far, and which way: one value per frame, from real frame times and "
     "never across a gap, or one number for a period.",
     ("kinematics", "paths", "directions", "bends")),
    ("Cleaning", "Nothing is smoothed or filled in silently. These make a new recording, whose "
     "notes say what was done to it.", ("cleaning", "smoothing")),
    ("Body", "The shape of one animal: its length, bend and outline, and the angles between its "
     "points.", ("bodies", "body_points", "outlines", "sharp", "shapes")),
    ("States", "What one animal does, told from its movement and posture: bouts with a definition "
     "in physical units.",
     ("motion", "freezing", "postures", "gait", "rest", "strides", "limbs")),
    ("Regions", "Being in a place, coming and going, and how far away it is. A region that has no "
     "inside (a point, a line) has a distance only.",
     ("zones", "visits", "arenas", "sides", "line_crossings", "region_", "distances", "routes")),
    ("Social", "Two animals: distances, contact, who looks at, approaches, follows or leaves whom. "
     "The first name is who does it, the second to whom.",
     ("contacts", "social_", "encounters", "pursuit", "meetings")),
    ("Groups", "All animals together: who is nearest to whom, how spread out and how aligned they "
     "are.", ("groups", "huddles")),
    ("Learned behaviours", "Behaviours learned from bouts that a person scored, and the features "
     "they are learned from.", ("learned", "features", "training", "forests", "signals")),
    ("Bouts and summaries", "Joining, ordering and counting bouts, and making an answer of them.",
     ("bouts", "bout_", "states", "summaries", "results", "arithmetic", "agreement",
      "comparing", "methods")),
    ("Assays", "Standard tests as one call: every number an experiment of that kind reports.",
     ("assay", "registry")),
    ("Figures", "Pictures of all of this. They hold at most about 20,000 points per line, are "
     "counted here and not in the browser, and can be written as PNG, SVG, PDF or HTML.",
     ("basic", "portraits", "embedding", "transition_figures", "group_figures")),
    ("Tools", "Units, periods, and means over a part of the recording.", ("tools",)),
)  # fmt: skip
OTHER = "More"
SHAPES = {
    "bouts": "bouts: start and stop in frames and seconds, by subject and target",
    "number": "one number", "array": "one value per frame",
    "table": "a table", "figure": "a figure (plotly JSON)", "span": "start and stop",
    "result": "an answer: numbers, a table and a sentence", "recording": "a recording",
}  # fmt: skip
# What stands in docstrings for those who write code, and how it is said to everybody.
_PLAINLY = (
    (r"\s*\bShape \(n, 2\): ", " Two values per frame: "),
    (r"\s*\bShape \(n,\): ", " One value per frame: "),
    (r"\s*\bShape \(n,(?: 2)?\)(?:, read-only)?\.?(?=\s|$)", ""),
    (r",? ?\(?read-only\)?", ""),
    (r"\(n,\) bool\b", "true or false per frame"),
    (r"\(n,\)(?=,? ?(?:in|0|float)\b)", "one value per frame"),
    (r"\(n,\) per frame\b", "one per frame"),
    (r"(?<=per frame),? \(n,\)", ""),
    (r"\(n,\)", "one per frame"),
    (r"\(n, 2\)", "x and y per frame"),
    (r"(?<=\()unit/s(\d?)\b(?! \()", r"cm/s\1, px/s\1 without a scale"),
    (r"(?<![{\w])unit/s(\d?)\b(?! \()", r"cm/s\1 (px/s\1 without a scale)"),
    (r"\(in unit\)", "(in cm; px without a scale)"),
    (r"\bin unit\b(?!s| of)", "in cm (px without a scale)"),
    (r"\bpx(/s\d?|2)? (?:when )?uncalibrated", r"px\1 without a scale"),
)


@dataclass(frozen=True)
class Parameter:
    """One thing that a word is told."""

    name: str
    default: str  # as in a call; empty where it must be given
    text: str


@dataclass(frozen=True)
class Entry:
    """One word's help, in its parts."""

    name: str
    topic: str
    call: str
    summary: str
    text: str
    parameters: tuple[Parameter, ...]
    returns: str
    unit: str
    source: str
    example: str
    aliases: str = ""  # what people also call it

    @property
    def lacking(self) -> list[str]:
        """What its help does not say though it should."""
        unitless = self.unit or "name" in self.summary.lower()
        missing = {
            "a source": self.topic != "Figures" and not self.source,
            "a unit": not unitless and self.returns.startswith(("one ", "two values")),
            "an example": not self.example,
            "a topic": self.topic == OTHER,
        }
        return [what for what, is_missing in missing.items() if is_missing]


def entries() -> list[Entry]:
    """Every word, by topic and then in alphabetical order.

    >>> [entry.name for entry in entries() if entry.topic == "Cleaning"]
    ['clean']
    """
    order = [title for title, _, _ in TOPICS] + [OTHER]
    found = [entry_of(word) for word in vocabulary().values()]
    return sorted(found, key=lambda entry: (order.index(entry.topic), entry.name))


def entry_of(word: Word) -> Entry:
    """Take one word's docstring apart."""
    before, mark, after = word.doc.partition("\n>>> ")
    body, source = _split_source(before.partition("\n")[2])
    body, said = _split_returns(body)
    parameters = inspect.signature(word.function).parameters
    text, described = _split_parameters(body, list(parameters))
    empty = inspect.Parameter.empty
    return Entry(
        name=word.name,
        topic=topic_of(word.function.__module__),
        call=f"{word.name}{word.signature}".replace("'", '"'),
        summary=say_plainly(word.summary),
        text=_wrapped(say_plainly(text)),
        parameters=tuple(
            Parameter(
                name,
                "" if p.default is empty else repr(p.default).replace("'", '"'),
                say_plainly(_told(described, body, name, word.name)),
            )
            for name, p in parameters.items()
        ),
        returns=say_plainly(said) or _shape(word),
        unit=_unit(word),
        source=source,
        example=(mark.strip() + " " + after).strip() if mark else "",
        aliases=ALIASES.get(word.name, ""),
    )


def say_plainly(text: str) -> str:
    """Help as a biologist reads it: units and shapes in words, nothing of arrays.

    >>> say_plainly("Speed in unit/s, NaN where not seen. Shape (n,), read-only.")
    'Speed in cm/s (px/s without a scale), NaN where not seen.'
    """
    for pattern, words in _PLAINLY:
        text = re.sub(pattern, words, text)
    return text.strip()


def topic_of(module: str) -> str:
    """The topic to which a module's words belong.

    >>> topic_of("llm_query.places.zones"), topic_of("llm_query.assays.assays_mazes")
    ('Regions', 'Assays')
    """
    name = module.rpartition(".")[2]
    for title, _, modules in TOPICS:
        if name in modules:
            return title
    starts = [(title, start) for title, _, modules in TOPICS for start in modules]
    fitting = [(len(start), title) for title, start in starts if name.startswith(start)]
    return max(fitting)[1] if fitting else OTHER


def _split_source(text: str) -> tuple[str, str]:
    """The text without its "Source:" paragraph or sentence, and that."""
    found = re.search(r"(?:^|\s)Sources?: (.*?)(?:\n\s*\n|\Z)", text, re.S)
    if not found:
        return text.strip(), ""
    rest = f"{text[: found.start()]}\n\n{text[found.end() :]}"
    return rest.strip(), " ".join(found[1].split())


def _split_returns(text: str) -> tuple[str, str]:
    """The text without its "Returns ..." paragraph, and that."""
    found = re.search(r"(?:^|\n)Returns:? (.*?)(?:\n\s*\n|\Z)", text, re.S)
    if not found:
        return text, ""
    return (text[: found.start()] + "\n" + text[found.end() :]).strip(), " ".join(found[1].split())


def _split_parameters(text: str, names: list[str]) -> tuple[str, dict[str, str]]:
    """What is said in general, and of each parameter: from "name: " or "name, name: " on.

    Of what follows "name: ", only its own sentence is the parameter's; the rest is general. What
    is said in brackets, "(name: ...)", stays where it is.
    """
    one = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    pattern = rf"(?:^|(?<=\s))((?:{one})(?:(?:, | and | or |,\n)(?:{one}))*)(?: \([^)]*\))?:\s"
    found = re.finditer(pattern, text) if names else ()
    marks = [mark for mark in found if not _in_brackets(text[: mark.start()])]
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    described: dict[str, str] = {}
    general = [text[: marks[0].start()]] if marks else [text]
    facts: list[str] = []  # told behind a parameter, though they are not about it
    for mark, end in zip(marks, ends[: len(marks)], strict=True):
        said, _, after = text[mark.end() : end].partition("\n\n")
        own, rest = _own_sentence(said)
        facts += [rest.strip()] if rest.strip() else []
        general += after.split("\n\n")
        for name in re.split(r",\s| and | or ", mark[1]):
            described[name] = " ".join(own.split()).rstrip(".;,")
    parts = [general[0], " ".join(facts), *general[1:]]
    return "\n\n".join(part.strip() for part in parts if part.strip()), described


def _wrapped(text: str) -> str:
    """Paragraphs in lines of up to 100 characters; lists and what is set in stay as they are."""
    parts = text.strip().split("\n\n")
    set_in = re.compile(r"^(?:\s|- )", re.M)
    return "\n\n".join(
        part if set_in.search(part) else "\n".join(textwrap.wrap(part, 100)) for part in parts
    )


def _in_brackets(before: str) -> bool:
    """Whether a place in a paragraph is inside brackets, by all that stands before it."""
    paragraph = re.sub(r"\([^()\[\]]*,[^()\[\]]*\]", "", before.rpartition("\n\n")[2])  # (0, 1]
    return paragraph.rfind("(") > paragraph.rfind(")")


def _own_sentence(said: str) -> tuple[str, str]:
    """The first sentence, with those on None and defaults that follow it; and all others."""
    sentences = re.split(r"(?<=[^\s.]\.)\s+(?=[A-Z])", said)
    own = 1
    while own < len(sentences) and sentences[own].startswith(("None ", "Default")):
        own += 1
    return " ".join(sentences[:own]), " ".join(sentences[own:])


def _told(described: dict[str, str], body: str, name: str, word: str) -> str:
    """What a parameter is: as its word says, unless that is nothing or next to nothing."""
    said = described.get(name, "")
    if said in VAGUE:
        return USUAL.get(name) or BY_NAME.get(name) or said
    return said or _else(body, name, word)


def _else(body: str, name: str, word: str) -> str:
    """A parameter that has no "name: " here: as in this word, everywhere, or another word."""
    if (word, name) in DETAILS:
        return DETAILS[word, name]
    if name in USUAL:
        return USUAL[name]
    return _elsewhere(body, name) or BY_NAME.get(name, "") or _sentence(body, name)


def _sentence(body: str, name: str) -> str:
    """The sentence in which a parameter is mentioned."""
    sentences = re.split(r"(?<=[^\s.]\.)\s+(?=[A-Z])", " ".join(body.split()))
    return next((one.rstrip(".") for one in sentences if re.search(rf"\b{name}\b", one)), "")


def _elsewhere(body: str, name: str) -> str:
    """What the word says of a parameter to which this one points: "arguments as in huddle"."""
    words = vocabulary()
    for other in re.findall(r"\b[Aa]s (?:in |for )?(\w+)", body):
        if other in words and name in inspect.signature(words[other].function).parameters:
            told = {p.name: p.text for p in entry_of(words[other]).parameters}[name]
            return told
    return ""


def _shape(word: Word) -> str:
    pair = re.search(r"\(n, \d\)", f"{word.summary} {word.doc.partition('>>>')[0]}")
    if word.kind == "array" and pair:
        return "two values per frame, x and y"
    return SHAPES.get(word.kind, word.kind)


def _unit(word: Word) -> str:
    """The unit as a reader of any video understands it; of bouts, their lengths' unit."""
    if "{unit}" in word.unit:
        return f"{word.unit_for('cm')} ({word.unit_for('px')} without a scale)"
    return word.unit or ("s" if word.kind == "bouts" else "")
