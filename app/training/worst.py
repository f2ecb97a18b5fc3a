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
WIDEST = 560  # px
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
    """The frame with true outlines in green and found ones in pink, (h, w, 3) uint8 RGB."""
    ratio = min(WIDEST / max(sample.image.shape), 2.0)
    size = (round(sample.image.shape[1] * ratio), round(sample.image.shape[0] * ratio))
    image = cv2.cvtColor(cv2.resize(sample.image, size, interpolation=cv2.INTER_AREA),
                         cv2.COLOR_GRAY2RGB)  # fmt: skip
    for shapes, colour in ((shapes_of(sample), TRUE), (found, GUESSED)):
        for one in shapes:
            full = np.zeros(sample.image.shape, np.uint8)
            full[one.y0 : one.y0 + one.mask.shape[0], one.x0 : one.x0 + one.mask.shape[1]] = (
                one.mask != 0
            )
            small = cv2.resize(full, size, interpolation=cv2.INTER_NEAREST)
            lines, _ = cv2.findContours(small, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
            cv2.drawContours(image, lines, -1, colour, 1, cv2.LINE_AA)
    return image


def _jpeg(image: np.ndarray) -> bytes:
    _, data = cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 82])
    return data.tobytes()
