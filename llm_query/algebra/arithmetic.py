"""Arithmetic on answers: who did it most, rates per minute, ratios and indices, spreads, bins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from llm_query.algebra.bout_algebra import single
from llm_query.algebra.bout_bins import bin_edges
from llm_query.algebra.intervals import TOLERANCE_S
from llm_query.bouts import Bouts
from llm_query.columns import Result
from llm_query.errors import QueryError
from llm_query.recording import Recording
from llm_query.tools import chosen_frames, each_other, later, number_text, tell
from llm_query.vocabulary import word

if TYPE_CHECKING:
    import pandas as pd

UNITS = {"count": "times", "total_s": "s", "percent": "%", "latency_s": "s", "mean_s": "s",
         "longest_s": "s", "shortest_s": "s", "frames": "frames"}  # fmt: skip
Kept = tuple[str, float, str]  # whose, value, unit


@word()
def rank(
    result: Mapping[str, Any], by: str = "value", *, least: bool = False, asked: str = ""
) -> Result:
    """Put the animals (or pairs) of an answer in order: who has the most, or the least.

    result: what summarise or tell gave. by: the number that is compared: "value" of tell, or
    "total_s", "count", "percent", "latency_s", ... of summarise. least: the smallest first. Equal
    values share a rank; unknown ones come last, without a rank. asked: of two that are compared,
    the one of which it is asked whether it has more (or less); then "Yes" or "No" is said, too.

    Source: ours, plain order; no test of significance, see the command "compare" for groups.

    >>> recording = example_recording()
    >>> speeds = {animal: mean_speed(recording, animal) for animal in recording.animals}
    >>> rank(tell("mean speed", speeds, "cm/s"))["text"][:14]
    'Most: animal1 '
    """
    kept = _values(result, by)
    known = [one for one in kept if np.isfinite(one[1])]
    known.sort(key=lambda one: one[1] if least else -one[1])
    values = [value for _, value, _ in known]
    rows = [{"rank": 1 + values.index(value), "who": who, "value": value, "unit": unit}
            for who, value, unit in known]  # fmt: skip
    unknown = [who for who, value, _ in kept if not np.isfinite(value)]
    if not known:
        text = "Nobody can be compared: it is known of none of them."
    else:
        after = "after " if by == "latency_s" else ""
        said = [f"{who} {after}{number_text(value, unit)}" for who, value, unit in known]
        first = [s for s, value in zip(said, values, strict=True) if value == values[0]]
        tie = " (equal)" if len(first) > 1 else ""
        head = "Least" if least else "Most"
        if by == "latency_s":
            head = "First" if least else "Last"
        if by in ("total_s", "count", "percent") and values[0] == values[-1] == 0:
            head, tie = "None of them", ""
        text = f"{head}: {', '.join(first)}{tie}"
        rest = said[len(first) :]
        text += f"; then {', '.join(rest)}." if rest else "."
    never = _never(result, by, unknown)
    unsure = [who for who in unknown if who not in never]
    text += f" Never: {', '.join(never)}." if never else ""
    text += f" Unknown: {', '.join(unsure)}." if unsure else ""
    text = _yes_or_no(kept, asked, least) + text
    every = [*rows, *({"rank": 0, "who": who, "value": float("nan"), "unit": ""}
                      for who in unknown)]  # fmt: skip
    return Result(result) | {
        "table": later(every), "text": text, "numbers": {who: value for who, value, _ in kept}
    }  # fmt: skip


def _never(result: Mapping[str, Any], by: str, unknown: list[str]) -> list[str]:
    """Tell who has no latency or length of bouts because it was seen and never did it."""
    if by not in ("latency_s", "mean_s", "longest_s", "shortest_s"):
        return []
    counts = {who: count for who, count, _ in _values(result, "count")}
    return [who for who in unknown if counts.get(who) == 0]


def _yes_or_no(kept: list[Kept], asked: str, least: bool) -> str:
    """Say whether the one that is asked about has more than the other, or less."""
    mine = [value for who, value, _ in kept if who == asked or who.startswith(f"{asked} ")]
    if not asked or len(kept) != 2 or len(mine) != 1:
        return ""
    other = next(v for who, v, _ in kept if who != asked and not who.startswith(f"{asked} "))
    if not (np.isfinite(mine[0]) and np.isfinite(other)):
        return "Unknown. "
    return "Yes. " if (mine[0] < other if least else mine[0] > other) else "No. "


@word("1/min")
def per_minute(
    recording: Recording,
    result: Mapping[str, Any],
    by: str = "count",
    start_s: float | None = None,
    stop_s: float | None = None,
) -> Result:
    """How often, how long or how far per minute: an answer divided by the minutes looked at.

    result: what summarise or tell gave. by: "count", "total_s" or, of tell, "value". start_s,
    stop_s: the part of the recording that the answer is of, in seconds. Minutes in which the
    animal was not seen count, too.

    Source: ours, plain division.

    >>> recording = example_recording()
    >>> found = summarise(in_region(recording, "animal1", "corner"))
    >>> per_minute(recording, found)["numbers"]
    {'per_minute': 10.0}
    """
    edges = recording.edges_s
    begin = float(edges[0]) if start_s is None else max(start_s, float(edges[0]))
    end = float(edges[-1]) if stop_s is None else min(stop_s, float(edges[-1]))
    minutes = (end - begin) / 60
    kept = [(who, value / minutes, f"{unit}/min") for who, value, unit in _values(result, by)]
    return _answer("per minute", kept, result)


@word()
def ratio(
    first: Mapping[str, Any],
    second: Mapping[str, Any],
    kind: str = "ratio",
    *,
    by: str = "value",
) -> Result:
    """Relate two answers of the same animals: their ratio, difference, index or share.

    first, second: what summarise or tell gave. kind: "ratio" is a / b, "difference" a - b, "index"
    (a - b) / (a + b), as a discrimination or preference index, "share" a / (a + b), "percent"
    100 a / b. by: the number of each, as in rank. Division by 0 is unknown (NaN).

    Source: ours; the index as in novel object recognition (Ennaceur and Delacour 1988).

    >>> recording = example_recording()
    >>> inside = summarise(in_region(recording, "animal1", "corner"))
    >>> outside = summarise(outside_region(recording, "animal1", "corner"))
    >>> round(ratio(inside, outside, "index", by="total_s")["numbers"]["index"], 4)
    0.1667
    """
    ways: dict[str, Callable[[float, float], tuple[float, float]]] = {  # over, under
        "ratio": lambda a, b: (a, b), "percent": lambda a, b: (100 * a, b),
        "index": lambda a, b: (a - b, a + b), "share": lambda a, b: (a, a + b),
        "difference": lambda a, b: (a - b, 1.0),
    }  # fmt: skip
    if kind not in ways:
        raise QueryError(f'There is no "{kind}" of two answers: take one of {", ".join(ways)}.')
    ours, theirs = _values(first, by), _values(second, by)
    partner = _matched(ours, theirs)
    unit = {"difference": ours[0][2] if ours else "", "percent": "%"}.get(kind, "")
    kept = []
    for who, a, _ in ours:
        b = partner[who]
        over, under = ways[kind](a, b)
        kept.append((who, over / under if under else float("nan"), unit))
    return _answer(kind, kept, first)


def _matched(ours: Sequence[Kept], theirs: Sequence[Kept]) -> dict[str, float]:
    """The second answer's value for everybody in the first one."""
    by_name = {who: value for who, value, _ in theirs}
    if len(ours) == 1 and len(theirs) == 1:
        return {ours[0][0]: theirs[0][1]}
    missing = [who for who, _, _ in ours if who not in by_name]
    if missing or len(ours) != len(theirs):
        raise QueryError(
            f"The two answers are not of the same animals: {', '.join(missing) or 'more'} in one "
            "of them. Ask for each animal in both."
        )
    return by_name


