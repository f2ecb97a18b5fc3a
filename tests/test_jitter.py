"""Rest is rest whatever the jitter of the points and the frame rate; so are limits and strides."""

import numpy as np
import pytest
from jitter import LENGTH_PX, PLACES, PX_PER_CM, every_jitter, every_rate, resting

from llm_query.individual.freezing import freezing
from llm_query.individual.gait import strides
from llm_query.individual.motion import immobile, mobility_state, moving
from llm_query.individual.rest import asleep
from llm_query.outlines import Outlines
from llm_query.recording import Recording

STANCE_S, SWING_S, STEP_CM = 0.25, 0.1, 6.0


@every_rate
@every_jitter
@pytest.mark.parametrize("calibrated", [True, False])
def test_an_animal_at_rest_is_immobile_freezing_and_asleep_and_never_moves(
    fps, jitter_px, calibrated
):
    recording = resting(fps, jitter_px, calibrated=calibrated)
    for name in PLACES:
        assert not moving(recording, name).count
        for rest in (immobile, asleep, freezing):
            found = rest(recording, name)
            assert found.count == 1, (rest.__name__, name)
            assert found.total_s >= 59.5, (rest.__name__, name)


@every_rate
def test_defaults_are_raised_by_jitter_alone_and_say_so(fps):
    calm, wild = (resting(fps, jitter_px, seconds=20) for jitter_px in (0.3, 3.0))
    assert "speed of centre < 0.5 cm/s over 0.5 s" in immobile(calm, "a").definition
    assert "speed of centre >= 2 cm/s over 0.5 s" in moving(calm, "a").definition
    assert "(5.2 times its jitter at rest)" in immobile(wild, "a").definition
    assert immobile(wild, "a").total_s >= 19.5
    given = immobile(wild, "a", 0.5)
    assert "< 0.5 cm/s over" in given.definition
    assert given.total_s < 10


@every_rate
@every_jitter
def test_walking_ends_the_rest_within_a_tenth_of_a_second(fps, jitter_px):
    t = np.arange(12 * fps) / fps
    x = 50 + 80 * (np.minimum(t, 3) + np.maximum(t - 9, 0))  # 8 cm/s, at rest from 3 to 9 s
    rng = np.random.default_rng(1)
    paths = {
        name: np.column_stack([x, np.full(len(t), y)]) + rng.normal(0, jitter_px, (len(t), 2))
        for name, (_, y) in PLACES.items()
    }
    recording = Recording.synthetic(paths, fps=fps, px_per_cm=PX_PER_CM, length=LENGTH_PX)
    for name in PLACES:
        (start,), (stop,) = immobile(recording, name).start_s, immobile(recording, name).stop_s
        assert (start, stop) == (pytest.approx(3, abs=0.1), pytest.approx(9, abs=0.1))
        assert moving(recording, name).start_s == pytest.approx([0, 9], abs=0.1)


@every_rate
@every_jitter
def test_a_paw_at_rest_makes_no_strides_and_a_walk_makes_each_once(fps, jitter_px):
    recording = resting(fps, jitter_px, seconds=20)
    assert len(strides(recording, "a", "left_hindpaw")) == 0
    t = np.arange(20 * fps) / fps
    done, within = np.divmod(t + 1e-9, STANCE_S + SWING_S)
    x = STEP_CM * PX_PER_CM * (done + np.clip((within - STANCE_S) / SWING_S, 0, 1))
    paw = np.column_stack([x, np.zeros(len(t))])
    paw += np.random.default_rng(2).normal(0, jitter_px, paw.shape)
    walker = Recording.synthetic({"a": paw}, fps=fps, px_per_cm=PX_PER_CM, length=LENGTH_PX)
    found = strides(walker, "a", "centre")
    cycles = int(20 / (STANCE_S + SWING_S))  # the last may be cut, the first was not put down
    assert cycles - 2 <= len(found) <= cycles
    assert found["length"].mean() == pytest.approx(STEP_CM, rel=0.01)
    assert found["stance_s"].mean() == pytest.approx(STANCE_S, abs=0.035)
    assert found["swing_s"].mean() == pytest.approx(SWING_S, abs=0.035)


@pytest.mark.parametrize("px_s", [20, 70, 200])
def test_mobility_states_agree_between_frame_rates(px_s):
    shares = []
    for fps in (25, 50, 100):
        x = 50 + np.floor(px_s * np.arange(10 * fps) / fps + 1e-9)
        n = len(x)
        boxes = np.column_stack([x, np.full(n, 50), np.full(n, 40), np.full(n, 30)]).astype(int)
        masks = {"a": Outlines.rectangles(boxes)}
        recording = Recording.synthetic({"a": boxes[:, :2] * 1.0}, fps=fps, masks=masks)
        shares.append(
            [mobility_state(recording, "a", s).fraction
             for s in ("immobile", "mobile", "highly mobile")]
        )  # fmt: skip
    assert np.ptp(shares, axis=0).max() < 0.02
    assert np.argmax(shares[0]) == {20: 0, 70: 1, 200: 2}[px_s]


@every_rate
@every_jitter
def test_an_outline_that_trembles_by_a_pixel_does_not_make_an_animal_mobile(fps, jitter_px):
    recording = resting(fps, min(jitter_px, 0.3), seconds=20, outlines=True)
    assert mobility_state(recording, "a", "highly mobile").count == 0
    assert mobility_state(recording, "a", window_s=0.5).fraction > 0.9
