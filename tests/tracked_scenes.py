"""Scenes of ellipses with known masks, for the tests of tracking."""

from fractions import Fraction
from pathlib import Path

import numpy as np

from tracking.detections import Detections, detections_of
from tracking.shards import Chunk, read_shard, write_shard
from tracking.subtraction.background import BackgroundSettings
from tracking.video import VideoInfo

SIZE = (240, 320)
AREA = np.pi * 20 * 8


def ellipse(x, y, heading_deg=0.0, half_length=20.0, half_width=8.0, size=SIZE):
    """A boolean image (h, w) of one animal; heading counter-clockwise as seen."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    angle = -np.radians(heading_deg)
    dx, dy = columns - x, rows - y
    along, across = dx * np.cos(angle) + dy * np.sin(angle), dy * np.cos(angle) - dx * np.sin(angle)
    return (along / half_length) ** 2 + (across / half_width) ** 2 <= 1


def detections(animals) -> Detections:
    """What a perfect segmenter finds: one blob per connected group of animals."""
    from scipy.ndimage import find_objects, label

    together = np.zeros(SIZE, bool)
    for animal in animals:
        together |= ellipse(*animal)
    labels, _ = label(together, np.ones((3, 3)))
    found = []
    for number, where in enumerate(find_objects(labels), start=1):
        crop = (labels[where] == number).astype(np.uint8)
        found.append((np.ascontiguousarray(crop), where[1].start, where[0].start))
    return detections_of(found, [1.0] * len(found))


def chunk_of(frames, folder: Path, start: int = 0) -> Chunk:
    """A chunk of detections from a list of frames, each a list of (x, y, heading_deg)."""
    path = folder / f"chunk-{start}.parquet"
    write_shard(path, start, [detections(animals) for animals in frames])
    return read_shard(path, start, start + len(frames))


def info_of(n_frames: int, fps: Fraction = Fraction(30000, 1001)) -> VideoInfo:
    """What a probe would say of a video of that many frames."""
    time_s = np.arange(n_frames) / float(fps)
    return VideoInfo(
        Path("scene.mp4"), SIZE[1], SIZE[0], n_frames, fps, time_s, False, "h264", "yuv420p",
        n_frames / float(fps), "0" * 32, np.array([0]), 0.0, True, np.arange(n_frames),
    )  # fmt: skip


def settings_of() -> BackgroundSettings:
    """Settings that fit the scenes' animals."""
    return BackgroundSettings(
        typical_area_px=AREA, typical_length_px=40.0, min_area_px=100.0, max_area_px=5000.0
    )
