"""What to say about poses while they are brought in: frames, centres, rates and scales."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from app.errors import AppError
from storage.pose_tracks import find_bodies
from storage.readers.poses import Poses
from storage.study import Study
from storage.videos import videos

BODY_CM = (0.1, 100.0)  # median body lengths outside are doubted: a fruit fly has 0.25 cm
USUAL_FPS = (0.5, 2000)
SPARE_FRAMES = 2  # programs count the frames of one file differently by up to this many


def fit(file: Path, poses: Poses, info: Any) -> list[str]:
    """What to say about frames without poses; poses of another video are an error."""
    short = info.n_frames - poses.n_frames
    if short < 0 or (short > SPARE_FRAMES and not poses.open_ended):
        raise AppError(
            f"{file} has {poses.n_frames} frames and the video {info.n_frames}: they are not of "
            "the same recording. Import the file of this video, or without --video."
        )
    wide, high = reach(poses)
    if (
        poses.size not in (None, (info.width, info.height))
        or wide > info.width
        or (high > info.height)
    ):
        width, height = poses.size or (wide, high)
        raise AppError(
            f"{file} is of pictures of {width} x {height} px and the video has {info.width} x "
            f"{info.height}: places and outlines would lie elsewhere. Import the file of this "
            "video, or without --video."
        )
    words = "frame of the video has" if short == 1 else "frames of the video have"
    return [f"the last {short} {words} no poses"] if short else []


def reach(poses: Poses) -> tuple[int, int]:
    """How far right and down outlines reach, px; 0 where there are none."""
    if poses.outlines is None or not len(poses.outlines.box):
        return 0, 0
    wide, high = (poses.outlines.box[:, :2] + poses.outlines.box[:, 2:]).max(axis=0).tolist()
    return wide, high


def rate_notes(study: Study, info: Any) -> list[str]:
    """What to say about a frame rate that is unusual, or other than the one before."""
    notes = []
    if not USUAL_FPS[0] <= info.fps <= USUAL_FPS[1]:
        notes.append(
            f"a frame lasts {float(1 / info.fps):.4g} s at {float(info.fps):g} frames/s, which is "
            "unusual: where it is wrong, import it again with --fps F --force"
        )
    known = [video for video in videos(study) if video.content_hash == info.content_hash]
    if known and known[0].fps != info.fps:
        notes.append(
            f"{float(info.fps):g} frames/s in place of {float(known[0].fps):g}: bouts keep their "
            "frames, and their seconds follow"
        )
    return notes


def doubt_scale(lengths_px: np.ndarray, px_per_cm: float | None) -> list[str]:
    """What to say of a scale by which the animals are smaller or larger than any in a lab.

    >>> doubt_scale(np.array([80.0]), 10)
    []
    >>> doubt_scale(np.array([80.0]), 0.1)[0].partition(":")[0]
    'the median body length is 800 cm at 0.1 px/cm, which is hardly true'
    """
    seen = lengths_px[np.isfinite(lengths_px)]
    if px_per_cm is None or not len(seen):
        return []
    length_cm = float(np.median(seen)) / px_per_cm
    if BODY_CM[0] <= length_cm <= BODY_CM[1]:
        return []
    return [
        f"the median body length is {length_cm:.3g} cm at {px_per_cm:g} px/cm, which is hardly "
        "true: give --px-per-cm again, pixels per centimetre"
    ]


def lengths_px_of(poses: Poses) -> np.ndarray:
    """Body lengths of all animals in all frames, px."""
    return np.concatenate([find_bodies(poses, k).length_px for k in range(len(poses.animals))])


def centre_notes(poses: Poses) -> list[str]:
    """How often the centre had to be made of other points."""
    stand_ins = sum(find_bodies(poses, number).stand_in for number in range(len(poses.animals)))
    if not stand_ins:
        return []
    return [f"centre point not seen, the mean of others taken: {stand_ins} animal-frames"]
