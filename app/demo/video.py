"""Write the demo's frames as a video file."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

GOP = 48  # frames between keyframes: a browser seeks quickly


class VideoWriter:
    """An H.264 file that every browser plays: yuv420p, index in front, frequent keyframes.

    It appears under its name when it is complete.
    """

    def __init__(self, path: Path, size: tuple[int, int], crf: int, fps: Fraction) -> None:
        self.path, self.part = path, path.with_suffix(".part.mp4")
        self.container = av.open(str(self.part), "w", options={"movflags": "+faststart"})
        # Two threads always: the encoder's output depends on their number.
        # Superfast took 2.4 times the CPU of this for the same picture.
        options = {
            "crf": str(crf),
            "preset": "ultrafast",
            "g": str(GOP),
            "threads": "2",
            "x264-params": "no-deblock=0:cabac=1",
        }
        self.stream = self.container.add_stream("libx264", rate=fps, options=options)
        self.stream.width, self.stream.height = size
        self.stream.pix_fmt = "yuv420p"

    def __enter__(self) -> VideoWriter:
        return self

    def write(self, yuv: np.ndarray) -> None:
        """Append one stacked yuv420p picture."""
        frame = av.VideoFrame.from_ndarray(yuv, format="yuv420p")
        self.container.mux(self.stream.encode(frame))

    def __exit__(self, kind: object, value: object, traceback: object) -> None:
        if kind is None:
            self.container.mux(self.stream.encode(None))
        self.container.close()
        if kind is None:
            self.part.replace(self.path)
        else:
            self.part.unlink(missing_ok=True)
