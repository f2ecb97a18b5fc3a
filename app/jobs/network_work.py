"""What tracking by a network needs before the long work: which weights, on what, with which rules.

A network comes from a file, from the study by its name, or by a name that ultralytics publishes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from app.errors import AppError
from tracking.arenas.division import Arenas
from tracking.errors import TrackingError
from tracking.networks.fetching import fetch, is_published
from tracking.networks.running.association import OWN, Association, checked
from tracking.networks.running.choices import Choice, choose, device_for, installed
from tracking.networks.running.fitting import NetworkTuning, check_classes, fit_network
from tracking.networks.running.settings import NetworkSettings
from tracking.networks.weights import Weights, describe
from tracking.threads import cores
from tracking.yolo import YoloSegmenter

YOLO = "yolo"
PACKAGES = {
    "torch": ("torch", "ultralytics-opencv-headless"), "onnxruntime": ("onnxruntime",),
    "openvino": ("openvino",),
}  # fmt: skip
ENDINGS = (".pt", ".onnx", ".xml")


@dataclass(frozen=True)
class NetworkTask:
    """The network that a person asked for, and where it is to run."""

    weights: Weights
    called: str  # its name in the study, or of its file
    device: str = "auto"

    @property
    def asked(self) -> dict[str, Any]:
        """What decides the result, as it is stored: the weights by what is in them."""
        asked = {"segmenter": YOLO, "weights": self.called, "sha256": self.weights.sha256}
        return asked if self.device == "auto" else {**asked, "device": self.device}

    def choice(self, settings: NetworkSettings, workers: int, place: Path) -> Choice:
        """What runs the network; weights of torch's are exported into ``place`` for a CPU."""
        threads = max(1, cores() // workers)
        return choose(
            self.weights, self.device, settings.runtime, settings.precision, threads, place
        )

    def record(self, choice: Choice) -> dict[str, Any]:
        """What is stored with the run, so that the same network is known again."""
        return {**self.weights.record(), "name": self.called, **choice.record()}


@dataclass(frozen=True)
class Way:
    """How a person wants animals to be found and followed, as told and not yet looked at."""

    segmenter: str = "background"
    weights: str | None = None
    device: str = "auto"
    association: str = OWN

    def check(self) -> None:
        """Refuse what this installation cannot do, before any file is opened."""
        if self.segmenter == YOLO and not installed():
            raise AppError(
                "The segmenter yolo is not installed: pip install 'ethoscribe[onnx]' runs trained "
                "networks (.onnx), pip install 'ethoscribe[models]' trains them too."
            )
        checked(self.association)
        device_for(self.device)

    @property
    def follower(self) -> Association:
        """Who follows the animals; TrackingError where that is not known or not installed."""
        return checked(self.association)

    def on_gpu(self) -> bool:
        """Whether a network would run on a GPU of this machine."""
        return self.segmenter == YOLO and device_for(self.device) != "cpu"

    def network(self, study: Path, by_hand: dict[str, Any]) -> NetworkTask | None:
        """The network that is asked for, looked at; None for background subtraction."""
        if self.segmenter != YOLO:
            return None
        return network_task(study, self.weights, self.device, by_hand)

    def network_like(self, study: Path, kept: dict[str, Any] | None) -> NetworkTask | None:
        """The network of a run before; None if that had none."""
        if kept is None:
            return None
        return same_network(study, kept, self.weights, self.device)

    def check_arenas(self, arenas: Arenas | None) -> None:
        """Refuse what does not go together."""
        if arenas is not None and self.association != OWN:
            raise AppError(
                f"{self.association} knows no arenas: leave --association out, or take "
                "--arenas none for the whole picture."
            )


def network_task(
    study: Path,
    weights: str | None,
    device: str,
    by_hand: dict[str, Any],
    place: Path | None = None,
) -> NetworkTask:
    """The network that is asked for, looked at; one line where it cannot serve.

    ``weights`` is a file, a network of the study ("mice" or "mice:2"), or a published name.
    """
    if weights is None:
        raise AppError(
            "Say which network: --weights FILE, or the name of one that was trained in this study. "
            "To train one: ethoscribe train"
        )
    settings = NetworkSettings().with_changes(by_hand)
    file, called = _found(study, weights, device)
    task = NetworkTask(describe(file), called, device)
    check_classes(choose(task.weights, device, settings.runtime, settings.precision), by_hand)
    return task


def _found(study: Path, weights: str, device: str) -> tuple[Path, str]:
    """The file that a name means, and what the network is called."""
    path = Path(weights)
    if path.is_file() or next(path.glob("*.xml"), None):  # a folder of films may be called so
        return path, path.stem
    registered = _registered(study, weights, device)
    if registered is not None:
        return registered
    if is_published(weights):
        return fetch(weights), path.stem
    if path.suffix.lower() in ENDINGS or len(path.parts) > 1:
        raise AppError(f"There are no weights at {weights}. Check the name and the folder.")
    names = _names(study)
    known = f"This study has: {', '.join(names)}." if names else "This study has none yet."
    raise AppError(
        f"There is no network called {weights}. {known} Give a file (.pt, .onnx, .xml), or train "
        "one: ethoscribe train"
    )


def _registered(study: Path, weights: str, device: str) -> tuple[Path, str] | None:
    """The file of a network that was trained in the study; None if it has none of that name.

    Of several files of one version, the one that runs fastest where it is to run.
    """
    from storage.networks import find_network, network_file, networks
    from storage.study import open_study

    if not study.is_dir():
        return None
    with open_study(study) as opened:
        newest = [one for one in networks(opened) if one.name == weights.partition(":")[0]]
        if not newest:
            return None
        key = find_network(opened, weights).key
        kinds = [one.kind for one in newest if one.key == key]
        order = ("onnx", "openvino", "pt") if device_for(device) == "cpu" else ("pt", "onnx")
        kind = next((kind for kind in order if kind in kinds), None)
        return network_file(find_network(opened, key, kind)), key


def _names(study: Path) -> list[str]:
    from storage.networks import networks
    from storage.study import open_study

    if not study.is_dir():
        return []
    with open_study(study) as opened:
        return sorted({one.name for one in networks(opened)})


def tuned_network(
    task: NetworkTask, choice: Choice, stack: np.ndarray, n_animals: int, by_hand: dict[str, Any],
    arenas: Arenas | None, on_progress: Callable[[int, int], None],
) -> NetworkTuning:  # fmt: skip
    """The settings that suit a video, from a sample of its frames."""
    where = arenas.where if arenas is not None else None
    return fit_network(choice, stack, n_animals, by_hand, where, on_progress)


def network_segmenter(
    choice: Choice, settings: NetworkSettings, arenas: Arenas | None
) -> YoloSegmenter:
    """The segmenter of a run."""
    return YoloSegmenter(choice, settings, arenas.where if arenas is not None else None)


def network_versions(choice: Choice) -> dict[str, str]:
    """The versions of what runs the network."""
    found = {}
    for name in PACKAGES[choice.runtime]:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue  # another distribution brings the module
    return found


def same_network(study: Path, kept: dict[str, Any], given: str | None, device: str) -> NetworkTask:
    """The network of a run before, for the same again; one line where it is missing or changed."""
    name, wanted = str(kept.get("name")), str(kept.get("sha256"))
    for place in (given, name, str(kept.get("file"))):
        if not place:
            continue
        try:
            file, _ = _found(study, place, device)
            known = describe(file)
        except (AppError, TrackingError):
            if place == given:
                raise
            continue
        if known.sha256 == wanted:
            return NetworkTask(known, name, device)
        if place == given:
            raise AppError(
                f"{given} are not the weights of that run: theirs begin with sha256 "
                f"{wanted[:12]}, these with {known.sha256[:12]}."
            )
    raise AppError(
        f"The weights of that run, {name} (sha256 {wanted[:12]}...), are missing or were changed "
        f"at {kept.get('file')}. Give them with --weights FILE."
    )
