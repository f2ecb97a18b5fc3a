"""What the Label page shows of a study: the frames of its list, and the outlines of one of them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from app.annotating.clicking import background_file, engine_for
from app.errors import AppError, one_line
from app.library import reading
from storage.edit_labels import label_record
from storage.edits import can_redo, can_undo
from storage.label_masks import decode, encode, tight
from storage.label_states import FrameState, frame_states
from storage.labels import DRAFT, class_names, frame_labels, usual_areas
from storage.runs import active_run
from storage.study import Study
from storage.videos import Video, find_video, videos

SCOPE = "labels"
CLASS = "animal"  # what an outline is called until somebody names it
SURE = 0.5  # how sure a program is of the outlines of a frame that is only to be looked at


def state_of(one: FrameState) -> str:
    """How far a frame is: proposed, sure (outlined by a program), begun or corrected."""
    if one.corrected:
        return "corrected"
    if one.origin == DRAFT:
        return "begun"
    return "sure" if one.origin and (one.sureness is None or one.sureness >= SURE) else "proposed"


def labelling_list(folder: Path) -> dict[str, Any]:
    """The frames to label or labelled, their videos and the classes, as JSON types."""
    with reading(folder) as study:
        states, classes = frame_states(study), class_names(study)
        used = {one.video_id for one in states}
        shown = [_video(folder, study, one) for one in videos(study) if one.video_id in used]
    return {
        "frames": [_frame(one) for one in states],
        "videos": shown,
        "classes": classes or [CLASS],
    }


def list_state(folder: Path) -> str:
    """A text that changes when frames come to the list or leave it."""
    with reading(folder) as study:
        keys = [(one.video_id, one.frame) for one in frame_states(study)]
    return hashlib.sha256(repr(keys).encode()).hexdigest()[:16]


def _frame(one: FrameState) -> dict[str, Any]:
    return {
        "video": one.video_id, "frame": one.frame, "state": state_of(one), "author": one.author,
        "revision": one.revision_id, "labels": one.n_labels, "why": one.why,
    }  # fmt: skip


def _video(folder: Path, study: Study, video: Video) -> dict[str, Any]:
    run = active_run(study, video.video_id)
    try:
        engine = engine_for(
            folder, background_file(folder, run.run_id if run else None) is not None
        )
    except AppError as error:
        engine = one_line(error)
    return {
        "id": video.video_id, "name": video.name, "width": video.width, "height": video.height,
        "frames": video.n_frames, "fps": float(video.fps), "hash": video.content_hash,
        "pictures": video.has_pictures, "engine": engine,
        "usual": usual_areas(study, video.video_id),
    }  # fmt: skip


def labelled_frame(folder: Path, video_id: int, frame: int, author: str) -> dict[str, Any]:
    """The outlines that hold of one frame, and whether this author can take back or do again."""
    with reading(folder) as study:
        video = find_video(study, video_id)
        if not 0 <= frame < video.n_frames:
            raise AppError(f"frame is a whole number from 0 to {video.n_frames - 1}.")
        found = frame_labels(study, video.video_id, frame)
        undo, redo = (
            can(study, video.video_id, SCOPE, author, frame) for can in (can_undo, can_redo)
        )
        states = {(one.video_id, one.frame): one for one in frame_states(study)}
    state = states.get((video.video_id, frame))
    return {
        "labels": [label_record(one) for one in found.labels] if found else [],
        "revision": found.revision_id if found else None,
        "origin": found.origin if found else None,
        "author": found.author if found else "",
        "sureness": found.sureness if found else None,
        "state": state_of(state) if state else "proposed",
        "undo": undo is not None,
        "redo": redo is not None,
    }


def without_part(record: dict[str, Any]) -> dict[str, Any]:
    """The outline without the part of it that is under the place x, y: parted at its waist."""
    from tracking.box_mask import part

    x0, y0, width, height = (int(record[name]) for name in ("x0", "y0", "width", "height"))
    mask = decode(record["runs"], height, width)
    left = tight(part(mask.astype(bool), (record["x"] - x0, record["y"] - y0)).astype(np.uint8))
    if left is None:
        raise AppError("Nothing of the outline would be left: Del removes it.")
    inside, column, row = left
    return {
        "x0": x0 + column, "y0": y0 + row, "width": inside.shape[1], "height": inside.shape[0],
        "runs": encode(inside),
    }  # fmt: skip
