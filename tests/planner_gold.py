"""Answers to questions written by hand: plain numpy on a made scene, nothing of the product.

The scene: 900 frames at 30000/1001 frames per second, no scale (px), up to three animals with body
points, frames in which one or the other was not seen, and regions. Every `gold_` value below says
what the answer to one question must be. The questions themselves are read from the shared data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

N = 900
FPS = Fraction(30000, 1001)
TIME = np.arange(N) * 1001 / 30000
DT = 1001 / 30000
LENGTH = 40.0  # px, every animal's body
BOXES = {  # x0, y0, x1, y1 in px
    "ROI0": (40, 40, 220, 220), "ROI1": (70, 70, 190, 190), "corner": (200, 160, 400, 400),
    "object 1": (40, 40, 120, 200), "object 2": (220, 40, 330, 200),
    "object 3": (150, 230, 260, 340),
    "object 5": (150, 60, 260, 150), "object 6": (140, 140, 220, 220),
    "object 12": (260, 40, 340, 120), "closed arm": (80, 60, 340, 120),
    "treadmill": (150, 150, 360, 240),
    "open arm": (60, 150, 330, 210), "recessed food cup": (150, 160, 260, 300),
}  # fmt: skip
OFFSETS = {  # px in front of the centre, px to its left
    "nose": (20, 0), "mouse_center": (3, 1), "neck": (9, 0), "head_midpoint": (14, 2),
    "left_eye": (17, 3), "hip": (-9, 4), "nearhindfoot": (-12, 6), "head_center": (15, 0),
    "body_center": (1, 0),
}  # fmt: skip


@dataclass
class Scene:
    """The positions everything else is computed from, (n, 2) px, NaN where not seen."""

    centre: dict[str, np.ndarray]
    heading: dict[str, np.ndarray]  # deg, 0 right, 90 up
    points: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)

    @property
    def animals(self) -> list[str]:
        return list(self.centre)

    def point(self, animal: str, point: str = "centre") -> np.ndarray:
        return self.centre[animal] if point == "centre" else self.points[animal][point]


def make_scene(names: tuple[str, ...] = ("animal1", "animal2", "animal3")) -> Scene:
    """One animal on straight lines with a rest, one on a circle, one on a figure."""
    frame = np.arange(N)
    corners = np.array([
        (0, 60, 60), (150, 300, 60), (250, 300, 300), (400, 60, 300), (520, 60, 300),
        (545, 35, 300), (700, 320, 180),
        (760, 240, 100), (899, 100, 100),
    ])  # fmt: skip
    paths = [
        np.column_stack([np.interp(frame, corners[:, 0], corners[:, k]) for k in (1, 2)]),
        200 + 120 * np.column_stack([np.cos(frame / 70), np.sin(frame / 70)]),
        np.column_stack([240 + 90 * np.sin(frame / 37), 200 + 130 * np.cos(frame / 53)]),
    ]
    paths[2][640:650] = paths[1][640:650] + np.array([1.0, 0.5])  # once, nearly in the same place
    unseen = [[(100, 102), (600, 630)], [(300, 303), (500, 504)], [(0, 5), (880, 900)]]
    scene = Scene({}, {})
    for name, path, gaps in zip(names, paths, unseen, strict=False):
        step = np.gradient(path, axis=0)
        came = np.hypot(*np.diff(path, axis=0, prepend=path[:1]).T) > 1e-6
        goes = np.maximum.accumulate(np.where(came, frame, 0))  # at rest it looks as it came
        angle = np.arctan2(-step[:, 1], step[:, 0])[goes]
        ahead = np.column_stack([np.cos(angle), -np.sin(angle)])
        left = np.column_stack([-np.sin(angle), -np.cos(angle)])
        points = {p: path + a * ahead + b * left for p, (a, b) in OFFSETS.items()}
        points["tail_base"] = path - (6 + 8 * np.sin(goes / 20))[:, None] * ahead
        points["nose"][700:706] = np.nan
        for start, stop in gaps:
            for values in (path, *points.values()):
                values[start:stop] = np.nan
            angle[start:stop] = np.nan
        scene.centre[name], scene.points[name] = path, points
        scene.heading[name] = np.degrees(angle)
    return scene


# plain building blocks

Rows = set[tuple[str, str | None, int, int]]


def seen(values: np.ndarray) -> np.ndarray:
    return np.isfinite(values.reshape(N, -1)).all(axis=1)


def bridged(mask: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Up to 3 unseen frames between two frames in which it holds belong to the bout."""
    out = (mask & known).copy()
    frame = 0
    while frame < N:
        stop = frame
        while stop < N and not known[stop]:
            stop += 1
        if 0 < frame < stop < N and stop - frame <= 3 and out[frame - 1] and mask[stop]:
            out[frame:stop] = True
        frame = max(stop, frame + 1)
    return out


