"""Time budgets, intervals, bins and transitions of bouts whose every number is known."""

import numpy as np
import pandas as pd
import pytest
from known import every_setting, make, still

from llm_query.bouts import Bouts, collect
from llm_query.errors import QueryError
from llm_query.geometry import Region
from llm_query.measures import (
    bouts_where,
    in_bins,
    in_region,
    intervals_between,
    time_budget,
    transition_matrix,
)
from llm_query.recording import Recording
from llm_query.results import summarise


def bouts_of(text, subject="a", target=None, behaviour="rest", edges_s=None, kind="state"):
    """Bouts from "..##??#": # in the bout, . not, ? unseen; 10 frames per second."""
    mask, unseen = (np.array([c == mark for c in text]) for mark in "#?")
    edges_s = np.arange(len(text) + 1) / 10 if edges_s is None else edges_s
    return Bouts.from_masks({(subject, target): (mask, unseen)}, edges_s, behaviour, kind=kind)


def row_of(bouts, **more):
    table = time_budget(bouts, **more)
    assert len(table) == 1
    return table.iloc[0].to_dict()


@every_setting
def test_a_time_budget_has_the_exact_seconds_of_every_frame_rate(setting):
    recording = make(
        setting, 60, {w: still(5, 5) for w in ("a", "b", "c")}, unseen={"b": (90, 180)}
    )
    n = recording.n_frames
    frames = np.arange(n)
    mask = (
        ((frames >= 60) & (frames < 90)) | ((frames >= 200) & (frames < 260)) | (frames >= n - 15)
    )
    bouts = collect(
        bouts_where(recording, mask, "a", behaviour="rest"),
        bouts_where(recording, mask, "b", behaviour="rest"),
        bouts_where(recording, np.zeros(n, dtype=bool), "c", behaviour="rest"),
    )
    table = time_budget(bouts).set_index("subject")
    s = setting.time_of
    a, b, c = (table.loc[who] for who in "abc")
    assert (a["count"], b["count"], c["count"]) == (3, 3, 0)
    assert a["total_s"] == pytest.approx(s(105), abs=1e-9)
    assert a["mean_s"] == pytest.approx(s(35), abs=1e-9)
    assert a["median_s"] == pytest.approx(s(30), abs=1e-9)
    assert (a["min_s"], a["max_s"]) == (pytest.approx(s(15)), pytest.approx(s(60)))
    assert a["sd_s"] == pytest.approx(s(1) * np.std([30, 60, 15], ddof=1))
    assert a["latency_s"] == pytest.approx(s(60)) and not a["censored"]
    assert a["last_start_s"] == pytest.approx(s(n - 15))
    assert a["rate_per_min"] == pytest.approx(60 * 3 / recording.duration_s)
    assert a["interval_mean_s"] == pytest.approx((s(110) + s(n - 15 - 260)) / 2)
    assert a["interval_sd_s"] == pytest.approx(abs(s(110) - s(n - 275)) / np.sqrt(2))
    assert a["percent_of_recording"] == pytest.approx(100 * 105 / n)
    assert a["percent_of_tracked"] == pytest.approx(100 * 105 / n)
    # b was away from frame 90 to 180: the first interval is unknown, and less was watched
    assert b["interval_mean_s"] == pytest.approx(s(n - 275)) and np.isnan(b["interval_sd_s"])
    assert b["percent_of_recording"] == pytest.approx(100 * 105 / n)
    assert b["percent_of_tracked"] == pytest.approx(100 * 105 / (n - 90))
    assert time_budget(bouts, across_gaps=True)["interval_median_s"][1] == a["interval_median_s"]
    assert c["censored"] and np.isnan(c["latency_s"]) and c["total_s"] == 0
    assert np.isnan([c["mean_s"], c["sd_s"], c["interval_mean_s"], c["last_start_s"]]).all()


