"""A video with everything drawn on it: the same frames at their own times, as H.264."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import av.error
import numpy as np

from app.errors import AppError
from app.figures.overlay_scene import Scene, scene_of
from app.jobs.progress import Progress
from app.library import reading, video_file
from storage.videos import find_video
from tracking.masks import decode
from tracking.reading.containers import opened, video_stream
from tracking.video import Frame, VideoInfo, probe, read_frames

if TYPE_CHECKING:
    from app.figures.overlay_pen import Pen

TRAIL_S = 2.0
OPTIONS = {"preset": "superfast", "crf": "20", "g": "60"}


@dataclass(frozen=True)
class Wish:
    """Which video, from when to when, and what is drawn on it."""

    video: str
    start_s: float | None = None
    stop_s: float | None = None
    behaviour: tuple[str, ...] = ()  # none: all of them
    who: tuple[str, ...] = ()
    masks: bool = True
    trails: bool = True
    names: bool = True
    regions: bool = True
    behaviours: bool = True


def draw_video(
    study: Path, wish: Wish, output: Path, progress: Callable[[Progress], None] | None = None
) -> int:
    """Write the video and give its number of frames; it appears whole or not at all.

    Frames keep their times, counted from the first one that is written, also at a variable rate.
    """
    with reading(study) as read:
        video = find_video(read, wish.video)
    if not video.has_pictures:
        raise AppError(f"{video.name} has only poses, no video to draw on.")
    if output.suffix.lower() not in (".mp4", ".mov", ".mkv"):
        raise AppError(f"A video is written as mp4, mov or mkv, not {output.name!r}.")
    path = video_file(study, video.video_id)
    if output.resolve() == path.resolve():
        raise AppError(f"{output.name} is the film itself: give another name.")
    scene = scene_of(study, video, wish.behaviour, wish.who)
    info = probe(path)
    first, stop = _frames(info, wish)
    draft = output.with_name(f".{output.stem}.{os.getpid()}{output.suffix}")
    try:
        _write(info, scene, wish, (first, stop), draft, progress or (lambda _: None))
        draft.replace(output)
    finally:
        draft.unlink(missing_ok=True)
    return stop - first


def _frames(info: VideoInfo, wish: Wish) -> tuple[int, int]:
    """First frame and the one after the last."""
    first = int(np.searchsorted(info.time_s, (wish.start_s or 0.0) - 1e-6))
    stop = info.n_frames
    if wish.stop_s is not None:
        stop = int(np.searchsorted(info.time_s, wish.stop_s - 1e-6))
    if first >= stop:
        raise AppError(
            f"{wish.video} has no frame in that time: it is {info.duration_s:.2f} s long."
        )
    return first, stop


def _write(
    info: VideoInfo,
    scene: Scene,
    wish: Wish,
    frames: tuple[int, int],
    path: Path,
    report: Callable[[Progress], None],
) -> None:
    from app.figures.overlay_pen import Pen

    first, stop = frames
    base = _time_base(info)
    ticks = np.rint((info.time_s - info.time_s[first]) / float(base)).astype(np.int64)
    pen, total, began = Pen(info.height), stop - first, time.perf_counter()
    with _written(path, info, base) as (container, stream):
        for frame in read_frames(info, first, stop):
            image = _even(frame.rgb())
            _draw(image, frame, scene, wish, pen)
            picture = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")
            picture.pts, picture.time_base = int(ticks[frame.index]), base
            container.mux(stream.encode(picture))
            done = frame.index + 1 - first
            report(Progress("draw", done, total, done / (time.perf_counter() - began)))
        container.mux(stream.encode(None))


def _draw(image: np.ndarray, frame: Frame, scene: Scene, wish: Wish, pen: Pen) -> None:
    """Everything that the wish names, onto one picture."""
    from app.figures.overlay_pen import rgb_of

    number = frame.index
    since = int(np.searchsorted(scene.time_s, frame.time_s - TRAIL_S))
    if scene.version and not scene.first <= since <= number < scene.stop:
        scene.load(since, number, wish.masks)
    for region in scene.places if wish.regions else ():
        pen.place(image, region)
    doing = scene.doing(number) if wish.behaviours and len(scene.bouts) else {}
    for who, name in enumerate(scene.names.values()):
        colour, path = rgb_of(who), scene.xy[since - scene.first : number - scene.first + 1, who]
        if wish.trails:
            pen.trail(image, path, colour)
        outline = scene.outlines.get((number, who))
        if outline is not None:
            x0, y0, width, height, runs = outline
            pen.mask(image, x0, y0, decode(runs, height, width), colour)
        x, y = path[-1]
        if not np.isfinite(x):
            continue
        if outline is None:
            pen.dot(image, x, y, colour)
        said = [name] if wish.names else []
        pen.lines(image, [*said, *doing.pop(name, [])], x + 8 * pen.unit, y + 6 * pen.unit, colour)
    _rest(image, doing, frame, pen)


def _rest(image: np.ndarray, doing: dict[str, list[str]], frame: Frame, pen: Pen) -> None:
    """Below left the time; above left what those do who are nowhere in the picture."""
    white = (255, 255, 255)
    lines = [f"{who}: {', '.join(what)}".removeprefix(": ") for who, what in doing.items()]
    pen.lines(image, lines, 6 * pen.unit, 6 * pen.unit, white)
    text = f"{frame.time_s:.2f} s   frame {frame.index}"
    pen.text(image, text, 6 * pen.unit, image.shape[0], white, small=True)


def _even(image: np.ndarray) -> np.ndarray:
    """The picture, writable, with an even number of rows and columns, as H.264 wants it."""
    rows, columns = image.shape[0] % 2, image.shape[1] % 2
    if rows or columns:
        return np.pad(image, ((0, rows), (0, columns), (0, 0)), mode="edge")
    return image if image.flags.writeable else image.copy()


def _time_base(info: VideoInfo) -> Fraction:
    with opened(info.path) as container:
        return Fraction(video_stream(container, info.path).time_base)


@contextmanager
def _written(path: Path, info: VideoInfo, base: Fraction) -> Iterator[tuple[Any, Any]]:
    """An open file with one stream; errors of the encoder become one line."""
    options = {"movflags": "faststart"} if path.suffix.lower() != ".mkv" else {}
    try:
        with av.open(str(path), "w", options=options) as container:
            stream = container.add_stream("libx264", rate=info.fps, options=OPTIONS)
            stream.width = info.width + info.width % 2
            stream.height = info.height + info.height % 2
            stream.pix_fmt = "yuv420p"
            stream.time_base = stream.codec_context.time_base = base
            yield container, stream
    except (av.error.FFmpegError, OSError) as error:
        raise AppError(
            f"{path.name.lstrip('.')} could not be written ({error}). Check the folder and the "
            "space left on the disk."
        ) from error
