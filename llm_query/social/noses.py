"""Where one animal's nose or points are from another's: the geometry behind encounters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from llm_query.body_points import AXIS, TAIL, find_point, points_by_role
from llm_query.bouts import Bouts
from llm_query.errors import QueryError
from llm_query.outlines import Outlines
from llm_query.recording import Recording
from llm_query.social.pairs import (
    Reach,
    distance_between_points,
    known_size,
    reach_limit,
    social_bouts,
)

CHUNK = 2000  # frames whose outlines are taken apart at once
CELLS = 500_000  # pairs of points that are compared at once
ROUNDING = 1e-9  # a distance that is the limit itself but for rounding is not below it


def closer_than(
    recording: Recording,
    apart: np.ndarray,
    a: str,
    b: str,
    given: float | None,
    default: Reach,
    name: str,
    what: str,
    *,
    min_duration_s: float,
    max_gap_frames: int,
    points: Sequence[str] = (),
) -> Bouts:
    """Bouts in which a distance (n,) is below a limit, given or by default.

    points: those of b of which the distance is the least to the nose of a, where there are several.
    """
    limit, said = reach_limit(recording, a, b, given, default, "max_distance")
    with np.errstate(invalid="ignore"):
        below = apart < limit - ROUNDING
    known = np.isfinite(apart)
    if points:
        bodies = (a, [find_point(recording, a, "nose")]), (b, points)
        known = known_by_points(recording, below, limit, *bodies)
    return social_bouts(
        recording, below, a, b, name, known=known,
        min_duration_s=min_duration_s, max_gap_frames=max_gap_frames,
        definition=f"{what} < {said} apart",
    )  # fmt: skip


def nose_distance(recording: Recording, a: str, b: str, role: str) -> np.ndarray:
    """(n,) distance from one animal's nose to the other's point of this role."""
    nose = find_point(recording, a, "nose")
    return distance_between_points(recording, a, b, nose, find_point(recording, b, role))


def body_line(recording: Recording, animal: str) -> list[str]:
    """The points that the animal has of nose, neck, back (or else centre) and tail base."""
    by_role = {"back": "centre", **points_by_role(recording, animal)}
    return [by_role[role] for role in AXIS if role in by_role]


def distance_to_line(
    recording: Recording, nose: np.ndarray, animal: str, rows: np.ndarray
) -> np.ndarray:
    """Distance from a place (n, 2) to the line along an animal's body in the frames `rows`."""
    line = [recording.position(animal, point)[rows] for point in body_line(recording, animal)]
    ends = zip(line, line[1:] or line, strict=False)
    return np.fmin.reduce([_to_segment(nose[rows], start, stop) for start, stop in ends])


def known_by_points(
    recording: Recording, near: np.ndarray, limit: float, *bodies: tuple[str, Sequence[str]]
) -> np.ndarray:
    """(n,) frames in which it is known whether points of two bodies are within `limit`.

    They are where two that are seen are (`near`), where all points are seen, and where those that
    are seen are too far away for one that is hidden: more than its animal's length farther.
    """
    reach = np.full(recording.n_frames, float(limit))
    for animal, points in bodies:
        hidden = _hidden(recording, animal, points)
        reach[hidden] += known_size(recording, animal) or np.inf
    (a, points_a), (b, points_b) = bodies
    box_a, box_b = box_of(recording, a, points_a), box_of(recording, b, points_b)
    seen = np.isfinite(box_a[0] + box_b[0])
    return near | (seen & ((reach == limit) | ~boxes_within(box_a, box_b, reach)))


def _hidden(recording: Recording, animal: str, points: Sequence[str]) -> np.ndarray:
    """(n,) frames in which at least one of the points is not seen. Read-only."""

    def make() -> np.ndarray:
        places = [recording.track(animal).points[point][:, 0] for point in points]
        hidden = np.isnan(np.sum(places, axis=0))
        hidden.flags.writeable = False
        return hidden

    return recording.remember(("hidden", animal, tuple(points)), make)


