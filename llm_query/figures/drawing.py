"""What figures share: colours, axes, regions, and long recordings drawn with few points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from llm_query.algebra.intervals import runs
from llm_query.geometry import Region
from llm_query.recording import Recording

Figure = dict[str, Any]
# Okabe and Ito's colours, as in assets/player_marks.js: one animal, one colour, everywhere.
COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#D55E00", "#0072B2", "#F0E442")
# From the eighth on the same hues come darker, then lighter: mixed with this level, by this share.
ROUNDS = ((0, 0.0), (0, 0.4), (255, 0.5))
# Behaviours have colours of their own, none of an animal, told apart by lightness as well.
BEHAVIOURS = ("#8073C9", "#DDCC77", "#AA3377", "#999933", "#EE99AA", "#8C564B", "#7F9CA8")
NOTHING = "#BBBBBB"  # what is no animal and no behaviour
UNSEEN = "#EEEEEE"
MAX_POINTS = 20_000  # in one trace: more are slow to draw and nobody can tell them apart
ROW_PX = 26
NAMED = 8  # animals in a title; more are only counted


def colour_of(index: int) -> str:
    """The colour of the animal (or whatever else is told apart) at `index`, from 0.

    >>> [colour_of(index) for index in (0, 7, 14, 21)]
    ['#E69F00', '#8A5F00', '#F3CF80', '#E69F00']
    """
    colour = COLOURS[index % len(COLOURS)]
    level, share = ROUNDS[index // len(COLOURS) % len(ROUNDS)]
    if not share:
        return colour
    channels = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return "#" + "".join(f"{int(value + (level - value) * share + 0.5):02X}" for value in channels)


def behaviour_colour(index: int) -> str:
    """The colour of the behaviour at `index`, from 0; never an animal's."""
    return BEHAVIOURS[index % len(BEHAVIOURS)]


def animal_colour(recording: Recording, animal: str) -> str:
    """The colour that this animal has everywhere."""
    return colour_of(recording.animals.index(animal)) if animal in recording.animals else NOTHING


def spoken(names: Sequence[str]) -> str:
    """Names of animals as a title has them: many are only counted.

    >>> spoken(("a", "b")), spoken([str(k) for k in range(20)])
    ('a, b', '20 animals')
    """
    return ", ".join(names) if len(names) <= NAMED else f"{len(names)} animals"


def values_of(array: Any) -> list[float | None]:
    """Give numbers as JSON wants them: unknown as null."""
    return [float(v) if np.isfinite(v) else None for v in np.asarray(array, dtype=float)]


