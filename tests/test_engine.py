"""Asking a study: right numbers, kept analyses, clear errors, plain JSON."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from storage_samples import Info, add_tracked

from llm_query import engine
from llm_query.engine import BOUT_COLUMNS, ask, run_analysis
from llm_query.errors import QueryError
from llm_query.sandbox import Result
from storage import snapshot
from storage.analyses import analyses, find_analysis
from storage.bouts import read_bouts
from storage.errors import StudyError
from storage.regions import Region, save_region
from storage.study import Study, open_study
from storage.videos import add_video, find_video

FPS = Fraction(30000, 1001)
DT = 1001 / 30000
KEYS = ["text", "code", "bouts", "table", "numbers", "assumptions", "ignored", "refused", "model",
        "error"]  # fmt: skip


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Two animals, 60 frames: the first is in the corner in frames 10 to 29, the second never."""
    folder = tmp_path / "Étude 1"
    x = np.full((60, 2), 300.0)
    x[10:30, 0] = 50.0
    x[40:44, 0] = np.nan
    y = np.where(np.isfinite(x), 60.0, np.nan)
    with open_study(folder, create=True) as one:
        video = add_tracked(
            one, tmp_path, x, y, fps=FPS, time_s=np.arange(60) * DT, points=("nose",), masks=True
        )
        corner = Region("corner", "rectangle", "region", [[0, 0], [100, 100]])
        save_region(one, video.video_id, corner)
    return folder


def test_an_answer_has_text_code_bouts_and_numbers(study: Path) -> None:
    (answer,) = ask(study, "How long is mouse 1 in the corner?")
    assert answer.error is None and answer.refused is None
    assert answer.text == ("animal1 was in the corner once, for 0.667 s (33.3 % of the recording).")
    assert answer.numbers["total_s"] == pytest.approx(20 * DT)
    row = answer.bouts.iloc[0]
    assert list(answer.bouts.columns) == BOUT_COLUMNS
    assert (row.video, row.subject, row.start_frame, row.stop_frame) == ("clip", "animal1", 10, 30)
    assert row.stop_s == pytest.approx(30 * DT)
    assert answer.code.startswith("def analyse(recording):")
    assert answer.seconds < 10


def test_json_has_the_agreed_keys_and_null_for_unknown(study: Path) -> None:
    (answer,) = ask(study, "latency to first enter the corner")
    said = json.loads(json.dumps(answer.to_json(), allow_nan=False))
    assert list(said)[:10] == KEYS
    assert said["numbers"]["animal2 latency_s"] is None
    assert said["numbers"]["animal1 latency_s"] == pytest.approx(10 * DT)
    assert said["bouts"][0]["kind"] == "point"
    assert said["model"] == "offline"


def test_zero_bouts_are_an_empty_table_with_its_columns(study: Path) -> None:
    (answer,) = ask(study, "When is mouse 2 in the corner?")
    assert answer.text == "animal2 was never in the corner."
    assert answer.bouts.empty and list(answer.bouts.columns) == BOUT_COLUMNS
    assert answer.to_json()["bouts"] == []


def test_contact_reads_the_outlines(study: Path) -> None:
    (answer,) = ask(study, "How often do mouse 1 and mouse 2 touch?")
    assert answer.error is None
    assert answer.numbers["count"] == 3  # frames 0-9, 30-39, 44-59, where both are at one place


def test_a_refusal_says_why_and_runs_nothing(study: Path) -> None:
    (answer,) = ask(study, "How often does mouse 1 sing?")
    assert answer.refused is not None and "sing" in answer.refused
    assert (answer.text, answer.code) == (answer.refused, "")


def test_save_keeps_the_analysis_and_its_bouts(study: Path) -> None:
    ask(study, "When is mouse 1 in the corner?", save="cornering")
    ask(study, "When is mouse 1 in the corner?", save="cornering")
    with open_study(study) as one:
        kept = find_analysis(one, "cornering")
        assert kept.version == 1 and kept.question == "When is mouse 1 in the corner?"
        saved = read_bouts(one, behaviour="cornering")
    assert saved[["start_frame", "stop_frame", "source"]].values.tolist() == [[10, 30, "analysis"]]
    assert "corner" in saved["definition"][0]


def test_a_kept_analysis_runs_again_without_a_model(study: Path) -> None:
    ask(study, "When is mouse 1 in the corner?", save="cornering")
    (answer,) = run_analysis(study, "cornering")
    assert answer.bouts[["start_frame", "stop_frame"]].values.tolist() == [[10, 30]]
    assert answer.assumptions


def test_a_kept_behaviour_can_be_asked_for(study: Path) -> None:
    ask(study, "When is mouse 1 in the corner?", save="hiding")
    (answer,) = ask(study, "How often is hiding?")
    assert answer.numbers["count"] == 1
    assert "animal1 only" in answer.assumptions[0]  # nobody has asked it of animal2
    (other,) = ask(study, "How often is mouse 2 hiding?")
    assert other.refused is not None and "whether animal2 was looked at" in other.refused


def test_a_python_file_runs_like_a_kept_analysis(study: Path, tmp_path: Path) -> None:
    file = tmp_path / "speedy.py"
    file.write_text(
        "def analyse(recording):\n"
        "    fast = [float(np.nanmax(speed(recording, a))) for a in recording.animals]\n"
        '    bouts = in_region(recording, "animal1", "corner")\n'
        '    return {"fastest_px_s": max(fast), "where": bouts}\n'
    )
    (answer,) = run_analysis(study, file)
    assert answer.error is None
    assert answer.numbers["fastest_px_s"] == pytest.approx(250 / (2 * DT))
    assert len(answer.bouts) == 1