def _answer(name: str, kept: Sequence[Kept], like: Mapping[str, Any]) -> Result:
    """Numbers by animal, keeping the bouts that they came from."""
    unit = kept[0][2] if kept else ""
    made = tell(name, {who: value for who, value, _ in kept}, unit)
    names = {who: (f"{who} " if len(kept) > 1 else "") + name.replace(" ", "_")
             for who, _, _ in kept}  # fmt: skip
    made = made | {"numbers": {names[who]: value for who, value, _ in kept}}
    found = Result(like).raw().get("bouts")
    return made | ({"bouts": found} if found is not None else {})


def _values(result: Mapping[str, Any], by: str) -> list[Kept]:
    """(whose, value, unit) of every row of an answer."""
    table = Result(result)["table"]
    if by not in table:
        raise QueryError(f'This answer has no "{by}" to compare by.')
    several = "behaviour" in table and table["behaviour"].nunique() > 1
    kept = []
    for row in table.to_dict("records"):
        who = str(row["subject"])
        if isinstance(row.get("target"), str):
            who += f" to {row['target']}"
        if several:
            who += f" {row['behaviour']}"
        kept.append((who, float(row[by]), str(row.get("unit", UNITS.get(by, "")))))
    return kept


@word()
def bout_lengths(
    bouts: Bouts | Sequence[Bouts],
    how: str = "median",
    start_s: float | None = None,
    stop_s: float | None = None,
) -> Result:
    """How long the bouts last: the median, mean or standard deviation, of each animal or pair.

    how: "median", "mean" or "std" (of a sample, n - 1). start_s, stop_s: only this part of the
    recording, in seconds; bouts are cut at its ends. In seconds; unknown without bouts.

    Source: ours, plain statistics of the bouts' durations.

    >>> bout_lengths(in_region(example_recording(), "animal1", "corner"))["numbers"]
    {'median_bout_length_s': 3.5}
    """
    values: dict[str, float] = {}
    parts = each_other(bouts)
    for each in parts:
        if each.kind == "point":
            raise QueryError("An entry or exit is a moment and lasts no time. Ask about stays.")
        if start_s is not None or stop_s is not None:
            low = float(each.edges_s[0]) if start_s is None else start_s
            each = each.within(low, float(each.edges_s[-1]) if stop_s is None else stop_s)
        for subject, target in each.pairs:
            name = f"{subject} to {target}" if target else subject
            name += f" {each.behaviour}" if len(parts) > 1 else ""
            values[name] = _spread(single(each, (subject, target)).durations_s, how)
    import pandas as pd

    frames = [each.to_frame() for each in parts]
    found = pd.concat(frames, ignore_index=True)
    return tell(f"{how} bout length", values, "s") | {"bouts": found}


