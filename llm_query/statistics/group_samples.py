"""The samples of a comparison: one value per animal and group, and what was done to get them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from llm_query.errors import QueryError
from llm_query.statistics.group_tests import survival


@dataclass(frozen=True)
class Group:
    """A group's numbers. Of latencies: the Kaplan-Meier median and the mean up to the same time."""

    name: str
    n: int  # animals
    mean: float
    sd: float  # of the sample; NaN for one animal and for latencies
    median: float
    events: int | None = None  # of latencies: in how many animals it happened


@dataclass(frozen=True)
class Samples:
    """The values of every group, an animal each; of paired groups, in the same order."""

    names: tuple[str, ...]
    values: tuple[np.ndarray, ...]
    happened: tuple[np.ndarray, ...]  # (n,) bool; all true but for latencies
    clusters: tuple[np.ndarray, ...] | None
    paired: bool
    nested_in: str | None
    notes: tuple[str, ...]

    def only(self, i: int, j: int) -> Samples:
        """Two of the groups."""
        clusters = None if self.clusters is None else (self.clusters[i], self.clusters[j])
        return replace(
            self,
            names=(self.names[i], self.names[j]),
            values=(self.values[i], self.values[j]),
            happened=(self.happened[i], self.happened[j]),
            clusters=clusters,
        )

    def groups(self, kind: str) -> tuple[Group, ...]:
        """The numbers of each group."""
        limit_s = min(float(values.max()) for values in self.values)
        found = []
        for name, values, happened in zip(self.names, self.values, self.happened, strict=True):
            if kind == "latency":
                median, mean = survival(values, happened, limit_s)
                events = int(happened.sum())
                found.append(Group(name, len(values), mean, float("nan"), median, events))
            else:
                sd = float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
                found.append(
                    Group(name, len(values), float(values.mean()), sd, float(np.median(values)))
                )
        return tuple(found)


def read_samples(
    table: pd.DataFrame,
    value: str,
    group: str,
    unit_of: list[str],
    paired_by: str | None,
    nested_in: str | None,
    censored: str | None,
    kind: str,
) -> Samples:
    """Take the samples out of a table; what was left out or averaged is said in the notes."""
    columns = [value, group, *unit_of, paired_by, nested_in, censored]
    missing = [name for name in columns if name is not None and name not in table.columns]
    if missing:
        raise QueryError(
            f"There is no column {', '.join(missing)} to compare by. There are: "
            f"{', '.join(map(str, table.columns))}."
        )
    notes: list[str] = []
    rows = _without_missing(table, value, group, paired_by, nested_in, notes)
    rows = _one_per_animal(rows, value, group, unit_of, paired_by, nested_in, censored, kind, notes)
    names = _ordered(rows["_group"].unique())
    if len(names) < 2:
        raise QueryError(
            f"All animals with a value have {group} = {', '.join(names) or 'nothing'}: two groups "
            "are needed to compare."
        )
    if paired_by:
        rows = _complete(rows, paired_by, names, notes)
    elif nested_in is None and "video" in unit_of and len(unit_of) > 1:
        shared = int(rows.groupby("video")["_value"].size().gt(1).sum())
        if shared:
            notes.append(
                f"{'1 video holds' if shared == 1 else f'{shared} videos hold'} several of these "
                "animals, which may not be independent: nesting them in the video accounts for it"
            )
    parts = [rows[rows["_group"] == name] for name in names]
    clusters = None
    if nested_in is not None:
        clusters = tuple(part[nested_in].astype(str).to_numpy(dtype=object) for part in parts)
    return Samples(
        names=tuple(names),
        values=tuple(part["_value"].to_numpy(dtype=float) for part in parts),
        happened=tuple(~part["_censored"].to_numpy(dtype=bool) for part in parts),
        clusters=clusters,
        paired=paired_by is not None,
        nested_in=nested_in,
        notes=tuple(notes),
    )


