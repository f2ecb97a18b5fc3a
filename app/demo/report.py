"""What the demo found out, compared with its script and said line by line."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from app.demo.scene import DemoScene

LEAST_IDF1 = 0.99
EDGE_FRAMES = 1  # how far a bout's edge may be off
PAIR_FRAMES = 30  # farther apart, one bout is missing and the other invented


@dataclass(frozen=True)
class BoutCheck:
    """How found bouts compare with the scripted ones."""

    expected: int
    missing: int
    extra: int
    worst_edge: int  # frames, over the bouts that pair up

    @property
    def ok(self) -> bool:
        """Every bout is there, none is invented, and every edge is within one frame."""
        return not self.missing and not self.extra and self.worst_edge <= EDGE_FRAMES


@dataclass
class DemoResult:
    """What the demo found out; `ok` is the exit status."""

    folder: Path
    frames: int
    questions: int  # how many are to be asked
    scores: dict[str, float] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)  # question: the program's sentence
    checks: dict[str, BoutCheck] = field(default_factory=dict)  # question: comparison
    seconds: dict[str, float] = field(default_factory=dict)  # by stage

    @property
    def tracked_well(self) -> bool:
        """No identity was lost."""
        return self.scores.get("idf1", 0.0) >= LEAST_IDF1 and self.scores.get("switches", 1) == 0

    @property
    def ok(self) -> bool:
        """Everything agrees with the script."""
        return (
            self.tracked_well
            and len(self.checks) == self.questions
            and all(check.ok for check in self.checks.values())
        )


def compare_bouts(
    expected: pd.DataFrame, found: pd.DataFrame, starts_only: bool = False
) -> BoutCheck:
    """Pair found bouts with the expected ones, one to one, and measure the worst edge in frames.

    Both: columns start_frame, stop_frame. starts_only: compare the first frames only.

    >>> one = pd.DataFrame({"start_frame": [10], "stop_frame": [20]})
    >>> compare_bouts(one, one + 1)
    BoutCheck(expected=1, missing=0, extra=0, worst_edge=1)
    """
    from scipy.optimize import linear_sum_assignment

    columns = ["start_frame"] if starts_only else ["start_frame", "stop_frame"]
    wanted, got = (table[columns].to_numpy(dtype=int) for table in (expected, found))
    apart = np.abs(wanted[:, None] - got[None]).max(axis=2)
    rows, others = linear_sum_assignment(apart)
    near = apart[rows, others]
    near = near[near <= PAIR_FRAMES]
    worst = int(near.max()) if len(near) else 0
    return BoutCheck(len(wanted), len(wanted) - len(near), len(got) - len(near), worst)


class Report:
    """The report, line by line as the stages end: a tick where all is well."""

    def __init__(self, show: Callable[[str], None], result: DemoResult) -> None:
        self.show, self.result = show, result
        self._stage = ""

    def timed(self, stage: str) -> Report:
        """Count the time of the block as a stage's."""
        self._stage = stage
        return self

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, *_: Any) -> None:
        self.result.seconds[self._stage] = time.perf_counter() - self._began

    def rendered(self, scene: DemoScene) -> None:
        """Say what the scene is."""
        self.show(
            f"{scene.settings.animals} mice, {scene.n_frames} frames, "
            f"{scene.fps} frames/s, truth known to the pixel: {scene.video}"
        )

    def tracked(self) -> None:
        """Say how well identities were kept."""
        scores, seconds = self.result.scores, self.result.seconds["track"]
        speed = self.result.frames / max(seconds, 1e-9)
        self._line(
            self.result.tracked_well,
            f"tracked at {speed:.0f} frames/s: IDF1 {scores['idf1']:.3f}, "
            f"HOTA {scores['hota']:.3f}, {scores['switches']:.0f} identity switches",
        )

    def answered(self, question: str, counts: str, text: str, check: BoutCheck) -> None:
        """Say what was answered and how it compares with the script; counts: "bout", "entry"."""
        self.result.answers[question], self.result.checks[question] = text, check
        self._line(check.ok, question)
        self.show(f"    {text}")
        said = [
            f"{number} {word}"
            for number, word in ((check.missing, "missing"), (check.extra, "too many"))
            if number
        ]
        if check.missing < check.expected:
            off = f"within {_count(check.worst_edge, 'frame')}" if check.worst_edge else "exact"
            said.append(f"every edge {off}")
        self.show(f"    script: {_count(check.expected, counts)}, {', '.join(said)}")

    def finished(self, rows: dict[str, int]) -> None:
        """Say where everything is and how long it took."""
        result = self.result
        for name, count in rows.items():
            self._line(True, f"exported {result.folder / name} ({count} rows)")
        spent = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in result.seconds.items())
        self.show(f"{sum(result.seconds.values()):.0f} s in all: {spent}")
        self.show(
            "All as scripted."
            if result.ok
            else f"Not all is as scripted: see the lines marked {_tick(False)}."
        )
        self.show(f"Look at it: ethoscribe ui -s {result.folder}")

    def _line(self, ok: bool, text: str) -> None:
        self.show(f"{_tick(ok)} {text}")


def _count(number: int, noun: str) -> str:
    """Count things in words: 1 bout, 3 bouts, 2 entries."""
    many = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number} {noun if number == 1 else many}"


def _tick(ok: bool) -> str:
    """Mark a line, in plain letters where the terminal knows no others."""
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower()
    marks = ("✓", "✗") if "utf" in encoding else ("ok", "NO")
    return marks[0 if ok else 1]
