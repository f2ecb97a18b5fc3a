"""Lines and curves around every frame: exact on what they must reproduce, fast, gap by gap."""

import time
from fractions import Fraction

import numpy as np
import pytest

from llm_query.individual.local_fits import curve_fit, line_fit, windows

RATES = [Fraction(25), Fraction(30), Fraction(30000, 1001)]


def by_definition(values, time_s, window_s):
    """Level and slope from np.polyfit in every frame's window: slow, and written apart."""
    level, slope = np.full((2, *values.shape), np.nan)
    seen = np.isfinite(values).all(axis=1)
    for i in np.flatnonzero(seen):
        inside = [i]
        for step in (-1, 1):
            j = i + step
            while 0 <= j < len(values) and seen[j]:
                if abs(time_s[j] - time_s[i]) > window_s / 2 + 1e-9:
                    break
                inside.append(j)
                j += step
        if len(inside) > 1:
            fit = np.polyfit(time_s[inside] - time_s[i], values[inside], 1)
            slope[i], level[i] = fit
        else:
            level[i] = values[i]
    return level, slope


@pytest.mark.parametrize("window_s", [0.1, 0.5, 2.0, 30.0])
@pytest.mark.parametrize("rate", [*RATES, None], ids=str)
def test_lines_are_the_least_squares_lines_of_every_window(rate, window_s):
    rng = np.random.default_rng(3)
    values = 400 + np.cumsum(rng.normal(0, 2, (300, 2)), axis=0)
    values[rng.random(300) < 0.06] = np.nan
    values[100:140] = np.nan
    time_s = np.arange(300) / float(rate) if rate else np.cumsum(rng.uniform(0.01, 0.08, 300))
    level, slope = line_fit(values, time_s, window_s)
    true_level, true_slope = by_definition(values, time_s, window_s)
    alone = np.isnan(true_slope) & np.isfinite(true_level)
    assert level == pytest.approx(true_level, rel=1e-9, nan_ok=True)
    assert slope[~alone] == pytest.approx(true_slope[~alone], rel=1e-9, abs=1e-7, nan_ok=True)


def test_short_stretches_beside_long_windows_keep_their_digits():
    time_s = np.arange(20_000) / 30
    values = np.column_stack([np.sin(time_s), time_s])
    values[::3] = np.nan  # every stretch is two frames, every window 20 s
    values[10_000:] = np.column_stack([5 * time_s[10_000:], time_s[10_000:]])
    slope = line_fit(values, time_s, 20.0)[1]
    pairs = np.arange(1, 9_990, 3)
    true = (values[pairs + 1] - values[pairs]) / (time_s[pairs + 1] - time_s[pairs])[:, None]
    assert slope[pairs] == pytest.approx(true, rel=1e-9)
    assert slope[10_001:] == pytest.approx(np.tile([5.0, 1.0], (9_999, 1)), rel=1e-9)


def test_a_long_pause_of_a_variable_rate_costs_no_digits():
    time_s = np.concatenate([np.arange(500), 1e6 + np.arange(500)]) / 30
    values = np.column_stack([7 * time_s, -3 * time_s])
    slope = line_fit(values, time_s, 0.5)[1]
    assert slope == pytest.approx(np.tile([7.0, -3.0], (1000, 1)), rel=1e-9)


def test_what_rests_has_a_slope_of_exactly_nothing():
    values = np.full((200, 2), 123.456)
    values[:100, 0] += np.arange(100)[::-1] * 0.7
    slope = line_fit(values, np.arange(200) / 25, 0.4)[1]
    assert (slope[:, 1] == 0).all() and (slope[105:, 0] == 0).all()
    assert slope[:94, 0] == pytest.approx(np.full(94, -17.5))


def test_200000_frames_take_a_fraction_of_a_second_at_any_window():
    values = np.cumsum(np.random.default_rng(0).normal(size=(200_000, 2)), axis=0)
    time_s = np.arange(200_000) / 30
    for window_s in (0.2, 2.0, 20.0):
        begin = time.process_time()
        line_fit(values, time_s, window_s)
        assert time.process_time() - begin < 1.5  # 0.06 s on an idle machine


def test_windows_end_with_the_tracked_stretch():
    seen = np.array([True, True, True, False, True, True])
    first, last = windows(seen, np.arange(6) / 10, 0.4)
    assert first.tolist() == [0, 0, 0, 3, 4, 4]
    assert last.tolist() == [2, 2, 2, 3, 5, 5]


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_a_parabola_goes_through_curve_fits_unchanged(rate):
    t = np.arange(200) / float(rate)
    path = np.column_stack([3 + 2 * t - 5 * t**2, 40 * t])
    path[50:60] = path[120] = np.nan
    for weigh in (np.ones_like, lambda away: (1 - away**3) ** 3):
        found = curve_fit(path, t, 0.5, 2, weigh)
        assert found == pytest.approx(path, rel=1e-9, nan_ok=True)


def test_curves_equal_the_savitzky_golay_filter_away_from_the_ends():
    from scipy.signal import savgol_filter

    noise = np.random.default_rng(5).normal(size=(400, 2))
    for order in (2, 3):
        found = curve_fit(noise, np.arange(400) / 30, 0.5, 2, np.ones_like)
        assert found[7:-7] == pytest.approx(savgol_filter(noise, 15, order, axis=0)[7:-7])


def test_frames_at_the_very_rim_of_a_window_do_no_harm():
    noise = np.random.default_rng(6).normal(size=(40, 2))
    noise[3:5] = noise[7] = noise[11] = np.nan
    found = curve_fit(noise, np.arange(40) / 25, 0.16, 2, lambda away: (1 - away**3) ** 3)
    assert np.isnan(found).tolist() == np.isnan(noise).tolist()
    assert np.nanmax(np.abs(found)) < 1.5 * np.nanmax(np.abs(noise))
    assert found[[0, 2, 5, 6]] == pytest.approx(noise[[0, 2, 5, 6]])  # nothing to smooth with


def test_even_and_uneven_times_give_the_same_curves():
    rng = np.random.default_rng(8)
    values = np.cumsum(rng.normal(size=(300, 2)), axis=0)
    values[rng.random(300) < 0.02] = np.nan
    time_s = np.arange(300) / 30
    uneven = time_s + 2e-9 * (np.arange(300) % 2)  # too uneven for the short way, nearly the same
    for degree, weigh in ((0, np.ones_like), (2, np.ones_like), (2, lambda away: 1 - away**2)):
        short, long = (curve_fit(values, t, 0.5, degree, weigh) for t in (time_s, uneven))
        assert short == pytest.approx(long, abs=1e-6, nan_ok=True)
        assert not np.array_equal(short, long, equal_nan=True)
