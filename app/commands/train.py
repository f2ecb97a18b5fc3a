"""`ethoscribe train`: a network that finds animals, from a few corrected frames."""

import getpass
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.shared import DEFAULT_STUDY, JsonOption, StudyOption, say, show, show_json

if TYPE_CHECKING:
    from app.training.training_job import TrainSummary


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(train)


def train(
    study: StudyOption = DEFAULT_STUDY,
    name: Annotated[
        str, typer.Option("--name", "-n", metavar="NAME", help="What to call the network.")
    ] = "animals",
    size: Annotated[
        str | None,
        typer.Option(
            metavar="n|s|m|l|x",
            help="Size of the network. Default: n, the fastest, or its start's.",
        ),
    ] = None,
    family: Annotated[
        str | None,
        typer.Option(
            metavar="11|26", help="Family of YOLO; 26 is the newest. Default: 11, or its start's."
        ),
    ] = None,
    image_size: Annotated[
        int | None,
        typer.Option(
            metavar="PX",
            help="Longer side of the pictures it sees. Default: 320, or that of its start.",
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(metavar="M", help="Limit of time. Default: 15, without one with --epochs."),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(metavar="E", help="Epochs at most. Default: 60.")
    ] = None,
    batch: Annotated[int, typer.Option(metavar="B", help="Pictures at once.")] = 8,
    pictures: Annotated[
        int, typer.Option(metavar="N", help="Pictures in an epoch, composites among them.")
    ] = 360,
    device: Annotated[
        str, typer.Option(metavar="D", help="auto, cpu, cuda, cuda:1 or mps.")
    ] = "auto",
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="WEIGHTS",
            help="Begin with NAME, NAME:VERSION, a file, or yolo11n-seg.pt.",
        ),
    ] = None,
    new_classes: Annotated[
        bool, typer.Option("--new-classes", help="Learn other classes than the weights know.")
    ] = False,
    next_round: Annotated[
        bool,
        typer.Option(
            "--round", help="Go on from the newest version; the same frames judge the gain."
        ),
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the training of NAME that stopped.")
    ] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Throw away a training of NAME that stopped.")
    ] = False,
    finish: Annotated[
        bool, typer.Option("--finish", help="Keep the best so far of the one that stopped.")
    ] = False,
    seed: Annotated[int, typer.Option(metavar="N", help="Of everything random.")] = 0,
    no_composites: Annotated[
        bool, typer.Option("--no-composites", help="Learn from the frames as they are alone.")
    ] = False,
    threads: Annotated[
        int, typer.Option(metavar="N", help="Threads on a CPU; 0: one for each core.")
    ] = 0,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Copy the report to this HTML file.")
    ] = None,
    author: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who trains; left out: you.")
    ] = None,
    rounds: Annotated[
        bool, typer.Option("--rounds", help="List the rounds of NAME, and do nothing else.")
    ] = False,
    economy: Annotated[
        list[int] | None,
        typer.Option(
            metavar="N", help="Measure NAME trained anew from N of its frames; repeat it."
        ),
    ] = None,
    as_json: JsonOption = False,
    job_file: Annotated[
        Path | None, typer.Option("--job-file", hidden=True, help="Where to write progress.")
    ] = None,
) -> None:
    """Train a network that outlines animals, from the corrected frames of a study.

    Composites put the labelled animals together in new ways; the last frames of each video judge.
    What begins with weights has their size. Ctrl-C stops after what is done, and the same command
    goes on from there. The network is kept in the study under NAME with a report, and never
    written over.

    \b
    Example:
      ethoscribe train -s study --name mice --minutes 15
      ethoscribe track cage.mp4 -s study --segmenter yolo --weights mice
      ethoscribe train -s study --name mice --round
    """
    from app.figures.track_report import check_place
    from app.training.rounds import lines
    from app.training.rounds import rounds as rounds_of

    if rounds:
        found = rounds_of(study, name)
        if as_json:
            show_json({"rounds": [vars(one) | {"made_at": str(one.made_at)} for one in found]})
        elif found:
            show("\n".join(lines(found)))
        else:
            say(f"{name} has not been trained in this study yet.")
        return
    from app.training.place import Place
    from app.training.telling import telling
    from app.training.training_job import Ask, train_network

    if economy:
        _measure(study, name, economy, as_json)
        return
    from tracking.networks.teaching.plans import TrainingSettings

    if report is not None:
        check_place(report)
    limit = minutes if minutes is not None or epochs is not None else 15.0
    settings = TrainingSettings(
        family=family or "11", size=size or "n",
        image_px=320 if image_size is None else image_size, minutes=limit, epochs=epochs or 60,
        batch=batch, pictures=pictures, composites=not no_composites, device=device,
        threads=threads, seed=seed,
    )  # fmt: skip
    given = {"family": family, "size": size, "image_px": image_size}
    left_out = tuple(one for one, value in given.items() if value is None)
    ask = Ask(name, settings, start, next_round, new_classes, author or getpass.getuser(), left_out)
    goes_on = resume or finish  # then by its own limit, not by that of a new training
    told_limit = Place(study.expanduser().resolve(), name).minutes if goes_on else limit
    with telling(name, told_limit, job_file) as said:
        done = train_network(
            study, ask, resume=resume, restart=restart, finish=finish, listener=said.listener
        )
    if report is not None and done.report is not None:
        report.write_bytes(done.report.read_bytes())
    if as_json:
        show_json(_record(done))
    else:
        _show(study, done)


