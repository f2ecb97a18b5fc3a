"""One video that is to be tracked: what is asked for, how far it is, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.jobs.like import Like
from app.jobs.network_work import NetworkTask
from app.jobs.progress import Progress
from app.setting_up.arenas import record_of
from storage.runs import Run
from tracking.arenas.division import Arenas
from tracking.identities.evidence import AUTO
from tracking.networks.running.association import OWN, Association
from tracking.pipeline import Tables
from tracking.video import VideoInfo

SEGMENTER = "background"


@dataclass(frozen=True)
class Chosen:
    """The settings of a run, how well they did on the sampled frames, and what is doubtful."""

    settings: dict[str, Any]  # as --set takes them
    tuning: dict[str, float]  # score and its parts, 0 to 1
    warnings: list[str] = field(default_factory=list)
    found_by: str = ""  # the network and what runs it, in words


OnProgress = Callable[[Progress], None]
OnSettings = Callable[[Chosen], None]


@dataclass(frozen=True)
class Task:
    """What is to be done, and where its work in progress lies."""

    info: VideoInfo
    n_animals: int
    by_hand: dict[str, Any]
    place: Path
    workers: int = 1
    arenas: Arenas | None = None  # tracked each on its own
    identification: str = AUTO  # how animals are told apart by what they look like
    like: Like | None = None  # a run of the same film, to be made again
    network: NetworkTask | None = None  # that finds the animals; None: background subtraction
    association: Association = OWN  # who follows them

    @property
    def asked(self) -> dict[str, Any]:
        """What a person asked for: the same again is the same run."""
        return asked_for(
            self.n_animals, self.by_hand, self.arenas, self.identification, self.network,
            self.association,
        )  # fmt: skip


@dataclass(frozen=True)
class Finished:
    """A run that is ready to be stored."""

    run: Run
    tables: Tables
    warnings: list[str]
    new_frames: int  # segmented now; the others were done by sessions before


def asked_for(
    n_animals: int, by_hand: dict[str, Any], arenas: Arenas | None, identification: str = AUTO,
    network: NetworkTask | None = None, association: str = OWN,
) -> dict[str, Any]:  # fmt: skip
    """What a person asked for, as it is stored with the run."""
    asked = {"n_animals": n_animals, **by_hand, **(network.asked if network else {})}
    if association != OWN:
        asked["association"] = association
    if identification != AUTO:
        asked["identification"] = identification
    return asked if arenas is None else {**asked, "arenas": record_of(arenas)}


def quiet(_: object) -> None:
    """News that nobody listens to."""
