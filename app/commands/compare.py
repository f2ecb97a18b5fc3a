"""`ethoscribe compare`: groups of animals, by the right test, in words."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.shared import DEFAULT_STUDY, JsonOption, StudyOption, say, show, show_json

if TYPE_CHECKING:
    from llm_query.statistics.comparing import Comparison


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(compare)


def compare(
    measures: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MEASURE]...", help="As in `export measures`; several are corrected."
        ),
    ] = None,
    by: Annotated[
        str, typer.Option("--by", metavar="COLUMN", help="Groups, in the metadata.")
    ] = ...,  # type: ignore[assignment]
    study: StudyOption = DEFAULT_STUDY,
    region: Annotated[
        str | None, typer.Option(metavar="R", help="The measures in or towards this region.")
    ] = None,
    behaviour: Annotated[
        list[str] | None, typer.Option(metavar="B", help="A behaviour kept in the study.")
    ] = None,
    value: Annotated[
        str, typer.Option(metavar="WHAT", help="Of the behaviour: count, total_s or latency_s.")
    ] = "total_s",
    annotator: Annotated[
        str | None,
        typer.Option(metavar="A", help="As this person scored it; or analysis: as it was found."),
    ] = None,
    paired_by: Annotated[
        str | None,
        typer.Option("--paired-by", metavar="COLUMN", help="What was measured in every group."),
    ] = None,
    nested_by: Annotated[
        str | None,
        typer.Option("--nested-by", metavar="COLUMN", help="Cage, litter or video they share."),
    ] = None,
    animal_by: Annotated[
        str | None,
        typer.Option("--animal-by", metavar="COLUMN", help="Names an animal over its videos."),
    ] = None,
    test: Annotated[
        str, typer.Option(metavar="NAME", help="auto, welch, mann-whitney, kruskal, ...")
    ] = "auto",
    correction: Annotated[
        str, typer.Option(metavar="NAME", help="For several measures: holm, fdr or none.")
    ] = "holm",
    start: Annotated[
        float | None, typer.Option("--from", metavar="S", help="Only from this second on.")
    ] = None,
    stop: Annotated[
        float | None, typer.Option("--to", metavar="S", help="Only up to this second.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare groups of animals: numbers, test, effect size with interval, methods paragraph.

    The groups are a column of the metadata (ethoscribe metadata import). The test follows from the
    design and the number of animals and is named with the reason; --test asks for another. Several
    videos of an animal are averaged; under three animals a group there is no test.

    \b
    Example:
      ethoscribe compare distance_moved mean_speed --by treatment -s study
      ethoscribe compare --behaviour rearing --value count --by sex -s study
    """
    from app.scoring.comparison import Question, compare_study

    question = Question(
        by=by, measures=measures or (), region=region, behaviours=behaviour or (), value=value,
        annotator=annotator, paired_by=paired_by, nested_in=nested_by, animal_by=animal_by,
        test=test, correction=correction, start_s=start, stop_s=stop,
    )  # fmt: skip
    answer = compare_study(study, question)
    if as_json:
        show_json(answer.to_dict())
        return
    for found in answer.comparisons:
        _tell(found)
    show(answer.methods)


def _tell(found: "Comparison") -> None:
    """A table of the groups and the sentence; what to know about it is talk."""
    from llm_query.statistics.methods import number, tell_comparison

    unit = f" ({found.unit})" if found.unit else ""
    show(f"{found.measure}{unit}")
    show(f"{'group':16} {'n':>4} {'mean':>10} {'sd':>10} {'median':>10}")
    for group in found.groups:
        cells = [number(value) if value == value else "-" for value in (group.mean, group.sd)]
        median = number(group.median) if group.median == group.median else "-"
        show(f"{group.name:16} {group.n:>4} {cells[0]:>10} {cells[1]:>10} {median:>10}")
    show(tell_comparison(found))
    for note in found.notes:
        say(f"{found.measure}: {note}")
    show("")
