"""What all assays share: finding the drawn regions, joining numbers, bouts and a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from llm_query.algebra.bout_pairs import state
from llm_query.bouts import Bouts
from llm_query.checks import check_names
from llm_query.columns import Result
from llm_query.errors import QueryError
from llm_query.figures.basic import plot_ethogram
from llm_query.known_time import known_frames, told
from llm_query.places.region_rules import Names
from llm_query.recording import Recording
from llm_query.results import summarise
from llm_query.tools import later

PAWS = ("left_forepaw", "right_forepaw", "left_hindpaw", "right_hindpaw")
KEPT = (  # of an animal of which nothing is known
    "tracked_percent", "known_percent", "known_s", "counted_s", "chance_percent", "number",
    "start_s", "stop_s", "bin_start_s", "bin_stop_s",
)  # fmt: skip
PAWS_SHARE, LEFT_SHARE = 0.85, 0.5  # of the outline: in from, out below


def find_drawn(
    recording: Recording, given: Names | None, words: Sequence[str], what: str, least: int = 1,
    without: Sequence[str] = (),
) -> tuple[str, ...]:  # fmt: skip
    """The regions of an assay: those named, else those with one of `words` in their names.

    least: how many there must be; too few is an error that says which to draw. without: names that
    were given to something else.
    """
    if given is not None:
        names = check_names(f"What names {what}", given)
        for name in names:
            recording.region(name)
    else:
        pattern = re.compile("|".join(words), re.IGNORECASE)
        names = tuple(
            name for name, region in recording.regions.items()
            if pattern.search(name) and region.has_inside and name not in without
            and region.role != "arena"
        )  # fmt: skip
    if len(names) < least:
        drawn = ", ".join(f'"{name}"' for name in recording.regions) or "none yet"
        number = f"{least} regions" if least > 1 else "a region"
        raise QueryError(
            f"{recording.video} has no regions for {what} (drawn: {drawn}): draw {number} with "
            f'"{words[0]}" in the name, or name yours.'
        )
    return names


def find_one(
    recording: Recording, given: str | None, words: Sequence[str], what: str,
    without: Sequence[str] = (),
) -> str:  # fmt: skip
    """The one region for a purpose; several that fit are an error that lists them."""
    names = find_drawn(recording, given, words, what, without=without)
    if len(names) > 1:
        listed = ", ".join(f'"{name}"' for name in names)
        raise QueryError(
            f"Several regions of {recording.video} may be {what}: name one of {listed}."
        )
    return names[0]


def entry_rule(recording: Recording, animal: str, rule: str) -> dict[str, Any]:
    """What in_region() is told for "centre" or "four paws".

    Four paws: all labelled paws inside; without labelled paws, the proxy: 85 % of the outline to be
    in, less than 50 % to be out again.
    """
    from llm_query.body_points import points_by_role

    if rule == "centre":
        return {"point": "centre"}
    if rule != "four paws":
        raise QueryError(f'The rule "{rule}" is unknown: take "centre" or "four paws".')
    named = points_by_role(recording, animal)
    if all(paw in named for paw in PAWS):
        return {"point": [named[paw] for paw in PAWS], "need": "all"}
    if animal in recording.masks:
        return {"enter_fraction": PAWS_SHARE, "exit_fraction": LEFT_SHARE}
    raise QueryError(
        f'"four paws" needs labelled paws or outlines of {animal}, and {recording.video} has '
        'neither: take rule="centre".'
    )


def outcome(
    recording: Recording,
    animal: str,
    parts: Sequence[Bouts],
    numbers: Mapping[str, float],
    rows: Sequence[Mapping[str, Any]],
    text: str,
    figure: dict[str, Any] | None = None,
) -> Result:
    """The result of an assay: bouts, numbers with units in their names, a table, words, a figure.

    Without a figure, the ethogram of the bouts is drawn. Where nothing of the animal could be told
    in any frame, the numbers are NaN and the text says so, instead of zeros.
    """
    if not any(known_frames(part).any() for part in parts):
        numbers, rows = _blank(numbers), [_blank(row) for row in rows]
        seen = recording.seen(animal).any()
        why = "what this test asks for was seen in no frame" if seen else "was never seen"
        text = f"{animal}: {why}" if seen else f"{animal} {why} in {recording.video}"
        text += ": there is nothing to tell."
    return Result(
        bouts=summarise(list(parts)).raw()["bouts"],
        numbers=dict(numbers),
        table=later([{"animal": animal, **row} for row in rows]),
        text=text,
        figure=plot_ethogram(list(parts)) if figure is None else figure,
    )


def numbers_of(bouts: Bouts, key: str, count: str = "bouts") -> dict[str, float]:
    """`key`_s and `key`_bouts (or another word for the count); NaN where nothing could be told."""
    return {
        f"{key}_s": told(bouts, bouts.total_s), f"{key}_{count}": told(bouts, bouts.count)
    }  # fmt: skip


def _blank(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same row without what would have been measured."""
    return {
        key: value if isinstance(value, str | bool | None) or key in KEPT else float("nan")
        for key, value in values.items()
    }


