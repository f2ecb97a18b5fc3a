"""The darkest part of a light animal stands out longer than the animal does: with a high threshold
the tail of a light mouse is left of it, beside dark mice that are whole.

Such a part looks like a small animal. At half of the threshold it grows as large as an animal,
which a prey beside its spider does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

PART_OF = 3.0  # times its area that it is part of, at half of the threshold
ANIMAL_TO = 1.6  # of the largest animal's area: what grows further is in contact with another
SEEN, MOSTLY = 0.25, 0.8  # of all frames that show which, and of these, in which it is a part


@dataclass(frozen=True)
class Smallest:
    """What may be the smallest animal of one frame."""

    image: np.ndarray  # (h, w) uint8, the frame
    area: float  # pixels
    outline: np.ndarray  # (k, 2) int32, x and y of its pixels

    def grown(self, limit: np.ndarray, code: int) -> int:
        """Pixels that are connected with it where the image is beyond ``limit`` (h, w) uint8."""
        mask = cv2.compare(self.image, limit, code)
        return cv2.floodFill(mask, None, self.outline[0].tolist(), 128, flags=8)[0]


def is_part(
    seen: Sequence[Smallest], limit: np.ndarray, code: int, largest: float, floor: float,
    n_frames: int,
) -> bool:  # fmt: skip
    """Whether the smallest animal of ``n_frames`` frames is part of a larger one.

    ``limit`` (h, w) uint8 and ``code`` compare at half of the threshold, ``largest`` is the usual
    area of the largest animal, and what is smaller than ``floor`` is none.
    """
    small = [one for one in seen if floor <= one.area < largest / PART_OF]
    grown = [(one.area, one.grown(limit, code)) for one in small]
    told = [size > PART_OF * area for area, size in grown if size < ANIMAL_TO * largest]
    return len(told) >= SEEN * n_frames and bool(np.mean(told) >= MOSTLY)
