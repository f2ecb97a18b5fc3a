"""A well plate drawn frame by frame: who is where in each well is known."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from storage.regions import Region

FPS = Fraction(30000, 1001)
FRAMES = 360
WELL = 34  # radius of a well, px
BODY = (9, 4)  # half axes of an animal, px
STILL_UNTIL = 324  # of 360 frames: 90 %
LIGHT = {"A1": 205, "A2": 120, "A3": 165, "B1": 90, "B2": 225, "B3": 140}  # gray level of the floor
MIDDLES = {
    name: (50 + 80 * (int(name[1]) - 1), 50 + 80 * "AB".index(name[0])) for name in LIGHT
}  # fmt: skip
SIZE = (260, 180)


def wells() -> list[Region]:
    """The six wells as arenas; two animals live in A3."""
    return [
        Region(name, "circle", "arena", ((x, y), (x + WELL, y)), 2 if name == "A3" else None)
        for name, (x, y) in MIDDLES.items()
    ]


def places() -> dict[str, np.ndarray]:
    """Where each animal is in every frame, (frames, 3) px, px and radians.

    A1 and B1 walk, A2 is empty, A3 holds two, B2 sits still for 90 % of the time, B3 always.
    """
    frame = np.arange(FRAMES)
    found = {
        "A1": _circling("A1", 0.05 * frame, 17.0),
        "A3 animal1": _circling("A3", 0.04 * frame, 20.0),
        "A3 animal2": _circling("A3", 0.04 * frame + math.pi, 20.0),
        "B1": _circling("B1", -0.03 * frame + 1.0, 15.0),
        "B2": _circling("B2", 0.06 * np.maximum(0, frame - STILL_UNTIL), 18.0),
        "B3": _circling("B3", np.full(FRAMES, 0.7), 12.0),
    }
    return {name: found[name] for name in sorted(found)}


def _circling(name: str, angle: np.ndarray, radius: float) -> np.ndarray:
    x, y = MIDDLES[name]
    return np.stack(
        (x + radius * np.cos(angle), y + radius * np.sin(angle), angle + math.pi / 2), axis=1
    )  # fmt: skip


def write_plate(path: Path) -> Path:
    """Write the plate as a video; outside the wells something dark passes by."""
    animals, floor = places(), _floor()
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.options = {"crf": "18", "preset": "ultrafast", "g": "30"}
        for number in range(FRAMES):
            image = floor.copy()
            for name, way in animals.items():
                _body(image, way[number], int(0.35 * LIGHT[name[:2]]))
            cv2.rectangle(image, (number % 250, 170), (number % 250 + 24, 180), 5, -1)
            picture = av.VideoFrame.from_ndarray(image, format="gray").reformat(format="yuv420p")
            picture.pts, picture.time_base = number, 1 / FPS
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def _floor() -> np.ndarray:
    """The plate without animals: wells of different light, each with a pale crumb that stays."""
    image = np.full((SIZE[1], SIZE[0]), 60, np.uint8)
    for name, (x, y) in MIDDLES.items():
        cv2.circle(image, (x, y), WELL, LIGHT[name], -1, cv2.LINE_AA)
        cv2.ellipse(image, (x + 4, y - 26), (8, 3), 0, 0, 360, int(0.85 * LIGHT[name]), -1)
    return image


def _body(image: np.ndarray, place: np.ndarray, gray: int) -> None:
    x, y, angle = place.tolist()
    centre = (round(x * 16), round(y * 16))
    axes = (BODY[0] * 16, BODY[1] * 16)
    cv2.ellipse(image, centre, axes, math.degrees(angle), 0, 360, gray, -1, cv2.LINE_AA, 4)
