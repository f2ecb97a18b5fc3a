"""Fill frames with masks that a person corrects instead of drawing them.

    filler = Filler.learn(probe("cage.mp4"), n_animals=3)
    filled = filler.fill(frame.gray)      # filled.masks, filled.sureness, filled.note

Masks come from background subtraction, where it is sure: the right number of outlines, each of
usual size and clearly apart from the floor around it. Animals that touch are one outline there;
they are left to the person, and the note says so. A network's own masks are filled in likewise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from tracking.detections import SHAPE, Blob, Detections
from tracking.masks import decode
from tracking.networks.samples import Placed, place
from tracking.subtraction.background import BackgroundSegmenter
from tracking.subtraction.tuning import Tuning, sample, tune
from tracking.video import VideoInfo

AREA = SHAPE.index("area")
SURE = 0.7  # from here on a person needs no more than a look
TOGETHER = 1.6  # usual areas; a larger outline is of several animals
SMALL = 0.45  # usual areas; a smaller one is of a part
VARIES = 0.45  # of the logarithm of areas, before sureness is down to 0.37
CLEAR = 3.0  # standard deviations between an animal and the floor around it
AROUND = 7  # px of floor that are looked at
COUNT_OFF = 0.3  # of the sureness is left where the number of outlines is wrong
OFTEN = 0.6  # share of frames with the right number, from which the method itself is trusted
LEAST_APART = 6  # sampled frames with the right number of outlines, to know each one's size
LEAST_RIGHT = 0.15  # with less than that, nothing is filled in


@dataclass(frozen=True)
class Filled:
    """Masks of one frame, and how far they can be trusted."""

    masks: list[Placed]
    sureness: float  # 0 to 1, of the frame as a whole
    note: str = ""  # what a person has to do, in a line; empty where all is well
    together: int = 0  # outlines that hold several animals, left out of the masks

    @property
    def sure(self) -> bool:
        """Whether a look suffices."""
        return self.sureness >= SURE


@dataclass(frozen=True)
class Filler:
    """Background subtraction, tuned to a video, that knows when it is sure."""

    segmenter: BackgroundSegmenter
    n_animals: int
    right: float  # share of sampled frames in which everybody is seen apart, with a usual size
    sizes: tuple[float, ...]  # usual area of each animal, px, largest first

    @classmethod
    def learn(
        cls, info: VideoInfo, n_animals: int, stack: np.ndarray | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Filler:  # fmt: skip
        """Tune it to a video; ``stack`` (k, h, w) is what ``sample`` gives, when it is at hand.

        Raises TrackingError when nothing that could be the animals is found.
        """
        stack = sample(info, on_progress=on_progress) if stack is None else stack
        tuning = tune(info, n_animals, stack=stack)
        segmenter = BackgroundSegmenter(tuning.background, tuning.settings)
        areas = [np.sort(segmenter.segment_gray(image).shapes[:, AREA])[::-1] for image in stack]
        apart = [found for found in areas if len(found) == n_animals]
        # a male and a female have sizes of their own
        usual = (
            np.median(apart, axis=0) if len(apart) >= LEAST_APART else _typical(tuning, n_animals)
        )
        first = cls(segmenter, n_animals, 1.0, tuple(usual.tolist()))
        good = [first.fill(image).sureness > COUNT_OFF for image in stack]
        return replace(first, right=float(np.mean(good)))

    @property
    def usable(self) -> bool:
        """Whether it finds the animals often enough to be of any help."""
        return self.right >= LEAST_RIGHT

    @property
    def why(self) -> str:
        """What to expect of it, in a line."""
        share = f"{self.right:.0%} of the frames looked at"
        if not self.usable:
            return (
                f"Background subtraction sees all {self.n_animals} animals apart in {share}: too "
                "seldom to fill frames in. Draw the first frames by hand, then let a network fill."
            )
        return f"Background subtraction sees all {self.n_animals} animals apart in {share}."

    def fill(self, gray: np.ndarray) -> Filled:
        """The masks of one frame (h, w) uint8; none where the method is of no use here."""
        if not self.usable:
            return Filled([], 0.0, "draw the animals: background subtraction does not find them")
        found = self.segmenter.segment_gray(gray)
        areas = found.shapes[:, AREA].astype(float)
        usual = _usual(areas, self.sizes)
        blobs = [_blob(found, k) for k in range(len(found))]
        trust = np.exp(-((np.log(np.maximum(areas, 1) / usual) / VARIES) ** 2))
        trust *= [min(1.0, self._apart(blob, gray) / CLEAR) for blob in blobs]
        trust *= found.scores
        return _filled(blobs, areas / usual, trust, self.n_animals, min(1.0, self.right / OFTEN))

    def _apart(self, blob: Blob, gray: np.ndarray) -> float:
        """How clearly an outline is something else than the floor around it: what has changed
        there against what has changed around, in standard deviations."""
        height, width = gray.shape
        x0, y0 = max(0, blob.x0 - AROUND), max(0, blob.y0 - AROUND)
        x1 = min(width, blob.x0 + blob.mask.shape[1] + AROUND)
        y1 = min(height, blob.y0 + blob.mask.shape[0] + AROUND)
        own = np.zeros((y1 - y0, x1 - x0), np.uint8)
        top, left = blob.y0 - y0, blob.x0 - x0
        own[top : top + blob.mask.shape[0], left : left + blob.mask.shape[1]] = blob.mask
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * AROUND + 1,) * 2)
        around = cv2.dilate(own, kernel) - cv2.dilate(own, np.ones((3, 3), np.uint8))
        change = gray[y0:y1, x0:x1].astype(np.float32) - self.segmenter.background[y0:y1, x0:x1]
        inside, outside = change[own > 0], change[around > 0]
        if not len(inside) or not len(outside):
            return 0.0
        spread = np.sqrt(0.5 * (inside.var() + outside.var())) + 1.0
        return float(abs(inside.mean() - outside.mean()) / spread)


def filled_by_network(found: Detections, n_animals: int | None = None) -> Filled:
    """A network's masks as they are filled in; it is as sure as of its least sure animal."""
    blobs = [_blob(found, k) for k in range(len(found))]
    if not blobs and n_animals is None:
        return Filled([], 0.0, "nobody was found: draw who is there, or say that nobody is")
    expected = len(blobs) if n_animals is None else n_animals
    return _filled(blobs, np.ones(len(blobs)), found.scores.astype(float), expected, 1.0)