def test_a_budget_has_a_row_for_every_behaviour_subject_and_target():
    near = collect(bouts_of("##..", "a", "b", "near"), bouts_of("....", "a", "c", "near"))
    table = time_budget([near, bouts_of(".##.", "a")])
    assert table[["behaviour", "subject", "target", "count"]].fillna("-").values.tolist() == [
        ["near", "a", "b", 1], ["near", "a", "c", 0], ["rest", "a", "-", 1],
    ]  # fmt: skip


def test_of_a_part_of_the_recording_everything_counts_from_its_start():
    row = row_of(bouts_of("####....##" + "." * 10), start_s=0.2, stop_s=1.0)
    assert (row["count"], row["total_s"]) == (2, pytest.approx(0.4))
    assert (row["latency_s"], row["last_start_s"]) == (0, pytest.approx(0.6))
    assert row["percent_of_recording"] == pytest.approx(50)
    assert row["percent_of_tracked"] == pytest.approx(50)
    assert row["rate_per_min"] == pytest.approx(150)
    assert row["interval_mean_s"] == pytest.approx(0.4)


def test_a_point_event_has_counts_and_intervals_but_no_durations():
    row = row_of(bouts_of(".#..#.....", kind="point"))
    assert row["count"] == 2 and row["interval_mean_s"] == pytest.approx(0.3)
    assert np.isnan([row["total_s"], row["mean_s"], row["percent_of_recording"]]).all()


def test_an_animal_never_seen_has_no_percent_of_tracked():
    row = row_of(bouts_of("??????"))
    assert np.isnan(row["percent_of_tracked"]) and np.isnan(row["percent_of_recording"])


def test_one_bout_has_no_standard_deviation_as_in_boris():
    row = row_of(bouts_of(".##."))
    assert np.isnan(row["sd_s"]) and row["mean_s"] == pytest.approx(0.2)


def test_intervals_run_from_stop_to_start_or_from_onset_to_onset():
    bouts = bouts_of("##...#..###")
    table = intervals_between(bouts)
    assert table[["from_s", "to_s"]].values.tolist() == [
        [0.2, 0.5], [pytest.approx(0.6), 0.8],
    ]  # fmt: skip
    assert table["interval_s"].tolist() == pytest.approx([0.3, 0.2])
    onsets = intervals_between(bouts, start_from="start")
    assert onsets["interval_s"].tolist() == pytest.approx([0.5, 0.3])
    with pytest.raises(QueryError, match="middle"):
        intervals_between(bouts, start_from="middle")


def test_intervals_of_one_animal_do_not_run_into_anothers():
    both = collect(bouts_of("#...#...", "a"), bouts_of("..#...#.", "b"), bouts_of("........", "c"))
    table = intervals_between(both)
    assert table["subject"].tolist() == ["a", "b"]
    assert table["interval_s"].tolist() == pytest.approx([0.3, 0.3])


def test_an_interval_in_which_the_animal_was_away_is_left_out_unless_asked_for():
    bouts = bouts_of("#..??.#.#")
    assert intervals_between(bouts)["interval_s"].tolist() == pytest.approx([0.1])
    table = intervals_between(bouts, across_gaps=True)
    assert table["interval_s"].tolist() == pytest.approx([0.5, 0.1])
    assert table["unseen_s"].tolist() == pytest.approx([0.2, 0])


def test_intervals_of_a_variable_rate_are_real_seconds():
    edges_s = np.array([0, 0.1, 0.4, 1.0, 1.1, 3.0])
    table = intervals_between(bouts_of("#..#.", edges_s=edges_s))
    assert table["interval_s"].tolist() == pytest.approx([0.9])


