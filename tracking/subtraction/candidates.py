"""Candidates for background subtraction, and how steadily each brings out the animals.

A candidate is a picture of the empty arena with a polarity, a contrast and a threshold. It is
judged on frames spread over the video by

- separate: the share of frames with just the right number of blobs of one animal's size,
- explained: the same when a blob may be several touching animals, judged by its area,
- steady: how little the total area changes from frame to frame,
- alike: how little the areas of single animals differ,
- real: the share of outline that is an edge in the frame and not in the background. A place
  that an animal has left (a ghost) has its edge in the background instead,
- clean: the share of foreground that belongs to the animals.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from tracking.subtraction.background import limit_image
from tracking.subtraction.empty_arena import median_where
from tracking.subtraction.parts import Smallest, is_part
from tracking.subtraction.seldom import FEWEST
from tracking.subtraction.settings import BackgroundSettings
from tracking.subtraction.sizes import floor_of, sizes_of, unlike

MOST_OF_FRAME = 0.4  # that all animals together may cover
NEARLY = 0.8  # of the best score does nearly as well
JUDGED = 18  # sampled frames that candidates are judged on
ABSOLUTE = (10.0, 14.0, 20.0, 28.0, 40.0, 56.0, 80.0)
RELATIVE = (0.16, 0.22, 0.3, 0.4, 0.52)
# relative contrast also finds shadows and reflections on dark walls: it must be clearly better
RELATIVE_WORTH = 0.7
SIZES_WORTH = 0.9  # different sizes explain more, so they must explain better
PART_WORTH = 0.3  # of the score, where the smallest animal is but a part of one
SHARE_OF_ANIMAL = 0.3  # a blob under this share of one animal's area is not an animal


@dataclass(frozen=True)
class Candidate:
    settings: BackgroundSettings
    background: np.ndarray
    score: float = 0.0
    parts: tuple[tuple[str, float], ...] = ()
    area: float = 0.0
    apart: float = 0.0  # the same in the frames in which all are seen apart; 0 for too few
    floor: float = 0.0
    most_seen: int = 0
    one_more: float = 0.0  # score of what would suit one animal more
    sizes: tuple[float, ...] = ()  # of each animal, where one area does not fit all


def best_of(
    small: np.ndarray, tried: list[Candidate], n_animals: int, fixed: dict[str, Any]
) -> Candidate:
    """The best-scoring threshold and contrast of the best background.

    How well one animal more would do is known from the same outlines, and kept beside it.
    """
    frames = small[:: max(1, len(small) // JUDGED)]
    gradients = [_gradient(image) for image in frames]
    judged: list[tuple[Candidate, Candidate]] = []
    for candidate in tried:
        edges = _gradient(candidate.background)
        for contrast, threshold in _steps(candidate.settings.animals, fixed):
            settings = replace(candidate.settings, contrast=contrast, threshold=threshold)  # type: ignore[arg-type]
            judged.append(
                _judged(replace(candidate, settings=settings), frames, gradients, edges, n_animals)
            )
    best = _on_the_edge([found for found, _ in judged], frames)
    return replace(best, one_more=_on_the_edge([more for _, more in judged], frames).score)


def _steps(animals: str, fixed: dict[str, Any]) -> list[tuple[str, float]]:
    """The contrasts and thresholds to try."""
    steps = [("absolute", t) for t in ABSOLUTE]
    if animals == "darker":
        steps += [("relative", t) for t in RELATIVE]
    if "contrast" in fixed:
        steps = [step for step in steps if step[0] == fixed["contrast"]]
    if "threshold" in fixed:
        steps = [(fixed["contrast"], fixed["threshold"])]
    return steps or [("relative", t) for t in RELATIVE]


def _on_the_edge(judged: list[Candidate], frames: np.ndarray) -> Candidate:
    """Of the thresholds around the best one that do nearly as well, the one nearest to half of the
    animals' own contrast: there the outline lies on the animal's edge, and not on its shadow."""
    best = max(judged, key=lambda c: c.score)
    kind = _kind(best)
    family = [c for c in judged if _kind(c) == kind]
    at = family.index(best)
    low = high = at
    while low > 0 and family[low - 1].score >= NEARLY * best.score:
        low -= 1
    while high + 1 < len(family) and family[high + 1].score >= NEARLY * best.score:
        high += 1
    half = 0.5 * _contrast(best, frames)
    return min(
        family[low : high + 1], key=lambda c: abs(np.log(c.settings.threshold / max(half, 1e-6)))
    )


def _kind(candidate: Candidate) -> tuple[str, str, str]:
    settings = candidate.settings
    return settings.statistic, settings.animals, settings.contrast


def _contrast(candidate: Candidate, frames: np.ndarray) -> float:
    """How far animals stand out from the background, in the unit of the threshold."""
    background = candidate.background.astype(np.float32)
    limit = limit_image(candidate.background, candidate.settings)
    code = cv2.CMP_LT if candidate.settings.animals == "darker" else cv2.CMP_GT
    typical = []
    for image in frames:
        inside = cv2.compare(image, limit, code) > 0
        if inside.any():
            step = np.abs(background[inside] - image[inside])
            if candidate.settings.contrast == "relative":
                step /= np.maximum(background[inside] - candidate.settings.black_level, 12.0)
            typical.append(np.percentile(step, 70))
    return float(np.median(typical)) if typical else 0.0


def _judged(
    candidate: Candidate,
    frames: np.ndarray,
    gradients: list[np.ndarray],
    background_edges: np.ndarray,
    n_animals: int,
) -> tuple[Candidate, Candidate]:
    """The candidate with its score, and with its score for one animal more."""
    limit = limit_image(candidate.background, candidate.settings)
    code = cv2.CMP_LT if candidate.settings.animals == "darker" else cv2.CMP_GT
    areas: list[list[float]] = []
    real: list[float] = []
    more: list[float] = []
    last: list[Smallest] = []
    for image, gradient in zip(frames, gradients, strict=True):
        mask = cv2.compare(image, limit, code)
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        sized = sorted(((cv2.contourArea(c) + len(c) / 2 + 1, c) for c in contours if len(c) > 4),
                       key=lambda pair: -pair[0])  # fmt: skip
        areas.append([area for area, _ in sized])
        for rank, (_, contour) in enumerate(sized[: n_animals + 1]):
            xs, ys = contour[:, 0, 0], contour[:, 0, 1]
            share = float(np.mean(gradient[ys, xs] > background_edges[ys, xs]))
            (real if rank < n_animals else more).append(share)
        if len(sized) >= n_animals:
            area, contour = sized[n_animals - 1]
            last.append(Smallest(image, area, contour[:, 0]))
        if len(sized) > 2000:  # noise, not animals
            return candidate, candidate
    found = _scored(candidate, areas, real, n_animals)
    another = _scored(candidate, areas, real + more, n_animals + 1)
    sizes = sizes_of(areas, n_animals)
    # a mark on the floor that comes and goes with the light is always at one place
    places = [one.outline.mean(0) for one in last]
    if sizes and float(np.std(places, axis=0).max()) > sizes[-1] ** 0.5:
        classed = _scored_in_sizes(candidate, areas, real, sizes)
        found = max(found, classed, key=lambda c: c.score)
    largest = float(np.median([max(of_frame, default=0.0) for of_frame in areas]))
    if is_part(last, _limit_at_half(candidate), code, largest, found.floor, len(frames)):
        found = replace(found, score=PART_WORTH * found.score)
        another = replace(another, score=PART_WORTH * another.score)
    return found, another


def _limit_at_half(candidate: Candidate) -> np.ndarray:
    """The limit image of half of the threshold, or of the lowest that is tried."""
    settings = candidate.settings
    lowest = min(RELATIVE if settings.contrast == "relative" else ABSOLUTE)
    half = max(0.5 * settings.threshold, min(lowest, settings.threshold))
    return limit_image(candidate.background, replace(settings, threshold=half))


def _scored(
    candidate: Candidate, areas: list[list[float]], real: list[float], n_animals: int
) -> Candidate:
    top = np.array([sum(a[:n_animals]) for a in areas])
    everything = np.array([sum(a) for a in areas])
    pixels = candidate.background.size
    if not len(real) or not 4 * n_animals <= np.median(top) <= MOST_OF_FRAME * pixels:
        return candidate
    area = float(np.median(top)) / n_animals
    nth = [a[n_animals - 1] for a in areas if len(a) >= n_animals]
    rest = [a[n_animals] if len(a) > n_animals else 1.0 for a in areas]
    floor = SHARE_OF_ANIMAL * area
    if nth:
        between = float(np.sqrt(np.median(nth) * np.percentile(rest, 90)))
        floor = float(np.clip(between, 0.1 * area, 0.5 * area))
    large = [np.array([a for a in found if a >= floor]) for found in areas]
    counts = np.array([len(found) for found in large])
    capacity = np.array([np.maximum(1, np.round(found / area)).sum() for found in large])
    single = np.array([a for found in large for a in found if a < 1.6 * area])
    of_all = top[counts == n_animals]
    parts = {
        "separate": float(np.mean(counts == n_animals)),
        "explained": float(np.mean(np.abs(capacity - n_animals) <= n_animals // 8)),
        "steady": float(np.exp(-2 * spread(top))),
        "alike": float(np.exp(-spread(single))) if len(single) else 0.1,
        "real": float(np.mean(real)),
        "clean": float(np.median(top / np.maximum(everything, 1))),
    }
    score = _product(parts, candidate)
    return replace(
        candidate, score=score, parts=tuple(parts.items()), area=area, floor=floor,
        apart=float(np.median(of_all)) / n_animals if len(of_all) >= FEWEST else 0.0,
        most_seen=int(counts.max()),
    )  # fmt: skip


def _scored_in_sizes(
    candidate: Candidate, areas: list[list[float]], real: list[float], sizes: tuple[float, ...]
) -> Candidate:
    """The same where each animal has a size of its own."""
    n_animals, floor = len(sizes), floor_of(areas, sizes)
    top = np.array([sum(a[:n_animals]) for a in areas])
    everything = np.array([sum(a) for a in areas])
    counts = np.array([sum(area >= floor for area in found) for found in areas])
    parts = {
        "separate": float(np.mean(counts == n_animals)),
        "explained": float(np.mean(counts <= n_animals)),
        "steady": float(np.exp(-2 * spread(top))),
        "alike": float(np.exp(-unlike(areas, sizes))),
        "real": float(np.mean(real)),
        "clean": float(np.median(top / np.maximum(everything, 1))),
    }
    return replace(
        candidate, score=SIZES_WORTH * _product(parts, candidate), parts=tuple(parts.items()),
        area=sizes[0], floor=floor, most_seen=int(counts.max()), sizes=sizes,
    )  # fmt: skip


def _product(parts: dict[str, float], candidate: Candidate) -> float:
    return (
        (0.15 + 0.85 * parts["separate"]) * (0.1 + 0.9 * parts["explained"])
        * parts["steady"] * parts["alike"] * parts["real"] ** 2 * parts["clean"]
        * (RELATIVE_WORTH if candidate.settings.contrast == "relative" else 1.0)
    )  # fmt: skip


def spread(values: np.ndarray) -> float:
    """Mean absolute deviation from the median, relative to it."""
    middle = float(np.median(values))
    return float(np.mean(np.abs(values - middle))) / middle if middle > 0 else 9.0


def _gradient(image: np.ndarray) -> np.ndarray:
    smooth = cv2.GaussianBlur(image, (3, 3), 0)
    dx = cv2.Sobel(smooth, cv2.CV_32F, 1, 0)
    dy = cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    return cv2.magnitude(dx, dy)


def masked_median(stack: np.ndarray, candidate: Candidate) -> np.ndarray:
    """The median of each pixel over the frames in which no animal lies on it.

    Where an animal always lies, the candidate's own background stays.
    """
    limit = limit_image(candidate.background, candidate.settings)
    code = cv2.CMP_LT if candidate.settings.animals == "darker" else cv2.CMP_GT
    grow = max(1, round(0.15 * candidate.area**0.5))
    kernel = np.ones((2 * grow + 1, 2 * grow + 1), np.uint8)
    specks = np.ones((2, 2), np.uint8)
    covered = np.empty(stack.shape, bool)
    for k, image in enumerate(stack):
        found = cv2.morphologyEx(cv2.compare(image, limit, code), cv2.MORPH_OPEN, specks)
        covered[k] = cv2.dilate(found, kernel) > 0
    return median_where(stack, ~covered, candidate.background)
