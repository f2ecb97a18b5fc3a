"""How far the labels of a study are, and who changed them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from app.errors import AppError
from app.library import WAIT_S
from storage.edit_labels import redo_labels, undo_labels
from storage.edits import next_steps
from storage.labels import label_counts, open_proposals
from storage.study import open_study
from storage.videos import find_video, videos


def list_labels(study: Path) -> pd.DataFrame:
    """How far each video is: video, corrected, waiting, proposed, animals, classes."""
    with open_study(study, timeout_s=WAIT_S) as opened:
        return label_counts(opened)


def step(study: Path, video: str, frame: int | None, author: str, redo: bool = False) -> str:
    """Take back (or do again) this author's last edit of a frame, or their last import."""
    with open_study(study, write=True, timeout_s=6 * WAIT_S) as opened:
        video_id = find_video(opened, video).video_id
        done = redo_labels if redo else undo_labels
        return done(opened, video_id, frame, author=author)


def last_batch(study: Path, author: str) -> tuple[str, str] | None:
    """The video and the words of what `step` takes back first: this author's newest import."""
    with open_study(study, timeout_s=WAIT_S) as opened:
        found = [
            (int(last["edit_id"]), video.name, str(last["words"]))
            for video in videos(opened)
            if (last := next_steps(opened, video.video_id, "labels", author)["undo"])
        ]
    return max(found)[1:] if found else None


def proposed_frames(study: Path, video: str | None) -> dict[str, list[int]]:
    """The frames that are proposed and wait for a person, by video."""
    with open_study(study, timeout_s=WAIT_S) as opened:
        chosen = videos(opened) if video is None else [find_video(opened, video)]
        found = {
            one.name: [asked.frame for asked in open_proposals(opened, one.video_id)]
            for one in chosen
        }
    return {name: frames for name, frames in found.items() if frames}


def only_video(study: Path, video: str | None) -> str:
    """The name of the video that was meant; the only one of a study needs no name."""
    with open_study(study, timeout_s=WAIT_S) as opened:
        if video is not None:
            return find_video(opened, video).name
        names = [one.name for one in videos(opened)]
    if len(names) != 1:
        raise AppError(f"Say which video by --video: {', '.join(names) or 'there is none yet'}.")
    return names[0]
