"""The tables of tracks, masks, body points, fragments and crossings, as they are stored."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from tracking.detections import SHAPE
from tracking.identities.fragments import Crossing, Fragment
from tracking.identities.solution import Solution
from tracking.shards import Chunk
from tracking.tracker import LENGTH, WIDTH, Tracked
from tracking.video import VideoInfo

END1 = SHAPE.index("end1_x")
AREA = SHAPE.index("area")


def tracks_table(
    info: VideoInfo, tracked: Tracked, headings: np.ndarray, confidence: np.ndarray
) -> pa.Table:
    """One row per frame and animal, also where it was not found; pixels and degrees.

    confidence (F, N) is the probability that the row is the animal it is said to be.
    """
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
        "identity_confidence": column(confidence.ravel()),
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


def fragments_table(fragments: Sequence[Fragment], solution: Solution) -> pa.Table:
    """One row per fragment, in order of start and animal; animals count from 1."""
    order = sorted(
        range(len(fragments)), key=lambda k: (fragments[k].start, int(solution.animal_of[k]))
    )
    margin = solution.margin[order]
    return pa.table({
        "fragment_id": np.arange(1, len(order) + 1, dtype=np.int32),
        "animal_id": (solution.animal_of[order] + 1).astype(np.int16),
        "start_frame": pa.array([fragments[k].start for k in order], pa.int32()),
        "stop_frame": pa.array([fragments[k].stop for k in order], pa.int32()),
        "probability": solution.probability[order].astype(np.float32),
        "appearance": pa.array(margin.astype(np.float32), mask=np.isnan(margin)),
    })  # fmt: skip


def crossings_table(
    crossings: Sequence[Crossing], kinds: Sequence[str], solution: Solution, n_frames: int
) -> pa.Table:
    """One row per crossing: whom it held, and how likely all left it as said."""
    animals = [solution.animals_in(crossing) for crossing in crossings]
    return pa.table({
        "crossing_id": np.arange(1, len(crossings) + 1, dtype=np.int32),
        "start_frame": pa.array([c.start for c in crossings], pa.int32()),
        "stop_frame": pa.array([min(c.stop, n_frames) for c in crossings], pa.int32()),
        "animals": pa.array([[k + 1 for k in who] for who in animals], pa.list_(pa.int16())),
        "probability": solution.left_as_said.astype(np.float32),
        "kind": pa.array(kinds, pa.string()),
    })  # fmt: skip
