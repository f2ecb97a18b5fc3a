"""A picture of what a running job finds, from the shards that it has written so far."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from app.jobs.processes import Job
from app.setting_up.preview_work import draw
from tracking.detections import SHAPE, Detections
from tracking.errors import TrackingError
from tracking.shards import Chunk, read_shard
from tracking.video import VideoInfo, content_hash, probe, read_frames

WIDTH = 480  # px


def latest_picture(study: Path, job: Job) -> bytes | None:
    """The newest frame that a job has segmented, with the outlines found, as JPEG.

    None while nothing is there yet, when the job is over, or when the video cannot be read. A new
    picture comes with every finished chunk of about 1000 frames.
    """
    video = Path(job.video)
    try:
        state = video.stat()
        key = _hashed(video, state.st_size, state.st_mtime_ns)[:16]
        shard = _newest(study / "shards", key)
        return None if shard is None else _drawn(shard, video, state.st_mtime_ns)
    except (OSError, TrackingError):  # the job has just stored its run and taken the shards away
        return None


def _newest(shards: Path, key: str) -> Path | None:
    """The last chunk of detections in the folder that was written to last."""
    folders = sorted(shards.glob(f"{key}-*"), key=lambda folder: folder.stat().st_mtime)
    files = sorted(folders[-1].glob("detections-*.parquet")) if folders else []
    return files[-1] if files else None


@lru_cache(maxsize=16)
def _drawn(shard: Path, video: Path, modified_ns: int) -> bytes | None:
    info = _probed(video, modified_ns)
    start = int(shard.stem.split("-")[1])
    chunk = read_shard(shard, start, info.n_frames)
    frame = int(chunk.frame[-1]) if len(chunk.frame) else start
    image = next(read_frames(info, frame, frame + 1)).gray
    return draw(image, _found(chunk, frame), WIDTH)


def _found(chunk: Chunk, frame: int) -> Detections:
    rows = np.flatnonzero(chunk.frame == frame)
    boxes = chunk.boxes[rows].copy()
    boxes[:, 2:] += boxes[:, :2]
    masks = [chunk.rle[int(row)].as_py() for row in rows]
    shapes = chunk.shapes[rows].reshape(len(rows), len(SHAPE))
    return Detections(boxes, masks, chunk.scores[rows], shapes)


@lru_cache(maxsize=8)
def _probed(video: Path, modified_ns: int) -> VideoInfo:
    return probe(video)


@lru_cache(maxsize=64)
def _hashed(video: Path, size: int, modified_ns: int) -> str:
    return content_hash(video)
