"""A learned behaviour: which features it reads, its model, and when a probability is a bout."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from llm_query.bouts import Bouts
from llm_query.errors import QueryError
from llm_query.learning.features import feature_names, feature_values, parse
from llm_query.learning.forests import Forest, stump
from llm_query.learning.signals import length_scale
from llm_query.recording import Recording
from llm_query.states import bouts_where

ROWS_AT_ONCE = 50_000  # frames whose features are in memory together


@dataclass(frozen=True)
class Decision:
    """When a probability is a bout: high enough, short gaps joined, what is too short left out."""

    min_probability: float = 0.5
    merge_gap_s: float = 0.0
    min_duration_s: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.min_probability <= 1:
            raise QueryError(
                f"min_probability is {self.min_probability:g}: give a number above 0 and up to 1."
            )
        if self.merge_gap_s < 0 or self.min_duration_s < 0:
            raise QueryError("merge_gap_s and min_duration_s are seconds, so 0 or more.")

    def __str__(self) -> str:
        return (
            f"probability at least {self.min_probability:.2f}, gaps up to {self.merge_gap_s:g} s "
            f"joined, at least {self.min_duration_s:g} s"
        )

    def bouts(
        self, recording: Recording, probability: np.ndarray, subject: str, target: str | None
    ) -> Bouts:
        """The bouts of a probability per frame, (n,) with NaN where it is not known."""
        known = np.isfinite(probability)
        mask = np.where(known, probability, -1.0) >= self.min_probability
        found = bouts_where(recording, mask, subject, target, known=known)
        if self.merge_gap_s > 0:
            found = found.merge(self.merge_gap_s)
        return found.at_least(self.min_duration_s) if self.min_duration_s > 0 else found


@dataclass(frozen=True, eq=False)
class LearnedBehaviour:
    """One version of a learned behaviour, ready to be applied."""

    name: str
    version: int
    features: tuple[str, ...]
    model: bytes | Forest
    length_unit: str  # as `signals.length_scale` says it
    target_kind: str = "none"  # or "animal": it is done to another animal
    calibration: tuple[tuple[float, ...], tuple[float, ...]] = ((0.0, 1.0), (0.0, 1.0))
    decision: Decision = field(default_factory=Decision)
    report: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def forest(self) -> Forest:
        """The trained forest."""
        made = self.model if isinstance(self.model, Forest) else Forest.from_bytes(self.model)
        if len(made.fill) != len(self.features):
            raise QueryError(f'The stored model of "{self.name}" is damaged. Learn it again.')
        return made

    def check(self, recording: Recording, animal: str, target: str | None) -> None:
        """Refuse a recording that lacks what the model reads, and say what it lacks."""
        if self.target_kind == "animal" and target is None:
            raise QueryError(f'"{self.name}" is done to another animal: name it as target.')
        if self.target_kind == "none" and target is not None:
            raise QueryError(f'"{self.name}" is not done to anybody: leave the target out.')
        has = {parse(name)[0] for name in feature_names(recording, animal, target)}
        lacking = sorted({parse(name)[0] for name in self.features} - has)
        if lacking:
            raise QueryError(
                f'"{self.name}" cannot be told of {animal} in {recording.video}: it was learned '
                f"from {', '.join(lacking)}, which this recording does not have. Track or import "
                "it with the same body points and outlines, or learn the behaviour again here."
            )
        unit = length_scale(recording, animal)[1]
        if unit != self.length_unit:
            raise QueryError(
                f'"{self.name}" was learned in {self.length_unit}, but lengths of {animal} in '
                f"{recording.video} come in {unit}. Track or import both in the same way."
            )

    def raw_probability(
        self, recording: Recording, animal: str, target: str | None = None
    ) -> np.ndarray:
        """(n,) what the forest says, not calibrated; NaN where animal or partner is unseen."""
        self.check(recording, animal, target)
        seen = recording.seen(animal)
        if target is not None:
            seen = seen & recording.seen(target)
        found = np.full(recording.n_frames, np.nan)
        frames = np.flatnonzero(seen)
        for low in range(0, len(frames), ROWS_AT_ONCE):
            rows = frames[low : low + ROWS_AT_ONCE]
            values = feature_values(recording, animal, target, self.features, rows)
            found[rows] = self.forest.predict(values)
        return found

    def probability(
        self, recording: Recording, animal: str, target: str | None = None
    ) -> np.ndarray:
        """(n,) calibrated probability of the behaviour, NaN where nobody could tell."""
        key = ("learned", self.name, self.version, animal, target)
        return recording.remember(key, lambda: self._probability(recording, animal, target))

    def _probability(self, recording: Recording, animal: str, target: str | None) -> np.ndarray:
        raw = self.raw_probability(recording, animal, target)
        found = np.where(np.isfinite(raw), np.interp(raw, *self.calibration), np.nan)
        found.flags.writeable = False
        return found

    def definition(self, decision: Decision) -> str:
        """What a bout's row says of where it comes from."""
        f1, how = self.report.get("frame_f1"), self.report.get("validation", "")
        scored = "" if f1 is None else f"; cross-validated {how}: frame F1 {f1:.2f}"
        return f'learned "{self.name}" version {self.version}: {decision}{scored}'


def stored_behaviour(row: Mapping[str, Any]) -> LearnedBehaviour:
    """A learned behaviour from a row of the study's table, its JSON columns as text."""
    try:
        settings = json.loads(row["settings"])
        x, y = settings["calibration"]
        return LearnedBehaviour(
            name=row["name"],
            version=int(row["version"]),
            features=tuple(json.loads(row["features"])),
            model=row["model"],
            length_unit=row["length_unit"],
            target_kind=row["target_kind"],
            calibration=(tuple(x), tuple(y)),
            decision=Decision(**settings["decision"]),
            report=json.loads(row["report"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise QueryError(
            f'The stored behaviour "{row.get("name")}" is damaged. Learn it again.'
        ) from error


def rule(name: str, feature: str, above: float, length_unit: str) -> LearnedBehaviour:
    """A behaviour as small as can be, for examples: one feature above a threshold."""
    return LearnedBehaviour(name, 1, (feature,), stump(above), length_unit)
