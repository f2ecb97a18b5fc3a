"""Moving and not moving: states of speed, in physical units and with exact onsets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from llm_query.algebra.intervals import bridge, usual_step
from llm_query.bouts import Bouts
from llm_query.errors import QueryError
from llm_query.individual.bodies import median_length, mobility
from llm_query.individual.kinematics import speed
from llm_query.individual.local_fits import stretch_ids
from llm_query.individual.point_speed import jitter_of, slope_noise
from llm_query.individual.slow_frames import slow_frames
from llm_query.recording import Recording
from llm_query.states import bouts_where
from llm_query.vocabulary import word

WINDOW_S = 0.5
ABOVE_JITTER = 5.2  # of one axis: at 5, jitter at rest is faster once in 100 minutes (measured)
ROUNDING = 1e-9  # frame times are binary fractions: 1 px in 0.1 s is 9.999999999999998 px/s


@dataclass(frozen=True)
class Limit:
    """A default threshold of speed: calibrated, in body lengths, and the least in the picture."""

    cm_s: float
    lengths_s: float
    px_s: float


# centroid jitter of 0.3 px at 30 frames/s reaches 2 px/s over the window of 0.5 s (measured)
IMMOBILE = Limit(cm_s=0.5, lengths_s=0.1, px_s=3.0)
MOVING = Limit(cm_s=2.0, lengths_s=0.25, px_s=6.0)


def speed_limit(
    recording: Recording,
    animal: str,
    given: float | None,
    default: Limit,
    name: str,
    noise: float = 0.0,
) -> tuple[float, str]:
    """A threshold in unit/s and how to say it: as given, or the default for this recording.

    noise: unit/s that jitter makes of rest; the default is never below ABOVE_JITTER times that.
    """
    if given is not None:
        if not 0 < given < np.inf:
            raise QueryError(f"{name} is a speed above 0 in {recording.unit}/s, not {given:g}.")
        return float(given), f"{given:g} {recording.unit}/s"
    least = default.px_s * recording.scale
    if recording.px_per_cm is not None:
        limit, why = default.cm_s, ""
    else:
        limit = default.lengths_s * median_length(recording, animal, name)
        why = f" ({default.lengths_s:g} body lengths/s, uncalibrated)"
    if limit < least:
        limit, why = least, f" ({default.px_s:g} px/s, the least above jitter)"
    if limit < ABOVE_JITTER * noise:
        limit, why = ABOVE_JITTER * noise, f" ({ABOVE_JITTER:g} times its jitter at rest)"
    return limit, f"{limit:.3g} {recording.unit}/s{why}"


def jitter_speed(recording: Recording, animal: str, point: str, window_s: float) -> float:
    """The speed that jitter alone makes of rest over a window (unit/s, along x or y).

    0 without a window: a speed frame by frame is asked for as it is.
    """

    def make() -> float:
        interval = usual_step(recording.time_s)
        if not (0 < window_s < np.inf and interval > 0):
            return 0.0
        spread = max(jitter_of(recording.position(animal, point)), 0.0)
        return spread * slope_noise(1 / interval, window_s)

    return recording.remember(("jitter speed", animal, point, float(window_s)), make)


@word("s")
def immobile(
    recording: Recording,
    animal: str,
    max_speed: float | None = None,
    min_duration_s: float = 1.0,
    *,
    point: str = "centre",
    window_s: float = WINDOW_S,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts in which the animal stays in place, without moving its centre, for a second or more.

    max_speed: in unit/s; default 0.5 cm/s, or 0.1 of its median body length per second when
    uncalibrated, but 3 px/s or more in a coarse picture, and never below 5.2 times the speed that
    this recording's own jitter makes of rest; the definition says which. min_duration_s: seconds.
    window_s: seconds of path over which the speed is taken by a line fit; 0.5 s keeps jitter of
    0.3 px at 30 frames/s below 1 px/s on average, where a frame-by-frame speed is tens of px/s. 0
    takes the speed frame by frame. Onset and end are then dated to the frame where the path bends
    between moving and still; turning back at speed is no rest. max_gap_frames: see bouts_where.

    Source: 5 mm/s as in SimBA's freezing, at least 1 s as usual for freezing (Anagnostaras 2010).
    The centre alone cannot tell freezing from grooming in place.

    >>> recording = example_recording()
    >>> immobile(recording, "animal1").to_frame()[["start_s", "stop_s"]].values.tolist()
    [[3.0, 6.0]]
    """
    noise = jitter_speed(recording, animal, point, window_s)
    limit, said = speed_limit(recording, animal, max_speed, IMMOBILE, "max_speed", noise)
    least = ABOVE_JITTER * noise if max_speed is None else 0.0
    still = slow_frames(recording, animal, point, limit, window_s, 4 * limit, least)
    return bouts_where(
        recording, still, animal, behaviour="immobile", known=recording.seen(animal, point),
        min_duration_s=min_duration_s, max_gap_frames=max_gap_frames,
        definition=f"speed of {point} < {said} over {window_s:g} s, for >= {min_duration_s:g} s",
    )  # fmt: skip


