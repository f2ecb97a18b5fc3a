"""Meetings of body points: nose to nose, tail, ear and body, side by side, watching, touching."""

from __future__ import annotations

from itertools import combinations, permutations
from pathlib import Path

import numpy as np
import pytest
from known import SETTINGS, Setting, every_setting, make
from outline_samples import discs
from pose_files import MICE3, read_mabe

from llm_query.errors import QueryError
from llm_query.recording import Recording
from llm_query.social.contacts import facing, head_angle, near
from llm_query.social.encounters import (
    nose_contact,
    nose_to_body,
    nose_to_ear,
    nose_to_tail,
    side_by_side,
    watching,
)
from llm_query.social.meetings import closest_distance, distance_to_outline, touch

NAMES = ("a", "b", "c")


def spans(bouts):  # type: ignore[no-untyped-def]
    return list(zip(bouts.start_frame.tolist(), bouts.stop_frame.tolist(), strict=True))


def mouse(x, y, looking_deg=0.0):  # type: ignore[no-untyped-def]
    """Paths of a mouse of 8 cm whose centre is at x(t), y: centre and body points in cm, y down."""
    ahead = np.array([np.cos(np.radians(looking_deg)), -np.sin(np.radians(looking_deg))])
    side = np.array([ahead[1], -ahead[0]])

    def at(along: float, across: float = 0.0):  # type: ignore[no-untyped-def]
        shift = along * ahead + across * side
        return lambda t: np.column_stack([x(t) + shift[0], np.full(len(t), y) + shift[1]])

    points = {
        "nose": at(4), "left_ear": at(2, 1), "right_ear": at(2, -1), "back": at(0),
        "tail_base": at(-4), "tail_tip": at(-11),
    }  # fmt: skip
    return at(0), points


def mice(setting: Setting, seconds: float, unseen=None, **who):  # type: ignore[no-untyped-def]
    """A recording of mice given as (x of time, y, looking) in cm and degrees."""
    made = {name: mouse(*each) for name, each in who.items()}
    recording = make(
        setting, seconds, {name: path for name, (path, _) in made.items()},
        points={name: points for name, (_, points) in made.items()}, unseen=unseen, length=8,
    )  # fmt: skip
    for name, (first, last) in (unseen or {}).items():
        for place in recording.tracks[name].points.values():
            place[first:last] = np.nan
    return recording


def seated(x: float):  # type: ignore[no-untyped-def]
    return lambda t: np.full(len(t), float(x))


def coming(setting: Setting, begin_s: float, end_s: float, start: float, stop: float):  # type: ignore[no-untyped-def]
    begin, end = (setting.time_of(setting.frame_at(s)) for s in (begin_s, end_s))
    return lambda t: np.interp(t, [begin, end], [start, stop])


def first_frame(values, limit):  # type: ignore[no-untyped-def]
    """The first frame in which a falling distance is below the limit."""
    return int(np.argmax(values < limit - 1e-7))


@every_setting
def test_noses_meet_when_they_are_less_than_the_limit_apart(setting: Setting) -> None:
    # a walks to b, face to face: 20 cm between the noses shrink to 2 from second 1 to second 4
    recording = mice(
        setting, 6, a=(coming(setting, 1, 4, 0, 18), 0, 0), b=(seated(28), 0, 180),
        c=(seated(28), 60, 180),
    )  # fmt: skip
    gap = 20 - np.interp(
        recording.time_s, [setting.time_of(setting.frame_at(s)) for s in (1, 4)], [0, 18]
    )
    for limit in (2.5, 5.0):
        found = nose_contact(recording, "a", "b", limit * setting.unit)
        assert spans(found) == [(first_frame(gap, limit), recording.n_frames)]
        assert found.start_s[0] == setting.time_of(found.start_frame[0])
        assert spans(nose_contact(recording, "b", "a", limit * setting.unit)) == spans(found)
    assert nose_contact(recording, "a", "b", 2 * setting.unit).count == 0  # strictly less
    assert nose_contact(recording, "a", "c", 5 * setting.unit).count == 0
    found = nose_contact(recording, "a", "b")
    assert spans(found) == [
        (first_frame(gap, 2.5 if setting.calibrated else 2.4), recording.n_frames)
    ]
    assert ("noses < 2.5 cm" in found.definition) == setting.calibrated
    assert ("(0.3 body lengths)" in found.definition) != setting.calibrated


