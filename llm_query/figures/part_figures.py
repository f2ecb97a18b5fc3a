"""Figures of a part of a study: seconds by place, speed beside bouts, budgets of many animals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from llm_query.bouts import Bouts
from llm_query.figures.drawing import (
    BEHAVIOURS,
    NOTHING,
    UNSEEN,
    Figure,
    behaviour_colour,
    coordinates,
    layout,
    ordered,
    picture,
    spoken,
    thin,
    thinned_note,
    values_of,
)
from llm_query.figures.portraits import NEITHER, SEVERAL, UNKNOWN, plot_time_budget
from llm_query.individual.kinematics import speed
from llm_query.recording import Recording
from llm_query.tools import chosen_frames

BUDGET = ("video", "animal", "state", "percent", "seconds")
REST = {SEVERAL: "#555555", NEITHER: NOTHING, UNKNOWN: UNSEEN}
GAP = 0.06  # of the figure's height, between two animals


def seconds_by_place(
    recording: Recording,
    animals: Sequence[str],
    cell: float,
    smooth: float = 0.0,
    start_s: float | None = None,
    stop_s: float | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(rows, columns) s spent in square cells of side `cell`, and the cells' edges in x and y.

    smooth: standard deviation of the Gaussian by which every moment is spread, in the recording's
    unit, as cell; nothing is spread over the edge of the picture, so the sum stays. Cells cover the
    picture, or where its size is unknown all places.
    """
    from scipy.ndimage import gaussian_filter

    places, weights = [np.empty((0, 2))], [np.empty(0)]
    lasting = np.diff(recording.edges_s)
    for animal in animals:
        rows = chosen_frames(recording, start_s, stop_s, None) & recording.seen(animal)
        places.append(recording.position(animal)[rows])
        weights.append(lasting[rows])
    where, seconds = np.concatenate(places), np.concatenate(weights)
    far = np.array([recording.width, recording.height]) * recording.scale
    low = np.zeros(2)
    if not far.all() and len(where):
        low, far = where.min(axis=0), where.max(axis=0) + cell / 1000
    edges = [low[k] + cell * np.arange(int(np.ceil((far[k] - low[k]) / cell)) + 1) for k in (0, 1)]
    inside = np.clip(where, low, np.array([each[-1] for each in edges]) - cell / 1000)
    total = np.histogram2d(inside[:, 1], inside[:, 0], bins=(edges[1], edges[0]), weights=seconds)[
        0
    ]
    if smooth > 0:
        total = gaussian_filter(total, smooth / cell, mode="reflect")
    return total, edges[0], edges[1]


def plot_heat(
    recording: Recording,
    animals: Sequence[str],
    cell: float,
    smooth: float = 0.0,
    start_s: float | None = None,
    stop_s: float | None = None,
) -> Figure:
    """Draw the seconds spent by place; cells in which nobody was stay empty.

    When smoothed, so do those with under 1 % of the fullest. See seconds_by_place.


    >>> from llm_query.examples import example_recording
    >>> figure = plot_heat(example_recording(), ["animal1"], 1.0, smooth=2.0)
    >>> len(figure["data"][0]["z"]) == len(figure["data"][0]["y"])
    True
    """
    total, x, y = seconds_by_place(recording, animals, cell, smooth, start_s, stop_s)
    unit, area = recording.unit, cell * cell
    square = f"{area:.3g}" if area < 1000 else f"{area:.0f}"
    least = total.max() / 100 if smooth > 0 and total.size else 0.0
    trace = {
        "type": "heatmap", "z": [values_of(row) for row in np.where(total > least, total, np.nan)],
        "x": values_of((x[1:] + x[:-1]) / 2), "y": values_of((y[1:] + y[:-1]) / 2),
        "colorscale": "Viridis", "zmin": 0, "hoverongaps": False,
        "colorbar": {"title": {"text": f"s per<br>{square} {unit}²"}},
        "hovertemplate": f"x %{{x:.1f}} {unit}, y %{{y:.1f}} {unit}<br>%{{z:.3g}} s<extra></extra>",
    }  # fmt: skip
    return {"data": [trace], "layout": picture(recording, f"Time spent, {spoken(animals)}")}


