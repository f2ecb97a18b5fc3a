"""When, in a stretch in which two animals may have been exchanged, that would have been."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tracking.following.exchanges import Exchange
from tracking.identities.fragments import Crossing
from tracking.identities.solution import Moment, key_of


class Moments:
    """The frames in which the two of each exchange came closest, found chunk by chunk."""

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        self.exchanges = exchanges
        self._together = np.array([x.start == x.frame for x in exchanges], bool)
        self._closest = np.full(len(exchanges), np.inf)
        self._frame = np.array([x.frame for x in exchanges], int)
        self._start = np.array([x.start for x in exchanges], int)

    def look(self, start: int, places: np.ndarray) -> None:
        """Look at the frames from ``start`` on: places (F, N, 2), NaN where not found."""
        stop = start + len(places)
        ends = np.array([x.frame for x in self.exchanges], int)
        for k in np.flatnonzero((self._start < np.minimum(stop, ends)) & (ends > start)).tolist():
            one = self.exchanges[k]
            here = slice(max(one.start, start) - start, min(one.frame, stop) - start)
            way = np.linalg.norm(places[here, one.a] - places[here, one.b], axis=1)
            self._together[k] |= not np.isnan(way).all()
            # one that is not seen lies under the other, or nobody sees where
            way = np.nan_to_num(way, nan=0.0)
            nearest = len(way) - 1 - int(way[::-1].argmin())
            if way[nearest] <= self._closest[k]:
                self._closest[k] = way[nearest]
                self._frame[k] = start + here.start + nearest + 1

    def found(self) -> list[Moment]:
        """Every exchange with the first frame in which it would show."""
        return [Moment(int(f), x) for f, x in zip(self._frame, self.exchanges, strict=True)]

    def kinds(self, crossings: Sequence[Crossing]) -> list[str]:
        """ "contact" where two animals of a crossing were seen at a time, "lost" elsewhere."""
        together = {
            key_of(x) for x, here in zip(self.exchanges, self._together, strict=True) if here
        }
        return [
            "contact" if any(key_of(x) in together for x in crossing.exchanges) else "lost"
            for crossing in crossings
        ]
