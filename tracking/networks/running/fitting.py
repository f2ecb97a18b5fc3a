"""Fit a network's settings to a video: how sure is sure enough, and how large an animal is.

A sample of frames is looked at once. The least score is where most frames show as many animals as
there are; where a CPU counts faster with half the bits, that is taken only if every mask stays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tracking.detections import SHAPE, Blob, outline_of, shapes_of
from tracking.errors import TrackingError
from tracking.networks.running.answers import Found
from tracking.networks.running.choices import Choice, shorter
from tracking.networks.running.settings import NetworkSettings
from tracking.subtraction.sizes import sizes_of
from tracking.threads import one_thread
from tracking.yolo import YoloSegmenter

LENGTH = SHAPE.index("length")
LEAST = 0.05  # score; below, anything can be an animal
STEPS = np.round(np.arange(LEAST, 0.951, 0.05), 2)
NEARLY = 0.03  # of the frames: thresholds this close to the best are as good
SMALLEST = 0.15  # of the typical area: smaller is a part
SAME_MASK = 0.98  # of two masks, shared of both together: as good as equal
COMPARED = 12  # frames of the sample that half the bits are tried on
MANY_CLASSES = 8  # a network that knows more was not trained for one kind of animal


@dataclass(frozen=True)
class NetworkTuning:
    """What was chosen, and how well it did on the sample."""

    settings: NetworkSettings
    choice: Choice
    score: float  # 0 to 1, share of frames with the right number of animals
    parts: dict[str, float]
    most_seen: int


def check_classes(choice: Choice, by_hand: dict[str, Any]) -> None:
    """Refuse a network of many kinds of things, unless it is said which of them are animals."""
    classes = choice.weights.classes
    settings = NetworkSettings().with_changes(by_hand)
    settings.rules(classes)
    if len(classes) > MANY_CLASSES and not settings.classes:
        shown = ", ".join(classes[:4])
        raise TrackingError(
            f"{choice.weights.path.name} knows {len(classes)} classes ({shown}...). Say which are "
            "your animals, as in --set classes='cat,dog', or train it on your own: ethoscribe train"
        )


@one_thread()
def fit_network(
    choice: Choice, stack: np.ndarray, n_animals: int, by_hand: dict[str, Any],
    where: np.ndarray | None = None, on_progress: Callable[[int, int], None] | None = None,
) -> NetworkTuning:  # fmt: skip
    """Choose every setting for ``n_animals`` in frames like those of ``stack`` (k, h, w) uint8.

    Settings in ``by_hand`` are kept as they are. ``where`` are the pixels that can be animal.
    """
    check_classes(choice, by_hand)
    loose = NetworkSettings().with_changes(by_hand)
    least = min(LEAST, loose.confidence) if "confidence" in by_hand else LEAST
    segmenter = YoloSegmenter(choice, replace(loose, confidence=least, most=0), where)
    found = _looked(segmenter, stack, on_progress)
    if "confidence" not in by_hand:
        loose = replace(loose, confidence=_surest(found, n_animals))
    sure = [[one for one in frame if one.score >= loose.confidence] for frame in found]
    settings = _sized(sure, n_animals, loose, choice, by_hand)
    counts = np.array([len(frame) for frame in sure])
    right = float((counts == n_animals).mean())
    parts = {"separate": right, "seen": float(np.minimum(counts, n_animals).mean() / n_animals)}
    if settings.precision == "auto":
        choice = _shortened(choice, settings, where, stack, sure)
    settings = replace(settings, precision=choice.precision, runtime=choice.runtime)
    return NetworkTuning(settings.checked(), choice, right, parts, int(counts.max()))


def _looked(
    segmenter: YoloSegmenter, stack: np.ndarray, on_progress: Callable[[int, int], None] | None
) -> list[list[Found]]:
    found = []
    for k, image in enumerate(stack):
        found += segmenter.find([image])
        if on_progress:
            on_progress(k + 1, len(stack))
    return found


def _surest(found: list[list[Found]], n_animals: int) -> float:
    """The least score with which most frames show ``n_animals``, in the middle of where they do."""
    scores = [np.array([one.score for one in frame]) for frame in found]
    right = np.array([np.mean([np.sum(s >= step) == n_animals for s in scores]) for step in STEPS])
    good = right >= right.max() - NEARLY
    runs = np.flatnonzero(np.diff(np.concatenate(([0], good.astype(int), [0]))))
    starts, stops = runs[::2], runs[1::2]
    longest = int(np.argmax(stops - starts))
    return float(STEPS[(starts[longest] + stops[longest] - 1) // 2])


def _sized(
    sure: list[list[Found]], n_animals: int, settings: NetworkSettings, choice: Choice,
    by_hand: dict[str, Any],
) -> NetworkSettings:  # fmt: skip
    """How large one animal is, from frames that show all of them, or else from all there are."""
    every = [one for frame in sure if len(frame) == n_animals for one in frame]
    every = every or [one for frame in sure for one in frame]
    if not every:
        raise TrackingError(
            f"{choice.weights.path.name} finds no animal in any of {len(sure)} frames of this "
            "video: label some of them and train it, or set confidence lower."
        )
    shapes = shapes_of([Blob(one.mask, one.x0, one.y0, outline_of(one.mask)) for one in every])
    area = float(np.median([np.count_nonzero(one.mask) for one in every]))
    areas = sizes_of(
        [sorted((float(one.mask.sum()) for one in frame), reverse=True) for frame in sure],
        n_animals,
    )
    smallest = areas[-1] if areas else area
    chosen = {
        "typical_area_px": round(area, 1), "min_area_px": round(max(1.0, SMALLEST * smallest), 1),
        "typical_length_px": round(float(np.median(shapes[:, LENGTH])), 1),
        "areas_px": " ".join(f"{one:.0f}" for one in areas), "most": _most(n_animals),
    }  # fmt: skip
    return replace(settings, **{k: v for k, v in chosen.items() if k not in by_hand})  # type: ignore[arg-type]


def _most(n_animals: int) -> int:
    """How many animals of a frame the tracker hears of: one more, to choose by movement."""
    return n_animals + 1


def _shortened(
    choice: Choice, settings: NetworkSettings, where: np.ndarray | None, stack: np.ndarray,
    sure: list[list[Found]],
) -> Choice:  # fmt: skip
    """The network with half the bits, where that is faster and finds the same masks."""
    quick = shorter(choice)
    if quick is None:
        return choice
    segmenter = YoloSegmenter(quick, replace(settings, most=0), where)
    for k in np.unique(np.linspace(0, len(stack) - 1, COMPARED).astype(int)):
        before = [one for one in sure[k] if one.mask.sum() >= settings.min_area_px]
        if not same_masks(before, segmenter.find([stack[k]])[0]):
            return choice
    return quick


def same_masks(some: list[Found], others: list[Found]) -> bool:
    """Whether two answers to one frame show the same animals with the same masks."""
    if len(some) != len(others):
        return False
    left = list(others)
    for one in some:
        shares = [shared(one, other) for other in left]
        if not shares or max(shares) < SAME_MASK:
            return False
        left.pop(int(np.argmax(shares)))
    return True


def shared(a: Found, b: Found) -> float:
    """Pixels of both masks over those of either, 0 to 1."""
    x0, y0 = max(a.x0, b.x0), max(a.y0, b.y0)
    x1 = min(a.x0 + a.mask.shape[1], b.x0 + b.mask.shape[1])
    y1 = min(a.y0 + a.mask.shape[0], b.y0 + b.mask.shape[0])
    if x0 >= x1 or y0 >= y1:
        return 0.0
    both = np.count_nonzero(
        a.mask[y0 - a.y0 : y1 - a.y0, x0 - a.x0 : x1 - a.x0]
        & b.mask[y0 - b.y0 : y1 - b.y0, x0 - b.x0 : x1 - b.x0]
    )
    return both / (np.count_nonzero(a.mask) + np.count_nonzero(b.mask) - both)
