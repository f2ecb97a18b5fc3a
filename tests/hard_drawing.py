"""How a hard scene looks: a lit floor, coats that bend with their bodies, tails, noise, a hand."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from hard_motion import BODY

FINE = 1.5  # texture pixels per pixel of the video
PAD = 6.0  # px of a coat around the body, room for its soft shadow
BINS = 2  # steps per px of the table along a body
KINDS = {
    "mouse": ([0, 0.04, 0.1, 0.2, 0.3, 0.42, 0.6, 0.75, 0.88, 0.96, 1.0],
              [0.12, 0.26, 0.42, 0.58, 0.6, 0.78, 0.97, 1.0, 0.8, 0.45, 0.15]),
    "fish": ([0, 0.03, 0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 1.0],
             [0.3, 0.6, 0.9, 1.0, 0.8, 0.5, 0.28, 0.2, 0.12]),
    "fly": ([0, 0.03, 0.12, 0.2, 0.24, 0.32, 0.45, 0.52, 0.7, 0.9, 1.0],
            [0.4, 0.7, 0.78, 0.62, 0.55, 0.8, 0.85, 0.8, 1.0, 0.8, 0.35]),
    "spider": ([0, 0.05, 0.2, 0.35, 0.42, 0.5, 0.7, 0.9, 1.0],
               [0.3, 0.6, 0.75, 0.6, 0.4, 0.75, 1.0, 0.8, 0.3]),
}  # fmt: skip


@dataclass(frozen=True)
class Looks:
    """One animal's looks: px, and grey levels from 16 to 235."""

    kind: str = "mouse"
    length: float = 56.0
    width: float = 25.0
    shade: float = 48.0
    fur: float = 3.0  # fine texture, standard deviation, alike in everybody
    marks: float = 0.0  # blotches of its own, standard deviation
    tail_shade: float = 95.0  # 0: no tail is drawn
    legs: float = 0.0  # how far legs reach, body widths


@dataclass(frozen=True)
class Coat:
    """Textures (h, w, 3) float32 of a straight body: shade, cover 0 to 1, shadow 0 to 1."""

    looks: Looks
    poses: list[np.ndarray]  # of the legs; one for an animal whose legs are not seen
    reach: float  # px from the axis to the texture's edge
    whole: float  # px of cover the whole body has


def cut_coat(looks: Looks, fur_seed: int, marks_seed: int) -> Coat:
    """Draw the coat of an animal; the same fur seed gives everybody the same fur."""
    reach = looks.width / 2 * (1 + looks.legs) + PAD
    height, width = (int(np.ceil(size * FINE)) for size in (2 * reach, looks.length + 2 * PAD))
    along = (np.arange(width) / FINE - PAD) / looks.length
    across = (np.arange(height) / FINE - reach)[:, None]
    at, girth = KINDS[looks.kind]
    half = np.interp(along, at, girth, left=0, right=0) * looks.width / 2
    half = np.where((along > 0) & (along < 1), half, -2.0)
    cover = np.clip((half - np.abs(across)) / 1.6 + 0.5, 0, 1).astype(np.float32)
    shade = looks.shade + 9 * np.sqrt(np.clip(1 - (across / np.maximum(half, 1)) ** 2, 0, 1)) - 4
    shade = shade.astype(np.float32) + looks.fur * _noise((height, width), fur_seed, 2.0, 0.9)
    shade += looks.marks * _noise((height, width), marks_seed, 5.0, 4.0)
    _details(shade, cover, looks, reach)
    poses = []
    for pose in range(2 if looks.legs else 1):
        legged, leg_shade = cover.copy(), shade.copy()
        if looks.legs:
            _draw_legs(legged, leg_shade, looks, reach, pose)
        shadow = cv2.GaussianBlur(legged, (0, 0), 3.0 * FINE)
        poses.append(np.dstack([leg_shade, legged, np.maximum(shadow - 0.02, 0)]))
    return Coat(looks, poses, reach, float(cover.sum()) / FINE**2)


