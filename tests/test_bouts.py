"""Bouts: exact intervals, three-valued truth, and an algebra that never counts anything twice."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_query.algebra.intervals import bridge, cover, runs
from llm_query.bouts import Bouts, collect
from llm_query.errors import QueryError
from llm_query.recording import Recording
from llm_query.states import bouts_where

NTSC = np.arange(101) * 1001 / 30000


def bouts_of(text, subject="a", target=None, edges_s=None, **more):
    """Bouts from "..##??#": # in the bout, . not, ? unseen."""
    mask = np.array([c == "#" for c in text])
    known = np.array([c != "?" for c in text])
    edges_s = np.arange(len(text) + 1) / 10 if edges_s is None else edges_s
    return Bouts.where(mask, edges_s, subject, target, known=known, **more)


def text_of(bouts, pair=None):
    pair = pair or bouts.pairs[0]
    one = bouts.only(*pair) if pair[1] else bouts
    marks = np.where(one.mask(), "#", ".")
    unknown = bouts.unknown.get(pair)
    if unknown is not None:
        marks = np.where(unknown & ~one.mask(), "?", marks)
    return "".join(marks)


def spans(bouts):
    return list(zip(bouts.start_frame.tolist(), bouts.stop_frame.tolist(), strict=True))


def test_a_bout_is_half_open_with_the_times_of_its_frames():
    mask = np.zeros(100, dtype=bool)
    mask[[30, 31, 32, 98, 99]] = True
    bouts = Bouts.where(mask, NTSC, "a")
    assert spans(bouts) == [(30, 33), (98, 100)]
    assert bouts.start_s.tolist() == [NTSC[30], NTSC[98]]
    assert bouts.stop_s.tolist() == [NTSC[33], NTSC[100]]
    assert bouts.total_s == pytest.approx(5 * float(Fraction(1001, 30000)), abs=1e-12)
    assert bouts.fraction == pytest.approx(0.05) and bouts.percent == pytest.approx(5)
    assert bouts.latency_s == NTSC[30] and not bouts.censored
    assert bouts.mean_s == pytest.approx(bouts.total_s / 2)
    assert bouts.longest_s == pytest.approx(0.1001)


def test_times_of_a_variable_rate_are_kept():
    edges_s = np.array([0, 0.1, 0.15, 0.4, 1.0])
    bouts = bouts_of(".##.", edges_s=edges_s)
    assert bouts.to_frame()[["start_s", "stop_s", "duration_s"]].values.tolist() == [
        [0.1, 0.4, pytest.approx(0.3)]
    ]
    assert bouts.fraction == pytest.approx(0.3)


def test_one_ten_second_bout_is_its_share_of_the_recording_not_100_percent():
    bouts = Bouts.where(np.arange(600) < 100, np.arange(601) / 10, "a")
    assert bouts.percent == pytest.approx(100 * 10 / 60)


def test_what_never_happens_has_no_latency_and_counts_zero():
    never = bouts_of("......", subject="a", target="b")
    assert never.count == 0 and never.total_s == 0 and never.fraction == 0
    assert np.isnan(never.latency_s) and never.censored and np.isnan(never.mean_s)
    row = never.by_subject().iloc[0]
    assert (row["subject"], row["target"], row["count"], row["censored"]) == ("a", "b", 0, True)
    assert list(never.to_frame().columns)[:4] == ["behaviour", "subject", "target", "kind"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("##???##", [(0, 7)]),  # three unseen frames are bridged
        ("##????##", [(0, 2), (6, 8)]),  # four are not
        ("##??..", [(0, 2)]),  # never where only one side is in it
        ("..??##", [(4, 6)]),
        ("??##??", [(2, 4)]),  # nor at the ends of the recording
        ("#?#?#", [(0, 5)]),
    ],
)
def test_gaps_end_a_state_when_longer_than_three_frames(text, expected):
    assert spans(bouts_of(text)) == expected


def test_the_longest_bridged_gap_is_a_parameter():
    assert spans(bouts_of("##?##", max_gap_frames=0)) == [(0, 2), (3, 5)]
    assert spans(bouts_of("##?????##", max_gap_frames=5)) == [(0, 9)]


