"""Animals and each other: distances, near, contact, facing, approach, follow, chase."""

from fractions import Fraction

import numpy as np
import pytest
from known import Setting, every_setting, make, still, straight
from outline_samples import discs

from llm_query.errors import QueryError
from llm_query.geometry import Region
from llm_query.recording import Recording
from llm_query.social.contacts import (
    closing_speed,
    contact,
    distance_between,
    facing,
    gap_between,
    head_angle,
    near,
    nearest_neighbour,
    nearest_neighbour_distance,
)
from llm_query.social.pursuit import approach, chase, follow, path_distance

NTSC = Fraction(30000, 1001)


def line(x, y=0.0):
    x = np.asarray(x, dtype=float)
    return np.column_stack([x, np.where(np.isnan(x), np.nan, y)])


def spans(bouts):
    return list(zip(bouts.start_frame.tolist(), bouts.stop_frame.tolist(), strict=True))


def test_distances_and_the_nearest_of_three_with_gaps():
    a, b, c = line([0, 0, 0, 0]), line([30, 30, np.nan, np.nan]), line([-40, 20, 50, np.nan])
    recording = Recording.synthetic({"a": a, "b": b, "c": c}, px_per_cm=10)
    assert distance_between(recording, "a", "b")[:2].tolist() == [3, 3]
    assert nearest_neighbour_distance(recording, "a")[:3].tolist() == [3, 2, 5]  # never a mean
    assert np.isnan(nearest_neighbour_distance(recording, "a")[3])
    assert nearest_neighbour(recording, "a").tolist() == ["b", "c", "c", None]
    assert np.isnan(nearest_neighbour_distance(recording, "b")[2:]).all()


def test_two_points_of_one_animal_have_a_distance_but_one_point_has_none_to_itself():
    points = {"a": {"nose": line([3, 3], 4.0), "tail": line([0, 0])}}
    recording = Recording.synthetic({"a": line([1, 1])}, points=points)
    assert distance_between(recording, "a", "a", "nose", "tail").tolist() == [5, 5]
    with pytest.raises(QueryError, match="two animals"):
        distance_between(recording, "a", "a")
    with pytest.raises(QueryError, match="alone"):
        nearest_neighbour_distance(recording, "a")


def test_near_is_exact_and_an_absent_animal_is_not_near():
    x = np.concatenate([np.linspace(100, 10, 10), [np.nan] * 5, np.linspace(20, 110, 10)])
    recording = Recording.synthetic(
        {"a": line(np.zeros(25)), "b": line(x), "c": line(x + 500)}, fps=NTSC
    )
    found = near(recording, "a", "b", 50)
    assert spans(found) == [(5, 10), (15, 19)] and found.pairs == (("a", "b"),)
    assert found.start_s[0] == pytest.approx(5 * 1001 / 30000)
    assert spans(~found) == [(0, 5), (19, 25)]
    assert near(recording, "a", "c", 50).count == 0


def test_nose_to_nose_uses_the_named_points():
    points = {"a": {"nose": line([5, 5])}, "b": {"nose": line([7, 30])}}
    recording = Recording.synthetic({"a": line([0, 0]), "b": line([100, 100])}, points=points)
    assert spans(near(recording, "a", "b", 2.5, "nose", "nose")) == [(0, 1)]


def test_near_defaults_to_two_body_lengths_and_says_so():
    recording = Recording.synthetic({"a": line([0, 0]), "b": line([79, 81])}, length=40)
    found = near(recording, "a", "b")
    assert spans(found) == [(0, 1)] and "80 px (2 body lengths)" in found.definition


def test_contact_is_the_gap_of_outlines_and_merges_only_when_asked():
    centres = {
        "a": np.tile([20, 20], (8, 1)),
        "b": np.array([[x, 20] for x in (50, 42, 41, 47, 41, 50, 50, 41)]),
    }
    masks = discs(centres, radius=10)  # a disc of radius 10 covers 21 pixels
    recording = Recording.synthetic(
        {k: v.astype(float) for k, v in centres.items()}, fps=10, masks=masks
    )
    found = contact(recording, "a", "b")
    assert spans(found) == [(1, 3), (4, 5), (7, 8)]
    assert found.definition == "gap of outlines <= 2 px"
    assert spans(contact(recording, "a", "b", max_gap=0)) == [(2, 3), (4, 5), (7, 8)]
    assert spans(contact(recording, "a", "b", merge_gap_s=0.1)) == [(1, 5), (7, 8)]
    assert spans(contact(recording, "a", "b", min_duration_s=0.2)) == [(1, 3)]
    in_cm = Recording.synthetic(
        {k: v.astype(float) for k, v in centres.items()}, fps=10, masks=masks, px_per_cm=30
    )
    assert spans(contact(in_cm, "a", "b")) == [(1, 5), (7, 8)]  # 0.2 cm are 6 px


def test_contact_without_outlines_offers_near():
    recording = Recording.synthetic({"a": line([0, 0]), "b": line([1, 1])})
    with pytest.raises(QueryError, match=r"no outlines of a.*near\("):
        contact(recording, "a", "b")