def bouts(mask: np.ndarray) -> list[tuple[int, int]]:
    found, start = [], None
    for frame, on in enumerate([*mask, False]):
        if on and start is None:
            start = frame
        if not on and start is not None:
            found.append((start, frame))
            start = None
    return found


def rows(mask: np.ndarray, subject: str, target: str | None = None) -> Rows:
    return {(subject, target, *bout) for bout in bouts(mask)}


def inside(position: np.ndarray, region: str) -> np.ndarray:
    x0, y0, x1, y1 = BOXES[region]
    x, y = position.T
    return (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)


def in_mask(scene: Scene, animal: str, region: str, point: str = "centre") -> np.ndarray:
    position = scene.point(animal, point)
    return bridged(inside(position, region), seen(position))


def out_mask(scene: Scene, animal: str, region: str, point: str = "centre") -> np.ndarray:
    position = scene.point(animal, point)
    return bridged(seen(position) & ~inside(position, region), seen(position))


def crossings(scene: Scene, animal: str, region: str, entering: bool) -> list[int]:
    before, found = None, []
    position = scene.point(animal)
    for frame in range(N):
        if seen(position)[frame]:
            now = bool(inside(position[frame : frame + 1].repeat(N, 0), region)[0])
            if before is not None and now != before and now == entering:
                found.append(frame)
            before = now
    return found


def speeds(position: np.ndarray) -> np.ndarray:
    """px/s from the frame before to the frame after, one-sided beside gaps and ends."""
    out = np.full(N, np.nan)
    ok = seen(position)
    for i in range(N):
        if ok[i]:
            a = i - 1 if i > 0 and ok[i - 1] else i
            b = i + 1 if i + 1 < N and ok[i + 1] else i
            if b > a:
                out[i] = np.hypot(*(position[b] - position[a])) / (TIME[b] - TIME[a])
    return out


def distance(scene: Scene, a: str, b: str) -> np.ndarray:
    return np.hypot(*(scene.centre[a] - scene.centre[b]).T)


def off_angle(scene: Scene, a: str, b: str) -> np.ndarray:
    """Degrees between a's heading and the direction to b."""
    ahead = np.radians(scene.heading[a])
    dx, dy = (scene.centre[b] - scene.centre[a]).T
    cosine = (np.cos(ahead) * dx - np.sin(ahead) * dy) / np.hypot(dx, dy)
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def path_length(scene: Scene, animal: str, during: np.ndarray | None = None) -> float:
    position = scene.centre[animal]
    steps = np.hypot(*(position[1:] - position[:-1]).T)
    if during is not None:
        steps = steps[during[:-1]]
    return float(np.nansum(steps))


def above(values: np.ndarray, limit: float) -> np.ndarray:
    return bridged(values > limit, np.isfinite(values))


def below(values: np.ndarray, limit: float) -> np.ndarray:
    return bridged(values < limit, np.isfinite(values))


def pairs(scene: Scene, ordered: bool) -> list[tuple[str, str]]:
    names = scene.animals
    return [(a, b) for i, a in enumerate(names) for j, b in enumerate(names)
            if (i != j if ordered else i < j)]  # fmt: skip


# gold


