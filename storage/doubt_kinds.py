"""Frames in which an identity may be wrong: what a person who proofreads should look at.

Five kinds. `crossing`: two animals close together while their confidence falls. `jump`: a step
far longer than usual. `missing`: an animal is not found for a while. `duplicate`: two animals at
one place. `low confidence`: an identity less sure than a limit, and no crossing to blame.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from storage.errors import StudyError

KINDS = ("crossing", "jump", "missing", "duplicate", "low confidence")
STEEP, COSTLY_MERGE = 0.1, 10  # share of the steepest fall that still counts; frames
MERGE_S = 0.3  # two crossings of the same animals closer than this are looked at as one


@dataclass(frozen=True)
class Limits:
    """What counts as doubtful; lengths in median body lengths of the video."""

    jump_std: float = 10.0  # a jump is this many standard deviations above the average step
    jump_lengths: float = 0.25  # and at least this long in one frame
    close_lengths: float = 1.0  # centres of a crossing
    min_fall: float = 0.05  # share of the confidence that a crossing costs
    same_lengths: float = 0.1  # centres of a duplicate
    min_missing: int = 4  # frames; measures bridge shorter gaps by themselves
    low_confidence: float = 0.5

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not math.isfinite(value) or value < 0:
                raise StudyError(f"{name} is {value}: give a number from 0 up.")


@dataclass(frozen=True)
class Paths:
    """The tracks of n animals over F frames; NaN where an animal was not found."""

    time_s: np.ndarray  # (F,)
    xy: np.ndarray  # (F, n, 2) px
    filled: np.ndarray  # (F, n) bool: a person filled the gap
    confidence: np.ndarray  # (F, n)
    length: float  # median body length, px
    animals: tuple[int, ...]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Doubt:
    """One place to look at."""

    kind: str
    frame: int
    stop_frame: int
    who: tuple[int, ...]  # columns of Paths
    severity: float  # 0 to 1, to sort one kind by
    what: str
    xy: tuple[float, float]  # px

    @property
    def key(self) -> str:
        """The same for the same place, whoever it is said to be: swaps do not change it."""
        x, y = (round(value) if math.isfinite(value) else "" for value in self.xy)
        return f"{self.kind}:{self.frame}:{self.stop_frame}:{x}:{y}"


def find_doubts(paths: Paths, limits: Limits, settled: np.ndarray) -> Iterator[Doubt]:
    """Every doubtful place, by kind; `settled` (F, n) bool are links that a person made."""
    yield from _meetings(paths, limits, settled)
    yield from _jumps(paths, limits)
    yield from _missing(paths, limits)
    yield from _low(paths, limits)


def _runs(here: np.ndarray, merge: int = 0) -> Iterator[tuple[int, int]]:
    """Start and stop of every stretch that is True; gaps of up to `merge` frames are bridged."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], here, [False])).astype(np.int8)))
    starts, stops = edges[::2], edges[1::2]
    apart = np.flatnonzero(starts[1:] - stops[:-1] > merge)
    if len(starts):
        first = starts[np.concatenate(([0], apart + 1))]
        last = stops[np.concatenate((apart, [len(stops) - 1]))]
        yield from zip(first.tolist(), last.tolist(), strict=True)


def _falls(paths: Paths, settled: np.ndarray) -> np.ndarray:
    """(F, n) natural logarithm of what each link cost in confidence, 0 or below."""
    known = np.isfinite(paths.confidence)
    index = np.where(known, np.arange(len(known))[:, None], 0)
    last = np.maximum.accumulate(index, axis=0)
    filled = np.take_along_axis(paths.confidence, last, axis=0)
    level = np.log(np.clip(np.nan_to_num(filled, nan=1.0), 1e-6, None))
    falls = np.minimum(np.diff(level, axis=0, prepend=level[:1]), 0.0)
    return np.where(settled | ~known, 0.0, falls)


def _meetings(paths: Paths, limits: Limits, settled: np.ndarray) -> Iterator[Doubt]:
    """Crossings and duplicates of every pair."""
    falls = _falls(paths, settled)
    spent = np.cumsum(falls, axis=0)
    rated = np.isfinite(paths.confidence).any()
    merge = max(1, round(MERGE_S / _frame_s(paths)))
    for a, b in itertools.combinations(range(len(paths.animals)), 2):
        apart = np.linalg.norm(paths.xy[:, a] - paths.xy[:, b], axis=1) / paths.length
        apart = np.nan_to_num(apart, nan=np.inf)
        same = list(_runs(apart <= limits.same_lengths, merge))
        for start, stop in same:
            near = float(apart[start:stop].min())
            what = f"centres {near * paths.length:.1f} px apart"
            yield _pair(paths, "duplicate", a, b, start, stop, 1 - near / 2, what, apart)
        for start, stop in _runs(apart <= limits.close_lengths, merge):
            if any(first < stop and start < last for first, last in same):
                continue
            parts = [(start, stop)]
            if rated:
                parts = _costly(falls, spent, limits, (a, b), start, stop + merge)
            for first, last in parts:
                near = float(apart[max(first - merge, start) : last].min())
                if rated:
                    lost = _cost(spent, (a, b), first, last)
                    what = f"{near:.2f} body lengths apart, confidence falls by {lost:.0%}"
                    yield _pair(paths, "crossing", a, b, first, last, lost, what, apart)
                elif near <= limits.close_lengths / 2:
                    what = f"{near:.2f} body lengths apart"
                    yield _pair(paths, "crossing", a, b, first, last, 1 - near, what, apart)