def _noise(size: tuple[int, int], seed: int, along: float, across: float) -> np.ndarray:
    side = max(256, *size)
    noise = np.random.default_rng([seed, 31]).normal(size=(side, side)).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), sigmaX=along, sigmaY=across)
    return (noise / noise.std())[: size[0], : size[1]]


def _details(shade: np.ndarray, cover: np.ndarray, looks: Looks, reach: float) -> None:
    """Ears of a mouse; stripes and wings of a fly; the eyes of a fish."""

    def spot(s: float, v: float, size: float, value: float, share: float, solid: bool) -> None:
        centre = (int((s * looks.length + PAD) * FINE), int((v * looks.width / 2 + reach) * FINE))
        mask = np.zeros_like(cover)
        cv2.ellipse(mask, centre, (int(size * FINE * 1.25), int(size * FINE)), 0, 0, 360, 1.0, -1)
        mask = cv2.GaussianBlur(mask, (0, 0), 0.8) * share
        shade[:] += mask * (value - shade)
        if solid:
            np.maximum(cover, mask / share, out=cover)

    if looks.kind == "mouse":
        for side in (-1, 1):
            spot(0.2, 0.62 * side, 0.13 * looks.width, looks.shade + 30, 0.6, True)
    elif looks.kind == "fish":
        for side in (-1, 1):
            spot(0.09, 0.55 * side, 0.12 * looks.width, looks.shade - 30, 0.9, False)
    elif looks.kind == "fly":
        away = -1 if looks.shade > 110 else 1
        for s in (0.6, 0.72, 0.84):
            spot(s, 0.0, 0.28 * looks.width, looks.shade + 22 * away, 0.5, False)
        for side in (-1, 1):
            spot(0.75, 0.55 * side, 0.3 * looks.width, looks.shade + 30 * away, 0.5, True)


def _draw_legs(cover: np.ndarray, shade: np.ndarray, looks: Looks, reach: float, pose: int) -> None:
    layer = np.zeros_like(cover)
    pairs = 4 if looks.kind == "spider" else 3
    thick = max(1, round(0.06 * looks.width * FINE))
    for k, root in enumerate(np.linspace(0.18, 0.5, pairs)):
        for side in (-1, 1):
            swing = 0.12 * (1 if (k + (side > 0) + pose) % 2 else -1)
            splay = (k / (pairs - 1) - 0.5) * 1.4 + swing
            knee = np.array([root + 0.25 * splay, side * (1 + 0.6 * looks.legs)])
            foot = np.array([root + 0.55 * splay, side * (1 + 0.95 * looks.legs)])
            points = np.array([[root, 0.0], knee, foot]) * (looks.length, looks.width / 2)
            points = (points + np.array([PAD, reach])) * FINE
            cv2.polylines(layer, [np.rint(points * 16).astype(np.int32)], False, 1.0, thick, 8, 4)
    layer = cv2.GaussianBlur(layer, (0, 0), 0.7) * 0.8
    shade += np.clip(layer - cover, 0, 1) * (looks.shade - shade)
    np.maximum(cover, layer, out=cover)


