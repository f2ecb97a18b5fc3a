"""Frames in which an identity may be wrong: what a person who proofreads should look at.

Five kinds. `crossing`: two animals close together while their confidence falls. `jump`: a step
far longer than usual. `missing`: an animal is not found for a while. `duplicate`: two animals at
one place. `low confidence`: an identity less sure than a limit, and no crossing to blame.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from storage.edit_tracks import checked_keys, find_animal
from storage.edits import log
from storage.errors import StudyError
from storage.study import Study
from storage.track_rows import active_id
from storage.videos import animal_names, frame_times

KINDS = ("crossing", "jump", "missing", "duplicate", "low confidence")
COLUMNS = (
    "kind", "frame", "stop_frame", "time_s", "animals", "severity", "what", "x_px", "y_px",
    "settled", "checked", "key",
)  # fmt: skip
MERGE_S = 0.3  # two crossings of the same animals closer than this are looked at as one


@dataclass(frozen=True)
class Limits:
    """What counts as doubtful; lengths in median body lengths of the video."""

    jump_std: float = 10.0  # a jump is this many standard deviations above the average step
    jump_lengths: float = 0.25  # and at least this long in one frame
    close_lengths: float = 1.0  # centres of a crossing
    min_fall: float = 0.05  # share of the confidence that a crossing costs
    same_lengths: float = 0.1  # centres of a duplicate
    min_missing: int = 4  # frames; measures bridge shorter gaps by themselves
    low_confidence: float = 0.5

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not math.isfinite(value) or value < 0:
                raise StudyError(f"{name} is {value}: give a number from 0 up.")


@dataclass(frozen=True)
class Paths:
    """The tracks of n animals over F frames; NaN where an animal was not found."""

    time_s: np.ndarray  # (F,)
    xy: np.ndarray  # (F, n, 2) px
    filled: np.ndarray  # (F, n) bool: a person filled the gap
    confidence: np.ndarray  # (F, n)
    length: float  # median body length, px
    animals: tuple[int, ...]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Doubt:
    """One place to look at."""

    kind: str
    frame: int
    stop_frame: int
    who: tuple[int, ...]  # columns of Paths
    severity: float  # 0 to 1, to sort one kind by
    what: str
    xy: tuple[float, float]  # px

    @property
    def key(self) -> str:
        """The same for the same place, whoever it is said to be: swaps do not change it."""
        x, y = (round(value) if math.isfinite(value) else "" for value in self.xy)
        return f"{self.kind}:{self.frame}:{self.stop_frame}:{x}:{y}"


def doubts(study: Study, video_id: int, limits: Limits | None = None) -> pd.DataFrame:
    """Every doubtful place of a video's present tracks, in the order of frames.

    Columns kind, frame, stop_frame, time_s, animals (list of names), severity (0 to 1, within its
    kind), what, x_px, y_px, settled (a person corrected the tracks there), checked (ticked off)
    and key, by which `tracks.checked` names it.
    """
    paths = read_paths(study, video_id)
    settled = settled_links(study, video_id, paths)
    found = sorted(
        find_doubts(paths, limits or Limits(), settled), key=lambda d: (d.frame, d.kind, d.who)
    )
    ticked = checked_keys(study, video_id)
    rows = [
        {
            "kind": one.kind, "frame": one.frame, "stop_frame": one.stop_frame,
            "time_s": float(paths.time_s[one.frame]), "animals": [paths.names[k] for k in one.who],
            "severity": round(one.severity, 4), "what": one.what,
            "x_px": one.xy[0], "y_px": one.xy[1],
            "settled": bool(_near(settled, one).any()), "checked": one.key in ticked,
            "key": one.key,
        }
        for one in found
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def find_doubts(paths: Paths, limits: Limits, settled: np.ndarray) -> Iterator[Doubt]:
    """Every doubtful place, by kind; `settled` (F, n) bool are links that a person made."""
    yield from _meetings(paths, limits, settled)
    yield from _jumps(paths, limits)
    yield from _missing(paths, limits)
    yield from _low(paths, limits)


def read_paths(study: Study, video_id: int) -> Paths:
    """The tracks of the active run as arrays."""
    run_id = active_id(study, video_id)
    names = animal_names(study, video_id)
    time_s = frame_times(study, video_id)
    table = study.arrow(
        "SELECT frame, animal_id, x_px, y_px, detected, identity_confidence, length_px "
        "FROM tracks WHERE run_id = ? AND video_id = ?",
        [run_id, video_id],
    )
    column = {name: table[name].to_numpy() for name in table.column_names}
    order = {number: k for k, number in enumerate(names)}
    slots = np.array([order.get(k, -1) for k in range(max(order) + 1)])
    at = (column["frame"], slots[column["animal_id"]])
    shape = (len(time_s), len(names))
    xy, confidence = np.full((*shape, 2), np.nan), np.full(shape, np.nan)
    xy[at] = np.stack((column["x_px"], column["y_px"]), 1)
    confidence[at] = column["identity_confidence"]
    seen = np.zeros(shape, bool)
    seen[at] = column["detected"]
    filled = ~seen & np.isfinite(xy[..., 0])
    xy[~seen] = np.nan
    lengths = column["length_px"][np.isfinite(column["length_px"])]
    length = float(np.median(lengths)) if lengths.size else _usual_distance(xy)
    return Paths(time_s, xy, filled, confidence, length, tuple(names), tuple(names.values()))


def settled_links(study: Study, video_id: int, paths: Paths) -> np.ndarray:
    """(F, n) bool: a standing edit decided who this is, or that it is who was there before.

    A jump is never settled: one that is still there after a swap may be a wrong swap.
    """
    settled = np.zeros(paths.filled.shape, bool)
    run_id, last = active_id(study, video_id), len(settled)
    edits = log(study, video_id)
    edits = edits[edits["stands"] & (edits["run_id"] == run_id) & (edits["scope"] == "tracks")]
    for kind, text in zip(edits["kind"], edits["data"], strict=True):
        data = json.loads(text)
        who = [data[name] for name in ("a", "b", "animal") if name in data]
        try:
            columns = [paths.animals.index(find_animal(study, video_id, one)) for one in who]
        except StudyError:  # renamed since
            columns = list(range(len(paths.animals)))
        start = data.get("frame", data.get("start_frame"))
        stop = start + 1 if "frame" in data else data.get("stop_frame")
        if kind in ("tracks.swap", "tracks.mask"):
            settled[start, columns] = True
        if kind == "tracks.delete":
            settled[start:stop, columns] = np.isnan(paths.xy[start:stop, columns, 0])
        if kind in ("tracks.swap", "tracks.mask", "tracks.delete") and stop is not None:
            settled[min(stop, last - 1), columns] = True
    return settled


def _usual_distance(xy: np.ndarray) -> float:
    """A length to compare with where bodies have none: a twentieth of where animals go."""
    if not np.isfinite(xy).any():
        return 1.0
    spread = np.nanmax(xy, axis=(0, 1)) - np.nanmin(xy, axis=(0, 1))
    return max(float(np.hypot(*spread)) / 20, 1.0)


def _near(settled: np.ndarray, one: Doubt) -> np.ndarray:
    frames = slice(max(one.frame - 1, 0), one.stop_frame + 1)
    return settled[frames, list(one.who)] & (one.kind != "jump")


def _runs(here: np.ndarray, merge: int = 0) -> Iterator[tuple[int, int]]:
    """Start and stop of every stretch that is True; gaps of up to `merge` frames are bridged."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], here, [False])).astype(np.int8)))
    starts, stops = edges[::2], edges[1::2]
    apart = np.flatnonzero(starts[1:] - stops[:-1] > merge)
    if len(starts):
        first = starts[np.concatenate(([0], apart + 1))]
        last = stops[np.concatenate((apart, [len(stops) - 1]))]
        yield from zip(first.tolist(), last.tolist(), strict=True)


