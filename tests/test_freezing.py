"""Freezing: agreement with a person, and answers known by construction."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known import Setting, every_setting, make

from llm_query.bouts import Bouts
from llm_query.errors import QueryError
from llm_query.individual.freezing import calibrate_freezing, freezing
from llm_query.recording import Recording
from llm_query.statistics.agreement import cohen_kappa

POINTS = {  # cm from the centre of an animal that looks right
    "Nose": (4.0, 0.0), "Left_ear": (3.0, -1.0), "Right_ear": (3.0, 1.0), "Mid-Back": (0.5, 0.0),
    "Left_hip": (-2.0, -1.2), "Right_hip": (-2.0, 1.2), "Tail_base": (-4.0, 0.0),
}  # fmt: skip
HEAD = ("Nose", "Left_ear", "Right_ear")
Setting30 = Setting(Fraction(30), 10.0, True)


def body(path, only=None, turn_deg=lambda t: 0 * t):
    """Labelled points of an animal on a path in cm, turned by some degrees."""

    def at(x, y):
        def place(t):
            turn = np.radians(turn_deg(t))
            turned = np.column_stack([np.cos(turn) * x - np.sin(turn) * y,
                                      np.sin(turn) * x + np.cos(turn) * y])  # fmt: skip
            return np.asarray(path(t)) + turned

        return place

    return {name: at(*where) for name, where in POINTS.items() if only is None or name in only}


def stop_and_go(stop_s, go_s, cm_s=10.0, x=10.0, y=20.0):
    """A walk to the right that pauses from stop_s to go_s."""

    def path(t):
        moved = np.where(t < go_s, np.minimum(t, stop_s), stop_s + t - go_s)
        return np.column_stack([x + cm_s * moved, np.full(len(t), y)])

    return path


def jittered(recording, px, seed=0):
    """The same recording with independent noise on every labelled point."""
    draw = np.random.default_rng(seed)
    for track in recording.tracks.values():
        for name in track.points:
            track.points[name][:] += draw.normal(0, px, track.points[name].shape)
    return recording


def rows(bouts):
    return list(zip(bouts.start_frame.tolist(), bouts.stop_frame.tolist(), strict=True))


def on_frames(setting, *seconds):
    """The frames nearest to times, and those frames' own times."""
    frames = [setting.frame_at(s) for s in seconds]
    return frames, [setting.time_of(f) for f in frames]


@every_setting
def test_three_animals_freeze_from_the_frame_of_the_stop_to_the_frame_of_the_start(setting):
    frames, times = on_frames(setting, 2.0, 5.0, 3.0, 6.4)
    paths = {
        "a": stop_and_go(times[0], times[1]),
        "b": stop_and_go(times[2], times[3], cm_s=25, y=40),
        "c": stop_and_go(99, 99, y=60),
    }
    points = {name: body(path) for name, path in paths.items()}
    recording = make(setting, 9, paths, points=points, length=8)
    assert rows(freezing(recording, "a")) == [(frames[0], frames[1])]
    assert rows(freezing(recording, "b")) == [(frames[2], frames[3])]
    assert freezing(recording, "c").count == 0
    assert freezing(recording, "a").start_s.tolist() == [pytest.approx(times[0])]
    assert freezing(recording, "a").stop_s.tolist() == [pytest.approx(times[1])]


@every_setting
@pytest.mark.parametrize(("px", "frames"), [(0.5, 2), (1.0, 4)])
def test_jitter_moves_the_edges_by_a_few_frames_and_never_breaks_the_bout(setting, px, frames):
    (stop, go), times = on_frames(setting, 3.0, 12.0)
    path = stop_and_go(times[0], times[1])
    for seed in range(3):
        recording = make(setting, 15, {"a": path}, points={"a": body(path)}, length=8)
        found = freezing(jittered(recording, px, seed), "a")
        assert found.count == 1
        assert abs(found.start_frame[0] - stop) <= frames
        assert abs(found.stop_frame[0] - go) <= frames


@every_setting
def test_breathing_is_no_movement(setting):
    def breathing(t):
        return np.column_stack([20 + 0.03 * np.sin(2 * np.pi * 3 * t), np.full(len(t), 20.0)])

    recording = make(setting, 10, {"a": breathing}, points={"a": body(breathing)}, length=8)
    assert rows(freezing(recording, "a")) == [(0, recording.n_frames)]