def test_unseen_is_neither_in_a_state_nor_out_of_it():
    state = bouts_of("##..????..##")
    assert text_of(~state) == "..##????##.."
    assert text_of(state | ~state) == "####????####"
    assert (state & ~state).count == 0


def test_and_with_the_unseen_is_unseen_only_where_it_could_be_true():
    left, right = bouts_of("###...??????"), bouts_of("#.????####..", max_gap_frames=0)
    assert text_of(left & right) == "#.?...????.."
    assert text_of(left | right) == "###???####??"


def test_and_of_two_regions_returns_every_bout_once():
    head_dips = bouts_of("..####....###.") & bouts_of("###.####..####")
    assert spans(head_dips) == [(2, 3), (4, 6), (10, 13)]
    assert head_dips.count == 3 and head_dips.pairs == (("a", None),)


def test_one_pair_on_each_side_always_combines_and_names_everybody():
    a, b = bouts_of("##..", "a"), bouts_of(".##.", "b")
    assert (a & b).pairs == (("a", "b"),) and spans(a & b) == [(1, 2)]
    near_b, near_c = bouts_of("##..", "a", "b"), bouts_of(".##.", "a", "c")
    assert (near_b & near_c).pairs == (("a", "b+c"),)
    assert (near_b & a).pairs == (("a", "b"),) == (a & near_b).pairs
    assert (near_b & bouts_of("####", "b", "a")).pairs == (("a", "b"),)
    assert spans(near_b | near_c) == [(0, 3)]


def test_several_pairs_combine_like_with_like():
    contact = collect(bouts_of("####", "a", "b"), bouts_of("##..", "a", "c"))
    facing = collect(bouts_of("..##", "a", "c"), bouts_of(".##.", "a", "b"))
    found = contact & facing
    assert found.pairs == (("a", "b"), ("a", "c"))
    assert text_of(found, ("a", "b")) == ".##." and text_of(found, ("a", "c")) == "...."
    at_rest = contact & bouts_of(".###", "a")
    assert text_of(at_rest, ("a", "b")) == ".###" and text_of(at_rest, ("a", "c")) == ".#.."


def test_a_pair_without_a_counterpart_is_an_error_for_and_but_kept_by_or():
    both = collect(bouts_of("##..", "a"), bouts_of("..##", "b"))
    with pytest.raises(QueryError, match="b has no counterpart"):
        both & bouts_of("####", "a")
    joined = both | bouts_of("...#", "a")
    assert spans(joined.only("a")) == [(0, 2), (3, 4)] and spans(joined.only("b")) == [(2, 4)]


def test_collect_refuses_to_count_the_same_animal_twice():
    with pytest.raises(QueryError, match="twice"):
        collect(bouts_of("##.."), bouts_of("..##"))
    table = collect([bouts_of("##..", "a"), bouts_of("....", "b")]).by_subject()
    assert table["count"].tolist() == [1, 0]
    assert table["latency_s"].isna().tolist() == [False, True]


def test_a_share_of_several_animals_is_an_error_and_time_with_anyone_is_counted_once():
    near = collect(bouts_of("##..", "a", "b"), bouts_of(".##.", "a", "c"))
    assert near.total_s == pytest.approx(0.4)
    with pytest.raises(QueryError, match="any_target"):
        _ = near.fraction
    anyone = near.any_target()
    assert anyone.pairs == (("a", None),) and spans(anyone) == [(0, 3)]
    assert anyone.percent == pytest.approx(75)


def test_bouts_of_two_recordings_do_not_combine():
    with pytest.raises(QueryError, match="two different recordings"):
        bouts_of("##") & bouts_of("###")


def test_then_takes_the_nearest_pair_and_each_bout_once():
    first, second = bouts_of("#..##......#......"), bouts_of("......##......##..")
    found = first.then(second, 0.3)
    assert spans(found) == [(3, 8), (11, 16)]
    assert first.then(second, 0.1).count == 1
    assert first.then(bouts_of("#................."), 5).count == 0
    touching = bouts_of("##....").then(bouts_of("..##.."), 0)
    assert spans(touching) == [(0, 4)]


def test_then_counts_from_the_stop_or_from_the_start():
    first, second = bouts_of("####......"), bouts_of("..##...##.")
    assert spans(first.then(second, 0.3)) == [(0, 9)]
    assert spans(first.then(second, 0.3, after="start")) == [(0, 4)]
    with pytest.raises(QueryError, match="start"):
        first.then(second, 1, after="middle")


