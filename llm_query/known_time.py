"""What an animal did while it could be told: a number of nothing seen is unknown, never 0."""

from __future__ import annotations

import numpy as np

from llm_query.algebra.bout_pairs import state
from llm_query.algebra.intervals import runs
from llm_query.bouts import Bouts


def known_frames(bouts: Bouts) -> np.ndarray:
    """(n,) bool: frames in which it could be told of the only subject whether it did it."""
    return ~state(bouts, bouts.pairs[0])[1]


def known_s(bouts: Bouts) -> float:
    """Seconds in which it could be told; 0 for an animal that was never seen."""
    return float(np.diff(bouts.edges_s)[known_frames(bouts)].sum())


def told(bouts: Bouts, value: float) -> float:
    """The value, a count or seconds of these bouts; NaN where not one frame of it is known.

    >>> edges = np.arange(4) / 10
    >>> nothing = np.zeros(3, dtype=bool)
    >>> told(Bouts.where(nothing, edges, "a"), 0), told(Bouts.where(nothing, edges, "b",
    ...     known=nothing), 0)
    (0, nan)
    """
    return value if known_frames(bouts).any() else float("nan")


def watched_s(bouts: Bouts) -> float:
    """Seconds from the recording's start to the end of the last frame in which it could be told.

    So long it was watched at most: what had not happened until then is censored there. 0 for an
    animal that was never seen.
    """
    frames = np.flatnonzero(known_frames(bouts))
    return float(bouts.edges_s[frames[-1] + 1] - bouts.edges_s[0]) if len(frames) else 0.0


def left_censored(bouts: Bouts, max_gap_frames: int = 3) -> bool:
    """Whether the first bout begins right after a stretch in which it could not be told.

    It may have begun anywhere in there, so that the latency is the longest possible one.
    """
    if not bouts.count:
        return False
    start, stop = runs(~known_frames(bouts))
    long = stop - start > max_gap_frames
    return bool(np.isin(bouts.start_frame[0], stop[long]))
