"""Bouts of behaviour: when somebody did something, in numbers and in the algebra of bouts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from llm_query.algebra import bout_algebra as algebra
from llm_query.algebra import bout_order as order
from llm_query.algebra.bout_bins import in_bins
from llm_query.algebra.bout_numbers import BoutNumbers
from llm_query.algebra.bout_pairs import check_seconds, names, says_at_least
from llm_query.algebra.bout_table import COLUMNS, Pair
from llm_query.algebra.intervals import TOLERANCE_S, window
from llm_query.errors import QueryError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ("COLUMNS", "TOLERANCE_S", "Bouts", "Pair", "collect")


@dataclass(frozen=True, eq=False)
class Bouts(BoutNumbers):
    """When somebody did something: k intervals [start_frame, stop_frame) on one recording.

    `pairs` lists every (subject, target) that was watched, with bouts or without, so that an animal
    that never did it still counts as 0. Frames in which nobody could tell are `unknown`: they are
    neither in a bout nor in its opposite (~). What a method keeps, cuts or joins is added to the
    `definition`; the name stays. A "point" event has no duration: its stop is its
    start. Rows are in the order of their start.

    >>> mask = np.array([False, True, True, False, True])
    >>> bouts = Bouts.where(mask, np.arange(6) / 10, "animal1", behaviour="rest")
    >>> bouts.count, round(bouts.total_s, 3), round(bouts.latency_s, 3)
    (2, 0.3, 0.1)
    """

    def __repr__(self) -> str:
        name = self.behaviour or "bouts"
        who = names(self.pairs)
        return f"<Bouts {name!r}: {self.count} of {who}, {self.total_s:.3f} s>"

    # algebra: see bout_pairs for who is combined with whom

    def __and__(self, other: Bouts) -> Bouts:
        return algebra.both(self, other)

    def __or__(self, other: Bouts) -> Bouts:
        return algebra.either(self, other)

    def __invert__(self) -> Bouts:
        return algebra.neither(self)

    def then(self, other: Bouts, within_s: float, *, after: str = "stop") -> Bouts:
        """Sequences: this, then the other one starting at most `within_s` seconds later."""
        return algebra.then(self, other, within_s, after)

    def merge(self, gap_s: float) -> Bouts:
        """Join bouts of the same subject and target with at most `gap_s` seconds between them."""
        return algebra.merge(self, gap_s)

    def while_(self, other: Bouts) -> Bouts:
        """The parts of these bouts during a bout of `other`; subject and target stay.

        The same frames as &, which speaks of both: a & b of two animals is a state of the first
        with the second as target. With several counterparts, during a bout of any of them.
        """
        return algebra.parts_while(self, other)

    def without(self, other: Bouts) -> Bouts:
        """The parts of these bouts outside every bout of `other`; subject and target stay.

        Where nobody could see whether `other` happened, it is unknown and left out.
        """
        return algebra.parts_without(self, other)

    def starts_in(self, other: Bouts) -> Bouts:
        """The bouts, whole, whose first frame is in a bout of `other`."""
        return order.starts_in(self, other)

    def before(self, other: Bouts, within_s: float | None = None) -> Bouts:
        """The bouts, whole, that are over when a bout of `other` starts.

        within_s: at most so many seconds earlier (from stop to start); without it, any time.
        """
        return order.before(self, other, within_s)

    def after(self, other: Bouts, within_s: float | None = None) -> Bouts:
        """The bouts, whole, that start when a bout of `other` is over.

        within_s: at most so many seconds later (from stop to start); without it, any time.
        """
        return order.after(self, other, within_s)

    def between(self, first: Bouts, second: Bouts) -> Bouts:
        """The bouts, whole, from the stop of a bout of `first` to the next start of `second`.

        They may touch either. Of several bouts of `first`, the one that stopped last counts.
        """
        return order.between(self, first, second)

    def in_bins(
        self, bin_s: float, start_s: float | None = None, stop_s: float | None = None
    ) -> pd.DataFrame:
        """One row per subject, target and time bin of `bin_s` seconds: count and seconds.

        Bins are [bin_start_s, bin_stop_s) from start_s (the recording's start) on; the last may be
        shorter. A bout counts in the bin of its onset, an onset at an edge in the later bin; its
        seconds are divided at the edges, so that the bins add up to count and total_s. Where
        nobody could tell in all of a bin (tracked_fraction 0), its count and seconds are missing.
        """
        return in_bins(self, bin_s, start_s, stop_s)

    def overlapping(self, other: Bouts) -> Bouts:
        """The bouts, whole, that share at least one frame with a bout of `other`."""
        return order.overlapping(self, other)

    def during(self, other: Bouts) -> Bouts:
        """The bouts, whole, that lie entirely inside a bout of `other`."""
        return order.during(self, other)

    def any_target(self) -> Bouts:
        """Per subject, the time it did it to anyone: targets together, overlaps counted once."""
        return algebra.any_target(self)

    def of_group(self) -> Bouts:
        """The same bouts, of all who take part as one subject, "a+b+c", and of no target.

        For what is true of a group, such as that nobody is in a region.
        """
        return algebra.of_group(self)

    def at_least(self, duration_s: float) -> Bouts:
        """The bouts that last `duration_s` seconds or longer."""
        check_seconds(duration_s, "at_least")
        kept = self.keep(self.durations_s >= duration_s - TOLERANCE_S)
        if says_at_least(self.definition, duration_s):
            return kept
        return kept.noted(f"for at least {duration_s:g} s")

    def at_most(self, duration_s: float) -> Bouts:
        """The bouts that last `duration_s` seconds or less."""
        check_seconds(duration_s, "at_most")
        kept = self.keep(self.durations_s <= duration_s + TOLERANCE_S)
        return kept.noted(f"for at most {duration_s:g} s")

    def longer_than(self, duration_s: float) -> Bouts:
        """The bouts that last more than `duration_s` seconds."""
        check_seconds(duration_s, "longer_than")
        kept = self.keep(self.durations_s > duration_s + TOLERANCE_S)
        return kept.noted(f"for more than {duration_s:g} s")

    def shorter_than(self, duration_s: float) -> Bouts:
        """The bouts that last less than `duration_s` seconds."""
        check_seconds(duration_s, "shorter_than")
        kept = self.keep(self.durations_s < duration_s - TOLERANCE_S)
        return kept.noted(f"for less than {duration_s:g} s")

    def within(self, start_s: float, stop_s: float) -> Bouts:
        """The bouts between two times, clipped at them; `fraction` stays of the recording."""
        return algebra.within(self, start_s, stop_s)

    def fraction_within(self, start_s: float, stop_s: float) -> float:
        """Share (0 to 1) of the time between start_s and stop_s, as far as the recording lasts."""
        low, high = window(self.edges_s, start_s, stop_s)
        length = float(self.edges_s[high] - self.edges_s[low])
        whole = float(self.edges_s[-1] - self.edges_s[0])
        return self.within(start_s, stop_s).fraction * whole / length

    def nth(self, k: int) -> Bouts:
        """The k-th bout (1 is the first) of every subject and target that has so many."""
        if not isinstance(k, int | np.integer) or k < 1:
            raise QueryError(f"Bouts count from 1; there is no bout number {k}.")
        return self.keep(order.rank(self) == k).noted(f"only number {k} of each animal")

    def first(self) -> Bouts:
        """The first bout of every subject and target."""
        return self.keep(order.rank(self) == 1).noted("only the first of each animal")

    def last(self) -> Bouts:
        """The last bout of every subject and target."""
        kept = self.keep(order.rank(self, from_end=True) == 1)
        return kept.noted("only the last of each animal")


def collect(*bouts: Bouts | Iterable[Bouts]) -> Bouts:
    """Bouts of several animals side by side, nothing combined.

    For tables over all animals. The same subject and target twice is an error: | joins those.

    Source: ours; nothing is computed, bouts are put together.

    >>> rest = np.array([True, True, False])
    >>> times = np.arange(4) / 10
    >>> one, two = Bouts.where(rest, times, "animal1"), Bouts.where(~rest, times, "animal2")
    >>> collect(one, two).by_subject()[["subject", "count"]].values.tolist()
    [['animal1', 1], ['animal2', 1]]
    """
    return algebra.collect(bouts)
