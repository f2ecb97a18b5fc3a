"""Several arenas in one picture: tubes, wells, cages, each with animals of its own.

What lies outside is not looked at, an outline that crosses a border is cut at it, and animals are
followed in each arena by themselves: who is who is known from the place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
import pyarrow as pa

from tracking.arenas.sole import SoleTracker
from tracking.detections import SHAPE, AnimalSizes
from tracking.errors import TrackingError
from tracking.shards import Chunk
from tracking.subtraction.background import BackgroundSegmenter, BackgroundSettings
from tracking.subtraction.empty_arena import ranked
from tracking.subtraction.light import Light, in_one_light
from tracking.tracker import Tracked, Tracker
from tracking.video import VideoInfo

AREA, END1 = SHAPE.index("area"), SHAPE.index("end1_x")
OVERLAP = 0.1  # of the smaller of two arenas; hands that draw do not meet to the pixel
LEAST_SIDE = 3  # pixels
LARGEST, MORE = 4.0, 1.6  # animals; times those of an arena; what is larger is no animal: a hand
GLIMPSE = 0.4  # of the least area of an animal: where one lives alone, this much of it is it


@dataclass(frozen=True)
class Arena:
    """One place that animals cannot leave."""

    name: str
    outline: tuple[tuple[float, float], ...]  # corners in pixels; whole numbers are pixel centres
    n_animals: int = 1


@dataclass(frozen=True)
class Arenas:
    """The arenas of one picture, in the order in which their animals are numbered.

    >>> tubes = Arenas((Arena("a", ((0, 0), (9, 0), (9, 9), (0, 9))),
    ...                 Arena("b", ((12, 0), (19, 0), (19, 9), (12, 9)), 2)), 20, 10)
    >>> tubes.names, tubes.slots.tolist()
    (['a', 'b animal1', 'b animal2'], [0, 1, 1])
    """

    places: tuple[Arena, ...]
    width: int  # of the picture, pixels
    height: int

    def __post_init__(self) -> None:
        for place in self.places:
            if place.n_animals < 1:
                raise TrackingError(
                    f"{place.name} is to hold {place.n_animals} animals. Give 1 or more."
                )
        names = self.names
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise TrackingError(f"Two animals would be called {twice}. Rename one of the arenas.")

    @property
    def n_animals(self) -> int:
        """Animals in all arenas together."""
        return sum(place.n_animals for place in self.places)

    @property
    def numbers(self) -> np.ndarray:
        """How many animals live in each, (arenas,) int."""
        return np.array([place.n_animals for place in self.places])

    @property
    def names(self) -> list[str]:
        """What the animals are called: like their arena, with a number where it holds several."""
        found = []
        for place in self.places:
            many = [f"{place.name} animal{k + 1}" for k in range(place.n_animals)]
            found += many if place.n_animals > 1 else [place.name]
        return found

    @property
    def slots(self) -> np.ndarray:
        """Which arena each animal lives in, (n_animals,) int, from 0."""
        return np.repeat(np.arange(len(self.places)), self.numbers)

    @cached_property
    def labels(self) -> np.ndarray:
        """Which arena each pixel belongs to, (height, width) uint16: 0 for none, else from 1.

        Arenas that touch are a pixel apart here, so that no outline lies in two of them.
        """
        found = np.zeros((self.height, self.width), np.uint16)
        for number, place in enumerate(self.places, start=1):
            mine = filled(place.outline, self.width, self.height)
            self._check_place(place, mine, found)
            found[mine & (found == 0)] = number
        # the largest and the smallest label around a pixel differ at a border
        kernel = np.ones((3, 3), np.uint8)
        high = cv2.dilate(found, kernel)
        low = cv2.erode(np.where(found == 0, 65535, found).astype(np.uint16), kernel)
        found[(high != low) & (low != 65535)] = 0
        return found

    def _check_place(self, place: Arena, mine: np.ndarray, taken: np.ndarray) -> None:
        size = int(np.count_nonzero(mine))
        if size < LEAST_SIDE**2:
            raise TrackingError(
                f"{place.name} covers {size} pixels of the picture of {self.width} x "
                f"{self.height}. Draw it larger, inside the picture."
            )
        counts = np.bincount(taken[mine], minlength=2)
        other = int(counts[1:].argmax()) + 1
        least = min(size, int(np.count_nonzero(taken == other)))
        if counts[other] > OVERLAP * max(least, 1):
            raise TrackingError(
                f"{self.places[other - 1].name} and {place.name} lie one over the other. Arenas "
                "must be apart: move one, or make it a region."
            )

    @property
    def where(self) -> np.ndarray:
        """Which pixels lie in an arena, (height, width) bool."""
        return self.labels > 0

    def flattened(self, stack: np.ndarray) -> np.ndarray:
        """A copy of gray images (k, height, width) in one light, that of the arenas, with one gray
        level outside them."""
        inside = self.where
        light = Light(ranked(stack, [len(stack) // 2])[0], inside)
        flat = in_one_light(stack, np.array([light.of(image) for image in stack])).copy()
        flat[:, ~inside] = int(np.median(flat[:: max(1, len(flat) // 8), inside]))
        return flat

    def arena_of(self, shapes: np.ndarray) -> np.ndarray:
        """The arena of detections with shapes (n, 10), (n,) int from 0; -1 for none."""
        # an end of the long axis is a pixel of the mask; the centre need not be
        ends = np.rint(shapes[:, END1 : END1 + 2]).astype(int)
        x = np.clip(ends[:, 0], 0, self.width - 1)
        y = np.clip(ends[:, 1], 0, self.height - 1)
        found = self.labels[y, x]
        return np.where(found > 0, found, self._grown[y, x]).astype(int) - 1

    @cached_property
    def _grown(self) -> np.ndarray:
        """The labels and three pixels around them: openings may add a pixel to an outline."""
        return cv2.dilate(self.labels, np.ones((7, 7), np.uint8))

    def counts(self, shapes: np.ndarray) -> np.ndarray:
        """How many of the detections lie in each arena, (arenas,) int."""
        arena = self.arena_of(shapes)
        return np.bincount(arena[arena >= 0], minlength=len(self.places))


def filled(outline: Sequence[tuple[float, float]], width: int, height: int) -> np.ndarray:
    """The pixels whose centre lies in a polygon or on its edge, (height, width) bool."""
    canvas = np.zeros((height, width), np.uint8)
    corners = np.rint(np.array(outline, float) * 16).astype(np.int32)  # 4 bits of a pixel
    cv2.fillPoly(canvas, [corners.reshape(-1, 1, 2)], 1, shift=4)
    return canvas > 0


def arena_segmenter(
    background: np.ndarray, settings: BackgroundSettings, arenas: Arenas, glimpses: bool = True
) -> BackgroundSegmenter:
    """A segmenter that looks only into the arenas.

    With ``glimpses`` it lets smaller outlines through where an animal lives alone, so that one
    that is nearly hidden is not lost; ``ArenaTracker`` passes over them in other arenas.
    """
    if glimpses and any(place.n_animals == 1 for place in arenas.places):
        least = max(1.0, GLIMPSE * settings.min_area_px)
        settings = replace(settings, min_area_px=least, open_px=settings.open_px // 2)
    return BackgroundSegmenter(background, settings, arenas.where)


class ArenaTracker:
    """One tracker per arena, with the face of one: the animals of all arenas side by side."""

    def __init__(self, arenas: Arenas, settings: AnimalSizes, info: VideoInfo) -> None:
        self.arenas = arenas
        area, length = settings.typical_area_px, settings.typical_length_px
        self.least = settings.min_area_px
        self.most = area * np.maximum(LARGEST, MORE * arenas.numbers)
        self._trackers: list[Tracker | SoleTracker] = [
            SoleTracker(area, length, info.time_s) if place.n_animals == 1
            else Tracker(place.n_animals, area, length, info.time_s)
            for place in arenas.places
        ]  # fmt: skip

    def track(self, chunk: Chunk) -> Tracked:
        """Find the animals of every arena among a chunk's detections."""
        arena = self.arenas.arena_of(chunk.shapes)
        area = chunk.shapes[:, AREA]
        alone = np.array([isinstance(one, SoleTracker) for one in self._trackers])
        arena[((area < self.least) & ~alone[arena]) | (area > self.most[arena])] = -1
        parts = []
        for number, tracker in enumerate(self._trackers):
            mine = np.flatnonzero(arena == number)
            part = tracker.track(part_of(chunk, mine))
            rows = part.rows
            if len(mine):
                rows = np.where(rows >= 0, mine[np.maximum(rows, 0)], rows)
            parts.append(replace(part, rows=rows))
        return side_by_side(parts)


