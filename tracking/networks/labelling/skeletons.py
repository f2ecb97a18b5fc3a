"""Labelled body points as a body: a chain from nose to tail base, as wide as the image shows.

Points of a left and a right side say where the middle is; tails, legs and other thin parts are
left out by their names. How wide a body is, and how far it reaches past its end points, is where
the gray levels beside the chain change most, over all labelled animals.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from tracking.errors import TrackingError

THIN = (
    "tail", "paw", "foot", "feet", "toe", "leg", "knee", "ankle", "wrist", "hand", "claw", "finger",
    "tarsus", "tibia", "femur", "wing", "whisker", "antenna",
)  # fmt: skip
KEPT = ("base", "root", "start", "tti")  # the base of a tail is body
SIDES = re.compile(r"(?<![a-z])(left|right|l|r)(?![a-z])|^(left|right)|(left|right)$")
MOST_ORDERED = 9  # chain points; of more, those that are labelled most often
WIDEST = 0.6  # lengths of the chain: no half body is wider
LONGEST_END = 0.4  # lengths of the chain: no body reaches further past its end point
DEEPEST_END = 0.25  # lengths of the chain: a point further inside is not at the end
USUAL_WIDTH = 0.45  # lengths of the chain, where no image tells
PLACES = 11  # along a body at which its width is known
MOST_MISSING = 0.3  # of the chain: from less than the rest no width is learned
LEARNED_FROM = 60  # labelled animals
TAPER = 2.5  # of the outline: 2 is an ellipse, more is blunter
LEAST_WIDTH = 0.2  # of the width, at an end
NARROW = 0.22  # widths: the radius that is drawn around a point beside the chain
CORE = 0.35  # share of the width that is body for sure


@dataclass(frozen=True)
class Skeleton:
    """The body points of a pose file."""

    nodes: tuple[str, ...]
    edges: tuple[tuple[int, int], ...] = ()

    def is_thin(self, k: int, thin: Sequence[str] = THIN) -> bool:
        """Whether a point belongs to a tail, a leg or the like.

        >>> [Skeleton(("nose", "tail_base", "Tail_1")).is_thin(k) for k in range(3)]
        [False, False, True]
        """
        name = self.nodes[k].lower()
        return any(part in name for part in thin) and not any(part in name for part in KEPT)

    def pairs(self) -> list[tuple[int, int]]:
        """Points of the left and the right side that belong together.

        >>> Skeleton(("nose", "Ear_R", "Ear_L", "lefthip", "righthip")).pairs()
        [(1, 2), (3, 4)]
        """
        found: dict[str, list[int]] = {}
        for k, name in enumerate(self.nodes):
            stem, changed = SIDES.subn("", _spaced(name))
            if changed:
                found.setdefault(stem.strip(" _-."), []).append(k)
        return [(a, b) for a, b in (pair for pair in found.values() if len(pair) == 2)]


def _spaced(name: str) -> str:
    """earL and Ear_L alike: a capital begins a word."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


