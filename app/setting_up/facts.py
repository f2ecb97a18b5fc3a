"""How a video is set up, for the pages and the command line: regions, scale, other videos."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from app.errors import AppError
from app.library import WAIT_S, reading
from app.setting_up.arenas import chosen_arenas
from app.setting_up.region_files import outline
from app.setting_up.region_templates import EVERY, size_of, start_scale, template_regions
from storage import edits
from storage.edit_setup import region_record
from storage.regions import Region, regions
from storage.study import Study, open_study
from storage.videos import Video, find_video, videos

SCOPE = "setup"
ON_TAKEN = {
    "skip": "keep theirs, copy the others",
    "replace": "replace theirs",
    "rename": "copy under a new name",
}


@dataclass(frozen=True)
class Copied:
    """What copying did to one video."""

    video: str
    copied: int
    skipped: tuple[str, ...] = ()  # names that were there already
    scaled: bool = False


def setup_facts(study: Path, video_id: int) -> dict[str, Any]:
    """What the drawing tool must know beside the player's own facts."""
    with reading(study) as opened:
        about = find_video(opened, video_id)
        log = edits.log(opened, video_id)
        mine = log.loc[log["scope"] == SCOPE, "edit_id"]
        return {
            "edit": int(mine.max()) if len(mine) else 0,
            "siblings": [
                {"id": one.video_id, "same": _size(one) == _size(about)}
                for one in videos(opened)
                if one.video_id != video_id
            ],
            "templates": [
                {
                    "name": one.name,
                    "title": one.title,
                    "measures": [asdict(measure) for measure in one.measures],
                    "grid": one.grid,
                }
                for one in EVERY.values()
            ],
        }


def template_on(
    study: Path, video_id: int, name: str, measures: Mapping[str, float]
) -> dict[str, Any]:
    """A template in cm around its middle, and px per cm to begin with on this video."""
    found = template_regions(name, measures)
    with reading(study) as opened:
        video = find_video(opened, video_id)
    return {
        "regions": [region_record(region) for region in found],
        "size": size_of(found),
        "scale": start_scale(found, video.px_per_cm, _size(video)),
    }


def edit(study: Path, video_id: int, kind: str, data: dict[str, Any], author: str) -> dict:
    """Make one logged edit; AppError says why it was refused."""
    with open_study(study, write=True, timeout_s=WAIT_S) as opened:
        return edit_in(opened, video_id, kind, data, author)


def edit_in(study: Study, video_id: int, kind: str, data: dict[str, Any], author: str) -> dict:
    """Make one logged edit in a study that is open for writing."""
    done = edits.apply(study, video_id, kind, data, author=author)
    if done.error is not None:
        raise AppError(done.error)
    return done.result


def area_px2(region: Region) -> float | None:
    """Square pixels inside a region; None for a point or a line.

    >>> area_px2(Region("box", "rectangle", "region", ((0, 0), (20, 10))))
    200.0
    """
    if region.kind in ("point", "line"):
        return None
    if region.kind == "circle":
        return math.pi * math.dist(*region.points) ** 2
    ring = outline(region)
    pairs = zip(ring, (*ring[1:], ring[0]), strict=True)
    return abs(sum(x * v - u * y for (x, y), (u, v) in pairs)) / 2


def region_table(found: Sequence[Region], px_per_cm: float | None) -> pd.DataFrame:
    """Regions as a table: name, role, shape, area in cm2 (px2 where there is no scale), middle."""
    unit = "cm²" if px_per_cm else "px²"
    scale = px_per_cm or 1.0
    rows = []
    for region in found:
        area, ring = area_px2(region), outline(region)
        middle = region.points[:1] if region.kind == "circle" else ring
        rows.append(
            {
                "name": region.name,
                "role": role_words(region),
                "shape": region.kind,
                f"area ({unit})": None if area is None else area / scale**2,
                "middle x (px)": sum(point[0] for point in middle) / len(middle),
                "middle y (px)": sum(point[1] for point in middle) / len(middle),
            }
        )
    columns = ["name", "role", "shape", f"area ({unit})", "middle x (px)", "middle y (px)"]
    return pd.DataFrame(rows, columns=columns)


