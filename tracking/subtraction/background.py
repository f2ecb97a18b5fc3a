"""Find animals as what differs from the empty arena; one comparison per pixel and frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from tracking.detections import Blob, Detections, outlined
from tracking.subtraction.disturbed import SCORE, beside, intruder
from tracking.subtraction.light import BLACK, STEP, Light, steps_of
from tracking.subtraction.openings import disk, opened
from tracking.subtraction.settings import WIDEST as WIDEST
from tracking.subtraction.settings import BackgroundSettings as BackgroundSettings
from tracking.video import Frame

LEAST_STEP = 8.0  # gray levels; what differs less is noise, however dark the background
BEYOND = b"\xff"
CLOSE_BY = 2**16  # pixels
LIMITS_KEPT = 4  # limit images for different light, each as large as a frame
CLEARLY = 1.5  # thresholds; what stands out by as much on average is no mere reflection
THIN = 0.25  # of the side of a square of the smallest animal's area: nothing looked for is thinner


def limit_image(
    background: np.ndarray, settings: BackgroundSettings, light: float = 1.0
) -> np.ndarray:
    """The gray level per pixel beyond which it is animal, (h, w) uint8.

    One comparison with this image does the work of subtraction, scaling and threshold. In other
    ``light`` everything stands out as many times as far, but noise does not.
    """
    levels = np.arange(256, dtype=np.float32)
    if settings.contrast == "relative":
        step = np.maximum(settings.threshold * (levels - settings.black_level), LEAST_STEP)
    else:
        step = np.full_like(levels, settings.threshold)
    if light != 1.0:
        step = np.maximum(light * step, np.minimum(step, LEAST_STEP))
        levels = np.minimum(BLACK + light * (levels - BLACK), 255)
    table = np.ceil(levels - step) if settings.animals == "darker" else np.floor(levels + step)
    return cv2.LUT(background, np.clip(table, 0, 255).astype(np.uint8))


def rows_apart(settings: BackgroundSettings) -> int:
    """How many rows an animal spans at the least: looking at one in so many finds them all."""
    return max(2 * settings.open_px + 1, int(THIN * settings.min_area_px**0.5), 1)


def bands_of(mask: bytearray, width: int, step: int, height: int) -> list[tuple[int, int]]:
    """Ranges of rows that hold all that is in a mask of every ``step``-th row, none of it cut.

    What is seen in a row ends before the next that it is not seen in. Ranges close by are one: a
    call costs as much as many pixels.
    """
    first, last = mask.find(BEYOND), mask.rfind(BEYOND) // width
    if first < 0:
        return []
    near = max(1, CLOSE_BY // (width * step))
    bands = []
    start = end = first // width
    while end < last:
        if last - end <= near:
            end = last
            break
        row = mask.find(BEYOND, (end + 1) * width) // width
        if row - end > near:
            bands.append((start, end))
            start = row
        end = row
    bands.append((start, end))
    return [(max(0, (a - 1) * step + 1), min(height, (b + 1) * step)) for a, b in bands]


def most_pixels(contour: np.ndarray) -> float:
    """How many pixels an outline can hold at most (Pick's theorem)."""
    return cv2.contourArea(contour) + cv2.arcLength(contour, True) / 2 + 1


def mean_level(blob: Blob, gray: np.ndarray) -> float:
    """The mean gray level of a blob."""
    height, width = blob.mask.shape
    part = gray[blob.y0 : blob.y0 + height, blob.x0 : blob.x0 + width]
    return float(cv2.mean(part, blob.mask)[0])


class BackgroundSegmenter:
    """Background subtraction with fixed settings: equal frames give equal masks, anywhere.

    ``where``, (h, w) bool, are the pixels that can be animal; without it all can.
    """

    def __init__(
        self, background: np.ndarray, settings: BackgroundSettings, where: np.ndarray | None = None
    ) -> None:
        self.settings = settings
        self.background = background  # (h, w) uint8
        self.where = where
        self._step = rows_apart(settings)
        self._light = Light(background, where)
        self._light.expect(settings.usual_light)
        self._limits: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self._limit, self._few = self._limits_in(0)
        self._compare = cv2.CMP_LT if settings.animals == "darker" else cv2.CMP_GT
        self._close = disk(settings.close_px)
        # bytes and pictures of the same memory: which rows hold something is a search for a byte,
        # 2 us against 24 us for cv2.boundingRect at 640 x 480
        self._bytes = bytearray(background.size)
        self._mask = np.frombuffer(self._bytes, np.uint8).reshape(background.shape)
        self._few_bytes = bytearray(self._few.size)
        self._few_mask = np.frombuffer(self._few_bytes, np.uint8).reshape(self._few.shape)

    def __reduce__(self) -> tuple[Any, ...]:
        return BackgroundSegmenter, (self.background, self.settings, self.where)

    def _limits_in(self, steps: int) -> tuple[np.ndarray, np.ndarray]:
        """The limit image in a light so many steps from the usual, and those of its rows that are
        looked at first; the last few are kept."""
        if steps not in self._limits:
            if len(self._limits) == LIMITS_KEPT:
                del self._limits[next(iter(self._limits))]
            limit = limit_image(self.background, self.settings, float(np.exp(STEP * steps)))
            if self.where is not None:  # nothing is beyond these
                limit[~self.where] = 0 if self.settings.animals == "darker" else 255
            self._limits[steps] = limit, limit[:: self._step].copy()
        return self._limits[steps]

    def segment(self, frames: Sequence[Frame]) -> list[Detections]:
        """Segment a batch of frames; one Detections for each."""
        return self._segment([frame.gray for frame in frames])

    def segment_gray(self, gray: np.ndarray) -> Detections:
        """The animals of one (h, w) uint8 gray image."""
        return self._segment([gray])[0]

    def blobs(self, gray: np.ndarray) -> list[Blob]:
        """Everything in an image that is large enough to be an animal, cropped."""
        self._see_light(gray, *self._strange_if_usual([gray]))
        return self._blobs(gray)

    def _segment(self, images: list[np.ndarray]) -> list[Detections]:
        found, scores = [], []
        for gray, unusual in zip(images, self._strange_if_usual(images), strict=True):
            light, strange = self._see_light(gray, unusual)
            blobs, score = self._blobs(gray), 1.0
            if self.settings.own_level:
                blobs = [blob for blob in blobs if self._has_own_level(blob, gray, light)]
            if strange > self.settings.most_strange > 0:
                region = intruder(gray, self.background, self.settings, light)
                if region is not None:
                    blobs, score = [blob for blob in blobs if beside(blob, region)], SCORE
            found.append(blobs)
            scores.append(score)
        return outlined(found, scores)

    def _has_own_level(self, blob: Blob, gray: np.ndarray, light: float) -> bool:
        """Whether a blob is as dark (or bright) as the animals are, or stands out clearly, as one
        does that walks under a lamp: reflections are fainter."""
        brighter = light / (self.settings.usual_light or 1.0)  # than frames usually are
        level = BLACK + (mean_level(blob, gray) - BLACK) / brighter
        darker = self.settings.animals == "darker"
        if level <= self.settings.own_level if darker else level >= self.settings.own_level:
            return True
        floor = mean_level(blob, self.background)
        step = CLEARLY * self.settings.threshold
        if self.settings.contrast == "relative":
            step = max(step * (floor - self.settings.black_level), LEAST_STEP)
        return (floor - level if darker else level - floor) >= step

    def _strange_if_usual(self, images: Sequence[np.ndarray]) -> Sequence[float | None]:
        """What each frame shows that is not the arena, if its light is as usual."""
        if not self.settings.usual_light:
            return [0.0] * len(images)
        return self._light.strange_if_usual(images)

    def _see_light(self, gray: np.ndarray, unusual: float | None) -> tuple[float, float]:
        """Take the limits that go with a frame's light; returns the light, and the share of the
        frame that does not follow it."""
        usual = self.settings.usual_light
        if unusual is not None:
            self._limit, self._few = self._limits_in(0)
            return usual or 1.0, unusual
        light, strange = self._light.and_strange(gray)
        self._limit, self._few = self._limits_in(steps_of(light, usual))
        return light, strange

    def foreground(self, gray: np.ndarray) -> np.ndarray:
        """Where the image is beyond the limit, (h, w) uint8, 0 or 255; overwritten by the next."""
        cv2.compare(gray, self._limit, self._compare, dst=self._mask)
        if self.settings.close_px:
            cv2.morphologyEx(self._mask, cv2.MORPH_CLOSE, self._close, dst=self._mask)
            if self.where is not None:
                self._mask[~self.where] = 0
        return self._mask

    def _blobs(self, gray: np.ndarray) -> list[Blob]:
        """Everything large enough, cropped, in the light that was seen last."""
        found: list[Blob] = []
        least = self.settings.min_area_px
        for top, bottom in reversed(self._bands(gray)):
            contours, _ = cv2.findContours(
                self._mask[top:bottom], cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE, offset=(0, top)
            )
            for contour in contours:
                x, y, w, h = cv2.boundingRect(contour)
                if w * h >= least and most_pixels(contour) >= least:
                    found += self._cleaned(contour, x, y, w, h)
        return found

    def _bands(self, gray: np.ndarray) -> list[tuple[int, int]]:
        """Ranges of rows that hold every animal, none cut; there the mask is made.

        Few rows are compared first: what is seen in none of them is thinner than an animal.
        """
        step, height = self._step, len(gray)
        if step == 1 or self.settings.close_px:
            self.foreground(gray)
            return bands_of(self._bytes, gray.shape[1], 1, height)
        cv2.compare(gray[::step], self._few, self._compare, dst=self._few_mask)
        bands = bands_of(self._few_bytes, gray.shape[1], step, height)
        for top, bottom in bands:
            cv2.compare(
                gray[top:bottom], self._limit[top:bottom], self._compare,
                dst=self._mask[top:bottom],
            )  # fmt: skip
        return bands

    def _cleaned(self, contour: np.ndarray, x: int, y: int, w: int, h: int) -> list[Blob]:
        """One outline, filled, without its thin parts; it may fall into several animals."""
        low, high = self.settings.min_area_px, self.settings.max_area_px
        radius = self.settings.open_px
        filled = np.zeros((h + 2 * radius, w + 2 * radius), np.uint8)
        left, top = x - radius, y - radius
        cv2.drawContours(filled, [contour], -1, 1, cv2.FILLED, offset=(-left, -top))
        parts: Sequence[np.ndarray] = [contour - (left, top)]
        if radius:
            filled = opened(filled, radius)
            parts, _ = cv2.findContours(filled, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        found = []
        for part in parts:
            px, py, pw, ph = cv2.boundingRect(part)
            if pw * ph < low:
                continue
            crop = filled[py : py + ph, px : px + pw]
            if len(parts) > 1:
                alone = np.zeros_like(crop)
                cv2.drawContours(alone, [part], -1, 1, cv2.FILLED, offset=(-px, -py))
                crop = alone
            if low <= cv2.countNonZero(crop) <= high:
                found.append(Blob(crop, left + px, top + py, part.reshape(-1, 2) - (px, py)))
        return found
