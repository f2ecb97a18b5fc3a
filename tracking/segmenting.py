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
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path

import cv2

from tracking.detections import Detections, Segmenter
from tracking.shards import chunk_bounds, write_shard
from tracking.video import VideoInfo, read_frames

BATCH = 4  # frames handed to a segmenter at once; 20 MB each at 3712 x 3712
OnProgress = Callable[[int, int], None]  # frames done, frames in all


def quiet(done: int, total: int) -> None:
    """Progress that nobody looks at."""


def segment_video(
    info: VideoInfo, segmenter: Segmenter, folder: Path, workers: int = 1,
    on_progress: OnProgress = quiet,
) -> None:  # fmt: skip
    """Write a shard of detections for every chunk of the video that has none in ``folder``.

    With several workers the segmenter is sent to each of them, so it must be picklable.
    """
    bounds = chunk_bounds(info)
    missing = [b for b in bounds if not detections_file(folder, b[0]).exists()]
    done = info.n_frames - sum(stop - start for start, stop in missing)
    on_progress(done, info.n_frames)
    if workers > 1 and len(missing) > 1:
        _segment_parallel(info, segmenter, folder, missing, workers, on_progress, done)
        return
    for run in _consecutive(missing):
        frames = read_frames(info, run[0][0], run[-1][1])
        for start, stop in run:
            found: list[Detections] = []
            for at in range(start, stop, BATCH):
                batch = [next(frames) for _ in range(min(BATCH, stop - at))]
                found += segmenter.segment(batch)
                done += len(batch)
                on_progress(done, info.n_frames)
            write_shard(detections_file(folder, start), start, found)


def detections_file(folder: Path, start: int) -> Path:
    """Where the detections of the chunk that starts at frame ``start`` are kept."""
    return folder / f"detections-{start:09d}.parquet"


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
class _Task:
    """What every worker process holds."""

    info: VideoInfo
    segmenter: Segmenter
    folder: Path


_task: list[_Task] = []  # one, set when a worker starts


def _start_worker(task: _Task) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _task[:] = [task]


def _end_with_parent() -> None:
    """A parent that was killed cannot stop its workers: they look for themselves."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _segment_chunk(start: int, stop: int) -> int:
    task = _task[0]
    frames = read_frames(task.info, start, stop, threads=1)
    found = (d for frame in frames for d in task.segmenter.segment([frame]))
    write_shard(detections_file(task.folder, start), start, found)
    return stop - start


def _segment_parallel(
    info: VideoInfo, segmenter: Segmenter, folder: Path, missing: list[tuple[int, int]],
    workers: int, on_progress: OnProgress, done: int,
) -> None:  # fmt: skip
    pool = ProcessPoolExecutor(
        min(workers, len(missing)), multiprocessing.get_context("spawn"),
        _start_worker, (_Task(info, segmenter, folder),),
    )  # fmt: skip
    try:
        with _interrupts_held():
            futures = [pool.submit(_segment_chunk, *bound) for bound in missing]
        for future in as_completed(futures):
            done += future.result()
            on_progress(done, info.n_frames)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ignore Ctrl-C while workers start: they inherit that, and the parent alone decides."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
