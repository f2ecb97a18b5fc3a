"""How fast the parts of a body move, for states of which no body part may move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from llm_query.algebra.intervals import cover, holes, runs, usual_step
from llm_query.body_points import points_by_role
from llm_query.errors import QueryError
from llm_query.individual.bends import sharp_corner
from llm_query.individual.point_speed import (
    filled,
    jitter_of,
    nan_median,
    slope_noise,
    steady_speed,
    trusted,
)
from llm_query.recording import Recording

# Points that swing, drag or hide without a will of their own, such as the tail, are in no part.
PARTS: dict[str, tuple[str, ...]] = {
    "head": ("nose", "left_ear", "right_ear", "head"),
    "trunk": (
        "neck", "back", "left_shoulder", "right_shoulder", "left_hip", "right_hip", "tail_base",
    ),
    "paws": ("left_forepaw", "right_forepaw", "left_hindpaw", "right_hindpaw"),
}  # fmt: skip
TOLERANCE_S = 1e-6
LABELLED, ENDS = 0.6, 0.2  # least confidence: DeepLabCut's usual cut; how elongated an outline is


@dataclass(frozen=True, eq=False)
class Body:
    """The speed of a body's parts and the paths of their points, on n frames."""

    parts: dict[str, tuple[str, ...]]  # part -> the lab's names of its points
    speed: np.ndarray  # (n,) unit/s of the fastest part; NaN where one was not seen
    least: np.ndarray  # (n,) unit/s of the fastest part that was seen; NaN without any
    paths: np.ndarray  # (n, 2 * points) unit
    noise: float  # unit/s that jitter alone makes of rest

    def said(self) -> str:
        """The parts and their points in words: "head (Nose, Left Ear) and trunk (Mid-Back)"."""
        return " and ".join(f"{part} ({', '.join(names)})" for part, names in self.parts.items())


@dataclass(frozen=True)
class Rule:
    """When a body of slow parts counts as still."""

    max_speed: float  # unit/s
    min_duration_s: float
    back_date_s: float
    bridge_s: float


def still_frames(body: Body, edges_s: np.ndarray, rule: Rule, corner_s: float) -> np.ndarray:
    """(n,) bool: slow by the rule, with the edges of the bouts put right; see freezing.

    corner_s: seconds on both sides of an edge in which a sharp corner is looked for; 0 for none.
    """
    with np.errstate(invalid="ignore"):
        slow = body.speed < rule.max_speed
    known = known_frames(body, rule) & ~holes(edges_s)
    slow &= known
    slow = crossed(reached(slow, known, edges_s, rule.back_date_s), known, edges_s, rule.bridge_s)
    start, stop = runs(slow)
    lasting = edges_s[stop] - edges_s[start] >= rule.min_duration_s - corner_s / 2
    start, stop = start[lasting], stop[lasting]
    if corner_s > 0:
        start, stop = _at_corners(body, edges_s, start, stop, corner_s)
        slow = crossed(cover(start, stop, len(slow)), known, edges_s, rule.bridge_s)
        start, stop = runs(slow)
    lasting = edges_s[stop] - edges_s[start] >= rule.min_duration_s - TOLERANCE_S
    return cover(start[lasting], stop[lasting], len(slow))


def known_frames(body: Body, rule: Rule) -> np.ndarray:
    """(n,) bool: all parts were seen, or one of those that were moved."""
    with np.errstate(invalid="ignore"):
        return np.isfinite(body.speed) | (body.least >= rule.max_speed)


def reached(mask: np.ndarray, known: np.ndarray, edges_s: np.ndarray, seconds: float) -> np.ndarray:
    """(n,) the stretches of true frames, longer at both ends by the frames nearest to `seconds`.

    Not beyond the known frames around them.
    """
    start, stop = runs(mask)
    time_s, frame = edges_s[:-1], np.arange(len(mask))
    half = np.diff(edges_s)[np.minimum(start, len(mask) - 1)] / 2 - TOLERANCE_S
    early = np.searchsorted(time_s, time_s[start] - seconds - half)
    late = np.searchsorted(time_s, time_s[stop - 1] + seconds + half, side="right")
    gap = np.where(~known, frame, -1)
    before = np.maximum.accumulate(gap)[start] + 1
    after = np.minimum.accumulate(np.where(~known, frame, len(mask))[::-1])[::-1][stop - 1]
    return cover(np.maximum(early, before), np.minimum(late, after), len(mask))


def crossed(mask: np.ndarray, known: np.ndarray, edges_s: np.ndarray, seconds: float) -> np.ndarray:
    """(n,) the mask without interruptions of up to `seconds` in which everything was known."""
    start, stop = runs(~mask & known)
    inner = (start > 0) & (stop < len(mask))
    start, stop = start[inner], stop[inner]
    brief = edges_s[stop] - edges_s[start] <= seconds + TOLERANCE_S
    brief &= mask[start - 1] & mask[stop]
    return mask | cover(start[brief], stop[brief], len(mask))


