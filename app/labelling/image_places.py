"""Which frame of which video an image is, and whether it shows that frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.errors import AppError
from storage.label_files import number_of, picture_size, place_of
from storage.videos import Video, video_file
from tracking.video import probe, read_frames_at

LOOKED_AT = 5  # images that are compared with their frames
SIDE = 64  # px of the small pictures that are compared
OTHER = 12.0  # gray levels between an image and its frame, on average: it shows something else
NEARER = 0.5  # of that difference: a neighbouring frame is the one that the image shows


@dataclass(frozen=True)
class Named:
    """What an image says of itself."""

    name: str
    video: str | None  # name or file name of its video, where its file says it
    frame: int | None
    picture: Path | None  # where it lies


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

    `only`: a person said that all are of this video, so that numbers in names are its frames,
    counted from `first`. Else the file or the name of an image has to say both.
    """
    placed, lost = [], []
    for index, image in enumerate(images):
        found = _of_video(image, only, first) if only else _said(image, known)
        if found is None:
            lost.append(image.name)
        else:
            placed.append(Placed(index, *found))
    _check(images, placed)
    return placed, lost


def _said(image: Named, known: Sequence[Video]) -> tuple[Video, int] | None:
    if image.video is not None and image.frame is not None:
        for video in known:
            if image.video in (video.name, video.path.name, video.path.stem):
                return video, image.frame
    names = {video.name: video for video in known} | {v.path.stem: v for v in known}
    found = place_of(image.name, list(names))
    return (names[found[0]], found[1]) if found else None


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
    seen = {one.index: _small(one.gray) for one in read_frames_at(info, sorted(wanted))}
    off = {by: _differences(some, seen, by) for by in (-1, 0, 1)}
    here = float(np.median(off[0]))
    for by in (-1, 1):
        if len(off[by]) == len(off[0]) and np.median(off[by]) < NEARER * here and here > 1:
            hint = "--first 1" if by == -1 else "--first -1"
            raise AppError(
                f"The images show the frames one {'before' if by == -1 else 'after'} those of "
                f"{video.name} they are named after: add {hint}."
            )
    if here > OTHER:
        raise AppError(
            f"{some[0][1].name} does not show frame {some[0][0]} of {video.name}: is it of another "
            "video? --no-check brings the images in all the same."
        )


def _differences(
    some: Sequence[tuple[int, Named]], seen: dict[int, np.ndarray], by: int
) -> list[float]:
    """Mean differences in gray levels between images and the frames `by` after theirs."""
    return [
        float(np.abs(_small(_gray(one.picture)) - seen[frame + by]).mean())
        for frame, one in some
        if one.picture is not None and frame + by in seen
    ]


def _gray(picture: Path) -> np.ndarray:
    from PIL import Image, ImageOps

    with Image.open(picture) as opened:
        return np.asarray(ImageOps.exif_transpose(opened).convert("L"))


def _small(gray: np.ndarray) -> np.ndarray:
    """A small picture, its brightness and contrast made those of a limited film."""
    import cv2

    small = cv2.resize(gray, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    return small - np.median(small)
