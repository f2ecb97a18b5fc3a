"""Bouts keep half-open frames, the video's own seconds, and who made them."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from storage_samples import Info

from storage.bouts import (
    COLUMNS,
    delete_bouts,
    frame_edges,
    read_bouts,
    save_bouts,
    watched_videos,
    watchers,
)
from storage.study import Study, StudyError, open_study
from storage.videos import add_video


@pytest.fixture
def study(tmp_path: Path) -> Iterator[Study]:
    with open_study(tmp_path / "s", create=True) as opened:
        add_video(opened, Info(tmp_path / "a.mp4", 10, Fraction(10)))
        uneven = Info(tmp_path / "b.mp4", 4, time_s=np.array([0.0, 0.1, 0.5, 0.6]))
        uneven.fps = Fraction(4, 1)  # 4 frames in 1 s
        add_video(opened, uneven)
        yield opened


def bouts(*spans: tuple[int, int], subject: str = "animal1", **columns: object) -> pd.DataFrame:
    starts, stops = zip(*spans, strict=True) if spans else ((), ())
    frame = pd.DataFrame({"start_frame": starts, "stop_frame": stops})
    return frame.assign(subject=subject, **columns)


def spans(study: Study, **which: object) -> list[tuple[int, int]]:
    frame = read_bouts(study, **which)  # type: ignore[arg-type]
    return list(zip(frame["start_frame"], frame["stop_frame"], strict=True))


def test_bouts_come_back_with_every_column_in_time_order(study: Study) -> None:
    frame = bouts((6, 9), (1, 3), target="food", definition="speed < 2 cm/s")
    assert save_bouts(study, 1, frame, behaviour="freezing", analysis_id=None) == 2
    found = read_bouts(study)
    assert tuple(found.columns) == (*COLUMNS, "bout_id")
    assert found.iloc[0, :-1].tolist() == [
        "a", "freezing", "animal1", "food", "state", 1, 3, 0.1, 0.3, pytest.approx(0.2),
        "analysis", None, "speed < 2 cm/s",
    ] or pd.isna(found["annotator"][0])  # fmt: skip
    assert spans(study) == [(1, 3), (6, 9)]


def test_seconds_are_the_times_of_the_frames_even_when_they_are_uneven(study: Study) -> None:
    save_bouts(study, 2, bouts((0, 2), (1, 4), start_s=77.0, stop_s=78.0), behaviour="rearing")
    found = read_bouts(study, 2)
    assert found["start_s"].tolist() == [0.0, 0.1]
    assert found["stop_s"].tolist() == [0.5, 1.0]  # the last frame ends with the recording
    assert found["duration_s"].tolist() == pytest.approx([0.5, 0.9])
    assert frame_edges(study, 2).tolist() == [0.0, 0.1, 0.5, 0.6, 1.0]


def test_saving_again_replaces_the_same_analysis_and_no_person(study: Study) -> None:
    kim = {"behaviour": "freezing", "source": "person", "annotator": "kim"}
    save_bouts(study, 1, bouts((0, 1)), **kim)  # type: ignore[arg-type]
    save_bouts(study, 1, bouts((0, 2)), behaviour="freezing", definition="old")
    save_bouts(study, 1, bouts((0, 3)), behaviour="rearing")
    save_bouts(study, 2, bouts((0, 4)), behaviour="freezing")
    save_bouts(study, 1, bouts((5, 6), (7, 8)), behaviour="freezing", definition="new")
    assert spans(study, video_id=1, behaviour="freezing") == [(0, 1), (5, 6), (7, 8)]
    assert spans(study) == [(0, 1), (0, 3), (5, 6), (7, 8), (0, 4)]
    save_bouts(study, 1, bouts(), behaviour="freezing")  # it happens no more
    assert spans(study, video_id=1, behaviour="freezing") == [(0, 1)]


def test_scoring_bout_by_bout_adds_and_deletes(study: Study) -> None:
    for span in ((0, 2), (4, 6)):
        frame = bouts(span, behaviour="grooming", source="person", annotator="kim")
        save_bouts(study, 1, frame, replace=False)
    first = int(read_bouts(study)["bout_id"][0])
    assert delete_bouts(study, [first, 999]) == 1
    assert spans(study) == [(4, 6)]


def test_a_moment_may_have_no_duration_but_a_state_has_one(study: Study) -> None:
    save_bouts(study, 1, bouts((3, 3), (10, 10), kind="point"), behaviour="enters")
    assert read_bouts(study)["duration_s"].tolist() == [0.0, 0.0]
    with pytest.raises(StudyError, match="from frame 3 to 3, but video 'a' has 10 frames"):
        save_bouts(study, 1, bouts((3, 3)), behaviour="freezing")


@pytest.mark.parametrize(
    "span", [(-1, 2), (8, 11), (5, 4), (0.5, 2), (0, float("nan")), (float("inf"), 3)]
)
def test_a_bout_outside_the_video_is_refused(study: Study, span: tuple[int, int]) -> None:
    with pytest.raises(StudyError, match=r"A bout of freezing runs from frame"):
        save_bouts(study, 1, bouts((0, 1), span), behaviour="freezing")
    assert spans(study) == []


def test_a_bout_needs_subject_behaviour_and_a_known_kind(study: Study) -> None:
    with pytest.raises(StudyError, match="need a column subject"):
        save_bouts(study, 1, bouts((0, 1)).drop(columns="subject"), behaviour="x")
    with pytest.raises(StudyError, match="has no behaviour"):
        save_bouts(study, 1, bouts((0, 1)))
    with pytest.raises(StudyError, match="has no subject"):
        save_bouts(study, 1, bouts((0, 1), subject=""), behaviour="x")
    with pytest.raises(StudyError, match="a state or a point, not event"):
        save_bouts(study, 1, bouts((0, 1), kind="event"), behaviour="x")
    with pytest.raises(StudyError, match="has no video '5'"):
        save_bouts(study, 5, bouts((0, 1)), behaviour="x")


def test_ten_thousand_bouts_are_saved_at_once(study: Study) -> None:
    frame = bouts(*[(0, 1)] * 10_000)
    assert save_bouts(study, 1, frame, behaviour="blink") == 10_000
    assert len(read_bouts(study, behaviour="blink")) == 10_000


def test_looking_for_a_behaviour_and_finding_none_is_known(study: Study) -> None:
    save_bouts(study, 1, bouts((1, 3)), behaviour="dig", source="person", annotator="Jin")
    save_bouts(study, 2, bouts(), behaviour="dig", source="person", annotator="Jin")
    save_bouts(study, 2, bouts(), behaviour="rear")
    assert watched_videos(study, "dig", "person", "Jin") == {"a", "b"}
    assert watched_videos(study, None, "person", "Jin") == {"a", "b"}
    assert watched_videos(study, "rear", "analysis", None) == {"b"}
    assert watched_videos(study, "dig", "person", "Sian") == set()
    assert watchers(study, "dig") == [("person", "Jin")]
    save_bouts(study, 2, bouts(), behaviour="rear")
    assert study.rows("SELECT count(*) FROM watched") == [(3,)]
