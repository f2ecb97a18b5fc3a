"""Helpers of analysis code beside the measures: units, parts of the recording, results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from llm_query.bouts import Bouts
from llm_query.checks import ENDLESS, check_bouts, check_number, check_period
from llm_query.columns import Later, Result
from llm_query.errors import QueryError
from llm_query.recording import Recording
from llm_query.states import bouts_where, saved_or_scored
from llm_query.vocabulary import word

if TYPE_CHECKING:
    import pandas as pd

CM = {"cm": 1.0, "mm": 0.1, "m": 100.0}
Span = tuple[float, float]


@word("{unit}")
def length_in(recording: Recording, value: float, unit: str) -> float:
    """Give a length in the recording's own unit; unit: px, mm, cm, m or body_length.

    Source: ours; the video's scale, or the median body length of its animals.

    >>> length_in(example_recording(), 25, "mm")
    2.5
    """
    check_number("The length", value, unit, least=-ENDLESS)
    if unit == "body_length":
        lengths = np.concatenate([recording.length(animal) for animal in recording.animals])
        if not np.isfinite(lengths).any():
            raise QueryError(
                "No body length is known in this video. Give the distance in cm or px."
            )
        return float(value * np.nanmedian(lengths))
    if unit == "px":
        return float(value * recording.scale)
    if unit not in CM:
        raise QueryError(f"'{unit}' is not a length; use px, mm, cm, m or body_length.")
    if recording.px_per_cm is None:
        raise QueryError(
            f"{recording.video} has no scale, so {value:g} {unit} cannot be told in pixels. Set "
            "px per "
            "cm for this video, or ask in px."
        )
    return float(value * CM[unit])


@word("{unit}/s")
def speed_in(recording: Recording, value: float, unit: str) -> float:
    """Give a speed in the recording's unit per second; unit: as px/s, cm/s or px/frame.

    Source: ours; as length_in, with the video's own frame rate.

    >>> round(speed_in(example_recording(), 3, "px/frame"), 6)
    9.0
    """
    length, _, time = str(unit).partition("/")
    per_second = {"s": 1.0, "s2": 1.0, "frame": float(recording.fps)}
    if time not in per_second:
        raise QueryError(f"'{unit}' is not a speed; use px/s, cm/s, px/frame or body_length/s.")
    return length_in(recording, value, length) * per_second[time]


@word("s")
def period(
    recording: Recording,
    *,
    first_frames: int | None = None,
    last_frames: int | None = None,
    first_s: float | None = None,
    last_s: float | None = None,
    share: tuple[float, float] | None = None,
    start_frame: int | None = None,
    stop_frame: int | None = None,
    start_s: float | None = None,
    stop_s: float | None = None,
) -> Span:
    """Give the start and stop in seconds of a part of the recording, cut at its ends.

    A frame belongs to it when its own time does; stop_frame and stop_s are not part of it. Frames
    count from 0 at the start. share: two shares (0 to 1) of its length, as (0.5, 1) for the second
    half.

    Source: ours; by the frames' own times.

    >>> period(example_recording(), first_frames=90)
    (0.0, 3.0)
    """
    edges, n = recording.edges_s, recording.n_frames
    for name, value in (
        ("first_frames", first_frames), ("last_frames", last_frames), ("first_s", first_s),
        ("last_s", last_s), ("start_frame", start_frame), ("stop_frame", stop_frame),
    ):  # fmt: skip
        if value is not None:
            check_number(name, value, "seconds" if name.endswith("_s") else "frames")
    check_period(start_s, stop_s)
    low, high = float(edges[0]), float(edges[-1])
    if first_frames is not None:
        return low, float(edges[min(int(first_frames), n)])
    if last_frames is not None:
        return float(edges[max(n - int(last_frames), 0)]), high
    if first_s is not None:
        return low, min(low + first_s, high)
    if last_s is not None:
        return max(high - last_s, low), high
    if share is not None:
        begin, end = _shares(share)
        return low + begin * (high - low), low + end * (high - low)
    if start_frame is not None or stop_frame is not None:
        first, last = start_frame or 0, n if stop_frame is None else stop_frame
        check_period(first, last)
        return _inside(recording, float(edges[int(min(first, n))]), float(edges[int(min(last, n))]))
    return _inside(
        recording, low if start_s is None else start_s, high if stop_s is None else stop_s
    )


def _shares(share: object) -> Span:
    """Two shares of a recording, the smaller one first."""
    pair = tuple(share) if isinstance(share, Sequence) and not isinstance(share, str) else ()
    if len(pair) != 2 or not all(isinstance(each, int | float) for each in pair):
        raise QueryError(f"share is two shares from 0 to 1, such as (0, 0.5), not {share!r}.")
    if not 0 <= pair[0] < pair[1] <= 1:
        raise QueryError(f"share goes from a smaller to a larger part of 0 to 1, not {share!r}.")
    return float(pair[0]), float(pair[1])


def _inside(recording: Recording, start_s: float, stop_s: float) -> tuple[float, float]:
    end = recording.end_s
    if start_s >= end:
        raise QueryError(
            f"{recording.video} lasts {recording.duration_s:.3f} s ({recording.n_frames} frames): "
            "there is nothing that late in it."
        )
    return start_s, min(stop_s, end)


@word("s")
def bouts_when(
    recording: Recording,
    values: np.ndarray,
    subject: str,
    target: str | None = None,
    *,
    above: float | None = None,
    at_least: float | None = None,
    below: float | None = None,
    at_most: float | None = None,
    behaviour: str = "",
) -> Bouts:
    """Give the bouts in which a measure lies within limits; NaN is neither in nor out of them.

    Source: ours; the condition is the caller's.

    >>> recording = example_recording()
    >>> bouts_when(recording, speed(recording, "animal1"), "animal1", above=9).count
    1
    """
    values = _per_frame("values", values, recording.n_frames)
    mask = np.ones(recording.n_frames, dtype=bool)
    said = []
    with np.errstate(invalid="ignore"):
        for limit, sign, compare in (
            (above, ">", np.greater), (at_least, ">=", np.greater_equal),
            (below, "<", np.less), (at_most, "<=", np.less_equal),
        ):  # fmt: skip
            if limit is not None:
                check_number("A limit of bouts_when", limit, least=-ENDLESS)
                mask &= compare(values, limit)
                said.append(f"{sign} {limit:.6g}")
    known = np.isfinite(values)
    definition = f"{behaviour or 'value'} ({' and '.join(said)})"
    return bouts_where(
        recording,
        mask & known,
        subject,
        target,
        behaviour=behaviour,
        definition=definition,
        known=known,
    )


@word("s")
def kept_bouts(
    recording: Recording,
    name: str,
    animal: str,
    *,
    source: str | None = None,
    annotator: str | None = None,
) -> Bouts:
    """Give one animal's bouts kept in the study under this name; none is an answer, too.

    Those of a saved answer are taken, and where there is none those that a person scored. source:
    where they come from, as "analysis" (saved answers) or "person". annotator: whose, as the
    person's name; needed where several people scored it and no answer was saved.

    Source: ours; the bouts are as they were kept.

    >>> kept_bouts(example_recording(), "grooming", "animal1")
    Traceback (most recent call last):
    llm_query.errors.QueryError: ...
    """
    return saved_or_scored(recording, name, animal, source, annotator)


def chosen_frames(
    recording: Recording, start_s: float | None, stop_s: float | None, during: Bouts | None
) -> np.ndarray:
    """Tell for every frame whether it is in a part of the recording and in the bouts."""
    check_period(start_s, stop_s)
    if during is not None:
        check_bouts("during", during)
    chosen = np.ones(recording.n_frames, dtype=bool)
    if start_s is not None:
        chosen &= recording.time_s >= start_s - 1e-6
    if stop_s is not None:
        chosen &= recording.time_s < stop_s - 1e-6
    if during is not None:
        chosen &= during.mask()
    return chosen


def _per_frame(name: str, values: object, n: int) -> np.ndarray:
    """One number for each frame; anything else is an error that says so."""
    if isinstance(values, np.ndarray) and values.shape == (n,):
        return values
    try:
        found = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        found = np.empty(0)
    if found.shape != (n,):
        raise QueryError(
            f"{name} are one number for each of {n} frames, as speed() gives them, not "
            f"{type(values).__name__} of shape {np.shape(found)}."
        )
    return found


SAID = {"mean_of": "mean", "median_of": "median", "max_of": "maximum", "min_of": "minimum"}


def _reduced(reduce: Callable[..., Any], name: str) -> Callable[..., float]:
    def over(
        recording: Recording,
        values: np.ndarray,
        start_s: float | None = None,
        stop_s: float | None = None,
        *,
        during: Bouts | None = None,
    ) -> float:
        values = _per_frame("values", values, recording.n_frames)
        kept = values[chosen_frames(recording, start_s, stop_s, during)]
        kept = kept[np.isfinite(kept)]
        return float(reduce(kept)) if len(kept) else float("nan")

    over.__name__ = name
    over.__doc__ = (
        f"Give the {SAID[name]} of values over the frames where they are known.\n\n"
        "start_s, stop_s, during: only in this part, or in these bouts. In the values' own unit.\n"
        "\nSource: ours, plain statistics.\n"
        "\n>>> recording = example_recording()\n"
        f'>>> {name}(recording, recording.position("animal2")[:, 0])\n39.0'
    )
    return word("of the values")(over)


mean_of = _reduced(np.mean, "mean_of")
median_of = _reduced(np.median, "median_of")
max_of = _reduced(np.max, "max_of")
min_of = _reduced(np.min, "min_of")


@word()
def series(
    recording: Recording,
    columns: Mapping[str, np.ndarray],
    start_s: float | None = None,
    stop_s: float | None = None,
    *,
    during: Mapping[str, Bouts] | None = None,
) -> pd.DataFrame:
    """Make a table with one row per frame: frame, time_s and the given columns (n,).

    during: bouts by column; outside them the column's value is missing.

    Source: ours; the values as they are.

    >>> recording = example_recording()
    >>> series(recording, {"speed": speed(recording, "animal2")}, stop_s=0.1)["frame"].tolist()
    [0, 1, 2]
    """
    import pandas as pd

    rows = chosen_frames(recording, start_s, stop_s, None)
    if not isinstance(columns, Mapping) or not isinstance(during, Mapping | None):
        raise QueryError('columns and during are given by name: {"speed": values}.')
    table = {"frame": np.flatnonzero(rows), "time_s": recording.time_s[rows]}
    for name, given in columns.items():
        values = _per_frame(name, given, recording.n_frames)
        kept = values if during is None else np.where(during[name].mask(), values, np.nan)
        table[name] = kept[rows]
    return pd.DataFrame(table)


@word()
def tell(name: str, values: Mapping[str, float], unit: str) -> Result:
    """Make a result of one number per subject: numbers, a table and a sentence.

    Source: ours; only words are put together.

    >>> tell("mean speed", {"animal1": 5.0, "animal2": 0.0}, "cm/s")["text"]
    'Mean speed: animal1 5 cm/s, animal2 0 cm/s.'
    """
    if not isinstance(values, Mapping) or not isinstance(name, str) or not isinstance(unit, str):
        raise QueryError("tell() needs a name, one number per subject by its name, and a unit.")
    key = "_".join([*name.split(), *unit.replace("/", "_").split()])
    numbers = {f"{who} {key}" if len(values) > 1 else key: value for who, value in values.items()}
    rows = [{"subject": w, "measure": name, "value": v, "unit": unit} for w, v in values.items()]
    said = ", ".join(f"{who} {number_text(v, unit)}" for who, v in values.items())
    first, _, rest = name.partition(" ")
    words = f"{FULL.get(first, first)} {rest}".strip()
    text = f"{words[0].upper()}{words[1:]}: {said}."
    return Result(numbers=numbers, table=later(rows), text=text)


def later(rows: Sequence[Mapping[str, Any]]) -> Later:
    """Make a table from rows that have the same names."""

    def make() -> pd.DataFrame:
        import pandas as pd

        return pd.DataFrame(rows)

    return Later({name: [row[name] for row in rows] for name in (rows[0] if rows else ())}, make)


FULL = {"max": "maximum", "min": "minimum"}


def number_text(value: float, unit: str = "") -> str:
    """Say a number with its unit for reading; where nothing was measured, say so."""
    if not np.isfinite(value):
        return "unknown (no frame in which it could be measured)"
    return f"{value:.{4 if abs(value) < 1e4 else 6}g} {unit}".strip()


def each_other(parts: Sequence[Bouts] | Bouts) -> list[Bouts]:
    """Give a list of bouts from one or several."""
    return [parts] if isinstance(parts, Bouts) else list(parts)
