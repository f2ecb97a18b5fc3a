"""Figures of several animals: who did how much to whom, and groups side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from llm_query.bouts import Bouts
from llm_query.errors import QueryError
from llm_query.figures.drawing import Figure, colour_of, layout, ordered, values_of
from llm_query.tools import each_other
from llm_query.vocabulary import word

if TYPE_CHECKING:
    import pandas as pd


@word()
def plot_social_matrix(
    bouts: Bouts | Sequence[Bouts], *, value: str = "seconds", mutual: bool = False
) -> Figure:
    """Draw who did it to whom, and how much: a matrix of ordered pairs.

    bouts: of one behaviour with targets, of every pair that was watched. value: "seconds" or
    "count". mutual: whether the behaviour has no direction (as contact has none), so that a
    pair fills both of its cells.

    Pairs that were not watched, and an animal with itself, are empty.

    Returns a plotly figure as a dict; its z is (animals, animals), subjects in rows.
    Source: ours; the sociomatrix of Lehner, Handbook of Ethological Methods, 1996.

    >>> recording = example_recording()
    >>> figure = plot_social_matrix(near(recording, "animal1", "animal2", 10), mutual=True)
    >>> figure["data"][0]["x"], round(figure["data"][0]["z"][0][1], 2)
    (['animal1', 'animal2'], 3.6)
    """
    parts = each_other(bouts)
    if value not in ("seconds", "count"):
        raise QueryError(f'A matrix shows "seconds" or "count", not "{value}".')
    pairs = [pair for each in parts for pair in each.pairs if pair[1] is not None]
    if not pairs:
        raise QueryError("A matrix of pairs needs bouts with a target: near, contact, chase, ...")
    animals = ordered([name for pair in pairs for name in pair])
    cells = np.full((len(animals), len(animals)), np.nan)
    for each in parts:
        for number, (subject, target) in enumerate(each.pairs):
            if target is None:
                continue
            mine = each.pair_index == number
            amount = each.durations_s[mine].sum() if value == "seconds" else mine.sum()
            row, column = animals.index(subject), animals.index(target)
            cells[row, column] = np.nansum([cells[row, column], amount])
            if mutual:
                cells[column, row] = np.nansum([cells[column, row], amount])
    unit = "s" if value == "seconds" else "times"
    trace = {
        "type": "heatmap", "x": animals, "y": animals, "z": [values_of(row) for row in cells],
        "colorscale": "Viridis", "colorbar": {"title": {"text": unit}},
        "texttemplate": "%{z:.4g}", "hoverongaps": False, "zmin": 0,
        "hovertemplate": f"%{{y}} → %{{x}}: %{{z:.4g}} {unit}<extra></extra>",
    }  # fmt: skip
    what = ", ".join(ordered([each.behaviour for each in parts])) or "Bouts"
    made = layout(f"{what[0].upper()}{what[1:]}: who with whom", "target", "subject")
    made["yaxis"] |= {"autorange": "reversed", "type": "category", "scaleanchor": "x"}
    made["xaxis"] |= {"type": "category", "constrain": "domain"}
    return {"data": [trace], "layout": made}


@word()
def plot_groups(
    values: Mapping[str, Sequence[float]] | pd.DataFrame,
    label: str,
    *,
    value: str = "value",
    group: str = "group",
    name: str | None = None,
    confidence: float = 0.95,
) -> Figure:
    """Draw groups side by side: a dot for every animal, and the mean with its interval.

    values: by group, one number per animal; or a table with one row per animal. label: what the
    numbers are, with their unit. value, group, name: the table's columns. confidence: of the
    interval of the mean (Student's t, 0.95 is 95 %); a group of one has a mean but no interval.

    Unknown numbers are left out and not counted in n.

    Returns a plotly figure as a dict.
    Source: ours; every animal shown as Weissgerber et al. 2015 ask for, t interval of the mean.

    >>> figure = plot_groups({"control": [1.0, 2.0, 3.0], "drug": [5.0]}, "speed (cm/s)")
    >>> figure["data"][-1]["y"], round(figure["data"][-1]["error_y"]["array"][0], 3)
    ([2.0, 5.0], 2.484)
    """
    from scipy.stats import t

    groups = _grouped(values, value, group, name)
    titles, means, halves, data = [], [], [], []
    for order, (who, (names, numbers)) in enumerate(groups.items()):
        n = len(numbers)
        titles.append(f"{who} (n = {n})")
        means.append(numbers.mean() if n else np.nan)
        error = numbers.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
        halves.append(error * t.ppf((1 + confidence) / 2, n - 1) if n > 1 else np.nan)
        spread = 0.12 * np.sin(np.arange(n) * 2.4)  # golden angle: dots beside each other
        data.append({
            "type": "scatter", "mode": "markers", "name": who, "x": values_of(order + spread),
            "y": values_of(numbers), "text": names, "marker": {
                "size": 9, "color": colour_of(order), "line": {"width": 1, "color": "white"}},
            "hovertemplate": f"%{{text}}: %{{y:.4g}}<extra>{who}</extra>",
        })  # fmt: skip
    data.append({
        "type": "scatter", "mode": "markers", "name": f"mean, {100 * confidence:g} % interval",
        "x": [k + 0.25 for k in range(len(groups))], "y": values_of(means),
        "marker": {"symbol": "line-ew-open", "size": 22, "color": "black", "line": {"width": 3}},
        "error_y": {"type": "data", "array": values_of(halves), "color": "black", "width": 6},
        "hovertemplate": "mean %{y:.4g} ± %{error_y.array:.3g}<extra></extra>",
    })  # fmt: skip
    made = layout(label, "", label, showlegend=False)
    made["xaxis"] |= {"tickvals": list(range(len(groups))), "ticktext": titles,
                      "range": [-0.6, len(groups) - 0.4]}  # fmt: skip
    return {"data": data, "layout": made}


def _grouped(
    values: Mapping[str, Sequence[float]] | pd.DataFrame, value: str, group: str, name: str | None
) -> dict[str, tuple[list[str], np.ndarray]]:
    """Names and known numbers by group, in the order in which the groups come first."""
    if isinstance(values, Mapping):
        rows: dict[str, tuple[list | None, np.ndarray]] = {}
        rows = {str(who): (None, np.asarray(each, dtype=float)) for who, each in values.items()}
    else:
        missing = [c for c in (value, group, name) if c is not None and c not in values.columns]
        if missing:
            known = ", ".join(map(str, values.columns))
            raise QueryError(f"The table has no column {', '.join(missing)} (it has {known}).")
        rows = {
            str(who): (None if name is None else list(each[name]), each[value].to_numpy(float))
            for who, each in values.groupby(group, sort=False)
        }
    found = {}
    for who, (names, numbers) in rows.items():
        known_rows = np.flatnonzero(np.isfinite(numbers))
        said = [str(names[k]) if names else f"{who} {k + 1}" for k in known_rows]
        found[who] = said, numbers[known_rows]
    return found
