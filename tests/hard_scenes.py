"""Hard scenes with known truth, as real video files: look-alikes that touch, cross and part.

    scene = equal_mice(seed=3)
    film = film_scene(scene, folder)     # made once, then kept
    film.video, film.truth, film.contacts, scene.n_animals

`film.truth` has frame,id,x,y and is what `score_tracks` reads: the centre of the animal's own
whole body without its tail, also while another lies over it; an animal out of view, or under a
hand, has no row.

Seeds 0 to 99 are for tuning. Seeds from 1000 are for acceptance alone: nobody looks at them
while choosing a constant.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pandas as pd
from hard_drawing import (
    KINDS,
    Body,
    Looks,
    cut_coat,
    draw_floor,
    draw_hand,
    draw_tail,
    mirror,
)
from hard_motion import BREAK_S, SAMPLES, Crowd, Habits, Paths

MADE = 2  # raise it when the same scene is drawn differently
TUNING_SEEDS, ACCEPTANCE_SEEDS = range(100), range(1000, 1100)


@dataclass(frozen=True)
class Scene:
    """Everything a film follows from."""

    name: str
    seed: int
    looks: tuple[Looks, ...]
    habits: tuple[Habits, ...]
    seconds: float
    crossings: int  # about so many are arranged
    fps: Fraction = Fraction(30)
    size: tuple[int, int] = (640, 480)
    arena: tuple[float, float, float, float] = (60, 40, 580, 440)
    longest_s: float = 10.0  # no contact of two lasts longer
    floor: float = 178.0
    wall: float = 105.0
    texture: float = 2.5
    gradient: float = 0.25
    noise: float = 2.5
    shadow: float = 0.12
    gloss: float = 0.35  # how much brighter the lit flank is, grey levels per px
    lean: float = -0.25  # body widths that a nose gets beyond the arena's edge
    supple: float = 1.0  # 1: a mouse's posture; 0: bodies never change their length
    crf: int = 23
    preset: str = "ultrafast"  # of x264
    disturbances: Disturbances = field(default_factory=lambda: Disturbances())

    @property
    def n_animals(self) -> int:
        """How many animals there are."""
        return len(self.looks)

    @property
    def n_frames(self) -> int:
        """How many frames there are."""
        return int(self.seconds * self.fps)

    def disturbed(self, **changes: float | bool | None) -> Scene:
        """The same scene with a disturbance."""
        return replace(self, disturbances=replace(self.disturbances, **changes))


@dataclass(frozen=True)
class Disturbances:
    """What makes a recording worse; times are shares of the recording."""

    drift: float = 0.0  # how much brighter the light slowly becomes and fades again
    lamp_on: float | None = None  # when a second lamp is switched on
    hand: tuple[float, float] | None = None  # from when to when a hand is in the arena
    mirror: float = 0.0  # how strongly the right wall reflects
    leaving: float = 0.0  # share of free decisions in which an animal leaves through the left


@dataclass(frozen=True)
class Film:
    """A filmed scene and its truth."""

    video: Path
    truth: pd.DataFrame  # frame, id (from 1), x, y (px), touching (bool), seen (share of the body)
    contacts: pd.DataFrame  # a, b (ids), start, stop (frames, stop excluded)
    scene: Scene


def different_shades(seed: int, seconds: float = 60.0) -> Scene:
    """First difficulty: three mice of different shade."""
    rng = np.random.default_rng([seed, 1])
    shades = np.array([40.0, 72.0, 104.0]) + rng.uniform(-5, 5, 3)
    looks = tuple(Looks(shade=float(shade), length=56, width=25) for shade in shades)
    return _mice("different_shades", seed, looks, seconds, round(seconds / 3))


def equal_mice(seed: int, seconds: float = 60.0) -> Scene:
    """Second difficulty: three mice that look exactly alike."""
    return _mice("equal_mice", seed, (Looks(),) * 3, seconds, round(seconds / 3.5))


def look_alikes(seed: int, minutes: float = 20.0) -> Scene:
    """Third difficulty: five mice of slightly different size and fur, 20 crossings a minute."""
    rng = np.random.default_rng([seed, 3])
    looks = tuple(
        Looks(
            shade=48 + float(rng.uniform(-2, 2)), marks=4.0,
            length=54 * float(size), width=24 * float(rng.uniform(0.96, 1.04)),
        )
        for size in rng.permutation([0.92, 0.96, 1.0, 1.04, 1.08])
    )  # fmt: skip
    scene = _mice("look_alikes", seed, looks, 60 * minutes, round(20 * minutes))
    return replace(scene, fps=Fraction(25))


def flies_in_contact(seed: int, animals: int = 4, seconds: float = 60.0) -> Scene:
    """Bright flies on a dark field that sit for long, follow and climb over each other."""
    looks = tuple(
        Looks("fly", 40 * size, 15 * size, 185, fur=5, marks=2, tail_shade=0, legs=0.7)
        for size in np.random.default_rng([seed, 4]).uniform(0.94, 1.06, animals).tolist()
    )
    habits = Habits(
        pace=(0.8, 4.0), rest_s=(2, 12), resting=0.7, rigid=True,
        encounters=("nose", "walk together", "over", "beside", "cross"),
    )  # fmt: skip
    return Scene(
        "flies_in_contact", seed, looks, (habits,) * animals, seconds, round(seconds / 3),
        fps=Fraction(25), size=(720, 720), arena=(70, 70, 650, 650), floor=26, wall=20, texture=2.0,
        gradient=0.4, noise=1.5, shadow=0.0, gloss=-0.8, supple=0.0,
    )  # fmt: skip


def ten_fish(seed: int, animals: int = 10, seconds: float = 40.0) -> Scene:
    """Slender fish that swim without rest over and under each other."""
    looks = tuple(
        Looks("fish", 44 * size, 9 * size, 70, fur=3, marks=2, tail_shade=0)
        for size in np.random.default_rng([seed, 6]).uniform(0.9, 1.1, animals).tolist()
    )
    habits = Habits(
        pace=(1.0, 4.5), rest_s=(0.2, 1), resting=0.1, turn_radius=0.45, tail=0.0, shy=False,
        encounters=("cross", "walk together", "cross", "over"),
    )  # fmt: skip
    return Scene(
        "ten_fish", seed, looks, (habits,) * animals, seconds, round(seconds * animals / 12),
        size=(720, 540), arena=(40, 40, 680, 500), floor=170, wall=140, texture=1.0,
        shadow=0.05, longest_s=4.0, supple=0.0,
    )  # fmt: skip


def spider_and_prey(seed: int, seconds: float = 60.0) -> Scene:
    """A spider, and a prey of a fiftieth of its area that it chases and holds."""
    spider = Looks("spider", 60, 30, 60, fur=5, marks=4, tail_shade=0, legs=1.3)
    prey = Looks("fly", 14, 5, 55, fur=2, tail_shade=0, legs=0.5)
    slow = Habits(pace=(0.3, 2.0), rest_s=(2, 10), resting=0.7, rigid=True,
                  encounters=("nose", "over"))  # fmt: skip
    quick = Habits(pace=(2.0, 9.0), rest_s=(1, 6), resting=0.55, rigid=True, shy=False,
                   encounters=("nose",))  # fmt: skip
    return Scene(
        "spider_and_prey", seed, (spider, prey), (slow, quick), seconds, round(seconds / 8),
        fps=Fraction(25), floor=185, texture=1.5, supple=0.0,
    )  # fmt: skip


def many_pixels(seed: int, seconds: float = 8.0) -> Scene:
    """Eight mice in a picture of 3712x3712 pixels, as large sensors give."""
    looks = tuple(
        Looks(length=150 * size, width=68 * size)
        for size in np.random.default_rng([seed, 8]).uniform(0.9, 1.1, 8).tolist()
    )
    return Scene(
        "many_pixels", seed, looks, (Habits(),) * 8, seconds, round(seconds), fps=Fraction(25),
        size=(3712, 3712), arena=(200, 200, 3512, 3512), preset="veryfast",
    )  # fmt: skip


def dark_walls(scene: Scene) -> Scene:
    """The same scene before walls as dark as the animals, close enough to lean against."""
    shade = min(looks.shade for looks in scene.looks)
    x0, y0, x1, y1 = scene.arena
    return replace(
        scene, name=scene.name + "_dark_walls", wall=shade,
        arena=(x0 + 20, y0 + 20, x1 - 20, y1 - 20), lean=0.4,
    )  # fmt: skip


def _mice(name: str, seed: int, looks: tuple[Looks, ...], seconds: float, crossings: int) -> Scene:
    return Scene(name, seed, looks, (Habits(),) * len(looks), seconds, crossings)


def film_scene(scene: Scene, folder: Path | str) -> Film:
    """Film a scene into a folder, or return the film of it that is there."""
    digest = hashlib.sha1(f"{MADE} {scene!r}".encode()).hexdigest()[:8]
    stem = Path(folder) / f"{scene.name}-{scene.seed}-{digest}"
    video, points, contacts = (stem.with_suffix(end) for end in (".mp4", ".csv", ".contacts.csv"))
    if not points.exists():
        Path(folder).mkdir(parents=True, exist_ok=True)
        paths = move(scene)
        truth = _write(video, scene, paths)
        contacts_of(paths, scene).to_csv(contacts, index=False)
        truth.to_csv(points, index=False, float_format="%.3f")  # last: the film is complete
    return Film(video, pd.read_csv(points), pd.read_csv(contacts), scene)


def move(scene: Scene) -> Paths:
    """Let the animals of a scene move."""
    x0, y0, x1, y1 = scene.arena
    edge = -scene.lean * max(looks.width for looks in scene.looks)
    crowd = Crowd(
        scene.seed,
        [looks.length for looks in scene.looks],
        np.stack([
            np.interp(np.linspace(0, 1, SAMPLES), *KINDS[looks.kind]) * looks.width / 2
            for looks in scene.looks
        ]),
        list(scene.habits),
        (x0 + edge, y0 + edge, x1 - edge, y1 - edge),
        float(scene.fps),
    )  # fmt: skip
    return crowd.run(scene.n_frames, scene.crossings, scene.longest_s, scene.disturbances.leaving)


def contacts_of(paths: Paths, scene: Scene) -> pd.DataFrame:
    """Who was in contact with whom and when; a break of less than BREAK_S ends nothing."""
    rows = []
    pause = BREAK_S * float(scene.fps)
    for a in range(scene.n_animals):
        for b in range(a + 1, scene.n_animals):
            near = np.flatnonzero(paths.touching[:, a, b])
            for run in np.split(near, np.flatnonzero(np.diff(near) >= pause) + 1):
                if len(run):
                    rows.append((a + 1, b + 1, int(run[0]), int(run[-1]) + 1))
    rows.sort(key=lambda row: row[2:])
    return pd.DataFrame(rows, columns=["a", "b", "start", "stop"])


def _write(video: Path, scene: Scene, paths: Paths) -> pd.DataFrame:
    """Draw and encode every frame; returns the truth."""
    width, height = scene.size
    rows: list[tuple] = []
    with av.open(str(video), "w") as container:
        stream = container.add_stream("libx264", rate=scene.fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": str(scene.crf), "preset": scene.preset, "threads": "1"}
        planes = np.full((height * 3 // 2, width), 128, np.uint8)
        for frame in draw(scene, paths, rows):
            planes[:height] = frame
            picture = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return pd.DataFrame(rows, columns=["frame", "id", "x", "y", "touching", "seen"])


def draw(scene: Scene, paths: Paths, rows: list[tuple] | None = None) -> Iterator[np.ndarray]:
    """Yield every frame, (h, w) uint8; true rows are added to ``rows``."""
    stage = _Stage(scene)
    for f in range(scene.n_frames):
        frame, bodies = stage.draw(f, paths)
        if rows is not None:
            touching = paths.touching[f].any(axis=1)
            rows += [
                (f, k + 1, *body.centre, bool(touching[k]), round(body.seen, 3))
                for k, body in enumerate(bodies)
                if body.seen >= 0.5
            ]
        yield frame


class _Stage:
    """The arena, the coats and the camera of a scene."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.floor, self.light = draw_floor(
            scene.size, scene.arena, scene.floor, scene.wall, scene.texture, scene.gradient,
            scene.seed,
        )  # fmt: skip
        # the second lamp stands elsewhere, so that not only the brightness changes
        self.lamp = 1.25 - 0.5 * (self.light[::-1, ::-1] - 1)
        self.coats = [
            cut_coat(looks, 900, 1000 * scene.seed + k) for k, looks in enumerate(scene.looks)
        ]
        width, height = scene.size
        grain = np.random.default_rng([scene.seed, 9]).normal(size=(4, height + 64, width + 64))
        soft = [cv2.GaussianBlur(layer.astype(np.float32), (0, 0), 0.5) for layer in grain]
        self.grain = [
            np.clip(128 + layer / layer.std() * scene.noise, 0, 255).astype(np.uint8)
            for layer in soft
        ]
        self.rng = np.random.default_rng([scene.seed, 10])
        self.way, self.stretch = np.zeros(scene.n_animals), np.zeros(scene.n_animals)

    def draw(self, f: int, paths: Paths) -> tuple[np.ndarray, list[Body]]:
        """One frame and the animals in it."""
        scene, what, at = self.scene, self.scene.disturbances, f / self.scene.n_frames
        lit = what.lamp_on is not None and at >= what.lamp_on
        frame = self.floor.copy()
        if lit:
            frame = np.clip(self.floor * self.lamp, 0, 235).astype(np.uint8)
        stride = np.hypot(*(paths.joints[f, :, 0] - paths.joints[max(f - 1, 0), :, 0]).T)
        self.way += stride / [looks.length for looks in scene.looks]
        bodies: list[Body] = []
        for k, coat in enumerate(self.coats):
            wave = 2.5 * self.way[k] * 2 * np.pi + f * 0.15
            pace = stride[k] * float(scene.fps) / scene.looks[k].length
            posture = np.sin(2 * np.pi * f / float(scene.fps) / (5 + k) + k)
            self.stretch[k] += 0.1 * (0.03 * min(pace, 3) + 0.05 * posture - self.stretch[k])
            stretch = 1 + scene.supple * self.stretch[k]
            step = int(self.way[k] * 6)
            bodies.append(Body(coat, paths.joints[f, k], scene.size, wave, step, stretch))
        lights = [self._light_at(body, lit) for body in bodies]
        for k, looks in enumerate(scene.looks):
            draw_tail(frame, paths.joints[f, k], looks, lights[k])
        for k in np.argsort(paths.above[f], kind="stable"):
            bodies[k].lay(frame, lights[k], scene.shadow, scene.gloss)
        if what.mirror:
            mirror(frame, int(scene.arena[2]) + 2, 60, what.mirror)
        if what.hand is not None and what.hand[0] <= at < what.hand[1]:
            reach = (at - what.hand[0]) / (what.hand[1] - what.hand[0])
            hand = draw_hand(frame, float(np.clip(3 * min(reach, 1 - reach), 0, 1)))
            for body in bodies:
                body.hide(hand)
        return self._expose(frame, at), bodies

    def _light_at(self, body: Body, lit: bool) -> float:
        if not body.seen:
            return 1.0
        x, y = (int(v) for v in body.centre)
        return float(self.light[y, x] * (self.lamp[y, x] if lit else 1.0))

    def _expose(self, frame: np.ndarray, at: float) -> np.ndarray:
        """What the camera makes of it: drift of the light, flicker, noise, limited range."""
        layer = self.grain[int(self.rng.integers(len(self.grain)))]
        down, right = (int(v) for v in self.rng.integers(0, 64, 2))
        height, width = frame.shape
        gain = 1 + self.scene.disturbances.drift * float(np.sin(2 * np.pi * at))
        gain *= 1 + 0.002 * float(self.rng.normal())
        out = cv2.addWeighted(
            frame, gain, layer[down : down + height, right : right + width], 1.0, -128.0
        )
        return np.clip(out, 16, 235, out=out)
