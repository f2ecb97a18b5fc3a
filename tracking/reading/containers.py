"""Open video containers, and read from their packets when each frame is shown."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np

from tracking.errors import VideoError

# Formats whose packets may name other times than the decoder: the first two are cut out of a byte
# stream by guessing, the third knows no order of presentation
DOUBTED = {"mpegts", "mpeg", "avi"}
COMPARED_FRAMES = 24
# After a seek in a program stream, times are guessed anew and can be off by several frames
NO_SEEKING = "mpeg"
# Formats that write how long the recording is where a cut leaves it standing
TELLS_DURATION = {"matroska,webm", "asf", "flv", "mov,mp4,m4a,3gp,3g2,mj2"}
SPARE_S = 1.0
SPARE_SHARE = 0.02


@dataclass(frozen=True)
class Packets:
    """What the packets of a video tell: its first picture, and the times of all frames.

    ``pts`` are the times that the decoder names; they rise, but in some AVI files and program
    streams, where ``is_key`` names the first frame only. ``times`` always rise.
    """

    first: av.VideoFrame
    pts: np.ndarray  # (n,) int64, stream time base
    times: np.ndarray  # (n,) stream time base
    is_key: np.ndarray  # (n,) bool, decoding can start here


def opened(path: Path) -> Any:
    """The container, to be closed by ``with``; VideoError when the file is no video."""
    try:
        return av.open(str(path), metadata_errors="replace")
    except PermissionError as error:
        raise VideoError(f"{path} may not be read by you. Change its permissions.") from error
    except (av.error.FFmpegError, OSError) as error:
        raise VideoError(
            f"{path} is not a video that can be read (cut short, or another kind of file). "
            f"Copy it again, or try: {repair(path)}"
        ) from error


def video_stream(container: Any, path: Path) -> Any:
    """The picture's stream; VideoError when there is only sound."""
    if not container.streams.video:
        raise VideoError(
            f"{path} has no video in it, only sound. Choose the file with the picture."
        )
    return container.streams.video[0]


def read_packets(path: Path) -> Packets:
    """Every frame's time, from the packets, or by decoding where they cannot tell it."""
    with opened(path) as container:
        stream = video_stream(container, path)
        first, found, keys = _scan(container, stream, path)
        _check_whole(path, container, stream, found)
        kind = container.format.name
    if None in [first.pts, *found] or len(set(found)) != len(found):
        pts, is_key = _decoded_times(path)
    else:
        pts, is_key = _in_order(found, keys, first)
        if kind in DOUBTED and _first_shown(path) != pts[:COMPARED_FRAMES].tolist():
            pts, is_key = _decoded_times(path)
    if kind == NO_SEEKING or (np.diff(pts) <= 0).any():
        is_key[:] = False
    is_key[0] = True
    return Packets(first, pts, _times(pts, path), is_key)


def repair(path: Path) -> str:
    """The command that writes a video anew."""
    return f'ffmpeg -i "{path.name}" -c:v libx264 -crf 18 -pix_fmt yuv420p "{path.stem}_fixed.mp4"'


def _scan(container: Any, stream: Any, path: Path) -> tuple[av.VideoFrame, list[Any], list[bool]]:
    """The first picture, and of every packet its presentation time and whether it is a key."""
    first, pts, keys = None, [], []
    try:
        for packet in container.demux(stream):
            if first is None:
                first = _picture(packet, path)
            if packet.size == 0 or packet.is_discard:
                continue
            pts.append(packet.pts)
            keys.append(bool(packet.is_keyframe))
    except av.error.FFmpegError as error:
        raise VideoError(
            f"{path} is cut short after {len(pts)} frames. Copy it again, or keep what is there: "
            f"{repair(path)}"
        ) from error
    if first is None:
        raise VideoError(f"{path} holds no picture. Copy it again, or try: {repair(path)}")
    return first, pts, keys