def boxes_within(a: np.ndarray, b: np.ndarray, limit: float | np.ndarray) -> np.ndarray:
    """(n,) bool: boxes (4, n) nearer than `limit` to each other along both axes; NaN is not."""
    with np.errstate(invalid="ignore"):
        apart = np.maximum(
            np.maximum(b[0] - a[2], a[0] - b[2]), np.maximum(b[1] - a[3], a[1] - b[3])
        )
        return apart < limit


def _to_segment(place: np.ndarray, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """(n,) distance from places to segments (n, 2); to the one end that is known otherwise."""
    (x, y), (u, v) = (place - start).T, (stop - start).T
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.clip((x * u + y * v) / (u * u + v * v), 0.0, 1.0)
    share = np.where((u == 0) & (v == 0), 0.0, share)
    across = np.hypot(x - share * u, y - share * v)
    return np.fmin(across, np.fmin(np.hypot(x, y), np.hypot(x - u, y - v)))


def body_points_of(recording: Recording, animal: str, given: Sequence[str] | None) -> list[str]:
    """The points that count as the body: those given, or all but the tail behind its base."""
    if given is None:
        tail = {points_by_role(recording, animal).get(role) for role in TAIL}
        return [point for point in recording.track(animal).points if point not in tail]
    if isinstance(given, str) or not given:
        raise QueryError('Give body points as a list, for example ["nose", "tail_base"].')
    return [find_point(recording, animal, point) for point in given]


def box_of(recording: Recording, animal: str, points: Sequence[str]) -> np.ndarray:
    """(4, n) smallest x and y and largest x and y of the points that are seen. Read-only."""

    def make() -> np.ndarray:
        places = [recording.position(animal, point) for point in points]
        low, high = np.fmin.reduce(places), np.fmax.reduce(places)
        box = np.concatenate([low.T, high.T])
        box.flags.writeable = False
        return box

    return recording.remember(("box", animal, tuple(points)), make)


def nearest_points(
    recording: Recording,
    a: str,
    b: str,
    points_a: Sequence[str],
    points_b: Sequence[str],
    rows: np.ndarray,
) -> np.ndarray:
    """Distance between the nearest of the points in the frames `rows`."""
    nearest = np.full(len(rows), np.nan)
    step = max(1, CELLS // (len(points_a) * len(points_b)))
    for low in range(0, len(rows), step):
        part = rows[low : low + step]
        ours, theirs = (
            np.stack([recording.position(name, point)[part] for point in points])
            for name, points in ((a, points_a), (b, points_b))
        )
        x, y = (ours[:, None, :, axis] - theirs[None, :, :, axis] for axis in (0, 1))
        squared = (x * x + y * y).reshape(-1, len(part))
        nearest[low : low + step] = np.sqrt(np.fmin.reduce(squared))
    return nearest


def body_direction(recording: Recording, animal: str) -> np.ndarray:
    """(n, 2) from the tail base to the nose, in unit."""
    tail = recording.position(animal, find_point(recording, animal, "tail_base"))
    return recording.position(animal, find_point(recording, animal, "nose")) - tail


def distance_to_mask(masks: Outlines, place: np.ndarray) -> np.ndarray:
    """(n,) px from places (n, 2) to the outline of their frame: 0 inside, NaN without one.

    A pixel is the square of half a pixel around its whole coordinates.
    """
    away = np.full(len(place), np.nan)
    rows = np.flatnonzero(np.isfinite(place[masks.frame]).all(axis=1))
    for chunk in np.array_split(rows, max(1, -(-len(rows) // CHUNK))):
        if not len(chunk):
            continue
        segments, first = masks.segments(chunk)
        x, y = np.repeat(place[masks.frame[chunk]], np.diff(first), axis=0).T
        down = np.maximum(np.abs(y - segments[:, 0]) - 0.5, 0)
        across = np.maximum(np.maximum(segments[:, 1] - 0.5 - x, x - segments[:, 2] + 0.5), 0)
        filled = np.flatnonzero(np.diff(first))
        nearest = np.minimum.reduceat(np.hypot(down, across), first[:-1][filled])
        away[masks.frame[chunk[filled]]] = nearest
    return away
