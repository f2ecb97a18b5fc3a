"""Outlines of animals as run-length masks, and the exact gap between two of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

CELLS = 2_000_000  # how many pairs of segments are compared at once: 16 MB an array
LONGEST_RUN = 65535  # pixels in one 16-bit run length
CHUNK = 1024  # masks that are decoded at once


@dataclass(frozen=True, eq=False)
class Outlines:
    """One animal's masks: a box and a run-length code in m frames, in the order of the frames.

    The code is the one of the study: little-endian 16-bit run lengths, row by row inside the box,
    the first run counting background.
    """

    frame: np.ndarray  # (m,)
    box: np.ndarray  # (m, 4) px: x0, y0, width, height
    codes: pa.Array  # (m,) binary

    @classmethod
    def from_table(cls, table: pa.Table) -> Outlines:
        """From the columns frame, x0, y0, width, height, rle of one animal."""
        table = table.sort_by("frame")
        box = [table[name].to_numpy().astype(np.int64) for name in ("x0", "y0", "width", "height")]
        codes = table["rle"].combine_chunks().cast(pa.large_binary())
        return cls(table["frame"].to_numpy().astype(np.int64), np.stack(box, axis=1), codes)

    @classmethod
    def rectangles(cls, boxes: np.ndarray, frames: np.ndarray | None = None) -> Outlines:
        """Outlines that fill their boxes (m, 4) of x0, y0, width, height px, for examples.

        frames: (m,) in rising order; 0 to m - 1 by default.

        >>> Outlines.rectangles(np.array([[2, 3, 4, 1]])).segments(np.array([0]))[0].tolist()
        [[3, 2, 6]]
        """
        box = np.asarray(boxes, dtype=np.int64)
        codes = []
        for area in (box[:, 2] * box[:, 3]).tolist():
            long, rest = divmod(area, LONGEST_RUN)
            codes.append(np.array([0, LONGEST_RUN] * long + [0, rest], dtype="<u2").tobytes())
        number = np.arange(len(box)) if frames is None else np.asarray(frames, dtype=np.int64)
        return cls(number, box, pa.array(codes, pa.large_binary()))

    def segments(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Horizontal segments (s, 3): y, first x, one past the last x; and (rows + 1,) offsets."""
        box = self.box[rows]
        codes = self.codes.take(pa.array(rows)).cast(pa.large_binary())
        _, offsets, data = codes.buffers()
        ends = np.frombuffer(offsets, dtype=np.int64)[codes.offset :][: len(rows) + 1] // 2
        runs = np.frombuffer(data or b"", dtype="<u2")[ends[0] : ends[-1]].astype(np.int64)
        n_runs = np.diff(ends)
        owner = np.repeat(np.arange(len(rows)), n_runs)
        first = np.concatenate([[0], np.cumsum(n_runs)])
        number = np.arange(len(runs)) - first[owner]
        total = np.concatenate([[0], np.cumsum(runs)])
        start = total[:-1] - total[first[owner]]
        ink = (number % 2 == 1) & (runs > 0)
        owner, start, stop = owner[ink], start[ink], (start + runs)[ink]
        width = box[owner, 2]
        top, bottom = start // width, (stop - 1) // width
        lines = bottom - top + 1  # a run may go on into the next rows
        which = np.repeat(np.arange(len(owner)), lines)
        step = np.arange(len(which)) - np.repeat(np.cumsum(lines) - lines, lines)
        y = top[which] + step
        left = np.maximum(start[which] - y * width[which], 0)
        right = np.minimum(stop[which] - y * width[which], width[which])
        x0, y0 = box[owner[which], 0], box[owner[which], 1]
        offsets = np.searchsorted(owner[which], np.arange(len(rows) + 1))
        return np.stack([y + y0, left + x0, right + x0], axis=1), offsets


