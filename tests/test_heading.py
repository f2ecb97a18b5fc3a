"""The head is where the animal goes, and stays where it was when the animal stands."""

import numpy as np

from tracking.following.heading import Direction, direct

FPS = 30000 / 1001


def times(n):
    return np.arange(n) / FPS


def scene(heading_deg, speed, jitter=0.0, seed=0):
    """Places, axes (their sign at random) and lengths of one animal with the given headings."""
    rng = np.random.default_rng(seed)
    heading = np.radians(np.asarray(heading_deg, float))
    steps = np.asarray(speed)[:, None] * np.stack((np.cos(heading), np.sin(heading)), 1)
    places = np.cumsum(steps, 0) + rng.normal(0, jitter, (len(heading), 2))
    axes = heading + np.pi * rng.integers(0, 2, len(heading))
    n = len(heading)
    return places[:, None], axes[:, None], np.full((n, 1), 40.0)


def error_deg(found, heading_deg):
    difference = found[:, 0] - np.radians(heading_deg)[: len(found)]
    return np.abs(np.degrees(np.arctan2(np.sin(difference), np.cos(difference))))


def test_axes_of_random_sign_are_directed_by_the_movement():
    heading = np.linspace(0, 500, 200)
    found, _ = direct(*scene(heading, np.full(200, 3.0)), times(200), 200, Direction.unknown(1))
    assert error_deg(found, heading).max() < 1e-6


def test_an_animal_that_stands_keeps_the_head_where_it_was():
    heading = np.full(300, 40.0)
    speed = np.where(np.arange(300) < 60, 3.0, 0.0)
    found, _ = direct(*scene(heading, speed, jitter=0.3), times(300), 300, Direction.unknown(1))
    assert error_deg(found, heading).max() < 1e-6


def test_what_comes_later_directs_the_frames_before_it():
    heading = np.full(300, 40.0)
    speed = np.where(np.arange(300) > 200, 3.0, 0.0)
    found, _ = direct(*scene(heading, speed, jitter=0.2), times(300), 150, Direction.unknown(1))
    assert len(found) == 150
    assert error_deg(found, heading).max() < 1e-6


def test_a_few_steps_backwards_do_not_turn_the_animal_round():
    heading = np.full(300, 0.0)
    speed = np.full(300, 2.0)
    speed[140:150] = -2.0
    found, _ = direct(*scene(heading, speed), times(300), 300, Direction.unknown(1))
    assert error_deg(found, heading).max() < 1e-6


def test_chunks_give_the_same_as_the_whole_when_directions_are_carried_on():
    heading = np.cumsum(np.random.default_rng(1).normal(0, 5, 400))
    speed = np.where((np.arange(400) // 80) % 2 == 0, 2.5, 0.0)
    places, axes, lengths = scene(heading, speed, jitter=0.2)
    whole, _ = direct(places, axes, lengths, times(400), 400, Direction.unknown(1))
    carried, parts = Direction.unknown(1), []
    for start in range(0, 400, 100):
        ahead = slice(start, start + 200)
        found, carried = direct(
            places[ahead], axes[ahead], lengths[ahead], times(400)[ahead], 100, carried
        )
        parts.append(found)
    assert error_deg(np.concatenate(parts), np.degrees(whole[:, 0])).max() < 1e-6


def test_a_missing_animal_has_no_heading():
    heading = np.full(100, 10.0)
    places, axes, lengths = scene(heading, np.full(100, 3.0))
    places[40:50], axes[40:50] = np.nan, np.nan
    found, _ = direct(places, axes, lengths, times(100), 100, Direction.unknown(1))
    assert np.isnan(found[40:50]).all()
    assert (
        error_deg(np.delete(found, np.s_[40:50], 0), np.delete(heading, np.s_[40:50])).max() < 1e-6
    )
