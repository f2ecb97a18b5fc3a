"""Judging a learned behaviour on frames that it was not trained on: folds, calibration, decisions.

A probability that a model gives for its own training frames says nothing. Everything here works on
the probabilities of held-out videos (or blocks of time), and what is chosen on them (calibration,
threshold, shortest bout, gaps) is chosen without the fold that it is judged on. Only the kind of
forest and the kind of curve are chosen on all folds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

from llm_query.algebra.intervals import runs
from llm_query.errors import QueryError
from llm_query.learning.features import WINDOWS_S
from llm_query.learning.trained import Decision
from llm_query.recording import Recording

MOST_FOLDS = 5
GUARD_S = 2 * max(WINDOWS_S)  # windows of training and held-out frames share no frame
Curve = tuple[tuple[float, ...], tuple[float, ...]]


@dataclass(frozen=True, eq=False)
class Scored:
    """One animal (and its partner) in one video, watched by a person.

    truth: (n,) bool, the frames in which it did it. watched: (n,) bool, the frames that the person
    looked at: only there does "not scored" mean "not done".
    """

    recording: Recording
    subject: str
    target: str | None
    truth: np.ndarray
    watched: np.ndarray

    @cached_property
    def usable(self) -> np.ndarray:
        """(n,) bool: watched, with the animal (and its partner) found by the tracking."""
        seen = self.watched & self.recording.seen(self.subject)
        return seen if self.target is None else seen & self.recording.seen(self.target)

    @property
    def bouts(self) -> int:
        """How many bouts the person scored in the watched frames."""
        return len(runs(self.truth & self.watched)[0])

    @property
    def seconds(self) -> float:
        """How long the person watched, s."""
        return float(np.diff(self.recording.edges_s)[self.watched].sum())


@dataclass(frozen=True, eq=False)
class Folds:
    """Which frames are held out together: `of[i]` is item i's (n,) fold number, -1 = not used."""

    how: str  # "by video" or "by block of time"
    count: int
    of: tuple[np.ndarray, ...]
    names: tuple[str, ...]  # of the folds

    def training(self, items: Sequence[Scored], fold: int) -> list[np.ndarray]:
        """(n,) bool per item: the frames to train on when `fold` is held out."""
        found = []
        for item, of in zip(items, self.of, strict=True):
            free = of >= 0
            held = np.flatnonzero(of == fold)
            if len(held):
                time_s = item.recording.time_s
                low, high = time_s[held[0]] - GUARD_S, time_s[held[-1]] + GUARD_S
                free = free & ((time_s < low) | (time_s > high))
            found.append(free)
        return found


def make_folds(items: Sequence[Scored]) -> Folds:
    """Hold out whole videos; with bouts in one video only, blocks of its time."""
    bouts: dict[str, int] = {}
    for item in items:
        video = item.recording.video
        bouts[video] = bouts.get(video, 0) + len(runs(item.truth & item.usable)[0])
    count = min(MOST_FOLDS, sum(number > 0 for number in bouts.values()))
    if count < 2:
        return _blocks(items)
    held = [0] * count
    fold_of: dict[str, int] = {}
    for video in sorted(bouts, key=lambda one: (-bouts[one], one)):  # largest first, evenly
        fold = min(range(count), key=lambda k: (held[k], k))
        fold_of[video], held[fold] = fold, held[fold] + max(bouts[video], 1)
    of = tuple(np.where(item.usable, fold_of[item.recording.video], -1) for item in items)
    names = tuple(", ".join(v for v in bouts if fold_of[v] == k) for k in range(count))
    return Folds("by video", count, of, names)


def _blocks(items: Sequence[Scored]) -> Folds:
    """Blocks of time with about as many bouts each, cut where nobody does it if possible."""
    videos = list(dict.fromkeys(item.recording.video for item in items))
    cuts: dict[str, np.ndarray] = {}
    count = MOST_FOLDS
    for video in videos:
        here = [item for item in items if item.recording.video == video]
        active = np.any([item.truth & item.usable for item in here], axis=0)
        start, stop = runs(active)
        if len(start) >= 2:
            count = min(MOST_FOLDS, len(start))
            first = np.round(np.arange(1, count) * len(start) / count).astype(int)
            cuts[video] = (stop[first - 1] + start[first]) // 2
    for item in items:
        n = item.recording.n_frames
        cuts.setdefault(item.recording.video, np.arange(1, count) * n // count)
    of = []
    for item in items:
        block = np.searchsorted(
            cuts[item.recording.video], np.arange(item.recording.n_frames), "right"
        )
        of.append(np.where(item.usable, block, -1))
    names = tuple(f"block {k + 1}" for k in range(count))
    return Folds("by block of time", count, tuple(of), names)


# calibration: a curve from what the forest says to a probability


def fit_curve(kind: str, said: np.ndarray, truth: np.ndarray) -> Curve:
    """The calibration curve as the corners of a line, by isotonic or logistic regression."""
    if kind == "isotonic":
        from sklearn.isotonic import IsotonicRegression

        made = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(said, truth)
        x, y = made.X_thresholds_, made.y_thresholds_
        if len(x) > 200:
            rows = np.unique(np.linspace(0, len(x) - 1, 200).astype(int))
            x, y = x[rows], y[rows]
    else:
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=1e6).fit(said[:, None], truth)
        x = np.linspace(0, 1, 101)
        y = model.predict_proba(x[:, None])[:, list(model.classes_).index(True)]
    return tuple(float(v) for v in x), tuple(float(v) for v in y)


