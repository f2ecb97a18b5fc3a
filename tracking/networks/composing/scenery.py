"""What a camera sees besides the animals: the empty cage, its light, and the wire before it.

The empty cage is the median of frames without the pixels of labelled animals. Wire is what is
thin and long in it and goes on looking the same where an animal is labelled around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from tracking.networks.samples import Sample

BEYOND = 9  # px around a label that may still be the animal, its tail or its shadow
OFTEN = 0.35  # share of the labelled frames in which an animal hides a place
ALIKE = (10, 90)  # percentiles of the level and roughness of floor where animals have been
TEXTURE = 8.0  # px over which floor is compared
BANDS = 2**25  # bytes of frames whose median is taken in one go
COARSE = 8  # px; light is known no finer
SMOOTH = 3.0  # coarse pixels: 24 px, more than straw, less than an animal's shadow of a hand
LONG, THIN = 81, 7  # px of a piece of wire that is straight, and its greatest width
ANGLES = 96  # directions in which wire is looked for: a piece of LONG px is hit by one of them
OUT = 40.0  # gray levels that wire stands out: in straw, 1 pixel in 1000 does by chance
LIKE = 0.35  # of the step from animal to wire: closer than that to the background is background
TELLING = 18.0  # gray levels between animal and background, to say which of them is seen
LEAST_SEEN = 40  # pixels of wire that cross a label, to say anything about it
FRONT = 0.6  # share of them that look as they always do


@dataclass(frozen=True)
class Scenery:
    """One camera's view without animals."""

    background: np.ndarray  # (h, w) uint8
    front: np.ndarray  # (h, w) bool, wire that animals are seen behind
    home: np.ndarray  # (h, w) bool, where animals have been seen, and floor like it around
    unknown: np.ndarray  # (h, w) bool, where the floor was never seen and is painted in


def scenery_of(samples: Sequence[Sample], seen: Sequence[np.ndarray] = ()) -> Scenery:
    """The view of one video: ``samples`` are labelled, ``seen`` are other frames (h, w) of it."""
    background, unknown = empty_cage(samples, seen)
    front = _front(background, samples)
    home = _floor_like(background, _home(background, samples, seen), unknown)
    return Scenery(background, front, home, unknown)


