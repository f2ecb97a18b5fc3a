"""`ethoscribe ask` and `ethoscribe run`: questions and kept analyses."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    import pandas as pd

    from llm_query.engine import Answer

ROWS_SHOWN = 10
BOUTS_SHOWN = [
    "behaviour", "subject", "target", "start_frame", "stop_frame", "start_s", "stop_s", "duration_s"
]  # fmt: skip

FigureOption = Annotated[
    Path | None,
    typer.Option(
        "--figure",
        metavar="FILE",
        help="Draw it, too: .png, .svg, .pdf, .html or .json. One file per video.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the two commands to the command line."""
    app.command()(ask)
    app.command()(run)


def ask(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="In plain words.")],
    study: StudyOption = DEFAULT_STUDY,
    model: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Who reads the question: offline (needs no key), or a model of the server that "
            "OPENAI_BASE_URL, OPENAI_API_KEY or ethoscribe.toml names.",
        ),
    ] = "offline",
    save: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Keep the analysis, and its bouts as this behaviour."),
    ] = None,
    video: VideoOption = None,
    conversation: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Go on with this conversation; a model is told of it."),
    ] = None,
    figure: FigureOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer a question about the tracked videos.

    The question is turned into analysis code, which is shown and run in a process of its
    own. What was not understood is said, and nothing is guessed. Code that a model wrote runs
    only where that process is confined (ethoscribe doctor says so); its errors go back to it.

    \b
    Example:
      ethoscribe ask "how long is animal1 in the corner?" -s study
      ethoscribe ask "when do animal1 and animal2 touch?" -s study --save contact --json
      ethoscribe ask "plot the path of animal1" -s study --figure path.svg
      ethoscribe ask "who chases whom most?" -s study --model gpt-5-mini
    """
    if not question.strip():
        raise typer.BadParameter("the question is empty", param_hint="'QUESTION'")
    _check(figure)
    if model == "offline" and study.is_dir():
        from llm_query.sandbox import start_ahead

        start_ahead()  # it takes as long to start as everything up to its first use
    from llm_query.engine import ask as ask_study

    answers = ask_study(
        study, question, video=video, model=model, save=save, conversation=conversation
    )
    _answer(answers, as_json, study, figure)


def run(
    analysis: Annotated[
        str,
        typer.Argument(
            metavar="ANALYSIS", help="A kept analysis, an answer's number, or a Python file."
        ),
    ],
    study: StudyOption = DEFAULT_STUDY,
    video: VideoOption = None,
    save: Annotated[
        bool,
        typer.Option(
            "--save",
            help="Store the bouts of every video as the behaviour of this name, replacing those "
            "that it found before; a file is kept under its own name, too.",
        ),
    ] = False,
    figure: FigureOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run a kept analysis, or a file with `analyse(recording)`, on tracked videos.

    It needs no model. Videos are worked on side by side; one that fails is told in a line and
    stops no other.

    \b
    Example:
      ethoscribe run contact -s study
      ethoscribe run contact -s study --save
      ethoscribe run my_analysis.py -s study --video clip --json
      ethoscribe run my_analysis.py -s study --figure budget.png
    """
    _check(figure)
    from llm_query.engine import Answer, run_analysis
    from llm_query.errors import QueryError

    try:
        answers = run_analysis(study, analysis, video=video, save=save)
    except QueryError as error:
        if as_json:  # programs get the same object as for any other answer
            show_json(Answer("", str(error), error=str(error)).to_json())
        raise
    if save:
        stored = [len(one.bouts) for one in answers if one.finds_bouts and not one.error]
        where = f"in {count(len(stored), 'video')}" if stored else "as it finds none"
        say(f"stored: {count(sum(stored), 'bout')} {where}")
    _answer(answers, as_json, study, figure)


def _check(figure: Path | None) -> None:
    """Refuse a figure that could not be written before the question is asked."""
    if figure is not None:
        from app.figures.figure_files import check_figure_file

        check_figure_file(figure)


