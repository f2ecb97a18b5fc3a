"""A study of 10^8 track rows: load, file size, and what people wait for, beside plain tools.

python -m tests.benchmarks study_scale                     10^7 rows
python -m tests.benchmarks study_scale --rows 1e8          a lab's year; 10 GB of disk, 20 minutes
python -m tests.benchmarks study_scale --in FOLDER         where it may write

The same rows lie in one Parquet file per video (zstd), which numpy and pandas read; what they
compute is compared with what the study says before any time is printed. Work is CPU seconds of
all threads, of the best of several repeats; `wait` is the wall clock of that repeat.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the samples of the tests

from storage_samples import Info, run_of

from storage.edits import apply
from storage.runs import COLUMNS, ingest_run
from storage.study import DATABASE, open_study
from storage.tracks import read_tracks
from storage.videos import add_video
from storage.writers.exports import summary_table, tracks_table
from storage.writing import write_table

FRAMES, ANIMALS = 100_000, 2  # of one video: 56 minutes at 29.97 frames per second
FPS = Fraction(30_000, 1001)
WINDOW, EDITS = 1_000, 500
PX_PER_CM = 10.0


@dataclass(frozen=True)
class Cost:
    """CPU seconds of all threads and wall seconds of one repeat, with its result."""

    cpu_s: float
    wall_s: float
    result: Any


def main(options: Sequence[str] = ()) -> None:
    """Make the study and print its table."""
    parser = argparse.ArgumentParser(prog="study_scale")
    parser.add_argument("--rows", type=float, default=1e7)
    parser.add_argument("--in", dest="folder", type=Path)
    asked = parser.parse_args(list(options))
    videos = max(int(asked.rows) // (FRAMES * ANIMALS), 2)
    folder = Path(tempfile.mkdtemp(prefix="study_scale", dir=asked.folder))
    try:
        measure(folder, videos)
    finally:
        shutil.rmtree(folder)


def measure(folder: Path, videos: int) -> None:
    """Load, then ask the study and the plain files the same."""
    rows = videos * FRAMES * ANIMALS
    print(f"study_scale: {rows:.3g} track rows in {videos} videos of {FRAMES:,} frames")
    load(folder, videos)
    middle = videos // 2
    _line("append from Arrow, checked", *append(folder, videos))
    out = folder / "out.csv"
    _line(
        "export of one video (CSV)",
        best(lambda: exported(folder, middle, out)),
        best(lambda: plain_export(folder, middle, folder / "plain.csv")),
    )
    summary, plain = best(lambda: summed(folder), 2), best(lambda: plain_summary(folder, videos), 1)
    np.testing.assert_allclose(summary.result, plain.result, rtol=1e-9)
    _line("per-animal summary, all", summary, plain)
    window = best(lambda: windowed(folder, middle), 5)
    sliced = best(lambda: plain_window(folder, middle), 5)
    np.testing.assert_array_equal(window.result, sliced.result)
    _line(f"window of {WINDOW:,} frames", window, sliced)
    edit_costs(folder, middle)


def load(folder: Path, videos: int) -> None:
    """Store every video but the last; each comes as Parquet, like what tracking writes."""
    cpu, wall = 0.0, 0.0
    with open_study(folder / "s", create=True):
        pass
    for number in range(videos - 1):
        table = tracks(number)
        pq.write_table(table, plain_file(folder, number), compression="zstd")
        cost = once(lambda n=number: store(folder, n, plain_file(folder, n)))
        cpu, wall = cpu + cost.cpu_s, wall + cost.wall_s
    pq.write_table(tracks(videos - 1), plain_file(folder, videos - 1), compression="zstd")
    rows = (videos - 1) * FRAMES * ANIMALS
    database = (folder / "s" / DATABASE).stat().st_size
    parquet = sum(plain_file(folder, n).stat().st_size for n in range(videos - 1))
    print(f"  load, checked row by row   {1e6 * cpu / rows:.2f} us CPU per row, "
          f"{cpu:.1f} s CPU, {wall:.1f} s in all")  # fmt: skip
    print(f"  file                       {database / rows:.1f} bytes per row ({database / 1e9:.2f} "
          f"GB); Parquet zstd {parquet / rows:.1f}")  # fmt: skip
    print(f"  {'':32} {'study':>18} {'numpy, pandas, Parquet':>26} {'ratio':>7}")


def tracks(number: int) -> pa.Table:
    """The tracks of one video as Arrow: animals that wander, found in 97 % of frames."""
    pick = np.random.default_rng(number)
    xy = np.cumsum(pick.normal(0, 1.5, (FRAMES, ANIMALS, 2)), axis=0) % 600
    seen = (pick.random((FRAMES, ANIMALS)) > 0.03).ravel()

    def real(values: np.ndarray) -> pa.Array:
        return pa.array(values.astype(np.float32).ravel(), pa.float32(), mask=~seen)

    shape = (FRAMES, ANIMALS)
    return pa.table(
        {
            "frame": np.repeat(np.arange(FRAMES, dtype=np.int32), ANIMALS),
            "time_s": np.repeat(np.arange(FRAMES) / float(FPS), ANIMALS),
            "animal_id": np.tile(np.arange(1, ANIMALS + 1, dtype=np.int16), FRAMES),
            "x_px": real(xy[..., 0]),
            "y_px": real(xy[..., 1]),
            "heading_deg": real(pick.uniform(-180, 180, shape)),
            "length_px": real(pick.normal(40, 2, shape)),
            "width_px": real(pick.normal(15, 1, shape)),
            "area_px": real(pick.normal(470, 10, shape).round()),
            "detected": seen,
            "identity_confidence": real(pick.uniform(0.9, 1, shape).round(3)),
        }
    )


def store(folder: Path, number: int, shard: Path) -> None:
    """What ends the tracking of one video: its run goes into the study, checked."""
    with open_study(folder / "s", write=True) as study:
        info = Info(folder / f"v{number}.mp4", FRAMES, FPS)
        video = add_video(study, info, px_per_cm=PX_PER_CM)
        ingest_run(study, video.video_id, run_of(f"run-{number:04d}", ANIMALS), [shard], [], [])


def append(folder: Path, videos: int) -> tuple[Cost, Cost]:
    """The last video is added to the full study; beside it, its Parquet file is written."""
    table = tracks(videos - 1)

    def from_arrow() -> None:
        shard = folder / "shard.parquet"
        pq.write_table(table, shard, compression="lz4")
        store(folder, videos - 1, shard)

    plain = once(lambda: pq.write_table(table, folder / "again.parquet", compression="zstd"))
    return once(from_arrow), plain


def exported(folder: Path, number: int, out: Path) -> None:
    """`ethoscribe export tracks --video V`: with speed, cm and names."""
    with open_study(folder / "s") as study:
        write_table(tracks_table(study, number + 1), out, "csv")


def plain_export(folder: Path, number: int, out: Path) -> None:
    """The same columns by pandas: speed by central differences, NaN beside a gap."""
    table = pd.read_parquet(plain_file(folder, number))
    table.insert(0, "video", f"v{number}")
    table["animal"] = "animal" + table["animal_id"].astype(str)
    for name in ("x", "y"):
        table[f"{name}_cm"] = table[f"{name}_px"] / PX_PER_CM
    steps = (
        table.groupby("animal_id")[["x_px", "y_px", "time_s"]].diff(2).groupby(table["animal_id"])
    )
    step = steps.shift(-1)
    table["speed_cm_s"] = np.hypot(step["x_px"], step["y_px"]) / step["time_s"] / PX_PER_CM
    table.to_csv(out, index=False)


def summed(folder: Path) -> np.ndarray:
    """The way of every animal of the study, cm."""
    with open_study(folder / "s") as study:
        return summary_table(study).to_arrow()["distance_moved"].to_numpy()


def plain_summary(folder: Path, videos: int) -> np.ndarray:
    """The same by numpy, of the four columns that it needs."""
    ways = []
    for number in range(videos):
        table = pq.read_table(plain_file(folder, number), columns=["x_px", "y_px"])
        xy = np.stack([column.to_numpy() for column in table.columns]).astype(float)
        steps = np.diff(xy.reshape(2, FRAMES, ANIMALS), axis=1)
        ways.append(np.nansum(np.hypot(*steps), axis=0) / PX_PER_CM)
    return np.concatenate(ways)


def windowed(folder: Path, number: int) -> np.ndarray:
    """What the player asks for."""
    start = FRAMES // 2
    with open_study(folder / "s") as study:
        table = read_tracks(study, number + 1, start, start + WINDOW)
    return np.stack([table[name].to_numpy() for name in ("x_px", "y_px")])


def plain_window(folder: Path, number: int) -> np.ndarray:
    """The same rows of the one Parquet file, by a filter."""
    start = FRAMES // 2
    here = (pc.field("frame") >= start) & (pc.field("frame") < start + WINDOW)
    table = pq.read_table(plain_file(folder, number), columns=[*COLUMNS["tracks"]], filters=here)
    return np.stack([table[name].to_numpy() for name in ("x_px", "y_px")])


def edit_costs(folder: Path, number: int) -> None:
    """Reading one video's 200,000 rows before and after many edits, and what an edit costs."""

    def read() -> int:
        with open_study(folder / "s") as study:
            return read_tracks(study, number + 1).num_rows

    before = best(read, 7)
    pick, made = random.Random(1), []
    while len(made) < EDITS:
        made.append(once(lambda: one_edit(folder, number, pick)).cpu_s)
    after = best(read, 7)
    print(f"  one edit                       {1e3 * float(np.median(made)):.0f} ms CPU (median of "
          f"{len(made)}, opening the study among it)")  # fmt: skip
    print(f"  reading {before.result:,} rows        {1e3 * before.cpu_s:.1f} ms CPU, with {EDITS} "
          f"edits {1e3 * after.cpu_s:.1f}: {after.cpu_s / before.cpu_s:.2f} times")  # fmt: skip


