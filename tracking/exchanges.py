"""Where two animals may have been exchanged, and how likely that is.

While animals share one outline, lie on each other, or are out of sight, their identities hang on
place, motion, size and shape alone. Every such stretch of a pair is kept as one ``Exchange`` with
the odds that both left it as who they entered it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SURE = 12.0  # log odds from which nobody need be asked
IN_CONTACT = 0.15  # body lengths of detour that make keeping e times likelier, in one outline
APART = 0.06  # and between outlines of their own
COVERED = 0.2  # log odds once one lay wholly under the other


@dataclass(frozen=True)
class Exchange:
    """Two slots that may have been exchanged in the frames ``start`` to ``frame`` (exclusive).

    ``start`` is the first frame of the contact, or the first in which one of them was out of
    sight; in ``frame`` both are seen apart again. Both are the same frame when only the step into
    it is in doubt. ``log_odds`` is the natural logarithm of P(kept) / P(exchanged).
    """

    start: int
    frame: int
    a: int
    b: int  # a < b
    log_odds: float


class Contacts:
    """Follows the contacts of ``n`` animals and tells what exchanges each may have brought."""

    def __init__(self, n: int) -> None:
        self._since = np.full((n, n), -1)  # first frame of a contact that goes on
        self._odds = np.full((n, n), np.inf)  # least log odds since then
        self._upper = np.triu(np.ones((n, n), bool), 1)

    def step(
        self, frame: int, blob: np.ndarray, detour: np.ndarray, unseen_since: np.ndarray
    ) -> list[Exchange]:
        """Exchanges that end in this frame.

        blob (N,) is the outline each animal lies in, -1 none; detour (N, N) body lengths of way
        that an exchange would have cost in this step, infinite where it could not be, 0 where one
        of the two is covered; unseen_since (N,) the first frame since which each was out of
        sight before this frame, ``frame`` itself if it was not.
        """
        seen = blob >= 0
        together = (blob[:, None] == blob[None]) & seen[:, None]
        apart = ~together & seen[:, None] & seen[None]
        odds = np.where(together, COVERED + detour / IN_CONTACT, detour / APART)
        ended = self._end(frame, apart)
        for a, b in np.argwhere(self._upper & apart & (odds < SURE)):
            start = int(min(unseen_since[a], unseen_since[b]))
            ended.append(Exchange(start, frame, int(a), int(b), max(0.0, float(odds[a, b]))))
        new = together & (self._since < 0)
        self._since[new] = frame
        self._odds[together] = np.minimum(self._odds, odds)[together]
        return sorted(ended, key=lambda e: (e.frame, e.a, e.b))

    def apart(self, frame: int) -> list[Exchange]:
        """Exchanges that end when from ``frame`` on every animal is alone or nothing follows."""
        return self._end(frame, np.ones_like(self._upper))

    def _end(self, frame: int, over: np.ndarray) -> list[Exchange]:
        """End the contacts of the pairs in ``over`` (N, N) bool."""
        over = over & (self._since >= 0)
        ended = [
            Exchange(int(self._since[a, b]), frame, int(a), int(b),
                     max(0.0, float(self._odds[a, b])))
            for a, b in np.argwhere(over & self._upper & (self._odds < SURE))
        ]  # fmt: skip
        self._since[over] = -1
        self._odds[over] = np.inf
        return ended


def detours(expected: np.ndarray, found: np.ndarray) -> np.ndarray:
    """How much longer the way would have been had two animals changed places, (N, N) pixels.

    ``expected`` and ``found`` are (N, 2) pixels, NaN where unknown; infinite on the diagonal and
    where nothing is known of one of the two.
    """
    way = np.linalg.norm(expected[:, None] - found[None], axis=2)
    kept = np.diagonal(way)
    margin = way + way.T - kept[:, None] - kept[None]
    np.fill_diagonal(margin, np.inf)
    return np.where(np.isnan(margin), np.inf, margin)
