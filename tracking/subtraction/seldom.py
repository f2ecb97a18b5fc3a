"""Animals that are out of view for most of the video: put in late, taken out early, in a shelter.

The frames without them say nothing of how large they are. Where nothing suits all sampled frames,
settings are judged a second time on those that show most.
"""

from __future__ import annotations

import numpy as np

FEWEST = 3  # frames that have to show as much: one or two may show a hand
FULL = 0.75  # of what changes in them; of three animals, two are 0.67
AT_MOST = 0.6  # of the sampled frames; where more of them are full, the others do not matter
NOISE = 8  # gray levels; what changes less is none


def fullest(stack: np.ndarray) -> np.ndarray:
    """Which of the sampled frames (k, h, w) uint8 show most of what comes and goes, (k,) bool; none
    where that is not told apart from the others."""
    none = np.zeros(len(stack), bool)
    if len(stack) < 2 * FEWEST:
        return none
    middle = np.median(stack, axis=0)
    shown = np.array([_changed(image, middle) for image in stack])
    usual = np.sort(shown)[-FEWEST]
    full = shown >= FULL * usual
    return full if usual > 0 and full.mean() <= AT_MOST else none


def _changed(image: np.ndarray, middle: np.ndarray) -> float:
    """How much differs, and how far, from what is mostly there."""
    away = np.abs(image - middle)
    return float((away[away > NOISE] ** 2).sum())
