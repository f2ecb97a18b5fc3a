"""Questions that the planner had not seen when their answers were written: right, or refused."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from planner_fresh import ANIMALS, FRESH, LATER, PX_PER_CM, REGIONS
from planner_gold import BOXES, FPS, LENGTH, Scene, make_scene
from test_planner_questions import execute

from llm_query.geometry import Region
from llm_query.planner import Context, plan
from llm_query.recording import Recording

CONTEXT = Context(
    animals=ANIMALS, points=("centre", "nose", "tail_base"), regions=REGIONS, unit="cm",
    px_per_cm=PX_PER_CM, fps=float(FPS), n_frames=900,
)  # fmt: skip


def recording_of(scene: Scene) -> Recording:
    places = [
        Region(name, "rectangle", np.array(BOXES[name], dtype=float).reshape(2, 2))
        for name in REGIONS
    ]
    points = {a: {p: scene.points[a][p] for p in ("nose", "tail_base")} for a in scene.animals}
    return Recording.synthetic(
        scene.centre, fps=FPS, regions=places, points=points, heading_deg=scene.heading,
        length=LENGTH, px_per_cm=PX_PER_CM,
    )  # fmt: skip


def numbers_in(found: dict[str, Any]) -> np.ndarray:
    """Every number of an answer: those that are said, and those in its table."""
    said = [float(v) for v in found["numbers"].values() if v is not None]
    table = found["table"]
    if table is not None:
        for name in table.columns:
            values = np.asarray(table[name])
            said += [float(v) for v in values] if values.dtype.kind in "if" else []
    return np.array(said)


def is_right(found: dict[str, Any], expected: Any) -> bool:
    if isinstance(expected, set):
        table = found["bouts"]
        rows = zip(table.subject, table.target, table.start_frame, table.stop_frame, strict=True)
        return {(s, t, int(a), int(b)) for s, t, a, b in rows} == expected
    said = numbers_in(found)
    return all(np.isclose(said, value, rtol=1e-6, atol=1e-6).any() for value in expected)


def outcomes() -> dict[str, str]:
    scene = make_scene(ANIMALS)
    recording, found = recording_of(scene), {}
    for question, gold in (FRESH | LATER).items():
        planned = plan(question, CONTEXT)
        if planned.refused:
            found[question] = "refused"
        else:
            right = is_right(execute(planned, recording), gold(scene))
            found[question] = "right" if right else "wrong"
    return found


@pytest.fixture(scope="module")
def found() -> dict[str, str]:
    return outcomes()


def test_fresh_questions_are_answered_right_or_refused(found: dict[str, str]) -> None:
    counted = Counter(found.values())
    wrong = [question for question, how in found.items() if how == "wrong"]
    assert counted["wrong"] / len(found) <= 0.02, wrong
    assert counted["right"] / len(found) >= 0.95, [q for q, how in found.items() if how != "right"]


def test_the_answers_written_by_hand_are_not_empty() -> None:
    scene = make_scene(ANIMALS)
    for question, gold in (FRESH | LATER).items():
        expected = gold(scene)
        assert len(expected) and (isinstance(expected, set) or any(expected)), question