def role_words(region: Region) -> str:
    """What a region is, with how many live in it where that was said.

    >>> role_words(Region("cage", "rectangle", "arena", ((0, 0), (9, 9)), 3))
    'arena, 3 animals'
    """
    if region.animals is None:
        return region.role
    return f"{region.role}, {region.animals} animal{'' if region.animals == 1 else 's'}"


def regions_on(study: Path, video_id: int) -> list[Region]:
    """The regions of one video."""
    with reading(study) as opened:
        return regions(opened, find_video(opened, video_id).video_id)


def animals_in_arenas(study: Path, video_id: int) -> int | None:
    """How many animals live in the arenas that are tracked each on its own, one in each unless
    they say; None for a video that is tracked as a whole."""
    found = chosen_arenas(regions_on(study, video_id))
    return sum(one.animals or 1 for one in found) or None


def copy_regions(
    study: Path, source: int, targets: Sequence[int], names: Sequence[str], on_taken: str,
    author: str, *, scale: bool = False,
) -> list[Copied]:  # fmt: skip
    """Copy regions of one video to others, one logged edit each.

    on_taken: a key of ON_TAKEN, for names that a video has already. scale: stretch them to the
    size of each video; otherwise they keep their pixels.
    """
    if on_taken not in ON_TAKEN:
        raise AppError(f"{on_taken!r} is none of {', '.join(ON_TAKEN)}.")
    with open_study(study, write=True, timeout_s=WAIT_S) as opened:
        about = find_video(opened, source)
        wanted = [one for one in regions(opened, source) if one.name in set(names)]
        return [
            _copy(opened, about, wanted, find_video(opened, target), on_taken, author, scale)
            for target in targets
            if target != source
        ]


def _copy(
    study: Study, source: Video, wanted: Sequence[Region], target: Video, on_taken: str,
    author: str, scale: bool,
) -> Copied:  # fmt: skip
    differs = scale and _size(source) != _size(target)
    found = [scaled(one, _size(source), _size(target)) for one in wanted] if differs else wanted
    there = {one.name for one in regions(study, target.video_id)}
    taken = tuple(one.name for one in found if one.name in there)
    if on_taken == "skip":
        found = [one for one in found if one.name not in there]
    elif on_taken == "rename":
        found = _renamed(found, there)
    if found:
        data = {"regions": [region_record(one) for one in found], "replace": on_taken == "replace"}
        edit_in(study, target.video_id, "regions.put", data, author)
    return Copied(target.name, len(found), taken if on_taken == "skip" else (), differs)


def _renamed(found: Sequence[Region], there: set[str]) -> list[Region]:
    """The regions under names that are free."""
    taken, renamed = there | {one.name for one in found}, []
    for one in found:
        name, number = one.name, 2
        while name in there or (name != one.name and name in taken):
            name, number = f"{one.name} {number}", number + 1
        taken.add(name)
        renamed.append(replace(one, name=name))
    return renamed


def scaled(region: Region, before: tuple[int, int], after: tuple[int, int]) -> Region:
    """A region of a picture of one size on the same picture of another size.

    Whole numbers are the centres of pixels, so the edge of the picture lies at -0.5. A circle
    stays one, with the mean of both scales.

    >>> scaled(Region("p", "point", "region", ((9.5, 4.5),)), (20, 10), (40, 20)).points
    ((19.5, 9.5),)
    """
    across, down = (after[i] / before[i] for i in (0, 1))
    points = tuple(((x + 0.5) * across - 0.5, (y + 0.5) * down - 0.5) for x, y in region.points)
    if region.kind == "circle":
        (x, y), mean = points[0], math.sqrt(across * down)
        (cx, cy), (rx, ry) = region.points
        points = ((x, y), (x + (rx - cx) * mean, y + (ry - cy) * mean))
    return replace(region, points=points)


def _size(video: Video) -> tuple[int, int]:
    return video.width, video.height