def _answer(
    answers: "Sequence[Answer]", as_json: bool, study: Path, figure: Path | None = None
) -> None:
    """Show the answers and draw them; the status is 1 if any video has none."""
    if not answers:
        raise AppError("The study has no tracked video yet: track one first.")
    if as_json:
        show_json(as_object([one.video for one in answers], [one.to_json() for one in answers]))
    else:
        _tell(answers)
    if figure is not None:
        from app.figures.figure_files import write_answers

        for written in write_answers(study, answers, figure):
            say(f"figure: {written}")
    if any(answer.refused or answer.error for answer in answers):
        raise typer.Exit(1)


def as_object(names: list[str], records: list[dict[str, Any]]) -> dict[str, Any]:
    """Join the answers for several videos into one object with the keys of a single answer.

    Bouts carry their video; tables and numbers are listed by video; and only then `videos` has
    each answer, with the video's name.
    """
    if len(records) == 1:
        return records[0]
    each = list(zip(names, records, strict=True))
    joined = dict(records[0])
    joined["text"] = "\n".join(f"{name}: {record['text']}" for name, record in each)
    joined["bouts"] = [bout for record in records for bout in record["bouts"]]
    for key in ("table", "numbers"):
        joined[key] = {name: record.get(key) for name, record in each}
    for key in ("refused", "error"):
        joined[key] = next((record[key] for record in records if record.get(key)), None)
    joined["videos"] = [{"video": name, **record} for name, record in each]
    return joined


def _tell(answers: "Sequence[Answer]") -> None:
    """Show answers to a person: how the question was read on stderr, results on stdout."""
    first = answers[0]
    if first.model != "offline" and first.reading:
        say(f"read as: {first.reading}")
    if first.code:
        say(first.code.rstrip())
    for line in first.assumptions:
        say(f"assumed: {line}")
    for line in first.ignored:
        say(f"not used: {line}")
    for answer in answers:
        if answer.refused or answer.error:
            say(f"{answer.video}: {answer.refused or answer.error}")
            continue
        prefix = f"{answer.video}: " if len(answers) > 1 else ""
        show(f"{prefix}{answer.text}")
        _show_rows(answer)
    _tell_model(answers)


def _tell_model(answers: "Sequence[Answer]") -> None:
    """Say which definitions were used, where it is kept, who answered, and what that took."""
    if answers[0].kept is not None and any(answer.code for answer in answers):
        say(f"kept as answer {answers[0].kept}: ethoscribe run {answers[0].kept}")
    for name, version in answers[0].definitions:
        say(f"definition used: {name}, version {version}")
    read = sum(answer.prompt_tokens for answer in answers)
    if not read:
        return
    written = sum(answer.completion_tokens for answer in answers)
    costs = [answer.cost for answer in answers if answer.cost is not None]
    price = f", cost {sum(costs):.4f}" if costs else ""
    where = f" at {answers[0].server}" if answers[0].server else ""
    say(f"model: {answers[0].model}{where}, {read} tokens read, {written} written{price}")


def _show_rows(answer: "Answer") -> None:
    """Print the answer's own table and the bouts it found, as columns."""
    bouts = answer.bouts
    if bouts is not None:
        bouts = bouts[[name for name in BOUTS_SHOWN if name in bouts.columns]]
    for table in (answer.table, bouts):
        if table is None or not len(table):
            continue
        show("\n" + spell_table(table.head(ROWS_SHOWN)))
        if len(table) > ROWS_SHOWN:
            say(f"… {count(len(table) - ROWS_SHOWN, 'more row')}: --json shows all.")


def spell_table(table: "pd.DataFrame") -> str:
    """Write a table for a terminal, without the columns that are empty in every row."""
    full = table.dropna(axis="columns", how="all")
    return full.to_string(index=False, na_rep="", float_format=lambda value: f"{value:.3f}")
