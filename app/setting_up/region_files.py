"""Regions of videos by hand and from GeoJSON files, for work without a browser."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.errors import AppError
from app.server.identity import typed_name
from app.setting_up.region_templates import place, template_regions
from storage.edit_setup import region_record
from storage.edits import apply
from storage.regions import Region, check_region, regions
from storage.study import Study, StudyError, open_study
from storage.videos import Video, find_video, videos

Points = tuple[tuple[float, float], ...]

# GeoJSON has no circle and no rectangle: they travel as polygons with their kind beside them.
_GEOMETRY = {
    "polygon": "Polygon",
    "rectangle": "Polygon",
    "circle": "Polygon",
    "line": "LineString",
    "point": "Point",
}
_CIRCLE_CORNERS = 64
FURTHEST = 1e6  # px from the corner of a picture; what is further away is not in pixels


def parse_points(text: str) -> Points:
    """Read "x,y x,y" in px.

    >>> parse_points("0,0 200,150.5")
    ((0.0, 0.0), (200.0, 150.5))
    """
    points = []
    for pair in text.replace(";", " ").split():
        numbers = pair.split(",")
        try:
            x, y = (float(number) for number in numbers)
        except ValueError:
            raise AppError(
                f'{pair!r} is not a point: write x,y pairs as in "0,0 200,150".'
            ) from None
        points.append((x, y))
    return tuple(points)


def regions_of(study: Path, video: str | None = None) -> list[tuple[str, Region]]:
    """Every region with the name of its video."""
    with open_study(study) as opened:
        return [
            (one.name, region)
            for one in _chosen(opened, video)
            for region in regions(opened, one.video_id)
        ]


def add_region(
    study: Path, video: str | None, name: str, kind: str, role: str, points: Points,
    animals: int | None = None,
) -> int:  # fmt: skip
    """Add one region to a video or to all of them; return to how many."""
    with open_study(study, write=True) as opened:
        return _save(opened, video, [Region(name, kind, role, points, animals)])


def remove_region(study: Path, video: str | None, name: str) -> int:
    """Take a region out of a video or of all that have it; return of how many."""
    with open_study(study, write=True) as opened:
        having = [
            one
            for one in _chosen(opened, video)
            if any(region.name == name for region in regions(opened, one.video_id))
        ]
        for one in having:
            _edit(opened, one, "regions.delete", {"name": name})
        return len(having)


def import_file(study: Path, video: str | None, file: Path) -> int:
    """Add the regions of a GeoJSON file to a video or to all of them; return how many it has."""
    found = read_geojson(file)
    with open_study(study, write=True) as opened:
        _save(opened, video, found)
    return len(found)


def export_file(study: Path, video: str | None, file: Path) -> int:
    """Write the regions of one video as GeoJSON; return how many."""
    with open_study(study) as opened:
        chosen = _chosen(opened, video)
        if len(chosen) > 1:
            names = ", ".join(one.name for one in chosen)
            raise AppError(f"The study has several videos ({names}): say which one with --video.")
        found = regions(opened, chosen[0].video_id)
    file.write_text(as_geojson(found), encoding="utf-8")
    return len(found)


def as_geojson(found: Sequence[Region]) -> str:
    """Regions as the text of a GeoJSON file, coordinates in px, y down."""
    collection = {"type": "FeatureCollection", "features": [_feature(one) for one in found]}
    return json.dumps(collection, indent=1, ensure_ascii=False) + "\n"


def add_template(
    study: Path, video: str, name: str, middle: tuple[float, float] | None = None,
    turn_deg: float = 0.0, px_per_cm: float | None = None,
    measures: Mapping[str, float] | None = None, *, force: bool = False,
) -> list[str]:  # fmt: skip
    """Put the regions of a template on a video, as one edit; return their names.

    middle: of the apparatus, px; by default that of the picture. px_per_cm: by default the video's
    own scale. force: replace regions of the same names.
    """
    made = template_regions(name, measures)
    with open_study(study, write=True) as opened:
        about = find_video(opened, video)
        scale = px_per_cm or about.px_per_cm
        if scale is None:
            raise AppError(
                f"{about.name} has no scale, so a template in cm cannot be put on it: give "
                "--px-per-cm, or set the scale on the Set up page."
            )
        x, y = middle or ((about.width - 1) / 2, (about.height - 1) / 2)
        if not (0 <= x <= about.width and 0 <= y <= about.height):
            raise AppError(
                f"{x:g},{y:g} is outside the picture of {about.name}, {about.width} x "
                f"{about.height} px: give the middle of the apparatus in px."
            )
        placed = place(made, (x, y), (scale, scale), turn_deg)
        drawn = {region.name for region in regions(opened, about.video_id)}
        twice = [one.name for one in placed if one.name in drawn]
        if twice and not force:
            raise AppError(
                f"{about.name} already has {', '.join(map(repr, twice))}: --force replaces "
                f"{'it' if len(twice) == 1 else 'them'}."
            )
        put_regions(opened, about, placed)
    return [one.name for one in placed]


def read_geojson(file: Path) -> list[Region]:
    """Read the features of a GeoJSON file as regions, coordinates in px, y down."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise AppError(f"{file} is no GeoJSON file ({error}).") from error
    return parse_geojson(text, str(file))


