"""Label economy: mask AP against 5, 10, 20 and 40 corrected frames, with and without the program.

"program" is what `ethoscribe train` does: frames that the program proposes, with composites.
"plain" is what a lab does without it: frames evenly spread over the film, with turns, flips and
changes of light alone. At 20 frames two more say which of both helps: "proposals" alone and
"composites" alone. All begin with the same random weights and take equally many steps, on pictures
small enough that a network is taught to its end: after a few steps all are alike, since what lacks
then is training and not labels.

The cage is filmed while its animals mostly rest, as mice do: most frames are alike, and few show
what matters. Networks are judged on another recording of it in which animals are lively and meet,
of which nothing was ever labelled; "same" is told beside it, frames of the labelled recording as
far from every frame that anybody labels as it allows. With --lively the labelled film is lively
too: there any frame is as good as another, and little is left to propose.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bedding_scene import BeddingFilm

    from tests.benchmarks.lab import Cage
    from tracking.networks.teaching.plans import Listener

COUNTS = (5, 10, 20, 40)
WAYS = {  # whether frames are proposed, whether composites are made
    "plain": (False, False), "program": (True, True), "proposals": (True, False),
    "composites": (False, True),
}  # fmt: skip
ENDS = ("plain", "program")  # of the whole curve; the others at APART frames alone
APART = 20
LOOKED_AT = 320  # frames among which those to label are chosen: 8 for each of 40, as the program
JUDGED = 60, 30  # frames of the other recording, and of the same one


def main(options: Sequence[str] = ()) -> None:
    """Print the curve of both ways."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks label_economy")
    parser.add_argument("--seed", type=int, default=1001)
    parser.add_argument("--lively", action="store_true", help="label in a lively recording")
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--pictures", type=int, default=240)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--image-px", type=int, default=192)
    parser.add_argument("--ways", nargs="*", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--counts", type=int, nargs="*", default=list(COUNTS))
    parser.add_argument("--page", type=Path, help="an HTML file for the curve, as reports show it")
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
            f"{row['ap']:.3f}  in contact {row['contact_ap']:.3f}  right count "
            f"{row['right_count']:.1%}  (same recording {row['ap_same']:.3f})  "
            f"{row['cpu_s']:.0f} CPU s"
        )
    print(_verdict(rows))
    if chosen.page:
        chosen.page.write_text(_page(rows), encoding="utf-8")


def _page(rows: Sequence[dict]) -> str:
    """The curve of every way and the table, as the report on a network shows them."""
    from importlib.resources import files

    from app.training.economy_report import economy_html

    style = files("assets").joinpath("report.css").read_text(encoding="utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Label economy</title>'
        f"<style>{style}</style></head><body><h1>Label economy</h1>{economy_html(rows)}</body>"
        "</html>\n"
    )


def measured(chosen: argparse.Namespace, films: Path) -> list[dict]:
    """A row for each number of frames and way, as the reports show them."""
    from tests.benchmarks.measuring import cost_of

    kept = json.loads(chosen.keep.read_text()) if chosen.keep and chosen.keep.exists() else []
    rows = list(kept)
    filmed(chosen, films)  # once, and not counted
    for count, way in _in_order(chosen.counts):
        if way not in chosen.ways or any(
            (row["frames"], row["way"]) == (count, way) for row in rows
        ):
            continue
        cost = cost_of(
            train_once, chosen, films, count, way,
            imports=("tracking.networks.teaching.training", "tests.benchmarks.lab"),
        )  # fmt: skip
        told = {name: getattr(chosen, name) for name in ("epochs", "pictures", "image_px", "batch")}
        told |= {"frames": count, "way": way, "cpu_s": cost.cpu_s}
        rows.append({**cost.result, **told})
        if chosen.keep:
            chosen.keep.write_text(json.dumps(rows))
    return sorted(rows, key=lambda row: (row["frames"], list(WAYS).index(row["way"])))


def filmed(chosen: argparse.Namespace, films: Path) -> Cage:
    """The two recordings of the cage, made once."""
    from tests.benchmarks.lab import cage, quiet_cage

    return (cage if chosen.lively else quiet_cage)(chosen.seed, films)


def _in_order(counts: Sequence[int]) -> list[tuple[int, str]]:
    """What is asked for first, then the rest of the curve, then what each part helps."""
    near = sorted(counts, key=lambda n: abs(n - 25))  # 20 and 40 first
    curve = [(count, way) for count in near for way in ENDS]
    return curve + [(APART, way) for way in WAYS if way not in ENDS and APART in counts]


def train_once(chosen: argparse.Namespace, films: Path, count: int, way: str) -> dict:
    """Train with so many frames in one way, and judge on frames that no way has labelled."""
    from tests.benchmarks.lab import proposed
    from tracking.networks.teaching.dataset import split_by_time
    from tracking.networks.teaching.judging import judge
    from tracking.networks.teaching.plans import Material, TrainingSettings
    from tracking.networks.teaching.training import train
    from tracking.networks.teaching.trials import predict, shapes_of
    from tracking.subtraction.tuning import sample
    from tracking.video import probe

    place = filmed(chosen, films)
    asked = proposed(place.film, max(COUNTS), LOOKED_AT)
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
        minutes=None, epochs=chosen.epochs, pictures=chosen.pictures, composites=composites,
        batch=chosen.batch, image_px=chosen.image_px, device="cpu", threads=chosen.threads,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        trained = train(material, settings, Path(folder), listener=_listener())
        every = {*asked, *(frame for n in COUNTS for frame in spread(place.film, n))}
        same, other = place.unseen(sorted(every), JUDGED[1])[0], place.others(JUDGED[0])
        found = predict(trained.weights, [*other, *same], trained.settings)
    truth = [shapes_of(one) for one in [*other, *same]]
    headline = judge(truth[: len(other)], found[: len(other)]).to_dict()
    alone = judge(truth[len(other) :], found[len(other) :])
    learned = {"learned_from": len(split.train), "ap_same": alone.ap, "ap50_same": alone.ap50}
    return {**headline, **learned}


def _listener() -> Listener:
    """Tell each epoch on the standard error, as far as it has come."""
    from tracking.networks.teaching.plans import Epoch, Listener

    def tell(one: Epoch) -> None:
        print(
            f"epoch {one.epoch} of {one.epochs}: AP50 {one.ap50:.3f}, AP50-95 {one.ap:.3f}",
            file=sys.stderr, flush=True,
        )  # fmt: skip

    return Listener(on_epoch=tell)


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
