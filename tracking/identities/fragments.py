"""Stretches in which nobody can be confused, and the crossings between them.

The tracker follows each animal in a slot and names the moments at which two slots may have been
exchanged. Between such moments a slot holds one animal: a fragment. Moments that overlap in time
and share a slot are one crossing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tracking.following.exchanges import Exchange


@dataclass(frozen=True)
class Fragment:
    """One slot over the frames ``start`` to ``stop`` (exclusive): one animal, whoever it is."""

    number: int  # from 0, in order of start and slot
    slot: int
    start: int
    stop: int


@dataclass(frozen=True)
class Crossing:
    """Frames in which some of these slots may have been exchanged."""

    number: int  # from 0, in order of start
    start: int
    stop: int  # exclusive: the first frame after it
    slots: tuple[int, ...]  # ascending
    exchanges: tuple[Exchange, ...]  # in order of frame


@dataclass
class Stretches:
    """When each of ``n`` slots was seen in an outline of its own, as runs of frames: bounded memory
    whatever the length of the video."""

    n: int
    runs: list[list[tuple[int, int]]] = field(default_factory=list)  # by slot, start and stop

    def __post_init__(self) -> None:
        self.runs = self.runs or [[] for _ in range(self.n)]

    def add(self, start: int, here: np.ndarray) -> None:
        """Note the frames from ``start`` on: here (F, N) bool; frames come in order."""
        edges = np.diff(np.pad(here.astype(np.int8), ((1, 1), (0, 0))), axis=0)
        for slot, runs in enumerate(self.runs):
            starts = (np.flatnonzero(edges[:, slot] == 1) + start).tolist()
            stops = (np.flatnonzero(edges[:, slot] == -1) + start).tolist()
            found = list(zip(starts, stops, strict=True))
            if runs and found and runs[-1][1] == found[0][0]:
                found[0] = (runs.pop()[0], found[0][1])
            runs += found

    def before(self, slot: int, frames: np.ndarray) -> np.ndarray:
        """How many frames of a slot come before each of some frames."""
        runs = np.array(self.runs[slot], np.int64).reshape(-1, 2)
        lengths = np.concatenate(([0], np.cumsum(runs[:, 1] - runs[:, 0])))
        at = np.searchsorted(runs[:, 0], frames, "left")
        beyond = np.where(at > 0, np.maximum(runs[at - 1, 1] - frames, 0) if len(runs) else 0, 0)
        return lengths[at] - beyond

    def total(self, slot: int) -> int:
        """How many frames of a slot there are."""
        return sum(stop - start for start, stop in self.runs[slot])


def fragments_of(
    exchanges: Sequence[Exchange], alone: Stretches, n_frames: int
) -> tuple[list[Fragment], list[Crossing]]:
    """Cut every slot at its exchanges.

    A fragment reaches from the first to the last frame between two exchanges in which its slot was
    alone in its outline; where there is none, there is no fragment.
    """
    found = [
        piece for slot in range(alone.n) for piece in _pieces(slot, exchanges, alone, n_frames)
    ]
    found.sort(key=lambda piece: (piece[1], piece[0]))
    fragments = [Fragment(number, *piece) for number, piece in enumerate(found)]
    return fragments, crossings_of(exchanges)


def _pieces(
    slot: int, exchanges: Sequence[Exchange], alone: Stretches, n_frames: int
) -> list[tuple[int, int, int]]:
    """(slot, start, stop) of every fragment of one slot."""
    runs = np.array(alone.runs[slot], np.int64).reshape(-1, 2)
    mine = sorted((x.start, x.frame) for x in exchanges if slot in (x.a, x.b))
    pieces, free = [], 0
    for start, frame in [*mine, (n_frames, n_frames)]:
        # contact holds from `start` to the frame before `frame`, in which they are apart again
        first = int(np.searchsorted(runs[:, 1], free, "right"))
        last = int(np.searchsorted(runs[:, 0], start, "left")) - 1
        if free < start and first <= last:
            pieces.append((slot, max(free, int(runs[first, 0])), min(start, int(runs[last, 1]))))
        free = max(free, frame)
    return pieces


def crossings_of(exchanges: Sequence[Exchange]) -> list[Crossing]:
    """Join exchanges that overlap in time and share a slot, directly or through others."""
    over: list[list[Exchange]] = []
    groups: list[list[Exchange]] = []  # those that others may still join
    for one in sorted(exchanges, key=lambda x: (x.start, x.frame, x.a, x.b)):
        joined, apart = [one], list[list[Exchange]]()
        for group in groups:
            if max(x.frame for x in group) < one.start:
                over.append(group)
            elif any(_meet(one, other) for other in group):
                joined += group
            else:
                apart.append(group)
        groups = [*apart, joined]
    groups += over
    ordered = sorted(groups, key=lambda g: (min(x.start for x in g), min(x.a for x in g)))
    return [_crossing(number, group) for number, group in enumerate(ordered)]


def _meet(one: Exchange, other: Exchange) -> bool:
    shared = {one.a, one.b} & {other.a, other.b}
    return bool(shared) and one.start <= other.frame and other.start <= one.frame


def _crossing(number: int, group: list[Exchange]) -> Crossing:
    slots = sorted({slot for x in group for slot in (x.a, x.b)})
    start = min(x.start for x in group)
    ordered = sorted(group, key=lambda x: (x.frame, x.start, x.a, x.b))
    return Crossing(
        number, start, max(start + 1, *(x.frame for x in group)), tuple(slots),
        tuple(ordered),
    )  # fmt: skip
