"""Background subtraction tuned to several arenas at once, and animals that sit still in theirs.

What moves in some arenas says what an animal looks like; one that never moves belongs to every
picture of the empty arena and is found by its looks: by how it stands out from what is around it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from tracking.arenas.division import Arenas
from tracking.detections import SHAPE, Detections
from tracking.errors import TrackingError
from tracking.masks import decode
from tracking.subtraction.background import BackgroundSegmenter, BackgroundSettings, disk
from tracking.subtraction.light import Light
from tracking.subtraction.still import without_sleepers
from tracking.subtraction.tuning import Tuning, sample, tune
from tracking.video import VideoInfo

AREA, LENGTH, WIDTH = (SHAPE.index(name) for name in ("area", "length", "width"))
AROUND = 1.0  # animal widths, radius of what is filled to see what is around an animal
ALIKE = 2.0  # times larger or smaller than the animals that move, in area, length and contrast
STANDS_OUT = 0.6  # of the contrast of the animals that move, at least
STILL_FRAMES = 0.1  # of the sampled frames without the animal make it worth a look
FAINT_PARTS = 0.4  # of the threshold: what an animal that slept left in the picture of the floor
FAINT = 12.0  # gray levels; darker surroundings count as this bright


@dataclass(frozen=True)
class ArenaTuning:
    """What was chosen for all arenas, and what was noticed in each."""

    tuning: Tuning
    counts: np.ndarray  # (sampled frames, arenas) outlines in each arena
    still: tuple[str, ...]  # arenas with an animal that was found only by its looks
    empty: tuple[str, ...]  # arenas in which nothing was found in any sampled frame


def tune_arenas(
    info: VideoInfo, arenas: Arenas, on_progress: Callable[[int, int], None] | None = None,
    by_hand: dict[str, Any] | None = None, stack: np.ndarray | None = None,
) -> ArenaTuning:  # fmt: skip
    """Choose the background and every setting for the animals of all arenas together.

    ``by_hand`` and ``stack`` as in ``tracking.subtraction.tuning.tune``.
    """
    stack = sample(info, on_progress=on_progress) if stack is None else stack
    flat = arenas.flattened(stack)
    tuning = _best_tuning(info, arenas, flat, by_hand)
    found = _found(flat, tuning, arenas)
    faint = replace(tuning.settings, threshold=FAINT_PARTS * tuning.settings.threshold)
    awake = without_sleepers(flat, tuning.background, faint, faint.typical_area_px)
    if awake is not tuning.background:
        other = replace(tuning, background=awake)
        seen = _found(flat, other, arenas)
        if _right(arenas, seen) >= _right(arenas, found):
            tuning, found = other, seen
    background, still = _without_still(flat, tuning, arenas, found)
    tuning = replace(tuning, background=background)
    counts = _counts(arenas, _found(flat, tuning, arenas) if still else found)
    names = [place.name for place in arenas.places]
    empty = [name for name, seen in zip(names, counts.sum(0), strict=True) if not seen]
    return ArenaTuning(
        tuning, counts, tuple(names[k] for k in sorted(still)), tuple(empty)
    )  # fmt: skip


def _best_tuning(
    info: VideoInfo, arenas: Arenas, flat: np.ndarray, by_hand: dict[str, Any] | None
) -> Tuning:
    """The settings with which most arenas show their number of animals in most frames.

    Where the light differs from arena to arena, a share of it may do better than gray levels.
    """
    ways: list[dict[str, Any]] = [by_hand or {}]
    if "contrast" not in ways[0] and "threshold" not in ways[0]:
        ways.append({**ways[0], "contrast": "relative"})
    found: list[tuple[float, float, Tuning]] = []
    trouble: TrackingError | None = None
    for way in ways:
        try:
            tuning = _tune_on_what_moves(info, arenas, flat, way)
        except TrackingError as error:
            trouble = trouble or error
            continue
        right = _right(arenas, _found(flat, tuning, arenas))
        found.append((round(right, 2), tuning.score, tuning))
        if right == 1.0:
            break
    if not found:
        raise trouble or TrackingError("There is no arena to look at. Draw one.")
    return max(found, key=lambda one: one[:2])[2]


def _tune_on_what_moves(
    info: VideoInfo, arenas: Arenas, flat: np.ndarray, by_hand: dict[str, Any]
) -> Tuning:
    """Tune for the number of animals that can be seen moving: fewer than live there, perhaps."""
    n, best, trouble = arenas.n_animals, None, None
    tried: set[int] = set()
    while n and n not in tried:
        tried.add(n)
        try:
            tuning = _for_arenas(tune(info, n, by_hand=by_hand, stack=flat), arenas, flat, by_hand)
        except TrackingError as error:
            trouble, n = trouble or error, n // 2
            continue
        if best is None or tuning.score > best.score:
            best = tuning
        counts = np.minimum(_counts(arenas, _found(flat, tuning, arenas)), arenas.numbers)
        n = int(np.median(counts, axis=0).round().sum())
    if best is None:
        raise trouble or TrackingError("There is no arena to look at. Draw one.")
    return best


def _for_arenas(
    tuning: Tuning, arenas: Arenas, flat: np.ndarray, by_hand: dict[str, Any]
) -> Tuning:
    """The tuning without what holds for one arena only: gray levels and sizes of its animals, and
    hands that reach in from the edge of the picture. The light is that of the arenas."""
    light = Light(tuning.background, arenas.where)
    usual = float(np.median([light.of(image) for image in flat])) if light.is_known else 0.0
    settings = replace(
        tuning.settings, own_level=0.0, areas_px="", most_strange=0.0, usual_light=round(usual, 3)
    )
    return replace(tuning, settings=settings.with_changes(by_hand))


def _found(flat: np.ndarray, tuning: Tuning, arenas: Arenas) -> list[Detections]:
    segmenter = BackgroundSegmenter(tuning.background, tuning.settings, arenas.where)
    return [segmenter.segment_gray(image) for image in flat]


def _counts(arenas: Arenas, found: list[Detections]) -> np.ndarray:
    return np.stack([arenas.counts(one.shapes) for one in found])


def _right(arenas: Arenas, found: list[Detections]) -> float:
    """Share of arenas and frames with just the right number of outlines, 0 to 1."""
    return float((_counts(arenas, found) == arenas.numbers).mean())


def _without_still(
    flat: np.ndarray, tuning: Tuning, arenas: Arenas, found: list[Detections]
) -> tuple[np.ndarray, list[int]]:
    """The background with what is around them in the place of animals that never moved away, and
    the arenas in which one was."""
    looks = _looks(flat, tuning.settings, found)
    counts = _counts(arenas, found)
    background, still = tuning.background.copy(), list[int]()
    if looks is None:
        return background, still
    for number, place in enumerate(arenas.places):
        without = counts[:, number] < place.n_animals
        if without.mean() < STILL_FRAMES:
            continue
        missing = place.n_animals - round(float(np.median(counts[without, number])))
        marks = _still_in(flat, without, number, tuning.settings, arenas, looks)
        for mask, surroundings in marks[: max(0, missing)]:
            background = np.where(mask, surroundings, background)
            still += [number] if number not in still else []
    return background, still


def _around(image: np.ndarray, settings: BackgroundSettings, width: float) -> np.ndarray:
    """The picture with everything of an animal's width or less filled from around it."""
    way = cv2.MORPH_CLOSE if settings.animals == "darker" else cv2.MORPH_OPEN
    return cv2.morphologyEx(image, way, disk(max(2, round(AROUND * width))))


