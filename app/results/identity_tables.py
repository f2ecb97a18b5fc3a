"""Tables of identities to take away: fragments, crossings and doubts, of any videos."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from app.annotating.doubt_list import doubt_list, sentence
from app.errors import AppError
from storage.identities import (
    CROSSINGS,
    FRAGMENTS,
    TOGETHER,
    Clock,
    crossings_table,
    fragments_table,
    has_identities,
)
from storage.runs import active_run
from storage.study import Study, open_study
from storage.videos import find_video, videos

DOUBTS = (
    "video", "doubt", "kind", "animals", "start_frame", "stop_frame", "start_s", "stop_s", "score",
    "why", "state", "by", "at_utc",
)  # fmt: skip
MICRO = 6  # decimals of a second: finer than the time stamps of any film
COLUMNS = {"fragments": FRAGMENTS, "crossings": CROSSINGS, "doubts": DOUBTS}


def identity_table(folder: Path, what: str, names: Sequence[str] = ()) -> pd.DataFrame:
    """Fragments, crossings or doubts of some videos, or of all that have them."""
    makers: dict[str, Callable[[Study, int], pd.DataFrame]] = {
        "fragments": fragments_table, "crossings": crossings_table, "doubts": doubts_table,
    }  # fmt: skip
    with open_study(folder) as study:
        wanted = [find_video(study, name) for name in names] or videos(study)
        has = _tracked if what == "doubts" else has_identities
        # a video that is named must have them, and says what is wrong when it has not
        chosen = [one for one in wanted if names or has(study, one.video_id)]
        if not chosen:
            raise AppError(
                f"No video of {folder} has {what}: track one first; imported tracks have doubts "
                "only."
            )
        tables = [makers[what](study, one.video_id) for one in chosen]
    filled = [table for table in tables if len(table)]
    table = pd.concat(filled, ignore_index=True) if filled else tables[0]
    times = [column for column in table if str(column).endswith("_s")]
    return table.round(dict.fromkeys(times, MICRO))  # 1.9, not 1.9000000000000001


def doubts_table(study: Study, video_id: int) -> pd.DataFrame:
    """The doubtful places of one video with the columns of `DOUBTS`.

    `state` is open, corrected or looked at; `by` and `at_utc` say who did it, and when.
    """
    clock, table = Clock(study, video_id), doubt_list(study, video_id)
    state = np.where(table["settled"], "corrected", np.where(table["checked"], "looked at", "open"))
    rows = table.assign(
        video=clock.name,
        doubt=range(1, len(table) + 1),
        start_frame=table["frame"],
        start_s=[clock.at(frame) for frame in table["frame"]],
        stop_s=[clock.at(frame) for frame in table["stop_frame"]],
        score=table["severity"],
        why=[sentence(*pair) for pair in zip(table["animals"], table["what"], strict=True)],
        state=state,
        animals=[TOGETHER.join(names) for names in table["animals"]],
    )
    return rows[list(DOUBTS)]


def _tracked(study: Study, video_id: int) -> bool:
    return active_run(study, video_id) is not None
