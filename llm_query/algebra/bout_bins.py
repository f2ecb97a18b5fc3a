"""Bouts in time bins: counted where they start, their seconds divided at the edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from llm_query.algebra.bout_pairs import known_s, single
from llm_query.algebra.intervals import TOLERANCE_S
from llm_query.errors import QueryError

if TYPE_CHECKING:
    import pandas as pd

    from llm_query.bouts import Bouts

MOST_BINS = 1_000_000


def bin_edges(
    edges_s: np.ndarray, bin_s: float, start_s: float | None, stop_s: float | None
) -> np.ndarray:
    """(b + 1,) seconds: bins of bin_s from start_s on, the last one cut at stop_s.

    >>> bin_edges(np.arange(26) / 10, 1.0, None, None).tolist()
    [0.0, 1.0, 2.0, 2.5]
    """
    for name, value in (("bin_s", bin_s), ("start_s", start_s), ("stop_s", stop_s)):
        if value is not None and (not isinstance(value, int | float | np.number) or value != value):
            raise QueryError(f"{name} is a number of seconds, not {value!r}.")
    begin = float(edges_s[0]) if start_s is None else max(float(start_s), float(edges_s[0]))
    end = float(edges_s[-1]) if stop_s is None else min(float(stop_s), float(edges_s[-1]))
    if not 0 < bin_s < float("inf"):
        raise QueryError(f"A time bin of {bin_s:g} s is not possible: give more than 0 seconds.")
    if end <= begin:
        raise QueryError(f"There is nothing to divide into bins from {begin:g} s to {end:g} s.")
    if (end - begin) / bin_s > MOST_BINS:
        raise QueryError(f"Bins of {bin_s:g} s make more than {MOST_BINS}: give longer ones.")
    bins = int(np.ceil((end - begin - TOLERANCE_S) / bin_s))
    return np.append(begin + np.arange(bins) * bin_s, end)


def in_bins(
    bouts: Bouts, bin_s: float, start_s: float | None = None, stop_s: float | None = None
) -> pd.DataFrame:
    """See Bouts.in_bins."""
    import pandas as pd

    edges = bin_edges(bouts.edges_s, bin_s, start_s, stop_s)
    tables = []
    for subject, target in bouts.pairs:
        one = single(bouts, (subject, target))
        # an onset within rounding of an edge belongs to the bin that begins there
        number = np.searchsorted(edges, one.start_s + TOLERANCE_S, side="right") - 1
        inside = (number >= 0) & (number < len(edges) - 1)
        seconds = np.diff(_seconds_until(edges, one.start_s, one.stop_s))
        seconds = (
            np.clip(seconds, 0, None) if one.kind == "state" else np.full(len(seconds), np.nan)
        )
        known = np.diff(known_s(bouts, (subject, target), edges))
        known = np.where(known > TOLERANCE_S, known / np.diff(edges), 0)
        count = np.bincount(number[inside], minlength=len(edges) - 1)
        if not (known > 0).all():  # what nobody could see is missing, not 0
            count = np.where(known > 0, count, np.nan)
            seconds = np.where(known > 0, seconds, np.nan)
        columns = {
            "behaviour": bouts.behaviour, "subject": subject, "target": target,
            "bin_start_s": edges[:-1], "bin_stop_s": edges[1:],
            "count": count,
            "duration_s": seconds, "percent": 100 * seconds / np.diff(edges),
            "tracked_fraction": np.minimum(known, 1),
        }  # fmt: skip
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def _seconds_until(times_s: np.ndarray, start_s: np.ndarray, stop_s: np.ndarray) -> np.ndarray:
    """How many seconds of all bouts lie before each time."""

    def passed(moments: np.ndarray) -> np.ndarray:
        ordered = np.sort(moments)
        total = np.concatenate([[0.0], np.cumsum(ordered)])
        n = np.searchsorted(ordered, times_s, side="right")
        return n * times_s - total[n]

    return passed(start_s) - passed(stop_s)