@every_setting
def test_turning_in_place_and_looking_around_are_not_freezing(setting):
    def here(t):
        return np.tile([20.0, 20.0], (len(t), 1))

    turning = body(here, turn_deg=lambda t: 60 * t)
    looking = body(here) | body(here, HEAD, turn_deg=lambda t: 25 * np.sin(2 * np.pi * 0.7 * t))
    recording = make(
        setting, 8, {"a": here, "b": here, "c": here}, length=8,
        points={"a": turning, "b": looking, "c": body(here)},
    )  # fmt: skip
    assert freezing(recording, "a").count == freezing(recording, "b").count == 0
    assert freezing(recording, "c").percent == pytest.approx(100)


@every_setting
def test_a_gap_longer_than_three_frames_ends_the_bout_and_a_shorter_one_does_not(setting):
    def here(t):
        return np.tile([20.0, 20.0], (len(t), 1))

    for lost, expected in ((3, 1), (4, 2)):
        recording = make(
            setting, 8, {"a": here}, points={"a": body(here)}, length=8,
            unseen={"a": (60, 60 + lost)},
        )  # fmt: skip
        found = freezing(recording, "a")
        assert found.count == expected
        assert rows(found)[0] == ((0, recording.n_frames) if expected == 1 else (0, 60))
        assert (~found).count == 0  # unseen is not the opposite of freezing


def test_points_that_are_not_on_the_body_do_not_count():
    setting = Setting30
    path = stop_and_go(2.0, 5.0)
    lamp = {"LED": lambda t: np.column_stack([5 + 30 * (t % 0.2), np.full(len(t), 5.0)])}
    tail = {"Tail_tip": lambda t: path(t) + np.column_stack([t * 0 - 8, np.sin(9 * t)])}
    recording = make(setting, 8, {"a": path}, points={"a": body(path) | lamp | tail})
    assert rows(freezing(recording, "a")) == [(60, 150)]
    still = make(
        setting, 8, {"a": path}, points={"a": body(path) | {"LED": lambda t: np.ones((len(t), 2))}}
    )
    assert rows(freezing(still, "a")) == [(60, 150)]
    assert "LED" not in freezing(still, "a").definition


def test_doubtful_and_wild_points_count_as_unseen():
    recording = make(Setting30, 8, {"a": stop_and_go(2, 5)}, points={"a": body(stop_and_go(2, 5))})
    draw = np.random.default_rng(1)
    for name in ("Nose", "Tail_base"):
        hit = draw.random(240) < 0.05
        recording.track("a").points[name][hit] += 300
    assert rows(freezing(recording, "a")) == [(60, 150)]
    recording.track("a").points["Nose"][:, 1] += np.arange(240) * 5  # drifts off, unsure of itself
    recording.track("a").confidence["Nose"] = np.full(240, 0.2)
    again = make(Setting30, 8, {"a": stop_and_go(2, 5)}, points={"a": body(stop_and_go(2, 5))})
    again.track("a").points["Nose"][:, 1] += np.arange(240) * 5
    again.track("a").confidence["Nose"] = np.full(240, 0.2)
    assert rows(freezing(again, "a")) == [(60, 150)]


@every_setting
def test_the_ends_of_an_outline_do_where_nothing_is_labelled(setting):
    (stop, go), times = on_frames(setting, 2.0, 5.0)
    path = stop_and_go(times[0], times[1])
    ends = {"nose": body(path)["Nose"], "tail_base": body(path)["Tail_base"]}
    recording = make(setting, 8, {"a": path}, points={"a": ends}, length=8)
    track = recording.tracks["a"]
    sure = dict.fromkeys(ends, np.full(recording.n_frames, 0.5))  # twice as long as wide
    outlined = replace(track, area=np.full(recording.n_frames, 900.0), confidence=sure)
    recording.tracks["a"] = outlined
    assert rows(freezing(recording, "a")) == [(stop, go)]
    assert "ends and centre of the outline" in freezing(recording, "a").definition
    recording.tracks["a"] = replace(track, confidence=sure)  # labelled, and half sure of it
    recording._known.clear()
    assert freezing(recording, "a").count == 0
    assert not (~freezing(recording, "a")).mask()[stop + 10 : go - 10].any()


