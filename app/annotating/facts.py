"""What the player must know to score: the ethogram, who scores, and what can be taken back."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app import library
from app.server.identity import Person
from storage.edits import next_steps
from storage.ethogram import Behaviour, read_ethogram
from storage.scored_bouts import known_subjects
from storage.videos import find_video

SCORER = "annotator"  # the role it takes


def score_facts(
    study: Path, video_id: int, person: Person | None = None, scorer: str = ""
) -> dict[str, Any]:
    """Facts for the scoring tool of the player, beside those of `library.player_facts`.

    `annotator` is the signed-in name, None where the browser itself asks for one; `user` is what
    it then proposes. `steps` say what an undo and a redo would be of, for the name `scorer` where
    one was given. A person who may only look gets `mayEdit` false.
    """
    with library.reading(study) as opened:
        video_id = find_video(opened, video_id).video_id
        behaviours = read_ethogram(opened)
        subjects = known_subjects(opened, video_id)
        name = person.name if person else user()
        steps = next_steps(opened, video_id, "bouts", scorer or name)
    return {
        "ethogram": [behaviour_facts(one) for one in behaviours],
        "subjects": subjects or ["animal1"],
        "user": name,
        "annotator": person.name if person and person.signed_in else None,
        "steps": steps,
        "mayEdit": person is None or person.may(SCORER),
    }


def behaviour_facts(one: Behaviour) -> dict[str, Any]:
    """One behaviour as the player reads it."""
    return asdict(one)


def user() -> str:
    """The name of the account that the server runs in."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a machine without accounts, as some containers
        return "me"
