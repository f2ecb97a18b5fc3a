"""The frames that a person who proofreads should look at: one definition for every kind of tracks.

Five kinds. `crossing`: animals met, and may have left as each other. `jump`: a step far longer
than usual. `missing`: an animal is not found for a while. `duplicate`: two animals at one place.
`low_confidence`: an identity less sure than a limit, and no crossing to blame.

Tracks come in parts, so that a long video needs little memory. Crossings are taken from the table
that tracking makes of them, or, where there is none, from how close animals come
(``tracking.identities.meetings``).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tracking.identities.doubt import KINDS, Doubt, Limits, Part
from tracking.identities.meetings import meetings, whole
from tracking.identities.stretches import Stretch, Yard, joined, measure, stretches

__all__ = ["KINDS", "SCHEMA", "Doubt", "Limits", "Part", "TrackFiles", "doubts_table",
           "find_doubts"]  # fmt: skip

MERGE_S = 0.3  # two meetings of the same animals closer than this are looked at as one
LOW_MERGE_S = 1.0  # and so are two stretches of low confidence
ROUNDING = 1e-6  # sums over a long video; a step as long as all others is none too long
SCHEMA = pa.schema({
    "doubt_id": pa.int32(), "kind": pa.string(), "start_frame": pa.int32(),
    "stop_frame": pa.int32(), "animals": pa.list_(pa.int16()), "score": pa.float32(),
    "why": pa.string(),
})  # fmt: skip


@dataclass(frozen=True)
class TrackFiles:
    """Finished tracks as parts, one file at a time, as often as they are asked for."""

    files: Sequence[Path]
    n_animals: int

    def __len__(self) -> int:
        return len(self.files)

    def __contains__(self, file: object) -> bool:
        return file in self.files

    def __iter__(self) -> Iterator[Part]:
        columns = ["frame", "animal_id", "x_px", "y_px", "detected", "length_px",
                   "identity_confidence"]  # fmt: skip
        for file in self.files:
            table = pq.read_table(file, columns=columns)
            named = {name: table[name].to_numpy(zero_copy_only=False) for name in columns}
            first = int(named["frame"].min())
            shape = (int(named["frame"].max()) - first + 1, self.n_animals)
            at = (named["frame"] - first, named["animal_id"].astype(int) - 1)
            numbers = np.full((4, *shape), np.nan)
            for row, name in enumerate(("x_px", "y_px", "length_px", "identity_confidence")):
                numbers[row][at] = np.where(named["detected"], named[name], np.nan)
            yield Part(first, np.moveaxis(numbers[:2], 0, 2), numbers[3], numbers[2])


def doubts_table(
    parts: Collection[Part],
    time_s: np.ndarray,
    crossings: pa.Table,
    limits: Limits | None = None,
) -> pa.Table:
    """What is doubtful in finished tracks, in order of frames; animals are numbered from 1.

    ``parts`` are gone over twice; ``crossings`` has start_frame, stop_frame, animals, probability
    and kind; ``time_s`` is the time of every frame.
    """
    found = find_doubts(parts, time_s, crossings, limits)
    return pa.table(
        {
            "doubt_id": range(1, len(found) + 1),
            "kind": [one.kind for one in found],
            "start_frame": [one.frame for one in found],
            "stop_frame": [one.stop_frame for one in found],
            "animals": [[k + 1 for k in one.who] for one in found],
            "score": [one.score for one in found],
            "why": [one.why for one in found],
        },
        schema=SCHEMA,
    )


def find_doubts(
    parts: Collection[Part],
    time_s: np.ndarray,
    crossings: pa.Table | None = None,
    limits: Limits | None = None,
) -> list[Doubt]:
    """Every doubtful place in order of frames, found by one definition for every kind of tracks."""
    limits = limits or Limits()
    yard = measure(parts, time_s)
    same, missing, low = _stretches(parts, yard, limits)
    if crossings is not None:
        met = _crossings(crossings, yard, limits)
    else:
        met = list(meetings(whole(parts), yard, limits, same, _frames(MERGE_S, yard)))
    found = [*met, *_jumps(parts, yard, limits)]
    found += [_duplicate(one, yard) for one in same]
    found += [_missing(one, yard) for one in missing]
    spans = [] if crossings is None else _spans(crossings)
    found += [_low(one, yard) for one in low if not _blamed(one, met, spans, yard)]
    return sorted(found, key=lambda one: (one.frame, KINDS.index(one.kind), one.who))


def _stretches(
    parts: Collection[Part], yard: Yard, limits: Limits
) -> tuple[list[Stretch], list[Stretch], list[Stretch]]:
    """Where two animals are at one place, where one is missing, and where one is unsure."""
    same: list[Stretch] = []
    missing: list[Stretch] = []
    low: list[Stretch] = []
    for part in parts:
        n = part.xy.shape[1]
        for a, b in itertools.combinations(range(n), 2):
            apart = np.linalg.norm(part.xy[:, a] - part.xy[:, b], axis=1) / yard.length
            same += stretches(part, apart <= limits.same_lengths, (a, b), apart)
        here = np.isfinite(part.xy[..., 0])
        here = here if part.filled is None else here | part.filled
        for k in range(n):
            missing += stretches(part, ~here[:, k], (k,))
            sure = part.confidence[:, k]
            low += stretches(part, sure < limits.low_confidence, (k,), sure)
    gone = [one for one in joined(missing) if one.stop - one.start >= max(limits.min_missing, 1)]
    merge, low_merge = _frames(MERGE_S, yard), _frames(LOW_MERGE_S, yard)
    return joined(same, merge), gone, joined(low, low_merge)


def _frames(seconds: float, yard: Yard) -> int:
    return max(1, round(seconds / yard.frame_s))


def _crossings(table: pa.Table, yard: Yard, limits: Limits) -> list[Doubt]:
    """Crossings that cost too much of the certainty who is who."""
    found = []
    for row in table.to_pylist():
        sure = float(row["probability"])
        if 1 - sure < limits.min_fall:
            continue
        start = min(row["start_frame"], len(yard.time_s) - 1)
        stop = max(row["stop_frame"], start + 1)
        why = f"{_met(row, yard)}; {100 * sure:.0f} % sure they left as said"
        who = tuple(sorted(animal - 1 for animal in row["animals"]))
        # 0 when it is sure, 1 when it is no better than a coin
        found.append(Doubt("crossing", start, stop, who, min(1.0, 2 * (1 - sure)), why))
    return found


def _met(row: dict[str, Any], yard: Yard) -> str:
    """What happened in a crossing, in words."""
    step = 1 if row["kind"] == "contact" else 0  # frames of a crossing that is one step
    if row["stop_frame"] - row["start_frame"] <= step:
        return "passed so close that one step could be of either"
    span = f"{yard.seconds(row['start_frame'], row['stop_frame']):.1f} s"
    if row["kind"] == "lost":
        return f"could not all be seen for {span}"
    return f"lay together for {span}"


def _jumps(parts: Collection[Part], yard: Yard, limits: Limits) -> list[Doubt]:
    """Steps between neighbouring frames, compared in px/s with the average of all animals."""
    limit = (yard.mean_speed + limits.jump_std * yard.std_speed) * (1 + ROUNDING)
    found = []
    for start, xy in yard.linked(parts):
        step, speed = yard.steps(start, xy)
        far = (speed > limit) & (step >= limits.jump_lengths * yard.length)
        for before in np.flatnonzero(far.any(1)).tolist():
            who = np.flatnonzero(far[before])
            k = int(who[speed[before, who].argmax()])
            fastest = float(speed[before, k])
            times = (fastest - yard.mean_speed) / yard.std_speed if yard.std_speed else math.inf
            why = (
                f"moved {step[before, k] / yard.length:.1f} body lengths in one frame, "
                f"{times:.0f} std above the average step"
            )
            x, y = sorted(xy[before + 1, who].tolist())[0]  # the same after a swap
            frame = start + before + 1
            score = 1 - 0.5 * limit / fastest  # a step beyond the limit is half wrong at once
            found.append(Doubt("jump", frame, frame + 1, tuple(who.tolist()), score, why, (x, y)))
    return found


def _duplicate(one: Stretch, yard: Yard) -> Doubt:
    span = yard.seconds(one.start, one.stop)
    why = f"lay at one place for {span:.1f} s, centres {one.least:.2f} body lengths apart"
    return Doubt("duplicate", one.start, one.stop, one.who, 1 - one.least / 2, why, one.xy)


def _missing(one: Stretch, yard: Yard) -> Doubt:
    """What is not found is known to be: it never weighs more than half."""
    span = yard.seconds(one.start, one.stop)
    why = f"was not found for {one.stop - one.start} frames ({span:.2f} s)"
    return Doubt("missing", one.start, one.stop, one.who, 0.5 * span / (span + 1), why, one.xy)


def _low(one: Stretch, yard: Yard) -> Doubt:
    span = yard.seconds(one.start, one.stop)
    why = f"may be another animal for {span:.1f} s; {100 * one.least:.0f} % sure at the least"
    return Doubt("low_confidence", one.start, one.stop, one.who, 1 - one.least, why, one.xy)


def _spans(crossings: pa.Table) -> list[tuple[frozenset[int], int, int]]:
    """Who was in each crossing, and from when to when."""
    return [
        (frozenset(k - 1 for k in row["animals"]), row["start_frame"], row["stop_frame"])
        for row in crossings.to_pylist()
    ]


def _blamed(
    one: Stretch,
    met: Sequence[Doubt],
    spans: Sequence[tuple[frozenset[int], int, int]],
    yard: Yard,
) -> bool:
    """Whether a crossing explains why an identity is less sure: one in the list at which the
    stretch begins or ends, or any that it lies within, since it is over with it."""
    near, who = _frames(LOW_MERGE_S, yard), one.who[0]
    listed = any(
        who in cross.who and cross.frame - near <= end <= cross.stop_frame + near
        for cross in met
        for end in (one.start, one.stop)
    )
    return listed or any(
        who in inside and start <= one.start and one.stop <= stop for inside, start, stop in spans
    )
