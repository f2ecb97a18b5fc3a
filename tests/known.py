"""Recordings whose answers are known by construction, at several frame rates and scales.

`SETTINGS` are the cases every measure is tested in: 25, 30 and 29.97 frames/s, calibrated and not.
Paths are written in body-independent "world" cm; uncalibrated recordings are the same scene in px.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest

from llm_query.geometry import Region
from llm_query.recording import Recording

NTSC = Fraction(30000, 1001)
Path = Callable[[np.ndarray], np.ndarray]  # seconds (n,) -> cm (n, 2), y down


@dataclass(frozen=True)
class Setting:
    """A frame rate and a camera: `px_per_cm` px are one cm; `calibrated` says if it is known."""

    fps: Fraction
    px_per_cm: float
    calibrated: bool

    @property
    def unit(self) -> float:
        """How many of the recording's unit one cm is: 1 when calibrated, else px_per_cm."""
        return 1.0 if self.calibrated else self.px_per_cm

    def frame_at(self, seconds: float) -> int:
        """The first frame at or after a time."""
        return int(np.ceil(seconds * float(self.fps) - 1e-6))

    def time_of(self, frame: int) -> float:
        """Seconds at which a frame is shown."""
        return frame / float(self.fps)

    def __str__(self) -> str:
        return f"{float(self.fps):.2f}fps-{'cm' if self.calibrated else 'px'}"


SETTINGS = [
    Setting(Fraction(25), 10.0, True),
    Setting(Fraction(30), 8.0, False),
    Setting(NTSC, 12.5, True),
    Setting(NTSC, 7.0, False),
]
every_setting = pytest.mark.parametrize("setting", SETTINGS, ids=str)


def still(x: float, y: float) -> Path:
    """An animal that sits at a place, in cm."""
    return lambda t: np.column_stack([np.full(len(t), float(x)), np.full(len(t), float(y))])


def straight(x: float, y: float, vx: float, vy: float = 0.0) -> Path:
    """An animal that walks from a place at a constant velocity, in cm and cm/s."""
    return lambda t: np.column_stack([x + vx * t, y + vy * t])


def make(
    setting: Setting,
    seconds: float,
    paths: Mapping[str, Path],
    *,
    points: Mapping[str, Mapping[str, Path]] | None = None,
    unseen: Mapping[str, tuple[int, int]] | None = None,
    regions: Mapping[str, tuple[str, list[list[float]], str]] | None = None,
    heading_deg: Mapping[str, Callable[[np.ndarray], np.ndarray]] | None = None,
    length: float | None = None,
) -> Recording:
    """Make a recording of paths in cm; `unseen` hides an animal from one frame up to another.

    regions: name -> (kind, points in cm, role). length: of every body, in cm.
    """
    n = setting.frame_at(seconds)
    t = np.arange(n) / float(setting.fps)
    scale = setting.px_per_cm

    def px(name: str, path: Path) -> np.ndarray:
        place = np.array(path(t), dtype=float) * scale
        if unseen and name in unseen:
            first, last = unseen[name]
            place[first:last] = np.nan
        return place

    return Recording.synthetic(
        {name: px(name, path) for name, path in paths.items()},
        fps=setting.fps,
        px_per_cm=scale if setting.calibrated else None,
        points={
            name: {point: px(name, path) for point, path in each.items()}
            for name, each in (points or {}).items()
        },
        regions=[
            Region(name, kind, np.array(corners, dtype=float) * scale, role)
            for name, (kind, corners, role) in (regions or {}).items()
        ],
        heading_deg={name: make_it(t) for name, make_it in (heading_deg or {}).items()},
        length=None if length is None else length * scale,
    )