def test_facing_takes_both_sides_and_wraps():
    around = np.radians(np.arange(0, 360, 10))
    b = 50 + 20 * np.column_stack([np.cos(around), -np.sin(around)])
    recording = Recording.synthetic(
        {"a": np.full((36, 2), 50.0), "b": b},
        heading_deg={"a": np.full(36, 170.0), "b": np.zeros(36)},
        regions=[Region("feeder", "point", np.array([[0, 50]]))],
    )
    bearings = np.arange(36) * 10
    assert facing(recording, "a", "b").mask().sum() == 7
    assert bearings[facing(recording, "a", "b").mask()].tolist() == [
        140,
        150,
        160,
        170,
        180,
        190,
        200,
    ]
    assert head_angle(recording, "a", "b")[[0, 17, 35]] == pytest.approx([170, 0, 180])
    at_feeder = facing(recording, "a", "feeder", 10)
    assert at_feeder.percent == pytest.approx(100) and at_feeder.pairs == (("a", None),)
    with pytest.raises(QueryError, match="neither an animal"):
        facing(recording, "a", "water")


def test_up_on_the_screen_is_90_degrees():
    recording = Recording.synthetic(
        {"a": line([0], 50.0), "b": line([0], 10.0)}, heading_deg={"a": np.array([90.0])}
    )
    assert head_angle(recording, "a", "b").tolist() == [0]


def test_closing_speed_is_positive_while_they_come_closer():
    t = np.arange(30) / 30
    recording = Recording.synthetic({"a": line(60 * t), "b": line(200 - 30 * t)}, fps=30)
    for window_s in (0, 0.2):
        assert closing_speed(recording, "a", "b", window_s) == pytest.approx(np.full(30, 90.0))


def test_an_approach_is_by_the_faster_one_and_within_reach():
    t = np.arange(120) / 30
    a, b = line(100 * np.minimum(t, 3)), line(np.full(120, 350.0))
    recording = Recording.synthetic(
        {"a": a, "b": b, "c": line(2000 - 100 * t)}, fps=30, px_per_cm=10, length=60
    )
    found = approach(recording, "a", "b")
    assert found.count == 1 and found.pairs == (("a", "b"),)
    assert found.start_frame[0] == 69  # at 350 - 12 cm
    assert found.stop_frame[0] == 90
    assert approach(recording, "b", "a").count == 0
    assert approach(recording, "a", "c").count == 0
    assert "within" in found.definition and "2 cm/s" in found.definition


def test_two_resting_animals_with_jitter_never_approach():
    rng = np.random.default_rng(6)
    recording = Recording.synthetic(
        {"a": rng.normal(0, 0.3, (900, 2)), "b": 30 + rng.normal(0, 0.3, (900, 2))},
        fps=30, px_per_cm=10, length=60,
    )  # fmt: skip
    assert approach(recording, "a", "b").total_s < 0.02 * 30


def follower(lag_s, fps=30, px_s=200.0, turn=True):
    """b goes right, then down; a does the same lag_s later; c goes the other way beside them."""
    t = np.arange(4 * fps) / fps

    def way(time_s):
        x = px_s * np.clip(time_s, 0, 2)
        return np.column_stack([x, px_s * np.clip(time_s - 2, 0, None) if turn else 0 * x])

    paths = {"a": way(t - lag_s), "b": way(t), "c": np.column_stack([800 - px_s * t, 20 + 0 * t])}
    return Recording.synthetic(paths, fps=fps, px_per_cm=10, length=80)


def test_a_follower_walks_in_the_leaders_track_and_the_leader_does_not_follow():
    recording = follower(0.5)  # 10 cm behind, on 8 cm long animals
    found = follow(recording, "a", "b")
    assert found.total_s > 2.5 and found.pairs == (("a", "b"),)
    assert follow(recording, "b", "a").count == 0
    assert follow(recording, "a", "c").count == 0 and follow(recording, "c", "b").count == 0
    assert "of its last 0.5 s" in found.definition and "4 cm of" in found.definition


def test_walking_side_by_side_or_far_behind_is_not_following():
    t = np.arange(90) / 30
    paths = {"a": line(200 * t), "b": line(200 * t + 20, 60.0), "c": line(200 * t + 400)}
    recording = Recording.synthetic(paths, fps=30, px_per_cm=10, length=80)
    assert follow(recording, "a", "b").count == 0  # 6 cm beside its path
    assert follow(recording, "a", "c").count == 0  # 40 cm behind
    assert follow(recording, "a", "b", max_path_distance=7).count == 1


def test_a_chase_is_following_at_a_run():
    walking, running = follower(0.5, turn=False, px_s=100), follower(0.3, turn=False)
    assert follow(walking, "a", "b").count == 1 and chase(walking, "a", "b").count == 0
    assert chase(running, "a", "b").count == 1
    assert chase(walking, "a", "b", min_speed=5).count == 1
    bare = Recording.synthetic({"a": line([0, 1]), "b": line([5, 6])})
    with pytest.raises(QueryError, match="Give min_speed"):
        chase(bare, "a", "b", 10)


