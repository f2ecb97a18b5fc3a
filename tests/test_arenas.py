"""Regions that move, lines that are crossed, regions that overlap: answers by construction."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known import every_setting, make, still, straight

from llm_query.errors import QueryError
from llm_query.geometry import Region
from llm_query.places.arenas import in_reach, overlapping_regions, region_around
from llm_query.places.line_crossings import crosses
from llm_query.places.sides import beside
from llm_query.places.visits import transitions, visits
from llm_query.places.zones import distance_to_region, enters, in_region, latency_to_region
from llm_query.recording import Recording

LINES = {
    "door": ("line", [[30, 0], [30, 20]], "region"),
    "shelf": ("line", [[0, 10], [60, 10]], "region"),
    "bent": ("line", [[10, 0], [20, 10], [30, 0]], "region"),
    "pen": ("rectangle", [[0, 0], [10, 10]], "region"),
}


def spans(bouts):
    return list(zip(bouts.start_frame.tolist(), bouts.stop_frame.tolist(), strict=True))


def after(setting, seconds):
    """The first frame later than a time."""
    return int(np.floor(seconds * float(setting.fps) + 1e-6)) + 1


@every_setting
def test_a_circle_goes_with_the_animal_that_carries_it(setting):
    """Both walk right, one at 12 and one at 5 cm/s from 20.02 cm ahead: within 6 cm for a while."""
    paths = {
        "fast": straight(0, 10, 12), "slow": straight(20.02, 10, 5), "third": still(90, 90)
    }  # fmt: skip
    recording = make(setting, 6, paths, regions=LINES)
    first, last = setting.frame_at(14.02 / 7), after(setting, 26.02 / 7)
    radius = 6 * setting.unit
    found = in_reach(recording, "fast", "slow", radius)
    assert spans(found) == spans(in_reach(recording, "slow", "fast", radius)) == [(first, last)]
    assert found.pairs == (("fast", "slow"),)
    assert f"a circle of {radius:g} {recording.unit} around its centre" in found.definition
    assert in_reach(recording, "third", "slow", radius).count == 0
    around = region_around(recording, "slow", radius, name="ring")
    assert spans(in_region(around, "fast", "ring")) == [(first, last)]
    assert enters(around, "fast", "ring").start_frame.tolist() == [first]
    assert latency_to_region(around, "fast", "ring") == pytest.approx(setting.time_of(first))
    apart = np.abs(20.02 - 7 * recording.time_s) * setting.unit
    assert distance_to_region(around, "fast", "ring") == pytest.approx(
        np.maximum(apart - radius, 0), abs=1e-9
    )
    assert "ring" not in recording.regions  # the recording itself has stayed as it was


@every_setting
def test_where_the_carrier_is_unseen_nobody_is_in_or_out_of_its_reach(setting):
    paths = {"a": still(10, 10), "b": still(12, 10), "c": still(40, 10)}
    recording = make(setting, 2, paths, unseen={"b": (10, 20)})
    found = in_reach(recording, "a", "b", 5 * setting.unit)
    assert spans(found) == [(0, 10), (20, recording.n_frames)]
    far = in_reach(recording, "c", "b", 5 * setting.unit)
    assert spans(~far) == [(0, 10), (20, recording.n_frames)] and far.count == 0
    short = make(setting, 2, paths, unseen={"b": (10, 13)})
    assert spans(in_reach(short, "a", "b", 5 * setting.unit)) == [(0, short.n_frames)]
    with pytest.raises(QueryError, match="its own reach"):
        in_reach(recording, "a", "a", 5)


@every_setting
def test_a_shape_ahead_of_an_animal_turns_with_it(setting):
    """The square from 2 to 6 cm ahead; the carrier looks right, up, left and down in turn."""
    quarters = np.array([0.0, 90.0, 180.0, -90.0])
    side = {"right": (4, 0), "above": (0, -4), "left": (-4, 0), "below": (0, 4)}
    paths = {"a": still(20, 20)} | {
        name: still(20 + x, 20 + y) for name, (x, y) in side.items()
    }  # fmt: skip
    recording = make(
        setting, 4, paths,
        heading_deg={"a": lambda t: quarters[np.minimum((t + 1e-9).astype(int), 3)]},
    )  # fmt: skip
    corners = np.array([[2, -2], [6, -2], [6, 2], [2, 2]]) * setting.unit
    ahead = region_around(recording, "a", shape=corners.tolist(), name="ahead")
    edges = [setting.frame_at(s) for s in range(5)]
    for number, name in enumerate(side):
        assert spans(in_region(ahead, name, "ahead")) == [(edges[number], edges[number + 1])]
    table = visits(ahead, "right", ["ahead"])
    assert table["left"].tolist() == [True] and table["came_from"].isna().all()


def test_a_moving_region_needs_a_size_a_free_name_and_points():
    recording = Recording.synthetic({"a": np.zeros((9, 2)), "b": np.ones((9, 2))}, fps=10)
    with pytest.raises(QueryError, match="either a radius or a shape"):
        region_around(recording, "a")
    with pytest.raises(QueryError, match="above 0 in px"):
        region_around(recording, "a", 0)
    around = region_around(recording, "a", 5)
    with pytest.raises(QueryError, match='region "around a" already'):
        region_around(around, "a", 5)
    with pytest.raises(QueryError, match="only points"):
        in_region(around, "b", "around a", enter_fraction=0.5)
    with pytest.raises(QueryError, match="moves, so it has no fixed sides"):
        beside(around, "b", "around a", "left")
    with pytest.raises(QueryError, match="one position for each"):
        around.region("around a").inside(np.zeros((3, 2)))


@every_setting
def test_a_line_is_crossed_in_the_first_frame_beyond_it(setting):
    """To x = 50 and back at 10 cm/s; another passes beyond the line's end, a third stays on it."""

    def there_and_back(t):
        return np.column_stack([10.03 + 10 * np.minimum(t, 8 - t), np.full(len(t), 10.5)])

    paths = {"a": there_and_back, "b": straight(10, 30, 10), "c": still(30, 5)}
    recording = make(setting, 8, paths, regions=LINES)
    there = after(setting, (30 - 10.03) / 10)
    back = after(setting, 8 - (30 - 10.03) / 10)
    assert crosses(recording, "a", "door").start_frame.tolist() == [there, back]
    assert crosses(recording, "a", "door", "right").start_frame.tolist() == [there]
    assert crosses(recording, "a", "door", "left").start_frame.tolist() == [back]
    assert crosses(recording, "a", "shelf").count == 0
    assert crosses(recording, "b", "door").count == crosses(recording, "c", "door").count == 0
    margin = 1.5 * setting.unit
    late = after(setting, (31.5 - 10.03) / 10)
    assert crosses(recording, "a", "door", margin=margin).start_frame[0] == late
    assert crosses(recording, "a", "door", "right").behaviour == "crosses door to the right"


