"""A home cage in which thresholds fail: bedding, a white and two dark mice, wire, a moving shadow.

    film = film_bedding(seed=3, folder=folder, seconds=20)
    film.video, film.truth          # a real mp4; frame, id (from 1), x, y and more
    film.labels(120)                # {id: exact mask of what is seen, (h, w) uint8}
    film.sample(120)                # the decoded picture with its true masks

Masks are of bodies with their ears, without tails, and without what lies behind wire or another
animal. Animal 1 is white. Another ``take`` is another recording in the same cage.

Background subtraction, tuned to 20 s of it, sees three outlines in 21 to 32 % of the frames (seeds
3 to 5), and tracks have IDF1 0.00 and 0.30 at 40 px (seeds 3 and 4).

Seeds 0 to 99 are for tuning. Seeds from 1000 are for acceptance alone: nobody looks at them
while choosing a constant.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pandas as pd
from hard_drawing import Body, Looks, cut_coat, draw_tail
from hard_motion import BODY, TAIL, Habits, Paths
from hard_scenes import Scene, move

from tracking.masks import decode, encode
from tracking.networks.samples import Sample, place, sample_of
from tracking.video import probe, read_frames_at

MADE = 2  # raise it when the same scene is drawn differently
BODY_NODES = tuple(
    [f"body_{k}" for k in range(BODY)] + [f"tail_{k}" for k in range(TAIL)]
)  # names of the joints, nose first
STROKES = 60  # pieces of straw on 1000 px of floor
STIR_EVERY = 8  # frames; then an animal has moved some of the bedding under it
BARS_APART = 96  # px
LIVELY = Habits(pace=(1.0, 3.5), rest_s=(0.5, 3.0))
QUIET = Habits(pace=(1.0, 3.5), rest_s=(8.0, 40.0), resting=0.75)  # mice mostly sit or sleep


@dataclass(frozen=True)
class BeddingFilm:
    """A filmed cage and its truth."""

    video: Path
    truth: pd.DataFrame  # frame, id, x, y (px), touching (bool), seen (share of the body)
    runs: pd.DataFrame  # frame, id, x0, y0, width, height, rle: the visible masks
    joints: np.ndarray  # (frames, animals, len(BODY_NODES), 2) px
    n_animals: int
    size: tuple[int, int]  # width, height

    @property
    def contact_frames(self) -> np.ndarray:
        """The frames in which somebody touches somebody."""
        return np.unique(self.truth["frame"][self.truth["touching"]])

    def labels(self, frame: int) -> dict[int, np.ndarray]:
        """What is seen of every animal, id to (h, w) uint8; who is hidden whole is not in it."""
        found = {}
        width, height = self.size
        for row in self.runs[self.runs["frame"] == frame].itertuples():
            full = np.zeros((height, width), np.uint8)
            mask = decode(row.rle, row.height, row.width)
            full[row.y0 : row.y0 + row.height, row.x0 : row.x0 + row.width] = mask
            found[int(row.id)] = full
        return found

    def sample(self, frame: int) -> Sample:
        """One frame as it is decoded, with its true masks, all of class 0."""
        return self.samples([frame])[0]

    def samples(self, frames: Sequence[int]) -> list[Sample]:
        """Several frames, in rising order."""
        made = []
        for frame in read_frames_at(probe(self.video), sorted(frames)):
            masks = list(self.labels(frame.index).values())
            source = (self.video.name, frame.index)
            made.append(sample_of(frame.gray.copy(), masks, [0] * len(masks), source))
        return made


def film_bedding(
    seed: int, folder: Path | str, seconds: float = 20.0, take: int = 0,
    fps: Fraction = Fraction(25), size: tuple[int, int] = (640, 480), habits: Habits = LIVELY,
    meet_every_s: float = 2.5,
) -> BeddingFilm:  # fmt: skip
    """Film a cage into a folder, or return the film of it that is there."""
    scene = _scene(seed, take, seconds, fps, size, habits, round(seconds / meet_every_s))
    digest = hashlib.sha1(f"{MADE} {take} {scene!r}".encode()).hexdigest()[:8]
    stem = Path(folder) / f"bedding-{seed}-{take}-{digest}"
    video, points, runs, joints = (
        stem.with_suffix(end) for end in (".mp4", ".csv", ".parquet", ".npz")
    )
    if not points.exists():
        Path(folder).mkdir(parents=True, exist_ok=True)
        truth, masks = _write(video, scene, seed, paths := move(scene))
        np.savez_compressed(joints, joints=paths.joints)
        masks.to_parquet(runs)
        truth.to_csv(points, index=False, float_format="%.3f")  # last: the film is complete
    with np.load(joints) as kept:
        moved = kept["joints"]
    truth, masks = pd.read_csv(points), pd.read_parquet(runs)
    return BeddingFilm(video, truth, masks, moved, len(scene.looks), size)


def _scene(
    seed: int, take: int, seconds: float, fps: Fraction, size: tuple[int, int], habits: Habits,
    meetings: int,
) -> Scene:  # fmt: skip
    rng = np.random.default_rng([seed, 40])
    shades = (205 + rng.uniform(-8, 8), 50 + rng.uniform(-6, 6), 58 + rng.uniform(-6, 6))
    scale = size[0] / 640
    looks = tuple(
        Looks(
            shade=float(shade), length=92 * scale * by, width=41 * scale * by, fur=5.0, marks=4.0,
            tail_shade=150.0 if k == 0 else 100.0,
        )
        for k, (shade, by) in enumerate(zip(shades, rng.uniform(0.93, 1.07, 3), strict=True))
    )  # fmt: skip
    width, height = size
    edge = 30 * scale
    return Scene(
        "bedding", seed + 100_000 * take, looks, (habits,) * 3, seconds, meetings,
        fps=fps, size=size, arena=(edge, edge, width - edge, height - edge), longest_s=4.0,
        noise=4.0, shadow=0.3, lean=0.3, crf=23, preset="veryfast",
    )  # fmt: skip


def _write(video: Path, scene: Scene, seed: int, paths: Paths) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw and encode every frame; returns where animals are, and their masks."""
    width, height = scene.size
    points: list[tuple] = []
    runs: list[tuple] = []
    with av.open(str(video), "w") as container:
        stream = container.add_stream("libx264", rate=scene.fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": str(scene.crf), "preset": scene.preset, "threads": "1"}
        planes = np.full((height * 3 // 2, width), 128, np.uint8)
        for f, (frame, bodies, seen) in enumerate(_draw(scene, seed, paths)):
            planes[:height] = frame
            container.mux(stream.encode(av.VideoFrame.from_ndarray(planes, format="yuv420p")))
            touching = paths.touching[f].any(axis=1)
            for k, (body, mask) in enumerate(zip(bodies, seen, strict=True)):
                placed = place(mask)
                share = np.count_nonzero(mask) / max(body.patch[..., 1].sum(), 1)
                points.append((f, k + 1, *body.centre, bool(touching[k]), round(share, 3)))
                if placed is not None:
                    high, wide = placed.mask.shape
                    runs.append((f, k + 1, placed.x0, placed.y0, wide, high, encode(placed.mask)))
        container.mux(stream.encode(None))
    names = ["frame", "id", "x", "y", "touching", "seen"]
    return (
        pd.DataFrame(points, columns=names),
        pd.DataFrame(runs, columns=["frame", "id", "x0", "y0", "width", "height", "rle"]),
    )


def _draw(
    scene: Scene, seed: int, paths: Paths
) -> Iterator[tuple[np.ndarray, list[Body], list[np.ndarray]]]:
    """Yield every frame, the animals in it, and what is seen of each, (h, w) uint8."""
    cage = Cage(seed, scene)
    way = np.zeros(scene.n_animals)
    for f in range(scene.n_frames):
        stride = np.hypot(*(paths.joints[f, :, 0] - paths.joints[max(f - 1, 0), :, 0]).T)
        way += stride / [looks.length for looks in scene.looks]
        if f and f % STIR_EVERY == 0:
            cage.stir(paths.joints[f, int(cage.rng.integers(scene.n_animals)), 3])
        yield cage.draw(f, paths, way)


class Cage:
    """The floor, the wire, the light and the coats of a scene."""

    def __init__(self, seed: int, scene: Scene) -> None:
        self.scene = scene
        width, height = scene.size
        own = np.random.default_rng([seed, 41])
        self.rng = np.random.default_rng([scene.seed, 42])
        self.floor = np.full((height, width), 120, np.uint8)
        strew(
            self.floor, own, own.uniform((0, 0), scene.size, (width * height * STROKES // 1000, 2))
        )
        cv2.GaussianBlur(self.floor, (0, 0), 0.7, dst=self.floor)
        x0, y0, x1, y1 = (int(v) for v in scene.arena)
        walls = np.ones((height, width), np.float32)
        walls[y0 - 8 : y1 + 8, x0 - 8 : x1 + 8] = 0
        self.walls = cv2.GaussianBlur(walls, (0, 0), 1.0)
        self.wire, self.wire_shade = _wire(scene.size, own)
        self.coats = [cut_coat(looks, 1, 1000 * seed + k) for k, looks in enumerate(scene.looks)]
        self.phase = self.rng.uniform(0, 2 * np.pi, 3)

    def stir(self, at: np.ndarray) -> None:
        """Somebody moves the bedding where they are."""
        strew(self.floor, self.rng, at + self.rng.normal(0, 12, (30, 2)))

    def shadow(self, f: int) -> np.ndarray:
        """How much light is left by what moves before the lamp, (h, w) float32."""
        width, height = self.scene.size
        t = f / float(self.scene.fps)
        rows, columns = np.mgrid[:height:8, :width:8].astype(np.float32)
        left = np.ones(rows.shape, np.float32)
        for k, (period, size) in enumerate(((17.0, 0.24), (11.0, 0.15))):
            turn = 2 * np.pi * t / period + self.phase[k]
            x = width * (0.5 + 0.45 * np.sin(turn))
            y = height * (0.5 + 0.45 * np.cos(0.7 * turn + self.phase[2]))
            away = np.hypot(columns - x, (rows - y) * 1.4) / (size * width)
            left *= 1 - 0.42 / (1 + np.exp(9 * (away - 1)))
        return cv2.resize(left, self.scene.size, interpolation=cv2.INTER_LINEAR)

    def draw(
        self, f: int, paths: Paths, way: np.ndarray
    ) -> tuple[np.ndarray, list[Body], list[np.ndarray]]:
        """One frame, the animals in it, and what is seen of each, (h, w) uint8."""
        scene = self.scene
        frame = self.floor.copy()
        bodies = []
        for k, coat in enumerate(self.coats):
            stretch = 1 + 0.06 * float(np.sin(0.9 * way[k] + f / float(scene.fps) + k))
            bodies.append(Body(coat, paths.joints[f, k], scene.size, 0.0, int(6 * way[k]), stretch))
        order = np.argsort(paths.above[f], kind="stable")
        for k in order:
            draw_tail(frame, paths.joints[f, k], scene.looks[k], 1.0)
        for k in order:
            bodies[k].lay(frame, 1.0, scene.shadow, scene.gloss)
        lit = frame.astype(np.float32)
        lit += self.walls * 0.55 * (70 - lit)
        lit += self.wire * (self.wire_shade - lit)
        lit *= self.shadow(f)
        lit += self.rng.normal(0, scene.noise, (frame.shape[0], frame.shape[1])).astype(np.float32)
        return np.clip(lit, 16, 235).astype(np.uint8), bodies, self._seen(bodies, order)

    def _seen(self, bodies: list[Body], order: np.ndarray) -> list[np.ndarray]:
        """What of every animal is neither behind wire nor under another one."""
        free = self.wire < 0.5
        seen = [np.zeros(free.shape, np.uint8) for _ in bodies]
        for k in order[::-1]:
            box = bodies[k].box
            own = (bodies[k].patch[..., 1] >= 0.5) & free[box]
            seen[k][box] = own
            free[box] &= ~own
        return seen


def strew(floor: np.ndarray, rng: np.random.Generator, spots: np.ndarray) -> None:
    """Lay pieces of straw at spots (n, 2), x and y px; (h, w) uint8 in place."""
    angle = rng.uniform(0, np.pi, len(spots))
    half = rng.uniform(3, 11, (len(spots), 1)) * np.column_stack([np.cos(angle), np.sin(angle)])
    shades = np.clip(rng.normal(125, 42, len(spots)), 30, 225)
    thick = rng.integers(1, 4, len(spots))
    ends = np.rint(np.stack([spots - half, spots + half], axis=1) * 4).astype(int).tolist()
    for (start, stop), shade, wide in zip(ends, shades.tolist(), thick.tolist(), strict=True):
        cv2.line(floor, start, stop, shade, wide, cv2.LINE_AA, 2)


def _wire(size: tuple[int, int], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Bars in front of everything: how much they cover, (h, w) float32, and their shade."""
    width, height = size
    cover = np.zeros((height, width), np.float32)
    shade = np.full((height, width), 60, np.float32)
    slant, first = rng.uniform(-20, 20), rng.uniform(10, BARS_APART - 10)
    lines = [
        ((x, -5), (x + slant, height + 5), 3) for x in np.arange(first, width, BARS_APART).tolist()
    ]
    y = rng.uniform(0.35, 0.65) * height
    lines.append(((-5, y), (width + 5, y + rng.uniform(-10, 10)), 5))
    for start, stop, thick in lines:
        a, b = (tuple(round(4 * v) for v in point) for point in (start, stop))
        cv2.line(cover, a, b, 1.0, thick, cv2.LINE_AA, 2)
        cv2.line(shade, a, b, 215.0, max(1, thick - 2), cv2.LINE_AA, 2)
    return np.clip(cover, 0, 1), shade