class Body:
    """One animal in one frame: its patch of the picture, ready to be laid over it."""

    def __init__(
        self, coat: Coat, joints: np.ndarray, size: tuple[int, int], wave: float, step: int,
        stretch: float = 1.0,
    ) -> None:  # fmt: skip
        """joints (BODY + TAIL, 2) px; size = width, height; ``wave`` is a fish's phase.

        A body that is stretched by a factor becomes narrower by it.
        """
        looks = coat.looks
        body = joints[:BODY].astype(float)
        margin = coat.reach + 2
        low = np.maximum(np.floor(body.min(0) - margin), 0).astype(int)
        high = np.minimum(np.ceil(body.max(0) + margin) + 1, size).astype(int)
        self.box = (slice(low[1], high[1]), slice(low[0], high[0]))
        self.seen, self.centre, self.turn = 0.0, (np.nan, np.nan), 0.0
        if (high <= low).any():
            return
        axis = body[0] - body[-1]
        ahead = axis / max(float(np.hypot(*axis)), 1e-6)
        middle = body.mean(0)
        table, first = _table(body, middle, ahead, looks, wave)
        x = np.arange(low[0], high[0], dtype=np.float32) - np.float32(middle[0])
        y = (np.arange(low[1], high[1], dtype=np.float32) - np.float32(middle[1]))[:, None]
        a, b = np.float32(ahead[0]), np.float32(ahead[1])
        row = np.clip((x * a + y * b - first) * BINS, 0, len(table) - 1).astype(np.intp)
        at = table[row]  # (h, w, 3)
        across = (y * a - x * b - at[..., 0]) * at[..., 1]
        along = (PAD + 0.5 * looks.length * (1 - 1 / stretch)) * FINE
        self.patch = cv2.remap(
            coat.poses[step % len(coat.poses)],
            at[..., 2] * np.float32(FINE / stretch) + np.float32(along),
            across * np.float32(FINE * stretch) + np.float32(coat.reach * FINE),
            cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT,
        )  # fmt: skip
        self.across, self.turn = across, float(a)
        moments = cv2.moments(self.patch[..., 1])
        self.seen = moments["m00"] / coat.whole
        if moments["m00"] > 0:
            self.centre = (
                low[0] + moments["m10"] / moments["m00"], low[1] + moments["m01"] / moments["m00"]
            )  # fmt: skip

    def lay(self, frame: np.ndarray, light: float, shadow: float, gloss: float) -> None:
        """Lay it over the picture; the lamp stands above, so the upper flank is brighter."""
        if not self.seen:
            return
        under = frame[self.box].astype(np.float32)
        shade, cover, dark = cv2.split(self.patch)
        under *= 1 - np.float32(shadow) * dark
        shade = (shade - np.float32(gloss * self.turn) * self.across) * np.float32(light)
        under += cover * (shade - under)
        frame[self.box] = np.clip(under, 0, 255)

    def hide(self, cover: np.ndarray) -> None:
        """Take away from what is seen of it where the picture is covered, (h, w) bool."""
        if self.seen:
            own = self.patch[..., 1]
            self.seen *= 1 - float(own[cover[self.box]].sum() / own.sum())


def _table(
    body: np.ndarray, middle: np.ndarray, ahead: np.ndarray, looks: Looks, wave: float
) -> tuple[np.ndarray, float]:
    """Along the chord: how far the spine bends off, how steep it is, how far from the nose it is.

    Returns (m, 3) float32 in steps of 1 / BINS px, and where along the chord the table starts.
    """
    apart = body[::-1] - middle  # tail base first
    u = apart @ ahead
    v = apart @ np.array([-ahead[1], ahead[0]])
    u = np.maximum.accumulate(u + 1e-3 * np.arange(len(u)))
    first, last = float(u[0]) - 2 * PAD, float(u[-1]) + 2 * PAD
    ends = [(v[1] - v[0]) / (u[1] - u[0] + 1e-6), (v[-1] - v[-2]) / (u[-1] - u[-2] + 1e-6)]
    ends = np.clip(ends, -2, 2) * 2 * PAD
    grid = np.arange(first, last, 1 / BINS)
    bend = np.interp(grid, np.r_[first, u, last], np.r_[v[0] - ends[0], v, v[-1] + ends[1]]).astype(
        np.float32
    )
    smooth = max(3, int(looks.length * BINS / 6) | 1)
    bend = cv2.blur(bend[None], (smooth, 1), borderType=cv2.BORDER_REPLICATE)[0]
    if looks.kind == "fish":
        back = np.clip((u[-1] - grid) / looks.length, 0, 1.1)
        bend = bend + 0.12 * looks.length * back**2 * np.sin(7 * back - wave)
    slope = np.gradient(bend) * BINS
    lean = np.clip(1 / np.sqrt(1 + slope**2), 0.25, 1)
    way = np.cumsum(1 / lean) / BINS
    nose = np.interp(u[-1], grid, way)
    return np.column_stack([bend, lean, nose - way]).astype(np.float32), first