def _measure(study: Path, name: str, counts: list[int], as_json: bool) -> None:
    """Measure the label economy of a network, and put it into its report."""
    from app.training.economy import measure_economy
    from app.training.telling import telling
    from app.training.train_report import write_report

    with telling(name, None, None) as said:
        rows = measure_economy(study, name, counts, listener=said.listener)
    report = write_report(study, name)
    if as_json:
        show_json({"economy": rows, "report": report})
        return
    for row in rows:
        show(f"{row['frames']:4} frames, {row['way']:16} AP50 {row['ap50']:.3f}  "
             f"AP50-95 {row['ap']:.3f}  {row['cpu_s']:.0f} CPU s")  # fmt: skip
    say(f"{name}: {report}")


def _record(done: "TrainSummary") -> dict[str, Any]:
    """What --json says of a training."""
    network = done.network
    return {
        "network": network.key, "path": network.path, "classes": network.classes,
        "round": network.round, "parent": network.parent, "judged": done.judged.to_dict(),
        "before": done.before.to_dict() if done.before else None, "split": done.split,
        "stopped": done.stopped, "epochs": done.epochs, "seconds": done.seconds,
        "notes": done.notes, "report": done.report,
    }  # fmt: skip


def _show(study: Path, done: "TrainSummary") -> None:
    """The result, for a person to read."""
    from app.training.rounds import lines
    from app.training.rounds import rounds as rounds_of

    judged, network = done.judged, done.network
    of_found = "nobody" if isnan(judged.iou_of_found) else f"{judged.iou_of_found:.3f}"
    why = {
        "time": "the time was up",
        "patience": "it did not become better any more",
        "person": "somebody ended it",
    }
    ended = f", {why[done.stopped]}" if done.stopped in why else ""
    show(
        f"{network.key}: trained in {done.seconds:.0f} s ({done.epochs} epochs{ended}), judged on "
        f"{judged.frames} frames with {judged.animals} animals"
    )
    show(
        f"  mask AP50 {judged.ap50:.3f}, AP50-95 {judged.ap:.3f}, IoU {judged.iou:.3f} "
        f"(of the animals found {of_found})"
    )
    show(
        f"  found {judged.found:.1%} of the animals, the right number in {judged.right_count:.1%} "
        "of the frames"
    )
    if judged.contact_frames:
        show(
            f"  in contact ({judged.contact_frames} frames): AP50 {judged.contact_ap50:.3f}, "
            f"AP50-95 {judged.contact_ap:.3f}"
        )
    found = rounds_of(study, network.name)
    if done.before is not None:
        show("\n".join(lines(found)))
    if done.report is not None:
        say(f"{network.key}: {done.report}")
    again = f"ethoscribe track VIDEO -s {study} --segmenter yolo --weights {network.name}"
    say(f"Track with it: {again}")
