"""Find the animals of a frame with a segmentation network of the YOLO family.

    choice = choose(describe(Path("mice.onnx")))
    segmenter = YoloSegmenter(choice, NetworkSettings(confidence=0.4))
    segmenter.find([gray])         # of every image: masks, classes and scores
    segmenter.segment(frames)      # as tracking takes them

Equal frames give equal masks, whatever came before and whichever process looks at them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tracking.detections import Blob, Detections, outline_of, outlined
from tracking.networks.pictures import Fit, fit, pictures
from tracking.networks.running.answers import Found, answer
from tracking.networks.running.choices import Choice
from tracking.networks.running.runtimes import Answers, DeviceFull, Network, open_network
from tracking.networks.running.settings import NetworkSettings
from tracking.video import Frame

IN_FLIGHT = 2  # batches: a GPU works on one while the masks of the other are made


class YoloSegmenter:
    """A network with fixed settings; in each process it is loaded when it is first needed.

    ``where``, (h, w) bool, are the pixels that can be animal; without it all can.
    """

    def __init__(
        self, choice: Choice, settings: NetworkSettings, where: np.ndarray | None = None,
        network: Network | None = None,
    ) -> None:  # fmt: skip
        self.choice, self.settings, self.where = choice, settings, where
        self.notes: list[str] = []  # what a person should hear of, such as too little memory
        self._rules = settings.rules(choice.weights.classes)
        self._batch = choice.batch
        self._network = network

    def __reduce__(self) -> tuple[Any, ...]:
        return YoloSegmenter, (self.choice, self.settings, self.where)

    def segment(self, frames: Sequence[Frame]) -> list[Detections]:
        """Segment a batch of frames; one Detections for each."""
        found = self.find([frame.gray for frame in frames])
        blobs = [[Blob(one.mask, one.x0, one.y0, outline_of(one.mask)) for one in f] for f in found]
        made = outlined(blobs, [1.0] * len(blobs))
        return [
            replace(one, scores=np.array([each.score for each in f], np.float32))
            for one, f in zip(made, found, strict=True)
        ]

    def find(self, images: Sequence[np.ndarray]) -> list[list[Found]]:
        """The animals of gray images (h, w) uint8 of one size, the surest first."""
        if not images:
            return []
        how = self.fit(images[0].shape[:2])
        weights = self.choice.weights
        found = []
        for predictions, prototypes in self._answers(pictures(images, how)):
            every = answer(
                predictions, prototypes, how, self._rules, len(weights.classes), weights.end_to_end
            )
            found.append(self._kept(every))
        return found

    def fit(self, frame: tuple[int, int]) -> Fit:
        """How frames of this height and width lie in the network's pictures."""
        weights = self.choice.weights
        return fit(frame, self.settings.image_px or weights.image_px, weights.stride, weights.fixed)

    def _kept(self, found: list[Found]) -> list[Found]:
        """Animals where there can be any, of a possible size, no more than there are to be."""
        if self.where is not None:
            found = [cut for one in found if (cut := _cut(one, self.where)) is not None]
        settings = self.settings
        areas = [np.count_nonzero(one.mask) for one in found]
        fitting = [
            one for one, area in zip(found, areas, strict=True)
            if settings.min_area_px <= area <= settings.max_area_px
        ]  # fmt: skip
        return fitting[: settings.most or None]

    def _answers(self, batch: np.ndarray) -> Iterator[Answers]:
        """The network's numbers for each picture; smaller batches where memory does not suffice."""
        if self._network is None:
            self._network = open_network(self.choice)
        waiting: deque[tuple[int, Any]] = deque()
        sent = done = 0
        while done < len(batch):
            try:
                while sent < len(batch) and len(waiting) < IN_FLIGHT:
                    part = self._part(batch[sent : sent + self._batch])
                    waiting.append(
                        (min(self._batch, len(batch) - sent), self._network.submit(part))
                    )
                    sent += waiting[-1][0]
                number, job = waiting.popleft()
                predictions, prototypes = self._network.result(job)
            except DeviceFull:
                self._halve()
                waiting.clear()
                sent = done
                continue
            for k in range(number):
                yield predictions[k], prototypes[k]
            done += number

    def _part(self, part: np.ndarray) -> np.ndarray:
        """A batch as large as a network of fixed size takes it."""
        lacking = (self.choice.weights.fixed_batch or len(part)) - len(part)
        return np.concatenate((part, np.repeat(part[-1:], lacking, 0))) if lacking > 0 else part

    def _halve(self) -> None:
        """Take half as many pictures at once from now on; where it is one already, give up."""
        if self._batch == 1 or self.choice.weights.fixed_batch:
            raise DeviceFull(
                f"The memory of {self.choice.device} does not hold one picture of this network: "
                "close what else uses it, set image_px smaller, or take --device cpu. What is "
                "found so far is kept."
            )
        self._batch //= 2
        self.notes.append(
            f"The memory of {self.choice.device} was too small for {2 * self._batch} pictures at "
            f"once: {self._batch} at a time were taken."
        )


def _cut(one: Found, where: np.ndarray) -> Found | None:
    """An animal cut at the border of where animals can be; None outside."""
    height, width = one.mask.shape
    mask = one.mask * where[one.y0 : one.y0 + height, one.x0 : one.x0 + width]
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return None
    y, x = int(rows[0]), int(columns[0])
    part = np.ascontiguousarray(mask[y : rows[-1] + 1, x : columns[-1] + 1])
    return replace(one, mask=part, x0=one.x0 + x, y0=one.y0 + y)