@word("s")
def moving(
    recording: Recording,
    animal: str,
    min_speed: float | None = None,
    min_duration_s: float = 0.0,
    *,
    point: str = "centre",
    window_s: float = WINDOW_S,
    max_gap_frames: int = 3,
    stop_speed: float | None = None,
) -> Bouts:
    """Bouts in which the animal moves from place to place.

    min_speed: in unit/s; default 2 cm/s, or 0.25 body lengths per second when uncalibrated, but
    6 px/s or more in a coarse picture, and above jitter as in immobile. min_duration_s: seconds.
    window_s, max_gap_frames: as in immobile, with the same exact onsets. stop_speed: in unit/s; a
    second, lower limit: a movement that reached min_speed goes on until the speed falls below it,
    in between nothing changes, and before the first of both (and after a long gap) it is not known
    which it is. Edges then are
    where the speed over window_s crosses the limits.

    Source: EthoVision's Movement starts at 2.0 and stops at 1.75 cm/s (stop_speed=1.75). Between
    0.5 and 2 cm/s an animal is neither moving nor immobile.

    >>> recording = example_recording()
    >>> moving(recording, "animal1").to_frame()[["start_s", "stop_s"]].values.tolist()
    [[0.0, 3.0]]
    """
    noise = jitter_speed(recording, animal, point, window_s)
    limit, said = speed_limit(recording, animal, min_speed, MOVING, "min_speed", noise)
    if stop_speed is not None:
        if not 0 < stop_speed <= limit:
            raise QueryError(
                f"stop_speed is above 0 and at most min_speed, {limit:g} {recording.unit}/s, not "
                f"{stop_speed:g}."
            )
        fast = speed(recording, animal, point, window_s)
        on, known = _latched(fast, limit, stop_speed, max_gap_frames, recording.edges_s)
        return bouts_where(
            recording, on, animal, behaviour="moving", known=known,
            min_duration_s=min_duration_s, max_gap_frames=max_gap_frames,
            definition=f"from speed of {point} >= {said} until < {stop_speed:g} "
            f"{recording.unit}/s, over {window_s:g} s",
        )  # fmt: skip
    least = ABOVE_JITTER * noise if min_speed is None else 0.0
    slow = slow_frames(recording, animal, point, limit, window_s, limit, least)
    seen = recording.seen(animal, point)
    return bouts_where(
        recording, seen & ~slow, animal, behaviour="moving", known=seen,
        min_duration_s=min_duration_s, max_gap_frames=max_gap_frames,
        definition=f"speed of {point} >= {said} over {window_s:g} s",
    )  # fmt: skip