def _spread(values: np.ndarray, how: str) -> float:
    ways: dict[str, Callable[[np.ndarray], float]] = {
        "median": lambda v: float(np.median(v)), "mean": lambda v: float(np.mean(v)),
        "std": lambda v: float(np.std(v, ddof=1)),
    }  # fmt: skip
    if how not in ways:
        raise QueryError(f'Bout lengths have a median, mean or std, not "{how}".')
    least = 2 if how == "std" else 1
    return ways[how](values) if len(values) >= least else float("nan")


@word("of the values")
def std_of(
    recording: Recording,
    values: np.ndarray,
    start_s: float | None = None,
    stop_s: float | None = None,
    *,
    during: Bouts | None = None,
) -> float:
    """Give the standard deviation (n - 1) of values over the frames where they are known.

    start_s, stop_s, during: only in this part, or in these bouts. In the values' own unit.

    Source: ours, plain statistics; neighbouring frames are not independent.

    >>> recording = example_recording()
    >>> round(std_of(recording, speed(recording, "animal2")), 6)
    0.0
    """
    kept = values[chosen_frames(recording, start_s, stop_s, during)]
    kept = kept[np.isfinite(kept)]
    return float(kept.std(ddof=1)) if len(kept) > 1 else float("nan")


@word("of the values")
def quantile_of(
    recording: Recording,
    values: np.ndarray,
    share: float,
    start_s: float | None = None,
    stop_s: float | None = None,
    *,
    during: Bouts | None = None,
) -> float:
    """Give a quantile of values over the frames where they are known; 0.9 is the 90th percentile.

    share: 0 to 1, linear between frames. start_s, stop_s, during: only in this part, or in these
    bouts. In the values' own unit.

    Source: ours, plain statistics (numpy's quantile).

    >>> recording = example_recording()
    >>> quantile_of(recording, recording.position("animal2")[:, 0], 0.9)
    39.0
    """
    if not 0 <= share <= 1:
        raise QueryError(f"A quantile of {share:g} is not between 0 and 1.")
    kept = values[chosen_frames(recording, start_s, stop_s, during)]
    kept = kept[np.isfinite(kept)]
    return float(np.quantile(kept, share)) if len(kept) else float("nan")


