"""A warm question and its steps against starting Python alone, in the same run."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from timeit import timeit

import numpy as np

ROUNDS, FRAMES, FPS, ANIMALS = 5, 1800, 30, 3
QUESTION = "When is each animal in the corner?"


def make_study(folder: Path) -> Path:
    """A study of one video of 60 s with three animals on closed paths, and a region."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from storage_samples import add_tracked

    from storage.regions import Region, save_region
    from storage.study import open_study

    time_s = np.arange(FRAMES) / FPS
    phase = time_s[:, None] / 5 + np.arange(ANIMALS)
    x_px, y_px = 320 + 250 * np.sin(phase), 240 + 200 * np.cos(phase * 0.7)
    with open_study(folder / "study", create=True) as study:
        add_tracked(study, folder, x_px, y_px, fps=FPS, time_s=time_s, points=("nose",))
        save_region(study, 1, Region("corner", "rectangle", "region", [[0, 0], [200, 200]]))
    return folder / "study"


def main() -> None:
    """Print the median wall seconds of every step and of the whole, and how they compare."""
    from llm_query import engine, planner, sandbox

    with tempfile.TemporaryDirectory() as home:
        study, copy = make_study(Path(home)), Path(home) / "copy"
        with engine.open_study(study) as opened:
            context = engine.make_context(opened, engine.find_video(opened, "clip"))
            engine.write_snapshot(opened, 1, copy, needs_masks=False)
            code = planner.plan(QUESTION, context).code
            steps = {
                "python -c pass": lambda: subprocess.run([sys.executable, "-c", "pass"]),
                "planner": lambda: planner.plan(QUESTION, context),
                "snapshot": lambda: engine.write_snapshot(opened, 1, Path(home) / "new", False),
                "child with nothing to do": lambda: sandbox.run_code("analyse = repr", copy),
                "child with the analysis": lambda: sandbox.run_code(code, copy),
                "the whole question": lambda: engine.ask(study, QUESTION),
            }
            rounds = [
                [timeit(step, number=1) for step in steps.values()] for _ in range(ROUNDS + 1)
            ]
    print(f"asking, {FRAMES / FPS:g} s of {ANIMALS} animals, wall s, medians of {ROUNDS} rounds")
    medians = list(map(statistics.median, zip(*rounds[1:], strict=True)))  # the first warms up
    for name, wall_s in zip(steps, medians, strict=True):
        print(f"{name:<26}{wall_s:>8.3f}{wall_s / medians[0]:>8.1f}x")
