"""How far two watchers agree on a behaviour: kappa and F1, by frames and by bouts."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from llm_query.errors import QueryError

COLUMNS = ("start_frame", "stop_frame")


def score_bouts(
    truth: pd.DataFrame, found: pd.DataFrame, n_frames: int, iou: float = 0.5
) -> dict[str, float]:
    """Compare two sets of bouts of one behaviour over a recording of n_frames frames.

    truth, found: columns start_frame, stop_frame (half-open); bouts that overlap, of several
    animals say, count once per frame. Returns
    `kappa` (Cohen, per frame), `frame_f1`, `frame_precision`, `frame_recall`,
    `bout_f1` (one-to-one pairs whose overlap over union is at least iou), `n_truth`, `n_found`.
    What is undefined is NaN: precision without a found frame, recall without a true one, F1
    without either, kappa when both say the same about every frame.

    >>> truth = pd.DataFrame({"start_frame": [0], "stop_frame": [10]})
    >>> found = pd.DataFrame({"start_frame": [5], "stop_frame": [10]})
    >>> scores = score_bouts(truth, found, n_frames=20)
    >>> scores["frame_recall"], scores["bout_f1"], scores["kappa"]
    (0.5, 1.0, 0.5)
    """
    if not 0 < iou <= 1:
        raise QueryError(f"The overlap asked for is {iou}. Give a number above 0 and up to 1.")
    truth, found = _bouts(truth, "The truth"), _bouts(found, "The found bouts")
    true_frames = _mask(truth, n_frames, "The truth")
    found_frames = _mask(found, n_frames, "The found bouts")
    both = float(np.sum(true_frames & found_frames))
    pairs = _matched(truth, found, iou)
    return {
        "kappa": cohen_kappa(true_frames, found_frames),
        "frame_f1": _ratio(2 * both, float(true_frames.sum() + found_frames.sum())),
        "frame_precision": _ratio(both, float(found_frames.sum())),
        "frame_recall": _ratio(both, float(true_frames.sum())),
        "bout_f1": _ratio(2.0 * pairs, float(len(truth) + len(found))),
        "n_truth": len(truth),
        "n_found": len(found),
    }


def cohen_kappa(first: np.ndarray, second: np.ndarray) -> float:
    """Return Cohen's kappa of two yes-or-no judgements per frame, (n,) bool; NaN if undefined."""
    agreed = float(np.mean(first == second))
    yes, other_yes = float(np.mean(first)), float(np.mean(second))
    by_chance = yes * other_yes + (1 - yes) * (1 - other_yes)
    return _ratio(agreed - by_chance, 1 - by_chance)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else float("nan")


def _bouts(table: pd.DataFrame, what: str) -> pd.DataFrame:
    """Check start_frame and stop_frame and return them as whole numbers, in order."""
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        raise QueryError(
            f"{what} has no column {', '.join(missing)}; it needs "
            f"{','.join(COLUMNS)} and has {','.join(map(str, table.columns))}."
        )
    numbers = table[list(COLUMNS)].apply(pd.to_numeric, errors="coerce").astype(float)
    whole = np.isfinite(numbers).all(axis=1) & (numbers == numbers.round()).all(axis=1)
    good = whole & (numbers["start_frame"] >= 0) & (numbers["stop_frame"] > numbers["start_frame"])
    if not good.all():
        row = int(np.argmin(good.to_numpy()))
        start, stop = table[list(COLUMNS)].iloc[row]
        raise QueryError(
            f"{what} has a bout from {start} to {stop} in row {row + 1}; frames are "
            "whole numbers from 0, and stop_frame is the first frame after the bout."
        )
    return numbers.astype(np.int64).sort_values(list(COLUMNS), ignore_index=True)


def _mask(bouts: pd.DataFrame, n_frames: int, what: str) -> np.ndarray:
    """Return which frames lie in any bout, (n_frames,) bool."""
    if len(bouts) and int(bouts["stop_frame"].max()) > n_frames:
        raise QueryError(
            f"{what} goes on to frame {int(bouts['stop_frame'].max())}, but the "
            f"recording has {n_frames} frames. Is it of another video?"
        )
    mask = np.zeros(n_frames, bool)
    for start, stop in bouts.itertuples(index=False):
        mask[start:stop] = True
    return mask


def _matched(truth: pd.DataFrame, found: pd.DataFrame, iou: float) -> int:
    """Count the bouts that pair up one to one with enough overlap."""
    a, b = truth.to_numpy(), found.to_numpy()
    overlap = (
        np.minimum(a[:, None, 1], b[None, :, 1]) - np.maximum(a[:, None, 0], b[None, :, 0])
    ).clip(min=0)
    union = (a[:, 1] - a[:, 0])[:, None] + (b[:, 1] - b[:, 0])[None] - overlap
    # In whole frames, so that exactly half is half.
    enough = (overlap >= iou * union) & (overlap > 0)
    rows, columns = linear_sum_assignment(enough, maximize=True)
    return int(enough[rows, columns].sum())
