"""Regions of videos by hand and from GeoJSON files, for work without a browser."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.errors import AppError
from storage.regions import Region, delete_region, regions, save_region
from storage.study import Study, open_study
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
    study: Path, video: str | None, name: str, kind: str, role: str, points: Points
) -> int:
    """Add one region to a video or to all of them; return to how many."""
    with open_study(study, write=True) as opened:
        return _save(opened, video, [Region(name, kind, role, points)])


def remove_region(study: Path, video: str | None, name: str) -> int:
    """Take a region out of a video or of all that have it; return of how many."""
    with open_study(study, write=True) as opened:
        having = [
            one
            for one in _chosen(opened, video)
            if any(region.name == name for region in regions(opened, one.video_id))
        ]
        for one in having:
            delete_region(opened, one.video_id, name)
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
    collection = {"type": "FeatureCollection", "features": [_feature(one) for one in found]}
    file.write_text(json.dumps(collection, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return len(found)


def read_geojson(file: Path) -> list[Region]:
    """Read the features of a GeoJSON file as regions, coordinates in px, y down."""
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        features = record["features"] if record["type"] == "FeatureCollection" else [record]
        return [_region(feature, number) for number, feature in enumerate(features, 1)]
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise AppError(f"{file} is no GeoJSON file ({error}).") from error
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise AppError(
            f"{file} has a feature that is no region ({error!r}): each needs a name in its "
            "properties and a Point, LineString or Polygon."
        ) from error


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
        for region in found:
            save_region(study, one.video_id, region)
    return len(chosen)


def _feature(region: Region) -> dict[str, Any]:
    points = [list(point) for point in region.points]
    ring = [list(point) for point in outline(region)]
    geometry = _GEOMETRY[region.kind]
    coordinates: Any = points[0] if geometry == "Point" else points
    if geometry == "Polygon":
        coordinates = [[*ring, ring[0]]]
    return {
        "type": "Feature",
        "properties": {
            "name": region.name, "role": region.role, "kind": region.kind, "points": points
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
        kind, points = "polygon", coordinates[0][:-1]
    else:
        points = [coordinates] if shape == "Point" else coordinates
    return Region(
        str(properties.get("name") or f"region{number}"),
        str(kind),
        str(properties.get("role") or "region"),
        tuple((float(x), float(y)) for x, y, *_ in points),
    )
