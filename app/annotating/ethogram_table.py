"""The ethogram between the study and a table that people edit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from app.library import WAIT_S, reading
from storage.bouts import PERSON, read_bouts
from storage.ethogram import Behaviour, behaviour_of, in_one_line, read_ethogram, save_ethogram
from storage.study import open_study

COLUMNS = (
    "behaviour", "kind", "key", "colour", "has_subject", "has_target", "modifiers",
    "exclusive_group", "description",
)  # fmt: skip


def read(study: Path) -> list[Behaviour]:
    """The ethogram of a study."""
    with reading(study) as opened:
        return read_ethogram(opened)


def save(study: Path, behaviours: Sequence[Behaviour], before: Sequence[Behaviour] | None) -> None:
    """Save the ethogram, unless somebody else changed it meanwhile."""
    with open_study(study, write=True, timeout_s=WAIT_S) as opened:
        save_ethogram(opened, behaviours, before)


def to_table(behaviours: Sequence[Behaviour]) -> pd.DataFrame:
    """A row per behaviour, all text or yes and no."""
    rows = [
        {
            **{name: getattr(one, name) for name in COLUMNS},
            "key": one.key or "",
            "exclusive_group": one.exclusive_group or "",
            "modifiers": in_one_line(one.modifiers),
        }
        for one in behaviours
    ]
    text = {name: "string" for name in COLUMNS if not name.startswith("has_")}
    flags = {name: "boolean" for name in COLUMNS if name.startswith("has_")}
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({**text, **flags})


def from_table(table: pd.DataFrame) -> list[Behaviour]:
    """The behaviours of a table as a person left it; rows without any entry are nothing."""
    records = table.reindex(columns=list(COLUMNS)).astype(object)
    records = records.where(records.notna(), None)
    texts = records.drop(columns=["kind", "has_subject", "has_target"])
    empty = [not any(str(value or "").strip() for value in row) for row in texts.to_numpy()]
    kept = [row for row, gone in zip(records.to_dict("records"), empty, strict=True) if not gone]
    return [behaviour_of(row, number) for number, row in enumerate(kept, 1)]  # type: ignore[arg-type]


PALETTE = {
    "orange": "#E69F00", "sky blue": "#56B4E9", "green": "#009E73", "yellow": "#F0E442",
    "blue": "#0072B2", "vermilion": "#D55E00", "purple": "#CC79A7", "black": "#000000",
    "grey": "#999999", "brown": "#8C510A", "wine": "#882255", "olive": "#999933",
    "teal": "#44AA99", "sand": "#DDCC77", "indigo": "#332288", "rose": "#CC6677",
}  # fmt: skip


def named(colour: str) -> str | None:
    """The name of a colour of the palette; None for any other.

    >>> named("#e69f00"), named("#123456")
    ('orange', None)
    """
    return next((name for name, code in PALETTE.items() if code == colour.upper()), None)


def with_named_colours(table: pd.DataFrame, before: Sequence[str | None]) -> pd.DataFrame:
    """The table with the colours that were chosen by name where the name is another than before."""
    colours = table["colour"].astype(object).tolist()
    earlier = [*before, *[None] * max(len(table) - len(before), 0)]
    for row, name in enumerate(table["palette"].astype(object).where(table["palette"].notna(), "")):
        if name in PALETTE and name != earlier[row]:
            colours[row] = PALETTE[name]
    return table.assign(colour=colours)


def missing_behaviours(study: Path, behaviours: Sequence[Behaviour]) -> dict[str, int]:
    """What people scored that is not in the ethogram, with the number of bouts."""
    with reading(study) as opened:
        table = read_bouts(opened)
    scored = table.loc[table["source"] == PERSON, "behaviour"].value_counts()
    known = {one.behaviour for one in behaviours}
    return {str(name): int(number) for name, number in scored.items() if name not in known}
