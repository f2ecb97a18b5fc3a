"""Tables of visits against scripts: who was where when, from where, to where, and how far."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known import every_setting, make, still, straight

from llm_query.errors import QueryError
from llm_query.geometry import Region
from llm_query.individual.kinematics import distance_moved, mean_speed
from llm_query.individual.motion import immobile, moving
from llm_query.outlines import Outlines
from llm_query.places.distances import moving_away, moving_towards, thigmotaxis
from llm_query.places.routes import alternation, arm_entries, transitions
from llm_query.places.visits import first_region, occupancy, region_latency, region_summary, visits
from llm_query.places.zones import in_region
from llm_query.recording import Recording

PLACES = {"A": 10.0, "B": 30.0, "C": 50.0, ".": 20.0, "?": np.nan}
MAZE = {
    "A": ("rectangle", [[5, 0], [15, 20]], "region"),
    "B": ("circle", [[30, 10], [30, 15]], "region"),
    "C": ("polygon", [[45, 5], [55, 5], [55, 15], [45, 15]], "region"),
    "box": ("rectangle", [[0, 0], [60, 20]], "arena"),
    "cup": ("point", [[58, 10]], "object"),
}


def scripted(setting, script):
    """An animal that is at each place for so many seconds; another one later, one never seen.

    Returns the recording and, for every part of the script, its place and its frames.
    """
    ends = np.cumsum([seconds for _, seconds in script])
    stops = [setting.frame_at(float(end)) for end in ends]
    starts = [0, *stops[:-1]]
    x = np.empty(stops[-1])
    for (place, _), start, stop in zip(script, starts, stops, strict=True):
        x[start:stop] = PLACES[place]
    path = np.column_stack([x, np.where(np.isnan(x), np.nan, 10.0)])
    paths = {"a": lambda t: path, "b": still(20, 2), "c": lambda t: path * np.nan}
    recording = make(setting, float(ends[-1]), paths, regions=MAZE, length=4)
    assert recording.n_frames == stops[-1]
    return recording, [
        (place, start, stop) for (place, _), start, stop in zip(script, starts, stops, strict=True)
    ]


TRIP = [
    (".", 1.03), ("A", 2.01), (".", 0.5), ("B", 1.2), ("C", 0.77), ("?", 0.6), ("C", 0.5),
    (".", 0.4), ("A", 0.9), (".", 0.3), ("A", 1.3),
]  # fmt: skip


@every_setting
def test_every_visit_has_its_frames_its_times_and_its_neighbours(setting):
    recording, parts = scripted(setting, TRIP)
    table = visits(recording, "a")
    rows = [part for part in parts if part[0] in "ABC"]
    assert table["region"].tolist() == ["A", "B", "C", "C", "A", "A"]
    assert table["start_frame"].tolist() == [start for _, start, _ in rows]
    assert table["stop_frame"].tolist() == [stop for _, _, stop in rows]
    lasting = [setting.time_of(stop) - setting.time_of(start) for _, start, stop in rows]
    assert table["duration_s"].to_numpy() == pytest.approx(lasting, abs=1e-9)
    assert table["came_from"].fillna("").tolist() == ["", "A", "B", "", "C", "A"]
    assert table["went_to"].fillna("").tolist() == ["B", "C", "", "A", "A", ""]
    assert table["entered"].tolist() == [True, True, True, False, True, True]
    assert table["left"].tolist() == [True, True, False, True, True, False]
    assert set(table["animal"]) == {"a"}
    assert visits(recording, "b").empty and visits(recording, "c").empty


@every_setting
def test_the_way_moved_inside_is_that_of_the_steps_that_begin_inside(setting):
    recording, _ = scripted(setting, TRIP)
    table, unit = visits(recording, "a"), recording.unit
    jumps = np.array([10, 20, 0, 30, 10, 0]) * setting.unit  # to the next place; not into a gap
    assert table[f"distance_moved_{unit}"].to_numpy() == pytest.approx(jumps, abs=1e-9)
    walk = make(setting, 6, {"a": straight(0, 10, 10), "b": still(1, 1), "c": still(2, 2)},
                regions=MAZE)  # fmt: skip
    for row in visits(walk, "a").itertuples():
        steps = min(row.stop_frame, walk.n_frames - 1) - row.start_frame
        expected = steps * 10 / float(setting.fps) * setting.unit
        assert row[9 - 1] == pytest.approx(expected) and row[10 - 1] == pytest.approx(
            10 * setting.unit
        )
    for name in "ABC":
        inside = in_region(walk, "a", name)
        mine = region_summary(walk, "a", [name]).iloc[0]
        assert mine[f"distance_moved_{walk.unit}"] == pytest.approx(
            distance_moved(walk, "a", during=inside)
        )
        assert mine[f"mean_speed_{walk.unit}_s"] == pytest.approx(
            mean_speed(walk, "a", during=inside)
        )


@every_setting
def test_a_latency_is_exact_and_one_that_never_came_is_censored(setting):
    recording, parts = scripted(setting, [(".", 0.7), ("B", 1.1), ("?", 1), ("A", 1), (".", 1)])
    table = region_latency(recording, "a").set_index("region")
    b_start, b_stop = parts[1][1:]
    assert table.index.tolist() == ["A", "B", "C"]
    assert table.loc["B", "latency_s"] == pytest.approx(setting.time_of(b_start), abs=1e-9)
    assert table.loc["B", "first_entry_s"] == pytest.approx(setting.time_of(b_start), abs=1e-9)
    # where it went from B is hidden; it is out of B when it is seen again
    assert table.loc["B", "first_exit_s"] == pytest.approx(setting.time_of(parts[3][1]), abs=1e-9)
    assert parts[2][1] == b_stop
    assert table["first"].tolist() == [False, True, False]
    assert table["censored"].tolist() == [False, False, True]
    assert np.isnan(table.loc["C", "latency_s"])
    assert table["watched_s"].tolist() == pytest.approx([recording.duration_s] * 3)
    assert region_latency(recording, "b")["censored"].all()
    assert region_latency(recording, "c")["censored"].all()
    found = first_region(recording, "a")
    assert found["numbers"]["latency_s"] == pytest.approx(setting.time_of(b_start), abs=1e-9)
    assert found["text"].startswith("a was first in the B, after 0.")
    never = first_region(recording, "b")
    assert never["numbers"]["censored"] is True and np.isnan(never["numbers"]["latency_s"])
    assert never["text"].startswith("b was never in A or B or C")


def test_an_animal_that_starts_inside_has_waited_0_s_and_has_not_entered():
    setting = every_setting.args[1][2]
    recording, _ = scripted(setting, [("A", 1), (".", 1), ("A", 1)])
    row = region_latency(recording, "a", "A").iloc[0]
    assert (row["latency_s"], row["censored"]) == (0, False)
    assert row["first_entry_s"] == pytest.approx(setting.time_of(setting.frame_at(2)))
    assert row["first_exit_s"] == pytest.approx(setting.time_of(setting.frame_at(1)))


@every_setting
def test_transitions_count_what_follows_what_but_not_over_a_gap(setting):
    recording, _ = scripted(setting, TRIP)
    table = transitions(recording, "a")
    counts = {(r.from_region, r.to_region): r.count for r in table.itertuples(index=False)
              if r[3]}  # fmt: skip
    table = table.set_index(["from_region", "to_region"])
    assert len(table) == 9 and table["count"].sum() == 4 and len(counts) == 4
    for pair in (("A", "B"), ("B", "C"), ("C", "A"), ("A", "A")):
        assert table.loc[pair, "count"] == 1
    assert table.loc[("A", "B"), "share"] == 0.5 and table.loc[("C", "B"), "share"] == 0
    quick = transitions(recording, "a", max_between_s=0.45).set_index(["from_region", "to_region"])
    assert quick["count"].sum() == 3 and quick.loc[("A", "B"), "count"] == 0
    assert transitions(recording, "c")["count"].sum() == 0
    assert np.isnan(transitions(recording, "c")["share"]).all()


@every_setting
def test_the_entries_into_the_arms_of_a_maze_come_in_order(setting):
    script = [("A", 1)] + [step for arm in "BCACAB" for step in ((".", 0.4), (arm, 1.0))]
    recording, parts = scripted(setting, script)
    table = arm_entries(recording, "a", ["A", "B", "C"])
    assert table["entry"].tolist() == [1, 2, 3, 4, 5, 6]
    assert table["region"].tolist() == list("BCACAB")
    arms = [start for place, start, _ in parts if place != "."]
    assert table["start_frame"].tolist() == arms[1:]
    with_start = arm_entries(recording, "a", ["A", "B", "C"], start_counts=True)
    assert with_start["region"].tolist() == list("ABCACAB")
    assert arm_entries(recording, "a", ["A"], min_duration_s=2)["region"].tolist() == []


def test_alternation_counts_runs_of_different_arms():
    assert alternation(list("ABCABC")) == (4, 4)
    assert alternation(list("ABABAB")) == (0, 4)
    assert alternation(list("ABCB")) == (1, 2)
    assert alternation(list("ABCDAB"), arms=4) == (3, 3)
    assert alternation(["A", "B"]) == (0, 0) and alternation([]) == (0, 0)


def test_routes_over_regions_that_overlap_are_refused_and_shared_time_is_shown():
    setting = every_setting.args[1][0]
    recording, _ = scripted(setting, [("A", 1), (".", 1), ("B", 2)])
    with pytest.raises(QueryError, match=r'"A" and "box" overlap: a is in both for 1\.00 s'):
        transitions(recording, "a", ["A", "box"])
    with pytest.raises(QueryError, match="draw them side by side"):
        arm_entries(recording, "a", ["box", "B"])
    table = region_summary(recording, "a", ["A", "box"]).set_index("region")
    assert table["time_s"].tolist() == pytest.approx([1, 4, 0])
    assert table["shared_s"].tolist() == pytest.approx([1, 1, 0])


@every_setting
def test_the_summary_has_every_zone_measure_and_the_time_outside(setting):
    recording, _ = scripted(setting, TRIP)
    table = region_summary(recording, "a").set_index("region")
    assert table.index.tolist() == ["A", "B", "C", "outside all regions"]
    assert table["entries"].tolist() == [3, 1, 1, 3]
    assert table["exits"].tolist() == [2, 1, 1, 4]
    assert table["visits"].tolist() == [3, 1, 2, 4]
    assert table["first"].tolist() == [True, False, False, False]
    frame_s = 1 / float(setting.fps)
    seen_s = recording.seen("a").sum() * frame_s
    assert table["time_s"].sum() == pytest.approx(seen_s)
    assert table["share_of_tracked"].sum() == pytest.approx(1)
    assert table["tracked_s"].tolist() == pytest.approx([seen_s] * 4)
    assert table["share_of_recording"].sum() == pytest.approx(seen_s / recording.duration_s)
    found = in_region(recording, "a", "A").durations_s
    assert table.loc["A", "longest_visit_s"] == pytest.approx(found.max())
    assert table.loc["A", "shortest_visit_s"] == pytest.approx(found.min())
    assert table.loc["A", "mean_visit_s"] == pytest.approx(found.mean())
    unit = recording.unit
    assert table.loc["A", f"mean_distance_to_border_{unit}"] == pytest.approx(5 * setting.unit)
    assert table.loc["A", f"max_distance_from_region_{unit}"] == pytest.approx(35 * setting.unit)
    assert table.loc["A", f"min_distance_from_region_{unit}"] == 0
    assert np.isnan(table.loc["A", "head_time_s"])  # neither nose nor heading
    nobody = region_summary(recording, "c")
    assert nobody["time_s"].isna().all() and nobody["censored"].all()
    assert not nobody["first"].any()
    known = {"animal", "region", "first", "censored", "tracked_s"}
    assert nobody.drop(columns=list(known)).isna().all(axis=None)  # never 0: nobody could tell
    assert nobody["tracked_s"].tolist() == [0] * 4


def test_the_summary_of_a_head_and_of_ways_there_and_back():
    path = np.column_stack([[*range(20), *range(20, 0, -1)], np.full(40, 5.0)]).astype(float)
    regions = [Region("pit", "rectangle", np.array([[15, 0], [30, 10]]))]
    recording = Recording.synthetic(
        {"a": path, "b": path * 0, "c": path * np.nan}, fps=10, regions=regions, length=8,
        points={"a": {"nose": path + np.array([4, 0])}, "c": {"nose": path * np.nan}},
    )  # fmt: skip
    row = region_summary(recording, "a", min_speed=5).iloc[0]
    assert (row["head_time_s"], row["head_entries"], row["time_s"]) == pytest.approx((1.9, 1, 1.1))
    assert row["moving_towards_s"] == pytest.approx(1.5)  # frames 0 to 14
    assert row["moving_away_s"] == pytest.approx(1.4)  # frames 26 to 39
    assert np.isnan(region_summary(recording, "c").iloc[0]["head_time_s"])


@every_setting
def test_time_immobile_and_moving_is_split_by_region(setting):
    """3 s at rest in A, then at 20 cm/s through B and C and out."""

    def path(t):
        return np.column_stack([10 + 20 * np.maximum(t - 3, 0), np.full(len(t), 10.0)])

    paths = {"a": path, "b": still(20, 2), "c": straight(0, 10, 8)}
    recording = make(setting, 6, paths, regions=MAZE, length=4)
    states = [find(recording, "a") for find in (immobile, moving)]
    table = region_summary(recording, "a", states=states).set_index("region")
    going = setting.frame_at(3)
    until = int(np.floor(3.25 * float(setting.fps) + 1e-6)) + 1  # x = 15 is the edge of A
    frame = 1.001 / float(setting.fps)
    assert table.loc["A", "time_immobile_s"] == pytest.approx(setting.time_of(going), abs=frame)
    assert table.loc["A", "time_moving_s"] == pytest.approx(
        setting.time_of(until) - setting.time_of(going), abs=frame
    )
    assert table.loc["B", "time_moving_s"] == pytest.approx(table.loc["B", "time_s"])
    assert table["time_immobile_s"].tolist()[1:] == [0, 0, 0]
    assert table["immobile_bouts"].tolist() == table["moving_bouts"].tolist() == [1, 0, 0, 0]
    with pytest.raises(QueryError, match="Nobody here is subject b"):
        region_summary(recording, "b", states=states)


@every_setting
def test_occupancy_adds_up_to_the_tracked_time_square_by_square(setting):
    recording, parts = scripted(setting, TRIP)
    table, unit = occupancy(recording, "a", 20 * setting.unit), recording.unit
    frame_s = 1 / float(setting.fps)
    assert table["seconds"].sum() == pytest.approx(recording.seen("a").sum() * frame_s, abs=1e-9)
    assert table["share"].sum() == pytest.approx(1)
    frames = {place: 0 for place in "ABC."}
    for place, start, stop in parts:
        frames[place] = frames.get(place, 0) + stop - start
    expected = [frames["A"], frames["."] + frames["B"], frames["C"]]  # x = 20 begins a square
    assert table["seconds"].to_numpy() == pytest.approx(np.array(expected) * frame_s)
    assert table[f"x_{unit}"].to_numpy() == pytest.approx(np.array([10, 30, 50]) * setting.unit)
    assert table[f"y_{unit}"].to_numpy() == pytest.approx([10 * setting.unit] * 3)
    early = occupancy(recording, "a", 20 * setting.unit, stop_s=1.0)
    assert early["seconds"].sum() == pytest.approx(setting.frame_at(1.0) * frame_s)
    assert occupancy(recording, "c", 5).empty


@pytest.mark.parametrize("px_per_cm", [None, 3.0, 7.0, 9.7, 32.1])
def test_a_square_begins_at_its_left_edge_at_any_scale(px_per_cm):
    step = px_per_cm or 1.0  # 3 x 9.7 px is a hair less than 3 cm
    path = np.column_stack([np.arange(40) * step, np.full(40, 2 * step)])
    recording = Recording.synthetic({"a": path, "b": path, "c": path}, fps=8, px_per_cm=px_per_cm)
    table = occupancy(recording, "a", 1)
    assert table["seconds"].tolist() == pytest.approx([0.125] * 40)
    assert table.iloc[:, 1].tolist() == pytest.approx(np.arange(40) + 0.5)


@every_setting
def test_an_animal_near_the_wall_is_there_to_the_frame(setting):
    """It walks in at 5 cm/s from the wall; another leans over it; the third stays in the middle."""
    paths = {"a": straight(0, 10, 5), "b": still(-1, 10), "c": still(30, 10)}
    recording = make(setting, 4, paths, regions=MAZE, unseen={"b": (5, 20)})
    found = thigmotaxis(recording, "a", 4.02 * setting.unit)
    stop = int(np.floor(4.02 / 5 * float(setting.fps) + 1e-6)) + 1
    assert (found.start_frame.tolist(), found.stop_frame.tolist()) == ([0], [stop])
    leaning = thigmotaxis(recording, "b", 4 * setting.unit)
    assert leaning.stop_frame.tolist() == [5, recording.n_frames]
    assert thigmotaxis(recording, "c", 4 * setting.unit).fraction == 0
    assert 'from the outline of "box"' in found.definition
    with pytest.raises(QueryError, match="above 0"):
        thigmotaxis(recording, "a", 0)


@every_setting
def test_going_to_a_place_and_away_from_it_are_told_apart(setting):
    """Three seconds towards the cup, one second still, then back."""

    def path(t):
        along = 10 * np.minimum(t, 3) - 10 * np.maximum(t - 4, 0)
        return np.column_stack([20 + along, np.full(len(t), 10.0)])

    paths = {"a": path, "b": still(0, 10), "c": straight(20, 0, 0, 0.5)}
    recording = make(setting, 7, paths, regions=MAZE, length=4)
    turn, back = setting.frame_at(3), setting.frame_at(4)
    there = moving_towards(recording, "a", "cup", 6 * setting.unit)
    away = moving_away(recording, "a", "cup", 6 * setting.unit)
    # 6 of 10 cm/s are reached 0.03 s off the bend: a line over 0.5 s sees both sides of it
    edges = [*there.start_frame, *there.stop_frame, *away.start_frame, *away.stop_frame]
    assert edges == pytest.approx([0, turn, back, recording.n_frames], abs=1.01)
    assert "fitted over 0.5 s" in there.definition
    there = moving_towards(recording, "a", "cup", 6 * setting.unit, window_s=0)
    away = moving_away(recording, "a", "cup", 6 * setting.unit, window_s=0)
    # central differences: at a bend the speed is about half, which is below 6 cm/s
    assert (there.start_frame.tolist(), there.stop_frame.tolist()) == ([0], [turn])
    assert away.start_frame.tolist() == [back + 1]
    assert away.stop_frame.tolist() == [recording.n_frames]
    for name in "bc":
        assert moving_towards(recording, name, "cup").count == 0
        assert moving_away(recording, name, "cup").count == 0
    inside = moving_towards(recording, "a", "B", 6 * setting.unit)
    assert inside.stop_frame[0] == setting.frame_at(0.5)  # x = 25 is the edge of B
    assert inside.start_frame[1:].size == 1  # coming back from the right


@every_setting
def test_shortest_times_are_real_seconds_at_every_frame_rate(setting):
    """Out for 0.5 s between two visits, and a visit of 0.4 s on its own later."""
    script = [(".", 1), ("A", 1.5), (".", 0.5), ("A", 1), (".", 2), ("A", 0.4), (".", 1)]
    recording, parts = scripted(setting, script)
    out_s = setting.time_of(parts[2][2]) - setting.time_of(parts[2][1])
    short_s = setting.time_of(parts[5][2]) - setting.time_of(parts[5][1])
    whole = (parts[1][1], parts[3][2])
    one, two, three = parts[1][1:], parts[3][1:], parts[5][1:]
    for rule, expected in (
        ({"min_outside_s": out_s + 0.001}, [whole, three]),
        ({"min_outside_s": out_s}, [one, two, three]),
        ({"min_duration_s": short_s}, [one, two, three]),
        ({"min_duration_s": short_s + 0.001}, [one, two]),
        ({"min_duration_s": 2.9, "min_outside_s": 1}, [whole]),
    ):
        table = visits(recording, "a", "A", **rule)
        found = list(zip(table["start_frame"], table["stop_frame"], strict=True))
        assert found == expected
        assert table["entered"].all() and table["left"].all()
        summary = region_summary(recording, "a", "A", **rule).set_index("region")
        assert summary.loc["A", "entries"] == summary.loc["A", "exits"] == len(expected)
        assert summary["time_s"].sum() == pytest.approx(recording.duration_s)


def test_a_variable_frame_rate_counts_every_frame_as_long_as_it_was_shown():
    time_s = np.array([0, 0.1, 0.2, 0.45, 0.55, 0.8, 0.9, 1.0])
    x = np.array([20, 10, 10, 10, 20, 10, 10, 20.0])
    path = np.column_stack([x, np.full(8, 10.0)])
    regions = [Region("A", "rectangle", np.array([[5, 0], [15, 20]]))]
    recording = Recording.synthetic(
        {"a": path, "b": path * 0, "c": path * np.nan}, fps=10, time_s=time_s, regions=regions
    )
    table = visits(recording, "a")
    assert table["start_s"].tolist() == [0.1, 0.8] and table["stop_s"].tolist() == [0.55, 1.0]
    assert table["mean_speed_px_s"].tolist() == pytest.approx([10 / 0.45, 10 / 0.2])
    joined = visits(recording, "a", min_outside_s=0.251)
    assert joined["duration_s"].tolist() == pytest.approx([0.9])
    assert len(visits(recording, "a", min_outside_s=0.2)) == 2
    squares = occupancy(recording, "a", 16)
    assert squares["seconds"].tolist() == pytest.approx([0.65, 0.1 + 0.25 + 0.1])


steps = st.lists(st.sampled_from("ABC.?"), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(steps, st.integers(0, 12))
def test_visits_of_any_script_are_those_of_a_loop_and_move_with_time(script, lead):
    setting = every_setting.args[1][1]
    parts = [(place, 1 / 30) for place in script]
    recording, _ = scripted(setting, parts)
    later, _ = scripted(setting, [("?", 1 / 30)] * lead + parts)
    table, moved = visits(recording, "a", max_gap_frames=0), visits(later, "a", max_gap_frames=0)
    runs, start = [], 0
    for frame, (one, two) in enumerate(pairwise([*script, "end"])):
        if one != two:
            runs.append((one, start, frame + 1))
            start = frame + 1
    expected = [run for run in runs if run[0] in "ABC"]
    assert list(zip(table["region"], table["start_frame"], table["stop_frame"],
                    strict=True)) == expected  # fmt: skip
    assert (moved["start_frame"] - lead).tolist() == table["start_frame"].tolist()
    for name in ("came_from", "went_to", "entered", "left"):
        assert moved[name].fillna("").tolist() == table[name].fillna("").tolist()
    counts = transitions(recording, "a", max_gap_frames=0)["count"].sum()
    assert counts == table["came_from"].notna().sum() == table["went_to"].notna().sum()
    summary = region_summary(recording, "a", max_gap_frames=0).set_index("region")
    if set(script) == {"?"}:
        assert summary[["visits", "entries", "exits"]].isna().all(axis=None)
        return
    for name in "ABC":
        assert summary.loc[name, "visits"] == sum(run[0] == name for run in runs)
        assert summary.loc[name, "entries"] == table[table["region"] == name]["entered"].sum()
        assert summary.loc[name, "exits"] == table[table["region"] == name]["left"].sum()


def test_zones_of_three_real_mice_are_those_of_plain_arithmetic(shared_data):
    """Curated points of an open field clip: a disc and two halves of the floor, in px."""
    columns = np.genfromtxt(
        shared_data / "video" / "mice3_open_field" / "gt_points.csv", delimiter=",", names=True
    )
    n = int(columns["frame"].max()) + 1
    paths = {}
    for animal in np.unique(columns["id"]):
        rows = columns[columns["id"] == animal]
        paths[f"mouse{animal:g}"] = np.full((n, 2), np.nan)
        paths[f"mouse{animal:g}"][rows["frame"].astype(int)] = np.column_stack(
            [rows["x"], rows["y"]]
        )
    regions = [
        Region("disc", "circle", np.array([[256, 256], [356, 256]])),
        Region("left", "rectangle", np.array([[0, 0], [256.25, 512]])),
        Region("right", "rectangle", np.array([[256.25, 0], [512, 512]])),
        Region("floor", "rectangle", np.array([[0, 0], [512, 512]]), "arena"),
    ]
    recording = Recording.synthetic(paths, fps=30, regions=regions, length=60)
    assert len(paths) == 3
    for name, path in paths.items():
        seen = np.isfinite(path[:, 0])
        assert occupancy(recording, name, 16)["seconds"].sum() == pytest.approx(seen.sum() / 30)
        halves = region_summary(recording, name, ["left", "right"], max_gap_frames=0)
        left = (path[:, 0] <= 256.25) & seen
        right = (path[:, 0] >= 256.25) & seen
        assert halves["time_s"].tolist() == pytest.approx([left.sum() / 30, right.sum() / 30, 0])
        disc = (np.hypot(path[:, 0] - 256, path[:, 1] - 256) <= 100) & seen
        table = visits(recording, name, "disc", max_gap_frames=0)
        first = np.flatnonzero(disc & ~np.concatenate([[False], disc[:-1]]))
        assert table["start_frame"].tolist() == first.tolist()
        assert table["duration_s"].sum() == pytest.approx(disc.sum() / 30)
        edge = np.min([path, 512 - path], axis=(0, 2))
        wall = thigmotaxis(recording, name, 60, max_gap_frames=0)
        assert wall.total_s == pytest.approx((edge[seen] <= 60).sum() / 30)


def test_a_latency_ends_where_the_animal_was_last_seen():
    """Seen in 0-1 s of 10 only: censored at 1 s. First seen at 9 s, inside: 9 s at the latest."""
    box = Region("box", "rectangle", np.array([[100, 0], [200, 50]]))
    early, late, short = (np.full((250, 2), 20.0) for _ in range(3))
    early[25:] = np.nan
    late[:] = [150, 20]
    late[:225] = np.nan
    short[120:] = [150, 20]
    short[118:120] = np.nan
    recording = Recording.synthetic(
        {"early": early, "late": late, "short": short, "ghost": early * np.nan},
        fps=25, regions=[box],
    )  # fmt: skip
    rows = {a: region_latency(recording, a).iloc[0] for a in recording.animals}
    names = ["latency_s", "censored", "watched_s", "left_censored", "unseen_before_s"]
    assert rows["early"][names].tolist() == pytest.approx([np.nan, 1, 1, 0, 9], nan_ok=True)
    assert rows["late"][names].tolist() == pytest.approx([9, 0, 10, 1, 9])
    assert rows["short"][names].tolist() == pytest.approx([4.8, 0, 10, 0, 0.08])
    assert rows["ghost"][names].tolist() == pytest.approx([np.nan, 1, 0, 0, 10], nan_ok=True)
    said = {a: first_region(recording, a) for a in recording.animals}
    assert said["early"]["text"] == (
        "early was never in box (censored at 1.00 s, when it was last seen)."
    )
    assert said["late"]["text"] == (
        "late was first in the box, after 9.00 s at the latest: it was not seen right before."
    )
    assert "ghost was never seen" in said["ghost"]["text"]
    assert said["ghost"]["numbers"]["watched_s"] == 0
    assert (
        said["late"]["numbers"]["left_censored"] and not said["short"]["numbers"]["left_censored"]
    )


@pytest.mark.parametrize("fps", [15, 25, 60, 120])
def test_jitter_at_rest_is_no_way_to_a_place_at_any_frame_rate(fps):
    """0.5 px of noise at 10 px/cm for 60 s: 2 cm/s are never reached."""
    noise = np.random.default_rng(1).normal(0, 0.5, (60 * fps, 2))
    place = Region("place", "rectangle", np.array([[300, 0], [400, 400]]))
    recording = Recording.synthetic(
        {"a": noise + np.array([100.0, 200.0])}, fps=fps, px_per_cm=10, regions=[place]
    )
    assert moving_towards(recording, "a", "place").count == 0
    assert moving_away(recording, "a", "place").count == 0
    summary = region_summary(recording, "a").iloc[0]
    assert summary["moving_towards_s"] == summary["moving_away_s"] == 0


def test_an_outline_half_in_two_regions_is_outside_by_the_rule_of_each():
    """30 px of outline: 10 in A, then 15 in each, then 10 in B; the rule asks for 60 %."""
    x = np.repeat([90, 70, 55, 40, 10], 10)  # the left edge, of a body 30 wide; border at 70
    boxes = np.column_stack([x, np.full(50, 10), np.full(50, 30), np.full(50, 20)])
    regions = [
        Region("A", "rectangle", np.array([[0, 0], [70, 100]])),
        Region("B", "rectangle", np.array([[70, 0], [200, 100]])),
    ]
    recording = Recording.synthetic(
        {"a": boxes[:, :2] + [15.0, 10.0]}, fps=10, regions=regions,
        masks={"a": Outlines.rectangles(boxes)},
    )  # fmt: skip
    table = region_summary(recording, "a", enter_fraction=0.6).set_index("region")
    assert table["time_s"].tolist() == pytest.approx([2, 2, 1])  # 1 s by halves is in neither
    assert table.loc["outside all regions", ["entries", "exits"]].tolist() == [1, 1]
    assert table["share_of_tracked"].sum() == pytest.approx(1)