@word("s")
def speed_between(
    recording: Recording,
    animal: str,
    low: float,
    high: float,
    *,
    point: str = "centre",
    window_s: float = 0.0,
    min_duration_s: float = 0.0,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts in which the speed lies between two values, low <= speed < high.

    low, high: in unit/s. window_s: seconds, as in speed (0: frame by frame).

    Source: ours; bands of speed as EthoVision's Movement and LabGym's vigour classes use them.

    >>> recording = example_recording()
    >>> speed_between(recording, "animal1", 5, 20).count
    1
    """
    if not low < high:
        raise QueryError(f"speed_between() needs low < high, not {low:g} and {high:g}.")
    fast = speed(recording, animal, point, window_s)
    with np.errstate(invalid="ignore"):
        mask = (fast >= low - ROUNDING * abs(low)) & (fast < high - ROUNDING * abs(high))
    return bouts_where(
        recording, mask, animal, known=np.isfinite(fast), behaviour="speed between",
        min_duration_s=min_duration_s, max_gap_frames=max_gap_frames,
        definition=f"{low:g} <= speed of {point} < {high:g} {recording.unit}/s"
        + (f" over {window_s:g} s" if window_s else ", frame by frame"),
    )  # fmt: skip


def _latched(
    values: np.ndarray, start: float, stop: float, max_gap_frames: int, edges_s: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(n,) on since a value >= start and until one < stop; (n,) whether either has come yet."""
    seen = np.isfinite(values)
    _, joined = bridge(seen, seen, max_gap_frames, edges_s)
    stretch, frame = stretch_ids(joined), np.arange(len(values))
    begins = np.maximum.accumulate(np.where(np.diff(stretch, prepend=-1) != 0, frame, 0))
    with np.errstate(invalid="ignore"):
        on, off = values >= start * (1 - ROUNDING), values < stop * (1 - ROUNDING)
    last = np.maximum.accumulate(np.where(on | off, frame, -1))
    known = seen & (last >= begins)
    return known & on[np.maximum(last, 0)], known


@word("s")
def mobility_state(
    recording: Recording,
    animal: str,
    state: str = "immobile",
    *,
    immobile_below: float = 0.04,
    highly_above: float = 0.10,
    window_s: float = 0.0,
    lag_s: float | None = 0.04,
    min_duration_s: float = 0.0,
    max_gap_frames: int = 3,
) -> Bouts:
    """Bouts of being immobile, mobile or highly mobile, by how much of the outline changes.

    state: "immobile" (less than immobile_below), "highly mobile" (more than highly_above), or
    "mobile" (in between). Both limits are shares (0 to 1) of the outline's area. lag_s: seconds to
    look back, to the nearest frame; the limits are those of 25 frames/s, so that frame rates agree
    by default; None is one frame. window_s: seconds of a centred mean. min_duration_s: seconds.
    max_gap_frames: see bouts_where. Needs outlines from tracking.

    Source: EthoVision's Mobility state; below 4 % immobile, above 10 % highly mobile in Noldus' own
    example.

    >>> from llm_query.outlines import Outlines
    >>> x = np.cumsum([0] * 10 + [1] * 10 + [5] * 10)
    >>> boxes = np.column_stack([x, 0 * x, 0 * x + 20, 0 * x + 20])
    >>> masks = {"mouse": Outlines.rectangles(boxes)}
    >>> mouse = Recording.synthetic({"mouse": boxes[:, :2]}, masks=masks, fps=10)
    >>> [mobility_state(mouse, "mouse", s).start_frame.tolist() for s in ("immobile", "mobile")]
    [[1], [10]]
    """
    if not 0 < immobile_below <= highly_above < 1:
        raise QueryError(
            "mobility_state() needs 0 < immobile_below <= highly_above < 1 as shares of the area, "
            f"not {immobile_below:g} and {highly_above:g}."
        )
    changed = mobility(recording, animal, lag_s=lag_s, window_s=window_s)
    with np.errstate(invalid="ignore"):
        low, high = changed < immobile_below, changed > highly_above
    masks = {"immobile": low, "mobile": ~low & ~high, "highly mobile": high}
    if state not in masks:
        raise QueryError(f'state is one of {", ".join(masks)}, not "{state}".')
    limits = f"{100 * immobile_below:g} % and {100 * highly_above:g} %"
    said = {
        "immobile": f"less than {100 * immobile_below:g} %",
        "mobile": f"between {limits}", "highly mobile": f"more than {100 * highly_above:g} %",
    }  # fmt: skip
    known = np.isfinite(changed)
    since = "since the frame before" if lag_s is None else f"within {lag_s:g} s"
    return bouts_where(
        recording, masks[state] & known, animal, known=known, behaviour=state,
        min_duration_s=min_duration_s, max_gap_frames=max_gap_frames,
        definition=f"{said[state]} of the outline changed {since}"
        + (f", mean over {window_s:g} s" if window_s else ""),
    )  # fmt: skip
