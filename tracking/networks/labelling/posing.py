"""Labelled poses as masks: a body drawn along the points, refined on the image.

    body = learn_body(images, poses, Skeleton(("snout", "leftear", "rightear", "tailbase")))
    posed = masks_of_poses(image, pose, body)      # posed.masks, posed.notes

Animals close to one another are cut from the floor together and then parted: each pixel belongs to
the spine that it is nearest to and whose fur it looks like. What comes out unlike the body that
the points describe is dropped for the body as it was drawn, and the note says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from tracking.networks.labelling.skeletons import CORE, THIN, Body, Skeleton, learn_body
from tracking.networks.samples import Placed, place

__all__ = [
    "THIN", "Body", "PoseSettings", "Posed", "Skeleton", "learn_body", "learn_width",
    "masks_of_poses",
]  # fmt: skip

BAND = 0.3  # widths that the image may move an outline outwards
GROWS = 0.5  # of the length that is not labelled, where an outline may go on by itself
ROUNDS = 4  # of grabCut
LIKE_FUR = 0.5  # weight of an animal's gray level against distances, in half widths squared
MOST_UNLIKE = 4.0
LEAST_SPREAD = 8.0  # gray levels
AREA = (0.5, 1.7)  # of the drawn body: outside of it an outline is not believed
POINTS_IN = 0.75  # share of the labelled points that an outline has to hold
SLACK = 2  # px that a labelled point may lie outside
CLEARLY = 0.6  # standard deviations between a body and its surroundings; floor alone has 0.2
LEAST_OVERLAP = 0.45  # IoU with the drawn body


@dataclass(frozen=True)
class PoseSettings:
    """How poses become masks."""

    width_px: float | None = None  # of a body; None: learned from the images
    refine: bool = True  # on the image; otherwise bodies as they are drawn
    thin: tuple[str, ...] = THIN  # parts of names of points that are left out


@dataclass(frozen=True)
class Posed:
    """The masks of one frame's poses, in their order."""

    masks: list[Placed | None]  # None where a pose has no body points
    notes: list[str]  # a line for each animal that has to be looked at


def learn_width(
    images: Sequence[np.ndarray], poses: Sequence[np.ndarray], skeleton: Skeleton
) -> float:
    """How wide the labelled bodies are, px; see ``learn_body``, which learns more."""
    return learn_body(images, poses, skeleton).width_px


def masks_of_poses(
    image: np.ndarray, poses: np.ndarray, body: Body | Skeleton,
    settings: PoseSettings | None = None,
) -> Posed:  # fmt: skip
    """The masks of the animals of a frame (h, w) uint8; ``poses`` (animals, points, 2) px.

    ``body`` is learned once from many frames; of a skeleton alone it is learned from this frame.
    """
    settings = settings or PoseSettings()
    if isinstance(body, Skeleton):
        body = learn_body([image], [poses], body, settings.width_px, settings.thin)
    drawn = [body.draw(pose, image.shape) for pose in poses]
    owners = _owners(image, poses, body, drawn)
    priors = [(mask > 0) & (owners == k) for k, mask in enumerate(drawn)]
    shown: list[np.ndarray] = list(priors)
    if settings.refine:
        for group in _groups(drawn, round(BAND * body.width_px)):
            animals = _cut(image, [drawn[k] for k in group], [poses[k] for k in group], body)
            for k in group:
                shown[k] = animals & (owners == k)
    masks: list[Placed | None] = []
    notes: list[str] = []
    for k, pose in enumerate(poses):
        mask, note = priors[k], ""
        if settings.refine and not _stands_out(image, drawn[k], body):
            note = "the image shows no clear outline: drawn along the points"
        elif settings.refine:
            mask, note = _believed(shown[k], priors[k], pose, body)
        placed = place(mask)
        masks.append(placed)
        notes.append(note if placed is not None else "no body point is labelled: draw this one")
    return Posed(masks, [note for note in notes if note])


def _owners(
    image: np.ndarray, poses: np.ndarray, body: Body, drawn: Sequence[np.ndarray]
) -> np.ndarray:
    """Whose each pixel is if it is an animal's: number of a pose, (h, w) int."""
    if len(poses) == 1:
        return np.zeros(image.shape, int)
    costs = []
    soft = cv2.GaussianBlur(image, (0, 0), 1.5).astype(np.float32)
    for pose, mask in zip(poses, drawn, strict=True):
        cost = body.nearness(pose, image.shape) ** 2
        others = np.sum([m for m in drawn if m is not mask], axis=0)
        core = (body.draw(pose, image.shape, CORE) > 0) & (others == 0)
        if core.any():
            level, spread = np.median(soft[core]), max(float(soft[core].std()), LEAST_SPREAD)
            unlike = np.minimum(((soft - level) / (2 * spread)) ** 2, MOST_UNLIKE)
            cost = cost + LIKE_FUR * unlike
        costs.append(cost)
    return np.argmin(costs, axis=0) if costs else np.zeros(image.shape, int)


def _groups(drawn: Sequence[np.ndarray], band: int) -> list[list[int]]:
    """Animals whose surroundings overlap, together."""
    together = np.zeros(drawn[0].shape, np.uint8) if drawn else np.zeros((1, 1), np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * band + 1,) * 2)
    for mask in drawn:
        np.maximum(together, cv2.dilate(mask, kernel), out=together)
    _, parts = cv2.connectedComponents(together)
    groups: dict[int, list[int]] = {}
    for k, mask in enumerate(drawn):
        if mask.any():
            groups.setdefault(int(parts[mask > 0].max()), []).append(k)
    return list(groups.values())


