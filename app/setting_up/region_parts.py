"""What templates of apparatus are made of: their measures, boxes and discs in cm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from storage.regions import Region

Point = tuple[float, float]


@dataclass(frozen=True)
class Measure:
    """One number that a template is built from."""

    key: str
    label: str
    value: float
    unit: str = "cm"  # empty for a whole number of things
    least: float = 0.1
    most: float = 1000.0


@dataclass(frozen=True)
class Template:
    """One apparatus: what it is called, its measures, and how its regions are made from them."""

    name: str  # of the assay that runs on it; of the apparatus when its arenas are tracked
    title: str
    measures: tuple[Measure, ...]
    build: Callable[..., list[Region]]
    grid: bool = False  # arenas beside each other, with sizes that differ from maker to maker


def box(name: str, left: float, top: float, right: float, bottom: float, role: str) -> Region:
    """A rectangle that can be turned."""
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return Region(name, "polygon", role, corners)


def disc(name: str, x: float, y: float, across: float, role: str = "object") -> Region:
    """A circle around (x, y)."""
    return Region(name, "circle", role, ((x, y), (x + across / 2, y)))
