"""Crossings told by place: for tracks that came without a table of crossings.

Where an identity confidence is known, a meeting counts as far as confidence falls in it; where none
is, as far as animals come close.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from tracking.identities.doubt import Doubt, Limits, Part
from tracking.identities.stretches import Stretch, Yard, runs

STEEP, COSTLY_MERGE = 0.1, 10  # share of the steepest fall that still counts; frames


def meetings(
    part: Part, yard: Yard, limits: Limits, same: Sequence[Stretch], merge: int
) -> Iterator[Doubt]:
    """Every doubtful meeting of two animals in whole tracks, but for those at one place."""
    rated = bool(np.isfinite(part.confidence).any())
    falls = _falls(part)
    spent = np.cumsum(falls, axis=0)
    for a, b in itertools.combinations(range(part.xy.shape[1]), 2):
        apart = np.linalg.norm(part.xy[:, a] - part.xy[:, b], axis=1) / yard.length
        apart = np.nan_to_num(apart, nan=np.inf)
        alike = [one for one in same if one.who == (a, b)]
        for start, stop in runs(apart <= limits.close_lengths, merge):
            if any(one.start < stop and start < one.stop for one in alike):
                continue
            places = [(start, stop)]
            if rated:
                places = _costly(falls, spent, limits, (a, b), start, stop + merge)
            for first, last in places:
                near = float(apart[max(first - merge, start) : last].min())
                lost = _cost(spent, (a, b), first, last) if rated else 0.0
                if rated or near <= limits.close_lengths / 2:
                    yield _meeting(part, (a, b), first, last, near, lost if rated else None)


def _meeting(
    part: Part, who: tuple[int, int], start: int, stop: int, near: float, lost: float | None
) -> Doubt:
    apart = np.linalg.norm(part.xy[start:stop, who[0]] - part.xy[start:stop, who[1]], axis=1)
    nearest = start + int(np.nan_to_num(apart, nan=np.inf).argmin())
    x, y = part.xy[nearest, list(who)].mean(0).tolist()
    why = f"came within {near:.2f} body lengths of each other"
    if lost is not None:
        why += f", confidence fell by {100 * lost:.0f} %"
    score = min(1.0, 2 * lost) if lost is not None else 0.5 * (1 - near)
    return Doubt("crossing", start, stop, who, score, why, (x, y))


def _falls(part: Part) -> np.ndarray:
    """(F, n) natural logarithm of what each link cost in confidence, 0 or below."""
    known = np.isfinite(part.confidence)
    index = np.where(known, np.arange(len(known))[:, None], 0)
    last = np.maximum.accumulate(index, axis=0)
    filled = np.take_along_axis(part.confidence, last, axis=0)
    level = np.log(np.clip(np.nan_to_num(filled, nan=1.0), 1e-6, None))
    falls = np.minimum(np.diff(level, axis=0, prepend=level[:1]), 0.0)
    settled = np.zeros_like(known) if part.settled is None else part.settled
    return np.where(settled | ~known, 0.0, falls)


def _costly(
    falls: np.ndarray, spent: np.ndarray, limits: Limits, who: tuple[int, int], start: int,
    stop: int,
) -> list[tuple[int, int]]:  # fmt: skip
    """The parts of a long meeting in which confidence falls steeply enough, or all of them."""
    here = -falls[start:stop, who].min(1)
    steep = (here > STEEP * here.max()) & (here > 0)
    parts = [(start + first, start + last) for first, last in runs(steep, COSTLY_MERGE)]
    costly = [part for part in parts if _cost(spent, who, *part) >= limits.min_fall]
    if not costly and parts and _cost(spent, who, start, stop) >= limits.min_fall:
        return [(start, min(stop, len(falls)))]
    return costly


def _cost(spent: np.ndarray, who: Iterable[int], start: int, stop: int) -> float:
    """The largest share of confidence that one of these animals loses in some frames."""
    last = min(stop, len(spent)) - 1
    return float(max(1 - np.exp(spent[last, k] - spent[max(start - 1, 0), k]) for k in who))


def whole(parts: Iterable[Part]) -> Part:
    """All parts as one."""
    kept = list(parts)
    if len(kept) == 1:
        return kept[0]
    arrays = (np.concatenate([getattr(one, name) for one in kept])
              for name in ("xy", "confidence", "lengths"))  # fmt: skip
    marks = (
        None if any(getattr(one, name) is None for one in kept)
        else np.concatenate([getattr(one, name) for one in kept])
        for name in ("filled", "settled")
    )  # fmt: skip
    return Part(kept[0].start, *arrays, *marks)
