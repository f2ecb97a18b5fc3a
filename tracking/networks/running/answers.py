"""From a network's numbers to animals: boxes, masks at the frame's own resolution, no doubles.

The same for every runtime, in numpy: equal numbers give equal masks.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from tracking.networks.pictures import Fit
from tracking.networks.samples import Placed

PROTOTYPE_PX = 4  # pixels of a picture for one of its prototypes
MOST = 300  # boxes that are looked at in one frame
SURELY_ONE = 0.6  # of the smaller of two masks of a class: sharing more, they are one animal
SMALL = 0.25  # of the larger mask: a smaller one on it can be a young one on its mother ...
AS_SURE = 0.8  # ... where the less sure of both has this share of the other's score
LEAST_PX = 4  # smaller masks are specks


@dataclass(frozen=True)
class Rules:
    """What counts as an animal in a network's answer."""

    confidence: float = 0.25  # the least score
    # What shares more of both together is one animal: boxes of one class, or masks of two classes,
    # since animals of two kinds may lie on each other.
    overlap: float = 0.7
    least_part: float = 0.1  # of a mask's largest part: smaller parts are left out
    most: int = MOST  # animals in a frame, the surest first
    classes: tuple[int, ...] | None = None  # that are animals; None: all


@dataclass(frozen=True)
class Found:
    """One animal in one frame."""

    mask: np.ndarray  # (h, w) uint8, 0 or 1
    x0: int
    y0: int
    kind: int  # number of the class
    score: float  # 0 to 1

    @property
    def placed(self) -> Placed:
        """The mask with its place, as samples hold it."""
        return Placed(self.mask, self.x0, self.y0)


@dataclass
class _Guess:
    """An animal on the way: the parts of its logits that its box covers."""

    logits: np.ndarray  # (h, w) float32, above 0 is animal
    x0: int
    y0: int
    kind: int
    score: float

    @property
    def box(self) -> tuple[int, int, int, int]:
        height, width = self.logits.shape
        return self.x0, self.y0, self.x0 + width, self.y0 + height


def answer(
    predictions: np.ndarray, prototypes: np.ndarray, how: Fit, rules: Rules, n_classes: int,
    end_to_end: bool = False,
) -> list[Found]:  # fmt: skip
    """The animals of one frame, the surest first.

    ``predictions`` is (4 + classes + 32, anchors), boxes as centre and size; of an end-to-end
    network (boxes, 38): corners, score, class, coefficients. ``prototypes`` is (32, h, w).
    """
    if end_to_end:
        chosen = _best_of_few(predictions, rules)
    else:
        chosen = _best_of_many(predictions, rules, n_classes)
    boxes, scores, kinds, coefficients = chosen
    guesses: list[_Guess] = []
    for box, score, kind, mix in zip(how.to_frame(boxes), scores, kinds, coefficients, strict=True):
        guess = _guess(box, float(score), int(kind), mix, prototypes, how)
        if guess is not None and not any(
            _is_same(guess, better, rules.overlap) for better in guesses
        ):
            guesses.append(guess)
            if len(guesses) == rules.most:
                break
    _divide(guesses)
    found = (_found(guess, rules) for guess in guesses)
    return [one for one in found if one is not None]


Chosen = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _best_of_many(predictions: np.ndarray, rules: Rules, n_classes: int) -> Chosen:
    """The boxes that are sure enough, without those that a surer one of the class covers."""
    scores = predictions[4 : 4 + n_classes]
    if rules.classes is not None:
        kept = np.zeros((n_classes, 1), bool)
        kept[list(rules.classes)] = True
        scores = np.where(kept, scores, 0)
    best = scores.max(0)
    at = np.flatnonzero(best >= rules.confidence)
    at = at[np.argsort(-best[at], kind="stable")][: 10 * MOST]
    rows = predictions[:, at].T.astype(np.float32)
    half = rows[:, 2:4] / 2
    boxes = np.concatenate((rows[:, :2] - half, rows[:, :2] + half), axis=1)
    kinds = scores[:, at].argmax(0)
    kept_rows = _suppressed(boxes, kinds, rules.overlap)[:MOST]
    return boxes[kept_rows], best[at][kept_rows], kinds[kept_rows], rows[kept_rows, 4 + n_classes :]


def _best_of_few(predictions: np.ndarray, rules: Rules) -> Chosen:
    """The boxes that are sure enough, of a network that gives each animal once."""
    rows = predictions.astype(np.float32)
    sure = rows[:, 4] >= rules.confidence
    if rules.classes is not None:
        sure &= np.isin(rows[:, 5].astype(int), rules.classes)
    rows = rows[sure]
    rows = rows[np.argsort(-rows[:, 4], kind="stable")]
    rows = rows[_suppressed(rows[:, :4], rows[:, 5].astype(int), rules.overlap)][:MOST]
    return rows[:, :4], rows[:, 4], rows[:, 5].astype(int), rows[:, 6:]