@dataclass
class Gold:
    """What a question must give: any of bouts, numbers, columns of the table, the figure."""

    regions: tuple[str, ...] = ()
    points: tuple[str, ...] = ("nose", "tail_base")
    animals: tuple[str, ...] = ("animal1", "animal2", "animal3")
    bouts: Callable[[Scene], Rows] | None = None
    numbers: Callable[[Scene], dict[str, float]] | None = None
    columns: Callable[[Scene], dict[str, np.ndarray]] | None = None
    figure: Callable[[Scene, dict[str, Any]], None] | None = None
    recording: Callable[[], Any] | None = None  # made for this question, instead of the scene


def in_region(region: str) -> Callable[[Scene], Rows]:
    return lambda scene: set().union(*(rows(in_mask(scene, a, region), a) for a in scene.animals))


def time_in(region: str) -> Callable[[Scene], dict[str, float]]:
    def numbers(scene: Scene) -> dict[str, float]:
        one = len(scene.animals) == 1
        found = {}
        for a in scene.animals:
            mask = in_mask(scene, a, region)
            name = "" if one else f"{a} "
            found[f"{name}total_s"] = mask.sum() * DT
            found[f"{name}count"] = len(bouts(mask))
            found[f"{name}percent"] = 100 * mask.sum() / N
        return found

    return numbers


def place(region: str, *others: str, alone: bool = False, **more: Any) -> Gold:
    animals = ("mouse",) if alone else ("animal1", "animal2", "animal3")
    return Gold((region, *others), bouts=in_region(region), numbers=time_in(region),
                animals=animals, **more)  # fmt: skip


def event(region: str, entering: bool, keep: Callable[..., list[int]] = lambda s, a, f: f) -> Any:
    return lambda scene: {
        (a, None, f, f)
        for a in scene.animals
        for f in keep(scene, a, crossings(scene, a, region, entering))
    }


def sequence(first: tuple[str, bool], second: tuple[str, bool]) -> Callable[[Scene], Rows]:
    """The last first-event before a second one, with the earliest such second one."""

    def found(scene: Scene) -> Rows:
        out: dict[tuple[str, int], int] = {}
        for a in scene.animals:
            starts = crossings(scene, a, *first)
            for stop in crossings(scene, a, *second):
                before = [s for s in starts if s <= stop]
                if before:
                    out.setdefault((a, before[-1]), stop)
        return {(a, None, start, stop) for (a, start), stop in out.items()}

    return found


def faster(limit_px_s: float) -> Callable[[Scene], Rows]:
    return lambda scene: set().union(
        *(rows(above(speeds(scene.centre[a]), limit_px_s), a) for a in scene.animals)
    )


def lines_of(scene: Scene, figure: dict[str, Any]) -> list[dict[str, Any]]:
    """The path of every animal, in their order; the marks at its ends are left out."""
    return [trace for trace in figure["data"] if trace["name"] in scene.animals]


def path_traces(scene: Scene, figure: dict[str, Any], stop: int = N, region: str = "") -> None:
    """Every animal's line goes through its positions, and through nothing else."""
    assert [trace["name"] for trace in lines_of(scene, figure)] == scene.animals
    for trace, a in zip(lines_of(scene, figure), scene.animals, strict=True):
        mask = np.arange(N) < stop
        if region:
            mask &= in_mask(scene, a, region)
        xy = scene.centre[a][mask & seen(scene.centre[a])]
        drawn = [(x, y) for x, y in zip(trace["x"], trace["y"], strict=True) if x is not None]
        np.testing.assert_allclose(np.reshape(drawn, (-1, 2)), xy, atol=1e-6)


def timed_traces(scene: Scene, figure: dict[str, Any]) -> None:
    path_traces(scene, figure)
    for trace in lines_of(scene, figure):
        np.testing.assert_allclose(trace["marker"]["color"], TIME, atol=1e-9)


def inverted(scene: Scene, figure: dict[str, Any]) -> None:
    assert figure["layout"]["yaxis"]["autorange"] == "reversed"
    assert len(figure["data"]) == 6


