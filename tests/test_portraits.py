"""The numbers in figures that sum a recording up, against numpy on the same scene."""

import json
import math
from itertools import pairwise

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from known import Setting, every_setting, make, still, straight
from scipy import stats

from llm_query.bouts import Bouts
from llm_query.errors import QueryError
from llm_query.figures.embedding import _windows, plot_embedding, principal
from llm_query.figures.group_figures import plot_groups, plot_social_matrix
from llm_query.figures.portraits import (
    plot_bins,
    plot_heading,
    plot_speed_distribution,
    plot_time_budget,
)
from llm_query.figures.transition_figures import plot_transitions
from llm_query.individual.kinematics import speed
from llm_query.recording import Recording
from llm_query.states import bouts_where


def drawn(figure: dict) -> go.Figure:
    """The figure after plotly and JSON have accepted all of it."""
    return go.Figure(json.loads(json.dumps(figure, allow_nan=False)))


def scene(setting: Setting) -> Recording:
    """5 s of three animals: a walks at 10 cm/s and looks up and down by turns, b sits and looks
    left, c walks at 5 cm/s and is not seen from 1 s to 2 s."""
    return make(
        setting,
        5,
        {"a": straight(0, 0, 10), "b": still(40, 30), "c": straight(0, 10, 5)},
        unseen={"c": (setting.frame_at(1), setting.frame_at(2))},
        heading_deg={
            "a": lambda t: np.where(np.arange(len(t)) % 3 == 0, 90.0, -90.0),
            "b": lambda t: np.full(len(t), 180.0),
        },
    )


def spans(recording: Recording, frames: list[tuple[int, int]]) -> np.ndarray:
    mask = np.zeros(recording.n_frames, dtype=bool)
    for first, stop in frames:
        mask[first:stop] = True
    return mask


@every_setting
@pytest.mark.parametrize("kind", ["bars", "lines"])
def test_bins_hold_the_mean_of_their_own_frames_and_the_last_is_short(setting, kind):
    recording = scene(setting)
    values = {one: speed(recording, one) * recording.time_s for one in ("a", "c")}
    figure = plot_bins(recording, values, 1.5, "speed (cm/s)", kind=kind)
    drawn(figure)
    place = np.floor(recording.time_s / 1.5 + 1e-9).astype(int)
    for trace, (name, each) in zip(figure["data"], values.items(), strict=True):
        assert trace["name"] == name
        wanted = [np.nanmean(each[place == k]) for k in range(4)]
        np.testing.assert_allclose(trace["y"], wanted)
        ends = [trace["customdata"][0][0], trace["customdata"][-1][1]]
        assert ends == pytest.approx([0, recording.end_s])
    if kind == "bars":
        assert figure["data"][0]["width"][-1] == pytest.approx((recording.end_s - 4.5) / 2)


@every_setting
def test_bins_of_bouts_add_up_to_the_bouts_and_points_are_counted(setting):
    recording = scene(setting)
    first, stop = setting.frame_at(0.5), setting.frame_at(3.2)
    bouts = bouts_where(recording, spans(recording, [(first, stop)]), "a", behaviour="rest")
    figure = plot_bins(recording, {"rest": bouts}, 1, "rest (s)")
    drawn(figure)
    edges = [*range(5), recording.end_s] if recording.end_s <= 5 + 1e-9 else [*range(6)]
    low, high = setting.time_of(first), setting.time_of(stop)
    wanted = [max(min(high, b) - max(low, a), 0) for a, b in pairwise(edges)]
    assert figure["data"][0]["y"][:5] == pytest.approx(wanted[:5])
    assert sum(figure["data"][0]["y"]) == pytest.approx(bouts.total_s)
    mask = np.zeros(recording.n_frames, dtype=bool)
    mask[[3, 5, setting.frame_at(2)]] = True
    points = Bouts.from_masks({("a", None): (mask, None)}, recording.edges_s, "call", kind="point")
    counted = plot_bins(recording, {"calls": points}, 2, "calls (count)")["data"][0]["y"]
    assert counted[:2] == [2, 1] and sum(counted) == 3


