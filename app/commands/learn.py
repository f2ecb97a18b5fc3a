"""`ethoscribe learn`: behaviours learned from bouts that a person scored."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.shared import DEFAULT_STUDY, JsonOption, StudyOption, count, say, show, show_json
from app.errors import AppError

if TYPE_CHECKING:
    from storage.learned import Learned

IMPORTANT_SHOWN = 8


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(learn)


def learn(
    behaviour: Annotated[
        str | None, typer.Argument(metavar="BEHAVIOUR", help="The scored behaviour.")
    ] = None,
    study: StudyOption = DEFAULT_STUDY,
    annotator: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose bouts, if several people scored.")
    ] = None,
    video: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="A video that was scored; repeat it. Default: all with bouts."
        ),
    ] = None,
    subject: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="An animal that was watched; repeat it. Default: all with bouts."
        ),
    ] = None,
    start: Annotated[
        float | None, typer.Option("--from", metavar="S", help="Scored from this second on.")
    ] = None,
    stop: Annotated[
        float | None, typer.Option("--to", metavar="S", help="Scored up to this second.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="What to call it; else BEHAVIOUR.")
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Store its bouts in every tracked video.")
    ] = False,
    list_all: Annotated[
        bool, typer.Option("--list", help="List what has been learned, and do nothing else.")
    ] = False,
    delete: Annotated[
        str | None, typer.Option(metavar="NAME", help="Delete a learned behaviour.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Learn a behaviour from scored bouts, and say how well it is found in unseen videos.

    A forest is trained on the measures of all videos with bouts of BEHAVIOUR. What is not scored
    there counts as not done: give --from and --to if only a part was scored. Every number is
    of videos (or, with one video, blocks of time) that were held out. It is applied in
    analyses as learned(recording, NAME, animal).

    \b
    Example:
      ethoscribe learn rearing -s study
      ethoscribe learn chase -s study --annotator Ann --apply
      ethoscribe learn --list -s study
    """
    if list_all or delete is not None:
        _keep_house(study, delete, as_json)
        return
    if behaviour is None:
        raise typer.BadParameter("say which scored behaviour", param_hint="'BEHAVIOUR'")
    from llm_query.learning.learning_study import apply_in_study, learn_in_study

    span = None
    if start is not None or stop is not None:
        span = (start or 0.0, float("inf") if stop is None else stop)
        if span[0] >= span[1]:
            raise AppError(f"Nothing lies between --from {span[0]:g} and --to {span[1]:g} s.")
    found = learn_in_study(
        study, behaviour, name=name, annotator=annotator, only_videos=video or (),
        subjects=subject or (), span_s=span, progress=_tell,
    )  # fmt: skip
    applied, refused = apply_in_study(study, found.name, _tell) if apply else ({}, {})
    record = _record(found) | ({"applied": applied, "refused": refused} if apply else {})
    if as_json:
        show_json(record)
    else:
        _show(found)
        for one, bouts in applied.items():
            show(f"{one}: {count(bouts, 'bout')} of {found.name}")
    for one, why in refused.items():
        say(f"{one}: left out. {why}")


def _tell(stage: str, done: int, total: int) -> None:
    say(f"{stage} ({done + 1} of {total})" if done < total else stage)


def _keep_house(study: Path, delete: str | None, as_json: bool) -> None:
    """List the learned behaviours, after deleting one if asked."""
    from storage.learned import delete_learned, learned_behaviours
    from storage.study import open_study

    with open_study(study, write=delete is not None) as opened:
        if delete is not None:
            gone = delete_learned(opened, delete)
            say(f"{delete}: {count(gone, 'version')} deleted; the bouts that it found stay")
        found = learned_behaviours(opened)
    if as_json:
        show_json({"learned": [_record(one) for one in found]})
        return
    for one in found:
        report = one.report
        show(
            f"{one.name}\tversion {one.version}\tframe F1 {_number(report.get('frame_f1'))}\t"
            f"kappa {_number(report.get('kappa'))}\t{report.get('validation')}\t"
            f"{one.created_at:%Y-%m-%d %H:%M} UTC"
        )
    if not found:
        say("Nothing has been learned in this study yet: ethoscribe learn BEHAVIOUR")


def _record(found: "Learned") -> dict[str, Any]:
    """What --json says of a learned behaviour: everything but the model itself."""
    return {
        "name": found.name, "version": found.version, "behaviour": found.behaviour,
        "annotator": found.annotator, "target_kind": found.target_kind,
        "length_unit": found.length_unit, "features": found.features,
        "decision": found.settings["decision"], "report": found.report,
        "trained_on": found.trained_on, "versions": found.versions,
        "created_at": found.created_at.isoformat(),
    }  # fmt: skip


def _show(found: "Learned") -> None:
    """The report, for a person to read."""
    report, decision = found.report, found.settings["decision"]
    videos = {one["video"] for one in found.trained_on}
    bouts = count(report["scored_bouts"], "bout")
    show(
        f"{found.name} version {found.version}: learned from {bouts} "
        f"in {report['scored_minutes']:.1f} min of {count(len(videos), 'video')} "
        f"({100 * report['scored_share']:.1f} % of the frames)"
    )
    if report["validation"] != "by video":
        say(
            "The bouts are in one video: blocks of its time were held out, which says less about "
            "other videos than whole videos would."
        )
    show(f"held out {report['validation']:24} frame F1   kappa  bout F1")
    for row in [*report["folds"], {**report, "fold": "over all"}]:
        said = [f"{_number(row[key]):>8}" for key in ("frame_f1", "kappa", "bout_f1")]
        show(f"{row['fold'][:32]:33} {' '.join(said)}")
    show(f"calibration error {report['calibration_error']:.3f} ({report['calibration']})")
    for row in report["reliability"]:
        show(
            f"  said {row['from']:.1f} to {row['to']:.1f}: scored in "
            f"{100 * row['scored']:5.1f} % of {row['frames']} frames"
        )
    show(
        f"a bout: probability at least {decision['min_probability']:.2f}, gaps up to "
        f"{decision['merge_gap_s']:g} s joined, at least {decision['min_duration_s']:g} s"
    )
    show("most telling:")
    for row in report["important"][:IMPORTANT_SHOWN]:
        show(f"  {100 * row['importance']:4.1f} %  {row['feature']}")


def _number(value: float | None) -> str:
    return "-" if value is None or value != value else f"{value:.3f}"