def _falls(paths: Paths, settled: np.ndarray) -> np.ndarray:
    """(F, n) natural logarithm of what each link cost in confidence, 0 or below."""
    known = np.isfinite(paths.confidence)
    index = np.where(known, np.arange(len(known))[:, None], 0)
    last = np.maximum.accumulate(index, axis=0)
    filled = np.take_along_axis(paths.confidence, last, axis=0)
    level = np.log(np.clip(np.nan_to_num(filled, nan=1.0), 1e-6, None))
    falls = np.minimum(np.diff(level, axis=0, prepend=level[:1]), 0.0)
    return np.where(settled | ~known, 0.0, falls)


def _meetings(paths: Paths, limits: Limits, settled: np.ndarray) -> Iterator[Doubt]:
    """Crossings and duplicates of every pair."""
    spent = np.cumsum(_falls(paths, settled), axis=0)
    rated = np.isfinite(paths.confidence).any()
    merge = max(1, round(MERGE_S / _frame_s(paths)))
    for a, b in itertools.combinations(range(len(paths.animals)), 2):
        apart = np.linalg.norm(paths.xy[:, a] - paths.xy[:, b], axis=1) / paths.length
        apart = np.nan_to_num(apart, nan=np.inf)
        same = list(_runs(apart <= limits.same_lengths, merge))
        for start, stop in same:
            near = float(apart[start:stop].min())
            what = f"centres {near * paths.length:.1f} px apart"
            yield _pair(paths, "duplicate", a, b, start, stop, 1 - near / 2, what, apart)
        for start, stop in _runs(apart <= limits.close_lengths, merge):
            if any(first < stop and start < last for first, last in same):
                continue
            lost = _cost(spent, (a, b), start, stop + merge)
            near = float(apart[start:stop].min())
            unclear = lost >= limits.min_fall if rated else near <= limits.close_lengths / 2
            if not unclear:
                continue
            what = f"{near:.2f} body lengths apart" + (
                f", confidence falls by {lost:.0%}" if rated else ""
            )
            severity = lost if rated else 1 - near
            if rated:
                start, stop = _trimmed(spent, (a, b), start, stop + merge)
            yield _pair(paths, "crossing", a, b, start, stop, severity, what, apart)


