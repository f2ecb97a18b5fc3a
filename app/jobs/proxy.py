"""A copy of a video that every browser plays: H.264, the same frames at exactly the same times.

Copies lie in `proxies/` of the study under the content hash of the film they were made of, so a
film that is moved keeps its copy, and one that is replaced does not get another film's.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from filelock import FileLock

from app import library
from app.errors import AppError
from app.jobs.progress import Progress
from app.jobs.proxy_files import proxies_folder, proxy_of
from storage.study import open_study
from storage.videos import videos
from tracking.reading.containers import opened, video_stream
from tracking.video import Frame, VideoInfo, probe, read_frames

KEY_EVERY = 30  # frames, so that stepping backwards decodes at most 30
OPTIONS = {"preset": "veryfast", "crf": "20", "bf": "0", "g": str(KEY_EVERY)}
SAME_S = 1e-6
PLAIN = frozenset(("yuv420p", "yuv422p", "yuv444p", "nv12"))  # others go by way of RGB
FULL_RANGE = 2  # black is 0 and not 16; taken for the usual range, a picture turns pale


def played_file(study: Path, video_id: int) -> Path:
    """What the player gets for a video: its copy where there is one, or else the film itself."""
    video = library.video_of(study, video_id)
    copy = None if video.browser_playable else proxy_of(study, video.content_hash)
    return copy or library.video_file(study, video_id)


def make_proxy(
    study: Path, video_id: int, progress: Callable[[Progress], None] | None = None
) -> Path:
    """Make the copy of one video, or return the one that is there; one at a time in a study.

    It is checked against the film before it gets its name: a copy with another count of frames or
    other times is an error and is not kept.
    """
    report = progress or (lambda _: None)
    source = library.video_file(study, video_id)
    info = probe(source)
    folder = proxies_folder(study)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{info.content_hash}.mp4"
    with FileLock(folder / ".one_at_a_time.lock"):
        if path.is_file():
            return path
        tidy_proxies(study)
        draft = folder / f".{info.content_hash}.{os.getpid()}.mp4"
        try:
            _encode(info, draft, report)
            _check(info, draft)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    return path


def tidy_proxies(study: Path) -> list[Path]:
    """Delete the copies whose film is in the study no longer, and the halves of killed jobs."""
    with open_study(study) as reading:
        wanted = {f"{video.content_hash}.mp4" for video in videos(reading)}
    gone = [path for path in proxies_folder(study).glob("*.mp4") if path.name not in wanted]
    for path in gone:
        path.unlink(missing_ok=True)
    return gone


def _encode(info: VideoInfo, path: Path, report: Callable[[Progress], None]) -> None:
    base = _time_base(info)
    ticks = np.rint(info.time_s / float(base)).astype(np.int64)
    size = (info.width + info.width % 2, info.height + info.height % 2)  # H.264 wants them even
    started = time.perf_counter()
    with _written(path, info, size, base) as (container, stream):
        for frame in read_frames(info):
            picture = _picture(frame, info, size)
            picture.pts, picture.time_base = int(ticks[frame.index]), base
            picture.pict_type = av.video.frame.PictureType.NONE  # not what the film's encoder chose
            container.mux(stream.encode(picture))
            done = frame.index + 1
            speed = done / (time.perf_counter() - started)
            report(Progress("proxy", done, info.n_frames, speed))
        container.mux(stream.encode(None))


@contextmanager
def _written(
    path: Path, info: VideoInfo, size: tuple[int, int], base: Fraction
) -> Iterator[tuple[Any, Any]]:
    """An open MP4 file with one stream; errors of the encoder become one line."""
    try:
        with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as container:
            stream = container.add_stream("libx264", rate=info.fps, options=OPTIONS)
            stream.width, stream.height = size
            stream.pix_fmt = "yuv420p"
            stream.time_base = stream.codec_context.time_base = base
            yield container, stream
    except (av.error.FFmpegError, OSError) as error:
        raise AppError(
            f"No copy of {info.path.name} for the browser could be made ({error}). Check the "
            "space left on the disk; its frames can still be seen one by one."
        ) from error


def _time_base(info: VideoInfo) -> Fraction:
    with opened(info.path) as container:
        return Fraction(video_stream(container, info.path).time_base)


def _picture(frame: Frame, info: VideoInfo, size: tuple[int, int]) -> av.VideoFrame:
    """The frame as it is shown: turned and stretched where the film says so, of even size."""
    whole = frame.picture.width == info.width and frame.picture.height == info.height
    usual = frame.picture.format.name in PLAIN and frame.picture.color_range != FULL_RANGE
    if info.rotation == 0 and whole and usual:
        shown = frame.picture
    else:
        shown = av.VideoFrame.from_ndarray(frame.rgb(), format="rgb24")
    return shown.reformat(width=size[0], height=size[1], format="yuv420p")


def _check(info: VideoInfo, path: Path) -> None:
    made = probe(path)
    same = made.n_frames == info.n_frames
    if not same or np.abs(made.time_s - info.time_s).max() > SAME_S:
        raise AppError(
            f"The copy of {info.path.name} for the browser has not exactly its frames and times, "
            "so it was not kept; its frames can still be seen one by one."
        )
