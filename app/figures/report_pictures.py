"""Pictures of a report: frames with outlines drawn on them, as JPEG inside the page."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from app.figures.overlay_scene import Scene, scene_of
from app.figures.report_facts import COLOURS_TELL, Look
from app.library import reading, video_file
from storage.videos import find_video
from tracking.masks import decode
from tracking.video import Frame, VideoInfo, probe, read_frames_at

WIDEST, THUMB = 560, 190  # px of a sample, and of a thumbnail
AROUND = 2.2  # body lengths that a thumbnail shows to each side
LEAST_AROUND = 40  # px
QUALITY = 78


def sample_frames(info: VideoInfo, count: int) -> list[int]:
    """Frames spread over a video, each the keyframe before: those are decoded at once."""
    spread = np.linspace(0, info.n_frames - 1, count + 2)[1:-1].astype(int)
    before = info.keyframes[np.searchsorted(info.keyframes, spread, side="right") - 1]
    near = spread - before < info.n_frames / (2 * count)
    return sorted({int(one) for one in np.where(near, before, spread)})


def draw_looks(
    study: Path, video_id: int, looks: Sequence[Look], length_px: float
) -> dict[Look, str]:
    """Every picture as the address of an image, with outlines and names; decoded in one go."""
    with reading(study) as opened:
        video = find_video(opened, video_id)
    info = probe(video_file(study, video_id))
    scene = scene_of(study, video)
    around = max(AROUND * length_px, LEAST_AROUND)
    made: dict[Look, str] = {}
    wanted = sorted({look.frame for look in looks})
    for frame in read_frames_at(info, wanted):
        scene.load(frame.index, frame.index, True, stop=frame.index + 1)
        here = [look for look in looks if look.frame == frame.index]
        for look in here:
            if look.xy is None:
                names = len(scene.names) > COLOURS_TELL
                made[look] = as_jpeg(_shrunk(_drawn(frame, scene, info.width, names), WIDEST))
            else:
                image = _drawn(frame, scene, 2 * around, False)
                made[look] = as_jpeg(_shrunk(_crop(image, look.xy, around), THUMB))
    return made


def as_jpeg(image: np.ndarray) -> str:
    """An RGB or gray picture as the address of an image."""
    pixels = image if image.ndim == 2 else image[:, :, ::-1]
    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return f"data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}"


def background(path: Path) -> str | None:
    """The stored picture of the empty arena; None where there is none."""
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) if path.is_file() else None
    return None if image is None else as_jpeg(_shrunk(image, WIDEST))


def _drawn(frame: Frame, scene: Scene, wide: float, names: bool) -> np.ndarray:
    """A frame with everything on it, in lines that suit a picture of this width (px)."""
    from app.figures.overlay_pen import Pen, rgb_of

    image, pen = frame.rgb(), Pen(round(0.75 * wide))
    pen.letters = max(pen.letters, round(wide / 28))  # readable once it is small
    for who, name in enumerate(_short(list(scene.names.values()))):
        colour, (x, y) = rgb_of(who), scene.xy[0, who].tolist()
        outline = scene.outlines.get((frame.index, who))
        if outline is not None:
            x0, y0, width, height, runs = outline
            pen.mask(image, x0, y0, decode(runs, height, width), colour)
        if not np.isfinite(x):
            continue
        if outline is None:
            pen.dot(image, x, y, colour)
        if names:
            pen.lines(image, [name], x + 8 * pen.unit, y + 6 * pen.unit, colour)
    return image


def _short(names: list[str]) -> list[str]:
    """Names without the letters that all of them begin with, where numbers are left.

    >>> _short(["animal1", "animal12"]), _short(["Ada", "Anna"])
    (['1', '12'], ['Ada', 'Anna'])
    """
    rest = [name.lstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_ ") for name in names]
    alike = len({name.removesuffix(end) for name, end in zip(names, rest, strict=True)}) == 1
    return rest if alike and all(one.isdecimal() for one in rest) else names


def _crop(image: np.ndarray, xy: tuple[float, float], around: float) -> np.ndarray:
    """A square around a place, moved inside the picture."""
    height, width = image.shape[:2]
    side = min(round(2 * around), height, width)
    left = int(np.clip(round(xy[0] - side / 2), 0, width - side))
    top = int(np.clip(round(xy[1] - side / 2), 0, height - side))
    return image[top : top + side, left : left + side]


def _shrunk(image: np.ndarray, widest: int) -> np.ndarray:
    if image.shape[1] <= widest:
        return image
    size = (widest, max(1, round(image.shape[0] * widest / image.shape[1])))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)
