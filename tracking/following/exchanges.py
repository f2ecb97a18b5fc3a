"""Where two animals may have been exchanged, and how likely that is.

While animals share one outline, lie on each other, or are out of sight, their identities hang on
place, motion, size and shape alone. Every such stretch of a pair is kept as one ``Exchange`` with
the odds that both left it as who they entered it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SURE = 12.0  # log odds from which nobody need be asked
CLOSE = 1.8  # body lengths of detour; contacts in which it never fell below exchange nobody
COVERED = 0.3  # log odds once one lay wholly under the other
NEAR, FAR = 1.5, 0.8  # what the root of the detour, and the detour itself, add to them
LASTING = 0.53  # and what every e times longer contact takes away
SHORT_S = 0.1  # seconds that a contact lasts at least
STEP = 0.06  # body lengths of detour per log odds between outlines of their own
STEP_SURE, STEP_MORE = 2.0, 0.25  # log odds up to which that holds, and what counts beyond


@dataclass(frozen=True)
class Exchange:
    """Two slots that may have been exchanged in the frames ``start`` to ``frame`` (exclusive).

    ``start`` is the first frame of the contact, or the first in which one of them was out of
    sight; in ``frame`` both are seen apart again. Both are the same frame when only the step into
    it is in doubt. ``log_odds`` is the natural logarithm of P(kept) / P(exchanged), fitted on
    generated scenes with known truth. ``weakest`` is the frame in which an exchange would have
    cost the least way.
    """

    start: int
    frame: int
    a: int
    b: int  # a < b
    log_odds: float
    weakest: int = -1


class Contacts:
    """Follows the contacts of ``n`` animals and tells what exchanges each may have brought.

    ``interval_s`` is the time between two frames.
    """

    def __init__(self, n: int, interval_s: float) -> None:
        self._interval = interval_s
        self._since = np.full((n, n), -1)  # first frame of a contact that goes on
        self._least = np.full((n, n), np.inf)  # body lengths of detour since then
        self._weakest = np.full((n, n), -1)  # and its frame
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
        in_contact = self._since >= 0
        ended = self._end(frame, apart)
        for a, b in np.argwhere(self._upper & apart & ~in_contact & (detour < STEP * SURE)):
            start = int(min(unseen_since[a], unseen_since[b]))
            ended.append(Exchange(start, frame, int(a), int(b), _step_odds(detour[a, b]), frame))
        self._since[together & ~in_contact] = frame
        closer = together & (detour <= self._least)
        self._least[closer] = detour[closer]
        self._weakest[closer] = frame
        return sorted(ended, key=lambda e: (e.frame, e.a, e.b))

    def apart(self, frame: int) -> list[Exchange]:
        """Exchanges that end when from ``frame`` on every animal is alone or nothing follows."""
        return self._end(frame, np.ones_like(self._upper))

    def _end(self, frame: int, over: np.ndarray) -> list[Exchange]:
        """End the contacts of the pairs in ``over`` (N, N) bool."""
        over = over & (self._since >= 0)
        ended = []
        for a, b in np.argwhere(over & self._upper & (self._least < CLOSE)):
            since = int(self._since[a, b])
            odds = _contact_odds(self._least[a, b], (frame - since) * self._interval)
            ended.append(Exchange(since, frame, int(a), int(b), odds, int(self._weakest[a, b])))
        self._since[over] = -1
        self._least[over] = np.inf
        return ended


def _contact_odds(detour: float, lasted_s: float) -> float:
    """Log odds that two left a contact as they entered it: less, the closer and the longer."""
    detour = max(0.0, float(detour))
    odds = COVERED + NEAR * detour**0.5 + FAR * detour
    return float(max(0.0, odds - LASTING * np.log(lasted_s + SHORT_S)))


def _step_odds(detour: float) -> float:
    """Log odds of one step between outlines of their own."""
    odds = max(0.0, float(detour) / STEP)
    return odds if odds < STEP_SURE else STEP_SURE + STEP_MORE * (odds - STEP_SURE)


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
