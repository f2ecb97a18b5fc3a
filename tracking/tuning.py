"""Background subtraction that tunes itself: it looks at a sample of the video and keeps what
makes the stated number of animals come out most steadily.

The empty arena is estimated in four ways, animals are tried as darker and as brighter, contrast as
absolute and as relative, over a range of thresholds. A candidate is judged on frames spread over
the video by

- separate: the share of frames with just the right number of blobs of one animal's size,
- explained: the same when a blob may be several touching animals, judged by its area,
- steady: how little the total area changes from frame to frame,
- real: the share of outline that is an edge in the frame and not in the background. A place
  that an animal has left (a ghost) has its edge in the background instead,
- clean: the share of foreground that belongs to the animals.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from tracking.background import WIDEST, BackgroundSegmenter, BackgroundSettings, limit_image
from tracking.errors import TrackingError
from tracking.video import VideoInfo, read_frames_at

MASKED = "masked median"
PLAN = (("median", "darker"), ("median", "brighter"), ("bright", "darker"), ("dark", "brighter"))
OPENINGS = (0.0, 0.08, 0.15)  # radii tried, in widths of an animal
MOST_OF_FRAME = 0.4  # that all animals together may cover
LEAST_SCORE = 0.005  # sensor noise scores 0.0003, the hardest real recordings 0.05
NEARLY = 0.8  # of the best score does nearly as well
SAMPLES = 36  # frames that the background is made of
JUDGED = 18  # of them that settings are judged on
LONGEST_SIDE = 640  # pixels; larger frames are judged at reduced size
ABSOLUTE = (10.0, 14.0, 20.0, 28.0, 40.0, 56.0, 80.0)
RELATIVE = (0.16, 0.22, 0.3, 0.4, 0.52)
# relative contrast also finds shadows and reflections on dark walls: it must be clearly better
RELATIVE_WORTH = 0.7
SHARE_OF_ANIMAL = 0.3  # a blob under this share of one animal's area is not an animal


@dataclass(frozen=True)
class Tuning:
    """What was chosen and how well it did on the sample."""

    settings: BackgroundSettings
    background: np.ndarray  # (h, w) uint8
    score: float  # 0 to 1, the product of the parts below
    parts: dict[str, float]
    most_seen: int  # the most animal-sized blobs in one sampled frame


def tune(
    info: VideoInfo,
    n_animals: int,
    on_progress: Callable[[int, int], None] | None = None,
    by_hand: dict[str, Any] | None = None,
) -> Tuning:
    """Choose the background and every setting for ``n_animals`` animals.

    Settings in ``by_hand`` (names of BackgroundSettings) are kept as they are, and the others are
    chosen to go with them. Raises TrackingError when nothing that could be the animals is found.
    """
    by_hand = by_hand or {}
    fixed = usable_settings(by_hand)
    if n_animals < 1:
        raise TrackingError(f"{n_animals} animals cannot be tracked. Give 1 or more.")
    stack = sample(info, on_progress=on_progress)
    scale = min(1.0, LONGEST_SIDE / max(info.width, info.height))
    small = np.stack([_resized(image, scale) for image in stack])
    black = float(np.percentile(small[:: max(1, len(small) // 8)], 0.1))
    best = _best_candidate(small, n_animals, black, fixed)
    if best.score <= (0.0 if fixed else LEAST_SCORE):
        raise TrackingError(
            f"Nothing that looks like {n_animals} moving "
            f"{'animal' if n_animals == 1 else 'animals'} stands out from the background of "
            f"{info.path}. Check the number of animals; or set threshold, animals (darker, "
            "brighter) and statistic (median, bright, dark) by hand."
        )
    background = _full_background(stack, best, scale)
    if fixed.get("statistic", MASKED) == MASKED:
        refined = _masked_median(small, best)
        second = _best_of(small, [replace_background(best, refined)], n_animals, fixed)
        if "statistic" in fixed or second.score >= 0.98 * best.score:
            best = second
            background = _full_masked_median(stack, background, best, scale)
    tuning = _finish(stack, best, background, n_animals, scale, fixed)
    return replace(tuning, settings=tuning.settings.with_changes(by_hand))


def usable_settings(by_hand: dict[str, Any]) -> dict[str, Any]:
    """The settings by hand as values of the right kind; TrackingError when one cannot work.

    A threshold below 1 is a share, so it goes with relative contrast unless told otherwise.
    """
    changes = dict(by_hand)
    if "threshold" in changes and "contrast" not in changes:
        threshold = BackgroundSettings().with_changes({"threshold": changes["threshold"]}).threshold
        changes["contrast"] = "relative" if threshold < 1 else "absolute"
    ground = BackgroundSettings()
    if changes.get("contrast") == "relative" and "threshold" not in changes:
        ground = replace(ground, threshold=RELATIVE[0])
    checked = ground.with_changes(changes)
    return {key: getattr(checked, key) for key in changes}


def sample(
    info: VideoInfo, count: int = SAMPLES, on_progress: Callable[[int, int], None] | None = None
) -> np.ndarray:
    """About ``count`` gray frames spread over the video, (k, h, w) uint8.

    Frames just after a keyframe are preferred, since reaching one frame means decoding all of
    them from the keyframe on.
    """
    wanted = _sample_indices(info, count)
    images = []
    for done, frame in enumerate(read_frames_at(info, wanted.tolist())):
        images.append(frame.gray.copy())
        if on_progress:
            on_progress(done + 1, len(wanted))
    return np.stack(images)


def _sample_indices(info: VideoInfo, count: int) -> np.ndarray:
    spread = np.unique(np.linspace(0, info.n_frames - 1, count).astype(int))
    keys = info.keyframes
    budget = max(200, info.n_frames // 8) / len(keys)  # frames to decode per keyframe
    before = keys[np.searchsorted(keys, spread, side="right") - 1]
    after = np.append(keys, info.n_frames)[np.searchsorted(keys, spread, side="right")]
    if len(keys) >= count // 2:
        return np.unique(before)
    stretch = np.minimum(1.0, budget / np.maximum(after - before, 1))
    return np.unique(before + ((spread - before) * stretch).astype(int))


@dataclass(frozen=True)
class _Candidate:
    settings: BackgroundSettings
    background: np.ndarray
    score: float = 0.0
    parts: tuple[tuple[str, float], ...] = ()
    area: float = 0.0
    floor: float = 0.0
    most_seen: int = 0


def replace_background(candidate: _Candidate, background: np.ndarray) -> _Candidate:
    """The same settings before another picture of the empty arena."""
    settings = replace(candidate.settings, statistic="masked median")
    return replace(candidate, settings=settings, background=background, score=0.0, parts=())


def _best_candidate(
    small: np.ndarray, n_animals: int, black: float, fixed: dict[str, Any]
) -> _Candidate:
    ranks = _ranks(len(small))
    backgrounds = dict(zip(ranks, _ranked(small, list(ranks.values())), strict=True))
    statistics = {fixed.get("statistic", MASKED)} & set(backgrounds) or set(backgrounds)
    polarities = {fixed["animals"]} if "animals" in fixed else {"darker", "brighter"}
    plan = [pair for pair in PLAN if pair[0] in statistics and pair[1] in polarities]
    tried = [
        _Candidate(
            BackgroundSettings(statistic=statistic, animals=animals, black_level=black),  # type: ignore[arg-type]
            backgrounds[statistic],
        )
        for statistic, animals in plan or [(fixed["statistic"], fixed["animals"])]
    ]
    return _best_of(small, tried, n_animals, fixed)


def _best_of(
    small: np.ndarray, tried: list[_Candidate], n_animals: int, fixed: dict[str, Any]
) -> _Candidate:
    """The best-scoring threshold and contrast of the best background."""
    frames = small[:: max(1, len(small) // JUDGED)]
    gradients = [_gradient(image) for image in frames]
    judged: list[_Candidate] = []
    for candidate in tried:
        edges = _gradient(candidate.background)
        for contrast, threshold in _steps(candidate.settings.animals, fixed):
            settings = replace(candidate.settings, contrast=contrast, threshold=threshold)  # type: ignore[arg-type]
            judged.append(
                _judged(replace(candidate, settings=settings), frames, gradients, edges, n_animals)
            )
    return _on_the_edge(judged, frames)


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


def _on_the_edge(judged: list[_Candidate], frames: np.ndarray) -> _Candidate:
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


def _kind(candidate: _Candidate) -> tuple[str, str, str]:
    settings = candidate.settings
    return settings.statistic, settings.animals, settings.contrast


def _contrast(candidate: _Candidate, frames: np.ndarray) -> float:
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
    candidate: _Candidate,
    frames: np.ndarray,
    gradients: list[np.ndarray],
    background_edges: np.ndarray,
    n_animals: int,
) -> _Candidate:
    limit = limit_image(candidate.background, candidate.settings)
    code = cv2.CMP_LT if candidate.settings.animals == "darker" else cv2.CMP_GT
    areas, real = [], []
    for image, gradient in zip(frames, gradients, strict=True):
        mask = cv2.compare(image, limit, code)
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        sized = sorted(((cv2.contourArea(c) + len(c) / 2 + 1, c) for c in contours if len(c) > 4),
                       key=lambda pair: -pair[0])  # fmt: skip
        areas.append([area for area, _ in sized])
        for _, contour in sized[:n_animals]:
            xs, ys = contour[:, 0, 0], contour[:, 0, 1]
            real.append(np.mean(gradient[ys, xs] > background_edges[ys, xs]))
        if len(sized) > 2000:  # noise, not animals
            return candidate
    return _scored(candidate, areas, real, n_animals)


def _scored(
    candidate: _Candidate, areas: list[list[float]], real: list[float], n_animals: int
) -> _Candidate:
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
    parts = {
        "separate": float(np.mean(counts == n_animals)),
        "explained": float(np.mean(np.abs(capacity - n_animals) <= n_animals // 8)),
        "steady": float(np.exp(-2 * _spread(top))),
        "alike": float(np.exp(-_spread(single))) if len(single) else 0.1,
        "real": float(np.mean(real)),
        "clean": float(np.median(top / np.maximum(everything, 1))),
    }
    score = (
        (0.15 + 0.85 * parts["separate"]) * (0.1 + 0.9 * parts["explained"])
        * parts["steady"] * parts["alike"] * parts["real"] ** 2 * parts["clean"]
        * (RELATIVE_WORTH if candidate.settings.contrast == "relative" else 1.0)
    )  # fmt: skip
    return replace(
        candidate, score=score, parts=tuple(parts.items()), area=area, floor=floor,
        most_seen=int(counts.max()),
    )  # fmt: skip


def _spread(values: np.ndarray) -> float:
    """Mean absolute deviation from the median, relative to it."""
    middle = float(np.median(values))
    return float(np.mean(np.abs(values - middle))) / middle if middle > 0 else 9.0


def _gradient(image: np.ndarray) -> np.ndarray:
    smooth = cv2.GaussianBlur(image, (3, 3), 0)
    dx = cv2.Sobel(smooth, cv2.CV_32F, 1, 0)
    dy = cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    return cv2.magnitude(dx, dy)


def _masked_median(stack: np.ndarray, candidate: _Candidate) -> np.ndarray:
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
    return _median_where(stack, ~covered, candidate.background)


def _median_where(stack: np.ndarray, valid: np.ndarray, fallback: np.ndarray) -> np.ndarray:
    """Median over axis 0 of the valid values only, (h, w) uint8; where too few, the fallback."""
    result = _ranked(stack, [(len(stack) - 1) // 2])[0]
    ys, xs = np.nonzero(~valid.all(0))
    for at in range(0, len(ys), 50_000):  # in pieces, to bound memory
        y, x = ys[at : at + 50_000], xs[at : at + 50_000]
        ok = valid[:, y, x]
        count = ok.sum(0)
        ordered = np.sort(np.where(ok, stack[:, y, x], 255), axis=0)
        middle = np.take_along_axis(ordered, ((np.maximum(count, 1) - 1) // 2)[None], 0)[0]
        result[y, x] = np.where(count >= 3, middle, fallback[y, x])
    return result


def _ranked(stack: np.ndarray, ranks: list[int]) -> np.ndarray:
    """The values of the given ranks over axis 0, (len(ranks), h, w) uint8; few rows at a time."""
    result = np.empty((len(ranks), *stack.shape[1:]), np.uint8)
    for y in range(0, stack.shape[1], 32):
        planes = _ordered(list(stack[:, y : y + 32]))
        for k, rank in enumerate(ranks):
            result[k, y : y + 32] = planes[rank]
    return result


def _ordered(planes: list[np.ndarray]) -> list[np.ndarray]:
    """Sort pixel by pixel over a list of equal images: Batcher's odd-even merge network.

    Whole images are compared at once, which is 13 times as fast as numpy's partition over axis 0
    (0.017 s against 0.23 s for 36 images of 640 x 480).
    """
    n, planes = len(planes), list(planes)
    run = 1
    while run < n:
        gap = run
        while gap >= 1:
            for low in range(gap % run, n - gap, 2 * gap):
                for i in range(low, low + min(gap, n - low - gap)):
                    if i // (2 * run) == (i + gap) // (2 * run):
                        one, other = planes[i], planes[i + gap]
                        planes[i], planes[i + gap] = np.minimum(one, other), np.maximum(one, other)
            gap //= 2
        run *= 2
    return planes


def _ranks(k: int) -> dict[str, int]:
    """Which of ``k`` ordered values stands for each statistic."""
    return {"median": k // 2, "bright": max(0, k - 1 - k // 24), "dark": min(k - 1, k // 24)}


def _resized(image: np.ndarray, scale: float) -> np.ndarray:
    if scale == 1.0:
        return image
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def _full_background(stack: np.ndarray, best: _Candidate, scale: float) -> np.ndarray:
    """The chosen statistic at full size."""
    if scale == 1.0:
        return best.background
    return _ranked(stack, [_ranks(len(stack))[best.settings.statistic]])[0]


def _full_masked_median(
    stack: np.ndarray, background: np.ndarray, best: _Candidate, scale: float
) -> np.ndarray:
    if scale == 1.0:
        return best.background
    full = replace(best, background=background, area=best.area / scale**2)
    return _masked_median(stack, full)


def _finish(
    stack: np.ndarray, best: _Candidate, background: np.ndarray, n_animals: int, scale: float,
    fixed: dict[str, Any],
) -> Tuning:  # fmt: skip
    """Choose area limits and the opening at full size, with what was chosen so far."""
    area = best.area / scale**2
    first = replace(
        best.settings, min_area_px=round(0.3 * best.floor / scale**2, 1),
        typical_area_px=round(area, 1),
    )  # fmt: skip
    frames = stack[:: max(1, len(stack) // JUDGED)]
    width = _typical_width(frames, background, first, area)
    first = replace(first, close_px=fixed.get("close_px", 0))
    radii = sorted({min(round(share * width), WIDEST) for share in OPENINGS})
    radii = [fixed["open_px"]] if "open_px" in fixed else radii
    choices = [
        _opened(frames, background, replace(first, open_px=radius), n_animals) for radius in radii
    ]
    # a tail moves the centre and the heading, so of nearly equal openings the widest
    enough = 0.95 * max(choice[0] for choice in choices)
    score, settings, most_seen = [choice for choice in choices if choice[0] >= enough][-1]
    parts = {**dict(best.parts), "opening": score}
    return Tuning(settings.checked(), background, best.score, parts, most_seen)


def _typical_width(
    frames: np.ndarray, background: np.ndarray, settings: BackgroundSettings, area: float
) -> float:
    segmenter = BackgroundSegmenter(background, settings)
    widths = []
    for image in frames:
        shapes = segmenter.segment_gray(image).shapes
        widths += shapes[(shapes[:, 2] > 0.5 * area) & (shapes[:, 2] < 1.5 * area), 5].tolist()
    return float(np.median(widths)) if widths else area**0.5


def _opened(
    frames: np.ndarray, background: np.ndarray, settings: BackgroundSettings, n_animals: int
) -> tuple[float, BackgroundSettings, int]:
    """How steady blobs are with this opening, and the area limits that fit them."""
    segmenter = BackgroundSegmenter(background, settings)
    shapes = [segmenter.segment_gray(image).shapes for image in frames]
    areas = [np.sort(found[:, 2])[::-1] for found in shapes]
    top = np.array([a[:n_animals].sum() for a in areas])
    area = float(np.median(top)) / n_animals
    if area <= 0:
        return 0.0, settings, 0
    rest = [a[n_animals] if len(a) > n_animals else 0.0 for a in areas]
    nth = [a[n_animals - 1] for a in areas if len(a) >= n_animals]
    floor = SHARE_OF_ANIMAL * area
    if nth:
        smallest = float(np.percentile(nth, 10))
        between = float(np.sqrt(smallest * max(1.0, float(np.percentile(rest, 90)))))
        floor = float(np.clip(between, 0.15 * area, 0.4 * area))
    large = [a[a >= floor] for a in areas]
    counts = np.array([len(a) for a in large])
    single = np.concatenate([a[a < 1.6 * area] for a in large])
    alike = float(np.exp(-_spread(single))) if len(single) else 0.1
    score = (
        (0.2 + 0.8 * float(np.mean(counts == n_animals))) * alike * float(np.exp(-2 * _spread(top)))
    )
    every = np.concatenate(shapes)
    alone = every[(every[:, 2] > 0.6 * area) & (every[:, 2] < 1.4 * area), 4]
    length = float(np.median(alone)) if len(alone) else 2.0 * area**0.5
    fitted = replace(
        settings, min_area_px=round(floor, 1), typical_area_px=round(area, 1),
        typical_length_px=round(length, 1),
        max_area_px=round(max(4.0, 1.6 * n_animals) * area, 1),
    )  # fmt: skip
    return score, fitted, int(counts.max())
