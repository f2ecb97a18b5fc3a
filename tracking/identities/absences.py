"""Animals that were out of sight at the same time may come back as each other.

The tracker gives whoever is found again the slot of somebody who is missing; the nearer place is
only a little likelier, and the less so the longer both were gone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tracking.following.exchanges import SURE, Exchange
from tracking.identities.fragments import Stretches

LOST_S = 0.5  # an animal not seen for longer may be anywhere
LEAST_S = 0.1  # and may be taken for another that was gone for longer than this
STRAY = 2.0  # body lengths, squared, that an unseen animal strays in a second: slow and restless
LEAST_ODDS = -4.0  # log odds; the tracker found it likelier that they were kept


@dataclass(frozen=True)
class Absence:
    """Frames from ``start`` to ``stop`` (exclusive) in which a slot held nobody that was seen."""

    slot: int
    start: int
    stop: int


Place = Callable[[int, int], np.ndarray]  # of a slot in a frame: (2,) pixels, NaN outside


def absences(seen: Stretches, n_frames: int, fps: float) -> list[Absence]:
    """Every absence that is long enough to be lost in."""
    found = []
    for slot, runs in enumerate(seen.runs):
        starts, stops = [0, *(stop for _, stop in runs)], [*(start for start, _ in runs), n_frames]
        pairs = zip(starts, stops, strict=True)
        found += [Absence(slot, a, b) for a, b in pairs if b - a > LEAST_S * fps]
    return found


def lost_exchanges(
    gone: Sequence[Absence], groups: np.ndarray, place: Place, fps: float, length: float
) -> list[Exchange]:
    """An exchange for each two that were gone together; ``groups`` (N,) are the slots' arenas."""
    found = []
    for one, other in _together(gone, groups):
        start, frame = max(one.start, other.start), min(one.stop, other.stop)
        longest = max(one.stop - one.start, other.stop - other.start)
        if longest <= LOST_S * fps:
            continue
        # of two that were never seen before, or never again, each is as good as the other
        if start == 0 or np.isnan([place(g.slot, g.stop) for g in (one, other)]).all():
            continue
        odds = _log_odds(one, other, place, fps, length)
        if odds < SURE:
            found.append(Exchange(start, frame, one.slot, other.slot, odds))
    return found


def _together(gone: Sequence[Absence], groups: np.ndarray) -> list[tuple[Absence, Absence]]:
    """Every two of one arena that were gone at the same time, by slots and frames.

    Over the film by time, as an hour with animals that hide has thousands of absences.
    """
    here: dict[int, list[Absence]] = {}
    pairs = []
    for other in sorted(gone, key=lambda g: (g.start, g.slot)):
        still = here.setdefault(int(groups[other.slot]), [])
        still[:] = [one for one in still if one.stop > other.start]
        pairs += [(min(one, other, key=_by_slot), max(one, other, key=_by_slot)) for one in still]
        still.append(other)
    return sorted(pairs, key=lambda pair: (_by_slot(pair[0]), _by_slot(pair[1])))


def _by_slot(one: Absence) -> tuple[int, int]:
    return one.slot, one.start


def _log_odds(one: Absence, other: Absence, place: Place, fps: float, length: float) -> float:
    """What places and times say for each having come back as itself."""

    def cost(left: Absence, came: Absence) -> float:
        """Of somebody who left the one slot and came back in the other."""
        seconds = (came.stop - left.start) / fps
        way = place(left.slot, left.start - 1) - place(came.slot, came.stop)
        cost = (way**2).sum() / (2 * STRAY * seconds * length**2) + np.log(seconds)
        return 0.0 if np.isnan(cost) else float(cost)

    kept = cost(one, one) + cost(other, other)
    return max(LEAST_ODDS, cost(one, other) + cost(other, one) - kept)


def wanted(gone: Sequence[Absence]) -> set[tuple[int, int]]:
    """The (frame, slot) of every place from which somebody went and at which they were found."""
    return {(frame, g.slot) for g in gone for frame in (g.start - 1, g.stop)}
