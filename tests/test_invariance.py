"""What no measure may depend on: the camera, the clock's start, the unit, the animals' names.

`CALLS` names every word that is about a recording; a new word without a call here is a failure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from any_scene import Camera
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_query import measures as m
from llm_query.bouts import Bouts
from llm_query.recording import Recording
from llm_query.vocabulary import needs_outlines, vocabulary

Call = Callable[[Recording, Camera], Any]


def each(word: str, *arguments: Any, **more: Any) -> Call:
    """A word about one animal."""
    return lambda r, c: getattr(m, word)(r, c.a, *arguments, **more)


def pair(word: str, *arguments: Any, **more: Any) -> Call:
    """A word about two animals: the third runs after the first."""
    return lambda r, c: getattr(m, word)(r, c.c, c.a, *arguments, **more)


def every(word: str, **more: Any) -> Call:
    """A word about all animals."""
    return lambda r, c: getattr(m, word)(r, **more)


def away(word: str, cm: float, **more: Any) -> Call:
    """A word about two animals with a distance in cm."""
    return lambda r, c: getattr(m, word)(r, c.c, c.a, cm * c.unit, **more)


CALLS: dict[str, Call] = {
    # one animal
    "speed": each("speed"), "velocity": each("velocity", window_s=0.3),
    "acceleration": each("acceleration"), "jerk": each("jerk", window_s=0.3),
    "acceleration_vector": each("acceleration_vector"), "step_length": each("step_length"),
    "forward_speed": each("forward_speed"), "distance_moved": each("distance_moved"),
    "mean_speed": each("mean_speed"), "heading": each("heading"),
    "turning_speed": each("turning_speed"), "turning_angle": each("turning_angle"),
    "directional_change": each("directional_change"), "meander": each("meander"),
    "path_straightness": each("path_straightness"), "path_deviation": each("path_deviation"),
    "sinuosity": each("sinuosity"), "body_length": each("body_length"),
    "elongation": each("elongation"), "curvature": each("curvature"),
    "point_angle": each("point_angle", "nose", "back", "tail_tip"),
    "mobility": each("mobility"),
    "activity": lambda r, c: m.activity(r, [c.a, c.b]),
    "immobile": lambda r, c: m.immobile(r, c.c, 0.5 * c.unit),
    "moving": each("moving"), "speed_between": lambda r, c: (
        m.speed_between(r, c.a, 4 * c.unit, 9 * c.unit)),
    "freezing": lambda r, c: m.freezing(r, c.c, 0.6 * c.unit),
    "asleep": lambda r, c: m.asleep(r, c.c, 2.0, 0.5 * c.unit),
    "floating": lambda r, c: m.floating(r, c.c, 0.2, 2 * c.unit),
    "rearing": each("rearing"), "grooming": lambda r, c: m.grooming(r, c.c),
    "strides": lambda r, c: m.strides(r, c.a, "left_hindpaw", 6 * c.unit),
    "mobility_state": each("mobility_state", "mobile", lag_s=0.2),
    "clean": lambda r, c: m.speed(m.clean(r, smoothing="median", window_s=0.2), c.a),
    # places
    "in_region": each("in_region", "corner"), "outside_region": each("outside_region", "disc"),
    "enters": each("enters", "corner"), "leaves": each("leaves", "left arm"),
    "time_in_region": each("time_in_region", ["corner", "left arm"]),
    "region_entries": each("region_entries", "corner"),
    "latency_to_region": each("latency_to_region", "left arm"),
    "region_latency": each("region_latency", ["corner", "disc"]),
    "first_region": each("first_region", ["corner", "left arm"]),
    "fraction_inside": each("fraction_inside", "corner"),
    "distance_to_point": lambda r, c: m.distance_to_point(r, c.a, *c.place(12, 7)),
    "distance_to_region": each("distance_to_region", "disc"),
    "distance_to_wall": each("distance_to_wall"),
    "thigmotaxis": lambda r, c: m.thigmotaxis(r, c.b, 8 * c.unit),
    "head_in_region": each("head_in_region", "disc"),
    "moving_towards": each("moving_towards", "feeder"),
    "moving_away": each("moving_away", "feeder"),
    "explores": lambda r, c: m.explores(r, c.a, "disc", 4 * c.unit),
    "crosses": each("crosses", "door"), "visits": each("visits", ["corner", "left arm"]),
    "transitions": each("transitions", ["corner", "left arm"]),
    "arm_entries": each("arm_entries", ["corner", "left arm"]),
    "region_summary": each("region_summary", ["corner", "left arm"]),
    "in_reach": lambda r, c: m.in_reach(r, c.c, c.a, 6 * c.unit),
    "region_around": lambda r, c: m.in_region(
        m.region_around(r, c.a, 6 * c.unit, name="round"), c.c, "round"),
    "overlapping_regions": lambda r, c: m.overlapping_regions(r, ["corner", "disc"]),
    "head_dips": each("head_dips", ["corner"], ["left arm"], "disc"),
    # two animals
    "distance_between": pair("distance_between", "nose", "tail_base"),
    "closest_distance": pair("closest_distance"), "closing_speed": pair("closing_speed"),
    "relative_speed": pair("relative_speed"), "relative_angle": pair("relative_angle"),
    "gap_between": pair("gap_between"), "head_angle": pair("head_angle"),
    "distance_to_outline": pair("distance_to_outline"),
    "near": away("near", 6), "contact": away("contact", 0.5), "touch": away("touch", 3),
    "facing": pair("facing"), "approach": away("approach", 12), "follow": pair("follow"),
    "chase": pair("chase"), "leave": pair("leave"), "make_contact": pair("make_contact"),
    "nose_contact": away("nose_contact", 6), "nose_to_tail": away("nose_to_tail", 4),
    "nose_to_ear": away("nose_to_ear", 5), "nose_to_body": away("nose_to_body", 4),
    "side_by_side": away("side_by_side", 9), "watching": pair("watching"),
    "nearest_neighbour": each("nearest_neighbour"),
    "nearest_neighbour_distance": each("nearest_neighbour_distance"),
    "isolated": lambda r, c: m.isolated(r, c.a, 10 * c.unit),
    # all of them
    "huddle": lambda r, c: m.huddle(r, None, 15 * c.unit, 20 * c.unit, min_duration_s=0.2),
    "huddle_groups": lambda r, c: m.huddle_groups(
        r, None, 15 * c.unit, 20 * c.unit, min_duration_s=0.2),
    "huddle_size": every("huddle_size"), "group_centre": every("group_centre"),
    "group_spread": every("group_spread"), "polarisation": every("polarisation"),
    "social_measures": every("social_measures"),
    "behaviour_features": each("behaviour_features"),
}  # fmt: skip
ELSEWHERE = {  # words about a recording whose own tests say what they do, and why not here
    "beside": "about the sides of the picture itself",
    "from_side": "about the sides of the picture itself",
    "occupancy": "its squares are laid over the picture",
    "bouts_where": "about any mask", "bouts_when": "about any values", "series": "about any values",
    "max_of": "about any values", "mean_of": "about any values", "median_of": "about any values",
    "min_of": "about any values", "std_of": "about any values",
    "quantile_of": "about any values", "smoothed": "about any values",
    "values_in_bins": "about any values",
    "per_minute": "about the clock", "length_in": "changes the unit",
    "speed_in": "changes the unit", "period": "about the clock", "scored": "about kept bouts",
    "kept_bouts": "about kept bouts", "learned": "tests/test_learned.py",
    "learned_probability": "tests/test_learned.py",
    "calibrate_freezing": "tests/test_freezing.py", "run_assay": "tests/test_assays.py",
    **dict.fromkeys(
        ("plus_maze", "open_field", "novel_object", "three_chamber", "maze_alternation",
         "fear_conditioning", "forced_swim", "light_dark", "mabe_triplet"),
        "made of the words above: tests/test_assays.py"),
}  # fmt: skip
MIRROR: dict[str, Callable[[np.ndarray], np.ndarray]] = {  # what a mirror turns round
    "heading": lambda v: (360 - v) % 360 - 180, "turning_speed": np.negative,
    "turning_angle": np.negative, "curvature": np.abs, "relative_angle": np.abs,
    "velocity": lambda v: v * [-1, 1], "acceleration_vector": lambda v: v * [-1, 1],
    "group_centre": lambda v: [60, 0] + v * [-1, 1], "point_angle": np.abs,
}  # fmt: skip
TURN: dict[str, Callable[[np.ndarray], np.ndarray]] = {  # x, y becomes y, 60 - x
    "heading": lambda v: v + 90,
    "velocity": lambda v: v[:, ::-1] * [1, -1],
    "acceleration_vector": lambda v: v[:, ::-1] * [1, -1],
    "group_centre": lambda v: [0, 60] + v[:, ::-1] * [1, -1],
}  # fmt: skip
ANGLES = ("heading", "turning_angle")
PIXELS = (  # outlines are drawn to the pixel: another scale is another outline
    "contact", "gap_between", "mobility", "activity", "fraction_inside", "floating", "grooming",
    "social_measures", "behaviour_features", "nose_to_body", "make_contact", "leave", "touch",
    "closest_distance", "elongation", "overlapping_regions", "distance_to_outline",
    "mobility_state", "rearing",
)  # fmt: skip
SIDED = ("crosses", "behaviour_features", "strides")  # left and right are part of what they say


def test_every_word_about_a_recording_is_called_here_or_said_to_be_elsewhere() -> None:
    about = {
        name for name, word in vocabulary().items()
        if word.signature.startswith("(recording") and not name.startswith("plot_")
    }  # fmt: skip
    assert about - CALLS.keys() - ELSEWHERE.keys() == set()
    assert (CALLS.keys() | ELSEWHERE.keys()) - about == set()


class Watched(dict[str, Any]):
    """Outlines that notice being looked at."""

    looked = False

    def __getitem__(self, key: str) -> Any:
        self.looked = True
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.looked = True
        return super().__contains__(key)


def test_every_word_that_looks_at_outlines_gets_them_with_its_snapshot() -> None:
    camera = Camera(2, seconds=4.0)
    film = camera.film()
    for name, call in CALLS.items():
        masks = Watched(film.masks)
        call(replace(film, masks=masks), camera)
        assert masks.looked <= needs_outlines(f"{name}("), name


def said(value: Any, camera: Camera) -> Any:
    """A result as plain values that can be compared, with the animals' names as a, b, c."""
    letters = dict(zip(camera.names, "abc", strict=True))
    if isinstance(value, Bouts):
        rows = zip(value.subject, value.target, value.start_frame, value.stop_frame, strict=True)
        return sorted(
            (letters.get(s, s), letters.get(t, t) or "", int(i), int(j)) for s, t, i, j in rows
        )
    if isinstance(value, pd.DataFrame):
        table = value.copy()
        for name in table.columns:
            if table[name].dtype == object or str(table[name].dtype).startswith("str"):
                table[name] = [_spelled(cell, letters) for cell in table[name]]
        return table
    if isinstance(value, dict):
        return said(value["table"], camera)
    if isinstance(value, np.ndarray) and value.dtype == object:
        return [letters.get(v, v) for v in value]
    return value


