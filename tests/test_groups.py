"""Groups: middle, spread, polarisation, relative motion, isolation, huddles, every ordered pair."""

from __future__ import annotations

import numpy as np
import pytest
from known import SETTINGS, Setting, every_setting, make, still, straight
from outline_samples import discs

from llm_query.errors import QueryError
from llm_query.recording import Recording
from llm_query.social.contacts import contact, near
from llm_query.social.groups import (
    group_centre,
    group_spread,
    isolated,
    polarisation,
    relative_angle,
    relative_speed,
)
from llm_query.social.huddles import huddle, huddle_groups, huddle_size
from llm_query.social.pursuit import approach
from llm_query.social.social_table import social_measures


def legs(setting: Setting, *stops: tuple[float, float, float]):  # type: ignore[no-untyped-def]
    """A path through (seconds, x cm, y cm), each at the first frame at or after its time."""
    times = [setting.time_of(setting.frame_at(seconds)) for seconds, _, _ in stops]
    return lambda t: np.column_stack(
        [np.interp(t, times, [stop[axis] for stop in stops]) for axis in (1, 2)]
    )


def spans(bouts):  # type: ignore[no-untyped-def]
    return list(zip(bouts.start_frame.tolist(), bouts.stop_frame.tolist(), strict=True))


@every_setting
def test_relative_speed_and_angle_of_two_walkers_and_a_gap(setting: Setting) -> None:
    hidden = (setting.frame_at(1), setting.frame_at(2))
    recording = make(
        setting, 3, {"a": straight(0, 0, 3, 0), "b": straight(9, 9, 0, 4), "c": still(50, 50)},
        unseen={"b": hidden},
        heading_deg={
            "a": lambda t: np.full(len(t), 170.0), "b": lambda t: np.full(len(t), -160.0),
            "c": lambda t: np.full(len(t), -10.0),
        },
    )  # fmt: skip
    seen = np.ones(recording.n_frames, dtype=bool)
    seen[slice(*hidden)] = False
    speed = relative_speed(recording, "a", "b")
    assert speed[seen] == pytest.approx(np.full(seen.sum(), 5 * setting.unit))
    assert np.isnan(speed[~seen]).all()
    assert relative_speed(recording, "a", "c", 0.5) == pytest.approx(3 * setting.unit)
    assert relative_angle(recording, "a", "b") == pytest.approx(30)
    assert relative_angle(recording, "a", "b", signed=True) == pytest.approx(30)
    assert relative_angle(recording, "b", "a", signed=True) == pytest.approx(-30)
    assert relative_angle(recording, "a", "c", signed=True) == pytest.approx(180)
    assert relative_angle(recording, "c", "a", signed=True) == pytest.approx(180)


@every_setting
def test_the_middle_and_the_spread_of_a_group_with_one_absent(setting: Setting) -> None:
    hidden = (5, 9)
    recording = make(
        setting, 1, {"a": still(0, 0), "b": still(6, 0), "c": still(0, 8)}, unseen={"c": hidden}
    )
    unit, one = setting.unit, np.zeros(recording.n_frames, dtype=bool)
    one[5:9] = True
    assert group_centre(recording)[0] == pytest.approx([2 * unit, 8 / 3 * unit])
    assert group_centre(recording)[5] == pytest.approx([3 * unit, 0])
    mean = (np.hypot(2, 8 / 3) + np.hypot(4, 8 / 3) + np.hypot(2, 16 / 3)) / 3
    spread = group_spread(recording)
    assert spread == pytest.approx(np.where(one, 3, mean) * unit)
    pairs = group_spread(recording, of="pairs")
    assert pairs == pytest.approx(np.where(one, 6, 8) * unit)  # 6, 8 and 10
    assert np.isnan(group_spread(recording, min_animals=3)).tolist() == one.tolist()
    assert np.isnan(group_spread(recording, of="pairs", min_animals=3)).tolist() == one.tolist()
    assert group_spread(recording, ["a", "b"]) == pytest.approx(3 * unit)
    with pytest.raises(QueryError, match='not "median"'):
        group_spread(recording, of="median")
    with pytest.raises(QueryError, match="two or more different animals"):
        group_centre(recording, ["a", "a"])
    with pytest.raises(QueryError, match='no animal "z"'):
        group_centre(recording, ["a", "z"])


