"""Cut labelled animals out of their frames, ready to be laid into another picture.

What wire hid of an animal is painted in from its fur, and the light that fell on it is taken out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from tracking.networks.composing.scenery import BEYOND, Scenery, bridged, grown
from tracking.networks.samples import Placed, Sample

MARGIN = 14  # px around a cut-out, room for its shadow
NEAR = 3  # px between two labels that lie in contact
NOISE_WITHIN = 8.0  # gray levels; more is fur
OVER = 0.5  # share of crossing wire that is labelled as animal, where people label over it
AXES_ALIKE = 0.6  # length of the mean of all axes, 0 to 1: beyond, a camera sees from the side
LEAST_AXES = 5
ALL_WAYS, UPRIGHT = 180.0, 25.0  # degrees


@dataclass(frozen=True)
class Patch:
    """An animal as it is laid into a picture; arrays have its margin around it."""

    mask: np.ndarray  # (h, w) uint8, the whole animal, wire or not
    shade: np.ndarray  # (h, w) float32, in the light of the empty cage; fur goes on past the edge
    noise: float  # gray levels
    area: int  # px
    over: bool  # people label over the wire before it


@dataclass(frozen=True)
class Cutout:
    """One labelled animal, cut out."""

    patch: Patch
    number: int  # class
    alone: bool  # touches nobody and is whole in the picture

    @property
    def area(self) -> int:
        """px of the whole animal."""
        return self.patch.area

    def turned(self, deg: float, flip: bool, scale: float) -> Patch:
        """The animal turned by so many degrees, mirrored and scaled."""
        source = self.patch
        height, width = source.mask.shape
        side = int(np.ceil(np.hypot(height, width) * scale)) + 2
        turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), deg, scale)
        turn[:, 2] += ((side - width) / 2, (side - height) / 2)
        if flip:
            turn[0] *= -1
            turn[0, 2] += side - 1
        shade = cv2.warpAffine(
            source.shade,
            turn,
            (side, side),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        soft = cv2.warpAffine(source.mask * np.float32(1), turn, (side, side))
        mask = (soft >= 0.5).astype(np.uint8)
        return Patch(mask, shade, source.noise, int(np.count_nonzero(mask)), source.over)


def cut_out(sample: Sample, scenery: Scenery, light: np.ndarray) -> list[Cutout]:
    """Every animal of a sample; ``light`` (h, w) is that of its frame."""
    over = labels_over(sample, scenery)
    found = []
    for k, (placed, number) in enumerate(zip(sample.masks, sample.classes, strict=True)):
        whole = sample.whole(k)
        others = sample.labelled() & (whole == 0)
        alone = not (grown(whole, NEAR) & others).any() and _inside(placed, sample.image.shape)
        patch = _patch(sample.image, whole, others, scenery.front, light, over)
        if patch.area:
            found.append(Cutout(patch, number, alone))
    return found


def labels_over(sample: Sample, scenery: Scenery) -> bool:
    """Whether masks run over wire that crosses an animal, and do not leave it out."""
    crossed = labelled = 0
    for placed in sample.masks:
        wire = scenery.front[placed.where] & (bridged(placed.mask) > 0)
        crossed += int(np.count_nonzero(wire))
        labelled += int(np.count_nonzero(wire & (placed.mask > 0)))
    return crossed > 0 and labelled > OVER * crossed


def _inside(placed: Placed, size: tuple[int, ...]) -> bool:
    x0, y0, x1, y1 = placed.box
    return x0 > 0 and y0 > 0 and x1 < size[1] and y1 < size[0]


def _patch(
    image: np.ndarray, whole: np.ndarray, others: np.ndarray, front: np.ndarray, light: np.ndarray,
    over: bool,
) -> Patch:  # fmt: skip
    own = bridged(whole) & ~others
    rows, columns = np.flatnonzero(own.any(axis=1)), np.flatnonzero(own.any(axis=0))
    if not len(rows):
        return Patch(own[:0, :0], np.zeros((0, 0), np.float32), 0.0, 0, over)
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    mask, picture, bars = (np.pad(part[box], MARGIN) for part in (own, image, front))
    # a pixel of wire's edge is wire still
    hidden = grown(bars, 1) | (mask > np.pad(whole[box], MARGIN))
    fur = _fur(picture, (mask > 0) & ~hidden, mask > 0)
    shade = fur / np.pad(light[box], MARGIN, mode="edge")
    fine = picture - cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 1.5)
    within = cv2.erode(mask, np.ones((3, 3), np.uint8)) > 0
    rest = np.abs(fine[within & ~hidden])
    noise = min(1.48 * float(np.median(rest)), NOISE_WITHIN) if rest.size else 0.0
    return Patch(mask, shade.astype(np.float32), noise, int(np.count_nonzero(mask)), over)


def _fur(picture: np.ndarray, clear: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The animal's pixels, painted on where wire hid them and past its edge."""
    if not clear.any():
        return picture.astype(np.float32)
    made = picture.copy()
    gaps = mask & ~clear
    if gaps.any():
        made[~mask] = round(float(picture[clear].mean()))
        made = cv2.inpaint(made, gaps.astype(np.uint8), 4, cv2.INPAINT_TELEA)
    # the outermost pixel is half floor: fur from within takes its place
    inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
    inner = inner if inner.any() else mask.astype(np.float32)
    total = cv2.GaussianBlur(inner * made, (0, 0), 2.0)
    weight = cv2.GaussianBlur(inner, (0, 0), 2.0)
    far = float(made[inner > 0].mean())
    edge = np.where(weight > 1e-3, total / np.maximum(weight, 1e-3), far)
    return np.where(mask & (inner > 0), made, edge).astype(np.float32)


