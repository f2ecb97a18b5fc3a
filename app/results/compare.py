"""Groups compared on the page: the same comparison as `ethoscribe compare`, with its picture."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pandas as pd

from app.commands.shared import count
from app.figures.charts import dressed
from app.results.data import Overview
from app.results.filters import Filters
from app.results.pictures import NothingToShow, Picture
from app.results.tables import Step, table_of
from app.scoring.comparison import Answer, Question, compare_study

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from llm_query.statistics.group_samples import Samples

HIDDEN = ("latency_censored", "latency_watched")  # belong to latency


@dataclass(frozen=True, eq=False)
class Compared:
    """What came out, for the page."""

    picture: Picture
    sentence: str
    notes: tuple[str, ...]
    methods: str
    groups: pd.DataFrame = field(repr=False)  # a row per group
    values: pd.DataFrame = field(repr=False)  # a row per animal


def measure_names(measures: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """What can be compared: by region (empty: anywhere), the names of the measures."""
    rows = measures[~measures["measure"].isin(HIDDEN)]
    found: dict[str, tuple[str, ...]] = {}
    for region, those in rows.groupby(rows["region"].fillna(""), sort=True):
        found[str(region)] = tuple(dict.fromkeys(map(str, those["measure"])))
    return found


def all_measures(seen: Overview, filters: Filters, step: Step | None = None) -> pd.DataFrame:
    """The measures of the animals that the filters leave, without time bins."""
    return pd.DataFrame(table_of(seen, "measures", replace(filters, bin_s=None), step))


def compared(
    seen: Overview, filters: Filters, question: Question, measures: pd.DataFrame | None
) -> Compared:
    """Compare one measure or behaviour between the groups that the filters leave."""
    from llm_query.statistics.methods import tell_comparison

    if len(seen.groups(question.by)) < 2:
        raise NothingToShow(
            f"{question.by} has one value only: two groups are needed. Add groups on the Videos "
            "page, or with ethoscribe metadata import."
        )
    shown = seen.shown(filters)
    only = {(video, animal) for video, animals in shown.items() for animal in animals}
    question = replace(question, start_s=filters.start_s, stop_s=filters.stop_s)
    answer = compare_study(seen.study, question, measures, only)
    found = answer.comparisons[0]
    samples = _samples(answer, question)
    label = f"{found.measure} ({found.unit})" if found.unit else found.measure
    figure = _figure(samples, label, answer.kinds[0])
    n = sum(group.n for group in found.groups)
    test = found.test.name if found.test else "no test"
    said = tell_comparison(found)
    under = f"{test}{_p(found)} · n = " + ", ".join(f"{g.n} {g.name}" for g in found.groups)
    figure.update_layout(title={"subtitle": {"text": under}}, margin={"t": 80}, height=440)
    unit = "every dot is one animal" if not question.nested_in else \
        f"every dot is one animal, tested with {question.nested_in} as a random effect"  # fmt: skip
    facts = f"n = {count(n, 'animal')} · {unit} · {filters.time_text} · {_share(measures, only)}"
    name = f"{found.measure}-by-{question.by}".replace(" ", "-")
    return Compared(
        Picture(figure, facts, answer.definitions, name), said, found.notes, answer.methods,
        pd.DataFrame([vars(group) for group in found.groups]).dropna(axis="columns", how="all"),
        answer.tables[0],
    )  # fmt: skip


def _samples(answer: Answer, question: Question) -> Samples:
    """The very numbers that were tested, an animal each."""
    from llm_query.statistics.group_samples import read_samples

    unit_of = [question.animal_by] if question.animal_by else ["video", "animal"]
    return read_samples(
        answer.tables[0], "value", question.by, unit_of, question.paired_by, question.nested_in,
        "censored", answer.kinds[0],
    )  # fmt: skip


def _figure(samples: Samples, label: str, kind: str) -> go.Figure:
    from llm_query.figures.group_figures import plot_groups

    made = plot_groups(
        {name: list(values) for name, values in zip(samples.names, samples.values, strict=True)},
        label,
    )
    for trace, happened in zip(made["data"], samples.happened, strict=False):
        if not happened.all():  # it never came: hollow, at the time until which it was watched
            trace["marker"]["symbol"] = [
                "circle" if came else "triangle-up-open" for came in happened
            ]
    mean = made["data"][-1]  # seen on light and dark ground
    mean["marker"]["color"] = mean["error_y"]["color"] = "#808080"
    if kind == "latency":  # the mean of censored times is no mean
        made["data"] = made["data"][:-1]
    if samples.paired:
        for row in range(len(samples.values[0])):
            ends = [trace["x"][row] for trace in made["data"][: len(samples.names)]]
            heights = [float(values[row]) for values in samples.values]
            made["data"].insert(0, {
                "type": "scatter", "mode": "lines", "x": ends, "y": heights, "hoverinfo": "skip",
                "line": {"color": "#999999", "width": 1}, "showlegend": False,
            })  # fmt: skip
    return dressed(made)


def _p(found: object) -> str:
    from llm_query.statistics.comparing import Comparison
    from llm_query.statistics.methods import p_text, tell_effect

    if not isinstance(found, Comparison) or found.test is None:
        return ""
    effect = f", {tell_effect(found.effects[0], found.confidence)}" if found.effects else ""
    return f", {p_text(found.p)}{effect}"


def _share(measures: pd.DataFrame | None, only: set[tuple[str, str]]) -> str:
    """In how many frames the compared animals were found."""
    if measures is None or measures.empty:
        return "as scored"
    rows = measures.drop_duplicates(["video", "animal"])
    rows = rows[[pair in only for pair in zip(rows["video"], rows["animal"], strict=True)]]
    if rows.empty:
        return "not tracked"
    share = rows["tracked_fraction"].astype(float)
    return f"found in {share.mean():.1%} of frames (least {share.min():.1%})"
