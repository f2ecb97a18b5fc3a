"""What tracking one video gave, in numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from storage.runs import Run
from storage.videos import Video


@dataclass(frozen=True)
class TrackSummary:
    """What a job did."""

    video: str
    run_id: str
    frames: int
    seconds: float  # of this session
    share_detected: float  # of all (frame, animal) pairs, 0 to 1
    settings: dict[str, Any]
    skipped: bool = False
    tuning: dict[str, float] = field(default_factory=dict)  # score and its parts, 0 to 1
    warnings: list[str] = field(default_factory=list)
    new_frames: int = 0  # segmented in this session
    removed_bouts: dict[str, int] = field(default_factory=dict)  # by saved analysis
    doubtful: int = 0  # places that a person should look at


def summary_of(video: Video, run: Run, seconds: float, **more: Any) -> TrackSummary:
    """The summary of a run that is in the study."""
    about = ("asked", "tuning", "identification", "content_hash", "network", "association")
    chosen = {key: value for key, value in run.settings.items() if key not in about}
    share, tuning = float(run.share_detected or 0.0), run.settings.get("tuning", {})
    return TrackSummary(
        video.name, run.run_id, video.n_frames, seconds, share, chosen, tuning=tuning, **more
    )