@every_setting
def test_bins_of_regions_add_up_and_the_last_one_is_partial(setting):
    def walk(t):
        return np.column_stack([np.where((t >= 7) & (t < 13), 5.0, 50.0), np.full(len(t), 5.0)])

    recording = make(
        setting, 22, {"a": walk, "b": still(5, 5), "c": still(50, 5)},
        regions={"corner": ("rectangle", [[0, 0], [10, 10]], "region")},
    )  # fmt: skip
    inside = [in_region(recording, animal, "corner") for animal in "abc"]
    table = in_bins(collect(inside), 10)
    start, stop = (setting.time_of(setting.frame_at(at)) for at in (7, 13))
    end = recording.end_s
    assert len(table) == 9 and table["bin_stop_s"].max() == pytest.approx(end)
    a, b, c = (table[table["subject"] == who] for who in "abc")
    assert a["count"].tolist() == [1, 0, 0] and b["count"].tolist() == [1, 0, 0]
    assert a["duration_s"].tolist() == pytest.approx([10 - start, stop - 10, 0], abs=1e-9)
    assert b["duration_s"].tolist() == pytest.approx([10, 10, end - 20], abs=1e-9)
    assert b["percent"].tolist() == pytest.approx([100, 100, 100])
    assert c["duration_s"].tolist() == [0, 0, 0]


def test_bins_of_several_behaviours_are_one_table():
    table = in_bins([bouts_of("##..", behaviour="rest"), bouts_of("..##", behaviour="walk")], 0.2)
    assert table[["behaviour", "count"]].values.tolist() == [
        ["rest", 1], ["rest", 0], ["walk", 0], ["walk", 1],
    ]  # fmt: skip


def transitions(table: pd.DataFrame, subject: str = "a") -> dict:
    rows = table[(table["subject"] == subject) & (table["count"] > 0)]
    names = zip(rows["from_behaviour"], rows["to_behaviour"], strict=True)
    return dict(zip(names, rows["count"].tolist(), strict=True))


def test_transitions_are_counted_from_onset_to_onset():
    rest, walk, dig = (
        bouts_of("##....##....##....", behaviour="rest"),
        bouts_of("..##....##........", behaviour="walk"),
        bouts_of("....##..........#.", behaviour="dig"),
    )
    table = transition_matrix([rest, walk, dig])
    assert transitions(table) == {
        ("rest", "walk"): 2, ("walk", "dig"): 1, ("dig", "rest"): 1, ("walk", "rest"): 1,
        ("rest", "dig"): 1,
    }  # fmt: skip
    assert len(table) == 9
    shares = table.set_index(["from_behaviour", "to_behaviour"])["probability"]
    assert shares["rest", "walk"] == pytest.approx(2 / 3) and shares["walk", "rest"] == 0.5
    assert shares["rest", "rest"] == 0 and shares["dig", "rest"] == 1


def test_a_behaviour_that_is_last_has_no_probabilities():
    table = transition_matrix([bouts_of("##..", behaviour="x"), bouts_of("..##", behaviour="y")])
    assert table["probability"].isna().tolist() == [False, False, True, True]


def test_transitions_of_three_animals_stay_apart():
    rest = collect(bouts_of("##....", "a"), bouts_of("....##", "b"), bouts_of("......", "c"))
    walk = collect(
        bouts_of("..##..", "a", behaviour="walk"),
        bouts_of("##....", "b", behaviour="walk"),
        bouts_of("##.##.", "c", behaviour="walk"),
    )
    table = transition_matrix([rest, walk])
    assert transitions(table, "a") == {("rest", "walk"): 1}
    assert transitions(table, "b") == {("walk", "rest"): 1}
    assert transitions(table, "c") == {("walk", "walk"): 1}
    assert transitions(transition_matrix([rest, walk], repeats=False), "c") == {}


def test_overlapping_and_simultaneous_bouts_follow_the_stated_rule():
    rest, dig = bouts_of("####..##", behaviour="rest"), bouts_of("..##..#.", behaviour="dig")
    # onsets: rest 0, dig 2 (overlapping), then both at 6, in the order given
    assert transitions(transition_matrix([rest, dig])) == {("rest", "dig"): 2, ("dig", "rest"): 1}
    assert transitions(transition_matrix([dig, rest])) == {
        ("rest", "dig"): 1, ("dig", "dig"): 1, ("dig", "rest"): 1,
    }  # fmt: skip


