"""Choose frames that are worth labelling: unlike one another, doubtful, with animals in contact.

    candidates = [Candidate("cage.mp4", 120, 4.8, look_of(gray), doubt=0.7), ...]
    propose(candidates, 20)        # the best first: any beginning of it is a good smaller choice

Different frames are chosen by k-centre greedy: each is the one that is furthest from all chosen
before (Sener and Savarese 2018, "Active learning for convolutional neural networks"). Everything
follows from the candidates; nothing is drawn by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from tracking.errors import TrackingError

Reason = Literal["different", "doubtful", "contact"]
LOOK = (32, 24)  # cells of a small picture, width and height
BROAD = 4.0  # cells; what is smoother than that is light and not animals
LIGHT = 0.3  # weight of the light against that of things
EQUAL = 0.25  # of the usual distance of two frames: closer ones show the same again
NOISE = 16.0  # two looks of a still film at 320 x 240 are 8 apart, an ant that moved makes 25
SOON = 0.05  # of the span of a video: doubts and contacts that are closer are of one event
GAP_S = 0.5  # frames of one video that are closer in time show the same again
ELSEWHERE = 0.5  # of the usual distance, added between frames of different videos
LATER = 0.25  # of the usual distance, added between frames far apart in time
WORDS: dict[Reason, str] = {
    "different": "looks unlike the other frames",
    "doubtful": "the program is in doubt here",
    "contact": "animals are in contact",
}


@dataclass(frozen=True)
class Candidate:
    """A frame that might be labelled."""

    video: str
    frame: int
    time_s: float
    look: np.ndarray  # (k,) float32, of look_of
    doubt: float = 0.0  # 0 to 1, as a caller knows it: doubts of a run, count off, low scores
    contact: bool = False  # in a crossing of a run, or fewer outlines than animals
    why: str = ""  # of the doubt or the contact, in a caller's words


@dataclass(frozen=True)
class Proposal:
    """A frame to label, and why."""

    video: str
    frame: int
    reason: Reason
    score: float  # 0 to 1: how far it is from what was chosen before, or how doubtful
    why: str


@dataclass(frozen=True)
class Shares:
    """How many of the proposals have which reason; what one cannot fill, the others do."""

    different: float = 0.5
    doubtful: float = 0.25
    contact: float = 0.25


def look_of(gray: np.ndarray) -> np.ndarray:
    """What a gray frame (h, w) uint8 looks like, small, with little of its light, (k,) float32."""
    small = cv2.resize(gray.astype(np.float32), LOOK, interpolation=cv2.INTER_AREA)
    light = cv2.GaussianBlur(small, (0, 0), BROAD)
    return np.concatenate([(small - light).ravel(), LIGHT * light.ravel()])


def candidate_frames(n_frames: int, count: int, keyframes: np.ndarray | None = None) -> list[int]:
    """About ``count`` frames spread over a video that are worth decoding, in rising order.

    A keyframe close by is preferred: reaching another one means decoding all since the last.
    """
    if n_frames < 1 or count < 1:
        return []
    edges = np.linspace(0, n_frames, min(count, n_frames) + 1)
    frames = ((edges[:-1] + edges[1:]) / 2).astype(int)
    if keyframes is not None and len(keyframes):
        keys = np.sort(np.asarray(keyframes))
        near = keys[np.clip(np.searchsorted(keys, edges[:-1]), 0, len(keys) - 1)]
        frames = np.where((near >= edges[:-1]) & (near < edges[1:]), near, frames)
    return np.unique(frames).tolist()


def propose(
    candidates: Sequence[Candidate], count: int, labelled: Sequence[Candidate] = (),
    shares: Shares | None = None,
) -> list[Proposal]:  # fmt: skip
    """Choose up to ``count`` frames, the best first; none is nearly equal to a labelled one.

    There are fewer where nothing else is left that shows anything new.
    """
    shares = shares or Shares()
    wanted: dict[Reason, float] = {
        "different": shares.different, "doubtful": shares.doubtful, "contact": shares.contact,
    }  # fmt: skip
    if count < 1 or min(wanted.values()) < 0 or sum(wanted.values()) <= 0:
        raise TrackingError(
            f"{count} frames cannot be proposed with shares {tuple(wanted.values())}. "
            "Give a count of 1 or more, and shares of 0 or more that are not all 0."
        )
    pool = _Pool(candidates, labelled)
    picked: list[Proposal] = []
    given = dict.fromkeys(wanted, 0)
    while len(picked) < count:
        # whose share lags most; different ones where others have nothing left
        order = sorted(wanted, key=lambda r: (wanted[r] <= 0, given[r] - wanted[r] * len(picked)))
        for reason in order:
            proposal = pool.take(reason)
            if proposal is not None:
                given[reason] += 1
                picked.append(proposal)
                break
        else:
            break
    return picked


class _Pool:
    """The candidates that are left, and how far each is from all that are chosen."""

    def __init__(self, candidates: Sequence[Candidate], labelled: Sequence[Candidate]) -> None:
        self.frames = sorted(candidates, key=lambda c: (c.video, c.frame))
        every = [*self.frames, *labelled]
        names = sorted({c.video for c in every})
        self.video = np.array([names.index(c.video) for c in every])
        self.time = np.array([c.time_s for c in every])
        self.looks = _from_usual(every, self.video)
        self.doubt = np.array([c.doubt for c in self.frames])
        self.contact = np.array([c.contact for c in self.frames], bool)
        n = len(self.frames)
        self.free = np.ones(n, bool)
        self.away = np.full(n, np.inf)
        self.since = np.full(n, np.inf)  # share of the video since or until the nearest chosen
        self.usual = _usual_distance(self.looks[:n])
        spans = [np.ptp(self.time[self.video == k]) for k in range(len(names))]
        self.span = np.maximum(np.array(spans or [1.0]), 1e-6)
        for k in range(n, len(every)):
            self._away_from(k)

    def take(self, reason: Reason) -> Proposal | None:
        """The best frame that is left for a reason; it is taken out with what is equal to it."""
        able = self.free.copy()
        if reason == "doubtful":
            able &= self.doubt > 0
        elif reason == "contact":
            able &= self.contact
        if not able.any():
            return None
        value = self._value(reason)
        at = int(np.argmax(np.where(able, value, -np.inf)))
        frame = self.frames[at]
        away = min(self.away[at] / (2 * self.usual), 1.0) if np.isfinite(self.away[at]) else 1.0
        score = frame.doubt if reason == "doubtful" else away
        told = frame.why if reason != "different" else ""
        self.free[at] = False
        self._away_from(at)
        return Proposal(
            frame.video,
            frame.frame,
            reason,
            round(float(min(score, 1.0)), 4),
            told or WORDS[reason],
        )

    def _value(self, reason: Reason) -> np.ndarray:
        if not np.isfinite(self.away).all():  # nothing is chosen yet: the most usual frame
            n = len(self.frames)
            start = -np.linalg.norm(self.looks[:n], axis=1) / self.usual
            return self.doubt + 1e-3 * start if reason == "doubtful" else start
        apart = self.away / self.usual
        if reason == "different":
            return apart
        another = 1 - np.exp(-self.since / SOON)
        return another * (self.doubt if reason == "doubtful" else apart)

    def _away_from(self, k: int) -> None:
        """Frame ``k`` is chosen: others are no further than from it, and equal ones are gone."""
        n = len(self.frames)
        look = np.linalg.norm(self.looks[:n] - self.looks[k], axis=1)
        same = self.video[:n] == self.video[k]
        since = np.abs(self.time[:n] - self.time[k])
        part = since / self.span[self.video[k]]
        self.since = np.where(same, np.minimum(self.since, part), self.since)
        late = LATER * np.minimum(4 * part, 1.0)
        further = np.where(same, late, ELSEWHERE) * self.usual
        np.minimum(self.away, look + further, out=self.away)
        equal = look < max(EQUAL * self.usual, NOISE)
        self.free &= ~(same & (equal | (since < GAP_S)))


def _from_usual(frames: Sequence[Candidate], video: np.ndarray) -> np.ndarray:
    """How each frame differs from what its video usually looks like, (n, k) float32."""
    if not frames:
        return np.zeros((0, 1), np.float32)
    sizes = {c.look.shape for c in frames}
    if len(sizes) > 1:
        raise TrackingError(
            f"Frames with looks of different sizes {sorted(sizes)} cannot be compared. "
            "Make all of them with look_of."
        )
    looks = np.stack([c.look for c in frames]).astype(np.float32)
    for k in np.unique(video):
        looks[video == k] -= np.median(looks[video == k], axis=0)
    return looks


def _usual_distance(looks: np.ndarray) -> float:
    """The median distance of frames from one another; at most 200 are compared."""
    some = looks[:: max(1, len(looks) // 200)]
    if len(some) < 2:
        return 1.0
    apart = np.linalg.norm(some[:, None] - some[None], axis=-1)
    typical = float(np.median(apart[np.triu_indices(len(some), 1)]))
    return typical if typical > 0 else 1.0
