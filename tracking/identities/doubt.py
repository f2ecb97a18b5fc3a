"""What a doubt is, and the numbers that decide what counts as one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tracking.errors import TrackingError

KINDS = ("crossing", "jump", "missing", "duplicate", "low_confidence")


@dataclass(frozen=True)
class Limits:
    """What counts as doubtful; lengths in median body lengths of the video."""

    jump_std: float = 10.0  # a jump is this many standard deviations above the average step
    jump_lengths: float = 0.5  # and at least this long in one frame
    close_lengths: float = 1.0  # centres of a crossing, where tracking made no table of crossings
    min_fall: float = 0.05  # share of the certainty that a crossing costs
    same_lengths: float = 0.1  # centres of a duplicate
    min_missing: int = 4  # frames; measures bridge shorter gaps by themselves
    low_confidence: float = 0.75

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not math.isfinite(value) or value < 0:
                raise TrackingError(f"{name} is {value}: give a number from 0 up.")


@dataclass(frozen=True)
class Part:
    """The tracks of n animals in the F frames from `start` on; NaN where an animal is not found."""

    start: int
    xy: np.ndarray  # (F, n, 2) px
    confidence: np.ndarray  # (F, n), 0 to 1
    lengths: np.ndarray  # (F, n) px, of the body
    filled: np.ndarray | None = None  # (F, n) bool: a person filled the gap
    settled: np.ndarray | None = None  # (F, n) bool: a person said who this is


@dataclass(frozen=True)
class Doubt:
    """One place to look at."""

    kind: str
    frame: int
    stop_frame: int
    who: tuple[int, ...]  # columns of the tracks, from 0
    score: float  # 0 to 1, most doubtful 1; it sorts doubts of every kind
    why: str  # follows the names of the animals
    xy: tuple[float, float] = (math.nan, math.nan)  # px

    @property
    def key(self) -> str:
        """The same for the same place, whoever it is said to be: swaps do not change it."""
        x, y = (round(value) if math.isfinite(value) else "" for value in self.xy)
        return f"{self.kind}:{self.frame}:{self.stop_frame}:{x}:{y}"
