"""The shape of an animal's path: how straight, how winding, how far off the direct line."""

from __future__ import annotations

import numpy as np

from llm_query.algebra.bout_algebra import window
from llm_query.algebra.intervals import holes
from llm_query.errors import QueryError
from llm_query.individual.directions import smoothed, steps, turning_angle
from llm_query.recording import Recording
from llm_query.vocabulary import word


@word("fraction")
def path_straightness(
    recording: Recording,
    animal: str,
    point: str = "centre",
    start_s: float | None = None,
    stop_s: float | None = None,
    *,
    window_s: float = 0.0,
    gaps: str = "straight",
) -> float:
    """How straight the path was: the direct distance over the length of the path, 0 to 1.

    1 is a straight line, 0 came back to where it began. From the first to the last frame of the
    period in which the animal was seen. start_s, stop_s: the period in seconds. window_s: seconds
    of smoothing first: jitter makes a path longer. gaps: "straight" goes through gaps in a straight
    line; "scale" divides the length seen by its share of the time between those two frames, and may
    exceed 1. NaN for an animal that was not seen or did not move.

    Source: straightness index D/L (Batschelet 1981; Benhamou 2004, J. Theor. Biol. 229), as in
    movement's compute_path_straightness, whose "scale" counts the time before the animal was first
    seen and after it was last seen, too, so that a straight path would not be straight.

    >>> recording = example_recording()
    >>> round(path_straightness(recording, "animal1"), 3)
    1.0
    """
    if gaps not in ("straight", "scale"):
        raise QueryError(f'gaps="{gaps}" is unknown here: take straight or scale.')
    path, time_s = _period(recording, animal, point, start_s, stop_s, window_s)
    seen = np.flatnonzero(np.isfinite(path).all(axis=1))
    if len(seen) < 2:
        return float("nan")
    direct = float(np.hypot(*(path[seen[-1]] - path[seen[0]])))
    if gaps == "straight":
        length = float(np.hypot(*np.diff(path[seen], axis=0).T).sum())
    else:
        watched = slice(seen[0], seen[-1] + 1)
        step, lasting = _lengths(path[watched], time_s[watched]), np.diff(time_s[watched])
        known = np.isfinite(step)
        share = lasting[known].sum() / lasting.sum()
        length = float(step[known].sum() / share) if share else 0.0
    return direct / length if length > 0 else float("nan")


@word("{unit}")
def path_deviation(
    recording: Recording,
    animal: str,
    point: str = "centre",
    start_s: float | None = None,
    stop_s: float | None = None,
    *,
    window_s: float = 0.0,
) -> np.ndarray:
    """How far the animal is off the direct line of its path, in every frame, in cm or px.

    The line goes through the first and the last place where it was seen in the period and on
    beyond them; the distance is at right angles to it. start_s, stop_s: the period in seconds,
    outside of which it is NaN. window_s: seconds of smoothing first. NaN everywhere when the path
    ends exactly where it began. Shape (n,).

    Source: movement's compute_path_deviation.

    >>> recording = example_recording()
    >>> float(path_deviation(recording, "animal1", stop_s=3)[45])
    0.0
    """
    path, _ = _period(recording, animal, point, start_s, stop_s, window_s)
    found = np.full(recording.n_frames, np.nan)
    seen = np.flatnonzero(np.isfinite(path).all(axis=1))
    if len(seen) < 2:
        return found
    chord = path[seen[-1]] - path[seen[0]]
    length = float(np.hypot(*chord))
    if length == 0:
        return found
    away = path - path[seen[0]]
    low, _ = _frames(recording, start_s, stop_s)
    found[low : low + len(path)] = np.abs(away[:, 0] * chord[1] - away[:, 1] * chord[0]) / length
    return found


@word("deg/{unit}")
def meander(
    recording: Recording,
    animal: str,
    point: str = "centre",
    *,
    signed: bool = False,
    min_step: float = 0.0,
    window_s: float = 0.0,
) -> np.ndarray:
    """How much the path winds at every frame: degrees of turn per cm (or px) of way.

    The turning angle at the frame over the length of the step that leads to it; without sign, or
    counter-clockwise positive with signed=True. min_step: steps not longer than that (in unit) are
    NaN, because a short step makes any turn huge; smooth with window_s (seconds) or give one.
    Missing frames as in turning_angle. Shape (n,).

    Source: EthoVision's Meander (absolute, or relative with signed).

    >>> recording = example_recording()
    >>> float(meander(recording, "animal1")[45])
    0.0
    """
    turn = turning_angle(recording, animal, point, min_step=min_step, window_s=window_s)
    step = steps(recording, animal, point, window_s)
    turn[1:] /= np.where(np.isfinite(turn[1:]), np.hypot(*step.T), np.nan)
    return turn if signed else np.abs(turn)


@word("1/sqrt({unit})")
def sinuosity(
    recording: Recording,
    animal: str,
    point: str = "centre",
    start_s: float | None = None,
    stop_s: float | None = None,
    *,
    window_s: float = 0.0,
) -> float:
    """How tortuous the path was as a random search: 0 is a straight line, more winds more.

    From the mean step p, its coefficient of variation b and the mean cosine c of the turns:
    2 / sqrt(p * ((1 + c) / (1 - c) + b^2)). It depends on the unit and, as p does, on the frame
    rate and on jitter, so compare videos alike only. start_s, stop_s, window_s: in seconds, as in
    path_straightness. Steps across gaps do not count. NaN for an animal at rest.

    Source: Benhamou 2004 (J. Theor. Biol. 229, equation 8), as in movement's
    compute_path_sinuosity.

    >>> square = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]])
    >>> round(sinuosity(Recording.synthetic({"animal1": square}), "animal1"), 3)
    2.0
    """
    path, time_s = _period(recording, animal, point, start_s, stop_s, window_s)
    step, length = np.diff(path, axis=0), _lengths(path, time_s)
    with np.errstate(invalid="ignore", divide="ignore"):
        dots = (step[1:] * step[:-1]).sum(axis=1) / (length[1:] * length[:-1])
    turns, lengths = dots[np.isfinite(dots)], length[np.isfinite(length)]
    if not len(turns):
        return float("nan")
    mean, cosine = lengths.mean(), turns.mean()
    if cosine >= 1:
        return 0.0
    variation = lengths.std() / mean
    return float(2 / np.sqrt(mean * ((1 + cosine) / (1 - cosine) + variation**2)))


def _lengths(path: np.ndarray, time_s: np.ndarray) -> np.ndarray:
    """(n - 1,) the lengths of the steps to the next frame; NaN beside gaps and holes in time."""
    return np.where(holes(time_s), np.nan, np.hypot(*np.diff(path, axis=0).T))


def _frames(recording: Recording, start_s: float | None, stop_s: float | None) -> tuple[int, int]:
    """First frame of the period and one past its last."""
    if start_s is None and stop_s is None:
        return 0, recording.n_frames
    last = recording.end_s if stop_s is None else stop_s
    return window(recording.edges_s, 0.0 if start_s is None else start_s, last)


def _period(
    recording: Recording,
    animal: str,
    point: str,
    start_s: float | None,
    stop_s: float | None,
    window_s: float,
) -> tuple[np.ndarray, np.ndarray]:
    """(m, 2) the path in the period, smoothed before it was cut out, and (m,) its times."""
    low, high = _frames(recording, start_s, stop_s)
    path = smoothed(recording, animal, point, window_s)[low:high]
    return path, recording.time_s[low:high]
