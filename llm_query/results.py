"""Turn bouts into an answer: one row of numbers per animal, and a sentence with units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from llm_query.algebra.bout_algebra import single, window
from llm_query.algebra.bout_pairs import listed
from llm_query.bouts import COLUMNS as BOUT_COLUMNS
from llm_query.bouts import Bouts
from llm_query.columns import Later, Result
from llm_query.sentences import sentence
from llm_query.tools import later
from llm_query.vocabulary import word

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("count", "total_s", "percent", "mean_s", "latency_s")


@word()
def summarise(
    bouts: Bouts | Sequence[Bouts],
    start_s: float | None = None,
    stop_s: float | None = None,
    *,
    also: Sequence[str] = (),
    which: str = "",
) -> Result:
    """Make the answer from bouts: the bouts, a row per subject and target, numbers, a sentence.

    start_s, stop_s: only this part of the recording; percent and latency are of it. also: what the
    sentence says besides count, total and percent, as latency_s, mean_s, longest_s or frames.
    which: "first" or "last" where only that bout of everybody was kept. Of a part of the recording
    the table says in latency_from_s from when on (s) latency_s counts: the part's first frame. Who
    was seen in no frame in which it could be told has NaN, also as count, and the sentence says so.

    Source: ours; sums and counts of the bouts' own seconds.

    >>> recording = example_recording()
    >>> summarise(in_region(recording, "animal1", "corner"))["text"]
    'animal1 was in the corner once, for 3.50 s (58.3 % of the recording).'
    """
    parts = listed(bouts)
    part = start_s is not None or stop_s is not None
    if part:
        parts = [_clipped(each, start_s, stop_s) for each in parts]
    rows = [
        {"behaviour": each.behaviour, "subject": pair[0], "target": pair[1],
         **_row(single(each, pair), start_s, stop_s), "kind": each.kind}
        for each in parts for pair in each.pairs
    ]  # fmt: skip
    whole = "the period" if part else "the recording"
    said = [row | proxy for row, proxy in zip(rows, _proxies(parts), strict=True)]
    sentences = [sentence(row, also, whole, which) for row in said]
    return Result(
        bouts=_bouts(parts),
        table=later([_shown(row, part) for row in rows]),
        numbers=_numbers(rows, len(parts) > 1, also),
        text=" ".join(sentences),
    )


def _proxies(parts: Sequence[Bouts]) -> list[dict[str, str]]:
    """For every row, by what proxy it was judged; the rule is said once for each behaviour."""
    found = []
    for each in parts:
        rule = each.definition if "(proxy" in (each.definition or "") else ""
        for k, _ in enumerate(each.pairs):
            found.append({"proxy": ("the same" if k else rule) if rule else ""})
    return found


def _bouts(parts: Sequence[Bouts]) -> Later:
    """All bouts, one part after the other."""

    def make() -> pd.DataFrame:
        import pandas as pd

        return pd.concat([each.to_frame() for each in parts], ignore_index=True)

    columns = [(each.count, each.columns()) for each in parts]
    return Later(
        {
            name: np.concatenate([
                np.full(n, own[name], dtype=object) if isinstance(own[name], str) else own[name]
                for n, own in columns
            ])
            for name in BOUT_COLUMNS
        },
        make,
    )  # fmt: skip


def _shown(row: dict[str, Any], part: bool) -> dict[str, Any]:
    """The row as the table has it."""
    hidden = ("kind", "watched_s", "at_s", "from_s", "seen")
    names = {name: name for name in row if name not in hidden}
    if part:
        names["from_s"] = "latency_from_s"
    return {shown: row[name] for name, shown in names.items()}


def _clipped(bouts: Bouts, start_s: float | None, stop_s: float | None) -> Bouts:
    low = float(bouts.edges_s[0]) if start_s is None else start_s
    high = float(bouts.edges_s[-1]) if stop_s is None else stop_s
    return bouts.within(low, high)


def _row(one: Bouts, start_s: float | None, stop_s: float | None) -> dict[str, Any]:
    begin = float(one.edges_s[0]) if start_s is None else start_s
    end = float(one.edges_s[-1]) if stop_s is None else stop_s
    low, high = window(one.edges_s, begin, end)
    length = float(one.edges_s[high] - one.edges_s[low])
    point = one.kind == "point"
    nothing = float("nan")
    seen = _seen(one, low, high)
    timed = seen and not point
    return {
        "count": one.count if seen else nothing,
        "total_s": one.total_s if timed else nothing,
        "percent": 100 * one.total_s / length if timed else nothing,
        "mean_s": nothing if point else one.mean_s,
        "longest_s": nothing if point else one.longest_s,
        "shortest_s": float(one.durations_s.min()) if one.count and not point else nothing,
        "latency_s": float(one.start_s[0] - one.edges_s[low]) if one.count else nothing,
        "censored": one.censored and seen,
        "watched_s": length,
        "from_s": float(one.edges_s[low]),
        "at_s": float(one.start_s[0]) if one.count else nothing,
        "frames": _frames(one) if seen else nothing,
        "seen": seen,
    }


def _frames(one: Bouts) -> int:
    """How many frames the bouts have; a point event has its own."""
    whole = int((one.stop_frame - one.start_frame).sum())
    return whole or (one.count if one.kind == "point" else 0)


def _seen(one: Bouts, low: int, high: int) -> bool:
    """Whether it could be told in any of these frames; one pair's bouts."""
    unknown = one.unknown.get(one.pairs[0])
    return bool(one.count) or unknown is None or low == high or not unknown[low:high].all()


def _numbers(rows: list[dict[str, Any]], several: bool, also: Sequence[str]) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for row in rows:
        who = [row["subject"], row["target"], row["behaviour"] if several else None]
        prefix = "" if len(rows) == 1 else " ".join(str(w) for w in who if w) + " "
        for column in dict.fromkeys([*COLUMNS, *also]):
            if not (row["kind"] == "point" and column not in ("count", "latency_s")):
                numbers[prefix + column] = row[column]
    return numbers