def box_gap(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(m,) px between boxes (m, 4) of x0, y0, width, height; 0 where they touch or overlap."""
    apart = np.maximum(b[:, :2] - (a[:, :2] + a[:, 2:]), a[:, :2] - (b[:, :2] + b[:, 2:]))
    return np.hypot(*np.maximum(apart, 0).T.astype(float))


def mask_gap(a: Outlines, b: Outlines, n_frames: int, within: float | None = None) -> np.ndarray:
    """(n_frames,) px of free space between two outlines; NaN where one is missing.

    0 means that they touch, also corner to corner; one free pixel between them is 1. Exact, from
    the squares of the pixels. With `within`, frames whose boxes are farther apart than that get the
    distance of the boxes, which is smaller than or equal to the gap: enough to tell who is near.
    """
    gap = np.full(n_frames, np.nan)
    frames, row_a, row_b = np.intersect1d(a.frame, b.frame, return_indices=True)
    boxes = box_gap(a.box[row_a], b.box[row_b])
    gap[frames] = boxes
    near = np.arange(len(frames)) if within is None else np.flatnonzero(boxes <= within)
    for chunk in np.array_split(near, max(1, -(-len(near) // 512))):
        if len(chunk):
            gap[frames[chunk]] = _segment_gaps(a, row_a[chunk], b, row_b[chunk])
    return gap


def _segment_gaps(a: Outlines, row_a: np.ndarray, b: Outlines, row_b: np.ndarray) -> np.ndarray:
    """(m,) the smallest distance between any segment of one and any of the other mask."""
    segments_a, first_a = a.segments(row_a)
    segments_b, first_b = b.segments(row_b)
    gap = np.full(len(row_a), np.nan)
    most = max(int(np.diff(first_a).max()) * int(np.diff(first_b).max()), 1)
    step = max(1, CELLS // most)
    for low in range(0, len(gap), step):
        high = min(low + step, len(gap))
        padded_a = _padded(segments_a, first_a[low : high + 1])[:, :, :, None]
        padded_b = _padded(segments_b, first_b[low : high + 1])[:, :, None, :]
        down = np.maximum(np.abs(padded_a[0] - padded_b[0]) - 1, 0)
        across = np.maximum(padded_b[1] - padded_a[2], padded_a[1] - padded_b[2])
        across = np.maximum(across, 0)
        squared = (down * down + across * across).reshape(high - low, -1)
        gap[low:high] = np.sqrt(np.nanmin(np.where(np.isnan(squared), np.inf, squared), axis=1))
    return np.where(np.isinf(gap), np.nan, gap)


def _padded(segments: np.ndarray, first: np.ndarray) -> np.ndarray:
    """(3, m, most segments of one mask) with NaN where a mask has fewer."""
    counts = np.diff(first)
    padded = np.full((3, len(counts), max(int(counts.max()), 1)), np.nan, dtype=np.float32)
    owner = np.repeat(np.arange(len(counts)), counts)
    column = np.arange(len(owner)) - (first[:-1] - first[0])[owner]
    padded[:, owner, column] = segments[first[0] : first[-1]].T
    return padded


def changed_area(
    masks: Outlines, earlier: np.ndarray, later: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(m,) pixels in one of two masks but not in both, and (m,) the sum of the two areas.

    earlier, later: (m,) rows of `masks` to compare. Exact.
    """
    changed, total = np.zeros(len(later)), np.zeros(len(later))
    for low in range(0, len(later), CHUNK):
        part = slice(low, low + CHUNK)
        one, other = _intervals(masks, earlier[part]), _intervals(masks, later[part])
        both = _covered(one, other[1]) - _covered(one, other[0])
        m = len(later[part])
        shared = np.bincount(other[2], weights=both, minlength=m)
        for start, stop, owner in (one, other):
            total[part] += np.bincount(owner, weights=stop - start, minlength=m)
        changed[part] = total[part] - 2 * shared
    return changed, total


def _intervals(masks: Outlines, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Start and stop (s,) of every segment on one line for all masks, and (s,) which mask it is."""
    segments, offsets = masks.segments(rows)
    y, first, stop = segments.T
    x0, y0 = masks.box[:, :2].min(axis=0)
    width, height = (masks.box[:, :2] + masks.box[:, 2:]).max(axis=0) - (x0, y0)
    owner = np.repeat(np.arange(len(rows)), np.diff(offsets))
    line = (owner * height + y - y0) * width - x0
    return line + first, line + stop, owner


def _covered(intervals: tuple[np.ndarray, np.ndarray, np.ndarray], at: np.ndarray) -> np.ndarray:
    """(k,) how many pixels of the sorted intervals lie before every place `at`."""
    start, stop, _ = intervals
    before = np.concatenate([[0], np.cumsum(stop - start)])
    number = np.searchsorted(start, at, side="right")
    last = np.maximum(number - 1, 0)
    inside = np.clip(at - start[last], 0, (stop - start)[last])
    return np.where(number > 0, before[last] + inside, 0)