def test_a_sequence_is_a_state_also_when_nobody_did_it():
    times = np.arange(11) / 10

    def moments(frames: list[int], who: str) -> Bouts:
        mask = np.isin(np.arange(10), frames)
        return Bouts.from_masks({(who, None): (mask, None)}, times, "moment", kind="point")

    never = moments([8], "a").then(moments([2], "a"), 5)
    once = moments([1], "b").then(moments([4], "b"), 5)
    both = collect(never, once)
    assert never.kind == "state" and never.count == 0
    assert both.by_subject()["count"].tolist() == [0, 1] and spans(both) == [(1, 4)]
    at_once = moments([1, 6], "a").then(moments([1, 8], "a"), 5)
    assert spans(at_once) == [(1, 2), (6, 8)] and at_once.kind == "state"


def test_merge_joins_within_a_pair_only():
    both = collect(bouts_of("##.##...#", "a"), bouts_of("..#......", "b"))
    merged = both.merge(0.1)
    assert spans(merged.only("a")) == [(0, 5), (8, 9)] and spans(merged.only("b")) == [(2, 3)]
    assert spans(both.merge(0.3).only("a")) == [(0, 9)]
    assert both.merge(0.0).count == both.count


def test_durations_compare_without_rounding_errors():
    bouts = Bouts.where(np.arange(300) < 30, np.arange(301) / 30 + 100, "a")
    assert bouts.at_least(1.0).count == 1 and bouts.at_most(1.0).count == 1
    assert bouts.at_least(1.001).count == 0 and bouts.at_most(0.999).count == 0


def test_first_nth_and_last_are_of_every_subject():
    both = collect(bouts_of("#.##.#", "a"), bouts_of(".#....", "b"))
    assert spans(both.first()) == [(0, 1), (1, 2)]
    assert spans(both.nth(2)) == [(2, 4)] and both.nth(2).pairs == both.pairs
    assert spans(both.last()) == [(1, 2), (5, 6)]
    with pytest.raises(QueryError, match="count from 1"):
        both.nth(0)


def test_within_clips_and_says_nothing_about_the_rest():
    bouts = bouts_of(".######..#").within(0.3, 0.8)
    assert spans(bouts) == [(3, 7)]
    assert bouts.fraction == pytest.approx(0.4)
    assert spans(~bouts) == [(7, 8)]
    assert bouts_of(".######..#").fraction_within(0.3, 0.8) == pytest.approx(0.8)
    assert bouts_of("..######..").fraction_within(0.5, 100) == pytest.approx(0.6)


def test_overlapping_and_during_keep_whole_bouts():
    bouts, other = bouts_of("###..###..#"), bouts_of("..#..####..")
    assert spans(bouts.overlapping(other)) == [(0, 3), (5, 8)]
    assert spans(bouts.during(other)) == [(5, 8)]
    everybody = collect(bouts_of("##.", "a"), bouts_of(".##", "b"))
    assert everybody.overlapping(collect(bouts_of("#..", "b"), bouts_of("#..", "a"))).count == 1


def test_points_have_no_duration_and_stay_points():
    mask = np.array([True, True, False, True])
    points = Bouts.from_masks({("a", None): (mask, None)}, np.arange(5) / 10, kind="point")
    assert spans(points) == [(0, 0), (1, 1), (3, 3)] and points.total_s == 0
    during = points & bouts_of(".###")
    assert during.kind == "point" and spans(during) == [(1, 1), (3, 3)]
    assert points.during(bouts_of("##..")).count == 2
    with pytest.raises(QueryError):
        _ = ~points
    with pytest.raises(QueryError):
        _ = points | bouts_of("####")


def test_a_bout_outside_the_recording_is_refused():
    edges = np.arange(5) / 10
    with pytest.raises(QueryError, match="recording of 4 frames"):
        Bouts(edges, (("a", None),), np.array([0]), np.array([2]), np.array([5]))
    with pytest.raises(QueryError):
        Bouts(edges, (("a", None),), np.array([0]), np.array([2]), np.array([2]))
    with pytest.raises(QueryError, match="does not fit 4 frames"):
        Bouts.where(np.ones(5, dtype=bool), edges, "a")


