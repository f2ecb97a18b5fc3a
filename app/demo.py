"""The whole way on a scene whose truth is known: render, track, score, ask, compare, export."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from app import __version__
from app.errors import AppError

if TYPE_CHECKING:
    from app.demo_scene import DemoScene
    from app.progress import Reporter
    from storage.videos import Video

MARK = "demo.json"  # says that a folder is a demo study, which the next demo may write into
RADIUS_CM = 4.0  # half a body
LEAST_IDF1 = 0.99
EDGE_FRAMES = 1  # how far a bout's edge may be off


@dataclass(frozen=True)
class Question:
    """One question and which scripted bouts answer it; animals are called mouse1, mouse2, …"""

    name: str  # the behaviour its bouts are kept as
    text: str
    behaviour: str  # as in truth_bouts.csv
    subject: str
    target: str = ""
    starts_only: bool = False  # the answer is moments, such as entries


QUESTIONS = (
    Question("in_corner", "How long is mouse1 in the corner?", "in_region", "1", "corner"),
    Question("centre_entry", "How often does mouse2 enter the centre?", "in_region", "2", "centre",
             starts_only=True),
    Question("contact", "When do mouse1 and mouse2 touch?", "contact", "1", "2"),
    Question("rest", "When is mouse3 immobile for at least 2 seconds?", "immobile", "3"),
    Question("at_lego", "When is mouse3 within 5 cm of the lego?", "near_object", "3", "lego"),
)


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
        return (self.tracked_well and len(self.checks) == len(QUESTIONS)
                and all(check.ok for check in self.checks.values()))


def run_demo(folder: Path | str, seconds: float = 60.0, seed: int = 0, *,
             show: Callable[[str], None] | None = None) -> DemoResult:
    """Make a study whose truth is known in a folder, and report how well the program did.

    `show` receives the lines of the report (stdout unless told otherwise); progress is on stderr.
    A folder of an earlier demo is used again; any other that is not empty is refused.

    >>> run_demo("demo").ok  # doctest: +SKIP
    True
    """
    from app.demo_scene import FPS, render_demo

    show = show or _to_stdout
    folder = _claim(Path(folder))
    report = _Report(show, DemoResult(folder, int(seconds * FPS)))
    with report.timed("render"), _progress("demo.mp4") as tell:
        scene = render_demo(folder / "demo_video", seconds, seed,
                            progress=lambda done, total: tell(_Rendering(done, total)))
    report.rendered(scene)
    with report.timed("track"), _progress("demo.mp4") as tell:
        video = _track(folder, scene, tell)
    with report.timed("score"):
        report.result.scores = _score_and_name(folder, video, scene)
    report.tracked()
    with report.timed("ask"):
        for question in QUESTIONS:
            report.answered(question, *_ask(folder, video, scene, question))
    with report.timed("export"):
        rows = _export(folder, video)
    report.finished(rows)
    return report.result


def _to_stdout(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@dataclass(frozen=True)
class _Rendering:
    """Progress of drawing the video."""

    done: int
    total: int
    stage: str = "rendering the scene"
    frames_per_s: float = 0.0
    message: str = ""


def _progress(label: str) -> Reporter:
    from app.progress import Reporter

    return Reporter(label)


def _claim(folder: Path) -> Path:
    """Take a folder for the demo: a new or empty one, or that of an earlier demo."""
    if folder.exists() and not folder.is_dir():
        raise AppError(f"{folder} is a file. Name a folder for the demo.")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).is_file():
        raise AppError(f"{folder} is not empty and no demo was made there. "
                       "Name a new folder, for example: ethoscribe demo demo2")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).write_text(json.dumps({"made_by": "ethoscribe demo", "version": __version__}))
    return folder


def _track(folder: Path, scene: DemoScene, tell: Reporter) -> Video:
    """Put the video with its scale and places into the study, and track it anew."""
    from app.tracking_job import track_video
    from storage.regions import Region, save_region
    from storage.study import open_study
    from storage.videos import add_video, find_video
    from tracking.video import probe

    info = probe(scene.video)
    with open_study(folder, write=True, create=True) as study:
        video = add_video(study, info, px_per_cm=scene.px_per_cm)
        for place in scene.regions:
            corners = [(x, y) for x, y in place["points"]]
            save_region(study, video.video_id,
                        Region(place["name"], place["kind"], place["role"], corners))
    track_video(folder, scene.video, scene.settings.animals, force=True, progress=tell)
    with open_study(folder) as study:
        return find_video(study, video.video_id)


def _score_and_name(folder: Path, video: Video, scene: DemoScene) -> dict[str, float]:
    """Score the tracks, and call each animal by the name it has in the script."""
    from storage.study import open_study
    from storage.tracks import read_tracks
    from storage.videos import rename_animal
    from tracking.scoring import match_ids, score_tracks

    with open_study(folder) as study:
        tracks = read_tracks(study, video.video_id).to_pandas()
    found = tracks.rename(columns={"animal_id": "id", "x_px": "x", "y_px": "y"})
    truth, radius_px = scene.points(), RADIUS_CM * scene.px_per_cm
    who = match_ids(truth, found, radius_px)
    with open_study(folder, write=True) as study:
        for animal in sorted(set(found["id"])):  # free all names before any is given
            rename_animal(study, video.video_id, int(animal), f"animal{animal}")
        for true_id, animal in who.items():
            rename_animal(study, video.video_id, int(animal), f"mouse{true_id}")
    return score_tracks(truth, found, radius_px)


def _ask(folder: Path, video: Video, scene: DemoScene,
         question: Question) -> tuple[str, BoutCheck]:
    """Ask one question offline and compare its bouts with the script."""
    from llm_query.engine import ask

    answer = ask(folder, question.text, video=video.name, save=question.name)[0]
    scripted = scene.bouts().fillna({"target": ""})
    wanted = scripted[(scripted["behaviour"] == question.behaviour)
                      & (scripted["subject"] == question.subject)
                      & (scripted["target"] == question.target)]
    check = compare_bouts(wanted, answer.bouts, question.starts_only)
    return answer.refused or answer.error or answer.text, check


def compare_bouts(expected: pd.DataFrame, found: pd.DataFrame,
                  starts_only: bool = False) -> BoutCheck:
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
    # Bouts a second apart are not the same bout: one is missing and the other invented.
    near = near[near <= 30]
    worst = int(near.max()) if len(near) else 0
    return BoutCheck(len(wanted), len(wanted) - len(near), len(got) - len(near), worst)


def _export(folder: Path, video: Video) -> dict[str, int]:
    """Write the tables as CSV; return how many rows each has."""
    from storage.exports import bouts_table, tracks_table, write_table
    from storage.study import open_study

    rows = {}
    with open_study(folder) as study:
        for name, make in (("tracks.csv", tracks_table), ("bouts.csv", bouts_table)):
            table = make(study, video.video_id)
            write_table(table, folder / name, "csv")
            rows[name] = len(table)
    return rows


class _Report:
    """The report, line by line as the stages end: a tick where all is well."""

    def __init__(self, show: Callable[[str], None], result: DemoResult) -> None:
        self.show, self.result = show, result
        self._stage = ""

    def timed(self, stage: str) -> _Report:
        """Count the time of the block as a stage's."""
        self._stage = stage
        return self

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, *_: Any) -> None:
        self.result.seconds[self._stage] = time.perf_counter() - self._began

    def rendered(self, scene: DemoScene) -> None:
        """Say what the scene is."""
        self.show(f"{scene.settings.animals} mice, {scene.n_frames} frames, "
                  f"{scene.fps} frames/s, truth known to the pixel: {scene.video}")

    def tracked(self) -> None:
        """Say how well identities were kept."""
        scores, seconds = self.result.scores, self.result.seconds["track"]
        speed = self.result.frames / max(seconds, 1e-9)
        self._line(self.result.tracked_well,
                   f"tracked at {speed:.0f} frames/s: IDF1 {scores['idf1']:.3f}, "
                   f"HOTA {scores['hota']:.3f}, {scores['switches']:.0f} identity switches")

    def answered(self, question: Question, text: str, check: BoutCheck) -> None:
        """Say what was answered and how it compares with the script."""
        self.result.answers[question.text], self.result.checks[question.text] = text, check
        self._line(check.ok, question.text)
        self.show(f"    {text}")
        what = "entry" if question.starts_only else "bout"
        said = [f"{count} {word}" for count, word in ((check.missing, "missing"),
                                                      (check.extra, "too many")) if count]
        if check.missing < check.expected:
            said.append(f"edges at most {_count(check.worst_edge, 'frame')} off")
        self.show(f"    script: {_count(check.expected, what)}, {', '.join(said)}")

    def finished(self, rows: dict[str, int]) -> None:
        """Say where everything is and how long it took."""
        result = self.result
        for name, count in rows.items():
            self._line(True, f"exported {result.folder / name} ({count} rows)")
        spent = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in result.seconds.items())
        self.show(f"{sum(result.seconds.values()):.0f} s in all: {spent}")
        self.show("All as scripted." if result.ok else "Not all is as scripted: see the lines "
                  f"marked {_tick(False)}.")
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
