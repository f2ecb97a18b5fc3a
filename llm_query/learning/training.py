"""Learning a behaviour from a person's scored bouts (scikit-learn), cross-validated by video."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from llm_query.algebra.intervals import runs
from llm_query.errors import QueryError
from llm_query.learning.features import feature_names, feature_values
from llm_query.learning.forests import Forest, from_sklearn
from llm_query.learning.signals import length_scale
from llm_query.learning.trained import Decision, LearnedBehaviour
from llm_query.learning.validation import (
    Folds,
    Pooled,
    Scored,
    calibration_error,
    choose_decision,
    cross_fitted,
    fit_curve,
    make_folds,
    reliability,
)
from llm_query.statistics.agreement import score_bouts

FEWEST_BOUTS = 5
MOST_ROWS = 50_000  # frames of all videos whose features are in memory
ROWS_PER_FIT = 10_000  # neighbouring frames say the same: more cost time and change little
MOST_FEATURES = 60
TREES, TREES_TO_CHOOSE = 60, 40
KINDS = ("random forest", "extra trees")
CURVES = ("isotonic", "logistic")
Progress = Callable[[str, int, int], None]


def learn(
    items: Sequence[Scored], name: str, *, seed: int = 0, progress: Progress | None = None
) -> tuple[LearnedBehaviour, dict[str, Any]]:
    """Learn a behaviour and how well it is learned; also the settings of the training.

    items: what the person watched. The behaviour's `report` holds the agreement with the person on
    held-out videos (with bouts in one video only, on held-out blocks of its time). Features,
    forest, calibration curve and decision of a fold come from the others; only which of two kinds
    of forest and of two kinds of curve it is, is chosen on all folds, the judged one too, which
    flatters a little. A dozen bouts in one video prove nothing: kappas up to about 0.25 come of
    chance there.
    """
    tell = progress or (lambda stage, done, total: None)
    table = _Table(items, seed)
    folds = make_folds(items)
    held = {kind: [np.full(len(item.truth), np.nan) for item in items] for kind in KINDS}
    for fold in range(folds.count):
        tell("cross-validating", fold, folds.count)
        _hold_out(table, folds, fold, held)
    tell("learning from all", folds.count, folds.count)
    pooled, said = _pool(items, folds, held)
    kind, curve, probability = _choose(pooled, said)
    columns, forests = table.fit(folds.training(items, -1), (kind,))
    calibration = fit_curve(curve, said[kind], pooled.truth)
    decision = choose_decision(pooled, np.interp(said[kind], *calibration))
    found = LearnedBehaviour(
        name=name, version=0, features=tuple(table.names[c] for c in columns),
        model=forests[kind], length_unit=table.length_unit,
        target_kind="none" if items[0].target is None else "animal",
        calibration=calibration, decision=decision,
    )  # fmt: skip
    report = _judge(items, folds, pooled, held[kind], curve)
    table_of = reliability(probability, pooled.truth)
    report |= {
        "calibration_error": calibration_error(table_of), "reliability": table_of,
        "important": table.important(columns), "model": kind, "calibration": curve,
        "scored_minutes": sum(item.seconds for item in items) / 60,
        "scored_bouts": sum(item.bouts for item in items),
        "scored_share": float(pooled.truth.mean()),
    }  # fmt: skip
    settings = {"trees": TREES, "seed": seed, "rows": len(table.rows), "folds": folds.count}
    return replace(found, report=report), settings


class _Table:
    """A sample of the watched frames with all their features."""

    def __init__(self, items: Sequence[Scored], seed: int) -> None:
        self.items, self.seed = items, seed
        check(items)
        shared = [feature_names(i.recording, i.subject, i.target) for i in items]
        common = set(shared[0]).intersection(*shared[1:])
        self.names = [each for each in shared[0] if each in common]
        self.length_unit = length_scale(items[0].recording, items[0].subject)[1]
        chosen = _sample(items)
        self.item = np.repeat(np.arange(len(items)), [len(frames) for frames in chosen])
        self.frame = np.concatenate(chosen)
        self.truth = np.concatenate([i.truth[f] for i, f in zip(items, chosen, strict=True)])
        self.rows = np.concatenate(
            [
                feature_values(i.recording, i.subject, i.target, self.names, frames)
                for i, frames in zip(items, chosen, strict=True)
            ]
        )
        self.importance = np.zeros(len(self.names))

    def fit(
        self, training: Sequence[np.ndarray], kinds: Sequence[str]
    ) -> tuple[np.ndarray, dict[str, Forest]]:
        """Choose the most telling features and fit forests on them, in training frames only."""
        from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

        allowed = np.concatenate(
            [mask[self.frame[self.item == i]] for i, mask in enumerate(training)]
        )
        rows = _thinned(np.flatnonzero(allowed), self.truth, self.seed)
        truth = self.truth[rows]
        if truth.all() or not truth.any():
            raise QueryError(
                "All bouts are in one part of what was scored, so that nothing can be learned and "
                "checked apart from each other. Score more bouts, in another video if you can."
            )
        values = self.rows[rows]
        with np.errstate(invalid="ignore"):
            known = np.isfinite(values).any(axis=0)
            fill = np.where(known, np.nanmedian(np.where(known, values, 0), axis=0), 0)
        values = np.where(np.isnan(values), fill, values).astype(np.float32)
        common = {
            "class_weight": "balanced", "n_jobs": min(2, os.cpu_count() or 1),
            "random_state": self.seed, "min_samples_leaf": 5, "max_depth": 16,
        }  # fmt: skip
        first = ExtraTreesClassifier(TREES_TO_CHOOSE, **common).fit(values, truth)
        self.importance = first.feature_importances_
        columns = np.sort(np.argsort(-self.importance, kind="stable")[:MOST_FEATURES])
        made = {"random forest": RandomForestClassifier, "extra trees": ExtraTreesClassifier}
        return columns, {
            kind: from_sklearn(
                made[kind](TREES, **common).fit(values[:, columns], truth), fill[columns]
            )
            for kind in kinds
        }

    def important(self, columns: np.ndarray, most: int = 15) -> list[dict[str, Any]]:
        """The features that tell most, with their share of what the forest gains from all."""
        order = columns[np.argsort(-self.importance[columns], kind="stable")][:most]
        total = self.importance[columns].sum()
        return [
            {"feature": self.names[c], "importance": float(self.importance[c] / total)}
            for c in order
        ]


def check(items: Sequence[Scored]) -> None:
    """Refuse what nothing can be learned from, and say what is missing."""
    bouts = sum(len(runs(item.truth & item.usable)[0]) for item in items)
    if bouts < FEWEST_BOUTS:
        where = ", ".join(dict.fromkeys(item.recording.video for item in items)) or "any video"
        scored = sum(item.bouts for item in items)
        unseen = " in which the animal was also found by the tracking" if scored > bouts else ""
        raise QueryError(
            f"Only {bouts} {'bout is' if bouts == 1 else 'bouts are'} scored in {where}{unseen}: "
            f"score at least {FEWEST_BOUTS}, in several videos if you can, and learn again."
        )
    if not any((~item.truth & item.usable).any() for item in items):
        raise QueryError(
            "The behaviour fills everything that was scored: score a span in which it also stops."
        )
    units = {length_scale(i.recording, i.subject)[1]: i.recording.video for i in items}
    if len(units) > 1:
        said = "; ".join(f"{video}: {unit}" for unit, video in units.items())
        raise QueryError(
            f"The videos measure lengths in different ways ({said}). Track or import them in the "
            "same way, or name with --video those that belong together."
        )


def _sample(items: Sequence[Scored]) -> list[np.ndarray]:
    """Frames of every item, evenly in time: a third of the rows for the behaviour at most."""
    positive = sum(int((i.truth & i.usable).sum()) for i in items)
    negative = sum(int((~i.truth & i.usable).sum()) for i in items)
    step_yes = max(1, -(-positive // (MOST_ROWS // 3)))
    step_no = max(1, -(-negative // (MOST_ROWS - MOST_ROWS // 3)))
    return [
        np.sort(
            np.concatenate(
                [
                    np.flatnonzero(i.truth & i.usable)[::step_yes],
                    np.flatnonzero(~i.truth & i.usable)[::step_no],
                ]
            )
        )
        for i in items
    ]


def _thinned(rows: np.ndarray, truth: np.ndarray, seed: int) -> np.ndarray:
    """At most ROWS_PER_FIT of the rows, half of them positive where there are so many."""
    random = np.random.default_rng(seed)
    yes, no = rows[truth[rows]], rows[~truth[rows]]
    most_yes = max(ROWS_PER_FIT // 2, ROWS_PER_FIT - len(no))
    if len(yes) > most_yes:
        yes = random.choice(yes, most_yes, replace=False)
    if len(no) > ROWS_PER_FIT - len(yes):
        no = random.choice(no, ROWS_PER_FIT - len(yes), replace=False)
    return np.sort(np.concatenate([yes, no]))


def _hold_out(table: _Table, folds: Folds, fold: int, held: dict[str, list[np.ndarray]]) -> None:
    """Fit without one fold, and write down what that says of the fold's frames."""
    columns, forests = table.fit(folds.training(table.items, fold), KINDS)
    names = [table.names[c] for c in columns]
    for number, (item, of) in enumerate(zip(table.items, folds.of, strict=True)):
        frames = np.flatnonzero(of == fold)
        for low in range(0, len(frames), 50_000):
            part = frames[low : low + 50_000]
            values = feature_values(item.recording, item.subject, item.target, names, part)
            for kind, forest in forests.items():
                held[kind][number][part] = forest.predict(values)


