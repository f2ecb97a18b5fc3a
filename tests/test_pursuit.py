"""Going to and after each other: both ends of every bout to the frame."""

from __future__ import annotations

import numpy as np
import pytest
from known import Setting, every_setting, make, still, straight

from llm_query.errors import QueryError
from llm_query.individual.sharp import sharp_speed, straightest
from llm_query.recording import Recording
from llm_query.social.contacts import near
from llm_query.social.meetings import leave, make_contact, touch
from llm_query.social.pursuit import approach, chase, follow, path_distance


def legs(setting: Setting, *stops: tuple[float, float, float]):  # type: ignore[no-untyped-def]
    """A path through (seconds, x cm, y cm), each at the first frame at or after its time."""
    times = [setting.time_of(setting.frame_at(seconds)) for seconds, _, _ in stops]
    return lambda t: np.column_stack(
        [np.interp(t, times, [stop[axis] for stop in stops]) for axis in (1, 2)]
    )


def spans(bouts):  # type: ignore[no-untyped-def]
    return list(zip(bouts.start_frame.tolist(), bouts.stop_frame.tolist(), strict=True))


@every_setting
def test_a_sharp_velocity_changes_in_the_frame_in_which_the_path_bends(setting: Setting) -> None:
    path = legs(setting, (0, 0, 0), (2, 0, 0), (4, 16, 0), (5, 16, 6), (9, 16, 6))
    recording = make(setting, 7, {"a": path, "b": still(0, 0), "c": straight(0, 9, 1.0)})
    bends = [setting.frame_at(seconds) for seconds in (2, 4, 5)]
    lasting = np.diff([setting.time_of(frame) for frame in bends])
    fast = np.repeat(
        [0, 16 / lasting[0], 6 / lasting[1], 0], np.diff([0, *bends, recording.n_frames])
    )
    for window_s in (0.2, 0.5):
        assert sharp_speed(recording, "a", window_s) == pytest.approx(fast * setting.unit, abs=1e-9)
    assert sharp_speed(recording, "c", 0.5) == pytest.approx(setting.unit)


def test_a_sharp_velocity_never_looks_across_a_gap_and_takes_any_frame_times() -> None:
    rng = np.random.default_rng(3)
    time_s = np.cumsum(rng.uniform(0.02, 0.05, 200))
    path = np.column_stack([np.where(np.arange(200) < 100, 10 * time_s, 500 - 20 * time_s), time_s])
    path[98:102] = np.nan
    found = straightest(path[None], time_s, 0.3)[0]
    assert found[:98] == pytest.approx(np.tile([10.0, 1.0], (98, 1)))
    assert found[102:] == pytest.approx(np.tile([-20.0, 1.0], (98, 1)))
    assert np.isnan(found[98:102]).all()
    lone = np.full((5, 2), np.nan)
    lone[2] = 7.0
    assert np.isnan(straightest(lone[None], np.arange(5.0), 2.0)).all()


def test_a_sharp_velocity_never_looks_across_a_hole_in_time() -> None:
    frame = np.arange(120)
    time_s = frame / 30 + np.where(frame < 60, 0.0, 0.2) + np.where(frame < 63, 0.0, 0.2)
    path = np.column_stack([np.where((frame >= 60) & (frame < 63), 90.0, 0.0), 0 * time_s])
    assert straightest(path[None], time_s, 0.5)[0] == pytest.approx(0)  # at rest but elsewhere


