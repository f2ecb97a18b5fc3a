"""Plotly figures of bouts and tracks, in one palette that every kind of colour vision can tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from llm_query.figures.drawing import COLOURS, ROW_PX, colour_of

SVG_POINTS = 50_000


def row_label(behaviour: object, subject: object, target: object) -> str:
    """Name a row of bouts: `chasing · animal1 → animal2`."""
    names = [str(name) for name in (subject, target) if isinstance(name, str)]
    parts = [behaviour] if isinstance(behaviour, str) else []
    return " · ".join([*parts, " → ".join(names)] if names else parts)


def ethogram(bouts: pd.DataFrame, duration_s: float, animals: Sequence[str] = ()) -> go.Figure:
    """Draw bouts as bars over time, one row for each behaviour, subject and target.

    `bouts` has subject, target, start_s, stop_s and, where known, behaviour.
    """
    figure = go.Figure()
    table = bouts.reindex(columns=["behaviour", "subject", "target", "start_s", "stop_s"])
    keys = ["behaviour", "subject", "target"]
    groups = sorted(
        table.groupby(keys, dropna=False, sort=False), key=lambda group: _order(group[0], animals)
    )
    for order, ((behaviour, subject, target), rows) in enumerate(groups):
        label = row_label(behaviour, subject, target)
        index = animals.index(subject) if subject in animals else order
        seconds = (rows["stop_s"] - rows["start_s"]).to_numpy(float)
        figure.add_bar(
            base=rows["start_s"].to_numpy(float),
            x=np.maximum(seconds, duration_s / 1000),  # a shorter bar would not be seen
            y=[label] * len(rows),
            orientation="h",
            name=label,
            marker={"color": colour_of(index), "line": {"width": 0}},
            customdata=np.column_stack([rows["start_s"], rows["stop_s"], seconds]),
            hovertemplate="%{customdata[0]:.2f} s to %{customdata[1]:.2f} s"
            "<br>%{customdata[2]:.2f} s<extra>%{fullData.name}</extra>",
        )
    figure.update_layout(barmode="overlay", bargap=0.25, showlegend=False)
    figure.update_xaxes(title="Time (s)", range=[0, duration_s])
    figure.update_yaxes(autorange="reversed", automargin=True)
    return _finish(figure, 90 + ROW_PX * max(len(groups), 1))


def _order(key: tuple, animals: Sequence[str]) -> tuple:
    """Rows by behaviour, then by animal in the order of the video."""
    behaviour, subject, target = (str(part) for part in key)
    place = animals.index(subject) if subject in animals else len(animals)
    return behaviour, place, subject, target


def dressed(figure: Mapping[str, Any], animals: Sequence[str] = ()) -> go.Figure:
    """Turn an answer's figure (plotly JSON) into one in the animals' own colours.

    Colours that the answer chose itself are kept, and so is everything else it says.
    """
    drawn = go.Figure(_drawable(figure))
    for order, trace in enumerate(drawn.data):
        index = animals.index(trace.name) if trace.name in animals else order
        if trace.type in ("scatter", "scattergl"):
            trace.line.color = trace.line.color or colour_of(index)
            if isinstance(trace.marker.color, str | None):
                trace.marker.color = trace.marker.color or colour_of(index)
        elif trace.type in ("bar", "histogram", "box", "violin"):
            trace.marker.color = trace.marker.color or colour_of(index)
    picture = drawn.layout.yaxis.scaleanchor is not None
    if picture:
        drawn.update_xaxes(constrain="domain")
        drawn.update_yaxes(constrain="domain")
    return _finish(drawn, 520 if picture else 380)


def _drawable(figure: Mapping[str, Any]) -> dict[str, Any]:
    """Draw lines without WebGL while they are short: remote desktops often have none."""
    traces = [dict(trace) for trace in figure.get("data", [])]
    for trace in traces:
        if trace.get("type") == "scattergl" and len(trace.get("y") or ()) <= SVG_POINTS:
            trace["type"] = "scatter"
    return {**figure, "data": traces}


def _finish(figure: go.Figure, height: int) -> go.Figure:
    title = figure.layout.title
    top = 20 if title.text is None else 60 if title.subtitle.text is None else 80
    figure.update_layout(
        height=figure.layout.height or height,
        margin={"l": 10, "r": 10, "t": top, "b": 40},
        colorway=COLOURS,
    )
    return figure


def over_videos(videos: Sequence[str], values: Sequence[float | None], name: str) -> go.Figure:
    """Draw one number of every video as a bar, with their mean; videos without it stay empty."""
    known = [value for value in values if value is not None]
    figure = go.Figure()
    figure.add_bar(
        x=[str(order) for order in range(len(videos))], y=list(values), customdata=list(videos),
        marker={"color": COLOURS[0], "line": {"width": 0}}, name=name,
        hovertemplate="%{customdata}: %{y:.4g}<extra></extra>",
    )  # fmt: skip
    if len(known) > 1:
        figure.add_hline(
            float(np.mean(known)),
            line={"dash": "dot", "width": 1, "color": "#808080"},
            annotation_text="mean",
        )
    few = len(videos) <= 30
    figure.update_xaxes(
        type="category", showticklabels=few, title=None if few else f"{len(videos)} videos",
        tickvals=[str(order) for order in range(len(videos))],
        ticktext=[video if len(video) <= 18 else f"{video[:17]}…" for video in videos],
    )  # fmt: skip
    figure.update_yaxes(title=name, rangemode="tozero")
    figure.update_layout(showlegend=False)
    return _finish(figure, 260)