def speed_map(scene: Scene, figure: dict[str, Any]) -> None:
    """Some square's mean speed, from the frames in it, weighted by nothing: all last the same."""
    trace = figure["data"][0]
    x, y = (np.array(trace[k]) for k in "xy")
    z = np.array(trace["z"], dtype=float)
    xy = np.concatenate([scene.centre[a] for a in scene.animals])
    fast = np.concatenate([speeds(scene.centre[a]) for a in scene.animals])
    row, column = np.argwhere(np.isfinite(z))[len(np.argwhere(np.isfinite(z))) // 2]
    half_x, half_y = (x[1] - x[0]) / 2, (y[1] - y[0]) / 2
    here = (np.abs(xy[:, 0] - x[column]) < half_x) & (np.abs(xy[:, 1] - y[row]) < half_y)
    assert z[row, column] == approx(np.nanmean(fast[here]))


def approx(value: float) -> Any:
    import pytest

    return pytest.approx(value, abs=1e-6)


def histogram(scene: Scene, figure: dict[str, Any]) -> None:
    for trace, a in zip(figure["data"], scene.animals, strict=True):
        values = speeds(scene.centre[a])
        values = values[np.isfinite(values)]
        bins = np.array(trace["customdata"])
        edges = np.append(bins[:, 0], bins[-1, 1])
        counts = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0]
        np.testing.assert_allclose(sum(trace["y"]), 100)
        some = 100 * 3 / len(values)  # values on an edge may fall to either side of it
        np.testing.assert_allclose(trace["y"], 100 * counts / len(values), atol=some)


def ethogram_bouts(*regions: str) -> Callable[[Scene], Rows]:
    return lambda scene: set().union(*(in_region(region)(scene) for region in regions))


def head_dips(scene: Scene) -> Rows:
    return set().union(*(
        rows(in_mask(scene, a, "ROI0", "mouse_center") & in_mask(scene, a, "ROI0", "neck")
             & out_mask(scene, a, "ROI1", "head_midpoint"), a) for a in scene.animals
    ))  # fmt: skip


def nose_not_tail(scene: Scene) -> Rows:
    return set().union(*(
        rows(in_mask(scene, a, "ROI0", "nose") & in_mask(scene, a, "ROI0", "left_eye")
             & out_mask(scene, a, "ROI0", "tail_base"), a) for a in scene.animals
    ))  # fmt: skip


def beside_mask(scene: Scene, animal: str, region: str, side: str) -> np.ndarray:
    x = scene.centre[animal][:, 0]
    hit = x < BOXES[region][0] if side == "left" else x > BOXES[region][2]
    return bridged(hit, np.isfinite(x))


def left_to_right(scene: Scene) -> Rows:
    out: Rows = set()
    for a in scene.animals:
        left = bouts(beside_mask(scene, a, "object 6", "left"))
        taken: dict[int, int] = {}
        for start, stop in bouts(beside_mask(scene, a, "object 6", "right")):
            before = [bout for bout in left if bout[1] <= start]
            if before:
                taken.setdefault(before[-1][0], stop)
        out |= {(a, None, start, stop) for start, stop in taken.items()}
    return out


def from_below(scene: Scene, a: str, frames: list[int]) -> list[int]:
    ok = np.flatnonzero(seen(scene.centre[a]))
    return [f for f in frames if scene.centre[a][ok[ok < f][-1], 1] > BOXES["object 6"][3]]


def near_animal0(scene: Scene) -> Rows:
    return set().union(*(
        rows(below(distance(scene, a, "animal0"), 30), a, "animal0")
        for a in scene.animals if a != "animal0"
    ))  # fmt: skip


def any_pair_closer(scene: Scene) -> Rows:
    return set().union(*(
        rows(below(distance(scene, a, b), 3), a, b) for a, b in pairs(scene, ordered=False)
    ))  # fmt: skip


