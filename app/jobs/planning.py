"""What is decided about a video before the long work: its settings, and what is doubtful of them.

They lie in `plan.json` beside the work, with a picture of the empty arena, and hold for every
session of it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from app.errors import AppError
from app.jobs.arena_notes import noticed
from app.jobs.clock import write_json, write_whole
from app.jobs.network_work import NetworkTask, tuned_network
from app.jobs.tracking_task import Task
from tracking.arenas.tuning import tune_arenas
from tracking.errors import TrackingError
from tracking.identities.evidence import Method, chosen_method
from tracking.networks.running.choices import Choice
from tracking.networks.running.settings import NetworkSettings
from tracking.subtraction.background import BackgroundSettings
from tracking.subtraction.empty_arena import ranked
from tracking.subtraction.tuning import Tuning, sample, tune

OnTick = Callable[[int, int], None]  # done, in all
Ticker = Callable[[str], OnTick]  # with what works, in words

# Of the score with one animal more: 0.27 of 0.28 where one of three mice was asked for, 0.7 of
# 0.02 with too few flies or mice. With the right number it is below 0.2, or a third of the score.
ONE_MORE, LIKE_ONE_MORE = 0.2, 0.6
FEW_FRAMES = 8  # of fewer, animals cover much of the picture of the empty arena
LEAST_SCORE = 0.02  # under this a tuning is doubtful; the hardest real recordings reach 0.05


@dataclass(frozen=True)
class Plan:
    """What is decided before the long work."""

    settings: BackgroundSettings | NetworkSettings
    background: np.ndarray  # (h, w) uint8
    tuning: dict[str, float]
    notes: list[str]
    choice: Choice | None = None  # what runs the network


def plan_file(place: Path) -> Path:
    """Where a work keeps what was decided before it."""
    return place / "plan.json"


def planned(task: Task, ticker: Ticker) -> Plan:
    """The plan of a work: chosen now, or by the session that was interrupted."""
    plan, picture = plan_file(task.place), task.place / "background.png"
    if not plan.exists() and task.like is not None:
        shutil.copyfile(task.like.background, picture)
        write_json(plan, task.like.plan())
    if not plan.exists():
        stack = sample(task.info, on_progress=ticker(""))
        if task.network is None:
            record = _tuned(task, stack, picture)
        else:
            record = _tuned_network(task, task.network, stack, picture, ticker)
        write_json(plan, {**record, "identification": chosen_method(task.identification)})
    stored = json.loads(plan.read_text())
    background = cv2.imread(str(picture), cv2.IMREAD_GRAYSCALE)
    if background is None:
        raise AppError(f"{picture} is damaged. Delete the folder {task.place} and track again.")
    notes = stored.get("notes", [])
    if task.network is None:
        known = BackgroundSettings.from_dict(stored["settings"])
        return Plan(known, background, stored["tuning"], notes)
    settings = NetworkSettings.from_dict(stored["settings"])
    choice = task.network.choice(settings, task.workers, task.place)
    return Plan(settings, background, stored["tuning"], notes, choice)


def planned_method(place: Path) -> Method:
    """How animals are told apart by what they look like, as decided when the run began."""
    method: Method = json.loads(plan_file(place).read_text()).get("identification", "none")
    return method


def _tuned(task: Task, stack: np.ndarray, picture: Path) -> dict[str, Any]:
    """Tune background subtraction; its picture of the empty arena is kept."""
    tuning, parts, notes = _chosen(task, stack)
    if task.info.n_frames < FEW_FRAMES:
        notes.append(
            f"{task.info.n_frames} frames are too few to tell the animals from the empty arena: "
            "look at their outlines."
        )
    _write_picture(picture, tuning.background)
    return {
        "settings": tuning.settings.to_dict(), "notes": notes,
        "tuning": parts | {"score": round(tuning.score, 4)},
    }  # fmt: skip


def _tuned_network(
    task: Task, network: NetworkTask, stack: np.ndarray, picture: Path, ticker: Ticker
) -> dict[str, Any]:
    """Fit a network's settings; a picture of the empty arena is kept for what else needs it."""
    asked = NetworkSettings().with_changes(task.by_hand)
    choice = network.choice(asked, task.workers, task.place)
    tuning = tuned_network(
        network, choice, stack, task.n_animals, task.by_hand, task.arenas, ticker(choice.words())
    )
    if task.arenas is None:
        _check_count(task, tuning.most_seen)
    _write_picture(picture, ranked(stack, [len(stack) // 2])[0])
    parts = {name: round(value, 4) for name, value in tuning.parts.items()}
    return {
        "settings": tuning.settings.to_dict(), "notes": [],
        "tuning": parts | {"score": round(tuning.score, 4)},
    }  # fmt: skip


def _chosen(task: Task, stack: np.ndarray) -> tuple[Tuning, dict[str, float], list[str]]:
    """Tune to the whole picture or to the arenas: what was chosen, how it does, and notes."""
    notes = list[str]()
    if task.arenas is None:
        tuning = tune(task.info, task.n_animals, by_hand=task.by_hand, stack=stack)
        _check_count(task, tuning.most_seen)
        more = {"one_more": round(tuning.one_more, 4)}
    else:
        # numbers are judged by arena: somebody may sit still in one and be missing in another
        found = tune_arenas(task.info, task.arenas, by_hand=task.by_hand, stack=stack)
        tuning, notes, more = found.tuning, noticed(task.arenas, found), {}
    parts = {name: round(value, 4) for name, value in tuning.parts.items()}
    if task.arenas is not None:
        parts.pop("separate", None)
    return tuning, parts | more, notes


def _check_count(task: Task, most_seen: int) -> None:
    if task.n_animals > max(2 * most_seen, most_seen + 2):
        raise TrackingError(
            f"{task.info.path} never shows more than {most_seen} animals at once, and "
            f"{task.n_animals} are to be tracked. Give the number of animals in the video."
        )


def doubts(n_animals: int, tuning: dict[str, float]) -> list[str]:
    """What a tuning makes doubtful, in lines.

    >>> doubts(2, {"score": 0.1, "separate": 0.0})
    ['2 animals were never seen apart in the sampled frames: check --animals.']
    >>> doubts(1, {"score": 0.28, "one_more": 0.27})[0]
    'the picture suits 2 animals as well as 1: check --animals, others may be left out.'
    """
    if tuning.get("one_more", 0.0) >= max(ONE_MORE, LIKE_ONE_MORE * tuning.get("score", 0.0)):
        return [
            f"the picture suits {n_animals + 1} animals as well as {n_animals}: check --animals, "
            "others may be left out."
        ]
    if tuning.get("separate", 1.0) == 0.0:
        if n_animals == 1:
            return ["1 animal by itself was never seen in the sampled frames: check --animals."]
        return [
            f"{n_animals} animals were never seen apart in the sampled frames: check --animals."
        ]
    if "in_view" in tuning:
        return [
            f"only {tuning['in_view']:.0%} of the sampled frames show most animals, and the "
            "settings were judged on those: check --animals, look at the tracks."
        ]
    if tuning.get("score", 1.0) < LEAST_SCORE:
        return [
            f"the settings hardly fit this video (tuning score {tuning['score']:.3f} of 1): check "
            "--animals, look at the tracks, or choose settings with --set."
        ]
    return []


def _write_picture(path: Path, image: np.ndarray) -> None:
    """Write a picture whole or not at all."""
    done, data = cv2.imencode(".png", image)
    if not done:
        raise AppError(f"{path} cannot be written as a picture.")
    write_whole(path, data.tobytes())
