"""The outlines in which slots lie together or alone, in one frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from tracking.identities.slot_frames import Mask, SlotFrames

SHARED = -2  # in place of a row: what is left of an outline that was divided


@dataclass(frozen=True)
class Outline:
    """Pixels in which some slots lie together, or one alone."""

    slots: tuple[int, ...]
    mask: np.ndarray  # (h, w) uint8
    x0: int
    y0: int
    row: int = SHARED  # of the chunk, where it is one detection as it was found

    def cut(self, picture: np.ndarray) -> np.ndarray:
        """What lies in its box of a picture of the whole view."""
        height, width = self.mask.shape
        return picture[self.y0 : self.y0 + height, self.x0 : self.x0 + width]

    def place(self, mask: Mask | None) -> np.ndarray:
        """(h, w) bool: a mask, drawn into its box."""
        drawn = np.zeros(self.mask.shape, bool)
        if mask is not None:
            pixels, x0, y0 = mask
            left, top = max(x0, self.x0), max(y0, self.y0)
            right = min(x0 + pixels.shape[1], self.x0 + self.mask.shape[1])
            bottom = min(y0 + pixels.shape[0], self.y0 + self.mask.shape[0])
            if left < right and top < bottom:
                part = pixels[top - y0 : bottom - y0, left - x0 : right - x0]
                drawn[top - self.y0 : bottom - self.y0, left - self.x0 : right - self.x0] = part > 0
        return drawn


def outlines_of(slots: SlotFrames, frame: int, who: Sequence[int]) -> list[Outline]:
    """The outlines in which the slots ``who`` lie in a frame; who is not seen lies in none."""
    tracked, f = slots.at(frame)
    found: list[Outline] = []
    shared: dict[int, Mask] = {}
    for slot in who:
        mask, row = slots.mask(frame, slot), int(tracked.rows[f, slot])
        if mask is not None and row >= 0:
            found.append(Outline((slot,), *mask, row))
        elif mask is not None:
            shared[slot] = mask
    return found + _joined(shared)


def _joined(shared: dict[int, Mask]) -> list[Outline]:
    """The connected outlines that the masks of some slots make up."""
    if not shared:
        return []
    boxes = [(x, y, x + m.shape[1], y + m.shape[0]) for m, x, y in shared.values()]
    x0, y0 = np.min(boxes, axis=0)[:2].tolist()
    x1, y1 = np.max(boxes, axis=0)[2:].tolist()
    every = Outline(tuple(shared), np.zeros((y1 - y0, x1 - x0), np.uint8), x0, y0)
    drawn = {slot: every.place(mask) for slot, mask in shared.items()}
    for mask in drawn.values():
        every.mask[mask] = 1
    _, piece, stats, _ = cv2.connectedComponentsWithStats(every.mask)
    lies = {slot: int(np.bincount(piece[mask]).argmax()) for slot, mask in drawn.items()}
    found = []
    for number in sorted(set(lies.values())):
        left, top, width, height = stats[number, :4].tolist()
        mask = (piece[top : top + height, left : left + width] == number).view(np.uint8)
        members = tuple(slot for slot in shared if lies[slot] == number)
        found.append(Outline(members, mask, x0 + left, y0 + top))
    return found
