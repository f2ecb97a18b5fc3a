"""Which regions of a video are arenas to be tracked one by one, and how many animals live in each.

Two or more drawn arenas are tracked each on its own. One alone is the floor of an open field as
templates draw it, which a rearing animal reaches beyond, so it changes nothing unless asked for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

from app.errors import AppError
from app.setting_up.region_files import outline, read_geojson
from storage.regions import Region, regions
from storage.study import DATABASE, open_study
from storage.videos import videos
from tracking.arenas.division import Arena, Arenas

DRAWN, NONE = "drawn", "none"
SEVERAL = 2  # arenas on a video mean that each is tracked on its own
FILES = (".geojson", ".json")
WITH_AREA = ("polygon", "rectangle", "circle")


def chosen_arenas(drawn: Sequence[Region], asked: str | None = None) -> list[Region]:
    """The regions to track one by one, in the order people count them; none for the whole picture.

    `drawn` are the regions of the video. `asked` is a file of regions, names with * and ? (with
    commas between them), "drawn", "none", or None for what the regions themselves suggest.
    """
    own = [one for one in drawn if one.role == "arena" and one.kind in WITH_AREA]
    if asked == NONE or (asked is None and len(own) < SEVERAL):
        return []
    if asked is None or asked == DRAWN:
        found = own
    elif Path(asked).suffix.lower() in FILES:
        found = _of_file(Path(asked))
    else:
        found = _named(drawn, asked)
    if not found:
        raise AppError("No arena is drawn on this video: draw some on the Set up page, or give "
                       "--arenas a file of regions.")  # fmt: skip
    return sorted((replace(one, role="arena") for one in found), key=_as_counted)


def arenas_in(study: Path) -> bool:
    """Whether arenas are drawn on any video of a study that is there."""
    if not (study / DATABASE).exists():
        return False
    with open_study(study) as opened:
        return any(
            chosen_arenas(regions(opened, one.video_id)) for one in videos(opened)
        )  # fmt: skip


def _of_file(file: Path) -> list[Region]:
    """The arenas of a file, or all its regions when none is called one."""
    try:
        found = [one for one in read_geojson(file) if one.kind in WITH_AREA]
    except OSError as error:
        raise AppError(f"{file} cannot be read: {error.strerror or error}.") from error
    if not found:
        raise AppError(f"{file} has no polygon, rectangle or circle that could be an arena.")
    return [one for one in found if one.role == "arena"] or found


def _named(drawn: Sequence[Region], asked: str) -> list[Region]:
    found: dict[str, Region] = {}
    for pattern in (part.strip() for part in asked.split(",")):
        fit = {one.name: one for one in drawn if fnmatchcase(one.name, pattern)}
        flat = next((one for one in fit.values() if one.kind not in WITH_AREA), None)
        if flat is not None:
            raise AppError(f"{flat.name} is a {flat.kind}: an arena is an area.")
        if not fit:
            names = ", ".join(one.name for one in drawn) or "none"
            raise AppError(f"The video has no region {pattern!r}. Its regions: {names}.")
        found |= fit
    return list(found.values())


def _as_counted(region: Region) -> list[tuple[int, str]]:
    """tube_2 before tube_10."""
    parts = re.split(r"(\d+)", region.name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def arenas_of(
    found: Sequence[Region], size: tuple[int, int], animals: int | None = None
) -> Arenas:  # fmt: skip
    """Arenas of a picture of `size`, with `animals` in all of them together.

    What a region says of its own animals holds; the others share what is left evenly, or hold one
    each when no number is given.

    >>> box = Region("a", "rectangle", "arena", ((0, 0), (9, 9)))
    >>> other = Region("b", "rectangle", "arena", ((20, 0), (29, 9)), 3)
    >>> [one.n_animals for one in arenas_of([box, other], (40, 20)).places]
    [1, 3]
    >>> [one.n_animals for one in arenas_of([box, other], (40, 20), 5).places]
    [2, 3]
    """
    known = sum(one.animals or 0 for one in found)
    open_ones = sum(one.animals is None for one in found)
    each = 1
    if animals is not None:
        left = animals - known
        each = left // open_ones if open_ones else 0
        if left != each * open_ones or (open_ones and each < 1):
            said = f", {known} of them as the regions say" if known else ""
            raise AppError(
                f"{animals} animals{said} cannot be shared evenly among {len(found)} arenas. Give "
                "how many live in all of them together, or leave the number out for one each."
            )
    # corners as a run keeps them, so that it can be repeated to the pixel
    places = tuple(
        Arena(one.name, tuple((round(x, 3), round(y, 3)) for x, y in outline(one)),
              one.animals or each)
        for one in found
    )  # fmt: skip
    return Arenas(places, *size)


def spoken_arenas(arenas: Arenas) -> str:
    """What is tracked, in words.

    >>> square = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0))
    >>> spoken_arenas(Arenas((Arena("a", square), Arena("b", square, 2)), 40, 20))
    '2 arenas, each on its own, 3 animals in all'
    """
    count = len(arenas.places)
    each = {place.n_animals for place in arenas.places}
    many = f"{count} arena{'' if count == 1 else 's'}, each on its own"
    if len(each) > 1:
        return f"{many}, {arenas.n_animals} animals in all"
    number = each.pop()
    return f"{many}, {number} animal{'' if number == 1 else 's'} in each"


def record_of(arenas: Arenas) -> list[list[object]]:
    """Arenas as settings of a run keep them: name, number of animals, corners in px."""
    return [
        [place.name, place.n_animals, [list(corner) for corner in place.outline]]
        for place in arenas.places
    ]
