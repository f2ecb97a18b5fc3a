"""When an animal's path crosses a line that was drawn, and to which side."""

from __future__ import annotations

import numpy as np

from llm_query.algebra.intervals import runs
from llm_query.bouts import Bouts
from llm_query.errors import QueryError
from llm_query.geometry import ROUNDING
from llm_query.places.region_rules import locate
from llm_query.recording import Recording
from llm_query.vocabulary import word

SIDES = {"right": (1.0, 0.0), "left": (-1.0, 0.0), "below": (0.0, 1.0), "above": (0.0, -1.0)}


@word()
def crosses(
    recording: Recording,
    animal: str,
    line: str,
    towards: str | None = None,
    point: str = "centre",
    *,
    margin: float = 0.0,
    max_gap_frames: int = 3,
) -> Bouts:
    """Point events: the first frame in which the animal is on the other side of a line.

    line: a region drawn as a line of two or more points; going round its end is no crossing.
    towards: only crossings to that side as seen on the screen: "left", "right", "above" or "below"
    (of a line straight up, only left and right). margin: in cm (px uncalibrated), how far beyond
    the line it must get, against flicker on it. Steps over up to max_gap_frames unseen frames are
    taken as straight; over longer gaps nothing is counted.

    Source: line crossings of the open field, counted at the exact frame (ours).

    >>> from dataclasses import replace
    >>> from llm_query.geometry import Region
    >>> door = Region("door", "line", np.array([[20, 15], [20, 25]]))
    >>> recording = replace(example_recording(), regions={"door": door})
    >>> crosses(recording, "animal1", "door", towards="right").start_frame.tolist()
    [46]
    """
    place = recording.region(line)
    if place.kind != "line":
        raise QueryError(f'"{line}" is a {place.kind}, not a line. Use enters() and leaves().')
    if towards is not None and towards not in SIDES:
        raise QueryError(f'towards is {", ".join(SIDES)} or nothing, not "{towards}".')
    if margin < 0:
        raise QueryError(f"margin is a length of 0 or more in {recording.unit}, not {margin:g}.")
    position = locate(recording, animal, point)
    seen = np.isfinite(position).all(axis=1)
    crossed = np.zeros(recording.n_frames, dtype=bool)
    ends = list(zip(place.points[:-1], place.points[1:], strict=True))
    for number, (start, end) in enumerate(ends):
        if not np.any(end - start):
            continue
        frames, sign = _crossings(position, seen, start, end, margin, max_gap_frames,
                                  closed=number == len(ends) - 1)  # fmt: skip
        if towards is not None:
            frames = frames[sign == _wanted(start, end, towards, line)]
        crossed[frames] ^= True  # there and back over two parts of it in one step is no crossing
    way = f" to the {towards}" if towards in ("left", "right") else f" to {towards}"
    definition = f'first frame with {point} on the other side of "{line}"'
    definition += f", {margin:g} {recording.unit} beyond it" if margin else ""
    if max_gap_frames != 3:
        definition += f", over gaps of at most {max_gap_frames} frames"
    return Bouts.from_masks(
        {(animal, None): (crossed, ~seen)}, recording.edges_s,
        f"crosses {line}{way if towards else ''}", definition, "point",
    )  # fmt: skip


def _crossings(
    position: np.ndarray,
    seen: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    margin: float,
    max_gap_frames: int,
    *,
    closed: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Frames in which one straight part has been crossed, and to which side (+1 or -1)."""
    along = end - start
    length = float(np.hypot(*along))
    normal = np.array([-along[1], along[0]]) / length
    beside = (position - start) @ normal
    with np.errstate(invalid="ignore"):
        decided = np.flatnonzero(seen & (np.abs(beside) > margin + ROUNDING))
    first, last = runs(~seen)
    long = np.zeros(len(seen), dtype=np.int64)
    long[first[last - first > max_gap_frames]] = 1
    gap = np.cumsum(long)
    before, after = decided[:-1], decided[1:]
    over = (np.sign(beside[before]) != np.sign(beside[after])) & (gap[before] == gap[after])
    before, after = before[over], after[over]
    share = beside[before] / (beside[before] - beside[after])
    place = position[before] + share[:, None] * (position[after] - position[before])
    reached = (place - start) @ along / length**2
    on = (reached >= -ROUNDING) & (reached <= 1 + ROUNDING if closed else reached < 1 - ROUNDING)
    return after[on], np.sign(beside[after[on]])


def _wanted(start: np.ndarray, end: np.ndarray, towards: str, line: str) -> float:
    """The sign of the side that is seen on the screen as `towards`."""
    along = end - start
    value = float(np.array([-along[1], along[0]]) @ np.array(SIDES[towards]))
    if abs(value) <= ROUNDING * float(np.hypot(*along)):
        other = "above or below" if towards in ("left", "right") else "left or right"
        raise QueryError(f'"{line}" has no side to the {towards}: ask for {other}.')
    return float(np.sign(value))