def _spelled(cell: Any, letters: dict[str, str]) -> Any:
    if isinstance(cell, str):
        words = [letters.get(word, word) for word in cell.split(" + ")]
        return " + ".join(sorted(words))
    return cell


def same(name: str, first: Any, second: Any, tolerance: float = 1e-6) -> None:
    """Two results say the same."""
    if isinstance(first, pd.DataFrame):
        assert len(first) == len(second), name
        for column in first.columns:
            if first[column].dtype.kind in "fiu":
                np.testing.assert_allclose(
                    first[column].to_numpy(float), second[column].to_numpy(float),
                    rtol=tolerance, atol=tolerance, err_msg=f"{name}: {column}",
                )  # fmt: skip
            elif column not in ("definition",):
                assert first[column].tolist() == second[column].tolist(), (name, column)
    elif isinstance(first, list):
        assert first == second, name
    else:
        one, other = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
        if name in ANGLES:
            apart = np.abs((one - other + 180) % 360 - 180)
            assert np.array_equal(np.isnan(one), np.isnan(other)), name
            assert np.nanmax(apart, initial=0) < 1e-4, name
        else:
            np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance, err_msg=name)


def results(camera: Camera, *leave_out: str) -> dict[str, Any]:
    recording = camera.film()
    return {
        name: said(call(recording, camera), camera)
        for name, call in CALLS.items()
        if name not in leave_out
    }