def test_a_bin_in_which_nothing_is_known_is_left_out():
    recording = scene(Setting(30, 10.0, True))
    figure = plot_bins(recording, {"c": speed(recording, "c")}, 0.25, "speed (cm/s)")
    assert figure["data"][0]["y"][4:8] == [None] * 4


@every_setting
def test_a_time_budget_is_a_hundred_percent_with_overlap_nothing_and_unknown(setting):
    recording = scene(setting)
    n, half = recording.n_frames, setting.frame_at(2.5)
    rest = [bouts_where(recording, spans(recording, [(0, half)]), who, behaviour="rest")
            for who in ("a", "c")]  # fmt: skip
    groom = bouts_where(recording, spans(recording, [(half - 10, half + 10)]), "a",
                        behaviour="groom")  # fmt: skip
    figure = plot_time_budget([*rest, groom])
    drawn(figure)
    share = {trace["name"]: dict(zip(trace["x"], trace["y"], strict=True))
             for trace in figure["data"]}  # fmt: skip
    percent = 100 / n
    gap = setting.frame_at(2) - setting.frame_at(1)
    assert share["rest"]["a"] == pytest.approx((half - 10) * percent)
    assert share["groom"]["a"] == pytest.approx(10 * percent)
    assert share["several at once"]["a"] == pytest.approx(10 * percent)
    assert share["not in any"]["a"] == pytest.approx((n - half - 10) * percent)
    assert share["rest"]["c"] == pytest.approx((half - gap) * percent)
    assert share["not known"] == pytest.approx({"a": 0, "c": gap * percent})
    for who in ("a", "c"):
        assert sum(each[who] for each in share.values()) == pytest.approx(100)


def test_a_time_budget_of_a_part_and_of_a_variable_rate_is_of_real_time():
    time_s = np.array([0, 0.1, 0.2, 0.45, 0.55, 0.65])
    recording = Recording.synthetic({"a": np.zeros((6, 2))}, fps=10, time_s=time_s)
    bouts = bouts_where(recording, spans(recording, [(2, 4)]), "a", behaviour="rest")
    whole = plot_time_budget(bouts)["data"][0]["y"][0]
    assert whole == pytest.approx(100 * 0.35 / recording.end_s)
    part = plot_time_budget(bouts, stop_s=0.45)["data"][0]["y"][0]
    assert part == pytest.approx(100 * 0.25 / 0.45)
    with pytest.raises(QueryError, match="no frame"):
        plot_time_budget(bouts, start_s=5)


def test_a_time_budget_takes_no_point_events():
    recording = scene(Setting(30, 10.0, True))
    mask = np.arange(recording.n_frames) == 3
    calls = Bouts.from_masks({("a", None): (mask, None)}, recording.edges_s, "call", kind="point")
    with pytest.raises(QueryError, match="point events take no time"):
        plot_time_budget(calls)