def share(part: float, whole: float) -> float:
    """`part` of `whole` in percent; NaN of nothing."""
    return 100 * part / whole if whole > 0 else float("nan")


def index_of(first: float, second: float) -> float:
    """(first - second) / (first + second): from -1 to 1, 0 without preference, NaN without both."""
    return (first - second) / (first + second) if first + second > 0 else float("nan")


def seen_s(recording: Recording, animal: str) -> float:
    """Seconds of the frames in which the animal was seen."""
    lasting = np.diff(recording.edges_s)
    return float(lasting[recording.seen(animal)].sum())


def said_s(value: float, missing: str = "never") -> str:
    """Seconds for reading, or that there are none."""
    return missing if not np.isfinite(value) else f"{value:.2f} s"


def said_n(value: float) -> str:
    """A count for reading."""
    return f"{value:g}" if np.isfinite(value) else "an unknown number of"


def said_percent(value: float) -> str:
    """A percentage for reading."""
    return "unknown" if not np.isfinite(value) else f"{value:.1f} %"


def said_times(value: float, noun: str = "time") -> str:
    """A count of things for reading.

    >>> said_times(1), said_times(2, "visit")
    ('1 time', '2 visits')
    """
    if noun == "entry":
        return f"{said_n(value)} {'entry' if value == 1 else 'entries'}"
    return f"{said_n(value)} {noun}{'' if value == 1 else 's'}"


def after_gap(visits: Bouts) -> float:
    """How many visits begin right after frames in which it could not be told; NaN if all are.

    The animal may have been there before, so such a visit may go on an earlier one.
    """
    known = known_frames(visits)
    start = visits.start_frame[visits.start_frame > 0]
    return told(visits, int((~known[start - 1]).sum()))


def called(bouts: Bouts, name: str) -> Bouts:
    """The same bouts under an assay's own name for them."""
    return bouts.named(name, bouts.definition)


def known_of(bouts: Bouts) -> tuple[np.ndarray, np.ndarray]:
    """(n,) in a bout of the only subject, and (n,) whether that could be told."""
    mask, unknown = state(bouts, bouts.pairs[0])
    return mask, ~unknown


def with_regions(recording: Recording, *more: Any) -> Recording:
    """The recording with further regions, as an assay needs that computes some."""
    return replace(recording, regions={**recording.regions, **{one.name: one for one in more}})


def join_animals(
    recording: Recording, assay: Callable[..., Result], settings: Mapping[str, Any]
) -> Result:
    """The assay of every animal: numbers by animal, tables and bouts under one another."""
    each = {animal: assay(recording, animal, **settings).raw() for animal in recording.animals}
    if len(each) == 1:
        return Result(next(iter(each.values())))
    tables = [made["table"].columns for made in each.values()]
    columns = list(dict.fromkeys(name for table in tables for name in table))
    rows = [
        {name: table[name][i] if name in table else None for name in columns}
        for table in tables
        for i in range(len(next(iter(table.values()))) if table else 0)
    ]
    bouts = [made["bouts"].columns for made in each.values()]
    stacked = {
        name: np.concatenate([np.asarray(one[name], dtype=object) for one in bouts])
        for name in bouts[0]
    }
    return Result(
        bouts=later(
            [dict(zip(stacked, row, strict=True)) for row in zip(*stacked.values(), strict=True)]
        )
        if len(next(iter(stacked.values())))
        else next(iter(each.values()))["bouts"],
        numbers={
            f"{animal} {name}": value
            for animal, made in each.items()
            for name, value in made["numbers"].items()
        },
        table=later(rows),
        text=" ".join(made["text"] for made in each.values()),
        figure=next(iter(each.values()))["figure"],
    )
