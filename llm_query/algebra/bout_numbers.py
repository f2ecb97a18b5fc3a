"""Numbers of bouts: counts, durations, latency, shares of the recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llm_query.algebra.bout_pairs import names, single
from llm_query.algebra.bout_table import BoutTable
from llm_query.errors import QueryError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class BoutNumbers(BoutTable):
    """What can be counted and timed; with several subjects or targets, over all of them."""

    @property
    def count(self) -> int:
        """How many bouts, of everybody here."""
        return len(self.start_frame)

    def __len__(self) -> int:
        return self.count

    @property
    def total_s(self) -> float:
        """Seconds of all bouts together; with several subjects or targets, their sum."""
        return float(self.durations_s.sum())

    @property
    def mean_s(self) -> float:
        """Mean duration of a bout in seconds, NaN without bouts."""
        return float(self.durations_s.mean()) if self.count else float("nan")

    @property
    def longest_s(self) -> float:
        """Duration of the longest bout in seconds, NaN without bouts."""
        return float(self.durations_s.max()) if self.count else float("nan")

    @property
    def latency_s(self) -> float:
        """Seconds from the recording's start to the first bout; NaN (censored) when never."""
        return float(self.start_s[0] - self.edges_s[0]) if self.count else float("nan")

    @property
    def censored(self) -> bool:
        """Whether it never happened, so that the latency is only known to exceed the recording."""
        return self.count == 0

    @property
    def fraction(self) -> float:
        """Share (0 to 1) of the recording's whole length; of one subject and target only."""
        if len(self.pairs) > 1:
            raise QueryError(
                f"A share of the recording is one animal's; these are {names(self.pairs)}. "
                'Take by_subject(), only("animal1") or any_target() first.'
            )
        return self.total_s / float(self.edges_s[-1] - self.edges_s[0])

    @property
    def percent(self) -> float:
        """`fraction` in percent of the recording's length."""
        return 100 * self.fraction

    def by_subject(self) -> pd.DataFrame:
        """One row per subject and target: count, seconds, latency, share; zeros included."""
        import pandas as pd

        rows = []
        for subject, target in self.pairs:
            one = single(self, (subject, target))
            rows.append(
                {
                    "subject": subject, "target": target, "count": one.count,
                    "total_s": one.total_s, "mean_s": one.mean_s, "latency_s": one.latency_s,
                    "censored": one.censored, "fraction": one.fraction,
                }
            )  # fmt: skip
        return pd.DataFrame(rows)
