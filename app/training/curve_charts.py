"""The curve of a training and the gain of each round, as the page Train shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.training.rounds import Round

AP50, AP, LOSS, BEFORE = "#0072B2", "#56B4E9", "#D55E00", "#8a8a8a"  # for any colour vision
HEIGHT, SMALL = 300, 230  # px


def curve_chart(points: Sequence[Mapping[str, Any]]) -> go.Figure:
    """Mask AP on the frames that judge, and the loss, by epoch; the best epoch is marked.

    `points` are epochs as `tracking.networks.teaching.training.Epoch` has them, as mappings.
    """
    figure = make_subplots(specs=[[{"secondary_y": True}]])
    epochs = [one["epoch"] for one in points]
    totals = [sum(loss_of(one).values()) for one in points]
    for name, values, colour in (
        ("AP50", [one["ap50"] for one in points], AP50),
        ("AP50-95", [one["ap"] for one in points], AP),
    ):
        figure.add_scatter(
            x=epochs, y=values, name=name, mode="lines", line={"color": colour, "width": 2},
            hovertemplate=f"epoch %{{x}}: {name} %{{y:.3f}}<extra></extra>",
        )  # fmt: skip
    figure.add_scatter(
        x=epochs, y=totals, name="loss", mode="lines", secondary_y=True,
        line={"color": LOSS, "width": 1.5, "dash": "dot"},
        hovertemplate="epoch %{x}: loss %{y:.3g}<extra></extra>",
    )  # fmt: skip
    best = [one for one in points if one["best"]]
    if best:
        figure.add_scatter(
            x=[best[-1]["epoch"]], y=[best[-1]["ap50"]], name="best so far", mode="markers",
            marker={"color": AP50, "size": 9, "symbol": "circle-open", "line": {"width": 2}},
            hovertemplate="best: epoch %{x}, AP50 %{y:.3f}<extra></extra>",
        )  # fmt: skip
    last = max(epochs, default=1)
    figure.update_xaxes(title="Epoch", range=[0.5, max(last, 2) + 0.5])
    figure.update_yaxes(title="AP of masks", range=[0, 1.02], secondary_y=False)
    figure.update_yaxes(
        title="Loss", rangemode="tozero", showgrid=False, tickmode="auto", nticks=5,
        secondary_y=True,
    )  # fmt: skip
    _lay_out(figure, HEIGHT)
    return figure


def loss_of(point: Mapping[str, Any]) -> dict[str, float]:
    """The losses of training of one epoch; those on the frames that judge are left out."""
    losses = {str(name): float(value) for name, value in point["losses"].items()}
    trained = {name: value for name, value in losses.items() if name.startswith("train/")}
    return trained or losses


def gain_chart(found: Sequence[Round]) -> go.Figure:
    """AP50 of each round beside that of the weights it began with, on the same frames."""
    names = [f"round {one.round}" for one in found]
    before = [
        None if one.ap50 is None or one.gain_ap50 is None else one.ap50 - one.gain_ap50
        for one in found
    ]
    figure = go.Figure()
    figure.add_bar(
        x=names, y=before, name="before the round", marker={"color": BEFORE},
        hovertemplate="%{x} began with AP50 %{y:.3f}<extra></extra>",
    )  # fmt: skip
    figure.add_bar(
        x=names, y=[one.ap50 for one in found], name="after it", marker={"color": AP50},
        text=[gain_words(one) for one in found], textposition="outside", cliponaxis=False,
        customdata=[one.frames for one in found],
        hovertemplate="%{x}: AP50 %{y:.3f} from %{customdata} frames<extra></extra>",
    )  # fmt: skip
    figure.update_yaxes(title="AP50", range=[0, 1.12], dtick=0.25)
    _lay_out(figure, SMALL)
    return figure


def gain_words(one: Round) -> str:
    """The gain as it stands over a bar; empty for a first round."""
    return "" if one.gain_ap50 is None else f"{one.gain_ap50:+.3f}"


def _lay_out(figure: go.Figure, height: int) -> None:
    figure.update_layout(
        height=height, margin={"l": 10, "r": 10, "t": 28, "b": 10}, bargap=0.35, dragmode=False,
        legend={"orientation": "h", "y": 1.12, "x": 0}, hovermode="closest",
    )  # fmt: skip
