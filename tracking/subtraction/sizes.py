"""Animals of very different size: a spider and its prey, a mother and her pups.

One typical area fits none of them. Where the largest, second largest... outline of every frame
has an area of its own, far above what is left over, each animal has its own typical area.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

TIMES_LARGER = 3.0  # the largest animal than the smallest: less is a litter, a sex, a posture
GAP = 3.0  # times larger the smallest animal is than the largest of what is left over
SEEN = 0.5  # of the sampled frames in which all have to be seen apart
VARIES = 0.3  # mean deviation of one animal's area, relative


def sizes_of(areas: Sequence[Sequence[float]], n_animals: int) -> tuple[float, ...]:
    """The typical area of each animal, largest first; empty where one area fits all.

    ``areas`` are those of all outlines of every frame, largest first.

    >>> sizes_of([[2600.0, 54.0, 3.0], [2500.0, 50.0], [2650.0, 51.0, 5.0]], 2)
    (2600.0, 51.0)
    """
    full = [found for found in areas if len(found) >= n_animals]
    if n_animals < 2 or len(full) < SEEN * len(areas):
        return ()
    ranks = np.array([found[:n_animals] for found in full])
    middle = np.median(ranks, axis=0)
    if middle[0] < TIMES_LARGER * middle[-1]:
        return ()
    if np.percentile(ranks[:, -1], 20) < GAP * largest_of_rest(areas, n_animals):
        return ()
    if np.any(np.abs(ranks - middle).mean(axis=0) > VARIES * middle):
        return ()
    return tuple(middle.tolist())


def largest_of_rest(areas: Sequence[Sequence[float]], n_animals: int) -> float:
    """The area that what is left over seldom exceeds, at least 1."""
    rest = [found[n_animals] if len(found) > n_animals else 1.0 for found in areas]
    return max(1.0, float(np.percentile(rest, 90)))


def unlike(areas: Sequence[Sequence[float]], sizes: tuple[float, ...]) -> float:
    """How much the areas differ from those of their animals, relative; 0 when all are seen."""
    full = np.array([found[: len(sizes)] for found in areas if len(found) >= len(sizes)])
    return float(np.mean(np.abs(full - sizes) / sizes)) if len(full) else 9.0


def floor_of(areas: Sequence[Sequence[float]], sizes: tuple[float, ...]) -> float:
    """The area between the smallest animal and what is left over."""
    between = float(np.sqrt(sizes[-1] * largest_of_rest(areas, len(sizes))))
    return float(np.clip(between, 0.15 * sizes[-1], 0.5 * sizes[-1]))