def chases(faster_than: float) -> Callable[[Scene], Rows]:
    return lambda scene: set().union(*(
        rows(below(distance(scene, a, b), 40) & below(off_angle(scene, a, b), 30)
             & above(speeds(scene.centre[a]), faster_than), a, b)
        for a, b in pairs(scene, ordered=True)
    ))  # fmt: skip


def averaged(values: np.ndarray, frames: int) -> np.ndarray:
    """The mean of so many frames around each, not across an unknown one."""
    out = np.full(N, np.nan)
    for i in np.flatnonzero(np.isfinite(values)):
        low = high = i
        while low > max(i - frames // 2, 0) and np.isfinite(values[low - 1]):
            low -= 1
        while high < min(i + frames // 2, N - 1) and np.isfinite(values[high + 1]):
            high += 1
        out[i] = values[low : high + 1].mean()
    return out


def watched(scene: Scene) -> Rows:
    def mask(a: str, b: str) -> np.ndarray:
        d, angle = averaged(distance(scene, a, b), 15), averaged(off_angle(scene, a, b), 15)
        return bridged((d < 260) & (d > 50), np.isfinite(d)) & below(angle, 15)

    return set().union(*(rows(mask(a, b), a, b) for a, b in pairs(scene, ordered=True)))


def nose_pairs(scene: Scene) -> Rows:
    def apart(a: str, b: str) -> np.ndarray:
        return np.hypot(*(scene.point(a, "nose") - scene.point(b, "nose")).T)

    return set().union(*(
        rows(below(apart(a, b), 15), a, b) for a, b in pairs(scene, ordered=False)
    ))  # fmt: skip


def seconds_in_corner(scene: Scene, figure: dict[str, Any]) -> None:
    """All squares together hold the time that all animals were seen in the corner."""
    drawn = np.array(figure["data"][0]["z"], dtype=float)
    seen_there = sum(
        (in_mask(scene, a, "corner") & seen(scene.centre[a])).sum() for a in scene.animals
    )
    assert np.nansum(drawn) == approx(seen_there * DT)


def speed_dots(scene: Scene, figure: dict[str, Any]) -> None:
    """One measure has one component: the speed itself, standardised over everybody."""
    known = {a: speeds(scene.centre[a]) for a in scene.animals}
    known = {a: values[np.isfinite(values)] for a, values in known.items()}
    every = np.concatenate(list(known.values()))
    for trace in figure["data"]:
        expected = (known[trace["name"]] - every.mean()) / every.std()
        drawn = np.array(trace["x"], dtype=float)
        sign = np.sign((drawn * expected).sum())
        np.testing.assert_allclose(sign * drawn, expected, atol=1e-4)


def far_away(scene: Scene) -> Rows:
    def apart(a: str, b: str) -> np.ndarray:
        d = distance(scene, a, b)
        return bridged((d > 20) & (d < 100), np.isfinite(d))

    return set().union(*(
        rows(apart(a, b) & below(off_angle(scene, a, b), 15), a, b)
        for a, b in pairs(scene, ordered=True)
    ))  # fmt: skip


def run_after(scene: Scene) -> Rows:
    def close(a: str, b: str) -> np.ndarray:
        d = distance(scene, a, b)
        return bridged(d <= 100, np.isfinite(d))

    def front(a: str, b: str) -> np.ndarray:
        angle = off_angle(scene, a, b)
        return bridged(angle <= 30, np.isfinite(angle))

    return set().union(*(
        rows(close(a, b) & front(a, b), a, b) for a, b in pairs(scene, ordered=True)
    ))  # fmt: skip


def face_to_face(scene: Scene) -> Rows:
    def front(a: str, b: str) -> np.ndarray:
        angle = off_angle(scene, a, b)
        return bridged(angle <= 30, np.isfinite(angle))

    return set().union(*(
        rows(front(a, b) & front(b, a), a, b) for a, b in pairs(scene, ordered=False)
    ))  # fmt: skip


def stretched(scene: Scene) -> Rows:
    def mask(a: str) -> np.ndarray:
        d = np.hypot(*(scene.point(a, "nose") - scene.point(a, "tail_base")).T)
        return above(d, 10 + 1e-9)

    return set().union(*(rows(mask(a), a) for a in scene.animals))


def smoothed_running(scene: Scene) -> dict[str, float]:
    """Slope of a straight line through the frames at most 2.5 frames away, of the same stretch."""
    counts = {}
    for a in scene.animals:
        xy, ok = scene.centre[a], seen(scene.centre[a])
        fast = np.full(N, np.nan)
        for i in np.flatnonzero(ok):
            low = high = i
            while low - 1 >= max(i - 2, 0) and ok[low - 1]:
                low -= 1
            while high + 1 <= min(i + 2, N - 1) and ok[high + 1]:
                high += 1
            if high > low:
                t = TIME[low : high + 1]
                fast[i] = np.hypot(*np.polyfit(t - t.mean(), xy[low : high + 1], 1)[0])
        counts[f"{a} count"] = len(bouts(above(fast, 0.5)))
    return counts


def rests(scene: Scene) -> Rows:
    """animal1 stands still from frame 400 until it leaves at 520; the others never stop."""
    assert np.ptp(scene.centre["animal1"][400:521], axis=0).max() == 0
    return {("animal1", None, 400, 520)}


def frozen(scene: Scene) -> Rows:
    """While animal1 rests nothing of it moves; it turns when it leaves."""
    for point in scene.points["animal1"].values():
        assert np.ptp(point[400:521], axis=0).max() == 0
    return {("animal1", None, 400, 520)}


def positions(*points: str) -> Callable[[Scene], dict[str, np.ndarray]]:
    def columns(scene: Scene) -> dict[str, np.ndarray]:
        return {
            f"{a} {p} {axis}": scene.point(a, p)[:, k]
            for a in scene.animals for p in points for k, axis in enumerate("xy")
        }  # fmt: skip

    return columns


def first_half(scene: Scene) -> dict[str, np.ndarray]:
    half = N * DT / 2
    return {name: v[half > TIME + 1e-6] for name, v in positions("centre")(scene).items()}


def accelerations(scene: Scene) -> dict[str, np.ndarray]:
    def change(position: np.ndarray) -> np.ndarray:
        fast, out = speeds(position), np.full(N, np.nan)
        for i in range(N):
            if np.isfinite(fast[i]):
                a = i - 1 if i > 0 and np.isfinite(fast[i - 1]) else i
                b = i + 1 if i + 1 < N and np.isfinite(fast[i + 1]) else i
                out[i] = (fast[b] - fast[a]) / (TIME[b] - TIME[a]) if b > a else np.nan
        return out

    return {
        f"{a} {p}": change(scene.point(a, p))
        for a in scene.animals for p in ("centre", "nose", "tail_base")
    }  # fmt: skip


def distances_in(*regions: str) -> Callable[[Scene], dict[str, float]]:
    def numbers(scene: Scene) -> dict[str, float]:
        several = len(regions) > 1
        return {
            f"{a}{f' in {r}' if several else ''} distance_travelled_px":
            path_length(scene, a, in_mask(scene, a, r))
            for a in scene.animals for r in regions
        }  # fmt: skip

    return numbers


BOX = ("ROI0", "ROI1")
OBJECTS = ("object 1", "object 2", "object 3", "object 5", "object 6", "object 12")
MORE = ("nose", "tail_base", "mouse_center", "neck", "head_midpoint")
GOLD: dict[str, Gold] = {
    "q001": Gold(figure=path_traces),
    "q002": place("ROI0", "ROI1"),
    "q003": Gold(BOX, MORE, bouts=head_dips),
    "q007": Gold(bouts=chases(2.0)),
    "q008": Gold(bouts=chases(0.1)),
    "q009": Gold(bouts=watched),
    "q010": place("object 5", "object 6"),
    "q015": place("ROI0", alone=True),
    "q016": place("object 5", "object 6"),
    "q018": place("ROI0", "ROI1", alone=True),
    "q019": Gold(figure=timed_traces),
    "q022": Gold(points=("nose", "hip", "nearhindfoot"), animals=("horse",), figure=inverted,
                 columns=positions("nose", "hip", "nearhindfoot")),
    "q025": place("corner"),
    "q028": place("ROI0", "ROI1"),
    "q029": Gold(numbers=smoothed_running),
    "q030": Gold(bouts=far_away),
    "q032": Gold(OBJECTS, bouts=event("object 6", entering=False)),
    "q033": Gold(OBJECTS, bouts=sequence(("object 6", False), ("object 3", True))),
    "q034": Gold(bouts=faster(3 * 30000 / 1001)),
    "q035": Gold(bouts=stretched),
    "q036": Gold(OBJECTS, bouts=event("object 6", True, from_below)),
    "q037": Gold(BOX, numbers=distances_in("ROI0")),
    "q038": Gold(columns=lambda s: {f"{a} nose": speeds(s.point(a, "nose")) for a in s.animals}),
    "q041": Gold(("corner",), figure=seconds_in_corner),
    "q043": Gold(OBJECTS, bouts=left_to_right),
    "q044": Gold(OBJECTS, bouts=sequence(("object 6", False), ("object 12", True))),
    "q045": Gold(OBJECTS, bouts=lambda s: set().union(
        *(rows(beside_mask(s, a, "object 6", "left"), a) for a in s.animals))),
    "q047": Gold(columns=accelerations),
    "q048": Gold(("ROI0",), ("nose", "tail_base", "left_eye"), bouts=nose_not_tail),
    "q049": Gold(animals=("animal0", "animal1", "animal2"), bouts=near_animal0),
    "q050": Gold(BOX, bouts=event("ROI0", True, lambda s, a, f: f[:1])),
    "q052": Gold(columns=positions("nose")),
    "q053": Gold(points=("head_center", "body_center"), columns=lambda s: {
        f"{a} {p}": speeds(s.point(a, p)) for a in s.animals
        for p in ("head_center", "body_center")}),
    "q055": Gold(("corner",), numbers=lambda s: {
        f"{a} frames": in_mask(s, a, "corner").sum() for a in s.animals}),
    "q056": Gold(BOX, numbers=distances_in("ROI0", "ROI1")),
    "q058": Gold(figure=histogram),
    "q059": Gold(("object 5", "object 6"), bouts=ethogram_bouts("object 5", "object 6")),
    "q060": Gold(figure=speed_map),
    "q063": Gold(figure=path_traces),
    "q065": Gold(OBJECTS, figure=lambda s, f: path_traces(s, f, region="object 6")),
    "q066": Gold(figure=speed_dots),
    "q067": Gold(bouts=run_after),
    "q069": Gold(bouts=faster(3.0)),
    "q072": Gold(("object 5", "object 6"), bouts=ethogram_bouts("object 5", "object 6")),
    "q074": Gold(OBJECTS, bouts=sequence(("object 1", True), ("object 2", True))),
    "q079": Gold(bouts=frozen),
    "q080": Gold(columns=first_half),
    "q082": Gold(bouts=any_pair_closer),
    "q083": place("ROI0", alone=True),
    "q084": place("closed arm", "open arm", alone=True),
    "q085": place("treadmill", alone=True),
    "q090": place("corner"),
    "q093": Gold(bouts=face_to_face),
    "q099": place("corner"),
    "q100": Gold(("recessed food cup",), bouts=lambda s: set().union(
        *(rows(in_mask(s, a, "recessed food cup", "nose"), a) for a in s.animals))),
    "q103": Gold(bouts=rests),
    "q110": Gold(bouts=nose_pairs),
    "q119": place("open arm", "closed arm", alone=True),
    "q125": Gold(numbers=lambda s: {
        f"{a} distance_travelled_px": path_length(s, a) for a in s.animals}),
    "q128": place("open arm", "closed arm", alone=True),
    "q126": Gold(bouts=rests, numbers=lambda s: {
        "animal1 total_s": 120 * DT, "animal2 total_s": 0.0}),
}  # fmt: skip