def plot_speed_traces(
    recording: Recording,
    animals: Sequence[str],
    shaded: Sequence[Bouts] = (),
    window_s: float = 0.0,
    start_s: float | None = None,
    stop_s: float | None = None,
    *,
    order: Sequence[str] = (),
) -> Figure:
    """Draw every animal's speed over time, one above the other, its own bouts shaded behind.

    Every behaviour that an animal shows has a strip of its own, so that none hides another.
    window_s: seconds of path that a speed is fitted to, 0 for the central difference. Lines break
    where the animal was not seen. Of more than 20,000 frames the first and the extremes of every
    block are drawn, which the subtitle says. All axes share one scale. order: the
    behaviours that have the first colours.

    >>> from llm_query.examples import example_recording
    >>> figure = plot_speed_traces(example_recording(), ["animal1", "animal2"])
    >>> [trace["name"] for trace in figure["data"]], sorted(figure["layout"])[-2:]
    (['animal1', 'animal2'], ['yaxis', 'yaxis2'])
    """
    rows = chosen_frames(recording, start_s, stop_s, None)
    seconds = recording.time_s[rows]
    speeds = {animal: speed(recording, animal, window_s=window_s)[rows] for animal in animals}
    known = np.concatenate([np.zeros(1), *(v[np.isfinite(v)] for v in speeds.values())])
    top = float(known.max()) * 1.05 or 1.0
    unit, most = f"{recording.unit}/s", 0
    data: list[dict[str, Any]] = []
    names = ordered([*order, *(each.behaviour for each in shaded)])
    for row, animal in enumerate(animals):
        axis = "y" if row == 0 else f"y{row + 1}"
        inks = [_ink(names.index(each.behaviour)) for each in shaded]
        found = [_band(each, animal, ink, seconds) for each, ink in zip(shaded, inks, strict=True)]
        bands = [band for band in found if band]
        for lane, band in enumerate(bands):  # side by side: no two colours make a third
            high = top / len(bands)
            band |= {"y": [high] * len(band["x"]), "base": [lane * high] * len(band["x"])}
            first = not any(trace["name"] == band["name"] for trace in data)
            data.append({**band, "yaxis": axis, "showlegend": first})
        kept = thin(speeds[animal][:, None])
        most = max(most, len(kept))
        data.append({
            "type": "scattergl", "mode": "lines", "name": animal, "yaxis": axis,
            "x": coordinates(seconds[kept]), "y": coordinates(speeds[animal][kept]),
            "line": {"color": "#777777", "width": 1.3}, "showlegend": False,
            "hovertemplate": f"%{{x:.2f}} s<br>%{{y:.4g}} {unit}<extra>{animal}</extra>",
        })  # fmt: skip
    made = layout("Speed", "time (s)", "", thinned_note(most, len(seconds)), barmode="overlay")
    made["xaxis"]["range"] = [float(seconds[0]), float(seconds[-1])] if len(seconds) else [0, 1]
    step = 1 / max(len(animals), 1)
    for row, animal in enumerate(animals):
        high = 1 - row * step
        made["yaxis" if row == 0 else f"yaxis{row + 1}"] = {
            "domain": [max(high - step + (GAP * step if row < len(animals) - 1 else 0), 0), high],
            "range": [0, top], "title": {"text": f"{animal}<br>({unit})"}, "nticks": 4,
        }  # fmt: skip
    made["xaxis"]["anchor"] = "y" if len(animals) < 2 else f"y{len(animals)}"
    made["height"] = 150 + 130 * len(animals)
    made["legend"] = {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 1, "xanchor": "right"}
    return {"data": data, "layout": made}


