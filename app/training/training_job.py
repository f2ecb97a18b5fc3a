"""Train a network in a study: the same work for the command line and for the pages.

What is under way lies in `training/NAME` inside the study: a killed training goes on from its last
whole epoch. At the end the weights are registered in one short transaction.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app import __version__
from app.errors import AppError
from app.library import reading
from app.training.lineage import known_file, learned_before, settings_for, used
from app.training.material import Chosen, choose, choose_again, material_of
from app.training.place import Place
from app.training.worst import Failure, keep_failures
from storage.errors import StudyError
from storage.networks import (
    Network,
    check_network_name,
    find_network,
    network_file,
    networks,
    register_network,
)
from storage.study import open_study
from tracking.errors import TrackingError
from tracking.networks.fetching import fetch, is_published
from tracking.networks.teaching.dataset import Split
from tracking.networks.teaching.judging import Judged, judge
from tracking.networks.teaching.plans import SILENT, Listener, Material, Trained, TrainingSettings
from tracking.networks.teaching.training import composing_of, end_early, train
from tracking.networks.teaching.trials import predict, shapes_of

LIBRARIES = ("torch", "ultralytics-opencv-headless", "ultralytics", "numpy",
             "opencv-python-headless")  # fmt: skip
GENTLER = 0.5  # of the learning rate, where weights that can do something go on learning


@dataclass(frozen=True)
class Ask:
    """What a training is asked for."""

    name: str
    settings: TrainingSettings
    start: str | None = None  # NAME, NAME:VERSION or a file of weights; None: random weights
    next_round: bool = False  # from the newest version of the name, judged on the same frames
    new_classes: bool = False  # learn other classes than the weights know
    author: str = ""
    inherit: tuple[str, ...] = ()  # settings that the weights it begins with decide


@dataclass(frozen=True)
class TrainSummary:
    """What a training did."""

    network: Network
    judged: Judged
    before: Judged | None  # the weights it began with, on the same frames
    split: str  # how the frames were divided, in words
    stopped: str  # finished, time or patience
    epochs: int
    seconds: float
    notes: list[str] = field(default_factory=list)
    report: Path | None = None


@dataclass(frozen=True)
class _Plan:
    """A training with everything decided."""

    settings: TrainingSettings
    chosen: Chosen
    split: Split
    parent: Network | None
    start: Path | None
    start_name: str | None
    round: int
    started: str

    def to_dict(self) -> dict[str, Any]:
        """What is kept, so that the very same training can go on."""
        return {
            "settings": self.settings.to_dict(), "frames": frames_of(self.chosen, self.split),
            "names": list(self.chosen.names), "start": str(self.start) if self.start else None,
            "start_name": self.start_name, "round": self.round, "started": self.started,
            "words": self.split.words,
        }  # fmt: skip


def train_network(
    study: Path, ask: Ask, *, resume: bool = False, restart: bool = False, finish: bool = False,
    listener: Listener = SILENT,
) -> TrainSummary:  # fmt: skip
    """Train a network from the corrected frames of a study and register it.

    The same `ask` goes on where it stopped. `resume` goes on with whatever stopped under this
    name, with its own settings and frames; `restart` throws that away; `finish` keeps the best
    weights that it has so far, and ends it.
    """
    study = study.expanduser().resolve()
    place = Place(study, check_network_name(ask.name))
    with reading_existing(study), place.alone():
        plan = _again(study, place) if resume or finish else _plan(study, ask)
        _check_possible(plan)
        if finish:
            _end(place)
        elif not resume:
            _make_room(place, plan, restart)
        if place.asked is None:
            place.begin(plan.to_dict())
        listener = _noting(listener, place)
        for line in [*plan.chosen.notes, plan.split.words, _where(plan.settings)]:
            listener.on_note(line)
        try:
            material = material_of(study, plan.chosen, plan.split, plan.settings.composites)
            trained = train(material, plan.settings, place.folder, plan.start, listener)
        except (AppError, StudyError, TrackingError):
            if not place.curve():
                place.clear()  # nothing was learned that could go on
            raise
        before = _judge_start(plan, material, trained, listener)
        listener.on_stage("store", 0, 1)
        network = _register(study, ask, plan, material, trained, before, place)
        summary = TrainSummary(
            network, trained.judged, before, plan.split.words, trained.stopped,
            trained.curve[-1].epoch if trained.curve else 0, trained.seconds, place.notes(),
        )  # fmt: skip
        place.clear()
    return replace(summary, report=_report(study, network))


def reading_existing(study: Path) -> Any:
    """Open a study that must be there, briefly, to say so where it is not."""
    from contextlib import nullcontext

    if not (study / "study.duckdb").exists():
        raise AppError(f"There is no study at {study}: give one with -s.")
    return nullcontext()


def _check_possible(plan: _Plan) -> None:
    """Say at once what is missing here, before anything is written."""
    from tracking.networks.door import EXTRA, is_installed

    if not is_installed():
        raise AppError(f"Training needs more than the base installation: {EXTRA}")
    if plan.start is None:
        _ = plan.settings.architecture  # refuses families and sizes that there are not
    plan.settings.resolved()  # and devices


def _where(settings: TrainingSettings) -> str:
    """What is trained on, in words."""
    used = settings.resolved()
    if used.device == "cpu":
        return f"Trained on the CPU with {used.threads} thread{'' if used.threads == 1 else 's'}."
    return f"Trained on {used.device}, with {used.precision} precision."


def _plan(study: Path, ask: Ask) -> _Plan:
    """Decide what is learned from, what judges, and which weights it begins with."""
    parent, start, known = _start(study, ask)
    chosen = choose(study)
    if known and not ask.new_classes:
        chosen = _with_classes(study, chosen, known, ask)
    learned = learned_before(study, parent) if parent else []
    split = chosen.split(used(study, parent, "validation") if parent else [], learned)
    if not any(chosen.frames[k][1].labels for k in split.train):
        raise AppError(
            "All corrected frames with animals judge, so that none is left to learn from: correct "
            "some more."
        )
    settings = settings_for(ask.settings, ask.inherit, parent, start)
    if start is not None:
        settings = replace(settings, learning_rate=GENTLER * settings.learning_rate)
    name = parent.key if parent else (str(start) if start else None)
    number = parent.round + 1 if parent else 1
    return _Plan(
        settings, chosen, split, parent, start, name, number, datetime.now(UTC).isoformat()
    )


def _again(study: Path, place: Place) -> _Plan:
    """The plan of a training that stopped."""
    asked = place.asked
    if asked is None:
        raise AppError(
            f"No training of {place.name} stopped half way in this study: leave --resume out."
        )
    uses = {row["revision"]: row["use"] for row in asked["frames"]}
    chosen = choose_again(study, list(uses), asked["names"])
    numbers: dict[str, list[int]] = {"train": [], "validation": [], "left out": []}
    for k, (_, labelled) in enumerate(chosen.frames):
        numbers[uses[labelled.revision_id]].append(k)
    split = Split(numbers["train"], numbers["validation"], numbers["left out"],
                  str(asked.get("words", "")))  # fmt: skip
    name, parent = asked["start_name"], None
    if name:
        with reading(study) as opened:
            known = [one for one in networks(opened, withdrawn=True) if one.kind == "pt"]
        parent = next((one for one in known if one.key == name), None)
    start = Path(asked["start"]) if asked["start"] else None
    return _Plan(
        TrainingSettings(**asked["settings"]), chosen, split, parent, start, name,
        int(asked["round"]), asked["started"],
    )  # fmt: skip


def _make_room(place: Place, plan: _Plan, restart: bool) -> None:
    """Go on with the same training, and never throw epochs of another one away unasked."""
    asked = place.asked
    if asked is None:
        place.clear()
        return
    now = json.loads(json.dumps(plan.to_dict() | {"started": asked.get("started")}))
    if asked == now and not restart:
        return
    curve = place.curve()
    if curve and not restart:
        raise AppError(
            f"Another training of {place.name} stopped after epoch {curve[-1].epoch} of "
            f"{curve[-1].epochs}: --resume goes on with it, --restart throws it away."
        )
    place.clear()


def _end(place: Place) -> None:
    """Let a training that stopped be over with what it has."""
    if not place.curve():
        raise AppError(
            f"The training of {place.name} has no whole epoch yet: --resume goes on with it."
        )
    end_early(place.folder)


def _start(study: Path, ask: Ask) -> tuple[Network | None, Path | None, tuple[str, ...]]:
    """The weights to begin with: as the study knows them, their file, and their classes."""
    if ask.next_round and ask.start is None:
        with reading(study) as opened:
            mine = [one for one in networks(opened) if one.name == ask.name]
        if not mine:
            raise AppError(
                f"There is no network {ask.name} yet: train it once without --round, track with "
                "it, correct its doubtful frames, and then go on with --round."
            )
        return _from_study(study, ask.name)
    if ask.start is None:
        return None, None, ()
    file = Path(ask.start).expanduser()
    if not file.is_file() and is_published(ask.start):
        file = fetch(ask.start)
    if file.suffix == ".pt" or file.is_file():
        from tracking.networks.weights import describe

        if not file.is_file():
            raise AppError(f"There are no weights at {file}: check the path.")
        if file.suffix != ".pt":
            raise AppError(
                f"Training cannot begin with {file.name}: give a .pt file of weights. One that was "
                "exported (.onnx, .xml) can only be tracked with."
            )
        return known_file(study, file), file.resolve(), tuple(describe(file).classes)
    return _from_study(study, ask.start)


def _from_study(study: Path, key: str) -> tuple[Network, Path, tuple[str, ...]]:
    with reading(study) as opened:
        network = find_network(opened, key, kind="pt")
    return network, network_file(network), network.classes


def _with_classes(study: Path, chosen: Chosen, known: Sequence[str], ask: Ask) -> Chosen:
    """The frames with the classes of the weights; those must know all that is labelled."""
    unknown = [name for name in chosen.names if name not in known]
    if unknown:
        raise AppError(
            f"{ask.start or ask.name} knows {_counted(known)}, the labels have "
            f"{_counted(chosen.names)}: {', '.join(unknown)} "
            f"{'is' if len(unknown) == 1 else 'are'} not among them. --new-classes learns the "
            "classes anew and keeps the rest of the weights; without --from all begins anew."
        )
    missing = [name for name in known if name not in chosen.names]
    again = choose(study, known)
    if not missing:
        return again
    line = f"No label is of the class {', '.join(missing)}, which the weights know: they forget it."
    return replace(again, notes=[*again.notes, line])


def _counted(names: Sequence[str]) -> str:
    shown = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
    return f"{len(names)} {'class' if len(names) == 1 else 'classes'} ({shown})"


def _noting(listener: Listener, place: Place) -> Listener:
    def on_note(line: str) -> None:
        if line not in place.notes():
            place.note(line)
            listener.on_note(line)

    return replace(listener, on_note=on_note)


def _judge_start(
    plan: _Plan, material: Material, trained: Trained, listener: Listener
) -> Judged | None:
    """How good the weights were that training began with, on the same frames."""
    if plan.parent is None or plan.start is None or not material.validation:
        return None  # frames that both have seen tell of no gain
    theirs = plan.parent.classes
    if set(theirs) != set(material.names):
        listener.on_note(
            f"{plan.parent.key} knows other classes ({', '.join(theirs)}), so no gain over it is "
            "given."
        )
        return None
    seen_px = plan.parent.settings.get("image_px", trained.settings.image_px)
    settings = replace(trained.settings, image_px=seen_px)
    found = [
        [one._replace(kind=material.names.index(theirs[one.kind])) for one in frame]
        for frame in predict(plan.start, material.judging, settings, listener)
    ]
    return judge([shapes_of(sample) for sample in material.judging], found)


def frames_of(chosen: Chosen, split: Split) -> list[dict[str, Any]]:
    """Every frame that took part, with its revision and what it was used for."""
    uses = {k: "train" for k in split.train} | {k: "validation" for k in split.validation}
    return [
        {"video": video.name, "frame": labelled.frame, "revision": labelled.revision_id,
         "use": uses.get(k, "left out")}
        for k, (video, labelled) in enumerate(chosen.frames)
    ]  # fmt: skip


def _register(
    study: Path, ask: Ask, plan: _Plan, material: Material, trained: Trained,
    before: Judged | None, place: Place,
) -> Network:  # fmt: skip
    """Keep the weights with all that is needed to make them again."""
    failures = keep_failures(study, place.name, material, trained)
    metrics = {
        "judged": trained.judged.to_dict(), "before": before.to_dict() if before else None,
        "seen": not plan.split.validation, "validation": plan.split.words,
        "curve": [vars(one) for one in trained.curve], "stopped": trained.stopped,
        "notes": place.notes(), "worst": [_row(one) for one in failures],
    }  # fmt: skip
    settings = trained.settings.to_dict() | {"batch_used": trained.batch} | _composing(trained)
    with open_study(study, write=True) as opened:
        return register_network(
            opened, place.name, trained.weights, kind="pt", classes=plan.chosen.names,
            author=ask.author, trained_on=frames_of(plan.chosen, plan.split), settings=settings,
            metrics=metrics, parent=plan.start_name, round=plan.round,
            duration_s=trained.seconds, versions=versions(),
        )  # fmt: skip


def _row(failure: Failure) -> dict[str, Any]:
    return vars(failure)


def _composing(trained: Trained) -> dict[str, Any]:
    """How many composites were made, and how, where there were any."""
    from dataclasses import asdict

    made = {"composites_made": trained.composites}
    return made | ({"composing": asdict(composing_of(trained.settings))} if trained.composites
                   else {})  # fmt: skip


def versions() -> dict[str, str]:
    """What took part, with its version."""
    found = {"ethoscribe": __version__, "python": sys.version.split()[0]}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _report(study: Path, network: Network) -> Path | None:
    """The page about it; a network that is trained is not lost where the page cannot be written."""
    from app.training.train_report import write_report

    try:
        return write_report(study, network.key)
    except (OSError, AppError, StudyError):
        return None
