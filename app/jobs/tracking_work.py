"""The work on one video in a folder of its own: tune, segment, identify, and go on after a stop.

The settings come first, then a shard per chunk; every stage is skipped as far as it is done
already. How long each stage took is kept beside them, so that it counts over every session.
"""

from __future__ import annotations

import json
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from app import __version__
from app.errors import AppError
from app.jobs.arena_notes import noticed
from app.jobs.like import Like
from app.jobs.network_work import (
    YOLO,
    NetworkTask,
    network_segmenter,
    network_versions,
    tuned_network,
)
from app.setting_up.arenas import record_of
from storage.runs import Run
from tracking.arenas.division import Arenas, arena_segmenter
from tracking.arenas.tuning import tune_arenas
from tracking.detections import AnimalSizes
from tracking.errors import TrackingError
from tracking.identities.crops import CropPlan
from tracking.identities.evidence import AUTO, Method, chosen_method
from tracking.networks.running.association import OWN, Association
from tracking.networks.running.choices import Choice
from tracking.networks.running.settings import NetworkSettings
from tracking.pipeline import Tables, identify_video
from tracking.segmenting import Part, segment_video
from tracking.subtraction.background import BackgroundSegmenter, BackgroundSettings
from tracking.subtraction.empty_arena import ranked
from tracking.subtraction.tuning import Tuning, sample, tune
from tracking.video import VideoInfo
from tracking.yolo import YoloSegmenter

SEGMENTER = "background"
LIBRARIES = ("av", "duckdb", "numpy", "opencv-python-headless", "scipy")
# Of the score with one animal more: 0.27 of 0.28 where one of three mice was asked for, 0.7 of
# 0.02 with too few flies or mice. With the right number it is below 0.2, or a third of the score.
ONE_MORE, LIKE_ONE_MORE = 0.2, 0.6
LEAST_SCORE = 0.02  # under this a tuning is doubtful; the hardest real recordings reach 0.05
SAVE_EVERY_S = 1.0


@dataclass(frozen=True)
class Progress:
    """How far a job is; ``frames_per_s`` is the speed of the present stage."""

    stage: str  # probe, tune, segment, identify or store
    done: int = 0
    total: int = 0
    frames_per_s: float = 0.0
    message: str = ""


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
    if tuning.get("score", 1.0) < LEAST_SCORE:
        return [
            f"the settings hardly fit this video (tuning score {tuning['score']:.3f} of 1): check "
            "--animals, look at the tracks, or choose settings with --set."
        ]
    return []


@dataclass(frozen=True)
class Plan:
    """What is decided before the long work."""

    settings: BackgroundSettings | NetworkSettings
    background: np.ndarray  # (h, w) uint8
    tuning: dict[str, float]
    notes: list[str]
    choice: Choice | None = None  # what runs the network


