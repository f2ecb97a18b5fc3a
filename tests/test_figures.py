"""The numbers in figures of paths, places, values and bouts, against numpy on the same scene."""

import json

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from known import Setting, every_setting, make, still, straight

from llm_query.bouts import Bouts
from llm_query.figures.basic import (
    plot_bars,
    plot_ethogram,
    plot_histogram,
    plot_occupancy,
    plot_timecourse,
    plot_trajectory,
)
from llm_query.figures.drawing import COLOURS, MAX_POINTS, thin
from llm_query.recording import Recording

ROOM = {
    "disc": ("circle", [[20, 20], [25, 20]], "region"),
    "wall": ("line", [[0, 0], [0, 40]], "region"),
    "food": ("point", [[40, 10]], "object"),
    "box": ("rectangle", [[0, 0], [60, 40]], "arena"),
}


def scene(setting: Setting) -> Recording:
    """4 s: a walks right at 10 cm/s, b sits, c walks at 5 cm/s and is unseen from 1 s to 2 s."""
    gap = (setting.frame_at(1), setting.frame_at(2))
    return make(
        setting,
        4,
        {"a": straight(5, 20, 10), "b": still(40, 30), "c": straight(5, 10, 5)},
        unseen={"c": gap},
        regions=ROOM,
    )


def drawn(figure: dict) -> go.Figure:
    """The figure after plotly and JSON have accepted all of it."""
    return go.Figure(json.loads(json.dumps(figure, allow_nan=False)))


@every_setting
def test_a_path_is_the_positions_with_its_gap_and_its_ends(setting):
    recording = scene(setting)
    figure = plot_trajectory(recording, ["a", "b", "c"])
    drawn(figure)
    assert [trace["name"] for trace in figure["data"][:3]] == ["a", "b", "c"]
    assert [trace["line"]["color"] for trace in figure["data"][:3]] == list(COLOURS[:3])
    x = np.array(figure["data"][2]["x"], dtype=float)
    np.testing.assert_allclose(x, recording.position("c")[:, 0], rtol=1e-7)
    first, last = setting.frame_at(1), setting.frame_at(2)
    assert np.isnan(x[first:last]).all() and np.isfinite(x[[first - 1, last]]).all()
    ends = {trace["name"]: (trace["x"][0], trace["customdata"][0]) for trace in figure["data"][3:]}
    n = recording.n_frames
    assert ends["a start"] == pytest.approx((5 * setting.unit, 0))
    assert ends["a end"] == pytest.approx(
        ((5 + 10 * setting.time_of(n - 1)) * setting.unit, setting.time_of(n - 1))
    )


@every_setting
def test_a_map_has_equal_axes_and_every_kind_of_region(setting):
    layout = plot_trajectory(scene(setting), ["a"])["layout"]
    unit = "cm" if setting.calibrated else "px"
    assert layout["xaxis"]["title"]["text"] == f"x ({unit})"
    assert layout["yaxis"]["scaleanchor"] == "x" and layout["yaxis"]["autorange"] == "reversed"
    shapes = {shape["name"]: shape for shape in layout["shapes"]}
    disc = [shapes["disc"][key] / setting.unit for key in ("x0", "x1", "y0", "y1")]
    assert disc == pytest.approx([15, 25, 15, 25])
    assert shapes["wall"]["path"].count("L") == 1 and not shapes["wall"]["path"].endswith("Z")
    assert shapes["box"]["path"].endswith("Z")
    assert shapes["food"]["xanchor"] == pytest.approx(40 * setting.unit)


def test_the_path_of_a_part_begins_and_ends_there():
    recording = scene(Setting(30, 10.0, True))
    figure = plot_trajectory(recording, ["a"], start_s=1, stop_s=2, colour="time")
    drawn(figure)
    assert len(figure["data"][0]["x"]) == 30
    assert figure["data"][0]["marker"]["color"] == pytest.approx(np.arange(30, 60) / 30)


