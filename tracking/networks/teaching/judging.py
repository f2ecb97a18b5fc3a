"""How good masks are against true ones: average precision as COCO defines it, and plain overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

THRESHOLDS = np.linspace(0.5, 0.95, 10)  # of overlap; AP50 is the first, AP50-95 the mean of all
RECALLS = np.linspace(0.0, 1.0, 101)
MOST = 100  # predictions of one frame and class that count, as in COCO
CONTACT_PX = 2  # pixels of two masks this near, centre to centre, are in contact


class Shape(NamedTuple):
    """One animal's mask in a frame; of a prediction with its score."""

    mask: np.ndarray  # (h, w), nonzero is animal
    x0: int  # of the mask's first pixel in the frame
    y0: int
    kind: int = 0  # class
    score: float = 1.0  # 0 to 1


@dataclass(frozen=True)
class Judged:
    """How good predictions are; NaN where there is nothing to judge by."""

    frames: int
    animals: int  # true ones
    ap50: float  # average precision at an overlap of 0.50
    ap: float  # the mean of those at 0.50 to 0.95 (AP50-95)
    iou: float  # overlap with what was found of an animal, mean over all true ones: missed is 0
    iou_of_found: float  # the same, mean over those found alone
    found: float  # share of the true animals that were found (overlap 0.50 or more)
    right_count: float  # share of frames with as many sure predictions as animals
    contact_frames: int
    contact_ap50: float  # the same on frames with animals in contact alone
    contact_ap: float

    def to_dict(self) -> dict[str, float]:
        """The numbers by name."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def judge(
    truth: Sequence[Sequence[Shape]], predicted: Sequence[Sequence[Shape]], sure: float = 0.25
) -> Judged:
    """Judge the predictions of several frames; those of a score below `sure` count for AP alone.

    >>> mouse = Shape(np.ones((20, 30)), 5, 5)
    >>> found = judge([[mouse]], [[mouse._replace(x0=8)]])
    >>> round(found.iou, 3), found.ap50, round(found.ap, 2)
    (0.818, 1.0, 0.7)
    """
    overlaps = [overlap(a, b) for a, b in zip(predicted, truth, strict=True)]
    curves = _precisions(truth, predicted, overlaps)
    touching = [k for k, one in enumerate(truth) if in_contact(one)]
    close = _precisions(
        [truth[k] for k in touching], [predicted[k] for k in touching],
        [overlaps[k] for k in touching],
    )  # fmt: skip
    right = [sum(one.score >= sure for one in b) == len(a)
             for a, b in zip(truth, predicted, strict=True)]  # fmt: skip
    found = [one for k in range(len(truth))
             for one in _found(truth[k], predicted[k], overlaps[k], sure)]  # fmt: skip
    total = sum(len(one) for one in truth)
    return Judged(
        frames=len(truth),
        animals=total,
        ap50=float(curves[0]),
        ap=float(curves.mean()),
        iou=sum(found) / total if total else float("nan"),
        iou_of_found=float(np.mean(found)) if found else float("nan"),
        found=len(found) / total if total else float("nan"),
        right_count=float(np.mean(right)) if right else float("nan"),
        contact_frames=len(touching),
        contact_ap50=float(close[0]),
        contact_ap=float(close.mean()),
    )


def overlap(a: Sequence[Shape], b: Sequence[Shape]) -> np.ndarray:
    """Shared pixels of each of `a` and each of `b` over those of both, (len(a), len(b))."""
    made = np.zeros((len(a), len(b)))
    sizes = [[np.count_nonzero(one.mask) for one in shapes] for shapes in (a, b)]
    for i, one in enumerate(a):
        for j, other in enumerate(b):
            shared = _shared(one, other)
            if shared:
                made[i, j] = shared / (sizes[0][i] + sizes[1][j] - shared)
    return made


def _shared(one: Shape, other: Shape) -> int:
    """Pixels that two masks have in common."""
    x0, y0 = max(one.x0, other.x0), max(one.y0, other.y0)
    x1 = min(one.x0 + one.mask.shape[1], other.x0 + other.mask.shape[1])
    y1 = min(one.y0 + one.mask.shape[0], other.y0 + other.mask.shape[0])
    if x0 >= x1 or y0 >= y1:
        return 0
    parts = [s.mask[y0 - s.y0 : y1 - s.y0, x0 - s.x0 : x1 - s.x0] != 0 for s in (one, other)]
    return int(np.count_nonzero(parts[0] & parts[1]))


def in_contact(shapes: Sequence[Shape], within_px: int = CONTACT_PX) -> bool:
    """Whether two masks of a frame come as near as `within_px` (in x and in y) or overlap."""
    grown = [_grown(one, within_px) for one in shapes]
    return any(
        _shared(grown[i], shapes[j]) > 0 for i in range(len(shapes)) for j in range(i)
    )  # fmt: skip


def _grown(one: Shape, by: int) -> Shape:
    mask = cv2.copyMakeBorder((one.mask != 0).astype(np.uint8), by, by, by, by, 0)
    wider = cv2.dilate(mask, np.ones((2 * by + 1, 2 * by + 1), np.uint8))
    return one._replace(mask=wider, x0=one.x0 - by, y0=one.y0 - by)


def _precisions(
    truth: Sequence[Sequence[Shape]],
    predicted: Sequence[Sequence[Shape]],
    overlaps: Sequence[np.ndarray],
) -> np.ndarray:
    """Average precision at each of THRESHOLDS, mean over the classes that truly occur."""
    kinds = sorted({one.kind for shapes in truth for one in shapes})
    if not kinds:
        return np.full(len(THRESHOLDS), np.nan)
    return np.mean([_precision(kind, truth, predicted, overlaps) for kind in kinds], axis=0)


def _precision(
    kind: int,
    truth: Sequence[Sequence[Shape]],
    predicted: Sequence[Sequence[Shape]],
    overlaps: Sequence[np.ndarray],
) -> np.ndarray:
    """Average precision of one class at each threshold, over 101 recalls.

    Source: Lin et al. 2014 and the reference implementation of COCO's evaluation.
    """
    scores, hits, total = [], [], 0
    for shapes, guesses, shared in zip(truth, predicted, overlaps, strict=True):
        there = [j for j, one in enumerate(shapes) if one.kind == kind]
        mine = [i for i, one in enumerate(guesses) if one.kind == kind]
        mine.sort(key=lambda i: -guesses[i].score)
        mine = mine[:MOST]
        total += len(there)
        scores += [guesses[i].score for i in mine]
        hits.append(_hits(shared[np.ix_(mine, there)]))
    order = np.argsort(-np.array(scores), kind="mergesort")
    right = np.concatenate(hits, axis=1)[:, order]
    return np.array([_area(row, total) for row in right])


def _hits(shared: np.ndarray) -> np.ndarray:
    """Which predictions, best first, find an animal that none before has found, at each threshold.

    A prediction takes the free animal that it overlaps most, (thresholds, predictions) bool.
    """
    hits = np.zeros((len(THRESHOLDS), len(shared)), bool)
    for k, threshold in enumerate(THRESHOLDS):
        free = np.ones(shared.shape[1], bool)
        for i, row in enumerate(shared):
            best = -1
            for j in np.flatnonzero(free & (row >= min(threshold, 1 - 1e-10))):
                if best < 0 or row[j] >= row[best]:  # of equals the last, as in COCO's own
                    best = int(j)
            if best >= 0:
                hits[k, i], free[best] = True, False
    return hits


def _area(right: np.ndarray, total: int) -> float:
    """The mean over 101 recalls of the best precision at that recall or a higher one."""
    if not len(right):
        return 0.0
    true = np.cumsum(right, dtype=float)
    precision = true / np.arange(1, len(right) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(true / total, RECALLS, side="left")
    return float(np.append(precision, 0.0)[at].mean())


def _found(
    truth: Sequence[Shape], predicted: Sequence[Shape], shared: np.ndarray, sure: float
) -> list[float]:
    """The overlap of each true animal that was found, whatever class it was taken for.

    Pairs are made one to one, those that overlap most first.
    """
    shared = shared * (np.array([one.score for one in predicted]) >= sure)[:, None]
    made = []
    while shared.size and shared.max() >= THRESHOLDS[0]:
        i, j = np.unravel_index(np.argmax(shared), shared.shape)
        made.append(float(shared[i, j]))
        shared[i, :] = shared[:, j] = 0.0
    return made