def test_a_short_interruption_is_bridged_and_a_longer_one_is_not():
    def twitch(lasting):
        def path(t):
            x = 20 + 3 * np.clip(t - 4, 0, lasting) * 5
            return np.column_stack([x, np.full(len(t), 20.0)])

        return path

    for lasting, expected in ((0.05, 1), (0.6, 2)):
        recording = make(Setting30, 8, {"a": twitch(lasting)}, points={"a": body(twitch(lasting))})
        assert freezing(recording, "a", max_speed=1.0).count == expected


def test_a_stop_shorter_than_the_shortest_is_left_out():
    for lasting, expected in ((0.8, 0), (0.9, 1)):
        path = stop_and_go(2.0, 2.0 + lasting)
        recording = make(Setting30, 6, {"a": path}, points={"a": body(path)})
        assert freezing(recording, "a").count == expected
        assert freezing(recording, "a", min_duration_s=0.5).count == 1


def test_uncalibrated_and_noisy_recordings_say_their_limit():
    path = stop_and_go(2.0, 5.0)
    plain = Setting(Fraction(30), 10.0, False)
    recording = make(plain, 8, {"a": path}, points={"a": body(path)}, length=8)
    assert "4.8 px/s (0.06 body lengths/s, uncalibrated)" in freezing(recording, "a").definition
    coarse = make(Setting(Fraction(30), 5.0, True), 60, {"a": path}, points={"a": body(path)})
    jittered(coarse, 1.5)
    assert "2 times its jitter at rest" in freezing(coarse, "a").definition
    assert "1.5 cm/s over" in freezing(recording_cm(), "a", max_speed=1.5).definition


def test_the_centre_alone_cannot_tell_freezing():
    recording = make(Setting30, 4, {"a": stop_and_go(1, 2)})
    with pytest.raises(QueryError, match=r"immobile\(\)"):
        freezing(recording, "a")


def recording_cm(turn=0.0, mirror=1.0, scale=10.0, calibrated=True, shift=0, fps=30):
    """Still from 2 to 5 s and 6 to 8 s, turned, mirrored, larger, later, or at another rate."""
    setting = Setting(Fraction(fps), scale, calibrated)

    def walk(t):
        moved = np.minimum(t, 2) + np.clip(t - 5, 0, 1) + np.maximum(t - 8, 0)
        return np.column_stack([10 * moved, np.full(len(t), 20.0)])

    def seen(path):
        def place(t):
            cos, sin = np.cos(turn), np.sin(turn)
            turned = path(t - shift / fps) @ np.array([[cos, sin], [-sin, cos]])
            return turned * [mirror, 1.0] + [200.0, 200.0]

        return place

    points = {name: seen(path) for name, path in body(walk).items()}
    return make(setting, 10 + shift / fps, {"a": seen(walk)}, points={"a": points}, length=8)


@settings(deadline=None, max_examples=15)
@given(
    st.floats(0, 2 * np.pi), st.sampled_from([1.0, -1.0]), st.sampled_from([5.0, 10.0, 40.0]),
    st.integers(0, 50),
)  # fmt: skip
def test_turn_mirror_scale_and_time_shift_leave_freezing_unchanged(turn, mirror, scale, shift):
    limit = {"max_speed": 0.7}
    plain = freezing(recording_cm(), "a", **limit)
    assert rows(plain) == [(60, 150), (180, 240)]
    other = freezing(recording_cm(turn, mirror, scale, shift=shift), "a", **limit)
    assert rows(other) == [(a + shift, b + shift) for a, b in rows(plain)]
    pixels = freezing(recording_cm(turn, mirror, scale, False, shift), "a", max_speed=0.7 * scale)
    assert rows(pixels) == rows(other)


@settings(deadline=None, max_examples=6)
@given(st.sampled_from([15, 20, 25, 30, 50, 60, 100]))
def test_the_frame_rate_moves_the_edges_by_a_frame_at_most(fps):
    found = freezing(recording_cm(fps=fps), "a")
    plain = freezing(recording_cm(fps=50), "a")
    assert found.count == plain.count == 2
    assert np.abs(found.start_s - plain.start_s).max() <= 1 / fps + 1 / 50
    assert np.abs(found.stop_s - plain.stop_s).max() <= 1 / fps + 1 / 50


