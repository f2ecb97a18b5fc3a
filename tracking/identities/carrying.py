"""What the picture inside a common outline says of who went where: pixels carried by their flow.

Outlines alone often cannot tell whether animals that touched passed each other or turned back;
creases, fur and light move with the bodies. From the last frame before a contact every animal's
pixels are carried forward, from the first frame after it backward, and in the middle it shows
whose pixels lie on whose. Flow: Kroeger et al. (2016), "Fast Optical Flow using Dense Inverse
Search".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

GAIN = 8.0  # contrast inside an outline is raised so much
SOFT = 0.7  # pixels; noise finer than that is smoothed
KEEN = 1.15  # exponent that keeps what was carried from blurring
HELD = 0.3  # share of a pixel that must come from within the outline
NOTHING = 1e-4  # share of a pixel that anybody has
FAIR = 4  # rounds of giving every animal pixels in proportion to its size
DESCENTS = 8  # of the search for one patch


@dataclass(frozen=True)
class Carried:
    """What was seen of k animals through the F frames of a contact, pixels in common."""

    overlap: np.ndarray  # (k, k) of who entered, by row, and who left, in the middle
    entered: np.ndarray  # (F, k, k) of who entered, by row, and each slot; 0 after the middle
    leaving: np.ndarray  # (F, k, k) of who left, by row, and each slot; 0 up to the middle


def carry(grays: Sequence[np.ndarray], owners: Sequence[np.ndarray], k: int) -> Carried:
    """Carry k animals through a contact.

    ``grays`` (h, w) uint8 are the pictures of its frames, ``owners`` (h, w) uint8 say whose each
    pixel is held to be: 1 to k by slot, 0 nobody's. In the first and last all are alone.
    """
    slots = np.arange(1, k + 1, dtype=np.uint8)[:, None, None]
    first, last = ((owners[at][None] == slots).astype(np.float32) for at in (0, -1))
    size = first.sum((1, 2), dtype=np.float64) + last.sum((1, 2), dtype=np.float64)
    size /= size.sum()
    half = len(grays) // 2
    entered, leaving = np.zeros((2, len(grays), k, k))
    forward, backward = first, last
    for f, shares in enumerate(_carried(grays[: half + 1], owners[: half + 1], first, size)):
        entered[f], forward = _lies(shares, owners[f]), shares
    back = range(len(grays) - 1, half - 1, -1)
    flows = _carried([grays[f] for f in back], [owners[f] for f in back], last, size)
    for f, shares in zip(back, flows, strict=True):
        backward = shares
        if f > half:
            leaving[f] = _lies(shares, owners[f])
    overlap = np.einsum("ihw,jhw->ij", forward, backward, dtype=np.float64)
    return Carried(overlap, entered, leaving)


def _lies(shares: np.ndarray, owners: np.ndarray) -> np.ndarray:
    """(k, k) pixels of each carried animal, by row, in each slot."""
    k, flat = len(shares), owners.ravel()
    return np.stack([np.bincount(flat, s.ravel(), k + 1)[1 : k + 1] for s in shares])


def _carried(
    grays: Sequence[np.ndarray], owners: Sequence[np.ndarray], first: np.ndarray, size: np.ndarray
) -> Iterator[np.ndarray]:
    """Carry the masks ``first`` (k, h, w) of the first picture on: (k, h, w) float32 for each.

    Every pixel of an outline is shared between the animals, and each has as much of it as its
    ``size`` (k,) says; what comes into an outline belongs to whom is nearest.
    """
    flow = _flow()
    height, width = grays[0].shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    shares, before = first, _raised(grays[0], owners[0])
    yield shares
    for gray, owner in zip(grays[1:], owners[1:], strict=True):
        now = _raised(gray, owner)
        way = flow.calc(now, before, None)  # where each pixel was
        at_x, at_y = x + way[..., 0], y + way[..., 1]
        moved = np.stack([cv2.remap(s, at_x, at_y, cv2.INTER_LINEAR) for s in shares])
        shares, before = _within(moved, owner, size), now
        yield shares


def _flow() -> Any:
    """A new one for every contact: it remembers what it saw before."""
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    flow.setFinestScale(0)  # fur is as fine as the pixels
    flow.setVariationalRefinementIterations(0)  # which would take as long again
    flow.setGradientDescentIterations(DESCENTS)
    return flow


def _raised(gray: np.ndarray, outline: np.ndarray) -> np.ndarray:
    """The picture with the contrast inside the outline raised, around a middle gray."""
    middle = float(np.median(gray[outline > 0])) if outline.any() else 128.0
    smooth = cv2.GaussianBlur(gray, (0, 0), SOFT).astype(np.float32)
    return np.clip(128 + GAIN * (smooth - middle), 0, 255).astype(np.uint8)


def _within(moved: np.ndarray, outline: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Shares (k, h, w) that are 1 in sum at every pixel of the outline, and 0 beside it."""
    held = moved.sum(0) >= HELD
    ys, xs = np.nonzero(outline)
    from_y, from_x = nearest(held, ys, xs) if held.any() else (ys, xs)
    share = moved[:, from_y, from_x] + NOTHING
    share = (share / share.sum(0)) ** KEEN
    share /= share.sum(0)
    weight = np.ones((len(moved), 1))
    for _ in range(FAIR):
        has = share * weight
        has = (has / has.sum(0)).sum(1, keepdims=True)
        weight *= (size[:, None] * len(ys) / np.maximum(has, 1.0)) ** 0.5
    share = share * weight
    shares = np.zeros_like(moved)
    shares[:, ys, xs] = share / share.sum(0)
    return shares


def nearest(held: np.ndarray, ys: np.ndarray, xs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each pixel the nearest that is ``held``: itself where it is."""
    label = cv2.distanceTransformWithLabels(
        (~held).view(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )[1]
    from_y, from_x = np.nonzero(held)
    number = np.zeros(int(label.max()) + 1, np.int64)
    number[label[from_y, from_x]] = np.arange(len(from_y))
    source = number[label[ys, xs]]
    return from_y[source], from_x[source]