marks = st.text("#.?", min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 40).flatmap(lambda n: st.tuples(*[st.text("#.?", min_size=n, max_size=n)] * 2))
)
def test_the_algebra_obeys_logic(texts):
    a, b = (bouts_of(text) for text in texts)
    assert text_of(~~a) == text_of(a)
    assert text_of(~(a & b)) == text_of(~a | ~b)
    assert text_of(a & b) == text_of(b & a) and text_of(a | b) == text_of(b | a)
    assert text_of(a & a) == text_of(a) == text_of(a | a)
    assert (a | b).mask().sum() == a.mask().sum() + b.mask().sum() - (a & b).mask().sum()
    assert (a & b).total_s <= min(a.total_s, b.total_s) + 1e-9


@settings(max_examples=60, deadline=None)
@given(marks, st.integers(0, 5))
def test_a_bridge_never_invents_a_state(text, longest):
    mask, known = np.array([c == "#" for c in text]), np.array([c != "?" for c in text])
    filled, told = bridge(mask, known, longest)
    assert (filled[known] == mask[known]).all() and (told >= known).all()
    for start, stop in zip(*runs(~known), strict=True):
        same = start > 0 and stop < len(text) and text[start - 1] == text[stop]
        bridged = same and stop - start <= longest
        assert told[start:stop].all() == bridged and told[start:stop].any() == bridged
        assert filled[start:stop].all() == (bridged and text[start - 1] == "#")
    assert (cover(*runs(filled), len(text)) == filled).all()


def test_while_keeps_the_pair_and_and_names_both():
    rest, corner = bouts_of("####??..", "a", max_gap_frames=0), bouts_of(".##.##.#", "b")
    assert (rest & corner).pairs == (("a", "b"),)
    found = rest.while_(corner)
    assert found.pairs == (("a", None),) and spans(found) == [(1, 3)] == spans(rest & corner)
    assert text_of(found) == ".##.??.."  # unseen where the second one would have made it true


def test_while_of_several_counterparts_is_while_any_of_them():
    near = collect(bouts_of("##......", "a", "b"), bouts_of("...##...", "a", "c"))
    found = bouts_of("#.####..", "a").while_(near)
    assert found.pairs == (("a", None),) and spans(found) == [(0, 1), (3, 5)]


def test_without_is_the_difference_and_the_unseen_is_in_neither():
    rest, corner = bouts_of("########"), bouts_of(".##.??..", max_gap_frames=0)
    assert text_of(rest.without(corner)) == "#..#??##"
    assert text_of(rest.while_(corner)) == ".##.??.."
    assert text_of(bouts_of("##????##").without(bouts_of("#..##.." + "."))) == ".#?..?##"
    mask = np.array([True, False, True, True])
    points = Bouts.from_masks({("a", None): (mask, None)}, np.arange(5) / 10, kind="point")
    assert spans(points.without(bouts_of(".##."))) == [(0, 0), (3, 3)]
    assert points.without(bouts_of(".##.")).kind == "point"


def test_before_and_after_choose_whole_bouts_by_the_gap_in_seconds():
    bouts, other = bouts_of("##..##.#........##"), bouts_of("......#...##......")
    assert spans(bouts.before(other)) == [(0, 2), (4, 6), (7, 8)]
    assert spans(bouts.before(other, 0.2)) == [(4, 6), (7, 8)]  # gaps 0.4, 0.0 and 0.2 s
    assert spans(bouts.before(other, 0.19)) == [(4, 6)]
    assert spans(bouts.after(other)) == [(7, 8), (16, 18)]
    assert spans(bouts.after(other, 0.3)) == [(7, 8)]  # 0.0 s; the other one 0.4 s after frame 12
    assert spans(bouts.after(other, 0.4)) == [(7, 8), (16, 18)]
    with pytest.raises(QueryError, match="from 0 on"):
        bouts.before(other, -1)


def test_a_bout_that_overlaps_is_neither_before_nor_after():
    bouts, other = bouts_of(".####."), bouts_of("..##..")
    assert bouts.before(other).count == 0 == bouts.after(other).count
    assert bouts.before(bouts_of("......")).count == 0 == bouts.after(bouts_of("......")).count