def test_a_long_path_keeps_its_shape_and_its_gaps_with_few_points():
    n = 200_000
    t = np.arange(n)
    xy = np.column_stack([np.sin(t / 900) * (1 + t / n), np.cos(t / 1300)])
    xy[77_777] = (9, -9)  # one frame of a glitch is still seen
    xy[1000:1003] = xy[50_000:60_000] = np.nan
    recording = Recording.synthetic({"a": xy, "b": xy + 1}, fps=30)
    figure = plot_trajectory(recording, ["a", "b"])
    trace = figure["data"][0]
    x, y = (np.array(trace[key], dtype=float) for key in "xy")
    assert 1000 < len(x) <= MAX_POINTS
    assert np.nanmax(x) == 9 and np.nanmin(y) == -9
    assert np.nanmin(x) == pytest.approx(np.nanmin(xy[:, 0]), rel=1e-7)
    assert np.nanmax(y) == pytest.approx(np.nanmax(xy[:, 1]), rel=1e-7)
    assert np.isnan(x).sum() == 2  # one break for each gap
    seconds = np.array(trace["customdata"])
    breaks = np.flatnonzero(np.isnan(x))
    np.testing.assert_allclose(seconds[breaks] * 30, [1000, 50_000])
    assert "200,000 frames drawn" in figure["layout"]["title"]["subtitle"]["text"]
    # never far from what is left out: every frame lies within the box of its neighbours drawn
    kept = np.round(seconds * 30).astype(int)
    seen = np.isfinite(x)
    at = np.interp(t, kept[seen], x[seen])
    ok = np.isfinite(xy[:, 0]) & (np.abs(t - 77_777) > 100)
    assert np.abs(at - xy[:, 0])[ok].max() < 0.02


def test_thinning_never_joins_across_a_gap_however_many_there_are():
    values = np.arange(100_000, dtype=float)[:, None]
    values[::7] = np.nan  # more gaps than points may be drawn
    kept = thin(values, 2000)
    assert len(kept) <= 2000
    row = np.where(np.isfinite(values[:, 0]), 0, 1).cumsum()
    lines = np.isfinite(values[kept, 0])
    joined = lines[1:] & lines[:-1]
    assert (row[kept[1:]] == row[kept[:-1]])[joined].all()


@every_setting
def test_occupancy_sums_to_the_time_seen_and_has_every_cell_right(setting):
    recording = scene(setting)
    figure = plot_occupancy(recording, ["a", "c"], bins=7)
    drawn(figure)
    z = np.array(figure["data"][0]["z"], dtype=float)
    frames = recording.n_frames + recording.seen("c").sum()
    assert z.sum() == pytest.approx(frames / float(setting.fps))
    both = np.concatenate([recording.position(one) for one in ("a", "c")])
    both = both[np.isfinite(both[:, 0])]
    edges = np.linspace(both.min(axis=0), both.max(axis=0), 8)
    cell = np.minimum((both[:, None] >= edges[1:-1]).sum(axis=1), 6)
    wanted = np.zeros((7, 7))
    np.add.at(wanted, (cell[:, 1], cell[:, 0]), 1 / float(setting.fps))
    np.testing.assert_allclose(z, wanted, atol=1e-9)
    assert z.shape == (7, 7) and figure["data"][0]["x"][0] < figure["data"][0]["x"][1]


@every_setting
def test_the_speed_by_place_is_the_mean_over_time(setting):
    figure = plot_occupancy(scene(setting), ["a", "b"], colour="speed", bins=2)
    z = np.array(figure["data"][0]["z"], dtype=float) / setting.unit
    np.testing.assert_allclose(z[0], [10, 10], rtol=1e-6)  # a, above
    assert np.isnan(z[1, 0]) and z[1, 1] == pytest.approx(0)  # b, below right
    assert figure["data"][0]["z"][1][0] is None