def part_of(chunk: Chunk, rows: np.ndarray) -> Chunk:
    """The chunk with some of its detections only."""
    return Chunk(
        chunk.start, chunk.stop, chunk.frame[rows], chunk.boxes[rows], chunk.scores[rows],
        chunk.shapes[rows], chunk.rle.take(pa.array(rows, pa.int64())),
    )  # fmt: skip


def side_by_side(parts: Sequence[Tracked]) -> Tracked:
    """Several trackers' animals as one: slots go on counting from part to part."""
    first = np.cumsum([0] + [part.detected.shape[1] for part in parts]).tolist()
    joined = {
        name: np.concatenate([getattr(part, name) for part in parts], axis=1)
        for name in ("detected", "shapes", "boxes", "rows")
    }
    masks = {
        (frame, slot + offset): mask
        for part, offset in zip(parts, first, strict=False)
        for (frame, slot), mask in part.split_masks.items()
    }
    exchanges = [
        replace(one, a=one.a + offset, b=one.b + offset)
        for part, offset in zip(parts, first, strict=False)
        for one in part.exchanges
    ]
    exchanges.sort(key=lambda one: (one.frame, one.a, one.b))
    return Tracked(
        parts[0].start, parts[0].stop, **joined, split_masks=masks, exchanges=exchanges
    )  # fmt: skip
