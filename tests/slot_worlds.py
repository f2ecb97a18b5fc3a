"""Worlds without pictures: animals that change slots with known odds, and look as they do."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from tracking.following.exchanges import Exchange
from tracking.identities.fragments import Stretches, fragments_of
from tracking.identities.solution import Moment, Solution, solve

LOOKS = 10.0  # frames of a fragment that count for its appearance, at most


@dataclass
class World:
    """Who was in which slot, and all that is told of it."""

    truth: np.ndarray  # (F, n) the animal in each slot
    exchanges: list[Exchange]
    looks: np.ndarray  # (fragments, n) log likelihood

    def solved(self) -> Solution:
        alone = seen(self.truth.shape)
        fragments, crossings = fragments_of(self.exchanges, alone, len(self.truth))
        moments = [Moment(one.frame, one) for one in self.exchanges]
        return solve(fragments, crossings, moments, self.looks, alone)


def seen(shape: tuple[int, int]) -> Stretches:
    """Every slot alone in every frame."""
    alone = Stretches(shape[1])
    alone.add(0, np.ones(shape, bool))
    return alone


def world(seed, n, meetings, unlike=0.0, odds=(0.0, 4.0), every=15):
    """A random world: ``unlike`` is how far looks of animals are apart, against those of one in
    single frames; a pair meets about every ``every`` frames and has these log odds to keep."""
    random = np.random.default_rng(seed)
    free, pairs = np.zeros(n, int), []
    for start in np.sort(random.integers(5, every * (meetings + 1), meetings)).tolist():
        a, b = sorted(random.choice(n, 2, replace=False).tolist())
        first = max(start, int(free[a]) + 3, int(free[b]) + 3)
        last = first + int(random.integers(0, 6))
        free[[a, b]] = last
        pairs.append(Exchange(first, last, a, b, float(random.uniform(*odds))))
    swaps = {one: random.random() > 1 / (1 + np.exp(-one.log_odds)) for one in pairs}
    return told(swaps, n, int(free.max()) + 20, random.normal(0, unlike, n), random)


def told(swaps, n, n_frames, looks, random):
    """The world in which these exchanges were (True) or were not, and animals look like numbers."""
    who, truth = np.arange(n), np.empty((n_frames, n), int)
    ordered = sorted(swaps, key=lambda x: (x.frame, x.start, x.a, x.b))
    for one, end in zip(ordered, [*(x.frame for x in ordered[1:]), n_frames], strict=True):
        truth[: one.frame] = who if one is ordered[0] else truth[: one.frame]
        if swaps[one]:
            who = who.copy()
            who[[one.a, one.b]] = who[[one.b, one.a]]
        truth[one.frame : end] = who
    fragments, _ = fragments_of(ordered, seen(truth.shape), n_frames)
    order = random.permutation(n)  # appearances come in no order
    evidence = np.zeros((len(fragments), n))
    if np.ptp(looks) > 0:
        for k, piece in enumerate(fragments):
            frames = min(LOOKS, piece.stop - piece.start)
            mean = looks[truth[piece.start, piece.slot]] + random.normal() / np.sqrt(frames)
            evidence[k, order] = -((mean - looks) ** 2) * frames / 2
    return World(truth, ordered, evidence)


def judged(one: World, solution: Solution) -> tuple[np.ndarray, np.ndarray]:
    """Which rows (F, n) are right once numbers are matched to animals, and how sure they were."""
    rows = solution.rows(np.arange(len(one.truth)))
    said, sure = solution.animals[rows], solution.sure[rows]
    common = np.zeros((said.shape[1],) * 2)
    np.add.at(common, (said.ravel(), one.truth.ravel()), 1)
    owner = linear_sum_assignment(-common)[1]
    return owner[said] == one.truth, sure