@every_setting
def test_a_nose_at_a_tail_base_is_ordered_and_survives_short_gaps_alone(setting: Setting) -> None:
    hidden = (setting.frame_at(3), setting.frame_at(3) + 3)
    recording = mice(
        setting, 5, a=(coming(setting, 0, 2, 0, 11), 0, 0), b=(seated(20), 0, 0),
        c=(seated(20), 50, 0), unseen={"b": hidden},
    )  # fmt: skip
    gap = 12 - np.interp(recording.time_s, [0, setting.time_of(setting.frame_at(2))], [0, 11])
    start = first_frame(gap, 2.5)
    found = nose_to_tail(recording, "a", "b", 2.5 * setting.unit)
    assert spans(found) == [(start, recording.n_frames)]
    strict = nose_to_tail(recording, "a", "b", 2.5 * setting.unit, max_gap_frames=2)
    assert spans(strict) == [(start, hidden[0]), (hidden[1], recording.n_frames)]
    assert (~strict).mask().sum() == start  # unseen is neither
    assert nose_to_tail(recording, "b", "a", 2.5 * setting.unit).count == 0
    assert nose_to_tail(recording, "a", "c", 2.5 * setting.unit).count == 0
    assert nose_to_tail(recording, "a", "b", 2.5 * setting.unit, min_duration_s=9).count == 0


@every_setting
def test_a_nose_is_at_the_nearer_ear_or_anywhere_along_the_body(setting: Setting) -> None:
    # a comes from below, looking up, to b's side 2 cm in front of its middle: under its right ear
    recording = mice(
        setting, 6, a=(seated(22), 30, 90), b=(seated(20), 0, 0), c=(seated(80), 0, 0)
    )  # fmt: skip
    depth = np.interp(recording.time_s, [0, setting.time_of(setting.frame_at(3))], [26, 2])
    for name, place in recording.tracks["a"].points.items():
        if name == "nose":
            place[:, 1] = depth * setting.px_per_cm
    ear = nose_to_ear(recording, "a", "b", 1.7 * setting.unit)
    assert spans(ear) == [(first_frame(depth - 1, 1.7), recording.n_frames)]
    body = nose_to_body(recording, "a", "b", 2.5 * setting.unit)
    assert spans(body) == [(first_frame(depth, 2.5), recording.n_frames)]
    assert nose_to_body(recording, "b", "a", 1.0 * setting.unit).count == 0
    assert nose_to_ear(recording, "a", "c", 5 * setting.unit).count == 0


def test_beyond_its_ends_the_body_is_as_far_as_its_nose_or_tail_base() -> None:
    recording = mice(
        SETTINGS[0], 1, a=(seated(0), 0, 0), b=(seated(12), 3, 180), c=(seated(0), 9, 0)
    )
    # a's nose at (4, 0); b from nose (8, 3) to tail base (16, 3)
    assert nose_to_body(recording, "a", "b", 5.001).count == 1
    assert nose_to_body(recording, "a", "b", 5).count == 0


@every_setting
def test_any_two_points_touch_but_the_tail_does_not(setting: Setting) -> None:
    # a's nose comes to b's tail: its tip (7 cm behind the base) does not count
    recording = mice(
        setting, 5, a=(coming(setting, 0, 4, 0, 16), 0, 0), b=(seated(25), 0, 0),
        c=(seated(25), 50, 0),
    )  # fmt: skip
    gap = 17 - np.interp(recording.time_s, [0, setting.time_of(setting.frame_at(4))], [0, 16])
    found = touch(recording, "a", "b", 2 * setting.unit)
    assert spans(found) == [(first_frame(gap, 2), recording.n_frames)]
    assert closest_distance(recording, "a", "b") == pytest.approx(gap * setting.unit)
    with_tail = touch(
        recording, "a", "b", 2 * setting.unit, points_a=["nose"], points_b=["tail_tip"]
    )
    tip = np.abs(gap - 7)
    inside = tip < 2 - 1e-7
    assert with_tail.mask().tolist() == inside.tolist() and with_tail.count == 1
    assert touch(recording, "c", "a", 2 * setting.unit).count == 0
    with pytest.raises(QueryError, match="as a list"):
        touch(recording, "a", "b", 2, points_a="nose")  # type: ignore[arg-type]


@every_setting
def test_side_by_side_tells_which_way_they_look(setting: Setting) -> None:
    recording = mice(
        setting, 6, a=(coming(setting, 1, 4, -20, 0), 0, 0), b=(seated(0), 3, 0),
        c=(seated(0), -3, 180),
    )  # fmt: skip
    ahead = np.interp(
        recording.time_s, [setting.time_of(setting.frame_at(s)) for s in (1, 4)], [20, 0]
    )
    start = first_frame(np.hypot(ahead, 3), 5.26)
    limit = 5.26 * setting.unit
    same = side_by_side(recording, "a", "b", limit, way="same")
    assert spans(same) == [(start, recording.n_frames)]
    assert side_by_side(recording, "a", "b", limit, way="opposite").count == 0
    opposite = side_by_side(recording, "c", "a", limit, way="opposite")
    assert spans(opposite) == spans(side_by_side(recording, "a", "c", limit)) == spans(same)
    assert side_by_side(recording, "a", "c", limit, way="same").count == 0
    assert side_by_side(recording, "b", "c", 5 * setting.unit).count == 0  # 6 cm apart
    with pytest.raises(QueryError, match='not "parallel"'):
        side_by_side(recording, "a", "b", way="parallel")


