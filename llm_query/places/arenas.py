"""Regions that move with an animal, lines that are crossed, and regions that overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Unpack

import numpy as np

from llm_query.bouts import Bouts, Pair
from llm_query.checks import check_number
from llm_query.errors import QueryError
from llm_query.geometry import MovingRegion, Region
from llm_query.individual.kinematics import heading
from llm_query.places.line_crossings import crosses as crosses  # registers the word
from llm_query.places.region_masks import raster
from llm_query.places.region_rules import Inside, Names, find_names, locate
from llm_query.places.visit_rows import all_regions
from llm_query.places.zones import in_region
from llm_query.recording import Recording
from llm_query.vocabulary import word

if TYPE_CHECKING:
    import pandas as pd

OFF_GRID = 0.381966  # so that borders drawn in whole pixels pass between the pixels' middles


@word()
def region_around(
    recording: Recording,
    animal: str,
    radius: float | None = None,
    point: str = "centre",
    *,
    shape: Sequence[Sequence[float]] | None = None,
    name: str | None = None,
) -> Recording:
    """The recording with one more region: one that moves with an animal or a tracked object.

    radius: of a circle around the body point, in cm (px uncalibrated). shape: instead, the corners
    (x ahead, y to its right) of a polygon that turns with the animal's heading, such as what lies
    before its nose. name: of the new region, by default "around animal1". Every word that takes a
    region takes it; where the animal is unseen, nobody is known to be inside or outside.

    Source: ours; EthoVision and ANY-maze have zones that follow an animal.

    >>> recording = region_around(example_recording(), "animal2", 5)
    >>> in_region(recording, "animal1", "around animal2").start_s.round(3).tolist()
    [2.9]
    """
    called = name or f"around {animal}"
    if called in recording.regions:
        raise QueryError(f'There is a region "{called}" already: give another name.')
    path = locate(recording, animal, point)
    if (radius is None) == (shape is None):
        raise QueryError("region_around() needs either a radius or a shape.")
    place: Region
    if shape is not None:
        try:
            corners = np.array(shape, dtype=float).reshape(-1, 2)
        except (TypeError, ValueError):
            corners = np.empty((0, 2))
        if len(corners) < 3 or not np.isfinite(corners).all():
            raise QueryError(f"shape is three or more corners (x, y), not {shape!r}.")
        turn = heading(recording, animal)
        place = MovingRegion(called, "polygon", corners, path=path, turn_deg=turn)
    else:
        check_number("radius", radius, recording.unit)
        if not (radius or 0) > 0:
            raise QueryError(f"radius is a length above 0 in {recording.unit}, not {radius:g}.")
        rim = np.array([[0.0, 0.0], [float(radius or 0), 0.0]])
        place = MovingRegion(called, "circle", rim, path=path)
    return replace(recording, regions={**recording.regions, called: place})


@word("s")
def in_reach(
    recording: Recording,
    animal: str,
    of: str,
    radius: float,
    point: Names = "centre",
    of_point: str = "centre",
    **rule: Unpack[Inside],
) -> Bouts:
    """Bouts in which the animal is inside a circle that moves with another animal or an object.

    of: who carries the circle. radius: in cm (px uncalibrated), around of_point. point and rule: as
    in in_region, so that entries can have margins and shortest times. Unknown where either is
    unseen. The target is the one that carries the circle.

    Source: ours; proximity in EthoVision, with the entry rules of a zone.

    >>> in_reach(example_recording(), "animal1", "animal2", 5).start_s.round(3).tolist()
    [2.9]
    """
    if animal == of:
        raise QueryError(f"{animal} is always within its own reach: name another animal.")
    around = region_around(recording, of, radius, of_point, name=f"reach of {of}")
    found = in_region(around, animal, f"reach of {of}", point, **rule)
    text = f"{found.definition}, a circle of {radius:g} {recording.unit} around its {of_point}"
    pair: Pair = (animal, of)
    unknown = {pair: found.unknown[animal, None]} if found.unknown else {}
    found = found.named(f"within {radius:g} {recording.unit}", text)
    return replace(found, pairs=(pair,), unknown=unknown)


@word()
def overlapping_regions(recording: Recording, regions: Names | None = None) -> pd.DataFrame:
    """Table of the regions that cover the same ground, so that time in them counts in both.

    regions: names; by default all but the arena. One row per pair that overlaps: region_a,
    region_b, shared_area_cm2 (px2 uncalibrated) and share_of_smaller, of the smaller one's area
    (0 to 1). No rows: they can be added up. Areas are counted in pixels; regions that only share a
    border do not overlap. Regions that move are left out.

    Source: ours; a sum over overlapping zones counts time twice, silently in other tools.

    >>> overlapping_regions(example_recording(), ["corner", "box"])["share_of_smaller"].tolist()
    [1.0]
    """
    import pandas as pd

    names = all_regions(recording) if regions is None else find_names(regions)
    places = [recording.region(name) for name in names]
    rows = []
    drawn = [place for place in places if place.has_inside and not place.moves]
    masks = _masks(recording, drawn)
    area = recording.scale**2
    for i, a in enumerate(drawn):
        for j in range(i + 1, len(drawn)):
            shared = int((masks[i] & masks[j]).sum())
            if shared:
                smaller = min(int(masks[i].sum()), int(masks[j].sum()))
                rows.append((a.name, drawn[j].name, shared * area, shared / smaller))
    columns = ["region_a", "region_b", f"shared_area_{recording.unit}2", "share_of_smaller"]
    return pd.DataFrame(rows, columns=columns)


def _masks(recording: Recording, places: Sequence[Region]) -> list[np.ndarray]:
    """Each region's pixels, all on one picture that just holds them."""
    in_px = [place.scaled(1 / recording.scale) for place in places]
    if not in_px:
        return []
    reach = [
        float(np.hypot(*(p.points[1] - p.points[0]))) if p.kind == "circle" else 0.0 for p in in_px
    ]
    ends = [(p.points[:1] if r else p.points) for p, r in zip(in_px, reach, strict=True)]
    low = np.min([e.min(axis=0) - r for e, r in zip(ends, reach, strict=True)], axis=0)
    high = np.max([e.max(axis=0) + r for e, r in zip(ends, reach, strict=True)], axis=0)
    corner = np.floor(low) - 1 + OFF_GRID
    width, height = (np.ceil(high - corner) + 1).astype(int)
    return [raster(place, corner, (height, width)) for place in in_px]