def _cost(spent: np.ndarray, who: Iterable[int], start: int, stop: int) -> float:
    """The largest share of confidence that one of these animals loses in some frames."""
    last = min(stop, len(spent)) - 1
    return float(max(1 - np.exp(spent[last, k] - spent[max(start - 1, 0), k]) for k in who))


def _trimmed(spent: np.ndarray, who: Iterable[int], start: int, stop: int) -> tuple[int, int]:
    """The frames of a long meeting in which nine tenths of the confidence is lost."""
    stop = min(stop, len(spent))
    before = max(start - 1, 0)
    lost = sum(spent[before, k] - spent[start:stop, k] for k in who)
    first, last = np.searchsorted(lost, [0.05 * lost[-1], 0.95 * lost[-1]])
    return start + int(first), start + int(last) + 1


def _pair(
    paths: Paths, kind: str, a: int, b: int, start: int, stop: int, severity: float, what: str,
    apart: np.ndarray,
) -> Doubt:  # fmt: skip
    nearest = start + int(apart[start:stop].argmin())
    x, y = paths.xy[nearest, [a, b]].mean(0).tolist()
    return Doubt(kind, start, stop, (a, b), severity, what, (x, y))


def _jumps(paths: Paths, limits: Limits) -> Iterator[Doubt]:
    """Steps between neighbouring frames, compared in px/s with the average of all animals."""
    if len(paths.time_s) < 2:
        return
    step = np.linalg.norm(np.diff(paths.xy, axis=0), axis=2)
    seconds = np.diff(paths.time_s)
    seconds = np.where(seconds > 0, seconds, _frame_s(paths))[:, None]
    speed = step / seconds
    known = speed[np.isfinite(speed)]
    if not known.size:
        return
    mean, spread = float(known.mean()), float(known.std())
    limit = mean + limits.jump_std * spread
    far = (speed > limit) & (step >= limits.jump_lengths * paths.length)
    for before in np.flatnonzero(far.any(1)).tolist():
        who = np.flatnonzero(far[before])
        k = int(who[speed[before, who].argmax()])
        times = (speed[before, k] - mean) / spread if spread else math.inf
        what = f"{step[before, k]:.0f} px in one frame, {times:.0f} std above the average"
        severity = 1 - limit / float(speed[before, k])
        x, y = sorted(paths.xy[before + 1, who].tolist())[0]  # the same after a swap
        yield Doubt("jump", before + 1, before + 2, tuple(who.tolist()), severity, what, (x, y))


def _missing(paths: Paths, limits: Limits) -> Iterator[Doubt]:
    """Gaps that nobody filled."""
    edges_s = np.append(paths.time_s, paths.time_s[-1] + _frame_s(paths))
    here = np.isfinite(paths.xy[..., 0]) | paths.filled
    for k in range(len(paths.animals)):
        for start, stop in _runs(~here[:, k]):
            if stop - start < max(limits.min_missing, 1):
                continue
            seconds = float(edges_s[stop] - edges_s[start])
            near = start - 1 if start else min(stop, len(here) - 1)
            x, y = paths.xy[near, k].tolist()
            what = f"not found for {stop - start} frames ({seconds:.2f} s)"
            yield Doubt("missing", start, stop, (k,), seconds / (seconds + 1), what, (x, y))


def _low(paths: Paths, limits: Limits) -> Iterator[Doubt]:
    """Where an identity begins to be less sure than the limit, one for each stretch."""
    known = np.isfinite(paths.confidence)
    merge = max(1, round(1 / _frame_s(paths)))
    for k in range(len(paths.animals)):
        low = known[:, k] & (paths.confidence[:, k] < limits.low_confidence)
        for start, stop in _runs(low, merge):
            least = float(np.nanmin(paths.confidence[start:stop, k]))
            what = f"confidence {least:.2f} at least sure, for {stop - start} frames"
            x, y = paths.xy[start, k].tolist()
            yield Doubt("low confidence", start, start + 1, (k,), 1 - least, what, (x, y))


def _frame_s(paths: Paths) -> float:
    """How long a frame usually lasts, s."""
    steps = np.diff(paths.time_s)
    return max(float(np.median(steps)), 1e-6) if len(steps) else 1.0
