"""Frames per CPU second of a segmentation network, and where the time goes.

python -m tests.benchmarks network_speed                       random weights, a real recording
python -m tests.benchmarks network_speed --weights mice.pt --video cage.mp4

Everything is on one thread and in CPU seconds. "plain torch" is the network as it is loaded; the
rows below it are what tracking chooses from. With random weights, masks are compared on the best
guesses of each frame; with trained ones, on the animals. On a GPU the same table is of wall time.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "video"
VIDEO = DATA / "mice3_open_field" / "EGS8X2MN4SSUGFWAV976.mp4"
FRAMES, IMAGE_PX, ARCHITECTURE = 48, 640, "yolo11n-seg.yaml"
PLAIN = "plain torch"
GUESSES = 8  # of random weights in each frame


@dataclass
class Spent:
    """Seconds by stage, over all frames."""

    clock: Callable[[], float]
    seconds: dict[str, float] = field(default_factory=dict)

    def time(self, stage: str, work: Callable[[], Any]) -> Any:
        """Do some work and note how long it took."""
        began = self.clock()
        made = work()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + self.clock() - began
        return made

    def row(self, frames: int) -> str:
        """Frames per second, and milliseconds of each stage for a frame."""
        total = sum(self.seconds.values())
        parts = "".join(f"{1000 * s / frames:9.2f}" for s in self.seconds.values())
        return f"{frames / total:9.1f}{parts}"


def random_weights(folder: Path) -> Path:
    """A file of the smallest network of the family as it is before training."""
    import torch

    from tracking.networks import door

    door.prepare(1)
    torch.manual_seed(0)
    file = folder / "random.pt"
    door.begin(ARCHITECTURE, file, ("mouse",), IMAGE_PX)
    return file


class PlainTorch:
    """The network as it is loaded, without a layout or a number format of ours."""

    def __init__(self, choice: Any) -> None:
        from tracking.networks import door

        self.choice, self._module = choice, door.load(choice.weights.path)

    def submit(self, pictures: np.ndarray) -> Any:
        import torch

        with torch.inference_mode():
            gray = torch.from_numpy(pictures).float()[:, None] / 255
            return self._module(gray.repeat(1, 3, 1, 1))[0]

    def result(self, job: Any) -> Any:
        return job[0].numpy(), job[1].numpy()


def measure(
    choice: Any, video: Path, settings: Any, frames: int, plain: bool = False
) -> tuple[Spent, list[Any]]:
    """Decode and segment the first frames stage by stage; the time and what was found."""
    from tracking.networks.pictures import fit, pictures
    from tracking.networks.running.answers import MOST, answer
    from tracking.networks.running.runtimes import open_network, run
    from tracking.threads import one_thread
    from tracking.video import probe, read_frames

    info = probe(video)
    spent = Spent(time.perf_counter if choice.on_gpu else time.process_time)
    network: Any = PlainTorch(choice) if plain else open_network(choice)
    weights = choice.weights
    how = fit((info.height, info.width), weights.image_px, weights.stride, weights.fixed)
    n_classes = len(weights.classes)
    rules = replace(settings.rules(weights.classes), most=settings.most or MOST)
    blank = np.zeros((choice.batch, *how.picture), np.uint8)
    run(network, blank)  # compiled, and its memory taken
    reader, found = read_frames(info, 0, frames, 1), []
    with one_thread():
        for _ in range(0, frames, choice.batch):
            batch = spent.time("decode", lambda: list(islice(reader, choice.batch)))
            made = spent.time("picture", lambda b=batch: pictures([f.gray for f in b], how))
            told = spent.time("network", lambda m=made: run(network, m))

            def masks(told: Any = told) -> list[Any]:
                pairs = zip(*told, strict=True)
                return [answer(p, q, how, rules, n_classes, weights.end_to_end) for p, q in pairs]

            found += spent.time("masks", masks)[: len(batch)]
    return spent, found


def agreement(some: list[Any], others: list[Any]) -> tuple[float, float]:
    """Mean and least share of the best partner of every mask, over all frames."""
    from tracking.networks.running.fitting import shared

    best = [
        max((shared(one, other) for other in b), default=0.0)
        for a, b in zip(some, others, strict=True)
        for one in a
    ]
    return (float(np.mean(best)), float(np.min(best))) if best else (1.0, 1.0)


def ways(weights: Path, device: str, folder: Path) -> dict[str, Any]:
    """The network in every way that can be had here."""
    from tracking.networks.running.choices import choose, device_for, installed, shorter
    from tracking.networks.weights import describe

    known = describe(weights)
    if device_for(device) != "cpu":
        return {
            f"torch {exact}": choose(known, device, "torch", exact)
            for exact in ("float32", "float16")
        }
    torch = choose(known, "cpu", "torch")
    found = {PLAIN: torch, "torch as we run it": torch}
    for runtime in [one for one in installed() if one != "torch"]:
        choice = choose(known, "cpu", runtime, folder=folder)
        found[choice.words().partition(" on")[0]] = choice
        quick = shorter(choice)
        if quick is not None:
            found["OpenVINO bfloat16"] = quick
    return found


def main(options: Sequence[str] = ()) -> None:
    """Print a row for each way to run the network."""
    reader = argparse.ArgumentParser(prog="network_speed")
    reader.add_argument("--weights", type=Path)
    reader.add_argument("--video", type=Path, default=VIDEO)
    reader.add_argument("--frames", type=int, default=FRAMES)
    reader.add_argument("--confidence", type=float)
    reader.add_argument("--device", default="cpu")
    told = reader.parse_args(options)
    from tracking.networks import door
    from tracking.networks.running.settings import NetworkSettings

    if not door.is_installed() or not told.video.is_file():
        missing = told.video if door.is_installed() else "the models extra"
        print(f"network_speed: left out, {missing} is not here")
        return
    least = told.confidence or (0.25 if told.weights else 1e-6)
    # untrained, every guess covers half the frame: those that overlap are left out
    settings = NetworkSettings(confidence=least)
    if not told.weights:
        settings = NetworkSettings(confidence=least, most=GUESSES, overlap=0.05)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        weights = told.weights or random_weights(folder)
        print(f"\nA segmentation network on {told.video.name}, {told.frames} frames")
        print(f"{'':22}{'frames/s':>9}{'decode':>9}{'picture':>9}{'network':>9}{'masks':>9} ms"
              f"{'times':>7}  masks as plain: mean, least IoU")  # fmt: skip
        first: tuple[float, list[Any]] | None = None
        for name, choice in ways(weights, told.device, folder).items():
            spent, found = measure(choice, told.video, settings, told.frames, name == PLAIN)
            total = sum(spent.seconds.values())
            first = first or (total, found)
            mean, least_share = agreement(first[1], found)
            print(f"{name:22}{spent.row(told.frames)}   {first[0] / total:6.2f}  {mean:.4f} "
                  f"{least_share:.4f}")  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