def _cut(
    image: np.ndarray, drawn: Sequence[np.ndarray], poses: Sequence[np.ndarray], body: Body
) -> np.ndarray:
    """Which pixels are animals rather than floor near some drawn bodies, (h, w) bool."""
    band = max(3, round(BAND * body.width_px))
    missing = max(body.missing(pose) for pose in poses)
    band += round(GROWS * missing * body.length_px)  # where points are missing, the image tells
    prior = np.maximum.reduce(list(drawn))
    core = np.maximum.reduce([body.draw(pose, image.shape, CORE) for pose in poses])
    rows, columns = np.flatnonzero(prior.any(axis=1)), np.flatnonzero(prior.any(axis=0))
    here = tuple(slice(max(0, at[0] - 2 * band), at[-1] + 1 + 2 * band) for at in (rows, columns))
    marks = np.full(prior[here].shape, cv2.GC_BGD, np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * band + 1,) * 2)
    marks[cv2.dilate(prior[here], kernel) > 0] = cv2.GC_PR_BGD
    marks[prior[here] > 0] = cv2.GC_PR_FGD
    marks[core[here] > 0] = cv2.GC_FGD
    if not (marks == cv2.GC_BGD).any() or not (core[here] > 0).any():
        return prior > 0
    cv2.setRNGSeed(0)  # the clusters that it begins with are drawn by chance
    floor, fur, everything = np.zeros((1, 65)), np.zeros((1, 65)), (0, 0, 1, 1)
    cv2.grabCut(
        _textures(image[here]), marks, everything, floor, fur, ROUNDS, cv2.GC_INIT_WITH_MASK
    )
    found = np.zeros(image.shape, bool)
    found[here] = (marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD)
    return found


def _textures(image: np.ndarray) -> np.ndarray:
    """Gray level, its surroundings and how rough they are, (h, w, 3) uint8: bedding is rough."""
    level = image.astype(np.float32)
    mean = cv2.GaussianBlur(level, (0, 0), 2.5)
    rough = np.sqrt(np.maximum(cv2.GaussianBlur(level**2, (0, 0), 2.5) - mean**2, 0))
    planes = (cv2.GaussianBlur(level, (0, 0), 0.8), mean, 3 * rough)
    return np.dstack([np.clip(plane, 0, 255) for plane in planes]).astype(np.uint8)


def _stands_out(image: np.ndarray, drawn: np.ndarray, body: Body) -> bool:
    """Whether a body is in any way unlike what lies around it."""
    placed = place(drawn)
    if placed is None:
        return True
    band = max(3, round(BAND * body.width_px))
    here = tuple(
        slice(max(0, part.start - 2 * band), part.stop + 2 * band) for part in placed.where
    )
    inner = cv2.erode(drawn[here], np.ones((band | 1, band | 1), np.uint8)) > 0
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * band + 1,) * 2)
    outer = cv2.dilate(drawn[here], kernel) == 0
    if not inner.any() or not outer.any():
        return True
    inside, outside = (_textures(image[here])[where].astype(float) for where in (inner, outer))
    spread = np.sqrt((inside.var(axis=0) + outside.var(axis=0)) / 2) + 1
    return bool((np.abs(inside.mean(axis=0) - outside.mean(axis=0)) / spread).max() > CLEARLY)


def _believed(
    shown: np.ndarray, prior: np.ndarray, pose: np.ndarray, body: Body
) -> tuple[np.ndarray, str]:
    """The refined mask without specks and holes, or the drawn one where it cannot be right."""
    if not prior.any():
        return prior, ""
    mask = _cleaned(shown, prior, body)
    share = np.count_nonzero(mask) / np.count_nonzero(prior)
    wide = cv2.dilate(mask.astype(np.uint8), np.ones((2 * SLACK + 1,) * 2, np.uint8))
    points = np.rint(body.visible(pose)).astype(int)
    size = prior.shape
    points = points[(points >= 0).all(axis=1) & (points < (size[1], size[0])).all(axis=1)]
    held = float(wide[points[:, 1], points[:, 0]].mean()) if len(points) else 1.0
    overlap = np.count_nonzero(mask & prior) / max(1, int(np.count_nonzero(mask | prior)))
    most = AREA[1] / max(1 - GROWS * body.missing(pose), 0.2)
    if not AREA[0] <= share <= most:
        return prior, "the image shows no clear outline: drawn along the points"
    if held < POINTS_IN or overlap < LEAST_OVERLAP * AREA[1] / most:
        return prior, "the outline leaves body points out: drawn along the points"
    return mask, ""


def _cleaned(shown: np.ndarray, prior: np.ndarray, body: Body) -> np.ndarray:
    """The part that holds most of the drawn body, smooth and without holes."""
    reach = max(1, round(0.06 * body.width_px))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2)
    smooth = cv2.morphologyEx(shown.astype(np.uint8), cv2.MORPH_OPEN, kernel)
    smooth = cv2.morphologyEx(smooth, cv2.MORPH_CLOSE, kernel)
    count, parts = cv2.connectedComponents(smooth)
    if count < 2:
        return np.zeros(shown.shape, bool)
    held = np.bincount(parts[prior], minlength=count)
    held[0] = 0
    outlines, _ = cv2.findContours(
        (parts == int(np.argmax(held))).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    whole = np.zeros(shown.shape, np.uint8)
    cv2.drawContours(whole, outlines, -1, 1, cv2.FILLED)
    return whole > 0