def cross_fitted(kind: str, said: np.ndarray, truth: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """(m,) calibrated probabilities, each fold's by the curve of the others."""
    found = np.empty(len(said))
    for k in np.unique(fold):
        rest = fold != k
        if truth[rest].all() or not truth[rest].any():
            raise QueryError(
                "All bouts are in one part of what was scored, so that nothing can be learned and "
                "checked apart from each other. Score more bouts, in another video if you can."
            )
        found[~rest] = np.interp(said[~rest], *fit_curve(kind, said[rest], truth[rest]))
    return found


def reliability(probability: np.ndarray, truth: np.ndarray, bins: int = 10) -> list[dict[str, Any]]:
    """Per tenth of probability: how many frames, the mean said, the share scored.

    >>> reliability(np.array([0.1, 0.9, 0.9]), np.array([False, True, True]))[-1]["scored"]
    1.0
    """
    which = np.minimum((probability * bins).astype(int), bins - 1)
    rows = []
    for k in range(bins):
        here = which == k
        if here.any():
            rows.append(
                {
                    "from": k / bins, "to": (k + 1) / bins, "frames": int(here.sum()),
                    "said": float(probability[here].mean()), "scored": float(truth[here].mean()),
                }
            )  # fmt: skip
    return rows


def calibration_error(table: Sequence[dict[str, Any]]) -> float:
    """Expected calibration error: how far said and scored are apart, weighted by frames."""
    frames = sum(row["frames"] for row in table)
    return sum(row["frames"] * abs(row["said"] - row["scored"]) for row in table) / frames


# decisions: threshold, gaps and shortest bout


@dataclass(frozen=True, eq=False)
class Pooled:
    """Held-out frames of all items, one after the other, as flat columns (m,)."""

    item: np.ndarray
    start_s: np.ndarray
    stop_s: np.ndarray
    truth: np.ndarray
    fold: np.ndarray

    def keep(self, rows: np.ndarray) -> Pooled:
        """Some of the frames."""
        return Pooled(
            self.item[rows], self.start_s[rows], self.stop_s[rows], self.truth[rows],
            self.fold[rows],
        )  # fmt: skip

    def spans(self, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Runs of true frames, (k,) first and (k,) one past the last, never across two items."""
        new = np.concatenate([[True], self.item[1:] != self.item[:-1]])
        begins = mask & (new | ~np.concatenate([[False], mask[:-1]]))
        last = np.concatenate([new[1:], [True]])
        ends = mask & (last | ~np.concatenate([mask[1:], [False]]))
        return np.flatnonzero(begins), np.flatnonzero(ends) + 1

    def merged(
        self, start: np.ndarray, stop: np.ndarray, gap_s: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Runs with short gaps between them joined."""
        if gap_s <= 0 or len(start) < 2:
            return start, stop
        apart = self.start_s[start[1:]] - self.stop_s[stop[:-1] - 1] > gap_s + 1e-6
        apart |= self.item[start[1:]] != self.item[start[:-1]]
        return start[np.concatenate([[True], apart])], stop[np.concatenate([apart, [True]])]

    def lasting(self, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
        """(k,) seconds of runs."""
        return self.stop_s[stop - 1] - self.start_s[start]


def choose_decision(pooled: Pooled, probability: np.ndarray) -> Decision:
    """The threshold by the frames, then gaps and shortest bout by frames and bouts together."""
    truth = pooled.truth
    grid = np.round(np.arange(0.1, 0.91, 0.05), 2)
    f1 = [
        _f1(float((truth & yes).sum()), float(yes.sum()), truth.sum())
        for yes in (probability >= t for t in grid)
    ]
    good = grid[np.array(f1) >= max(f1) - 0.01]  # of those as good as the best, the one near 0.5
    threshold = float(good[np.argmin(np.abs(good - 0.5))])
    start, stop = pooled.spans(probability >= threshold)
    true_start, true_stop = pooled.spans(truth)
    lasts = pooled.lasting(true_start, true_stop)
    short = float(np.quantile(lasts, 0.1))
    durations = sorted({0.0, *(round(share * short, 2) for share in (0.25, 0.5, 0.75, 1.0))})
    gaps = [0.0, 0.1, 0.2, 0.5, 1.0]

    def value(choice: tuple[float, float]) -> float:
        s, e = pooled.merged(start, stop, choice[0])
        keep = pooled.lasting(s, e) >= choice[1] - 1e-6
        s, e = s[keep], e[keep]
        total = np.concatenate([[0], np.cumsum(truth)])
        frames = _f1(float((total[e] - total[s]).sum()), float((e - s).sum()), truth.sum())
        bouts = _f1(float(_matches(s, e, true_start, true_stop)), len(s), len(true_start))
        return frames + bouts

    values = {choice: value(choice) for choice in product(gaps, durations)}
    nearly = [choice for choice in values if values[choice] >= max(values.values()) - 0.02]
    gap_s, duration_s = min(nearly, key=sum)  # the one that changes least
    return Decision(threshold, gap_s, duration_s)


def _f1(both: float, found: float, true: float) -> float:
    return 2 * both / (found + true) if found + true else 0.0


def _matches(
    start: np.ndarray, stop: np.ndarray, true_start: np.ndarray, true_stop: np.ndarray
) -> int:
    """How many runs overlap a true one by half of their union: the one at their middle."""
    if not len(start) or not len(true_start):
        return 0
    row = np.searchsorted(true_start, (start + stop) // 2, side="right") - 1
    inside = row >= 0
    row = np.maximum(row, 0)
    both = np.minimum(stop, true_stop[row]) - np.maximum(start, true_start[row])
    union = (stop - start) + (true_stop[row] - true_start[row]) - both
    return len(np.unique(row[inside & (2 * both >= union)]))
