"""Any segmenter can be put behind the pipeline, and its workers do not outlive their parent."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pytest
from film import write_video

from tracking.detections import detections_of
from tracking.errors import TrackingError
from tracking.segmenting import detections_file, segment_video
from tracking.shards import chunk_bounds, read_shard
from tracking.video import probe

TRACK = """
import sys
from app.jobs.tracking_job import track_video
track_video(*sys.argv[1:3], 2, workers=2)
"""


@dataclass
class Corner:
    """A segmenter that always finds one square, as large as the frame is bright."""

    calls: int = 0

    def segment(self, frames):
        self.calls += 1
        side = [2 + int(frame.gray.mean()) % 5 for frame in frames]
        return [detections_of([(np.ones((s, s), np.uint8), 10, 20)], [0.5]) for s in side]


@dataclass
class Dying(Corner):
    """A segmenter whose process is killed when it comes to frame ``at``: once, or each time."""

    at: int = 0
    mark: Path = Path()
    again: bool = False

    def segment(self, frames):
        here = self.at in (frame.index for frame in frames)
        if here and (self.again or not self.mark.exists()):
            self.mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().segment(frames)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A video of several chunks."""
    return write_video(tmp_path_factory.mktemp("clip") / "long.mp4", n_frames=3200, size=(320, 240))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_segmenter_of_ones_own_needs_one_method(clip, tmp_path, workers):
    info = probe(clip)
    told = []
    segment_video(info, Corner(), tmp_path, workers, lambda done, total: told.append((done, total)))
    for start, stop in chunk_bounds(info):
        chunk = read_shard(detections_file(tmp_path, start), start, stop)
        assert chunk.frame.tolist() == list(range(start, stop))
        assert set(chunk.boxes[:, :2].ravel().tolist()) == {10, 20}
        assert chunk.scores[0] == 0.5
    assert told[0] == (0, 3200) and told[-1] == (3200, 3200)


def test_what_is_done_is_not_segmented_again(clip, tmp_path):
    info = probe(clip)
    segment_video(info, Corner(), tmp_path)
    again = Corner()
    segment_video(info, again, tmp_path)
    assert again.calls == 0


def test_a_worker_that_dies_costs_only_its_chunk(clip, tmp_path):
    info = probe(clip)
    told = []
    segmenter = Dying(at=chunk_bounds(info)[1][0] + 5, mark=tmp_path / "died")
    segment_video(info, segmenter, tmp_path, 2, lambda done, total: told.append(done))
    assert (tmp_path / "died").exists()
    assert all(detections_file(tmp_path, start).exists() for start, _ in chunk_bounds(info))
    assert told == sorted(told) and told[-1] == 3200


def test_workers_that_die_each_time_are_one_line_and_the_rest_is_kept(clip, tmp_path):
    info = probe(clip)
    first, bad = (start for start, _ in chunk_bounds(info)[:2])
    with pytest.raises(TrackingError, match=r"segments long\.mp4 is ended each time"):
        segment_video(info, Dying(at=bad, mark=tmp_path / "died", again=True), tmp_path, 2)
    assert detections_file(tmp_path, first).exists()
    assert not detections_file(tmp_path, bad).exists()


@pytest.mark.slow
def test_workers_end_when_their_parent_is_killed(clip, tmp_path):
    parent = subprocess.Popen(
        [sys.executable, "-c", TRACK, str(tmp_path / "s"), str(clip)],
        cwd=Path(__file__).parents[1],
    )
    workers: list[psutil.Process] = []
    until = time.monotonic() + 60
    while not workers and parent.poll() is None and time.monotonic() < until:
        if list((tmp_path / "s").glob("shards/*/plan.json")):
            family = psutil.Process(parent.pid).children()
            workers = [p for p in family if "spawn_main" in " ".join(p.cmdline())]
        time.sleep(0.02)
    assert workers, "the parent must have workers, or the test tests nothing"
    parent.kill()
    parent.wait()
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert not alive
