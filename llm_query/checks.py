"""Numbers that people give, checked: a wrong one is one line that names it, never nonsense."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from llm_query.bouts import Bouts
from llm_query.errors import QueryError

ENDLESS = float("inf")


def check_number(
    name: str, value: Any, what: str = "", *, least: float = 0.0, most: float = ENDLESS
) -> None:
    """Refuse what is no number from `least` to `most`; what: "seconds", "degrees", "cm".

    >>> check_number("window_s", float("nan"), "seconds")
    Traceback (most recent call last):
    llm_query.errors.QueryError: window_s is a number of seconds, 0 or more, not nan.
    """
    number = isinstance(value, int | float) or getattr(value, "ndim", None) == 0
    if number and least <= value <= most:  # NaN is neither
        return
    limits = []
    if least > -ENDLESS:
        limits.append(f"{least:g} or more" if most == ENDLESS else f"{least:g} to {most:g}")
    said = " ".join(["a number", *([f"of {what}"] if what else [])])
    raise QueryError(f"{name} is {', '.join([said, *limits])}, not {value!r}.")


def check_durations(min_duration_s: Any, max_gap_frames: Any) -> None:
    """Refuse a shortest duration or a longest gap that are no numbers from 0 on."""
    check_number("min_duration_s", min_duration_s, "seconds")
    check_number("max_gap_frames", max_gap_frames, "frames")


def check_period(start_s: Any, stop_s: Any) -> None:
    """Refuse a part of a recording that ends before it starts, or whose times are no numbers."""
    for name, value in (("start_s", start_s), ("stop_s", stop_s)):
        if value is not None:
            check_number(name, value, "seconds", least=-ENDLESS)
    if start_s is not None and stop_s is not None and stop_s < start_s:
        raise QueryError(
            f"The part from {start_s:g} s to {stop_s:g} s ends before it starts: give start_s "
            "first, then stop_s."
        )


def check_bouts(name: str, value: Any) -> None:
    """Refuse what are no bouts."""
    if not isinstance(value, Bouts):
        raise QueryError(
            f"{name} are bouts, as in_region() or immobile() give them, not {value!r}."
        )


def check_names(what: str, value: Any) -> tuple[str, ...]:
    """One name or several, each once; anything else is refused."""
    given = (value,) if isinstance(value, str) else value
    if not isinstance(given, Iterable) or not all(isinstance(each, str) for each in given):
        raise QueryError(f"{what} is a name or a list of names, not {value!r}.")
    return tuple(dict.fromkeys(given))