@every_setting
def test_up_is_up_on_the_screen_and_a_line_drawn_backwards_is_the_same(setting):
    paths = {"a": straight(5, 20, 0, -5), "b": straight(5, 0, 0, 5), "c": still(5, 5)}
    turned = dict(LINES, shelf=("line", [[60, 10], [0, 10]], "region"))
    for regions in (LINES, turned):
        recording = make(setting, 3.9, paths, regions=regions)
        beyond = after(setting, 2)
        assert crosses(recording, "a", "shelf", "above").start_frame.tolist() == [beyond]
        assert crosses(recording, "a", "shelf", "below").count == 0
        assert crosses(recording, "b", "shelf", "below").start_frame.tolist() == [beyond]
        with pytest.raises(QueryError, match="ask for above or below"):
            crosses(recording, "a", "shelf", "left")


@every_setting
@pytest.mark.parametrize(("frames", "count"), [(3, 1), (4, 0)])
def test_a_line_crossed_unseen_counts_over_a_short_gap_only(setting, frames, count):
    over = setting.frame_at(2)
    recording = make(
        setting, 4, {"a": straight(10.01, 5, 10), "b": still(1, 1), "c": still(2, 2)},
        regions=LINES, unseen={"a": (over - 1, over - 1 + frames)},
    )  # fmt: skip
    found = crosses(recording, "a", "door").start_frame.tolist()
    assert found == [over - 1 + frames][:count]


def test_a_bent_line_is_crossed_once_at_its_bend_and_not_by_jumping_over_its_tip():
    regions = [Region("bent", "line", np.array([[10, 0], [20, 10], [30, 0]]))]
    paths = {
        "through": np.column_stack([np.full(20, 20.0), np.arange(20.0) + 0.5]),
        "over": np.array([[5, 8.0], [35, 8.0]]).repeat(10, axis=0),
        "past": np.column_stack([np.arange(20.0) * 2, np.full(20, 11.0)]),
    }
    recording = Recording.synthetic(paths, fps=10, regions=regions)
    assert crosses(recording, "through", "bent").start_frame.tolist() == [10]
    assert crosses(recording, "over", "bent").count == 0
    assert crosses(recording, "past", "bent").count == 0
    for wrong, match in (("away", "towards is right, left"),):
        with pytest.raises(QueryError, match=match):
            crosses(recording, "past", "bent", wrong)