def test_polarisation_is_1_for_one_direction_and_0_for_balanced_ones() -> None:
    n = 4
    headings = {
        "a": np.zeros(n), "b": np.array([0, 180, 120, 90.0]), "c": np.array([0, np.nan, 240, 90]),
    }  # fmt: skip
    paths = {name: np.zeros((n, 2)) for name in headings}
    recording = Recording.synthetic(paths, heading_deg=headings)
    expected = [1, 0, 0, np.hypot(1, 2) / 3]
    assert polarisation(recording) == pytest.approx(expected, abs=1e-12)
    assert np.isnan(polarisation(recording, min_animals=3)).tolist() == [False, True, False, False]


@every_setting
def test_an_animal_is_isolated_while_everybody_else_is_far(setting: Setting) -> None:
    hidden = (setting.frame_at(5), setting.frame_at(5) + 8)
    recording = make(
        setting, 6,
        {"a": still(0, 0), "b": legs(setting, (0, 30, 0), (3, 6, 0), (9, 6, 0)), "c": still(0, 40)},
        unseen={"c": hidden}, length=8,
    )  # fmt: skip
    away = recording.position("b")[:, 0] > 16 * setting.unit + 1e-7
    found = isolated(recording, "a")  # 2 body lengths are 16 cm
    assert spans(found) == [(0, int(np.argmin(away)))]
    assert found.total_s == pytest.approx(setting.time_of(int(np.argmin(away))))
    assert (~found).mask()[slice(*hidden)].all()  # b is near, whatever c does
    alone = isolated(recording, "c", 20 * setting.unit)
    assert spans(alone) == [(0, hidden[0]), (hidden[1], recording.n_frames)]
    assert not (~alone).mask().any()
    assert isolated(recording, "b", 20 * setting.unit).target.tolist() == [None]


@every_setting
def test_a_huddle_of_three_forms_by_links_and_loses_one_that_walks_off(setting: Setting) -> None:
    # a and b lie together; c joins b at 2 s and walks off at 6 s; d sits far away
    recording = make(
        setting, 10,
        {
            "a": still(0, 0), "b": still(6, 0), "d": still(90, 90),
            "c": legs(setting, (0, 32, 0), (2, 12, 0), (6, 12, 0), (8, 32, 0), (11, 62, 0)),
        },
        length=8,
    )  # fmt: skip
    joined, left = setting.frame_at(2), setting.frame_at(6)
    found = huddle(recording)
    assert spans(found.only("a")) == spans(found.only("b")) == [(0, recording.n_frames)]
    assert spans(found.only("c")) == [(joined, left)]
    assert found.only("d").count == 0 and len(found.pairs) == 4
    assert found.only("c").total_s == pytest.approx(setting.time_of(left) - setting.time_of(joined))
    three = huddle(recording, min_animals=3)
    assert [spans(three.only(name)) for name in "abc"] == [[(joined, left)]] * 3
    size = huddle_size(recording)
    assert size.tolist() == [2] * joined + [3] * (left - joined) + [2] * (len(size) - left)
    table = huddle_groups(recording, min_duration_s=1)
    assert table[["animals", "n_animals", "start_frame", "stop_frame"]].values.tolist() == [
        ["a + b", 2, 0, joined], ["a + b + c", 3, joined, left],
        ["a + b", 2, left, recording.n_frames],
    ]  # fmt: skip
    assert huddle(recording, min_duration_s=5).only("c").count == 0
    assert huddle_groups(recording, max_distance=1 * setting.unit).empty
    with pytest.raises(QueryError, match="2 to 4 animals"):
        huddle(recording, min_animals=5)


