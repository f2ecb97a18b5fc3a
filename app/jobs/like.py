"""Tracking like a run before: from its stored settings and its picture of the empty arena."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.errors import AppError
from tracking.arenas.division import Arena, Arenas
from tracking.networks.running.settings import NetworkSettings
from tracking.subtraction.background import BackgroundSettings

NOT_BY_HAND = (  # of what was asked for
    "n_animals", "arenas", "identification", "segmenter", "weights", "sha256", "device",
    "association",
)  # fmt: skip


@dataclass(frozen=True)
class Like:
    """A run as it was kept, and all that decides its result."""

    run_id: str
    content_hash: str | None  # of its film
    settings: dict[str, Any]  # how animals are found
    asked: dict[str, Any]
    tuning: dict[str, float]
    method: str  # how animals are told apart by what they look like
    background: Path
    network: dict[str, Any] | None = None  # that found the animals; None: background subtraction

    @property
    def n_animals(self) -> int:
        """How many animals were tracked."""
        return int(self.asked["n_animals"])

    @property
    def by_hand(self) -> dict[str, Any]:
        """The settings that a person had chosen."""
        return {name: one for name, one in self.asked.items() if name not in NOT_BY_HAND}

    def arenas(self, width: int, height: int) -> Arenas | None:
        """The arenas that were tracked each on its own, in a picture of this size."""
        record = self.asked.get("arenas")
        if not record:
            return None
        places = (
            Arena(name, tuple((float(x), float(y)) for x, y in corners), int(number))
            for name, number, corners in record
        )
        return Arenas(tuple(places), width, height)

    def plan(self) -> dict[str, Any]:
        """What a job begins with instead of looking for settings."""
        return {
            "settings": self.settings, "tuning": self.tuning, "notes": [],
            "identification": self.method,
        }  # fmt: skip


def read_like(study: Path, run: str) -> Like:
    """A run by its name in a study, or by the folder that it is kept in."""
    folder = Path(run) if Path(run).is_dir() else study / "runs" / run
    file, picture = folder / "settings.json", folder / "background.png"
    if not (file.is_file() and picture.is_file()):
        raise AppError(
            f"There is no run {run} with its settings in {study / 'runs'}: give the name of a run "
            "as its report says it, or the folder STUDY/runs/RUN of another study."
        )
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
        asked = {**stored["asked"]}
        # what is newer than the run keeps the value that does nothing
        network = stored.get("network")
        usual = (NetworkSettings() if network else BackgroundSettings()).to_dict()
        known = {name: stored.get(name, value) for name, value in usual.items()}
        found = stored.get("identification", {"method": "none"})["method"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AppError(
            f"{file} does not say how its run was made ({error}): track without --like."
        ) from error
    return Like(
        folder.name, stored.get("content_hash"), known, asked, stored.get("tuning", {}), found,
        picture, network,
    )  # fmt: skip