def _ink(number: int) -> dict[str, Any]:
    """The colour of a behaviour; from the eighth on with a pattern as well."""
    pattern = ("", "/", ".", "x")[number // len(BEHAVIOURS) % 4]
    return {"color": behaviour_colour(number), "line": {"width": 0}, "pattern": {"shape": pattern}}


def _band(
    bouts: Bouts, animal: str, ink: dict[str, Any], seconds: np.ndarray
) -> dict[str, Any] | None:
    """One animal's bouts as bars of no height yet; None where it has none of these."""
    if not any(subject == animal for subject, _ in bouts.pairs) or not len(seconds):
        return None
    own = bouts.only(animal)
    rows = (own.stop_s >= seconds[0]) & (own.start_s <= seconds[-1])
    start, stop = own.start_s[rows], own.stop_s[rows]
    wide = np.maximum(stop - start, (seconds[-1] - seconds[0]) / 1500)
    if not len(start):
        return None
    return {
        "type": "bar", "name": bouts.behaviour, "legendgroup": bouts.behaviour, "opacity": 0.6,
        "x": values_of(start + wide / 2), "width": values_of(wide),
        "marker": ink,
        "customdata": np.column_stack([start, stop]).tolist(),
        "hovertemplate": "%{customdata[0]:.2f} to %{customdata[1]:.2f} s"
                         f"<extra>{bouts.behaviour}</extra>",
    }  # fmt: skip


def budget_table(
    video: str, bouts: Sequence[Bouts], start_s: float | None = None, stop_s: float | None = None
) -> pd.DataFrame:
    """How each animal of one video divided its time: a row per animal and state, see BUDGET.

    Every animal's percent add up to 100, the time that nobody could tell included.

    >>> from llm_query.examples import example_recording
    >>> from llm_query.places.zones import in_region
    >>> table = budget_table("clip", [in_region(example_recording(), "animal1", "corner")])
    >>> table[["state", "percent"]].round(1).values.tolist()
    [['in corner', 58.3], ['not in any', 41.7]]
    """
    states = [each for each in bouts if each.kind == "state"]
    if not states:
        return pd.DataFrame([], columns=list(BUDGET))
    figure = plot_time_budget(states, start_s, stop_s)
    rows = [
        (video, animal, trace["name"], percent or 0.0, seconds or 0.0)
        for trace in figure["data"]
        for animal, percent, seconds in zip(
            trace["x"], trace["y"], trace["customdata"], strict=True
        )
    ]
    return pd.DataFrame(rows, columns=list(BUDGET))


def plot_budgets(
    table: pd.DataFrame,
    groups: Mapping[tuple[str, str], str] | None = None,
    order: Sequence[str] = (),
) -> Figure:
    """Draw time budgets of many animals as stacked bars, or the mean of every group's animals.

    table: see budget_table. groups: by (video, animal), the group of each; without, a bar per
    animal. A state that an animal of a group never had (or was not watched for) counts 0 for it.
    order: the states that have the first colours.
    """
    states = ordered([*(s for s in table["state"] if s not in REST), *table["state"]])
    states = [s for s in states if s not in REST] + [s for s in REST if s in states]
    wide = table.pivot_table(
        index=["video", "animal"], columns="state", values="percent", aggfunc="sum", sort=False
    ).reindex(columns=states)
    wide = wide.fillna(0.0)
    if groups is None:
        many = wide.index.get_level_values("video").nunique() > 1
        bars = [f"{animal}<br>{video}" if many else str(animal) for video, animal in wide.index]
    else:
        named = [groups.get((str(video), str(animal))) for video, animal in wide.index]
        sizes = pd.Series(named).value_counts()
        wide = wide.groupby(named, sort=True).mean()
        bars = [f"{name} (n = {sizes[name]})" for name in wide.index]
    names = ordered([*order, *states])
    data = [
        {
            "type": "bar", "name": state, "x": bars, "y": values_of(wide[state]),
            "marker": {"color": REST[state]} if state in REST else _ink(names.index(state)),
            "hovertemplate": f"%{{y:.2f}} %<extra>%{{x}}: {state}</extra>",
        }
        for state in states
    ]  # fmt: skip
    made = layout("Time budget", "", "% of the time", barmode="stack")
    made["yaxis"]["range"] = [0, 100]
    made["xaxis"]["type"] = "category"
    made["legend"] = {"traceorder": "normal"}
    return {"data": data, "layout": made}
