"""Cleaning by name: each step does what it says, to whom it says, and leaves a note."""

from dataclasses import replace

import numpy as np
import pytest
from known import every_setting, make, still, straight

from llm_query.errors import QueryError
from llm_query.individual.cleaning import SMOOTHERS, clean, fill_gaps, without_jumps
from llm_query.individual.kinematics import distance_moved, speed
from llm_query.recording import Recording


def edited(recording, name, point, edit, confidence=None):
    """The same recording with one point's px changed in place, and a confidence for it."""
    track = recording.tracks[name]
    place = np.array(track.points[point])
    edit(place)
    sure = dict(track.confidence)
    if confidence is not None:
        sure[point] = confidence
    points = {**track.points, point: place}
    return replace(
        recording,
        tracks={**recording.tracks, name: replace(track, points=points, confidence=sure)},
    )


def three(setting, **more):
    return make(
        setting,
        6,
        {"a": straight(5, 9, 8), "b": still(40, 40), "c": straight(90, 9, -4, 3)},
        points={name: {"nose": straight(9, 9, 8)} for name in "abc"},
        **more,
    )


@every_setting
def test_gaps_are_filled_by_real_times_up_to_the_length_given(setting):
    short, long = setting.frame_at(0.4), setting.frame_at(1.2)
    recording = three(setting)

    def lose(place):
        place[10 : 10 + short] = place[60 : 60 + long] = place[-3:] = np.nan

    holed = edited(recording, "a", "centre", lose)
    filled = clean(holed, fill_gaps_s=0.5)
    found, true = filled.position("a"), recording.position("a")
    missing = np.isnan(found[:, 0])
    last = recording.n_frames
    assert np.flatnonzero(missing).tolist() == [*range(60, 60 + long), *range(last - 3, last)]
    assert found[~missing] == pytest.approx(true[~missing])
    (note,) = filled.notes
    said = "gaps up to 0.5 s filled in a straight line, all points of all animals"
    assert note == f"{said}: {short} samples"
    assert holed.notes == () and np.isnan(holed.position("a")[10]).all()  # the old one is as it was
    exactly = short / float(setting.fps)
    assert not np.isnan(clean(holed, fill_gaps_s=exactly).position("a")[10]).any()
    assert np.isnan(clean(holed, fill_gaps_s=exactly * 0.99).position("a")[10]).all()


@every_setting
def test_unsure_points_are_taken_out_and_only_those(setting):
    recording = three(setting)
    sure = np.ones(recording.n_frames)
    sure[[3, 4, 50]] = [0.2, 0.59, np.nan]
    shaky = edited(recording, "b", "nose", lambda place: None, sure)
    found = clean(shaky, min_confidence=0.6)
    assert np.flatnonzero(~found.seen("b", "nose")).tolist() == [3, 4]
    assert found.seen("b").all() and found.seen("a", "nose").all()
    assert found.notes == ("confidence below 0.6 taken out, all points of all animals: 2 samples",)


@every_setting
def test_impossible_jumps_are_taken_out_whole_and_real_runs_stay(setting):
    recording = three(setting)
    away = setting.px_per_cm * 30

    def jump(place):
        place[20] += away  # one frame
        place[50:57] += [away, 0]  # somewhere else for a while
        place[:2] -= away  # at the start

    found = clean(edited(recording, "a", "centre", jump), max_speed=60 * setting.unit)
    assert np.flatnonzero(~found.seen("a")).tolist() == [0, 1, 20, *range(50, 57)]
    assert found.notes[0].endswith(": 10 samples")
    assert clean(recording, max_speed=8.01 * setting.unit).seen("a").all()
    assert speed(found, "a")[30] == pytest.approx(8 * setting.unit)


def test_an_animal_that_was_lost_and_ran_on_is_no_jump():
    place = np.column_stack([np.arange(100.0), np.zeros(100)])
    place[40:80] = np.nan
    assert without_jumps(place, np.arange(100) / 10, 11.0)[80:].tolist() == place[80:].tolist()
    place[92:] += 500
    assert np.isnan(without_jumps(place, np.arange(100) / 10, 11.0)[92:]).all()


def test_what_lasts_a_second_elsewhere_is_believed():
    place = np.column_stack([np.arange(100.0), np.zeros(100)])
    place[60:] += 500  # as after an exchange of two animals
    place[70] -= 200
    found = without_jumps(place, np.arange(100) / 10, 11.0)
    assert np.flatnonzero(np.isnan(found[:, 0])).tolist() == [70]


@every_setting
@pytest.mark.parametrize("smoothing", SMOOTHERS)
def test_every_smoother_keeps_rest_straight_lines_and_gaps(setting, smoothing):
    recording = three(setting, unseen={"a": (40, 44), "c": (0, 9)})
    smooth = clean(recording, smoothing=smoothing, window_s=0.5)
    for name in "abc":
        found, true = smooth.position(name), recording.position(name)
        assert np.isnan(found).tolist() == np.isnan(true).tolist()
        ends = np.ones(len(true), dtype=bool)
        if smoothing in ("median", "gaussian"):  # a mean of one side only is pulled to it
            reach = setting.frame_at(0.25) + 1
            ends = np.convolve(np.isnan(true[:, 0]), np.ones(2 * reach + 1), "same") == 0
            ends[:reach] = ends[-reach:] = False
        assert found[ends] == pytest.approx(true[ends], nan_ok=True)
    assert smooth.position("b") == pytest.approx(recording.position("b"))


