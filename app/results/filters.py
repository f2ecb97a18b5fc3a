"""Which part of a study is shown: groups, videos, animals, behaviours, watchers, time.

The same filters come from the address of a page and from the options of a command.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from app.errors import AppError

MANY = ("group", "videos", "animal", "behaviour", "who")  # may come several times in an address


@dataclass(frozen=True)
class Filters:
    """What to show; an empty choice means everything."""

    by: str = ""  # a column of the metadata: what groups are
    group: tuple[str, ...] = ()  # values of it
    videos: tuple[str, ...] = ()
    animal: tuple[str, ...] = ()
    behaviour: tuple[str, ...] = ()
    who: tuple[str, ...] = ()  # people by name, or a source such as analysis
    bin_s: float | None = None  # seconds of a time bin
    start_s: float | None = None  # only from here
    stop_s: float | None = None  # up to, not including

    def __post_init__(self) -> None:
        start_s, stop_s = self.start_s or 0.0, self.stop_s
        if start_s < 0 or (stop_s is not None and stop_s <= start_s):
            until = "the end" if stop_s is None else f"{stop_s:g} s"
            raise AppError(f"There is no time from {start_s:g} s to {until}: end after the start.")
        if self.bin_s is not None and not self.bin_s > 0:
            raise AppError(f"A time bin of {self.bin_s:g} s is not possible: give more than 0.")
        if self.group and not self.by:
            raise AppError("Groups are values of a column of the metadata: say which column.")

    @property
    def window(self) -> tuple[float | None, float | None]:
        """From when to when, s; None is the recording's own start or end."""
        return self.start_s, self.stop_s

    @property
    def time_text(self) -> str:
        """The time in words.

        >>> Filters().time_text, Filters(start_s=10, stop_s=60).time_text
        ('whole recording', '10 to 60 s')
        """
        if self.start_s is None and self.stop_s is None:
            return "whole recording"
        if self.stop_s is None:
            return f"{self.start_s:g} s to the end"
        return f"{self.start_s or 0:g} to {self.stop_s:g} s"


def from_address(query: Mapping[str, Sequence[str]]) -> Filters:
    """The filters of an address; what is no number or no possible time is left out.

    >>> from_address({"by": ["sex"], "group": ["f"], "bin": ["60"], "from": ["x"]}).bin_s
    60.0
    """
    first = {key: values[0] for key, values in query.items() if values}
    lists = {key: tuple(query.get(key, ())) for key in MANY}
    by = first.get("by", "")
    found = Filters(
        by, lists["group"] if by else (), lists["videos"], lists["animal"], lists["behaviour"],
        lists["who"],
    )  # fmt: skip
    bin_s, start_s, stop_s = (_number(first.get(key)) for key in ("bin", "from", "to"))
    try:
        return replace(found, bin_s=bin_s, start_s=start_s, stop_s=stop_s)
    except AppError:
        return found


def to_address(filters: Filters) -> dict[str, list[str]]:
    """The address of these filters: only what is chosen.

    >>> to_address(Filters(animal=("a", "b"), start_s=1.5))
    {'animal': ['a', 'b'], 'from': ['1.5']}
    """
    found: dict[str, list[str]] = {}
    if filters.by:
        found["by"] = [filters.by]
    for key in MANY:
        if values := getattr(filters, key):
            found[key] = list(values)
    numbers = {"bin": filters.bin_s, "from": filters.start_s, "to": filters.stop_s}
    return found | {key: [f"{value:g}"] for key, value in numbers.items() if value is not None}


def to_options(filters: Filters) -> list[str]:
    """The same filters as options of `ethoscribe export`, one word each."""
    words = [part for name in filters.videos for part in ("--video", name)]
    words += [part for value in filters.group for part in ("--where", f"{filters.by}={value}")]
    words += [part for name in filters.animal for part in ("--animal", name)]
    words += [part for name in filters.behaviour for part in ("--behaviour", name)]
    words += [part for name in filters.who for part in ("--annotator", name)]
    numbers = {"--bin": filters.bin_s, "--from": filters.start_s, "--to": filters.stop_s}
    for option, value in numbers.items():
        words += [] if value is None else [option, f"{value:g}"]
    return words


def from_options(where: Sequence[str] = (), videos: Sequence[str] = (), **more: object) -> Filters:
    """The filters of a command; `where` are COLUMN=VALUE, all of one column."""
    pairs = [text.partition("=") for text in where]
    columns = list(dict.fromkeys(column.strip() for column, _, _ in pairs))
    if any(not sign or not column.strip() for column, sign, _ in pairs) or len(columns) > 1:
        raise AppError(
            "--where takes COLUMN=VALUE, as in --where treatment=drug; several are values of one "
            "column."
        )
    values = tuple(value.strip() for _, _, value in pairs)
    by = columns[0] if columns else ""
    return Filters(by, values, tuple(videos), **more)  # type: ignore[arg-type]


def chosen_animals(
    known: pd.DataFrame, videos: Sequence[str], filters: Filters
) -> dict[str, tuple[str, ...]]:
    """The animals to show of every video that has any: by name, group and video.

    known: a row per animal with the columns video, animal and those of the metadata.
    """
    rows = known[known["video"].isin(filters.videos or videos)]
    if filters.by and filters.by in rows.columns:
        if filters.group:
            rows = rows[rows[filters.by].isin(filters.group)]
    elif filters.group:
        rows = rows.iloc[:0]
    if filters.animal:
        rows = rows[rows["animal"].isin(filters.animal)]
    found: dict[str, list[str]] = {}
    for video, animal in zip(rows["video"], rows["animal"], strict=True):
        found.setdefault(str(video), []).append(str(animal))
    return {video: tuple(names) for video, names in found.items()}


def check_known(filters: Filters, known: Mapping[str, Sequence[str]]) -> None:
    """Refuse a name that the study has not, with those that it has.

    known: by field (videos, animal, behaviour, who, by, group) all that there are.
    """
    for field, have in known.items():
        given = getattr(filters, field)
        asked = (given,) if isinstance(given, str) and given else tuple(given or ())
        missing = [name for name in asked if name not in have]
        if missing:
            names = {"videos": "video", "who": "annotator or source", "by": "metadata column"}
            what = names.get(field, field)
            there = ", ".join(map(str, have)) or "none"
            raise AppError(f"The study has no {what} {missing[0]!r}. It has: {there}.")


def without_unknown(filters: Filters, known: Mapping[str, Sequence[str]]) -> Filters:
    """The filters without names that the study has not (any more), as of an old address."""

    def kept(field: str) -> tuple[str, ...]:
        have = known.get(field, getattr(filters, field))
        return tuple(name for name in getattr(filters, field) if name in have)

    lost = filters.by and filters.by not in known.get("by", (filters.by,))
    return replace(
        filters, by="" if lost else filters.by, group=() if lost else kept("group"),
        videos=kept("videos"), animal=kept("animal"), behaviour=kept("behaviour"),
        who=kept("who"),
    )  # fmt: skip


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text else None
    except ValueError:
        return None
    return value if value is None or (math.isfinite(value) and value >= 0) else None