def test_transitions_may_be_limited_in_time_and_do_not_run_across_gaps():
    rest, dig = bouts_of("#....#", behaviour="rest"), bouts_of("..#...", behaviour="dig")
    assert transitions(transition_matrix([rest, dig], within_s=0.1)) == {("rest", "dig"): 1}
    away = [bouts_of("#.??.#", behaviour="rest"), bouts_of("..??..", behaviour="dig")]
    assert transitions(transition_matrix(away)) == {}
    assert transitions(transition_matrix(away, across_gaps=True)) == {("rest", "rest"): 1}


def test_a_behaviour_given_twice_is_refused():
    with pytest.raises(QueryError, match="given twice"):
        transition_matrix([bouts_of("#."), bouts_of(".#")])


def seen_in_part() -> Recording:
    """10 s at 10 frames/s: m is seen to 4 s, ghost never, and both would be in "all"."""
    here, gone = np.full((100, 2), 5.0), np.full((100, 2), np.nan)
    here[40:] = np.nan
    whole = Region("all", "rectangle", np.array([[0, 0], [9, 9]]))
    return Recording.synthetic({"m": here, "ghost": gone}, fps=10, regions=[whole])


def test_bins_in_which_the_animal_was_not_seen_are_missing_and_not_zero():
    recording = seen_in_part()
    inside = collect(in_region(recording, "m", "all"), in_region(recording, "ghost", "all"))
    table = in_bins(inside, 2.5)
    columns = ["count", "duration_s", "percent", "tracked_fraction"]
    own = table[table["subject"] == "m"][columns].to_numpy()
    missing = [np.nan] * 3 + [0]
    expected = [[1, 2.5, 100, 1], [0, 1.5, 60, 0.6], missing, missing]
    assert own == pytest.approx(np.array(expected), nan_ok=True)
    never = table[table["subject"] == "ghost"][columns].to_numpy()
    assert never == pytest.approx(np.array([missing] * 4), nan_ok=True)
    whole = in_bins(in_region(recording, "m", "all"), 5, 0, 4)
    assert whole["count"].tolist() == [1] and whole["count"].dtype.kind == "i"


def test_the_budget_of_an_animal_that_was_never_seen_is_missing_and_not_zero():
    recording = seen_in_part()
    inside = collect(in_region(recording, "m", "all"), in_region(recording, "ghost", "all"))
    one, never = time_budget(inside).to_dict("records")
    assert one["tracked_fraction"] == pytest.approx(0.4)
    assert one["percent_of_recording"] == pytest.approx(40) and one["percent_of_tracked"] == 100
    assert never["tracked_fraction"] == 0 and not never["censored"]
    numbers = [name for name in never if name not in ("behaviour", "subject", "target", "kind")]
    left = [name for name in numbers if name not in ("tracked_fraction", "censored")]
    assert np.isnan([never[name] for name in left]).all()
    late = time_budget(in_region(recording, "m", "all"), 5, 9).iloc[0]
    assert np.isnan(late["count"]) and late["tracked_fraction"] == 0


@pytest.mark.parametrize("word", [time_budget, intervals_between, transition_matrix, summarise])
@pytest.mark.parametrize("wrong", [[], None, [None], 5, "x"])
def test_numbers_of_no_bouts_are_refused(word, wrong):
    with pytest.raises(QueryError, match="bouts"):
        word(wrong)
    with pytest.raises(QueryError, match="bouts"):
        in_bins(wrong, 1)


@pytest.mark.parametrize("wrong", [{"start_s": float("nan")}, {"stop_s": "x"}])
def test_bins_from_no_time_are_refused(wrong):
    with pytest.raises(QueryError, match="is a number of seconds"):
        in_bins(in_region(seen_in_part(), "m", "all"), 1, **wrong)
