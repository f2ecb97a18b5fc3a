"""Draws animals, their names, trails and places onto a picture, in place."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np

from llm_query.figures.drawing import colour_of
from storage.regions import Region

Rgb = tuple[int, int, int]
SHADE = 0.35  # how much of an animal's colour lies over it
PLACE_COLOUR: Rgb = (235, 235, 235)


def rgb_of(index: int) -> Rgb:
    """The colour of the animal at `index` (from 0), as everywhere.

    >>> rgb_of(0)
    (230, 159, 0)
    """
    code = colour_of(index).lstrip("#")
    red, green, blue = (int(code[at : at + 2], 16) for at in (0, 2, 4))
    return red, green, blue


class Pen:
    """Draws on (height, width, 3) uint8 RGB pictures of one size."""

    def __init__(self, height: int) -> None:
        self.unit = max(height / 480, 0.75)  # line width in px
        self.letters = max(round(16 * self.unit), 12)  # px

    def mask(self, image: np.ndarray, x0: int, y0: int, mask: np.ndarray, colour: Rgb) -> None:
        """Tint an outline's inside, and draw its edge."""
        height, width = image.shape[:2]
        left, top = max(x0, 0), max(y0, 0)
        part = mask[top - y0 : height - y0, left - x0 : width - x0]
        if not part.size:
            return
        under = image[top : top + part.shape[0], left : left + part.shape[1]]
        tinted = cv2.addWeighted(under, 1 - SHADE, np.full_like(under, colour), SHADE, 0)
        cv2.copyTo(tinted, part, under)
        edges, _ = cv2.findContours(
            np.ascontiguousarray(part), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
        )
        cv2.drawContours(under, edges, -1, colour, max(round(1.3 * self.unit), 1), cv2.LINE_AA)

    def trail(self, image: np.ndarray, places: np.ndarray, colour: Rgb) -> None:
        """A line through (k, 2) places; broken where one is missing."""
        points = np.rint(np.nan_to_num(places) * 8).astype(np.int32)
        known = np.isfinite(places).all(axis=1)
        for start, stop in _stretches(known):
            line = [points[start:stop, None]]
            width = max(round(1.6 * self.unit), 1)
            cv2.polylines(image, line, False, colour, width, cv2.LINE_AA, shift=3)

    def dot(self, image: np.ndarray, x: float, y: float, colour: Rgb) -> None:
        """A place of an animal that has no outline."""
        at = (round(x), round(y))
        cv2.circle(image, at, round(5 * self.unit), (0, 0, 0), -1, cv2.LINE_AA)
        cv2.circle(image, at, round(4 * self.unit), colour, -1, cv2.LINE_AA)

    def place(self, image: np.ndarray, region: Region) -> None:
        """A region with its name."""
        points = np.array(region.points, dtype=float)
        width = max(round(self.unit), 1)
        if region.kind == "circle":
            centre = tuple(np.rint(points[0]).astype(int).tolist())
            radius = round(float(np.hypot(*(points[1] - points[0]))))
            cv2.circle(image, centre, radius, PLACE_COLOUR, width, cv2.LINE_AA)
            anchor = points[0] - (0, radius)
        elif region.kind == "point":
            centre = tuple(np.rint(points[0]).astype(int).tolist())
            size = round(10 * self.unit)
            cv2.drawMarker(image, centre, PLACE_COLOUR, cv2.MARKER_CROSS, size, width)
            anchor = points[0]
        else:
            if region.kind == "rectangle":
                (x0, y0), (x1, y1) = points
                points = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
            line = [np.rint(points).astype(np.int32)[:, None]]
            cv2.polylines(image, line, region.kind != "line", PLACE_COLOUR, width, cv2.LINE_AA)
            anchor = points[np.argmin(points.sum(axis=1))]
        x, y = anchor + 3 * self.unit
        self.text(image, region.name, x, y, PLACE_COLOUR, small=True)

    def text(
        self, image: np.ndarray, text: str, x: float, y: float, colour: Rgb, small: bool = False
    ) -> int:
        """Text with a dark rim, its top left at a place inside the picture; gives its height."""
        letters = round(self.letters * (0.85 if small else 1.0))
        sheet = written(text[:80], letters, colour)
        height, width = sheet.shape[:2]
        left = int(np.clip(round(x), 0, max(image.shape[1] - width, 0)))
        top = int(np.clip(round(y), 0, max(image.shape[0] - height, 0)))
        under = image[top : top + height, left : left + width]
        sheet = sheet[: under.shape[0], : under.shape[1]]
        share = sheet[:, :, 3:].astype(np.uint16)
        mixed = under * (255 - share) + sheet[:, :, :3] * share
        under[:] = (mixed // 255).astype(np.uint8)
        return height

    def lines(
        self, image: np.ndarray, texts: Sequence[str], x: float, y: float, colour: Rgb
    ) -> None:
        """Several lines of text below each other, the first one larger."""
        for number, text in enumerate(texts):
            y += self.text(image, text, x, y, colour, small=number > 0) - self.unit


@lru_cache(maxsize=512)
def written(text: str, letters: int, colour: Rgb) -> np.ndarray:
    """(h, w, 4) uint8 RGBA: a text with a dark rim, in any alphabet the font has."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(letters)
    rim = max(letters // 8, 1)
    left, top, right, bottom = font.getbbox(text or " ", stroke_width=rim)
    size = (max(int(right - left) + 2, 1), max(int(bottom - top) + 2, 1))
    sheet = Image.new("RGBA", size, (0, 0, 0, 0))
    ImageDraw.Draw(sheet).text(
        (1 - left, 1 - top), text, colour, font, stroke_width=rim, stroke_fill=(0, 0, 0, 230)
    )
    return np.asarray(sheet)


def _stretches(known: np.ndarray) -> list[tuple[int, int]]:
    """Starts and stops of the stretches of known places that make a line."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
    pairs = edges.reshape(-1, 2).tolist()
    return [(start, stop) for start, stop in pairs if stop - start > 1]
