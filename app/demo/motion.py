"""How the demo's animals move: a nose that runs, rests and backs off, and a body that follows."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from scipy.interpolate import CubicSpline

BODY_POINTS = 22
TAIL_POINTS = 14
TAIL_SHARE = 0.8  # tail length over body length
# A run or a stop builds up within one frame, so that every bout edge that hangs on it is sharp.
RAMP = (0.6,)


@dataclass
class Mover:
    """One animal's nose on its trail; the spine is the last stretch of that trail.

    Positions in pixels of the video, y down; one `step` is one frame.

    >>> mover = Mover(start=(100.0, 100.0), heading_deg=0.0, length_px=60.0)
    >>> mover.run([(160.0, 100.0)], 6.0)
    >>> while mover.busy:
    ...     mover.step()
    >>> [round(float(v)) for v in mover.spine()[0]]
    [160, 100]
    """

    start: tuple[float, float]
    heading_deg: float  # 0 = right, 90 = up on the screen
    length_px: float
    trail: np.ndarray = field(init=False)  # (m, 2), about one point per pixel, oldest first
    along: np.ndarray = field(init=False)  # (m,) arc length in px
    nose: float = field(init=False)  # arc length of the nose, px
    steps: deque[float] = field(init=False)  # px per coming frame

    def __post_init__(self) -> None:
        angle = np.radians(self.heading_deg)
        ahead = np.array([np.cos(angle), -np.sin(angle)])
        behind = np.arange(self.length_px * (1 + TAIL_SHARE) + 20, -0.5, -1.0)
        self.trail = np.asarray(self.start) - behind[:, None] * ahead
        self.along = np.arange(len(behind), dtype=float)
        self.nose = float(self.along[-1])
        self.steps = deque()

    @property
    def busy(self) -> bool:
        """Whether moves are left to make."""
        return bool(self.steps)

    @property
    def resting(self) -> bool:
        """Whether the coming frame leaves the animal where it is."""
        return not self.steps or self.steps[0] == 0.0

    def spine(self) -> np.ndarray:
        """Return the points from the nose to the tip of the tail, (BODY + TAIL, 2) px."""
        body = np.linspace(0, self.length_px, BODY_POINTS)
        tail = self.length_px * (1 + TAIL_SHARE * np.arange(1, TAIL_POINTS + 1) / TAIL_POINTS)
        at = self.nose - np.concatenate([body, tail])
        return np.column_stack([np.interp(at, self.along, self.trail[:, k]) for k in (0, 1)])

    def run(self, waypoints: list[tuple[float, float]], px_per_frame: float) -> None:
        """Plan a smooth run of the nose through waypoints, px, at a speed in px per frame."""
        kept = self.along <= self.nose
        here = np.array([np.interp(self.nose, self.along, self.trail[:, k]) for k in (0, 1)])
        before = np.array([np.interp(self.nose - 4, self.along, self.trail[:, k]) for k in (0, 1)])
        curve = _curve(np.vstack([here, waypoints]), here - before)
        self.trail = np.vstack([self.trail[kept], curve[1:]])
        piece = np.hypot(*np.diff(curve, axis=0).T)
        self.along = np.concatenate([self.along[kept], self.nose + np.cumsum(piece)])
        self.steps.extend(_paced(float(piece.sum()), px_per_frame))

    def back(self, distance_px: float, px_per_frame: float) -> None:
        """Plan to back off along the own trail."""
        self.steps.extend(-step for step in _paced(distance_px, px_per_frame))

    def rest(self, frames: int) -> None:
        """Plan to stay for a number of frames."""
        self.steps.extend([0.0] * frames)

    def step(self) -> None:
        """Move on by one frame."""
        if self.steps:
            self.nose += self.steps.popleft()


def _curve(points: np.ndarray, heading: np.ndarray) -> np.ndarray:
    """Lay a smooth curve through points that leaves along heading, one point per pixel."""
    chord = np.hypot(*np.diff(points, axis=0).T)
    knots = np.concatenate([[0.0], np.cumsum(np.sqrt(chord))])
    leaving = heading / max(float(np.hypot(*heading)), 1e-9) * np.sqrt(chord[0])
    spline = CubicSpline(knots, points, bc_type=((1, leaving), (2, np.zeros(2))))
    fine = spline(np.linspace(0, knots[-1], int(chord.sum()) * 4 + 8))
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(fine, axis=0).T))])
    at = np.linspace(0, along[-1], max(int(along[-1]), 2))
    return np.column_stack([np.interp(at, along, fine[:, k]) for k in (0, 1)])


def _paced(distance: float, speed: float) -> list[float]:
    """Split a distance into steps per frame: a quick start and stop, a steady pace between."""
    ends = 2 * sum(RAMP)
    cruise = max(round(distance / speed - ends), 1)
    # A slow swing of the pace looks alive and is small enough to keep crossings fast.
    swing = 1 + 0.1 * np.sin(np.arange(cruise) * 0.35)
    weights = np.concatenate([RAMP, swing, RAMP[::-1]])
    return [float(step) for step in weights * (distance / weights.sum())]


@dataclass(frozen=True)
class Motion:
    """Where one animal is in every frame."""

    spines: np.ndarray  # (n_frames, BODY_POINTS + TAIL_POINTS, 2) px, nose first
    moved: np.ndarray  # (n_frames,) bool, whether it moved since the frame before


def follow_script(
    animal: dict[str, Any], n_frames: int, fps: Fraction, lap_s: float, px_per_cm: float
) -> Motion:
    """Play one animal's moves; after `lap_s` seconds the script starts again.

    Moves are {"run": [[x, y], ...], "speed": cm/s}, {"back": px, "speed": cm/s} and
    {"rest_until": seconds since the lap began}.
    """
    mover = Mover(tuple(animal["start"]), animal["heading_deg"], animal["length_px"])
    spines: list[np.ndarray] = []
    moved: list[bool] = []
    at, lap = 0, 0.0
    while len(spines) < n_frames:
        move = animal["moves"][at]
        now_s = float(len(spines) / fps)
        if "rest_until" in move:
            mover.rest(max(0, round((lap + move["rest_until"] - now_s) * float(fps))))
        else:
            pace = move["speed"] * px_per_cm / float(fps)
            if "run" in move:
                mover.run(move["run"], pace)
            else:
                mover.back(move["back"], pace)
        _record(mover, spines, moved)
        at += 1
        if at == len(animal["moves"]):
            at, lap = 0, lap + lap_s
    return Motion(np.array(spines[:n_frames]), np.array(moved[:n_frames]))


def _record(mover: Mover, spines: list[np.ndarray], moved: list[bool]) -> None:
    while mover.busy:
        moved.append(bool(spines) and not mover.resting)
        mover.step()
        spines.append(mover.spine())


def wander(
    seed: int,
    n_animals: int,
    n_frames: int,
    fps: Fraction,
    arena: tuple[float, ...],
    length_px: list[float],
    px_per_cm: float,
) -> list[Motion]:
    """Let animals run about at random, rest, and visit each other, in an arena x0, y0, x1, y1."""
    rng = np.random.default_rng([seed, 77])
    low, high = np.array(arena[:2]) + 34, np.array(arena[2:]) - 34
    starts = _spread_out(rng, low + 40, high - 40, n_animals)
    movers = [
        Mover((x, y), float(rng.uniform(0, 360)), size)
        for (x, y), size in zip(starts, length_px, strict=True)
    ]
    spines = np.empty((n_animals, n_frames, BODY_POINTS + TAIL_POINTS, 2))
    moved = np.zeros((n_animals, n_frames), bool)
    for frame in range(n_frames):
        for k, mover in enumerate(movers):
            if not mover.busy:
                _decide(rng, k, movers, low, high, px_per_cm / float(fps), float(fps))
            moved[k, frame] = frame > 0 and not mover.resting
            mover.step()
            spines[k, frame] = mover.spine()
    return [Motion(spines[k], moved[k]) for k in range(n_animals)]


def _spread_out(
    rng: np.random.Generator, low: np.ndarray, high: np.ndarray, count: int
) -> np.ndarray:
    """Pick starts that lie apart: the best of many random draws."""
    draws = rng.uniform(low, high, (200, count, 2))
    apart = np.linalg.norm(draws[:, :, None] - draws[:, None], axis=-1)
    apart[:, np.arange(count), np.arange(count)] = np.inf
    return draws[np.argmax(apart.min(axis=(1, 2)))]


def _decide(
    rng: np.random.Generator,
    k: int,
    movers: list[Mover],
    low: np.ndarray,
    high: np.ndarray,
    frames_cm: float,
    fps: float,
) -> None:
    """Plan the next moves of an idle animal: rest, visit one that rests, or run somewhere."""
    mover, here = movers[k], movers[k].spine()[0]
    pace = float(rng.uniform(14, 32)) * frames_cm
    choice = rng.uniform()
    resting = [other for i, other in enumerate(movers) if i != k and other.resting]
    if choice < 0.3:
        mover.rest(int(rng.uniform(0.5, 5) * fps))
    elif choice < 0.6 and resting:
        spine = resting[int(rng.integers(len(resting)))].spine()
        goal = spine[int(rng.integers(0, BODY_POINTS - 3))]
        short = goal - (goal - here) / max(float(np.hypot(*(goal - here))), 1.0) * 10
        mover.run([tuple(np.clip(short, low - 15, high + 15))], pace)
        mover.rest(int(rng.uniform(0.3, 3) * fps))
        mover.back(float(rng.uniform(25, 60)), pace)
    else:
        goal = rng.uniform(low, high)
        side = (here + goal) / 2 + rng.normal(0, 30, 2)
        mover.run([tuple(np.clip(side, low, high)), tuple(goal)], pace)
