"""What social measures refuse, what they say about themselves, and what they leave unknown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np
import pytest

from llm_query.bouts import Bouts
from llm_query.errors import QueryError
from llm_query.outlines import Outlines
from llm_query.recording import Recording
from llm_query.social.contacts import contact, facing, head_angle, near, nearest_neighbour_distance
from llm_query.social.encounters import nose_contact, nose_to_body, nose_to_ear, watching
from llm_query.social.groups import relative_angle, relative_speed
from llm_query.social.huddles import huddle
from llm_query.social.meetings import leave, make_contact, touch
from llm_query.social.pursuit import approach, chase, follow
from llm_query.social.social_table import social_measures

FRAMES = 150


def scene(**given: Any) -> Recording:
    """a walks up to b and back at 12 cm/s, b rests, c lies beside b; 80 px of body each."""
    x = 12 * np.abs(np.arange(FRAMES) - 75) / 30 * 10
    places = {
        "a": np.column_stack([x, np.full(FRAMES, 100.0)]),
        "b": np.tile([-30.0, 100.0], (FRAMES, 1)),
        "c": np.tile([-60.0, 120.0], (FRAMES, 1)),
    }
    ahead = np.array([20.0, 0.0])
    points = {
        name: {"nose": place + ahead, "tail_base": place - ahead,
               "left_ear": np.add(place, [12, 5]),
               "right_ear": np.add(place, [12, -5])}
        for name, place in places.items()
    }  # fmt: skip
    frames = np.arange(FRAMES)
    sizes = np.tile([60, 20], (FRAMES, 1))
    masks = {
        name: Outlines.rectangles(np.column_stack([place - [30, 10], sizes]).astype(int), frames)
        for name, place in places.items()
    }
    heading = {name: np.zeros(FRAMES) for name in places}
    return Recording.synthetic(
        places, px_per_cm=10, points=points, length=80, masks=masks, heading_deg=heading, **given
    )


@pytest.mark.parametrize("wrong", [-1, float("nan"), "3"])
@pytest.mark.parametrize(
    ("behaviour", "name"),
    [
        (facing, "max_angle_deg"), (watching, "max_angle_deg"), (follow, "max_angle_deg"),
        (chase, "max_path_distance"), (follow, "path_s"), (contact, "max_gap"),
        (contact, "merge_gap_s"), (contact, "min_duration_s"), (near, "max_gap_frames"),
        (near, "min_duration_s"), (make_contact, "within_s"), (make_contact, "min_contact_s"),
        (leave, "within_s"), (leave, "min_farther"), (leave, "min_parting_speed"),
        (approach, "min_closing_speed"), (approach, "min_closer"), (approach, "merge_gap_s"),
    ],
)  # fmt: skip
def test_a_limit_below_zero_or_that_is_no_number_is_refused_in_one_line(
    behaviour: Callable[..., Bouts], name: str, wrong: object
) -> None:
    with pytest.raises(QueryError, match=f"^{name} is .* from 0, not .*\\.$") as refused:
        behaviour(scene(), "a", "b", **{name: wrong})
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("wrong", [-0.5, float("nan"), float("inf")])
def test_a_window_that_is_no_length_of_time_is_refused(wrong: float) -> None:
    for behaviour in (approach, follow, chase, leave, make_contact):
        with pytest.raises(QueryError, match="window_s is a length of time"):
            behaviour(scene(), "a", "b", window_s=wrong)
    with pytest.raises(QueryError, match="window_s is a length of time"):
        huddle(scene(), window_s=wrong)


@pytest.mark.parametrize(
    ("behaviour", "given", "said"),
    [
        (approach, {"window_s": 0.3}, "velocities over 0.3 s"),
        (approach, {"min_closing_speed": 3}, "shrinks at >= 3 cm/s"),
        (approach, {"min_closer": 1.5}, "by >= 1.5 cm in all"),
        (approach, {}, "by >= 0.8 cm (0.1 body lengths) in all"),
        (approach, {"merge_gap_s": 0.4}, "interruptions up to 0.4 s joined"),
        (approach, {"min_duration_s": 0.4}, "for at least 0.4 s"),
        (approach, {"max_gap_frames": 7}, "over gaps of at most 7 frames"),
        (leave, {"window_s": 0.3}, "velocities over 0.3 s"),
        (leave, {"min_parting_speed": 3}, "grows at >= 3 cm/s"),
        (leave, {"within_s": 0.7}, "at most 0.7 s after contact"),
        (make_contact, {"window_s": 0.3}, "velocities over 0.3 s"),
        (make_contact, {"min_contact_s": 0.3}, "of at least 0.3 s with interruptions up to 0.05 s"),
        (follow, {"window_s": 0.3}, "velocities over 0.3 s"),
        (chase, {"window_s": 0.3}, "velocities over 0.3 s"),
        (contact, {"min_duration_s": 0.3}, "for at least 0.3 s"),
        (contact, {"merge_gap_s": 0.3}, "interruptions up to 0.3 s joined"),
        (near, {"max_gap_frames": 0}, "over gaps of at most 0 frames"),
    ],
)
def test_a_definition_says_every_limit_that_changes_the_bouts(
    behaviour: Callable[..., Bouts], given: dict[str, float], said: str
) -> None:
    assert said in behaviour(scene(), "a", "b", **given).definition


def test_a_huddle_says_the_window_of_its_speeds() -> None:
    assert "relative speed < 2 cm/s over 0.7 s" in huddle(scene(), window_s=0.7).definition


def test_a_huddle_is_the_same_in_whatever_order_the_animals_stand() -> None:
    t = np.arange(120) / 30
    paths = {
        "big": np.tile([100.0, 100.0], (120, 1)),
        "small": np.column_stack([120 + 15 * t, np.full(120, 100.0)]),
        "pup": np.tile([400.0, 100.0], (120, 1)),
    }
    lengths = {"big": 100.0, "small": 40.0, "pup": 20.0}
    found = []
    for order in permutations(paths):
        bare = Recording.synthetic({name: paths[name] for name in order})
        tracks = {
            name: replace(track, length=np.full(120, lengths[name]))
            for name, track in bare.tracks.items()
        }
        lain = huddle(replace(bare, tracks=tracks))
        found.append((lain.definition, *(lain.only(n).mask().tolist() for n in sorted(paths))))
    assert all(each == found[0] for each in found)
    # 70 px and 17.5 px/s for big and small; 15 px/s from 20 px apart reaches 70 px after 3.33 s
    assert sum(found[0][1]) == sum(found[0][3]) == 100 and sum(found[0][2]) == 0
    assert "centres < 30 to 70 px (1 body length, the mean of both) apart" in found[0][0]
    assert "relative speed < 7.5 to 17.5 px/s (0.25 body lengths/s" in found[0][0]


def hide(recording: Recording, animal: str, points: dict[str, slice]) -> Recording:
    track = recording.tracks[animal]
    places = {name: np.array(place) for name, place in track.points.items()}
    for name, frames in points.items():
        places[name][frames] = np.nan
    return replace(recording, tracks={**recording.tracks, animal: replace(track, points=places)})


def test_a_hidden_point_that_could_be_near_leaves_it_unknown_and_one_far_away_does_not() -> None:
    still = np.zeros((60, 2))
    body = {"nose": np.add(still, [20, 0]), "tail_base": still - [20, 0]}
    ears = {"left_ear": np.add(still, [60, 5]), "right_ear": np.add(still, [60, -5])}
    other = {"nose": np.add(still, [70, 0]), "tail_base": np.add(still, [110, 0]), **ears}
    recording = Recording.synthetic(
        {"a": still, "b": np.add(still, [90, 0])}, points={"a": body, "b": other}, length=40,
    )  # fmt: skip
    # the nose is 40 px from either ear, farther than 12 px, but the hidden one is somewhere there
    hidden = hide(recording, "b", {"left_ear": slice(20, 40)})
    for behaviour in (nose_to_ear, touch, nose_to_body):
        assert not behaviour(recording, "a", "b").unknown
    unknown = nose_to_ear(hidden, "a", "b").unknown["a", "b"]
    assert np.flatnonzero(unknown).tolist() == list(range(20, 40))
    assert np.flatnonzero(touch(hidden, "a", "b").unknown["a", "b"]).tolist() == list(range(20, 40))
    far = Recording.synthetic(
        {"a": still, "b": np.add(still, [390, 0])}, length=40,
        points={"a": body, "b": {name: np.add(place, [300, 0]) for name, place in other.items()}},
    )  # fmt: skip
    assert not nose_to_ear(hide(far, "b", {"left_ear": slice(20, 40)}), "a", "b").unknown
    close = nose_to_ear(hidden, "a", "b", 45)  # the ear that is seen is enough
    assert close.total_s == pytest.approx(2.0) and not close.unknown


def test_the_table_has_a_number_for_everything_between_two_animals() -> None:
    recording = scene()
    table = social_measures(recording).set_index(["subject", "target"])
    row = table.loc[("a", "b")]
    assert row["relative_speed_mean_cm_s"] == pytest.approx(
        relative_speed(recording, "a", "b").mean()
    )
    assert row["relative_speed_mean_cm_s"] == pytest.approx(12)
    assert row["closing_speed_mean_cm_s"] == pytest.approx(0, abs=0.2)  # up to it and back
    assert row["relative_angle_mean_deg"] == relative_angle(recording, "a", "b").mean() == 0
    assert row["head_angle_mean_deg"] == head_angle(recording, "a", "b").mean() == 180
    assert table.loc[("b", "a"), "head_angle_mean_deg"] == 0
    assert row["nearest_fraction"] == 1.0  # c is always farther from a
    assert table.loc[("b", "c"), "nearest_fraction"] == pytest.approx(
        (nearest_neighbour_distance(recording, "b") == np.hypot(3, 2)).mean()
    )
    assert table.loc[("b", "c"), "huddle_count"] == table.loc[("c", "b"), "huddle_count"] == 1
    assert table.loc[("b", "c"), "huddle_s"] == pytest.approx(5.0)
    assert row["huddle_count"] == 0


def test_of_an_animal_that_is_never_seen_the_table_says_nothing_rather_than_zero() -> None:
    recording = scene()
    gone = replace(
        recording.tracks["c"],
        points={n: np.full((FRAMES, 2), np.nan) for n in recording.tracks["c"].points},
        heading_deg=np.full(FRAMES, np.nan),
    )
    recording = replace(recording, tracks={**recording.tracks, "c": gone}, masks={})
    table = social_measures(recording).set_index(["subject", "target"])
    numbers = table.select_dtypes("number").drop(columns="tracked_fraction")
    assert (
        numbers.loc[[("a", "c"), ("c", "b")]].drop(columns="nearest_fraction").isna().all(axis=None)
    )
    assert table.loc[("a", "c"), "nearest_fraction"] == 0  # b is seen, c never is the nearest
    assert np.isnan(table.loc[("c", "a"), "nearest_fraction"])
    assert numbers.loc[("a", "b")].notna().all()
    assert nose_contact(recording, "a", "c").unknown["a", "c"].all()
