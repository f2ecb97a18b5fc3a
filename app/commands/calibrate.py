"""`ethoscribe calibrate`: settings of a behaviour that agree with what a person scored."""

import math
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.shared import (
    DEFAULT_STUDY,
    JsonOption,
    StudyOption,
    VideoOption,
    count,
    say,
    show,
    show_json,
)
from app.errors import AppError

if TYPE_CHECKING:
    from app.scoring.calibration import Calibrated

_KAPPAS = {
    "kappa": "in the scored part, with the chosen settings",
    "kappa_crossed": "in parts that were not used for the choice",
    "kappa_default": "in the scored part, with the defaults",
    "kappa_rest": "in all that the person scored beyond it",
}


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(calibrate)


def calibrate(
    behaviour: Annotated[str, typer.Argument(metavar="BEHAVIOUR", help="freezing.")],
    study: StudyOption = DEFAULT_STUDY,
    annotator: Annotated[
        str | None, typer.Option(metavar="A", help="Whose bouts, if several people scored.")
    ] = None,
    video: VideoOption = None,
    subject: Annotated[
        str | None, typer.Option(metavar="S", help="Which animal, if several were scored.")
    ] = None,
    start: Annotated[
        float | None, typer.Option("--from", metavar="S", help="Scored from this second on.")
    ] = None,
    stop: Annotated[
        float | None, typer.Option("--to", metavar="S", help="Scored up to this second.")
    ] = None,
    save: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Keep it as an analysis, and its bouts as behaviour."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Choose the settings of freezing that agree best with what a person scored.

    About two minutes with several bouts are enough. What is not scored counts as not freezing:
    give --from and --to if only a part was scored. With --save, `ethoscribe run NAME` finds
    freezing in other videos in the same way. Settings in cm/s need videos with a scale; without
    one they are in body lengths/s.

    \b
    Example:
      ethoscribe calibrate freezing -s study --annotator Kim --from 0 --to 120 --save freezing_kim
      ethoscribe run freezing_kim -s study --video day2
    """
    from app.scoring.calibration import (
        BEHAVIOURS,
        Asked,
        as_record,
        keep_calibrated,
        unknown_behaviour,
    )
    from app.scoring.calibration import calibrate as choose

    if behaviour not in BEHAVIOURS:
        raise unknown_behaviour(behaviour)
    if start is not None and stop is not None and start >= stop:
        raise AppError(f"Nothing lies between --from {start:g} and --to {stop:g} s.")
    if save is not None and not save.strip():
        raise AppError("--save needs a name.")
    found = choose(study, Asked(annotator, video, subject, start, stop))
    kept, refused = keep_calibrated(study, save, found) if save is not None else ({}, {})
    if as_json:
        saved = {"kept_as": save, "bouts": kept, "refused": refused} if save is not None else {}
        show_json(as_record(found) | saved)
    else:
        _show(found)
        for one, bouts in kept.items():
            show(f"{one}: {count(bouts, 'bout')} of {save}")
    for one, why in refused.items():
        say(f"{one}: no bouts of {save}. {why}")
    if save is not None and not as_json:
        say(f"kept: ethoscribe run {save} -s {study}")


def _show(found: "Calibrated") -> None:
    """The settings and how well they agree, for a person to read."""
    person = found.person
    who = person.annotator or "a person without a name"
    say(f"{person.video.name}: {count(len(person.bouts), 'bout')} of {person.animal} by {who}")
    unit = found.unit.replace("_", " ")
    show(f"max_speed        {found.max_speed:.3g} {unit}")
    show(f"min_duration_s   {found.min_duration_s:g} s")
    show(f"back_date_s      {found.back_date_s:g} s")
    if found.usual_kept:
        say("The defaults are kept: no other settings agree better in parts not used to choose.")
    for key, meaning in _KAPPAS.items():
        value = found.kappa.get(key)
        if value is not None and not math.isnan(value):
            show(f"{key:16} {value:.3f}  {meaning}")
    say(found.code.rstrip())
