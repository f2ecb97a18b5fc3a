"""Every way in which animals may have changed slots, with its probability.

A state is a permutation: which animal is in which slot. Each possible exchange of two slots splits
a state in two, and equal states are joined again, so that a few animals stay exact whatever the
number of exchanges. Of many animals the likelier states are kept and the others drawn at random,
each standing for those that were dropped: probabilities stay fair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

EXACT = 6  # animals of which every permutation (720) is followed
CAPACITY = 1000  # states kept of more animals
NONE = -1
NEVER = 1e-30  # probability of a history that cannot be
HOPELESS = -60.0  # natural log of a weight that no evidence to come can make up for
BITS = 60  # exchanges of joint crossings that may be open at once
MARKED = np.uint64(0x9E3779B97F4A7C15)  # odd: other bits, other names
TIE = 1e-9  # of two histories that are equally likely, the one with fewer exchanges is told


@dataclass(frozen=True)
class Joint:
    """Exchanges of one crossing whose chances hang on each other, told as whole histories.

    ``steps`` are rows of the chain in order of time.
    """

    steps: tuple[int, ...]
    exchanged: np.ndarray  # (m, len(steps)) bool, one history per row
    chance: np.ndarray  # (m,) probability of each; all others cannot be

    def gains(self, number: int) -> np.ndarray:
        """(2, 2^number) natural log of the probability that the exchange of this number, from 0,
        was not and was made, by what was made before it: bit k for the exchange of number k."""
        before = self.exchanged[:, :number] @ (1 << np.arange(number))
        share = np.full((2, 1 << number), NEVER)
        np.add.at(share, (self.exchanged[:, number].astype(int), before), self.chance)
        return np.asarray(np.log(share / share.sum(0)))


@dataclass(frozen=True)
class Chain:
    """The exchanges of ``n`` slots, in order of time, and what appearance says between them.

    ``after`` and ``first`` are rows of ``evidence``, -1 for none: the fragment that follows an
    exchange in each of its two slots, and the first fragment of each slot.
    """

    n: int
    pairs: np.ndarray  # (K, 2) int, slots
    kept: np.ndarray  # (K,) natural log of the probability that they were not exchanged
    exchanged: np.ndarray  # (K,) natural log of the probability that they were
    first: np.ndarray  # (n,) int
    after: np.ndarray  # (K, 2) int
    evidence: np.ndarray  # (fragments, n) natural log of the likelihood of each animal
    joint: tuple[Joint, ...] = ()  # in place of what kept and exchanged say of these steps


@dataclass(frozen=True)
class Paths:
    """Several histories of who was in which slot, each as likely as it is often drawn."""

    start: np.ndarray  # (S, n) unsigned, animal of each slot before the first exchange
    exchanged: np.ndarray  # (K, S) bool

    @classmethod
    def joined(cls, parts: Sequence[Paths]) -> Paths:
        """All histories of several sets."""
        return cls(
            np.concatenate([part.start for part in parts]),
            np.concatenate([part.exchanged for part in parts], 1),
        )


@dataclass(frozen=True)
class _Step:
    """How the states after one exchange came about; -1 where they did not come that way."""

    stayed: np.ndarray  # (m,) int16, the state before, had the two kept their slots
    swapped: np.ndarray  # (m,) int16, the state before, had they been exchanged
    odds: np.ndarray  # (m,) float32, log odds of the first against the second
    best: np.ndarray  # (m,) bool: the likeliest history came through an exchange
    number: int  # of the exchange; NONE where states with and without a mark became one

    def of(self, which: np.ndarray) -> _Step:
        """Some of the states, by number or as (m,) bool."""
        return _Step(
            self.stayed[which], self.swapped[which], self.odds[which], self.best[which],
            self.number,
        )  # fmt: skip


class History:
    """All states through all exchanges of a chain, ready to be read backwards."""

    def __init__(self, chain: Chain, start: np.ndarray, seed: int = 0) -> None:
        """``start`` (m, n) are the states that may be at the beginning, all equally likely."""
        self.chain, self.start = chain, start.astype(np.min_scalar_type(chain.n - 1))
        self._random = np.random.default_rng(seed)
        # sums of random numbers as names of states: two alike would take 2^64 of them
        keys = np.random.default_rng(1).integers(0, 2**63, (chain.n, chain.n), np.int64)
        self._keys = keys.astype(np.uint64)
        self._steps: list[_Step] = []
        self._run()

    def _run(self) -> None:
        chain, states = self.chain, self.start
        each = np.arange(chain.n)
        names = self._keys[each, states].sum(1, dtype=np.uint64)
        looked = np.vstack((chain.evidence, np.zeros(chain.n)))  # row -1: nothing to see
        weight = looked[chain.first, states].sum(1)
        likeliest = weight.copy()
        at = chain.first.copy()  # the fragment of each slot that is counted already
        marks, made = _Marks(chain.joint), np.zeros(len(states), np.int64)
        for k, (a, b) in enumerate(chain.pairs.tolist()):
            stay, swap = self._gains(looked, states, at, k)
            names = names - marks.names(made)
            by_kept, by_exchanged, kept_made, swap_made = marks.step(
                k, made, float(chain.kept[k]), float(chain.exchanged[k])
            )
            stay, swap = stay + by_kept, swap + by_exchanged
            at[a], at[b] = chain.after[k]
            x, y = states[:, a], states[:, b]
            renamed = names - self._keys[a, x] - self._keys[b, y]
            renamed = renamed + self._keys[a, y] + self._keys[b, x]
            names, renamed = names + marks.names(kept_made), renamed + marks.names(swap_made)
            m, each_state = len(names), np.arange(len(names))
            both = np.concatenate((states, states))
            both[m:, a], both[m:, b] = y, x
            step, where, names, weight, likeliest = _merged(
                k, (names, renamed), (each_state, each_state), (weight + stay, weight + swap),
                (likeliest + stay, likeliest + swap - TIE),
            )  # fmt: skip
            states, made = both[where], np.concatenate((kept_made, swap_made))[where]
            for bit in marks.over(k):  # how it came about counts no more: bit by bit, as each
                self._steps.append(step)  # state may have come there with it and without
                bare, marked = (np.flatnonzero((made >> bit) & 1 == is_set) for is_set in (0, 1))
                known = (names[bare], names[marked] - marks.names(np.array([1 << bit])))
                step, where, names, weight, likeliest = _merged(
                    NONE, known, (bare, marked), (weight[bare], weight[marked]),
                    (likeliest[bare], likeliest[marked]),
                )  # fmt: skip
                where = np.concatenate((bare, marked))[where]
                states, made = states[where], made[where] & ~(1 << bit)
            weight -= weight.max()
            likely = weight > HOPELESS
            if not likely.all():
                states, names, likeliest = states[likely], names[likely], likeliest[likely]
                made = made[likely]
                weight, step = weight[likely], step.of(likely)
            if len(weight) > max(CAPACITY, len(self.start)):
                chosen, weight = thinned(weight, CAPACITY, self._random)
                states, names, likeliest = states[chosen], names[chosen], likeliest[chosen]
                made = made[chosen]
                step = step.of(chosen)
            self._steps.append(step)
        self._weight, self._likeliest = weight, likeliest

    @property
    def best(self) -> float:
        """Natural log of the probability of the most likely history, up to what all share."""
        return float(self._likeliest.max())

    def _gains(
        self, looked: np.ndarray, states: np.ndarray, at: np.ndarray, k: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """What each state gains by looks when the two slots keep their animals, and when not.

        The fragments that follow are looked at right away, not when they begin: where a whole
        group comes back at once, states are then chosen one pair after another by what is seen.
        """
        chain = self.chain
        (a, b), (next_a, next_b) = chain.pairs[k], chain.after[k]
        x, y = states[:, a], states[:, b]
        to_a, to_b = looked[next_a], looked[next_b]
        counted = (to_a[x] if at[a] == next_a else 0.0) + (to_b[y] if at[b] == next_b else 0.0)
        return to_a[x] + to_b[y] - counted, to_a[y] + to_b[x] - counted

    def likeliest(self) -> Paths:
        """The one most likely history."""
        state = int(np.argmax(self._likeliest))
        exchanged = np.zeros((len(self.chain.pairs), 1), bool)
        for step in reversed(self._steps):
            if step.number != NONE:
                exchanged[step.number, 0] = step.best[state]
            state = int((step.swapped if step.best[state] else step.stayed)[state])
        return Paths(self.start[[state]], exchanged)

    def draw(self, count: int) -> Paths:
        """``count`` histories, drawn by their probability."""
        share = np.cumsum(np.exp(self._weight - self._weight.max()))
        at = (np.arange(count) + 0.5) / count * share[-1]
        state = np.minimum(np.searchsorted(share, at), len(share) - 1)
        exchanged = np.zeros((len(self.chain.pairs), count), bool)
        for step in reversed(self._steps):
            drawn = np.log(1 / np.maximum(self._random.random(count), 1e-300) - 1)
            swap = step.odds[state] < drawn
            if step.number != NONE:
                exchanged[step.number] = swap
            state = np.where(swap, step.swapped[state], step.stayed[state])
        return Paths(self.start[state], exchanged)


class _Marks:
    """Which exchanges of the open joint crossings each state has made, as bits of a number: until
    a crossing is over, states that came there by other exchanges are other states.

    Where too many are open at once, what is known of their single exchanges holds.
    """

    def __init__(self, joint: Sequence[Joint]) -> None:
        self._of: dict[int, tuple[Joint, int, int]] = {}  # the joint, number and lowest bit
        busy: list[tuple[int, int, int]] = []  # last step, lowest bit and the one after
        for one in sorted(joint, key=lambda j: j.steps):
            busy = [b for b in busy if b[0] >= one.steps[0]]
            low = max((b[2] for b in busy), default=0)
            if low + len(one.steps) > BITS:
                continue
            busy.append((one.steps[-1], low, low + len(one.steps)))
            self._of |= {step: (one, number, low) for number, step in enumerate(one.steps)}

    @staticmethod
    def names(made: np.ndarray) -> np.ndarray:
        """What bits add to the name of a state."""
        return np.asarray(made.astype(np.uint64) * MARKED)

    def step(
        self, k: int, made: np.ndarray, kept: float, exchanged: float
    ) -> tuple[np.ndarray | float, np.ndarray | float, np.ndarray, np.ndarray]:
        """Log probabilities that step k keeps and exchanges the two, in each state with the bits
        ``made``, and the bits after both; ``kept`` and ``exchanged`` hold where nothing hangs
        together."""
        if k not in self._of:
            return kept, exchanged, made, made
        one, number, low = self._of[k]
        before = (made >> low) & ((1 << number) - 1)
        gains = one.gains(number)
        after = made | (1 << (low + number))
        return gains[0, before], gains[1, before], made, after

    def over(self, k: int) -> range:
        """The bits of the joint crossing that is over with step k."""
        if k not in self._of:
            return range(0)
        one, number, low = self._of[k]
        return range(low, low + len(one.steps) if number == len(one.steps) - 1 else low)


def _merged(
    number: int, names: tuple[np.ndarray, np.ndarray], source: tuple[np.ndarray, np.ndarray],
    weight: tuple[np.ndarray, np.ndarray], likeliest: tuple[np.ndarray, np.ndarray],
) -> tuple[_Step, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Join the states that came about in the one way and in the other, where they are equal.

    Within each way all ``names`` differ. ``source`` are the states before. Returns how they came
    about, where among both ways each is, and their names, weights and likeliest histories.
    """
    every, where, which = np.unique(np.concatenate(names), return_index=True, return_inverse=True)
    m, count = len(names[0]), len(every)
    at = (which[:m], which[m:])
    came = np.full((2, count), NONE, np.int16)
    weighs, best = np.full((2, count), -np.inf), np.full((2, count), -np.inf)
    for way in (0, 1):
        came[way, at[way]] = source[way]
        weighs[way, at[way]], best[way, at[way]] = weight[way], likeliest[way]
    step = _Step(came[0], came[1], _difference(*weighs), best[1] > best[0], number)
    return step, where, every, np.logaddexp(*weighs), best.max(0)


