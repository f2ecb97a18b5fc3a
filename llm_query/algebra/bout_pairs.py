"""Whose bouts are combined with whose, and the three-valued state of one pair.

Who is combined with whom, the same for & and |:

- One pair on each side always combines. The result's subject is the left one's; everybody else who
  takes part becomes its target ("animal2", or "animal2+animal3"). So "animal1 in the corner" &
  "animal2 in the corner" is one joint state of animal1 with animal2.
- With several pairs on a side, like combines with like: (animal1, animal2) with (animal1, animal2),
  and a state without a target with every pair of that subject. A pair that finds nobody is an
  error for &, and is kept as it is for |.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from llm_query.errors import QueryError

if TYPE_CHECKING:
    from llm_query.algebra.bout_table import BoutTable, Pair
    from llm_query.bouts import Bouts

Table = TypeVar("Table", bound="BoutTable")


def names(pairs: Iterable[Pair]) -> str:
    """The pairs as people say them: "animal1, animal2 with animal3"."""
    return ", ".join(s if t is None else f"{s} with {t}" for s, t in pairs) or "nobody"


def single(bouts: Table, pair: Pair) -> Table:
    """The bouts of exactly this (subject, target)."""
    index = bouts.pairs.index(pair)
    kept = bouts.keep(bouts.pair_index == index)
    unknown = {pair: bouts.unknown[pair]} if pair in bouts.unknown else {}
    return replace(
        kept,
        pairs=(pair,),
        pair_index=np.zeros(len(kept.start_frame), dtype=np.int64),
        unknown=unknown,
    )


def partners(
    left: Bouts, right: Bouts, *, strict: bool
) -> list[tuple[Pair, Pair | None, Pair | None]]:
    """(resulting pair, left pair or None, right pair or None); the module docstring's rules."""
    if len(left.pairs) == 1 and len(right.pairs) == 1:
        return [(joint(left.pairs[0], right.pairs[0]), left.pairs[0], right.pairs[0])]
    found: list[tuple[Pair, Pair | None, Pair | None]] = []
    for a in left.pairs:
        for b in right.pairs:
            if a[0] == b[0] and (a[1] == b[1] or a[1] is None or b[1] is None):
                found.append((joint(a, b), a, b))
    alone = [a for a in left.pairs if a not in {a for _, a, _ in found}]
    lonely = [b for b in right.pairs if b not in {b for _, _, b in found}]
    if strict and (alone or lonely or not found):
        raise QueryError(
            f"Cannot combine the bouts of {names(left.pairs)} with those of {names(right.pairs)}: "
            f"{names(alone or lonely)} has no counterpart. Choose with only(subject, target), or "
            "join targets with any_target()."
        )
    found += [(a, a, None) for a in alone] + [(b, None, b) for b in lonely]
    return found


def check_bouts(*bouts: object) -> None:
    """Refuse what is no Bouts."""
    for one in bouts:
        if not hasattr(one, "pair_index"):
            raise QueryError(
                f"Bouts are combined with bouts, not with {type(one).__name__}: give what a word "
                "like in_region() or bouts_where() returns."
            )


def listed(bouts: Any) -> list[Bouts]:
    """One set of bouts, or several, as a list; nothing at all is refused."""
    parts = [bouts] if hasattr(bouts, "pair_index") or not isinstance(bouts, Iterable) else bouts
    parts = list(parts)
    check_bouts(*parts)
    if not parts:
        raise QueryError("There are no bouts: give one set of bouts, or a list of several.")
    return parts


def known_s(bouts: Bouts, pair: Pair, times_s: np.ndarray) -> np.ndarray:
    """Seconds before each time in which it could be told whether the pair did it."""
    known = np.diff(bouts.edges_s) * ~state(bouts, pair)[1]
    return np.interp(times_s, bouts.edges_s, np.concatenate([[0.0], np.cumsum(known)]))


def check_seconds(seconds: float, method: str) -> None:
    """Refuse a time that is no number from 0 on."""
    if not isinstance(seconds, int | float | np.number) or not seconds >= 0:
        raise QueryError(f"{method}() takes seconds from 0 on, not {seconds!r}.")


def says_at_least(definition: str, seconds: float) -> bool:
    """Whether a definition has this shortest duration already, outside of brackets.

    >>> says_at_least("speed < 2 cm/s, for >= 0.5 s", 0.5), says_at_least("(x >= 1 s) or (y)", 1)
    (True, False)
    """
    depth = np.cumsum([(mark == "(") - (mark == ")") for mark in definition])
    outside = "".join(mark for mark, deep in zip(definition, depth, strict=True) if deep == 0)
    return re.search(rf"(>=|at least) {re.escape(f'{seconds:g}')} s\b", outside) is not None


def joint(a: Pair, b: Pair) -> Pair:
    """The left subject, with everybody else who takes part as target."""
    others = [who for who in dict.fromkeys([*members(a), *members(b)])
              if who not in members((a[0], None))]  # fmt: skip
    return a[0], "+".join(others) or None


def members(pair: Pair) -> list[str]:
    """Everybody who takes part, each once: of ("a", "b+c") a, b and c.

    >>> members(("a", "b+a"))
    ['a', 'b']
    """
    return list(dict.fromkeys(name for who in pair if who for name in who.split("+")))


def state(bouts: Bouts, pair: Pair | None) -> tuple[np.ndarray, np.ndarray]:
    """(n,) whether the pair is in a bout and (n,) whether that is unseen; None: never in it."""
    if pair is None:
        return np.zeros(bouts.n_frames, dtype=bool), np.zeros(bouts.n_frames, dtype=bool)
    mask = single(bouts, pair).mask()
    unknown = bouts.unknown.get(pair)
    return mask, np.zeros_like(mask) if unknown is None else unknown & ~mask


def same_recording(left: Bouts, right: Bouts) -> None:
    """Refuse to combine bouts of two recordings, and what is no bouts at all."""
    check_bouts(left, right)
    if len(left.edges_s) != len(right.edges_s) or not np.array_equal(left.edges_s, right.edges_s):
        raise QueryError("These bouts are of two different recordings and cannot be combined.")
