"""Agreement of two watchers: by hand, and experts among themselves on a real recording."""

import math
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from llm_query.errors import QueryError
from llm_query.statistics.agreement import (
    compare,
    disagreements,
    kappa_of,
    scan_frames,
    score_bouts,
)
from llm_query.statistics.confusion import confusion_table, disagreeing, label_frames, overall_kappa


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


def test_kappa_of_two_and_of_three_labels_is_what_the_hand_computes() -> None:
    assert kappa_of([[20, 5], [10, 15]]) == pytest.approx(0.4)
    # rows sum to .5, .3, .2 and columns to .4, .3, .3
    table = [[25, 13, 12], [12, 2, 16], [3, 15, 2]]
    agreed, chance = 0.29, 0.5 * 0.4 + 0.3 * 0.3 + 0.2 * 0.3
    assert kappa_of(table) == pytest.approx((agreed - chance) / (1 - chance))


@pytest.mark.parametrize("rate", [25.0, 30.0, 30000 / 1001])
def test_scans_look_at_the_frame_on_the_screen_at_the_instant(rate: float) -> None:
    edges_s = np.arange(round(20 * rate) + 1) / rate
    frames = scan_frames(edges_s, 5.0)
    assert frames.tolist() == [math.floor(k * rate + 1e-6) for k in (0, 5, 10, 15)]
    # truth at 0 and 10 s, found at 0 and 5 s: one both, one each, one neither
    truth = bouts((0, 1), (frames[2], frames[2] + 1))
    found = bouts((0, 2), (frames[1] - 2, frames[1] + 1))
    scores = score_bouts(truth, found, len(edges_s) - 1, edges_s=edges_s, scan_s=5.0)
    assert scores["n_scans"] == 4 and scores["scan_kappa"] == 0.0
    late = bouts((0, 2), (frames[2] + 1, frames[2] + 40))  # begins a frame after the instant
    scores = score_bouts(truth, late, len(edges_s) - 1, edges_s=edges_s, scan_s=5.0)
    assert scores["scan_kappa"] == pytest.approx((3 / 4 - 1 / 2) / (1 / 2))


def test_no_scan_falls_on_the_end_of_the_recording() -> None:
    assert scan_frames(np.arange(101) / 10, 5.0).tolist() == [0, 50]
    assert scan_frames(np.array([0, 0.1, 4.0, 5.5, 6.0]), 5.0).tolist() == [0, 2]


@pytest.mark.parametrize("rate", [25.0, 30.0, 30000 / 1001])
def test_onsets_pair_within_a_tolerance_in_seconds(rate: float) -> None:
    edges_s = np.arange(1001) / rate
    ten = 10 / rate  # a tolerance of exactly ten frames
    truth, found = bouts((100, 200), (500, 520)), bouts((110, 230), (511, 520))
    scores = score_bouts(truth, found, 1000, edges_s=edges_s, tolerance_s=ten)
    assert scores["onset_f1"] == 0.5 and scores["onset_offset_f1"] == 0.0
    wider = score_bouts(truth, found, 1000, edges_s=edges_s, tolerance_s=ten + 1.5 / rate)
    assert wider["onset_f1"] == 1.0 and wider["onset_offset_f1"] == 0.5


def test_a_start_is_paired_once() -> None:
    edges_s = np.arange(101) / 10
    scores = score_bouts(
        bouts((10, 20)), bouts((9, 20), (11, 20)), 100, edges_s=edges_s, tolerance_s=1.0
    )
    assert scores["onset_f1"] == pytest.approx(2 / 3)


def test_agreement_of_several_recordings_adds_up_by_counts() -> None:
    edges_s = np.arange(101) / 10
    one = compare(bouts((10, 30)), bouts((20, 40)), 100, 0.3, edges_s, 1.0, 2.0)
    two = compare(bouts(), bouts((0, 50)), 100, 0.3, edges_s, 1.0, 2.0)
    scores = (one + two).scores()
    assert scores["frame_precision"] == pytest.approx(10 / 70)
    assert scores["bout_f1"] == pytest.approx(2 * 1 / 3) == scores["onset_f1"]
    assert scores["n_scans"] == 100 // 10
    plain = compare(bouts((10, 30)), bouts((20, 40)), 100)
    assert "scan_kappa" not in (plain + plain).scores()


def test_where_two_disagree_is_listed_longest_first() -> None:
    edges_s = np.arange(101) * 1001 / 30000
    table = disagreements(bouts((10, 30), (60, 61)), bouts((20, 45)), 100, edges_s)
    assert table[["start_frame", "stop_frame", "seen_by"]].values.tolist() == [
        [30, 45, "found"], [10, 20, "truth"], [60, 61, "truth"],
    ]  # fmt: skip
    assert table["start_s"][0] == edges_s[30]
    assert table["duration_s"][0] == pytest.approx(15 * 1001 / 30000)
    assert disagreements(bouts((1, 2)), bouts((1, 2)), 100, edges_s).empty


