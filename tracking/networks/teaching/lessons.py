"""Train a segmentation network on a dataset folder: the loop is ultralytics', the words are ours.

    lesson = Lesson(start="yolo11n-seg.yaml", epochs=60, image_px=320, batch=8)
    taught = train(Path("dataset/data.yaml"), lesson, print, Path("work"))
    taught.best   # weights of the epoch that did best on the validation pictures

A checkpoint is written after every epoch, so that a killed training goes on from there.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tracking.errors import TrackingError
from tracking.networks import door
from tracking.networks.memory import give_back, is_lacking

MOST_WORKERS = 8
LEAST_SHARED = 2**30  # bytes
METRICS = {  # ours: ultralytics'
    "precision": "metrics/precision(M)",
    "recall": "metrics/recall(M)",
    "mask_ap50": "metrics/mAP50(M)",
    "mask_ap50_95": "metrics/mAP50-95(M)",
}


class DeviceMemoryError(TrackingError):
    """The device has not enough memory for a batch of this size."""


@dataclass(frozen=True)
class Lesson:
    """All that ultralytics is told about one training."""

    start: str | Path  # a file of weights, or an architecture: random weights
    epochs: int = 60
    image_px: int = 320  # longer side of the pictures, a multiple of 32
    batch: int = 8
    device: str = "cpu"  # cpu, cuda, cuda:0, mps
    threads: int = 1  # of torch on a CPU
    workers: int | None = None  # processes that load pictures; None: as many as feed the device
    seed: int = 0
    patience: int = 100  # epochs without a better result until it stops
    minutes: float | None = None  # limit; the learning rate falls in time for it
    learning_rate: float | None = None  # None: optimizer and rate are chosen for the dataset
    nominal_batch: int = 8  # smaller batches are added up to it; 64 never learns from 20 pictures
    freeze: int = 0  # first layers that stay as they are
    half: bool = True  # bfloat16, on a GPU that has it; a CPU always counts in full
    changes: Mapping[str, Any] = field(default_factory=dict)  # further ones, as ultralytics names


@dataclass(frozen=True)
class EpochNews:
    """How one epoch went; its checkpoint is on the disk when this is told."""

    epoch: int  # from 1
    epochs: int  # in all, as planned now
    losses: dict[str, float]
    metrics: dict[str, float]  # of masks on the validation pictures: METRICS
    seconds: float
    batch: int  # smaller than asked for where memory did not suffice
    is_best: bool


@dataclass(frozen=True)
class Taught:
    """What came out."""

    best: Path
    last: Path
    epochs: int  # done, over all sessions
    batch: int
    stopped: bool  # by whoever heard of an epoch


OnEpoch = Callable[[EpochNews], bool | None]  # False ends the training after this epoch


def train(
    dataset: Path, lesson: Lesson, on_epoch: OnEpoch, folder: Path, resume: bool = False,
    on_note: Callable[[str], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Taught:  # fmt: skip
    """Train on the dataset that a YAML file in ultralytics' form describes.

    Weights come to ``folder/weights/best.pt`` and ``last.pt``. With ``resume`` it goes on from
    ``last.pt``, where that is of a training that was interrupted. ``should_stop`` is asked after
    every batch; ``on_note`` hears one line when a batch did not fit into memory.
    """
    door.prepare(lesson.threads)
    telling = _Telling(on_epoch, on_note, should_stop)
    last = folder / "weights" / "last.pt"
    overrides = _overrides(dataset, lesson, folder)
    if resume and last.is_file():
        overrides["resume"] = str(last)
    trainer: Any = None
    try:
        trainer = door.trainer_class()(overrides=overrides)
        telling.attach(trainer)
        trainer.add_callback("on_fit_epoch_end", partial(_keep_within, lesson.epochs))
        trainer.train()
    except (RuntimeError, MemoryError) as error:
        if not is_lacking(error):
            raise TrackingError(f"Training ended: {_first_line(error)}") from error
    except (OSError, AssertionError, ValueError, TypeError) as error:
        raise TrackingError(f"Training could not begin: {_first_line(error)}") from error
    else:
        best, done = folder / "weights" / "best.pt", trainer.epoch + 1
        batch = int(trainer.batch_size)
        return Taught(best if best.is_file() else last, last, done, batch, telling.stopped)
    # Out here the error no longer holds the trainer: what it took is free for a smaller batch.
    del trainer
    give_back()
    raise DeviceMemoryError(
        f"{lesson.batch} pictures of {lesson.image_px} px do not fit into the memory of "
        f"{lesson.device}: take a smaller batch, smaller pictures or a smaller network."
    )


def _overrides(dataset: Path, lesson: Lesson, folder: Path) -> dict[str, Any]:
    """The lesson in ultralytics' words."""
    told: dict[str, Any] = {
        "model": str(lesson.start), "data": str(dataset), "epochs": lesson.epochs,
        "imgsz": lesson.image_px, "batch": lesson.batch, "device": _device(lesson.device),
        "workers": _workers(lesson), "seed": lesson.seed, "patience": lesson.patience,
        "nbs": lesson.nominal_batch, "freeze": lesson.freeze or None, "save_dir": str(folder),
        "project": str(folder.parent), "name": folder.name, "exist_ok": True, "plots": False,
        "verbose": False, "deterministic": True, "overlap_mask": False,
        "amp": "bf16" if lesson.half and halves(lesson.device) else False,
        "pretrained": not str(lesson.start).endswith(".yaml"),
    }  # fmt: skip
    if lesson.minutes is not None:
        told["time"] = lesson.minutes / 60
    if lesson.learning_rate is not None:
        told |= {"optimizer": "AdamW", "lr0": lesson.learning_rate, "warmup_bias_lr": 0.0}
    return told | dict(lesson.changes)


