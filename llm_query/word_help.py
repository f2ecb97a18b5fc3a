"""What a word's docstring says, taken apart: topic, parameters, result, unit, source, example."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass

from llm_query.vocabulary import Word, vocabulary

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
     ("social", "encounters", "pursuit", "meetings")),
    ("Groups", "All animals together: who is nearest to whom, how spread out and how aligned they "
     "are.", ("groups", "huddles")),
    ("Learned behaviours", "Behaviours learned from bouts that a person scored, and the features "
     "they are learned from.", ("learned", "features", "learning", "forests", "signals")),
    ("Bouts and summaries", "Joining, ordering and counting bouts, and making an answer of them.",
     ("bouts", "bout_", "states", "summaries", "results", "arithmetic", "agreement",
      "comparing", "methods")),
    ("Assays", "Standard tests as one call: every number an experiment of that kind reports.",
     ("assay",)),
    ("Figures", "Pictures of all of this. They hold at most about 20,000 points per line, are "
     "counted here and not in the browser, and can be written as PNG, SVG, PDF or HTML.",
     ("figures", "portraits", "embedding", "transition_figures", "group_figures")),
    ("Tools", "Units, periods, and means over a part of the recording.", ("tools",)),
)  # fmt: skip
OTHER = "More"
HELPERS = ("stack_tables", "bouts_where", "collect", "kept_bouts", "scored", "summarise")  # measure nothing
USUAL = {
    "recording": "the video's recording",
    "animal": "its name, as \"animal1\"",
    "a": "the animal that does it, by name",
    "b": "the animal it is done to, by name",
    "target": "another animal, by name",
    "animals": "their names",
    "point": "body point, as \"centre\" or \"nose\"",
    "point_a": "body point of a", "point_b": "body point of b",
    "region": "its name, or several names: their union",
    "window_s": "seconds of smoothing; 0 is none",
    "start_s": "from here on, in seconds; None is the recording's start",
    "stop_s": "up to here, in seconds; None is the recording's end",
    "during": "only inside these bouts",
    "max_gap_frames": "unseen stretches up to so many frames do not end a bout",
    "bouts": "bouts of one behaviour, or several",
}  # fmt: skip
# What a parameter of this name means where a word's help leaves it to its name.
BY_NAME = {
    "subject": "who does it, by name", "behaviour": "what to call it",
    "definition": "the rule in words, kept with the bouts",
    "min_duration_s": "shorter bouts are left out, in seconds",
    "min_confidence": "body points less sure than that (0 to 1) count as unseen",
    "max_distance": "how near is near, in cm (px without a scale)",
    "min_speed": "slower than that is not moving, in cm/s (px/s without a scale)",
    "max_speed": "faster than that is moving, in cm/s (px/s without a scale)",
    "max_angle_deg": "how far to the side still counts, in degrees",
    "arena": "the arena's name; None is the region whose role is arena",
    "front": "the body point in front", "back": "the body point behind",
    "columns": "by name, one value per frame (n,) each",
    "values": "numbers: one per frame (n,), or by name",
    "label": "what the values are, with their unit",
    "above": "only larger values", "at_least": "only values as large or larger",
    "below": "only smaller values", "at_most": "only values as small or smaller",
    "bridge_s": "interruptions up to so many seconds do not end a bout",
    "value": "a number", "unit": "its unit", "name": "what to call it",
    "nose": "the nose's body point",
    "first_frames": "so many frames from the start", "last_frames": "so many frames to the end",
    "first_s": "so many seconds from the start", "last_s": "so many seconds to the end",
    "share": "from and to as shares (0 to 1) of the length, as (0.5, 1)",
    "start_frame": "from this frame on", "stop_frame": "up to, not including, this frame",
}  # fmt: skip
SHAPES = {
    "bouts": "bouts: start and stop in frames and seconds, by subject and target",
    "number": "one number", "array": "(n,): one value per frame",
    "table": "a table", "figure": "a figure (plotly JSON)", "span": "start and stop",
    "result": "an answer: numbers, a table and a sentence", "recording": "a recording",
}  # fmt: skip


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

    @property
    def lacking(self) -> list[str]:
        """What its help does not say though it should."""
        measures = self.topic not in ("Tools", "Figures") and self.name not in HELPERS
        unitless = self.unit or "name" in self.summary.lower()
        missing = {
            "a source": measures and not self.source,
            "a unit": not unitless and self.returns.startswith(("(n", "one number")),
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
        summary=word.summary,
        text=text,
        parameters=tuple(
            Parameter(
                name,
                "" if p.default is empty else repr(p.default).replace("'", '"'),
                described.get(name) or _else(body, name),
            )
            for name, p in parameters.items()
        ),
        returns=said or _shape(word),
        unit=_unit(word),
        source=source,
        example=(mark.strip() + " " + after).strip() if mark else "",
    )


def topic_of(module: str) -> str:
    """The topic to which a module's words belong.

    >>> topic_of("llm_query.zones"), topic_of("llm_query.assays_mazes")
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
    """What is said in general, and of each parameter: from "name: " or "name, name: " on."""
    one = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    pattern = (
        rf"(?:(?<=^)|(?<=[\s(]))((?:{one})(?:(?:, | and | or |,\n)(?:{one}))*)(?: \([^)]*\))?:\s"
    )
    marks = list(re.finditer(pattern, text)) if names else []
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    described: dict[str, str] = {}
    unknown = ""
    for mark, end in zip(marks, ends[: len(marks)], strict=True):
        said, _, _ = text[mark.end() : end].partition("\n\n")
        said, missing, rest = said.partition(". NaN ")  # of the result, not of the parameter
        unknown = f"{unknown}\n\nNaN {rest}".strip() if missing else unknown
        for name in re.split(r",\s| and | or ", mark[1]):
            described[name] = " ".join(said.split()).rstrip(".")
    general = [text[: marks[0].start()], unknown] if marks else [text]
    if marks:
        general.append(text[marks[-1].end() :].partition("\n\n")[2])
    return "\n\n".join(part.strip() for part in general if part.strip()), described


def _else(body: str, name: str) -> str:
    """A parameter that has no "name: " here: as everywhere, as said, as in another word."""
    if name in USUAL:
        return USUAL[name]
    if re.search(rf"\b{name}\b", body):
        return "as said here"
    return _elsewhere(body, name) or BY_NAME.get(name, "")


def _elsewhere(body: str, name: str) -> str:
    """What the word says of a parameter to which this one points: "arguments as in huddle"."""
    words = vocabulary()
    for other in re.findall(r"\b[Aa]s (?:in |for )?(\w+)", body):
        if other in words and name in inspect.signature(words[other].function).parameters:
            told = {p.name: p.text for p in entry_of(words[other]).parameters}[name]
            return f"as in {other}" if told == "as said here" else told
    return ""


def _shape(word: Word) -> str:
    pair = re.search(r"\(n, \d\)", f"{word.summary} {word.doc.partition('>>>')[0]}")
    if word.kind == "array" and pair:
        return pair[0]
    return SHAPES.get(word.kind, word.kind)


def _unit(word: Word) -> str:
    """The unit as a reader of any video understands it; of bouts, their lengths' unit."""
    if "{unit}" in word.unit:
        return f"{word.unit_for('cm')} ({word.unit_for('px')} without a scale)"
    return word.unit or ("s" if word.kind == "bouts" else "")