def _typical(tuning: Tuning, n_animals: int) -> np.ndarray:
    return np.sort(tuning.settings.areas(n_animals))[::-1]


def _blob(found: Detections, k: int) -> Blob:
    x0, y0, x1, y1 = found.boxes[k].tolist()
    return Blob(decode(found.masks[k], y1 - y0, x1 - x0), x0, y0, np.empty((0, 2), np.int32))


def _usual(areas: np.ndarray, sizes: tuple[float, ...]) -> np.ndarray:
    """The usual area that goes with each outline: of its rank, where sizes differ."""
    order = np.argsort(-areas, kind="stable")
    usual = np.empty(len(areas))
    for rank, k in enumerate(order.tolist()):
        usual[k] = sizes[min(rank, len(sizes) - 1)]
    return np.maximum(usual, 1.0)


def _filled(
    blobs: list[Blob], relative: np.ndarray, trust: np.ndarray, n_animals: int, method: float
) -> Filled:
    """What is kept, how sure that is, and what is left to do; ``relative`` to usual areas."""
    single = (relative >= SMALL) & (relative < TOGETHER)
    masks = [
        placed
        for blob, good in zip(blobs, single.tolist(), strict=True)
        if good and (placed := _tight(blob)) is not None
    ]
    together = int((relative >= TOGETHER).sum())
    sureness = method * float(trust[single].min(initial=1.0))
    if len(masks) != n_animals or together:
        sureness *= COUNT_OFF
    if not masks and n_animals:
        sureness = 0.0
    note = _note(len(masks), n_animals, together, sureness)
    return Filled(masks, round(sureness, 4), note, together)


def _tight(blob: Blob) -> Placed | None:
    cut = place(blob.mask)
    return None if cut is None else Placed(cut.mask, blob.x0 + cut.x0, blob.y0 + cut.y0)


def _note(masks: int, n_animals: int, together: int, sureness: float) -> str:
    missing = n_animals - masks
    if together and missing > 0:
        return f"{missing} animals touch and are one outline: draw them apart"
    if missing > 0:
        return f"{missing} of {n_animals} animals {'is' if missing == 1 else 'are'} not found: draw"
    if missing < 0:
        return f"{masks} outlines of {n_animals} animals: take away what is none"
    return "" if sureness >= SURE else "look at these outlines closely: they are unusual"
