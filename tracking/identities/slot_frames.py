"""Any frame of a video as the tracker left it: who is in which slot, and with which mask."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tracking.following.slots import read_slots, slots_file, write_slots
from tracking.masks import decode
from tracking.segmenting import detections_file
from tracking.shards import Chunk, chunk_bounds, read_shard
from tracking.tracker import Tracked
from tracking.video import VideoInfo

Mask = tuple[np.ndarray, int, int]  # (h, w) uint8 with its x0 and y0


class SlotFrames:
    """The slots in every frame; no more than two chunks are kept at a time.

    What is changed in a chunk that is ``at`` a frame must be said, and is written in the end.
    """

    def __init__(self, info: VideoInfo, folder: Path) -> None:
        self._folder, self._bounds = folder, chunk_bounds(info)
        self._starts = [start for start, _ in self._bounds]
        self._chunks: dict[int, Tracked] = {}
        self._shards: dict[int, Chunk] = {}
        self._changed: set[int] = set()

    def at(self, frame: int) -> tuple[Tracked, int]:
        """The chunk of a frame, and its row there."""
        start, _ = self._bounds[self._number(frame)]
        if start not in self._chunks:
            for old in list(self._chunks)[: len(self._chunks) - 1]:
                self._write(old)
                del self._chunks[old]
                self._shards.pop(old, None)
            self._chunks[start] = read_slots(slots_file(self._folder, start))
        return self._chunks[start], frame - start

    def change(self, frame: int) -> None:
        """Say that the chunk of this frame, which it was just ``at``, is another now."""
        self._changed.add(self._bounds[self._number(frame)][0])

    def keep(self) -> None:
        """Write what was changed."""
        for start in sorted(self._changed):
            self._write(start)

    def _write(self, start: int) -> None:
        if start in self._changed:
            write_slots(slots_file(self._folder, start), self._chunks[start])
            self._changed.remove(start)

    def _number(self, frame: int) -> int:
        return int(np.searchsorted(self._starts, frame, "right")) - 1

    def alone(self, frame: int, slots: Sequence[int]) -> bool:
        """Whether each has an outline of its own."""
        tracked, f = self.at(frame)
        return bool((tracked.rows[f, list(slots)] >= 0).all())

    def mask(self, frame: int, slot: int) -> Mask | None:
        """Its mask, None where it is not seen."""
        tracked, f = self.at(frame)
        if not tracked.detected[f, slot]:
            return None
        row = int(tracked.rows[f, slot])
        x0, y0, width, height = tracked.boxes[f, slot].tolist()
        if row >= 0:
            return self.shard(frame).mask(row), x0, y0
        return decode(tracked.split_masks[(f, slot)], height, width), x0, y0

    def shard(self, frame: int) -> Chunk:
        """All that was detected in the chunk of a frame."""
        start, stop = self._bounds[self._number(frame)]
        if start not in self._shards:
            self._shards[start] = read_shard(detections_file(self._folder, start), start, stop)
        return self._shards[start]
