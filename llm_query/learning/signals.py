"""What a learned behaviour may look at: an animal's motion, posture and company, one by one.

Every signal is one value per frame that stays the same when the scene is moved, turned or
mirrored. Lengths are in body lengths of the animal, so that a behaviour learned at one scale is
found at another; regions are left out, so that it is found in another arena.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from llm_query.body_points import points_by_role, role_of
from llm_query.errors import QueryError
from llm_query.individual.kinematics import angle_between, direction_deg, line_fit, velocity
from llm_query.recording import Recording

SPAN_S = 0.1  # velocities are line fits over so many seconds: noise is alike at 25 and 60 frames/s
SLOW = 0.1  # body lengths/s below which the direction of the path means little
MOST_POINTS = 12


@dataclass(frozen=True)
class Signal:
    """One value per frame, made when it is asked for.

    kind: "plain" or "signed" (positive one way and negative the other way round, so that only its
    size and its balance count).
    """

    make: Callable[[], np.ndarray]
    kind: str = "plain"


def length_scale(recording: Recording, animal: str) -> tuple[float, str]:
    """How long one length is in the recording's unit, and what it is.

    The animal's median outline length; without outlines, from nose to tail base, or between its
    two farthest points; with the centre alone, 1 cm (or 1 px, which fits no other camera).

    >>> from llm_query.examples import example_recording
    >>> length_scale(example_recording(), "animal1")
    (4.0, 'body lengths (outline)')
    """
    return recording.remember(("length scale", animal), lambda: _scale(recording, animal))


def _scale(recording: Recording, animal: str) -> tuple[float, str]:
    length = recording.length(animal)
    if np.isfinite(length).any():
        return float(np.nanmedian(length)), "body lengths (outline)"
    roles = points_by_role(recording, animal)
    if "nose" in roles and "tail_base" in roles:
        size = _median_gap(recording, animal, roles["nose"], roles["tail_base"])
        if np.isfinite(size):
            return size, "body lengths (nose to tail base)"
    gaps = [
        _median_gap(recording, animal, a, b) for a, b in combinations(_points(recording, animal), 2)
    ]
    if np.isfinite(gaps).any():
        return float(np.nanmax(gaps)), "body lengths (farthest points)"
    return 1.0, recording.unit


def _median_gap(recording: Recording, animal: str, a: str, b: str) -> float:
    gap = np.hypot(*(recording.position(animal, a) - recording.position(animal, b)).T)
    return float(np.nanmedian(gap)) if np.isfinite(gap).any() else float("nan")


def _points(recording: Recording, animal: str) -> list[str]:
    return [p for p in recording.track(animal).points if p != "centre"][:MOST_POINTS]


def signals(recording: Recording, animal: str, target: str | None = None) -> dict[str, Signal]:
    """Everything that can be told of the animal in this recording (and of its partner), by name.

    >>> from llm_query.examples import example_recording
    >>> found = signals(example_recording(), "animal1", "animal2")
    >>> found["speed"].make()[45].round(3), found["partner distance"].make()[-1].round(3)
    (np.float64(2.5), np.float64(1.0))
    """
    if target == animal:
        raise QueryError(f"{animal} cannot be its own partner: name another animal.")
    found = _motion(recording, animal) | _posture(recording, animal)
    if target is not None:
        recording.track(target)
        return found | _partner(recording, animal, target)
    others = [other for other in recording.animals if other != animal]
    return found | (_company(recording, animal, others) if others else {})


# the animal by itself


def _going(recording: Recording, animal: str, size: float, point: str = "centre") -> np.ndarray:
    """(n, 2) velocity in lengths/s."""
    key = ("signal velocity", animal, point)
    fit = recording.remember(key, lambda: velocity(recording, animal, point, SPAN_S))
    return fit / size


def _slope(recording: Recording, values: np.ndarray) -> np.ndarray:
    flat = values[:, None] if values.ndim == 1 else values
    slope = line_fit(flat, recording.time_s, SPAN_S)[1]
    return slope[:, 0] if values.ndim == 1 else slope


def _motion(recording: Recording, animal: str) -> dict[str, Signal]:
    size, _ = length_scale(recording, animal)

    def going() -> np.ndarray:
        return _going(recording, animal, size)

    def path_turning() -> np.ndarray:
        v, a = going(), _slope(recording, going())
        cross = v[:, 0] * a[:, 1] - v[:, 1] * a[:, 0]
        return np.degrees(cross / ((v**2).sum(axis=1) + SLOW**2))

    found = {
        "speed": Signal(lambda: np.hypot(*going().T)),
        "acceleration": Signal(lambda: _slope(recording, np.hypot(*going().T))),
        "path turning": Signal(path_turning, "signed"),
    }
    ahead = body_axis(recording, animal)
    if ahead is None:
        return found
    return found | {
        "body turning": Signal(lambda: _turning(recording, ahead), "signed"),
        "forward speed": Signal(lambda: (going() * ahead).sum(axis=1)),
        "sideways speed": Signal(
            lambda: going()[:, 0] * ahead[:, 1] - going()[:, 1] * ahead[:, 0], "signed"
        ),
    }


def body_axis(recording: Recording, animal: str) -> np.ndarray | None:
    """(n, 2) unit vectors from tail to nose, y down, by outline or points; None if unknown."""
    return recording.remember(("body axis", animal), lambda: _axis(recording, animal))


def _axis(recording: Recording, animal: str) -> np.ndarray | None:
    degrees = recording.heading_deg(animal)
    if not np.isfinite(degrees).any():
        roles = points_by_role(recording, animal)
        front = next((roles[r] for r in ("nose", "head", "neck") if r in roles), None)
        back = next((roles[r] for r in ("tail_base", "back") if r in roles), "centre")
        if front is None:
            return None
        degrees = direction_deg(
            recording.position(animal, front) - recording.position(animal, back)
        )
        if not np.isfinite(degrees).any():
            return None
    turned = np.radians(degrees)
    return np.column_stack([np.cos(turned), -np.sin(turned)])


def _turning(recording: Recording, ahead: np.ndarray) -> np.ndarray:
    degrees = direction_deg(ahead)
    seen = np.isfinite(degrees)
    unwrapped = np.full(len(degrees), np.nan)
    unwrapped[seen] = np.unwrap(degrees[seen], period=360)
    return _slope(recording, unwrapped)


def _posture(recording: Recording, animal: str) -> dict[str, Signal]:
    size, _ = length_scale(recording, animal)
    found: dict[str, Signal] = {}
    if np.isfinite(recording.length(animal)).any():
        found["body length"] = Signal(lambda: recording.length(animal) / size)
    if np.isfinite(recording.body_width(animal)).any():
        found["body width"] = Signal(lambda: recording.body_width(animal) / size)
        found["width over length"] = Signal(
            lambda: recording.body_width(animal) / np.maximum(recording.length(animal), 1e-9)
        )
    if np.isfinite(recording.area(animal)).any():
        found["body area"] = Signal(lambda: recording.area(animal) / size**2)
    points = {_called(p): p for p in _points(recording, animal)}
    for name, point in points.items():
        found[f"{name} speed"] = Signal(
            lambda point=point: np.hypot(*_going(recording, animal, size, point).T)  # type: ignore[misc]
        )
    for a, b in _links(points):
        found[f"{a} to {b}"] = Signal(
            lambda a=a, b=b: _gap(recording, (animal, points[a]), (animal, points[b]), size)  # type: ignore[misc]
        )
    middle = points.get("back", "centre")
    if "nose" in points and "tail_base" in points:
        found["bend of the body"] = Signal(
            lambda: _bend(recording, animal, points["nose"], middle, points["tail_base"])
        )
    if len(points) > 1:
        found["speed of all points"] = Signal(
            lambda: _mean_of([found[f"{name} speed"].make() for name in points])
        )
    return found


def _called(point: str) -> str:
    """A point's role, or else its own name without what would break a feature's name."""
    return role_of(point) or point.replace(",", " ").strip().lower()


def _links(points: dict[str, str]) -> list[tuple[str, str]]:
    """The pairs of points whose distance is looked at: all of few, else to nose and tail base."""
    if len(points) <= 5:
        return list(combinations(points, 2))
    ends = [name for name in ("nose", "tail_base") if name in points] or list(points)[:2]
    return [(a, b) for a, b in combinations(points, 2) if a in ends or b in ends]


def _gap(
    recording: Recording, one: tuple[str, str], other: tuple[str, str], size: float
) -> np.ndarray:
    return np.hypot(*(recording.position(*one) - recording.position(*other)).T) / size


def _bend(recording: Recording, animal: str, front: str, middle: str, back: str) -> np.ndarray:
    """(n,) degrees between the front and the rear half of the body: 0 = straight."""
    here = recording.position(animal, middle)
    fore = direction_deg(recording.position(animal, front) - here)
    return angle_between(fore, direction_deg(here - recording.position(animal, back)))


def _mean_of(values: list[np.ndarray]) -> np.ndarray:
    stacked = np.stack(values)
    seen = np.isfinite(stacked)
    with np.errstate(invalid="ignore"):
        return np.where(seen, stacked, 0).sum(axis=0) / np.where(
            seen.any(axis=0), seen.sum(axis=0), np.nan
        )


# the animal and others


def _partner(recording: Recording, animal: str, target: str) -> dict[str, Signal]:
    size, _ = length_scale(recording, animal)

    def towards() -> np.ndarray:
        gap = recording.position(target) - recording.position(animal)
        return gap / np.maximum(np.hypot(*gap.T), 1e-9)[:, None]

    def distance() -> np.ndarray:
        return _gap(recording, (animal, "centre"), (target, "centre"), size)

    def going(who: str) -> np.ndarray:
        return _going(recording, who, size)

    found = {
        "partner distance": Signal(distance),
        "closing speed": Signal(lambda: -_slope(recording, distance())),
        "approach speed": Signal(lambda: (going(animal) * towards()).sum(axis=1)),
        "partner approach speed": Signal(lambda: -(going(target) * towards()).sum(axis=1)),
        "partner speed": Signal(lambda: np.hypot(*going(target).T)),
    }
    mine, theirs = body_axis(recording, animal), body_axis(recording, target)
    if mine is not None:
        found["angle to partner"] = Signal(lambda: _angle(mine, towards()))
    if theirs is not None:
        found["partner's angle"] = Signal(lambda: _angle(theirs, -towards()))
    if mine is not None and theirs is not None:
        found["angle between bodies"] = Signal(lambda: _angle(mine, theirs))
    own, other = points_by_role(recording, animal), points_by_role(recording, target)
    for a, b in (("nose", "nose"), ("nose", "tail_base"), ("tail_base", "nose")):
        if a in own and b in other:
            found[f"{a} to partner's {b}"] = Signal(
                lambda a=a, b=b: _gap(recording, (animal, own[a]), (target, other[b]), size)  # type: ignore[misc]
            )
    if "nose" in own:
        found["nose to partner's centre"] = Signal(
            lambda: _gap(recording, (animal, own["nose"]), (target, "centre"), size)
        )
    return found


def _angle(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(n,) degrees, 0 to 180, between unit vectors (n, 2)."""
    return np.degrees(np.arccos(np.clip((a * b).sum(axis=1), -1, 1)))


def _company(recording: Recording, animal: str, others: list[str]) -> dict[str, Signal]:
    """The nearest of the others, whoever that is in each frame."""
    size, _ = length_scale(recording, animal)

    def offset() -> np.ndarray:
        def make() -> np.ndarray:
            gaps = np.stack([recording.position(o) - recording.position(animal) for o in others])
            far = np.hypot(gaps[..., 0], gaps[..., 1])
            near = np.argmin(np.where(np.isfinite(far), far, np.inf), axis=0)
            return gaps[near, np.arange(recording.n_frames)]

        return recording.remember(("to the nearest", animal), make)

    def towards() -> np.ndarray:
        return offset() / np.maximum(np.hypot(*offset().T), 1e-9)[:, None]

    found = {
        "nearest distance": Signal(lambda: np.hypot(*offset().T) / size),
        "approach to the nearest": Signal(
            lambda: (_going(recording, animal, size) * towards()).sum(axis=1)
        ),
    }
    ahead = body_axis(recording, animal)
    if ahead is not None:
        found["angle to the nearest"] = Signal(lambda: _angle(ahead, towards()))
    return found
