"""The table of bouts: half-open frame intervals with a subject, a target and real times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from llm_query.algebra.bout_pairs import names
from llm_query.algebra.intervals import bridge, cover, runs
from llm_query.errors import QueryError

if TYPE_CHECKING:
    from typing import Self

    import pandas as pd

Pair = tuple[str, str | None]
COLUMNS = (
    "behaviour", "subject", "target", "kind", "start_frame", "stop_frame",
    "start_s", "stop_s", "duration_s", "definition",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class BoutTable:
    """The rows of Bouts, checked, and how they are made from masks; see Bouts."""

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
    ) -> Self:
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
        mask, known = bridge(mask, known, max_gap_frames, edges_s)
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
    ) -> Self:
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

    def named(self, behaviour: str, definition: str | None = None) -> Self:
        """The same bouts under another name (and definition)."""
        text = self.definition if definition is None else definition
        return replace(self, behaviour=behaviour, definition=text)

    def noted(self, what: str) -> Self:
        """The same bouts, with what was done to them at the end of the definition."""
        return replace(self, definition=f"{self.definition}, {what}" if self.definition else what)

    def keep(self, rows: np.ndarray) -> Self:
        """The bouts chosen by an (k,) mask or by row numbers; everybody stays watched."""
        return replace(
            self,
            pair_index=self.pair_index[rows],
            start_frame=self.start_frame[rows],
            stop_frame=self.stop_frame[rows],
        )

    def only(self, subject: str | None = None, target: str | None = None) -> Self:
        """The bouts of one subject, or towards one target, alone."""
        fits = [
            (subject is None or s == subject) and (target is None or t == target)
            for s, t in self.pairs
        ]
        if not any(fits):
            raise QueryError(
                f"Nobody here is subject {subject}, target {target}: these are bouts of "
                f"{names(self.pairs)}."
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

    def mask(self) -> np.ndarray:
        """(n,) bool: the frames in any of the bouts; a point marks its own frame."""
        stop = np.maximum(self.stop_frame, self.start_frame + 1)
        return cover(self.start_frame, stop, self.n_frames)

    def to_frame(self) -> pd.DataFrame:
        """The table of bouts, one row each, in the order of their start."""
        import pandas as pd

        return pd.DataFrame(
            self.columns(), index=range(len(self.start_frame)), columns=list(COLUMNS)
        )

    def columns(self) -> dict[str, Any]:
        """The columns of `to_frame`; a text that all rows share is given once."""
        return {
            "behaviour": self.behaviour, "subject": self.subject, "target": self.target,
            "kind": self.kind, "start_frame": self.start_frame, "stop_frame": self.stop_frame,
            "start_s": self.start_s, "stop_s": self.stop_s, "duration_s": self.durations_s,
            "definition": self.definition,
        }  # fmt: skip