def labelled(*rows: tuple[str, int, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["behaviour", "start_frame", "stop_frame"])


def test_a_confusion_table_counts_frames_with_none_at_the_end() -> None:
    first = label_frames(labelled(("dig", 0, 10), ("rear", 10, 20)), 40, ["dig", "rear"])
    second = label_frames(labelled(("dig", 0, 15), ("rear", 18, 30)), 40, ["dig", "rear"])
    table = confusion_table(first, second, ["dig", "rear"])
    assert list(table.columns) == ["dig", "rear", "none"] == list(table.index)
    assert table.values.tolist() == [[10, 0, 0], [5, 2, 3], [0, 10, 10]]
    agreed, chance = 22 / 40, (10 * 15 + 10 * 12 + 20 * 13) / 1600
    assert overall_kappa(table) == pytest.approx((agreed - chance) / (1 - chance))


def test_two_behaviours_at_once_are_a_label_of_their_own() -> None:
    first = label_frames(labelled(("dig", 0, 4), ("rear", 2, 6)), 8, ["rear", "dig"])
    assert first.tolist() == ["dig"] * 2 + ["rear+dig"] * 2 + ["rear"] * 2 + ["none"] * 2
    table = confusion_table(first, first, ["rear", "dig"])
    assert list(table.index) == ["rear", "dig", "rear+dig", "none"] and overall_kappa(table) == 1


def test_where_labels_differ_is_listed_with_both() -> None:
    first = label_frames(labelled(("dig", 0, 4)), 10, ["dig", "rear"])
    second = label_frames(labelled(("dig", 1, 4), ("rear", 6, 10)), 10, ["dig", "rear"])
    table = disagreeing(first, second, np.arange(11) / 10)
    assert table[["start_frame", "stop_frame", "first", "second"]].values.tolist() == [
        [6, 10, "none", "rear"], [0, 1, "dig", "none"],
    ]  # fmt: skip
    assert disagreeing(first, first, np.arange(11) / 10).empty


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"tolerance_s": 1.0}, "give edges_s"),
        ({"scan_s": 0.0, "edges_s": np.arange(101) / 10}, "more than 0 seconds"),
        ({"tolerance_s": -1.0, "edges_s": np.arange(101) / 10}, "from 0 on"),
        ({"scan_s": 1.0, "edges_s": np.arange(50) / 10}, "100 frames have 101 edges"),
        ({"iou": 0.0}, "above 0"),
    ],
)
def test_impossible_comparisons_are_one_clear_line(more: dict, says: str) -> None:
    with pytest.raises(QueryError, match=says):
        score_bouts(bouts((0, 5)), bouts((0, 5)), 100, **more)


RATERS = ("Jin", "Oliver", "Sian")
FRAME_F1 = {
    "Grooming": 0.91, "Head Dip": 0.78, "Rearing": 0.69, "Protected Stretch": 0.51,
    "Unprotected Stretch": 0.38,
}  # fmt: skip


@pytest.fixture(scope="module")
def plus_maze(shared_data: Path) -> pd.DataFrame:
    """What three people scored in five videos of an elevated plus maze, 25 frames per second."""
    table = pd.read_csv(shared_data / "behaviour" / "plus_maze" / "AllEPMLables.csv", sep=";")
    start, stop = ((table[name] * 25).round().astype(int) for name in ("from", "to"))
    return table.assign(start_frame=start, stop_frame=stop, behaviour=table["type"])


@pytest.mark.parametrize("behaviour", FRAME_F1)
def test_plus_maze_raters_agree_as_the_reference_says(
    plus_maze: pd.DataFrame, behaviour: str
) -> None:
    """The mean over five videos and three pairs of raters, where either saw it at all."""
    scores = []
    for _, video in plus_maze[plus_maze["type"] == behaviour].groupby("ID"):
        by = {name: video[video["Experimenter"] == name] for name in RATERS}
        scores += [score_bouts(by[a], by[b], 16000)["frame_f1"] for a, b in combinations(RATERS, 2)]
    assert np.nanmean(scores) == pytest.approx(FRAME_F1[behaviour], abs=0.005)


def test_plus_maze_raters_hardly_confuse_grooming_with_anything(plus_maze: pd.DataFrame) -> None:
    video = plus_maze[plus_maze["ID"] == "EPM_11"]
    names = list(FRAME_F1)
    jin, sian = (
        label_frames(video[video["Experimenter"] == who], 16000, names) for who in ("Jin", "Sian")
    )
    table = confusion_table(jin, sian, names)
    assert table.to_numpy().sum() == 16000
    assert overall_kappa(table) == pytest.approx(0.670, abs=0.001)
    row = table.loc["Grooming"].drop(["Grooming", "none"])
    assert row.sum() <= 0.02 * table.loc["Grooming"].sum()
    listed = disagreeing(jin, sian, np.arange(16001) / 25)
    assert (listed["stop_frame"] - listed["start_frame"]).sum() == 16000 - np.trace(table)


def test_freezing_experts_agree_in_scans_and_within_half_a_second(shared_data: Path) -> None:
    folder = shared_data / "behaviour" / "freezing"
    experts = [read_rater(folder, f"expert{k}") for k in (1, 2, 3)]
    edges_s = np.arange(19542) / 50
    among = [
        score_bouts(a, b, 19541, edges_s=edges_s, scan_s=1.0, tolerance_s=0.5)
        for a, b in combinations(experts, 2)
    ]
    for pair in among:
        assert pair["n_scans"] == 391
        assert abs(pair["scan_kappa"] - pair["kappa"]) < 0.06
        assert pair["onset_offset_f1"] <= pair["onset_f1"] <= 1
