"""More answers known by construction: recordings made for one question each, nothing computed.

Every recording has 30 frames/s; what an animal does when is said where it is made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from planner_gold import Gold, Scene

from llm_query.geometry import Region
from llm_query.recording import Recording

BODY = 40.0  # px
FILM = 240  # frames


def walk(*marks: tuple[int, float, float], n: int = FILM) -> np.ndarray:
    """(n, 2) px: straight from mark to mark (frame, x, y)."""
    frame = np.arange(n)
    at, x, y = np.array(marks, dtype=float).T
    return np.column_stack([np.interp(frame, at, x), np.interp(frame, at, y)])


def with_nose(path: np.ndarray, way: float) -> dict[str, np.ndarray]:
    """The nose half a body ahead and the tail base half a body behind; way is +1 for right."""
    ahead = np.array([way * BODY / 2, 0.0])
    return {"nose": path + ahead, "tail_base": path - ahead}


def film(
    paths: dict[str, np.ndarray], ways: dict[str, float], **more: Any
) -> Callable[[], Recording]:
    def make() -> Recording:
        n = len(next(iter(paths.values())))
        points = {a: with_nose(path, ways[a]) for a, path in paths.items()}
        headings = {a: np.full(n, 0.0 if ways[a] > 0 else 180.0) for a in paths}
        return Recording.synthetic(
            paths, fps=30, points=points, heading_deg=headings, length=BODY, **more
        )

    return make


SIT = walk((0, 400, 200), (1, 400, 200))
# mouse1 walks 3 px per frame from frame 60 on: 300 - 3 k px from mouse2 at frame 60 + k, and stays
# 30 px away. It comes within 2 bodies (80 px) at k = 74, within 50 px at k = 84, within 40 at 87.
GOES = walk((60, 100, 200), (150, 370, 200))
MEET = film({"mouse1": GOES, "mouse2": SIT}, {"mouse1": 1, "mouse2": -1})
# mouse1 walks 36 px behind mouse2, which doubles its pace at frame 100: 36 + 3 k px at 100 + k.
# It is on the other's path (at most half a body from where that began, at x = 100) from frame 6 on.
BEHIND = film(
    {"mouse1": walk((0, 64, 200), (239, 64 + 3 * 239, 200)),
     "mouse2": walk((0, 100, 200), (100, 400, 200), (239, 400 + 6 * 139, 200))},
    {"mouse1": 1, "mouse2": 1},
)  # fmt: skip
# mouse2 comes up to mouse1 until frame 90; 6 frames later mouse1 goes off for 30 frames.
AWAY = film(
    {"mouse1": walk((96, 200, 200), (126, 20, 200)),
     "mouse2": walk((30, 420, 200), (90, 240, 200))},
    {"mouse1": -1, "mouse2": -1},
)  # fmt: skip


def rearing_mouse() -> Recording:
    """The body looks half as long from frame 100 to 160, at rest."""
    here = np.tile([200.0, 200.0], (FILM, 1))
    nose = here + np.array([20.0, 0.0])
    nose[100:160] = here[0]
    points = {"mouse": {"nose": nose, "tail_base": here - [20, 0]}}
    return Recording.synthetic({"mouse": here}, fps=30, points=points, px_per_cm=10)


def object_mouse() -> Recording:
    """180 frames with the nose 1 cm before the novel object, 60 before the familiar one."""
    centre = np.where(np.arange(FILM)[:, None] < 180, [270.0, 100.0], [270.0, 300.0])
    boxes = {"novel object": [[300, 80], [340, 120]], "familiar object": [[300, 280], [340, 320]]}
    regions = [Region(n, "rectangle", np.array(b, float), "object") for n, b in boxes.items()]
    points = {"mouse": with_nose(centre, 1)}
    return Recording.synthetic(
        {"mouse": centre}, fps=30, points=points, regions=regions, px_per_cm=10, length=BODY,
        heading_deg={"mouse": np.zeros(FILM)},
    )  # fmt: skip


STANCE, SWING, STEP = 8, 4, 60.0  # frames, frames, px
LIMB = ("Offfrontfoot", "Offfrontfetlock", "Offknee", "Elbow", "Shoulder")


def foot(late: int) -> np.ndarray:
    """A foot that first stands `late` frames, then swings and stands in turn."""
    frame = np.arange(FILM) - late
    done, within = np.divmod(np.maximum(frame, 0), SWING + STANCE)
    x = STEP * (done + np.minimum(within, SWING) / SWING)
    return np.column_stack([10 + np.where(frame < 0, 0, x), np.full(FILM, 20.0)])


def walking(animal: str, feet: dict[str, int], others: tuple[str, ...] = ()) -> Any:
    def make() -> Recording:
        points = {name: foot(late) for name, late in feet.items()}
        points |= {name: foot(0) + np.array([0, 30.0 * k]) for k, name in enumerate(others, 1)}
        centre = {animal: np.tile([50.0, 90.0], (FILM, 1))}
        return Recording.synthetic(centre, fps=30, points={animal: points}, length=100.0)

    return make


def stances(*lates: int) -> Callable[[Scene], dict[str, np.ndarray]]:
    """Each stride begins when the foot is put down after a swing."""

    def columns(scene: Scene) -> dict[str, np.ndarray]:
        cycle = STANCE + SWING
        down = [
            late + SWING + cycle * np.arange((FILM - 1 - late - SWING) // cycle) for late in lates
        ]
        begin = np.concatenate(down)
        return {
            "stance_start_frame": begin, "stance_stop_frame": begin + STANCE,
            "swing_stop_frame": begin + cycle, "length": np.full(len(begin), STEP),
            "duty_factor": np.full(len(begin), STANCE / cycle),
        }  # fmt: skip

    return columns


def limb_lines(scene: Scene, figure: dict[str, Any]) -> None:
    """Every point of the limb is drawn over time, x and y."""
    names = {trace["name"] for trace in figure["data"]}
    assert {f"{point} {axis}" for point in LIMB for axis in "xy"} <= names


LONG = 3200


def turning_mouse() -> Recording:
    """animal0 turns 1 degree per frame; object 8 is to its right, 0 degrees."""
    angle = np.radians(np.arange(LONG) % 360)
    ahead = np.column_stack([np.cos(angle), -np.sin(angle)])
    centre = np.tile([100.0, 200.0], (LONG, 1))
    points = {"animal0": {"mouse_center": centre, "nose": centre + 20 * ahead}}
    region = Region("object 8", "rectangle", np.array([[480.0, 180.0], [520.0, 220.0]]), "object")
    return Recording.synthetic(
        {"animal0": centre}, fps=30, points=points, regions=[region], length=BODY,
        heading_deg={"animal0": (np.degrees(angle) + 180) % 360 - 180},
    )  # fmt: skip


def towards_object(scene: Scene) -> dict[str, np.ndarray]:
    """The heading of frames 2000 to 2999 at most 30 degrees off the object; missing elsewhere."""
    degrees = (np.arange(2000, 3000) % 360 + 180) % 360 - 180.0
    return {"animal0": np.where(np.abs(degrees) <= 30, degrees, np.nan)}


PAIR = ("mouse1", "mouse2")
MADE: dict[str, Gold] = {
    "q004": Gold((), LIMB, ("horse",), columns=stances(5), figure=limb_lines,
                 recording=walking("horse", {"Offfrontfoot": 5}, LIMB[1:])),
    "q005": Gold((), ("Offhindfoot",), ("horse",), columns=stances(8),
                 recording=walking("horse", {"Offhindfoot": 8})),
    "q020": Gold((), LIMB, ("horse",), columns=stances(5), figure=limb_lines,
                 recording=walking("horse", {"Offfrontfoot": 5}, LIMB[1:])),
    "q027": Gold((), ("front_right_paw", "back_right_paw"), ("mouse",), columns=stances(5, 9),
                 recording=walking("mouse", {"front_right_paw": 5, "back_right_paw": 9})),
    "q061": Gold(("object 8",), ("nose", "mouse_center"), ("animal0",), columns=towards_object,
                 recording=turning_mouse),
    "q086": Gold((), animals=("mouse",), recording=rearing_mouse,
                 bouts=lambda s: {("mouse", None, 100, 160)}, numbers=lambda s: {"count": 1}),
    "q104": Gold((), animals=PAIR, recording=MEET,
                 bouts=lambda s: {("mouse1", "mouse2", 134, 147)},
                 numbers=lambda s: {"mouse1 mouse2 count": 1, "mouse2 mouse1 count": 0}),
    "q105": Gold((), animals=PAIR, recording=BEHIND,
                 bouts=lambda s: {("mouse1", "mouse2", 6, 102)}),
    "q112": Gold((), animals=PAIR, recording=MEET,
                 bouts=lambda s: {("mouse1", "mouse2", 134, 144)}),
    "q124": Gold(("novel object", "familiar object"), animals=("mouse",), recording=object_mouse,
                 numbers=lambda s: {"index": (180 - 60) / (180 + 60)}),
    "q130": Gold((), animals=PAIR, recording=AWAY,
                 bouts=lambda s: {("mouse1", "mouse2", 96, 126)}),
}  # fmt: skip
