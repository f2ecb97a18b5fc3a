"""Scored behaviour as every reader gives it back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

COLUMNS = (
    "recording", "behaviour", "subject", "target", "kind", "start", "stop", "annotator",
    "modifiers", "comment",
)  # fmt: skip
SECONDS, FRAMES = "s", "frames"
LONGEST_S = 1e7  # four months; no recording that people score is longer


@dataclass(frozen=True)
class Recording:
    """What a file says of one recording that somebody scored."""

    media: tuple[str, ...] = ()  # names of the video files
    duration_s: float | None = None
    fps: Fraction | None = None
    in_a_row: bool = False  # its times run over one file after the other


@dataclass(frozen=True, eq=False)
class Bouts:
    """Who did what from when to when, of one recording or several."""

    source: str  # "boris", "bento", ...
    unit: str  # "s", or "frames": start is the first frame, stop the one after the last
    rows: pd.DataFrame  # COLUMNS; a point has stop = start; None where the file says nothing.
    # Where rows differ in it, also by_person; and definition where the file has them.
    recordings: Mapping[str, Recording] = field(default_factory=dict)
    by_person: bool = True  # False: a classifier found them
    behaviours: tuple[str, ...] = ()  # all that was looked for, where the file says so
    notes: tuple[str, ...] = ()

    def noting(self, *notes: str) -> Bouts:
        """The same bouts with more said about how they came to be."""
        return replace(self, notes=(*self.notes, *notes))

    def of(self, recording: str) -> pd.DataFrame:
        """The rows of one recording, numbered from 0."""
        return self.rows[self.rows["recording"] == recording].reset_index(drop=True)


@dataclass(frozen=True)
class Event:
    """One line of a log of events: a state starts or stops, or a point happens."""

    time: float
    what: str  # start, stop, point, or "either" where the log does not tell start from stop
    behaviour: str
    subject: str | None = None
    modifiers: Mapping[str, Any] | None = None
    comment: str | None = None
    target: str | None = None


def table(rows: Iterable[Mapping[str, Any]], recording: str = "") -> pd.DataFrame:
    """Rows by the names of COLUMNS as a table; what a row does not name is None."""
    blank = {name: None for name in COLUMNS} | {"recording": recording, "kind": "state"}
    found = pd.DataFrame([{**blank, **row} for row in rows], columns=list(COLUMNS), dtype=object)
    for name in ("start", "stop"):
        found[name] = found[name].astype(float)
    return found


def checked(found: Bouts) -> Bouts:
    """The bouts, if all have behaviours and times that can be true, in the order of time."""
    rows = found.rows
    start, stop = rows["start"].to_numpy(float), rows["stop"].to_numpy(float)
    unit = "second" if found.unit == SECONDS else "frame"
    for row in range(len(rows)):
        what = rows["behaviour"].iloc[row]
        if not isinstance(what, str) or not what.strip():
            raise ValueError(f"bout {row + 1} has no behaviour")
        if not (np.isfinite(start[row]) and np.isfinite(stop[row])):
            raise ValueError(f"bout {row + 1}, {what}, has no time")
        point = rows["kind"].iloc[row] == "point"
        if stop[row] < start[row] or (point and stop[row] != start[row]):
            raise ValueError(f"A bout of {what} runs from {unit} {start[row]:g} to {stop[row]:g}")
        if abs(start[row]) > LONGEST_S or stop[row] > LONGEST_S * (1 if unit == "second" else 1e3):
            raise ValueError(
                f"a bout of {what} is at {unit} {start[row]:g}, which is in no recording"
            )
    order = np.lexsort((stop, start, rows["recording"].to_numpy(str)))
    return replace(found, rows=rows.iloc[order].reset_index(drop=True))


def pair(events: Sequence[Event]) -> tuple[list[dict[str, Any]], list[str]]:
    """Bouts of a log: starts with their stops, points by themselves; and what has no partner.

    A state is told by behaviour, subject, target and modifiers, as BORIS does.
    """
    rows: list[dict[str, Any]] = []
    open_since: dict[tuple[Any, ...], Event] = {}
    alone: list[str] = []
    for event in sorted(events, key=lambda one: one.time):
        if event.what == "point":
            rows.append(_row(event, event))
            continue
        said = repr(sorted((event.modifiers or {}).items()))
        key = (event.behaviour, event.subject, event.target, said)
        begun = open_since.pop(key, None)
        if event.what == "start" and begun is not None:
            alone.append(_alone(begun, "stop"))
            begun = None
        if begun is None and event.what == "stop":
            alone.append(_alone(event, "start"))
        elif begun is None:
            open_since[key] = event
        else:
            rows.append(_row(begun, event))
    alone += [_alone(event, "stop") for event in open_since.values()]
    return rows, alone


def unpaired_notes(alone: Sequence[str], where: str = "") -> list[str]:
    """What to say of states that were left out because one end is missing."""
    if not alone:
        return []
    more = f" and {len(alone) - 5} more" if len(alone) > 5 else ""
    place = f" of {where}" if where else ""
    return [f"{len(alone)} unpaired{place}, left out: {'; '.join(alone[:5])}{more}"]


def runs(values: np.ndarray) -> list[tuple[int, int]]:
    """Half-open runs of True.

    >>> runs(np.array([True, True, False, True]))
    [(0, 2), (3, 4)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], values.astype(np.int8), [0]])))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def _row(begun: Event, over: Event) -> dict[str, Any]:
    comments = list(dict.fromkeys(text for text in (begun.comment, over.comment) if text))
    return {
        "behaviour": begun.behaviour,
        "subject": begun.subject,
        "target": begun.target,
        "kind": "point" if begun is over else "state",
        "start": begun.time,
        "stop": over.time,
        "modifiers": dict(begun.modifiers) if begun.modifiers else None,
        "comment": "; ".join(comments) or None,
    }


def _alone(event: Event, lacking: str) -> str:
    who = f" of {event.subject}" if event.subject else ""
    return f"{event.behaviour}{who} at {event.time:g} has no {lacking}"
