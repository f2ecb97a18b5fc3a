"""The demo: the whole program on a scene whose truth is known, and what it says about itself."""

import csv
from pathlib import Path

import pandas as pd
import pytest

from app.demo.report import BoutCheck, DemoResult, compare_bouts
from app.demo.run import QUESTIONS, Question, run_demo
from app.errors import AppError


def bouts(*pairs: tuple[int, int]) -> pd.DataFrame:
    return pd.DataFrame(pairs, columns=["start_frame", "stop_frame"])


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[DemoResult, list[str]]:
    lines: list[str] = []
    return run_demo(tmp_path_factory.mktemp("demo"), show=lines.append), lines


@pytest.mark.slow
def test_the_demo_keeps_every_identity(demo: tuple[DemoResult, list[str]]) -> None:
    scores = demo[0].scores
    assert scores["idf1"] >= 0.99
    assert scores["switches"] == 0
    assert (scores["n_truth"], scores["frames"]) == (5394, 1798)


@pytest.mark.slow
@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_every_answer_is_the_script_to_a_frame(
    demo: tuple[DemoResult, list[str]], question: Question
) -> None:
    check = demo[0].checks[question.text]
    assert check.expected > 0
    assert (check.missing, check.extra) == (0, 0), demo[0].answers[question.text]
    assert check.worst_edge <= 1


@pytest.mark.slow
def test_the_report_ticks_each_line_and_says_where_everything_is(
    demo: tuple[DemoResult, list[str]],
) -> None:
    result, lines = demo
    ticked = [line for line in lines if line.startswith(("✓", "ok"))]
    assert len(ticked) == 1 + len(QUESTIONS) + 2
    assert result.ok and "All as scripted." in lines
    assert any(str(result.folder / "tracks.csv") in line for line in lines)
    assert sum(result.seconds.values()) > 0


@pytest.mark.slow
def test_the_exported_tables_hold_the_named_animals_and_the_kept_answers(
    demo: tuple[DemoResult, list[str]],
) -> None:
    folder = demo[0].folder
    with (folder / "tracks.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 5394
    assert {row["animal"] for row in rows} == {"mouse1", "mouse2", "mouse3"}
    with (folder / "bouts.csv").open() as file:
        kept = list(csv.DictReader(file))
    assert {row["behaviour"] for row in kept} == {question.name for question in QUESTIONS}
    assert {row["subject"] for row in kept if row["behaviour"] == "rest"} == {"mouse3"}


@pytest.mark.slow
def test_the_same_folder_can_be_used_again(demo: tuple[DemoResult, list[str]]) -> None:
    result = demo[0]
    before = (result.folder / "demo_video" / "demo.mp4").stat().st_mtime_ns
    tables = {name: (result.folder / name).read_bytes() for name in ("tracks.csv", "bouts.csv")}
    assert run_demo(result.folder, show=lambda line: None).ok
    assert (result.folder / "demo_video" / "demo.mp4").stat().st_mtime_ns == before
    assert tables == {name: (result.folder / name).read_bytes() for name in tables}


@pytest.mark.parametrize("stranger", ["notes.txt", "study.duckdb"])
def test_a_folder_that_is_no_demo_is_refused_and_left_alone(tmp_path: Path, stranger: str) -> None:
    (tmp_path / stranger).write_text("mine")
    with pytest.raises(AppError, match="not empty and no demo was made there"):
        run_demo(tmp_path)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(stranger, "mine")]


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("mine")
    with pytest.raises(AppError, match="is a file"):
        run_demo(tmp_path / "demo")


def test_bouts_pair_up_in_any_order_and_the_worst_edge_counts() -> None:
    wanted = bouts((10, 50), (100, 150), (300, 310))
    assert compare_bouts(wanted, bouts((301, 310), (9, 50), (100, 148))) == BoutCheck(3, 0, 0, 2)
    assert compare_bouts(wanted, wanted).ok


def test_missing_split_and_invented_bouts_are_counted() -> None:
    wanted = bouts((10, 110), (300, 400))
    assert compare_bouts(wanted, bouts((10, 110))) == BoutCheck(2, 1, 0, 0)
    assert compare_bouts(wanted, bouts((10, 50), (60, 110), (300, 400))) == BoutCheck(2, 1, 2, 0)
    assert compare_bouts(wanted, bouts()) == BoutCheck(2, 2, 0, 0)
    assert compare_bouts(bouts(), bouts((5, 9))) == BoutCheck(0, 0, 1, 0)
    assert not compare_bouts(wanted, wanted + 2).ok


def test_moments_are_compared_by_their_start_alone() -> None:
    assert compare_bouts(bouts((10, 50)), bouts((11, 11)), starts_only=True).ok


def test_the_result_is_not_ok_when_an_identity_is_lost_or_an_answer_is_missing() -> None:
    good = {question.text: BoutCheck(3, 0, 0, 1) for question in QUESTIONS}
    fine = {"idf1": 1.0, "switches": 0}
    assert DemoResult(Path(), 1, 5, fine, checks=good).ok
    assert not DemoResult(Path(), 1, 5, {"idf1": 0.98, "switches": 0}, checks=good).ok
    assert not DemoResult(Path(), 1, 5, {"idf1": 1.0, "switches": 1}, checks=good).ok
    assert not DemoResult(Path(), 1, 5, fine).ok
    assert not DemoResult(
        Path(), 1, 5, fine, checks=good | {QUESTIONS[0].text: BoutCheck(3, 0, 0, 2)}
    ).ok