@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30), Fraction(30000, 1001)])
def test_a_gap_of_exactly_the_limit_counts_at_every_frame_rate(fps):
    edges_s = np.arange(301) / float(fps) + 1000
    first = Bouts.where(np.arange(300) < 10, edges_s, "a")
    second = Bouts.where(np.arange(300) >= 40, edges_s, "a")
    gap_s = 30 / float(fps)
    assert first.before(second, gap_s).count == 1 == second.after(first, gap_s).count
    assert (
        first.before(second, gap_s - 0.001).count == 0 == second.after(first, gap_s - 0.001).count
    )


def test_between_is_from_a_stop_to_the_next_start():
    dips = bouts_of(".#...#...#..#.#")
    entered, left = bouts_of("..##........#.."), bouts_of(".......#...#...")
    assert spans(dips.between(entered, left)) == [(5, 6)]
    again = bouts_of("..##....#......")  # entered anew before the second dip
    assert spans(dips.between(again, left)) == [(5, 6), (9, 10)]
    assert spans(bouts_of("....###........").between(entered, left)) == [(4, 7)]  # touching both
    assert bouts_of("....####.......").between(entered, left).count == 0
    assert dips.between(left, bouts_of("...............")).count == 0


def test_everybody_is_compared_with_their_own_bouts():
    bouts = collect(*(bouts_of("##......", who) for who in "abc"))
    cue = collect(bouts_of("...#....", "a"), bouts_of("......#.", "b"), bouts_of("........", "c"))
    assert bouts.before(cue).subject.tolist() == ["a", "b"]
    assert bouts.before(cue, 0.1).subject.tolist() == ["a"]
    assert bouts.before(cue).pairs == bouts.pairs
    assert bouts.starts_in(
        collect(*(bouts_of(t * 8, w) for t, w in zip(".#.", "abc", strict=True)))
    ).subject.tolist() == ["b"]


def test_starts_in_asks_for_the_first_frame_only():
    bouts, other = bouts_of("###..###..#"), bouts_of("..#..#....#")
    assert spans(bouts.starts_in(other)) == [(5, 8), (10, 11)]


@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30), Fraction(30000, 1001)])
def test_bins_count_onsets_and_divide_seconds_at_their_edges(fps):
    rate = float(fps)
    edges_s = np.arange(round(5.5 * rate) + 1) / rate
    frames = np.arange(len(edges_s) - 1)
    first, last = round(0.5 * rate), round(2.5 * rate)  # lasts over two edges
    mask = ((frames >= first) & (frames < last)) | (frames >= round(4.4 * rate))
    table = Bouts.where(mask, edges_s, "a", behaviour="rest").in_bins(2.0)
    start, stop, again, end = (edges_s[k] for k in (first, last, round(4.4 * rate), -1))
    assert table["bin_start_s"].tolist() == [0, 2, 4]
    assert table["bin_stop_s"].tolist() == [2, 4, pytest.approx(end)]  # the last one is partial
    assert table["count"].tolist() == [1, 0, 1]
    assert table["duration_s"].tolist() == pytest.approx(
        [2 - start, stop - 2, end - again], abs=1e-9
    )
    assert table["percent"].tolist()[1] == pytest.approx(100 * (stop - 2) / 2)
    assert table["percent"].tolist()[2] == pytest.approx(100 * (end - again) / (end - 4))


def test_an_onset_at_an_edge_counts_in_the_later_bin_and_a_stop_leaves_nothing_there():
    edges_s = np.arange(31) / 10  # the fourth frame is at 0.3, the second edge 0.30000000000000004
    table = Bouts.where(np.arange(30) % 3 == 0, edges_s, "a").in_bins(0.3)
    assert table["count"].tolist() == [1] * 10
    assert table["duration_s"].tolist() == pytest.approx([0.1] * 10)
    touching = Bouts.where((np.arange(30) >= 10) & (np.arange(30) < 20), edges_s, "a").in_bins(1.0)
    assert touching["count"].tolist() == [0, 1, 0]
    assert touching["duration_s"].tolist() == pytest.approx([0, 1, 0], abs=1e-9)


