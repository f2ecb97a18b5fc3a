"""A training under way: its own folder in the study, from which it goes on after a kill."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from app.errors import AppError
from tracking.networks.teaching.plans import Epoch
from tracking.networks.teaching.training import read_curve

FOLDER = "training"  # of a study
ASKED, NOTES = "asked.json", "notes.txt"


@dataclass(frozen=True)
class Interrupted:
    """A training that stopped half way."""

    name: str
    epoch: int  # the last one that is whole
    epochs: int
    seconds: float
    started: str  # ISO 8601, UTC


@dataclass(frozen=True)
class Place:
    """The folder in which one network is being trained."""

    study: Path
    name: str

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self.study / FOLDER / self.name

    @property
    def asked(self) -> dict[str, Any] | None:
        """What the training that stopped here was asked for; None when there is none."""
        try:
            return dict(json.loads((self.folder / ASKED).read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return None

    @property
    def minutes(self) -> float | None:
        """The limit of time of the training that stopped here; None where there is none."""
        limit = ((self.asked or {}).get("settings") or {}).get("minutes")
        return None if limit is None else float(limit)

    def begin(self, asked: dict[str, Any]) -> None:
        """Note what is asked for, before anything is done."""
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = self.folder / f".{ASKED}"
        draft.write_text(json.dumps(asked), encoding="utf-8")
        draft.replace(self.folder / ASKED)

    def note(self, line: str) -> None:
        """Keep a line of news, once."""
        if line not in self.notes():
            with (self.folder / NOTES).open("a", encoding="utf-8") as file:
                file.write(line + "\n")

    def notes(self) -> list[str]:
        """The lines of news so far."""
        try:
            return (self.folder / NOTES).read_text(encoding="utf-8").splitlines()
        except OSError:
            return []

    def curve(self) -> list[Epoch]:
        """The points of the curve so far."""
        return read_curve(self.folder)

    def clear(self) -> None:
        """Take all of it away."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let one process at a time train under this name."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder.parent / f".{self.name}.lock", timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise AppError(
                f"{self.name} is being trained in this study by another process. Wait for it to "
                "end, or give another --name."
            ) from error
        try:
            yield
        finally:
            lock.release()


def interrupted(study: Path) -> list[Interrupted]:
    """The trainings that stopped half way, and those that are still going on."""
    found = []
    for file in sorted((study / FOLDER).glob(f"*/{ASKED}")):
        place = Place(study, file.parent.name)
        asked, curve = place.asked, place.curve()
        if asked is None:
            continue
        last = curve[-1] if curve else None
        found.append(
            Interrupted(
                place.name,
                last.epoch if last else 0,
                last.epochs if last else int(asked["settings"]["epochs"]),
                last.seconds if last else 0.0,
                str(asked.get("started", "")),
            )
        )
    return found
