"""Edits are applied once and in order, logged for good, taken back and done again without limit."""

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from storage_samples import Info, add_tracked

from storage import edits
from storage.bouts import frame_edges, read_bouts
from storage.edits import apply, can_redo, can_undo
from storage.study import Study, open_study
from storage.videos import add_video


@pytest.fixture
def study(tmp_path: Path) -> Iterator[Study]:
    """Video 1: two animals, 100 frames at 29.97; video 2: uneven times, not tracked."""
    with open_study(tmp_path / "s", create=True) as opened:
        fps = Fraction(30000, 1001)
        where = np.full((100, 2), 5.0)
        times = np.arange(100) * 1001 / 30000
        add_tracked(opened, tmp_path, where, where, name="even", fps=fps, time_s=times)
        uneven = Info(tmp_path / "b.mp4", 4, Fraction(4), time_s=np.array([0.0, 0.1, 0.5, 0.6]))
        add_video(opened, uneven)
        yield opened


def score(study: Study, start: int, stop: int | None = None, **more: Any) -> edits.Applied:
    author, video = more.pop("author", "kim"), more.pop("video", 1)
    data = {"behaviour": "groom", "subject": "animal1", "start_frame": start, "stop_frame": stop}
    return apply(study, video, "bouts.add", {**data, **more}, author=author)


def step(study: Study, which: str, author: str = "kim", scope: str = "bouts") -> edits.Applied:
    return apply(study, 1, which, {"scope": scope}, author=author)


def spans(study: Study, video: int = 1) -> list[tuple[int, int]]:
    table = read_bouts(study, video)
    return list(zip(table["start_frame"], table["stop_frame"], strict=True))


def test_a_scored_bout_has_the_true_seconds_of_its_frames(study: Study) -> None:
    done = score(study, 10, 40)
    assert done.error is None and done.result["bout_id"] == 1
    row = read_bouts(study).iloc[0]
    assert row["start_s"] == pytest.approx(10 * 1001 / 30000, abs=1e-12)
    assert row["stop_s"] == pytest.approx(40 * 1001 / 30000, abs=1e-12)
    assert (row["source"], row["annotator"], row["kind"]) == ("person", "kim", "state")
    score(study, 1, 4, video=2)
    uneven = read_bouts(study, 2).iloc[0]
    assert (uneven["start_s"], uneven["stop_s"]) == (0.1, 1.0)
    assert frame_edges(study, 2).tolist() == [0.0, 0.1, 0.5, 0.6, 1.0]


def test_undo_and_redo_go_all_the_way_and_back(study: Study) -> None:
    first = score(study, 10, 20).result["bout_id"]
    score(study, 30, 40, comment="left paw", modifiers={"where": "head"})
    apply(study, 1, "bouts.change", {"bout_id": first, "stop_frame": 25}, author="kim")
    apply(study, 1, "bouts.delete", {"bout_ids": [first]}, author="kim")
    assert spans(study) == [(30, 40)]
    assert can_undo(study, 1, "bouts", "kim") == "delete a bout"
    seen = []
    for _ in range(4):
        step(study, "undo")
        seen.append(spans(study))
    assert seen == [[(10, 25), (30, 40)], [(10, 20), (30, 40)], [(10, 20)], []]
    assert can_undo(study, 1, "bouts", "kim") is None
    assert step(study, "undo").error == "There is nothing to undo."
    assert can_redo(study, 1, "bouts", "kim") == "groom of animal1 at frame 10"
    for _ in range(4):
        assert step(study, "redo").error is None
    assert spans(study) == [(30, 40)]
    row = read_bouts(study, remarks=True).iloc[0]
    assert (row["comment"], json.loads(row["modifiers"])) == ("left paw", {"where": "head"})
    assert step(study, "redo").error == "There is nothing to redo."


def test_an_edit_that_arrives_twice_is_applied_once(study: Study) -> None:
    data = {"behaviour": "rear", "kind": "point", "subject": "animal2", "start_frame": 3}
    first = apply(study, 1, "bouts.add", data, author="kim", client="tab", seq=7)
    again = apply(study, 1, "bouts.add", data, author="kim", client="tab", seq=7)
    assert first == again and spans(study) == [(3, 3)]
    other_tab = {**data, "start_frame": 4}
    apply(study, 1, "bouts.add", other_tab, author="kim", client="other", seq=7)
    assert spans(study) == [(3, 3), (4, 4)]
    refused = apply(study, 1, "bouts.add", {}, author="kim", client="tab", seq=8)
    assert refused.error and refused == apply(study, 1, "undo", {}, author="", client="tab", seq=8)