@dataclass(frozen=True)
class Body:
    """What is known of the bodies of one pose file."""

    skeleton: Skeleton
    chain: tuple[tuple[int, ...], ...]  # from one end to the other: a point, or the two of a pair
    place: np.ndarray  # (len(chain),) where each is along the chain, 0 to 1
    beside: tuple[int, ...]  # body points off the chain
    width_px: float
    length_px: float  # of the chain
    past: tuple[float, float] = (0.0, 0.0)  # lengths of the chain that it goes past its ends
    shape: np.ndarray | None = None  # (PLACES,) half widths from end to end; None: as usual

    def points(self, pose: np.ndarray) -> np.ndarray:
        """Where the chain's points are in a pose (k, 2) px; NaN where one is missing."""
        return np.array([pose[list(nodes)].mean(axis=0) for nodes in self.chain])

    def visible(self, pose: np.ndarray) -> np.ndarray:
        """The labelled points that are body, (m, 2) px."""
        nodes = sorted({k for part in self.chain for k in part} | set(self.beside))
        found = pose[nodes]
        return found[~np.isnan(found).any(axis=1)]

    def spine(self, pose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Points about 1 px apart along the body (m, 2), and half its width at each, (m,) px."""
        points = self.points(pose)
        there = ~np.isnan(points).any(axis=1)
        if not there.any():
            lone = self.visible(pose)
            return lone, np.full(len(lone), NARROW * self.width_px)
        points, place = points[there], self.place[there]
        head, tail = self.past
        if len(points) > 1:
            ends = [(0, 1, head, there[0]), (-1, -2, tail, there[-1])]
            before, behind = (
                _onwards(points[b], points[a], past * self.length_px)
                if known and past > 0
                else None
                for a, b, past, known in ends
            )
            if before is not None:
                points, place = np.vstack([before, points]), np.r_[-head, place]
            if behind is not None:
                points, place = np.vstack([points, behind]), np.r_[place, 1 + tail]
        steps = np.hypot(*np.diff(points, axis=0).T)
        way = np.r_[0, np.cumsum(steps)]
        at = np.linspace(0, way[-1], max(2, round(float(way[-1])) + 1))
        dense = np.column_stack([np.interp(at, way, points[:, k]) for k in (0, 1)])
        lengths = np.interp(at, way, place)
        along = (lengths + head) / (1 + head + tail)
        # a round brush reaches past the end by its radius: near an end it is small
        to_end = np.minimum(lengths + head, 1 + tail - lengths) * self.length_px
        inside = (along >= 0) & (along <= 1)
        if not inside.any():
            return dense, self.half_widths(along)
        brush = np.minimum(self.half_widths(along), to_end + 1)
        return dense[inside], brush[inside]

    def half_widths(self, along: np.ndarray) -> np.ndarray:
        """Half of the width at places along the body, 0 to 1, px."""
        if self.shape is not None:
            return np.interp(along, np.linspace(0, 1, PLACES), self.shape)
        usual = np.clip(1 - np.abs(2 * along - 1) ** TAPER, 0, 1) ** (1 / TAPER)
        return np.maximum(usual, LEAST_WIDTH) * self.width_px / 2

    def missing(self, pose: np.ndarray) -> float:
        """How much of the chain is not labelled at its ends, 0 to 1."""
        there = self.place[~np.isnan(self.points(pose)).any(axis=1)]
        return 1.0 - float(np.ptp(there)) if len(there) else 1.0

    def draw(self, pose: np.ndarray, size: tuple[int, ...], share: float = 1.0) -> np.ndarray:
        """The body of a pose as far as its points say, (h, w) uint8; ``share`` of its width."""
        full = np.zeros(size[:2], np.uint8)
        spine, radii = self.spine(pose)
        for (x, y), radius in zip(spine.tolist(), (radii * share).tolist(), strict=True):
            cv2.circle(full, _fixed(x, y), max(round(16 * radius), 8), 1, -1, cv2.LINE_8, 4)
        if not len(spine):
            return full
        thick = max(1, round(2 * NARROW * self.width_px * share))
        for x, y in self.visible(pose).tolist():
            near = spine[np.argmin(np.hypot(*(spine - (x, y)).T))].tolist()
            cv2.line(full, _fixed(x, y), _fixed(*near), 1, thick, cv2.LINE_8, 4)
        return full

    def nearness(self, pose: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
        """How far every pixel is from the spine, in half widths, (h, w) float32."""
        away = np.full(size[:2], 255, np.uint8)
        spine, _ = self.spine(pose)
        pixels = np.rint(spine).astype(int)
        inside = (pixels >= 0).all(axis=1) & (pixels < (size[1], size[0])).all(axis=1)
        away[pixels[inside, 1], pixels[inside, 0]] = 0
        if not inside.any():
            return np.full(size[:2], np.inf, np.float32)
        return cv2.distanceTransform(away, cv2.DIST_L2, 5) / np.float32(self.width_px / 2)


def _fixed(x: float, y: float) -> tuple[int, int]:
    return round(16 * x), round(16 * y)


def _onwards(start: np.ndarray, end: np.ndarray, by: float) -> np.ndarray:
    """The point that lies so many px past ``end``, straight on."""
    way = end - start
    return end + way / max(float(np.hypot(*way)), 1e-6) * by


def learn_body(
    images: Sequence[np.ndarray], poses: Sequence[np.ndarray], skeleton: Skeleton,
    width_px: float | None = None, thin: Sequence[str] = THIN,
) -> Body:  # fmt: skip
    """Learn the chain from labelled poses, and its width from their images.

    ``images`` are (h, w) uint8, ``poses`` as many arrays (animals, points, 2) px, NaN where a point
    is missing. A ``width_px`` that is given is taken as it is.
    """
    if any(pose.shape[1:] != (len(skeleton.nodes), 2) for pose in poses):
        raise TrackingError(
            f"Poses need {len(skeleton.nodes)} points of x and y, as the skeleton has, not "
            f"{sorted({pose.shape[1:] for pose in poses})}. Give the skeleton of the same file."
        )
    if width_px is not None and not width_px > 0:
        raise TrackingError(f"A body {width_px} px wide cannot be drawn. Give a width above 0.")
    every = np.concatenate([np.empty((0, len(skeleton.nodes), 2)), *poses])
    chain, beside = _chain(every, skeleton, thin)
    points = np.array([[pose[list(nodes)].mean(axis=0) for nodes in chain] for pose in every])
    place, length = _places(points)
    body = Body(skeleton, chain, place, beside, width_px or USUAL_WIDTH * length, length)
    pairs = [(image, pose) for image, found in zip(images, poses, strict=True) for pose in found]
    pairs = pairs[:: max(1, len(pairs) // LEARNED_FROM)]
    body = _shaped(body, pairs, width_px)
    return replace(body, past=(_past(pairs, body, 0), _past(pairs, body, -1)))


def _chain(
    every: np.ndarray, skeleton: Skeleton, thin: Sequence[str]
) -> tuple[tuple[tuple[int, ...], ...], tuple[int, ...]]:
    """The points along the body in order, and those beside it."""
    body = [k for k in range(len(skeleton.nodes)) if not skeleton.is_thin(k, thin)]
    pairs = [pair for pair in skeleton.pairs() if set(pair) <= set(body)]
    sided = {k for pair in pairs for k in pair}
    middle: list[tuple[int, ...]] = [(k,) for k in body if k not in sided]
    parts = [*middle, *pairs]
    if not parts or not len(every):
        raise TrackingError(
            f"None of the points {', '.join(skeleton.nodes)} is labelled on a body. Name some "
            "that are no tail and no leg, or draw masks by hand."
        )
    known = np.array([np.mean(~np.isnan(every[:, list(p)]).any(axis=(1, 2))) for p in parts])
    ranks = np.argsort(-known, kind="stable")[:MOST_ORDERED]
    often = [parts[k] for k in sorted(ranks.tolist()) if known[k] >= 0.1 * known.max()]
    points = np.array([[pose[list(nodes)].mean(axis=0) for nodes in often] for pose in every])
    return tuple(often[k] for k in _order(points)), tuple(sorted(sided))


def _order(points: np.ndarray) -> list[int]:
    """The order in which the way through all points is the shortest, over all poses.

    Found exactly (Held and Karp 1962): the shortest way through each set to each of its points.
    """
    n = points.shape[1]
    if n <= 2:
        return list(range(n))
    apart = np.linalg.norm(points[:, :, None] - points[:, None], axis=-1)
    count = (~np.isnan(apart)).sum(axis=0)
    far = 2 * float(np.nanmax(apart, initial=1.0))
    mean = np.where(count > 0, np.nansum(apart, axis=0) / np.maximum(count, 1), far).tolist()
    ways: dict[tuple[frozenset[int], int], tuple[float, list[int]]] = {
        (frozenset([k]), k): (0.0, [k]) for k in range(n)
    }
    for _ in range(n - 1):
        longer: dict[tuple[frozenset[int], int], tuple[float, list[int]]] = {}
        for (through, last), (length, way) in ways.items():
            for k in set(range(n)) - through:
                key, made = (through | {k}, k), (length + mean[last][k], [*way, k])
                longer[key] = min(longer.get(key, made), made)
        ways = longer
    return min(ways.values())[1]


def _places(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Where each point is along the chain, 0 to 1, and how long the chain is, px."""
    if points.shape[1] == 1:
        return np.array([0.5]), 20.0
    steps = np.linalg.norm(np.diff(points, axis=1), axis=-1)  # (poses, chain - 1)
    good = ~np.isnan(steps)
    mean = np.array([np.median(s[g]) if g.any() else 1.0 for s, g in zip(steps.T, good.T)])  # noqa: B905
    way = np.r_[0, np.cumsum(np.maximum(mean, 1e-3))]
    return way / way[-1], float(way[-1])


def _shaped(body: Body, pairs: list[tuple[np.ndarray, np.ndarray]], width_px: float | None) -> Body:
    """How wide bodies are along the chain: where gray levels beside it change most."""
    reach = max(4, round(WIDEST * body.length_px))
    found: list[list[float]] = [[] for _ in range(PLACES)]
    for image, pose in pairs:
        spine, _ = body.spine(pose)
        if len(spine) < 3 or body.missing(pose) > MOST_MISSING:
            continue
        ahead = np.gradient(spine, axis=0)
        across = np.column_stack([-ahead[:, 1], ahead[:, 0]])
        across /= np.maximum(np.hypot(*across.T), 1e-6)[:, None]
        levels = np.array([
            [_levels(image, spine + side * step * across) for step in range(reach)]
            for side in (-1, 1)
        ])  # fmt: skip
        at = np.rint(np.linspace(0, PLACES - 1, len(spine))).astype(int)
        for k in range(1, PLACES - 1):
            there = levels[:, :, at == k]
            found[k].append(_change(there.transpose(1, 0, 2).reshape(reach, -1)))
    if len(found[1]) < 1:
        return body
    seen = np.array([np.median(part) if part else 0.0 for part in found])
    width = 2.0 * float(np.percentile(seen, 80))
    usual = replace(body, width_px=width).half_widths(np.linspace(0, 1, PLACES))
    inner = np.clip(seen, 0.4 * usual, 1.5 * usual)
    inner[[0, -1]] = np.maximum(usual[[0, -1]], 0.5 * inner[[1, -2]])
    shape = np.convolve(np.pad(inner, 1, mode="edge"), (0.25, 0.5, 0.25), mode="valid")
    scale = 1.0 if width_px is None else width_px / max(2 * float(shape.max()), 1e-6)
    shape = shape * scale
    return replace(body, width_px=width_px or 2 * float(shape.max()), shape=shape)


def _past(pairs: list[tuple[np.ndarray, np.ndarray]], body: Body, end: int) -> float:
    """How far bodies go on past an end of the chain, in its lengths."""
    reach, back = round(LONGEST_END * body.length_px), round(DEEPEST_END * body.length_px)
    found = []
    for image, pose in pairs:
        points = body.points(pose)
        inner = 1 if end == 0 else -2
        if len(points) < 2 or np.isnan(points[[end, inner]]).any() or reach < 2:
            continue
        way = points[end] - points[inner]
        ahead = way / max(float(np.hypot(*way)), 1e-6)
        across = np.array([-ahead[1], ahead[0]])
        spread = np.arange(-2, 3)[:, None] * across * 0.06 * body.width_px
        levels = [
            _levels(image, points[end] + step * ahead + spread) for step in range(-back, reach)
        ]
        found.append(_change(np.array(levels)) - back)
    return float(np.median(found)) / body.length_px if found else 0.0


def _levels(image: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Gray levels at places (m, 2) px; those outside repeat the edge."""
    x = np.clip(np.rint(at[:, 0]).astype(int), 0, image.shape[1] - 1)
    y = np.clip(np.rint(at[:, 1]).astype(int), 0, image.shape[0] - 1)
    return image[y, x].astype(float)


def _change(levels: np.ndarray) -> float:
    """The step (of ``levels`` (steps, places)) at which inside and outside differ most (Otsu)."""
    mean = levels.mean(axis=1)
    total, n = np.cumsum(mean), len(mean)
    at = np.arange(1, n)
    inside, outside = total[:-1] / at, (total[-1] - total[:-1]) / (n - at)
    return float(at[np.argmax(at * (n - at) * (inside - outside) ** 2)])