def coordinates(array: Any) -> list[float | None]:
    """Numbers of a line with many points, to 8 digits: the figure is half as long."""
    values = np.asarray(array, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 10.0 ** (7 - np.floor(np.log10(np.abs(values))))
        short = np.round(values * scale) / scale
    return values_of(np.where(np.isfinite(scale), short, values))


def layout(title: str, x: str, y: str, note: str = "", **more: Any) -> dict[str, Any]:
    """Title, axis titles (with their units) and, under the title, how the figure was made."""
    made: dict[str, Any] = {
        "title": {"text": title},
        "xaxis": {"title": {"text": x}},
        "yaxis": {"title": {"text": y}, "automargin": True},
    }
    if note:
        made["title"]["subtitle"] = {"text": note}
    return made | more


def picture(recording: Recording, title: str, note: str = "") -> dict[str, Any]:
    """The layout of a map: equal axes, y down as on the screen, and the video's regions."""
    unit = recording.unit
    made = layout(title, f"x ({unit})", f"y ({unit})", note)
    made["yaxis"] |= {"autorange": "reversed", "scaleanchor": "x"}
    made["shapes"] = [_shape(each) for each in recording.regions.values() if not each.moves]
    return made


def _shape(region: Region) -> dict[str, Any]:
    """A region as plotly draws it over the data; a point is a small cross."""
    drawn: dict[str, Any] = {
        "line": {"width": 1, "color": "gray"}, "name": region.name,
        "label": {"text": region.name, "textposition": "top left", "font": {"size": 10}},
    }  # fmt: skip
    if region.kind == "circle":
        (x, y), radius = region.centre, float(np.hypot(*(region.points[1] - region.points[0])))
        box = {"x0": x - radius, "x1": x + radius, "y0": y - radius, "y1": y + radius}
        return drawn | {"type": "circle", **{key: float(at) for key, at in box.items()}}
    if region.kind == "point":
        x, y = (float(at) for at in region.points[0])
        place = {"xsizemode": "pixel", "ysizemode": "pixel", "xanchor": x, "yanchor": y}
        return drawn | {"type": "path", "path": "M -5 0 L 5 0 M 0 -5 L 0 5", **place}
    corners = " L ".join(f"{x:g} {y:g}" for x, y in region.outline)
    return drawn | {"type": "path", "path": f"M {corners}{'' if region.kind == 'line' else ' Z'}"}


def thin(values: np.ndarray, most: int = MAX_POINTS) -> np.ndarray:
    """(k,) the rows of (n, d) values to draw, at most about `most`, so that the shape stays.

    Equal blocks of frames keep their first frame and, of every column, the smallest and the largest
    value; every gap keeps a missing row, so that no line is drawn across it. With more gaps than
    a quarter of `most`, a block keeps only what lies before its first gap.

    >>> wave = np.sin(np.arange(1000) / 50)[:, None]
    >>> kept = thin(wave, 100)
    >>> len(kept) <= 100, float(wave[kept].max() - wave.max())
    (True, 0.0)
    """
    n, columns = values.shape
    if n <= most:
        return np.arange(n)
    seen = np.isfinite(values).all(axis=1)
    gap_starts = runs(~seen)[0]
    crowded = len(gap_starts) > most // 4
    left = most if crowded else most - len(gap_starts)
    size = -(-n // max(left // (2 * columns + 1 + crowded), 1))
    block = np.arange(n) // size
    first = np.arange(0, n, size)
    if crowded:  # one gap for each block, and nothing of it that comes later
        holes, places = np.unique(block[~seen], return_index=True)
        gap_starts = np.flatnonzero(~seen)[places]
        end = np.full(block[-1] + 1, n)
        end[holes] = gap_starts
        seen = seen & (np.arange(n) < end[block])
    kept = [first[seen[first]], gap_starts]
    rows = np.flatnonzero(seen)
    for column in range(columns):
        order = rows[np.lexsort((values[rows, column], block[rows]))]
        edges = np.flatnonzero(np.diff(block[order], prepend=-1, append=-1))
        kept += [order[edges[:-1]], order[edges[1:] - 1]]
    return np.unique(np.concatenate(kept))


def thinned_note(drawn: int, n: int) -> str:
    """Say how many of the frames are drawn, when not all are."""
    return "" if drawn >= n else (
        f"{drawn:,} of {n:,} frames drawn: the first and the extremes of every "
        f"{n / max(drawn, 1):.0f} or so"
    )  # fmt: skip


def value_edges(values: np.ndarray, bins: int | None) -> np.ndarray:
    """Edges of equal bins over the known values; None chooses (Freedman-Diaconis, 10 to 100)."""
    known = values[np.isfinite(values)]
    if not len(known):
        return np.array([0.0, 1.0])
    if bins is None:
        low, high = np.percentile(known, [25, 75])
        width = 2 * (high - low) / len(known) ** (1 / 3)
        bins = int(np.clip(np.ceil(np.ptp(known) / width) if width > 0 else 10, 10, 100))
    return np.histogram_bin_edges(known, bins)


def bars(
    edges: np.ndarray, height: np.ndarray, name: str, colour: str, hover: str
) -> dict[str, Any]:
    """Bars that are as wide as their bins; hover text may use customdata: from, to, extra."""
    return {
        "type": "bar", "name": name, "x": values_of((edges[:-1] + edges[1:]) / 2),
        "y": values_of(height), "width": values_of(np.diff(edges)),
        "customdata": np.column_stack([edges[:-1], edges[1:]]).tolist(),
        "marker": {"color": colour, "line": {"width": 0}},
        "hovertemplate": f"{hover}<extra>{name}</extra>",
    }  # fmt: skip


def pair_label(*names: object) -> str:
    """The names that there are, side by side.

    >>> pair_label("animal1", "near", None)
    'animal1 near'
    """
    return " ".join(str(name) for name in names if name)


def ordered(names: Sequence[str | None]) -> list[str]:
    """Names once each, in the order in which they come first."""
    return [name for name in dict.fromkeys(names) if name is not None]
