"""How the demo's frames look: an open field from above, mice with ears and tails, shadows."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from app.demo.motion import BODY_POINTS

FINE = 3  # each animal's crop is drawn this many times larger, then averaged down
MARGIN = 18  # px around an animal, room for its shadow
SHADOW_SHIFT = (4, 5)  # px, right and down
# Half the width along the body, nose (0) to tail base (1), as a share of the greatest half width.
PROFILE_AT = np.array([0.0, 0.04, 0.1, 0.2, 0.3, 0.42, 0.6, 0.75, 0.88, 0.96, 1.0])
PROFILE = np.array([0.12, 0.26, 0.42, 0.58, 0.6, 0.78, 0.97, 1.0, 0.8, 0.45, 0.15])
SPOTS = np.linspace(0, 1, BODY_POINTS)
WIDTHS = np.interp(SPOTS, PROFILE_AT, PROFILE)
TURN = np.linspace(0, 2 * np.pi, 16, endpoint=False)
RIM = np.column_stack([np.cos(TURN), np.sin(TURN)])
TAIL_SHADE, EAR_SHADE = 118.0, 96.0
PINK = (-5.0, 13.0)  # what tails and ears add to U and V


@dataclass(frozen=True)
class Floor:
    """The empty scene in limited-range YUV."""

    y: np.ndarray  # (height, width) float32, 16 to 235
    u: np.ndarray  # (height / 2, width / 2) float32
    v: np.ndarray  # (height / 2, width / 2) float32
    light: np.ndarray  # (height, width) float32, 1 in the middle: lamp and vignette


@dataclass(frozen=True)
class Cutout:
    """One drawn animal inside its box, as shares of each pixel covered."""

    x0: int
    y0: int
    body: np.ndarray  # (h, w) float32, body and ears: what the truth calls the animal
    ears: np.ndarray  # (h, w) float32
    tail: np.ndarray  # (h, w) float32
    outline: np.ndarray  # (n, 2) px, points along the edge of body and ears

    @property
    def box(self) -> tuple[slice, slice]:
        """Rows and columns of the frame that this cutout covers."""
        height, width = self.body.shape
        return slice(self.y0, self.y0 + height), slice(self.x0, self.x0 + width)


def draw_floor(
    width: int,
    height: int,
    arena: tuple[float, ...],
    rng: np.random.Generator,
    brick: tuple[float, ...],
) -> Floor:
    """Draw the bench, the walls, the floor with its stains, and a toy brick at x0, y0, x1, y1."""
    x0, y0, x1, y1 = (int(v) for v in arena)
    y = np.full((height, width), 78, np.float32)
    wall = 22
    corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    outer = corners + wall * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    for k, shade in enumerate((150, 166, 172, 158)):  # four walls, lit differently
        side = np.array([corners[k], corners[(k + 1) % 4], outer[(k + 1) % 4], outer[k]])
        cv2.fillPoly(y, [side.astype(np.int32)], float(shade))
    cv2.rectangle(y, (x0, y0), (x1, y1), 186.0, -1)
    cv2.polylines(y, [corners.astype(np.int32)], True, 138.0, 2, cv2.LINE_AA)
    cv2.polylines(y, [outer.astype(np.int32)], True, 196.0, 2, cv2.LINE_AA)
    cv2.GaussianBlur(y, (0, 0), 0.9, dst=y)
    for sigma, depth in ((40.0, 4.0), (9.0, 1.6), (1.0, 1.0)):
        stains = cv2.GaussianBlur(rng.normal(size=y.shape).astype(np.float32), (0, 0), sigma)
        y += depth * stains / stains.std()
    _scratch(y, arena, rng)
    u = np.full((height // 2, width // 2), 125.0, np.float32)
    v = np.full((height // 2, width // 2), 130.0, np.float32)
    _draw_brick(y, u, v, brick)
    light = _light(width, height)
    return Floor(np.clip(y * light, 16, 235), u, v, light)


def _light(width: int, height: int) -> np.ndarray:
    """Shade the corners of the picture and let the lamp stand a little to the left."""
    across, down = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    light = 1.03 - 0.11 * ((across + 0.2) ** 2 + (down + 0.1) ** 2)
    return light.astype(np.float32)


def _scratch(y: np.ndarray, arena: tuple[float, ...], rng: np.random.Generator) -> None:
    """Add droppings and scratches, so that the floor is not a clean sheet."""
    x0, y0, x1, y1 = arena
    layer = np.zeros_like(y)
    for _ in range(26):
        x, down = rng.uniform(x0 + 8, x1 - 8), rng.uniform(y0 + 8, y1 - 8)
        axes = (int(rng.integers(1, 3)), 1)
        cv2.ellipse(
            layer,
            (int(x), int(down)),
            axes,
            float(rng.uniform(0, 180)),
            0,
            360,
            float(rng.uniform(20, 60)),
            -1,
            cv2.LINE_AA,
        )
    for _ in range(14):
        x, down = rng.uniform(x0 + 20, x1 - 20), rng.uniform(y0 + 20, y1 - 20)
        dx, dy = rng.normal(0, 26, 2)
        cv2.line(
            layer,
            (int(x), int(down)),
            (int(x + dx), int(down + dy)),
            float(rng.uniform(-7, 7)),
            1,
            cv2.LINE_AA,
        )
    y -= cv2.GaussianBlur(layer, (0, 0), 0.6)


def _draw_brick(y: np.ndarray, u: np.ndarray, v: np.ndarray, brick: tuple[float, ...]) -> None:
    x0, y0, x1, y1 = (int(value) for value in brick)
    shadow = np.zeros_like(y)
    cv2.rectangle(shadow, (x0 + 5, y0 + 6), (x1 + 6, y1 + 7), 1.0, -1)
    y *= 1 - 0.34 * cv2.GaussianBlur(shadow, (0, 0), 3.5)
    cv2.rectangle(y, (x0, y0), (x1, y1), 92.0, -1)
    cv2.rectangle(y, (x0, y0), (x1, y1), 70.0, 1)
    step = (x1 - x0) / 4
    for row in (0.27, 0.73):
        for column in range(4):
            centre = (int(x0 + step * (column + 0.5)), int(y0 + (y1 - y0) * row))
            cv2.circle(y, (centre[0] + 1, centre[1] + 1), 5, 62.0, -1, cv2.LINE_AA)
            cv2.circle(y, centre, 4, 112.0, -1, cv2.LINE_AA)
    inside = (slice(y0 // 2, y1 // 2 + 1), slice(x0 // 2, x1 // 2 + 1))
    u[inside], v[inside] = 104.0, 196.0


def cut_out(spine: np.ndarray, width_px: float, breath: float, size: tuple[int, int]) -> Cutout:
    """Draw one animal from its spine, (n, 2) px, nose first; size = frame width, height."""
    body = spine[:BODY_POINTS]
    along = np.gradient(body, axis=0)
    along /= np.maximum(np.hypot(along[:, :1], along[:, 1:]), 1e-9)
    across = np.column_stack([-along[:, 1], along[:, 0]])
    half = (WIDTHS * (width_px / 2) * (1 + breath * SPOTS))[:, None]
    left, right = body + across * half, body - across * half
    neck = int(0.2 * BODY_POINTS)
    ears = body[neck] + np.array([[0.3], [-0.3]]) * width_px * across[neck]
    ear_px = width_px * 0.165
    x0, y0, x1, y1 = _box(spine, width_px / 2 + MARGIN, size)
    origin = np.array([x0 - 0.5, y0 - 0.5])  # pixel centres are at integers
    layers = [np.zeros(((y1 - y0) * FINE, (x1 - x0) * FINE), np.uint8) for _ in range(3)]
    _fill_body(layers[0], _fine(left - origin), _fine(right - origin))
    for ear in _fine(ears - origin).tolist():
        for layer in layers[:2]:
            cv2.circle(layer, ear, int(ear_px * FINE * 16), 255, -1, shift=4)
    _draw_tail(layers[2], _fine(spine[BODY_POINTS - 2 :] - origin))
    small = [
        cv2.resize(layer, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        for layer in layers
    ]
    outline = np.vstack([left, right, body[:1], ears[0] + RIM * ear_px, ears[1] + RIM * ear_px])
    return Cutout(x0, y0, small[0], small[1], small[2], outline)


def _box(spine: np.ndarray, margin: float, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return x0, y0, x1, y1 around a spine, on even pixels so that half-size colour fits."""
    x0, y0 = (np.floor((spine.min(axis=0) - margin) / 2).astype(int) * 2).tolist()
    x1, y1 = (np.ceil((spine.max(axis=0) + margin) / 2).astype(int) * 2).tolist()
    return max(x0, 0), max(y0, 0), min(x1, size[0]), min(y1, size[1])


