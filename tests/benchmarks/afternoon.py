"""A lab afternoon: 20 corrected frames, 15 minutes of training from random weights on a CPU.

A generated cage in which thresholds fail (bedding, wire, a moving shadow, one white and two dark
mice), with a seed that was never used for tuning. The program proposes the frames; the true masks
stand for a person who corrects them. Judged on frames at least a second away from every labelled
one, and on another recording of the same cage. CPU seconds are counted: 15 minutes of two cores
are 1800.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

FRAMES, CPU_S = 20, 1800.0
IOU, AP50 = 0.80, 0.90


def main(options: Sequence[str] = ()) -> None:
    """Print how good a network is after an afternoon."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks afternoon")
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--frames", type=int, default=FRAMES)
    parser.add_argument("--films", type=Path, help="a folder for the films, kept")
    parser.add_argument("--study", type=Path, help="a folder for the study, kept")
    chosen = parser.parse_args(list(options))
    with tempfile.TemporaryDirectory() as folder:
        films = chosen.films or Path(folder) / "films"
        bedding(chosen, films, chosen.study or Path(folder) / "study")


def bedding(chosen: argparse.Namespace, films: Path, study: Path) -> None:
    """The generated cage."""
    from tests.benchmarks.lab import cage, ethoscribe, judged_line, label, proposed, try_network

    place = cage(chosen.seed, films)
    frames = proposed(place.film, chosen.frames)
    label(study, place.film, frames)
    run = ethoscribe(
        "train", "-s", str(study), "--name", "mice", "--device", "cpu", "--epochs",
        str(chosen.epochs), "--threads", str(chosen.threads),
    )  # fmt: skip
    same, other = place.unseen(frames)
    print(f"\nA lab afternoon: {len(frames)} corrected frames, seed {chosen.seed}", flush=True)
    print(
        f"trained from random weights in {run.cpu_s:.0f} CPU s of {CPU_S:.0f} "
        f"({run.record['epochs']} epochs)"
    )
    print(judged_line("unseen frames of the film", try_network(study, "mice", same)))
    print(judged_line("another recording of the cage", try_network(study, "mice", other)))
    every = try_network(study, "mice", [*same, *other])
    print(judged_line("both", every))
    good = every.iou >= IOU and every.ap50 >= AP50 and run.cpu_s <= CPU_S
    print(
        f"asked: IoU {IOU:.2f}, AP50 {AP50:.2f} within {CPU_S:.0f} CPU s: "
        f"{'met' if good else 'NOT met'}"
    )
