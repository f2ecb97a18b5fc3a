"""Figures that sum a recording up: time in bins, budgets, transitions, headings, who with whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from llm_query.algebra.bout_bins import bin_edges
from llm_query.algebra.intervals import TOLERANCE_S
from llm_query.bouts import Bouts
from llm_query.errors import QueryError
from llm_query.figures.drawing import (
    NOTHING,
    UNSEEN,
    Figure,
    animal_colour,
    bars,
    colour_of,
    layout,
    ordered,
    spoken,
    value_edges,
    values_of,
)

# Imported for their words: they are part of this family.
from llm_query.figures.embedding import plot_embedding as plot_embedding
from llm_query.figures.group_figures import plot_groups as plot_groups
from llm_query.figures.group_figures import plot_social_matrix as plot_social_matrix
from llm_query.figures.transition_figures import plot_transitions as plot_transitions
from llm_query.individual.directions import heading
from llm_query.individual.kinematics import speed
from llm_query.recording import Recording
from llm_query.tools import chosen_frames, each_other
from llm_query.vocabulary import word

EVEN = 2001  # quantiles that stand for a long recording's values; 500, 1000, 1500 are quartiles
SEVERAL, NEITHER, UNKNOWN = "several at once", "not in any", "not known"


@word()
def plot_bins(
    recording: Recording,
    values: Mapping[str, np.ndarray | Bouts],
    bin_s: float,
    label: str,
    *,
    kind: str = "bars",
    start_s: float | None = None,
    stop_s: float | None = None,
) -> Figure:
    """Draw a measure or a behaviour per time bin, as bars or lines.

    values: by name; a measure, one value per frame (n,), gives its mean over the bin's frames
    weighted by how long each lasts; bouts give the seconds of the bin spent in them, targets
    together; point events give their count. bin_s: length of a bin in seconds. label: what the
    values are, with their unit, as "in corner (s)". kind: "bars" or "lines". start_s, stop_s: only
    this part, in seconds.

    Edges: bin k runs from start_s + k * bin_s up to, not including, the next one. A frame of a
    measure belongs to the bin in which it begins; bouts are divided at the edges, as in_bins does,
    so that bins add up to the whole. The last bin may be shorter; its bar is only as wide as it
    lasts. A bin in which a measure was never known has no bar, and a line is broken there.

    Returns a plotly figure as a dict, one value per bin and name.
    Source: ours; bins as in EthoVision's time bins, with the edge rule stated.

    >>> recording = example_recording()
    >>> figure = plot_bins(recording, {"animal1": speed(recording, "animal1")}, 2, "speed (cm/s)")
    >>> [round(y, 2) for y in figure["data"][0]["y"]]
    [10.0, 5.08, 0.0]
    """
    edges = bin_edges(recording.edges_s, bin_s, start_s, stop_s)
    data = []
    for order, (name, each) in enumerate(values.items()):
        heights = _per_bin(recording, each, bin_s, edges)
        colour = animal_colour(recording, name) if name in recording.animals else colour_of(order)
        hover = f"%{{customdata[0]:.2f}} s to %{{customdata[1]:.2f}} s<br>{label}: %{{y:.4g}}"
        data.append(bars(edges, heights, name, colour, hover))
        if kind == "lines":
            data[-1] |= {"type": "scatter", "mode": "lines+markers", "line": {"color": colour}}
            del data[-1]["width"]
    if kind == "bars" and len(data) > 1:  # side by side, each bin still filled
        for order, trace in enumerate(data):
            width = np.diff(edges) / len(data)
            trace |= {"x": values_of(edges[:-1] + (order + 0.5) * width), "width": values_of(width)}
    note = f"bins of {bin_s:g} s; each up to, not including, the next"
    more = {"barmode": "overlay"} if kind == "bars" else {}
    return {"data": data, "layout": layout(f"{label} over time", "time (s)", label, note, **more)}


def _per_bin(
    recording: Recording, each: np.ndarray | Bouts, bin_s: float, edges: np.ndarray
) -> np.ndarray:
    """(b,) mean of a measure, seconds of states, or number of point events in each bin."""
    if isinstance(each, Bouts):
        together = each if each.kind == "point" else each.any_target()
        table = together.in_bins(bin_s, float(edges[0]), float(edges[-1]))
        column = "count" if each.kind == "point" else "duration_s"
        return table[column].to_numpy(float).reshape(-1, len(edges) - 1).sum(axis=0)
    place = np.searchsorted(edges, recording.time_s + TOLERANCE_S, side="right") - 1
    known = np.isfinite(each) & (place >= 0) & (place < len(edges) - 1)
    lasting = np.diff(recording.edges_s)[known]
    total = np.bincount(place[known], each[known] * lasting, len(edges) - 1)
    weight = np.bincount(place[known], lasting, len(edges) - 1)
    return np.where(weight > 0, total / np.where(weight > 0, weight, 1), np.nan)


@word()
def plot_time_budget(
    bouts: Bouts | Sequence[Bouts], start_s: float | None = None, stop_s: float | None = None
) -> Figure:
    """Draw how each animal divided its time between behaviours: stacked bars of 100 %.

    bouts: the behaviours, each of the animals that did it, on one recording; targets are taken
    together. start_s, stop_s: only this part, in seconds.

    Frames in more than one behaviour are "several at once", frames in none are "not in any",
    and frames in none where at least one behaviour could not be told are "not known", so that
    every bar is 100 % of the time.

    Returns a plotly figure as a dict; its y are percent of the time (real frame times).
    Source: ours; the time budget of behaviour-scoring programs such as BORIS.

    >>> recording = example_recording()
    >>> figure = plot_time_budget(in_region(recording, "animal1", "corner"))
    >>> [(trace["name"], round(trace["y"][0], 1)) for trace in figure["data"]]
    [('in corner', 58.3), ('not in any', 41.7)]
    """
    parts = each_other(bouts)
    if not parts or any(each.kind == "point" for each in parts):
        raise QueryError("A time budget is of states, which last; point events take no time.")
    animals = ordered([subject for each in parts for subject, _ in each.pairs])
    edges = parts[0].edges_s
    lasting = np.diff(edges)
    time_s = edges[:-1]
    inside = np.ones(len(lasting), dtype=bool)
    inside &= time_s >= (time_s[0] if start_s is None else start_s) - 1e-6
    inside &= time_s < (edges[-1] if stop_s is None else stop_s) - 1e-6
    lasting = lasting * inside
    names = ordered([each.behaviour or "bouts" for each in parts])
    shares = np.array([_shares(parts, names, animal, lasting) for animal in animals])
    rows = [*names, SEVERAL, NEITHER, UNKNOWN]
    colours = [*map(colour_of, range(len(names))), "#555555", NOTHING, UNSEEN]
    data = [
        {"type": "bar", "name": name, "x": animals, "y": values_of(shares[:, k]),
         "marker": {"color": colours[k]}, "customdata": values_of(shares[:, k] / 100 * whole),
         "hovertemplate": "%{y:.2f} % (%{customdata:.2f} s)<extra>%{x}: " + name + "</extra>"}
        for whole in [float(lasting.sum())] for k, name in enumerate(rows)
        if k < len(names) or shares[:, k].any()
    ]  # fmt: skip
    made = layout("Time budget", "", "% of the time", barmode="stack")
    made["yaxis"]["range"] = [0, 100]
    return {"data": data, "layout": made}


def _shares(
    parts: Sequence[Bouts], names: Sequence[str], animal: str, lasting: np.ndarray
) -> np.ndarray:
    """(names + 3,) percent of one animal's time; the last three: several, none, not known."""
    doing = np.zeros((len(names), len(lasting)), dtype=bool)
    hidden = np.zeros(len(lasting), dtype=bool)
    for each in parts:
        pairs = [pair for pair in each.pairs if pair[0] == animal]
        if pairs:
            doing[names.index(each.behaviour or "bouts")] |= each.only(animal).mask()
        for pair in pairs:
            hidden |= each.unknown.get(pair, np.zeros(len(lasting), dtype=bool))
    number = doing.sum(axis=0)
    kinds = [*(doing & (number == 1)), number > 1, (number == 0) & ~hidden, (number == 0) & hidden]
    whole = float(lasting.sum())
    if not whole:
        raise QueryError("There is no frame in that part of the recording.")
    return np.array([100 * float(lasting[kind].sum()) / whole for kind in kinds])