def test_the_distance_to_a_path_looks_back_only_so_far():
    t = np.arange(10) / 10
    leader, seated = line(np.arange(10.0)), line(np.zeros(10))
    assert path_distance(seated, leader, t, 0.3)[[0, 3, 9]] == pytest.approx([0, 0, 6])
    assert path_distance(seated, leader, t, 0.0).tolist() == list(range(10))


def test_a_measure_of_two_animals_needs_two():
    recording = Recording.synthetic({"a": line([0, 0]), "b": line([1, 1])})
    with pytest.raises(QueryError, match="both are a"):
        near(recording, "a", "a", 10)
    with pytest.raises(QueryError, match='no animal "z"'):
        near(recording, "a", "z", 10)


@every_setting
def test_distances_and_nearness_of_three_with_a_gap_are_exact(setting: Setting) -> None:
    hidden = (setting.frame_at(2), setting.frame_at(2) + 6)
    recording = make(
        setting, 5, {"a": still(0, 0), "b": straight(40, 0, -8), "c": still(0, 20.3)},
        unseen={"b": hidden}, length=8,
    )  # fmt: skip
    seen = np.ones(recording.n_frames, dtype=bool)
    seen[slice(*hidden)] = False
    truth = np.abs(40 - 8 * recording.time_s)  # cm from a to b
    found = distance_between(recording, "a", "b") / setting.unit
    assert found[seen] == pytest.approx(truth[seen]) and np.isnan(found[~seen]).all()
    assert distance_between(recording, "b", "a").tolist() == pytest.approx(
        (found * setting.unit).tolist(), nan_ok=True
    )
    assert near(recording, "a", "b").mask().tolist() == ((truth <= 16 + 1e-7) & seen).tolist()
    assert near(recording, "a", "b").start_frame.tolist() == [setting.frame_at(3)]
    wide = near(recording, "a", "b", 30 * setting.unit)
    begin = setting.frame_at(1.25)
    assert spans(wide) == [(begin, hidden[0]), (hidden[1], recording.n_frames)]
    nearest = nearest_neighbour_distance(recording, "a") / setting.unit
    assert nearest == pytest.approx(np.where(seen & (truth < 20.3), truth, 20.3))
    names = nearest_neighbour(recording, "a")
    assert (names == "b").tolist() == (seen & (truth < 20.3)).tolist()
    closing = closing_speed(recording, "a", "b", 0.2) / setting.unit
    assert closing[seen] == pytest.approx(8) and np.isnan(closing[~seen]).all()


@every_setting
def test_facing_begins_when_the_other_comes_into_view(setting: Setting) -> None:
    # b passes in front of a, which looks up; c is right behind a and is never seen
    hidden = (3, 9)
    recording = make(
        setting, 4, {"a": still(0, 0), "b": straight(-20, -10, 10), "c": still(0, 9)},
        unseen={"a": hidden},
        heading_deg={name: lambda t: np.full(len(t), 90.0) for name in "abc"},
        regions={"feeder": ("point", [[0, -30]], "object")},
    )  # fmt: skip
    place = -20 + 10 * recording.time_s
    inside = np.abs(place) <= 10 * np.tan(np.radians(30)) + 1e-7
    angle = np.degrees(np.arctan2(np.abs(place), 10))
    angle[slice(*hidden)] = np.nan
    assert head_angle(recording, "a", "b") == pytest.approx(angle, nan_ok=True)
    assert facing(recording, "a", "b").mask().tolist() == inside.tolist()
    assert facing(recording, "a", "c").count == 0
    assert spans(facing(recording, "c", "a")) == [(0, 3), (9, recording.n_frames)]
    assert spans(facing(recording, "a", "feeder")) == [(0, 3), (9, recording.n_frames)]
    assert (~facing(recording, "a", "c")).mask().sum() == recording.n_frames - 6


@every_setting
def test_contact_of_outlines_and_the_gap_between_them_in_every_setting(setting: Setting) -> None:
    x = np.array([60, 50, 43, 42, 41, 39, 39, 43, 45, 60])
    centres = {
        "a": np.tile([20, 20], (10, 1)), "b": np.column_stack([x, np.full(10, 20)]),
        "c": np.tile([200, 20], (10, 1)),
    }  # fmt: skip
    recording = Recording.synthetic(
        {name: place.astype(float) for name, place in centres.items()}, fps=setting.fps,
        px_per_cm=setting.px_per_cm if setting.calibrated else None,
        masks=discs(centres, radius=10),
    )  # fmt: skip
    gap = np.maximum(x - 41, 0)  # free pixels between discs of 21
    scale = 1 / setting.px_per_cm if setting.calibrated else 1
    assert gap_between(recording, "a", "b") == pytest.approx(gap * scale)
    limit = 0.2 * setting.px_per_cm if setting.calibrated else 2
    touching = np.flatnonzero(gap <= limit + 1e-9)
    found = contact(recording, "b", "a")
    assert spans(found) == [(touching[0], touching[-1] + 1)]
    assert found.total_s == pytest.approx(setting.time_of(len(touching)))
    assert contact(recording, "a", "c").count == 0
