"""Small studies with known numbers, for the tests of storage."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from storage.runs import Run, ingest_run
from storage.study import Study
from storage.videos import Video, add_video

STARTED = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


@dataclass
class Info:
    """What a probe of a video file would say; frames at 25 per second unless told."""

    path: Path
    n_frames: int = 4
    fps: Fraction = Fraction(25)
    width: int = 640
    height: int = 480
    variable_rate: bool = False
    codec: str = "h264"
    pixel_format: str = "yuv420p"
    content_hash: str = ""
    browser_playable: bool = True
    time_s: np.ndarray = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        self.content_hash = self.content_hash or hashlib.sha256(bytes(self.path)).hexdigest()
        if not len(self.time_s):
            self.time_s = np.arange(self.n_frames) / float(self.fps)

    @property
    def duration_s(self) -> float:
        """Length in s."""
        return self.n_frames / float(self.fps)


def track_shard(
    path: Path, x_px: np.ndarray, y_px: np.ndarray, time_s: np.ndarray, first: int = 0
) -> Path:
    """A Parquet file of tracks from (frames, animals) positions; NaN is not found."""
    frames, animals = x_px.shape
    here = np.isfinite(x_px).ravel()

    def real(values: np.ndarray | float) -> pa.Array:
        numbers = np.broadcast_to(np.asarray(values, np.float32), x_px.shape).ravel()
        return pa.array(numbers, pa.float32(), mask=~here)

    table = pa.table(
        {
            "frame": np.repeat(np.arange(first, first + frames, dtype=np.int32), animals),
            "time_s": np.repeat(time_s[first : first + frames], animals),
            "animal_id": np.tile(np.arange(1, animals + 1, dtype=np.int16), frames),
            "x_px": real(x_px),
            "y_px": real(y_px),
            "heading_deg": real(90),
            "length_px": real(40),
            "width_px": real(15),
            "area_px": real(471.5),
            "detected": here,
            "identity_confidence": real(0.75),
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
    return path


def point_shard(path: Path, x_px: np.ndarray, y_px: np.ndarray, points: tuple[str, ...]) -> Path:
    """A Parquet file of body points, 10 px to the right of the centre per point."""
    frame, animal = np.nonzero(np.isfinite(x_px))
    parts = [
        pa.table(
            {
                "frame": frame.astype(np.int32),
                "animal_id": (animal + 1).astype(np.int16),
                "point": [point] * len(frame),
                "x_px": (x_px[frame, animal] + 10 * (number + 1)).astype(np.float32),
                "y_px": y_px[frame, animal].astype(np.float32),
                "confidence": np.full(len(frame), 0.5, np.float32),
            }
        )
        for number, point in enumerate(points)
    ]
    pq.write_table(pa.concat_tables(parts), path)
    return path


def mask_shard(path: Path, x_px: np.ndarray, y_px: np.ndarray) -> Path:
    """A Parquet file of outlines: a full box of 4 x 3 px at every position."""
    frame, animal = np.nonzero(np.isfinite(x_px))
    table = pa.table(
        {
            "frame": frame.astype(np.int32),
            "animal_id": (animal + 1).astype(np.int16),
            "x0": x_px[frame, animal].astype(np.int16),
            "y0": y_px[frame, animal].astype(np.int16),
            "width": np.full(len(frame), 4, np.int16),
            "height": np.full(len(frame), 3, np.int16),
            "rle": pa.array([np.array([0, 12], "<u2").tobytes()] * len(frame), pa.binary()),
        }
    )
    pq.write_table(table, path)
    return path


def run_of(run_id: str, n_animals: int) -> Run:
    """A finished run of ten seconds."""
    return Run(
        run_id,
        "background",
        n_animals,
        settings={"threshold": 0.2},
        versions={"ethoscribe": "0.1"},
        timings={"segment_s": 9.5},
        started_at=STARTED,
        finished_at=STARTED.replace(second=10),
    )


def add_tracked(
    study: Study,
    folder: Path,
    x_px: np.ndarray,
    y_px: np.ndarray,
    *,
    name: str = "clip",
    fps: Fraction = Fraction(25),
    time_s: np.ndarray | None = None,
    px_per_cm: float | None = None,
    points: tuple[str, ...] = (),
    masks: bool = False,
    arenas: tuple[str, ...] = (),
) -> Video:
    """Add a video with these (frames, animals) positions as its active run."""
    info = Info(folder / f"{name}.mp4", len(x_px), fps)
    if time_s is not None:
        info.time_s = time_s
    video = add_video(study, info, px_per_cm=px_per_cm)
    shards = folder / "shards" / name
    tracks = [track_shard(shards / "t.parquet", x_px, y_px, info.time_s)]
    keypoints = [point_shard(shards / "k.parquet", x_px, y_px, points)] if points else []
    outlines = [mask_shard(shards / "m.parquet", x_px, y_px)] if masks else []
    run = run_of(f"run-{name}", x_px.shape[1])
    if arenas:
        run.settings["asked"] = {"arenas": [[arena, 1, []] for arena in arenas]}
    ingest_run(study, video.video_id, run, tracks, outlines, keypoints)
    return video
