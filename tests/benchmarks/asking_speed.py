"""A question and its steps against starting Python alone, and what confinement adds to its code."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from timeit import timeit

import numpy as np

ROUNDS, FRAMES, FPS, ANIMALS = 5, 1800, 30, 3
WARM_ROUNDS = 11
MOST_WARM_S, MOST_FIRST_S = 0.150, 3.0  # what it may cost
QUESTION = "When is each animal in the corner?"
NOTHING = "def analyse(recording):\n    return len(recording.animals)\n"
PLAIN = (  # the same snapshot and code in a process without any confinement
    "import sys; from pathlib import Path; from llm_query.runner import run; "
    "print(run(Path(sys.argv[1]), sys.argv[2]))"
)
FIRST = (  # a program that has asked nothing yet: everything is imported and started for it
    "import sys, time; started = time.perf_counter(); from llm_query.sandbox import run_code; "
    "done = run_code(sys.argv[2], sys.argv[1]); assert not done.error, done.error; "
    "print(time.perf_counter() - started)"
)


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


def python(code: str, copy: Path) -> str:
    """What a new Python prints that runs this code, given the snapshot and what to analyse."""
    command = [sys.executable, "-c", code, str(copy), NOTHING]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def warm_s(copy: Path) -> float:
    """Wall seconds of code that computes nothing, in a confined process that was ready."""
    from llm_query import sandbox

    while not sandbox.ready():
        time.sleep(0.01)
    time.sleep(1.5)  # its imports are done: typing a question takes longer
    return timeit(lambda: sandbox.run_code(NOTHING, copy), number=1)


def print_overhead(copy: Path) -> None:
    """Print what running an answer's code costs beside its computation, warm and at first."""
    from llm_query import sandbox
    from llm_query.confinement import confinement

    first = [float(python(FIRST, copy)) for _ in range(ROUNDS)]
    plain = [timeit(lambda: python(PLAIN, copy), number=1) for _ in range(ROUNDS)]
    sandbox.keep_ready(1)
    try:
        warm = [warm_s(copy) for _ in range(WARM_ROUNDS)]
    finally:
        sandbox.keep_ready(0)
    print(f"\nrunning an answer's code that computes nothing, wall s ({confinement().name})")
    print(f"{'':<26}{'median':>8}{'worst':>8}{'allowed':>9}")
    for name, found, most in (
        ("confined, warm", warm, MOST_WARM_S), ("confined, first use", first, MOST_FIRST_S),
        ("plain subprocess", plain, None),
    ):  # fmt: skip
        allowed = "" if most is None else f"{most:>9.3f}"
        median = statistics.median(found)
        over = "  OVER" if most is not None and median > most else ""
        print(f"{name:<26}{median:>8.3f}{max(found):>8.3f}{allowed}{over}")


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
                "child with nothing to do": lambda: sandbox.run_code(NOTHING, copy),
                "child with the analysis": lambda: sandbox.run_code(code, copy),
                "the whole question": lambda: engine.ask(study, QUESTION),
            }
            rounds = [
                [timeit(step, number=1) for step in steps.values()] for _ in range(ROUNDS + 1)
            ]
        print(
            f"asking, {FRAMES / FPS:g} s of {ANIMALS} animals, wall s, medians of {ROUNDS} rounds"
        )
        medians = list(map(statistics.median, zip(*rounds[1:], strict=True)))  # the first warms up
        for name, wall_s in zip(steps, medians, strict=True):
            print(f"{name:<26}{wall_s:>8.3f}{wall_s / medians[0]:>8.1f}x")
        print_overhead(copy)
