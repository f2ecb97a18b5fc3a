"""Which rows of tracks are right, and whether their confidence is honest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tracking.scoring import match_ids, score_tracks

BINS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99, 1.0)  # edges of confidence; the last bin has both
SURE = 0.99


@dataclass(frozen=True)
class Judged:
    """The scores of tracks, and their rows with what is true of each."""

    scores: dict[str, float]
    rows: pd.DataFrame  # frame, id, confidence, right (bool)

    @property
    def sure(self) -> int:
        """How many rows are called at least SURE."""
        return int((self.rows["confidence"] >= SURE).sum())

    @property
    def sure_right(self) -> float:
        """The share of those that are right; NaN if there are none."""
        sure = self.rows[self.rows["confidence"] >= SURE]
        return float(sure["right"].mean()) if len(sure) else float("nan")

    def reliability(self) -> list[tuple[float, float, int, float]]:
        """From, to, rows and share right of every bin of confidence that has rows."""
        where = np.digitize(self.rows["confidence"], BINS[1:-1])
        bins = [self.rows["right"][where == k] for k in range(len(BINS) - 1)]
        return [
            (BINS[k], BINS[k + 1], len(rows), float(rows.mean()))
            for k, rows in enumerate(bins)
            if len(rows)
        ]


def judge(truth: pd.DataFrame, tracks: pd.DataFrame, radius_px: float) -> Judged:
    """Score tracks as they are stored (frame, animal_id, x_px, y_px, identity_confidence).

    A row is right if it lies within the radius of the animal whose track it is, as IDF1 pairs
    them. Where the truth says nothing of that animal in that frame, the row is wrong if another
    animal is there, and else it cannot be judged and is left out.
    """
    found = tracks[tracks["detected"]].rename(
        columns={"animal_id": "id", "x_px": "x", "y_px": "y", "identity_confidence": "confidence"}
    )[["frame", "id", "x", "y", "confidence"]]
    truth = truth[["frame", "id", "x", "y"]]
    own = {track: true for true, track in match_ids(truth, found, radius_px).items()}
    rows = found.assign(row=np.arange(len(found)), own=found["id"].map(own))
    pairs = rows.merge(truth, on="frame", suffixes=("", "_true"))
    near = np.hypot(pairs["x"] - pairs["x_true"], pairs["y"] - pairs["y_true"]) <= radius_px
    itself = pairs["own"] == pairs["id_true"]
    right = pairs["row"][near & itself]
    judged = np.union1d(pairs["row"][itself], pairs["row"][near])
    rows = rows.assign(right=rows["row"].isin(right))[rows["row"].isin(judged)]
    return Judged(
        score_tracks(truth, found, radius_px), rows[["frame", "id", "confidence", "right"]]
    )
