"""The figures of the results, each with what a reader must know to believe it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from app.commands.shared import count
from app.errors import AppError
from app.figures.charts import dressed
from app.results.acting import acted_in, acted_of, directed, mutual
from app.results.background import background
from app.results.data import Overview, recording_of
from app.results.filters import Filters
from app.results.layouts import (
    TALL,
    fitted,
    label_directed,
    name_regions,
    only_rows,
    spread_graph,
)
from app.results.naming import natural
from app.results.tables import Step, unfinished
from app.results.words import harmless

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from llm_query.bouts import Bouts
    from llm_query.recording import Recording

ENTRY, MOST_ENTRIES = 19, 30  # px of an animal in a legend; with more it is scrolled
MOST_RULES = 12  # definitions under a figure; the table of bouts has all


class NothingToShow(AppError):
    """There is nothing for this figure yet; the message says what to do."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure, the facts under it, and the definitions behind its numbers."""

    figure: go.Figure
    facts: str  # n, tracked share, unit, time
    definitions: tuple[str, ...] = ()
    name: str = "figure"  # of the file

    def __post_init__(self) -> None:
        harmless(self.figure)


def tracked_animals(
    seen: Overview, filters: Filters, name: str
) -> tuple[Recording, tuple[str, ...]]:
    """A video's trajectories and which of its animals the filters leave."""
    one = seen.data(name)
    if not one.tracked:
        raise NothingToShow(
            f"{name} is not tracked yet, so there are no paths: press Track on the Videos page."
        )
    chosen = seen.shown(filters).get(name, ())
    animals = tuple(sorted((a for a in one.animals if a in chosen), key=natural))
    if not animals:
        raise NothingToShow(f"No animal of {name} fits the filters: choose others.")
    return recording_of(seen.study, one), animals


def paths(seen: Overview, filters: Filters, name: str, colour: str = "animal") -> Picture:
    """Where the animals went, over the empty arena; coloured by animal, time or speed."""
    from llm_query.figures.basic import plot_trajectory

    recording, animals = tracked_animals(seen, filters, name)
    start_s, stop_s = filters.window
    shade = None if colour == "animal" else colour
    made = plot_trajectory(recording, animals, colour=shade, start_s=start_s, stop_s=stop_s)
    figure = dressed(_told(made, recording, animals, filters), recording.animals)
    _over_arena(figure, seen, name, recording)
    return Picture(
        figure, _facts(recording, animals, filters),
        ("Path: the centre of every animal in every frame in which it was found, not smoothed; "
         "lines break where it was not found.",), f"{name}-paths",
    )  # fmt: skip


def heat(seen: Overview, filters: Filters, name: str, cell: float, smooth: float = 0.0) -> Picture:
    """Seconds by place; cell and smooth in the recording's unit."""
    from llm_query.figures.part_figures import plot_heat

    recording, animals = tracked_animals(seen, filters, name)
    made = plot_heat(recording, animals, cell, smooth, *filters.window)
    figure = dressed(_told(made, recording, animals, filters), recording.animals)
    _over_arena(figure, seen, name, recording)
    unit = recording.unit
    spread = (
        f"each moment spread by a Gaussian with a standard deviation of {smooth:g} {unit}"
        if smooth
        else "not smoothed"
    )
    if smooth:
        spread += ", cells below 1 % of the fullest left empty"
    return Picture(
        figure, _facts(recording, animals, filters),
        (f"Time spent: seconds with the centre in cells of {cell:g} × {cell:g} {unit}, by the "
         f"frames' own times, {spread}; frames without the animal count nowhere.",),
        f"{name}-heat",
    )  # fmt: skip


