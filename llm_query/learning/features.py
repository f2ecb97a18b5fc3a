"""Measures of an animal over several windows of time, the columns that behaviours are learned from.

Each signal (see `signals`) is taken at the frame and summed up in windows whose lengths are in
seconds of real time, so that 25 and 60 frames/s give the same. A window looks at the frames in
which the signal is known; with none it is NaN. Means are taken before and after the frame, not
around it: they tell the frame at which a behaviour begins and ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from llm_query.errors import QueryError
from llm_query.learning.signals import signals
from llm_query.recording import Recording

if TYPE_CHECKING:
    import pandas as pd

WINDOWS_S = (0.2, 0.5, 1.0, 2.0)  # of the means before and after
AROUND_S = 1.0  # of the others; in all four windows they were many and no help
STATISTICS = {
    "plain": ("std", "min", "max"),
    "signed": ("std", "max", "net"),
}
SAID = {  # statistic: how a feature's name says it
    "before": "mean in {} s before", "after": "mean in {} s after", "std": "std in {} s",
    "min": "min in {} s", "max": "max in {} s", "net": "net in {} s",
}  # fmt: skip


def feature_names(recording: Recording, animal: str, target: str | None = None) -> list[str]:
    """The names of all features this recording has of the animal (and its partner).

    "speed" is the signal at the frame, "speed, std in 1 s" how it varies in a window around it,
    "speed, mean in 0.5 s before" its mean in the window that ends with it.

    >>> from llm_query.examples import example_recording
    >>> feature_names(example_recording(), "animal1")[:3]
    ['speed', 'speed, mean in 0.2 s before', 'speed, mean in 0.2 s after']
    """
    names = []
    for name, signal in signals(recording, animal, target).items():
        names.append(name)
        sides = product(WINDOWS_S, ("before", "after"))
        names += [_named(name, side, seconds) for seconds, side in sides]
        names += [_named(name, what, AROUND_S) for what in STATISTICS[signal.kind]]
    return names


def feature_values(
    recording: Recording,
    animal: str,
    target: str | None = None,
    names: Sequence[str] | None = None,
    frames: np.ndarray | None = None,
) -> np.ndarray:
    """(m, f) float32: the named features (all of them by default) in m frames (all by default).

    Lengths are in body lengths, angles in degrees, times in seconds. NaN where it is not known.

    >>> from llm_query.examples import example_recording
    >>> names = ["speed", "speed, mean in 1 s after"]
    >>> feature_values(example_recording(), "animal1", names=names, frames=np.array([30])).tolist()
    [[2.5, 2.5]]
    """
    names = feature_names(recording, animal, target) if names is None else list(names)
    frames = np.arange(recording.n_frames) if frames is None else np.asarray(frames)
    known = signals(recording, animal, target)
    wanted: dict[str, list[tuple[int, str, float]]] = {}
    for column, name in enumerate(names):
        signal, what, seconds = parse(name)
        wanted.setdefault(signal, []).append((column, what, seconds))
    missing = [name for name in wanted if name not in known]
    if missing:
        who = animal if target is None else f"{animal} and {target}"
        raise QueryError(
            f"{recording.video} does not have what this needs of {who}: {', '.join(missing)}. "
            "Import or track the video with the body points and outlines it was learned from."
        )
    spans = _Spans(recording.time_s, frames)
    out = np.empty((len(frames), len(names)), dtype=np.float32)
    for signal, columns in wanted.items():
        one = _Summary(np.asarray(known[signal].make(), dtype=float), known[signal].kind, spans)
        for column, what, seconds in columns:
            out[:, column] = one.of(what, seconds)
    return out


def behaviour_features(
    recording: Recording, animal: str, target: str | None = None
) -> pd.DataFrame:
    """Every measure that behaviours are learned from, as a table of one row per frame.

    target: another animal, for measures of the two; without one, of the nearest neighbour. Motion,
    posture and company at the frame, their means in the 0.2, 0.5, 1 and 2 s before and after it,
    and std, min and max in 1 s around it. Lengths are in the animal's body lengths, angles in
    degrees, seconds real. The same for a scene that is moved, turned or mirrored; regions are
    left out. NaN is unknown.

    Source: ours; windows as in SimBA and MARS, but in seconds, and lengths in body lengths.

    >>> table = behaviour_features(example_recording(), "animal1", "animal2")
    >>> float(table["partner distance"].iloc[-1])
    1.0
    """
    import pandas as pd

    names = feature_names(recording, animal, target)
    values = feature_values(recording, animal, target, names)
    table = pd.DataFrame(values, columns=names)
    table.insert(0, "time_s", recording.time_s)
    return table


def _named(signal: str, what: str, seconds: float) -> str:
    return f"{signal}, {SAID[what].format(f'{seconds:g}')}"


def parse(name: str) -> tuple[str, str, float]:
    """A feature's signal, statistic and window in seconds (0 for the frame itself).

    >>> parse("nose to tail_base, std in 0.2 s"), parse("speed")
    (('nose to tail_base', 'std', 0.2), ('speed', 'now', 0.0))
    """
    signal, comma, rest = name.partition(", ")
    if not comma:
        return name, "now", 0.0
    what, _, seconds = rest.partition(" in ")
    number, _, side = seconds.partition(" s")
    try:
        return signal, side.strip() or what, float(number)
    except ValueError as error:
        raise QueryError(f'"{name}" is not a feature: "speed, std in 1 s" would be.') from error


class _Spans:
    """Which frames the windows of the frames hold: [low, high) by length in seconds and side."""

    def __init__(self, time_s: np.ndarray, frames: np.ndarray) -> None:
        self.time_s, self.frames = time_s, frames
        self._known: dict[tuple[float, str], tuple[np.ndarray, np.ndarray]] = {}

    def of(self, seconds: float, side: str) -> tuple[np.ndarray, np.ndarray]:
        """Around every frame, or the frame and what is "before" or "after" it."""
        if (seconds, side) not in self._known:
            back = {"before": seconds, "after": 0.0}.get(side, seconds / 2) + 1e-9
            ahead = {"before": 0.0, "after": seconds}.get(side, seconds / 2) + 1e-9
            here = self.time_s[self.frames]
            low = np.searchsorted(self.time_s, here - back, side="left")
            high = np.searchsorted(self.time_s, here + ahead, side="right")
            self._known[seconds, side] = low, high
        return self._known[seconds, side]


class _Summary:
    """Statistics of one signal over windows, each from running sums or nested extremes."""

    def __init__(self, values: np.ndarray, kind: str, spans: _Spans) -> None:
        self.kind, self.spans = kind, spans
        self.raw = values
        self.values = np.abs(values) if kind == "signed" else values
        self._sums: dict[str, np.ndarray] = {}
        self._levels: dict[str, list[np.ndarray]] = {}

    def of(self, what: str, seconds: float) -> np.ndarray:
        if what == "now":
            return self.values[self.spans.frames]
        low, high = self.spans.of(seconds, what)
        if what in ("min", "max"):
            return self._extreme(what, low, high)
        if what == "std":
            return self._deviation(self.raw, "raw", low, high)
        if what == "net":
            return np.abs(self._mean(self.raw, "raw", low, high))
        if what in ("before", "after"):
            return self._mean(self.values, "values", low, high)
        raise QueryError(f'A feature has no "{what}": {", ".join(STATISTICS["plain"])}.')

    def _running(self, values: np.ndarray, key: str) -> tuple[np.ndarray, np.ndarray, float]:
        """Running sums of (count, x, x squared), around the signal's middle for their precision."""
        if key not in self._sums:
            seen = np.isfinite(values)
            middle = float(values[seen].mean()) if seen.any() else 0.0
            x = np.where(seen, values - middle, 0.0)
            sums = np.zeros((3, len(values) + 1))
            np.cumsum(np.stack([seen.astype(float), x, x * x]), axis=1, out=sums[:, 1:])
            self._sums[key] = sums
            self._sums[f"{key} middle"] = np.array(middle)
        return self._sums[key][0], self._sums[key][1:], float(self._sums[f"{key} middle"])

    def _mean(self, values: np.ndarray, key: str, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        count, sums, middle = self._running(values, key)
        number = count[high] - count[low]
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(number > 0, middle + (sums[0, high] - sums[0, low]) / number, np.nan)

    def _deviation(
        self, values: np.ndarray, key: str, low: np.ndarray, high: np.ndarray
    ) -> np.ndarray:
        count, sums, _ = self._running(values, key)
        number = count[high] - count[low]
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = (sums[0, high] - sums[0, low]) / number
            square = (sums[1, high] - sums[1, low]) / number
            return np.where(number > 0, np.sqrt(np.maximum(square - mean**2, 0)), np.nan)

    def _extreme(self, what: str, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Smallest or largest in [low, high): of two stretches of 2**k frames that cover it."""
        choose = np.fmin if what == "min" else np.fmax
        levels = self._levels.setdefault(what, [self.values])
        power = np.frexp((high - low).astype(float))[1] - 1  # floor of log2, exact
        for k in range(len(levels), int(power.max(initial=0)) + 1):
            half = 1 << (k - 1)
            levels.append(choose(levels[-1][:-half], levels[-1][half:]))
        found = np.empty(len(low))
        for k in np.unique(power):
            rows = power == k
            level = levels[k]
            found[rows] = choose(level[low[rows]], level[high[rows] - (1 << int(k))])
        return found