def test_bins_of_everybody_add_up_also_of_points_and_of_a_part():
    moments = np.isin(np.arange(100), [0, 9, 10, 99])
    edges_s = np.arange(101) / 10
    points = Bouts.from_masks({("a", None): (moments, None)}, edges_s, kind="point").in_bins(1.0)
    assert points["count"].tolist() == [2, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    assert points["duration_s"].isna().all()
    rest = collect(
        *(
            Bouts.where(np.arange(100) >= k, edges_s, w)
            for k, w in zip((5, 50, 99), "abc", strict=True)
        )
    )
    table = rest.in_bins(2.0)
    assert table.groupby("subject")["duration_s"].sum().tolist() == pytest.approx([9.5, 5.0, 0.1])
    assert table.groupby("subject")["count"].sum().tolist() == [1, 1, 1]
    part = rest.only("a").in_bins(2.0, start_s=1.0, stop_s=4.0)
    assert part["bin_start_s"].tolist() == [1, 3] and part["bin_stop_s"].tolist() == [3, 4]
    assert part["count"].tolist() == [0, 0]  # it started before
    assert part["duration_s"].tolist() == pytest.approx([2, 1])
    with pytest.raises(QueryError, match="more than 0"):
        rest.in_bins(0)


pair_of_texts = st.integers(1, 40).flatmap(
    lambda n: st.tuples(*[st.text("#.?", min_size=n, max_size=n)] * 2)
)


@settings(max_examples=60, deadline=None)
@given(pair_of_texts)
def test_while_and_without_divide_a_bout_and_agree_with_logic(texts):
    a, b = (bouts_of(text, max_gap_frames=0) for text in texts)
    together, apart = a.while_(b), a.without(b)
    assert text_of(together) == text_of(a & b) and text_of(apart) == text_of(a & ~b)
    unsure = a.mask() & (np.array(list(texts[1])) == "?")
    assert (together.mask() | apart.mask() | unsure == a.mask()).all()
    assert not (together.mask() & apart.mask()).any()


@settings(max_examples=80, deadline=None)
@given(pair_of_texts, st.integers(0, 6))
def test_before_after_and_between_are_what_a_loop_would_find(texts, frames):
    a, b = (bouts_of(text, max_gap_frames=0) for text in texts)
    others = spans(b)
    near = [(s, e) for s, e in spans(a) if any(0 <= t - e <= frames for t, _ in others)]
    assert spans(a.before(b, frames / 10)) == near
    near = [(s, e) for s, e in spans(a) if any(0 <= s - t <= frames for _, t in others)]
    assert spans(a.after(b, frames / 10)) == near
    inside = [
        (s, e)
        for s, e in spans(a)
        if (stops := [t for _, t in others if t <= s])
        and (starts := [t for t, _ in others if t >= max(stops)])
        and e <= min(starts)
    ]
    assert spans(a.between(b, b)) == inside


@settings(max_examples=60, deadline=None)
@given(marks, st.floats(0.05, 5), st.sampled_from([25, 30, 30000 / 1001]))
def test_bins_always_add_up_to_the_count_and_the_seconds(text, bin_s, rate):
    bouts = bouts_of(text, edges_s=np.arange(len(text) + 1) / rate)
    table = bouts.in_bins(bin_s)
    assert table["count"].sum() == bouts.count
    assert table["duration_s"].sum() == pytest.approx(bouts.total_s, abs=1e-6)
    told = table[table["tracked_fraction"] > 0]
    assert told["percent"].between(0, 100 + 1e-6).all() and (told["duration_s"] >= 0).all()
    assert table[["count", "percent"]][table["tracked_fraction"] == 0].isna().all(axis=None)
    known_s = (table["tracked_fraction"] * (table["bin_stop_s"] - table["bin_start_s"])).sum()
    unseen = sum(int(each.sum()) for each in bouts.unknown.values())
    assert known_s == pytest.approx((len(text) - unseen) / rate, abs=1e-5)


@settings(max_examples=40, deadline=None)
@given(marks, st.floats(0, 1000))
def test_a_later_clock_changes_no_choice_and_no_duration(text, late_s):
    edges_s = np.arange(len(text) + 1) * 1001 / 30000
    now, later = bouts_of(text, edges_s=edges_s), bouts_of(text, edges_s=edges_s + late_s)
    for choose in (lambda b: b.before(b, 0.1), lambda b: b.after(b, 0.1), lambda b: b.merge(0.1)):
        assert spans(choose(now)) == spans(choose(later))
    counts = [one.in_bins(0.2)["count"].to_numpy(float) for one in (now, later)]
    assert np.array_equal(*counts, equal_nan=True)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda a, b: a.at_least(1), "x < 2, for at least 1 s"),
        (lambda a, b: a.at_most(1.5), "x < 2, for at most 1.5 s"),
        (lambda a, b: a.during(b), "x < 2, entirely during dark (y < 1)"),
        (lambda a, b: a.overlapping(b), "x < 2, overlapping dark (y < 1)"),
        (lambda a, b: a.starts_in(b), "x < 2, starting in dark (y < 1)"),
        (lambda a, b: a.before(b), "x < 2, before dark (y < 1)"),
        (lambda a, b: a.after(b, 0.5), "x < 2, at most 0.5 s after dark (y < 1)"),
        (lambda a, b: a.between(b, b), "x < 2, between dark (y < 1) and dark (y < 1)"),
        (lambda a, b: a.first(), "x < 2, only the first of each animal"),
        (lambda a, b: a.last(), "x < 2, only the last of each animal"),
        (lambda a, b: a.nth(2), "x < 2, only number 2 of each animal"),
        (lambda a, b: a.within(0.1, 0.4), "x < 2, from 0.1 s to 0.4 s"),
        (lambda a, b: a.within(0, 9), "x < 2"),
        (lambda a, b: a.merge(0.2), "x < 2, gaps up to 0.2 s joined"),
        (lambda a, b: a.at_least(1).at_least(1), "x < 2, for at least 1 s"),
        (lambda a, b: a.named("rest", "").first(), "only the first of each animal"),
    ],
)
def test_what_is_done_to_bouts_is_in_their_definition_and_the_name_stays(change, said):
    mask = np.array([True, False, True, True, False, True, False, True])
    edges_s = np.arange(9) / 10
    rest = Bouts.where(mask, edges_s, "m", behaviour="rest", definition="x < 2")
    dark = Bouts.where(~mask, edges_s, "m", behaviour="dark", definition="y < 1")
    found = change(rest, dark)
    assert found.definition == said and found.behaviour == "rest"


