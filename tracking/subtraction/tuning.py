"""Background subtraction that tunes itself: it looks at a sample of the video and keeps what
makes the stated number of animals come out most steadily.

The empty arena is estimated in four ways, animals are tried as darker and as brighter, contrast as
absolute and as relative, over a range of thresholds (``tracking.subtraction.candidates``); then
the opening and the limits of area are fitted to what was chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from tracking.errors import TrackingError
from tracking.subtraction.background import BackgroundSegmenter, mean_level
from tracking.subtraction.candidates import (
    JUDGED,
    NEARLY,
    RELATIVE,
    SHARE_OF_ANIMAL,
    Candidate,
    best_of,
    masked_median,
    spread,
)  # fmt: skip
from tracking.subtraction.empty_arena import ranked, ranks_of
from tracking.subtraction.light import Light, in_one_light, lights_of
from tracking.subtraction.seldom import fullest
from tracking.subtraction.settings import WIDEST, BackgroundSettings
from tracking.subtraction.sizes import floor_of, sizes_of, unlike
from tracking.subtraction.still import without_sleepers
from tracking.threads import one_thread
from tracking.video import VideoInfo, read_frames_at

MASKED = "masked median"
PLAN = (("median", "darker"), ("median", "brighter"), ("bright", "darker"), ("dark", "brighter"))
OPENINGS = (0.0, 0.08, 0.15)  # radii tried, in widths of an animal
LEAST_SCORE = 0.005  # sensor noise scores 0.0003, the hardest real recordings 0.05
SECOND_LOOK = 0.02  # below it animals may be out of view in most frames; more makes it so
LARGER_APART = 1.4  # times as large as typical where all are seen apart: mostly, one is not there
# a hand or a lid changes more of a frame than animals do: times as much, and a share of the frame
STRANGE_TIMES, STRANGE_MORE = 2.0, 0.02
LEAST_APART = 0.2  # of the sampled frames, to know how dark animals are
OWN_MARGIN = 0.1  # of the contrast of animals, beyond the faintest of them
SAMPLES = 36  # frames that the background is made of
LONGEST_SIDE = 640  # pixels; larger frames are judged at reduced size


@dataclass(frozen=True)
class Tuning:
    """What was chosen and how well it did on the sample."""

    settings: BackgroundSettings
    background: np.ndarray  # (h, w) uint8
    score: float  # 0 to 1, the product of the parts below
    parts: dict[str, float]
    one_more: float  # score of what would suit one animal more, 0 to 1
    most_seen: int  # the most animal-sized blobs in one sampled frame


@one_thread()
def tune(
    info: VideoInfo,
    n_animals: int,
    on_progress: Callable[[int, int], None] | None = None,
    by_hand: dict[str, Any] | None = None,
    stack: np.ndarray | None = None,
) -> Tuning:
    """Choose the background and every setting for ``n_animals`` animals.

    Settings in ``by_hand`` (names of BackgroundSettings) are kept as they are, and the others are
    chosen to go with them. ``stack`` is what ``sample`` gives for this video, when it is at hand
    already. Raises TrackingError when nothing that could be the animals is found.
    """
    by_hand = by_hand or {}
    fixed = usable_settings(by_hand)
    if n_animals < 1:
        raise TrackingError(f"{n_animals} animals cannot be tracked. Give 1 or more.")
    stack = sample(info, on_progress=on_progress) if stack is None else stack
    scale = min(1.0, LONGEST_SIDE / max(info.width, info.height))
    small = np.stack([_resized(image, scale) for image in stack])
    lights = lights_of(small)
    small, stack = in_one_light(small, lights), in_one_light(stack, lights)
    black = float(np.percentile(small[:: max(1, len(small) // 8)], 0.1))
    best, full = _looked_twice(small, n_animals, black, fixed)
    judged, shown = (small, stack) if full.all() else (small[full], stack[full])
    if best.score <= (0.0 if fixed else LEAST_SCORE):
        raise TrackingError(
            f"Nothing that looks like {n_animals} moving "
            f"{'animal' if n_animals == 1 else 'animals'} stands out from the background of "
            f"{info.path}. Check the number of animals; or set threshold, animals (darker, "
            "brighter) and statistic (median, bright, dark) by hand."
        )
    background = _full_background(stack, best, scale)
    if fixed.get("statistic", MASKED) == MASKED:
        refined = masked_median(small, best)
        second = best_of(judged, [_before(best, refined)], n_animals, fixed)
        if "statistic" in fixed or second.score >= 0.98 * best.score:
            best = second
            background = _full_masked_median(stack, background, best, scale)
    awake = without_sleepers(small, best.background, best.settings, best.area)
    if awake is not best.background:
        second = best_of(judged, [replace(best, background=awake, score=0.0)], n_animals, fixed)
        if second.score > best.score:
            area = best.area / scale**2
            background = without_sleepers(stack, background, best.settings, area)
            best = second
    tuning = _finish(shown, best, background, n_animals, scale, fixed)
    if not full.all():
        share = float(full.mean())
        parts = {**tuning.parts, "in_view": share}
        tuning = replace(tuning, score=share * tuning.score, parts=parts)
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


def _looked_twice(
    small: np.ndarray, n_animals: int, black: float, fixed: dict[str, Any]
) -> tuple[Candidate, np.ndarray]:
    """The best candidate, and which frames (k,) bool it was judged on: all of them, or those that
    show most where nothing suits the others, since animals are out of view there."""
    best, every = _best_candidate(small, small, n_animals, black, fixed), np.ones(len(small), bool)
    if best.score >= SECOND_LOOK and best.apart < LARGER_APART * best.area:
        return best, every
    full = fullest(small)
    if not full.any():
        return best, every
    second = _best_candidate(small, small[full], n_animals, black, fixed)
    better = full.mean() * second.score > max(best.score, SECOND_LOOK)
    return (second, full) if better else (best, every)


def _best_candidate(
    small: np.ndarray, judged: np.ndarray, n_animals: int, black: float, fixed: dict[str, Any]
) -> Candidate:
    """The best of all pictures of the empty arena that ``small`` gives, on frames ``judged``."""
    ranks = ranks_of(len(small))
    backgrounds = dict(zip(ranks, ranked(small, list(ranks.values())), strict=True))
    statistics = {fixed.get("statistic", MASKED)} & set(backgrounds) or set(backgrounds)
    polarities = {fixed["animals"]} if "animals" in fixed else {"darker", "brighter"}
    plan = [pair for pair in PLAN if pair[0] in statistics and pair[1] in polarities]
    tried = [
        Candidate(
            BackgroundSettings(statistic=statistic, animals=animals, black_level=black),  # type: ignore[arg-type]
            backgrounds[statistic],
        )
        for statistic, animals in plan or [(fixed["statistic"], fixed["animals"])]
    ]
    return best_of(judged, tried, n_animals, fixed)


def _before(candidate: Candidate, background: np.ndarray) -> Candidate:
    """The same settings before another picture of the empty arena."""
    settings = replace(candidate.settings, statistic="masked median")
    return replace(candidate, settings=settings, background=background, score=0.0, parts=())


def _resized(image: np.ndarray, scale: float) -> np.ndarray:
    if scale == 1.0:
        return image
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def _full_background(stack: np.ndarray, best: Candidate, scale: float) -> np.ndarray:
    """The chosen statistic at full size."""
    if scale == 1.0:
        return best.background
    return ranked(stack, [ranks_of(len(stack))[best.settings.statistic]])[0]


def _full_masked_median(
    stack: np.ndarray, background: np.ndarray, best: Candidate, scale: float
) -> np.ndarray:
    if scale == 1.0:
        return best.background
    full = replace(best, background=background, area=best.area / scale**2)
    return masked_median(stack, full)


def _finish(
    stack: np.ndarray, best: Candidate, background: np.ndarray, n_animals: int, scale: float,
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
    usual, strange = _usual_light(frames, background)
    first = replace(
        first, close_px=fixed.get("close_px", 0), usual_light=usual, most_strange=strange
    )
    radii = sorted({min(round(share * width), WIDEST) for share in OPENINGS})
    radii = [fixed["open_px"]] if "open_px" in fixed else radii
    choices = [
        _opened(frames, background, replace(first, open_px=radius), n_animals, bool(best.sizes))
        for radius in radii
    ]
    # a tail moves the centre and the heading, so of nearly equal openings the widest
    enough = NEARLY * max(choice[0] for choice in choices)
    score, settings, most_seen = [choice for choice in choices if choice[0] >= enough][-1]
    settings = replace(settings, own_level=_own_level(frames, background, settings, n_animals))
    parts = {**dict(best.parts), "opening": score}
    return Tuning(settings.checked(), background, best.score, parts, best.one_more, most_seen)


def _usual_light(frames: np.ndarray, background: np.ndarray) -> tuple[float, float]:
    """What ``Light`` says of frames that are as bright as the background, and how large a share of
    a frame does not follow the light when something else than animals is there; 0 for unknown.

    The first is not just 1: a background of the brightest values is brighter than the frames it
    comes from.
    """
    light = Light(background)
    if not light.is_known:
        return 0.0, 0.0
    usual, strange = np.median([light.and_strange(image) for image in frames], axis=0)
    most = STRANGE_TIMES * float(strange) + STRANGE_MORE
    return round(float(usual), 3), round(most, 3) if most < 1 else 0.0


def _own_level(
    frames: np.ndarray, background: np.ndarray, settings: BackgroundSettings, n_animals: int
) -> float:
    """The mean gray level that no animal exceeds, from frames in which each is seen by itself."""
    segmenter = BackgroundSegmenter(background, settings)
    pairs = [(image, segmenter.blobs(image)) for image in frames]
    apart = [(image, blobs) for image, blobs in pairs if len(blobs) == n_animals]
    if len(apart) < LEAST_APART * len(frames):
        return 0.0
    levels = np.array([
        (mean_level(blob, image), mean_level(blob, background))
        for image, blobs in apart for blob in blobs
    ])  # fmt: skip
    away = OWN_MARGIN * float(np.median(levels[:, 1] - levels[:, 0]))
    furthest = levels[:, 0].max() if settings.animals == "darker" else levels[:, 0].min()
    return round(float(np.clip(furthest + away, 1, 255)), 1)


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
    frames: np.ndarray, background: np.ndarray, settings: BackgroundSettings, n_animals: int,
    has_sizes: bool,
) -> tuple[float, BackgroundSettings, int]:  # fmt: skip
    """How steady blobs are with this opening, and the area limits that fit them."""
    segmenter = BackgroundSegmenter(background, settings)
    shapes = [segmenter.segment_gray(image).shapes for image in frames]
    areas = [np.sort(found[:, 2])[::-1] for found in shapes]
    top = np.array([a[:n_animals].sum() for a in areas])
    area = float(np.median(top)) / n_animals
    if area <= 0:
        return 0.0, settings, 0
    if has_sizes:
        return _opened_in_sizes([a.tolist() for a in areas], shapes, settings, n_animals)
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
    alike = float(np.exp(-spread(single))) if len(single) else 0.1
    # animals that lie in contact most of the time are never seen apart: areas say how many
    capacity = np.array([np.maximum(1, np.round(a / area)).sum() for a in large])
    explained = float(np.mean(np.abs(capacity - n_animals) <= n_animals // 8))
    apart = 0.2 + 0.8 * float(np.mean(counts == n_animals))
    score = apart * (0.1 + 0.9 * explained) * alike * float(np.exp(-2 * spread(top)))
    every = np.concatenate(shapes)
    alone = every[(every[:, 2] > 0.6 * area) & (every[:, 2] < 1.4 * area), 4]
    length = float(np.median(alone)) if len(alone) else 2.0 * area**0.5
    fitted = replace(
        settings, min_area_px=round(floor, 1), typical_area_px=round(area, 1),
        typical_length_px=round(length, 1),
        max_area_px=round(max(4.0, 1.6 * n_animals) * area, 1),
    )  # fmt: skip
    return score, fitted, int(counts.max())


def _opened_in_sizes(
    areas: list[list[float]], shapes: list[np.ndarray], settings: BackgroundSettings, n_animals: int
) -> tuple[float, BackgroundSettings, int]:
    """The same where each animal has a size of its own; what is typical is the largest one."""
    sizes = sizes_of(areas, n_animals)
    if not sizes:
        return 0.0, settings, 0
    floor = floor_of(areas, sizes)
    counts = np.array([sum(area >= floor for area in found) for found in areas])
    score = (0.2 + 0.8 * float(np.mean(counts == n_animals))) * float(np.exp(-unlike(areas, sizes)))
    lengths = [found[found[:, 2].argmax(), 4] for found in shapes if len(found)]
    fitted = replace(
        settings, min_area_px=round(floor, 1), typical_area_px=round(sizes[0], 1),
        typical_length_px=round(float(np.median(lengths)), 1),
        max_area_px=round(max(4.0, 1.6 * n_animals) * sizes[0], 1),
        areas_px=" ".join(f"{size:.1f}" for size in sizes),
    )  # fmt: skip
    return score, fitted, int(counts.max())
