"""How far the tracks of a video can be trusted: doubtful places and unsure identities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from app.annotating.doubt_list import doubt_list
from app.library import VideoRow, reading
from storage.doubts import read_paths
from storage.edit_tracks import tracks_version
from storage.runs import active_run
from tracking.identities.doubt import Limits

GOOD_PER_MINUTE, GOOD_UNSURE, GOOD_FOUND = 4.0, 0.05, 0.9  # beyond these a track is doubtful


@dataclass(frozen=True)
class Quality:
    """What is known of a video's present tracks."""

    found: float  # of all (animal, frame) pairs, 0 to 1
    unsure: float | None  # share of frames with an identity below Limits.low_confidence
    places: int  # doubtful ones that nobody has corrected or ticked off
    per_minute: float  # and arena

    @property
    def doubtful(self) -> bool:
        """Whether a person should look before using the tracks."""
        return (
            self.found < GOOD_FOUND
            or (self.unsure or 0.0) > GOOD_UNSURE
            or self.per_minute > GOOD_PER_MINUTE
        )


def quality_of(study: Path, video_id: int) -> Quality | None:
    """The quality of the present tracks; None for a video that is not tracked.

    It is worked out once for each state of the tracks: 0.4 s for 200 000 frames of three animals.
    """
    with reading(study) as opened:
        version = tracks_version(opened, video_id)
    return None if version is None else _quality(study, video_id, version)


@lru_cache(maxsize=512)
def _quality(study: Path, video_id: int, version: str) -> Quality:
    with reading(study) as opened:
        run = active_run(opened, video_id)
        paths = read_paths(opened, video_id)
        table = doubt_list(opened, video_id, paths=paths)
    known = np.isfinite(paths.confidence)
    low = (known & (paths.confidence < Limits().low_confidence)).any(1)
    # each of several arenas is a recording of its own
    arenas = len(run.settings.get("asked", {}).get("arenas") or [0]) if run else 1
    open_places = int((~table["settled"].astype(bool) & ~table["checked"].astype(bool)).sum())
    minutes = max(float(paths.time_s[-1]) / 60, 1 / 60)
    return Quality(
        float(run.share_detected or 0.0) if run else 0.0,
        float(low.mean()) if known.any() else None,
        open_places,
        open_places / max(minutes, 1.0) / arenas,
    )


def quality_words(quality: Quality) -> str:
    """What the quality is, in a line.

    >>> quality_words(Quality(1.0, 0.7768, 17, 17.0))
    'found in 100.0 % of frames · identities unsure in 77.7 % of frames · 17 doubtful places'
    >>> quality_words(Quality(0.998, 0.0, 0, 0.0))
    'found in 99.8 % of frames · no doubtful places'
    """
    parts = [f"found in {quality.found:.1%} of frames".replace("%", " %")]
    if quality.unsure:
        parts.append(f"identities unsure in {quality.unsure:.1%} of frames".replace("%", " %"))
    many = quality.places or "no"
    parts.append(f"{many} doubtful place{'' if quality.places == 1 else 's'}")
    return " · ".join(parts)


def suggested_animals(rows: Sequence[VideoRow], row: VideoRow) -> int | None:
    """The number of animals of the tracked video before this one in the list, else of any."""
    order = [one.video.video_id for one in rows]
    here = order.index(row.video.video_id) if row.video.video_id in order else len(rows)
    for one in [*reversed(rows[:here]), *rows[here:]]:
        if one.animals and one is not row:
            return len(one.animals)
    return None
