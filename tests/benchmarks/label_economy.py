"""Label economy: mask AP against 5, 10, 20 and 40 corrected frames, with and without the program.

"program" is what `ethoscribe train` does: frames that the program proposes, with composites.
"plain" is what a lab does without it: frames evenly spread over the film, with turns, flips and
changes of light alone. At 20 frames two more say which of both helps: "proposals" alone and
"composites" alone. All see as many pictures, begin with the same random weights, and are judged on
the same frames: as far from every frame that anybody labels as the film allows, and of another
recording of the cage, which is also told by itself ("other"), since nothing of it was ever
labelled. Every training is shorter than an afternoon (8 epochs of 240 pictures, about 250 CPU s),
so that all ten take about an hour of CPU time.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bedding_scene import BeddingFilm

COUNTS = (5, 10, 20, 40)
WAYS = {  # whether frames are proposed, whether composites are made
    "plain": (False, False), "program": (True, True), "proposals": (True, False),
    "composites": (False, True),
}  # fmt: skip
ENDS = ("plain", "program")  # of the whole curve; the others at APART frames alone
APART = 20


def main(options: Sequence[str] = ()) -> None:
    """Print the curve of both ways."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks label_economy")
    parser.add_argument("--seed", type=int, default=1001)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--pictures", type=int, default=240)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--counts", type=int, nargs="*", default=list(COUNTS))
    parser.add_argument("--films", type=Path, help="a folder for the films, kept")
    parser.add_argument(
        "--keep", type=Path, help="a JSON file that rows are added to, and not made again"
    )
    chosen = parser.parse_args(list(options))
    with tempfile.TemporaryDirectory() as folder:
        rows = measured(chosen, chosen.films or Path(folder))
    print(f"\nLabel economy, seed {chosen.seed}, {chosen.epochs} epochs of {chosen.pictures}")
    for row in rows:
        print(
            f"{row['frames']:3} frames, {row['way']:10} AP50 {row['ap50']:.3f}  AP50-95 "
            f"{row['ap']:.3f} (other {row.get('ap_other', float('nan')):.3f})  right count "
            f"{row['right_count']:.1%}  ({row['cpu_s']:.0f} CPU s)"
        )
    print(_verdict(rows))


def measured(chosen: argparse.Namespace, films: Path) -> list[dict]:
    """A row for each number of frames and way, as the reports show them."""
    from tests.benchmarks.measuring import cost_of

    kept = json.loads(chosen.keep.read_text()) if chosen.keep and chosen.keep.exists() else []
    rows = list(kept)
    for count, way in _in_order(chosen.counts):
        if any((row["frames"], row["way"]) == (count, way) for row in rows):
            continue
        cost = cost_of(
            train_once, chosen.seed, films, count, way, chosen.epochs, chosen.pictures,
            chosen.threads, chosen.counts,
            imports=("tracking.networks.teaching.training", "tests.benchmarks.lab"),
        )  # fmt: skip
        rows.append({**cost.result, "frames": count, "way": way, "cpu_s": cost.cpu_s})
        if chosen.keep:
            chosen.keep.write_text(json.dumps(rows))
    return sorted(rows, key=lambda row: (row["frames"], list(WAYS).index(row["way"])))


def _in_order(counts: Sequence[int]) -> list[tuple[int, str]]:
    """What is asked for first, then the rest of the curve, then what each part helps."""
    near = sorted(counts, key=lambda n: abs(n - 25))  # 20 and 40 first
    curve = [(count, way) for count in near for way in ENDS]
    return curve + [(APART, way) for way in WAYS if way not in ENDS and APART in counts]


def train_once(
    seed: int, films: Path, count: int, way: str, epochs: int, pictures: int, threads: int,
    counts: Sequence[int],
) -> dict:  # fmt: skip
    """Train with so many frames in one way, and judge on frames that no way has labelled."""
    from tests.benchmarks.lab import cage, proposed
    from tracking.networks.teaching.dataset import split_by_time
    from tracking.networks.teaching.judging import judge
    from tracking.networks.teaching.plans import Material, TrainingSettings
    from tracking.networks.teaching.training import train
    from tracking.networks.teaching.trials import predict, shapes_of
    from tracking.subtraction.tuning import sample
    from tracking.video import probe

    place = cage(seed, films)
    asked = proposed(place.film, max(counts))
    propose, composites = WAYS[way]
    frames = asked[:count] if propose else spread(place.film, count)
    samples = place.film.samples(sorted(frames))
    split = split_by_time([one.source for one in samples])
    info = probe(place.film.video)
    material = Material(
        [samples[k] for k in split.train], [samples[k] for k in split.validation], ("mouse",),
        {samples[0].source[0]: list(sample(info))} if composites else {},
    )  # fmt: skip
    settings = TrainingSettings(
        minutes=None, epochs=epochs, pictures=pictures, composites=composites,
        device="cpu", threads=threads,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        trained = train(material, settings, Path(folder))
        every = {*asked, *(frame for n in counts for frame in spread(place.film, n))}
        same, other = place.unseen(sorted(every))
        found = predict(trained.weights, [*same, *other], trained.settings)
    truth = [shapes_of(one) for one in [*same, *other]]
    alone = judge(truth[len(same) :], found[len(same) :])
    return {**judge(truth, found).to_dict(), "ap_other": alone.ap, "ap50_other": alone.ap50}


def spread(film: BeddingFilm, count: int) -> list[int]:
    """So many frames evenly over a film, as somebody takes who is told nothing better."""
    import numpy as np

    last = int(film.truth["frame"].max())
    return [int(frame) for frame in np.linspace(0, last, count + 2)[1:-1]]


def _verdict(rows: Sequence[dict]) -> str:
    """Whether 20 frames with the program beat 40 without."""
    by = {(row["frames"], row["way"]): row["ap"] for row in rows}
    if (20, "program") not in by or (40, "plain") not in by:
        return "20 with and 40 without were not both measured"
    few, many = by[20, "program"], by[40, "plain"]
    return (
        f"20 with: AP50-95 {few:.3f}, 40 without: {many:.3f}: {'met' if few > many else 'NOT met'}"
    )