def _picture(packet: Any, path: Path) -> av.VideoFrame | None:
    try:
        return next(iter(packet.decode()), None)
    except av.error.FFmpegError as error:
        raise VideoError(f"{path} cannot be decoded. Try: {repair(path)}") from error


def _in_order(
    found: list[Any], keys: list[bool], first: av.VideoFrame
) -> tuple[np.ndarray, np.ndarray]:
    """Times in order, without the frames that a cut left before the first keyframe.

    No player shows those, since the keyframe that they build on is gone.
    """
    pts, is_key = np.array(found, np.int64), np.array(keys, bool)
    order = np.argsort(pts, kind="stable")
    pts, is_key = pts[order], is_key[order]
    orphans = 0 if first.pts is None else int(np.searchsorted(pts, first.pts))
    if orphans == len(pts) or is_key[:orphans].any():
        orphans = 0
    return pts[orphans:], is_key[orphans:]


def _first_shown(path: Path) -> list[int | None]:
    """The times of the first frames that are decoded, to compare with the packets'."""
    with opened(path) as container:
        stream = video_stream(container, path)
        try:
            return [f.pts for f in islice(container.decode(stream), COMPARED_FRAMES)]
        except av.error.FFmpegError as error:
            raise VideoError(f"{path} cannot be decoded. Try: {repair(path)}") from error


def _decoded_times(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Presentation times by decoding all: old AVI files have none on their packets."""
    with opened(path) as container:
        stream = video_stream(container, path)
        stream.thread_type = "AUTO"
        try:
            frames = [(f.pts, bool(f.key_frame)) for f in container.decode(stream)]
        except av.error.FFmpegError as error:
            raise VideoError(f"{path} cannot be decoded to its end: {repair(path)}") from error
    pts = [p for p, _ in frames]
    if not pts or None in pts:
        raise VideoError(f"{path} has frames without a time. Try: {repair(path)}")
    return np.array(pts, np.int64), np.array([k for _, k in frames], bool)


def _times(pts: np.ndarray, path: Path) -> np.ndarray:
    """When each frame is shown; frames that were given the same time are spread evenly."""
    times = np.sort(pts)
    steps = np.diff(times)
    if (steps > 0).all():
        return times
    usual = float(np.median(steps))
    if abs(float(times[-1] - times[0]) - usual * len(steps)) > usual / 2:
        raise VideoError(f"{path} has several frames at the same time. Try: {repair(path)}")
    return np.linspace(times[0], times[-1], len(times))


def _check_whole(path: Path, container: Any, stream: Any, pts: list[Any]) -> None:
    """VideoError when the file names more frames, or a longer time, than it holds."""
    if len(pts) < 0.99 * stream.frames - 1:
        raise VideoError(
            f"{path} is cut short: it should hold {stream.frames} frames and holds {len(pts)}. "
            f"Copy it again, or keep what is there: {repair(path)}"
        )
    if stream.frames or container.format.name not in TELLS_DURATION or not container.duration:
        return
    should_s = container.duration / av.time_base
    least_s = should_s - max(SPARE_S, SPARE_SHARE * should_s)
    last_s = max((float(p * stream.time_base) for p in pts if p is not None), default=0.0)
    if last_s < least_s and (ends_s := _ends_at(path)) < least_s:
        raise VideoError(
            f"{path} is cut short: it should last {should_s:.1f} s and ends after {ends_s:.1f} s. "
            f"Copy it again, or keep what is there: {repair(path)}"
        )


def _ends_at(path: Path) -> float:
    """When the last packet of all ends, in s: sound may go on after the picture."""
    ends = 0.0
    with opened(path) as container:
        try:
            for packet in container.demux():
                if packet.pts is not None:
                    end = (packet.pts + (packet.duration or 0)) * packet.time_base
                    ends = max(ends, float(end))
        except av.error.FFmpegError:
            return ends
    return ends
