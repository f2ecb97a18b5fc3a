"""Questions that a video cannot answer: each gets a sentence that says what is missing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from planner_gold import BOXES
from storage_samples import add_tracked

from llm_query import runner
from llm_query.engine import ask, make_context
from llm_query.errors import QueryError
from llm_query.planner import Context, plan
from llm_query.prompt import about
from storage.regions import Region, save_region
from storage.snapshot import write_snapshot
from storage.study import open_study
from storage.tracks import measured
from storage.videos import find_video

FRAMES, FPS = 240, 25
NOSED = ("nose", "tail_base")
STUDIES: dict[str, dict[str, Any]] = {
    "pose only": {"points": (*NOSED, "left_ear"), "shape": False, "px_per_cm": 10},
    "one point": {"shape": False},
    "no scale": {"points": NOSED, "masks": True},
    "one animal": {"animals": 1, "points": NOSED, "masks": True, "px_per_cm": 10},
    "no regions": {"points": NOSED, "masks": True, "places": False},
}
MORE = (
    "When are animal1 and animal2 in contact?", "How long does animal1 explore object 1?",
    "When does animal1 sniff animal2?", "Time spent rearing", "How long does animal1 huddle?",
    "Grooming of animal1", "Body length of animal1", "Distance between animal1 and animal2 in cm",
    "When is animal1 within 3 cm of animal2?", "When is animal1 within 2 body lengths of animal2?",
    "When does animal1 face animal2?", "Heading of animal1", "When does animal1 chase animal2?",
    "Thigmotaxis", "How long is animal1 freezing?", "Elevated plus maze", "Light dark box",
    "Novel object recognition", "Three chamber social preference", "Y maze alternation",
    "Open field test", "Social interaction", "When is the nose of animal1 in ROI0?",
    "When does animal1 move faster than 1 body length per second?",
)  # fmt: skip
WHAT_TO_DO = re.compile(
    r"\b(track|import|set|draw|name|give|ask|asked|say|score|use|take|try|about|define)\b", re.I
)


def make_study(
    folder: Path, animals: int = 3, shape: bool = True, places: bool = True, **more: Any
) -> Path:
    """Animals on closed paths for 9.6 s; shape=False as from a pose file without outlines."""
    time_s = np.arange(FRAMES) / FPS
    phase = time_s[:, None] / 3 + np.arange(animals)
    x_px, y_px = 200 + 150 * np.sin(phase), 200 + 120 * np.cos(phase * 0.7)
    with open_study(folder / "study", create=True) as study:
        video = add_tracked(study, folder, x_px, y_px, time_s=time_s, **more)
        for name, (x0, y0, x1, y1) in BOXES.items() if places else ():
            role = "object" if name.startswith("object") else "region"
            corners = [(float(x0), float(y0)), (float(x1), float(y1))]
            save_region(study, video.video_id, Region(name, "rectangle", role, corners))
        if not shape:
            study.connection.execute("UPDATE tracks SET heading_deg = NULL, length_px = NULL")
    return folder / "study"


Opened = Callable[[str], tuple[Path, Context]]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    """The snapshot of one of the studies, with all it has, and what the planner knows of it."""

    def of(kind: str) -> tuple[Path, Context]:
        home = tmp_path_factory.mktemp("missing")
        with open_study(make_study(home, **STUDIES[kind])) as study:
            video = find_video(study, "clip")
            copy = write_snapshot(study, video.video_id, home / "copy", needs_masks=True)
            return copy, make_context(study, video)

    return of


@pytest.mark.parametrize("kind", STUDIES)
def test_every_question_is_answered_or_refused_with_what_to_do(
    kind: str, opened: Opened, shared_data: Path
) -> None:
    copy, context = opened(kind)
    lines = (shared_data / "questions/questions.jsonl").read_text(encoding="utf-8").splitlines()
    answered = 0
    for question in [*(json.loads(line)["text"] for line in lines), *MORE]:
        planned = plan(question, context)
        said = planned.refused or ""
        if not said:
            try:
                runner.run(copy, planned.code)
                answered += 1
                continue
            except QueryError as error:  # anything else is a mistake of the program, not an answer
                said = str(error)
        assert len(said) > 30 and WHAT_TO_DO.search(said), f"{question}: {said}"
    assert answered > 30


@pytest.mark.parametrize(
    ("kind", "question", "which", "how"),
    [
        ("pose only", "When are animal1 and animal2 in contact?", "no outlines", "Track the video"),
        ("one point", "When does animal1 face animal2?", "heading", "track the video"),
        ("one point", "When is the nose of animal1 in ROI0?", "nose", "Import"),
        ("no scale", "When is animal1 within 3 cm of animal2?", "no scale", "Set its px per cm"),
        ("no scale", "How long does animal1 explore object 1?", "no scale", "px per cm"),
        ("one animal", "When are the animals in contact?", "only", "animal"),
        ("no regions", "When is animal1 in the corner?", "region", "raw"),
    ],
)
def test_an_answer_that_cannot_be_given_is_a_refusal_and_no_error(
    kind: str, question: str, which: str, how: str, tmp_path: Path
) -> None:
    (answer,) = ask(make_study(tmp_path, **STUDIES[kind]), question)
    assert answer.error is None and answer.refused == answer.text
    assert which in answer.text and how in answer.text, answer.text
    assert not len(answer.bouts) and not answer.numbers


def test_the_context_knows_what_was_not_measured_and_the_prompt_says_it(tmp_path: Path) -> None:
    for kind, has in (("pose only", set()), ("no scale", {"outlines", "heading", "length"})):
        with open_study(make_study(tmp_path / kind, **STUDIES[kind])) as study:
            video = find_video(study, "clip")
            assert measured(study, video.video_id) == has
            context = make_context(study, video)
        flags = {context.has_masks, context.has_heading, context.has_length}
        assert flags == {bool(has)}
        told = about(context)
        for said in ("no outlines", "No heading is known", "No body length is known"):
            assert (said in told) != bool(has)
