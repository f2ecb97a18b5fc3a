"""Agreement of two watchers: by hand, and experts among themselves on a real recording."""

import math
from itertools import combinations
from pathlib import Path

import pandas as pd
import pytest

from llm_query.agreement import score_bouts
from llm_query.errors import QueryError


def bouts(*pairs: tuple[int, int]) -> pd.DataFrame:
    return pd.DataFrame(pairs, columns=["start_frame", "stop_frame"])


def test_one_bout_late_by_half_is_what_the_hand_computes() -> None:
    # 100 frames; truth 10..30, found 20..40: 10 both, 10 only truth, 10 only found, 70 neither.
    scores = score_bouts(bouts((10, 30)), bouts((20, 40)), n_frames=100)
    assert scores["frame_precision"] == scores["frame_recall"] == scores["frame_f1"] == 0.5
    # agreed 0.8, by chance 0.2 * 0.2 + 0.8 * 0.8 = 0.68
    assert scores["kappa"] == pytest.approx((0.8 - 0.68) / 0.32)
    assert scores["bout_f1"] == 0  # overlap 10 over union 30
    assert (scores["n_truth"], scores["n_found"]) == (1, 1)


def test_precision_and_recall_are_not_mixed_up() -> None:
    scores = score_bouts(bouts((0, 10)), bouts((0, 40)), n_frames=100)
    assert (scores["frame_precision"], scores["frame_recall"]) == (0.25, 1.0)
    assert scores["frame_f1"] == pytest.approx(0.4)


def test_bouts_pair_one_to_one_at_half_overlap() -> None:
    # exactly half counts; the second half of the same true bout finds no partner left
    assert score_bouts(bouts((0, 20)), bouts((0, 10), (10, 20)), 50)["bout_f1"] == pytest.approx(
        2 / 3
    )
    # two true bouts, one found right, one found twice too long, one invented
    scores = score_bouts(bouts((0, 10), (20, 30)), bouts((1, 10), (18, 40), (44, 46)), 50)
    assert scores["bout_f1"] == pytest.approx(2 * 1 / 5)


def test_a_greedy_pairing_that_would_lose_a_bout_is_avoided() -> None:
    # The long found bout fits both true ones, the short only the first.
    truth, found = bouts((0, 10), (0, 16)), bouts((0, 12), (0, 8))
    assert score_bouts(truth, found, 20)["bout_f1"] == 1.0


def test_perfect_agreement_is_one_and_opposites_are_below_zero() -> None:
    assert set(score_bouts(bouts((3, 9)), bouts((3, 9)), 20).values()) == {1.0}
    assert score_bouts(bouts((0, 10)), bouts((10, 20)), 20)["kappa"] == -1.0


def test_what_is_undefined_is_nan_and_never_zero() -> None:
    nothing = score_bouts(bouts(), bouts(), 100)
    assert all(
        math.isnan(nothing[name])
        for name in ("kappa", "frame_f1", "frame_precision", "frame_recall", "bout_f1")
    )
    missed = score_bouts(bouts((0, 10)), bouts(), 100)
    assert math.isnan(missed["frame_precision"])
    assert (missed["frame_recall"], missed["frame_f1"], missed["bout_f1"], missed["kappa"]) == (
        0,
        0,
        0,
        0,
    )
    invented = score_bouts(bouts(), bouts((0, 10)), 100)
    assert math.isnan(invented["frame_recall"]) and invented["frame_precision"] == 0


def test_overlapping_bouts_of_several_animals_count_once_per_frame() -> None:
    scores = score_bouts(bouts((0, 10), (5, 15)), bouts((0, 15)), 30)
    assert scores["frame_f1"] == 1.0 and scores["n_truth"] == 2


def read_rater(folder: Path, name: str) -> pd.DataFrame:
    table = pd.read_csv(folder / f"bouts_demo7_{name}.csv")
    return table.rename(columns={"stop_frame_exclusive": "stop_frame"})


def test_freezing_experts_agree_as_published(shared_data: Path) -> None:
    folder = shared_data / "behaviour" / "freezing"
    experts = [read_rater(folder, f"expert{k}") for k in (1, 2, 3)]
    among = [score_bouts(a, b, 19541) for a, b in combinations(experts, 2)]
    assert all(0.905 <= pair["kappa"] <= 0.945 for pair in among)
    assert all(0.825 <= pair["bout_f1"] <= 0.915 for pair in among)
    novice = read_rater(folder, "novice")
    with_novice = [score_bouts(expert, novice, 19541) for expert in experts]
    assert all(0.595 <= pair["kappa"] <= 0.625 for pair in with_novice)
    assert all(0.235 <= pair["bout_f1"] <= 0.275 for pair in with_novice)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (pd.DataFrame({"start_frame": [1]}), "no column stop_frame"),
        (bouts((5, 5)), "from 5 to 5 in row 1"),
        (bouts((1, 3), (-2, 5)), "row 2"),
        (bouts((90, 101)), "the recording has 100 frames"),
        (pd.DataFrame({"start_frame": ["a"], "stop_frame": [3]}), "whole numbers"),
    ],
)
def test_bad_bouts_are_one_clear_line(table: pd.DataFrame, says: str) -> None:
    with pytest.raises(QueryError, match=says):
        score_bouts(table, bouts(), 100)
