"""Which blob holds which animals in one frame: one global assignment.

Every animal goes to a place in a blob or to nowhere. A blob offers one place for each animal that
its area could hold, the later ones at a price; leaving an animal-sized blob unexplained costs
too. All costs are distances in units of body length.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MISSING = 1.5  # cost of an animal that is nowhere, body lengths
UNEXPLAINED = 0.6  # cost of an animal-sized blob without an animal
SHARE = 0.15  # cost of each further animal in a blob
TOO_SMALL = 1.0  # cost per animal area that a blob lacks for what it holds
HIDDEN = 4.0  # times that way counts more per animal area lacking: nobody is hidden from afar
FULL_AREA = 0.7  # of one animal's area, that each of several in a blob should show
LEAST_AREA = 0.75  # of one animal's area, for a blob to hold a second
NEWCOMER = 1.2  # cost of an animal never seen before in any blob of animal size
ANYWHERE = 1.2  # cost of a lost animal in a blob of animal size that nobody else explains
UNLIKE = 0.3  # cost for every e times that the size of a blob of one animal is off beyond ALIKE
ALIKE = 1.8  # times larger or smaller that an animal may look
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
    if distances.shape[1] == 0:
        return np.full(len(distances), -1)
    typical = float(np.median(expected.areas))
    base = _base_costs(expected, areas, distances)
    result = _assigned(expected, areas, base, typical)
    far = _hidden_from_afar(result, base, areas / typical)
    while far is not None:
        base[far] = NEVER
        result = _assigned(expected, areas, base, typical)
        far = _hidden_from_afar(result, base, areas / typical)
    small = _shared_and_small(result, areas / typical)
    return np.where((expected.missing_for == 0) & small, -1, result)


def _assigned(
    expected: Prediction, areas: np.ndarray, base: np.ndarray, typical: float
) -> np.ndarray:
    """The blob of each animal at the least cost in all."""
    from scipy.optimize import linear_sum_assignment

    n_animals, n_blobs = base.shape
    smallest = float(expected.areas.min())
    columns, owners = [], []
    first = _anywhere(base, expected, areas) + _unlike(expected, areas)
    for blob in range(n_blobs):
        reachable = int((base[:, blob] < MISSING).sum())
        worth = UNEXPLAINED * min(1.0, float(areas[blob]) / smallest)
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
    return result


def _hidden_from_afar(
    blob: np.ndarray, base: np.ndarray, area_in_animals: np.ndarray
) -> tuple[int, int] | None:
    """An animal and the blob that it shares with others though it is too far off to be hidden
    among them, and nowhere else to be seen either: rather it was not found."""
    for value in np.unique(blob[blob >= 0]).tolist():
        members = np.flatnonzero(blob == value)
        lacking = FULL_AREA * len(members) - area_in_animals[value]
        if len(members) > 1 and lacking > 0:
            furthest = int(members[base[members, value].argmax()])
            way = base[furthest, value] * (1 + HIDDEN * lacking)
            if way + SHARE * (len(members) - 1) + TOO_SMALL * lacking > MISSING:
                return furthest, value
    return None


def _shared_and_small(blob: np.ndarray, area_in_animals: np.ndarray) -> np.ndarray:
    """Which animals, (N,) bool, share a blob whose area does not speak for so many: nobody is
    seen there for the first time."""
    values, counts = np.unique(blob, return_counts=True)
    lacking = [
        value >= 0 and count > 1 and area_in_animals[value] < FULL_AREA * count
        for value, count in zip(values, counts, strict=True)
    ]
    return np.isin(blob, values[lacking])


def _unlike(expected: Prediction, areas: np.ndarray) -> np.ndarray:
    """(N, n) costs of having a blob alone that is much larger or smaller than the animal, where
    animals differ much in size."""
    if expected.areas.max() < ALIKE * expected.areas.min():
        return np.zeros((len(expected.areas), len(areas)))
    off = np.abs(np.log(areas[None] / expected.areas[:, None]))
    return UNLIKE * np.maximum(0.0, off - np.log(ALIKE))


def _anywhere(base: np.ndarray, expected: Prediction, areas: np.ndarray) -> np.ndarray:
    """(N, n) costs of having a blob alone: a lost animal may come back at any place, and the
    nearer place is only a little likelier."""
    found = ANYWHERE + 0.2 * base / (1 + base)
    large = areas[None] >= 0.5 * expected.areas[:, None]
    return np.where(expected.lost[:, None] & large, np.minimum(base, found), base)


def _places(area_in_animals: float, reachable: int) -> int:
    if area_in_animals < LEAST_AREA:
        return 1
    return max(1, min(reachable, int(np.floor(area_in_animals / 0.5))))


def _base_costs(expected: Prediction, areas: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """(N, n) cost of each animal in each blob, body lengths."""
    beyond = np.maximum(distances - expected.reach[:, None], 0)
    # inside its reach a nearer blob is still the likelier one
    cost = (beyond + 0.2 * np.minimum(distances, expected.reach[:, None])) / expected.length
    small = areas[None] < 0.5 * expected.areas[:, None]
    cost = cost + 0.4 * small
    newcomer = np.where(small, NEVER, NEWCOMER)
    return np.where((expected.missing_for == 0)[:, None], newcomer, cost)
