"""How far bouts of a study agree with a file, or two of its watchers with each other."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from app.errors import AppError
from app.scoring.score import read_truth, split_truth
from app.scoring.score_checks import check_subject, check_watchers, tell_animals, tell_training
from storage.study import Study, open_study

if TYPE_CHECKING:
    from storage.videos import Video

COLUMNS = ["behaviour", "start_frame", "stop_frame"]


@dataclass(frozen=True)
class Limits:
    """What counts as the same: overlap over union, seconds between starts, seconds of a scan."""

    iou: float = 0.5
    tolerance_s: float | None = None
    scan_s: float | None = None


@dataclass(frozen=True)
class Watched:
    """What two watchers saw in one video: tables of behaviour, start_frame, stop_frame."""

    video: str
    n_frames: int
    edges_s: np.ndarray  # (n_frames + 1,)
    truth: pd.DataFrame
    found: pd.DataFrame
    notes: tuple[str, ...] = ()  # what to know about the two


def read_watched(
    study: Path,
    behaviours: Sequence[str],
    truth: Path | None = None,
    video: str | None = None,
    subject: str | None = None,
    annotator: str | None = None,
    against: str | None = None,
    source: str | None = None,
) -> list[Watched]:
    """Read what is compared: bouts of the study, with a CSV or with those of a person.

    truth: a CSV with start_frame, stop_frame (the first frame after the bout), and where needed
    video, subject, behaviour. against: instead, the annotator whose bouts are the truth, in the
    videos that this person scored (and the annotator, if one is named). annotator: whose bouts are
    scored; without it those that no person scored, of one source, which `source` names where there
    are several. A point event counts as its one frame.
    """
    if (truth is None) == (against is None):
        raise AppError("Say what is true: --truth CSV, or --against ANNOTATOR of this study.")
    with open_study(study) as opened:
        _check_behaviours(opened, behaviours)
        if truth is not None:
            parts = _from_file(opened, truth, behaviours, video)
        else:
            parts = _of_person(opened, str(against), behaviours, video)
        if annotator is not None:
            parts = _also_scored_by(opened, annotator, behaviours, parts)
        else:
            check_watchers(opened, behaviours, source)
        if subject is not None:
            check_subject(opened, parts, subject)
        watched = [
            _watched(opened, one, part, behaviours, subject, annotator, source)
            for one, part in parts
        ]
        if annotator is None and watched:
            told = tell_training(opened, behaviours, [one.video for one in watched])
            watched[0] = replace(watched[0], notes=(*watched[0].notes, *told))
        return watched


def score_watched(
    watched: Sequence[Watched], behaviours: Sequence[str], limits: Limits
) -> dict[str, Any]:
    """Score one behaviour, or several with their confusion; over all, and under `videos` each."""
    whole = _scores(watched, behaviours, limits)
    return {**whole, "videos": {one.video: _scores([one], behaviours, limits) for one in watched}}


def list_differences(watched: Sequence[Watched], behaviours: Sequence[str]) -> pd.DataFrame:
    """The stretches in which the two watchers differ, longest first in every video.

    Columns video, start_frame, stop_frame, start_s, stop_s, duration_s, truth and found: what each
    saw, "none" for nothing.
    """
    from llm_query.statistics.confusion import disagreeing

    tables = [
        disagreeing(*_labels(one, behaviours), one.edges_s).assign(video=one.video)
        for one in watched
    ]
    table = pd.concat(tables, ignore_index=True).rename(
        columns={"first": "truth", "second": "found"}
    )
    return table[["video", *(name for name in table.columns if name != "video")]]


def _scores(
    watched: Sequence[Watched], behaviours: Sequence[str], limits: Limits
) -> dict[str, Any]:
    """The scores over these videos: of the behaviour, or of each and of all together."""
    each = {name: _scores_of(watched, name, limits) for name in behaviours}
    if len(behaviours) == 1:
        return each[behaviours[0]]
    from llm_query.statistics.confusion import confusion_table, overall_kappa

    labels = [_labels(one, behaviours) for one in watched]
    first, second = (np.concatenate([pair[side] for pair in labels]) for side in (0, 1))
    table = confusion_table(first, second, behaviours)
    return {
        "kappa": overall_kappa(table),
        "behaviours": each,
        "confusion": {row: table.loc[row].to_dict() for row in table.index},
    }


def _scores_of(watched: Sequence[Watched], behaviour: str, limits: Limits) -> dict[str, Any]:
    from llm_query.statistics.agreement import compare

    counts = [
        compare(
            one.truth[one.truth["behaviour"] == behaviour],
            one.found[one.found["behaviour"] == behaviour],
            one.n_frames, limits.iou, one.edges_s, limits.tolerance_s, limits.scan_s,
        )
        for one in watched
    ]  # fmt: skip
    return dict(reduce(add, counts).scores())


def _labels(one: Watched, behaviours: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    from llm_query.statistics.confusion import label_frames

    return (
        label_frames(one.truth, one.n_frames, behaviours, "The truth"),
        label_frames(one.found, one.n_frames, behaviours, "The found bouts"),
    )


def _from_file(
    study: Study, truth: Path, behaviours: Sequence[str], video: str | None
) -> list[tuple["Video", pd.DataFrame]]:
    """The truth file's part about each video, with a behaviour in every row."""
    frames = ("start_frame", "stop_frame")
    table = read_truth(truth, frames, numbers=frames)
    if "behaviour" not in table.columns:
        if len(behaviours) > 1:
            raise AppError(f"{truth} has no column behaviour, so it is about one only.")
        table["behaviour"] = behaviours[0]
    missing = [name for name in behaviours if name not in set(table["behaviour"])]
    if missing and len(table):
        known = ", ".join(sorted({str(name) for name in table["behaviour"].dropna()}))
        raise AppError(f"{truth} has no {missing[0]}. It has: {known}.")
    return split_truth(study, table, video, truth, tracked=False)