def _workers(lesson: Lesson) -> int:
    """Processes that load pictures: on a CPU none is fastest, a GPU would wait for one alone."""
    if lesson.workers is not None:
        return lesson.workers
    if not lesson.device.startswith("cuda"):
        return 0
    shared = Path("/dev/shm")  # where they leave their pictures; a container may have little of it
    if shared.is_dir() and shutil.disk_usage(shared).free < LEAST_SHARED:
        return 0
    return max(min(MOST_WORKERS, (os.cpu_count() or 1) - 1), 0)


def _device(device: str) -> str:
    """The device as ultralytics names it: CUDA by number."""
    if device == "cuda":
        return "0"
    return device.removeprefix("cuda:")


def halves(device: str) -> bool:
    """Whether training counts with half the bits there: on CUDA that has bfloat16.

    ultralytics' own check would fetch a network first.
    """
    if not device.startswith("cuda"):
        return False
    import torch

    return bool(torch.cuda.is_bf16_supported(including_emulation=False))


def _keep_within(most: int, trainer: Any) -> None:
    """Plan `most` epochs at most where a limit of time has room for more: rates fall in time."""
    if trainer.epochs > most:
        trainer.epochs = trainer.args.epochs = most
        trainer._setup_scheduler()
        trainer.scheduler.last_epoch = trainer.epoch


class _Telling:
    """Tells how training goes, from ultralytics' callbacks."""

    def __init__(
        self, on_epoch: OnEpoch, on_note: Callable[[str], None], should_stop: Callable[[], bool]
    ) -> None:
        self._on_epoch, self._on_note, self._should_stop = on_epoch, on_note, should_stop
        self._began, self._batch, self.stopped = time.perf_counter(), 0, False

    def attach(self, trainer: Any) -> None:
        self._batch = int(trainer.batch_size)
        trainer.add_callback("on_train_epoch_start", self._epoch_begins)
        trainer.add_callback("on_train_batch_end", self._batch_ends)
        trainer.add_callback("on_model_save", self._epoch_ends)

    def _epoch_begins(self, trainer: Any) -> None:
        self._began = time.perf_counter()
        now = int(trainer.batch_size)
        if now < self._batch:
            self._on_note(
                f"{self._batch} pictures at once did not fit into the device's memory: going on "
                f"with {now}."
            )
        self._batch = now

    def _batch_ends(self, trainer: Any) -> None:
        if self._should_stop():
            trainer.stop = self.stopped = True

    def _epoch_ends(self, trainer: Any) -> None:
        losses = {k: float(v) for k, v in trainer.label_loss_items(trainer.tloss).items()}
        metrics = {ours: float(trainer.metrics.get(name, 0.0)) for ours, name in METRICS.items()}
        news = EpochNews(
            trainer.epoch + 1, int(trainer.epochs), losses, metrics,
            time.perf_counter() - self._began, int(trainer.batch_size),
            bool(trainer.best_fitness == trainer.fitness),
        )  # fmt: skip
        if self._on_epoch(news) is False:
            trainer.stop = self.stopped = True


def _first_line(error: BaseException) -> str:
    return next((line for line in str(error).strip().splitlines() if line), repr(error))
