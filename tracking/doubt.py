"""How sure it is that animals have not been exchanged so far.

Confidence starts at 1 and is multiplied by the odds of every link and of every contact. It never
rises again, since nothing but appearance could tell an exchange afterwards. It orders frames by
doubt for a person who proofreads; it is not calibrated.
"""

from __future__ import annotations

import numpy as np

CLOSE = 0.35  # body lengths between centres at which an exchange is hard to see
COIN = 0.5  # confidence after two animals lay exactly on each other


class Doubt:
    """The confidence of ``n`` identities, and how close those in contact have come."""

    def __init__(self, n: int) -> None:
        self.trust = np.ones(n)
        self._closest = np.full((n, n), np.inf)  # body lengths, since the contact began

    def step(self, places: np.ndarray, blob: np.ndarray, link: np.ndarray) -> np.ndarray:
        """Confidence (N,) after one frame.

        places (N, 2) in body lengths, NaN where not found; blob (N,) the outline of each, -1 none;
        link (N,) the confidence of each link from the frame before.
        """
        self.trust *= link
        together = (blob[:, None] == blob[None]) & (blob[:, None] >= 0)
        np.fill_diagonal(together, False)
        way = np.linalg.norm(places[:, None] - places[None], axis=2)
        # an animal wholly covered by another is as close as can be
        way = np.where(np.isnan(way), 0.0, way)
        self._closest = np.where(together, np.minimum(self._closest, way), self._closest)
        seen = blob >= 0
        self._end(~together & seen[:, None] & seen[None])
        return self.trust * self._odds().min(1, initial=1.0)

    def apart(self) -> np.ndarray:
        """Confidence (N,) when every animal is alone: all contacts are over."""
        self._end(np.ones_like(self._closest, bool))
        return self.trust.copy()

    def _odds(self) -> np.ndarray:
        """(N, N) confidence left by the contact of each pair; 1 where there is none."""
        return 1 - (1 - COIN) * np.exp(-((self._closest / CLOSE) ** 2))

    def _end(self, over: np.ndarray) -> None:
        """Contacts of the pairs in ``over`` (N, N) bool have ended: settle what they cost."""
        self.trust *= np.where(over, self._odds(), 1.0).prod(1)
        self._closest[over] = np.inf