def _pool(
    items: Sequence[Scored], folds: Folds, held: dict[str, list[np.ndarray]]
) -> tuple[Pooled, dict[str, np.ndarray]]:
    """All usable frames in one column each, with what each kind of forest said of them."""
    use = [of >= 0 for of in folds.of]

    def together(columns: Sequence[np.ndarray]) -> np.ndarray:
        return np.concatenate([c[u] for c, u in zip(columns, use, strict=True)])

    pooled = Pooled(
        item=np.repeat(np.arange(len(items)), [int(u.sum()) for u in use]),
        start_s=together([i.recording.edges_s[:-1] for i in items]),
        stop_s=together([i.recording.edges_s[1:] for i in items]),
        truth=together([i.truth for i in items]),
        fold=together(folds.of),
    )
    return pooled, {kind: together(values) for kind, values in held.items()}


def _choose(pooled: Pooled, said: dict[str, np.ndarray]) -> tuple[str, str, np.ndarray]:
    """The forest and the calibration whose held-out probabilities are nearest to the truth.

    Of all folds together, also the one that is judged later; see learn().
    """
    tried = {
        (kind, curve): cross_fitted(curve, said[kind], pooled.truth, pooled.fold)
        for kind in KINDS
        for curve in CURVES
    }
    brier = {key: float(np.mean((p - pooled.truth) ** 2)) for key, p in tried.items()}
    best = min(brier, key=lambda key: (round(brier[key], 4), KINDS.index(key[0])))
    return *best, tried[best]


