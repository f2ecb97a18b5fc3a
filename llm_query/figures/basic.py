"""Figures of paths, places, values and bouts: plain plotly JSON, made without importing plotly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from llm_query.bouts import Bouts
from llm_query.figures.drawing import (
    MAX_POINTS,
    ROW_PX,
    Figure,
    animal_colour,
    bars,
    colour_of,
    coordinates,
    layout,
    ordered,
    pair_label,
    picture,
    spoken,
    thin,
    thinned_note,
    value_edges,
    values_of,
)
from llm_query.individual.kinematics import speed
from llm_query.recording import Recording
from llm_query.tools import chosen_frames, each_other
from llm_query.vocabulary import word

ENDS = "dot: start, square: end"


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
    """Draw where the animals went, with the regions, a dot at the start and a square at the end.

    animals: their names. point: body point. colour: None (one colour per animal), "time" (s) or
    "speed" (cm/s or px/s). start_s, stop_s: only this part, in seconds. during: by animal, only
    inside these bouts.

    Axes have equal scales, in cm (px when uncalibrated), y down. Where the animal was not seen
    the line is broken. Of more than 20,000 frames, blocks of frames keep their first frame and
    their extremes in x and y, which the subtitle says.

    Returns a plotly figure as a dict.
    Source: ours; the map that every tracking program draws.

    >>> plot_trajectory(example_recording(), ["animal1"])["data"][0]["name"]
    'animal1'
    """
    traces, ends, counts = [], [], (0, 0)
    for animal in animals:
        rows = chosen_frames(recording, start_s, stop_s, during[animal] if during else None)
        span = _span(rows)
        xy = np.where(rows[:, None], recording.position(animal, point), np.nan)[span]
        kept = thin(xy)
        counts = max(counts, (len(xy), len(kept)))
        seconds = recording.time_s[span][kept]
        trace: dict[str, Any] = {
            "type": "scattergl", "mode": "lines", "name": animal,
            "x": coordinates(xy[kept, 0]), "y": coordinates(xy[kept, 1]),
            "customdata": coordinates(seconds), "line": {"color": animal_colour(recording, animal)},
            "hovertemplate": _place_hover(recording, animal),
        }  # fmt: skip
        if colour:
            shade = recording.time_s if colour == "time" else speed(recording, animal, point)
            trace |= _coloured(recording, shade[span][kept], colour, animal == animals[0])
        traces.append(trace)
        ends += _ends(recording, animal, xy[kept], seconds)
    title = f"Path of {spoken(animals)} ({point})"
    note = "; ".join(filter(None, [ENDS, thinned_note(counts[1], counts[0])]))
    return {"data": [*traces, *ends], "layout": picture(recording, title, note)}


def _place_hover(recording: Recording, animal: str, what: str = "") -> str:
    unit = recording.unit
    place = f"x %{{x:.2f}} {unit}, y %{{y:.2f}} {unit}"
    return f"{what}{place}<br>at %{{customdata:.2f}} s<extra>{animal}</extra>"


def _coloured(
    recording: Recording, shade: np.ndarray, colour: str, with_bar: bool
) -> dict[str, Any]:
    label = "s" if colour == "time" else f"{recording.unit}/s"
    marker = {"size": 3, "color": coordinates(shade), "colorscale": "Viridis",
              "showscale": with_bar, "colorbar": {"title": {"text": label}}}  # fmt: skip
    return {"mode": "markers", "marker": marker, "showlegend": False}


def _ends(
    recording: Recording, animal: str, xy: np.ndarray, seconds: np.ndarray
) -> list[dict[str, Any]]:
    """Marks where the path begins and ends."""
    seen = np.flatnonzero(np.isfinite(xy).all(axis=1))
    marks = (("start", "circle", seen[:1]), ("end", "square", seen[-1:]))
    return [
        {"type": "scatter", "mode": "markers", "name": f"{animal} {what}", "showlegend": False,
         "legendgroup": animal, "x": values_of(xy[row, 0]), "y": values_of(xy[row, 1]),
         "customdata": values_of(seconds[row]),
         "hovertemplate": _place_hover(recording, animal, f"{what}: "),
         "marker": {"size": 9, "symbol": symbol, "color": animal_colour(recording, animal),
                    "line": {"width": 1.5, "color": "black"}}}
        for what, symbol, row in marks
    ]  # fmt: skip


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
    """Draw the seconds spent in each of bins x bins cells, or the mean speed there.

    animals: their names, taken together. point: body point. colour: None (seconds) or "speed"
    (cm/s or px/s). start_s, stop_s: only this part, in seconds. during: by animal, only inside
    these bouts. bins: cells along each side of the rectangle that holds all positions.

    A frame counts as long as it lasts; frames in which the animal was not seen count nowhere.

    Returns a plotly figure as a dict; its z is (bins, bins), rows from the top.
    Source: ours; a two-dimensional histogram of positions weighted by real frame times.

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
    unit, label = recording.unit, f"{recording.unit}/s" if colour == "speed" else "s"
    trace = {
        "type": "heatmap", "z": [values_of(row) for row in total.T],
        "x": values_of((x[1:] + x[:-1]) / 2), "y": values_of((y[1:] + y[:-1]) / 2),
        "colorscale": "Viridis", "colorbar": {"title": {"text": label}},
        "hovertemplate": f"x %{{x:.2f}} {unit}, y %{{y:.2f}} {unit}"
                         f"<br>%{{z:.3g}} {label}<extra></extra>",
    }  # fmt: skip
    what = "Mean speed" if colour == "speed" else "Time spent"
    return {"data": [trace], "layout": picture(recording, f"{what} by place, {spoken(animals)}")}


