"""Write labelled frames with their pictures, as LabelMe, COCO or YOLO keep them."""

from __future__ import annotations

import contextlib
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from app.errors import AppError
from app.labelling.waiting_list import write_waiting
from app.library import WAIT_S
from storage import label_coco, label_labelme, label_yolo
from storage.label_files import FORMATS, LabelledPicture
from storage.labels import DRAFT, LabelledFrame, is_corrected, read_labels
from storage.study import open_study
from storage.videos import Video, file_is_there, find_video, video_file, videos
from tracking.video import probe, read_frames_at


@dataclass(frozen=True)
class Exported:
    """What was written."""

    folder: Path
    frames: int
    animals: int
    left_out: tuple[str, ...]  # videos whose film is not there


def export_labels(
    study: Path,
    folder: Path,
    format: str,
    *,
    video: str | int | None = None,
    waiting: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> Exported:
    """Write the labelled frames of one video or of all into a new folder, in colour as PNG.

    `waiting`: also those that nobody corrected yet, which a file beside them notes. The folder
    appears when all is written.
    """
    if format not in FORMATS:
        raise AppError(f"There is no format '{format}'. There are: {', '.join(FORMATS)}.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise AppError(f"{folder} is there already: give a folder that is new or empty.")
    with open_study(study, timeout_s=WAIT_S) as opened:
        one = None if video is None else find_video(opened, video).video_id
        found = [
            labelled
            for labelled in read_labels(opened, one)
            if is_corrected(labelled.origin) or (waiting and labelled.origin != DRAFT)
        ]
        known = {each.video_id: each for each in videos(opened)}
    gone = {key for key in {f.video_id for f in found} if not file_is_there(known[key])}
    frames = [labelled for labelled in found if labelled.video_id not in gone]
    if not frames:
        raise AppError(_nothing(known, gone, waiting))
    _write(folder, format, frames, known, on_progress)
    animals = sum(len(labelled.labels) for labelled in frames)
    names = tuple(sorted(known[key].name for key in gone))
    return Exported(folder, len(frames), animals, names)


def _nothing(known: dict[int, Video], gone: set[int], waiting: bool) -> str:
    if gone:
        name = known[min(gone)].name
        return (
            f"The films of the labelled frames are not where the study expects them ({name} for "
            "one): `ethoscribe relink` finds them again."
        )
    if waiting:
        return (
            "There are no labelled frames to write: `ethoscribe labels list` shows what there is."
        )
    return (
        "There are no corrected frames to write: `ethoscribe labels list` shows them; --waiting "
        "writes those too that nobody corrected yet."
    )


def _write(
    folder: Path,
    format: str,
    frames: list[LabelledFrame],
    known: dict[int, Video],
    on_progress: Callable[[int, int], None] | None,
) -> None:
    folder = folder.absolute()
    draft = folder.with_name(f".{uuid.uuid4().hex}")
    try:
        draft.mkdir(parents=True)
        pictures = _pictures(frames, known, on_progress)
        if format == "labelme":
            label_labelme.write(draft, pictures)
        elif format == "coco":
            label_coco.write(draft, pictures)
        else:
            names = {label.class_name for one in frames for label in one.labels}
            label_yolo.write(draft, pictures, sorted(names))
        write_waiting(draft, [(known[one.video_id].name, one) for one in frames])
        if folder.is_dir():
            folder.rmdir()  # it is empty
        draft.replace(folder)
    finally:
        with contextlib.suppress(OSError):
            shutil.rmtree(draft)


def _pictures(
    frames: list[LabelledFrame],
    known: dict[int, Video],
    on_progress: Callable[[int, int], None] | None,
) -> Iterator[LabelledPicture]:
    """The frames with their pictures, video by video, one at a time."""
    done = 0
    for video_id in dict.fromkeys(one.video_id for one in frames):
        mine = {one.frame: one for one in frames if one.video_id == video_id}
        video = known[video_id]
        for frame in read_frames_at(probe(video_file(video)), sorted(mine)):
            labels = mine[frame.index].labels
            yield LabelledPicture(video.name, frame.index, frame.rgb(), labels)
            done += 1
            if on_progress:
                on_progress(done, len(frames))
