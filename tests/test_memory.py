"""Memory does not grow with the length of the video."""

import resource
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

pytestmark = pytest.mark.slow

FRAMES = (5_000, 25_000)
TRACK = """
import resource, sys
from app.jobs.tracking_job import track_video
summary = track_video(sys.argv[1], sys.argv[2], 2)
assert summary.share_detected > 0.99, summary
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def write_long(path: Path, n_frames: int) -> Path:
    """Two dark squares that go round and round in a small picture."""
    pictures = []
    for step in range(100):
        image = np.full((96, 128), 190, np.uint8)
        for centre, phase in ((36, 0.0), (92, 2.0)):
            x = int(centre + 18 * np.cos(step / 100 * 2 * np.pi + phase))
            y = int(48 + 18 * np.sin(step / 100 * 2 * np.pi + phase))
            image[y - 4 : y + 4, x - 6 : x + 6] = 40
        picture = av.VideoFrame.from_ndarray(image, format="gray")
        pictures.append(picture.reformat(format="yuv420p"))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(30000, 1001))
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        stream.options = {"crf": "28", "preset": "ultrafast", "g": "250"}
        for index in range(n_frames):
            picture = pictures[index % 100]
            picture.pts, picture.time_base = index, Fraction(1001, 30000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def peak_kb(video: Path, study: Path) -> int:
    """Peak resident memory of a process that tracks the video."""
    done = subprocess.run(
        [sys.executable, "-c", TRACK, str(study), str(video)],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1],
    )  # fmt: skip
    return int(done.stdout)


@pytest.mark.skipif(not hasattr(resource, "RUSAGE_SELF"), reason="needs getrusage")
def test_five_times_the_frames_need_no_more_than_a_fifth_more_memory(tmp_path):
    short, long = (
        peak_kb(write_long(tmp_path / f"{n}.mp4", n), tmp_path / f"study{n}") for n in FRAMES
    )
    assert long < 1.2 * short, f"{short} kB for {FRAMES[0]} frames, {long} kB for {FRAMES[1]}"
