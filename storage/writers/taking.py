"""What a writer is given: one video's tracks, points, outlines and bouts, taken out of the study.

The study is open only while rows are copied to files in a scratch folder, chunk by chunk of
frames; the writing itself, which can take minutes, holds nobody up and never has more than a
chunk in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from storage.bouts import frame_edges, read_bouts
from storage.errors import StudyError
from storage.ethogram import Behaviour, read_ethogram
from storage.provenance import provenance_of
from storage.runs import Run, active_run
from storage.study import Study
from storage.tracks import read_keypoints, read_masks, read_points, read_tracks
from storage.videos import Video, animal_names, find_video, frame_times

CENTRE = "centre"  # the point that stands for the whole animal
BOX = ("box_top_left", "box_bottom_right")  # corners of a box, as readers of boxes keep them
ROWS = 200_000  # of one chunk
_READ = {"tracks": read_tracks, "keypoints": read_keypoints, "masks": read_masks}
Step = Callable[[int, int], None]  # frames done, of how many


@dataclass(frozen=True, eq=False)
class Taken:
    """One video with all that can be written of it."""

    video: Video
    run: Run | None  # None when the video is not tracked
    animals: dict[int, str]  # number to name, in the order of the numbers
    points: tuple[str, ...]  # body points; with CENTRE where the centre is not one of them
    has_masks: bool
    time_s: np.ndarray  # (n_frames,) float64
    edges_s: np.ndarray  # (n_frames + 1,) float64: starts of frames, and the end
    bouts: pd.DataFrame  # columns of bouts, modifiers and comment
    facts: dict[str, Any]  # where all of it comes from, see storage.provenance
    folder: Path
    starts: tuple[int, ...] = ()  # first frame of every chunk
    ethogram: tuple[Behaviour, ...] = ()
    known: dict[str, str] = field(default_factory=dict)  # metadata of the video: name to value

    def __post_init__(self) -> None:
        if self.video.n_frames < 1:
            raise StudyError(f"Video '{self.video.name}' has no frames: nothing can be written.")

    @property
    def body_points(self) -> tuple[str, ...]:
        """The points that are places on the body: no corners of boxes."""
        return tuple(name for name in self.points if name not in BOX)

    def chunks(self, table: str) -> Iterator[pa.RecordBatch]:
        """The rows of tracks, keypoints or masks in the order of frames, chunk by chunk."""
        with pa.memory_map(str(self.folder / f"{table}.arrow")) as source:
            reader = pa.ipc.open_file(source)
            for number in range(reader.num_record_batches):
                yield reader.get_batch(number)


def take(
    study: Study,
    key: str | int,
    folder: Path,
    tables: Iterable[str] = ("tracks", "keypoints", "masks"),
    step: Step | None = None,
) -> Taken:
    """Copy what there is of one video into `folder`; no more than a chunk is in memory."""
    video = find_video(study, key)
    run = active_run(study, video.video_id)
    animals = dict(sorted(animal_names(study, video.video_id).items()))
    read = read_points(study, video.video_id) if run else []
    wide = max(len(animals) * max(len(read), 1), 1)
    starts = tuple(range(0, video.n_frames, max(1, ROWS // wide)))
    whole = _whole_animals(study, video, run) if run else False
    for table in tables if run else ():
        _copy(study, video, table, folder, starts, step)
    bouts = read_bouts(study, video.video_id, remarks=True)
    return Taken(
        video=video,
        run=run,
        animals=animals,
        points=_points(run, read, whole),
        has_masks=bool(run and _any(study, "masks", run)),
        time_s=frame_times(study, video.video_id),
        edges_s=frame_edges(study, video.video_id),
        bouts=bouts,
        facts=provenance_of(study, video.video_id),
        folder=folder,
        starts=starts,
        ethogram=tuple(read_ethogram(study)),
        known=_metadata(study, video),
    )


def pose_array(taken: Taken) -> np.ndarray:
    """(animals, points, 3, frames) float32 in a file: x and y in px, confidence; NaN is missing.

    Frames are last, so that the course of one point lies together. The centre has no confidence,
    but for 0 where a person filled a gap: no program should take that for seen.
    """
    shape = (len(taken.animals), len(taken.points), 3, taken.video.n_frames)
    poses = np.lib.format.open_memmap(
        taken.folder / "poses.npy", mode="w+", dtype=np.float32, shape=shape
    )
    poses[:] = np.nan
    rows = {number: row for row, number in enumerate(taken.animals)}
    at = np.full(max(rows, default=0) + 1, -1)
    at[list(rows)] = list(rows.values())
    for batch in taken.chunks("keypoints"):
        coded = batch.column("point").dictionary_encode()
        names = [taken.points.index(name) for name in coded.dictionary.to_pylist()]
        point = np.array(names, int)[coded.indices.to_numpy()] if len(batch) else []
        _place(poses, batch, at, point, ("x_px", "y_px", "confidence"))
    if CENTRE in taken.points and not is_keypoint(taken, CENTRE):
        for batch in taken.chunks("tracks"):
            number = taken.points.index(CENTRE)
            _place(poses, batch, at, number, ("x_px", "y_px"))
            filled = pc.and_(pc.invert(batch.column("detected")), pc.is_valid(batch.column("x_px")))
            some = batch.filter(filled)
            who = at[some.column("animal_id").to_numpy()]
            poses[who, number, 2, some.column("frame").to_numpy()] = 0
    return poses


def rows_of(bouts: pd.DataFrame) -> list[Any]:
    """The bouts one by one, with their columns as attributes."""
    return list(bouts.itertuples(index=False))


def _place(
    poses: np.ndarray, batch: pa.RecordBatch, at: np.ndarray, point: Any, columns: tuple[str, ...]
) -> None:
    animal = at[batch.column("animal_id").to_numpy()]
    frame = batch.column("frame").to_numpy()
    for part, column in enumerate(columns):
        poses[animal, point, part, frame] = batch.column(column).to_numpy(False)


def _copy(
    study: Study, video: Video, table: str, folder: Path, starts: tuple[int, ...],
    step: Step | None,
) -> None:  # fmt: skip
    writer: pa.ipc.RecordBatchFileWriter | None = None
    try:
        for number, first in enumerate(starts):
            last = starts[number + 1] if number + 1 < len(starts) else video.n_frames
            rows = _READ[table](study, video.video_id, first, last)
            if writer is None:
                writer = pa.ipc.new_file(str(folder / f"{table}.arrow"), rows.schema)
            none = pa.RecordBatch.from_pylist([], rows.schema)  # a chunk each, also an empty one
            writer.write_batch(next(iter(rows.combine_chunks().to_batches()), none))
            if step:
                step(last, video.n_frames)
    finally:
        if writer is not None:
            writer.close()


def _points(run: Run | None, read: list[str], whole: bool) -> tuple[str, ...]:
    """The body points in the order of the file they came from; the centre where it says more."""
    told = run.settings.get("points") if run else None
    listed = [str(name) for name in told] if isinstance(told, list) else []
    order = [*listed, *(name for name in read if name not in listed)]
    imported = run is not None and run.segmenter.startswith("import:")
    only_boxes = all(name in BOX for name in order)
    if run and CENTRE not in order and (only_boxes or not imported or whole):
        order.insert(0, CENTRE)
    return tuple(order)


def is_keypoint(taken: Taken, name: str) -> bool:
    """Whether a point has rows of its own, beside the centre that every track has."""
    return any(
        name in batch.column("point").dictionary_encode().dictionary.to_pylist()
        for batch in taken.chunks("keypoints")
    )


def _whole_animals(study: Study, video: Video, run: Run) -> bool:
    """Whether a person placed whole animals, whose body points then say less than the centre."""
    return bool(
        study.rows(
            "SELECT 1 FROM tracks SEMI JOIN animals USING (video_id, animal_id) WHERE run_id = ? "
            "AND video_id = ? AND x_px IS NOT NULL AND (NOT detected OR edited IS NOT NULL) "
            "LIMIT 1",
            [run.run_id, video.video_id],
        )
    )


def _any(study: Study, table: str, run: Run) -> bool:
    return bool(study.rows(f"SELECT 1 FROM {table} WHERE run_id = ? LIMIT 1", [run.run_id]))


def _metadata(study: Study, video: Video) -> dict[str, str]:
    sql = "SELECT name, value FROM metadata WHERE video_id = ? AND animal IS NULL ORDER BY name"
    return dict(study.rows(sql, [video.video_id]))
