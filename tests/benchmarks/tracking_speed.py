"""Tracking against only decoding the same video, in the same run; identities beside it.

Rounds alternate between the two, and medians are printed, because a shared machine changes speed.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from tests.benchmarks.measuring import Cost, cost_of

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
IMPORTS = ("app.jobs.tracking_job",)


def decode(video: Path) -> int:
    """Decode every frame and do nothing with it: the reference."""
    from tracking.video import probe, read_frames

    return sum(1 for _ in read_frames(probe(video)))


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
    nowhere = Path("nowhere")
    print(f"tracking over decode-only, CPU seconds without imports, medians of {ROUNDS} rounds")
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
    from tracking.video import probe

    info = probe(video)
    decode_s = statistics.median(d.cpu_s for d, _, _ in rounds)
    track_s = statistics.median(t.cpu_s for _, t, _ in rounds)
    ratio = statistics.median(t.cpu_s / d.cpu_s for d, t, _ in rounds)
    one = statistics.median(t.wall_s for _, t, _ in rounds)
    two = statistics.median(t.wall_s for _, _, t in rounds)
    print(
        f"{folder:<20}{f'{info.width}x{info.height}':>11}{info.n_frames:>8}{decode_s:>8.2f}"
        f"{track_s:>8.2f}{ratio:>7.2f}{one:>7.1f}"
        f"{f'{info.n_frames / one:.0f} {info.n_frames / two:.0f}':>22}{idf1:>8.3f}",
        flush=True,
    )
