"""Plotly figures of bouts and tracks, in one palette that every kind of colour vision can tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

# Okabe and Ito's colours in the order of assets/player.js: one animal, one colour, everywhere.
COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#D55E00", "#0072B2", "#F0E442")
MAX_POINTS = 20_000  # drawn per trace; a browser gets slow beyond
ROW_PX = 26


def colour_of(index: int) -> str:
    """The colour of the animal at `index` (from 0) in its video."""
    return COLOURS[index % len(COLOURS)]


def row_label(behaviour: str | None, subject: str | None, target: str | None) -> str:
    """Name a row of bouts: `chasing · animal1 → animal2`."""
    names = [str(name) for name in (subject, target) if name is not None and not pd.isna(name)]
    parts = [str(behaviour)] if behaviour and not pd.isna(behaviour) else []
    return " · ".join([*parts, " → ".join(names)] if names else parts)


def ethogram(bouts: pd.DataFrame, duration_s: float, animals: Sequence[str] = ()) -> go.Figure:
    """Draw bouts as bars over time, one row for each behaviour, subject and target.

    `bouts` has subject, target, start_s, stop_s and, where known, behaviour.
    """
    figure = go.Figure()
    table = bouts.reindex(columns=["behaviour", "subject", "target", "start_s", "stop_s"])
    keys = ["behaviour", "subject", "target"]
    groups = list(table.groupby(keys, dropna=False, sort=False))
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


def trajectories(tracks: pd.DataFrame, size: tuple[int, int], px_per_cm: float | None) -> go.Figure:
    """Draw where each animal went; gaps stay gaps.

    `tracks` has name, x_px, y_px with NaN where an animal was not found; `size` is the picture's
    (width, height) in pixels.
    """
    scale, unit = _unit(px_per_cm)
    figure = go.Figure()
    for index, (name, rows) in enumerate(tracks.groupby("name", sort=False)):
        rows = rows.iloc[:: max(1, len(rows) // MAX_POINTS)]
        figure.add_scattergl(
            x=rows["x_px"].to_numpy(float) / scale,
            y=rows["y_px"].to_numpy(float) / scale,
            mode="lines",
            name=str(name),
            line={"color": colour_of(index), "width": 1.4},
            connectgaps=False,
        )
    return _arena(figure, size, scale, unit)


def occupancy(tracks: pd.DataFrame, size: tuple[int, int], px_per_cm: float | None) -> go.Figure:
    """Draw the share of the found time spent in each of about 40 by 40 squares."""
    scale, unit = _unit(px_per_cm)
    found = tracks[["x_px", "y_px"]].dropna().to_numpy(float)
    side = max(size) / 40
    edges = [np.arange(0, extent + side, side) for extent in size]
    counts, _, _ = np.histogram2d(found[:, 0], found[:, 1], bins=edges)
    share = 100 * counts.T / max(len(found), 1)
    figure = go.Figure(
        go.Heatmap(
            x=(edges[0][:-1] + side / 2) / scale,
            y=(edges[1][:-1] + side / 2) / scale,
            z=np.where(share > 0, share, np.nan),
            colorscale="Viridis",
            colorbar={"title": "% of time"},
            hovertemplate="%{z:.2f} % of the found time<extra></extra>",
        )
    )
    return _arena(figure, size, scale, unit)


def trace(
    time_s: np.ndarray, values: Mapping[str, np.ndarray], title: str, animals: Sequence[str] = ()
) -> go.Figure:
    """Draw one measure over time, one line for each animal; NaN breaks a line."""
    figure = go.Figure()
    step = max(1, len(time_s) // MAX_POINTS)
    for order, (name, series) in enumerate(values.items()):
        index = animals.index(name) if name in animals else order
        figure.add_scattergl(
            x=time_s[::step],
            y=np.asarray(series, float)[::step],
            mode="lines",
            name=name,
            line={"color": colour_of(index), "width": 1.3},
            connectgaps=False,
        )
    figure.update_xaxes(title="Time (s)")
    figure.update_yaxes(title=title, rangemode="tozero")
    return _finish(figure, 340)


def _unit(px_per_cm: float | None) -> tuple[float, str]:
    return (px_per_cm, "cm") if px_per_cm else (1.0, "px")


def _arena(figure: go.Figure, size: tuple[int, int], scale: float, unit: str) -> go.Figure:
    width, height = size
    figure.update_xaxes(title=f"x ({unit})", range=[0, width / scale], constrain="domain")
    figure.update_yaxes(
        title=f"y ({unit}, down)", range=[height / scale, 0], scaleanchor="x", constrain="domain"
    )
    return _finish(figure, 480)


def _finish(figure: go.Figure, height: int) -> go.Figure:
    figure.update_layout(
        height=height,
        margin={"l": 10, "r": 10, "t": 20, "b": 40},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    )
    return figure
