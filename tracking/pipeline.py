"""From a video to tables of tracks, masks and body points, chunk by chunk in bounded memory.

Identities are found in one pass over the detections that ``tracking.segmenting`` left. However the
work before was interrupted or divided, the tables are the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from tracking.arenas import Arenas, ArenaTracker
from tracking.background import BackgroundSettings
from tracking.detections import SHAPE
from tracking.heading import Direction, direct
from tracking.segmenting import OnProgress, detections_file, quiet
from tracking.shards import Chunk, chunk_bounds, read_shard, write_parquet
from tracking.tracker import AXIS, LENGTH, WIDTH, Tracked, Tracker
from tracking.video import VideoInfo

END1 = SHAPE.index("end1_x")
AREA = SHAPE.index("area")


@dataclass(frozen=True)
class Tables:
    """The files of one finished run, in order of frames."""

    tracks: list[Path]
    masks: list[Path]
    keypoints: list[Path]


def identify_video(
    info: VideoInfo, n_animals: int, settings: BackgroundSettings, folder: Path,
    on_progress: OnProgress = quiet, arenas: Arenas | None = None,
) -> Tables:  # fmt: skip
    """Find identities over all shards in ``folder`` and write the tables beside them.

    With ``arenas`` each is tracked on its own: animals cannot be exchanged between them.
    """
    tracker: Tracker | ArenaTracker
    if arenas is None:
        area, length = settings.typical_area_px, settings.typical_length_px
        tracker = Tracker(n_animals, area, length, info.time_s)
    else:
        tracker = ArenaTracker(arenas, settings, info)
    direction = Direction.unknown(n_animals)
    tables = Tables([], [], [])
    held: tuple[Chunk, Tracked] | None = None
    for bound in [*chunk_bounds(info), None]:
        ahead = None
        if bound is not None:
            chunk = read_shard(detections_file(folder, bound[0]), *bound)
            ahead = (chunk, tracker.track(chunk))
        if held is not None:
            direction = _finish(info, *held, ahead, direction, folder, tables)
            on_progress(held[1].stop, info.n_frames)
        held = ahead
    return tables


def _finish(
    info: VideoInfo, chunk: Chunk, tracked: Tracked, ahead: tuple[Chunk, Tracked] | None,
    direction: Direction, folder: Path, tables: Tables,
) -> Direction:  # fmt: skip
    """Direct the axes of one chunk, with the next to look ahead to, and write its tables."""
    shapes = tracked.shapes
    if ahead is not None:
        shapes = np.concatenate((shapes, ahead[1].shapes))
    shapes = shapes.astype(np.float64)
    headings, direction = direct(
        shapes[..., :2], shapes[..., AXIS], shapes[..., LENGTH],
        info.time_s[tracked.start : tracked.start + len(shapes)],
        tracked.stop - tracked.start, direction,
    )  # fmt: skip
    made = {
        "tracks": tracks_table(info, tracked, headings),
        "masks": masks_table(chunk, tracked),
        "keypoints": keypoints_table(tracked, headings),
    }
    for name, table in made.items():
        path = folder / f"{name}-{tracked.start:09d}.parquet"
        write_parquet(table, path)
        getattr(tables, name).append(path)
    return direction


def tracks_table(info: VideoInfo, tracked: Tracked, headings: np.ndarray) -> pa.Table:
    """One row per frame and animal, also where it was not found; pixels and degrees."""
    n_frames, n_animals = tracked.detected.shape
    frame = np.repeat(np.arange(tracked.start, tracked.stop, dtype=np.int32), n_animals)
    animal = np.tile(np.arange(1, n_animals + 1, dtype=np.int16), n_frames)
    shapes = tracked.shapes.reshape(-1, len(SHAPE))
    found = tracked.detected.ravel()

    def column(values: np.ndarray) -> pa.Array:
        return pa.array(np.ascontiguousarray(values, np.float32), mask=~found)

    # y points down in the image and up in an angle as people read it; 0 - x, so that no -0.0
    # comes out
    degrees = 0.0 - np.degrees(np.arctan2(np.sin(headings), np.cos(headings))).ravel()
    degrees = np.where(degrees <= -180.0, 180.0, degrees)
    return pa.table({
        "frame": frame,
        "time_s": info.time_s[frame],
        "animal_id": animal,
        "x_px": column(shapes[:, 0]),
        "y_px": column(shapes[:, 1]),
        "heading_deg": column(degrees),
        "length_px": column(shapes[:, LENGTH]),
        "width_px": column(shapes[:, WIDTH]),
        "area_px": column(shapes[:, AREA]),
        "detected": found,
        "identity_confidence": column(tracked.confidence.ravel()),
    })  # fmt: skip


def masks_table(chunk: Chunk, tracked: Tracked) -> pa.Table:
    """The run-length mask of every animal found, with its box in pixels."""
    f, animal = np.nonzero(tracked.detected)
    rows = tracked.rows[f, animal].copy()
    parts = list(tracked.split_masks.items())
    where = {key: len(chunk.frame) + k for k, (key, _) in enumerate(parts)}
    for k in np.flatnonzero(rows == -2):
        rows[k] = where[(int(f[k]), int(animal[k]))]
    pool = pa.concat_arrays([chunk.rle, pa.array([mask for _, mask in parts], pa.binary())])
    boxes = tracked.boxes[f, animal].astype(np.int16)
    return pa.table({
        "frame": (f + tracked.start).astype(np.int32),
        "animal_id": (animal + 1).astype(np.int16),
        "x0": np.ascontiguousarray(boxes[:, 0]),
        "y0": np.ascontiguousarray(boxes[:, 1]),
        "width": np.ascontiguousarray(boxes[:, 2]),
        "height": np.ascontiguousarray(boxes[:, 3]),
        "rle": pool.take(pa.array(rows)),
    })  # fmt: skip


def keypoints_table(tracked: Tracked, headings: np.ndarray) -> pa.Table:
    """Nose and tail base: the ends of the mask's axis before and behind the heading.

    Confidence is how elongated the mask is, 1 - width / length: a round animal has no ends.
    """
    f, animal = np.nonzero(tracked.detected)
    shapes = tracked.shapes[f, animal].astype(np.float64)
    heading = headings[f, animal]
    ends = shapes[:, END1 : END1 + 4].reshape(-1, 2, 2)
    ahead = np.stack((np.cos(heading), np.sin(heading)), 1)
    along = ((ends - shapes[:, None, :2]) * ahead[:, None]).sum(2)
    nose = along.argmax(1)
    row = np.arange(len(nose))
    places = np.concatenate((ends[row, nose], ends[row, 1 - nose])).astype(np.float32)
    elongated = np.clip(1 - shapes[:, WIDTH] / shapes[:, LENGTH], 0, 1).astype(np.float32)
    return pa.table({
        "frame": np.tile((f + tracked.start).astype(np.int32), 2),
        "animal_id": np.tile((animal + 1).astype(np.int16), 2),
        "point": pa.array(["nose"] * len(f) + ["tail_base"] * len(f), pa.string()),
        "x_px": np.ascontiguousarray(places[:, 0]),
        "y_px": np.ascontiguousarray(places[:, 1]),
        "confidence": np.tile(elongated, 2),
    })  # fmt: skip
