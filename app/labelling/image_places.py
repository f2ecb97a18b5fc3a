"""Which frame of which video an image is, and whether it shows that frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

import numpy as np

from app.errors import AppError
from storage.label_files import number_of, picture_size, place_of
from storage.labels import Label
from storage.videos import Video, video_file
from tracking.video import probe, read_frames_at

LOOKED_AT = 5  # images that are compared with their frames
LEVELS = 25  # gray levels by which a pixel of an image is another one than in the frame
GAIN = (0.7, 1.4)  # of contrast between a picture and a frame of limited range, and the other way
OTHER = 0.01  # share of such pixels from which an image shows something else
ELSEWHERE = 0.3  # the same of its outlines alone: a small animal that has gone changes little else
LEAST_PX = 20  # such pixels in all images, before a neighbouring frame can be said to fit better
BETTER = 0.5  # of them are left with the neighbouring frame, or fewer


@dataclass(frozen=True)
class Named:
    """What an image says of itself."""

    name: str
    video: str | None  # name or file name of its video, where its file says it
    frame: int | None
    picture: Path | None  # where it lies
    labels: Sequence[Label] = ()  # outlines in it


@dataclass(frozen=True)
class Placed:
    """An image that is a frame of a video of the study."""

    index: int  # of the image, among those that were asked for
    video: Video
    frame: int


def place_images(
    images: Sequence[Named], known: Sequence[Video], only: Video | None, first: int
) -> tuple[list[Placed], list[str]]:
    """The frames that images are, and the names of those that could not be placed.

    `only`: a person said that they are of this video, so that numbers in names are its frames,
    counted from `first`; where the file has images of several videos, those of it alone. Else the
    file or the name of an image has to say both.
    """
    placed, lost = [], []
    several = len({image.video for image in images}) > 1  # then a number alone does not say it
    for index, image in enumerate(images):
        found = _said(image, known) if only is None else _of_video(image, only, first)
        if only is not None and several and not _is_called(only, image.video):
            found = None
        if found is None:
            lost.append(image.name)
        else:
            placed.append(Placed(index, *found))
    _check(images, placed)
    return placed, lost


def _said(image: Named, known: Sequence[Video]) -> tuple[Video, int] | None:
    if image.video is not None and image.frame is not None:
        video = _called(image.video, known)
        if video is not None:
            return video, image.frame
    stems = Counter(video.path.stem for video in known)
    names = {v.path.stem: v for v in known if stems[v.path.stem] == 1}
    names |= {video.name: video for video in known}  # what it is called here goes first
    found = place_of(image.name, list(names))
    return (names[found[0]], found[1]) if found else None


def _called(said: str, known: Sequence[Video]) -> Video | None:
    """The video that is called so; by its file alone where only one has such a file."""
    found = [one for one in known if one.name == said]
    found = found or [one for one in known if _is_called(one, said)]
    return found[0] if len(found) == 1 else None


def _is_called(video: Video, said: str | None) -> bool:
    """Whether a file means this video: by its name, its file, or its file and folder."""
    parts = PureWindowsPath(said or "").parts  # of paths of any system
    if said == video.name:
        return True
    if not parts:
        return False
    here = len(parts) == 1 or parts[-2] == video.path.parent.name
    return here and parts[-1] in (video.path.name, video.path.stem)


def _of_video(image: Named, video: Video, first: int) -> tuple[Video, int] | None:
    if image.frame is not None:
        return video, image.frame
    number = number_of(image.name)
    return None if number is None else (video, number - first)


def _check(images: Sequence[Named], placed: Sequence[Placed]) -> None:
    twice = Counter((one.video.video_id, one.frame) for one in placed)
    for one in placed:
        name = images[one.index].name
        if not 0 <= one.frame < one.video.n_frames:
            raise AppError(
                f"{name} would be frame {one.frame} of {one.video.name}, which has "
                f"{one.video.n_frames}, from 0: is it of another video?"
            )
        if twice[one.video.video_id, one.frame] > 1:
            raise AppError(
                f"{name} and another image are both frame {one.frame} of {one.video.name}: bring "
                "in one of them."
            )
        picture = images[one.index].picture
        if picture is not None:
            check_size(name, picture_size(picture), one.video)


def check_size(name: str, size: tuple[int, int], video: Video) -> None:
    """Refuse an image of another size than its video: every outline would lie elsewhere."""
    if size != (video.width, video.height):
        raise AppError(
            f"{name} is {size[0]} x {size[1]} px and {video.name} {video.width} x "
            f"{video.height}: outlines would lie elsewhere. Bring it in with the video it is "
            "from, or as images of their own (--as-video NAME)."
        )


def compare_pictures(images: Sequence[Named], placed: Sequence[Placed]) -> None:
    """Refuse images that show other frames than they are said to be, by some of them."""
    for video in dict.fromkeys(one.video for one in placed):
        mine = [one for one in placed if one.video == video and images[one.index].picture]
        step = max(1, len(mine) // LOOKED_AT)
        if mine:
            _compare(video, [(one.frame, images[one.index]) for one in mine[::step][:LOOKED_AT]])


def _compare(video: Video, some: Sequence[tuple[int, Named]]) -> None:
    info = probe(video_file(video))
    wanted = {f + by for f, _ in some for by in (-1, 0, 1) if 0 <= f + by < info.n_frames}
    seen = {one.index: one.gray.astype(np.float32) for one in read_frames_at(info, sorted(wanted))}
    inner = [(f, one) for f, one in some if {f - 1, f + 1} <= set(seen)]
    off = {by: sum(_count(one, seen[f + by]) for f, one in inner) for by in (-1, 0, 1)}
    for by, side in ((-1, "before"), (1, "after")):
        if off[0] >= LEAST_PX and off[by] <= BETTER * off[0]:
            raise AppError(
                f"The images show the frames one {side} those of {video.name} that they are named "
                f"after: say --video {video.name} --first {-by}."
            )
    changed = [_changed(one, seen[f]) for f, one in some]
    inside = [
        float(where[covered].mean())
        for where, (_, one) in zip(changed, some, strict=True)
        if (covered := _covered(one, where.shape)).any()
    ]
    gone = bool(inside) and np.median(inside) > ELSEWHERE
    if gone or np.median([where.mean() for where in changed]) > OTHER:
        raise AppError(
            f"{some[0][1].name} does not show frame {some[0][0]} of {video.name}: is it of another "
            "video? --no-check brings the images in all the same."
        )


def _count(image: Named, frame: np.ndarray) -> int:
    return int(np.count_nonzero(_changed(image, frame)))


def _changed(image: Named, frame: np.ndarray) -> np.ndarray:
    """Which pixels of an image are others than in a frame, at the same light and contrast."""
    gray = _gray(image.picture) if image.picture is not None else frame
    gain = np.clip(frame.std() / max(float(gray.std()), 1e-6), *GAIN)
    fitted = (gray - gray.mean()) * gain + frame.mean()
    different: np.ndarray = np.abs(fitted - frame) > LEVELS
    return different


def _covered(image: Named, shape: tuple[int, ...]) -> np.ndarray:
    """Which pixels its outlines cover, (h, w) bool."""
    covered = np.zeros(shape, bool)
    for label in image.labels:
        covered |= label.whole(shape[1], shape[0]) > 0
    return covered


def _gray(picture: Path) -> np.ndarray:
    from PIL import Image, ImageOps

    with Image.open(picture) as opened:
        return np.asarray(ImageOps.exif_transpose(opened).convert("L"), np.float32)
