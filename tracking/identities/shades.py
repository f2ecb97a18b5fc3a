"""Which animals differ clearly in their gray levels, and how: from pictures of each one alone.

Posture, size and light make a short fragment look like nobody; a gray level that only one of the
animals has still says who it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from tracking.identities.crops import NUMBERS, Sightings
from tracking.identities.fragments import Crossing, Fragment
from tracking.identities.solution import Solution, linked

LEVELS = 256
SURE = 0.9  # probability that a fragment is an animal's, from which it shows how that looks
NEAREST = 15  # pictures of each animal before a crossing, and as many after it
SAMPLED = 40  # pictures of each animal in the whole video, to see whether any differ at all
OVERLAP = 0.25  # of the gray levels of two animals, below which they differ clearly
ROUGHLY = 0.5  # below which they may do so in the light of one crossing
SOFT = 4.0  # gray levels by which noise and light change one animal
DOUBTED = 0.99  # probability of a fragment, below which its gray levels are asked
MUTE = 1.0  # nats by which its looks speak for anybody, below which they say nothing
SAID = 4.0  # nats that clear gray levels speak for an animal, as much as clear looks do
RARE = 1e-4  # share of an animal's pixels that may have any gray level
RIM = 2  # pixels of a picture along an animal's edge that are half floor
AREA, WIDTH = NUMBERS.index("area"), NUMBERS.index("width")


@dataclass(frozen=True)
class Shades:
    """The gray levels of the k animals of one crossing, which all differ clearly."""

    animals: tuple[int, ...]
    log: np.ndarray  # (k, 256) natural log of the share of its pixels
    areas: np.ndarray  # (k,) pixels
    width: float  # pixels, of the narrowest

    def of(self, which: np.ndarray) -> Shades:
        """Some of the animals."""
        animals = tuple(self.animals[k] for k in which.tolist())
        return Shades(animals, self.log[which], self.areas[which], self.width)


def shades_of(
    fragments: Sequence[Fragment], crossings: Sequence[Crossing], solution: Solution,
    sightings: Sightings,
) -> dict[int, Shades]:  # fmt: skip
    """The gray levels of the animals of each crossing, by its number, in which all differ."""
    if not crossings or not len(sightings.table()):
        return {}
    pictures = _Pictures(fragments, solution, sightings)
    among = {c.number: solution.animals_in(c) for c in crossings}
    clear = _clear(pictures, sorted({a for animals in among.values() for a in animals}))
    asked = [c for c in crossings if clear[np.ix_(among[c.number], among[c.number])].all()]
    near = {c.number: [pictures.near(a, c) for a in among[c.number]] for c in asked}
    pictures.look([part for parts in near.values() for both in parts for part in both])
    found = {number: _shades(pictures, among[number], parts) for number, parts in near.items()}
    return {number: shades for number, shades in found.items() if shades is not None}


def told_by_shade(
    fragments: Sequence[Fragment], solution: Solution, sightings: Sightings, looks: np.ndarray
) -> np.ndarray:
    """The log likelihoods ``looks`` (fragments, N), and what gray levels say of those fragments of
    which nobody is sure and looks say nothing; the same array where that is nothing."""
    doubted = solution.probability < DOUBTED
    if not doubted.any() or not len(sightings.table()):
        return looks
    pictures, told = _Pictures(fragments, solution, sightings), looks.copy()
    slot_of = np.array([fragment.slot for fragment in fragments])
    for slots in linked(looks.shape[1], [m.exchange for m in solution.moments]):
        here = np.isin(slot_of, slots)
        mute = np.ptp(np.sort(looks[:, slots], axis=1)[:, -2:], axis=1) < MUTE
        asked = np.flatnonzero(here & mute & doubted)
        if not len(asked) or not _differ(pictures, slots):
            continue
        known = np.flatnonzero(here & (solution.probability >= SURE))
        column = _columns(looks[known][:, slots], solution.animal_of[known], slots)
        for k in asked.tolist():
            another = _another(pictures, fragments[k], slots)
            if another.any():
                most = looks[k, column[~another]].max() - SAID
                told[k, column[another]] = np.minimum(looks[k, column[another]], most)
    return looks if (told == looks).all() else told


def _differ(pictures: _Pictures, animals: list[int]) -> bool:
    """Whether any two of some animals differ at least roughly over the whole video."""
    return int(_clear(pictures, animals).sum()) > len(animals)


def _columns(looks: np.ndarray, animal: np.ndarray, slots: list[int]) -> np.ndarray:
    """(n,) the column of each animal, of fragments (m, n) that are known to be an ``animal``'s."""
    from scipy.optimize import linear_sum_assignment

    suits = np.stack([looks[animal == one].sum(0) for one in slots])
    return np.array(slots)[linear_sum_assignment(-suits)[1]]


def _another(pictures: _Pictures, fragment: Fragment, animals: list[int]) -> np.ndarray:
    """(n,) which animals a fragment clearly is not; none where it is not clearly like one."""
    own, near = pictures.own(fragment), [pictures.near(a, fragment) for a in animals]
    pictures.look([own, *(part for both in near for part in both)])
    theirs = np.array([pictures.levels(np.concatenate(both)) for both in near])
    alike = overlaps(pictures.levels(own)[None], theirs)[0]
    like = int(alike.argmax())
    if alike[like] < ROUGHLY:
        return np.zeros(len(animals), bool)
    differ = overlaps(theirs[[like]], theirs)[0] < OVERLAP
    return np.asarray(differ & (alike < OVERLAP) & theirs.any(1))


