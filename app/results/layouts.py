"""How the figures of the results are laid out: heights, names of regions, the graph's numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from llm_query.figures.drawing import ROW_PX, behaviour_colour

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from llm_query.recording import Recording

TALL = 520  # px: with the choices above, it fits a screen of 768
LETTER, LINE = 7.0, 18.0  # px of a letter and of a line of a region's name
PAPER = "rgba(255,255,255,0.82)"  # behind names and numbers, so that they are read on anything
Box = tuple[float, float, float, float]  # left, top, right, bottom
NODE = 0.26  # half a dot, in the graph's own unit


def fitted(rows: int, row: int, least: int, rest: int) -> int:
    """The height of a figure with so many rows: about `TALL`, more where rows get too low.

    >>> fitted(3, 130, 70, 150), fitted(40, 26, 14, 130)
    (520, 690)
    """
    return min(rest + row * rows, max(TALL, rest + least * rows))


def name_regions(figure: go.Figure, recording: Recording, px_per_unit: float) -> None:
    """Write each region's name once, where no other is and the fewest paths are.

    The largest is named at its foot. A name is never in a region that its own does not lie in.
    """
    figure.for_each_shape(lambda shape: shape.label.update(text=""))
    boxes: list[Box] = []
    tracked = _drawn(figure)
    regions = [each for each in recording.regions.values() if not each.moves]
    spans = {each.name: _span(each.outline if len(each.outline) else each.points)
             for each in regions}  # fmt: skip
    regions.sort(key=lambda each: -_area(spans[each.name]))
    for order, region in enumerate(regions):
        x0, y0, x1, y1 = spans[region.name]
        wide, high = LETTER * len(region.name) / px_per_unit, LINE / px_per_unit
        places = _places(x0, y0, x1, y1, wide, high, order == 0 and len(regions) > 1)
        others = [span for span in spans.values() if not _holds(span, (x0, y0, x1, y1))]
        found = [(x, y, x + wide, y + high) for x, y in places]
        alone = [box for box in found if not _meets(box, others)] or found
        free = [box for box in alone if not _meets(box, boxes)] or alone
        x, y, *_ = box = min(free, key=lambda one: _covered(one, tracked))
        boxes.append(box)
        figure.add_annotation(
            x=x + wide / 2, y=y + high / 2, text=region.name, showarrow=False, bgcolor=PAPER,
            borderpad=1, font={"size": 11, "color": "#222222"},
        )  # fmt: skip


def _places(
    x0: float, y0: float, x1: float, y1: float, wide: float, high: float, foot: bool
) -> list[tuple[float, float]]:
    """Upper left corners that a name may have: inside, then beside where it does not fit."""
    middle, level, gap = (x0 + x1 - wide) / 2, (y0 + y1 - high) / 2, high / 5
    top, bottom = y0 + gap, y1 - high - gap
    left, right = x0 + gap, x1 - wide - gap
    if wide <= (x1 - x0) / 2 and high > (y1 - y0) / 2:  # a tube: at an end of it
        return [(left, level), (right, level), (middle, level)]
    if wide > x1 - x0 or high > (y1 - y0) / 2:
        beside = [(x1 + gap, level), (x0 - wide - gap, level)]
        return [(middle, y1 + gap), (middle, y0 - high - gap), *beside, (middle, level)]
    inside = [(left, top), (middle, top), (right, top), (left, bottom), (middle, bottom)]
    return [(middle, bottom), (left, bottom), (right, bottom)] if foot else inside


def _drawn(figure: go.Figure) -> np.ndarray:
    """Where paths are drawn: x and y, a row per point."""
    lines = [t for t in figure.data if t.type in ("scatter", "scattergl") and t.x is not None]
    points = [np.column_stack([np.array(t.x, float), np.array(t.y, float)]) for t in lines]
    return np.concatenate(points) if points else np.empty((0, 2))


def _covered(box: Box, points: np.ndarray) -> int:
    """How many points a name here would hide."""
    x, y = points.T
    return int(((box[0] < x) & (x < box[2]) & (box[1] < y) & (y < box[3])).sum())


def _span(points: np.ndarray) -> Box:
    (x0, y0), (x1, y1) = np.min(points, axis=0), np.max(points, axis=0)
    return float(x0), float(y0), float(x1), float(y1)


def _area(span: Box) -> float:
    return (span[2] - span[0]) * (span[3] - span[1])


def _holds(outer: Box, inner: Box) -> bool:
    """Whether one lies within the other, or is the same."""
    return outer[0] <= inner[0] and outer[1] <= inner[1] and outer[2] >= inner[2] \
        and outer[3] >= inner[3]  # fmt: skip


def _meets(box: Sequence[float], others: Sequence[Sequence[float]]) -> bool:
    x0, y0, x1, y1 = box
    return any(x0 < b[2] and b[0] < x1 and y0 < b[3] and b[1] < y1 for b in others)


def only_rows(figure: go.Figure, empty: bool) -> int:
    """Leave out the ethogram's rows without a bout, and say how many there are."""
    filled = [trace for trace in figure.data if len(trace.y or ())]
    without = len({t.name for t in figure.data} - {t.name for t in filled})
    if not empty and filled:
        figure.data = filled
    names = list(dict.fromkeys(trace.name for trace in figure.data))
    figure.update_yaxes(categoryarray=names, range=[len(names) - 0.5, -0.5])
    figure.update_layout(height=fitted(len(names), ROW_PX, 14, 150))
    return without