def shadow_around(
    samples: Sequence[Sample], scenery: Scenery, lights: Sequence[np.ndarray]
) -> np.ndarray:
    """How much light is left so many px from an animal, (MARGIN,) float, 1 at the end."""
    found: list[list[np.ndarray]] = [[] for _ in range(MARGIN)]
    for sample, light in zip(samples, lights, strict=True):
        usual = np.maximum(scenery.background * light, 1)
        ratio = np.clip(sample.image / usual, 0.3, 1.5)
        labelled = sample.labelled()
        for k, placed in enumerate(sample.masks):
            rows, columns = placed.where
            near = tuple(slice(max(0, s.start - MARGIN), s.stop + MARGIN) for s in (rows, columns))
            whole = bridged(sample.whole(k)[near])
            others = labelled[near] & (whole == 0)
            free = ~grown(others, BEYOND) & ~grown(scenery.front[near], 2)
            away = np.rint(cv2.distanceTransform(1 - whole, cv2.DIST_L2, 3)).astype(int)
            for px in range(2, MARGIN):
                found[px].append(ratio[near][free & (away == px)])
    level = [
        float(np.median(np.concatenate(parts))) if parts and sum(map(len, parts)) else 1.0
        for parts in found
    ]
    usual_level = float(np.median(level[-4:]))
    profile = np.clip(np.array(level) / max(usual_level, 0.1), 0.4, 1.0)
    profile[:2] = profile[2]  # next to the edge a pixel is part animal
    profile = np.maximum.accumulate(profile)
    profile[-1] = 1.0
    return profile


def spread_of_turns(samples: Sequence[Sample]) -> float:
    """How far animals may be turned, degrees: all ways where the labels lie in all of them."""
    axes = []
    for sample in samples:
        for placed in sample.masks:
            m = cv2.moments(placed.mask, True)
            axes.append(np.exp(1j * np.arctan2(2 * m["mu11"], m["mu20"] - m["mu02"])))
    if len(axes) < LEAST_AXES or abs(np.mean(axes)) > AXES_ALIKE:
        return UPRIGHT
    return ALL_WAYS