def test_a_histogram_is_counted_here_with_the_same_bins_for_all():
    rng = np.random.default_rng(1)
    one, two = rng.normal(5, 1, 5000), rng.normal(9, 2, 70_000)
    one[:100] = np.nan
    figure = plot_histogram({"a": one, "b": two}, "speed (cm/s)", bins=20)
    drawn(figure)
    edges = np.linspace(min(np.nanmin(one), two.min()), max(np.nanmax(one), two.max()), 21)
    for trace, values in zip(figure["data"], (one[100:], two), strict=True):
        wanted = 100 * np.histogram(values, edges)[0] / len(values)
        np.testing.assert_allclose(trace["y"], wanted)
        np.testing.assert_allclose(trace["x"], (edges[1:] + edges[:-1]) / 2)
        assert sum(trace["y"]) == pytest.approx(100)
    assert len(json.dumps(figure)) < 10_000
    assert 10 <= len(plot_histogram({"a": one}, "v")["data"][0]["y"]) <= 100
    drawn(plot_histogram({"a": np.full(5, np.nan)}, "v"))


def test_a_time_course_breaks_where_nothing_is_known_and_keeps_peaks():
    n = 90_000
    values = np.sin(np.arange(n) / 500)
    values[1234], values[4000:4100] = 50.0, np.nan
    table = pd.DataFrame({"frame": np.arange(n), "time_s": np.arange(n) / 30, "a": values})
    figure = plot_timecourse(table, "speed (cm/s)", invert_y=True)
    drawn(figure)
    y = np.array(figure["data"][0]["y"], dtype=float)
    x = np.array(figure["data"][0]["x"])
    assert len(y) <= MAX_POINTS and np.nanmax(y) == 50 and np.isnan(y).sum() == 1
    assert x[np.nanargmax(y)] == pytest.approx(1234 / 30)
    assert figure["layout"]["xaxis"]["title"]["text"] == "time (s)"
    assert figure["layout"]["yaxis"]["autorange"] == "reversed"


def test_short_tables_are_drawn_whole():
    table = pd.DataFrame({"time_s": [0.0, 0.1, 0.2], "a": [1.0, np.nan, 3.0]})
    trace = plot_timecourse(table, "x (cm)")["data"][0]
    assert trace["y"] == [1.0, None, 3.0]


def test_bars_that_are_not_known_are_left_out():
    figure = plot_bars({"a": 3.0, "b": float("nan")}, "speed (cm/s)")
    drawn(figure)
    assert figure["data"][0]["y"] == [3.0, None]


@every_setting
def test_an_ethogram_draws_states_as_bars_and_points_as_ticks(setting):
    edges = np.arange(101) / float(setting.fps)
    rest = np.zeros(100, dtype=bool)
    rest[10:20] = rest[40:45] = True
    states = Bouts.from_masks(
        {("a", None): (rest, None), ("b", None): (~rest & False, None)}, edges, "rest"
    )
    calls = Bouts.from_masks(
        {("b", "a"): (np.arange(100) == 33, None)}, edges, "call", kind="point"
    )
    figure = plot_ethogram([states, calls])
    drawn(figure)
    a, b, tick = figure["data"]
    assert a["base"] == pytest.approx([setting.time_of(10), setting.time_of(40)])
    assert a["x"] == pytest.approx([setting.time_of(10), setting.time_of(5)])
    assert b["base"] == [] and b["name"] == "b rest"
    assert tick["type"] == "scatter" and tick["x"] == pytest.approx([setting.time_of(33)])
    assert figure["layout"]["yaxis"]["categoryarray"] == ["a rest", "b rest", "b call a"]
    assert tick["marker"]["color"] == b["marker"]["color"] != a["marker"]["color"]
    assert figure["layout"]["xaxis"]["range"] == pytest.approx([0, setting.time_of(100)])


def test_an_ethogram_grows_with_its_rows_and_very_many_bouts_are_drawn_together():
    n = 100_001
    mask = np.arange(n) % 2 == 0
    states = {(f"animal{k}", None): (mask if not k else mask & False, None) for k in range(30)}
    figure = plot_ethogram(Bouts.from_masks(states, np.arange(n + 1) / 30, "rest"))
    assert figure["layout"]["height"] > 30 * 20
    assert len(figure["data"][0]["x"]) <= 5001
    assert figure["data"][0]["base"][0] == 0
    last = figure["data"][0]["base"][-1] + figure["data"][0]["x"][-1]
    assert last == pytest.approx(n / 30)
