"""Sort fragments into the appearances of N animals, exclusively, and without labels.

Each fragment is one point, the mean of its crops' features, known as well as its length allows.
Points of one animal scatter around that animal's own point, since posture and light differ between
fragments. Fragments side by side in time are different animals.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

ROUNDS = 40
SEEDS = 12  # beginnings tried
LONGEST = 60  # fragments around which beginnings are looked for
TRIES, TRIED = 8, 4  # drawings at random, and beginnings tried for each
DAMPED = 0.5  # share of a round's change that is made: exclusion would flip-flop otherwise
PRIOR_WEIGHT = 4.0  # fragments that the scatter known from within fragments counts for
LEAST_SCATTER = 1e-6
MOST_TOLD = 50.0  # nats


@dataclass(frozen=True)
class Points:
    """Fragments as points, arrays of length n."""

    mean: np.ndarray  # (n, d)
    noise: np.ndarray  # (n, d) variance of the mean, from the crops within the fragment
    weight: np.ndarray  # (n,) how long each is, seconds
    apart: np.ndarray  # (n, n) bool, whether two are side by side in time; of those learned from

    def only(self, which: np.ndarray) -> Points:
        """Some of the points, with what is said of who is apart."""
        return replace(
            self, mean=self.mean[which], noise=self.noise[which], weight=self.weight[which]
        )


@dataclass(frozen=True)
class Classes:
    """What was learned of the animals, N of them."""

    share: np.ndarray  # (n, N) probability that a fragment shows each
    scatter: np.ndarray  # (d,) variance of one animal's points
    prior: np.ndarray  # (n, N) the same from the fragments beside it alone
    better: np.ndarray  # (n, N) log density of a fragment as each animal, learned from the other
    # fragments, over that as any animal
    score: float  # how much better all fragments are told apart than as any animal, nats


def learn(points: Points, n_animals: int, scatter: np.ndarray, seeds: int = SEEDS) -> Classes:
    """The best of several beginnings; ``scatter`` (d,) is what is known beforehand of how points
    of one animal scatter."""
    guesses = _groups(points, n_animals)[:seeds]
    shares = [_share_from(points, group, n_animals) for group in guesses]
    found = [_settled(points, share, scatter) for share in shares]
    return max(found, key=lambda classes: classes.score)


def by_chance(points: Points, n_animals: int, scatter: np.ndarray, tries: int = TRIES) -> float:
    """The score of fragments placed at random as widely as these, at its upper end: sorting finds
    classes in anything, and only what goes beyond that is evidence."""
    rng = np.random.default_rng(0)
    middle, total = _spread(points)
    scores = []
    for _ in range(tries):
        drawn = middle + rng.normal(size=points.mean.shape) * np.sqrt(total + points.noise)
        drawn_points = replace(points, mean=drawn)
        scores.append(learn(drawn_points, n_animals, scatter, TRIED).score)
    return float(np.mean(scores) + np.std(scores))


def most_at_once(points: Points, n_animals: int) -> int:
    """How many animals were seen side by side at most, as far as the longest fragments show."""
    return max(len(group) for group in _groups(points, n_animals))


def _groups(points: Points, n_animals: int) -> list[tuple[int, ...]]:
    """Sets of fragments that are all side by side, the largest and longest first."""
    order = np.argsort(-points.weight, kind="stable")
    chosen: list[tuple[int, ...]] = []
    for first in order[:LONGEST]:
        group, beside = [int(first)], points.apart[first]
        while len(group) < n_animals and beside.any():
            group.append(int(order[beside[order].argmax()]))
            beside = beside & points.apart[group[-1]]
        key = tuple(sorted(group))
        if key not in chosen:
            chosen.append(key)
    return sorted(chosen, key=lambda g: (-len(g), -float(points.weight[list(g)].min())))


def _share_from(points: Points, group: tuple[int, ...], n_animals: int) -> np.ndarray:
    """Everybody goes to the nearest of a few; animals that are not among them are unknown."""
    members = list(group)
    while len(members) < min(n_animals, len(points.mean)):  # as far from the others as it goes
        way = ((points.mean[:, None] - points.mean[None, members]) ** 2).sum(2).min(1)
        members.append(int(way.argmax()))
    way = ((points.mean[:, None] - points.mean[None, members]) ** 2).sum(2)
    spread = np.median(way.min(1)) + points.noise.mean(1).sum() / len(way) + LEAST_SCATTER
    share = np.full((len(way), n_animals), 1e-3)
    share[:, : len(members)] += np.exp(-(way - way.min(1, keepdims=True)) / (2 * spread))
    share[members] = 1e-3
    share[members, np.arange(len(members))] = 1.0
    return share / share.sum(1, keepdims=True)


def _settled(points: Points, share: np.ndarray, known: np.ndarray) -> Classes:
    """Sort and learn in turn until nothing changes."""
    scatter = known
    for _ in range(ROUNDS):
        scatter = _scatter(points, share, scatter, known)
        better = _better(points, points, share, scatter, 1.0)
        new = _normed(np.log(_excluded(points, share)) + better)
        change = np.abs(new - share).max()
        share = DAMPED * share + (1 - DAMPED) * new
        if change < 1e-3:
            break
    prior = _excluded(points, share)
    better = _better(points, points, share, scatter, 1.0)
    return Classes(
        share, scatter, prior, better, float(np.log((prior * np.exp(better)).sum(1)).sum())
    )


def _excluded(points: Points, share: np.ndarray) -> np.ndarray:
    """(n, N) what the fragments beside each leave for it."""
    others = np.log1p(-np.minimum(share, 1 - 1e-4))
    return _normed(points.apart.astype(np.float64) @ others)


def _normed(log: np.ndarray) -> np.ndarray:
    """Rows of log weights as probabilities."""
    share = np.exp(log - log.max(1, keepdims=True))
    return np.maximum(share / share.sum(1, keepdims=True), 1e-12)


def _spread(points: Points) -> tuple[np.ndarray, np.ndarray]:
    """Mean (d,) and variance (d,) of all points, noise taken off."""
    middle = np.average(points.mean, axis=0, weights=1 / (1 + points.noise.mean(1)))
    variance = ((points.mean - middle) ** 2 - points.noise).mean(0)
    return middle, np.maximum(variance, LEAST_SCATTER)


def _scatter(
    points: Points, share: np.ndarray, scatter: np.ndarray, known: np.ndarray
) -> np.ndarray:
    """(d,) variance of one animal's points around its own, noise taken off."""
    precision = 1 / (points.noise + scatter)  # (n, d)
    weight = share[:, :, None] * precision[:, None]  # (n, N, d)
    total = np.maximum(weight.sum(0), 1e-12)
    centre = (weight * points.mean[:, None]).sum(0) / total
    off = (points.mean[:, None] - centre[None]) ** 2 - points.noise[:, None]
    # a centre lies amid its own points: what it took up of their scatter is given back
    members = share.sum(0)
    lost = np.minimum(members, 1.0).sum()
    free = max(len(points.mean) - lost, 0.0)
    new = (PRIOR_WEIGHT * known + (share[:, :, None] * off).sum((0, 1))) / (PRIOR_WEIGHT + free)
    return np.maximum(new, 0.25 * known + LEAST_SCATTER)


