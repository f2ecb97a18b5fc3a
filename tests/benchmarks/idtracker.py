"""idtracker.ai 6 beside Ethoscribe on the same clips: identity, and frames per CPU second.

It is another program under another licence (GPL): it is installed from the package index into an
environment of its own, only when this benchmark is asked for, and run there as a program.

    python -m tests.benchmarks idtracker --limit 1800 --env ~/idtracker-env
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from tests.benchmarks.identities import SEED, TESTS, Clip, real_clips, track_and_judge
from tests.benchmarks.idtracker_setup import environment
from tests.benchmarks.measuring import cost_of
from tests.benchmarks.tracking_speed import IMPORTS


@dataclass(frozen=True)
class Given:
    """What idtracker.ai must be told of a clip: grey levels, areas in px, where to look."""

    intensity: tuple[int, int]
    area: tuple[int, int]
    region: str = ""  # a polygon in its own notation
    background: bool = False


ARENA = "+ Polygon [[58,38],[582,38],[582,442],[58,442]]"
GIVEN = {
    "different_shades": Given((0, 125), (200, 4000), ARENA),
    "look_alikes": Given((0, 90), (200, 4000), ARENA),
    "flies2_courtship": Given((80, 255), (300, 6000)),
    "zebrafish14": Given((0, 95), (25, 600)),
    "mice3_open_field": Given((0, 40), (200, 6000), background=True),
}
# What its authors' defaults need a GPU for; identification stays its own contrastive one.
ON_CPU = ["--resolution_reduction", "0.5", "--contrastive_batchsize", "16"]


@dataclass(frozen=True)
class Ran:
    """How a run ended."""

    cpu_s: float
    positions: pd.DataFrame | None  # frame, id, x, y; None if it did not finish
    why: str = ""


def run_idtracker(program: Path, clip: Clip, given: Given, limit_s: float, folder: Path) -> Ran:
    """Track a clip with idtracker.ai; it is stopped once one of its processes used the limit."""
    options = [
        "--track", "--video_paths", clip.video, "--output_dir", folder, "--name", "clip",
        "--number_of_animals", clip.animals, "--intensity_ths", *given.intensity,
        "--area_ths", *given.area, "--use_bkg", given.background,
        "--number_of_parallel_workers", 1, "--trajectories_formats", "csv", *ON_CPU,
    ]  # fmt: skip
    if given.region:
        options += ["--roi_list", given.region]
    quiet = {
        "IDTRACKERAI_DISABLE_ANALYTICS": "1", "QT_QPA_PLATFORM": "offscreen",
        "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    shutil.rmtree(folder / "session_clip", ignore_errors=True)  # of an earlier run
    log = folder / "log.txt"
    before = _children()
    with log.open("w") as talk:
        subprocess.run(
            [str(program), *map(str, options)], stdout=talk, stderr=talk, cwd=folder,
            env={**os.environ, **quiet}, preexec_fn=lambda: _allow(limit_s), check=False,
        )  # fmt: skip
    spent = _children() - before
    found = sorted(folder.glob("session_clip/**/*.csv"))
    found = [path for path in found if "traj" in path.name]
    if found:  # it also ends with 1 when it succeeded
        return Ran(spent, read_positions(found[0]))
    lines = log.read_text(errors="replace").strip().splitlines()
    stopped = spent >= 0.95 * limit_s
    why = f"stopped after {limit_s:.0f} CPU s" if stopped else f"failed: {lines[-1:]}"
    return Ran(spent, None, why)


def _allow(limit_s: float) -> None:
    """Let this process, and every one it starts, use so many CPU seconds at a low priority."""
    resource.setrlimit(resource.RLIMIT_CPU, (int(limit_s), int(limit_s) + 5))
    os.nice(19)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def read_positions(path: Path) -> pd.DataFrame:
    """Read its table, a row per frame with x1, y1, x2, ..., as frame, id, x, y."""
    wide = pd.read_csv(path)
    ids = [int(name[1:]) for name in wide.columns if name[0] == "x" and name[1:].isdigit()]
    parts = [
        pd.DataFrame({
            "frame": range(len(wide)), "id": one, "x": wide[f"x{one}"], "y": wide[f"y{one}"]
        })
        for one in ids
    ]  # fmt: skip
    return pd.concat(parts).dropna().sort_values(["frame", "id"], ignore_index=True)


def clips(folder: Path, seed: int, only: Sequence[str]) -> list[Clip]:
    """Generated clips of 900 frames, and the real ones that it can do, by name."""
    if str(TESTS) not in sys.path:
        sys.path.insert(0, str(TESTS))
    import hard_scenes as hard

    made = []
    for scene in (hard.different_shades(seed, 30), hard.look_alikes(seed, 0.6)):
        if not only or scene.name in only:
            film = hard.film_scene(scene, folder)
            truth = film.video.with_suffix(".csv")
            made.append(Clip(scene.name, film.video, truth, scene.n_animals, 25))
    real = [clip for clip in real_clips() if clip.name in GIVEN and clip.video.exists()]
    return made + [clip for clip in real if not only or clip.name in only]


def compare(program: Path, clip: Clip, limit_s: float, keep: Path | None) -> str:
    """One line: both programs on one clip."""
    from tracking.scoring import read_truth, score_tracks

    ours = cost_of(track_and_judge, clip, imports=IMPORTS)
    cpu = sum(ours.result.stages.values())
    truth = read_truth(clip.truth)
    frames = int(truth["frame"].max()) + 1
    said = (
        f"{clip.name:<20}{frames:>7}{clip.animals:>3}   Ethoscribe IDF1 "
        f"{ours.result.scores['idf1']:.3f} ({ours.result.scores['switches']}) "
        f"{frames / cpu:>6.1f} frames per CPU s"
    )
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(keep or temporary)
        theirs = run_idtracker(program, clip, GIVEN[clip.name], limit_s, folder)
    if theirs.positions is None:
        return f"{said}   idtracker.ai {theirs.why} ({theirs.cpu_s:.0f} CPU s)"
    score = score_tracks(truth, theirs.positions, clip.radius_px)
    speed = frames / theirs.cpu_s
    return (
        f"{said}   idtracker.ai IDF1 {score['idf1']:.3f} ({score['switches']}) {speed:>6.2f}"
        f"   {frames / cpu / speed:.0f} times its speed"
    )


def main(arguments: Sequence[str]) -> None:
    """Install it if need be, and compare both on every clip."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks idtracker")
    parser.add_argument("--env", type=Path, default=Path(".venv-idtracker"), help="where it lives")
    parser.add_argument("--limit", type=float, default=1800, help="CPU seconds of one process")
    parser.add_argument("--seed", type=int, default=SEED, help="seed of the generated clips")
    parser.add_argument("--films", type=Path, help="folder in which generated clips are kept")
    parser.add_argument("--keep", type=Path, help="folder in which its session is kept")
    parser.add_argument("--only", nargs="*", default=[], help="names of clips")
    asked = parser.parse_args(list(arguments))
    program = environment(asked.env)
    print("idtracker.ai 6 with contrastive identification, resolution 0.5, batch 16, beside ours")
    with tempfile.TemporaryDirectory() as folder:
        for clip in clips(asked.films or Path(folder), asked.seed, asked.only):
            print(compare(program, clip, asked.limit, asked.keep), flush=True)
