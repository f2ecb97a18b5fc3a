"""What measures of two animals share: distances, body sizes, headings, default reaches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from llm_query.algebra.intervals import TOLERANCE_S, cover, runs
from llm_query.body_points import find_point, points_by_role
from llm_query.bouts import Bouts
from llm_query.errors import QueryError
from llm_query.individual.kinematics import heading, median_length
from llm_query.individual.motion import ROUNDING, Limit, speed_limit
from llm_query.individual.sharp import dot, sharp_velocity
from llm_query.recording import Recording
from llm_query.states import bouts_where

Value = TypeVar("Value", float, np.ndarray)
SMALL_CM = 3.5  # flies and small fish; adult mice have 8 to 10 cm
WAY = 0.1  # body lengths; 1 px of jitter changes a distance by 0.05 of 80 px over 0.2 s
FRONTS, BACKS = ("nose", "head"), ("neck", "back", "tail_base")  # a heading from points


@dataclass(frozen=True)
class Reach:
    """A default distance: when calibrated, and in body lengths when not."""

    cm: float
    lengths: float


def distance_between_points(
    recording: Recording, a: str, b: str, point_a: str = "centre", point_b: str = "centre"
) -> np.ndarray:
    """(n,) distance in unit between points by name or role. Read-only, one for both orders."""
    ends = [(name, find_point(recording, name, p)) for name, p in ((a, point_a), (b, point_b))]
    (a, point_a), (b, point_b) = sorted(ends)

    def make() -> np.ndarray:
        apart = np.hypot(*(recording.position(a, point_a) - recording.position(b, point_b)).T)
        apart.flags.writeable = False
        return apart

    return recording.remember(("distance", a, point_a, b, point_b), make)


def social_bouts(
    recording: Recording, mask: np.ndarray, a: str, b: str | None, name: str, *,
    known: np.ndarray, definition: str, min_duration_s: float = 0.0,
    max_gap_frames: int = 3, merge_gap_s: float = 0.0,
) -> Bouts:  # fmt: skip
    """bouts_where, over interruptions of up to merge_gap_s; the definition says all of it."""
    check_numbers(
        min_duration_s=min_duration_s, max_gap_frames=max_gap_frames, merge_gap_s=merge_gap_s
    )
    if merge_gap_s > 0:
        definition += f", interruptions up to {merge_gap_s:g} s joined"
        mask, known = _joined(recording, mask, known, max_gap_frames, merge_gap_s)
    return bouts_where(
        recording, mask, a, b, behaviour=name, definition=definition, known=known,
        min_duration_s=min_duration_s, max_gap_frames=max_gap_frames,
    )  # fmt: skip


def _joined(
    recording: Recording, mask: np.ndarray, known: np.ndarray, max_gap_frames: int, gap_s: float
) -> tuple[np.ndarray, np.ndarray]:
    """The mask with its short interruptions filled, never over a gap that ends a bout."""
    start, stop = runs(mask & known)
    if len(start) < 2:
        return mask, known
    first, last = runs(~known)
    lost = np.zeros(len(mask) + 1, dtype=np.int64)
    lost[first[last - first > max_gap_frames] + 1] = 1
    lost = np.cumsum(lost)
    short = recording.edges_s[start[1:]] - recording.edges_s[stop[:-1]] <= gap_s + TOLERANCE_S
    short &= lost[start[1:]] == lost[stop[:-1]]
    filled = cover(stop[:-1][short], start[1:][short], len(mask))
    return mask | filled, known | filled


def check_numbers(**values: float | None) -> None:
    """Refuse limits that are negative or not a number; None is a default."""
    for name, value in values.items():
        if value is None:
            continue
        if not (isinstance(value, int | float | np.number) and value >= 0):
            kind = next((text for end, text in KINDS.items() if name.endswith(end)), "a limit")
            raise QueryError(f"{name} is {kind} from 0, not {value!r}.")


KINDS = {"_s": "seconds", "_deg": "degrees", "_frames": "a number of frames"}


def distance_limit(
    recording: Recording, a: str, b: str, given: float | None, lengths: float, name: str
) -> tuple[float, str]:
    two_animals(recording, a, b)
    if given is not None:
        if not given >= 0:
            raise QueryError(f"{name} is a distance in {recording.unit}, not {given:g}.")
        return float(given), f"{given:g} {recording.unit}"
    mean = (body_size(recording, a, name) + body_size(recording, b, name)) / 2
    return lengths * mean, f"{lengths * mean:.3g} {recording.unit} ({lengths:g} body lengths)"


def reach_limit(
    recording: Recording, a: str, b: str, given: float | None, default: Reach, name: str
) -> tuple[float, str]:
    """A distance in unit and how to say it: as given, or the default for this recording.

    Defaults in cm are made for mice and rats: two animals that are SMALL_CM long or less get theirs
    in body lengths, as in recordings without a scale.
    """
    two_animals(recording, a, b)
    if given is None and recording.px_per_cm is not None:
        sizes = [known_size(recording, each) for each in (a, b)]
        if None in sizes or sum(size or 0.0 for size in sizes) / 2 > SMALL_CM:
            given = default.cm
    return distance_limit(recording, a, b, given, default.lengths, name)


def body_size(recording: Recording, animal: str, instead: str) -> float:
    """Median body length in unit: the outline's, or from nose to tail base without one.

    `instead` names the argument that makes it unnecessary, for the error when there is neither.
    """
    size = known_size(recording, animal)
    return median_length(recording, animal, instead) if size is None else size


def known_size(recording: Recording, animal: str) -> float | None:
    """Median body length in unit, None when neither an outline nor points tell it."""

    def make() -> float | None:
        length, points = recording.length(animal), points_by_role(recording, animal)
        if not np.isfinite(length).any() and {"nose", "tail_base"} <= set(points):
            length = distance_between_points(recording, animal, animal, "nose", "tail_base")
        return float(np.nanmedian(length)) if np.isfinite(length).any() else None

    return recording.remember(("body size", animal), make)


def heading_of(
    recording: Recording, animal: str, front: str | None = None, back: str | None = None
) -> np.ndarray:
    """(n,) heading in degrees; without an outline from the rear points to the nose. Read-only."""

    def make() -> np.ndarray:
        points = points_by_role(recording, animal)
        ahead = [points[role] for role in FRONTS if role in points]
        behind = [points[role] for role in BACKS if role in points]
        unknown = not np.isfinite(recording.heading_deg(animal)).any()
        if front is None and back is None and unknown and ahead and behind:
            return heading(recording, animal, ahead[0], behind[0])
        return heading(recording, animal, front, back)

    return recording.remember(("heading of", animal, front, back), make)


def two_animals(recording: Recording, a: str, b: str) -> None:
    recording.track(a)
    recording.track(b)
    if a == b:
        raise QueryError(f"This measure is about two animals; both are {a}.")


def parting_speed(recording: Recording, a: str, b: str, window_s: float) -> np.ndarray:
    """(n,) unit/s at which two centres part by their sharp velocities; negative: they meet."""
    (a, b) = sorted((a, b))

    def make() -> np.ndarray:
        apart = recording.position(b) - recording.position(a)
        change = sharp_velocity(recording, b, window_s) - sharp_velocity(recording, a, window_s)
        with np.errstate(invalid="ignore", divide="ignore"):
            parting = dot(apart, change) / distance_between_points(recording, a, b)
        parting.flags.writeable = False
        return parting

    return recording.remember(("parting speed", a, b, float(window_s)), make)


def least_speed(
    recording: Recording, animal: str, given: float | None, default: Limit
) -> tuple[float, str]:
    """A lowest speed in unit/s and how to say it, as speed_limit; also without an outline."""

    def make() -> tuple[float, str]:
        bare = recording.px_per_cm is None and not np.isfinite(recording.length(animal)).any()
        if given is None and bare:
            size = default.lengths_s * body_size(recording, animal, "min_speed")
            limit = max(size, default.px_s)
            why = f"{default.lengths_s:g} body lengths/s" if size == limit else "above jitter"
            return limit, f"{limit:.3g} px/s ({why})"
        return speed_limit(recording, animal, given, default, "min_speed")

    return recording.remember(("least speed", animal, given, default), make)


def least_change(
    recording: Recording, a: str, b: str, speed: float, given: tuple[float | None, float | None],
    names: tuple[str, str],
) -> tuple[float, float, str]:  # fmt: skip
    """The least by which a distance changes: in unit/s, in unit over a bout, and both in words.

    By default half of `speed`, and WAY body lengths (the mean of both) where lengths are known.
    """
    check_numbers(**dict(zip(names, given, strict=True)))
    rate = speed / 2 if given[0] is None else float(given[0])
    sizes = [known_size(recording, each) or 0.0 for each in (a, b)]
    way, why = given[1], ""
    if way is None:
        way, why = (WAY * sum(sizes) / 2 if min(sizes) > 0 else 0.0), f" ({WAY:g} body lengths)"
    said = f"at >= {rate:.3g} {recording.unit}/s"
    return rate, way, f"{said} and by >= {way:.3g} {recording.unit}{why} in all" if way else said


def over_a_way(bouts: Bouts, change_s: np.ndarray, way: float) -> Bouts:
    """The bouts over which a distance that changes by change_s (n,) per second does so by `way`."""
    if not way > 0:
        return bouts
    steps = np.where(np.isfinite(change_s), change_s, 0.0) * np.diff(bouts.edges_s)
    gone = np.concatenate([[0.0], np.cumsum(steps)])
    return bouts.keep(gone[bouts.stop_frame] - gone[bouts.start_frame] >= way * (1 - ROUNDING))


def at_least(limit: Value) -> Value:
    """A limit that a speed with rounding errors reaches."""
    return limit * (1 - ROUNDING) - ROUNDING


def members(recording: Recording, animals: Sequence[str] | None) -> list[str]:
    """The animals of a group: those named, or all; two or more."""
    names = list(recording.animals if animals is None else animals)
    if isinstance(animals, str) or len(set(names)) < 2 or len(set(names)) < len(names):
        raise QueryError(
            f"A group is two or more different animals, not {animals or names}; {recording.video} "
            f"has {', '.join(recording.animals)}. Name at least two of them."
        )
    for name in names:
        recording.track(name)
    return names