def empty_cage(
    samples: Sequence[Sample], seen: Sequence[np.ndarray] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """The picture without animals, (h, w) uint8, and where nobody has seen the floor: there it is
    painted in from around."""
    hidden = [grown(sample.labelled(), BEYOND) for sample in samples]
    images = [sample.image for sample in samples]
    height, width = (images or list(seen))[0].shape
    # where labels say that somebody often sits, frames without labels show them, not the floor
    often = sum(hidden, np.zeros((height, width), int)) > OFTEN * max(1, len(hidden))
    images, hidden = images + list(seen), hidden + [often] * len(seen)
    step = max(1, BANDS // (width * len(images)))
    parts = [
        _median([image[y : y + step] for image in images], [hide[y : y + step] for hide in hidden])
        for y in range(0, height, step)
    ]
    background = np.concatenate([part for part, _ in parts])
    never = np.concatenate([never for _, never in parts])
    if never.any():
        background = cv2.inpaint(background, never.astype(np.uint8), 5, cv2.INPAINT_TELEA)
    return background, never


def _median(images: list[np.ndarray], hidden: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The lower median of what is not hidden, and where everything is."""
    stack, hide = np.stack(images), np.stack(hidden)
    count = (~hide).sum(axis=0)
    # what is hidden is sorted behind everything else
    ordered = np.sort(np.where(hide, np.uint16(999), stack.astype(np.uint16)), axis=0)
    middle = np.maximum((count - 1) // 2, 0)
    value = np.take_along_axis(ordered, middle[None], axis=0)[0]
    return np.where(count > 0, value, 0).astype(np.uint8), count == 0


def light_of(image: np.ndarray, background: np.ndarray, animals: np.ndarray) -> np.ndarray:
    """How bright a frame is against the empty cage, smooth, (h, w) float32, 1 where equal.

    ``animals`` (h, w) bool are left out, so that a shadow of the lamp stays and a mouse does not.
    """
    height, width = image.shape
    size = (max(1, width // COARSE), max(1, height // COARSE))
    good = 1.0 - grown(animals, BEYOND).astype(np.float32)
    above, below = (
        cv2.GaussianBlur(
            cv2.resize(good * picture, size, interpolation=cv2.INTER_AREA), (0, 0), SMOOTH
        )
        for picture in (image, background)
    )
    floor = max(1.0, 0.02 * float(below.mean()))
    light = np.clip((above + floor) / (below + floor), 0.3, 3.0)
    return cv2.resize(light, (width, height), interpolation=cv2.INTER_LINEAR)


def grown(mask: np.ndarray, by: int) -> np.ndarray:
    """A mask (h, w) and what lies within so many px of it, (h, w) bool."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * by + 1, 2 * by + 1))
    return cv2.dilate(mask.astype(np.uint8), kernel) > 0


def _home(
    background: np.ndarray, samples: Sequence[Sample], seen: Sequence[np.ndarray]
) -> np.ndarray:
    """Where animals have been: labels, and what moved in the other frames, with some margin."""
    home = np.zeros(background.shape, np.uint8)
    areas = [area for sample in samples for area in sample.areas.tolist()]
    if not areas:
        return home > 0
    reach = max(3, round(0.35 * float(np.median(areas)) ** 0.5))
    levels = [
        np.abs(sample.image.astype(float) - background)[sample.labelled()] for sample in samples
    ]
    step = max(20.0, 0.5 * float(np.median(np.concatenate(levels))))
    small = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (max(3, reach),) * 2)
    nobody = np.zeros(background.shape, bool)
    for image in seen:
        lit = background * light_of(image, background, nobody)
        moved = (np.abs(image - lit) > step).astype(np.uint8)
        np.maximum(home, cv2.morphologyEx(moved, cv2.MORPH_OPEN, small), out=home)
    for sample in samples:
        home[sample.labelled()] = 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2)
    return cv2.morphologyEx(cv2.dilate(home, kernel), cv2.MORPH_CLOSE, kernel) > 0


def _floor_like(background: np.ndarray, home: np.ndarray, unknown: np.ndarray) -> np.ndarray:
    """Where animals have been, and the floor that goes on from there and looks the same."""
    level = background.astype(np.float32)
    mean = cv2.GaussianBlur(level, (0, 0), TEXTURE)
    rough = np.sqrt(np.maximum(cv2.GaussianBlur(level**2, (0, 0), TEXTURE) - mean**2, 0))
    known = home & ~unknown
    if not known.any():
        return home
    alike = np.ones(home.shape, bool)
    for plane in (mean, rough):
        low, high = np.percentile(plane[known], ALIKE)
        alike &= (plane >= low) & (plane <= high)
    reach = max(5, round(2 * TEXTURE)) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    smooth = cv2.morphologyEx((alike | home).astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    smooth = cv2.morphologyEx(smooth, cv2.MORPH_OPEN, kernel)
    _, parts = cv2.connectedComponents(smooth)
    joined = np.isin(parts, np.setdiff1d(np.unique(parts[home]), [0]))
    return joined | home


def _front(background: np.ndarray, samples: Sequence[Sample]) -> np.ndarray:
    """Wire before the animals: thin long things that look the same inside of labelled animals."""
    thin = thin_and_long(background)
    count, parts = cv2.connectedComponents(thin.astype(np.uint8))
    same, crossed = np.zeros(count), np.zeros(count)
    for sample in samples:
        light = light_of(sample.image, background, sample.labelled())
        for placed in sample.masks:
            around = bridged(placed.mask)
            inside = cv2.erode(around, np.ones((3, 3), np.uint8)) > 0
            window, at = placed.where, inside & thin[placed.where]
            if not at.any():
                continue
            own = sample.image[window][(placed.mask > 0) & ~thin[window]]
            level = float(np.median(own)) if len(own) else 128.0
            usual = background[window] * light[window]
            step = np.abs(sample.image[window] - usual) <= LIKE * np.abs(usual - level)
            tells = at & (np.abs(usual - level) > TELLING)
            np.add.at(crossed, parts[window][tells], 1)
            np.add.at(same, parts[window][tells & step], 1)
    if crossed.sum() < LEAST_SEEN:
        return np.zeros(background.shape, bool)
    overall = same.sum() / crossed.sum()
    known = crossed >= LEAST_SEEN
    large = np.bincount(parts.ravel(), minlength=count) >= 3 * LONG
    share = np.where(known, same / np.maximum(crossed, 1), np.where(large, overall, 0))
    share[0] = 0
    return (share >= FRONT)[parts]


def bridged(mask: np.ndarray) -> np.ndarray:
    """A mask (h, w) uint8 with the gaps closed that wire before the animal left in it."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (THIN + 2, THIN + 2))
    wide = cv2.copyMakeBorder(mask, *(THIN + 2,) * 4, cv2.BORDER_CONSTANT, value=0)
    closed = cv2.morphologyEx(wide, cv2.MORPH_CLOSE, kernel)
    inner = slice(THIN + 2, -THIN - 2)
    return closed[inner, inner]


def thin_and_long(background: np.ndarray) -> np.ndarray:
    """Pieces of wire, rims and cords, (h, w) bool: at most THIN px wide, at least LONG px long."""
    found = np.zeros(background.shape, bool)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (THIN + 2, THIN + 2))
    for picture in (background, 255 - background):
        best = np.zeros_like(picture)
        for k in range(ANGLES):
            np.maximum(best, cv2.morphologyEx(picture, cv2.MORPH_OPEN, _line(k)), out=best)
        ridge = best.astype(np.int16) - cv2.morphologyEx(best, cv2.MORPH_OPEN, disc)
        found |= ridge > OUT
    together = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    return together > 0


def _line(k: int) -> np.ndarray:
    half = LONG // 2
    angle = np.pi * k / ANGLES
    kernel = np.zeros((LONG, LONG), np.uint8)
    dx, dy = round(half * np.cos(angle)), round(half * np.sin(angle))
    cv2.line(kernel, (half - dx, half - dy), (half + dx, half + dy), 1, 1)
    return kernel
