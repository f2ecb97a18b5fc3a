"""Tests over time: fear conditioning with a table of cues, forced swimming."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from llm_query.algebra.intervals import TOLERANCE_S, window
from llm_query.assays.assay_parts import known_of, outcome, said_percent, said_s, seen_s, share
from llm_query.bouts import Bouts
from llm_query.checks import check_number, check_period
from llm_query.columns import Result
from llm_query.errors import QueryError
from llm_query.figures.basic import plot_ethogram
from llm_query.individual.freezing import freezing
from llm_query.individual.motion import immobile
from llm_query.individual.rest import floating
from llm_query.known_time import known_s, told
from llm_query.recording import Recording
from llm_query.states import bouts_where
from llm_query.tools import kept_bouts
from llm_query.vocabulary import word

CUE_COLUMNS = ("cue", "start_s", "stop_s")
Cue = Mapping[str, Any] | Sequence[Any]


@word()
def fear_conditioning(
    recording: Recording,
    animal: str,
    cues: Sequence[Cue],
    *,
    max_speed: float | None = None,
    min_duration_s: float | None = None,
    behaviour: str = "freezing",
    settings: Mapping[str, Any] | None = None,
) -> Result:
    """Fear conditioning: freezing before the first cue, during every cue and between cues.

    cues: rows of cue, start_s and stop_s (dicts with these names, or triples), in seconds from the
    start of the recording; cues of the same name are repeats. max_speed, min_duration_s, settings:
    see freezing. behaviour: "freezing", or the name of bouts kept in the study, as a person's. A
    period takes the frames whose own time lies in it, and a bout that reaches over its edge counts
    with the part inside. A period's freezing_percent is of the frames of it in which it could be
    told, whose share of the period is known_percent; over all, freezing_percent_of_known_time is of
    these frames, too, and freezing_percent_of_recording of the recording's length.

    Source: Fanselow 1980; per-cue freezing as in VideoFreeze (Anagnostaras et al. 2010, doi
    10.3389/fnbeh.2010.00158).

    >>> still = Recording.synthetic({"a": np.tile([50.0, 50.0], (180, 1))}, fps=30, px_per_cm=10,
    ...     points={"a": {"nose": np.full((180, 2), 70.0), "tail_base": np.full((180, 2), 40.0)}})
    >>> made = fear_conditioning(still, "a", [("tone", 2, 4)])
    >>> made["numbers"]["tone_freezing_percent"], made["numbers"]["baseline_freezing_percent"]
    (100.0, 100.0)
    """
    rows_of = _cues(recording, cues)
    if behaviour == "freezing":
        found = freezing(recording, animal, max_speed, min_duration_s, settings=settings)
    else:
        found = kept_bouts(recording, behaviour, animal)
    periods = _periods(recording, rows_of)
    rows = [row for row in (_period_row(found, *period) for period in periods) if row]
    numbers: dict[str, float] = {}
    for name in dict.fromkeys(row["cue"] for row in rows):
        mine = [row for row in rows if row["cue"] == name and row["known_s"] > 0]
        frozen, known, bouts = (
            sum(row[key] for row in mine) if mine else float("nan")
            for key in ("freezing_s", "known_s", "bouts")
        )
        numbers[f"{_key(name)}_freezing_percent"] = share(frozen, known)
        numbers[f"{_key(name)}_freezing_s"] = frozen
        numbers[f"{_key(name)}_bouts"] = bouts
    numbers["freezing_s"] = told(found, found.total_s)
    for whole, length_s in (("known_time", known_s(found)), ("recording", recording.duration_s)):
        numbers[f"freezing_percent_of_{whole}"] = share(numbers["freezing_s"], length_s)
    numbers["tracked_percent"] = share(seen_s(recording, animal), recording.duration_s)
    figure = plot_ethogram([found, *_cue_bouts(recording, animal, rows_of)])
    said = [
        f"{said_percent(numbers[f'{_key(name)}_freezing_percent'])} {words}"
        for name, words in _words(rows)
    ]
    text = f"{animal} froze {', '.join(said)}."
    return outcome(recording, animal, [found], numbers, rows, text, figure)


def _key(name: str) -> str:
    return "_".join(name.split())


def _words(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    words = {
        "baseline": "before the first cue",
        "between": "between cues",
        "after": "after the last",
    }
    names = dict.fromkeys(str(row["cue"]) for row in rows)
    return [(name, words.get(name, f"during {name}")) for name in names]


def _cues(recording: Recording, cues: Sequence[Cue]) -> list[tuple[str, float, float]]:
    """The rows of a cue table in the order of their start, checked."""
    rows = []
    if not isinstance(cues, Sequence) or isinstance(cues, str):
        raise QueryError(f"cues are rows of cue, start_s and stop_s in seconds, not {cues!r}.")
    for number, cue in enumerate(cues, start=1):
        try:
            row = [cue.get(key) for key in CUE_COLUMNS] if isinstance(cue, Mapping) else list(cue)
            values: list[Any] = row
            name, start_s, stop_s = str(values[0]), float(values[1]), float(values[2])
        except (IndexError, TypeError, ValueError):
            raise QueryError(
                f"Row {number} of the cues is {cue!r}: give cue, start_s and stop_s, in seconds."
            ) from None
        if not 0 <= start_s < stop_s:
            raise QueryError(
                f"Row {number} of the cues runs from {start_s:g} to {stop_s:g} s: it has to start "
                "at 0 or later and stop after that."
            )
        if start_s >= recording.end_s:
            raise QueryError(
                f"The cue {name} starts at {start_s:g} s, but {recording.video} lasts "
                f"{recording.duration_s:.3f} s: check the table of cues."
            )
        if name in ("baseline", "between", "after"):
            raise QueryError(f'A cue cannot be called "{name}", as a period without cues is.')
        rows.append((name, start_s, stop_s))
    if not rows:
        raise QueryError("Fear conditioning needs a table of cues: cue, start_s, stop_s.")
    return sorted(rows, key=lambda row: row[1:])


def _periods(
    recording: Recording, cues: Sequence[tuple[str, float, float]]
) -> list[tuple[str, int, float, float]]:
    """Name, number and times (s) of every period: before, during, between and after the cues."""
    periods: list[tuple[str, int, float, float]] = []
    reached, first = float(recording.edges_s[0]), True
    seen: dict[str, int] = {}
    between = 0
    for name, start_s, stop_s in cues:
        if start_s > reached + 1e-9:
            between += not first
            quiet = ("baseline", 1) if first else ("between", between)
            periods.append((*quiet, reached, start_s))
        seen[name] = seen.get(name, 0) + 1
        periods.append((name, seen[name], start_s, min(stop_s, recording.end_s)))
        reached, first = max(reached, stop_s), False
    if reached < recording.end_s - 1e-9:
        periods.append(("after", 1, reached, float(recording.end_s)))
    return periods


def _period_row(
    found: Bouts, name: str, number: int, start_s: float, stop_s: float
) -> dict[str, Any]:
    """The freezing of one period; nothing of one that is shorter than a frame."""
    low, high = np.searchsorted(found.edges_s[:-1], np.array([start_s, stop_s]) - TOLERANCE_S)
    if low == high:
        return {}
    part = found.within(start_s, stop_s)
    lasting = np.diff(found.edges_s)
    mask, known = known_of(found)
    told_s = float(lasting[low:high][(known | mask)[low:high]].sum())
    length_s = float(found.edges_s[high] - found.edges_s[low])
    return {
        "cue": name, "number": number, "start_s": start_s, "stop_s": stop_s,
        "freezing_s": told(part, part.total_s), "known_s": told_s,
        "freezing_percent": share(part.total_s, told_s),
        "known_percent": share(told_s, length_s), "bouts": told(part, part.count),
        "latency_s": float(part.start_s[0] - found.edges_s[low]) if part.count else float("nan"),
        "censored": part.censored,
    }  # fmt: skip


def _cue_bouts(
    recording: Recording, animal: str, cues: Sequence[tuple[str, float, float]]
) -> list[Bouts]:
    """The cues as bouts, so that they stand beside the freezing."""
    made = []
    for name in dict.fromkeys(cue for cue, _, _ in cues):
        on = np.zeros(recording.n_frames, dtype=bool)
        for cue, start_s, stop_s in cues:
            if cue == name:
                low, high = window(recording.edges_s, start_s, min(stop_s, recording.end_s))
                on[low:high] = True
        made.append(
            bouts_where(
                recording, on, animal, behaviour=name, known=np.ones_like(on),
                definition="as the table of cues says",
            )
        )  # fmt: skip
    return made


@word()
def forced_swim(
    recording: Recording,
    animal: str,
    max_speed: float | None = None,
    *,
    max_mobility: float | None = None,
    max_drift: float | None = None,
    min_duration_s: float = 1.0,
    window_s: float = 0.5,
    start_s: float | None = None,
    stop_s: float | None = None,
) -> Result:
    """Forced swim test: floating, as a proxy: the time in which the animal hardly moves.

    Where there are outlines, as floating() finds it: an outline that hardly changes while the
    animal at most drifts; max_mobility and max_drift are its limits (0 to 1, cm/s or px/s
    uncalibrated). Without outlines, or with max_speed given: the time in which the centre is no
    faster than max_speed, as in immobile (cm/s, px/s uncalibrated), which drifting ends.
    min_duration_s: shortest bout in seconds. window_s: smoothing in seconds. start_s, stop_s: what
    is counted; by default from 2 to 6 minutes, or the whole of a recording shorter than 6 minutes.
    The latency counts from the start of the recording. floating_percent is of what is counted
    (counted_s), seen or not.

    Source: Porsolt et al. 1977, the last 4 of 6 minutes; speed and mobility stand in for a person's
    judgement of floating (people among themselves: kappa 0.42 to 0.62), so calibrate them.

    >>> swim = np.column_stack([np.minimum(np.arange(180) * 1.0, 90), np.zeros(180)])
    >>> recording = Recording.synthetic({"a": swim}, fps=30, px_per_cm=10, length=40)
    >>> forced_swim(recording, "a")["numbers"]["floating_s"] > 2.5
    True
    """
    recording.track(animal)
    check_period(start_s, stop_s)
    for name, value in (
        ("max_speed", max_speed), ("max_mobility", max_mobility), ("max_drift", max_drift)
    ):  # fmt: skip
        if value is not None:
            check_number(name, value)
    found = _floating(
        recording, animal, max_speed, (max_mobility, max_drift), min_duration_s, window_s
    )
    whole = recording.duration_s < 360 - 1e-6
    low = (recording.edges_s[0] if whole else 120.0) if start_s is None else start_s
    high = (recording.end_s if whole else 360.0) if stop_s is None else stop_s
    part = found.within(float(low), float(high))
    first, last = window(recording.edges_s, float(low), float(high))
    counted_s = float(recording.edges_s[last] - recording.edges_s[first])
    floating_s = told(part, part.total_s)
    numbers = {
        "floating_s": floating_s, "floating_percent": share(floating_s, counted_s),
        "floating_bouts": told(part, part.count), "counted_s": counted_s,
        "latency_to_floating_s": found.latency_s,
        "tracked_percent": share(seen_s(recording, animal), recording.duration_s),
    }  # fmt: skip
    text = (
        f"{animal} floated for {said_s(floating_s, 'an unknown time')} "
        f"({said_percent(numbers['floating_percent'])} of {counted_s:.0f} s)"
    )
    text += f", for the first time after {said_s(found.latency_s)}." if found.count else "."
    rows = [{"part": "floating", **numbers, "definition": found.definition}]
    return outcome(recording, animal, [part], numbers, rows, text)


def _floating(
    recording: Recording,
    animal: str,
    max_speed: float | None,
    quiet: tuple[float | None, float | None],
    min_duration_s: float,
    window_s: float,
) -> Bouts:
    """By the outline; without one, or with max_speed given, by the centre's speed."""
    max_mobility, max_drift = quiet
    by_outline = max_mobility is not None or max_drift is not None
    if by_outline and max_speed is not None:
        raise QueryError(
            "Floating is judged by the outline (max_mobility, max_drift) or by the centre's speed "
            "(max_speed), not by both: leave one out."
        )
    check_number("min_duration_s", min_duration_s, "seconds")
    check_number("window_s", window_s, "seconds")
    if by_outline or (max_speed is None and animal in recording.masks):
        more: dict[str, Any] = {} if max_mobility is None else {"max_mobility": max_mobility}
        return floating(
            recording, animal, max_drift=max_drift, min_duration_s=min_duration_s,
            window_s=window_s, **more,
        )  # fmt: skip
    found = immobile(recording, animal, max_speed, min_duration_s, window_s=window_s)
    return found.named("floating", found.definition)
