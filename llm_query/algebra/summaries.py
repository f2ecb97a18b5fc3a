"""Numbers of bouts: time budgets, intervals between them, time bins, transitions.

The bouts come first, one set or several; every subject and target that was watched has its rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from llm_query.algebra.bout_pairs import known_s, listed, same_recording, single
from llm_query.algebra.intervals import TOLERANCE_S, cover, window
from llm_query.bouts import Bouts
from llm_query.errors import QueryError
from llm_query.vocabulary import word

if TYPE_CHECKING:
    import pandas as pd

NOTHING = float("nan")


@word()
def time_budget(
    bouts: Bouts | Sequence[Bouts],
    start_s: float | None = None,
    stop_s: float | None = None,
    *,
    across_gaps: bool = False,
) -> pd.DataFrame:
    """Give the time budget: a row of counts and seconds per behaviour, subject and target.

    bouts: of one behaviour, or a list of several. start_s, stop_s: only this part of the recording,
    in seconds; everything is of it then, and bouts are clipped at it. across_gaps: see
    intervals_between. Columns: count; rate_per_min, of the length; total_s, mean_s, median_s, sd_s
    (of a sample, missing for one bout), min_s, max_s; latency_s to the first start, missing and
    censored when it never happened; last_start_s; interval_mean_s, interval_sd_s,
    interval_median_s between a stop and the next start; percent_of_recording, and
    percent_of_tracked, of the time in which it could be told; tracked_fraction, that time's share
    (0 to 1) of the length: where it is 0 the numbers are missing and nothing is censored. A point
    event has no durations.

    Source: the terms of BORIS' time budget (Friard & Gamba 2016) and of SimBA's summary (Nilsson
    2020). Percent is of the recording's whole length, in SimBA and BORIS as well.

    >>> table = time_budget(in_region(example_recording(), "animal1", "corner"))
    >>> table[["count", "total_s", "latency_s", "percent_of_recording"]].round(2).values.tolist()
    [[1.0, 3.5, 2.5, 58.33]]
    """
    import pandas as pd

    rows = []
    for part in listed(bouts):
        begin = float(part.edges_s[0]) if start_s is None else start_s
        end = float(part.edges_s[-1]) if stop_s is None else stop_s
        whole = start_s is None and stop_s is None
        for subject, target in part.pairs:
            one = single(part, (subject, target))
            low, high = (0, one.n_frames) if whole else window(part.edges_s, begin, end)
            one = one if whole else one.within(begin, end)
            who = {"behaviour": part.behaviour, "subject": subject, "target": target}
            rows.append({**who, "kind": part.kind, **_budget(one, low, high, across_gaps)})
    return pd.DataFrame(rows)


def _budget(one: Bouts, low: int, high: int, across_gaps: bool) -> dict[str, Any]:
    """The numbers of one pair's bouts from frame `low` up to `high`."""
    seconds = one.durations_s if one.kind == "state" else np.empty(0)
    point = one.kind == "point"
    length = float(one.edges_s[high] - one.edges_s[low])
    watched = float(np.diff(known_s(one, one.pairs[0], one.edges_s[[low, high]]))[0])
    unseen = not watched > 0
    total = NOTHING if point or unseen else float(seconds.sum())
    begin = float(one.edges_s[low])
    return {
        "count": NOTHING if unseen else one.count,
        "rate_per_min": NOTHING if unseen else 60 * one.count / length,
        "total_s": total,
        **_spread(seconds, ("mean_s", "median_s", "sd_s", "min_s", "max_s")),
        "latency_s": float(one.start_s[0]) - begin if one.count else NOTHING,
        "censored": one.count == 0 and not unseen,
        "last_start_s": float(one.start_s.max()) - begin if one.count else NOTHING,
        **_spread(
            _intervals(one, "stop", across_gaps)["interval_s"],
            ("interval_mean_s", "interval_median_s", "interval_sd_s"),
        ),
        "percent_of_recording": 100 * total / length,
        "percent_of_tracked": NOTHING if unseen else 100 * total / watched,
        "tracked_fraction": watched / length,
    }


