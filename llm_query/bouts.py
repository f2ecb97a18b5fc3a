"""Bouts of behaviour: half-open frame intervals with a subject, a target and real times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from llm_query import bout_algebra as algebra
from llm_query.errors import QueryError
from llm_query.intervals import bridge, cover, runs

if TYPE_CHECKING:
    import pandas as pd

Pair = tuple[str, str | None]
TOLERANCE_S = 1e-6  # containers round times to their clock; far below any frame interval
COLUMNS = (
    "behaviour", "subject", "target", "kind", "start_frame", "stop_frame",
    "start_s", "stop_s", "duration_s", "definition",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Bouts:
    """When somebody did something: k intervals [start_frame, stop_frame) on one recording.

    `pairs` lists every (subject, target) that was watched, with bouts or without, so that an animal
    that never did it still counts as 0. Frames in which nobody could tell are `unknown`: they are
    neither in a bout nor in its opposite (~). A "point" event has no duration: its stop is its
    start. Rows are in the order of their start.

    >>> mask = np.array([False, True, True, False, True])
    >>> bouts = Bouts.where(mask, np.arange(6) / 10, "animal1", behaviour="rest")
    >>> bouts.count, round(bouts.total_s, 3), round(bouts.latency_s, 3)
    (2, 0.3, 0.1)
    """

    edges_s: np.ndarray  # (n + 1,) seconds: the time of every frame, then the recording's end
    pairs: tuple[Pair, ...]
    pair_index: np.ndarray  # (k,) which of `pairs`
    start_frame: np.ndarray  # (k,)
    stop_frame: np.ndarray  # (k,), not part of the bout
    behaviour: str = ""
    definition: str = ""
    kind: str = "state"  # or "point"
    unknown: Mapping[Pair, np.ndarray] = field(default_factory=dict)  # (n,) bool; absent = all seen

    def __post_init__(self) -> None:
        order = np.lexsort((self.pair_index, self.stop_frame, self.start_frame))
        for name in ("pair_index", "start_frame", "stop_frame"):
            values = np.asarray(getattr(self, name), dtype=np.int64)
            if values.shape != order.shape:
                raise QueryError(f"Bouts need equally long columns; {name} has {values.shape}.")
            object.__setattr__(self, name, values[order])
        if self.kind not in ("state", "point"):
            raise QueryError(f'A bout is a "state" or a "point", not "{self.kind}".')
        wrong = (self.start_frame < 0) | (self.stop_frame > self.n_frames)
        wrong |= self.stop_frame < self.start_frame + (self.kind == "state")
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise QueryError(
                f"Bout [{self.start_frame[row]}, {self.stop_frame[row]}) is not a stretch of a "
                f"recording of {self.n_frames} frames. Frames count from 0, the stop is excluded."
            )

    # making

    @classmethod
    def where(
        cls,
        mask: np.ndarray,
        edges_s: np.ndarray,
        subject: str,
        target: str | None = None,
        behaviour: str = "",
        *,
        known: np.ndarray | None = None,
        max_gap_frames: int = 3,
        definition: str = "",
    ) -> Bouts:
        """The stretches of true frames as bouts of one subject (and target).

        `edges_s` is (n + 1,): every frame's time and the end of the recording. `known` (n,) says in
        which frames `mask` could be told; gaps of up to `max_gap_frames` between like sides are
        bridged, longer ones end the bout.
        """
        mask = np.asarray(mask, dtype=bool)
        edges_s = np.asarray(edges_s, dtype=float)
        if mask.ndim != 1 or len(edges_s) != len(mask) + 1:
            raise QueryError(
                f"A mask of shape {mask.shape} does not fit {len(edges_s) - 1} frames: give one "
                "true or false per frame."
            )
        known = np.ones(len(mask), dtype=bool) if known is None else np.asarray(known, dtype=bool)
        mask, known = bridge(mask, known, max_gap_frames)
        state = {(subject, target): (mask, ~known)}
        return cls.from_masks(state, edges_s, behaviour, definition)

    @classmethod
    def from_masks(
        cls,
        states: Mapping[Pair, tuple[np.ndarray, np.ndarray | None]],
        edges_s: np.ndarray,
        behaviour: str = "",
        definition: str = "",
        kind: str = "state",
    ) -> Bouts:
        """Bouts from one (mask, unknown) per (subject, target); a point is one true frame."""
        spans = []
        for mask, _ in states.values():
            frames = np.flatnonzero(mask)
            spans.append((frames, frames) if kind == "point" else runs(mask))
        counts = [len(start) for start, _ in spans]
        empty = np.empty(0, dtype=np.int64)
        return cls(
            edges_s=edges_s,
            pairs=tuple(states),
            pair_index=np.repeat(np.arange(len(counts)), counts),
            start_frame=np.concatenate([empty, *(start for start, _ in spans)]),
            stop_frame=np.concatenate([empty, *(stop for _, stop in spans)]),
            behaviour=behaviour,
            definition=definition,
            kind=kind,
            unknown={p: u for p, (_, u) in states.items() if u is not None and u.any()},
        )

    def named(self, behaviour: str, definition: str | None = None) -> Bouts:
        """The same bouts under another name (and definition)."""
        text = self.definition if definition is None else definition
        return replace(self, behaviour=behaviour, definition=text)

    def keep(self, rows: np.ndarray) -> Bouts:
        """The bouts chosen by an (k,) mask or by row numbers; everybody stays watched."""
        return replace(
            self,
            pair_index=self.pair_index[rows],
            start_frame=self.start_frame[rows],
            stop_frame=self.stop_frame[rows],
        )

    def only(self, subject: str | None = None, target: str | None = None) -> Bouts:
        """The bouts of one subject, or towards one target, alone."""
        fits = [
            (subject is None or s == subject) and (target is None or t == target)
            for s, t in self.pairs
        ]
        if not any(fits):
            raise QueryError(
                f"Nobody here is subject {subject}, target {target}: these are bouts of "
                f"{algebra.names(self.pairs)}."
            )
        kept = self.keep(np.asarray(fits)[self.pair_index])
        number = np.cumsum(fits) - 1
        pairs = tuple(p for p, fit in zip(self.pairs, fits, strict=True) if fit)
        return replace(kept, pairs=pairs, pair_index=number[kept.pair_index])

    # columns

    @property
    def n_frames(self) -> int:
        """Frames of the recording."""
        return len(self.edges_s) - 1

    @property
    def subject(self) -> np.ndarray:
        """(k,) names of the animals that did it."""
        return np.array([self.pairs[i][0] for i in self.pair_index], dtype=object)

    @property
    def target(self) -> np.ndarray:
        """(k,) names of the animals it was done to, None where there is none."""
        return np.array([self.pairs[i][1] for i in self.pair_index], dtype=object)

    @property
    def start_s(self) -> np.ndarray:
        """(k,) seconds: the time of start_frame."""
        return self.edges_s[self.start_frame]

    @property
    def stop_s(self) -> np.ndarray:
        """(k,) seconds: the time of stop_frame, or the end of the recording."""
        return self.edges_s[self.stop_frame]

    @property
    def durations_s(self) -> np.ndarray:
        """(k,) seconds from start to stop; 0 for point events."""
        return self.stop_s - self.start_s

    # numbers

    @property
    def count(self) -> int:
        """How many bouts, of everybody here."""
        return len(self.start_frame)

    def __len__(self) -> int:
        return self.count

    @property
    def total_s(self) -> float:
        """Seconds of all bouts together; with several subjects or targets, their sum."""
        return float(self.durations_s.sum())

    @property
    def mean_s(self) -> float:
        """Mean duration of a bout in seconds, NaN without bouts."""
        return float(self.durations_s.mean()) if self.count else float("nan")

    @property
    def longest_s(self) -> float:
        """Duration of the longest bout in seconds, NaN without bouts."""
        return float(self.durations_s.max()) if self.count else float("nan")

    @property
    def latency_s(self) -> float:
        """Seconds from the recording's start to the first bout; NaN (censored) when never."""
        return float(self.start_s[0] - self.edges_s[0]) if self.count else float("nan")

    @property
    def censored(self) -> bool:
        """Whether it never happened, so that the latency is only known to exceed the recording."""
        return self.count == 0

    @property
    def fraction(self) -> float:
        """Share (0 to 1) of the recording's whole length; of one subject and target only."""
        if len(self.pairs) > 1:
            raise QueryError(
                f"A share of the recording is one animal's; these are {algebra.names(self.pairs)}. "
                'Take by_subject(), only("animal1") or any_target() first.'
            )
        return self.total_s / float(self.edges_s[-1] - self.edges_s[0])

    @property
    def percent(self) -> float:
        """`fraction` in percent of the recording's length."""
        return 100 * self.fraction

    def fraction_within(self, start_s: float, stop_s: float) -> float:
        """Share (0 to 1) of the time between start_s and stop_s, as far as the recording lasts."""
        low, high = algebra.window(self.edges_s, start_s, stop_s)
        length = float(self.edges_s[high] - self.edges_s[low])
        whole = float(self.edges_s[-1] - self.edges_s[0])
        return self.within(start_s, stop_s).fraction * whole / length

    def by_subject(self) -> pd.DataFrame:
        """One row per subject and target: count, seconds, latency, share; zeros included."""
        import pandas as pd

        rows = []
        for subject, target in self.pairs:
            one = algebra.single(self, (subject, target))
            rows.append(
                {
                    "subject": subject, "target": target, "count": one.count,
                    "total_s": one.total_s, "mean_s": one.mean_s, "latency_s": one.latency_s,
                    "censored": one.censored, "fraction": one.fraction,
                }
            )  # fmt: skip
        return pd.DataFrame(rows)

    def mask(self) -> np.ndarray:
        """(n,) bool: the frames in any of the bouts; a point marks its own frame."""
        stop = np.maximum(self.stop_frame, self.start_frame + 1)
        return cover(self.start_frame, stop, self.n_frames)

    def to_frame(self) -> pd.DataFrame:
        """The table of bouts, one row each, in the order of their start."""
        import pandas as pd

        return pd.DataFrame(self.columns(), index=range(self.count), columns=list(COLUMNS))

    def columns(self) -> dict[str, Any]:
        """The columns of `to_frame`; a text that all rows share is given once."""
        return {
            "behaviour": self.behaviour, "subject": self.subject, "target": self.target,
            "kind": self.kind, "start_frame": self.start_frame, "stop_frame": self.stop_frame,
            "start_s": self.start_s, "stop_s": self.stop_s, "duration_s": self.durations_s,
            "definition": self.definition,
        }  # fmt: skip

    def __repr__(self) -> str:
        name = self.behaviour or "bouts"
        who = algebra.names(self.pairs)
        return f"<Bouts {name!r}: {self.count} of {who}, {self.total_s:.3f} s>"

    # algebra: see bout_pairs for who is combined with whom

    def __and__(self, other: Bouts) -> Bouts:
        return algebra.both(self, other)

    def __or__(self, other: Bouts) -> Bouts:
        return algebra.either(self, other)

    def __invert__(self) -> Bouts:
        return algebra.neither(self)

    def then(self, other: Bouts, within_s: float, *, after: str = "stop") -> Bouts:
        """Sequences: this, then the other one starting at most `within_s` seconds later."""
        return algebra.then(self, other, within_s, after)

    def merge(self, gap_s: float) -> Bouts:
        """Join bouts of the same subject and target with at most `gap_s` seconds between them."""
        return algebra.merge(self, gap_s)

    def overlapping(self, other: Bouts) -> Bouts:
        """The bouts, whole, that share at least one frame with a bout of `other`."""
        return algebra.overlapping(self, other)

    def during(self, other: Bouts) -> Bouts:
        """The bouts, whole, that lie entirely inside a bout of `other`."""
        return algebra.during(self, other)

    def any_target(self) -> Bouts:
        """Per subject, the time it did it to anyone: targets together, overlaps counted once."""
        return algebra.any_target(self)

    def at_least(self, duration_s: float) -> Bouts:
        """The bouts that last `duration_s` seconds or longer."""
        return self.keep(self.durations_s >= duration_s - TOLERANCE_S)

    def at_most(self, duration_s: float) -> Bouts:
        """The bouts that last `duration_s` seconds or less."""
        return self.keep(self.durations_s <= duration_s + TOLERANCE_S)

    def within(self, start_s: float, stop_s: float) -> Bouts:
        """The bouts between two times, clipped at them; `fraction` stays of the recording."""
        return algebra.within(self, start_s, stop_s)

    def nth(self, k: int) -> Bouts:
        """The k-th bout (1 is the first) of every subject and target that has so many."""
        if k < 1:
            raise QueryError(f"Bouts count from 1; there is no bout number {k}.")
        return self.keep(algebra.rank(self) == k)

    def first(self) -> Bouts:
        """The first bout of every subject and target."""
        return self.nth(1)

    def last(self) -> Bouts:
        """The last bout of every subject and target."""
        return self.keep(algebra.rank(self, from_end=True) == 1)


def collect(*bouts: Bouts | Iterable[Bouts]) -> Bouts:
    """Bouts of several animals side by side, nothing combined.

    For tables over all animals. The same subject and target twice is an error: | joins those.

    >>> rest = np.array([True, True, False])
    >>> times = np.arange(4) / 10
    >>> one, two = Bouts.where(rest, times, "animal1"), Bouts.where(~rest, times, "animal2")
    >>> collect(one, two).by_subject()[["subject", "count"]].values.tolist()
    [['animal1', 1], ['animal2', 1]]
    """
    return algebra.collect(bouts)
