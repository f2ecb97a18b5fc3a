"""`ethoscribe assay`: whole assays by name, from the regions of a video to the numbers."""

from collections.abc import Sequence
from pathlib import Path
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
    from llm_query.engine import Answer

ROWS_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(assay)


def assay(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Which assay.")] = None,
    study: StudyOption = DEFAULT_STUDY,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Choose a setting; repeatable."),
    ] = None,
    cues: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Table of cues: cue,start_s,stop_s.")
    ] = None,
    animal: Annotated[
        str | None, typer.Option(metavar="A", help="One animal; otherwise every one.")
    ] = None,
    save: Annotated[
        str | None, typer.Option(metavar="NAME", help="Keep the analysis and its bouts.")
    ] = None,
    draw: Annotated[
        str | None,
        typer.Option(metavar="X,Y", help="Draw the template's regions around this point, px."),
    ] = None,
    turn: Annotated[
        float, typer.Option(metavar="DEG", help="Turn the drawn template, counter-clockwise.")
    ] = 0.0,
    force: Annotated[
        bool, typer.Option("--force", help="With --draw: replace regions of the same names.")
    ] = False,
    video: VideoOption = None,
    listed: Annotated[bool, typer.Option("--list", help="List the assays.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Run a whole assay: plus maze, open field, novel object and others.

    The regions it needs are found by their names ("open left", "closed", "centre", ...), or
    named by --set. --draw puts a template of the usual apparatus on a video that has a scale.

    \b
    Example:
      ethoscribe assay --list
      ethoscribe assay plus_maze -s study --video clip --draw 400,300
      ethoscribe assay plus_maze -s study --set rule="four paws" --save epm
      ethoscribe assay fear_conditioning -s study --cues cues.csv --json
    """
    from app.commands.track_words import parse_settings
    from app.scoring.assay_job import build_code, keep_assay, read_cues, run_assay_on

    if listed:
        _list(as_json)
        return
    if name is None:
        raise AppError("Which assay? `ethoscribe assay --list` shows them.")
    if draw is not None:
        _refuse_beside("--draw", save=save, animal=animal, set=setting, cues=cues)
        _draw(study, name, video, draw, turn, force)
        return
    if force or turn:
        raise AppError(f"{'--force' if force else '--turn'} goes with --draw X,Y.")
    settings = parse_settings(setting or [])
    if cues is not None:
        settings["cues"] = read_cues(cues)
    code = build_code(name, settings, animal)
    answers = run_assay_on(study, code, video)
    _tell(answers, as_json)
    if save is not None and all(answer.error for answer in answers):
        say(f"nothing kept as {save}: no video gave an answer")
    elif save is not None:
        kept = keep_assay(study, save, f"assay {name}", answers)
        say(f"kept as {save}, with {count(kept, 'bout')}")
    if any(answer.error for answer in answers):
        raise typer.Exit(1)


def _list(as_json: bool) -> None:
    from app.scoring.assay_job import list_assays, template_facts

    found = list_assays()
    if as_json:
        show_json(
            [
                {"name": name, "summary": summary, "regions": regions, **template_facts(name)}
                for name, summary, regions in found
            ]
        )
        return
    for name, summary, regions in found:
        show(f"{name:18} {summary}")
        show(f"{'':18} template: {regions} ({template_facts(name)['dimensions']})")


def _refuse_beside(option: str, **others: object) -> None:
    """Refuse options that another one leaves without effect."""
    given = [f"--{name}" for name, value in others.items() if value]
    if given:
        raise AppError(
            f"{option} only draws regions: leave out {', '.join(given)}, and run the assay "
            "afterwards."
        )


def _draw(study: Path, name: str, video: str | None, draw: str, turn: float, force: bool) -> None:
    from app.scoring.assay_job import draw_template, template_facts
    from app.setting_up.region_files import parse_points

    if video is None:
        raise AppError("--draw needs --video NAME: a template goes on one video.")
    points = parse_points(draw)
    if len(points) != 1:
        raise AppError(f"--draw is {draw!r}: give one point, as 400,300.")
    names = draw_template(study, name, video, points[0], turn, replace_drawn=force)
    facts = template_facts(name)
    say(f"{video}: drew {', '.join(names)} ({facts['title']}: {facts['dimensions']})")


def _tell(answers: "Sequence[Answer]", as_json: bool) -> None:
    """Show the numbers of every video, and the code that made them."""
    from app.commands.ask import as_object, spell_table

    if as_json:
        show_json(as_object([one.video for one in answers], [one.to_json() for one in answers]))
        return
    if answers and answers[0].code:
        say(answers[0].code.rstrip())
    for line in dict.fromkeys(line for answer in answers for line in answer.ignored):
        say(f"not used: {line}")
    for answer in answers:
        if answer.error:
            say(f"{answer.video}: {answer.error}")
            continue
        show(f"{answer.video}: {answer.text}" if len(answers) > 1 else answer.text)
        for key, value in answer.numbers.items():
            show(f"  {key:36} {'' if value is None else f'{value:.6g}'}")
        if answer.table is not None and len(answer.table):
            show("\n" + spell_table(answer.table.head(ROWS_SHOWN)))
            if len(answer.table) > ROWS_SHOWN:
                say(f"… {count(len(answer.table) - ROWS_SHOWN, 'more row')}: --json shows all.")
