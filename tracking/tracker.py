"""Identities: which detection is which animal, frame after frame, for a known number of animals.

Where each animal has its own blob and nobody could be confused, whole stretches are linked at once.
Everywhere else one global assignment per frame decides, with predicted places, and the outlines of
touching animals are split.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from tracking.detections import SHAPE, Blob, outline_of, shapes_of
from tracking.following.assignment import Prediction, assign
from tracking.following.bodies import Bodies
from tracking.following.exchanges import Contacts, Exchange, detours
from tracking.following.splitting import TURN, Expected, Outline, change_of, fit, share
from tracking.masks import encode_all
from tracking.shards import Chunk

X, Y, AREA, AXIS, LENGTH, WIDTH = (SHAPE.index(n) for n in
                                   ("x", "y", "area", "axis_rad", "length", "width"))  # fmt: skip
CLEAR_RATIO = 0.5  # a link is clear when its step is under this share of the way to anybody else
CLEAR_STEP = 1.0  # body lengths that an animal may move between frames in a clear link
PAUSE = 1.6  # frame intervals between two frames that are not linked as neighbours
LOST_AFTER_S = 0.5  # an animal not seen for longer may be anywhere
LOOK_EVERY = 10  # frames; how often the size of an animal alone is measured anew
LOOSE = 0.12  # body lengths that an animal in contact may be off from where it should be
LOOSE_PACE = 0.3  # and this share of its speed
CHANGED = 0.15  # of the animals' area that changes in an outline while they move freely
STILL = 0.1  # the least room for movement that is left
SLOWER = 0.85  # what is left of a speed per frame of contact, where it cannot be seen well
PARTS = 64  # masks of divided outlines that are measured at once
SEVERAL = 1.35  # a blob of more than this many animal areas is measured by its outline


@dataclass
class Tracked:
    """Animals of the frames ``start`` to ``stop``: (F, N) arrays, N the number of animals."""

    start: int
    stop: int
    detected: np.ndarray  # (F, N) bool
    shapes: np.ndarray  # (F, N, 10) float32, NaN where not detected
    boxes: np.ndarray  # (F, N, 4) int32: x0, y0, width, height
    rows: np.ndarray  # (F, N) int64, row of the chunk whose mask it is; -1 none, -2 split
    split_masks: dict[tuple[int, int], bytes] = field(default_factory=dict)  # (frame, animal index)
    exchanges: list[Exchange] = field(default_factory=list)  # that ended here, in order of frame

    @classmethod
    def nobody(cls, start: int, stop: int, n_animals: int) -> Tracked:
        """Frames in which nobody is seen yet."""
        shape = (stop - start, n_animals)
        return cls(
            start, stop, np.zeros(shape, bool),
            np.full((*shape, len(SHAPE)), np.nan, np.float32),
            np.zeros((*shape, 4), np.int32), np.full(shape, -1, np.int64),
        )  # fmt: skip


class Tracker:
    """Keeps ``n_animals`` identities over chunks that are fed in order.

    ``typical_area`` and ``typical_length`` in pixels are one animal's, and serve until each animal
    has been seen alone; where animals differ much, there is an area of each, largest first.
    ``time_s`` is the time of every frame of the video.
    """

    def __init__(
        self, n_animals: int, typical_area: float | Sequence[float], typical_length: float,
        time_s: np.ndarray,
    ) -> None:  # fmt: skip
        self.n = n_animals
        interval = float(np.median(np.diff(time_s)))
        self.time = (time_s - time_s[0]) / interval  # of every frame, in frame intervals
        self.lost_after = LOST_AFTER_S / interval
        self.contacts = Contacts(n_animals, interval)
        self.length = typical_length
        self.places = np.full((n_animals, 2), np.nan)
        self.speed = np.zeros((n_animals, 2))  # pixels per frame
        self.bodies = Bodies(n_animals, typical_area, typical_length)
        self.poses: dict[int, np.ndarray] = {}  # x, y, angle of who shares an outline in this frame
        self.seen: dict[int, Outline] = {}  # that outline, x0, y0
        self.outlines: dict[int, Outline] = {}  # and that of the frame before
        self.parts: list[tuple[int, int, np.ndarray]] = []  # frame of the chunk, animal and mask
        self.angles = np.zeros(n_animals)
        self.last = np.full(n_animals, -1)  # frame in which each was last seen
        self.alone = False  # every animal had its own blob in the frame before

    def track(self, chunk: Chunk) -> Tracked:
        """Find the animals among a chunk's detections; chunks must follow one another."""
        n_frames = chunk.stop - chunk.start
        out = Tracked.nobody(chunk.start, chunk.stop, self.n)
        first = np.searchsorted(chunk.frame, np.arange(chunk.start, chunk.stop + 1))
        links, clear = self._links(chunk, first)
        f = 0
        while f < n_frames:
            if f > 0 and clear[f] and self.alone:
                f = self._clear_run(chunk, out, first, links, clear, f)
            else:
                self._step(chunk, out, f, int(first[f]), int(first[f + 1]))
                f += 1
        self._measure_parts(out)
        if chunk.stop == len(self.time):
            out.exchanges += self.contacts.apart(chunk.stop)
        return out

    def _links(self, chunk: Chunk, first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where frames f-1 and f both hold N blobs: who follows whom, and whether that is clear.

        Returns links (F, N), the blob of frame f that follows blob k of frame f-1, and clear (F,).
        """
        n_frames = len(first) - 1
        links = np.zeros((n_frames, self.n), np.int64)
        clear = np.zeros(n_frames, bool)
        full = np.diff(first) == self.n
        at = np.flatnonzero(full[1:] & full[:-1]) + 1
        if not len(at):
            return links, clear
        places = chunk.shapes[:, :2].astype(np.float64)
        each = np.arange(self.n)
        old, new = first[at - 1][:, None] + each, first[at][:, None] + each
        way = np.linalg.norm(places[old][:, :, None] - places[new][:, None], axis=3)
        follows = way.argmin(2)
        step = np.take_along_axis(way, follows[..., None], 2)[..., 0]
        np.put_along_axis(way, follows[..., None], np.inf, 2)
        one_to_one = (np.sort(follows, 1) == each).all(1)
        alternatives = np.minimum(way.min(2), np.take_along_axis(way.min(1), follows, 1))
        growth = np.take_along_axis(chunk.shapes[new, AREA], follows, 1) / chunk.shapes[old, AREA]
        clear[at] = (
            one_to_one
            & (step < CLEAR_RATIO * alternatives).all(1)
            & (step < CLEAR_STEP * self.length).all(1)
            & (growth > 0.5).all(1) & (growth < 2.0).all(1)
        )  # fmt: skip
        links[at] = follows
        # after a pause of the camera nothing is clear
        clear[1:] &= np.diff(self.time[chunk.start : chunk.stop]) < PAUSE
        return links, clear

    def _clear_run(
        self, chunk: Chunk, out: Tracked, first: np.ndarray, links: np.ndarray, clear: np.ndarray,
        f: int,
    ) -> int:  # fmt: skip
        """Link every frame from ``f`` on while links are clear; returns the first other frame."""
        stops = np.flatnonzero(~clear[f:])
        end = f + int(stops[0]) if len(stops) else len(clear)
        blob = out.rows[f - 1] - first[f - 1]
        rows = np.empty((end - f, self.n), np.int64)
        for g in range(f, end):
            blob = links[g][blob]
            rows[g - f] = blob
        rows += first[f:end][:, None]
        out.rows[f:end] = rows
        out.detected[f:end] = True
        out.shapes[f:end] = chunk.shapes[rows]
        out.boxes[f:end] = chunk.boxes[rows]
        out.exchanges += self.contacts.apart(chunk.start + f)
        back = max(0, end - 3)
        self._remember_run(chunk, out, f, end, back)
        self.last[:] = chunk.start + end - 1
        return end

    def _remember_run(self, chunk: Chunk, out: Tracked, start: int, end: int, back: int) -> None:
        """Place, speed and size of every animal after a stretch in which all were alone."""
        last = out.shapes[end - 1].astype(np.float64)
        before = out.shapes[back, :, :2].astype(np.float64)
        span = self.time[out.start + end - 1] - self.time[out.start + back]
        moved = (last[:, :2] - before) / max(1.0, span)
        self.speed = np.where(np.isnan(moved), self.speed, moved)
        self.places = last[:, :2].copy()
        self.angles = last[:, AXIS].copy()
        for row in range(start + (-out.start - start) % LOOK_EVERY, end, LOOK_EVERY):
            for animal in range(self.n):
                self.bodies.learn(animal, chunk.mask(int(out.rows[row, animal])))

    def _step(self, chunk: Chunk, out: Tracked, f: int, start: int, stop: int) -> None:
        """Assign one frame in which somebody could be confused, is missing, or is touched."""
        frame = chunk.start + f
        shapes = chunk.shapes[start:stop].astype(np.float64)
        expected = self._expected(frame)
        boxes = chunk.boxes[start:stop]
        areas = expected.areas
        masks = {
            b: chunk.mask(start + b)
            for b in range(stop - start)
            if shapes[b, AREA] > SEVERAL * np.median(areas)
        }
        distances = _distances(expected.places, shapes, boxes, masks)
        blob = assign(expected, shapes[:, AREA], distances)
        for b in np.unique(blob[blob >= 0]):
            animals = np.flatnonzero(blob == b)
            if len(animals) == 1:
                self._take(out, f, int(animals[0]), start + int(b), chunk)
            else:
                mask = masks[b] if b in masks else chunk.mask(start + int(b))
                self._take_parts(out, f, animals, mask, boxes[b], expected)
        self._judge(out, f, expected, blob)
        self._update(chunk, out, f, frame)

    def _expected(self, frame: int) -> Prediction:
        since = self.time[frame] - self.time[np.maximum(self.last, 0)]
        gone = np.where(self.last >= 0, since, 0.0)
        ahead = np.minimum(gone, 3)[:, None] * self.speed
        pace = np.linalg.norm(self.speed, axis=1)
        step = np.minimum(0.25 * self.length + 0.5 * pace, self.length)
        reach = step * np.sqrt(np.maximum(gone, 1))
        lost = gone > self.lost_after
        return Prediction(
            self.places + ahead, self.length, self.bodies.sizes()[:, 0], gone, reach, lost
        )

    def _take(self, out: Tracked, f: int, animal: int, row: int, chunk: Chunk) -> None:
        out.rows[f, animal] = row
        out.detected[f, animal] = True
        out.shapes[f, animal] = chunk.shapes[row]
        out.boxes[f, animal] = chunk.boxes[row]

    def _take_parts(
        self, out: Tracked, f: int, animals: np.ndarray, mask: np.ndarray, box: np.ndarray,
        expected: Prediction,
    ) -> None:  # fmt: skip
        """Fit the bodies of several animals into one outline and divide it between them."""
        x0, y0 = int(box[0]), int(box[1])
        sizes = self.bodies.sizes(animals)
        pace = np.linalg.norm(self.speed[animals], axis=1)
        moving = self._moving(animals, mask, x0, y0, float(sizes[:, 0].sum()))
        ahead = expected.places[animals] - self.places[animals]
        fitted = Expected(
            self.places[animals] + moving * ahead, sizes[:, 1], sizes[:, 2], self.angles[animals],
            moving * (LOOSE * sizes[:, 1] + LOOSE_PACE * pace), moving * TURN,
        )  # fmt: skip
        poses = fit(self.bodies.without_tail(mask, float(sizes[:, 2].min())), x0, y0, fitted)
        parts = share(mask, x0, y0, poses, fitted)
        for animal, part, pose in zip(animals, parts, poses, strict=True):
            self.poses[int(animal)] = pose
            left, top, width, height = cv2.boundingRect(part)
            if width == 0:
                continue
            part = np.ascontiguousarray(part[top : top + height, left : left + width])
            out.rows[f, animal] = -2
            out.detected[f, animal] = True
            out.boxes[f, animal] = x0 + left, y0 + top, width, height
            moments = cv2.moments(part, True)
            area = moments["m00"]
            out.shapes[f, animal, :2] = (
                moments["m10"] / area + x0 + left, moments["m01"] / area + y0 + top
            )  # fmt: skip
            self.parts.append((f, int(animal), part))
        if len(self.parts) >= PARTS:
            self._measure_parts(out)

    def _measure_parts(self, out: Tracked) -> None:
        """Shapes and run lengths of the divided outlines since the last time, all at once: one by
        one they take five times as long."""
        parts, self.parts = self.parts, []
        corners = [out.boxes[f, animal, :2].tolist() for f, animal, _ in parts]
        shapes = shapes_of([
            Blob(part, x, y, outline_of(part))
            for (_, _, part), (x, y) in zip(parts, corners, strict=True)
        ])  # fmt: skip
        runs = encode_all([part for _, _, part in parts])
        for (f, animal, _), shape, run in zip(parts, shapes, runs, strict=True):
            out.shapes[f, animal] = shape
            out.split_masks[(f, animal)] = run

    def _moving(
        self, animals: np.ndarray, mask: np.ndarray, x0: int, y0: int, area: float
    ) -> float:
        """How much of the usual movement the change of the common outline leaves room for, 0 to 1:
        where it stays the same, nobody moves or turns as far as can be seen."""
        before = [self.outlines[animal] for animal in animals.tolist() if animal in self.outlines]
        for animal in animals.tolist():
            self.seen[animal] = (mask, x0, y0)
        changed = change_of((mask, x0, y0), before) / area
        return float(np.clip(changed / CHANGED, STILL, 1.0))

    def _judge(self, out: Tracked, f: int, expected: Prediction, blob: np.ndarray) -> None:
        """Note who may have been exchanged: by what an exchange would have cost in way moved, and
        who was covered in a common outline."""
        found = out.shapes[f, :, :2].astype(np.float64)
        detour = detours(expected.places, found) / self.length
        covered = (blob >= 0) & ~out.detected[f]
        same = blob[:, None] == blob[None]
        detour = np.where((covered[:, None] | covered[None]) & same, 0.0, detour)
        frame = out.start + f
        unseen_since = np.where(self.last >= 0, self.last + 1, frame)
        out.exchanges += self.contacts.step(frame, blob, detour, unseen_since)

    def _update(self, chunk: Chunk, out: Tracked, f: int, frame: int) -> None:
        """Remember places, speeds and sizes after one assigned frame."""
        for animal in range(self.n):
            own = bool(out.rows[f, animal] >= 0)
            if not own and animal not in self.poses:
                continue
            shape = out.shapes[f, animal, [X, Y, AXIS]].astype(np.float64)
            pose = shape if own else self.poses[animal]
            gone = self.time[frame] - self.time[self.last[animal]] if self.last[animal] >= 0 else 0
            if gone > 0:
                moved = (pose[:2] - self.places[animal]) / gone
                if gone > self.lost_after:
                    moved[:] = 0.0  # where it came from is not known
                self.speed[animal] += (0.6 if own else 0.4) * (moved - self.speed[animal])
                if not own:
                    self.speed[animal] *= SLOWER
            self.places[animal], self.angles[animal] = pose[:2], pose[2]
            if own and frame % LOOK_EVERY == 0:
                self.bodies.learn(animal, chunk.mask(int(out.rows[f, animal])))
            self.last[animal] = frame
        self.poses = {}
        self.outlines, self.seen = self.seen, {}
        self.alone = bool((out.rows[f] >= 0).all())


def _distances(
    places: np.ndarray, shapes: np.ndarray, boxes: np.ndarray, masks: dict[int, np.ndarray]
) -> np.ndarray:
    """(N, n) pixels from expected places to blobs: to the centre; to the outline of large ones."""
    distances = np.linalg.norm(places[:, None] - shapes[None, :, :2], axis=2)
    for b, mask in masks.items():
        ys, xs = np.nonzero(mask)
        pixels = np.stack((xs + boxes[b, 0], ys + boxes[b, 1]), 1)
        pixels = pixels[:: max(1, len(pixels) // 400)]
        to_outline = np.linalg.norm(places[:, None] - pixels[None], axis=2).min(1)
        distances[:, b] = to_outline + 0.1 * distances[:, b]
    return np.where(np.isnan(distances), 1e6, distances)