def _judge(
    items: Sequence[Scored], folds: Folds, pooled: Pooled, held: list[np.ndarray], curve: str
) -> dict[str, Any]:
    """Agreement per fold and over all; each fold by a curve and decision fitted on the others."""
    said = np.concatenate([h[of >= 0] for h, of in zip(held, folds.of, strict=True)])
    parts, rows = [], []
    for fold in range(folds.count):
        rest = pooled.fold != fold
        calibration = fit_curve(curve, said[rest], pooled.truth[rest])
        others = pooled.keep(rest)
        decision = choose_decision(others, np.interp(said[rest], *calibration))
        part = _Part()
        for item, raw, of in zip(items, held, folds.of, strict=True):
            if (of == fold).any():
                probability = np.interp(raw, *calibration)  # NaN stays NaN
                part.add(item, probability, of == fold, decision)
        parts.append(part)
        rows.append({"fold": folds.names[fold], **part.scores()})
    return {**_joined(parts).scores(), "validation": folds.how, "folds": rows}


class _Part:
    """True and found bouts of some watched frames, one stretch after the other."""

    def __init__(self) -> None:
        self.frames = 0
        self.truth: list[tuple[int, int]] = []
        self.found: list[tuple[int, int]] = []

    def add(
        self, item: Scored, probability: np.ndarray, use: np.ndarray, decision: Decision
    ) -> None:
        found = decision.bouts(item.recording, probability, item.subject, item.target).mask()
        for mask, bouts in ((item.truth, self.truth), (found, self.found)):
            start, stop = runs(mask[use])
            bouts += zip((start + self.frames).tolist(), (stop + self.frames).tolist(), strict=True)
        self.frames += int(use.sum())

    def scores(self) -> dict[str, float]:
        columns = ["start_frame", "stop_frame"]
        truth, found = (pd.DataFrame(b, columns=columns) for b in (self.truth, self.found))
        return score_bouts(truth, found, self.frames)


def _joined(parts: Sequence[_Part]) -> _Part:
    whole = _Part()
    for part in parts:
        for mine, theirs in ((whole.truth, part.truth), (whole.found, part.found)):
            mine += [(start + whole.frames, stop + whole.frames) for start, stop in theirs]
        whole.frames += part.frames
    return whole
