"""When an animal counts as inside: whose points, how many of them, how far in, and since when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from llm_query.algebra.intervals import bridge, cover, runs
from llm_query.body_points import find_point, points_by_role
from llm_query.bouts import Bouts
from llm_query.checks import check_names, check_number
from llm_query.errors import QueryError
from llm_query.geometry import ROUNDING, Region
from llm_query.individual.kinematics import heading
from llm_query.places.region_masks import fraction_in
from llm_query.recording import Recording

Names = str | Sequence[str]
Truth = tuple[np.ndarray, np.ndarray]  # (n,) whether it holds and (n,) whether that is known
TOLERANCE_S = 1e-6
HEAD = "head end"
GROUPS = {"any point": "any", "all points": "all"}


class Outside(TypedDict, total=False):
    """The keywords of in_region, as every word that judges by it passes them on."""

    max_gap_frames: int
    need: str | float
    enter_margin: float
    exit_margin: float
    enter_fraction: float | None
    exit_fraction: float | None
    min_outside_s: float


class Inside(Outside, total=False):
    """With the shortest visit."""

    min_duration_s: float


@dataclass(frozen=True)
class Rule:
    """What being inside means; lengths in the recording's unit, see zones.in_region."""

    points: tuple[str, ...] = ("centre",)
    need: str | float = "any"
    enter_margin: float = 0.0
    exit_margin: float = 0.0
    enter_fraction: float | None = None
    exit_fraction: float | None = None
    min_outside_s: float = 0.0

    def __post_init__(self) -> None:
        shares = [each for each in (self.enter_fraction, self.exit_fraction) if each is not None]
        for value in [*shares, *([] if isinstance(self.need, str) else [self.need])]:
            if not isinstance(value, int | float) or not 0 < value <= 1:
                raise QueryError(f"A share of points or of the outline is 0 to 1, not {value!r}.")
        if isinstance(self.need, str) and self.need not in ("any", "all"):
            raise QueryError(f'need is "any", "all" or a share from 0 to 1, not "{self.need}".')
        for name in ("enter_margin", "exit_margin", "min_outside_s"):
            what = "seconds" if name.endswith("_s") else "cm (px uncalibrated)"
            check_number(name, getattr(self, name), what)
        if self.enter_fraction is None and self.exit_fraction is not None:
            raise QueryError("exit_fraction needs enter_fraction, the share that counts as inside.")
        if (self.exit_fraction or 0) > (self.enter_fraction or 0):
            raise QueryError("exit_fraction is at most enter_fraction: it is left with less.")

    def describe(self, regions: Sequence[str], unit: str) -> str:
        """The rule in words, as the definition of bouts says it."""
        place = " or ".join(f'"{name}"' for name in regions)
        if self.enter_fraction is not None:
            left = self.enter_fraction if self.exit_fraction is None else self.exit_fraction
            text = f"{100 * self.enter_fraction:g} % of the outline inside {place}"
            text += f" until less than {100 * left:g} %"
        else:
            text = f"{self._points()} inside {place}"
        if self.enter_margin or self.exit_margin:
            text += f" (in from {self.enter_margin:g} {unit} inside the border, out from "
            text += f"{self.exit_margin:g} {unit} outside, between them as before)"
        if self.min_outside_s:
            text += f", back within {self.min_outside_s:g} s is the same visit"
        return text

    def _points(self) -> str:
        if len(self.points) == 1:
            return self.points[0]
        share = self.need if isinstance(self.need, str) else f"{100 * self.need:g} %"
        return f"{share} of {', '.join(self.points)}"

    @property
    def suffix(self) -> str:
        """What a behaviour's name says of it: nothing for the centre, else " (nose)"."""
        if self.enter_fraction is not None:
            return " (outline)"
        return "" if self.points == ("centre",) else f" ({self._points()})"


def find_points(recording: Recording, animal: str, point: Names, need: str | float) -> tuple:
    """The animal's own names of the points asked for, and how many of them are needed."""
    if isinstance(point, str) and point in GROUPS:
        own = tuple(p for p in recording.track(animal).points if p != "centre")
        return own or ("centre",), GROUPS[point]
    asked = check_names("point", point)
    if not asked:
        raise QueryError('No body point was named: give "centre", or a list such as ["nose"].')
    named = (each if each == HEAD else find_point(recording, animal, each) for each in asked)
    return tuple(dict.fromkeys(named)), need


def locate(recording: Recording, animal: str, point: str) -> np.ndarray:
    """(n, 2) place in `unit` of a body point, or of the "head end"; NaN where it was not seen."""
    if not isinstance(point, str):
        raise QueryError(f"point is the name of one body point here, not {point!r}.")
    if point != HEAD:
        return recording.position(animal, find_point(recording, animal, point))
    return recording.remember(("head end", animal), lambda: _head_end(recording, animal))


def _head_end(recording: Recording, animal: str) -> np.ndarray:
    nose = points_by_role(recording, animal).get("nose")
    if nose is not None:
        return recording.position(animal, nose)
    angle = np.radians(heading(recording, animal))
    ahead = np.column_stack([np.cos(angle), -np.sin(angle)]) * recording.length(animal)[:, None] / 2
    return recording.position(animal) + ahead