def _spread(values: np.ndarray, names: Sequence[str]) -> dict[str, float]:
    """The asked statistics of values by the ends of their names."""
    n = len(values)
    known = {
        "mean": float(np.mean(values)) if n else NOTHING,
        "median": float(np.median(values)) if n else NOTHING,
        "sd": float(np.std(values, ddof=1)) if n > 1 else NOTHING,
        "min": float(np.min(values)) if n else NOTHING,
        "max": float(np.max(values)) if n else NOTHING,
    }
    return {name: known[name.split("_")[-2]] for name in names}


@word()
def intervals_between(
    bouts: Bouts | Sequence[Bouts], *, start_from: str = "stop", across_gaps: bool = False
) -> pd.DataFrame:
    """Give the time between bouts: a row per interval, of each subject and target by itself.

    start_from: "stop" measures from a bout's stop to the next start, "start" from onset to onset.
    across_gaps: also intervals in which the animal was not seen all the time; without it they are
    left out, as it may have done it unseen. Columns behaviour, subject, target, from_s, to_s,
    interval_s and unseen_s, seconds of it in which it could not be told. Bouts that overlap (as
    sequences may) have a negative interval from stop to start.

    Source: BORIS' inter-event intervals and SimBA's event intervals, there across gaps.

    >>> moves = bouts_when(example_recording(), np.arange(180) % 60, "animal2", below=30)
    >>> intervals_between(moves)["interval_s"].tolist()
    [1.0, 1.0]
    """
    import pandas as pd

    if start_from not in ("stop", "start"):
        raise QueryError(f'Intervals are measured from the "stop" or the "start", not {start_from}')
    tables = []
    for part in listed(bouts):
        for subject, target in part.pairs:
            found = _intervals(single(part, (subject, target)), start_from, across_gaps)
            who = {"behaviour": part.behaviour, "subject": subject, "target": target}
            tables.append(pd.DataFrame({**who, **found}))
    return pd.concat(tables, ignore_index=True)


def _intervals(one: Bouts, start_from: str, across_gaps: bool) -> dict[str, np.ndarray]:
    """from_s, to_s, interval_s, unseen_s of the bouts of one pair."""
    first = (one.stop_frame if start_from == "stop" else one.start_frame)[:-1]
    second = one.start_frame[1:]
    unseen = _unseen(one)
    lost = np.concatenate([[0.0], np.cumsum(np.diff(one.edges_s) * unseen)])
    gaps = np.concatenate([[0], np.cumsum(unseen)])
    keep = np.full(len(first), across_gaps) | (gaps[np.maximum(second, first)] == gaps[first])
    first, second = first[keep], second[keep]
    return {
        "from_s": one.edges_s[first],
        "to_s": one.edges_s[second],
        "interval_s": one.edges_s[second] - one.edges_s[first],
        "unseen_s": lost[np.maximum(second, first)] - lost[first],
    }


def _unseen(one: Bouts) -> np.ndarray:
    """(n,) frames in which it could not be told whether anybody here did it."""
    unseen = np.zeros(one.n_frames, dtype=bool)
    for unknown in one.unknown.values():
        unseen |= unknown
    return unseen & ~one.mask()


@word()
def in_bins(
    bouts: Bouts | Sequence[Bouts],
    bin_s: float,
    start_s: float | None = None,
    stop_s: float | None = None,
) -> pd.DataFrame:
    """Give counts and seconds per time bin: a row per behaviour, subject, target and bin.

    bin_s: seconds of a bin. start_s, stop_s: where the first bin begins and the last one ends, the
    recording's start and end by default; the last bin may be shorter. Edge rule: a bin is
    [bin_start_s, bin_stop_s); a bout counts in the bin of its onset, and an onset at an edge in the
    later bin; its seconds are divided at the edges, exactly, so that bins add up to the whole.
    Columns bin_start_s, bin_stop_s, count, duration_s, percent (of the bin), tracked_fraction,
    the share (0 to 1) of the bin in which it could be told; where that is 0 the rest is missing.

    Source: the bins of EthoVision and SimBA; ours in stating the edge rule.

    >>> table = in_bins(in_region(example_recording(), "animal1", "corner"), 4)
    >>> table[["bin_start_s", "bin_stop_s", "count", "duration_s"]].round(6).values.tolist()
    [[0.0, 4.0, 1.0, 1.5], [4.0, 6.0, 0.0, 2.0]]
    """
    import pandas as pd

    parts = [part.in_bins(bin_s, start_s, stop_s) for part in listed(bouts)]
    return pd.concat(parts, ignore_index=True)


