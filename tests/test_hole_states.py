"""States end at a hole in time, where the camera stood still for a while."""

import numpy as np
from known import every_setting

from llm_query.individual.freezing import freezing
from llm_query.individual.motion import immobile, moving
from llm_query.recording import Recording

BEFORE, AFTER, STALL_S = 100, 150, 5.0


@every_setting
def test_no_state_goes_on_through_a_hole(setting):
    rate = float(setting.fps)
    time_s = np.arange(BEFORE + AFTER) / rate
    time_s[BEFORE:] += STALL_S
    place = np.tile([100.0, 200.0], (BEFORE + AFTER, 1))
    place[BEFORE:] += 200
    points = {"nose": place + np.array([40, 0]), "tail_base": place - np.array([40, 0])}
    recording = Recording.synthetic(
        dict.fromkeys("abc", place), fps=setting.fps, time_s=time_s, length=80,
        px_per_cm=setting.px_per_cm if setting.calibrated else None, points={"a": points},
    )  # fmt: skip
    for rest in (immobile, freezing):
        found = rest(recording, "a")
        assert found.start_frame.tolist() == [0, BEFORE]
        assert found.stop_frame.tolist() == [BEFORE - 1, BEFORE + AFTER]
        assert abs(found.total_s - (BEFORE - 1 + AFTER) / rate) < 1e-9
    assert not moving(recording, "a").count
