"""To which side of a region an animal is, and from which side it comes, as seen on the screen."""

from __future__ import annotations

import numpy as np

from llm_query.bouts import Bouts
from llm_query.checks import check_bouts
from llm_query.errors import QueryError
from llm_query.places.region_rules import locate
from llm_query.recording import Recording
from llm_query.states import bouts_where
from llm_query.vocabulary import word

SIDES = {side: side for side in ("left", "right", "above", "below")}
SIDES |= {"top": "above", "bottom": "below"}  # as people say it of a picture


def box_of(recording: Recording, region: str) -> tuple[float, float, float, float]:
    """Give a region's smallest x and y and largest x and y, in the recording's unit."""
    place = recording.region(region)
    if place.moves:
        raise QueryError(f'"{region}" moves, so it has no fixed sides. Ask with one that stays.')
    if place.kind == "circle":
        radius = float(np.hypot(*(place.points[1] - place.points[0])))
        (x, y) = place.points[0]
        return float(x - radius), float(y - radius), float(x + radius), float(y + radius)
    low, high = place.points.min(axis=0), place.points.max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def beyond(recording: Recording, position: np.ndarray, region: str, side: str) -> np.ndarray:
    """Tell for (n, 2) positions whether they are left, right, above or below a region's box."""
    if not isinstance(side, str) or side not in SIDES:
        raise QueryError(f"side is left, right, above or below, not {side!r}.")
    x0, y0, x1, y1 = box_of(recording, region)
    x, y = position[:, 0], position[:, 1]
    with np.errstate(invalid="ignore"):
        found = {"left": x < x0, "right": x > x1, "above": y < y0, "below": y > y1}
    return found[SIDES[side]]


@word("s")
def beside(
    recording: Recording, animal: str, region: str, side: str, point: str = "centre"
) -> Bouts:
    """Give the bouts in which an animal is wholly to one side of a region, seen on the screen.

    side: left, right, above or below. point: body point. Beyond the region's outermost edge on
    that side of the picture; unseen is neither.

    Source: ours, the plain words of a person looking at the screen.

    >>> beside(example_recording(), "animal1", "corner", "left").total_s
    2.5
    """
    position = locate(recording, animal, point)
    there = beyond(recording, position, region, side)
    where = {"left": "left of", "right": "right of"}.get(SIDES[side], SIDES[side])
    return bouts_where(
        recording, there, animal,
        known=np.isfinite(position).all(axis=1), behaviour=f"{where} {region}",
        definition=f'{point} {where} the outermost edge of "{region}"',
    )  # fmt: skip


@word()
def from_side(
    recording: Recording,
    crossings: Bouts,
    animal: str,
    region: str,
    side: str,
    point: str = "centre",
) -> Bouts:
    """Keep the entries (or exits) that come from (or go to) one side of the region.

    crossings: from enters() or leaves(). side: left, right, above or below, as in beside, where the
    animal was last seen before an entry, or is first seen after an exit.

    Source: ours, as beside.

    >>> recording = example_recording()
    >>> entries = enters(recording, "animal1", "corner")
    >>> from_side(recording, entries, "animal1", "corner", "left").count
    1
    """
    check_bouts("crossings", crossings)
    position = locate(recording, animal, point)
    outside = beyond(recording, position, region, side)
    frames = np.flatnonzero(np.isfinite(position).all(axis=1))
    entering = crossings.behaviour.startswith("enters")
    before = frames[np.maximum(np.searchsorted(frames, crossings.start_frame) - 1, 0)]
    rows = outside[before if entering else crossings.start_frame]
    words = {"below": "bottom", "above": "top"}.get(SIDES[side], side)
    link = "from" if entering else "to"
    return crossings.keep(rows).named(
        f"{crossings.behaviour} {link} the {words}",
        f"{crossings.definition}, {link} beyond its {words} edge",
    )
