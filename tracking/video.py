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

# 8-bit formats whose first plane is the gray image already
LUMA_FORMATS = frozenset(
    f"{family}{sampling}p"
    for family in ("yuv", "yuvj")
    for sampling in (410, 411, 420, 422, 440, 444)
) | {"nv12", "nv21", "gray", "yuva420p"}
PLAYABLE = {("h264", "yuv420p"), ("h264", "yuvj420p"), ("vp8", "yuv420p"), ("vp9", "yuv420p"),
            ("av1", "yuv420p")}  # fmt: skip
PLAYABLE_SUFFIXES = {".mp4", ".m4v", ".mov", ".webm"}
HASH_WHOLE_BELOW = 256 * 2**20
HASH_BLOCKS = 64


@dataclass(frozen=True)
class VideoInfo:
    """What is known of a video before a pixel is looked at.

    ``time_s`` holds the presentation time of every frame in seconds, counted from the first frame.
    """

    path: Path
    width: int  # pixels, as displayed
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
    """One decoded frame; ``gray`` is a view that is valid as long as the frame is kept."""

    index: int
    time_s: float
    gray: np.ndarray  # (height, width) uint8
    picture: av.VideoFrame = field(repr=False)
    rotation: int = 0

    def rgb(self) -> np.ndarray:
        """The colour image, (height, width, 3) uint8; converted only when asked for."""
        return _turned(self.picture.to_ndarray(format="rgb24"), self.rotation)


