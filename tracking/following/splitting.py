"""Split the outline of touching animals into one mask each, from where each one should be.

Every animal is a body of the length and width it had when it was alone. The bodies are moved and
turned, from where they should be, until together they cover the outline and nothing beside it
(Gauss-Newton on places and angles); bodies may overlap, so one that walks over another leaves it
where it was. Then every pixel goes to the body it lies deepest in.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

PIXELS = 60  # of the outline looked at per animal; more only costs time
ROUNDS = 5
PRIOR = 0.03  # weight of where an animal should be against what the outline shows
TURN = 0.35  # radians that an angle may be off by
FURTHEST = 1.5  # half widths; what lies further from a body pulls no more
MARGIN = 6  # pixels of the reduced picture around the outline
GUESSES = 8  # rounds of guessing places and angles of animals never seen before
SAME_BEYOND = cv2.BORDER_REPLICATE
_AROUND = np.linspace(0, 2 * np.pi, 16, endpoint=False)
_CIRCLE = np.stack((np.cos(_AROUND), np.sin(_AROUND)))
RIM = np.concatenate((0.95 * _CIRCLE, 0.55 * _CIRCLE[:, ::2]), 1)  # (2, 24) points of a body

Outline = tuple[np.ndarray, int, int]  # mask (h, w) uint8 with its x0 and y0


@dataclass(frozen=True)
class Expected:
    """Where and how large the animals in one outline should be, arrays of length k."""

    places: np.ndarray  # (k, 2) pixels, NaN for an animal never seen before
    lengths: np.ndarray  # (k,) pixels, full long axis
    widths: np.ndarray  # (k,) pixels, full short axis
    angles: np.ndarray  # (k,) radians, direction of the long axis
    loose: np.ndarray | None = None  # (k,) pixels that each may be off by; 0.12 lengths if None
    turn: float = TURN  # radians that each may be turned by


def split(mask: np.ndarray, x0: int, y0: int, expected: Expected) -> list[np.ndarray]:
    """One (h, w) uint8 mask per expected animal; together they make up ``mask`` exactly.

    ``mask`` is the (h, w) outline whose upper left pixel is at (x0, y0). An animal that is wholly
    covered gets an empty mask.
    """
    return share(mask, x0, y0, fit(mask, x0, y0, expected), expected)


def fit(mask: np.ndarray, x0: int, y0: int, expected: Expected) -> np.ndarray:
    """Place and angle of every body in the outline, (k, 3) float: x, y in pixels and radians."""
    pixels, outside, stride, corner = _reduced(mask, x0, y0, expected)
    wanted = _guessed(pixels, expected)
    loose = 0.12 * expected.lengths if expected.loose is None else expected.loose
    bodies = _Bodies.of(expected, pixels, outside, stride, corner)
    pull = PRIOR * len(pixels) / len(wanted)
    room = np.stack((loose, loose, np.broadcast_to(expected.turn, loose.shape)), 1)
    stiff = pull / room**2
    most = np.array((0.6 * bodies.scale, 0.6 * bodies.scale, 0.3))
    enough = np.array((0.02 * bodies.scale, 0.02 * bodies.scale, 0.02))
    poses = wanted.copy()
    for _ in range(ROUNDS):
        normal, push = bodies.pushed(poses)
        push -= stiff * (poses - wanted)
        normal[:, [0, 1, 2], [0, 1, 2]] += stiff
        step = np.linalg.solve(normal, push[..., None])[..., 0]
        poses += np.maximum(-most, np.minimum(step, most))
        if (np.abs(step) < enough).all():
            break
    return poses


def share(
    mask: np.ndarray, x0: int, y0: int, poses: np.ndarray, expected: Expected
) -> list[np.ndarray]:
    """One (h, w) uint8 mask per body: every pixel of ``mask`` to the body it lies deepest in."""
    ys, xs = np.nonzero(mask)
    points = (xs + 1j * ys).astype(np.complex64)
    a, b = expected.lengths[:, None] / 2, expected.widths[:, None] / 2
    middle = poses[:, :1] - x0 + 1j * (poses[:, 1:2] - y0)
    way = np.exp(-1j * poses[:, 2:])
    place = points * way.astype(np.complex64) - (middle * way).astype(np.complex64)
    along, across = place.real / a.astype(np.float32), place.imag / b.astype(np.float32)
    radius = np.sqrt(along * along + across * across)
    owner = ((radius - 1) * np.sqrt(a * b).astype(np.float32)).argmin(0)
    owners = np.full(mask.shape, -1, np.int8 if len(poses) < 128 else np.int64)
    owners[ys, xs] = owner
    return [(owners == k).view(np.uint8) for k in range(len(poses))]


def change_of(now: Outline, before: list[Outline]) -> int:
    """Pixels that belong to an outline now and did not before, or the other way round.

    ``before`` are the outlines its animals lay in, each as often as an animal lay in it.
    """
    mask, x0, y0 = now
    height, width = mask.shape
    old, elsewhere = np.zeros_like(mask), 0
    for part, left, top in {id(one[0]): one for one in before}.values():
        x, y = max(left, x0), max(top, y0)
        x2 = min(left + part.shape[1], x0 + width)
        y2 = min(top + part.shape[0], y0 + height)
        elsewhere += cv2.countNonZero(part)
        if x < x2 and y < y2:
            inside = part[y - top : y2 - top, x - left : x2 - left]
            old[y - y0 : y2 - y0, x - x0 : x2 - x0] |= inside
            elsewhere -= int(np.count_nonzero(inside))
    return elsewhere + int(np.count_nonzero(old != mask))


def _reduced(
    mask: np.ndarray, x0: int, y0: int, expected: Expected
) -> tuple[np.ndarray, np.ndarray, int, np.ndarray]:
    """Some pixels of the outline (n, 2), and how far beside it one is, (h, w) pixels, for every
    ``stride``-th pixel with a margin around, whose corner lies at ``corner``."""
    area = _middle(expected.lengths * expected.widths) * np.pi / 4
    stride = max(1, round((area / PIXELS) ** 0.5))
    left, top = -x0 % stride, -y0 % stride  # the same pixels of the frame, wherever it is cropped
    small = np.ascontiguousarray(mask[top::stride, left::stride])
    if not small.any():
        stride, left, top, small = 1, 0, 0, mask
    ys, xs = np.nonzero(small)
    pixels = np.stack((xs * stride + left + x0, ys * stride + top + y0), 1).astype(np.float64)
    wide = np.zeros((small.shape[0] + 2 * MARGIN, small.shape[1] + 2 * MARGIN), np.uint8)
    wide[MARGIN:-MARGIN, MARGIN:-MARGIN] = small
    outside = cv2.distanceTransform((wide == 0).view(np.uint8), cv2.DIST_L2, 3)
    corner = np.array((left + x0, top + y0)) - (MARGIN + 0.5) * stride
    return pixels, outside * stride, stride, corner


def _guessed(pixels: np.ndarray, expected: Expected) -> np.ndarray:
    """Expected poses (k, 3) on the outline; what was never seen before is guessed from it."""
    places = _somewhere(pixels, expected.places)
    unknown = np.isnan(expected.places[:, 0])
    poses = np.column_stack((_nearest(pixels, places), expected.angles)).astype(np.float64)
    if not unknown.any():
        return poses
    guess, a, b = poses.copy(), expected.lengths / 2, expected.widths / 2
    for _ in range(GUESSES):
        owner = _beyond(pixels, guess, a, b)[0].argmin(0)
        guess = _middles(pixels, owner, guess)
    return np.where(unknown[:, None], guess, poses)


def _nearest(pixels: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The places, each moved onto the outline if it lies off it."""
    distance = np.abs(_complex(pixels) - _complex(places)[:, None])
    near = pixels[distance.argmin(1)]
    off = distance.min(1) > 2.0 + (pixels.max(0) - pixels.min(0)).max() / 30
    return np.where(off[:, None], near, places)


