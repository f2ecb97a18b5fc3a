"""One correction of one video, as the command line makes it: done, or only tried."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from app.annotating.reviewing import prepared
from app.errors import AppError
from storage.bouts import PERSON, frame_edges, read_bouts
from storage.edits import apply, kinds
from storage.study import Study, open_study
from storage.videos import find_video, frame_times, videos

_CLOCK = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d*)?)s?")
_ROUNDED_S = 0.0005  # by which a time may be early that was read where there are 3 digits of it


@dataclass(frozen=True)
class Correction:
    """What was done, or would be."""

    video: str
    kind: str
    words: str
    author: str
    tried: bool  # True: nothing was changed
    edit_id: int | None
    result: Mapping[str, Any]

    def record(self) -> dict[str, Any]:
        """As one JSON object."""
        told = {name: value for name, value in self.result.items() if name != "words"}
        return {
            "video": self.video, "kind": self.kind, "words": self.words, "author": self.author,
            "dry_run": self.tried, "edit_id": self.edit_id, **told,
        }  # fmt: skip


class _OnlyTriedError(Exception):
    """Takes everything back that was done in a transaction."""


def correct(
    folder: Path,
    video: str | None,
    kind: str,
    data: Mapping[str, Any],
    author: str,
    *,
    places: Mapping[str, str | None] | None = None,
    only_try: bool = False,
) -> Correction:
    """Make one edit; AppError says in one line why it cannot be made.

    ``places`` are frames or times as a person writes them, by the name that the edit has for
    them. With ``only_try`` the edit is made in full and taken back before anybody sees it.
    """
    name = video_of(folder, video)
    try:
        with open_study(folder, write=True) as study:
            video_id = find_video(study, name).video_id
            frames = {
                key: None if text is None else frame_at(study, video_id, text, key)
                for key, text in (places or {}).items()
            }
            whole = {**data, **frames}
            if kind.startswith("tracks."):
                whole = prepared(study, video_id, kind, whole)
            done = apply(study, video_id, kind, whole, author=author)
            if only_try:
                raise _OnlyTriedError
    except _OnlyTriedError:
        pass
    if done.error is not None:
        raise AppError(done.error)
    words = done.result.get("words") or kinds()[kind].describe(whole)
    edit_id = None if only_try else done.edit_id
    return Correction(name, kind, words, author, only_try, edit_id, done.result)


def frame_at(study: Study, video_id: int, text: str, name: str = "frame") -> int:
    """The frame that a person means by its number, or by a time such as 12.5s or 1:02:03.4.

    At a time it is the frame that is on the screen then; the 5.038 s that a table says of a frame
    at 5.0384 s is that frame. ``stop_frame`` may lie after the end.
    """
    if text.strip().isdecimal():
        return int(text)
    found = _CLOCK.fullmatch(text.strip())
    if not found:
        raise AppError(f"'{text}' is no frame and no time: give 1200, 40.5s, 1:02.5 or 0:01:02.5.")
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    at_s = 3600 * hours + 60 * minutes + seconds
    time_s, video = frame_times(study, video_id), find_video(study, video_id)
    at_s += min(_ROUNDED_S, 0.25 / float(video.fps))
    if name == "stop_frame" and at_s >= frame_edges(study, video_id)[-1]:
        return video.n_frames
    if at_s >= video.duration_s + 2 * _ROUNDED_S and at_s > time_s[-1]:
        raise AppError(
            f"{text} is after the end of '{video.name}': it is {video.duration_s:.2f} s."
        )
    return int(np.searchsorted(time_s, at_s, side="right")) - 1


def video_of(folder: Path, video: str | None) -> str:
    """The name of the video that was meant; the only one of a study needs no name."""
    with open_study(folder) as study:
        if video is not None:
            return find_video(study, video).name
        names = [one.name for one in videos(study)]
    if len(names) != 1:
        raise AppError(f"Say which video by --video: {', '.join(names) or 'there is none yet'}.")
    return names[0]


def own_bouts(folder: Path, video: str | None, author: str) -> pd.DataFrame:
    """The bouts that a person scored in a video, with the numbers by which they are changed."""
    with open_study(folder) as study:
        table = read_bouts(study, find_video(study, video_of(folder, video)).video_id)
    mine = table[(table["source"] == PERSON) & (table["annotator"] == author)]
    first = ["bout_id", "behaviour", "subject", "target", "kind", "start_frame", "stop_frame"]
    return mine[[*first, "start_s", "stop_s", "annotator"]].reset_index(drop=True)
