"""COCO for videos: one JSON file with outlines, boxes and body points, and whose they are.

Images are the frames of the videos; an annotation has the `track_id` of its animal. Outlines are
run lengths of the whole picture, column by column, packed as COCO does.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pyarrow as pa

from storage.label_coco import pack
from storage.label_masks import decode
from storage.writers.boxes import boxes, of_masks, source_of, unboxed
from storage.writers.columns import Column
from storage.writers.provenance import facts_of
from storage.writers.taking import Taken, pose_array

NAME, TITLE, ENDING = "coco", "COCO with track ids", ".json"
HOLDS, MANY, NEEDS = ("tracks", "masks"), True, ("tracks", "keypoints", "masks")
COLUMNS = (
    Column("info.ethoscribe", "", "Where the numbers come from"),
    Column("videos", "", "The videos: id, name, width, height, fps, animals by track_id"),
    Column("images", "", "Every frame: video_id, frame (from 0), time_s; pictures are not written"),
    Column("annotations.track_id", "", "Number of the animal in its video"),
    Column("annotations.segmentation", "px", "Run lengths of the whole picture", "no such key"),
    Column("annotations.bbox", "px", "Left, top, width, height"),
    Column("annotations.area", "square px", "Pixels of the outline; of the box without outlines"),
    Column("annotations.keypoints", "px", "x, y, v per body point; v = 2 seen", "0, 0, 0"),
    Column("annotations.keypoint_scores", "0 to 1", "How sure a place is", "null"),
)
ANIMAL = 1  # the one category
_Row = dict[str, Any]


def write(
    videos: Sequence[Taken], what: str, file: Path, step: Callable[[int, int], None]
) -> list[str]:
    """Write all videos; one chunk of frames is in memory."""
    for taken in videos:
        source_of(taken)  # a video without any box is told before a line is written
    points = list(dict.fromkeys(name for taken in videos for name in taken.body_points))
    with file.open("w", encoding="utf-8", newline="\n") as out:
        out.write('{"info": ' + _json({"ethoscribe": [facts_of(taken) for taken in videos]}))
        out.write(', "licenses": [], "categories": ' + _json([_category(points)]))
        out.write(', "videos": ' + _json([_video(n + 1, one) for n, one in enumerate(videos)]))
        _write_list(out, "images", _images(videos))
        boxed: Counter[int] = Counter()
        _write_list(out, "annotations", _annotations(videos, points, step, boxed))
        out.write("}\n")
    said = [(taken.video.name, unboxed(taken, boxed[n])) for n, taken in enumerate(videos)]
    return [f"{name}: {one}" for name, notes in said for one in notes]


def _write_list(out: TextIO, name: str, rows: Iterator[_Row]) -> None:
    out.write(f', "{name}": [')
    for number, row in enumerate(rows):
        out.write((",\n" if number else "\n") + _json(row))
    out.write("]")


def _category(points: list[str]) -> _Row:
    plain: _Row = {"id": ANIMAL, "name": "animal", "supercategory": "animal"}
    return {**plain, "keypoints": points, "skeleton": []} if points else plain


def _video(number: int, taken: Taken) -> _Row:
    video = taken.video
    return {
        "id": number, "name": video.name, "file_name": video.path.name, "width": video.width,
        "height": video.height, "length": video.n_frames, "fps": float(video.fps),
        "animals": [{"track_id": k, "name": name} for k, name in taken.animals.items()],
    }  # fmt: skip


def _images(videos: Sequence[Taken]) -> Iterator[_Row]:
    number = 0
    for key, taken in enumerate(videos, start=1):
        video, digits = taken.video, len(str(taken.video.n_frames - 1))
        for frame, time_s in enumerate(taken.time_s.tolist()):
            number += 1
            yield {
                "id": number, "video_id": key, "frame_id": frame, "frame": frame,
                "video": video.name, "file_name": f"{video.name}/{frame:0{digits}d}.png",
                "width": video.width, "height": video.height, "time_s": time_s,
            }  # fmt: skip


def _annotations(
    videos: Sequence[Taken], points: list[str], step: Callable[[int, int], None],
    boxed: Counter[int],
) -> Iterator[_Row]:  # fmt: skip
    """The rows of all videos in order; `boxed` counts those of each."""
    number = image = done = 0
    total = sum(len(taken.starts) for taken in videos)
    for at, taken in enumerate(videos):
        for rows in _chunks(taken, points):
            boxed[at] += len(rows)
            for (frame, animal), row in sorted(rows.items()):
                number += 1
                yield {"id": number, "image_id": image + frame + 1, "category_id": ANIMAL,
                       "track_id": animal, "iscrowd": 0, **row}  # fmt: skip
            done += 1
            step(done, total)
        image += taken.video.n_frames


def _chunks(taken: Taken, points: list[str]) -> Iterator[dict[tuple[int, int], _Row]]:
    """What is known of every (frame, animal), chunk by chunk."""
    poses = pose_array(taken)
    outlines = taken.chunks("masks") if taken.has_masks else iter(())
    for part in boxes(taken):
        rows: dict[tuple[int, int], _Row] = {}
        for frame, animal, box in zip(*(values.tolist() for values in part), strict=True):
            rows[frame, animal] = {"bbox": box, "area": box[2] * box[3]}
        for batch in [one for one in [next(outlines, None)] if one is not None]:
            _add_outlines(taken, batch, rows)
        if points:
            _add_points(taken, poses, points, rows)
        yield rows


def _add_outlines(taken: Taken, batch: pa.RecordBatch, rows: dict[tuple[int, int], _Row]) -> None:
    size = [taken.video.height, taken.video.width]
    part = of_masks(batch)
    for frame, animal, box, runs in zip(
        part.frame.tolist(), part.animal.tolist(), part.xywh.astype(int).tolist(),
        batch.column("rle").to_pylist(), strict=True,
    ):  # fmt: skip
        mask = decode(runs, box[3], box[2])
        counts = whole_runs(mask, box[0], box[1], size[0], size[1])
        row = rows.setdefault((frame, animal), {"bbox": [float(value) for value in box]})
        row["area"] = float(np.count_nonzero(mask))
        row["segmentation"] = {"size": size, "counts": pack(counts)}


def whole_runs(mask: np.ndarray, x0: int, y0: int, height: int, width: int) -> list[int]:
    """Run lengths, column by column, of a whole picture with a mask at (x0, y0).

    >>> whole_runs(np.array([[1, 1]]), 1, 0, 2, 3)
    [2, 1, 1, 1, 1]
    """
    seen = mask[max(-y0, 0) : max(height - y0, 0), max(-x0, 0) : max(width - x0, 0)] != 0
    x0, y0 = max(x0, 0), max(y0, 0)
    columns = np.pad(seen.T, ((0, 0), (1, 1))).astype(np.int8)
    change = np.diff(columns, axis=1)
    column, start = np.nonzero(change == 1)
    stop = np.nonzero(change == -1)[1]
    base = (x0 + column) * height + y0
    edges = np.stack([base + start, base + stop], axis=1).reshape(-1)
    touching = np.flatnonzero(edges[1:-1:2] == edges[2::2]) * 2 + 1  # over the end of a column
    edges = np.delete(edges, np.concatenate([touching, touching + 1]))
    return np.diff(edges, prepend=0, append=height * width).tolist()


def _add_points(
    taken: Taken, poses: np.ndarray, points: list[str], rows: dict[tuple[int, int], _Row]
) -> None:
    """Add the body points of every (frame, animal), in the order of the category's."""
    order = [taken.points.index(name) if name in taken.points else -1 for name in points]
    if not rows or max(order) < 0:
        return
    at = {animal: number for number, animal in enumerate(taken.animals)}
    keys = np.array([(at[animal], frame) for frame, animal in rows])
    here = np.asarray(poses[keys[:, 0], :, :, keys[:, 1]])[:, order]  # (rows, points, 3)
    here[:, [number < 0 for number in order]] = np.nan
    seen = np.isfinite(here[:, :, :2]).all(axis=2)
    for row, triples, there in zip(rows.values(), here, seen.tolist(), strict=True):
        texts = [list(map(str, triple)) for triple in triples]
        row["keypoints"] = [
            value
            for (x, y, _), sighted in zip(texts, there, strict=True)
            for value in ((float(x), float(y), 2) if sighted else (0, 0, 0))
        ]
        row["num_keypoints"] = sum(there)
        # By way of text: 0.1, not 0.1000000014901161.
        row["keypoint_scores"] = [None if s == "nan" else float(s) for _, _, s in texts]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=str)
