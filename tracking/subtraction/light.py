"""How bright a frame is against the picture of the empty arena, from the frame alone.

Lamps warm up, clouds pass, cameras choose their own exposure. All of them scale the picture, so
that the median ratio of a few hundred pixels says by how much, whoever stands on some of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from tracking.subtraction.empty_arena import ranked

ROWS = 10  # of the picture that are looked at: pixels of few rows cost less than scattered ones
POINTS = 1200  # pixels that are looked at; the median of so many is good to 0.2 %
LEAST_POINTS = 50  # a picture with fewer pixels that are lit says nothing of the light
BLACK = 16.0  # gray level of black in the usual limited range
LIT = 24.0  # gray levels above black; darker pixels are mostly noise
SATURATED = 235.0  # gray level of white in limited range
STEP = 0.02  # of the light: half of it is less than the noise of one pixel
STRANGE = 0.15  # of the light; pixels that are off by more show something else
STEADY = 2  # steps to either side that count as no change


class Light:
    """The light of single frames against a picture of the empty arena, (h, w) uint8."""

    def __init__(self, background: np.ndarray, where: np.ndarray | None = None) -> None:
        height, width = background.shape
        self._down = max(1, height // ROWS)
        self._along = max(1, width * (height // self._down) // POINTS)
        level = self._grid(background).astype(np.float32)
        good = (level > BLACK + LIT) & (level < SATURATED)
        if where is not None:
            good &= self._grid(where)
        self._at = np.flatnonzero(good)
        places = np.arange(background.size).reshape(background.shape)
        self._places = self._grid(places).ravel()[self._at]  # the same pixels in the whole picture
        self._part = np.float32(1) / (level.ravel()[self._at] - np.float32(BLACK))

    def _grid(self, image: np.ndarray) -> np.ndarray:
        return image[self._down // 2 :: self._down, self._along // 2 :: self._along]

    @property
    def is_known(self) -> bool:
        """Whether enough of the picture is lit."""
        return len(self._at) >= LEAST_POINTS

    def of(self, gray: np.ndarray) -> float:
        """How many times as bright as the background a frame is; 1 where that is unknown."""
        return self.and_strange(gray)[0]

    def expect(self, usual: float) -> None:
        """Prepare to see at once that the light is as usual: a median takes 46 us, this 4 us."""
        level = np.float32(1) / self._part if self.is_known else self._part
        spans = (np.exp(STEP * (STEADY + 0.5)) - 1, STRANGE)
        self._bounds = [
            [np.clip(BLACK + level * usual * by, 0, 255).astype(np.uint8) for by in pair]
            for pair in ((1 / (1 + spans[0]), 1 + spans[0]), (1 - spans[1], 1 + spans[1]))
        ]

    def strange_if_usual(self, images: Sequence[np.ndarray]) -> list[float | None]:
        """The share of pixels of each frame that do not follow the expected light; None for a
        frame in another light."""
        levels = np.empty((len(images), len(self._at)), np.uint8)
        for row, gray in zip(levels, images, strict=True):
            if gray.flags.c_contiguous:
                gray.reshape(-1).take(self._places, out=row, mode="clip")
            else:  # padded lines: the whole picture would be copied
                row[:] = self._grid(gray).ravel()[self._at]
        (low, high), (least, most) = self._bounds
        half = levels.shape[1] // 2
        other = (_counts(levels < low) > half) | (_counts(levels > high) > half)
        strange = _counts((levels < least) | (levels > most)) / max(1, levels.shape[1])
        return [None if is_other else share for is_other, share in zip(other, strange, strict=True)]

    def and_strange(self, gray: np.ndarray) -> tuple[float, float]:
        """The light of a frame, and the share of pixels that do not follow it."""
        if not self.is_known:
            return 1.0, 0.0
        level = self._grid(gray).ravel()[self._at].astype(np.float32)
        ratio = (level - np.float32(BLACK)) * self._part
        middle = len(ratio) // 2
        light = max(float(np.partition(ratio, middle)[middle]), STEP)
        follows = np.count_nonzero(np.abs(ratio - np.float32(light)) <= np.float32(STRANGE * light))
        return light, 1 - follows / len(ratio)


def _counts(is_so: np.ndarray) -> np.ndarray:
    """How many of each row are so; summing bytes is quicker than counting rows of bools."""
    return is_so.view(np.uint8).sum(axis=1, dtype=np.uint32)


def steps_of(light: float, usual: float) -> int:
    """A change of the light in whole steps, 0 for what is usual."""
    steps = round(float(np.log(light / usual)) / STEP)
    return 0 if abs(steps) <= STEADY else steps


def lit(image: np.ndarray, light: float) -> np.ndarray:
    """The (h, w) uint8 picture as it is in so many times its light."""
    levels = np.arange(256, dtype=np.float32)
    table = np.clip(np.rint(BLACK + light * (levels - BLACK)), 0, 255).astype(np.uint8)
    return cv2.LUT(image, table)


def lights_of(stack: np.ndarray) -> np.ndarray:
    """The light of each of the frames (k, h, w) against what is usual among them, (k,) float."""
    light = Light(ranked(stack, [len(stack) // 2])[0])
    return np.array([light.of(image) for image in stack])


def in_one_light(stack: np.ndarray, lights: np.ndarray) -> np.ndarray:
    """The frames as they would be in the usual light; themselves where it never changes."""
    usual = float(np.median(lights))
    if not any(steps_of(light, usual) for light in lights.tolist()):
        return stack
    pairs = zip(stack, lights.tolist(), strict=True)
    return np.stack([
        lit(image, usual / light) if steps_of(light, usual) else image for image, light in pairs
    ])  # fmt: skip
