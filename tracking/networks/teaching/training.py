"""Train a network from labelled frames: pictures are composed, written, learned from and judged.

    settings = TrainingSettings(image_px=320, minutes=15)
    trained = train(Material(train, validation, ("mouse",)), settings, folder)
    trained.best, trained.judged.ap50

All that is under way lies in `folder`, so that a training that was killed goes on from there.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tracking.networks.pictures import fit
from tracking.networks.samples import Sample
from tracking.networks.teaching.dataset import write_dataset
from tracking.networks.teaching.judging import judge
from tracking.networks.teaching.lessons import DeviceMemoryError, EpochNews, Lesson
from tracking.networks.teaching.lessons import train as teach
from tracking.networks.teaching.plans import (
    SILENT,
    Epoch,
    Listener,
    Material,
    Trained,
    TrainingSettings,
)
from tracking.networks.teaching.trials import predict, shapes_of

if TYPE_CHECKING:
    from tracking.networks.composing.composer import ComposeSettings

CURVE, DATASET, TEACHING = "curve.jsonl", "dataset", "teaching"
DONE, COMPLETE = "dataset.json", "complete"  # the pictures are written; training is over
REAL = 1 / 3  # of the pictures of an epoch are frames as they are, the others composites
PATIENCE = 25  # epochs without a better network, once one finds anything


def train(
    material: Material, settings: TrainingSettings, folder: Path, start: Path | None = None,
    listener: Listener = SILENT,
) -> Trained:  # fmt: skip
    """Train in `folder`, from where a training stopped there; from the weights `start` if given."""
    settings = settings.resolved()
    dataset = prepare(material, settings, folder, listener)
    done = read_curve(folder)
    if not _is_complete(folder):
        origin: str | Path = start or settings.architecture
        _learn(dataset, origin, settings, folder, listener, done)
    done = read_curve(folder)
    weights = folder / TEACHING / "weights" / "best.pt"
    found = predict(weights, material.judging, settings, listener)
    judged = judge([shapes_of(sample) for sample in material.judging], found)
    return Trained(
        weights, judged, found, done, done[-1].seconds if done else 0.0,
        done[-1].batch if done else settings.batch, _why(done, settings, folder), settings,
        int(_told(folder).get("composites", 0)),
    )  # fmt: skip


def prepare(
    material: Material, settings: TrainingSettings, folder: Path, listener: Listener
) -> Path:
    """Write the pictures to learn from, once; return the file that describes them."""
    file, mark = folder / DATASET / "data.yaml", folder / DONE
    if mark.is_file() and file.is_file():
        return file
    pictures, composites = _pictures(material, settings, listener)
    made = write_dataset(
        folder / DATASET, pictures, material.judging, material.names, settings.image_px
    )
    # pictures of one shape need no square: at 320 x 240 that saves a fifth of the time
    shapes = {fit(one.image.shape, settings.image_px).picture for one in pictures}
    told = {"pictures": len(pictures), "composites": composites, "one_shape": len(shapes) == 1}
    mark.write_text(json.dumps(told), encoding="utf-8")
    return made


def _told(folder: Path) -> dict[str, Any]:
    """What is known of the pictures that were written."""
    return dict(json.loads((folder / DONE).read_text(encoding="utf-8")))


def composing_of(settings: TrainingSettings) -> ComposeSettings:
    """How composites are made: never smaller than the pictures that the network sees."""
    from tracking.networks.composing.composer import ComposeSettings

    usual = ComposeSettings()
    return replace(usual, longest_px=max(usual.longest_px, settings.image_px))


def _pictures(
    material: Material, settings: TrainingSettings, listener: Listener
) -> tuple[list[Sample], int]:
    """The frames, some of them several times in other light, and composites; how many of these."""
    from tracking.networks.composing.composer import Composer, augment

    frames = list(material.train)
    rng = np.random.default_rng([settings.seed, 1])
    share = REAL if settings.composites else 1.0
    copies = max(round(share * settings.pictures) - len(frames), 0)
    made = [*frames, *(augment(frames[k % len(frames)], rng) for k in range(copies))]
    wanted = max(settings.pictures - len(made), 0) if settings.composites else 0
    if settings.composites and not wanted:
        listener.on_note(
            f"The {len(frames)} frames fill the {settings.pictures} pictures of an epoch: no "
            "composites are made. --pictures asks for more."
        )
    if not wanted:
        return made, 0
    composer = Composer(frames, dict(material.seen), composing_of(settings), settings.seed)
    if not composer.can:
        listener.on_note("No animal could be cut out of the frames: no composites are made.")
        return made, 0
    for k in range(wanted):
        listener.on_stage("compose", k, wanted)
        made.append(composer.compose(k))
    return made, wanted


def _learn(
    dataset: Path, origin: str | Path, settings: TrainingSettings, folder: Path,
    listener: Listener, done: list[Epoch],
) -> None:  # fmt: skip
    """Teach until it is finished; where memory does not suffice, with half the batch."""
    batch = done[-1].batch if done else settings.batch
    watch = _Watch(folder, settings, listener, done)
    if done and _has_ended(done[-1], settings, folder):
        _complete(folder)  # it was killed after its last epoch
        return
    while True:
        lesson = _lesson(origin, replace(settings, batch=batch), watch.one_shape)
        try:
            teach(dataset, lesson, watch.epoch, folder / TEACHING, resume=True,
                  on_note=listener.on_note, should_stop=watch.batch)  # fmt: skip
        except DeviceMemoryError:
            if batch == 1:
                raise
            listener.on_note(
                f"{batch} pictures at once do not fit into the memory of {settings.device}: going "
                f"on with {batch // 2}."
            )
            batch //= 2
        else:
            (folder / COMPLETE).touch()
            return


def _lesson(origin: str | Path, settings: TrainingSettings, one_shape: bool) -> Lesson:
    """What ultralytics is told: a fixed camera needs no mosaic, but animals turn any way."""
    changes: dict[str, Any] = {
        "mosaic": 0.0, "close_mosaic": 0, "degrees": 10.0, "scale": 0.1, "translate": 0.05,
        "fliplr": 0.5, "flipud": 0.5, "hsv_h": 0.0, "hsv_s": 0.0, "hsv_v": 0.2, "erasing": 0.0,
        "cos_lr": True, "warmup_epochs": 1.0, "rect": one_shape,
    }  # fmt: skip
    return Lesson(
        start=origin, epochs=settings.epochs, image_px=settings.image_px, batch=settings.batch,
        device=settings.device, threads=settings.threads, seed=settings.seed, patience=PATIENCE,
        # all of them, also when going on: epochs are planned for the whole, and _Watch counts time
        minutes=settings.minutes,
        learning_rate=settings.learning_rate, nominal_batch=settings.batch,
        half=settings.precision == "half",
        changes=changes | dict(settings.changes),
    )  # fmt: skip


class _Watch:
    """Notes every epoch on the disk, counts the time over all sessions, and passes news on."""

    def __init__(
        self, folder: Path, settings: TrainingSettings, listener: Listener, done: list[Epoch]
    ) -> None:
        self._file, self._listener = folder / CURVE, listener
        self._before = done[-1].seconds if done else 0.0
        self._last = done[-1].epoch if done else 0
        self._settings = settings
        self._begun = time.monotonic()
        told = _told(folder)
        self._pictures, self._shown = int(told["pictures"]), 0
        self.one_shape = bool(told["one_shape"])
        self._batch, self._epochs = settings.batch, settings.epochs

    @property
    def seconds(self) -> float:
        return self._before + time.monotonic() - self._begun

    def epoch(self, news: EpochNews) -> bool | None:
        """Note an epoch; False ends the training, since its time or its epochs are up."""
        if news.epoch <= self._last:  # told before it was killed
            return None
        self._last, self._shown = news.epoch, 0
        self._batch, self._epochs = news.batch, news.epochs
        point = Epoch(
            news.epoch, news.epochs, round(self.seconds, 2), news.losses,
            news.metrics["mask_ap50"], news.metrics["mask_ap50_95"], news.is_best, news.batch,
        )  # fmt: skip
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(point)) + "\n")
        self._listener.on_epoch(point)
        return not _over(point, self._settings) and point.epoch < self._settings.epochs

    def batch(self) -> bool:
        """Tell how far it is; True ends the training, since its time is up."""
        self._shown = min(self._shown + self._batch, self._pictures)
        self._listener.on_progress(self._last + self._shown / self._pictures, self._epochs)
        limit = self._settings.minutes
        return limit is not None and self.seconds >= 60 * limit


def read_curve(folder: Path) -> list[Epoch]:
    """The points so far; a line that is not yet whole is left out."""
    try:
        lines = (folder / CURVE).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    points = []
    for line in lines:
        try:
            points.append(Epoch(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return points


def end_early(folder: Path) -> None:
    """Let a training that stopped be over with the best weights that it has so far."""
    _complete(folder, "person")


def _complete(folder: Path, why: str = "") -> None:
    """Let a training be over, with weights that hold nothing more to go on from."""
    from tracking.networks.door import strip

    strip(folder / TEACHING / "weights" / "best.pt")
    (folder / COMPLETE).write_text(why, encoding="utf-8")


def _has_ended(last: Epoch, settings: TrainingSettings, folder: Path) -> bool:
    """Whether a training was killed when no epoch was left to do."""
    from tracking.networks.door import is_over

    ended = last.epoch >= min(last.epochs, settings.epochs)
    # it may have ended before its time, without a better epoch for long
    return _over(last, settings) or ended or is_over(folder / TEACHING / "weights" / "last.pt")


def _is_complete(folder: Path) -> bool:
    return (folder / COMPLETE).is_file()


def _over(last: Epoch, settings: TrainingSettings) -> bool:
    return settings.minutes is not None and last.seconds >= 60 * settings.minutes


def _why(curve: Sequence[Epoch], settings: TrainingSettings, folder: Path) -> str:
    if not curve:
        return "finished"
    last = curve[-1]
    if _over(last, settings):
        return "time"
    if last.epoch >= min(last.epochs, settings.epochs):
        return "finished"
    return (folder / COMPLETE).read_text(encoding="utf-8") or "patience"
