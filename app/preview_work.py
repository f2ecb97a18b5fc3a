"""Looking at a video before it is tracked: what the process beside the server does.

A sample of the frames is decoded once and kept; each choice of settings is then judged on it the
way tracking itself would choose and segment, so what is shown is what tracking will do.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from multiprocessing import parent_process
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tracking.background import BackgroundSegmenter
from tracking.detections import Detections
from tracking.masks import decode
from tracking.tuning import sample, sample_indices, tune
from tracking.video import VideoInfo, probe

FRAMES = 100  # looked at in the whole video
BYTES = 120_000_000  # of them in memory; large frames are fewer
FEWEST = 16
SHOWN = 6  # pictures beside each other
WIDTH = 640  # px; larger pictures are made smaller
KEPT = 2  # videos whose samples stay in memory
# Okabe and Ito's colours as the player has them, blue-green-red.
COLOURS = [
    (0, 159, 230), (233, 180, 86), (115, 158, 0), (167, 121, 204), (0, 94, 213), (178, 114, 0),
    (66, 228, 240),
]  # fmt: skip


@dataclass(frozen=True)
class Wish:
    """What to look at, and with which settings."""

    path: Path
    content_hash: str
    animals: int
    by_hand: tuple[tuple[str, Any], ...] = ()
    doubtful: bool = False  # pictures where the number is wrong, instead of a spread
    focus: int | None = None  # place in the sample of one frame to show by itself


@dataclass(frozen=True)
class Preview:
    """What tracking would find in the sampled frames."""

    settings: dict[str, Any]  # all of them, as chosen and by hand
    tuning: dict[str, float]  # score and its parts, 0 to 1
    frames: list[int]  # of the video
    times_s: list[float]
    counts: list[int]  # outlines of an animal's size in each of the frames
    pictures: list[tuple[int, bytes]]  # place in the sample, JPEG with the masks drawn
    background: bytes  # JPEG
    animals: int
    focus: tuple[int, bytes] | None = None
    by_hand: dict[str, Any] = field(default_factory=dict)

    @property
    def share_right(self) -> float:
        """Share of the sampled frames with just the right number of animals, 0 to 1."""
        return sum(count == self.animals for count in self.counts) / max(len(self.counts), 1)


@dataclass(frozen=True)
class Sample:
    """The decoded frames of one video."""

    info: VideoInfo
    indices: np.ndarray  # (k,) of the video
    frames: np.ndarray  # (k, h, w) uint8
    tuned_on: np.ndarray  # the frames that tracking tunes itself on


_samples: OrderedDict[str, Sample] = OrderedDict()
_share: Any = None  # how much of the decoding is done, 0 to 1; shared with the server


def start_worker(share: Any) -> None:
    """Set up the process: one thread of OpenCV, no life after the server."""
    global _share
    _share = share
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def look(wish: Wish) -> Preview:
    """Tune as tracking would, segment the sampled frames, and draw some of them."""
    known = _sample_of(wish)
    by_hand = dict(wish.by_hand)
    tuning = tune(known.info, wish.animals, by_hand=by_hand, stack=known.tuned_on)
    segmenter = BackgroundSegmenter(tuning.background, tuning.settings)
    found = [segmenter.segment_gray(image) for image in known.frames]
    counts = [len(one) for one in found]
    wanted = _wanted(counts, wish)
    pictures = [(k, draw(known.frames[k], found[k])) for k in wanted]
    focus = wish.focus if wish.focus is not None and wish.focus < len(found) else None
    return Preview(
        settings=tuning.settings.to_dict(),
        tuning={"score": tuning.score, **tuning.parts},
        frames=known.indices.tolist(),
        times_s=known.info.time_s[known.indices].tolist(),
        counts=counts,
        pictures=pictures,
        background=jpeg(cv2.cvtColor(tuning.background, cv2.COLOR_GRAY2BGR)),
        animals=wish.animals,
        focus=None if focus is None else (focus, draw(known.frames[focus], found[focus], 1280)),
        by_hand=by_hand,
    )


def _wanted(counts: list[int], wish: Wish) -> list[int]:
    """Which of the sampled frames to show: spread, or spread over those with a wrong number."""
    places = np.arange(len(counts))
    if wish.doubtful:
        places = places[np.array(counts) != wish.animals]
    if not len(places):
        return []
    chosen = np.linspace(0, len(places) - 1, min(SHOWN, len(places)))
    return places[np.unique(chosen.round().astype(int))].tolist()


def _sample_of(wish: Wish) -> Sample:
    """The decoded sample of a video, from memory where it is there."""
    if wish.content_hash not in _samples:
        info = probe(wish.path)
        size = info.width * info.height
        count = int(np.clip(BYTES // size, FEWEST, FRAMES))
        indices = sample_indices(info, count)
        both = len(indices) + len(sample_indices(info, 36))
        tuned_on = sample(info, on_progress=lambda done, _: _tell(done / both))
        before = len(tuned_on)
        frames = sample(info, count, lambda done, _: _tell((before + done) / both))
        _samples[wish.content_hash] = Sample(info, indices, frames, tuned_on)
        while len(_samples) > KEPT:
            _samples.popitem(last=False)
    _samples.move_to_end(wish.content_hash)
    _tell(1.0)
    return _samples[wish.content_hash]


def _tell(share: float) -> None:
    if _share is not None:
        _share.value = share


def draw(gray: np.ndarray, found: Detections, width: int = WIDTH) -> bytes:
    """One frame with the outline of everything that was found, as JPEG."""
    picture = cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR)
    thick = max(1, round(picture.shape[1] / 500))
    for number, row in enumerate(np.argsort(found.boxes[:, 0], kind="stable").tolist()):
        x0, y0, x1, y1 = (int(value) for value in found.boxes[row])
        mask = decode(found.masks[row], y1 - y0, x1 - x0)
        colour = COLOURS[number % len(COLOURS)]
        patch = picture[y0:y1, x0:x1]
        patch[mask > 0] = (0.62 * patch[mask > 0] + 0.38 * np.array(colour)).astype(np.uint8)
        outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(picture, outlines, -1, colour, thick, cv2.LINE_AA, offset=(x0, y0))
    return jpeg(picture, width)


def jpeg(picture: np.ndarray, width: int = WIDTH) -> bytes:
    """A blue-green-red picture as JPEG, at most so many px wide."""
    if picture.shape[1] > width:
        height = max(1, round(picture.shape[0] * width / picture.shape[1]))
        picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])
    return data.tobytes() if done else b""