def _of_person(
    study: Study, annotator: str, behaviours: Sequence[str], video: str | None
) -> list[tuple["Video", pd.DataFrame]]:
    """What a person scored in each video that this person watched for all the behaviours."""
    from storage.bouts import read_bouts
    from storage.videos import find_video, videos

    _check_annotator(study, annotator)
    table = read_bouts(study)
    table = table[table["annotator"] == annotator]
    asked = [find_video(study, video)] if video else videos(study)
    looked = _looked(study, annotator, behaviours)
    parts = [(one, table[table["video"] == one.name]) for one in asked if one.name in looked]
    if not parts and video and asked[0].name not in set(table["video"]):
        raise AppError(f"{annotator} scored nothing in {asked[0].name}: choose another video.")
    if not parts:
        where = asked[0].name if video else "any video"
        raise AppError(
            f"{annotator} has not watched {where} to the end for {', '.join(behaviours)}: tick it "
            "under the player on the Annotate page when that is done."
        )
    return parts


def _looked(study: Study, annotator: str, behaviours: Sequence[str]) -> set[str]:
    """Names of the videos that this person watched to the end for each of the behaviours."""
    from storage.bouts import looked_for

    return set.intersection(*(looked_for(study, one, annotator) for one in behaviours))


def _also_scored_by(
    study: Study,
    annotator: str,
    behaviours: Sequence[str],
    parts: list[tuple["Video", pd.DataFrame]],
) -> list[tuple["Video", pd.DataFrame]]:
    """The videos that this person watched, too: where somebody did not look, nobody agrees."""
    _check_annotator(study, annotator)
    looked = _looked(study, annotator, behaviours)
    kept = [(video, part) for video, part in parts if video.name in looked]
    if not kept:
        names = ", ".join(video.name for video, _ in parts)
        raise AppError(
            f"{annotator} scored none of the videos to compare ({names}) to the end for "
            f"{', '.join(behaviours)}."
        )
    return kept


def _watched(
    study: Study,
    video: "Video",
    truth: pd.DataFrame,
    behaviours: Sequence[str],
    subject: str | None,
    annotator: str | None,
    source: str | None,
) -> Watched:
    from storage.bouts import frame_edges, read_bouts

    found = read_bouts(study, video.video_id)
    own = found["annotator"].isna() if annotator is None else found["annotator"] == annotator
    found = found[own & ((found["source"] == source) | (source is None))]
    notes: list[str] = []
    if subject is None:
        notes = tell_animals(found[found["behaviour"].isin(behaviours)], truth, video.name)
    else:
        found = found[found["subject"] == subject]
        if "subject" in truth.columns:
            truth = truth[truth["subject"] == subject]
    edges_s = frame_edges(study, video.video_id)
    return Watched(
        video.name, video.n_frames, edges_s, _frames(truth), _frames(found), tuple(notes)
    )


def _frames(table: pd.DataFrame) -> pd.DataFrame:
    """The three columns in whole frames; a point event lasts its own frame."""
    frames = table[COLUMNS].astype({"start_frame": int, "stop_frame": int})
    if "kind" in table.columns:
        point = (table["kind"] == "point").to_numpy()
        frames.loc[point, "stop_frame"] = frames.loc[point, "start_frame"] + 1
    return frames.reset_index(drop=True)


def _check_behaviours(study: Study, behaviours: Sequence[str]) -> None:
    """Refuse a behaviour that the study never heard of; one with zero bouts is fine."""
    from storage.analyses import analyses
    from storage.bouts import read_bouts

    known = {str(name) for name in read_bouts(study)["behaviour"].unique()}
    known |= {str(kept.name) for kept in analyses(study) if kept.name}
    for behaviour in behaviours:
        if behaviour not in known:
            raise AppError(
                f"The study has no behaviour {behaviour!r}. It has: "
                f"{', '.join(sorted(known)) or 'none yet (ask with --save NAME makes one)'}."
            )


def _check_annotator(study: Study, annotator: str) -> None:
    from storage.bouts import everybody

    known = [person for person, _ in everybody(study) if person is not None]
    if annotator not in known:
        raise AppError(
            f"Nobody called {annotator!r} scored anything in this study. It has: "
            f"{', '.join(known) or 'no person yet'}."
        )
