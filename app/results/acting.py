"""Who a bout is credited to: both animals where the behaviour has no direction."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from app.results.data import Overview
from app.results.filters import Filters
from app.results.naming import natural
from app.results.tables import Step, kept_in

if TYPE_CHECKING:
    from llm_query.bouts import Bouts, Pair

SAID = {
    "contact", "body contact", "close", "being close", "huddling", "near", "touch", "touching",
    "side by side", "nose contact", "nose to nose", "huddle",
}  # fmt: skip
RULE = re.compile(r"(gap of outlines|(\w+) to \2) <= [^;&|~]*")


def mutual(behaviour: str, definition: str = "") -> bool:
    """Whether a behaviour is the same whoever is named first, by its name or by its rule.

    >>> mutual("side_by_side"), mutual("together", "centre to centre <= 8 cm"), mutual("chase")
    (True, True, False)
    """
    from llm_query.planning.plan_words import DOINGS

    name = re.sub(r" \(.*\)$", "", behaviour).replace("_", " ").strip().casefold()
    known = {text for each in DOINGS.values() if each.symmetric for text in (each.word, each.said)}
    if name in SAID | {text.replace("_", " ") for text in known}:
        return True
    rule = definition.strip()
    return bool(RULE.fullmatch(rule)) and " and " not in rule and " while " not in rule


def directed(bouts: Bouts) -> bool:
    """Whether it is done to another one, so that only who does it is credited."""
    given = any(target is not None for _, target in bouts.pairs)
    return given and not mutual(bouts.behaviour, bouts.definition)


def acted_in(
    seen: Overview,
    filters: Filters,
    names: Sequence[str],
    step: Step | None = None,
    whole: bool = False,
) -> Iterator[tuple[str, list[Bouts]]]:
    """The behaviours of videos, mutual ones credited to both, of the animals that are shown.

    whole: only what each video was watched to the end for.
    """
    everybody = replace(filters, by="", group=(), animal=())
    shown = seen.shown(filters)
    for name, kept in kept_in(seen, everybody, names, step, whole):
        animals = shown.get(name, ())
        yield name, [only_of(both_ways(bouts), animals) for bouts, _, _ in kept] if animals else []


def acted_of(seen: Overview, filters: Filters, name: str) -> list[Bouts]:
    """The same of one video."""
    return next(kept for _, kept in acted_in(seen, filters, [name]))


def both_ways(bouts: Bouts) -> Bouts:
    """A mutual behaviour with every bout of a pair for the other one, too; others as they are."""
    if not mutual(bouts.behaviour, bouts.definition):
        return bouts
    pairs, unknown = list(bouts.pairs), dict(bouts.unknown)
    rows = list(zip(bouts.pair_index, bouts.start_frame, bouts.stop_frame, strict=True))
    by_pair: dict[Pair, list[tuple[int, int]]] = {}
    for index, start, stop in rows:
        by_pair.setdefault(pairs[index], []).append((int(start), int(stop)))
    for subject, target in bouts.pairs:
        if target is None:
            continue
        other: Pair = (target, subject)
        if other not in pairs:
            pairs.append(other)
            if (subject, target) in unknown:
                unknown[other] = unknown[subject, target]
        have, place = by_pair.get(other, []), pairs.index(other)
        rows += [
            (place, start, stop)
            for start, stop in by_pair.get((subject, target), [])
            if not any(a <= stop and start <= b for a, b in have)
        ]
    return _made(bouts, pairs, rows, unknown)


def only_of(bouts: Bouts, animals: Sequence[str]) -> Bouts:
    """What these animals did, in the order of their names."""
    pairs = sorted(
        (pair for pair in bouts.pairs if pair[0] in animals),
        key=lambda pair: (natural(pair[0]), natural(pair[1] or "")),
    )
    place = {list(bouts.pairs).index(pair): k for k, pair in enumerate(pairs)}
    rows = [
        (place[index], start, stop)
        for index, start, stop in zip(
            bouts.pair_index.tolist(), bouts.start_frame, bouts.stop_frame, strict=True
        )
        if index in place
    ]
    return _made(bouts, pairs, rows, {p: m for p, m in bouts.unknown.items() if p in pairs})


def _made(bouts: Bouts, pairs: Sequence[Pair], rows: Sequence[tuple], unknown: dict) -> Bouts:
    """The bouts with other pairs and rows; who has a partner needs no line without one."""
    paired = {subject for subject, target in pairs if target is not None}
    used = {pairs[row[0]] for row in rows}
    kept = [p for p in pairs if p[1] is not None or p in used or p[0] not in paired]
    index = [kept.index(pairs[row[0]]) for row in rows]
    table = np.array(
        sorted((start, stop, k) for k, (_, start, stop) in zip(index, rows, strict=True)),
        dtype=np.int64,
    ).reshape(-1, 3)
    return replace(
        bouts, pairs=tuple(kept), pair_index=table[:, 2], start_frame=table[:, 0],
        stop_frame=table[:, 1], unknown={p: m for p, m in unknown.items() if p in kept},
    )  # fmt: skip
