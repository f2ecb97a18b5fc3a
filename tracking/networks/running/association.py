"""Follow animals with ultralytics' ByteTrack or BoT-SORT, to compare our own tracker with.

Those give every stretch of a track a number of its own, without end; animals here are a fixed
number. A stretch that begins goes to the free animal that was last seen nearest, and where none is
free it is left out. Touching animals are not divided, and nobody looks at appearance.
"""

from __future__ import annotations

import importlib.util
from typing import Literal, get_args

import numpy as np

from tracking.errors import TrackingError
from tracking.networks import door
from tracking.shards import Chunk
from tracking.tracker import Tracked

Association = Literal["own", "bytetrack", "botsort"]
OWN: Association = "own"


def checked(association: str) -> Association:
    """The association itself; TrackingError with one line where it cannot be had."""
    for known in get_args(Association):
        if association == known:
            break
    else:
        names = ", ".join(get_args(Association))
        raise TrackingError(f"There is no association called {association!r}: {names}.")
    if known != OWN and not (door.is_installed() and importlib.util.find_spec("lap")):
        raise TrackingError(f"{association} needs more than the base installation: {door.EXTRA}")
    return known


class OtherTracker:
    """One of ultralytics' trackers with the face of ours; chunks must follow one another."""

    def __init__(
        self, association: Association, n_animals: int, fps: float, size: tuple[int, int]
    ) -> None:
        self.n = n_animals
        self._tracker = door.tracker(association, fps)
        self._boxes = door.boxes_class()
        self._size = size  # height and width, pixels
        self._slots: dict[int, int] = {}  # number of a stretch: animal
        self._places = np.full((n_animals, 2), np.nan)
        self._seen = np.full(n_animals, -1)  # frame in which each was last seen

    def track(self, chunk: Chunk) -> Tracked:
        """Find the animals among a chunk's detections."""
        n_frames = chunk.stop - chunk.start
        out = Tracked.nobody(chunk.start, chunk.stop, self.n)
        first = np.searchsorted(chunk.frame, np.arange(chunk.start, chunk.stop + 1))
        for f in range(n_frames):
            self._step(chunk, out, f, int(first[f]), int(first[f + 1]))
        return out

    def _step(self, chunk: Chunk, out: Tracked, f: int, start: int, stop: int) -> None:
        boxes = chunk.boxes[start:stop].astype(np.float32)  # x0, y0, width, height
        corners = np.concatenate((boxes[:, :2], boxes[:, :2] + boxes[:, 2:]), axis=1)
        rows = np.column_stack((corners, chunk.scores[start:stop], np.zeros(stop - start)))
        given = self._boxes(rows.astype(np.float32).reshape(-1, 6), self._size)
        found = self._tracker.update(given)
        numbers = [(int(row[4]), start + int(row[7])) for row in np.asarray(found).reshape(-1, 8)]
        for number, row in self._placed(numbers, chunk):
            slot = self._slots[number]
            shape = chunk.shapes[row]
            out.detected[f, slot], out.rows[f, slot], out.shapes[f, slot] = True, row, shape
            out.boxes[f, slot] = chunk.boxes[row]
            self._places[slot], self._seen[slot] = shape[:2], chunk.start + f

    def _placed(self, numbers: list[tuple[int, int]], chunk: Chunk) -> list[tuple[int, int]]:
        """The stretches that an animal is known for; new ones take a free animal where one is."""
        taken = {self._slots[number] for number, _ in numbers if number in self._slots}
        for number, row in numbers:
            free = [slot for slot in range(self.n) if slot not in taken]
            if number in self._slots or not free:
                continue
            away = np.hypot(*(self._places[free] - chunk.shapes[row, :2]).T)
            slot = free[int(np.argmin(np.where(np.isnan(away), np.inf, away)))]
            self._slots = {k: v for k, v in self._slots.items() if v != slot} | {number: slot}
            taken.add(slot)
        return [(number, row) for number, row in numbers if number in self._slots]
