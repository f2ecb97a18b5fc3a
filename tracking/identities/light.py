"""How the light differs over the arena, from the animals themselves.

An animal that looks darker on the left is no other animal. What its gray level does as it moves
about, within fragments, is the arena's doing, and is taken out of every crop.
"""

from __future__ import annotations

import numpy as np

from tracking.identities.crops import NUMBERS, Crops
from tracking.identities.directions import means, moments

RIDGE = 0.05  # share of all crops' spread over the arena that counts against the place,
DOUBT = 20.0  # and moments that do
AROUND = NUMBERS.index("around")


def light_of(
    crops: Crops, fragment: np.ndarray, bright: np.ndarray, time_s: np.ndarray
) -> np.ndarray:
    """(n,) by how much, as a logarithm, light makes each crop brighter than it would be elsewhere.

    fragment (n,) number of each crop; bright (n,) the logarithm of its gray level; time_s (n,).
    Where animals keep to their places nothing can be said of the light, and it is taken to be even.
    """
    place = crops.numbers[:, :2].astype(np.float64)
    across = place[:, :1] * place[:, 1:]
    terms = np.column_stack((place, place**2, across, crops.numbers[:, AROUND]))
    scale = terms.std(0)
    terms = (terms - terms.mean(0)) / np.where(scale > 0, scale, 1.0)
    within = terms - means(terms, fragment)[fragment]
    off = bright[:, None] - means(bright[:, None], fragment)[fragment]
    ridge = (RIDGE + DOUBT / len(moments(terms, fragment, time_s)[0])) * len(terms)
    size = within.T @ within + ridge * np.eye(terms.shape[1])
    return (terms @ np.linalg.solve(size, within.T @ off))[:, 0]
