"""The box around every animal in every frame, from corners, outlines or body points."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from storage.errors import StudyError
from storage.writers.taking import BOX, CENTRE, Taken


class Boxes(NamedTuple):
    """Boxes of some frames: frame (k,), animal (k,) numbers, xywh (k, 4) float64 px."""

    frame: np.ndarray
    animal: np.ndarray
    xywh: np.ndarray


def source_of(taken: Taken) -> str:
    """Where the boxes come from: corners, outlines or points; StudyError where there are none."""
    if set(BOX) <= set(taken.points):
        return "corners"
    if taken.has_masks:
        return "outlines"
    if len([name for name in taken.body_points if name != CENTRE]) > 1:
        return "points"
    raise StudyError(
        f"The tracks of '{taken.video.name}' are places without outlines, boxes or several body "
        "points, so there are no boxes to write: choose csv, parquet, movement or sleap."
    )


def boxes(taken: Taken) -> Iterator[Boxes]:
    """The boxes of one video, chunk by chunk in the order of frames and animals."""
    source = source_of(taken)
    for batch in taken.chunks("masks" if source == "outlines" else "keypoints"):
        yield of_masks(batch) if source == "outlines" else _of_points(batch, source == "corners")


def unboxed(taken: Taken, boxed: int) -> list[str]:
    """What to say of places without a box, where `boxed` animals of all frames have one."""
    placed = sum(len(one) - one.column("x_px").null_count for one in taken.chunks("tracks"))
    if placed <= boxed:
        return []
    number = placed - boxed
    return [
        f"{number} place{'' if number == 1 else 's'} left out that a person set or filled: without "
        "outline and body points there is no box"
    ]


def of_masks(batch: pa.RecordBatch) -> Boxes:
    """The boxes of outlines: whole pixels."""
    parts = [batch.column(name).to_numpy() for name in ("x0", "y0", "width", "height")]
    return Boxes(*_who(batch), np.stack(parts, axis=1).astype(float))


def _of_points(batch: pa.RecordBatch, corners: bool) -> Boxes:
    """From the least to the greatest place of an animal's points, or of its two corners."""
    name = np.array(batch.column("point").to_pylist(), dtype=object)
    keep = np.isin(name, BOX) == corners
    frame, animal = (values[keep] for values in _who(batch))
    xy = np.stack([batch.column(c).to_numpy(False)[keep] for c in ("x_px", "y_px")], axis=1)
    first = np.flatnonzero(np.diff(frame, prepend=-1) | np.diff(animal, prepend=-1))
    if not len(first):
        return Boxes(frame, animal, np.empty((0, 4)))
    low = np.minimum.reduceat(xy.astype(float), first)
    size = np.maximum.reduceat(xy.astype(float), first) - low
    return Boxes(frame[first], animal[first], np.concatenate([low, size], axis=1))


def _who(batch: pa.RecordBatch) -> tuple[np.ndarray, np.ndarray]:
    return batch.column("frame").to_numpy(), batch.column("animal_id").to_numpy()