class Clock:
    """How long each stage took, over all sessions of one job; kept in its folder.

    Where the work is done elsewhere, whoever asked for it adds what each step took.
    """

    def __init__(self, place: Path, elsewhere: bool = False) -> None:
        self._elsewhere, self._added_cpu = elsewhere, 0.0
        self._file, self._plan = place / "timings.json", place / "plan.json"
        self._before: dict[str, float] = {}
        self._now: dict[str, float] = {}
        self._stage, self._since, self._saved = "", 0.0, 0.0
        self._resumed, self._cpu = 0, cpu_seconds()
        if self._plan.exists():
            self._before = json.loads(self._file.read_text()) if self._file.exists() else {}
            self._resumed = int(self._before.pop("resumed", 0)) + 1

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time one stage."""
        self._stage, self._since = name, time.perf_counter()
        try:
            yield
        finally:
            self.save()
            self._stage = ""

    def add(self, stage: str, seconds: float, cpu_s: float) -> None:
        """Count a step that was done elsewhere."""
        self._now[stage] = self._now.get(stage, 0.0) + seconds
        self._added_cpu += cpu_s
        if self._plan.exists():
            _write_json(self._file, self.timings())

    def tick(self) -> None:
        """Save now and then, so that a killed session counts too."""
        if not self._elsewhere and time.perf_counter() - self._saved > SAVE_EVERY_S:
            self.save()

    def save(self) -> None:
        """Keep the times; of a job that has no settings yet there is nothing to go on with."""
        now = time.perf_counter()
        self._now[self._stage] = self._now.get(self._stage, 0.0) + now - self._since
        self._since = self._saved = now
        if self._plan.exists():
            _write_json(self._file, self.timings())

    def timings(self) -> dict[str, float]:
        """Seconds per stage and of CPU over all sessions, and how often it went on again."""
        total = dict(self._before)
        for stage, seconds in self._now.items():
            total[f"{stage}_s"] = round(total.get(f"{stage}_s", 0.0) + seconds, 3)
        cpu = self._added_cpu if self._elsewhere else cpu_seconds() - self._cpu
        cpu = round(self._before.get("cpu_s", 0.0) + cpu, 3)
        return {**total, "cpu_s": cpu, "resumed": self._resumed}


def cpu_seconds() -> float:
    """CPU time of this process and the workers that have ended, s."""
    return sum(os.times()[:4])


class Work:
    """One run over one video in its own folder."""

    def __init__(
        self, task: Task, report: OnProgress, on_settings: OnSettings, elsewhere: bool = False
    ) -> None:
        self.task, self.report, self.on_settings = task, report, on_settings
        self.clock = Clock(task.place, elsewhere)
        self.new_frames = 0

    def run(self, started: datetime) -> Finished:
        """Tune, segment and identify; every stage is skipped as far as it is done already."""
        task = self.task
        with self.clock.stage("tune"):
            plan, chosen = self.planned()
        self.on_settings(chosen)
        with self.clock.stage("segment"):
            tick = self._ticker("segment", plan.choice.words() if plan.choice else "")
            part = self.part(plan)
            workers = 1 if plan.choice and plan.choice.on_gpu else task.workers
            segment_video(task.info, part.segmenter, task.place, workers, tick, part.plan)
        with self.clock.stage("identify"):
            tables = self.identified(plan)
        notes = part.segmenter.notes if isinstance(part.segmenter, YoloSegmenter) else []
        return self.finished(plan, tables, started, [*chosen.warnings, *notes])

    def planned(self) -> tuple[Plan, Chosen]:
        """What is decided before the long work, now or by the session that was interrupted."""
        plan = self._plan()
        warnings = doubts(self.task.n_animals, plan.tuning) + plan.notes
        return plan, Chosen(plan.settings.to_dict(), plan.tuning, warnings, self._words(plan))

    def part(self, plan: Plan) -> Part:
        """What whoever segments a chunk needs."""
        crops = self._crop_plan(plan.settings, self._method())
        return Part(self.task.info, self._segmenter(plan), self.task.place, crops)

    def identified(self, plan: Plan) -> Tables:
        """Identities over all chunks, and the tables."""
        task = self.task
        return identify_video(
            task.info, task.n_animals, plan.settings, task.place, self._ticker("identify"),
            task.arenas, self._method(), task.association,
        )  # fmt: skip

    def finished(
        self, plan: Plan, tables: Tables, started: datetime, warnings: list[str]
    ) -> Finished:
        """A run that is ready to be stored."""
        run = self._run(plan, tables, self._method(), started)
        return Finished(run, tables, warnings, self.new_frames)

    def _run(self, plan: Plan, tables: Tables, method: Method, started: datetime) -> Run:
        """The run as it is stored."""
        task = self.task
        how: dict[str, Any] = {}
        if task.network and plan.choice:
            how["network"] = task.network.record(plan.choice)
        if task.association != OWN:
            how["association"] = task.association
        return Run(
            run_id=f"{started:%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}",
            segmenter=YOLO if task.network else SEGMENTER,
            n_animals=task.n_animals,
            settings={
                **plan.settings.to_dict(),
                **how,
                "asked": task.asked,
                "tuning": plan.tuning,
                "identification": tables.identified or {"method": method},
                "content_hash": task.info.content_hash,
            },
            versions=_versions(method, plan.choice, task.association),
            timings=self.clock.timings(),
            started_at=started,
            finished_at=datetime.now(UTC),
        )

    def _words(self, plan: Plan) -> str:
        """By what animals are found, for a person."""
        if self.task.network is None or plan.choice is None:
            return ""
        words = f"network {self.task.network.called}, {plan.choice.words()}"
        if plan.choice.on_gpu and self.task.workers > 1:
            words += f" (one process; {self.task.workers} workers are for a CPU)"
        return words

    def _segmenter(self, plan: Plan) -> BackgroundSegmenter | YoloSegmenter:
        task = self.task
        if plan.choice is not None and isinstance(plan.settings, NetworkSettings):
            return network_segmenter(plan.choice, plan.settings, task.arenas)
        settings = plan.settings
        if isinstance(settings, NetworkSettings):
            raise AppError(f"{task.place} was begun with a network: delete it and track again.")
        if task.arenas:
            glimpses = not {"min_area_px", "open_px"} & set(task.by_hand)
            return arena_segmenter(plan.background, settings, task.arenas, glimpses)
        return BackgroundSegmenter(plan.background, settings)

    def _plan(self) -> Plan:
        """Settings, background, how well they do and what was noticed, chosen now or by the job
        that was interrupted."""
        task = self.task
        plan, picture = task.place / "plan.json", task.place / "background.png"
        if not plan.exists() and task.like is not None:
            shutil.copyfile(task.like.background, picture)
            _write_json(plan, task.like.plan())
        if not plan.exists():
            stack = sample(task.info, on_progress=self._ticker("tune"))
            record = (
                self._tuned_network(stack, picture) if task.network else self._tuned(stack, picture)
            )
            _write_json(plan, {**record, "identification": chosen_method(task.identification)})
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

    def _tuned(self, stack: np.ndarray, picture: Path) -> dict[str, Any]:
        """Tune background subtraction; its picture of the empty arena is kept."""
        tuning, parts, notes = self._chosen(stack)
        _write_picture(picture, tuning.background)
        return {
            "settings": tuning.settings.to_dict(), "notes": notes,
            "tuning": parts | {"score": round(tuning.score, 4)},
        }  # fmt: skip

    def _tuned_network(self, stack: np.ndarray, picture: Path) -> dict[str, Any]:
        """Fit a network's settings; a picture of the empty arena is kept for what else needs it."""
        task = self.task
        if task.network is None:
            raise AppError("There is no network to tune.")
        asked = NetworkSettings().with_changes(task.by_hand)
        choice = task.network.choice(asked, task.workers, task.place)
        tuning = tuned_network(
            task.network, choice, stack, task.n_animals, task.by_hand, task.arenas,
            self._ticker("tune", choice.words()),
        )  # fmt: skip
        if task.arenas is None:
            self._check_count(tuning.most_seen)
        _write_picture(picture, ranked(stack, [len(stack) // 2])[0])
        parts = {name: round(value, 4) for name, value in tuning.parts.items()}
        return {
            "settings": tuning.settings.to_dict(), "notes": [],
            "tuning": parts | {"score": round(tuning.score, 4)},
        }  # fmt: skip

    def _method(self) -> Method:
        """How animals are told apart by what they look like, as decided when the run began."""
        stored = json.loads((self.task.place / "plan.json").read_text())
        method: Method = stored.get("identification", "none")
        return method

    def _crop_plan(self, settings: AnimalSizes, method: Method) -> CropPlan | None:
        """Which crops are kept; none where nobody could be confused."""
        task = self.task
        kept_alone = task.arenas and len(task.arenas.places) == task.n_animals
        if method == "none" or task.n_animals < 2 or kept_alone:
            return None
        chosen_method(method)  # torch may have gone since: better said now than after hours
        return CropPlan.of(task.info, settings.typical_area_px, settings.typical_length_px)

    def _chosen(self, stack: np.ndarray) -> tuple[Tuning, dict[str, float], list[str]]:
        """Tune to the whole picture or to the arenas: what was chosen, how it does, and notes."""
        task, notes = self.task, list[str]()
        if task.arenas is None:
            tuning = tune(task.info, task.n_animals, by_hand=task.by_hand, stack=stack)
            self._check_count(tuning.most_seen)
            more = {"one_more": round(tuning.one_more, 4)}
        else:
            # numbers are judged by arena: somebody may sit still in one and be missing in another
            found = tune_arenas(task.info, task.arenas, by_hand=task.by_hand, stack=stack)
            tuning, notes, more = found.tuning, noticed(task.arenas, found), {}
        parts = {name: round(value, 4) for name, value in tuning.parts.items()}
        if task.arenas is not None:
            parts.pop("separate", None)
        return tuning, parts | more, notes

    def _check_count(self, most_seen: int) -> None:
        n_animals = self.task.n_animals
        if n_animals > max(2 * most_seen, most_seen + 2):
            raise TrackingError(
                f"{self.task.info.path} never shows more than {most_seen} animals at once, and "
                f"{n_animals} are to be tracked. Give the number of animals in the video."
            )

    def _ticker(self, stage: str, message: str = "") -> Callable[[int, int], None]:
        """Turn (done, total) into progress; what was done before does not count as speed."""
        start = time.perf_counter()
        first: list[int] = []

        def tick(done: int, total: int) -> None:
            first.append(done) if not first else None
            seconds = time.perf_counter() - start
            speed = (done - first[0]) / seconds if seconds > 0.2 else 0.0
            if stage == "segment":
                self.new_frames = done - first[0]
            self.clock.tick()
            self.report(Progress(stage, done, total, speed, message))

        return tick


def _versions(method: Method, choice: Choice | None, association: str) -> dict[str, str]:
    """The versions of everything that takes part in a run."""
    learned = ("torch",) if method == "contrastive" else ()
    other = ("ultralytics-opencv-headless", "lap") if association != OWN else ()
    known = {name: version(name) for name in (*LIBRARIES, *learned, *other)}
    return {"ethoscribe": __version__, **known, **(network_versions(choice) if choice else {})}


def _write_json(path: Path, record: dict[str, Any]) -> None:
    """Write a file whole or not at all."""
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps(record))
    draft.replace(path)


def _write_picture(path: Path, image: np.ndarray) -> None:
    done, data = cv2.imencode(".png", image)
    if not done:
        raise AppError(f"{path} cannot be written as a picture.")
    path.write_bytes(data.tobytes())