def speeds(
    seen: Overview, filters: Filters, name: str, window_s: float, shade: bool = True
) -> Picture:
    """Speed over time, each animal's bouts shaded behind it."""
    from llm_query.figures.part_figures import plot_speed_traces

    recording, animals = tracked_animals(seen, filters, name)
    kept = acted_of(seen, filters, name) if shade else []
    made = plot_speed_traces(
        recording, animals, kept, window_s, filters.start_s, filters.stop_s, order=_order(seen)
    )
    figure = dressed(_told(made, recording, animals, filters))
    label_directed(figure, _directed(kept))
    figure.update_layout(height=fitted(len(animals), 130, 70, 150))
    how = (
        f"the slope of a line fitted to the path of the centre over {window_s:g} s"
        if window_s
        else "the central difference of the centre over the frames' own times, not smoothed"
    )
    rule = f"Speed: {how}; not computed across gaps."
    return Picture(
        figure, _facts(recording, animals, filters), (rule, *_rules(kept)), f"{name}-speed"
    )


def ethogram(seen: Overview, filters: Filters, name: str, empty: bool = True) -> Picture:
    """Who did what when, of the behaviours that the filters leave; rows without a bout or not."""
    from llm_query.figures.basic import plot_ethogram
    from llm_query.figures.drawing import NOTHING, colour_of

    kept = acted_of(seen, filters, name)
    if not kept:
        raise no_bouts(seen, name)
    figure = dressed(plot_ethogram(kept))
    doers = [subject for bouts in kept for subject, _ in bouts.pairs]
    known = sorted(seen.data(name).animals, key=natural)  # colours follow this order everywhere
    for trace, who in zip(figure.data, doers, strict=True):
        trace.marker.color = colour_of(known.index(who)) if who in known else NOTHING
    figure.data = sorted(figure.data, key=lambda trace: natural(trace.name))
    without = only_rows(figure, empty)
    start_s, stop_s = filters.window
    if start_s is not None or stop_s is not None:
        ends = figure.layout.xaxis.range
        figure.update_xaxes(range=[start_s or ends[0], stop_s or ends[1]])
    total = sum(bouts.count for bouts in kept)
    facts = f"{count(total, 'bout')} in {name} · time in s from its first frame · bars are " \
        "states, upright ticks moments"  # fmt: skip
    if without:
        facts += f" · {count(without, 'row')} without a bout" + ("" if empty else ", not shown")
    _subtitle(figure, f"{name} · {count(total, 'bout')}")
    return Picture(
        figure, f"{facts} · {_seen_share(seen, [name])}", _rules(kept), f"{name}-ethogram"
    )


def budgets(seen: Overview, filters: Filters, grouped: bool, step: Step | None = None) -> Picture:
    """How the animals divided their time: a bar per animal, or the mean of every group."""
    import pandas as pd

    from llm_query.figures.part_figures import budget_table, plot_budgets

    tables, rules, lacking = [], [], []
    shown = seen.shown(filters)
    wanted: set[str] = set()
    by_video = dict(acted_in(seen, filters, list(shown), step, whole=True))
    for kept in by_video.values():
        wanted |= {bouts.behaviour for bouts in kept if bouts.kind == "state"}
    for name, kept in by_video.items():
        rules += kept
        if grouped and wanted - {bouts.behaviour for bouts in kept}:
            lacking.append(name)
            continue
        made = budget_table(name, kept, *_inside(kept, filters))
        others = set(made["animal"]) - _for_all(kept) if grouped else set()
        lacking += [f"{animal} in {name}" for animal in sorted(others)]
        tables.append(made[~made["animal"].isin(others)])
    table = pd.concat(tables) if tables else None
    if table is None or table.empty:
        raise no_bouts(seen, None)
    groups = None
    if grouped:
        known = seen.known[seen.known[filters.by].notna()]
        keys = zip(known["video"], known["animal"], known[filters.by], strict=True)
        groups = {(str(video), str(animal)): str(value) for video, animal, value in keys}
        table = table[
            [(v, a) in groups for v, a in zip(table["video"], table["animal"], strict=True)]
        ]
        if table.empty:
            raise NothingToShow(f"No scored animal has a value of {filters.by}.")
    n = len(set(zip(table["video"], table["animal"], strict=True)))
    figure = dressed(plot_budgets(table, groups, _order(seen)))
    label_directed(figure, _directed(rules))
    figure.update_layout(height=460)
    what = f"mean of every group of {filters.by}" if grouped else "one bar per animal"
    facts = f"n = {count(n, 'animal')} in {count(table['video'].nunique(), 'video')} · {what} · " \
        f"{filters.time_text} · {_seen_share(seen, sorted(set(table['video'])))}"  # fmt: skip
    if half := unfinished(seen, filters, list(shown)):
        facts += f" · left out, because not watched to the end: {', '.join(half)}"
    if lacking:
        facts += f" · left out, because not everything was looked for there: {', '.join(lacking)}"
    _subtitle(figure, f"n = {count(n, 'animal')}, {filters.time_text}")
    rest = "Grey: in none of these states; nearly white: nobody could tell, as the animal was " \
        "not found; dark: several at once."  # fmt: skip
    return Picture(figure, facts, (rest, *_rules(rules)), "time-budget")