@word()
def plot_histogram(
    columns: Mapping[str, np.ndarray], label: str, *, bins: int | None = None
) -> Figure:
    """Draw how often each value occurs, in percent of the frames where it is known.

    columns: by name, one value per frame (n,); missing ones are left out. label: what it is,
    with its unit, as "speed (cm/s)". bins: how many, the same for all names; None chooses 10 to
    100 by the Freedman-Diaconis rule.

    A value on an edge belongs to the bin that begins there.

    Returns a plotly figure as a dict: bars, counted here, so that its numbers are exact.
    Source: ours; a histogram with the bins of Freedman & Diaconis 1981.

    >>> known = plot_histogram({"animal1": np.array([1.0, np.nan, 2.0])}, "speed (cm/s)", bins=2)
    >>> known["data"][0]["y"]
    [50.0, 50.0]
    """
    every = [np.asarray(values, dtype=float) for values in columns.values()]
    edges = value_edges(np.concatenate(every) if every else np.empty(0), bins)
    data = []
    for order, (name, values) in enumerate(zip(columns, every, strict=True)):
        known = values[np.isfinite(values)]
        share = 100 * np.histogram(known, edges)[0] / max(len(known), 1)
        hover = "%{customdata[0]:.4g} to %{customdata[1]:.4g}<br>%{y:.2f} % of frames"
        data.append(bars(edges, share, name, colour_of(order), hover) | {"opacity": 0.6})
    title = f"Distribution of {label}"
    return {"data": data, "layout": layout(title, label, "% of frames", barmode="overlay")}


@word()
def plot_timecourse(table: Any, label: str, *, invert_y: bool = False) -> Figure:
    """Draw every column of a table of frames (from series) over time.

    table: with the columns time_s (seconds) and one per line. label: what the values are, with
    their unit. invert_y: small values on top, as for a position in the picture.

    Missing values break the line. Of more than 20,000 frames, blocks of frames keep their first
    frame and their smallest and largest value, which the subtitle says.

    Returns a plotly figure as a dict.
    Source: ours; values over real frame times.

    >>> recording = example_recording()
    >>> table = series(recording, {"animal1": speed(recording, "animal1")})
    >>> plot_timecourse(table, "speed (cm/s)")["data"][0]["name"]
    'animal1'
    """
    seconds = np.asarray(table["time_s"], dtype=float)
    data, most = [], 0
    for name in table.columns:
        if name in ("frame", "time_s"):
            continue
        values = np.asarray(table[name], dtype=float)
        kept = thin(values[:, None])
        most = max(most, len(kept))
        data.append({
            "type": "scattergl", "mode": "lines", "name": str(name),
            "x": coordinates(seconds[kept]), "y": coordinates(values[kept]),
            "hovertemplate": f"%{{x:.2f}} s<br>{label}: %{{y:.4g}}<extra>{name}</extra>",
        })  # fmt: skip
    note = thinned_note(most, len(seconds)) if data else ""
    made = layout(f"{label} over time", "time (s)", label, note)
    if invert_y:
        made["yaxis"]["autorange"] = "reversed"
    return {"data": data, "layout": made}