seeds = st.integers(0, 10_000)
few = settings(
    max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


@few
@given(seeds)
def test_a_mirror_turns_round_what_it_must_and_nothing_else(seed: int) -> None:
    plain = results(Camera(seed), *SIDED)
    for name, mirrored in results(Camera(seed, mirrored=True), *SIDED).items():
        change = MIRROR.get(name, lambda v: v)
        first, second = plain[name], mirrored
        if change in (np.abs,):
            second = np.abs(second)
        same(name, change(first) if name in MIRROR else first, second)


@few
@given(seeds)
def test_a_turned_camera_changes_directions_and_nothing_else(seed: int) -> None:
    plain = results(Camera(seed))
    for name, turned in results(Camera(seed, turned=True)).items():
        same(name, TURN[name](plain[name]) if name in TURN else plain[name], turned)


@few
@given(seeds, st.sampled_from([4.0, 20.0, 31.25]))
def test_pixels_per_cm_do_not_matter_to_a_calibrated_recording(seed: int, scale: float) -> None:
    plain = results(Camera(seed), *PIXELS)
    for name, other in results(Camera(seed, px_per_cm=scale), *PIXELS).items():
        same(name, plain[name], other)


@few
@given(seeds)
def test_names_do_not_matter(seed: int) -> None:
    plain = results(Camera(seed))
    for name, other in results(Camera(seed, names=("zoe", "yan", "xena"))).items():
        same(name, plain[name], other)


@few
@given(seeds, st.integers(1, 40))
def test_frames_before_anybody_is_seen_move_everything_by_their_number(
    seed: int, delay: int
) -> None:
    """Bouts are so many frames later, values per frame too, and totals are the same."""
    late = Camera(seed, delay=delay)
    plain, moved = results(Camera(seed)), results(late)
    for name, value in plain.items():
        other = moved[name]
        if isinstance(value, pd.DataFrame):
            continue  # shares and latencies change; their own tests look at them
        if isinstance(value, list) and value and isinstance(value[0], tuple):
            assert [(s, t, i + delay, j + delay) for s, t, i, j in value] == other, name
        elif isinstance(value, list):
            assert value == other[delay:] if len(other) > len(value) else value == other, name
        elif np.ndim(value):
            same(name, value, np.asarray(other)[delay:], 1e-5)
        elif name != "latency_to_region":
            same(name, value, other)
        else:
            same(name, value + delay / 30, other)


@few
@given(seeds)
def test_twice_the_frames_find_the_same_bouts_within_a_frame_or_two(seed: int) -> None:
    """Filmed at 30 and at 60 frames/s: seconds of every behaviour agree."""
    slow, fast = Camera(seed), Camera(seed, fps=Fraction(60))
    one, two = slow.film(), fast.film()
    for name, call in CALLS.items():
        first = call(one, slow)
        if not isinstance(first, Bouts) or first.kind == "point" or name in ROUGH:
            continue
        second = call(two, fast)
        masks = first.mask(), second.mask()[::2]
        assert np.mean(masks[0] != masks[1]) <= 0.035, (name, first, second)


ROUGH = ("leave", "make_contact", "rearing", "grooming", "floating", "touch", "nose_to_body")


@pytest.mark.parametrize("name", ["speed", "distance_moved", "jerk", "distance_between"])
def test_uncalibrated_is_the_same_in_px(name: str) -> None:
    cm, px = Camera(3), Camera(3, calibrated=False)
    scaled = np.asarray(CALLS[name](px.film(), px), dtype=float) / 10
    np.testing.assert_allclose(np.asarray(CALLS[name](cm.film(), cm)), scaled, rtol=1e-9, atol=1e-9)


def test_the_scene_can_tell_a_wrong_measure_from_a_right_one() -> None:
    """A speed that forgot the frame rate, a heading that forgot y points down: both are caught."""
    camera, mirrored = Camera(1), Camera(1, mirrored=True)
    wrong = [c.film().heading_deg(c.a) * -1 for c in (camera, mirrored)]
    with pytest.raises(AssertionError):
        same("heading", (180 - wrong[0]) % 360, wrong[1] + 20)
    slow, fast = camera.film(), replace(camera, fps=Fraction(60)).film()
    per_frame = [np.nanmean(m.speed(r, camera.a)) / float(r.fps) for r in (slow, fast)]
    assert per_frame[0] != pytest.approx(per_frame[1], rel=0.2)
