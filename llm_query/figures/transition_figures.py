"""The figure of what follows what: a graph with arrows, or a matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from llm_query.algebra.summaries import transition_matrix
from llm_query.bouts import Bouts
from llm_query.errors import QueryError
from llm_query.figures.drawing import Figure, colour_of, layout, ordered, values_of
from llm_query.tools import each_other
from llm_query.vocabulary import word

if TYPE_CHECKING:
    import pandas as pd


@word()
def plot_transitions(
    transitions: Bouts | Sequence[Bouts] | pd.DataFrame, *, kind: str = "graph"
) -> Figure:
    """Draw what follows what: behaviours on a circle joined by arrows, or a matrix.

    transitions: bouts of several behaviours, counted as transition_matrix does, all subjects
    together; or a table of counts, either as transition_matrix gives it or square, from in rows
    and to in columns. kind: "graph" or "matrix".

    Numbers are probabilities (0 to 1): of all changes away from one behaviour, the share that
    led to the other. Arrows are as wide as they are probable; a loop is a behaviour followed by
    itself.

    Returns a plotly figure as a dict; of "matrix", z is (behaviours, behaviours), from in rows.
    Source: ours; first-order transition analysis as in Fentress & Stilwell 1973.

    >>> recording = example_recording()
    >>> inside = in_region(recording, "animal1", "corner")
    >>> figure = plot_transitions([inside, ~inside], kind="matrix")
    >>> figure["data"][0]["y"], figure["data"][0]["z"]
    (['in corner', 'not (in corner)'], [[None, None], [1.0, 0.0]])
    """
    names, counts = _counted(transitions)
    total = counts.sum(axis=1, keepdims=True)
    share = np.where(total > 0, counts / np.where(total > 0, total, 1), np.nan)
    if kind == "matrix":
        return _matrix(names, counts, share)
    if kind != "graph":
        raise QueryError(f'Transitions are drawn as a "graph" or a "matrix", not "{kind}".')
    return _graph(names, counts, share)


def _counted(transitions: Bouts | Sequence[Bouts] | pd.DataFrame) -> tuple[list[str], np.ndarray]:
    """The behaviours' names, and how often each (row) was followed by each (column)."""
    table = transitions
    if isinstance(table, Bouts | Sequence):
        table = transition_matrix(each_other(table))
    if "count" in table.columns:
        before, after = _ends_of(table)
        table = table.groupby([before, after], sort=False)["count"].sum().unstack(sort=False)
    table = table.rename(index=str, columns=str)
    names = ordered([*table.index, *table.columns])
    if not names:
        raise QueryError("Transitions need bouts of at least one behaviour.")
    square = table.reindex(index=names, columns=names)
    return names, np.nan_to_num(square.to_numpy(dtype=float))


def _ends_of(table: pd.DataFrame) -> tuple[str, str]:
    """The columns that say from where and to where."""
    names = [str(name) for name in table.columns]
    before = [name for name in names if name.startswith("from")]
    after = [name for name in names if name.startswith("to_") or name == "to"]
    if len(before) != 1 or len(after) != 1:
        raise QueryError(f"A table of transitions has from, to and count, not {', '.join(names)}.")
    return before[0], after[0]


def _matrix(names: list[str], counts: np.ndarray, share: np.ndarray) -> Figure:
    trace = {
        "type": "heatmap", "x": names, "y": names, "z": [values_of(row) for row in share],
        "customdata": counts.tolist(), "zmin": 0, "zmax": 1, "colorscale": "Viridis",
        "colorbar": {"title": {"text": "probability"}}, "texttemplate": "%{z:.2f}",
        "hoverongaps": False,
        "hovertemplate": "%{y} → %{x}: %{z:.3f} (%{customdata} times)<extra></extra>",
    }  # fmt: skip
    made = layout("Transitions", "to", "from")
    made["yaxis"] |= {"autorange": "reversed", "type": "category", "scaleanchor": "x"}
    made["xaxis"] |= {"type": "category", "constrain": "domain"}
    return {"data": [trace], "layout": made}


def _graph(names: list[str], counts: np.ndarray, share: np.ndarray) -> Figure:
    angle = np.pi / 2 - 2 * np.pi * np.arange(len(names)) / len(names)
    place = np.column_stack([np.cos(angle), np.sin(angle)])
    arrows, shapes, middles = [], [], []
    for start, stop in zip(*np.nonzero(counts), strict=True):
        p, times = float(share[start, stop]), int(counts[start, stop])
        said = f"{names[start]} → {names[stop]}: {p:.2f} ({times} of {int(counts[start].sum())})"
        if start == stop:
            shapes.append(_loop(place[start], p))
            middles.append((place[start] * 1.42, p, said))
            continue
        tail, tip, middle = _line(place[start], place[stop])
        arrows.append(_arrow(tail, tip, p))
        middles.append((middle, p, said))
    dots = {
        "type": "scatter", "mode": "markers+text", "x": values_of(place[:, 0]),
        "y": values_of(place[:, 1]), "text": names, "textposition": "middle center",
        "customdata": counts.sum(axis=1).tolist(), "name": "behaviours",
        "marker": {"size": 64, "color": [colour_of(k) for k in range(len(names))]},
        "hovertemplate": "%{text}: followed by something %{customdata} times<extra></extra>",
    }  # fmt: skip
    labels = {
        "type": "scatter", "mode": "text", "name": "probability",
        "x": [float(xy[0]) for xy, _, _ in middles], "y": [float(xy[1]) for xy, _, _ in middles],
        "text": [f"{p:.2f}" for _, p, _ in middles], "customdata": [p for _, p, _ in middles],
        "hovertext": [said for _, _, said in middles], "hoverinfo": "text",
    }  # fmt: skip
    hidden = {"visible": False, "range": [-1.8, 1.8]}
    return {"data": [dots, labels], "layout": {
        "title": {"text": "Transitions",
                  "subtitle": {"text": "the share of changes away from each that led there"}},
        "xaxis": hidden, "yaxis": hidden | {"scaleanchor": "x"}, "showlegend": False,
        "annotations": arrows, "shapes": shapes}}  # fmt: skip


def _line(start: np.ndarray, stop: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """From rim to rim of two dots, a little to the side, so that there and back are apart."""
    along = (stop - start) / np.hypot(*(stop - start))
    aside = 0.09 * np.array([-along[1], along[0]])
    tail, tip = start + 0.27 * along + aside, stop - 0.27 * along + aside
    return tail, tip, tail + 0.4 * (tip - tail) + 0.8 * aside


def _arrow(tail: np.ndarray, tip: np.ndarray, p: float) -> dict[str, Any]:
    return {
        "x": float(tip[0]), "y": float(tip[1]), "ax": float(tail[0]), "ay": float(tail[1]),
        "xref": "x", "yref": "y", "axref": "x", "ayref": "y", "showarrow": True, "text": "",
        "arrowhead": 2, "arrowwidth": 0.75 + 5 * p, "arrowsize": max(1.4 - p, 0.6),
        "arrowcolor": "#555555",
    }  # fmt: skip


def _loop(place: np.ndarray, p: float) -> dict[str, Any]:
    """A circle that leaves the dot outwards and comes back to it, drawn below the dots."""
    x, y = (float(at) for at in place * 1.22)
    return {"type": "circle", "x0": x - 0.16, "x1": x + 0.16, "y0": y - 0.16, "y1": y + 0.16,
            "layer": "below", "line": {"width": 0.75 + 5 * p, "color": "#555555"}}  # fmt: skip
