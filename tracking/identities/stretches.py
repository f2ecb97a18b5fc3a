"""Stretches of frames found part by part and joined over the borders, and what they compare with.

``Yard`` holds the body length, the usual step and the times of one video: the same numbers however
the video was cut into parts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from tracking.identities.doubt import Part

FINE = 1000  # bins for each factor of e: a body length to a thousandth
SMALLEST = 1e-3  # px
SPREAD_SHARE = 1 / 20  # of where animals go, as a length where bodies have none


@dataclass(frozen=True)
class Stretch:
    """Frames `start` to `stop` (exclusive) in which something holds for some animals."""

    who: tuple[int, ...]
    start: int
    stop: int
    least: float  # of the number it was found by; NaN where there is none
    xy: tuple[float, float]  # px, at the least or at the beginning


@dataclass
class Yard:
    """What the steps and distances of one video are compared with."""

    time_s: np.ndarray  # (frames,)
    frame_s: float  # a frame usually lasts
    length: float = 1.0  # px, median of the bodies
    mean_speed: float = 0.0  # px/s, of all animals
    std_speed: float = 0.0
    _ends_s: float = field(default=0.0, repr=False)

    def seconds(self, start: int, stop: int) -> float:
        """How long the frames from `start` to `stop` (exclusive) last."""
        last = self.time_s[stop] if stop < len(self.time_s) else self._ends_s
        return float(last - self.time_s[start])

    def linked(self, parts: Iterable[Part]) -> Iterator[tuple[int, np.ndarray]]:
        """Places of each part after those of the last frame before it: (first frame, xy)."""
        before: np.ndarray | None = None
        for part in parts:
            if before is None:
                yield part.start, part.xy
            else:
                yield part.start - 1, np.concatenate((before, part.xy))
            before = part.xy[-1:]

    def steps(self, start: int, xy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(F-1, n) px and px/s between neighbouring frames; NaN where one is not found."""
        step = np.linalg.norm(np.diff(xy, axis=0), axis=2)
        seconds = np.diff(self.time_s[start : start + len(xy)])
        return step, step / np.where(seconds > 0, seconds, self.frame_s)[:, None]


def measure(parts: Iterable[Part], time_s: np.ndarray) -> Yard:
    """Go over the tracks once: the median body length, and how fast animals usually are."""
    gaps = np.diff(time_s)
    frame_s = max(float(np.median(gaps)), 1e-6) if len(gaps) else 1.0
    yard = Yard(time_s, frame_s, _ends_s=float(time_s[-1]) + frame_s if len(time_s) else 0.0)
    counts = np.zeros(20 * FINE, np.int64)
    low, high = np.full(2, np.inf), np.full(2, -np.inf)
    number, total, squares = 0, 0.0, 0.0
    parts = list(parts) if isinstance(parts, Iterator) else parts
    for part in parts:
        lengths = part.lengths[part.lengths > SMALLEST]
        bins = (np.log(lengths / SMALLEST) * FINE).astype(np.int64)
        counts += np.bincount(bins, minlength=len(counts))[: len(counts)]
        seen = part.xy[np.isfinite(part.xy).all(2)]
        if len(seen):
            low, high = np.minimum(low, seen.min(0)), np.maximum(high, seen.max(0))
    yard.length = _median(counts) or max(float(np.hypot(*(high - low))) * SPREAD_SHARE, 1.0)
    yard.length = yard.length if math.isfinite(yard.length) else 1.0
    for start, xy in yard.linked(parts):
        speed = yard.steps(start, xy)[1]
        known = speed[np.isfinite(speed)]
        number, total = number + len(known), total + float(known.sum())
        squares += float((known**2).sum())
    if number:
        yard.mean_speed = total / number
        yard.std_speed = math.sqrt(max(squares / number - yard.mean_speed**2, 0.0))
    return yard


def _median(counts: np.ndarray) -> float:
    """The middle of what was counted in bins of equal ratio; 0 where nothing was."""
    if not counts.any():
        return 0.0
    middle = int(np.searchsorted(np.cumsum(counts), (counts.sum() + 1) // 2))
    return SMALLEST * math.exp((middle + 0.5) / FINE)


def stretches(
    part: Part, here: np.ndarray, who: tuple[int, ...], values: np.ndarray | None = None
) -> Iterator[Stretch]:
    """Every stretch of one part in which ``here`` (F,) holds, with the least of its ``values``."""
    for start, stop in runs(here):
        at = start if values is None else start + int(np.nanargmin(values[start:stop]))
        least = math.nan if values is None else float(values[at])
        place = part.xy[max(start - 1, 0) if values is None else at, list(who)]
        x, y = place.mean(0).tolist()
        yield Stretch(who, part.start + start, part.start + stop, least, (x, y))


def runs(here: np.ndarray, merge: int = 0) -> Iterator[tuple[int, int]]:
    """Start and stop of every stretch that is True; gaps of up to `merge` frames are bridged."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], here, [False])).astype(np.int8)))
    starts, stops = edges[::2], edges[1::2]
    apart = np.flatnonzero(starts[1:] - stops[:-1] > merge)
    if len(starts):
        first = starts[np.concatenate(([0], apart + 1))]
        last = stops[np.concatenate((apart, [len(stops) - 1]))]
        yield from zip(first.tolist(), last.tolist(), strict=True)


def joined(found: Iterable[Stretch], merge: int = 0) -> list[Stretch]:
    """Stretches of the same animals as one where at most ``merge`` frames lie between them."""
    done: list[Stretch] = []
    for one in sorted(found, key=lambda each: (each.who, each.start)):
        last = done[-1] if done else None
        if last is None or last.who != one.who or one.start - last.stop > merge:
            done.append(one)
            continue
        nearer = one if one.least < last.least else last
        done[-1] = replace(nearer, start=last.start, stop=max(last.stop, one.stop))
    return done
