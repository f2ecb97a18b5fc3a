"""The contacts after which nobody is sure who is who are looked into again, picture by picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from tracking.identities.carrying import Carried, carry
from tracking.identities.fragments import Crossing, Fragment
from tracking.identities.leaving import told_of
from tracking.identities.slot_frames import Mask, SlotFrames
from tracking.identities.solution import Moment, Told, key_of
from tracking.segmenting import OnProgress, quiet
from tracking.threads import one_thread
from tracking.tracker import AREA
from tracking.video import VideoInfo, read_frames

SURE = 0.97  # probability that all left as said, from which nobody looks again
ANIMALS, EXCHANGES = 4, 6  # the most in one contact of which every way is told
FEWEST = 4  # frames of a contact worth looking into
LONGEST_S = 20.0  # after that nothing of where pixels came from is left
BACK_S = 0.4  # how long before and after a contact all may be alone
SEEN = 0.5  # share of the frames in which each must be seen
PAD = 64  # pixels around the outlines: flow is found coarsely first
LARGE = 2500.0  # pixels; larger animals are looked at in a smaller picture
MOST_OF_ONE = 3e7  # pixels of all pictures of one contact that are held at once
MOST, MOST_SHARE = 5e7, 0.01  # pixels looked at in one video, and as a share of all it has


@dataclass(frozen=True)
class _View:
    """A contact as it is looked at: its frames, and the part of the picture."""

    crossing: Crossing
    start: int  # all are alone in the first frame
    stop: int  # and in the one before this
    box: tuple[int, int, int, int]  # left, top, right, bottom
    scale: float

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the pictures."""
        left, top, right, bottom = self.box
        return (
            max(1, round((right - left) * self.scale)),
            max(1, round((bottom - top) * self.scale)),
        )

    @property
    def pixels(self) -> int:
        """Of all pictures."""
        return self.size[0] * self.size[1] * (self.stop - self.start)


@one_thread()  # on how many the flow is found decides what it is
def looked_into(
    info: VideoInfo, folder: Path, fragments: Sequence[Fragment], crossings: Sequence[Crossing],
    left_as_said: np.ndarray, moments: Sequence[Moment], on_progress: OnProgress = quiet,
) -> list[Told]:  # fmt: skip
    """What the picture and the odds of exchanges together say of the contacts looked into.

    ``folder`` holds the slots and detections of the whole video; ``left_as_said`` is how sure each
    crossing is without.
    """
    slots = SlotFrames(info, folder)
    doubted = [crossings[k] for k in np.flatnonzero(left_as_said < SURE).tolist()]
    views = [view for crossing in doubted if (view := _view(info, slots, crossing)) is not None]
    most = MOST + MOST_SHARE * info.width * info.height * info.n_frames
    views = _most_doubtful(views, left_as_said, most)
    of = {key_of(m.exchange): m for m in moments}
    told = []
    for done, view in enumerate(views):
        ordered = sorted(
            (of[key_of(x)] for x in view.crossing.exchanges),
            key=lambda m: (m.frame, *key_of(m.exchange)),
        )
        one, seen = view.crossing, _looked_at(info, slots, view)
        parted = any(
            f.slot in one.slots and one.start < f.start and f.stop < one.stop for f in fragments
        )
        told.append(told_of(ordered, one.slots, view.start, seen, parted))
        on_progress(done + 1, len(views))
    return told


def _most_doubtful(views: list[_View], left_as_said: np.ndarray, pixels: float) -> list[_View]:
    """As many contacts as may be looked at, in order of time."""
    chosen = []
    for view in sorted(views, key=lambda v: float(left_as_said[v.crossing.number])):
        if view.pixels <= pixels:
            pixels -= view.pixels
            chosen.append(view)
    return sorted(chosen, key=lambda v: v.crossing.number)


def _view(info: VideoInfo, slots: SlotFrames, crossing: Crossing) -> _View | None:
    """A contact as it can be looked at; None where it cannot."""
    span = _span(info, slots, crossing)
    if span is None:
        return None
    who = list(crossing.slots)
    here = [slots.at(frame) for frame in range(*span)]
    seen = np.array([tracked.detected[f, who] for tracked, f in here])
    boxes = np.array([tracked.boxes[f, who] for tracked, f in here])[seen]
    if not (seen[0] & seen[-1]).all() or (seen.mean(0) < SEEN).any():
        return None
    left, top = np.maximum(boxes[:, :2].min(0) - PAD, 0).tolist()
    most = (info.width, info.height)
    right, bottom = np.minimum((boxes[:, :2] + boxes[:, 2:]).max(0) + PAD, most).tolist()
    tracked, f = here[0]
    area = float(np.median(tracked.shapes[f, who, AREA]))
    scale = min(1.0, (LARGE / max(area, 1.0)) ** 0.5)
    view = _View(crossing, *span, (left, top, right, bottom), scale)
    return view if view.pixels <= MOST_OF_ONE else None


def _span(info: VideoInfo, slots: SlotFrames, crossing: Crossing) -> tuple[int, int] | None:
    """The first frame of a contact and the one after its last; all are alone in both.

    Where they were together from the beginning, it begins when the last of them came.
    """
    who, stop = crossing.slots, crossing.stop
    back, longest = round(BACK_S * float(info.fps)), round(LONGEST_S * float(info.fps))
    if len(who) > ANIMALS or len(crossing.exchanges) > EXCHANGES:
        return None
    befores = range(crossing.start - 1, max(-1, crossing.start - 1 - back), -1)
    start = next((f for f in befores if slots.alone(f, who)), None)
    if start is None:
        start = max(x.start for x in crossing.exchanges) - 1
    afters = range(stop, min(info.n_frames, stop + back))
    last = next((f for f in afters if slots.alone(f, who)), None)
    if start < 0 or last is None or not FEWEST <= last - start <= longest:
        return None
    return start, last + 1


def _looked_at(info: VideoInfo, slots: SlotFrames, view: _View) -> Carried:
    """What is seen when the pixels of a contact are carried through."""
    left, top, right, bottom = view.box
    grays, owners = [], []
    for frame in read_frames(info, view.start, view.stop, threads=1):
        gray = frame.gray[top:bottom, left:right]
        grays.append(cv2.resize(gray, view.size, interpolation=cv2.INTER_AREA))
        owner = np.zeros(gray.shape, np.uint8)
        for number, slot in enumerate(view.crossing.slots, 1):
            _draw(owner, slots.mask(frame.index, slot), left, top, number)
        owners.append(cv2.resize(owner, view.size, interpolation=cv2.INTER_NEAREST))
    return carry(grays, owners, len(view.crossing.slots))


def _draw(owner: np.ndarray, mask: Mask | None, left: int, top: int, number: int) -> None:
    """Give the pixels of a mask to a slot."""
    if mask is not None:
        height, width = mask[0].shape
        y, x = mask[2] - top, mask[1] - left
        owner[y : y + height, x : x + width][mask[0] > 0] = number
