"""Read lab video: exact frame times, and the luma plane as a gray image, frame by frame."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np

from tracking.errors import VideoError
from tracking.reading.containers import opened, read_packets, repair, video_stream
from tracking.reading.decoder import Decoder

# 8-bit formats whose first plane is the gray image already
LUMA_FORMATS = frozenset(
    f"{family}{sampling}p"
    for family in ("yuv", "yuvj")
    for sampling in (410, 411, 420, 422, 440, 444)
) | {"nv12", "nv21", "gray", "yuva420p"}
PLAYABLE = {("h264", "yuv420p"), ("h264", "yuvj420p"), ("vp8", "yuv420p"), ("vp9", "yuv420p"),
            ("av1", "yuv420p")}  # fmt: skip
PLAYABLE_SUFFIXES = {".mp4", ".m4v", ".mov", ".webm"}
WIDEST_PIXEL = 10.0  # beyond, an aspect ratio is taken for a writer's mistake
HASH_WHOLE_BELOW = 256 * 2**20
HASH_BLOCKS = 64


@dataclass(frozen=True)
class VideoInfo:
    """What is known of a video before a pixel is looked at.

    ``time_s`` holds the presentation time of every frame in seconds, counted from the first frame.
    """

    path: Path
    width: int  # square pixels, as displayed: turned, and stretched where pixels are not square
    height: int
    n_frames: int
    fps: Fraction  # exact mean rate: 29.97 is 30000/1001
    time_s: np.ndarray = field(repr=False)  # (n_frames,) float64
    variable_rate: bool
    codec: str
    pixel_format: str
    duration_s: float  # from the first frame until the last one has been shown
    content_hash: str
    keyframes: np.ndarray = field(repr=False)  # frame indices where decoding can start
    start_s: float  # container time of the first frame
    browser_playable: bool
    pts: np.ndarray = field(repr=False)  # (n_frames,) int64, stream time base
    rotation: int = 0  # degrees, multiple of 90


@dataclass(frozen=True)
class Frame:
    """One decoded frame; ``gray`` is a view that is valid as long as the frame is kept.

    Where pixels are not square (some DV, PAL and NTSC recordings), both images are stretched to
    the width at which players show them, so that positions fit what is seen.
    """

    index: int
    time_s: float
    gray: np.ndarray  # (height, width) uint8
    picture: av.VideoFrame = field(repr=False)
    rotation: int = 0

    def rgb(self) -> np.ndarray:
        """The colour image, (height, width, 3) uint8; converted only when asked for."""
        image = _turned(self.picture.to_ndarray(format="rgb24"), self.rotation)
        return _fitted(image, self.gray.shape)


def probe(path: Path | str) -> VideoInfo:
    """Read a video's size, exact rate and the time of every frame, mostly without decoding it.

    Raises VideoError with one line that says what is wrong and what to do.
    """
    path = Path(path)
    _check_file(path)
    with opened(path) as container:
        stream = video_stream(container, path)
        base, codec = float(stream.time_base), stream.codec_context.name
        candidates = [stream.average_rate, stream.guessed_rate, stream.base_rate]
        aspect = _pixel_aspect(stream)
    packets = read_packets(path)
    first, pts = packets.first, packets.pts
    seconds = base * (packets.times - packets.times[0]).astype(float)
    fps, variable = _rate(seconds, base, candidates)
    width, height, rotation = round(first.width * aspect), first.height, int(first.rotation) % 360
    if rotation in (90, 270):
        height, width = width, height
    playable = (codec, first.format.name) in PLAYABLE and path.suffix.lower() in PLAYABLE_SUFFIXES
    return VideoInfo(
        path=path, width=width, height=height, n_frames=len(pts), fps=fps, time_s=seconds,
        variable_rate=variable, codec=codec, pixel_format=first.format.name,
        duration_s=float(seconds[-1]) + _last_interval(seconds, fps),
        content_hash=content_hash(path), keyframes=np.flatnonzero(packets.is_key),
        start_s=base * float(packets.times[0]), browser_playable=playable, pts=pts,
        rotation=rotation,
    )  # fmt: skip


def read_frames(
    info: VideoInfo, start: int = 0, stop: int | None = None, threads: int = 2
) -> Iterator[Frame]:
    """Decode the frames ``start`` to ``stop`` (exclusive) in order, with decoder threads.

    Raises VideoError when a frame that the file lists cannot be decoded.
    """
    stop = info.n_frames if stop is None else min(stop, info.n_frames)
    if start >= stop:
        return
    with Decoder(info.path, info.pts, info.keyframes, threads) as decoder:
        yield from _decoded(decoder, info, start, stop)


def read_frames_at(info: VideoInfo, indices: Sequence[int], threads: int = 2) -> Iterator[Frame]:
    """Decode single frames, in rising order; what lies between is skipped where it can be."""
    with Decoder(info.path, info.pts, info.keyframes, threads) as decoder:
        frames: Iterator[Frame] = iter(())
        at = info.n_frames
        for index in indices:
            if not decoder.key_before(index) <= at <= index:
                frames = _decoded(decoder, info, index, info.n_frames)
            for frame in frames:
                at = frame.index + 1
                if frame.index == index:
                    yield frame
                    break


def _decoded(decoder: Decoder, info: VideoInfo, start: int, stop: int) -> Iterator[Frame]:
    """The frames from ``start`` on, whatever is decoded before it; VideoError if one is missing."""
    expected = start
    try:
        for picture in decoder.pictures(start):
            if picture.pts is None or picture.pts < info.pts[expected]:
                continue
            if picture.pts != info.pts[expected]:
                raise VideoError(_missing(info, expected))
            yield Frame(
                expected, float(info.time_s[expected]), _gray(picture, info), picture, info.rotation
            )
            expected += 1
            if expected == stop:
                return
    except av.error.FFmpegError as error:
        raise VideoError(_missing(info, expected)) from error
    raise VideoError(_missing(info, expected))


def content_hash(path: Path) -> str:
    """A fingerprint by which a moved or renamed file is found again (hex).

    Files over 256 MB are sampled at 64 evenly spaced blocks, so that a 20 GB recording takes
    well under a second.
    """
    size = path.stat().st_size
    digest = hashlib.blake2b(str(size).encode(), digest_size=16)
    with path.open("rb") as file:
        if size < HASH_WHOLE_BELOW:
            while block := file.read(2**20):
                digest.update(block)
        else:
            for position in np.linspace(0, size - 2**20, HASH_BLOCKS).astype(np.int64):
                file.seek(int(position))
                digest.update(file.read(2**20))
    return digest.hexdigest()


def _check_file(path: Path) -> None:
    if not path.exists():
        raise VideoError(f"{path} does not exist. Check the name and the folder.")
    if path.is_dir():
        raise VideoError(f"{path} is a folder, not a video. Name the video files in it.")
    if path.stat().st_size == 0:
        raise VideoError(f"{path} is empty (0 bytes). Copy it again from the camera.")


def _pixel_aspect(stream: Any) -> float:
    """How wide a pixel is shown for its height: 1 but for some DV, PAL and NTSC recordings."""
    aspect = float(stream.sample_aspect_ratio or 1)
    return aspect if 1 / WIDEST_PIXEL < aspect < WIDEST_PIXEL else 1.0


def _rate(seconds: np.ndarray, base_s: float, candidates: list[Any]) -> tuple[Fraction, bool]:
    """The exact mean rate, and whether the rate varies by more than the clock's own rounding."""
    named = [Fraction(rate) for rate in candidates if rate]
    if len(seconds) < 2:
        return (named[0] if named else Fraction(25)), False
    steps = np.diff(seconds)
    typical = float(np.median(steps))
    variable = bool(np.abs(steps - typical).max() > 0.1 * typical + 1.5 * base_s)
    span, intervals = float(seconds[-1]), len(seconds) - 1
    if not variable:
        near = [
            rate for rate in named if abs(float(rate) * span - intervals) < 0.05 + base_s / typical
        ]
        if near:
            return near[0], variable
    return Fraction(intervals / span).limit_denominator(100_000), variable


def _last_interval(seconds: np.ndarray, fps: Fraction) -> float:
    return float(np.median(np.diff(seconds))) if len(seconds) > 1 else float(1 / fps)


def _gray(picture: av.VideoFrame, info: VideoInfo) -> np.ndarray:
    if picture.format.name in LUMA_FORMATS:
        plane = picture.planes[0]
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        image = _turned(rows[: picture.height, : picture.width], info.rotation)
    else:
        image = _turned(picture.to_ndarray(format="gray"), info.rotation)
    return _fitted(image, (info.height, info.width))


def _turned(image: np.ndarray, rotation: int) -> np.ndarray:
    return image if rotation == 0 else np.ascontiguousarray(np.rot90(image, rotation // 90))


def _fitted(image: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """The image itself, or stretched to the (height, width) it is shown at."""
    if image.shape[:2] == size:
        return image
    import cv2

    smaller = size[0] * size[1] < image.shape[0] * image.shape[1]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return cv2.resize(image, (size[1], size[0]), interpolation=how)


def _missing(info: VideoInfo, frame: int) -> str:
    return (
        f"{info.path} cannot be decoded at frame {frame} of {info.n_frames}. "
        f"Try: {repair(info.path)}"
    )