@word()
def transition_matrix(
    bouts: Sequence[Bouts],
    *,
    within_s: float | None = None,
    repeats: bool = True,
    across_gaps: bool = False,
) -> pd.DataFrame:
    """Count which behaviour follows which: a row per subject and pair of behaviours.

    bouts: a list, one entry per behaviour. A subject's bouts (to whatever target) are put in the
    order of their onsets, and each is followed by the next, whether they overlap or not; bouts that
    start in the same frame come in the order in which the behaviours are given. within_s: only
    followers that start at most so many seconds after the stop (any, without). repeats: whether a
    behaviour may follow itself; without, such pairs are left out. across_gaps: also where some
    frame between stop and start was unseen. Columns subject, from_behaviour, to_behaviour, count
    and probability, the share (0 to 1) of all transitions counted from that behaviour, missing
    where there are none.

    Source: first-order transitions as in BORIS; ours in stating what overlap and ties do.

    >>> recording = example_recording()
    >>> table = transition_matrix([moving(recording, "animal1"), immobile(recording, "animal1")])
    >>> table[table["count"] > 0][["from_behaviour", "to_behaviour", "count"]].values.tolist()
    [['moving', 'immobile', 1]]
    """
    import pandas as pd

    parts = _behaviours(listed(bouts))
    names = [part.behaviour for part in parts]
    subjects = dict.fromkeys(subject for part in parts for subject, _ in part.pairs)
    rows = []
    for subject in subjects:
        counts = _followers(parts, subject, within_s, repeats, across_gaps)
        total = counts.sum(axis=1)
        for i, before in enumerate(names):
            for j, after in enumerate(names):
                share = counts[i, j] / total[i] if total[i] else NOTHING
                rows.append((subject, before, after, int(counts[i, j]), float(share)))
    columns = ["subject", "from_behaviour", "to_behaviour", "count", "probability"]
    return pd.DataFrame(rows, columns=columns)


def _behaviours(parts: list[Bouts]) -> list[Bouts]:
    """The parts, checked: of one recording, every behaviour once."""
    names = [part.behaviour for part in parts]
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise QueryError(
            f'"{double[0]}" is given twice: put all its animals side by side with collect(), or '
            "give one of them another name with named()."
        )
    for part in parts[1:]:
        same_recording(parts[0], part)
    return parts


def _followers(
    parts: list[Bouts], subject: str, within_s: float | None, repeats: bool, across_gaps: bool
) -> np.ndarray:
    """(b, b) how often the j-th behaviour followed the i-th in one subject."""
    counts = np.zeros((len(parts), len(parts)), dtype=np.int64)
    start, stop, kind = [], [], []
    edges_s = parts[0].edges_s
    unseen = np.zeros(len(edges_s) - 1, dtype=bool)
    for number, part in enumerate(parts):
        if not any(who == subject for who, _ in part.pairs):
            continue
        own = part.only(subject)
        start.append(own.start_frame)
        stop.append(own.stop_frame)
        kind.append(np.full(own.count, number))
        for unknown in own.unknown.values():
            unseen |= unknown
    first, last, what = (np.concatenate(each) for each in (start, stop, kind))
    unseen &= ~cover(first, np.maximum(last, first + 1), len(unseen))
    order = np.lexsort((last, what, first))
    first, last, what = first[order], last[order], what[order]
    gaps = np.concatenate([[0], np.cumsum(unseen)])
    stopped, started = last[:-1], first[1:]
    keep = np.full(len(started), across_gaps) | (
        gaps[np.maximum(started, stopped)] == gaps[stopped]
    )
    if within_s is not None:
        keep &= edges_s[started] - edges_s[stopped] <= within_s + TOLERANCE_S
    if not repeats:
        keep &= what[:-1] != what[1:]
    np.add.at(counts, (what[:-1][keep], what[1:][keep]), 1)
    return counts
