"""Looking at a video before it is tracked: what the process beside the server does.

A sample of the frames is decoded once and kept; each choice of settings is then judged on it the
way tracking itself would choose and segment, so what is shown is what tracking will do.
"""

from __future__ import annotations

import pickle
import sys
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from app.jobs.arena_notes import noticed
from tracking.arenas.division import Arenas, arena_segmenter
from tracking.arenas.tuning import tune_arenas
from tracking.detections import Detections
from tracking.errors import TrackingError
from tracking.masks import decode
from tracking.subtraction.background import BackgroundSegmenter
from tracking.subtraction.tuning import sample, tune
from tracking.video import VideoInfo, probe, read_frames_at

FRAMES = 100  # looked at in the whole video
BYTES = 120_000_000  # of them in memory; large frames are fewer
FEWEST = 16
DECODED = 8000  # frames at most to get them; 2 to 6 s of 640 x 480
TUNED = 0.2  # of the time goes into the sample that tuning looks at
SHOWN = 6  # pictures beside each other
WIDTH = 640  # px; larger pictures are made smaller
KEPT = 2  # videos whose samples stay in memory
# Okabe and Ito's colours as the player has them, blue-green-red.
COLOURS = [
    (0, 159, 230), (233, 180, 86), (115, 158, 0), (167, 121, 204), (0, 94, 213), (178, 114, 0),
    (66, 228, 240),
]  # fmt: skip
FRAMED, AMISS = (190, 190, 190), (0, 94, 213)  # frames of arenas


@dataclass(frozen=True)
class Wish:
    """What to look at, and with which settings."""

    path: Path
    content_hash: str
    animals: int
    by_hand: tuple[tuple[str, Any], ...] = ()
    doubtful: bool = False  # pictures where the number is wrong, instead of a spread
    focus: int | None = None  # place in the sample of one frame to show by itself
    arenas: Arenas | None = None  # tracked each on its own


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
    arenas: tuple[str, ...] = ()  # their names; empty for the whole picture
    expected: tuple[int, ...] = ()  # animals in each arena, or in the whole picture
    # (frames, arenas) outlines in each
    by_arena: np.ndarray = field(default_factory=lambda: np.zeros((0, 1), int), compare=False)
    notes: tuple[str, ...] = ()  # what was noticed in the arenas, in lines

    @property
    def as_expected(self) -> np.ndarray:
        """Where there is just the right number of animals, (frames, arenas) bool; the whole
        picture counts as one arena."""
        return np.equal(self.by_arena, np.array(self.expected))

    @property
    def right(self) -> list[bool]:
        """For each sampled frame, whether every number in it is right."""
        return [bool(row.all()) for row in self.as_expected]


@dataclass(frozen=True)
class Sample:
    """The decoded frames of one video."""

    info: VideoInfo
    indices: np.ndarray  # (k,) of the video
    frames: np.ndarray  # (k, h, w) uint8
    tuned_on: np.ndarray  # the frames that tracking tunes itself on


_samples: OrderedDict[str, Sample] = OrderedDict()
OnShare = Callable[[float], None]  # share of the decoding that is done, 0 to 1


def serve() -> None:
    """Answer wishes from stdin on stdout until it closes, as pickles: of this program alone."""
    cv2.setNumThreads(1)
    answers, sys.stdout = sys.stdout.buffer, sys.stderr

    def tell(kind: str, what: object) -> None:
        pickle.dump((kind, what), answers)
        answers.flush()

    while True:
        try:
            wish = pickle.load(sys.stdin.buffer)
        except EOFError:  # the server has ended
            return
        try:
            tell("done", look(wish, lambda share: tell("share", share)))
        except (TrackingError, OSError, MemoryError) as error:
            tell("failed", str(error) or type(error).__name__)


