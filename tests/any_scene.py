"""A scene of three animals that can be mirrored, turned, scaled, delayed, renamed, refilmed.

The same world, drawn from a seed, seen by different cameras: what a measure says about the animals
must not depend on the camera. Everything is written in cm and seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
from outline_samples import disc, outlines

from llm_query.geometry import Region
from llm_query.recording import Recording

WIDTH, HEIGHT = 60.0, 40.0  # cm
BODY = {
    "nose": (2.4, 0.0),
    "neck": (1.2, 0.0),
    "left_ear": (1.8, 0.8),
    "right_ear": (1.8, -0.8),
    "back": (0.0, 0.0),
    "tail_base": (-2.4, 0.0),
    "left_forepaw": (1.2, 1.0),
    "right_forepaw": (1.2, -1.0),
    "left_hindpaw": (-1.6, 1.0),
    "right_hindpaw": (-1.6, -1.0),
    "tail_tip": (-5.0, 0.0),
}  # cm ahead, cm to the left
REGIONS = {
    "corner": ("rectangle", [[30, 0], [60, 25]], "region"),
    "left arm": ("polygon", [[0, 10], [20, 10], [20, 30], [0, 30]], "region"),
    "disc": ("circle", [[40, 30], [46, 30]], "object"),
    "feeder": ("point", [[50, 20]], "object"),
    "door": ("line", [[30, 0], [30, 40]], "region"),
    "box": ("rectangle", [[0, 0], [60, 40]], "arena"),
}


@dataclass(frozen=True)
class Camera:
    """How the world is filmed; the default is upright, 30 frames/s, 10 px per cm."""

    seed: int = 0
    fps: Fraction = Fraction(30)
    px_per_cm: float = 10.0
    calibrated: bool = True
    mirrored: bool = False
    turned: bool = False  # by 90 degrees counter-clockwise
    delay: int = 0  # frames before anybody is seen
    names: tuple[str, str, str] = ("ann", "bob", "cat")
    gaps: bool = True
    outlined: bool = True
    seconds: float = 9.0
    a: str = field(init=False, default="")
    b: str = field(init=False, default="")
    c: str = field(init=False, default="")

    def __post_init__(self) -> None:
        for letter, name in zip("abc", self.names, strict=True):
            object.__setattr__(self, letter, name)

    @property
    def unit(self) -> float:
        """How many of the recording's unit one cm is."""
        return 1.0 if self.calibrated else self.px_per_cm

    def see(self, xy: np.ndarray) -> np.ndarray:
        """World cm (n, 2) to picture cm."""
        x, y = np.asarray(xy, dtype=float).T
        if self.mirrored:
            x = WIDTH - x
        if self.turned:
            x, y = y, WIDTH - x
        return np.column_stack([x, y])

    def place(self, x: float, y: float) -> tuple[float, float]:
        """A place of the world in the recording's unit."""
        seen = self.see(np.array([[x, y]]))[0] * self.unit
        return float(seen[0]), float(seen[1])

    def angle(self, degrees: np.ndarray) -> np.ndarray:
        """A direction of the world (0 right, 90 up) as the camera sees it."""
        degrees = np.asarray(degrees, dtype=float)
        if self.mirrored:
            degrees = 180 - degrees
        if self.turned:
            degrees = degrees + 90
        return (degrees + 180 - 1e-12) % 360 - 180 + 1e-12

    def film(self) -> Recording:
        """The recording this camera makes."""
        n = int(self.seconds * self.fps)
        t = np.arange(n) / float(self.fps)
        heads, bodies = _world(self.seed, t)
        scale, blank = self.px_per_cm, np.full((self.delay, 2), np.nan)
        paths, points, headings, masks = {}, {}, {}, {}
        for k, name in enumerate(self.names):
            unseen = _unseen(k, t) if self.gaps else np.zeros(n, dtype=bool)
            whole = {}
            for point, (ahead, left) in {"centre": (0.0, 0.0), **BODY}.items():
                xy = self.see(bodies[k] + ahead * _ahead(heads[k]) + left * _left(heads[k])) * scale
                xy[unseen] = np.nan
                whole[point] = np.concatenate([blank, xy])
            if self.mirrored:  # a mirror makes left ears right ears
                whole = {_other_side(point): xy for point, xy in whole.items()}
            paths[name] = whole.pop("centre")
            points[name] = whole
            seen = np.where(unseen, np.nan, self.angle(np.degrees(heads[k])))
            headings[name] = np.concatenate([blank[:, 0], seen])
            if self.outlined:
                masks[name] = _outlines(paths[name], round(2 * scale))
        regions = [
            Region(name, kind, self.see(np.array(corners)) * scale, role)
            for name, (kind, corners, role) in REGIONS.items()
        ]
        film = Recording.synthetic(
            paths, fps=self.fps, px_per_cm=scale if self.calibrated else None, regions=regions,
            points=points, heading_deg=headings, length=5 * scale, width=2 * scale, masks=masks,
        )  # fmt: skip
        size = [round(side * scale) for side in (WIDTH, HEIGHT)]
        return replace(film, **dict(zip(("height", "width") if self.turned else ("width", "height"),
                                        size, strict=True)))  # fmt: skip


def _world(seed: int, t: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Headings in radians (y up) and centres in cm of three animals, smooth in time."""
    random = np.random.default_rng(seed)
    centres = []
    for _ in range(2):
        phase, rate = random.uniform(0, 2 * np.pi, 4), random.uniform(0.25, 0.9, 4)
        x = 30 + 14 * np.sin(rate[0] * t + phase[0]) + 8 * np.sin(2 * rate[1] * t + phase[1])
        y = 20 + 9 * np.sin(rate[2] * t + phase[2]) + 6 * np.sin(2 * rate[3] * t + phase[3])
        centres.append(np.column_stack([x, y]))
    lag = 0.45  # the third runs after the first until second 5, then rests
    first = np.column_stack([
        np.interp(np.minimum(t, 5.0) - lag, t, centres[0][:, k]) for k in (0, 1)])  # fmt: skip
    centres.append(first)
    heads = []
    for xy in centres:
        step = np.gradient(xy, t, axis=0)
        fast = np.hypot(*step.T) > 1e-6
        angle = np.arctan2(-step[:, 1], step[:, 0])
        known = np.flatnonzero(fast)
        heads.append(np.interp(t, t[known], np.unwrap(angle[known])))
    return heads, centres


def _ahead(angle: np.ndarray) -> np.ndarray:
    return np.column_stack([np.cos(angle), -np.sin(angle)])


def _left(angle: np.ndarray) -> np.ndarray:
    return np.column_stack([-np.sin(angle), -np.cos(angle)])


def _other_side(point: str) -> str:
    if point.startswith("left_"):
        return point.replace("left_", "right_")
    return point.replace("right_", "left_") if point.startswith("right_") else point


def _unseen(k: int, t: np.ndarray) -> np.ndarray:
    spans = [[(3.0, 3.05), (7.0, 7.5)], [(5.0, 5.4)], [(8.0, 8.03)]][k]
    return np.any([(t >= a) & (t < b) for a, b in spans], axis=0)


def _outlines(path: np.ndarray, radius: int):
    """A disc around every seen centre, to the pixel."""
    frames = np.flatnonzero(np.isfinite(path).all(axis=1))
    corners = np.rint(path[frames]).astype(int) - radius
    return outlines(frames, [disc(radius)] * len(frames), corners.tolist())