def _looks(
    flat: np.ndarray, settings: BackgroundSettings, found: list[Detections]
) -> np.ndarray | None:
    """Area, length, contrast and width of the animals that were seen moving, medians; None when
    there were none."""
    width = _median([d.shapes[:, WIDTH] for d in found])
    if width is None:
        return None
    seen = []
    for image, one in zip(flat, found, strict=True):
        around = _around(image, settings, width)
        for row in range(len(one)):
            x0, y0, x1, y1 = one.boxes[row]
            mask = decode(one.masks[row], int(y1 - y0), int(x1 - x0)) > 0
            contrast = _contrast(image[y0:y1, x0:x1], around[y0:y1, x0:x1], mask, settings)
            seen.append((*one.shapes[row, [AREA, LENGTH]], contrast, width))
    return np.median(np.array(seen), axis=0)


def _median(parts: list[np.ndarray]) -> float | None:
    values = np.concatenate(parts)
    return float(np.median(values)) if len(values) else None


def _contrast(
    image: np.ndarray, around: np.ndarray, mask: np.ndarray, settings: BackgroundSettings
) -> float:
    """How far a mark stands out, as a share of the brightness around it: the light may differ."""
    light = around[mask].astype(float)
    step = np.abs(light - image[mask]) / np.maximum(light - settings.black_level, FAINT)
    return float(step.mean())


def _still_in(
    flat: np.ndarray, without: np.ndarray, number: int, settings: BackgroundSettings,
    arenas: Arenas, looks: np.ndarray,
) -> list[tuple[np.ndarray, np.ndarray]]:  # fmt: skip
    """What looks like an animal in the frames ``without`` one, best first: masks and what is
    around each, both (h, w)."""
    mine = arenas.labels == number + 1
    picture = np.median(flat[without], axis=0).astype(np.uint8)
    around = _around(picture, settings, float(looks[3]))
    # outlines are those of the segmenter itself, only with the surroundings for the background
    marks = BackgroundSegmenter(around, settings, mine).segment_gray(picture)
    elsewhere = None if without.all() else np.median(flat[~without], axis=0).astype(np.uint8)
    good = []
    for row in range(len(marks)):
        x0, y0, x1, y1 = marks.boxes[row]
        mask = np.zeros(mine.shape, bool)
        mask[y0:y1, x0:x1] = decode(marks.masks[row], int(y1 - y0), int(x1 - x0)) > 0
        contrast = _contrast(picture, around, mask, settings)
        off = np.abs(np.log(np.array([*marks.shapes[row, [AREA, LENGTH]], contrast]) / looks[:3]))
        if off.max() > np.log(ALIKE) or contrast < STANDS_OUT * looks[2]:
            continue
        # what is there while the animal is elsewhere is a mark on the floor
        if elsewhere is not None and _contrast(elsewhere, around, mask, settings) > contrast / 2:
            continue
        good.append((float(off.sum()), mask))
    good.sort(key=lambda pair: pair[0])
    grow = disk(max(1, round(0.5 * float(looks[3]))))
    return [(cv2.dilate(mask.astype(np.uint8), grow) > 0, around) for _, mask in good]