def judged(points: Points, learned_from: Points, classes: Classes) -> np.ndarray:
    """(m, N) log density of fragments that nothing was learned from as each animal, over that as
    any animal."""
    return _better(points, learned_from, classes.share, classes.scatter, 0.0)


def _better(
    points: Points, known: Points, share: np.ndarray, scatter: np.ndarray, own: float
) -> np.ndarray:
    """(m, N) log density of points as each animal, over that as any animal.

    ``own`` is 1 where these are the known points themselves: each is told by the others. What is
    known of an animal is a Gaussian; of an animal that nobody else shows, the spread of all.
    """
    middle, total = _spread(known)
    between = np.maximum(total - scatter, 0.1 * total)
    weight = share[:, :, None] / (known.noise + scatter)[:, None]  # (n, N, d)
    left = own * weight if own else 0.0
    know = 1 / between + weight.sum(0)[None] - left
    pull = middle / between + (weight * known.mean[:, None]).sum(0)[None]
    centre = (pull - left * points.mean[:, None]) / know
    variance = 1 / know + scatter + points.noise[:, None]
    members = np.minimum(share.sum(0), 1.0).sum()
    free = PRIOR_WEIGHT + max(len(known.mean) - members - 1, 0.0)
    as_each = _student(points.mean[:, None] - centre, variance, free).sum(2)
    free = PRIOR_WEIGHT + max(len(known.mean) - 2.0, 0.0)
    as_any = _student(points.mean - middle, total + points.noise, free).sum(1)
    return np.clip(as_each - as_any[:, None], -MOST_TOLD, MOST_TOLD)


def _student(off: np.ndarray, variance: np.ndarray, free: float) -> np.ndarray:
    """Log density of Student's t: scatter that is known from few points has long tails."""
    from scipy.special import gammaln

    scaled = off**2 / (free * variance)
    constant = gammaln((free + 1) / 2) - gammaln(free / 2) - 0.5 * np.log(np.pi * free * variance)
    return constant - (free + 1) / 2 * np.log1p(scaled)