@every_setting
def test_headings_are_counted_counter_clockwise_from_the_right(setting):
    recording = scene(setting)
    figure = plot_heading(recording, ["a", "b"], bins=8)
    shown = drawn(figure)
    n = recording.n_frames
    up = -(-n // 3)
    a, b = figure["data"]
    wanted = np.zeros(8)
    wanted[2], wanted[6] = 100 * up / n, 100 * (n - up) / n  # 90 to 135 and 270 to 315 degrees
    assert a["r"] == pytest.approx(wanted.tolist())
    assert b["r"] == pytest.approx([0, 0, 0, 0, 100, 0, 0, 0])
    assert a["theta"] == pytest.approx([22.5 + 45 * k for k in range(8)])
    assert sum(a["customdata"]) == pytest.approx(n / float(setting.fps))
    axis = shown.layout.polar.angularaxis
    assert (axis.direction, axis.rotation) == ("counterclockwise", 0)


@every_setting
def test_a_distribution_of_speeds_is_in_percent_of_known_time(setting):
    recording = scene(setting)
    figure = plot_speed_distribution(recording, bins=5)
    drawn(figure)
    by_name = {trace["name"]: trace["y"] for trace in figure["data"]}
    assert by_name["b"] == pytest.approx([100, 0, 0, 0, 0])
    assert by_name["a"] == pytest.approx([0, 0, 0, 0, 100])
    assert sum(by_name["c"]) == pytest.approx(100)
    assert figure["layout"]["xaxis"]["title"]["text"] == f"speed ({recording.unit}/s)"


def test_a_violin_of_a_long_recording_keeps_its_quartiles():
    rng = np.random.default_rng(3)
    xy = np.cumsum(rng.normal(size=(50_000, 2)), axis=0)
    recording = Recording.synthetic({"a": xy}, fps=30)
    figure = plot_speed_distribution(recording, kind="violin")
    drawn(figure)
    y = figure["data"][0]["y"]
    assert len(y) == 2001
    wanted = np.percentile(speed(recording, "a"), [0, 25, 50, 75, 100])
    np.testing.assert_allclose([y[k] for k in (0, 500, 1000, 1500, 2000)], wanted)


@every_setting
def test_a_social_matrix_has_subjects_in_rows_and_nothing_for_pairs_not_watched(setting):
    recording = scene(setting)
    n = recording.n_frames
    states = {
        ("a", "b"): (spans(recording, [(0, 10), (20, 25)]), None),
        ("b", "a"): (spans(recording, [(3, 6)]), None),
        ("a", "c"): (np.zeros(n, dtype=bool), None),
    }
    bouts = Bouts.from_masks(states, recording.edges_s, "chase")
    figure = plot_social_matrix(bouts)
    drawn(figure)
    z = figure["data"][0]["z"]
    second = 1 / float(setting.fps)
    assert figure["data"][0]["y"] == ["a", "b", "c"]
    assert z[0][1:] == pytest.approx([15 * second, 0])
    assert z[1][0] == pytest.approx(3 * second)
    assert z[0][0] is None and z[1][2] is None and z[2] == [None] * 3
    counts = plot_social_matrix(bouts.only("a"), value="count", mutual=True)["data"][0]["z"]
    assert counts[0][1] == counts[1][0] == 2
    with pytest.raises(QueryError, match="with a target"):
        plot_social_matrix(bouts_where(recording, np.ones(n, dtype=bool), "a"))


def sequence(setting: Setting) -> list[Bouts]:
    """x, y, x, z, x, y by animal a: x to y twice and to z once, y to x, z to x."""
    edges = np.arange(61) / float(setting.fps)
    mask = {name: np.zeros(60, dtype=bool) for name in "xyz"}
    for k, name in enumerate("xyxzxy"):
        mask[name][10 * k : 10 * k + 8] = True
    return [Bouts.where(mask[name], edges, "a", behaviour=name) for name in "xyz"]


@every_setting
def test_transitions_are_shares_of_what_followed(setting):
    figure = plot_transitions(sequence(setting), kind="matrix")
    drawn(figure)
    assert figure["data"][0]["x"] == ["x", "y", "z"]
    z = np.array(figure["data"][0]["z"])
    np.testing.assert_allclose(z, [[0, 2 / 3, 1 / 3], [1, 0, 0], [1, 0, 0]])
    assert figure["data"][0]["customdata"][0] == [0, 2, 1]


def test_the_graph_draws_an_arrow_for_every_transition_as_wide_as_it_is_likely():
    figure = plot_transitions(sequence(Setting(30, 10.0, True)))
    drawn(figure)
    arrows = figure["layout"]["annotations"]
    assert len(arrows) == 4
    widths = sorted(arrow["arrowwidth"] for arrow in arrows)
    assert widths == pytest.approx([0.75 + 5 * p for p in (1 / 3, 2 / 3, 1, 1)])
    dots, labels = figure["data"]
    radius = np.hypot(dots["x"], dots["y"])
    np.testing.assert_allclose(radius, 1)
    assert sorted(labels["customdata"]) == pytest.approx([1 / 3, 2 / 3, 1, 1])
    assert "x → y: 0.67 (2 of 3)" in labels["hovertext"]


def test_a_table_of_counts_is_drawn_square_or_long_and_a_loop_is_a_circle():
    square = pd.DataFrame([[1, 3], [0, 0]], index=["left", "right"], columns=["left", "right"])
    long = pd.DataFrame({"from": ["left", "left"], "to": ["left", "right"], "count": [1, 3]})
    for table in (square, long):
        z = plot_transitions(table, kind="matrix")["data"][0]["z"]
        assert z == [[0.25, 0.75], [None, None]]
    graph = plot_transitions(square)
    drawn(graph)
    assert len(graph["layout"]["shapes"]) == 1 and len(graph["layout"]["annotations"]) == 1


def test_groups_show_every_animal_and_the_t_interval_of_the_mean():
    rng = np.random.default_rng(2)
    drugs = ["saline"] * 5 + ["ketamine"] * 6
    table = pd.DataFrame({"drug": drugs, "v": rng.normal(size=11), "who": list("abcdefghijk")})
    table.loc[10, "v"] = np.nan
    figure = plot_groups(table, "speed (cm/s)", value="v", group="drug", name="who")
    drawn(figure)
    one, two, mean = figure["data"]
    assert one["y"] == table["v"][:5].tolist() and one["text"] == list("abcde")
    assert len(two["y"]) == 5
    low, high = stats.t.interval(0.95, 4, one["y"] and np.mean(one["y"]), stats.sem(one["y"]))
    assert mean["y"][0] == pytest.approx((low + high) / 2)
    assert mean["error_y"]["array"][0] == pytest.approx((high - low) / 2)
    assert figure["layout"]["xaxis"]["ticktext"] == ["saline (n = 5)", "ketamine (n = 5)"]
    alone = plot_groups({"x": [3.0], "y": []}, "count")
    drawn(alone)
    assert alone["data"][-1]["y"] == [3.0, None]
    assert alone["data"][-1]["error_y"]["array"] == [None, None]
    with pytest.raises(QueryError, match="no column dose"):
        plot_groups(table, "speed", value="v", group="dose")


def test_principal_components_are_those_of_numpy_svd():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(300, 4)) @ rng.normal(size=(4, 4)) + 7
    scores, shares = principal(np.column_stack([rows, np.full(300, 3.0)]))
    scaled = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    u, s, _ = np.linalg.svd(scaled, full_matrices=False)
    np.testing.assert_allclose(np.abs(scores), np.abs(u[:, :2] * s[:2]), atol=1e-8)
    np.testing.assert_allclose(shares, s**2 / (s**2).sum())
    assert sum(shares) == pytest.approx(1)


