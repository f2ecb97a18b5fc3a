"""What a report on one tracked video says, read from its study in one go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from app.annotating.doubt_list import doubt_list
from app.errors import AppError
from app.library import reading
from storage import run_summary
from storage.identities import crossings_table, fragments_table, has_identities
from storage.runs import Run, active_run
from storage.videos import Video, animal_names, file_is_there, find_video, frame_times

BINS = 320  # of time; a chart has three times as many pixels
AREA_BINS = 60
COLOURS_TELL = 7  # animals that have a colour of their own; more are named in the pictures


@dataclass(frozen=True)
class Look:
    """A picture that is wanted: a frame, and the place in it (px) that a thumbnail shows."""

    frame: int
    xy: tuple[float, float] | None = None


@dataclass(frozen=True)
class Facts:
    """Everything of one video that its report is made of."""

    folder: Path
    video: Video
    run: Run
    names: dict[int, str]
    time_s: np.ndarray
    counts: pd.DataFrame
    speeds: pd.DataFrame
    animals: pd.DataFrame
    areas: pd.DataFrame
    doubts: pd.DataFrame
    fragments: pd.DataFrame | None  # None where tracking made none
    crossings: pd.DataFrame | None
    film: bool  # its file is there

    @property
    def length_px(self) -> float:
        """The usual length of a body, px; a twentieth of the picture where none is known."""
        lengths = self.animals["length_px"].dropna()
        side = max(self.video.width, self.video.height)
        return float(lengths.median()) if len(lengths) else side / 20

    @property
    def open_doubts(self) -> pd.DataFrame:
        """Doubtful places that nobody has looked at, worst first."""
        done = self.doubts["settled"].astype(bool) | self.doubts["checked"].astype(bool)
        return self.doubts[~done].sort_values(["severity", "frame"], ascending=[False, True])

    @property
    def kept(self) -> Path:
        """The folder with what the run keeps beside the database."""
        return self.folder / "runs" / self.run.run_id

    def at(self, frame: int) -> float:
        """When a frame begins, s."""
        return float(self.time_s[min(frame, len(self.time_s) - 1)])


def facts_of(folder: Path, key: int | str) -> Facts:
    """Read everything; AppError when the video is not tracked."""
    with reading(folder) as study:
        video = find_video(study, key)
        run, number = active_run(study, video.video_id), video.video_id
        if run is None:
            raise AppError(f"{video.name} is not tracked yet: there is nothing to report.")
        has = has_identities(study, number)
        bins = min(BINS, video.n_frames)
        return Facts(
            folder=study.folder,
            video=video,
            run=run,
            names=animal_names(study, number),
            time_s=frame_times(study, number),
            counts=run_summary.over_time(study, number, bins),
            speeds=run_summary.speed_over_time(study, number, bins),
            animals=run_summary.per_animal(study, number),
            areas=run_summary.area_counts(study, number, AREA_BINS),
            doubts=doubt_list(study, number),
            fragments=fragments_table(study, number) if has else None,
            crossings=crossings_table(study, number) if has else None,
            film=video.has_pictures and file_is_there(video),
        )