@word()
def plot_bars(values: Mapping[str, float], label: str) -> Figure:
    """Draw one bar per name.

    values: one number by name; an unknown one has no bar. label: what they are, with their unit.

    Returns a plotly figure as a dict.
    Source: ours.

    >>> plot_bars({"animal1": 3.0, "animal2": 4.0}, "speed (cm/s)")["data"][0]["y"]
    [3.0, 4.0]
    """
    heights = values_of(np.array(list(values.values()), dtype=float))
    data = [{"type": "bar", "x": list(values), "y": heights,
             "hovertemplate": f"{label}: %{{y:.4g}}<extra>%{{x}}</extra>"}]  # fmt: skip
    return {"data": data, "layout": layout(label, "", label)}


@word()
def plot_ethogram(bouts: Bouts | Sequence[Bouts]) -> Figure:
    """Draw when who did what: one line per subject (and target) and behaviour.

    bouts: of one behaviour or of several, on one recording.

    States are bars from their start to their stop in seconds; point events are upright ticks,
    which have no length but are always seen. Somebody who never did it keeps an empty line. One
    colour per subject. Of more than 20,000 bouts in a line, those less than a 5,000th of the
    recording apart are drawn as one.

    Returns a plotly figure as a dict.
    Source: ours; the ethogram raster of behaviour-scoring programs such as BORIS.

    >>> recording = example_recording()
    >>> plot_ethogram(in_region(recording, "animal1", "corner"))["data"][0]["base"]
    [2.5]
    """
    parts = each_other(bouts)
    subjects = ordered([subject for each in parts for subject, _ in each.pairs])
    data = []
    for each in parts:
        for number, (subject, target) in enumerate(each.pairs):
            name = pair_label(subject, each.behaviour, target)
            mine = each.pair_index == number
            row = _ticks if each.kind == "point" else _states
            drawn = row(each.start_s[mine], each.stop_s[mine], name)
            drawn["marker"] |= {"color": colour_of(subjects.index(subject))}
            data.append(drawn)
    names = ordered([trace["name"] for trace in data])
    made = layout("Ethogram", "time (s)", "", barmode="overlay", showlegend=False, bargap=0.25)
    made["yaxis"] |= {"type": "category", "categoryorder": "array", "categoryarray": names,
                      "range": [len(names) - 0.5, -0.5], "dtick": 1}  # fmt: skip
    made["height"] = 130 + ROW_PX * max(len(names), 1)
    if parts:
        made["xaxis"]["range"] = [float(parts[0].edges_s[0]), float(parts[0].edges_s[-1])]
    return {"data": data, "layout": made}


def _joined(start: np.ndarray, stop: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Starts and stops, of very many those that touch in any drawing taken together."""
    if len(start) <= MAX_POINTS:
        return start, stop
    apart = start[1:] - np.maximum.accumulate(stop)[:-1] > (stop.max() - start[0]) / 5000
    first = np.flatnonzero(np.concatenate([[True], apart]))
    return start[first], np.maximum.reduceat(stop, first)


def _states(start: np.ndarray, stop: np.ndarray, name: str) -> dict[str, Any]:
    start, stop = _joined(start, stop)
    seconds = stop - start
    return {
        "type": "bar", "orientation": "h", "name": name, "y": [name] * len(start),
        "base": values_of(start), "x": values_of(seconds), "marker": {"line": {"width": 0}},
        "customdata": np.column_stack([start, stop, seconds]).tolist(),
        "hovertemplate": "%{customdata[0]:.2f} s to %{customdata[1]:.2f} s"
                         f"<br>%{{customdata[2]:.2f}} s<extra>{name}</extra>",
    }  # fmt: skip


def _ticks(start: np.ndarray, stop: np.ndarray, name: str) -> dict[str, Any]:
    start, _ = _joined(start, stop)
    return {
        "type": "scatter", "mode": "markers", "name": name, "y": [name] * len(start),
        "x": values_of(start), "hovertemplate": f"at %{{x:.2f}} s<extra>{name}</extra>",
        "marker": {"symbol": "line-ns-open", "size": 16, "line": {"width": 2}},
    }  # fmt: skip