def test_only_a_line_can_be_crossed():
    pen = [Region("pen", "rectangle", np.array([[0, 0], [10, 10]]))]
    recording = Recording.synthetic({"a": np.zeros((3, 2))}, regions=pen)
    with pytest.raises(QueryError, match="is a rectangle, not a line"):
        crosses(recording, "a", "pen")


@settings(max_examples=80, deadline=None)
@given(st.lists(st.one_of(st.none(), st.integers(-6, 6)), min_size=1, max_size=40))
def test_line_crossings_of_any_walk_are_those_of_a_loop_over_frames(columns):
    """0 is on the line: where it was before counts until it is seen beyond."""
    x = np.array([np.nan if c is None else 5.0 * c for c in columns])
    path = np.column_stack([x, np.where(np.isnan(x), np.nan, 3.0)])
    line = [Region("mid", "line", np.array([[0, -10], [0, 10]]))]
    recording = Recording.synthetic({"a": path, "b": path * -1, "c": path * 0}, regions=line)
    expected, side, unseen, lost = [], 0, 0, False
    for frame, c in enumerate(columns):
        if c is None:
            unseen += 1
            lost |= unseen > 3
            continue
        unseen = 0
        if c and side and np.sign(c) != side and not lost:
            expected.append(frame)
        if c:
            side, lost = np.sign(c), False
    assert crosses(recording, "a", "mid").start_frame.tolist() == expected
    mirrored = crosses(recording, "b", "mid")
    if not np.isnan(path).any():
        assert mirrored.start_frame.tolist() == expected
    right = crosses(recording, "a", "mid", "right").count
    assert right + crosses(recording, "a", "mid", "left").count == len(expected)


@every_setting
def test_regions_that_share_ground_are_listed_with_how_much(setting):
    regions = {
        "open": ("rectangle", [[0, 0], [20, 10]], "region"),
        "middle": ("rectangle", [[15, 0], [25, 10]], "region"),
        "beside": ("rectangle", [[25, 0], [40, 10]], "region"),
        "disc": ("circle", [[32, 5], [32, 8]], "region"),
        "arena": ("rectangle", [[0, 0], [40, 10]], "arena"),
        "cup": ("point", [[5, 5]], "object"),
    }
    recording = make(setting, 1, {"a": still(1, 1), "b": still(2, 2), "c": still(3, 3)},
                     regions=regions)  # fmt: skip
    table = overlapping_regions(recording)
    assert table[["region_a", "region_b"]].values.tolist() == [
        ["open", "middle"], ["beside", "disc"],
    ]  # fmt: skip
    area = table[f"shared_area_{recording.unit}2"].to_numpy() / setting.unit**2
    assert area[0] == pytest.approx(50, rel=0.02) and area[1] == pytest.approx(9 * np.pi, rel=0.03)
    assert table["share_of_smaller"].tolist() == pytest.approx([0.5, 1.0], abs=0.01)
    assert overlapping_regions(recording, ["middle", "beside"]).empty
    assert overlapping_regions(region_around(recording, "a", 5), ["around a", "open"]).empty


@every_setting
def test_routes_lead_into_and_out_of_a_region_that_moves(setting):
    """From its nest into the reach of a walker that passes, and then on into the far pen."""
    regions = {"nest": ("rectangle", [[0, 0], [5, 10]], "region")}
    paths = {"a": straight(2, 5, 1), "b": straight(40, 5, -4), "c": still(90, 90)}
    recording = region_around(make(setting, 10, paths, regions=regions), "b", 2 * setting.unit)
    table = visits(recording, "a", ["nest", "around b"])
    assert table["region"].tolist() == ["nest", "around b"]
    assert table["start_frame"].tolist() == [0, setting.frame_at(36 / 5)]
    assert table["stop_frame"].tolist() == [after(setting, 3), after(setting, 40 / 5)]
    counts = transitions(recording, "a", ["nest", "around b"])
    assert counts["count"].tolist() == [0, 1, 0, 0]