def test_a_long_recording_in_blocks_is_the_same_to_the_last_digit(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(4)
    paths = np.cumsum(rng.normal(0, 1, (2, 900, 2)), axis=1)
    paths[0, 195:203] = paths[1, 400:420] = np.nan
    for time_s in (np.arange(900) / 30, np.cumsum(rng.uniform(0.02, 0.05, 900))):
        whole = straightest(paths, time_s, 0.5)
        monkeypatch.setattr("llm_query.individual.sharp.BLOCK", 100)
        assert np.array_equal(straightest(paths, time_s, 0.5), whole, equal_nan=True)
        monkeypatch.undo()


@every_setting
def test_an_approach_begins_and_ends_with_the_walk_to_the_other(setting: Setting) -> None:
    paths = {
        "a": legs(setting, (0, 0, 0), (1, 0, 0), (3, 10, 0), (9, 10, 0)),
        "b": still(15, 0),
        "c": still(-30, 0),
    }
    recording = make(setting, 5, paths, length=8)
    found = approach(recording, "a", "b", 40 * setting.unit, min_speed=2 * setting.unit)
    assert spans(found) == [(setting.frame_at(1), setting.frame_at(3))]
    assert found.start_s[0] == setting.time_of(setting.frame_at(1))
    assert found.pairs == (("a", "b"),)
    assert approach(recording, "b", "a", 40 * setting.unit).count == 0
    assert approach(recording, "a", "c", 60 * setting.unit).count == 0


@every_setting
def test_an_approach_ends_where_the_animal_turns_back_or_passes(setting: Setting) -> None:
    paths = {
        "a": legs(setting, (0, 0, 0), (2, 10, 0), (4, -4, 0), (9, -4, 0)),  # turns, faster
        "b": still(30, 0),
        "c": legs(setting, (0, 18, 4), (3, 42, 4), (9, 42, 4)),  # passes b after 1.5 s
    }
    recording = make(setting, 5, paths, length=8)
    found = approach(recording, "a", "b", 100 * setting.unit, min_speed=setting.unit)
    assert spans(found) == [(0, setting.frame_at(2))]
    passing = approach(recording, "c", "b", 100 * setting.unit, min_speed=setting.unit)
    ahead = 30 - recording.position("c")[:, 0] / setting.unit
    closing = 8 * ahead / np.hypot(ahead, 4)  # cm/s; half of min_speed and more is an approach
    assert spans(passing) == [(0, int(np.argmax(closing < 0.5)))]
    to_the_side = approach(
        recording, "c", "b", 100 * setting.unit, min_speed=setting.unit, min_closing_speed=0,
    )  # fmt: skip
    assert spans(to_the_side) == [(0, int(np.argmax(ahead <= 1e-9)))]


@every_setting
def test_an_approach_is_by_the_faster_one_and_ends_when_the_other_runs_off(setting: Setting):  # type: ignore[no-untyped-def]
    paths = {
        "a": straight(0, 0, 6.0),
        "b": legs(setting, (0, 40, 0), (2, 38, 0), (3, 46, 0), (4, 46, 0), (9, 46, 0)),
        "c": still(0, 90),
    }
    recording = make(setting, 4, paths, length=8)
    found = approach(recording, "a", "b", 99 * setting.unit, min_speed=2 * setting.unit)
    expected = [(0, setting.frame_at(2)), (setting.frame_at(3), recording.n_frames)]
    assert spans(found) == expected
    assert approach(recording, "b", "a", 99 * setting.unit, min_speed=setting.unit / 2).count == 0


@every_setting
def test_an_approach_counts_only_within_reach_and_ends_at_a_long_gap(setting: Setting) -> None:
    first, last = setting.frame_at(2), setting.frame_at(2) + 5
    paths = {"a": straight(0, 0, 5.0), "b": still(40, 0), "c": still(40, 9)}
    recording = make(setting, 5, paths, unseen={"b": (first, last)}, length=8)
    reach = int(np.argmax(recording.position("a")[:, 0] >= (40 - 32.5) * setting.unit - 1e-9))
    found = approach(recording, "a", "b", 32.5 * setting.unit, min_speed=setting.unit)
    assert spans(found) == [(reach, first), (last, recording.n_frames)]
    assert (~found).mask()[first:last].sum() == 0
    bridged = approach(recording, "a", "b", 32.5 * setting.unit, max_gap_frames=5)
    assert spans(bridged) == [(reach, recording.n_frames)]


def test_an_approach_without_a_scale_or_outline_measures_in_lengths_from_nose_to_tail() -> None:
    t = np.arange(90) / 30
    walk, rest = np.column_stack([60 * t, 0 * t]), np.tile([240.0, 0.0], (90, 1))
    half = np.array([20.0, 0.0])
    points = {
        name: {"Nose": path + half, "Tailbase": path - half}
        for name, path in {"a": walk, "b": rest}.items()
    }
    recording = Recording.synthetic({"a": walk, "b": rest}, points=points)
    found = approach(recording, "a", "b")
    assert "80 px (2 body lengths)" in found.definition and "10 px/s" in found.definition
    assert spans(found) == [(80, 90)]  # 160 of 240 px after 2.667 s
    bare = Recording.synthetic({"a": walk, "b": rest})
    with pytest.raises(QueryError, match="Give max_distance"):
        approach(bare, "a", "b")


@every_setting
def test_following_begins_when_the_leader_sets_off_and_ends_when_the_follower_stops(setting):  # type: ignore[no-untyped-def]
    # both set off at 2 s, a 6 cm behind b; a is in its track once 1 cm from where b began
    paths = {
        "a": legs(setting, (0, 0, 0), (2, 0, 0), (4, 20, 0), (9, 20, 0)),
        "b": legs(setting, (0, 6, 0), (2, 6, 0), (5, 36, 0), (9, 36, 0)),
        "c": straight(40, 1, -10.0),
    }
    recording = make(setting, 6, paths, length=8)
    found = follow(
        recording, "a", "b", 12 * setting.unit,
        min_speed=2 * setting.unit, path_s=1.0, max_path_distance=1 * setting.unit,
    )  # fmt: skip
    a, b = (recording.position(name)[:, 0] / setting.unit for name in "ab")
    start = int(np.argmax(a >= 5 - 1e-9))  # 1 cm from the first place of b's path
    assert spans(found) == [(start, setting.frame_at(4))]
    assert b[start] - a[start] < 12
    assert follow(recording, "b", "a").count == 0 and follow(recording, "a", "c").count == 0


@every_setting
def test_a_chase_ends_in_the_frame_in_which_the_run_becomes_a_walk(setting: Setting) -> None:
    end = setting.frame_at(3)
    paths = {
        "a": legs(setting, (0, 0, 0), (3, 60, 0), (5, 66, 0)),
        "b": legs(setting, (0, 8, 0), (3, 68, 0), (5, 74, 0)),
        "c": still(30, 30),
    }
    recording = make(setting, 5, paths, length=8)
    found = chase(recording, "a", "b", max_path_distance=9 * setting.unit)
    assert spans(found) == [(0, end)]
    assert found.definition.startswith("both >= 16 cm/s" if setting.calibrated else "both >= ")
    walked = follow(recording, "a", "b", max_path_distance=9 * setting.unit, window_s=0.2)
    assert spans(walked) == [(0, recording.n_frames)]


@every_setting
def test_going_up_to_another_until_they_touch_and_leaving_again(setting: Setting) -> None:
    paths = {
        "a": legs(setting, (0, 0, 0), (1, 0, 0), (3, 9, 0), (5, 9, 0), (6, 1, 0), (9, 1, 0)),
        "b": still(10, 0),
        "c": still(10, 40),
    }
    recording = make(setting, 8, paths, length=8)
    x = recording.position("a")[:, 0] / setting.unit
    together = near(recording, "a", "b", 3 * setting.unit)
    first, last = int(np.argmax(x >= 7 - 1e-9)), int(np.flatnonzero(x >= 7 - 1e-9)[-1]) + 1
    assert spans(together) == [(first, last)]
    met = make_contact(
        recording, "a", "b", touching=together, max_distance=20 * setting.unit,
        min_speed=2 * setting.unit,
    )  # fmt: skip
    assert spans(met) == [(setting.frame_at(1), first)]
    gone = leave(recording, "a", "b", after=together, min_speed=5 * setting.unit)
    assert spans(gone) == [(last, setting.frame_at(6))]
    assert met.pairs == gone.pairs == (("a", "b"),)
    assert make_contact(recording, "b", "a", touching=together).count == 0
    assert leave(recording, "b", "a", after=together).count == 0
    away = leave(recording, "a", "b", after=together, min_speed=9 * setting.unit)
    assert away.count == 0  # it goes at 8 cm/s
    with pytest.raises(QueryError, match="not contacts of a and c"):
        leave(recording, "a", "c", after=together)


def test_a_touch_in_passing_is_no_meeting_and_a_late_start_is_no_leaving() -> None:
    x = np.concatenate([np.arange(0, 100, 4.0), np.full(30, 100.0), 100 - 4.0 * np.arange(1, 21)])
    paths = {"a": np.column_stack([x, 0 * x]), "b": np.tile([103.0, 0.0], (len(x), 1))}
    recording = Recording.synthetic(paths, fps=30, length=40)
    closest = near(recording, "a", "b", 3)  # from frame 25 to 54, seated
    assert spans(closest) == [(25, 55)]
    at = dict(touching=closest, min_speed=10, max_distance=200)
    assert spans(make_contact(recording, "a", "b", **at)) == [(0, 25)]
    assert make_contact(recording, "a", "b", min_contact_s=1.1, **at).count == 0
    early = closest.within(0, 1.2)  # the contact is said to end at frame 36, the walk begins at 54
    assert leave(recording, "a", "b", after=early, min_speed=10).count == 0
    late = leave(recording, "a", "b", after=early, min_speed=10, within_s=0.6)
    assert spans(late) == [(54, 75)]


def test_contacts_by_default_are_of_points_where_there_are_no_outlines() -> None:
    x = np.concatenate([np.arange(0, 100, 4.0), np.full(30, 100.0)])
    paths = {"a": np.column_stack([x, 0 * x]), "b": np.tile([110.0, 0.0], (len(x), 1))}
    recording = Recording.synthetic(paths, fps=30, length=40, px_per_cm=10)
    met = make_contact(recording, "a", "b")
    assert "nearest points < 2 cm" in met.definition
    assert met.stop_frame.tolist() == touch(recording, "a", "b").start_frame.tolist() == [23]


def test_the_distance_to_a_path_can_be_asked_of_some_frames_only() -> None:
    rng = np.random.default_rng(5)
    a, b = rng.normal(size=(2, 50, 2))
    time_s = np.cumsum(rng.uniform(0.02, 0.05, 50))
    whole = path_distance(a, b, time_s, 0.3)
    slow = [
        min(np.hypot(*(a[k] - b[j])) for j in range(k + 1) if time_s[j] >= time_s[k] - 0.3 - 1e-9)
        for k in range(50)
    ]
    assert whole == pytest.approx(slow)
    rows = np.array([3, 20, 49])
    assert path_distance(a, b, time_s, 0.3, rows).tolist() == whole[rows].tolist()
