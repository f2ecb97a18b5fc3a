"""Gait: stance, swing and strides of a paw, from its labelled point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from llm_query.algebra.intervals import cover, holes, runs, usual_step
from llm_query.body_points import find_point
from llm_query.errors import QueryError
from llm_query.individual.kinematics import speed, stretch_ids
from llm_query.individual.motion import Limit, speed_limit
from llm_query.individual.point_speed import jitter_of
from llm_query.recording import Recording
from llm_query.vocabulary import word

if TYPE_CHECKING:
    import pandas as pd

STANCE = Limit(cm_s=5.0, lengths_s=0.6, px_s=15.0)
SHORTEST_S = 0.03
LONGEST_S = 0.05  # of steps together: swings last 0.1 s
ABOVE_JITTER = 3.5
COLUMNS = (
    "animal", "paw", "stance_start_frame", "stance_stop_frame", "swing_stop_frame",
    "stance_start_s", "stance_stop_s", "swing_stop_s", "stance_s", "swing_s", "duration_s",
    "length", "speed", "duty_factor",
)  # fmt: skip


@word()
def strides(
    recording: Recording,
    animal: str,
    paw: str,
    max_stance_speed: float | None = None,
    *,
    min_stance_s: float = SHORTEST_S,
    min_swing_s: float = SHORTEST_S,
    max_stride_s: float = 1.0,
    window_s: float | None = None,
) -> pd.DataFrame:
    """Strides of one paw, a row each: stance and swing, length, speed and duty factor.

    paw: a body point, as "left_hindpaw" or the lab's own name. A stride begins when the paw is put
    down, its swing when the paw leaves, and it ends when the paw is put down again. The paw stands
    while it moves slower in the picture than max_stance_speed, in unit/s: default 5 cm/s, or 0.6
    body lengths/s when uncalibrated. min_stance_s, min_swing_s: seconds; shorter ones are
    jitter. max_stride_s: seconds; a longer one is a pause, and left out. window_s: seconds of a
    line fit for the speed; 0 goes by the step to the next frame. By default as few steps together
    as keep this paw's own jitter below a third of the limit, at most 0.05 s of them: one step for a
    smooth point. A default limit is never below 3.5 times what jitter then makes of a paw at rest.

    Columns: stance_start_frame, stance_stop_frame (where the swing starts), swing_stop_frame and
    the same in seconds (_s); stance_s, swing_s, duration_s; length in unit, from where the paw was
    put down to where it is put down next; speed in unit/s, length over duration; duty_factor, the
    stance's share (0 to 1) of the duration. Strides with an unseen frame are left out.

    Source: stance and swing by the paw's own speed as in LocoMouse (Machado 2015, doi
    10.7554/eLife.07892); duty factor after Hildebrand 1965 (doi 10.1126/science.150.3697.701). The
    speed limit is ours: paws swing at 30 cm/s and more.

    >>> step = np.concatenate([np.zeros(6), np.full(4, 10.0)])  # px per frame: stands, then swings
    >>> x = np.concatenate([[0], np.cumsum(np.tile(step, 3))])
    >>> points = {"mouse": {"left_hindpaw": np.column_stack([x, 0 * x])}}
    >>> mouse = Recording.synthetic({"mouse": np.zeros((31, 2))}, points=points, px_per_cm=10)
    >>> found = strides(mouse, "mouse", "left_hindpaw")
    >>> found[["stance_s", "swing_s", "length"]].round(3).values[0].tolist()
    [0.2, 0.133, 4.0]
    """
    import pandas as pd

    point = find_point(recording, animal, paw)
    place, edges_s = recording.position(animal, point), recording.edges_s
    if not np.isfinite(place).any():
        raise QueryError(f"{point} of {animal} was never seen in {recording.video}.")
    limit, _ = speed_limit(recording, animal, max_stance_speed, STANCE, "max_stance_speed")
    if window_s is None:
        size, noise = _steps_together(place, recording.time_s, limit)
        limit = max(limit, ABOVE_JITTER * noise) if max_stance_speed is None else limit
        stands, swings = _still_steps(place, recording.time_s, size, limit)
    else:
        fast = _speeds(recording, animal, point, window_s)
        with np.errstate(invalid="ignore"):
            stands, swings = fast < limit, fast >= limit
    stands = _standing(stands, swings, edges_s, min_stance_s, min_swing_s)
    down, lift = runs(stands)
    begin, leave, end = down[:-1], lift[:-1], down[1:]
    stretch = stretch_ids(np.isfinite(place).all(axis=1), recording.time_s)
    whole = (stretch[begin] == stretch[end]) & (begin > 0)
    whole &= stretch[np.maximum(begin - 1, 0)] == stretch[begin]  # the paw was seen to be put down
    lasting = edges_s[end] - edges_s[begin]
    whole &= lasting <= max_stride_s + 1e-6
    begin, leave, end, lasting = begin[whole], leave[whole], end[whole], lasting[whole]
    length = np.hypot(*(place[end] - place[begin]).T)
    stance = edges_s[leave] - edges_s[begin]
    values = (
        animal, point, begin, leave, end, edges_s[begin], edges_s[leave], edges_s[end], stance,
        edges_s[end] - edges_s[leave], lasting, length, length / lasting, stance / lasting,
    )  # fmt: skip
    return pd.DataFrame(dict(zip(COLUMNS, values, strict=True)), index=range(len(begin)))


def _steps_together(place: np.ndarray, time_s: np.ndarray, limit: float) -> tuple[int, float]:
    """How many steps' slope a paw's jitter leaves below the limit, and its noise in unit/s."""
    interval, jitter = usual_step(time_s), max(jitter_of(place), 0.0)
    longest = max(int(LONGEST_S / interval + 1e-6), 1) if interval > 0 else 1
    size, noise = 1, 0.0
    for size in range(1, longest + 1):
        noise = jitter / interval / np.sqrt(size * (size + 1) * (size + 2) / 12)
        if ABOVE_JITTER * noise <= limit:
            break
    return size, float(noise)


def _still_steps(
    place: np.ndarray, time_s: np.ndarray, size: int, limit: float
) -> tuple[np.ndarray, np.ndarray]:
    """(n,) steps to the next frame that are part of `size` steps with a slope below the limit.

    And (n,) the other steps. Both are False where the paw was not seen.
    """
    n = len(place)
    steps = np.hypot(*np.diff(place, axis=0).T)
    known = np.append(np.isfinite(steps) & ~holes(time_s), False)
    broken = np.concatenate([[0], np.cumsum(~known)])
    first = np.flatnonzero(broken[size:-1] == broken[: n - size])  # of whole windows
    frame = first[:, None] + np.arange(size + 1)
    away = time_s[frame] - time_s[frame].mean(axis=1, keepdims=True)
    slope = np.einsum("kf,kfd->kd", away, place[frame] - place[first][:, None])
    still = np.hypot(*slope.T) / (away**2).sum(axis=1) < limit
    stands = cover(first[still], first[still] + size, n)
    return stands, cover(first, first + size, n) & ~stands


def _speeds(recording: Recording, animal: str, point: str, window_s: float) -> np.ndarray:
    """(n,) by a line fit, or over the step to the next frame without a window."""
    if window_s != 0:
        return speed(recording, animal, point, window_s)
    step = np.diff(recording.position(animal, point), axis=0)
    step[holes(recording.time_s)] = np.nan
    return np.append(np.hypot(*step.T) / np.diff(recording.time_s), np.nan)


def _standing(
    stands: np.ndarray,
    swings: np.ndarray,
    edges_s: np.ndarray,
    min_stance_s: float,
    min_swing_s: float,
) -> np.ndarray:
    """(n,) bool: the paw stands; swings and stances that are too short are undone."""
    stands = stands.copy()
    start, stop = runs(swings)
    brief = edges_s[stop] - edges_s[start] < min_swing_s - 1e-6
    brief &= (start > 0) & stands[start - 1] & (stop < len(stands))
    brief &= stands[np.minimum(stop, len(stands) - 1)]
    stands |= cover(start[brief], stop[brief], len(stands))
    start, stop = runs(stands)
    lasting = edges_s[stop] - edges_s[start] >= min_stance_s - 1e-6
    return cover(start[lasting], stop[lasting], len(stands))
