"""How fast the parts of a body move, for states of which no body part may move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from llm_query.bends import sharp_corner
from llm_query.body_points import points_by_role
from llm_query.errors import QueryError
from llm_query.intervals import bridge, cover, runs
from llm_query.local_fits import line_fit, stretch_ids
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
SPIKE_S = 0.2
TURN = 3.0  # half a window lets 2.8 times the jitter through
FAR = 5.0
QUARTILE = 0.31864  # a quarter of normal numbers of spread 1 are smaller, whatever their sign


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
        slow, known = body.speed < rule.max_speed, known_frames(body, rule)
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
    for k in range(len(start)):
        middle = (start[k] + stop[k]) // 2
        if start[k] > 0:
            low = np.searchsorted(time_s, time_s[start[k]] - corner_s - TOLERANCE_S)
            high = np.searchsorted(time_s, time_s[start[k]] + corner_s + TOLERANCE_S) - 1
            low = max(low, stop[k - 1] if k else 0)
            corner = sharp_corner(body.paths, time_s, int(low), int(min(high, middle)), "after")
            begin[k] = start[k] if corner is None else corner
        if stop[k] < n:
            low = np.searchsorted(time_s, time_s[stop[k]] - corner_s - TOLERANCE_S)
            high = np.searchsorted(time_s, time_s[stop[k]] + corner_s + TOLERANCE_S) - 1
            high = min(high, (start[k + 1] if k + 1 < len(start) else n) - 1)
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


def body_motion(
    recording: Recording,
    animal: str,
    why: str,
    window_s: float,
    min_confidence: float,
    max_gap_frames: int,
) -> Body:
    """How fast the body's fastest part moves, a part being as fast as the median of its points."""
    key = ("body motion", animal, window_s, min_confidence, max_gap_frames)
    return recording.remember(
        key, lambda: _body(recording, animal, why, window_s, min_confidence, max_gap_frames)
    )


def _body(
    recording: Recording, animal: str, why: str, window_s: float, sure: float, max_gap_frames: int
) -> Body:
    if not window_s > 0:
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
        jitter * slope_noise(float(recording.fps), window_s),
    )  # fmt: skip


def trusted(recording: Recording, animal: str, point: str, min_confidence: float) -> np.ndarray:
    """(n, 2) the point's places, NaN where the tracker was less sure of it than that (0 to 1)."""
    place = recording.position(animal, point)
    with np.errstate(invalid="ignore"):
        doubted = recording.confidence(animal, point) < min_confidence
        doubted |= strayed(place, float(recording.fps))
    return np.where(doubted[:, None], np.nan, place)


def strayed(place: np.ndarray, fps: float) -> np.ndarray:
    """(n,) bool: frames in which a point lies far from where it is before and after.

    Farther from the median of SPIKE_S around than five times jitter, and five times the median
    distance there, as where the animal runs and turns (Hampel's rule).
    """
    reach = max(int(SPIKE_S / 2 * fps + 1e-6), 1)
    padded = np.pad(place, ((reach, reach), (0, 0)), constant_values=np.nan)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=0)
    middle = np.full(place.shape, np.nan)
    some = np.isfinite(around).any(axis=(1, 2))
    middle[some] = np.nanmedian(around[some], axis=2)
    away = np.hypot(*(around - middle[:, :, None]).transpose(1, 0, 2))  # (n, window)
    usual = nan_median(away.T)
    return away[:, reach] > FAR * np.fmax(usual, max(jitter_of(place), 0.0)) + TOLERANCE_S


def filled(path: np.ndarray, time_s: np.ndarray, max_gap_frames: int) -> np.ndarray:
    """(n, 2) with gaps of up to max_gap_frames frames crossed in a straight line."""
    seen = np.isfinite(path).all(axis=1)
    if seen.all() or not seen.any():
        return path
    _, known = bridge(seen, seen, max_gap_frames)
    crossed = [np.interp(time_s, time_s[seen], axis[seen]) for axis in path.T]
    return np.where(known[:, None], np.stack(crossed, axis=1), np.nan)


def steady_speed(path: np.ndarray, time_s: np.ndarray, window_s: float) -> np.ndarray:
    """(n,) speed by a line fit over a whole window: near an end, the nearest whole window's.

    A shorter window would let more jitter through at the ends. Where a point turns back the slope
    is none; there it counts as a TURN-th as fast as in both halves of the window. A tracked stretch
    shorter than half a window has no speed: NaN.
    """
    fast = np.hypot(*line_fit(path, time_s, window_s)[1].T)
    seen = np.isfinite(path).all(axis=1)
    stretch = stretch_ids(seen)
    fast = np.fmax(fast, _turning_speed(path, time_s, window_s, stretch) / TURN)
    first = np.flatnonzero(seen & (np.diff(stretch, prepend=-1) != 0))
    last = np.flatnonzero(seen & (np.diff(stretch, append=-1) != 0))
    if not len(first):
        return fast
    half = window_s / 2
    low = np.searchsorted(time_s, time_s[first] + half - 1e-9)
    high = np.searchsorted(time_s, time_s[last] - half + 1e-9, side="right") - 1
    short = low > high
    low[short] = high[short] = (first[short] + last[short]) // 2
    frame = np.arange(len(fast))
    fast = fast[np.where(seen, np.clip(frame, low[stretch], high[stretch]), frame)]
    brief = time_s[last] - time_s[first] < half - 1e-9
    fast[seen & brief[stretch]] = np.nan
    return fast


def _turning_speed(
    path: np.ndarray, time_s: np.ndarray, window_s: float, stretch: np.ndarray
) -> np.ndarray:
    """(n,) the lower of the speeds in the two halves of the window, NaN at the path's ends."""
    half = np.hypot(*line_fit(path, time_s, window_s / 2)[1].T)
    lower = np.full(len(half), np.inf)
    for shift in (-window_s / 4, window_s / 4):
        there = np.searchsorted(time_s, time_s + shift - 1e-9)
        inside = there < len(half)
        there[~inside] = 0
        lower = np.minimum(
            lower, np.where(inside & (stretch[there] == stretch), half[there], np.nan)
        )
    return np.where(np.isfinite(lower), lower, np.nan)


def nan_median(values: np.ndarray) -> np.ndarray:
    """(n,) the median of the rows of (k, n) without NaN; NaN where there is nothing else."""
    some = np.isfinite(values).any(axis=0)
    middle = np.full(values.shape[1], np.nan)
    middle[some] = np.nanmedian(values[:, some], axis=0)
    return middle


def jitter_of(path: np.ndarray) -> float:
    """How far a point jumps about its place from frame to frame (standard deviation); -1 unknown.

    From third differences, in which steady movement cancels, and from their smallest quarter, the
    frames of rest: of independent jitter they have the spread times the root of 20.
    """
    third = np.abs(np.diff(path, 3, axis=0))
    third = third[np.isfinite(third).all(axis=1)]
    if not len(third):
        return -1.0
    return float(np.percentile(third, 25)) / QUARTILE / 20**0.5


def slope_noise(fps: float, window_s: float) -> float:
    """The standard deviation per second of a line fit's slope to jitter of 1.

    >>> round(slope_noise(30, 0.4), 2)
    2.22
    """
    reach = max(int(window_s / 2 * fps + 1e-6), 1)
    return float(fps / np.sqrt(reach * (reach + 1) * (2 * reach + 1) / 3))
