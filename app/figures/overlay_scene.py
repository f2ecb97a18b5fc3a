"""What is to be drawn on the frames of a video: places, outlines, trails and bouts by frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from app.errors import AppError
from app.library import reading
from storage.bouts import read_bouts
from storage.edit_tracks import tracks_version
from storage.regions import Region, regions
from storage.scored_bouts import NO_SUBJECT
from storage.tracks import read_masks, read_tracks
from storage.videos import Video, animal_names, frame_times

CHUNK_FRAMES = 300
POINT_S = 0.5  # so long a point event is shown
Outline = tuple[int, int, int, int, bytes]  # x0, y0, width, height, run lengths


@dataclass
class Scene:
    """All that is drawn on one video, read as far as it is needed."""

    study: Path
    video: Video
    names: Mapping[int, str]  # of the animals, by number
    version: str | None  # of the tracks
    places: Sequence[Region]
    bouts: pd.DataFrame
    time_s: np.ndarray
    xy: np.ndarray = field(default_factory=lambda: np.empty((0, 0, 2)))  # (frames, animals, 2) px
    outlines: dict[tuple[int, int], Outline] = field(default_factory=dict)  # by frame and animal
    first: int = 0  # frame of xy[0]
    stop: int = 0

    def load(self, first: int, start: int, with_masks: bool, stop: int | None = None) -> None:
        """Read the frames from `start` to `stop` (a chunk of them), and the places from `first`."""
        stop = min(stop or start + CHUNK_FRAMES, self.video.n_frames)
        key = self.video.video_id
        with reading(self.study) as opened:
            if tracks_version(opened, key) != self.version:
                raise AppError(
                    f"The tracks of {self.video.name} were changed while they were drawn: start "
                    "again."
                )
            tracks = read_tracks(opened, key, first, stop)
            masks = read_masks(opened, key, start, stop) if with_masks else None
        self.first, self.stop = first, stop
        order = {number: place for place, number in enumerate(self.names)}
        self.xy = np.full((stop - first, len(order), 2), np.nan)
        rows = tracks.filter(tracks["detected"])
        frame = rows["frame"].to_numpy() - first
        who = np.array([order[number] for number in rows["animal_id"].to_pylist()], dtype=int)
        for axis, name in enumerate(("x_px", "y_px")):
            self.xy[frame, who, axis] = rows[name].to_numpy()
        self.outlines = {}
        for row in masks.to_pylist() if masks is not None else ():
            box = (row["x0"], row["y0"], row["width"], row["height"], row["rle"])
            self.outlines[row["frame"], order[row["animal_id"]]] = box

    def doing(self, frame: int) -> dict[str, list[str]]:
        """What each animal does in a frame, in words; the empty name is the whole scene."""
        found: dict[str, list[str]] = {}
        now = (self._starts <= frame) & (frame < self._stops)
        for place in np.flatnonzero(now):
            who, words = self._words[place]
            if words not in found.setdefault(who, []):
                found[who].append(words)
        return found

    @cached_property
    def _starts(self) -> np.ndarray:
        return self.bouts["start_frame"].to_numpy(int)

    @cached_property
    def _stops(self) -> np.ndarray:
        return self.bouts["shown_until"].to_numpy(int)

    @cached_property
    def _words(self) -> list[tuple[str, str]]:
        """Of every bout who does it (nobody for the whole scene), and what in words."""
        rows = zip(self.bouts["subject"], self.bouts["said"], self.bouts["target"], strict=True)
        return [
            ("" if who == NO_SUBJECT else str(who),
             f"{said} → {target}" if isinstance(target, str) else str(said))
            for who, said, target in rows
        ]  # fmt: skip


def scene_of(
    study: Path, video: Video, behaviour: Sequence[str] = (), who: Sequence[str] = ()
) -> Scene:
    """What there is to draw on a video; bouts of these behaviours and watchers only."""
    key = video.video_id
    with reading(study) as opened:
        names, places = animal_names(opened, key), regions(opened, key)
        bouts, time_s = read_bouts(opened, key), frame_times(opened, key)
        version = tracks_version(opened, key)
    if version is None and bouts.empty and not places:
        raise AppError(
            f"There is nothing to draw on {video.name} yet: track it, score it, or draw regions."
        )
    people = bouts["annotator"].where(bouts["annotator"].notna(), bouts["source"])
    if behaviour:
        bouts = bouts[bouts["behaviour"].isin(behaviour)]
    if who:
        bouts = bouts[people.loc[bouts.index].isin(who)]
    bouts = bouts.assign(said=_said(bouts, people), shown_until=_shown_until(bouts, time_s))
    return Scene(study, video, names if version else {}, version, places, bouts, time_s)


def _said(bouts: pd.DataFrame, people: pd.Series) -> pd.Series:
    """The behaviour, with who saw it where several did."""
    several = bouts["behaviour"].map(
        lambda name: people.loc[bouts.index[bouts["behaviour"] == name]].nunique() > 1
    )
    named = bouts["behaviour"].astype(str) + " (" + people.loc[bouts.index].astype(str) + ")"
    return bouts["behaviour"].astype(str).where(~several.astype(bool), named)


def _shown_until(bouts: pd.DataFrame, time_s: np.ndarray) -> np.ndarray:
    """(k,) frame after the last one in which a bout is written."""
    moment = bouts["start_s"].to_numpy(float) + POINT_S
    ends = np.searchsorted(time_s, moment)
    return np.where(bouts["kind"] == "point", ends, bouts["stop_frame"].to_numpy())
