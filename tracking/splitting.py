"""Split the outline of touching animals into one mask each, from where each one should be.

Every animal keeps the length and width it had when it was last seen alone; its place and its
direction are fitted to the pixels, and every pixel goes to the animal it lies deepest in
(clustering with ellipses of known size and a known number of clusters).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ROUNDS = 8
FIT_PIXELS = 1500  # enough to fit a place and a direction; more only costs time


@dataclass(frozen=True)
class Expected:
    """Where and how large the animals in one outline should be, arrays of length k."""

    places: np.ndarray  # (k, 2) pixels, NaN for an animal never seen before
    lengths: np.ndarray  # (k,) pixels, full long axis
    widths: np.ndarray  # (k,) pixels, full short axis
    angles: np.ndarray  # (k,) radians, direction of the long axis


def split(mask: np.ndarray, x0: int, y0: int, expected: Expected) -> list[np.ndarray]:
    """One (h, w) uint8 mask per expected animal; together they make up ``mask`` exactly.

    ``mask`` is the (h, w) outline whose upper left pixel is at (x0, y0). An animal that is wholly
    covered gets an empty mask.
    """
    ys, xs = np.nonzero(mask)
    pixels = np.stack((xs + x0, ys + y0), 1).astype(np.float64)
    some = pixels[:: max(1, len(pixels) // FIT_PIXELS)]
    places = _nearest(some, _somewhere(some, expected.places))
    angles = expected.angles.copy()
    for _ in range(ROUNDS):
        owner = _depth(some, places, angles, expected).argmin(1)
        moved = _fitted(some, owner, places, angles)
        if np.abs(moved - places).max() < 0.05:
            break
        places = moved
    owner = _depth(pixels, places, angles, expected).argmin(1)
    parts = []
    for k in range(len(places)):
        part = np.zeros(mask.shape, np.uint8)
        mine = owner == k
        part[ys[mine], xs[mine]] = 1
        parts.append(part)
    return parts


def _nearest(pixels: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The places, each moved onto the outline if it lies off it."""
    distance = np.linalg.norm(pixels[None] - places[:, None], axis=2)
    near = pixels[distance.argmin(1)]
    off = distance.min(1) > 2.0
    return np.where(off[:, None], near, places)


def _somewhere(pixels: np.ndarray, places: np.ndarray) -> np.ndarray:
    """A first guess for animals never seen before (NaN): each as far from the others as it goes."""
    places = places.copy()
    for k in np.flatnonzero(np.isnan(places[:, 0])):
        known = places[~np.isnan(places[:, 0])]
        others = known if len(known) else pixels.mean(0)[None]
        distance = np.linalg.norm(pixels[:, None] - others[None], axis=2).min(1)
        places[k] = pixels[int(distance.argmax())]
    return places


def _depth(
    pixels: np.ndarray, places: np.ndarray, angles: np.ndarray, expected: Expected
) -> np.ndarray:
    """(n, k) squared distance of pixels from the animals in units of their own ellipse."""
    offset = pixels[:, None] - places[None]
    cos, sin = np.cos(angles), np.sin(angles)
    along = (offset[..., 0] * cos + offset[..., 1] * sin) / (expected.lengths / 4)
    across = (offset[..., 1] * cos - offset[..., 0] * sin) / (expected.widths / 4)
    size = 2 * np.log(np.maximum(expected.lengths * expected.widths, 1e-6))
    return along**2 + across**2 + size


def _fitted(
    pixels: np.ndarray, owner: np.ndarray, places: np.ndarray, angles: np.ndarray
) -> np.ndarray:
    """New places from the pixels each animal owns; ``angles`` are turned in place."""
    moved = places.copy()
    for k in range(len(places)):
        mine = pixels[owner == k]
        if len(mine) < 5:
            continue
        moved[k] = mine.mean(0)
        offset = mine - moved[k]
        xx, yy = (offset**2).mean(0)
        xy = (offset[:, 0] * offset[:, 1]).mean()
        elongated = np.hypot((xx - yy) / 2, xy) > 0.2 * (xx + yy) / 2
        if elongated:
            angles[k] = 0.5 * np.arctan2(2 * xy, xx - yy)
    return moved