def all_states(n: int) -> np.ndarray:
    """Every permutation of ``n`` animals, (n!, n) uint8, the identity first."""
    return np.array(list(permutations(range(n))), np.uint8).reshape(-1, n)


def thinned(
    weight: np.ndarray, count: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Choose about ``count`` of more states so that every state's expected weight stays the same.

    weight is a natural log. States above a level are all kept; of the others some are drawn, in
    equal steps of probability, and get the level as their weight (Fearnhead and Clifford 2003).
    """
    share = np.exp(weight - weight.max())
    order = np.argsort(-share, kind="stable")[: max(count + 1, np.count_nonzero(share))]
    rest = np.cumsum(share[order][::-1])[::-1]  # of the state and all lighter ones
    level = rest / np.maximum(count - np.arange(len(order)), 1e-9)
    kept = int(np.argmax(share[order] <= level))  # so many are heavier than their level
    heavy, light = order[:kept], np.sort(order[kept:])
    light = light[share[light] > 0]
    level_here = rest[kept] / (count - kept)
    if not len(light):
        return np.sort(heavy), np.log(share[np.sort(heavy)])
    steps = np.floor(np.cumsum(share[light]) / level_here + random.random())
    drawn = light[np.diff(steps, prepend=0.0) > 0]
    chosen = np.concatenate((heavy, drawn))
    new = np.concatenate((share[heavy], np.full(len(drawn), level_here)))
    order = np.argsort(chosen)
    return chosen[order], np.log(new[order])


def _difference(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """one - other, where one of the two may be minus infinite."""
    with np.errstate(invalid="ignore"):
        return (one - other).astype(np.float32)