def spread_graph(figure: go.Figure, order: Sequence[str]) -> None:
    """Fill the room with the graph of transitions, and put its numbers where they are read."""
    dots = next(trace for trace in figure.data if trace.name == "behaviours")
    numbers = next(trace for trace in figure.data if trace.name == "probability")
    names = [*order, *(name for name in dots.text if name not in order)]
    x, y = np.array(dots.x, float), np.array(dots.y, float)
    wide, high = 760 - 20, TALL - 120
    loops = (
        [(s.x0 + s.x1) / 2 for s in figure.layout.shapes],
        [(s.y0 + s.y1) / 2 for s in figure.layout.shapes],
    )
    low = np.array([min([*x, *loops[0]]), min([*y, *loops[1]])]) - 0.42
    far = np.array([max([*x, *loops[0]]), max([*y, *loops[1]])]) + 0.42
    scale = min(wide / (far[0] - low[0]), high / (far[1] - low[1]))
    figure.update_xaxes(range=[low[0], far[0]])
    figure.update_yaxes(range=[low[1], far[1]])
    dots.marker.size = min(2 * NODE * scale, 110)
    dots.marker.color = [behaviour_colour(names.index(name)) for name in dots.text]
    dots.marker.line = {"width": 1, "color": "#808080"}
    dots.text = [_broken(name) for name in dots.text]
    dots.textfont = {"color": "black", "size": 12}
    for at, up, text, said in zip(numbers.x, numbers.y, numbers.text, numbers.hovertext,
                                  strict=True):  # fmt: skip
        out = math.hypot(at, up)
        if out > 1.3:  # a loop's own: on the rim of the loop that is farthest from its dot
            at, up = at / out * 1.4, up / out * 1.4
        figure.add_annotation(
            x=at, y=up, text=text, hovertext=said, showarrow=False, bgcolor=PAPER, borderpad=2,
            font={"size": 12, "color": "#222222"},
        )  # fmt: skip
    figure.data = [trace for trace in figure.data if trace.name != "probability"]


def _broken(name: str) -> str:
    """A name on two lines where it is long, so that it stays in its dot."""
    words = name.replace("_", " ").split(" ")
    if len(name) <= 9 or len(words) < 2:
        return name
    half = min(range(1, len(words)), key=lambda k: abs(2 * len(" ".join(words[:k])) - len(name)))
    return " ".join(words[:half]) + "<br>" + " ".join(words[half:])


def label_directed(figure: go.Figure, directed: Mapping[str, bool]) -> None:
    """Say of a behaviour done to another one that only who does it is counted."""
    for trace in figure.data:
        if directed.get(trace.name):
            trace.name = f"{trace.name} (as subject)"