def _without_missing(
    table: pd.DataFrame,
    value: str,
    group: str,
    paired_by: str | None,
    nested_in: str | None,
    notes: list[str],
) -> pd.DataFrame:
    numbers = pd.to_numeric(table[value], errors="coerce")
    rows = table.assign(_value=numbers.astype(float).replace([np.inf, -np.inf], np.nan))
    for column, what in ((group, group), (paired_by, paired_by), (nested_in, nested_in)):
        if column is None:
            continue
        known = rows[column].notna() & (rows[column].astype(str) != "")
        if not known.all():
            notes.append(f"left out: {_rows(int((~known).sum()))} without {what}")
        rows = rows[known]
    lost = rows[rows["_value"].isna()]
    if len(lost):
        by = lost[group].astype(str).value_counts().sort_index()
        said = ", ".join(f"{name} {n}" for name, n in by.items())
        notes.append(f"left out: {_rows(len(lost))} without a value ({said})")
    rows = rows[rows["_value"].notna()]
    return rows.assign(_group=rows[group].astype(str))


def _one_per_animal(
    rows: pd.DataFrame,
    value: str,
    group: str,
    unit_of: list[str],
    paired_by: str | None,
    nested_in: str | None,
    censored: str | None,
    kind: str,
    notes: list[str],
) -> pd.DataFrame:
    """One row per animal and group: several are averaged, as they are not independent."""
    flags = _flags(rows[censored]) if censored else pd.Series(False, index=rows.index)
    rows = rows.assign(_censored=flags)
    who = [paired_by] if paired_by else unit_of
    keys = [*who, "_group"]
    repeated = rows.duplicated(keys, keep=False)
    if not paired_by and nested_in not in who:
        both = rows.groupby(who)["_group"].nunique()
        if (both > 1).any():
            name = both.index[both > 1][0]
            said = " in ".join(map(str, reversed(name))) if isinstance(name, tuple) else name
            raise QueryError(
                f"{said} is in {int(both.max())} groups of {group}: compare them as pairs "
                "(paired_by), because the same animal is not two independent ones."
            )
    if repeated.any():
        if kind == "latency":
            raise QueryError(
                f"{int(repeated.sum())} rows are of animals with several latencies, and censored "
                "ones cannot be averaged: choose one recording per animal."
            )
        animals = len(rows[repeated].drop_duplicates(keys))
        notes.append(
            f"{int(repeated.sum())} rows of {animals} animals with several rows are averaged per "
            "animal, the unit of analysis"
        )
        keep = {"_value": "mean", "_censored": "any"}
        if nested_in is not None and nested_in not in keys:
            keep[nested_in] = "first"
        rows = rows.groupby(keys, sort=False, as_index=False).agg(keep)
    return rows


def _flags(column: pd.Series) -> pd.Series:
    """True or false per row; a text is refused, as "False" would count as true."""
    known = column.map(lambda mark: isinstance(mark, bool | np.bool_) or mark in (0, 1))
    if not known.all():
        raise QueryError(
            f"{column.name} says true or false (or 1 or 0) of every animal, not "
            f"{column[~known].iloc[0]!r}."
        )
    return column.astype(bool)


def _complete(
    rows: pd.DataFrame, paired_by: str, names: list[str], notes: list[str]
) -> pd.DataFrame:
    """Only what was measured in every group, in the same order in each."""
    have = rows.groupby(paired_by)["_group"].nunique()
    whole = have.index[have == len(names)]
    if len(whole) < len(have):
        notes.append(
            f"left out: {len(have) - len(whole)} of {len(have)} {paired_by}, not in every group"
        )
    if not len(whole):
        raise QueryError(f"No {paired_by} was measured in all of {', '.join(names)}.")
    return rows[rows[paired_by].isin(whole)].sort_values(paired_by, kind="stable")


def _ordered(names: np.ndarray) -> list[str]:
    """Names in the order of their numbers where all are numbers, else of the alphabet."""
    texts = [str(name) for name in names]
    try:
        return sorted(texts, key=float)
    except ValueError:
        return sorted(texts)


def _rows(n: int) -> str:
    return f"{n} row{'s' if n != 1 else ''}"
