"""Parts of a recording, sides of regions and numbers over frames: right, or refused in one line."""

import numpy as np
import pytest

from llm_query.assays.registry import forced_swim, open_field
from llm_query.errors import QueryError
from llm_query.geometry import Region
from llm_query.individual.cleaning import clean
from llm_query.places.arenas import region_around
from llm_query.places.distances import distance_to_point, moving_away, moving_towards, thigmotaxis
from llm_query.places.sides import beside, from_side
from llm_query.places.visits import occupancy, region_summary, visits
from llm_query.places.zones import enters, in_region, outside_region
from llm_query.recording import Recording
from llm_query.tools import bouts_when, length_in, mean_of, period, series, tell

NAN = float("nan")


@pytest.fixture
def recording() -> Recording:
    """10 s at 30 frames/s: down through a box from above, out of it to the right; a ghost."""
    t = np.arange(300) / 30
    path = np.column_stack([100 + 20 * np.maximum(t - 5, 0), 20 + 20 * np.minimum(t, 5)])
    regions = [
        Region("box", "rectangle", np.array([[80, 80], [150, 150]])),
        Region("arena", "rectangle", np.array([[0, 0], [300, 300]]), "arena"),
    ]
    return Recording.synthetic(
        {"a": path, "b": path + 100, "ghost": path * NAN}, px_per_cm=10, regions=regions, length=30
    )


def test_a_part_is_cut_at_the_ends_of_the_recording(recording):
    assert period(recording, first_frames=90) == (0, 3)
    assert period(recording, last_frames=1000) == (0, 10)
    assert period(recording, share=(0.5, 1)) == (5, 10)
    assert period(recording, start_frame=30, stop_frame=60) == pytest.approx((1, 2))
    assert period(recording, start_s=1, stop_s=99) == (1, 10)


@pytest.mark.parametrize(
    "asked",
    [
        {"share": 0.5}, {"share": (0.5,)}, {"share": (0.8, 0.2)}, {"share": (0, 2)}, {"share": "x"},
        {"first_frames": -5}, {"last_frames": -1}, {"first_frames": "x"}, {"first_s": NAN},
        {"last_s": -1}, {"start_frame": -3}, {"stop_frame": []}, {"start_s": 4, "stop_s": 2},
        {"start_s": "x"}, {"start_frame": 9, "stop_frame": 3},
    ],
    ids=str,
)  # fmt: skip
def test_an_impossible_part_is_refused_in_one_line(recording, asked):
    with pytest.raises(QueryError) as caught:
        period(recording, **asked)
    assert "\n" not in str(caught.value) and next(iter(asked)).split("_")[0] in str(caught.value)


def test_sides_are_those_of_the_picture_under_either_name(recording):
    above = beside(recording, "a", "box", "above")
    assert (above.start_frame.tolist(), above.stop_frame.tolist()) == ([0], [90])
    assert beside(recording, "a", "box", "top").definition == above.definition
    entries = enters(recording, "a", "box")
    assert from_side(recording, entries, "a", "box", "top").count == 1
    assert from_side(recording, entries, "a", "box", "left").count == 0
    for side in ("nope", None, 5, []):
        with pytest.raises(QueryError, match="side is left, right, above or below"):
            beside(recording, "a", "box", side)