def _complex(points: np.ndarray) -> np.ndarray:
    """Points (n, 2) as x + iy."""
    return np.ascontiguousarray(points, np.float64).view(np.complex128)[:, 0]


def _middle(values: np.ndarray) -> float:
    """The median of few values: numpy's own takes 20 us for any."""
    values = np.sort(values)
    return float(values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2


def _somewhere(pixels: np.ndarray, places: np.ndarray) -> np.ndarray:
    """A first guess for animals never seen before (NaN): each as far from the others as it goes."""
    places = places.astype(np.float64)
    for k in np.flatnonzero(np.isnan(places[:, 0])).tolist():
        known = places[~np.isnan(places[:, 0])]
        others = known if len(known) else pixels.mean(0)[None]
        distance = np.linalg.norm(pixels[:, None] - others[None], axis=2).min(1)
        places[k] = pixels[int(distance.argmax())]
    return places


def _middles(pixels: np.ndarray, owner: np.ndarray, poses: np.ndarray) -> np.ndarray:
    """Centre and long axis of the pixels that each animal owns, (k, 3)."""
    moved = poses.copy()
    for k in range(len(poses)):
        mine = pixels[owner == k]
        if len(mine) < 5:
            continue
        moved[k, :2] = mine.mean(0)
        offset = mine - moved[k, :2]
        xx, yy = (offset**2).mean(0)
        xy = (offset[:, 0] * offset[:, 1]).mean()
        if np.hypot((xx - yy) / 2, xy) > 0.2 * (xx + yy) / 2:
            moved[k, 2] = 0.5 * np.arctan2(2 * xy, xx - yy)
    return moved


def _beyond(
    pixels: np.ndarray, poses: np.ndarray, a: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """How far pixels lie beyond the edge of each body (k, n), pixels, about; negative inside.

    Also the radius in half axes and its two parts, along and across the body, (k, n) each.
    """
    cos, sin = np.cos(poses[:, 2:]), np.sin(poses[:, 2:])
    dx, dy = pixels[:, 0] - poses[:, :1], pixels[:, 1] - poses[:, 1:2]
    along, across = (dx * cos + dy * sin) / a[:, None], (dy * cos - dx * sin) / b[:, None]
    radius = np.sqrt(along**2 + across**2) + 1e-9
    return (radius - 1) * np.sqrt(a * b)[:, None], radius, along, across


@dataclass(frozen=True)
class _Bodies:
    """What stays the same while the bodies in one outline are moved; points are complex x + iy."""

    scale: float  # half a width, pixels
    half: np.ndarray  # (k, 1) half axes along and, imaginary, across
    size: np.ndarray  # (k, 1) their geometric mean
    rim: np.ndarray  # (k, 24) points of each body that lies along x
    points: np.ndarray  # (n,) pixels of the outline
    weight: float  # of a point of the rim against a pixel
    outside: np.ndarray  # (h * w,) how far beside the outline one is, in scales
    slopes: np.ndarray  # (h * w,) complex, of that per pixel
    shape: tuple[int, ...]
    stride: int
    corner: np.ndarray

    @classmethod
    def of(
        cls, expected: Expected, pixels: np.ndarray, outside: np.ndarray, stride: int,
        corner: np.ndarray,
    ) -> _Bodies:  # fmt: skip
        """Bodies of the expected sizes, and an outline as ``_reduced`` gives it."""
        a, b = expected.lengths[:, None] / 2, expected.widths[:, None] / 2
        scale = _middle(b[:, 0])
        slopes = np.empty(outside.shape, np.complex64)
        slopes.real = cv2.Sobel(outside, cv2.CV_32F, 1, 0, None, 1, borderType=SAME_BEYOND)
        slopes.imag = cv2.Sobel(outside, cv2.CV_32F, 0, 1, None, 1, borderType=SAME_BEYOND)
        slopes.real[:, (0, -1)] *= 2
        slopes.imag[(0, -1), :] *= 2
        slopes *= (outside > 0) * np.float32(0.5 / (stride * scale))
        far = np.minimum(outside / np.float32(scale), np.float32(FURTHEST))
        weight = (len(pixels) / len(a) / RIM.shape[1]) ** 0.5
        return cls(
            scale, a + 1j * b, np.sqrt(a * b), RIM[0] * a + 1j * RIM[1] * b,
            _complex(pixels), weight, far.ravel(), slopes.ravel(), far.shape,
            stride, corner,
        )  # fmt: skip

    def pushed(self, poses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pixels that no body covers pull the nearest, and bodies that reach beside the outline
        are pushed back: normal matrices (k, 3, 3) and pushes (k, 3) for poses (k, 3)."""
        middle = poses[:, :1] + 1j * poses[:, 1:2]
        way = np.exp(1j * poses[:, 2:])
        n = len(self.points)
        rows = np.empty((len(poses), 4, n + self.rim.shape[1]))  # slopes by x, y, angle; residual
        self._uncovered(rows[..., :n], middle, way)
        self._beside(rows[..., n:], middle, way)
        product = rows @ rows.transpose(0, 2, 1)
        return product[:, :3, :3], -product[:, :3, 3]

    def _uncovered(self, rows: np.ndarray, middle: np.ndarray, way: np.ndarray) -> None:
        a, b = self.half.real, self.half.imag
        place = (self.points - middle) * way.conj()
        along, across = place.real / a, place.imag / b
        radius = np.sqrt(along * along + across * across) + 1e-9
        beyond = (radius - 1) * (self.size / self.scale)
        least = beyond.min(0)
        pulls = (beyond == least) & (least > 0) & (least < FURTHEST)
        per = pulls * (self.size / self.scale) / radius
        slope = (along / a + 1j * (across / b)) * (-way * per)
        rows[:, 0], rows[:, 1] = slope.real, slope.imag
        rows[:, 2] = along * across * per * (b / a - a / b)
        rows[:, 3] = beyond * pulls

    def _beside(self, rows: np.ndarray, middle: np.ndarray, way: np.ndarray) -> None:
        arm = self.rim * way
        place = (arm + (middle - complex(*self.corner))) / self.stride
        height, width = self.shape
        column = np.maximum(0, np.minimum(place.real, width - 1)).astype(np.int64)
        row = np.maximum(0, np.minimum(place.imag, height - 1)).astype(np.int64)
        at = row * width + column
        slope = self.slopes[at] * self.weight
        rows[:, 0], rows[:, 1] = slope.real, slope.imag
        rows[:, 2] = (arm.conj() * slope).imag
        rows[:, 3] = self.outside[at] * self.weight
