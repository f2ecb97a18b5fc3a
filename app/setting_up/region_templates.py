"""Regions of common apparatus, built from its measures, named as the assays look for them.

A template is made in cm around its own middle; `place` puts it on a picture. The measures that
each starts with are those of `assets/assays/`, where their sources are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from app.errors import AppError
from app.setting_up.region_grids import GRIDS
from app.setting_up.region_parts import Measure, Point, Template, box, disc
from storage.regions import Region


def _open_field(
    width: float, height: float, centre_percent: float, corner: float, border: float
) -> list[Region]:
    """The floor, its middle of the same shape, squares in the corners, and a strip at the wall."""
    x, y = width / 2, height / 2
    share = math.sqrt(centre_percent / 100)
    found = [box("arena", -x, -y, x, y, "arena")]
    found.append(box("centre", -x * share, -y * share, x * share, y * share, "region"))
    if corner > min(x, y) or border >= min(x, y):
        raise AppError("The corners and the border must fit into the arena: make them smaller.")
    if corner:
        for side, left in (("left", -x), ("right", x - corner)):
            for end, top in (("top", -y), ("bottom", y - corner)):
                name = f"corner {end} {side}"
                found.append(box(name, left, top, left + corner, top + corner, "region"))
    if border:
        found.append(_ring("border", (x, y), (x - border, y - border)))
    return found


def _ring(name: str, outer: Point, inner: Point) -> Region:
    """The strip between two rectangles as one outline: out, across, back on the inside, across."""
    around = [(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]
    out = [(i * outer[0], j * outer[1]) for i, j in around]
    back = [(i * inner[0], j * inner[1]) for i, j in reversed(around)]
    return Region(name, "polygon", "region", (*out, *back))


def _plus_maze(arm_length: float, arm_width: float) -> list[Region]:
    """Open arms left and right, closed arms above and below; turn it as your maze stands."""
    near, far = arm_width / 2, arm_width / 2 + arm_length
    return [
        box("open left", -far, -near, -near, near, "region"),
        box("open right", near, -near, far, near, "region"),
        box("closed top", -near, -far, near, -near, "region"),
        box("closed bottom", -near, near, near, far, "region"),
        box("centre", -near, -near, near, near, "region"),
    ]


def _three_chamber(
    chamber_width: float, chamber_height: float, cup_across: float, cup_from_wall: float
) -> list[Region]:
    """Three chambers in a row, a cup in each outer one, its middle so far from the outer wall."""
    x, y = chamber_width / 2, chamber_height / 2
    cup = 3 * x - cup_from_wall
    if not cup_across / 2 <= cup_from_wall <= chamber_width - cup_across / 2 or cup_across > 2 * y:
        raise AppError("The cups must stand inside the outer chambers: check their measures.")
    return [
        box("social", -3 * x, -y, -x, y, "region"),
        box("middle", -x, -y, x, y, "region"),
        box("empty", x, -y, 3 * x, y, "region"),
        disc("social cup", -cup, 0, cup_across),
        disc("empty cup", cup, 0, cup_across),
    ]


def _novel_object(
    width: float, height: float, object_across: float, object_from_wall: float
) -> list[Region]:
    """The floor with two objects along its upper wall, the novel one on the left."""
    x, y = width / 2 - object_from_wall, object_from_wall - height / 2
    if x < object_across / 2 or object_from_wall < object_across / 2:
        raise AppError("The objects must stand inside the arena, apart: check their measures.")
    return [
        box("arena", -width / 2, -height / 2, width / 2, height / 2, "arena"),
        disc("novel", -x, y, object_across),
        disc("familiar", x, y, object_across),
    ]


_FLOOR = (Measure("width", "Arena width", 40.0), Measure("height", "Arena height", 40.0))
TEMPLATES = {
    one.name: one
    for one in (
        Template("open_field", "Open field", (
            *_FLOOR, Measure("centre_percent", "Centre, share of area", 100 / 9, "%", 1.0, 99.0),
            Measure("corner", "Corner squares", 0.0, least=0.0),
            Measure("border", "Border along the wall", 0.0, least=0.0),
        ), _open_field),
        Template("plus_maze", "Elevated plus maze", (
            Measure("arm_length", "Arm length", 30.0), Measure("arm_width", "Arm width", 5.0),
        ), _plus_maze),
        Template("three_chamber", "Three chambers", (
            Measure("chamber_width", "Chamber width", 20.0),
            Measure("chamber_height", "Chamber height", 40.0),
            Measure("cup_across", "Cup, across", 10.0),
            Measure("cup_from_wall", "Cup's middle from the wall", 8.0),
        ), _three_chamber),
        Template("novel_object", "Novel object", (
            *_FLOOR, Measure("object_across", "Object, across", 5.0),
            Measure("object_from_wall", "Object's middle from the walls", 10.0),
        ), _novel_object),
    )
}  # fmt: skip
EVERY = {**TEMPLATES, **GRIDS}


def template_regions(name: str, measures: Mapping[str, float] | None = None) -> list[Region]:
    """The regions of a template in cm around its middle, with some measures of one's own.

    >>> [region.name for region in template_regions("plus_maze", {"arm_length": 35})]
    ['open left', 'open right', 'closed top', 'closed bottom', 'centre']
    """
    if name not in EVERY:
        raise AppError(f"There is no template {name!r}: choose one of {', '.join(EVERY)}.")
    chosen = EVERY[name]
    known = {one.key: one for one in chosen.measures}
    values = {key: one.value for key, one in known.items()}
    for key, value in (measures or {}).items():
        if key not in known:
            raise AppError(f"{name} has no measure {key!r}: it has {', '.join(known)}.")
        one = known[key]
        if not one.least <= value <= one.most:
            raise AppError(
                f"{one.label} ({key}) is {value:g} {one.unit}: give {one.least:g} to {one.most:g}."
            )
        if not one.unit and value != int(value):
            raise AppError(f"{one.label} ({key}) is {value:g}: give a whole number.")
        values[key] = float(value)
    return chosen.build(**values)


def place(
    found: Sequence[Region], middle: Point, scale: Point, turn_deg: float = 0.0
) -> list[Region]:
    """A template on the picture: `scale` px per cm across and down, turned, middle in px.

    turn_deg: counter-clockwise on the screen. A circle stays one: its size goes by the mean scale.

    >>> place([disc("cup", 2, 0, 2)], (100, 50), (10, 10), 90)[0].points
    ((100.0, 30.0), (100.0, 20.0))
    """
    cosine, sine = math.cos(math.radians(turn_deg)), math.sin(math.radians(turn_deg))

    def put(point: Sequence[float]) -> Point:
        x, y = point[0] * scale[0], point[1] * scale[1]
        return (
            round(middle[0] + x * cosine + y * sine, 3),
            round(middle[1] - x * sine + y * cosine, 3),
        )

    def putdisc(region: Region) -> tuple[Point, Point]:
        centre, rim = region.points
        mean = math.sqrt(abs(scale[0] * scale[1]))
        x, y = put(centre)
        right, down = (mean * (rim[i] - centre[i]) for i in (0, 1))
        return (x, y), (
            round(x + right * cosine + down * sine, 3), round(y - right * sine + down * cosine, 3)
        )  # fmt: skip

    return [
        replace(one, points=putdisc(one) if one.kind == "circle" else tuple(map(put, one.points)))
        for one in found
    ]


def size_of(found: Sequence[Region]) -> Point:
    """Width and height of a template that is centred on (0, 0), in its unit."""
    reach = [0.0, 0.0]
    for one in found:
        radius = math.dist(*one.points) if one.kind == "circle" else 0.0
        for point in one.points[:1] if radius else one.points:
            reach = [max(reach[i], abs(point[i]) + radius) for i in (0, 1)]
    return 2 * reach[0], 2 * reach[1]


def start_scale(found: Sequence[Region], px_per_cm: float | None, size: tuple[int, int]) -> float:
    """px per cm to begin with: the video's own scale, else so that three quarters are filled."""
    width, height = size_of(found)
    return px_per_cm or 0.75 * min(size[0] / width, size[1] / height)
