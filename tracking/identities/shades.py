"""Which animals differ clearly in their gray levels, and how: from pictures of each one alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from tracking.identities.crops import NUMBERS, Sightings
from tracking.identities.fragments import Crossing, Fragment
from tracking.identities.solution import Solution

LEVELS = 256
SURE = 0.9  # probability that a fragment is an animal's, from which it shows how that looks
NEAREST = 15  # pictures of each animal before a crossing, and as many after it
SAMPLED = 40  # pictures of each animal in the whole video, to see whether any differ at all
OVERLAP = 0.25  # of the gray levels of two animals, below which they differ clearly
ROUGHLY = 0.5  # below which they may do so in the light of one crossing
SOFT = 4.0  # gray levels by which noise and light change one animal
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


class _Pictures:
    """The pictures of every animal alone, and the gray levels of those looked at."""

    def __init__(
        self, fragments: Sequence[Fragment], solution: Solution, sightings: Sightings
    ) -> None:
        self._sightings, table = sightings, sightings.table()
        owner = sightings.fragment_of(fragments)
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

    def near(self, animal: int, crossing: Crossing) -> tuple[np.ndarray, np.ndarray]:
        """The last pictures of an animal before a crossing, and the first after it."""
        mine = self._of[animal]
        before, after = np.searchsorted(self._frame[mine], (crossing.start, crossing.stop))
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