@every_setting
def test_an_embedding_tells_two_postures_apart_wherever_the_animal_is(setting):
    def points(t):
        angle = np.deg2rad(137 * np.arange(len(t)))
        return np.column_stack([np.cos(angle), -np.sin(angle)])

    def nose(t):
        long = np.where(np.arange(len(t)) % 2 == 0, 4.0, 2.0)[:, None]
        return np.column_stack([3 * t, 2 * t]) + long * points(t)

    def tail(t):
        return np.column_stack([3 * t, 2 * t]) - 3 * points(t)

    recording = make(
        setting, 3, {"a": lambda t: np.column_stack([3 * t, 2 * t]), "b": still(1, 1)},
        points={"a": {"nose": nose, "tail": tail}},
        heading_deg={"a": lambda t: (137.0 * np.arange(len(t)) + 180) % 360 - 180},
        length=6,
    )  # fmt: skip
    bouts = bouts_where(recording, np.arange(recording.n_frames) % 2 == 0, "a", behaviour="long")
    figure = plot_embedding(recording, ["a"], colour=[bouts])
    drawn(figure)
    others, long = figure["data"]
    n = recording.n_frames
    assert (long["name"], len(long["x"]), len(others["x"])) == ("long", -(-n // 2), n // 2)
    assert np.ptp(long["x"]) < 1e-6 < abs(long["x"][0] - others["x"][0])
    assert "% of variance" in figure["layout"]["xaxis"]["title"]["text"]


def test_windows_are_dots_in_the_animals_colours_and_umap_falls_back_to_pca():
    recording = scene(Setting(30, 10.0, True))
    figure = plot_embedding(recording, ["a", "b"], of="windows", window_s=0.5, method="umap")
    drawn(figure)
    assert [len(trace["x"]) for trace in figure["data"]] == [10, 10]
    subtitle = figure["layout"]["title"].get("subtitle", {"text": ""})["text"]
    has_umap = "UMAP" in figure["layout"]["xaxis"]["title"]["text"]
    assert has_umap or "umap-learn is not installed" in subtitle
    timed = plot_embedding(recording, ["a", "b"], of="windows", window_s=0.5, colour="time")
    drawn(timed)
    assert timed["data"][0]["marker"]["color"] == pytest.approx([k / 2 for k in range(10)] * 2)


def test_a_window_takes_part_when_half_of_it_is_known():
    time_s = np.arange(40) / 10
    values = np.arange(40.0)[:, None]
    values[10:14] = values[20:26] = np.nan
    rows, first = _windows(values, time_s, 1.0)
    assert first.tolist() == [0, 10, 20, 30]
    assert rows[0].tolist() == pytest.approx([4.5, np.std(np.arange(10))])
    assert rows[1].tolist() == pytest.approx([16.5, np.std(np.arange(14, 20))])
    assert np.isnan(rows[2]).all()


def test_learning_features_can_be_embedded_by_name():
    recording = scene(Setting(30, 10.0, True))
    figure = plot_embedding(
        recording, ["a", "b"], of="windows", window_s=0.5, features=["speed", "speed, std in 0.5 s"]
    )
    drawn(figure)
    assert sum(len(trace["x"]) for trace in figure["data"]) == 20


def test_a_body_that_never_changes_cannot_be_embedded_and_says_what_to_do():
    recording = make(Setting(30, 10.0, True), 1, {"a": still(1, 1)}, length=3)
    with pytest.raises(QueryError, match="Import pose data"):
        plot_embedding(recording)


def test_long_recordings_draw_at_most_five_thousand_dots_evenly_in_time():
    n = 60_000
    t = np.arange(n) / 30
    recording = Recording.synthetic(
        {"a": np.column_stack([np.sin(t) * t, t])}, fps=30, length=10,
        points={"a": {"nose": np.column_stack([np.sin(t) * t + 5 + np.cos(7 * t), t])}},
        heading_deg={"a": np.zeros(n)},
    )  # fmt: skip
    figure = plot_embedding(recording)
    seconds = figure["data"][0]["customdata"]
    assert len(seconds) == 5000 and seconds[-1] == pytest.approx((n - 1) / 30)
    assert max(np.diff(seconds)) < 2.1 * math.ceil(n / 5000) / 30
    assert "5,000 of 60,000 drawn" in figure["layout"]["title"]["subtitle"]["text"]


def test_an_animal_that_was_never_seen_has_no_dots_and_the_others_keep_theirs():
    """Of b no nose, of the ghost nothing: postures by what a and b share, windows as well."""
    t = np.arange(300) / 30
    path = np.column_stack([100 + 30 * t, 100 + 20 * np.sin(t)])
    nose = path + np.column_stack([20 + 5 * np.sin(3 * t), 5 * np.cos(3 * t)])
    paths = {"a": path, "b": path + 50.0, "ghost": path * np.nan}
    points = {
        "a": {"nose": nose, "tail_base": path - [20.0, 0.0]},
        "b": {"nose": nose * np.nan, "tail_base": path + 50 - np.column_stack([20 + t, t])},
        "ghost": {"nose": nose * np.nan, "tail_base": nose * np.nan},
    }
    heading = {"a": np.zeros(300), "b": np.zeros(300)}
    recording = Recording.synthetic(paths, points=points, heading_deg=heading, length=40)
    for of, dots in (("postures", 300), ("windows", 10)):
        figure = plot_embedding(recording, of=of)
        assert [len(trace["x"]) for trace in figure["data"]] == [dots, dots, 0]
        assert "nothing known of ghost" in json.dumps(figure["layout"])
    with pytest.raises(QueryError, match="ghost are not known in enough frames"):
        plot_embedding(recording, ["ghost"])
