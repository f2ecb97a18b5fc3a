"""Try a network on labelled frames: what it finds, beside what is there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tracking.networks.samples import Sample
from tracking.networks.teaching.judging import Shape
from tracking.networks.teaching.plans import SILENT, Listener, TrainingSettings

LEAST_SCORE = 0.01  # of what is judged: average precision asks for what is far from sure, too


def predict(
    weights: Path, samples: Sequence[Sample], settings: TrainingSettings,
    listener: Listener = SILENT,
) -> list[list[Shape]]:  # fmt: skip
    """What a network finds in each frame, with scores, also those that are far from sure."""
    from tracking.networks.running.choices import choose
    from tracking.networks.running.settings import NetworkSettings
    from tracking.networks.weights import describe
    from tracking.yolo import YoloSegmenter

    choice = choose(describe(weights), settings.device, threads=settings.threads)
    told = NetworkSettings(confidence=LEAST_SCORE, image_px=settings.image_px)
    segmenter = YoloSegmenter(choice, told)
    found = []
    for k, sample in enumerate(samples):
        listener.on_stage("judge", k, len(samples))
        found.append([
            Shape(one.mask, one.x0, one.y0, one.kind, float(one.score))
            for one in segmenter.find([sample.image])[0]
        ])  # fmt: skip
    return found


def shapes_of(sample: Sample) -> list[Shape]:
    """The true masks of a frame, to judge by."""
    return [
        Shape(placed.mask, placed.x0, placed.y0, kind)
        for placed, kind in zip(sample.masks, sample.classes, strict=True)
    ]
