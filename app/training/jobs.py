"""Trainings as processes of their own, for the pages: started, watched, cancelled, resumed."""

from __future__ import annotations

from pathlib import Path

from app.errors import AppError
from app.jobs import processes
from app.jobs.processes import Job
from app.training.material import Readiness, readiness
from app.training.place import Interrupted, Place, interrupted
from storage.networks import check_network_name
from tracking.networks.teaching.plans import Epoch

__all__ = [
    "Interrupted", "Readiness", "interrupted", "latest_training", "live_curve", "notes",
    "readiness", "start_training",
]  # fmt: skip


def start_training(
    study: Path, name: str, *, size: str | None = None, family: str | None = None,
    image_px: int | None = None, minutes: float | None = 15.0, epochs: int | None = None,
    device: str = "auto", composites: bool = True, pictures: int = 360,
    start: str | None = None, next_round: bool = False, seed: int = 0,
    resume: bool = False, restart: bool = False, finish: bool = False, author: str = "",
) -> Job:  # fmt: skip
    """Start `ethoscribe train` with these options; what it cannot do is said at once.

    Without `size`, `family` and `image_px`, those of the weights that it begins with are taken.
    """
    name = check_network_name(name)
    running = latest_training(study, name)
    if running is not None and running.active:
        raise AppError(f"{name} is being trained already (process {running.pid}).")
    if not (resume or finish):
        ready = readiness(study)
        if ready.error:
            raise AppError(ready.error)
    elif Place(study, name).asked is None:
        raise AppError(f"No training of {name} stopped half way: start a new one.")
    command = ["train", "-s", str(study), "--name", name]
    command += ["--author", author] if author else []
    if resume or finish:
        command.append("--finish" if finish else "--resume")
    else:
        command += [
            "--device", device, "--seed", str(seed), "--pictures", str(pictures),
        ]  # fmt: skip
        command += ["--size", size] if size else []
        command += ["--family", family] if family else []
        command += ["--image-size", str(image_px)] if image_px is not None else []
        command += ["--minutes", f"{minutes:g}"] if minutes is not None else []
        command += ["--epochs", str(epochs)] if epochs is not None else []
        command += ["--from", start] if start else []
        command += ["--round"] if next_round else []
        command += ["--restart"] if restart else []
        command += [] if composites else ["--no-composites"]
    return processes._start(study, Path(name), "train", command)


def latest_training(study: Path, name: str | None = None) -> Job | None:
    """The newest training of this study, or of one network of it."""
    found = (job for job in processes.read_jobs(study) if job.kind == "train")
    return next((job for job in found if name is None or job.video == name), None)


def live_curve(study: Path, name: str) -> list[Epoch]:
    """The curve of a training under way or stopped half way; empty when there is none."""
    return Place(study, name).curve()


def notes(study: Path, name: str) -> list[str]:
    """What the training under way has said so far, a line each."""
    return Place(study, name).notes()