def parse_geojson(text: str, file: str) -> list[Region]:
    """Read the features of a GeoJSON text as regions; `file` is what messages call it.

    Regions that cannot be stored are refused here, and not after hours of tracking.
    """
    try:
        record = json.loads(text.removeprefix("\ufeff"))
    except (json.JSONDecodeError, RecursionError) as error:
        raise AppError(f"{file} is no GeoJSON file ({error}).") from error
    if not isinstance(record, dict):
        raise AppError(f"{file} is no GeoJSON file: it holds no Feature or FeatureCollection.")
    features = record.get("features") if record.get("type") == "FeatureCollection" else [record]
    if not isinstance(features, list):
        raise AppError(f"{file} is no GeoJSON file: its features are no list.")
    return [_read(feature, number, file) for number, feature in enumerate(features, 1)]


def _read(feature: Any, number: int, file: str) -> Region:
    """One feature as a region; AppError where it can be none."""
    try:
        region = _region(feature, number)
    except (AttributeError, KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        raise AppError(
            f"{file}: feature {number} is no region: each needs a name in its properties and a "
            "Point, LineString or Polygon of x, y pairs in px; animals is a whole number."
        ) from error
    try:
        check_region(region)
    except StudyError as error:
        raise AppError(f"{file}: {error}") from error
    furthest = max(abs(value) for point in region.points for value in point)
    if furthest > FURTHEST:
        raise AppError(
            f"{file}: Region '{region.name}' reaches to {furthest:g} px: draw it on the picture."
        )
    return region


def _chosen(study: Study, video: str | None) -> list[Video]:
    if video is not None:
        return [find_video(study, video)]
    found = videos(study)
    if not found:
        raise AppError(f"The study {study.folder} has no video yet: track one first.")
    return found


def _save(study: Study, video: str | None, found: Sequence[Region]) -> int:
    chosen = _chosen(study, video)
    for one in chosen:
        put_regions(study, one, found)
    return len(chosen)


def put_regions(study: Study, video: Video, found: Sequence[Region]) -> None:
    """Add regions as one edit that can be taken back; one of the same name is replaced."""
    data = {"regions": [region_record(one) for one in found], "replace": True}
    _edit(study, video, "regions.put", data)


def _edit(study: Study, video: Video, kind: str, data: dict[str, Any]) -> None:
    done = apply(study, video.video_id, kind, data, author=typed_name({}))
    if done.error is not None:
        raise AppError(done.error)


def _feature(region: Region) -> dict[str, Any]:
    points = [list(point) for point in region.points]
    ring = [list(point) for point in outline(region)]
    geometry = _GEOMETRY[region.kind]
    coordinates: Any = points[0] if geometry == "Point" else points
    if geometry == "Polygon":
        coordinates = [[*ring, ring[0]]]
    animals = {} if region.animals is None else {"animals": region.animals}
    return {
        "type": "Feature",
        "properties": {
            "name": region.name, "role": region.role, "kind": region.kind, "points": points,
            **animals,
        },
        "geometry": {"type": geometry, "coordinates": coordinates},
    }  # fmt: skip


def outline(region: Region) -> Points:
    """The corners of a region as a polygon, px; a circle becomes 64 of them."""
    if region.kind == "rectangle":
        (x0, y0), (x1, y1) = region.points
        return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
    if region.kind == "circle":
        (x, y), rim = region.points
        radius = math.dist((x, y), rim)
        turns = [2 * math.pi * k / _CIRCLE_CORNERS for k in range(_CIRCLE_CORNERS)]
        return tuple((x + radius * math.cos(t), y + radius * math.sin(t)) for t in turns)
    return tuple((x, y) for x, y in region.points)


def _region(feature: dict[str, Any], number: int) -> Region:
    properties = feature.get("properties") or {}
    geometry = feature["geometry"]
    shape, coordinates = geometry["type"], geometry["coordinates"]
    kinds = {"Point": "point", "LineString": "line", "Polygon": "polygon"}
    kind = properties.get("kind") or kinds[shape]
    if "kind" in properties and "points" in properties:
        points = properties["points"]
    elif shape == "Polygon":
        ring = coordinates[0]
        kind, points = "polygon", ring[:-1] if ring[0] == ring[-1] else ring
    else:
        points = [coordinates] if shape == "Point" else coordinates
    return Region(
        str(properties.get("name") or f"region{number}"),
        str(kind),
        str(properties.get("role") or "region"),
        tuple((float(x), float(y)) for x, y, *_ in points),
        _whole(properties.get("animals")),
    )


def _whole(animals: Any) -> int | None:
    """How many animals a file says, if it does; ValueError where that is no whole number."""
    if animals is None:
        return None
    if float(animals) != int(float(animals)):
        raise ValueError(animals)
    return int(float(animals))