def probe(path: Path | str) -> VideoInfo:
    """Read a video's size, exact rate and the time of every frame, without decoding it.

    Raises VideoError with one line that says what is wrong and what to do.
    """
    path = Path(path)
    _check_file(path)
    with _opened(path) as container:
        stream = _video_stream(container, path)
        promised = stream.frames
        base = stream.time_base
        first = _first_frame(container, stream, path)
        rotation = int(first.rotation) % 360
        candidates = [stream.average_rate, stream.guessed_rate, stream.base_rate]
        codec, pixel_format = stream.codec_context.name, first.format.name
        pts, is_key = _packet_times(container, stream, path)
    if pts is None:
        pts, is_key = _decoded_times(path)
    if len(pts) < 0.99 * promised - 1:
        raise VideoError(
            f"{path} is cut short: it should hold {promised} frames and holds {len(pts)}. "
            f"Copy it again, or keep what is there: {_repair(path)}"
        )
    order = np.argsort(pts, kind="stable")
    pts, is_key = pts[order], is_key[order]
    seconds = float(base) * (pts - pts[0]).astype(float)
    fps, variable = _rate(seconds, float(base), candidates)
    height, width = first.height, first.width
    if rotation in (90, 270):
        height, width = width, height
    playable = (codec, pixel_format) in PLAYABLE and path.suffix.lower() in PLAYABLE_SUFFIXES
    return VideoInfo(
        path=path, width=width, height=height, n_frames=len(pts), fps=fps, time_s=seconds,
        variable_rate=variable, codec=codec, pixel_format=pixel_format,
        duration_s=float(seconds[-1]) + _last_interval(seconds, fps),
        content_hash=content_hash(path), keyframes=np.flatnonzero(is_key),
        start_s=float(base * int(pts[0])), browser_playable=playable, pts=pts, rotation=rotation,
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
    with _opened(info.path) as container:
        stream = _started(container, threads)
        if start > 0:
            _seek(container, stream, info, start)
        yield from _decoded(container, stream, info, start, stop)


def read_frames_at(info: VideoInfo, indices: Sequence[int], threads: int = 2) -> Iterator[Frame]:
    """Decode single frames, in rising order; what lies between is skipped where it can be."""
    with _opened(info.path) as container:
        stream = _started(container, threads)
        frames: Iterator[Frame] = iter(())
        at = info.n_frames
        for index in indices:
            key = int(info.keyframes[np.searchsorted(info.keyframes, index, side="right") - 1])
            if not at <= index or key > at:
                _seek(container, stream, info, index)
                frames, at = _decoded(container, stream, info, key, info.n_frames), key
            for frame in frames:
                at = frame.index + 1
                if frame.index == index:
                    yield frame
                    break


def _started(container: Any, threads: int) -> Any:
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    stream.codec_context.thread_count = threads
    return stream


def _seek(container: Any, stream: Any, info: VideoInfo, index: int) -> None:
    """Go to the keyframe before a frame."""
    # x264 writes its version beside the first frame only, and a decoder that has not seen it gets
    # 4:4:4 video wrong after a seek
    next(container.decode(stream))
    container.seek(int(info.pts[index]), stream=stream, backward=True)


def _decoded(
    container: Any, stream: Any, info: VideoInfo, start: int, stop: int
) -> Iterator[Frame]:
    """The frames from ``start`` on, whatever is decoded before it; VideoError if one is missing."""
    expected = start
    try:
        for picture in container.decode(stream):
            if picture.pts is None or picture.pts < info.pts[expected]:
                continue
            if picture.pts != info.pts[expected]:
                raise VideoError(_missing(info, expected))
            yield Frame(
                expected, float(info.time_s[expected]), _gray(picture, info.rotation),
                picture, info.rotation,
            )  # fmt: skip
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


def _opened(path: Path) -> Any:
    try:
        return av.open(str(path), metadata_errors="replace")
    except PermissionError as error:
        raise VideoError(f"{path} may not be read by you. Change its permissions.") from error
    except (av.error.FFmpegError, OSError) as error:
        raise VideoError(
            f"{path} is not a video that can be read (cut short, or another kind of file). "
            f"Copy it again, or try: {_repair(path)}"
        ) from error


def _video_stream(container: Any, path: Path) -> Any:
    if not container.streams.video:
        raise VideoError(
            f"{path} has no video in it, only sound. Choose the file with the picture."
        )
    return container.streams.video[0]


def _first_frame(container: Any, stream: Any, path: Path) -> av.VideoFrame:
    try:
        first = next(container.decode(stream), None)
        container.seek(0, stream=stream, backward=True)
    except av.error.FFmpegError as error:
        raise VideoError(f"{path} cannot be decoded. Try: {_repair(path)}") from error
    if first is None:
        raise VideoError(f"{path} holds no picture. Copy it again, or try: {_repair(path)}")
    return first


def _packet_times(container: Any, stream: Any, path: Path) -> tuple[np.ndarray | None, np.ndarray]:
    """Presentation times from the packets; None where only decoding can tell them."""
    pts, keys = [], []
    try:
        container.seek(stream.start_time or 0, stream=stream, backward=True)
        for packet in container.demux(stream):
            if packet.size == 0 or packet.is_discard:
                continue
            pts.append(packet.pts)
            keys.append(packet.is_keyframe)
    except av.error.FFmpegError as error:
        raise VideoError(
            f"{path} is cut short after {len(pts)} frames. Copy it again, or keep what is there: "
            f"{_repair(path)}"
        ) from error
    if not pts or None in pts or len(set(pts)) != len(pts):
        return None, np.zeros(0, bool)
    return np.array(pts, np.int64), np.array(keys, bool)


def _decoded_times(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Presentation times by decoding all: old AVI files have none on their packets."""
    with _opened(path) as container:
        stream = _video_stream(container, path)
        stream.thread_type = "AUTO"
        try:
            frames = [(f.pts, bool(f.key_frame)) for f in container.decode(stream)]
        except av.error.FFmpegError as error:
            raise VideoError(f"{path} cannot be decoded to its end: {_repair(path)}") from error
    pts = [p for p, _ in frames]
    if not pts or None in pts or len(set(pts)) != len(pts):
        raise VideoError(f"{path} has frames without a time. Try: {_repair(path)}")
    return np.array(pts, np.int64), np.array([k for _, k in frames], bool)


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


def _gray(picture: av.VideoFrame, rotation: int) -> np.ndarray:
    if picture.format.name in LUMA_FORMATS:
        plane = picture.planes[0]
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        return _turned(rows[: picture.height, : picture.width], rotation)
    return _turned(picture.to_ndarray(format="gray"), rotation)


def _turned(image: np.ndarray, rotation: int) -> np.ndarray:
    return image if rotation == 0 else np.ascontiguousarray(np.rot90(image, rotation // 90))


def _missing(info: VideoInfo, frame: int) -> str:
    return (
        f"{info.path} cannot be decoded at frame {frame} of {info.n_frames}. "
        f"Try: {_repair(info.path)}"
    )


def _repair(path: Path) -> str:
    return f'ffmpeg -i "{path.name}" -c:v libx264 -crf 18 -pix_fmt yuv420p "{path.stem}_fixed.mp4"'
