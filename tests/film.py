"""Real video files for tests: dark animals on a light floor, encoded as H.264."""

from collections.abc import Sequence
from fractions import Fraction
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np


def positions(n_frames: int, animals: int, width: int, height: int) -> np.ndarray:
    """Where the animals are: each circles in a lane of its own, (n_frames, animals, 2) px."""
    turn = np.arange(n_frames)[:, None] * 0.03 + np.arange(animals) * 1.7
    lane_width = width / animals
    radius = min(lane_width, height) * 0.3
    x = (np.arange(animals) + 0.5) * lane_width + radius * np.cos(turn)
    y = height / 2 + radius * np.sin(turn)
    return np.stack([x, y], axis=-1)


def draw(places: np.ndarray, width: int, height: int, radius: int = 9) -> np.ndarray:
    """One gray frame (height, width) uint8 with a dark disc at each place."""
    image = np.full((height, width), 190, np.uint8)
    for x, y in places:
        left, top = max(int(x) - radius, 0), max(int(y) - radius, 0)
        part = image[top : int(y) + radius + 2, left : int(x) + radius + 2]
        rows = np.arange(top, top + part.shape[0])[:, None]
        columns = np.arange(left, left + part.shape[1])
        part[(columns - x) ** 2 + (rows - y) ** 2 <= radius**2] = 45
    return image


@cache
def video_levels() -> np.ndarray:
    """(256,) what video keeps of each grey: to convert every frame takes as long as to encode."""
    greys = np.tile(np.arange(256, dtype=np.uint8), (2, 1))
    picture = av.VideoFrame.from_ndarray(greys, format="gray").reformat(format="yuv420p")
    return picture.to_ndarray()[0]


def write_video(
    path: Path,
    n_frames: int = 120,
    animals: int = 2,
    fps: Fraction = Fraction(25),
    size: tuple[int, int] = (320, 240),
    times: Sequence[int] | None = None,
    moov_first: bool = False,
    places: np.ndarray | None = None,
) -> Path:
    """Write a video with known animals; `times` are presentation times in milliseconds, `places`
    (n_frames, animals, 2) px are where the animals go, else in a lane each."""
    if times is None and places is None:
        path.write_bytes(_film(path.suffix, n_frames, animals, fps, size, moov_first))
    else:
        if places is None:
            places = positions(n_frames, animals, *size)
        _encode(path, places, fps, size, times, moov_first)
    return path


@lru_cache(maxsize=32)
def _film(
    suffix: str, n_frames: int, animals: int, fps: Fraction, size: tuple[int, int], moov_first: bool
) -> bytes:
    """What a film of animals in their lanes consists of: many tests begin with the same one."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"film{suffix}"
        _encode(path, positions(n_frames, animals, *size), fps, size, None, moov_first)
        return path.read_bytes()


def _encode(
    path: Path,
    places: np.ndarray,
    fps: Fraction,
    size: tuple[int, int],
    times: Sequence[int] | None,
    moov_first: bool,
) -> None:
    width, height = size
    options = {"movflags": "faststart"} if moov_first else {}
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": "20", "preset": "ultrafast", "g": "25"}
        base = Fraction(1, 1000) if times is not None else 1 / fps
        stream.codec_context.time_base = base
        levels, planes = video_levels(), np.full((height * 3 // 2, width), 128, np.uint8)
        for index, here in enumerate(places):
            planes[:height] = levels[draw(here, width, height)]
            picture = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            picture.pts = times[index] if times is not None else index
            picture.time_base = base
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))


def write_sound(path: Path, seconds: float = 1.0) -> Path:
    """Write a file that has sound and no picture."""
    rate = 44100
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=rate, layout="mono")
        wave = np.sin(np.arange(int(rate * seconds)) * 0.06).astype(np.float32)[None]
        for start in range(0, wave.shape[1], 1024):
            block = np.ascontiguousarray(wave[:, start : start + 1024])
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
            frame.rate, frame.pts = rate, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
