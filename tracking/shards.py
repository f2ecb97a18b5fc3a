"""Detections of a stretch of frames as one table: what segmenting leaves for the tracker.

Each shard is a Parquet file of one chunk of frames, written under a temporary name and renamed, so
that a shard that exists is whole and a killed run goes on after the last one.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tracking.detections import SHAPE, Detections
from tracking.errors import TrackingError
from tracking.masks import decode
from tracking.video import VideoInfo

CHUNK_FRAMES = 1000
BOX = ("x0", "y0", "width", "height")
SCHEMA = pa.schema(
    [("frame", pa.int32())]
    + [(name, pa.int16()) for name in BOX]
    + [("score", pa.float32())]
    + [(name if name not in BOX else f"shape_{name}", pa.float32()) for name in SHAPE]
    + [("rle", pa.binary())]
)


@dataclass(frozen=True)
class Chunk:
    """Detections of the frames ``start`` to ``stop`` (exclusive), ordered by frame."""

    start: int
    stop: int
    frame: np.ndarray  # (n,) int32
    boxes: np.ndarray  # (n, 4) int32: x0, y0, width, height
    scores: np.ndarray  # (n,) float32
    shapes: np.ndarray  # (n, 10) float32, columns SHAPE
    rle: pa.Array  # (n,) binary

    def mask(self, row: int) -> np.ndarray:
        """The (height, width) uint8 mask of one detection, inside its box."""
        _, _, width, height = self.boxes[row]
        return decode(self.rle[row].as_py(), int(height), int(width))


def chunk_bounds(info: VideoInfo, size: int = CHUNK_FRAMES) -> list[tuple[int, int]]:
    """Frame ranges of the chunks; each starts at a keyframe if there is one close by."""
    starts = [0]
    for wanted in range(size, info.n_frames - size // 2, size):
        after = int(np.searchsorted(info.keyframes, wanted))
        near = int(info.keyframes[after]) if after < len(info.keyframes) else wanted
        start = near if near < wanted + size // 2 else wanted
        if start > starts[-1]:
            starts.append(start)
    return list(zip(starts, [*starts[1:], info.n_frames], strict=True))


def write_shard(path: Path, start: int, found: Iterable[Detections]) -> None:
    """Write the detections of the frames from ``start`` on, all or nothing."""
    found = list(found)
    counts = [len(d) for d in found]
    frame = np.repeat(np.arange(start, start + len(found), dtype=np.int32), counts)
    boxes = np.concatenate([d.boxes for d in found]) if found else np.empty((0, 4), np.int32)
    shapes = np.concatenate([d.shapes for d in found]) if found else np.empty((0, len(SHAPE)))
    boxes = boxes.astype(np.int16)
    boxes[:, 2:] -= boxes[:, :2]
    columns = [frame, *boxes.T, np.concatenate([d.scores for d in found])]
    columns += list(shapes.astype(np.float32).T)
    arrays = [pa.array(np.ascontiguousarray(c)) for c in columns]
    arrays.append(pa.array([mask for d in found for mask in d.masks], pa.binary()))
    write_parquet(pa.Table.from_arrays(arrays, schema=SCHEMA), path)


def read_shard(path: Path, start: int, stop: int) -> Chunk:
    """Read back one chunk; TrackingError when the file is damaged."""
    try:
        table = pq.read_table(path, memory_map=True).combine_chunks()
    except (pa.ArrowInvalid, OSError) as error:
        raise TrackingError(f"{path} is damaged. Delete it and track again.") from error

    def column(name: str) -> np.ndarray:
        return table.column(name).to_numpy()

    shapes = [column(name if name not in BOX else f"shape_{name}") for name in SHAPE]
    rle = table.column("rle").combine_chunks()
    return Chunk(
        start, stop, column("frame"), np.stack([column(n) for n in BOX], 1).astype(np.int32),
        column("score"), np.stack(shapes, 1), rle,
    )  # fmt: skip


def is_whole(path: Path) -> bool:
    """Whether a Parquet file is there to its end: what a power cut or a full disk cut is not."""
    try:
        pq.read_metadata(path)
    except (pa.ArrowException, OSError):
        return False
    return True


def write_parquet(table: pa.Table, path: Path) -> None:
    """Write a Parquet file under a temporary name and rename it when it is safely on disk."""
    # Two machines that share a drive may give two processes one number.
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}.tmp")
    pq.write_table(table, temporary, compression="lz4")
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(path)
