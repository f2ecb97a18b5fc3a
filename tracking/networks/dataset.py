"""Labelled frames as a folder that ultralytics learns from, split by time.

split = split_by_time([sample.source for sample in samples], apart={"cage.mp4": 5})
write_dataset(folder, [samples[k] for k in split.train], [...], ["mouse"], image_px=320)
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from tracking.networks.samples import Placed, Sample, Source

FEWEST = 6  # with fewer frames, none can be spared to validate with
SHARE = 0.2  # of a video's frames that validate


@dataclass(frozen=True)
class Split:
    """Which frames are learned from and which only judge, as numbers into what was split."""

    train: list[int]
    validation: list[int]  # none where there are too few
    left_out: list[int]  # next to a frame that judges, so learned from they would give it away

    @property
    def words(self) -> str:
        """How it was done, for a report."""
        if not self.validation:
            return (
                f"All {len(self.train)} frames are learned from, since {FEWEST} or more are needed "
                "to spare some: the numbers are of frames that the network has seen, and say "
                "nothing of others."
            )
        out = f"; {len(self.left_out)} too near to those are left out" if self.left_out else ""
        return (
            f"{len(self.train)} frames are learned from, {len(self.validation)} later ones of the "
            f"same videos only judge{out}."
        )


def split_by_time(
    sources: Sequence[Source], apart: Mapping[str, int] | None = None,
    fixed: Collection[Source] = (), share: float = SHARE,
) -> Split:  # fmt: skip
    """Let the last `share` of each video's frames judge, all together at least one.

    `apart` is by how many frames of a video those that are learned from keep away from those that
    judge (1 unless said). `fixed` are frames that judged before: then those judge again and no
    others, so that numbers can be compared.

    >>> split_by_time([("a.mp4", frame) for frame in (0, 10, 20, 30, 70, 80)]).validation
    [4, 5]
    """
    validation = [k for k, source in enumerate(sources) if source in set(fixed)]
    if not validation and len(sources) >= FEWEST:
        validation = _latest(sources, share)
    judging = set(validation)
    near = {k for k in range(len(sources)) if k not in judging and _near(k, sources, validation,
            apart or {})}  # fmt: skip
    train = [k for k in range(len(sources)) if k not in judging and k not in near]
    return Split(train, sorted(validation), sorted(near))


def _latest(sources: Sequence[Source], share: float) -> list[int]:
    """The last frames of each video with enough of them, cut where they lie furthest apart."""
    by_video: dict[str, list[int]] = {}
    for k in sorted(range(len(sources)), key=lambda k: sources[k]):
        by_video.setdefault(sources[k][0], []).append(k)
    longest = max(by_video, key=lambda name: len(by_video[name]))
    found = []
    for name, numbers in by_video.items():
        wanted = round(share * len(numbers))
        if name == longest:
            wanted = max(wanted, 1)
        if not 0 < wanted < len(numbers):
            continue
        frames = [sources[k][1] for k in numbers]
        cuts = range(
            max(1, wanted - wanted // 2), min(wanted + wanted // 2 + 1, len(frames) - 1) + 1
        )
        best = max(cuts, key=lambda n: (frames[-n] - frames[-n - 1], -abs(n - wanted)))
        found += numbers[-best:]
    return found


def _near(
    k: int, sources: Sequence[Source], judging: Sequence[int], apart: Mapping[str, int]
) -> bool:
    video, frame = sources[k]
    return any(
        sources[j][0] == video and abs(sources[j][1] - frame) <= apart.get(video, 1)
        for j in judging
    )


def write_dataset(
    folder: Path, train: Sequence[Sample], validation: Sequence[Sample], names: Sequence[str],
    image_px: int,
) -> Path:  # fmt: skip
    """Write pictures and outlines, and the YAML file that describes them; return its path.

    Pictures are written lossless, at the size at which the network sees them.
    """
    for part, samples in (("train", train), ("val", validation)):
        (folder / "images" / part).mkdir(parents=True, exist_ok=True)
        (folder / "labels" / part).mkdir(parents=True, exist_ok=True)
        for k, sample in enumerate(samples):
            name = f"{k:06}"
            picture = scaled(sample.image, image_px)
            (folder / "images" / part / f"{name}.png").write_bytes(_png(picture))
            (folder / "labels" / part / f"{name}.txt").write_text(outlines(sample))
    about = {
        "path": str(folder.resolve()), "train": "images/train", "val": "images/val",
        "names": dict(enumerate(names)),
    }  # fmt: skip
    file = folder / "data.yaml"
    file.write_text(json.dumps(about), encoding="utf-8")  # JSON is YAML
    return file


def scaled(image: np.ndarray, image_px: int) -> np.ndarray:
    """The picture with its longer side `image_px` long; where it shrinks, every pixel counts."""
    height, width = image.shape[:2]
    ratio = image_px / max(height, width)
    if ratio == 1:
        return image
    size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if ratio < 1 else cv2.INTER_LINEAR)


def outlines(sample: Sample) -> str:
    """One line for each animal: its class and its outline, as shares of width and height."""
    height, width = sample.image.shape
    lines = []
    for placed, kind in zip(sample.masks, sample.classes, strict=True):
        points = outline(placed) / (width, height)
        lines.append(" ".join([str(kind), *(f"{value:.6f}" for value in points.reshape(-1))]))
    return "\n".join(lines) + ("\n" if lines else "")


def outline(placed: Placed) -> np.ndarray:
    """A mask as one closed line through the centres of its outermost pixels, (k, 2) px.

    A line of this kind cannot stop and begin again, so that parts and holes are joined: it goes to
    the next part or hole where the two come nearest, around it, and back the same way. Filled by
    the even-odd rule, holes stay holes and the ways between parts are a pixel wide at most.
    """
    found, _ = cv2.findContours(placed.mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    rings = [_ring(ring.reshape(-1, 2)) for ring in found]
    rings.sort(key=len, reverse=True)
    line = rings[0]
    for ring in rings[1:]:
        distances = np.linalg.norm(line[:, None] - ring[None], axis=2)
        i, j = np.unravel_index(np.argmin(distances), distances.shape)
        around = np.concatenate([ring[j:], ring[: j + 1]])
        line = np.concatenate([line[: i + 1], around, line[i:]])
    return line + np.array([placed.x0 + 0.5, placed.y0 + 0.5])


def _ring(points: np.ndarray) -> np.ndarray:
    """The corners of a ring; of one or two pixels a small square, which is a line around them."""
    if len(points) < 3:
        (x0, y0), (x1, y1) = points.min(axis=0) - 0.4, points.max(axis=0) + 0.4
        return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
    straight = np.roll(points, -1, 0) + np.roll(points, 1, 0) == 2 * points
    corners = points[~straight.all(axis=1)].astype(float)
    return corners if len(corners) >= 3 else points.astype(float)


def _png(picture: np.ndarray) -> bytes:
    _, data = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return data.tobytes()
