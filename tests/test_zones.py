"""Animals in regions: exact visits, entries, times and latencies, gaps included."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known import every_setting, make, still, straight
from outline_samples import outlines

from llm_query.errors import QueryError
from llm_query.geometry import Region
from llm_query.places.arenas import region_around
from llm_query.places.zones import (
    distance_to_point,
    distance_to_region,
    distance_to_wall,
    enters,
    fraction_inside,
    head_in_region,
    in_region,
    latency_to_region,
    leaves,
    outside_region,
    region_entries,
    time_in_region,
)
from llm_query.recording import Recording

NTSC = Fraction(30000, 1001)
REGIONS = [
    Region("corner", "rectangle", np.array([[0, 0], [10, 10]])),
    Region("other", "circle", np.array([[50, 5], [50, 10]])),
    Region("feeder", "point", np.array([[20, 5]])),
    Region("box", "rectangle", np.array([[-5, -5], [105, 15]]), "arena"),
]


def recording_of(text, **more):
    """One animal by frame: i in the corner, o outside, ? unseen; two more that are never there."""
    x = np.array([{"i": 5.0, "o": 30.0, "?": np.nan}[c] for c in text])
    path = np.column_stack([x, np.where(np.isnan(x), np.nan, 5.0)])
    away = np.full((len(text), 2), 90.0)
    return Recording.synthetic(
        {"a": path, "b": away, "c": away * np.nan}, **{"regions": REGIONS, "fps": 10, **more}
    )


def spans(bouts):
    return list(zip(bouts.start_frame.tolist(), bouts.stop_frame.tolist(), strict=True))


def test_visits_are_exact_at_29_97_frames_per_second():
    recording = recording_of("o" * 30 + "i" * 60 + "o" * 10 + "i" * 20, fps=NTSC)
    visits = in_region(recording, "a", "corner")
    assert spans(visits) == [(30, 90), (100, 120)]
    assert visits.start_s == pytest.approx([1.001, 100 * 1001 / 30000], abs=1e-12)
    assert visits.stop_s[-1] == pytest.approx(recording.duration_s) == pytest.approx(4.004)
    assert time_in_region(recording, "a", "corner") == pytest.approx(80 * 1001 / 30000)
    assert latency_to_region(recording, "a", "corner") == pytest.approx(1.001)
    assert visits.percent == pytest.approx(100 * 80 / 120)


def test_time_is_the_sum_of_real_frame_times_at_a_variable_rate():
    time_s = np.array([0, 0.1, 0.5, 0.6, 1.0])
    recording = recording_of("oiioo", time_s=time_s, fps=5)
    assert time_in_region(recording, "a", "corner") == pytest.approx(0.5)
    assert recording.duration_s == pytest.approx(1.2)
    assert in_region(recording, "a", "corner").fraction == pytest.approx(0.5 / 1.2)


def test_inside_outside_and_unseen_together_are_the_whole_recording():
    recording = recording_of("ii??ioooo?????iiio")
    inside, outside = in_region(recording, "a", "corner"), outside_region(recording, "a", "corner")
    assert spans(inside) == [(0, 5), (14, 17)] and spans(outside) == [(5, 9), (17, 18)]
    assert inside.total_s + outside.total_s + 0.5 == pytest.approx(recording.duration_s)
    assert spans(~inside) == spans(outside)


@pytest.mark.parametrize(
    ("text", "entered", "left"),
    [
        ("ooiioo", [2], [4]),
        ("iiooii", [4], [2]),  # inside at the start: no entry
        ("??iioo", [], [4]),  # inside when first seen: no entry either
        ("oo?????ii", [7], []),  # it must have entered meanwhile
        ("ii?????ii", [], []),  # nothing is known of a way out
        ("oo??ii", [4], []),
        ("??????", [], []),
    ],
)
def test_entries_and_exits_are_points_between_sides_that_were_seen(text, entered, left):
    recording = recording_of(text)
    came, went = enters(recording, "a", "corner"), leaves(recording, "a", "corner")
    assert came.start_frame.tolist() == entered and went.start_frame.tolist() == left
    assert came.kind == "point" and came.total_s == 0
    assert region_entries(recording, "a", "corner") == len(entered)


def test_an_animal_that_never_comes_has_no_latency_and_one_never_seen_has_no_time():
    recording = recording_of("oo??oo")
    assert np.isnan(latency_to_region(recording, "a", "corner"))
    assert time_in_region(recording, "a", "corner") == 0
    assert np.isnan(time_in_region(recording, "c", "corner"))
    assert in_region(recording, "b", "corner").by_subject()["censored"].tolist() == [True]


def test_two_regions_at_once_count_once():
    recording = recording_of(
        "oiio", regions=[*REGIONS, Region("c2", "circle", np.array([[5, 5], [9, 5]]))]
    )
    both = in_region(recording, "a", "corner") & in_region(recording, "a", "c2")
    assert spans(both) == [(1, 3)]


def test_another_body_point_decides_when_asked():
    path = np.tile([30.0, 5.0], (4, 1))
    nose = np.array([[30, 5], [9, 5], [np.nan, np.nan], [12, 5]])
    recording = Recording.synthetic(
        {"a": path}, fps=10, regions=REGIONS, points={"a": {"nose": nose}}
    )
    assert in_region(recording, "a", "corner").count == 0
    assert spans(in_region(recording, "a", "corner", point="nose")) == [(1, 2)]


def test_visits_can_have_a_shortest_length():
    recording = recording_of("oioiiioo")
    assert spans(in_region(recording, "a", "corner", min_duration_s=0.3)) == [(3, 6)]
    assert spans(outside_region(recording, "a", "corner", min_duration_s=0.2)) == [(6, 8)]


def test_distances_are_in_cm_when_calibrated():
    recording = recording_of("oi?", px_per_cm=10)
    for found, expected in (
        (distance_to_region(recording, "a", "corner"), [2, 0]),
        (distance_to_region(recording, "a", "feeder"), [1, 1.5]),
        (distance_to_wall(recording, "a"), [1, 1]),
        (distance_to_wall(recording, "a", "other"), [1.5, 4]),
        (distance_to_point(recording, "a", 3, 0), [0.5, np.hypot(2.5, 0.5)]),
    ):
        assert found[:2] == pytest.approx(expected) and np.isnan(found[2])


def test_what_cannot_be_answered_says_how_to_make_it_answerable():
    recording = recording_of("oi", regions=REGIONS[:3])
    with pytest.raises(QueryError, match='"arena"'):
        distance_to_wall(recording, "a")
    with pytest.raises(QueryError, match="has no inside"):
        in_region(recording, "a", "feeder")
    with pytest.raises(QueryError, match='"corner", "other", "feeder"'):
        in_region(recording, "a", "Corner")


def test_on_the_outline_is_inside_at_any_scale():
    corners = np.array([[0, 0], [30, 0], [30, 30], [0, 30]])
    path = np.column_stack([np.arange(40.0), np.full(40, 15.0)])
    for px_per_cm in (None, 3.0, 7.0, 9.7, 32.1):
        recording = Recording.synthetic(
            {"a": path}, px_per_cm=px_per_cm, regions=[Region("p", "polygon", corners)]
        )
        assert spans(in_region(recording, "a", "p")) == [(0, 31)]


# the rule: several regions, several points, the outline, margins and shortest times

LANES = {
    "A": ("rectangle", [[20, 0], [30, 40]], "region"),
    "B": ("rectangle", [[30, 0], [40, 40]], "region"),
    "far": ("circle", [[60, 20], [60, 25]], "region"),
    "box": ("rectangle", [[0, 0], [80, 40]], "arena"),
}


def after(setting, seconds):
    """The first frame later than a time."""
    return int(np.floor(seconds * float(setting.fps) + 1e-6)) + 1


def walkers(setting, seconds=8.0, **more):
    """One walks right through all lanes, one sits in B, one walks up and down outside."""
    paths = {
        "runner": straight(5.03, 20, 10.0),
        "sitter": still(35, 20),
        "pacer": straight(10, 2, 0.0, 4.0),
    }
    return make(setting, seconds, paths, regions=LANES, **more)


@every_setting
def test_a_walker_is_in_a_region_from_the_first_to_the_last_frame_of_its_crossing(setting):
    recording = walkers(setting)
    first, last = setting.frame_at((20 - 5.03) / 10), after(setting, (30 - 5.03) / 10)
    found = in_region(recording, "runner", "A")
    assert spans(found) == [(first, last)]
    assert enters(recording, "runner", "A").start_frame.tolist() == [first]
    assert leaves(recording, "runner", "A").start_frame.tolist() == [last]
    assert time_in_region(recording, "runner", "A") == pytest.approx(
        setting.time_of(last) - setting.time_of(first), abs=1e-12
    )
    assert latency_to_region(recording, "runner", "A") == pytest.approx(setting.time_of(first))
    assert region_entries(recording, "sitter", "B") == region_entries(recording, "pacer", "A") == 0
    assert time_in_region(recording, "sitter", "B") == pytest.approx(recording.duration_s)


@every_setting
def test_several_regions_are_one_place(setting):
    recording = walkers(setting)
    first, last = setting.frame_at((20 - 5.03) / 10), after(setting, (40 - 5.03) / 10)
    disc = setting.frame_at((55 - 5.03) / 10), after(setting, (65 - 5.03) / 10)
    both, every = ["A", "B"], ["A", "B", "far"]
    assert spans(in_region(recording, "runner", both)) == [(first, last)]
    assert region_entries(recording, "runner", both) == 1
    assert spans(in_region(recording, "runner", every)) == [(first, last), disc]
    joined = in_region(recording, "runner", "A") | in_region(recording, "runner", "B")
    assert spans(joined) == spans(in_region(recording, "runner", both))
    assert in_region(recording, "runner", both).behaviour == "in A or B"
    assert in_region(recording, "runner", both).definition == 'centre inside "A" or "B"'
    assert spans(outside_region(recording, "sitter", both)) == []
    assert distance_to_region(recording, "runner", every)[0] == pytest.approx(14.97 * setting.unit)
    assert distance_to_region(recording, "runner", ["far", "A"])[after(setting, 4.5)] < (
        15 * setting.unit
    )


@every_setting
@pytest.mark.parametrize(
    ("need", "from_x", "to_x"),
    [
        ("any", 18, 32),
        ("all", 22, 28),
        (0.5, 20, 30),
        (2 / 3, 20, 30),
        (0.7, 22, 28),
        (0.1, 18, 32),
    ],
)
def test_of_several_points_as_many_must_be_inside_as_asked(setting, need, from_x, to_x):
    """Nose 2 cm ahead of the centre, tail 2 cm behind: one, two or three of them are inside."""
    points = {"runner": {"Snout": straight(7.03, 20, 10), "tail_base": straight(3.03, 20, 10)}}
    recording = walkers(setting, points=points)
    asked = ["nose", "centre", "tail_base"]  # the lab says Snout
    found = in_region(recording, "runner", "A", asked, need=need)
    expected = setting.frame_at((from_x - 5.03) / 10), after(setting, (to_x - 5.03) / 10)
    assert spans(found) == [expected]
    assert enters(recording, "runner", "A", asked, need=need).start_frame.tolist() == [expected[0]]
    assert leaves(recording, "runner", "A", asked, need=need).start_frame.tolist() == [expected[1]]
    assert "of Snout, centre, tail_base inside" in found.definition


def test_any_point_and_all_points_are_those_that_the_lab_labelled():
    recording = paws("iio?", "oii?")
    assert spans(in_region(recording, "a", "corner", "any point")) == [(0, 3)]
    assert spans(in_region(recording, "a", "corner", "all points")) == [(1, 2)]
    assert "any of left, right" in in_region(recording, "a", "corner", "any point").definition


def paws(left, right):
    """An animal whose centre stays outside, with two paws by frame as in recording_of."""
    x = {"i": 5.0, "o": 30.0, "?": np.nan}
    points = {
        name: np.array([[x[c], 5.0] for c in text]) for name, text in
        (("left", left), ("right", right))
    }  # fmt: skip
    path = np.full((len(left), 2), 30.0)
    return Recording.synthetic(
        {"a": path, "b": path, "c": path}, fps=10, regions=REGIONS, points={"a": points}
    )


def test_an_unseen_point_leaves_open_only_what_it_could_decide():
    recording = paws("iiiiooooo????", "i????????iiii"[:5] + "????" + "iooo")
    any_in = in_region(recording, "a", "corner", ["left", "right"])
    all_in = in_region(recording, "a", "corner", ["left", "right"], need="all")
    assert spans(any_in) == [(0, 4), (9, 10)]
    assert spans(all_in) == [(0, 1)]
    assert spans(~any_in) == []  # left out, right unseen; then left unseen, right out
    assert spans(~all_in) == [(4, 13)]  # frame 9 is open, a gap of one


def squares(setting, left):
    """Animals of 10 x 6 px whose left edge is at these columns, one list per animal."""
    mask = np.ones((6, 10), dtype=bool)
    paths, masks = {}, {}
    for name, columns in zip("abc", left, strict=True):
        x = np.array(columns, dtype=float)
        seen = np.flatnonzero(np.isfinite(x))
        paths[name] = np.column_stack([x + 4.5, np.where(np.isfinite(x), 42.5, np.nan)])
        masks[name] = outlines(seen.tolist(), [mask] * len(seen), [(int(x[i]), 40) for i in seen])
    regions = [
        Region("pen", "rectangle", np.array([[100.5, 0], [200, 80]])),
        Region("pen2", "rectangle", np.array([[103.5, 0], [200, 80]])),
        Region("low", "rectangle", np.array([[0, 43], [400, 80]])),
    ]
    scale = setting.px_per_cm if setting.calibrated else None
    return Recording.synthetic(
        paths, fps=setting.fps, px_per_cm=scale, regions=regions, masks=masks
    )


@every_setting
def test_a_share_of_the_outline_decides_with_different_limits_for_in_and_out(setting):
    """`inside` columns of ten are right of the border; in from 7, out below 5."""
    inside = [0, 3, 6, 7, 9, 6, 5, 6, 7, 5, 4, 5, 6, 7, 10, 4, 0]
    other = [0] * 17
    gone = [np.nan] * 17
    left = [[91 + k for k in inside], [91 + k for k in other], gone]
    recording = squares(setting, left)
    assert fraction_inside(recording, "a", "pen").tolist() == [k / 10 for k in inside]
    assert fraction_inside(recording, "a", ["pen2", "pen"]).tolist() == [k / 10 for k in inside]
    assert fraction_inside(recording, "b", "low").tolist() == [0.5] * 17  # rows 43, 44 and 45
    assert np.isnan(fraction_inside(recording, "c", "pen")).all()
    rule = {"enter_fraction": 0.7, "exit_fraction": 0.5}
    assert spans(in_region(recording, "a", "pen", **rule)) == [(3, 10), (13, 15)]
    assert enters(recording, "a", "pen", **rule).start_frame.tolist() == [3, 13]
    assert leaves(recording, "a", "pen", **rule).start_frame.tolist() == [10, 15]
    assert spans(outside_region(recording, "a", "pen", **rule)) == [(0, 3), (10, 13), (15, 17)]
    strict = in_region(recording, "a", "pen", enter_fraction=0.7)
    assert spans(strict) == [(3, 5), (8, 9), (13, 15)]
    assert strict.definition == '70 % of the outline inside "pen" until less than 70 %'
    assert in_region(recording, "c", "pen", **rule).count == 0
    assert np.isnan(time_in_region(recording, "c", "pen", **rule))


@every_setting
def test_nobody_knows_from_where_a_half_inside_animal_came_at_the_start_or_after_a_gap(setting):
    nan = np.nan
    inside = [6, 6, 7, 6, nan, nan, 6, nan, nan, nan, nan, 6, 6, 4, 6, 7]
    left = [[91 + k for k in inside]] + [[91.0] * 16] * 2
    recording = squares(setting, left)
    found = in_region(recording, "a", "pen", enter_fraction=0.7, exit_fraction=0.5)
    assert spans(found) == [(2, 7), (15, 16)]  # a gap of two frames is bridged, one of four not
    assert spans(~found) == [(13, 15)]
    entered = enters(recording, "a", "pen", enter_fraction=0.7, exit_fraction=0.5)
    assert entered.start_frame.tolist() == [15]


@every_setting
def test_margins_at_the_border_keep_a_wobbling_centre_where_it_was(setting):
    x = [10, 19, 20.5, 19.5, 20.9, 21.5, 20.1, 19.2, 18.6, 19.5, 18.4, 19.9, 20.9, 22, 25]
    wobble = [[each, 20.0] for each in x]
    paths = {
        "a": lambda t: np.array(wobble)[: len(t)], "b": still(25, 20), "c": still(5, 5)
    }  # fmt: skip
    recording = make(setting, 15 / float(setting.fps), paths, regions=LANES)
    unit = setting.unit
    found = in_region(recording, "a", "A", enter_margin=1 * unit, exit_margin=1.5 * unit)
    assert spans(found) == [(5, 10), (13, 15)]
    assert spans(in_region(recording, "a", "A")) == [(2, 3), (4, 7), (12, 15)]
    assert "inside the border, out from" in found.definition
    assert recording.unit in found.definition


@every_setting
def test_a_border_between_two_regions_taken_together_is_none(setting):
    recording = walkers(setting)
    margins = {"enter_margin": 1.5 * setting.unit, "exit_margin": 0.52 * setting.unit}
    first, last = setting.frame_at((21.5 - 5.03) / 10), after(setting, (40.52 - 5.03) / 10)
    assert spans(in_region(recording, "runner", ["A", "B"], **margins)) == [(first, last)]
    assert region_entries(recording, "runner", ["B", "A"], **margins) == 1


def test_a_region_that_moves_unseen_leaves_open_only_who_is_in_no_other():
    path = np.zeros((9, 2))
    path[3:] = np.nan
    there, away = np.full((9, 2), 5.0), np.full((9, 2), 30.0)
    recording = Recording.synthetic({"a": there, "b": away, "c": path}, fps=10, regions=REGIONS)
    around = region_around(recording, "c", 10)
    both = ["corner", "around c"]
    assert spans(in_region(around, "a", both)) == [(0, 9)]
    assert spans(outside_region(around, "b", both)) == [(0, 3)]


def test_not_all_points_inside_is_not_called_outside():
    recording = paws("iio", "oii")
    found = outside_region(recording, "a", "corner", ["left", "right"], need="all")
    assert spans(found) == [(0, 1), (2, 3)]
    assert found.behaviour == "not in corner (all of left, right)"
    assert found.definition == 'not: all of left, right inside "corner"'
    plain = outside_region(recording, "a", "corner", "left", min_duration_s=0.1)
    assert plain.behaviour == "outside corner (left)"
    assert plain.definition == 'left outside "corner", for at least 0.1 s'


def test_a_short_time_outside_is_part_of_the_visit_and_a_short_visit_part_of_the_outside():
    recording = recording_of("ooiiooiiioooooiooiio")
    rule = {"min_outside_s": 0.3}
    assert spans(in_region(recording, "a", "corner", **rule)) == [(2, 9), (14, 19)]
    assert enters(recording, "a", "corner", **rule).start_frame.tolist() == [2, 14]
    assert leaves(recording, "a", "corner", **rule).start_frame.tolist() == [9, 19]
    assert spans(in_region(recording, "a", "corner", min_outside_s=0.2)) == spans(
        in_region(recording, "a", "corner")
    )  # back after exactly that long is a new visit
    longer = {**rule, "min_duration_s": 0.6}
    assert spans(in_region(recording, "a", "corner", **longer)) == [(2, 9)]
    assert leaves(recording, "a", "corner", **longer).start_frame.tolist() == [9]
    assert region_entries(recording, "a", "corner", **longer) == 1
    text = in_region(recording, "a", "corner", **longer).definition
    assert text == 'centre inside "corner", back within 0.3 s is the same visit, for at least 0.6 s'


@pytest.mark.parametrize(
    ("text", "visits"),
    [
        ("io??oi", [(0, 6)]),  # two unseen frames on the way hide no long absence
        ("io????oi", [(0, 1), (7, 8)]),  # four may: a gap ends the visit
        ("i??oi", [(0, 5)]),
        ("?oi", [(2, 3)]),
        ("io?", [(0, 1)]),
    ],
)
def test_a_gap_longer_than_three_frames_is_never_a_short_time_outside(text, visits):
    recording = recording_of(text)
    assert spans(in_region(recording, "a", "corner", min_outside_s=9)) == visits


@settings(max_examples=150, deadline=None)
@given(
    st.text("io?", min_size=1, max_size=40), st.sampled_from([0, 0.2, 0.5]),
    st.sampled_from([0, 0.2, 0.5]), st.sampled_from([0, 1, 3]),
)  # fmt: skip
def test_entries_exits_visits_and_outside_fit_together_by_any_rule(text, stay, away, gap):
    recording = recording_of(text)
    rule = {"min_duration_s": stay, "min_outside_s": away, "max_gap_frames": gap}
    visits = in_region(recording, "a", "corner", **rule)
    came = enters(recording, "a", "corner", **rule).start_frame
    went = leaves(recording, "a", "corner", **rule).start_frame
    outside = ~visits
    unseen_s = recording.duration_s - visits.total_s - outside.total_s
    assert -1e-9 < unseen_s <= text.count("?") / 10 + 1e-9
    assert set(came) <= set(visits.start_frame) and set(went) <= set(outside.start_frame)
    events = sorted([(frame, 1) for frame in came] + [(frame, -1) for frame in went])
    assert all(a[1] != b[1] for a, b in pairwise(events))
    first_out = outside.start_frame.min(initial=99)
    for start in visits.start_frame:  # the only visits without an entry
        before = [frame for frame in visits.stop_frame if frame <= start]
        known_out = outside.start_frame[outside.start_frame < start]
        expected = known_out.size > 0 and known_out.max() >= max(before, default=first_out)
        assert (start in came) == expected


def test_the_head_is_the_nose_or_the_front_end_and_may_be_inside_alone():
    path = np.column_stack([np.arange(20.0), np.full(20, 5.0)])
    regions = [Region("pit", "rectangle", np.array([[10, 0], [14, 10]]))]
    heading = {"a": np.zeros(20), "b": np.full(20, 180.0)}
    nose = {"c": {"snout": path + np.array([3, 0])}}
    recording = Recording.synthetic(
        {"a": path, "b": path, "c": path}, fps=10, regions=regions, heading_deg=heading, length=8,
        points=nose,
    )  # fmt: skip
    assert spans(head_in_region(recording, "a", "pit")) == [(6, 11)]
    assert spans(head_in_region(recording, "b", "pit")) == [(14, 19)]
    assert spans(head_in_region(recording, "c", "pit")) == [(7, 12)]
    dips = head_in_region(recording, "a", "pit", body_outside=True)
    assert spans(dips) == [(6, 10)] and dips.pairs == (("a", None),)
    with pytest.raises(QueryError, match="No heading is known for a"):
        head_in_region(recording_of("oi"), "a", "corner")


# against an independent reckoning: winding numbers, and plain loops over frames


def winds_around(corners, x, y):
    """Whether the angles to the corners, one after the other, go all the way round."""
    angle = np.arctan2(corners[:, 1, None] - y, corners[:, 0, None] - x)
    turn = (np.roll(angle, -1, axis=0) - angle + np.pi) % (2 * np.pi) - np.pi
    return np.abs(turn.sum(axis=0)) > np.pi


def visits_by_hand(inside, seen, longest_gap):
    """Visits by walking through the frames one by one."""
    found, start, gap = [], None, 0
    for frame, (here, known) in enumerate(zip(inside, seen, strict=True)):
        if not known:
            gap += 1
            continue
        if start is not None and (gap > longest_gap or not here):
            found.append((start, frame - gap))
            start = None
        if here and start is None:
            start = frame
        gap = 0
    return found if start is None else [*found, (start, len(inside) - gap)]


@every_setting
@pytest.mark.parametrize("seed", range(3))
def test_a_random_walk_agrees_with_winding_numbers_and_a_loop_over_frames(setting, seed):
    rng = np.random.default_rng(seed)
    star = np.array([[8, 5], [30, 9], [42, 3], [38, 22], [45, 36], [24, 27], [6, 34], [14, 19]])
    n = setting.frame_at(60)
    walks, hidden = {}, {}
    for name in ("a", "b", "c"):
        steps = rng.normal(0, 0.6, (n, 2)).cumsum(axis=0)
        walks[name] = np.abs((steps + np.array([25, 20])) % [100, 80] - [50, 40])
        gaps = np.zeros(n, dtype=bool)
        for first in rng.integers(0, n, 12):
            gaps[first : first + rng.integers(1, 9)] = True
        walks[name][gaps] = np.nan
        hidden[name] = gaps
    paths = {name: (lambda t, walk=walk: walk) for name, walk in walks.items()}
    recording = make(setting, 60, paths, regions={"star": ("polygon", star.tolist(), "region")})
    for name, walk in walks.items():
        inside = winds_around(star.astype(float), *walk.T) & ~hidden[name]
        expected = visits_by_hand(inside, ~hidden[name], 3)
        found = in_region(recording, name, "star")
        assert spans(found) == expected
        seconds = sum(setting.time_of(stop) - setting.time_of(start) for start, stop in expected)
        assert time_in_region(recording, name, "star") == pytest.approx(seconds, abs=1e-9)


# what must not change when the world is seen otherwise

walk_of = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 40), st.integers(0, 9)), min_size=2, max_size=60
)


def seen_as(walk, turn, scale, lead, name="a", px_per_cm=None):
    """The walk in quarter px off the borders, turned or mirrored by `turn`, after `lead` frames."""
    xy = np.array([[x + 0.25, y + 0.25] for x, y, _ in walk])
    xy[[hide == 0 for _, _, hide in walk]] = np.nan
    xy = np.concatenate([np.full((lead, 2), np.nan), xy])
    corners = np.array([[12, 4], [50, 8], [44, 30], [30, 18], [10, 33]])
    regions = [
        Region("bay", "polygon", turn(corners.astype(float)) * scale),
        Region("disc", "circle", turn(np.array([[20.0, 20], [20, 31]])) * scale),
    ]
    return Recording.synthetic(
        {name: turn(xy) * scale, "b": turn(xy) * np.nan, "c": turn(xy) * 0 * scale},
        fps=25, regions=regions, px_per_cm=px_per_cm,
    )  # fmt: skip


TURNS = {
    "mirror": lambda p: p * [-1, 1],
    "quarter turn": lambda p: p[:, ::-1] * [-1, 1],
    "turn": lambda p: p @ np.array([[np.cos(0.7), -np.sin(0.7)], [np.sin(0.7), np.cos(0.7)]]),
    "shift": lambda p: p + np.array([13, -250]),
}


@settings(max_examples=40, deadline=None)
@given(walk_of, st.sampled_from(sorted(TURNS)), st.sampled_from([1, 3.7, 10]), st.integers(0, 20))
def test_mirror_rotation_units_and_a_later_start_change_no_visit(walk, turn, scale, lead):
    plain = seen_as(walk, lambda p: p, 1, 0)
    other = seen_as(walk, TURNS[turn], scale, lead, "renamed", px_per_cm=scale)
    for region in ("bay", "disc", ["disc", "bay"]):
        for rule in ({}, {"min_outside_s": 0.1}, {"enter_margin": 1.0, "exit_margin": 0.5}):
            here = in_region(plain, "a", region, **rule)
            there = in_region(other, "renamed", region, **rule)
            assert spans(there) == [(start + lead, stop + lead) for start, stop in spans(here)]
            came = enters(other, "renamed", region, **rule).start_frame - lead
            assert came.tolist() == enters(plain, "a", region, **rule).start_frame.tolist()
        apart = distance_to_region(other, "renamed", region)[lead:]
        assert apart == pytest.approx(distance_to_region(plain, "a", region), nan_ok=True, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(walk_of, st.sampled_from([2, 3]))
def test_a_faster_camera_on_the_same_scene_changes_no_time_and_no_visit(walk, times):
    slow = seen_as(walk, lambda p: p, 1, 0)
    fast = seen_as([each for each in walk for _ in range(times)], lambda p: p, 1, 0)
    fast = replace(fast, time_s=fast.time_s / times, end_s=fast.end_s / times)
    for region in ("bay", ["disc", "bay"]):
        for rule in ({}, {"min_outside_s": 0.1}, {"min_duration_s": 0.08}):
            one = in_region(slow, "a", region, max_gap_frames=0, **rule)
            two = in_region(fast, "a", region, max_gap_frames=0, **rule)
            assert two.start_s == pytest.approx(one.start_s, abs=1e-9)
            assert two.durations_s == pytest.approx(one.durations_s, abs=1e-9)
            assert (~two).total_s == pytest.approx((~one).total_s, abs=1e-9)


def test_what_a_rule_cannot_be_is_said_in_one_line():
    recording = recording_of("oi")
    for rule, match in (
        ({"enter_fraction": 0.5}, "no outlines of a, only points. Track the video"),
        ({"exit_fraction": 0.5}, "exit_fraction needs enter_fraction"),
        ({"enter_fraction": 0.5, "exit_fraction": 0.7}, "at most enter_fraction"),
        ({"enter_fraction": 70}, "0 to 1, not 70"),
        ({"need": "most"}, 'need is "any", "all" or a share'),
        ({"need": 4}, "0 to 1, not 4"),
        ({"enter_margin": -1}, "0 or more"),
        ({"point": []}, "No body point was named"),
        ({"point": ["nose"]}, 'no body point "nose"'),
    ):
        with pytest.raises(QueryError, match=match) as error:
            in_region(recording, "a", "corner", **rule)
        assert "\n" not in str(error.value)
    for region, match in (
        ([], "No region was named"),
        (["corner", "nest"], 'no region "nest"'),
        (["corner", "feeder"], "has no inside"),
    ):
        with pytest.raises(QueryError, match=match):
            in_region(recording, "a", region)


@pytest.mark.parametrize("seed", range(4))
def test_the_share_of_an_outline_is_that_of_its_pixels_counted_one_by_one(seed):
    rng = np.random.default_rng(seed)
    star = rng.integers(0, 60, (7, 2)) + (0.5 if seed % 2 else 0.0)
    places = [
        Region("star", "polygon", star), Region("disc", "circle", np.array([[30, 30], [41, 30]]))
    ]  # fmt: skip
    shapes = [rng.random((rng.integers(2, 15), rng.integers(2, 15))) < 0.6 for _ in range(40)]
    for shape in shapes:
        shape[0, 0] = True
    corners = [(int(x), int(y)) for x, y in rng.integers(0, 50, (40, 2))]
    frames = [*range(20), *range(25, 45)]  # five frames without an outline
    path = np.zeros((45, 2))
    recording = Recording.synthetic(
        {"a": path, "b": path, "c": path}, px_per_cm=7.3, regions=places,
        masks={"a": outlines(frames, shapes, corners)},
    )  # fmt: skip
    for names, chosen in ((["star"], places[:1]), (["star", "disc"], places)):
        expected = np.full(45, np.nan)
        for frame, shape, corner in zip(frames, shapes, corners, strict=True):
            pixels = np.argwhere(shape)[:, ::-1] + np.array(corner)
            inside = np.any([place.inside(pixels.astype(float)) for place in chosen], axis=0)
            expected[frame] = inside.mean()
        found = fraction_inside(recording, "a", names)
        assert np.array_equal(found, expected, equal_nan=True)
    visits = in_region(recording, "a", "disc", enter_fraction=0.5, max_gap_frames=0)
    assert not visits.mask()[20:25].any() and not (~visits).mask()[20:25].any()
