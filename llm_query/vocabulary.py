"""The words analysis code may use: every measure and behaviour by name, with its help and units."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])
MODULES = (
    "individual.kinematics", "individual.paths", "individual.cleaning", "individual.bodies",
    "individual.motion", "individual.freezing", "individual.postures", "individual.gait",
    "individual.rest",
    "places.zones", "places.visits", "places.arenas", "places.sides",
    "social.contacts", "social.encounters", "social.meetings", "social.groups", "social.huddles",
    "social.social_table", "social.pursuit",
    "states", "tools", "results",
    "learning.learned", "learning.features",
    "algebra.summaries", "algebra.arithmetic",
    "figures.basic", "figures.portraits", "figures.group_figures", "figures.transition_figures",
    "figures.embedding",
    "assays.registry",
)  # fmt: skip
KINDS = {
    "Bouts": "bouts", "float": "number", "int": "number", "np.ndarray": "array",
    "Figure": "figure", "pd.DataFrame": "table", "Result": "result", "Span": "span",
    "Recording": "recording",
}  # fmt: skip


@dataclass(frozen=True)
class Word:
    """One name of the vocabulary.

    kind is what it returns: "bouts", "number", "array" (one value per frame), "table", "figure",
    "span" (start and stop in seconds), "result" (a dict to return) or "other". In `unit` the text
    "{unit}" stands for the recording's own unit of length, cm or px.
    """

    name: str
    function: Callable[..., Any]
    signature: str  # "(recording, animal, region, point='centre')"
    summary: str  # the docstring's first line
    doc: str
    unit: str
    kind: str

    def unit_for(self, length_unit: str) -> str:
        """The unit of the value in a recording measured in `length_unit`, "cm" or "px"."""
        return self.unit.replace("{unit}", length_unit)


_words: dict[str, Word] = {}


def word(unit: str = "") -> Callable[[Function], Function]:
    """Put the decorated function into the vocabulary, with the unit of what it returns."""

    def register(function: Function) -> Function:
        signature = inspect.signature(function)
        empty = inspect.Parameter.empty
        plain = [p.replace(annotation=empty) for p in signature.parameters.values()]
        doc = inspect.getdoc(function) or ""
        _words[function.__name__] = Word(
            name=function.__name__,
            function=function,
            signature=str(inspect.Signature(plain)),
            summary=doc.partition("\n")[0],
            doc=doc,
            unit=unit,
            kind=KINDS.get(str(signature.return_annotation), "other"),
        )
        return function

    return register


def vocabulary() -> dict[str, Word]:
    """Every word by name, in alphabetical order.

    >>> vocabulary()["speed"].unit_for("cm")
    'cm/s'
    """
    for module in MODULES:
        import_module(f"llm_query.{module}")
    return dict(sorted(_words.items()))


def scope() -> dict[str, Callable[..., Any]]:
    """The names that analysis code sees, each with its function."""
    return {name: entry.function for name, entry in vocabulary().items()}


def describe(length_unit: str = "cm") -> str:
    """One line per word (name, arguments, unit, what it is), as help and prompts print it."""
    return "\n".join(
        f"{entry.name}{entry.signature} -> {entry.kind}"
        f"{f' [{entry.unit_for(length_unit)}]' if entry.unit else ''}: {entry.summary}"
        for entry in vocabulary().values()
    )


# What looks at outlines, always or by its arguments; a test watches every word.
OUTLINED = (
    "activity", "arm_entries", "contact", "distance_to_outline", "enter_fraction", "exit_fraction",
    "floating", "forced_swim", "four paws", "fraction_inside", "gap_between", "grooming", "leave",
    "mabe_triplet", "make_contact", "mask_gap", "masks", "mobility", "mobility_state",
    "nose_to_body", "run_assay", "social_measures", "plus_maze", "maze_alternation", "light_dark",
)  # fmt: skip


def needs_outlines(code: str) -> bool:
    """Whether analysis code asks for outlines, so that the snapshot must hold the masks.

    >>> needs_outlines('contact(recording, "animal1", "animal2")'), needs_outlines("speed")
    (True, False)
    """
    return re.search(rf"\b({'|'.join(OUTLINED)})\b", code) is not None
