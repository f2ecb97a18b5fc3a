"""Places drawn on a video: regions, objects, the arena."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from storage.study import Study, StudyError
from storage.videos import find_video

# How many positions each kind needs: at least, at most.
KINDS = {
    "polygon": (3, None),
    "rectangle": (2, 2),
    "circle": (2, 2),
    "point": (1, 1),
    "line": (2, None),
}
ROLES = ("region", "object", "arena")
LONGEST_NAME = 200
MOST_ANIMALS = 1000  # in one arena


@dataclass(frozen=True)
class Region:
    """A place; circle: centre and a rim point, rectangle: two opposite corners."""

    name: str
    kind: str  # one of KINDS
    role: str = "region"  # one of ROLES
    points: Sequence[tuple[float, float]] = ()  # (x, y), px
    animals: int | None = None  # that live in this arena; None when that was not said


def save_region(study: Study, video_id: int, region: Region) -> None:
    """Add a region to a video, or replace the one of the same name."""
    find_video(study, video_id)
    region = check_region(region)
    name, points = region.name.strip(), [list(point) for point in region.points]
    study.rows("DELETE FROM regions WHERE video_id = ? AND name = ?", [video_id, name])
    study.rows(
        "INSERT INTO regions (video_id, name, kind, role, points, animals) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        [video_id, name, region.kind, region.role, json.dumps(points), region.animals],
    )


def regions(study: Study, video_id: int) -> list[Region]:
    """The regions of a video, in the order of their names."""
    rows = study.rows(
        "SELECT name, kind, role, points, animals FROM regions WHERE video_id = ? ORDER BY name",
        [video_id],
    )
    return [
        Region(name, kind, role, tuple((x, y) for x, y in json.loads(points)), animals)
        for name, kind, role, points, animals in rows
    ]


def delete_region(study: Study, video_id: int, name: str) -> None:
    """Take a region off a video."""
    known = [region.name for region in regions(study, video_id)]
    if name not in known:
        raise StudyError(
            f"Video {video_id} has no region '{name}'. It has: {', '.join(known) or 'none'}."
        )
    study.rows("DELETE FROM regions WHERE video_id = ? AND name = ?", [video_id, name])


def check_region(region: Region) -> Region:
    """Itself with whole numbers as floats; StudyError when it cannot be a region."""
    if not region.name.strip():
        raise StudyError("A region needs a name.")
    if len(region.name) > LONGEST_NAME:
        raise StudyError(f"A region's name has at most {LONGEST_NAME} characters: shorten it.")
    if region.kind not in KINDS or region.role not in ROLES:
        raise StudyError(
            f"Region '{region.name}' is a {region.kind} with role {region.role}: the kind is one "
            f"of {', '.join(KINDS)}, the role one of {', '.join(ROLES)}."
        )
    points = [(float(x), float(y)) for x, y in region.points]
    least, most = KINDS[region.kind]
    if len(points) < least or (most is not None and len(points) > most):
        raise StudyError(
            f"Region '{region.name}' has {len(points)} points: a {region.kind} needs "
            f"{least if most == least else f'at least {least}'}."
        )
    if not all(map(math.isfinite, (value for point in points for value in point))):
        raise StudyError(f"Region '{region.name}' has a point that is not a number: draw it again.")
    if region.animals is not None and not 1 <= region.animals <= MOST_ANIMALS:
        raise StudyError(
            f"Region '{region.name}' is to hold {region.animals} animals: give 1 to {MOST_ANIMALS}."
        )
    # what is no arena any more holds nobody
    animals = region.animals if region.role == "arena" else None
    return replace(region, points=tuple(points), animals=animals)
