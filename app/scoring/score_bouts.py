"""How far bouts of a study agree with a file, or two of its watchers with each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from app.errors import AppError
from app.scoring.score import read_truth, split_truth
from app.scoring.score_checks import (
    animals_of,
    check_subject,
    check_watchers,
    names_animals,
    tell_animals,
    tell_training,
)  # fmt: skip
from storage.study import Study, open_study

if TYPE_CHECKING:
    from storage.videos import Video

COLUMNS = ["behaviour", "start_frame", "stop_frame"]
WHO = ["subject", "target"]


@dataclass(frozen=True)
class Limits:
    """What counts as the same: overlap over union, seconds between starts, seconds of a scan."""

    iou: float = 0.5
    tolerance_s: float | None = None
    scan_s: float | None = None


@dataclass(frozen=True)
class Watched:
    """What two watchers saw in one video: tables of behaviour, subject, target and frames."""

    video: str
    n_frames: int
    edges_s: np.ndarray  # (n_frames + 1,)
    truth: pd.DataFrame
    found: pd.DataFrame
    notes: tuple[str, ...] = ()  # what to know about the two
    # By behaviour, the animals that both watched, each compared with itself; None: nobody knows
    # whose the truth is, and the bouts of all animals are taken together.
    animals: Mapping[str, tuple[str, ...]] | None = None


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
    are several. A point event counts as its one frame. Every animal is compared with itself, unless
    the truth does not say whose its bouts are.
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
            _watched(opened, one, part, behaviours, subject, (annotator, source), against)
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

    Columns video, subject (missing where animals are taken together), start_frame, stop_frame,
    start_s, stop_s, duration_s, truth and found: what each saw, "none" for nothing.
    """
    from llm_query.statistics.confusion import disagreeing

    tables = [
        disagreeing(*_labels(part, behaviours), part.edges_s).assign(video=one.video, subject=who)
        for one in watched
        for who, part in by_animal(one, behaviours)
    ]
    table = pd.concat(tables, ignore_index=True).rename(
        columns={"first": "truth", "second": "found"}
    )
    order = [table["video"].map({one.video: k for k, one in enumerate(watched)}),
             table["start_frame"] - table["stop_frame"], table["start_frame"]]  # fmt: skip
    table = table.iloc[np.lexsort(order[::-1])].reset_index(drop=True)
    first = ["video", "subject"]
    return table[[*first, *(name for name in table.columns if name not in first)]]


def by_animal(one: Watched, behaviours: Sequence[str]) -> list[tuple[str | None, Watched]]:
    """What both saw each animal do, for the animals that both watched for all the behaviours."""
    if one.animals is None:
        return [(None, one)]
    shared = [name for name in one.animals[behaviours[0]]
              if all(name in one.animals[other] for other in behaviours)]  # fmt: skip
    return [(who, _of(one, "subject", who)) for who in shared]


def by_pair(one: Watched, behaviour: str) -> list[tuple[str | None, str | None, Watched]]:
    """The same of one behaviour, and of each target where both always say at whom it is.

    Subject, target and what both saw of them.
    """
    both = pd.concat([one.truth, one.found])
    both = both[both["behaviour"] == behaviour]
    if one.animals is None or both.empty or both["target"].isna().any():
        return [(who, None, part) for who, part in by_animal(one, [behaviour])]
    found: list[tuple[str | None, str | None, Watched]] = []
    for who, part in by_animal(one, [behaviour]):
        at = sorted(set(both.loc[both["subject"] == who, "target"]))
        parts = [(who, str(target), _of(part, "target", target)) for target in at]
        found += parts or [(who, None, part)]
    return found


def _of(one: Watched, column: str, name: str) -> Watched:
    """What both saw of one animal, or at one target."""
    return replace(
        one,
        truth=one.truth[one.truth[column] == name],
        found=one.found[one.found[column] == name],
    )


def _scores(
    watched: Sequence[Watched], behaviours: Sequence[str], limits: Limits
) -> dict[str, Any]:
    """The scores over these videos: of the behaviour, or of each and of all together."""
    each = {name: _scores_of(watched, name, limits) for name in behaviours}
    if len(behaviours) == 1:
        return each[behaviours[0]]
    from llm_query.statistics.confusion import confusion_table, overall_kappa

    parts = [part for one in watched for _, part in by_animal(one, behaviours)]
    if not parts:
        raise AppError(f"No animal was watched for all of {', '.join(behaviours)}: score one each.")
    labels = [_labels(part, behaviours) for part in parts]
    first, second = (np.concatenate([pair[side] for pair in labels]) for side in (0, 1))
    table = confusion_table(first, second, behaviours)
    return {
        "kappa": overall_kappa(table),
        "behaviours": each,
        "confusion": {row: table.loc[row].to_dict() for row in table.index},
    }


def _scores_of(watched: Sequence[Watched], behaviour: str, limits: Limits) -> dict[str, Any]:
    from llm_query.statistics.agreement import Agreement, compare

    counts = [
        compare(
            one.truth[one.truth["behaviour"] == behaviour],
            one.found[one.found["behaviour"] == behaviour],
            one.n_frames, limits.iou, one.edges_s, limits.tolerance_s, limits.scan_s,
        )
        for each in watched
        for _, _, one in by_pair(each, behaviour)
    ]  # fmt: skip
    nobody = Agreement(0, 0, 0, 0, 0, 0, 0, 0, 0, (0, 0, 0, 0))  # no animal that both watched
    return dict((reduce(add, counts) if counts else nobody).scores())


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

    return set.intersection(*(set(looked_for(study, one, annotator)) for one in behaviours))


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
    scored: tuple[str | None, str | None],
    against: str | None,
) -> Watched:
    from storage.bouts import frame_edges, read_bouts

    annotator, source = scored
    found = read_bouts(study, video.video_id)
    own = found["annotator"].isna() if annotator is None else found["annotator"] == annotator
    found = found[own & ((found["source"] == source) | (source is None))]
    if subject is not None:
        found = found[found["subject"] == subject]
        if "subject" in truth.columns:
            truth = truth[truth["subject"] == subject]
    edges_s = frame_edges(study, video.video_id)
    tables = _frames(truth), _frames(found)
    here = [table[table["behaviour"].isin(behaviours)] for table in tables]
    notes = tell_animals(here[1], here[0], video.name, known=against is not None)
    animals = None
    if against is not None or names_animals(truth):
        watched = {
            name: [_looked_at(study, name, video.name, *scored)]
            + ([_looked_at(study, name, video.name, against, None)] if against else [])
            for name in behaviours
        }
        animals, left = animals_of(study, video, here, watched, subject)
        notes += left
    return Watched(video.name, video.n_frames, edges_s, *tables, tuple(notes), animals)


def _looked_at(
    study: Study, behaviour: str, video: str, annotator: str | None, source: str | None
) -> frozenset[str] | None:
    """In which animals of a video a watcher looked for it; None for all."""
    from storage.bouts import looked_for

    return looked_for(study, behaviour, annotator, source).get(video)


def _frames(table: pd.DataFrame) -> pd.DataFrame:
    """Behaviour, who, and whole frames; a point event lasts its own frame."""
    frames = table[COLUMNS].astype({"start_frame": int, "stop_frame": int})
    for name in WHO:
        frames[name] = table[name].astype(object) if name in table.columns else None
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