@pytest.mark.parametrize(
    "call",
    [
        lambda r: mean_of(r, None), lambda r: mean_of(r, 5), lambda r: mean_of(r, []),
        lambda r: mean_of(r, np.ones(300), start_s=5, stop_s=2),
        lambda r: mean_of(r, np.ones(300), during=[]),
        lambda r: series(r, {"x": np.ones(300)}, start_s=5, stop_s=2),
        lambda r: series(r, None), lambda r: series(r, {"x": 5}),
        lambda r: occupancy(r, "a", 5, start_s=5, stop_s=2), lambda r: occupancy(r, "a", NAN),
        lambda r: bouts_when(r, "x", "a", above=1), lambda r: bouts_when(r, np.ones(3), "a"),
        lambda r: bouts_when(r, np.ones(300), "a", above="x"),
        lambda r: length_in(r, None, "cm"), lambda r: distance_to_point(r, "a", None, 3),
        lambda r: distance_to_point(r, "a", 3, NAN),
        lambda r: in_region(r, "a", 5), lambda r: in_region(r, "a", ["box", None]),
        lambda r: in_region(r, "a", "box", 5), lambda r: in_region(r, "a", "box", None),
        lambda r: in_region(r, "a", "box", min_duration_s=-1),
        lambda r: in_region(r, "a", "box", min_duration_s=NAN),
        lambda r: in_region(r, "a", "box", max_gap_frames=-1),
        lambda r: in_region(r, "a", "box", enter_margin=NAN),
        lambda r: in_region(r, "a", "box", min_outside_s="x"),
        lambda r: in_region(r, "a", "box", enter_fraction="x"),
        lambda r: in_region(r, "a", "box", need=None),
        lambda r: in_region(r, "a", "box", point=[]), lambda r: thigmotaxis(r, "a", 5, point=[]),
        lambda r: beside(r, "a", ["box"], "left"), lambda r: beside(r, "a", [], "left"),
        lambda r: from_side(r, 5, "a", "box", "left"), lambda r: tell("x", 5, "s"),
        lambda r: region_around(r, "a", "x"), lambda r: region_around(r, "a", shape="x"),
        lambda r: moving_towards(r, "a", "box", "x"), lambda r: forced_swim(r, "a", "x"),
        lambda r: open_field(r, "a", centre_share=None), lambda r: open_field(r, "a", bin_s=None),
        lambda r: visits(r, "a", 5), lambda r: region_summary(r, "a", states=5),
        lambda r: thigmotaxis(r, "a", NAN), lambda r: thigmotaxis(r, "a", 5, min_duration_s=None),
        lambda r: moving_towards(r, "a", "box", window_s=NAN),
        lambda r: moving_towards(r, "a", "box", max_gap_frames=-1),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_one_line(recording, call):
    with pytest.raises(QueryError) as caught:
        call(recording)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("fps", [25, 60, 120])
def test_jitter_on_the_border_is_said_in_the_definition_and_margins_end_it(fps):
    place = np.array([200.0, 100.0]) + np.random.default_rng(2).normal(0, 0.5, (20 * fps, 2))
    region = Region("half", "rectangle", np.array([[200, 0], [400, 200]]))
    recording = Recording.synthetic({"a": place}, fps=fps, px_per_cm=10, regions=[region])
    found = in_region(recording, "a", "half")
    short = int((found.durations_s < 0.1 - 1e-6).sum())
    assert found.count > 50 and short > found.count / 2
    said = f"{short} of {found.count} visits last less than 0.1 s, as jitter at a border does"
    assert said in found.definition and said in enters(recording, "a", "half").definition
    calm = in_region(recording, "a", "half", enter_margin=0.3, exit_margin=0.3)
    assert calm.count == 0 and "jitter" not in calm.definition
    walk = np.column_stack([np.linspace(150, 250, 20 * fps), np.full(20 * fps, 100.0)])
    recording = Recording.synthetic({"a": walk}, fps=fps, px_per_cm=10, regions=[region])
    assert in_region(recording, "a", "half").definition == 'centre inside "half"'


def test_a_definition_says_every_number_that_changes_the_visits(recording):
    """Also what was done to the paths before."""
    plain = in_region(recording, "a", "box").definition
    for rule, said in (
        ({"min_duration_s": 0.37}, "for at least 0.37 s"), ({"max_gap_frames": 7}, "at most 7 fr"),
        ({"min_outside_s": 0.43}, "0.43 s"), ({"enter_margin": 0.4}, "0.4 cm"),
        ({"exit_margin": 0.3}, "0.3 cm"),
    ):  # fmt: skip
        for word in (in_region, outside_region, enters):
            assert said in word(recording, "a", "box", **rule).definition, (word, rule)
            assert said not in plain
    smooth = clean(recording, smoothing="median", window_s=0.2)
    assert smooth.notes and smooth.notes[0] in in_region(smooth, "a", "box").definition
    for word in (moving_towards, moving_away):
        text = word(recording, "a", "box", window_s=0.77, min_duration_s=0.37).definition
        assert "0.77 s" in text and text.count("0.37 s") == 1