@word()
def plot_heading(
    recording: Recording,
    animals: Sequence[str],
    *,
    bins: int = 36,
    start_s: float | None = None,
    stop_s: float | None = None,
    during: Mapping[str, Bouts] | None = None,
) -> Figure:
    """Draw in which directions the animals looked: a polar histogram.

    animals: their names. bins: equal sectors; the first begins at 0 degrees. start_s, stop_s:
    only this part, in seconds. during: by animal, only inside these bouts.

    Headings are in degrees: 0 right, 90 up, counter-clockwise. Bars are percent of the time in
    which the heading is known.

    Returns a plotly figure as a dict; r (bins,) is percent, theta (bins,) the sectors' middles.
    Source: ours; a rose diagram with the recording's own convention of headings.

    >>> rose = plot_heading(example_recording(), ["animal2"], bins=4)["data"][0]
    >>> rose["theta"], rose["r"]
    ([45.0, 135.0, 225.0, 315.0], [0.0, 0.0, 100.0, 0.0])
    """
    edges = np.linspace(0, 360, bins + 1)
    lasting = np.diff(recording.edges_s)
    data = []
    for animal in animals:
        rows = chosen_frames(recording, start_s, stop_s, during[animal] if during else None)
        degrees = heading(recording, animal) % 360
        rows &= np.isfinite(degrees)
        sector = np.floor(degrees[rows] / 360 * bins + 1e-9).astype(int) % bins
        seconds = np.bincount(sector, lasting[rows], bins)
        share = 100 * seconds / (seconds.sum() or 1)
        data.append({
            "type": "barpolar", "name": animal, "theta": values_of((edges[:-1] + edges[1:]) / 2),
            "r": values_of(share), "width": [360 / bins] * bins, "customdata": values_of(seconds),
            "marker": {"color": animal_colour(recording, animal)}, "opacity": 0.7,
            "hovertemplate": "%{theta:.0f}°: %{r:.2f} % of the time (%{customdata:.2f} s)"
                             f"<extra>{animal}</extra>",
        })  # fmt: skip
    polar = {
        "angularaxis": {"rotation": 0, "direction": "counterclockwise", "dtick": 45,
                        "ticksuffix": "°"},
        "radialaxis": {"ticksuffix": " %", "angle": 22.5},
        "barmode": "overlay", "bargap": 0,
    }  # fmt: skip
    return {"data": data, "layout": {
        "title": {"text": f"Heading of {spoken(animals)}",
                  "subtitle": {"text": "0° right, 90° up; % of the time with a known heading"}},
        "polar": polar}}  # fmt: skip


