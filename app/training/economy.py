"""Label economy: how good a network becomes with how many corrected frames."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.errors import AppError
from app.library import reading
from app.training.material import choose_again, material_of
from app.training.place import Place
from storage.networks import FOLDER, Network, check_network_name, find_network
from tracking.networks.teaching.dataset import Split
from tracking.networks.teaching.plans import SILENT, Listener, TrainingSettings
from tracking.networks.teaching.training import train

FILE = "economy.json"
WAYS = {True: "with composites", False: "frames alone"}
# Many trainings have to take bearable time. Fewer epochs alone will not do: after a few steps all
# numbers of frames are alike, since what lacks is training. On smaller pictures, and with half as
# many at a time, half the epochs take as many steps as all of them and a fifth of the time.
SHORTER, SMALLER, LEAST_PX = 1 / 2, 0.6, 64
TOLD = ("epochs", "pictures", "image_px", "batch")  # rows that agree in these can be compared


def economy_of(study: Path, name: str) -> list[dict[str, Any]]:
    """What was measured for a network: rows of frames, way, ap50, ap and cpu_s."""
    try:
        text = (study / FOLDER / check_network_name(name) / FILE).read_text(encoding="utf-8")
        return list(json.loads(text))
    except (OSError, ValueError):
        return []


def measure_economy(
    study: Path, name: str, counts: Sequence[int], settings: TrainingSettings | None = None,
    listener: Listener = SILENT,
) -> list[dict[str, Any]]:  # fmt: skip
    """Train anew with fewer of the frames that a network learned from, with composites and without.

    All are judged on the frames that judged the network; rows that are there are not made again.
    """
    study = study.expanduser().resolve()
    with reading(study) as opened:
        network = find_network(opened, name, kind="pt")
    if not any(row["use"] == "validation" for row in network.trained_on):
        raise AppError(
            f"No frame judged {network.key}: with fewer frames it would be judged by those that it "
            "has seen. Correct more frames, train again, and measure then."
        )
    settings = settings or _shorter(network)
    train_numbers = _learned_from(network)
    wanted = sorted({min(count, len(train_numbers)) for count in counts})
    if not wanted or wanted[0] < 1:
        raise AppError("Say with how many frames: numbers from 1, as in --economy 5 --economy 10.")
    place = Place(study, f"{network.name}.economy")
    with place.alone():
        for count in wanted:
            for composites in WAYS:
                _measure(study, network, place, count, replace(settings, composites=composites),
                         listener)  # fmt: skip
        place.clear()
    return rows_of(study, network)


def rows_of(study: Path, network: Network) -> list[dict[str, Any]]:
    """What was measured for this version alone: another one was judged on other frames."""
    return [row for row in economy_of(study, network.name) if row.get("network") == network.key]


def _shorter(network: Network) -> TrainingSettings:
    """The settings of a network for a shorter training; all trainings are equally long."""
    kept = {key: network.settings[key] for key in TrainingSettings().to_dict()}
    curve = network.metrics.get("curve") or [{"epoch": kept["epochs"]}]
    return shortened(TrainingSettings(**kept), int(curve[-1]["epoch"]))


def shortened(whole: TrainingSettings, epochs: int) -> TrainingSettings:
    """A training of about as many steps as a whole one of `epochs`, in a fifth of its time."""
    image_px = max(LEAST_PX, 32 * round(SMALLER * whole.image_px / 32))
    return replace(
        whole, minutes=None, epochs=max(1, round(SHORTER * epochs)), image_px=image_px,
        batch=max(1, whole.batch // 2),
    )  # fmt: skip


def _learned_from(network: Network) -> list[int]:
    """The revisions that it learned from, in the order in which they were labelled."""
    return sorted(row["revision"] for row in network.trained_on if row["use"] == "train")


def _measure(
    study: Path, network: Network, place: Place, count: int, settings: TrainingSettings,
    listener: Listener,
) -> None:  # fmt: skip
    """One training, unless it was done before with the same settings."""
    way = WAYS[settings.composites]
    told = {"frames": count, "way": way, "network": network.key} | {
        name: getattr(settings, name) for name in TOLD
    }
    rows = economy_of(study, network.name)
    if any(told.items() <= row.items() for row in rows):
        return
    listener.on_note(f"{count} frames, {way}")
    begun = time.process_time()
    judging = [row["revision"] for row in network.trained_on if row["use"] == "validation"]
    chosen = choose_again(study, [*_learned_from(network)[:count], *judging], network.classes)
    last = {number: k for k, number in enumerate(judging)}
    where = [labelled.revision_id in last for _, labelled in chosen.frames]
    split = Split(
        [k for k, judges in enumerate(where) if not judges],
        [k for k, judges in enumerate(where) if judges], [],
    )  # fmt: skip
    folder = place.folder / f"{count}-{'composites' if settings.composites else 'alone'}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    trained = train(
        material_of(study, chosen, split, settings.composites), settings, folder, None, listener
    )
    spent = {"cpu_s": round(time.process_time() - begun, 1)}
    # "frames" are those learned from, not those judged on
    keep_economy(study, network.name, [*rows, trained.judged.to_dict() | told | spent])


def keep_economy(study: Path, name: str, rows: Sequence[dict[str, Any]]) -> None:
    """Keep what was measured, for the reports on this network."""
    file = study / FOLDER / check_network_name(name) / FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{FILE}")
    plain = [
        {k: None if isinstance(v, float) and v != v else v for k, v in row.items()} for row in rows
    ]
    draft.write_text(json.dumps(plain), encoding="utf-8")
    draft.replace(file)
