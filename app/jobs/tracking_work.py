"""The work on one video in a folder of its own: tune, segment, identify, and go on after a stop.

The settings come first, then a shard per chunk; every stage is skipped as far as it is done
already. How long each stage took is kept beside them, so that it counts over every session.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from app import __version__
from app.errors import AppError
from app.jobs.clock import Clock
from app.jobs.network_work import YOLO, network_segmenter, network_versions
from app.jobs.planning import Plan, doubts, planned, planned_method
from app.jobs.progress import Progress
from app.jobs.tracking_task import (
    SEGMENTER,
    Chosen,
    Finished,
    OnProgress,
    OnSettings,
    Task,
)
from storage.runs import Run
from tracking.arenas.division import arena_segmenter
from tracking.detections import AnimalSizes
from tracking.identities.crops import CropPlan
from tracking.identities.evidence import Method, chosen_method
from tracking.networks.running.association import OWN
from tracking.networks.running.choices import Choice
from tracking.networks.running.settings import NetworkSettings
from tracking.pipeline import Tables, identify_video
from tracking.segmenting import Part, segment_video
from tracking.subtraction.background import BackgroundSegmenter
from tracking.yolo import YoloSegmenter

LIBRARIES = ("av", "duckdb", "numpy", "opencv-python-headless", "scipy")


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
        return self.finished(plan, tables, started, [*chosen.warnings, *notes_of(part)])

    def planned(self) -> tuple[Plan, Chosen]:
        """What is decided before the long work, now or by the session that was interrupted."""
        plan = planned(self.task, lambda words: self._ticker("tune", words))
        warnings = doubts(self.task.n_animals, plan.tuning) + plan.notes
        return plan, Chosen(plan.settings.to_dict(), plan.tuning, warnings, self._words(plan))

    def part(self, plan: Plan) -> Part:
        """What whoever segments a chunk needs."""
        crops = self._crop_plan(plan.settings, planned_method(self.task.place))
        return Part(self.task.info, self._segmenter(plan), self.task.place, crops)

    def identified(self, plan: Plan) -> Tables:
        """Identities over all chunks, and the tables."""
        task = self.task
        return identify_video(
            task.info, task.n_animals, plan.settings, task.place, self._ticker("identify"),
            task.arenas, planned_method(self.task.place), task.association,
        )  # fmt: skip

    def finished(
        self, plan: Plan, tables: Tables, started: datetime, warnings: list[str]
    ) -> Finished:
        """A run that is ready to be stored."""
        run = self._run(plan, tables, planned_method(self.task.place), started)
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

    def _crop_plan(self, settings: AnimalSizes, method: Method) -> CropPlan | None:
        """Which crops are kept; none where nobody could be confused."""
        task = self.task
        kept_alone = task.arenas and len(task.arenas.places) == task.n_animals
        if method == "none" or task.n_animals < 2 or kept_alone:
            return None
        chosen_method(method)  # torch may have gone since: better said now than after hours
        return CropPlan.of(task.info, settings.areas(task.n_animals), settings.typical_length_px)

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


def notes_of(part: Part) -> list[str]:
    """What a person should hear of, from whoever finds the animals."""
    return list(part.segmenter.notes) if isinstance(part.segmenter, YoloSegmenter) else []


def _versions(method: Method, choice: Choice | None, association: str) -> dict[str, str]:
    """The versions of everything that takes part in a run."""
    learned = ("torch",) if method == "contrastive" else ()
    other = ("ultralytics-opencv-headless", "lap") if association != OWN else ()
    known = {name: version(name) for name in (*LIBRARIES, *learned, *other)}
    return {"ethoscribe": __version__, **known, **(network_versions(choice) if choice else {})}
