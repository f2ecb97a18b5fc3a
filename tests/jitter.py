"""Animals at rest whose points jitter, at the frame rates where a limit on one frame breaks."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from llm_query.outlines import Outlines
from llm_query.recording import Recording

RATES = (25, 60, 120)  # frames/s
JITTERS = (0.3, 0.5, 1.0)  # px, standard deviation along x and along y
PX_PER_CM = 10.0
LENGTH_PX = 80.0
PLACES = {"a": (200.0, 200.0), "b": (260.0, 200.0), "c": (600.0, 400.0)}  # px
POINTS = {"nose": (40.0, 0.0), "tail_base": (-40.0, 0.0), "left_hindpaw": (-20.0, 10.0)}

every_jitter = pytest.mark.parametrize("jitter_px", JITTERS)
every_rate = pytest.mark.parametrize("fps", RATES)


def resting(
    fps: int,
    jitter_px: float,
    *,
    seconds: float = 60.0,
    calibrated: bool = True,
    seed: int = 0,
    outlines: bool = False,
) -> Recording:
    """Three animals that lie still at PLACES; every point of theirs jitters by itself."""
    rng = np.random.default_rng(seed)
    n = int(seconds * fps)

    def about(place: tuple[float, float], off: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
        return np.add(place, off) + rng.normal(0, jitter_px, (n, 2))

    paths = {name: about(place) for name, place in PLACES.items()}
    points = {
        name: {point: about(place, off) for point, off in POINTS.items()}
        for name, place in PLACES.items()
    }
    boxes = {
        name: np.column_stack([np.round(path - [40, 20]), np.tile([80, 40], (n, 1))]).astype(int)
        for name, path in paths.items()
    }
    return Recording.synthetic(
        paths, fps=Fraction(fps), points=points, length=LENGTH_PX, width=30.0,
        px_per_cm=PX_PER_CM if calibrated else None,
        heading_deg={name: rng.normal(0, 2, n) for name in paths},
        masks={name: Outlines.rectangles(box) for name, box in boxes.items()} if outlines else {},
    )  # fmt: skip
