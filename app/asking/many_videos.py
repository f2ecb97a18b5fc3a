"""An answer over many videos: one line per video, and what they have in common."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from app.asking.asked_files import Line
from app.words import in_words

MOST_COLUMNS = 6  # numbers beside each other; what is more is in the table of numbers
TOLD = ("count", "total_s")  # in the sentence, if there


def lines_table(lines: Sequence[Line]) -> pd.DataFrame:
    """One row per video: its numbers, how many bouts, and the sentence or what went wrong."""
    names = shared_numbers(lines)
    if len(names) > MOST_COLUMNS:
        names = ([name for name in names if name.split()[-1] in TOLD] or names)[:MOST_COLUMNS]
    rows = []
    for line in lines:
        numbers = line.numbers or {}
        row: dict[str, object] = {"video": line.video}
        row |= {in_words(name): _number(numbers.get(name)) for name in names}
        if any(each.bouts for each in lines):
            row["bouts"] = None if line.failed else line.bouts
        rows.append(row | {"answer": line.failed or line.text})
    return pd.DataFrame(rows)


def numbers_table(lines: Sequence[Line]) -> pd.DataFrame:
    """Every number of every video, one row each, to take along."""
    rows = [
        {"video": line.video, "measure": name, "value": value}
        for line in lines
        for name, value in (line.numbers or {}).items()
    ]
    return pd.DataFrame(rows, columns=["video", "measure", "value"])


def summary(lines: Sequence[Line]) -> pd.DataFrame:
    """For each number, over the videos that have it: how many, mean, SD, median, least, most."""
    rows = []
    for name in shared_numbers(lines):
        values = values_of(lines, name)
        if len(values):
            rows.append({
                "measure": in_words(name), "videos": len(values), "mean": values.mean(),
                "SD": _spread_of(values),
                "median": float(np.median(values)), "least": values.min(), "most": values.max(),
            })  # fmt: skip
    return pd.DataFrame(rows)


def sentence(lines: Sequence[Line]) -> str:
    """Say it for all videos at once.

    >>> lines = [Line("a", "x", {"count": 2, "total_s": 1.5}), Line("b", "x", {"count": 4})]
    >>> sentence([*lines, Line("c", failed="There are no regions.")])
    '2 of 3 videos: count 3 on average (2 to 4), total 1.5 s.'
    """
    good = [line for line in lines if not line.failed]
    which = (
        f"{len(good)} of {len(lines)} videos"
        if len(good) < len(lines)
        else (f"{len(lines)} videos")
    )
    names = shared_numbers(good)
    preferred = [name for name in names if name.split()[-1] in TOLD]
    told = [_spread(in_words(name), values_of(good, name)) for name in (preferred or names)[:4]]
    told = [each for each in told if each]
    if not told:
        return f"{which} answered."
    return f"{which}: {', '.join(told)}."


def shared_numbers(lines: Sequence[Line]) -> list[str]:
    """The names of the numbers, those of the first videos first."""
    return list(dict.fromkeys(name for line in lines for name in line.numbers or {}))


def values_of(lines: Sequence[Line], name: str) -> np.ndarray:
    """One number of each video that has it."""
    found = [(line.numbers or {}).get(name) for line in lines if not line.failed]
    return np.array([value for value in found if value is not None], dtype=float)


def _spread(name: str, values: np.ndarray) -> str:
    """Say a number over the videos, its unit behind it: `total 1.9 s on average (0 to 5.6 s)`."""
    measure, _, unit = name.removesuffix(")").partition(" (")
    after = f" {unit}" if unit else ""
    if not len(values):
        return ""
    if values.min() == values.max():
        return f"{measure} {_said(values[0])}{after}" + (" in each" if len(values) > 1 else "")
    least, most = _said(values.min()), _said(values.max())
    return f"{measure} {_said(values.mean())}{after} on average ({least} to {most}{after})"


def _said(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _spread_of(values: np.ndarray) -> float:
    """Standard deviation; equal values have exactly none."""
    if len(values) < 2:
        return math.nan
    return 0.0 if values.min() == values.max() else float(values.std(ddof=1))


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)
