"""Formats that have one answer for every animal and frame take the bouts of one watcher."""

from __future__ import annotations

from storage.errors import StudyError
from storage.writers.taking import Taken


def check_one_watcher(taken: Taken, title: str) -> None:
    """StudyError when a behaviour has bouts of several people, or of a person and an analysis."""
    bouts = taken.bouts
    who = bouts["annotator"].fillna(bouts["source"]).astype(str)
    for behaviour, names in who.groupby(bouts["behaviour"]):
        several = sorted(set(names))
        if len(several) > 1:
            raise StudyError(
                f"{behaviour} in '{taken.video.name}' was found by {' and '.join(several)}, and "
                f"{title} has room for one of them: choose with --annotator NAME."
            )
