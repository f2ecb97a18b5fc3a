"""What truly happens in the demo: computed from the drawn bodies and the script alone.

Nothing here uses the program's own measures: this is what they are compared with.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist

from app.demo.drawing import Cutout

FAR = np.inf  # a gap that need not be measured
NEAR_OBJECT_CM = 5.0
NEAR_ANIMAL_CM = 10.0
STILL_S = 2.0


class Truth:
    """Centres, gaps and rests, noted frame by frame while the scene is drawn."""

    def __init__(self, ids: list[int], n_frames: int, moved: np.ndarray) -> None:
        self.ids, self.moved = ids, moved  # moved: (n_animals, n_frames) bool
        self.centres = np.full((len(ids), n_frames, 2), np.nan)  # px
        self.visible = np.zeros((len(ids), n_frames))  # share of the body that is seen
        self.pairs = list(combinations(range(len(ids)), 2))
        self.gaps = np.full((len(self.pairs), n_frames), FAR)  # px between bodies, 0 = touching

    def note(self, frame: int, cutouts: list[Cutout]) -> None:
        """Note one frame; later cutouts lie on top of earlier ones."""
        for k, cutout in enumerate(cutouts):
            seen = cutout.body.copy()
            for above in cutouts[k + 1 :]:
                _hide(seen, cutout, above)
            area = float(seen.sum())
            self.visible[k, frame] = area / max(float(cutout.body.sum()), 1e-9)
            if area > 0:
                x = seen.sum(axis=0) @ np.arange(seen.shape[1]) / area
                y = seen.sum(axis=1) @ np.arange(seen.shape[0]) / area
                self.centres[k, frame] = x + cutout.x0, y + cutout.y0
        for k, (a, b) in enumerate(self.pairs):
            self.gaps[k, frame] = gap_between(cutouts[a], cutouts[b])

    @property
    def points(self) -> pd.DataFrame:
        """The true centres as frame,id,x,y; an animal less than a quarter visible has no row."""
        n_animals, n_frames = self.visible.shape
        table = pd.DataFrame(
            {
                "frame": np.repeat(np.arange(n_frames), n_animals),
                "id": np.tile(self.ids, n_frames),
                "x": self.centres[:, :, 0].T.ravel(),
                "y": self.centres[:, :, 1].T.ravel(),
            }
        )
        return table[(self.visible >= 0.25).T.ravel()].reset_index(drop=True)


def _hide(seen: np.ndarray, cutout: Cutout, above: Cutout) -> None:
    """Take away what a cutout above covers."""
    x0, y0 = max(cutout.x0, above.x0), max(cutout.y0, above.y0)
    x1 = min(cutout.x0 + seen.shape[1], above.x0 + above.body.shape[1])
    y1 = min(cutout.y0 + seen.shape[0], above.y0 + above.body.shape[0])
    if x1 > x0 and y1 > y0:
        mine = (slice(y0 - cutout.y0, y1 - cutout.y0), slice(x0 - cutout.x0, x1 - cutout.x0))
        theirs = (slice(y0 - above.y0, y1 - above.y0), slice(x0 - above.x0, x1 - above.x0))
        seen[mine] *= 1 - above.body[theirs]


def gap_between(a: Cutout, b: Cutout) -> float:
    """Return the pixels between two bodies' edges, 0 where they touch or overlap."""
    low = np.maximum(a.outline.min(axis=0), b.outline.min(axis=0))
    high = np.minimum(a.outline.max(axis=0), b.outline.max(axis=0))
    if np.any(low - high > 100):
        return FAR
    if _inside(a.outline, b) or _inside(b.outline, a):
        return 0.0
    return float(cdist(a.outline, b.outline).min())


def _inside(points: np.ndarray, other: Cutout) -> bool:
    """Say whether any point lies on the other body."""
    at = np.rint(points - (other.x0, other.y0)).astype(int)
    height, width = other.body.shape
    at = at[(at >= 0).all(axis=1) & (at < (width, height)).all(axis=1)]
    return bool((other.body[at[:, 1], at[:, 0]] > 0.5).any())


def scripted_bouts(truth: Truth, regions: list[dict[str, Any]], px_per_cm: float) -> pd.DataFrame:
    """Return every scripted bout: behaviour,subject,target,start_frame,stop_frame (excluded).

    in_region (centre inside), near_object (centre within 5 cm of its edge), near (centres within
    10 cm), contact (bodies touch), immobile (for 2 s or more, in every frame in which the animal
    stands where it rests: from its arrival to its last frame there).
    """
    rows: list[tuple[str, str, str, int, int]] = []
    for k, animal in enumerate(map(str, truth.ids)):
        for region in (region for region in regions if region["role"] != "arena"):
            away = rectangle_distance(truth.centres[k], region["points"])
            if region["role"] == "object":
                inside, behaviour = away <= NEAR_OBJECT_CM * px_per_cm, "near_object"
            else:
                inside, behaviour = away == 0, "in_region"
            rows += [(behaviour, animal, region["name"], *run) for run in runs(inside)]
        still = ~truth.moved[k] | ~np.append(truth.moved[k, 1:], True)
        rows += [
            ("immobile", animal, "", start, stop)
            for start, stop in runs(still)
            if stop - start >= STILL_S * 30
        ]
    for k, (a, b) in enumerate(truth.pairs):
        pair = str(truth.ids[a]), str(truth.ids[b])
        apart = np.linalg.norm(truth.centres[a] - truth.centres[b], axis=1)
        for behaviour, mask in (
            ("contact", truth.gaps[k] == 0),
            ("near", apart <= NEAR_ANIMAL_CM * px_per_cm),
        ):
            rows += [(behaviour, *pair, *run) for run in runs(mask)]
    columns = ["behaviour", "subject", "target", "start_frame", "stop_frame"]
    return pd.DataFrame(rows, columns=columns)


def rectangle_distance(points: np.ndarray, corners: list[list[float]]) -> np.ndarray:
    """Return how far points, (n, 2) px, lie outside an upright rectangle; 0 inside."""
    low, high = np.min(corners, axis=0), np.max(corners, axis=0)
    return np.hypot(*np.maximum(np.maximum(low - points, points - high), 0).T)


def runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """Return [start, stop) of every stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
