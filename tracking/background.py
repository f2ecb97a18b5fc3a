"""Find animals as what differs from the empty arena; one comparison per pixel and frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args

import cv2
import numpy as np

from tracking.detections import Blob, Detections, outlined
from tracking.errors import TrackingError
from tracking.openings import disk, opened
from tracking.video import Frame

Statistic = Literal["median", "bright", "dark", "masked median"]
Polarity = Literal["darker", "brighter"]
Contrast = Literal["absolute", "relative"]

LEAST_STEP = 8.0  # gray levels; what differs less is noise, however dark the background
WIDEST = 99  # pixels; radius of an opening or closing
BEYOND = b"\xff"
CLOSE_BY = 2**16  # pixels
THIN = 0.25  # of the side of a square of the smallest animal's area: nothing looked for is thinner


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
        self._limit = limit_image(background, settings)
        if where is not None:  # nothing is beyond these
            self._limit[~where] = 0 if settings.animals == "darker" else 255
        self._compare = cv2.CMP_LT if settings.animals == "darker" else cv2.CMP_GT
        self._close = disk(settings.close_px)
        self._step = rows_apart(settings)
        self._few = self._limit[:: self._step].copy()
        # bytes and pictures of the same memory: which rows hold something is a search for a byte,
        # 2 us against 24 us for cv2.boundingRect at 640 x 480
        self._bytes = bytearray(background.size)
        self._mask = np.frombuffer(self._bytes, np.uint8).reshape(background.shape)
        self._few_bytes = bytearray(self._few.size)
        self._few_mask = np.frombuffer(self._few_bytes, np.uint8).reshape(self._few.shape)

    def __reduce__(self) -> tuple[Any, ...]:
        return BackgroundSegmenter, (self.background, self.settings, self.where)

    def segment(self, frames: Sequence[Frame]) -> list[Detections]:
        """Segment a batch of frames; one Detections for each."""
        return outlined([self.blobs(frame.gray) for frame in frames])

    def segment_gray(self, gray: np.ndarray) -> Detections:
        """The animals of one (h, w) uint8 gray image."""
        return outlined([self.blobs(gray)])[0]

    def foreground(self, gray: np.ndarray) -> np.ndarray:
        """Where the image is beyond the limit, (h, w) uint8, 0 or 255; overwritten by the next."""
        cv2.compare(gray, self._limit, self._compare, dst=self._mask)
        if self.settings.close_px:
            cv2.morphologyEx(self._mask, cv2.MORPH_CLOSE, self._close, dst=self._mask)
            if self.where is not None:
                self._mask[~self.where] = 0
        return self._mask

    def blobs(self, gray: np.ndarray) -> list[Blob]:
        """Everything large enough, cropped."""
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