def _for_all(kept: Sequence[Bouts]) -> set[str]:
    """The animals that were watched for every state."""
    watched: dict[str, set[str]] = {}
    for bouts in kept:
        if bouts.kind == "state":
            watched.setdefault(bouts.behaviour, set()).update(who for who, _ in bouts.pairs)
    return set.intersection(*watched.values()) if watched else set()


def transitions(
    seen: Overview, filters: Filters, kind: str = "graph", step: Step | None = None
) -> Picture:
    """What follows what, over all animals that the filters leave."""
    import pandas as pd

    from llm_query.algebra.summaries import transition_matrix
    from llm_query.figures.transition_figures import plot_transitions

    tables, rules, animals = [], [], 0
    for _, found in acted_in(seen, filters, list(seen.shown(filters)), step):
        kept = [_clipped(bouts, filters) for bouts in found]
        if len({bouts.behaviour for bouts in kept}) != len(kept):  # a state and a moment
            kept = [b.named(f"{b.behaviour} ({b.kind})") for b in kept]
        if kept:
            tables.append(transition_matrix(kept))
            rules += kept
            animals += len(set(tables[-1]["subject"]))
    if not tables:
        raise no_bouts(seen, None)
    table = pd.concat(tables, ignore_index=True)
    total = int(table["count"].sum())
    if not total:
        raise NothingToShow("No animal did two things one after the other in this part.")
    figure = dressed(plot_transitions(table, kind=kind))
    figure.update_layout(height=TALL, width=760)
    figure.update_annotations(arrowcolor="#808080")
    figure.update_shapes(line={"color": "#808080"})
    if kind == "graph":
        spread_graph(figure, _order(seen))
    _subtitle(figure, f"{count(total, 'change')} of n = {count(animals, 'animal')}; numbers: of "
              "all changes away from one, the share that led there")  # fmt: skip
    facts = f"{count(total, 'change')} of n = {count(animals, 'animal')}, added up · " \
        f"{filters.time_text} · {_seen_share(seen, list(seen.shown(filters)))}"  # fmt: skip
    rule = "Each bout of an animal is followed by its next one by onset, whether they overlap or " \
        "not; never across a stretch in which the animal was not found."  # fmt: skip
    return Picture(figure, facts, (rule, *_rules(rules)), "transitions")