@every_setting
def test_watching_is_a_band_of_distance_and_a_narrow_angle(setting: Setting) -> None:
    recording = mice(
        setting, 5, a=(seated(0), 0, 0), b=(coming(setting, 0, 4, 60, 5), 0, 180),
        c=(seated(40), 12, 0),
    )  # fmt: skip
    apart = np.interp(recording.time_s, [0, setting.time_of(setting.frame_at(4))], [60, 5])
    found = watching(recording, "a", "b", 10 * setting.unit, 40 * setting.unit)
    inside = (apart >= 10 - 1e-7) & (apart <= 40 + 1e-7)
    assert found.mask().tolist() == inside.tolist() and found.count == 1
    by_lengths = watching(recording, "a", "b")  # 8 to 40 cm
    inside = (apart >= 8 - 1e-7) & (apart <= 40 + 1e-7)
    assert by_lengths.mask().tolist() == inside.tolist()
    assert "(1 body lengths) to" in by_lengths.definition
    # c is 16.7 degrees off
    assert watching(recording, "a", "c", 1, 99 * setting.unit).count == 0
    assert watching(recording, "a", "c", 1, 99 * setting.unit, 17).percent == pytest.approx(100)
    assert watching(recording, "c", "a", 1, 99 * setting.unit).count == 0  # looks away
    with pytest.raises(QueryError, match="min_distance < max_distance"):
        watching(recording, "a", "b", 9, 9)


def test_without_an_outline_the_head_looks_from_the_nearest_point_behind_to_the_nose() -> None:
    recording = mice(
        SETTINGS[0], 1, a=(seated(0), 0, 0), b=(seated(30), 0, 90), c=(seated(0), 30, 0)
    )
    assert np.isnan(recording.heading_deg("a")).all()
    assert head_angle(recording, "a", "b") == pytest.approx(np.zeros(25), abs=1e-9)
    assert head_angle(recording, "b", "a") == pytest.approx(np.full(25, 90.0))
    assert facing(recording, "a", "b").percent == pytest.approx(100)


def test_a_point_is_named_by_its_role_whatever_the_lab_called_it() -> None:
    place = np.zeros((3, 2))
    theirs = {"B_Nose": np.tile([3.0, 4.0], (3, 1)), "TailBase": np.tile([0.0, 9.0], (3, 1))}
    points = {"a": {"Snout": place}, "b": theirs}
    recording = Recording.synthetic({"a": place - 50, "b": place + 50, "c": place}, points=points)
    assert near(recording, "a", "b", 5, "nose", "nose").percent == pytest.approx(100)
    assert nose_contact(recording, "a", "b", 5.1).percent == pytest.approx(100)
    assert nose_to_tail(recording, "a", "b", 9.1).percent == pytest.approx(100)
    with pytest.raises(QueryError, match='b has no body point "left_ear"'):
        nose_to_ear(recording, "a", "b", 5)


def test_defaults_made_for_mice_are_in_body_lengths_for_flies() -> None:
    along = (("a", 0), ("b", 30), ("c", 900))
    paths = {name: np.tile([float(x), 0.0], (3, 1)) for name, x in along}
    noses = {name: {"nose": path} for name, path in paths.items()}
    fly = Recording.synthetic(paths, points=noses, px_per_cm=100, length=25)
    assert nose_contact(fly, "a", "b").count == 0  # 3 mm apart, 2.5 mm long
    assert "< 0.075 cm (0.3 body lengths)" in nose_contact(fly, "a", "b").definition
    mouse_like = Recording.synthetic(paths, points=noses, px_per_cm=100, length=800)
    assert nose_contact(mouse_like, "a", "b").count == 1
    bare = Recording.synthetic(paths, points=noses, px_per_cm=100)
    assert "noses < 2.5 cm" in nose_contact(bare, "a", "b").definition