def _suppressed(boxes: np.ndarray, kinds: np.ndarray, overlap: float) -> np.ndarray:
    """Which boxes (n, 4), surest first, stay when each takes away those of its class below it."""
    area = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1)
    free = np.ones(len(boxes), bool)
    for k in range(len(boxes)):
        if not free[k]:
            continue
        low = np.maximum(boxes[k, :2], boxes[k + 1 :, :2])
        high = np.minimum(boxes[k, 2:], boxes[k + 1 :, 2:])
        shared = np.prod(np.maximum(high - low, 0), axis=1)
        apart = shared <= overlap * (area[k] + area[k + 1 :] - shared)
        free[k + 1 :] &= apart | (kinds[k + 1 :] != kinds[k])
    return np.flatnonzero(free)


def _guess(
    box: np.ndarray, score: float, kind: int, mix: np.ndarray, prototypes: np.ndarray, how: Fit
) -> _Guess | None:
    """The logits of one animal in the pixels of the frame whose centres its box holds."""
    x0, y0 = np.ceil(box[:2] - 0.5).astype(int)
    x1, y1 = np.ceil(box[2:] - 0.5).astype(int)
    if (x1 - x0) * (y1 - y0) < LEAST_PX:
        return None
    scale_x, scale_y = how.scale
    across = _between((np.arange(x0, x1) + 0.5) * scale_x + how.left, prototypes.shape[2])
    down = _between((np.arange(y0, y1) + 0.5) * scale_y + how.top, prototypes.shape[1])
    rows, columns = slice(down[0][0], down[1][-1] + 1), slice(across[0][0], across[1][-1] + 1)
    part = prototypes[:, rows, columns].astype(np.float32, copy=False)
    coarse = np.tensordot(mix, part, 1)
    logits = _stretched(coarse, down, across)
    if not (logits > 0).any():
        return None
    return _Guess(logits, int(x0), int(y0), kind, score)


Between = tuple[np.ndarray, np.ndarray, np.ndarray]  # lower and upper neighbour, share of the upper


def _between(places: np.ndarray, n: int) -> Between:
    """Between which of n prototypes places of the picture lie, and how far."""
    at = np.clip(places / PROTOTYPE_PX - 0.5, 0, n - 1)
    low = at.astype(np.intp)
    return low, np.minimum(low + 1, n - 1), (at - low).astype(np.float32)


def _stretched(coarse: np.ndarray, down: Between, across: Between) -> np.ndarray:
    """Linear interpolation of (h, w) at the places of rows and columns, exact to the sub-pixel."""
    low, high, share = down
    first = low[0]
    rows = coarse[low - first] * (1 - share[:, None]) + coarse[high - first] * share[:, None]
    low, high, share = across
    first = low[0]
    mixed: np.ndarray = rows[:, low - first] * (1 - share) + rows[:, high - first] * share
    return mixed


def _common(a: _Guess, b: _Guess) -> tuple[np.ndarray, np.ndarray] | None:
    """The logits of two animals where their boxes overlap, as views."""
    x0, y0 = max(a.box[0], b.box[0]), max(a.box[1], b.box[1])
    x1, y1 = min(a.box[2], b.box[2]), min(a.box[3], b.box[3])
    if x0 >= x1 or y0 >= y1:
        return None
    return (
        a.logits[y0 - a.y0 : y1 - a.y0, x0 - a.x0 : x1 - a.x0],
        b.logits[y0 - b.y0 : y1 - b.y0, x0 - b.x0 : x1 - b.x0],
    )


def _is_same(guess: _Guess, better: _Guess, overlap: float) -> bool:
    """Whether two masks are one animal seen twice; of two classes they have to be nearly equal."""
    both = _common(guess, better)
    if both is None:
        return False
    shared = np.count_nonzero((both[0] > 0) & (both[1] > 0))
    areas = [np.count_nonzero(one.logits > 0) for one in (guess, better)]
    if guess.kind != better.kind:
        return bool(shared > overlap * (sum(areas) - shared))
    small = min(areas) < SMALL * max(areas) and guess.score >= AS_SURE * better.score
    return bool(not small and shared > SURELY_ONE * min(areas))


def _divide(guesses: list[_Guess]) -> None:
    """Give each pixel that two animals claim to the one whose claim is stronger."""
    for k, guess in enumerate(guesses):
        for better in guesses[:k]:
            both = _common(guess, better)
            if both is None:
                continue
            claimed = (both[0] > 0) & (both[1] > 0)
            mine = both[0] > both[1]
            both[1][claimed & mine] = -1
            both[0][claimed & ~mine] = -1


def _found(guess: _Guess, rules: Rules) -> Found | None:
    """The mask without small parts, cut to what it covers."""
    mask = (guess.logits > 0).astype(np.uint8)
    number, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    sizes = stats[1:, cv2.CC_STAT_AREA]
    if number < 2 or sizes.max() < LEAST_PX:
        return None
    if number > 2:
        kept = np.flatnonzero(sizes >= rules.least_part * sizes.max()) + 1
        mask = np.isin(labels, kept).astype(np.uint8)
    x, y, width, height = cv2.boundingRect(mask)
    cut = np.ascontiguousarray(mask[y : y + height, x : x + width])
    return Found(cut, guess.x0 + x, guess.y0 + y, guess.kind, guess.score)
