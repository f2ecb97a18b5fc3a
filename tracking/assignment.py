"""Which blob holds which animals in one frame: one global assignment.

Every animal goes to a place in a blob or to nowhere. A blob offers one place for each animal that
its area could hold, the later ones at a price; leaving an animal-sized blob unexplained costs
too. All costs are distances in units of body length.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

MISSING = 1.5  # cost of an animal that is nowhere, body lengths
UNEXPLAINED = 0.6  # cost of an animal-sized blob without an animal
SHARE = 0.15  # cost of each further animal in a blob
TOO_SMALL = 1.0  # cost per animal area that a blob lacks for what it holds
FULL_AREA = 0.7  # of one animal's area, that each of several in a blob should show
LEAST_AREA = 0.75  # of one animal's area, for a blob to hold a second
NEWCOMER = 1.2  # cost of an animal never seen before in any blob of animal size
ANYWHERE = 1.2  # cost of a lost animal in a blob of animal size that nobody else explains
NEVER = 1e6


@dataclass(frozen=True)
class Prediction:
    """What the tracker expects of the animals in this frame, arrays of length N."""

    places: np.ndarray  # (N, 2) pixels
    length: float  # typical body length, pixels
    areas: np.ndarray  # (N,) pixels
    missing_for: np.ndarray  # (N,) frame intervals since last seen; 0 never seen
    reach: np.ndarray  # (N,) pixels that each may have moved unseen
    lost: np.ndarray  # (N,) bool, missing for so long that it may be anywhere


def assign(expected: Prediction, areas: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """The blob of each animal, (N,) int, -1 for nowhere.

    ``areas`` (n,) are the blobs'; ``distances`` (N, n) pixels from each animal's expected place to
    each blob.
    """
    n_animals, n_blobs = distances.shape
    if n_blobs == 0:
        return np.full(n_animals, -1)
    typical = float(np.median(expected.areas))
    base = _base_costs(expected, areas, distances, typical)
    columns, owners = [], []
    first = _anywhere(base, expected, areas, typical)
    for blob in range(n_blobs):
        reachable = int((base[:, blob] < MISSING).sum())
        worth = UNEXPLAINED * min(1.0, float(areas[blob]) / typical)
        columns.append(first[:, blob] - worth)
        owners.append(blob)
        for place in range(1, _places(float(areas[blob]) / typical, reachable)):
            lacking = max(0.0, FULL_AREA * (place + 1) - float(areas[blob]) / typical)
            extra = base[:, blob] + SHARE * place + TOO_SMALL * lacking
            unseen = extra if lacking == 0 else NEVER
            columns.append(np.where(expected.missing_for == 0, unseen, extra))
            owners.append(blob)
    cost = np.stack(columns, 1)
    nowhere = np.full((n_animals, n_animals), MISSING)
    rows, chosen = linear_sum_assignment(np.hstack((cost, nowhere)))
    result = np.full(n_animals, -1)
    found = chosen < len(owners)
    result[rows[found]] = np.array(owners)[chosen[found]]
    small = _shared_and_small(result, areas / typical)
    return np.where((expected.missing_for == 0) & small, -1, result)


def _shared_and_small(blob: np.ndarray, area_in_animals: np.ndarray) -> np.ndarray:
    """Which animals, (N,) bool, share a blob whose area does not speak for so many: nobody is
    seen there for the first time."""
    values, counts = np.unique(blob, return_counts=True)
    lacking = [
        value >= 0 and count > 1 and area_in_animals[value] < FULL_AREA * count
        for value, count in zip(values, counts, strict=True)
    ]
    return np.isin(blob, values[lacking])


def _anywhere(
    base: np.ndarray, expected: Prediction, areas: np.ndarray, typical: float
) -> np.ndarray:
    """(N, n) costs of having a blob alone: a lost animal may come back at any place, and the
    nearer place is only a little likelier."""
    found = ANYWHERE + 0.2 * base / (1 + base)
    large = areas >= 0.5 * typical
    return np.where(expected.lost[:, None] & large[None], np.minimum(base, found), base)


def _places(area_in_animals: float, reachable: int) -> int:
    if area_in_animals < LEAST_AREA:
        return 1
    return max(1, min(reachable, int(np.floor(area_in_animals / 0.5))))


def _base_costs(
    expected: Prediction, areas: np.ndarray, distances: np.ndarray, typical: float
) -> np.ndarray:
    """(N, n) cost of each animal in each blob, body lengths."""
    beyond = np.maximum(distances - expected.reach[:, None], 0)
    # inside its reach a nearer blob is still the likelier one
    cost = (beyond + 0.2 * np.minimum(distances, expected.reach[:, None])) / expected.length
    small = (areas < 0.5 * typical)[None] & (areas[None] < 0.5 * expected.areas[:, None])
    cost = cost + 0.4 * small
    newcomer = np.where(areas >= 0.5 * typical, NEWCOMER, NEVER)
    return np.where((expected.missing_for == 0)[:, None], newcomer[None], cost)


def swap_margin(expected: np.ndarray, found: np.ndarray) -> np.ndarray:
    """How much longer the way would have been had an animal changed places with another, (N,).

    ``expected`` and ``found`` are (N, 2) pixels, NaN where unknown. Infinite for an animal that
    had nobody to change with.
    """
    way = np.linalg.norm(expected[:, None] - found[None], axis=2)
    kept = np.diagonal(way)
    margin = way + way.T - kept[:, None] - kept[None]
    np.fill_diagonal(margin, np.inf)
    return np.where(np.isnan(margin), np.inf, margin).min(1)
