"""A pose file as a recording without pictures: its frame rate, times and size."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import numpy as np

from app.errors import AppError
from app.importing.import_notes import reach
from storage.readers.poses import Poses
from storage.videos import NO_VIDEO

_BROADCAST = {f"{rate * 1000 / 1001:.{digits}f}": Fraction(rate * 1000, 1001)
              for rate in (24, 30, 48, 60, 120, 240) for digits in (2, 3)}  # fmt: skip


@dataclass(frozen=True, eq=False)
class PoseFile:
    """A pose file as a recording without pictures.

    The frame is as large as the file says, else as far as points and outlines reach.
    """

    path: Path
    poses: Poses
    fps: Fraction
    content_hash: str
    variable_rate: bool = False
    codec: str = NO_VIDEO
    pixel_format: str = NO_VIDEO
    browser_playable: bool = False

    @property
    def n_frames(self) -> int:
        """Frames of the file."""
        return self.poses.n_frames

    @property
    def duration_s(self) -> float:
        """Length in s."""
        return float(self.n_frames / self.fps)

    @cached_property
    def time_s(self) -> np.ndarray:
        """(n,) s from 0, evenly spaced."""
        return np.arange(self.n_frames) * self.fps.denominator / self.fps.numerator

    @property
    def width(self) -> int:
        """How far right the points reach, px."""
        return self._reach(0)

    @property
    def height(self) -> int:
        """How far down the points reach, px."""
        return self._reach(1)

    def _reach(self, axis: int) -> int:
        farthest = self.poses.xy[..., axis]
        seen = farthest[np.isfinite(farthest)]
        far = math.floor(seen.max()) + 1 if len(seen) else 1
        return max(1, far, reach(self.poses)[axis], (self.poses.size or (0, 0))[axis])


def parse_fps(text: str) -> Fraction:
    """Read a frame rate; the rounded numbers of broadcast rates mean the exact ones.

    >>> parse_fps("29.97"), parse_fps("25"), parse_fps("30000/1001")
    (Fraction(30000, 1001), Fraction(25, 1), Fraction(30000, 1001))
    """
    try:
        rate = _BROADCAST.get(text.strip()) or Fraction(text.strip())
    except (ValueError, ZeroDivisionError) as error:
        raise AppError(
            f"--fps is {text!r}: give frames per second, as 25 or 30000/1001."
        ) from error
    if not 0 < rate <= 100_000:
        raise AppError(f"--fps is {text!r}: give frames per second, more than 0.")
    return rate.limit_denominator(1_000_000)