def social(
    seen: Overview, filters: Filters, name: str, behaviour: str | None, distance: float = 5.0
) -> Picture:
    """Who did it to whom; without a behaviour, how long each pair was close."""
    from llm_query.bouts import collect
    from llm_query.figures.group_figures import plot_social_matrix
    from llm_query.social.contacts import near

    if behaviour is None:
        recording, animals = tracked_animals(seen, filters, name)
        if len(animals) < 2:
            raise NothingToShow(f"{name} shows one animal here: a matrix needs two.")
        pairs = [(a, b) for k, a in enumerate(animals) for b in animals[k + 1 :]]
        found = [collect(*(near(recording, a, b, distance) for a, b in pairs))]
        rule = f"Close: the centres at most {distance:g} {recording.unit} apart."
        facts = _facts(recording, animals, filters)
    else:
        found = [b for b in acted_of(seen, filters, name) if _is(b, behaviour)]
        if len({bouts.behaviour for bouts in found}) > 1:
            raise NothingToShow(
                f"Several watched {behaviour} in {name}: choose one under Scored or found by."
            )
        if not any(target for bouts in found for _, target in bouts.pairs):
            raise NothingToShow(f"{behaviour} has no target in {name}: choose another behaviour.")
        rule, animals = "", tuple(dict.fromkeys(s for b in found for s, _ in b.pairs))
        facts = f"n = {count(len(animals), 'animal')} · {filters.time_text} · " \
            f"{_seen_share(seen, [name])}"  # fmt: skip
    found = [_clipped(bouts, filters) for bouts in found]
    both = behaviour is None or all(mutual(b.behaviour, b.definition) for b in found)
    figure = dressed(plot_social_matrix(found, mutual=behaviour is None))
    order = sorted(figure.data[0].y, key=natural)
    figure.update_xaxes(categoryorder="array", categoryarray=order)
    figure.update_yaxes(categoryorder="array", categoryarray=order)
    if both:
        figure.update_xaxes(title="")
        figure.update_yaxes(title="")
        figure.data[0].hovertemplate = "%{y} and %{x}: %{z:.4g} s<extra></extra>"
    cells = [cell for row in figure.data[0].z for cell in row if cell is not None]
    figure.data[0].text = [
        ["" if cell is None or cell != cell else f"{cell:.3g} s" for cell in row]
        for row in figure.data[0].z
    ]
    figure.data[0].texttemplate = "%{text}"
    figure.data[0].zmax = max([*cells, 0.0]) or 1.0
    figure.update_layout(height=460, width=640)
    way = "row and column together" if both else "row does it to column"
    _subtitle(figure, f"{name} · seconds, {filters.time_text} · {way}")
    rules = (rule,) if rule else tuple(_rules(found))
    return Picture(figure, f"{facts} · seconds", rules, f"{name}-social")


def no_bouts(seen: Overview, name: str | None) -> NothingToShow:
    """Why there are no bouts, and how to get some."""
    where = f"in {name}" if name else "in these videos"
    if len(seen.watched):
        return NothingToShow(
            f"No behaviour that fits the filters was scored {where}: choose others, or score it "
            "on the Annotate page."
        )
    return NothingToShow(
        "No behaviour was scored or found yet: score some on the Annotate page, or ask for one on "
        "the Ask page and save it."
    )


def usual_distance(seen: Overview, name: str) -> float:
    """A body length, the mean of the animals, in the video's unit; a guess where none is known."""
    from llm_query.social.pairs import known_size

    one = seen.data(name)
    sizes = []
    if one.tracked:
        recording = recording_of(seen.study, one)
        sizes = [known_size(recording, animal) for animal in recording.animals]
    known = [size for size in sizes if size]
    if known:
        return float(f"{max(known):.2g}")
    return 10.0 if one.video.px_per_cm else 50.0


def _directed(kept: Sequence[Bouts]) -> dict[str, bool]:
    return {bouts.behaviour: directed(bouts) for bouts in kept}


def _is(bouts: Bouts, behaviour: str) -> bool:
    """Whether these are of the behaviour, also where a watcher's name is behind it."""
    return bouts.behaviour == behaviour or bouts.behaviour.startswith(f"{behaviour} (")


def _order(seen: Overview) -> tuple[str, ...]:
    """The behaviours in the order of their colours: the same in every figure and filter."""
    return tuple(sorted(seen.choices["behaviour"]))


def _clipped(bouts: Bouts, filters: Filters) -> Bouts:
    """Bouts of the chosen time only; none where the video is over before."""
    if filters.start_s is None and filters.stop_s is None:
        return bouts
    low, high = _inside([bouts], filters)
    if low is None or high is None or low >= high:
        return bouts.keep(np.empty(0, dtype=np.int64))
    return bouts.within(low, high)


def _inside(kept: Sequence[Bouts], filters: Filters) -> tuple[float | None, float | None]:
    """The chosen time, as far as a video lasts."""
    start_s, stop_s = filters.window
    if not kept or (start_s is None and stop_s is None):
        return None, None
    end_s = float(kept[0].edges_s[-1])
    return min(start_s or 0.0, end_s), end_s if stop_s is None else min(stop_s, end_s)