def test_a_shortest_duration_inside_brackets_is_another_ones():
    mask = np.array([True, True, False, True])
    both = Bouts.where(mask, np.arange(5.0), "m", definition="(x, for at least 2 s) or (y)")
    assert both.at_least(2).definition == "(x, for at least 2 s) or (y), for at least 2 s"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda a: a & None, lambda a: a | "x", lambda a: a.during(None), lambda a: a.then([], 1),
        lambda a: collect(None), lambda a: collect(a, 5), lambda a: a.while_(3),
        lambda a: a.at_least(-1), lambda a: a.at_most(float("nan")), lambda a: a.at_least("1"),
        lambda a: a.merge(float("nan")), lambda a: a.then(a, -1), lambda a: a.nth(1.5),
        lambda a: a.before(a, "x"),
    ],
)  # fmt: skip
def test_what_is_no_bouts_and_no_time_is_refused_in_one_line(wrong):
    rest = Bouts.where(np.array([True, False, True]), np.arange(4.0), "m")
    with pytest.raises(QueryError) as refused:
        wrong(rest)
    assert "\n" not in str(refused.value)


def test_a_shortest_duration_and_an_unusual_gap_are_said_once():
    recording = Recording.synthetic({"m": np.zeros((20, 2))}, fps=10)
    mask = np.ones(20, dtype=bool)

    def said(definition: str = "", **more: float) -> str:
        return bouts_where(recording, mask, "m", definition=definition, **more).definition

    assert said("x < 2") == "x < 2" and said(min_duration_s=1) == "for at least 1 s"
    assert said("x < 2", min_duration_s=1) == "x < 2, for at least 1 s"
    assert said("x < 2, for >= 1 s (ours)", min_duration_s=1) == "x < 2, for >= 1 s (ours)"
    assert said("x over 1 s", min_duration_s=1) == "x over 1 s, for at least 1 s"
    assert said("x", max_gap_frames=5) == "x, over gaps of at most 5 frames"