@word("of the values")
def smoothed(recording: Recording, values: np.ndarray, window_s: float) -> np.ndarray:
    """Give the running mean of values: of every frame with those at most window_s / 2 away.

    values: (n,) per frame. window_s: seconds of the whole window, centred, by real frame times. Not
    across a frame where the value is unknown: beside it the window is shorter. Shape (n,).

    Source: ours, a plain running mean.

    >>> recording = Recording.synthetic({"a": np.zeros((4, 2))}, fps=10)
    >>> smoothed(recording, np.array([0.0, 3.0, 0.0, np.nan]), 0.2).tolist()
    [1.5, 1.0, 1.5, nan]
    """
    known = np.isfinite(values)
    time_s, total = recording.time_s, np.concatenate([[0.0], np.cumsum(np.where(known, values, 0))])
    low = np.searchsorted(time_s, time_s - window_s / 2 - TOLERANCE_S)
    high = np.searchsorted(time_s, time_s + window_s / 2 + TOLERANCE_S, side="right")
    gaps = np.flatnonzero(~known)
    number = np.searchsorted(gaps, np.arange(len(values)))
    before = np.concatenate([[-1], gaps])[number]
    after = np.concatenate([gaps, [len(values)]])[number]
    low, high = np.maximum(low, before + 1), np.minimum(high, after)
    count = np.maximum(high - low, 1)
    return np.where(known, (total[np.maximum(high, low)] - total[low]) / count, np.nan)


@word()
def stack_tables(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put tables under one another: the strides of several paws, the visits of several animals.

    tables: a list; columns that one of them does not have are missing there.

    Source: ours, nothing is computed.

    >>> walk = example_recording()
    >>> every = stack_tables([visits(walk, animal, "corner") for animal in walk.animals])
    >>> every["animal"].unique().tolist()
    ['animal1', 'animal2']
    """
    import pandas as pd

    if not tables:
        raise QueryError("stack_tables() needs at least one table.")
    return pd.concat(list(tables), ignore_index=True)


@word()
def values_in_bins(
    recording: Recording,
    columns: Mapping[str, np.ndarray],
    bin_s: float,
    how: str = "mean",
    start_s: float | None = None,
    stop_s: float | None = None,
) -> pd.DataFrame:
    """Give measures per time bin: a row per name and bin, with their mean or sum.

    columns: values (n,) by name. bin_s: seconds. how: "mean" (weighted by how long each frame
    lasts) or "sum", as of step_length for the distance in each bin. start_s, stop_s: only this
    part, in seconds. A frame belongs to the bin in which it begins; a bin without a known frame is
    missing.

    Source: ours; bins as in in_bins.

    >>> recording = example_recording()
    >>> steps = {"animal1": step_length(recording, "animal1")}
    >>> values_in_bins(recording, steps, 2, "sum")["value"].round(2).tolist()
    [20.0, 10.0, 0.0]
    """
    import pandas as pd

    if how not in ("mean", "sum"):
        raise QueryError(f'Bins have a mean or a sum, not a "{how}".')
    edges = bin_edges(recording.edges_s, bin_s, start_s, stop_s)
    place = np.searchsorted(edges, recording.time_s + TOLERANCE_S, side="right") - 1
    tables = []
    for name, values in columns.items():
        known = np.isfinite(values) & (place >= 0) & (place < len(edges) - 1)
        weight = np.diff(recording.edges_s)[known] if how == "mean" else np.ones(known.sum())
        total = np.bincount(place[known], values[known] * weight, len(edges) - 1)
        whole = np.bincount(place[known], weight, len(edges) - 1)
        shown = total / np.where(whole > 0, whole, 1) if how == "mean" else total
        tables.append(pd.DataFrame({
            "name": name, "bin_start_s": edges[:-1], "bin_stop_s": edges[1:],
            "value": np.where(whole > 0, shown, np.nan),
        }))  # fmt: skip
    return pd.concat(tables, ignore_index=True)