def border_distance(recording: Recording, animal: str, point: str, place: Region) -> np.ndarray:
    """(n,) distance in `unit` to the region's border, negative inside; NaN where unseen."""
    if point != "centre":  # the centre is asked for again and again, other points rarely
        return place.signed_distance(locate(recording, animal, point))
    key = ("border distance", animal, place.name)
    return recording.remember(key, lambda: _frozen(place, recording.position(animal)))


def _frozen(place: Region, position: np.ndarray) -> np.ndarray:
    distance = place.signed_distance(position)
    distance.flags.writeable = False
    return distance


def find_names(region: Names) -> tuple[str, ...]:
    """The regions' names, each once; none is an error."""
    names = check_names("region", region)
    if not names:
        raise QueryError("No region was named: give one name or several.")
    return names


def find_places(recording: Recording, region: Names) -> tuple[Region, ...]:
    """The regions of these names, each once; every one has an inside."""
    places = tuple(recording.region(name) for name in find_names(region))
    for place in places:
        place.need_inside()
    return places


def judge(
    recording: Recording, animal: str, places: Sequence[Region], rule: Rule, max_gap_frames: int
) -> Truth:
    """Whether the animal is inside any of the regions by this rule, frame by frame."""
    if rule.enter_fraction is not None:
        share = fraction_in(recording, animal, places)
        left = rule.enter_fraction if rule.exit_fraction is None else rule.exit_fraction
        return settle(share, rule.enter_fraction - ROUNDING, left - ROUNDING, max_gap_frames)
    enter, leave = rule.enter_margin - ROUNDING, -rule.exit_margin - ROUNDING
    found = []
    for point in rule.points:
        depths = [-border_distance(recording, animal, point, place) for place in places]
        deepest = np.fmax.reduce(depths)  # so that a border inside the union is none
        hidden = np.isnan(depths).any(axis=0) & ~(deepest >= enter)  # a region that moves, unseen
        found.append(settle(np.where(hidden, np.nan, deepest), enter, leave, max_gap_frames))
    return vote(found, _needed(rule.need, len(found)))


def _needed(need: str | float, points: int) -> int:
    if isinstance(need, str):
        return 1 if need == "any" else points
    return max(1, int(np.ceil(need * points - 1e-9)))


def vote(found: Sequence[Truth], needed: int) -> Truth:
    """Whether at least `needed` of several conditions hold; open while the unseen could decide it.

    >>> a, b = np.array([True, False, False]), np.array([True, True, False])
    >>> [x.tolist() for x in vote([(a, b), (~a, np.ones(3, dtype=bool))], 1)]
    [[True, True, True], [True, True, True]]
    """
    holding = np.sum([held & known for held, known in found], axis=0)
    unseen = np.sum([~known for _, known in found], axis=0)
    held = holding >= needed
    return held, held | (holding + unseen < needed)


def settle(value: np.ndarray, enter: float, leave: float, max_gap_frames: int) -> Truth:
    """In from `enter` on, out below `leave`, and between them as it was before.

    NaN is unknown. Before the first decision, and after a gap of more than max_gap_frames until
    the next one, a value between the two is unknown, too: nobody knows from which side it came.

    >>> [x.tolist() for x in settle(np.array([0.6, 0.8, 0.6, 0.4, 0.6]), 0.7, 0.5, 3)]
    [[False, True, True, False, False], [False, True, True, True, True]]
    """
    seen = np.isfinite(value)
    with np.errstate(invalid="ignore"):
        inside, decided = value >= enter, seen & ((value >= enter) | (value < leave))
    if (decided == seen).all():
        return inside, seen
    frame = np.arange(len(value))
    latest = np.maximum.accumulate(np.where(decided, frame, -1))
    joined = bridge(seen, seen, max_gap_frames)[1]
    stretch = np.cumsum(~joined)  # grows in every frame of a gap, so it differs across one
    known = seen & (latest >= 0) & (stretch[latest] == stretch)
    return inside[latest] & known, known


def visits_of(
    recording: Recording, animal: str, truth: Truth, min_outside_s: float, max_gap_frames: int
) -> Bouts:
    """Bouts of one animal from a truth per frame; short times outside do not end a visit."""
    mask, known = bridge(*truth, max_gap_frames, recording.edges_s)
    if min_outside_s > 0:
        unseen, seen_again = runs(~known)
        long = seen_again - unseen > max_gap_frames
        gap = np.concatenate([[0], np.cumsum(cover(unseen[long], seen_again[long], len(mask)))])
        start, stop = runs(mask)
        away, back = stop[:-1], start[1:]
        short = recording.edges_s[back] - recording.edges_s[away] < min_outside_s - TOLERANCE_S
        short &= gap[back] == gap[away]
        mask = mask | cover(away[short], back[short], len(mask))
    return Bouts.from_masks({(animal, None): (mask, ~known & ~mask)}, recording.edges_s)
