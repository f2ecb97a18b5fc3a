"""Maps as pictures: axes around all that is drawn, in a picture of the map's own shape."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import plotly.graph_objects as go

MARGIN = 0.04  # of the map's longer side, around it
WIDEST, HIGHEST, NARROWEST = 860, 640, 480  # px of the map, and of the picture
SLIMMEST = 3.0  # times as long as wide
LEFT, RIGHT, BOTTOM = 70, 20, 60  # px beside the map
LETTER, TITLE_LETTER = 7.5, 10.0  # px, about
COLOUR_BAR = 90  # px

Span = tuple[float, float]


def fit_map(figure: go.Figure) -> int | None:
    """Fit the axes of a map around its traces and regions; give the width (px) that it needs.

    None for what is no map (x and y on one scale), or has chosen its own ranges or several axes.
    """
    spans = _spans(figure)
    if spans is None:
        return None
    (left, right), (top, bottom) = spans
    room = MARGIN * max(right - left, bottom - top) or 1.0
    slim = max(right - left, bottom - top, room) / SLIMMEST
    across, down = (room + max(slim - size, 0) / 2 for size in (right - left, bottom - top))
    left, right, top, bottom = left - across, right + across, top - down, bottom + down
    scale = min(WIDEST / (right - left), HIGHEST / (bottom - top))
    map_width, map_height = scale * (right - left), scale * (bottom - top)
    beside, above = _legend_width(figure) or RIGHT, figure.layout.margin.t or 80
    width = round(min(max(LEFT + map_width + beside, _title_width(figure), NARROWEST), 1400))
    upside_down = figure.layout.yaxis.autorange == "reversed"
    figure.update_layout(
        xaxis={"range": [left, right], "autorange": False, "constrain": "domain"},
        yaxis={"range": [bottom, top] if upside_down else [top, bottom], "autorange": False,
               "constrain": "domain"},
        margin={"l": LEFT, "r": beside, "b": BOTTOM}, height=round(map_height + above + BOTTOM),
        legend={"x": 1.01, "xanchor": "left", "y": 1, "yanchor": "top"},
    )  # fmt: skip
    return width


def _spans(figure: go.Figure) -> tuple[Span, Span] | None:
    """From where to where a map reaches in x and y; None of what is no map."""
    layout = figure.layout
    fixed = layout.xaxis.range is not None or layout.yaxis.range is not None
    if layout.yaxis.scaleanchor != "x" or fixed:
        return None
    if any((trace.to_plotly_json().get("xaxis") or "x") != "x" for trace in figure.data):
        return None
    try:
        found = [*_of_traces(figure), *map(_of_shape, layout.shapes)]
    except (TypeError, ValueError):  # names or dates on an axis
        return None
    places = np.concatenate([np.empty((0, 2)), *found])
    places = places[np.isfinite(places).all(axis=1)]
    if not len(places):
        return None
    low, high = places.min(axis=0), places.max(axis=0)
    return (float(low[0]), float(high[0])), (float(low[1]), float(high[1]))


def _of_traces(figure: go.Figure) -> Iterator[np.ndarray]:
    """(k, 2) places of every trace; of a heat map the corners of its cells."""
    for trace in figure.data:
        if getattr(trace, "x", None) is None or trace.y is None:
            continue
        x, y = (np.asarray(values, dtype=float) for values in (trace.x, trace.y))
        if trace.type == "heatmap":
            x, y = (np.array([one.min(), one.max()]) + _half_cell(one) for one in (x, y))
        if len(x) == len(y):
            yield np.column_stack([x, y])


def _half_cell(centres: np.ndarray) -> np.ndarray:
    size = np.ptp(centres) / (len(centres) - 1) / 2 if len(centres) > 1 else 0.5
    return np.array([-size, size])


def _of_shape(shape: Any) -> np.ndarray:
    """(k, 2) corners of a region as plot maps draw it."""
    if shape.xanchor is not None:
        return np.array([[shape.xanchor, shape.yanchor]], dtype=float)
    if shape.type == "path":
        numbers = re.findall(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?", shape.path)
        return np.array(numbers, dtype=float).reshape(-1, 2)
    return np.array([[shape.x0, shape.y0], [shape.x1, shape.y1]], dtype=float)


def _legend_width(figure: go.Figure) -> int:
    """About how wide (px) the legend or the colour bar beside a map is; 0 without either."""
    named = [str(trace.name) for trace in figure.data if trace.showlegend is not False]
    barred = any(
        trace.type == "heatmap" or (getattr(trace, "marker", None) and trace.marker.showscale)
        for trace in figure.data
    )
    legend = len(figure.data) > 1 and named and figure.layout.showlegend is not False
    width = 60 + LETTER * max(map(len, named)) if legend else 0
    return round(width + COLOUR_BAR * barred)


def _title_width(figure: go.Figure) -> float:
    """About how wide (px) the title and the line under it are."""
    title = figure.layout.title
    wide = TITLE_LETTER * len(title.text or ""), LETTER * len(title.subtitle.text or "")
    return 2 * LEFT + max(wide)
