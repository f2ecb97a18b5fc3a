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
    a, b = expected.lengths / 2, expected.widths / 2
    scale = float(np.median(b))
    pull = PRIOR * len(pixels) / len(a)
    stiff = pull * np.stack((1 / loose**2, 1 / loose**2, np.full(len(a), 1 / expected.turn**2)), 1)
    each = len(pixels) / len(a) / RIM.shape[1]  # a body's points weigh as much as its pixels
    slopes = np.gradient(outside)
    poses = wanted.copy()
    for _ in range(ROUNDS):
        normal, push = _uncovered(pixels, poses, a, b, scale)
        normal2, push2 = _beside(poses, a, b, scale, outside, slopes, corner, stride)
        normal += each * normal2
        push += each * push2 - stiff * (poses - wanted)
        normal[:, [0, 1, 2], [0, 1, 2]] += stiff
        step = np.linalg.solve(normal, push[..., None])[..., 0]
        step = np.clip(step, -0.6 * scale, 0.6 * scale)
        poses[:, :2] += step[:, :2]
        poses[:, 2] += np.clip(step[:, 2], -0.3, 0.3)
        if (np.abs(step[:, :2]) < 0.02 * scale).all() and (np.abs(step[:, 2]) < 0.02).all():
            break
    return poses


def share(
    mask: np.ndarray, x0: int, y0: int, poses: np.ndarray, expected: Expected
) -> list[np.ndarray]:
    """One (h, w) uint8 mask per body: every pixel of ``mask`` to the body it lies deepest in."""
    ys, xs = np.nonzero(mask)
    pixels = np.stack((xs + x0, ys + y0), 1).astype(np.float64)
    a, b = expected.lengths / 2, expected.widths / 2
    owner = _beyond(pixels, poses, a, b)[0].argmin(0)
    parts = []
    for k in range(len(poses)):
        part = np.zeros(mask.shape, np.uint8)
        mine = owner == k
        part[ys[mine], xs[mine]] = 1
        parts.append(part)
    return parts


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
    area = float(np.median(expected.lengths * expected.widths)) * np.pi / 4
    stride = max(1, round((area / PIXELS) ** 0.5))
    left, top = -x0 % stride, -y0 % stride  # the same pixels of the frame, wherever it is cropped
    small = np.ascontiguousarray(mask[top::stride, left::stride])
    if not small.any():
        stride, left, top, small = 1, 0, 0, mask
    ys, xs = np.nonzero(small)
    pixels = np.stack((xs * stride + left + x0, ys * stride + top + y0), 1).astype(np.float64)
    wide = np.pad(small, MARGIN)
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
    distance = np.linalg.norm(pixels[None] - places[:, None], axis=2)
    near = pixels[distance.argmin(1)]
    off = distance.min(1) > 2.0 + np.ptp(pixels, axis=0).max() / 30
    return np.where(off[:, None], near, places)


def _somewhere(pixels: np.ndarray, places: np.ndarray) -> np.ndarray:
    """A first guess for animals never seen before (NaN): each as far from the others as it goes."""
    places = places.astype(np.float64)
    for k in np.flatnonzero(np.isnan(places[:, 0])):
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


def _uncovered(
    pixels: np.ndarray, poses: np.ndarray, a: np.ndarray, b: np.ndarray, scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """Pixels that no body covers pull the nearest: normal matrices (k, 3, 3), pushes (k, 3)."""
    beyond, radius, along, across = _beyond(pixels, poses, a, b)
    mine = beyond == beyond.min(0)
    residual = np.where(mine, np.clip(beyond / scale, 0, None), 0.0)
    residual *= residual < FURTHEST
    cos, sin = np.cos(poses[:, 2:]), np.sin(poses[:, 2:])
    a1, b1 = a[:, None], b[:, None]
    size = np.sqrt(a * b)[:, None] / scale * (residual > 0) / radius
    slopes = np.stack((
        -(along * cos / a1 - across * sin / b1) * size,
        -(along * sin / a1 + across * cos / b1) * size,
        along * across * (b1 / a1 - a1 / b1) * size,
    ), 2)  # fmt: skip
    turned = slopes.transpose(0, 2, 1)
    return turned @ slopes, -(turned @ residual[..., None])[..., 0]


def _beside(
    poses: np.ndarray, a: np.ndarray, b: np.ndarray, scale: float, outside: np.ndarray,
    slopes: list[np.ndarray] | tuple[np.ndarray, ...], corner: np.ndarray, stride: int,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Bodies that reach beside the outline are pushed back: as in ``_uncovered``."""
    cos, sin = np.cos(poses[:, 2:]), np.sin(poses[:, 2:])
    u, v = RIM[0] * a[:, None], RIM[1] * b[:, None]
    dx, dy = u * cos - v * sin, u * sin + v * cos
    column = ((poses[:, :1] + dx - corner[0]) / stride).astype(np.int64)
    row = ((poses[:, 1:2] + dy - corner[1]) / stride).astype(np.int64)
    column = np.clip(column, 0, outside.shape[1] - 1)
    row = np.clip(row, 0, outside.shape[0] - 1)
    residual = np.minimum(outside[row, column] / scale, FURTHEST).astype(np.float64)
    far = (residual > 0) / (stride * scale)
    sx, sy = slopes[1][row, column] * far, slopes[0][row, column] * far
    turn = np.stack((sx, sy, sy * dx - sx * dy), 2)
    turned = turn.transpose(0, 2, 1)
    return turned @ turn, -(turned @ residual[..., None])[..., 0]
