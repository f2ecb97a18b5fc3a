"""Before bouts are scored: whose they are, of which animals, and what was learned from them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from app.errors import AppError
from storage.study import Study

if TYPE_CHECKING:
    from storage.videos import Video


def check_watchers(study: Study, behaviours: Sequence[str], source: str | None) -> None:
    """Refuse to guess whose bouts are scored, when no person is named.

    What no person scored must come from one source, or `source` says from which.
    """
    from storage.bouts import watchers

    for behaviour in behaviours:
        known = watchers(study, behaviour)
        sources = [name for name, person in known if person is None]
        people = [person for _, person in known if person is not None]
        if people and not sources:
            raise AppError(
                f"{behaviour} was scored by {', '.join(people)} and found by no analysis: say "
                "whose bouts are scored with --annotator."
            )
        if source is None and len(sources) > 1:
            raise AppError(
                f"{behaviour} comes from {', '.join(sources)} (no person): choose with --source."
            )
        if source is not None and source not in sources:
            raise AppError(
                f"No {behaviour} comes from {source!r} without a person. It comes from: "
                f"{', '.join(sources) or 'nowhere'}."
            )


def check_subject(
    study: Study, parts: Sequence[tuple["Video", pd.DataFrame]], subject: str
) -> None:
    """Refuse an animal that no video of the truth knows."""
    from storage.bouts import read_bouts
    from storage.videos import animal_names

    known: set[str] = set()
    for video, truth in parts:
        known |= set(animal_names(study, video.video_id).values())
        known |= {str(who) for who in read_bouts(study, video.video_id)["subject"]}
        if "subject" in truth.columns:
            known |= {str(who) for who in truth["subject"].dropna()}
    if subject not in known:
        raise AppError(
            f"No animal is called {subject!r} here. There are: "
            f"{', '.join(sorted(known)) or 'none yet'}."
        )


def names_animals(truth: pd.DataFrame) -> bool:
    """Whether a truth says of every bout which animal it is of."""
    return "subject" in truth.columns and bool(truth["subject"].notna().all())


def animals_of(
    study: Study,
    video: "Video",
    tables: Sequence[pd.DataFrame],
    watched: Mapping[str, Sequence[frozenset[str] | None]],
    subject: str | None,
) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """By behaviour, the animals to compare: all of the video that both watched for it.

    tables: the bouts of the two. watched: by behaviour, in which animals each looked, None for all.
    Also what to know of those left out.
    """
    from storage.scored_bouts import NO_SUBJECT, known_subjects

    here = known_subjects(study, video.video_id)
    found, notes = {}, []
    for behaviour, looked in watched.items():
        named = [who for t in tables for who in t.loc[t["behaviour"] == behaviour, "subject"]]
        names = list(dict.fromkeys([*here, *map(str, named)]))
        if set(named) == {NO_SUBJECT} or not names:  # about the whole scene
            names = [NO_SUBJECT]
        if subject is not None:
            names = [subject]
        left = [one for one in names if any(these is not None and one not in these
                                            for these in looked)]  # fmt: skip
        found[behaviour] = tuple(one for one in names if one not in left)
        if left:
            notes.append(f"{video.name}: {behaviour} was not looked for in {', '.join(left)}, so "
                         "these are left out")  # fmt: skip
    return found, notes


def tell_animals(
    found: pd.DataFrame, truth: pd.DataFrame, video: str, known: bool = False
) -> list[str]:
    """What to know where a truth of nobody in particular meets the bouts of several animals.

    known: the truth is of the study, so that it says whose its bouts are and who was watched.
    """
    animals = sorted({str(who) for who in found["subject"]})
    if known:
        return []
    if names_animals(truth) and len(truth):
        theirs = {str(who) for who in truth["subject"]}
        without = [name for name in animals if name not in theirs]
        if not without:
            return []
        return [
            f"{video}: the truth has no bout of {', '.join(without)}, so theirs count as wrong; if "
            "it is about one animal, say which with --subject"
        ]
    if len(animals) < 2:
        return []
    return [
        f"{video}: the truth has no column subject, so the bouts of {', '.join(animals)} are taken "
        "together; if it is about one of them, say which with --subject"
    ]


def tell_training(study: Study, behaviours: Sequence[str], names: Sequence[str]) -> list[str]:
    """What to know of a behaviour that was learned from the very videos that it is scored on."""
    from storage.learned import learned_behaviours, learned_names

    if not set(behaviours) & set(learned_names(study)):
        return []
    told = []
    for behaviour in behaviours:
        used = {
            str(part["video"])
            for one in learned_behaviours(study)
            if one.name == behaviour
            for part in one.trained_on
        }
        here = [name for name in names if name in used]
        if here:
            told.append(
                f"{behaviour} was learned from {', '.join(here)}: these scores are of videos used "
                "for training, so expect less on others"
            )
    return told
