"""What is worth saying of arenas that were tuned or tracked together, in lines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tracking.arenas.division import Arenas
from tracking.arenas.tuning import ArenaTuning

NAMED = 6  # arenas listed by name


def noticed(arenas: Arenas, chosen: ArenaTuning) -> list[str]:
    """What tuning noticed: who never moved, where nothing is, where the number never fitted."""
    lines = []
    if chosen.still:
        lines.append(
            f"{_listed(chosen.still)}: the animal never moved away in the sampled frames and was "
            "found by its looks."
        )
    if chosen.empty:
        lines.append(nothing_in(chosen.empty))
    never = [
        place.name
        for place, counts in zip(arenas.places, chosen.counts.T, strict=True)
        if place.name not in chosen.empty and not (counts == place.n_animals).any()
    ]
    if never:
        lines.append(
            f"{_listed(never)}: never just the right number of animals in the sampled frames: "
            "check how many live there."
        )
    return lines


def nothing_in(names: Sequence[str]) -> str:
    """How an empty arena is told.

    >>> nothing_in(["tube_13"])
    'tube_13: nothing was ever seen moving.'
    """
    return f"{_listed(names)}: nothing was ever seen moving."


def empty_ones(arenas: Arenas, share_found: np.ndarray) -> list[str]:
    """Arenas in which no animal was ever found; share_found (animals,) of the frames, 0 to 1."""
    found = np.bincount(arenas.slots, weights=share_found, minlength=len(arenas.places))
    return [place.name for place, any_ in zip(arenas.places, found, strict=True) if not any_]


def in_arenas(arenas: Arenas, names: Sequence[str]) -> np.ndarray:
    """Which animals live in the arenas of these names, (animals,) bool."""
    named = np.array([place.name in names for place in arenas.places])
    return named[arenas.slots]


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:NAMED])
    more = len(names) - NAMED
    return f"{shown} and {more} more" if more > 0 else shown
