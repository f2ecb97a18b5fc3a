"""Find animals as what differs from the empty arena; one comparison per pixel and frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args

import cv2
import numpy as np

from tracking.detections import Detections, detections_of
from tracking.errors import TrackingError
from tracking.video import Frame

Statistic = Literal["median", "bright", "dark", "masked median"]
Polarity = Literal["darker", "brighter"]
Contrast = Literal["absolute", "relative"]

# a blob must be this share of the smallest animal to be looked at before tails are removed
LOOK_SHARE = 0.7
LEAST_STEP = 8.0  # gray levels; what differs less is noise, however dark the background
WIDEST = 99  # pixels; radius of an opening or closing
FILTER_UP_TO = 3  # pixels; openings of a larger radius go by distance
FULL_SIZE_UP_TO = 5  # pixels; and of a still larger one at half size
SQUARE = np.ones((3, 3), np.uint8)


@dataclass(frozen=True)
class BackgroundSettings:
    """Everything that decides what background subtraction calls an animal.

    ``threshold`` is in gray levels for absolute contrast; for relative contrast it is the share of
    the background's own brightness that must be missing, which finds a black mouse on a light
    floor and before a dark wall alike.
    """

    statistic: Statistic = "median"  # how the empty arena was estimated
    animals: Polarity = "darker"  # than the background
    contrast: Contrast = "absolute"
    threshold: float = 25.0  # gray levels, or a share from 0 to 1
    black_level: float = 0.0  # gray level of black in this video (16 in limited range)
    min_area_px: float = 30.0  # smaller blobs are not animals
    max_area_px: float = 1e9  # larger blobs are several animals, or not an animal
    typical_area_px: float = 100.0  # of one animal
    typical_length_px: float = 18.0  # of one animal
    open_px: int = 0  # radius of the opening that takes off tails, legs and specks
    close_px: int = 0  # radius of the closing that joins the parts of one animal

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> BackgroundSettings:
        return cls().with_changes(values)

    def with_changes(self, changes: dict[str, Any]) -> BackgroundSettings:
        """A copy with some values set by hand (numbers may be text); TrackingError if unusable."""
        known = {f.name: getattr(self, f.name) for f in fields(self)}
        clean: dict[str, Any] = {}
        for name, value in changes.items():
            if name not in known:
                raise TrackingError(f"There is no setting {name}. Settings: {', '.join(known)}.")
            clean[name] = _as_kind(name, value, type(known[name]))
        return replace(self, **clean).checked()

    def checked(self) -> BackgroundSettings:
        """Itself; TrackingError when a value cannot work."""
        choices = {"statistic": Statistic, "animals": Polarity, "contrast": Contrast}
        for name, kind in choices.items():
            if getattr(self, name) not in get_args(kind):
                raise TrackingError(f"Setting {name} must be one of {', '.join(get_args(kind))}.")
        limit = 1.0 if self.contrast == "relative" else 255.0
        if not 0 < self.threshold < limit:
            raise TrackingError(
                f"Setting threshold must lie between 0 and {limit:g} for {self.contrast} contrast."
            )
        if not 0 < self.min_area_px < self.max_area_px:
            raise TrackingError("Setting min_area_px must be above 0 and below max_area_px.")
        if not (self.typical_area_px > 0 and self.typical_length_px > 0):
            raise TrackingError("Settings typical_area_px and typical_length_px must be above 0.")
        if not 0 <= self.black_level < 255:
            raise TrackingError("Setting black_level must lie between 0 and 255.")
        if not (0 <= self.open_px <= WIDEST and 0 <= self.close_px <= WIDEST):
            raise TrackingError("Settings open_px and close_px are radii from 0 to 99 pixels.")
        return self

    def lines(self) -> list[str]:
        """The settings as a person reads them, one line each."""
        return [f"{name} = {value}" for name, value in self.to_dict().items()]


def _as_kind(name: str, value: Any, kind: type) -> Any:
    """A setting by hand as a value of its kind; numbers may come as text."""
    complaint = f"Setting {name} cannot be {value!r}."
    if kind is str:
        return str(value)
    if isinstance(value, bool):
        raise TrackingError(complaint)
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise TrackingError(complaint) from error
    if not np.isfinite(number) or (kind is int and number != int(number)):
        raise TrackingError(complaint)
    return kind(number)


def limit_image(background: np.ndarray, settings: BackgroundSettings) -> np.ndarray:
    """The gray level per pixel beyond which it is animal, (h, w) uint8.

    One comparison with this image does the work of subtraction, scaling and threshold.
    """
    level = background.astype(np.float32)
    if settings.contrast == "relative":
        share = settings.threshold * (level - settings.black_level)
        step = np.maximum(share, LEAST_STEP)
    else:
        step = np.full_like(level, settings.threshold)
    if settings.animals == "darker":
        return np.clip(np.ceil(level - step), 0, 255).astype(np.uint8)
    return np.clip(np.floor(level + step), 0, 255).astype(np.uint8)


def disk(radius: int) -> np.ndarray:
    """A round structuring element of the given radius, (2r+1, 2r+1) uint8."""
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))


def opened(mask: np.ndarray, radius: int) -> np.ndarray:
    """The (h, w) uint8 mask without what is thinner than ``2 * radius``; 0 and 1.

    Wide openings go by distance from the edge, and very wide ones at half size with the outline
    taken from the mask: the cost of a filter grows with its area (0.82, 0.17 and 0.07 ms for
    radius 10 on a mask of 150 x 150).
    """
    if radius <= FILTER_UP_TO:
        return cv2.morphologyEx(mask, cv2.MORPH_OPEN, disk(radius)) if radius else mask
    if radius > FULL_SIZE_UP_TO:
        height, width = mask.shape
        half = cv2.resize(mask, ((width + 1) // 2, (height + 1) // 2), interpolation=cv2.INTER_AREA)
        whole = cv2.resize(
            opened(half, radius // 2), (width, height), interpolation=cv2.INTER_NEAREST
        )
        return cv2.bitwise_and(mask, cv2.dilate(whole, SQUARE))
    outside = (cv2.distanceTransform(mask, cv2.DIST_L2, 3) <= radius + 0.5).view(np.uint8)
    if outside.all():
        return np.zeros_like(mask)
    near = cv2.distanceTransform(outside, cv2.DIST_L2, 3) < radius + 0.5
    return near.view(np.uint8)


class BackgroundSegmenter:
    """Background subtraction with fixed settings: equal frames give equal masks, anywhere."""

    def __init__(
        self, background: np.ndarray, settings: BackgroundSettings, where: np.ndarray | None = None
    ) -> None:
        """``where`` (h, w) bool: nothing is found outside it, which costs nothing per frame."""
        self.settings = settings
        self.background = background  # (h, w) uint8
        self._limit = limit_image(background, settings)
        self._where = None if where is None else where.astype(np.uint8)
        if where is not None:
            self._limit[~where] = 0 if settings.animals == "darker" else 255
        self._compare = cv2.CMP_LT if settings.animals == "darker" else cv2.CMP_GT
        self._close = disk(settings.close_px)
        self._mask = np.empty_like(background)

    def segment(self, frames: Sequence[Frame]) -> list[Detections]:
        """Segment a batch of frames; one Detections for each."""
        return [self.segment_gray(frame.gray) for frame in frames]

    def segment_gray(self, gray: np.ndarray) -> Detections:
        """The animals of one (h, w) uint8 gray image."""
        found = self.blobs(gray)
        return detections_of(found, [1.0] * len(found))

    def foreground(self, gray: np.ndarray) -> np.ndarray:
        """Where the image is beyond the limit, (h, w) uint8, 0 or 255; overwritten by the next."""
        mask = cv2.compare(gray, self._limit, self._compare, dst=self._mask)
        if self.settings.close_px:
            mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, self._close)
            if self._where is not None:
                mask *= self._where
        return mask

    def blobs(self, gray: np.ndarray) -> list[tuple[np.ndarray, int, int]]:
        """Cropped masks (h, w) uint8 of everything large enough, with their x0 and y0."""
        mask = self.foreground(gray)
        x0, y0, width, height = cv2.boundingRect(mask)
        if width == 0:
            return []
        contours, _ = cv2.findContours(
            mask[y0 : y0 + height, x0 : x0 + width], cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
        )
        found = []
        floor = LOOK_SHARE * self.settings.min_area_px
        for contour in contours:
            x, y, w, h = cv2.boundingRect(contour)
            if w * h >= floor:
                found += self._cleaned(contour, x, y, w, h, x0, y0)
        return found

    def _cleaned(
        self, contour: np.ndarray, x: int, y: int, w: int, h: int, x0: int, y0: int
    ) -> list[tuple[np.ndarray, int, int]]:
        """One outline, filled, without its thin parts; it may fall into several animals."""
        low, high = self.settings.min_area_px, self.settings.max_area_px
        radius = self.settings.open_px
        filled = np.zeros((h + 2 * radius, w + 2 * radius), np.uint8)
        offset = (radius - x, radius - y)
        cv2.drawContours(filled, [contour], -1, 1, cv2.FILLED, offset=offset)
        filled = opened(filled, radius)
        left, top = x0 + x - radius, y0 + y - radius
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
                found.append((crop, left + px, top + py))
        return found
