"""Bring labels in that were made with other tools: outlines, or poses that become outlines."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.errors import AppError
from app.labelling.filling import usual_class
from app.labelling.image_film import film_images
from app.labelling.image_places import (
    Named,
    Placed,
    check_size,
    compare_pictures,
    place_images,
)
from app.labelling.posed_images import Posing, outline_poses
from app.labelling.waiting_list import origin_of, read_waiting
from app.library import WAIT_S, reading
from storage.edit_labels import save_many
from storage.label_files import (
    LabelFile,
    LabelledImage,
    picture_size,
    read_label_file,
    safe_name,
)
from storage.labelled_poses import is_labelled_poses, read_labelled_poses
from storage.labels import IMPORT, NETWORK, POSE, Label, is_corrected, read_labels
from storage.study import open_study
from storage.videos import Video, add_video, find_video, videos
from tracking.video import probe

POSE_FORMATS = ("dlc", "sleap")
UNSEEN = (
    "Predicted poses: their outlines wait for a person who corrects them. If somebody has looked "
    "at these poses, undo this and import them with --proofread."
)
OnProgress = Callable[[str, int, int], None]  # what is done, done, total
Outlines = dict[Video, dict[int, Sequence[Label]]]  # by video and frame


@dataclass(frozen=True)
class Wish:
    """How labels are to be brought in."""

    format: str = "auto"
    video: str | None = None  # the images are frames of this video
    first: int = 0  # the number that names its first frame
    as_video: str | None = None  # the images become a recording called so
    check: bool = True  # that images show the frames they are said to be
    force: bool = False  # over frames that a person labelled
    posing: Posing = field(default_factory=Posing)  # how poses become outlines
    proofread: bool = False  # a person looked at the poses that a network predicted


@dataclass(frozen=True)
class Imported:
    """What was brought in."""

    frames: dict[str, int]  # by video
    animals: int
    kept: int  # frames that a person had labelled and that were left alone
    notes: tuple[str, ...]


def import_labels(
    study: Path,
    path: Path,
    wish: Wish | None = None,
    *,
    author: str = "",
    on_progress: OnProgress | None = None,
) -> Imported:
    """Bring in LabelMe, COCO or YOLO-seg, or poses of DeepLabCut or SLEAP as outlines.

    All is read and checked before anything is stored; each video is stored whole, as one edit, and
    what nobody had corrected when it was exported from here as another.
    """
    wish = wish or Wish()
    if wish.video is not None and wish.as_video is not None:
        raise AppError("The images are frames of --video or a recording --as-video: give one.")
    posed = wish.format in POSE_FORMATS or (wish.format == "auto" and is_labelled_poses(path))
    if posed:
        poses = read_labelled_poses(path)
        named = [Named(one.name, one.video, one.frame, one.picture) for one in poses.images]
        placed, notes = _place(study, named, wish, path, poses.notes)
        found, more = outline_poses(
            poses, placed, wish.posing, _class(study, wish.posing.class_name), study, on_progress
        )
        notes = [*poses.notes, *notes, *more]
        seen = poses.by_hand or wish.proofread
        if not seen:
            notes.append(UNSEEN)
        origin = POSE if seen else f"{NETWORK}{poses.format}"
        return _store(study, {origin: found}, author, wish.force, notes)
    read = _read(study, path, wish)
    for said in read.images:
        _check_picture(said)
    named = [Named(one.name, one.video, one.frame, one.picture, one.labels) for one in read.images]
    placed, notes = _place(study, named, wish, path, read.notes)
    noted = read_waiting(path)
    outlines: dict[str, Outlines] = {}  # by origin
    for one in placed:
        image = read.images[one.index]
        check_size(image.name, (image.width, image.height), one.video)
        origin = origin_of(image, noted) or f"{IMPORT}{read.format}"
        outlines.setdefault(origin, {}).setdefault(one.video, {})[one.frame] = image.labels
    waiting = sum(len(of) for origin, by in outlines.items() if not is_corrected(origin)
                  for of in by.values())  # fmt: skip
    if waiting:
        those = "1 frame is as a program outlined it and waits" if waiting == 1 else (
            f"{waiting} frames are as a program outlined them and wait")  # fmt: skip
        notes = [*notes, f"{those} to be corrected"]
    return _store(study, outlines, author, wish.force, [*read.notes, *notes])


def _read(study: Path, path: Path, wish: Wish) -> LabelFile:
    """The file; YOLO learns the size of images that are not there from their video."""
    with reading(study) as opened:
        known = videos(opened)
        only = None if wish.video is None else find_video(opened, wish.video)

    def size_of(name: str) -> tuple[int, int] | None:
        placed, _ = place_images([Named(name, None, None, None)], known, only, wish.first)
        return (placed[0].video.width, placed[0].video.height) if placed else None

    return read_label_file(path, wish.format, size_of)


def _check_picture(said: LabelledImage) -> None:
    """Refuse a file that says another size than its image has; turned by its camera is the same."""
    if said.picture is not None:
        size = picture_size(said.picture)
        if size not in ((said.width, said.height), (said.height, said.width)):
            raise AppError(
                f"{said.picture} is {size[0]} x {size[1]} px, and its labels say {said.width} x "
                f"{said.height}: it is not the image that was labelled."
            )


def _class(study: Path, wanted: str | None) -> str:
    with reading(study) as opened:
        return wanted or usual_class(opened)


def _place(
    study: Path, named: Sequence[Named], wish: Wish, path: Path, left: Sequence[str]
) -> tuple[list[Placed], list[str]]:
    """The frames that the images are, checked; and what was left out."""
    if not named:
        raise AppError(
            f"{path} has no image that can be used{': ' if left else '.'}{'; '.join(left)}"
        )
    if wish.as_video is not None:
        return _as_video(study, named, wish.as_video)
    with reading(study) as opened:
        known = [one for one in videos(opened) if one.has_pictures]
        only = None if wish.video is None else find_video(opened, wish.video)
    if only is not None and not only.has_pictures:
        raise AppError(f"{only.name} has poses and no pictures: there is nothing to label.")
    placed, lost = place_images(named, known, only, wish.first)
    if not placed:
        raise AppError(_which(lost, only))
    if wish.check:
        compare_pictures(named, placed)
    if not lost:
        return placed, []
    some = f"{lost[0]} for one"
    return placed, [f"{len(lost)} images left out: no video here is theirs ({some})"]


def _which(lost: Sequence[str], only: Video | None) -> str:
    if only is not None:
        return f"{lost[0]} has no number that could be a frame of {only.name}: name images by frame"
    return (
        f"{lost[0]} does not say which frame of which video here it is: say --video V where the "
        "numbers in the names are frames of V, or --as-video NAME to keep the images as a "
        "recording of their own."
    )


def _as_video(study: Path, named: Sequence[Named], name: str) -> tuple[list[Placed], list[str]]:
    """A recording of the images themselves, in the order of their names."""
    order = sorted(range(len(named)), key=lambda index: named[index].name)
    pictures = [picture for index in order if (picture := named[index].picture) is not None]
    if len(pictures) < len(order):
        lost = next(named[index] for index in order if named[index].picture is None)
        if lost.video is not None and lost.picture is None and lost.frame is not None:
            raise AppError(
                f"These labels are of frames of {lost.video}, and no images lie beside them: add "
                "that film to the study, and name it by --video instead of --as-video."
            )
        raise AppError(f"There is no image {lost.name}: put the images beside their labels.")
    film = study / "videos" / f"{safe_name(name)}.mp4"
    again = AppError(
        f"There is a video '{name}' already: give another name, or --video {name} where the "
        "images are frames of it."
    )
    with reading(study) as opened:
        known = {one.name: one for one in videos(opened)}
        if name in known and read_labels(opened, known[name].video_id):
            raise again
    draft = film.with_name(f".{uuid.uuid4().hex}.mp4")
    try:
        film_images(pictures, draft)
        made = probe(draft)
        # What an import that failed has left is used again where it is of the same images.
        if name in known and known[name].content_hash != made.content_hash:
            raise again
        if film.exists() and probe(film).content_hash != made.content_hash:
            raise again
        with open_study(study, write=True, timeout_s=6 * WAIT_S) as opened:
            of = [one.name for one in videos(opened) if one.content_hash == made.content_hash]
            if of and of != [name]:
                raise AppError(f"These images are the recording {of[0]} already: --video {of[0]}.")
            draft.replace(film)
            video = add_video(opened, probe(film), name)
    finally:
        draft.unlink(missing_ok=True)
    return [Placed(index, video, frame) for frame, index in enumerate(order)], []


def _store(
    study: Path,
    found: dict[str, Outlines],
    author: str,
    force: bool,
    notes: Sequence[str],
) -> Imported:
    """Store what is of one origin (found by it) and of one video as one edit."""
    frames: dict[str, int] = {}
    animals = kept = 0
    with open_study(study, write=True, timeout_s=6 * WAIT_S) as opened:
        for origin, by_video in sorted(found.items()):
            for video, labels in by_video.items():
                done = save_many(
                    opened, video.video_id, labels, author=author, origin=origin, force=force
                )
                frames[video.name] = frames.get(video.name, 0) + len(done)
                animals += sum(len(labels[frame]) for frame in done)
                kept += len(labels) - len(done)
    return Imported(frames, animals, kept, tuple(notes))