def _at_corners(
    body: Body, edges_s: np.ndarray, start: np.ndarray, stop: np.ndarray, corner_s: float
) -> tuple[np.ndarray, np.ndarray]:
    """Starts and stops at the sharp bends of the body's path near them, if there are."""
    time_s, n = edges_s[:-1], len(edges_s) - 1
    begin, end = start.copy(), stop.copy()
    torn = np.flatnonzero(holes(edges_s)) + 1  # the frames after holes
    for k in range(len(start)):
        middle = (start[k] + stop[k]) // 2
        if start[k] > 0:
            low = np.searchsorted(time_s, time_s[start[k]] - corner_s - TOLERANCE_S)
            high = np.searchsorted(time_s, time_s[start[k]] + corner_s + TOLERANCE_S) - 1
            low = max(low, stop[k - 1] if k else 0, torn[torn <= start[k]].max(initial=0))
            corner = sharp_corner(body.paths, time_s, int(low), int(min(high, middle)), "after")
            begin[k] = start[k] if corner is None else corner
        if stop[k] < n:
            low = np.searchsorted(time_s, time_s[stop[k]] - corner_s - TOLERANCE_S)
            high = np.searchsorted(time_s, time_s[stop[k]] + corner_s + TOLERANCE_S) - 1
            high = min(high, (start[k + 1] if k + 1 < len(start) else n) - 1)
            high = min(high, torn[torn >= stop[k]].min(initial=n) - 1)
            corner = sharp_corner(body.paths, time_s, int(max(low, middle)), int(high), "before")
            end[k] = stop[k] if corner is None else corner
    good = end > begin
    return begin[good], end[good]


def body_parts(recording: Recording, animal: str, why: str) -> dict[str, tuple[str, ...]]:
    """The animal's points of known role by part of the body: a head and a trunk at least.

    Any other point (a lamp, a cable) may not be on the body. A trunk of one point is helped by the
    centre. `why` names what needs them, for the error.
    """
    roles = points_by_role(recording, animal)
    parts = {
        part: tuple(roles[role] for role in names if role in roles) for part, names in PARTS.items()
    }
    if len(parts["trunk"]) < 2:
        parts["trunk"] += ("centre",)
    if not parts["head"] or (not roles.keys() & set(PARTS["trunk"]) and not parts["paws"]):
        raise QueryError(
            f"{why} means that neither head nor body moves, and {animal} in {recording.video} has "
            f"only {', '.join(recording.track(animal).points)}. Import labelled body points, track "
            "the video, or ask for immobile(), which looks at one point alone."
        )
    return {part: names for part, names in parts.items() if names}


def ends_of_outline(recording: Recording, animal: str) -> bool:
    """Whether the animal's nose and tail base are the ends of its outline, labelled by nobody."""
    track = recording.track(animal)
    return set(track.points) <= {"centre", "nose", "tail_base"} and bool(
        np.isfinite(track.area).any()
    )


def body_motion(
    recording: Recording,
    animal: str,
    why: str,
    window_s: float,
    min_confidence: float | None,
    max_gap_frames: int,
) -> Body:
    """How fast the body's fastest part moves, a part being as fast as the median of its points."""
    if min_confidence is None:
        min_confidence = ENDS if ends_of_outline(recording, animal) else LABELLED
    key = ("body motion", animal, window_s, min_confidence, max_gap_frames)
    return recording.remember(
        key, lambda: _body(recording, animal, why, window_s, min_confidence, max_gap_frames)
    )


def _body(
    recording: Recording, animal: str, why: str, window_s: float, sure: float, max_gap_frames: int
) -> Body:
    if not 0 < window_s < np.inf:
        raise QueryError(f"window_s is a length of time above 0 s, not {window_s:g}.")
    parts = body_parts(recording, animal, why)
    paths = {
        name: filled(trusted(recording, animal, name, sure), recording.time_s, max_gap_frames)
        for names in parts.values()
        for name in names
    }
    fast = np.stack([
        nan_median(np.stack([steady_speed(paths[n], recording.time_s, window_s) for n in names]))
        for names in parts.values()
    ])  # fmt: skip
    least = np.fmax.reduce(fast, axis=0)
    jitter = float(np.median([spread for path in paths.values() if (spread := jitter_of(path)) >= 0]
                             or [0.0]))  # fmt: skip
    return Body(
        parts, fast.max(axis=0), least, np.hstack(list(paths.values())),
        jitter * slope_noise(1 / usual_step(recording.time_s), window_s),
    )  # fmt: skip
