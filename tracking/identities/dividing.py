"""Common outlines of animals of clearly different shade are divided once more, by gray level.

While animals are followed nobody knows yet how each of them looks, and outlines are divided by
shape alone: where one lies across another, that is a guess. Once it is known, every pixel goes to
the animal that has gray levels as there are around it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from tracking.detections import Blob, outline_of, shapes_of
from tracking.identities.carrying import nearest
from tracking.identities.fragments import Crossing, Fragment
from tracking.identities.outlines import SHARED, Outline, outlines_of
from tracking.identities.shades import SURE, Shades
from tracking.identities.slot_frames import SlotFrames
from tracking.identities.solution import Solution
from tracking.masks import encode_all
from tracking.segmenting import OnProgress, quiet
from tracking.threads import one_thread
from tracking.tracker import Tracked
from tracking.video import Frame, VideoInfo, read_frames

MOST = 3.0  # nats that one pixel may say
AROUND = 0.08  # body widths around a pixel that are asked whose it is
MUTE = 0.05  # nats below which they say nothing
PIECE = 0.06  # of an animal's area; smaller pieces belong to what is next to them
LEAST = 0.08  # of its area, from which an animal that was given a part is seen
ANEW = 0.25  # and from which one that was given none is
LEFT = 0.5  # of each other animal, that the part of one who is not seen must leave


@dataclass(frozen=True)
class _Part:
    """What is seen of one animal."""

    mask: np.ndarray  # (h, w) bool, in the box of the outline
    outline: Outline
    whole: bool  # it has the outline for itself


@one_thread()
def divide_again(
    info: VideoInfo, folder: Path, fragments: Sequence[Fragment], crossings: Sequence[Crossing],
    solution: Solution, shades: dict[int, Shades], on_progress: OnProgress = quiet,
) -> int:  # fmt: skip
    """Divide the outlines of the crossings whose ``shades`` are known, by number; the slots that
    are kept in ``folder`` are changed. Returns in how many frames.

    Who is in which slot stays as the ``solution`` says. Animals that part for a moment, too short
    to say who is who, are still told by their gray levels then.
    """
    slots, divided = SlotFrames(info, folder), 0
    asked = [crossing for crossing in crossings if crossing.number in shades]
    after, begin = _by_slot(fragments, crossings)
    for done, crossing in enumerate(asked):
        known = shades[crossing.number]
        stop = _open_until(crossing, after, begin, solution)
        rows = solution.rows(np.arange(crossing.start, stop))
        for frame in read_frames(info, crossing.start, stop, threads=1):
            who = solution.animals[rows[frame.index - crossing.start]].tolist()
            holds = {who[slot]: slot for slot in crossing.slots}
            if sorted(holds) == sorted(known.animals):
                divided += _divide(slots, frame, [holds[a] for a in known.animals], known)
        on_progress(done + 1, len(asked))
    slots.keep()
    return divided


def _open_until(
    crossing: Crossing, after: dict[int, list[Fragment]], begin: dict[int, list[int]],
    solution: Solution,
) -> int:  # fmt: skip
    """The frame to which nobody is sure who left a crossing; at most until the next one.

    By slot, in order of time: the fragments ``after`` crossings, and where these ``begin``.
    """
    unsure, ahead = [], list[int]()
    for slot in crossing.slots:
        next_one = bisect_left(after.get(slot, []), crossing.stop, key=lambda f: f.start)
        for fragment in after.get(slot, [])[next_one : next_one + 1]:
            if solution.probability[fragment.number] < SURE:
                unsure.append(fragment.stop)
        following = bisect_left(begin[slot], crossing.stop)
        ahead += begin[slot][following : following + 1]
    return max(crossing.stop, min([*ahead, max(unsure)])) if unsure else crossing.stop


def _by_slot(
    fragments: Sequence[Fragment], crossings: Sequence[Crossing]
) -> tuple[dict[int, list[Fragment]], dict[int, list[int]]]:
    """The fragments of every slot, and where its crossings begin, in order of time."""
    of: dict[int, list[Fragment]] = {}
    for fragment in sorted(fragments, key=lambda f: f.start):
        of.setdefault(fragment.slot, []).append(fragment)
    begin: dict[int, list[int]] = {}
    for start, slots in sorted((c.start, c.slots) for c in crossings):
        for slot in slots:
            begin.setdefault(slot, []).append(start)
    return of, begin


def _divide(slots: SlotFrames, frame: Frame, slot_of: list[int], shades: Shades) -> bool:
    """Divide the outlines of one frame between the animals, whose slots are told; whether they
    could be."""
    tracked, f = slots.at(frame.index)
    outlines = outlines_of(slots, frame.index, sorted(slot_of))
    if not outlines:
        return False
    labels = [labelled(o.cut(frame.gray), o.mask, shades) for o in outlines]
    k = len(slot_of)
    counts = np.stack([np.bincount(one.ravel() + 1, minlength=k + 1)[1:] for one in labels])
    had = tracked.detected[f, slot_of]
    seen = counts.max(0) >= np.where(had, LEAST, ANEW) * shades.areas
    parts: dict[int, _Part] = {}
    for number, (outline, label) in enumerate(zip(outlines, labels, strict=True)):
        here = np.flatnonzero(seen & (counts.argmax(0) == number))
        hidden = {
            a: outline.place(slots.mask(frame.index, slot_of[a]))
            for a in np.flatnonzero(~seen).tolist()
            if slot_of[a] in outline.slots
        }
        whose = _whose(outline, label, frame, shades, here, hidden)
        if whose is None:
            return False
        found = [a for a in np.unique(whose).tolist() if a >= 0]
        parts |= {slot_of[a]: _Part(whose == a, outline, len(found) == 1) for a in found}
    _put(tracked, f, slots, slot_of, parts)
    slots.change(frame.index)
    return True


def _whose(
    outline: Outline, label: np.ndarray, frame: Frame, shades: Shades, here: np.ndarray,
    hidden: dict[int, np.ndarray],
) -> np.ndarray | None:  # fmt: skip
    """(h, w) the animal of each pixel of an outline, -1 beside it; None where that is open.

    ``label`` is it among all animals, ``here`` are those that are seen in this outline. Of the
    ``hidden`` nothing is seen: each keeps the part that it has, if that leaves enough to others.
    """
    if not len(here) and len(hidden) != 1:
        return None
    among = here if len(here) else np.array(list(hidden))
    if len(among) == 1:
        whose = np.where(outline.mask > 0, among[0], -1)
    elif len(among) == len(shades.animals):
        whose = label
    else:
        again = labelled(outline.cut(frame.gray), outline.mask, shades.of(among))
        whose = np.where(again >= 0, among[again], -1)
    for animal, kept in hidden.items():
        others = [whose == other for other in here]
        if all((one & ~kept).sum() >= LEFT * one.sum() for one in others):
            whose = np.where(kept, animal, whose)
    return whose


def labelled(gray: np.ndarray, mask: np.ndarray, shades: Shades) -> np.ndarray:
    """(h, w) the number of the animal that each pixel of a mask belongs to, -1 beside the mask.

    The rim is not asked: there pixels are half floor. What is too small for an animal, or says
    nothing, belongs to whom is nearest.
    """
    inner = cv2.erode(mask, np.ones((3, 3), np.uint8), borderValue=0)
    says = shades.log.astype(np.float32)[:, gray]
    says = np.maximum(says - says.max(0), -MOST) * inner
    says = np.stack([cv2.GaussianBlur(one, (0, 0), AROUND * shades.width) for one in says])
    label = np.where(mask > 0, says.argmax(0), -1)
    held = (mask > 0) & (np.ptp(says, axis=0) >= MUTE)
    for animal, area in enumerate(shades.areas.tolist()):
        mine = ((label == animal) & held).view(np.uint8)
        _, piece, stats, _ = cv2.connectedComponentsWithStats(mine, connectivity=4)
        small = np.flatnonzero(stats[1:, cv2.CC_STAT_AREA] < PIECE * area) + 1
        if len(small):
            held &= ~np.isin(piece, small)
    ys, xs = np.nonzero((mask > 0) & ~held)
    if len(ys) and held.any():
        from_y, from_x = nearest(held, ys, xs)
        label[ys, xs] = label[from_y, from_x]
    return label


def _put(
    tracked: Tracked, f: int, slots: SlotFrames, slot_of: list[int], parts: dict[int, _Part]
) -> None:
    """Give the slots of one frame the parts of their animals; who has none is not seen."""
    tracked.rows[f, slot_of], tracked.detected[f, slot_of] = -1, False
    tracked.shapes[f, slot_of], tracked.boxes[f, slot_of] = np.nan, 0
    for slot in slot_of:
        tracked.split_masks.pop((f, slot), None)
    cut: dict[int, Blob] = {}
    for slot, part in parts.items():
        row = part.outline.row if part.whole else SHARED
        tracked.rows[f, slot], tracked.detected[f, slot] = row, True
        if row >= 0:
            shard = slots.shard(tracked.start + f)
            tracked.shapes[f, slot], tracked.boxes[f, slot] = shard.shapes[row], shard.boxes[row]
        else:
            cut[slot] = _blob(part)
    if not cut:
        return
    shapes, runs = shapes_of(list(cut.values())), encode_all([blob.mask for blob in cut.values()])
    for (slot, blob), shape, run in zip(cut.items(), shapes, runs, strict=True):
        tracked.boxes[f, slot] = blob.x0, blob.y0, *blob.mask.shape[::-1]
        tracked.shapes[f, slot], tracked.split_masks[(f, slot)] = shape, run


def _blob(part: _Part) -> Blob:
    """A part cut out of its outline."""
    mask = part.mask.view(np.uint8)
    left, top, width, height = cv2.boundingRect(mask)
    mask = np.ascontiguousarray(mask[top : top + height, left : left + width])
    return Blob(mask, part.outline.x0 + left, part.outline.y0 + top, outline_of(mask))
