"""The empty arena as a picture to draw on: the median of some frames, as JPEG."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np

from app.errors import AppError
from app.library import video_file
from app.results.cache import Kept
from app.server.pictures import probed
from storage.errors import StudyError
from storage.videos import Video
from tracking.errors import VideoError
from tracking.video import read_frames_at

SAMPLES = 9  # frames, evenly over the film
WIDEST = 1280  # px
_pictures: Kept[str | None] = Kept(12)


def background(study: Path, video: Video) -> str | None:
    """The picture as a data address; None where there is no film to take it from."""
    if not video.has_pictures:
        return None
    key = (study, video.video_id, video.content_hash, video.file_replaced)

    def make() -> str | None:
        try:
            path = video_file(study, video.video_id)
            return "data:image/jpeg;base64," + base64.b64encode(empty_arena(path)).decode()
        except (AppError, StudyError, VideoError, OSError):
            return None  # moved or damaged: paths are drawn without it

    return _pictures.get(key, make)


def empty_arena(path: Path) -> bytes:
    """The median of evenly spaced frames: what does not move, as JPEG."""
    import cv2

    info = probed(path)
    places = np.unique(np.linspace(0, info.n_frames - 1, SAMPLES).astype(int)).tolist()
    frames = [frame.rgb() for frame in read_frames_at(info, places)]
    middle = np.median(np.stack(frames), axis=0).astype(np.uint8)
    if middle.shape[1] > WIDEST:
        height = round(middle.shape[0] * WIDEST / middle.shape[1])
        middle = cv2.resize(middle, (WIDEST, height), interpolation=cv2.INTER_AREA)
    done, data = cv2.imencode(".jpg", middle[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])
    return data.tobytes() if done else b""
