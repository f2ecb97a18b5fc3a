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

from tracking.networks.pictures import fit
from tracking.networks.pictures import scaled as as_tracked
from tracking.networks.samples import Placed, Sample, Source

FEWEST = 6  # with fewer frames, none can be spared to validate with
FINER = 8  # pixels for one of a mask, to draw its outline: 1/16 px inside of its edge
SHARE = 0.2  # of a video's frames that validate


@dataclass(frozen=True)
class Split:
    """Which frames are learned from and which judge, as numbers into what was split."""

    train: list[int]
    validation: list[int]  # none where none can be spared
    left_out: list[int]  # next to a frame that judges, so learned from they would give it away
    words: str = ""  # how it was done, for a report


def split_by_time(
    sources: Sequence[Source], apart: Mapping[str, int] | None = None,
    fixed: Collection[Source] = (), share: float = SHARE, learned: Collection[Source] = (),
    reserved: Mapping[str, int] | None = None,
) -> Split:  # fmt: skip
    """Let the last `share` of each video's frames judge, all together at least one.

    `apart` is by how many frames of a video those that are learned from keep away from those that
    judge (1 unless said). `fixed` are frames that judged before: then those judge again and no
    others, so that numbers can be compared, and the whole stretch of a video between them, and
    `reserved` frames around it, is kept free of frames to learn from. `learned` are frames that the
    weights learned from before: these and what lies within `reserved` of them never judge.

    >>> split_by_time([("a.mp4", frame) for frame in (0, 10, 20, 30, 70, 80)]).validation
    [4, 5]
    """
    known, before, around = set(learned), set(fixed) - set(learned), reserved or apart or {}
    validation = [k for k, source in enumerate(sources) if source in before]
    again = bool(validation)
    if not validation and len(sources) >= FEWEST:
        others = [k for k in range(len(sources)) if not _near(sources[k], known, around)]
        chosen = _latest([sources[k] for k in others], share, bool(known)) if others else []
        validation = [others[k] for k in chosen]
    judging = {sources[k] for k in validation}
    stretch = _stretches(before if again else ())
    near = [
        k for k, source in enumerate(sources) if source not in judging and (
            _near(source, judging, apart or {})
            or _within(source, stretch, {} if source in known else around))
    ]  # fmt: skip
    train = sorted(set(range(len(sources))) - set(near) - set(validation))
    words = _words(sources, train, sorted(validation), len(near), bool(known), again)
    return Split(train, sorted(validation), near, words)


def _words(
    sources: Sequence[Source], train: Sequence[int], validation: Sequence[int], near: int,
    known: bool, again: bool,
) -> str:  # fmt: skip
    """How frames were divided, with what the numbers do not say."""
    if not validation:
        why = f"{FEWEST} or more are needed to spare some"
        if len(sources) >= FEWEST:
            why = "the weights that training began with know all of them, or frames next to them"
        return (
            f"All {len(train)} frames are learned from, since {why}: the numbers are of frames "
            "that the network has seen, and say nothing of others."
        )
    videos = {sources[k][0] for k in train}
    whole = len({sources[k][0] for k in validation} - videos)
    later = f"{len(validation)} that judged before judge again" if again else (
        f"{len(validation)} later ones judge")  # fmt: skip
    said = f"{len(train)} frames are learned from, {later}"
    if whole:
        said += f", with {_counted(whole, 'video')} of which nothing is learned"
    said += f"; {near} too near to those are left out. " if near else ". "
    return said + (
        "The best epoch is chosen on the frames that judge, so the numbers may be somewhat higher "
        "than on frames that took no part."
    )


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _latest(sources: Sequence[Source], share: float, all_may: bool) -> list[int]:
    """The last frames of each video with enough of them, cut where they lie furthest apart.

    Videos with few frames each judge whole, the last ones, until there are enough. `all_may`: there
    are other frames to learn from.
    """
    by_video: dict[str, list[int]] = {}
    for k in sorted(range(len(sources)), key=lambda k: sources[k]):
        by_video.setdefault(sources[k][0], []).append(k)
    found: list[int] = []
    whole = []
    for numbers in by_video.values():
        wanted = round(share * len(numbers))
        if 0 < wanted < len(numbers):
            found += _last_of(numbers, wanted, [sources[k][1] for k in numbers])
        else:
            whole.append(numbers)
    missing = max(round(share * len(sources)), 1) - len(found)
    for numbers in reversed(whole):
        spare = all_may or len(found) + len(numbers) < len(sources)
        if len(numbers) <= missing and spare:
            found += numbers
            missing -= len(numbers)
    longest = max(by_video.values(), key=len)
    return found or (longest[-1:] if all_may or len(sources) > 1 else [])