def test_what_a_recording_lacks_is_said() -> None:
    paths = {name: np.zeros((3, 2)) + i for i, name in enumerate(NAMES)}
    bare = Recording.synthetic(paths)
    for behaviour in (nose_contact, nose_to_tail, nose_to_ear, nose_to_body, side_by_side):
        with pytest.raises(QueryError, match=r"no body point|Give max_distance"):
            behaviour(bare, "a", "b")
        with pytest.raises(QueryError, match="both are a"):
            behaviour(bare, "a", "a")
    noses = {name: {"nose": np.zeros((3, 2))} for name in NAMES}
    with pytest.raises(QueryError, match="Give max_distance in px"):
        nose_contact(Recording.synthetic(paths, points=noses), "a", "b")


def test_mabe_contacts_of_three_real_mice_are_exact(shared_data: Path) -> None:
    poses = read_mabe(shared_data / MICE3)
    recording = Recording.synthetic(
        {name: points["centre"] for name, points in poses.items()}, points=poses, fps=30
    )
    exactly = {"max_distance": 15, "max_gap_frames": 0}
    oral = [nose_contact(recording, a, b, **exactly) for a, b in combinations(poses, 2)]
    genital = [nose_to_tail(recording, a, b, **exactly) for a, b in permutations(poses, 2)]
    assert sum(int(bouts.mask().sum()) for bouts in oral) == 222
    assert int(np.any([bouts.mask() for bouts in oral], axis=0).sum()) == 217
    assert sum(int(bouts.mask().sum()) for bouts in genital) == 287
    assert int(np.any([bouts.mask() for bouts in genital], axis=0).sum()) == 285
    # noses exactly 15 px apart, in 2 frames, are not less than 15 apart: at most would say 224
    at_most = [
        near(recording, a, b, 15, "nose", "nose", max_gap_frames=0)
        for a, b in combinations(poses, 2)
    ]
    assert sum(int(bouts.mask().sum()) for bouts in at_most) == 224


def test_by_default_mabe_contacts_differ_only_in_short_unseen_stretches(shared_data: Path) -> None:
    poses = read_mabe(shared_data / MICE3)
    recording = Recording.synthetic(
        {name: points["centre"] for name, points in poses.items()}, points=poses, fps=30
    )
    for a, b in permutations(poses, 2):
        bridged = nose_to_tail(recording, a, b, 15).mask()
        exact = nose_to_tail(recording, a, b, 15, max_gap_frames=0).mask()
        both = recording.seen(a) & recording.seen(b)
        assert (bridged & both).tolist() == exact.tolist()


@every_setting
def test_a_nose_reaches_an_outline_at_the_edge_of_its_pixels(setting: Setting) -> None:
    x = np.array([50.0, 32.5, 30.5, 22.0, np.nan, 20.0])
    nose = np.column_stack([x, np.full(6, 20.0)])
    centres = {"b": np.tile([20, 20], (6, 1)), "c": np.tile([90, 20], (6, 1))}
    recording = Recording.synthetic(
        {"a": nose + 15, **{name: place.astype(float) for name, place in centres.items()}},
        fps=setting.fps, px_per_cm=setting.px_per_cm if setting.calibrated else None,
        points={"a": {"nose": nose}}, masks=discs(centres, radius=10),
    )  # fmt: skip
    expected = np.array([19.5, 2, 0, 0, np.nan, 0])  # the disc's last pixel ends at x = 30.5
    scale = 1 / setting.px_per_cm if setting.calibrated else 1
    found = distance_to_outline(recording, "a", "b")
    assert found == pytest.approx(expected * scale, nan_ok=True)
    assert distance_to_outline(recording, "a", "c")[0] == pytest.approx(29.5 * scale)
    corner = distance_to_outline(recording, "b", "c", "centre")
    assert corner == pytest.approx(np.full(6, 59.5 * scale))
    with pytest.raises(QueryError, match="no outlines of a"):
        distance_to_outline(recording, "b", "a", "centre")


def test_the_distance_to_an_outline_is_the_least_over_all_its_pixels() -> None:
    rng = np.random.default_rng(2)
    centres = {"b": rng.integers(20, 60, (40, 2)), "c": rng.integers(20, 60, (40, 2))}
    places = rng.uniform(0, 80, (40, 2))
    recording = Recording.synthetic(
        {"a": places, **{name: place.astype(float) for name, place in centres.items()}},
        masks=discs(centres, radius=6),
    )
    y, x = np.mgrid[-6:7, -6:7]
    inside = x**2 + y**2 <= 36
    pixels = centres["b"][:, None] + np.column_stack([x[inside], y[inside]])
    beside = np.maximum(np.abs(places[:, None] - pixels) - 0.5, 0)
    slow = np.hypot(*beside.transpose(2, 0, 1)).min(axis=1)
    assert distance_to_outline(recording, "a", "b", "centre") == pytest.approx(slow)