@pytest.mark.parametrize("smoothing", SMOOTHERS)
def test_a_window_in_seconds_takes_away_the_same_at_25_and_at_60_frames_per_second(smoothing):
    def wobble(fps, hertz):
        t = np.arange(20 * fps) / fps
        place = np.column_stack([np.sin(2 * np.pi * hertz * t), 0 * t])
        recording = Recording.synthetic({"a": place}, fps=fps)
        smooth = clean(recording, smoothing=smoothing, window_s=0.52)
        return smooth.position("a")[2 * fps : -2 * fps, 0].std() / place[:, 0].std()

    for hertz in (0.3, 1.1):
        assert wobble(25, hertz) == pytest.approx(wobble(50, hertz), abs=0.05)
    assert wobble(25, 0.3) > 0.9 and wobble(50, 5) < 0.5


@pytest.mark.parametrize("smoothing", SMOOTHERS)
def test_smoothing_takes_jitter_away(smoothing):
    noise = np.random.default_rng(1).normal(0, 1, (900, 2))
    recording = Recording.synthetic({"a": noise, "b": noise * 2, "c": noise * 0})
    smooth = clean(recording, smoothing=smoothing, window_s=0.5)
    assert smooth.position("a").std() < 0.6
    assert distance_moved(smooth, "a") < 0.6 * distance_moved(recording, "a")


def test_the_median_is_the_median_of_the_window():
    x = np.array([0, 5, 1, 9, np.nan, 4, 2, 8.0])
    recording = Recording.synthetic({"a": np.column_stack([x, -x])}, fps=10)
    found = clean(recording, smoothing="median", window_s=0.2).position("a")
    assert found[:, 0] == pytest.approx([2.5, 1, 5, 5, np.nan, 3, 4, 5], nan_ok=True)
    assert found[:, 1] == pytest.approx(-found[:, 0], nan_ok=True)


def test_the_gaussian_weighs_by_a_fifth_of_the_window():
    x = np.zeros(41)
    x[20] = 1.0
    recording = Recording.synthetic({"a": np.column_stack([x, x])}, fps=20)
    found = clean(recording, smoothing="gaussian", window_s=0.5).position("a")[15:26, 0]
    bell = np.exp(-0.5 * ((np.arange(-5, 6) / 20) / 0.1) ** 2)
    assert found == pytest.approx(bell / bell.sum(), rel=1e-6)


def test_steps_come_in_the_order_of_their_notes_and_add_to_those_before():
    place = np.column_stack([np.arange(60.0), np.zeros(60)])
    place[30] = [900, 900]
    recording = Recording.synthetic({"a": place, "b": place, "c": place}, fps=30)
    first = clean(recording, max_speed=40, fill_gaps_s=0.1, smoothing="line", window_s=0.2)
    assert first.position("a") == pytest.approx(np.column_stack([np.arange(60), np.zeros(60)]))
    assert [note.partition(" ")[0] for note in first.notes] == ["jumps", "gaps", "smoothed"]
    assert [note.rpartition(": ")[2] for note in first.notes] == [
        "3 samples", "3 samples", "180 samples",
    ]  # fmt: skip
    again = clean(first, smoothing="median", window_s=0.1, animals=["b"], points=["centre"])
    assert again.notes[:3] == first.notes
    assert again.notes[3] == "smoothed by median over 0.1 s, centre of b: 60 samples"


def test_only_the_animals_and_points_named_are_cleaned():
    noise = np.random.default_rng(2).normal(size=(90, 2))
    recording = Recording.synthetic(
        {"a": noise, "b": noise}, points={name: {"nose": noise} for name in "ab"}
    )
    found = clean(recording, smoothing="line", window_s=0.5, animals="b", points=["nose"])
    same = [
        np.array_equal(found.position(name, point), noise)
        for name in "ab"
        for point in ("centre", "nose")
    ]
    assert same == [True, True, True, False]
    assert found.tracks["b"].heading_deg is recording.tracks["b"].heading_deg


def test_requests_that_say_too_little_or_the_impossible_are_errors():
    recording = Recording.synthetic({"a": np.zeros((9, 2))})
    for arguments, said in (
        ({}, "does nothing unless told"),
        ({"smoothing": "line"}, "needs both"),
        ({"window_s": 0.5}, "needs both"),
        ({"smoothing": "fourier", "window_s": 1}, "median, line, savgol, gaussian, lowess"),
        ({"smoothing": "line", "window_s": 0}, "window_s is a length of time in seconds above 0"),
        ({"min_confidence": 60}, "from 0 to 1"),
        ({"max_speed": -1}, "max_speed is a speed in px/s above 0"),
        ({"fill_gaps_s": 0}, "fill_gaps_s"),
        ({"fill_gaps_s": 1, "animals": ["z"]}, 'no animal "z"'),
        ({"fill_gaps_s": 1, "points": ["tail"]}, 'no body point "tail"'),
    ):
        with pytest.raises(QueryError, match=said):
            clean(recording, **arguments)


def test_an_animal_never_seen_passes_through_every_step():
    nowhere = np.full((30, 2), np.nan)
    recording = Recording.synthetic({"a": nowhere, "b": np.zeros((30, 2))})
    for smoothing in SMOOTHERS:
        found = clean(
            recording, max_speed=5, fill_gaps_s=1, smoothing=smoothing, window_s=0.3,
            min_confidence=0.5,
        )  # fmt: skip
        assert not found.seen("a").any() and found.seen("b").all()
    assert np.isnan(fill_gaps(nowhere, np.arange(30) / 30, 1.0)).all()


def test_variable_rates_are_smoothed_by_their_times():
    time_s = np.cumsum(np.random.default_rng(4).uniform(0.01, 0.09, 300))
    line = np.column_stack([8 * time_s, -3 * time_s])
    recording = Recording.synthetic({"a": line, "b": line, "c": line}, time_s=time_s)
    for smoothing in ("line", "savgol", "lowess"):
        found = clean(recording, smoothing=smoothing, window_s=0.6).position("a")
        assert found == pytest.approx(line, rel=1e-9)