def _last_of(numbers: Sequence[int], wanted: int, frames: Sequence[int]) -> Sequence[int]:
    """About so many of the last, from behind the widest gap."""
    cuts = range(max(1, wanted - wanted // 2), min(wanted + wanted // 2 + 1, len(frames) - 1) + 1)
    best = max(cuts, key=lambda n: (frames[-n] - frames[-n - 1], -abs(n - wanted)))
    return numbers[-best:]


def _near(source: Source, others: Collection[Source], apart: Mapping[str, int]) -> bool:
    """Whether a frame is one of the others, or close to one."""
    video, frame = source
    return any(
        name == video and abs(other - frame) <= apart.get(video, 1) for name, other in others
    )


def _stretches(sources: Collection[Source]) -> dict[str, tuple[int, int]]:
    """From the first to the last of these frames, in each video."""
    found: dict[str, tuple[int, int]] = {}
    for video, frame in sources:
        first, last = found.get(video, (frame, frame))
        found[video] = min(first, frame), max(last, frame)
    return found


def _within(
    source: Source, stretches: Mapping[str, tuple[int, int]], around: Mapping[str, int]
) -> bool:
    video, frame = source
    if video not in stretches:
        return False
    first, last = stretches[video]
    return first - around.get(video, 0) <= frame <= last + around.get(video, 0)


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
    """The picture with its longer side `image_px` long, as networks that track are shown it."""
    height, width = image.shape
    return as_tracked(image, fit((height, width), image_px).inner)


def outlines(sample: Sample) -> str:
    """One line for each animal: its class and its outline, as shares of width and height."""
    height, width = sample.image.shape
    lines = []
    for placed, kind in zip(sample.masks, sample.classes, strict=True):
        points = outline(placed) / (width, height)
        lines.append(" ".join([str(kind), *(f"{value:.6f}" for value in points.reshape(-1))]))
    return "\n".join(lines) + ("\n" if lines else "")


def outline(placed: Placed) -> np.ndarray:
    """A mask as one closed line along the edges of its outermost pixels, (k, 2) px.

    A line of this kind cannot stop and begin again, so that parts and holes are joined: it goes to
    the next part or hole where the two come nearest, around it, and back the same way. Filled by
    the even-odd rule, holes stay holes.
    """
    # contours run through the centres of pixels: of smaller ones, that is nearer to the edge
    finer = np.kron(placed.mask, np.ones((FINER, FINER), np.uint8))
    found, _ = cv2.findContours(finer, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    rings = [ring.reshape(-1, 2).astype(float) for ring in found]
    rings.sort(key=len, reverse=True)
    line = rings[0]
    for ring in rings[1:]:
        distances = np.linalg.norm(line[:, None] - ring[None], axis=2)
        i, j = np.unravel_index(np.argmin(distances), distances.shape)
        around = np.concatenate([ring[j:], ring[: j + 1]])
        line = np.concatenate([line[: i + 1], around, line[i:]])
    return (line + 0.5) / FINER + np.array([placed.x0, placed.y0])


def _png(picture: np.ndarray) -> bytes:
    _, data = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return data.tobytes()
