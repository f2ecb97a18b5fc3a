"""Regions of the picture: whether points are inside, and how far from the outline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from llm_query.errors import QueryError

CORNERS = {"polygon": 3, "rectangle": 2, "circle": 2, "point": 1, "line": 2}

ROUNDING = 1e-9  # px scaled to cm land a hair beside an outline they were on


@dataclass(frozen=True, eq=False)
class Region:
    """A named place. `points` (k, 2) are x, y from the top left, in the recording's unit.

    polygon: its corners; rectangle: two opposite corners; circle: centre and a point of the rim;
    line: two or more points; point: one. `role` is "region", "object" or "arena".
    """

    name: str
    kind: str
    points: np.ndarray
    role: str = "region"

    def __post_init__(self) -> None:
        points = np.asarray(self.points, dtype=float)
        object.__setattr__(self, "points", points)
        if self.kind not in CORNERS:
            raise QueryError(f'Region "{self.name}" is a {self.kind}; known: {", ".join(CORNERS)}.')
        if points.ndim != 2 or points.shape[1:] != (2,) or len(points) < CORNERS[self.kind]:
            raise QueryError(
                f'Region "{self.name}" needs {CORNERS[self.kind]} or more points (x, y) to be a '
                f"{self.kind}, not {points.tolist()}. Draw it again."
            )
        if not np.isfinite(points).all():
            raise QueryError(f'Region "{self.name}" has a point without a place. Draw it again.')

    @property
    def has_inside(self) -> bool:
        """Whether something can be in it; a point and a line only have a distance."""
        return self.kind in ("polygon", "rectangle", "circle")

    @property
    def centre(self) -> np.ndarray:
        """(2,) the middle: a polygon's centre of area, a line's middle by length."""
        if self.kind in ("circle", "point"):
            return self.points[0]
        if self.kind == "line":
            return _middle_of_line(self.points)
        return _centre_of_area(self.outline)

    @property
    def outline(self) -> np.ndarray:
        """(k, 2) corners in drawing order; of a circle its centre and rim point as given."""
        if self.kind != "rectangle":
            return self.points
        (x0, y0), (x1, y1) = self.points[:2]
        return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])

    def scaled(self, factor: float) -> Region:
        """The region in another unit, as from px to cm."""
        return replace(self, points=self.points * factor)

    def inside(self, position: np.ndarray) -> np.ndarray:
        """(n,) bool for (n, 2) positions; the outline is part of it, missing is not inside.

        >>> box = Region("box", "rectangle", np.array([[0, 0], [4, 2]]))
        >>> box.inside(np.array([[1, 1], [4, 2], [5, 1], [np.nan, np.nan]])).tolist()
        [True, True, False, False]
        """
        self.need_inside()
        with np.errstate(invalid="ignore"):
            return self.signed_distance(position) <= ROUNDING

    @property
    def moves(self) -> bool:
        """Whether it goes with an animal; see MovingRegion."""
        return False

    def need_inside(self) -> None:
        """Refuse a point or a line where an inside is needed."""
        if not self.has_inside:
            raise QueryError(
                f'Region "{self.name}" is a {self.kind} and has no inside. Ask for the distance to '
                "it, or draw a circle, rectangle or polygon."
            )

    def signed_distance(self, position: np.ndarray) -> np.ndarray:
        """(n,) distance to the outline, negative inside; of points and lines never negative.

        >>> disc = Region("disc", "circle", np.array([[0, 0], [0, 2]]))
        >>> disc.signed_distance(np.array([[0, 0], [3, 4]])).tolist()
        [-2.0, 3.0]
        """
        position = np.asarray(position, dtype=float)
        if self.kind in ("circle", "point"):
            radius = np.hypot(*(self.points[1] - self.points[0])) if self.kind == "circle" else 0.0
            return np.hypot(*(position - self.points[0]).T) - radius
        distance = _distance_to_edges(position, self.outline, closed=self.kind != "line")
        if self.kind == "line":
            return distance
        return np.where(_within(position, self.outline), -distance, distance)


@dataclass(frozen=True, eq=False)
class MovingRegion(Region):
    """A region that goes with something: its points are relative to `path` (n, 2) of every frame.

    With `turn_deg` (n,), it turns as well: its points are given for heading 0, to the right.
    """

    path: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))
    turn_deg: np.ndarray | None = None

    @property
    def moves(self) -> bool:
        """It does."""
        return True

    @property
    def centre(self) -> np.ndarray:
        """(n, 2) its middle in every frame."""
        middle = np.broadcast_to(super().centre, self.path.shape)
        if self.turn_deg is not None:
            middle = _turned(middle, -self.turn_deg)
        return self.path + middle

    def scaled(self, factor: float) -> Region:
        """The region in another unit, as from px to cm."""
        return replace(self, points=self.points * factor, path=self.path * factor)

    def signed_distance(self, position: np.ndarray) -> np.ndarray:
        """(n,) as of a Region, in every frame from where it is then; NaN where that is unknown."""
        position = np.asarray(position, dtype=float)
        if len(position) != len(self.path):
            raise QueryError(
                f'Region "{self.name}" moves through {len(self.path)} frames: give one position '
                f"for each of them, not {len(position)}."
            )
        apart = position - self.path
        if self.turn_deg is not None:
            apart = _turned(apart, self.turn_deg)
        return super().signed_distance(apart)


def _turned(vector: np.ndarray, heading_deg: np.ndarray) -> np.ndarray:
    """(n, 2) vectors as an animal that heads to the right at heading 0 sees them; y down."""
    angle = np.radians(heading_deg)
    x, y = vector[:, 0], vector[:, 1]
    ahead = x * np.cos(angle) - y * np.sin(angle)
    return np.column_stack([ahead, x * np.sin(angle) + y * np.cos(angle)])


def find_region(regions: Iterable[Region], name: str) -> Region:
    """The region of exactly this name."""
    known = {region.name: region for region in regions}
    if not isinstance(name, str) or name not in known:
        listed = ", ".join(f'"{each}"' for each in known) or "none yet"
        raise QueryError(f'There is no region "{name}" (regions of this video: {listed}). Draw it.')
    return known[name]


def _distance_to_edges(position: np.ndarray, corners: np.ndarray, *, closed: bool) -> np.ndarray:
    ends = np.roll(corners, -1, axis=0) if closed else corners[1:]
    nearest = np.full(len(position), np.inf)
    for start, end in zip(corners, ends, strict=False):  # few edges, many frames
        along = end - start
        length2 = float(along @ along)
        share = (position - start) @ along / length2 if length2 else np.zeros(len(position))
        foot = start + np.clip(share, 0, 1)[:, None] * along
        nearest = np.fmin(nearest, np.hypot(*(position - foot).T))
    nearest[~np.isfinite(position).all(axis=1)] = np.nan
    return nearest


def _within(position: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Even-odd rule: a ray to the right crosses the outline an odd number of times."""
    x, y = position[:, 0], position[:, 1]
    odd = np.zeros(len(position), dtype=bool)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y0 == y1:
            continue
        crosses = (y0 > y) != (y1 > y)
        odd ^= crosses & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return odd


def _centre_of_area(corners: np.ndarray) -> np.ndarray:
    after = np.roll(corners, -1, axis=0)
    cross = corners[:, 0] * after[:, 1] - after[:, 0] * corners[:, 1]
    if abs(cross.sum()) < 1e-12:
        return corners.mean(axis=0)
    return ((corners + after) * cross[:, None]).sum(axis=0) / (3 * cross.sum())


def _middle_of_line(points: np.ndarray) -> np.ndarray:
    reached = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    half = reached[-1] / 2
    return np.array([np.interp(half, reached, points[:, axis]) for axis in (0, 1)])
