"""Figures as plain plotly JSON, made without importing plotly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from llm_query.bouts import Bouts
from llm_query.kinematics import speed
from llm_query.recording import Recording
from llm_query.tools import chosen_frames, each_other
from llm_query.vocabulary import word

Figure = dict[str, Any]


def values_of(array: Any) -> list[float | None]:
    """Give numbers as JSON wants them: unknown as null."""
    return [float(v) if np.isfinite(v) else None for v in np.asarray(array, dtype=float)]


def _layout(title: str, x: str, y: str, **more: Any) -> dict[str, Any]:
    return {"title": {"text": title}, "xaxis": {"title": {"text": x}},
            "yaxis": {"title": {"text": y}}, **more}  # fmt: skip


def _picture(recording: Recording, title: str) -> dict[str, Any]:
    unit = recording.unit
    layout = _layout(title, f"x ({unit})", f"y ({unit})")
    layout["yaxis"] |= {
        "autorange": "reversed",
        "scaleanchor": "x",
    }  # y goes down, as on the screen
    layout["shapes"] = [
        {"type": "path", "path": _svg(region.outline), "line": {"width": 1, "color": "gray"}}
        for region in recording.regions.values() if region.kind in ("polygon", "rectangle")
    ]  # fmt: skip
    return layout


def _svg(corners: np.ndarray) -> str:
    return "M " + " L ".join(f"{x:g} {y:g}" for x, y in corners) + " Z"


@word()
def plot_trajectory(
    recording: Recording,
    animals: Sequence[str],
    point: str = "centre",
    *,
    colour: str | None = None,
    start_s: float | None = None,
    stop_s: float | None = None,
    during: Mapping[str, Bouts] | None = None,
) -> Figure:
    """Draw where the animals went; colour: None, "time" (s) or "speed".

    >>> plot_trajectory(example_recording(), ["animal1"])["data"][0]["name"]
    'animal1'
    """
    traces = []
    for animal in animals:
        rows = chosen_frames(recording, start_s, stop_s, during[animal] if during else None)
        xy = np.where(rows[:, None], recording.position(animal, point), np.nan)[_span(rows)]
        trace: dict[str, Any] = {"type": "scattergl", "mode": "lines", "name": animal,
                 "x": values_of(xy[:, 0]), "y": values_of(xy[:, 1])}  # fmt: skip
        if colour:
            shade = recording.time_s if colour == "time" else speed(recording, animal, point)
            label = "s" if colour == "time" else f"{recording.unit}/s"
            trace |= {"mode": "markers", "marker": {
                "size": 3, "color": values_of(shade[_span(rows)]), "colorscale": "Viridis",
                "showscale": animal == animals[0],
                "colorbar": {"title": {"text": label}}}}  # fmt: skip
        traces.append(trace)
    return {
        "data": traces,
        "layout": _picture(recording, f"Path of {', '.join(animals)} ({point})"),
    }


def _span(rows: np.ndarray) -> slice:
    where = np.flatnonzero(rows)
    return slice(int(where[0]), int(where[-1]) + 1) if len(where) else slice(0, 0)


@word()
def plot_occupancy(
    recording: Recording,
    animals: Sequence[str],
    point: str = "centre",
    *,
    colour: str | None = None,
    start_s: float | None = None,
    stop_s: float | None = None,
    during: Mapping[str, Bouts] | None = None,
    bins: int = 40,
) -> Figure:
    """Draw the seconds spent in each of bins x bins squares, or the mean speed there.

    >>> figure = plot_occupancy(example_recording(), ["animal1"], bins=2)
    >>> round(sum(map(sum, figure["data"][0]["z"])), 6)
    6.0
    """
    lasting = np.diff(recording.edges_s)
    xy, weight, shade = [], [], []
    for animal in animals:
        rows = chosen_frames(recording, start_s, stop_s, during[animal] if during else None)
        rows &= recording.seen(animal, point)
        if colour == "speed":
            rows &= np.isfinite(speed(recording, animal, point))
            shade.append(speed(recording, animal, point)[rows])
        xy.append(recording.position(animal, point)[rows])
        weight.append(lasting[rows])
    where, seconds = np.concatenate(xy), np.concatenate(weight)
    total, x, y = np.histogram2d(where[:, 0], where[:, 1], bins=bins, weights=seconds)
    if colour == "speed":
        fast = np.histogram2d(
            where[:, 0], where[:, 1], bins=(x, y), weights=seconds * np.concatenate(shade)
        )[0]
        total = np.where(total > 0, fast / np.where(total > 0, total, 1), np.nan)
    label = f"{recording.unit}/s" if colour == "speed" else "s"
    trace = {"type": "heatmap", "z": [values_of(row) for row in total.T],
             "x": values_of((x[1:] + x[:-1]) / 2), "y": values_of((y[1:] + y[:-1]) / 2),
             "colorbar": {"title": {"text": label}}}  # fmt: skip
    what = "Mean speed" if colour == "speed" else "Time spent"
    return {
        "data": [trace],
        "layout": _picture(recording, f"{what} by place, {', '.join(animals)}"),
    }


@word()
def plot_histogram(columns: Mapping[str, np.ndarray], label: str) -> Figure:
    """Draw how often each value occurs, in percent of the frames where it is known.

    >>> plot_histogram({"animal1": np.array([1.0, np.nan, 2.0])}, "speed (cm/s)")["data"][0]["x"]
    [1.0, 2.0]
    """
    data = [
        {"type": "histogram", "name": name, "x": values_of(v[np.isfinite(v)]),
         "histnorm": "percent",
         "opacity": 0.6} for name, v in columns.items()
    ]  # fmt: skip
    layout = _layout(f"Distribution of {label}", label, "% of frames", barmode="overlay")
    return {"data": data, "layout": layout}


@word()
def plot_timecourse(table: Any, label: str, *, invert_y: bool = False) -> Figure:
    """Draw every column of a table of frames (from series) over time.

    >>> recording = example_recording()
    >>> table = series(recording, {"animal1": speed(recording, "animal1")})
    >>> plot_timecourse(table, "speed (cm/s)")["data"][0]["name"]
    'animal1'
    """
    data = [
        {"type": "scattergl", "mode": "lines", "name": name, "x": values_of(table["time_s"]),
         "y": values_of(table[name])} for name in table.columns if name not in ("frame", "time_s")
    ]  # fmt: skip
    layout = _layout(f"{label} over time", "time (s)", label)
    if invert_y:
        layout["yaxis"]["autorange"] = "reversed"
    return {"data": data, "layout": layout}


@word()
def plot_bars(values: Mapping[str, float], label: str) -> Figure:
    """Draw one bar per name.

    >>> plot_bars({"animal1": 3.0, "animal2": 4.0}, "speed (cm/s)")["data"][0]["y"]
    [3.0, 4.0]
    """
    data = [{"type": "bar", "x": list(values), "y": values_of(np.array(list(values.values())))}]
    return {"data": data, "layout": _layout(label, "", label)}


@word()
def plot_ethogram(bouts: Bouts | Sequence[Bouts]) -> Figure:
    """Draw when who did what: one line per subject (and target) and behaviour.

    >>> recording = example_recording()
    >>> plot_ethogram(in_region(recording, "animal1", "corner"))["data"][0]["base"]
    [2.5]
    """
    data = []
    for each in each_other(bouts):
        table = each.to_frame()
        for subject, target in each.pairs:
            mine = table[(table["subject"] == subject) & (table["target"].isna() if target is None
                         else table["target"] == target)]  # fmt: skip
            name = " ".join(str(w) for w in (subject, each.behaviour, target) if w)
            data.append({
                "type": "bar", "orientation": "h", "name": name, "y": [name] * len(mine),
                "base": values_of(mine["start_s"]), "x": values_of(mine["duration_s"]),
            })  # fmt: skip
    layout = _layout("Ethogram", "time (s)", "", barmode="overlay", showlegend=False)
    return {"data": data, "layout": layout}