@every_setting
def test_animals_that_pass_each_other_or_are_unseen_do_not_huddle(setting: Setting) -> None:
    hidden = (setting.frame_at(3), setting.frame_at(3) + 4)
    recording = make(
        setting, 6, {"a": still(0, 0), "b": still(5, 0), "c": straight(-9, 3, 3.0)},
        unseen={"b": hidden}, length=8,
    )  # fmt: skip
    found = huddle(recording, min_duration_s=0)
    assert found.only("c").count == 0  # it walks by at 3 cm/s
    assert spans(found.only("a")) == [(0, hidden[0]), (hidden[1], recording.n_frames)]
    assert not (~found.only("a")).mask().any()  # without b in sight nobody can tell
    bridged = huddle(recording, min_duration_s=0, max_gap_frames=4)
    assert spans(bridged.only("a")) == [(0, recording.n_frames)]
    faster = huddle(recording, None, None, 4 * setting.unit, min_duration_s=0, min_animals=3)
    assert faster.only("c").count == 2  # two bouts, b is hidden in between
    assert huddle_size(recording)[hidden[0]] == 1


@every_setting
def test_the_table_of_all_ordered_pairs_says_what_the_words_say(setting: Setting) -> None:
    recording = make(
        setting, 6,
        {
            "a": legs(setting, (0, 0, 0), (1, 0, 0), (3, 15, 0), (9, 15, 0)),
            "b": still(20, 0), "c": still(60, 60),
        },
        unseen={"b": (setting.frame_at(4), setting.frame_at(5))}, length=8,
        heading_deg={name: lambda t: np.zeros(len(t)) for name in "abc"},
    )  # fmt: skip
    table = social_measures(recording).set_index(["subject", "target"])
    unit = recording.unit
    assert list(table.index) == [(a, b) for a in "abc" for b in "abc" if a != b]
    for (a, b), row in table.iterrows():
        seen = recording.seen(a) & recording.seen(b)
        assert row["tracked_fraction"] == seen.mean()
        for name, word in (("near", near), ("approach", approach)):
            bouts = word(recording, a, b)
            assert (row[f"{name}_count"], row[f"{name}_s"]) == (bouts.count, bouts.total_s)
        assert row["contact_by"] == "points"
        assert np.isnan(row["nose_contact_count"]) and np.isnan(row["side_by_side_s"])
    ab, ba = table.loc[("a", "b")], table.loc[("b", "a")]
    assert ab[f"distance_min_{unit}"] == pytest.approx(5 * setting.unit)
    assert ab["approach_count"] == 1 and ba["approach_count"] == 0
    assert ab["facing_s"] == pytest.approx(
        recording.end_s
        - (setting.time_of(setting.frame_at(5)) - setting.time_of(setting.frame_at(4)))
    )
    assert ba["facing_count"] == 0 and ab["near_s"] == ba["near_s"] > 0
    assert "distance shrinks" in table.attrs["definitions"]["approach"]
    assert list(social_measures(recording, ["c", "a"])["subject"]) == ["c", "a"]


def test_the_table_counts_contacts_of_outlines_where_there_are_any() -> None:
    centres = {
        "a": np.tile([20, 20], (7, 1)),
        "b": np.array([[x, 20] for x in (60, 50, 41, 41, 41, 60, 79)]),
        "c": np.tile([200, 200], (7, 1)),
    }  # fmt: skip
    recording = Recording.synthetic(
        {name: place.astype(float) for name, place in centres.items()},
        fps=10, masks=discs(centres, radius=10), length=21,
    )  # fmt: skip
    table = social_measures(recording).set_index(["subject", "target"])
    assert set(table["contact_by"]) == {"outlines"}
    row = table.loc[("b", "a")]
    assert row["contact_count"] == 1 and row["contact_s"] == pytest.approx(0.3)
    assert row["contact_s"] == contact(recording, "a", "b").total_s
    assert row["make_contact_count"] == 1 and row["make_contact_s"] == pytest.approx(0.2)
    assert table.loc[("a", "b"), "make_contact_count"] == 0
    assert row["leave_count"] == 1 and row["leave_s"] == pytest.approx(0.2)


def test_the_table_of_animals_that_are_never_seen_together_has_no_distance() -> None:
    n = SETTINGS[0].frame_at(1)
    gone = np.full((n, 2), np.nan)
    recording = Recording.synthetic({"a": np.zeros((n, 2)), "b": gone, "c": np.ones((n, 2))})
    row = social_measures(recording).set_index(["subject", "target"]).loc[("a", "b")]
    assert row["tracked_fraction"] == 0 and np.isnan(row["distance_mean_px"])
    assert np.isnan(row["near_s"])  # no body length either