class _Pictures:
    """The pictures of every animal alone, and the gray levels of those looked at."""

    def __init__(
        self, fragments: Sequence[Fragment], solution: Solution, sightings: Sightings
    ) -> None:
        self._sightings, table = sightings, sightings.table()
        self._owner = owner = sightings.fragment_of(fragments)
        self._file, self._frame = table[:, 0], table[:, 2]
        known = np.append(solution.animal_of, -1)  # of -1, no fragment
        sure = np.append(solution.probability, 0.0)[owner] >= SURE
        animal = np.where(sure, known[owner], -1)
        order = np.argsort(self._frame, kind="stable")
        every = range(solution.animals.shape[1])
        self._of = {a: order[animal[order] == a] for a in every}  # in order of time
        self._seen: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def some(self, animal: int) -> np.ndarray:
        """A few pictures of an animal from the whole video."""
        mine = self._of[animal]
        return mine[np.linspace(0, len(mine) - 1, min(len(mine), SAMPLED)).astype(int)]

    def own(self, fragment: Fragment) -> np.ndarray:
        """A few pictures of a fragment."""
        mine = np.flatnonzero(self._owner == fragment.number)
        return mine[np.linspace(0, len(mine) - 1, min(len(mine), NEAREST)).astype(int)]

    def near(self, animal: int, part: Crossing | Fragment) -> tuple[np.ndarray, np.ndarray]:
        """The last pictures of an animal before a part of the video, and the first after it."""
        mine = self._of[animal]
        before, after = np.searchsorted(self._frame[mine], (part.start, part.stop))
        return mine[max(0, before - NEAREST) : before], mine[after : after + NEAREST]

    def look(self, which: Sequence[np.ndarray]) -> None:
        """Look at some pictures, file by file."""
        every = np.unique(np.concatenate([np.empty(0, int), *which]))
        rim = np.ones((2 * RIM + 1, 2 * RIM + 1), np.uint8)
        for file in np.unique(self._file[every]).tolist():
            here = every[self._file[every] == file]
            crops = self._sightings.crops(here)
            for k, image, numbers in zip(here.tolist(), crops.images, crops.numbers, strict=True):
                inside = cv2.erode((image > 0).view(np.uint8), rim, borderValue=0) > 0
                levels = np.bincount(image[inside], minlength=LEVELS).astype(np.uint16)
                self._seen[k] = levels, numbers[[AREA, WIDTH]]

    def levels(self, which: np.ndarray) -> np.ndarray:
        """(256,) pixels of each gray level in all of some pictures."""
        return np.sum([np.zeros(LEVELS), *(self._seen[k][0] for k in which.tolist())], axis=0)

    def sizes(self, which: np.ndarray) -> np.ndarray:
        """(2,) area and width in pixels that are usual in some pictures."""
        return np.asarray(np.median([self._seen[k][1] for k in which.tolist()], axis=0))


def _clear(pictures: _Pictures, animals: list[int]) -> np.ndarray:
    """(N, N) bool: which animals differ at least roughly over the whole video."""
    some = [pictures.some(animal) for animal in animals]
    pictures.look(some)
    levels = np.array([pictures.levels(which) for which in some])
    seen = np.asarray(levels.any(1))
    differ = (overlaps(levels, levels) < ROUGHLY) & seen & seen[:, None]
    clear = np.zeros((max(animals) + 1,) * 2, bool)
    clear[np.ix_(animals, animals)] = differ | np.eye(len(animals), dtype=bool)
    return clear


def _shades(
    pictures: _Pictures, animals: list[int], near: list[tuple[np.ndarray, np.ndarray]]
) -> Shades | None:
    """The gray levels of the animals of one crossing; None if they do not differ clearly, or if
    somebody looks more like another after it than like itself before."""
    before, after = (np.array([pictures.levels(p[at]) for p in near]) for at in (0, 1))
    levels, each = before + after, np.arange(len(animals))
    alike = overlaps(levels, levels)
    alike[each, each] = 0
    if not levels.any(1).all() or alike.max() >= OVERLAP:
        return None
    another = overlaps(before, after).argmax(1) != each
    if (another & before.any(1) & after.any(1)).any():
        return None
    sizes = np.array([pictures.sizes(np.concatenate(parts)) for parts in near])
    return Shades(
        tuple(animals), np.log(shares(levels) + RARE), sizes[:, 0], float(sizes[:, 1].min())
    )


def shares(levels: np.ndarray) -> np.ndarray:
    """(n, 256) shares of the pixels of each gray level, softened; of no pixels they are 0."""
    soft = cv2.GaussianBlur(levels.astype(np.float64), (0, 0), sigmaX=SOFT, sigmaY=1e-3)
    return np.asarray(soft / np.maximum(soft.sum(1, keepdims=True), 1e-9))


def overlaps(levels: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(n, m) what the gray levels (n, 256) and (m, 256) have in common, 0 to 1."""
    theirs = shares(others)
    return np.stack([np.minimum(mine, theirs).sum(1) for mine in shares(levels)])