def _rules(kept: Sequence[Bouts]) -> tuple[str, ...]:
    """One line per behaviour with the rule that its bouts came by."""
    lines = dict.fromkeys(
        f"{bouts.behaviour}: {bouts.definition or 'scored by eye, no rule is kept'}"
        for bouts in kept
    )
    more = [f"and {len(lines) - MOST_RULES} more, in the table of bouts"]
    return (*list(lines)[:MOST_RULES], *(more if len(lines) > MOST_RULES else ()))


def _facts(recording: Recording, animals: Sequence[str], filters: Filters) -> str:
    scale = (
        f"cm ({recording.px_per_cm:g} px per cm)"
        if recording.px_per_cm
        else "px: this video is not calibrated"
    )
    return f"n = {count(len(animals), 'animal')} · {_found(recording, animals, filters)} · " \
        f"{filters.time_text} · in {scale}"  # fmt: skip


def _found(recording: Recording, animals: Sequence[str], filters: Filters) -> str:
    """In how many of the frames the animals were found."""
    from llm_query.tools import chosen_frames

    rows = chosen_frames(recording, *filters.window, None)
    if not rows.any():
        raise NothingToShow(
            f"{recording.video} has no frame in this time: it is {recording.duration_s:.1f} s long."
        )
    shares = [float(recording.seen(animal)[rows].mean()) for animal in animals]
    least = f" (least {min(shares):.1%})" if min(shares) < max(shares) else ""
    return f"found in {float(np.mean(shares)):.1%} of frames{least}"


def _seen_share(seen: Overview, names: Sequence[str]) -> str:
    """The tracked share of whole videos, for figures of bouts."""
    shares = [seen.data(name).share_detected for name in names]
    known = [share for share in shares if share is not None]
    if not known:
        return "not tracked"
    not_yet = f", {len(shares) - len(known)} not tracked" if len(known) < len(shares) else ""
    return f"animals found in {float(np.mean(known)):.1%} of frames{not_yet}"


def _told(
    made: dict[str, Any], recording: Recording, animals: Sequence[str], filters: Filters
) -> dict[str, Any]:
    """The figure with video, n, share and time under its title, so that its file says them, too."""
    title = made["layout"]["title"]
    note = (title.get("subtitle") or {}).get("text")
    facts = [recording.video, f"n = {len(animals)}", _found(recording, animals, filters),
             filters.time_text]  # fmt: skip
    title["subtitle"] = {"text": " · ".join([*facts, *([note] if note else [])])}
    return made


def _subtitle(figure: go.Figure, text: str) -> None:
    figure.update_layout(title={"subtitle": {"text": text}}, margin={"t": 80})


def _over_arena(figure: go.Figure, seen: Overview, name: str, recording: Recording) -> None:
    """Put the empty arena behind a map, and its axes around the whole picture."""
    if not (recording.width and recording.height):
        return
    wide, high = recording.width * recording.scale, recording.height * recording.scale
    picture = background(seen.study, seen.data(name).video)
    if picture:
        figure.add_layout_image(
            source=picture, xref="x", yref="y", x=0, y=0, sizex=wide, sizey=high, opacity=0.55,
            sizing="stretch", layer="below", yanchor="top", xanchor="left",
        )  # fmt: skip
    figure.update_xaxes(range=[0, wide], showgrid=False, zeroline=False, constrain="domain")
    figure.update_yaxes(
        range=[high, 0], autorange=False, showgrid=False, zeroline=False, constrain="domain"
    )
    entries = sum(trace.showlegend is not False for trace in figure.data)
    room = max(TALL - 120.0, ENTRY * min(entries, MOST_ENTRIES) + 46.0)  # a legend shows them all
    tall = min(room, 800.0 * high / wide)  # px of the map
    side = 70 + 130  # px beside it: numbers, legend or colour bar
    name_regions(figure, recording, tall / high)
    figure.update_layout(height=round(tall) + 120, width=round(max(tall * wide / high, 300)) + side)
