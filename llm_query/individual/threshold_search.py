"""Thresholds that agree with a person: tried on a grid, and the middle of the good ones taken."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from llm_query.individual.stillness import Body, Rule, still_frames

FACTORS = np.arange(0.5, 2.01, 0.1)  # of the default speed limit
MIN_DURATIONS_S = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0)
BACK_DATES_S = (0.06, 0.08, 0.1, 0.12, 0.14, 0.16, 0.18, 0.2)
GOOD = 0.03  # of kappa below the best


@dataclass(frozen=True)
class Trial:
    """The frames a person scored, and the body's movement in them."""

    body: Body
    edges_s: np.ndarray  # (n + 1,)
    truth: np.ndarray  # (n,) bool
    usual: float  # the default speed limit, unit/s

    def counts(self, folds: int, bridge_s: float) -> np.ndarray:
        """(limits, back dates, durations, folds, 4): of every setting and part of time, the frames,
        and of them the agreed, the found and the true ones."""
        parts = np.array_split(np.arange(len(self.truth)), folds)
        begin = np.array([part[0] for part in parts])
        size = np.array([len(part) for part in parts])
        true = np.add.reduceat(self.truth.astype(np.int64), begin)
        made = []
        for factor, back_date_s, lasting in product(FACTORS, BACK_DATES_S, MIN_DURATIONS_S):
            rule = Rule(self.usual * factor, lasting, back_date_s, bridge_s)
            found = still_frames(self.body, self.edges_s, rule, 0)
            agreed = np.add.reduceat((found == self.truth).astype(np.int64), begin)
            made.append([size, agreed, np.add.reduceat(found.astype(np.int64), begin), true])
        shape = (len(FACTORS), len(BACK_DATES_S), len(MIN_DURATIONS_S), 4, folds)
        return np.array(made).reshape(shape).swapaxes(-1, -2)

    def choose(self, counts: np.ndarray, bridge_s: float) -> Rule:
        """The settings in the middle of those that agree nearly as well as the best."""
        kappa = cohen_of(*np.moveaxis(counts.sum(axis=-2), -1, 0))
        good = np.argwhere(kappa >= np.nanmax(kappa) - GOOD)
        middle = np.median(good, axis=0)
        nearest = good[np.argmin(np.abs(good - middle).sum(axis=1))]
        factor, back_date, lasting = (int(k) for k in nearest)
        limit = float(f"{self.usual * FACTORS[factor]:.3g}")
        return Rule(limit, MIN_DURATIONS_S[lasting], BACK_DATES_S[back_date], bridge_s)


def cohen_of(
    frames: np.ndarray, agreed: np.ndarray, found: np.ndarray, true: np.ndarray
) -> np.ndarray:
    """Cohen's kappa from how many frames there are, agree, and are each one's; NaN if undefined."""
    by_chance = (found * true + (frames - found) * (frames - true)) / frames**2
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(by_chance < 1, (agreed / frames - by_chance) / (1 - by_chance), np.nan)


def cohen(first: np.ndarray, second: np.ndarray) -> float:
    """Cohen's kappa of two judgements per frame, (n,) bool."""
    n, agreed = np.array(len(first)), np.array((first == second).sum())
    return float(cohen_of(n, agreed, np.array(first.sum()), np.array(second.sum())))
