"""The frames that a network finds hardest, as pictures with the truth and what it found."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from storage.networks import FOLDER
from tracking.networks.samples import Sample
from tracking.networks.teaching.judging import Shape, overlap
from tracking.networks.teaching.plans import Material, Trained
from tracking.networks.teaching.trials import shapes_of

KEPT = 9  # frames with a picture
SURE = 0.25  # guesses of a lower score are not drawn
SIZE = (560, 420)  # px of a picture, width and height; all alike, to stand in rows
MARGIN = 0.6  # of the animals' extent, around them
LEAST = 0.3  # of the frame's width, that a picture shows at least
TRUE, GUESSED = (96, 220, 96), (255, 80, 200)  # RGB of outlines


@dataclass(frozen=True)
class Failure:
    """One frame, and how far what was found in it is from the truth."""

    video: str
    frame: int
    iou: float | None  # mean over the true animals, 0 for one that was missed; None: nobody there
    missed: int
    extra: int  # found where nobody is
    picture: str  # relative to the study folder


def keep_failures(study: Path, name: str, material: Material, trained: Trained) -> list[Failure]:
    """Draw the worst of the frames that judge, beside the weights, worst first."""
    scored = []
    for sample, guesses in zip(material.judging, trained.found, strict=True):
        sure = [one for one in guesses if one.score >= SURE]
        scored.append((*_scored(sample, sure), sample, sure))
    scored.sort(key=lambda row: row[0])
    folder = study / FOLDER / name / f"pictures-{uuid.uuid4().hex[:8]}"
    folder.mkdir(parents=True, exist_ok=True)
    kept = []
    for rank, (_, iou, missed, extra, sample, sure) in enumerate(scored[:KEPT]):
        file = folder / f"{rank}.jpg"
        file.write_bytes(_jpeg(draw(sample, sure)))
        video, frame = sample.source
        kept.append(
            Failure(video, int(frame), iou, missed, extra, file.relative_to(study).as_posix())
        )
    return kept


def _scored(sample: Sample, sure: Sequence[Shape]) -> tuple[float, float | None, int, int]:
    """How good one frame is (for sorting), its mean overlap, what was missed, what was too much."""
    truth = shapes_of(sample)
    shared = overlap(sure, truth)
    best = shared.max(axis=0, initial=0.0) if len(truth) else np.empty(0)
    found = int((best >= 0.5).sum())
    missed, extra = len(truth) - found, max(len(sure) - found, 0)
    iou = float(np.where(best >= 0.5, best, 0.0).mean()) if len(truth) else None
    rank = (1.0 if iou is None else iou) - 0.5 * extra / max(len(truth), 1)
    return rank, iou, missed, extra


def draw(sample: Sample, found: Sequence[Shape]) -> np.ndarray:
    """What of the frame the animals are in, true outlines in green and found ones in pink.

    (420, 560, 3) uint8 RGB. A whole frame, as large as a page has room for, would show nothing of
    animals that are a fiftieth of it wide.
    """
    truth = shapes_of(sample)
    x0, y0, ratio = _window(sample.image.shape[:2], [*truth, *found])
    move = np.array([[ratio, 0, -x0 * ratio], [0, ratio, -y0 * ratio]], np.float32)
    way = cv2.INTER_AREA if ratio < 1 else cv2.INTER_CUBIC
    image = cv2.cvtColor(cv2.warpAffine(sample.image, move, SIZE, flags=way), cv2.COLOR_GRAY2RGB)
    for shapes, colour in ((truth, TRUE), (found, GUESSED)):
        for one in shapes:
            full = np.zeros(sample.image.shape, np.uint8)
            full[one.y0 : one.y0 + one.mask.shape[0], one.x0 : one.x0 + one.mask.shape[1]] = (
                one.mask != 0
            )
            there = cv2.warpAffine(full * 255, move, SIZE, flags=cv2.INTER_LINEAR) >= 128
            lines, _ = cv2.findContours(
                there.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
            )
            cv2.drawContours(image, lines, -1, colour, 2, cv2.LINE_AA)
    return image


def _window(shape: tuple[int, ...], shapes: Sequence[Shape]) -> tuple[float, float, float]:
    """Left and top px of the part of a frame (height, width) to show, and how much larger."""
    height, width = shape[:2]
    whole = min(SIZE[0] / width, SIZE[1] / height)
    centre, extent = np.array([width / 2, height / 2]), np.array([width, height], float)
    if shapes:
        low = np.min([(one.x0, one.y0) for one in shapes], axis=0)
        high = np.max([(one.x0 + one.mask.shape[1], one.y0 + one.mask.shape[0])
                       for one in shapes], axis=0)  # fmt: skip
        centre, extent = (low + high) / 2, np.maximum((high - low) * (1 + MARGIN), LEAST * width)
    ratio = max(float((np.array(SIZE) / extent).min()), whole)
    shown = np.array(SIZE) / ratio
    free = np.array([width, height]) - shown  # negative where the frame is narrower: in the middle
    corner = np.where(free > 0, np.clip(centre - shown / 2, 0, np.maximum(free, 0)), free / 2)
    return float(corner[0]), float(corner[1]), ratio


def _jpeg(image: np.ndarray) -> bytes:
    _, data = cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 82])
    return data.tobytes()