def test_an_error_in_a_file_names_its_own_line(study: Path, tmp_path: Path) -> None:
    file = tmp_path / "broken.py"
    file.write_text("def analyse(recording):\n    return 1 / 0\n")
    (answer,) = run_analysis(study, file)
    assert (
        answer.error == "ZeroDivisionError: division by zero (line 2 of the analysis: return 1 / 0)"
    )


def test_every_tracked_video_is_answered(study: Path, tmp_path: Path) -> None:
    with open_study(study, write=True) as one:
        add_tracked(one, tmp_path, np.full((20, 1), 5.0), np.full((20, 1), 5.0), name="other")
        add_video(one, Info(tmp_path / "untracked.mp4"))
    answers = ask(study, "mean speed")
    assert [answer.video for answer in answers] == ["clip", "other"]
    left_out = "the video 'untracked', which is not tracked yet"
    assert [answer.ignored for answer in answers] == [[left_out]] * 2
    (other,) = ask(study, "mean speed", video="other")
    assert (other.video, other.ignored) == ("other", [])


def test_a_kept_analysis_says_which_videos_it_left_out_but_does_not_keep_it(
    study: Path, tmp_path: Path
) -> None:
    with open_study(study, write=True) as one:
        add_video(one, Info(tmp_path / "untracked.mp4"))
    ask(study, "When is mouse 1 in the corner?", save="in_corner")
    with open_study(study) as one:
        assert find_analysis(one, "in_corner").ignored == []
    (again,) = run_analysis(study, "in_corner")
    assert again.ignored == ["the video 'untracked', which is not tracked yet"]


def test_refused_for_one_video_is_answered_for_the_other(study: Path, tmp_path: Path) -> None:
    with open_study(study, write=True) as one:
        add_tracked(one, tmp_path, np.full((20, 1), 5.0), np.full((20, 1), 5.0), name="bare")
    here, bare = ask(study, "When is mouse 1 in the corner?")
    assert here.refused is None
    assert bare.refused is not None and "no regions" in bare.refused


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"video": "nothere"}, "nothere"),
        ({"model": "gpt-9"}, "offline"),
    ],
)
def test_asking_wrongly_is_one_clear_line(study: Path, arguments: dict, words: str) -> None:
    with pytest.raises(QueryError, match=words) as caught:
        ask(study, "mean speed", **arguments)
    assert "\n" not in str(caught.value)


def test_a_study_without_tracks_says_what_to_do(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    with open_study(folder, create=True):
        pass
    with pytest.raises(QueryError, match="Track it first"):
        ask(folder, "mean speed")
    with pytest.raises(QueryError):
        ask(tmp_path / "nowhere", "mean speed")


def test_an_unknown_analysis_lists_the_known_ones(study: Path, tmp_path: Path) -> None:
    ask(study, "When is mouse 1 in the corner?", save="cornering")
    with pytest.raises(QueryError, match="cornering"):
        run_analysis(study, "circling")
    with pytest.raises(QueryError, match="There is no file"):
        run_analysis(study, tmp_path / "missing.py")


def test_nothing_is_kept_of_a_refused_question(study: Path) -> None:
    ask(study, "How often does mouse 1 sing?", save="singing")
    with open_study(study) as one:
        assert analyses(one) == []
        assert find_video(one, "clip").name == "clip"


def test_several_videos_are_run_at_once_in_their_order(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        with open_study(study, write=True) as one:
            still = np.full((20, 1), 5.0)
            add_tracked(one, tmp_path, still, still, name=f"more{number}")
    together = threading.Barrier(4)  # passed only when all four run at the same time

    def run_code(code: str, snapshot: Path, prepare: Callable[[], None]) -> Result:
        prepare()
        together.wait(20)
        text = (snapshot / "recording.json").read_text(encoding="utf-8")
        name = json.loads(text)["video"]
        time.sleep(0.2 if name == "clip" else 0)
        return Result(error="broken") if name == "more1" else Result(text=name)

    monkeypatch.setattr(engine, "run_code", run_code)
    monkeypatch.setattr(engine.os, "cpu_count", lambda: 4)
    answers = ask(study, "mean speed", save="speedy")
    assert [answer.video for answer in answers] == ["clip", "more0", "more1", "more2"]
    assert [answer.text for answer in answers] == ["clip", "more0", "broken", "more2"]
    assert [answer.error for answer in answers] == [None, None, "broken", None]


def test_a_study_error_of_one_video_is_that_videos_alone(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_study(study, write=True) as one:
        still = np.full((20, 1), 5.0)
        add_tracked(one, tmp_path, still, still, name="other")

    def write_snapshot(study: Study, video_id: int, folder: str, **what: object) -> None:
        if video_id == 2:
            raise StudyError("its tracks are gone")
        snapshot.write_snapshot(study, video_id, folder, **what)

    monkeypatch.setattr(engine, "write_snapshot", write_snapshot)
    good, bad = ask(study, "mean speed")
    assert good.error is None and good.numbers
    assert (bad.video, bad.error) == ("other", "its tracks are gone")