@word()
def plot_speed_distribution(
    recording: Recording,
    animals: Sequence[str] | None = None,
    point: str = "centre",
    *,
    kind: str = "histogram",
    window_s: float = 0.0,
    bins: int | None = None,
    start_s: float | None = None,
    stop_s: float | None = None,
    during: Mapping[str, Bouts] | None = None,
) -> Figure:
    """Draw how fast the animals were, and for how much of the time.

    animals: their names, by default all. point: body point. kind: "histogram" (percent of the
    time in which the speed is known, by real frame times) or "violin". window_s: seconds of
    smoothing, as in speed. bins: how many; None chooses 10 to 100. start_s, stop_s: only this
    part, in seconds. during: by animal, only inside these bouts.

    In cm/s (px/s when uncalibrated). A violin of more than 2,001 frames is drawn from 2,001
    evenly spaced quantiles of their speeds.

    Returns a plotly figure as a dict.
    Source: ours; a histogram with the bins of Freedman & Diaconis 1981.

    >>> figure = plot_speed_distribution(example_recording(), ["animal2"], bins=1)
    >>> figure["data"][0]["y"]
    [100.0]
    """
    who = list(recording.animals if animals is None else animals)
    lasting = np.diff(recording.edges_s)
    known: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for animal in who:
        rows = chosen_frames(recording, start_s, stop_s, during[animal] if during else None)
        fast = speed(recording, animal, point, window_s)
        rows &= np.isfinite(fast)
        known[animal] = fast[rows], lasting[rows]
    label = f"speed ({recording.unit}/s)"
    if kind == "violin":
        return {"data": [_violin(recording, animal, known[animal][0]) for animal in who],
                "layout": layout("Speed", "", label, showlegend=False)}  # fmt: skip
    edges = value_edges(np.concatenate([fast for fast, _ in known.values()]), bins)
    data = []
    for animal, (fast, seconds) in known.items():
        share = 100 * np.histogram(fast, edges, weights=seconds)[0] / (seconds.sum() or 1)
        hover = (
            f"%{{customdata[0]:.3g}} to %{{customdata[1]:.3g}} {recording.unit}/s"
            "<br>%{y:.2f} % of the time"
        )
        bar = bars(edges, share, animal, animal_colour(recording, animal), hover)
        data.append(bar | {"opacity": 0.6})
    return {"data": data, "layout": layout("Speed", label, "% of the time", barmode="overlay")}


def _violin(recording: Recording, animal: str, values: np.ndarray) -> dict[str, Any]:
    if len(values) > EVEN:
        values = np.quantile(values, np.linspace(0, 1, EVEN))
    return {
        "type": "violin", "name": animal, "y": values_of(values), "points": False,
        "box": {"visible": True}, "meanline": {"visible": False}, "spanmode": "hard",
        "marker": {"color": animal_colour(recording, animal)},
        "line": {"color": animal_colour(recording, animal)},
    }  # fmt: skip