def one_edit(folder: Path, number: int, pick: random.Random) -> None:
    """A correction somewhere in the video, as people make them."""
    start = pick.randrange(FRAMES - 300)
    stop = pick.choice([start + 1, start + pick.randrange(2, 300)])
    span = {"start_frame": start, "stop_frame": stop}
    animal = pick.randrange(1, ANIMALS + 1)
    kind, data = pick.choice(
        [
            ("tracks.swap", {"a": 1, "b": 2, **span}),
            ("tracks.swap", {"a": 1, "b": 2, "start_frame": start, "stop_frame": None}),
            ("tracks.delete", {"animal": animal, **span}),
            ("tracks.interpolate", {"animal": animal, **span}),
            ("tracks.move", {"animal": animal, "frame": start, "x_px": 5.0, "y_px": 6.0}),
            ("undo", {"scope": "tracks"}),
        ]
    )
    with open_study(folder / "s", write=True) as study:
        apply(study, number + 1, kind, data, author="bench")


def plain_file(folder: Path, number: int) -> Path:
    """The Parquet file of one video."""
    return folder / f"v{number}.parquet"


def once(work: Callable[[], Any]) -> Cost:
    """What one call costs."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = work()
    return Cost(time.process_time() - cpu, time.perf_counter() - wall, result)


def best(work: Callable[[], Any], repeats: int = 3) -> Cost:
    """The cheapest of several."""
    return min((once(work) for _ in range(repeats)), key=lambda cost: cost.cpu_s)


def _line(what: str, study: Cost, plain: Cost) -> None:
    def said(cost: Cost) -> str:
        return f"{1e3 * cost.cpu_s:.0f} ms ({1e3 * cost.wall_s:.0f} wait)"

    ratio = study.cpu_s / plain.cpu_s
    print(f"  {what:32} {said(study):>18} {said(plain):>26} {ratio:7.2f}", flush=True)
