"""Jitter of the tracking makes no social bouts of its own, and real ones are found all the same."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from known import NTSC

from llm_query.recording import Recording
from llm_query.social.contacts import near
from llm_query.social.meetings import leave, make_contact
from llm_query.social.pursuit import approach, chase, follow
from llm_query.social.social_table import social_measures

RATES = [Fraction(25), NTSC, Fraction(60), Fraction(120)]
every_rate = pytest.mark.parametrize("fps", RATES, ids=lambda fps: f"{float(fps):.0f}fps")
every_noise = pytest.mark.parametrize("noise", [0.3, 0.5, 1.0])  # px of standard deviation
scales = pytest.mark.parametrize("px_per_cm", [10.0, None], ids=["cm", "px"])


def times(fps: Fraction, seconds: float) -> np.ndarray:
    return np.arange(round(seconds * float(fps))) / float(fps)


def scene(  # type: ignore[no-untyped-def]
    fps: Fraction, noise: float, px_per_cm: float | None, seed: int = 1, **along: np.ndarray
):
    """Animals of 80 px on a line at 10 px/cm, `along` it in cm, with jitter in both directions."""
    rng = np.random.default_rng(seed)
    paths = {name: np.column_stack([10 * x, np.full(len(x), 200.0)]) for name, x in along.items()}
    paths = {name: path + rng.normal(0, noise, path.shape) for name, path in paths.items()}
    return Recording.synthetic(paths, fps=fps, px_per_cm=px_per_cm, length=80, width=30)


@every_rate
@every_noise
@scales
def test_a_minute_of_rest_side_by_side_holds_no_going_to_or_after_anybody(
    fps: Fraction, noise: float, px_per_cm: float | None
) -> None:
    still = np.zeros(len(times(fps, 60)))
    recording = scene(fps, noise, px_per_cm, a=still + 20, b=still + 25)
    reach = near(recording, "a", "b", 50 * recording.scale)  # in and out of it all the time
    assert reach.count > 100
    for one, other in (("a", "b"), ("b", "a")):
        for behaviour in (approach, follow, chase):
            assert behaviour(recording, one, other).count == 0
        assert leave(recording, one, other, after=reach).count == 0
        assert make_contact(recording, one, other, touching=reach).count == 0
    table = social_measures(recording)
    assert (
        table[["approach_count", "leave_count", "follow_count"]].to_numpy().tolist()
        == [[0, 0, 0]] * 2
    )


@every_rate
@every_noise
@scales
def test_walking_behind_another_at_its_speed_is_following_and_not_approaching_or_leaving(
    fps: Fraction, noise: float, px_per_cm: float | None
) -> None:
    t = times(fps, 34)
    ahead = 40 + 20 * np.clip(t - 2, 0, 30)
    recording = scene(fps, noise, px_per_cm, a=ahead - 10, b=ahead)
    reach = near(recording, "a", "b", 100 * recording.scale)
    # at 1 px one of the two may seem to set off or stop a frame or two, 1 cm, before the other
    assert approach(recording, "a", "b").count <= (0 if noise < 1 else 1)
    assert approach(recording, "b", "a").count == 0
    assert leave(recording, "a", "b", after=reach).count == 0
    assert leave(recording, "b", "a", after=reach).count == 0
    followed = follow(recording, "a", "b")
    assert followed.count == 1 and followed.start_s[0] == pytest.approx(2.3, abs=0.1)


@every_rate
@pytest.mark.parametrize("noise", [0.0, 0.5])
@pytest.mark.parametrize("speed", [4.0, 12.0, 20.0])
def test_an_approach_is_one_bout_with_jitter_and_begins_and_ends_where_it_does_without(
    fps: Fraction, noise: float, speed: float
) -> None:
    t = times(fps, 6)
    lasting = 10 / speed
    walked = speed * np.clip(t - 2, 0, lasting)
    for seed in range(4):
        recording = scene(fps, noise, 10.0, seed, a=20 + walked, b=np.full(len(t), 33.0))
        found = approach(recording, "a", "b")
        assert found.count == 1
        assert approach(recording, "b", "a").count == 0
        first, last = 2 * float(fps), (2 + lasting) * float(fps)
        # a velocity over 0.2 s blurs an edge by less than half of that, at any frame rate
        off = 0 if noise == 0 else max(2, 0.08 * float(fps))
        assert abs(found.start_frame[0] - np.ceil(first - 1e-6)) <= off
        assert abs(found.stop_frame[0] - np.ceil(last - 1e-6)) <= max(off, last % 1 > 1e-6)


@every_rate
@every_noise
def test_leaving_is_one_bout_with_jitter(fps: Fraction, noise: float) -> None:
    t = times(fps, 6)
    recording = scene(
        fps, noise, 10.0, a=20 - 15 * np.clip(t - 3, 0, 1), b=np.full(len(t), 22.0),
    )  # fmt: skip
    gone = leave(recording, "a", "b", after=near(recording, "a", "b", 3.0))
    assert gone.count == 1
    assert gone.start_s[0] == pytest.approx(3 + 1 / 15, abs=0.08)  # 1 cm on the way
    assert gone.stop_s[0] == pytest.approx(4, abs=0.12)
    assert leave(recording, "b", "a", after=near(recording, "a", "b", 3.0)).count == 0


@every_rate
def test_two_that_walk_up_to_each_other_alike_are_at_most_one_approach_more_with_jitter(
    fps: Fraction,
) -> None:
    t = times(fps, 5)
    walked = 8 * np.clip(t - 2, 0, 0.6)
    counts = [
        approach(scene(fps, noise, 10.0, a=20 + walked, b=33 - walked), "a", "b").count
        for noise in (0.0, 0.5)
    ]
    assert counts[0] == 0 and counts[1] <= 1
