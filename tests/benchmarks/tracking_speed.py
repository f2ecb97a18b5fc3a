"""Tracking against only decoding the same video, in the same run; identities beside it.

Rounds alternate between the two, and the least of each is printed, because a shared machine
changes speed. The reference is ``decode``: the same decoder as in tracking with as many threads,
one, and CPU seconds of all threads and child processes on both sides.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.measuring import Cost, cost_of
from tracking.video import probe

sys.path.append(str(Path(__file__).resolve().parents[1]))
from hard_scenes import film_scene, many_pixels

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "video"
# recording, video, animals, radius in pixels
RECORDINGS = [
    ("mouse1_round_arena", "mouse_video.mp4", 1, 25),
    ("mouse1_open_field", "m3v1mp4.mp4", 1, 25),
    ("flies2_courtship", "clip.mp4", 2, 40),
    ("mice3_open_field", "EGS8X2MN4SSUGFWAV976.mp4", 3, 25),
    ("zebrafish14", "zebrafish14.mp4", 14, 10),
]
ROUNDS = 3
BLOCK = 160  # frames of one turn: a tenth of a second or so
IMPORTS = ("app.jobs.tracking_job",)


def decode(video: Path) -> int:
    """Decode every frame and do nothing with it, with one thread, which costs least: the
    reference."""
    from tracking.video import probe, read_frames

    return sum(1 for _ in read_frames(probe(video), threads=1))


def segment(video: Path, animals: int) -> dict[str, float]:
    """CPU seconds of tuning, of decoding alone, and of decoding and segmenting every frame.

    The two take turns every ``BLOCK`` frames, so that both meet the machine at the same speed;
    which of them comes first changes from block to block.
    """
    import numpy as np

    from tracking.reading.ahead import batch_size, read_batches
    from tracking.subtraction.background import BackgroundSegmenter
    from tracking.subtraction.tuning import tune
    from tracking.threads import one_thread
    from tracking.video import probe, read_frames

    info = probe(video)
    started = time.process_time()
    tuning = tune(info, animals)
    tuned = time.process_time()
    segmenter = BackgroundSegmenter(tuning.background, tuning.settings)
    size = batch_size(info)
    alone = read_frames(info, threads=1)
    batches = read_batches(info, [(0, info.n_frames)])

    def decode_some(batch_count: int) -> None:
        for _ in range(batch_count * size):
            next(alone, None)

    def segment_some(batch_count: int) -> None:
        for _ in range(batch_count):
            if batch := next(batches, None):
                with one_thread():
                    segmenter.segment(batch)

    per_block = max(1, BLOCK // size)
    blocks = -(-info.n_frames // (per_block * size))
    spent = np.zeros((blocks, 2))
    for block in range(blocks):
        for which in (0, 1) if block % 2 else (1, 0):
            before = time.process_time()
            (decode_some, segment_some)[which](per_block)
            spent[block, which] = time.process_time() - before
    decode_s, segment_s = spent.sum(axis=0)
    ratios = spent[:, 1] / spent[:, 0]
    low, high = np.quantile(ratios, (0.1, 0.9))
    return {
        "tune_s": tuned - started, "decode_s": decode_s, "segment_s": segment_s,
        "ratio": segment_s / decode_s, "low": low, "high": high,
    }  # fmt: skip


def per_frame() -> None:
    """The path of every frame alone, also at the size of the largest sensors."""
    with tempfile.TemporaryDirectory() as folder:
        videos = [(name, DATA / name / file, n) for name, file, n, _ in RECORDINGS]
        large = film_scene(many_pixels(seed=0), folder)
        videos.append(("generated", large.video, large.scene.n_animals))
        print(
            f"decoding and segmenting over decode-only, CPU seconds, in turns of {BLOCK} frames: "
            "the middle\nof the rounds' ratios, and what most turns lie between"
        )
        print(
            f"{'recording':<20}{'size':>11}{'frames':>8}{'decode':>8}{'segment':>8}{'ratio':>7}"
            f"{'most turns':>13}{'tune':>7}"
        )
        for name, video, animals in videos:
            rounds = [
                cost_of(segment, video, animals, imports=IMPORTS).result for _ in range(ROUNDS)
            ]
            middle = sorted(rounds, key=lambda one: one["ratio"])[ROUNDS // 2]
            info = probe(video)
            print(
                f"{name:<20}{f'{info.width}x{info.height}':>11}{info.n_frames:>8}"
                f"{middle['decode_s']:>8.2f}{middle['segment_s']:>8.2f}{middle['ratio']:>7.2f}"
                f"{middle['low']:>8.2f}-{middle['high']:.2f}{middle['tune_s']:>7.2f}",
                flush=True,
            )


def track(video: Path, animals: int, workers: int, truth: Path, radius: float) -> float:
    """Track the video into a new study, as the command does; returns IDF1 if there is a truth."""
    from app.jobs.tracking_job import track_video

    with tempfile.TemporaryDirectory() as folder:
        track_video(Path(folder) / "s", video, animals, workers=workers)
        return _idf1(Path(folder) / "s", truth, radius) if truth.exists() else float("nan")


def _idf1(study_folder: Path, truth: Path, radius: float) -> float:
    from storage.study import open_study
    from storage.tracks import read_tracks
    from tracking.scoring import read_truth, score_tracks

    with open_study(study_folder) as study:
        tracks = read_tracks(study, 1).to_pandas()
    columns = {"animal_id": "id", "x_px": "x", "y_px": "y"}
    found = tracks[tracks.detected].rename(columns=columns)
    return score_tracks(read_truth(truth), found, radius)["idf1"]


def main() -> None:
    """Print one line per recording."""
    if not DATA.is_dir():
        print(f"The recordings are not at {DATA}.")
        return
    per_frame()
    nowhere = Path("nowhere")
    print(f"the whole command over decode-only, CPU seconds without imports, least of {ROUNDS}")
    print(
        f"{'recording':<20}{'size':>11}{'frames':>8}{'decode':>8}{'track':>8}{'ratio':>7}"
        f"{'wall':>7}{'fps, 1 and 2 workers':>22}{'IDF1':>8}"
    )
    for folder, file, animals, radius in RECORDINGS:
        video = DATA / folder / file
        rounds: list[tuple[Cost, Cost, Cost]] = []
        for _ in range(ROUNDS):
            rounds.append((
                cost_of(decode, video, imports=IMPORTS),
                cost_of(track, video, animals, 1, nowhere, radius, imports=IMPORTS),
                cost_of(track, video, animals, 2, nowhere, radius, imports=IMPORTS),
            ))  # fmt: skip
        idf1 = cost_of(track, video, animals, 1, DATA / folder / "gt_points.csv", radius).result
        _line(folder, video, rounds, idf1)


def _line(folder: str, video: Path, rounds: list[tuple[Cost, Cost, Cost]], idf1: float) -> None:
    info = probe(video)
    decode_s = min(d.cpu_s for d, _, _ in rounds)
    track_s = min(t.cpu_s for _, t, _ in rounds)
    ratio = track_s / decode_s
    one = min(t.wall_s for _, t, _ in rounds)
    two = min(t.wall_s for _, _, t in rounds)
    print(
        f"{folder:<20}{f'{info.width}x{info.height}':>11}{info.n_frames:>8}{decode_s:>8.2f}"
        f"{track_s:>8.2f}{ratio:>7.2f}{one:>7.1f}"
        f"{f'{info.n_frames / one:.0f} {info.n_frames / two:.0f}':>22}{idf1:>8.3f}",
        flush=True,
    )
