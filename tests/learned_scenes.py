"""Scenes with a behaviour that is known by construction, as a person would have scored it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from llm_query.algebra.intervals import runs
from llm_query.learning.validation import Scored
from llm_query.recording import Recording

BODY = 40.0  # px
# Circling is fast and turning, neither alone; speeds and turns of all sizes occur.
FASTEST, SHARPEST = 4.0, 300.0  # body lengths/s, deg/s
FAST, SHARP = 2.0, 150.0


def scene(
    seed: int, *, seconds: float = 60, fps: Fraction | int = 25, animals: int = 3
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Paths (n, 2) in px, headings (n,) in degrees, and when each animal circles (n,) bool."""
    random = np.random.default_rng(seed)
    dt = 1 / float(fps)
    n = round(seconds * float(fps))
    paths, headings, truth = {}, {}, {}
    for number in range(1, animals + 1):
        speed, turn, circles = np.zeros(n), np.zeros(n), np.zeros(n, bool)
        frame = 0
        while frame < n:
            stop = min(n, frame + int(random.uniform(1.2, 3.0) / dt))
            fast, sharp = random.uniform(0, FASTEST), random.uniform(0, SHARPEST)
            speed[frame:stop] = fast
            turn[frame:stop] = sharp * random.choice([-1, 1])
            circles[frame:stop] = fast > FAST and sharp > SHARP
            frame = stop
        angle = np.radians(random.uniform(0, 360) + np.cumsum(turn) * dt)
        step = BODY * speed * dt
        path = np.cumsum(np.column_stack([step * np.cos(angle), -step * np.sin(angle)]), axis=0)
        name = f"animal{number}"
        paths[name] = path + 2000 + random.normal(0, 0.3, (n, 2))
        headings[name] = (np.degrees(angle) + random.normal(0, 2, n) + 180) % 360 - 180
        truth[name] = circles
    return paths, headings, truth


def scored_scene(seed: int, video: str = "", **settings: float) -> list[Scored]:
    """One item per animal of a scene that a person watched from begin to end."""
    paths, headings, truth = scene(seed, **settings)  # type: ignore[arg-type]
    fps = settings.get("fps", 25)
    made = Recording.synthetic(paths, fps=fps, length=BODY, heading_deg=headings)  # type: ignore[arg-type]
    recording = replace(made, video=video or f"video{seed}")
    everything = np.ones(recording.n_frames, dtype=bool)
    return [Scored(recording, name, None, when, everything) for name, when in truth.items()]


def shifted(items: Sequence[Scored], seed: int) -> list[Scored]:
    """The same bouts at times that have nothing to do with what the animals do."""
    random = np.random.default_rng(seed)
    found = []
    for item in items:
        n = len(item.truth)
        found.append(replace(item, truth=np.roll(item.truth, int(random.uniform(0.2, 0.8) * n))))
    return found


def bout_rows(truth: dict[str, np.ndarray]) -> list[tuple[str, int, int]]:
    """Subject, start and stop frame of every bout."""
    rows = []
    for name, when in truth.items():
        start, stop = runs(when)
        rows += [(name, int(a), int(b)) for a, b in zip(start, stop, strict=True)]
    return rows
