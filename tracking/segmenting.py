"""Segment a video in chunks, alone or with several processes, and go on after a break.

Segmenting is the long part of tracking. Every frame is treated by itself, so chunks can be made
in any order and by anybody; a killed run goes on with the chunks that are missing.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path

import cv2

from tracking.detections import Detections, Segmenter
from tracking.errors import TrackingError
from tracking.identities.crops import CropPlan, CropsOfChunk, crops_file
from tracking.reading.ahead import read_ahead, read_batches
from tracking.shards import chunk_bounds, is_whole, write_parquet, write_shard
from tracking.threads import one_thread
from tracking.video import Frame, VideoInfo

OnProgress = Callable[[int, int], None]  # frames done, frames in all


def quiet(done: int, total: int) -> None:
    """Progress that nobody looks at."""


def segment_video(
    info: VideoInfo, segmenter: Segmenter, folder: Path, workers: int = 1,
    on_progress: OnProgress = quiet, plan: CropPlan | None = None,
) -> None:  # fmt: skip
    """Write a shard of detections for every chunk of the video that has none in ``folder``.

    With several workers the segmenter is sent to each of them, so it must be picklable. With a
    ``plan`` the crops of every chunk are kept beside its shard.
    """
    task = Part(info, segmenter, folder, plan)
    missing = missing_chunks(info, folder, plan)
    done = _frames_done(info, missing)
    on_progress(done, info.n_frames)
    if workers > 1 and len(missing) > 1:
        _segment_together(task, missing, workers, on_progress)
        return
    for run in _consecutive(missing):
        batches = read_ahead(info, run)
        for start, stop in run:
            shard = _Shard(folder, start, plan)
            while start + shard.n_frames < stop:
                batch = next(batches)
                with one_thread():
                    shard.add(batch, segmenter.segment(batch))
                done += len(batch)
                on_progress(done, info.n_frames)
            shard.write()


def detections_file(folder: Path, start: int) -> Path:
    """Where the detections of the chunk that starts at frame ``start`` are kept."""
    return folder / f"detections-{start:09d}.parquet"


def _is_done(folder: Path, start: int, plan: CropPlan | None) -> bool:
    """Whether a chunk has all its files, and whole ones; its detections are written last."""
    has_crops = plan is None or is_whole(crops_file(folder, start))
    return has_crops and is_whole(detections_file(folder, start))


class _Shard:
    """What is found in one chunk, until it is written."""

    def __init__(self, folder: Path, start: int, plan: CropPlan | None) -> None:
        self._folder, self._start = folder, start
        self._found: list[Detections] = []
        self._crops = CropsOfChunk(plan) if plan else None

    @property
    def n_frames(self) -> int:
        """Frames taken so far."""
        return len(self._found)

    def add(self, frames: Sequence[Frame], found: Sequence[Detections]) -> None:
        """Take what was found in the next frames."""
        self._found += found
        if self._crops is not None:
            for frame, detections in zip(frames, found, strict=True):
                self._crops.see(frame.index, frame.gray, detections)

    def write(self) -> None:
        """Write the crops, and then the detections that say that the chunk is done."""
        if self._crops is not None:
            write_parquet(self._crops.table(), crops_file(self._folder, self._start))
        write_shard(detections_file(self._folder, self._start), self._start, self._found)


def missing_chunks(
    info: VideoInfo, folder: Path, plan: CropPlan | None = None
) -> list[tuple[int, int]]:
    """The chunks, as (start, stop) frames, that nobody has segmented yet."""
    return [bound for bound in chunk_bounds(info) if not _is_done(folder, bound[0], plan)]


def _frames_done(info: VideoInfo, missing: Sequence[tuple[int, int]]) -> int:
    return info.n_frames - sum(stop - start for start, stop in missing)


def _consecutive(bounds: Sequence[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """Chunks that follow one another, together: they are decoded without a seek between them."""
    start, group = 0, list[tuple[int, int]]()
    for bound in bounds:
        if group and bound[0] != start:
            yield group
            group = []
        group.append(bound)
        start = bound[1]
    if group:
        yield group


@dataclass(frozen=True)
class Part:
    """What whoever segments a chunk of a video needs to hold."""

    info: VideoInfo
    segmenter: Segmenter
    folder: Path
    plan: CropPlan | None = None


def segment_chunk(part: Part, start: int, stop: int) -> int:
    """Segment the frames ``start`` to ``stop`` (exclusive) and write their shard; how many.

    Whoever does it, and however often, the shard is the same; it appears whole or not at all.
    """
    shard = _Shard(part.folder, start, part.plan)
    for batch in read_batches(part.info, [(start, stop)]):
        shard.add(batch, part.segmenter.segment(batch))
    shard.write()
    return stop - start


_part: list[Part] = []  # one, set when a worker starts


def begin_worker() -> None:
    """Make a process that was started for work heed its parent alone, and take one core."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _start_worker(part: Part) -> None:
    begin_worker()
    _part[:] = [part]


def _end_with_parent() -> None:
    """A parent that was killed cannot stop its workers: they look for themselves."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _segment_mine(start: int, stop: int) -> int:
    return segment_chunk(_part[0], start, stop)


def _segment_together(
    task: Part, missing: list[tuple[int, int]], workers: int, on_progress: OnProgress
) -> None:
    """Segment chunks with several processes; where one dies, fewer go on with what is missing."""
    while missing:
        try:
            _segment_parallel(task, missing, workers, on_progress)
            return
        except BrokenProcessPool as error:
            left = missing_chunks(task.info, task.folder, task.plan)
            if workers == 1 and len(left) == len(missing):
                raise TrackingError(
                    f"The process that segments {task.info.path.name} is ended each time, as when "
                    "memory runs out. What is done is kept: track again when there is more."
                ) from error
            missing, workers = left, max(1, workers // 2)


def _segment_parallel(
    task: Part, missing: list[tuple[int, int]], workers: int, on_progress: OnProgress
) -> None:
    done = _frames_done(task.info, missing)
    pool = ProcessPoolExecutor(
        min(workers, len(missing)), multiprocessing.get_context("spawn"), _start_worker, (task,)
    )
    try:
        with interrupts_held():
            futures = [pool.submit(_segment_mine, *bound) for bound in missing]
        for future in as_completed(futures):
            done += future.result()
            on_progress(done, task.info.n_frames)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Ignore Ctrl-C while workers start: they inherit that, and the parent alone decides."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
