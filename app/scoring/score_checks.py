"""Before bouts are scored: whose they are, of which animals, and what was learned from them."""

from collections.abc import Sequence
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


def tell_animals(found: pd.DataFrame, truth: pd.DataFrame, video: str) -> list[str]:
    """What to know where a truth of nobody in particular meets the bouts of several animals."""
    animals = sorted({str(who) for who in found["subject"]})
    named = "subject" in truth.columns and truth["subject"].notna().any()
    if named or len(animals) < 2:
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
