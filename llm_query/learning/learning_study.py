"""Learning in a study: from its scored bouts to a kept behaviour, and from that to new bouts."""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pandas as pd

from llm_query.algebra.intervals import cover
from llm_query.errors import QueryError
from llm_query.learning.trained import LearnedBehaviour, stored_behaviour
from llm_query.learning.training import Progress, learn
from llm_query.learning.validation import Scored
from llm_query.recording import Recording
from storage.bouts import ANALYSIS, looked_for, read_bouts, save_bouts
from storage.errors import StudyError
from storage.learned import Learned, find_learned, save_learned, stored_row
from storage.runs import active_run
from storage.snapshot import write_snapshot
from storage.study import Study, open_study
from storage.videos import find_video, videos

Span = tuple[float, float]


def learn_in_study(
    study_folder: Path | str,
    behaviour: str,
    *,
    name: str | None = None,
    annotator: str | None = None,
    only_videos: Sequence[str] = (),
    subjects: Sequence[str] = (),
    span_s: Span | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Learned:
    """Learn a behaviour from what a person scored, and keep it as the next version of its name.

    annotator: whose bouts; needed when several people scored. only_videos: the videos that were
    scored (also one in which it never happens); by default all with bouts of it that were watched
    to the end, for what was not watched would be taken for its absence. subjects: the
    animals that were watched; by default those this person scored anything of. span_s: seconds
    from and to which every video was scored; by default all of it.
    """
    with _study(study_folder) as study:
        scored = _scored_bouts(study, behaviour, annotator)
        people = scored["annotator"].dropna()
        annotator = str(people.iloc[0]) if len(people) else None
        if not only_videos and span_s is None:
            scored = _watched_to_the_end(study, scored, behaviour, annotator, progress)
        chosen = _videos(study, scored, behaviour, only_videos)
        if progress and not only_videos:
            for left in sorted(set(scored["video"]) - set(chosen)):
                progress(f"{left} is left out: it is not tracked", 1, 1)
        recordings = [_recording(study, video) for video in chosen]
        everything = read_bouts(study)
    theirs = everything[_of(everything, annotator)]
    towards = _target_kind(scored, recordings, behaviour)
    items = [
        item
        for recording in recordings
        for item in _watched(recording, scored, theirs, towards, subjects, span_s)
    ]
    found, settings = learn(items, name or behaviour, seed=seed, progress=progress)
    row = _row(found, settings, behaviour, annotator, items)
    with _study(study_folder, write=True) as study:
        return replace(row, version=save_learned(study, row))


def apply_in_study(
    study_folder: Path | str, name: str, progress: Progress | None = None
) -> tuple[dict[str, int], dict[str, str]]:
    """Store the bouts of a learned behaviour in every tracked video, in place of earlier ones.

    Returns how many bouts each video has now, and why the others have none.
    """
    with _study(study_folder) as study:
        behaviour = stored_behaviour(stored_row(find_learned(study, name)))
        tracked = [v.name for v in videos(study) if active_run(study, v.video_id) is not None]
    counts: dict[str, int] = {}
    refused: dict[str, str] = {}
    for number, video in enumerate(tracked):
        if progress:
            progress(f"applying to {video}", number, len(tracked))
        with _study(study_folder) as study:
            recording = _recording(study, video)
        try:
            found = _bouts_of(recording, behaviour)
        except QueryError as error:
            refused[video] = str(error)
            continue
        with _study(study_folder, write=True) as study:
            video_id = find_video(study, video).video_id
            counts[video] = save_bouts(study, video_id, found, behaviour=name, source=ANALYSIS)
    return counts, refused


def _bouts_of(recording: Recording, behaviour: LearnedBehaviour) -> pd.DataFrame:
    """Bouts of every animal (towards every other one) as a table to save."""
    tables = []
    for subject, target in _pairs(recording, recording.animals, behaviour.target_kind):
        probability = behaviour.probability(recording, subject, target)
        found = behaviour.decision.bouts(recording, probability, subject, target)
        said = behaviour.definition(behaviour.decision)
        tables.append(found.named(behaviour.name, said).to_frame())
    return pd.concat(tables, ignore_index=True)


@contextmanager
def _study(folder: Path | str, write: bool = False) -> Iterator[Study]:
    """Open the study briefly; its complaints come out as this package's error."""
    try:
        with open_study(folder, write=write) as study:
            yield study
    except StudyError as error:
        raise QueryError(str(error)) from error


def _recording(study: Study, video: str) -> Recording:
    with tempfile.TemporaryDirectory(prefix="ethoscribe-learn-") as folder:
        write_snapshot(study, find_video(study, video).video_id, folder, False, learned=())
        return Recording.load(folder)


def _of(table: pd.DataFrame, annotator: str | None) -> pd.Series:
    """Which bouts are states that this person scored."""
    same = table["annotator"].isna() if annotator is None else table["annotator"] == annotator
    return same & (table["source"] != ANALYSIS) & (table["kind"] == "state")


def _scored_bouts(study: Study, behaviour: str, annotator: str | None) -> pd.DataFrame:
    """The states that one person scored of the behaviour."""
    everything = read_bouts(study)
    person = everything[(everything["source"] != ANALYSIS) & (everything["kind"] == "state")]
    mine = person[person["behaviour"] == behaviour]
    if mine.empty:
        known = ", ".join(sorted(person["behaviour"].unique())) or "nothing yet"
        raise QueryError(
            f'No bouts of "{behaviour}" were scored by a person (scored: {known}). Import or '
            "score some with a start and a stop, then learn."
        )
    people = list(dict.fromkeys(None if pd.isna(who) else str(who) for who in mine["annotator"]))
    if annotator is not None:
        if annotator not in people:
            said = ", ".join(who or "someone without a name" for who in people)
            raise QueryError(f'{annotator} scored no "{behaviour}"; it was scored by {said}.')
        return mine[mine["annotator"] == annotator]
    if len(people) > 1:
        said = ", ".join(who or "someone without a name" for who in people)
        raise QueryError(
            f'"{behaviour}" was scored by several people ({said}): name one with --annotator.'
        )
    return mine


def _watched_to_the_end(
    study: Study,
    scored: pd.DataFrame,
    behaviour: str,
    annotator: str | None,
    progress: Progress | None,
) -> pd.DataFrame:
    """The bouts of the videos that this person has finished."""
    finished = looked_for(study, behaviour, annotator)
    kept = scored[scored["video"].isin(finished)]
    if kept.empty:
        raise QueryError(
            f'No video was watched to the end for "{behaviour}": tick it under the player on the '
            "Annotate page when that is done, or name the videos, or the seconds that were scored."
        )
    if progress:
        for left in sorted(set(scored["video"]) - {*finished}):
            progress(f"{left} is left out: it is not watched to the end", 1, 1)
    return kept


def _videos(study: Study, scored: pd.DataFrame, behaviour: str, only: Sequence[str]) -> list[str]:
    names = [find_video(study, one).name for one in only] or list(scored["video"].unique())
    tracked = [n for n in names if active_run(study, find_video(study, n).video_id) is not None]
    missing = [name for name in names if name not in tracked]
    if missing and (only or not tracked):
        raise QueryError(
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not tracked yet: track "
            f'or import poses first, then learn "{behaviour}".'
        )
    return tracked


def _target_kind(scored: pd.DataFrame, recordings: Sequence[Recording], behaviour: str) -> str:
    """Whether the behaviour is done to another animal; regions and objects are left out."""
    animals = {r.video: set(r.animals) for r in recordings}
    here = scored[scored["video"].isin(animals)]
    towards = [
        t is not None and t in animals[v]
        for v, t in zip(here["video"], here["target"], strict=True)
    ]
    if any(towards) and not all(towards):
        raise QueryError(
            f'Some bouts of "{behaviour}" are scored towards an animal and some are not: name the '
            "other animal in all of them, or in none."
        )
    return "animal" if towards and all(towards) else "none"


def _pairs(
    recording: Recording, subjects: Sequence[str], kind: str
) -> list[tuple[str, str | None]]:
    if kind == "none":
        return [(subject, None) for subject in subjects]
    return [(s, other) for s in subjects for other in recording.animals if other != s]


def _watched(
    recording: Recording,
    scored: pd.DataFrame,
    theirs: pd.DataFrame,
    kind: str,
    subjects: Sequence[str],
    span_s: Span | None,
) -> list[Scored]:
    """One item per animal (and partner) that the person watched in this video."""
    mine = scored[scored["video"] == recording.video]
    who = [_animal(recording, str(s)) for s in mine["subject"]]
    other = theirs[theirs["video"] == recording.video]["subject"]
    named = set(subjects) or {*who, *(str(s) for s in other)} or set(recording.animals)
    watched = [animal for animal in recording.animals if animal in named]
    if not watched:
        raise QueryError(
            f"{recording.video} has no animal {', '.join(sorted(named))}, only "
            f"{', '.join(recording.animals)}: name one of these, or leave the video out."
        )
    span = np.ones(recording.n_frames, dtype=bool)
    if span_s is not None:
        span = (recording.time_s >= span_s[0] - 1e-6) & (recording.time_s < span_s[1] - 1e-6)
    found = []
    for subject, target in _pairs(recording, watched, kind):
        rows = np.array([s == subject for s in who], dtype=bool)
        if target is not None:
            rows &= (mine["target"] == target).to_numpy(dtype=bool)
        start, stop = (mine[c].to_numpy()[rows] for c in ("start_frame", "stop_frame"))
        truth = cover(start, stop, recording.n_frames)
        found.append(Scored(recording, subject, target, truth, span))
    return found


def _animal(recording: Recording, subject: str) -> str:
    """The subject of a bout among the animals; with one animal only, it is that one."""
    if subject in recording.animals:
        return subject
    if len(recording.animals) == 1:
        return recording.animals[0]
    raise QueryError(
        f"{recording.video} has bouts of {subject}, but its animals are "
        f"{', '.join(recording.animals)}: rename the animal, or correct the bouts."
    )


def _row(
    found: LearnedBehaviour,
    settings: dict[str, object],
    behaviour: str,
    annotator: str | None,
    items: Sequence[Scored],
) -> Learned:
    decision = found.decision
    return Learned(
        name=found.name, version=0, behaviour=behaviour, annotator=annotator,
        target_kind=found.target_kind, length_unit=found.length_unit,
        features=list(found.features), model=found.forest.to_bytes(),
        settings={
            "decision": {
                "min_probability": decision.min_probability,
                "merge_gap_s": decision.merge_gap_s,
                "min_duration_s": decision.min_duration_s,
            },
            "calibration": [list(each) for each in found.calibration],
            "training": settings,
        },
        report=dict(found.report),
        trained_on=[
            {
                "video": item.recording.video, "subject": item.subject, "target": item.target,
                "seconds": item.seconds, "bouts": item.bouts,
            }
            for item in items
        ],
        versions=_versions(),
        created_at=datetime.now(UTC),
    )  # fmt: skip


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in ("ethoscribe", "numpy", "scikit-learn"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found