def look(wish: Wish, on_share: OnShare = lambda share: None) -> Preview:
    """Tune as tracking would, segment the sampled frames, and draw some of them."""
    known = _sample_of(wish, on_share)
    by_hand, arenas, notes = dict(wish.by_hand), wish.arenas, list[str]()
    if arenas is None:
        tuning = tune(known.info, wish.animals, by_hand=by_hand, stack=known.tuned_on)
        expected = (wish.animals,)
    else:
        chosen = tune_arenas(known.info, arenas, by_hand=by_hand, stack=known.tuned_on)
        tuning, notes = chosen.tuning, noticed(arenas, chosen)
        expected = tuple(arenas.numbers.tolist())
    segmenter = BackgroundSegmenter(tuning.background, tuning.settings)
    if arenas is not None:
        glimpses = not {"min_area_px", "open_px"} & set(by_hand)
        segmenter = arena_segmenter(tuning.background, tuning.settings, arenas, glimpses)
    found = [segmenter.segment_gray(image) for image in known.frames]
    by_arena = np.array([[len(one)] if arenas is None else arenas.counts(one.shapes)
                         for one in found])  # fmt: skip
    if arenas is not None:  # where one lives alone, tracking takes the best outline of several
        by_arena = np.where(arenas.numbers == 1, np.minimum(by_arena, 1), by_arena)
    right = by_arena == np.array(expected)

    def drawn(k: int, width: int = WIDTH) -> bytes:
        return draw(known.frames[k], found[k], width, arenas, right[k])

    focus = wish.focus if wish.focus is not None and 0 <= wish.focus < len(found) else None
    return Preview(
        settings=tuning.settings.to_dict(),
        tuning={"score": tuning.score, **tuning.parts},
        frames=known.indices.tolist(),
        times_s=known.info.time_s[known.indices].tolist(),
        counts=by_arena.sum(axis=1).tolist(),
        pictures=[(k, drawn(k)) for k in _wanted(right.all(axis=1), wish.doubtful)],
        background=jpeg(cv2.cvtColor(tuning.background, cv2.COLOR_GRAY2BGR)),
        animals=wish.animals,
        focus=None if focus is None else (focus, drawn(focus, 1280)),
        by_hand=by_hand,
        arenas=tuple(place.name for place in arenas.places) if arenas else (),
        expected=expected,
        by_arena=by_arena,
        notes=tuple(notes),
    )


def _wanted(right: np.ndarray, doubtful: bool) -> list[int]:
    """Which of the sampled frames to show: spread, or spread over those with a wrong number."""
    places = np.flatnonzero(~right) if doubtful else np.arange(len(right))
    if not len(places):
        return []
    chosen = np.linspace(0, len(places) - 1, min(SHOWN, len(places)))
    return places[np.unique(chosen.round().astype(int))].tolist()


def _sample_of(wish: Wish, on_share: OnShare) -> Sample:
    """The decoded sample of a video, from memory where it is there."""
    if wish.content_hash not in _samples:
        info = probe(wish.path)
        size = info.width * info.height
        count = int(np.clip(BYTES // size, FEWEST, FRAMES))
        indices = spread(info.n_frames, info.keyframes, count)
        tuned_on = sample(info, on_progress=lambda done, all_: on_share(TUNED * done / all_))
        frames = np.empty((len(indices), *tuned_on.shape[1:]), np.uint8)
        for done, frame in enumerate(read_frames_at(info, indices.tolist())):
            frames[done] = frame.gray
            on_share(TUNED + (1 - TUNED) * (done + 1) / len(indices))
        _samples[wish.content_hash] = Sample(info, indices, frames, tuned_on)
        while len(_samples) > KEPT:
            _samples.popitem(last=False)
    _samples.move_to_end(wish.content_hash)
    return _samples[wish.content_hash]


def spread(n_frames: int, keyframes: np.ndarray, count: int, most: int = DECODED) -> np.ndarray:
    """Frames evenly over a video, drawn towards the keyframe before where decoding would be long.

    >>> spread(1000, np.array([0, 500]), 5).tolist()
    [0, 249, 499, 749, 999]
    >>> spread(1000, np.array([0, 500]), 5, most=100).tolist()
    [0, 24, 49, 524, 549]
    """
    even = np.unique(np.linspace(0, n_frames - 1, count).astype(int))
    at = np.searchsorted(keyframes, even, side="right")
    before, after = keyframes[at - 1], np.append(keyframes, n_frames)[at]
    share = np.minimum(1.0, most / len(keyframes) / np.maximum(after - before, 1))
    return np.unique(before + ((even - before) * share).astype(int))


def draw(
    gray: np.ndarray, found: Detections, width: int = WIDTH, arenas: Arenas | None = None,
    right: np.ndarray | None = None,
) -> bytes:  # fmt: skip
    """One frame with the outline of everything that was found, as JPEG.

    Arenas are framed, thicker and in another colour where the number is not `right`, (arenas,).
    """
    picture = cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR)
    thick = max(1, round(picture.shape[1] / 500))
    for number, place in enumerate(arenas.places if arenas else ()):
        ring = np.rint(np.array(place.outline) * 16).astype(np.int32).reshape(-1, 1, 2)
        good = right is None or bool(right[number])
        colour, line = (FRAMED, thick) if good else (AMISS, 2 * thick)
        cv2.polylines(picture, [ring], True, colour, line, cv2.LINE_AA, 4)
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
