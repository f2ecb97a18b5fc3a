"""Frames of a video as JPEG, for lists and for videos that no browser plays."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from app.library import reading
from storage.videos import find_video, video_file
from tracking.errors import VideoError
from tracking.video import VideoInfo, probe, read_frames

BLANK_SIDE = 1600  # px


def picture(path: Path, frame: int, width: int | None = None) -> bytes:
    """One frame of a video as JPEG bytes, scaled down to `width` pixels when given."""
    import cv2

    rgb = decoded(path, frame)
    if width and width < rgb.shape[1]:
        height = round(rgb.shape[0] * width / rgb.shape[1])
        rgb = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA)
    done, data = cv2.imencode(".jpg", rgb[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
    return data.tobytes() if done else b""


def decoded(path: Path, frame: int) -> np.ndarray:
    """One frame of a video, (height, width, 3) uint8 RGB."""
    info = probed(path)
    if not 0 <= frame < info.n_frames:
        raise VideoError(f"{path.name} has {info.n_frames} frames; there is no frame {frame}.")
    return next(read_frames(info, frame, frame + 1)).rgb()


def blank(width: int, height: int) -> bytes:
    """A white picture as JPEG, for recordings that have poses but no video."""
    import cv2

    small = min(1.0, BLANK_SIDE / max(width, height))  # one stray point must not fill the memory
    size = (max(1, round(height * small)), max(1, round(width * small)), 3)
    done, data = cv2.imencode(".jpg", np.full(size, 255, np.uint8))
    return data.tobytes() if done else b""


@lru_cache(maxsize=256)
def poster(study: Path, video_id: int, content_hash: str) -> bytes:
    """A small picture of the middle of a video for lists."""
    with reading(study) as opened:
        video = find_video(opened, video_id)
    if not video.has_pictures:
        return blank(320, max(1, round(320 * video.height / video.width)))
    return picture(video_file(video), video.n_frames // 2, width=320)


def probed(path: Path) -> VideoInfo:
    """What is known of a video file, read again only when it changes: two hours take a second."""
    stat = path.stat()
    return _probed(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=8)  # of two hours, each holds the times of 200 000 frames
def _probed(path: Path, modified_ns: int, size: int) -> VideoInfo:
    return probe(path)
