"""The whole way on a scene whose truth is known: render, track, score, ask, compare, export."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app import __version__
from app.demo.report import BoutCheck, DemoResult, Report, compare_bouts
from app.errors import AppError

if TYPE_CHECKING:
    from app.demo.scene import DemoScene
    from app.jobs.progress import Reporter
    from storage.videos import Video

MARK = "demo.json"  # says that a folder is a demo study, which the next demo may write into
RADIUS_CM = 4.0  # half a body


@dataclass(frozen=True)
class Question:
    """One question and which scripted bouts answer it; animals are called mouse1, mouse2, …"""

    name: str  # the behaviour its bouts are kept as
    text: str
    behaviour: str  # as in truth_bouts.csv
    subject: str
    target: str = ""
    counts: str = "bout"  # or "entry", of which only the first frame is compared


QUESTIONS = (
    Question("in_corner", "How long is mouse1 in the corner?", "in_region", "1", "corner"),
    Question(
        "centre_entry",
        "How often does mouse2 enter the centre?",
        "in_region",
        "2",
        "centre",
        counts="entry",
    ),
    Question("contact", "When do mouse1 and mouse2 touch?", "contact", "1", "2"),
    Question("rest", "When is mouse3 immobile for at least 2 seconds?", "immobile", "3"),
    Question("at_lego", "When is mouse3 within 5 cm of the lego?", "near_object", "3", "lego"),
)


def run_demo(
    folder: Path | str,
    seconds: float = 60.0,
    seed: int = 0,
    *,
    show: Callable[[str], None] | None = None,
) -> DemoResult:
    """Make a study whose truth is known in a folder, and report how well the program did.

    `show` receives the lines of the report (stdout unless told otherwise); progress is on stderr.
    A folder of an earlier demo is used again; any other that is not empty is refused.

    >>> run_demo("demo").ok  # doctest: +SKIP
    True
    """
    from app.demo.scene import FPS, render_demo

    show = show or _to_stdout
    folder = _claim(Path(folder))
    report = Report(show, DemoResult(folder, int(seconds * FPS), len(QUESTIONS)))
    with report.timed("render"), _progress("demo.mp4") as tell:
        scene = render_demo(folder / "demo_video", seconds, seed, progress=_rendering(tell))
    report.rendered(scene)
    with report.timed("track"), _progress("demo.mp4") as tell:
        video = _track(folder, scene, tell)
    with report.timed("score"):
        report.result.scores = _score_and_name(folder, video, scene)
    report.tracked()
    with report.timed("ask"):
        for question in QUESTIONS:
            text, check = _ask(folder, video, scene, question)
            report.answered(question.text, question.counts, text, check)
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
    frames_per_s: float
    stage: str = "rendering the scene"
    message: str = ""


def _rendering(tell: Reporter) -> Callable[[int, int], None]:
    began = time.perf_counter()

    def report(done: int, total: int) -> None:
        tell(_Rendering(done, total, done / max(time.perf_counter() - began, 1e-9)))

    return report


def _progress(label: str) -> Reporter:
    from app.jobs.progress import Reporter

    return Reporter(label)


def _claim(folder: Path) -> Path:
    """Take a folder for the demo: a new or empty one, or that of an earlier demo."""
    if folder.exists() and not folder.is_dir():
        raise AppError(f"{folder} is a file. Name a folder for the demo.")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).is_file():
        raise AppError(
            f"{folder} is not empty and no demo was made there. "
            "Name a new folder, for example: ethoscribe demo demo2"
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).write_text(json.dumps({"made_by": "ethoscribe demo", "version": __version__}))
    return folder


def _track(folder: Path, scene: DemoScene, tell: Reporter) -> Video:
    """Put the video with its scale and places into the study, and track it anew."""
    from app.jobs.tracking_job import track_video
    from storage.regions import Region, save_region
    from storage.study import open_study
    from storage.videos import add_video, find_video
    from tracking.video import probe

    info = probe(scene.video)
    with open_study(folder, write=True, create=True) as study:
        video = add_video(study, info, px_per_cm=scene.px_per_cm)
        for place in scene.regions:
            corners = [(x, y) for x, y in place["points"]]
            save_region(
                study, video.video_id, Region(place["name"], place["kind"], place["role"], corners)
            )
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


def _ask(folder: Path, video: Video, scene: DemoScene, question: Question) -> tuple[str, BoutCheck]:
    """Ask one question offline and compare its bouts with the script."""
    from llm_query.engine import ask

    answer = ask(folder, question.text, video=video.name, save=question.name)[0]
    scripted = scene.bouts().fillna({"target": ""})
    wanted = scripted[
        (scripted["behaviour"] == question.behaviour)
        & (scripted["subject"] == question.subject)
        & (scripted["target"] == question.target)
    ]
    check = compare_bouts(wanted, answer.bouts, starts_only=question.counts == "entry")
    return answer.refused or answer.error or answer.text, check


def _export(folder: Path, video: Video) -> dict[str, int]:
    """Write the tables as CSV, each with its dictionary; return how many rows each has."""
    from app.results.exporting import export_table

    return {
        f"{what}.csv": export_table(folder, what, [video.name], folder / f"{what}.csv", "csv").rows
        or 0
        for what in ("tracks", "bouts")
    }
