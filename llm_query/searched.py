"""In which animals an answer looked for what it found: only of these, no bout means never."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

EVERYBODY = "recording.animals"  # as code says it


def searched_animals(
    table: pd.DataFrame | None, bouts: pd.DataFrame, code: str, animals: Sequence[str]
) -> list[str] | None:
    """Names of the animals of one video in which an answer looked; None for all of them.

    Its own table says so: a row for whoever was looked at, also with 0 bouts. Without such a table
    it is all of them where the code asks for every animal or there is only one; otherwise those
    with a bout.

    >>> table = pd.DataFrame({"subject": ["b"], "count": [0]})
    >>> searched_animals(table, table.iloc[:0], "...", ["a", "b"])
    ['b']
    """
    for column in ("subject", "animal"):
        if table is not None and column in table:
            named = {str(name) for name in table[column].dropna()} & {*animals}
            if named:
                return None if named >= {*animals} else sorted(named)
    if len(animals) < 2 or EVERYBODY in code:
        return None
    return sorted({str(name) for name in bouts["subject"]})
