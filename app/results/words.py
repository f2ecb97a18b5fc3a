"""Names in figures are shown letter by letter: Plotly reads some HTML in every text, links too."""

from __future__ import annotations

import re
from typing import Any

import plotly.graph_objects as go

OURS = re.compile(r"<(?!br>|/?extra>)")  # what the figures themselves use
FIELDS = ("name", "legendgroup", "hovertemplate", "text", "hovertext", "x", "y")


def shown(text: Any) -> Any:
    """A text with every tag that is not the figures' own as letters; anything else as it is.

    >>> shown("<a href='x'>mouse</a><br>cage")
    "&lt;a href='x'>mouse&lt;/a><br>cage"
    """
    return OURS.sub("&lt;", text) if isinstance(text, str) else text


def harmless(figure: go.Figure) -> go.Figure:
    """The same figure with the tags in all its texts as letters."""
    for trace in figure.data:
        for field in FIELDS:
            if field in trace:
                value = trace[field]
                if isinstance(value, str):
                    trace[field] = shown(value)
                elif value is not None and len(value) and any(isinstance(v, str) for v in value):
                    trace[field] = [shown(each) for each in value]
    layout = figure.layout
    for title in (layout.title, layout.title.subtitle):
        title.text = shown(title.text)
    for axis in (*figure.select_xaxes(), *figure.select_yaxes()):
        axis.title.text = shown(axis.title.text)
        for field in ("ticktext", "categoryarray"):
            if axis[field] is not None:
                axis[field] = [shown(each) for each in axis[field]]
    for note in layout.annotations:
        note.text, note.hovertext = shown(note.text), shown(note.hovertext)
    for shape in layout.shapes:
        shape.label.text, shape.name = shown(shape.label.text), shown(shape.name)
    return figure
