"""The slots a question is read into: the study's names, quantities, conditions, the reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from llm_query.errors import QueryError

if TYPE_CHECKING:
    from llm_query.memory import Definition

ANY_OTHER = "<other>"  # "another animal": each of the others in turn
HEAD = "<head>"  # "the head" where no body point has that name
EACH = "<each>"  # "the animal" where there are several: each one by itself


class Refusal(QueryError):
    """The question is not understood well enough to answer it; the message says what to do next."""


@dataclass(frozen=True)
class Context:
    """What the planner may assume of one study: its names, unit, scale and frame rate."""

    animals: tuple[str, ...]
    points: tuple[str, ...] = ("centre",)
    regions: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()  # the regions whose role is object
    arena: str | None = None  # the region whose role is arena
    unit: str = "px"  # "cm" when the video has a scale
    px_per_cm: float | None = None
    fps: float = 30.0
    n_frames: int = 0
    behaviours: tuple[str, ...] = ()  # bouts already stored in the study
    kept_of: tuple[tuple[str, str], ...] = ()  # of those: a behaviour and an animal that has it
    has_masks: bool = True
    has_heading: bool = True
    has_length: bool = True  # of the body
    definitions: tuple[Definition, ...] = ()  # kept in the study's handbook
    learned: tuple[str, ...] = ()  # behaviours learned from scored bouts

    def __post_init__(self) -> None:
        if not self.animals:
            raise Refusal("This video has no tracked animals yet. Track it first.")


def lone(what: str = "This") -> Refusal:
    """The refusal of what takes two animals, where there is one."""
    return Refusal(
        f"{what} needs two animals, and this video has only one tracked. Ask about a video with "
        "more, or track this one again with their number (--animals 2)."
    )


@dataclass(frozen=True)
class Token:
    """One understood (or not understood) piece of the question."""

    kind: str
    value: Any
    text: str


@dataclass(frozen=True)
class Quantity:
    """A number as the question gives it; unit "" when it names none."""

    value: float
    unit: str = ""
    said: str = field(default="", compare=False, repr=False)  # its unit before it was converted

    def __str__(self) -> str:
        return f"{self.value:g} {self.unit}".strip().replace("body_length", "body lengths")


@dataclass(frozen=True)
class Window:
    """A part of the recording: kind is first, last, share (of the length) or between."""

    kind: str
    start: float | None
    stop: float | None
    unit: str  # "s", "frame" or "share"
    text: str


@dataclass(frozen=True)
class Condition:
    """Something that is true or not of a frame (or happens, for enter and leave).

    kind: in, enter, leave, side, distance, speed, immobile, contact, facing, angle, chase, length,
    acceleration, and, or, not, then, for (a duration)
    """

    kind: str
    subject: str = EACH
    target: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[Condition, ...] = ()

    def walk(self) -> list[Condition]:
        """Give this condition and everything inside it."""
        return [self, *(inner for part in self.parts for inner in part.walk())]

    def leaves(self) -> list[Condition]:
        """Give the conditions that are not made of others."""
        return [part for part in self.walk() if not part.parts]


def negated(condition: Condition) -> Condition:
    """The opposite of a condition; of several animals or places, that of each by itself."""
    if condition.kind == "each":
        return replace(condition, parts=tuple(negated(part) for part in condition.parts))
    return Condition("not", condition.subject, parts=(condition,))


@dataclass(frozen=True)
class Measure:
    """A number per frame or per recording: speed, distance_moved, position, ..."""

    kind: str
    subjects: tuple[str, ...] = (EACH,)
    target: str | None = None
    points: tuple[str, ...] = ("centre",)
    regions: tuple[str, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Reading:
    """A question as slots; the compiler turns it into code."""

    subjects: tuple[str, ...] = (EACH,)
    aggregates: list[str] = field(default_factory=list)
    condition: Condition | None = None
    alternatives: list[Condition] = field(default_factory=list)  # "in A and B": one answer each
    measure: Measure | None = None
    plot: str | None = None
    colour: str | None = None
    invert_y: bool = False
    window: Window | None = None
    order: str | None = None
    name: str = ""
    assumptions: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    points: tuple[str, ...] = ("centre",)
    wanted: str = ""  # the unit that the answer is asked for in
    bin_s: float | None = None  # one value per time bin of so many seconds
    used: dict[str, int] = field(default_factory=dict)  # kept definitions, with their versions
