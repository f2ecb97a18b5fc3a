"""What a training is told, what it is made of, and what it tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from tracking.errors import TrackingError
from tracking.networks.samples import Sample
from tracking.networks.teaching.judging import Judged, Shape
from tracking.networks.teaching.lessons import halves
from tracking.threads import cores


@dataclass(frozen=True)
class TrainingSettings:
    """How a network is trained; every one of these is kept with it."""

    family: str = "11"  # of YOLO
    size: str = "n"  # n, s, m, l or x
    image_px: int = 320  # longer side of the pictures, a multiple of 32
    minutes: float | None = 15.0  # limit of time; None: epochs alone, which can be made again
    epochs: int = 60  # at most; fewer where the minutes do not suffice
    batch: int = 8
    pictures: int = 360  # that an epoch shows; where frames fill it, no composites are made
    composites: bool = True
    learning_rate: float = 0.002
    device: str = "auto"  # auto, cpu, cuda, cuda:1, mps
    precision: str = "auto"  # auto, full, half; half is of GPUs alone
    threads: int = 0  # of torch on a CPU; 0: as many as there are cores
    seed: int = 0
    changes: Mapping[str, Any] = field(default_factory=dict)  # further ones, as ultralytics names

    def __post_init__(self) -> None:
        if self.image_px < 64 or self.image_px % 32:
            raise TrackingError(
                f"Pictures of {self.image_px} px cannot be trained on: give a multiple of 32, from "
                "64 on, such as 320."
            )
        if self.minutes is not None and self.minutes <= 0:
            raise TrackingError(f"{self.minutes:g} minutes are no time: give more than 0.")
        if self.epochs < 1 or self.batch < 1 or self.pictures < 1:
            raise TrackingError("Epochs, batch and pictures are numbers from 1.")

    def to_dict(self) -> dict[str, Any]:
        """The settings by name."""
        return {**asdict(self), "changes": dict(self.changes)}

    def resolved(self) -> TrainingSettings:
        """The same with `auto` replaced by what this computer has."""
        from tracking.networks.running.choices import device_for

        device = device_for(self.device)
        half = self.precision != "full" and halves(device)
        return replace(
            self, device=device, precision="half" if half else "full",
            threads=self.threads or cores(),
        )  # fmt: skip

    @property
    def architecture(self) -> str:
        """The network that it is, as ultralytics calls it: random weights."""
        from tracking.networks.door import architectures

        name, known = f"yolo{self.family}{self.size}-seg.yaml", architectures()
        if name not in known:
            there = ", ".join(one.removeprefix("yolo").removesuffix("-seg.yaml") for one in known)
            raise TrackingError(
                f"There is no network of family {self.family} and size {self.size}. There are: "
                f"{there}."
            )
        return name


@dataclass(frozen=True)
class Material:
    """What a network is trained from."""

    train: Sequence[Sample]
    validation: Sequence[Sample]  # none: the numbers are of the frames that are learned from
    names: tuple[str, ...]  # of the classes
    seen: Mapping[str, Sequence[np.ndarray]] = field(default_factory=dict)  # by video, unlabelled

    @property
    def judging(self) -> Sequence[Sample]:
        """The frames that judge."""
        return self.validation or self.train


@dataclass(frozen=True)
class Epoch:
    """One point of the curve."""

    epoch: int  # from 1
    epochs: int  # in all, as planned at this point
    seconds: float  # of training until now, over all sessions
    losses: dict[str, float]
    ap50: float  # of masks on the validation frames, as ultralytics counts
    ap: float
    best: bool
    batch: int


@dataclass(frozen=True)
class Trained:
    """What came out."""

    weights: Path
    judged: Judged
    found: list[list[Shape]]  # what it finds in each of `material.judging`
    curve: list[Epoch]
    seconds: float
    batch: int  # smaller than asked for where memory did not suffice
    stopped: str  # why it ended: finished, time, patience, person
    settings: TrainingSettings  # resolved
    composites: int = 0  # that were really made


@dataclass(frozen=True)
class Listener:
    """Who is told how it goes; all of it may be left out."""

    on_stage: Callable[[str, int, int], None] = lambda stage, done, total: None
    on_epoch: Callable[[Epoch], None] = lambda epoch: None
    on_progress: Callable[[float, int], None] = lambda done, epochs: None  # epochs, in parts
    on_note: Callable[[str], None] = lambda line: None


SILENT = Listener()
