"""How far two watchers agree on several behaviours at once: who saw what, frame by frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from llm_query.errors import QueryError
from llm_query.statistics.agreement import checked, differing, kappa_of, mask_of

NONE = "none"


def label_frames(
    bouts: pd.DataFrame, n_frames: int, behaviours: Sequence[str], what: str = "The table"
) -> np.ndarray:
    """Return what is going on in every frame, (n_frames,) text: a behaviour, or "none".

    bouts: columns behaviour, start_frame, stop_frame. Where several happen at once the label names
    them all, in the order of `behaviours`, as "grooming+rearing".

    >>> table = pd.DataFrame({"behaviour": ["a", "b"], "start_frame": [0, 2], "stop_frame": [3, 4]})
    >>> label_frames(table, 5, ["a", "b"]).tolist()
    ['a', 'a', 'a+b', 'b', 'none']
    """
    if "behaviour" not in bouts.columns:
        raise QueryError(f"{what} has no column behaviour: it must say what each bout is.")
    if len(behaviours) > 62:
        raise QueryError(f"{len(behaviours)} behaviours are too many for one table: give up to 62.")
    codes = np.zeros(n_frames, dtype=np.int64)
    for number, behaviour in enumerate(behaviours):
        own = checked(bouts[bouts["behaviour"] == behaviour], what)
        codes |= mask_of(own, n_frames, what).astype(np.int64) << number
    known, index = np.unique(codes, return_inverse=True)
    names = [
        "+".join(name for k, name in enumerate(behaviours) if code >> k & 1) or NONE
        for code in known.tolist()
    ]
    return np.array(names, dtype=object)[index]


def confusion_table(first: np.ndarray, second: np.ndarray, order: Sequence[str]) -> pd.DataFrame:
    """Return how many frames the first watcher called the row and the second the column.

    first, second: (n,) labels of the same frames. Both have all labels: those of `order`, whatever
    else was seen, and "none" at the end.

    >>> table = confusion_table(np.array(["a", "a", "none"]), np.array(["a", "none", "none"]), "a")
    >>> table.values.tolist()
    [[1, 1], [0, 1]]
    """
    if len(first) != len(second):
        raise QueryError(f"Two watchers of {len(first)} and {len(second)} frames are not the same.")
    seen = sorted({*np.unique(first), *np.unique(second)} - {*order, NONE})
    names = [*(name for name in order if name != NONE), *seen, NONE]
    rows, columns = (pd.Categorical(x, categories=names).codes for x in (first, second))
    cells = np.zeros((len(names), len(names)), dtype=np.int64)
    np.add.at(cells, (rows.astype(int), columns.astype(int)), 1)
    return pd.DataFrame(cells, index=names, columns=names)


def overall_kappa(table: pd.DataFrame) -> float:
    """Return Cohen's kappa over all labels of a confusion table, "none" among them.

    Source: Cohen (1960); unweighted, as labels have no order.
    """
    return kappa_of(table.to_numpy())


def disagreeing(first: np.ndarray, second: np.ndarray, edges_s: np.ndarray) -> pd.DataFrame:
    """Return the stretches in which the two labels differ, longest first.

    Columns start_frame, stop_frame, start_s, stop_s, duration_s, first and second.
    """
    joined = np.where(first == second, "", first.astype(str) + "\t" + second.astype(str))
    table = differing(joined.astype(object), edges_s, "labels")
    parts = table.pop("labels").str.split("\t", expand=True)
    return table.assign(first=parts[0] if len(table) else "", second=parts[1] if len(table) else "")