def draw_tail(frame: np.ndarray, joints: np.ndarray, looks: Looks, light: float) -> None:
    """Draw the thin tail behind a body."""
    if looks.tail_shade:
        points = np.rint(joints[BODY - 1 :] * 16).astype(np.int32)
        cv2.polylines(frame, [points], False, looks.tail_shade * light, 2, cv2.LINE_AA, 4)


def draw_floor(
    size: tuple[int, int], arena: tuple[float, float, float, float], shade: float, wall: float,
    texture: float, gradient: float, seed: int,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """The empty arena (h, w) uint8 and the light (h, w) float32 that falls on it, 1 on average."""
    width, height = size
    rng = np.random.default_rng([seed, 17])
    x0, y0, x1, y1 = (int(v) for v in arena)
    floor = np.full((height, width), wall, np.float32)
    cv2.rectangle(floor, (x0, y0), (x1, y1), shade, -1)
    cv2.rectangle(floor, (x0 - 3, y0 - 3), (x1 + 3, y1 + 3), 0.75 * shade + 0.25 * wall, 2)
    floor = cv2.GaussianBlur(floor, (0, 0), 1.5)
    for sigma, depth in ((40.0, 1.0), (6.0, 0.7), (1.2, 0.6)):
        stains = cv2.GaussianBlur(rng.normal(size=floor.shape).astype(np.float32), (0, 0), sigma)
        floor += texture * depth * stains / stains.std() * (floor / max(shade, wall))
    for _ in range(30):  # droppings and crumbs
        at = (int(rng.uniform(x0, x1)), int(rng.uniform(y0, y1)))
        cv2.circle(floor, at, int(rng.integers(1, 3)), float(shade * rng.uniform(0.6, 1.0)), -1, 8)
    side = rng.uniform(0, 2 * np.pi)
    across = (np.arange(width) / width - 0.5) * np.cos(side)
    down = (np.arange(height) / height - 0.5) * np.sin(side)
    light = (1 + gradient * (across[None] + down[:, None])).astype(np.float32)
    return np.clip(floor * light, 16, 235).astype(np.uint8), light


def draw_hand(frame: np.ndarray, way: float, shade: float = 150.0) -> np.ndarray:
    """A hand that reaches in from the right edge; ``way`` 0 (not there) to 1 (in the middle).

    Returns where it covers the picture, (h, w) bool.
    """
    height, width = frame.shape
    tip = np.array([width * (1.15 - 0.65 * way), height * (0.4 + 0.15 * way)])
    reach = height * 0.11
    layer = np.zeros_like(frame)

    def finger(end: np.ndarray, thick: float) -> None:
        start, stop = np.rint(tip).astype(int).tolist(), np.rint(end).astype(int).tolist()
        cv2.line(layer, start, stop, 255, int(thick * reach), cv2.LINE_AA)

    finger(np.array([width * 1.3, height * 0.75]), 1.5)
    for k in range(4):
        angle = np.pi + 0.5 + (k - 1.5) * 0.28
        finger(tip + 1.9 * reach * np.array([np.cos(angle), np.sin(angle)]), 0.42)
    inside = layer > 127
    round_ = cv2.GaussianBlur(layer, (0, 0), reach * 0.2)[inside] / 255.0
    frame[inside] = (shade * (0.55 + 0.45 * round_)).astype(np.uint8)
    return inside


def mirror(frame: np.ndarray, edge: int, depth: int, share: float) -> None:
    """Let the wall right of column ``edge`` reflect what lies left of it, dimmed."""
    depth = min(depth, frame.shape[1] - edge, edge)
    image = cv2.flip(frame[:, edge - depth : edge], 1)
    wall = frame[:, edge : edge + depth]
    frame[:, edge : edge + depth] = cv2.addWeighted(image, share, wall, 1 - share, 0)