def _fine(points: np.ndarray) -> np.ndarray:
    """Turn px from the box's corner into OpenCV's 1/16 of an enlarged pixel."""
    return np.rint((points * FINE - 0.5) * 16).astype(np.int32)


def _fill_body(layer: np.ndarray, left: np.ndarray, right: np.ndarray) -> None:
    """Fill the body piece by piece: one polygon would leave holes where a bent body overlaps."""
    pieces = np.stack([left[:-1], left[1:], right[1:], right[:-1]], axis=1)
    for piece in pieces:
        cv2.fillConvexPoly(layer, cv2.convexHull(piece), 255, shift=4)


def _draw_tail(layer: np.ndarray, tail: np.ndarray) -> None:
    points = tail.tolist()
    widths = np.linspace(3.4, 1.3, len(points)) * FINE
    for start, stop, width in zip(points, points[1:], widths, strict=False):
        cv2.line(layer, start, stop, 255, max(round(width), 1), shift=4)


class Painter:
    """Paints frames over one floor; all randomness comes from the seed."""

    def __init__(self, floor: Floor, seed: int, noise: float, shadow: float) -> None:
        self.floor, self.shadow = floor, shadow
        self.rng = np.random.default_rng([seed, 11])
        height, width = floor.y.shape
        grain = self.rng.normal(size=(6, height + 64, width + 64)).astype(np.float32)
        soft = [cv2.GaussianBlur(layer, (0, 0), 0.55) for layer in grain]
        self.grain = [layer * (noise / max(float(layer.std()), 1e-9)) for layer in soft]
        fur = cv2.GaussianBlur(self.rng.normal(size=(160, 160)).astype(np.float32), (0, 0), 1.6)
        self.fur = fur / fur.std()

    def paint(
        self,
        cutouts: list[Cutout],
        shades: list[float],
        angles: list[float],
    ) -> np.ndarray:
        """Return one frame as stacked yuv420p, (1.5 * height, width) uint8."""
        y, u, v = self.floor.y.copy(), self.floor.u.copy(), self.floor.v.copy()
        for cutout in cutouts:
            self._cast_shadow(y, cutout)
        for cutout, shade, angle in zip(cutouts, shades, angles, strict=True):
            self._paint_animal(y, u, v, cutout, shade, angle)
        height, width = y.shape
        layer = self.grain[int(self.rng.integers(len(self.grain)))]
        down, right = (int(k) for k in self.rng.integers(0, 64, 2))
        flicker = 1 + 0.002 * float(self.rng.normal())
        frame = np.empty((height * 3 // 2, width), np.uint8)
        cv2.addWeighted(
            y,
            flicker,
            layer[down : down + height, right : right + width],
            1.0,
            0.0,
            dst=frame[:height],
            dtype=cv2.CV_8U,
        )
        frame[height : height * 5 // 4] = u.reshape(height // 4, width)
        frame[height * 5 // 4 :] = v.reshape(height // 4, width)
        return frame

    def _cast_shadow(self, y: np.ndarray, cutout: Cutout) -> None:
        right, down = SHADOW_SHIFT
        moved = np.zeros_like(cutout.body)
        moved[down:, right:] = cutout.body[:-down, :-right]
        y[cutout.box] *= 1 - self.shadow * cv2.GaussianBlur(moved, (0, 0), 4.5)

    def _paint_animal(
        self,
        y: np.ndarray,
        u: np.ndarray,
        v: np.ndarray,
        cutout: Cutout,
        shade: float,
        angle: float,
    ) -> None:
        round_ = cv2.GaussianBlur(cutout.body, (0, 0), 4.0)
        slope = cv2.Sobel(round_, cv2.CV_32F, 1, 0) * 0.6 + cv2.Sobel(round_, cv2.CV_32F, 0, 1)
        body = shade + 10 * round_ + 7 * np.clip(slope, -1.5, 1.5) + 2.2 * self._fur(cutout, angle)
        body += (EAR_SHADE - body) * 0.6 * cutout.ears
        light = self.floor.light[cutout.box]
        tail, cover = 0.85 * cutout.tail, cv2.GaussianBlur(cutout.body, (0, 0), 0.7)
        patch = y[cutout.box]
        patch += tail * (TAIL_SHADE * light - patch)
        patch += cover * (body * light - patch)
        half = tuple(slice(side.start // 2, side.stop // 2) for side in cutout.box)
        size = (half[1].stop - half[1].start, half[0].stop - half[0].start)
        cover, pink = (
            cv2.resize(layer, size, interpolation=cv2.INTER_AREA)
            for layer in (np.maximum(cover, tail), np.maximum(tail, 0.6 * cutout.ears))
        )
        for plane, ground, tint in ((u, 126.5, PINK[0]), (v, 130.0, PINK[1])):
            plane[half] += cover * (ground - plane[half]) + pink * tint

    def _fur(self, cutout: Cutout, angle: float) -> np.ndarray:
        """Turn the fur's texture with the body, so that it does not swim."""
        height, width = cutout.body.shape
        turn = cv2.getRotationMatrix2D((80.0, 80.0), angle, 1.0)
        middle = cutout.outline.mean(axis=0) - (cutout.x0, cutout.y0)
        turn[:, 2] += middle - 80
        return cv2.warpAffine(self.fur, turn, (width, height), borderMode=cv2.BORDER_REFLECT)