def _costly(
    falls: np.ndarray, spent: np.ndarray, limits: Limits, who: tuple[int, int], start: int,
    stop: int,
) -> list[tuple[int, int]]:  # fmt: skip
    """The parts of a long meeting in which confidence falls steeply enough, or all of them."""
    here = -falls[start:stop, who].min(1)
    steep = (here > STEEP * here.max()) & (here > 0)
    parts = [(start + first, start + last) for first, last in _runs(steep, COSTLY_MERGE)]
    costly = [part for part in parts if _cost(spent, who, *part) >= limits.min_fall]
    if not costly and parts and _cost(spent, who, start, stop) >= limits.min_fall:
        return [(start, min(stop, len(falls)))]
    return costly


def _cost(spent: np.ndarray, who: Iterable[int], start: int, stop: int) -> float:
    """The largest share of confidence that one of these animals loses in some frames."""
    last = min(stop, len(spent)) - 1
    return float(max(1 - np.exp(spent[last, k] - spent[max(start - 1, 0), k]) for k in who))


def _pair(
    paths: Paths, kind: str, a: int, b: int, start: int, stop: int, severity: float, what: str,
    apart: np.ndarray,
) -> Doubt:  # fmt: skip
    nearest = start + int(apart[start:stop].argmin())
    x, y = paths.xy[nearest, [a, b]].mean(0).tolist()
    return Doubt(kind, start, stop, (a, b), severity, what, (x, y))


def _jumps(paths: Paths, limits: Limits) -> Iterator[Doubt]:
    """Steps between neighbouring frames, compared in px/s with the average of all animals."""
    if len(paths.time_s) < 2:
        return
    step = np.linalg.norm(np.diff(paths.xy, axis=0), axis=2)
    seconds = np.diff(paths.time_s)
    seconds = np.where(seconds > 0, seconds, _frame_s(paths))[:, None]
    speed = step / seconds
    known = speed[np.isfinite(speed)]
    if not known.size:
        return
    mean, spread = float(known.mean()), float(known.std())
    limit = mean + limits.jump_std * spread
    far = (speed > limit) & (step >= limits.jump_lengths * paths.length)
    for before in np.flatnonzero(far.any(1)).tolist():
        who = np.flatnonzero(far[before])
        k = int(who[speed[before, who].argmax()])
        times = (speed[before, k] - mean) / spread if spread else math.inf
        what = f"{step[before, k]:.0f} px in one frame, {times:.0f} std above the average"
        severity = 1 - limit / float(speed[before, k])
        x, y = sorted(paths.xy[before + 1, who].tolist())[0]  # the same after a swap
        yield Doubt("jump", before + 1, before + 2, tuple(who.tolist()), severity, what, (x, y))


def _missing(paths: Paths, limits: Limits) -> Iterator[Doubt]:
    """Gaps that nobody filled."""
    edges_s = np.append(paths.time_s, paths.time_s[-1] + _frame_s(paths))
    here = np.isfinite(paths.xy[..., 0]) | paths.filled
    for k in range(len(paths.animals)):
        for start, stop in _runs(~here[:, k]):
            if stop - start < max(limits.min_missing, 1):
                continue
            seconds = float(edges_s[stop] - edges_s[start])
            near = start - 1 if start else min(stop, len(here) - 1)
            x, y = paths.xy[near, k].tolist()
            what = f"not found for {stop - start} frames ({seconds:.2f} s)"
            yield Doubt("missing", start, stop, (k,), seconds / (seconds + 1), what, (x, y))


def _low(paths: Paths, limits: Limits) -> Iterator[Doubt]:
    """Where an identity begins to be less sure than the limit, one for each stretch."""
    known = np.isfinite(paths.confidence)
    merge = max(1, round(1 / _frame_s(paths)))
    for k in range(len(paths.animals)):
        low = known[:, k] & (paths.confidence[:, k] < limits.low_confidence)
        for start, stop in _runs(low, merge):
            least = float(np.nanmin(paths.confidence[start:stop, k]))
            what = f"below {limits.low_confidence:g} for {stop - start} frames, least {least:.2f}"
            x, y = paths.xy[start, k].tolist()
            yield Doubt("low confidence", start, start + 1, (k,), 1 - least, what, (x, y))


def _frame_s(paths: Paths) -> float:
    """How long a frame usually lasts, s."""
    steps = np.diff(paths.time_s)
    return max(float(np.median(steps)), 1e-6) if len(steps) else 1.0
