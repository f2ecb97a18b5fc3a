"""Films of animals that each look their own way, followed in slots that change hands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np

from tracking.detections import Detections, detections_of
from tracking.identities.crops import CropPlan, CropsOfChunk, Sightings, crops_file
from tracking.identities.fragments import Fragment
from tracking.shards import write_parquet

SIZE = (240, 320)
FPS = 10.0
EVEN = np.ones(SIZE)
PLAN = CropPlan(1, (np.pi * 20 * 8,) * 2, 40.0)


@dataclass(frozen=True)
class Look:
    """What one animal looks like."""

    shade: float = 60.0
    half_length: float = 20.0
    half_width: float = 8.0
    spots: int = 0  # bright ones along the back


def frame_of(
    places: np.ndarray, angles: np.ndarray, looks: list[Look], rng: np.random.Generator,
    light: np.ndarray,
) -> tuple[np.ndarray, Detections]:  # fmt: skip
    """A gray picture of ellipses on a light floor, and what a perfect segmenter finds in it.

    ``light`` (h, w) is 1 where nothing is brighter or darker than it is. Animals may overlap.
    """
    picture = (180 * light).astype(np.uint8)
    found = []
    for (x, y), angle, look in zip(places, angles, looks, strict=True):
        reach = round(look.half_length) + 2
        left, top = round(x) - reach, round(y) - reach
        mask = np.zeros((2 * reach, 2 * reach), np.uint8)
        size = (2 * look.half_length, 2 * look.half_width)
        cv2.ellipse(mask, ((x - left, y - top), size, float(np.degrees(angle))), 1, -1)
        body = np.full(mask.shape, look.shade, np.float32)
        for k in range(look.spots):
            along = (k - (look.spots - 1) / 2) * 9
            spot = round(x - left + along * np.cos(angle)), round(y - top + along * np.sin(angle))
            cv2.circle(body, spot, 3, look.shade + 25, -1)
        here = np.s_[top : top + 2 * reach, left : left + 2 * reach]
        body = body * light[here] + rng.normal(0, 3, mask.shape)
        picture[here] = np.where(mask > 0, np.clip(body, 0, 255), picture[here])
        x0, y0, width, height = cv2.boundingRect(mask)
        crop = np.ascontiguousarray(mask[y0 : y0 + height, x0 : x0 + width])
        found.append((crop, left + x0, top + y0))
    return picture, detections_of(found, [1.0] * len(found))


@dataclass
class Lookers:
    """A film, who was in which slot, and the fragments between the exchanges."""

    sightings: Sightings
    fragments: list[Fragment]
    who: np.ndarray  # (fragments,) the animal that each shows


def film(
    folder: Path, looks: list[Look], seed: int = 0, seconds: float = 60.0, fragment_s: float = 6.0,
    light: np.ndarray = EVEN, homes: bool = False,
) -> Lookers:  # fmt: skip
    """Animals that wander about; every ``fragment_s`` the slots are dealt out anew.

    With ``homes`` each fragment's animal stays near one place.
    """
    rng = np.random.default_rng(seed)
    n, n_frames, cut = len(looks), int(seconds * FPS), int(fragment_s * FPS)
    crops, rows = CropsOfChunk(PLAN), np.full((n_frames, n), -1)
    fragments, who = [], []
    for start in range(0, n_frames, cut):
        stop = min(start + cut, n_frames)
        slot_of = rng.permutation(n)
        fragments += [Fragment(len(fragments) + s, s, start, stop) for s in range(n)]
        who += np.argsort(slot_of).tolist()
        places, angles = rng.uniform((40, 40), (280, 200), (n, 2)), rng.uniform(0, np.pi, n)
        for frame in range(start, stop):
            step = 1.0 if homes else 12.0
            places = np.clip(places + rng.normal(0, step, (n, 2)), (32, 32), (288, 208))
            angles = angles + rng.normal(0, 0.3, n)
            crops.see(frame, *frame_of(places, angles, looks, rng, light))
            rows[frame, slot_of] = frame * n + np.arange(n)
    write_parquet(crops.table(), crops_file(folder, 0))
    sightings = Sightings()
    sightings.note(folder, SimpleNamespace(start=0, rows=rows))  # type: ignore[arg-type]
    return Lookers(sightings, fragments, np.array(who))


def right(log_likelihood: np.ndarray, who: np.ndarray) -> float:
    """The share of fragments told rightly, by whichever naming of the animals fits best."""
    from scipy.optimize import linear_sum_assignment

    n = log_likelihood.shape[1]
    told = log_likelihood.argmax(1)
    counts = np.array([[np.sum((told == c) & (who == a)) for a in range(n)] for c in range(n)])
    return float(counts[linear_sum_assignment(-counts)].sum() / len(who))