def real(shared_data, fps=50, px_per_cm=32.0, jitter=0.0, seed=0):
    """Two minutes of a mouse by eight points at 50 frames/s and 32 px/cm, and a person's frames.

    At another frame rate and scale, every frame is the nearest one, and jitter in px is added.
    """
    folder = shared_data / "behaviour" / "freezing"
    table = pd.read_csv(folder / "demo1" / "demo1_tracking.csv", header=[1, 2], index_col=0)
    person = np.zeros(len(table), dtype=bool)
    for start, stop in pd.read_csv(folder / "bouts_demo1_human.csv").to_numpy():
        person[start:stop] = True
    rows = np.round(np.arange(int(len(table) * fps / 50)) * 50 / fps).astype(int)
    draw = np.random.default_rng(seed)
    names = list(dict.fromkeys(table.columns.get_level_values(0)))
    points = {name: table[name][["x", "y"]].to_numpy()[rows] * px_per_cm / 32 for name in names}
    for place in points.values():
        place += draw.normal(0, jitter, place.shape) if jitter else 0
    points["LED"] = np.full((len(rows), 2), 50.0)
    centre = np.mean(list(points.values()), axis=0)
    recording = Recording.synthetic(
        {"mouse": centre}, points={"mouse": points}, fps=fps, px_per_cm=px_per_cm
    )
    for name in names:
        recording.track("mouse").confidence[name] = table[name]["likelihood"].to_numpy()[rows]
    return recording, person[rows]


def test_the_defaults_agree_with_a_person_as_experts_nearly_do(shared_data):
    recording, person = real(shared_data)
    assert cohen_kappa(freezing(recording, "mouse").mask(), person) >= 0.89


@pytest.mark.parametrize("jitter", [0.5, 1.0])
def test_the_agreement_survives_a_slower_coarser_and_noisier_recording(shared_data, jitter):
    for seed in range(2):
        recording, person = real(shared_data, 30, 23.0, jitter, seed)
        assert cohen_kappa(freezing(recording, "mouse").mask(), person) >= 0.87


@pytest.mark.parametrize(
    "changed",
    [{"max_speed": 0.4}, {"max_speed": 0.6}, {"min_duration_s": 0.8}, {"min_duration_s": 1.0},
     {"window_s": 0.3}, {"window_s": 0.5}, {"back_date_s": 0.08}, {"back_date_s": 0.12},
     {"bridge_s": 0.0}, {"bridge_s": 0.15}],
    ids=str,
)  # fmt: skip
def test_the_defaults_lie_on_a_plateau(shared_data, changed):
    recording, person = real(shared_data)
    assert cohen_kappa(freezing(recording, "mouse", **changed).mask(), person) >= 0.87


def test_two_minutes_of_scoring_calibrate_it_cross_checked_by_time(shared_data):
    recording, person = real(shared_data)
    bouts = Bouts.where(person, recording.edges_s, "mouse", behaviour="freezing")
    for folds in (3, 4, 6, 8):
        chosen = calibrate_freezing(recording, "mouse", bouts, folds=folds)["numbers"]
        assert chosen["kappa_crossed"] >= 0.90 and chosen["kappa"] >= 0.91
    found = freezing(recording, "mouse", settings=chosen)
    assert cohen_kappa(found.mask(), person) == pytest.approx(chosen["kappa"])
    by_hand = {name: chosen[name] for name in ("max_speed", "min_duration_s", "back_date_s")}
    assert rows(freezing(recording, "mouse", **by_hand)) == rows(found)


def test_a_part_of_the_recording_calibrates_it_for_the_rest(shared_data):
    recording, person = real(shared_data)
    bouts = Bouts.where(person, recording.edges_s, "mouse", behaviour="freezing")
    chosen = calibrate_freezing(recording, "mouse", bouts, 0, 60)
    rest = np.arange(len(person)) >= 3000
    found = freezing(recording, "mouse", settings=chosen).mask()
    assert chosen["numbers"]["kappa_rest"] == pytest.approx(cohen_kappa(found[rest], person[rest]))
    assert chosen["numbers"]["kappa_rest"] >= 0.84
    assert len(chosen["table"]) == 4 and "kappa" in chosen["text"]


def test_a_part_without_freezing_cannot_calibrate(shared_data):
    recording, person = real(shared_data)
    bouts = Bouts.where(person, recording.edges_s, "mouse", behaviour="freezing")
    with pytest.raises(QueryError, match="never freezing: calibrate on a part with both"):
        calibrate_freezing(recording, "mouse", bouts, 0, 8)
    with pytest.raises(QueryError, match="settings needs max_speed"):
        freezing(recording, "mouse", settings={"speed": 1})
